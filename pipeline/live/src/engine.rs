//! The watch itself: bytes in, facts when they changed, alerts when somebody must be told.
//!
//! One turn reads what came, asks the same core as a batch what it all means, and hands on what is to be kept: what was
//! read, where reading stands, and what is told because of it, in one entry. The core is asked anew each time: what it
//! says cannot depend on the order in which lines came.

mod keep;
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
use crate::deliver::config::Kind;
use crate::deliver::{Delivery, SinkConfig};
use crate::listen::Listener;
use crate::segment::Segments;
use crate::status::Snapshot;
use crate::store::{Error, Store};
use crate::tail::Tail;
pub use crate::writer::Bell;
use crate::writer::Writer;

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

/// So many times as long as a question took passes before the next one, so that most of the time is for reading.
const REST: u32 = 2;

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
    /// True if something is being written; the bell is rung when that is done.
    pub writing: bool,
    /// How long nothing needs to be done unless something comes.
    pub idle: Duration,
}

/// A watch.
pub struct Engine {
    setup: Setup,
    clock: Clock,
    writer: Writer,
    keeping: keep::Keeping,
    /// Rung when something was written; `None`: nobody waits for it.
    bell: Option<Bell>,
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
    /// As of the last look.
    report: Option<Arc<Report>>,
    /// The last report of which all is on the disk: this one is shown.
    kept: Option<Arc<Report>>,
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
            writer: Writer::start(store).map_err(Error::Thread)?,
            keeping: keep::Keeping::default(),
            bell: None,
            ask,
            listener: None,
            delivery: None,
            number: 0,
            report: None,
            kept: None,
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
            engine.save();
        }
        engine.look_at(analysis, inputs);
        engine.write(false);
        engine.wait();
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

    /// Rings when something was written: then a turn has something to do.
    pub fn ring(&mut self, bell: Bell) {
        self.bell = Some(bell);
    }

    /// Other rules and sinks from now on.
    pub fn reload(&mut self, rules: Rules, sinks: Vec<SinkConfig>) {
        (self.setup.rules, self.setup.sinks) = (rules, sinks);
        self.stale = true;
    }

    /// True if a sink writes to standard output: then nobody else tells alerts there.
    #[must_use]
    pub fn prints_alerts(&self) -> bool {
        self.setup.sinks.iter().any(|sink| sink.kind == Kind::Stdout)
    }

    /// What is published.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.out.subscribe()
    }

    /// Reads what came, keeps it, and says what follows.
    pub fn turn(&mut self) -> Turn {
        let now = self.clock.now();
        let mut published = self.written();
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
        let since = self.asked.map(|asked| asked.elapsed());
        let pause = ASK.max(self.cost * REST);
        let due =
            since.is_none_or(|since| self.stale && since >= pause || since >= REFRESH.max(self.cost * REST));
        if due && !self.keeping.is_telling() && !(more && since.is_none_or(|since| since < REFRESH)) {
            let (analysis, inputs) = self.inputs();
            self.look_at(analysis, inputs);
        }
        published |= self.write(false);
        self.clean(now);
        if !published && self.came && self.shown.elapsed() >= SHOW_COUNTS {
            self.publish();
        }
        let unsaved = self.set.is_unsaved();
        let writing = self.writer.is_busy();
        let idle = match since {
            _ if writing => POLL,
            Some(since) if self.stale => pause.saturating_sub(since),
            _ if !polls => POLL,
            _ if unsaved || self.came => SAVE_COUNTS,
            _ => REFRESH,
        };
        Turn { more, published, writing, idle }
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
        self.save();
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

    /// Asks the core, tells what is to be told, and publishes; waits until that is on the disk.
    pub fn look(&mut self) {
        self.wait();
        let (analysis, inputs) = self.inputs();
        self.look_at(analysis, inputs);
        self.write(false);
        self.wait();
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
        self.report = Some(Arc::new(report));
        self.asked = Some(Stopwatch::now());
        self.cost = began.elapsed();
        self.note(memory, alerts, now);
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
        let Some(report) = &self.kept else { return };
        self.number += 1;
        self.shown = Stopwatch::now();
        self.came = false;
        let mut troubles = self.tail.troubles();
        troubles.extend(self.trouble.clone());
        let snapshot = Snapshot {
            number: self.number,
            at: Time(self.clock.now()),
            report: Arc::clone(report),
            sources: sources::statuses(&self.set, report, &self.tail),
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
