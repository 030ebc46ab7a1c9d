//! What a page holds, and what it cannot be made to hold.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::assemble;
use crate::escape::is_hidden;
use crate::testing::{hostile, out_of_compliance, scenario, tool};

fn page_of(report: &Report) -> String {
    let mut out = String::new();
    render(report, &mut out, &Options::default()).unwrap();
    out
}

fn ooc() -> Report {
    let (facts, tables) = out_of_compliance();
    assemble(&facts, &tables, tool())
}

/// What stands between two marks, from the first of them.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap().1;
    rest.split_once(to).unwrap().0
}

#[test]
fn the_policy_allows_the_pages_own_script_and_style_and_nothing_else() {
    let page = page_of(&ooc());
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let style = between(&page, "<style>", "</style>");
    let script = between(&page, "</script><script>", "</script>");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
            hash(script),
            hash(style)
        )
    );
    for loads in
        [" src=", "<link", "@import", "url(", " style=", "<iframe", "<img", " onclick=", "fetch(", "XMLHttp"]
    {
        let own = page.replace(script, "");
        assert!(!own.contains(loads), "{loads}");
    }
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains("href=\"http"));
}

#[test]
fn json_holds_everything_that_the_page_shows() {
    let (facts, tables) = scenario();
    for report in [ooc(), hostile(), assemble(&facts, &tables, tool())] {
        let mut json = Vec::new();
        crate::render::to_writer(&report, &mut json).unwrap();
        let back: Report = serde_json::from_slice(&json).unwrap();
        assert!(page_of(&back) == page_of(&report), "a page of the JSON report differs");
    }
}

#[test]
fn the_first_thing_said_is_the_state_then_the_deadline_the_reason_and_the_way_out() {
    let page = page_of(&ooc());
    let mut rest = page.as_str();
    for part in [
        "✖</span> OUT OF COMPLIANCE</h1>",
        "since 2026-04-02 11:00:05 +05:30 (22 h) [stated]",
        "Next deadline",
        "2026-07-01 11:00:05 +05:30 (in 89 d 2 h)",
        "Why",
        "SYSTEM_IN_OOC_STATE",
        "What to do",
        "id=\"timeline\"",
        "id=\"checks\"",
        "id=\"events\"",
        "id=\"read\"",
        "id=\"times\"",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} is not where it should be")).1;
    }
}

#[test]
fn nothing_in_the_input_becomes_markup_or_hides() {
    let page = page_of(&hostile());
    assert!(page.len() < 3_000_000, "{}", page.len());
    assert!(!page.contains(|c| c != '\n' && is_hidden(c)));
    let data = between(&page, "type=\"application/json\">", "</script>");
    assert!(!data.contains('<'));
    serde_json::from_str::<serde_json::Value>(data).unwrap();
    let body = between(&page, "<body>", "<script id=\"data\"");
    let tags = regex::Regex::new(r#"<(/?[a-zA-Z0-9]+)((?:\s+[a-z-]+(?:="[^"<]*")?)*)\s*/?>"#).unwrap();
    let names = regex::Regex::new(r#"\s([a-z-]+)(?:="([^"]*)")?"#).unwrap();
    let mut seen = BTreeSet::new();
    let mut found = 0;
    for tag in tags.captures_iter(body) {
        found += 1;
        seen.insert(tag[1].trim_start_matches('/').to_owned());
        for attribute in names.captures_iter(&tag[2]) {
            assert!(
                !attribute[1].starts_with("on") && &attribute[1] != "style" && &attribute[1] != "src",
                "{tag:?}"
            );
            if &attribute[1] == "href" {
                assert!(attribute[2].starts_with('#'), "{tag:?}");
            }
        }
    }
    // Every `<` of the body opens a tag that was looked at.
    assert_eq!(body.matches('<').count(), found);
    let known = "a article blockquote button caption code dd details div dl dt fieldset figcaption figure footer form h1 h2 \
                 h3 header input label legend li main nav ol option output p pre section select span strong summary table \
                 tbody td th thead tr ul";
    let known: BTreeSet<String> = known.split_whitespace().map(str::to_owned).collect();
    assert!(seen.is_subset(&known), "{:?}", seen.difference(&known).collect::<Vec<_>>());
}

#[test]
fn ids_are_unique_and_every_link_has_its_target() {
    let (facts, tables) = scenario();
    let ids = regex::Regex::new(r#" id="([^"]*)""#).unwrap();
    let links = regex::Regex::new(r##" href="#([^"]*)""##).unwrap();
    for report in [ooc(), hostile(), assemble(&facts, &tables, tool())] {
        let page = page_of(&report);
        let body = between(&page, "<body>", "<script id=\"data\"");
        let all: Vec<&str> = ids.captures_iter(body).map(|it| it.get(1).unwrap().as_str()).collect();
        let once: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), once.len(), "{all:?}");
        for link in links.captures_iter(body) {
            assert!(once.contains(&link[1]), "{}", &link[1]);
        }
    }
}

#[test]
fn every_table_has_a_caption_and_heads_that_say_what_they_head() {
    let page = page_of(&ooc());
    let tables = page.matches("<table>").count();
    assert!(tables > 5 && page.matches("<caption>").count() == tables);
    assert!(!page.contains("<th>"));
}
