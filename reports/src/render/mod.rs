//! Report formats, one file each; a new one is a file and two lines here. A renderer sees the [`Report`] alone.

mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
mod text;

use std::fmt;

use crate::report::Report;

pub use html::figures;
pub(crate) use html::{Scripts, page, pieces, shown};
pub(crate) use json::pretty;
pub use json::{to_json, to_writer};

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns of the screen, 60 to 200; formats that are not screens ignore it.
    pub width: usize,
    /// Whether colour escapes may be written.
    pub color: bool,
    /// Whether only ASCII may be written.
    pub ascii: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 80, color: false, ascii: false }
    }
}

/// One report format.
#[derive(Clone, Copy, Debug)]
pub struct Renderer {
    /// Its name for `--format`.
    pub name: &'static str,
    /// Endings of the files that it writes.
    pub extensions: &'static [&'static str],
    /// Writes the report.
    pub render: fn(&Report, &mut dyn fmt::Write, &Options) -> fmt::Result,
}

/// All report formats; the first is the screen.
pub const RENDERERS: &[Renderer] = &[
    Renderer { name: "text", extensions: &["txt"], render: text::render },
    Renderer { name: "json", extensions: &["json"], render: json::render },
    Renderer { name: "md", extensions: &["md", "markdown"], render: markdown::render },
    Renderer { name: "html", extensions: &["html", "htm"], render: html::render },
    Renderer { name: "sarif", extensions: &["sarif"], render: sarif::render },
    Renderer { name: "junit", extensions: &["xml"], render: junit::render },
];

impl Renderer {
    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        RENDERERS.iter().find(|renderer| renderer.name == name)
    }

    /// The format that a file with this ending holds.
    #[must_use]
    pub fn for_extension(extension: &str) -> Option<&'static Self> {
        let fits = |known: &&str| known.eq_ignore_ascii_case(extension);
        RENDERERS.iter().find(|renderer| renderer.extensions.iter().any(fits))
    }

    /// The report as one string.
    #[must_use]
    pub fn to_string(&self, report: &Report, options: &Options) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = (self.render)(report, &mut out, options);
        out
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::assemble;
    use crate::testing::{hostile, out_of_compliance, tool, without_code};

    fn text(report: &Report, options: Options) -> String {
        Renderer::named("text").unwrap().to_string(report, &options)
    }

    #[test]
    fn formats_are_found_by_name_and_by_ending() {
        assert_eq!(Renderer::named("md").unwrap().name, "md");
        assert_eq!(Renderer::for_extension("JSON").unwrap().name, "json");
        assert!(Renderer::named("pdf").is_none() && Renderer::for_extension("").is_none());
    }

    #[test]
    fn nothing_in_the_input_breaks_out_of_the_screen() {
        let report = hostile();
        for width in [1, 60, 61, 80, 133, 200, 500] {
            for ascii in [false, true] {
                let screen = text(&report, Options { width, color: false, ascii });
                for line in screen.lines() {
                    assert!(line.width() <= width.clamp(60, 200), "{width}: {line}");
                    assert!(!line.contains(crate::escape::is_hidden), "{line:?}");
                    assert!(!ascii || line.is_ascii(), "{line:?}");
                    assert_eq!(line, line.trim_end());
                }
            }
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let (facts, tables) = out_of_compliance();
        let report = assemble(&facts, &tables, tool());
        let coloured = text(&report, Options { color: true, ..Options::default() });
        let mut plain = String::new();
        let mut parts = coloured.split('\u{1b}');
        plain.push_str(parts.next().unwrap());
        for part in parts {
            plain.push_str(part.split_once('m').unwrap().1);
        }
        assert_eq!(plain, text(&report, Options::default()));
    }

    #[test]
    fn nothing_in_the_input_becomes_markup() {
        let page = Renderer::named("md").unwrap().to_string(&hostile(), &Options::default());
        assert!(page.contains("bytes in all") && page.len() < 200_000, "{}", page.len());
        let mut cells = 0;
        let mut fence: Option<String> = None;
        for line in page.lines() {
            assert!(!line.contains(crate::escape::is_hidden), "{line:?}");
            if let Some(end) = &fence {
                if line == end {
                    fence = None;
                }
                continue;
            }
            if line.starts_with("```") {
                fence = Some(line.trim_end_matches("text").to_owned());
                continue;
            }
            let prose = without_code(line);
            for markup in ['<', '`', '@', '[', '~', '#', '&', '$', '\\', '_'] {
                let heading = markup == '#' && line.starts_with('#');
                assert!(heading || !prose.contains(markup), "{markup} in {prose}\n{line}");
            }
            assert!(!prose.contains("//") && !prose.contains("www."), "{prose}");
            // A table keeps its number of cells.
            let bars = line.matches('|').count();
            if line.starts_with('|') {
                cells = if cells == 0 { bars } else { cells };
                assert_eq!(bars, cells, "{line}");
            } else {
                assert_eq!(bars, 0, "{line}");
                cells = 0;
            }
        }
        assert_eq!(fence, None);
    }
}
