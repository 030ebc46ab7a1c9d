//! The records that the gate lets through.

use std::sync::Arc;

use super::Reader;
use crate::formats;
use crate::framing;
use crate::lines::{self, Layout};
use crate::sift;

impl Reader {
    /// Reads the records of a stretch that the gate lets through.
    pub(super) fn read_hits(&mut self, bytes: &[u8]) {
        let shared = Arc::clone(&self.gate);
        let mut from = 0;
        let mut counted = 0;
        let mut line = self.line;
        let mut debug: Option<DebugRun> = None;
        let mut noted = false;
        // Every row of an AlertLog is an alert; elsewhere the gate decides.
        let every = self.layout() == Layout::Rows && self.audit.begun;
        let find = |from: usize| {
            if every { (from < bytes.len()).then_some(from) } else { shared.gate.find(bytes, from) }
        };
        while let Some(hit) = find(from) {
            // Debug output of the licence library is worth a look only if it tells of a failure.
            if let Some(first) = DebugLine::of(bytes, hit).filter(|_| !every) {
                let start = first.start;
                let run = match debug.take().filter(|run| start < run.stop) {
                    Some(run) if start <= run.doubt => run,
                    Some(run) => self.doubted(bytes, start, run.stop, run.plain),
                    None => {
                        let (last, end) = first.run(bytes, bytes.len());
                        let behind = bytes.get(end..).unwrap_or_default();
                        let stop = match lines::trace_header(behind) {
                            Some(_) => end,
                            None => self.next_beginning(bytes, end.saturating_sub(1).max(hit)),
                        };
                        // Behind its first line the last record may be run together with another one.
                        let is_plain = !has_code(bytes.get(end..stop).unwrap_or_default());
                        self.doubted(bytes, start, stop, if is_plain { stop } else { last })
                    }
                };
                let DebugRun { stop, doubt, .. } = run;
                debug = Some(run);
                if !noted {
                    // Samples of the headers may miss it, and it matters most.
                    noted = true;
                    self.note_debug(bytes.get(start..).unwrap_or_default());
                }
                if start < doubt {
                    from = if doubt == stop { stop } else { first.run(bytes, doubt).1 };
                    self.pass_over(start, from);
                    continue;
                }
            }
            // Rows follow each other.
            let start = if every { hit } else { self.beginning_before(bytes, hit) };
            let end = self.next_beginning(bytes, hit);
            let record = bytes.get(start..end).unwrap_or_default();
            from = end.max(hit + 1);
            let says_nothing =
                || !shared.catalog.words(record).any() && framing::further_beginnings(record).is_empty();
            if !every && sift::is_debug(record) && says_nothing() {
                self.pass_over(start, end);
                continue;
            }
            line += bytecount::count(bytes.get(counted..start).unwrap_or_default(), b'\n') as u64;
            counted = start;
            self.read_keeping(record, self.offset + start as u64, line);
        }
    }

    /// Passes over debug records of a trace, at these places of a stretch, which say nothing.
    fn pass_over(&mut self, start: usize, end: usize) {
        self.out.format.get_or_insert(formats::TRACE);
        if self.layout() == Layout::Free {
            let at = |place: usize| usize::try_from(self.offset).unwrap_or(usize::MAX).saturating_add(place);
            self.sift.known(at(start)..at(end));
        }
    }

    /// A run of debug records that is read on at `start`. It is searched for failure texts as a whole.
    fn doubted(&self, bytes: &[u8], start: usize, stop: usize, plain: usize) -> DebugRun {
        let fails = self.gate.catalog.find(bytes.get(..stop).unwrap_or_default(), start);
        let doubt = fails.map_or(plain, |at| self.beginning_before(bytes, at).min(plain));
        DebugRun { stop, plain, doubt }
    }

    /// Offset of the line at or before `at` that begins a record; of the stretch's first byte if none does.
    fn beginning_before(&self, bytes: &[u8], at: usize) -> usize {
        let mut end = at + 1;
        loop {
            let start = lines::start_before(bytes, end);
            let line = bytes.get(start..).unwrap_or_default();
            let stop = lines::first(line);
            if start == 0 || line.get(..stop).is_some_and(|line| self.begins(line)) {
                return start;
            }
            end = start;
        }
    }

    /// Reads one framed record, or the several that stand in it.
    pub(super) fn read(&mut self, record: &[u8], offset: u64, line: u64) {
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
            let heading = || layout == Layout::Rows && formats::alert_log_header(trimmed).is_some();
            if read && self.messages {
                self.is_read(piece_line);
            }
            // Of a paste, the lines that nothing explains are counted at the end.
            if !read && self.document.is_none() && !heading() {
                self.unread(trimmed, piece_line, super::A_WORD);
            }
            start = cut;
        }
    }
}

/// Bytes of `Mon DD hh:mm:ss.mmm `.
const STAMP: usize = 20;

/// Debug records of the license library, one behind the other.
struct DebugRun {
    /// Where the record behind them begins.
    stop: usize,
    /// Where the first begins that is run together with another record; `stop` if none is.
    plain: usize,
    /// Where the next one begins that may tell of something.
    doubt: usize,
}

/// A line that is a debug record of the license library, or the beginning of one, and in which no other code stands.
struct DebugLine {
    start: usize,
    /// Where its month stands.
    month: usize,
    /// Where the gate's literal stands in its code.
    hit: usize,
    /// Behind its line break.
    end: usize,
}

impl DebugLine {
    /// The line of a hit.
    fn of(bytes: &[u8], hit: usize) -> Option<Self> {
        let near = bytes.get(hit.saturating_sub(80)..hit)?;
        let start = match memchr::memrchr(b'\n', near) {
            Some(newline) => hit - near.len() + newline + 1,
            None if near.len() == hit => 0,
            None => return None,
        };
        let line = bytes.get(start..bytes.len().min(hit + 40))?;
        let (_, month) = lines::trace_header(line)?;
        let end = sift::is_debug_code(line, hit - start).then(|| plain_end(bytes, hit))??;
        Some(Self { start, month: start + month, hit, end })
    }

    /// Of this line and those like it that follow it before `doubt`: where the last begins, and where it ends.
    fn run(&self, bytes: &[u8], doubt: usize) -> (usize, usize) {
        let (mut last, mut end) = (self.start, self.end);
        let Some(code) = self.hit.checked_sub(self.month) else { return (last, end) };
        // From behind the milliseconds to the colon behind the code most lines are equal.
        let colon = bytes.get(self.hit..).and_then(|rest| memchr::memchr(b':', rest)).unwrap_or_default();
        let words = |month: usize| bytes.get(month + STAMP..=month + code + colon);
        let known = words(self.month);
        while end < doubt {
            let Some((_, month)) = bytes.get(end..).and_then(lines::trace_header) else { break };
            let hit = end + month + code;
            let is_debug = || {
                let line = bytes.get(end..bytes.len().min(hit + 40)).unwrap_or_default();
                sift::is_debug_code(line, hit - end)
            };
            if !((known.is_some() && words(end + month) == known) || is_debug()) {
                break;
            }
            let Some(next) = plain_end(bytes, hit) else { break };
            (last, end) = (end, next);
        }
        (last, end)
    }
}

/// Offset behind the line in which `from` lies; `None` if a code stands in it behind `from`.
fn plain_end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    for at in memchr::memchr2_iter(b'\n', b'%', rest) {
        match rest.get(at..) {
            Some([b'\n', ..]) => return Some(from + at + 1),
            Some(code) if framing::may_be_code(code) => return None,
            _ => {}
        }
    }
    Some(bytes.len())
}

/// True if a code may stand in some lines.
fn has_code(lines: &[u8]) -> bool {
    memchr::memchr_iter(b'%', lines).any(|at| lines.get(at..).is_some_and(framing::may_be_code))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use crate::member::MemberRead;
    use crate::reader::{Limits, Reader, Shared};

    fn read(text: &str) -> MemberRead {
        let mut reader = Reader::new(&Shared::new(), Limits::default(), false);
        reader.feed(text.as_bytes());
        reader.finish()
    }

    /// A trace of debug output of the license library, which has `line` in its middle.
    fn debug_around(line: &str) -> String {
        let mut text = String::new();
        for seq in 1..=40 {
            let head = format!("{seq}: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-7-UNK:");
            let says = if seq == 20 { line } else { "SmartLicenseUtil.computeEntitlement() seats=4" };
            writeln!(text, "{head}{says}").unwrap();
        }
        text
    }

    #[test]
    fn an_alarm_run_together_with_a_debug_record_is_read() {
        for severity in 0..=6 {
            let alarm = format!("21: Apr 02 10:30:05.124 IST %MCVD-LIB_LICENSE-{severity}-NEVER_SEEN: odd");
            for line in [format!("a {alarm}"), format!("a\n second line {alarm}")] {
                let read = read(&debug_around(&line));
                let found: Vec<&str> = read.sightings.iter().map(|it| &*it.span.text).collect();
                assert_eq!(found, [&*alarm]);
            }
        }
    }

    #[test]
    fn a_percentage_in_debug_output_is_no_code() {
        assert_eq!(read(&debug_around("used 95 % of 40 seats, 100%")).sightings, []);
    }

    #[test]
    fn what_follows_a_debug_record_of_a_paste_is_a_part_of_it() {
        let debug = "7: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-7-EXCEPTION:x";
        let read = read(&format!("hello\n{debug}\n\n\tat com.cisco.smartlicense.util.X.y(X.java:1)\n"));
        let unread: Vec<&str> = read.unread.iter().map(|line| &*line.text).collect();
        assert_eq!((unread, read.format), (vec!["hello"], Some("uccx-trace")));
    }

    #[test]
    fn a_debug_record_behind_another_line_does_not_hide_it() {
        let lines = "Nov 16 13:50:26 cucm daemon 3 ntpd: ntpdate no server suitable for synchronization\n\
            \u{1}7: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-7-UNK:x\n";
        let found = read(&format!("{lines}{}", debug_around("x"))).sightings;
        assert_eq!(found.iter().map(|it| it.kind.name()).collect::<Vec<_>>(), ["clock"]);
    }

    #[test]
    fn debug_output_that_asks_without_saying_for_what_is_passed_over() {
        let request = "SmartAgentImpl#requestEntitlement - enter requestEntitlement(), count: 4";
        assert_eq!(read(&debug_around(request)).sightings, []);
        let tag = "regid.2019-06.com.cisco.CCX_FLEX_STD,12.5_be49ea3c";
        let read = read(&debug_around(&format!(
            "SmartAgentImpl#requestEntitlement - entitlementTag: {tag}, count: 4"
        )));
        let found: Vec<&str> = read.sightings.iter().map(|it| it.kind.name()).collect();
        assert_eq!(found, ["entitlement_request"]);
    }
}
