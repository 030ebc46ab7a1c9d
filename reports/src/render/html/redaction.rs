//! What redaction did.

use maud::{Markup, html};

use super::ROWS_MAX;
use super::parts::{table, text};
use crate::report::Report;

/// The section; nothing where the report is not redacted.
pub(super) fn section(report: &Report) -> Markup {
    let Some(redaction) = &report.redaction else { return html! {} };
    let rules = redaction.rules.iter().filter(|rule| rule.replacements > 0);
    let rules =
        rules.map(|rule| vec![text(&rule.rule), html! { (rule.values) }, html! { (rule.replacements) }]);
    let rules: Vec<_> = rules.collect();
    let n_rules = rules.len();
    let names = redaction.replaced.iter().take(ROWS_MAX).map(|it| {
        let more = if it.more_places > 0 { format!(" and {} more", it.more_places) } else { String::new() };
        vec![
            text(&it.pseudonym),
            text(&it.rule),
            html! { (it.count) },
            html! { (text(&it.places.join(", "))) (more) },
        ]
    });
    html! {
        section #redacted {
            h2 { "Redacted" }
            p {
                "Names are replaced by pseudonyms, the same name by the same one. Hashes are keyed: only who holds the map "
                "can verify them."
            }
            (table("Rules", &["rule", "different values", "replaced"], rules, n_rules))
            (table("Pseudonyms", &["pseudonym", "rule", "times", "where"], names.collect(), redaction.replaced.len()))
            @for (title, sentences) in [("Kept on purpose", &redaction.kept), ("Not covered", &redaction.not_covered)] {
                @if !sentences.is_empty() {
                    h3 { (title) }
                    ul { @for sentence in sentences { li { (text(sentence)) } } }
                }
            }
        }
    }
}
