//! A node's clock: how it writes down a true instant in each kind of log.

use std::fmt::{self, Write};

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::zones::{acronym, offset_s};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The clock of one node: its zone, and by how much it is ahead of true time.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeClock {
    /// The zone it shows.
    pub(super) zone: Tz,
    /// How far it is ahead.
    pub(super) skew: TimeDelta,
}

fn month(at: &NaiveDateTime) -> &'static str {
    MONTHS.get(at.month0() as usize).copied().unwrap_or("Jan")
}

fn millis(at: &NaiveDateTime) -> u32 {
    at.nanosecond() / 1_000_000
}

impl NodeClock {
    /// What the clock takes for the instant `at`.
    #[must_use]
    pub(super) fn says(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.skew
    }

    /// Local wall time at the true instant `at`.
    #[must_use]
    pub(super) fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let said = self.says(at);
        said.naive_utc() + TimeDelta::seconds(i64::from(offset_s(self.zone, said)))
    }

    /// `Mar 24 11:37:42.153 PST`: a trace record's stamp.
    pub(super) fn write_trace(&self, out: &mut String, at: DateTime<Utc>) {
        let local = self.local(at);
        let zone = acronym(self.zone, self.says(at));
        let _ =
            write!(out, "{} {:02} {}.{:03} {zone}", month(&local), local.day(), hms(&local), millis(&local));
    }

    /// `Mar 24 11:37:42`: the outer, local stamp of a stored syslog line.
    pub(super) fn write_outer(&self, out: &mut String, at: DateTime<Utc>) {
        let local = self.local(at);
        let _ = write!(out, "{} {:02} {}", month(&local), local.day(), hms(&local));
    }

    /// `Mar 24 2021 19:37:42.153 UTC`: the inner stamp of a CiscoLog line.
    pub(super) fn write_inner(&self, out: &mut String, at: DateTime<Utc>) {
        let utc = self.says(at).naive_utc();
        let (month, day, year, ms) = (month(&utc), utc.day(), utc.year(), millis(&utc));
        let _ = write!(out, "{month} {day:02} {year} {}.{ms:03} UTC", hms(&utc));
    }

    /// `Wed Mar 24 11:37:42 PST 2021`: a date as Java prints it.
    #[must_use]
    pub(super) fn java_date(&self, at: DateTime<Utc>) -> String {
        let local = self.local(at);
        let (weekday, day, year) = (local.weekday(), local.day(), local.year());
        let zone = acronym(self.zone, self.says(at));
        format!("{weekday} {} {day:02} {} {zone} {year}", month(&local), hms(&local))
    }

    /// `Wed Mar  4 11:37:42 PST 2021`: a date as the `date` command prints it, in the node's zone and in UTC.
    #[must_use]
    pub(super) fn command_dates(&self, at: DateTime<Utc>) -> [String; 2] {
        let print = |it: NaiveDateTime, zone: &str| {
            let (weekday, day, year) = (it.weekday(), it.day(), it.year());
            format!("{weekday} {} {day:>2} {} {zone} {year}", month(&it), hms(&it))
        };
        let said = self.says(at);
        [print(self.local(at), &acronym(self.zone, said)), print(said.naive_utc(), "UTC")]
    }
}

/// `11:37:42`.
struct Hms(NaiveDateTime);

impl fmt::Display for Hms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}:{:02}", self.0.hour(), self.0.minute(), self.0.second())
    }
}

fn hms(at: &NaiveDateTime) -> Hms {
    Hms(*at)
}
