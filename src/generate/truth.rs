//! What a reader of the bundle should find: `truth.json`, which stands beside the bundle.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::plan::{Plan, instant};
use super::story::{FailureClass, Interval, Sample, maybe_instant};

/// The kind of record that shows an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// A record of a trace file.
    Trace,
    /// A CiscoLog line of a syslog file.
    Syslog,
    /// The syslog line nested in an RTMT alert. `at` is the inner event's instant, not the alert's.
    Rtmt,
}

/// One record in the surviving bytes that shows an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// Which kind of record.
    pub record: Witness,
    /// The node whose clock stamped the event (not the one whose syslog holds an RTMT alert).
    pub node: String,
    /// The member's path inside the bundle, with forward slashes.
    pub path: String,
    /// The line of the member on which the record starts, from 1.
    pub line: u64,
    /// The true instant, to the millisecond.
    #[serde(serialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// The same instant as the node's clock had it: what the record says.
    #[serde(serialize_with = "instant")]
    pub node_at: DateTime<Utc>,
}

/// One event that the surviving bytes show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The true instant of the first sighting, to the millisecond.
    #[serde(serialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// The same instant as the node's clock had it.
    #[serde(serialize_with = "instant")]
    pub node_at: DateTime<Utc>,
    /// The node of the first sighting: the publisher where both saw it.
    pub node: String,
    /// An event kind of the report: `ooc_approaching`, `ooc_imminent`, `ooc_entered`, `transport_failure`,
    /// `process_restart`. A failure's instant is that of its first record, a restart's that of the new
    /// process's first record.
    pub kind: &'static str,
    /// Whether it repeats an earlier alarm of the same stay Out of Compliance.
    pub again: bool,
    /// The minutes that a warning states.
    pub minutes: Option<u32>,
    /// The class of a transport failure.
    pub class: Option<FailureClass>,
    /// The alarm's mnemonic; null for what is not an alarm.
    pub mnemonic: Option<&'static str>,
    /// The members that show it, each once.
    pub witnesses: Vec<String>,
    /// The records that show it: traces, then syslog, then RTMT, the publisher's first.
    pub sightings: Vec<Sighting>,
}

/// One node of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Host name without domain.
    pub name: &'static str,
    /// Host name with domain.
    pub fqdn: &'static str,
    /// Its address, of the documentation range.
    pub address: &'static str,
    /// Seconds by which its clock is ahead of true time.
    pub skew_s: i32,
    /// The folder of its files inside the bundle.
    pub folder: String,
    /// What `utils service list` says about the Cluster View Daemon; null where it was not collected.
    pub cluster_view_daemon: Option<&'static str>,
}

/// A member that is there twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The copy's path. No sighting names it.
    pub path: String,
    /// The path of the member it equals.
    pub of: String,
}

/// The whole truth about one bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// `uccxray generate --seed` of this bundle.
    pub seed: u64,
    /// Everything the seed decided.
    pub plan: Plan,
    /// IANA name of the nodes' zone.
    pub zone: &'static str,
    /// The release, as `--release` takes it.
    pub release: &'static str,
    /// The release, as `show uccx version` prints it.
    pub version: &'static str,
    /// Publisher first.
    pub nodes: Vec<Node>,
    /// What the surviving bytes show, in order of the true instants.
    pub events: Vec<Event>,
    /// Members that hold the same bytes as another one and count once.
    pub duplicates: Vec<Duplicate>,
    /// The authorization state as it really was, whether or not a record of it survived.
    pub authorization: Vec<Interval>,
    /// When Out of Compliance was entered for the first time, whether or not a record of it survived.
    #[serde(serialize_with = "maybe_instant")]
    pub enter_ooc: Option<DateTime<Utc>>,
    /// The usage samples behind it. No log prints them.
    pub usage: Vec<Sample>,
}

impl Truth {
    /// The usage samples as `uccxray analyze --usage` reads them: a time, licences in use, licences purchased.
    #[must_use]
    pub fn usage_csv(&self) -> String {
        let mut text = "timestamp,in_use,purchased\n".to_owned();
        for Sample { at, in_use, purchased } in &self.usage {
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{at},{in_use},{purchased}");
        }
        text
    }

    /// The text of `truth.json`.
    ///
    /// # Errors
    /// Where serde_json cannot write it; no known case.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|it| it + "\n")
    }
}
