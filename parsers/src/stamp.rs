//! A time as written is not an instant: [`Stamp`] is what stands in the line, [`resolve`] says what it means.
//!
//! Traces carry no year and a zone acronym that several zones share, so year and zone are inputs here
//! ([`NodeClock`]) and every answer says how it was found.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetName as _, Tz};

pub use crate::acronyms::acronym_offsets;
use crate::years::years;
pub use crate::years::{YearRule, possible_years};

/// An instant, exact to the millisecond.
pub type Instant = DateTime<Utc>;

/// A zone as written behind a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneMark {
    /// Nothing was written: local to whoever wrote the line.
    None,
    /// `UTC`, `GMT` or `Z`.
    Utc,
    /// `+0530`, `GMT+05:30`: seconds east of UTC.
    Offset(i32),
    /// `EDT`, `IST`: several zones share most of them.
    Acronym(Acronym),
}

/// A zone acronym of at most seven ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Acronym([u8; 7]);

impl Acronym {
    /// Takes an acronym; `None` if it is empty, longer than seven bytes or not ASCII.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; 7];
        if text.is_empty() || !text.is_ascii() {
            return None;
        }
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self(bytes))
    }

    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        std::str::from_utf8(self.0.get(..end).unwrap_or_default()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Acronym {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// How far the writer trusted its own clock.
///
/// Source: Managed Services Guide 12.5(1), CiscoLog, ACCURACY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Accuracy {
    /// No mark: the clock was synchronised, or the format has no marks.
    #[default]
    Unmarked,
    /// `*`: not authoritative.
    NotAuthoritative,
    /// `.`: synchronised once, the servers are unreachable now.
    ServersUnreachable,
}

/// A time as written: often without a year, often with an ambiguous zone. Not ordered on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The year, where the line carries one.
    pub year: Option<i32>,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31; February 29 is allowed without a year.
    pub day: u32,
    /// The time of day on the writer's clock.
    pub time: NaiveTime,
    /// The zone as written.
    pub zone: ZoneMark,
    /// The accuracy mark.
    pub accuracy: Accuracy,
}

impl Stamp {
    /// The civil time in `year`; `None` where that date does not exist (February 29).
    #[must_use]
    pub fn civil(&self, year: i32) -> Option<NaiveDateTime> {
        Some(NaiveDate::from_ymd_opt(year, self.month, self.day)?.and_time(self.time))
    }

    /// The instant, where year and zone stand in the line itself.
    #[must_use]
    pub fn absolute(&self) -> Option<Instant> {
        let civil = self.civil(self.year?)?;
        match self.zone {
            ZoneMark::Utc => Some(civil.and_utc()),
            ZoneMark::Offset(seconds) => Some((civil - TimeDelta::seconds(i64::from(seconds))).and_utc()),
            ZoneMark::None | ZoneMark::Acronym(_) => None,
        }
    }

    /// The stamp as it would stand in a line, for messages: `Apr 02 10:30:05.000 IST`.
    #[must_use]
    pub fn written(&self) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = MONTHS.get(self.month.wrapping_sub(1) as usize).copied().unwrap_or("???");
        let year = self.year.map(|year| format!(" {year}")).unwrap_or_default();
        let zone = match self.zone {
            ZoneMark::None => String::new(),
            ZoneMark::Utc => " UTC".to_owned(),
            ZoneMark::Offset(seconds) => format!(" {}", offset_text(seconds)),
            ZoneMark::Acronym(acronym) => format!(" {}", acronym.as_str()),
        };
        format!("{month} {:02}{year} {}{zone}", self.day, self.time.format("%H:%M:%S%.3f"))
    }
}

/// `+05:30`.
#[must_use]
pub fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// How the year of an instant was found, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum YearBasis {
    /// The line carries it.
    Written,
    /// `--year`.
    Given,
    /// Dated lines of the same node stand around it or beside it.
    DatedLines,
    /// The sequence numbers of its process leave one year only.
    Sequence,
    /// The newest year that does not put the line after the file's or the archive's own time.
    FileTime,
    /// Two years or more fit.
    Ambiguous,
    /// Nothing says which.
    Unknown,
}

/// How the offset from UTC of an instant was found, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneBasis {
    /// The line carries UTC or a numeric offset.
    Written,
    /// `--tz`.
    Given,
    /// A CLI output of the node names its zone.
    ZoneId,
    /// Outer and inner stamp of syslog lines of the same node differ by it.
    OuterInner,
    /// The acronym has one reading only.
    Acronym,
    /// The same alarm of the same node has a full time in another log.
    Paired,
    /// The sequence numbers of its process tell which of two equal hours it is.
    Sequence,
    /// The acronym has several readings, or the hour occurs twice (clocks went back).
    Ambiguous,
    /// Nothing says which.
    Unknown,
}

/// What a stamp means, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The instant; `None` if it cannot be known or several are possible.
    pub at: Option<Instant>,
    /// All possible instants, ascending; empty when nothing is known, one when `at` is.
    pub candidates: Vec<Instant>,
    /// How the year was found.
    pub year: YearBasis,
    /// How the offset was found.
    pub zone: ZoneBasis,
}

/// Where the offset of a node's stamps comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneRule {
    /// `--tz`.
    pub given: Option<Tz>,
    /// The zone that a CLI output of the node names, where nothing in its lines speaks against it.
    pub stated: Option<Tz>,
    /// `(inner instant, outer minus inner in seconds)` of the node's syslog lines, ascending.
    pub offsets: Vec<(Instant, i32)>,
    /// Offsets of acronyms, learnt where the pairs left no doubt: traces print acronyms, syslog does not.
    pub learnt: Vec<(Acronym, i32)>,
}

/// All that turns the stamps of one node into instants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeClock {
    /// Year evidence.
    pub year: YearRule,
    /// Zone evidence.
    pub zone: ZoneRule,
}

/// The instant a stamp means under `clock`.
#[must_use]
pub fn resolve(stamp: &Stamp, clock: &NodeClock) -> Resolved {
    let (years, year_basis) = years(stamp, &clock.year);
    let mut candidates: Vec<Instant> = Vec::new();
    let mut zone_basis = ZoneBasis::Unknown;
    for year in years {
        let Some(civil) = stamp.civil(year) else { continue };
        let (found, basis) = instants(stamp, civil, &clock.zone);
        candidates.extend(found);
        zone_basis = basis;
    }
    candidates.sort_unstable();
    candidates.dedup();
    let (year, zone) = match (candidates.len(), year_basis) {
        (0, YearBasis::Ambiguous) => (YearBasis::Unknown, zone_basis),
        _ => (year_basis, zone_basis),
    };
    let at = match candidates.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    Resolved { at, candidates, year, zone }
}

/// The instants a civil time may mean, and how the offset was found.
fn instants(stamp: &Stamp, civil: NaiveDateTime, rule: &ZoneRule) -> (Vec<Instant>, ZoneBasis) {
    let minus = |seconds: i32| (civil - TimeDelta::seconds(i64::from(seconds))).and_utc();
    match stamp.zone {
        ZoneMark::Utc => return (vec![civil.and_utc()], ZoneBasis::Written),
        ZoneMark::Offset(seconds) => return (vec![minus(seconds)], ZoneBasis::Written),
        ZoneMark::None | ZoneMark::Acronym(_) => {}
    }
    let learnt: Vec<i32> = match stamp.zone {
        ZoneMark::Acronym(acronym) => {
            rule.learnt.iter().filter(|(known, _)| *known == acronym).map(|(_, seconds)| *seconds).collect()
        }
        _ => Vec::new(),
    };
    let readings = match stamp.zone {
        _ if !learnt.is_empty() => learnt.as_slice(),
        ZoneMark::Acronym(acronym) => acronym_offsets(acronym.as_str()),
        _ => &[],
    };
    if let Some(zone) = rule.given {
        let acronym = match &stamp.zone {
            ZoneMark::Acronym(acronym) => Some(acronym.as_str()),
            _ => None,
        };
        return in_zone(civil, zone, acronym, readings);
    }
    if let Some(found) = rule.stated.and_then(|zone| in_stated_zone(stamp, civil, zone, rule)) {
        return found;
    }
    if !rule.offsets.is_empty() {
        let found = by_pairs(civil, &rule.offsets, readings);
        let basis = if found.len() == 1 { ZoneBasis::OuterInner } else { ZoneBasis::Ambiguous };
        return (found.into_iter().map(minus).collect(), basis);
    }
    match readings {
        [] => (Vec::new(), ZoneBasis::Unknown),
        [only] => (vec![minus(*only)], ZoneBasis::Acronym),
        several => (several.iter().map(|seconds| minus(*seconds)).collect(), ZoneBasis::Ambiguous),
    }
}

/// The instants in a zone that an output names; `None` if the line's own acronym cannot be of that zone.
fn in_stated_zone(
    stamp: &Stamp,
    civil: NaiveDateTime,
    zone: Tz,
    rule: &ZoneRule,
) -> Option<(Vec<Instant>, ZoneBasis)> {
    let acronym = match &stamp.zone {
        ZoneMark::Acronym(acronym) => Some(acronym.as_str()),
        _ => None,
    };
    // The zone knows its history; what pairs of other days taught about the acronym does not.
    let readings = acronym.map_or(&[][..], acronym_offsets);
    let (mut found, basis) = in_zone(civil, zone, acronym, readings);
    let fits = |at: &Instant| {
        let offset = zone.offset_from_utc_datetime(&at.naive_utc());
        acronym.is_none_or(|name| offset.abbreviation() == Some(name))
            || readings.is_empty()
            || readings.contains(&offset.fix().local_minus_utc())
    };
    if !found.iter().any(fits) {
        return None;
    }
    if basis == ZoneBasis::Given {
        return Some((found, ZoneBasis::ZoneId));
    }
    // The hour that occurs twice: pairs around the change may still tell.
    if !rule.offsets.is_empty() {
        let offsets = by_pairs(civil, &rule.offsets, readings);
        let seen = |at: &Instant| {
            let seconds = (civil - at.naive_utc()).num_seconds();
            offsets.iter().any(|offset| i64::from(*offset) == seconds)
        };
        let kept: Vec<Instant> = found.iter().copied().filter(seen).collect();
        if let [only] = kept.as_slice() {
            return Some((vec![*only], ZoneBasis::OuterInner));
        }
        if !kept.is_empty() {
            found = kept;
        }
    }
    Some((found, ZoneBasis::Ambiguous))
}

/// The offsets that a civil time may have beside pairs that show the node's offsets over time.
///
/// An offset is certain between two of its own pairs. In the time around a change that no pair covers, and in the
/// hour that occurs twice, both offsets stand unless the acronym tells them apart.
fn by_pairs(civil: NaiveDateTime, pairs: &[(Instant, i32)], readings: &[i32]) -> Vec<i32> {
    let mut seen: Vec<i32> = Vec::new();
    for (_, seconds) in pairs {
        // A node has a few offsets, and pairs of one follow each other.
        if seen.last() != Some(seconds) && !seen.contains(seconds) {
            seen.push(*seconds);
        }
    }
    seen.sort_unstable();
    let fitting: Vec<i32> = seen.iter().copied().filter(|seconds| readings.contains(seconds)).collect();
    if fitting.len() == 1 {
        return fitting;
    }
    if let ([only], true) = (seen.as_slice(), fitting.is_empty()) {
        // No pair was taken under this acronym: the clocks changed and nothing dated was written since. A reading
        // one hour beside the offset seen is the same zone in its other season.
        if let Some(other_season) = readings.iter().find(|seconds| (**seconds - only).abs() == 3_600) {
            return vec![*other_season];
        }
        // An acronym that cannot mean the offset seen contradicts it: both stand.
        return std::iter::once(*only).chain(readings.iter().copied()).collect();
    }
    let among = if fitting.is_empty() { seen } else { fitting };
    let possible = |seconds: &i32| {
        let at = (civil - TimeDelta::seconds(i64::from(*seconds))).and_utc();
        let after = pairs.partition_point(|(anchor, _)| *anchor < at);
        let before = after.checked_sub(1).and_then(|index| pairs.get(index)).map(|(_, seconds)| *seconds);
        let behind = pairs.get(after).map(|(_, seconds)| *seconds);
        // At a change of offset, either side may reach up to the other.
        before == Some(*seconds) || behind == Some(*seconds)
    };
    let found: Vec<i32> = among.iter().copied().filter(possible).collect();
    if found.is_empty() { among } else { found }
}

/// A civil time in a known zone: one instant, two in the hour that occurs twice unless the acronym tells
/// which, and the instant after the jump for an hour that does not occur.
fn in_zone(
    civil: NaiveDateTime,
    zone: Tz,
    acronym: Option<&str>,
    readings: &[i32],
) -> (Vec<Instant>, ZoneBasis) {
    match zone.from_local_datetime(&civil) {
        chrono::LocalResult::Single(at) => (vec![at.to_utc()], ZoneBasis::Given),
        chrono::LocalResult::Ambiguous(early, late) => {
            // The zone's own abbreviation decides; the table only where the database has a number for a name.
            let named =
                |at: &DateTime<Tz>| acronym.is_some_and(|name| at.offset().abbreviation() == Some(name));
            let listed = |at: &DateTime<Tz>| readings.contains(&at.offset().fix().local_minus_utc());
            let by_name = named(&early) || named(&late);
            let fits = |at: &DateTime<Tz>| if by_name { named(at) } else { listed(at) };
            // Of two readings of one acronym the table's first is the usual one: `CLT` is winter time.
            let place = |at: &DateTime<Tz>| {
                let seconds = at.offset().fix().local_minus_utc();
                readings.iter().position(|reading| *reading == seconds)
            };
            let usual = match (by_name, place(&early), place(&late)) {
                (false, Some(a), Some(b)) if a != b => Some(if a < b { early } else { late }),
                _ => None,
            };
            if let Some(usual) = usual {
                return (vec![usual.to_utc()], ZoneBasis::Given);
            }
            match (fits(&early), fits(&late)) {
                (true, false) => (vec![early.to_utc()], ZoneBasis::Given),
                (false, true) => (vec![late.to_utc()], ZoneBasis::Given),
                _ => (vec![early.to_utc(), late.to_utc()], ZoneBasis::Ambiguous),
            }
        }
        chrono::LocalResult::None => {
            let later = zone.from_local_datetime(&(civil + TimeDelta::hours(1))).earliest();
            // The clock that stands before the jump reads an hour that it should have left out.
            (later.map(|at| at.to_utc()).into_iter().collect(), ZoneBasis::Given)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn stamp(text: &str) -> Stamp {
        crate::grammar::trace_stamp(text).unwrap().1
    }

    /// Pairs of one node: instants and offsets in hours.
    fn pairs(of: &[(&str, i32)]) -> NodeClock {
        let offsets = of.iter().map(|(instant, hours)| (at(instant), hours * 3_600)).collect();
        let year =
            YearRule { anchors: of.iter().map(|(instant, _)| at(instant)).collect(), ..YearRule::default() };
        NodeClock { year, zone: ZoneRule { offsets, ..ZoneRule::default() } }
    }

    #[track_caller]
    fn check(text: &str, clock: &NodeClock, expected: &[&str]) {
        let found = resolve(&stamp(text), clock);
        assert_eq!(found.candidates, expected.iter().map(|text| at(text)).collect::<Vec<_>>());
        assert_eq!(found.at.is_some(), expected.len() == 1);
    }

    #[test]
    fn a_winter_acronym_beside_a_summer_pair_is_winter_time() {
        check("Dec 05 10:00:00.000 EST", &pairs(&[("2025-07-02T14:00:05Z", -4)]), &["2025-12-05T15:00:00Z"]);
    }

    #[test]
    fn an_acronym_that_contradicts_the_pairs_is_ambiguous() {
        let clock = pairs(&[("2025-07-02T14:00:05Z", -5)]);
        assert_eq!(resolve(&stamp("Jul 02 10:30:00.000 IST"), &clock).zone, ZoneBasis::Ambiguous);
    }

    #[test]
    fn an_hour_that_the_clock_left_out_is_read_with_the_offset_before_it() {
        let mut clock = NodeClock::default();
        clock.year.given = Some(2026);
        clock.zone.given = Some(chrono_tz::America::New_York);
        check("Mar 08 02:30:00.000 EST", &clock, &["2026-03-08T07:30:00Z"]);
        check("Nov 01 01:30:00.000 EDT", &clock, &["2026-11-01T05:30:00Z"]);
        check("Nov 01 01:30:00.000 EST", &clock, &["2026-11-01T06:30:00Z"]);
    }

    #[test]
    fn no_line_is_younger_than_its_file() {
        let mut clock = pairs(&[("2026-04-02T14:00:05Z", -4)]);
        clock.year.not_after = Some(at("2026-04-02T15:00:00Z"));
        check("Sep 25 10:00:00.000 EDT", &clock, &["2025-09-25T14:00:00Z"]);
    }

    #[test]
    fn december_lines_in_a_january_bundle_are_last_year() {
        let mut clock = NodeClock::default();
        clock.year.not_after = Some(at("2026-01-02T00:00:00Z"));
        check("Dec 31 23:00:00.000 CET", &clock, &["2025-12-31T22:00:00Z"]);
        check("Feb 29 10:00:00.000 CET", &clock, &["2024-02-29T09:00:00Z"]);
    }

    #[test]
    fn between_two_pairs_of_one_offset_that_offset_is_certain() {
        let clock = pairs(&[("2025-11-02T04:00:00Z", -4), ("2025-11-02T07:00:00Z", -5)]);
        let bare = |text: &str| Stamp { zone: ZoneMark::None, ..stamp(text) };
        assert_eq!(resolve(&bare("Nov 01 23:00:00.000 X"), &clock).at, Some(at("2025-11-02T03:00:00Z")));
        assert_eq!(resolve(&bare("Nov 02 01:30:00.000 X"), &clock).candidates.len(), 2);
    }

    #[test]
    fn nothing_known_gives_no_instant() {
        check("Apr 02 10:00:00.000 IST", &NodeClock::default(), &[]);
    }

    #[test]
    fn the_zone_of_an_output_decides_between_the_readings_of_an_acronym() {
        let mut clock = NodeClock::default();
        clock.year.given = Some(2026);
        clock.zone.stated = Some(chrono_tz::Europe::Dublin);
        check("Apr 02 10:00:00.000 IST", &clock, &["2026-04-02T09:00:00Z"]);
        assert_eq!(resolve(&stamp("Apr 02 10:00:00.000 IST"), &clock).zone, ZoneBasis::ZoneId);
    }

    #[test]
    fn an_acronym_that_the_zone_of_an_output_cannot_have_is_read_without_it() {
        let mut clock = NodeClock::default();
        clock.year.given = Some(2026);
        clock.zone.stated = Some(chrono_tz::Asia::Kolkata);
        check("Jul 02 10:00:00.000 CEST", &clock, &["2026-07-02T08:00:00Z"]);
    }
}
