//! `cargo fuzz run lines`
#![no_main]
#![allow(dead_code, reason = "the other targets' bodies")]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::lines(data));
