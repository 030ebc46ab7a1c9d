//! The time in the name of a folder that a collector made: nothing in it is younger.
//!
//! Source: RTMT 15, "Trace & Log Central": the default directory is `<server>/<download time>`; observed of SFTP
//! collectors: `<address>/20260402_103000/active`.

use chrono::{NaiveDate, NaiveDateTime};
use parsers::stamp::Instant;

use crate::analysis::Input;
use crate::facts::Source;

/// Bounds the time of members whose folder, archive or source is named after a download.
pub(crate) fn bound(sources: &[Source], inputs: &mut [Input]) {
    for input in inputs {
        let source = sources.get(input.source).map(|source| source.path.as_str());
        let path = input.path.as_deref().and_then(|path| path.rsplit_once('/')).map(|(folders, _)| folders);
        let named = path.and_then(download_time).or_else(|| source.and_then(download_time));
        let Some(named) = named else { continue };
        input.not_after = Some(input.not_after.map_or(named, |known| known.min(named)));
    }
}

/// The time in the innermost folder or archive that has one in its name, on the collector's clock, whose zone is
/// not known. `None` if no name holds both a date and a time of day.
#[must_use]
pub fn download_time(path: &str) -> Option<Instant> {
    let folders = path.split('!').flat_map(|part| part.split(['/', '\\']));
    folders.filter_map(time_in).next_back()
}

/// `YYYY-MM-DD_hh-mm-ss`, `YYYYMMDD_hhmmss`, `YYYYMMDDhhmmss` at the end of a name, an archive's ending left out.
fn time_in(name: &str) -> Option<Instant> {
    let name =
        [".zip", ".tgz", ".tar.gz", ".tar", ".gz"].iter().fold(name, |name, end| name.trim_end_matches(end));
    let mut digits: Vec<u32> = Vec::with_capacity(14);
    let mut before = None;
    for c in name.chars().rev() {
        match c.to_digit(10) {
            Some(_) if digits.len() == 14 => return None,
            Some(digit) => digits.push(digit),
            None if digits.len() == 14 => {
                before = Some(c);
                break;
            }
            None if matches!(c, '-' | '_' | ':' | '.' | 'T' | ' ') => {}
            None => return None,
        }
    }
    if digits.len() != 14 || before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    digits.reverse();
    let number = |range: std::ops::Range<usize>| {
        digits.get(range).map(|part| part.iter().fold(0_u32, |sum, digit| sum * 10 + digit))
    };
    let year = i32::try_from(number(0..4)?).ok().filter(|year| (1990..2200).contains(year))?;
    let date = NaiveDate::from_ymd_opt(year, number(4..6)?, number(6..8)?)?;
    let at: NaiveDateTime = date.and_hms_opt(number(8..10)?, number(10..12)?, number(12..14)?)?;
    Some(at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        assert_eq!(download_time(path), expected.map(|text| text.parse().unwrap()), "{path}");
    }

    #[test]
    fn the_innermost_folder_with_a_time_counts() {
        check("192.0.2.10/2026-04-02_10-30-00/uccx/log/MCVD", Some("2026-04-02T10:30:00Z"));
        check("192.0.2.10/20260402_103000/active/syslog", Some("2026-04-02T10:30:00Z"));
        check(
            "2020-01-01_00-00-00/uccxpub_20260402103000.zip!/syslog/messages",
            Some("2026-04-02T10:30:00Z"),
        );
        check("logs-2026-04-02T10:30:00.tar.gz!", Some("2026-04-02T10:30:00Z"));
    }

    #[test]
    fn a_date_alone_an_address_and_a_number_are_no_time() {
        check("2026-04-02/uccx/log/MCVD", None);
        check("192.0.2.10/uccx/log/MCVD/", None);
        check("case-123456789012345", None);
        check("2026-13-02_10-30-00", None);
        check("69800000000000", None);
    }
}
