//! Times as tables write them: one cell, or a date and a time of day.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta};

use crate::grammar;
use crate::stamp::{Accuracy, Stamp, ZoneMark};

/// A date as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Date {
    /// Year, month and day are known.
    Known(NaiveDate),
    /// `4/2/26`: which of the first two is the month, only the whole column can tell.
    Slashed {
        /// The first number.
        first: u32,
        /// The second number.
        second: u32,
        /// The year, of four digits.
        year: i32,
    },
}

impl Date {
    /// The stamp at `time`; of a slashed date, the first number as its month.
    pub(super) fn at(self, time: NaiveTime, zone: ZoneMark) -> Stamp {
        let (year, month, day) = match self {
            Self::Known(date) => (date.year(), date.month(), date.day()),
            Self::Slashed { first, second, year } => (year, first, second),
        };
        Stamp { year: Some(year), month, day, time, zone, accuracy: Accuracy::Unmarked }
    }
}

/// Which number of a slashed date is the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `4/28/26`
    MonthFirst,
    /// `28/4/26`
    DayFirst,
}

impl Order {
    /// The stamp that [`Date::at`] gave, with its month and day in place; `None` if there is no such date.
    pub(super) fn place(self, mut stamp: Stamp) -> Option<Stamp> {
        if self == Self::DayFirst {
            std::mem::swap(&mut stamp.month, &mut stamp.day);
        }
        stamp.civil(stamp.year?).map(|_| stamp)
    }
}

/// A whole time in one cell: RFC 3339, ISO with or without a zone, seconds or milliseconds since 1970, a date with
/// slashes, a date in words; in a sheet also days since 1900.
pub(super) fn moment(cell: &str, sheet: bool) -> Option<(Date, NaiveTime, ZoneMark)> {
    let cell = cell.trim();
    if let Some(whole) = epoch(cell, sheet) {
        return Some(whole);
    }
    let (date, rest) = date_at(cell)?;
    let rest = rest.trim_start_matches([',', ' ', '\t']);
    let rest = rest.strip_prefix('T').unwrap_or(rest);
    if rest.is_empty() {
        return Some((date, NaiveTime::MIN, ZoneMark::None));
    }
    let (time, rest) = time_at(rest)?;
    Some((date, time, zone(rest)?))
}

/// A date without a time of day; a time of midnight behind it is passed over, as Excel's copies have it.
pub(super) fn date(cell: &str, sheet: bool) -> Option<Date> {
    let cell = cell.trim();
    if sheet && let Some((date, _)) = cell.parse().ok().and_then(serial) {
        return Some(Date::Known(date));
    }
    let (date, rest) = date_at(cell)?;
    let rest = rest.trim_start_matches([',', ' ', 'T']);
    let midnight = || time_at(rest).is_some_and(|(time, rest)| time == NaiveTime::MIN && rest.is_empty());
    (rest.is_empty() || midnight()).then_some(date)
}

/// A time of day, with a zone where one is written.
pub(super) fn time(cell: &str, sheet: bool) -> Option<(NaiveTime, ZoneMark)> {
    let cell = cell.trim();
    if sheet && let Ok(fraction) = cell.parse::<f64>() {
        // Days may stand in front of the fraction: only the time of day is asked for.
        return (0.0..100_000.0).contains(&fraction).then(|| (of_day(fraction.fract()).0, ZoneMark::None));
    }
    let (time, rest) = time_at(cell)?;
    Some((time, zone(rest)?))
}

/// Seconds or milliseconds since 1970, or days since the end of 1899.
fn epoch(cell: &str, sheet: bool) -> Option<(Date, NaiveTime, ZoneMark)> {
    if sheet && let Some((date, time)) = cell.parse().ok().and_then(serial) {
        return Some((Date::Known(date), time, ZoneMark::None));
    }
    let digits = cell.strip_suffix(".0").unwrap_or(cell);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let at = match digits.len() {
        9..=10 => DateTime::from_timestamp(number, 0)?,
        12..=13 => DateTime::from_timestamp_millis(number)?,
        _ => return None,
    };
    Some((Date::Known(at.date_naive()), at.time(), ZoneMark::Utc))
}

/// The date and time of a day number of a spreadsheet: 1 is the first of January 1900, with the leap day of 1900 that
/// never was. Only numbers of the years 1955 to 2119 are dates here: a count of licences is smaller.
///
/// Source: ECMA-376 Part 1, 18.17.4.1 (the 1900 date system). Workbooks with the 1904 system are not told apart.
fn serial(days: f64) -> Option<(NaiveDate, NaiveTime)> {
    if !(20_000.0..80_000.0).contains(&days) {
        return None;
    }
    let (time, carried) = of_day(days.fract());
    let whole = TimeDelta::try_days(days.trunc() as i64 + carried)?;
    Some((NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(whole)?, time))
}

/// The time of day of a fraction of a day to the second, and the day that rounding may carry.
fn of_day(fraction: f64) -> (NaiveTime, i64) {
    let seconds = (fraction * 86_400.0).round() as u32;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds % 86_400, 0);
    (time.unwrap_or(NaiveTime::MIN), i64::from(seconds / 86_400))
}

/// The date at the beginning of a text, and what stands behind it.
fn date_at(text: &str) -> Option<(Date, &str)> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return words(text);
    }
    let (first, rest) = number(text)?;
    let sign = rest.chars().next().filter(|sign| matches!(sign, '/' | '-' | '.'))?;
    let rest = rest.strip_prefix(sign)?;
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // `02-Apr-2026`
        let (behind, month) = grammar::month(rest).ok()?;
        let (year, rest) = number(behind.strip_prefix(sign)?)?;
        return Some((known(year, month, first.value)?, rest));
    }
    let (second, rest) = number(rest)?;
    let (third, rest) = number(rest.strip_prefix(sign)?)?;
    let date = match (first.digits, sign) {
        (4, _) => known(first, second.value, third.value)?,
        // Dates with points have the day first.
        (1..=2, '.') => known(third, second.value, first.value)?,
        (1..=2, _) => Date::Slashed { first: first.value, second: second.value, year: third.year()? },
        _ => return None,
    };
    if let Date::Slashed { first, second, year } = date {
        let fits = |month, day| NaiveDate::from_ymd_opt(year, month, day).is_some();
        if !fits(first, second) && !fits(second, first) {
            return None;
        }
    }
    Some((date, rest))
}

/// `Apr 2, 2026`, also behind a day of the week.
fn words(text: &str) -> Option<(Date, &str)> {
    let text = match text.split_once([' ', ',']) {
        Some((day, rest))
            if ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
                .iter()
                .any(|known| day.get(..3).is_some_and(|day| day.eq_ignore_ascii_case(known))) =>
        {
            rest.trim_start_matches([',', ' '])
        }
        _ => text,
    };
    let (rest, month) = grammar::month(text).ok()?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start_matches(['.', ' ']);
    let (day, rest) = number(rest)?;
    let (year, rest) = number(rest.trim_start_matches([',', ' ']))?;
    Some((known(year, month, day.value)?, rest))
}

/// A number and how many digits it has.
#[derive(Clone, Copy)]
struct Number {
    value: u32,
    digits: usize,
}

impl Number {
    /// The number as a year: of two digits, one of this century.
    fn year(self) -> Option<i32> {
        let value = i32::try_from(self.value).ok()?;
        match self.digits {
            2 => Some(2_000 + value),
            4 if value >= 1_900 => Some(value),
            _ => None,
        }
    }
}

/// `1*4DIGIT`
fn number(text: &str) -> Option<(Number, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    (1..=4).contains(&digits).then_some(())?;
    Some((Number { value: number.parse().ok()?, digits }, rest))
}

fn known(year: Number, month: u32, day: u32) -> Option<Date> {
    NaiveDate::from_ymd_opt(year.year()?, month, day).map(Date::Known)
}

/// `time = 1*2DIGIT ":" 2DIGIT [":" 2DIGIT ["." 1*9DIGIT]] [SP ("AM" / "PM")]`
fn time_at(text: &str) -> Option<(NaiveTime, &str)> {
    let (hour, rest) = number(text)?;
    let (minute, mut rest) = number(rest.strip_prefix(':')?)?;
    let mut second = 0;
    let mut milli = 0;
    if let Some(behind) = rest.strip_prefix(':') {
        let (number, behind) = number(behind)?;
        (second, rest) = (number.value, behind);
        if let Some(behind) = rest.strip_prefix(['.', ',']) {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, behind) = behind.split_at_checked(digits)?;
            for place in 0..3 {
                milli = milli * 10 + fraction.as_bytes().get(place).map_or(0, |byte| u32::from(byte - b'0'));
            }
            rest = behind;
        }
    }
    // Newer Java runtimes put a narrow blank in front of AM.
    let behind = rest.trim_start_matches([' ', '\u{202f}', '\u{a0}']);
    let half =
        behind.get(..2).filter(|_| !behind.get(2..).is_some_and(|it| it.starts_with(char::is_alphanumeric)));
    let hour = match half.map(str::to_ascii_uppercase).as_deref() {
        Some("AM" | "PM") if !(1..=12).contains(&hour.value) => return None,
        Some("AM") => hour.value % 12,
        Some("PM") => hour.value % 12 + 12,
        _ => return Some((NaiveTime::from_hms_milli_opt(hour.value, minute.value, second, milli)?, rest)),
    };
    Some((NaiveTime::from_hms_milli_opt(hour, minute.value, second, milli)?, behind.get(2..)?))
}

/// The zone that makes up the rest of a cell; `None` if something else stands there.
fn zone(rest: &str) -> Option<ZoneMark> {
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(ZoneMark::None);
    }
    match grammar::zone(rest) {
        Ok(("", zone)) => Some(zone),
        _ => None,
    }
}

/// Seconds since the first of January 1970 of the civil time, zone not regarded.
pub(super) fn civil_s(stamp: &Stamp) -> Option<i64> {
    Some(stamp.civil(stamp.year?)?.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, sheet: bool, expected: Option<&str>) {
        let found = moment(cell, sheet).map(|(date, time, zone)| date.at(time, zone).written());
        assert_eq!(found.as_deref(), expected, "{cell}");
    }

    #[test]
    fn every_way_to_write_a_time_is_read() {
        for (cell, expected) in [
            ("2026-04-02T10:15:00Z", "Apr 02 2026 10:15:00.000 UTC"),
            ("2026-04-02T10:15:00+05:30", "Apr 02 2026 10:15:00.000 +05:30"),
            ("2026-04-02 10:15", "Apr 02 2026 10:15:00.000"),
            ("2026-04-02 10:15:00.0", "Apr 02 2026 10:15:00.000"),
            ("2026-04-02", "Apr 02 2026 00:00:00.000"),
            ("1775124900", "Apr 02 2026 10:15:00.000 UTC"),
            ("1775124900000", "Apr 02 2026 10:15:00.000 UTC"),
            ("4/2/26 12:15 AM", "Apr 02 2026 00:15:00.000"),
            ("04/02/2026, 12:15 PM", "Apr 02 2026 12:15:00.000"),
            ("04/02/2026 23:45:30", "Apr 02 2026 23:45:30.000"),
            ("02.04.2026 23:45", "Apr 02 2026 23:45:00.000"),
            ("Apr 2, 2026 1:15 PM", "Apr 02 2026 13:15:00.000"),
            ("Thu Apr 02 2026 13:15", "Apr 02 2026 13:15:00.000"),
            ("02-Apr-2026 13:15:00 IST", "Apr 02 2026 13:15:00.000 IST"),
        ] {
            check(cell, false, Some(expected));
        }
    }

    #[test]
    fn day_numbers_are_times_in_a_sheet_only() {
        check("46114.427083333336", true, Some("Apr 02 2026 10:15:00.000"));
        check("46114", true, Some("Apr 02 2026 00:00:00.000"));
        check("46113.999999999", true, Some("Apr 02 2026 00:00:00.000"));
        check("46114.427083333336", false, None);
        check("40", true, None);
        assert_eq!(time("0.4270833333", true).unwrap().0.to_string(), "10:15:00");
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for cell in [
            "",
            "Total",
            "12",
            "2026-02-30 10:00",
            "31/31/2026",
            "4/2/26 25:00",
            "13:00 PM",
            "2026-04-02 10:15 x",
            "4/2",
            "1/2/3",
            "٤/٢/٢٦",
        ] {
            check(cell, false, None);
        }
        assert!(time("13:00 PM", false).is_none());
        assert!(date("4/2/26 10:00", false).is_none());
    }
}
