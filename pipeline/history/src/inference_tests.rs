//! What may be concluded from silence, and what may not.

use parsers::reader::{Limits, Reader, Shared};

use crate::analysis::{Analysis, Input, Options};
use crate::facts::{Facts, MemberOutcome, Source};

const TO45: &str = "%MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] com.cisco.x.Y a.: This Product \
                    Instance will enter Out of Compliance state in =45 minutes";
const OOC: &str = "%MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.cisco.x.Y b.";

fn facts(members: &[(&str, String)], release: Option<&str>) -> Facts {
    let source = Source { path: "bundle".to_owned(), kind: "directory", bytes: 0, sha256: None };
    let mut analysis = Analysis::new(vec![source]);
    let shared = Shared::new();
    for (path, text) in members {
        let mut reader = Reader::new(&shared, Limits::default(), true);
        reader.feed(text.as_bytes());
        analysis.add(Input {
            instance: None,
            expect_usage: false,
            source: 0,
            path: Some((*path).to_owned()),
            not_after: None,
            outcome: MemberOutcome::Read,
            read: reader.finish(),
        });
    }
    let mut options = Options { release: release.map(str::to_owned), ..Options::default() };
    options.given.year = Some(2026);
    analysis.facts(&options)
}

/// A warning at 10:00, then a heartbeat every ten minutes up to 11:20, with `extra` lines put in by their time.
fn log(extra: &[(&str, u32, &str)]) -> String {
    let mut lines: Vec<(String, u32, String)> = vec![("10:00:00".to_owned(), 1, TO45.to_owned())];
    for beat in 1..=8_u32 {
        let time = format!("{:02}:{:02}:00", 10 + beat / 6, beat % 6 * 10);
        lines.push((time, 1 + beat, "%MCVD-CVD-7-UNK:x".to_owned()));
    }
    lines.extend(extra.iter().map(|(time, seq, text)| ((*time).to_owned(), *seq, (*text).to_owned())));
    lines.sort();
    lines.iter().map(|(time, seq, text)| format!("{seq}: Apr 02 {time}.000 UTC {text}\n")).collect()
}

fn state(members: &[(&str, String)], release: Option<&str>) -> &'static str {
    facts(members, release).instances.first().map_or("none", |instance| instance.authorization.state)
}

#[track_caller]
fn check(members: &[(&str, String)], release: Option<&str>, expected: &str) {
    assert_eq!(state(members, release), expected);
}

const PUB: &str = "uccxpub/uccx/log/MCVD/a.log";

#[test]
fn a_countdown_that_runs_out_while_the_log_goes_on_is_over() {
    check(&[(PUB, log(&[]))], None, "in_compliance");
}

#[test]
fn an_undated_alarm_forbids_a_conclusion_from_silence() {
    let undated = format!("10: Apr 02 10:45:00.000 IST {OOC}\n");
    check(&[(PUB, log(&[]) + &undated)], None, "overage");
}

#[test]
fn eight_hourly_reports_say_nothing_by_their_absence() {
    check(&[(PUB, log(&[]))], Some("12.5SU3"), "overage");
}

#[test]
fn missing_records_forbid_a_conclusion_from_silence() {
    let text = log(&[]).replace("\n3: ", "\n503: ").replace("\n4: ", "\n504: ").replace("\n5: ", "\n505: ");
    let text = text.replace("\n6: ", "\n506: ").replace("\n7: ", "\n507: ").replace("\n8: ", "\n508: ");
    check(&[(PUB, text.replace("\n9: ", "\n509: "))], None, "overage");
}

#[test]
fn a_new_process_forbids_a_conclusion_from_silence() {
    let text = log(&[]).replace("\n5: ", "\n1: ").replace("\n6: ", "\n2: ").replace("\n7: ", "\n3: ");
    check(&[(PUB, text.replace("\n8: ", "\n4: ").replace("\n9: ", "\n5: "))], None, "overage");
}

#[test]
fn another_nodes_log_says_nothing_about_this_one() {
    let warning = format!("1: Apr 02 10:00:00.000 UTC {TO45}\n");
    let other = log(&[]).lines().skip(1).map(|line| format!("{line}\n")).collect();
    check(&[(PUB, warning), ("uccxsub1/uccx/log/MCVD/b.log", other)], None, "overage");
}

#[test]
fn a_daemon_that_failed_forbids_a_conclusion_from_silence() {
    let failed = "1: uccxpub: Apr 02 2026 10:05:00.000 UTC :  %UC_SERVICEMANAGER-2-ServiceFailed: \
                  %[ServiceName=Cisco Unified CCX Cluster View Daemon][NodeID=uccxpub]: Service terminated.\n";
    check(&[(PUB, log(&[])), ("uccxpub/syslog/CiscoSyslog", failed.to_owned())], None, "overage");
}

#[test]
fn a_countdown_ten_minutes_into_out_of_compliance_is_a_contradiction() {
    let text = format!("1: Apr 02 10:00:00.000 UTC {OOC}\n2: Apr 02 10:10:00.000 UTC {TO45}\n");
    let facts = facts(&[(PUB, text)], Some("12.5SU2"));
    let instance = &facts.instances[0];
    assert_eq!(instance.authorization.state, "out_of_compliance");
    assert_eq!(instance.contradictions.len(), 1);
}

#[test]
fn two_nodes_that_count_down_eight_minutes_apart_restore_nothing() {
    let text = |minute: u32| format!("1: Apr 02 10:{minute:02}:00.000 UTC {TO45}\n");
    let members = [(PUB, text(0)), ("uccxsub1/uccx/log/MCVD/b.log", text(8))];
    let facts = facts(&members, Some("12.5SU2"));
    assert_eq!(facts.instances[0].transitions.len(), 1);
    assert_eq!(facts.instances[0].deadlines[0].expected.to_rfc3339(), "2026-04-02T10:45:00+00:00");
}

#[test]
fn another_products_alarm_sets_no_state() {
    let alarm = "1: cucm1: Apr 02 2026 10:05:00.000 UTC :  %UC_SLMALARMCATALOG-1-SmartLicenseInOverage_OutOfCompliance: \
                 %[NodeID=cucm1]: insufficient.\n";
    let facts = facts(&[("cucm1/syslog/CiscoSyslog", alarm.to_owned())], None);
    assert_eq!(facts.instances[0].authorization.state, "unknown");
    assert_eq!(facts.instances[0].events.len(), 1);
}

#[test]
fn what_since_leaves_out_still_decides_the_state() {
    let text = format!("1: Apr 02 10:00:00.000 UTC {OOC}\n2: Apr 03 10:10:00.000 UTC %MCVD-CVD-7-UNK:x\n");
    let source = Source { path: "bundle".to_owned(), kind: "directory", bytes: 0, sha256: None };
    let mut analysis = Analysis::new(vec![source]);
    let mut reader = Reader::new(&Shared::new(), Limits::default(), true);
    reader.feed(text.as_bytes());
    let path = Some(PUB.to_owned());
    analysis.add(Input {
        instance: None,
        expect_usage: false,
        source: 0,
        path,
        not_after: None,
        outcome: MemberOutcome::Read,
        read: reader.finish(),
    });
    let mut options = Options { since: "2026-04-03T00:00:00Z".parse().ok(), ..Options::default() };
    options.given.year = Some(2026);
    let facts = analysis.facts(&options);
    assert!(facts.instances[0].events.is_empty());
    assert_eq!(facts.instances[0].authorization.state, "out_of_compliance");
}

#[test]
fn a_pasted_trace_lacks_what_its_own_application_numbers() {
    let record = |seq: u32, time: &str, code: &str| format!("{seq}: Apr 02 {time}.000 UTC %{code}:x\n");
    let gaps = |text: &str| -> Vec<(String, Option<u64>)> {
        let facts = facts(&[("pasted.txt", text.to_owned())], None);
        facts.gaps.iter().map(|gap| (gap.log.to_string(), gap.missing)).collect()
    };
    let mivr = record(10, "10:00:00", "MIVR-SS_RM-7-UNK") + &record(13, "10:00:01", "MIVR-SS_RM-7-UNK");
    assert_eq!(gaps(&mivr), [("MIVR".to_owned(), Some(2))]);
    let mcvd = record(100, "10:00:02", "MCVD-CVD-7-UNK") + &record(105, "10:00:03", "MCVD-CVD-7-UNK");
    assert_eq!(gaps(&(mivr + &mcvd)), [("MCVD".to_owned(), Some(4)), ("MIVR".to_owned(), Some(2))]);
    // What stands between is another's, and nothing is known of its own numbers.
    let one = record(100, "10:00:00", "MCVD-CVD-7-UNK") + &record(5_000, "10:00:01", "MIVR-SS_RM-7-UNK");
    assert_eq!(gaps(&(one + &record(101, "10:00:02", "MCVD-CVD-7-UNK"))), []);
    // One process may number the records of several.
    let one = record(100, "10:00:00", "MCVD-CVD-7-UNK") + &record(101, "10:00:01", "MIVR-SS_RM-7-UNK");
    assert_eq!(gaps(&one), []);
}
