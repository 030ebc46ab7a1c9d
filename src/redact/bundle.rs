//! `uccxray redact`: a bundle's texts again, as one zip, with every name replaced as in a redacted report.
//!
//! The bundle is read three times: once like `analyze`, to know what names its structure holds, once to learn what stands
//! behind labels, once to write. What is no text is left out: nobody can search it.

use std::io::{self, Cursor, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use reports::redact::Redactor;
use zip::ZipWriter;

use super::Redaction;
use crate::analyze::{self, UsageError, complain};
use crate::bundle::{self, End, Meta, Visitor};
use crate::cli::AnalyzeArgs;
use crate::exit::Exit;
use crate::{excerpt, output, pack};

/// Most bytes of a line that are looked at in one piece; a longer one is parted at a blank.
const LINE_MAX: usize = 1 << 20;

/// Runs the verb.
///
/// # Errors
/// No zip to write, standard input, a map that cannot be read.
pub(crate) fn run(args: &AnalyzeArgs) -> Result<Exit, UsageError> {
    let [target] = args.output.as_slice() else {
        return Err(UsageError::new("redact: name one zip to write with -o FILE.zip".to_owned()));
    };
    if !target.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
        return Err(UsageError::new(format!(
            "redact into {}: a redacted bundle is a .zip",
            target.display()
        )));
    }
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(UsageError::new(
            "redact standard input: it is read more than once; save it first".to_owned(),
        ));
    }
    let mut redaction = Redaction::open(args.map.as_deref())?;
    let facts = analyze::read(args)?;
    redaction.redactor.learn(&analyze::report(&facts));
    let learn = Mutex::new(&mut redaction.redactor);
    let teach = |text: &str| learn.lock().unwrap_or_else(PoisonError::into_inner).learn_text(text);
    walk(args, &Lines { begin: &|path| teach(path), line: &|line| teach(line) })?;
    let writer = Mutex::new(Writing {
        zip: ZipWriter::new(Cursor::new(Vec::new())),
        failed: None,
        leaks: false,
        left_out: Vec::new(),
    });
    let redactor: &Redactor = &redaction.redactor;
    let begin = |path: &str| {
        let path = excerpt::safe(&redactor.text(path));
        let mut writing = writer.lock().unwrap_or_else(PoisonError::into_inner);
        writing.leaks |= !redaction.is_clean("a name in the zip", path.as_bytes());
        let begun = writing.zip.start_file(path, pack::options());
        writing.note(begun.map_err(io::Error::other));
    };
    let line = |line: &str| {
        let text = redactor.text(line);
        let mut writing = writer.lock().unwrap_or_else(PoisonError::into_inner);
        writing.leaks |= !redactor.leaks(text.as_bytes()).is_empty();
        let written = writing.zip.write_all(text.as_bytes());
        writing.note(written);
    };
    let left_out = walk(args, &Lines { begin: &begin, line: &line })?;
    let mut writing = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
    writing.left_out = left_out;
    let outputs: Vec<PathBuf> = vec![target.clone()];
    let done = writing.finish().and_then(|bytes| {
        redaction.keep(&outputs)?;
        output::replace_file(target, |out| out.write_all(&bytes)).map_err(|error| error.to_string())
    });
    if let Err(why) = done {
        complain(&format!("cannot write {}: {why}", target.display()));
        return Ok(Exit::Failure);
    }
    facts.incomplete.iter().for_each(|says| complain(says));
    Ok(if analyze::is_damaged(&facts) { Exit::Incomplete } else { Exit::Ok })
}

/// Reads every text of the paths, member by member; returns the members that are no text.
fn walk(args: &AnalyzeArgs, lines: &Lines<'_>) -> Result<Vec<String>, UsageError> {
    let look = Look { lines, left_out: Mutex::new(Vec::new()) };
    let bounds = analyze::bounds(args);
    // One thread: the zip is written member by member.
    bundle::read(&args.paths, 1, &bounds.bundle, &look)
        .map_err(|error| UsageError::new(error.to_string()))?;
    Ok(look.left_out.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What is done with each member's path, and then with each of its lines, line break included.
struct Lines<'a> {
    begin: &'a (dyn Fn(&str) + Sync),
    line: &'a (dyn Fn(&str) + Sync),
}

struct Look<'a> {
    lines: &'a Lines<'a>,
    left_out: Mutex<Vec<String>>,
}

/// A member that is read.
struct Reading {
    path: String,
    begun: bool,
    binary: bool,
    open: Vec<u8>,
}

impl Visitor for Look<'_> {
    type Member = Reading;

    fn open(&self, meta: &Meta) -> Reading {
        let path = meta.path.clone().unwrap_or_else(|| format!("{}.txt", meta.source + 1));
        let path = path.strip_suffix(".gz").map(str::to_owned).unwrap_or(path);
        Reading { path, begun: false, binary: false, open: Vec::new() }
    }

    fn chunk(&self, member: &mut Reading, bytes: &[u8]) -> ControlFlow<()> {
        if !member.begun {
            // A log has no NUL byte in its first piece, whatever its encoding errors; UTF-16 is no log of these systems.
            member.binary = bytes.contains(&0);
            if member.binary {
                return ControlFlow::Break(());
            }
            member.begun = true;
            (self.lines.begin)(&member.path);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            member.open.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.flush(member, usize::MAX);
            } else if member.open.len() > LINE_MAX {
                let blank = member.open.iter().rposition(|byte| *byte == b' ');
                self.flush(member, blank.map_or(usize::MAX, |at| at + 1));
            }
        }
        ControlFlow::Continue(())
    }

    fn close(&self, mut member: Reading, _: Meta, end: End) {
        if member.begun {
            self.flush(&mut member, usize::MAX);
        } else if member.binary || !matches!(end, End::Complete) {
            self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(member.path);
        }
    }
}

impl Look<'_> {
    /// Hands on the first bytes of what is open.
    fn flush(&self, member: &mut Reading, bytes: usize) {
        let rest = member.open.split_off(bytes.min(member.open.len()));
        if !member.open.is_empty() {
            (self.lines.line)(&String::from_utf8_lossy(&member.open));
        }
        member.open = rest;
    }
}

/// The zip that is written.
struct Writing {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    failed: Option<String>,
    leaks: bool,
    left_out: Vec<String>,
}

impl Writing {
    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error.to_string());
        }
    }

    /// The bytes of the zip, unless something went wrong on the way.
    fn finish(self) -> Result<Vec<u8>, String> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        if self.leaks {
            return Err(
                "it would still hold original values; nothing is written. Please report this as a fault"
                    .to_owned(),
            );
        }
        for path in &self.left_out {
            complain(&format!("left out, for it is no text: {path}"));
        }
        Ok(self.zip.finish().map_err(|error| error.to_string())?.into_inner())
    }
}
