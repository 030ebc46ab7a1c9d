//! `show timezone config`: the node's zone.
//!
//! Source: Cisco document 118744, "Implement Time Zone Settings and DST Changes in CUCM".
//!
//! ```text
//! Current timezone: Central European Time (Europe/Warsaw)
//! Timezone version: 2012j
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{map_opt, opt, rest, value, verify};
use nom::{IResult, Parser};

use super::{Content, DocumentFormat, Passage, ntp_status, service_list};
use crate::event::Says;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "show-timezone-config",
    read,
    samples: &[
        "admin:show timezone config\nCurrent timezone: Central European Time (Europe/Warsaw)\nTimezone version: 2012j\nadmin:\n",
        "Current timezone: India Standard Time (Asia/Kolkata)\r\nTimezone version: 2021a\r\n",
        "Current timezone: America/New_York\n",
    ],
};

/// Reads the output; empty if no zone id stands in it.
fn read(text: &str) -> Vec<Passage> {
    if !text.contains("imezone:") {
        return Vec::new();
    }
    service_list::line_items(text, item)
}

/// `item = current / ["admin:"] "show timezone config" / "Timezone version:" … / "admin:"`
fn item(i: &str) -> IResult<&str, Content> {
    let command = (opt((tag("admin:"), space0)), tag_no_case("show timezone config")).map(|_| ());
    let version = (tag_no_case("Timezone version"), space0, char(':'), rest).map(|_| ());
    let prompt = verify(rest, |text: &str| text == "admin:").map(|_| ());
    alt((current, value(Content::Known, alt((command, version, prompt))))).parse(i)
}

/// `current = "Current timezone:" *SP (name SP "(" zone-id ")" / zone-id)`
fn current(i: &str) -> IResult<&str, Content> {
    let (i, _) = (tag_no_case("Current timezone"), space0, char(':'), space0).parse(i)?;
    let whole = |i| verify(ntp_status::zone_id, |id: &str| id.contains('/')).parse(i);
    map_opt(rest, |text: &str| {
        let inner = match text.rsplit_once('(') {
            Some((_, inside)) => inside.split_once(')').map(|(id, _)| id.trim())?,
            None => text.trim(),
        };
        let plain = (whole, opt((space1::<&str, nom::error::Error<&str>>, rest))).parse(inner).ok();
        plain.map(|(_, (id, _))| Content::Says(Says::TimeZone { id: id.into() }))
    })
    .parse(i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = read(text)
            .into_iter()
            .filter_map(|passage| match passage.content {
                Content::Says(Says::TimeZone { id }) => Some(id.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_zone_id_stands_in_brackets_or_alone() {
        check(FORMAT.samples[0], &["Europe/Warsaw"]);
        check(FORMAT.samples[1], &["Asia/Kolkata"]);
        check(FORMAT.samples[2], &["America/New_York"]);
    }

    #[test]
    fn a_name_without_an_id_says_nothing() {
        check("Current timezone: Central European Time\n", &[]);
        check("Current timezone: (x\n", &[]);
        check("Timezone version: 2012j\n", &[]);
        check("7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nCurrent timezone: America/New_York\n", &[]);
    }
}
