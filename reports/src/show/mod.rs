//! What the report formats for people share: the phrases, the lines of a screen, the numbered citations.

pub(crate) mod citations;
pub(crate) mod layout;
pub(crate) mod usage;
pub(crate) mod words;
