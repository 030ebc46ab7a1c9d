//! The page System > License Management of Unified CCX Administration, copied from the browser.
//!
//! Source: Administration and Operations Guide 12.5(1) SU3, System Menu, "License Management": the labels, the states,
//! the columns; its times are those of the server's zone. How a time is written was not seen: several ways are taken.
//! Copies have tabs, blanks or line breaks between a label and its value.
//!
//! ```text
//! Registration Status             Registered (Thu Apr 02 10:30:05 IST 2026)
//! License Authorization Status    Authorized (Thu Apr 02 10:31:00 IST 2026)
//! License Name                    Reported Usage    Status
//! CCX Flex Standard Seat          40                In Compliance
//! ```

use chrono::TimeDelta;

use super::{Content, DocumentFormat, Passage, alert_log, service_list};
use crate::entitlements;
use crate::event::{LicenseLine, Says};
use crate::license_words::{self as words, Labelled};
use crate::stamp::Stamp;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "license-management-page",
    read,
    samples: &[
        "License Management\nRegistration Status\tRegistered (Thu Apr 02 10:30:05 IST 2026)\nLicense Authorization Status\tOut of Compliance (Thu Apr 02 10:31:00 IST 2026)\nExport-Controlled Functionality\tNot Allowed\nSmart Account\tExample\nVirtual Account\tVoice\nProduct Instance Name\tuccxpub\nSerial Number\t53ecfccbfe23\nLicense Type\tFlex\n\nLicense Name\tReported Usage\tStatus\nCCX Flex Standard Seat 12.5\t40\tIn Compliance\nCCX Flex Premium Seat 12.5\t130\tOut of Compliance\n",
        "Registration Status : Registered - Specific License Reservation\r\nLicense Authorization Status : Authorized-Reserved (2026-04-02 10:31:00)\r\nLicense Name    Reserved Count    Reported Usage    Status\r\nCCX Outbound Port 12.5-Flex    20    4    Authorized-Reserved\r\n",
        "Registration Status\nUnregistered\nLicense Authorization Status\nEvaluation (85 days remaining)\nLicense Type\nPerpetual Premium\n",
        "License Management Registration Status Registered (Apr 02, 2026 10:30:05 AM) License Authorization Status In Compliance Smart Account Example Virtual Account Voice License Name Reported Usage Status UCCX Version 15 1 In Compliance CCX Flex Premium Seat 9 Waiting",
    ],
};

/// The labels of the page, of its table the first column.
const LABELS: [&str; 19] = [
    "Registration Status",
    "License Authorization Status",
    "License Type",
    "License Name",
    "License Management",
    "Smart Software Licensing Status",
    "Export-Controlled Functionality",
    "Smart Account",
    "Virtual Account",
    "Product Instance Name",
    "Serial Number",
    "License Usage",
    "Transport Settings",
    "Smart Licensing",
    "Transport URL",
    "Proxy Host",
    "Proxy Port",
    "Overage Allowance",
    "I have purchased High Availability License",
];

/// Longest value of a label, in bytes.
const VALUE_MAX: usize = 200;

/// Reads the page; empty if it states nothing.
fn read(text: &str) -> Vec<Passage> {
    let has_table = || text.contains("License Name") && text.contains("Reported Usage");
    if !text.contains("Registration Status") && !has_table() {
        return Vec::new();
    }
    let mut passages = Vec::new();
    for region in regions(text) {
        let part = text.get(region.clone()).unwrap_or_default();
        let labels = words::labelled(part, &LABELS, |_| false);
        let name = |it: &Labelled| LABELS.get(it.label).copied().unwrap_or_default();
        // The command line prints `License Authorization Status` too, but never these.
        let is_page = |it: &Labelled| {
            name(it) == "Registration Status"
                || name(it) == "License Name"
                    && part.get(it.value.clone()).is_some_and(|text| columns(text).is_some())
        };
        if !labels.iter().any(is_page) {
            continue;
        }
        for it in &labels {
            let value = part.get(it.value.clone()).unwrap_or_default();
            let (from, at) = (region.start + it.start, region.start + it.value.start);
            item(name(it), from, at, value, &mut passages);
        }
    }
    let says = |passage: &Passage| matches!(passage.content, Content::Says(_));
    if passages.iter().any(says) { passages } else { Vec::new() }
}

/// The parts of a text that neither a log record nor a prompt interrupts.
fn regions(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut regions: Vec<std::ops::Range<usize>> = Vec::new();
    for (start, line) in service_list::free_lines(text) {
        if line.trim_start().starts_with("admin:") {
            // The next line begins anew.
            regions.push(start..start);
            continue;
        }
        match regions.last_mut() {
            Some(region) if region.end == start && region.start < start => region.end += line.len(),
            _ => regions.push(start..start + line.len()),
        }
    }
    regions
}

/// Reads a label at `from` with its value at `at`.
fn item(name: &str, from: usize, at: usize, value: &str, passages: &mut Vec<Passage>) {
    // What stands on a line of its own behind the value belongs to nothing.
    let line = value.split(['\n', '\r', '\t']).next().unwrap_or_default().trim_end();
    let mut push = |content: Content, length: usize| {
        passages.push(Passage { range: from..at + length, content });
    };
    let license = |line: LicenseLine| Content::Says(Says::License(line));
    match name {
        "Registration Status" | "License Authorization Status" => {
            let (word, inner) = parts(line);
            let at = inner.and_then(stamp);
            let says = if name == "Registration Status" {
                words::registration(word).map(|state| LicenseLine::Registration {
                    state,
                    at,
                    word: word.into(),
                })
            } else {
                words::authorization(word).map(|state| LicenseLine::Authorization {
                    state,
                    at,
                    word: word.into(),
                })
            };
            let Some(says) = says else { return };
            push(license(says), line.len());
            if let Some(left) = inner.and_then(days) {
                push(license(LicenseLine::EvaluationLeft { left }), line.len());
            }
        }
        "License Type" if !line.is_empty() && line.len() <= VALUE_MAX => {
            push(license(LicenseLine::LicenseType { name: line.into() }), line.len());
        }
        "License Name" => {
            if let Some((reserved, behind)) = columns(value) {
                push(Content::Known, behind);
                rows(value, behind, reserved, at, passages);
            }
        }
        "Overage Allowance" => {
            let enabled = switch(line);
            let said = enabled.map(|enabled| license(LicenseLine::OverageAllowance { enabled }));
            push(said.unwrap_or(Content::Known), line.len());
        }
        "I have purchased High Availability License" => {
            let said = switch(line).map(|purchased| license(LicenseLine::HighAvailability { purchased }));
            push(said.unwrap_or(Content::Known), line.len());
        }
        "Transport URL" if line.starts_with("http") && line.len() <= VALUE_MAX => {
            let url = line.split_whitespace().next().unwrap_or(line);
            push(license(LicenseLine::Url { url: url.into() }), line.len());
        }
        "Proxy Host" if line.len() <= VALUE_MAX => {
            let none = line.is_empty() || ["none", "n/a", "-"].contains(&line.to_ascii_lowercase().as_str());
            let host = (!none).then(|| line.into());
            push(license(LicenseLine::Proxy { host }), line.len());
        }
        // A heading has no value.
        "License Management" | "License Usage" | "Smart Licensing" => {
            push(Content::Known, 0);
            if let Some(last) = passages.last_mut() {
                last.range = from..from + name.len();
            }
        }
        _ if line.len() <= VALUE_MAX => push(Content::Known, line.len()),
        _ => {}
    }
}

/// What a switch or a box of the page says. How a copy writes a box was not seen: several ways are taken, and anything
/// else says nothing.
fn switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "enabled" | "enable" | "on" | "yes" | "checked" | "selected" | "[x]" | "true" => Some(true),
        "disabled" | "disable" | "off" | "no" | "unchecked" | "not selected" | "[ ]" | "false" => Some(false),
        _ => None,
    }
}

/// `state [SP] ["(" … ")"]`
fn parts(line: &str) -> (&str, Option<&str>) {
    match line.split_once('(') {
        Some((word, inner)) => (word.trim(), Some(inner.rsplit_once(')').map_or(inner, |(inner, _)| inner))),
        None => (line, None),
    }
}

/// The time within the brackets; `None` where day and month could be either.
fn stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    if let Ok((_, stamp)) = words::stamp(text) {
        return Some(stamp);
    }
    let stamp = alert_log::whole_stamp(text)?;
    (!text.contains('/') || stamp.day > 12 || stamp.day == stamp.month).then_some(stamp)
}

/// `… number SP "day" ["s"] …`
fn days(text: &str) -> Option<TimeDelta> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).find_map(|pair| match pair {
        [number, unit] if unit.to_ascii_lowercase().starts_with("day") => {
            TimeDelta::try_days(number.parse::<u16>().ok()?.into())
        }
        _ => None,
    })
}

/// Whether the table has the column of a reservation, and the bytes of the heading behind its first column.
fn columns(text: &str) -> Option<(bool, usize)> {
    let mut rest = text;
    let mut take = |word: &str| match rest.trim_start().strip_prefix(word) {
        Some(behind) => {
            rest = behind;
            true
        }
        None => false,
    };
    let reserved = take("Reserved Count");
    (take("Reported Usage") && take("Status")).then(|| (reserved, text.len() - rest.len()))
}

/// Rows of the table: a name, a number or two, a known status; whatever separates them.
fn rows(text: &str, from: usize, reserved: bool, at: usize, passages: &mut Vec<Passage>) {
    let mut start = from;
    let mut next = from;
    while let Some(word) = next_word(text, next) {
        next = word.end;
        let number = |range: &std::ops::Range<usize>| -> Option<u32> {
            let word = text.get(range.clone())?;
            word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?
        };
        let Some(mut count) = number(&word) else { continue };
        let mut end = word.end;
        if reserved {
            let Some(second) = next_word(text, end) else { break };
            let Some(used) = number(&second) else { continue };
            (count, end) = (used, second.end);
        }
        let behind = text.get(end..).unwrap_or_default();
        let Some(status) = words::known_status(behind.trim_start()) else { continue };
        let end = end + behind.len() - behind.trim_start().len() + status.len();
        let name = text.get(start..word.start).unwrap_or_default();
        // A broken row in front of this one stands on a line of its own.
        let begin = name.trim_end().rfind('\n').map_or(0, |newline| newline + 1);
        let name = name.get(begin..).unwrap_or_default();
        let begin = start + begin + name.len() - name.trim_start().len();
        let name = name.trim();
        (start, next) = (end, end);
        if name.is_empty() || name.len() > VALUE_MAX {
            continue;
        }
        let line = LicenseLine::Entitlement {
            entitlement: entitlements::name(name),
            name: name.into(),
            count: Some(count),
            status: Some(status.into()),
        };
        passages.push(Passage { range: at + begin..at + end, content: Content::Says(Says::License(line)) });
    }
}

/// The next word at or behind an offset.
fn next_word(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(from..)?;
    let start = from + rest.find(|c: char| !c.is_whitespace())?;
    let word = text.get(start..)?;
    Some(start..start + word.find(char::is_whitespace).unwrap_or(word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let stamp = |at: &Option<Stamp>| at.map_or("-".to_owned(), |at| at.written().replace(".000", ""));
        let said: Vec<String> = (read(text).into_iter())
            .filter_map(|passage| match passage.content {
                Content::Says(Says::License(line)) => Some(match line {
                    LicenseLine::Registration { state, at, .. } => {
                        format!("registration {state} {}", stamp(&at))
                    }
                    LicenseLine::Authorization { state, at, .. } => {
                        format!("authorization {state} {}", stamp(&at))
                    }
                    LicenseLine::EvaluationLeft { left } => format!("left {}", left.num_days()),
                    LicenseLine::Entitlement { entitlement, name, count, status } => {
                        format!("{entitlement} {name} {} {}", count.unwrap(), status.unwrap())
                    }
                    LicenseLine::LicenseType { name } => format!("type {name}"),
                    LicenseLine::Time { .. } => "time".to_owned(),
                    other => format!("{other:?}"),
                }),
                _ => None,
            })
            .collect();
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn switches_and_the_way_to_cssm_are_read() {
        let page = "License Management\nRegistration Status\tRegistered\nTransport URL\thttps://ssm.example.com/Transportgateway/services/DeviceRequestHandler\nProxy Host\tproxy.example.com\nProxy Port\t8080\nOverage Allowance\tDisabled\nI have purchased High Availability License\t[x]\n";
        check(
            page,
            &[
                "registration registered -",
                "Url { url: \"https://ssm.example.com/Transportgateway/services/DeviceRequestHandler\" }",
                "Proxy { host: Some(\"proxy.example.com\") }",
                "OverageAllowance { enabled: false }",
                "HighAvailability { purchased: true }",
            ],
        );
        check(
            &page.replace("Disabled", "maybe").replace("\t[x]", "\t?"),
            &[
                "registration registered -",
                "Url { url: \"https://ssm.example.com/Transportgateway/services/DeviceRequestHandler\" }",
                "Proxy { host: Some(\"proxy.example.com\") }",
            ],
        );
    }

    const PAGE: &[&str] = &[
        "registration registered Apr 02 2026 10:30:05 IST",
        "authorization out_of_compliance Apr 02 2026 10:31:00 IST",
        "type Flex",
        "STANDARD CCX Flex Standard Seat 12.5 40 In Compliance",
        "PREMIUM CCX Flex Premium Seat 12.5 130 Out of Compliance",
    ];

    #[test]
    fn a_page_is_read_whatever_separates_its_cells() {
        check(FORMAT.samples[0], PAGE);
        check(&FORMAT.samples[0].replace('\t', "     "), PAGE);
        check(&FORMAT.samples[0].replace('\t', "\n"), PAGE);
        check(&FORMAT.samples[0].replace('\n', "\r\n"), PAGE);
        check(&FORMAT.samples[0].split_whitespace().collect::<Vec<_>>().join(" "), PAGE);
    }

    #[test]
    fn every_line_of_it_is_explained() {
        for text in FORMAT.samples {
            let passages = read(text);
            for (start, line) in service_list::lines(text).filter(|(_, line)| !line.trim().is_empty()) {
                let covered = |p: &Passage| p.range.start < start + line.len() && start < p.range.end;
                assert!(passages.iter().any(covered), "{line}");
            }
        }
    }

    #[test]
    fn reservation_has_a_column_of_its_own() {
        check(
            FORMAT.samples[1],
            &[
                "registration registered_reservation -",
                "authorization authorized_reserved Apr 02 2026 10:31:00",
                "OUTBOUND_PORTS CCX Outbound Port 12.5-Flex 4 Authorized-Reserved",
            ],
        );
    }

    #[test]
    fn evaluation_has_days_left() {
        check(
            FORMAT.samples[2],
            &[
                "registration unregistered -",
                "authorization evaluation -",
                "left 85",
                "type Perpetual Premium",
            ],
        );
    }

    #[test]
    fn a_number_in_a_name_is_no_count() {
        check(
            FORMAT.samples[3],
            &[
                "registration registered Apr 02 2026 10:30:05",
                "authorization in_compliance -",
                "UCCX_VERSION_15 UCCX Version 15 1 In Compliance",
                "PREMIUM CCX Flex Premium Seat 9 Waiting",
            ],
        );
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        check("Registration Status Pending\nLicense Authorization Status Unclear\n", &[]);
        check("License Name Reported Usage Status\nSeats many In Compliance\n", &[]);
        check("Registration Status\nadmin:Registered\n", &[]);
        check("Registration Status Registered (04/05/2026 10:00:00)", &["registration registered -"]);
        let text = "Registration Status Registered\nbroken row 7\nLicense Name Reported Usage Status\nx y\nSeats 5 Waiting\n";
        check(text, &["registration registered -", "SEATS Seats 5 Waiting"]);
        assert!(read(text).iter().all(|p| !text[p.range.clone()].contains("x y")));
    }
}
