//! `uccxray redact`: a bundle's texts again, as one zip, with every name replaced as in a redacted report.
//!
//! The bundle is read three times: once like `analyze`, to know what names its structure holds, once to learn what stands
//! behind labels, once to write: into a file beside the target that only its owner may read, and that takes its name
//! only if no original was found in it. What is no text is left out: nobody can search it.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use reports::redact::{Names, Redactor};
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
    learn(args, &mut redaction.redactor)?;
    let outputs: Vec<PathBuf> = vec![target.clone()];
    let done = output::replace_private(target, |out| {
        let left_out = write(args, &redaction, out)?;
        // The map first: what cannot be traced back may not be what the user wants to send.
        redaction.keep(&outputs).map_err(io::Error::other)?;
        left_out.iter().for_each(|path| complain(&format!("left out, for it is no text: {path}")));
        Ok::<(), io::Error>(())
    });
    if let Err(why) = done {
        complain(&format!("cannot write {}: {why}", target.display()));
        return Ok(Exit::Failure);
    }
    facts.incomplete.iter().for_each(|says| complain(says));
    Ok(if analyze::is_damaged(&facts) { Exit::Incomplete } else { Exit::Ok })
}

/// Learns what stands behind labels in every text.
fn learn(args: &AnalyzeArgs, redactor: &mut Redactor) -> Result<(), UsageError> {
    let learned = Mutex::new(Names::default());
    let known: &Redactor = redactor;
    let begin = |path: &str| {
        let mut names = Names::default();
        known.gather(path, &mut names);
        names
    };
    let line = |names: &mut Names, line: &str| known.gather(line, names);
    let end = |names: Names| learned.lock().unwrap_or_else(PoisonError::into_inner).add(names);
    walk(args, analyze::bounds(args).jobs, &Lines { begin: &begin, line: &line, end: &end })?;
    redactor.learn_names(learned.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}

/// Writes every text without its names; returns the members that are no text.
///
/// # Errors
/// What the sink says; an original that would still stand there.
fn write(args: &AnalyzeArgs, redaction: &Redaction, out: &mut BufWriter<File>) -> io::Result<Vec<String>> {
    let redactor = &redaction.redactor;
    let writer = Mutex::new(Writing { zip: ZipWriter::new(out), failed: None, leaks: false });
    let begin = |path: &str| {
        let path = excerpt::safe(&redactor.text(path));
        let mut writing = writer.lock().unwrap_or_else(PoisonError::into_inner);
        writing.leaks |= !redaction.is_clean("a name in the zip", path.as_bytes());
        let begun = writing.zip.start_file(path, pack::options());
        writing.note(begun.map_err(io::Error::other));
        Names::default()
    };
    let line = |names: &mut Names, line: &str| {
        let text = redactor.next_text(line, names);
        let mut writing = writer.lock().unwrap_or_else(PoisonError::into_inner);
        writing.leaks |= !redactor.leaks(text.as_bytes()).is_empty();
        let written = writing.zip.write_all(text.as_bytes());
        writing.note(written);
    };
    // One thread: the zip is written member by member.
    let left_out = walk(args, 1, &Lines { begin: &begin, line: &line, end: &drop })
        .map_err(|error| io::Error::other(error.to_string()))?;
    writer.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?;
    Ok(left_out)
}

/// Reads every text of the paths, member by member; returns the members that are no text.
fn walk<T: Send>(args: &AnalyzeArgs, jobs: usize, lines: &Lines<'_, T>) -> Result<Vec<String>, UsageError> {
    let look = Look { lines, left_out: Mutex::new(Vec::new()) };
    bundle::read(&args.paths, jobs, &analyze::bounds(args).bundle, &look)
        .map_err(|error| UsageError::new(error.to_string()))?;
    let mut left_out = look.left_out.into_inner().unwrap_or_else(PoisonError::into_inner);
    left_out.sort();
    Ok(left_out)
}

/// What is made of each member's path, then of each of its lines, line break included, and at its end.
struct Lines<'a, T> {
    begin: &'a (dyn Fn(&str) -> T + Sync),
    line: &'a (dyn Fn(&mut T, &str) + Sync),
    end: &'a (dyn Fn(T) + Sync),
}

struct Look<'a, T> {
    lines: &'a Lines<'a, T>,
    left_out: Mutex<Vec<String>>,
}

/// A member that is read.
struct Reading<T> {
    path: String,
    /// What was made of its path, once it is known to be a text.
    begun: Option<T>,
    binary: bool,
    open: Vec<u8>,
}

impl<T: Send> Visitor for Look<'_, T> {
    type Member = Reading<T>;

    fn open(&self, meta: &Meta) -> Reading<T> {
        let path = meta.path.clone().unwrap_or_else(|| format!("{}.txt", meta.source + 1));
        let path = path.strip_suffix(".gz").map(str::to_owned).unwrap_or(path);
        Reading { path, begun: None, binary: false, open: Vec::new() }
    }

    fn chunk(&self, member: &mut Reading<T>, bytes: &[u8]) -> ControlFlow<()> {
        if member.begun.is_none() {
            // A log has no NUL byte in its first piece, whatever its encoding errors; UTF-16 is no log of these systems.
            member.binary = bytes.contains(&0);
            if member.binary {
                return ControlFlow::Break(());
            }
            member.begun = Some((self.lines.begin)(&member.path));
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

    fn close(&self, mut member: Reading<T>, _: Meta, end: End) {
        self.flush(&mut member, usize::MAX);
        if let Some(made) = member.begun {
            (self.lines.end)(made);
        } else if member.binary || !matches!(end, End::Complete) {
            self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(member.path);
        }
    }
}

impl<T> Look<'_, T> {
    /// Hands on the first bytes of what is open.
    fn flush(&self, member: &mut Reading<T>, bytes: usize) {
        let Some(made) = &mut member.begun else { return };
        let n_bytes = bytes.min(member.open.len());
        let whole = member.open.get(..n_bytes).unwrap_or_default();
        if !whole.is_empty() {
            (self.lines.line)(made, &String::from_utf8_lossy(whole));
        }
        member.open.drain(..n_bytes);
    }
}

/// The zip that is written.
struct Writing<'a> {
    zip: ZipWriter<&'a mut BufWriter<File>>,
    failed: Option<io::Error>,
    leaks: bool,
}

impl Writing<'_> {
    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    /// Ends the zip, unless something went wrong on the way.
    fn finish(self) -> io::Result<()> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        if self.leaks {
            return Err(io::Error::other(
                "it would still hold original values; nothing is written. Please report this as a fault",
            ));
        }
        self.zip.finish().map_err(io::Error::other)?;
        Ok(())
    }
}
