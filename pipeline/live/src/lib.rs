//! The live edge: files and sockets in, facts as lines arrive, alerts out.
//!
//! The same core as for a bundle, fed bit by bit: a file or a sender is a member whose [`parsers::reader::Reader`] has
//! not ended. What was read and where reading stands are kept together in one store, so that nothing is lost or
//! counted twice across an end at any moment. This is the one library crate with files, sockets and threads; it knows
//! no polars, so that it builds in a minute. Time is an input here too: [`clock::Clock`].

pub mod clock;
pub mod deliver;
pub mod engine;
pub mod listen;
pub mod segment;
mod sequences;
pub mod status;
pub mod store;
pub mod tail;
pub mod view;
mod writer;
