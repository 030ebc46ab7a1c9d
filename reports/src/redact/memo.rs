//! What was found in a text is found at the same places in one that differs from it in digits alone: the lines of a log
//! are few sentences with many numbers.
//!
//! Patterns look for digits as a class. Where the digits themselves decide (addresses, telephone numbers, escapes of
//! control characters), they are part of what is remembered; `mask` says which those are.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;

use super::find::{self, Hit};

/// Longest text that is remembered, in bytes.
const TEXT_MAX: usize = 1 << 12;
/// Most that is remembered, in bytes of text.
const TOTAL_MAX: usize = 1 << 22;

/// Finds by memory.
#[derive(Default)]
pub(super) struct Memo {
    /// Texts with every digit that decides nothing as `0`, and what stands in them.
    known: HashMap<Box<[u8]>, Arc<[Hit]>, RandomState>,
    n_bytes: usize,
    masked: Vec<u8>,
}

impl Memo {
    /// Every value in `text` that a shape or a label shows: what [`find::hits`] finds.
    pub(super) fn hits(&mut self, text: &str) -> Arc<[Hit]> {
        if text.len() > TEXT_MAX {
            return found(text);
        }
        mask(text.as_bytes(), &mut self.masked);
        if let Some(hits) = self.known.get(self.masked.as_slice()) {
            return Arc::clone(hits);
        }
        let hits = found(text);
        if self.n_bytes + text.len() <= TOTAL_MAX {
            self.n_bytes += text.len();
            self.known.insert(self.masked.as_slice().into(), Arc::clone(&hits));
        }
        hits
    }
}

fn found(text: &str) -> Arc<[Hit]> {
    let mut hits = Vec::new();
    find::hits(text, &mut hits);
    hits.into()
}

/// What a byte is to [`mask`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Digit,
    /// A letter of a hexadecimal number.
    Hex,
    Dot,
    Colon,
    /// What makes the digits behind it count: `+` and `#`.
    Mark,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut at = 0;
    while at < 256 {
        classes[at] = match at as u8 {
            b'0'..=b'9' => Class::Digit,
            b'a'..=b'f' | b'A'..=b'F' => Class::Hex,
            b'.' => Class::Dot,
            b':' => Class::Colon,
            b'+' | b'#' => Class::Mark,
            _ => Class::Other,
        };
        at += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// Puts into `out` the text with `0` for every digit of which any other would give the same hits. May keep some of those.
fn mask(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(text);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match class(*byte) {
            Class::Other | Class::Mark => at += 1,
            Class::Digit | Class::Hex | Class::Dot | Class::Colon => {
                let rest = text.get(at..).unwrap_or_default();
                let is_part = |byte: &u8| !matches!(class(*byte), Class::Other | Class::Mark);
                let len = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                let run = rest.get(..len).unwrap_or_default();
                if !is_address(run) {
                    let mark = at.checked_sub(1).and_then(|before| text.get(before)).copied();
                    blank(run, mark, out.get_mut(at..at + len).unwrap_or_default());
                }
                at += len;
            }
        }
    }
}

/// Puts `0` for the digits of a run that is no address, but for those that count behind its mark.
fn blank(run: &[u8], mark: Option<u8>, out: &mut [u8]) {
    for (number, (byte, to)) in run.iter().zip(out).enumerate().filter(|(_, (byte, _))| byte.is_ascii_digit())
    {
        *to = match (mark, number) {
            // `#012` is a line break.
            (Some(b'#'), 0..3) => *byte,
            // A telephone number does not begin with a zero.
            (Some(b'+'), 0) if *byte != b'0' => b'1',
            _ => b'0',
        };
    }
}

/// Whether a run of digits, dots, colons and letters of hexadecimal numbers could be an address or a part of one with
/// other digits: numbers joined by three dots, as in IPv4, or the colons of an IPv6 address.
fn is_address(run: &[u8]) -> bool {
    let (mut n_dotted, mut n_colons, mut before) = (0_u32, 0_u32, 0_u8);
    for byte in run {
        match byte {
            b'.' => {
                n_dotted = if before.is_ascii_digit() { n_dotted + 1 } else { 0 };
                if n_dotted >= 3 {
                    return true;
                }
            }
            b':' => {
                n_dotted = 0;
                n_colons += 1;
                if before == b':' || n_colons >= 6 {
                    return true;
                }
            }
            b'0'..=b'9' => {}
            _ => n_dotted = 0,
        }
        before = *byte;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 17] = [
        "116617: Oct 26 10:49:07.113 EDT %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [NodeID=uccx1] com.cisco.smartlicense.X",
        "Oct 26 10:49:07 uccxsub1 local7 1 : 99271: uccxsub1.example.com: Oct 26 2024 14:49:07.113 UTC : %[AppID=x][UserID=agent12]",
        "peer 192.0.2.7 gone, 198.51.100.10-24 is a build, 010.1.1.1 padded, 10.2.0.192.in-addr.arpa",
        "mask 255.255.255.0 and 127.0.0.1 and version 12.5.1.11",
        "at 2a02:810::7, up; 1:2:3:4:5:6:7:8; ::1; fe80::12",
        "00:50:56:12:34:56 and 0050.5612.3456 and 00-50-56-12-34-56",
        "call +4989123456 now; +1 408 526 4000",
        "ext 4711, dn=1001; phone 0123456, called party 7001",
        "#012user: jdoe1#011host=pub2",
        "a#012user: jdoe1 #1 of #0123user=x #12agent=ab1 +0123456789 +12 345 67890 #+12345678#012",
        "PID:UCM,SN:AB12345; CD-ZUCCX:12ab34cd56; serial no: 12345",
        "piid=12345678-1234-1234-1234-123456789012",
        "token=eyJ12345.abc12.x1 password: s3cr3t99",
        "user 192.0.2.1 agent id=::1 node=10.0.0.1",
        "Virtual Account: Lab 12  last 3",
        "a1.example.com 1.2.3.corp x.2y 12.34.ab.cd h1.12",
        "QUJD1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789==",
    ];

    /// The line with other digits, drawn from `seed`.
    fn with_digits(line: &str, seed: &mut u64) -> String {
        let other = |c: char| {
            if !c.is_ascii_digit() {
                return c;
            }
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Zeros are where digits decide most often.
            let draw = (*seed >> 33) % 16;
            char::from(b'0' + if draw < 10 { draw as u8 } else { 0 })
        };
        line.chars().map(other).collect()
    }

    #[test]
    fn memory_finds_what_a_search_finds_whatever_the_digits() {
        let (mut memo, mut seed) = (Memo::default(), 7);
        for round in 0..200 {
            for line in LINES {
                let text = if round == 0 { line.to_owned() } else { with_digits(line, &mut seed) };
                assert_eq!(memo.hits(&text), found(&text), "{text}");
            }
        }
        // What no digit decides is one entry, however often it comes.
        let plain = LINES.iter().filter(|line| {
            let (mut of, mut zeros) = (Vec::new(), Vec::new());
            mask(line.as_bytes(), &mut of);
            mask(with_digits(line, &mut seed).as_bytes(), &mut zeros);
            of == zeros
        });
        assert!((5..LINES.len()).contains(&plain.count()));
    }

    #[test]
    fn digits_that_decide_are_kept_and_all_others_are_not() {
        for (text, expected) in [
            ("12: Oct 26 10:49:07.113 x", "00: Oct 00 00:00:00.000 x"),
            ("at 10.1.2.3 since 12.5", "at 10.1.2.3 since 00.0"),
            ("2a02:810::7 00:50:56:12:34:56", "2a02:810::7 00:00:00:00:00:00"),
            ("#012345 #9 +4989 +0989", "#012000 #9 +1000 +0000"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("é7", "é0"),
            ("", ""),
        ] {
            let mut out = Vec::new();
            mask(text.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
    }

    /// Random texts of the pieces in which digits decide, side by side: memory and search must agree on all.
    #[test]
    fn memory_finds_what_a_search_finds_in_generated_texts() {
        const PIECES: [&str; 34] = [
            "0",
            "1",
            "25",
            "9",
            "192",
            "256",
            ".",
            "..",
            ":",
            "::",
            "+",
            "#",
            "#01",
            "-",
            " ",
            "a",
            "ff",
            "user=",
            "host: ",
            "ext ",
            "dn=",
            "version ",
            ".in-addr.arpa",
            "example.com",
            "@",
            "SN:",
            "PID:UCM,",
            "\"",
            "/",
            "=",
            "node ",
            "x",
            "_",
            "é",
        ];
        let (mut memo, mut state) = (Memo::default(), 99_u64);
        let mut draw = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        for _ in 0..4_000 {
            let shape: String = (0..4 + draw(10)).map(|_| PIECES[draw(PIECES.len())]).collect();
            // The same shape again and again, so that memory is what answers.
            for _ in 0..8 {
                let other = |c: char| if c.is_ascii_digit() { char::from(b'0' + draw(10) as u8) } else { c };
                let text: String = shape.chars().map(other).collect();
                assert_eq!(memo.hits(&text), found(&text), "{text}");
            }
        }
    }

    #[test]
    fn memory_has_an_end() {
        let mut memo = Memo::default();
        for n in 0..4_000_u32 {
            let letters: String = n.to_string().bytes().map(|byte| char::from(byte - b'0' + b'a')).collect();
            assert_eq!(*memo.hits(&format!("{letters} {}", "x ".repeat(2_000))), []);
        }
        assert!(memo.n_bytes <= TOTAL_MAX && memo.known.len() < 4_000);
    }
}
