//! Deliveries: what still has to go to whom.

use parsers::stamp::Instant;
use rusqlite::{OptionalExtension as _, params};

use super::{Error, Store, ms};
use crate::deliver::{Outbox, Pending};

/// The number behind a delivery's id.
fn number(id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| Error::Damaged(format!("the delivery {id:?} has no number")))
}

impl Store {
    fn find_due(&self, now: Instant, sink: &str) -> Result<Option<Pending>, Error> {
        let connection = self.lock();
        // The oldest that is due, and not behind an older one of the same matter: no resolution overtakes its alert.
        let mut query = connection.prepare_cached(
            "SELECT d.id, t.alert, d.attempts, d.first_ms, d.state FROM delivery d JOIN told t ON t.number = d.told
             WHERE d.sink = ?1 AND d.state IN ('waiting','sending') AND (d.next_ms <= ?2 OR d.state = 'sending')
             AND NOT EXISTS (
                 SELECT 1 FROM delivery o WHERE o.sink = d.sink AND o.matter = d.matter AND o.id < d.id
                 AND o.state IN ('waiting','sending'))
             ORDER BY d.id LIMIT 1",
        )?;
        type Found = (i64, String, u32, i64, String);
        let row: Option<Found> = query
            .query_row(params![sink, ms(now)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .optional()?;
        let Some((id, text, attempts, first_ms, state)) = row else { return Ok(None) };
        let alert = serde_json::from_str(&text).map_err(|error| Error::Damaged(error.to_string()))?;
        Ok(Some(Pending {
            delivery_id: id.to_string(),
            alert,
            attempts,
            queued_at: Instant::from_timestamp_millis(first_ms).unwrap_or(now),
            was_sending: state == "sending",
        }))
    }

    fn change(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), Error> {
        self.lock().prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

impl Outbox for Store {
    fn due(&self, now: Instant, sink: &str) -> Result<Option<Pending>, String> {
        self.find_due(now, sink).map_err(|error| error.to_string())
    }

    fn sending(&self, delivery_id: &str) -> Result<(), String> {
        let write =
            || self.change("UPDATE delivery SET state='sending' WHERE id=?1", &[&number(delivery_id)?]);
        write().map_err(|error| error.to_string())
    }

    fn sent(&self, delivery_id: &str, at: Instant) -> Result<(), String> {
        let sql = "UPDATE delivery SET state='sent', attempts=attempts+1, done_ms=?2, why=NULL WHERE id=?1";
        let write = || self.change(sql, &[&number(delivery_id)?, &ms(at)]);
        write().map_err(|error| error.to_string())
    }

    fn failed(&self, delivery_id: &str, attempts: u32, next_at: Instant, why: &str) -> Result<(), String> {
        let sql = "UPDATE delivery SET state='waiting', attempts=?2, next_ms=?3, why=?4 WHERE id=?1";
        let write = || self.change(sql, &[&number(delivery_id)?, &attempts, &ms(next_at), &why]);
        write().map_err(|error| error.to_string())
    }

    fn dead(&self, delivery_id: &str, at: Instant, why: &str) -> Result<(), String> {
        let sql = "UPDATE delivery SET state='dead', attempts=attempts+1, done_ms=?2, why=?3 WHERE id=?1";
        let write = || self.change(sql, &[&number(delivery_id)?, &ms(at), &why]);
        write().map_err(|error| error.to_string())
    }

    fn waiting(&self, sink: &str) -> Result<u64, String> {
        self.tally(sink).map(|tally| tally.waiting).map_err(|error| error.to_string())
    }
}
