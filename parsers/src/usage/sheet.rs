//! Tables of usage in a workbook: a sheet, and the strings that its cells share, each a member of its own.
//!
//! Source: ECMA-376 Part 1, 18.3 (sheets) and 18.4 (shared strings).
//!
//! ```text
//! <row r="2"><c r="A2"><v>46114.427</v></c><c r="B2" t="s"><v>0</v></c></row>
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::build::{self, Builder, Cells, Place, Writing};
use super::plan::{self, COLUMNS_MAX, Plan};
use super::{NOT_COUNTED, Tables, UsageTable};

/// Rows in front of which, and with it, a header stands.
const TITLE_MAX: usize = 40;

/// Rows that tell which columns hold numbers.
const SAMPLE: usize = 2_000;

/// Longest text of one cell, in bytes; the format allows 32,767 characters.
const CELL_MAX: usize = 64 << 10;

/// How a cell's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A number, of which a date is one, or text in the cell itself.
    Plain,
    /// The index of a shared string.
    Shared,
}

/// A cell that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetCell {
    /// Column, counted from 0.
    pub column: u16,
    /// How the value is written.
    pub kind: CellKind,
    /// Offset of the value in [`Sheet::text`], escaped as it is there.
    pub offset: u32,
    /// Bytes of the value.
    pub length: u32,
}

/// A row that holds a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// Offset of `<row` in [`Sheet::text`].
    pub offset: u32,
    /// Bytes up to the end of `</row>`.
    pub length: u32,
    /// Line in the member, counted from 1.
    pub line: u32,
    /// Index of the row's first cell in [`Sheet::cells`].
    pub first: u32,
}

/// A sheet of a workbook.
#[derive(Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The member's bytes from its beginning; its first [`super::TABLE_MAX`].
    pub text: Arc<[u8]>,
    /// Rows in file order.
    pub rows: Vec<SheetRow>,
    /// The cells of all rows, in file order.
    pub cells: Vec<SheetCell>,
    /// Why rows are missing at the end, as a fragment; `None` if the sheet was read whole.
    pub broken: Option<&'static str>,
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sheet({} rows, {} cells, {:?})", self.rows.len(), self.cells.len(), self.broken)
    }
}

/// The strings that the sheets of a workbook share.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Strings {
    /// All of them, one behind the other.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Strings {
    /// The string of an index; `None` if there are not that many.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let from = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(from..*self.ends.get(index)? as usize)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl std::fmt::Debug for Strings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Strings({})", self.len())
    }
}

/// What a member of a workbook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A sheet.
    Sheet,
    /// Shared strings.
    Strings,
    /// Styles, relations, properties.
    Other,
}

/// What part of a workbook begins with `head`; `None` if it is no part of one.
pub(crate) fn part(head: &[u8]) -> Option<Part> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if !head.starts_with(b"<") {
        return None;
    }
    let mut reader = Reader::from_reader(head.get(..head.len().min(4 << 10))?);
    for _ in 0..8 {
        match reader.read_event() {
            Ok(Event::Start(root) | Event::Empty(root)) => {
                let spaces = ["schemas.openxmlformats.org/", "purl.oclc.org/ooxml/"];
                let is_ooxml = |text: &[u8]| {
                    spaces.iter().any(|space| memchr::memmem::find(text, space.as_bytes()).is_some())
                };
                let known = is_ooxml(&root);
                return match root.local_name().as_ref() {
                    b"worksheet" if known => Some(Part::Sheet),
                    b"sst" if known => Some(Part::Strings),
                    _ if known => Some(Part::Other),
                    _ => None,
                };
            }
            Ok(Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Text(_)) => {}
            _ => return None,
        }
    }
    None
}

/// Reads the cells of a sheet. What follows a break in the XML is missing, and [`Sheet::broken`] says so.
pub(crate) fn read_cells(text: &Arc<[u8]>) -> Sheet {
    let mut sheet = Sheet { text: Arc::clone(text), rows: Vec::new(), cells: Vec::new(), broken: None };
    // Positions do not count a byte order mark.
    let base = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut reader = Reader::from_reader(text.get(base..).unwrap_or_default());
    let position =
        |reader: &Reader<&[u8]>| base + usize::try_from(reader.buffer_position()).unwrap_or_default();
    let (mut row, mut column) = (None, 0_u16);
    let mut kind = None;
    let mut value: Option<(usize, usize)> = None;
    let (mut counted, mut line) = (0, 1);
    let (mut inline, mut ended) = (false, false);
    loop {
        let at = position(&reader);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                sheet.broken = Some("the sheet's XML is broken");
                break;
            }
        };
        match event {
            // An entity that expands could be anything: no workbook declares any.
            Event::DocType(_) => {
                sheet.broken = Some("the sheet's XML declares a document type");
                break;
            }
            Event::Eof => {
                if !ended {
                    sheet.broken = Some("the sheet ends early");
                }
                break;
            }
            Event::Start(start) => match start.local_name().as_ref() {
                b"row" => {
                    line += bytecount::count(text.get(counted..at).unwrap_or_default(), b'\n') as u32;
                    counted = at;
                    row = Some(SheetRow {
                        offset: at as u32,
                        length: 0,
                        line,
                        first: sheet.cells.len() as u32,
                    });
                    column = 0;
                }
                b"c" if row.is_some() => {
                    column = attribute(&start, b"r").and_then(|name| column_of(&name)).unwrap_or(column);
                    let t = attribute(&start, b"t");
                    kind = Some(match t.as_deref() {
                        Some(b"s") => CellKind::Shared,
                        _ => CellKind::Plain,
                    });
                    value = None;
                }
                b"is" if kind.is_some() => {
                    inline = true;
                    value = Some((position(&reader), usize::MAX));
                }
                b"v" if kind.is_some() && !inline => value = Some((position(&reader), usize::MAX)),
                _ => {}
            },
            Event::Empty(start) if start.local_name().as_ref() == b"c" => {
                column = attribute(&start, b"r").and_then(|name| column_of(&name)).unwrap_or(column);
                column = column.saturating_add(1);
            }
            Event::End(end) => match end.local_name().as_ref() {
                b"worksheet" => ended = true,
                b"v" if !inline => close(&mut value, at),
                b"is" => {
                    inline = false;
                    close(&mut value, at);
                }
                b"c" => {
                    if let (Some(kind), Some((from, to))) = (kind.take(), value.take())
                        && let Some(length) = to.checked_sub(from).filter(|length| *length > 0)
                        && to <= text.len()
                    {
                        let (offset, length) = (from as u32, length as u32);
                        sheet.cells.push(SheetCell { column, kind, offset, length });
                    }
                    column = column.saturating_add(1);
                }
                b"row" => {
                    if let Some(mut row) = row.take()
                        && (row.first as usize) < sheet.cells.len()
                    {
                        row.length = (position(&reader) as u32).saturating_sub(row.offset);
                        sheet.rows.push(row);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    // The cells of a row that does not end belong to none.
    if let Some(row) = row {
        sheet.cells.truncate(row.first as usize);
    }
    sheet
}

/// Reads shared strings; those behind a break in the XML are missing.
pub(crate) fn read_strings(text: &[u8]) -> Strings {
    let mut strings = Strings::default();
    let mut reader = Reader::from_reader(text);
    let (mut inside, mut phonetic) = (false, false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => match start.local_name().as_ref() {
                b"t" => inside = true,
                b"rPh" => phonetic = true,
                _ => {}
            },
            Ok(Event::End(end)) => match end.local_name().as_ref() {
                b"t" => inside = false,
                b"rPh" => phonetic = false,
                b"si" => strings.ends.push(strings.text.len() as u32),
                _ => {}
            },
            Ok(Event::Empty(start)) if start.local_name().as_ref() == b"si" => {
                strings.ends.push(strings.text.len() as u32);
            }
            Ok(Event::Text(piece)) if inside && !phonetic => {
                strings.text.push_str(&String::from_utf8_lossy(&piece));
            }
            Ok(Event::CData(piece)) if inside && !phonetic => {
                strings.text.push_str(&String::from_utf8_lossy(&piece));
            }
            Ok(Event::GeneralRef(name)) if inside && !phonetic => {
                entity(&String::from_utf8_lossy(&name), &mut strings.text);
            }
            Ok(Event::Eof | Event::DocType(_)) | Err(_) => break,
            Ok(_) => {}
        }
    }
    let kept = strings.ends.last().map_or(0, |end| *end as usize);
    strings.text.truncate(kept);
    strings
}

/// The tables of usage that a sheet holds; `expect_usage` as for [`crate::reader::Reader::expect_usage`].
#[must_use]
pub fn from_sheet(sheet: &Sheet, strings: Option<&Strings>, expect_usage: bool) -> Vec<UsageTable> {
    read_sheet(sheet, strings, expect_usage).tables
}

/// The same with the rows that could not be read. No table, and nothing unread: the sheet is none of usage.
#[must_use]
pub fn read_sheet(sheet: &Sheet, strings: Option<&Strings>, expect_usage: bool) -> Tables {
    let mut row = Row { sheet, strings, text: Vec::new(), ranges: Vec::new() };
    let Some((header, plan)) = find(&mut row, expect_usage) else { return Tables::default() };
    let width = plan.header.len();
    let rows = sheet.rows.get(header + 1..).unwrap_or_default();
    let mut builder = Builder::new(plan, Writing { sheet: true, point_groups: false }, rows.len());
    for (at, place) in rows.iter().enumerate() {
        let (offset, length, line) = (place.offset as usize, place.length as usize, u64::from(place.line));
        let place = Place { offset, length, line };
        let cells = row.cells(header + 1 + at);
        if (width..cells.ranges.len()).all(|at| cells.text(at).is_empty()) {
            builder.row(cells, place);
        } else {
            builder.lose(place, "it has more cells than the header");
        }
    }
    if let Some(reason) = sheet.broken {
        let end = sheet.rows.last().map_or(0, |row| row.offset as usize + row.length as usize);
        let line = sheet.rows.last().map_or(1, |row| u64::from(row.line));
        builder
            .lose(Place { offset: end, length: sheet.text.len().saturating_sub(end).min(200), line }, reason);
    }
    builder.finish(&sheet.text)
}

/// Index and plan of the row that names the columns.
fn find(row: &mut Row<'_>, expected: bool) -> Option<(usize, Plan)> {
    for at in 0..row.sheet.rows.len().min(TITLE_MAX) {
        let cells = row.cells(at);
        let names: Vec<String> = cells.texts().into_iter().map(str::to_owned).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if let Some(plan) = plan::report(&names) {
            return Some((at, plan));
        }
        if !expected {
            continue;
        }
        let writing = Writing { sheet: true, point_groups: false };
        let mut seen = vec![(0_u32, 0_u32); names.len()];
        for behind in at + 1..row.sheet.rows.len().min(at + SAMPLE) {
            let cells = row.cells(behind);
            for (at, seen) in seen.iter_mut().enumerate() {
                match build::count(cells.text(at).as_bytes(), writing) {
                    Some(NOT_COUNTED) => {}
                    Some(_) => seen.0 += 1,
                    None => seen.1 += 1,
                }
            }
        }
        let numbers =
            |at: usize| seen.get(at).is_some_and(|(numbers, others)| *numbers > 0 && numbers >= others);
        if let Some(plan) = plan::given(&names, numbers) {
            return Some((at, plan));
        }
    }
    None
}

/// The cells of one row at a time.
struct Row<'a> {
    sheet: &'a Sheet,
    strings: Option<&'a Strings>,
    text: Vec<u8>,
    ranges: Vec<(u32, u32)>,
}

impl Row<'_> {
    /// The cells of a row, empty ones between them included.
    fn cells(&mut self, at: usize) -> Cells<'_> {
        self.text.clear();
        self.ranges.clear();
        let rows = &self.sheet.rows;
        let from = rows.get(at).map_or(0, |row| row.first as usize);
        let to = rows.get(at + 1).map_or(self.sheet.cells.len(), |row| row.first as usize);
        for cell in self.sheet.cells.get(from..to).unwrap_or_default() {
            let column = usize::from(cell.column);
            // A cell that stands twice, or far to the right, is none of a table of usage.
            if column < self.ranges.len() || column > COLUMNS_MAX {
                continue;
            }
            let end = self.text.len() as u32;
            self.ranges.resize(column, (end, end));
            let raw = self.sheet.text.get(cell.offset as usize..(cell.offset + cell.length) as usize);
            let raw = raw.unwrap_or_default();
            let value = plain(raw.get(..raw.len().min(CELL_MAX)).unwrap_or_default());
            match cell.kind {
                CellKind::Plain => self.text.extend_from_slice(value.as_bytes()),
                CellKind::Shared => {
                    let shared = value.trim().parse().ok().and_then(|index| self.strings?.get(index));
                    self.text.extend_from_slice(shared.unwrap_or("?").as_bytes());
                }
            }
            self.ranges.push((end, self.text.len() as u32));
        }
        Cells { text: &self.text, ranges: &self.ranges }
    }
}

/// The text of a cell: tags left out, entities resolved.
fn plain(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr2(b'<', b'&', raw).is_none() {
        return String::from_utf8_lossy(raw);
    }
    let mut out = String::new();
    let mut reader = Reader::from_reader(raw);
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_event() {
            Ok(Event::Text(piece)) => out.push_str(&String::from_utf8_lossy(&piece)),
            Ok(Event::CData(piece)) => out.push_str(&String::from_utf8_lossy(&piece)),
            Ok(Event::GeneralRef(name)) => entity(&String::from_utf8_lossy(&name), &mut out),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    out.into()
}

/// Adds the text of `&name;`; one that XML itself does not know stays as it is.
fn entity(name: &str, out: &mut String) {
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    });
    match (number.and_then(char::from_u32), resolve_predefined_entity(name)) {
        (Some(c), _) => out.push(c),
        (None, Some(text)) => out.push_str(text),
        (None, None) => {
            out.push('&');
            out.push_str(name);
            out.push(';');
        }
    }
}

/// Notes where a value ends.
fn close(value: &mut Option<(usize, usize)>, at: usize) {
    if let Some((_, to)) = value {
        *to = at;
    }
}

/// An attribute's value as it stands there.
fn attribute<'a>(start: &'a BytesStart<'_>, name: &[u8]) -> Option<Cow<'a, [u8]>> {
    let mut attributes = start.attributes();
    attributes.with_checks(false);
    attributes.flatten().find(|attribute| attribute.key.as_ref() == name).map(|attribute| attribute.value)
}

/// The column of a cell's name, counted from 0: `B12` is 1.
fn column_of(name: &[u8]) -> Option<u16> {
    let letters = name.iter().take_while(|byte| byte.is_ascii_uppercase());
    let mut column = 0_u32;
    for letter in letters.take(4) {
        column = column * 26 + u32::from(letter - b'A') + 1;
    }
    u16::try_from(column.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";

    fn sheet(rows: &str) -> Sheet {
        let text =
            format!("<?xml version=\"1.0\"?>\n<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>");
        assert_eq!(part(text.as_bytes()), Some(Part::Sheet));
        read_cells(&Arc::from(text.as_bytes()))
    }

    fn strings(texts: &[&str]) -> Strings {
        let items: String = texts.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
        let text = format!("<sst {SPACE}>{items}</sst>");
        assert_eq!(part(text.as_bytes()), Some(Part::Strings));
        read_strings(text.as_bytes())
    }

    #[track_caller]
    fn check(tables: &Tables, expected: &[(&str, &[u32])]) {
        let mut rows = Vec::new();
        for table in &tables.tables {
            for (at, row) in table.rows.iter().enumerate() {
                let counts: Vec<u32> = table.columns.iter().map(|column| column.counts[at]).collect();
                rows.push((row.stamp.written(), counts));
                let text = table.span(at).unwrap().text;
                assert!(text.starts_with("<row") && text.ends_with("</row>"), "{text}");
            }
        }
        let rows: Vec<(&str, &[u32])> =
            rows.iter().map(|(at, counts)| (at.as_str(), counts.as_slice())).collect();
        assert_eq!(rows, expected, "{:?}", tables.unread);
    }

    #[test]
    fn a_report_saved_as_a_workbook_is_read() {
        let names = strings(&["Date", "Time", "Maximum &amp; premium Seats", "Maximum <b/>Inbound Ports"]);
        assert_eq!((names.len(), names.get(2)), (4, Some("Maximum & premium Seats")));
        let sheet = sheet(
            "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><r><t>License </t></r><r><t>Consumption</t></r></is></c></row>\n\
             <row r=\"3\"><c r=\"A3\" t=\"s\"><v>0</v></c><c r=\"B3\" t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c><c t=\"s\"><v>3</v></c></row>\n\
             <row r=\"4\"><c r=\"A4\"><v>46114</v></c><c r=\"B4\"><v>0.42708333333</v></c><c r=\"C4\"><v>9</v></c><c r=\"D4\" s=\"1\"/></row>\n\
             <row r=\"5\"><c r=\"B5\" t=\"str\"><f>A1</f><v>10:30 AM</v></c><c r=\"D5\"><v>12</v></c></row>",
        );
        let tables = read_sheet(&sheet, Some(&names), false);
        check(
            &tables,
            &[
                ("Apr 02 2026 10:15:00.000", &[9, NOT_COUNTED]),
                ("Apr 02 2026 10:30:00.000", &[NOT_COUNTED, 12]),
            ],
        );
        assert_eq!((tables.n_unread, tables.tables[0].rows[1].line), (0, 5));
        assert_eq!(from_sheet(&sheet, Some(&names), false), tables.tables);
        assert!(from_sheet(&sheet, None, false).is_empty(), "without its strings a sheet has no names");
    }

    #[test]
    fn any_sheet_with_a_time_and_counts_is_read_if_the_user_says_so() {
        let sheet = sheet(
            "<row><c t=\"str\"><v>timestamp</v></c><c t=\"str\"><v>in_use</v></c></row>\
             <row><c><v>46114.4270833</v></c><c><v>7</v></c></row>\
             <row><c><v>46114.4375</v></c><c t=\"e\"><v>#N/A</v></c></row>",
        );
        assert!(from_sheet(&sheet, None, false).is_empty());
        let tables = read_sheet(&sheet, None, true);
        check(&tables, &[("Apr 02 2026 10:15:00.000", &[7])]);
        assert_eq!((tables.n_unread, tables.unread[0].reason), (1, "a count is not a whole number"));
    }

    #[test]
    fn broken_xml_is_read_up_to_the_break_and_told() {
        let sheet = sheet(
            "<row><c t=\"str\"><v>timestamp</v></c><c t=\"str\"><v>in_use</v></c></row>\
             <row><c><v>46114.4270833</v></c><c><v>7</v></c></row><row><c><v>1</c></row>",
        );
        assert!(sheet.broken.is_some());
        let tables = read_sheet(&sheet, None, true);
        check(&tables, &[("Apr 02 2026 10:15:00.000", &[7])]);
        assert_eq!(tables.n_unread, 1);
    }

    #[test]
    fn entities_that_a_document_declares_are_not_expanded() {
        let text = format!(
            "<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet {SPACE}><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>"
        );
        assert_eq!(part(text.as_bytes()), None);
        let read = read_cells(&Arc::from(text.as_bytes()));
        assert!(read.cells.is_empty() && read.broken.is_some());
        assert_eq!(plain(b"&b;&lt;&#65;"), "&b;<A");
    }

    #[test]
    fn other_xml_is_no_sheet() {
        assert_eq!(part(b"<worksheet/>"), None);
        assert_eq!(part(b"7: Apr 02"), None);
        assert_eq!(part(format!("<styleSheet {SPACE}/>").as_bytes()), Some(Part::Other));
    }
}
