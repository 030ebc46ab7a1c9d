//! The shell of a page: policy, style, scripts. Nothing from the input is written here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

/// The style of the pages without that of the charts: colours, cards, tables, marks.
pub const LOOK: &str = include_str!("page.css");

const STYLE: &str = concat!(include_str!("../../../vendor/uplot/uPlot.min.css"), include_str!("page.css"));
const SCRIPT: &str = concat!(
    include_str!("../../../vendor/uplot/uPlot.iife.min.js"),
    "\n",
    include_str!("page.js"),
    "\n",
    include_str!("charts.js")
);

/// Whether a page has charts and tables that scripts draw.
pub(crate) enum Scripts<'a> {
    /// Data for them, as JSON in which no `<` stands.
    With(&'a str),
    /// Nothing to draw.
    Without,
}

/// The whole document. It may load nothing at all: the policy names the hashes of the only style and the only script.
pub(crate) fn page(title: &str, body: &Markup, scripts: Scripts<'_>) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let (data, script) = match scripts {
        Scripts::With(data) => (Some(data), hash(SCRIPT)),
        Scripts::Without => (None, "'none'".to_owned()),
    };
    let policy = format!(
        "default-src 'none'; script-src {script}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                @if let Some(data) = data {
                    script #data type="application/json" { (PreEscaped(data)) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    };
    page.into_string() + "\n"
}
