//! Reads a log bundle: directories, archives, compressed files and standard input, in any nesting.
//!
//! [`read`] walks the paths it is given, opens what they contain and hands every member's bytes, in order, to a
//! [`Visitor`]. Nothing is unpacked to disk and no large member is held in memory. What cannot be read is named,
//! with the reason, and never stops the rest.

mod at;
mod budget;
mod buffer;
mod content;
mod detect;
mod gzip;
#[cfg(feature = "isal")]
mod isal;
mod leaf;
mod member;
mod name;
mod pipe;
mod queue;
mod run;
mod source;
mod tar;
#[cfg(test)]
mod tests;
mod walk;
mod zip;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::SystemTime;

/// How much a run may read before it stops, so that a hostile or broken bundle cannot exhaust the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Uncompressed bytes handed to the visitor in the whole run.
    pub total_bytes: u64,
    /// Uncompressed bytes of one member.
    pub member_bytes: u64,
    /// Uncompressed bytes per compressed byte of one archive or gzip stream; checked once it has yielded 64 MiB.
    pub ratio: u64,
    /// Members and containers in the whole run, those that are refused included.
    pub entries: u64,
    /// Containers around one member; a tar inside its own gzip counts once, a directory does not count.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total_bytes: 64 << 30, member_bytes: 16 << 30, ratio: 300, entries: 1_000_000, depth: 4 }
    }
}

/// What a path turned out to be, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A directory, read recursively.
    Directory,
    /// A zip archive.
    Zip,
    /// A tar archive, compressed with gzip or not.
    Tar,
    /// A gzip file that holds no tar.
    Gzip,
    /// Any other file.
    File,
    /// Standard input, or a path that is a pipe or a device.
    Stdin,
}

/// One of the paths given to [`read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given; `-` for standard input.
    pub path: String,
    /// What it is.
    pub kind: SourceKind,
    /// Size on disk in bytes: of the file, or the sum of the files below a directory; for standard input what was
    /// read.
    pub bytes: u64,
    /// SHA-256 of the file as stored; `None` for a directory and for what could not be read to its end.
    pub sha256: Option<[u8; 32]>,
    /// When the file or directory was last written, by the filesystem; `None` for standard input.
    pub modified: Option<SystemTime>,
}

/// Where a member's time comes from, which decides what it may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModifiedBasis {
    /// The filesystem: UTC, but often the time of a copy.
    Filesystem,
    /// A tar header: UTC, one second.
    TarHeader,
    /// An extra field of a zip entry that states UTC (0x5455, or NTFS 0x000a).
    ZipExtended,
    /// The DOS stamp of a zip entry: local time of an unknown zone, two seconds.
    ZipDos,
    /// A gzip header: UTC, one second.
    GzipHeader,
}

/// When a member was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modified {
    /// Seconds since 1970-01-01T00:00:00Z; for [`ModifiedBasis::ZipDos`] the civil time as if it were UTC.
    pub unix_s: i64,
    /// What stated it.
    pub basis: ModifiedBasis,
}

/// What is known of a member before its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Index into [`ReadOutcome::sources`].
    pub source: usize,
    /// Path inside the source with `/` between its parts and `!/` after an archive (`outer.zip!/inner.gz`); `None`
    /// for a plain file, a single gzip file and standard input.
    pub path: Option<String>,
    /// Uncompressed size in bytes as the container claims it, not verified; `None` if it claims none.
    pub bytes: Option<u64>,
    /// When it was last written; `None` if nothing states it.
    pub modified: Option<Modified>,
}

/// How the reading of a member ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Every byte was delivered and every checksum fits, or the visitor asked to stop.
    Complete,
    /// Some bytes are missing or damaged: what, where, why and what to do.
    Partial(String),
    /// Refused without looking at its bytes, and why.
    Skipped(String),
    /// Not one byte could be read, and why.
    Failed(String),
}

/// Receives the members of a bundle.
///
/// Members are read by several threads: `open`, `chunk` and `close` of one member come from one thread in that order,
/// those of different members from any thread in any order.
pub trait Visitor: Sync {
    /// State kept for one member while it is read.
    type Member: Send;

    /// Starts a member.
    fn open(&self, meta: &Meta) -> Self::Member;

    /// Takes the next bytes of a member, of any length; `Break` ends the member early, as complete.
    fn chunk(&self, member: &mut Self::Member, bytes: &[u8]) -> ControlFlow<()>;

    /// Ends a member.
    fn close(&self, member: Self::Member, meta: Meta, end: End);

    /// Asked often; `true` makes the run end soon.
    fn cancelled(&self) -> bool {
        false
    }

    /// Told how many more bytes of the sources, as stored, have been read.
    fn progress(&self, _bytes: u64) {}
}

/// What [`read`] read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutcome {
    /// One for each path, in the order given.
    pub sources: Vec<Source>,
    /// One sentence for every truncation, unreadable member and limit reached; empty if everything was read.
    pub incomplete: Vec<String>,
}

/// Why nothing at all could be read; the messages complete a sentence that begins with "cannot".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path does not exist or may not be read.
    #[error("read {path}: {reason}")]
    Path {
        /// The path as given.
        path: String,
        /// What the operating system says.
        #[source]
        reason: std::io::Error,
    },
}

/// Reads every member of the files and directories in `paths` (`-` is standard input) with `jobs` threads.
///
/// # Errors
/// A path that does not exist or cannot be opened. What is wrong inside a bundle is not an error: it is told to the
/// visitor and in [`ReadOutcome::incomplete`].
pub fn read<V: Visitor>(
    paths: &[PathBuf],
    jobs: usize,
    limits: &Limits,
    visitor: &V,
) -> Result<ReadOutcome, Error> {
    source::read(paths, jobs, limits, visitor)
}
