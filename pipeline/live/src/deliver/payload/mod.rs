//! What is written to each kind of sink: pure functions from an alert to bytes.
//!
//! Log text is hostile: every text is cut, control and direction characters are spelled out, and each form then adds
//! the escapes of its own.

pub mod chat;
pub mod json;
pub mod mail;
pub mod syslog;
pub mod words;
