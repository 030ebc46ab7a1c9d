//! From a plan to files and truth.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::cli;
use super::clock::NodeClock;
use super::plan::{Layout, Plan};
use super::rng::Rng;
use super::story::{Fact, FactKind, Story};
use super::syslog::{self, Host};
use super::trace::{self, IN_OOC, SHORTLY, TO_ENTER_OOC};
use super::truth::{Duplicate, Event, Node, Sighting, Truth, Witness};

/// One member of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Path inside the bundle, with forward slashes.
    pub path: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// When it was last written, by its node's clock.
    pub modified: DateTime<Utc>,
}

/// A bundle and the truth about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Sorted by path, or in random order where the plan says so.
    pub files: Vec<GeneratedFile>,
    /// What a reader should find.
    pub truth: Truth,
}

/// Name, name with domain, address.
const NODES: [(&str, &str, &str); 2] =
    [("uccxpub", "uccxpub.example.com", "192.0.2.11"), ("uccxsub1", "uccxsub1.example.com", "192.0.2.12")];

struct Builder<'a> {
    plan: &'a Plan,
    files: Vec<GeneratedFile>,
    /// Sightings by fact.
    sightings: BTreeMap<usize, Vec<Sighting>>,
}

/// The bundle of a plan.
#[must_use]
pub fn generate(plan: &Plan) -> Bundle {
    let story = Story::of(plan);
    let (release, version) = cli::release(plan);
    let mut builder = Builder { plan, files: Vec::new(), sightings: BTreeMap::new() };
    let mut nodes = Vec::new();
    let mut hosts = Vec::new();
    for (number, (name, fqdn, address)) in
        NODES.into_iter().take(usize::from(plan.nodes.clamp(1, 2))).enumerate()
    {
        let skew_s = plan.skew_s.get(number).copied().unwrap_or(0);
        let clock = NodeClock { zone: plan.zone, skew: TimeDelta::seconds(i64::from(skew_s)) };
        let folder = match plan.layout {
            Layout::ByNode => name.to_owned(),
            Layout::Sftp => {
                let collected = clock.local(plan.until() + TimeDelta::minutes(10));
                format!("{address}/{}/active", collected.format("%Y%m%d_%H%M%S"))
            }
        };
        let cvd = if plan.cvd_stopped && number == 0 { "STOPPED" } else { "STARTED" };
        let cluster_view_daemon = plan.with_cli.then_some(cvd);
        builder.traces(number, name, &folder, clock, &story);
        builder.cli(number, &folder, clock, version);
        hosts.push((Host { name, fqdn, clock }, folder.clone()));
        nodes.push(Node { name, fqdn, address, skew_s, folder, cluster_view_daemon });
    }
    if plan.with_syslog {
        builder.syslogs(&hosts, &story);
    }

    let duplicates = if plan.collected_twice { builder.second_download(&nodes) } else { Vec::new() };
    let Builder { mut files, mut sightings, .. } = builder;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if plan.shuffle {
        Rng::stream(plan.seed, 5).shuffle(&mut files);
    }
    let facts = story.facts.iter().enumerate();
    let mut events: Vec<Event> = facts.filter_map(|(i, it)| event(it, sightings.remove(&i)?)).collect();
    events.sort_by_key(|it| it.at);
    let truth = Truth {
        seed: plan.seed,
        plan: plan.clone(),
        zone: plan.zone.name(),
        release,
        version,
        nodes,
        events,
        duplicates,
        authorization: story.authorization,
        enter_ooc: story.enter_ooc,
        usage: story.samples,
    };
    Bundle { files, truth }
}

/// Two draws that depend on nothing but seed, node and what they are for.
fn stream(plan: &Plan, number: usize, purpose: u64) -> Rng {
    Rng::stream(plan.seed, 1_000 + 100 * number as u64 + purpose)
}

/// The facts that a node's Cluster View Daemon shows, at the instants at which it writes them.
fn facts_of(plan: &Plan, number: usize, story: &Story) -> Vec<(usize, Fact)> {
    let mut rng = stream(plan, number, 0);
    let all = story.facts.iter().copied().enumerate();
    if number == 0 {
        return all.collect();
    }
    if !plan.both_nodes_log {
        return Vec::new();
    }
    all.filter(|(_, it)| !matches!(it.kind, FactKind::TransportFailure(_) | FactKind::Restart { .. }))
        .map(|(i, it)| (i, Fact { at: it.at + TimeDelta::milliseconds(rng.within_i64(40, 900)), ..it }))
        .collect()
}

impl Builder<'_> {
    fn file(&mut self, path: String, text: String, modified: DateTime<Utc>) {
        let text = if self.plan.crlf { text.replace('\n', "\r\n") } else { text };
        let modified = modified + TimeDelta::days(i64::from(self.plan.copied_after_days));
        self.files.push(GeneratedFile { path, bytes: text.into_bytes(), modified });
    }

    fn sighted(&mut self, fact: usize, sighting: Sighting) {
        self.sightings.entry(fact).or_default().push(sighting);
    }

    fn traces(&mut self, number: usize, name: &str, folder: &str, clock: NodeClock, story: &Story) {
        let facts = facts_of(self.plan, number, story);
        let width = usize::from(self.plan.index_width);
        for (purpose, facility) in [(1, "MCVD"), (2, "MIVR"), (3, "MADM")] {
            let shown = if facility == "MCVD" { facts.as_slice() } else { &[] };
            let log = trace::log(self.plan, clock, facility, shown, stream(self.plan, number, purpose));
            for (place, file) in log.into_iter().enumerate() {
                let digit = number + 1;
                let path = format!(
                    "{folder}/uccx/log/{facility}/Cisco00{digit}{facility}{:0width$}.log",
                    file.index
                );
                for mark in file.marks {
                    // A restart shows only where something older is left to compare with.
                    let restart = facts
                        .iter()
                        .any(|it| it.0 == mark.fact && matches!(it.1.kind, FactKind::Restart { .. }));
                    if restart && place == 0 && mark.line == 1 {
                        continue;
                    }
                    let sighting = Sighting {
                        record: Witness::Trace,
                        node: name.to_owned(),
                        path: path.clone(),
                        line: mark.line,
                        at: mark.at,
                        node_at: clock.says(mark.at),
                    };
                    self.sighted(mark.fact, sighting);
                }
                self.file(path, file.text, clock.says(file.last));
            }
        }
    }

    fn syslogs(&mut self, hosts: &[(Host, String)], story: &Story) {
        let plan = self.plan;
        let alarms: Vec<_> = (hosts.iter().enumerate())
            .map(|(i, it)| syslog::alarms(it.0, &facts_of(plan, i, story), &mut stream(plan, i, 4)))
            .collect();
        for (i, ((host, folder), own)) in hosts.iter().zip(&alarms).enumerate() {
            let publishes = i == 0 && plan.with_rtmt;
            let matched: Vec<_> = if publishes { alarms.iter().flatten().collect() } else { Vec::new() };
            let files = syslog::files(plan, *host, own, &matched, stream(plan, i, 5));
            for (name, file) in ["CiscoSyslog", "messages"].into_iter().zip(files) {
                let path = format!("{folder}/syslog/{name}");
                for mark in file.marks {
                    let sighting = Sighting {
                        record: mark.record,
                        node: mark.node.to_owned(),
                        path: path.clone(),
                        line: mark.line,
                        at: mark.at,
                        node_at: mark.node_at,
                    };
                    self.sighted(mark.fact, sighting);
                }
                self.file(path, file.text, host.clock.says(file.last));
            }
        }
    }

    /// The publisher's fullest MCVD file once more, in the folder of a second download.
    fn second_download(&mut self, nodes: &[Node]) -> Vec<Duplicate> {
        let Some(publisher) = nodes.first() else { return Vec::new() };
        let traces = format!("{}/uccx/log/MCVD/", publisher.folder);
        let held = self.files.iter().filter(|it| it.path.starts_with(&traces));
        let Some(original) = held.max_by_key(|it| it.bytes.len()).cloned() else { return Vec::new() };
        let folder = match self.plan.layout {
            Layout::ByNode => format!("{}/again", publisher.name),
            Layout::Sftp => format!("{}/again/active", publisher.address),
        };
        let path = original.path.replacen(&publisher.folder, &folder, 1);
        let of = original.path.clone();
        self.files.push(GeneratedFile { path: path.clone(), ..original });
        vec![Duplicate { path, of }]
    }

    fn cli(&mut self, number: usize, folder: &str, clock: NodeClock, version: &str) {
        let mut rng = stream(self.plan, number, 6);
        let at = self.plan.until() + TimeDelta::minutes(5);
        let modified = clock.says(at);
        if self.plan.with_cli {
            let stopped = self.plan.cvd_stopped && number == 0;
            let services = cli::service_list(stopped, &mut rng);
            self.file(format!("{folder}/cli/utils_service_list.txt"), services, modified);
            self.file(format!("{folder}/cli/show_uccx_version.txt"), cli::uccx_version(version), modified);
        }
        if self.plan.with_ntp {
            let status = cli::ntp_status(&clock, at, &mut rng);
            self.file(format!("{folder}/cli/utils_ntp_status.txt"), status, modified);
        }
        if self.plan.with_timezone {
            let config = cli::timezone_config(self.plan.zone);
            self.file(format!("{folder}/cli/show_timezone_config.txt"), config, modified);
        }
        if self.plan.with_history {
            let history = cli::system_history(&clock, self.plan, version, stream(self.plan, number, 7));
            self.file(format!("{folder}/install/system-history.log"), history, modified);
        }
    }
}

/// The event of a fact that something in the surviving bytes shows.
fn event(fact: &Fact, mut sightings: Vec<Sighting>) -> Option<Event> {
    // `uccxpub` sorts before `uccxsub1`.
    sightings.sort_by(|a, b| (a.record, &a.node, &a.path, a.line).cmp(&(b.record, &b.node, &b.path, b.line)));
    let first = sightings.iter().min_by_key(|it| (&it.node, it.record))?;
    let (at, node_at, node) = (first.at, first.node_at, first.node.clone());
    let mut witnesses: Vec<String> = sightings.iter().map(|it| it.path.clone()).collect();
    witnesses.sort();
    witnesses.dedup();
    let (kind, minutes, class, mnemonic) = match fact.kind {
        FactKind::Approaching(minutes) => ("ooc_approaching", Some(minutes), None, Some(TO_ENTER_OOC)),
        FactKind::Imminent(minutes) => ("ooc_imminent", Some(minutes), None, Some(SHORTLY)),
        FactKind::InOoc { .. } => ("ooc_entered", None, None, Some(IN_OOC)),
        FactKind::TransportFailure(class) => ("transport_failure", None, Some(class), None),
        FactKind::Restart { .. } => ("process_restart", None, None, None),
    };
    let again = fact.kind == FactKind::InOoc { again: true };
    Some(Event { at, node_at, node, kind, again, minutes, class, mnemonic, witnesses, sightings })
}
