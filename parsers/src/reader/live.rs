//! Reading a member that has not ended: a log that grows, a sender that goes on.
//!
//! A [`Reader`] may be asked at any time what the member says so far, and where reading stands: which byte begins the
//! record that is still open. With the records that mattered and the counts up to there, a reader can be made again
//! that goes on as if it had never stopped. Records are kept as bytes and not as what they mean, so that a later
//! version reads them with what it has learned.

use std::sync::Arc;

use super::audit::Place;
use super::{Reader, Shared};
use crate::formats;
use crate::lines::{self, Layout};
use crate::member::MemberRead;

/// A record that mattered: from these, a reader is made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Byte offset of the record in the member.
    pub offset: u64,
    /// Line of its first byte, counted from 1.
    pub line: u64,
    /// The record, continuation lines included.
    pub bytes: Vec<u8>,
}

/// Where reading stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Offset of the first byte that is not settled: it, and all behind it, are to be fed again.
    pub offset: u64,
    /// Its line, counted from 1.
    pub line: u64,
    /// True for a system log, false for a trace.
    pub syslog: bool,
    /// True for the messages of a sender, each a line.
    pub messages: bool,
    /// True within a line that was cut: what is left of it counts no more.
    pub cutting: bool,
    /// The last header before the offset: where it stands, and its first bytes. `None` before the first one.
    pub header: Option<(u64, u64, Vec<u8>)>,
}

impl Reader {
    /// A reader for the messages of a sender, each a line: a system log, whatever the first lines look like. A line
    /// that begins no record is unread, and no part of the message before it.
    #[must_use]
    pub fn of_sender(shared: &Arc<Shared>, limits: super::Limits) -> Self {
        let mut reader = Self::new(shared, limits, false).keeping();
        reader.layout = Some(Layout::Syslog);
        reader.messages = true;
        reader
    }

    /// Keeps the records that matter, for [`Self::take_kept`].
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.kept = Some(Vec::new());
        self
    }

    /// A reader that goes on where another stood. `counts` is what that one said, less its sightings and statements:
    /// those are read again from `kept`, which must be in the order of their offsets.
    #[must_use]
    pub fn resume(
        shared: &Arc<Shared>,
        limits: super::Limits,
        standing: &Standing,
        counts: MemberRead,
        kept: &[Kept],
    ) -> Self {
        let mut reader = Self::new(shared, limits, false);
        reader.layout = Some(if standing.syslog { Layout::Syslog } else { Layout::Trace });
        reader.messages = standing.messages;
        reader.out = MemberRead { sightings: Vec::new(), statements: Vec::new(), ..counts.clone() };
        // An earlier version may have kept more of them.
        std::mem::take(&mut reader.out.marks).into_iter().for_each(|mark| reader.push_mark(mark));
        reader.debug = counts.debug_seen.iter().cloned().collect();
        for record in kept {
            // An earlier version took messages that followed for a part of the record.
            let end = if standing.messages { lines::first(&record.bytes) } else { record.bytes.len() };
            reader.read(record.bytes.get(..end).unwrap_or_default(), record.offset, record.line);
        }
        reader.out.bytes = standing.offset;
        (reader.out.records, reader.out.n_unread) = (counts.records, counts.n_unread);
        (reader.out.unread, reader.out.format) = (counts.unread, counts.format);
        reader.unread_here.clear();
        reader.offset = standing.offset;
        reader.fed = standing.offset;
        reader.line = standing.line;
        reader.cutting = standing.cutting;
        let place = standing.header.as_ref().map(|(offset, line, head)| Place {
            offset: *offset,
            line: *line,
            head: head.clone(),
        });
        let marked = reader.out.marks.last().map(|mark| mark.offset);
        reader.audit.resume(place, marked);
        reader.keeping()
    }

    /// Looks at everything that was fed but the record that is still open.
    pub fn settle(&mut self) {
        if self.layout.is_none() || self.table.is_some() || self.partial.is_empty() {
            return;
        }
        let mut partial = std::mem::take(&mut self.partial);
        self.window(&partial);
        partial.clear();
        self.partial = partial;
    }

    /// Gives back the room of its buffers: no more will come. What is settled stays, and the open record too.
    pub fn rest(&mut self) {
        self.settle();
        self.partial.shrink_to_fit();
        self.carry.shrink_to_fit();
        self.out.marks.shrink_to_fit();
        self.out.sightings.shrink_to_fit();
    }

    /// Where reading stands once everything is settled; `None` for a member that must be read from its beginning: what
    /// it is was not decided yet, or it is a table or a paste.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let syslog = match self.layout? {
            Layout::Syslog => true,
            Layout::Trace => false,
            Layout::Rows | Layout::Free => return None,
        };
        let header = self.audit.place().map(|place| (place.offset, place.line, place.head));
        let (messages, cutting) = (self.messages, self.cutting);
        Some(Standing { offset: self.offset, line: self.line, syslog, messages, cutting, header })
    }

    /// Bytes that were fed and are not settled: the record that is still open.
    #[must_use]
    pub fn open_bytes(&self) -> Vec<u8> {
        let mut open = self.carry.clone();
        open.extend_from_slice(&self.partial);
        open
    }

    /// What the counts are, less sightings and statements, as [`Self::resume`] takes them.
    #[must_use]
    pub fn counts(&self) -> MemberRead {
        let out = &self.out;
        MemberRead {
            sightings: Vec::new(),
            statements: Vec::new(),
            debug_seen: self.debug.iter().cloned().collect(),
            format: out.format,
            bytes: out.bytes,
            lines: out.lines,
            records: out.records,
            marks: out.marks.clone(),
            silences: out.silences.clone(),
            restarts: out.restarts.clone(),
            holes: out.holes.clone(),
            n_unread: out.n_unread,
            unread: out.unread.clone(),
            n_cut: out.n_cut,
            host: out.host.clone(),
            ..MemberRead::default()
        }
    }

    /// The records that mattered since this was last asked, in the order of their offsets.
    pub fn take_kept(&mut self) -> Vec<Kept> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// What the member says so far, as if it ended here.
    #[must_use]
    pub fn so_far(&self) -> MemberRead {
        self.clone().finish()
    }

    /// A number that changes when what the member says about the license may have changed: with sightings, statements
    /// and a record of interest that is still open.
    #[must_use]
    pub fn tells(&self) -> (u64, u64) {
        if self.standing().is_none() {
            return (self.out.bytes, 0);
        }
        let open =
            [&self.carry, &self.partial].into_iter().any(|bytes| self.gate.gate.find(bytes, 0).is_some());
        let settled = (self.out.sightings.len() + self.out.statements.len()) as u64;
        (settled, if open { self.offset + (self.carry.len() + self.partial.len()) as u64 + 1 } else { 0 })
    }

    /// How many sightings and records the member has so far, the open record excluded.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let out = &self.out;
        Tally {
            bytes: out.bytes,
            records: out.records,
            sightings: out.sightings.len() as u64,
            unread: out.n_unread,
            missing: out.holes.iter().map(|hole| hole.missing).sum(),
        }
    }

    /// Forgets the oldest sightings beyond `keep`. Returns the offset of the first one that is left if any were
    /// forgotten.
    pub fn forget(&mut self, keep: usize) -> Option<u64> {
        let beyond = self.out.sightings.len().checked_sub(keep).filter(|beyond| *beyond > 0)?;
        self.out.sightings.drain(..beyond);
        self.out.sightings.first().map(|first| first.span.offset)
    }

    /// Reads a record, and keeps it if that changed what the member says.
    pub(super) fn read_keeping(&mut self, record: &[u8], offset: u64, line: u64) {
        let before = self.kept.is_some().then(|| self.said());
        self.read(record, offset, line);
        if before.is_some_and(|before| before != self.said())
            && let Some(kept) = &mut self.kept
        {
            kept.push(Kept { offset, line, bytes: record.to_vec() });
        }
    }

    fn said(&self) -> (usize, Option<u64>, usize, usize) {
        let last = self.out.sightings.last().map(|sighting| sighting.span.offset);
        (self.out.sightings.len(), last, self.out.statements.len(), self.sift.n_parts())
    }
}

/// Counts of a member so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes fed.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Records that mean something.
    pub sightings: u64,
    /// Lines that no format read.
    pub unread: u64,
    /// Sequence numbers that are missing.
    pub missing: u64,
}

/// The format of that name, as [`MemberRead::format`] has it; `None` if there is none.
#[must_use]
pub fn format_named(name: &str) -> Option<&'static str> {
    formats::format_names().into_iter().find(|known| *known == name)
}

/// The reason of that text, as [`Unread::reason`] has it; `None` if there is none.
///
/// [`Unread::reason`]: crate::member::Unread::reason
#[must_use]
pub fn reason_of(text: &str) -> Option<&'static str> {
    super::REASONS.into_iter().find(|known| *known == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::Mark;
    use crate::reader::Limits;
    use crate::stamp::Stamp;

    const ALARM: &str = "Apr 02 11:00:05 uccxpub local7 1 : 12: uccxpub: Apr 02 2026 05:30:05.123 UTC :  \
        %UC_LIB_LICENSE-1-SYSTEM_IN_OVERAGE_STATE: %[The time remaining to enter OOC state=45 minutes]\
        [AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: over";

    fn trace(n: usize) -> String {
        (0..n)
            .map(|at| {
                let (hour, minute) = (at / 60 % 24, at % 60);
                let head = format!("{}: Apr 02 {hour:02}:{minute:02}:05.123 IST ", at + 1);
                match at % 4 {
                    0 => format!(
                        "{head}%MCVD-LIB_LICENSE-1-SYSTEM_IN_OVERAGE_STATE:[The time remaining to enter OOC state=45 minutes] over\n"
                    ),
                    1 => format!("{head}%MCVD-CVD-7-UNK:a\n second line\n"),
                    2 => format!("{head}%MCVD-LIB_LICENSE-7-UNK:java.net.UnknownHostException: tools.cisco.com\n"),
                    _ => format!("{head}%MCVD-LIB_LICENSE-3-NEVER_SEEN: odd [part=7.1/2]\n"),
                }
            })
            .collect()
    }

    /// Reads `text` in two lives that part at `at`, and in one; both say the same.
    #[track_caller]
    fn check(shared: &Arc<Shared>, text: &str, at: usize, sender: bool) {
        let limits = Limits::default();
        let new = || match sender {
            true => Reader::of_sender(shared, limits),
            false => Reader::new(shared, limits, false).keeping(),
        };
        let mut whole = new();
        whole.feed(text.as_bytes());
        let whole = whole.finish();

        let mut first = new();
        first.feed(&text.as_bytes()[..at]);
        first.settle();
        let Some(standing) = first.standing() else {
            assert!(!sender && at < super::super::SNIFF, "{at}");
            return;
        };
        let from = usize::try_from(standing.offset).unwrap();
        assert_eq!(&text.as_bytes()[from..at], first.open_bytes(), "{at}");
        let kept = first.take_kept();
        let mut second = Reader::resume(shared, limits, &standing, first.counts(), &kept);
        second.feed(&text.as_bytes()[from..]);
        let second = second.finish();
        assert_eq!(second.sightings, whole.sightings, "{at}");
        assert_eq!(second.statements, whole.statements, "{at}");
        let counts = |read: &MemberRead| {
            (read.bytes, read.lines, read.records, read.n_unread, read.holes.clone(), read.restarts.clone())
        };
        assert_eq!(counts(&second), counts(&whole), "{at}");
        assert_eq!(second.silences, whole.silences, "{at}");
        assert_eq!(second.format, whole.format, "{at}");
    }

    #[test]
    fn a_trace_is_read_the_same_in_two_lives_wherever_they_part() {
        let shared = Shared::new();
        let text = trace(1_200);
        for at in (super::super::SNIFF..text.len()).step_by(97) {
            check(&shared, &text, at, false);
        }
    }

    #[test]
    fn a_sender_is_read_the_same_in_two_lives_wherever_they_part() {
        let shared = Shared::new();
        let text: String = (0..20)
            .map(|at| match at % 5 {
                3 => "<189>nobody knows this IB_LICENSE-1-X line\n".to_owned(),
                _ => format!("{}\n", ALARM.replace("12:", &format!("{at}:"))),
            })
            .collect();
        for at in 0..text.len() {
            check(&shared, &text, at, true);
        }
    }

    #[test]
    fn a_message_that_begins_no_record_is_no_part_of_the_one_before() {
        let shared = Shared::new();
        let odd = "a separate datagram\nand LIB_LICENSE in another\n";
        let text = format!("{ALARM}\n{odd}{}\n{odd}", ALARM.replace("12:", "13:"));
        for at in 0..text.len() {
            check(&shared, &text, at, true);
        }
        let mut reader = Reader::of_sender(&shared, Limits::default());
        reader.feed(text.as_bytes());
        reader.settle();
        let read = reader.so_far();
        assert_eq!(read.sightings.len(), 2);
        assert!(read.sightings.iter().all(|said| !said.text.contains("datagram") && said.span.length < 300));
        let unread: Vec<(u64, &str)> = read.unread.iter().map(|it| (it.line, it.reason)).collect();
        let reason = super::super::NO_FORMAT;
        assert_eq!(unread, [(2, reason), (3, reason), (5, reason), (6, reason)]);
        assert_eq!((read.n_unread, read.records), (4, 2));
    }

    #[test]
    fn a_message_with_rubbish_in_front_is_read_and_not_unread_too() {
        let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
        reader.feed(format!("{ALARM}\n\x01\x02 rubbish {ALARM}\n").as_bytes());
        let read = reader.so_far();
        assert_eq!(read.sightings.len() as u64 + read.n_unread, 2, "{:?}", read.unread);
    }

    #[test]
    fn what_an_earlier_version_glued_is_parted_when_a_reader_goes_on() {
        let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
        reader.feed(format!("{ALARM}\n{ALARM}\n").as_bytes());
        reader.settle();
        let (standing, counts) = (reader.standing().unwrap(), reader.counts());
        let mut kept = reader.take_kept();
        kept[0].bytes = format!("{ALARM}\na separate datagram\n").into_bytes();
        let read = Reader::resume(&Shared::new(), Limits::default(), &standing, counts, &kept).so_far();
        assert!(!read.sightings[0].text.contains("datagram"));
    }

    #[test]
    fn what_a_member_says_so_far_holds_the_record_that_is_still_open() {
        let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
        let quiet = reader.tells();
        reader.feed(ALARM.as_bytes());
        reader.settle();
        assert_eq!(reader.tally().sightings, 0);
        assert_ne!(reader.tells(), quiet);
        assert_eq!(reader.so_far().sightings.len(), 1);
    }

    /// Messages of 60 KB, one every five seconds from `from` to `to`, in seconds of a day.
    fn messages(reader: &mut Reader, from: usize, to: usize) {
        let text = "x".repeat(60 << 10);
        for at in (from..to).step_by(5) {
            let (hour, minute, second) = (at / 3_600, at / 60 % 60, at % 60);
            let line = format!(
                "<190>{at}: uccxpub.example.com: Apr 02 2026 {hour:02}:{minute:02}:{second:02}.123 UTC :  \
                 %UC_CTI-6-CtiLineOpened: %[AppID=Cisco CTIManager][NodeID=uccxpub]: {text}\n"
            );
            reader.feed(line.as_bytes());
            reader.settle();
        }
    }

    #[test]
    fn a_sender_that_goes_on_has_marks_by_the_hour_and_not_by_the_byte() {
        let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
        messages(&mut reader, 0, 2 * 3_600);
        // Twenty minutes without a word, then a clock that was set back.
        messages(&mut reader, 2 * 3_600 + 1_200, 4 * 3_600);
        messages(&mut reader, 4 * 3_600 - 600, 5 * 3_600);
        let read = reader.so_far();
        assert!(read.bytes > 200 << 20, "{}", read.bytes);
        let times: Vec<String> =
            read.marks.iter().map(|mark| mark.stamp.unwrap().time.format("%H:%M:%S").to_string()).collect();
        assert!((30..80).contains(&times.len()), "{times:?}");
        assert_eq!(times.first().map(String::as_str), Some("00:00:00"));
        assert_eq!(times.last().map(String::as_str), Some("04:59:55"));
        let at = |time: &Mark| chrono::Timelike::num_seconds_from_midnight(&time.stamp.unwrap().time);
        let steps = read.marks.windows(2).map(|pair| i64::from(at(&pair[1])) - i64::from(at(&pair[0])));
        let odd: Vec<i64> = steps.filter(|step| !(0..=600).contains(step)).collect();
        // Both are seen to within a mark, of which one comes every 256 KiB: here every 25 seconds.
        assert!(matches!(odd[..], [1_200..=1_250, -600..=-550]), "{odd:?}");
    }

    #[test]
    fn what_an_earlier_version_kept_is_thinned_when_a_reader_goes_on() {
        let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
        messages(&mut reader, 0, 3_600);
        let (standing, mut counts) = (reader.standing().unwrap(), reader.counts());
        let (first, last) = (counts.marks[0], counts.marks[counts.marks.len() - 1]);
        // Marks as they were: one for every minute.
        counts.marks = (0..60_u64)
            .map(|minute| Mark {
                offset: first.offset + minute,
                stamp: first.stamp.map(|stamp| Stamp {
                    time: stamp.time + chrono::TimeDelta::minutes(i64::try_from(minute).unwrap()),
                    ..stamp
                }),
                ..first
            })
            .chain([last])
            .collect();
        let reader = Reader::resume(&Shared::new(), Limits::default(), &standing, counts, &[]);
        let marks = reader.so_far().marks;
        assert!(marks.len() < 10, "{marks:?}");
        assert_eq!(marks[0], first);
    }

    #[test]
    fn the_oldest_sightings_are_forgotten_first() {
        let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
        for at in 0..10 {
            reader.feed(format!("{}\n", ALARM.replace("12:", &format!("{at}:"))).as_bytes());
        }
        reader.settle();
        assert_eq!(reader.forget(20), None);
        let left = reader.forget(4);
        assert_eq!(reader.tally().sightings, 4);
        assert_eq!(left, reader.so_far().sightings.first().map(|first| first.span.offset));
    }
}
