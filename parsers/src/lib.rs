//! Bytes to events: what a line becomes. No files, no clock, no states.

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

mod acronyms;
mod alerts;
pub mod catalog;
mod classify;
pub mod entitlements;
pub mod event;
pub mod formats;
mod framing;
mod gate;
mod grammar;
mod license_words;
mod lines;
pub mod member;
pub mod mnemonics;
pub mod origin;
mod paste;
pub mod platform;
pub mod reader;
pub mod record;
mod sift;
pub mod signatures;
pub mod stamp;
pub mod usage;
mod years;
