//! Usage against what was purchased: the chart, and every number in tables.

use maud::{Markup, html};

use super::ROWS_MAX;
use super::parts::{basis, lines, shown, table, text};
use crate::report::{EntitlementUse, ProductInstance, Regime, Replay, Report, Usage};
use crate::show::usage::{
    at_the_end, capital, clock, compared, extent, forecast, method, one_reading, peak, rule, state_then,
    to_buy, verdict,
};
use crate::show::words::zone;

/// Most changes of one rule's path; the newest say most about now.
const PATH_MAX: usize = 50;

/// True if the section has anything to say about an instance.
pub(super) fn is_known(instance: &ProductInstance) -> bool {
    instance.usage.is_some()
        || !instance.readings.is_empty()
        || !instance.entitlements_stated.is_empty()
        || instance.license_type.is_some()
}

pub(super) fn section(report: &Report) -> Markup {
    html! {
        section #usage {
            h2 { "Usage" }
            @for (at, instance) in report.product_instances.iter().enumerate().filter(|(_, it)| is_known(it)) {
                @if report.product_instances.len() > 1 { h3 { (text(&instance.id)) } }
                @if let Some(usage) = &instance.usage { (of(report, at, instance, usage)) }
                (stated(report, instance))
            }
        }
    }
}

fn of(report: &Report, at: usize, instance: &ProductInstance, usage: &Usage) -> Markup {
    let zone = zone(instance);
    html! {
        p { (text(&extent(usage, zone))) "." @if let Some(clock) = clock(usage) { " Clock: " (text(&clock)) "." } }
        @if usage.views.iter().any(|view| !view.at.is_empty()) { (chart(at, usage)) }
        (entitlements(report, instance, usage))
        (purchases(report, instance, usage))
        @if instance.release.regime == Regime::Unknown && !usage.replays.is_empty() {
            p.note { "The release is not known: every rule that may hold is replayed, and none is chosen." }
        }
        @for replay in &usage.replays { (replayed(report, instance, replay)) }
        @if !usage.forecasts.is_empty() {
            h3 { "Forecast" }
            ul {
                @for of in usage.forecasts.iter().take(ROWS_MAX) {
                    li {
                        (text(&forecast(of, report, zone)))
                        @let how = method(of);
                        @if !how.is_empty() { p.note { (text(&how)) } }
                    }
                }
            }
        }
    }
}

fn chart(at: usize, usage: &Usage) -> Markup {
    html! {
        div.chart data-chart="usage" data-instance=(at) hidden {
            div.tools {
                @if usage.entitlements.len() > 1 {
                    label {
                        "Entitlement "
                        select data-entitlement {
                            @for (at, of) in usage.entitlements.iter().enumerate() {
                                option value=(at) selected[at == tightest(usage)] { (shown(&of.entitlement)) }
                            }
                        }
                    }
                }
                fieldset {
                    legend { "Reports every" }
                    @for (at, view) in usage.views.iter().enumerate() {
                        label {
                            input type="radio" data-view=(at) checked[at == 0];
                            @if view.interval_s % 3600 == 0 { " " (view.interval_s / 3600) " hours" }
                            @else { " " (view.interval_s / 60) " minutes" }
                        }
                    }
                }
            }
            div.plot role="img" aria-label="Usage against purchased over time; the tables below say the same" { }
            ul.legend aria-label="How the chart is drawn" {
                li { span.key.used { } "in use" }
                li { span.key.bought { } "purchased: dashed" }
                li { span.key.held { } "locked: dotted" }
                li { span.key.over { } "overage" }
                li { span.key.ooc { } "Out of Compliance" }
                @for view in usage.views.iter().filter(|view| view.rows_before > 0) {
                    li { (view.rows_before) " older reports of " (view.interval_s / 60) " minutes are in the table usage (-o usage.csv)" }
                }
            }
        }
    }
}

/// The entitlement to show first: the one whose peak comes nearest to what was purchased, or goes beyond it most.
fn tightest(usage: &Usage) -> usize {
    let share = |of: &EntitlementUse| {
        let purchased = u64::from(of.purchased?).max(1);
        Some(u64::from(of.peak?) * 1_000 / purchased)
    };
    let shares = usage.entitlements.iter().enumerate().map(|(at, of)| (share(of), std::cmp::Reverse(at)));
    shares.max().map_or(0, |(_, std::cmp::Reverse(at))| at)
}

fn count(of: Option<u32>) -> Markup {
    html! { (of.map_or("–".to_owned(), |count| count.to_string())) }
}

fn entitlements(report: &Report, instance: &ProductInstance, usage: &Usage) -> Markup {
    let rows = usage.entitlements.iter().take(ROWS_MAX).map(|of| {
        vec![
            text(&of.entitlement),
            html! { (count(of.purchased)) " " @if let Some(how) = of.purchased_basis { (basis(how)) } },
            text(peak(of, zone(instance)).unwrap_or_default().trim_start_matches("peak ")),
            count(of.last),
            count(of.locked),
            text(&to_buy(of).unwrap_or_else(|| "–".to_owned())),
            lines(report, &of.evidence),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["entitlement", "purchased", "peak", "last report", "locked", "to buy", "lines"];
    html! { @if !rows.is_empty() { (table("Entitlements", &heads, rows, usage.entitlements.len())) } }
}

fn purchases(report: &Report, instance: &ProductInstance, usage: &Usage) -> Markup {
    let zone = zone(instance);
    let rows = usage.purchases.iter().take(ROWS_MAX).map(|it| {
        vec![
            text(&it.entitlement),
            html! { (it.count) },
            html! { (it.since.map_or("–".to_owned(), |at| zone.show(at.0))) },
            basis(it.basis),
            lines(report, &it.evidence),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["entitlement", "purchased", "since", "basis", "lines"];
    html! { @if !rows.is_empty() { (table("Purchases", &heads, rows, usage.purchases.len())) } }
}

fn replayed(report: &Report, instance: &ProductInstance, replay: &Replay) -> Markup {
    let zone = zone(instance);
    let skipped = replay.path.len().saturating_sub(PATH_MAX);
    let rows = replay.path.iter().skip(skipped).map(|change| {
        vec![
            text(&state_then(&change.state)),
            html! { (zone.show(change.expected.0)) },
            html! { (zone.show(change.earliest.0)) },
            html! { (zone.show(change.latest.0)) },
            html! { @if change.determined { "yes" } @else { "no, a report is missing" } },
            lines(report, &change.evidence),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let title = format!("{} rules, {}", replay.regime.name(), rule(replay));
    html! {
        h3 { "By the rule: " (text(&title)) ": " (text(&verdict(replay))) }
        ul {
            @for pair in replay.compared.iter().take(PATH_MAX) {
                li { "Out of Compliance " (text(&compared(pair, zone))) " " (lines(report, &pair.evidence)) }
            }
            @if let Some(end) = at_the_end(replay, zone, true) { li { (text(&capital(&end))) } }
        }
        @if !rows.is_empty() {
            (table(
                &format!("States by the rule: {}", rule(replay)),
                &["state", "from", "not before", "not after", "decided", "lines"],
                rows,
                replay.path.len(),
            ))
        }
    }
}

/// What outputs state, and which reading the countdowns fit.
fn stated(report: &Report, instance: &ProductInstance) -> Markup {
    let zone = zone(instance);
    html! {
        ul {
            @for fit in instance.readings.iter().take(ROWS_MAX) {
                li { "Countdown " (text(&one_reading(fit, zone))) " " (lines(report, &fit.evidence)) }
            }
            @for said in instance.entitlements_stated.iter().take(ROWS_MAX) {
                li {
                    (text(&said.name)) ": "
                    (said.count.map_or("no count".to_owned(), |count| format!("{count} reported")))
                    @if let Some(status) = &said.status { ", " (text(status)) }
                    " " (lines(report, &said.evidence))
                }
            }
            @if let Some(found) = &instance.license_type {
                li { "License type " (text(&found.name)) " " (lines(report, &found.evidence)) }
            }
        }
    }
}
