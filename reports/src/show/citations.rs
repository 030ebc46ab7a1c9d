//! Cited lines, numbered in the order they are first cited: a reader finds `E3` in the list at the end.

use std::collections::HashMap;

use crate::report::Evidence;

/// Most lines that one claim cites by number; the others are counted.
const CITED_MAX: usize = 8;

/// The lines cited so far.
#[derive(Default)]
pub(crate) struct Citations<'a> {
    numbers: HashMap<&'a Evidence, usize>,
    lines: Vec<&'a Evidence>,
}

impl<'a> Citations<'a> {
    /// The numbers of `lines` in words: `E1, E2, E3 and 4 more`; a dash without any.
    pub(crate) fn cite(&mut self, lines: &'a [Evidence]) -> String {
        if lines.is_empty() {
            return "–".to_owned();
        }
        let cited: Vec<String> =
            lines.iter().take(CITED_MAX).map(|line| format!("E{}", self.number(line))).collect();
        match lines.len().saturating_sub(CITED_MAX) {
            0 => cited.join(", "),
            more => format!("{} and {more} more", cited.join(", ")),
        }
    }

    fn number(&mut self, line: &'a Evidence) -> usize {
        *self.numbers.entry(line).or_insert_with(|| {
            self.lines.push(line);
            self.lines.len()
        })
    }

    /// The cited lines with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &'a Evidence)> {
        (1..).zip(self.lines.iter().copied())
    }
}
