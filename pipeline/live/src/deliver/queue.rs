//! What waits to be delivered, and when it is tried again.

use std::time::Duration;

use parsers::stamp::Instant;
use reports::alerts::Alert;

/// An alert that waits for one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The same over all attempts, and different for every sink: what a receiver tells repetitions by.
    pub delivery_id: String,
    /// What to tell.
    pub alert: Alert,
    /// Attempts that were made.
    pub attempts: u32,
    /// When it was put into the outbox.
    pub queued_at: Instant,
    /// True if an attempt began and its end is not known: the watch ended meanwhile.
    pub was_sending: bool,
}

/// Where alerts wait: the store.
///
/// All calls come from the threads of [`super::Delivery`], one per sink; an error is a sentence, and the call is made
/// again later. **Order**: an alert must not be due while an earlier delivery of the same alert id to the same sink is
/// neither sent nor dead, so that a resolving never overtakes its raising.
pub trait Outbox: Send + Sync {
    /// The oldest delivery to `sink` whose time has come, at `now`; `None` if there is none.
    ///
    /// # Errors
    /// Why the outbox cannot be read.
    fn due(&self, now: Instant, sink: &str) -> Result<Option<Pending>, String>;

    /// Keeps that an attempt begins: on disk when this returns.
    ///
    /// # Errors
    /// Why it cannot be kept; the attempt is not made then.
    fn sending(&self, delivery_id: &str) -> Result<(), String>;

    /// It was delivered.
    ///
    /// # Errors
    /// Why that cannot be kept; it will be told again, marked.
    fn sent(&self, delivery_id: &str, at: Instant) -> Result<(), String>;

    /// An attempt failed; `attempts` counts it. It is due again at `next_at`.
    ///
    /// # Errors
    /// Why that cannot be kept.
    fn failed(&self, delivery_id: &str, attempts: u32, next_at: Instant, why: &str) -> Result<(), String>;

    /// It is given up; it stands in the dead-letter file.
    ///
    /// # Errors
    /// Why that cannot be kept.
    fn dead(&self, delivery_id: &str, at: Instant, why: &str) -> Result<(), String>;

    /// How many deliveries to `sink` are neither sent nor dead.
    ///
    /// # Errors
    /// Why the outbox cannot be read.
    fn waiting(&self, sink: &str) -> Result<u64, String>;
}

/// How long to wait after so many failed attempts: from 1 s doubling to 10 min, less up to a half that follows from
/// the delivery, so that sinks that failed together do not come back together. What the other side asks for is the
/// least.
#[must_use]
pub fn pause(delivery_id: &str, attempts: u32, asked: Option<Duration>) -> Duration {
    let whole = 1_000_u64.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(600_000);
    let seed = xxhash_rust::xxh3::xxh3_64_with_seed(delivery_id.as_bytes(), u64::from(attempts));
    let pause = Duration::from_millis(whole - seed % (whole / 2));
    asked.map_or(pause, |asked| pause.max(asked))
}

#[cfg(test)]
pub(super) mod memory {
    //! An outbox in memory: what the contract means.

    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Row {
        sink: String,
        pending: Pending,
        next_at: Instant,
        /// `waiting`, `sending`, `sent` or `dead`.
        state: &'static str,
        why: String,
    }

    #[derive(Default)]
    pub(in crate::deliver) struct Memory(
        Mutex<Vec<Row>>,
        /// So many calls of `sent` fail.
        pub(in crate::deliver) AtomicU32,
    );

    impl Memory {
        pub(in crate::deliver) fn put(&self, sink: &str, id: &str, alert: Alert, at: Instant) {
            let pending =
                Pending { delivery_id: id.to_owned(), alert, attempts: 0, queued_at: at, was_sending: false };
            let (sink, state, why) = (sink.to_owned(), "waiting", String::new());
            self.0.lock().unwrap().push(Row { sink, pending, next_at: at, state, why });
        }

        fn with(&self, id: &str, change: impl FnOnce(&mut Row)) -> Result<(), String> {
            let mut rows = self.0.lock().unwrap();
            let row = rows.iter_mut().find(|row| row.pending.delivery_id == id).ok_or("no such delivery")?;
            change(row);
            Ok(())
        }

        pub(in crate::deliver) fn states(&self) -> Vec<&'static str> {
            self.0.lock().unwrap().iter().map(|row| row.state).collect()
        }
    }

    impl Outbox for Memory {
        fn due(&self, now: Instant, sink: &str) -> Result<Option<Pending>, String> {
            let rows = self.0.lock().unwrap();
            let mut earlier = std::collections::BTreeSet::new();
            for row in rows.iter().filter(|row| row.sink == sink && !matches!(row.state, "sent" | "dead")) {
                if earlier.insert(&row.pending.alert.id) && row.next_at <= now {
                    let was_sending = row.state == "sending";
                    return Ok(Some(Pending { was_sending, ..row.pending.clone() }));
                }
            }
            Ok(None)
        }

        fn sending(&self, id: &str) -> Result<(), String> {
            self.with(id, |row| row.state = "sending")
        }

        fn sent(&self, id: &str, _: Instant) -> Result<(), String> {
            let full = |left: u32| left.checked_sub(1);
            if self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, full).is_ok() {
                return Err("disk full".to_owned());
            }
            self.with(id, |row| row.state = "sent")
        }

        fn failed(&self, id: &str, attempts: u32, next_at: Instant, why: &str) -> Result<(), String> {
            self.with(id, |row| {
                (row.state, row.next_at, row.why) = ("waiting", next_at, why.to_owned());
                row.pending.attempts = attempts;
            })
        }

        fn dead(&self, id: &str, _: Instant, why: &str) -> Result<(), String> {
            self.with(id, |row| (row.state, row.why) = ("dead", why.to_owned()))
        }

        fn waiting(&self, sink: &str) -> Result<u64, String> {
            let rows = self.0.lock().unwrap();
            let waits = |row: &&Row| row.sink == sink && !matches!(row.state, "sent" | "dead");
            Ok(rows.iter().filter(waits).count() as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_ten_minutes_and_differ_by_delivery() {
        for (attempts, most) in [(1, 1_000), (2, 2_000), (5, 16_000), (11, 600_000), (u32::MAX, 600_000)] {
            let pause = pause("d1", attempts, None).as_millis();
            assert!(pause > most / 2 && pause <= most, "{attempts}: {pause}");
        }
        assert_eq!(pause("d1", 3, None), pause("d1", 3, None));
        assert_ne!(pause("d1", 9, None), pause("d2", 9, None));
        assert_eq!(pause("d1", 1, Some(Duration::from_secs(30))), Duration::from_secs(30));
    }
}
