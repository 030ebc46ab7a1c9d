//! One test binary: each further one would link polars again.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and may say how it went")]

#[path = "../fuzz/bodies.rs"]
#[expect(unreachable_pub, clippy::expect_used, reason = "shared with the fuzz targets")]
mod bodies;
mod checklist;
mod cli;
mod fuzz_corpus;
mod generated;
mod handoff;
mod hostile;
mod instances;
mod no_panic;
mod probe;
mod probe_servers;
mod redacted;
mod same_facts;
mod samples;
mod schema;
mod support;
mod tidy;
mod usage;
mod watch;
