//! A watch on what happened: a bundle goes through the live path with a clock of its own.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use history::analysis::{Analysis, Options};
use history::facts::{Facts, MemberOutcome, Source};
use live::clock::Clock;
use live::engine::{Engine, Judge, Setup};
use live::status::Snapshot;
use live::store::Store;
use live::view::plain;
use live::view::serve::{ServeConfig, Server};
use parsers::catalog::Catalog;
use parsers::reader::{Reader, Shared};
use parsers::stamp::Instant;
use reports::alerts::Rules;

use super::config::Config;
use super::service::Bell;
use crate::analyze::{self, UsageError, complain};
use crate::bundle::{self, End, Meta, Visitor};
use crate::cli::WatchArgs;
use crate::exit::Exit;
use crate::input::{self, Bounds, Sources};

/// Bytes of logs that are held in memory; a longer history is unpacked and cut first.
const BYTES_MAX: u64 = 2 << 30;

/// Records within so much time are released together.
const TOGETHER: TimeDelta = TimeDelta::seconds(1);

/// How fast the clock of a replay runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as it can be read.
    Most,
    /// So many times as fast as the real one.
    Times(f64),
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Most);
        }
        let number = text.strip_suffix(['x', 'X']).unwrap_or(text);
        match number.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err("write how many times faster, such as 3600x, or max".to_owned()),
        }
    }
}

/// A member with its bytes.
struct Member {
    source: usize,
    path: Option<String>,
    written_at: Option<Instant>,
    bytes: Vec<u8>,
}

struct Collect {
    members: Mutex<Vec<(Vec<u8>, Meta, End)>>,
}

impl Visitor for Collect {
    type Member = Vec<u8>;

    fn open(&self, _: &Meta) -> Vec<u8> {
        Vec::new()
    }

    fn chunk(&self, member: &mut Vec<u8>, bytes: &[u8]) -> ControlFlow<()> {
        member.extend_from_slice(bytes);
        ControlFlow::Continue(())
    }

    fn close(&self, bytes: Vec<u8>, meta: Meta, end: End) {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).push((bytes, meta, end));
    }
}

/// Something of each member, by its source and path.
type ByMember<'a, T> = BTreeMap<(&'a str, Option<&'a str>), T>;

/// A bundle, and when each of its bytes was written as far as its records tell.
pub struct Replay {
    members: Vec<Member>,
    sources: BTreeMap<String, Source>,
    names: Vec<String>,
    /// Sources from this one on are files of usage, each with the Product Instance that the user names.
    usage_from: usize,
    instances: Vec<Option<String>>,
    /// When, which member, up to which of its bytes.
    releases: Vec<(Instant, usize, usize)>,
    /// The facts of the whole bundle at once.
    pub facts: Facts,
    /// What could not be read whole.
    pub incomplete: Vec<String>,
}

impl Replay {
    /// Reads a bundle whole.
    ///
    /// # Errors
    /// A path that cannot be read, as the end of a sentence that begins with "cannot".
    pub fn read(
        from: &Sources,
        bounds: &Bounds,
        options: &Options,
        catalog: &Arc<Catalog>,
    ) -> Result<Self, String> {
        let (usage, instances): (Vec<PathBuf>, Vec<Option<String>>) = from.usage.iter().cloned().unzip();
        let paths: Vec<PathBuf> = from.paths.iter().cloned().chain(usage).collect();
        let collect = Collect { members: Mutex::new(Vec::new()) };
        let limits =
            bundle::Limits { total_bytes: bounds.bundle.total_bytes.min(BYTES_MAX), ..bounds.bundle };
        let outcome = bundle::read(&paths, 1, &limits, &collect).map_err(|error| error.to_string())?;
        let usage_from = from.paths.len();
        let shared = Shared::with(Arc::clone(catalog));
        let names: Vec<String> = outcome.sources.iter().map(|source| source.path.clone()).collect();
        let dates: Vec<Option<Instant>> =
            outcome.sources.iter().map(|source| source.modified.and_then(crate::clock::instant)).collect();
        let ordered: Vec<Source> = outcome.sources.into_iter().map(input::source).collect();
        let mut analysis = Analysis::new(ordered.clone());
        let mut members = Vec::new();
        for (bytes, meta, end) in collect.members.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let usage = meta.source.checked_sub(usage_from);
            let instance = usage.and_then(|at| instances.get(at)).cloned().flatten();
            let mut reader = Reader::new(&shared, bounds.reader, true).expect_usage(usage.is_some());
            reader.feed(&bytes);
            let mut input = input::finished(reader.finish(), meta, end, instance, usage.is_some());
            input.not_after = input.not_after.or_else(|| dates.get(input.source).copied().flatten());
            if !matches!(input.outcome, MemberOutcome::Skipped(_) | MemberOutcome::Failed(_)) {
                let (source, path) = (input.source, input.path.clone());
                members.push(Member { source, path, written_at: input.not_after, bytes });
            }
            analysis.add(input);
        }
        let facts = analysis.facts(options);
        let sources = ordered.into_iter().map(|source| (source.path.clone(), source)).collect();
        let mut replay = Self {
            members,
            sources,
            names,
            usage_from,
            instances,
            releases: Vec::new(),
            facts,
            incomplete: outcome.incomplete,
        };
        replay.releases = replay.releases();
        Ok(replay)
    }

    /// When each part of each member is released: with the newest record in it, by the facts of the whole bundle.
    fn releases(&self) -> Vec<(Instant, usize, usize)> {
        let mut ends: ByMember<'_, Vec<(u64, Instant)>> = BTreeMap::new();
        let place = |member: &history::facts::Member| {
            let source = self.facts.sources.get(member.source).map(|source| source.path.as_str());
            (source.unwrap_or_default().to_owned(), member.path.as_deref().map(str::to_owned))
        };
        let places: Vec<(String, Option<String>)> = self.facts.members.iter().map(place).collect();
        let mut first: Option<Instant> = None;
        for event in self.facts.instances.iter().flat_map(|instance| &instance.events) {
            let Some(at) = event.at else { continue };
            first = Some(first.map_or(at, |first| first.min(at)));
            for testimony in &event.witnesses {
                let Some((source, path)) = places.get(testimony.origin.member as usize) else { continue };
                let span = &testimony.origin.span;
                // The line break behind it, so that it is a record and not the beginning of one.
                ends.entry((source, path.as_deref())).or_default().push((span.offset + span.length + 1, at));
            }
        }
        let whole: ByMember<'_, (Option<Instant>, Option<Instant>)> = self
            .facts
            .members
            .iter()
            .zip(&places)
            .map(|(member, (source, path))| ((source.as_str(), path.as_deref()), (member.first, member.last)))
            .collect();
        let start = first.or(self.facts.as_of).unwrap_or_default();
        let mut out = Vec::new();
        for (at, member) in self.members.iter().enumerate() {
            let key = (self.names.get(member.source).map_or("", String::as_str), member.path.as_deref());
            let (from, to) = whole.get(&key).copied().unwrap_or_default();
            let mut parts = ends.remove(&key).unwrap_or_default();
            parts.sort_unstable();
            let mut newest = from.unwrap_or(start);
            for (end, when) in parts {
                newest = newest.max(when);
                let end = usize::try_from(end).unwrap_or(usize::MAX).min(member.bytes.len());
                out.push((newest, at, end));
            }
            out.push((newest.max(to.unwrap_or(newest)), at, member.bytes.len()));
        }
        out.sort_unstable();
        out
    }

    /// Sends the bundle through a watch. `step` is told of each look, before it the time that passes; false ends it.
    ///
    /// # Errors
    /// Memory that is not there, as the end of a sentence.
    pub fn play(
        &self,
        setup: Setup,
        judge: Judge,
        until: Option<Instant>,
        mut step: impl FnMut(&mut Engine, TimeDelta, Instant) -> bool,
    ) -> Result<Engine, String> {
        let start = self.releases.first().map_or_else(Instant::default, |(at, ..)| *at);
        let time = Arc::new(Mutex::new(start));
        let shared = Arc::clone(&time);
        let clock = Clock::new(move || *shared.lock().unwrap_or_else(PoisonError::into_inner));
        let store = Store::in_memory().map_err(|error| error.to_string())?;
        let setup = Setup { replay: Some(self.sources.clone()), ..setup };
        let mut engine = Engine::open(setup, store, clock, judge).map_err(|error| error.to_string())?;
        let ids: Vec<i64> = self
            .members
            .iter()
            .map(|member| {
                let root = self.names.get(member.source).cloned().unwrap_or_default();
                let usage = member.source.checked_sub(self.usage_from);
                let path = member.path.as_deref().unwrap_or_default();
                let id = engine.set.begin_collected(&root, path, usage.is_some());
                if let Some(segment) = engine.set.all.get_mut(&id) {
                    segment.written_at = member.written_at;
                    segment.instance = usage.and_then(|at| self.instances.get(at)).cloned().flatten();
                }
                id
            })
            .collect();
        let end = until.or(self.facts.as_of);
        let within = |(at, ..): &&(Instant, usize, usize)| until.is_none_or(|until| *at <= until);
        let mut releases = self.releases.iter().filter(within).peekable();
        let mut now = start;
        loop {
            let due = releases.peek().map(|(at, ..)| *at);
            let wake = engine.next().filter(|wake| end.is_some_and(|end| *wake <= end));
            // At the end, what time alone brings.
            let next = match (due, wake, end) {
                (Some(due), Some(wake), _) => due.min(wake),
                (Some(due), None, _) => due,
                (None, Some(wake), _) => wake,
                (None, None, Some(end)) if now < end => end,
                (None, None, _) => break,
            };
            let due = next.max(now);
            let mut next = due;
            while let Some((at, member, upto)) = releases.next_if(|(at, ..)| *at <= due + TOGETHER) {
                next = next.max(*at);
                let (Some(id), Some(of)) = (ids.get(*member), self.members.get(*member)) else { continue };
                if let Some(segment) = engine.set.all.get_mut(id) {
                    let from = usize::try_from(segment.read).unwrap_or(usize::MAX).min(*upto);
                    segment.feed(of.bytes.get(from..*upto).unwrap_or_default(), next);
                }
            }
            let passed = next - now;
            now = next;
            *time.lock().unwrap_or_else(PoisonError::into_inner) = next;
            for segment in engine.set.all.values_mut() {
                segment.settle();
            }
            engine.look();
            if !step(&mut engine, passed, next) {
                break;
            }
        }
        if let Some(end) = end {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = end;
            engine.look();
        }
        Ok(engine)
    }
}

/// A setup for a replay: nothing is followed, nobody is told.
#[must_use]
pub fn setup(options: Options, catalog: &Arc<Catalog>, rules: Rules, bounds: &Bounds) -> Setup {
    Setup {
        roots: Vec::new(),
        endpoints: Vec::new(),
        limits: bounds.reader,
        shared: Shared::with(Arc::clone(catalog)),
        options,
        rules,
        sinks: Vec::new(),
        keep: TimeDelta::days(36_500),
        replay: None,
    }
}

/// Runs `watch --replay`: says what would have been said, and when.
pub(super) fn run(args: &WatchArgs, path: &Path, config: Config) -> Result<Exit, UsageError> {
    let options = analyze::options(&args.analyze)?;
    let catalog = super::catalog(args);
    let bounds = analyze::bounds(&args.analyze);
    let usage = analyze::sources(&args.analyze).usage;
    let from = Sources { paths: vec![path.to_owned()], usage };
    let replay = match Replay::read(&from, &bounds, &options, &catalog) {
        Ok(replay) => replay,
        Err(why) => {
            complain(&format!("cannot {why}"));
            return Ok(Exit::Nothing);
        }
    };
    if replay.facts.instances.is_empty() {
        complain("cannot replay: nothing in the bundle tells of a license");
        return Ok(Exit::Nothing);
    }
    let bell = Bell::default();
    if let Err(error) = bell.heed_signals() {
        complain(&format!("cannot listen to signals: {error}"));
    }
    let style = super::style(args);
    let mut before: Option<Arc<Snapshot>> = None;
    let mut server: Option<Server> = None;
    let mut failed = None;
    let speed = args.speed;
    let setup = setup(options.clone(), &catalog, config.rules, &bounds);
    let token = config.token;
    let played = replay.play(setup, super::judge(args), options.as_of, |engine, passed, _| {
        if let (Some(address), None) = (config.serve, &server) {
            let serve = ServeConfig { token: token.clone(), ..ServeConfig::default() };
            match Server::start(address, serve, engine.snapshots()) {
                Ok(started) => server = Some(started),
                Err(error) => {
                    failed = Some(format!("cannot serve: {error}"));
                    return false;
                }
            }
        }
        if let Speed::Times(times) = speed {
            let mut left =
                Duration::from_secs_f64((passed.num_milliseconds().max(0) as f64 / 1_000.0 / times).min(1e9));
            while !left.is_zero() && !bell.stopped() {
                let part = left.min(Duration::from_millis(200));
                std::thread::sleep(part);
                left = left.saturating_sub(part);
            }
        }
        let now = engine.snapshots().borrow().clone();
        let reads = args.analyze.quiet || super::say(&plain::news(before.as_deref(), &now, style));
        before = Some(now);
        reads && !bell.stopped()
    });
    if let Some(server) = server {
        server.stop();
    }
    if let Some(why) = failed {
        complain(&why);
        return Ok(Exit::Failure);
    }
    let engine = match played {
        Ok(engine) => engine,
        Err(why) => {
            complain(&format!("cannot replay: {why}"));
            return Ok(Exit::Failure);
        }
    };
    let report = engine.report();
    if report.as_ref().is_some_and(|report| super::write(&args.analyze, report) == Exit::Failure) {
        return Ok(Exit::Failure);
    }
    let worst = report.and_then(|report| reports::worst_failed(&report));
    if let (Some(level), Some(worst)) = (args.analyze.fail_on, worst)
        && worst >= level.severity()
    {
        return Ok(Exit::Failed(worst));
    }
    for says in &replay.incomplete {
        complain(says);
    }
    Ok(match (bell.stopped(), replay.incomplete.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Ok,
        (false, false) => Exit::Incomplete,
    })
}
