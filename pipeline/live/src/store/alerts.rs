//! What the rules remember, what was told, and to whom it still has to go.

use parsers::stamp::Instant;
use reports::alerts::Alert;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Error, Store, ms};

/// Alerts that are kept after they were delivered.
const TOLD_KEPT: i64 = 10_000;

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

/// Alerts, and what the rules remember once they are told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whose memory.
    pub name: &'static str,
    /// What they remember.
    pub memory: String,
    /// What is told, and the sinks that it goes to.
    pub alerts: Vec<(Alert, Vec<String>)>,
    /// When.
    pub at: Instant,
}

/// Writes what the rules remember, and their alerts with a delivery for each sink.
pub(super) fn tell(transaction: &Transaction<'_>, told: &Told) -> Result<(), Error> {
    let at = ms(told.at);
    transaction.execute("INSERT OR REPLACE INTO memory VALUES (?1,?2)", params![told.name, told.memory])?;
    for (alert, sinks) in &told.alerts {
        let text = serde_json::to_string(alert).map_err(json)?;
        transaction
            .prepare_cached("INSERT INTO told (at_ms, alert) VALUES (?1,?2)")?
            .execute(params![at, text])?;
        let number = transaction.last_insert_rowid();
        for sink in sinks {
            transaction
                .prepare_cached(
                    "INSERT INTO delivery (sink, told, matter, state, next_ms, first_ms)
                     VALUES (?1,?2,?3,'waiting',?4,?4)",
                )?
                .execute(params![sink, number, alert.id, at])?;
        }
    }
    if !told.alerts.is_empty() {
        transaction.execute(
            "DELETE FROM told WHERE number <= (SELECT max(number) FROM told) - ?1 AND number NOT IN
             (SELECT told FROM delivery WHERE state IN ('waiting','sending'))",
            [TOLD_KEPT],
        )?;
    }
    Ok(())
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
