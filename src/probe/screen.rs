//! The answers for a person: one screen, in the order of the checklist.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use reports::escape;
use reports::report::{CheckOutcome, Confidence, Severity};
use reports::time::Zone;

use super::document::{Check, Document};
use crate::cli::{Color, ProbeArgs};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Column of the sentences.
const TEXT: usize = 12;

/// Column of what belongs to a sentence.
const BELOW: usize = 15;

/// Longest text of one paragraph, in characters.
const PARAGRAPH_MAX: usize = 1_200;

/// How the screen looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) width: usize,
    pub(super) color: bool,
    pub(super) ascii: bool,
}

impl Look {
    /// As the arguments and the terminal want it.
    pub(super) fn new(args: &ProbeArgs) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !no_color,
        };
        let columns = || {
            let size = terminal_size::terminal_size().filter(|_| terminal);
            size.map_or(80, |(width, _)| usize::from(width.0))
        };
        Self { width: args.width.unwrap_or_else(columns).clamp(60, 200), color, ascii: args.ascii }
    }
}

/// The screen.
pub(super) fn render(document: &Document, look: &Look) -> String {
    let mut screen = Screen { out: String::new(), look: *look };
    // Writing to a string cannot fail.
    let _ = screen.document(document);
    screen.out
}

struct Screen {
    out: String,
    look: Look,
}

impl Screen {
    fn document(&mut self, document: &Document) -> fmt::Result {
        let whom = if document.target == "direct" { "Cisco, directly" } else { "CSSM On-Prem" };
        let title = format!("UCCX licensing probe of {whom}, {}", Zone::Utc.show(document.at.0));
        self.row(0, ("", PLAIN), (&title, BOLD))?;
        let rule = if self.look.ascii { "-" } else { "─" }.repeat(self.look.width);
        self.styled(&rule, DIM)?;
        self.out.write_char('\n')?;
        self.row(0, ("", PLAIN), (&with(document), DIM))?;
        let mut section = None;
        for check in &document.checks {
            if section != Some(&check.url) {
                section = Some(&check.url);
                self.out.write_char('\n')?;
                self.row(0, ("", PLAIN), (check.url.as_deref().unwrap_or("This host"), BOLD))?;
            }
            self.check(check)?;
        }
        self.out.write_char('\n')?;
        let (text, style) = verdict(document);
        self.row(0, ("", PLAIN), (&text, style))
    }

    fn check(&mut self, check: &Check) -> fmt::Result {
        let (word, style) = match (check.outcome, check.severity) {
            (CheckOutcome::Pass, _) => ("pass", GOOD),
            (CheckOutcome::NoEvidence, _) => ("unknown", WARN),
            (CheckOutcome::NotApplicable, _) => ("n/a", DIM),
            (CheckOutcome::Fail, Some(severity)) => (severity.name(), bad(severity)),
            (CheckOutcome::Fail, None) => ("fail", BAD),
        };
        let failed = if check.outcome == CheckOutcome::Fail { " FAILED" } else { "" };
        let sure = match check.confidence {
            Some(confidence) if confidence < Confidence::High => {
                format!(" ({} confidence)", confidence.name())
            }
            _ => String::new(),
        };
        let says = format!("{}{failed}{sure}: {}", check.id, check.says);
        let quiet = if check.outcome == CheckOutcome::NotApplicable { DIM } else { PLAIN };
        self.row(TEXT, (word, style), (&says, quiet))?;
        if let Some(remedy) = &check.remedy {
            self.row(BELOW, ("→", BOLD), (remedy, PLAIN))?;
        }
        for line in &check.lines {
            let indent = line.len() - line.trim_start().len();
            self.row(BELOW + indent, ("", PLAIN), (line.trim_start(), DIM))?;
        }
        Ok(())
    }

    /// A label, and its text at column `at`, wrapped below itself.
    fn row(
        &mut self,
        at: usize,
        (label, label_style): (&str, Style),
        (text, style): (&str, Style),
    ) -> fmt::Result {
        let text = self.clean(text);
        let label = self.clean(label);
        // At blanks only: a command, a name or a URL must survive copying.
        let options = textwrap::Options::new(self.look.width.saturating_sub(at).max(20))
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
        for (number, line) in textwrap::wrap(&text, options).iter().enumerate() {
            let indent = if at == BELOW && !label.is_empty() { TEXT } else { 2 };
            if number == 0 && !label.is_empty() {
                write!(self.out, "{:indent$}", "")?;
                self.styled(&label, label_style)?;
                // Labels are our own words, one column a character.
                let used = indent + label.chars().count();
                write!(self.out, "{:1$}", "", at.saturating_sub(used))?;
            } else {
                write!(self.out, "{:at$}", "")?;
            }
            self.styled(line.trim_end(), style)?;
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    /// Every text passes here, whoever wrote it: then no call can forget it.
    fn clean(&self, text: &str) -> String {
        let text = escape::cut(text, PARAGRAPH_MAX);
        if !self.look.ascii {
            return escape::terminal(&text).into_owned();
        }
        let text = text.replace('→', "->").replace('…', "...");
        escape::ascii(&text).into_owned()
    }

    fn styled(&mut self, text: &str, style: Style) -> fmt::Result {
        if self.look.color && style != PLAIN {
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_str(text)
        }
    }
}

fn bad(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => WARN,
        Severity::Low | Severity::Info => PLAIN,
    }
}

/// What the run was given to work with.
fn with(document: &Document) -> String {
    let with = &document.with;
    let own = |text: &str| if text == "system" { "this host's".to_owned() } else { text.to_owned() };
    let mut parts =
        vec![format!("DNS: {}", own(&with.dns)), format!("trusted certificates: {}", own(&with.ca))];
    parts.extend(with.proxy.as_ref().map(|proxy| format!("proxy: {proxy}")));
    parts.extend(with.ntp.as_ref().map(|ntp| format!("NTP: {ntp}")));
    parts.push(format!("longest wait: {} s", with.timeout_s));
    parts.join("; ")
}

fn verdict(document: &Document) -> (String, Style) {
    let count = |outcome| document.checks.iter().filter(|check| check.outcome == outcome).count();
    let unknown = match count(CheckOutcome::NoEvidence) {
        0 => String::new(),
        n => format!("; {n} could not be answered"),
    };
    match (count(CheckOutcome::Fail), document.worst()) {
        (0, _) | (_, None) => {
            (format!("No check failed{unknown}. What holds here may not hold on the nodes."), BOLD)
        }
        (n, Some(worst)) => {
            let checks = if n == 1 { "check" } else { "checks" };
            (format!("{n} {checks} failed, the worst is {}{unknown}.", worst.name()), bad(worst))
        }
    }
}
