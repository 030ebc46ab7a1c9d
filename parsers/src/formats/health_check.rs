//! `utils uccx healthcheck`, and the JSON report that it writes.
//!
//! Source: Administration and Operations Guide 15.0, Command Line Interface (`Checking CPU Usage....OK`, `Not OK`,
//! `Reason:`). The layout of the JSON was not seen in public: any entry with a name and a status of OK or Not OK is taken.
//!
//! ```text
//! Checking CPU Usage....OK
//! ```

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::sections::{self, Passages, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-uccx-healthcheck",
    read,
    samples: &[
        "admin:utils uccx healthcheck\nChecking CPU Usage....OK\nChecking Disk Usage....Not OK\nReason: the common partition is 97 % full\nReport is saved as healthcheck/report_2026-04-02-11-00-00.json\nadmin:\n",
        "admin:utils uccx healthcheck Checking CPU Usage....OK Checking Memory....OK",
        "{\n  \"healthcheck\": [\n    {\"name\": \"CPU Usage\", \"status\": \"OK\"},\n    {\"name\": \"Disk Usage\", \"status\": \"Not OK\", \"reason\": \"97 % full\"}\n  ]\n}\n",
    ],
};

/// An item with its result.
static ITEM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let item = r"Checking (?P<item>[A-Za-z0-9 /_-]{1,60})\.{2,}\s*(?P<word>Not OK|OK)(?:\s+Reason\s*:\s*(?P<reason>[^\r\n]{1,300}))?";
    Regex::new(item).ok()
});

/// Deepest nesting of the JSON that is walked.
const DEPTH_MAX: usize = 16;

/// Most items that are taken.
const ITEMS_MAX: usize = 200;

/// Reads the items; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains("Checking ") && text.contains("OK") {
        let Some(item) = ITEM.as_ref() else { return Vec::new() };
        for section in sections(text) {
            let mut any = false;
            for found in item.captures_iter(section.text).take(ITEMS_MAX) {
                let part = |name: &str| found.name(name).map(|it| it.as_str());
                let Some(whole) = found.get(0) else { continue };
                let line = PlatformLine::Health {
                    item: sections::kept(part("item").unwrap_or_default()),
                    ok: part("word") == Some("OK"),
                    reason: part("reason").map(sections::kept),
                };
                passages.platform(section.range(whole.as_str()), line);
                any = true;
            }
            if any {
                passages.known(section.from..section.start);
                passages.lines(&section, section.text);
            }
        }
    } else if text.trim_start().starts_with(['{', '[']) && text.contains("ealth") && text.contains("OK") {
        report(text, &mut passages);
    }
    passages.finish()
}

/// Reads the JSON report.
fn report(text: &str, passages: &mut Passages) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let mut items: Vec<(String, bool, Option<String>)> = Vec::new();
    walk(&value, None, 0, &mut items);
    for (item, ok, reason) in items {
        // The entry's line; every line of the report is its own.
        let at = text.find(&format!("\"{item}\"")).unwrap_or(0);
        let line = sections::line(text.get(at..).unwrap_or_default()).0;
        let reason = reason.as_deref().map(sections::kept);
        let said = PlatformLine::Health { item: sections::kept(&item), ok, reason };
        passages.platform(at..at + line.len().max(1), said);
    }
    if passages.is_statement() {
        for (start, line) in super::service_list::lines(text).filter(|(_, line)| !line.trim().is_empty()) {
            passages.known(start..start + line.trim_end().len());
        }
    }
}

/// Collects what has a name and a status.
fn walk(value: &Value, key: Option<&str>, depth: usize, items: &mut Vec<(String, bool, Option<String>)>) {
    if depth > DEPTH_MAX || items.len() >= ITEMS_MAX {
        return;
    }
    match value {
        Value::Object(map) => {
            let text = |names: &[&str]| {
                map.iter()
                    .find(|(key, _)| names.iter().any(|it| key.eq_ignore_ascii_case(it)))
                    .and_then(|(_, it)| it.as_str())
            };
            let status = text(&["status", "result", "state"]).and_then(status);
            let name = text(&["name", "item", "check", "title"]).or(key);
            if let (Some(ok), Some(name)) = (status, name) {
                items.push((name.to_owned(), ok, text(&["reason", "message", "details"]).map(str::to_owned)));
                return;
            }
            for (key, value) in map {
                walk(value, Some(key), depth + 1, items);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, key, depth + 1, items)),
        Value::String(word) => {
            if let (Some(ok), Some(key)) = (status(word), key) {
                items.push((key.to_owned(), ok, None));
            }
        }
        _ => {}
    }
}

fn status(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "ok" => Some(true),
        "not ok" | "not_ok" | "notok" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, bool, Option<&str>)]) {
        let found: Vec<(String, bool, Option<String>)> = said(&FORMAT, text)
            .into_iter()
            .filter_map(|says| match says {
                Says::Platform(PlatformLine::Health { item, ok, reason }) => {
                    Some((item.to_string(), ok, reason.map(|it| it.to_string())))
                }
                _ => None,
            })
            .collect();
        let expected: Vec<(String, bool, Option<String>)> = expected
            .iter()
            .map(|(item, ok, why)| ((*item).to_owned(), *ok, why.map(str::to_owned)))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn each_item_has_its_result() {
        let full = Some("the common partition is 97 % full");
        check(FORMAT.samples[0], &[("CPU Usage", true, None), ("Disk Usage", false, full)]);
        check(FORMAT.samples[1], &[("CPU Usage", true, None), ("Memory", true, None)]);
        check(FORMAT.samples[2], &[("CPU Usage", true, None), ("Disk Usage", false, Some("97 % full"))]);
        check("{\"health\": {\"CPU\": \"Not OK\"}}", &[("CPU", false, None)]);
        check("{\"status\": \"OK\"}", &[]);
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }

    #[test]
    fn deep_and_broken_json_is_no_report() {
        check(&"[".repeat(100_000), &[]);
        check("{\"health\": \"OK\"", &[]);
    }
}
