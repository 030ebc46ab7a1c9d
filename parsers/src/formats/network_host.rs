//! `utils network host NAME`: what the node's host table and its DNS servers say about a name or an address.
//!
//! Source: Cisco tech note 217581 and the guide to change addresses of Unified CM (both headings, `resolves locally to`,
//! `has address`, `domain name pointer`, also flattened to one line). What is printed for a name that does not resolve
//! was not seen: the words of the Linux command `host` are taken, and an empty answer.
//!
//! ```text
//! Local Resolution:
//! cssm.example.com resolves locally to 192.0.2.40
//! External Resolution:
//! cssm.example.com has address 192.0.2.40
//! ```

use std::ops::Range;
use std::sync::Arc;

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::license_words;
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-network-host",
    read,
    samples: &[
        "admin:utils network host cssm.example.com\nLocal Resolution:\ncssm.example.com resolves locally to 192.0.2.40\n\nExternal Resolution:\ncssm.example.com has address 192.0.2.40\ncssm.example.com has address 192.0.2.41\nadmin:\n",
        "admin: utils network host ssm.example.com\r\nLocal Resolution:\r\nNothing found\r\n\r\nExternal Resolution:\r\nHost ssm.example.com not found: 3(NXDOMAIN)\r\n",
        "Local Resolution: 192.0.2.10 resolves locally to uccxpub.example.com External Resolution: 10.2.0.192.in-addr.arpa domain name pointer uccxpub.example.com.",
    ],
};

/// The command and its headings.
const LABELS: [&str; 3] = ["utils network host", "Local Resolution", "External Resolution"];

/// Reads the answers; empty if no name was looked up.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains("Local Resolution") || text.contains("External Resolution") {
        for section in sections(text) {
            lookups(&section, &mut passages);
        }
    }
    passages.finish()
}

/// A lookup while it is read.
#[derive(Default)]
struct Lookup {
    /// What the command asks for, else what the answers are about.
    name: Option<Arc<str>>,
    local: Vec<Arc<str>>,
    /// `None` as long as no heading was seen, or where what follows it is not understood.
    external: Option<Vec<Arc<str>>>,
    /// Bytes of the section, from the first heading to the last line understood.
    range: Option<Range<usize>>,
}

impl Lookup {
    fn reach(&mut self, from: usize, to: usize) {
        let start = self.range.as_ref().map_or(from, |range| range.start);
        self.range = Some(start..to);
    }

    /// States what was found; a lookup of which the half is missing states nothing.
    fn finish(self, ended: bool, passages: &mut Passages) {
        let Some(range) = self.range else { return };
        // A whole output without the second heading has no answer of a DNS server either.
        let external = self.external.or_else(|| (ended && !self.local.is_empty()).then(Vec::new));
        match (self.name, external) {
            (Some(name), Some(external)) => {
                passages.platform(range, PlatformLine::Resolution { name, local: self.local, external });
            }
            _ => passages.known(range),
        }
    }
}

/// The lookups of a section: one behind a prompt, several where outputs follow each other.
fn lookups(section: &Section<'_>, passages: &mut Passages) {
    let labels = license_words::labelled(section.text, &LABELS, |label| label > 0);
    // The command alone says nothing, and may stand in anybody's instructions.
    if !labels.iter().any(|it| it.label > 0) {
        return;
    }
    let mut lookup = Lookup::default();
    for it in labels {
        let value = section.text.get(it.value.clone()).unwrap_or_default();
        let from = section.start + it.start;
        match it.label {
            0 => {
                std::mem::take(&mut lookup).finish(true, passages);
                let (name, rest) = sections::word(sections::line(value).0);
                lookup.name = Some(name).filter(|name| sections::is_host(name)).map(Into::into);
                let begins = section.text.get(..it.start).is_some_and(|before| before.trim().is_empty());
                passages.known(if begins { section.from } else { from }..section.offset(rest));
            }
            1 => {
                if lookup.range.is_some() {
                    std::mem::take(&mut lookup).finish(true, passages);
                }
                let found = answers(value);
                lookup.reach(from, section.start + it.value.start + found.length);
                lookup.name = lookup.name.or(found.name);
                lookup.local = found.answers;
            }
            _ => {
                if lookup.external.is_some() {
                    std::mem::take(&mut lookup).finish(true, passages);
                }
                let found = answers(value);
                lookup.reach(from, section.start + it.value.start + found.length);
                lookup.name = lookup.name.or(found.name);
                // Words that nobody knows may be an answer: then nothing is said about it.
                let says = !found.answers.is_empty() || found.none || value.trim().is_empty();
                lookup.external = says.then_some(found.answers);
            }
        }
    }
    lookup.finish(section.ended, passages);
    passages.known(section.closing.clone().unwrap_or_default());
}

/// What stands below a heading.
#[derive(Default)]
struct Answers {
    /// What the answers are about.
    name: Option<Arc<str>>,
    answers: Vec<Arc<str>>,
    /// True if the text says that there is none.
    none: bool,
    /// Bytes understood.
    length: usize,
}

/// Reads answer after answer, as far as they are understood.
fn answers(text: &str) -> Answers {
    let mut found = Answers::default();
    let mut rest = text.trim_start();
    while let Some((answer, behind)) = answer(rest) {
        match answer {
            Answer::Is { name, value } => {
                found.name.get_or_insert_with(|| name.into());
                found.answers.push(value.into());
            }
            Answer::About(name) => {
                found.name.get_or_insert_with(|| name.into());
            }
            Answer::None(name) => {
                found.none = true;
                found.name = found.name.or_else(|| name.map(Into::into));
            }
        }
        found.length = text.len() - behind.len();
        rest = behind.trim_start();
    }
    found
}

/// One answer.
enum Answer<'a> {
    /// The address of a name, or the name of an address.
    Is { name: &'a str, value: &'a str },
    /// An alias, a mail server: known, and no answer to the question.
    About(&'a str),
    /// No answer, and to which name where it is printed.
    None(Option<&'a str>),
}

/// `answer = name SP verb SP value / "Host" SP name SP "not found" [":" code] / none`, and what follows it.
fn answer(text: &str) -> Option<(Answer<'_>, &str)> {
    const VERBS: [&str; 4] =
        ["resolves locally to", "has address", "has IPv6 address", "domain name pointer"];
    const ABOUT: [&str; 3] = ["is an alias for", "mail is handled by", "has SRV record"];
    const NONE: [&str; 5] = [
        ";; connection timed out; no servers could be reached",
        "connection timed out; no servers could be reached",
        "Nothing found",
        "Not found",
        "None",
    ];
    if let Some(behind) = NONE.iter().find_map(|none| sections::behind(text, none)) {
        return Some((Answer::None(None), behind.strip_prefix('.').unwrap_or(behind)));
    }
    let (first, rest) = sections::word(text);
    let (name, verb) = if first.eq_ignore_ascii_case("host") { sections::word(rest) } else { (first, rest) };
    // A name stands on the line of its verb.
    let verb = verb.trim_start_matches([' ', '\t']);
    let name = name.trim_end_matches(':');
    if !sections::is_host(name) {
        return None;
    }
    if let Some(behind) = sections::behind(verb, "not found") {
        // `: 3(NXDOMAIN)`
        let code = behind.trim_start_matches([' ', '\t']).strip_prefix(':').map(str::trim_start);
        let code = code.filter(|code| code.starts_with(|c: char| c.is_ascii_digit()));
        let behind = code.map_or(behind, |code| sections::word(code).1);
        return Some((Answer::None(Some(name)), behind));
    }
    if let Some(behind) = sections::behind(verb, "has no") {
        // `has no A record`, `has no PTR record`.
        return Some((Answer::None(Some(name)), sections::line(behind).1));
    }
    if let Some(behind) = VERBS.iter().find_map(|words| sections::behind(verb, words)) {
        let (value, behind) = sections::word(behind);
        return sections::is_host(value).then_some((Answer::Is { name, value }, behind));
    }
    let behind = ABOUT.iter().find_map(|words| sections::behind(verb, words))?;
    Some((Answer::About(name), sections::line(behind).1)).filter(|_| !behind.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &[&str], &[&str])]) {
        let found = said(&FORMAT, text);
        let texts = |answers: &[Arc<str>]| answers.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found: Vec<_> = found
            .iter()
            .map(|says| match says {
                Says::Platform(PlatformLine::Resolution { name, local, external }) => {
                    (name.as_ref(), texts(local), texts(external))
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let owned = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected: Vec<_> =
            expected.iter().map(|(name, local, external)| (*name, owned(local), owned(external))).collect();
        assert_eq!(found, expected, "{text}");
    }

    const CSSM: (&str, &[&str], &[&str]) =
        ("cssm.example.com", &["192.0.2.40"], &["192.0.2.40", "192.0.2.41"]);

    #[test]
    fn both_resolutions_are_stated_with_every_address() {
        check(FORMAT.samples[0], &[CSSM]);
        check(&flat(FORMAT.samples[0]), &[CSSM]);
        check(&FORMAT.samples[0].replace('\n', "\r\n"), &[CSSM]);
    }

    #[test]
    fn a_name_that_is_not_found_has_no_external_answer() {
        let expected: &[(&str, &[&str], &[&str])] = &[("ssm.example.com", &[], &[])];
        check(FORMAT.samples[1], expected);
        check(&flat(FORMAT.samples[1]), expected);
        for none in
            ["", "ssm.example.com not found", ";; connection timed out; no servers could be reached\n"]
        {
            check(
                &format!(
                    "admin:utils network host ssm.example.com\nLocal Resolution:\n\nExternal Resolution:\n{none}"
                ),
                expected,
            );
        }
    }

    #[test]
    fn an_address_is_looked_up_backwards() {
        let expected: &[(&str, &[&str], &[&str])] =
            &[("192.0.2.10", &["uccxpub.example.com"], &["uccxpub.example.com."])];
        check(FORMAT.samples[2], expected);
    }

    #[test]
    fn the_second_heading_may_lack_in_a_whole_output_only() {
        let text = "admin:utils network host cssm.example.com\nLocal Resolution:\ncssm.example.com resolves locally to 192.0.2.40\n";
        check(text, &[]);
        check(&format!("{text}admin:"), &[("cssm.example.com", &["192.0.2.40"], &[])]);
    }

    #[test]
    fn an_alias_is_no_address() {
        check(
            "admin:utils network host a.example.com\nLocal Resolution:\nExternal Resolution:\na.example.com is an alias for b.example.com.\nb.example.com has address 192.0.2.9\nb.example.com has IPv6 address 2001:db8::9\n",
            &[("a.example.com", &[], &["192.0.2.9", "2001:db8::9"])],
        );
    }

    #[test]
    fn several_lookups_of_one_paste_are_told_apart() {
        let both = format!("{}{}", FORMAT.samples[0], FORMAT.samples[1]);
        let expected = [CSSM, ("ssm.example.com", &[], &[])];
        check(&both, &expected);
        check(&flat(&both), &expected);
        check(&both.replace("admin:", ""), &expected);
    }

    #[test]
    fn words_not_known_below_the_heading_say_nothing() {
        check(
            "admin:utils network host a.example.com\nLocal Resolution:\nExternal Resolution:\nstrange words\n",
            &[],
        );
    }

    #[test]
    fn other_texts_say_nothing() {
        for text in [
            "cssm.example.com has address 192.0.2.40\n",
            "run utils network host and look at External Resolution\n",
            "Local Resolution:\nExternal Resolution:\n",
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nExternal Resolution:\na has address 192.0.2.1\n",
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
