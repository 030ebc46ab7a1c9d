//! Lines for a screen: cleaned, wrapped, aligned, coloured; in this order, so that nothing in the input can break out
//! of its column or colour.

use std::fmt;

use anstyle::{AnsiColor, Style};
use textwrap::{WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::escape;
use crate::render::Options;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

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

    /// A table whose first column holds names and the others numbers, right-aligned. Where it is too wide, each row
    /// becomes a sentence.
    pub(crate) fn table(&mut self, indent: usize, heads: &[&str], rows: &[Vec<String>]) -> fmt::Result {
        const NAME_MAX: usize = 24;
        const APART: usize = 2;
        let clean = |row: &Vec<String>| -> Vec<String> { row.iter().map(|cell| self.clean(cell)).collect() };
        let rows: Vec<Vec<String>> = rows.iter().map(clean).collect();
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
            cells.chain(heads.get(column).map(|head| head.width())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (1..heads.len()).map(|column| widest(column) + APART).collect();
        let name = widest(0).min(NAME_MAX);
        if self.width < indent + name + widths.iter().sum::<usize>() {
            for row in &rows {
                let (name, cells) =
                    row.split_first().map_or(("", &[][..]), |(name, cells)| (name.as_str(), cells));
                let cells: Vec<String> =
                    heads.iter().skip(1).zip(cells).map(|(head, cell)| format!("{head} {cell}")).collect();
                self.para(indent, &format!("{name}: {}", cells.join(", ")), PLAIN)?;
            }
            return Ok(());
        }
        let line = |cells: &[String]| {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                match column.checked_sub(1).and_then(|column| widths.get(column)) {
                    Some(width) => line.push_str(&" ".repeat(width.saturating_sub(cell.width()))),
                    None => line.clear(),
                }
                let shown =
                    if column == 0 { shortened(cell, name, self.options.ascii) } else { cell.clone() };
                line.push_str(&shown);
                if column == 0 {
                    line.push_str(&" ".repeat(name.saturating_sub(shown.width())));
                }
            }
            line.trim_end().to_owned()
        };
        let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
        let lines: Vec<String> = std::iter::once(&heads).chain(&rows).map(|cells| line(cells)).collect();
        for (i, text) in lines.iter().enumerate() {
            self.line(indent, text, if i == 0 { DIM } else { PLAIN })?;
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
        let text = escape::cut(text, escape::SHOWN_MAX);
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

/// `text` with each time and length of time held together: a date apart from its time of day is misread under stress.
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
        let unit = word.trim_end_matches([',', ';', ':', '.', ')']);
        let length = matches!(unit, "s" | "min" | "h" | "d" | "%")
            && before.trim_start_matches('(').bytes().all(|b| b.is_ascii_digit());
        if i > 0 {
            out.push(if date_and_time || time_and_offset || length { GLUE } else { ' ' });
        }
        out.push_str(word);
        before = word;
    }
    out
}

/// The head of a name that is wider than its column.
fn shortened(name: &str, width: usize, ascii: bool) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let mark = if ascii { "..." } else { "…" };
    let mut out = String::new();
    for c in name.chars() {
        if width < out.width() + c.width().unwrap_or(0) + mark.width() {
            break;
        }
        out.push(c);
    }
    out + mark
}

/// What a glyph of our own becomes in ASCII.
fn own_glyph(c: char) -> Option<&'static str> {
    match c {
        '·' | '–' | '—' | '─' | '−' => Some("-"),
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
    fn numbers_of_a_table_stand_below_each_other() {
        let shown = |options: &Options, name: &str, number: &str| {
            let mut out = String::new();
            let rows = [
                vec!["B".to_owned(), "1".to_owned(), "–".to_owned()],
                vec![name.into(), number.into(), "3".into()],
            ];
            Screen::new(&mut out, options).table(2, &["", "purchased", "peak"], &rows).unwrap();
            out
        };
        let options = Options { ascii: true, ..Options::default() };
        assert_eq!(
            shown(&options, "PREMIUM", "100"),
            "           purchased  peak\n  B                1     -\n  PREMIUM        100     3\n"
        );
        assert!(
            shown(&options, &"x".repeat(40), "2").contains("\n  xxxxxxxxxxxxxxxxxxxxx...          2     3\n")
        );
        let narrow = Options { width: 60, ..Options::default() };
        assert!(shown(&narrow, "A", &"9".repeat(60)).ends_with("9, peak 3\n"));
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
