//! The events: a table that the script draws where there are many, and a plain one for paper and without scripts.

use maud::{Markup, html};

use super::ROWS_MAX;
use super::parts::{lines, or_dash, shown, table, text};
use crate::report::{Event, Report};
use crate::show::words::{candidates, how_to_date, n, other_clocks, params, shared_zone};
use crate::time::{Time, Zone};

/// The stretch of time that charts and events show, set by dragging or by hand.
pub(super) fn window() -> Markup {
    html! {
        form.window #window hidden aria-label="Stretch of time that charts and events show" {
            span { "Showing " output #window-says { "all" } }
            label { "from " input #window-from type="text" autocomplete="off" spellcheck="false" placeholder="2026-04-02 10:00"; }
            label { "to " input #window-to type="text" autocomplete="off" spellcheck="false" placeholder="2026-04-02 12:00"; }
            button type="submit" { "Show" }
            button type="reset" { "All" }
        }
    }
}

/// When an event was, in words.
pub(super) fn when(event: &Event, zone: Zone) -> String {
    match (event.at, candidates(event, zone)) {
        (Some(Time(at)), _) => match other_clocks(event, zone).as_str() {
            "" => zone.show(at),
            others => format!("{}; {others}", zone.show(at)),
        },
        (None, several) if several.is_empty() => "not known".to_owned(),
        (None, several) => format!("one of: {several}"),
    }
}

pub(super) fn section(report: &Report) -> Markup {
    let zone = shared_zone(report);
    let undated: Vec<&Event> = report.events.iter().filter(|event| event.at.is_none()).collect();
    // On paper the newest say most; the undated ones stand behind them.
    let before = report.events.len().saturating_sub(ROWS_MAX);
    let rows = report.events.iter().skip(before).map(|event| {
        vec![
            html! { (shown(&when(event, zone))) },
            html! { (or_dash(event.node.as_deref())) },
            html! { (shown(&event.kind.replace('_', " "))) " (" (shown(&event.mnemonic)) ")" },
            text(&event.text),
            text(&params(event)),
            lines(report, &event.witnesses),
        ]
    });
    html! {
        section #events {
            h2 { "Events" }
            @if report.events.is_empty() { p { "None." } }
            @if !undated.is_empty() {
                p { (n(undated.len() as u64, "event")) " without a known time. " (text(&how_to_date(&undated))) }
            }
            @if !report.events.is_empty() {
                div.chart data-chart="density" hidden {
                    div.plot role="img" aria-label="Number of events over time; the table says the same" { }
                }
                div #grid hidden {
                    div.tools role="search" aria-label="Filter of the events" {
                        label { "Filter " input #filter type="search" autocomplete="off" spellcheck="false"; }
                        label { "Node " select #filter-node { option value="" { "all" } } }
                        label { "What " select #filter-kind { option value="" { "all" } } }
                        output #filter-says aria-live="polite" { }
                    }
                    div #rows tabindex="0" role="region" aria-label="Events" { }
                    div #event aria-live="polite" hidden { }
                }
                div.static {
                    @if before > 0 { p.note { "The newest of " (n(report.events.len() as u64, "event")) "." } }
                    (table(
                        "Events",
                        &["when", "node", "what", "message", "parameters", "lines"],
                        rows.collect(),
                        report.events.len(),
                    ))
                }
            }
        }
    }
}
