//! Which licences are lacking, as columns: the arithmetic of [`history::flex`] over many reports at once.

use history::flex;
use history::usage::{GridColumn, NOT_COUNTED};
use parsers::entitlements::{PREMIUM, STANDARD};
use polars::prelude::{
    ChunkCompareIneq as _, ChunkZip as _, Int64Chunked, NewChunkedArray as _, PolarsResult,
};

/// More than anyone buys: stands for a purchase that is not known, of which nothing lacks.
const UNKNOWN: i64 = i64::MAX / 4;

/// What was purchased, as columns.
pub(crate) struct Purchased {
    /// One column an entitlement: what its own use may reach.
    own: Vec<Int64Chunked>,
    /// What Premium and Standard users may reach together is this and [`Purchased::own`] of Standard.
    premium: Option<(usize, Int64Chunked)>,
    standard: Option<usize>,
    judged: Vec<bool>,
}

impl Purchased {
    /// From the columns of a grid.
    pub(crate) fn of(columns: &[&GridColumn]) -> Self {
        let place = |name: &str| columns.iter().position(|column| *column.entitlement == *name);
        let (premium, standard) = (place(PREMIUM), place(STANDARD));
        let premium = premium.and_then(|place| Some((place, *columns.get(place)?)));
        let own = columns.iter().enumerate().map(|(place, column)| {
            let counts = column.purchased.iter().enumerate().map(|(row, count)| {
                // Where Premium seats are known and Standard ones are not, there are none of the latter.
                let pooled = premium.filter(|_| standard == Some(place));
                let pooled = pooled.and_then(|(_, premium)| premium.purchased.get(row));
                let unknown = if pooled.is_some_and(|count| *count != NOT_COUNTED) { 0 } else { UNKNOWN };
                known(*count).unwrap_or(unknown)
            });
            column_of(counts)
        });
        Self {
            own: own.collect(),
            premium: premium.map(|(place, column)| {
                (place, column_of(column.purchased.iter().map(|count| known(*count).unwrap_or(0))))
            }),
            standard,
            judged: columns.iter().map(|column| flex::judged(&column.entitlement)).collect(),
        }
    }

    /// From row `first` on.
    pub(crate) fn tail(&self, first: i64) -> Self {
        let tail = |column: &Int64Chunked| column.slice(first, usize::MAX);
        Self {
            own: self.own.iter().map(tail).collect(),
            premium: self.premium.as_ref().map(|(place, column)| (*place, tail(column))),
            standard: self.standard,
            judged: self.judged.clone(),
        }
    }

    /// Licenses of each entitlement to buy; 0 where use or purchases are not known. `in_use` is one column for each
    /// entitlement, as [`in_use`] makes it.
    pub(crate) fn lacking(&self, in_use: &[Int64Chunked]) -> PolarsResult<Vec<Int64Chunked>> {
        let free = match &self.premium {
            Some((place, bought)) => match in_use.get(*place) {
                Some(used) => Some(positive(&(bought - used))?),
                None => None,
            },
            None => None,
        };
        let mut columns = Vec::with_capacity(in_use.len());
        for (place, (used, own)) in in_use.iter().zip(&self.own).enumerate() {
            let short = used - own;
            columns.push(match (&free, self.judged.get(place)) {
                (_, Some(false) | None) => column_of(std::iter::repeat_n(0, used.len())),
                (Some(free), _) if self.standard == Some(place) => positive(&(&short - free))?,
                _ => positive(&short)?,
            });
        }
        Ok(columns)
    }
}

/// The use of an entitlement as a column: none where none was counted.
pub(crate) fn in_use(column: &GridColumn) -> Int64Chunked {
    column_of(column.in_use.iter().map(|count| known(*count).unwrap_or(0)))
}

fn known(count: u32) -> Option<i64> {
    (count != NOT_COUNTED).then_some(i64::from(count))
}

fn column_of(values: impl Iterator<Item = i64>) -> Int64Chunked {
    Int64Chunked::from_iter_values("".into(), values)
}

/// `values`, and 0 where they are below.
fn positive(values: &Int64Chunked) -> PolarsResult<Int64Chunked> {
    let zero = Int64Chunked::from_iter_values("".into(), std::iter::once(0));
    values.zip_with(&values.gt(0), &zero)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::SplitMix64;

    #[test]
    fn columns_lack_what_flex_arithmetic_lacks() {
        let mut random = SplitMix64(7);
        let mut lacked = 0;
        for _ in 0..300 {
            let all = ["AGENTS", "HIGH_AVAILABILITY", PREMIUM, STANDARD];
            let names: Vec<&str> = all.into_iter().filter(|_| random.below(4) > 0).collect();
            let mut counts = |highest: u64| -> Vec<u32> {
                (0..20)
                    .map(|_| if random.below(6) == 0 { NOT_COUNTED } else { random.below(highest) as u32 })
                    .collect()
            };
            let columns: Vec<GridColumn> = names
                .iter()
                .map(|name| GridColumn {
                    entitlement: (*name).into(),
                    in_use: counts(12),
                    purchased: counts(12),
                })
                .collect();
            let columns: Vec<&GridColumn> = columns.iter().collect();
            let used: Vec<Int64Chunked> = columns.iter().map(|column| in_use(column)).collect();
            let lacking = Purchased::of(&columns).lacking(&used).unwrap();
            let names: Vec<Arc<str>> = columns.iter().map(|column| column.entitlement.clone()).collect();
            for row in 0..20 {
                let of = |counts: fn(&GridColumn) -> &Vec<u32>| -> Vec<u32> {
                    columns.iter().map(|column| counts(column)[row]).collect()
                };
                let expected = flex::lacking(&names, &of(|it| &it.in_use), &of(|it| &it.purchased));
                let found: Vec<u32> = lacking.iter().map(|it| it.get(row).unwrap() as u32).collect();
                assert_eq!(found, expected, "{columns:?} row {row}");
                lacked += expected.iter().filter(|count| **count > 0).count();
            }
        }
        assert!(lacked > 1_000);
    }
}
