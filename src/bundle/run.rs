//! What all threads of one run share.

use super::member::Member;
use super::queue::Queue;
use super::{End, Limits, Source, SourceKind, Visitor};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// However high the limit: each container costs stack.
const DEEPEST: u32 = 32;

/// Why the run ends before everything is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Halt {
    /// Nothing more may be delivered.
    TotalBytes = 1,
    /// Nothing more may be opened than has been counted in.
    Entries = 2,
    Cancelled = 4,
}

/// One run: its visitor, its limits and what it has found.
pub(super) struct Run<'a, V> {
    pub(super) visitor: &'a V,
    pub(super) limits: &'a Limits,
    pub(super) jobs: usize,
    pub(super) queue: Queue,
    names: Vec<String>,
    total: AtomicU64,
    entries: AtomicU64,
    halted: AtomicU8,
    sources: Mutex<Vec<Source>>,
    incomplete: Mutex<Vec<(usize, String)>>,
}

impl<'a, V: Visitor> Run<'a, V> {
    pub(super) fn new(sources: Vec<Source>, jobs: usize, limits: &'a Limits, visitor: &'a V) -> Self {
        Self {
            visitor,
            limits,
            jobs,
            queue: Queue::new(),
            names: sources.iter().map(|source| source.path.clone()).collect(),
            total: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            halted: AtomicU8::new(0),
            sources: Mutex::new(sources),
            incomplete: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn depth_limit(&self) -> u32 {
        self.limits.depth.min(DEEPEST)
    }

    /// Whether and why the run must end; the strongest reason if there are several.
    pub(super) fn halt(&self) -> Option<Halt> {
        if self.visitor.cancelled() {
            self.stop(Halt::Cancelled);
        }
        let halted = self.halted.load(Ordering::Relaxed);
        [Halt::Cancelled, Halt::TotalBytes, Halt::Entries].into_iter().find(|halt| halted & *halt as u8 != 0)
    }

    fn stop(&self, why: Halt) {
        self.halted.fetch_or(why as u8, Ordering::Relaxed);
    }

    /// Counts a member in; `false` if the run has had as many as it may.
    pub(super) fn enter(&self) -> bool {
        if self.entries.fetch_add(1, Ordering::Relaxed) < self.limits.entries {
            return true;
        }
        self.stop(Halt::Entries);
        false
    }

    /// Accounts for `n` bytes of a member that has had `before`; returns how many of them may be delivered.
    pub(super) fn allow(&self, before: u64, n: u64) -> Result<(), String> {
        if before.saturating_add(n) > self.limits.member_bytes {
            return Err(format!(
                "it is larger than the limit of {} bytes for one member; raise the limit if the bundle is trusted",
                self.limits.member_bytes
            ));
        }
        if self.total.fetch_add(n, Ordering::Relaxed).saturating_add(n) > self.limits.total_bytes {
            self.stop(Halt::TotalBytes);
            return Err(self.total_reason());
        }
        Ok(())
    }

    pub(super) fn total_reason(&self) -> String {
        format!(
            "the limit of {} uncompressed bytes for the whole run is reached; raise the limit or give less at a time",
            self.limits.total_bytes
        )
    }

    /// Notes that something of a source is missing from what was read.
    pub(super) fn incomplete(&self, source: usize, sentence: String) {
        lock(&self.incomplete).push((source, sentence));
    }

    /// Changes what is known of a source.
    pub(super) fn update(&self, source: usize, change: impl FnOnce(&mut Source)) {
        if let Some(source) = lock(&self.sources).get_mut(source) {
            change(source);
        }
    }

    /// Sets the kind of a source once its content is known; a directory and standard input keep theirs.
    pub(super) fn found(&self, member: &Member, kind: SourceKind) {
        if member.is_source {
            self.update(member.source, |source| {
                if source.kind != SourceKind::Stdin {
                    source.kind = kind;
                }
            });
        }
    }

    /// How a member is called in a sentence.
    pub(super) fn label(&self, member: &Member) -> String {
        let source = self.names.get(member.source).map_or("", String::as_str);
        match (&member.path, source) {
            (Some(path), _) => format!("{path} in {source}"),
            (None, "-") => "standard input".to_owned(),
            (None, _) => source.to_owned(),
        }
    }

    /// Names a member that is refused without reading it.
    pub(super) fn skip(&self, member: &Member, reason: &str) {
        let meta = member.meta();
        let state = self.visitor.open(&meta);
        self.visitor.close(state, meta, End::Skipped(reason.to_owned()));
    }

    /// Names a member that should have been read and is not.
    pub(super) fn skip_wanted(&self, member: &Member, reason: &str) {
        self.incomplete(member.source, format!("{} was not read: {reason}.", self.label(member)));
        self.skip(member, reason);
    }

    /// Names a member of which not one byte could be read.
    pub(super) fn fail(&self, member: &Member, reason: &str) {
        self.incomplete(member.source, format!("{} could not be read: {reason}.", self.label(member)));
        let meta = member.meta();
        let state = self.visitor.open(&meta);
        self.visitor.close(state, meta, End::Failed(reason.to_owned()));
    }

    /// The sources and the sentences, in a fixed order.
    pub(super) fn finish(self, unread: u64) -> (Vec<Source>, Vec<String>) {
        let halt = self.halt();
        let mut sentences = self.incomplete.into_inner().unwrap_or_else(PoisonError::into_inner);
        sentences.sort();
        let mut incomplete: Vec<String> = sentences.into_iter().map(|(_, sentence)| sentence).collect();
        let left =
            if unread == 0 { String::new() } else { format!(" At least {unread} members were not read.") };
        match halt {
            None => {}
            Some(Halt::TotalBytes) => incomplete.push(format!(
                "Reading stopped at the limit of {} uncompressed bytes for the whole run; raise it or give less at a \
                 time.{left}",
                self.limits.total_bytes
            )),
            Some(Halt::Entries) => incomplete.push(format!(
                "Reading stopped at the limit of {} members; raise it or give less at a time.{left}",
                self.limits.entries
            )),
            Some(Halt::Cancelled) => incomplete.push(format!("Reading was cancelled.{left}")),
        }
        (self.sources.into_inner().unwrap_or_else(PoisonError::into_inner), incomplete)
    }
}

/// Locks even if another thread panicked: the data is whole after every statement that holds the lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the visitor how much of a source has passed.
pub(super) struct Metered<'a, V, R> {
    pub(super) inner: R,
    pub(super) visitor: &'a V,
}

impl<V: Visitor, R: Read> Read for Metered<'_, V, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.visitor.progress(n as u64);
        Ok(n)
    }
}
