//! Reads a zip archive from front to back by its local headers, without the central directory.

use super::super::Visitor;
use super::super::budget::{Budget, Charged, Counted};
use super::super::content::{self, Input};
use super::super::member::{Member, Worker};
use super::super::name;
use super::super::run::Run;
use super::directory::Entry;
use super::entry::{DEFLATED, LOCAL, STORED, checksum, explain, member, wanted};
use super::record::{Extra, Fields};
use flate2::bufread::DeflateDecoder;
use libdeflater::Crc;
use std::io::{self, BufRead, Read};

const DESCRIPTOR: u32 = 0x0807_4b50;

/// The sizes and the checksum follow the data instead of preceding it.
const FOLLOWS: u16 = 1 << 3;

/// What comes next in an archive.
enum Next {
    Entry,
    Directory,
    End,
}

/// Reads every entry that can be found.
pub(super) fn read<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, archive: &Member, bytes: impl BufRead) {
    let budget = Budget::new(0, run.limits.ratio);
    let mut bytes = Counted { inner: bytes, budget: &budget };
    while let Next::Entry = find(&mut bytes) {
        let Ok(entry) = header(&mut bytes) else {
            // The archive ends inside a header; the caller has reported that it is broken.
            return;
        };
        if entry.is_directory() {
            continue;
        }
        if run.halt().is_some() || !run.enter() {
            return;
        }
        each(run, worker, archive, &entry, &mut bytes, &budget);
    }
}

fn each<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    archive: &Member,
    entry: &Entry,
    mut bytes: &mut dyn BufRead,
    budget: &Budget,
) {
    let name = name::clean(&entry.name);
    let member = member(archive, entry, &name);
    let follows = entry.flags & FOLLOWS != 0;
    let sized = !follows || entry.stored > 0;
    let member = Member { bytes: (!follows).then_some(entry.bytes), ..member };
    let read = if !wanted(run, &member, entry, &name) {
        false
    } else if entry.method == STORED && !sized {
        run.skip_wanted(
            &member,
            "where it ends is stated only in the archive's directory, which cannot be used",
        );
        false
    } else {
        true
    };
    let limit = if sized { entry.stored } else { u64::MAX };
    let mut data = Read::take(&mut bytes, limit);
    if read {
        let expected = (!follows).then_some(entry.crc);
        let decoder = match entry.method {
            DEFLATED => Decoder::Deflated(DeflateDecoder::new(&mut data)),
            _ => Decoder::Stored(&mut data),
        };
        let mut checked = Checked { decoder, crc: Crc::new(), expected, ended: false };
        let mut charged = Charged { inner: &mut checked, budget };
        content::read(run, worker, member, Input::Read(&mut charged));
        // Only the inflater knows where data of unknown size ends.
        let mut buffer = worker.take();
        while !sized && run.halt().is_none() && matches!(charged.read(buffer.all_mut()), Ok(1..)) {}
        worker.give(buffer);
    }
    if sized {
        let _ = io::copy(&mut data, &mut io::sink());
    }
}

/// The fields of a local header, behind its signature.
fn header(bytes: &mut dyn BufRead) -> io::Result<Entry> {
    let mut fixed = [0; 26];
    bytes.read_exact(&mut fixed)?;
    let mut fields = Fields(&fixed);
    fields.u16();
    let (mut entry, sizes) = Entry::shared(&mut fields);
    let (name, extra) = (fields.u16(), fields.u16());
    entry.name = vec![0; name.into()];
    bytes.read_exact(&mut entry.name)?;
    let mut data = vec![0; extra.into()];
    bytes.read_exact(&mut data)?;
    entry.widen(&mut Extra::read(&data), sizes);
    Ok(entry)
}

/// Passes over everything up to the next signature, and the signature.
fn find(bytes: &mut dyn BufRead) -> Next {
    let mut window: u32 = 0;
    loop {
        let chunk = match bytes.fill_buf() {
            Ok([]) => return Next::End,
            Ok(chunk) => chunk,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Next::End,
        };
        let mut used = 0;
        let mut found = None;
        for byte in chunk {
            used += 1;
            window = window >> 8 | u32::from(*byte) << 24;
            match window {
                LOCAL => found = Some(Next::Entry),
                0x0201_4b50 | 0x0606_4b50 | 0x0605_4b50 => found = Some(Next::Directory),
                _ => continue,
            }
            break;
        }
        bytes.consume(used);
        if let Some(found) = found {
            return found;
        }
    }
}

enum Decoder<'d, R: BufRead> {
    Stored(&'d mut R),
    Deflated(DeflateDecoder<&'d mut R>),
}

/// Checks the checksum, which the header states or which follows the data.
struct Checked<'d, R: BufRead> {
    decoder: Decoder<'d, R>,
    crc: Crc,
    expected: Option<u32>,
    ended: bool,
}

impl<R: BufRead> Read for Checked<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() || self.ended {
            return Ok(0);
        }
        let n = match &mut self.decoder {
            Decoder::Stored(data) => data.read(buf)?,
            Decoder::Deflated(data) => data.read(buf).map_err(explain)?,
        };
        if n > 0 {
            self.crc.update(buf.get(..n).unwrap_or_default());
            return Ok(n);
        }
        self.ended = true;
        let expected = match (&mut self.decoder, self.expected) {
            (_, Some(expected)) => expected,
            (Decoder::Stored(_), None) => return Ok(0),
            (Decoder::Deflated(data), None) => descriptor(data.get_mut())?,
        };
        checksum(self.crc.sum(), expected)?;
        Ok(0)
    }
}

/// The checksum of a descriptor, whose signature is optional; its sizes are passed over with the search.
fn descriptor(bytes: &mut impl Read) -> io::Result<u32> {
    let mut field = [0; 4];
    bytes.read_exact(&mut field)?;
    if u32::from_le_bytes(field) == DESCRIPTOR {
        bytes.read_exact(&mut field)?;
    }
    Ok(u32::from_le_bytes(field))
}
