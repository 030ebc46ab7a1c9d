//! The watch itself: bytes in, facts when they changed, alerts when somebody must be told.
//!
//! One turn reads what came, writes what matters together with where reading stands, and asks the same core as a batch
//! what it all means. The core is asked anew each time: what it says cannot depend on the order in which lines came.

mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use chrono::TimeDelta;
use history::analysis::{Analysis, Input, Options};
use history::facts::Source;
use parsers::reader::{Limits, Shared};
use parsers::stamp::Instant;
use reports::Report;
use reports::alerts::{Alert, Memory, Rules, SourceFact, judge};
use reports::time::Time;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::deliver::{Delivery, SinkConfig};
use crate::listen::Listener;
use crate::segment::Segments;
use crate::status::Snapshot;
use crate::store::{Changes, Error, Store};
use crate::tail::Tail;

/// Bytes taken from the sockets in one turn.
const TAKE: usize = 16 << 20;

/// Longest time between two looks at what time alone changes: deadlines, silence.
const REFRESH: Duration = Duration::from_secs(15);

/// Time between two writes of mere counts.
const SAVE_COUNTS: Duration = Duration::from_secs(1);

/// Time between two snapshots of mere counts.
const SHOW_COUNTS: Duration = Duration::from_secs(1);

/// Shortest time between two looks at the files.
const POLL: Duration = Duration::from_millis(50);

/// Shortest time between two questions to the core.
const ASK: Duration = Duration::from_millis(50);

/// Alerts that were told and are shown.
const TOLD_SHOWN: u32 = 100;

/// Bytes of one sender after which its segment ends and another begins.
const SENDER_BYTES: u64 = 256 << 20;

/// Name of the rules' memory in the store.
const MEMORY: &str = "rules";

/// What the core is asked: everything read so far, under these options; tables and checks come from the shell.
pub type Judge = Box<dyn FnMut(Analysis, &Options) -> Report + Send>;

/// What to watch, and how.
pub struct Setup {
    /// Directories and files.
    pub roots: Vec<PathBuf>,
    /// Where syslog is received, as the user wrote it.
    pub endpoints: Vec<String>,
    /// Bounds on lines and records.
    pub limits: Limits,
    /// The gate and the catalog.
    pub shared: Arc<Shared>,
    /// What the user said of zones, years, releases and purchases.
    pub options: Options,
    /// When to tell.
    pub rules: Rules,
    /// Whom to tell.
    pub sinks: Vec<SinkConfig>,
    /// How long events are kept after their file is gone.
    pub keep: TimeDelta,
    /// Set for a replay: the sources it reads, by path.
    pub replay: Option<BTreeMap<String, Source>>,
}

/// What a turn leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// True if there is more to read at once.
    pub more: bool,
    /// True if a snapshot was published.
    pub published: bool,
    /// How long nothing needs to be done unless something comes.
    pub idle: Duration,
}

/// A watch.
pub struct Engine {
    setup: Setup,
    clock: Clock,
    store: Store,
    ask: Judge,
    /// All that was read.
    pub set: Segments,
    tail: Tail,
    listener: Option<Arc<Listener>>,
    delivery: Option<Arc<Delivery>>,
    memory: Memory,
    out: watch::Sender<Arc<Snapshot>>,
    number: u64,
    began: Instant,
    report: Option<Arc<Report>>,
    told: Vec<Alert>,
    trouble: Option<String>,
    /// What the segments say changed since the core was asked.
    stale: bool,
    asked: Option<Stopwatch>,
    cost: Duration,
    saved: Stopwatch,
    shown: Stopwatch,
    polled: Option<Stopwatch>,
    came: bool,
    cleaned: Stopwatch,
}

impl Engine {
    /// A watch that goes on from what the store knows.
    ///
    /// # Errors
    /// A store that is damaged.
    pub fn open(setup: Setup, store: Store, clock: Clock, ask: Judge) -> Result<Self, Error> {
        let stored = store.segments()?;
        let set = Segments::restore(&stored, Arc::clone(&setup.shared), setup.limits);
        let memory = store.memory(MEMORY)?.map(|text| serde_json::from_str(&text)).transpose();
        let memory = memory.map_err(|error| Error::Damaged(error.to_string()))?.unwrap_or_default();
        let told = store.told(TOLD_SHOWN)?;
        let began = clock.now();
        let tail = Tail::new(&setup.roots);
        let now = Stopwatch::now();
        let mut engine = Self {
            out: watch::Sender::new(Arc::new(sources::nothing(began))),
            tail,
            set,
            memory,
            told,
            began,
            setup,
            clock,
            store,
            ask,
            listener: None,
            delivery: None,
            number: 0,
            report: None,
            trouble: None,
            stale: true,
            asked: None,
            cost: Duration::ZERO,
            saved: now,
            shown: now,
            polled: None,
            came: false,
            cleaned: now,
        };
        // What was known before is what news are told from; what came meanwhile is kept before anything is asked, so
        // that even a short life takes it further.
        let (analysis, inputs) = engine.inputs();
        if engine.setup.replay.is_none() {
            engine.tail.poll(&mut engine.set, began);
            for segment in engine.set.all.values_mut() {
                segment.settle();
            }
            engine.save(true);
        }
        engine.look_at(analysis, inputs);
        engine.stale = true;
        Ok(engine)
    }

    /// Takes messages from these sockets.
    pub fn listen(&mut self, listener: Arc<Listener>) {
        self.listener = Some(listener);
    }

    /// Tells the deliveries when there is something to deliver.
    pub fn deliver(&mut self, delivery: Arc<Delivery>) {
        self.delivery = Some(delivery);
    }

    /// Other rules and sinks from now on.
    pub fn reload(&mut self, rules: Rules, sinks: Vec<SinkConfig>) {
        (self.setup.rules, self.setup.sinks) = (rules, sinks);
        self.stale = true;
    }

    /// What is published.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.out.subscribe()
    }

    /// Reads what came, keeps it, and says what follows.
    pub fn turn(&mut self) -> Turn {
        let now = self.clock.now();
        // Messages come every few milliseconds; files need not be looked at as often.
        let polls = self.polled.is_none_or(|polled| polled.elapsed() >= POLL);
        let mut more = false;
        if polls && self.setup.replay.is_none() {
            more = self.tail.poll(&mut self.set, now);
            self.polled = (!more).then(Stopwatch::now);
        }
        more |= self.take();
        for segment in self.set.all.values_mut() {
            self.stale |= segment.settle();
        }
        self.came |= more;
        self.save(false);
        self.clean(now);
        let since = self.asked.map(|asked| asked.elapsed());
        let pause = ASK.max(self.cost * 4);
        let due =
            since.is_none_or(|since| self.stale && since >= pause || since >= REFRESH.max(self.cost * 4));
        let published = due && !(more && since.is_none_or(|since| since < REFRESH));
        if published {
            self.look();
        } else if self.came && self.shown.elapsed() >= SHOW_COUNTS {
            self.publish();
        }
        let unsaved = self.set.all.values().any(crate::segment::Segment::is_unsaved);
        let idle = match since {
            Some(since) if self.stale => pause.saturating_sub(since),
            _ if !polls => POLL,
            _ if unsaved || self.came => SAVE_COUNTS,
            _ => REFRESH,
        };
        Turn { more, published, idle }
    }

    /// Reads everything that is there by now, keeps it, and says what follows: at the end of a watch.
    pub fn catch_up(&mut self) {
        loop {
            self.polled = None;
            if !self.turn().more {
                break;
            }
        }
        self.look();
        self.save(true);
    }

    /// Takes what the sockets hold. True if there may be more.
    fn take(&mut self) -> bool {
        let Some(listener) = &self.listener else { return false };
        let batches = listener.take(TAKE);
        let mut taken = 0;
        for batch in batches {
            let kind = batch.sender.kind.name();
            let name = batch.sender.to_string();
            let name = name.split_once(' ').map_or(name.as_str(), |(_, name)| name);
            let open = |segment: &&crate::segment::Segment| {
                segment.kind == kind && segment.name == name && !segment.closed
            };
            let id = match self.set.all.values().rev().find(open).map(|segment| segment.id) {
                Some(id) => id,
                None => self.set.begin_sender(kind, kind, name),
            };
            let Some(segment) = self.set.all.get_mut(&id) else { continue };
            segment.over_limit += batch.over_limit;
            segment.feed(&batch.messages, batch.received_at);
            taken += batch.messages.len();
            self.came = true;
            if segment.read > SENDER_BYTES {
                segment.close();
            }
        }
        taken >= TAKE
    }

    /// Writes what changed: at once what matters, mere counts once in a while.
    pub fn save(&mut self, all: bool) {
        let matters = self.set.all.values().any(crate::segment::Segment::matters);
        if !(all || matters && self.trouble.is_none() || self.saved.elapsed() >= SAVE_COUNTS) {
            return;
        }
        self.saved = Stopwatch::now();
        let changes: Vec<Changes> =
            self.set.all.values().filter_map(crate::segment::Segment::changes).collect();
        if changes.is_empty() && self.set.gone().is_empty() {
            return;
        }
        let lasts = all || matters || self.set.all.values().any(crate::segment::Segment::may_matter);
        let written = match lasts {
            true => self.store.write(&changes, self.set.gone()),
            // The disk may take its time, and messages come meanwhile.
            false => self.store.write_counts(&changes, self.set.gone()),
        };
        match written {
            Ok(()) => {
                self.set.written();
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(format!("cannot {error}")),
        }
    }

    /// Lets go what nobody will ask for again.
    fn clean(&mut self, now: Instant) {
        if self.cleaned.elapsed() < Duration::from_secs(600) {
            return;
        }
        self.cleaned = Stopwatch::now();
        let old = |segment: &crate::segment::Segment| {
            let age = segment.last_bytes.map(|at| now - at);
            let keep = if segment.is_quiet() { TimeDelta::days(2) } else { self.setup.keep };
            segment.closed && age.is_none_or(|age| age > keep)
        };
        let mut gone: Vec<i64> = self.set.all.values().filter(|of| old(of)).map(|of| of.id).collect();
        // Of a sender that floods, the last few that say nothing are enough.
        let mut quiet: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
        for segment in self.set.all.values().filter(|of| of.kind != "file" && of.closed && of.is_quiet()) {
            quiet.entry((segment.kind, &segment.name)).or_default().push(segment.id);
        }
        gone.extend(quiet.values().flat_map(|ids| ids.iter().rev().skip(4)));
        gone.into_iter().for_each(|id| self.set.drop(id));
    }

    /// Asks the core, tells what is to be told, and publishes.
    pub fn look(&mut self) {
        let (analysis, inputs) = self.inputs();
        self.look_at(analysis, inputs);
    }

    fn inputs(&self) -> (Analysis, Vec<Input>) {
        sources::analysis(&self.set, self.setup.replay.as_ref(), &self.setup.roots)
    }

    fn look_at(&mut self, mut analysis: Analysis, inputs: Vec<Input>) {
        let began = Stopwatch::now();
        let now = self.clock.now();
        inputs.into_iter().for_each(|input| analysis.add(input));
        // Nothing in the bundle of a replay is dated: then nothing is past or to come.
        let undated = self.setup.replay.is_some() && now == Instant::default();
        let as_of = if undated { self.setup.options.as_of } else { Some(now) };
        let mut options = Options { as_of, ..self.setup.options.clone() };
        if self.setup.replay.is_none() {
            // A node whose clock is ahead is heard all the same.
            options.until = options.until.or(Some(now + TimeDelta::days(1)));
        }
        let report = (self.ask)(analysis, &options);
        let facts = self.facts(&report);
        let replayed = self.setup.replay.is_some();
        let mut memory = self.memory.clone();
        let alerts = judge(&mut memory, &report, &facts, now, &self.setup.rules, replayed);
        self.stale = false;
        if memory != self.memory {
            self.tell(memory, alerts, now);
        }
        self.report = Some(Arc::new(report));
        self.asked = Some(Stopwatch::now());
        self.cost = began.elapsed();
        self.publish();
    }

    /// Keeps and hands out alerts: what cannot be kept is not told, and tried again.
    fn tell(&mut self, memory: Memory, alerts: Vec<Alert>, now: Instant) {
        let wanted = |alert: &Alert| {
            let sinks = self.setup.sinks.iter().filter(|sink| sink.wants(alert));
            sinks.map(|sink| sink.name.clone()).collect::<Vec<_>>()
        };
        let with: Vec<(Alert, Vec<String>)> =
            alerts.iter().map(|alert| (alert.clone(), wanted(alert))).collect();
        let kept = serde_json::to_string(&memory)
            .map_err(|error| Error::Damaged(error.to_string()))
            .and_then(|text| self.store.tell(MEMORY, &text, &with, now));
        match kept {
            Ok(()) => {
                self.memory = memory;
                self.told.splice(0..0, alerts.into_iter().rev());
                self.told.truncate(TOLD_SHOWN as usize);
                if let Some(delivery) = &self.delivery {
                    delivery.wake();
                }
            }
            Err(error) => {
                self.trouble = Some(format!("cannot {error}; alerts wait until it can be written"));
                self.stale = true;
            }
        }
    }

    /// What the rules know of the sources.
    fn facts(&self, report: &Report) -> Vec<SourceFact> {
        if self.setup.replay.is_some() {
            return Vec::new();
        }
        sources::facts(&self.set, report, &self.setup.roots, &self.setup.endpoints, Time(self.began))
    }

    /// The next time at which something may be told though no line comes; `None` if nothing is due.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let report = self.report.as_ref()?;
        reports::alerts::next(report, &self.facts(report), self.clock.now(), &self.setup.rules)
    }

    /// The report as of the last look.
    #[must_use]
    pub fn report(&self) -> Option<Arc<Report>> {
        self.report.clone()
    }

    /// The last alerts that were told, newest first.
    #[must_use]
    pub fn told(&self) -> &[Alert] {
        &self.told
    }

    /// Publishes how things stand.
    fn publish(&mut self) {
        let Some(report) = &self.report else { return };
        self.number += 1;
        self.shown = Stopwatch::now();
        self.came = false;
        let mut troubles = self.tail.troubles();
        troubles.extend(self.trouble.clone());
        let snapshot = Snapshot {
            number: self.number,
            at: Time(self.clock.now()),
            report: Arc::clone(report),
            sources: sources::statuses(&self.set, report),
            alerts: self.memory.raised(),
            told: self.told.clone(),
            sinks: self.delivery.as_ref().map(|delivery| delivery.statuses()).unwrap_or_default(),
            listening: self.listener.as_ref().map(|listener| listener.status()).unwrap_or_default(),
            troubles,
            replay: self.setup.replay.is_some(),
        };
        self.out.send_replace(Arc::new(snapshot));
    }
}

#[cfg(test)]
mod tests;
