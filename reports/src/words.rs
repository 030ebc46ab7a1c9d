//! Phrases and pieces of pages that views outside this crate share with the reports, so that both say the same.

pub use crate::render::pieces::{LOOK, basis, lines, mark, mood, shown, table, text};
pub use crate::show::words::{
    cite, deadline_kind, deadline_time, headline, is_past, nodes, release, shared_zone, stale, standing,
    state, zone,
};
