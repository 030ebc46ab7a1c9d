//! The folders of `samples/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::{Dir, Ran, root, run, run_with, uccxray};

/// When every file of a sample was last written, unless its case says otherwise: a clone must give the same result
/// in any year.
const MODIFIED: &str = "2026-06-01T00:00:00Z";

/// A sample: `samples/<name>/case.toml`.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) said: Said,
}

/// What `case.toml` says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// What the sample is, as a sentence.
    pub(crate) title: String,
    /// Where its lines come from.
    pub(crate) provenance: String,
    /// The folder or file that a user would point the tool at; `stdin.txt` goes to standard input.
    pub(crate) input: String,
    /// Further arguments.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// The exit code.
    #[serde(default)]
    pub(crate) exit: i32,
    /// What the result must show, in prose.
    pub(crate) shows: String,
    /// Further files or folders of the sample that `args` name.
    #[serde(default)]
    pub(crate) beside: Vec<String>,
    /// When the files were last written; [`MODIFIED`] if it does not matter.
    pub(crate) modified: Option<String>,
}

/// A sample laid out as its user has it, with its time.
pub(crate) struct Laid {
    pub(crate) dir: Dir,
    /// The path to give; `-` where the sample is a text for standard input.
    pub(crate) path: String,
    /// The text for standard input.
    pub(crate) stdin: Option<Vec<u8>>,
    /// Further files that the arguments name: usage and inventories.
    pub(crate) beside: Vec<PathBuf>,
}

/// All samples, by name.
pub(crate) fn all() -> Vec<Case> {
    let samples = root().join("samples");
    let mut cases: Vec<Case> = fs::read_dir(&samples)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|dir| {
            let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(dir.join("case.toml")).unwrap_or_else(|e| panic!("{name}: {e}"));
            let said = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.toml: {e}"));
            Case { name, dir, said }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty(), "no samples in {}", samples.display());
    cases
}

impl Case {
    /// The time of the sample's files.
    pub(crate) fn modified(&self) -> SystemTime {
        let text = self.said.modified.as_deref().unwrap_or(MODIFIED);
        let at: parsers::stamp::Instant =
            text.parse().unwrap_or_else(|e| panic!("{}: modified = {text:?}: {e}", self.name));
        at.into()
    }

    /// Copies the input into a folder of its own and sets every time.
    pub(crate) fn lay_out(&self) -> Laid {
        let dir = Dir::new();
        let from = self.dir.join(&self.said.input);
        if self.said.input == "stdin.txt" {
            let stdin = Some(fs::read(from).unwrap());
            return Laid { dir, path: "-".to_owned(), stdin, beside: Vec::new() };
        }
        copy(&from, &dir.path().join(&self.said.input), self.modified());
        for name in &self.said.beside {
            copy(&self.dir.join(name), &dir.path().join(name), self.modified());
        }
        let beside = self.said.beside.iter().map(|name| dir.path().join(name)).collect();
        Laid { dir, path: self.said.input.clone(), stdin: None, beside }
    }

    /// Runs `uccxray analyze` on it with `more` arguments behind those of the case.
    pub(crate) fn run(&self, laid: &Laid, more: &[&str]) -> Ran {
        let mut command = uccxray(laid.dir.path());
        command.args(["analyze", &laid.path]).args(&self.said.args).arg("--no-progress").args(more);
        match &laid.stdin {
            Some(text) => run_with(&mut command, text.clone()),
            None => run(&mut command),
        }
    }
}

/// Copies a file or a tree; children first, for making one changes its folder's time.
fn copy(from: &Path, to: &Path, modified: SystemTime) {
    if from.is_symlink() {
        // A link stays one, whether or not it leads anywhere: it is what the sample shows.
        std::os::unix::fs::symlink(fs::read_link(from).unwrap(), to).unwrap();
        return;
    }
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()), modified);
        }
    } else {
        fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    }
    File::open(to).unwrap().set_modified(modified).unwrap();
}
