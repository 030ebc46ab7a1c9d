//! What changed between two reports in license terms: the document that a comparison writes, and its forms.
//!
//! A difference is never made of a silence: what only one report knows is called learned or lost, and a failed check
//! whose evidence is gone is not called fixed.

mod checks;
mod compare;
mod document;
mod html;
mod markdown;
mod pairs;
mod stated;
mod tables;
mod text;
mod warnings;
mod words;

use std::fmt;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::render::{Options, Scripts, page, pretty};
use crate::report::{Evidence, Report};

pub use self::document::{
    CauseDiff, CheckDiff, CheckHow, DIFF_VERSION, DeadlineDiff, DeadlineHow, Diff, DiffInstance, EventDiff,
    FieldDiff, How, LicenseTypeDiff, MatchedBy, NodesDiff, Numbers, Presence, ReleaseDiff, ServiceDiff, Side,
    StateDiff, StatedDiff, UsageDiff,
};

/// Compares an earlier report with a later one.
#[must_use]
pub fn diff(before: &Report, after: &Report) -> Diff {
    let pairs = pairs::pairs(&before.product_instances, &after.product_instances);
    let mut checks = checks::Rows::of(before, after);
    let mut events = compare::Alarms::of(before, after);
    let instances: Vec<DiffInstance> =
        pairs.iter().map(|pair| compare::instance(before, after, pair, &mut checks, &mut events)).collect();
    Diff {
        schema_version: DIFF_VERSION.to_owned(),
        tool: after.tool.clone(),
        changed: instances.iter().any(|instance| instance.changed),
        before: side(before),
        after: side(after),
        warnings: warnings::warnings(before, after, &instances),
        instances,
    }
}

/// The first lines behind a claim: enough to find it, and a comparison does not hold both reports again.
fn first_lines(lines: &[Evidence]) -> Vec<Evidence> {
    const LINES_MAX: usize = 3;
    lines.iter().take(LINES_MAX).cloned().collect()
}

fn side(report: &Report) -> Side {
    Side {
        as_of: report.as_of,
        sources: report.input.sources.iter().map(|source| source.path.clone()).collect(),
        from: report.input.coverage.from,
        to: report.input.coverage.to,
    }
}

/// Writes the document in one of the formats `text`, `md` (or `markdown`), `json` and `html`; `None` for another name.
pub fn render_diff(
    document: &Diff,
    format: &str,
    out: &mut dyn fmt::Write,
    options: &Options,
) -> Option<fmt::Result> {
    match format {
        "text" => Some(text::render(document, out, options)),
        "md" | "markdown" => Some(markdown::render(document, out)),
        "json" => Some(pretty(document, out)),
        "html" => {
            let body = maud::html! { main.wide { (html::body(document)) } };
            Some(out.write_str(&page("What changed in the UCCX license", &body, Scripts::Without)))
        }
        _ => None,
    }
}

/// The JSON Schema (draft 2020-12) of the document.
#[must_use]
pub fn diff_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Diff>();
    schema.insert("$id".to_owned(), format!("urn:uccxray:diff:{DIFF_VERSION}").into());
    schema.insert("title".to_owned(), "uccxray diff".into());
    schema.insert("version".to_owned(), DIFF_VERSION.into());
    schema.to_value()
}

#[cfg(test)]
mod tests;
