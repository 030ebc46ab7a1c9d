//! One source in, chunk by chunk; events, statements and coverage out.
//!
//! Bytes are looked at in windows that lie at fixed offsets of the member, so the size of the chunks never
//! changes the answer. Within a window one literal pass (the gate) decides which records nom sees; the others are
//! counted. The record that is still open at the end of a window is carried into the next one.

mod audit;
mod fingerprint;
mod hits;
pub mod live;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::audit::Audit;
use self::fingerprint::Fingerprint;
pub(crate) use self::table::Table;
use crate::catalog::Catalog;
use crate::classify::{self, Member};
use crate::formats::{self, Columns, DOCUMENT_MAX};
use crate::gate::Gate;
use crate::lines::{self, Layout};
use crate::member::{MemberRead, Unread};
use crate::paste;
use crate::sift::{self, Sift};

/// Bytes looked at together. At the size of a core's cache the second look at a byte costs nothing.
pub const WINDOW: usize = 256 << 10;

/// Bytes that decide what a member is.
const SNIFF: usize = 64 << 10;

/// Bytes between two headers that are read for coverage.
const MARK_EVERY: u64 = WINDOW as u64;

/// A stretch that does not add up is halved down to this many bytes before each of its lines is looked at.
const PIECE: usize = 4 << 10;

/// Within its first window every line of a trace is looked at; behind it only stretches whose sequence numbers or
/// times do not add up.
const EXACT_UP_TO: u64 = WINDOW as u64;

/// Why a line is unread.
const NO_RECORD: &str = "no record of a known format begins before it";
const NO_FORMAT: &str = "no known format";
const A_WORD: &str = "it holds a licence word, and no format reads it";
const TOO_LONG: &str = "the table is longer than is read";
const REASONS: [&str; 4] = [NO_RECORD, NO_FORMAT, A_WORD, TOO_LONG];

/// Unread lines that are kept as examples.
const UNREAD_KEPT: usize = 20;

/// Bounds on what one member may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest line in bytes; what is longer is cut and counted.
    pub line: usize,
    /// Longest record in bytes, continuation lines included.
    pub record: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 1 << 20, record: 64 << 10 }
    }
}

/// Reads one member.
#[derive(Clone)]
pub struct Reader {
    limits: Limits,
    gate: Arc<Shared>,
    layout: Option<Layout>,
    columns: Option<Columns>,
    /// Bytes of the window that is not complete yet, or of the beginning while `layout` is undecided.
    partial: Vec<u8>,
    /// The open record: from its header to the end of what was seen.
    carry: Vec<u8>,
    /// Offset and line of the carry's first byte; of the next byte while the carry is empty.
    offset: u64,
    line: u64,
    fed: u64,
    /// Inside a line that was cut: bytes up to its end are passed over.
    cutting: bool,
    fingerprint: Option<Fingerprint>,
    document: Option<Vec<u8>>,
    table: Option<Table>,
    audit: Audit,
    debug: BTreeSet<Arc<str>>,
    /// Unread lines of the stretch at hand.
    unread_here: BTreeSet<u64>,
    sift: Sift,
    /// True where the user says that the member is a table of usage.
    usage_expected: bool,
    /// True where each line is a message of its own, however it looks.
    messages: bool,
    /// Records that mattered; `None` where nobody asks for them.
    kept: Option<Vec<live::Kept>>,
    out: MemberRead,
}

/// What all readers of a run share.
pub struct Shared {
    gate: Gate,
    catalog: Arc<Catalog>,
}

impl Shared {
    /// Compiles the gate, with the built-in catalog; once a run.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Self::with(Catalog::built_in())
    }

    /// Compiles the gate, with the catalog given; once a run.
    #[must_use]
    pub fn with(catalog: Arc<Catalog>) -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(), catalog })
    }
}

impl Reader {
    /// A reader for one member. `fingerprint` asks for [`MemberRead::fingerprint`].
    #[must_use]
    pub fn new(shared: &Arc<Shared>, limits: Limits, fingerprint: bool) -> Self {
        Self {
            limits,
            gate: Arc::clone(shared),
            layout: None,
            columns: None,
            partial: Vec::new(),
            carry: Vec::new(),
            offset: 0,
            line: 1,
            fed: 0,
            cutting: false,
            fingerprint: fingerprint.then(Fingerprint::new),
            document: None,
            table: None,
            audit: Audit::default(),
            debug: BTreeSet::new(),
            unread_here: BTreeSet::new(),
            sift: Sift::new(Arc::clone(&shared.catalog)),
            usage_expected: false,
            messages: false,
            kept: None,
            out: MemberRead::default(),
        }
    }

    /// Takes the member for a table of usage if it can be one: a CSV with a time and counts could be anything.
    #[must_use]
    pub fn expect_usage(mut self, expected: bool) -> Self {
        self.usage_expected = expected;
        self
    }

    /// Takes the next bytes of the member. False: the member is not a log, the rest need not be read.
    pub fn feed(&mut self, chunk: &[u8]) -> bool {
        if self.out.not_a_log.is_some() {
            return false;
        }
        self.out.bytes += chunk.len() as u64;
        if let Some(fingerprint) = &mut self.fingerprint {
            fingerprint.update(chunk);
        }
        if self.layout.is_some() || self.table.is_some() {
            self.go_on(chunk);
            return true;
        }
        if let (true, Some(head)) = (self.partial.is_empty(), chunk.get(..SNIFF)) {
            let goes_on = self.decide(head);
            if goes_on {
                self.begin(chunk);
            }
            return goes_on;
        }
        let (head, rest) = chunk.split_at(chunk.len().min(SNIFF.saturating_sub(self.partial.len())));
        self.partial.extend_from_slice(head);
        if self.partial.len() < SNIFF {
            return true;
        }
        let head = std::mem::take(&mut self.partial);
        let goes_on = self.decide(&head);
        if goes_on {
            self.begin(&head);
            self.go_on(rest);
        }
        goes_on
    }

    /// Ends the member.
    #[must_use]
    pub fn finish(mut self) -> MemberRead {
        if self.layout.is_none() && self.table.is_none() && self.out.not_a_log.is_none() {
            let head = std::mem::take(&mut self.partial);
            if self.decide(&head) {
                self.begin(&head);
            }
        }
        match self.table.take() {
            Some(table) => self.end_table(table),
            None if self.out.not_a_log.is_none() => self.end_log(),
            None => {}
        }
        if let Some(fingerprint) = &self.fingerprint {
            self.out.fingerprint = fingerprint.value();
        }
        self.sift.finish(&mut self.out);
        self.out.debug_seen = self.debug.into_iter().collect();
        // It stays until the last member is read, and a list that grew has room for as much again.
        self.out.marks.shrink_to_fit();
        self.out.sightings.shrink_to_fit();
        self.out
    }

    /// Reads what is left of a log or a paste.
    fn end_log(&mut self) {
        let partial = std::mem::take(&mut self.partial);
        self.window(&partial);
        self.last_record();
        self.documents();
    }

    /// Decides on the first bytes what the member is. False: not a log.
    fn decide(&mut self, head: &[u8]) -> bool {
        match classify::classify(head, self.usage_expected) {
            Err(reason) => {
                self.out.not_a_log = Some(reason);
                // What came behind the beginning was not looked at, however long the chunk was.
                self.out.bytes = head.len() as u64;
                self.fingerprint = None;
                return false;
            }
            Ok(Member::Table(table)) => self.table = Some(table),
            Ok(Member::Log(layout, columns)) => {
                if layout == Layout::Free {
                    self.document = Some(Vec::new());
                }
                self.layout = Some(layout);
                self.columns = columns;
            }
        }
        true
    }

    /// Looks at the first bytes of a log. The windows count from there, as if nothing had been held back.
    fn begin(&mut self, mut bytes: &[u8]) {
        if self.table.is_none()
            && let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf")
        {
            self.offset = 3;
            self.fed = 3;
            bytes = rest;
        }
        self.go_on(bytes);
    }

    /// Looks at the next bytes of what is a log or a table.
    fn go_on(&mut self, bytes: &[u8]) {
        match &mut self.table {
            Some(table) => table.take(bytes),
            None => self.windows(bytes),
        }
    }

    fn layout(&self) -> Layout {
        self.layout.unwrap_or(Layout::Free)
    }

    /// True if `line` begins a record. What a sender sends apart is never a part of what it sent before.
    fn begins(&self, line: &[u8]) -> bool {
        (self.messages && !line.trim_ascii().is_empty()) || lines::begins(self.layout(), line)
    }

    /// Cuts the chunk at window boundaries; only what does not fill a window is copied.
    fn windows(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let need = WINDOW - (self.fed % WINDOW as u64) as usize;
            let (now, rest) = chunk.split_at(chunk.len().min(need));
            self.fed += now.len() as u64;
            chunk = rest;
            if now.len() < need {
                self.partial.extend_from_slice(now);
            } else if self.partial.is_empty() {
                self.window(now);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(now);
                self.window(&whole);
                whole.clear();
                self.partial = whole;
            }
        }
    }

    /// Looks at one window; a line in it that is longer than the limit is cut there.
    fn window(&mut self, mut bytes: &[u8]) {
        if self.limits.line < WINDOW {
            let mut start = 0;
            while start < bytes.len() {
                let rest = bytes.get(start..).unwrap_or_default();
                let end = lines::first(rest);
                if end > self.limits.line + 1 {
                    // One byte more than the limit is what makes the carry cut its line.
                    let (now, later) = bytes.split_at(start + self.limits.line + 1);
                    self.lines(now);
                    bytes = later;
                    start = lines::first(later);
                } else {
                    start += end;
                }
            }
        }
        self.lines(bytes);
    }

    /// Looks at bytes of a window.
    fn lines(&mut self, mut bytes: &[u8]) {
        if let Some(document) = &mut self.document {
            if document.len() + bytes.len() <= DOCUMENT_MAX {
                document.extend_from_slice(bytes);
            } else {
                self.document = None;
            }
        }
        if self.cutting {
            bytes = self.skip_cut(bytes);
        }
        bytes = self.complete_carry(bytes);
        if bytes.is_empty() {
            return;
        }
        let open = self.last_beginning(bytes);
        let (closed, rest) = bytes.split_at(open);
        self.stretches(closed);
        self.carry.extend_from_slice(rest);
        self.bound_carry();
    }

    /// Passes over the rest of a cut line.
    fn skip_cut<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = lines::first(bytes);
        let (skipped, rest) = bytes.split_at(end);
        self.offset += skipped.len() as u64;
        if skipped.ends_with(b"\n") {
            self.cutting = false;
            self.line += 1;
        }
        rest
    }

    /// Adds lines to the open record until the next one begins, then closes it. Returns what is left.
    fn complete_carry<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while !self.carry.is_empty() {
            // The carry ends inside a line, or with a whole one.
            let whole = self.carry.ends_with(b"\n");
            let Some(end) = memchr::memchr(b'\n', bytes).map(|at| at + 1) else {
                self.carry.extend_from_slice(bytes);
                self.bound_carry();
                return &[];
            };
            let start = if whole { self.carry.len() } else { lines::last(&self.carry) };
            let tail = self.carry.len() - start;
            if tail + end > self.limits.line + 1 {
                let (line, rest) = bytes.split_at((self.limits.line + 1).saturating_sub(tail).min(end));
                if whole && self.begins(line) {
                    self.close_carry(self.carry.len());
                }
                self.carry.extend_from_slice(line);
                self.bound_carry();
                bytes = self.skip_cut(rest);
                continue;
            }
            let (line, rest) = bytes.split_at(end);
            if whole && self.begins(line) {
                self.close_carry(self.carry.len());
                return bytes;
            }
            self.carry.extend_from_slice(line);
            bytes = rest;
            // The line that was only begun may itself begin a record.
            let begins = self.carry.get(start..).is_some_and(|line| self.begins(line));
            if !whole && start > 0 && begins {
                self.close_carry(start);
            }
            if self.carry.len() > self.limits.record {
                self.close_carry(self.carry.len());
            }
        }
        bytes
    }

    /// Closes the first `length` bytes of the carry.
    fn close_carry(&mut self, length: usize) {
        let mut carry = std::mem::take(&mut self.carry);
        let rest = carry.split_off(length.min(carry.len()));
        self.stretch(&carry, true);
        self.carry = rest;
    }

    /// Keeps the carry within bounds: a line that never ends is cut, a record that never ends is closed.
    fn bound_carry(&mut self) {
        let tail = lines::last(&self.carry);
        if self.carry.len() - tail > self.limits.line {
            let beyond = self.carry.len() - tail - self.limits.line;
            self.carry.truncate(tail + self.limits.line);
            let length = self.carry.len();
            self.out.n_cut += 1;
            self.cutting = true;
            self.close_carry(length);
            // What stands behind the cut may have numbers of its own.
            if let Some(last) = &mut self.audit.last {
                last.seq = None;
            }
            self.offset += beyond as u64;
        } else if tail > self.limits.record {
            self.close_carry(tail);
        }
    }

    /// Offset of the last line that begins a record; of the first byte behind the last whole line if none does
    /// within reach.
    fn last_beginning(&self, bytes: &[u8]) -> usize {
        let whole = lines::last(bytes);
        let mut end = whole;
        while end > 0 {
            let start = lines::start_before(bytes, end);
            if bytes.get(start..end).is_some_and(|line| self.begins(line)) {
                return start;
            }
            end = start;
            if whole - end > self.limits.record {
                return whole;
            }
        }
        // No record begins here: all whole lines belong to what came before, or to nothing.
        whole
    }

    /// Cuts closed records into stretches between marks.
    fn stretches(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let boundary = (self.offset / MARK_EVERY + 1) * MARK_EVERY;
            let at = usize::try_from(boundary - self.offset).unwrap_or(usize::MAX);
            let mut cut = if at >= bytes.len() { bytes.len() } else { self.next_beginning(bytes, at) };
            if self.layout() == Layout::Trace && self.offset >= EXACT_UP_TO {
                // A quiet log may add up in smaller pieces.
                while cut > PIECE && !bytes.get(..cut).is_some_and(|piece| self.adds_up(piece)) {
                    match self.next_beginning(bytes, cut / 2) {
                        half if half < cut => cut = half,
                        _ => break,
                    }
                }
            }
            let (stretch, rest) = bytes.split_at(cut);
            self.stretch(stretch, false);
            bytes = rest;
        }
    }

    /// Offset of the first line at or behind `from` that begins a record; the end if none does.
    fn next_beginning(&self, bytes: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(newline) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            at += newline + 1;
            let line = bytes.get(at..).unwrap_or_default();
            let end = lines::first(line);
            if line.get(..end).is_some_and(|line| self.begins(line)) {
                return at;
            }
        }
        bytes.len()
    }

    /// Looks at a stretch of closed records and moves on behind it.
    fn stretch(&mut self, bytes: &[u8], carried: bool) {
        if bytes.is_empty() {
            return;
        }
        let exact =
            carried || self.layout() != Layout::Trace || self.offset < EXACT_UP_TO || !self.adds_up(bytes);
        let newlines = if exact { self.count_exactly(bytes) } else { self.count_quickly(bytes) };
        // The record that ends here is out of sight when the next header comes.
        if let Some(last) = &mut self.audit.last {
            let from = last.offset.checked_sub(self.offset).and_then(|from| usize::try_from(from).ok());
            last.count_glued(from.and_then(|from| bytes.get(from..)).unwrap_or_default());
        }
        self.keep_heads(bytes);
        self.read_hits(bytes);
        self.offset += bytes.len() as u64;
        self.line += newlines;
        self.unread_here.clear();
    }

    /// Notes what the member is and whose.
    fn note_member(&mut self, head: &[u8]) {
        self.note_debug(head);
        let text = crate::origin::lossy(head);
        if self.out.format.is_none() {
            self.out.format = match self.layout() {
                Layout::Rows => Some(formats::ALERT_LOG),
                _ => formats::read_record(&text, None).map(|(format, _)| format.name),
            };
        }
        if self.out.host.is_none() {
            let record = formats::read_header(&text, self.layout(), self.columns.as_ref());
            self.out.host = record.host.as_deref().filter(|host| sift::is_host(host)).map(Into::into);
        }
    }

    /// Notes which component printed debug output.
    fn note_debug(&mut self, record: &[u8]) {
        let line = record.get(..lines::first(record).min(200)).unwrap_or_default();
        if formats::header_code(line).is_some_and(|code| self.debug.contains(code)) {
            return;
        }
        if let Some(code) = formats::debug_code(&crate::origin::lossy(line)) {
            self.debug.insert(code);
        }
    }

    /// A line that belongs to no record: it stands before the first one, or is a message that begins none.
    fn orphan(&mut self, line: &[u8], number: u64) {
        // A paste may be a CLI output: what the documents do not explain is counted at the end.
        if self.document.is_some() || line.trim_ascii().is_empty() {
            return;
        }
        if self.layout() == Layout::Rows && formats::alert_log_header(line).is_some() {
            return;
        }
        self.unread(line, number, if self.messages { NO_FORMAT } else { NO_RECORD });
    }

    fn unread(&mut self, line: &[u8], number: u64, reason: &'static str) {
        // A line counts once, whatever stands on it.
        if !self.unread_here.insert(number) {
            return;
        }
        self.out.n_unread += 1;
        if self.out.unread.len() < UNREAD_KEPT {
            let text = crate::origin::excerpt(line.trim_ascii_end());
            self.out.unread.push(Unread { line: number, reason, text });
        }
    }

    /// A line that was taken for unread has a meaning after all: behind what stands in front of it.
    fn is_read(&mut self, number: u64) {
        if self.unread_here.remove(&number) {
            self.out.n_unread -= 1;
            self.out.unread.retain(|unread| unread.line != number);
        }
    }

    /// Closes what is open at the end of the member.
    fn last_record(&mut self) {
        let length = self.carry.len();
        if length > 0 {
            let ends_open = !self.carry.ends_with(b"\n");
            // A last line without line break may begin a record of its own.
            let start = lines::last(&self.carry);
            let begins = self.carry.get(start..).is_some_and(|line| self.begins(line));
            if start > 0 && start < length && begins {
                self.close_carry(start);
            }
            self.close_carry(self.carry.len());
            if ends_open {
                self.line += 1;
            }
        } else if self.cutting {
            self.line += 1;
        }
        self.out.lines = self.line - 1;
        // The last header may be cut off before its time ends; then the one before it counts.
        for header in [self.audit.before, self.audit.last].into_iter().flatten() {
            let mark = self.mark(&header, &[]);
            self.push_mark(mark);
        }
    }

    /// Tries the member as CLI outputs and mails, and counts the lines that nothing explains.
    fn documents(&mut self) {
        let Some(document) = self.document.take() else { return };
        let skipped = usize::try_from(self.out.bytes).unwrap_or(usize::MAX).saturating_sub(document.len());
        // A byte order mark stands in front of the document and counts for the offsets.
        let mut whole = vec![0; skipped];
        whole.extend_from_slice(&document);
        let document = whole;
        let mut explained = self.sift.documents(&mut self.out, &document);
        explained.extend(self.queries(&document));
        let records = self.sift.read_ranges();
        for (line, number) in paste::unexplained(&document, explained, records) {
            self.unread(line, number, NO_FORMAT);
        }
    }
}
