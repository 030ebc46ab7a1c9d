//! The alert log of RTMT: `AlertLog_MM_DD_YYYY_hh_mm.csv`, a header line and a row an alert.
//!
//! Source: RTMT Administration Guide 15, "Alert Logs", for the attributes and for one header line. The exact
//! header, the quoting and the time format were not seen in public: columns are found by name, in any order, and
//! several time formats are taken.
//!
//! ```text
//! Time Stamp,Alert Name,Node,Alert Message,Type,Description,Severity,PollValue,Action,Group ID
//! Fri May 21 08:11:00 CDT 2021,SyslogSeverityMatchFound,uccxpub,"At Fri May 21 …, the following …",…
//! ```

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, one_of, space0, space1};
use nom::combinator::{opt, verify};
use nom::{IResult, Parser};

use super::alert_email;
use crate::grammar;
use crate::origin;
use crate::stamp::{Accuracy, Stamp, ZoneMark};

/// The name in the report.
pub(crate) const NAME: &str = "alert-log";

/// Longest header line, in bytes.
const HEADER_MAX: usize = 4_096;

/// Where the attributes stand in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Number of columns that the header names.
    width: usize,
    /// Time Stamp.
    stamp: usize,
    /// Alert Name.
    alert: usize,
    /// Node.
    node: Option<usize>,
    /// Alert Message.
    message: Option<usize>,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Time Stamp; `None` where its format is not known.
    pub(crate) stamp: Option<Stamp>,
    /// Alert Name.
    pub(crate) alert: Arc<str>,
    /// Node.
    pub(crate) node: Option<Arc<str>>,
    /// Alert Message, line breaks decoded.
    pub(crate) message: Arc<str>,
    /// The alarm line that the message quotes.
    pub(crate) quoted: Option<Arc<str>>,
}

/// Reads the header line at the beginning of a member; `None` if it is not an alert log.
pub(crate) fn header(head: &[u8]) -> Option<Columns> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let line = head.get(..HEADER_MAX.min(head.len()))?.split(|byte| *byte == b'\n').next()?;
    let cells = cells(std::str::from_utf8(line).ok()?)?;
    let names = cells.fields()?;
    let find = |known: &[&str]| names.iter().position(|name| known.contains(&plain(name).as_str()));
    let (stamp, alert) = (find(&["timestamp", "time", "datetime"])?, find(&["alertname", "alert"])?);
    let node = find(&["node", "nodename", "nodeid"]);
    let message = find(&["alertmessage", "message"]);
    node.or(message)?;
    Some(Columns { width: names.len(), stamp, alert, node, message })
}

/// True if a physical line begins a row, rather than continues a field of several lines.
///
/// A row begins with its time: digits and their separators up to a comma, or a date in letters.
pub(crate) fn row_starts(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.get(..48.min(line.len())).unwrap_or_default();
    match line.first() {
        Some(byte) if byte.is_ascii_digit() => {
            let is_separator = |byte: &u8| {
                matches!(byte, b' ' | b'/' | b'-' | b':' | b'.' | b'+') || byte.is_ascii_uppercase()
            };
            let end = line.iter().position(|byte| !byte.is_ascii_digit() && !is_separator(byte));
            let Some((field, behind)) = end.and_then(|end| line.split_at_checked(end)) else { return false };
            let digits = field.iter().filter(|byte| byte.is_ascii_digit()).count();
            digits >= 8 && matches!(behind.first(), Some(b',' | b'"'))
        }
        Some(byte) if byte.is_ascii_alphabetic() => {
            let valid = || line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            stamp(&plain_blanks(std::str::from_utf8(line).unwrap_or_else(|_| valid())))
                .is_ok_and(|(rest, _)| matches!(rest.trim_start().bytes().next(), None | Some(b',' | b'"')))
        }
        _ => false,
    }
}

impl Columns {
    /// Reads one row, with all physical lines of its fields; `None` if it names no alert.
    pub(crate) fn read(&self, row: &str) -> Option<Row> {
        let cells = cells(row.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']))?;
        let fields = self.fields(&cells)?;
        let cell = |at: usize| fields.get(at).map(|field| field.trim()).filter(|field| !field.is_empty());
        let alert = cell(self.alert)?;
        // Logs glued together repeat the header.
        if matches!(plain(alert).as_str(), "alertname" | "alert") {
            return None;
        }
        let message = grammar::decode_octal(self.message.and_then(cell).unwrap_or_default());
        Some(Row {
            stamp: cell(self.stamp).and_then(whole_stamp),
            alert: alert.into(),
            node: self.node.and_then(cell).map(Into::into),
            quoted: alert_email::matched_event(&message).map(Into::into),
            message: message.as_ref().into(),
        })
    }

    /// The fields of a row, as many as the header has: surplus ones come from commas that were not quoted.
    fn fields<'a>(&self, cells: &'a Cells) -> Option<Vec<Cow<'a, str>>> {
        let mut fields = cells.fields()?;
        while fields.len() > self.width && fields.last().is_some_and(|field| field.is_empty()) {
            fields.pop();
        }
        let surplus = fields.len().saturating_sub(self.width);
        if surplus > 0 && fields.get(self.stamp).is_some_and(|field| whole_stamp(field).is_none()) {
            // `May 21, 2021 08:11:00 AM`, or `May 21, 2021, 08:11:00 AM`.
            for commas in 1..=surplus.min(2) {
                let joined = fields.get(self.stamp..=self.stamp + commas)?.join(",");
                if whole_stamp(&joined).is_some() {
                    fields.splice(self.stamp..=self.stamp + commas, [joined.into()]);
                    break;
                }
            }
        }
        let surplus = fields.len().saturating_sub(self.width);
        if let Some(at) = self.message.filter(|_| surplus > 0) {
            let joined = fields.get(at..=at + surplus)?.join(",");
            fields.splice(at..=at + surplus, [joined.into()]);
        }
        Some(fields)
    }
}

/// The text of one row without quotes and commas, and where each field of it ends.
struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    fn fields(&self) -> Option<Vec<Cow<'_, str>>> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(from, to)| self.text.get(*from..*to).map(origin::lossy)).collect()
    }
}

/// The fields of one row; a line break is text here, quoted or not, since the caller knows where rows begin.
fn cells(row: &str) -> Option<Cells> {
    thread_local! {
        // Building the reader costs more than reading a row, and its clone does not hold the tables.
        static READER: RefCell<csv_core::Reader> =
            RefCell::new(csv_core::ReaderBuilder::new().terminator(csv_core::Terminator::Any(0)).build());
    }
    READER.with_borrow_mut(|reader| {
        reader.reset();
        read_cells(reader, row)
    })
}

/// Reads one row with a reader at its start.
fn read_cells(reader: &mut csv_core::Reader, row: &str) -> Option<Cells> {
    let mut text = vec![0; row.len() + 1];
    let mut ends = vec![0; bytecount::count(row.as_bytes(), b',') + 2];
    let (mut input, mut n_text, mut n_ends) = (row.as_bytes(), 0, 0);
    loop {
        let (result, read, wrote, ended) =
            reader.read_record(input, text.get_mut(n_text..)?, ends.get_mut(n_ends..)?);
        input = input.get(read..)?;
        n_text += wrote;
        n_ends += ended;
        match result {
            csv_core::ReadRecordResult::InputEmpty => {}
            csv_core::ReadRecordResult::Record => break,
            // Both buffers hold the longest row there can be; an empty row has no fields.
            csv_core::ReadRecordResult::OutputFull
            | csv_core::ReadRecordResult::OutputEndsFull
            | csv_core::ReadRecordResult::End => return None,
        }
    }
    ends.truncate(n_ends);
    Some(Cells { text, ends })
}

/// A column's name in lower case, letters and digits only.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Newer Java runtimes put a narrow blank in front of AM.
fn plain_blanks(text: &str) -> Cow<'_, str> {
    if text.contains('\u{202f}') { text.replace('\u{202f}', " ").into() } else { text.into() }
}

/// The time that a whole field says.
pub(super) fn whole_stamp(field: &str) -> Option<Stamp> {
    let field = plain_blanks(field.trim());
    match stamp(&field) {
        Ok((rest, stamp)) if rest.trim().is_empty() => Some(stamp),
        _ => epoch(&field),
    }
}

/// `stamp = java-date / us-date / iso-date / words`
fn stamp(i: &str) -> IResult<&str, Stamp> {
    alt((grammar::java_date, asctime, us_date, iso_date, words)).parse(i)
}

/// `asctime = 3ALPHA SP month SP day SP time SP year`: a Java date without its zone.
fn asctime(i: &str) -> IResult<&str, Stamp> {
    let (i, _) = (take_while_m_n(3, 3, |c: char| c.is_ascii_alphabetic()), space1).parse(i)?;
    let (i, (month, _, day, _, time, _, year)) =
        (grammar::month, space1, day, space1, grammar::time_of_day, space1, year).parse(i)?;
    Ok((i, Stamp { year: Some(year), month, day, time, zone: ZoneMark::None, accuracy: Accuracy::Unmarked }))
}

/// `us-date = month "/" day "/" year gap time [zone]`
fn us_date(i: &str) -> IResult<&str, Stamp> {
    let (i, (month, _, day, _, year)) = (month_number, char('/'), day, char('/'), year).parse(i)?;
    at_time(i, year, month, day)
}

/// `iso-date = year "-" month "-" day gap time [zone]`
fn iso_date(i: &str) -> IResult<&str, Stamp> {
    let (i, (year, _, month, _, day)) = (year, char('-'), month_number, char('-'), day).parse(i)?;
    at_time(i, year, month, day)
}

/// `words = month SP day [","] SP year gap time [zone]`, as in `May 21, 2021 08:11:00 AM`.
fn words(i: &str) -> IResult<&str, Stamp> {
    let (i, (month, _, day, _, _, year)) =
        (grammar::month, space1, day, opt(char(',')), space1, year).parse(i)?;
    at_time(i, year, month, day)
}

/// `gap = "T" / [","] 1*SP`, then the time and, where there is one, the zone.
fn at_time(i: &str, year: i32, month: u32, day: u32) -> IResult<&str, Stamp> {
    let (i, _) = alt((char('T').map(|_| ()), (opt(one_of(",")), space1).map(|_| ()))).parse(i)?;
    let (i, time) = grammar::time_of_day(i)?;
    let (i, zone) = opt((space0, grammar::zone)).parse(i)?;
    let zone = zone.map_or(ZoneMark::None, |(_, zone)| zone);
    Ok((i, Stamp { year: Some(year), month, day, time, zone, accuracy: Accuracy::Unmarked }))
}

/// `1*2DIGIT`, 1 to 12.
fn month_number(i: &str) -> IResult<&str, u32> {
    small(i, 12)
}

/// `1*2DIGIT`, 1 to 31.
fn day(i: &str) -> IResult<&str, u32> {
    small(i, 31)
}

/// A number of at most two digits, 1 to `max`.
fn small(i: &str, max: u32) -> IResult<&str, u32> {
    let digits = take_while_m_n(1, 2, |c: char| c.is_ascii_digit());
    let number = nom::combinator::map_opt(digits, |digits: &str| digits.parse().ok());
    verify(number, |n| (1..=max).contains(n)).parse(i)
}

/// `4DIGIT`, 1970 and later.
fn year(i: &str) -> IResult<&str, i32> {
    let digits = take_while_m_n(4, 4, |c: char| c.is_ascii_digit());
    let number = nom::combinator::map_opt(digits, |digits: &str| digits.parse().ok());
    verify(number, |year| *year >= 1_970).parse(i)
}

/// Milliseconds since 1970, written in 12 or 13 digits.
fn epoch(field: &str) -> Option<Stamp> {
    use chrono::{DateTime, Datelike};
    if !matches!(field.len(), 12 | 13) || !field.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let at = DateTime::from_timestamp_millis(field.parse().ok()?)?;
    Some(Stamp {
        year: Some(at.year()),
        month: at.month(),
        day: at.day(),
        time: at.time(),
        zone: ZoneMark::Utc,
        accuracy: Accuracy::Unmarked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "Time Stamp,Alert Name,Node,Alert Message,Type,Description,Severity,PollValue,Action,Group ID";
    const INNER: &str = "May 21 08:10:24 uccxpub local7 1 : 62: uccxpub.example.com: May 21 2021 13:10:24.476 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[NodeID=uccxpub]: a, b.";

    fn row(row: &str) -> Row {
        header(HEADER.as_bytes()).unwrap().read(row).unwrap_or_else(|| panic!("unread: {row}"))
    }

    #[track_caller]
    fn check_stamp(field: &str, expected: Option<&str>) {
        assert_eq!(whole_stamp(field).map(|stamp| stamp.written()).as_deref(), expected, "{field}");
    }

    #[test]
    fn the_header_is_found_behind_a_byte_order_mark_in_any_order_and_case() {
        let columns =
            header(b"\xef\xbb\xbf\"NODE\",\"alertname\",Extra,\"TimeStamp\",Alert  Message\r\n1,2").unwrap();
        assert_eq!((columns.node, columns.alert, columns.stamp, columns.message), (Some(0), 1, 3, Some(4)));
        assert_eq!(columns.width, 5);
    }

    #[test]
    fn a_csv_file_without_alerts_is_not_an_alert_log() {
        assert_eq!(header(b"Time Stamp,Node,CPU\n"), None);
        assert_eq!(header(b"Time Stamp,Alert Name\n"), None);
        assert_eq!(header(b"(PDH-CSV 4.0) (IST)(-330),\"\\\\uccxpub\\Memory\\% Used\"\n"), None);
        assert_eq!(header(b""), None);
        assert_eq!(header(b"\xff\xfe\0"), None);
    }

    #[test]
    fn a_message_may_hold_commas_line_breaks_and_quotes() {
        let read = row(&format!(
            "Fri May 21 08:11:00 CDT 2021,SyslogSeverityMatchFound,uccxpub,\"At \"\"x\"\", y:\nMatchedEvent : {INNER}\nAppID : Cisco Syslog Agent\",Syslog,,Critical,1,Default,System\r\n"
        ));
        assert_eq!(read.quoted.as_deref(), Some(INNER));
        assert!(read.message.starts_with("At \"x\", y:\n"));
        assert_eq!((&*read.alert, read.node.as_deref()), ("SyslogSeverityMatchFound", Some("uccxpub")));
    }

    #[test]
    fn escaped_line_breaks_in_the_message_are_decoded() {
        let read = row(&format!("1621602660000,S,n,\"x#012MatchedEvent : {INNER}#012AppID : a\",,,,,,"));
        assert_eq!(read.quoted.as_deref(), Some(INNER));
    }

    #[test]
    fn a_flattened_message_ends_the_event_at_its_sender() {
        let read =
            row(&format!("1621602660000,S,n,\"x MatchedEvent : {INNER} AppID : Cisco Syslog Agent\",,,,,,"));
        assert_eq!(read.quoted.as_deref(), Some(INNER));
    }

    #[test]
    fn commas_that_were_not_quoted_belong_to_the_message() {
        let read = row("05/21/2021 08:11:00,X,n,a, b, c,Type,Description,Critical,1,Default,System");
        assert_eq!(read.message.as_ref(), "a, b, c");
        let read = row("May 21, 2021 08:11:00 AM,X,n,a, b,Type,Description,Critical,1,Default,System");
        assert_eq!(read.stamp.unwrap().written(), "May 21 2021 08:11:00.000");
        assert_eq!((read.alert.as_ref(), read.message.as_ref()), ("X", "a, b"));
    }

    #[test]
    fn a_row_cut_short_keeps_what_is_there() {
        let read = row("Fri May 21 08:11:00 CDT 2021,X");
        assert_eq!((read.alert.as_ref(), read.node, read.message.as_ref()), ("X", None, ""));
        let read = row("Fri May 21 08:11:00 CDT 2021,X,é,\"no end");
        assert_eq!(read.message.as_ref(), "no end");
    }

    #[test]
    fn a_row_without_an_alert_or_a_second_header_is_no_row() {
        let columns = header(HEADER.as_bytes()).unwrap();
        assert_eq!(columns.read(HEADER), None);
        assert_eq!(columns.read(""), None);
        assert_eq!(columns.read(",,,,"), None);
        assert_eq!(columns.read("\0\"\r\n"), None);
    }

    #[test]
    fn five_time_formats_are_taken() {
        check_stamp("Fri May 21 08:11:00 CDT 2021", Some("May 21 2021 08:11:00.000 CDT"));
        check_stamp("Fri May 21 08:11:00 2021", Some("May 21 2021 08:11:00.000"));
        check_stamp("05/21/2021 08:11:00", Some("May 21 2021 08:11:00.000"));
        check_stamp("5/1/2021 8:11:00 PM", Some("May 01 2021 20:11:00.000"));
        check_stamp("2021-05-21 08:11:00", Some("May 21 2021 08:11:00.000"));
        check_stamp("2021-05-21T08:11:00.5+05:30", Some("May 21 2021 08:11:00.500 +05:30"));
        check_stamp("May 21, 2021 08:11:00 AM", Some("May 21 2021 08:11:00.000"));
        check_stamp("May 21, 2021, 8:11:00\u{202f}PM", Some("May 21 2021 20:11:00.000"));
        check_stamp("1621602660000", Some("May 21 2021 13:11:00.000 UTC"));
    }

    #[test]
    fn a_time_that_is_not_understood_is_no_time() {
        check_stamp("21/05/2021 08:11:00", None);
        check_stamp("2021", None);
        check_stamp("", None);
        check_stamp("9999999999999999999999", None);
        check_stamp("Fri May 21 08:11:00 CDT 2021 x", None);
    }

    #[test]
    fn a_row_begins_with_its_time() {
        for line in [
            "Fri May 21 08:11:00 CDT 2021,X",
            "\"Fri May 21 08:11:00 CDT 2021\",X",
            "05/21/2021 08:11:00,X",
            "\"2021-05-21 08:11:00 PM\",X",
            "May 21, 2021 08:11:00 AM,X",
            "1621602660000,X",
            "\u{feff}21.05.2021 08:11,X",
        ] {
            assert!(row_starts(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_continued_field_does_not_begin_a_row() {
        for line in [
            "SeverityMatch : Alert",
            "May 21 08:10:24 uccxpub local7 1 : 62: uccxpub.example.com: May 21 2021 13:10:24.476 UTC",
            "62: uccxpub.example.com: May 21 2021 13:10:24.476 UTC : %UC_A1-1-X1: a, b",
            " TimeStamp : Fri May 21 08:10:24 CDT 2021\",Syslog",
            "10, 20, 30",
            "",
            "\"",
        ] {
            assert!(!row_starts(line.as_bytes()), "{line}");
        }
        assert!(!row_starts(b"\xff\xfe\x00"));
    }
}
