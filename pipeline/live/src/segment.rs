//! One file or one sender, for as long as its bytes are one sequence: a member that has not ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use history::analysis::Input;
use history::facts::MemberOutcome;
use parsers::reader::live::Kept;
use parsers::reader::{Limits, Reader, Shared};
use parsers::stamp::Instant;

use crate::sequences::Sequences;
use crate::status::SourceStatus;
use crate::store::{Changes, Entry, Stored};

/// First bytes that tell a file from others.
pub(crate) const HEAD: usize = 4 << 10;

/// Last bytes read that tell whether a file is still what was read.
const ANCHOR: usize = 256;

/// Bytes that are kept of a member which must be read from its beginning.
const WHOLE_MAX: usize = 4 << 20;

/// Events that are kept of one segment; the oldest go first.
const EVENTS_KEPT: usize = 50_000;

/// One sequence of bytes.
pub struct Segment {
    /// Its number in the store.
    pub id: i64,
    /// `file`, `udp`, `tcp` or `tls`.
    pub kind: &'static str,
    /// Path below `root`, empty for the root itself; the address of a sender.
    pub name: String,
    /// What the user named.
    pub root: String,
    /// Bytes read.
    pub read: u64,
    /// When bytes last came.
    pub last_bytes: Option<Instant>,
    /// True if no more will come.
    pub closed: bool,
    /// Messages thrown away because the sender exceeded its share.
    pub over_limit: u64,
    /// Bytes of the file that are not read yet.
    pub behind: u64,
    /// True if the bytes are not a log.
    pub not_a_log: bool,
    /// The time of a collected file, by its container; `None`: bytes are as old as their coming.
    pub written_at: Option<Instant>,
    /// True if the user gave the file as usage.
    pub expect_usage: bool,
    /// The Product Instance that the user gave the file to, by name; `None` otherwise.
    pub instance: Option<String>,
    head: Vec<u8>,
    anchor: Vec<u8>,
    whole: Option<Vec<u8>>,
    reader: Reader,
    sequences: Sequences,
    told: (u64, u64),
    pending: Vec<Kept>,
    forget_before: Option<u64>,
    changed: bool,
}

/// The words for the kinds of sources, as the store has them.
const KINDS: [&str; 4] = ["file", "udp", "tcp", "tls"];

impl Segment {
    /// A file that is read from its beginning.
    #[must_use]
    pub fn file(id: i64, root: &str, name: &str, shared: &Arc<Shared>, limits: Limits) -> Self {
        let reader = Reader::new(shared, limits, false).keeping();
        Self::new(id, "file", root, name, reader, Some(Vec::new()))
    }

    /// A collected file that is read again as it grew: told from its copies as a batch tells them.
    #[must_use]
    pub fn collected(
        id: i64,
        root: &str,
        name: &str,
        usage: bool,
        shared: &Arc<Shared>,
        limits: Limits,
    ) -> Self {
        let reader = Reader::new(shared, limits, true).keeping().expect_usage(usage);
        let expect_usage = usage;
        Self { expect_usage, ..Self::new(id, "file", root, name, reader, Some(Vec::new())) }
    }

    /// A sender that is heard for the first time.
    #[must_use]
    pub fn sender(
        id: i64,
        kind: &'static str,
        root: &str,
        name: &str,
        shared: &Arc<Shared>,
        limits: Limits,
    ) -> Self {
        Self::new(id, kind, root, name, Reader::of_sender(shared, limits), None)
    }

    fn new(
        id: i64,
        kind: &'static str,
        root: &str,
        name: &str,
        reader: Reader,
        whole: Option<Vec<u8>>,
    ) -> Self {
        Self {
            id,
            kind,
            name: name.to_owned(),
            root: root.to_owned(),
            read: 0,
            last_bytes: None,
            closed: false,
            over_limit: 0,
            behind: 0,
            not_a_log: false,
            written_at: None,
            expect_usage: false,
            instance: None,
            head: Vec::new(),
            anchor: Vec::new(),
            whole,
            reader,
            sequences: Sequences::default(),
            told: (0, 0),
            pending: Vec::new(),
            forget_before: None,
            changed: true,
        }
    }

    /// The segment that the store has, as if reading had never stopped.
    #[must_use]
    pub fn restore(stored: &Stored, kept: &[Kept], shared: &Arc<Shared>, limits: Limits) -> Self {
        let kind = KINDS.into_iter().find(|kind| *kind == stored.kind).unwrap_or("file");
        let reader = match &stored.standing {
            Some(standing) => Reader::resume(shared, limits, standing, stored.counts.clone(), kept),
            None => Reader::new(shared, limits, false).keeping(),
        };
        let whole = stored.standing.is_none().then(Vec::new);
        let mut segment = Self::new(stored.id, kind, &stored.root, &stored.name, reader, whole);
        segment.closed = stored.closed;
        segment.over_limit = stored.over_limit;
        segment.last_bytes = stored.last_bytes_ms.and_then(Instant::from_timestamp_millis);
        match (&stored.standing, &stored.open) {
            (Some(_), open) => {
                segment.reader.feed(open.as_deref().unwrap_or_default());
                segment.read = stored.read;
                segment.head.clone_from(&stored.head);
                segment.anchor.clone_from(&stored.anchor);
            }
            (None, Some(open)) => segment.take(open),
            // Read again from the beginning.
            (None, None) => {}
        }
        segment.settle();
        segment.changed = false;
        segment
    }

    /// Takes the next bytes, which came at `now`.
    pub fn feed(&mut self, bytes: &[u8], now: Instant) {
        if bytes.is_empty() {
            return;
        }
        self.last_bytes = Some(now);
        if self.kind != "file" {
            self.sequences.see(bytes);
        }
        self.take(bytes);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.changed = true;
        self.read += bytes.len() as u64;
        // What a sender sent is not looked for again.
        if self.kind == "file" {
            let room = HEAD.saturating_sub(self.head.len());
            self.head.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            let last = bytes.get(bytes.len().saturating_sub(ANCHOR)..).unwrap_or_default();
            self.anchor.extend_from_slice(last);
            self.anchor.drain(..self.anchor.len().saturating_sub(ANCHOR));
        }
        if let Some(whole) = &mut self.whole {
            if whole.len() + bytes.len() <= WHOLE_MAX {
                whole.extend_from_slice(bytes);
            } else {
                self.whole = None;
            }
        }
        if !self.not_a_log && !self.reader.feed(bytes) {
            self.not_a_log = true;
            self.whole = None;
        }
    }

    /// Looks at everything but the record that is still open. True if what it says may have changed.
    pub fn settle(&mut self) -> bool {
        self.reader.settle();
        if self.whole.is_some() && self.reader.standing().is_some() {
            self.whole = None;
        }
        self.pending.extend(self.reader.take_kept());
        if let Some(before) = self.reader.forget(EVENTS_KEPT) {
            self.forget_before = Some(before);
            self.pending.retain(|kept| kept.offset >= before);
        }
        let tells = self.reader.tells();
        std::mem::replace(&mut self.told, tells) != tells
    }

    /// True if something is to be written that is more than a count.
    #[must_use]
    pub fn matters(&self) -> bool {
        !self.pending.is_empty() || self.forget_before.is_some()
    }

    /// True if the record that is still open may say something about the license: a datagram does not come again.
    #[must_use]
    pub fn may_matter(&self) -> bool {
        self.changed && self.told.1 > 0
    }

    /// True if anything is to be written, be it a count.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.changed
    }

    /// What is to be written; `None` if nothing changed. It counts as written unless it comes back.
    #[must_use]
    pub fn take_changes(&mut self) -> Option<Changes> {
        if !self.changed {
            return None;
        }
        let standing = self.reader.standing();
        let open = match standing {
            Some(_) => Some(self.reader.open_bytes()),
            None => self.whole.clone(),
        };
        let segment = Stored {
            id: self.id,
            kind: self.kind.to_owned(),
            name: self.name.clone(),
            root: self.root.clone(),
            read: self.read,
            head: self.head.clone(),
            anchor: self.anchor.clone(),
            last_bytes_ms: self.last_bytes.map(|at| at.timestamp_millis()),
            closed: self.closed,
            over_limit: self.over_limit,
            standing,
            open,
            counts: self.reader.counts(),
        };
        self.changed = false;
        let records = std::mem::take(&mut self.pending);
        Some(Changes { segment, records, forget_before: self.forget_before.take() })
    }

    /// What [`Self::take_changes`] gave could not be written: it is to be written with what came since.
    pub fn take_back(&mut self, changes: Changes) {
        let since = std::mem::replace(&mut self.pending, changes.records);
        self.pending.extend(since);
        self.forget_before = self.forget_before.max(changes.forget_before);
        if let Some(before) = self.forget_before {
            self.pending.retain(|kept| kept.offset >= before);
        }
        self.changed = true;
    }

    /// No more will come for now: only what it says is kept.
    pub fn close(&mut self) {
        self.closed = true;
        self.changed = true;
        // What it tells may change with this: that is seen when it is settled next.
        self.reader.rest();
        self.pending.shrink_to_fit();
        self.sequences.rest();
    }

    /// Notes that something beside the bytes changed.
    pub fn touch(&mut self) {
        self.changed = true;
    }

    /// What it says so far, as a member of an analysis.
    #[must_use]
    pub fn input(&self, source: usize) -> Input {
        let read = self.reader.so_far();
        Input {
            source,
            path: (!self.name.is_empty() && self.kind == "file").then(|| self.name.clone()),
            not_after: self.written_at.or(self.last_bytes),
            outcome: MemberOutcome::Read,
            read,
            instance: self.instance.clone(),
            expect_usage: self.expect_usage,
        }
    }

    /// The first bytes of it.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The last bytes read; they end at [`Self::read`].
    #[must_use]
    pub fn anchor(&self) -> &[u8] {
        &self.anchor
    }

    /// True if it says nothing about a license: only its coverage would be lost.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.reader.standing().is_some() && self.reader.tells() == (0, 0)
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> SourceStatus {
        let tally = self.reader.tally();
        let file = self.kind == "file";
        let name = match (file, self.name.as_str()) {
            (true, "") => self.root.clone(),
            (true, name) => format!("{}/{name}", self.root.trim_end_matches('/')),
            (false, name) => format!("{} {name}", self.kind),
        };
        SourceStatus {
            name,
            kind: self.kind.to_owned(),
            bytes: self.read,
            records: tally.records,
            events: tally.sightings,
            unread_lines: tally.unread,
            missing: if file { tally.missing } else { self.sequences.missing() },
            over_limit: self.over_limit,
            behind_bytes: file.then_some(self.behind),
            last_bytes: self.last_bytes.map(reports::time::Time),
            ..SourceStatus::default()
        }
    }
}

/// All segments.
pub struct Segments {
    /// By number.
    pub all: BTreeMap<i64, Segment>,
    next: i64,
    gone: Vec<i64>,
    shared: Arc<Shared>,
    limits: Limits,
}

impl Segments {
    /// Those of the store.
    #[must_use]
    pub fn restore(stored: &[(Stored, Vec<Kept>)], shared: Arc<Shared>, limits: Limits) -> Self {
        let all: BTreeMap<i64, Segment> = stored
            .iter()
            .map(|(segment, kept)| (segment.id, Segment::restore(segment, kept, &shared, limits)))
            .collect();
        let next = all.keys().next_back().map_or(1, |last| last + 1);
        Self { all, next, gone: Vec::new(), shared, limits }
    }

    /// Begins with a file.
    pub fn begin_file(&mut self, root: &str, name: &str) -> i64 {
        let id = self.take_number();
        self.all.insert(id, Segment::file(id, root, name, &self.shared, self.limits));
        id
    }

    /// Begins with a collected file.
    pub fn begin_collected(&mut self, root: &str, name: &str, usage: bool) -> i64 {
        let id = self.take_number();
        self.all.insert(id, Segment::collected(id, root, name, usage, &self.shared, self.limits));
        id
    }

    /// Begins with a sender.
    pub fn begin_sender(&mut self, kind: &'static str, root: &str, name: &str) -> i64 {
        let id = self.take_number();
        self.all.insert(id, Segment::sender(id, kind, root, name, &self.shared, self.limits));
        id
    }

    fn take_number(&mut self) -> i64 {
        let id = self.next;
        self.next += 1;
        id
    }

    /// Lets a segment go.
    pub fn drop(&mut self, id: i64) {
        if self.all.remove(&id).is_some() {
            self.gone.push(id);
        }
    }

    /// True if anything is to be written that is more than a count.
    #[must_use]
    pub fn matters(&self) -> bool {
        self.all.values().any(Segment::matters)
    }

    /// True if anything is to be written.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        !self.gone.is_empty() || self.all.values().any(Segment::is_unsaved)
    }

    /// What is to be written; it counts as written unless it comes back.
    #[must_use]
    pub fn take_changes(&mut self) -> Entry {
        let lasts = self.all.values().any(|segment| segment.matters() || segment.may_matter());
        Entry {
            segments: self.all.values_mut().filter_map(Segment::take_changes).collect(),
            gone: std::mem::take(&mut self.gone),
            told: None,
            lasts,
        }
    }

    /// What [`Self::take_changes`] gave could not be written.
    pub fn take_back(&mut self, entry: Entry) {
        self.gone.extend(entry.gone);
        for changes in entry.segments {
            if let Some(segment) = self.all.get_mut(&changes.segment.id) {
                segment.take_back(changes);
            }
        }
    }
}
