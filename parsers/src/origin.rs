//! Where a fact stands: the bytes behind every claim.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Longest excerpt of a record that is kept in memory and printed, in bytes of UTF-8.
pub const EXCERPT_MAX: usize = 2_000;

/// One record inside one member: line, bytes and their hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Line of the record's first byte, counted from 1.
    pub line: u64,
    /// Byte offset of the record in the uncompressed member.
    pub offset: u64,
    /// Bytes the record covers, continuation lines included, final line break excluded.
    pub length: u64,
    /// SHA-256 over exactly those bytes.
    pub sha256: [u8; 32],
    /// The record as text, invalid UTF-8 replaced, cut at [`EXCERPT_MAX`].
    pub text: Arc<str>,
}

impl Span {
    /// Makes the span of `bytes`, which start at `offset` on `line`.
    #[must_use]
    pub fn of(bytes: &[u8], line: u64, offset: u64) -> Self {
        Self {
            line,
            offset,
            length: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
            text: excerpt(bytes),
        }
    }
}

/// A span in a member: the evidence of a fact. `member` indexes the analysis' sorted member list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index into the analysis' member list.
    pub member: u32,
    /// The bytes.
    pub span: Span,
}

/// The text of `bytes`, invalid UTF-8 replaced. Checking first is much faster than decoding, and logs are nearly always
/// valid.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Text with the bytes' own offsets: every byte that is not UTF-8 becomes one `?`.
pub(crate) fn same_length_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| '?'));
    }
    out.into()
}

/// The text of `bytes`: lossy UTF-8, cut at a character boundary, the cut marked with `…`.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> Arc<str> {
    let head = bytes.get(..EXCERPT_MAX).unwrap_or(bytes);
    let text = lossy(head);
    if head.len() == bytes.len() {
        return text.into();
    }
    let mut text = text.into_owned();
    // The cut may fall inside a character, which the lossy decoding shows as U+FFFD.
    while text.ends_with('\u{fffd}') {
        text.pop();
    }
    text.push('…');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_hashes_exactly_its_bytes() {
        let span = Span::of(b"abc", 3, 10);
        assert_eq!(span.length, 3);
        assert_eq!(span.sha256[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(&*span.text, "abc");
    }

    #[test]
    fn a_long_record_is_cut_in_the_excerpt_but_hashed_whole() {
        let long = "é".repeat(EXCERPT_MAX);
        let span = Span::of(long.as_bytes(), 1, 0);
        assert_eq!(span.length, 2 * EXCERPT_MAX as u64);
        assert!(span.text.ends_with('…') && span.text.len() <= EXCERPT_MAX + 3);
    }
}
