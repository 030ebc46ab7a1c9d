//! What makes a catalog sound: every entry proves itself on its own lines, and no two claim the same one.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::file::Problem;
use super::find::{LITERAL_MIN, literals};
use super::{ENTRIES_MAX, Entry};
use crate::event::FailureClass;

/// Most memory that one expression may take, in bytes.
const PATTERN_MEMORY: usize = 1 << 20;

/// Longest text of a field, in characters.
const TEXT_MAX: usize = 2_000;

/// The expression of a pattern.
pub(super) fn expression(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(PATTERN_MEMORY).build()
}

/// The expressions of all patterns, matched in one pass. Empty if they do not fit together.
pub(super) fn set<'a>(patterns: impl Iterator<Item = &'a str>) -> RegexSet {
    let built = RegexSetBuilder::new(patterns).size_limit(PATTERN_MEMORY * 64).build();
    built.unwrap_or_else(|_| RegexSet::empty())
}

/// Everything that is wrong with `entries`, in their order.
#[must_use]
pub fn check(entries: &[Entry]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut say = |entry: &Entry, says: String| {
        let (file, id) = (entry.file.clone(), Some(entry.id.clone()));
        problems.push(Problem { file, line: None, id, says });
    };
    if let Some(entry) = entries.get(ENTRIES_MAX) {
        say(entry, format!("the catalog has more than {ENTRIES_MAX} entries"));
        return problems;
    }
    let by_id: BTreeMap<&str, &Entry> = entries.iter().rev().map(|entry| (&*entry.id, entry)).collect();
    let mut seen = BTreeSet::new();
    let mut sound = Vec::new();
    for entry in entries {
        if !seen.insert(&*entry.id) {
            let of = by_id.get(&*entry.id).map_or("", |first| if first.own { "" } else { "built-in " });
            say(
                entry,
                format!("there is a {of}entry of this id; take another id, and refines = \"{}\"", entry.id),
            );
        }
        if let Some(says) = wrong(entry).or_else(|| wrong_base(entry, &by_id)) {
            say(entry, says);
        }
        match expression(&entry.pattern) {
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default();
                say(entry, format!("the pattern is no regular expression: {why}"));
            }
            Ok(expression) => {
                if expression.is_match("") {
                    say(entry, "the pattern matches nothing at all, and so every line".to_owned());
                } else if literals(&entry.pattern).is_none() {
                    say(
                        entry,
                        format!(
                            "the pattern must begin or end with {LITERAL_MIN} fixed characters: without them every \
                             record would have to be searched"
                        ),
                    );
                }
                for line in entry.matches.iter().filter(|line| !expression.is_match(line)) {
                    say(entry, format!("the pattern does not match its own line \"{}\"", short(line)));
                }
                for line in entry.rejects.iter().filter(|line| expression.is_match(line)) {
                    say(
                        entry,
                        format!("the pattern matches the line \"{}\", which it must not", short(line)),
                    );
                }
                sound.push(entry);
            }
        }
    }
    let set = set(sound.iter().map(|entry| &*entry.pattern));
    for entry in &sound {
        for line in &entry.matches {
            let others = set.matches(line).into_iter().filter_map(|at| sound.get(at).copied());
            for other in others.filter(|other| other.id != entry.id && !related(entry, other, &by_id)) {
                say(
                    entry,
                    format!(
                        "it overlaps with {}, which matches \"{}\" as well: make one of them narrower, or let one \
                         refine the other",
                        other.id,
                        short(line)
                    ),
                );
            }
        }
    }
    problems
}

/// What is wrong with an entry's own words.
fn wrong(entry: &Entry) -> Option<String> {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if entry.id.is_empty() || entry.id.len() > 60 || !entry.id.chars().all(kebab) {
        return Some("the id must be of lower-case letters, digits and dashes, at most 60".to_owned());
    }
    for (key, text) in [("means", &entry.means), ("remedy", &entry.remedy), ("source", &entry.source)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            return Some(format!("{key} must say something, in at most {TEXT_MAX} characters"));
        }
    }
    for (key, lines) in [("matches", &entry.matches), ("rejects", &entry.rejects)] {
        if lines.is_empty() {
            return Some(format!("{key} must hold at least one line"));
        }
    }
    None
}

/// What is wrong with the entry that it makes more precise.
fn wrong_base(entry: &Entry, by_id: &BTreeMap<&str, &Entry>) -> Option<String> {
    let base = entry.refines.as_deref()?;
    let Some(known) = by_id.get(base) else {
        return Some(format!("it refines {base}, and there is no such entry"));
    };
    if ancestors(entry, by_id).iter().any(|id| **id == *entry.id) {
        return Some(format!("it refines {base}, which in the end refines it: a circle"));
    }
    // Else a user's entry could switch a built-in one off without a word.
    if entry.own && known.class != entry.class && known.class != FailureClass::Generic {
        return Some(format!("it refines {base} and must keep its class, {}", known.class.name()));
    }
    if entry.own && entry.severity < known.severity {
        return Some(format!(
            "it refines {base} and must not be less severe than {}: to accept a finding, suppress the check with a \
             reason",
            known.severity.name()
        ));
    }
    None
}

/// The entries that this one makes more precise, nearest first.
fn ancestors<'a>(entry: &'a Entry, by_id: &BTreeMap<&str, &'a Entry>) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    let mut at = entry;
    while let Some(next) = at.refines.as_deref() {
        if out.contains(&next) {
            break;
        }
        out.push(next);
        match by_id.get(next) {
            Some(entry) => at = entry,
            None => break,
        }
    }
    out
}

/// True where two entries may match the same line: one makes the other more precise, or one names no cause.
fn related(a: &Entry, b: &Entry, by_id: &BTreeMap<&str, &Entry>) -> bool {
    let generic = [a, b].iter().filter(|entry| entry.class == FailureClass::Generic).count() == 1;
    generic
        || ancestors(a, by_id).iter().any(|id| **id == *b.id)
        || ancestors(b, by_id).iter().any(|id| **id == *a.id)
}

/// A line for a message.
fn short(line: &str) -> String {
    line.chars().take(120).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {

    use super::super::file::read_all;
    use super::*;

    const GOOD: &str = r#"
[[signature]]
id = "own-one"
pattern = 'Widget is broken'
class = "rejected"
severity = "medium"
confidence = "low"
status = "seen"
means = "The widget is broken."
remedy = "Mend it."
source = "our runbook"
matches = ["the Widget is broken today"]
rejects = ["the Widget works"]
"#;

    #[track_caller]
    fn check_says(text: &str, expected: &str) {
        let (entries, problems) = read_all([("own.toml", text)], true);
        assert!(problems.is_empty(), "{problems:?}");
        let problems: Vec<String> = check(&entries).into_iter().map(|problem| problem.says).collect();
        if expected.is_empty() {
            assert!(problems.is_empty(), "{problems:?}");
        } else {
            assert!(problems.iter().any(|says| says.contains(expected)), "{problems:?}");
        }
    }

    #[test]
    fn a_sound_entry_has_no_problem() {
        check_says(GOOD, "");
    }

    #[test]
    fn each_way_to_be_unsound_is_told() {
        for (from, to, expected) in [
            ("own-one", "Own One", "lower-case"),
            ("'Widget is broken'", "'Widget is (broken'", "no regular expression"),
            ("'Widget is broken'", "'(?:Widget is broken)?'", "every line"),
            ("'Widget is broken'", "'W.*n'", "4 fixed characters"),
            ("the Widget is broken today", "the Widget is fine", "does not match its own line"),
            ("the Widget works", "Widget is broken indeed", "which it must not"),
            ("[\"the Widget works\"]", "[]", "at least one line"),
            ("\"Mend it.\"", "\" \"", "remedy must say something"),
            ("class = ", "refines = \"nothing\"\nclass = ", "there is no such entry"),
            ("class = ", "refines = \"own-one\"\nclass = ", "a circle"),
        ] {
            check_says(&GOOD.replace(from, to), expected);
        }
    }

    #[test]
    fn two_entries_that_match_one_line_overlap_unless_one_refines_the_other() {
        let second = GOOD.replace("own-one", "own-two").replace("'Widget is broken'", "'Widget is'");
        check_says(&format!("{GOOD}{second}"), "overlaps with own-two");
        let refining = GOOD.replace("class = ", "refines = \"own-two\"\nclass = ");
        check_says(&format!("{refining}{second}"), "");
        let generic = second.replace("\"rejected\"", "\"generic\"");
        check_says(&format!("{GOOD}{generic}"), "");
        check_says(&format!("{GOOD}{GOOD}"), "entry of this id");
    }

    #[test]
    fn a_refining_entry_may_not_be_less_severe() {
        let base = GOOD.replace("own-one", "base").replace("'Widget is broken'", "'Widget is'");
        let milder =
            GOOD.replace("class = ", "refines = \"base\"\nclass = ").replace("\"medium\"", "\"info\"");
        check_says(&format!("{base}{milder}"), "must not be less severe than medium");
    }

    #[test]
    fn a_message_never_carries_control_characters() {
        assert_eq!(short("\u{1b}[2J"), "\\u{1b}[2J");
    }
}
