//! Tables of licence usage: a time a row, a quantity a column. What [`crate::reader`] gives for them.

mod build;
pub(crate) mod csv;
mod plan;
mod sheet;
pub(crate) mod sql;
mod times;

use std::sync::Arc;

use crate::member::Unread;
use crate::origin::Span;
use crate::stamp::Stamp;

pub use sheet::{CellKind, Sheet, SheetCell, SheetRow, Strings, from_sheet, read_sheet};
pub(crate) use sheet::{Part, part, read_cells, read_strings};

/// The count of a cell that is empty: nothing was counted, which is not zero.
pub const NOT_COUNTED: u32 = u32::MAX;

/// Longest table that is read, in bytes of its member. What is longer is read up to here and told.
pub const TABLE_MAX: usize = 64 << 20;

/// Where a table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageKind {
    /// CUIC's Unified CCX License Consumption report: the maximum within the 15 minutes that end at the time.
    ///
    /// Source: CUIC report guide, "Unified License Consumption Report".
    CuicReport,
    /// `run uccx sql db_cra select … from FlexLicenseUsage` or `LicenseUtilizationDetail`.
    ///
    /// Source: Database Schema Guide 15.0.
    SqlOutput,
    /// A CSV with a time and counts.
    Csv,
}

impl UsageKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CuicReport, Self::SqlOutput, Self::Csv];

    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CuicReport => "cuic-license-consumption",
            Self::SqlOutput => "uccx-sql-usage",
            Self::Csv => "usage-csv",
        }
    }
}

/// A row of a table: where it stands and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// Offset in [`UsageTable::text`].
    pub offset: u32,
    /// Bytes, line break excluded.
    pub length: u32,
    /// Line in the member, counted from 1.
    pub line: u32,
    /// The time as written.
    pub stamp: Stamp,
}

/// A column: one entitlement, in use or purchased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageColumn {
    /// Which entitlement, by [`crate::entitlements::name`].
    pub entitlement: Arc<str>,
    /// True for the number purchased, false for the number in use.
    pub purchased: bool,
    /// One count a row; [`NOT_COUNTED`] for an empty cell.
    pub counts: Vec<u32>,
}

/// A table of usage.
#[derive(Clone, PartialEq, Eq)]
pub struct UsageTable {
    /// Where it comes from.
    pub kind: UsageKind,
    /// The member's bytes, from [`UsageTable::base`] on; several tables of one member share them.
    pub text: Arc<[u8]>,
    /// Offset of the text in the member.
    pub base: u64,
    /// Rows in file order.
    pub rows: Vec<UsageRow>,
    /// Columns in file order.
    pub columns: Vec<UsageColumn>,
}

/// What reading rows as tables of usage gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The tables, one for each header; one for each entitlement where the rows name it.
    pub tables: Vec<UsageTable>,
    /// Rows that stand in one of them.
    pub records: u64,
    /// Rows that could not be read.
    pub n_unread: u64,
    /// The first few of them.
    pub unread: Vec<Unread>,
    /// What the dates of the rows rest on where nothing in the table says it, as a sentence; `None` if all of them
    /// are certain.
    pub assumed: Option<&'static str>,
}

impl UsageTable {
    /// The bytes of a row; `None` if there is no such row.
    #[must_use]
    pub fn span(&self, row: usize) -> Option<Span> {
        let row = self.rows.get(row)?;
        let start = row.offset as usize;
        let bytes = self.text.get(start..start.checked_add(row.length as usize)?)?;
        Some(Span::of(bytes, u64::from(row.line), self.base + u64::from(row.offset)))
    }
}

impl std::fmt::Debug for UsageTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<_> =
            self.columns.iter().map(|column| (&column.entitlement, column.purchased)).collect();
        write!(f, "UsageTable({:?}, {} rows, {columns:?})", self.kind, self.rows.len())
    }
}
