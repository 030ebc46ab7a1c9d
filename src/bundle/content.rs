//! Decides what bytes are and reads them as that.

use super::detect::{Content, HEAD, detect};
use super::member::{Member, Worker};
use super::run::Run;
use super::{SourceKind, Visitor, gzip, leaf, tar, zip};
use std::io::{self, Read};

/// Where the bytes of a member are.
pub(super) enum Input<'a> {
    /// All in memory.
    Slice(&'a [u8]),
    /// All in memory, of no container, and not yet compared with the checksum that they must have.
    Unverified(&'a [u8], u32),
    /// To be read.
    Read(&'a mut dyn Read),
}

/// Reads a member or container and everything in it.
pub(super) fn read<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, member: Member, input: Input<'_>) {
    match input {
        Input::Slice(bytes) => {
            let content = detect(bytes);
            if !admit(run, &member, content) {
                return;
            }
            match content {
                Content::Plain | Content::Foreign(_) => leaf::slice(run, &member, bytes),
                Content::Gzip => gzip::slice(run, worker, member, bytes),
                Content::Tar => tar::read(run, worker, &member, &mut &*bytes),
                Content::Zip => zip::slice(run, worker, &member, bytes),
            }
        }
        Input::Unverified(bytes, checksum) => {
            if admit(run, &member, detect(bytes)) {
                leaf::verified(run, &member, bytes, Some(checksum));
            }
        }
        Input::Read(reader) => {
            let mut buffer = worker.take();
            let (filled, failed) = fill(reader, buffer.all_mut(), HEAD);
            let content = detect(buffer.first(filled));
            if admit(run, &member, content) {
                if matches!(content, Content::Plain | Content::Foreign(_)) {
                    leaf::stream(run, &member, buffer.all_mut(), filled, failed, reader);
                } else {
                    let head = buffer.first(filled);
                    let mut whole = Rejoined { head, failed, rest: reader };
                    match content {
                        Content::Gzip => gzip::stream(run, worker, member, &mut whole),
                        Content::Tar => tar::read(run, worker, &member, &mut whole),
                        _ => zip::stream(run, worker, &member, &mut whole),
                    }
                }
            }
            worker.give(buffer);
        }
    }
}

/// Notes the kind of a source; refuses what is nested too deep or packed in a way that is not read.
pub(super) fn admit<V: Visitor>(run: &Run<'_, V>, member: &Member, content: Content) -> bool {
    match content {
        Content::Plain if member.in_gzip => run.found(member, SourceKind::Gzip),
        Content::Plain | Content::Foreign(_) => run.found(member, SourceKind::File),
        Content::Zip => run.found(member, SourceKind::Zip),
        Content::Gzip => run.found(member, SourceKind::Gzip),
        Content::Tar => run.found(member, SourceKind::Tar),
    }
    if let Content::Foreign(name) = content {
        run.skip_wanted(
            member,
            &format!("it is {name} data, which is not read; unpack it first, or pack it as zip or gzip"),
        );
        return false;
    }
    // A tar directly inside a gzip stream is the container that the gzip already was.
    let counts = content != Content::Plain && !(content == Content::Tar && member.in_gzip);
    if counts && member.depth >= run.depth_limit() {
        run.skip_wanted(
            member,
            &format!(
                "it is nested deeper than {} containers; unpack the outer ones first",
                run.depth_limit()
            ),
        );
        return false;
    }
    true
}

/// Reads until `buffer` holds at least `least` bytes or the input ends or fails.
pub(super) fn fill(reader: &mut dyn Read, buffer: &mut [u8], least: usize) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < least {
        match reader.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (filled, Some(e)),
        }
    }
    (filled, None)
}

/// What has been read ahead, then how reading failed if it did, then the rest.
pub(super) struct Rejoined<'a> {
    pub(super) head: &'a [u8],
    pub(super) failed: Option<io::Error>,
    pub(super) rest: &'a mut dyn Read,
}

impl Read for Rejoined<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(buf);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.read(buf),
        }
    }
}
