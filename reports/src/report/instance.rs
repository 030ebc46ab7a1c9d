//! One Product Instance in the report: nodes, states, history, deadlines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Basis, EntitlementStated, Evidence, LicenseType, ReadingFit, Regime, Reversible, TimeBasis, Transport,
    Usage,
};
use crate::time::Time;

/// Every state of the three state machines, for the schema.
const STATES: [&str; 17] = [
    "unknown",
    "unregistered",
    "registered",
    "registration_expired",
    "reservation_in_progress",
    "registered_reservation",
    "no_licenses_in_use",
    "evaluation",
    "evaluation_expired",
    "in_compliance",
    "overage",
    "out_of_compliance",
    "authorization_expired",
    "not_authorized",
    "authorized_reserved",
    "not_authorized_reserved",
    // Enforcement has these two and `unknown`.
    "not_enforced",
];

/// All values of a `state`.
fn states() -> Vec<&'static str> {
    STATES.into_iter().chain(["enforced"]).collect()
}

/// One Product Instance: a state belongs to it, evidence belongs to its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductInstance {
    /// Stable name.
    pub id: String,
    /// Its nodes, by name.
    pub nodes: Vec<Node>,
    /// Release and the rules that follow from it.
    pub release: Release,
    /// The way to CSSM.
    pub deployment: Deployment,
    /// The present states.
    pub now: Now,
    /// States and how long they lasted, in order of time.
    pub history: Vec<Interval>,
    /// What happens when, nearest first; those that passed stay.
    pub deadlines: Vec<Deadline>,
    /// License usage; null where nothing is known.
    pub usage: Option<Usage>,
    /// The countdown to Out of Compliance, line by line.
    pub countdown: Vec<CountdownPoint>,
    /// Until when lower usage still restores compliance; null unless a countdown of the counted rule runs.
    pub reversible: Option<Reversible>,
    /// Countdowns that led into Out of Compliance, and which published reading each fits.
    pub readings: Vec<ReadingFit>,
    /// Entitlements that an output states, newest last.
    pub entitlements_stated: Vec<EntitlementStated>,
    /// The license type that an output states; null where none does.
    pub license_type: Option<LicenseType>,
    /// Services, newest evidence for each node.
    pub services: Vec<Service>,
    /// Lines that do not fit together.
    pub contradictions: Vec<Contradiction>,
    /// What alarms that two nodes wrote say about their clocks; empty where no two nodes wrote the same.
    pub clocks: Vec<Clocks>,
    /// The node whose clock dates the events where clocks differ; null where they could not be compared.
    pub time_reference: Option<String>,
}

/// The clocks of two nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clocks {
    /// The node.
    pub node: String,
    /// The node it is compared with.
    pub against: String,
    /// Seconds that the clock of `node` is ahead, negative if behind; null if the alarms do not decide it.
    pub ahead_s: Option<i64>,
    /// Alarms of both nodes that agree on it.
    pub pairs: u64,
    /// Seconds between the largest and the smallest difference in these alarms, rounded up.
    pub spread_s: i64,
    /// `alarms`: both nodes wrote them; `collector`: one collector stamped the lines of both.
    #[schemars(extend("enum" = ["alarms", "collector"]))]
    pub by: String,
    /// Differences that fit, where none is decided.
    pub candidates_s: Vec<i64>,
    /// The first and the last of the agreeing alarms, as both nodes wrote them.
    pub evidence: Vec<Evidence>,
}

/// A node of a Product Instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// Short host name or address.
    pub name: String,
    /// Other spellings that were seen.
    pub aliases: Vec<String>,
    /// `publisher` or `subscriber`.
    pub role: Option<String>,
    /// IANA name or offset.
    pub time_zone: Option<String>,
    /// Seconds this node's clock is ahead of the instance's `time_reference`; null if not estimated.
    pub clock_skew_s: Option<i64>,
    /// How its stamps became instants.
    pub basis: TimeBasis,
}

/// The release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// As printed or given.
    pub version: Option<String>,
    /// Which rules it follows.
    pub regime: Regime,
    /// How it was found.
    pub basis: Basis,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// The way to CSSM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// Direct or through CSSM On-Prem.
    pub transport: Transport,
    /// The Transport URL as written.
    pub url: Option<String>,
    /// The proxy as written.
    pub proxy: Option<String>,
}

/// The present states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Now {
    /// Registration with CSSM.
    pub registration: StateNow,
    /// Authorization: compliance.
    pub authorization: StateNow,
    /// Enforcement.
    pub enforcement: StateNow,
}

/// The present state of one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateNow {
    /// The state; `unknown` if nothing says it.
    #[schemars(extend("enum" = states()))]
    pub state: String,
    /// Since when.
    pub since: Option<Time>,
    /// True when the state may be older than `since`: the log begins with it.
    pub since_is_first_seen: bool,
    /// How firmly it stands; null where nothing says the state.
    pub basis: Option<Basis>,
    /// Why, as a sentence; null where nothing says the state.
    pub cause: Option<String>,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// A state and how long it lasted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// `registration`, `authorization` or `enforcement`.
    #[schemars(extend("enum" = ["registration", "authorization", "enforcement"]))]
    pub dimension: String,
    /// The state.
    #[schemars(extend("enum" = states()))]
    pub state: String,
    /// Since when.
    pub from: Option<Time>,
    /// Until when; null while it lasts.
    pub until: Option<Time>,
    /// How firmly it stands.
    pub basis: Basis,
    /// Why, as a sentence.
    pub cause: String,
    /// Bounds of an inferred `from`; null where it has none.
    pub bounds: Option<Bounds>,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// Bounds of an inferred instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// Not before.
    pub earliest: Time,
    /// Not after.
    pub latest: Time,
}

/// An instant at which something happens unless something is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deadline {
    /// `enter_ooc`, `enforcement`, `authorization_renewal`, `authorization_expiry`, `registration_renewal`,
    /// `registration_expiry` or `evaluation_end`.
    pub kind: String,
    /// Not before.
    pub earliest: Option<Time>,
    /// Most likely.
    pub expected: Time,
    /// Not after.
    pub latest: Option<Time>,
    /// Seconds from `as_of` to `expected`; negative once it has passed.
    pub remaining_s: Option<i64>,
    /// How firmly it stands.
    pub basis: Basis,
    /// The rule and its source, as a sentence.
    pub rule: String,
    /// The lines that the arithmetic starts from.
    pub evidence: Vec<Evidence>,
}

/// One line of the countdown to Out of Compliance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CountdownPoint {
    /// When the line was written.
    pub at: Time,
    /// Minutes left, as printed.
    pub minutes: u32,
    /// When Out of Compliance is due by that.
    pub due: Time,
    /// Seconds that `due` moved against the line before; null for the first.
    pub moved_s: Option<i64>,
}

/// The newest evidence about one service on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// The node.
    pub node: Option<String>,
    /// The service, as Cisco names it.
    pub service: String,
    /// `in_service`, `partial_service`, `changing`, `out_of_service` or `not_activated`.
    pub state: String,
    /// When.
    pub at: Option<Time>,
    /// `cli` or `alarm`: where it was read.
    #[schemars(extend("enum" = ["cli", "alarm"]))]
    pub said_by: String,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// Lines that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contradiction {
    /// What does not fit, as a sentence.
    pub says: String,
    /// True where two nodes say different things, false where a line does not fit the release.
    pub between_nodes: bool,
    /// The lines.
    pub evidence: Vec<Evidence>,
}
