//! The sections of a paste: what stands between two prompts, less the log records among it. Outputs that have their own
//! words on many lines are read a section at a time, which is the same for a copy flattened to one line.

use std::ops::Range;
use std::sync::Arc;

use super::{Content, Passage, service_list};
use crate::event::Says;
use crate::grammar;
use crate::platform::PlatformLine;

/// The prompt of the command line.
const PROMPT: &str = "admin:";

/// Longest text that is kept of an output's words, in bytes.
const WORDS_MAX: usize = 400;

/// What stands behind a prompt, up to the next one or to a log record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// Offset of the prompt; of the text, where no prompt stands in front of it.
    pub(super) from: usize,
    /// Offset of the text.
    pub(super) start: usize,
    /// The command, if there is one, and its output.
    pub(super) text: &'a str,
    /// The empty prompt directly behind it.
    pub(super) closing: Option<Range<usize>>,
    /// True if a prompt follows, empty or not: the output is whole.
    pub(super) ended: bool,
}

/// The sections of a text, blank ones left out.
pub(super) fn sections(text: &str) -> Vec<Section<'_>> {
    let mut found: Vec<(usize, Range<usize>)> = Vec::new();
    for (at, line) in service_list::free_lines(text) {
        let mut piece = at;
        for prompt in prompts(line) {
            extend(&mut found, piece..at + prompt);
            piece = at + prompt + PROMPT.len();
            found.push((at + prompt, piece..piece));
        }
        extend(&mut found, piece..at + line.len());
    }
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (from, range) in found {
        let Some(body) = text.get(range.clone()) else { continue };
        let is_prompt = from < range.start;
        if let Some(before) =
            sections.last_mut().filter(|last| last.start + last.text.len() == from && is_prompt)
        {
            before.ended = true;
            if body.trim().is_empty() {
                before.closing = Some(from..range.start);
                continue;
            }
        }
        if !body.trim().is_empty() {
            sections.push(Section { from, start: range.start, text: body, closing: None, ended: false });
        }
    }
    sections
}

/// Makes the last section longer, or begins one without a prompt.
fn extend(found: &mut Vec<(usize, Range<usize>)>, range: Range<usize>) {
    match found.last_mut() {
        _ if range.is_empty() => {}
        Some((_, last)) if last.end == range.start => last.end = range.end,
        _ => found.push((range.start, range)),
    }
}

/// Where prompts begin in a line.
fn prompts(line: &str) -> impl Iterator<Item = usize> {
    line.match_indices(PROMPT).map(|(at, _)| at).filter(|at| {
        line.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with(char::is_whitespace))
    })
}

impl<'a> Section<'a> {
    /// What stands behind the words of a command with which the section begins; `None` if it begins with others.
    pub(super) fn behind(&self, command: &str) -> Option<&'a str> {
        behind(self.text.trim_start(), command)
    }

    /// Offset of a part of the text in the whole.
    pub(super) fn offset(&self, part: &str) -> usize {
        // Both are slices of one text; anything else would be a mistake here, and must not be a panic.
        self.start + (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len())
    }

    /// The range of a part of the text in the whole.
    pub(super) fn range(&self, part: &str) -> Range<usize> {
        let from = self.offset(part);
        from..(from + part.len()).min(self.start + self.text.len())
    }

    /// The range of the prompt, if there is one, and of the text up to `rest`, blanks at the end left out.
    pub(super) fn head(&self, rest: &str) -> Range<usize> {
        let length = self.offset(rest) - self.start;
        let head = self.text.get(..length).unwrap_or_default().trim_end();
        self.from..self.start + head.len()
    }
}

/// What stands behind `words` at the beginning of a text, whatever their case; `None` if it begins otherwise.
pub(super) fn behind<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(words.len())?;
    let in_word = words.ends_with(char::is_alphanumeric) && rest.starts_with(|c: char| c.is_alphanumeric());
    (head.eq_ignore_ascii_case(words) && !in_word).then_some(rest)
}

/// The text up to the end of its line, and what follows.
pub(super) fn line(text: &str) -> (&str, &str) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The first word of a text, and what follows it.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// True if a word may be a host's name or an address: no sentence's word, nothing that a shell would take apart.
pub(super) fn is_host(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%' | '/');
    (1..=255).contains(&word.len())
        && word.chars().all(fits)
        && word.contains(|c: char| c.is_ascii_alphanumeric())
}

/// True if a word is written like an address, version 4 or 6, masked ones included: `192.0.2.10`, `x.x.x.1`.
pub(super) fn is_address(word: &str) -> bool {
    let part = |part: &str| part == "x" || part.len() <= 3 && part.parse::<u8>().is_ok();
    let four = word.split('.').count() == 4 && word.split('.').all(part);
    four || word.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Words as they are kept: blanks and line breaks are one blank each, the length is bounded.
pub(super) fn kept(text: &str) -> Arc<str> {
    let head = grammar::floor_char_boundary(text.trim(), WORDS_MAX);
    head.split_whitespace().collect::<Vec<_>>().join(" ").into()
}

/// True if `text` holds `words`, whatever the case of its letters; `words` are in lower case.
pub(super) fn has(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|part| part.eq_ignore_ascii_case(words.as_bytes()))
}

/// The passages of an output while it is read.
#[derive(Default)]
pub(super) struct Passages {
    passages: Vec<Passage>,
    says: bool,
}

impl Passages {
    /// Adds what says nothing by itself.
    pub(super) fn known(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.passages.push(Passage { range, content: Content::Known });
        }
    }

    /// Adds a statement.
    pub(super) fn says(&mut self, range: Range<usize>, says: Says) {
        self.says = true;
        self.passages.push(Passage { range, content: Content::Says(says) });
    }

    /// Adds a statement about the platform.
    pub(super) fn platform(&mut self, range: Range<usize>, line: PlatformLine) {
        self.says(range, Says::Platform(line));
    }

    /// Adds the lines of a part of a section that begin with one of `heads`, or are a rule; and the closing prompt.
    pub(super) fn furniture(&mut self, section: &Section<'_>, part: &str, heads: &[&str]) {
        for line in part.lines() {
            let trimmed = line.trim();
            if is_rule(trimmed) || heads.iter().any(|head| behind(trimmed, head).is_some()) {
                self.known(section.range(trimmed));
            }
        }
        self.known(section.closing.clone().unwrap_or_default());
    }

    /// Adds the lines of a part of a section, and the closing prompt: they belong to what was stated.
    pub(super) fn lines(&mut self, section: &Section<'_>, part: &str) {
        for line in part.lines() {
            self.known(section.range(line.trim()));
        }
        self.known(section.closing.clone().unwrap_or_default());
    }

    /// True if anything was stated.
    pub(super) fn is_statement(&self) -> bool {
        self.says
    }

    /// The passages in order; none if nothing was stated.
    pub(super) fn finish(self) -> Vec<Passage> {
        if self.says { self.all() } else { Vec::new() }
    }

    /// The passages in order, whether or not anything was stated.
    pub(super) fn all(mut self) -> Vec<Passage> {
        self.passages.sort_by_key(|passage| (passage.range.start, passage.range.end));
        self.passages
    }
}

/// True for a line of `=` or `-`, blanks between them allowed.
pub(super) fn is_rule(line: &str) -> bool {
    line.len() >= 3 && line.bytes().all(|byte| matches!(byte, b'=' | b'-' | b' ')) && !line.trim().is_empty()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::formats::DocumentFormat;

    /// Every line of a text that is not blank is touched by a passage, and passages stand at character boundaries.
    #[track_caller]
    pub(in crate::formats) fn check_covered(format: &DocumentFormat, text: &str) {
        let passages = (format.read)(text);
        for passage in &passages {
            assert!(text.get(passage.range.clone()).is_some(), "{:?}", passage.range);
        }
        for (start, line) in service_list::lines(text).filter(|(_, line)| !line.trim().is_empty()) {
            let touched = |p: &Passage| p.range.start < start + line.len() && start < p.range.end;
            assert!(passages.iter().any(touched), "not covered: {line:?}");
        }
    }

    /// What an output says, in the words of the debugger.
    pub(in crate::formats) fn said(format: &DocumentFormat, text: &str) -> Vec<Says> {
        let says = |passage: Passage| match passage.content {
            Content::Says(says) => Some(says),
            _ => None,
        };
        (format.read)(text).into_iter().filter_map(says).collect()
    }

    /// One line of a text, blanks folded.
    pub(in crate::formats) fn flat(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// No text made from `text` by cutting or by putting a character in panics, and passages stay at boundaries.
    #[track_caller]
    pub(in crate::formats) fn check_broken(format: &DocumentFormat, text: &str) {
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let check = |text: &str| {
            for passage in (format.read)(text) {
                assert!(text.get(passage.range.clone()).is_some(), "{:?} of {text:?}", passage.range);
            }
        };
        for at in boundaries {
            let (head, tail) = text.split_at(at);
            check(head);
            check(tail);
            for put in ["é", "\u{1F600}", "\u{a0}", "\n", "\r", "\0", "admin:", ":", "="] {
                check(&format!("{head}{put}{tail}"));
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, bool)]) {
        let found: Vec<(&str, bool)> =
            sections(text).into_iter().map(|section| (section.text.trim(), section.ended)).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn prompts_divide_a_paste_on_one_line_or_on_many() {
        let expected = [("show x\na", true), ("show y b", true)];
        check("admin:show x\na\nadmin:show y b\nadmin:\n", &expected);
        check("admin:show x\r\na\r\nadmin: show y b\r\nadmin:", &[("show x\r\na", true), ("show y b", true)]);
        check("admin:show x a admin:show y b admin:", &[("show x a", true), ("show y b", true)]);
        check("front\nadmin:show x", &[("front", true), ("show x", false)]);
        check("sysadmin: no prompt", &[("sysadmin: no prompt", false)]);
    }

    #[test]
    fn a_log_record_divides_as_well() {
        let record = "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nbelongs to it\n";
        check(&format!("a\n{record}admin:show x\n"), &[("a", false), ("show x", false)]);
        check(record, &[]);
    }

    #[test]
    fn an_empty_prompt_closes_what_it_follows() {
        let text = "admin:show x\na\nadmin:\n";
        let section = sections(text).remove(0);
        assert_eq!(section.closing.map(|range| &text[range]), Some("admin:"));
        assert_eq!(section.from, 0);
        assert!(sections("admin:\nadmin:\n").is_empty());
    }

    #[test]
    fn many_prompts_are_many_sections_and_no_more() {
        assert_eq!(sections(&"admin:x ".repeat(50_000)).len(), 50_000);
        assert!(sections(&"admin: ".repeat(50_000)).is_empty());
    }

    #[test]
    fn addresses_and_names_are_told_from_words() {
        assert!(is_address("192.0.2.10") && is_address("2001:db8::1") && is_address("x.x.x.1"));
        assert!(!is_address("uccxpub.example.com") && !is_address("1.2.3") && !is_address("192.0.2.256"));
        assert!(
            is_host("uccxpub.example.com") && is_host("2001:db8::1") && !is_host("(y/n)?") && !is_host("...")
        );
    }
}
