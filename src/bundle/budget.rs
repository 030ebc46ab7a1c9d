//! The limit on how far one archive or gzip stream may expand.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// Nothing is checked before this many bytes: small files may compress as well as they like.
const FREE_BYTES: u64 = 64 << 20;

/// Compressed and uncompressed bytes of one archive or stream.
pub(super) struct Budget {
    stored: AtomicU64,
    yielded: AtomicU64,
    ratio: u64,
}

impl Budget {
    /// For an archive whose stored size is known; 0 if it is counted by [`Counted`].
    pub(super) fn new(stored: u64, ratio: u64) -> Self {
        Self { stored: AtomicU64::new(stored), yielded: AtomicU64::new(0), ratio }
    }

    /// Accounts for `n` more uncompressed bytes.
    ///
    /// # Errors
    /// The ratio is exceeded.
    pub(super) fn take(&self, n: u64) -> io::Result<()> {
        let yielded = self.yielded.fetch_add(n, Ordering::Relaxed).saturating_add(n);
        let stored = self.stored.load(Ordering::Relaxed).max(1);
        if yielded > FREE_BYTES && yielded / stored >= self.ratio {
            return Err(io::Error::other(format!(
                "its container expands more than {} times, as a decompression bomb does; if the file is trusted, raise \
                 the limit on the ratio",
                self.ratio
            )));
        }
        Ok(())
    }

    fn store(&self, n: u64) {
        self.stored.fetch_add(n, Ordering::Relaxed);
    }
}

/// Counts the compressed bytes that pass.
pub(super) struct Counted<'a, R> {
    pub(super) inner: R,
    pub(super) budget: &'a Budget,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.budget.store(n as u64);
        Ok(n)
    }
}

/// Charges the uncompressed bytes that pass.
pub(super) struct Charged<'a, R> {
    pub(super) inner: R,
    pub(super) budget: &'a Budget,
}

impl<R: Read> Read for Charged<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.budget.take(n as u64)?;
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.budget.store(n as u64);
        self.inner.consume(n);
    }
}
