//! What the watch knows across its own end: one SQLite file, which every tool can open.
//!
//! Whatever belongs together is written in one transaction: the records of a source and where reading of it stands; an
//! alert and its deliveries. A process that is killed at any byte therefore finds, when it begins again, either all of
//! it or nothing of it, and reads the rest from where it stands.

mod alerts;
mod coverage;
mod outbox;
mod schema;
mod segments;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use alerts::{SinkTally, Told};
pub use segments::{Changes, Entry, Stored};

/// Name of the file in the state directory.
const FILE: &str = "state.sqlite3";

/// Why the store cannot be used; the messages complete a sentence that begins with "cannot".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be made or written.
    #[error("use the state directory {path}: {reason}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// Another watch has it.
    #[error(
        "use the state in {0}: another watch uses it; stop that one, or give this one a --state of its own"
    )]
    InUse(PathBuf),
    /// A newer version wrote it.
    #[error(
        "use the state in {path}: it has version {found}, and this program knows up to {known}; use a newer uccxray, or another --state"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The disk is full.
    #[error(
        "write the state: the disk is full; what came since is kept in memory and written when there is room"
    )]
    Full,
    /// Anything else that SQLite says.
    #[error("use the state: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// The system gives no thread.
    #[error("start a thread that writes the state: {0}")]
    Thread(#[source] std::io::Error),
    /// A row holds what cannot be read.
    #[error("read the state: {0}")]
    Damaged(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse(PathBuf::from(FILE)),
            _ => Self::Sqlite(error),
        }
    }
}

/// The store: shared by the engine and the deliveries.
#[derive(Clone)]
pub struct Store(Arc<Mutex<Connection>>);

impl Store {
    /// Opens the store in a directory, which is made if it is not there; only its owner may read it, for it holds log
    /// lines. It is this process' own until it ends.
    ///
    /// # Errors
    /// A directory that cannot be used, a store in use, or one of a newer version.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let fail = |reason| Error::Directory { path: directory.to_owned(), reason };
        make_private(directory).map_err(fail)?;
        let path = directory.join(FILE);
        // SQLite gives its other files the mode of this one.
        private_file(&path).map_err(fail)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags(&path, flags).map_err(Error::Sqlite)?;
        Self::prepare(connection, &path)
    }

    /// A store that ends with the process: for a replay and for tests.
    ///
    /// # Errors
    /// Memory that SQLite does not get.
    pub fn in_memory() -> Result<Self, Error> {
        Self::prepare(Connection::open_in_memory().map_err(Error::Sqlite)?, Path::new(":memory:"))
    }

    fn prepare(connection: Connection, path: &Path) -> Result<Self, Error> {
        let named = |error: rusqlite::Error| match Error::from(error) {
            Error::InUse(_) => Error::InUse(path.to_owned()),
            other => other,
        };
        connection.busy_timeout(Duration::from_millis(500)).map_err(named)?;
        // Exclusive: two that write alerts would tell each twice. Full: what was told is on the disk.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(named)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(named)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(named)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(named)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20).map_err(named)?;
        schema::migrate(&connection, path).map_err(|error| match error {
            Error::InUse(_) => Error::InUse(path.to_owned()),
            other => other,
        })?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Limits the size of the file, in pages: a test's full disk.
    #[cfg(test)]
    pub(crate) fn limit(&self, pages: u32) {
        self.lock().pragma_update(None, "max_page_count", pages).unwrap();
    }
}

/// Makes a directory that only its owner may enter.
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Makes a file that only its owner may read; one that is there becomes such a file.
fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Milliseconds since 1970 as the store has them.
fn ms(at: parsers::stamp::Instant) -> i64 {
    at.timestamp_millis()
}

#[cfg(test)]
mod tests;
