//! `uccxray catalog`: the failure signatures, built in and the user's own, and the mnemonics.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parsers::catalog::file::Problem;
use parsers::catalog::{Catalog, Entry};
use parsers::mnemonics::{self, MNEMONICS};
use reports::escape;
use serde::Serialize;

use crate::analyze::counted;
use crate::cli::{CatalogArgs, CatalogVerb, ListFormat};

/// Largest file of a catalog, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Most files of a catalog.
const FILES_MAX: usize = 200;

/// Longest line of a log that `catalog test` searches, in bytes.
const LINE_MAX: usize = 64 << 10;

/// Why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or a file cannot be read.
    #[error("read the catalog {}: {why}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The entries are not sound.
    #[error("use the catalog: {}", listed(.0))]
    Unsound(Vec<Problem>),
}

/// One problem a line.
fn listed(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| escape::terminal(&problem.to_string()).into_owned());
    lines.collect::<Vec<_>>().join("\n  ")
}

/// The built-in catalog, with the entries of a folder where one is named.
///
/// # Errors
/// A folder that cannot be read, or entries that are not sound.
pub fn load(folder: Option<&Path>) -> Result<Arc<Catalog>, Error> {
    let Some(folder) = folder else { return Ok(Catalog::built_in()) };
    let files = files(folder)?;
    let named = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Catalog::with(named).map_err(Error::Unsound)
}

/// The `.toml` files of a folder by name, with their texts.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Error> {
    let fail = |path: &Path, why: String| Error::Read { path: path.to_owned(), why };
    let entries = std::fs::read_dir(folder).map_err(|error| fail(folder, error.to_string()))?;
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_toml(path)).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(fail(folder, "it holds no file that ends in .toml".to_owned()));
    }
    if paths.len() > FILES_MAX {
        return Err(fail(folder, format!("it holds more than {FILES_MAX} files")));
    }
    let read = |path: PathBuf| {
        let is_large = std::fs::metadata(&path).is_ok_and(|file| file.len() > FILE_MAX || !file.is_file());
        if is_large {
            return Err(fail(&path, format!("it is no file of at most {FILE_MAX} bytes")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| fail(&path, error.to_string()))?;
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text))
    };
    paths.into_iter().map(read).collect()
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"))
}

/// What the verb prints.
///
/// # Errors
/// A catalog that cannot be used, or a log that cannot be read.
pub fn run(args: &CatalogArgs) -> Result<String, Error> {
    let catalog = load(args.catalog.as_deref())?;
    let own = catalog.entries().iter().filter(|entry| entry.own).count();
    let n_all = catalog.entries().len();
    match &args.verb {
        CatalogVerb::List { format: ListFormat::Json } => Ok(as_json(&catalog)),
        CatalogVerb::List { format: ListFormat::Text } => Ok(list(&catalog)),
        CatalogVerb::Lint => Ok(format!("{n_all} entries, {own} of them your own: sound\n")),
        CatalogVerb::Test { logs } if logs.is_empty() => {
            let lines = |of: fn(&Entry) -> usize| catalog.entries().iter().map(of).sum::<usize>();
            let (matches, rejects) = (lines(|entry| entry.matches.len()), lines(|entry| entry.rejects.len()));
            // Loading has run each pattern on each of its lines: what fails there never comes here.
            Ok(format!(
                "{n_all} entries, {own} of them your own: {matches} lines match as they must, {rejects} do not as they \
                 must not, none matches two entries\n"
            ))
        }
        CatalogVerb::Test { logs } => try_logs(&catalog, logs),
    }
}

/// One line an entry, then one line a mnemonic.
fn list(catalog: &Catalog) -> String {
    let mut out = String::new();
    for entry in catalog.entries() {
        let whose = if entry.own { "own" } else { "built-in" };
        let line = format!(
            "{:<28} {:<16} {:<9} {:<7} {:<9} {:<9} {}",
            entry.id,
            entry.class.name(),
            entry.severity.name(),
            entry.confidence.name(),
            entry.status.name(),
            whose,
            entry.pattern
        );
        let _ = writeln!(out, "{}", escape::terminal(&line));
    }
    let _ = writeln!(out, "{} signatures\n", catalog.entries().len());
    for row in MNEMONICS {
        let _ = writeln!(out, "{:<16} {:<44} {:<22} {}", row.facility, row.mnemonic, row.event(), row.source);
    }
    let _ = writeln!(out, "{} mnemonics", MNEMONICS.len());
    out
}

fn as_json(catalog: &Catalog) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        id: &'a str,
        pattern: &'a str,
        class: &'static str,
        severity: &'static str,
        confidence: &'static str,
        status: &'static str,
        means: &'a str,
        remedy: &'a str,
        source: &'a str,
        refines: Option<&'a str>,
        matches: Vec<&'a str>,
        rejects: Vec<&'a str>,
        file: &'a str,
        own: bool,
    }
    let row = |entry: &Entry| {
        let of = Row {
            id: &entry.id,
            pattern: &entry.pattern,
            class: entry.class.name(),
            severity: entry.severity.name(),
            confidence: entry.confidence.name(),
            status: entry.status.name(),
            means: &entry.means,
            remedy: &entry.remedy,
            source: &entry.source,
            refines: entry.refines.as_deref(),
            matches: entry.matches.iter().map(|line| &**line).collect(),
            rejects: entry.rejects.iter().map(|line| &**line).collect(),
            file: &entry.file,
            own: entry.own,
        };
        serde_json::to_value(of).unwrap_or_default()
    };
    let rows: Vec<serde_json::Value> = catalog.entries().iter().map(row).collect();
    let alarm = |row: &mnemonics::Row| {
        serde_json::json!({
            "facility": row.facility, "mnemonic": row.mnemonic, "event": row.event(), "source": row.source,
        })
    };
    let alarms: Vec<serde_json::Value> = MNEMONICS.iter().map(alarm).collect();
    let document = serde_json::json!({ "schema_version": "1.0", "signatures": rows, "mnemonics": alarms });
    format!("{}\n", serde_json::to_string_pretty(&document).unwrap_or_default())
}

/// Which lines of logs match which entry: for who writes an entry. The lines are not asked what they are about.
fn try_logs(catalog: &Catalog, logs: &[PathBuf]) -> Result<String, Error> {
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut out = String::new();
    for path in logs {
        let fail = |error: std::io::Error| Error::Read { path: path.clone(), why: error.to_string() };
        let mut reader = BufReader::new(std::fs::File::open(path).map_err(fail)?);
        let mut line = Vec::new();
        let mut counts = std::collections::BTreeMap::<Arc<str>, (u64, u64)>::new();
        let mut number = 0_u64;
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_MAX as u64).read_until(b'\n', &mut line).map_err(fail)?;
            if read == 0 {
                break;
            }
            number += 1;
            if !line.ends_with(b"\n") && read == LINE_MAX {
                reader.skip_until(b'\n').map_err(fail)?;
            }
            let text = String::from_utf8_lossy(&line);
            if let Some(hit) = catalog.matching(&text) {
                counts.entry(Arc::clone(&hit.entry.id)).or_insert((0, number)).0 += 1;
            }
        }
        let _ =
            writeln!(out, "{}: {}", escape::terminal(&path.display().to_string()), counted(number, "line"));
        for (id, (count, first)) in counts {
            let _ = writeln!(out, "  {id:<28} {}, first in line {first}", counted(count, "line"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_entries_and_an_unsound_entry_are_told() {
        let dir = std::env::temp_dir().join(format!("uccxray-catalog-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        assert!(load(Some(&dir)).unwrap_err().to_string().contains("no file that ends in .toml"));
        std::fs::write(dir.join("a.toml"), "[[signature]]\nid = \"x\"\n").unwrap();
        let says = load(Some(&dir)).unwrap_err().to_string();
        assert!(says.contains("a.toml:1: x: missing field `pattern`"), "{says}");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_list_names_every_entry_once() {
        let catalog = Catalog::built_in();
        let text = list(&catalog);
        assert_eq!(text.lines().count(), catalog.entries().len() + MNEMONICS.len() + 3);
        let json: serde_json::Value = serde_json::from_str(&as_json(&catalog)).unwrap();
        assert_eq!(json["signatures"].as_array().unwrap().len(), catalog.entries().len());
    }
}
