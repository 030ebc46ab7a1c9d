//! The parts of the live page: each is drawn anew for every snapshot.

use std::borrow::Cow;
use std::cmp::Reverse;

use maud::{Markup, html};
use reports::alerts::{Alert, AlertState};
use reports::report::{Check, CheckOutcome, Event, ProductInstance, Severity, StateNow};
use reports::time::Time;
use reports::words::{
    basis, deadline_kind, deadline_time, headline, is_past, lines, mood, nodes, release, shared_zone, shown,
    stale, standing, state, table, text, zone,
};

use super::page::title;
use crate::status::{Snapshot, SourceStatus};

/// Most events that the page shows; the report holds all.
pub(super) const EVENTS_MAX: usize = 50;
/// Most rows of the other tables.
const ROWS_MAX: usize = 200;
/// Most Product Instances, alerts and failed checks.
const CARDS_MAX: usize = 50;

/// The colour of a severity: a class of the style sheet.
fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "bad",
        Severity::Medium => "warn",
        Severity::Low | Severity::Info => "plain",
    }
}

fn severity_tag(severity: Severity) -> Markup {
    html! { span class={ "tag " (color(severity)) } { (severity.name()) } }
}

/// A time on the clock of the nodes; `otherwise` where there is none.
fn time(snapshot: &Snapshot, at: Option<Time>, otherwise: &str) -> String {
    at.map_or(otherwise.to_owned(), |Time(at)| shared_zone(&snapshot.report).show(at))
}

/// How long until then: the script counts it down; without scripts the line above tells it.
fn countdown(until: Time) -> Markup {
    html! { p.countdown data-until=(until.text()) aria-live="off" hidden { } }
}

fn more(n_all: usize, n_max: usize) -> Markup {
    html! { @if n_all > n_max { p.note { (n_all - n_max) " more in the report." } } }
}

/// What is wrong with the watch itself, and what makes everything below less sure.
pub(super) fn troubles(snapshot: &Snapshot) -> Markup {
    html! {
        @if !snapshot.troubles.is_empty() {
            div.banner.bad {
                p { strong { "The watch is in trouble." } " What follows may be incomplete:" }
                ul { @for says in snapshot.troubles.iter().take(ROWS_MAX) { li { (text(says)) } } }
            }
        }
        @if !snapshot.report.input.incomplete.is_empty() {
            div.banner.warn {
                p { strong { "Lines are missing" } ", so what follows may be too:" }
                ul { @for says in snapshot.report.input.incomplete.iter().take(ROWS_MAX) { li { (text(says)) } } }
            }
        }
        @if let Some(says) = stale(&snapshot.report) { p.banner.warn { strong { "Silence. " } (text(&says)) } }
    }
}

/// One card for each Product Instance.
pub(super) fn now(snapshot: &Snapshot) -> Markup {
    let instances = &snapshot.report.product_instances;
    html! {
        @if instances.is_empty() {
            article.card {
                h1 { "No license line of a UCCX system was read yet." }
                p { "The state stands here with the first one. What was read so far: see " a href="#sources" { "Sources" } "." }
            }
        }
        @for instance in instances.iter().take(CARDS_MAX) { (card(snapshot, instance)) }
        (more(instances.len(), CARDS_MAX))
    }
}

fn card(snapshot: &Snapshot, instance: &ProductInstance) -> Markup {
    let report = &snapshot.report;
    let (head, of) = headline(instance);
    let icon = match mood(of) {
        "good" => "✔",
        "warn" => "▲",
        "bad" => "✖",
        _ => "?",
    };
    html! {
        article class={ "card " (mood(of)) } {
            p.system {
                @if report.product_instances.len() > 1 { strong { (text(&instance.id)) } ": " }
                (text(&nodes(instance))) " · release " (text(&release(instance)))
            }
            div.pair {
                div {
                    h1 { span.icon aria-hidden="true" { (icon) } " " (text(&head)) }
                    p.since { (text(&standing(report, instance, of))) }
                    @if let Some(cause) = &of.cause { p { (text(cause)) } }
                    @if !of.evidence.is_empty() { (lines(report, &of.evidence)) }
                }
                (next(snapshot, instance))
            }
            dl.states {
                (one_state(snapshot, instance, "Registration", &instance.now.registration))
                (one_state(snapshot, instance, "Authorization", &instance.now.authorization))
                (one_state(snapshot, instance, "Enforcement", &instance.now.enforcement))
            }
        }
    }
}

fn one_state(snapshot: &Snapshot, instance: &ProductInstance, title: &str, now: &StateNow) -> Markup {
    html! {
        div class={ "state " (mood(now)) } {
            dt { (title) }
            dd {
                strong { (text(&state(&now.state))) }
                @if now.basis.is_some() { p { (text(&standing(&snapshot.report, instance, now))) } }
            }
        }
    }
}

/// The next deadline; where all have passed, the last of them.
fn next(snapshot: &Snapshot, instance: &ProductInstance) -> Markup {
    let ahead = instance.deadlines.iter().find(|deadline| !is_past(deadline));
    html! {
        div.fact.next {
            h2 { "Next deadline" }
            @match ahead.or(instance.deadlines.last()) {
                None => p { "No deadline follows from the lines." },
                Some(deadline) => {
                    p.big { (text(&deadline_kind(&deadline.kind))) @if is_past(deadline) { " (passed)" } }
                    (countdown(deadline.expected))
                    p { (text(&deadline_time(&snapshot.report, zone(instance), deadline))) " " (basis(deadline.basis)) }
                }
            }
        }
    }
}

/// What people were told and is still so, the worst first; behind them what ended.
pub(super) fn alerts(snapshot: &Snapshot) -> Markup {
    let mut raised: Vec<&Alert> = snapshot.alerts.iter().collect();
    raised.sort_by_key(|alert| Reverse(alert.severity));
    let ended: Vec<&Alert> =
        snapshot.told.iter().filter(|alert| alert.state == AlertState::Resolved).collect();
    html! {
        h2 { (title("alerts")) " " span.count { (raised.len()) } }
        @if raised.is_empty() { p.note { "None." } }
        @for alert in raised.iter().take(CARDS_MAX) { (raised_alert(snapshot, alert)) }
        (more(raised.len(), CARDS_MAX))
        @if !ended.is_empty() {
            details.lines data-key="ended" {
                summary { (ended.len()) " resolved" }
                ul.ended {
                    @for alert in ended.iter().take(CARDS_MAX) {
                        li { (time(snapshot, alert.noticed_at(), "")) ": " strong { (text(&alert.title)) } " " (text(&alert.says)) }
                    }
                }
            }
        }
    }
}

fn raised_alert(snapshot: &Snapshot, alert: &Alert) -> Markup {
    html! {
        article class={ "alert " (color(alert.severity)) } {
            p.top {
                (severity_tag(alert.severity)) " " strong { (text(&alert.title)) }
                @if alert.test { " " span.tag.plain { "test" } }
                @if alert.replayed { " " span.tag.plain { "replay" } }
            }
            p.system {
                (text(alert.node.as_deref().or(alert.product_instance.as_deref()).unwrap_or("The watch itself")))
                // A deadline is ahead: it has no beginning.
                @if let Some(Time(since)) = alert.since { " · since " (shared_zone(&snapshot.report).show(since)) }
                " " (basis(alert.basis))
                " · " span.id { (text(&alert.rule)) }
            }
            @if !alert.says.is_empty() { p { (text(&alert.says)) } }
            @if !alert.remedy.is_empty() { p.do { strong { "What to do: " } (text(&alert.remedy)) } }
            @if let Some(deadline) = &alert.deadline {
                div.due {
                    p { (text(&deadline_kind(&deadline.kind))) ": " (time(snapshot, Some(deadline.expected), "")) }
                    (countdown(deadline.expected))
                }
            }
            @if !alert.evidence.is_empty() { (lines(&snapshot.report, &alert.evidence)) }
        }
    }
}

/// The last events, the newest first. Those without a time come behind: nothing says when they were.
pub(super) fn last_events(snapshot: &Snapshot) -> impl Iterator<Item = &Event> {
    let events = &snapshot.report.events;
    let dated = events.iter().rev().filter(|event| event.at.is_some());
    dated.chain(events.iter().rev().filter(|event| event.at.is_none()))
}

/// The first line of a message; the lines behind it hold the rest.
pub(super) fn first_line(message: &str) -> Cow<'_, str> {
    match message.split_once(['\n', '\r']) {
        None => message.into(),
        Some((first, _)) => format!("{first} ...").into(),
    }
}

pub(super) fn events(snapshot: &Snapshot) -> Markup {
    let zone = shared_zone(&snapshot.report);
    let rows = last_events(snapshot).take(EVENTS_MAX).map(|event| {
        vec![
            html! { (event.at.map_or("not known".to_owned(), |Time(at)| zone.show(at))) },
            html! { (event.node.as_deref().map_or("–".to_owned(), shown)) },
            html! { (shown(&event.kind.replace('_', " "))) },
            text(&first_line(&event.text)),
            lines(&snapshot.report, &event.witnesses),
        ]
    });
    let rows: Vec<_> = rows.collect();
    html! {
        h2 { (title("events")) }
        @if rows.is_empty() { p.note { "None." } }
        @else {
            (table("Newest first", &["when", "node", "what", "message", "lines"], rows, snapshot.report.events.len()))
        }
    }
}

/// Checks that failed and count, the worst first.
pub(super) fn failed(snapshot: &Snapshot) -> Vec<&Check> {
    let counts = |check: &&Check| check.outcome == CheckOutcome::Fail && check.suppressed.is_none();
    let mut failed: Vec<&Check> = snapshot.report.checks.iter().filter(counts).collect();
    failed.sort_by_key(|check| Reverse(check.severity));
    failed
}

pub(super) fn checks(snapshot: &Snapshot) -> Markup {
    let failed = failed(snapshot);
    let several = snapshot.report.product_instances.len() > 1;
    html! {
        h2 { (title("checks")) " " span.count { (failed.len()) } }
        @if failed.is_empty() { p.note { "None." } }
        @for check in failed.iter().take(CARDS_MAX) {
            details.check data-key=(shown(&format!("{} {}", check.id, check.product_instance.as_deref().unwrap_or_default()))) {
                summary {
                    @if let Some(severity) = check.severity { (severity_tag(severity)) }
                    span.says { (text(&check.says)) }
                    span.id { (text(&check.id)) }
                }
                div.body {
                    @if let Some(id) = check.product_instance.as_deref().filter(|_| several) { p.system { (text(id)) } }
                    @if let Some(remedy) = &check.remedy { p.do { strong { "What to do: " } (text(remedy)) } }
                    @if !check.evidence.is_empty() { (lines(&snapshot.report, &check.evidence)) }
                    p.note { (text(&check.source)) }
                }
            }
        }
        (more(failed.len(), CARDS_MAX))
    }
}

/// A count that is bad unless it is zero.
fn bad_count(n: u64) -> Markup {
    html! { @if n == 0 { "0" } @else { strong.worse { (grouped(n)) } } }
}

/// A number that a person can read: `1 234 567`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            // Narrow, and not broken at the end of a line.
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes in a unit that fits.
pub(super) fn bytes(n: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.iter().find(|(size, _)| n >= *size) {
        None => format!("{n} B"),
        Some((size, unit)) => {
            let tenths = u128::from(n) * 10 / u128::from(*size);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
    }
}

/// Sources, those in trouble first, then by name.
pub(super) fn by_need(snapshot: &Snapshot) -> Vec<&SourceStatus> {
    let mut all: Vec<&SourceStatus> = snapshot.sources.iter().collect();
    all.sort_by(|a, b| (a.trouble.is_none(), &a.name).cmp(&(b.trouble.is_none(), &b.name)));
    all
}

pub(super) fn sources(snapshot: &Snapshot) -> Markup {
    let heads = [
        "source",
        "nodes",
        "last bytes",
        "last record",
        "read",
        "records",
        "events",
        "unread",
        "missing",
        "over limit",
        "behind",
    ];
    let rows = by_need(snapshot).into_iter().take(ROWS_MAX).map(|source| {
        let nodes: Vec<&str> = source.nodes.iter().take(5).map(String::as_str).collect();
        vec![
            html! {
                (text(&source.name))
                @if let Some(says) = &source.trouble { p.trouble { (text(says)) } }
            },
            html! { (shown(&nodes.join(", "))) @if source.nodes.len() > 5 { " …" } @if nodes.is_empty() { "–" } },
            html! { (time(snapshot, source.last_bytes, "never")) },
            html! { (time(snapshot, source.last_record, "–")) },
            html! { (bytes(source.bytes)) },
            html! { (grouped(source.records)) },
            html! { (grouped(source.events)) },
            html! { (grouped(source.unread_lines)) },
            bad_count(source.missing),
            bad_count(source.over_limit),
            html! { (source.behind_bytes.map_or("–".to_owned(), bytes)) },
        ]
    });
    let rows: Vec<_> = rows.collect();
    html! {
        h2 { (title("sources")) " " span.count { (snapshot.sources.len()) } }
        @if rows.is_empty() { p.note { "None yet." } }
        @else { (table("Files and senders", &heads, rows, snapshot.sources.len())) }
    }
}

pub(super) fn sockets(snapshot: &Snapshot) -> Markup {
    let heads =
        ["socket", "messages", "read", "dropped by the kernel", "kernel's buffer", "connections", "refused"];
    let rows = snapshot.listening.sockets.iter().take(ROWS_MAX).map(|(name, socket)| {
        vec![
            text(name),
            html! { (grouped(socket.messages)) },
            html! { (bytes(socket.bytes)) },
            html! { @match socket.kernel_drops { Some(n) => (bad_count(n)), None => "not known" } },
            html! { (socket.receive_buffer.map_or("not known".to_owned(), bytes)) },
            html! { (grouped(socket.connections)) },
            html! {
                @if socket.refused.is_empty() { "0" }
                @for (reason, n) in &socket.refused { div { (grouped(*n)) " " (text(reason)) } }
            },
        ]
    });
    let rows: Vec<_> = rows.collect();
    html! {
        @if !rows.is_empty() {
            h2 { (title("sockets")) }
            (table("Where messages arrive", &heads, rows, snapshot.listening.sockets.len()))
        }
    }
}

pub(super) fn sinks(snapshot: &Snapshot) -> Markup {
    let heads = ["sink", "kind", "delivered", "failed attempts", "given up", "waiting"];
    let rows = snapshot.sinks.iter().take(ROWS_MAX).map(|sink| {
        vec![
            html! { (text(&sink.name)) @if let Some(says) = &sink.trouble { p.trouble { (text(says)) } } },
            text(&sink.kind),
            html! { (grouped(sink.delivered)) },
            bad_count(sink.failed),
            bad_count(sink.dead),
            html! { (grouped(sink.waiting)) },
        ]
    });
    let rows: Vec<_> = rows.collect();
    html! {
        h2 { (title("sinks")) }
        @if rows.is_empty() { p.note { "Nowhere: no sink is configured." } }
        @else { (table("Sinks", &heads, rows, snapshot.sinks.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_bytes_have_a_unit() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "17179869183.9 GiB");
    }
}
