//! `uccxray explain`: what a check, a failure signature or an alarm means.

use parsers::catalog::Catalog;
use parsers::mnemonics::MNEMONICS;
use reports::explain::{self, Explanation};

/// Everything that can be explained, in the order of the documentation: checks, signatures, alarms.
#[must_use]
pub fn all(catalog: &Catalog) -> Vec<Explanation> {
    let checks = reports::CHECKS.iter().map(explain::check);
    let signatures = catalog.entries().iter().map(explain::signature);
    let alarms = MNEMONICS
        .iter()
        .filter_map(|row| explain::mnemonic(row.facility, row.mnemonic, row.event(), row.source));
    checks.chain(signatures).chain(alarms).collect()
}

/// What `name` means: an exact name of any kind; an alarm also with facility and severity around it, as a line prints
/// it (`%UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE`). Empty if nothing has that name.
#[must_use]
pub fn find(catalog: &Catalog, name: &str) -> Vec<Explanation> {
    let name = name.trim().trim_end_matches(':');
    let plain = name.rsplit('-').next().filter(|_| name.starts_with('%')).unwrap_or(name);
    all(catalog).into_iter().filter(|it| it.name.eq_ignore_ascii_case(plain)).collect()
}

/// Names near to `name`, nearest first, at most five.
#[must_use]
pub fn near(catalog: &Catalog, name: &str) -> Vec<String> {
    let wanted = name.to_ascii_lowercase();
    let words: Vec<&str> =
        wanted.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| it.len() > 2).collect();
    let mut found: Vec<(usize, String)> = all(catalog)
        .into_iter()
        .map(|it| {
            let own = it.name.to_ascii_lowercase();
            (words.iter().filter(|word| own.contains(*word)).count(), it.name)
        })
        .filter(|(shared, _)| *shared > 0)
        .collect();
    found.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    found.into_iter().take(5).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_signatures_and_alarms_are_found_by_name() {
        let catalog = Catalog::built_in();
        for name in [
            "dns-a-record",
            "java-unknown-host",
            "SYSTEM_IN_OOC_STATE",
            "%UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE:",
        ] {
            assert_eq!(find(&catalog, name).len(), 1, "{name}");
        }
        assert!(find(&catalog, "nothing").is_empty());
        assert!(near(&catalog, "dns-record").contains(&"dns-a-record".to_owned()));
    }

    #[test]
    fn every_alarm_of_the_table_is_explained() {
        let catalog = Catalog::built_in();
        for row in MNEMONICS {
            assert!(!find(&catalog, row.mnemonic).is_empty(), "{}", row.mnemonic);
        }
    }
}
