//! The lines of a paste that neither a record nor a document explains.

use std::ops::Range;

use crate::formats;
use crate::framing;
use crate::lines::{self, Layout};

/// The unexplained lines of `document` with their numbers; `explained` and `records` are ranges that were read.
pub(crate) fn unexplained(
    document: &[u8],
    explained: Vec<Range<usize>>,
    records: Vec<Range<usize>>,
) -> Vec<(&[u8], u64)> {
    let mut explained = Ranges::new(explained);
    let mut records = Ranges::new(records);
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
            inside_record = is_record(line) || is_record(with_next_line(document, &range));
        }
        // What follows a record belongs to it, up to a blank line or the next prompt.
        inside_record &= !line.starts_with(b"admin:");
        if inside_record || records.touch(&range) {
            continue;
        }
        unread.push((line, index as u64 + 1));
    }
    unread
}

/// Ranges in order, asked in order.
struct Ranges(std::iter::Peekable<std::vec::IntoIter<Range<usize>>>);

impl Ranges {
    fn new(mut ranges: Vec<Range<usize>>) -> Self {
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        Self(ranges.into_iter().peekable())
    }

    /// True if any range shares a byte with `line`; lines must come in ascending order.
    fn touch(&mut self, line: &Range<usize>) -> bool {
        while self.0.next_if(|range| range.end <= line.start).is_some() {}
        self.0.peek().is_some_and(|range| range.start < line.end)
    }
}

/// True if a format reads the line, or what stands behind a broken beginning of it.
fn is_record(line: &[u8]) -> bool {
    let reads = |bytes: &[u8]| formats::read_record(&crate::origin::lossy(bytes), None).is_some();
    let line = lines::visible(line);
    reads(line) || framing::behind_rubbish(line).and_then(|at| line.get(at..)).is_some_and(reads)
}

/// A line and the one behind it: web pages wrap a code in the middle.
fn with_next_line<'a>(document: &'a [u8], line: &Range<usize>) -> &'a [u8] {
    let next = document.get(line.end..).unwrap_or_default();
    let end = line.end + memchr::memchr(b'\n', next).unwrap_or(next.len());
    document.get(line.start..end).unwrap_or_default()
}
