//! The report as PDF: the same words as in Markdown, set on pages with bookmarks, and the charts drawn on the first.
//!
//! The Markdown report is read again and handed to Typst as data: no character of it is ever read as Typst's own
//! markup. Fonts come with the program, so that a page looks the same everywhere; a character that none of them has is
//! spelled out. Nothing is loaded, and the clock is not read: the same report gives the same bytes.
//!
//! Source: ISO 32000-1 (PDF 1.7), ISO 14289-1 (PDF/UA-1).

mod blocks;
mod world;

use reports::Report;
use serde::Serialize;

use crate::blocks::{Block, blocks};
use crate::world::{Fonts, World};

/// Why no PDF was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The page was not set; the message says where and why.
    #[error("the page could not be set: {0}")]
    Typesetting(String),
    /// The pages were not written.
    #[error("the pages could not be written as PDF: {0}")]
    Writing(String),
}

/// What the page is made of.
#[derive(Serialize)]
struct Document {
    title: &'static str,
    tool: String,
    figures: serde_json::Value,
    blocks: Vec<Block>,
}

/// The report as a PDF document.
///
/// # Errors
/// What Typst says of the page or of the file; no input is known that causes it.
pub fn render(report: &Report) -> Result<Vec<u8>, Error> {
    let fonts = Fonts::embedded();
    let document = document(report, &fonts);
    let data = serde_json::to_vec(&document).map_err(|error| Error::Typesetting(error.to_string()))?;
    world::compile(&World::new(fonts, data))
}

/// Everything that the document of a report says, as one text: what stands in a PDF is compressed and cannot be searched.
#[must_use]
pub fn text(report: &Report) -> String {
    // Plain data under plain names: writing it cannot fail.
    serde_json::to_string(&document(report, &Fonts::embedded())).unwrap_or_default()
}

fn document(report: &Report, fonts: &Fonts) -> Document {
    let options = reports::Options::default();
    let markdown =
        reports::Renderer::named("md").map(|md| md.to_string(report, &options)).unwrap_or_default();
    let mut figures = reports::figures(report);
    fonts.spell_out_all(&mut figures);
    Document {
        title: "UCCX license report",
        tool: fonts.spell_out(&format!("{} {}", report.tool.name, report.tool.version)),
        figures,
        blocks: blocks(&markdown, &|text| fonts.spell_out(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::Tool;
    use reports::report::{Coverage, Input, SCHEMA_VERSION};

    fn empty() -> Report {
        Report {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: Tool { name: "uccxray".into(), version: "0".into() },
            as_of: None,
            input: Input {
                sources: Vec::new(),
                members: Vec::new(),
                coverage: Coverage {
                    from: None,
                    to: None,
                    unread_lines: 0,
                    cut_lines: 0,
                    gaps: Vec::new(),
                    debug_seen: std::collections::BTreeMap::new(),
                    debug_lacking: Vec::new(),
                    logs: Vec::new(),
                    clock_steps: Vec::new(),
                },
                incomplete: Vec::new(),
            },
            product_instances: Vec::new(),
            events: Vec::new(),
            checks: Vec::new(),
            causes: Vec::new(),
            suppressions: Vec::new(),
            signatures: Vec::new(),
            redaction: None,
        }
    }

    #[test]
    fn the_same_report_gives_the_same_bytes() {
        let first = render(&empty()).unwrap();
        assert!(first.starts_with(b"%PDF-1.7"));
        assert_eq!(first, render(&empty()).unwrap());
    }

    #[test]
    fn text_of_the_input_is_never_markup() {
        let mut report = empty();
        let payload = "#panic(\"x\") *b* _e_ $x$ <label> @ref \\ #image(\"/etc/passwd\") \u{202e}\u{1b}[2J </script> =SUM(A1)";
        report.input.incomplete = vec![payload.to_owned(), format!("{payload}{}", "é".repeat(1 << 20))];
        let fonts = Fonts::embedded();
        let text = serde_json::to_string(&document(&report, &fonts)).unwrap();
        assert!(text.contains("#panic") && text.contains("\\\\u{202e}"), "{text}");
        render(&report).unwrap();
    }
}
