//! Tables of usage as CSV: CUIC's License Consumption report, and any CSV that the user says is one.
//!
//! Rows are lines: neither a time nor a count holds a line break, and a quote that is never closed loses one row
//! instead of the rest of the file. Source: CUIC report guide, "Unified License Consumption Report", for the columns;
//! the exported file itself was not seen.
//!
//! ```text
//! Date,Time,Maximum Standard Seats,Maximum Premium Seats,Maximum Inbound Ports,Maximum Outbound Ports
//! 4/2/26,10:15 AM,40,9,12,
//! ```

use std::sync::Arc;

use super::build::{Builder, Cells, Place, Writing};
use super::plan::{self, COLUMNS_MAX, Plan};
use super::{NOT_COUNTED, Tables, UsageKind, build};
use crate::lines;

/// Bytes of a member in which its header stands.
pub(crate) const HEAD: usize = 64 << 10;

/// Lines in front of which, and with it, a header stands.
const TITLE_MAX: usize = 40;

/// Lines that one header may cover: exports break long names within quotes.
const HEADER_LINES: usize = 10;

/// Longest row, in bytes.
const ROW_MAX: usize = 1 << 20;

/// What separates cells, most usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Why rows that are too long are unread.
const TOO_LONG: &str = "the row is too long";

/// A header that was found.
struct Header {
    plan: Plan,
    separator: u8,
    /// Offset of the first byte behind it.
    end: usize,
    /// Lines up to there.
    n_lines: u64,
}

/// True if the member that begins with `head` is a table of usage; of `expected` members, any CSV with a time and a
/// count is one.
pub(crate) fn is_table(head: &[u8], expected: bool) -> bool {
    find(head, expected).is_some()
}

/// Reads the member, and says what it is; no table if it is none.
pub(crate) fn read(text: &Arc<[u8]>, expected: bool) -> (UsageKind, Tables) {
    let Some(header) = find(text, expected) else { return (UsageKind::Csv, Tables::default()) };
    let kind = header.plan.kind;
    let mut split = Splitter::new(header.separator);
    let width = header.plan.header.len();
    let rest = text.get(header.end..).unwrap_or_default();
    let n_rows = bytecount::count(rest, b'\n') + 1;
    let writing = Writing { sheet: false, point_groups: header.separator == b';' };
    let mut builder = Builder::new(header.plan, writing, n_rows);
    let mut offset = header.end;
    for (line, number) in rest.split_inclusive(|byte| *byte == b'\n').zip(header.n_lines + 1..) {
        let row = line.strip_suffix(b"\n").unwrap_or(line);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let place = Place { offset, length: row.len(), line: number };
        offset += line.len();
        if row.is_empty() {
            continue;
        }
        match split.cells(row) {
            Some(cells) if (width..cells.ranges.len()).all(|at| cells.text(at).is_empty()) => {
                builder.row(cells, place);
            }
            Some(_) => builder.lose(place, "it has more cells than the header"),
            None => builder.lose(place, TOO_LONG),
        }
    }
    (kind, builder.finish(text))
}

/// Finds the header in the first bytes of a member.
fn find(text: &[u8], expected: bool) -> Option<Header> {
    let head = text.get(..text.len().min(HEAD)).unwrap_or_default();
    let mut offset = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for number in 1..=TITLE_MAX as u64 {
        let rest = head.get(offset..).filter(|rest| !rest.is_empty())?;
        let first = lines::first(rest);
        let line = rest.get(..first)?;
        if expected || is_report_like(line) {
            let (length, n_lines) = whole(rest, first);
            let header = rest.get(..length)?.trim_ascii_end();
            let end = offset + length;
            for separator in SEPARATORS {
                let plan = plan_of(header, separator, head.get(end..).unwrap_or_default(), expected);
                if let Some(plan) = plan {
                    return Some(Header { plan, separator, end, n_lines: number - 1 + n_lines });
                }
            }
        }
        offset += first;
    }
    None
}

/// True if a line may be, or begin, the header of the report: a quick look at every file there is.
fn is_report_like(line: &[u8]) -> bool {
    // A header names its date in front of its maxima.
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    line.len() < 16 << 10 && has(b"date") && (has(b"max") || line.contains(&b'"'))
}

/// Bytes and lines of the header that begins here, with the lines that its quotes hold together.
fn whole(rest: &[u8], first: usize) -> (usize, u64) {
    let mut length = first;
    let mut n_lines = 1;
    let open =
        |length: usize| rest.get(..length).is_some_and(|header| bytecount::count(header, b'"') % 2 == 1);
    while open(length) && n_lines < HEADER_LINES as u64 && length < rest.len() {
        length += lines::first(rest.get(length..).unwrap_or_default());
        n_lines += 1;
    }
    if open(length) { (first, 1) } else { (length, n_lines) }
}

/// The plan of a header, with `behind` as the rows that tell which columns hold numbers.
fn plan_of(header: &[u8], separator: u8, behind: &[u8], expected: bool) -> Option<Plan> {
    let mut split = Splitter::new(separator);
    let cells = split.cells(header)?;
    let names = cells.texts();
    if let Some(plan) = plan::report(&names) {
        return Some(plan);
    }
    if !expected {
        return None;
    }
    let writing = Writing { sheet: false, point_groups: separator == b';' };
    let mut rows = Splitter::new(separator);
    let mut seen = vec![(0_u32, 0_u32); names.len()];
    for row in behind.split(|byte| *byte == b'\n') {
        let Some(cells) = rows.cells(row.trim_ascii_end()) else { continue };
        for (at, seen) in seen.iter_mut().enumerate() {
            match build::count(cells.text(at).as_bytes(), writing) {
                Some(NOT_COUNTED) => {}
                Some(_) => seen.0 += 1,
                None => seen.1 += 1,
            }
        }
    }
    plan::given(&names, |at| seen.get(at).is_some_and(|(numbers, others)| *numbers > 0 && numbers >= others))
}

/// Cuts lines into cells.
pub(crate) struct Splitter {
    separator: u8,
    /// Reads rows with quotes; made when the first one comes, for its tables are large.
    quoted: Option<csv_core::Reader>,
    text: Vec<u8>,
    ends: Vec<usize>,
    ranges: Vec<(u32, u32)>,
}

impl Splitter {
    pub(crate) fn new(separator: u8) -> Self {
        Self { separator, quoted: None, text: Vec::new(), ends: Vec::new(), ranges: Vec::new() }
    }

    /// The cells of a row as text, blanks around them left out; `None` if it is too long.
    pub(crate) fn texts<'a>(&'a mut self, row: &'a str) -> Option<Vec<&'a str>> {
        Some(self.cells(row.as_bytes())?.texts())
    }

    /// The cells of a row; `None` if it is too long.
    fn cells<'a>(&'a mut self, row: &'a [u8]) -> Option<Cells<'a>> {
        if row.len() > ROW_MAX {
            return None;
        }
        self.ranges.clear();
        if memchr::memchr(b'"', row).is_some() {
            return self.quoted_cells(row);
        }
        let mut from = 0;
        // Cells are short: looking at each byte is quicker than a search that begins anew at every cell.
        for (at, _) in row.iter().enumerate().filter(|(_, byte)| **byte == self.separator).take(COLUMNS_MAX) {
            self.ranges.push((from, at as u32));
            from = at as u32 + 1;
        }
        self.ranges.push((from, row.len() as u32));
        Some(Cells { text: row, ranges: &self.ranges })
    }

    /// The cells of a row with quotes.
    fn quoted_cells(&mut self, row: &[u8]) -> Option<Cells<'_>> {
        let quoted = self.quoted.get_or_insert_with(|| {
            // A line break is text: the caller knows where rows end.
            let mut builder = csv_core::ReaderBuilder::new();
            builder.delimiter(self.separator).terminator(csv_core::Terminator::Any(0)).build()
        });
        quoted.reset();
        self.text.resize(row.len() + 1, 0);
        self.ends.resize(COLUMNS_MAX + 2, 0);
        let (mut input, mut n_text, mut n_ends) = (row, 0, 0);
        loop {
            let (text, ends) = (self.text.get_mut(n_text..)?, self.ends.get_mut(n_ends..)?);
            let (result, read, wrote, ended) = quoted.read_record(input, text, ends);
            input = input.get(read..)?;
            n_text += wrote;
            n_ends += ended;
            match result {
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::OutputFull
                | csv_core::ReadRecordResult::OutputEndsFull
                | csv_core::ReadRecordResult::End => return None,
            }
        }
        let mut from = 0;
        for end in self.ends.get(..n_ends)? {
            self.ranges.push((from, *end as u32));
            from = *end as u32;
        }
        Some(Cells { text: &self.text, ranges: &self.ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str, expected: bool) -> Tables {
        assert_eq!(is_table(text.as_bytes(), expected), find(text.as_bytes(), expected).is_some());
        read(&Arc::from(text.as_bytes()), expected).1
    }

    /// Rows as `stamp counts…`, with `-` for what was not counted; columns in front.
    fn shown(tables: &Tables) -> Vec<String> {
        let mut out = Vec::new();
        for table in &tables.tables {
            let name = |column: &crate::usage::UsageColumn| {
                format!("{}{}", column.entitlement, if column.purchased { "+" } else { "" })
            };
            out.push(table.columns.iter().map(name).collect::<Vec<_>>().join(" "));
            for (at, row) in table.rows.iter().enumerate() {
                let counts = table.columns.iter().map(|column| match column.counts[at] {
                    NOT_COUNTED => "-".to_owned(),
                    count => count.to_string(),
                });
                let stamp = row.stamp.written().replace(":00.000", "");
                out.push(format!("{stamp} | {}", counts.collect::<Vec<_>>().join(" ")));
            }
        }
        out
    }

    #[track_caller]
    fn check(text: &str, expected: bool, rows: &[&str]) {
        let tables = tables(text, expected);
        assert_eq!(shown(&tables), rows, "{:?}", tables.unread);
        assert_eq!(tables.n_unread, 0, "{:?}", tables.unread);
        for table in &tables.tables {
            for (at, row) in table.rows.iter().enumerate() {
                let span = table.span(at).unwrap();
                let line = text.lines().nth(row.line as usize - 1).unwrap();
                assert_eq!(&*span.text, line.trim_end_matches('\r'));
            }
        }
    }

    #[test]
    fn the_flex_view_of_the_report_is_read() {
        check(
            "Unified CCX License Consumption\r\nFrom 4/2/26 to 4/13/26\r\n\r\nDate,Time,Maximum Standard Seats,Maximum premium Seats,Maximum Inbound Ports,Maximum Outbound Ports\r\n4/2/26,11:45 PM,40,9,\"1,234\",\r\n4/13/26,12:00 AM,41,10,0,2\r\nTotal,,81,19,\"1,234\",2\r\n",
            false,
            &[
                "STANDARD PREMIUM INBOUND_PORTS OUTBOUND_PORTS",
                "Apr 02 2026 23:45 | 40 9 1234 -",
                "Apr 13 2026 00:00 | 41 10 0 2",
            ],
        );
    }

    #[test]
    fn the_perpetual_view_grouped_by_date_is_read() {
        check(
            "\u{feff}\"Date\";\"Time\";\"Max Inbound\nPorts\";\"Max Agent Seats\"\n28/04/2026;00:15;1.234;7\n;00:30;5;8\n29/04/2026;;;\n;00:15;5;8\n;;;\n;;10;9\n",
            false,
            &[
                "INBOUND_PORTS AGENTS",
                "Apr 28 2026 00:15 | 1234 7",
                "Apr 28 2026 00:30 | 5 8",
                "Apr 29 2026 00:15 | 5 8",
            ],
        );
    }

    #[test]
    fn the_steps_tell_day_from_month() {
        let header = "Date,Time,Max Agent Seats\n";
        let found = |rows: &str| tables(&format!("{header}{rows}"), false);
        let us = found("3/4/2026,23:45,1\n3/5/2026,00:00,2\n");
        assert_eq!(shown(&us)[1..], ["Mar 04 2026 23:45 | 1", "Mar 05 2026 00:00 | 2"]);
        assert_eq!(us.assumed, None);
        let uk = found("04/03/2026,23:45,1\n05/03/2026,00:00,2\n");
        assert_eq!(shown(&uk)[1..], ["Mar 04 2026 23:45 | 1", "Mar 05 2026 00:00 | 2"]);
        let day = found("4/2/2026,0:15,1\n4/2/2026,0:30,2\n");
        assert_eq!(shown(&day)[1..], ["Apr 02 2026 00:15 | 1", "Apr 02 2026 00:30 | 2"]);
        assert!(day.assumed.is_some(), "one day in both orders");
    }

    #[test]
    fn dates_that_cannot_be_told_are_unread() {
        for rows in ["3/4/2026,0:15,1\n9/8/2026,0:30,2\n", "13/4/2026,0:15,1\n4/13/2026,0:30,2\n"] {
            let read = tables(&format!("Date,Time,Max Agent Seats\n{rows}"), false);
            assert!(read.tables.is_empty());
            assert_eq!(read.n_unread, 2);
            assert_eq!(read.unread[0].line, 2);
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_counted_and_shown() {
        let read = tables(
            "Date,Time,Max Agent Seats\n2026-04-02,00:15,5\n2026-04-02,00:30,many\n2026-04-02,later,5\n2026-04-02,00:45,1,234\nGenerated by admin\n",
            false,
        );
        assert_eq!(read.records, 1);
        let reasons: Vec<_> = read.unread.iter().map(|it| (it.line, it.reason)).collect();
        assert_eq!(
            reasons,
            [
                (3, "a count is not a whole number"),
                (4, "its time cannot be read"),
                (5, "it has more cells than the header"),
                (6, "its time cannot be read")
            ]
        );
    }

    #[test]
    fn a_plain_csv_is_a_table_only_if_the_user_says_so() {
        let text = "timestamp,PREMIUM,STANDARD,purchased_premium,note\n2026-04-02T10:15:00Z,9,40,10,a\n2026-04-02T10:30:00Z,,41,10,\n";
        assert!(!is_table(text.as_bytes(), false));
        check(
            text,
            true,
            &[
                "PREMIUM STANDARD PREMIUM+",
                "Apr 02 2026 10:15 UTC | 9 40 10",
                "Apr 02 2026 10:30 UTC | - 41 10",
            ],
        );
        check("at_utc;x;in_use\n", true, &[]);
        check(
            "time_utc,in_use,purchased\n2026-04-02 10:15,5,7\n1775125800,6,7\n",
            true,
            &["LICENSES LICENSES+", "Apr 02 2026 10:15 UTC | 5 7", "Apr 02 2026 10:30 UTC | 6 7"],
        );
    }

    #[test]
    fn a_csv_with_an_entitlement_a_row_makes_a_table_of_each() {
        check(
            "timestamp,entitlement,count\n2026-04-02T10:15:00Z,stdseats,40\n2026-04-02T10:15:00Z,CCX Flex Premium Seat,9\n2026-04-02T10:30:00Z,CCX Flex Standard Seat,41\n",
            true,
            &[
                "STANDARD",
                "Apr 02 2026 10:15 UTC | 40",
                "Apr 02 2026 10:30 UTC | 41",
                "PREMIUM",
                "Apr 02 2026 10:15 UTC | 9",
            ],
        );
    }

    #[test]
    fn kinds_are_told_apart() {
        let report = "Date,Time,Max Agent Seats\n2026-04-02,00:15,5\n";
        assert_eq!(tables(report, true).tables[0].kind, UsageKind::CuicReport);
        let csv = "Date,Time,Agent Seats\n2026-04-02,00:15,5\n";
        assert_eq!(tables(csv, true).tables[0].kind, UsageKind::Csv);
        assert!(tables(csv, false).tables.is_empty());
    }

    #[test]
    fn a_log_is_no_table_even_if_it_is_expected() {
        for text in [
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:date, time, max seats\n",
            "",
            "\n\n",
            "Date,Time,Max Agents Logged In\n",
        ] {
            assert!(!is_table(text.as_bytes(), true), "{text}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_loses_one_row() {
        let read = tables("Date,Time,Max Agent Seats\n2026-04-02,00:15,\"5\n2026-04-02,00:30,6\n", false);
        assert!(read.records >= 1);
        assert!(shown(&read).contains(&"Apr 02 2026 00:30 | 6".to_owned()));
    }
}
