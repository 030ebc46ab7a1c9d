//! The state now, what follows, what to do; and the history behind it.

use maud::{Markup, html};

use super::ROWS_MAX;
use super::parts::{basis, lines, or_dash, quotes, shown, table, text};
use crate::report::{Check, CheckOutcome, Deadline, ProductInstance, Report, StateNow};
use crate::show::usage::{capital, last_chance};
use crate::show::words::{
    clocks, deadline_kind, deadline_time, event_of, headline, is_past, n, nodes, release, standing, state,
    zone,
};
use crate::time::{Time, spell};

/// Most things to do that stand beside the state; the checklist holds all.
const TO_DO_MAX: usize = 3;

/// Everything that a reader in a hurry needs about one Product Instance.
pub(super) fn card(report: &Report, instance: &ProductInstance) -> Markup {
    let (head, of) = headline(instance);
    let several = report.product_instances.len() > 1;
    html! {
        article class={ "card " (mood(of)) } {
            p.system {
                @if several { strong { (text(&instance.id)) } ": " }
                (text(&nodes(instance)))
                " · release " (text(&release(instance)))
            }
            h1 { span.icon aria-hidden="true" { (icon(of)) } " " (text(&head)) }
            p.since { (text(&standing(report, instance, of))) }
            @if let Some(says) = last_chance(report, instance) {
                p.chance { strong { "Last chance: " } (text(&says)) }
            }
            div.facts {
                (next(report, instance))
                (why(report, of))
                (to_do(report, instance))
            }
            (states(report, instance))
        }
    }
}

/// Good, bad, to be watched, or not known: a class of the style sheet.
pub fn mood(now: &StateNow) -> &'static str {
    match now.state.as_str() {
        "in_compliance"
        | "authorized_reserved"
        | "not_enforced"
        | "registered"
        | "registered_reservation" => "good",
        "overage" | "evaluation" | "reservation_in_progress" => "warn",
        "unknown" | "no_licenses_in_use" => "plain",
        _ => "bad",
    }
}

/// The shape that goes with the colour.
fn icon(now: &StateNow) -> &'static str {
    match mood(now) {
        "good" => "✔",
        "warn" => "▲",
        "bad" => "✖",
        _ => "?",
    }
}

/// The next deadline; where all have passed, the last of them.
fn next(report: &Report, instance: &ProductInstance) -> Markup {
    let ahead = instance.deadlines.iter().find(|deadline| !is_past(deadline));
    let shown_one = ahead.or(instance.deadlines.last());
    html! {
        div.fact {
            h2 { "Next deadline" }
            @match shown_one {
                None => p { "No deadline follows from the lines." },
                Some(deadline) => {
                    p.big { (text(&deadline_kind(&deadline.kind))) @if is_past(deadline) { " (passed)" } }
                    p { (text(&deadline_time(report, zone(instance), deadline))) " " (basis(deadline.basis)) }
                    (countdown(deadline))
                }
            }
        }
    }
}

/// How long it is by the reader's clock: filled in by the script, since the page may be read much later.
fn countdown(deadline: &Deadline) -> Markup {
    html! { p.countdown data-until=(deadline.expected.text()) hidden { } }
}

/// Why the state is what it is: the reason, the message, the line.
fn why(report: &Report, now: &StateNow) -> Markup {
    html! {
        div.fact {
            h2 { "Why" }
            @if now.cause.is_none() && now.evidence.is_empty() { p { "No line tells it." } }
            @if let Some(cause) = &now.cause { p { (text(cause)) } }
            @if let Some(event) = event_of(report, now) { blockquote { (text(&event.text)) } }
            @if !now.evidence.is_empty() { (lines(report, &now.evidence)) }
        }
    }
}

/// The failed checks to look at first, with their ways out.
fn to_do(report: &Report, instance: &ProductInstance) -> Markup {
    let own = |id: &Option<String>| id.as_deref().is_none_or(|id| id == instance.id);
    let counts = |check: &&Check| check.outcome == CheckOutcome::Fail && check.suppressed.is_none();
    let failed: Vec<&Check> =
        report.checks.iter().filter(counts).filter(|check| own(&check.product_instance)).collect();
    let causes = report.causes.iter().filter(|cause| own(&cause.product_instance));
    let first = causes.filter_map(|cause| failed.iter().find(|check| check.id == cause.check).copied());
    html! {
        div.fact {
            h2 { "What to do" }
            @if failed.is_empty() { p { "No check failed." } }
            ol.todo {
                @for check in first.take(TO_DO_MAX) {
                    li {
                        a href={ "#check-" (anchor(report, check)) } { (text(&sentence(&check.says))) }
                        @if let Some(remedy) = &check.remedy { p { (text(remedy)) } }
                    }
                }
            }
            @if !failed.is_empty() {
                p.note { a href="#checks" { (n(failed.len() as u64, "failed check")) " in the checklist" } }
            }
        }
    }
}

/// A finding as a sentence of its own; a host name at its beginning stays as it is written.
fn sentence(says: &str) -> String {
    let first = says.split(' ').next().unwrap_or_default();
    if first.contains(|c: char| !c.is_alphabetic()) { says.to_owned() } else { capital(says) }
}

/// The anchor of a check: its id, with the number of its Product Instance where there are several.
pub(super) fn anchor(report: &Report, check: &Check) -> String {
    let same = |instance: &ProductInstance| Some(&instance.id) == check.product_instance.as_ref();
    match report.product_instances.iter().position(same) {
        None | Some(0) => check.id.clone(),
        Some(at) => format!("{}-{}", check.id, at + 1),
    }
}

fn states(report: &Report, instance: &ProductInstance) -> Markup {
    let now = &instance.now;
    html! {
        dl.states {
            @for (title, now) in [
                ("Registration", &now.registration),
                ("Authorization", &now.authorization),
                ("Enforcement", &now.enforcement),
            ] {
                div class={ "state " (mood(now)) } {
                    dt { (title) }
                    dd {
                        strong { (text(&state(&now.state))) }
                        @if now.basis.is_some() { p { (text(&standing(report, instance, now))) } }
                        @if !now.evidence.is_empty() { (lines(report, &now.evidence)) }
                    }
                }
            }
        }
    }
}

/// States over time: a chart, and the tables that say the same.
pub(super) fn timeline(report: &Report) -> Markup {
    html! {
        section #timeline {
            h2 { "Timeline" }
            @for (at, instance) in report.product_instances.iter().enumerate() {
                @if report.product_instances.len() > 1 { h3 { (text(&instance.id)) } }
                div.chart data-chart="timeline" data-instance=(at) hidden {
                    div.tools {
                        label { input type="checkbox" data-nodes; " Show the nodes: their logs, holes and events" }
                    }
                    div.plot role="img" aria-label="Registration, authorization and enforcement over time; the table History says the same" { }
                    (legend())
                }
                (deadlines(report, instance))
                (history(report, instance))
                (countdown_table(instance))
                (details(report, instance))
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        ul.legend aria-label="How the chart is drawn" {
            li { span.key.stated { } "stated: solid" }
            li { span.key.derived { } "derived: outlined" }
            li { span.key.inferred { } "inferred: dashed and hatched" }
            li { span.key.gap { } "no log covers it" }
            li { "Drag across a chart to look at a stretch of time, double-click for all." }
        }
    }
}

fn deadlines(report: &Report, instance: &ProductInstance) -> Markup {
    if instance.deadlines.is_empty() {
        return html! { p { "No deadline follows from the lines." } };
    }
    let rows = instance.deadlines.iter().map(|deadline| {
        vec![
            text(&deadline_kind(&deadline.kind)),
            html! { (text(&deadline_time(report, zone(instance), deadline))) (countdown(deadline)) },
            basis(deadline.basis),
            text(&deadline.rule),
            lines(report, &deadline.evidence),
        ]
    });
    table("Deadlines", &["what", "when", "basis", "rule", "lines"], rows.collect(), instance.deadlines.len())
}

fn history(report: &Report, instance: &ProductInstance) -> Markup {
    let zone = zone(instance);
    let time = |at: Option<Time>, otherwise: &str| at.map_or(otherwise.to_owned(), |Time(at)| zone.show(at));
    let rows = instance.history.iter().take(ROWS_MAX).map(|row| {
        let from = html! {
            (time(row.from, "not known"))
            @if let Some(bounds) = &row.bounds {
                " (between " (zone.show(bounds.earliest.0)) " and " (zone.show(bounds.latest.0)) ")"
            }
        };
        let lasted = match (row.from, row.until) {
            (Some(Time(from)), Some(Time(until))) => spell(until - from),
            _ => "–".to_owned(),
        };
        vec![
            from,
            html! { (time(row.until, "–")) },
            html! { (lasted) },
            text(&row.dimension),
            text(&state(&row.state)),
            basis(row.basis),
            text(&row.cause),
            lines(report, &row.evidence),
        ]
    });
    let heads = ["from", "until", "lasted", "which", "state", "basis", "why", "lines"];
    let rows: Vec<_> = rows.collect();
    html! {
        @if !rows.is_empty() { (table("History", &heads, rows, instance.history.len())) }
    }
}

fn countdown_table(instance: &ProductInstance) -> Markup {
    let zone = zone(instance);
    let rows = instance.countdown.iter().take(ROWS_MAX).map(|point| {
        vec![
            html! { (zone.show(point.at.0)) },
            html! { (point.minutes) },
            html! { (zone.show(point.due.0)) },
            html! { (point.moved_s.map_or("–".to_owned(), |s| format!("{s} s"))) },
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["line written", "minutes left", "due", "moved"];
    html! {
        @if !rows.is_empty() {
            (table("Countdown to Out of Compliance", &heads, rows, instance.countdown.len()))
        }
    }
}

/// Release, way to CSSM, services, what does not fit together.
fn details(report: &Report, instance: &ProductInstance) -> Markup {
    let way = &instance.deployment;
    let zone = zone(instance);
    html! {
        dl.rows {
            dt { "Release" }
            dd { (text(&release(instance))) " " (lines(report, &instance.release.evidence)) }
            dt { "Way to CSSM" }
            dd {
                (text(&state(way.transport.name()))) "; Transport URL "
                (or_dash(way.url.as_deref())) "; proxy " (or_dash(way.proxy.as_deref()))
            }
            @for pair in &instance.clocks {
                dt { "Clocks" }
                dd { (text(&clocks(pair))) " " (lines(report, &pair.evidence)) }
            }
            @for service in &instance.services {
                dt { "Service" }
                dd {
                    (text(&service.service)) " on " (service.node.as_deref().map_or("a node not named".to_owned(), shown))
                    ": " (text(&state(&service.state))) " ("
                    (service.at.map_or("time not known".to_owned(), |Time(at)| zone.show(at)))
                    ", by " (text(&service.said_by)) ") " (lines(report, &service.evidence))
                }
            }
        }
        @for found in &instance.contradictions {
            div.banner.warn role="note" {
                p { strong { "Contradiction. " } (text(&found.says)) }
                (quotes(report, &found.evidence))
            }
        }
    }
}
