//! The checklist, in the order a report prints it. One file a check; a new one is a file and two lines here.

mod agent_synchronisation;
mod authorization_age;
mod clock_sync;
mod cluster_view_daemon;
mod cssm_contact;
mod cssm_refusals;
mod dns_a_record;
mod enforcement_near;
mod firewall_ports;
mod license_type_and_ha;
mod locked_usage;
mod log_gaps;
mod logs_collected;
mod on_prem_sync;
mod ooc_near;
mod ooc_now;
mod overage_allowance;
mod platform_health;
mod proxy;
mod registration_age;
mod release_regime;
mod tls_trust;
mod trace_levels;
mod transport_url;
mod usage_agrees;
mod usage_forecast;
mod wfo_with_smart_licensing;
mod witness_missing;

use crate::check::Check;

/// All checks: first what is wrong with the license, then its age, then the way to CSSM, then the system, then the
/// evidence itself.
pub const CHECKS: &[Check] = &[
    ooc_now::CHECK,
    ooc_near::CHECK,
    enforcement_near::CHECK,
    agent_synchronisation::CHECK,
    locked_usage::CHECK,
    usage_agrees::CHECK,
    usage_forecast::CHECK,
    authorization_age::CHECK,
    registration_age::CHECK,
    cssm_contact::CHECK,
    cssm_refusals::CHECK,
    dns_a_record::CHECK,
    firewall_ports::CHECK,
    transport_url::CHECK,
    tls_trust::CHECK,
    proxy::CHECK,
    clock_sync::CHECK,
    on_prem_sync::CHECK,
    cluster_view_daemon::CHECK,
    platform_health::CHECK,
    release_regime::CHECK,
    license_type_and_ha::CHECK,
    overage_allowance::CHECK,
    wfo_with_smart_licensing::CHECK,
    logs_collected::CHECK,
    trace_levels::CHECK,
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
    fn every_check_says_what_it_is_about() {
        for check in CHECKS {
            let about = check.about;
            for (text, ends) in [(about.effect, true), (about.remedy, true), (about.example, false)] {
                assert!(!text.trim().is_empty() && (!ends || text.ends_with('.')), "{}: {text}", check.id);
            }
            for dispute in about.disputed {
                let [a, b] = dispute.says;
                let texts = [dispute.about, a.says, a.source, b.says, b.source];
                assert!(texts.iter().all(|text| !text.trim().is_empty()), "{}: {dispute:?}", check.id);
                assert_ne!(a.says, b.says, "{}", check.id);
                let told = dispute.told();
                assert!(texts.iter().all(|text| told.contains(text)), "{told}");
            }
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
