//! Metrics for monitors, as OpenMetrics and as the older text form of Prometheus.
//!
//! What is not known has no series: absent is not zero. Where a dimension of the license is not known, none of its
//! states has one. Where it is known, each state that this program knows has a series, and exactly one of them is 1.
//!
//! A sender may name any number of nodes and any text, so that names are cut and the number of series is bounded:
//! Product Instances beyond the first fifty are left out (`uccxray_product_instances` counts them all), sources beyond
//! the two hundred with the most bytes are summed as `other`.
//!
//! Source: OpenMetrics 1.0.0; Prometheus text exposition format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use reports::escape::terminal;
use reports::report::{Check, CheckOutcome, ProductInstance};
use reports::time::Time;
use reports::words::is_past;

use crate::status::{Snapshot, SourceStatus};

/// `Content-Type` of [`openmetrics`].
pub const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// `Content-Type` of [`prometheus`].
pub const PROMETHEUS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Sources with series of their own.
const SOURCES_MAX: usize = 200;
/// Product Instances with series.
const INSTANCES_MAX: usize = 50;
/// Series of alerts, sockets, reasons and sinks each.
const SERIES_MAX: usize = 500;
/// Characters of a label's value.
const LABEL_CHARS_MAX: usize = 128;

/// The states of each dimension, by their names in the report.
const STATES: [(&str, &[&str]); 3] = [
    (
        "registration",
        &[
            "unregistered",
            "registered",
            "registration_expired",
            "reservation_in_progress",
            "registered_reservation",
        ],
    ),
    (
        "authorization",
        &[
            "no_licenses_in_use",
            "evaluation",
            "evaluation_expired",
            "in_compliance",
            "overage",
            "out_of_compliance",
            "authorization_expired",
            "not_authorized",
            "authorized_reserved",
            "not_authorized_reserved",
        ],
    ),
    ("enforcement", &["not_enforced", "enforced"]),
];

/// The outcomes of a check; `suppressed` is one that failed and that the user's configuration sets aside.
const OUTCOMES: [&str; 5] = ["pass", "fail", "no_evidence", "not_applicable", "suppressed"];

type Labels = Vec<(&'static str, String)>;

/// Gauges of one name; registered only if there is one, since a name without series says nothing.
#[derive(Default)]
struct Gauges(Family<Labels, Gauge<f64, AtomicU64>>, bool);

/// Counters of one name.
#[derive(Default)]
struct Counters(Family<Labels, Counter>, bool);

impl Gauges {
    fn put(&mut self, labels: &[(&'static str, &str)], value: f64) {
        self.0.get_or_create(&of(labels)).set(value);
        self.1 = true;
    }

    fn register(self, registry: &mut Registry, name: &str, help: &str) {
        if self.1 {
            registry.register(name, help, self.0);
        }
    }
}

impl Counters {
    fn put(&mut self, labels: &[(&'static str, &str)], value: u64) {
        self.0.get_or_create(&of(labels)).inc_by(value);
        self.1 = true;
    }

    fn register(self, registry: &mut Registry, name: &str, help: &str) {
        if self.1 {
            registry.register(name, help, self.0);
        }
    }
}

fn of(labels: &[(&'static str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| (*name, label(value))).collect()
}

/// A value of a label: control characters spelled out, cut where it is long.
fn label(value: &str) -> String {
    let head: String = value.chars().take(LABEL_CHARS_MAX).collect();
    let shown = terminal(&head);
    let mut out: String = shown.chars().take(LABEL_CHARS_MAX).collect();
    if out.len() < shown.len() || head.len() < value.len() {
        out.push('…');
    }
    out
}

/// Seconds since 1970.
fn seconds(Time(at): Time) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

/// Counts as OpenMetrics writes them: exact up to 2^53, which no count here reaches.
fn number(n: impl Into<u64>) -> f64 {
    n.into() as f64
}

/// The metrics as OpenMetrics text, `# EOF` at its end.
#[must_use]
pub fn openmetrics(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry(snapshot));
    in_order(&text)
}

/// The same metrics with the series of each in order: whoever compares two answers sees what changed.
fn in_order(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut series: Vec<&str> = Vec::new();
    let tell = |out: &mut String, series: &mut Vec<&str>| {
        series.sort_unstable();
        for line in series.drain(..) {
            out.push_str(line);
        }
    };
    for line in text.split_inclusive('\n') {
        if line.starts_with('#') {
            tell(&mut out, &mut series);
            out.push_str(line);
        } else {
            series.push(line);
        }
    }
    tell(&mut out, &mut series);
    out
}

/// The metrics in the text form that Prometheus had before.
#[must_use]
pub fn prometheus(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let text = openmetrics(snapshot);
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            types.insert(name, kind);
        }
    }
    // There the name of a family is that of its samples, and there is neither a unit nor a mark at the end.
    for line in text.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (Some(what @ ("HELP" | "TYPE")), Some(name), Some(rest)) =
            (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (suffix, kind) = match types.get(name) {
            Some(&"counter") => ("_total", "counter"),
            Some(&"info") => ("_info", "gauge"),
            _ => ("", rest),
        };
        let rest = if what == "TYPE" { kind } else { rest };
        let _ = writeln!(out, "# {what} {name}{suffix} {rest}");
    }
    out
}

fn registry(snapshot: &Snapshot) -> Registry {
    let mut registry = Registry::with_prefix("uccxray");
    let version = label(&snapshot.report.tool.version);
    registry.register("build", "The program", Info::new(vec![("version", version)]));
    let mut at = Gauges::default();
    at.put(&[], seconds(snapshot.at));
    at.register(
        &mut registry,
        "snapshot_timestamp_seconds",
        "When the newest snapshot was made, by the clock of the watch",
    );
    let mut n = Gauges::default();
    n.put(&[], number(snapshot.report.product_instances.len() as u64));
    n.register(&mut registry, "product_instances", "Product Instances that the logs name");
    let mut n = Gauges::default();
    n.put(&[], number(snapshot.troubles.len() as u64));
    n.register(&mut registry, "troubles", "What is wrong with the watch itself");
    let mut replay = Gauges::default();
    replay.put(&[], f64::from(u8::from(snapshot.replay)));
    replay.register(
        &mut registry,
        "replay",
        "1 if the clock is that of a replay and nothing is happening now",
    );
    license(snapshot, &mut registry);
    checks(snapshot, &mut registry);
    alerts(snapshot, &mut registry);
    sources(snapshot, &mut registry);
    sockets(snapshot, &mut registry);
    sinks(snapshot, &mut registry);
    registry
}

fn instances(snapshot: &Snapshot) -> impl Iterator<Item = &ProductInstance> {
    snapshot.report.product_instances.iter().take(INSTANCES_MAX)
}

fn license(snapshot: &Snapshot, registry: &mut Registry) {
    let (mut states, mut since, mut deadlines) = (Gauges::default(), Gauges::default(), Gauges::default());
    let (mut purchased, mut in_use, mut peak) = (Gauges::default(), Gauges::default(), Gauges::default());
    for instance in instances(snapshot) {
        let id = ("product_instance", instance.id.as_str());
        let now = [&instance.now.registration, &instance.now.authorization, &instance.now.enforcement];
        for ((dimension, known), now) in STATES.iter().zip(now) {
            if now.state == "unknown" {
                continue;
            }
            let dimension = ("dimension", *dimension);
            for state in *known {
                states.put(&[id, dimension, ("state", state)], 0.0);
            }
            states.put(&[id, dimension, ("state", &now.state)], 1.0);
            if let Some(at) = now.since {
                since.put(&[id, dimension], seconds(at));
            }
        }
        // Of several of one kind the nearest that lies ahead counts, otherwise the last: it is written last.
        let (past, ahead): (Vec<_>, Vec<_>) =
            instance.deadlines.iter().partition(|deadline| is_past(deadline));
        for deadline in past.into_iter().chain(ahead.into_iter().rev()) {
            let kind = ("kind", deadline.kind.as_str());
            for (bound, at) in [
                ("earliest", deadline.earliest),
                ("expected", Some(deadline.expected)),
                ("latest", deadline.latest),
            ] {
                if let Some(at) = at {
                    deadlines.put(&[id, kind, ("bound", bound)], seconds(at));
                }
            }
        }
        for of in instance.usage.iter().flat_map(|usage| &usage.entitlements) {
            let labels = [id, ("entitlement", &*of.entitlement)];
            for (gauges, value) in
                [(&mut purchased, of.purchased), (&mut in_use, of.last), (&mut peak, of.peak)]
            {
                if let Some(value) = value {
                    gauges.put(&labels, number(value));
                }
            }
        }
    }
    states.register(
        registry,
        "license_state",
        "1 for the state that holds, 0 for the others; none where it is not known",
    );
    since.register(
        registry,
        "license_state_since_timestamp_seconds",
        "Since when the state holds, by the logs' clock",
    );
    deadlines.register(
        registry,
        "license_deadline_timestamp_seconds",
        "When something happens unless something is done",
    );
    purchased.register(registry, "licenses_purchased", "Licenses purchased");
    in_use.register(registry, "licenses_in_use", "Licenses in use in the last report to CSSM");
    peak.register(registry, "licenses_in_use_peak", "Most licenses in use at one time");
}

fn outcome(check: &Check) -> &'static str {
    match check.outcome {
        CheckOutcome::Fail if check.suppressed.is_some() => "suppressed",
        other => other.name(),
    }
}

fn checks(snapshot: &Snapshot, registry: &mut Registry) {
    let known: Vec<&str> = instances(snapshot).map(|instance| instance.id.as_str()).collect();
    let mut outcomes = Gauges::default();
    for check in &snapshot.report.checks {
        let id = check.product_instance.as_deref().unwrap_or_default();
        if !id.is_empty() && !known.contains(&id) {
            continue;
        }
        for name in OUTCOMES {
            let labels = [("check", check.id.as_str()), ("product_instance", id), ("outcome", name)];
            outcomes.put(&labels, f64::from(u8::from(name == outcome(check))));
        }
    }
    outcomes.register(registry, "check_outcome", "1 for how the check ended, 0 for the others");
}

fn alerts(snapshot: &Snapshot, registry: &mut Registry) {
    let mut counts: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for alert in &snapshot.alerts {
        let id = alert.product_instance.as_deref().unwrap_or_default();
        *counts.entry((alert.rule.as_str(), alert.severity.name(), id)).or_default() += 1;
    }
    let mut all = Gauges::default();
    for ((rule, severity, id), n) in counts.into_iter().take(SERIES_MAX) {
        all.put(&[("rule", rule), ("severity", severity), ("product_instance", id)], number(n));
    }
    all.register(registry, "alerts", "Alerts that are raised");
    let mut n = Gauges::default();
    n.put(&[], number(snapshot.alerts.len() as u64));
    n.register(registry, "alerts_raised", "Alerts that are raised, all together");
}

/// The sources with the most bytes, and the sum of the others.
fn largest(snapshot: &Snapshot) -> Vec<SourceStatus> {
    let mut all: Vec<&SourceStatus> = snapshot.sources.iter().collect();
    all.sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
    let rest = all.split_off(all.len().min(SOURCES_MAX));
    let mut shown: Vec<SourceStatus> = all.into_iter().cloned().collect();
    if !rest.is_empty() {
        let mut other =
            SourceStatus { name: "other".to_owned(), kind: "other".to_owned(), ..SourceStatus::default() };
        for source in rest {
            for (sum, n) in [
                (&mut other.bytes, source.bytes),
                (&mut other.records, source.records),
                (&mut other.events, source.events),
                (&mut other.unread_lines, source.unread_lines),
                (&mut other.missing, source.missing),
                (&mut other.over_limit, source.over_limit),
            ] {
                *sum = sum.saturating_add(n);
            }
            other.last_bytes = other.last_bytes.max(source.last_bytes);
            other.last_record = other.last_record.max(source.last_record);
            if let Some(behind) = source.behind_bytes {
                other.behind_bytes = Some(other.behind_bytes.unwrap_or(0).saturating_add(behind));
            }
        }
        shown.push(other);
    }
    shown
}

fn sources(snapshot: &Snapshot, registry: &mut Registry) {
    let mut counters: [Counters; 6] = Default::default();
    let (mut bytes_at, mut record_at, mut behind) = (Gauges::default(), Gauges::default(), Gauges::default());
    let mut trouble = Gauges::default();
    for source in largest(snapshot) {
        let labels = [("source", source.name.as_str()), ("kind", source.kind.as_str())];
        let values = [
            source.bytes,
            source.records,
            source.events,
            source.unread_lines,
            source.missing,
            source.over_limit,
        ];
        for (counter, value) in counters.iter_mut().zip(values) {
            counter.put(&labels, value);
        }
        if let Some(at) = source.last_bytes {
            bytes_at.put(&labels, seconds(at));
        }
        if let Some(at) = source.last_record {
            record_at.put(&labels, seconds(at));
        }
        if let Some(bytes) = source.behind_bytes {
            behind.put(&labels, number(bytes));
        }
        if source.name != "other" {
            trouble.put(&labels, f64::from(u8::from(source.trouble.is_some())));
        }
    }
    let names = [
        ("source_bytes", "Bytes read"),
        ("source_records", "Log records read"),
        ("source_events", "Events found"),
        ("source_unread_lines", "Lines that no format read"),
        ("source_missing", "Sequence numbers that are missing"),
        ("source_over_limit", "Messages thrown away because the sender exceeded its share"),
    ];
    for (counter, (name, help)) in counters.into_iter().zip(names) {
        counter.register(registry, name, help);
    }
    bytes_at.register(
        registry,
        "source_last_bytes_timestamp_seconds",
        "When bytes last came, by the clock of the watch",
    );
    record_at.register(registry, "source_last_record_timestamp_seconds", "Stamp of the newest record");
    behind.register(registry, "source_behind_bytes", "Bytes of a file that are not read yet");
    trouble.register(registry, "source_trouble", "1 if something is wrong with the source");
    let mut n = Gauges::default();
    n.put(&[], number(snapshot.sources.len() as u64));
    n.register(registry, "sources", "Files and senders that are known");
}

fn sockets(snapshot: &Snapshot, registry: &mut Registry) {
    let (mut messages, mut bytes, mut drops) =
        (Counters::default(), Counters::default(), Counters::default());
    let (mut buffer, mut open, mut refused) = (Gauges::default(), Gauges::default(), Counters::default());
    let mut odd = Counters::default();
    for (name, socket) in snapshot.listening.sockets.iter().take(SERIES_MAX) {
        let id = ("socket", name.as_str());
        messages.put(&[id], socket.messages);
        bytes.put(&[id], socket.bytes);
        if let Some(n) = socket.kernel_drops {
            drops.put(&[id], n);
        }
        if let Some(n) = socket.receive_buffer {
            buffer.put(&[id], number(n));
        }
        open.put(&[id], number(socket.connections));
        for (what, n) in
            [("empty", socket.empty), ("shortened", socket.shortened), ("incomplete", socket.incomplete)]
        {
            odd.put(&[id, ("what", what)], n);
        }
        for (reason, n) in socket.refused.iter().take(SERIES_MAX) {
            refused.put(&[id, ("reason", reason)], *n);
        }
    }
    messages.register(registry, "socket_messages", "Messages taken");
    bytes.register(registry, "socket_bytes", "Bytes of them");
    drops.register(
        registry,
        "socket_kernel_drops",
        "Datagrams that the kernel dropped because its buffer was full",
    );
    buffer.register(registry, "socket_receive_buffer_bytes", "Size of the kernel's buffer");
    open.register(registry, "socket_connections", "Open connections");
    odd.register(registry, "socket_odd_messages", "Messages that were empty, shortened or cut off");
    refused.register(registry, "socket_refused", "Connections refused or cut");
}

fn sinks(snapshot: &Snapshot, registry: &mut Registry) {
    let (mut delivered, mut failed, mut dead) =
        (Counters::default(), Counters::default(), Counters::default());
    let mut waiting = Gauges::default();
    for sink in snapshot.sinks.iter().take(SERIES_MAX) {
        let labels = [("sink", sink.name.as_str()), ("kind", sink.kind.as_str())];
        delivered.put(&labels, sink.delivered);
        failed.put(&labels, sink.failed);
        dead.put(&labels, sink.dead);
        waiting.put(&labels, number(sink.waiting));
    }
    delivered.register(registry, "sink_delivered", "Alerts delivered");
    failed.register(registry, "sink_failed", "Attempts that failed");
    dead.register(registry, "sink_dead", "Alerts given up: they stand in the dead-letter file");
    waiting.register(registry, "sink_waiting", "Alerts that wait");
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
