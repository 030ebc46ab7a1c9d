//! What reading one member gives: the type that leaves this crate.

use crate::event::{Sighting, Statement};
use crate::stamp::Stamp;
use crate::usage::{Sheet, Strings, UsageTable};

/// A record header that was read for coverage: where and when the log was alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Line, counted from 1.
    pub line: u64,
    /// Byte offset in the member.
    pub offset: u64,
    /// Sequence number.
    pub seq: Option<u64>,
    /// The record's own time.
    pub stamp: Option<Stamp>,
    /// The syslog daemon's time.
    pub outer: Option<Stamp>,
    /// Which application's numbered record it is; `None` where its code does not tell.
    pub facility: Option<Facility>,
}

/// The application whose trace a record belongs to, by the code of the record: `MCVD`, `MIVR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facility([u8; 8]);

impl Facility {
    /// Takes two to eight capital letters; `None` for anything else.
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 8];
        if text.len() < 2 || !text.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self(bytes))
    }

    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        std::str::from_utf8(self.0.get(..end).unwrap_or_default()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Facility {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// Silences that are kept of one member. A quiet log has many, and what matters is found well before.
pub const SILENCES_KEPT: usize = 2_000;

/// Records missing between two headers of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The last header before it.
    pub before: Mark,
    /// The first header after it.
    pub after: Mark,
    /// How many sequence numbers are absent.
    pub missing: u64,
}

/// A line that no format read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Line, counted from 1.
    pub line: u64,
    /// Why, as a fragment: "no record starts before it".
    pub reason: &'static str,
    /// The line, cut.
    pub text: std::sync::Arc<str>,
}

/// Everything that one member said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberRead {
    /// The format that the member's records have; the first one where they have several. `None`: none was recognised.
    pub format: Option<&'static str>,
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// Physical lines, a last one without line break included.
    pub lines: u64,
    /// Records that a grammar read whole.
    pub records: u64,
    /// XXH3-128 of the first 256 KiB and of the first 4 KiB of every 64 KiB behind them; 0 if it was not asked for.
    /// Two members of one size, of which this and everything else read from them is equal, are one collected twice.
    pub fingerprint: u128,
    /// Records with a meaning, in order.
    pub sightings: Vec<Sighting>,
    /// What CLI outputs state, in order.
    pub statements: Vec<Statement>,
    /// Tables of licence usage, in order.
    pub usage: Vec<UsageTable>,
    /// What the dates of those tables rest on where nothing in them says it, as a sentence; `None` if all are certain.
    pub usage_assumed: Option<&'static str>,
    /// The cells of a sheet of a workbook (`xl/worksheets/sheet1.xml`); `None` for any other member. With the strings
    /// of the same workbook, [`crate::usage::read_sheet`] makes tables of them.
    pub sheet: Option<Sheet>,
    /// The strings that the sheets of a workbook share (`xl/sharedStrings.xml`); `None` for any other member.
    pub strings: Option<Strings>,
    /// Headers in file order: the first, the last, and some between.
    pub marks: Vec<Mark>,
    /// Headers with more than fifteen minutes between them, in file order; the first [`SILENCES_KEPT`].
    pub silences: Vec<(Mark, Mark)>,
    /// Headers between which the sequence number did not rise, or is another application's: the process began anew, the
    /// file is circular, or records of several logs stand in it.
    pub restarts: Vec<(Mark, Mark)>,
    /// Holes in the sequence, in file order.
    pub holes: Vec<Hole>,
    /// Lines that no format read.
    pub n_unread: u64,
    /// The first few of them.
    pub unread: Vec<Unread>,
    /// Lines longer than the limit: their tail was not searched.
    pub n_cut: u64,
    /// Codes of debug records seen at sampled headers, as `MIVR-SS_RM`, sorted.
    pub debug_seen: Vec<std::sync::Arc<str>>,
    /// Host of the member's first syslog header with one.
    pub host: Option<std::sync::Arc<str>>,
    /// Why the member is not a log, as a fragment; `None` if it is one.
    pub not_a_log: Option<String>,
}
