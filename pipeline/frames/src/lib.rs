//! History to tables: the polars stage. No files, no clock.
//!
//! A table is a question about many rows: how long did a state last, did the countdown move. What the next state
//! is, given the last, is decided in `history` and never here.

mod columns;
mod consumption;
pub mod countdown;
pub mod events;
pub mod export;
pub mod forecast;
pub mod history;
mod lacking;
pub mod oracle;
mod reports;
pub mod schema;
mod tables;
#[cfg(test)]
mod testing;
pub mod usage;

use ::history::facts::{CountdownPoint, Event, Instance, Interval, Transition};
use ::history::policy::{REPORT_EVERY_COUNTED, REPORT_EVERY_IMMEDIATE};
use ::history::usage::Grid;
use chrono::TimeDelta;
use parsers::stamp::Instant;
use polars::prelude::PolarsError;

pub use crate::consumption::consumption;
pub use crate::oracle::{ooc_intervals_from_events, states_from_usage};
pub use crate::tables::tables;

/// Why a table could not be made or read back.
#[derive(Debug)]
pub enum Error {
    /// polars refused; for instance a column is absent or of another type.
    Polars(PolarsError),
    /// An index points outside the list that the table was made from.
    Index {
        /// The column.
        column: &'static str,
        /// The index.
        index: u32,
    },
    /// A number of milliseconds is no instant: outside the years -262143 to 262142.
    Instant {
        /// The column.
        column: &'static str,
        /// Milliseconds since 1970-01-01 UTC.
        ms: i64,
    },
    /// A cell is null that must not be.
    Null {
        /// The column.
        column: &'static str,
    },
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Polars(_) => write!(f, "the table could not be made or read"),
            Self::Index { column, index } => {
                write!(f, "column {column}: no entry {index} in the list behind the table")
            }
            Self::Instant { column, ms } => write!(f, "column {column}: {ms} ms is no instant"),
            Self::Null { column } => write!(f, "column {column}: a cell is null"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Polars(error) => Some(error),
            Self::Index { .. } | Self::Instant { .. } | Self::Null { .. } => None,
        }
    }
}

impl From<PolarsError> for Error {
    fn from(error: PolarsError) -> Self {
        Self::Polars(error)
    }
}

/// The tables of one Product Instance as the report shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceTables {
    /// States and how long they lasted: by dimension, undated ones first, then by time.
    pub history: Vec<Interval>,
    /// The countdown to Out of Compliance, by time.
    pub countdown: Vec<CountdownPoint>,
    /// Usage on the times of the reports of each rule, the shorter interval first; empty without usage.
    pub views: Vec<(TimeDelta, Grid)>,
}

/// Makes the tables of one instance.
///
/// polars is not touched, and its start-up not paid, for a table without rows.
pub fn instance_tables(instance: &Instance, as_of: Option<Instant>) -> Result<InstanceTables, Error> {
    let mut tables = InstanceTables::default();
    if !instance.transitions.is_empty() {
        let transitions: Vec<(usize, &Transition)> =
            instance.transitions.iter().map(|each| (0, each)).collect();
        tables.history = history::rows(&history::table(&transitions, as_of)?, &transitions)?;
    }
    if instance.events.iter().any(countdown::counts) {
        let events: Vec<(usize, &Event)> = instance.events.iter().map(|each| (0, each)).collect();
        tables.countdown = countdown::rows(&countdown::table(&events)?)?;
    }
    if let Some(usage) = instance.usage.as_ref().filter(|usage| !usage.at.is_empty()) {
        let phase = consumption::usual_phase(&usage.at);
        for every in [REPORT_EVERY_COUNTED, REPORT_EVERY_IMMEDIATE] {
            tables.views.push((every, usage::grid(usage, every, phase)?));
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use ::history::facts::Dimension;
    use parsers::event::EventKind;

    use super::*;
    use crate::testing::{at_min, event, instance, origin, transition};

    #[test]
    fn an_instance_without_transitions_has_empty_tables() {
        let quiet = instance(Vec::new(), vec![event(Some(at_min(0)), EventKind::Clock, origin(0, 1))]);
        assert_eq!(instance_tables(&quiet, None).unwrap(), InstanceTables::default());
    }

    #[test]
    fn an_instance_has_its_history_and_countdown() {
        let transitions = vec![
            transition(Dimension::Authorization, "overage", Some(at_min(0)), origin(0, 1)),
            transition(Dimension::Authorization, "out_of_compliance", Some(at_min(45)), origin(0, 3)),
        ];
        let events = vec![
            event(Some(at_min(0)), EventKind::OocApproaching { minutes: Some(45) }, origin(0, 1)),
            event(Some(at_min(30)), EventKind::OocImminent { minutes: Some(15) }, origin(0, 2)),
            event(Some(at_min(45)), EventKind::OocEntered, origin(0, 3)),
        ];
        let tables = instance_tables(&instance(transitions, events), Some(at_min(50))).unwrap();
        let states: Vec<_> = tables.history.iter().map(|row| (row.state, row.until)).collect();
        assert_eq!(states, [("overage", Some(at_min(45))), ("out_of_compliance", None)]);
        let moved: Vec<_> = tables.countdown.iter().map(|point| (point.due, point.moved_s)).collect();
        assert_eq!(moved, [(at_min(45), None), (at_min(45), Some(0))]);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let error = Error::Index { column: "transition", index: 4 };
        assert_eq!(error.to_string(), "column transition: no entry 4 in the list behind the table");
        let error = Error::from(PolarsError::ColumnNotFound("at".into()));
        assert!(std::error::Error::source(&error).is_some());
    }
}
