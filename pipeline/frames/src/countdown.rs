//! The countdown to Out of Compliance: every line that prints the minutes left, and whether the end moved.

use history::facts::{CountdownPoint, Event};
use history::policy::SAME_COUNTDOWN;
use parsers::event::EventKind;
use polars::prelude::{
    ChunkCompareIneq as _, Column, DataFrame, Int64Chunked, NewChunkedArray as _, PolarsResult,
};

use crate::Error;
use crate::columns::{
    OFFSET, Side, differs, index, instants, minutes, ms, named, neighbour, null_where, numbers, origin,
    present, seconds, sorted,
};
use crate::schema::{AT, COUNTDOWN, DUE, EVENT, INSTANCE, LINE, MEMBER, MINUTES, MOVED_S};

/// True for an event that ends a countdown.
const ENDS: &str = "ends";

/// True for a line that a countdown table holds: dated, with minutes.
#[must_use]
pub fn counts(event: &Event) -> bool {
    event.at.is_some() && minutes(&event.kind).is_some()
}

/// Makes the table [`COUNTDOWN`] from `(instance index, event)`, in any order; other events than those with
/// minutes only separate countdowns.
///
/// A countdown begins where another authorization state was stated since the line before, and where its end is
/// later than the one before by more than half a reporting interval: then the machine, too, takes it for a new one.
/// Within a countdown, `moved_s` is 0 as long as the end stays where it was. Lines of one instant with the same
/// minutes are one row.
pub fn table(events: &[(usize, &Event)]) -> PolarsResult<DataFrame> {
    // Of one instant: lines before the end they count to, and more minutes before fewer.
    let mut sorted =
        sorted(&raw(events)?, &[INSTANCE, AT, ENDS, FEWER_MINUTES, MEMBER, LINE, OFFSET, EVENT], false)?;
    let fresh = differs(&sorted, &[INSTANCE, AT, ENDS, MINUTES], Side::Before)?;
    let ends = sorted.column(ENDS)?.bool()?.clone();
    let after_end = neighbour(sorted.column(ENDS)?, Side::Before)?;
    sorted.with_column(after_end.with_name(AFTER_END.into()))?;
    let mut rows = sorted.filter_seq(&!&(&ends | &!&fresh))?;

    let due = rows.column(DUE)?.i64()?.clone();
    let due_before = neighbour(rows.column(DUE)?, Side::Before)?.i64()?.clone();
    let moved = &due - &due_before;
    let begins = &differs(&rows, &[INSTANCE], Side::Before)? | rows.column(AFTER_END)?.bool()?;
    let begins = &begins | &moved.gt(SAME_COUNTDOWN.num_milliseconds());
    let moved = null_where(&moved, &begins)?;
    rows.with_column(named(MOVED_S, seconds(moved)))?;
    COUNTDOWN.conform(&rows)
}

/// The rows of a table of [`table`], in its order.
pub fn rows(table: &DataFrame) -> Result<Vec<CountdownPoint>, Error> {
    let instants = instants(table, AT)?.zip(instants(table, DUE)?);
    let moved = table.column(MOVED_S)?.i64()?.iter();
    numbers(table, MINUTES)?
        .zip(instants)
        .zip(moved)
        .map(|((minutes, (at, due)), moved_s)| {
            Ok(CountdownPoint { at: present(AT, at?)?, minutes: minutes?, due: present(DUE, due?)?, moved_s })
        })
        .collect()
}

/// True for an event that states another authorization state than the one that counts down.
fn ends_countdown(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::OocEntered
            | EventKind::ComplianceRestored
            | EventKind::AuthorizationExpired
            | EventKind::Evaluation { .. }
    )
}

/// Sorts more minutes before fewer.
const FEWER_MINUTES: &str = "fewer_minutes";
/// True where the row before, in the same or another instance, ends a countdown.
const AFTER_END: &str = "after_end";

/// One row per dated event that is a line or an end of a countdown.
fn raw(events: &[(usize, &Event)]) -> PolarsResult<DataFrame> {
    let mut instances: Vec<u32> = Vec::new();
    let mut indexes: Vec<u32> = Vec::new();
    let mut ends: Vec<bool> = Vec::new();
    let mut ats: Vec<i64> = Vec::new();
    let mut printed: Vec<u32> = Vec::new();
    let mut origins: Vec<Option<(u32, u64, u64)>> = Vec::new();
    for (position, (instance, event)) in events.iter().enumerate() {
        let is_end = ends_countdown(&event.kind);
        let (Some(at), Some(minutes)) = (event.at, minutes(&event.kind).or(is_end.then_some(0))) else {
            continue;
        };
        instances.push(index(*instance)?);
        indexes.push(index(position)?);
        ends.push(is_end);
        ats.push(ms(at));
        printed.push(minutes);
        origins.push(origin(event).map(|origin| (origin.member, origin.span.line, origin.span.offset)));
    }
    let dues = ats.iter().zip(&printed).map(|(at, minutes)| at + i64::from(*minutes) * 60_000);
    let due = Int64Chunked::from_iter_values("".into(), dues);
    let members: Vec<Option<u32>> =
        origins.iter().map(|origin| origin.map(|(member, _, _)| member)).collect();
    let lines: Vec<Option<u64>> = origins.iter().map(|origin| origin.map(|(_, line, _)| line)).collect();
    let offsets: Vec<Option<u64>> =
        origins.iter().map(|origin| origin.map(|(_, _, offset)| offset)).collect();
    let fewer: Vec<u32> = printed.iter().map(|minutes| u32::MAX - minutes).collect();
    DataFrame::new(
        ats.len(),
        vec![
            Column::new(INSTANCE.into(), instances),
            Column::new(AT.into(), ats),
            Column::new(ENDS.into(), ends),
            Column::new(MINUTES.into(), printed),
            named(DUE, due),
            Column::new(FEWER_MINUTES.into(), fewer),
            Column::new(MEMBER.into(), members),
            Column::new(LINE.into(), lines),
            Column::new(OFFSET.into(), offsets),
            Column::new(EVENT.into(), indexes),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SplitMix64, at, at_min, event, numbered, origin};
    use parsers::stamp::Instant;

    fn approaching(at: Option<Instant>, minutes: Option<u32>, line: u64) -> Event {
        event(at, EventKind::OocApproaching { minutes }, origin(0, line))
    }

    fn imminent(at: Option<Instant>, minutes: u32, line: u64) -> Event {
        event(at, EventKind::OocImminent { minutes: Some(minutes) }, origin(0, line))
    }

    /// `(minutes of at, minutes printed, moved_s)`, and that no input order changes them.
    #[track_caller]
    fn check(events: &[Event], expected: &[(i64, u32, Option<i64>)]) {
        let mut numbered = numbered(events);
        let points = rows(&table(&numbered).unwrap()).unwrap();
        let short: Vec<_> = points
            .iter()
            .map(|point| {
                assert_eq!(point.due - point.at, chrono::TimeDelta::minutes(i64::from(point.minutes)));
                ((point.at - at(0)).num_minutes(), point.minutes, point.moved_s)
            })
            .collect();
        assert_eq!(short, expected);
        let mut random = SplitMix64(2);
        for _ in 0..5 {
            random.shuffle(&mut numbered);
            assert_eq!(rows(&table(&numbered).unwrap()).unwrap(), points);
        }
    }

    #[test]
    fn a_countdown_that_keeps_its_end_does_not_move() {
        check(
            &[
                approaching(Some(at_min(0)), Some(45), 1),
                approaching(Some(at_min(15)), Some(30), 2),
                imminent(Some(at_min(30)), 15, 3),
            ],
            &[(0, 45, None), (15, 30, Some(0)), (30, 15, Some(0))],
        );
    }

    #[test]
    fn an_end_that_moves_is_seen_both_ways() {
        check(
            &[
                approaching(Some(at_min(0)), Some(45), 1),
                approaching(Some(at_min(7)), Some(45), 2),
                imminent(Some(at_min(20)), 15, 3),
            ],
            &[(0, 45, None), (7, 45, Some(420)), (20, 15, Some(-1_020))],
        );
        let early = [approaching(Some(at(1_999)), Some(45), 1), approaching(Some(at_min(15)), Some(30), 2)];
        check(&early, &[(0, 45, None), (15, 30, Some(-1))]);
    }

    #[test]
    fn an_end_that_moves_far_begins_a_new_countdown() {
        check(
            &[
                imminent(Some(at_min(0)), 15, 1),
                approaching(Some(at_min(10)), Some(45), 2),
                imminent(Some(at_min(40)), 15, 3),
            ],
            &[(0, 15, None), (10, 45, None), (40, 15, Some(0))],
        );
        // Half a reporting interval, and a millisecond more.
        let half = [approaching(Some(at(0)), Some(45), 1), approaching(Some(at(450_000)), Some(45), 2)];
        check(&half, &[(0, 45, None), (7, 45, Some(450))]);
        let more = [approaching(Some(at(0)), Some(45), 1), approaching(Some(at(450_001)), Some(45), 2)];
        check(&more, &[(0, 45, None), (7, 45, None)]);
    }

    #[test]
    fn a_countdown_that_ran_out_is_over() {
        check(
            &[approaching(Some(at_min(0)), Some(45), 1), approaching(Some(at_min(600)), Some(45), 2)],
            &[(0, 45, None), (600, 45, None)],
        );
        let at_the_end = [imminent(Some(at_min(0)), 15, 1), imminent(Some(at_min(15)), 0, 2)];
        check(&at_the_end, &[(0, 15, None), (15, 0, Some(0))]);
    }

    #[test]
    fn a_stated_state_ends_a_countdown() {
        for end in [
            EventKind::OocEntered,
            EventKind::ComplianceRestored,
            EventKind::AuthorizationExpired,
            EventKind::Evaluation { expired: true },
        ] {
            check(
                &[
                    approaching(Some(at_min(0)), Some(45), 1),
                    event(Some(at_min(10)), end.clone(), origin(0, 2)),
                    approaching(Some(at_min(15)), Some(30), 3),
                    event(Some(at_min(30)), end, origin(0, 4)),
                    imminent(Some(at_min(30)), 15, 5),
                ],
                &[(0, 45, None), (15, 30, None), (30, 15, Some(0))],
            );
        }
    }

    #[test]
    fn lines_of_one_instant_with_the_same_minutes_are_one_row() {
        check(
            &[
                imminent(Some(at_min(0)), 15, 1),
                approaching(Some(at_min(0)), Some(45), 2),
                imminent(Some(at_min(0)), 15, 3),
                approaching(Some(at_min(0)), Some(15), 4),
                imminent(Some(at_min(1)), 15, 5),
            ],
            &[(0, 45, None), (0, 15, Some(-1_800)), (1, 15, Some(60))],
        );
    }

    #[test]
    fn lines_without_a_time_or_minutes_are_no_rows() {
        let events = [
            approaching(None, Some(45), 1),
            approaching(Some(at_min(0)), None, 2),
            event(Some(at_min(1)), EventKind::Clock, origin(0, 3)),
        ];
        check(&events, &[]);
        assert!(!events.iter().any(counts));
    }

    #[test]
    fn the_largest_number_of_minutes_is_an_instant() {
        check(&[approaching(Some(at_min(0)), Some(u32::MAX), 1)], &[(0, u32::MAX, None)]);
        let last = [approaching(Some(Instant::MAX_UTC), Some(1), 1)];
        let table = table(&numbered(&last)).unwrap();
        assert!(matches!(rows(&table), Err(Error::Instant { column: DUE, .. })));
    }

    #[test]
    fn instances_have_their_own_countdowns() {
        let first = approaching(Some(at_min(0)), Some(45), 1);
        let second = approaching(Some(at_min(15)), Some(30), 2);
        let points = rows(&table(&[(1, &second), (0, &first)]).unwrap()).unwrap();
        assert_eq!(points.iter().map(|point| point.moved_s).collect::<Vec<_>>(), [None, None]);
    }
}
