//! Reads on one thread what another one uses.

use super::buffer::Buffer;
use super::content::fill;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

const CHUNK: usize = 512 << 10;
const CHUNKS: usize = 4;

struct Chunk {
    buffer: Buffer,
    filled: usize,
    failed: Option<io::Error>,
}

/// Calls `f` with a reader whose bytes come from what `open` returns, on a thread of its own.
pub(super) fn through<T, R: Read>(open: impl FnOnce() -> R + Send, f: impl FnOnce(&mut dyn Read) -> T) -> T {
    thread::scope(|scope| {
        let (full_in, full_out) = sync_channel::<Chunk>(CHUNKS);
        let (empty_in, empty_out) = channel::<Buffer>();
        for _ in 0..CHUNKS {
            // Cannot fail: the other end is held here.
            let _ = empty_in.send(Buffer::new(CHUNK));
        }
        scope.spawn(move || {
            let mut source = open();
            // Both channels end when the reader is dropped, so this thread never outlives the use of its bytes.
            while let Ok(mut buffer) = empty_out.recv() {
                let (filled, failed) = fill(&mut source, buffer.all_mut(), CHUNK);
                let last = failed.is_some() || filled < CHUNK;
                if full_in.send(Chunk { buffer, filled, failed }).is_err() || last {
                    break;
                }
            }
        });
        let chunk = Chunk { buffer: Buffer::new(0), filled: 0, failed: None };
        f(&mut PipeReader { chunk, pos: 0, full: full_out, empty: empty_in })
    })
}

struct PipeReader {
    chunk: Chunk,
    pos: usize,
    full: Receiver<Chunk>,
    empty: Sender<Buffer>,
}

impl Read for PipeReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.pos >= self.chunk.filled {
            if let Some(error) = self.chunk.failed.take() {
                return Err(error);
            }
            // A closed channel is the end: the thread has sent its last chunk.
            let Ok(next) = self.full.recv() else { return Ok(0) };
            let used = std::mem::replace(&mut self.chunk, next);
            self.pos = 0;
            if used.buffer.len() > 0 {
                let _ = self.empty.send(used.buffer);
            }
        }
        let mut rest = self.chunk.buffer.first(self.chunk.filled).get(self.pos..).unwrap_or_default();
        let n = rest.read(buf)?;
        self.pos += n;
        Ok(n)
    }
}
