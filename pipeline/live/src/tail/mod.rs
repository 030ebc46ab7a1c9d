//! Follows files: what a file holds decides which one it is, not its name or its inode.
//!
//! A segment belongs to bytes. At every poll each file is looked at: if it still begins as the segment did, and still
//! holds the last bytes read where they were read, it is the same and is read on. If not, the segment has lost its
//! place; a file that begins the same and holds those bytes - renamed, copied before it was cut, compressed - is where
//! it goes on. So appending, rotation by rename, by copy and by compression, overwriting in a circle and inodes used
//! again need no cases of their own. A notification only wakes the poll.

mod compressed;
mod list;
mod same;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Stopwatch};

use parsers::stamp::Instant;

use crate::segment::Segments;

use self::list::{Found, Stat};
use self::same::Same;

/// Bytes read of one file in one poll: then the others have their turn, and what was read is written.
const TURN: u64 = 8 << 20;

/// Time without a change after which a file is no longer held open.
const HELD: Duration = Duration::from_secs(600);

/// Time for which a copy that does not grow is waited for before it counts as a file of its own.
const COPYING: Duration = Duration::from_secs(5);

/// Time for which one poll looks into compressed files that hold nothing new.
const UNPACKING: Duration = Duration::from_millis(100);

/// Time without a change after which a compressed file that ends early counts as damaged.
const COMPRESSING: Duration = Duration::from_secs(2);

/// What is followed.
pub struct Tail {
    roots: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Followed>,
    troubles: BTreeMap<PathBuf, String>,
}

/// One file.
struct Followed {
    found: Found,
    /// The segment that its bytes belong to; `None` while that is not decided.
    segment: Option<i64>,
    /// As it was when it was last read to its end.
    seen: Option<Stat>,
    /// Held open: what was renamed or deleted can still be read to its end.
    handle: Option<File>,
    /// It holds what the segment of another file holds.
    copy: bool,
    /// When it was last seen to change.
    changed: Stopwatch,
    /// Why it cannot be read as it is.
    why: Option<String>,
}

impl Followed {
    /// True if nobody looked at it as it is, and nothing says that it cannot be read.
    fn is_unread(&self) -> bool {
        self.seen != Some(self.found.stat) && self.why.is_none() && self.found.stat.length > 0
    }
}

impl Tail {
    /// Follows directories, with all below them, and files, with those whose names begin alike. What is not there yet
    /// is waited for.
    #[must_use]
    pub fn new(roots: &[PathBuf]) -> Self {
        Self { roots: roots.to_vec(), files: BTreeMap::new(), troubles: BTreeMap::new() }
    }

    /// What cannot be read, as sentences.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        self.troubles.iter().map(|(path, why)| format!("cannot follow {}: {why}", path.display())).collect()
    }

    /// Why a file cannot be read; `None` if it can.
    #[must_use]
    pub fn trouble(&self, root: &str, name: &str) -> Option<&str> {
        let path = if name.is_empty() { PathBuf::from(root) } else { Path::new(root).join(name) };
        self.troubles.get(&path).map(String::as_str)
    }

    /// Looks at every file once. True if there is more to read at once.
    pub fn poll(&mut self, set: &mut Segments, now: Instant) -> bool {
        self.troubles.clear();
        let present = list::list(&self.roots, &mut self.troubles);
        let gone: Vec<PathBuf> =
            self.files.keys().filter(|path| !present.contains_key(*path)).cloned().collect();
        let mut more = false;
        for path in gone {
            if let Some(mut followed) = self.files.remove(&path) {
                more |= drain(&mut followed, set, now);
            }
        }
        for (path, found) in present {
            let stat = found.stat;
            let fresh = || Followed {
                found,
                segment: None,
                seen: None,
                handle: None,
                copy: false,
                changed: Stopwatch::now(),
                why: None,
            };
            let followed = self.files.entry(path.clone()).or_insert_with(fresh);
            if followed.found.stat != stat {
                (followed.changed, followed.why) = (Stopwatch::now(), None);
            }
            if let Some(why) = &followed.why {
                self.troubles.insert(path, why.clone());
            }
            followed.found.stat = stat;
            if followed.changed.elapsed() > HELD {
                followed.handle = None;
            }
        }
        // First those that have a place, so that it is known which segments have lost theirs.
        let paths: Vec<PathBuf> = self.files.keys().cloned().collect();
        for path in &paths {
            more |= self.read_on(path, set, now);
        }
        let read = |set: &Segments| set.all.values().map(|segment| segment.read).sum::<u64>();
        let before = read(set);
        for path in paths.iter().filter(|path| !self.is_compressed(path)).cloned().collect::<Vec<_>>() {
            more |= self.place(&path, set, now);
        }
        // What is compressed waits until the rest is written, and each of them until the one before is.
        let began = Stopwatch::now();
        for path in paths.iter().filter(|path| self.is_compressed(path)).cloned().collect::<Vec<_>>() {
            if read(set) != before || began.elapsed() > UNPACKING {
                more |= self.files.get(&path).is_some_and(Followed::is_unread);
            } else {
                more |= self.place(&path, set, now);
            }
        }
        self.mark(set);
        more
    }

    /// Reads a file on, if it is still what its segment read; otherwise the segment loses its place.
    fn read_on(&mut self, path: &Path, set: &mut Segments, now: Instant) -> bool {
        let Some(followed) = self.files.get_mut(path) else { return false };
        let Some(id) = followed.segment else { return false };
        if followed.seen == Some(followed.found.stat) || followed.found.compressed {
            return false;
        }
        let Some(segment) = set.all.get(&id) else {
            followed.segment = None;
            return false;
        };
        let (file, stat) = match open(path) {
            Ok(opened) => opened,
            Err(error) => {
                self.troubles.insert(path.to_owned(), error.to_string());
                return false;
            }
        };
        match same::compare(&file, stat.length, segment) {
            Same::Yes => {
                followed.handle = Some(file);
                followed.found.stat = stat;
                read(followed, set, now, stat)
            }
            Same::Shorter | Same::No => {
                let renamed = followed.found.stat.inode != stat.inode || followed.handle.is_some();
                let more = renamed && drain(followed, set, now);
                followed.segment = None;
                followed.seen = None;
                followed.handle = None;
                more
            }
        }
    }

    /// Finds the segment of a file that has none: one that lost its place, or a new one.
    fn place(&mut self, path: &Path, set: &mut Segments, now: Instant) -> bool {
        let Some(followed) = self.files.get(path) else { return false };
        if followed.segment.is_some() && !followed.copy || followed.found.stat.length == 0 {
            return false;
        }
        if followed.copy
            && followed.seen == Some(followed.found.stat)
            && self.has_place(path, followed.segment)
        {
            return false;
        }
        if followed.found.compressed {
            return self.compressed(path, set, now);
        }
        let (file, stat) = match open(path) {
            Ok(opened) => opened,
            Err(error) => {
                self.troubles.insert(path.to_owned(), error.to_string());
                return false;
            }
        };
        let placed: BTreeMap<i64, PathBuf> = self.placed();
        let mut best: Option<(u64, i64)> = None;
        let mut growing = false;
        let Some(head) = same::head(&file, stat.length) else { return false };
        for (id, segment) in set.all.iter().filter(|(_, segment)| same::may_be(&head, segment)) {
            match same::compare(&file, stat.length, segment) {
                Same::Yes => best = best.max(Some((segment.read, *id))),
                Same::Shorter if same::is_long_enough(stat.length) => {
                    // A copy that is still being made.
                    growing |= placed
                        .get(id)
                        .is_some_and(|other| other != path && same::is_prefix(&file, stat.length, other));
                }
                Same::Shorter | Same::No => {}
            }
        }
        let Some(followed) = self.files.get_mut(path) else { return false };
        let id = match best {
            Some((read, id)) => {
                let other = placed.get(&id).filter(|other| other.as_path() != path);
                let elsewhere = other.is_some() && same::is_long_enough(read);
                let grown_beyond = stat.length > read;
                if elsewhere && !grown_beyond {
                    // The same bytes in two files count once, in the first.
                    followed.segment = Some(id);
                    followed.copy = true;
                    followed.seen = Some(stat);
                    return false;
                }
                if let (true, Some(other)) = (elsewhere, other.cloned()) {
                    // The copy is what is written on.
                    if let Some(left) = self.files.get_mut(&other) {
                        left.copy = true;
                    }
                }
                match other {
                    Some(_) if !elsewhere => set.begin_file(&self.root_of(path), &self.name_of(path)),
                    _ => id,
                }
            }
            None if growing && followed.changed.elapsed() < COPYING => return false,
            None => set.begin_file(&self.root_of(path), &self.name_of(path)),
        };
        let (root, name) = (self.root_of(path), self.name_of(path));
        let Some(followed) = self.files.get_mut(path) else { return false };
        if let Some(segment) = set.all.get_mut(&id) {
            (segment.root, segment.name) = (root, name);
            segment.closed = false;
            segment.touch();
        }
        followed.segment = Some(id);
        followed.copy = false;
        followed.handle = Some(file);
        read(followed, set, now, stat)
    }

    fn is_compressed(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|followed| followed.found.compressed)
    }

    /// Which file each segment is read from.
    fn placed(&self) -> BTreeMap<i64, PathBuf> {
        let place = |(path, followed): (&PathBuf, &Followed)| Some((followed.segment?, path.clone()));
        self.files.iter().filter(|(_, followed)| !followed.copy).filter_map(place).collect()
    }

    fn has_place(&self, copy: &Path, segment: Option<i64>) -> bool {
        let mut others =
            self.files.iter().filter(|(path, followed)| path.as_path() != copy && !followed.copy);
        others.any(|(_, followed)| followed.segment == segment)
    }

    fn root_of(&self, path: &Path) -> String {
        self.files.get(path).map(|followed| followed.found.root.clone()).unwrap_or_default()
    }

    fn name_of(&self, path: &Path) -> String {
        self.files.get(path).map(|followed| followed.found.name.clone()).unwrap_or_default()
    }

    /// Says of each segment whether its file is there, and how much of it is not read.
    fn mark(&self, set: &mut Segments) {
        let placed = self.placed();
        for (id, segment) in set.all.iter_mut().filter(|(_, segment)| segment.kind == "file") {
            let length = placed.get(id).and_then(|path| self.files.get(path)).map(|f| f.found.stat.length);
            segment.behind = length.map_or(0, |length| length.saturating_sub(segment.read));
            let closed = length.is_none();
            match (segment.closed, closed) {
                (false, true) => segment.close(),
                (true, false) => {
                    segment.closed = false;
                    segment.touch();
                }
                _ => {}
            }
        }
    }
}

/// Opens a file and tells what it is at that moment, which may not be what was listed.
fn open(path: &Path) -> std::io::Result<(File, Stat)> {
    let file = File::open(path)?;
    let stat = Stat::of(&file.metadata()?);
    Ok((file, stat))
}

/// Reads a file from where its segment stands, for one turn. True if there is more.
fn read(followed: &mut Followed, set: &mut Segments, now: Instant, stat: Stat) -> bool {
    let Some(segment) = followed.segment.and_then(|id| set.all.get_mut(&id)) else { return false };
    let Some(file) = &followed.handle else { return false };
    let mut buffer = vec![0; 256 << 10];
    let mut left = TURN;
    loop {
        match file.read_at(&mut buffer, segment.read) {
            Ok(0) => {
                // Only what was looked at before it was read to its end is known to have been read.
                followed.seen = Some(stat);
                return false;
            }
            Ok(n) => {
                segment.feed(buffer.get(..n).unwrap_or_default(), now);
                left = left.saturating_sub(n as u64);
                if left == 0 {
                    followed.seen = None;
                    return true;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // It will be looked at again.
            Err(_) => {
                followed.seen = None;
                return false;
            }
        }
    }
}

/// Reads what is left in the handle of a file that lost its name. True if there is more.
fn drain(followed: &mut Followed, set: &mut Segments, now: Instant) -> bool {
    if followed.copy || followed.found.compressed {
        return false;
    }
    let (Some(file), Some(segment)) = (&followed.handle, followed.segment.and_then(|id| set.all.get(&id)))
    else {
        return false;
    };
    let Ok(metadata) = file.metadata() else { return false };
    let stat = Stat::of(&metadata);
    if !matches!(same::compare(file, stat.length, segment), Same::Yes) {
        return false;
    }
    // What is left is less than a rotation: it is read whole, for there is no second time.
    while read(followed, set, now, stat) {}
    false
}

/// Reads exactly `length` bytes at `offset`; `None` if they are not there.
fn read_at(file: &File, offset: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

/// Reads a stream until `buffer` is full or it ends.
fn fill(stream: &mut impl std::io::Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.by_ref().read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
