//! A rotated file that was compressed: mostly known already, and read on where its segment stands.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use parsers::stamp::Instant;

use super::{Tail, fill, list::Stat};
use crate::segment::Segments;

/// Uncompressed bytes of one file that are read.
const BYTES_MAX: u64 = 16 << 30;

/// Uncompressed bytes per compressed byte that are believed, behind the first 64 MiB.
const RATIO_MAX: u64 = 300;

impl Tail {
    /// Takes a compressed file: reads on the segment that it holds, or one of its own. True if there is more to read at
    /// once.
    pub(super) fn compressed(&mut self, path: &Path, set: &mut Segments, now: Instant) -> bool {
        let (file, stat) = match super::open(path) {
            Ok(opened) => opened,
            Err(error) => {
                self.troubles.insert(path.to_owned(), error.to_string());
                return false;
            }
        };
        let (root, name) = (self.root_of(path), self.name_of(path));
        let Some(followed) = self.files.get_mut(path) else { return false };
        if followed.seen == Some(stat) || followed.why.is_some() {
            return false;
        }
        // Once for its length: what is not whole yet says nothing.
        let length = match length(&file, stat) {
            Ok(length) => length,
            Err(why) => {
                // While it is being written it ends early; once it no longer changes, that is told.
                if followed.changed.elapsed() > super::COMPRESSING || why.kind() == io::ErrorKind::InvalidData
                {
                    followed.why = Some(why.to_string());
                }
                return false;
            }
        };
        let known = known(&file, length, set);
        let id = known.unwrap_or_else(|| set.begin_file(&root, &name));
        let Some(segment) = set.all.get_mut(&id) else { return false };
        let mut stream = decoder(&file);
        let from = segment.read;
        if skip(&mut stream, from).is_ok() {
            let mut buffer = vec![0; 256 << 10];
            while let Ok(n @ 1..) = stream.read(&mut buffer) {
                segment.feed(buffer.get(..n).unwrap_or_default(), now);
            }
        }
        if known.is_none() {
            segment.close();
        }
        let beside = |(other, of): (&std::path::PathBuf, &super::Followed)| {
            other != path && of.segment == Some(id) && !of.copy
        };
        let copy = self.files.iter().any(beside);
        if let Some(followed) = self.files.get_mut(path) {
            (followed.segment, followed.copy, followed.seen) = (Some(id), copy, Some(stat));
        }
        false
    }
}

fn decoder(file: &File) -> MultiGzDecoder<BufReader<&File>> {
    use std::io::Seek as _;
    let mut file = file;
    let _ = file.rewind();
    MultiGzDecoder::new(BufReader::with_capacity(64 << 10, file))
}

/// The length of what is compressed.
fn length(file: &File, stat: Stat) -> io::Result<u64> {
    let mut stream = decoder(file);
    let mut buffer = vec![0; 256 << 10];
    let mut length = 0;
    loop {
        let n = fill(&mut stream, &mut buffer)? as u64;
        length += n;
        if n == 0 {
            return Ok(length);
        }
        if length > BYTES_MAX || length > (64 << 20) && length / RATIO_MAX > stat.length {
            let says = "it unpacks to more than is believed of a log; unpack it yourself if it is one";
            return Err(io::Error::new(io::ErrorKind::InvalidData, says));
        }
    }
}

fn skip(stream: &mut impl io::Read, bytes: u64) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(bytes), &mut io::sink())?;
    if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The segment that the file holds: of those that fit, the one that was read furthest.
fn known(file: &File, length: u64, set: &Segments) -> Option<i64> {
    let mut head = vec![0; crate::segment::HEAD];
    let filled = fill(&mut decoder(file), &mut head).ok()?;
    head.truncate(filled);
    let mut fitting: Vec<(u64, i64)> = set
        .all
        .values()
        .filter(|segment| segment.read <= length && super::same::may_be(&head, segment))
        .map(|segment| (segment.read, segment.id))
        .collect();
    fitting.sort_unstable();
    fitting.into_iter().rev().map(|(_, id)| id).find(|id| {
        let Some(segment) = set.all.get(id) else { return false };
        let anchor = segment.anchor();
        let mut stream = decoder(file);
        let mut bytes = vec![0; anchor.len()];
        skip(&mut stream, segment.read - anchor.len() as u64).is_ok()
            && fill(&mut stream, &mut bytes).is_ok_and(|n| n == anchor.len())
            && bytes == anchor
    })
}
