//! The live page: complete without scripts, kept up to date with them.
//!
//! The same parts that the page holds at first come again with every snapshot, drawn here; the script puts those that
//! changed in their places. The look is that of the report page.
//!
//! Source: HTML Living Standard; Content Security Policy Level 3, section 2.3.1 (hashes).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use parsers::stamp::Instant;
use reports::words::{shared_zone, text};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::parts;
use crate::status::Snapshot;

static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{}{}", reports::words::LOOK, include_str!("live.css")));
const SCRIPT: &str = include_str!("live.js");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; connect-src 'self'; style-src {}; script-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(&STYLE),
        hash(SCRIPT)
    )
});

/// A part of the page: where it stands, what it is called, how it is drawn.
struct Part {
    id: &'static str,
    title: &'static str,
    draw: fn(&Snapshot) -> Markup,
}

/// All parts in the order in which they stand.
const PARTS: [Part; 9] = [
    Part { id: "asof", title: "", draw: as_of },
    Part { id: "troubles", title: "", draw: parts::troubles },
    Part { id: "now", title: "", draw: parts::now },
    Part { id: "alerts", title: "Alerts", draw: parts::alerts },
    Part { id: "events", title: "Last events", draw: parts::events },
    Part { id: "checks", title: "Failed checks", draw: parts::checks },
    Part { id: "sources", title: "Sources", draw: parts::sources },
    Part { id: "sockets", title: "Sockets", draw: parts::sockets },
    Part { id: "sinks", title: "Where alerts go", draw: parts::sinks },
];

/// The policy of the page, as a header: it loads nothing, runs its one script and hears its own stream.
#[must_use]
pub fn policy() -> &'static str {
    &POLICY
}

/// The whole page.
#[must_use]
pub fn page(snapshot: &Snapshot) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "UCCX license watch" }
                style { (PreEscaped(STYLE.as_str())) }
            }
            body data-at=(snapshot.at.text()) {
                a.skip href="#now" { "Skip to the state now" }
                (head(snapshot))
                main.wide {
                    noscript { p.banner.warn { "Scripts are off: this page stands still. Load it again to see what is new." } }
                    @for part in &PARTS[..] {
                        @if part.id != "asof" { (section(part, snapshot)) }
                    }
                }
                footer.wide {
                    p {
                        "Written by " (text(&snapshot.report.tool.name)) " " (text(&snapshot.report.tool.version))
                        ". The whole report: " a href="/report.html" { "page" } ", " a href="/report.json" { "JSON" }
                        ". For monitors: " a href="/metrics" { "metrics" } ", " a href="/healthz" { "health" } "."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn head(snapshot: &Snapshot) -> Markup {
    html! {
        header.top {
            div.wide {
                p.brand { "UCCX license watch" }
                p #link .tag.plain role="status" hidden { }
                p.asof #asof { (as_of(snapshot)) }
                nav aria-label="Sections" {
                    ul {
                        li { a href="#now" { "Now" } }
                        @for part in PARTS.iter().filter(|part| !part.title.is_empty() && part.id != "sockets") {
                            li { a href={ "#" (part.id) } { (part.title) } }
                        }
                        li { a href="/report.html" { "Report" } }
                    }
                }
            }
            // In the head, so that it is in sight wherever the reader is.
            p #old .banner.bad role="status" hidden { }
        }
    }
}

fn section(part: &Part, snapshot: &Snapshot) -> Markup {
    // Only alerts are read aloud when they change: a page that speaks all the time is switched off.
    let live = if part.id == "alerts" { "polite" } else { "off" };
    html! {
        section id=(part.id) aria-live=(live) aria-label=[part.title.is_empty().then_some("State")] {
            ((part.draw)(snapshot))
        }
    }
}

fn as_of(snapshot: &Snapshot) -> Markup {
    html! {
        @if snapshot.replay { strong.replay { "Replay" } " " }
        "as of " strong {
            // A replay of lines without a date has no time to show.
            @if snapshot.replay && snapshot.at.0 == Instant::default() {
                "a time that is not known"
            } @else {
                (shared_zone(&snapshot.report).show(snapshot.at.0))
            }
        }
    }
}

/// One event of the stream: number, time and parts, as JSON on one line.
#[must_use]
pub fn event(snapshot: &Snapshot) -> String {
    let parts: Map<String, Value> =
        PARTS.iter().map(|part| (part.id.to_owned(), (part.draw)(snapshot).into_string().into())).collect();
    json!({ "number": snapshot.number, "at": snapshot.at.text(), "parts": parts }).to_string()
}

/// The heading of a part, for those that draw it.
pub(super) fn title(id: &str) -> &'static str {
    PARTS.iter().find(|part| part.id == id).map_or("", |part| part.title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{hostile, kitchen_sink};

    #[test]
    fn the_page_is_complete_without_scripts() {
        let page = page(&kitchen_sink(1));
        for needle in [
            "OUT OF COMPLIANCE",
            "as of <strong>",
            "Out of Compliance since 05:30 UTC",
            "Buy what is lacking.",
            "udp 192.0.2.10",
            "udp://0.0.0.0:514",
            "webhook",
            "data-until=",
            "the store is full",
            "href=\"/report.html\"",
        ] {
            assert!(page.contains(needle), "{needle}");
        }
        assert_eq!(page.matches("<script>").count(), 1);
    }

    #[test]
    fn nothing_that_the_logs_say_becomes_markup() {
        let page = page(&hostile());
        let event = event(&hostile());
        assert!(page.contains("&lt;img src=x"), "the text is shown");
        for needle in ["<img", "<script>alert", "onerror=alert(1)>", "\u{202e}", "\u{1b}"] {
            assert!(!page.contains(needle), "{needle:?}");
            assert!(!event.contains(needle), "{needle:?}");
        }
        assert!(!event.contains('\n'), "one event of the stream is one line");
    }

    #[test]
    fn an_event_of_the_stream_holds_every_part_of_the_page() {
        let event: Value = serde_json::from_str(&event(&kitchen_sink(7))).unwrap();
        assert_eq!(event["number"], 7);
        let page = page(&kitchen_sink(7));
        for part in &PARTS {
            let text = event["parts"][part.id].as_str().unwrap();
            assert!(page.contains(text), "{}", part.id);
        }
    }

    #[test]
    fn the_policy_names_the_style_and_the_script_of_the_page() {
        let page = page(&kitchen_sink(1));
        let between = |open: &str, close: &str| {
            let (_, rest) = page.split_once(open).unwrap();
            rest.split_once(close).unwrap().0.to_owned()
        };
        for text in [between("<style>", "</style>"), between("<script>", "</script>")] {
            assert!(policy().contains(&STANDARD.encode(Sha256::digest(text))));
        }
        assert!(!page.contains(" style=") && !page.contains(" onclick="));
    }
}
