//! Small words over polars columns that several tables use.

use history::facts::Event;
use parsers::event::EventKind;
use parsers::origin::Origin;
use parsers::stamp::Instant;
use polars::prelude::{
    ArithmeticChunked as _, AsOfOptions, AsofStrategy, BooleanChunked, ChunkCompareEq as _, ChunkZip as _,
    ClosedWindow, Column, DataFrame, DataFrameJoinOps as _, Duration, Int64Chunked, IntoColumn as _,
    IntoSeries as _, JoinArgs, JoinType, NewChunkedArray as _, PolarsError, PolarsResult,
    RollingOptionsDynamicWindow, Series, SeriesOpsTime as _, SortMultipleOptions,
};

use crate::Error;
use crate::schema::AT;

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

/// For each of the ascending `at`, the value whose `since` is the newest that is not later; null where none is.
/// `since` ascends too; of equal ones the last counts.
pub(crate) fn as_of_join(at: Vec<i64>, since: Vec<i64>, values: Column) -> PolarsResult<Column> {
    let name = values.name().clone();
    let left = DataFrame::new(at.len(), vec![Column::new(AT.into(), at)])?;
    let right = DataFrame::new(since.len(), vec![Column::new(AT.into(), since), values])?;
    let options = AsOfOptions { strategy: AsofStrategy::Backward, allow_eq: true, ..AsOfOptions::default() };
    let args = JoinArgs::new(JoinType::AsOf(Box::new(options)));
    Ok(left.join(&right, [AT], [AT], args, None)?.column(&name)?.clone())
}

/// For each row, the sum of it and the rows before it, `rows` in all; null where fewer than `needed` are there.
pub(crate) fn sum_of_last(values: Int64Chunked, rows: usize, needed: usize) -> PolarsResult<Int64Chunked> {
    // Windows by a column are compiled in, windows by position are not: the column is the position.
    let positions = (0..index(values.len())?).map(i64::from);
    let positions = Int64Chunked::from_iter_values("".into(), positions).into_series();
    let options = RollingOptionsDynamicWindow {
        window_size: Duration::parse(&format!("{rows}i")),
        min_periods: needed,
        closed_window: ClosedWindow::Right,
        fn_params: None,
    };
    Ok(values.into_series().rolling_sum_by(&positions, options)?.i64()?.clone())
}

/// For each row, the highest value of the time up to it, of `hours`; null where none is there.
pub(crate) fn highest_within(values: Series, at: &Series, hours: i64) -> PolarsResult<Series> {
    let options = RollingOptionsDynamicWindow {
        window_size: Duration::parse(&format!("{hours}h")),
        min_periods: 1,
        closed_window: ClosedWindow::Right,
        fn_params: None,
    };
    values.rolling_max_by(at, options)
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
