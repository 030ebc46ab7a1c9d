//! The checks on the screen: what failed and what to do, what cannot be told and what to collect.

use std::fmt;

use anstyle::Style;

use crate::report::{Check, CheckOutcome, Confidence, Evidence, Report, Severity, SuppressionStatus};
use crate::show::layout::{BAD, BOLD, DIM, PLAIN, Screen, WARN};
use crate::show::words::{cite, n, shared_zone};
use crate::time::Time;

pub(super) fn failed(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    screen.blank()?;
    let counts = || with_outcome(report, CheckOutcome::Fail).filter(|check| check.suppressed.is_none());
    if counts().next().is_none() {
        screen.para(0, "No check failed", BOLD)?;
        return suppressed(screen, report);
    }
    screen.para(0, "Failed checks, what to look at first", BOLD)?;
    let mut shown: Vec<&Check> = Vec::new();
    let same = |check: &Check, id: &str, instance: &Option<String>| {
        check.id == id && check.product_instance == *instance
    };
    for cause in &report.causes {
        let root = counts().find(|check| same(check, &cause.check, &cause.product_instance));
        let surely = cause.explains.iter().filter(|it| it.confidence > Confidence::Low);
        let effects = surely.filter_map(|explained| {
            Some((explained, counts().find(|it| same(it, &explained.check, &cause.product_instance))?))
        });
        if let Some(root) = root.filter(|root| !shown.contains(root)) {
            finding(screen, report, root)?;
            shown.push(root);
        }
        for (explained, check) in effects {
            if shown.contains(&check) {
                continue;
            }
            let severity = check.severity.unwrap_or(Severity::Info);
            let says = format!("{}: {}", named(report, check), check.says);
            screen.row(4, 14, (severity.name(), style(severity)), (&says, PLAIN))?;
            let sure = explained.confidence.name();
            let how = format!("follows from {} ({sure} confidence): {}", cause.check, explained.how);
            screen.para(16, &how, DIM)?;
            shown.push(check);
        }
    }
    let mut others: Vec<&Check> = counts().filter(|check| !shown.contains(check)).collect();
    // Stable: checks of one severity keep the order of the list.
    others.sort_by_key(|check| std::cmp::Reverse(check.severity));
    for check in others {
        finding(screen, report, check)?;
    }
    suppressed(screen, report)
}

/// A failed check with its way out.
fn finding(screen: &mut Screen<'_>, report: &Report, check: &Check) -> fmt::Result {
    let severity = check.severity.unwrap_or(Severity::Info);
    let says = format!("{}: {}", named(report, check), check.says);
    screen.row(2, 12, (severity.name(), style(severity)), (&says, PLAIN))?;
    if let Some(remedy) = &check.remedy {
        screen.row(12, 15, ("→", BOLD), (remedy, PLAIN))?;
    }
    // What the headline cites already is not repeated.
    if let Some(line) = check.evidence.first().filter(|line| !cited_above(report, line)) {
        screen.para(15, &cite(report, line), DIM)?;
    }
    Ok(())
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => WARN,
        Severity::Low | Severity::Info => PLAIN,
    }
}

/// What the user accepted, and what of it does not hold any more.
fn suppressed(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    if report.suppressions.is_empty() {
        return Ok(());
    }
    let n_all = with_outcome(report, CheckOutcome::Fail).filter(|check| check.suppressed.is_some()).count();
    screen.blank()?;
    screen.para(0, &format!("Suppressed: {}", n(n_all as u64, "failed check")), BOLD)?;
    for it in &report.suppressions {
        let Time(expires) = it.expires;
        let until = shared_zone(report).show(expires);
        let (status, style) = match it.status {
            SuppressionStatus::Applied => (format!("until {until}"), PLAIN),
            SuppressionStatus::Unused => (format!("until {until}; it did not fail"), DIM),
            SuppressionStatus::Expired => (format!("ran out {until} and counts again"), WARN),
            SuppressionStatus::Undated => ("counts: no time is known to judge its end by".to_owned(), WARN),
        };
        let whose = it.product_instance.as_deref().map(|id| format!(" ({id})")).unwrap_or_default();
        screen.row(2, 4, ("·", PLAIN), (&format!("{}{whose} {status}: {}", it.check, it.reason), style))?;
    }
    Ok(())
}

fn cited_above(report: &Report, line: &Evidence) -> bool {
    report.product_instances.iter().any(|instance| {
        let now = &instance.now;
        [&now.authorization, &now.enforcement].iter().any(|state| state.evidence.first() == Some(line))
    })
}

/// What to do for checks that lack their evidence: where, what there, for which.
struct Request<'a> {
    place: &'a str,
    what: Vec<&'a str>,
    checks: Vec<String>,
}

/// What the input cannot tell. Checks that need something of the same place share a row: it is collected in one go.
pub(super) fn missing(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let mut requests: Vec<Request<'_>> = Vec::new();
    for check in with_outcome(report, CheckOutcome::NoEvidence) {
        let collect = check.collect.as_deref().unwrap_or(&check.says);
        let (place, what) = match collect.split_once(": ") {
            Some((place, what)) if place.starts_with("on ") => (place, what.split("; ").collect()),
            _ => (collect, Vec::new()),
        };
        let at = match requests.iter().position(|known| known.place == place) {
            Some(at) => at,
            None => {
                requests.push(Request { place, what: Vec::new(), checks: Vec::new() });
                requests.len() - 1
            }
        };
        let Some(request) = requests.get_mut(at) else { continue };
        request.checks.push(named(report, check));
        for it in what {
            // "A and B" asks for A too.
            if !request.what.iter().any(|known| known.contains(it)) {
                request.what.retain(|known| !it.contains(*known));
                request.what.push(it);
            }
        }
    }
    if !requests.is_empty() {
        screen.blank()?;
        screen.para(0, "Not known from this input: what to collect", BOLD)?;
    }
    for request in requests {
        let text = match request.what.as_slice() {
            [] => request.place.to_owned(),
            what => format!("{}: {}", request.place, what.join("; ")),
        };
        screen.row(2, 4, ("·", PLAIN), (&format!("{text} ({})", request.checks.join(", ")), PLAIN))?;
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
