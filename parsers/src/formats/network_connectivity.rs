//! `utils network connectivity HOST [PORT]`: whether the node reaches another.
//!
//! Source: Cisco tech note 215013 (`completed successfully`, flattened to one line; `Cannot send TCP/UDP packets`). What
//! the command prints with a port, and other failures, were not seen: the words of failed connections are taken, and
//! words that only say that it failed are a failure without a cause.
//!
//! ```text
//! Running test, please wait ...
//! Network connectivity test with uccxsub1 completed successfully.
//! ```

use std::ops::Range;

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::event::FailureClass;
use crate::grammar;
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-network-connectivity",
    read,
    samples: &[
        "admin:utils network connectivity uccxsub1\nThis command can take up to 3 minutes to complete.\nContinue (y/n)?y\nRunning test, please wait ...\n......\nNetwork connectivity test with uccxsub1 completed successfully.\nadmin:\n",
        "admin:utils network connectivity 192.0.2.12 This command can take up to 3 minutes to complete. Continue (y/n)?y Running test, please wait ... ...... Network connectivity test with 192.0.2.12 completed successfully .",
        "admin:utils network connectivity cssm.example.com 443\r\nConnection to cssm.example.com port 443 timed out\r\n",
    ],
};

/// The command.
const COMMAND: &str = "utils network connectivity";
/// What only this output says.
const RESULT: &str = "Network connectivity test with";

/// Lines that say nothing about the result.
const FURNITURE: [&str; 8] = [
    "This command can take up to",
    "Continue (y/n)?",
    "Running test, please wait",
    "Testing connection",
    "Testing",
    "Press Ctrl",
    "Executing",
    "Please wait",
];

/// Reads the results; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains(COMMAND) || text.contains(RESULT) {
        for section in sections(text) {
            test(&section, &mut passages);
        }
    }
    passages.finish()
}

/// Reads a section: the command with its output, or the result alone.
fn test(section: &Section<'_>, passages: &mut Passages) {
    let Some(behind) = section.behind(COMMAND).filter(|_| section.from < section.start) else {
        alone(section, passages);
        return;
    };
    let (host, rest) = sections::word(behind);
    // The host stands on the line of the command.
    if !sections::is_host(host) || sections::line(behind).0.trim().is_empty() {
        return;
    }
    let (port, after) = sections::word(sections::line(rest).0);
    let port = port.parse::<u16>().ok().filter(|port| *port > 0);
    let body = if port.is_some() { after } else { rest };
    let body = section.text.get(section.offset(body) - section.start..).unwrap_or_default();
    passages.known(section.head(body));
    // The last words count: what is printed before them is progress, or what led there.
    let mut result: Option<(Range<usize>, Option<FailureClass>, &str)> = None;
    for part in parts(body) {
        match outcome(part) {
            Some(failure) => {
                let fails = result.as_ref().is_some_and(|(_, failure, _)| failure.is_some());
                if !fails || failure.is_some_and(|class| class != FailureClass::Generic) {
                    result = Some((section.range(part), failure, part));
                } else {
                    passages.known(section.range(part));
                }
            }
            None if is_furniture(part) => passages.known(section.range(part)),
            None => {}
        }
    }
    if let Some((range, failure, word)) = result {
        let (host, word) = (host.into(), sections::kept(word));
        passages.platform(range, PlatformLine::Connection { host, port, failure, word });
        passages.known(section.closing.clone().unwrap_or_default());
    }
}

/// A result without its command.
fn alone(section: &Section<'_>, passages: &mut Passages) {
    for (at, _) in section.text.match_indices(RESULT) {
        let rest = section.text.get(at..).unwrap_or_default();
        let line = sections::line(grammar::floor_char_boundary(rest, 500)).0;
        let Some(part) = sentences(line).next() else { continue };
        let (host, _) = sections::word(part.get(RESULT.len()..).unwrap_or_default());
        if let Some(failure) = outcome(part).filter(|_| sections::is_host(host)) {
            let (host, word) = (host.into(), sections::kept(part));
            let line = PlatformLine::Connection { host, port: None, failure, word };
            passages.platform(section.range(part), line);
        }
    }
}

/// The sentences of an output: one or more on each line.
fn parts(body: &str) -> impl Iterator<Item = &str> {
    body.lines().flat_map(sentences).filter(|part| !part.is_empty())
}

/// The sentences of a line: each ends behind a full stop that a blank follows, or an answer to a question.
fn sentences(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends =
            |before: &str| [".", ")?y", ")?n", ")?yes", ")?no"].iter().any(|end| before.ends_with(end));
        let mut blanks = rest.match_indices(' ').map(|(at, _)| at);
        let end = blanks.find(|at| rest.get(..*at).is_some_and(ends));
        let (part, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = behind.trim_start();
        Some(part.trim())
    })
}

/// True for a line of progress.
fn is_furniture(part: &str) -> bool {
    part.bytes().all(|byte| matches!(byte, b'.' | b' '))
        || FURNITURE.iter().any(|head| sections::behind(part, head).is_some())
}

/// How the test ended: `Some(None)` if it succeeded, `None` if the words do not tell.
fn outcome(part: &str) -> Option<Option<FailureClass>> {
    const FAILURES: [(&str, FailureClass); 19] = [
        ("refused", FailureClass::Refused),
        ("unknown host", FailureClass::Dns),
        ("not known", FailureClass::Dns),
        ("resolve", FailureClass::Dns),
        ("resolution", FailureClass::Dns),
        ("timed out", FailureClass::Timeout),
        ("time out", FailureClass::Timeout),
        ("timeout", FailureClass::Timeout),
        ("no route", FailureClass::Timeout),
        ("unreachable", FailureClass::Timeout),
        ("not reachable", FailureClass::Timeout),
        ("reset by", FailureClass::Reset),
        ("connection reset", FailureClass::Reset),
        ("fail", FailureClass::Generic),
        ("unsuccessful", FailureClass::Generic),
        ("unable", FailureClass::Generic),
        ("cannot", FailureClass::Generic),
        ("could not", FailureClass::Generic),
        ("not ", FailureClass::Generic),
    ];
    const SUCCESSES: [&str; 4] = ["success", "succeeded", "accessible", "is reachable"];
    if is_furniture(part) {
        return None;
    }
    if let Some((_, class)) = FAILURES.iter().find(|(words, _)| sections::has(part, words)) {
        return Some(Some(*class));
    }
    if sections::has(part, "inaccessible") || sections::has(part, "error") {
        return Some(Some(FailureClass::Generic));
    }
    SUCCESSES.iter().any(|words| sections::has(part, words)).then_some(None)
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<u16>, Option<FailureClass>)]) {
        let said = said(&FORMAT, text);
        let found: Vec<_> = (said.iter())
            .map(|says| match says {
                Says::Platform(PlatformLine::Connection { host, port, failure, .. }) => {
                    (host.as_ref(), *port, *failure)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn success_is_stated_on_many_lines_and_on_one() {
        check(FORMAT.samples[0], &[("uccxsub1", None, None)]);
        check(&flat(FORMAT.samples[0]), &[("uccxsub1", None, None)]);
        check(FORMAT.samples[1], &[("192.0.2.12", None, None)]);
        check(
            "Network connectivity test with 192.0.2.12 completed successfully .\n",
            &[("192.0.2.12", None, None)],
        );
    }

    #[test]
    fn words_of_failures_name_their_kind() {
        for (words, class) in [
            ("Connection refused", FailureClass::Refused),
            ("Connection timed out.", FailureClass::Timeout),
            ("connect: No route to host", FailureClass::Timeout),
            ("Network is unreachable", FailureClass::Timeout),
            ("unknown host cssm.example.com", FailureClass::Dns),
            ("Connection reset by peer", FailureClass::Reset),
            ("Cannot send TCP/UDP packets", FailureClass::Generic),
            ("Service not accessible", FailureClass::Generic),
            ("Test failed", FailureClass::Generic),
            ("The test failed.\nReason: connection refused", FailureClass::Refused),
        ] {
            let text = format!("admin:utils network connectivity cssm.example.com 443\n{words}\nadmin:");
            check(&text, &[("cssm.example.com", Some(443), Some(class))]);
            check(&flat(&text), &[("cssm.example.com", Some(443), Some(class))]);
        }
    }

    #[test]
    fn a_failure_behind_a_success_counts() {
        check(
            "admin:utils network connectivity a 443\nUDP test successful.\nTCP test failed.\n",
            &[("a", Some(443), Some(FailureClass::Generic))],
        );
    }

    #[test]
    fn the_words_are_kept_as_printed() {
        let text = FORMAT.samples[2];
        assert!(read(text).iter().any(|it| matches!(&it.content, crate::formats::Content::Says(Says::Platform(
            PlatformLine::Connection { word, .. })) if word.as_ref() == "Connection to cssm.example.com port 443 timed out")));
    }

    #[test]
    fn words_that_do_not_tell_say_nothing() {
        for text in [
            "admin:utils network connectivity cssm.example.com 443\nTesting connection..\n",
            "admin:utils network connectivity cssm.example.com 443\nstrange words\n",
            "admin:utils network connectivity\nConnection refused\n",
            "Run utils network connectivity cssm.example.com 443. Connection refused means a firewall.",
            "Network connectivity test with",
            "Connection timed out\n",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn each_command_of_a_paste_has_its_own_result() {
        let text = "admin:utils network connectivity a 80\nConnection refused\nadmin:utils network connectivity a 443\nService accessible\nadmin:";
        let expected = [("a", Some(80), Some(FailureClass::Refused)), ("a", Some(443), None)];
        check(text, &expected);
        check(&flat(text), &expected);
    }

    #[test]
    fn every_line_is_covered_and_no_cut_does_harm() {
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
