//! The words of licence outputs: labels, states, dates. What `show license …` and the License Management page share.

use std::ops::Range;

use chrono::TimeDelta;
use nom::branch::alt;
use nom::character::complete::space1;
use nom::combinator::{opt, verify};
use nom::{IResult, Parser};

use crate::grammar;
use crate::stamp::{Accuracy, Stamp, ZoneMark};

/// A label and what stands behind it, up to the next label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labelled {
    /// Which, as an index into the labels that were looked for.
    pub(crate) label: usize,
    /// Offset of the label.
    pub(crate) start: usize,
    /// What stands behind it, blanks at both ends left out.
    pub(crate) value: Range<usize>,
}

/// The labels of a text, in order; `colon` tells whether one counts only with a colon behind it. Case matters: the
/// outputs always write a label in the same way.
pub(crate) fn labelled(text: &str, labels: &[&str], colon: impl Fn(usize) -> bool) -> Vec<Labelled> {
    let mut found: Vec<Labelled> = Vec::new();
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let Some((at, c)) = rest.char_indices().find(|(_, c)| c.is_ascii_alphabetic()) else { break };
        let start = from + at;
        let rest = text.get(start..).unwrap_or_default();
        // A label begins a word.
        let inside_word = text
            .get(..start)
            .is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '-'));
        let longest = || {
            let fits = |label: &str| rest.starts_with(label) && !rest.get(label.len()..).is_some_and(in_word);
            let all = labels.iter().copied().enumerate();
            all.filter(|(_, label)| fits(label)).max_by_key(|(_, label)| label.len())
        };
        let label = if inside_word { None } else { longest() };
        let Some((index, label)) = label else {
            from = start + c.len_utf8() + rest.bytes().skip(1).take_while(u8::is_ascii_alphabetic).count();
            continue;
        };
        let end = start + label.len();
        let behind = text.get(end..).unwrap_or_default();
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        let has_colon = behind.trim_start_matches([' ', '\t']).starts_with(':');
        from = if has_colon { end + blanks + 1 } else { end };
        if has_colon || !colon(index) {
            found.push(Labelled { label: index, start, value: from..from });
        }
    }
    let ends: Vec<usize> = found.iter().skip(1).map(|next| next.start).chain([text.len()]).collect();
    for (item, end) in found.iter_mut().zip(ends) {
        let value = text.get(item.value.start..end).unwrap_or_default();
        let from = item.value.start + value.len() - value.trim_start().len();
        item.value = from..from + value.trim().len();
    }
    found
}

/// True for a text that goes on inside the word before it.
fn in_word(behind: &str) -> bool {
    behind.starts_with(|c: char| c.is_alphanumeric() || c == '-')
}

/// The Registration Status that words state, by its name in the report; `None` for words not known here.
///
/// Source: Administration and Operations Guide 12.5(1) SU3, System Menu (the page); Cisco tech note 212915 and the
/// Smart Licensing command references (the command line).
pub(crate) fn registration(words: &str) -> Option<&'static str> {
    let plain = plain(words);
    let state = match plain.as_str() {
        "unidentified" => "unknown",
        _ if plain.contains("registrationexpired") => "registration_expired",
        _ if plain.contains("reservationinprogress") => "reservation_in_progress",
        _ if plain.starts_with("registered") && plain.contains("reservation") => "registered_reservation",
        "registered" => "registered",
        _ if plain.starts_with("unregistered") || plain.starts_with("notregistered") => "unregistered",
        "registering" | "registrationpending" | "registrationfailed" => "unregistered",
        _ if plain.starts_with("registeringregistration") => "unregistered",
        _ => return None,
    };
    Some(state)
}

/// The License Authorization Status that words state, by its name in the report; `None` for words not known here.
///
/// Source: as for [`registration`].
pub(crate) fn authorization(words: &str) -> Option<&'static str> {
    let state = match plain(words).as_str() {
        "nolicensesinuse" | "nolicenseinuse" | "nolicensesused" => "no_licenses_in_use",
        "eval" | "evalmode" | "evaluation" | "evaluationmode" => "evaluation",
        "evalexpired"
        | "evalmodeexpired"
        | "evaluationexpired"
        | "evaluationmodeexpired"
        | "evaluationperiodexpired"
        | "evalperiodexpired" => "evaluation_expired",
        "authorized" | "incompliance" | "authorizedincompliance" => "in_compliance",
        "outofcompliance" | "authorizedoutofcompliance" => "out_of_compliance",
        "authorizationexpired" | "authexpired" | "authorizedexpired" => "authorization_expired",
        "notauthorized" => "not_authorized",
        "authorizedreserved" | "reservedauthorized" => "authorized_reserved",
        "notauthorizedreserved" | "reservednotauthorized" => "not_authorized_reserved",
        _ => return None,
    };
    Some(state)
}

/// Letters in lower case, and nothing else.
fn plain(words: &str) -> String {
    words.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).take(80).collect()
}

/// The status of an entitlement at the beginning of a text: known words, else the first word. Empty if there is none.
///
/// Source: Administration and Operations Guide 12.5(1) SU3, System Menu; Cisco tech note 212915 (`InCompliance`).
pub(crate) fn entitlement_status(text: &str) -> &str {
    known_status(text).unwrap_or_else(|| text.split_whitespace().next().unwrap_or_default())
}

/// The known status at the beginning of a text; `None` if there is none.
pub(crate) fn known_status(text: &str) -> Option<&str> {
    // Longer ones in front of those that begin like them.
    const KNOWN: [&str; 30] = [
        "Not Authorized - Reserved",
        "Not Authorized-Reserved",
        "Not Authorized",
        "NotAuthorized",
        "Authorized - Reserved",
        "Authorized-Reserved",
        "AuthorizedReserved",
        "Authorization Expired",
        "AuthorizationExpired",
        "Authorized",
        "Evaluation Expired",
        "Evaluation Mode",
        "Evaluation",
        "Eval Expired",
        "EvalExpired",
        "Eval Mode",
        "Eval",
        "In Compliance",
        "In-Compliance",
        "InCompliance",
        "Out Of Compliance",
        "OutOfCompliance",
        "No Licenses in Use",
        "No License in Use",
        "Invalid Tag",
        "InvalidTag",
        "Invalid",
        "Not Applicable",
        "Waiting",
        "Init",
    ];
    KNOWN.iter().find_map(|known| {
        let (head, behind) = text.split_at_checked(known.len())?;
        (head.eq_ignore_ascii_case(known) && !in_word(behind)).then_some(head)
    })
}

/// Bytes of words at the beginning of a text that say that nothing is set; `None` if it begins otherwise.
///
/// Source: Cisco tech note 217581 (`Not Configured`); the other words are inferred.
pub(crate) fn unset(text: &str) -> Option<usize> {
    const WORDS: [&str; 7] = ["Not Configured", "Not Set", "<empty>", "None", "N/A", "Disabled", "-"];
    WORDS.iter().map(|words| words.len()).zip(WORDS).find_map(|(length, words)| {
        let (head, behind) = text.split_at_checked(length)?;
        (head.eq_ignore_ascii_case(words) && !in_word(behind)).then_some(length)
    })
}

/// A host with its port, `[address]:port` for an address of version 6.
pub(crate) fn with_port(host: &str, port: u16) -> std::sync::Arc<str> {
    let is_six = host.parse::<std::net::Ipv6Addr>().is_ok();
    if is_six { format!("[{host}]:{port}").into() } else { format!("{host}:{port}").into() }
}

/// `stamp = java-date / month SP day SP time SP year [SP zone] / month SP day SP year SP time [SP zone]`, as in
/// `Jan 26 15:11:23 2018 IST`, `Nov 9 23:46:35 2017 IST` and `Feb 04 2020 14:20:18 UTC`.
pub(crate) fn stamp(i: &str) -> IResult<&str, Stamp> {
    let year_last = |i| {
        let (i, (month, _, day, _, time, _, year)) = (
            grammar::month,
            space1,
            verify(grammar::two, |day| (1..=31).contains(day)),
            space1,
            grammar::time_of_day,
            space1,
            grammar::year,
        )
            .parse(i)?;
        let (i, zone) = opt(zone).parse(i)?;
        let zone = zone.unwrap_or(ZoneMark::None);
        Ok((i, Stamp { year: Some(year), month, day, time, zone, accuracy: Accuracy::Unmarked }))
    };
    let year_first = |i| {
        let (i, stamp) = verify(grammar::outer_stamp, |stamp: &Stamp| stamp.year.is_some()).parse(i)?;
        let (i, zone) = opt(zone).parse(i)?;
        Ok((i, Stamp { zone: zone.unwrap_or(ZoneMark::None), ..stamp }))
    };
    let exists = |stamp: &Stamp| stamp.year.is_some_and(|year| stamp.civil(year).is_some());
    verify(alt((grammar::java_date, year_last, year_first)), exists).parse(i)
}

/// A zone behind a time; a word that only begins with capitals is none.
fn zone(i: &str) -> IResult<&str, ZoneMark> {
    let (rest, (_, zone)) = (space1, grammar::zone).parse(i)?;
    if in_word(rest) {
        return Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Verify)));
    }
    Ok((rest, zone))
}

/// `dated = ["SUCCEEDED" / "FAILED"] ["on"] [stamp] / "None" / "N/A" / "Never"`, and the length understood.
pub(crate) fn dated(value: &str) -> Option<(Option<Stamp>, Option<bool>, usize)> {
    let word = |text: &str, word: &str| -> bool {
        text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
            && !text.get(word.len()..).is_some_and(|behind| behind.starts_with(char::is_alphanumeric))
    };
    if let Some(none) = ["Not Applicable", "None", "N/A", "Never", "-"].iter().find(|none| word(value, none))
    {
        return Some((None, None, none.len()));
    }
    let succeeded = match () {
        () if word(value, "SUCCEEDED") => Some(true),
        () if word(value, "FAILED") => Some(false),
        () => None,
    };
    let behind =
        if succeeded.is_some() { value.trim_start_matches(|c: char| c.is_ascii_alphabetic()) } else { value };
    let dated = behind.trim_start();
    let dated = dated.strip_prefix("on ").unwrap_or(dated).trim_start();
    match stamp(dated) {
        Ok((rest, stamp)) => Some((Some(stamp), succeeded, value.len() - rest.len())),
        Err(_) => succeeded.map(|_| (None, succeeded, value.len() - behind.len())),
    }
}

/// `left = number SP unit *("," number SP unit)`, as in `68 days, 21 hr, 12 min, 45 sec`, and its length.
pub(crate) fn left(value: &str) -> Option<(TimeDelta, usize)> {
    let mut left: Option<TimeDelta> = None;
    let mut rest = value;
    loop {
        let part = rest.trim_start_matches([',', ' ']);
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let Some((number, behind)) = part.split_at_checked(digits).filter(|_| (1..=6).contains(&digits))
        else {
            break;
        };
        let unit = behind.trim_start();
        let letters = unit.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = unit.split_at_checked(letters)?;
        let number = number.parse().ok()?;
        let part = match unit {
            "day" | "days" => TimeDelta::try_days(number)?,
            "hr" | "hrs" | "hour" | "hours" => TimeDelta::try_hours(number)?,
            "min" | "mins" | "minute" | "minutes" => TimeDelta::try_minutes(number)?,
            "sec" | "secs" | "second" | "seconds" => TimeDelta::try_seconds(number)?,
            _ => break,
        };
        left = Some(left.unwrap_or_default().checked_add(&part)?);
        rest = behind;
    }
    left.map(|left| (left, value.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(stamp(text).ok().map(|(_, stamp)| stamp.written()).as_deref(), expected, "{text}");
    }

    #[test]
    fn dates_of_all_outputs_are_read() {
        check("Jan 26 15:11:23 2018 IST", Some("Jan 26 2018 15:11:23.000 IST"));
        check("Nov 9 23:46:35 2017 IST Next", Some("Nov 09 2017 23:46:35.000 IST"));
        check("Nov 9 23:46:35 2017 Next", Some("Nov 09 2017 23:46:35.000"));
        check("Feb 04 2020 14:20:18 UTC", Some("Feb 04 2020 14:20:18.000 UTC"));
        check("Thu Apr 02 10:30:05 IST 2026", Some("Apr 02 2026 10:30:05.000 IST"));
        check("Feb 30 2020 14:20:18 UTC", None);
        check("Feb 04 14:20:18 UTC", None);
    }

    #[test]
    fn states_have_the_names_of_the_report() {
        for (words, expected) in [
            ("AUTHORIZED", "in_compliance"),
            ("AUTHORIZED - RESERVED", "authorized_reserved"),
            ("OUT OF COMPLIANCE", "out_of_compliance"),
            ("AUTHORIZATION EXPIRED", "authorization_expired"),
            ("EVAL MODE", "evaluation"),
            ("EVAL EXPIRED", "evaluation_expired"),
            ("NO LICENSES IN USE", "no_licenses_in_use"),
            ("Not Authorized-Reserved", "not_authorized_reserved"),
            ("NOT AUTHORIZED", "not_authorized"),
        ] {
            assert_eq!(authorization(words), Some(expected), "{words}");
        }
        for (words, expected) in [
            ("REGISTERED", "registered"),
            ("UNREGISTERED - REGISTRATION FAILED", "unregistered"),
            ("Unregistered-Registration Expired", "registration_expired"),
            ("REGISTERED - SPECIFIC LICENSE RESERVATION", "registered_reservation"),
            ("Reservation In Progress", "reservation_in_progress"),
            ("Unidentified", "unknown"),
        ] {
            assert_eq!(registration(words), Some(expected), "{words}");
        }
        assert_eq!((authorization("PENDING"), registration("DISABLED")), (None, None));
    }

    #[test]
    fn attempts_have_an_outcome_and_maybe_a_time() {
        for (text, at, succeeded) in [
            ("SUCCEEDED on Jan 26 15:11:23 2018 IST", true, Some(true)),
            ("FAILED", false, Some(false)),
            ("None", false, None),
            ("Not Applicable", false, None),
            ("Jul 25 15:11:23 2018 IST", true, None),
        ] {
            let (found, outcome, length) = dated(text).expect(text);
            assert_eq!((found.is_some(), outcome, length), (at, succeeded, text.len()), "{text}");
        }
        assert!(dated("soon").is_none());
        assert!(dated("SUCCEEDEDon").is_none());
    }

    #[test]
    fn time_left_is_read_to_the_second() {
        let seconds = |text: &str| left(text).map(|(left, _)| left.num_seconds());
        assert_eq!(seconds("68 days, 21 hr, 12 min, 45 sec"), Some(5_951_565));
        assert_eq!(seconds("1 day, 2 hours"), Some(93_600));
        assert_eq!(seconds("999999999 days"), None);
        assert_eq!(seconds("none"), None);
    }

    #[test]
    fn a_label_is_a_word_of_its_own_and_the_longest_counts() {
        let labels = ["Status", "License Status", "Account"];
        let text = "License Status: a b Substatus: c Status : d\nAccount e Accounts";
        let found: Vec<_> = labelled(text, &labels, |label| label < 2)
            .into_iter()
            .map(|it| (labels[it.label], &text[it.value]))
            .collect();
        assert_eq!(
            found,
            [("License Status", "a b Substatus: c"), ("Status", "d"), ("Account", "e Accounts")]
        );
    }
}
