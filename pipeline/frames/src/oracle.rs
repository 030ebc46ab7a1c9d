//! A second opinion on the machine: on streams where only Out of Compliance and its clearing occur, the intervals
//! found here, by comparing columns, must be those that the machine decides line by line. The same for usage.

mod usage;

use history::facts::Event;
use parsers::event::EventKind;
use parsers::stamp::Instant;
use polars::prelude::{BooleanChunked, ChunkCompareEq as _, DataFrame, PolarsResult};

use crate::Error;
use crate::columns::{Side, differs, instant, neighbour, null_where, numbers, present};
use crate::events::ordered;
use crate::schema::{AT, INSTANCE, KIND};

pub use crate::oracle::usage::states_from_usage;

/// A stretch in or out of compliance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OocInterval {
    /// Index of the Product Instance.
    pub instance: usize,
    /// `out_of_compliance` or `in_compliance`, as [`history::facts::Interval::state`] of the authorization.
    pub state: &'static str,
    /// Since when.
    pub from: Instant,
    /// Until when; `None` while it lasts.
    pub until: Option<Instant>,
}

/// Intervals of the authorization from raw events alone, by instance and time: no state is carried from row to row.
///
/// Reads dated [`EventKind::OocEntered`] and [`EventKind::ComplianceRestored`], in any order, and nothing else.
pub fn ooc_intervals_from_events(events: &[(usize, &Event)]) -> Result<Vec<OocInterval>, Error> {
    let table = ordered(events, &[INSTANCE])?;
    let is_ooc = is_kind(&table, &EventKind::OocEntered)?;
    let states = &is_ooc | &is_kind(&table, &EventKind::ComplianceRestored)?;
    let states = &states & &table.column(AT)?.is_not_null();
    let states = table.filter_seq(&states)?;
    let changes = states.filter_seq(&differs(&states, &[INSTANCE, KIND], Side::Before)?)?;
    let next = neighbour(changes.column(AT)?, Side::After)?;
    let untils = null_where(next.i64()?, &differs(&changes, &[INSTANCE], Side::After)?)?;
    let is_ooc = is_kind(&changes, &EventKind::OocEntered)?;
    numbers(&changes, INSTANCE)?
        .zip(is_ooc.iter())
        .zip(changes.column(AT)?.i64()?.iter().zip(untils.iter()))
        .map(|((instance, is_ooc), (from, until))| {
            let instance = instance?;
            Ok(OocInterval {
                instance: usize::try_from(instance)
                    .map_err(|_| Error::Index { column: INSTANCE, index: instance })?,
                state: if is_ooc == Some(true) { "out_of_compliance" } else { "in_compliance" },
                from: instant(AT, present(AT, from)?)?,
                until: until.map(|ms| instant(AT, ms)).transpose()?,
            })
        })
        .collect()
}

fn is_kind(table: &DataFrame, kind: &EventKind) -> PolarsResult<BooleanChunked> {
    Ok(table.column(KIND)?.str()?.equal(kind.name()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use history::coverage::Coverage;
    use history::machine::Machine;
    use history::policy::Regime;

    use super::*;
    use crate::testing::{SplitMix64, at, event, origin, streams};

    /// The same by the machine, event by event.
    fn fold(events: &[(usize, &Event)]) -> Vec<OocInterval> {
        let mut by_instance: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
        for (instance, event) in events {
            let states = matches!(event.kind, EventKind::OocEntered | EventKind::ComplianceRestored);
            if states && event.at.is_some() {
                by_instance.entry(*instance).or_default().push(event);
            }
        }
        let mut intervals: Vec<OocInterval> = Vec::new();
        for (instance, mut events) in by_instance {
            events.sort_by_key(|event| (event.at, event.witnesses[0].origin.clone()));
            let coverage = Coverage::default();
            let mut machine = Machine::new(Regime::Unknown, &coverage, &[], false);
            for event in events {
                machine.apply(event);
            }
            let changes = machine.finish(None).transitions;
            let ends = changes.iter().skip(1).map(|change| change.at).chain([None]);
            intervals.extend(changes.iter().zip(ends).map(|(change, until)| OocInterval {
                instance,
                state: change.state,
                from: change.at.unwrap(),
                until,
            }));
        }
        intervals
    }

    fn stream(random: &mut SplitMix64) -> Vec<(usize, Event)> {
        let (length, instances, spread) = (random.below(40), 1 + random.below(3), 1 + random.below(50));
        (0..length)
            .map(|line| {
                // Few instants, so that ties are many; before and after the epoch of the tests.
                let when = at((random.below(spread)).cast_signed() * 60_000 - 1_200_000);
                let kind = match random.below(5) {
                    0 | 1 => EventKind::OocEntered,
                    2 | 3 => EventKind::ComplianceRestored,
                    _ => EventKind::OocApproaching { minutes: Some(15) },
                };
                let dated = random.below(10) > 0;
                let origin = origin(random.below(3) as u32, line + 1);
                (random.below(instances) as usize, event(dated.then_some(when), kind, origin))
            })
            .collect()
    }

    #[test]
    fn columns_and_the_machine_agree_on_random_streams() {
        let mut intervals = 0;
        for seed in 0..streams() {
            let mut random = SplitMix64(seed);
            let events = stream(&mut random);
            let mut events: Vec<(usize, &Event)> =
                events.iter().map(|(instance, event)| (*instance, event)).collect();
            let expected = fold(&events);
            random.shuffle(&mut events);
            assert_eq!(ooc_intervals_from_events(&events).unwrap(), expected, "stream {seed}");
            intervals += expected.len();
        }
        assert!(intervals > 0);
    }
}
