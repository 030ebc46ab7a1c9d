//! `-o history.parquet`, `-o usage.csv`: tables of the facts as files.

use std::path::Path;

use history::facts::Facts;
use reports::redact::Redactor;

/// A format of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Apache Parquet.
    Parquet,
    /// RFC 4180.
    Csv,
}

impl Format {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Parquet, Self::Csv];

    /// The ending of its files.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// The format that a file's ending names.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        Self::ALL.into_iter().find(|format| format.ending().eq_ignore_ascii_case(ending))
    }
}

/// The bytes of the table that the file's name means: `history.parquet` is the history, any other name all tables in
/// one.
///
/// # Errors
/// What the table stage refuses.
pub(crate) fn bytes(
    path: &Path,
    format: Format,
    facts: &Facts,
    redactor: Option<&Redactor>,
) -> Result<Vec<u8>, frames::Error> {
    let tables = frames::tables(facts)?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let named = tables.iter().find(|(table, _)| table.name == stem);
    let (name, frame) = match named {
        Some((table, frame)) => (table.name, frame.clone()),
        None => ("all", frames::export::all(&tables)?),
    };
    let frame = match redactor {
        Some(redactor) => {
            frames::export::map_texts(&frame, &|column, text| redacted(redactor, column, text))?
        }
        None => frame,
    };
    match format {
        Format::Parquet => frames::export::parquet(name, &frame),
        Format::Csv => frames::export::csv(&frames::export::map_texts(&frame, &|_, text| spelled_out(text))?),
    }
}

/// A cell as a terminal may show it: people open CSV there too. Line breaks stay, since a cell may hold them.
fn spelled_out(text: &str) -> String {
    let lines =
        text.split('\n').map(|line| reports::escape::terminal(line.strip_suffix('\r').unwrap_or(line)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A cell without names. A node's name alone is found as a name behind its label, however ordinary a word it is.
fn redacted(redactor: &Redactor, column: &str, text: &str) -> String {
    const LABEL: &str = "NodeID=";
    if !matches!(column, "node" | "instance" | "product_instance") {
        return redactor.text(text).into_owned();
    }
    let labeled = format!("{LABEL}{text}");
    let found = redactor.text(&labeled);
    found.strip_prefix(LABEL).unwrap_or(&found).to_owned()
}
