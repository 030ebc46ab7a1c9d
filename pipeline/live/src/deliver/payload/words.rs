//! An alert in words, cut and harmless to a terminal: what all payloads for people are made of.

use chrono::TimeDelta;
use reports::alerts::{Alert, AlertState};
use reports::escape::{cut, terminal};
use reports::report::Basis;
use reports::time::{Zone, relative, spell};

/// Longest name, place or kind, in characters.
const NAME_MAX: usize = 150;
/// Longest title, in characters.
const TITLE_MAX: usize = 200;
/// Longest paragraph, in characters.
const TEXT_MAX: usize = 1_000;
/// Longest excerpt of a log, in characters.
const EXCERPT_MAX: usize = 300;
/// Lines of evidence that are told.
pub const EVIDENCE_MAX: usize = 3;

/// An alert as sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// State, severity, marks and title in one line.
    pub headline: String,
    /// A label and what stands there, in the order of reading.
    pub rows: Vec<(&'static str, String)>,
    /// At most three lines: where each stands, and its text.
    pub evidence: Vec<(String, String)>,
}

/// `text` on one line, cut to about `max` characters before and after what is hidden is spelled out.
#[must_use]
pub fn plain(text: &str, max: usize) -> String {
    let short = cut(text, max);
    let spelled = terminal(&short);
    if spelled.chars().count() <= max + 40 { spelled.into_owned() } else { cut(&spelled, max).into_owned() }
}

/// What `alert` says, in English.
#[must_use]
pub fn told(alert: &Alert) -> Told {
    let name = |text: &str| plain(text, NAME_MAX);
    let mut rows: Vec<(&'static str, String)> = Vec::new();
    rows.push(("State", format!("{}, severity {}", alert.state.name(), alert.severity.name())));
    let where_ = match (&alert.product_instance, &alert.node) {
        (Some(system), Some(node)) => Some(format!("{}, node {}", name(system), name(node))),
        (Some(system), None) => Some(name(system)),
        (None, Some(node)) => Some(format!("node {}", name(node))),
        (None, None) => None,
    };
    if let Some(text) = where_ {
        rows.push(("System", text));
    }
    let noticed = Zone::Utc.show(alert.noticed.0);
    let since = alert.since.map_or_else(
        || format!("unknown; noticed {noticed}"),
        |since| {
            format!("{} ({}); noticed {noticed}", Zone::Utc.show(since.0), relative(since.0, alert.noticed.0))
        },
    );
    rows.push(("Since", since));
    if let Some(deadline) = &alert.deadline {
        let length = spell(TimeDelta::try_seconds(deadline.remaining_s).unwrap_or_default().abs());
        let far = if deadline.remaining_s < 0 {
            format!("{length} before it was noticed")
        } else {
            format!("{length} after it was noticed")
        };
        let text = format!("{}: {} ({far})", name(&deadline.kind), Zone::Utc.show(deadline.expected.0));
        rows.push(("Deadline", text));
    }
    if !alert.says.is_empty() {
        rows.push(("Found", plain(&alert.says, TEXT_MAX)));
    }
    rows.push(("Basis", basis(alert.basis).to_owned()));
    if !alert.remedy.is_empty() {
        rows.push(("What to do", plain(&alert.remedy, TEXT_MAX)));
    }
    let marks: Vec<&str> = marks(alert).into_iter().map(|(_, sentence)| sentence).collect();
    if !marks.is_empty() {
        rows.push(("Note", marks.join(" ")));
    }
    rows.push(("Rule", format!("{}, alert {}", name(&alert.rule), name(&alert.id))));
    let evidence = alert.evidence.iter().take(EVIDENCE_MAX).map(|line| {
        let source = name(&line.source);
        let member = line.member.as_deref().map(|member| format!(" {}", name(member))).unwrap_or_default();
        (format!("{source}{member} line {}", line.line), plain(&line.text, EXCERPT_MAX))
    });
    let evidence: Vec<_> = evidence.collect();
    if alert.evidence.len() > evidence.len() {
        rows.push(("Evidence", format!("{} of {} lines are shown", evidence.len(), alert.evidence.len())));
    } else if evidence.is_empty() {
        rows.push(("Evidence", "no line says it".to_owned()));
    }
    Told { headline: headline(alert), rows, evidence }
}

/// State, severity, marks and title in one line: `[RAISED high] uccxpub: Out of Compliance since 05:30 UTC`.
#[must_use]
pub fn headline(alert: &Alert) -> String {
    let mut tag = format!("{} {}", alert.state.name().to_uppercase(), alert.severity.name());
    for (mark, _) in marks(alert) {
        tag.push_str(", ");
        tag.push_str(mark);
    }
    let system = alert.product_instance.as_deref().map(|system| plain(system, 60) + ": ").unwrap_or_default();
    format!("[{tag}] {system}{}", plain(&alert.title, TITLE_MAX))
}

/// The whole alert as one line, for a terminal or a log.
#[must_use]
pub fn line(alert: &Alert) -> String {
    let told = told(alert);
    let mut line = told.headline;
    for (label, text) in told.rows.iter().filter(|(label, _)| *label != "State") {
        line.push_str(&format!(" | {label}: {text}"));
    }
    for (place, text) in &told.evidence {
        line.push_str(&format!(" | {place}: {text}"));
    }
    line
}

/// The marks that set an alert apart from a first, real one: a word, and a sentence.
fn marks(alert: &Alert) -> Vec<(&'static str, &'static str)> {
    let mut marks = Vec::new();
    if alert.test {
        marks.push(("test", "This is a test: nothing is wrong."));
    }
    if alert.replayed {
        marks.push(("replay", "This comes from a replay: nothing of it is happening now."));
    }
    if alert.may_repeat {
        marks
            .push(("may repeat", "This may have been told before: the watch ended while it was being sent."));
    }
    marks
}

/// How firmly it stands, as a sentence.
fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Stated => "a line of the logs says it",
        Basis::Derived => "calculated from a line of the logs by a documented rule",
        Basis::Inferred => "an inference: no line says it",
        Basis::Given => "the user said it",
        Basis::Unknown => "nothing says it",
    }
}

/// Whether an alert ends something.
#[must_use]
pub fn is_over(alert: &Alert) -> bool {
    alert.state == AlertState::Resolved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::{ATTACK, alert, hostile};

    #[test]
    fn one_line_tells_everything() {
        let mut alert = alert();
        alert.test = true;
        alert.replayed = true;
        alert.may_repeat = true;
        let line = line(&alert);
        for part in [
            "[RAISED high, test, replay, may repeat] uccxpub: Out of Compliance since 05:30 UTC",
            "Since: 2026-04-02 05:30:00Z (1 min ago); noticed 2026-04-02 05:31:00Z",
            "Deadline: enforcement: 2026-04-03 05:31:00Z (1 d after it was noticed)",
            "Found: More licenses",
            "Basis: an inference: no line says it",
            "What to do: Buy licenses",
            "/var/log/uccx syslog.1 line 7: SmartLicenseOutOfCompliance",
            "Note: This is a test",
            "Rule: out-of-compliance, alert 0123456789abcdef",
        ] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }

    #[test]
    fn what_is_hidden_is_spelled_out_and_a_megabyte_is_cut() {
        let line = line(&hostile(ATTACK));
        assert!(!line.chars().any(reports::escape::is_hidden), "{line}");
        assert!(line.contains("3 of 5 lines are shown"), "{line}");
        for text in ["x".repeat(1 << 20), "\u{e0041}".repeat(1 << 18)] {
            let told = told(&hostile(&text));
            let long = told.rows.iter().map(|(_, text)| text.len()).sum::<usize>()
                + told.evidence.iter().map(|(place, text)| place.len() + text.len()).sum::<usize>();
            assert!(long < 6_000 && told.headline.len() < 500, "{long} {}", told.headline.len());
        }
    }
}
