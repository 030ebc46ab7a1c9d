//! Events to licence-state history. No polars, no clock, no files.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::panic
    )
)]

pub mod analysis;
pub mod clocks;
pub mod coverage;
mod dating;
pub mod deadline;
mod disagreement;
pub mod downloads;
pub mod facts;
pub mod flex;
pub mod grouping;
#[cfg(test)]
mod inference_tests;
mod instances;
pub mod intake;
#[cfg(test)]
mod license_tests;
pub mod machine;
mod members;
pub mod nodes;
mod outputs;
pub mod pairing;
mod parallel;
pub mod policy;
pub mod reconcile;
pub mod rule;
pub mod runs;
pub mod skew;
mod snapshots;
mod stated;
mod steps;
#[cfg(test)]
mod testing;
pub mod usage;
pub mod whatif;
mod workbooks;
