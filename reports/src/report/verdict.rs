//! What a report says about its failed checks beyond each one: what leads to what, what the user accepted, which
//! failure texts were seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Confidence, Evidence, Severity};
use crate::time::Time;

/// A failed check that no other failed check explains, with those that it explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// 1 is to be looked at first.
    pub rank: u32,
    /// The check.
    pub check: String,
    /// The Product Instance.
    pub product_instance: Option<String>,
    /// The worst severity among the check and those it explains.
    pub severity: Severity,
    /// True where the user suppressed the check: it still explains the others.
    pub suppressed: bool,
    /// The failed checks that it explains.
    pub explains: Vec<Explained>,
}

/// A failed check that another one explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// The check.
    pub check: String,
    /// How the one leads to the other, as a sentence; whether a line says so or only the mechanism does.
    pub how: String,
    /// How sure; never high unless a line ties them.
    pub confidence: Confidence,
    /// The lines that tie them; empty where only the mechanism does.
    pub evidence: Vec<Evidence>,
}

/// The check that explains this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Follows {
    /// The check.
    pub check: String,
    /// How, as a sentence.
    pub how: String,
    /// How sure.
    pub confidence: Confidence,
}

/// Why a failed check does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    /// The user's reason.
    pub reason: String,
    /// Until when.
    pub expires: Time,
}

/// A suppression of the user's configuration, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suppression {
    /// The check.
    pub check: String,
    /// The Product Instance; null for all.
    pub product_instance: Option<String>,
    /// The user's reason.
    pub reason: String,
    /// Until when.
    pub expires: Time,
    /// What became of it.
    pub status: SuppressionStatus,
}

/// What became of a suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionStatus {
    /// A failed check was suppressed.
    Applied,
    /// No such check failed.
    Unused,
    /// It had run out at `as_of`, and the check counts again.
    Expired,
    /// Nothing in the input is dated, so it cannot be told whether it has run out; the check counts.
    Undated,
}

/// What Cisco's documents say against each other about the rule of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dispute {
    /// What it is about.
    pub about: String,
    /// What each document says.
    pub says: Vec<Published>,
}

/// What a document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// What.
    pub says: String,
    /// Which document.
    pub source: String,
}

/// An entry of the catalog whose text stands in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// Its name.
    pub id: String,
    /// The class of the failures: `params.class` of their events.
    pub class: String,
    /// What it means.
    pub means: String,
    /// What to do.
    pub remedy: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// `seen` where the text was seen in public, `inferred` where it was not.
    pub status: String,
    /// Where that is written.
    pub source: String,
    /// The entry that it makes more precise.
    pub refines: Option<String>,
    /// True for an entry of the user's own catalog.
    pub own: bool,
    /// Events that it decided.
    pub events: u64,
}
