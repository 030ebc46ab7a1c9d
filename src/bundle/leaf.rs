//! Delivers the bytes of one member that is not a container.

use super::buffer::BUFFER;
use super::member::Member;
use super::run::{Halt, Run};
use super::zip::checksum;
use super::{End, Meta, Visitor};
use libdeflater::Crc;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// A member whose bytes are being delivered.
struct Delivery<'r, 'a, V: Visitor> {
    run: &'r Run<'a, V>,
    member: &'r Member,
    meta: Meta,
    state: V::Member,
    done: u64,
}

impl<'r, 'a, V: Visitor> Delivery<'r, 'a, V> {
    fn open(run: &'r Run<'a, V>, member: &'r Member) -> Self {
        let meta = member.meta();
        let state = run.visitor.open(&meta);
        Self { run, member, meta, state, done: 0 }
    }

    /// Delivers some bytes; breaks with how the member ends if it must end now.
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Option<String>> {
        if bytes.is_empty() {
            return ControlFlow::Continue(());
        }
        match self.run.halt() {
            Some(Halt::Cancelled) => return ControlFlow::Break(Some("reading was cancelled".to_owned())),
            Some(Halt::TotalBytes) => return ControlFlow::Break(Some(self.run.total_reason())),
            // The limit on members ends the opening of new ones, not the reading of this one.
            Some(Halt::Entries) | None => {}
        }
        if let Err(reason) = self.run.allow(self.done, bytes.len() as u64) {
            return ControlFlow::Break(Some(reason));
        }
        self.done += bytes.len() as u64;
        match self.run.visitor.chunk(&mut self.state, bytes) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(()) => ControlFlow::Break(None),
        }
    }

    fn close(self, end: ControlFlow<Option<String>>) {
        let end = match end {
            ControlFlow::Continue(()) | ControlFlow::Break(None) => End::Complete,
            ControlFlow::Break(Some(why)) => {
                let label = self.run.label(self.member);
                self.run.incomplete(
                    self.member.source,
                    format!("{label} was read only in part, {} bytes of it: {why}.", self.done),
                );
                End::Partial(format!("only its first {} bytes could be read: {why}", self.done))
            }
        };
        self.run.visitor.close(self.state, self.meta, end);
    }
}

/// Delivers bytes that are all in memory.
pub(super) fn slice<V: Visitor>(run: &Run<'_, V>, member: &Member, bytes: &[u8]) {
    verified(run, member, bytes, None);
}

/// The same with the checksum they must have, computed part by part while the bytes are in the processor's cache.
pub(super) fn verified<V: Visitor>(run: &Run<'_, V>, member: &Member, bytes: &[u8], expected: Option<u32>) {
    let mut delivery = Delivery::open(run, member);
    let mut crc = Crc::new();
    for part in bytes.chunks(BUFFER) {
        if expected.is_some() {
            crc.update(part);
        }
        let end = delivery.chunk(part);
        if end.is_break() {
            return delivery.close(end);
        }
    }
    let end = match expected.map(|expected| checksum(crc.sum(), expected)) {
        Some(Err(error)) => ControlFlow::Break(Some(reason(&error))),
        Some(Ok(())) | None => ControlFlow::Continue(()),
    };
    delivery.close(end);
}

/// Delivers what `buffer` already holds, then the rest of `reader`, unless reading has `failed` already.
pub(super) fn stream<V: Visitor>(
    run: &Run<'_, V>,
    member: &Member,
    buffer: &mut [u8],
    filled: usize,
    failed: Option<io::Error>,
    reader: &mut dyn Read,
) {
    if let Some(error) = failed.as_ref().filter(|e| filled == 0 && e.kind() != io::ErrorKind::UnexpectedEof) {
        return run.fail(member, &reason(error));
    }
    let mut delivery = Delivery::open(run, member);
    let mut end = delivery.chunk(buffer.get(..filled).unwrap_or_default());
    if let Some(error) = failed
        && end.is_continue()
    {
        end = ControlFlow::Break(Some(reason(&error)));
    }
    while end.is_continue() {
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(n) => end = delivery.chunk(buffer.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => end = ControlFlow::Break(Some(reason(&e))),
        }
    }
    delivery.close(end);
}

/// What an error of reading says, with what to do about it.
pub(super) fn reason(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return "the data ends early, as when a file is cut off or still being written; copy or collect it again"
            .to_owned();
    }
    if error.raw_os_error().is_some() {
        return format!("the operating system says: {error}");
    }
    error.to_string()
}
