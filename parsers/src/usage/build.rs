//! Rows to tables, whatever they were written in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::{Plan, When, plain};
use super::times::{self, Date, Order};
use super::{NOT_COUNTED, Tables, UsageColumn, UsageRow, UsageTable};
use crate::entitlements;
use crate::member::Unread;
use crate::stamp::{Stamp, ZoneMark};

/// Counts that are kept of one member, empty ones included: a row costs memory by its columns, not by its bytes.
const COUNTS_MAX: usize = 16 << 20;

/// Entitlements that are told apart in a table with one a row.
const ENTITLEMENTS_MAX: usize = 256;

/// Lines that are kept as examples of what was not read.
const EXAMPLES: usize = 20;

/// Longest line of an example, in bytes.
const EXAMPLE_MAX: usize = 2_000;

/// Longest step between two rows that still speaks for an order of day and month, in seconds.
const STEP_MAX: i64 = 7 * 86_400;

/// The cells of one row, one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    /// Their bytes.
    pub(super) text: &'a [u8],
    /// Where each begins and ends.
    pub(super) ranges: &'a [(u32, u32)],
}

impl<'a> Cells<'a> {
    /// A cell as it stands there; empty if there is none.
    #[inline]
    fn raw(&self, at: usize) -> &'a [u8] {
        let range = self.ranges.get(at).map(|(from, to)| *from as usize..*to as usize);
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// A cell without blanks around it.
    fn get(&self, at: usize) -> &'a [u8] {
        self.raw(at).trim_ascii()
    }

    /// The same as text.
    pub(super) fn text(&self, at: usize) -> &'a str {
        std::str::from_utf8(self.get(at)).unwrap_or_default()
    }

    /// All cells as text.
    pub(super) fn texts(&self) -> Vec<&'a str> {
        (0..self.ranges.len()).map(|at| self.text(at)).collect()
    }
}

/// Where a row stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Offset in the text.
    pub(super) offset: usize,
    /// Bytes, line break excluded.
    pub(super) length: usize,
    /// Line in the member, counted from 1.
    pub(super) line: u64,
}

/// How the cells are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Writing {
    /// Dates may be day numbers of a spreadsheet.
    pub(super) sheet: bool,
    /// A point separates thousands, as beside the semicolons of German exports.
    pub(super) point_groups: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is in the table.
    Read,
    /// Understood, and of no interest: a total, a repeated header, a blank one.
    Known,
    /// It could not be read; it was counted.
    Unread,
}

/// Makes the tables of one header.
pub(super) struct Builder {
    plan: Plan,
    writing: Writing,
    /// The date of the rows that follow, in a report that is grouped by date.
    date: Option<Date>,
    tables: Vec<Open>,
    /// Index of the table of each entitlement as written, in a table with one a row.
    by_name: BTreeMap<Vec<u8>, usize>,
    /// Names that were new when they came.
    n_new: usize,
    /// The counts of the row at hand.
    counts: Vec<u32>,
    /// Counts that may still be kept.
    left: usize,
    unread: Vec<Lost>,
    n_unread: u64,
}

/// A table that grows.
#[derive(Default)]
struct Open {
    rows: Vec<UsageRow>,
    /// Where the order of day and month of a row is not known yet; as long as `rows`, or empty if there is none.
    slashed: Vec<bool>,
    columns: Vec<UsageColumn>,
}

/// A row that was not read.
#[derive(Clone, Copy)]
struct Lost {
    place: Place,
    reason: &'static str,
}

impl Builder {
    /// A builder for at most `n_rows` rows.
    pub(super) fn new(plan: Plan, writing: Writing, n_rows: usize) -> Self {
        let mut tables = Vec::new();
        if plan.named_in.is_none() {
            let room = n_rows.min(COUNTS_MAX / plan.counts.len().max(1));
            tables.push(Open::of(&plan, None, room));
        }
        Self {
            plan,
            writing,
            date: None,
            tables,
            by_name: BTreeMap::new(),
            n_new: 0,
            counts: Vec::new(),
            left: COUNTS_MAX,
            unread: Vec::new(),
            n_unread: 0,
        }
    }

    /// Takes one row.
    pub(super) fn row(&mut self, cells: Cells<'_>, place: Place) -> Fate {
        match self.read(cells, place) {
            Ok(fate) => fate,
            Err(reason) => {
                self.lose(place, reason);
                Fate::Unread
            }
        }
    }

    /// Counts a row as unread.
    pub(super) fn lose(&mut self, place: Place, reason: &'static str) {
        self.n_unread += 1;
        if self.unread.len() < EXAMPLES {
            self.unread.push(Lost { place, reason });
        }
    }

    fn read(&mut self, cells: Cells<'_>, place: Place) -> Result<Fate, &'static str> {
        if (0..cells.ranges.len()).all(|at| cells.get(at).is_empty()) {
            return Ok(Fate::Known);
        }
        let Some((date, stamp)) = self.time(cells) else {
            return if self.is_furniture(cells) { Ok(Fate::Known) } else { Err("its time cannot be read") };
        };
        let n_counts = self.plan.counts.len();
        if n_counts > self.left {
            return Err("the table holds more counts than are read");
        }
        self.counts.clear();
        for column in &self.plan.counts {
            let count = count(cells.raw(column.at), self.writing).ok_or("a count is not a whole number")?;
            self.counts.push(count);
        }
        let table = match self.plan.named_in {
            None => 0,
            Some(at) => match self.table_of(cells.get(at)) {
                Some(table) => table,
                None => return Err("it names no entitlement, or one too many"),
            },
        };
        let Some(table) = self.tables.get_mut(table) else { return Err("it has no table") };
        self.left -= n_counts;
        for (column, count) in table.columns.iter_mut().zip(&self.counts) {
            column.counts.push(*count);
        }
        let slashed = matches!(date, Date::Slashed { .. });
        if slashed || !table.slashed.is_empty() {
            table.slashed.resize(table.rows.len(), false);
            table.slashed.push(slashed);
        }
        let (offset, length, line) = (place.offset as u32, place.length as u32, place.line as u32);
        table.rows.push(UsageRow { offset, length, line, stamp });
        Ok(Fate::Read)
    }

    /// The time of a row.
    fn time(&mut self, cells: Cells<'_>) -> Option<(Date, Stamp)> {
        let sheet = self.writing.sheet;
        let (date, time, zone) = match self.plan.when {
            When::Whole(at) => times::moment(cells.text(at), sheet)?,
            When::Split { date, time } => {
                let day = cells.text(date);
                if !day.is_empty() {
                    // The heading of a group may stand on a row of its own.
                    let whole = times::moment(cells.text(time), sheet);
                    self.date = Some(times::date(day, sheet).or(whole.map(|(date, ..)| date))?);
                }
                match times::time(cells.text(time), sheet) {
                    Some((time, zone)) => (self.date?, time, zone),
                    // Some exports put the whole time into the time's column.
                    None => times::moment(cells.text(time), sheet)?,
                }
            }
        };
        let zone = if zone == ZoneMark::None { self.plan.zone } else { zone };
        Some((date, date.at(time, zone)))
    }

    /// True for a row without a time that is a total, the heading of a group, or the header again.
    fn is_furniture(&self, cells: Cells<'_>) -> bool {
        let words =
            ["total", "sum", "average", "maximum", "max", "minimum", "min", "report", "grand", "overall"];
        let is_word = |at: usize| {
            let cell = cells.text(at).to_ascii_lowercase();
            let word = cell.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            words
                .iter()
                .any(|known| word == *known || word.starts_with("summar") || word.starts_with("total"))
        };
        let header = &self.plan.header;
        let is_header = || {
            let mut pairs = header.iter().enumerate();
            cells.ranges.len() >= header.len() && pairs.all(|(at, name)| *name == plain(cells.text(at)))
        };
        match self.plan.when {
            When::Whole(at) => is_word(at) || is_word(0) || is_header(),
            When::Split { date, time } => {
                // Without a time of day, a row of the report is that of a group or of the whole.
                let total = cells.get(time).is_empty()
                    && (cells.get(date).is_empty()
                        || times::date(cells.text(date), self.writing.sheet).is_some());
                total || is_word(date) || is_word(time) || is_word(0) || is_header()
            }
        }
    }

    /// The table of an entitlement, made where it is new; `None` for one without a name, or for too many.
    fn table_of(&mut self, written: &[u8]) -> Option<usize> {
        if let Some(known) = self.by_name.get(written) {
            return Some(*known);
        }
        // Names that never come again are no entitlements.
        self.n_new += 1;
        if self.n_new > 16 * ENTITLEMENTS_MAX {
            return None;
        }
        let name = entitlements::name(std::str::from_utf8(written).ok()?);
        if name.is_empty() {
            return None;
        }
        // Two spellings of one entitlement share its table.
        let same = |table: &Open| table.columns.iter().any(|column| column.entitlement == name);
        let at = match self.tables.iter().position(same) {
            Some(at) => at,
            None if self.tables.len() < ENTITLEMENTS_MAX => {
                self.tables.push(Open::of(&self.plan, Some(&name), 0));
                self.tables.len() - 1
            }
            None => return None,
        };
        self.by_name.insert(written.to_vec(), at);
        Some(at)
    }

    /// Ends the tables, whose rows stand in `text`, which begins at `base` of the member.
    pub(super) fn finish(mut self, text: &Arc<[u8]>) -> Tables {
        let mut out = Tables::default();
        let mut tables = std::mem::take(&mut self.tables);
        let order = order(&tables);
        if order == Some((Order::MonthFirst, true)) {
            out.assumed = Some("the month was taken to stand before the day: no date says otherwise");
        }
        for table in &mut tables {
            for lost in table.place(order.map(|(order, _)| order)) {
                self.lose(lost.place, lost.reason);
            }
        }
        for mut table in tables {
            // A column that never counted says nothing about its entitlement.
            table.columns.retain(|column| column.counts.iter().any(|count| *count != NOT_COUNTED));
            out.records += table.rows.len() as u64;
            if table.rows.is_empty() || table.columns.is_empty() {
                continue;
            }
            table.columns.iter_mut().for_each(|column| column.counts.shrink_to_fit());
            out.tables.push(UsageTable {
                kind: self.plan.kind,
                text: Arc::clone(text),
                base: 0,
                rows: table.rows,
                columns: table.columns,
            });
        }
        self.unread.sort_by_key(|lost| lost.place.offset);
        out.n_unread = self.n_unread;
        out.unread = self.unread.iter().map(|lost| unread(text, lost.place, lost.reason)).collect();
        out
    }
}

/// The example of a row that was not read.
pub(super) fn unread(text: &[u8], place: Place, reason: &'static str) -> Unread {
    let end = place.offset.saturating_add(place.length.min(EXAMPLE_MAX + 1));
    let line = text.get(place.offset..end.min(text.len())).unwrap_or_default();
    Unread { line: place.line, reason, text: crate::origin::excerpt(line.trim_ascii_end()) }
}

impl Open {
    /// A table without rows; `name` is its entitlement where the rows name it.
    fn of(plan: &Plan, name: Option<&Arc<str>>, room: usize) -> Self {
        let column = |count: &super::plan::Count| UsageColumn {
            entitlement: Arc::clone(name.unwrap_or(&count.entitlement)),
            purchased: count.purchased,
            counts: Vec::with_capacity(room),
        };
        let columns = plan.counts.iter().map(column).collect();
        Self { rows: Vec::with_capacity(room), slashed: Vec::new(), columns }
    }

    /// Puts day and month of slashed dates in their places, and gives the rows for which that cannot be done.
    fn place(&mut self, order: Option<Order>) -> Vec<Lost> {
        if self.slashed.is_empty() {
            return Vec::new();
        }
        let reason = match order {
            Some(_) => "there is no such date",
            None => "which number of its date is the month cannot be told",
        };
        let mut lost = Vec::new();
        let mut keep = Vec::with_capacity(self.rows.len());
        for (row, slashed) in self.rows.iter_mut().zip(&self.slashed) {
            let placed =
                if *slashed { order.and_then(|order| order.place(row.stamp)) } else { Some(row.stamp) };
            keep.push(placed.is_some());
            match placed {
                Some(stamp) => row.stamp = stamp,
                None => {
                    let (offset, length, line) =
                        (row.offset as usize, row.length as usize, u64::from(row.line));
                    lost.push(Lost { place: Place { offset, length, line }, reason });
                }
            }
        }
        if !lost.is_empty() {
            retain(&mut self.rows, &keep);
            self.columns.iter_mut().for_each(|column| retain(&mut column.counts, &keep));
        }
        lost
    }
}

/// Keeps the entries that are marked.
fn retain<T>(entries: &mut Vec<T>, keep: &[bool]) {
    let mut marks = keep.iter();
    entries.retain(|_| marks.next().copied().unwrap_or(true));
}

/// Which number of the slashed dates is the month, and whether only habit says so; `None` if it cannot be told.
///
/// A number beyond 12 decides. Where there is none, the order decides in which the rows follow each other without
/// long steps; where both do, the month is first, as Cisco documents it for reports.
///
/// Source: CUIC report guide, "License Consumption Report" (`MM/DD/YYYY`).
fn order(tables: &[Open]) -> Option<(Order, bool)> {
    fn slashed(table: &Open) -> impl Iterator<Item = Stamp> {
        let Open { rows, slashed, .. } = table;
        rows.iter().zip(slashed).filter(|(_, slashed)| **slashed).map(|(row, _)| row.stamp)
    }
    let day_first = tables.iter().flat_map(slashed).any(|stamp| stamp.month > 12);
    let month_first = tables.iter().flat_map(slashed).any(|stamp| stamp.day > 12);
    match (day_first, month_first) {
        (true, true) => return None,
        (true, false) => return Some((Order::DayFirst, false)),
        (false, true) => return Some((Order::MonthFirst, false)),
        (false, false) => {}
    }
    let flows = |order: Order| {
        tables.iter().all(|table| {
            let mut before = None;
            slashed(table).filter_map(|stamp| times::civil_s(&order.place(stamp)?)).all(|at| {
                before.replace(at).is_none_or(|before: i64| (0..=STEP_MAX).contains(&(at - before)))
            })
        })
    };
    let same = tables.iter().flat_map(slashed).all(|stamp| stamp.month == stamp.day);
    match (flows(Order::MonthFirst), flows(Order::DayFirst)) {
        (true, day_first) => Some((Order::MonthFirst, day_first && !same)),
        (false, true) => Some((Order::DayFirst, false)),
        (false, false) => None,
    }
}

/// A count of licences: digits, with signs between thousands; [`NOT_COUNTED`] for an empty cell and for what stands
/// for one. `None` if it is neither.
#[inline]
pub(super) fn count(cell: &[u8], writing: Writing) -> Option<u32> {
    if cell.is_empty() {
        return Some(NOT_COUNTED);
    }
    let mut value: u64 = 0;
    for byte in cell {
        if !byte.is_ascii_digit() {
            return odd_count(cell, writing);
        }
        value = value.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    }
    u32::try_from(value).ok().filter(|count| *count != NOT_COUNTED)
}

/// The same for what is not digits alone.
#[cold]
fn odd_count(cell: &[u8], writing: Writing) -> Option<u32> {
    let text = std::str::from_utf8(cell).ok()?.trim();
    if text.is_empty() {
        return Some(NOT_COUNTED);
    }
    if ["-", "--", "n/a", "na", "null", "none"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(NOT_COUNTED);
    }
    let group = if writing.point_groups { '.' } else { ',' };
    let point = if writing.point_groups { ',' } else { '.' };
    let (whole, fraction) = text.split_once(point).unwrap_or((text, "0"));
    // `12.0` is twelve; a share of a licence is no count.
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let mut groups = whole.split([group, ' ', '\'', '\u{a0}', '\u{202f}']);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().filter(|first| (1..=10).contains(&first.len()) && digits(first))?;
    let mut value: u64 = first.parse().ok()?;
    for next in groups {
        if next.len() != 3 || !digits(next) || first.len() > 3 {
            return None;
        }
        value = value.checked_mul(1_000)?.checked_add(next.parse().ok()?)?;
    }
    u32::try_from(value).ok().filter(|count| *count != NOT_COUNTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, point_groups: bool, expected: Option<u32>) {
        assert_eq!(count(cell.as_bytes(), Writing { sheet: false, point_groups }), expected, "{cell}");
    }

    #[test]
    fn an_empty_cell_is_not_counted_which_is_not_zero() {
        check("", false, Some(NOT_COUNTED));
        check("-", false, Some(NOT_COUNTED));
        check("NULL", false, Some(NOT_COUNTED));
        check("0", false, Some(0));
    }

    #[test]
    fn thousands_have_separators() {
        check("1,234", false, Some(1_234));
        check("1.234", true, Some(1_234));
        check("1\u{a0}234\u{a0}567", false, Some(1_234_567));
        check("12.0", false, Some(12));
        check("12,00", true, Some(12));
    }

    #[test]
    fn what_is_not_a_whole_number_is_no_count() {
        for cell in
            ["12.5", "-3", "1,23", "1234,567", "x", "4294967295", "99999999999999999999", "1,", ".0", "+1"]
        {
            check(cell, false, None);
        }
    }
}
