//! What redaction did to a report: which rules replaced how much, what stays, and what no rule covers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was replaced in a redacted report. Holds pseudonyms and never an original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redaction {
    /// How every `sha256` of the report is written: `keyed` is HMAC-SHA-256 under the key of the map.
    #[schemars(extend("enum" = ["keyed"]))]
    pub hashes: String,
    /// One row for each rule, also for those that found nothing.
    pub rules: Vec<RedactionRule>,
    /// One row for each pseudonym that stands in the report, by name.
    pub replaced: Vec<Replaced>,
    /// What was left on purpose, as sentences.
    pub kept: Vec<String>,
    /// What no rule can find, as sentences.
    pub not_covered: Vec<String>,
}

/// What one rule of redaction replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedactionRule {
    /// Its name, such as `ipv4`.
    pub rule: String,
    /// Different values that it replaced.
    pub values: u64,
    /// Places at which it replaced one.
    pub replacements: u64,
}

/// One pseudonym and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replaced {
    /// The pseudonym.
    pub pseudonym: String,
    /// The rule that put it there.
    pub rule: String,
    /// How often it stands in the report.
    pub count: u64,
    /// Fields that hold it, such as `events.text`; at most five.
    pub places: Vec<String>,
    /// Fields beyond those five.
    pub more_places: u64,
}
