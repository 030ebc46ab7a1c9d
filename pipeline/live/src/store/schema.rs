//! Tables and their versions.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::Error;

/// What brings a store from one version to the next: the first makes it, a later one changes what is there. Entries
/// are never changed, only added.
const MIGRATIONS: &[&str] = &[
    // 1
    "
    -- One file or one sender, for as long as its bytes are one sequence.
    CREATE TABLE segment (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,             -- file, udp, tcp, tls
        name TEXT NOT NULL,             -- path, or address
        root TEXT NOT NULL,             -- what the user named: the path is below it
        read INTEGER NOT NULL,          -- bytes read
        head BLOB NOT NULL,             -- its first bytes: what tells it from others
        anchor BLOB NOT NULL,           -- its last bytes read
        last_bytes_ms INTEGER,          -- when they came
        closed INTEGER NOT NULL,        -- no more will come
        over_limit INTEGER NOT NULL,    -- messages thrown away
        offset INTEGER,                 -- of the first byte that is not settled; null: all bytes stand in `open`
        line INTEGER,
        syslog INTEGER,
        cutting INTEGER,
        header_offset INTEGER,
        header_line INTEGER,
        header BLOB,
        open BLOB,                      -- bytes that are not settled; null: too many, they are read again
        counts TEXT NOT NULL            -- coverage, as JSON
    ) STRICT;
    -- The records that matter, as they stand in the log.
    CREATE TABLE record (
        segment INTEGER NOT NULL REFERENCES segment(id) ON DELETE CASCADE,
        offset INTEGER NOT NULL,
        line INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (segment, offset)
    ) STRICT, WITHOUT ROWID;
    -- What the rules remember, as JSON.
    CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    -- What was told.
    CREATE TABLE told (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        alert TEXT NOT NULL             -- JSON
    ) STRICT;
    -- To whom it goes, and whether it went.
    CREATE TABLE delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        told INTEGER NOT NULL REFERENCES told(number) ON DELETE CASCADE,
        matter TEXT NOT NULL,           -- the id that raising and resolving share
        state TEXT NOT NULL,            -- waiting, sending, sent, dead
        attempts INTEGER NOT NULL DEFAULT 0,
        next_ms INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        done_ms INTEGER,
        why TEXT
    ) STRICT;
    CREATE INDEX delivery_open ON delivery(sink, state, id);
    ",
];

/// Brings the store to the version of this program.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), Error> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(Error::Newer { path: path.to_owned(), found, known });
    }
    for (at, sql) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", i64::try_from(at + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}
