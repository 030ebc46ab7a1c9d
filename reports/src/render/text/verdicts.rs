//! The checks on the screen: what failed and what to do, what cannot be told and what to collect.

use std::fmt;

use crate::report::{Check, CheckOutcome, Confidence, Evidence, Report, Severity};
use crate::show::layout::{BAD, BOLD, DIM, PLAIN, Screen, WARN};
use crate::show::words::cite;

pub(super) fn failed(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let mut failed: Vec<&Check> = with_outcome(report, CheckOutcome::Fail).collect();
    // Stable: checks of one severity keep the order of the list.
    failed.sort_by_key(|check| std::cmp::Reverse(check.severity));
    screen.blank()?;
    if failed.is_empty() {
        return screen.para(0, "No check failed", BOLD);
    }
    screen.para(0, "Failed checks", BOLD)?;
    for check in failed {
        let severity = check.severity.unwrap_or(Severity::Info);
        let style = match severity {
            Severity::Critical | Severity::High => BAD,
            Severity::Medium => WARN,
            Severity::Low | Severity::Info => PLAIN,
        };
        let says = format!("{}: {}", named(report, check), check.says);
        screen.row(2, 12, (severity.name(), style), (&says, PLAIN))?;
        if let Some(remedy) = &check.remedy {
            screen.row(12, 15, ("→", BOLD), (remedy, PLAIN))?;
        }
        // What the headline cites already is not repeated.
        if let Some(line) = check.evidence.first().filter(|line| !cited_above(report, line)) {
            screen.para(15, &cite(report, line), DIM)?;
        }
    }
    Ok(())
}

fn cited_above(report: &Report, line: &Evidence) -> bool {
    report.product_instances.iter().any(|instance| {
        let now = &instance.now;
        [&now.authorization, &now.enforcement].iter().any(|state| state.evidence.first() == Some(line))
    })
}

/// What the input cannot tell. Checks that need the same thing share a row.
pub(super) fn missing(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    for check in with_outcome(report, CheckOutcome::NoEvidence) {
        let collect = check.collect.as_deref().unwrap_or(&check.says);
        match rows.iter_mut().find(|(other, _)| *other == collect) {
            Some((_, names)) => names.push(named(report, check)),
            None => rows.push((collect, vec![named(report, check)])),
        }
    }
    if !rows.is_empty() {
        screen.blank()?;
        screen.para(0, "Not known from this input: what to collect", BOLD)?;
    }
    for (collect, names) in rows {
        screen.row(2, 23, (&names.join(", "), PLAIN), (collect, PLAIN))?;
    }
    Ok(())
}

pub(super) fn with_outcome(report: &Report, outcome: CheckOutcome) -> impl Iterator<Item = &Check> {
    report.checks.iter().filter(move |check| check.outcome == outcome)
}

/// The check's id, with its Product Instance where there are several.
fn named(report: &Report, check: &Check) -> String {
    match &check.product_instance {
        Some(instance) if report.product_instances.len() > 1 => format!("{} ({instance})", check.id),
        _ => check.id.clone(),
    }
}

/// The check's name, with its confidence where that is not high: a pass may rest on one node of two.
pub(super) fn surely(report: &Report, check: &Check) -> String {
    match check.confidence {
        Some(confidence) if confidence < Confidence::High => {
            format!("{} ({} confidence)", named(report, check), confidence.name())
        }
        _ => named(report, check),
    }
}
