//! Zip archives: by their central directory, or front to back where that is missing.

mod directory;
mod entry;
mod record;
mod scan;

use super::at::{AtReader, FileAt, ReadAt};
use super::budget::Budget;
use super::buffer::{BUFFER, Buffered};
use super::content::Rejoined;
use super::member::{Member, Worker};
use super::queue::Work;
use super::run::{Metered, Run};
use super::{Visitor, name};
use directory::{Directory, Entry};
pub(super) use entry::checksum;
use std::io::Read;
use std::sync::Arc;

/// Up to this many bytes of an archive inside another one are held in memory, to use its central directory.
const IN_MEMORY: u64 = 64 << 20;

/// A zip file whose entries are read by several threads.
pub(super) struct Archive {
    file: FileAt,
    budget: Budget,
    member: Member,
    entries: Vec<Entry>,
}

impl Archive {
    /// Reads one entry.
    pub(super) fn read<V: Visitor>(&self, run: &Run<'_, V>, worker: &mut Worker, index: usize) {
        if let Some(entry) = self.entries.get(index) {
            run.visitor.progress(entry.stored);
            entry::read(run, worker, &self.member, entry, &self.file, &self.budget);
        }
    }

    /// An entry as a member, to name it.
    pub(super) fn member(&self, index: usize) -> Option<Member> {
        self.entries.get(index).map(|entry| entry::member(&self.member, entry, &name::clean(&entry.name)))
    }
}

/// Reads a zip file: queues its entries, or reads them here if it has no usable directory.
pub(super) fn file<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, member: &Member, file: FileAt) {
    match Directory::read(&file, run.limits.entries) {
        Ok(Directory { entries, cut }) => {
            too_many(run, member, cut);
            let budget = Budget::new(file.len(), run.limits.ratio);
            let archive = Archive { file, budget, member: member.clone(), entries };
            let archive = Arc::new(archive);
            let work = archive.entries.iter().enumerate().filter(|(_, entry)| !entry.is_directory());
            let work = work.take_while(|_| run.enter());
            run.queue.push(
                work.map(|(index, entry)| {
                    (entry.bytes, Work::Entry { archive: Arc::clone(&archive), index })
                }),
            );
        }
        Err(why) => {
            let metered = Metered { inner: AtReader::new(&file, 0, file.len()), visitor: run.visitor };
            fall_back(run, worker, member, &why, metered);
        }
    }
}

/// Reads a zip that is in memory.
pub(super) fn slice<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, member: &Member, bytes: &[u8]) {
    match Directory::read(&bytes, run.limits.entries) {
        Ok(Directory { entries, cut }) => {
            too_many(run, member, cut);
            let budget = Budget::new(bytes.len() as u64, run.limits.ratio);
            for entry in entries.iter().filter(|entry| !entry.is_directory()) {
                if run.halt().is_some() || !run.enter() {
                    return;
                }
                entry::read(run, worker, member, entry, &bytes, &budget);
            }
        }
        Err(why) => fall_back(run, worker, member, &why, bytes),
    }
}

/// Reads a zip that comes as a stream: in memory if it fits, else front to back.
pub(super) fn stream<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: &Member,
    whole: &mut Rejoined<'_>,
) {
    let mut bytes = Vec::new();
    let failed = Read::take(&mut *whole, IN_MEMORY + 1).read_to_end(&mut bytes).err();
    if failed.is_none() && bytes.len() as u64 <= IN_MEMORY {
        return slice(run, worker, member, &bytes);
    }
    let broken = failed.is_some();
    let rest = Rejoined { head: &bytes, failed, rest: whole };
    if broken {
        fall_back(run, worker, member, "its data ends early", rest);
    } else {
        scan::read(run, worker, member, Buffered::new(rest, BUFFER));
    }
}

fn fall_back<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: &Member,
    why: &str,
    bytes: impl Read,
) {
    run.incomplete(
        member.source,
        format!(
            "{} is a broken zip archive ({why}): its entries were read from front to back as far as possible; copy or \
             collect it again.",
            run.label(member)
        ),
    );
    scan::read(run, worker, member, Buffered::new(bytes, BUFFER));
}

fn too_many<V: Visitor>(run: &Run<'_, V>, member: &Member, cut: bool) {
    if cut {
        run.incomplete(
            member.source,
            format!(
                "{} has more than {} entries; the others were not read. Raise the limit if it is trusted.",
                run.label(member),
                run.limits.entries
            ),
        );
    }
}
