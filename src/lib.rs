//! The shell of `uccxray`: everything with a clock, a file, a socket or an exit code. Decisions live in the crates below it.

pub mod analyze;
pub mod bundle;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod diff;
mod excerpt;
pub mod exit;
pub mod explain;
pub mod generate;
pub mod input;
mod output;
pub mod pack;
pub mod probe;
mod progress;
mod redact;
pub mod run;
mod tables;
pub mod verify;
pub mod watch;
pub mod whatif;
