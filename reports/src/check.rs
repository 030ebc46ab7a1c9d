//! What a check is: a question about one Product Instance with four possible answers.
//!
//! Silence is not a pass: a check that finds nothing to judge by says [`Outcome::NoEvidence`] and names what to
//! collect.

mod about;
pub(crate) mod disputes;

use history::facts::{Evidence, Facts, Instance};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::report::{Confidence, Severity};
use crate::time::Zone;

pub use about::{About, Dispute, Published};

/// One item of the checklist.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Stable name, kebab-case, equal to its file's name.
    pub id: &'static str,
    /// What holds if it passes.
    pub title: &'static str,
    /// Where Cisco says so.
    pub source: &'static str,
    /// What it is about, whatever the input.
    pub about: About,
    /// Answers for one Product Instance.
    pub run: fn(&Facts, &Instance) -> Outcome,
}

/// The answer of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Evidence shows that all is well.
    Pass {
        /// What the evidence says.
        says: String,
        /// How sure that is.
        confidence: Confidence,
        /// The lines; empty only where the evidence is the input's own extent.
        evidence: Vec<Origin>,
    },
    /// Evidence shows that something is wrong.
    Fail(Finding),
    /// The input cannot tell.
    NoEvidence {
        /// What is lacking.
        says: String,
        /// The command, file or trace that would tell.
        collect: String,
    },
    /// The question does not arise.
    NotApplicable {
        /// Why not.
        why: String,
    },
}

/// Something wrong, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong, as a sentence.
    pub says: String,
    /// What to do, with this system's own names.
    pub remedy: String,
    /// The lines; empty only where the finding is that something is absent.
    pub evidence: Vec<Origin>,
}

/// A Product Instance of which nothing is known: checks answer for it where the input holds none.
pub(crate) fn nobody() -> Instance {
    Instance::unknown("unnamed")
}

/// The lines of `evidence` in its order.
pub(crate) fn origins(evidence: &Evidence) -> Vec<Origin> {
    evidence.all().cloned().collect()
}

/// The name of a node by its index.
pub(crate) fn node_name(instance: &Instance, node: Option<usize>) -> Option<&str> {
    Some(&*instance.nodes.get(node?)?.name)
}

/// The names of all nodes for a sentence; `the node` where none is known.
pub(crate) fn node_names(instance: &Instance) -> String {
    let names: Vec<String> = instance.nodes.iter().map(|node| brief(&node.name)).collect();
    if names.is_empty() { "the node".to_owned() } else { listed(&names) }
}

/// What to collect where the pages of the administration tell: one request for all checks that need them.
pub(crate) fn license_pages(instance: &Instance) -> String {
    format!(
        "Cisco Unified CCX Administration on {}, System > License Management (with its Transport Settings) and License \
         Control: the pages as text",
        node_names(instance)
    )
}

/// A name for a sentence. Real ones are shorter; one made to flood the sentence must not hide its advice.
pub(crate) fn brief(name: &str) -> String {
    const CHARS_MAX: usize = 80;
    match name.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// The clock on which a sentence about `instance` prints its times.
pub(crate) fn zone(instance: &Instance) -> Zone {
    Zone::shared(instance.nodes.iter().map(|node| node.time_zone.as_deref()))
}

/// ` since 2026-04-02 11:00:05 +05:30`, or nothing where the instant is not known.
pub(crate) fn since(instance: &Instance, at: Option<Instant>) -> String {
    at.map(|at| format!(" since {}", zone(instance).show(at))).unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[impl AsRef<str>]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

/// `1 line`, `2 lines`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_listed_as_in_a_sentence() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&[""; 0]), "");
        assert_eq!(counted(2, "line"), "2 lines");
        assert_eq!(brief("uccx1"), "uccx1");
        assert_eq!(brief(&"é".repeat(1_000)).chars().count(), 81);
    }
}
