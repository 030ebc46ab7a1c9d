//! Redaction in the shell: the map's file, a random key, and outputs that are searched before anybody sees them.
//! [`bundle`] is `uccxray redact`: the logs themselves without names.

pub(crate) mod bundle;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use reports::Report;
use reports::redact::{Map, Redactor};

use crate::analyze::{UsageError, complain};

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
        private(path, json.as_bytes())
            .map_err(|error| format!("cannot write the map {}: {error}", path.display()))
    }

    /// Whether an output may be given away; says what it holds if not.
    pub(crate) fn is_clean(&self, name: &str, output: &[u8]) -> bool {
        let leaks = self.redactor.leaks(output);
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

/// Writes a file that only its owner may read, through a temporary one beside it.
fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || -> io::Result<()> {
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&temporary)))
}
