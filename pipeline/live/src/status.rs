//! How the watch itself is doing: what the views show beside the report.

use std::collections::BTreeMap;
use std::sync::Arc;

use reports::Report;
use reports::alerts::Alert;
use reports::time::Time;
use serde::Serialize;

/// Everything a view shows, as of one moment. A new one is published when something changed.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Rises by one with each that is published.
    pub number: u64,
    /// By the clock of the watch.
    pub at: Time,
    /// What the logs say; its `as_of` is `at`.
    pub report: Arc<Report>,
    /// Where lines come from, by name.
    pub sources: Vec<SourceStatus>,
    /// Alerts that are raised, the worst first, then the oldest.
    pub alerts: Vec<Alert>,
    /// The last alerts that were told, newest first, resolved ones included; at most a hundred.
    pub told: Vec<Alert>,
    /// Deliveries by sink.
    pub sinks: Vec<SinkStatus>,
    /// Receiving sockets.
    pub listening: Listening,
    /// What is wrong with the watch itself, as sentences: a full disk, a directory that is not there.
    pub troubles: Vec<String>,
    /// True if the clock is that of a replay.
    pub replay: bool,
}

/// One source: a file or a sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// The path, or `udp 192.0.2.10`.
    pub name: String,
    /// `file`, `udp`, `tcp` or `tls`.
    pub kind: String,
    /// Nodes that its lines name. A sender may name any: that is a claim.
    pub nodes: Vec<String>,
    /// When bytes last came, by the clock of the watch; `None`: never since it began.
    pub last_bytes: Option<Time>,
    /// The newest record, by its own stamp; `None` if none is dated.
    pub last_record: Option<Time>,
    /// Bytes read since the watch began to know it.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Events found.
    pub events: u64,
    /// Lines that no format read.
    pub unread_lines: u64,
    /// Sequence numbers that are missing: messages that were lost on the way, or not sent here.
    pub missing: u64,
    /// Messages that this program threw away because the sender exceeded its share.
    pub over_limit: u64,
    /// Bytes of a file that are not read yet; `None` for a sender.
    pub behind_bytes: Option<u64>,
    /// What is wrong with it; `None` if nothing is.
    pub trouble: Option<String>,
}

/// A sink and its deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SinkStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Its kind, such as `webhook`.
    pub kind: String,
    /// Alerts delivered.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Alerts given up: they stand in the dead-letter file.
    pub dead: u64,
    /// Alerts that wait.
    pub waiting: u64,
    /// Why the last attempt failed; `None` if it did not.
    pub trouble: Option<String>,
}

/// Counters of the receiving sockets, by their address as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listening {
    /// By `udp://0.0.0.0:514`.
    pub sockets: BTreeMap<String, SocketStatus>,
}

/// One receiving socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SocketStatus {
    /// Messages taken.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Messages without a text: dropped.
    pub empty: u64,
    /// Messages longer than the bound, of which only the beginning was taken.
    pub shortened: u64,
    /// Messages with a count (RFC 6587) that their connection did not bring to an end: dropped.
    pub incomplete: u64,
    /// Datagrams that the kernel dropped because its buffer was full; `None` where it does not say.
    pub kernel_drops: Option<u64>,
    /// Size of the kernel's buffer in bytes; `None` where it does not say.
    pub receive_buffer: Option<u64>,
    /// Open connections; 0 for UDP.
    pub connections: u64,
    /// Connections refused or cut: over the limit, no TLS, a wrong certificate, too slow. By reason.
    pub refused: BTreeMap<String, u64>,
}
