//! What `run uccx sql db_cra select … from FlexLicenseUsage` prints, as a file or within a pasted session.
//!
//! Source: Database Schema Guide 15.0 (tables and columns). The layout was not seen in public: names in any order and
//! case, a line of `=` or `-` or none, columns separated by blanks; a cell that is empty is told by where the names
//! stand.
//!
//! ```text
//! admin:run uccx sql db_cra select * from FlexLicenseUsage
//! TIMESTAMP               STDSEATS  PREMSEATS
//! ===========================================
//! 2026-04-02 10:15:00.0   40        9
//! ```

use std::ops::Range;
use std::sync::Arc;

use super::build::{Builder, Cells, Fate, Place, Writing, unread};
use super::plan::{self, Plan, When};
use super::{Tables, UsageTable};
use crate::lines::{self, Layout};

/// Lines of a member in which its header stands.
const TITLE_MAX: usize = 60;

/// Longest line that is looked at, in bytes.
const LINE_MAX: usize = 4_096;

/// Tables of one text; a session has a few.
const TABLES_MAX: usize = 256;

/// Unread lines that are kept as examples.
const EXAMPLES: usize = 20;

/// What reading an output gives.
pub(crate) struct Output {
    /// The tables, and the rows of them that could not be read.
    pub(crate) tables: Tables,
    /// Bytes that were understood, in order.
    pub(crate) explained: Vec<Range<usize>>,
}

/// True if the member that begins with `head` holds such an output in front of any log record.
pub(crate) fn is_output(head: &[u8]) -> bool {
    if !has_name(head.get(..head.len().min(16 << 10)).unwrap_or_default()) {
        return false;
    }
    let mut lines = head.split(|byte| *byte == b'\n').take(TITLE_MAX);
    lines.by_ref().take_while(|line| !is_log(line)).any(|line| Header::read(line).is_some())
}

/// A header that begins a log record: its line, or any other that begins one.
fn is_log(line: &[u8]) -> bool {
    lines::begins(Layout::Trace, line)
}

/// True if the time's column may be named here: a quick look at every text there is.
pub(crate) fn has_name(text: &[u8]) -> bool {
    memchr::memchr2_iter(b't', b'T', text)
        .any(|at| text.get(at..at + 9).is_some_and(|word| word.eq_ignore_ascii_case(b"timestamp")))
}

/// Reads all outputs of a text.
pub(crate) fn read(text: &Arc<[u8]>) -> Output {
    let mut out = Output { tables: Tables::default(), explained: Vec::new() };
    if !has_name(text) {
        return out;
    }
    let mut open: Option<(Header, Builder)> = None;
    let mut command: Option<Range<usize>> = None;
    let (mut offset, mut number, mut n_tables) = (0, 0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let start = offset;
        offset += line.len();
        number += 1;
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() {
            continue;
        }
        let from = start + line.len() - line.trim_ascii_start().len();
        let range = from..from + trimmed.len();
        if let Some(header) = Header::read(line) {
            // Long outputs repeat their names.
            if open.as_ref().is_some_and(|(known, _)| *known == header) {
                out.explained.push(range);
                continue;
            }
            n_tables += 1;
            if n_tables > TABLES_MAX {
                close(&mut open, text, &mut out);
                continue;
            }
            close(&mut open, text, &mut out);
            out.explained.extend(command.take());
            out.explained.push(range);
            open = Some((header.clone(), Builder::new(header.plan, Writing::default(), 0)));
        } else if is_command(trimmed) {
            close(&mut open, text, &mut out);
            command = Some(range);
        } else if let Some((header, builder)) = &mut open {
            if is_rule(trimmed) {
                out.explained.push(range);
            } else if trimmed.starts_with(b"admin:") || is_log(line) {
                if trimmed == b"admin:" {
                    out.explained.push(range);
                }
                close(&mut open, text, &mut out);
            } else if trimmed.first().is_some_and(u8::is_ascii_digit) || header.plan.when != When::Whole(0) {
                let place = Place { offset: range.start, length: range.len(), line: number };
                let indent = from - start;
                match header.cells(line, indent) {
                    Some((cells, ranges)) => {
                        let fate = builder.row(Cells { text: &cells, ranges: &ranges }, place);
                        if fate == Fate::Known {
                            out.explained.push(range);
                        }
                    }
                    None => builder.lose(place, "its cells are not those of the header"),
                }
            }
        }
    }
    close(&mut open, text, &mut out);
    out.explained.sort_unstable_by_key(|range| range.start);
    out
}

/// Reads a member that holds nothing else: every line that was not understood counts as unread.
pub(crate) fn read_member(text: &Arc<[u8]>) -> Tables {
    let Output { mut tables, explained } = read(text);
    let mut explained = explained.into_iter().peekable();
    tables.n_unread = 0;
    let reasons: Vec<_> = std::mem::take(&mut tables.unread);
    let (mut offset, mut number) = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let range = offset..offset + line.len();
        offset = range.end;
        number += 1;
        while explained.next_if(|known| known.end <= range.start).is_some() {}
        let known = explained.peek().is_some_and(|known| known.start < range.end);
        let line = line.trim_ascii_end();
        if known || line.is_empty() {
            continue;
        }
        tables.n_unread += 1;
        if tables.unread.len() < EXAMPLES {
            let reason =
                reasons.iter().find(|it| it.line == number).map_or("no known format", |it| it.reason);
            tables.unread.push(unread(
                text,
                Place { offset: range.start, length: line.len(), line: number },
                reason,
            ));
        }
    }
    tables
}

/// Ends the open table.
fn close(open: &mut Option<(Header, Builder)>, text: &Arc<[u8]>, out: &mut Output) {
    let Some((_, builder)) = open.take() else { return };
    let Tables { tables, records, n_unread, unread, assumed } = builder.finish(text);
    let rows = |table: &UsageTable| -> Vec<Range<usize>> {
        let range = |row: &super::UsageRow| row.offset as usize..row.offset as usize + row.length as usize;
        table.rows.iter().map(range).collect()
    };
    out.explained.extend(tables.iter().flat_map(rows));
    out.tables.tables.extend(tables);
    out.tables.records += records;
    out.tables.n_unread += n_unread;
    out.tables.unread.extend(unread);
    out.tables.assumed = out.tables.assumed.or(assumed);
}

/// `["admin:"] "run" ["uccx"] "sql" …`
fn is_command(line: &[u8]) -> bool {
    let line = line.get(..line.len().min(200)).unwrap_or_default().to_ascii_lowercase();
    let line = line.strip_prefix(b"admin:").unwrap_or(&line).trim_ascii();
    line.starts_with(b"run uccx sql") || line.starts_with(b"run sql")
}

/// A line of `=`, `-`, `+`, `|` and blanks.
fn is_rule(line: &[u8]) -> bool {
    line.len() >= 3
        && line.iter().all(|byte| matches!(byte, b'=' | b'-' | b'+' | b'|' | b' ' | b'\t'))
        && line.iter().any(|byte| matches!(byte, b'=' | b'-'))
}

/// The names of the columns.
#[derive(Clone, PartialEq, Eq)]
struct Header {
    plan: Plan,
    /// Where each name begins in its line.
    starts: Vec<usize>,
}

impl Header {
    /// Reads the line of the names; `None` if it is none.
    fn read(line: &[u8]) -> Option<Self> {
        if line.len() > LINE_MAX || !has_name(line) {
            return None;
        }
        let words = words(line, 0);
        let text = |word: &(usize, &[u8])| -> Option<String> {
            let word = std::str::from_utf8(word.1).ok()?;
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
            // `f.timestamp` is a column of the table `f`.
            word.chars().all(fits).then(|| word.rsplit('.').next().unwrap_or(word).to_owned())
        };
        let names: Vec<String> = words.iter().map(text).collect::<Option<_>>()?;
        let plan = plan::query(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        Some(Self { plan, starts: words.iter().map(|(at, _)| *at).collect() })
    }

    /// The cells of a row, one behind the other; `None` if they are not as many as the names.
    #[expect(clippy::type_complexity, reason = "the two halves of `Cells`, owned")]
    fn cells(&self, line: &[u8], indent: usize) -> Option<(Vec<u8>, Vec<(u32, u32)>)> {
        if line.len() > LINE_MAX {
            return None;
        }
        let When::Whole(time) = self.plan.when else { return None };
        let words = words(line, indent);
        let n_names = self.starts.len();
        let mut text = Vec::with_capacity(line.len());
        let mut ranges = Vec::with_capacity(n_names);
        let mut push = |parts: &[&[u8]]| {
            let from = text.len() as u32;
            text.extend_from_slice(&parts.join(&b' '));
            ranges.push((from, text.len() as u32));
        };
        // Words of the time: a date, a time of day, maybe the half of the day.
        let surplus = (words.len() + 1).checked_sub(n_names).filter(|surplus| (1..=3).contains(surplus));
        let fits = |surplus: &usize| {
            let cell = words.get(time..time + surplus).unwrap_or_default();
            let cell = cell.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(&b' ');
            // A date alone is no time if the time of day follows: then a cell behind it is empty.
            let next = words.get(time + surplus).is_some_and(|(_, word)| word.contains(&b':'));
            !next && std::str::from_utf8(&cell).is_ok_and(|cell| super::times::moment(cell, false).is_some())
        };
        match surplus.filter(fits) {
            Some(surplus) => {
                let mut words = words.iter().map(|(_, word)| *word);
                for column in 0..n_names {
                    let n = if column == time { surplus } else { 1 };
                    push(&words.by_ref().take(n).collect::<Vec<_>>());
                }
            }
            None => {
                // A cell is empty: what stands under a name belongs to it.
                for (column, start) in self.starts.iter().enumerate() {
                    let end = self.starts.get(column + 1).copied().unwrap_or(usize::MAX);
                    let from = if column == 0 { 0 } else { *start };
                    let under = words.iter().filter(|(at, _)| (from..end).contains(at));
                    push(&under.map(|(_, word)| *word).collect::<Vec<_>>());
                }
            }
        }
        Some((text, ranges))
    }
}

/// The words of a line and where each begins; `|` separates too.
fn words(line: &[u8], from: usize) -> Vec<(usize, &[u8])> {
    let mut words = Vec::new();
    let mut at = from;
    let is_gap = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'|';
    for word in line.get(from..).unwrap_or_default().split(is_gap) {
        if !word.is_empty() {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::NOT_COUNTED;

    const SESSION: &str = "admin:run uccx sql db_cra select * from FlexLicenseUsage\n\
        TIMESTAMP               INBOUNDPORTSINUSE  STDSEATS  PREMSEATS\n\
        ===============================================================\n\
        2026-04-02 10:15:00.0   12                 40        9\n\
        2026-04-02 10:30:00.0   12                           9\n\
        2026-04-02 10:45:00.0   12                 NULL      9\n\
        \n\
        admin:\n";

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &[u32])]) {
        let output = read(&Arc::from(text.as_bytes()));
        assert_eq!(output.tables.n_unread, 0, "{:?}", output.tables.unread);
        let mut rows = Vec::new();
        for table in &output.tables.tables {
            for (at, row) in table.rows.iter().enumerate() {
                let counts: Vec<u32> = table.columns.iter().map(|column| column.counts[at]).collect();
                rows.push((row.stamp.written(), counts));
            }
        }
        let rows: Vec<(&str, &[u32])> =
            rows.iter().map(|(at, counts)| (at.as_str(), counts.as_slice())).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_pasted_query_is_read() {
        check(
            SESSION,
            &[
                ("Apr 02 2026 10:15:00.000", &[12, 40, 9]),
                ("Apr 02 2026 10:30:00.000", &[12, NOT_COUNTED, 9]),
                ("Apr 02 2026 10:45:00.000", &[12, NOT_COUNTED, 9]),
            ],
        );
        assert_eq!(read_member(&Arc::from(SESSION.as_bytes())).n_unread, 0);
    }

    #[test]
    fn columns_stand_in_any_order() {
        check(
            "stdseats f.timestamp nodeid\r\n-------- ----------- ------\r\n40 2026-04-02 10:15:00.0 1\r\n41 2026-04-02T10:30:00Z 1\r\n",
            &[("Apr 02 2026 10:15:00.000", &[40]), ("Apr 02 2026 10:30:00.000 UTC", &[41])],
        );
    }

    #[test]
    fn a_line_that_is_no_row_is_unread() {
        let text = format!("{SESSION}2026-04-02 11:00:00.0 1 2 3\nhello\n");
        let tables = read_member(&Arc::from(text.as_bytes()));
        assert_eq!((tables.records, tables.n_unread), (3, 2));
        let text = SESSION.replace(" 40 ", " xx ");
        let tables = read_member(&Arc::from(text.as_bytes()));
        assert_eq!((tables.records, tables.n_unread), (2, 1));
        assert_eq!((tables.unread[0].line, tables.unread[0].reason), (4, "a count is not a whole number"));
    }

    #[test]
    fn other_tables_and_logs_are_none() {
        for text in [
            "timestamp uptime\n2026-04-02 10:15:00 4\n",
            "select timestamp, stdseats from FlexLicenseUsage\n",
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\ntimestamp stdseats\n",
        ] {
            assert!(!is_output(text.as_bytes()), "{text}");
        }
        assert!(is_output(SESSION.as_bytes()));
    }
}
