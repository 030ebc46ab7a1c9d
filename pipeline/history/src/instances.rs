//! One Product Instance out of its nodes' events: clocks compared, alarms of two nodes made one, states decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use parsers::stamp::Instant;

use crate::analysis::{Input, Options};
use crate::coverage::Coverage;
use crate::deadline;
use crate::disagreement;
use crate::facts::{Basis, ClockPair, Deployment, Dimension, Event, Instance, Now, Release, Transition};
use crate::grouping::Part;
use crate::intake::{self, Dated, Purchased};
use crate::machine::{Folded, Machine};
use crate::nodes::Registry;
use crate::outputs::{self, Stated};
use crate::policy::Regime;
use crate::reconcile;
use crate::skew;
use crate::snapshots;
use crate::stated;

/// A part whose events are on one clock.
#[derive(Debug)]
pub(crate) struct Aligned {
    part: Part,
    clocks: Vec<ClockPair>,
    reference: Option<usize>,
}

impl Aligned {
    /// Compares the clocks of the part's nodes and puts its events on that of the reference.
    pub(crate) fn new(
        mut part: Part,
        inputs: &[Input],
        member_nodes: &[Option<String>],
        registry: &Registry,
    ) -> Self {
        let n_nodes = part.nodes.len();
        let mut clocks = skew::pairs(&part.events, n_nodes);
        let node_of = |name: &str| {
            let key = registry.key(name);
            part.nodes.iter().position(|node| *node.name == *key)
        };
        for pair in skew::by_collectors(inputs.iter().enumerate(), node_of) {
            match clocks.iter_mut().find(|known| (known.against, known.node) == (pair.against, pair.node)) {
                Some(known) if known.ahead.is_some() => {}
                Some(known) => *known = pair,
                None => clocks.push(pair),
            }
        }
        clocks.sort_by_key(|pair| (pair.against, pair.node));
        let compared = |node: &usize| {
            clocks.iter().any(|pair| pair.ahead.is_some() && (pair.node == *node || pair.against == *node))
        };
        let number = |node: &usize| {
            let name = part.nodes.get(*node).map(|node| node.name.as_ref());
            let own = inputs.iter().zip(member_nodes).filter(|(_, of)| of.is_some() && of.as_deref() == name);
            own.filter_map(|(input, _)| trace_number(input.path.as_deref()?)).min().unwrap_or(u32::MAX)
        };
        let reference = (0..n_nodes).filter(compared).min_by_key(|node| (number(node), *node));
        let ahead = match reference {
            Some(reference) => skew::ahead_of(reference, &clocks, n_nodes),
            None => vec![None; n_nodes],
        };
        for (node, ahead) in part.nodes.iter_mut().zip(&ahead) {
            node.clock_skew_s = ahead.map(rounded_s);
        }
        let events = std::mem::take(&mut part.events);
        part.events = reconcile::merge_nodes(events, &ahead, reference.unwrap_or_default());
        Self { part, clocks, reference }
    }

    /// The newest instant of its events.
    pub(crate) fn newest(&self) -> Option<Instant> {
        self.part.events.iter().filter_map(|event| event.at).max()
    }

    /// Puts the coverage of nodes whose clocks differ on the clock that dates the events.
    pub(crate) fn move_coverage(&self, coverage: &mut Coverage) {
        for node in &self.part.nodes {
            let ahead = TimeDelta::seconds(node.clock_skew_s.unwrap_or_default());
            if ahead.abs() > skew::AGREE {
                coverage.put_back(&node.name, ahead);
            }
        }
    }

    /// True if anything in the input is about a Product Instance of this part.
    pub(crate) fn is_one(&self, inputs: &[Input], rest: &Rest) -> bool {
        let says = |member: &usize| {
            inputs
                .get(*member)
                .is_some_and(|input| !input.read.marks.is_empty() || !input.read.statements.is_empty())
                || rest.tables.iter().any(|table| table.member == *member)
        };
        !self.part.events.is_empty() || self.part.members.iter().any(says)
    }

    /// The Product Instance; `None` if nothing in the input is about one.
    pub(crate) fn instance(self, setting: &Setting<'_>, rest: &mut Rest) -> Option<Instance> {
        if !self.is_one(setting.inputs, rest) {
            return None;
        }
        let Setting { inputs, member_nodes, coverage, options, as_of } = *setting;
        let Part { id, nodes, mut events, members } = self.part;
        let own: BTreeMap<usize, &Input> =
            members.iter().filter_map(|at| Some((*at, inputs.get(*at)?))).collect();
        let release = snapshots::release(&own, options);
        let stated: Vec<&Stated> = rest.stated.iter().filter(|said| members.contains(&said.member)).collect();
        let machine = fold(&own, &events, &stated, Machine::new(release.regime, coverage, &nodes, true));
        let Folded { authorization, transitions, mut contradictions, readings } = machine.finish(as_of);
        contradictions.extend(disagreement::between(&nodes, &events, release.regime));
        let complete = deadline::reaches_back(&authorization, &transitions);
        let deadlines = deadline::all(&deadline::Known {
            authorization: &authorization,
            transitions: &transitions,
            readings: &readings,
            stated: &stated,
            events: &events,
            as_of,
        });
        let services = snapshots::services(&own, member_nodes, &nodes, &events);
        let ntp = snapshots::ntp(&own, member_nodes, &nodes);
        let first = nodes.first().map(|node| Arc::clone(&node.name));
        let id: Arc<str> = id.or(first).unwrap_or_else(|| "unnamed".into());
        let bought: Vec<Purchased> = options
            .purchased
            .iter()
            .filter(|of| of.instance.as_deref().map_or(rest.n_instances == 1, |name| *name == *id))
            .cloned()
            .collect();
        let tables = rest.tables.extract_if(.., |table| members.contains(&table.member)).collect();
        let (usage, unlike) = intake::usage(tables, &own, &events, &bought);
        contradictions.extend(unlike);
        // What came before decides the state all the same; it is only not listed.
        events.retain(|event| options.since.is_none_or(|since| event.at.is_none_or(|at| at >= since)));
        Some(Instance {
            id,
            release,
            deployment: stated::deployment(&own, options.on_prem_synced),
            registration: now(&transitions, Dimension::Registration, true),
            authorization: now(&transitions, Dimension::Authorization, complete),
            enforcement: now(&transitions, Dimension::Enforcement, true),
            transitions,
            deadlines,
            services,
            ntp,
            events,
            licenses: stated::licenses(&stated, member_nodes, &nodes),
            platform: stated::platform(&own, member_nodes, &nodes),
            alive: coverage.alive_times(nodes.iter().map(|node| &*node.name)),
            nodes,
            clocks: self.clocks,
            reference: self.reference,
            contradictions,
            readings,
            entitlements: outputs::entitlements(&stated),
            license_type: outputs::license_type(&stated),
            usage,
            consumption: None,
        })
    }
}

/// What all Product Instances of a run are made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) inputs: &'a [Input],
    pub(crate) member_nodes: &'a [Option<String>],
    pub(crate) coverage: &'a Coverage,
    pub(crate) options: &'a Options,
    pub(crate) as_of: Option<Instant>,
}

/// What is shared out among them.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Lines of `show license …` and its like.
    pub(crate) stated: Vec<Stated>,
    /// Usage tables that no instance has taken yet.
    pub(crate) tables: Vec<Dated>,
    /// How many there will be.
    pub(crate) n_instances: usize,
}

/// Events and states that outputs state, in order of time, then those without one.
fn fold<'a>(
    own: &BTreeMap<usize, &Input>,
    events: &[Event],
    stated: &[&Stated],
    mut machine: Machine<'a>,
) -> Machine<'a> {
    let any_dated = events.iter().any(|event| event.at.is_some());
    // An alarm that cannot be placed, or a licence line that could not be read, may be the one that is missing.
    let undated = events.iter().any(|event| event.at.is_none() && event.is_about_license());
    let unread = own.values().flat_map(|input| &input.read.unread).any(|line| line.text.contains("LICENSE"));
    if undated || unread {
        machine.distrust_silence();
    }
    let mut observed = outputs::observations(stated).into_iter().peekable();
    for event in events {
        // An undated event cannot be placed among dated ones: it is shown, and drives nothing.
        if event.at.is_none() && any_dated {
            continue;
        }
        while let Some(seen) =
            observed.next_if(|seen| seen.at.is_some() && event.at.is_some() && seen.at <= event.at)
        {
            machine.observe(&seen);
        }
        machine.apply(event);
    }
    observed.for_each(|seen| machine.observe(&seen));
    machine
}

impl Instance {
    /// A Product Instance of which nothing is known but its name.
    #[must_use]
    pub fn unknown(id: &str) -> Self {
        Self {
            id: id.into(),
            nodes: Vec::new(),
            clocks: Vec::new(),
            reference: None,
            release: Release {
                version: None,
                regime: Regime::Unknown,
                basis: Basis::Unknown,
                evidence: None,
            },
            deployment: Deployment::default(),
            registration: Now::UNKNOWN,
            authorization: Now::UNKNOWN,
            enforcement: Now::UNKNOWN,
            transitions: Vec::new(),
            deadlines: Vec::new(),
            services: Vec::new(),
            ntp: Vec::new(),
            events: Vec::new(),
            contradictions: Vec::new(),
            readings: Vec::new(),
            alive: Vec::new(),
            entitlements: Vec::new(),
            licenses: Vec::new(),
            platform: Vec::new(),
            license_type: None,
            usage: None,
            consumption: None,
        }
    }
}

/// The node number in the name of a trace file: `Cisco001MCVD001.log` is of node 1. That it is the node's number in
/// the cluster is inferred from published file names.
fn trace_number(path: &str) -> Option<u32> {
    let file = path.rsplit('/').next()?;
    let digits: String = file.strip_prefix("Cisco")?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Whole seconds, to the nearest.
fn rounded_s(length: TimeDelta) -> i64 {
    let ms = length.num_milliseconds();
    (ms + ms.signum() * 500) / 1_000
}

/// The present state of one machine, from its last transition.
fn now(transitions: &[Transition], dimension: Dimension, complete: bool) -> Now {
    match transitions.iter().rev().find(|transition| transition.dimension == dimension) {
        Some(last) => Now {
            state: last.state,
            since: last.at,
            since_is_first_seen: !complete,
            basis: last.basis,
            evidence: Some(last.evidence.clone()),
        },
        None => Now::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_files_are_numbered_by_node() {
        assert_eq!(trace_number("uccxpub/uccx/log/MCVD/Cisco001MCVD014.log"), Some(1));
        assert_eq!(trace_number("syslog/CiscoSyslog"), None);
    }

    #[test]
    fn a_difference_is_told_in_whole_seconds() {
        assert_eq!(rounded_s(TimeDelta::milliseconds(-1_600)), -2);
        assert_eq!(rounded_s(TimeDelta::milliseconds(720_400)), 720);
    }
}
