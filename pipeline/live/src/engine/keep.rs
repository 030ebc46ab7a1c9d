//! What the watch keeps: what was read, what was told, and when that may be shown.

use std::sync::Arc;

use super::{Alert, Engine, Instant, MEMORY, Memory, Report, SAVE_COUNTS, Stopwatch, TOLD_SHOWN};
use crate::store::{Entry, Error, Told};

/// What a look brought that is to be told, until it is on the disk.
#[derive(Debug)]
pub(super) struct News {
    memory: Memory,
    alerts: Vec<Alert>,
    at: Instant,
}

/// How far what is known is kept.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// To be told: in the next entry, or in the one on its way if `begun`.
    news: Option<News>,
    begun: bool,
    /// What was looked at last, shown when the next entry is on the disk.
    shows_next: Option<Arc<Report>>,
    /// The same for the entry on its way.
    shows: Option<Arc<Report>>,
}

impl Keeping {
    /// True while an alert is not on the disk yet: what follows from it cannot be known.
    pub(super) fn is_telling(&self) -> bool {
        self.news.is_some()
    }
}

impl Engine {
    /// Notes what a look brought: it is told and shown once it, and what it rests on, is on the disk.
    pub(super) fn note(&mut self, memory: Memory, alerts: Vec<Alert>, at: Instant) {
        if memory != self.memory {
            self.keeping.news = Some(News { memory, alerts, at });
        }
        self.keeping.shows_next.clone_from(&self.report);
    }

    /// Begins to write what changed: at once what matters, mere counts once in a while. True if a snapshot was
    /// published because nothing had to be written first.
    pub(super) fn write(&mut self, all: bool) -> bool {
        if self.writer.is_busy() {
            return false;
        }
        let matters = self.set.matters() && self.trouble.is_none();
        if !(all || matters || self.keeping.is_telling() || self.saved.elapsed() >= SAVE_COUNTS) {
            return self.show();
        }
        let told = match self.keeping.news.as_ref().map(|news| self.told_of(news)).transpose() {
            Ok(told) => told,
            Err(error) => {
                self.keeping.news = None;
                self.trouble = Some(format!("cannot {error}"));
                None
            }
        };
        // A replay keeps what was told, and reads the bundle again. Where the disk has no room for all of it, there may
        // be some for an alert.
        let all_of_it = self.setup.replay.is_none() && !(self.trouble.is_some() && told.is_some());
        if all_of_it {
            self.saved = Stopwatch::now();
        }
        let mut entry = if all_of_it { self.set.take_changes() } else { Entry::default() };
        entry.lasts |= all || told.is_some();
        entry.told = told;
        if entry.is_empty() {
            return self.show();
        }
        self.keeping.begun = entry.told.is_some();
        self.keeping.shows = self.keeping.shows_next.take();
        let mut bells: Vec<_> = self.bell.iter().cloned().collect();
        if let Some(delivery) = self.delivery.as_ref().filter(|_| self.keeping.begun) {
            bells.push(delivery.bell());
        }
        match self.writer.begin(entry, bells) {
            None => false,
            Some(entry) => {
                self.done(entry, Err(Error::Damaged("the thread that writes has ended".to_owned())))
            }
        }
    }

    /// Shows what was looked at if nothing of it is still to be written. True if there was such a thing.
    fn show(&mut self) -> bool {
        let report = self.keeping.shows_next.take();
        self.publish_as(report)
    }

    fn publish_as(&mut self, report: Option<Arc<Report>>) -> bool {
        let shows = report.is_some();
        if shows {
            self.kept = report;
            self.publish();
        }
        shows
    }

    /// Takes note of what was written meanwhile. True if a snapshot was published.
    pub(super) fn written(&mut self) -> bool {
        match self.writer.poll() {
            Some((entry, kept)) => self.done(entry, kept),
            None => false,
        }
    }

    /// Waits for what is being written.
    pub(super) fn wait(&mut self) {
        if let Some((entry, kept)) = self.writer.wait() {
            self.done(entry, kept);
        }
    }

    /// Writes everything, and waits until it is written.
    pub fn save(&mut self) {
        self.wait();
        self.write(true);
        self.wait();
    }

    fn done(&mut self, entry: Entry, kept: Result<(), Error>) -> bool {
        let begun = std::mem::take(&mut self.keeping.begun);
        let news = if begun { self.keeping.news.take() } else { None };
        match kept {
            Ok(()) => {
                // An alert alone does not say that there is room for the rest.
                if !entry.segments.is_empty() || !self.set.is_unsaved() {
                    self.trouble = None;
                }
                if let Some(News { memory, alerts, .. }) = news {
                    self.memory = memory;
                    self.told.splice(0..0, alerts.into_iter().rev());
                    self.told.truncate(TOLD_SHOWN as usize);
                }
            }
            Err(error) => {
                // What cannot be kept is not told, and tried again.
                self.stale |= news.is_some();
                let wait = if news.is_some() { "; alerts wait until it can be written" } else { "" };
                self.trouble = Some(format!("cannot {error}{wait}"));
                self.set.take_back(entry);
            }
        }
        let report = self.keeping.shows.take();
        self.publish_as(report)
    }

    fn told_of(&self, news: &News) -> Result<Told, Error> {
        let wanted = |alert: &Alert| {
            let sinks = self.setup.sinks.iter().filter(|sink| sink.wants(alert));
            sinks.map(|sink| sink.name.clone()).collect::<Vec<_>>()
        };
        Ok(Told {
            name: MEMORY,
            memory: serde_json::to_string(&news.memory).map_err(|error| Error::Damaged(error.to_string()))?,
            alerts: news.alerts.iter().map(|alert| (alert.clone(), wanted(alert))).collect(),
            at: news.at,
        })
    }
}
