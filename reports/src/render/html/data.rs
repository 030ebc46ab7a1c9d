//! What the script of the page draws: columns of numbers, and each text once.

use std::collections::HashMap;

use serde::Serialize;

use super::events::when;
use super::now::mood;
use super::parts::shown;
use crate::report::{Interval, LogCoverage, ProductInstance, Report, StateNow};
use crate::show::words::{
    cite, deadline_kind, deadline_time, headline, is_past, nodes, params, release, shared_zone, standing,
    state, zone,
};
use crate::time::{Time, Zone};

/// Most events whose lines are quoted beside their places: a page of more would be tens of megabytes.
const QUOTED_EVENTS_MAX: usize = 20_000;

/// The states that a chart has a lane for.
const LANES: [(&str, &str); 3] =
    [("registration", "Registration"), ("authorization", "Authorization"), ("enforcement", "Enforcement")];

/// Milliseconds since 1970-01-01 UTC, as a script counts time.
type Ms = i64;

#[derive(Serialize)]
struct Data {
    as_of: Option<Ms>,
    /// Name of the clock that times are shown on.
    zone: String,
    /// From which instant on which offset holds, seconds east of UTC.
    offsets: Vec<(Ms, i32)>,
    instances: Vec<Instance>,
    events: Events,
    /// Every text that columns name by number.
    texts: Vec<String>,
}

#[derive(Serialize)]
struct Instance {
    name: String,
    /// The first and the last instant that anything is known of.
    span: Option<(Ms, Ms)>,
    lanes: Vec<Lane>,
    nodes: Vec<Node>,
    /// Stretches that no log of any node covers.
    dark: Vec<(Ms, Ms)>,
    usage: Option<Usage>,
}

/// What a chart that cannot be touched shows of an instance, with the words that stand above it.
#[derive(Serialize)]
struct Figure {
    system: String,
    headline: String,
    mood: &'static str,
    standing: String,
    next: Option<String>,
    /// Instants along the chart, as a reader writes them.
    ticks: Vec<(Ms, String)>,
    #[serde(flatten)]
    instance: Instance,
}

/// What a page on paper draws: `instances`, each with its state in words and its lanes.
#[must_use]
pub fn figures(report: &Report) -> serde_json::Value {
    let figures = report.product_instances.iter().map(|instance| {
        let (head, now) = headline(instance);
        let drawn = of(report, instance);
        let next = instance.deadlines.iter().find(|deadline| !is_past(deadline));
        let clock = zone(instance);
        Figure {
            system: shown(&format!("{} · release {}", nodes(instance), release(instance))),
            headline: shown(&head),
            mood: mood(now),
            standing: shown(&standing(report, instance, now)),
            next: next.map(|it| {
                shown(&format!("{} {}", deadline_kind(&it.kind), deadline_time(report, clock, it)))
            }),
            ticks: drawn.span.map(|span| ticks(clock, span)).unwrap_or_default(),
            instance: Instance { usage: None, nodes: Vec::new(), ..drawn },
        }
    });
    let figures: Vec<Figure> = figures.collect();
    // Plain data under plain names: writing it cannot fail.
    serde_json::json!({ "instances": figures })
}

/// Five instants, evenly spread.
fn ticks(zone: Zone, (from, to): (Ms, Ms)) -> Vec<(Ms, String)> {
    let at = (0..=4).map(|part| from + (to - from) / 4 * part);
    let words = at.filter_map(|at| {
        let text = zone.show(chrono::DateTime::from_timestamp_millis(at)?);
        Some((at, text.get(.."2026-04-02 11:00".len())?.to_owned()))
    });
    words.collect()
}

#[derive(Serialize)]
struct Lane {
    title: &'static str,
    rows: Vec<State>,
}

#[derive(Serialize)]
struct State {
    from: Option<Ms>,
    to: Option<Ms>,
    label: String,
    mood: &'static str,
    basis: &'static str,
    cause: String,
}

#[derive(Serialize)]
struct Node {
    name: String,
    /// Where its logs begin and end.
    logs: Vec<(Ms, Ms)>,
    /// Holes in them.
    gaps: Vec<(Ms, Ms)>,
}

#[derive(Serialize)]
struct Usage {
    views: Vec<View>,
    /// Stretches of over-use and of Out of Compliance, as the history has them.
    spans: Vec<Span>,
}

#[derive(Serialize)]
struct View {
    interval_s: i64,
    at: Vec<Ms>,
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    in_use: Vec<Option<u32>>,
    purchased: Vec<Option<u32>>,
    locked: Option<u32>,
}

#[derive(Serialize)]
struct Span {
    kind: &'static str,
    from: Option<Ms>,
    to: Option<Ms>,
}

/// One entry an event, in each column.
#[derive(Default, Serialize)]
struct Events {
    at: Vec<Option<Ms>>,
    /// The time in words, where there is more to say than the instant.
    when: Vec<Option<u32>>,
    instance: Vec<u32>,
    node: Vec<u32>,
    what: Vec<u32>,
    mnemonic: Vec<u32>,
    text: Vec<u32>,
    params: Vec<u32>,
    /// Places of the lines that say it, and their texts unless there are too many.
    places: Vec<Vec<u32>>,
    quotes: Vec<Vec<u32>>,
}

/// The data as JSON that no markup can end.
pub(super) fn json(report: &Report) -> String {
    let zone = shared_zone(report);
    let mut texts = Texts::default();
    let events = events(report, zone, &mut texts);
    let instances: Vec<Instance> =
        report.product_instances.iter().map(|instance| of(report, instance)).collect();
    let mut instants: Vec<Ms> = events.at.iter().flatten().copied().collect();
    instants.extend(instances.iter().filter_map(|it| it.span).flat_map(|(from, to)| [from, to]));
    instants.extend(report.as_of.map(ms));
    let data = Data {
        as_of: report.as_of.map(ms),
        zone: zone_name(zone),
        offsets: offsets(zone, instants),
        instances,
        events,
        texts: texts.all,
    };
    // Plain data under plain names: writing it cannot fail.
    serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c")
}

fn ms(Time(at): Time) -> Ms {
    at.timestamp_millis()
}

fn zone_name(zone: Zone) -> String {
    match zone {
        Zone::Utc => "UTC".to_owned(),
        Zone::Offset(offset) => format!("UTC{offset}"),
        Zone::Named(name) => name.name().to_owned(),
    }
}

/// The offsets of the clock over the instants that are shown, each from where it is first seen.
fn offsets(zone: Zone, mut instants: Vec<Ms>) -> Vec<(Ms, i32)> {
    instants.sort_unstable();
    let mut found: Vec<(Ms, i32)> = Vec::new();
    for at in instants {
        let Some(instant) = chrono::DateTime::from_timestamp_millis(at) else { continue };
        let offset = zone.offset_s(instant);
        if found.last().is_none_or(|(_, last)| *last != offset) {
            found.push((at, offset));
        }
    }
    found
}

fn of(report: &Report, instance: &ProductInstance) -> Instance {
    let own: Vec<&LogCoverage> =
        report.input.coverage.logs.iter().filter(|log| log.product_instance == instance.id).collect();
    let names = instance.nodes.iter().map(|node| &node.name);
    let nodes: Vec<Node> = names.map(|name| node(report, &own, name)).collect();
    let times = instance.history.iter().flat_map(|row| [row.from, row.until]).flatten().map(ms);
    let logs = nodes.iter().flat_map(|node| &node.logs).flat_map(|(from, to)| [*from, *to]);
    let known: Vec<Ms> = times.chain(logs).chain(report.as_of.map(ms)).collect();
    let span = known.iter().min().copied().zip(known.iter().max().copied());
    let lanes = LANES.map(|(dimension, title)| Lane {
        title,
        rows: instance.history.iter().filter(|row| row.dimension == dimension).map(state_of).collect(),
    });
    Instance {
        name: shown(&instance.id),
        span,
        lanes: lanes.into(),
        dark: span.map(|span| dark(&nodes, span)).unwrap_or_default(),
        nodes,
        usage: usage(instance),
    }
}

fn state_of(row: &Interval) -> State {
    let now = StateNow {
        state: row.state.clone(),
        since: None,
        since_is_first_seen: false,
        basis: None,
        cause: None,
        evidence: Vec::new(),
    };
    State {
        from: row.from.map(ms),
        to: row.until.map(ms),
        label: state(&row.state),
        mood: mood(&now),
        basis: row.basis.name(),
        cause: shown(&row.cause),
    }
}

fn node(report: &Report, logs: &[&LogCoverage], name: &str) -> Node {
    let own = logs.iter().filter(|log| log.node.as_deref() == Some(name));
    let spans = own.filter_map(|log| Some((ms(log.from?), ms(log.to?))));
    let gaps = report.input.coverage.gaps.iter().filter(|gap| gap.node.as_deref() == Some(name));
    Node {
        name: shown(name),
        logs: spans.collect(),
        gaps: gaps.filter_map(|gap| Some((ms(gap.from?), ms(gap.to?)))).collect(),
    }
}

/// What is left of `span` when every stretch that a log covers is taken away. A hole in one log is dark only if no
/// other log goes on, so holes are taken from the logs of their node before.
fn dark(nodes: &[Node], (from, to): (Ms, Ms)) -> Vec<(Ms, Ms)> {
    let mut light: Vec<(Ms, Ms)> = Vec::new();
    for node in nodes {
        for log in &node.logs {
            let mut begin = log.0;
            let mut holes: Vec<&(Ms, Ms)> =
                node.gaps.iter().filter(|gap| log.0 <= gap.0 && gap.1 <= log.1).collect();
            holes.sort_unstable();
            for hole in holes {
                light.push((begin, hole.0.max(begin)));
                begin = begin.max(hole.1);
            }
            light.push((begin, log.1));
        }
    }
    light.sort_unstable();
    let mut dark = Vec::new();
    let mut reached = from;
    for (begin, end) in light {
        if begin > reached {
            dark.push((reached, begin));
        }
        reached = reached.max(end);
    }
    if to > reached {
        dark.push((reached, to));
    }
    dark
}

fn usage(instance: &ProductInstance) -> Option<Usage> {
    let usage = instance.usage.as_ref()?;
    let locked = |name: &str| usage.entitlements.iter().find(|of| of.entitlement == *name)?.locked;
    let views = usage.views.iter().map(|view| View {
        interval_s: view.interval_s,
        at: view.at.iter().copied().map(ms).collect(),
        columns: view
            .columns
            .iter()
            .map(|column| Column {
                name: shown(&column.entitlement),
                in_use: column.in_use.clone(),
                purchased: column.purchased.clone(),
                locked: locked(&column.entitlement),
            })
            .collect(),
    });
    let spans = instance.history.iter().filter_map(|row| {
        let kind = match (row.dimension.as_str(), row.state.as_str()) {
            ("authorization", "overage") => "over",
            ("authorization", "out_of_compliance") => "ooc",
            _ => return None,
        };
        Some(Span { kind, from: row.from.map(ms), to: row.until.map(ms) })
    });
    Some(Usage { views: views.collect(), spans: spans.collect() })
}

/// Each text once.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        let text = shown(text);
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(text.clone());
        self.numbers.insert(text, number);
        number
    }
}

fn events(report: &Report, zone: Zone, texts: &mut Texts) -> Events {
    let mut columns = Events::default();
    let quoted = report.events.len() <= QUOTED_EVENTS_MAX;
    for event in &report.events {
        let words = when(event, zone);
        let plain = event.at.is_some_and(|Time(at)| words == zone.show(at));
        columns.at.push(event.at.map(ms));
        columns.when.push((!plain).then(|| texts.number(&words)));
        columns.instance.push(texts.number(&event.product_instance));
        columns.node.push(texts.number(event.node.as_deref().unwrap_or("–")));
        columns.what.push(texts.number(&event.kind.replace('_', " ")));
        columns.mnemonic.push(texts.number(&event.mnemonic));
        columns.text.push(texts.number(&event.text));
        columns.params.push(texts.number(&params(event)));
        columns.places.push(event.witnesses.iter().map(|line| texts.number(&cite(report, line))).collect());
        let quotes = event.witnesses.iter().filter(|_| quoted);
        columns.quotes.push(quotes.map(|line| texts.number(&line.text)).collect());
    }
    columns
}
