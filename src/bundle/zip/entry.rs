//! Reads one entry of a zip archive.

use super::super::Visitor;
use super::super::at::{AtReader, ReadAt};
use super::super::budget::{Budget, Charged};
use super::super::buffer::{BUFFER, Buffered};
use super::super::content::{self, Input};
use super::super::detect::{Content, detect};
use super::super::leaf::reason;
use super::super::member::{Member, Worker};
use super::super::name::{self, Name};
use super::super::run::Run;
use super::directory::Entry;
use super::record::Fields;
use flate2::bufread::DeflateDecoder;
use libdeflater::{Crc, crc32};
use std::io::{self, Read};

pub(super) const LOCAL: u32 = 0x0403_4b50;
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// Up to this many uncompressed bytes are inflated at once, which is faster than as a stream.
const AT_ONCE: u64 = 64 << 20;

/// An entry as a member of its archive.
pub(super) fn member(archive: &Member, entry: &Entry, name: &Name) -> Member {
    archive.entry(&name.text, Some(entry.bytes), entry.modified)
}

/// Names an entry that is refused and says `false`, or returns `true`.
pub(super) fn wanted<V: Visitor>(run: &Run<'_, V>, member: &Member, entry: &Entry, name: &Name) -> bool {
    if let Some(refused) = name.refused {
        run.skip(member, refused);
        return false;
    }
    match entry.mode & 0o170_000 {
        0 | 0o100_000 => {}
        0o120_000 => {
            run.skip(member, "it is a symbolic link, and links are not followed");
            return false;
        }
        _ => {
            run.skip(member, "it is a device or a pipe, not a file");
            return false;
        }
    }
    let limit = run.limits.member_bytes;
    let refused = if entry.flags & 1 != 0 {
        "it is encrypted; unpack it with its password first".to_owned()
    } else if !matches!(entry.method, STORED | DEFLATED) {
        let method = method(entry.method);
        format!(
            "its compression method ({method}) is not read; unpack the archive first, or pack it with deflate"
        )
    } else if entry.bytes > limit {
        format!(
            "it is larger than the limit of {limit} bytes for one member; raise it if the bundle is trusted"
        )
    } else {
        return true;
    };
    run.skip_wanted(member, &refused);
    false
}

fn method(number: u16) -> String {
    let name = match number {
        1 => "shrink",
        6 => "implode",
        9 => "Deflate64",
        12 => "bzip2",
        14 => "LZMA",
        93 => "Zstandard",
        95 => "xz",
        98 => "PPMd",
        99 => "AES encryption",
        _ => return format!("number {number}"),
    };
    name.to_owned()
}

/// Reads the entry at its place in `from`.
pub(super) fn read<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    archive: &Member,
    entry: &Entry,
    from: &dyn ReadAt,
    budget: &Budget,
) {
    let name = name::clean(&entry.name);
    let member = member(archive, entry, &name);
    if !wanted(run, &member, entry, &name) {
        return;
    }
    let data = match data(from, entry) {
        Ok(data) => data,
        Err(why) => return run.fail(&member, &why),
    };
    if entry.method == DEFLATED && at_once(run, worker, &member, entry, from, data, budget) {
        return;
    }
    let compressed = AtReader::new(from, data, entry.stored);
    let mut reader: Box<dyn Read> = match entry.method {
        STORED => Box::new(Checked::new(compressed, entry)),
        _ => {
            let buffered = Buffered::new(compressed, BUFFER);
            Box::new(Checked::new(DeflateDecoder::new(buffered), entry))
        }
    };
    content::read(run, worker, member, Input::Read(&mut Charged { inner: &mut reader, budget }));
}

/// Where the data of an entry begins.
fn data(from: &dyn ReadAt, entry: &Entry) -> Result<u64, String> {
    let mut header = [0; 30];
    from.read_exact_at(&mut header, entry.offset).map_err(|e| reason(&e))?;
    let mut fields = Fields(&header);
    if fields.u32() != LOCAL {
        return Err("the archive has no entry where its directory says; copy or collect it again".to_owned());
    }
    fields.bytes(22);
    let (name, extra) = (u64::from(fields.u16()), u64::from(fields.u16()));
    Ok(entry.offset.saturating_add(30 + name + extra))
}

/// Inflates a whole entry in memory; `false`, with nothing delivered, if it is too large or anything is wrong with it.
fn at_once<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: &Member,
    entry: &Entry,
    from: &dyn ReadAt,
    data: u64,
    budget: &Budget,
) -> bool {
    // A claim that deflate cannot reach is a lie, and not worth the memory.
    let plausible = entry.bytes / 1100 <= entry.stored;
    let (Ok(len), Ok(stored)) = (usize::try_from(entry.bytes), usize::try_from(entry.stored)) else {
        return false;
    };
    if entry.bytes > AT_ONCE || entry.stored > AT_ONCE || !plausible {
        return false;
    }
    let mut inflated = worker.take_large(len);
    let output = inflated.first_mut(len);
    let result = if let Some(compressed) = from.slice(data, entry.stored) {
        worker.inflater.deflate_decompress(compressed, output)
    } else {
        let mut compressed = worker.take_large(stored);
        let input = compressed.first_mut(stored);
        let read = from.read_exact_at(input, data);
        let result = match read {
            Ok(()) => worker.inflater.deflate_decompress(input, output),
            Err(_) => Err(libdeflater::DecompressionError::BadData),
        };
        worker.give_large(compressed);
        result
    };
    // What holds members of its own is verified before any of them is delivered.
    let plain = detect(output) == Content::Plain;
    let good = result == Ok(len) && (plain || crc32(output) == entry.crc);
    if good {
        let input = if plain { Input::Unverified(output, entry.crc) } else { Input::Slice(output) };
        match budget.take(entry.bytes) {
            Ok(()) => content::read(run, worker, member.clone(), input),
            Err(error) => run.skip_wanted(member, &reason(&error)),
        }
    }
    worker.give_large(inflated);
    good
}

/// Checks the size and the checksum of an entry at its end.
struct Checked<R> {
    inner: R,
    crc: Crc,
    left: u64,
    expected: u32,
    inflates: bool,
}

impl<R: Read> Checked<R> {
    fn new(inner: R, entry: &Entry) -> Self {
        let inflates = entry.method == DEFLATED;
        Self { inner, crc: Crc::new(), left: entry.bytes, expected: entry.crc, inflates }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let n = self.inner.read(buf).map_err(explain)?;
        if n > 0 {
            self.crc.update(buf.get(..n).unwrap_or_default());
            self.left = self.left.saturating_sub(n as u64);
            return Ok(n);
        }
        if self.left > 0 && !self.inflates {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        checksum(self.crc.sum(), self.expected)?;
        Ok(0)
    }
}

/// Compares a checksum with the one that the archive states.
pub(in crate::bundle) fn checksum(found: u32, expected: u32) -> io::Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "its bytes do not have the checksum that the archive states ({found:08x}, not {expected:08x}), so some of \
             them are wrong; copy or collect the archive again"
        ),
    ))
}

/// Says what the errors of the inflater mean.
pub(super) fn explain(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => io::Error::new(
            io::ErrorKind::InvalidData,
            "its compressed data is damaged; copy or collect the archive again",
        ),
        _ => error,
    }
}
