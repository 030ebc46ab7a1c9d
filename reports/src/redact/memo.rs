//! What was found in a text is found at the same places in one that differs from it in digits alone: the lines of a log
//! are few sentences with many numbers.
//!
//! Patterns look for digits as a class. Where the digits themselves decide (addresses, telephone numbers, escapes of
//! control characters), a text is searched on its own; `is_decided_by_digits` says which texts those are.

use std::collections::HashMap;

use super::find::{self, Hit};

/// Longest text that is remembered, in bytes.
const TEXT_MAX: usize = 1 << 12;
/// Most that is remembered, in bytes of text.
const TOTAL_MAX: usize = 1 << 22;

/// Finds by memory.
#[derive(Default)]
pub(super) struct Memo {
    /// Texts with every digit as `0`, and what stands in them.
    known: HashMap<Box<[u8]>, Vec<Hit>>,
    n_bytes: usize,
    masked: Vec<u8>,
}

impl Memo {
    /// Every value in `text` that a shape or a label shows: what [`find::hits`] finds.
    pub(super) fn hits(&mut self, text: &str) -> Vec<Hit> {
        if text.len() > TEXT_MAX || is_decided_by_digits(text) {
            return found(text);
        }
        self.masked.clear();
        self.masked.extend(text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }));
        if let Some(hits) = self.known.get(self.masked.as_slice()) {
            return hits.clone();
        }
        let hits = found(text);
        if self.n_bytes + text.len() <= TOTAL_MAX {
            self.n_bytes += text.len();
            self.known.insert(self.masked.as_slice().into(), hits.clone());
        }
        hits
    }
}

fn found(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    find::hits(text, &mut hits);
    hits
}

/// Whether other digits could make something else of the text. May say so of texts in which they could not.
fn is_decided_by_digits(text: &str) -> bool {
    // Numbers joined by dots, as in an IPv4 address; marks of an IPv6 address; and the byte before.
    let (mut n_dotted, mut n_colons, mut before) = (0_u32, 0_u32, 0_u8);
    for byte in text.bytes() {
        match byte {
            // A telephone number does not begin with a zero; `#012` is a line break.
            b'+' | b'#' => return true,
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
            b'a'..=b'f' | b'A'..=b'F' => n_dotted = 0,
            _ => (n_dotted, n_colons) = (0, 0),
        }
        before = byte;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 16] = [
        "116617: Oct 26 10:49:07.113 EDT %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [NodeID=uccx1] com.cisco.smartlicense.X",
        "Oct 26 10:49:07 uccxsub1 local7 1 : 99271: uccxsub1.example.com: Oct 26 2024 14:49:07.113 UTC : %[AppID=x][UserID=agent12]",
        "peer 192.0.2.7 gone, 198.51.100.10-24 is a build, 010.1.1.1 padded, 10.2.0.192.in-addr.arpa",
        "mask 255.255.255.0 and 127.0.0.1 and version 12.5.1.11",
        "at 2a02:810::7, up; 1:2:3:4:5:6:7:8; ::1; fe80::12",
        "00:50:56:12:34:56 and 0050.5612.3456 and 00-50-56-12-34-56",
        "call +4989123456 now; +1 408 526 4000",
        "ext 4711, dn=1001; phone 0123456, called party 7001",
        "#012user: jdoe1#011host=pub2",
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
        let n_known = memo.known.len();
        assert!((5..LINES.len()).contains(&n_known), "{n_known}");
    }

    #[test]
    fn memory_has_an_end() {
        let mut memo = Memo::default();
        for n in 0..4_000_u32 {
            let letters: String = n.to_string().bytes().map(|byte| char::from(byte - b'0' + b'a')).collect();
            assert_eq!(memo.hits(&format!("{letters} {}", "x ".repeat(2_000))), []);
        }
        assert!(memo.n_bytes <= TOTAL_MAX && memo.known.len() < 4_000);
    }
}
