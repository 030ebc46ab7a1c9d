//! One line may hold several records: where each begins.
//!
//! Web pages, mails and consoles run records together (Cisco's own page does), so a licence line is searched for
//! further record beginnings. RTMT alerts quote a whole alarm line inside themselves and are not split.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// The beginning of a record: everything that may stand in front of its code, and the code.
static BEGINNING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let stamp = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2} (?:\d{4} )?\d{1,2}:\d\d:\d\d(?:\.\d{1,6})?(?: [AP]M(?:\.\d{1,6})?)?";
    let zone = r"(?: (?:[A-Z]{1,7}|(?:GMT)?[+-]\d\d:?\d\d))?";
    // A host ends at the blank behind it; a limit on its length would cost milliseconds to compile.
    let outer = format!(r"(?:{stamp} [A-Za-z0-9._:-]+ (?:[a-z]{{3,8}}\d? [0-7] [^:%]{{0,40}}: ?)?)");
    let own = format!(r"(?:\d{{1,10}}: (?:[A-Za-z0-9._:-]+:? )?[*.]?{stamp}{zone} ?:? {{0,3}})");
    let code =
        r"%[A-Za-z][A-Za-z0-9_.]{0,40}(?:-[A-Za-z0-9_]{1,40})?-[0-7]-[A-Za-z0-9_][A-Za-z0-9_.-]{0,60} ?:";
    // Bytes, not characters: compiled for all of Unicode it costs three milliseconds more.
    Regex::new(&format!("(?-u)(?:<[0-9]{{1,3}}>)?{outer}?{own}?{code}")).ok()
});

/// Offsets at which further records begin inside `record`, ascending, the first record's own beginning left out.
#[must_use]
pub(crate) fn further_beginnings(record: &[u8]) -> Vec<usize> {
    let Some(beginning) = BEGINNING.as_ref() else { return Vec::new() };
    // Nearly every record has one code only: the expression need not run to find that out.
    let codes =
        memchr::memchr_iter(b'%', record).filter(|at| record.get(*at..).is_some_and(may_be_code)).take(2);
    if codes.count() < 2 {
        return Vec::new();
    }
    let quotes = [&b"AlertName="[..], b"MatchedEvent", b"RTMT Alert Name:"];
    if quotes.iter().any(|word| memchr::memmem::find(record, word).is_some()) {
        // Behind the end of the alert, records are not quoted.
        const END: &[u8] = b"]: RTMT Alert";
        let Some(end) = memchr::memmem::find(record, END).map(|at| at + END.len()) else { return Vec::new() };
        let behind = record.get(end..).unwrap_or_default();
        return beginning.find_iter(behind).map(|found| end + found.start()).collect();
    }
    let mut starts = beginning.find_iter(record).map(|found| found.start());
    let Some(first) = starts.next() else { return Vec::new() };
    let is_bare = |at: usize| record.get(at) == Some(&b'%');
    // A code without prefix, behind a record that has one, is text: a log that quotes another.
    starts.filter(|at| is_bare(first) || !is_bare(*at)).collect()
}

/// True if what begins with `%` may be a code, and is no percentage.
pub(crate) fn may_be_code(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(u8::is_ascii_alphabetic)
}

/// Offset of a record behind rubbish that is glued to its front: a broken code (`%M%MIVR-…`), or the file name that
/// grep prints. `None` if there is no rubbish, or it holds a blank: then it is prose that quotes a record.
pub(crate) fn behind_rubbish(bytes: &[u8]) -> Option<usize> {
    let at = BEGINNING.as_ref()?.find(bytes)?.start();
    let rubbish = bytes.get(..at)?;
    (!rubbish.is_empty() && !rubbish.iter().any(u8::is_ascii_whitespace)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: &str, expected: &[&str]) {
        let found: Vec<_> =
            further_beginnings(record.as_bytes()).into_iter().map(|at| &record[at..]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn two_alarms_on_one_line_are_two_records() {
        check(
            "%UC_LIB_LICENSE-0-A_B: %[x=15 minutes][NodeID=a]: procure more licenses.%UC_LIB_LICENSE-1-C_D: %[NodeID=a]: t",
            &["%UC_LIB_LICENSE-1-C_D: %[NodeID=a]: t"],
        );
    }

    #[test]
    fn the_prefix_belongs_to_the_record_behind_it() {
        check(
            "7: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-1-A: text 8: Apr 02 10:45:05.123 IST %MCVD-LIB_LICENSE-1-B: u",
            &["8: Apr 02 10:45:05.123 IST %MCVD-LIB_LICENSE-1-B: u"],
        );
        check(
            "%UC_X1-1-A: t.Apr 02 10:30:05 uccxpub local7 1 : 18: uccxpub.example.com: Apr 02 2026 05:00:05.123 UTC :  %UC_X1-1-B: u",
            &[
                "Apr 02 10:30:05 uccxpub local7 1 : 18: uccxpub.example.com: Apr 02 2026 05:00:05.123 UTC :  %UC_X1-1-B: u",
            ],
        );
    }

    #[test]
    fn an_alarm_quoted_by_an_alert_is_not_split_off() {
        check(
            "1: h: Apr 02 2026 05:00:05.123 UTC : %UC_RTMT-2-RTMT_ALERT: %[AlertName=X][AlertDetail=MatchedEvent : 9: h: Apr 02 2026 05:00:05.123 UTC : %UC_LIB_LICENSE-1-A: t]",
            &[],
        );
    }

    #[test]
    fn a_code_quoted_by_a_record_with_a_prefix_is_text() {
        check("1: Apr 02 10:00:00.000 UTC %MIVR-ENG-7-UNK:mail: \"%MCVD-LIB_LICENSE-1-A: [R] x\"", &[]);
    }

    #[test]
    fn an_alarm_behind_the_end_of_an_alert_is_a_record() {
        check(
            "%UC_RTMT-2-RTMT_ALERT: %[AlertName=X][NodeID=a]: RTMT Alert.%UC_LIB_LICENSE-1-A: %[NodeID=a]: t",
            &["%UC_LIB_LICENSE-1-A: %[NodeID=a]: t"],
        );
    }

    #[test]
    fn a_percentage_does_not_begin_a_record() {
        check("%MCVD-LIB_LICENSE-1-A: 95 %of 100-5-x: y", &[]);
    }
}
