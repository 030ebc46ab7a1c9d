//! When somebody must be told: a report and a time in, alerts out. Nothing here sends anything.
//!
//! A matter is raised when the facts say that it is so, told again when its deadline comes a step nearer, and resolved
//! only when something says that it is over: silence resolves nothing.

mod alert;
mod conditions;
mod judge;
mod rules;
#[cfg(test)]
mod tests;

pub use alert::{Alert, AlertDeadline, AlertState};
pub use judge::{Memory, judge, next};
pub use rules::{RULES, Rules, Window};

use crate::time::Time;

/// What is known of a source beside what its lines say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFact {
    /// Its name: a folder, a file or a sender.
    pub name: String,
    /// Nodes that its lines name.
    pub nodes: Vec<String>,
    /// When bytes last came, by the clock of the watch; `None`: never.
    pub last_bytes: Option<Time>,
    /// Since when it is watched.
    pub known_since: Time,
}
