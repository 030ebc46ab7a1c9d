//! A second look at the bundle, for what a pack quotes: cited lines with their neighbours, and outputs of commands.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use history::facts::{Facts, MemberOutcome};
use reports::Report;

use crate::analyze;
use crate::bundle::{self, End, Meta, Visitor};
use crate::cli::AnalyzeArgs;

/// Most bytes of a line that are quoted; a longer one says that it was cut.
const LINE_MAX: usize = 16 << 10;

/// Most bytes of an output that are packed.
const OUTPUT_MAX: usize = 4 << 20;

/// Most bytes of quoted lines of one member.
const MEMBER_MAX: usize = 64 << 20;

/// What was quoted, by a path that is safe in an archive.
#[derive(Debug, Default)]
pub(crate) struct Excerpts {
    /// Cited lines of logs with their neighbours, numbered, hidden characters spelled out.
    pub(crate) lines: BTreeMap<String, String>,
    /// Outputs of commands, as they were collected.
    pub(crate) outputs: BTreeMap<String, Vec<u8>>,
}

impl Excerpts {
    /// Shows every line that is quoted, and every path, as [`Self::map`] does.
    pub(crate) fn texts(&self, show: &mut dyn FnMut(&str)) {
        self.lines.keys().chain(self.outputs.keys()).for_each(|path| show(path));
        self.lines.values().flat_map(|text| text.lines()).for_each(&mut *show);
        // A workbook shows nothing.
        for bytes in self.outputs.values().filter(|bytes| !bytes.contains(&0)) {
            String::from_utf8_lossy(bytes).lines().for_each(&mut *show);
        }
    }

    /// The same with every line and path replaced; bytes that are no UTF-8 are written as the replacement character.
    pub(crate) fn map(self, replace: &dyn Fn(&str) -> String) -> Self {
        let text = |text: &str| -> String { text.split_inclusive('\n').map(replace).collect() };
        let lines = self.lines.iter().map(|(path, lines)| (replace(path), text(lines)));
        let outputs = self
            .outputs
            .iter()
            .map(|(path, bytes)| (replace(path), text(&String::from_utf8_lossy(bytes)).into_bytes()));
        Self { lines: lines.collect(), outputs: outputs.collect() }
    }
}

/// What is wanted of a member.
enum Wanted {
    /// These ranges of bytes, ascending, with neighbours.
    Lines(Arc<[(u64, u64)]>),
    /// Everything.
    Whole,
}

/// A member: the number of its source and its path, empty for a plain file.
type Key = (usize, String);

/// What was quoted of a member.
enum Quoted {
    Lines(String),
    Output(Vec<u8>),
}

struct Look {
    wanted: HashMap<Key, Wanted>,
    /// The number of each source that is read again, among all sources.
    numbers: Vec<usize>,
    context: usize,
    found: Mutex<BTreeMap<Key, Quoted>>,
}

/// Formats of logs: of these only cited lines are quoted. Everything else that was read is an output of a command or a
/// small table, and is quoted whole.
const LOGS: [&str; 5] = ["uccx-trace", "ciscolog", "rtmt-alert", "alert-email", "alert-log"];

/// Reads the bundle again; what cannot be read was told at the first look. Without a report no line of a log is quoted.
pub(crate) fn read(args: &AnalyzeArgs, facts: &Facts, report: Option<&Report>, context: u64) -> Excerpts {
    let sources: Vec<String> = facts.sources.iter().map(|source| source.path.clone()).collect();
    let number = |path: &str| sources.iter().position(|source| source == path);
    let mut ranges: HashMap<Key, Vec<(u64, u64)>> = HashMap::new();
    for line in report.map(Report::evidence).unwrap_or_default() {
        let Some(source) = number(&line.source) else { continue };
        let member = line.member.as_deref().unwrap_or_default().to_owned();
        let end = line.offset.saturating_add(line.length);
        ranges.entry((source, member)).or_default().push((line.offset, end));
    }
    let mut wanted = HashMap::new();
    for member in &facts.members {
        let read = matches!(member.outcome, MemberOutcome::Read | MemberOutcome::Partial(_));
        let path = member.path.as_deref().unwrap_or_default().to_owned();
        let key = (member.source, path);
        let is_log = member.format.is_none_or(|format| LOGS.contains(&format));
        match ranges.remove(&key) {
            Some(mut lines) if is_log => {
                lines.sort_unstable();
                lines.dedup();
                wanted.insert(key, Wanted::Lines(lines.into()));
            }
            _ if read && !is_log => drop(wanted.insert(key, Wanted::Whole)),
            _ => {}
        }
    }
    // What holds nothing that is wanted is not opened again.
    let needed: HashSet<usize> = wanted.keys().map(|(source, _)| *source).collect();
    let paths = analyze::sources(args);
    let paths = paths.paths.into_iter().chain(paths.usage.into_iter().map(|(path, _)| path));
    // Standard input is gone; a path that is not there was told at the first look.
    let again = paths.filter(|path| path.as_os_str() != "-" && std::fs::metadata(path).is_ok());
    let again = again.filter_map(|path| Some((number(&path.to_string_lossy())?, path)));
    let again = again.filter(|(number, _)| needed.contains(number));
    let (numbers, paths): (Vec<usize>, Vec<PathBuf>) = again.unzip();
    let context = usize::try_from(context).unwrap_or(usize::MAX).min(10_000);
    let look = Look { wanted, numbers, context, found: Mutex::new(BTreeMap::new()) };
    let bounds = analyze::bounds(args);
    if bundle::read(&paths, bounds.jobs, &bounds.bundle, &look).is_err() {
        analyze::complain("cannot read the bundle a second time: the pack quotes no lines");
    }
    named(&sources, look.found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Gives each member a path in the archive, in a fixed order; two that would be the same get a number.
fn named(sources: &[String], found: BTreeMap<Key, Quoted>) -> Excerpts {
    let mut excerpts = Excerpts::default();
    let mut taken = HashSet::new();
    for ((source, path), quoted) in found {
        let whole = sources.get(source).map_or("", String::as_str);
        let base = whole.rsplit(['/', '\\']).next().unwrap_or(whole);
        let name = match (path.as_str(), sources.len()) {
            ("", _) => safe(base),
            (path, 0 | 1) => safe(path),
            (path, _) => safe(&format!("{}-{base}/{path}", source + 1)),
        };
        let numbered = (2..).map(|n| format!("{name}~{n}"));
        // File systems that do not tell cases apart must not lose one.
        let free =
            std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase()));
        let name = free.unwrap_or(name);
        match quoted {
            Quoted::Lines(text) => drop(excerpts.lines.insert(name, text)),
            Quoted::Output(bytes) => drop(excerpts.outputs.insert(name, bytes)),
        }
    }
    excerpts
}

/// A member that is read again.
enum Reading {
    Nothing,
    Whole(Vec<u8>),
    Lines(Box<Lines>),
}

struct Lines {
    wanted: Arc<[(u64, u64)]>,
    /// The first range that may still matter.
    next: usize,
    context: usize,
    number: u64,
    /// Where the open line begins, and its first bytes.
    begin: u64,
    open: Vec<u8>,
    length: u64,
    /// Lines before, in case the next one is cited.
    before: VecDeque<(u64, String)>,
    /// Lines to quote behind the last cited one.
    behind: usize,
    /// The number of the line quoted last.
    last: u64,
    out: String,
    full: bool,
}

impl Lines {
    fn new(wanted: Arc<[(u64, u64)]>, context: usize) -> Self {
        Self {
            wanted,
            next: 0,
            context,
            number: 0,
            begin: 0,
            open: Vec::new(),
            length: 0,
            before: VecDeque::new(),
            behind: 0,
            last: 0,
            out: String::new(),
            full: false,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.length += piece.len() as u64;
            let room = LINE_MAX.saturating_sub(self.open.len());
            self.open.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.ends_with(b"\n") {
                self.end();
            }
        }
    }

    /// The open line ends.
    fn end(&mut self) {
        if self.length == 0 {
            return;
        }
        self.number += 1;
        let end = self.begin + self.length;
        while self.wanted.get(self.next).is_some_and(|(_, to)| *to <= self.begin) {
            self.next += 1;
        }
        // Ranges are sorted by their beginnings; the few that overlap end near each other.
        let cited = self
            .wanted
            .iter()
            .skip(self.next)
            .take_while(|(from, _)| *from < end)
            .any(|(_, to)| *to > self.begin);
        if cited || self.behind > 0 || self.context > 0 {
            let text = String::from_utf8_lossy(&self.open);
            let text = reports::escape::terminal(text.trim_end_matches(['\n', '\r']));
            let cut = if self.length > self.open.len() as u64 {
                format!(" ... (cut, {} bytes in all)", self.length)
            } else {
                String::new()
            };
            let line = format!("{text}{cut}");
            if cited {
                for (number, line) in std::mem::take(&mut self.before) {
                    self.quote(number, ' ', &line);
                }
                self.quote(self.number, '>', &line);
                self.behind = self.context;
            } else if self.behind > 0 {
                self.behind -= 1;
                self.quote(self.number, ' ', &line);
            } else {
                self.before.push_back((self.number, line));
                if self.before.len() > self.context {
                    self.before.pop_front();
                }
            }
        }
        self.begin = end;
        self.open.clear();
        self.length = 0;
    }

    fn quote(&mut self, number: u64, mark: char, line: &str) {
        if self.full {
            return;
        }
        if self.out.len() > MEMBER_MAX {
            self.full = true;
            self.out.push_str("... (more cited lines are not quoted; report.json names them)\n");
            return;
        }
        if self.last != 0 && number > self.last + 1 {
            self.out.push_str("...\n");
        }
        self.last = number;
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{mark} {number:>8} | {line}");
    }

    fn is_over(&self) -> bool {
        self.behind == 0 && self.next >= self.wanted.len()
    }
}

impl Visitor for Look {
    type Member = Reading;

    fn open(&self, meta: &Meta) -> Reading {
        let key = self.key(meta);
        match key.and_then(|key| self.wanted.get(&key)) {
            None => Reading::Nothing,
            Some(Wanted::Whole) => Reading::Whole(Vec::new()),
            Some(Wanted::Lines(wanted)) => {
                Reading::Lines(Box::new(Lines::new(Arc::clone(wanted), self.context)))
            }
        }
    }

    fn chunk(&self, member: &mut Reading, bytes: &[u8]) -> ControlFlow<()> {
        match member {
            Reading::Nothing => return ControlFlow::Break(()),
            Reading::Whole(all) => {
                let room = OUTPUT_MAX.saturating_sub(all.len());
                all.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
                if room < bytes.len() {
                    return ControlFlow::Break(());
                }
            }
            Reading::Lines(lines) => {
                lines.feed(bytes);
                if lines.is_over() {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn close(&self, member: Reading, meta: Meta, _: End) {
        let Some(key) = self.key(&meta) else { return };
        let quoted = match member {
            Reading::Nothing => return,
            Reading::Whole(bytes) => Quoted::Output(bytes),
            Reading::Lines(mut lines) => {
                lines.end();
                Quoted::Lines(lines.out)
            }
        };
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(key, quoted);
    }
}

impl Look {
    fn key(&self, meta: &Meta) -> Option<Key> {
        Some((*self.numbers.get(meta.source)?, meta.path.clone().unwrap_or_default()))
    }
}

/// A path as an archive may hold it: no way out of it, nothing hidden, nothing that some system refuses.
pub(crate) fn safe(path: &str) -> String {
    let part = |part: &str| -> String {
        let clean: String = part
            .chars()
            .map(|c| {
                if c.is_control() || reports::escape::is_hidden(c) || "<>:\"|?*\\".contains(c) {
                    '_'
                } else {
                    c
                }
            })
            .take(200)
            .collect();
        if clean.chars().all(|c| c == '.') { "_".repeat(clean.len()) } else { clean }
    };
    let parts: Vec<String> = path.split('/').map(part).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "_".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &[(u64, u64)], context: usize, expected: &str) {
        for chunk in [1, 3, 1000] {
            let mut lines = Lines::new(wanted.into(), context);
            text.as_bytes().chunks(chunk).for_each(|bytes| lines.feed(bytes));
            lines.end();
            let found: Vec<String> =
                lines.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            assert_eq!(found.join("\n"), expected, "chunks of {chunk}");
        }
    }

    #[test]
    fn cited_lines_stand_between_their_neighbours() {
        let text = "a\nb\nc\nd\ne\nf\ng";
        check(text, &[(4, 5)], 1, "2 | b\n> 3 | c\n4 | d");
        check(text, &[(0, 1), (12, 13)], 1, "> 1 | a\n2 | b\n...\n6 | f\n> 7 | g");
        check(text, &[(2, 6)], 0, "> 2 | b\n> 3 | c");
        check(text, &[], 3, "");
        check(text, &[(0, 99), (2, 3)], 0, "> 1 | a\n> 2 | b\n> 3 | c\n> 4 | d\n> 5 | e\n> 6 | f\n> 7 | g");
    }

    #[test]
    fn what_is_hidden_is_spelled_out_and_what_is_long_is_cut() {
        check("\u{1b}[2Jx\r\n", &[(0, 5)], 0, "> 1 | \\u{1b}[2Jx");
        let long = "y".repeat(LINE_MAX + 10);
        check(
            &long,
            &[(0, 5)],
            0,
            &format!("> 1 | {} ... (cut, {} bytes in all)", "y".repeat(LINE_MAX), LINE_MAX + 10),
        );
    }

    #[test]
    fn paths_stay_inside_the_archive() {
        assert_eq!(safe("../../etc/passwd"), "__/__/etc/passwd");
        assert_eq!(safe("/abs//x:y"), "abs/x_y");
        assert_eq!(safe("a\u{202e}b!/c"), "a_b!/c");
        assert_eq!(safe(""), "_");
    }
}
