//! `cargo fuzz run analysis`
#![no_main]
#![allow(dead_code, reason = "the other targets' bodies")]

#[path = "../bodies.rs"]
mod bodies;

use history::facts::Facts;
use reports::{Report, Tables, Tool};

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::analysis(data, &report));

/// Without the tables: polars built with coverage counters takes longer than the fuzzing.
fn report(facts: &Facts) -> Report {
    let tool = Tool { name: "uccxray".to_owned(), version: "0.0.0".to_owned() };
    reports::assemble(facts, &Tables::default(), tool)
}
