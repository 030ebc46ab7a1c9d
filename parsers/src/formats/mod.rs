//! One file a format. A format knows how a record is written; what it means is in `mnemonics.rs`.

mod alert_email;
mod alert_log;
mod ciscolog;
mod cssm_inventory;
mod diagnose;
mod health_check;
mod license_page;
mod license_smart;
mod login_banner;
mod master_version;
mod network_connectivity;
mod network_host;
mod network_ping;
mod ntp_status;
mod replication;
mod rtmt_alert;
mod sections;
mod service_list;
mod show_license;
mod show_network;
mod system_history;
mod timezone_config;
mod trace;
mod uccx_components;
mod uccx_trace;
mod uccx_version;

use std::ops::Range;
use std::sync::Arc;

use crate::event::{Says, Witness};
use crate::record::Record;
use crate::usage::UsageKind;

pub(crate) use alert_log::{
    Columns, NAME as ALERT_LOG, header as alert_log_header, row_starts as alert_log_row_starts,
};

use crate::lines::Layout;

/// The name of the format of traces.
pub(crate) const TRACE: &str = trace::FORMAT.name;

/// The alarm lines that an alert's text quotes, one for each matched event.
pub(crate) fn matched_events(text: &str) -> Vec<&str> {
    let places = memchr::memmem::find_iter(text.as_bytes(), b"MatchedEvent");
    places.filter_map(|at| text.get(at..).and_then(alert_email::matched_event)).collect()
}

/// A format of records that begin on a line.
#[derive(Clone, Copy)]
pub struct LineFormat {
    /// The name in the report.
    pub name: &'static str,
    /// Which place a record of it is a witness of.
    pub witness: Witness,
    /// Reads one whole record, continuation lines included; `None` if it is not of this format.
    pub read: for<'a> fn(&'a str) -> Option<Record<'a>>,
    /// The alarm line that the record quotes, where it quotes one.
    pub quoted: for<'a> fn(&'a Record<'a>) -> Option<&'a str>,
    /// Lines that this format reads and no other does.
    pub samples: &'static [&'static str],
}

/// The formats of log records, in the order they are tried.
pub const LINE_FORMATS: [LineFormat; 3] = [trace::FORMAT, rtmt_alert::FORMAT, ciscolog::FORMAT];

/// A format that is read as a whole: CLI outputs and mails. Members of at most [`DOCUMENT_MAX`] bytes are tried.
#[derive(Clone, Copy)]
pub struct DocumentFormat {
    /// The name in the report.
    pub name: &'static str,
    /// Reads the text; empty if it is not of this format. Recognised by content, never by file name.
    pub read: fn(&str) -> Vec<Passage>,
    /// Texts that this format reads and no other does.
    pub samples: &'static [&'static str],
}

/// Longest member that is tried as a CLI output or a mail, in bytes.
pub const DOCUMENT_MAX: usize = 1 << 20;

/// The formats that are read whole, in the order they are tried.
pub const DOCUMENT_FORMATS: [DocumentFormat; 21] = [
    service_list::FORMAT,
    uccx_version::FORMAT,
    ntp_status::FORMAT,
    timezone_config::FORMAT,
    system_history::FORMAT,
    alert_email::FORMAT,
    show_license::FORMAT,
    license_page::FORMAT,
    cssm_inventory::FORMAT,
    network_host::FORMAT,
    network_connectivity::FORMAT,
    show_network::FORMAT,
    uccx_trace::FORMAT,
    diagnose::FORMAT,
    login_banner::FORMAT,
    health_check::FORMAT,
    license_smart::FORMAT,
    master_version::FORMAT,
    network_ping::FORMAT,
    replication::FORMAT,
    uccx_components::FORMAT,
];

/// A part of a document that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Bytes of the text that it covers.
    pub range: Range<usize>,
    /// What they say.
    pub content: Content,
}

/// What a [`Passage`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A statement.
    Says(Says),
    /// An alarm line quoted by a mail, to be read like the line itself.
    Quoted {
        /// The line.
        line: Arc<str>,
        /// The alert that quotes it.
        alert: Arc<str>,
        /// The node that the mail names.
        node: Option<Arc<str>>,
    },
    /// An alert of which only the name is known.
    Alert {
        /// Its name.
        name: Arc<str>,
        /// The node that the mail names.
        node: Option<Arc<str>>,
        /// The time that the mail names.
        stamp: Option<crate::stamp::Stamp>,
        /// The message.
        text: Arc<str>,
    },
    /// Understood, and of no interest here: headings, prompts, other services.
    Known,
}

/// The default of [`LineFormat::quoted`].
fn quotes_nothing<'a>(_: &'a Record<'a>) -> Option<&'a str> {
    None
}

/// Reads a record with the first format that takes it. `first` is the format of the records around it: those of the system
/// log come before that of traces where it is one of them.
#[must_use]
pub fn read_record<'a>(
    text: &'a str,
    first: Option<&'static str>,
) -> Option<(&'static LineFormat, Record<'a>)> {
    static FORMATS: [LineFormat; 3] = LINE_FORMATS;
    // Whether a record is an alert is told quickly, so that of both formats of the system log only one reads it.
    let [traces, system_log @ ..] = &FORMATS;
    let is_system_log = system_log.iter().any(|format| Some(format.name) == first);
    let before = Some(traces).filter(|_| !is_system_log);
    let behind = Some(traces).filter(|_| is_system_log);
    let order = before.into_iter().chain(system_log).chain(behind);
    order.into_iter().find_map(|format| (format.read)(text).map(|record| (format, record)))
}

/// Sequence number and times of a header; of a row, its time.
pub(crate) fn read_header<'a>(line: &'a str, layout: Layout, columns: Option<&Columns>) -> Record<'a> {
    if layout == Layout::Rows {
        let stamp = columns.and_then(|columns| columns.read(line)).and_then(|row| row.stamp);
        return Record { stamp, ..Record::default() };
    }
    read_record(line.trim_end(), None).map(|(_, record)| record).unwrap_or_default()
}

/// `MIVR-SS_RM` for a header of debug output; `None` for any other line.
pub(crate) fn debug_code(line: &str) -> Option<Arc<str>> {
    let record = (trace::FORMAT.read)(line)?;
    let sub = record.subfacility.as_deref()?;
    (record.severity == crate::record::Severity::DEBUG).then(|| format!("{}-{sub}", record.facility).into())
}

/// The same of the first code in a line, by its shape alone: enough to know a code again.
pub(crate) fn header_code(line: &[u8]) -> Option<&str> {
    let from = memchr::memchr(b'%', line)? + 1;
    let code = line.get(from..from + memchr::memmem::find(line.get(from..)?, b"-7-")?)?;
    std::str::from_utf8(code).ok()
}

/// Every format's name, for the documentation and the tests.
#[must_use]
pub fn format_names() -> Vec<&'static str> {
    let lines = LINE_FORMATS.iter().map(|format| format.name);
    let documents = DOCUMENT_FORMATS.iter().map(|format| format.name);
    let usage = UsageKind::ALL.map(UsageKind::name);
    let workbook = ["xlsx-sheet", "xlsx-strings"];
    lines.chain(std::iter::once(alert_log::NAME)).chain(documents).chain(usage).chain(workbook).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{self, csv, sql};

    #[test]
    fn each_line_format_reads_its_own_samples_and_no_other_does() {
        for format in LINE_FORMATS {
            assert!(!format.samples.is_empty(), "{} has no samples", format.name);
            for sample in format.samples {
                let readers: Vec<_> = LINE_FORMATS
                    .iter()
                    .filter(|other| (other.read)(sample).is_some())
                    .map(|f| f.name)
                    .collect();
                assert_eq!(readers, [format.name], "{sample}");
                for document in DOCUMENT_FORMATS {
                    assert!((document.read)(sample).is_empty(), "{} reads {sample}", document.name);
                }
            }
        }
    }

    #[test]
    fn each_document_format_reads_its_own_samples_and_no_other_does() {
        for format in DOCUMENT_FORMATS {
            assert!(!format.samples.is_empty(), "{} has no samples", format.name);
            for sample in format.samples {
                let readers: Vec<_> = DOCUMENT_FORMATS
                    .iter()
                    .filter(|other| !(other.read)(sample).is_empty())
                    .map(|f| f.name)
                    .collect();
                assert_eq!(readers, [format.name], "{sample}");
                assert!(alert_log_header(sample.as_bytes()).is_none(), "{sample}");
                for expected in [false, true] {
                    assert!(!csv::is_table(sample.as_bytes(), expected), "{sample}");
                }
                assert!(
                    !sql::is_output(sample.as_bytes()) && usage::part(sample.as_bytes()).is_none(),
                    "{sample}"
                );
                for line in sample.lines() {
                    assert!(
                        LINE_FORMATS.iter().all(|f| (f.read)(line).is_none()) || format.name == "alert-email",
                        "{line}"
                    );
                }
            }
        }
    }

    #[test]
    fn tables_of_usage_are_read_as_such_and_as_nothing_else() {
        const SPACE: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
        let alert_log = "Time Stamp,Alert Name,Node,Alert Message\n";
        for (text, is_report, is_given, is_query, is_part) in [
            ("Date,Time,Maximum Standard Seats\n4/2/26,10:15 AM,4\n".to_owned(), true, true, false, false),
            ("timestamp,in_use\n2026-04-02T10:15:00Z,4\n".to_owned(), false, true, false, false),
            ("timestamp stdseats\n2026-04-02 10:15:00.0 4\n".to_owned(), false, false, true, false),
            (format!("<worksheet {SPACE}>"), false, false, false, true),
            (format!("<sst {SPACE}>"), false, false, false, true),
            (alert_log.to_owned(), false, false, false, false),
        ] {
            let bytes = text.as_bytes();
            assert_eq!(csv::is_table(bytes, false), is_report, "{text}");
            assert_eq!(csv::is_table(bytes, true), is_given, "{text}");
            assert_eq!(sql::is_output(bytes), is_query, "{text}");
            assert_eq!(usage::part(bytes).is_some(), is_part, "{text}");
            assert_eq!(alert_log_header(bytes).is_some(), text == alert_log, "{text}");
            for document in DOCUMENT_FORMATS {
                assert!((document.read)(&text).is_empty(), "{} reads {text}", document.name);
            }
            for line in text.lines() {
                assert!(LINE_FORMATS.iter().all(|format| (format.read)(line).is_none()), "{line}");
            }
        }
    }
}
