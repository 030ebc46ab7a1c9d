//! Usage on the times of the reports: samples laid into slots, the highest of each, and what was purchased then.

use chrono::TimeDelta;
use history::usage::{Grid, GridColumn, NOT_COUNTED, Purchase, Usage};
use parsers::stamp::Instant;
use polars::prelude::{
    ArithmeticChunked as _, DataFrame, Int64Chunked, IntoColumn as _, NewChunkedArray as _,
};

use crate::Error;
use crate::columns::{Side, differs, index, instant, ms};
use crate::schema::AT;

/// Number of the slot that a sample falls into.
const SLOT: &str = "slot";

/// A longer hole is one empty row: nothing in it was reported, and its length would be the only news.
pub const HOLE_MAX: TimeDelta = TimeDelta::days(35);

/// Empty rows for each sample, beyond those of one hole, up to which holes are shown row by row.
const EMPTY_ROWS_PER_SAMPLE: i64 = 3;

/// Samples laid into slots of one length: one entry a slot that holds a sample.
#[derive(Debug)]
pub(crate) struct Slots {
    /// Milliseconds of a slot.
    every: i64,
    /// Where slot 0 begins, UTC milliseconds.
    phase: i64,
    /// Numbers of the slots, ascending.
    pub(crate) numbers: Vec<i64>,
    /// First sample and number of samples of each.
    pub(crate) spans: Vec<[u32; 2]>,
}

impl Slots {
    /// Lays ascending instants into slots that begin at multiples of `every` from `phase`.
    pub(crate) fn of(at: &[Instant], every: TimeDelta, phase: Option<Instant>) -> Result<Self, Error> {
        let every = every.num_milliseconds().max(1);
        let phase = phase.map_or(0, ms);
        let since_phase = at.iter().map(|at| ms(*at) - phase);
        let slot = Int64Chunked::from_iter_values(SLOT.into(), since_phase).wrapping_floor_div_scalar(every);
        let frame = DataFrame::new(at.len(), vec![slot.into_column()])?;
        let begins = differs(&frame, &[SLOT], Side::Before)?;
        let firsts: Vec<u32> = (0..index(at.len())?)
            .zip(begins.no_null_iter())
            .filter_map(|(row, begins)| begins.then_some(row))
            .collect();
        let numbers = frame.column(SLOT)?.take_slice(&firsts)?.i64()?.no_null_iter().collect();
        let ends = firsts.iter().copied().skip(1).chain([index(at.len())?]);
        let spans = firsts.iter().zip(ends).map(|(first, end)| [*first, end - first]).collect();
        Ok(Self { every, phase, numbers, spans })
    }

    /// Highest count within each slot; [`NOT_COUNTED`] where no sample of it has one.
    ///
    /// The slots are found in columns; their maxima are a plain loop, since polars is compiled without optimisation
    /// and takes half a second for five years of fifty entitlements.
    pub(crate) fn peaks(&self, counts: &[u32]) -> Vec<u32> {
        if self.spans.len() == counts.len() {
            return counts.to_vec();
        }
        let mut rest = counts;
        let peak = |[_, samples]: &[u32; 2]| {
            let (slot, behind) = rest.split_at_checked(*samples as usize).unwrap_or((rest, &[]));
            rest = behind;
            // One up, so that "not counted" is the lowest.
            slot.iter().map(|count| count.wrapping_add(1)).max().unwrap_or(0).wrapping_sub(1)
        };
        self.spans.iter().map(peak).collect()
    }

    /// The newest sample of a slot.
    pub(crate) fn newest(&self, slot: usize) -> Option<u32> {
        self.spans.get(slot).map(|[first, length]| first + length - 1)
    }

    /// Rows of a grid: entries of this list, and `Err` with the slot's number for a slot without samples.
    fn with_holes(&self, samples: usize) -> Vec<Result<usize, i64>> {
        let longest = HOLE_MAX.num_milliseconds() / self.every;
        let holes = self.numbers.windows(2).filter_map(|pair| match pair {
            [before, after] => Some(after - before - 1).filter(|hole| (1..=longest).contains(hole)),
            _ => None,
        });
        let samples = i64::try_from(samples).unwrap_or(i64::MAX);
        let allowed = longest.saturating_add(samples.saturating_mul(EMPTY_ROWS_PER_SAMPLE));
        let longest = if holes.sum::<i64>() <= allowed { longest } else { 0 };
        let mut rows = Vec::with_capacity(self.numbers.len());
        let mut expected = None;
        for (slot, number) in self.numbers.iter().enumerate() {
            let first = expected.unwrap_or(*number);
            let shown = if number - first <= longest { number - first } else { 1 };
            rows.extend((first..first + shown).map(Err));
            rows.push(Ok(slot));
            expected = Some(number + 1);
        }
        rows
    }
}

/// Lays usage on the times of the reports: slots of `every`, which begin at multiples of it from `phase`, or from
/// 1970-01-01 UTC. Each row holds the highest use within its slot and the instant of the slot's newest sample.
///
/// A slot without a sample is a row without counts, at the slot's last millisecond. A hole longer than [`HOLE_MAX`]
/// is one such row, that of its first slot; so is every hole where all of them together have more than three slots
/// a sample, as in a table that is sampled more seldom than reports are sent.
pub fn grid(usage: &Usage, every: TimeDelta, phase: Option<Instant>) -> Result<Grid, Error> {
    let slots = Slots::of(&usage.at, every, phase)?;
    let rows = slots.with_holes(usage.at.len());
    let newest: Vec<Option<u32>> =
        rows.iter().map(|row| row.ok().and_then(|slot| slots.newest(slot))).collect();
    let at = rows
        .iter()
        .zip(&newest)
        .map(|(row, newest)| match (newest.and_then(|sample| usage.at.get(sample as usize)), row) {
            (Some(at), _) => Ok(*at),
            (None, Err(slot)) => instant(AT, (slot + 1) * slots.every + slots.phase - 1),
            (None, Ok(_)) => Err(Error::Null { column: AT }),
        })
        .collect::<Result<Vec<Instant>, Error>>()?;
    let is_whole = rows.len() == slots.numbers.len();
    let columns = usage
        .series
        .iter()
        .map(|series| {
            let peaks = slots.peaks(&series.counts);
            let in_use = if is_whole {
                peaks
            } else {
                let peak = |slot: usize| peaks.get(slot).copied().unwrap_or(NOT_COUNTED);
                rows.iter().map(|row| row.map_or(NOT_COUNTED, peak)).collect()
            };
            let purchased = purchased(usage, &series.entitlement, &at);
            GridColumn { entitlement: series.entitlement.clone(), in_use, purchased }
        })
        .collect();
    Ok(Grid { at, rows: newest, columns })
}

/// Licenses of an entitlement purchased at each of the instants: the purchase that is the newest then.
fn purchased(usage: &Usage, entitlement: &str, at: &[Instant]) -> Vec<u32> {
    let purchases: Vec<&Purchase> =
        usage.purchases.iter().filter(|purchase| *purchase.entitlement == *entitlement).collect();
    let count = |at: &Instant| {
        let until = purchases.partition_point(|purchase| purchase.since.is_none_or(|since| since <= *at));
        until.checked_sub(1).and_then(|newest| purchases.get(newest)).map_or(NOT_COUNTED, |it| it.count)
    };
    at.iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SplitMix64, at, at_min, purchase, usage};

    const QUARTER: TimeDelta = TimeDelta::minutes(15);

    /// Rows as minute, sample and count of the only entitlement; the instant of an empty row is rounded up.
    #[track_caller]
    fn check(
        samples: &[(i64, u32)],
        every: TimeDelta,
        phase: Option<Instant>,
        expected: &[(i64, Option<u32>, u32)],
    ) {
        let at_samples: Vec<Instant> = samples.iter().map(|(minute, _)| at_min(*minute)).collect();
        let counts: Vec<u32> = samples.iter().map(|(_, count)| *count).collect();
        let usage = usage(at_samples, &[("PREMIUM", counts)], Vec::new());
        let grid = grid(&usage, every, phase).unwrap();
        let rows: Vec<(i64, Option<u32>, u32)> = grid
            .at
            .iter()
            .zip(&grid.rows)
            .zip(&grid.columns[0].in_use)
            .map(|((at, row), count)| {
                (((*at - at_min(0)).num_milliseconds() + 1).div_euclid(60_000), *row, *count)
            })
            .collect();
        assert_eq!(rows, expected);
        assert!(grid.columns[0].purchased.iter().all(|count| *count == NOT_COUNTED));
    }

    #[test]
    fn a_row_is_the_highest_use_of_its_slot_at_its_newest_sample() {
        check(
            &[(0, 5), (4, 9), (14, 7), (15, NOT_COUNTED), (16, 0), (31, NOT_COUNTED)],
            QUARTER,
            None,
            &[(14, Some(2), 9), (16, Some(4), 0), (31, Some(5), NOT_COUNTED)],
        );
    }

    #[test]
    fn a_slot_without_a_sample_is_a_row_without_counts() {
        check(
            &[(-30, 3), (15, 4), (45, 5)],
            QUARTER,
            None,
            &[
                (-30, Some(0), 3),
                (0, None, NOT_COUNTED),
                (15, None, NOT_COUNTED),
                (15, Some(1), 4),
                (45, None, NOT_COUNTED),
                (45, Some(2), 5),
            ],
        );
    }

    #[test]
    fn slots_begin_at_the_phase() {
        check(&[(0, 1), (5, 2), (10, 3)], QUARTER, Some(at_min(7)), &[(5, Some(1), 2), (10, Some(2), 3)]);
        check(&[(0, 1), (5, 2), (10, 3)], QUARTER, Some(at_min(15)), &[(10, Some(2), 3)]);
    }

    #[test]
    fn a_hole_of_years_is_one_row() {
        let year = 366 * 24 * 60;
        check(
            &[(0, 1), (year, 2)],
            QUARTER,
            None,
            &[(0, Some(0), 1), (30, None, NOT_COUNTED), (year, Some(1), 2)],
        );
        let within = HOLE_MAX.num_minutes() + 15;
        let samples = usage(vec![at_min(0), at_min(within)], &[("PREMIUM", vec![1, 2])], Vec::new());
        assert_eq!(grid(&samples, QUARTER, None).unwrap().at.len(), 2 + 35 * 96);
    }

    #[test]
    fn samples_a_month_apart_do_not_make_thousands_of_rows_each() {
        let months: Vec<Instant> = (0..1_000).map(|month| at_min(month * 30 * 24 * 60)).collect();
        let usage = usage(months, &[("PREMIUM", vec![1; 1_000])], Vec::new());
        assert_eq!(grid(&usage, QUARTER, None).unwrap().at.len(), 1_999);
    }

    #[test]
    fn no_samples_make_no_rows() {
        let only_purchases = usage(Vec::new(), &[], vec![purchase("PREMIUM", 5, None)]);
        assert_eq!(grid(&only_purchases, QUARTER, None).unwrap(), Grid::default());
    }

    #[test]
    fn purchases_hold_from_their_instant_on() {
        let rows = (0..6).map(|row| at_min(row * 15)).collect();
        let purchases = vec![
            purchase("PREMIUM", 10, Some(at_min(15))),
            purchase("PREMIUM", 20, Some(at(45 * 60_000 + 1))),
            purchase("STANDARD", 7, None),
        ];
        let series = [("AGENTS", vec![1; 6]), ("PREMIUM", vec![1; 6]), ("STANDARD", vec![1; 6])];
        let usage = usage(rows, &series, purchases);
        let grid = grid(&usage, QUARTER, None).unwrap();
        let purchased: Vec<&[u32]> = grid.columns.iter().map(|column| &*column.purchased).collect();
        assert_eq!(purchased[0], [NOT_COUNTED; 6]);
        assert_eq!(purchased[1], [NOT_COUNTED, 10, 10, 10, 20, 20]);
        assert_eq!(purchased[2], [7; 6]);
        for (row, at) in grid.at.iter().enumerate() {
            for column in &grid.columns {
                let by_hand = usage.purchased(&column.entitlement, *at).unwrap_or(NOT_COUNTED);
                assert_eq!(column.purchased[row], by_hand);
            }
        }
    }

    #[test]
    fn slots_and_a_fold_agree_on_random_samples() {
        for seed in 0..200 {
            let mut random = SplitMix64(seed);
            let mut minute = -1_000;
            let mut instants = Vec::new();
            let mut counts = Vec::new();
            for _ in 0..random.below(60) {
                minute += 1 + random.below(40).cast_signed();
                instants.push(at_min(minute));
                counts.push(if random.below(9) == 0 { NOT_COUNTED } else { random.below(50) as u32 });
            }
            let usage = usage(instants.clone(), &[("PREMIUM", counts.clone())], Vec::new());
            let grid = grid(&usage, QUARTER, None).unwrap();
            let slot = |at: Instant| at.timestamp_millis().div_euclid(900_000);
            let mut expected: Vec<(i64, Option<u32>, u32)> = Vec::new();
            for (row, (at, count)) in instants.iter().zip(&counts).enumerate() {
                let number = slot(*at);
                let row = Some(row as u32);
                while let Some((last, _, _)) = expected.last().filter(|(last, _, _)| last + 1 < number) {
                    expected.push((last + 1, None, NOT_COUNTED));
                }
                match expected.last_mut().filter(|(last, _, _)| *last == number) {
                    Some(slot) if slot.2 == NOT_COUNTED => *slot = (number, row, *count),
                    Some(slot) if *count == NOT_COUNTED => slot.1 = row,
                    Some(slot) => *slot = (number, row, slot.2.max(*count)),
                    None => expected.push((number, row, *count)),
                }
            }
            let found: Vec<(i64, Option<u32>, u32)> = grid
                .at
                .iter()
                .zip(&grid.rows)
                .zip(&grid.columns[0].in_use)
                .map(|((at, row), count)| (slot(*at), *row, *count))
                .collect();
            assert_eq!(found, expected, "seed {seed}");
        }
    }
}
