//! A second opinion on the rule: the states that follow from usage, found by comparing columns, must be those that
//! the machine decides report by report.

use history::policy::{Reading, Regime};
use history::usage::{Grid, GridColumn, NOT_COUNTED};
use parsers::stamp::Instant;
use polars::prelude::{
    BooleanChunked, ChunkCompareIneq as _, ChunkFilter as _, Int64Chunked, IntoSeries as _,
    NewChunkedArray as _, PolarsResult, cum_max,
};

use crate::Error;
use crate::columns::sum_of_last;
use crate::lacking::{Purchased, in_use};

/// Changes of the Authorization State that follow from the reports of a grid, by time: state and report.
///
/// Out of Compliance begins where the over-usages of a window of reports fill it for the first time, and ends where
/// what was purchased first covers the highest use since that window began. No state is carried from row to row; the
/// loop is one over Out of Compliance.
pub fn states_from_usage(
    grid: &Grid,
    regime: Regime,
    reading: Option<Reading>,
) -> Result<Vec<(&'static str, Instant)>, Error> {
    let is_known = |column: &&GridColumn| column.purchased.iter().any(|count| *count != NOT_COUNTED);
    let columns: Vec<&GridColumn> = grid.columns.iter().filter(is_known).collect();
    let purchased = Purchased::of(&columns);
    let used: Vec<Int64Chunked> = columns.iter().map(|column| in_use(column)).collect();
    let judged = judged(&columns, grid.at.len());
    let over = over(&purchased.lacking(&used)?, grid.at.len());
    let counted = regime != Regime::Immediate;
    let window = if counted { reading.unwrap_or(Reading::At60).over_usages() as usize } else { 1 };
    let mut changes: Vec<(&'static str, u32)> = Vec::new();
    let mut first = 0;
    while (first as usize) < grid.at.len() {
        let reports = Reports::of(&over, &judged, first)?;
        let Some((begins, enters)) = reports.filled(window)? else {
            reports.changes(reports.rows.len(), &mut changes);
            break;
        };
        reports.changes(enters, &mut changes);
        let row = |place: usize| reports.rows.get(place).copied().ok_or(Error::Null { column: "row" });
        let (begins, enters) = (row(begins)?, row(enters)?);
        changes.push(("out_of_compliance", enters));
        let from = i64::from(begins);
        let held: Vec<Int64Chunked> = used
            .iter()
            .map(|used| {
                let since = used.slice(from, usize::MAX);
                if counted { Ok(cum_max(&since.into_series(), false)?.i64()?.clone()) } else { Ok(since) }
            })
            .collect::<PolarsResult<_>>()?;
        let over = self::over(&purchased.tail(from).lacking(&held)?, grid.at.len() - begins as usize);
        let covered = &!&over & &judged.slice(from, usize::MAX);
        let behind = (enters - begins) as usize + 1;
        let Some(covered) = covered.iter().skip(behind).position(|covered| covered == Some(true)) else {
            break;
        };
        let covered = enters + 1 + u32::try_from(covered).unwrap_or(u32::MAX);
        changes.push(("in_compliance", covered));
        first = covered + 1;
    }
    let at = |row: u32| grid.at.get(row as usize).copied().ok_or(Error::Index { column: "row", index: row });
    changes.into_iter().map(|(state, row)| Ok((state, at(row)?))).collect()
}

/// Judged reports from a row on, and whether more was used than purchased.
struct Reports {
    rows: Vec<u32>,
    over: BooleanChunked,
    /// False for the very first reports: no state is known before them.
    is_behind_covered: bool,
}

impl Reports {
    fn of(over: &BooleanChunked, judged: &BooleanChunked, first: u32) -> PolarsResult<Self> {
        let judged = judged.slice(i64::from(first), usize::MAX);
        let rows = judged.iter().zip(first..).filter(|(judged, _)| *judged == Some(true)).map(|(_, row)| row);
        let rows = rows.collect();
        let over = over.slice(i64::from(first), usize::MAX).filter(&judged)?;
        Ok(Self { rows, over, is_behind_covered: first > 0 })
    }

    /// First and last place of the first window that is all over-usages.
    fn filled(&self, window: usize) -> PolarsResult<Option<(usize, usize)>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let ones = self.over.iter().map(|over| i64::from(over == Some(true)));
        let sums = sum_of_last(Int64Chunked::from_iter_values("".into(), ones), window)?;
        let full = i64::try_from(window).unwrap_or(i64::MAX);
        let enters = sums.iter().position(|sum| sum == Some(full));
        Ok(enters.map(|enters| (enters + 1 - window, enters)))
    }

    /// Changes between covered and over before the place `end`.
    fn changes(&self, end: usize, changes: &mut Vec<(&'static str, u32)>) {
        let before = std::iter::once(self.is_behind_covered.then_some(false)).chain(self.over.iter());
        let each = self.rows.iter().zip(self.over.iter()).zip(before).take(end);
        changes
            .extend(each.filter(|((_, over), before)| over != before).map(|((row, over), _)| {
                (if over == Some(true) { "overage" } else { "in_compliance" }, *row)
            }));
    }
}

/// True where a report says anything: an entitlement with use and purchase.
fn judged(columns: &[&GridColumn], rows: usize) -> BooleanChunked {
    let is_judged = |column: &GridColumn| -> BooleanChunked {
        let counts = column.in_use.iter().zip(&column.purchased);
        BooleanChunked::from_iter_values(
            "".into(),
            counts.map(|(used, bought)| *used != NOT_COUNTED && *bought != NOT_COUNTED),
        )
    };
    columns.iter().fold(nowhere(rows), |judged, column| &judged | &is_judged(column))
}

/// True where any licence is lacking.
fn over(lacking: &[Int64Chunked], rows: usize) -> BooleanChunked {
    lacking.iter().fold(nowhere(rows), |over, lacking| &over | &lacking.gt(0))
}

fn nowhere(rows: usize) -> BooleanChunked {
    BooleanChunked::from_iter_values("".into(), std::iter::repeat_n(false, rows))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use history::rule::replay;
    use history::usage::{Purchase, Usage};

    use super::*;
    use crate::testing::{SplitMix64, at_min, purchase, streams, usage};
    use crate::usage::grid;

    /// Pools and single entitlements, purchases that change, reports that are missing.
    fn stream(random: &mut SplitMix64) -> Usage {
        let rows = random.below(60) as i64;
        let missing = random.below(3) * 8;
        let present: Vec<i64> = (0..rows).filter(|_| missing == 0 || random.below(missing) > 0).collect();
        let all = ["AGENTS", "OUTBOUND_PORTS", "PREMIUM", "SERVER", "STANDARD"];
        let names: Vec<&str> = all.into_iter().filter(|_| random.below(2) == 0).collect();
        let mut series = Vec::new();
        let mut purchases: Vec<Purchase> = Vec::new();
        for name in names {
            let bought = 5 + random.below(20) as u32;
            let spread = 1 + random.below(12) as u32;
            let mut level = u64::from(bought);
            let counts = present.iter().map(|_| {
                // Wanders, so that over-usages come in runs.
                if random.below(4) == 0 {
                    level = (u64::from(bought) + random.below(u64::from(spread)))
                        .saturating_sub(u64::from(spread) / 2);
                }
                if random.below(25) == 0 { NOT_COUNTED } else { level as u32 }
            });
            series.push((name, counts.collect::<Vec<u32>>()));
            if random.below(8) > 0 {
                let since = (random.below(4) == 0).then(|| at_min(random.below(200) as i64));
                purchases.push(purchase(name, bought, since));
                let mut minute = 0;
                for _ in 0..random.below(4) {
                    minute += 1 + random.below(500) as i64;
                    let since = since.unwrap_or(at_min(0)) + TimeDelta::minutes(minute);
                    purchases.push(purchase(name, bought + random.below(14) as u32 - 4, Some(since)));
                }
            }
        }
        usage(present.iter().map(|row| at_min(row * 15)).collect(), &series, purchases)
    }

    #[test]
    fn columns_and_the_machine_agree_on_random_usage() {
        let (mut changes, mut entries, mut left) = (0, 0, 0);
        for seed in 0..streams() {
            let usage = stream(&mut SplitMix64(seed));
            let rules = [
                (Regime::Counted, Some(Reading::At45), TimeDelta::minutes(15)),
                (Regime::Counted, Some(Reading::At60), TimeDelta::minutes(15)),
                (Regime::Immediate, None, TimeDelta::hours(8)),
                (Regime::Immediate, None, TimeDelta::minutes(15)),
            ];
            for (regime, reading, every) in rules {
                let grid = grid(&usage, every, None).unwrap();
                let found = states_from_usage(&grid, regime, reading).unwrap();
                let replay = replay(&grid, &usage, regime, reading);
                let expected: Vec<(&str, Instant)> =
                    replay.path.iter().map(|change| (change.state, change.expected)).collect();
                assert_eq!(found, expected, "stream {seed}, {regime:?} {reading:?} every {every}\n{grid:?}");
                changes += found.len();
                entries += found.iter().filter(|(state, _)| *state == "out_of_compliance").count();
                let both = found.windows(2);
                left += both.filter(|pair| pair[0].0 == "out_of_compliance").count();
            }
        }
        println!("{changes} changes, {entries} times into Out of Compliance, {left} times out of it");
        assert!(left > 0 && entries > left && changes > entries);
    }
}
