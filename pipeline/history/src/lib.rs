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
pub mod grouping;
#[cfg(test)]
mod inference_tests;
mod instances;
pub mod machine;
pub mod nodes;
pub mod pairing;
pub mod policy;
pub mod reconcile;
pub mod runs;
pub mod skew;
mod snapshots;
mod steps;
#[cfg(test)]
mod testing;
