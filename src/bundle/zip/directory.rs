//! The central directory of a zip archive.

use super::super::Modified;
use super::super::at::{AtReader, ReadAt};
use super::super::buffer::{BUFFER, Buffered};
use super::record::{Extra, Fields, dos};
use std::io::Read;

const CENTRAL: u32 = 0x0201_4b50;
const LOCATOR64: u32 = 0x0706_4b50;
const END64: u32 = 0x0606_4b50;

/// Longest record at the end of an archive: 22 bytes and a comment.
const LONGEST_END: u64 = 22 + 65_535;

/// One entry, as the central directory or a local header describes it.
#[derive(Debug, Default, Clone)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// Compressed size in bytes.
    pub(super) stored: u64,
    /// Uncompressed size in bytes, as claimed.
    pub(super) bytes: u64,
    /// Where the local header is.
    pub(super) offset: u64,
    /// Type and permissions; 0 if unknown.
    pub(super) mode: u32,
    pub(super) modified: Option<Modified>,
}

impl Entry {
    pub(super) fn is_directory(&self) -> bool {
        matches!(self.name.last(), Some(b'/' | b'\\')) && self.bytes == 0
    }

    /// The fields that central and local headers share, beginning with the flags.
    pub(super) fn shared(fields: &mut Fields<'_>) -> (Self, [u32; 2]) {
        let (flags, method, time, date) = (fields.u16(), fields.u16(), fields.u16(), fields.u16());
        let crc = fields.u32();
        let sizes = [fields.u32(), fields.u32()];
        (Self { flags, method, crc, modified: dos(date, time), ..Self::default() }, sizes)
    }

    /// Completes an entry with its extra fields.
    pub(super) fn widen(&mut self, extra: &mut Extra<'_>, [stored, bytes]: [u32; 2]) {
        self.bytes = extra.wide(bytes);
        self.stored = extra.wide(stored);
        self.modified = extra.modified.or(self.modified);
    }
}

/// All entries of an archive.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    /// There are more than were asked for.
    pub(super) cut: bool,
}

impl Directory {
    /// Finds and reads the central directory, at most `limit` entries of it.
    ///
    /// # Errors
    /// Why there is none that can be used.
    pub(super) fn read(archive: &dyn ReadAt, limit: u64) -> Result<Self, String> {
        let (start, len) = locate(archive)?;
        let mut reader = Buffered::new(AtReader::new(archive, start, len), BUFFER);
        let mut left = len;
        let mut directory = Self { entries: Vec::new(), cut: false };
        while left > 0 {
            if directory.entries.len() as u64 >= limit {
                directory.cut = true;
                break;
            }
            let (entry, size) = record(&mut reader).ok_or("its central directory is damaged")?;
            left = left.checked_sub(size).ok_or("its central directory is damaged")?;
            directory.entries.push(entry);
        }
        Ok(directory)
    }
}

/// One record and its size; `None` if there is none.
fn record(reader: &mut impl Read) -> Option<(Entry, u64)> {
    let mut fixed = [0; 46];
    reader.read_exact(&mut fixed).ok()?;
    let mut fields = Fields(&fixed);
    if fields.u32() != CENTRAL {
        return None;
    }
    let (made_by, _needed) = (fields.u16(), fields.u16());
    let (mut entry, sizes) = Entry::shared(&mut fields);
    let (name, extra, comment) = (fields.u16(), fields.u16(), fields.u16());
    fields.bytes(4);
    let (attributes, offset) = (fields.u32(), fields.u32());
    let mut variable = vec![0; usize::from(name) + usize::from(extra) + usize::from(comment)];
    reader.read_exact(&mut variable).ok()?;
    let size = 46 + variable.len() as u64;
    let mut fields = Fields(&variable);
    entry.name = fields.bytes(name.into()).to_vec();
    let mut extra = Extra::read(fields.bytes(extra.into()));
    entry.widen(&mut extra, sizes);
    entry.offset = extra.wide(offset);
    // Only archives made on Unix (3) and macOS (19) state a mode.
    entry.mode = if matches!(made_by >> 8, 3 | 19) { attributes >> 16 } else { 0 };
    Some((entry, size))
}

/// Where the central directory begins, and its length.
fn locate(archive: &dyn ReadAt) -> Result<(u64, u64), String> {
    const MISSING: &str = "its end with the central directory is missing, so it was cut off";
    let tail_len = archive.len().min(LONGEST_END);
    let tail_start = archive.len() - tail_len;
    let mut tail = vec![0; usize::try_from(tail_len).unwrap_or(0)];
    archive.read_exact_at(&mut tail, tail_start).map_err(|e| format!("its end cannot be read: {e}"))?;
    for found in memchr::memmem::rfind_iter(&tail, b"PK\x05\x06") {
        let mut fields = Fields(tail.get(found..).unwrap_or_default());
        if fields.0.len() < 22 {
            continue;
        }
        fields.bytes(4);
        let (disk, first_disk) = (fields.u16(), fields.u16());
        let (_here, count) = (fields.u16(), fields.u16());
        let (len, start) = (fields.u32(), fields.u32());
        let comment = fields.u16();
        if fields.0.len() < usize::from(comment) {
            continue;
        }
        let end = tail_start + found as u64;
        let wide = count == u16::MAX || len == u32::MAX || start == u32::MAX;
        let (start, len, end) = match wide.then(|| locate64(archive, end)).flatten() {
            Some(wide) => wide,
            None if (disk != 0 && disk != u16::MAX) || first_disk != disk => {
                return Err("it is one part of a split archive; join the parts first".to_owned());
            }
            None => (start.into(), len.into(), end),
        };
        // An archive stored as the last entry of a cut-off one also has an end record, but its positions do not fit.
        let fits = start.checked_add(len).is_some_and(|after| after <= end);
        let mut signature = [0; 4];
        let first =
            archive.read_exact_at(&mut signature, start).is_ok() && Fields(&signature).u32() == CENTRAL;
        let empty = len == 0 && count == 0 && end == 0;
        if fits && (first || empty) {
            return Ok((start, len));
        }
    }
    Err(MISSING.to_owned())
}

/// The same from the zip64 records before `end`, with the position of the directory's end.
fn locate64(archive: &dyn ReadAt, end: u64) -> Option<(u64, u64, u64)> {
    let mut locator = [0; 20];
    archive.read_exact_at(&mut locator, end.checked_sub(20)?).ok()?;
    let mut fields = Fields(&locator);
    if fields.u32() != LOCATOR64 {
        return None;
    }
    fields.bytes(4);
    let at = fields.u64();
    let mut record = [0; 56];
    archive.read_exact_at(&mut record, at).ok()?;
    let mut fields = Fields(&record);
    if fields.u32() != END64 {
        return None;
    }
    fields.bytes(36);
    let (len, start) = (fields.u64(), fields.u64());
    Some((start, len, at))
}
