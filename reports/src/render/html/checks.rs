//! The checklist: what failed first, each check with its lines folded under it.

use maud::{Markup, html};

use super::now::anchor;
use super::parts::{quotes, shown, text};
use crate::report::{Check, CheckOutcome, Report, SuppressionStatus};
use crate::show::words::shared_zone;
use crate::time::Time;

pub(super) fn section(report: &Report) -> Markup {
    let groups = [
        (CheckOutcome::Fail, "Failed"),
        (CheckOutcome::NoEvidence, "Not known from this input"),
        (CheckOutcome::Pass, "Passed"),
        (CheckOutcome::NotApplicable, "Not applicable"),
    ];
    html! {
        section #checks {
            h2 { "Checklist" }
            (causes(report))
            @for (outcome, title) in groups {
                @let checks = of(report, outcome);
                @if !checks.is_empty() {
                    h3 { (title) " (" (checks.len()) ")" }
                    @for check in checks { (check_row(report, check)) }
                }
            }
            (suppressions(report))
            (signatures(report))
        }
    }
}

fn of(report: &Report, outcome: CheckOutcome) -> Vec<&Check> {
    let mut checks: Vec<&Check> = report.checks.iter().filter(|check| check.outcome == outcome).collect();
    // Stable: checks of one severity keep the order of the list.
    checks.sort_by_key(|check| (check.suppressed.is_some(), std::cmp::Reverse(check.severity)));
    checks
}

/// What to look at first, and what it explains.
fn causes(report: &Report) -> Markup {
    html! {
        @if report.causes.iter().any(|cause| !cause.explains.is_empty()) {
            h3 { "What to look at first" }
            ol {
                @for cause in &report.causes {
                    li {
                        strong { (text(&cause.check)) } ", " (cause.severity.name())
                        @if cause.suppressed { " (suppressed)" }
                        @if !cause.explains.is_empty() {
                            ", which explains"
                            ul {
                                @for it in &cause.explains {
                                    li {
                                        (text(&it.check)) " (" (it.confidence.name()) " confidence): " (text(&it.how))
                                        @if !it.evidence.is_empty() { (super::parts::lines(report, &it.evidence)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The word, the shape and the colour of an outcome.
fn tag(check: &Check) -> Markup {
    let (class, icon, word) = match check.outcome {
        CheckOutcome::Pass => ("good", "✔", "passed"),
        CheckOutcome::NoEvidence => ("plain", "?", "not known"),
        CheckOutcome::NotApplicable => ("plain", "–", "not applicable"),
        CheckOutcome::Fail => {
            let bad = check.severity.is_some_and(|severity| severity >= crate::report::Severity::High);
            let word = check.severity.map_or("failed", |severity| severity.name());
            (if bad { "bad" } else { "warn" }, if bad { "✖" } else { "▲" }, word)
        }
    };
    html! { span class={ "tag " (class) } { span aria-hidden="true" { (icon) } " " (word) } }
}

fn check_row(report: &Report, check: &Check) -> Markup {
    let failed = check.outcome == CheckOutcome::Fail;
    let several = report.product_instances.len() > 1;
    let zone = shared_zone(report);
    html! {
        details.check #{ "check-" (anchor(report, check)) } open[failed && check.suppressed.is_none()] {
            summary {
                (tag(check))
                span.id { (text(&check.id)) }
                @if several { @if let Some(id) = &check.product_instance { " (" (text(id)) ")" } }
                span.says { (text(&check.says)) }
            }
            div.body {
                p { (text(&check.title)) @if let Some(sure) = check.confidence { ". Confidence: " (sure.name()) } "." }
                @if let Some(remedy) = &check.remedy { p.do { strong { "Do: " } (text(remedy)) } }
                @if let Some(collect) = &check.collect { p.do { strong { "Collect: " } (text(collect)) } }
                @for it in &check.follows_from {
                    p { "Follows from " (text(&it.check)) " (" (it.confidence.name()) " confidence): " (text(&it.how)) }
                }
                @if let Some(it) = &check.suppressed {
                    p { "Suppressed until " (zone.show(it.expires.0)) ", does not count: " (text(&it.reason)) }
                }
                @for dispute in check.disputed.iter().filter(|_| check.outcome != CheckOutcome::NotApplicable) {
                    p { "Cisco says two things about " (text(&dispute.about)) ":" }
                    ul { @for it in &dispute.says { li { (text(&it.says)) " (" (text(&it.source)) ")" } } }
                }
                (quotes(report, &check.evidence))
                p.note { "Source: " (text(&check.source)) }
            }
        }
    }
}

fn suppressions(report: &Report) -> Markup {
    html! {
        @if !report.suppressions.is_empty() {
            h3 { "Suppressed by the configuration" }
            ul {
                @for it in &report.suppressions {
                    @let Time(expires) = it.expires;
                    li {
                        (text(&it.check))
                        @if let Some(id) = &it.product_instance { " (" (text(id)) ")" }
                        ", until " (shared_zone(report).show(expires)) ", "
                        (match it.status {
                            SuppressionStatus::Applied => "applied",
                            SuppressionStatus::Unused => "did not fail",
                            SuppressionStatus::Expired => "ran out, and counts again",
                            SuppressionStatus::Undated => "counts: no time is known to judge its end by",
                        })
                        ": " (text(&it.reason))
                    }
                }
            }
        }
    }
}

/// Failure texts that were seen.
fn signatures(report: &Report) -> Markup {
    html! {
        @if !report.signatures.is_empty() {
            h3 { "Failure texts that were seen" }
            ul {
                @for it in &report.signatures {
                    li {
                        strong { (text(&it.id)) } " in " (it.events) " events: " (text(&it.means)) " " (text(&it.remedy))
                        p.note { "Source: " (text(&it.source)) " (" (shown(&it.status)) ")" }
                    }
                }
            }
        }
    }
}
