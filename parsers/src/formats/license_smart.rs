//! `license smart …`: commands that were entered, and whether their output says that they worked.
//!
//! Source: Administration and Operations Guide 15.0, Command Line Interface (`license smart reservation …`, `hostname …`);
//! Cisco 212915 and System Error Messages for CUCM 12.5(1) (`register idtoken`, `renew auth`). The words of their results
//! were not seen on UCCX: they are inferred. What stands behind the words of a command may be a token or a code, and is
//! never part of a statement.
//!
//! ```text
//! admin:license smart renew auth
//! ```

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::event::{LicenseLine, Says};

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "license-smart",
    read,
    samples: &[
        "admin:license smart renew auth\nRenewal of the authorization was successful\nadmin:\n",
        "admin:license smart register idtoken NOT-A-REAL-TOKEN force\r\nRegistration failed\r\nadmin:\r\n",
        "admin:license smart reservation enable admin:license smart hostname disable",
    ],
};

/// The command.
const COMMAND: &str = "license smart";

/// What may follow it, longer ones first.
const WORDS: [&str; 14] = [
    "register idtoken",
    "renew auth",
    "renew id",
    "deregister",
    "reservation request specific",
    "reservation request",
    "reservation install",
    "reservation return-authorization",
    "reservation return",
    "reservation enable",
    "reservation disable",
    "reservation cancel",
    "hostname enable",
    "hostname disable",
];

/// Reads the commands; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains(COMMAND) {
        for section in sections(text) {
            command(&section, &mut passages);
        }
    }
    passages.finish()
}

fn command(section: &Section<'_>, passages: &mut Passages) {
    if section.from == section.start {
        return;
    }
    let Some(behind) = section.behind(COMMAND) else { return };
    let said = behind.trim_start();
    let Some((name, rest)) = WORDS.iter().find_map(|words| Some((*words, sections::behind(said, words)?)))
    else {
        return;
    };
    let succeeded = if ["fail", "error", "invalid", "denied"].iter().any(|word| sections::has(rest, word)) {
        Some(false)
    } else if ["success", "succeeded", "completed"].iter().any(|word| sections::has(rest, word)) {
        Some(true)
    } else {
        None
    };
    // The statement ends before what follows the words.
    passages.says(section.head(rest), Says::License(LicenseLine::Command { name: name.into(), succeeded }));
    passages.lines(section, rest);
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, said};
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<bool>)]) {
        let found: Vec<(String, Option<bool>)> = said(&FORMAT, text)
            .into_iter()
            .filter_map(|says| match says {
                Says::License(LicenseLine::Command { name, succeeded }) => {
                    Some((name.to_string(), succeeded))
                }
                _ => None,
            })
            .collect();
        let expected: Vec<(String, Option<bool>)> =
            expected.iter().map(|(name, how)| ((*name).to_owned(), *how)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn commands_and_their_results_are_read() {
        check(FORMAT.samples[0], &[("renew auth", Some(true))]);
        check(FORMAT.samples[1], &[("register idtoken", Some(false))]);
        check(FORMAT.samples[2], &[("reservation enable", None), ("hostname disable", None)]);
        check("admin:license smart unknown\n", &[]);
        check("see license smart renew auth\n", &[]);
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }

    #[test]
    fn a_token_is_no_part_of_a_statement() {
        let text = FORMAT.samples[1];
        for passage in read(text) {
            let holds = text[passage.range.clone()].contains("NOT-A-REAL-TOKEN");
            assert!(!holds || passage.content == super::super::Content::Known, "{passage:?}");
        }
    }
}
