//! One thread per sink that empties the outbox.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::TimeDelta;
use parsers::stamp::Instant;
use reports::alerts::{Alert, AlertState};
use reports::report::{Basis, Severity};
use reports::time::Time;

use super::dead::DeadLetters;
use super::queue::{Outbox, Pending, pause};
use super::send::{Failure, Sink};
use crate::clock::Clock;
use crate::status::SinkStatus;

/// How often the outbox is looked at without being woken, and how long a failing alert is kept.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Time between two looks, by a stop watch.
    pub look: Duration,
    /// Time after which an alert is given up, by the clock.
    pub give_up_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { look: Duration::from_millis(500), give_up_after: Duration::from_secs(24 * 3_600) }
    }
}

#[derive(Default)]
struct Signal {
    /// Rises with every call of `wake`.
    calls: u64,
    stop: bool,
}

/// How an attempt ended, until the outbox has kept it.
enum Outcome {
    Sent,
    Failed { attempts: u32, next_at: Instant, why: String },
    Dead { why: String },
}

struct Shared {
    signal: Mutex<Signal>,
    bell: Condvar,
    statuses: Mutex<Vec<SinkStatus>>,
    outbox: Arc<dyn Outbox>,
    clock: Clock,
    dead: DeadLetters,
    pace: Pace,
}

/// The threads that deliver.
pub struct Delivery {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery({} sinks)", self.threads.len())
    }
}

impl Delivery {
    /// Starts a thread for each sink. `before` are the statuses of an earlier run, whose counters go on.
    #[must_use]
    pub fn start(
        sinks: Vec<Sink>,
        outbox: Arc<dyn Outbox>,
        clock: Clock,
        dead: DeadLetters,
        pace: Pace,
        before: &[SinkStatus],
    ) -> Self {
        let statuses = sinks
            .iter()
            .map(|sink| {
                let earlier = before.iter().find(|status| status.name == sink.name);
                let mut status = earlier.cloned().unwrap_or_default();
                (status.name, status.kind) = (sink.name.clone(), sink.kind.to_owned());
                status
            })
            .collect();
        let shared = Arc::new(Shared {
            signal: Mutex::default(),
            bell: Condvar::new(),
            statuses: Mutex::new(statuses),
            outbox,
            clock,
            dead,
            pace,
        });
        let threads = sinks
            .into_iter()
            .enumerate()
            .map(|(number, sink)| {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.serve(&sink, number))
            })
            .collect();
        Self { shared, threads }
    }

    /// Says that something new is in the outbox.
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// The same for a thread that does not own them.
    #[must_use]
    pub fn bell(&self) -> Arc<dyn Fn() + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Arc::new(move || shared.wake())
    }

    /// How the sinks are doing, in their order.
    #[must_use]
    pub fn statuses(&self) -> Vec<SinkStatus> {
        self.shared.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the threads after what they are doing, but waits no longer than `most`. False if one is still at it: its
    /// alert stays in state "sending", and is told again after the next start.
    #[must_use]
    pub fn stop(self, most: Duration) -> bool {
        let began = std::time::Instant::now();
        self.shared.signal.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.shared.bell.notify_all();
        while !self.threads.iter().all(JoinHandle::is_finished) {
            if began.elapsed() >= most {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

impl Shared {
    fn wake(&self) {
        let mut signal = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
        signal.calls += 1;
        self.bell.notify_all();
    }

    fn serve(&self, sink: &Sink, number: usize) {
        let mut seen = 0;
        let mut unkept = None;
        loop {
            // Each delivery that is due is tried once before the next wait: a failure moves it into the future.
            while !self.is_stopped() {
                match self.step(sink, number, &mut unkept) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(why) => {
                        self.tell(number, |status| status.trouble = Some(format!("the outbox: {why}")));
                        break;
                    }
                }
            }
            let signal = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = |signal: &mut Signal| !signal.stop && signal.calls == seen;
            let (signal, _) = self
                .bell
                .wait_timeout_while(signal, self.pace.look, idle)
                .unwrap_or_else(PoisonError::into_inner);
            if signal.stop {
                return;
            }
            seen = signal.calls;
        }
    }

    fn is_stopped(&self) -> bool {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner).stop
    }

    fn tell(&self, number: usize, change: impl FnOnce(&mut SinkStatus)) {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = statuses.get_mut(number) {
            change(status);
        }
    }

    /// One attempt; false if nothing was due. What the outbox could not keep stays in `unkept` and is kept first: what
    /// was delivered is not delivered again because a disk is full.
    fn step(
        &self,
        sink: &Sink,
        number: usize,
        unkept: &mut Option<(String, Outcome)>,
    ) -> Result<bool, String> {
        self.keep(unkept)?;
        self.count(sink, number)?;
        let now = self.clock.now();
        let Some(mut pending) = self.outbox.due(now, &sink.name)? else { return Ok(false) };
        pending.alert.may_repeat |= pending.was_sending;
        self.outbox.sending(&pending.delivery_id)?;
        let attempt = || sink.send(&pending.alert, &pending.delivery_id, now);
        // A fault in a library must not end the thread, and with it the sink, unseen.
        let result = catch_unwind(AssertUnwindSafe(attempt))
            .unwrap_or_else(|_| Err(Failure::soft("the attempt ended in a fault of this program")));
        let outcome = match result {
            Ok(()) => {
                self.tell(number, |status| {
                    status.delivered += 1;
                    status.trouble = None;
                });
                Outcome::Sent
            }
            Err(failure) => self.failed(sink, number, &pending, failure),
        };
        *unkept = Some((pending.delivery_id, outcome));
        self.keep(unkept)?;
        self.count(sink, number)?;
        Ok(true)
    }

    fn keep(&self, unkept: &mut Option<(String, Outcome)>) -> Result<(), String> {
        if let Some((id, outcome)) = unkept {
            let now = self.clock.now();
            match outcome {
                Outcome::Sent => self.outbox.sent(id, now)?,
                Outcome::Failed { attempts, next_at, why } => {
                    self.outbox.failed(id, *attempts, *next_at, why)?;
                }
                Outcome::Dead { why } => self.outbox.dead(id, now, why)?,
            }
            *unkept = None;
        }
        Ok(())
    }

    fn count(&self, sink: &Sink, number: usize) -> Result<(), String> {
        let waiting = self.outbox.waiting(&sink.name)?;
        self.tell(number, |status| status.waiting = waiting);
        Ok(())
    }

    fn failed(&self, sink: &Sink, number: usize, pending: &Pending, failure: Failure) -> Outcome {
        let now = self.clock.now();
        let attempts = pending.attempts.saturating_add(1);
        self.tell(number, |status| {
            status.failed += 1;
            status.trouble = Some(failure.why.clone());
        });
        let Failure { retry, why, after } = failure;
        let age = (now - pending.queued_at).to_std().unwrap_or_default();
        if retry && age < self.pace.give_up_after {
            let pause = pause(&pending.delivery_id, attempts, after);
            let next_at = now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::minutes(10));
            return Outcome::Failed { attempts, next_at, why };
        }
        let id = &pending.delivery_id;
        let written = self.dead.add(Time(now), &sink.name, id, attempts, &why, &pending.alert);
        self.tell(number, |status| {
            status.dead += 1;
            if let Err(error) = written {
                status.trouble = Some(format!("{why}; the dead-letter file: {error}"));
            }
        });
        Outcome::Dead { why }
    }
}

/// An alert that only shows that the way works.
#[must_use]
pub fn test_alert(clock: &Clock) -> Alert {
    let now = Time(clock.now());
    let seed = xxhash_rust::xxh3::xxh3_64(now.text().as_bytes());
    Alert {
        id: format!("{seed:016x}"),
        rule: "test".to_owned(),
        state: AlertState::Raised,
        severity: Severity::Info,
        product_instance: None,
        node: None,
        since: Some(now),
        noticed: now,
        deadline: None,
        title: "Test of the way of alerts".to_owned(),
        says: "This alert was asked for, to see that it arrives.".to_owned(),
        remedy: "Nothing is to be done.".to_owned(),
        basis: Basis::Given,
        evidence: Vec::new(),
        may_repeat: false,
        replayed: false,
        test: true,
    }
}
