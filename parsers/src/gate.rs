//! The gate: which records nom sees at all.
//!
//! One packed literal pass over every byte. Its speed depends on how many bytes of each literal it looks at, and on how
//! rarely those stand in logs: with three it runs half as fast again as with four. So it looks for stems of three rare
//! bytes, and what stands around a stem decides.

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// What a record must contain to be read whole: a stem of three bytes, and the literals around it, each with the
/// offset of the stem in it. A stem must be rare in every log: `lho` stands in `localhost`, `r-a` in `user-agent`.
const STEMS: [(&str, &[(usize, &str)]); 14] = [
    // %MCVD-LIB_LICENSE-, %UC_LIB_LICENSE-, %SMART_LIC-
    ("_LI", &[(2, "IB_LICENSE-"), (5, "SMART_LIC-")]),
    // The same in lower case.
    ("b_l", &[(1, "ib_license-")]),
    // %UC_RTMT-2-RTMT_ALERT
    ("rtN", &[(3, "AlertName=")]),
    // %CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT
    ("R-A", &[(9, "RTMT-ERROR-ALERT")]),
    ("mt-", &[(2, "rtmt-error-alert")]),
    // %UC_SERVICEMANAGER-, and not CALLMANAGER
    ("EMA", &[(0, "EMANAGER-")]),
    // %UC_CERT-
    ("_CE", &[(0, "_CERT-")]),
    // %UC_SLMALARMCATALOG-
    ("MCA", &[(5, "MALARMCATALOG-")]),
    // com.cisco.smartlicense.util, smartreceiver.cisco.com
    ("sma", &[(0, "smartlicense"), (0, "smartreceiver")]),
    // com.cisco.nesla
    ("esl", &[(4, "co.nesla")]),
    // com.callhome.
    ("llh", &[(1, "allhome.")]),
    // tools.cisco.com
    ("ols", &[(2, "tools.cisco")]),
    // The Transport URL of a CSSM On-Prem.
    ("tga", &[(8, "Transportgateway")]),
    // ntpdate
    ("sui", &[(10, "no server suitable")]),
];

/// Finds the records worth reading.
#[derive(Debug)]
pub(crate) struct Gate {
    searcher: Option<Searcher>,
}

impl Gate {
    /// Compiles the stems.
    pub(crate) fn new() -> Self {
        let stems = STEMS.iter().map(|(stem, _)| stem);
        Self { searcher: Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(stems).build() }
    }

    /// Offset of a literal that begins at or after `from`, the one whose stem comes first; `None` if there is none.
    ///
    /// A licence debug record (`LIB_LICENSE-7-UNK`) is a hit like any other: failures are printed there.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let (found, which) = self.stem(bytes, at)?;
            let literals = STEMS.get(which).map(|(_, literals)| *literals).unwrap_or_default();
            let begins = |(offset, literal): &(usize, &str)| {
                let start = found.checked_sub(*offset).filter(|start| *start >= from)?;
                bytes.get(start..)?.starts_with(literal.as_bytes()).then_some(start)
            };
            if let Some(start) = literals.iter().find_map(begins) {
                return Some(start);
            }
            at = found + 1;
        }
    }

    /// Offset and number of the first stem at or after `from`.
    fn stem(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        match &self.searcher {
            Some(searcher) => {
                let hit = searcher.find_in(bytes, (from.min(bytes.len())..bytes.len()).into())?;
                Some((hit.start(), hit.pattern().as_usize()))
            }
            // No packed search on this processor: slower, same answer.
            None => {
                let rest = bytes.get(from..)?;
                let each = STEMS.iter().enumerate();
                each.filter_map(|(which, (stem, _))| {
                    Some((from + memchr::memmem::find(rest, stem.as_bytes())?, which))
                })
                .min()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_samples_licence_word_passes() {
        let gate = Gate::new();
        for line in
            ["4: %MCVD-LIB_LICENSE-1-X: y", "%UC_RTMT-2-RTMT_ALERT: %[AlertName=a]", "a com.callhome.x b"]
        {
            assert!(gate.find(line.as_bytes(), 0).is_some(), "{line}");
        }
        assert_eq!(gate.find(b"10: Dec 05 19:01:36.215 EST %MIVR-SS_RM-7-UNK:x", 0), None);
    }

    #[test]
    fn every_literal_has_its_stem_where_it_says() {
        for (stem, literals) in STEMS {
            assert_eq!(stem.len(), 3, "{stem}: another length makes the search slower");
            for (offset, literal) in literals {
                assert!(literal[*offset..].starts_with(stem), "{literal}");
                assert_eq!(Gate::new().find(format!("a {literal}").as_bytes(), 0), Some(2), "{literal}");
                assert_eq!(Gate::new().find(&literal.as_bytes()[..literal.len() - 1], 0), None, "{literal}");
            }
        }
    }

    #[test]
    fn a_literal_that_begins_before_is_not_found() {
        assert_eq!(Gate::new().find(b"x Transportgateway", 3), None);
        assert_eq!(Gate::new().find(b"x Transportgateway", 2), Some(2));
        assert_eq!(Gate::new().find(b"x", 7), None);
    }

    #[test]
    fn the_plain_search_answers_like_the_packed_one() {
        let text = b"aaaa co.nesla small tga bbbb IB_LICENSE-";
        let plain = Gate { searcher: None };
        for from in 0..text.len() {
            assert_eq!(plain.find(text, from), Gate::new().find(text, from));
        }
    }

    #[test]
    fn every_known_facility_has_a_literal() {
        let gate = Gate::new();
        for row in crate::mnemonics::MNEMONICS {
            let code = format!("%UC_{}-1-{}: x", row.facility, row.mnemonic);
            assert!(gate.find(code.as_bytes(), 0).is_some(), "{code}");
        }
    }
}
