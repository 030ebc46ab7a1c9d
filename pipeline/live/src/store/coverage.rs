//! The counts of a member as JSON: where its log was alive, what is missing, what was unread.

use std::sync::Arc;

use chrono::NaiveTime;
use parsers::member::{Facility, Hole, Mark, MemberRead, Unread};
use parsers::reader::live::{format_named, reason_of};
use parsers::stamp::{Accuracy, Acronym, Stamp, ZoneMark};
use serde::{Deserialize, Serialize};

use super::Error;

#[derive(Serialize, Deserialize)]
struct Counts {
    format: Option<String>,
    bytes: u64,
    records: u64,
    n_unread: u64,
    n_cut: u64,
    host: Option<String>,
    debug_seen: Vec<String>,
    unread: Vec<(u64, String, String)>,
    marks: Vec<MarkRow>,
    silences: Vec<(MarkRow, MarkRow)>,
    restarts: Vec<(MarkRow, MarkRow)>,
    holes: Vec<(MarkRow, MarkRow, u64)>,
}

/// Line, offset, sequence number, the record's stamp, the daemon's stamp, the application: a state of before has none.
#[derive(Serialize, Deserialize)]
struct MarkRow(
    u64,
    u64,
    Option<u64>,
    Option<StampRow>,
    Option<StampRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<String>,
);

/// Year, month, day, millisecond of the day, zone, accuracy.
#[derive(Serialize, Deserialize)]
struct StampRow(Option<i32>, u32, u32, u32, String, u8);

impl From<&Mark> for MarkRow {
    fn from(mark: &Mark) -> Self {
        Self(
            mark.line,
            mark.offset,
            mark.seq,
            mark.stamp.as_ref().map(StampRow::from),
            mark.outer.as_ref().map(StampRow::from),
            mark.facility.map(|facility| facility.as_str().to_owned()),
        )
    }
}

impl From<&Stamp> for StampRow {
    fn from(stamp: &Stamp) -> Self {
        use chrono::Timelike as _;
        let ms = stamp.time.num_seconds_from_midnight() * 1_000 + stamp.time.nanosecond() / 1_000_000;
        let zone = match stamp.zone {
            ZoneMark::None => String::new(),
            ZoneMark::Utc => "Z".to_owned(),
            ZoneMark::Offset(seconds) => seconds.to_string(),
            ZoneMark::Acronym(acronym) => format!("={}", acronym.as_str()),
        };
        let accuracy = match stamp.accuracy {
            Accuracy::Unmarked => 0,
            Accuracy::NotAuthoritative => 1,
            Accuracy::ServersUnreachable => 2,
        };
        Self(stamp.year, stamp.month, stamp.day, ms, zone, accuracy)
    }
}

impl MarkRow {
    fn mark(&self) -> Option<Mark> {
        let stamp = |row: &Option<StampRow>| match row {
            Some(row) => row.stamp().map(Some),
            None => Some(None),
        };
        Some(Mark {
            line: self.0,
            offset: self.1,
            seq: self.2,
            stamp: stamp(&self.3)?,
            outer: stamp(&self.4)?,
            facility: self.5.as_ref().and_then(|name| Facility::new(name.as_bytes())),
        })
    }
}

impl StampRow {
    fn stamp(&self) -> Option<Stamp> {
        // A leap second is past the last second of its minute: it was written as more than a thousand milliseconds.
        let seconds = (self.3 / 1_000).min(86_399);
        let time =
            NaiveTime::from_num_seconds_from_midnight_opt(seconds, (self.3 - seconds * 1_000) * 1_000_000)?;
        let zone = match self.4.as_str() {
            "" => ZoneMark::None,
            "Z" => ZoneMark::Utc,
            text => match text.strip_prefix('=') {
                Some(letters) => ZoneMark::Acronym(Acronym::new(letters)?),
                None => ZoneMark::Offset(text.parse().ok()?),
            },
        };
        let accuracy = match self.5 {
            0 => Accuracy::Unmarked,
            1 => Accuracy::NotAuthoritative,
            _ => Accuracy::ServersUnreachable,
        };
        Some(Stamp { year: self.0, month: self.1, day: self.2, time, zone, accuracy })
    }
}

/// The counts as JSON.
pub(super) fn to_json(counts: &MemberRead) -> Result<String, Error> {
    let pair = |(a, b): &(Mark, Mark)| (MarkRow::from(a), MarkRow::from(b));
    let row = Counts {
        format: counts.format.map(str::to_owned),
        bytes: counts.bytes,
        records: counts.records,
        n_unread: counts.n_unread,
        n_cut: counts.n_cut,
        host: counts.host.as_deref().map(str::to_owned),
        debug_seen: counts.debug_seen.iter().map(|code| (**code).to_owned()).collect(),
        unread: counts
            .unread
            .iter()
            .map(|unread| (unread.line, unread.reason.to_owned(), (*unread.text).to_owned()))
            .collect(),
        marks: counts.marks.iter().map(MarkRow::from).collect(),
        silences: counts.silences.iter().map(pair).collect(),
        restarts: counts.restarts.iter().map(pair).collect(),
        holes: counts
            .holes
            .iter()
            .map(|hole| ((&hole.before).into(), (&hole.after).into(), hole.missing))
            .collect(),
    };
    serde_json::to_string(&row).map_err(|error| Error::Damaged(error.to_string()))
}

/// The counts of JSON.
pub(super) fn of_json(text: &str) -> Result<MemberRead, Error> {
    let row: Counts = serde_json::from_str(text).map_err(|error| Error::Damaged(error.to_string()))?;
    let pairs = |pairs: &[(MarkRow, MarkRow)]| -> Option<Vec<(Mark, Mark)>> {
        pairs.iter().map(|(a, b)| Some((a.mark()?, b.mark()?))).collect()
    };
    let read = || {
        Some(MemberRead {
            format: row.format.as_deref().and_then(format_named),
            bytes: row.bytes,
            records: row.records,
            n_unread: row.n_unread,
            n_cut: row.n_cut,
            host: row.host.as_deref().map(Arc::from),
            debug_seen: row.debug_seen.iter().map(|code| code.as_str().into()).collect(),
            unread: row
                .unread
                .iter()
                .filter_map(|(line, reason, text)| {
                    Some(Unread { line: *line, reason: reason_of(reason)?, text: text.as_str().into() })
                })
                .collect(),
            marks: row.marks.iter().map(MarkRow::mark).collect::<Option<_>>()?,
            silences: pairs(&row.silences)?,
            restarts: pairs(&row.restarts)?,
            holes: row
                .holes
                .iter()
                .map(|(before, after, missing)| {
                    Some(Hole { before: before.mark()?, after: after.mark()?, missing: *missing })
                })
                .collect::<Option<_>>()?,
            ..MemberRead::default()
        })
    };
    read().ok_or_else(|| Error::Damaged("a time in the coverage of a source is none".to_owned()))
}
