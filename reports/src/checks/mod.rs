//! The checklist, in the order a report prints it. One file a check; a new one is a file and two lines here.

mod clock_sync;
mod cluster_view_daemon;
mod dns_a_record;
mod enforcement_near;
mod firewall_ports;
mod license_type_and_ha;
mod locked_usage;
mod log_gaps;
mod logs_collected;
mod ooc_near;
mod ooc_now;
mod release_regime;
mod usage_agrees;
mod usage_forecast;
mod witness_missing;

use crate::check::Check;

/// All checks: first what is wrong with the license, then the ways it goes wrong, then the evidence itself.
pub const CHECKS: &[Check] = &[
    ooc_now::CHECK,
    ooc_near::CHECK,
    enforcement_near::CHECK,
    locked_usage::CHECK,
    usage_agrees::CHECK,
    usage_forecast::CHECK,
    dns_a_record::CHECK,
    firewall_ports::CHECK,
    cluster_view_daemon::CHECK,
    clock_sync::CHECK,
    release_regime::CHECK,
    license_type_and_ha::CHECK,
    logs_collected::CHECK,
    log_gaps::CHECK,
    witness_missing::CHECK,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), CHECKS.len());
        for check in CHECKS {
            assert!(check.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", check.id);
            assert!(!check.title.is_empty() && !check.title.ends_with('.'), "{}", check.id);
            assert!(!check.source.is_empty(), "{}", check.id);
        }
    }

    #[test]
    fn every_file_is_a_check_and_names_its_source() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
        let mut files = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().replace('_', "-");
            if name == "mod" {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let doc: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
            assert!(doc.iter().any(|line| line.starts_with("//! Source: ")), "{name}");
            files.insert(name);
        }
        let ids: BTreeSet<String> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
        assert_eq!(files, ids);
    }

    #[test]
    fn without_a_product_instance_no_check_passes_or_fails() {
        let nobody = crate::check::nobody();
        let facts = history::facts::Facts::default();
        for check in CHECKS {
            let outcome = (check.run)(&facts, &nobody);
            assert!(matches!(outcome, crate::Outcome::NoEvidence { .. }), "{}: {outcome:?}", check.id);
        }
    }
}
