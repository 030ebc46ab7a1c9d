//! What the columns of a table are, told from its header.

use std::sync::Arc;

use super::UsageKind;
use crate::entitlements;
use crate::stamp::ZoneMark;

/// Columns beyond which a line is not taken for a header.
pub(super) const COLUMNS_MAX: usize = 1_000;

/// The entitlement of a column that says only that licences are counted.
pub(super) const GENERIC: &str = "LICENSES";

/// What the columns of a table are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where the table comes from.
    pub(super) kind: UsageKind,
    /// Where the time stands.
    pub(super) when: When,
    /// The zone that the header names.
    pub(super) zone: ZoneMark,
    /// The columns that count.
    pub(super) counts: Vec<Count>,
    /// Where the entitlement is named, in a table with one entitlement a row.
    pub(super) named_in: Option<usize>,
    /// The header's cells in plain letters: a page that begins anew repeats them.
    pub(super) header: Vec<String>,
}

/// Where the time of a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// In one column.
    Whole(usize),
    /// The date in one, the time of day in another.
    Split {
        /// Column of the date.
        date: usize,
        /// Column of the time.
        time: usize,
    },
}

/// A column that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// Which column.
    pub(super) at: usize,
    /// Which entitlement.
    pub(super) entitlement: Arc<str>,
    /// True for the number purchased.
    pub(super) purchased: bool,
}

/// A column's name in lower case, letters and digits only.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(200).collect()
}

/// Reads a header of CUIC's License Consumption report; `None` if the line is none.
///
/// Source: CUIC report guide, "Unified License Consumption Report" (names of the columns). The header of an exported
/// file was not seen: columns are found by name, in any order.
pub(super) fn report(cells: &[&str]) -> Option<Plan> {
    let header = header(cells)?;
    let counts: Vec<Count> = (header.iter().zip(cells).enumerate())
        .filter(|(_, (name, _))| {
            let words = ["standard", "std", "premium", "agent", "inbound", "outbound"];
            name.starts_with("max")
                && (name.contains("seat") || name.contains("port"))
                && words.iter().any(|word| name.contains(word))
        })
        .map(|(at, (_, cell))| Count { at, entitlement: entitlements::name(cell), purchased: false })
        .collect();
    let when = when(&header, &[])?;
    (!counts.is_empty()).then_some(Plan {
        kind: UsageKind::CuicReport,
        when,
        zone: ZoneMark::None,
        counts,
        named_in: None,
        header,
    })
}

/// Reads the header of a CSV that the user says is a table of usage. `numbers` tells of a column whether it holds
/// numbers. `None` if no column is a time, or none counts.
pub(super) fn given(cells: &[&str], numbers: impl Fn(usize) -> bool) -> Option<Plan> {
    let header = header(cells)?;
    let when =
        when(&header, &["timestamp", "datetime", "time", "at", "ts", "date", "when", "interval", "day"])?;
    let taken = match when {
        When::Whole(at) => [at, at],
        When::Split { date, time } => [date, time],
    };
    let names = ["entitlement", "entitlementtag", "license", "licence", "licensename", "name"];
    let named_in = header
        .iter()
        .enumerate()
        .position(|(at, name)| names.contains(&name.as_str()) && !taken.contains(&at) && !numbers(at));
    let mut counts: Vec<Count> = (cells.iter().enumerate())
        .filter(|(at, _)| !taken.contains(at) && Some(*at) != named_in && numbers(*at))
        .filter_map(|(at, cell)| {
            let (name, purchased) = purchased(cell);
            let entitlement = match generic(&name) {
                true => GENERIC.into(),
                false => entitlements::name(&name),
            };
            (!entitlement.is_empty()).then_some(Count { at, entitlement, purchased })
        })
        .collect();
    if named_in.is_some() {
        // One count a row, and maybe the number purchased: which other column counts is anybody's guess.
        counts.retain(|count| &*count.entitlement == GENERIC);
    } else {
        // `purchased` beside one column belongs to that column.
        let mut used = counts.iter().filter(|count| !count.purchased);
        if let (Some(only), None) = (used.next().map(|count| Arc::clone(&count.entitlement)), used.next())
            && let Some(bare) =
                counts.iter_mut().find(|count| count.purchased && &*count.entitlement == GENERIC)
        {
            bare.entitlement = only;
        }
    }
    let column = |at: usize| header.get(at).map(String::as_str).unwrap_or_default();
    let utc = taken.iter().any(|at| column(*at).ends_with("utc") || column(*at).ends_with("gmt"));
    let zone = if utc { ZoneMark::Utc } else { ZoneMark::None };
    let in_use = counts.iter().any(|count| !count.purchased);
    in_use.then_some(Plan { kind: UsageKind::Csv, when, zone, counts, named_in, header })
}

/// Reads the names of the columns of a query; `None` unless one is the time and one counts.
///
/// Source: Database Schema Guide 15.0 (`FlexLicenseUsage`, `LicenseUtilizationDetail`).
pub(super) fn query(cells: &[&str]) -> Option<Plan> {
    const KNOWN: [&str; 6] = [
        "inboundportsinuse",
        "outboundportsinuse",
        "stdseats",
        "premseats",
        "inboundseatsinuse",
        "outboundseatsinuse",
    ];
    let header = header(cells)?;
    let at = header.iter().position(|name| name == "timestamp")?;
    let counts: Vec<Count> = (header.iter().enumerate())
        .filter(|(_, name)| KNOWN.contains(&name.as_str()))
        .map(|(at, name)| Count { at, entitlement: entitlements::name(name), purchased: false })
        .collect();
    (!counts.is_empty()).then_some(Plan {
        kind: UsageKind::SqlOutput,
        when: When::Whole(at),
        zone: ZoneMark::None,
        counts,
        named_in: None,
        header,
    })
}

/// The names in plain letters; `None` for a single cell, or for more than any table has.
fn header(cells: &[&str]) -> Option<Vec<String>> {
    ((2..=COLUMNS_MAX).contains(&cells.len())).then(|| cells.iter().map(|cell| plain(cell)).collect())
}

/// The columns of the time: `date` and `time`, else the first one that has a name of `whole`.
fn when(header: &[String], whole: &[&str]) -> Option<When> {
    let bare = |name: &str| name.trim_end_matches("utc").trim_end_matches("gmt").to_owned();
    let find = |known: &str| header.iter().position(|name| bare(name) == known);
    let date = find("date").or_else(|| find("intervaldate"));
    let time = find("time").or_else(|| find("intervaltime")).or_else(|| find("interval"));
    if let (Some(date), Some(time)) = (date, time) {
        return Some(When::Split { date, time });
    }
    let whole = whole.iter().chain(&["datetime", "dateandtime", "timestamp"]);
    whole.filter_map(|name| find(name)).next().map(When::Whole)
}

/// The name of a column less `purchased`, and whether it said so.
fn purchased(cell: &str) -> (String, bool) {
    const WORDS: [&str; 4] = ["purchased", "entitled", "owned", "bought"];
    let words: Vec<&str> =
        cell.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let says = |word: &&str| WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let edge = |word: Option<&&str>| word.is_some_and(says);
    if !edge(words.first()) && !edge(words.last()) {
        return (cell.trim().to_owned(), false);
    }
    (words.into_iter().filter(|word| !says(word)).collect::<Vec<_>>().join(" "), true)
}

/// True for a name that does not say what is counted.
fn generic(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "", "inuse", "used", "usage", "count", "counts", "license", "licenses", "licence", "licences",
        "quantity", "value", "total",
    ];
    NAMES.contains(&plain(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(plan: Option<Plan>, expected: Option<&[(&str, bool)]>) {
        let found = plan.as_ref().map(|plan| {
            plan.counts.iter().map(|count| (&*count.entitlement, count.purchased)).collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected);
    }

    fn of(header: &str) -> Option<Plan> {
        given(&header.split(',').collect::<Vec<_>>(), |at| at > 0)
    }

    #[test]
    fn columns_of_a_csv_are_entitlements_by_their_names() {
        check(
            of("timestamp,CCX Flex Premium Seat,stdseats"),
            Some(&[("PREMIUM", false), ("STANDARD", false)]),
        );
        check(of("time,in_use"), Some(&[("LICENSES", false)]));
        check(of("at,e-mail bots"), Some(&[("E_MAIL_BOTS", false)]));
    }

    #[test]
    fn purchased_belongs_to_the_column_that_it_names() {
        check(of("timestamp,PREMIUM,PREMIUM_purchased"), Some(&[("PREMIUM", false), ("PREMIUM", true)]));
        check(of("timestamp,purchased_std,std"), Some(&[("STANDARD", true), ("STANDARD", false)]));
        check(of("timestamp,PREMIUM,purchased"), Some(&[("PREMIUM", false), ("PREMIUM", true)]));
        check(of("timestamp,in_use,purchased"), Some(&[("LICENSES", false), ("LICENSES", true)]));
        check(of("timestamp,a,b,purchased"), Some(&[("A", false), ("B", false), ("LICENSES", true)]));
    }

    #[test]
    fn a_header_without_time_or_count_is_none() {
        check(of("name,count"), None);
        check(of("timestamp,purchased"), None);
        check(of("timestamp"), None);
        check(of(&format!("timestamp{}", ",a".repeat(COLUMNS_MAX))), None);
    }

    #[test]
    fn the_report_of_another_product_is_not_this_one() {
        assert!(report(&["Date", "Time", "Max Agents Logged In", "Max Dialer Ports"]).is_none());
        assert!(report(&["Date", "Time", "Maximum premium Seats", "Max Inbound Ports"]).is_some());
        assert!(report(&["Date", "Maximum premium Seats"]).is_none());
    }

    #[test]
    fn a_query_names_a_time_and_a_count() {
        check(query(&["PREMSEATS", "timestamp", "nodeid"]), Some(&[("PREMIUM", false)]));
        check(query(&["timestamp", "nodeid"]), None);
        check(query(&["stdseats", "premseats"]), None);
    }
}
