//! One source in, chunk by chunk; events, statements and coverage out.
//!
//! Bytes are looked at in windows that lie at fixed offsets of the member, so the size of the chunks never
//! changes the answer. Within a window one literal pass (the gate) decides which records nom sees; the others are
//! counted. The record that is still open at the end of a window is carried into the next one.

use std::collections::BTreeSet;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::formats::{self, Columns, DOCUMENT_MAX};
use crate::framing;
use crate::gate::Gate;
use crate::lines::{self, Layout};
use crate::member::{Hole, Mark, MemberRead, SILENCES_KEPT, Unread};
use crate::sift::{self, Sift};

/// Bytes looked at together. At the size of a core's cache the second look at a byte costs nothing.
pub const WINDOW: usize = 256 << 10;

/// Bytes that decide what a member is.
const SNIFF: usize = 64 << 10;

/// Bytes between two headers that are read for coverage.
const MARK_EVERY: u64 = 64 << 10;

/// Within its first window every line of a trace is looked at; behind it only stretches whose sequence numbers or times do
/// not add up.
const EXACT_UP_TO: u64 = WINDOW as u64;

/// Unread lines that are kept as examples.
const UNREAD_KEPT: usize = 20;

/// Sequence holes that are kept.
const HOLES_KEPT: usize = 1_000;

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
    digest: Option<Box<Xxh3>>,
    document: Option<Vec<u8>>,
    audit: Audit,
    debug: BTreeSet<Arc<str>>,
    /// Unread lines of the stretch at hand.
    unread_here: BTreeSet<u64>,
    sift: Sift,
    out: MemberRead,
}

/// What all readers of a run share.
pub struct Shared {
    gate: Gate,
    failures: sift::Failures,
}

impl Shared {
    /// Compiles the gate; once a run.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(), failures: sift::Failures::new() })
    }
}

/// The headers before the one at hand.
#[derive(Default)]
struct Audit {
    last: Option<Header>,
    /// The header before the last, for a last one that is cut off.
    before: Option<Header>,
    /// The first bytes of both, kept when the stretch that held them is gone.
    last_head: Vec<u8>,
    before_head: Vec<u8>,
    next_mark: u64,
    /// A header that begins a record was seen: lines before the first one are unread.
    begun: bool,
}

#[derive(Clone, Copy)]
struct Header {
    seq: Option<u64>,
    offset: u64,
    line: u64,
    minute: Option<i64>,
}

/// Bytes of a header that hold sequence number and stamp.
const HEAD: usize = 160;

impl Reader {
    /// A reader for one member. `digest` asks for the content hash, which costs a few percent.
    #[must_use]
    pub fn new(shared: &Arc<Shared>, limits: Limits, digest: bool) -> Self {
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
            digest: digest.then(|| Box::new(Xxh3::new())),
            document: None,
            audit: Audit::default(),
            debug: BTreeSet::new(),
            unread_here: BTreeSet::new(),
            sift: Sift::default(),
            out: MemberRead::default(),
        }
    }

    /// Takes the next bytes of the member. False: the member is not a log, the rest need not be read.
    pub fn feed(&mut self, mut chunk: &[u8]) -> bool {
        if self.out.not_a_log.is_some() {
            return false;
        }
        self.out.bytes += chunk.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(chunk);
        }
        if self.layout.is_none() {
            let (head, rest) = chunk.split_at(chunk.len().min(SNIFF.saturating_sub(self.partial.len())));
            self.partial.extend_from_slice(head);
            chunk = rest;
            if self.partial.len() < SNIFF {
                return true;
            }
            if !self.decide() {
                return false;
            }
        }
        self.windows(chunk);
        true
    }

    /// Ends the member.
    #[must_use]
    pub fn finish(mut self) -> MemberRead {
        if self.layout.is_none() && self.out.not_a_log.is_none() {
            self.decide();
        }
        if self.out.not_a_log.is_none() {
            let partial = std::mem::take(&mut self.partial);
            self.window(&partial);
            self.last_record();
            self.documents();
        }
        if let Some(digest) = &self.digest {
            self.out.digest = digest.digest128();
        }
        self.sift.finish(&mut self.out);
        self.out.debug_seen = self.debug.into_iter().collect();
        self.out
    }

    /// Decides on the first bytes what the member is, then looks at them. False: not a log.
    fn decide(&mut self) -> bool {
        let mut head = std::mem::take(&mut self.partial);
        match classify(&head) {
            Err(reason) => {
                self.out.not_a_log = Some(reason);
                // What came behind the beginning was not looked at, however long the chunk was.
                self.out.bytes = head.len() as u64;
                self.digest = None;
                return false;
            }
            Ok((layout, columns)) => {
                if layout == Layout::Free {
                    self.document = Some(Vec::new());
                }
                self.layout = Some(layout);
                self.columns = columns;
            }
        }
        // The windows count from the member's first byte, as if nothing had been held back.
        let mut bytes: &[u8] = &std::mem::take(&mut head);
        if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
            self.offset = 3;
            self.fed = 3;
            bytes = rest;
        }
        self.windows(bytes);
        true
    }

    fn layout(&self) -> Layout {
        self.layout.unwrap_or(Layout::Free)
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
                let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                if end > self.limits.line + 1 {
                    // One byte more than the limit is what makes the carry cut its line.
                    let (now, later) = bytes.split_at(start + self.limits.line + 1);
                    self.lines(now);
                    bytes = later;
                    start = memchr::memchr(b'\n', later).map_or(later.len(), |at| at + 1);
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
        let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
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
            let tail = if whole {
                0
            } else {
                self.carry.len() - memchr::memrchr(b'\n', &self.carry).map_or(0, |at| at + 1)
            };
            if tail + end > self.limits.line + 1 {
                let (line, rest) = bytes.split_at((self.limits.line + 1).saturating_sub(tail).min(end));
                if whole && lines::begins(self.layout(), line) {
                    self.close_carry(self.carry.len());
                }
                self.carry.extend_from_slice(line);
                self.bound_carry();
                bytes = self.skip_cut(rest);
                continue;
            }
            let (line, rest) = bytes.split_at(end);
            if whole && lines::begins(self.layout(), line) {
                self.close_carry(self.carry.len());
                return bytes;
            }
            let start = if whole {
                self.carry.len()
            } else {
                memchr::memrchr(b'\n', &self.carry).map_or(0, |at| at + 1)
            };
            self.carry.extend_from_slice(line);
            bytes = rest;
            // The line that was only begun may itself begin a record.
            let begins = self.carry.get(start..).is_some_and(|line| lines::begins(self.layout(), line));
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
        let tail = memchr::memrchr(b'\n', &self.carry).map_or(0, |at| at + 1);
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
        let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let mut end = whole;
        while end > 0 {
            let start =
                bytes.get(..end - 1).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |at| at + 1);
            if bytes.get(start..end).is_some_and(|line| lines::begins(self.layout(), line)) {
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
            let cut = if at >= bytes.len() { bytes.len() } else { self.next_beginning(bytes, at) };
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
            let end = memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
            if line.get(..end).is_some_and(|line| lines::begins(self.layout(), line)) {
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

    /// Copies the first bytes of the last two headers out of a stretch that is about to go.
    fn keep_heads(&mut self, bytes: &[u8]) {
        for (header, kept) in
            [(self.audit.before, &mut self.audit.before_head), (self.audit.last, &mut self.audit.last_head)]
        {
            let from = header.and_then(|header| header.offset.checked_sub(self.offset));
            if let Some(head) = from.and_then(|from| head_at(bytes, from)) {
                kept.clear();
                kept.extend_from_slice(head);
            }
        }
    }

    /// True if the sequence numbers and times at both ends of a stretch of trace leave room for nothing odd.
    fn adds_up(&self, bytes: &[u8]) -> bool {
        let Some(last) = &self.audit.last else { return false };
        let first = lines::trace_seq(bytes);
        let end = self.last_beginning(bytes);
        let final_line = bytes.get(end..).unwrap_or_default();
        let (Some(before), Some(first), Some(final_seq)) = (last.seq, first, lines::trace_seq(final_line))
        else {
            return false;
        };
        let (begins, ends) = (minute(bytes), minute(final_line));
        // Every record has a line of its own, so a stretch cannot hold more records than lines.
        first == before.wrapping_add(1)
            && final_seq >= first
            && final_seq - first < bytes.len() as u64 / 40
            && !is_silent(last.minute, begins)
            && !is_silent(begins, ends)
    }

    /// Counts lines by bytes and records by sequence numbers.
    fn count_quickly(&mut self, bytes: &[u8]) -> u64 {
        let newlines = bytecount::count(bytes, b'\n') as u64;
        let end = self.last_beginning(bytes);
        let final_line = bytes.get(end..).unwrap_or_default();
        let first = lines::trace_seq(bytes).unwrap_or_default();
        let last = lines::trace_seq(final_line).unwrap_or_default();
        let line = self.line + newlines - bytecount::count(final_line, b'\n') as u64;
        self.header(bytes, 0, self.line, Some(first));
        if end > 0 {
            // The records between the two were neither read nor doubted.
            self.out.records += (last - first).saturating_sub(1);
            if let Some(kept) = &mut self.audit.last {
                kept.seq = Some(last.wrapping_sub(1));
            }
            self.header(bytes, end, line, Some(last));
        }
        newlines
    }

    /// Looks at every line: records, holes, lines that belong to none.
    fn count_exactly(&mut self, bytes: &[u8]) -> u64 {
        let layout = self.layout();
        let mut start = 0;
        let mut newlines = 0;
        while start < bytes.len() {
            let rest = bytes.get(start..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let line = rest.get(..end).unwrap_or_default();
            if lines::begins(layout, line) {
                let visible = lines::visible(line);
                let at = start + line.len() - visible.len();
                let seq = lines::trace_seq(visible);
                self.excuse_glued(bytes, start, seq);
                self.header(bytes, at, self.line + newlines, seq);
            } else if !self.audit.begun {
                self.orphan(line, self.line + newlines);
            }
            if line.ends_with(b"\n") {
                newlines += 1;
            }
            start += end;
        }
        newlines
    }

    /// Before a hole is claimed: records run together on the line before have sequence numbers too.
    fn excuse_glued(&mut self, bytes: &[u8], start: usize, seq: Option<u64>) {
        let base = self.offset;
        let Some(last) = &mut self.audit.last else { return };
        let (Some(before), Some(seq)) = (last.seq, seq) else { return };
        let from = last.offset.checked_sub(base).and_then(|from| usize::try_from(from).ok());
        let Some(record) = from.and_then(|from| bytes.get(from..start)) else { return };
        if seq <= before.wrapping_add(1) {
            return;
        }
        last.count_glued(record);
    }

    /// Takes note of a header at `at` of the stretch.
    fn header(&mut self, bytes: &[u8], at: usize, line: u64, seq: Option<u64>) {
        self.audit.begun = true;
        self.out.records += 1;
        let head = head_at(bytes, at as u64).unwrap_or_default();
        let now = Header { seq, offset: self.offset + at as u64, line, minute: minute(head) };
        if let Some(last) = self.audit.last {
            let jump = match (last.seq, seq) {
                (Some(before), Some(seq)) => seq.checked_sub(before.wrapping_add(1)),
                _ => None,
            };
            if let Some(missing @ 1..) = jump
                && self.out.holes.len() < HOLES_KEPT
            {
                let hole = Hole { before: self.mark(&last, bytes), after: self.mark(&now, bytes), missing };
                self.out.holes.push(hole);
            }
            if matches!((last.seq, seq), (Some(before), Some(seq)) if seq <= before)
                && self.out.restarts.len() < HOLES_KEPT
            {
                let restart = (self.mark(&last, bytes), self.mark(&now, bytes));
                self.out.restarts.push(restart);
            }
            if is_silent(last.minute, now.minute) {
                let (before, after) = (self.mark(&last, bytes), self.mark(&now, bytes));
                self.push_mark(before);
                self.push_mark(after);
                if self.out.silences.len() < SILENCES_KEPT {
                    self.out.silences.push((before, after));
                }
            }
        }
        if now.offset >= self.audit.next_mark {
            self.audit.next_mark = (now.offset / MARK_EVERY + 1) * MARK_EVERY;
            let mark = self.mark(&now, bytes);
            self.push_mark(mark);
            self.note_member(head);
        }
        if self.audit.last.is_some_and(|last| last.offset < self.offset) {
            // The last header of the stretch before becomes the one before this.
            std::mem::swap(&mut self.audit.before_head, &mut self.audit.last_head);
        }
        self.audit.before = self.audit.last.replace(now);
    }

    /// Reads stamp and sequence number of a header, from the stretch or from what was kept of the one before.
    fn mark(&self, header: &Header, bytes: &[u8]) -> Mark {
        let inside = header.offset.checked_sub(self.offset).and_then(|from| head_at(bytes, from));
        let is_last = self.audit.last.is_some_and(|last| last.offset == header.offset);
        let kept = if is_last { &self.audit.last_head } else { &self.audit.before_head };
        let text = String::from_utf8_lossy(inside.unwrap_or(kept));
        let mut record = formats::read_header(&text, self.layout(), self.columns.as_ref());
        if record.stamp.is_none() && self.is_foreign(record.host.as_deref()) {
            // A relay's file: the local time of another host means nothing on this one's clock.
            record.outer = None;
        }
        Mark {
            line: header.line,
            offset: header.offset,
            seq: record.seq.or(header.seq),
            stamp: record.stamp,
            outer: record.outer,
        }
    }

    /// True for a host that is not the member's.
    fn is_foreign(&self, host: Option<&str>) -> bool {
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        host.zip(self.out.host.as_deref()).is_some_and(|(host, own)| short(host) != short(own))
    }

    fn push_mark(&mut self, mark: Mark) {
        if self.out.marks.last().is_none_or(|last| last.offset < mark.offset) {
            self.out.marks.push(mark);
        }
    }

    /// Notes which component printed debug output, and whose log this is.
    fn note_member(&mut self, head: &[u8]) {
        let text = String::from_utf8_lossy(head);
        if let Some(code) = formats::debug_code(&text) {
            self.debug.insert(code);
        }
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

    /// A line before the first record.
    fn orphan(&mut self, line: &[u8], number: u64) {
        // A paste may be a CLI output: what the documents do not explain is counted at the end.
        if self.document.is_some() || line.trim_ascii().is_empty() {
            return;
        }
        if self.layout() == Layout::Rows && formats::alert_log_header(line).is_some() {
            return;
        }
        self.unread(line, number, "no record of a known format begins before it");
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

    /// Reads the records of a stretch that the gate lets through.
    fn read_hits(&mut self, bytes: &[u8]) {
        let shared = Arc::clone(&self.gate);
        let mut from = 0;
        let mut counted = 0;
        let mut line = self.line;
        // Every row of an AlertLog is an alert; elsewhere the gate decides.
        let every = self.layout() == Layout::Rows && self.audit.begun;
        let find = |from: usize| {
            if every { (from < bytes.len()).then_some(from) } else { shared.gate.find(bytes, from) }
        };
        while let Some(hit) = find(from) {
            let start = self.beginning_before(bytes, hit);
            let end = self.next_beginning(bytes, hit);
            let record = bytes.get(start..end).unwrap_or_default();
            from = end.max(hit + 1);
            line += bytecount::count(bytes.get(counted..start).unwrap_or_default(), b'\n') as u64;
            counted = start;
            // Debug output of the licence library is worth a look only if it tells of a failure.
            if sift::is_debug(record) && !shared.failures.any(record) {
                continue;
            }
            self.read(record, self.offset + start as u64, line);
        }
    }

    /// Offset of the line at or before `at` that begins a record; of the stretch's first byte if none does.
    fn beginning_before(&self, bytes: &[u8], at: usize) -> usize {
        let mut end = at + 1;
        loop {
            let start =
                bytes.get(..end - 1).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |at| at + 1);
            let line = bytes.get(start..).unwrap_or_default();
            let stop = memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
            if start == 0 || line.get(..stop).is_some_and(|line| lines::begins(self.layout(), line)) {
                return start;
            }
            end = start;
        }
    }

    /// Reads one framed record, or the several that stand in it.
    fn read(&mut self, record: &[u8], offset: u64, line: u64) {
        let record =
            record.get(..record.len().min(self.limits.record.max(self.limits.line))).unwrap_or_default();
        let mut cuts = framing::further_beginnings(record);
        self.out.records += cuts.len() as u64;
        cuts.push(record.len());
        let mut start = 0;
        for cut in cuts {
            let piece = record.get(start..cut).unwrap_or_default();
            start += piece.len() - lines::visible(piece).len();
            let piece = record.get(start..cut).unwrap_or_default();
            let before = record.get(..start).unwrap_or_default();
            let piece_line = line + memchr::memchr_iter(b'\n', before).count() as u64;
            let trimmed = piece.get(..piece.trim_ascii_end().len()).unwrap_or_default();
            let at = offset + start as u64;
            let layout = self.layout();
            let mut read_at = |from: usize| {
                let bytes = trimmed.get(from..).unwrap_or_default();
                let columns = self.columns.as_ref();
                self.sift.read(&mut self.out, bytes, at + from as u64, piece_line, layout, columns)
            };
            let read = read_at(0) || framing::behind_rubbish(trimmed).is_some_and(&mut read_at);
            // Of a paste, the lines that nothing explains are counted at the end.
            let heading = layout == Layout::Rows && formats::alert_log_header(trimmed).is_some();
            if !read && !heading && self.document.is_none() {
                self.unread(trimmed, piece_line, "it holds a licence word, and no format reads it");
            }
            start = cut;
        }
    }

    /// Closes what is open at the end of the member.
    fn last_record(&mut self) {
        let length = self.carry.len();
        if length > 0 {
            let ends_open = !self.carry.ends_with(b"\n");
            // A last line without line break may begin a record of its own.
            let start = memchr::memrchr(b'\n', &self.carry).map_or(0, |at| at + 1);
            let begins = self.carry.get(start..).is_some_and(|line| lines::begins(self.layout(), line));
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
        let explained = self.sift.documents(&mut self.out, &document);
        let mut explained = Ranges::new(explained);
        let mut records = Ranges::new(self.sift.read_ranges());
        let mut offset = 0;
        let mut inside_record = false;
        let mut unread = Vec::new();
        for (index, line) in document.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let range = offset..offset + line.len();
            offset = range.end;
            if line.trim_ascii().is_empty() {
                inside_record = false;
                continue;
            }
            if explained.touch(&range) {
                continue;
            }
            if lines::begins(Layout::Free, line) {
                inside_record = is_record(line) || is_record(with_next_line(&document, &range));
            }
            // What follows a record belongs to it, up to a blank line or the next prompt.
            inside_record &= !line.starts_with(b"admin:");
            if inside_record || records.touch(&range) {
                continue;
            }
            unread.push((line, index as u64 + 1));
        }
        for (line, number) in unread {
            self.unread(line, number, "no known format");
        }
    }
}

/// Ranges in order, asked in order.
struct Ranges(std::iter::Peekable<std::vec::IntoIter<std::ops::Range<usize>>>);

impl Ranges {
    fn new(mut ranges: Vec<std::ops::Range<usize>>) -> Self {
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        Self(ranges.into_iter().peekable())
    }

    /// True if any range shares a byte with `line`; lines must come in ascending order.
    fn touch(&mut self, line: &std::ops::Range<usize>) -> bool {
        while self.0.next_if(|range| range.end <= line.start).is_some() {}
        self.0.peek().is_some_and(|range| range.start < line.end)
    }
}

/// True if a format reads the line, or what stands behind a broken beginning of it.
fn is_record(line: &[u8]) -> bool {
    let reads = |bytes: &[u8]| formats::read_record(&String::from_utf8_lossy(bytes), None).is_some();
    let line = lines::visible(line);
    reads(line) || framing::behind_rubbish(line).and_then(|at| line.get(at..)).is_some_and(reads)
}

/// A line and the one behind it: web pages wrap a code in the middle.
fn with_next_line<'a>(document: &'a [u8], line: &std::ops::Range<usize>) -> &'a [u8] {
    let next = document.get(line.end..).unwrap_or_default();
    let end = line.end + memchr::memchr(b'\n', next).unwrap_or(next.len());
    document.get(line.start..end).unwrap_or_default()
}

impl Header {
    /// Takes over the sequence number of the last record that is run together with this one.
    fn count_glued(&mut self, record: &[u8]) {
        let glued = framing::further_beginnings(record).into_iter();
        let numbers = glued.filter_map(|at| record.get(at..).and_then(lines::trace_seq));
        self.seq = numbers.max().or(self.seq);
    }
}

/// The first line at `from`, at most [`HEAD`] bytes of it; `None` behind the end.
fn head_at(bytes: &[u8], from: u64) -> Option<&[u8]> {
    let rest = bytes.get(usize::try_from(from).ok()?..).filter(|rest| !rest.is_empty())?;
    let head = rest.get(..HEAD.min(rest.len()))?;
    head.get(..memchr::memchr(b'\n', head).unwrap_or(head.len()))
}

/// True if more than fifteen minutes, the shortest reporting interval, may lie between two headers. The turn of the
/// month looks like a gap too, and costs two marks.
fn is_silent(before: Option<i64>, after: Option<i64>) -> bool {
    before.zip(after).is_some_and(|(before, after)| (after - before).abs() > 15)
}

/// Minutes since the start of the month of the first `Mon DD hh:mm` in a header.
fn minute(header: &[u8]) -> Option<i64> {
    let from = if header.first().is_some_and(u8::is_ascii_digit) {
        memchr::memchr(b' ', header.get(..24.min(header.len()))?)? + 1
    } else {
        0
    };
    let stamp = header.get(from..)?;
    let two = |at: usize| -> Option<i64> {
        match stamp.get(at..at + 2)? {
            [b' ', b @ b'0'..=b'9'] => Some(i64::from(b - b'0')),
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
            _ => None,
        }
    };
    (stamp.get(9) == Some(&b':')).then_some(())?;
    Some((two(4)? * 24 + two(7)?) * 60 + two(10)?)
}

/// What the first bytes of a member are: how its records begin, or why it is not a log.
fn classify(head: &[u8]) -> Result<(Layout, Option<Columns>), String> {
    if head.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(name) = binary(head) {
        return Err(format!("it is not text ({name})"));
    }
    if let Some(columns) = formats::alert_log_header(head) {
        return Ok((Layout::Rows, Some(columns)));
    }
    let mut trace = 0;
    let mut syslog = 0;
    let mut other = 0;
    for line in head.split(|byte| *byte == b'\n').take(400) {
        if lines::trace_seq(line).is_some()
            && memchr::memchr(b'%', line).is_some_and(|at| at < 60)
            && !is_ciscolog(line)
        {
            trace += 1;
        } else if lines::begins(Layout::Syslog, line) {
            syslog += 1;
        } else if trace + syslog == 0 && !line.trim_ascii().is_empty() {
            other += 1;
        }
    }
    // A line or two may be cut off at the front of a rotated file; more in front of the first record is a paste.
    Ok((
        match (trace, syslog, other) {
            (0, 0, _) => Layout::Free,
            (1.., 0, 0..=3) => Layout::Trace,
            (0, 1.., 0..=3) if head.len() > 2_000 || syslog > 3 => Layout::Syslog,
            _ => Layout::Free,
        },
        None,
    ))
}

/// True if the zone is followed by a colon: `7273: May 30 15:33:20.636 UTC :  %CCM_…`.
fn is_ciscolog(line: &[u8]) -> bool {
    let Some(code) = memchr::memchr(b'%', line) else { return false };
    line.get(..code).is_some_and(|prefix| prefix.trim_ascii_end().ends_with(b":"))
}

/// The name of a binary format; `None` for text.
fn binary(head: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &str); 11] = [
        (b"\x7fELF", "an ELF program"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF-", "a PDF document"),
        (b"\xd4\xc3\xb2\xa1", "a packet capture"),
        (b"\x0a\x0d\x0d\x0a", "a packet capture"),
        (b"\xca\xfe\xba\xbe", "Java classes"),
        (b"BZh", "bzip2; unpack it first"),
        (b"\xfd7zXZ", "xz; unpack it first"),
        (b"7z\xbc\xaf", "7-Zip; unpack it first"),
    ];
    if let Some((_, name)) = magics.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(name);
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some("UTF-16; save it as UTF-8");
    }
    let sample = head.get(..head.len().min(8 << 10)).unwrap_or_default();
    let nulls = memchr::memchr_iter(0, sample).count();
    let controls = sample.iter().filter(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=31)).count();
    // A log that lost power holds runs of NUL bytes, but also lines.
    let lines = memchr::memchr_iter(b'\n', sample).count();
    ((nulls + controls) * 10 > sample.len() * 3 && lines * 400 < sample.len()).then_some("binary data")
}
