//! What a member is, told from its first bytes.

use crate::formats::{self, Columns};
use crate::lines::{self, Layout};
use crate::reader::Table;

/// What a member is.
pub(crate) enum Member {
    /// A log: how its records begin, and the columns of an AlertLog.
    Log(Layout, Option<Columns>),
    /// A table of usage, or a part of a workbook that may hold one.
    Table(Table),
}

/// What the first bytes of a member are, or why it cannot be read. `usage_expected` as for
/// [`crate::reader::Reader::expect_usage`].
pub(crate) fn classify(head: &[u8], usage_expected: bool) -> Result<Member, String> {
    if head.is_empty() {
        return Err("it is empty".to_owned());
    }
    if is_own_report(head) {
        return Err("it is a report of uccxray, and no log".to_owned());
    }
    // A log that was cut while its writer kept its place begins with a hole.
    let head = head.get(head.iter().position(|byte| *byte != 0).unwrap_or(0)..).unwrap_or_default();
    if let Some(name) = binary(head) {
        return Err(format!("it is not text ({name})"));
    }
    if let Some(columns) = formats::alert_log_header(head) {
        return Ok(Member::Log(Layout::Rows, Some(columns)));
    }
    if let Some(table) = Table::begins(head, usage_expected)? {
        return Ok(Member::Table(table));
    }
    let mut trace = 0;
    let mut syslog = 0;
    let mut other = 0;
    let mut rest = head;
    for _ in 0..400 {
        let (line, behind) = rest.split_at(lines::first(rest));
        if line.is_empty() {
            break;
        }
        rest = behind;
        if lines::trace_seq(line).is_some()
            && memchr::memchr(b'%', line).is_some_and(|at| at < 60)
            && !is_ciscolog(line)
        {
            trace += 1;
        } else if lines::begins(Layout::Syslog, line) {
            syslog += 1;
        } else if trace + syslog == 0 && !line.trim_ascii().is_empty() {
            other += 1;
        }
    }
    // A line or two may be cut off at the front of a rotated file; more in front of the first record is a paste.
    Ok(Member::Log(
        match (trace, syslog, other) {
            (0, 0, _) => Layout::Free,
            (1.., 0, 0..=3) => Layout::Trace,
            (0, 1.., 0..=3) if head.len() > 2_000 || syslog > 3 => Layout::Syslog,
            _ => Layout::Free,
        },
        None,
    ))
}

/// True for what this program writes: the lines that a report quotes have been read where they stand.
fn is_own_report(head: &[u8]) -> bool {
    let begins = ["UCCX license state", "# UCCX license report", "table,instance,instance_name,dimension,"];
    if begins.iter().any(|own| head.starts_with(own.as_bytes())) {
        return true;
    }
    let near = head.get(..head.len().min(1_000)).unwrap_or_default();
    let has = |word: &str| memchr::memmem::find(near, word.as_bytes()).is_some();
    match head {
        [b'{', ..] => has("\"name\": \"uccxray\"") && (has("\"schema_version\"") || has("sarif")),
        [b'<', ..] => has("<testsuites name=\"uccxray\"") || has("default-src 'none'; script-src 'sha256-"),
        _ => false,
    }
}

/// True if the zone is followed by a colon: `7273: May 30 15:33:20.636 UTC :  %CCM_…`.
fn is_ciscolog(line: &[u8]) -> bool {
    let Some(code) = memchr::memchr(b'%', line) else { return false };
    line.get(..code).is_some_and(|prefix| prefix.trim_ascii_end().ends_with(b":"))
}

/// The name of a binary format; `None` for text.
fn binary(head: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &str); 11] = [
        (b"\x7fELF", "an ELF program"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF-", "a PDF document"),
        (b"\xd4\xc3\xb2\xa1", "a packet capture"),
        (b"\x0a\x0d\x0d\x0a", "a packet capture"),
        (b"\xca\xfe\xba\xbe", "Java classes"),
        (b"BZh", "bzip2; unpack it first"),
        (b"\xfd7zXZ", "xz; unpack it first"),
        (b"7z\xbc\xaf", "7-Zip; unpack it first"),
    ];
    if let Some((_, name)) = magics.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(name);
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some("UTF-16; save it as UTF-8");
    }
    let sample = head.get(..head.len().min(8 << 10)).unwrap_or_default();
    let nulls = memchr::memchr_iter(0, sample).count();
    let controls = sample.iter().filter(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=31)).count();
    // A log that lost power holds runs of NUL bytes, but also lines.
    let lines = memchr::memchr_iter(b'\n', sample).count();
    ((nulls + controls) * 10 > sample.len() * 3 && lines * 400 < sample.len()).then_some("binary data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &[u8], expected: Result<Layout, &str>) {
        let found = match classify(head, false) {
            Ok(Member::Log(layout, _)) => Ok(layout),
            Ok(Member::Table(_)) => Err("a table".to_owned()),
            Err(why) => Err(why),
        };
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn a_report_of_this_program_is_no_log() {
        const OWN: Result<Layout, &str> = Err("it is a report of uccxray, and no log");
        check(b"{\n  \"schema_version\": \"1.0\",\n  \"tool\": {\n    \"name\": \"uccxray\",", OWN);
        check(b"# UCCX license report\n\nAs of **2026-04-02", OWN);
        check(b"UCCX license state as of 2026-04-02 10:46:05 +05:30\n", OWN);
        check(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"uccxray\" tests=\"28\"", OWN);
        check(b"{\"name\": \"uccxray\"}", Ok(Layout::Free));
    }

    #[test]
    fn a_hole_in_front_of_a_log_is_passed_over() {
        let mut bytes = vec![0; 4_096];
        bytes.extend_from_slice(b"12: Apr 02 10:00:05.123 IST %MCVD-CVD-7-UNK:x\n");
        check(&bytes, Ok(Layout::Trace));
        check(&[0; 4_096], Err("it is not text (binary data)"));
    }
}
