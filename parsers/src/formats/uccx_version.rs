//! `show uccx version`.
//!
//! Source: Administration and Operations Guide 15.0, "Command Line Interface", `show uccx version`.
//!
//! ```text
//! Active UCCX Version: 12.5.1.11002-24
//! Inactive UCCX Version: NA
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{opt, verify};
use nom::{IResult, Parser};

use super::{Content, DocumentFormat, Passage, service_list};
use crate::event::Says;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "show-uccx-version",
    read,
    samples: &[
        "admin:show uccx version\nActive UCCX Version: 12.5.1.11002-24\nInactive UCCX Version: NA\nadmin:\n",
        "Active UCCX Version: 15.0.1.10000-24\r\nInactive UCCX Version: 12.5.1.11003-511\r\n",
        "admin:show uccx version Active UCCX Version: 12.5.1.11002-24 Inactive UCCX Version: NA",
    ],
};

/// Reads the version; empty if the active one is not stated.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    // Both lines end so; other texts are not walked through.
    if !text.as_bytes().windows(12).any(|word| word.eq_ignore_ascii_case(b"UCCX Version")) {
        return passages;
    }
    let mut behind_version = false;
    for (start, line) in service_list::free_lines(text) {
        let mut rest = line.trim();
        if rest.is_empty() {
            continue;
        }
        let end = start + line.trim_end().len();
        let before = passages.len();
        if rest == "admin:" && behind_version {
            passages.push(Passage { range: end - rest.len()..end, content: Content::Known });
        }
        while let Ok((behind, content)) = item(rest) {
            passages.push(Passage { range: end - rest.len()..end - behind.len(), content });
            rest = behind.trim_start();
        }
        behind_version = passages.len() > before;
    }
    let active = |passage: &Passage| matches!(passage.content, Content::Says(Says::Version { .. }));
    if passages.iter().any(active) { passages } else { Vec::new() }
}

/// `item = ["admin:"] "show uccx version" / ("Active" / "Inactive") SP "UCCX Version" *SP ":" *SP value`
fn item(i: &str) -> IResult<&str, Content> {
    let command = (opt((tag("admin:"), space0)), tag_no_case("show uccx version")).map(|_| Content::Known);
    alt((command, active, inactive)).parse(i)
}

/// The version in use.
fn active(i: &str) -> IResult<&str, Content> {
    let (i, _) = (tag_no_case("Active"), label).parse(i)?;
    let (i, version) = version(i)?;
    Ok((i, Content::Says(Says::Version { active: version.into() })))
}

/// The version on the other partition, `NA` where there is none.
fn inactive(i: &str) -> IResult<&str, Content> {
    let (i, _) = (tag_no_case("Inactive"), label).parse(i)?;
    let (i, _) = opt(alt((tag_no_case("NA"), version))).parse(i)?;
    Ok((i, Content::Known))
}

/// `SP "UCCX Version" *SP ":" *SP`
fn label(i: &str) -> IResult<&str, ()> {
    let (i, _) =
        (space1, tag_no_case("UCCX"), space1, tag_no_case("Version"), space0, char(':'), space0).parse(i)?;
    Ok((i, ()))
}

/// `version = 1*DIGIT 1*("." 1*DIGIT) ["-" 1*DIGIT]`, as in `12.5.1.11002-24`; letters are kept.
fn version(i: &str) -> IResult<&str, &str> {
    let word = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    verify(word, |word: &str| {
        word.len() <= 40 && word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
    })
    .parse(i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found: Vec<_> = read(text)
            .into_iter()
            .filter_map(|passage| match passage.content {
                Content::Says(Says::Version { active }) => Some(active.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(found.first().map(String::as_str), expected, "{text}");
        assert!(found.len() <= 1, "{found:?}");
    }

    #[test]
    fn the_active_version_is_stated() {
        check(FORMAT.samples[0], Some("12.5.1.11002-24"));
        check(FORMAT.samples[1], Some("15.0.1.10000-24"));
        check("  Active UCCX Version :\t10.0.0.95000-136  ", Some("10.0.0.95000-136"));
    }

    #[test]
    fn an_output_flattened_to_one_line_is_read() {
        check(FORMAT.samples[2], Some("12.5.1.11002-24"));
    }

    #[test]
    fn prompt_and_inactive_version_are_known() {
        let text = FORMAT.samples[0];
        let known: Vec<_> =
            read(text).into_iter().filter(|p| p.content == Content::Known).map(|p| &text[p.range]).collect();
        assert_eq!(known, ["admin:show uccx version", "Inactive UCCX Version: NA", "admin:"]);
    }

    #[test]
    fn an_inactive_version_alone_says_nothing() {
        assert!(read("Inactive UCCX Version: 12.5.1.11002-24").is_empty());
        assert!(read("admin:show uccx version\n").is_empty());
    }

    #[test]
    fn what_is_not_a_version_says_nothing() {
        for text in [
            "Active UCCX Version: NA",
            "Active UCCX Version:",
            "Active UCCX Version: é",
            "The Active UCCX Version: 12.5",
            "Active UCCX Version: 12",
        ] {
            check(text, None);
        }
        check(&format!("Active UCCX Version: 1.{}", "2".repeat(100)), None);
    }

    #[test]
    fn a_log_record_and_its_continuation_say_nothing() {
        check("7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nActive UCCX Version: 12.5.1.11002-24", None);
        check(
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\n\nActive UCCX Version: 12.5.1.11002-24",
            Some("12.5.1.11002-24"),
        );
    }
}
