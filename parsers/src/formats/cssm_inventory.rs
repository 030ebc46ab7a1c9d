//! The inventory of CSSM as it is exported or copied: what was purchased, what is in use.
//!
//! Source: Smart Software Manager help, Inventory > Licenses (`License`, `Purchased`, `In Use`, `Balance` or
//! `Surplus/Shortage`, `Alerts`). The exported file was not seen: columns are found by name, in any order, separated by
//! commas, semicolons or tabs.
//!
//! ```text
//! License,Billing,Purchased,In Use,Balance,Alerts
//! CCX Flex Premium Seat,Prepaid,100,130,-30,Insufficient Licenses
//! ```

use super::{Content, DocumentFormat, Passage, service_list};
use crate::entitlements;
use crate::event::Says;
use crate::usage::csv::Splitter;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "cssm-inventory",
    read,
    samples: &[
        "License,Billing,Purchased,In Use,Balance,Alerts\nCCX Flex Premium Seat,Prepaid,100,130,-30,Insufficient Licenses\n\"CCX Flex Standard Seat\",Prepaid,\"1,000\",40,+960,\n",
        "Virtual Account: Voice\r\n\r\nLicense Name;In Use;Purchased;Surplus (+) / Shortage (-)\r\nCCX High Availability;1;1;0\r\n",
        "License\tPurchased\tIn Use\tBalance\nCCX Outbound Port-Flex\t20\t4\t16\n",
    ],
};

/// Columns of an inventory.
const COLUMNS_MAX: usize = 40;

/// What separates cells, most usual first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Where the columns stand.
#[derive(Clone, Copy, Debug)]
struct Columns {
    /// Index of the separator.
    separator: usize,
    name: usize,
    purchased: usize,
    in_use: Option<usize>,
    balance: Option<usize>,
}

/// Reads the inventory; empty if no row of one stands in the text.
fn read(text: &str) -> Vec<Passage> {
    if !text.contains("urchased") && !text.contains("PURCHASED") {
        return Vec::new();
    }
    let mut passages = Vec::new();
    let mut columns: Option<Columns> = None;
    let mut splitters = SEPARATORS.map(Splitter::new);
    let mut says = false;
    for (start, line) in service_list::free_lines(text) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let from = start + line.len() - line.trim_start().len();
        // Empty cells at the edges of a row are part of it.
        let row = line.trim_end_matches(['\r', '\n']);
        let range = from..from + trimmed.len();
        if let Some(found) = header(row, &mut splitters) {
            columns = Some(found);
            passages.push(Passage { range, content: Content::Known });
        } else if let Some(content) = columns.and_then(|columns| columns.read(row, &mut splitters)) {
            says |= matches!(content, Content::Says(_));
            passages.push(Passage { range, content });
        } else if trimmed.starts_with("admin:") {
            columns = None;
        }
    }
    if says { passages } else { Vec::new() }
}

/// Reads the line of the names; `None` if it is none.
fn header(line: &str, splitters: &mut [Splitter]) -> Option<Columns> {
    if !line.contains("urchased") && !line.contains("PURCHASED") {
        return None;
    }
    splitters.iter_mut().enumerate().find_map(|(separator, splitter)| {
        let cells = splitter.texts(line.trim_start_matches('\u{feff}'))?;
        if cells.len() > COLUMNS_MAX {
            return None;
        }
        let names: Vec<String> = cells.into_iter().map(plain).collect();
        let find = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        // A table with times is one of usage.
        if find(&["timestamp", "time", "date", "datetime"]).is_some() {
            return None;
        }
        let name = find(&["license", "licensename", "licence", "entitlement", "name"])?;
        let purchased = find(&["purchased", "quantitypurchased", "licensespurchased", "totalpurchased"])?;
        let in_use = find(&["inuse", "used", "licensesinuse"]);
        let balance = names.iter().position(|name| {
            name.starts_with("balance") || name.starts_with("surplus") || name.starts_with("shortage")
        });
        in_use.or(balance)?;
        Some(Columns { separator, name, purchased, in_use, balance })
    })
}

impl Columns {
    /// Reads a row; `None` if it is none.
    fn read(self, line: &str, splitters: &mut [Splitter]) -> Option<Content> {
        let cells = splitters.get_mut(self.separator)?.texts(line)?;
        let cell = |at: usize| cells.get(at).copied().filter(|cell| !cell.is_empty());
        let name = cell(self.name)?;
        if ["total", "totals", "grand total"].iter().any(|word| name.eq_ignore_ascii_case(word)) {
            return Some(Content::Known);
        }
        let purchased = u32::try_from(number(cell(self.purchased)?)?).ok()?;
        // A cell that is there must be a number: else the columns are not what they seem.
        let in_use = match self.in_use.and_then(cell) {
            Some(cell) => Some(u32::try_from(number(cell)?).ok()?),
            None => None,
        };
        let balance = match self.balance.and_then(cell) {
            Some(cell) => Some(number(cell)?),
            None => None,
        };
        let entitlement = entitlements::name(name);
        if entitlement.is_empty() {
            return None;
        }
        Some(Content::Says(Says::Purchased { entitlement, name: name.into(), purchased, in_use, balance }))
    }
}

/// `number = ["+" / "-"] digits / "(" digits ")"`, with commas or blanks between thousands.
fn number(cell: &str) -> Option<i64> {
    let (text, bracketed) = match cell.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (cell, false),
    };
    let digits = text.strip_prefix(['-', '\u{2212}']);
    let negative = digits.is_some() || bracketed;
    let digits = digits.or(text.strip_prefix('+')).unwrap_or(text).trim();
    let plain: String = digits.chars().filter(|c| !matches!(c, ',' | ' ' | '\u{a0}')).collect();
    if plain.is_empty() || plain.len() > 10 || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i64 = plain.parse().ok()?;
    Some(if negative { -value } else { value })
}

/// A column's name in lower case, letters only.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphabetic()).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, u32, Option<u32>, Option<i64>)]) {
        let found: Vec<_> = (read(text).into_iter())
            .filter_map(|passage| match passage.content {
                Content::Says(Says::Purchased { entitlement, purchased, in_use, balance, .. }) => {
                    Some((entitlement.to_string(), purchased, in_use, balance))
                }
                _ => None,
            })
            .collect();
        let found: Vec<_> = found.iter().map(|(name, a, b, c)| (name.as_str(), *a, *b, *c)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn an_inventory_is_read_by_its_header() {
        check(
            FORMAT.samples[0],
            &[("PREMIUM", 100, Some(130), Some(-30)), ("STANDARD", 1_000, Some(40), Some(960))],
        );
        check(FORMAT.samples[1], &[("HIGH_AVAILABILITY", 1, Some(1), Some(0))]);
        check(FORMAT.samples[2], &[("OUTBOUND_PORTS", 20, Some(4), Some(16))]);
        check("License,Purchased,Balance\nServer,2,(1)\nTotal,2,1\n", &[("SERVER", 2, None, Some(-1))]);
    }

    #[test]
    fn rows_that_are_none_say_nothing() {
        check("License,Purchased,In Use\nServer,many,1\nServer,1,x\n,1,1\nServer\n", &[]);
        check("License,Purchased\nServer,1\n", &[]);
        check("timestamp,License,Purchased,In Use\n2026-04-02T10:00:00Z,Server,1,1\n", &[]);
    }
}
