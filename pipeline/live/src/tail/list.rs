//! Which files there are.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Directories below each other that are entered.
const DEPTH: u32 = 16;

/// Files that are followed; more are a mistake in the path.
const FILES: usize = 20_000;

/// What tells whether a file may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) length: u64,
    pub(super) inode: u64,
    device: u64,
    modified: (i64, i64),
}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            inode: metadata.ino(),
            device: metadata.dev(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// A file that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What the user named.
    pub(super) root: String,
    /// Path below it; empty for the root itself.
    pub(super) name: String,
    pub(super) stat: Stat,
    /// By its name.
    pub(super) compressed: bool,
}

/// All files below the roots. Links are not followed, but a root may be one.
pub(super) fn list(roots: &[PathBuf], troubles: &mut BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, Found> {
    let mut out = BTreeMap::new();
    for root in roots {
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => walk(root, root, 0, &mut out, troubles),
            Ok(_) => siblings(root, &mut out, troubles),
            Err(error) => {
                // It may appear, and rotated files of it may be there meanwhile.
                troubles.insert(root.clone(), format!("{error}; it is waited for"));
                siblings(root, &mut out, &mut BTreeMap::new());
            }
        }
    }
    out
}

fn walk(
    root: &Path,
    directory: &Path,
    depth: u32,
    out: &mut BTreeMap<PathBuf, Found>,
    troubles: &mut BTreeMap<PathBuf, String>,
) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            troubles.insert(directory.to_owned(), error.to_string());
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        // What vanishes between listing and looking is not there.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && depth < DEPTH {
            walk(root, &path, depth + 1, out, troubles);
        } else if metadata.is_file() {
            if out.len() >= FILES {
                troubles.insert(
                    root.to_owned(),
                    format!("it holds more than {FILES} files; name the folder of the logs"),
                );
                return;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            add(root, &path, name, &metadata, out);
        }
    }
}

/// A file, and those beside it whose names begin with its name: `CiscoSyslog`, `CiscoSyslog.1`, `CiscoSyslog.2.gz`.
fn siblings(file: &Path, out: &mut BTreeMap<PathBuf, Found>, troubles: &mut BTreeMap<PathBuf, String>) {
    let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else { return };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let name = name.to_string_lossy();
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) => {
            troubles.insert(file.to_owned(), error.to_string());
            return;
        }
    };
    for entry in entries.flatten() {
        let other = entry.file_name();
        let other = other.to_string_lossy();
        let Some(rest) = other.strip_prefix(&*name) else { continue };
        // `Cisco001MCVD001.log` is not `Cisco001MCVD001.logbook`.
        if !rest.is_empty() && !rest.starts_with(['.', '-', '_', '~']) {
            continue;
        }
        let path = parent.join(entry.file_name());
        let metadata = if rest.is_empty() { fs::metadata(&path) } else { entry.metadata() };
        let Ok(metadata) = metadata else { continue };
        if metadata.is_file() {
            let name = if rest.is_empty() { String::new() } else { other.clone().into_owned() };
            add(file, &path, name, &metadata, out);
        }
    }
}

fn add(root: &Path, path: &Path, name: String, metadata: &Metadata, out: &mut BTreeMap<PathBuf, Found>) {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let found = Found {
        root: root.to_string_lossy().into_owned(),
        name,
        stat: Stat::of(metadata),
        compressed: ending == "gz",
    };
    out.insert(path.to_owned(), found);
}
