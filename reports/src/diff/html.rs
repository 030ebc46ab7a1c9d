//! What changed, as the body of a page: tables with captions and heads, nothing that runs and nothing that is styled in
//! place. A class names how a row is meant: `worse`, `unsure`, `neutral` or `better`; the words say it too.
//!
//! Source: HTML Living Standard, 4.9 Tabular data (`caption`, `th` and its `scope`).

use maud::{Markup, html};

use crate::render::shown;

use super::document::{Diff, Presence};
use super::tables::{Table, sides, tables};
use super::words::{UNCHANGED, headline, title, unchanged_checks, zone_of_all};

/// The body of the page: what stands inside `main`.
pub(crate) fn body(document: &Diff) -> Markup {
    html! {
        h1 { "What changed in the UCCX license" }
        p class=(if document.changed { "headline changed" } else { "headline" }) { (shown(&headline(document))) }
        @if !document.warnings.is_empty() {
            ul class="warnings" {
                @for warning in &document.warnings { li { (shown(warning)) } }
            }
        }
        (table(&sides(document, zone_of_all(document))))
        @for instance in &document.instances {
            section {
                h2 { (shown(&title(instance))) }
                @if !instance.changed { p { (UNCHANGED) } }
                @for it in tables(document, instance) { (table(&it)) }
                @if instance.presence == Presence::Both {
                    p class="unchanged" { "Unchanged: " (unchanged_checks(instance)) "." }
                }
            }
        }
        p class="tool" { "By " (shown(&document.tool.name)) " " (shown(&document.tool.version)) "." }
    }
}

fn table(of: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(of.caption) { table {
            caption { (of.caption) }
            thead { tr { @for head in &of.heads { th scope="col" { (head) } } } }
            tbody {
                @for (mood, cells) in &of.rows {
                    tr class=(mood.name()) {
                        @for (i, cell) in cells.iter().enumerate() {
                            @if i == 0 { th scope="row" { (shown(cell)) } } @else { td { (shown(cell)) } }
                        }
                    }
                }
            }
        } }
        @if 0 < of.n_more { p class="more" { (of.n_more) " more in the JSON document." } }
    }
}
