//! What a check, a failure signature or an alarm means: the same data for `uccxray explain` and for the pages of
//! `docs/`.

mod events;

use std::fmt;

use parsers::catalog::Entry;
use schemars::JsonSchema;
use serde::Serialize;

use crate::assemble::dispute;
use crate::check::Check;
use crate::escape::{block, code, markdown as prose};
use crate::render::{Options, pretty};
use crate::report::Dispute;
use crate::show::layout::{BOLD, DIM, PLAIN, Screen};

pub use self::events::event_kinds;

/// What something means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The name: `dns-a-record`, `SYSTEM_IN_OOC_STATE`.
    pub name: String,
    /// What it is.
    pub kind: ExplanationKind,
    /// One sentence.
    pub means: String,
    /// What follows for the state of the license.
    pub effect: String,
    /// What to do.
    pub remedy: String,
    /// Lines or outputs that show it.
    pub examples: Vec<String>,
    /// Where that is written.
    pub source: String,
    /// What Cisco's documents say against each other about it.
    pub disputed: Vec<Dispute>,
    /// Further facts: a name and a value.
    pub facts: Vec<(String, String)>,
}

/// What an [`Explanation`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExplanationKind {
    /// An item of the checklist.
    Check,
    /// An entry of the catalog of failure signatures.
    Signature,
    /// The mnemonic of an alarm.
    Mnemonic,
}

impl ExplanationKind {
    /// As a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Signature => "failure signature",
            Self::Mnemonic => "alarm",
        }
    }
}

/// What a check means.
#[must_use]
pub fn check(check: &Check) -> Explanation {
    Explanation {
        name: check.id.to_owned(),
        kind: ExplanationKind::Check,
        means: format!("It passes if this holds: {}.", check.title),
        effect: check.about.effect.to_owned(),
        remedy: check.about.remedy.to_owned(),
        examples: vec![check.about.example.to_owned()],
        source: check.source.to_owned(),
        disputed: check.about.disputed.iter().map(dispute).collect(),
        facts: Vec::new(),
    }
}

/// What an entry of the catalog means.
#[must_use]
pub fn signature(entry: &Entry) -> Explanation {
    let mut facts = vec![
        ("Pattern".to_owned(), entry.pattern.to_string()),
        ("Class".to_owned(), entry.class.name().to_owned()),
        ("Severity".to_owned(), entry.severity.name().to_owned()),
        ("Confidence".to_owned(), entry.confidence.name().to_owned()),
        ("Status".to_owned(), entry.status.name().to_owned()),
        ("File".to_owned(), entry.file.to_string()),
    ];
    if let Some(base) = &entry.refines {
        facts.push(("Refines".to_owned(), base.to_string()));
    }
    Explanation {
        name: entry.id.to_string(),
        kind: ExplanationKind::Signature,
        means: entry.means.to_string(),
        effect: events::of_class(entry.class).to_owned(),
        remedy: entry.remedy.to_string(),
        examples: entry.matches.iter().map(ToString::to_string).collect(),
        source: entry.source.to_string(),
        disputed: Vec::new(),
        facts,
    }
}

/// What an alarm means; `kind` is the name of the event that it becomes. `None` if there is no such event.
#[must_use]
pub fn mnemonic(facility: &str, name: &str, kind: &str, source: &str) -> Option<Explanation> {
    let words = events::words(kind)?;
    Some(Explanation {
        name: name.to_owned(),
        kind: ExplanationKind::Mnemonic,
        means: words.means.to_owned(),
        effect: words.effect.to_owned(),
        remedy: words.remedy.to_owned(),
        examples: events::examples(facility, name),
        source: source.to_owned(),
        disputed: events::disputes(kind).iter().map(dispute).collect(),
        facts: vec![("Facility".to_owned(), facility.to_owned()), ("Event".to_owned(), kind.to_owned())],
    })
}

/// Writes explanations on a screen, one below the other.
///
/// # Errors
/// What `out` returns.
pub fn text(all: &[Explanation], out: &mut dyn fmt::Write, options: &Options) -> fmt::Result {
    const TEXT: usize = 14;
    let screen = &mut Screen::new(out, options);
    for (i, it) in all.iter().enumerate() {
        if i > 0 {
            screen.blank()?;
        }
        screen.para(0, &format!("{} ({})", it.name, it.kind.name()), BOLD)?;
        screen.rule()?;
        for (label, words) in [("Means", &it.means), ("Effect", &it.effect), ("What to do", &it.remedy)] {
            screen.row(0, TEXT, (label, DIM), (words, PLAIN))?;
        }
        for dispute in &it.disputed {
            screen.row(0, TEXT, ("Disputed", DIM), (&dispute.about, PLAIN))?;
            for said in &dispute.says {
                screen.para(TEXT + 2, &format!("{} ({})", said.says, said.source), PLAIN)?;
            }
        }
        for (i, example) in it.examples.iter().enumerate() {
            screen.row(0, TEXT, (if i == 0 { "Example" } else { "" }, DIM), (example, PLAIN))?;
        }
        for (name, value) in &it.facts {
            screen.row(0, TEXT, (name, DIM), (value, PLAIN))?;
        }
        screen.row(0, TEXT, ("Source", DIM), (&it.source, PLAIN))?;
    }
    Ok(())
}

/// Writes one explanation as a page of Markdown.
///
/// # Errors
/// What `out` returns.
pub fn markdown(it: &Explanation, out: &mut dyn fmt::Write) -> fmt::Result {
    writeln!(out, "# {}\n", code(&it.name))?;
    writeln!(out, "A {} of uccxray.\n", it.kind.name())?;
    writeln!(out, "{}\n", prose(&it.means))?;
    writeln!(out, "**Effect.** {}\n", prose(&it.effect))?;
    writeln!(out, "**What to do.** {}\n", prose(&it.remedy))?;
    for dispute in &it.disputed {
        writeln!(out, "**Cisco says two things** about {}:\n", prose(&dispute.about))?;
        for said in &dispute.says {
            writeln!(out, "- {} ({})", prose(&said.says), prose(&said.source))?;
        }
        writeln!(out)?;
    }
    if !it.examples.is_empty() {
        writeln!(out, "**Example.**\n")?;
        writeln!(out, "{}", block(it.examples.iter().map(String::as_str)))?;
    }
    if !it.facts.is_empty() {
        writeln!(out, "| | |\n| --- | --- |")?;
        for (name, value) in &it.facts {
            writeln!(out, "| {} | {} |", prose(name), code(value))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "**Source.** {}", prose(&it.source))
}

/// Writes explanations as one JSON document.
///
/// # Errors
/// What `out` returns.
pub fn to_json(all: &[Explanation], out: &mut dyn fmt::Write) -> fmt::Result {
    #[derive(Serialize)]
    struct Document<'a> {
        schema_version: &'static str,
        explanations: &'a [Explanation],
    }
    pretty(&Document { schema_version: "1.0", explanations: all }, out)
}

#[cfg(test)]
mod tests {
    use parsers::catalog::Catalog;
    use parsers::event::FailureClass;

    use super::*;

    #[test]
    fn every_check_and_every_signature_explains_itself() {
        let catalog = Catalog::built_in();
        let all: Vec<Explanation> =
            crate::CHECKS.iter().map(check).chain(catalog.entries().iter().map(signature)).collect();
        for it in &all {
            let words = [&it.name, &it.means, &it.effect, &it.remedy, &it.source];
            assert!(words.iter().all(|words| !words.trim().is_empty()), "{it:?}");
            assert!(
                it.examples.iter().all(|example| !example.is_empty()) && !it.examples.is_empty(),
                "{it:?}"
            );
        }
        let mut out = String::new();
        text(&all, &mut out, &Options::default()).unwrap();
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    }

    #[test]
    fn every_event_of_an_alarm_has_words_and_every_class_an_effect() {
        for kind in event_kinds() {
            let it = mnemonic("LIB_LICENSE", "X", kind, "somewhere").unwrap();
            assert!(!it.effect.is_empty() && !it.remedy.is_empty(), "{kind}");
        }
        assert_eq!(mnemonic("LIB_LICENSE", "X", "no_such_event", ""), None);
        for class in FailureClass::ALL {
            assert!(!events::of_class(class).is_empty());
        }
    }

    #[test]
    fn a_page_escapes_what_stands_in_it() {
        let own = Explanation {
            name: "<script>".into(),
            kind: ExplanationKind::Signature,
            means: "[x](javascript:alert(1))".into(),
            effect: "e".into(),
            remedy: "\u{1b}[2J".into(),
            examples: vec!["```".into()],
            source: "s".into(),
            disputed: Vec::new(),
            facts: vec![("a".into(), "b|c".into())],
        };
        let mut out = String::new();
        markdown(&own, &mut out).unwrap();
        assert!(
            out.contains("`[x](javascript") && !out.contains('\u{1b}') && !out.contains("\n<script>"),
            "{out}"
        );
        let mut out = String::new();
        to_json(&[own], &mut out).unwrap();
        assert!(!out.contains("<script>"), "{out}");
    }
}
