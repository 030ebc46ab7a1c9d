//! Members that are not logs but tables: kept whole, up to a bound, and read at their end.

use std::ops::Range;
use std::sync::Arc;

use super::{DOCUMENT_MAX, Layout, Reader, UNREAD_KEPT};
use crate::lines;
use crate::member::Unread;
use crate::usage::{self, Part, TABLE_MAX, Tables, UsageKind, csv, sql};

/// What a member that is kept whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A CSV.
    Csv,
    /// The output of a query; one as short as a pasted session is read as one.
    Query,
    /// Cells of a workbook.
    Sheet,
    /// Strings of a workbook.
    Strings,
}

/// A member that is kept whole.
#[derive(Clone)]
pub(crate) struct Table {
    kind: Kind,
    bytes: Vec<u8>,
    /// Line breaks behind the bytes that are kept.
    beyond: u64,
    /// The member's last byte so far.
    last: Option<u8>,
}

impl Table {
    /// What the first bytes of a member say: a table, none, or why it cannot be read.
    pub(crate) fn begins(head: &[u8], expected: bool) -> Result<Option<Self>, String> {
        let kind = match usage::part(head) {
            Some(Part::Sheet) => Some(Kind::Sheet),
            Some(Part::Strings) => Some(Kind::Strings),
            Some(Part::Other) => return Err("it is a part of an Office document without cells".to_owned()),
            None if csv::is_table(head, expected) => Some(Kind::Csv),
            None => sql::is_output(head).then_some(Kind::Query),
        };
        Ok(kind.map(|kind| Self { kind, bytes: Vec::new(), beyond: 0, last: None }))
    }

    /// Takes the next bytes.
    pub(crate) fn take(&mut self, chunk: &[u8]) {
        self.last = chunk.last().copied().or(self.last);
        let (kept, rest) = chunk.split_at(chunk.len().min(TABLE_MAX.saturating_sub(self.bytes.len())));
        self.bytes.extend_from_slice(kept);
        self.beyond += bytecount::count(rest, b'\n') as u64;
    }
}

impl Reader {
    /// Reads a table that was kept.
    pub(super) fn end_table(&mut self, table: Table) {
        let Table { kind, mut bytes, beyond, last } = table;
        if kind == Kind::Query && self.out.bytes <= DOCUMENT_MAX as u64 {
            self.layout = Some(Layout::Free);
            self.document = Some(Vec::new());
            self.begin(&bytes);
            self.end_log();
            return;
        }
        let open = u64::from(last.is_some_and(|last| last != b'\n'));
        self.out.lines = bytecount::count(&bytes, b'\n') as u64 + beyond + open;
        let is_cut = self.out.bytes > bytes.len() as u64;
        let mut rest = Vec::new();
        if is_cut && matches!(kind, Kind::Csv | Kind::Query) {
            // The row across the bound is not read in part.
            rest = bytes.split_off(lines::last(&bytes));
        }
        let text: Arc<[u8]> = bytes.into();
        match kind {
            Kind::Csv => {
                let (kind, tables) = csv::read(&text, self.usage_expected);
                self.take_tables(kind, tables);
            }
            Kind::Query => self.take_tables(UsageKind::SqlOutput, sql::read_member(&text)),
            Kind::Sheet => {
                let sheet = usage::read_cells(&text);
                self.out.format = Some("xlsx-sheet");
                self.out.records = sheet.rows.len() as u64;
                self.out.sheet = Some(sheet);
            }
            Kind::Strings => {
                let strings = usage::read_strings(&text);
                self.out.format = Some("xlsx-strings");
                self.out.records = strings.len() as u64;
                self.out.strings = Some(strings);
            }
        }
        if is_cut {
            let line = bytecount::count(&text, b'\n') as u64 + 1;
            self.out.n_unread += (self.out.lines + 1).saturating_sub(line);
            if self.out.unread.len() < UNREAD_KEPT {
                let text = crate::origin::excerpt(rest.get(..rest.len().min(2_000)).unwrap_or_default());
                self.out.unread.push(Unread { line, reason: super::TOO_LONG, text });
            }
        }
    }

    fn take_tables(&mut self, kind: UsageKind, tables: Tables) {
        self.out.format = Some(kind.name());
        self.out.records = tables.records;
        self.out.n_unread = tables.n_unread;
        self.out.unread = tables.unread;
        self.out.usage = tables.tables;
        self.out.usage_assumed = tables.assumed;
    }

    /// Reads the outputs of queries in a paste; returns the ranges that were understood.
    pub(super) fn queries(&mut self, document: &[u8]) -> Vec<Range<usize>> {
        if !sql::has_name(document) {
            return Vec::new();
        }
        let output = sql::read(&document.into());
        if output.tables.tables.is_empty() {
            return Vec::new();
        }
        self.out.format.get_or_insert(UsageKind::SqlOutput.name());
        // A row that begins with its time looks like a record, and was counted as one.
        let is_new = |table: &usage::UsageTable, row: &usage::UsageRow| {
            let bytes = table.text.get(row.offset as usize..).unwrap_or_default();
            !lines::begins(Layout::Free, bytes.get(..lines::first(bytes)).unwrap_or_default())
        };
        for table in &output.tables.tables {
            self.out.records += table.rows.iter().filter(|row| is_new(table, row)).count() as u64;
        }
        self.out.usage.extend(output.tables.tables);
        self.out.usage_assumed = self.out.usage_assumed.or(output.tables.assumed);
        output.explained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventKind, Says};
    use crate::member::MemberRead;
    use crate::reader::{Limits, Shared};

    const REPORT: &str =
        "License Consumption\nDate,Time,Max Agent Seats\n2026-04-02,00:15,5\n2026-04-02,00:30,x\n";

    fn read(bytes: &[u8], chunk: usize, expected: bool) -> MemberRead {
        let mut reader = Reader::new(&Shared::new(), Limits::default(), true).expect_usage(expected);
        for piece in bytes.chunks(chunk) {
            reader.feed(piece);
        }
        reader.finish()
    }

    /// Reads in chunks of several sizes, which must not matter.
    #[track_caller]
    fn check(bytes: &[u8], expected: bool, format: Option<&str>, n: (u64, u64, u64)) -> MemberRead {
        let whole = read(bytes, bytes.len().max(1), expected);
        for chunk in [1, 7, 4_099] {
            if bytes.len() / chunk < 100_000 {
                assert_eq!(read(bytes, chunk, expected), whole, "in chunks of {chunk}");
            }
        }
        assert_eq!(whole.format, format);
        assert_eq!((whole.lines, whole.records, whole.n_unread), n, "{:?}", whole.unread);
        whole
    }

    #[test]
    fn a_report_is_known_by_its_content() {
        let member = check(REPORT.as_bytes(), false, Some("cuic-license-consumption"), (4, 1, 1));
        assert_eq!((member.usage.len(), member.unread[0].line), (1, 4));
        assert_eq!(member.usage[0].span(0).unwrap().line, 3);
    }

    #[test]
    fn a_report_longer_than_the_head_is_the_same_in_any_chunks() {
        let mut text = format!("\u{feff}{REPORT}");
        for row in 0..8_000 {
            text.push_str(&format!("2026-04-{:02},{:02}:15,{row}\n", 3 + row / 24 % 27, row % 24));
        }
        let member =
            check(text.trim_end().as_bytes(), false, Some("cuic-license-consumption"), (8_004, 8_001, 1));
        let span = member.usage[0].span(8_000).unwrap();
        assert_eq!((&*span.text, span.line), ("2026-04-12,07:15,7999", 8_004));
    }

    #[test]
    fn a_request_for_licences_in_a_debug_log_is_an_event() {
        let debug = |seq: u32, text: &str| {
            format!(
                "{seq}: Apr 02 10:{seq}:04.310 IST %MCVD-LIB_LICENSE-7-UNK:com.cisco.nesla.agent.impl.{text}\n"
            )
        };
        let tag = "regid.2019-06.com.cisco.CCX_FLEX_STD,12.5_be49ea3c-8224-4a1c-b3cc-f98b7c63de3b";
        let text = [
            debug(10, "SmartAgentImpl#requestEntitlement - enter requestEntitlement()"),
            debug(11, &format!("SmartAgentImpl#requestEntitlement - entitlementTag: {tag}, count: 40")),
            debug(12, "SmartAgentImpl#requestEntitlement - exit requestEntitlement()"),
        ]
        .concat();
        let member = check(text.as_bytes(), false, Some("uccx-trace"), (3, 3, 0));
        let kinds: Vec<_> = member.sightings.iter().map(|it| (&it.kind, it.span.line)).collect();
        let expected = EventKind::EntitlementRequest { entitlement: "STANDARD".into(), count: 40 };
        assert_eq!(kinds, [(&expected, 2)]);
    }

    #[test]
    fn a_csv_is_a_table_if_it_is_expected() {
        let text = b"timestamp,in_use\n2026-04-02T10:15:00Z,5";
        assert_eq!(check(text, true, Some("usage-csv"), (2, 1, 0)).usage.len(), 1);
        assert!(check(text, false, None, (2, 1, 2)).usage.is_empty());
    }

    #[test]
    fn a_session_with_a_query_says_the_rest_too() {
        let text = "admin:show uccx version\nActive UCCX Version: 15.0.1.10000-24\nadmin:run uccx sql db_cra select * from FlexLicenseUsage\ntimestamp stdseats\n=====\n2026-04-02 10:15:00.0 40\n\nadmin:\nwhat\n";
        let member = check(text.as_bytes(), false, Some("show-uccx-version"), (9, 2, 1));
        assert_eq!(member.usage[0].rows.len(), 1);
        assert!(matches!(member.statements[0].says, Says::Version { .. }));
        assert_eq!(&*member.unread[0].text, "what");
    }

    #[test]
    fn a_query_longer_than_any_session_is_a_table() {
        let mut text =
            "admin:run uccx sql db_cra select * from FlexLicenseUsage\ntimestamp stdseats\n".to_owned();
        while text.len() <= DOCUMENT_MAX {
            text.push_str("2026-04-02 10:15:00.0    40\n");
        }
        let rows = text.lines().count() as u64 - 2;
        let member = check(text.as_bytes(), false, Some("uccx-sql-usage"), (rows + 2, rows, 0));
        assert_eq!(member.usage[0].rows.len() as u64, rows);
        let member = check(
            &text.as_bytes()[..text.len() - 28],
            false,
            Some("uccx-sql-usage"),
            (rows + 1, rows - 1, 0),
        );
        assert_eq!(member.usage.len(), 1);
    }

    #[test]
    fn what_is_longer_than_a_table_is_told() {
        let mut text = REPORT.as_bytes().to_vec();
        text.resize(TABLE_MAX - 5, b'\n');
        text.extend_from_slice(b"2026-04-03,00:15,5\n2026-04-03,00:30,5\n");
        let member = read(&text, 1 << 20, false);
        assert_eq!((member.records, member.n_unread), (1, 3));
        assert_eq!(member.lines, bytecount::count(&text, b'\n') as u64);
        assert_eq!(member.unread[1].reason, "the table is longer than is read");
        assert_eq!(member.unread[1].line, member.lines - 1);
    }

    #[test]
    fn parts_of_a_workbook_are_kept_for_each_other() {
        const SPACE: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
        let sheet = format!(
            "\u{feff}<worksheet {SPACE}><sheetData>\n<row><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>"
        );
        let sheet = check(sheet.as_bytes(), false, Some("xlsx-sheet"), (2, 1, 0)).sheet.unwrap();
        let row = sheet.rows[0];
        let bytes = &sheet.text[row.offset as usize..(row.offset + row.length) as usize];
        assert_eq!((bytes, row.line), (&b"<row><c t=\"s\"><v>0</v></c></row>"[..], 2));
        let strings = format!("<sst {SPACE}><si><t>a</t></si></sst>");
        let strings = check(strings.as_bytes(), false, Some("xlsx-strings"), (1, 1, 0)).strings.unwrap();
        assert_eq!(strings.get(0), Some("a"));
        let styles = read(format!("<styleSheet {SPACE}/>").as_bytes(), 100, false);
        assert!(styles.not_a_log.is_some());
    }
}
