//! Small words over polars columns that several tables use.

use history::facts::Event;
use parsers::event::EventKind;
use parsers::origin::Origin;
use parsers::stamp::Instant;
use polars::prelude::{
    ArithmeticChunked as _, BooleanChunked, ChunkCompareEq as _, ChunkShiftFill as _, ChunkZip as _, Column,
    DataFrame, Int64Chunked, IntoColumn as _, IntoSeries as _, NewChunkedArray as _, PolarsError,
    PolarsResult, SortMultipleOptions, cum_sum,
};

use crate::Error;

/// Tie-breaks behind the instant: where the first line stands.
pub(crate) const OFFSET: &str = "offset";

/// An index as a cell.
pub(crate) fn index(index: usize) -> PolarsResult<u32> {
    u32::try_from(index)
        .map_err(|_| PolarsError::ComputeError(format!("index {index}: more than a table holds").into()))
}

/// An instant as a cell: UTC milliseconds.
pub(crate) fn ms(at: Instant) -> i64 {
    at.timestamp_millis()
}

/// A cell as an instant.
pub(crate) fn instant(column: &'static str, ms: i64) -> Result<Instant, Error> {
    Instant::from_timestamp_millis(ms).ok_or(Error::Instant { column, ms })
}

/// The minutes to Out of Compliance that an event prints.
pub(crate) fn minutes(kind: &EventKind) -> Option<u32> {
    match kind {
        EventKind::OocApproaching { minutes } | EventKind::OocImminent { minutes } => *minutes,
        _ => None,
    }
}

/// The first line of an event.
pub(crate) fn origin(event: &Event) -> Option<&Origin> {
    event.witnesses.first().map(|testimony| &testimony.origin)
}

/// `frame` by the named columns, ascending. Undated rows come first or last. Keys end in a unique one, so the
/// order is total. One thread: the tables are small, and the thread pool costs more than the sort.
pub(crate) fn sorted(frame: &DataFrame, by: &[&str], nulls_last: bool) -> PolarsResult<DataFrame> {
    let options = SortMultipleOptions::default()
        .with_multithreaded(false)
        .with_maintain_order(true)
        .with_nulls_last(nulls_last);
    frame.sort(by, options)
}

/// Which of its neighbours a row is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The row before it.
    Before,
    /// The row after it.
    After,
}

/// `column` moved by one row, so that each row holds its neighbour; the row without one holds itself.
///
/// This is `shift` without its null: the first null column of a process takes polars 8 MiB of zeroes and 6 ms.
pub(crate) fn neighbour(column: &Column, side: Side) -> PolarsResult<Column> {
    let rows = index(column.len())?;
    let indexes: Vec<u32> = match side {
        Side::Before => (0..rows).map(|row| row.saturating_sub(1)).collect(),
        Side::After => (1..=rows).map(|row| row.min(rows.saturating_sub(1))).collect(),
    };
    column.take_slice(&indexes)
}

/// True where a row has no neighbour on that side, or one with another value in any of the named columns.
///
/// Masks are joined by "or" for the reason given at [`neighbour`]: an "and" that is nowhere true needs the zeroes.
pub(crate) fn differs(frame: &DataFrame, names: &[&str], side: Side) -> PolarsResult<BooleanChunked> {
    let rows = frame.height();
    if rows <= 1 {
        // Comparing columns of one row needs the zeroes too.
        return Ok(BooleanChunked::from_iter_values("differs".into(), std::iter::repeat_n(true, rows)));
    }
    let edge = match side {
        Side::Before => 0,
        Side::After => rows.saturating_sub(1),
    };
    let mut differs = BooleanChunked::from_iter_values("differs".into(), (0..rows).map(|row| row == edge));
    for name in names {
        let column = frame.column(name)?;
        differs = &differs | &column.not_equal_missing(&neighbour(column, side)?)?;
    }
    Ok(differs)
}

/// `values`, but null where `mask` is true.
pub(crate) fn null_where(values: &Int64Chunked, mask: &BooleanChunked) -> PolarsResult<Int64Chunked> {
    nulls(values.len()).zip_with(mask, values)
}

/// For each row, the sum of it and of the rows before it, `rows` in all; of fewer where fewer are there.
///
/// Not polars' rolling sum: it is written for every type and window, which makes a tenth of the whole build.
pub(crate) fn sum_of_last(values: Int64Chunked, rows: usize) -> PolarsResult<Int64Chunked> {
    let sums = cum_sum(&values.into_series(), false)?;
    let sums = sums.i64()?;
    Ok(sums - &sums.shift_and_fill(i64::try_from(rows).unwrap_or(i64::MAX), Some(0)))
}

/// A column of nulls.
fn nulls(length: usize) -> Int64Chunked {
    Int64Chunked::from_iter_options("".into(), std::iter::repeat_n(None, length))
}

/// `milliseconds` as whole seconds, fractions dropped.
pub(crate) fn seconds(milliseconds: Int64Chunked) -> Int64Chunked {
    milliseconds.wrapping_trunc_div_scalar(1_000)
}

/// `values` under a name, as a column.
pub(crate) fn named(name: &str, values: Int64Chunked) -> Column {
    values.with_name(name.into()).into_column()
}

/// The cells of a number column that is never null.
pub(crate) fn numbers<'a>(
    frame: &'a DataFrame,
    name: &'static str,
) -> Result<impl Iterator<Item = Result<u32, Error>> + 'a, Error> {
    Ok(frame.column(name)?.u32()?.iter().map(move |cell| cell.ok_or(Error::Null { column: name })))
}

/// The cells of an instant column.
pub(crate) fn instants<'a>(
    frame: &'a DataFrame,
    name: &'static str,
) -> Result<impl Iterator<Item = Result<Option<Instant>, Error>> + 'a, Error> {
    let cells = frame.column(name)?.datetime()?.physical().iter();
    Ok(cells.map(move |cell| cell.map(|ms| instant(name, ms)).transpose()))
}

/// A cell that is never null.
pub(crate) fn present<T>(column: &'static str, cell: Option<T>) -> Result<T, Error> {
    cell.ok_or(Error::Null { column })
}
