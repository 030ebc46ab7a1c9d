//! Buffers that begin at a page.

use std::io::{self, BufRead, Read};

/// Large enough to make system calls cheap, small enough for the second-level cache.
pub(super) const BUFFER: usize = 256 << 10;

const PAGE: usize = 4096;

/// Some bytes that begin at a page.
///
/// An allocator puts a large block 16 bytes behind a page, which is where processors copy most slowly from the page
/// cache: a read takes four times as long as into a block that begins at the page.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    pub(super) fn new(len: usize) -> Self {
        let bytes = vec![0; len + PAGE];
        let start = bytes.as_ptr().align_offset(PAGE).min(PAGE);
        Self { bytes, start }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - PAGE
    }

    /// The first `len` bytes, or all if there are fewer.
    pub(super) fn first(&self, len: usize) -> &[u8] {
        self.bytes.get(self.start..self.start + len.min(self.len())).unwrap_or_default()
    }

    /// The same to write to.
    pub(super) fn first_mut(&mut self, len: usize) -> &mut [u8] {
        let len = len.min(self.len());
        self.bytes.get_mut(self.start..self.start + len).unwrap_or_default()
    }

    pub(super) fn all_mut(&mut self) -> &mut [u8] {
        self.first_mut(usize::MAX)
    }
}

/// A reader with such a buffer.
pub(super) struct Buffered<R> {
    inner: R,
    buffer: Buffer,
    pos: usize,
    filled: usize,
}

impl<R: Read> Buffered<R> {
    /// With a buffer of `len` bytes.
    pub(super) fn new(inner: R, len: usize) -> Self {
        Self { inner, buffer: Buffer::new(len), pos: 0, filled: 0 }
    }
}

impl<R: Read> Read for Buffered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // Straight into a buffer that is at least as large.
        if self.pos >= self.filled && buf.len() >= self.buffer.len() {
            return self.inner.read(buf);
        }
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Buffered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.pos >= self.filled {
            self.filled = self.inner.read(self.buffer.all_mut())?;
            self.pos = 0;
        }
        Ok(self.buffer.first(self.filled).get(self.pos..).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.pos = self.pos.saturating_add(n).min(self.filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_a_page() {
        for len in [1, 100, BUFFER] {
            let mut buffer = Buffer::new(len);
            assert_eq!(buffer.first(len).as_ptr() as usize % PAGE, 0);
            assert_eq!(buffer.all_mut().len(), len);
            assert_eq!(buffer.first(len + 1).len(), len);
        }
    }

    #[test]
    fn reads_everything_once() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let mut reader = Buffered::new(&bytes[..], 700);
        let mut found = vec![0; 3];
        reader.read_exact(&mut found).unwrap();
        reader.read_to_end(&mut found).unwrap();
        assert_eq!(found, bytes);
    }
}
