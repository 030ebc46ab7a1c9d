//! The year of a stamp that carries none.

use chrono::{Datelike, TimeDelta};

use crate::stamp::{Instant, Stamp, YearBasis};

/// Where the year of a node's stamps comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YearRule {
    /// `--year`.
    pub given: Option<i32>,
    /// Instants that dated lines of the same node state, ascending.
    pub anchors: Vec<Instant>,
    /// When the node was installed: no line of it is older.
    pub not_before: Option<Instant>,
    /// The file's, the archive's or the download's own time: no line in it is younger.
    pub not_after: Option<Instant>,
    /// When outputs were collected on the node. Logs may have been collected some days later.
    pub collected: Option<Instant>,
}

/// A line may be this much younger than its own file: clocks differ, and copies take the collector's time.
const FILE_TIME_SLACK: TimeDelta = TimeDelta::days(2);

/// Logs are collected at most this long behind the outputs of the same case.
const COLLECTED_SLACK: TimeDelta = TimeDelta::days(30);

/// Dated lines at most this far from a stamp both pair with it.
const PAIR_DISTANCE: TimeDelta = TimeDelta::days(45);

/// Years back that reach the last February 29 from anywhere, 1900-style gaps included.
const REACH: i32 = 8;

/// The years a stamp may lie in, and how they were found.
pub(crate) fn years(stamp: &Stamp, rule: &YearRule) -> (Vec<i32>, YearBasis) {
    if let Some(year) = stamp.year {
        return (vec![year], YearBasis::Written);
    }
    if let Some(year) = rule.given {
        return (vec![year], YearBasis::Given);
    }
    if let (Some(first), Some(last)) = (rule.anchors.first(), rule.anchors.last()) {
        return by_anchors(stamp, rule, *first, *last);
    }
    match (rule.not_after, rule.collected) {
        (Some(file), Some(collected)) if collected + COLLECTED_SLACK < file => {
            (newest(stamp, collected + COLLECTED_SLACK).into_iter().collect(), YearBasis::DatedLines)
        }
        (Some(file), _) => match newest(stamp, file + FILE_TIME_SLACK) {
            Some(year) => (vec![year], YearBasis::FileTime),
            None => (Vec::new(), YearBasis::Unknown),
        },
        (None, Some(collected)) => {
            let mut years: Vec<i32> = [FILE_TIME_SLACK, COLLECTED_SLACK]
                .into_iter()
                .filter_map(|slack| newest(stamp, collected + slack))
                .collect();
            years.dedup();
            let basis = if years.len() > 1 { YearBasis::Ambiguous } else { YearBasis::DatedLines };
            (years, basis)
        }
        // A start-up months ago is no evidence: that a line is near one of them in some year is chance.
        (None, None) => (Vec::new(), YearBasis::Unknown),
    }
}

/// All years that a stamp may lie in under `rule`, newest first: what stands against them is left to the sequence.
#[must_use]
pub fn possible_years(stamp: &Stamp, rule: &YearRule) -> Vec<i32> {
    let last = rule.anchors.last().copied();
    let limit = match (limit(rule), last) {
        (Some(limit), _) => limit,
        (None, Some(last)) => last + TimeDelta::days(365),
        (None, None) => return Vec::new(),
    };
    let fits = |year: &i32| {
        let at = stamp.civil(*year).map(|civil| civil.and_utc());
        at.is_some_and(|at| at <= limit && !too_old(at, rule))
    };
    (0..=REACH).map(|back| limit.year() - back).filter(fits).collect()
}

/// The newest instant that a line may have.
fn limit(rule: &YearRule) -> Option<Instant> {
    // The node's own dated lines may be younger than a copied file's time.
    let file =
        rule.not_after.map(|file| rule.anchors.last().map_or(file, |last| file.max(*last)) + FILE_TIME_SLACK);
    let collected = rule.collected.map(|collected| collected + COLLECTED_SLACK);
    match (file, collected) {
        (Some(file), Some(collected)) => Some(file.min(collected)),
        (one, other) => one.or(other),
    }
}

fn too_old(at: Instant, rule: &YearRule) -> bool {
    rule.not_before.is_some_and(|installed| at < installed - FILE_TIME_SLACK)
}

/// The newest year that does not put the stamp behind `limit`.
fn newest(stamp: &Stamp, limit: Instant) -> Option<i32> {
    (0..=REACH)
        .map(|back| limit.year() - back)
        .find(|year| stamp.civil(*year).is_some_and(|civil| civil.and_utc() <= limit))
}

/// The year whose instant is nearest to a dated line; several, where the dated lines span more than a year
/// and two of them are equally near for the purpose.
fn by_anchors(stamp: &Stamp, rule: &YearRule, first: Instant, last: Instant) -> (Vec<i32>, YearBasis) {
    let limit = limit(rule);
    let mut near: Vec<(TimeDelta, i32)> = Vec::new();
    for year in (first.year() - 1)..=(last.year() + 1) {
        let Some(civil) = stamp.civil(year) else { continue };
        // The offset is unknown here and at most 14 hours: nothing beside half a year.
        let at = civil.and_utc();
        if limit.is_some_and(|limit| at > limit) || too_old(at, rule) {
            continue;
        }
        near.extend(distance(at, &rule.anchors).map(|distance| (distance, year)));
    }
    nearest(near)
}

/// How far the nearest of `anchors`, ascending, is from `at`.
fn distance(at: Instant, anchors: &[Instant]) -> Option<TimeDelta> {
    let after = anchors.partition_point(|anchor| *anchor < at);
    let beside = [after.checked_sub(1).and_then(|i| anchors.get(i)), anchors.get(after)];
    beside.into_iter().flatten().map(|anchor| (at - *anchor).abs()).min()
}

/// The year with the smallest distance, and its rivals.
fn nearest(mut near: Vec<(TimeDelta, i32)>) -> (Vec<i32>, YearBasis) {
    near.sort_unstable();
    match near.as_slice() {
        [] => (Vec::new(), YearBasis::Unknown),
        [(distance, year), rest @ ..] => {
            // Dated lines a year apart may both pair with the stamp: then the year stays open.
            let rivals: Vec<i32> = rest
                .iter()
                .filter(|(other, _)| *other < PAIR_DISTANCE && *distance < PAIR_DISTANCE)
                .map(|(_, year)| *year)
                .collect();
            if rivals.is_empty() {
                (vec![*year], YearBasis::DatedLines)
            } else {
                (std::iter::once(*year).chain(rivals).collect(), YearBasis::Ambiguous)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(text: &str, rule: &YearRule, expected: &[i32], basis: YearBasis) {
        let stamp = crate::grammar::trace_stamp(text).unwrap().1;
        assert_eq!(years(&stamp, rule), (expected.to_vec(), basis), "{text}");
    }

    #[test]
    fn outputs_bound_the_year_where_files_have_the_time_of_a_copy() {
        let mut rule = YearRule { collected: Some(at("2024-04-02T05:31:10Z")), ..YearRule::default() };
        check("Apr 01 10:00:00.000 IST", &rule, &[2024], YearBasis::DatedLines);
        check("Sep 25 10:00:00.000 IST", &rule, &[2023], YearBasis::DatedLines);
        rule.not_after = Some(at("2026-11-24T00:00:00Z"));
        check("Sep 25 10:00:00.000 IST", &rule, &[2023], YearBasis::DatedLines);
        rule.not_after = Some(at("2024-04-10T00:00:00Z"));
        check("Apr 09 10:00:00.000 IST", &rule, &[2024], YearBasis::FileTime);
    }

    #[test]
    fn a_line_some_days_behind_the_outputs_has_two_years() {
        let rule = YearRule { collected: Some(at("2024-04-02T05:31:10Z")), ..YearRule::default() };
        check("Apr 12 10:00:00.000 IST", &rule, &[2023, 2024], YearBasis::Ambiguous);
    }

    #[test]
    fn dated_lines_of_two_years_leave_two_candidates() {
        let anchors = vec![at("2025-04-01T00:00:00Z"), at("2026-04-03T00:00:00Z")];
        let rule = YearRule { anchors, ..YearRule::default() };
        check("Apr 02 10:00:00.000 IST", &rule, &[2026, 2025], YearBasis::Ambiguous);
        let installed = YearRule { not_before: Some(at("2025-06-01T00:00:00Z")), ..rule };
        check("Apr 02 10:00:00.000 IST", &installed, &[2026], YearBasis::DatedLines);
    }
}
