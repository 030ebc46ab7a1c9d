//! From a framed record to what it means: the step between grammar and event.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::alerts;
use crate::catalog::{Catalog, Hit};
use crate::entitlements;
use crate::event::{EventKind, FailureClass, Says, Sighting, Statement, Witness};
use crate::formats::{self, Columns, Content, DOCUMENT_FORMATS};
use crate::lines::{self, Layout};
use crate::member::MemberRead;
use crate::mnemonics;
use crate::origin::{self, Span};
use crate::record::{Record, Severity};
use crate::signatures;
use crate::stamp::Stamp;

/// Multi-part messages that are held open at a time.
const PARTS_OPEN: usize = 256;

/// Parts of one message that are believed; a longer claim is read part by part.
const PARTS_MAX: u32 = 64;

/// True for debug output and stack traces of the licence library: never an alarm by themselves.
pub(crate) fn is_debug(record: &[u8]) -> bool {
    let head = record.get(..lines::first(record).min(160)).unwrap_or_default();
    let Some(percent) = memchr::memchr(b'%', head) else { return false };
    let code = head.get(percent..).unwrap_or_default();
    memchr::memmem::find(code, b"-LIB_LICENSE-7-").is_some_and(|at| is_debug_code(head, percent + at + 2))
}

/// The same, where the gate's `IB_LICENSE-` stands at `hit` of the record.
pub(crate) fn is_debug_code(record: &[u8], hit: usize) -> bool {
    let Some(before) = hit.checked_sub(2).and_then(|at| record.get(..at)) else { return false };
    let code = memchr::memchr(b'%', before).and_then(|percent| before.get(percent..));
    let word = record.get(before.len()..).and_then(|rest| rest.strip_prefix(b"-LIB_LICENSE-7-"));
    let (Some(code), Some(name)) = (code, word) else { return false };
    // A code behind another colon is quoted text, not this record's own.
    !code.contains(&b':')
        && (name.starts_with(b"UNK:") || name.starts_with(b"EXCEPTION:") || name.starts_with(b"DEBUG:"))
}

/// One part of a multi-part message.
#[derive(Clone)]
struct Part {
    number: u32,
    sighting: Option<Sighting>,
    text: String,
    raw: String,
    record: Owned,
    span: Span,
}

/// The fields of a record that outlive its text.
#[derive(Clone)]
struct Owned {
    facility: Arc<str>,
    mnemonic: Arc<str>,
    severity: Severity,
    seq: Option<u64>,
    stamp: Option<Stamp>,
    outer: Option<Stamp>,
    node: Option<Arc<str>>,
}

type PartKey = (String, String, String, u64, u32);

/// State that spans records of one member.
#[derive(Clone)]
pub(crate) struct Sift {
    catalog: Arc<Catalog>,
    parts: BTreeMap<PartKey, Vec<Part>>,
    ranges: Vec<Range<usize>>,
    /// Texts seen before: repeated alarms share one copy.
    texts: BTreeMap<String, Arc<str>>,
}

impl Sift {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog, parts: BTreeMap::new(), ranges: Vec::new(), texts: BTreeMap::new() }
    }

    /// Parts of messages that are held open.
    pub(crate) fn n_parts(&self) -> usize {
        self.parts.values().map(Vec::len).sum()
    }

    /// Reads one record. False: it is of no known format.
    pub(crate) fn read(
        &mut self,
        out: &mut MemberRead,
        bytes: &[u8],
        offset: u64,
        line: u64,
        layout: Layout,
        columns: Option<&Columns>,
    ) -> bool {
        let text = origin::lossy(bytes);
        if layout == Layout::Rows {
            return self.row(out, &text, bytes, offset, line, columns);
        }
        let Some((format, record)) = formats::read_record(&text, out.format) else { return false };
        out.format.get_or_insert(format.name);
        if layout == Layout::Free {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            self.known(start..start.saturating_add(bytes.len()));
        }
        let span = Span::of(bytes, line, offset);
        if let Some(quoted) = (format.quoted)(&record) {
            let alert = record.param("AlertName").unwrap_or_default();
            let detail = record.param("AlertDetail").or(record.param("Detail")).unwrap_or(quoted);
            let events = formats::matched_events(detail);
            if events.into_iter().filter(|line| self.quoted(out, line, Witness::Rtmt, &span)).count() > 0 {
                return true;
            }
            self.alert(out, alert, quoted, &record, format.witness, span);
            return true;
        }
        if format.witness == Witness::Rtmt {
            let detail = record.param("AlertDetail").or(record.param("Detail")).unwrap_or(&record.text);
            self.alert(
                out,
                record.param("AlertName").unwrap_or_default(),
                detail,
                &record,
                format.witness,
                span,
            );
            return true;
        }
        if let Some((first, number, total)) = record.param("part").and_then(part) {
            self.part(out, &record, &text, format.witness, span, first, number, total);
            return true;
        }
        self.events(out, &record, &text, format.witness, &span);
        true
    }

    /// The events of a whole record.
    fn events(
        &mut self,
        out: &mut MemberRead,
        record: &Record<'_>,
        raw: &str,
        witness: Witness,
        span: &Span,
    ) {
        let mut meaning = mnemonics::meaning(record);
        let catalog = Arc::clone(&self.catalog);
        // One pass tells that most records hold none of the words that are looked for below.
        let words = catalog.words(raw.as_bytes());
        let failure = if words.failure { catalog.failure(record, raw) } else { None };
        if words.url
            && let Some((url, _)) = signatures::transport_url(raw)
        {
            let node = node_of(record);
            let says = Says::TransportUrl { url: url.into() };
            // A debug log prints its URL at every report; once is enough.
            if !out.statements.iter().any(|known| known.says == says) {
                out.statements.push(Statement { says, node, span: span.clone() });
            }
        }
        if matches!(meaning, Some(EventKind::TransportFailure { .. })) {
            // The mnemonic only says that something failed; the text may say what.
            match failure {
                Some(hit) => {
                    let sighting = self.failed(record, raw, &hit, witness, span.clone());
                    out.sightings.push(sighting);
                    meaning = None;
                }
                None => meaning = Some(EventKind::TransportFailure { class: FailureClass::Generic }),
            }
        } else if let Some(hit) = failure {
            self.failure(out, record, raw, &hit, witness, span.clone());
        } else if is_ntp_failure(record, raw) {
            meaning = Some(EventKind::Clock);
        }
        if let Some(kind) = meaning {
            self.push(out, kind, record, witness, span.clone());
        } else if words.request
            && let Some((tag, count)) = signatures::entitlement_request(raw)
        {
            let entitlement = entitlements::name(tag);
            self.push(
                out,
                EventKind::EntitlementRequest { entitlement, count },
                record,
                witness,
                span.clone(),
            );
        }
    }

    /// A failure; the records of one stack trace are one failure, and its most specific text names it.
    fn failure(
        &mut self,
        out: &mut MemberRead,
        record: &Record<'_>,
        raw: &str,
        hit: &Hit<'_>,
        witness: Witness,
        span: Span,
    ) {
        let class = hit.entry.class;
        let sighting = self.failed(record, raw, hit, witness, span);
        if let Some(last) = out.sightings.last_mut()
            && let EventKind::TransportFailure { class: before } = last.kind
            && same_burst(last, &sighting)
        {
            if before == class || class == FailureClass::Generic {
                return;
            }
            if before == FailureClass::Generic {
                *last = sighting;
                return;
            }
        }
        out.sightings.push(sighting);
    }

    /// A failure with what the catalog says of it: the entry, and the host that failed.
    fn failed(
        &mut self,
        record: &Record<'_>,
        raw: &str,
        hit: &Hit<'_>,
        witness: Witness,
        span: Span,
    ) -> Sighting {
        let kind = EventKind::TransportFailure { class: hit.entry.class };
        let mut sighting = self.sighting(kind, record, witness, span);
        let host = hit.host.or_else(|| signatures::transport_url(raw).map(|(_, host)| host));
        if let Some(host) = host {
            sighting.params.push(("host".into(), host.into()));
        }
        sighting.params.push(("signature".into(), Arc::clone(&hit.entry.id)));
        sighting
    }

    /// An alert that quotes no alarm known here.
    fn alert(
        &mut self,
        out: &mut MemberRead,
        name: &str,
        message: &str,
        record: &Record<'_>,
        witness: Witness,
        span: Span,
    ) {
        if let Some(kind) = alerts::meaning(name, message) {
            self.push(out, kind, record, witness, span);
        }
    }

    fn push(
        &mut self,
        out: &mut MemberRead,
        kind: EventKind,
        record: &Record<'_>,
        witness: Witness,
        span: Span,
    ) {
        let sighting = self.sighting(kind, record, witness, span);
        out.sightings.push(sighting);
    }

    fn sighting(&mut self, kind: EventKind, record: &Record<'_>, witness: Witness, span: Span) -> Sighting {
        let params = record
            .params
            .iter()
            .filter(|(key, value)| mnemonics::minutes_param(key, value).is_none() && key != "part")
            .map(|(key, value)| (self.text(key), self.text(value)))
            .collect();
        Sighting {
            kind,
            facility: self.text(record.catalog()),
            severity: record.severity,
            mnemonic: self.text(&record.mnemonic),
            params,
            text: self.text(&origin::excerpt(record.text.as_bytes())),
            seq: record.seq,
            stamp: record.stamp,
            outer: record.outer,
            node: node_of(record),
            witness,
            span,
        }
    }

    /// One copy of a repeated text.
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        // A hostile log may hold a new text in every line; repeated ones come early.
        if self.texts.len() < 4_096 {
            self.texts.insert(text.to_owned(), Arc::clone(&new));
        }
        new
    }

    /// Reads an alarm line that an alert quotes: a second witness of that alarm. False: it means nothing here.
    fn quoted(&mut self, out: &mut MemberRead, quoted: &str, witness: Witness, span: &Span) -> bool {
        let Some((_, record)) = formats::read_record(quoted.trim(), None) else { return false };
        let Some(kind) = mnemonics::meaning(&record) else { return false };
        self.push(out, kind, &record, witness, span.clone());
        true
    }

    /// A row of an AlertLog.
    fn row(
        &mut self,
        out: &mut MemberRead,
        text: &str,
        bytes: &[u8],
        offset: u64,
        line: u64,
        columns: Option<&Columns>,
    ) -> bool {
        let Some(row) = columns.and_then(|columns| columns.read(text)) else { return false };
        out.format.get_or_insert(formats::ALERT_LOG);
        if row.quoted.is_none() && alerts::meaning(&row.alert, &row.message).is_none() {
            return true;
        }
        let span = Span::of(bytes, line, offset);
        let events = formats::matched_events(&row.message);
        if events.into_iter().filter(|line| self.quoted(out, line, Witness::AlertLog, &span)).count() > 0 {
            return true;
        }
        let record = Record {
            stamp: row.stamp,
            mnemonic: "".into(),
            facility: "RTMT".into(),
            text: row.message.as_ref().into(),
            host: row.node.as_deref().map(Into::into),
            ..Record::default()
        };
        self.alert(out, &row.alert, &row.message, &record, Witness::AlertLog, span);
        true
    }

    /// Takes one part of a multi-part message; the last one to arrive completes it.
    #[expect(clippy::too_many_arguments, reason = "the fields of one part")]
    fn part(
        &mut self,
        out: &mut MemberRead,
        record: &Record<'_>,
        raw: &str,
        witness: Witness,
        span: Span,
        first: u64,
        number: u32,
        total: u32,
    ) {
        let key = (
            record.host.as_deref().unwrap_or_default().to_owned(),
            record.stamp.map(|stamp| stamp.written()).unwrap_or_default(),
            record.mnemonic.to_string(),
            first,
            total,
        );
        let owned = Owned {
            facility: record.catalog().into(),
            mnemonic: record.mnemonic.as_ref().into(),
            severity: record.severity,
            seq: record.seq,
            stamp: record.stamp,
            outer: record.outer,
            node: node_of(record),
        };
        let sighting =
            mnemonics::meaning(record).map(|kind| self.sighting(kind, record, witness, span.clone()));
        let parts = self.parts.entry(key.clone()).or_default();
        if parts.iter().any(|part| part.number == number) {
            return;
        }
        parts.push(Part {
            number,
            sighting,
            text: record.text.to_string(),
            raw: raw.to_owned(),
            record: owned,
            span,
        });
        let complete = parts.len() >= total as usize;
        if complete {
            if let Some(parts) = self.parts.remove(&key) {
                self.join(out, parts, witness);
            }
        } else if self.parts.len() > PARTS_OPEN
            && let Some((_, parts)) = self.parts.pop_first()
        {
            self.join(out, parts, witness);
        }
    }

    /// Puts a message together from the parts at hand.
    fn join(&mut self, out: &mut MemberRead, mut parts: Vec<Part>, witness: Witness) {
        parts.sort_by_key(|part| part.number);
        let text: String = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
        let raw: String = parts.iter().map(|part| part.raw.as_str()).collect::<Vec<_>>().join("\n");
        let Some(first) = parts.first() else { return };
        let owned = first.record.clone();
        if let Some(mut sighting) = parts.iter().find_map(|part| part.sighting.clone()) {
            sighting.text = origin::excerpt(text.as_bytes());
            sighting.span = first.span.clone();
            out.sightings.push(sighting);
        }
        let record = Record {
            seq: owned.seq,
            stamp: owned.stamp,
            outer: owned.outer,
            host: owned.node.as_deref().map(Into::into),
            facility: owned.facility.as_ref().into(),
            severity: owned.severity,
            mnemonic: owned.mnemonic.as_ref().into(),
            text: text.as_str().into(),
            ..Record::default()
        };
        let catalog = Arc::clone(&self.catalog);
        if let Some(hit) = catalog.failure(&record, &raw) {
            self.failure(out, &record, &raw, &hit, witness, first.span.clone());
        }
    }

    /// Reads the member as CLI outputs and mails; returns the ranges that were understood.
    pub(crate) fn documents(&mut self, out: &mut MemberRead, bytes: &[u8]) -> Vec<Range<usize>> {
        let text = origin::same_length_text(bytes);
        let mut explained = Vec::new();
        for format in DOCUMENT_FORMATS {
            let passages = (format.read)(&text);
            if passages.is_empty() {
                continue;
            }
            out.format.get_or_insert(format.name);
            let mut counted = (0, 1);
            for passage in passages {
                let Some(raw) = bytes.get(passage.range.clone()) else { continue };
                // Passages mostly come in order: what was counted once need not be counted again.
                if passage.range.start < counted.0 {
                    counted = (0, 1);
                }
                let before = bytes.get(counted.0..passage.range.start).unwrap_or_default();
                counted = (passage.range.start, counted.1 + bytecount::count(before, b'\n') as u64);
                let line = counted.1;
                let span = Span::of(raw, line, passage.range.start as u64);
                explained.push(passage.range);
                match passage.content {
                    Content::Known => {}
                    Content::Says(says) => {
                        out.records += 1;
                        out.statements.push(Statement { says, node: None, span });
                    }
                    Content::Quoted { line: quoted, alert, node } => {
                        // The alarm inside was read as a record of its own: the mail is its witness instead.
                        let overlaps = |s: &Sighting| {
                            s.witness != Witness::Email
                                && s.span.offset < span.offset + span.length
                                && span.offset < s.span.offset + s.span.length
                        };
                        out.sightings.retain(|sighting| !overlaps(sighting));
                        if self.quoted(out, &quoted, Witness::Email, &span) {
                            out.records += 1;
                        } else {
                            self.mailed_alert(out, alert, node, None, &quoted, span);
                        }
                    }
                    Content::Alert { name, node, stamp, text } => {
                        self.mailed_alert(out, name, node, stamp, &text, span)
                    }
                }
            }
        }
        explained
    }

    fn mailed_alert(
        &mut self,
        out: &mut MemberRead,
        name: Arc<str>,
        node: Option<Arc<str>>,
        stamp: Option<Stamp>,
        text: &str,
        span: Span,
    ) {
        out.records += 1;
        let record = Record {
            stamp,
            facility: "RTMT".into(),
            text: text.into(),
            host: node.as_deref().map(Into::into),
            ..Record::default()
        };
        self.alert(out, &name, text, &record, Witness::Email, span);
    }

    /// Notes a range of a paste that a record takes up.
    pub(crate) fn known(&mut self, range: Range<usize>) {
        self.ranges.push(range);
    }

    /// Ranges of a paste that were read as records.
    pub(crate) fn read_ranges(&mut self) -> Vec<Range<usize>> {
        std::mem::take(&mut self.ranges)
    }

    /// Ends the member: messages of which parts are missing are read as far as they go.
    pub(crate) fn finish(&mut self, out: &mut MemberRead) {
        while let Some((_, parts)) = self.parts.pop_first() {
            self.join(out, parts, Witness::Syslog);
        }
        out.sightings.sort_by_key(|sighting| sighting.span.offset);
    }
}

/// `part = first "." number "/" total`, as in `16.1/3`.
fn part(value: &str) -> Option<(u64, u32, u32)> {
    let (first, rest) = value.split_once('.')?;
    let (number, total) = rest.split_once('/')?;
    let (first, number, total) = (first.parse().ok()?, number.parse().ok()?, total.parse().ok()?);
    ((1..=total).contains(&number) && total <= PARTS_MAX).then_some((first, number, total))
}

/// The node a record names: its NodeID, else the host of its header; only what has the shape of a host name or an
/// address.
fn node_of(record: &Record<'_>) -> Option<Arc<str>> {
    let named = record.param("NodeID").map(str::trim);
    [named, record.host.as_deref()].into_iter().flatten().find(|name| is_host(name)).map(Into::into)
}

/// `host = 1*255(ALPHA / DIGIT / "." / "-" / "_" / ":")`
pub(crate) fn is_host(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    // A line that was wrapped may begin with the zone of the one before.
    if matches!(name, "UTC" | "GMT") {
        return false;
    }
    (1..=255).contains(&name.len()) && name.bytes().all(fits)
}

/// True if two failures stand within two seconds of the same run of records.
fn same_burst(a: &Sighting, b: &Sighting) -> bool {
    let near = match (a.stamp, b.stamp) {
        (Some(a), Some(b)) => {
            a.month == b.month && a.day == b.day && (b.time - a.time).num_milliseconds().abs() <= 2_000
        }
        (None, None) => true,
        _ => false,
    };
    let follows = match (a.seq, b.seq) {
        (Some(a), Some(b)) => b > a && b - a <= 200,
        (None, None) => b.span.line - a.span.line <= 1,
        _ => false,
    };
    near && follows && a.witness == b.witness
}

/// The platform's own words when no NTP server answers.
///
/// Source: Cisco tech note 221910 (`Response from 'ntpdate -q': … no server suitable`).
fn is_ntp_failure(record: &Record<'_>, raw: &str) -> bool {
    record.mnemonic.is_empty()
        && raw.contains("ntpdate")
        && raw.contains("no server suitable for synchronization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_told_by_the_records_own_code() {
        assert!(is_debug(b"5: Apr 02 10:30:05.123 IST %MIVR-LIB_LICENSE-7-UNK:computed"));
        assert!(!is_debug(b"5: Apr 02 10:30:05.123 IST %MIVR-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: x"));
        assert!(!is_debug(b"5: Apr 02 10:30:05.123 IST %MIVR-SS_X-1-A: quoting %MIVR-LIB_LICENSE-7-UNK:"));
    }

    #[test]
    fn a_part_number_beyond_its_total_is_no_part() {
        assert_eq!(part("16.1/3"), Some((16, 1, 3)));
        assert_eq!(part("16.4/3"), None);
        assert_eq!(part("16.1/900000000"), None);
        assert_eq!(part("x"), None);
    }
}
