//! When somebody must be told: facts and a time in, alerts out. Nothing here sends anything.

mod alert;

pub use alert::{Alert, AlertDeadline, AlertState};
