//! Whether a file holds what a segment read.

use std::fs::File;
use std::path::Path;

use super::read_at;
use crate::segment::Segment;

/// Fewer bytes than a record has may be equal by chance.
const LONG_ENOUGH: u64 = 64;

/// Bytes that are compared of a copy in the making.
const COMPARED: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    /// It begins as the segment does, and holds its last bytes where they were read.
    Yes,
    /// It begins as the segment does, and ends before that.
    Shorter,
    No,
}

/// The first bytes of a file.
pub(super) fn head(file: &File, length: u64) -> Option<Vec<u8>> {
    read_at(file, 0, usize::try_from(length).unwrap_or(usize::MAX).min(crate::segment::HEAD))
}

/// True if a file that begins so may hold what a segment read: most do not, and need not be looked at again.
pub(super) fn may_be(head: &[u8], segment: &Segment) -> bool {
    segment.kind == "file"
        && segment.read > 0
        && (head.starts_with(segment.head()) || segment.head().starts_with(head))
}

/// Compares a file of `length` bytes with what a segment read.
pub(super) fn compare(file: &File, length: u64, segment: &Segment) -> Same {
    let head = segment.head();
    let known = usize::try_from(length).unwrap_or(usize::MAX).min(head.len());
    let begins = read_at(file, 0, known);
    if begins.is_none() || begins.as_deref() != head.get(..known) {
        return Same::No;
    }
    if length < segment.read {
        return Same::Shorter;
    }
    let anchor = segment.anchor();
    let at = segment.read - anchor.len() as u64;
    if read_at(file, at, anchor.len()).as_deref() == Some(anchor) { Same::Yes } else { Same::No }
}

/// True if that many equal bytes are no chance.
pub(super) fn is_long_enough(length: u64) -> bool {
    length >= LONG_ENOUGH
}

/// True if the file's last bytes stand in `other` at the same place.
pub(super) fn is_prefix(file: &File, length: u64, other: &Path) -> bool {
    let compared = usize::try_from(length).unwrap_or(usize::MAX).min(COMPARED);
    let at = length - compared as u64;
    let Ok(other) = File::open(other) else { return false };
    let mine = read_at(file, at, compared);
    mine.is_some() && mine == read_at(&other, at, compared)
}
