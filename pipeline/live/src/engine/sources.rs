//! Segments as the core, the rules and the views know them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use history::analysis::{Analysis, Input};
use history::facts::Source;
use parsers::stamp::Instant;
use reports::Report;
use reports::alerts::SourceFact;
use reports::time::Time;

use crate::segment::{Segment, Segments};
use crate::status::{Listening, Snapshot, SourceStatus};
use crate::tail::Tail;

/// What a source is called: a root by its path, a sender by its way and address.
fn source_name(segment: &Segment) -> String {
    match segment.kind {
        "file" => segment.root.clone(),
        kind => format!("{kind} {}", segment.name),
    }
}

/// An analysis of everything read so far.
pub(super) fn analysis(
    set: &Segments,
    replay: Option<&BTreeMap<String, Source>>,
    roots: &[PathBuf],
) -> (Analysis, Vec<Input>) {
    let mut sources: Vec<Source> = Vec::new();
    let mut inputs = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |name: String, kind: &'static str| {
        *places.entry(name.clone()).or_insert_with(|| {
            let known = replay.and_then(|replay| replay.get(&name));
            sources.push(known.cloned().unwrap_or(Source { path: name, kind, bytes: 0, sha256: None }));
            sources.len() - 1
        })
    };
    for root in if replay.is_none() { roots } else { &[] } {
        let kind = if root.is_dir() { "directory" } else { "file" };
        add(root.to_string_lossy().into_owned(), kind);
    }
    for segment in set.all.values().filter(|segment| segment.read > 0 || replay.is_some()) {
        let kind = if segment.kind == "file" { "directory" } else { "syslog" };
        let at = add(source_name(segment), kind);
        inputs.push(segment.input(at));
    }
    if replay.is_none() {
        for input in &inputs {
            if let Some(source) = sources.get_mut(input.source) {
                source.bytes += input.read.bytes;
            }
        }
    }
    (Analysis::new(sources), inputs)
}

/// Node and newest record of each member, by source and path.
type Members<'a> = BTreeMap<(&'a str, Option<&'a str>), (Option<&'a str>, Option<Time>)>;

fn members(report: &Report) -> Members<'_> {
    report
        .input
        .members
        .iter()
        .map(|member| ((&*member.source, member.path.as_deref()), (member.node.as_deref(), member.last)))
        .collect()
}

fn key<'a>(segment: &'a Segment, name: &'a str) -> (&'a str, Option<&'a str>) {
    (name, (segment.kind == "file" && !segment.name.is_empty()).then_some(segment.name.as_str()))
}

/// How every source is doing.
pub(super) fn statuses(set: &Segments, report: &Report, tail: &Tail) -> Vec<SourceStatus> {
    let members = members(report);
    set.all
        .values()
        .filter(|segment| !segment.not_a_log)
        .map(|segment| {
            let mut status = segment.status();
            let name = source_name(segment);
            if let Some((node, last)) = members.get(&key(segment, &name)) {
                status.nodes = node.iter().map(|node| (*node).to_owned()).collect();
                status.last_record = *last;
            }
            if segment.kind == "file" {
                status.trouble = tail.trouble(&segment.root, &segment.name).map(str::to_owned);
            }
            status
        })
        .collect()
}

/// What the rules know: one entry a root and a sender, and one a socket that nobody sent to.
pub(super) fn facts(
    set: &Segments,
    report: &Report,
    roots: &[PathBuf],
    endpoints: &[String],
    known_since: Time,
) -> Vec<SourceFact> {
    let members = members(report);
    let mut out: BTreeMap<String, SourceFact> = BTreeMap::new();
    let empty =
        |name: &str| SourceFact { name: name.to_owned(), nodes: Vec::new(), last_bytes: None, known_since };
    for root in roots {
        let name = root.to_string_lossy();
        out.insert(name.clone().into_owned(), empty(&name));
    }
    for endpoint in endpoints {
        let kind = endpoint.split("://").next().unwrap_or_default();
        if !set.all.values().any(|segment| segment.kind == kind) {
            out.insert(endpoint.clone(), empty(endpoint));
        }
    }
    for segment in set.all.values().filter(|segment| !segment.not_a_log) {
        let name = source_name(segment);
        let node = members.get(&key(segment, &name)).and_then(|(node, _)| *node);
        // Anybody can send a datagram from any address: whoever never said anything about a license is not missed.
        if segment.kind != "file" && segment.is_quiet() && !out.contains_key(&name) {
            continue;
        }
        let fact = out.entry(name.clone()).or_insert_with(|| empty(&name));
        // What was read before this watch began says when it last came, not that it is here now.
        fact.last_bytes = fact.last_bytes.max(segment.last_bytes.map(Time));
        if let Some(node) = node
            && !fact.nodes.iter().any(|known| known == node)
        {
            fact.nodes.push(node.to_owned());
        }
    }
    out.into_values().collect()
}

/// What is shown before anything was asked.
pub(super) fn nothing(at: Instant) -> Snapshot {
    let report = reports::assemble(&history::facts::Facts::default(), &reports::Tables::default(), tool());
    Snapshot {
        number: 0,
        at: Time(at),
        report: Arc::new(report),
        sources: Vec::new(),
        alerts: Vec::new(),
        told: Vec::new(),
        sinks: Vec::new(),
        listening: Listening::default(),
        troubles: Vec::new(),
        replay: false,
    }
}

fn tool() -> reports::Tool {
    reports::Tool { name: "uccxray".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}
