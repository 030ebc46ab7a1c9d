//! Synthetic UCCX bundles with a truth file, from a seed: the same seed gives the same bytes, on every
//! platform and in every release.
//!
//! ```text
//! seed ──Plan::from_seed──▶ Plan ──Story::of──▶ what happened ──generate──▶ files + Truth
//! ```
//!
//! The plan decides, the story applies Cisco's rules to a usage series, the logs write down what their node's
//! clock makes of it, rotation takes some of it away, and the truth lists what is left in the bytes.
//! Pure: no clock, no environment; only [`write`] and [`write_dir`] touch files.

mod bundle;
mod cli;
mod clock;
mod container;
mod filler;
mod plan;
mod rng;
mod story;
mod syslog;
mod trace;
mod truth;
mod zones;

#[cfg(test)]
mod tests;

pub use bundle::{Bundle, GeneratedFile, generate};
pub use container::{Written, to_tar_gz, to_zip, write, write_dir};
pub use plan::{AlarmLog, Container, FIRST_YEAR, Layout, N_YEARS, Occasion, OocModel, Plan, Regime, Repeat};
pub use rng::Rng;
pub use story::{FailureClass, Interval, Sample};
pub use trace::{IN_OOC, ON_PREM_HOST, SHORTLY, TO_ENTER_OOC};
pub use truth::{Duplicate, Event, Node, Sighting, Truth, Witness};
pub use zones::{ClockChange, ZONES, Zone, acronym, clock_changes, offset_s};
