//! Clock steps: time that runs backwards in a log while its sequence numbers rise.

use std::sync::Arc;

use chrono::TimeDelta;
use parsers::event::Witness;
use parsers::member::Mark;
use parsers::stamp::{Instant, ZoneMark};

use crate::analysis::Input;
use crate::facts::ClockStep;

/// Threads of one process may stamp records out of order by less than this.
const JITTER: TimeDelta = TimeDelta::seconds(2);

/// How near to a whole or half hour a step back looks like the end of daylight saving time.
const LIKE_A_FOLD: TimeDelta = TimeDelta::minutes(2);

/// The clock steps between the headers of `input` that were read: its alarms, one of every 64 KiB, and those beside any
/// jump of more than 15 minutes. A smaller step between two of them that time has made good again is not seen.
///
/// Only headers of one run of one process are compared: between them there are as many lines as sequence numbers, or
/// more. A step of an hour or half an hour in local stamps is the end of daylight saving time, or cannot be told from
/// it, and is none.
pub(crate) fn steps(
    input: &Input,
    member: usize,
    node: Option<&Arc<str>>,
    log: &Arc<str>,
    instant: impl Fn(&Mark) -> Option<Instant>,
) -> Vec<ClockStep> {
    let read = &input.read;
    let holes = read.holes.iter().flat_map(|hole| [hole.before, hole.after]);
    let pairs = read.silences.iter().chain(&read.restarts).flat_map(|(before, after)| [*before, *after]);
    let traced = read.sightings.iter().filter(|sighting| sighting.witness == Witness::Trace);
    let alarms = traced.map(|sighting| Mark {
        line: sighting.span.line,
        offset: sighting.span.offset,
        seq: sighting.seq,
        stamp: sighting.stamp,
        outer: None,
        facility: None,
    });
    let mut marks: Vec<Mark> = read.marks.iter().copied().chain(holes).chain(pairs).chain(alarms).collect();
    marks.sort_by_key(|mark| mark.offset);
    marks.dedup_by_key(|mark| mark.offset);
    let mut out = Vec::new();
    // Each is dated once, although it is the one behind and then the one before.
    let mut dated: Option<(u64, Option<Instant>)> = None;
    for pair in marks.windows(2) {
        let [before, after] = pair else { continue };
        let (Some(low), Some(high)) = (before.seq, after.seq) else { continue };
        if !is_one_log(before, after) || low >= high || high - low > after.line.saturating_sub(before.line) {
            continue;
        }
        let known = dated.filter(|(offset, _)| *offset == before.offset).map(|(_, at)| at);
        let from = known.unwrap_or_else(|| instant(before));
        let to = instant(after);
        dated = Some((after.offset, to));
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from - to > JITTER && !may_be_a_fold(before, after, from - to) {
            out.push(ClockStep {
                node: node.cloned(),
                log: Arc::clone(log),
                member,
                before: (before.line, from),
                after: (after.line, to),
            });
        }
    }
    out
}

/// How often the sequence of `input` began anew while time went on: new processes. Where time goes back too, the file is
/// a circular one and its seam is no restart.
pub(crate) fn restarts(input: &Input, instant: impl Fn(&Mark) -> Option<Instant>) -> u64 {
    let forward = |(before, after): &&(Mark, Mark)| {
        is_one_log(before, after)
            && instant(before).zip(instant(after)).is_some_and(|(before, after)| before <= after)
    };
    input.read.restarts.iter().filter(forward).count() as u64
}

/// True if both are records of one application, as far as their codes tell.
fn is_one_log(before: &Mark, after: &Mark) -> bool {
    before.facility.zip(after.facility).is_none_or(|(before, after)| before == after)
}

/// True if local clocks go back by as much at the end of daylight saving time.
fn may_be_a_fold(before: &Mark, after: &Mark, back: TimeDelta) -> bool {
    let absolute =
        |mark: &Mark| mark.stamp.is_some_and(|it| matches!(it.zone, ZoneMark::Utc | ZoneMark::Offset(_)));
    let near = |minutes: i64| (back - TimeDelta::minutes(minutes)).abs() <= LIKE_A_FOLD;
    !(absolute(before) && absolute(after)) && (near(60) || near(30))
}

#[cfg(test)]
mod tests {
    use parsers::member::MemberRead;
    use parsers::stamp::{Accuracy, Stamp};

    use super::*;
    use crate::facts::MemberOutcome;

    fn mark(line: u64, seq: u64, time: &str, zone: ZoneMark) -> Mark {
        let time = chrono::NaiveTime::parse_from_str(time, "%H:%M:%S").unwrap();
        let stamp = Stamp { year: Some(2026), month: 4, day: 2, time, zone, accuracy: Accuracy::Unmarked };
        Mark { line, offset: line * 100, seq: Some(seq), stamp: Some(stamp), outer: None, facility: None }
    }

    /// Instants of marks, as if local time were UTC.
    fn instant(mark: &Mark) -> Option<Instant> {
        mark.stamp?.civil(2026).map(|civil| civil.and_utc())
    }

    fn input(marks: &[Mark], restarts: &[(Mark, Mark)]) -> Input {
        let read = MemberRead { marks: marks.to_vec(), restarts: restarts.to_vec(), ..MemberRead::default() };
        Input {
            source: 0,
            path: None,
            not_after: None,
            outcome: MemberOutcome::Read,
            read,
            instance: None,
            expect_usage: false,
        }
    }

    #[track_caller]
    fn check(before: Mark, after: Mark, expected: usize) {
        let found = steps(&input(&[before, after], &[]), 0, None, &"MCVD".into(), instant);
        assert_eq!(found.len(), expected);
    }

    #[test]
    fn time_that_goes_back_while_numbers_rise_is_a_step() {
        let local = ZoneMark::None;
        check(mark(10, 100, "10:07:00", local), mark(11, 101, "10:00:00", local), 1);
        check(mark(10, 100, "10:00:00", local), mark(11, 101, "10:07:00", local), 0);
    }

    #[test]
    fn an_hour_back_on_local_clocks_may_be_the_end_of_daylight_saving_time() {
        check(mark(10, 100, "10:59:30", ZoneMark::None), mark(11, 101, "10:00:00", ZoneMark::None), 0);
        check(mark(10, 100, "10:59:30", ZoneMark::Utc), mark(11, 101, "10:00:00", ZoneMark::Utc), 1);
    }

    #[test]
    fn a_circular_file_and_a_new_process_are_no_steps() {
        // More numbers than lines between the headers: what lies between is not one run.
        check(mark(10, 100, "10:07:00", ZoneMark::None), mark(11, 900, "10:00:00", ZoneMark::None), 0);
        check(mark(10, 900, "10:07:00", ZoneMark::None), mark(11, 100, "10:00:00", ZoneMark::None), 0);
    }

    #[test]
    fn a_restart_goes_on_in_time_and_a_seam_goes_back() {
        let pair = |a, b| [(mark(10, 900, a, ZoneMark::None), mark(11, 0, b, ZoneMark::None))];
        assert_eq!(restarts(&input(&[], &pair("10:00:00", "10:01:00")), instant), 1);
        assert_eq!(restarts(&input(&[], &pair("10:00:00", "09:01:00")), instant), 0);
    }
}
