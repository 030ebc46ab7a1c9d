//! The little world that Typst sets a page in: one template, one file of data, the fonts that come with the program.

use std::fmt::Write as _;

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::Error;

const TEMPLATE: &str = include_str!("report.typ");

/// The fonts that come with the program.
pub(crate) struct Fonts {
    all: Vec<Font>,
    book: FontBook,
}

impl Fonts {
    /// Libertinus Serif and DejaVu Sans Mono, and what else is embedded.
    pub(crate) fn embedded() -> Self {
        let all: Vec<Font> = typst_assets::fonts().flat_map(|file| Font::iter(Bytes::new(file))).collect();
        let book = FontBook::from_fonts(&all);
        Self { all, book }
    }

    /// True if some font can draw it.
    fn has(&self, c: char) -> bool {
        c == '\n'
            || c.is_ascii()
            || (0..).map_while(|at| self.book.info(at)).any(|font| font.coverage.contains(c.into()))
    }

    /// The text with every character that no font has spelled out, so that none is drawn as an empty box.
    pub(crate) fn spell_out(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if self.has(c) {
                out.push(c);
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
        out
    }

    /// [`spell_out`](Self::spell_out) of every text in a value.
    pub(crate) fn spell_out_all(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.spell_out(text),
            serde_json::Value::Array(all) => all.iter_mut().for_each(|each| self.spell_out_all(each)),
            serde_json::Value::Object(all) => all.values_mut().for_each(|each| self.spell_out_all(each)),
            _ => {}
        }
    }
}

/// What Typst may see.
pub(crate) struct World {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: Source,
    data: FileId,
    bytes: Bytes,
}

impl World {
    pub(crate) fn new(fonts: Fonts, data: Vec<u8>) -> Self {
        Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(fonts.book),
            fonts: fonts.all,
            main: Source::new(file("report.typ"), TEMPLATE.to_owned()),
            data: file("report.json"),
            bytes: Bytes::new(data),
        }
    }
}

/// A file of this world; the names are ours and always well formed.
fn file(name: &str) -> FileId {
    let path = VirtualPath::new(name).unwrap_or_else(|_| unreachable!("{name} is a plain name"));
    RootedPath::new(VirtualRoot::Project, path).intern()
}

impl typst::World for World {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data { Ok(self.bytes.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The pages as a file that screen readers can read too.
pub(crate) fn compile(world: &World) -> Result<Vec<u8>, Error> {
    let document: PagedDocument =
        typst::compile(world).output.map_err(|errors| Error::Typesetting(words(world, &errors)))?;
    let standards =
        PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|why| Error::Writing(why.message().to_string()))?;
    let options =
        PdfOptions { creator: Smart::Custom(Some("uccxray".to_owned())), standards, ..PdfOptions::default() };
    typst_pdf::pdf(&document, &options).map_err(|errors| Error::Writing(words(world, &errors)))
}

fn words(_: &World, errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; ")
}
