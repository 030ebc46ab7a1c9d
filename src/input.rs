//! From paths to an [`Analysis`]: the bundle reader's visitor.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use history::analysis::{Analysis, Input};
use history::facts::{MemberOutcome, Source};
use parsers::catalog::Catalog;
use parsers::member::MemberRead;
use parsers::reader::{self, Reader, Shared};
use parsers::stamp::Instant;

use crate::bundle::{self, End, Meta, Modified, SourceKind, Visitor};
use crate::clock;
use crate::progress::Progress;

/// What reading costs at most.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// Bytes, entries, depth.
    pub bundle: bundle::Limits,
    /// Lines and records.
    pub reader: reader::Limits,
    /// Threads.
    pub jobs: usize,
}

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Bundles and logs.
    pub paths: Vec<PathBuf>,
    /// Files of usage, and the Product Instance each belongs to where the user names one.
    pub usage: Vec<(PathBuf, Option<String>)>,
}

struct Collect<'a> {
    shared: Arc<Shared>,
    limits: reader::Limits,
    /// Sources from this one on are files of usage.
    usage_from: usize,
    /// The Product Instance of each of them, where the user names one.
    instances: Vec<Option<String>>,
    progress: &'a Progress,
    inputs: Mutex<Vec<Input>>,
}

impl Visitor for Collect<'_> {
    type Member = Reader;

    fn open(&self, meta: &Meta) -> Reader {
        Reader::new(&self.shared, self.limits, true).expect_usage(meta.source >= self.usage_from)
    }

    fn chunk(&self, member: &mut Reader, bytes: &[u8]) -> ControlFlow<()> {
        if member.feed(bytes) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn close(&self, member: Reader, meta: Meta, end: End) {
        let usage = meta.source.checked_sub(self.usage_from);
        let instance = usage.and_then(|at| self.instances.get(at)).cloned().flatten();
        let input = finished(member.finish(), meta, end, instance, usage.is_some());
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner).push(input);
    }

    fn progress(&self, bytes: u64) {
        self.progress.add(bytes);
    }
}

/// A member that was read, as the core takes it.
#[must_use]
pub fn finished(
    mut read: MemberRead,
    meta: Meta,
    end: End,
    instance: Option<String>,
    expect_usage: bool,
) -> Input {
    let outcome = match end {
        End::Complete => MemberOutcome::Read,
        End::Partial(why) => MemberOutcome::Partial(why),
        End::Skipped(why) => MemberOutcome::Skipped(why),
        End::Failed(why) => MemberOutcome::Failed(why),
    };
    if matches!(outcome, MemberOutcome::Skipped(_) | MemberOutcome::Failed(_)) {
        // Nothing was read: that it is empty is not the reason.
        read.not_a_log = None;
    }
    if read.not_a_log.is_some() {
        read.bytes = meta.bytes.unwrap_or(read.bytes);
    }
    let not_after = meta.modified.and_then(instant);
    Input { source: meta.source, path: meta.path, not_after, outcome, read, instance, expect_usage }
}

/// A member's time. A zip's local time may be fourteen hours behind UTC's; the year rule allows for days.
fn instant(modified: Modified) -> Option<Instant> {
    Instant::from_timestamp(modified.unix_s, 0)
}

/// Reads everything; never fails as a whole: what cannot be read is told in the analysis.
#[must_use]
pub fn read(sources: &Sources, bounds: &Bounds, catalog: &Arc<Catalog>, show_progress: bool) -> Analysis {
    let is_there = |path: &PathBuf| path.as_os_str() == "-" || std::fs::metadata(path).is_ok();
    let (mut present, mut absent): (Vec<PathBuf>, Vec<PathBuf>) =
        sources.paths.iter().cloned().partition(is_there);
    let usage_from = present.len();
    let mut instances = Vec::new();
    for (path, instance) in &sources.usage {
        if is_there(path) {
            present.push(path.clone());
            instances.push(instance.clone());
        } else {
            absent.push(path.clone());
        }
    }
    let total: Option<u64> = present
        .iter()
        .map(|path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len()))
        .sum();
    let progress = Progress::new(show_progress, total);
    let collect = Collect {
        shared: Shared::with(Arc::clone(catalog)),
        limits: bounds.reader,
        usage_from,
        instances,
        progress: &progress,
        inputs: Mutex::new(Vec::new()),
    };
    let read = bundle::read(&present, bounds.jobs, &bounds.bundle, &collect);
    progress.clear();
    let (sources, mut incomplete) = match read {
        Ok(outcome) => (outcome.sources, outcome.incomplete),
        Err(error) => (Vec::new(), vec![format!("cannot {error}")]),
    };
    for path in absent {
        let why =
            std::fs::metadata(&path).err().map_or_else(|| "it is gone".to_owned(), |error| error.to_string());
        incomplete.push(format!("cannot read {}: {why}; check the path", path.display()));
    }
    let dates: Vec<Option<Instant>> =
        sources.iter().map(|source| source.modified.and_then(clock::instant)).collect();
    let mut analysis = Analysis::new(sources.into_iter().map(source).collect());
    for mut input in collect.inputs.into_inner().unwrap_or_else(PoisonError::into_inner) {
        input.not_after = input.not_after.or_else(|| dates.get(input.source).copied().flatten());
        analysis.add(input);
    }
    for says in incomplete {
        analysis.incomplete(says);
    }
    analysis
}

/// A source as the core knows it.
#[must_use]
pub fn source(source: bundle::Source) -> Source {
    let kind = match source.kind {
        SourceKind::Directory => "directory",
        SourceKind::Zip => "zip",
        SourceKind::Tar => "tar",
        SourceKind::Gzip => "gzip",
        SourceKind::File => "file",
        SourceKind::Stdin => "stdin",
    };
    Source { path: source.path, kind, bytes: source.bytes, sha256: source.sha256 }
}
