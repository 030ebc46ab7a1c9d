//! Gzip streams: several members in one, cut-off ones, garbage behind the last one.

use super::at::{AtReader, FileAt, ReadAt};
use super::budget::{Budget, Charged, Counted};
use super::buffer::{BUFFER, Buffered};
use super::content::{self, Input, Rejoined};
use super::member::{Member, Worker};
use super::run::{Metered, Run};
use super::{Modified, ModifiedBasis, Visitor, pipe};
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, Ordering};

/// Up to this many uncompressed bytes are inflated at once, which is faster than as a stream.
const AT_ONCE: u64 = 64 << 20;

/// A compressed member of an archive up to this size is read ahead for that.
const READ_AHEAD: u64 = 8 << 20;

const MAGIC: &[u8] = b"\x1f\x8b\x08";

/// Inflates a gzip stream with all its members.
pub(super) struct Gunzip<'n, R> {
    state: State<R>,
    first: bool,
    garbage: &'n AtomicBool,
}

enum State<R> {
    Inside(Box<GzDecoder<R>>),
    Between(R),
    Ended,
}

impl<'n, R: BufRead> Gunzip<'n, R> {
    /// Sets `garbage` when bytes follow that are no gzip member.
    pub(super) fn new(reader: R, garbage: &'n AtomicBool) -> Self {
        Self { state: State::Between(reader), first: true, garbage }
    }

    /// Starts the next member; the end of the stream if there is none.
    fn next(&mut self, mut reader: R) -> io::Result<State<R>> {
        if !self.first {
            // Zero bytes behind the last member are padding, as tapes and some transfers leave it.
            loop {
                let bytes = reader.fill_buf()?;
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                match bytes.get(zeros) {
                    Some(0x1f) => {
                        reader.consume(zeros);
                        break;
                    }
                    Some(_) => {
                        self.garbage.store(true, Ordering::Relaxed);
                        return Ok(State::Ended);
                    }
                    None if bytes.is_empty() => return Ok(State::Ended),
                    None => reader.consume(zeros),
                }
            }
        }
        let mut decoder = GzDecoder::new(reader);
        if decoder.header().is_none() {
            // A decoder without a header gives the reason on its first read.
            return match decoder.read(&mut [0]) {
                Err(e) if e.kind() == io::ErrorKind::InvalidInput && !self.first => {
                    self.garbage.store(true, Ordering::Relaxed);
                    Ok(State::Ended)
                }
                Err(e) => Err(explain(e)),
                Ok(_) => Ok(State::Ended),
            };
        }
        self.first = false;
        Ok(State::Inside(Box::new(decoder)))
    }
}

impl<R: BufRead> Read for Gunzip<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(reader) => self.state = self.next(reader)?,
                State::Inside(mut decoder) => match decoder.read(buf) {
                    Ok(0) => self.state = State::Between(decoder.into_inner()),
                    Ok(n) => {
                        self.state = State::Inside(decoder);
                        return Ok(n);
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => self.state = State::Inside(decoder),
                    Err(e) => return Err(explain(e)),
                },
            }
        }
    }
}

/// Says what the errors of the decoder mean; those of the system and our own pass unchanged.
fn explain(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the gzip data is damaged ({error}); copy or collect it again"),
        ),
        _ => error,
    }
}

/// Reads a gzip stream that is in memory.
pub(super) fn slice<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, member: Member, bytes: &[u8]) {
    let inside = inside(member, bytes);
    let Some(len) = size_at_once(bytes) else {
        return inflate(run, worker, inside, bytes);
    };
    let mut buffer = worker.take_large(len);
    match worker.inflater.gzip_decompress(bytes, buffer.first_mut(len)) {
        Ok(n) if n == len => {
            let inside = Member { bytes: Some(len as u64), ..inside };
            content::read(run, worker, inside, Input::Slice(buffer.first(len)));
        }
        // As a stream the bytes before the damage are had.
        _ => inflate(run, worker, inside, bytes),
    }
    worker.give_large(buffer);
}

/// The uncompressed size, if the stream is certainly a single member that is small enough to inflate at once.
fn size_at_once(bytes: &[u8]) -> Option<usize> {
    let stated = u32::from_le_bytes(*bytes.last_chunk()?);
    let plausible = u64::from(stated) <= AT_ONCE && u64::from(stated) / 1100 <= bytes.len() as u64;
    // The inflater does not tell where a member ended, so there must be no place where a second one could begin.
    let single = memchr::memmem::find(bytes.get(3..)?, MAGIC).is_none();
    if plausible && single { usize::try_from(stated).ok() } else { None }
}

/// Reads a gzip stream.
pub(super) fn stream<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: Member,
    whole: &mut Rejoined<'_>,
) {
    if member.bytes.is_some_and(|bytes| bytes <= READ_AHEAD) {
        let mut compressed = Vec::new();
        let mut ahead = Read::take(&mut *whole, READ_AHEAD + 1);
        let failed = ahead.read_to_end(&mut compressed).err();
        if failed.is_none() && compressed.len() as u64 <= READ_AHEAD {
            return slice(run, worker, member, &compressed);
        }
        let inside = inside(member, &compressed);
        return inflate(run, worker, inside, Rejoined { head: &compressed, failed, rest: whole });
    }
    let inside = inside(member, whole.head);
    inflate(run, worker, inside, whole);
}

/// Reads a gzip file that is a source or lies in a directory; with a second thread if it is `alone`.
pub(super) fn file<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: Member,
    file: &FileAt,
    alone: bool,
) {
    let len = file.len();
    let mut head = [0; 10];
    let known = file.read_exact_at(&mut head, 0).is_ok();
    let mut tail = [0; 4];
    let small = len <= AT_ONCE
        && file.read_exact_at(&mut tail, len.saturating_sub(4)).is_ok()
        && u64::from(u32::from_le_bytes(tail)) <= AT_ONCE;
    if small && let Ok(size) = usize::try_from(len) {
        let mut compressed = worker.take_large(size);
        let bytes = compressed.first_mut(size);
        if file.read_exact_at(bytes, 0).is_ok() && size_at_once(bytes).is_some() {
            run.visitor.progress(len);
            slice(run, worker, member, bytes);
            return worker.give_large(compressed);
        }
        worker.give_large(compressed);
    }
    let inside = if known { inside(member, &head) } else { Member { in_gzip: true, ..member } };
    let garbage = AtomicBool::new(false);
    let budget = Budget::new(0, run.limits.ratio);
    let source = FileStream::new(file, &garbage, &budget, run.visitor);
    let label = run.label(&inside);
    let number = inside.source;
    let open = || Charged { inner: source.open(), budget: &budget };
    if alone {
        pipe::through(open, |reader| content::read(run, worker, inside, Input::Read(reader)));
    } else {
        content::read(run, worker, inside, Input::Read(&mut open()));
    }
    report(run, number, &label, &garbage);
}

/// What it takes to inflate a file from its beginning, a second time if need be.
pub(super) struct FileStream<'a, V> {
    file: &'a FileAt,
    garbage: &'a AtomicBool,
    budget: &'a Budget,
    visitor: &'a V,
}

impl<'a, V: Visitor> FileStream<'a, V> {
    /// For all of `file`.
    pub(super) fn new(file: &'a FileAt, garbage: &'a AtomicBool, budget: &'a Budget, visitor: &'a V) -> Self {
        Self { file, garbage, budget, visitor }
    }

    /// The compressed bytes from the beginning.
    pub(super) fn compressed(&self) -> impl Read + use<'a, V> {
        let inner = AtReader::new(self.file, 0, self.file.len());
        Counted { inner: Metered { inner, visitor: self.visitor }, budget: self.budget }
    }

    /// The portable inflater.
    pub(super) fn portable(&self) -> Gunzip<'a, impl BufRead + use<'a, V>> {
        Gunzip::new(Buffered::new(self.compressed(), BUFFER), self.garbage)
    }

    /// The fastest inflater there is.
    #[cfg(feature = "isal")]
    pub(super) fn open(self) -> impl Read + use<'a, V> {
        super::isal::Inflate::new(self.compressed(), move || self.portable())
    }

    /// The fastest inflater there is.
    #[cfg(not(feature = "isal"))]
    pub(super) fn open(self) -> impl Read + use<'a, V> {
        self.portable()
    }
}

fn inflate<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, inside: Member, compressed: impl Read) {
    let garbage = AtomicBool::new(false);
    let budget = Budget::new(0, run.limits.ratio);
    let counted = Counted { inner: compressed, budget: &budget };
    let gunzip = Gunzip::new(Buffered::new(counted, 64 << 10), &garbage);
    let (number, label) = (inside.source, run.label(&inside));
    content::read(run, worker, inside, Input::Read(&mut Charged { inner: gunzip, budget: &budget }));
    report(run, number, &label, &garbage);
}

fn report<V: Visitor>(run: &Run<'_, V>, source: usize, label: &str, garbage: &AtomicBool) {
    if garbage.load(Ordering::Relaxed) {
        run.incomplete(
            source,
            format!("{label} has bytes behind its gzip data that are no gzip data; they were ignored. Check the file."),
        );
    }
}

/// The content of a gzip member, with the time that the header states.
fn inside(member: Member, head: &[u8]) -> Member {
    let stated =
        head.get(4..8).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let modified = match stated {
        0 => member.modified,
        seconds => Some(Modified { unix_s: seconds.into(), basis: ModifiedBasis::GzipHeader }),
    };
    Member { bytes: None, modified, in_gzip: true, depth: member.depth + 1, ..member }
}
