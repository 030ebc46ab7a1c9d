//! Plain lines: one for each event, transition and alert, for pipes and for logs.
//!
//! A line is a time in UTC, a word for its kind, whom it is about, and text, one blank between them:
//!
//! ```text
//! 2026-04-02T05:30:05.000Z event uccxpub ooc_entered: License enters out of compliance
//! 2026-04-02T05:30:05.000Z state pi-1 authorization=out_of_compliance [stated] a line states it
//! 2026-04-02T05:31:00.000Z alert pi-1 raised critical out-of-compliance: Out of Compliance since 05:30 UTC
//! ```
//!
//! The first four words never hold a blank, so that `cut` and `awk` find them. A dash stands for what is not known.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

use reports::alerts::{Alert, AlertState};
use reports::escape::{SHOWN_MAX, ascii, cut, terminal};
use reports::report::{Event, Interval, ProductInstance, Report, Severity};
use reports::time::Time;

use crate::status::Snapshot;

/// How lines may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether colour escapes may be written.
    pub color: bool,
    /// Whether only ASCII may be written.
    pub ascii: bool,
    /// Whether alerts are left to another who writes them to the same place.
    pub no_alerts: bool,
}

impl Style {
    fn text(self, text: &str) -> String {
        let text = cut(text, SHOWN_MAX);
        if self.ascii { ascii(&text).into_owned() } else { terminal(&text).into_owned() }
    }

    /// A text as one word: blanks become underscores.
    fn word(self, text: &str) -> String {
        let text = self.text(text);
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.split(char::is_whitespace).collect::<Vec<_>>().join("_")
        }
    }

    fn painted(self, line: String, code: &str) -> String {
        if self.color && !code.is_empty() { format!("\u{1b}[{code}m{line}\u{1b}[0m") } else { line }
    }
}

fn when(at: Option<Time>) -> String {
    at.map_or("-".to_owned(), Time::text)
}

/// The line of an event: time, `event`, node, kind, message.
#[must_use]
pub fn event(event: &Event, style: Style) -> String {
    let node = style.word(event.node.as_deref().unwrap_or_default());
    format!("{} event {node} {}: {}", when(event.at), style.word(&event.kind), style.text(&event.text))
}

/// The line of a state that begins: time, `state`, Product Instance, dimension and state, basis, cause.
#[must_use]
pub fn transition(instance: &ProductInstance, interval: &Interval, style: Style) -> String {
    let line = format!(
        "{} state {} {}={} [{}] {}",
        when(interval.from),
        style.word(&instance.id),
        style.word(&interval.dimension),
        style.word(&interval.state),
        interval.basis.name(),
        style.text(&interval.cause)
    );
    style.painted(line, "1")
}

/// The line of an alert: when it was noticed, `alert`, Product Instance or node, whether it begins or ends, severity,
/// rule, title, what to do.
#[must_use]
pub fn alert(alert: &Alert, style: Style) -> String {
    let about = alert.product_instance.as_deref().or(alert.node.as_deref()).unwrap_or_default();
    let mut line = format!(
        "{} alert {} {} {} {}: {}",
        when(alert.noticed_at()),
        style.word(about),
        alert.state.name(),
        alert.severity.name(),
        style.word(&alert.rule),
        style.text(&alert.title)
    );
    if !alert.remedy.is_empty() {
        line.push_str(" | ");
        line.push_str(&style.text(&alert.remedy));
    }
    for (is_so, word) in
        [(alert.may_repeat, "may be told twice"), (alert.replayed, "replay"), (alert.test, "test")]
    {
        if is_so {
            line.push_str(&format!(" ({word})"));
        }
    }
    let code = match (alert.state, alert.severity) {
        (AlertState::Resolved, _) => "32",
        (_, Severity::Critical | Severity::High) => "1;31",
        (_, Severity::Medium) => "33",
        (_, Severity::Low | Severity::Info) => "",
    };
    style.painted(line, code)
}

/// The lines of what is in `after` and was not in `before`: events, then states, then alerts, each in their order.
/// `None`: nothing was there before.
#[must_use]
pub fn news(before: Option<&Snapshot>, after: &Snapshot, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let same_report = before.is_some_and(|before| Arc::ptr_eq(&before.report, &after.report));
    if !same_report {
        let old = before.map(|before| known(&before.report)).unwrap_or_default();
        lines.extend(
            events(&after.report).filter(|(key, _)| !old.contains(key)).map(|(_, it)| event(it, style)),
        );
        let states = intervals(&after.report).filter(|(key, ..)| !old.contains(key));
        lines.extend(states.map(|(_, instance, interval)| transition(instance, interval, style)));
    }
    if style.no_alerts {
        return lines;
    }
    let told: HashSet<u64> =
        before.map(|before| before.told.iter().map(alert_key).collect()).unwrap_or_default();
    // The newest stands first there, and last in a log.
    lines.extend(
        after.told.iter().rev().filter(|it| !told.contains(&alert_key(it))).map(|it| alert(it, style)),
    );
    lines
}

fn key(of: impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn alert_key(alert: &Alert) -> u64 {
    key((&alert.id, alert.state, alert.noticed))
}

/// Events with what tells them apart: the line that first said them.
fn events(report: &Report) -> impl Iterator<Item = (u64, &Event)> {
    report.events.iter().map(|event| {
        let line = event.witnesses.first();
        let place = line.map(|line| (&line.source, &line.member, line.offset, &line.sha256));
        (key((1, &event.kind, &event.text, &event.node, place)), event)
    })
}

/// States that begin. One whose end or cause is told anew is the same.
fn intervals(report: &Report) -> impl Iterator<Item = (u64, &ProductInstance, &Interval)> {
    report.product_instances.iter().flat_map(|instance| {
        let known = instance.history.iter().filter(|interval| interval.state != "unknown");
        known.map(move |it| (key((2, &instance.id, &it.dimension, &it.state, it.from)), instance, it))
    })
}

fn known(report: &Report) -> HashSet<u64> {
    events(report).map(|(key, _)| key).chain(intervals(report).map(|(key, ..)| key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{hostile, kitchen_sink};

    #[test]
    fn a_line_is_a_time_a_kind_whom_it_is_about_and_text() {
        let snapshot = kitchen_sink(1);
        let lines = news(None, &snapshot, Style::default());
        #[track_caller]
        fn check(lines: &[String], needle: &str) {
            assert!(lines.iter().any(|line| line.contains(needle)), "{needle}\n{}", lines.join("\n"));
        }
        let id = Style::default().word(&snapshot.report.product_instances[0].id);
        check(&lines, " event uccxpub ooc_entered: ");
        check(&lines, &format!(" state {id} authorization=out_of_compliance [stated] "));
        check(
            &lines,
            &format!(
                "2026-04-02T05:31:00.000Z alert {id} raised critical out-of-compliance: Out of Compliance since 05:30 UTC | Buy what is lacking."
            ),
        );
        for line in &lines {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            assert!(words[0] == "-" || words[0].parse::<parsers::stamp::Instant>().is_ok(), "{line}");
            assert!(matches!(words[1], "event" | "state" | "alert"), "{line}");
        }
    }

    #[test]
    fn an_alert_of_a_replay_without_dates_has_no_time() {
        let snapshot = kitchen_sink(1);
        let noticed = Time(parsers::stamp::Instant::default());
        let told = Alert { noticed, replayed: true, ..snapshot.told[0].clone() };
        let line = alert(&told, Style::default());
        assert!(line.starts_with("- alert "), "{line}");
        assert!(!line.contains("1970"), "{line}");
    }

    #[test]
    fn only_what_is_new_is_told() {
        let (before, mut after) = (kitchen_sink(1), kitchen_sink(2));
        assert_eq!(news(Some(&before), &after, Style::default()), Vec::<String>::new());
        let mut first = before.clone();
        let mut report = (*first.report).clone();
        let last = report.events.pop().unwrap();
        first.report = Arc::new(report);
        assert_eq!(news(Some(&first), &before, Style::default()), [event(&last, Style::default())]);
        after.told.insert(0, Alert { state: AlertState::Resolved, ..after.told[1].clone() });
        let lines = news(Some(&before), &after, Style::default());
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains(" resolved critical out-of-compliance: "), "{lines:?}");
        let without = Style { no_alerts: true, ..Style::default() };
        assert_eq!(news(Some(&before), &after, without), Vec::<String>::new());
    }

    #[test]
    fn nothing_from_a_log_breaks_a_line_or_moves_the_cursor() {
        for line in news(None, &hostile(), Style { ascii: true, ..Style::default() }) {
            assert!(line.chars().all(|c| c.is_ascii() && !c.is_control()), "{line:?}");
        }
        let colored = news(None, &hostile(), Style { color: true, ..Style::default() });
        assert!(colored.iter().all(|line| !line.contains(['\n', '\r', '\u{7}', '\u{202e}'])));
        assert!(colored.iter().any(|line| line.starts_with("\u{1b}[1;31m") && line.ends_with("\u{1b}[0m")));
        assert!(colored.iter().all(|line| line.matches('\u{1b}').count() <= 2));
    }
}
