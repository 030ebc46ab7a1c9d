//! The usage table: every report of the 15-minute rule and every entitlement, one row each; and what rules predict.

use std::collections::VecDeque;

use chrono::TimeDelta;
use history::facts::Instance;
use history::policy::{OVER_USAGES, REPORT_EVERY_COUNTED, REPORT_EVERY_IMMEDIATE, Regime};
use history::usage::{Consumption, Grid, GridColumn, NOT_COUNTED, Replay, Usage};
use parsers::stamp::Instant;
use polars::prelude::{
    Column, DataFrame, DataType, Int64Chunked, IntoColumn as _, IntoSeries as _, NewChunkedArray as _,
    PolarsResult, Scalar, TimeUnit, TimeZone, cum_max,
};

use crate::Error;
use crate::columns::{index, ms, sum_of_last};
use crate::consumption::{holding, states_at, usual_phase};
use crate::lacking::{Purchased, in_use};
use crate::schema::{
    AT, DETERMINED, EARLIEST, ENTITLEMENT, EXPECTED, IN_USE, IN_USE_PEAK_8H, INSTANCE, LACKING, LATEST,
    LOCKED, OVER_IN_LAST_5_REPORTS, PREDICTED, PURCHASED, READING, REGIME, STATE, USAGE,
};
use crate::usage::grid;

/// Makes the table [`USAGE`] of one instance.
pub(crate) fn usage(
    number: usize,
    instance: &Instance,
    usage: &Usage,
    consumption: &Consumption,
) -> Result<DataFrame, Error> {
    let grid = grid(usage, REPORT_EVERY_COUNTED, usual_phase(&usage.at))?;
    let columns: Vec<&GridColumn> = grid.columns.iter().collect();
    let used: Vec<Int64Chunked> = columns.iter().map(|column| in_use(column)).collect();
    let lacking = Purchased::of(&columns).lacking(&used)?;
    let held = held(&grid, instance, consumption);
    let at = Int64Chunked::from_iter_values(AT.into(), grid.at.iter().map(|at| ms(*at)));
    let at = at.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_series();
    let asked: Vec<Option<Instant>> = grid.at.iter().copied().map(Some).collect();
    let states = Column::new(STATE.into(), states_at(instance, &asked));
    let rows = grid.at.len();
    let mut table = USAGE.empty()?;
    for ((column, used), lacking) in columns.iter().zip(&used).zip(&lacking) {
        let over = sum_of_last(over(lacking), OVER_USAGES as usize)?;
        let known = column.in_use.iter().zip(&column.purchased);
        let known = known.map(|(used, bought)| *used != NOT_COUNTED && *bought != NOT_COUNTED);
        let lacking = lacking.iter().zip(known).map(|(lacking, known)| lacking.filter(|_| known));
        let peak = highest_within(&column.in_use, &grid.at, REPORT_EVERY_IMMEDIATE);
        let frame = DataFrame::new(
            rows,
            vec![
                Column::new_scalar(INSTANCE.into(), Scalar::from(index(number)?), rows),
                Column::new(ENTITLEMENT.into(), vec![&*column.entitlement; rows]),
                at.clone().into_column(),
                counts(IN_USE, &column.in_use),
                counts(PURCHASED, &column.purchased),
                Column::new(LACKING.into(), lacking.map(small).collect::<Vec<_>>()),
                Column::new(OVER_IN_LAST_5_REPORTS.into(), over.iter().map(small).collect::<Vec<_>>()),
                counts(IN_USE_PEAK_8H, &peak),
                locked(used, &held)?,
                states.clone(),
            ],
        )?;
        table.vstack_mut(&USAGE.conform(&frame)?)?;
    }
    Ok(table)
}

/// Makes the table [`PREDICTED`] of one instance.
pub(crate) fn predicted(number: usize, consumption: &Consumption) -> PolarsResult<DataFrame> {
    let rows: Vec<(&Replay, &history::usage::Predicted)> = consumption
        .replays
        .iter()
        .flat_map(|replay| replay.path.iter().map(move |row| (replay, row)))
        .collect();
    let instants = |name: &str, of: fn(&history::usage::Predicted) -> Instant| {
        Column::new(name.into(), rows.iter().map(|(_, row)| ms(of(row))).collect::<Vec<i64>>())
    };
    let frame = DataFrame::new(
        rows.len(),
        vec![
            Column::new(INSTANCE.into(), vec![index(number)?; rows.len()]),
            Column::new(REGIME.into(), rows.iter().map(|(it, _)| it.regime.name()).collect::<Vec<_>>()),
            Column::new(
                READING.into(),
                rows.iter().map(|(it, _)| it.reading.map(|reading| reading.name())).collect::<Vec<_>>(),
            ),
            Column::new(STATE.into(), rows.iter().map(|(_, row)| row.state).collect::<Vec<_>>()),
            instants(EARLIEST, |row| row.earliest),
            instants(EXPECTED, |row| row.expected),
            instants(LATEST, |row| row.latest),
            Column::new(DETERMINED.into(), rows.iter().map(|(_, row)| row.determined).collect::<Vec<_>>()),
        ],
    )?;
    PREDICTED.conform(&frame)
}

/// Counts as a column, null where nothing was counted.
fn counts(name: &str, counts: &[u32]) -> Column {
    let known = counts.iter().map(|count| (*count != NOT_COUNTED).then_some(*count));
    Column::new(name.into(), known.collect::<Vec<Option<u32>>>())
}

/// For each of the ascending instants, the highest count of the `time` up to it; [`NOT_COUNTED`] where none is there.
fn highest_within(counts: &[u32], at: &[Instant], time: TimeDelta) -> Vec<u32> {
    // What may still be the highest: each is higher than those behind it.
    let mut highest: VecDeque<(Instant, u32)> = VecDeque::new();
    let within = |(at, count): (&Instant, &u32)| {
        while highest.front().is_some_and(|(since, _)| *at - *since >= time) {
            highest.pop_front();
        }
        if *count != NOT_COUNTED {
            while highest.back().is_some_and(|(_, lower)| lower <= count) {
                highest.pop_back();
            }
            highest.push_back((*at, *count));
        }
        highest.front().map_or(NOT_COUNTED, |(_, count)| *count)
    };
    at.iter().zip(counts).map(within).collect()
}

fn small(cell: Option<i64>) -> Option<u32> {
    cell.map(|count| u32::try_from(count).unwrap_or(NOT_COUNTED - 1))
}

/// 1 where a licence lacks, else 0.
fn over(lacking: &Int64Chunked) -> Int64Chunked {
    Int64Chunked::from_iter_values("".into(), lacking.no_null_iter().map(|lacking| i64::from(lacking > 0)))
}

/// Stretches Out of Compliance by the replay that holds, as rows: the over-use began, Out of Compliance began, it ended.
fn held(grid: &Grid, instance: &Instance, consumption: &Consumption) -> Vec<(usize, usize, usize)> {
    let Some(replay) = holding(instance, &consumption.replays) else { return Vec::new() };
    if replay.regime == Regime::Immediate {
        return Vec::new();
    }
    let row = |at: Instant| grid.at.partition_point(|report| *report < at);
    let mut stretches = Vec::new();
    let mut began = None;
    let ends = replay.path.iter().skip(1).map(|change| row(change.expected)).chain([grid.at.len()]);
    for (change, end) in replay.path.iter().zip(ends) {
        let from = row(change.expected);
        match change.state {
            "overage" => began = Some(from),
            "out_of_compliance" => stretches.push((began.take().unwrap_or(from), from, end)),
            _ => began = None,
        }
    }
    stretches
}

/// The highest use since each over-use began, while Out of Compliance.
fn locked(used: &Int64Chunked, held: &[(usize, usize, usize)]) -> PolarsResult<Column> {
    let mut cells: Vec<Option<u32>> = vec![None; used.len()];
    for (began, from, end) in held {
        let length = end.saturating_sub(*began);
        let since = used.slice(i64::try_from(*began).unwrap_or(i64::MAX), length).into_series();
        let highest = cum_max(&since, false)?.cast(&DataType::Int64)?;
        let rows = cells.iter_mut().skip(*began).zip(highest.i64()?.iter());
        for (cell, highest) in rows.skip(from.saturating_sub(*began)) {
            *cell = small(highest);
        }
    }
    Ok(Column::new(LOCKED.into(), cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SplitMix64, at_min};

    #[test]
    fn the_highest_of_eight_hours_is_that_of_a_search_through_them() {
        let mut random = SplitMix64(11);
        let mut minute = 0;
        let at: Vec<Instant> = (0..500)
            .map(|_| {
                minute += 15 * (1 + random.below(12).cast_signed());
                at_min(minute)
            })
            .collect();
        let counts: Vec<u32> = at
            .iter()
            .map(|_| if random.below(3) == 0 { NOT_COUNTED } else { random.below(9) as u32 })
            .collect();
        let time = REPORT_EVERY_IMMEDIATE;
        let found = highest_within(&counts, &at, time);
        for (row, found) in found.iter().enumerate() {
            let within = (0..=row).filter(|before| at[row] - at[*before] < time).map(|before| counts[before]);
            let expected = within.filter(|count| *count != NOT_COUNTED).max().unwrap_or(NOT_COUNTED);
            assert_eq!(*found, expected, "row {row}");
        }
        assert!(found.contains(&NOT_COUNTED) && found.contains(&8));
    }
}
