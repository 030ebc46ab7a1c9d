//! Where alerts end that nobody took: a file of JSON lines, for its owner alone, of bounded size.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use reports::alerts::Alert;
use reports::time::Time;
use serde::Serialize;

use super::payload::json::{ascii_hidden, bounded};

/// Size at which the file is turned over, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The dead-letter file. At 1 MiB it becomes `NAME.1`, whose predecessor is lost: two files in all.
#[derive(Debug)]
pub struct DeadLetters {
    path: PathBuf,
    bytes_max: u64,
    guard: Mutex<()>,
}

#[derive(Serialize)]
struct Letter<'a> {
    at: Time,
    sink: &'a str,
    delivery: &'a str,
    attempts: u32,
    why: &'a str,
    alert: &'a Alert,
}

impl DeadLetters {
    /// The file at `path`, whose folder must be there; the file is made when the first alert ends there.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), bytes_max: BYTES_MAX, guard: Mutex::new(()) }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What the file system says.
    pub fn add(
        &self,
        at: Time,
        sink: &str,
        delivery: &str,
        attempts: u32,
        why: &str,
        alert: &Alert,
    ) -> io::Result<()> {
        let letter = Letter { at, sink, delivery, attempts, why, alert: &bounded(alert) };
        let mut line = ascii_hidden(&serde_json::to_string(&letter).map_err(io::Error::other)?);
        line.push('\n');
        let _guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = open(&self.path)?;
        let length = file.metadata()?.len();
        if length > 0 && length + line.len() as u64 > self.bytes_max {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            file = open(&self.path)?;
        }
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::deliver::testing::{ATTACK, Folder, at, hostile};

    #[test]
    fn letters_are_lines_for_the_owner_alone_and_bounded() {
        let folder = Folder::new("dead");
        let mut dead = DeadLetters::new(folder.0.join("dead.jsonl"));
        dead.bytes_max = 40_000;
        for number in 0..30 {
            dead.add(Time(at(number)), "hook", "d1", 3, "answered 500", &hostile(ATTACK)).unwrap();
        }
        let text = std::fs::read_to_string(folder.0.join("dead.jsonl")).unwrap();
        let old = std::fs::read_to_string(folder.0.join("dead.jsonl.1")).unwrap();
        assert!(text.len() <= 40_000 && old.len() <= 40_000);
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(last["alert"]["title"], ATTACK);
        assert_eq!(last["at"], Time(at(29)).text());
        let mode = std::fs::metadata(folder.0.join("dead.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
    }
}
