//! Column names, types and units of every table. Who stores a table stores [`SCHEMA_VERSION`] with it.
//!
//! Instants are milliseconds since 1970-01-01 in UTC, with the zone `UTC` in the type; durations are whole seconds
//! and end in `_s`; what is in use, purchased or lacking is in licences. An index column (`instance`, `event`,
//! `transition`, `node`, `member`) counts from 0 into the list that the table was made from; as exported, the name of
//! what it points to stands behind it, see [`Table::exported`].

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn as _, PolarsError, PolarsResult, TimeUnit, TimeZone,
};

/// Raised when a column is added, removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

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
    /// Yes or no: `Boolean`.
    Flag,
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
            Self::Flag => DataType::Boolean,
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

/// Name of the Product Instance.
pub const INSTANCE_NAME: &str = "instance_name";
/// Name of the node.
pub const NODE_NAME: &str = "node_name";
/// Path of the member.
pub const MEMBER_PATH: &str = "member_path";
/// The message.
pub const TEXT: &str = "text";
/// Name of the entitlement.
pub const ENTITLEMENT: &str = "entitlement";
/// Licenses in use.
pub const IN_USE: &str = "in_use";
/// Licenses lacking.
pub const LACKING: &str = "lacking";
/// Over-usages among five reports.
pub const OVER_IN_LAST_5_REPORTS: &str = "over_in_last_5_reports";
/// Highest use in eight hours.
pub const IN_USE_PEAK_8H: &str = "in_use_peak_8h";
/// Use that CSSM holds the instance to.
pub const LOCKED: &str = "locked";
/// Name of the rules.
pub const REGIME: &str = "regime";
/// Name of the reading of the rules.
pub const READING: &str = "reading";
/// Not before, UTC milliseconds.
pub const EARLIEST: &str = "earliest";
/// Most likely, UTC milliseconds.
pub const EXPECTED: &str = "expected";
/// Not after, UTC milliseconds.
pub const LATEST: &str = "latest";
/// Whether the rule decides it.
pub const DETERMINED: &str = "determined";
/// Name of the table, in a table of all tables.
pub const TABLE: &str = "table";
/// Licenses purchased.
pub const PURCHASED: &str = "purchased";

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
        always(TEXT, Kind::Text, "the message as written"),
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

/// `usage`: one row for each report of the 15-minute rule and each entitlement; by instance, entitlement and `at`.
pub const USAGE: Table = Table {
    name: "usage",
    columns: &[
        always(INSTANCE, Kind::Number, "index of the Product Instance"),
        always(ENTITLEMENT, Kind::Text, "one name for each entitlement, however it was written"),
        always(
            AT,
            Kind::Instant,
            "the newest sample of the report's 15 minutes; their end where there is none",
        ),
        maybe(
            IN_USE,
            Kind::Number,
            "highest use within the 15 minutes, in licences; null where nothing was counted",
        ),
        maybe(PURCHASED, Kind::Number, "licences purchased at that time; null where nothing says it"),
        maybe(
            LACKING,
            Kind::Number,
            "licences to buy for this use; a Standard user may take a free Premium seat; null where use or purchase is",
        ),
        always(
            OVER_IN_LAST_5_REPORTS,
            Kind::Number,
            "of this report and the four before it, those in which the entitlement lacked",
        ),
        maybe(IN_USE_PEAK_8H, Kind::Number, "highest use in the eight hours up to at, in licences"),
        maybe(
            LOCKED,
            Kind::Number,
            "use that CSSM holds the instance to by the counted rule, in licences; null unless Out of Compliance by it",
        ),
        maybe(STATE, Kind::Text, "Authorization State that the logs show then; null where they show none"),
    ],
};

/// `predicted`: one row for each change of the Authorization State that a rule predicts from usage; by instance, rule
/// and time.
pub const PREDICTED: Table = Table {
    name: "predicted",
    columns: &[
        always(INSTANCE, Kind::Number, "index of the Product Instance"),
        always(REGIME, Kind::Text, "counted or immediate"),
        maybe(
            READING,
            Kind::Text,
            "which published reading of the counted rule; null in the immediate regime",
        ),
        always(STATE, Kind::Text, "the state, by its name in the report"),
        always(EARLIEST, Kind::Instant, "not before"),
        always(EXPECTED, Kind::Instant, "the report that decides it"),
        always(LATEST, Kind::Instant, "not after"),
        always(
            DETERMINED,
            Kind::Flag,
            "false where a report before it is missing, so that the rule does not decide it",
        ),
    ],
};

/// All tables.
pub const TABLES: &[Table] = &[HISTORY, EVENTS, COUNTDOWN, USAGE, PREDICTED];

impl Table {
    /// The columns as exported: behind each index of a thing with a name stands that name.
    #[must_use]
    pub fn exported(&self) -> Vec<Spec> {
        let named = |spec: &Spec| match spec.name {
            INSTANCE => Some(always(INSTANCE_NAME, Kind::Text, "name of the Product Instance")),
            NODE => Some(maybe(NODE_NAME, Kind::Text, "name of the node; null where node is")),
            MEMBER => Some(maybe(MEMBER_PATH, Kind::Text, "path of the member, from the argument on")),
            _ => None,
        };
        self.columns.iter().flat_map(|spec| std::iter::once(*spec).chain(named(spec))).collect()
    }

    /// The table without rows.
    pub(crate) fn empty(&self) -> PolarsResult<DataFrame> {
        let columns = self.columns.iter().map(|spec| Column::new_empty(spec.name.into(), &spec.kind.dtype()));
        DataFrame::new(0, columns.collect())
    }

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
            USAGE.empty().unwrap(),
            PREDICTED.empty().unwrap(),
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
