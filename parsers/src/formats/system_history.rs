//! `system-history.log`: installations, start-ups and shutdowns of the node, each with a full date.
//!
//! Source: Cisco tech note 200859, "Troubleshoot Cisco VOS Based … Servers", `file dump install
//! system-history.log`. The dates are the node's local time: observed, they stand beside local times there.
//!
//! ```text
//! Product Version - 11.0.1.10000-24
//! 08/26/2016 13:51:14 | root: Restart 11.0.1.10000-24 Start
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{map_opt, rest, value, verify};
use nom::{IResult, Parser};

use super::{Content, DocumentFormat, Passage, service_list};
use crate::event::{Says, SystemAction};
use crate::grammar;
use crate::stamp::{Accuracy, Stamp, ZoneMark};

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "system-history",
    read,
    samples: &[
        "=======================================\nProduct Name -    Cisco Unified Contact Center Express\nProduct Version - 12.5.1.11002-481\nKernel Image -    2.6.32-573.18.1.el6.x86_64\n=======================================\n08/11/2016 12:46:19 | root: Install 11.0.1.10000-24 Start\n08/11/2016 15:45:52 | root: Install 11.0.1.10000-24 Success\n08/11/2016 15:45:53 | root: Boot 11.0.1.10000-24 Start\n",
        "08/26/2016 12:50:14 | root: Cisco Option Install finesse-cce.1101.ES05.10000.cop Start\r\n08/26/2016 13:51:14 | root: Restart 11.0.1.10000-24 Start\r\n",
        "admin:file dump install system-history.log\n10/19/2016 17:16:48 | root: Shutdown 11.0.1.10000-24 Start\n10/20/2016 12:17:10 | root: Boot 11.0.1.10000-24 Start\nadmin:\n",
    ],
};

/// Reads the entries.
fn read(text: &str) -> Vec<Passage> {
    if !text.contains("| ") || !text.contains(": ") {
        return Vec::new();
    }
    service_list::line_items(text, item)
}

/// `item = entry / heading / command / "admin:"`
fn item(i: &str) -> IResult<&str, Content> {
    let heading =
        (alt((tag("Product Name"), tag("Product Version"), tag("Kernel Image"))), space0, char('-'), rest)
            .map(|_| ());
    let line = verify(rest, |text: &str| text.len() >= 8 && text.bytes().all(|b| b == b'=')).map(|_| ());
    let asked = verify(rest, |text: &str| {
        text.trim_start_matches("admin:").trim_start().starts_with("file ")
            && text.ends_with("system-history.log")
    })
    .map(|_| ());
    let prompt = verify(rest, |text: &str| text == "admin:").map(|_| ());
    alt((entry, value(Content::Known, alt((heading, line, asked, prompt))))).parse(i)
}

/// `entry = us-date SP time *SP "|" SP user ":" SP action SP what SP ("Start" / "Success" / …)`
fn entry(i: &str) -> IResult<&str, Content> {
    let (i, (month, _, day, _, year)) =
        (grammar::two, char('/'), grammar::two, char('/'), grammar::year).parse(i)?;
    let (i, (_, time, _, _, _)) = (space1, grammar::time_of_day, space0, char('|'), space0).parse(i)?;
    let (i, _) =
        (take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')), char(':')).parse(i)?;
    let stamp =
        Stamp { year: Some(year), month, day, time, zone: ZoneMark::None, accuracy: Accuracy::Unmarked };
    let (i, action) = map_opt(rest, |text: &str| {
        stamp.civil(year)?;
        Some(action(text.trim()))
    })
    .parse(i)?;
    Ok((i, Content::Says(Says::SystemHistory { stamp, action })))
}

/// What an entry says; actions that are not known survive as [`SystemAction::Other`].
fn action(text: &str) -> SystemAction {
    let first = text.split_whitespace().next().unwrap_or_default();
    match (first, text.ends_with("Start")) {
        ("Boot", true) => SystemAction::Boot,
        ("Install", true) => SystemAction::Install,
        ("Shutdown" | "Restart", true) => SystemAction::Shutdown,
        _ => SystemAction::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, SystemAction)> {
        read(text)
            .into_iter()
            .filter_map(|passage| match passage.content {
                Content::Says(Says::SystemHistory { stamp, action }) => Some((stamp.written(), action)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn entries_have_a_date_with_its_year() {
        let first = entries(FORMAT.samples[0]);
        assert_eq!(first[0], ("Aug 11 2016 12:46:19.000".to_owned(), SystemAction::Install));
        assert_eq!(first[1].1, SystemAction::Other);
        assert_eq!(first[2], ("Aug 11 2016 15:45:53.000".to_owned(), SystemAction::Boot));
        let second: Vec<_> = entries(FORMAT.samples[1]).into_iter().map(|(_, action)| action).collect();
        assert_eq!(second, [SystemAction::Other, SystemAction::Shutdown]);
        assert_eq!(entries(FORMAT.samples[2]).len(), 2);
    }

    #[test]
    fn every_line_of_the_log_is_covered() {
        for text in FORMAT.samples {
            assert_eq!(read(text).len(), text.lines().count(), "{text}");
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_no_entry() {
        assert!(read("02/30/2016 12:46:19 | root: Boot 11.0.1.10000-24 Start").is_empty());
        assert!(read("2016-08-11 12:46:19 | root: Boot 11.0.1.10000-24 Start").is_empty());
        assert!(read("13/01/2016 12:46:19 | root: Boot 11.0.1.10000-24 Start").is_empty());
    }
}
