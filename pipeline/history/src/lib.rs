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
pub mod downloads;
pub mod facts;
#[cfg(test)]
mod inference_tests;
pub mod machine;
pub mod nodes;
pub mod pairing;
pub mod policy;
pub mod reconcile;
pub mod runs;
mod snapshots;
