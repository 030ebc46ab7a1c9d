//! From bytes to messages, and from a message to the one line that a reader gets. No socket here.
//!
//! Source: RFC 6587, section 3.4: octet counting (`MSG-LEN SP MSG`) and a trailer behind each message, LF or NUL. Which
//! of them a sender uses is decided anew for each message, as rsyslog's receivers do: digits, a blank and the `<` of a
//! priority are a count, everything else is text.

/// Most digits of a count: one more than any length that is accepted needs.
const COUNT_DIGITS_MAX: usize = 9;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Nothing but line breaks and NUL bytes: no line was written.
    Empty,
    /// The whole message is one line.
    Whole,
    /// The line is the beginning of a message that is longer than the bound.
    Shortened,
}

/// Writes a message as one line that ends in LF. Line breaks and NUL bytes at its end do not count; those inside become
/// `#012`, `#015` and `#000`, as rsyslog writes control characters (and as Cisco's alerts carry them).
///
/// A line is at most `longest` bytes before that.
pub(super) fn write_line(message: &[u8], longest: usize, out: &mut Vec<u8>) -> Written {
    write_beginning(message, false, longest, out)
}

/// [`write_line`] of a message that has `more` text than `message`.
fn write_beginning(message: &[u8], more: bool, longest: usize, out: &mut Vec<u8>) -> Written {
    let n_ends = message.iter().rev().take_while(|byte| is_end(byte)).count();
    let n = if more { message.len() } else { message.len() - n_ends };
    let kept = message.get(..n.min(longest)).unwrap_or(message);
    if kept.is_empty() {
        return Written::Empty;
    }
    for part in kept.split_inclusive(is_end) {
        match part.split_last() {
            Some((b'\n', text)) => write_escaped(text, b"#012", out),
            Some((b'\r', text)) => write_escaped(text, b"#015", out),
            Some((0, text)) => write_escaped(text, b"#000", out),
            _ => out.extend_from_slice(part),
        }
    }
    out.push(b'\n');
    if more || n > longest { Written::Shortened } else { Written::Whole }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

fn write_escaped(text: &[u8], escape: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(text);
    out.extend_from_slice(escape);
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What a stream has brought since it was last asked: lines, and how many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ready {
    /// Messages, each one line.
    pub(super) lines: Vec<u8>,
    /// How many lines.
    pub(super) n_messages: u64,
    /// Messages without a text.
    pub(super) n_empty: u64,
    /// Lines that are only the beginning of a message.
    pub(super) n_shortened: u64,
    /// Counted messages of which the stream brought only a part. They are not written: half a record may read as
    /// another whole one.
    pub(super) n_incomplete: u64,
}

impl Ready {
    fn message(&mut self, message: &[u8], more: bool, longest: usize) {
        let written = write_beginning(message, more, longest, &mut self.lines);
        self.n_empty += u64::from(written == Written::Empty);
        self.n_messages += u64::from(written != Written::Empty);
        self.n_shortened += u64::from(written == Written::Shortened);
    }
}

/// Cuts one stream into messages. It holds nothing between messages.
#[derive(Debug)]
pub(super) struct Framer {
    longest: usize,
    state: State,
    /// What has come of the unfinished message, up to `longest`.
    held: Vec<u8>,
    /// Whether text came that is not held. Line breaks and NUL bytes alone are none: they may be the end.
    more: bool,
    /// How many messages have begun.
    n_begun: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between messages; `counted`: the last one had a count, and a line break behind it is none of a message.
    Between { counted: bool },
    /// Digits, perhaps of a count.
    Digits,
    /// Digits and a blank.
    Blank,
    /// In a counted message, of which so many bytes are missing.
    Counted { missing: usize },
    /// In a message that ends with a line break or NUL.
    Text,
}

impl Framer {
    /// For messages of at most `longest` bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, state: State::Between { counted: false }, held: Vec::new(), more: false, n_begun: 0 }
    }

    /// Which message is unfinished, by its number; `None` between messages.
    pub(super) fn unfinished(&self) -> Option<u64> {
        (!matches!(self.state, State::Between { .. })).then_some(self.n_begun)
    }

    /// Takes the next bytes of the stream; how the stream is cut into them makes no difference.
    ///
    /// # Errors
    /// A count above the bound: where the next message begins is not known. What came before it is in `ready`.
    pub(super) fn push(&mut self, mut bytes: &[u8], ready: &mut Ready) -> Result<(), TooLong> {
        while let Some((&first, behind)) = bytes.split_first() {
            match self.state {
                State::Between { counted } => {
                    if counted && matches!(first, b'\n' | b'\r' | 0) {
                        bytes = behind;
                        continue;
                    }
                    self.n_begun += 1;
                    self.state = if matches!(first, b'1'..=b'9') { State::Digits } else { State::Text };
                }
                State::Digits => {
                    self.state = match first {
                        b'0'..=b'9' if self.held.len() < COUNT_DIGITS_MAX => State::Digits,
                        b' ' => State::Blank,
                        _ => State::Text,
                    };
                    if self.state != State::Text {
                        self.held.push(first);
                        bytes = behind;
                    }
                }
                State::Blank => {
                    self.state = State::Text;
                    if first == b'<' {
                        let count = self.held.iter().take_while(|byte| byte.is_ascii_digit());
                        let count = count.fold(0_usize, |sum, byte| sum * 10 + usize::from(byte - b'0'));
                        self.held = Vec::new();
                        self.state = State::Counted { missing: count };
                        if count > self.longest {
                            return Err(TooLong);
                        }
                    }
                }
                State::Counted { missing } => {
                    let (part, behind) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
                    bytes = behind;
                    if part.len() < missing {
                        self.held.extend_from_slice(part);
                        self.state = State::Counted { missing: missing - part.len() };
                    } else {
                        self.end(part, ready);
                        self.state = State::Between { counted: true };
                    }
                }
                State::Text => match bytes.iter().position(|byte| matches!(byte, b'\n' | 0)) {
                    Some(n) => {
                        let (part, behind) = bytes.split_at_checked(n).unwrap_or((bytes, &[]));
                        bytes = behind.get(1..).unwrap_or_default();
                        self.end(part, ready);
                        self.state = State::Between { counted: false };
                    }
                    None => {
                        self.hold(bytes);
                        bytes = &[];
                    }
                },
            }
        }
        Ok(())
    }

    /// The stream has ended. A text without a line break behind it is a message; a counted message that is not whole is
    /// lost, and counted.
    pub(super) fn finish(&mut self, ready: &mut Ready) {
        match std::mem::replace(&mut self.state, State::Between { counted: false }) {
            State::Between { .. } => {}
            State::Digits | State::Blank | State::Text => self.end(&[], ready),
            State::Counted { .. } => {
                ready.n_incomplete += 1;
                self.held = Vec::new();
            }
        }
    }

    fn end(&mut self, part: &[u8], ready: &mut Ready) {
        if self.held.is_empty() {
            ready.message(part, false, self.longest);
        } else {
            self.hold(part);
            ready.message(&self.held, self.more, self.longest);
            // A connection that is idle holds no buffer.
            self.held = Vec::new();
            self.more = false;
        }
    }

    fn hold(&mut self, part: &[u8]) {
        let room = self.longest.saturating_sub(self.held.len());
        let (kept, rest) = part.split_at_checked(room).unwrap_or((part, &[]));
        self.held.extend_from_slice(kept);
        self.more |= !rest.iter().all(is_end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: usize = 40;

    /// What a stream brings, pushed in these parts.
    fn read<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Ready, Result<(), TooLong>) {
        let (mut framer, mut ready) = (Framer::new(LONGEST), Ready::default());
        for part in parts {
            if let Err(error) = framer.push(part, &mut ready) {
                return (ready, Err(error));
            }
        }
        framer.finish(&mut ready);
        assert!(framer.unfinished().is_none() && framer.held.capacity() == 0);
        (ready, Ok(()))
    }

    /// Lines, empty messages, shortened ones, incomplete ones; the same for every cut in two and for single bytes.
    #[track_caller]
    fn check(stream: &[u8], lines: &[&str], counts: [u64; 3]) {
        let (ready, result) = read([stream]);
        assert_eq!(result, Ok(()));
        let expected: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(String::from_utf8_lossy(&ready.lines), expected);
        assert_eq!(ready.n_messages, lines.len() as u64);
        assert_eq!([ready.n_empty, ready.n_shortened, ready.n_incomplete], counts);
        for at in 0..=stream.len() {
            assert_eq!(read([&stream[..at], &stream[at..]]).0, ready, "cut at {at}");
        }
        assert_eq!(read(stream.chunks(1)).0, ready);
    }

    #[track_caller]
    fn check_line(message: &[u8], expected: &str, written: Written) {
        let mut out = b"before\n".to_vec();
        assert_eq!(write_line(message, LONGEST, &mut out), written);
        assert_eq!(String::from_utf8_lossy(&out), format!("before\n{expected}"));
    }

    #[test]
    fn a_message_is_one_line_with_its_breaks_written_out() {
        check_line(b"<14>a", "<14>a\n", Written::Whole);
        check_line(b"<14>a\r\n\0", "<14>a\n", Written::Whole);
        check_line(b"a\nb\r\nc\0d", "a#012b#015#012c#000d\n", Written::Whole);
        check_line(b"\n\na", "#012#012a\n", Written::Whole);
        check_line(b"\r\n\0", "", Written::Empty);
        check_line(b"", "", Written::Empty);
    }

    #[test]
    fn a_message_that_is_too_long_keeps_its_beginning() {
        let just = "x".repeat(LONGEST);
        check_line(just.as_bytes(), &format!("{just}\n"), Written::Whole);
        check_line(format!("{just}\n\n").as_bytes(), &format!("{just}\n"), Written::Whole);
        check_line(format!("{just}y").as_bytes(), &format!("{just}\n"), Written::Shortened);
    }

    #[test]
    fn lines_end_with_a_break_a_nul_or_the_stream() {
        check(b"<14>a\n<14>b\r\n<14>c\0<14>d", &["<14>a", "<14>b", "<14>c", "<14>d"], [0, 0, 0]);
        check(b"a\n\n\r\n\0b\n", &["a", "b"], [3, 0, 0]);
        check(b"", &[], [0, 0, 0]);
    }

    #[test]
    fn counted_messages_may_hold_line_breaks_and_be_followed_by_one() {
        check(b"5 <14>a6 <14>\nb", &["<14>a", "<14>#012b"], [0, 0, 0]);
        check(b"5 <14>a\n5 <14>b\r\n5 <14>c\0", &["<14>a", "<14>b", "<14>c"], [0, 0, 0]);
        check(b"6 <14>a\n5 <14>b", &["<14>a", "<14>b"], [0, 0, 0]);
    }

    #[test]
    fn both_framings_may_alternate() {
        check(b"<14>a\n5 <14>b<14>c\n5 <14>d", &["<14>a", "<14>b", "<14>c", "<14>d"], [0, 0, 0]);
    }

    #[test]
    fn a_text_that_begins_with_digits_is_no_count() {
        check(b"62: uccxsub1: text\n", &["62: uccxsub1: text"], [0, 0, 0]);
        check(b"7 May\n7\n7 \n12", &["7 May", "7", "7 ", "12"], [0, 0, 0]);
        check(b"0 <14>a\n01 <14>a\n", &["0 <14>a", "01 <14>a"], [0, 0, 0]);
        check(b"12345678901 <14>a\n", &["12345678901 <14>a"], [0, 0, 0]);
    }

    #[test]
    fn a_counted_message_that_the_stream_cuts_is_lost_and_counted() {
        check(b"5 <14>a9 <14>b", &["<14>a"], [0, 0, 1]);
        check(b"<14>a\n9 <", &["<14>a"], [0, 0, 1]);
    }

    #[test]
    fn a_line_that_is_too_long_is_shortened_and_the_next_is_whole() {
        let (long, kept) = ("x".repeat(LONGEST * 3), "x".repeat(LONGEST));
        check(format!("{long}\nb\n{long}").as_bytes(), &[&kept, "b", &kept], [0, 2, 0]);
    }

    #[test]
    fn line_breaks_around_the_bound_are_judged_by_what_follows_them() {
        let kept = "x".repeat(LONGEST - 1);
        let escaped = format!("{kept}#015");
        check(format!("{kept}\r\r\r\n{kept}x\r\r\n").as_bytes(), &[&kept, &format!("{kept}x")], [0, 0, 0]);
        check(format!("{kept}\r\ry\n{kept}x\r\ry\n").as_bytes(), &[&escaped, &format!("{kept}x")], [0, 2, 0]);
    }

    #[test]
    fn a_count_above_the_bound_ends_the_stream_behind_what_came_before() {
        for stream in ["<14>a\n41 <14>b", "<14>a\n999999999 <14>b"] {
            for at in 0..=stream.len() {
                let (ready, result) = read([&stream.as_bytes()[..at], &stream.as_bytes()[at..]]);
                assert_eq!((ready.lines.as_slice(), result), (b"<14>a\n".as_slice(), Err(TooLong)));
            }
        }
    }

    #[test]
    fn an_unfinished_message_is_known_by_its_number() {
        let (mut framer, mut ready) = (Framer::new(LONGEST), Ready::default());
        let mut after = |bytes: &[u8]| {
            framer.push(bytes, &mut ready).unwrap();
            framer.unfinished()
        };
        assert_eq!(after(b"a"), Some(1));
        assert_eq!(after(b"b"), Some(1));
        assert_eq!(after(b"\nc"), Some(2));
        assert_eq!(after(b"\n"), None);
        assert_eq!(after(b"9 <14>"), Some(3));
    }

    proptest! {
        #[test]
        fn how_a_stream_is_cut_makes_no_difference(
            stream in proptest::collection::vec(proptest::sample::select(&b"149 <>ab\n\r\0"[..]), 0..200),
            cuts in proptest::collection::vec(0..200_usize, 0..12),
        ) {
            let whole = read([stream.as_slice()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let cut = read(cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]));
            prop_assert_eq!(&cut, &whole);
            let n_lines = whole.0.lines.iter().filter(|byte| **byte == b'\n').count() as u64;
            prop_assert_eq!(n_lines, whole.0.n_messages);
        }
    }
}
