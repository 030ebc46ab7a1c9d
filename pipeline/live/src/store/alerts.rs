//! What the rules remember, what was told, and to whom it still has to go.

use parsers::stamp::Instant;
use reports::alerts::Alert;
use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{Error, Store, ms};

/// Alerts that are kept after they were delivered.
const TOLD_KEPT: i64 = 10_000;

/// An alert on its way to one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number: the same at every attempt.
    pub id: i64,
    /// What to tell.
    pub alert: Alert,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was first due, in milliseconds since 1970.
    pub first_ms: i64,
    /// True if the watch ended during an attempt: it may have gone out.
    pub was_sending: bool,
}

/// Deliveries of one sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkTally {
    /// Delivered.
    pub sent: u64,
    /// Given up.
    pub dead: u64,
    /// Not delivered yet.
    pub waiting: u64,
    /// Attempts of those that are waiting or dead.
    pub failed: u64,
}

fn json(error: serde_json::Error) -> Error {
    Error::Damaged(error.to_string())
}

impl Store {
    /// What the rules remember; `None` at the beginning.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn memory(&self, name: &str) -> Result<Option<String>, Error> {
        let connection = self.lock();
        let value = connection
            .query_row("SELECT value FROM memory WHERE name=?1", [name], |row| row.get(0))
            .optional()?;
        Ok(value)
    }

    /// Writes what the rules remember, and their alerts with a delivery for each sink, all of it or nothing.
    ///
    /// # Errors
    /// A full disk, or a store that is damaged.
    pub fn tell(
        &self,
        name: &str,
        memory: &str,
        alerts: &[(Alert, Vec<String>)],
        now: Instant,
    ) -> Result<(), Error> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("INSERT OR REPLACE INTO memory VALUES (?1,?2)", [name, memory])?;
        for (alert, sinks) in alerts {
            let text = serde_json::to_string(alert).map_err(json)?;
            transaction.execute("INSERT INTO told (at_ms, alert) VALUES (?1,?2)", params![ms(now), text])?;
            let number = transaction.last_insert_rowid();
            for sink in sinks {
                transaction.execute(
                    "INSERT INTO delivery (sink, told, matter, state, next_ms, first_ms)
                     VALUES (?1,?2,?3,'waiting',?4,?4)",
                    params![sink, number, alert.id, ms(now)],
                )?;
            }
        }
        if !alerts.is_empty() {
            transaction.execute(
                "DELETE FROM told WHERE number <= (SELECT max(number) FROM told) - ?1 AND number NOT IN
                 (SELECT told FROM delivery WHERE state IN ('waiting','sending'))",
                [TOLD_KEPT],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The last alerts that were told, newest first.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn told(&self, limit: u32) -> Result<Vec<Alert>, Error> {
        let connection = self.lock();
        let mut query = connection.prepare_cached("SELECT alert FROM told ORDER BY number DESC LIMIT ?1")?;
        let texts = query.query_map([limit], |row| row.get::<_, String>(0))?;
        texts.map(|text: rusqlite::Result<String>| serde_json::from_str(&text?).map_err(json)).collect()
    }

    /// The delivery to attempt next at a sink: the oldest that is due, and not behind an older one of the same matter,
    /// so that no resolution overtakes its alert.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn due(&self, sink: &str, now: Instant) -> Result<Option<Delivery>, Error> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT d.id, t.alert, d.attempts, d.first_ms, d.state FROM delivery d JOIN told t ON t.number = d.told
             WHERE d.sink = ?1 AND d.state IN ('waiting','sending') AND d.next_ms <= ?2 AND NOT EXISTS (
                 SELECT 1 FROM delivery o WHERE o.sink = d.sink AND o.matter = d.matter AND o.id < d.id
                 AND o.state IN ('waiting','sending'))
             ORDER BY d.id LIMIT 1",
        )?;
        let row = query
            .query_row(params![sink, ms(now)], |row| {
                Ok((
                    row.get(0)?,
                    row.get::<_, String>(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get::<_, String>(4)?,
                ))
            })
            .optional()?;
        let Some((id, text, attempts, first_ms, state)) = row else { return Ok(None) };
        let alert = serde_json::from_str(&text).map_err(json)?;
        Ok(Some(Delivery { id, alert, attempts, first_ms, was_sending: state == "sending" }))
    }

    /// When the next delivery of a sink is due, in milliseconds since 1970; `None` if none waits.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn next_due(&self, sink: &str) -> Result<Option<i64>, Error> {
        let connection = self.lock();
        let next = connection.query_row(
            "SELECT min(next_ms) FROM delivery WHERE sink=?1 AND state IN ('waiting','sending')",
            [sink],
            |row| row.get(0),
        )?;
        Ok(next)
    }

    /// An attempt begins: from here on the alert may have gone out.
    ///
    /// # Errors
    /// A full disk: then nothing may be sent, for it could not be known afterwards.
    pub fn sending(&self, id: i64) -> Result<(), Error> {
        self.lock().execute("UPDATE delivery SET state='sending', attempts=attempts+1 WHERE id=?1", [id])?;
        Ok(())
    }

    /// It was delivered.
    ///
    /// # Errors
    /// A full disk: then it may be told again after a restart, and says so.
    pub fn sent(&self, id: i64, now: Instant) -> Result<(), Error> {
        self.lock().execute(
            "UPDATE delivery SET state='sent', done_ms=?2, why=NULL WHERE id=?1",
            params![id, ms(now)],
        )?;
        Ok(())
    }

    /// The attempt failed; the next one is due at `next_ms`.
    ///
    /// # Errors
    /// A full disk.
    pub fn failed(&self, id: i64, next_ms: i64, why: &str) -> Result<(), Error> {
        self.lock().execute(
            "UPDATE delivery SET state='waiting', next_ms=?2, why=?3 WHERE id=?1",
            params![id, next_ms, why],
        )?;
        Ok(())
    }

    /// It is given up.
    ///
    /// # Errors
    /// A full disk.
    pub fn dead(&self, id: i64, now: Instant, why: &str) -> Result<(), Error> {
        self.lock().execute(
            "UPDATE delivery SET state='dead', done_ms=?2, why=?3 WHERE id=?1",
            params![id, ms(now), why],
        )?;
        Ok(())
    }

    /// Counts of a sink.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn tally(&self, sink: &str) -> Result<SinkTally, Error> {
        let connection = self.lock();
        let mut tally = SinkTally::default();
        let mut query = connection.prepare_cached(
            "SELECT state, count(*), sum(attempts) FROM delivery WHERE sink=?1 GROUP BY state",
        )?;
        let rows = query.query_map([sink], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })?;
        for row in rows {
            let (state, count, attempts) = row?;
            let [count, attempts] = [count, attempts].map(|value| u64::try_from(value).unwrap_or_default());
            match state.as_str() {
                "sent" => {
                    tally.sent = count;
                    tally.failed += attempts.saturating_sub(count);
                }
                "dead" => {
                    tally.dead = count;
                    tally.failed += attempts;
                }
                _ => {
                    tally.waiting += count;
                    tally.failed += attempts;
                }
            }
        }
        Ok(tally)
    }
}
