//! The whole report as one page: no request leaves it, it reads without scripts, on a phone and on paper.
//!
//! What a reader must know first stands in the markup; charts, filter and the long table of events are drawn by
//! `html/page.js` from the data that [`data`] puts beside it. Both come from the [`Report`] alone.
//!
//! Charts are drawn by uPlot 1.6.32 (MIT, `reports/vendor/uplot/`): 50 KB without dependencies, made for series of
//! time, it draws a hundred thousand points on a canvas in milliseconds, and its selection of a stretch of time is
//! the brush that the page needs.
//!
//! Source: HTML Living Standard; Content Security Policy Level 3, section 2.3.1 (hashes).

mod checks;
mod data;
mod events;
mod input;
mod now;
mod page;
mod parts;
mod redaction;
mod usage;

use std::fmt;

use maud::{Markup, html};

use super::Options;
use crate::report::Report;
use crate::show::words::{shared_zone, stale};
use crate::time::Time;

pub use self::data::figures;
pub(crate) use self::page::{Scripts, page};
pub(crate) use self::parts::shown;
use self::parts::text;

/// What pages outside this crate are made of too; `crate::words` gives it to them.
pub(crate) mod pieces {
    pub use super::now::mood;
    pub use super::page::LOOK;
    pub use super::parts::{basis, lines, mark, shown, table, text};
}

/// Most rows of a table that stands in the markup; the JSON report holds all.
const ROWS_MAX: usize = 200;

/// Sections that the page links to: the anchor and the name.
const SECTIONS: [(&str, &str); 7] = [
    ("now", "Now"),
    ("timeline", "Timeline"),
    ("usage", "Usage"),
    ("checks", "Checklist"),
    ("events", "Events"),
    ("read", "What was read"),
    ("times", "How times were found"),
];

pub(super) fn render(report: &Report, out: &mut dyn fmt::Write, _: &Options) -> fmt::Result {
    out.write_str(&page("UCCX license report", &body(report), Scripts::With(&data::json(report))))
}

fn body(report: &Report) -> Markup {
    let has_usage = report.product_instances.iter().any(usage::is_known);
    html! {
        a.skip href="#now" { "Skip to the state now" }
        header.top {
            div.wide {
                p.brand { "UCCX license report" }
                @match report.as_of {
                    Some(Time(at)) => p.asof { "as of " strong { (shared_zone(report).show(at)) } },
                    None => p.asof { "at a time that is not known" },
                }
                nav aria-label="Sections" {
                    ul {
                        @for (id, name) in SECTIONS.iter().filter(|(id, _)| *id != "usage" || has_usage) {
                            li { a href={ "#" (id) } { (name) } }
                        }
                    }
                }
            }
        }
        main.wide {
            (warnings(report))
            section #now aria-label="State now" {
                @if report.product_instances.is_empty() {
                    p.banner.warn { "No license line of a UCCX system was found in the input." }
                }
                @for instance in &report.product_instances { (now::card(report, instance)) }
            }
            (events::window())
            (now::timeline(report))
            @if has_usage { (usage::section(report)) }
            (checks::section(report))
            (events::section(report))
            (input::read(report))
            (input::times(report))
            (redaction::section(report))
        }
        footer.wide {
            p {
                "Written by " (text(&report.tool.name)) " " (text(&report.tool.version))
                ". Marks: " (parts::mark("stated")) " a line says it; " (parts::mark("derived"))
                " calculated from a line by a rule that Cisco documents; " (parts::mark("inferred"))
                " concluded, no line says it; " (parts::mark("given")) " said by the user."
            }
        }
    }
}

/// What makes everything below less sure, before anything else.
fn warnings(report: &Report) -> Markup {
    html! {
        @if !report.input.incomplete.is_empty() {
            div.banner.bad role="note" {
                p { strong { "Incomplete input." } " Lines are missing, so what follows may be too:" }
                ul { @for sentence in &report.input.incomplete { li { (text(sentence)) } } }
            }
        }
        @if let Some(stale) = stale(report) {
            p.banner.warn role="note" { strong { "Old logs. " } (text(&stale)) }
        }
    }
}

#[cfg(test)]
mod tests;
