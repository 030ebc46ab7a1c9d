//! What people and monitors see of a watch: a page, metrics, a terminal, plain lines.
//!
//! Every view is made of one [`Snapshot`](crate::status::Snapshot) and nothing else. The server hands out what is
//! newest; a reader that is slow misses snapshots, and no reader can hold up the watch.

mod answer;
mod feed;
mod guard;
pub mod metrics;
pub mod page;
mod parts;
pub mod plain;
pub mod screen;

pub mod serve;
#[cfg(test)]
pub(crate) mod testing;
mod wrap;
