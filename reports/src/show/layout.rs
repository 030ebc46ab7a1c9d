//! Lines for a screen: cleaned, wrapped, aligned, coloured; in this order, so that nothing in the input can break out
//! of its column or colour.

use std::fmt;

use anstyle::{AnsiColor, Style};
use textwrap::{WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthStr as _;

use crate::escape;
use crate::render::Options;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Longest text that one cell of the screen shows, in characters.
const CELL_MAX: usize = 600;

/// A screen that is written line by line.
pub(crate) struct Screen<'a> {
    out: &'a mut dyn fmt::Write,
    width: usize,
    options: Options,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(out: &'a mut dyn fmt::Write, options: &Options) -> Self {
        Self { out, width: options.width.clamp(60, 200), options: *options }
    }

    pub(crate) fn blank(&mut self) -> fmt::Result {
        self.out.write_char('\n')
    }

    /// A line across the screen.
    pub(crate) fn rule(&mut self) -> fmt::Result {
        let line = if self.options.ascii { "-" } else { "─" }.repeat(self.width);
        self.styled(&line, DIM)?;
        self.blank()
    }

    /// A paragraph that begins `indent` columns in.
    pub(crate) fn para(&mut self, indent: usize, text: &str, style: Style) -> fmt::Result {
        self.row(indent, indent, ("", PLAIN), (text, style))
    }

    /// A label at column `indent` and its text at column `at`, wrapped below itself.
    pub(crate) fn row(
        &mut self,
        indent: usize,
        at: usize,
        (label, label_style): (&str, Style),
        (text, style): (&str, Style),
    ) -> fmt::Result {
        let label = self.clean(label);
        let text = self.clean(text);
        let mut lines = self.wrap(&text, at).into_iter();
        // A label that reaches into the text stands on a line of its own.
        let fits = indent + label.width() < at;
        if !label.is_empty() {
            for (i, line) in self.wrap(&label, indent).iter().enumerate() {
                if i > 0 {
                    self.blank()?;
                }
                write!(self.out, "{:indent$}", "")?;
                self.styled(line, label_style)?;
            }
        }
        match lines.next() {
            Some(first) if label.is_empty() || fits => {
                let used = if label.is_empty() { 0 } else { indent + label.width() };
                write!(self.out, "{:1$}", "", at.saturating_sub(used))?;
                self.styled(&first, style)?;
                self.blank()?;
            }
            Some(first) => {
                self.blank()?;
                self.line(at, &first, style)?;
            }
            None => self.blank()?,
        }
        for line in lines {
            self.line(at, &line, style)?;
        }
        Ok(())
    }

    fn line(&mut self, at: usize, line: &str, style: Style) -> fmt::Result {
        write!(self.out, "{:at$}", "")?;
        self.styled(line, style)?;
        self.blank()
    }

    /// Every text passes here, whoever wrote it: then no call can forget it.
    fn clean(&self, text: &str) -> String {
        let text = escape::cut(text, CELL_MAX);
        if self.options.ascii {
            let text: String =
                text.chars().map(|c| own_glyph(c).map_or(c.to_string(), str::to_owned)).collect();
            escape::ascii(&text).into_owned()
        } else {
            escape::terminal(&text).into_owned()
        }
    }

    fn wrap(&self, text: &str, at: usize) -> Vec<String> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        // Broken at blanks only: a command or a path must survive copying.
        let text = glued(text);
        let options = textwrap::Options::new(self.width.saturating_sub(at).max(20))
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        textwrap::wrap(&text, options).iter().map(|line| line.trim_end().replace(GLUE, " ")).collect()
    }

    fn styled(&mut self, text: &str, style: Style) -> fmt::Result {
        if self.options.color && style != PLAIN {
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_str(text)
        }
    }
}

/// A blank that no line is broken at; it never reaches the screen.
const GLUE: char = '\u{a0}';

/// `text` with each time held together: a date apart from its time of day is misread under stress.
fn glued(text: &str) -> String {
    let starts = |word: &str, form: &str| {
        let mut bytes = word.bytes();
        form.bytes()
            .all(|f| bytes.next().is_some_and(|b| if f == b'0' { b.is_ascii_digit() } else { b == f }))
    };
    let mut out = String::with_capacity(text.len());
    let mut before = "";
    for (i, word) in text.split(' ').enumerate() {
        let date_and_time = starts(before.trim_start_matches('('), "0000-00-00") && starts(word, "00:00");
        let time_and_offset = starts(before, "00:00") && (starts(word, "+00:00") || starts(word, "-00:00"));
        if i > 0 {
            out.push(if date_and_time || time_and_offset { GLUE } else { ' ' });
        }
        out.push_str(word);
        before = word;
    }
    out
}

/// What a glyph of our own becomes in ASCII.
fn own_glyph(c: char) -> Option<&'static str> {
    match c {
        '·' | '–' | '—' | '─' => Some("-"),
        '…' => Some("..."),
        '→' => Some("->"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: Options, label: &str, text: &str, expected: &str) {
        let mut out = String::new();
        Screen::new(&mut out, &options).row(2, 10, (label, BOLD), (text, PLAIN)).unwrap();
        assert_eq!(out, expected);
    }

    #[test]
    fn text_hangs_below_itself() {
        let narrow = Options { width: 60, ..Options::default() };
        let text = "a sentence that is too long for one line of sixty columns";
        check(
            narrow,
            "Why",
            text,
            "  Why     a sentence that is too long for one line of sixty\n          columns\n",
        );
    }

    #[test]
    fn a_time_is_never_torn() {
        let narrow = Options { width: 60, ..Options::default() };
        let text = "it is due in this night, 2026-04-02 11:00:05 +05:30, or so";
        let expected = "  Why     it is due in this night,\n          2026-04-02 11:00:05 +05:30, or so\n";
        check(narrow, "Why", text, expected);
    }

    #[test]
    fn a_long_label_stands_alone() {
        check(Options::default(), "registration", "known", "  registration\n          known\n");
    }

    #[test]
    fn colour_is_outside_the_text_and_optional() {
        check(Options { color: true, ..Options::default() }, "Why", "x", "  \u{1b}[1mWhy\u{1b}[0m     x\n");
    }

    #[test]
    fn ascii_keeps_our_meaning_and_spells_the_input() {
        check(
            Options { ascii: true, ..Options::default() },
            "·",
            "é …\u{7}",
            "  -       \\u{e9} ...\\u{7}\n",
        );
    }
}
