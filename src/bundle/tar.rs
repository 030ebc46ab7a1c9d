//! Tar archives, read once from front to back.

use super::content::{self, Input};
use super::leaf::reason;
use super::member::{Member, Worker};
use super::run::Run;
use super::{Modified, ModifiedBasis, Visitor, name};
use ::tar::{Archive, EntryType};
use std::cell::Cell;
use std::io::{self, Read};

const BLOCK: u64 = 512;

/// Most bytes between two entries: headers with long names, and padding.
const BETWEEN: u64 = 4 << 20;

/// Reads every entry of a tar.
pub(super) fn read<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: &Member,
    reader: &mut dyn Read,
) {
    let mut base = member.clone();
    if base.in_gzip {
        // The tar and its gzip are one container.
        base.depth = base.depth.saturating_sub(1);
    }
    let state = State::default();
    let mut archive = Archive::new(Guard { inner: reader, state: &state });
    // Archives put one behind the other are all read, and so is the end of a gzip stream with its checksum.
    archive.set_ignore_zeros(true);
    let Ok(entries) = archive.entries() else { return };
    state.between(0);
    for entry in entries {
        let mut size = 0;
        let broken = match entry {
            Ok(mut entry) => {
                state.budget.set(None);
                size = entry.size();
                each(run, worker, &base, &mut entry, &state);
                None
            }
            Err(error) if state.failed.get() => Some(reason(&error)),
            Err(error) => Some(format!("{error}; copy or collect it again")),
        };
        if let Some(broken) = broken {
            let label = run.label(member);
            run.incomplete(member.source, format!("{label} could not be read to its end: {broken}."));
            return;
        }
        // Where the data ends inside an entry, the entry has been reported.
        if state.failed.get() || run.halt().is_some() {
            return;
        }
        state.between(size);
    }
    if !state.has_end_mark() {
        let label = run.label(member);
        run.incomplete(
            member.source,
            format!("{label} has no end mark, so entries may be missing: it was cut off; copy or collect it again."),
        );
    }
}

fn each<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    base: &Member,
    entry: &mut ::tar::Entry<'_, Guard<'_>>,
    state: &State,
) {
    let kind = entry.header().entry_type();
    if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
        return;
    }
    if !run.enter() {
        return;
    }
    let name = name::clean(&entry.path_bytes());
    let seconds = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
    let modified =
        seconds.filter(|s| *s != 0).map(|unix_s| Modified { unix_s, basis: ModifiedBasis::TarHeader });
    let size = entry.size();
    let member = base.entry(&name.text, Some(size), modified);
    let refused = match kind {
        _ if name.refused.is_some() => name.refused,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => None,
        EntryType::Symlink => Some("it is a symbolic link, and links are not followed"),
        EntryType::Link => {
            Some("it is a hard link; its content is read under the name that the link points to")
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo => Some("it is a device or a pipe, not a file"),
        _ => Some("it is an entry of a kind that holds no file"),
    };
    let mut data = Exact { inner: entry, left: size, state };
    if let Some(refused) = refused {
        run.skip(&member, refused);
    } else if size > run.limits.member_bytes {
        run.skip_wanted(
            &member,
            &format!(
                "it is larger than the limit of {} bytes for one member; raise the limit if the bundle is trusted",
                run.limits.member_bytes
            ),
        );
    } else {
        content::read(run, worker, member.clone(), Input::Read(&mut data));
    }
    if data.left > 0 && !state.failed.get() {
        pass_over(run, worker, &member, &mut data);
    }
}

/// Reads on to the end of an entry of which no more is wanted.
fn pass_over<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, member: &Member, data: &mut dyn Read) {
    let mut buffer = worker.take();
    while run.halt().is_none() {
        match data.read(buffer.all_mut()) {
            Ok(0) => break,
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                let label = run.label(member);
                run.incomplete(
                    member.source,
                    format!("What follows {label} in its archive could not be read: {}.", reason(&e)),
                );
                break;
            }
        }
    }
    worker.give(buffer);
}

/// What is known of the bytes below a tar while it is read.
#[derive(Default)]
struct State {
    /// Bytes that may be read before the next entry; `None` inside one.
    budget: Cell<Option<u64>>,
    /// Reading has failed or ended too early.
    failed: Cell<bool>,
    /// Zero bytes in a row since the last entry.
    zeros: Cell<u64>,
    /// As many of them as fill up its last block.
    padding: Cell<u64>,
}

impl State {
    /// Begins what lies behind an entry of `size` bytes.
    fn between(&self, size: u64) {
        self.budget.set(Some(BETWEEN));
        self.zeros.set(0);
        self.padding.set(size.wrapping_neg() % BLOCK);
    }

    /// A whole block of zeros ends an archive.
    fn has_end_mark(&self) -> bool {
        self.zeros.get() >= self.padding.get() + BLOCK
    }
}

/// Keeps the reader of headers from collecting endless names in memory.
struct Guard<'a> {
    inner: &'a mut dyn Read,
    state: &'a State,
}

impl Read for Guard<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.read(buf);
        match (&result, self.state.budget.get()) {
            (Err(e), _) if e.kind() != io::ErrorKind::Interrupted => self.state.failed.set(true),
            (Ok(n), Some(left)) if *n > 0 => {
                let Some(left) = left.checked_sub(*n as u64) else {
                    self.state.failed.set(true);
                    return Err(io::Error::other("a header in it is larger than 4 MiB"));
                };
                self.state.budget.set(Some(left));
                let zeros = buf.iter().take(*n).rev().take_while(|byte| **byte == 0).count() as u64;
                let before = if zeros == *n as u64 { self.state.zeros.get() } else { 0 };
                self.state.zeros.set(before + zeros);
            }
            _ => {}
        }
        result
    }
}

/// The data of an entry; ending before its size is an error.
struct Exact<'e, 'a, 's> {
    inner: &'e mut ::tar::Entry<'a, Guard<'s>>,
    left: u64,
    state: &'e State,
}

impl Read for Exact<'_, '_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || buf.is_empty() {
            return Ok(0);
        }
        let n = self.inner.read(buf)?;
        if n == 0 {
            self.state.failed.set(true);
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}
