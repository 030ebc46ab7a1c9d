//! Facts to findings to text: what a report says and how it is written. No clock, no files, no printing.
//!
//! Read in this order:
//!
//! - [`report`]: the [`Report`], plain data and the only thing a renderer sees; [`assemble`] fills it.
//! - [`check`]: what a check is; [`checks`] lists them, one file each.
//! - [`render`]: the report formats, one file each: the screen, Markdown, JSON, SARIF, JUnit.
//! - [`escape`]: log text is hostile, and every sink that shows it goes through here.
//! - [`redact`]: names that tell who the customer is, replaced by keyed pseudonyms.
//! - [`time`]: instants as they stand in a report, and as a person reads them.
//! - [`mod@whatif`]: what would happen, as a document of its own.
//! - [`mod@diff`]: what changed between two reports, as a document of its own.
//! - [`words`]: phrases and the look of the pages, for views that are not files.
//! - [`schema`](schema()): the JSON Schema of the report.

pub mod alerts;
mod assemble;
mod causes;
mod chance;
pub mod check;
pub mod checks;
mod cssm;
pub mod diff;
pub mod escape;
pub mod explain;
mod licenses;
mod logs;
pub mod redact;
pub mod render;
pub mod report;
mod schema;
mod show;
mod suppress;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_usage;
pub mod time;
pub mod whatif;
pub mod words;

pub use assemble::{InstanceTables, Tables, assemble};
pub use check::{Check, Outcome};
pub use checks::CHECKS;
pub use diff::{Diff, diff, diff_schema, render_diff};
pub use render::{Options, RENDERERS, Renderer, figures};
pub use report::{Confidence, Report, SCHEMA_VERSION, Severity, Tool};
pub use schema::schema;
pub use suppress::{Accepted, suppress};
pub use whatif::{WhatIf, render_whatif, whatif, whatif_schema};

/// The worst severity among the failed checks that are not suppressed; `None` if there is none. The exit code of `--fail-on` follows it.
#[must_use]
pub fn worst_failed(report: &Report) -> Option<Severity> {
    let failed = report
        .checks
        .iter()
        .filter(|check| check.outcome == report::CheckOutcome::Fail && check.suppressed.is_none());
    failed.filter_map(|check| check.severity).max()
}
