//! The gate: which records nom sees at all.
//!
//! One packed literal pass over every byte. Its speed depends on the first four bytes of each literal and on
//! their number (at most sixteen run at full speed), so each literal is cut to where rare bytes begin; a cut
//! literal loses nothing, since the whole one contains it and the record is read afterwards.

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// What a record must contain to be read whole.
const LITERALS: [&str; 16] = [
    "IB_LICENSE-",        // %MCVD-LIB_LICENSE-, %UC_LIB_LICENSE-
    "ib_license-",        // the same in lower case
    "AlertName=",         // %UC_RTMT-2-RTMT_ALERT
    "RTMT-ERROR-ALERT",   // %CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT
    "rtmt-error-alert",   // the same in lower case
    "EMANAGER-",          // %UC_SERVICEMANAGER-, and not CALLMANAGER
    "_CERT-",             // %UC_CERT-
    "MALARMCATALOG-",     // %UC_SLMALARMCATALOG-
    "SMART_LIC-",         // %SMART_LIC-
    "smartlicense",       // com.cisco.smartlicense.util
    "co.nesla",           // com.cisco.nesla
    "allhome.",           // com.callhome.
    "smartreceiver",      // smartreceiver.cisco.com
    "tools.cisco",        // tools.cisco.com
    "Transportgateway",   // CSSM On-Prem
    "no server suitable", // ntpdate
];

/// Finds the records worth reading.
#[derive(Debug)]
pub(crate) struct Gate {
    searcher: Option<Searcher>,
}

impl Gate {
    /// Compiles the literals.
    pub(crate) fn new() -> Self {
        let searcher = Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(LITERALS).build();
        Self { searcher }
    }

    /// Offset of the first hit at or after `from`; `None` if there is none.
    ///
    /// A licence debug record (`LIB_LICENSE-7-UNK`) is a hit like any other: failures are printed there.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match &self.searcher {
            Some(searcher) => searcher.find_in(bytes, (from..bytes.len()).into()).map(|hit| hit.start()),
            // No packed search on this processor: slower, same answer.
            None => LITERALS
                .iter()
                .filter_map(|literal| memchr::memmem::find(bytes.get(from..)?, literal.as_bytes()))
                .min()
                .map(|at| from + at),
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
    fn the_plain_search_answers_like_the_packed_one() {
        let text = b"aaaa co.nesla bbbb IB_LICENSE-";
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
