//! Column names, types and units of every table. Who stores a table stores [`SCHEMA_VERSION`] with it.
//!
//! Instants are milliseconds since 1970-01-01 in UTC, with the zone `UTC` in the type; durations are whole seconds
//! and end in `_s`. An index column (`instance`, `event`, `transition`, `node`, `member`) counts from 0 into the
//! list that the table was made from.

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn as _, PolarsError, PolarsResult, TimeUnit, TimeZone,
};

/// Raised when a column is added, removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Milliseconds since 1970-01-01 in UTC: `Datetime(ms, UTC)`.
    Instant,
    /// A name or a word: `String`.
    Text,
    /// A small number or an index: `UInt32`.
    Number,
    /// A line number: `UInt64`.
    Line,
    /// Whole seconds, negative where the thing moved back: `Int64`.
    Seconds,
}

impl Kind {
    /// The type that polars gives the column.
    #[must_use]
    pub fn dtype(self) -> DataType {
        match self {
            Self::Instant => DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)),
            Self::Text => DataType::String,
            Self::Number => DataType::UInt32,
            Self::Line => DataType::UInt64,
            Self::Seconds => DataType::Int64,
        }
    }
}

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// True where a cell may be null.
    pub nullable: bool,
    /// What it means, with its unit.
    pub about: &'static str,
}

/// A cell that is never null.
const fn always(name: &'static str, kind: Kind, about: &'static str) -> Spec {
    Spec { name, kind, nullable: false, about }
}

/// A cell that may be null.
const fn maybe(name: &'static str, kind: Kind, about: &'static str) -> Spec {
    Spec { name, kind, nullable: true, about }
}

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Spec],
}

/// Index of the Product Instance.
pub const INSTANCE: &str = "instance";
/// Name of the state machine.
pub const DIMENSION: &str = "dimension";
/// Name of the state.
pub const STATE: &str = "state";
/// Since when, UTC milliseconds.
pub const FROM: &str = "from";
/// Until when, UTC milliseconds.
pub const UNTIL: &str = "until";
/// How long, seconds.
pub const LASTED_S: &str = "lasted_s";
/// How firmly it stands.
pub const BASIS: &str = "basis";
/// Index of the transition.
pub const TRANSITION: &str = "transition";
/// Index of the event.
pub const EVENT: &str = "event";
/// When, UTC milliseconds.
pub const AT: &str = "at";
/// Number of possible instants.
pub const AT_CANDIDATES: &str = "at_candidates";
/// Index of the node.
pub const NODE: &str = "node";
/// Name of the event kind.
pub const KIND: &str = "kind";
/// Facility as written.
pub const FACILITY: &str = "facility";
/// Severity digit as written.
pub const SEVERITY: &str = "severity";
/// Mnemonic as written.
pub const MNEMONIC: &str = "mnemonic";
/// Minutes left, as printed.
pub const MINUTES: &str = "minutes";
/// When Out of Compliance is due, UTC milliseconds.
pub const DUE: &str = "due";
/// How far the due instant moved, seconds.
pub const MOVED_S: &str = "moved_s";
/// Number of places that said it.
pub const N_WITNESSES: &str = "n_witnesses";
/// Index of the member of the first witness.
pub const MEMBER: &str = "member";
/// Line of the first witness.
pub const LINE: &str = "line";

/// `history`: one row per state and the time it lasted; by instance, dimension, undated rows first, `from`.
pub const HISTORY: Table = Table {
    name: "history",
    columns: &[
        always(INSTANCE, Kind::Number, "index of the Product Instance"),
        always(DIMENSION, Kind::Text, "registration, authorization or enforcement"),
        always(STATE, Kind::Text, "the state, by its name in the report"),
        maybe(FROM, Kind::Instant, "since when; null if the transition has no instant"),
        maybe(UNTIL, Kind::Instant, "until when; null while it lasts or if from is null"),
        maybe(
            LASTED_S,
            Kind::Seconds,
            "seconds from `from` to `until`, to as_of while it lasts, fractions dropped",
        ),
        always(BASIS, Kind::Text, "stated, derived, inferred, given or unknown"),
        always(TRANSITION, Kind::Number, "index of the transition that began it; its lines are the evidence"),
    ],
};

/// `events`: one row per event; by `at` and origin, undated ones last in input order.
pub const EVENTS: Table = Table {
    name: "events",
    columns: &[
        always(INSTANCE, Kind::Number, "index of the Product Instance"),
        always(EVENT, Kind::Number, "index of the event"),
        maybe(AT, Kind::Instant, "when; null if it cannot be known or several instants are possible"),
        always(
            AT_CANDIDATES,
            Kind::Number,
            "number of possible instants where at is null for that reason, else 0",
        ),
        maybe(NODE, Kind::Number, "index of the node in its instance; null if nothing names it"),
        always(KIND, Kind::Text, "the event kind, by its name in the report"),
        always(FACILITY, Kind::Text, "as written"),
        always(SEVERITY, Kind::Number, "the digit as written"),
        always(MNEMONIC, Kind::Text, "as written"),
        maybe(MINUTES, Kind::Number, "minutes to Out of Compliance, as printed"),
        always(N_WITNESSES, Kind::Number, "number of places that said it"),
        maybe(MEMBER, Kind::Number, "index of the member of the first witness"),
        maybe(LINE, Kind::Line, "line of the first witness, counted from 1"),
    ],
};

/// `countdown`: one row per dated line that prints the minutes to Out of Compliance; by instance and `at`.
pub const COUNTDOWN: Table = Table {
    name: "countdown",
    columns: &[
        always(INSTANCE, Kind::Number, "index of the Product Instance"),
        always(AT, Kind::Instant, "when the line was written"),
        always(MINUTES, Kind::Number, "minutes left, as printed"),
        always(DUE, Kind::Instant, "at + minutes: when Out of Compliance is due"),
        maybe(
            MOVED_S,
            Kind::Seconds,
            "seconds that due moved against the row before; null for the first of a countdown",
        ),
        always(EVENT, Kind::Number, "index of the event"),
    ],
};

/// All tables.
pub const TABLES: &[Table] = &[HISTORY, EVENTS, COUNTDOWN];

impl Table {
    /// Keeps the table's columns of `frame`, in order and in their types: instants arrive as `Int64` milliseconds.
    pub(crate) fn conform(&self, frame: &DataFrame) -> PolarsResult<DataFrame> {
        let columns = self
            .columns
            .iter()
            .map(|spec| spec.conform(frame.column(spec.name)?))
            .collect::<Result<_, _>>()?;
        DataFrame::new(frame.height(), columns)
    }
}

impl Spec {
    fn conform(&self, column: &Column) -> PolarsResult<Column> {
        let dtype = self.kind.dtype();
        let column = match (self.kind, column.dtype()) {
            (Kind::Instant, DataType::Int64) => {
                column.i64()?.clone().into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
            }
            _ => column.clone(),
        };
        if column.dtype() != &dtype {
            let what = format!("column {}: {} where {dtype} belongs", self.name, column.dtype());
            return Err(PolarsError::SchemaMismatch(what.into()));
        }
        if !self.nullable && column.null_count() > 0 {
            return Err(PolarsError::SchemaMismatch(format!("column {}: null", self.name).into()));
        }
        Ok(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_durations_say_their_unit() {
        for table in TABLES {
            let mut names: Vec<&str> = table.columns.iter().map(|spec| spec.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
            for spec in table.columns {
                assert_eq!(
                    spec.kind == Kind::Seconds,
                    spec.name.ends_with("_s"),
                    "{}.{}",
                    table.name,
                    spec.name
                );
                assert!(!spec.about.is_empty());
            }
        }
    }

    #[test]
    fn every_table_has_the_types_of_its_schema_even_without_rows() {
        let empty = [
            crate::history::table(&[], None).unwrap(),
            crate::events::table(&[]).unwrap(),
            crate::countdown::table(&[]).unwrap(),
        ];
        for (table, frame) in TABLES.iter().zip(&empty) {
            let found: Vec<(&str, &DataType)> =
                frame.columns().iter().map(|column| (column.name().as_str(), column.dtype())).collect();
            let types: Vec<DataType> = table.columns.iter().map(|spec| spec.kind.dtype()).collect();
            let expected: Vec<(&str, &DataType)> =
                table.columns.iter().zip(&types).map(|(spec, dtype)| (spec.name, dtype)).collect();
            assert_eq!(found, expected, "{}", table.name);
        }
    }

    #[test]
    fn a_frame_of_another_shape_is_refused() {
        let wrong = DataFrame::new(1, vec![Column::new(AT.into(), ["noon"])]).unwrap();
        assert!(COUNTDOWN.conform(&wrong).is_err());
    }
}
