//! The forms of the document: read back, in tables, and with text that tries to break out.

use super::*;
use crate::escape::is_hidden;
use crate::testing::{HOSTILE, hostile, without_code};

#[test]
fn the_document_is_read_back_and_described() {
    let document = check(|after| only(after).nodes.truncate(1), &[]);
    let json = shown(&document, "json", &Options::default());
    assert_eq!(serde_json::from_str::<Diff>(&json).unwrap(), document);
    assert!(render_diff(&document, "pdf", &mut String::new(), &Options::default()).is_none());
    let schema = diff_schema();
    assert_eq!(schema["$id"], "urn:uccxray:diff:1.1");
    assert_eq!(schema["properties"]["schema_version"]["const"], "1.1");
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        let Some(properties) = definition["properties"].as_object() else { continue };
        for (field, property) in properties {
            assert!(property["description"].is_string(), "{name}.{field}");
        }
    }
}

#[test]
fn the_pages_hold_the_same_in_tables() {
    let document = check(
        |after| only(after).now.authorization = said("in_compliance", Some(time("2026-04-05T00:00:00Z"))),
        &[],
    );
    let page = shown(&document, "md", &Options::default());
    let row = "| authorization | Out of Compliance `[stated]` | 2026-04-02 11:00:05 +05:30 | In Compliance \
               `[stated]` | 2026-04-05 05:30:00 +05:30 | changed |\n";
    assert!(page.contains(row), "{page}");
    let page = html::body(&document).into_string();
    assert!(page.contains("<caption>States</caption>"), "{page}");
    assert!(
        page.contains("<tr class=\"better\"><th scope=\"row\">authorization</th><td>Out of Compliance"),
        "{page}"
    );
}

/// Both reports hostile in every field, and different in every one.
fn hostile_pair() -> Diff {
    let before = hostile();
    let mut after = before.clone();
    let other = format!("{HOSTILE}{HOSTILE}");
    let instance = only(&mut after);
    instance.id = other.clone();
    instance.nodes.truncate(1);
    instance.release.version = Some(other.clone());
    instance.deployment.url = Some(other.clone());
    instance.now.registration = said(&other, None);
    instance.now.authorization = said(HOSTILE, None);
    instance.now.authorization.cause = Some(other.clone());
    instance.deadlines[0].kind = HOSTILE.into();
    instance.services.iter_mut().for_each(|service| service.state = other.clone());
    for entitlement in instance.usage.iter_mut().flat_map(|usage| &mut usage.entitlements) {
        (entitlement.purchased, entitlement.deficit) = (Some(u32::MAX), Some(0));
    }
    for said in &mut instance.entitlements_stated {
        (said.count, said.status) = (None, Some(other.clone().into()));
    }
    instance.license_type.as_mut().unwrap().name = other.clone().into();
    for row in &mut after.checks {
        row.product_instance = Some(other.clone());
        (row.outcome, row.severity) = (CheckOutcome::Fail, None);
        row.says = format!("{other}{}", "x".repeat(1 << 20));
        row.remedy = Some(other.clone());
    }
    for event in &mut after.events {
        event.product_instance = other.clone().into();
        event.mnemonic = other.clone().into();
    }
    after.input.sources[0].path = other;
    after.tool.name = HOSTILE.into();
    diff(&before, &after)
}

#[test]
fn nothing_in_the_input_breaks_out_of_the_screen() {
    use unicode_width::UnicodeWidthStr as _;
    let document = hostile_pair();
    assert!(document.changed && document.instances.len() == 1, "{}", document.instances.len());
    for width in [1, 60, 80, 133, 200, 500] {
        for ascii in [false, true] {
            let screen = shown(&document, "text", &Options { width, color: false, ascii });
            for line in screen.lines() {
                assert!(line.width() <= width.clamp(60, 200) && !line.contains(is_hidden), "{line:?}");
                assert!(!ascii || line.is_ascii(), "{line:?}");
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn nothing_in_the_input_becomes_markup() {
    let document = hostile_pair();
    let page = shown(&document, "md", &Options::default());
    let mut cells = 0;
    for line in page.lines() {
        assert!(!line.contains(is_hidden), "{line:?}");
        let bars = line.matches('|').count();
        cells = if line.starts_with('|') && cells > 0 { cells } else { bars };
        assert!(bars == cells && (line.starts_with('|') || bars == 0), "{line}");
        let prose = without_code(line);
        for markup in ['<', '`', '@', '[', '~', '&', '$', '\\', '_'] {
            assert!(!prose.contains(markup), "{markup} in {prose}\n{line}");
        }
        assert!(!prose.contains("//") && !prose.contains("www."), "{prose}");
    }
    let json = shown(&document, "json", &Options::default());
    assert!(!json.contains('<') && json.chars().all(|c| c == '\n' || !is_hidden(c)));
    assert_eq!(serde_json::from_str::<Diff>(&json).unwrap(), document);
}

#[test]
fn nothing_in_the_input_becomes_an_element_of_the_page() {
    let page = html::body(&hostile_pair()).into_string();
    assert!(!page.contains(is_hidden) && page.len() < 2_000_000, "{}", page.len());
    let known = [
        "h1", "h2", "p", "ul", "li", "table", "caption", "thead", "tbody", "tr", "th", "td", "section", "div",
    ];
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        assert!(known.contains(&name), "{tag}");
        assert!(!tag.contains("style=") && !tag.contains(" on"), "{tag}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count());
}

#[test]
fn colour_adds_nothing_but_colour() {
    let document = hostile_pair();
    let coloured = shown(&document, "text", &Options { color: true, ..Options::default() });
    let mut parts = coloured.split('\u{1b}');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(plain, shown(&document, "text", &Options::default()));
}
