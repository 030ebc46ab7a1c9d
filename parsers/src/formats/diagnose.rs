//! `utils diagnose test` and `utils diagnose module`: the platform's tests of itself.
//!
//! Source: Cisco tech notes 215537 and 217581 (`Passed`, `Warning` with words behind it or below it, `Reverse DNS lookup
//! failed` in place of a result, `skip`), also flattened to one line. `Failed` was seen in fixtures of third parties.
//!
//! ```text
//! test - validate_network    : Passed
//! skip - disk_files          : This module must be run directly and off hours
//! ```

use std::ops::Range;
use std::sync::Arc;

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::platform::{PlatformLine, TestOutcome};

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-diagnose",
    read,
    samples: &[
        "admin:utils diagnose test\n\nLog file: platform/log/diag1.log\n\nStarting diagnostic test(s)\n===========================\ntest - disk_space          : Passed (available: 6938 MB, used: 11852 MB)\nskip - disk_files          : This module must be run directly and off hours\ntest - service_manager     : Passed\ntest - validate_network    : Reverse DNS lookup failed\ntest - ntp_reachability    : Warning\nThe NTP service is restarted, it can take about 5 minutes.\ntest - ntp_clock_drift     : Warning The local clock is not synchronised.\ntest - ntp_stratum         : Failed\n\nDiagnostics Completed\n\n The final output will be in Log file: platform/log/diag1.log\n\n Please use 'file view activelog platform/log/diag1.log' command to see the output\n\nadmin:\n",
        "admin: utils diagnose module validate_network Log file: platform/log/diag3.log Starting diagnostic test(s) =========================== test - validate_network : Passed Diagnostics Completed",
        "test - validate_network    : Passed\r\ntest - ntp_reachability\r\n: Warning\r\ntest - tomcat_keystore     : Passed\r\n",
    ],
};

/// Lines that say nothing about a test.
const FURNITURE: [&str; 6] = [
    "utils diagnose",
    "Log file:",
    "Starting diagnostic test",
    "Diagnostics Completed",
    "The final output will be in",
    "Please use 'file view",
];

/// Reads the tests; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains("test - ") || text.contains("skip - ") {
        for section in sections(text) {
            diagnosis(&section, &mut passages);
        }
    }
    passages.finish()
}

/// A heading of a test: `test - NAME` or `skip - NAME`.
struct Heading<'a> {
    skipped: bool,
    name: &'a str,
    /// Bytes of the section, the colon included.
    range: Range<usize>,
}

/// The tests of a section.
fn diagnosis(section: &Section<'_>, passages: &mut Passages) {
    const SIGNS: [&str; 3] = ["utils diagnose", "Starting diagnostic test", "platform/log/diag"];
    const NAMES: [&str; 6] = ["validate_network", "ntp_", "tomcat_", "service_manager", "sdl_", "sdi_"];
    let headings = headings(section.text);
    // Other programs run tests, too: the names of these, or the words around them, must stand here.
    let is_ours = SIGNS.iter().any(|sign| section.text.contains(sign))
        || headings.iter().any(|heading| NAMES.iter().any(|name| heading.name.starts_with(name)));
    if !is_ours || headings.is_empty() {
        return;
    }
    let first = headings.first().map_or(0, |heading| heading.range.start);
    let front = section.text.get(..first).unwrap_or_default();
    if section.from < section.start && section.behind("utils diagnose").is_some() {
        let command = sections::line(section.text.trim_start()).0;
        let length = command.len().min(front.trim().len());
        let command = command.get(..length).unwrap_or_default();
        passages.known(section.from..section.offset(command) + command.len());
    }
    passages.furniture(section, front, &FURNITURE);
    let ends = headings.iter().skip(1).map(|next| next.range.start).chain([section.text.len()]);
    for (heading, end) in headings.iter().zip(ends) {
        let behind = section.text.get(heading.range.end..end).unwrap_or_default();
        let value = value(behind);
        let from = section.start + heading.range.start;
        let Some((outcome, text)) = result(heading.skipped, value) else { continue };
        let name = heading.name.into();
        passages
            .platform(from..section.offset(value) + value.len(), PlatformLine::Test { name, outcome, text });
        let rest = behind.get(section.offset(value) + value.len() - section.start - heading.range.end..);
        passages.furniture(section, rest.unwrap_or_default(), &FURNITURE);
    }
}

/// Where tests begin.
fn headings(text: &str) -> Vec<Heading<'_>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(" - ") {
        let Some(before) = text.get(..at) else { continue };
        let skipped = before.ends_with("skip");
        if !skipped && !before.ends_with("test") {
            continue;
        }
        let start = at - "test".len();
        let in_word = text.get(..start).is_some_and(|before| before.ends_with(|c: char| !c.is_whitespace()));
        let rest = text.get(at + " - ".len()..).unwrap_or_default();
        let length =
            rest.bytes().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_').count();
        let Some((name, behind)) =
            rest.split_at_checked(length).filter(|(name, _)| (1..=60).contains(&name.len()))
        else {
            continue;
        };
        // The colon may stand on the next line.
        let value = behind.trim_start().strip_prefix(':');
        if let Some(value) = value.filter(|_| !in_word) {
            found.push(Heading { skipped, name, range: start..text.len() - value.len() });
        }
    }
    found
}

/// The words of a result: up to a blank line, or to what ends the output.
fn value(behind: &str) -> &str {
    let start = behind.trim_start_matches([' ', '\t', '\r']);
    let mut end = 0;
    for line in start.split_inclusive('\n') {
        let trimmed = line.trim();
        let furniture = FURNITURE.iter().filter_map(|head| line.find(head)).min();
        if trimmed.is_empty() && end > 0 || furniture == Some(line.len() - line.trim_start().len()) {
            break;
        }
        if let Some(at) = furniture {
            end += at;
            break;
        }
        end += line.len();
    }
    start.get(..end).unwrap_or_default().trim()
}

/// How a test ended, and the words beside that; `None` where the words do not tell.
fn result(skipped: bool, value: &str) -> Option<(TestOutcome, Arc<str>)> {
    if skipped {
        return Some((TestOutcome::Skipped, sections::kept(value)));
    }
    // A line of its own that begins with a colon is one more result of the same test.
    let mut worst: Option<TestOutcome> = None;
    let mut text = String::new();
    for line in value.lines().map(str::trim) {
        let part = line.strip_prefix(':').map(str::trim_start);
        let known = part.or(worst.is_none().then_some(line)).and_then(outcome);
        let words = match known {
            Some((outcome, rest)) => {
                worst = worst.max(Some(outcome));
                rest
            }
            None => part.unwrap_or(line),
        };
        if text.len() < 4_000 {
            text.push_str(words.trim().trim_start_matches(['-', ' ']));
            text.push(' ');
        }
    }
    worst.map(|outcome| (outcome, sections::kept(&text)))
}

/// The outcome at the beginning of a line, and the words behind it.
fn outcome(line: &str) -> Option<(TestOutcome, &str)> {
    const FAILURES: [&str; 14] = [
        "fail",
        "error",
        "not ",
        "unable",
        "cannot",
        "invalid",
        "missing",
        "unreachable",
        "mismatch",
        "timed out",
        "refused",
        "exceed",
        "down",
        "no ",
    ];
    let words =
        [("Passed", TestOutcome::Passed), ("Warning", TestOutcome::Warning), ("Failed", TestOutcome::Failed)];
    let known = words.into_iter().find_map(|(word, outcome)| Some((outcome, sections::behind(line, word)?)));
    let failed =
        || FAILURES.iter().any(|words| sections::has(line, words)).then_some((TestOutcome::Failed, line));
    known.or_else(failed)
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat, said};
    use super::TestOutcome::{Failed, Passed, Skipped, Warning};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, TestOutcome, &str)]) {
        let said = said(&FORMAT, text);
        let found: Vec<_> = (said.iter())
            .map(|says| match says {
                Says::Platform(PlatformLine::Test { name, outcome, text }) => {
                    (name.as_ref(), *outcome, text.as_ref())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    const ALL: &[(&str, TestOutcome, &str)] = &[
        ("disk_space", Passed, "(available: 6938 MB, used: 11852 MB)"),
        ("disk_files", Skipped, "This module must be run directly and off hours"),
        ("service_manager", Passed, ""),
        ("validate_network", Failed, "Reverse DNS lookup failed"),
        ("ntp_reachability", Warning, "The NTP service is restarted, it can take about 5 minutes."),
        ("ntp_clock_drift", Warning, "The local clock is not synchronised."),
        ("ntp_stratum", Failed, ""),
    ];

    #[test]
    fn each_test_is_stated_with_its_words() {
        check(FORMAT.samples[0], ALL);
        check(&flat(FORMAT.samples[0]), ALL);
        check(&FORMAT.samples[0].replace('\n', "\r\n"), ALL);
        check(&flat(FORMAT.samples[0]).replace("admin:utils diagnose test", ""), ALL);
    }

    #[test]
    fn a_module_alone_is_read() {
        check(FORMAT.samples[1], &[("validate_network", Passed, "")]);
    }

    #[test]
    fn a_result_may_stand_on_the_next_line() {
        check(
            FORMAT.samples[2],
            &[
                ("validate_network", Passed, ""),
                ("ntp_reachability", Warning, ""),
                ("tomcat_keystore", Passed, ""),
            ],
        );
        check(
            "test - validate_network : Passed\n: Reverse DNS lookup failed\n",
            &[("validate_network", Failed, "Reverse DNS lookup failed")],
        );
    }

    #[test]
    fn words_that_do_not_tell_say_nothing() {
        check("test - validate_network : Running\n", &[]);
        let text = "test - validate_network : Passed\n\nMy notes about it\n";
        check(text, &[("validate_network", Passed, "")]);
        assert!(read(text).iter().all(|it| !text[it.range.clone()].contains("notes")));
    }

    #[test]
    fn tests_of_other_programs_say_nothing() {
        for text in [
            "test - login_page : Failed\n",
            "unit test - adds numbers : Passed\n",
            "latest - validate_network : Passed\n",
            "test - Validate : Passed\nStarting diagnostic test\n",
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\ntest - validate_network : Passed\n",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn every_line_is_covered_and_no_cut_does_harm() {
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
