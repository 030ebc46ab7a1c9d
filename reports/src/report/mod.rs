//! The [`Report`]: plain data, the only thing a renderer sees, and what `-f json` writes.
//!
//! Names and order are a contract with scripts: add, never rename. A field whose value is not known is `null`.

mod evidence;
mod input;
mod instance;
mod redaction;
mod shared;
mod usage;
mod verdict;
mod words;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

pub use input::{ClockStep, Coverage, Gap, Input, LogCoverage, Member, Source, Unread};
pub use instance::{
    Bounds, Clocks, Contradiction, CountdownPoint, Deadline, Deployment, Interval, Node, Now,
    ProductInstance, Release, Service, StateNow,
};
pub use redaction::{Redaction, RedactionRule, Replaced};
pub use shared::{Params, Sha256, Text};
pub use usage::{
    Amount, Backtest, Compared, EntitlementStated, EntitlementUse, Forecast, Hundredths, LicenseType,
    Predicted, Purchase, ReadingFit, Replay, Reversible, Usage, UsageColumn, UsageView,
};
pub use verdict::{
    Cause, Dispute, Explained, Follows, Published, Signature, Suppressed, Suppression, SuppressionStatus,
};
pub(crate) use words::word;
pub use words::{
    Basis, CheckOutcome, Confidence, MemberOutcome, OutlookKind, Reading, Regime, Severity, Transport,
    UsageClock,
};

/// Version of the report's form: raised when a field is added.
pub const SCHEMA_VERSION: &str = "1.0";

/// What the logs say about the smart license of each Product Instance in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this form.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: String,
    /// Who wrote it.
    pub tool: Tool,
    /// The instant that "now" and "remaining" mean; null if nothing in the input is dated and none was given.
    pub as_of: Option<Time>,
    /// What was read.
    pub input: Input,
    /// One entry for each Product Instance.
    pub product_instances: Vec<ProductInstance>,
    /// Dated events in order of time, then those without an instant in input order.
    pub events: Vec<Event>,
    /// One row for each check and Product Instance, always.
    pub checks: Vec<Check>,
    /// Failed checks that no other failed check explains, the one to look at first before the others.
    pub causes: Vec<Cause>,
    /// What the user's configuration suppresses, and what became of it.
    pub suppressions: Vec<Suppression>,
    /// Entries of the catalog whose texts stand in the input, by name.
    pub signatures: Vec<Signature>,
    /// What redaction replaced; null unless the report is redacted.
    #[serde(default)]
    pub redaction: Option<Redaction>,
}

/// The program that wrote a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The bytes behind a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The source's path.
    pub source: Text,
    /// Path inside the source, nested archives with `!/`; null for a plain file.
    pub member: Option<Text>,
    /// Line of the record's first byte, from 1.
    pub line: u64,
    /// Byte offset of the record in the uncompressed member.
    pub offset: u64,
    /// Bytes that the record covers.
    pub length: u64,
    /// SHA-256 over exactly those bytes, in hexadecimal.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub sha256: Sha256,
    /// The record, possibly cut.
    pub text: Text,
}

/// How an instant was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeBasis {
    /// Where the year comes from.
    #[schemars(extend("enum" = ["written", "given", "dated_lines", "sequence", "file_time", "ambiguous", "unknown"]))]
    pub year: Cow<'static, str>,
    /// Where the offset from UTC comes from.
    #[schemars(extend("enum" = [
        "written", "given", "zone_id", "outer_inner", "acronym", "paired", "sequence", "ambiguous", "unknown",
    ]))]
    pub zone: Cow<'static, str>,
}

/// One fact in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When; null if that cannot be known or several instants are possible.
    pub at: Option<Time>,
    /// The possible instants, where there are several.
    pub at_candidates: Vec<Time>,
    /// How the instant was found.
    pub basis: TimeBasis,
    /// The Product Instance.
    pub product_instance: Text,
    /// The node.
    pub node: Option<Text>,
    /// What happened, such as `ooc_entered`. New kinds may appear.
    pub kind: Cow<'static, str>,
    /// `LIB_LICENSE`.
    pub facility: Text,
    /// The severity digit, as written.
    pub severity: u8,
    /// The mnemonic, as written.
    pub mnemonic: Text,
    /// Parameters; `minutes`, `class`, `service`, `state` and `alert` are read, the others stand as written.
    pub params: Params,
    /// The message.
    pub text: Text,
    /// The lines that say it: the same alarm in several logs, and of several nodes, is one event.
    pub witnesses: Vec<Evidence>,
    /// Whose clock stamped each of these lines, and with which instant, in their order.
    pub said: Vec<Said>,
}

/// What one line says about the time of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The node whose clock stamped it.
    pub node: Option<Text>,
    /// The instant by that clock, before clocks were compared.
    pub at: Option<Time>,
    /// Which place said it.
    #[schemars(extend("enum" = ["trace", "syslog", "rtmt", "email", "alert_log"]))]
    pub by: Cow<'static, str>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Param {
    /// A number that was read.
    Number(u64),
    /// Anything else.
    Text(Text),
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Stable name, such as `ooc-now`.
    pub id: String,
    /// What it asserts.
    pub title: String,
    /// The Product Instance; null where the input holds none.
    pub product_instance: Option<String>,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// How bad; null unless it failed.
    pub severity: Option<Severity>,
    /// How sure; null unless it passed or failed.
    pub confidence: Option<Confidence>,
    /// What was found, as a sentence.
    pub says: String,
    /// What to do; null unless it failed.
    pub remedy: Option<String>,
    /// What to collect so that it can be answered; null unless evidence is lacking.
    pub collect: Option<String>,
    /// Where Cisco says so.
    pub source: String,
    /// The lines.
    pub evidence: Vec<Evidence>,
    /// The failed checks that explain this one; empty unless it failed.
    pub follows_from: Vec<Follows>,
    /// Why it does not count though it failed; null unless the user suppressed it.
    pub suppressed: Option<Suppressed>,
    /// What Cisco's documents say against each other about its rule.
    pub disputed: Vec<Dispute>,
}
