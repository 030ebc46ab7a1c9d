//! `-o FILE`: the format that a file's ending means, and how the file is written.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use history::facts::Facts;
use reports::redact::Redactor;
use reports::{Renderer, Report};

use crate::analyze::UsageError;
use crate::tables;

/// What a file holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A report that is text.
    Report(&'static Renderer),
    /// A table of the facts.
    Table(tables::Format),
    /// The report as PDF.
    Pdf,
}

/// What there is to write.
pub(crate) struct Content<'a> {
    /// The whole report.
    pub(crate) report: &'a Report,
    /// The report as people are shown it, less what they left out.
    pub(crate) shown: &'a Report,
    /// What tables are made of.
    pub(crate) facts: &'a Facts,
    /// How text is laid out.
    pub(crate) options: reports::Options,
    /// What takes the names out of tables, which are not made of the report; `None`: they stay.
    pub(crate) redactor: Option<&'a Redactor>,
}

impl Kind {
    /// The kind of file that the ending means.
    ///
    /// # Errors
    /// An ending that means nothing, with all that mean something.
    pub(crate) fn of(path: &Path) -> Result<Self, UsageError> {
        if let Some(format) = tables::Format::of(path) {
            return Ok(Self::Table(format));
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if let Some(renderer) = Renderer::for_extension(ending) {
            return Ok(Self::Report(renderer));
        }
        if ending.eq_ignore_ascii_case(PDF) {
            return if cfg!(feature = "pdf") {
                Ok(Self::Pdf)
            } else {
                let why = "this program was built without PDF; write .html or .md, or build it with the feature `pdf`";
                Err(UsageError::new(format!("write {}: {why}", path.display())))
            };
        }
        let known: Vec<String> = reports::RENDERERS
            .iter()
            .flat_map(|renderer| renderer.extensions)
            .copied()
            .chain(tables::Format::ALL.map(tables::Format::ending))
            .chain(cfg!(feature = "pdf").then_some(PDF))
            .map(|ending| format!(".{ending}"))
            .collect();
        Err(unnamed(path, &known))
    }

    /// The bytes of a file of this kind.
    ///
    /// # Errors
    /// Why it could not be made or written, as the end of a sentence.
    pub(crate) fn write(
        self,
        path: &Path,
        content: &Content<'_>,
        out: &mut impl io::Write,
    ) -> Result<(), String> {
        let words = |error: io::Error| error.to_string();
        match self {
            Self::Report(renderer) => write_to(out, renderer, content, &content.options).map_err(words),
            Self::Table(format) => {
                let bytes = tables::bytes(path, format, content.facts, content.redactor)
                    .map_err(|error| error.to_string())?;
                out.write_all(&bytes).map_err(words)
            }
            Self::Pdf => out.write_all(&pdf_of(content.shown)?).map_err(words),
        }
    }
}

impl Kind {
    /// Whether a file of this kind is made piece by piece, and nothing that is replaced while it is made comes too late
    /// for a search of its first piece.
    pub(crate) fn is_streamed(self) -> bool {
        matches!(self, Self::Report(renderer) if renderer.name == JSON)
    }

    /// What a file of this kind says, as plain bytes: those of compressed formats cannot be searched.
    ///
    /// # Errors
    /// Why it could not be made, as the end of a sentence.
    pub(crate) fn plain(self, path: &Path, content: &Content<'_>) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Report(_) | Self::Table(tables::Format::Csv) => Ok(None),
            Self::Table(tables::Format::Parquet) => {
                let csv = tables::bytes(path, tables::Format::Csv, content.facts, content.redactor);
                csv.map(Some).map_err(|error| error.to_string())
            }
            Self::Pdf => Ok(Some(pdf_text(content.shown))),
        }
    }
}

/// The format that is written straight into its file.
const JSON: &str = "json";

/// The ending of PDF files.
const PDF: &str = "pdf";

#[cfg(feature = "pdf")]
fn pdf_of(report: &Report) -> Result<Vec<u8>, String> {
    pdf::render(report).map_err(|error| error.to_string())
}

#[cfg(feature = "pdf")]
fn pdf_text(report: &Report) -> Vec<u8> {
    pdf::text(report).into_bytes()
}

#[cfg(not(feature = "pdf"))]
fn pdf_text(_: &Report) -> Vec<u8> {
    Vec::new()
}

#[cfg(not(feature = "pdf"))]
fn pdf_of(_: &Report) -> Result<Vec<u8>, String> {
    Err("this program was built without PDF".to_owned())
}

/// The format, of those with their endings, that a file's ending names.
///
/// # Errors
/// An ending that names none, with all that do.
pub(crate) fn format_of(
    path: &Path,
    formats: &[(&'static str, &[&str])],
) -> Result<&'static str, UsageError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let found = formats.iter().find(|(_, endings)| endings.iter().any(|it| it.eq_ignore_ascii_case(ending)));
    found.map(|(format, _)| *format).ok_or_else(|| {
        let known = formats.iter().flat_map(|(_, endings)| *endings).map(|ending| format!(".{ending}"));
        unnamed(path, &known.collect::<Vec<_>>())
    })
}

/// The ending of `path` names no format: these do.
fn unnamed(path: &Path, known: &[String]) -> UsageError {
    UsageError::new(format!(
        "write {}: the ending names the format, one of {}",
        path.display(),
        known.join(" ")
    ))
}

/// Writes a report that is text.
///
/// # Errors
/// What the sink says.
pub(crate) fn write_to(
    out: &mut impl io::Write,
    renderer: &Renderer,
    content: &Content<'_>,
    options: &reports::Options,
) -> io::Result<()> {
    if renderer.name == JSON {
        return reports::render::to_writer(content.report, out);
    }
    out.write_all(renderer.to_string(content.shown, options).as_bytes())
}

/// Writes through a temporary file beside the target, so that a reader never sees half a report.
///
/// # Errors
/// Why it could not be written; what was there before stays.
pub(crate) fn replace_file<E: From<io::Error>>(
    path: &Path,
    write_it: impl FnOnce(&mut io::BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let new = Unplaced::beside(path);
    let mut out = io::BufWriter::with_capacity(BUFFER, File::create(&new.temporary)?);
    write_it(&mut out)?;
    out.flush()?;
    drop(out);
    Ok(new.place()?)
}

/// As [`replace_file`], for what only its owner may read: nobody else can while it is written or later, and it is on
/// the disk before it stands in its place.
///
/// # Errors
/// Why it could not be written; what was there before stays.
pub(crate) fn replace_private<E: From<io::Error>>(
    path: &Path,
    write_it: impl FnOnce(&mut io::BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let (new, file) = Unplaced::private(path)?;
    let mut out = io::BufWriter::with_capacity(BUFFER, file);
    write_it(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    drop(out);
    Ok(new.place()?)
}

/// Bytes that are written to a file at a time, at least.
pub(crate) const BUFFER: usize = 1 << 18;

/// A file beside the one whose place it may take; it is gone if it does not.
#[derive(Debug)]
pub(crate) struct Unplaced {
    temporary: PathBuf,
    path: PathBuf,
    placed: bool,
}

impl Unplaced {
    /// The name of such a file, which no other run of this program uses.
    fn beside(path: &Path) -> Self {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        Self { temporary: path.with_file_name(name), path: path.to_owned(), placed: false }
    }

    /// Such a file, which only its owner may read.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(crate) fn private(path: &Path) -> io::Result<(Self, File)> {
        let new = Self::beside(path);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&new.temporary)?;
        Ok((new, file))
    }

    /// Puts the file into its place, as it is.
    ///
    /// # Errors
    /// Why that failed; what was there before stays.
    pub(crate) fn place(mut self) -> io::Result<()> {
        std::fs::rename(&self.temporary, &self.path)?;
        self.placed = true;
        Ok(())
    }

    /// Puts the file into its place, for everybody who may read any other file that this program writes there.
    ///
    /// # Errors
    /// Why that failed; what was there before stays.
    pub(crate) fn place_for_all(self) -> io::Result<()> {
        #[cfg(unix)]
        {
            // Only a new file tells what a new file may be here.
            let probe = self.temporary.with_extension("mode");
            let usual = File::create(&probe).and_then(|file| file.metadata());
            drop(std::fs::remove_file(&probe));
            std::fs::set_permissions(&self.temporary, usual?.permissions())?;
        }
        self.place()
    }
}

impl Drop for Unplaced {
    fn drop(&mut self) {
        if !self.placed {
            drop(std::fs::remove_file(&self.temporary));
        }
    }
}
