//! Small pieces of markup that all sections share.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use crate::escape::{SHOWN_MAX, cut, terminal};
use crate::report::{Basis, Evidence, Report};
use crate::show::words::cite;

/// Most lines that one claim shows; the others are counted.
const LINES_MAX: usize = 20;

/// Text from the input as a page may hold it: cut where it is long, hidden characters spelled out. What it is put
/// into escapes the rest.
pub fn shown(text: &str) -> String {
    terminal(&cut(text, SHOWN_MAX)).into_owned()
}

/// Text from the input as markup.
pub fn text(text: &str) -> Markup {
    html! { (shown(text)) }
}

/// How firmly a claim stands, in a word: a shape and a colour beside it say the same.
pub fn mark(basis: &str) -> Markup {
    html! { span class={ "mark " (basis) } { (basis) } }
}

/// [`mark`] of a basis.
pub fn basis(of: Basis) -> Markup {
    mark(of.name())
}

/// A table whose first column names the row. `caption` is read aloud and shown.
pub fn table(caption: &str, heads: &[&str], rows: Vec<Vec<Markup>>, n_all: usize) -> Markup {
    let left_out = n_all.saturating_sub(rows.len());
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, cell) in row.into_iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
        @if left_out > 0 { p.note { (left_out) " more in the JSON report." } }
    }
}

/// The lines behind a claim, folded.
pub fn lines(report: &Report, lines: &[Evidence]) -> Markup {
    if lines.is_empty() {
        return PreEscaped("–".to_owned());
    }
    let title = match lines {
        [only] => shown(&cite(report, only)),
        several => format!("{} lines", several.len()),
    };
    html! { details.lines { summary { (title) } (quotes(report, lines)) } }
}

/// The lines behind a claim, each with its place.
pub(super) fn quotes(report: &Report, lines: &[Evidence]) -> Markup {
    html! {
        @for line in lines.iter().take(LINES_MAX) {
            figure.line {
                figcaption { (shown(&cite(report, line))) }
                pre { code { (shown(&line.text)) } }
                p.hash { "bytes " (line.offset) " to " (line.offset.saturating_add(line.length)) ", SHA-256 " (line.sha256.text()) }
            }
        }
        @if lines.len() > LINES_MAX { p.note { (lines.len() - LINES_MAX) " more in the JSON report." } }
    }
}

/// A fallback for what is not known.
pub(super) fn or_dash(value: Option<&str>) -> Cow<'_, str> {
    value.map_or(Cow::Borrowed("–"), |text| Cow::Owned(shown(text)))
}
