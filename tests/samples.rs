//! Every folder of `samples/`: run as its user would, compared with `expected/`.

use std::collections::{BTreeMap, BTreeSet};

use reports::report::{Evidence, Param, Report, Text};
use reports::time::Time;

use crate::support::case::{self, Case};
use crate::support::expect::{expect_file, table};

#[test]
fn every_sample_gives_what_is_expected_of_it() {
    let mut wrong = Vec::new();
    for case in case::all() {
        let laid = case.lay_out();
        let ran = case.run(&laid, &["--format", "json"]);
        if ran.code != case.said.exit {
            wrong.push(format!(
                "{}: exit code {}, not {}\n{}",
                case.name, ran.code, case.said.exit, ran.stderr
            ));
        }
        let report = ran.report();
        let cites = Cites::of(&report);
        let mut expect = |name: &str, actual: &str| {
            expect_file(&case.dir.join("expected").join(name), actual, &mut wrong);
        };
        expect("events.txt", &events(&report, &cites));
        expect("history.txt", &history(&report, &cites));
        expect("checks.txt", &checks(&report));
        expect("coverage.txt", &coverage(&report, &cites));
    }
    assert!(wrong.is_empty(), "{} differences\n\n{}", wrong.len(), wrong.join("\n"));
}

/// Whole reports stand in one sample, so that a new check does not rewrite twenty files.
#[test]
fn the_kitchen_sink_gives_the_expected_reports() {
    let cases = case::all();
    let case = cases.iter().find(|case| case.name == "kitchen-sink").expect("samples/kitchen-sink");
    let laid = case.lay_out();
    let names = ["report.txt", "report.md", "report.json"];
    let mut args = vec!["--quiet"];
    for name in names {
        args.extend(["-o", name]);
    }
    case.run(&laid, &args).exits(case.said.exit);
    let mut wrong = Vec::new();
    for name in names {
        let actual = std::fs::read_to_string(laid.dir.path().join(name)).unwrap();
        expect_file(&case.dir.join("expected").join(name), &actual, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_sample_says_what_it_is_and_what_it_must_show() {
    for Case { name, said, dir } in case::all() {
        assert!(!said.title.is_empty() && !said.provenance.is_empty() && !said.shows.is_empty(), "{name}");
        assert!(dir.join(&said.input).exists(), "{name}: no {}", said.input);
        let kebab =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(kebab, "{name}");
    }
}

#[test]
fn a_sample_gives_the_same_bytes_each_time() {
    for case in case::all() {
        let run = |format: &str| case.run(&case.lay_out(), &["--format", format]).stdout;
        for format in ["text", "md", "json"] {
            assert!(run(format) == run(format), "{} as {format}", case.name);
        }
    }
}

/// How evidence is named: by member and line; by its bytes too, where several records stand on one line.
struct Cites(BTreeMap<Place, BTreeSet<(u64, u64)>>);

/// Source, member and line.
type Place = (Text, Option<Text>, u64);

impl Cites {
    fn of(report: &Report) -> Self {
        let mut cites = Self(BTreeMap::new());
        let histories = report.product_instances.iter().flat_map(|instance| &instance.history);
        let all = (report.events.iter().flat_map(|event| &event.witnesses))
            .chain(histories.flat_map(|interval| &interval.evidence))
            .chain(report.checks.iter().flat_map(|check| &check.evidence));
        for it in all {
            let place = (it.source.clone(), it.member.clone(), it.line);
            cites.0.entry(place).or_default().insert((it.offset, it.length));
        }
        cites
    }

    fn cite(&self, it: &Evidence) -> String {
        let place = (it.source.clone(), it.member.clone(), it.line);
        let name = it.member.as_deref().unwrap_or(&it.source);
        if self.0.get(&place).is_some_and(|records| records.len() > 1) {
            format!("{name}:{}[{}+{}]", it.line, it.offset, it.length)
        } else {
            format!("{name}:{}", it.line)
        }
    }

    fn all(&self, evidence: &[Evidence]) -> String {
        let names: Vec<String> = evidence.iter().map(|it| self.cite(it)).collect();
        if names.is_empty() { "-".to_owned() } else { names.join(" ") }
    }
}

fn time(at: Option<Time>) -> String {
    at.map_or_else(|| "-".to_owned(), word)
}

/// A value as it stands in the JSON.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value).unwrap() {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// One line an event: when, where, what, who said it.
fn events(report: &Report, cites: &Cites) -> String {
    let rows: Vec<Vec<String>> = (report.events.iter())
        .map(|event| {
            let at = match (event.at, event.at_candidates.as_slice()) {
                (Some(at), _) => word(at),
                (None, []) => "undated".to_owned(),
                (None, several) => several.iter().map(word).collect::<Vec<_>>().join(" or "),
            };
            let mut read: Vec<String> = (event.params.iter())
                .filter(|(key, _)| ["minutes", "class", "service", "state", "alert", "host"].contains(key))
                .map(|(key, value)| match value {
                    Some(Param::Number(number)) => format!("{key}={number}"),
                    Some(Param::Text(text)) => format!("{key}={text}"),
                    None => format!("{key}=-"),
                })
                .collect();
            if event.kind == "unknown_license_event" {
                read.push(event.mnemonic.to_string());
            }
            let what = if read.is_empty() {
                event.kind.to_string()
            } else {
                format!("{}({})", event.kind, read.join(", "))
            };
            vec![at, or_dash(event.node.as_deref()), what, cites.all(&event.witnesses)]
        })
        .collect();
    table(&rows)
}

/// What is known now, then one line an interval.
fn history(report: &Report, cites: &Cites) -> String {
    let mut out = String::new();
    for instance in &report.product_instances {
        let now = &instance.now;
        let mut rows = Vec::new();
        for (dimension, it) in [
            ("registration", &now.registration),
            ("authorization", &now.authorization),
            ("enforcement", &now.enforcement),
        ] {
            let since = if it.since_is_first_seen { "first seen" } else { "since" };
            rows.push(vec![
                format!("now {dimension}"),
                it.state.clone(),
                format!("{since} {}", time(it.since)),
                word(it.basis),
            ]);
        }
        out.push_str(&format!("{}, as of {}\n", instance.id, time(report.as_of)));
        out.push_str(&table(&rows));
        let rows: Vec<Vec<String>> = (instance.history.iter())
            .map(|it| {
                let bounds = it.bounds.as_ref();
                let between =
                    bounds.map(|it| format!(" (between {} and {})", word(it.earliest), word(it.latest)));
                vec![
                    it.dimension.clone(),
                    it.state.clone(),
                    time(it.from),
                    time(it.until),
                    word(it.basis),
                    format!("{}{}", it.cause, between.unwrap_or_default()),
                    cites.all(&it.evidence),
                ]
            })
            .collect();
        out.push_str(&table(&rows));
        for it in &instance.contradictions {
            out.push_str(&format!("contradiction: {} {}\n", it.says, cites.all(&it.evidence)));
        }
    }
    out
}

/// One line a check; then what explains what, what was accepted, which texts were seen.
fn checks(report: &Report) -> String {
    let mut out = check_rows(report);
    for it in &report.causes {
        let explained: Vec<String> = (it.explains.iter())
            .map(|it| format!("{} ({}, {} lines)", it.check, word(it.confidence), it.evidence.len()))
            .collect();
        let aside = if it.suppressed { " suppressed" } else { "" };
        out.push_str(&format!("cause {} {} {}{aside}", it.rank, it.check, word(it.severity)));
        out.push_str(&if explained.is_empty() {
            "\n".to_owned()
        } else {
            format!(": explains {}\n", explained.join(", "))
        });
    }
    for it in &report.suppressions {
        out.push_str(&format!("suppression {} {} until {}\n", it.check, word(it.status), word(it.expires)));
    }
    for it in &report.signatures {
        let refines = it.refines.as_deref().map(|base| format!(" refines {base}")).unwrap_or_default();
        let whose = if it.own { " own" } else { "" };
        out.push_str(&format!("signature {} {}{whose}{refines}: {} events\n", it.id, it.class, it.events));
    }
    out
}

fn check_rows(report: &Report) -> String {
    let rows: Vec<Vec<String>> = (report.checks.iter())
        .map(|it| {
            vec![
                it.id.clone(),
                word(it.outcome),
                it.severity.map_or_else(|| "-".to_owned(), word),
                it.says.clone(),
            ]
        })
        .collect();
    table(&rows)
}

/// What was read, what was not, what is due.
fn coverage(report: &Report, cites: &Cites) -> String {
    let mut out = String::new();
    let rows: Vec<Vec<String>> = (report.input.members.iter())
        .map(|it| {
            let reason = it.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let cut = if it.cut_lines > 0 { format!(", {} cut", it.cut_lines) } else { String::new() };
            vec![
                it.path.clone().unwrap_or_else(|| it.source.clone()),
                or_dash(it.node.as_deref()),
                or_dash(it.format.as_deref()),
                format!("{} lines", it.lines),
                format!("{} records", it.records),
                format!("{} events", it.events),
                format!("{} unread{cut}", it.unread_lines),
                time(it.first),
                time(it.last),
                format!("{}{reason}", word(it.outcome)),
            ]
        })
        .collect();
    out.push_str(&table(&rows));
    let mut rows = Vec::new();
    for member in &report.input.members {
        for it in &member.unread {
            let name = member.path.as_deref().unwrap_or(&member.source);
            rows.push(vec![format!("unread {name}:{}", it.line), it.reason.clone(), it.text.clone()]);
        }
    }
    out.push_str(&table(&rows));
    for says in &report.input.incomplete {
        out.push_str(&format!("incomplete: {says}\n"));
    }
    let rows: Vec<Vec<String>> = (report.input.coverage.gaps.iter())
        .map(|it| {
            let missing = it.missing.map(|n| format!("{n} missing")).unwrap_or_default();
            vec![
                "gap".to_owned(),
                or_dash(it.node.as_deref()),
                it.log.clone(),
                time(it.from),
                time(it.to),
                it.kind.clone(),
                missing,
            ]
        })
        .collect();
    out.push_str(&table(&rows));
    for instance in &report.product_instances {
        let release = &instance.release;
        out.push_str(&format!(
            "release {} {} {} {}\n",
            or_dash(release.version.as_deref()),
            word(release.regime),
            word(release.basis),
            cites.all(&release.evidence)
        ));
        let way = &instance.deployment;
        out.push_str(&format!("transport {} {}\n", word(way.transport), or_dash(way.url.as_deref())));
        let rows: Vec<Vec<String>> = (instance.nodes.iter())
            .map(|it| {
                let zone = or_dash(it.time_zone.as_deref());
                let basis = format!("zone {}, year {}", it.basis.zone, it.basis.year);
                vec!["node".to_owned(), it.name.clone(), zone, basis, it.aliases.join(" ")]
            })
            .collect();
        out.push_str(&table(&rows));
        let rows: Vec<Vec<String>> = (instance.deadlines.iter())
            .map(|it| {
                vec![
                    format!("due {}", it.kind),
                    format!("earliest {}", time(it.earliest)),
                    format!("expected {}", word(it.expected)),
                    format!("latest {}", time(it.latest)),
                    it.remaining_s.map_or_else(|| "-".to_owned(), |s| format!("in {s} s")),
                    word(it.basis),
                    cites.all(&it.evidence),
                ]
            })
            .collect();
        out.push_str(&table(&rows));
    }
    out
}
