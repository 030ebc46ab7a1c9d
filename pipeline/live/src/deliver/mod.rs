//! Alerts on their way out: sinks, what is written to each, when it is tried again, and where it ends if nobody takes it.
//!
//! The payloads are pure functions of an alert. Secrets come from files or the environment and are printed nowhere.

pub mod config;
pub mod dead;
mod exec;
mod http;
mod mail;
pub mod payload;
pub mod queue;
pub mod secret;
pub mod send;
mod syslog;
pub mod worker;

#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod mail_tests;
#[cfg(test)]
mod testing;

pub use config::{Problem, SinkConfig, problems};
pub use dead::DeadLetters;
pub use queue::{Outbox, Pending};
pub use secret::{Secret, SecretRef, read_secret};
pub use send::{Failure, Means, Sink};
pub use worker::{Delivery, test_alert};
