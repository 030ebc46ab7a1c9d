//! Predictions from usage against the truth of synthetic bundles.
//!
//! `UCCXRAY_SEEDS=10000` runs more of them; `--nocapture` prints the counts.

use chrono::{TimeDelta, Utc};
use history::analysis::Options;
use history::facts::{Facts, MemberOutcome, Source};
use history::policy::{Reading, Regime, report_every};
use history::usage::{Predicted, Replay};
use uccxray::generate::{self, Bundle, OocModel, Plan};

use crate::support::drive::{Piece, Pieces};

/// The bundle with its usage, and what follows.
fn read(bundle: &Bundle) -> Facts {
    let source = |path: &str| Source { path: path.to_owned(), kind: "file", bytes: 0, sha256: None };
    let logs = bundle.files.iter().map(|file| Piece {
        source: 0,
        path: Some(file.path.clone()),
        not_after: Some(file.modified.with_timezone(&Utc)),
        outcome: MemberOutcome::Read,
        bytes: file.bytes.clone(),
    });
    let usage = Piece {
        source: 1,
        path: None,
        not_after: None,
        outcome: MemberOutcome::Read,
        bytes: bundle.truth.usage_csv().into_bytes(),
    };
    let pieces = Pieces {
        sources: vec![source("bundle"), source("usage.csv")],
        members: logs.chain([usage]).collect(),
        incomplete: Vec::new(),
        usage_from: 1,
    };
    let mut options = Options { release: Some(bundle.truth.release.to_owned()), ..Options::default() };
    options.given.zone = Some(bundle.truth.plan.zone);
    let mut facts = pieces.facts(&options, || usize::MAX);
    uccxray::analyze::consume(&mut facts);
    facts
}

#[derive(Debug, Default)]
struct Counts {
    bundles: u64,
    entries: u64,
    determined: u64,
    exact: u64,
    compared: u64,
    disagree: u64,
}

/// What is wrong with the prediction for one bundle.
fn one(seed: u64, counts: &mut Counts) -> Vec<String> {
    let bundle = generate::generate(&Plan::from_seed(seed));
    let facts = read(&bundle);
    let plan = &bundle.truth.plan;
    let (regime, reading) = match (plan.regime, plan.ooc_model) {
        (generate::Regime::Immediate, _) => (Regime::Immediate, None),
        (generate::Regime::Counted, OocModel::At45) => (Regime::Counted, Some(Reading::At45)),
        (generate::Regime::Counted, OocModel::At60) => (Regime::Counted, Some(Reading::At60)),
    };
    counts.bundles += 1;
    let mut wrong = Vec::new();
    let replays: Vec<&Replay> = (facts.instances.iter())
        .filter_map(|instance| instance.consumption.as_ref())
        .flat_map(|consumption| &consumption.replays)
        .filter(|replay| replay.regime == regime && replay.reading == reading)
        .collect();
    let [replay] = replays.as_slice() else {
        return vec![format!("seed {seed}: {} replays", replays.len())];
    };
    let every = report_every(regime);
    let entered = |path: &[Predicted]| -> Vec<Predicted> {
        path.iter().filter(|change| change.state == "out_of_compliance").cloned().collect()
    };
    let predicted = entered(&replay.path);
    let truth: Vec<_> = (bundle.truth.authorization.iter())
        .filter(|it| it.state == "out_of_compliance")
        .map(|it| it.from)
        .collect();
    for at in &truth {
        counts.entries += 1;
        let near = |change: &&Predicted| (change.expected - *at).abs() <= every;
        match predicted.iter().find(near) {
            Some(change) => {
                counts.determined += u64::from(change.determined);
                counts.exact += u64::from((change.expected - *at).abs() <= TimeDelta::seconds(2));
            }
            None => wrong.push(format!("seed {seed}: Out of Compliance at {at} was not predicted")),
        }
    }
    for change in predicted.iter().filter(|change| change.determined) {
        if !truth.iter().any(|at| (change.expected - *at).abs() <= every) {
            wrong.push(format!("seed {seed}: {} was predicted and did not happen", change.expected));
        }
    }
    // What is put beside the logs must not be called a difference where the rule was followed, unless clocks differ.
    if plan.skew_s == [0, 0] {
        counts.compared += replay.compared.iter().filter(|pair| pair.comparable).count() as u64;
        for pair in replay.compared.iter().filter(|pair| pair.comparable && !pair.agrees) {
            counts.disagree += 1;
            wrong.push(format!("seed {seed}: {:?} and {:?} differ", pair.predicted, pair.logged));
        }
    }
    wrong
}

#[test]
fn out_of_compliance_is_predicted_within_one_report() {
    let n_seeds: u64 = std::env::var("UCCXRAY_SEEDS").map_or(300, |text| text.parse().unwrap());
    let mut counts = Counts::default();
    let mut wrong: Vec<String> = (0..n_seeds).flat_map(|seed| one(seed, &mut counts)).collect();
    println!("{counts:?}");
    assert!(counts.entries > 0 && counts.compared > 0);
    let n_wrong = wrong.len();
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{n_wrong} differences, such as\n{}", wrong.join("\n"));
}

/// A sample's bundle with its usage, in a folder of its own; the arguments of its case.
fn laid(name: &str) -> (crate::support::case::Laid, Vec<String>) {
    let case = crate::support::case::all().into_iter().find(|case| case.name == name).unwrap();
    (case.lay_out(), case.said.args)
}

/// Runs a verb on a sample with more arguments.
fn verb(verb: &str, name: &str, more: &[&str]) -> (crate::support::case::Laid, crate::support::Ran) {
    let (laid, args) = laid(name);
    let mut command = crate::support::uccxray(laid.dir.path());
    command.args([verb, &laid.path, "--no-progress"]).args(&args).args(more);
    let ran = crate::support::run(&mut command);
    (laid, ran)
}

#[test]
fn whatif_says_what_restores_compliance_and_what_does_not() {
    let ask = ["-f", "json", "--buy", "LICENSES=29", "--remove-agents", "LICENSES=100"];
    let (_laid, ran) = verb("whatif", "usage-fits-60-minutes", &ask);
    let ran = ran.exits(0);
    let document: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    let (_laid, schema) = verb("schema", "usage-fits-60-minutes", &[]);
    assert_eq!(schema.code, 2, "schema takes no bundle");
    let schema =
        crate::support::run(crate::support::uccxray(_laid.dir.path()).args(["schema", "whatif"])).exits(0);
    let schema: serde_json::Value = serde_json::from_str(schema.text()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&document), "{document}");
    let scenarios = document["product_instances"][0]["scenarios"].as_array().unwrap();
    let lacking: Vec<Option<u64>> =
        (scenarios.iter()).map(|scenario| scenario["outcomes"][0]["lacking"][0]["count"].as_u64()).collect();
    assert_eq!(lacking, [Some(30), None, Some(1), Some(30)], "{document:#}");
    let states: Vec<Option<&str>> =
        (scenarios.iter()).map(|scenario| scenario["outcomes"][0]["path"][0]["state"].as_str()).collect();
    assert_eq!(states, [Some("enforced"), Some("in_compliance"), Some("enforced"), Some("enforced")]);
}

#[test]
fn whatif_writes_files_and_refuses_what_means_nothing() {
    let (laid, ran) = verb("whatif", "usage-fits-60-minutes", &["--quiet", "-o", "a.md", "-o", "a.txt"]);
    ran.exits(0);
    for name in ["a.md", "a.txt"] {
        assert!(std::fs::read_to_string(laid.dir.path().join(name)).unwrap().contains("30"), "{name}");
    }
    for wrong in [&["--buy", "LICENSES"][..], &["--only"], &["-o", "a.parquet"], &["--buy", "A=1,A=2"]] {
        verb("whatif", "usage-fits-60-minutes", wrong).1.exits(2);
    }
}

#[test]
fn usage_alone_is_enough_to_read() {
    let (laid, args) = laid("usage-fits-60-minutes");
    let run = |more: &[&str]| {
        let mut command = crate::support::uccxray(laid.dir.path());
        command.args(["analyze", "--no-progress", "-f", "json"]).args(more).args(&args);
        crate::support::run(&mut command)
    };
    let report = run(&[]).exits(0).report();
    let usage = report.product_instances[0].usage.as_ref().unwrap();
    assert_eq!(
        (usage.purchased, usage.peak, usage.locked, usage.deficit),
        (Some(100), Some(130), Some(130), Some(30))
    );
    run(&["--purchased", "LICENSES=many"]).exits(2);
    run(&["--usage-tz", "Nowhere/Land"]).exits(2);
    let lost = run(&["--usage", "elsewhere=usage.csv"]).exits(4);
    assert!(lost.text().contains("no such Product Instance"), "{}", lost.text());
}

#[test]
fn a_table_goes_by_the_files_name_and_any_other_name_is_all_of_them() {
    let files = ["-q", "-o", "usage.parquet", "-o", "case.csv", "-o", "history.csv"];
    let (laid, ran) = verb("analyze", "usage-fits-60-minutes", &files);
    ran.exits(0);
    let read = |name: &str| std::fs::read(laid.dir.path().join(name)).unwrap();
    let parquet = read("usage.parquet");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    let history = String::from_utf8(read("history.csv")).unwrap();
    assert!(history.starts_with("instance,") && history.contains("out_of_compliance"), "{history}");
    let all = String::from_utf8(read("case.csv")).unwrap();
    for table in ["history", "events", "countdown", "usage"] {
        assert!(all.lines().any(|line| line.starts_with(&format!("{table},"))), "{table}");
    }
}
