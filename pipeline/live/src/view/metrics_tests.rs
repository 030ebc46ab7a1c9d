//! Metrics as a strict reader takes them.

use std::collections::BTreeSet;

use super::*;
use crate::view::testing::{hostile, kitchen_sink};

type Sample = (String, BTreeMap<String, String>, f64);

/// Reads OpenMetrics text strictly: what is not allowed panics.
fn parse(text: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
    let body = text.strip_suffix("# EOF\n").expect("ends with the mark");
    let (mut types, mut samples) = (BTreeMap::new(), Vec::new());
    let (mut family, mut seen) = (String::new(), BTreeSet::new());
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            if family != name {
                assert!(seen.insert(name.to_owned()), "{name} stands twice");
                family = name.to_owned();
            }
            match what {
                "TYPE" => assert!(types.insert(name.to_owned(), rest.to_owned()).is_none()),
                "HELP" => assert!(!rest.is_empty()),
                "UNIT" => assert!(name.ends_with(rest)),
                other => panic!("{other}"),
            }
            continue;
        }
        let sample = sample(line);
        let suffix = match types[&family].as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        assert_eq!(sample.0, format!("{family}{suffix}"), "{line}");
        samples.push(sample);
    }
    let series: BTreeSet<String> =
        samples.iter().map(|(name, labels, _)| format!("{name}{labels:?}")).collect();
    assert_eq!(series.len(), samples.len(), "a series stands twice");
    (types, samples)
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, behind) = rest.split_once("=\"").unwrap();
            assert!(label.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{label}");
            let (mut value, mut chars) = (String::new(), behind.char_indices());
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next().unwrap().1 {
                        'n' => value.push('\n'),
                        c @ ('\\' | '"') => value.push(c),
                        other => panic!("\\{other}"),
                    },
                    (_, c) => value.push(c),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none());
            rest = behind[end + 1..].strip_prefix(',').unwrap_or(&behind[end + 1..]);
        }
        rest = &rest[1..];
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').unwrap().parse().unwrap())
}

fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let fits = |of: &BTreeMap<String, String>| labels.iter().all(|(k, v)| of.get(*k).is_some_and(|x| x == v));
    samples.iter().find(|(of, has, _)| of == name && fits(has)).map(|(_, _, value)| *value)
}

#[test]
fn states_deadlines_and_counts_are_told() {
    let snapshot = kitchen_sink(1);
    let (types, samples) = parse(&openmetrics(&snapshot));
    let check = |name: &str, labels: &[(&str, &str)], expected: f64| {
        assert_eq!(value(&samples, name, labels), Some(expected), "{name} {labels:?}");
    };
    check("uccxray_license_state", &[("dimension", "authorization"), ("state", "out_of_compliance")], 1.0);
    check("uccxray_license_state", &[("dimension", "authorization"), ("state", "in_compliance")], 0.0);
    let deadline = &snapshot.report.product_instances[0].deadlines[0];
    check(
        "uccxray_license_deadline_timestamp_seconds",
        &[("kind", &deadline.kind), ("bound", "expected")],
        seconds(deadline.expected),
    );
    check("uccxray_alerts", &[("rule", "out-of-compliance"), ("severity", "critical")], 1.0);
    check("uccxray_source_bytes_total", &[("kind", "file")], 123_456_789.0);
    check("uccxray_source_over_limit_total", &[("source", "udp 192.0.2.10")], 12.0);
    check("uccxray_socket_kernel_drops_total", &[("socket", "udp://0.0.0.0:514")], 5.0);
    check("uccxray_socket_refused_total", &[("reason", "no TLS")], 3.0);
    check("uccxray_sink_waiting", &[("sink", "mail")], 1.0);
    check("uccxray_snapshot_timestamp_seconds", &[], seconds(snapshot.at));
    check("uccxray_build_info", &[("version", &snapshot.report.tool.version)], 1.0);
    assert_eq!(types["uccxray_source_bytes"], "counter");
}

#[test]
fn exactly_one_state_of_a_known_dimension_holds() {
    let (_, samples) = parse(&openmetrics(&kitchen_sink(1)));
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (_, labels, value) in samples.iter().filter(|(name, ..)| name == "uccxray_license_state") {
        *sums.entry(&labels["dimension"]).or_default() += value;
    }
    assert!(!sums.is_empty());
    assert!(sums.values().all(|sum| *sum == 1.0), "{sums:?}");
}

#[test]
fn what_is_not_known_has_no_series() {
    let mut snapshot = kitchen_sink(1);
    let mut report = (*snapshot.report).clone();
    report.product_instances[0].now.authorization.state = "unknown".to_owned();
    report.product_instances[0].usage = None;
    snapshot.report = std::sync::Arc::new(report);
    snapshot.listening.sockets.remove("udp://0.0.0.0:514");
    let (_, samples) = parse(&openmetrics(&snapshot));
    assert_eq!(value(&samples, "uccxray_license_state", &[("dimension", "authorization")]), None);
    assert_eq!(value(&samples, "uccxray_socket_kernel_drops_total", &[]), None);
    assert_eq!(value(&samples, "uccxray_source_behind_bytes", &[("kind", "udp")]), None);
    assert_eq!(value(&samples, "uccxray_source_last_record_timestamp_seconds", &[("kind", "udp")]), None);
    assert_eq!(value(&samples, "uccxray_licenses_purchased", &[]), None);
}

#[test]
fn the_older_form_names_each_family_as_its_samples() {
    let text = prometheus(&kitchen_sink(1));
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));
    let mut typed = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            typed.insert(name.to_owned());
        } else if !line.starts_with('#') {
            assert!(typed.contains(&sample(line).0), "{line}");
        }
    }
    assert!(typed.contains("uccxray_build_info") && typed.contains("uccxray_source_bytes_total"));
}

#[test]
fn a_hostile_name_is_one_bounded_label() {
    let (_, samples) = parse(&openmetrics(&hostile()));
    assert!(samples.len() > 20);
    for (_, labels, _) in &samples {
        for value in labels.values() {
            assert!(value.chars().count() <= LABEL_CHARS_MAX + 1);
            assert!(!value.contains(['\n', '\u{1b}', '\u{202e}']));
        }
    }
    assert_eq!(label(&"é".repeat(1_000)).chars().count(), LABEL_CHARS_MAX + 1);
}

#[test]
fn a_thousand_senders_are_two_hundred_and_the_others() {
    let mut snapshot = kitchen_sink(1);
    snapshot.sources = (0..1_000)
        .map(|n| SourceStatus {
            name: format!("udp sender {n}"),
            kind: "udp".to_owned(),
            bytes: n,
            records: 1,
            ..SourceStatus::default()
        })
        .collect();
    let (_, samples) = parse(&openmetrics(&snapshot));
    let of: Vec<_> = samples.iter().filter(|(name, ..)| name == "uccxray_source_records_total").collect();
    assert_eq!(of.len(), SOURCES_MAX + 1);
    assert_eq!(of.iter().map(|(_, _, n)| n).sum::<f64>(), 1_000.0);
    assert_eq!(value(&samples, "uccxray_source_records_total", &[("source", "other")]), Some(800.0));
    assert_eq!(value(&samples, "uccxray_sources", &[]), Some(1_000.0));
}

#[test]
fn the_same_snapshot_has_the_same_metrics_in_the_same_order() {
    for snapshot in [kitchen_sink(1), hostile()] {
        let text = openmetrics(&snapshot);
        assert!((0..20).all(|_| openmetrics(&snapshot) == text));
        assert!(text.ends_with("# EOF\n"));
    }
}
