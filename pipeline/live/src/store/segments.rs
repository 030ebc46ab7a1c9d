//! Sources: what was read of them, and where reading stands.

use parsers::member::MemberRead;
use parsers::reader::live::{Kept, Standing};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use super::{Error, Store, Told, alerts, coverage};

/// A segment as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// `file`, `udp`, `tcp` or `tls`.
    pub kind: String,
    /// Path or address.
    pub name: String,
    /// What the user named, of which `name` is a part; the endpoint for a sender.
    pub root: String,
    /// Bytes read.
    pub read: u64,
    /// Its first bytes.
    pub head: Vec<u8>,
    /// Its last bytes read.
    pub anchor: Vec<u8>,
    /// When they came, in milliseconds since 1970; `None`: never.
    pub last_bytes_ms: Option<i64>,
    /// True if no more will come.
    pub closed: bool,
    /// Messages thrown away because the sender exceeded its share.
    pub over_limit: u64,
    /// Where reading stands; `None`: all of its bytes stand in `open`, or must be read again.
    pub standing: Option<Standing>,
    /// Bytes that are not settled; `None`: they were too many to keep, the file must be read again.
    pub open: Option<Vec<u8>>,
    /// Coverage, less sightings and statements.
    pub counts: MemberRead,
}

/// What changed in one segment since it was last written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The segment as it stands.
    pub segment: Stored,
    /// New records.
    pub records: Vec<Kept>,
    /// Older records than this offset are forgotten.
    pub forget_before: Option<u64>,
}

/// What is written together: all of it is there after any end, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// What was read, and where reading stands.
    pub segments: Vec<Changes>,
    /// Segments that go.
    pub gone: Vec<i64>,
    /// What is told because of it.
    pub told: Option<Told>,
    /// True if it must survive the machine, false for mere counts.
    pub lasts: bool,
}

impl Entry {
    /// True if nothing is to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.gone.is_empty() && self.told.is_none()
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

impl Store {
    /// Writes what belongs together, all of it or nothing.
    ///
    /// Mere counts do not wait for the disk: a machine that loses its power loses those of the last seconds, and files
    /// are read again from where reading stood before them. What was written before stays, and a process that is killed
    /// loses nothing.
    ///
    /// Source: SQLite, "PRAGMA synchronous": in WAL mode NORMAL is consistent, and syncs when it makes a checkpoint.
    ///
    /// # Errors
    /// A full disk, or a store that is damaged.
    pub fn keep(&self, entry: &Entry) -> Result<(), Error> {
        let mut connection = self.lock();
        if entry.lasts {
            return keep(&mut connection, entry);
        }
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let done = keep(&mut connection, entry);
        connection.pragma_update(None, "synchronous", "FULL")?;
        done
    }

    /// All segments with their records, by number.
    ///
    /// # Errors
    /// A store that is damaged.
    pub fn segments(&self) -> Result<Vec<(Stored, Vec<Kept>)>, Error> {
        let connection = self.lock();
        let mut query = connection.prepare("SELECT * FROM segment ORDER BY id")?;
        let rows = query.query_map([], |row| Ok((stored(row)?, row.get::<_, String>("counts")?)))?;
        let mut records =
            connection.prepare("SELECT offset, line, bytes FROM record WHERE segment=?1 ORDER BY offset")?;
        let mut all = Vec::new();
        for row in rows {
            let (mut segment, counts) = row?;
            segment.counts = coverage::of_json(&counts)?;
            let kept = records.query_map([segment.id], |row| {
                Ok(Kept { offset: unsigned(row.get(0)?), line: unsigned(row.get(1)?), bytes: row.get(2)? })
            })?;
            let kept = kept.collect::<Result<Vec<_>, _>>()?;
            all.push((segment, kept));
        }
        Ok(all)
    }
}

fn keep(connection: &mut Connection, entry: &Entry) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    put(&transaction, &entry.segments, &entry.gone)?;
    if let Some(told) = &entry.told {
        alerts::tell(&transaction, told)?;
    }
    transaction.commit()?;
    Ok(())
}

fn put(transaction: &Transaction<'_>, all: &[Changes], gone: &[i64]) -> Result<(), Error> {
    for Changes { segment, records, forget_before } in all {
        let standing = segment.standing.as_ref();
        let header = standing.and_then(|standing| standing.header.as_ref());
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO segment VALUES (?1,'','','',0,X'',X'',NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'')",
            )?
            .execute([segment.id])?;
        transaction
            .prepare_cached(
                "UPDATE segment SET kind=?2, name=?3, root=?4, read=?5, head=?6, anchor=?7, last_bytes_ms=?8,
                 closed=?9, over_limit=?10, offset=?11, line=?12, syslog=?13, cutting=?14, header_offset=?15,
                 header_line=?16, header=?17, open=?18, counts=?19 WHERE id=?1",
            )?
            .execute(params![
                segment.id,
                segment.kind,
                segment.name,
                segment.root,
                signed(segment.read),
                segment.head,
                segment.anchor,
                segment.last_bytes_ms,
                segment.closed,
                signed(segment.over_limit),
                standing.map(|standing| signed(standing.offset)),
                standing.map(|standing| signed(standing.line)),
                standing.map(|standing| standing.syslog),
                standing.map(|standing| standing.cutting),
                header.map(|(offset, _, _)| signed(*offset)),
                header.map(|(_, line, _)| signed(*line)),
                header.map(|(_, _, head)| head),
                segment.open,
                coverage::to_json(&segment.counts)?,
            ])?;
        if let Some(before) = forget_before {
            transaction
                .prepare_cached("DELETE FROM record WHERE segment=?1 AND offset<?2")?
                .execute(params![segment.id, signed(*before)])?;
        }
        let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO record VALUES (?1,?2,?3,?4)")?;
        for record in records {
            insert.execute(params![segment.id, signed(record.offset), signed(record.line), record.bytes])?;
        }
    }
    for id in gone {
        transaction.execute("DELETE FROM segment WHERE id=?1", [id])?;
    }
    Ok(())
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let offset: Option<i64> = row.get("offset")?;
    let standing = match offset {
        None => None,
        Some(offset) => {
            let header = match row.get::<_, Option<i64>>("header_offset")? {
                None => None,
                Some(at) => Some((unsigned(at), unsigned(row.get("header_line")?), row.get("header")?)),
            };
            Some(Standing {
                offset: unsigned(offset),
                line: unsigned(row.get("line")?),
                syslog: row.get("syslog")?,
                messages: row.get::<_, String>("kind")? != "file",
                cutting: row.get("cutting")?,
                header,
            })
        }
    };
    Ok(Stored {
        id: row.get("id")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        root: row.get("root")?,
        read: unsigned(row.get("read")?),
        head: row.get("head")?,
        anchor: row.get("anchor")?,
        last_bytes_ms: row.get("last_bytes_ms")?,
        closed: row.get("closed")?,
        over_limit: unsigned(row.get("over_limit")?),
        standing,
        open: row.get("open")?,
        counts: MemberRead::default(),
    })
}
