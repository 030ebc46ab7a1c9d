//! Clock steps: time that runs backwards in a log while its sequence numbers rise.

use std::sync::Arc;

use chrono::TimeDelta;
use parsers::member::Mark;
use parsers::stamp::{Instant, ZoneMark};

use crate::analysis::Input;
use crate::facts::ClockStep;

/// Threads of one process may stamp records out of order by less than this.
const JITTER: TimeDelta = TimeDelta::seconds(2);

/// How near to a whole or half hour a step back looks like the end of daylight saving time.
const LIKE_A_FOLD: TimeDelta = TimeDelta::minutes(2);

/// The clock steps between the headers of `input` that were read.
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
    let mut marks: Vec<Mark> = read.marks.iter().copied().chain(holes).chain(pairs).collect();
    marks.sort_by_key(|mark| mark.offset);
    marks.dedup_by_key(|mark| mark.offset);
    let mut out = Vec::new();
    for pair in marks.windows(2) {
        let [before, after] = pair else { continue };
        let (Some(low), Some(high)) = (before.seq, after.seq) else { continue };
        let one_run = low < high && high - low <= after.line.saturating_sub(before.line);
        let (Some(from), Some(to)) = (instant(before), instant(after)) else { continue };
        if one_run && from - to > JITTER && !may_be_a_fold(before, after, from - to) {
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

/// True if local clocks go back by as much at the end of daylight saving time.
fn may_be_a_fold(before: &Mark, after: &Mark, back: TimeDelta) -> bool {
    let absolute =
        |mark: &Mark| mark.stamp.is_some_and(|it| matches!(it.zone, ZoneMark::Utc | ZoneMark::Offset(_)));
    let near = |minutes: i64| (back - TimeDelta::minutes(minutes)).abs() <= LIKE_A_FOLD;
    !(absolute(before) && absolute(after)) && (near(60) || near(30))
}
