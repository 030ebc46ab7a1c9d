//! Which nodes make one Product Instance, and whose clock dates its events.

use crate::support::{Dir, run, uccxray};

/// Out of Compliance, in two records of a trace.
const OOC: &str = "\
51201: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] Out of Compliance soon.: This Product Instance will enter Out of Compliance state in =45 minutes
51202: Apr 02 10:45:05.760 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] This Product Instance is currently in Out of Compliance state because of insufficient licenses.
";

/// What makes [`OOC`] exact.
const HELP: [&str; 6] = ["--tz", "Asia/Kolkata", "--year", "2026", "--release", "12.5SU2"];

#[test]
fn nodes_are_one_product_instance_unless_the_user_parts_them() {
    let dir = Dir::new();
    dir.file("bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", OOC);
    dir.file("bundle/uccxpub2/uccx/log/MCVD/Cisco001MCVD001.log", OOC.replace("10:45", "10:46"));
    let ids = |args: &[&str]| -> Vec<String> {
        let args = [&["analyze", "bundle", "--format", "json"], HELP.as_slice(), args].concat();
        let report = run(uccxray(dir.path()).args(args)).exits(0).json();
        let instances = report["product_instances"].as_array().unwrap();
        instances.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["uccxpub"]);
    assert_eq!(ids(&["--cluster", "Pune=uccxpub,uccxsub1"]), ["Pune", "uccxpub2"]);
    assert_eq!(
        ids(&["--cluster", "Pune=uccxpub.example.com", "--cluster", "Bonn=uccxpub2"]),
        ["Bonn", "Pune"]
    );
    // A cluster of which the input shows no node changes nothing.
    assert_eq!(ids(&["--cluster", "Rome=uccx9"]), ["uccxpub"]);
}

#[test]
fn alarms_with_different_cluster_ids_are_of_different_licences_and_a_collector_compares_clocks() {
    // The collector's stamp, the node's own one, the cluster it is in.
    let line = |n: u32, outer: &str, host: &str, inner: &str, id: &str| {
        format!(
            "<184>1 2026-04-02T{outer}.000000+00:00 192.0.2.10 - - - - {n}: {host}.example.com: Apr 02 2026 {inner}.000 UTC \
             :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View \
             Daemon][ClusterID={id}][NodeID={host}]: This Product Instance is currently in Out of Compliance state.\n"
        )
    };
    let read = |ids: [&str; 2]| {
        let dir = Dir::new();
        let lines = [
            line(7, "05:00:02", "uccxpub", "05:00:00", ids[0]),
            line(9, "05:08:02", "uccxsub1", "05:20:00", ids[1]),
            line(8, "05:15:02", "uccxpub", "05:15:00", ids[0]),
            line(10, "05:23:02", "uccxsub1", "05:35:00", ids[1]),
        ];
        dir.file("collected.log", lines.concat());
        run(uccxray(dir.path()).args(["analyze", "collected.log", "--format", "json"])).exits(0).json()
    };
    let one = read(["", ""]);
    assert_eq!(one["product_instances"].as_array().unwrap().len(), 1);
    let clocks = &one["product_instances"][0]["clocks"][0];
    assert_eq!((&clocks["by"], &clocks["ahead_s"]), (&"collector".into(), &720.into()), "{clocks}");
    assert_eq!(one["events"].as_array().unwrap().len(), 4);
    assert_eq!(one["events"][1]["at"], "2026-04-02T05:08:00.000Z");
    let two = read(["Pune", "Bonn"]);
    assert_eq!(two["product_instances"].as_array().unwrap().len(), 2);
}

#[test]
fn a_log_is_silent_for_too_long_by_the_rules_of_its_release() {
    let dir = Dir::new();
    let trace = |times: &[&str], component: &str| -> String {
        let line = |(n, time): (usize, &&str)| {
            format!("{}: Apr 02 {time}.123 IST %{component}-ENG-7-UNK:working\n", n + 100)
        };
        times.iter().enumerate().map(line).collect()
    };
    dir.file(
        "bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log",
        trace(&["01:00:00", "04:00:00", "13:00:00"], "MCVD"),
    );
    let often: Vec<String> =
        (1..=13).flat_map(|hour| [0, 15, 30, 45].map(|m| format!("{hour:02}:{m:02}:00"))).collect();
    let often: Vec<&str> = often.iter().map(String::as_str).collect();
    dir.file("bundle/uccxpub/uccx/log/MIVR/Cisco001MIVR001.log", trace(&often, "MIVR"));
    let silences = |release: &str| -> Vec<String> {
        let args = [
            "analyze",
            "bundle",
            "--tz",
            "Asia/Kolkata",
            "--year",
            "2026",
            "-f",
            "json",
            "--release",
            release,
        ];
        let report = run(uccxray(dir.path()).args(args)).exits(0).json();
        let gaps = report["input"]["coverage"]["gaps"].as_array().unwrap();
        let silent = gaps.iter().filter(|gap| gap["kind"] == "silence" && gap["log"] == "MCVD");
        silent.map(|gap| gap["from"].as_str().unwrap().to_owned()).collect()
    };
    // Three hours, nine hours, and 45 minutes at the end: every quarter of an hour there should be a report.
    assert_eq!(silences("12.5SU2").len(), 3);
    // Every eight hours.
    assert_eq!(silences("15.0"), ["2026-04-01T22:30:00.123Z"]);
}

#[test]
fn a_flood_of_one_alarm_on_two_nodes_loses_no_line() {
    let dir = Dir::new();
    for node in ["uccxpub", "uccxsub1"] {
        let line = |n: u32| {
            let (second, milli) = (n / 1_000, n % 1_000);
            format!(
                "{}: Apr 02 10:45:{second:02}.{milli:03} UTC %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] on {node}\n",
                n + 1
            )
        };
        dir.file(
            &format!("bundle/{node}/uccx/log/MCVD/Cisco001MCVD001.log"),
            (0..8_000).map(line).collect::<String>(),
        );
    }
    let args = ["analyze", "bundle", "--year", "2026", "-f", "json"];
    let report = run(uccxray(dir.path()).args(args)).exits(0).json();
    let events = report["events"].as_array().unwrap();
    let lines: usize = events.iter().map(|event| event["witnesses"].as_array().unwrap().len()).sum();
    assert_eq!(lines, 16_000);
}
