//! Instants and durations: as the report stores them, and as a person reads them.

use std::borrow::Cow;

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _,
    Timelike as _, Utc,
};
use chrono_tz::Tz;
use parsers::stamp::Instant;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in the report: RFC 3339, UTC, milliseconds, `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Instant);

impl Time {
    /// The instant as it stands in JSON: `2026-04-02T05:30:05.000Z`.
    #[must_use]
    pub fn text(self) -> String {
        if !(0..=9_999).contains(&self.0.year()) {
            return self.0.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        }
        // A report holds tens of thousands of times, and a format string is read anew for each.
        let (date, time) = (self.0.date_naive(), self.0.time());
        let mut text = String::with_capacity(24);
        let mut number = |value: u32, digits: u32, behind: char| {
            for place in (0..digits).rev() {
                text.push(char::from(b'0' + u8::try_from(value / 10_u32.pow(place) % 10).unwrap_or(0)));
            }
            text.push(behind);
        };
        number(date.year().unsigned_abs(), 4, '-');
        number(date.month(), 2, '-');
        number(date.day(), 2, 'T');
        number(time.hour(), 2, ':');
        number(time.minute(), 2, ':');
        // A leap second is printed as the 60th.
        number(time.second() + time.nanosecond() / 1_000_000_000, 2, '.');
        number(time.nanosecond() / 1_000_000 % 1_000, 3, 'Z');
        text
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&text).map_err(de::Error::custom)?;
        Ok(Self(at.with_timezone(&Utc)))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An instant: RFC 3339 in UTC with milliseconds and Z.",
            "type": "string",
            "format": "date-time",
            "pattern": r"^-?\d{4,}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
        })
    }
}

/// The clock on which times are shown to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// No node's zone is known, or the nodes differ.
    Utc,
    /// An offset that the logs show.
    Offset(FixedOffset),
    /// A zone the user named.
    Named(Tz),
}

impl Zone {
    /// The zone that a node's `time_zone` names: an IANA name or one offset. A node whose lines show several
    /// offsets (daylight saving time) has no one clock to print on, so it is shown in UTC.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Ok(zone) = text.parse::<Tz>() {
            return Self::Named(zone);
        }
        // The parser takes a prefix, so a list of offsets would be read as its first.
        let one = text.len() == "+05:30".len();
        text.parse::<FixedOffset>().ok().filter(|_| one).map_or(Self::Utc, Self::Offset)
    }

    /// The zone that all nodes with a known one share; UTC where they differ or none is known.
    #[must_use]
    pub fn shared<'a>(zones: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let known: Vec<&str> = zones.into_iter().flatten().collect();
        let named = known.iter().find_map(|text| text.parse::<Tz>().ok());
        match (known.split_first(), named) {
            (Some((first, others)), _) if others.iter().all(|other| other == first) => Self::parse(first),
            // One node's zone has a name, of the other only offsets are seen that this zone has.
            (_, Some(zone)) if known.iter().all(|text| is_of(text, zone)) => Self::Named(zone),
            _ => Self::Utc,
        }
    }

    /// The instant on this clock, the offset always with it: `2026-04-02 11:00:05 +05:30`.
    #[must_use]
    pub fn show(self, at: Instant) -> String {
        const FORM: &str = "%Y-%m-%d %H:%M:%S %:z";
        match self {
            Self::Utc => at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
            Self::Offset(offset) => at.with_timezone(&offset).format(FORM).to_string(),
            Self::Named(zone) => at.with_timezone(&zone).format(FORM).to_string(),
        }
    }
}

impl Zone {
    /// Seconds that this clock is ahead of UTC at an instant.
    #[must_use]
    pub fn offset_s(self, at: Instant) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Offset(offset) => offset.local_minus_utc(),
            Self::Named(zone) => at.with_timezone(&zone).offset().fix().local_minus_utc(),
        }
    }

    /// The day on this clock: `2026-04-02`.
    #[must_use]
    pub fn day(self, at: Instant) -> String {
        match self {
            Self::Utc => at.date_naive().to_string(),
            Self::Offset(offset) => at.with_timezone(&offset).date_naive().to_string(),
            Self::Named(zone) => at.with_timezone(&zone).date_naive().to_string(),
        }
    }
}

/// True for the zone's name, and for offsets all of which the zone has in some season.
fn is_of(text: &str, zone: Tz) -> bool {
    let has = |offset: FixedOffset| {
        let years = 2015..2040;
        let mut days = years.flat_map(|year| {
            [1, 7].into_iter().filter_map(move |month| NaiveDate::from_ymd_opt(year, month, 1))
        });
        days.any(|day| zone.offset_from_utc_datetime(&NaiveDateTime::from(day)).fix() == offset)
    };
    text == zone.name() || text.split(", ").all(|offset| offset.parse::<FixedOffset>().is_ok_and(has))
}

/// A length of time in at most two units, without a sign: `22 h`, `3 d 4 h`, `45 min`, `30 s`.
#[must_use]
pub fn spell(length: TimeDelta) -> String {
    let seconds = length.num_seconds().unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |n: u64, unit: &str, m: u64, below: &str| match m {
        0 => format!("{n} {unit}"),
        _ => format!("{n} {unit} {m} {below}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) if minutes < 5 => two(minutes, "min", seconds % 60, "s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

/// Where `at` lies as seen from `as_of`: `in 3 d 4 h`, `22 h ago`, `now`.
#[must_use]
pub fn relative(at: Instant, as_of: Instant) -> String {
    let ahead = at - as_of;
    match ahead.num_seconds() {
        0 => "now".to_owned(),
        1.. => format!("in {}", spell(ahead)),
        _ => format!("{} ago", spell(ahead)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_its_format_string_says() {
        for at in [
            "2026-04-02T05:30:05.123Z",
            "0001-01-01T00:00:00Z",
            "2016-12-31T23:59:60.5Z",
            "1969-12-31T23:59:59.999Z",
        ] {
            let at: Instant = at.parse().unwrap();
            assert_eq!(Time(at).text(), at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        }
    }
    use crate::testing::at;

    #[test]
    fn an_instant_is_written_with_milliseconds_and_read_back() {
        let time = Time(at("2026-04-02T05:30:05Z"));
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, "\"2026-04-02T05:30:05.000Z\"");
        assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), time);
    }

    #[test]
    fn times_are_shown_on_the_nodes_clock_with_the_offset() {
        let instant = at("2026-04-02T05:30:05Z");
        assert_eq!(Zone::parse("+05:30").show(instant), "2026-04-02 11:00:05 +05:30");
        assert_eq!(Zone::parse("Europe/Berlin").show(instant), "2026-04-02 07:30:05 +02:00");
        assert_eq!(Zone::parse("+02:00, +01:00").show(instant), "2026-04-02 05:30:05Z");
    }

    #[test]
    fn nodes_that_differ_are_shown_in_utc() {
        assert_eq!(Zone::shared([Some("+05:30"), None, Some("+05:30")]), Zone::parse("+05:30"));
        assert_eq!(Zone::shared([Some("+05:30"), Some("UTC")]), Zone::Utc);
        assert_eq!(Zone::shared([None]), Zone::Utc);
        assert_eq!(Zone::shared([Some("Asia/Kolkata"), Some("Asia/Tokyo")]), Zone::Utc);
    }

    #[test]
    fn a_named_zone_covers_nodes_that_show_only_its_offsets() {
        let new_york = Zone::parse("America/New_York");
        assert_eq!(Zone::shared([Some("America/New_York"), Some("-05:00, -04:00")]), new_york);
        assert_eq!(Zone::shared([Some("-04:00"), Some("America/New_York")]), new_york);
        assert_eq!(Zone::shared([Some("America/New_York"), Some("+01:00")]), Zone::Utc);
    }

    #[test]
    fn lengths_have_at_most_two_units() {
        #[track_caller]
        fn check(seconds: i64, expected: &str) {
            assert_eq!(spell(TimeDelta::seconds(seconds)), expected);
        }
        check(30, "30 s");
        check(90, "1 min 30 s");
        check(45 * 60 + 7, "45 min");
        check(79_200, "22 h");
        check(-(3 * 86_400 + 4 * 3_600), "3 d 4 h");
    }
}
