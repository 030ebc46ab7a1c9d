//! Finds the files of a directory.

use super::member::Member;
use super::queue::Work;
use super::run::Run;
use super::{Modified, ModifiedBasis, Visitor};
use std::fs::{self, DirEntry, Metadata};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Queues every file below `dir`, in the order of the bytes of their names; returns their bytes together.
pub(super) fn directory<V: Visitor>(run: &Run<'_, V>, source: usize, dir: &Path) -> u64 {
    let mut found = Vec::new();
    let bytes = walk(run, source, dir, "", &mut found);
    run.queue.push(found);
    bytes
}

fn walk<V: Visitor>(
    run: &Run<'_, V>,
    source: usize,
    dir: &Path,
    prefix: &str,
    found: &mut Vec<(u64, Work)>,
) -> u64 {
    let listed = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<DirEntry>, _>>);
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            let name = if prefix.is_empty() { "./" } else { prefix };
            run.fail(&member(source, name, None), &format!("this directory cannot be listed: {error}"));
            return 0;
        }
    };
    entries.sort_by(|a, b| a.file_name().as_encoded_bytes().cmp(b.file_name().as_encoded_bytes()));
    let mut bytes: u64 = 0;
    for entry in entries {
        if run.halt().is_some() {
            break;
        }
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                run.fail(&member(source, &name, None), &format!("the operating system says: {error}"));
                continue;
            }
        };
        if metadata.is_dir() {
            let below = walk(run, source, &entry.path(), &format!("{name}/"), found);
            bytes = bytes.saturating_add(below);
            continue;
        }
        if !run.enter() {
            break;
        }
        let member = member(source, &name, Some(&metadata));
        if metadata.is_symlink() {
            run.skip(&member, "it is a symbolic link, and links are not followed");
        } else if metadata.is_file() {
            bytes = bytes.saturating_add(metadata.len());
            // Every row of a table is read whole, so it costs tens of times as much as a trace of its size.
            let rows = entry.path().extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
            let cost = metadata.len().saturating_mul(if rows { 20 } else { 1 });
            found.push((cost, Work::File { member, path: entry.path(), len: metadata.len() }));
        } else {
            run.skip(&member, "it is a device, a pipe or a socket, not a file");
        }
    }
    bytes
}

fn member(source: usize, name: &str, metadata: Option<&Metadata>) -> Member {
    Member {
        source,
        path: Some(name.to_owned()),
        bytes: metadata.map(Metadata::len),
        modified: metadata.and_then(modified),
        depth: 0,
        is_source: false,
        in_gzip: false,
    }
}

/// When the filesystem says that a file was written.
pub(super) fn modified(metadata: &Metadata) -> Option<Modified> {
    let time = metadata.modified().ok()?;
    let unix_s = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    Some(Modified { unix_s, basis: ModifiedBasis::Filesystem })
}
