//! Words that more than one format uses. One function a rule, the rule above it in ABNF.

use std::borrow::Cow;

use chrono::NaiveTime;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1, one_of, space0, space1};
use nom::combinator::{map_opt, opt, recognize, verify};
use nom::{IResult, Parser};

use crate::stamp::{Accuracy, Acronym, Stamp, ZoneMark};

/// `number = 1*DIGIT`, up to what fits 64 bits.
pub(crate) fn number(i: &str) -> IResult<&str, u64> {
    map_opt(digit1, |digits: &str| digits.parse().ok()).parse(i)
}

/// `two = 1*2DIGIT`
pub(crate) fn two(i: &str) -> IResult<&str, u32> {
    map_opt(take_while_m_n(1, 2, |c: char| c.is_ascii_digit()), |digits: &str| digits.parse().ok()).parse(i)
}

/// `month = "Jan" / … / "Dec"`
///
/// The Managed Services Guide's list leaves out August, an error of the page.
pub(crate) fn month(i: &str) -> IResult<&str, u32> {
    map_opt(take_while_m_n(3, 3, |c: char| c.is_ascii_alphabetic()), |name: &str| {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            .iter()
            .position(|month| *month == name)
            .map(|index| index as u32 + 1)
    })
    .parse(i)
}

/// `day = 1*2DIGIT`, 1 to 31.
fn day(i: &str) -> IResult<&str, u32> {
    verify(two, |day| (1..=31).contains(day)).parse(i)
}

/// `year = 4DIGIT`
pub(crate) fn year(i: &str) -> IResult<&str, i32> {
    map_opt(take_while_m_n(4, 4, |c: char| c.is_ascii_digit()), |digits: &str| digits.parse().ok()).parse(i)
}

/// `fraction = "." 1*9DIGIT`, in milliseconds; `.53` is 530, although Cisco's rule wants three digits.
fn fraction(i: &str) -> IResult<&str, u32> {
    let (i, _) = char('.').parse(i)?;
    let (i, digits) = take_while_m_n(1, 9, |c: char| c.is_ascii_digit()).parse(i)?;
    let mut millis = 0;
    for place in 0..3 {
        let digit = digits.as_bytes().get(place).map_or(0, |byte| u32::from(byte - b'0'));
        millis = millis * 10 + digit;
    }
    Ok((i, millis))
}

/// `time = 2DIGIT ":" 2DIGIT ":" 2DIGIT [fraction] [SP ("AM" / "PM") [fraction]]`
///
/// Twelve-hour stamps put the fraction behind the half of the day: `08:43:30 PM.685` (observed on CUCM).
pub(crate) fn time_of_day(i: &str) -> IResult<&str, NaiveTime> {
    let (i, (hour, _, minute, _, second)) = (two, char(':'), two, char(':'), two).parse(i)?;
    let (i, early) = opt(fraction).parse(i)?;
    let (i, half) = opt((space0, alt((tag("AM"), tag("PM"))))).parse(i)?;
    let (i, late) = if half.is_some() { opt(fraction).parse(i)? } else { (i, None) };
    let hour = match half {
        Some((_, "PM")) if hour < 12 => hour + 12,
        Some((_, "AM")) if hour == 12 => 0,
        _ => hour,
    };
    // A leap second is written as 60; the next representable instant is close enough to keep the line.
    let second = second.min(59);
    match NaiveTime::from_hms_milli_opt(hour, minute, second, early.or(late).unwrap_or(0)) {
        Some(time) => Ok((i, time)),
        None => Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Verify))),
    }
}

/// `accuracy = "*" / "."`
fn accuracy(i: &str) -> IResult<&str, Accuracy> {
    let (i, mark) = opt(one_of("*.")).parse(i)?;
    Ok((
        i,
        match mark {
            Some('*') => Accuracy::NotAuthoritative,
            Some('.') => Accuracy::ServersUnreachable,
            _ => Accuracy::Unmarked,
        },
    ))
}

/// `offset = ("+" / "-") 2DIGIT [":"] 2DIGIT`, in seconds.
pub(crate) fn offset(i: &str) -> IResult<&str, i32> {
    let (i, sign) = one_of("+-").parse(i)?;
    let pair = |i| {
        map_opt(take_while_m_n(2, 2, |c: char| c.is_ascii_digit()), |d: &str| d.parse::<i32>().ok()).parse(i)
    };
    let (i, hours) = pair(i)?;
    let (i, _) = opt(char(':')).parse(i)?;
    let (i, minutes) = pair(i)?;
    let seconds = hours * 3_600 + minutes * 60;
    Ok((i, if sign == '-' { -seconds } else { seconds }))
}

/// `zone = "UTC" / "GMT" [offset] / offset / 2*7UPPER`
pub(crate) fn zone(i: &str) -> IResult<&str, ZoneMark> {
    let numeric = |i| offset.map(ZoneMark::Offset).parse(i);
    let named = |i| {
        let (i, name) = take_while_m_n(1, 7, |c: char| c.is_ascii_uppercase()).parse(i)?;
        let (i, behind) = if matches!(name, "GMT" | "UTC") { opt(offset).parse(i)? } else { (i, None) };
        let mark = match (name, behind) {
            (_, Some(seconds)) => ZoneMark::Offset(seconds),
            ("UTC" | "GMT" | "Z", None) => ZoneMark::Utc,
            (name, None) => Acronym::new(name).map_or(ZoneMark::None, ZoneMark::Acronym),
        };
        Ok((i, mark))
    };
    // Newer Java runtimes print a number where the zone database has no name: `-05`.
    let hours = |i| {
        let (i, sign) = one_of("+-").parse(i)?;
        let (i, hours) =
            map_opt(take_while_m_n(2, 2, |c: char| c.is_ascii_digit()), |d: &str| d.parse::<i32>().ok())
                .parse(i)?;
        Ok((i, ZoneMark::Offset(if sign == '-' { -hours * 3_600 } else { hours * 3_600 })))
    };
    alt((numeric, hours, named)).parse(i)
}

/// `local-stamp = month 1*SP day 1*SP time SP zone`: traces, without a year.
pub(crate) fn trace_stamp(i: &str) -> IResult<&str, Stamp> {
    let (i, (month, _, day, _, time)) = (month, space1, day, space1, time_of_day).parse(i)?;
    let (i, _) = space1(i)?;
    let (i, zone) = zone(i)?;
    Ok((i, Stamp { year: None, month, day, time, zone, accuracy: Accuracy::Unmarked }))
}

/// `outer-stamp = month 1*SP day 1*SP [year SP] time`: what a syslog daemon puts in front.
pub(crate) fn outer_stamp(i: &str) -> IResult<&str, Stamp> {
    let (i, (month, _, day, _)) = (month, space1, day, space1).parse(i)?;
    let (i, year) = opt((year, space1)).parse(i)?;
    let (i, time) = time_of_day(i)?;
    let year = year.map(|(year, _)| year);
    Ok((i, Stamp { year, month, day, time, zone: ZoneMark::None, accuracy: Accuracy::Unmarked }))
}

/// `cisco-stamp = [accuracy] month SP day [SP year] SP time SP zone`
///
/// Source: Managed Services Guide 12.5(1), CiscoLog, TIMESTAMP; the year is absent before release 8.
pub(crate) fn cisco_stamp(i: &str) -> IResult<&str, Stamp> {
    let (i, accuracy) = accuracy(i)?;
    let (i, stamp) = outer_stamp(i)?;
    let (i, zone) = opt((space1, zone)).parse(i)?;
    let zone = zone.map_or(ZoneMark::None, |(_, zone)| zone);
    Ok((i, Stamp { accuracy, zone, ..stamp }))
}

/// `rfc3339 = year "-" 2DIGIT "-" 2DIGIT ("T" / SP) time ("Z" / offset)`
pub(crate) fn rfc3339(i: &str) -> IResult<&str, Stamp> {
    let (i, (year, _, month, _, day, _, time)) = (
        year,
        char('-'),
        verify(two, |month| (1..=12).contains(month)),
        char('-'),
        day,
        one_of("T "),
        time_of_day,
    )
        .parse(i)?;
    let (i, zone) = alt((char('Z').map(|_| ZoneMark::Utc), offset.map(ZoneMark::Offset))).parse(i)?;
    Ok((i, Stamp { year: Some(year), month, day, time, zone, accuracy: Accuracy::Unmarked }))
}

/// `java-date = 3ALPHA SP month SP day SP time SP zone SP year`, as in `Fri May 21 08:11:00 CDT 2021`.
pub(crate) fn java_date(i: &str) -> IResult<&str, Stamp> {
    let (i, _) = (take_while_m_n(3, 3, |c: char| c.is_ascii_alphabetic()), space1).parse(i)?;
    let (i, (month, _, day, _, time, _, zone, _, year)) =
        (month, space1, day, space1, time_of_day, space1, zone, space1, year).parse(i)?;
    Ok((i, Stamp { year: Some(year), month, day, time, zone, accuracy: Accuracy::Unmarked }))
}

/// The three parts of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code<'a> {
    /// Before the severity, less the sub-facility.
    pub(crate) facility: &'a str,
    /// Behind the first dash, where there is one.
    pub(crate) subfacility: Option<&'a str>,
    /// The digit.
    pub(crate) severity: u8,
    /// The name.
    pub(crate) mnemonic: &'a str,
}

/// `code = "%" [SP] left "-" severity "-" name *SP ":"`, where `left = facility ["-" subfacility]`
///
/// Lenient where real lines break Cisco's own rule: blanks and lower case in the facility, dashes and more
/// than thirty characters in the name. The first `-DIGIT-` splits, so `RTMT-2-RTMT-ERROR-ALERT` keeps its name.
pub(crate) fn code(i: &str) -> IResult<&str, Code<'_>> {
    let fail = || nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Tag));
    let rest = i.strip_prefix('%').ok_or_else(fail)?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let window = floor_char_boundary(rest, 120);
    let mut left = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'));
    let (_, span): (&str, &str) =
        left.parse(window).map_err(|_: nom::Err<nom::error::Error<&str>>| fail())?;
    let bytes = span.as_bytes();
    let at =
        bytes.windows(3).position(|three| matches!(three, [b'-', b'0'..=b'7', b'-'])).ok_or_else(fail)?;
    let (Some(before), Some(digit), Some(after)) = (span.get(..at), bytes.get(at + 1), rest.get(at + 3..))
    else {
        return Err(fail());
    };
    // A name may stand on the next physical line: web pages wrap `%MIVR-SS_TEL-7-` ⏎ `EXCEPTION:`.
    let (after, _) = opt((opt(char('\r')), char('\n'))).parse(after)?;
    let name = recognize((
        take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_'),
        take_while(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')),
    ));
    let (after, mnemonic): (&str, &str) = { name }.parse(after)?;
    let (after, _) = (space0, char(':')).parse(after)?;
    if before.is_empty() || !before.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(fail());
    }
    let (facility, subfacility) = match before.split_once('-') {
        Some((facility, sub)) => (facility, Some(sub)),
        None => (before, None),
    };
    Ok((after, Code { facility, subfacility, severity: digit - b'0', mnemonic }))
}

/// True if `text` begins with `prefix`, whatever the case: old releases print `%ccm_`.
pub(crate) fn begins_with(text: &[u8], prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// The longest prefix of at most `max` bytes that ends at a character boundary.
pub(crate) fn floor_char_boundary(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Decodes the `#ooo` escapes that syslog daemons write for control characters: exactly three octal digits, so
/// `#01214 Mar` is a line break and `14 Mar`. Only control characters are decoded: `#101` is text.
pub(crate) fn decode_octal(text: &str) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    let mut rest = text;
    while let Some(at) = rest.find('#') {
        let (before, tail) = rest.split_at(at);
        let value = match tail.as_bytes() {
            [b'#', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        let buffer = out.get_or_insert_with(|| String::with_capacity(text.len()));
        buffer.push_str(before);
        match value {
            Some(byte) if byte < 32 || byte == 127 => {
                buffer.push(char::from(byte));
                rest = tail.get(4..).unwrap_or_default();
            }
            _ => {
                buffer.push('#');
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    match out {
        None => Cow::Borrowed(text),
        Some(mut buffer) => {
            buffer.push_str(rest);
            Cow::Owned(buffer)
        }
    }
}

/// The number in front of `minute` in a parameter, as in `15 minutes`.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let (rest, n) = number(text.trim()).ok()?;
    // Without its unit the number may be the beginning of a longer one, cut off.
    rest.trim_start().starts_with("min").then(|| u32::try_from(n).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_two_digits_is_hundredths() {
        let (rest, time) = time_of_day("22:26:11.53 UTC").unwrap();
        assert_eq!((rest, time.to_string().as_str()), (" UTC", "22:26:11.530"));
    }

    #[test]
    fn a_twelve_hour_stamp_keeps_its_fraction() {
        assert_eq!(time_of_day("08:43:30 PM.685 UTC").unwrap().1.to_string(), "20:43:30.685");
        assert_eq!(time_of_day("12:00:01 AM.000").unwrap().1.to_string(), "00:00:01");
        assert_eq!(time_of_day("12:00:01 PM").unwrap().1.to_string(), "12:00:01");
    }

    #[test]
    fn the_first_digit_between_dashes_is_the_severity() {
        let (rest, code) = code("%CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: x").unwrap();
        assert_eq!((code.facility, code.subfacility), ("CCM_RTMT", Some("RTMT")));
        assert_eq!((code.severity, code.mnemonic, rest), (2, "RTMT-ERROR-ALERT", " x"));
    }

    #[test]
    fn an_application_name_with_blanks_is_read() {
        let (_, code) = code("%UC_Location Bandwidth Manager-3-X1: y").unwrap();
        assert_eq!((code.facility, code.mnemonic), ("UC_Location Bandwidth Manager", "X1"));
    }

    #[test]
    fn a_percentage_is_not_a_code() {
        assert!(code("%CPU is at 95: bad").is_err());
        assert!(code("% 5-3-2: x").is_err());
    }

    #[test]
    fn an_octal_escape_takes_exactly_three_digits() {
        assert_eq!(decode_octal("0.00000#01214 Mar"), "0.00000\n14 Mar");
        assert_eq!(decode_octal("a#011b #9 #101 #"), "a\tb #9 #101 #");
    }

    #[test]
    fn an_acronym_glued_to_the_code_is_read() {
        let (rest, stamp) = trace_stamp("Mar 24 11:37:42.153 PST%MIVR").unwrap();
        assert_eq!(rest, "%MIVR");
        assert_eq!(stamp.written(), "Mar 24 11:37:42.153 PST");
    }
}
