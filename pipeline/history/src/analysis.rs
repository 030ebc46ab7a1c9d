//! The one façade of the core: give it what was read, ask it for [`Facts`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono_tz::Tz;
use parsers::member::MemberRead;
use parsers::stamp::{self, Instant, NodeClock, Stamp, YearBasis, ZoneBasis};

use crate::clocks::{Clocks, Given};
use crate::coverage::{Coverage, Silence};
use crate::dating::{Dating, dated};
use crate::downloads;
use crate::facts::{Event, Facts, Gap, GapKind, Instance, MemberOutcome, Node, Source};
use crate::grouping::{self, Cluster};
use crate::instances::{self, Aligned};
use crate::intake::{self, Purchased};
use crate::members::{Told, log_name};
use crate::nodes::{self, Keys, Registry};
use crate::outputs;
use crate::pairing;
use crate::parallel;
use crate::policy::{REPORT_EVERY_IMMEDIATE, Regime};
use crate::reconcile;
use crate::runs::{self, Runs};
use crate::workbooks;

/// A member as the shell read it.
#[derive(Clone, Debug)]
pub struct Input {
    /// Index into the sources given.
    pub source: usize,
    /// Path inside the source; `None` for a plain file or stdin.
    pub path: Option<String>,
    /// The member's own time, or its archive's; `None` if neither is known.
    pub not_after: Option<Instant>,
    /// How reading ended.
    pub outcome: MemberOutcome,
    /// What was read.
    pub read: MemberRead,
    /// The Product Instance that the user gave the member to, by name; `None` otherwise.
    pub instance: Option<String>,
    /// True if the user gave the member as usage.
    pub expect_usage: bool,
}

/// What the user said.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--as-of`; `None`: the newest instant in the input.
    pub as_of: Option<Instant>,
    /// `--release`.
    pub release: Option<String>,
    /// `--tz`, `--year`.
    pub given: Given,
    /// `--since`: older events are left out.
    pub since: Option<Instant>,
    /// `--until`: younger events are left out.
    pub until: Option<Instant>,
    /// `--cluster`.
    pub clusters: Vec<Cluster>,
    /// `--purchased`.
    pub purchased: Vec<Purchased>,
    /// `--usage-tz`: the zone of usage tables.
    pub usage_zone: Option<Tz>,
    /// `--on-prem-synced`: when CSSM On-Prem was last synchronised with CSSM.
    pub on_prem_synced: Option<Instant>,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    sources: Vec<Source>,
    inputs: Vec<Input>,
    incomplete: Vec<String>,
}

impl Analysis {
    /// An analysis of nothing, with its sources in the order in which [`Input::source`] counts them.
    #[must_use]
    pub fn new(sources: Vec<Source>) -> Self {
        Self { sources, ..Self::default() }
    }

    /// Adds a member. The order does not matter.
    pub fn add(&mut self, input: Input) {
        self.inputs.push(input);
    }

    /// Adds a sentence about what could not be read whole.
    pub fn incomplete(&mut self, says: String) {
        self.incomplete.push(says);
    }

    /// Says what is known.
    #[must_use]
    pub fn facts(mut self, options: &Options) -> Facts {
        self.sort();
        downloads::bound(&self.sources, &mut self.inputs);
        self.drop_duplicates();
        workbooks::join(&mut self.inputs);
        let stage = Stage::new(&self.inputs, &options.clusters);
        let tables = stage.take_usage(&mut self.inputs, options);
        let mut facts = stage.run(&self.inputs, options, tables);
        facts.sources = self.sources;
        self.incomplete.sort();
        self.incomplete.dedup();
        facts.incomplete = self.incomplete;
        facts
    }

    /// Sorts sources by path and members by source and path, so that no order of arguments or threads shows.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.sources.len()).collect();
        order.sort_by(|a, b| {
            let key = |i: usize| {
                self.sources.get(i).map(|source| (source.path.clone(), source.sha256, source.bytes))
            };
            key(*a).cmp(&key(*b))
        });
        let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        self.sources = order.iter().filter_map(|old| self.sources.get(*old).cloned()).collect();
        for input in &mut self.inputs {
            input.source = place.get(&input.source).copied().unwrap_or(input.source);
        }
        self.inputs.sort_by(|a, b| {
            let key = |input: &Input| (input.source, natural(input.path.as_deref().unwrap_or_default()));
            key(a).cmp(&key(b)).then_with(|| {
                let content = |input: &Input| {
                    (input.read.fingerprint, input.read.bytes, input.not_after, input.outcome.clone())
                };
                content(a).cmp(&content(b))
            })
        });
    }

    /// The same file collected twice counts once. Small outputs may be equal on two nodes, so a member that is not
    /// a log counts as the same only for the same node.
    fn drop_duplicates(&mut self) {
        let mut sharing: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for input in &self.inputs {
            *sharing.entry(path_node(input)).or_default() += 1;
        }
        // Of two copies, the one in the folder that holds more of the bundle is the node's own; then the first.
        let mut order: Vec<usize> = (0..self.inputs.len()).collect();
        order.sort_by_key(|at| {
            let input = self.inputs.get(*at);
            std::cmp::Reverse(input.and_then(|input| sharing.get(&path_node(input))).copied())
        });
        let mut seen: BTreeMap<(u128, u64, Option<String>), usize> = BTreeMap::new();
        let mut doubled = BTreeSet::new();
        for at in order {
            let Some(input) = self.inputs.get(at) else { continue };
            let read = &input.read;
            if read.fingerprint == 0 || read.bytes == 0 || read.not_a_log.is_some() {
                continue;
            }
            let dated = read.marks.iter().any(|mark| mark.seq.is_some());
            let node = if dated { None } else { Some(path_node(input).unwrap_or_default()) };
            let first = *seen.entry((read.fingerprint, read.bytes, node)).or_insert(at);
            // The fingerprint is of samples: what counts once must say the same in everything that was read.
            if let Some(first) = self.inputs.get(first).filter(|_| first != at)
                && first.read == *read
            {
                doubled.insert((at, first.path.clone().unwrap_or_else(|| "the input".to_owned())));
            }
        }
        for (at, first) in doubled {
            if let Some(input) = self.inputs.get_mut(at) {
                input.outcome = MemberOutcome::Skipped(format!("the same bytes as {first}, counted once"));
                let bytes = input.read.bytes;
                let lines = input.read.lines;
                input.read = MemberRead { bytes, lines, format: input.read.format, ..MemberRead::default() };
            }
        }
    }
}

/// Events in order of time, then of their first lines.
fn by_time(a: &Event, b: &Event) -> std::cmp::Ordering {
    let [first, other] = [a, b].map(|event| event.witnesses.first().map(|testimony| &testimony.origin));
    a.at.cmp(&b.at).then_with(|| first.cmp(&other))
}

/// Digits compare as numbers, so `MCVD2` comes before `MCVD10`.
fn natural(path: &str) -> (Vec<(String, u128)>, String) {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut digits = String::new();
    for c in path.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            parts.push((std::mem::take(&mut text), digits.parse().unwrap_or(u128::MAX)));
            digits.clear();
        }
        text.push(c);
    }
    parts.push((text, 0));
    (parts, path.to_owned())
}

fn path_node(input: &Input) -> Option<String> {
    let path = input.path.as_deref()?;
    nodes::in_path(path).map(nodes::canonical)
}

/// One run over sorted members.
struct Stage {
    registry: Registry,
    /// Node of each member, by short form.
    member_nodes: Vec<Option<String>>,
    clocks: Clocks,
}

impl Stage {
    fn new(inputs: &[Input], clusters: &[Cluster]) -> Self {
        let mut registry = Registry::default();
        for input in inputs {
            let is_read = !matches!(input.outcome, MemberOutcome::Skipped(_));
            if let Some(node) = input.path.as_deref().and_then(nodes::in_path).filter(|_| is_read) {
                registry.see(node);
            }
            let mut last = None;
            for node in input.read.sightings.iter().filter_map(|sighting| sighting.node.as_deref()) {
                if last.replace(node) != Some(node) {
                    registry.see(node);
                }
            }
            if let Some(host) = &input.read.host {
                registry.see(host);
            }
        }
        name_addresses(inputs, &mut registry);
        grouping::name_given(clusters, &mut registry);
        let only = registry.only().cloned();
        let member_nodes: Vec<Option<String>> = inputs
            .iter()
            .map(|input| {
                let named = input.path.as_deref().and_then(nodes::in_path).or(input.read.host.as_deref());
                named.map(|name| registry.key(name)).or_else(|| only.clone())
            })
            .collect();
        let mut clocks = Clocks::default();
        for (input, member_node) in inputs.iter().zip(&member_nodes) {
            for mark in &input.read.marks {
                clocks.see(member_node.as_deref(), mark.stamp, mark.outer);
            }
            let mut keys = Keys::new(&registry);
            for sighting in &input.read.sightings {
                let node = sighting.node.as_deref().map(|name| keys.of(name)).or(member_node.as_deref());
                clocks.see(node, sighting.stamp, sighting.outer);
            }
            clocks.see_statements(member_node.as_deref(), &input.read.statements);
        }
        for (input, node) in inputs.iter().zip(&member_nodes) {
            for stamp in runs::starts(&input.read) {
                clocks.see_start(node.as_deref(), &stamp);
            }
        }
        clocks.settle();
        let mut stamps: BTreeMap<Option<String>, Vec<Stamp>> = BTreeMap::new();
        for (input, node) in inputs.iter().zip(&member_nodes) {
            let marks = input.read.marks.iter().filter_map(|mark| mark.stamp);
            stamps.entry(node.clone()).or_default().extend(marks.filter(|stamp| stamp.year.is_none()));
        }
        for (node, stamps) in &stamps {
            clocks.learn(node.as_deref(), stamps);
        }
        Self { registry, member_nodes, clocks }
    }

    /// Takes the usage tables out of the members, with instants.
    fn take_usage(&self, inputs: &mut [Input], options: &Options) -> Vec<intake::Dated> {
        let known = |clock: &NodeClock| {
            clock.zone.given.is_some() || clock.zone.stated.is_some() || !clock.zone.offsets.is_empty()
        };
        let of = |node: Option<&str>| Some(self.clocks.clock(node, &options.given, None)).filter(known);
        let offsets = |node: &str| match self.clocks.zone(Some(node)) {
            Some(zone) => (Some(zone), Vec::new()),
            None => (None, self.clocks.offsets(Some(node))),
        };
        let mut nodes = self.registry.iter().map(|(key, _)| key.as_str());
        let shared = match nodes.next() {
            None => of(None),
            Some(first)
                if options.given.zone.is_some() || nodes.all(|node| offsets(node) == offsets(first)) =>
            {
                of(Some(first))
            }
            Some(_) => None,
        };
        let zones = intake::Zones { given: options.usage_zone, shared };
        let own = |member: usize| {
            let node = self.member_nodes.get(member).and_then(Option::as_deref);
            node.and_then(|node| of(Some(node)))
        };
        intake::take(inputs, &zones, own)
    }

    fn run(&self, inputs: &[Input], options: &Options, tables: Vec<intake::Dated>) -> Facts {
        let names: Vec<String> = self.registry.iter().map(|(key, _)| key.clone()).collect();
        let index: BTreeMap<&str, usize> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let runs = Runs::new(
            inputs,
            &self.member_nodes,
            |member| self.member_clock(inputs, member, &options.given),
            log_name,
        );
        let mut members = Vec::with_capacity(inputs.len());
        let mut coverage = Coverage::default();
        let mut gaps = Vec::new();
        let mut clock_steps = Vec::new();
        let mut events = Vec::with_capacity(inputs.iter().map(|input| input.read.sightings.len()).sum());
        let mut newest: Option<Instant> = None;
        let mut bases: BTreeMap<Option<String>, (YearBasis, ZoneBasis)> = BTreeMap::new();
        let mut debug_seen: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        let told =
            parallel::map(inputs.len(), |number| self.told(inputs, number, &runs, &index, &options.given));
        for (told, input) in told.into_iter().zip(inputs) {
            let Some(told) = told else { continue };
            coverage.absorb(told.coverage);
            gaps.extend(told.gaps);
            clock_steps.extend(told.clock_steps);
            newest = newest.max(told.newest);
            for (node, basis) in told.bases {
                let worst = bases.entry(node).or_insert(basis);
                *worst = (worst.0.max(basis.0), worst.1.max(basis.1));
            }
            for code in &input.read.debug_seen {
                *debug_seen.entry(Arc::clone(code)).or_default() += 1;
            }
            events.extend(told.events);
            members.push(told.member);
        }
        for table in &tables {
            let Some(((from, to), member)) = table.span().zip(members.get_mut(table.member)) else {
                continue;
            };
            member.first = Some(member.first.map_or(from, |first| first.min(from)));
            member.last = member.last.max(Some(to));
            newest = newest.max(Some(to));
        }
        pairing::pair(&mut events);
        coverage.settle();
        for Silence { log, from, to } in coverage.silences() {
            gaps.push(Gap {
                node: log.node,
                log: log.name,
                from: Some(from),
                to: Some(to),
                kind: GapKind::Silence,
                missing: None,
            });
        }
        gaps.sort_by(|a, b| {
            (&a.node, &a.log, a.from, a.to, a.kind).cmp(&(&b.node, &b.log, b.from, b.to, b.kind))
        });
        let stated = outputs::stated(inputs, |member| self.member_clock(inputs, member, &options.given));
        // Outputs are dated by what they print, where nothing else is dated.
        newest = newest.or_else(|| outputs::newest(inputs, &stated));
        // What is younger than `--until` is left out, and so is the time at which it was said.
        let until = |newest: Option<Instant>| match (newest, options.until) {
            (Some(newest), Some(until)) => Some(newest.min(until)),
            (newest, _) => newest,
        };
        let as_of = options.as_of.or(until(newest));
        let events = self.order(events, options, as_of);
        for event in &events {
            for testimony in &event.witnesses {
                if let Some(member) = members.get_mut(testimony.origin.member as usize) {
                    member.events += 1;
                }
            }
        }
        let nodes = self.nodes(&options.given, &bases);
        let of = &self.member_nodes;
        let mut parts = grouping::split(inputs, of, &self.registry, nodes, events, &options.clusters);
        grouping::place_given(&mut parts, inputs);
        let align = |part| Aligned::new(part, inputs, of, &self.registry);
        let parts: Vec<Aligned> = parts.into_iter().map(align).collect();
        // A clock that was behind puts its events later than any line says.
        let as_of = options.as_of.or(until(newest.max(parts.iter().filter_map(Aligned::newest).max())));
        parts.iter().for_each(|part| part.move_coverage(&mut coverage));
        let mut rest = instances::Rest { stated, tables, n_instances: 0 };
        rest.n_instances = parts.iter().filter(|part| part.is_one(inputs, &rest)).count();
        let setting = instances::Setting { inputs, member_nodes: of, coverage: &coverage, options, as_of };
        let instances = parts.into_iter().filter_map(|part| part.instance(&setting, &mut rest));
        let mut instances: Vec<Instance> = instances.collect();
        instances.sort_by(|a, b| a.id.cmp(&b.id));
        gaps.retain(|gap| gap.kind != GapKind::Silence || is_gap(gap, &instances));
        Facts { as_of, members, gaps, clock_steps, debug_seen, instances, ..Facts::default() }
    }

    /// What one member tells.
    fn told(
        &self,
        inputs: &[Input],
        number: usize,
        runs: &Runs,
        index: &BTreeMap<&str, usize>,
        given: &Given,
    ) -> Option<Told> {
        let (input, node) = (inputs.get(number)?, self.member_nodes.get(number)?);
        let clock = self.member_clock(inputs, number, given);
        let dating = Dating { member: number, clock: &clock, runs };
        let shown: Option<Arc<str>> = node.as_deref().map(Into::into);
        let mut told = Told::new(input, shown.as_ref(), &dating);
        let mut clocks: BTreeMap<Option<String>, NodeClock> = BTreeMap::new();
        let mut keys = Keys::new(&self.registry);
        for sighting in &input.read.sightings {
            let own = sighting.node.as_deref().map(|name| keys.of(name)).or(node.as_deref());
            let other = (own != node.as_deref()).then(|| {
                let of = || self.clocks.clock(own, given, input.not_after);
                &*clocks.entry(own.map(str::to_owned)).or_insert_with(of)
            });
            let place = own.and_then(|own| index.get(own).copied());
            told.add(dated(sighting, &dating, other, place), sighting, own);
        }
        Some(told)
    }

    fn member_clock(&self, inputs: &[Input], member: usize, given: &Given) -> NodeClock {
        let node = self.member_nodes.get(member).and_then(Option::as_deref);
        self.clocks.clock(node, given, inputs.get(member).and_then(|input| input.not_after))
    }

    /// Dated events in order of time, twins merged; then the undated ones in input order.
    fn order(&self, mut events: Vec<Event>, options: &Options, as_of: Option<Instant>) -> Vec<Event> {
        // In place: there may be a hundred thousand, and most are dated.
        let undated: Vec<Event> = events.extract_if(.., |event| event.at.is_none()).collect();
        events.sort_by(by_time);
        let mut events = reconcile::merge(events);
        // The merge may have taken a more firmly found instant, or put another witness first.
        events.sort_by(by_time);
        let until = options.until.or(options.as_of).or(as_of);
        events.retain(|event| until.is_none_or(|until| event.at <= Some(until)));
        events.extend(undated);
        events
    }

    fn nodes(&self, given: &Given, bases: &BTreeMap<Option<String>, (YearBasis, ZoneBasis)>) -> Vec<Node> {
        self.registry
            .iter()
            .map(|(key, spellings)| {
                let offsets = self.clocks.offsets(Some(key));
                let (time_zone, basis) = match given.zone(Some(key)) {
                    Some(zone) => (Some(zone.name().to_owned()), ZoneBasis::Given),
                    None if self.clocks.zone(Some(key)).is_some() => {
                        (self.clocks.zone(Some(key)).map(|zone| zone.name().to_owned()), ZoneBasis::ZoneId)
                    }
                    None if !offsets.is_empty() => {
                        let shown: Vec<String> =
                            offsets.iter().map(|seconds| stamp::offset_text(*seconds)).collect();
                        (Some(shown.join(", ")), ZoneBasis::OuterInner)
                    }
                    None => (None, ZoneBasis::Unknown),
                };
                let found = bases.get(&Some(key.clone()));
                Node {
                    name: key.as_str().into(),
                    aliases: spellings
                        .iter()
                        .filter(|spelling| spelling.as_ref() != key.as_str())
                        .cloned()
                        .collect(),
                    role: None,
                    time_zone,
                    zone_basis: if basis == ZoneBasis::Unknown {
                        found.map_or(basis, |found| found.1)
                    } else {
                        basis
                    },
                    year_basis: found.map_or(YearBasis::Written, |found| found.0),
                    clock_skew_s: None,
                }
            })
            .collect()
    }
}

/// True if a silence is longer than the time between two reports of the rules that its node follows.
fn is_gap(gap: &Gap, instances: &[Instance]) -> bool {
    let of = |instance: &&Instance| {
        gap.node.is_none() || instance.nodes.iter().any(|node| Some(&node.name) == gap.node.as_ref())
    };
    let immediate = |instance: &Instance| instance.release.regime == Regime::Immediate;
    let mut owners = instances.iter().filter(of).peekable();
    if owners.peek().is_none() || !owners.all(immediate) {
        return true;
    }
    gap.from.zip(gap.to).is_none_or(|(from, to)| to - from > REPORT_EVERY_IMMEDIATE)
}

/// A folder that is named after an address, and holds the system log of one host, is that host's.
fn name_addresses(inputs: &[Input], registry: &mut Registry) {
    let mut hosts: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for input in inputs {
        let (Some(folder), Some(host)) = (input.path.as_deref().and_then(nodes::in_path), &input.read.host)
        else {
            continue;
        };
        if nodes::is_address(folder) {
            hosts.entry(folder).or_default().insert(nodes::canonical(host));
        }
    }
    for (address, names) in hosts {
        if let (1, Some(name)) = (names.len(), names.first()) {
            registry.is_address_of(address, name);
        }
    }
}
