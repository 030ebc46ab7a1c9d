//! What outputs about the platform say: name resolution, connections, self tests, replication, trace settings.

use std::sync::Arc;

use crate::event::FailureClass;

/// A line, or lines that belong together, of an output about the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformLine {
    /// `utils network host NAME`: a name, or an address looked up backwards.
    Resolution {
        /// What was asked for, as printed.
        name: Arc<str>,
        /// Answers of the node's own host table, as printed.
        local: Vec<Arc<str>>,
        /// Answers of the DNS servers, as printed; empty where they have none.
        external: Vec<Arc<str>>,
    },
    /// `utils network ping HOST`.
    Ping {
        /// As printed.
        host: Arc<str>,
        /// True if at least one answer came back.
        answered: bool,
        /// The words that decide it, as printed.
        word: Arc<str>,
    },
    /// `utils network connectivity HOST [PORT]`.
    Connection {
        /// As printed.
        host: Arc<str>,
        /// `None` where no port is printed.
        port: Option<u16>,
        /// What kind of failure the words name; `None` if the connection succeeded.
        failure: Option<FailureClass>,
        /// The words that decide it, as printed.
        word: Arc<str>,
    },
    /// `show network eth0`: what the node asks for names.
    Network {
        /// Addresses of the DNS servers, the primary first; empty where none is set.
        dns_servers: Vec<Arc<str>>,
        /// The node's domain.
        domain: Option<Arc<str>>,
        /// The node's own address.
        address: Option<Arc<str>>,
    },
    /// `WARNING: DNS unreachable`, which the command line prints at login.
    DnsUnreachable,
    /// `utils diagnose test`: one of its tests.
    Test {
        /// `ntp_reachability`, `validate_network`, …
        name: Arc<str>,
        /// How it ended.
        outcome: TestOutcome,
        /// What is printed behind the outcome; empty where nothing is.
        text: Arc<str>,
    },
    /// `utils dbreplication runtimestate`: a server's state of replication.
    Replication {
        /// The server, as printed.
        server: Arc<str>,
        /// 2 is the good one.
        state: u32,
        /// The words beside the number: `Setup Completed`.
        text: Arc<str>,
    },
    /// `utils uccx healthcheck`, or its JSON: one of its items.
    Health {
        /// `CPU Usage`.
        item: Arc<str>,
        /// False for `Not OK`.
        ok: bool,
        /// What is printed as the reason; `None` where nothing is.
        reason: Option<Arc<str>>,
    },
    /// `show uccx trace levels COMPONENT [MODULE]`.
    TraceLevels {
        /// `UCCX_ENGINE`, as printed.
        component: Arc<str>,
        /// `LIB_LICENSE`; `None` where the output names none.
        module: Option<Arc<str>>,
        /// The levels that are `true`, as printed, in their order: `ALARM`, `DEBUGGING`, `XDEBUGGING1`.
        enabled: Vec<Arc<str>>,
        /// The levels that are `false`.
        disabled: Vec<Arc<str>>,
    },
    /// `show uccx trace file size COMPONENT` or `… count …`.
    TraceFiles {
        /// `UCCXEngine`, as printed.
        component: Arc<str>,
        /// Bytes of a trace file; `None` where the output is about the count.
        bytes: Option<u64>,
        /// Number of trace files; `None` where the output is about the size.
        count: Option<u32>,
    },
    /// `show uccx components`: a component that traces can be set for.
    Component {
        /// `UCCXCVD`, as printed.
        name: Arc<str>,
    },
    /// `show version active`: the version of the platform, which on UCCX is that of the product.
    MasterVersion {
        /// As printed.
        active: Arc<str>,
    },
}

/// How a test of `utils diagnose test` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TestOutcome {
    /// `Passed`.
    Passed,
    /// `Warning`.
    Warning,
    /// `Failed`, or words that say so: `Reverse DNS lookup failed`.
    Failed,
    /// Not run.
    Skipped,
}
