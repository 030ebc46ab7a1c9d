//! What was read, what was not, and what the lines cover.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MemberOutcome;
use crate::time::Time;

/// What was read, and what was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// The arguments, by path.
    pub sources: Vec<Source>,
    /// The files in them, by source and path.
    pub members: Vec<Member>,
    /// What the lines cover.
    pub coverage: Coverage,
    /// Sentences about what could not be read whole; empty if everything was.
    pub incomplete: Vec<String>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// As given.
    pub path: String,
    /// `directory`, `zip`, `tar`, `gzip`, `file` or `stdin`; `syslog` for what a sender sent to a watch.
    #[schemars(extend("enum" = ["directory", "zip", "tar", "gzip", "file", "stdin", "syslog"]))]
    pub kind: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// SHA-256 in hexadecimal; null for a directory.
    pub sha256: Option<String>,
}

/// One file of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The source's path.
    pub source: String,
    /// Path inside the source; null for a plain file.
    pub path: Option<String>,
    /// The node it belongs to.
    pub node: Option<String>,
    /// Its format; null if none was recognised.
    pub format: Option<String>,
    /// Bytes, uncompressed.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Log records that begin in it.
    pub records: u64,
    /// Events that cite it.
    pub events: u64,
    /// Instant of its first dated record.
    pub first: Option<Time>,
    /// Instant of its last dated record.
    pub last: Option<Time>,
    /// How reading it ended.
    pub outcome: MemberOutcome,
    /// Why it was not read to its end; null if it was.
    pub reason: Option<String>,
    /// Lines that no format reads.
    pub unread_lines: u64,
    /// The first few of them.
    pub unread: Vec<Unread>,
    /// Lines cut at the length limit.
    pub cut_lines: u64,
}

/// A line that no format reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Its number, from 1.
    pub line: u64,
    /// Why it was not read.
    pub reason: String,
    /// Its text, possibly cut.
    pub text: String,
}

/// What the lines of the input cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The first dated record.
    pub from: Option<Time>,
    /// The last dated record.
    pub to: Option<Time>,
    /// Lines that no format reads.
    pub unread_lines: u64,
    /// Lines cut at the length limit.
    pub cut_lines: u64,
    /// Stretches without evidence.
    pub gaps: Vec<Gap>,
    /// Debug codes that were seen, such as `MIVR-SS_RM`, and in how many members.
    pub debug_seen: BTreeMap<String, u64>,
    /// Debug codes without a record: the trace level was too low for the computations of the license, or the Engine's
    /// trace was not collected.
    pub debug_lacking: Vec<String>,
    /// What there is of each log that tells about the license, for each node of each Product Instance.
    pub logs: Vec<LogCoverage>,
    /// Places where a log's time runs backwards.
    pub clock_steps: Vec<ClockStep>,
}

/// What the input holds of one log of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogCoverage {
    /// The Product Instance.
    pub product_instance: String,
    /// The node; null where the input names none.
    pub node: Option<String>,
    /// `MCVD` or `syslog`.
    pub log: String,
    /// Files; 0 where the log is absent.
    pub files: u64,
    /// Records in them.
    pub records: u64,
    /// The first dated record, by the node's clock.
    pub from: Option<Time>,
    /// The last dated record, by the node's clock.
    pub to: Option<Time>,
    /// Holes in its record numbers.
    pub holes: u64,
    /// Records absent in them.
    pub missing: u64,
    /// Silences while other logs of the node went on.
    pub silences: u64,
    /// New processes: the record numbers began anew.
    pub restarts: u64,
    /// The command that collects it; null where it is there without a hole.
    pub collect: Option<String>,
}

/// Time that runs backwards in a log while its record numbers rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockStep {
    /// The node.
    pub node: Option<String>,
    /// The log.
    pub log: String,
    /// The source's path.
    pub source: String,
    /// Path inside the source; null for a plain file.
    pub member: Option<String>,
    /// Line of the record before the step.
    pub line_before: u64,
    /// Its instant by the node's clock.
    pub before: Time,
    /// Line of the record behind it.
    pub line_after: u64,
    /// Its instant by the node's clock.
    pub after: Time,
    /// Seconds that the clock went back.
    pub back_s: i64,
}

/// A stretch without evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The node.
    pub node: Option<String>,
    /// The log, such as `MCVD` or `syslog`.
    pub log: String,
    /// The last record before it.
    pub from: Option<Time>,
    /// The first record after it.
    pub to: Option<Time>,
    /// `silence`: nothing was written; `sequence`: record numbers are absent.
    #[schemars(extend("enum" = ["silence", "sequence"]))]
    pub kind: String,
    /// How many records are absent, where the numbers tell.
    pub missing: Option<u64>,
}
