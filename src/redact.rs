//! Redaction in the shell: the map's file, a random key, and outputs that are searched before anybody sees them.
//! [`bundle`] is `uccxray redact`: the logs themselves without names.

pub(crate) mod bundle;

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use reports::Report;
use reports::redact::{Leak, Map, Redactor, Search};

use crate::analyze::{UsageError, complain};
use crate::output::{self, Unplaced};

/// Leaks that are named one by one; one is enough to write nothing.
const NAMED_MAX: usize = 5;

/// A redaction that goes on: its names, and where its map is kept.
pub(crate) struct Redaction {
    /// Replaces names.
    pub(crate) redactor: Redactor,
    /// Where the map is kept; `None`: nowhere, and nobody can trace a name back.
    map: Option<PathBuf>,
}

impl Redaction {
    /// Goes on with the map in `path` if there is one, else begins with a new key.
    ///
    /// # Errors
    /// A map that cannot be read.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, UsageError> {
        let map = match path.map(std::fs::read) {
            Some(Ok(bytes)) => read(&bytes, path)?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                let shown = path.unwrap_or(Path::new("")).display();
                return Err(UsageError::new(format!("read the map {shown}: {error}")));
            }
            _ => Map::with_key(key()?),
        };
        Ok(Self { redactor: Redactor::new(map), map: path.map(Path::to_owned) })
    }

    /// The redaction of a map that is there.
    ///
    /// # Errors
    /// A map that is not there or cannot be read.
    pub(crate) fn known(path: &Path) -> Result<Self, UsageError> {
        let bytes = std::fs::read(path)
            .map_err(|error| UsageError::new(format!("read the map {}: {error}", path.display())))?;
        Ok(Self { redactor: Redactor::new(read(&bytes, Some(path))?), map: None })
    }

    /// Replaces every name in a report.
    pub(crate) fn report(&mut self, report: &mut Report) {
        self.redactor.report(report);
    }

    /// Keeps the map where it was asked for, readable by its owner alone, and says so.
    ///
    /// # Errors
    /// Why it could not be written.
    pub(crate) fn keep(&self, outputs: &[PathBuf]) -> Result<(), String> {
        let Some(path) = &self.map else {
            complain("redacted; without --map nobody can trace a name back, and the next run names anew");
            return Ok(());
        };
        if outputs.iter().any(|output| output == path) {
            return Err(format!("{} is an output and the map at once", path.display()));
        }
        let json = reports::render::to_json(&self.redactor.map());
        output::replace_private(path, |out| out.write_all(json.as_bytes()))
            .map_err(|error: io::Error| format!("cannot write the map {}: {error}", path.display()))
    }

    /// Whether an output may be given away; says what it holds if not.
    pub(crate) fn is_clean(&self, name: &str, output: &[u8]) -> bool {
        is_clean(name, &self.redactor.leaks(output))
    }

    /// Writes a file beside `path` and searches it on the way; `None`, and nothing is there, if it may not be given away.
    ///
    /// # Errors
    /// Why it could not be written.
    pub(crate) fn write(
        &self,
        path: &Path,
        write_it: impl FnOnce(&mut BufWriter<Searched>) -> Result<(), String>,
    ) -> Result<Option<Unplaced>, String> {
        let words = |error: io::Error| error.to_string();
        let (new, file) = Unplaced::private(path).map_err(words)?;
        let mut out =
            BufWriter::with_capacity(output::BUFFER, Searched { file, search: self.redactor.search() });
        write_it(&mut out)?;
        let out = out.into_inner().map_err(|error| words(error.into_error()))?;
        Ok(is_clean(&path.display().to_string(), &out.search.finish()).then_some(new))
    }
}

/// A file whose bytes are searched for originals as they are written.
pub(crate) struct Searched {
    file: File,
    search: Search,
}

impl io::Write for Searched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.search.feed(bytes.get(..n).unwrap_or(bytes));
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether nothing was found in an output; says what was if not.
fn is_clean(name: &str, leaks: &[Leak]) -> bool {
    if leaks.is_empty() {
        return true;
    }
    complain(&format!(
        "{name} would still hold {} original values; nothing is written. Please report this as a fault.",
        leaks.len()
    ));
    for leak in leaks.iter().take(NAMED_MAX) {
        complain(&format!("  {leak}"));
    }
    false
}

fn read(bytes: &[u8], path: Option<&Path>) -> Result<Map, UsageError> {
    let shown = path.unwrap_or(Path::new("")).display();
    serde_json::from_slice(bytes)
        .map_err(|error| UsageError::new(format!("read the map {shown}: {}", without_values(&error))))
}

/// What is wrong with a map, and where, without a word of what stands in it.
fn without_values(error: &serde_json::Error) -> String {
    if error.is_data() { error.to_string() } else { format!("it is no JSON (line {})", error.line()) }
}

/// 32 random bytes of the operating system.
fn key() -> Result<[u8; 32], UsageError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| {
        UsageError::new(format!("make a key: the system gives no random bytes ({error})"))
    })?;
    Ok(key)
}
