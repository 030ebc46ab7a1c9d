//! What is told to people, and what they need to act on it.

use parsers::stamp::Instant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{Basis, Evidence, Severity, word};
use crate::time::Time;

word! {
    /// Whether an alert begins or ends.
    AlertState {
        /// It is so, as far as the logs tell.
        Raised = "raised",
        /// It is no longer so, and something says it.
        Resolved = "resolved",
    }
}

/// One thing to tell: written to every sink in the words of that sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The same for the raising and the resolving of one matter, and for every time it is told: 16 hexadecimal digits.
    pub id: String,
    /// The rule, such as `out-of-compliance` or `deadline`.
    pub rule: String,
    /// Begins or ends.
    pub state: AlertState,
    /// How bad.
    pub severity: Severity,
    /// The Product Instance; `None` for what concerns the watch itself, such as a silent source.
    pub product_instance: Option<String>,
    /// The node, where one alone is concerned.
    pub node: Option<String>,
    /// Since when it is so, by the logs' clock; `None` where nothing is dated.
    pub since: Option<Time>,
    /// When the watch noticed, by its own clock (in a replay, by the clock of the replay).
    pub noticed: Time,
    /// What happens next and when; `None` if nothing is due.
    pub deadline: Option<AlertDeadline>,
    /// One line: "Out of Compliance since 05:30 UTC".
    pub title: String,
    /// What was found, as sentences.
    pub says: String,
    /// What to do, as sentences; empty when resolved.
    pub remedy: String,
    /// How firmly it stands: an inference is told as one.
    pub basis: Basis,
    /// The lines that say it; empty for a conclusion from silence.
    pub evidence: Vec<Evidence>,
    /// True if it may have been told before: the watch ended while it was being sent.
    #[serde(default)]
    pub may_repeat: bool,
    /// True if it comes from a replay: nothing of it is happening now.
    #[serde(default)]
    pub replayed: bool,
    /// True if it only shows that the way works (`--test-alert`).
    #[serde(default)]
    pub test: bool,
}

impl Alert {
    /// When it was noticed; `None` in a replay of lines without a date, whose clock has no time to show.
    #[must_use]
    pub fn noticed_at(&self) -> Option<Time> {
        let undated = self.replayed && self.noticed == Time(Instant::default());
        (!undated).then_some(self.noticed)
    }
}

/// A deadline as an alert tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertDeadline {
    /// As in the report: `enter_ooc`, `enforcement`, …
    pub kind: String,
    /// When it is expected.
    pub expected: Time,
    /// Seconds until then, from `noticed`; negative when it has passed.
    pub remaining_s: i64,
}
