//! What the generator promises.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};
use flate2::read::GzDecoder;

use super::*;

fn bundle(seed: u64) -> Bundle {
    generate(&Plan::from_seed(seed))
}

/// A small plan in which every feature can be seen; the tests below change one field at a time.
fn plain() -> Plan {
    Plan {
        hours: 20,
        nodes: 2,
        skew_s: [0, 0],
        regime: Regime::Counted,
        ooc_model: OocModel::At60,
        print_30: false,
        repeat: Repeat::EveryReport,
        both_nodes_log: false,
        buys: false,
        failures: false,
        restart: false,
        container: Container::Zip,
        layout: Layout::ByNode,
        with_syslog: true,
        with_rtmt: false,
        with_cli: false,
        with_ntp: false,
        with_timezone: false,
        with_history: false,
        copied_after_days: 0,
        cvd_stopped: false,
        alarm_log: AlarmLog::CiscoSyslog,
        circular: false,
        kept_files: 3,
        file_bytes: 4_000,
        index_width: 3,
        shuffle: false,
        filler: 2,
        repeated_stack: false,
        glued_zone: false,
        engine_debug: false,
        collected_twice: false,
        crlf: false,
        backslash: false,
        zip_utc: false,
        ..Plan::for_occasion(12, Occasion::Ordinary)
    }
}

fn text<'a>(bundle: &'a Bundle, path: &str) -> &'a str {
    let file = bundle.files.iter().find(|it| it.path == path).unwrap();
    std::str::from_utf8(&file.bytes).unwrap()
}

fn all_text(bundle: &Bundle) -> String {
    bundle.files.iter().map(|it| std::str::from_utf8(&it.bytes).unwrap()).collect()
}

fn fnv(bytes: &[u8], hash: u64) -> u64 {
    bytes.iter().fold(hash, |hash, it| (hash ^ u64::from(*it)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 0..40 {
        let (a, b) = (bundle(seed), bundle(seed));
        assert_eq!(a, b);
        assert_eq!(a.truth.to_json().unwrap(), b.truth.to_json().unwrap());
        assert_eq!(to_zip(&a).unwrap(), to_zip(&b).unwrap());
        assert_eq!(to_tar_gz(&a).unwrap(), to_tar_gz(&b).unwrap());
    }
    assert_ne!(bundle(1).files, bundle(2).files);
}

/// Fails where a change moves the bytes of existing seeds. Only new zone data (chrono-tz) and new kinds of evidence
/// may do that.
#[test]
fn the_bytes_of_a_seed_never_change() {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for seed in 0..200 {
        let bundle = bundle(seed);
        for file in &bundle.files {
            hash = fnv(&file.bytes, fnv(file.path.as_bytes(), hash));
        }
        hash = fnv(bundle.truth.to_json().unwrap().as_bytes(), hash);
    }
    assert_eq!(hash, 0x5067_9922_728b_3541, "{hash:#x}");
}

/// The stamp that a node whose clock stands at `node_at` prints, by chrono's own formatting.
fn stamp(truth: &Truth, record: Witness, node_at: DateTime<Utc>) -> String {
    match record {
        Witness::Trace => {
            let local = node_at.with_timezone(&truth.plan.zone);
            format!("{} {}", local.format("%b %d %H:%M:%S%.3f"), acronym(truth.plan.zone, node_at))
        }
        Witness::Syslog | Witness::Rtmt => node_at.format("%b %d %Y %H:%M:%S%.3f UTC").to_string(),
    }
}

#[test]
fn truth_lists_exactly_what_a_naive_search_finds() {
    let mut n_events = 0;
    for seed in 0..400 {
        let bundle = bundle(seed);
        let truth = &bundle.truth;
        let mut listed = BTreeMap::new();
        for event in &truth.events {
            n_events += 1;
            let paths: BTreeSet<_> = event.sightings.iter().map(|it| &it.path).collect();
            assert_eq!(event.witnesses.iter().collect::<BTreeSet<_>>(), paths);
            for it in &event.sightings {
                let skew_s = truth.nodes.iter().find(|node| node.name == it.node).unwrap().skew_s;
                assert_eq!(it.node_at - it.at, TimeDelta::seconds(i64::from(skew_s)));
                let line = text(&bundle, &it.path).lines().nth(it.line as usize - 1).unwrap();
                let stamp = stamp(truth, it.record, it.node_at);
                assert!(line.contains(&stamp), "seed {seed}: {stamp} in {line}");
                let needle = match (event.kind, event.mnemonic) {
                    (_, Some(mnemonic)) => format!("-{mnemonic}: "),
                    ("transport_failure", _) => "-LIB_LICENSE-7-EXCEPTION:java.".to_owned(),
                    _ => "1: ".to_owned(),
                };
                assert!(line.contains(&needle), "seed {seed}: {needle} in {line}");
                if let (Some(minutes), true) = (event.minutes, event.mnemonic.is_some()) {
                    assert!(line.contains(&format!("={minutes} minutes")));
                }
                if event.mnemonic.is_some() {
                    *listed.entry((it.record, it.path.clone())).or_insert(0) += 1;
                }
            }
        }
        let mut found = BTreeMap::new();
        let copied = |path: &String| truth.duplicates.iter().any(|it| it.path == *path);
        for file in bundle.files.iter().filter(|it| !copied(&it.path)) {
            for line in std::str::from_utf8(&file.bytes).unwrap().lines() {
                let record = if line.contains("%UC_RTMT-2-RTMT_ALERT") {
                    Witness::Rtmt
                } else if line.contains("%UC_LIB_LICENSE-") {
                    Witness::Syslog
                } else if line.contains("%MCVD-LIB_LICENSE-") && !line.contains("-EXCEPTION:") {
                    Witness::Trace
                } else {
                    continue;
                };
                *found.entry((record, file.path.clone())).or_insert(0) += 1;
            }
        }
        assert_eq!(listed, found, "seed {seed}");
    }
    assert!(n_events > 2_000, "{n_events}");
}

type Change = fn(&mut Plan);

#[test]
fn every_flag_has_an_effect() {
    let base = plain();
    let bytes = |plan: &Plan| {
        let bundle = generate(plan);
        (to_zip(&bundle).unwrap(), bundle.files)
    };
    let original = bytes(&base);
    let changes: [(&str, Change); 37] = [
        ("seed", |it| it.seed += 1),
        ("zone", |it| it.zone = chrono_tz::Tz::Asia__Kathmandu),
        ("start", |it| it.start += TimeDelta::days(400)),
        ("hours", |it| it.hours = 10),
        ("nodes", |it| it.nodes = 1),
        ("skew", |it| it.skew_s = [0, -700]),
        ("regime", |it| it.regime = Regime::Immediate),
        ("ooc_model", |it| it.ooc_model = OocModel::At45),
        ("print_30", |it| it.print_30 = true),
        ("repeat", |it| it.repeat = Repeat::Once),
        ("both_nodes_log", |it| it.both_nodes_log = true),
        ("buys", |it| it.buys = true),
        ("failures", |it| it.failures = true),
        ("restart", |it| it.restart = true),
        ("layout", |it| it.layout = Layout::Sftp),
        ("with_syslog", |it| it.with_syslog = false),
        ("with_rtmt", |it| it.with_rtmt = true),
        ("with_cli", |it| it.with_cli = true),
        ("with_ntp", |it| it.with_ntp = true),
        ("with_timezone", |it| it.with_timezone = true),
        ("with_history", |it| it.with_history = true),
        ("copied_after_days", |it| it.copied_after_days = 400),
        ("alarm_log", |it| it.alarm_log = AlarmLog::Messages),
        ("alarm_log both", |it| it.alarm_log = AlarmLog::Both),
        ("circular", |it| it.circular = true),
        ("file_bytes", |it| it.file_bytes = 9_000),
        ("index_width", |it| it.index_width = 2),
        ("shuffle", |it| it.shuffle = true),
        ("filler", |it| it.filler = 3),
        ("glued_zone", |it| it.glued_zone = true),
        ("engine_debug", |it| it.engine_debug = true),
        ("collected_twice", |it| it.collected_twice = true),
        ("crlf", |it| it.crlf = true),
        ("backslash", |it| it.backslash = true),
        ("zip_utc", |it| it.zip_utc = true),
        ("repeated_stack", |it| (it.failures, it.repeated_stack) = (true, true)),
        ("cvd_stopped", |it| (it.with_cli, it.cvd_stopped) = (true, true)),
    ];
    for (name, change) in changes {
        let mut plan = base.clone();
        change(&mut plan);
        assert_ne!(bytes(&plan), original, "{name}");
    }
    // Three flags that need another one to be seen.
    let seen = |change: Change| {
        let mut plan = base.clone();
        change(&mut plan);
        all_text(&generate(&plan))
    };
    assert_ne!(seen(|it| (it.circular, it.kept_files) = (true, 2)), seen(|it| it.circular = true));
    let n_stopped = |text: String| text.matches("[STOPPED]").count();
    assert_eq!(n_stopped(seen(|it| it.with_cli = true)), 2);
    assert_eq!(n_stopped(seen(|it| (it.with_cli, it.cvd_stopped) = (true, true))), 3);
    let stack = "%MCVD-LIB_LICENSE-7-EXCEPTION:\tat ";
    assert!(seen(|it| (it.failures, it.repeated_stack) = (true, true)).contains(stack));
    assert!(!seen(|it| it.failures = true).contains(stack));
}

/// Sequence number and local time of every record, in the order of the numbers, for one log of one node.
fn records(bundle: &Bundle, log: &str) -> Vec<(u64, NaiveDateTime)> {
    let mut files: Vec<_> = bundle.files.iter().filter(|it| it.path.contains(log)).collect();
    files.sort_by_key(|it| it.modified);
    let lines = files.iter().flat_map(|it| std::str::from_utf8(&it.bytes).unwrap().lines());
    lines.filter_map(record).collect()
}

fn record(line: &str) -> Option<(u64, NaiveDateTime)> {
    let (seq, rest) = line.split_once(": ")?;
    // A leap year lets every stamp parse; the tests only compare neighbours.
    let local = NaiveDateTime::parse_from_str(&format!("2024 {}", rest.get(..19)?), "%Y %b %d %H:%M:%S%.3f");
    Some((seq.parse().ok()?, local.ok()?))
}

#[test]
fn a_fold_repeats_local_time_and_a_gap_skips_it() {
    let mut zones = BTreeSet::new();
    for seed in 0..60 {
        let mut plan = Plan::for_occasion(seed, Occasion::Fold);
        assert_eq!(plan.occasion, Occasion::Fold);
        plan.circular = false;
        zones.insert(plan.zone.name());
        let records = records(&generate(&plan), "uccxpub/uccx/log/MIVR");
        let records =
            if records.is_empty() { self::records(&generate(&plan), "Cisco001MIVR") } else { records };
        let steps = records.windows(2);
        let back = steps.filter(|it| it[1].0 == it[0].0 + 1 && it[1].1 < it[0].1);
        assert!(back.count() >= 1, "seed {seed}: {}", plan.zone);

        let plan = Plan::for_occasion(seed, Occasion::Gap);
        assert_eq!(plan.occasion, Occasion::Gap);
        let changes =
            clock_changes(plan.zone, plan.start - TimeDelta::days(1), plan.until() + TimeDelta::days(1));
        assert!(changes.iter().any(|it| it.jump_s > 0 && plan.start < it.at && it.at < plan.until()));
    }
    assert!(zones.len() > 10, "{zones:?}");
}

#[test]
fn occasions_are_where_they_should_be() {
    for seed in 0..60 {
        let plan = Plan::for_occasion(seed, Occasion::NewYear);
        let local = |at: DateTime<Utc>| at.with_timezone(&plan.zone).naive_local();
        assert_ne!(local(plan.start).format("%Y").to_string(), local(plan.until()).format("%Y").to_string());
        let plan = Plan::for_occasion(seed, Occasion::LeapDay);
        let days: BTreeSet<_> = (0..=plan.hours * 4)
            .map(|it| (plan.start + TimeDelta::minutes(15 * i64::from(it))).with_timezone(&plan.zone))
            .map(|it| it.format("%m-%d").to_string())
            .collect();
        assert!(days.contains("02-29"), "seed {seed}: {days:?}");
    }
    let drawn: BTreeSet<_> = (0..200).map(|it| format!("{:?}", Plan::from_seed(it).occasion)).collect();
    assert_eq!(drawn.len(), 5);
    let zones: BTreeSet<_> = (0..2_000).map(|it| Plan::from_seed(it).zone.name()).collect();
    assert_eq!(zones.len(), 40);
    assert!((0..2_000).flat_map(|it| Plan::from_seed(it).skew_s).all(|it| it.abs() <= 1_200));
}

#[test]
fn numbers_rise_by_one_and_circular_traces_lose_only_the_oldest() {
    let mut lost = 0;
    for seed in 0..60 {
        let plan = Plan { circular: true, restart: false, layout: Layout::ByNode, ..Plan::from_seed(seed) };
        let bundle = generate(&plan);
        for log in ["uccxpub/uccx/log/MCVD", "uccxpub/uccx/log/MIVR", "uccxpub/uccx/log/MADM"] {
            let n_files = bundle.files.iter().filter(|it| it.path.contains(log)).count();
            assert!(n_files as u32 <= plan.kept_files);
            let records = records(&bundle, log);
            assert!(records.windows(2).all(|it| it[1].0 == it[0].0 + 1), "seed {seed}: {log}");
        }
        let whole = generate(&Plan { circular: false, ..plan.clone() });
        lost += whole.truth.events.len() - bundle.truth.events.len();
        assert_eq!(whole.truth.authorization, bundle.truth.authorization);
    }
    assert!(lost > 0);
}

#[test]
fn a_restart_begins_the_numbers_again() {
    let bundle = generate(&Plan { restart: true, ..plain() });
    let restarts: Vec<_> = bundle.truth.events.iter().filter(|it| it.kind == "process_restart").collect();
    assert_eq!(restarts.len(), 1);
    let records = records(&bundle, "uccxpub/uccx/log/MCVD");
    let resets: Vec<_> = records.windows(2).filter(|it| it[1].0 < it[0].0).map(|it| it[1]).collect();
    let local = restarts[0].node_at.with_timezone(&bundle.truth.plan.zone).naive_local();
    assert_eq!(resets.len(), 1);
    assert_eq!((resets[0].0, resets[0].1.time()), (1, local.time()));
}

#[test]
fn the_counted_rule() {
    let mut n_entered = 0;
    for seed in 0..200 {
        let plan =
            Plan { regime: Regime::Counted, circular: false, failures: false, ..Plan::from_seed(seed) };
        let truth = generate(&plan).truth;
        for pair in truth.authorization.windows(2) {
            assert_eq!(pair[0].until, Some(pair[1].from));
            assert_ne!(pair[0].state, pair[1].state);
            let lasted_s = (pair[1].from - pair[0].from).num_seconds();
            if pair[1].state == "out_of_compliance" {
                n_entered += 1;
                assert_eq!(pair[0].state, "overage");
                let minutes = if plan.ooc_model == OocModel::At45 { 45 } else { 60 };
                assert!((lasted_s - minutes * 60).abs() <= 2, "{lasted_s}");
            }
            if pair[0].state == "overage" {
                let at = |kind| {
                    move |it: &&Event| it.kind == kind && (pair[0].from..pair[1].from).contains(&it.at)
                };
                let first = truth.events.iter().find(at("ooc_approaching")).unwrap();
                assert_eq!((first.minutes, first.at), (Some(45), pair[0].from));
                let imminent = truth.events.iter().filter(at("ooc_imminent")).count();
                assert_eq!(imminent, usize::from(lasted_s > 31 * 60), "{lasted_s}");
            }
        }
    }
    assert!(n_entered > 50, "{n_entered}");
}

#[test]
fn the_immediate_rule() {
    for seed in 0..100 {
        let plan = Plan { regime: Regime::Immediate, circular: false, ..Plan::from_seed(seed) };
        let truth = generate(&plan).truth;
        let alarms: Vec<_> = truth.events.iter().filter(|it| it.mnemonic.is_some()).collect();
        assert!(alarms.iter().all(|it| it.kind == "ooc_entered"));
        for pair in alarms.windows(2) {
            let lasted_s = (pair[1].at - pair[0].at).num_seconds();
            assert!((lasted_s + 2) % (8 * 3_600) <= 4, "{lasted_s}");
        }
    }
}

#[test]
fn containers_hold_the_members_with_their_times() {
    let bundle = generate(&Plan { zip_utc: true, with_cli: true, ..plain() });
    let mut zip = zip::ZipArchive::new(Cursor::new(to_zip(&bundle).unwrap())).unwrap();
    assert_eq!(zip.len(), bundle.files.len());
    for (i, member) in bundle.files.iter().enumerate() {
        let mut file = zip.by_index(i).unwrap();
        assert_eq!(file.name().unwrap(), member.path);
        let local = member.modified.with_timezone(&bundle.truth.plan.zone);
        let dos = file.last_modified().unwrap();
        assert_eq!((u32::from(dos.hour()), u32::from(dos.minute())), (local.hour(), local.minute()));
        let utc = file.extra_data_fields().find_map(|it| match it {
            zip::ExtraField::ExtendedTimestamp(it) => it.mod_time(),
            _ => None,
        });
        assert_eq!(utc.map(i64::from), Some(member.modified.timestamp()));
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, member.bytes);
    }
    let tar_gz = to_tar_gz(&bundle).unwrap();
    let mut tar = tar::Archive::new(GzDecoder::new(tar_gz.as_slice()));
    for (entry, member) in tar.entries().unwrap().zip(&bundle.files) {
        let entry = entry.unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some(member.path.as_str()));
        assert_eq!(entry.header().mtime().unwrap() as i64, member.modified.timestamp());
        assert_eq!(entry.size(), member.bytes.len() as u64);
    }
    let back = generate(&Plan { backslash: true, ..plain() });
    let zip = zip::ZipArchive::new(Cursor::new(to_zip(&back).unwrap())).unwrap();
    assert!(zip.file_names().map(|it| it.unwrap()).all(|it| it.contains('\\') && !it.contains('/')));
}

#[test]
fn a_second_download_is_a_copy() {
    for layout in [Layout::ByNode, Layout::Sftp] {
        let bundle = generate(&Plan { layout, collected_twice: true, ..plain() });
        let copy = &bundle.truth.duplicates[0];
        assert_ne!(copy.path, copy.of);
        assert_eq!(text(&bundle, &copy.path), text(&bundle, &copy.of));
    }
}

#[test]
fn a_directory_is_written_with_the_truth_beside_it() {
    let dir = std::env::temp_dir().join(format!("uccxray-generate-{}", std::process::id()));
    for container in [Container::Dir, Container::Zip, Container::TarGz] {
        let bundle = generate(&Plan { container, ..plain() });
        let written = write(&bundle, &dir).unwrap();
        assert_eq!(std::fs::read_to_string(&written.truth).unwrap(), bundle.truth.to_json().unwrap());
        assert!(written.bundle.exists());
        assert!(!written.truth.starts_with(&written.bundle));
        if container == Container::Dir {
            let member = &bundle.files[0];
            let path = written.bundle.join(&member.path);
            assert_eq!(std::fs::read(&path).unwrap(), member.bytes);
            let modified: DateTime<Utc> = std::fs::metadata(&path).unwrap().modified().unwrap().into();
            assert_eq!(modified, member.modified);
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn only_documentation_hosts_and_no_failure_words_without_a_failure() {
    for seed in 0..100 {
        let bundle = generate(&Plan { failures: false, ..Plan::from_seed(seed) });
        let text = all_text(&bundle);
        for word in text.split(|it: char| !(it.is_ascii_digit() || it == '.')) {
            let octets: Vec<_> = word.split('.').collect();
            let address = octets.len() == 4 && octets.iter().all(|it| it.parse::<u8>().is_ok());
            assert!(!address || word.starts_with("192.0.2."), "{word}");
        }
        for word in ["UnknownHost", "timed out", "refused", "cssm"] {
            assert!(!text.contains(word), "seed {seed}: {word}");
        }
    }
}

#[test]
fn bundles_are_small() {
    let sizes = (0..500).map(|it| bundle(it).files.iter().map(|file| file.bytes.len()).sum::<usize>());
    let mut sizes: Vec<_> = sizes.collect();
    sizes.sort_unstable();
    assert!(sizes[475] < 200_000 && sizes[499] < 260_000, "{} {}", sizes[475], sizes[499]);
}
