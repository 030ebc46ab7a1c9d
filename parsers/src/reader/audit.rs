//! Coverage of one member: which headers it has, where numbers are missing, where it was silent.

use chrono::TimeDelta;

use super::{MARK_EVERY, Reader};
use crate::formats;
use crate::framing;
use crate::lines::{self, Layout};
use crate::member::{Facility, Hole, Mark, SILENCES_KEPT};
use crate::stamp::Stamp;

/// Marks of a log of dated records that follow each other within this time need none between them: what counts as
/// silence lasts longer.
const MARKS_APART: TimeDelta = TimeDelta::minutes(10);

/// Sequence holes that are kept.
const HOLES_KEPT: usize = 1_000;

/// The headers before the one at hand.
#[derive(Clone, Default)]
pub(super) struct Audit {
    pub(super) last: Option<Header>,
    /// The header before the last, for a last one that is cut off.
    pub(super) before: Option<Header>,
    /// The first bytes of both, kept when the stretch that held them is gone.
    last_head: Vec<u8>,
    before_head: Vec<u8>,
    next_mark: u64,
    /// A header that begins a record was seen: lines before the first one are unread.
    pub(super) begun: bool,
}

/// Where the last header stands, for a reader that goes on.
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) line: u64,
    pub(super) head: Vec<u8>,
}

impl Audit {
    /// Where the last header stands; `None` before the first one.
    pub(super) fn place(&self) -> Option<Place> {
        let last = self.last?;
        Some(Place { offset: last.offset, line: last.line, head: self.last_head.clone() })
    }

    /// Goes on behind a header, where the last mark stands at `marked`.
    pub(super) fn resume(&mut self, place: Option<Place>, marked: Option<u64>) {
        self.next_mark = marked.map_or(0, |offset| (offset / MARK_EVERY + 1) * MARK_EVERY);
        self.begun = place.is_some();
        self.last = place.as_ref().map(|place| Header {
            seq: lines::trace_seq(&place.head),
            offset: place.offset,
            line: place.line,
            minute: minute(&place.head),
            facility: facility(&place.head),
        });
        self.last_head = place.map(|place| place.head).unwrap_or_default();
    }
}

#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) seq: Option<u64>,
    pub(super) offset: u64,
    line: u64,
    minute: Option<i64>,
    facility: Option<Facility>,
}

/// Bytes of a header that hold sequence number and stamp.
const HEAD: usize = 160;

impl Reader {
    /// Copies the first bytes of the last two headers out of a stretch that is about to go.
    pub(super) fn keep_heads(&mut self, bytes: &[u8]) {
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
    pub(super) fn adds_up(&self, bytes: &[u8]) -> bool {
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
    pub(super) fn count_quickly(&mut self, bytes: &[u8]) -> u64 {
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
    pub(super) fn count_exactly(&mut self, bytes: &[u8]) -> u64 {
        let layout = self.layout();
        let mut run = Run::default();
        let mut start = 0;
        let mut newlines = 0;
        loop {
            if layout == Layout::Syslog {
                let (end, passed) = run.pass(bytes, start, self.line + newlines);
                start = end;
                newlines += passed;
            }
            let rest = bytes.get(start..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let line = rest.get(..lines::first(rest)).unwrap_or_default();
            let number = self.line + newlines;
            newlines += u64::from(line.ends_with(b"\n"));
            if run.takes(layout, line, start, number) {
                // Told when the run ends.
            } else if lines::begins(layout, line) {
                self.tell(bytes, &mut run);
                let visible = lines::visible(line);
                let at = start + line.len() - visible.len();
                let seq = lines::trace_seq(visible);
                self.excuse_glued(bytes, start, seq);
                self.header(bytes, at, number, seq);
                run = Run::behind(visible);
            } else if self.messages || !self.audit.begun {
                self.orphan(line, number);
            }
            start += line.len();
        }
        self.tell(bytes, &mut run);
        newlines
    }

    /// Counts the headers of a run, and takes note of its last two.
    fn tell(&mut self, bytes: &[u8], run: &mut Run) {
        self.out.records += run.passed;
        run.passed = 0;
        for held in [run.before.take(), run.last.take()].into_iter().flatten() {
            if let (Some(kept), Some(seq)) = (&mut self.audit.last, held.seq) {
                kept.seq = Some(seq.wrapping_sub(1));
            }
            self.header(bytes, held.at, held.line, held.seq);
        }
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
        let (minute, facility) = (minute(head), facility(head));
        let now = Header { seq, offset: self.offset + at as u64, line, minute, facility };
        if let Some(last) = self.audit.last {
            // Each application numbers its own records.
            let others = last.facility.zip(facility).is_some_and(|(last, now)| last != now);
            let jump = match (last.seq, seq) {
                (Some(before), Some(seq)) if !others => seq.checked_sub(before.wrapping_add(1)),
                _ => None,
            };
            if let Some(missing @ 1..) = jump
                && self.out.holes.len() < HOLES_KEPT
            {
                let hole = Hole { before: self.mark(&last, bytes), after: self.mark(&now, bytes), missing };
                self.out.holes.push(hole);
            }
            let parts = |before: u64, seq: u64| seq <= before || (others && seq != before.wrapping_add(1));
            if matches!((last.seq, seq), (Some(before), Some(seq)) if parts(before, seq))
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
    pub(super) fn mark(&self, header: &Header, bytes: &[u8]) -> Mark {
        let inside = header.offset.checked_sub(self.offset).and_then(|from| head_at(bytes, from));
        let is_last = self.audit.last.is_some_and(|last| last.offset == header.offset);
        let kept = if is_last { &self.audit.last_head } else { &self.audit.before_head };
        let text = crate::origin::lossy(inside.unwrap_or(kept));
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
            facility: header.facility,
        }
    }

    /// True for a host that is not the member's.
    fn is_foreign(&self, host: Option<&str>) -> bool {
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        host.zip(self.out.host.as_deref()).is_some_and(|(host, own)| short(host) != short(own))
    }

    /// Adds a mark. One between two others that follow it closely says nothing more than they do, and goes: a sender
    /// that never ends has as many marks as hours, and not as many as bytes.
    pub(super) fn push_mark(&mut self, mark: Mark) {
        let marks = &mut self.out.marks;
        match marks.as_mut_slice() {
            [.., last] if last.offset >= mark.offset => {}
            [.., before, last] if says_no_more(before, last, &mark) => *last = mark,
            _ => marks.push(mark),
        }
    }
}

/// True if the log was alive at `between` is known from the marks around it. A trace keeps its marks: it has an end,
/// and its times are evidence of their own years and zones.
fn says_no_more(before: &Mark, between: &Mark, after: &Mark) -> bool {
    let time = |mark: &Mark| mark.stamp.or(mark.outer);
    let (Some(first), Some(middle), Some(last)) = (time(before), time(between), time(after)) else {
        return false;
    };
    let is_dated = |mark: &Mark| mark.outer.is_some() || mark.stamp.is_some_and(|it| it.year.is_some());
    let kind = |mark: &Mark| (mark.stamp.is_some(), mark.outer.map(|outer| outer.zone));
    let day = |stamp: &Stamp| (stamp.year, stamp.month, stamp.day, stamp.zone, stamp.accuracy);
    [before, between, after].into_iter().all(is_dated)
        && kind(before) == kind(between)
        && kind(between) == kind(after)
        && day(&first) == day(&middle)
        && day(&middle) == day(&last)
        && first.time <= middle.time
        && middle.time <= last.time
        && last.time - first.time <= MARKS_APART
}

/// Bytes of `Mon DD hh:m`.
const TEN_MINUTES: usize = 11;

/// Bytes of `Mon DD hh:mm:ss` and the one behind it.
const STAMP: usize = 16;

/// Headers that follow one another without a missing number, within ten minutes of one clock: nothing to note but
/// their count, and where the last two are.
#[derive(Default)]
struct Run {
    /// `Mon DD hh:m` of the header before; `None` if it has no such stamp in front.
    minutes: Option<[u8; TEN_MINUTES]>,
    seq: Option<u64>,
    before: Option<Held>,
    last: Option<Held>,
    /// Headers before those two.
    passed: u64,
}

#[derive(Clone, Copy)]
struct Held {
    at: usize,
    line: u64,
    seq: Option<u64>,
}

impl Run {
    /// A run that follows a header.
    fn behind(header: &[u8]) -> Self {
        let (seq, from) = lines::trace_header(header).map_or((None, 0), |(seq, from)| (Some(seq), from));
        let minutes = header.get(from..).and_then(<[u8]>::first_chunk).filter(|stamp| {
            matches!(
                stamp,
                [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', _, b'0'..=b'9', b' ', _, _, b':', b'0'..=b'9']
            )
        });
        Self { minutes: minutes.copied(), seq, ..Self::default() }
    }

    /// True if the line is the next header of the run, by its number.
    fn takes(&mut self, layout: Layout, line: &[u8], at: usize, number: u64) -> bool {
        let (Some(minutes), Some(before)) = (&self.minutes, self.seq) else { return false };
        let Some((seq, from)) = lines::trace_header(line) else { return false };
        let stamp = line.get(from..).filter(|stamp| stamp.len() >= STAMP).and_then(<[u8]>::first_chunk);
        if layout == Layout::Rows || before.checked_add(1) != Some(seq) || stamp != Some(minutes) {
            return false;
        }
        self.seq = Some(seq);
        self.hold(Held { at, line: number, seq: Some(seq) });
        true
    }

    /// Takes the lines of a system log from `start` on that are headers of the run: a stamp alone begins a record there,
    /// and no number stands in front of it. Returns where they end, and how many line breaks they have.
    fn pass(&mut self, bytes: &[u8], start: usize, number: u64) -> (usize, u64) {
        let (Some(minutes), None) = (self.minutes, self.seq) else { return (start, 0) };
        let mut at = start;
        let mut newlines = 0;
        let mut before = None;
        let mut last = None;
        let mut taken = 0_u64;
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.first_chunk() == Some(&minutes)) {
            let length = lines::first(rest);
            if length < STAMP {
                break;
            }
            before = last.replace((at, newlines));
            taken += 1;
            at += length;
            newlines += u64::from(bytes.get(at - 1) == Some(&b'\n'));
        }
        self.passed += taken.saturating_sub(2);
        for (at, behind) in [before, last].into_iter().flatten() {
            self.hold(Held { at, line: number + behind, seq: None });
        }
        (at, newlines)
    }

    /// Keeps the last two headers, and counts those before them.
    fn hold(&mut self, header: Held) {
        if let Some(known) = self.last.replace(header) {
            self.passed += u64::from(self.before.replace(known).is_some());
        }
    }
}

impl Header {
    /// Takes over the sequence number of the last record that is run together with this one.
    pub(super) fn count_glued(&mut self, record: &[u8]) {
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

/// The application that a numbered record's code names.
fn facility(header: &[u8]) -> Option<Facility> {
    let (_, stamp) = lines::trace_header(header)?;
    let rest = header.get(stamp..)?;
    let code = rest.get(memchr::memchr(b'%', rest)? + 1..)?;
    Facility::new(code.get(..memchr::memchr(b'-', code)?)?)
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
