//! Two reports of one system, and what is said of them.

use chrono::TimeDelta;

mod pages;
mod stated;

use super::*;
use crate::assemble;
use crate::report::{
    Basis, Cause, CheckOutcome, Confidence, Deadline, Explained, ProductInstance, Severity, StateNow,
    Suppressed,
};
use crate::testing::{at, out_of_compliance, scenario, tool};
use crate::time::Time;

/// A day of Out of Compliance.
fn known() -> Report {
    let (facts, tables) = out_of_compliance();
    assemble(&facts, &tables, tool())
}

/// The same system a week later; nothing changed but the clock.
fn later() -> Report {
    let mut report = known();
    report.as_of = report.as_of.map(|Time(at)| Time(at + TimeDelta::days(7)));
    report
}

fn only(report: &mut Report) -> &mut ProductInstance {
    &mut report.product_instances[0]
}

fn time(text: &str) -> Time {
    Time(at(text))
}

fn said(state: &str, since: Option<Time>) -> StateNow {
    StateNow {
        state: state.into(),
        since,
        since_is_first_seen: false,
        basis: (state != "unknown").then_some(Basis::Stated),
        cause: (state != "unknown").then(|| "CSSM said so".to_owned()),
        evidence: Vec::new(),
    }
}

fn screen(document: &Diff) -> String {
    shown(document, "text", &Options { width: 160, ..Options::default() })
}

fn shown(document: &Diff, format: &str, options: &Options) -> String {
    let mut out = String::new();
    render_diff(document, format, &mut out, options).unwrap().unwrap();
    out
}

/// The comparison of the known report with what `edit` makes of the later one, and its screen.
#[track_caller]
fn check(edit: impl FnOnce(&mut Report), parts: &[&str]) -> Diff {
    let mut after = later();
    edit(&mut after);
    let document = diff(&known(), &after);
    let screen = screen(&document);
    for part in parts {
        assert!(screen.contains(part), "{part:?} is not in\n{screen}");
    }
    assert_eq!(screen.contains(words::UNCHANGED), !document.changed);
    document
}

#[test]
fn the_same_report_twice_is_no_change() {
    let document = diff(&known(), &known());
    assert!(!document.changed && document.warnings.is_empty(), "{document:?}");
    let instance = &document.instances[0];
    assert_eq!((instance.presence, instance.matched_by), (Presence::Both, Some(MatchedBy::Nodes)));
    assert_eq!(instance.checks_unchanged, crate::CHECKS.len() as u64);
    let screen = screen(&document);
    assert!(screen.contains("\nNothing changed in license terms.\n"), "{screen}");
    assert!(screen.contains("\n  Unchanged         28 checks as before\n"), "{screen}");
    for format in ["md", "markdown"] {
        assert!(
            shown(&document, format, &Options::default()).contains("\nNothing changed in license terms.\n")
        );
    }
    assert!(html::body(&document).into_string().contains("<p>Nothing changed in license terms.</p>"));
}

#[test]
fn no_report_differs_from_itself() {
    let (facts, tables) = scenario();
    let used = assemble(&facts, &tables, tool());
    let nothing = assemble(&history::facts::Facts::default(), &crate::Tables::default(), tool());
    for report in [used, nothing, crate::testing::hostile()] {
        let document = diff(&report, &report);
        assert!(!document.changed, "{}", screen(&document));
        assert!(document.instances.iter().all(|it| it.checks.is_empty() && it.events.is_empty()));
    }
}

#[test]
fn time_that_passes_is_no_change_until_a_deadline_comes() {
    assert!(!check(|_| (), &["Nothing changed in license terms."]).changed);
    let document = check(
        |after| after.as_of = Some(time("2026-08-01T00:00:00Z")),
        &[
            "Deadline          Enforcement 2026-07-01 11:00:05 +05:30 (30 d 18 h ago): the same; it has passed since",
        ],
    );
    let deadline = &document.instances[0].deadlines[0];
    assert_eq!((deadline.how, deadline.passed, deadline.moved_s), (DeadlineHow::Same, true, Some(0)));
}

#[test]
fn a_state_that_changed_says_since_when_and_why() {
    let document = check(
        |after| {
            only(after).now.authorization = said("in_compliance", Some(time("2026-04-05T00:00:00Z")));
            only(after).deadlines.clear();
        },
        &[
            "\n1 different and 1 better.\n",
            "\n  Authorization     Out of Compliance → In Compliance since 2026-04-05 05:30:00 +05:30 [stated]\n",
            "\n                    →  CSSM said so\n",
            "Enforcement 2026-07-01 11:00:05 +05:30 (in 82 d 2 h): no longer follows from the lines\n",
        ],
    );
    let states = &document.instances[0].states;
    assert_eq!(
        states.iter().map(|state| state.how).collect::<Vec<_>>(),
        [How::Same, How::Changed, How::Same]
    );
    assert_eq!(states[1].before.as_deref(), Some("out_of_compliance"));
    assert_eq!(document.instances[0].deadlines[0].how, DeadlineHow::Gone);
    assert!(!document.instances[0].deadlines[0].passed);
}

#[test]
fn what_is_not_known_any_more_is_lost_and_not_changed() {
    let document = check(
        |after| {
            only(after).now.authorization = said("unknown", None);
            only(after).release.version = None;
        },
        &[
            "Authorization     Out of Compliance → not known: no line of the later input tells it\n",
            "Release           12.5(1)SU2, counted rules → not known, counted rules\n",
        ],
    );
    let instance = &document.instances[0];
    assert_eq!((instance.states[1].how, &instance.states[1].after), (How::Lost, &None));
    assert_eq!((instance.release.how, &instance.release.after), (How::Lost, &None));
    let back = diff(&later(), &known());
    assert_eq!(back.instances[0].states[1].how, How::Same);
}

#[test]
fn a_state_that_was_left_and_entered_again_is_a_change() {
    let end = known().input.coverage.to.unwrap();
    let document = check(
        |after| only(after).now.authorization.since = Some(Time(end.0 + TimeDelta::hours(5))),
        &["Authorization     Out of Compliance, left and entered again since 2026-04-03 14:00:05 +05:30"],
    );
    let state = &document.instances[0].states[1];
    assert_eq!((state.how, state.again), (How::Changed, true));
    let first_seen = |after: &mut Report| {
        let now = &mut only(after).now.authorization;
        (now.since, now.since_is_first_seen) = (Some(Time(end.0 + TimeDelta::hours(5))), true);
    };
    assert!(!check(first_seen, &[]).changed);
}

#[test]
fn deadlines_move_appear_and_pass() {
    let moved = check(
        |after| {
            let expected = &mut only(after).deadlines[0].expected;
            *expected = Time(expected.0 - TimeDelta::days(3));
        },
        &["Deadline          Enforcement 2026-06-28 11:00:05 +05:30 (in 79 d 2 h): 3 d earlier\n"],
    );
    let deadline = &moved.instances[0].deadlines[0];
    assert_eq!((deadline.how, deadline.moved_s), (DeadlineHow::Moved, Some(-3 * 86_400)));
    let appeared = check(
        |after| {
            let mut new: Deadline = only(after).deadlines[0].clone();
            new.kind = "registration_expiry".into();
            new.expected = time("2026-04-05T00:00:00Z");
            only(after).deadlines.insert(0, new);
        },
        &["Registration expiry 2026-04-05 05:30:00 +05:30 (5 d 3 h ago): new\n"],
    );
    let deadline = &appeared.instances[0].deadlines[0];
    assert_eq!((deadline.how, deadline.before, deadline.passed), (DeadlineHow::Appeared, None, false));
    let gone = check(
        |after| {
            after.as_of = Some(time("2026-08-01T00:00:00Z"));
            only(after).deadlines.clear();
        },
        &["no longer follows from the lines; its time has come since\n"],
    );
    assert!(gone.instances[0].deadlines[0].passed);
}

/// The difference of one check between two answers.
fn answers(was: (CheckOutcome, Option<Severity>), is: (CheckOutcome, Option<Severity>)) -> Option<CheckHow> {
    let with = |mut report: Report, (outcome, severity)| {
        report.causes.clear();
        let row = report.checks.iter_mut().find(|row| row.id == "proxy").unwrap();
        (row.outcome, row.severity) = (outcome, severity);
        report
    };
    let document = diff(&with(known(), was), &with(later(), is));
    assert_eq!(document.instances[0].checks_unchanged + document.instances[0].checks.len() as u64, 28);
    assert_eq!(document.changed, !document.instances[0].checks.is_empty());
    document.instances[0].checks.first().map(|row| row.how)
}

#[test]
fn only_evidence_makes_a_failed_check_fixed() {
    use CheckOutcome::{Fail, NoEvidence, NotApplicable, Pass};
    let (low, high) = (Some(Severity::Low), Some(Severity::High));
    let table = [
        ((Fail, low), (Pass, None), Some(CheckHow::Fixed)),
        ((Fail, low), (NoEvidence, None), Some(CheckHow::EvidenceLost)),
        ((Fail, low), (NotApplicable, None), Some(CheckHow::ApplicabilityChanged)),
        ((Fail, low), (Fail, high), Some(CheckHow::Worse)),
        ((Fail, high), (Fail, low), Some(CheckHow::Better)),
        ((Fail, low), (Fail, low), None),
        ((Pass, None), (Fail, low), Some(CheckHow::NewFailure)),
        ((NoEvidence, None), (Fail, low), Some(CheckHow::NewFailure)),
        ((NotApplicable, None), (Fail, low), Some(CheckHow::NewFailure)),
        ((Pass, None), (NoEvidence, None), Some(CheckHow::EvidenceLost)),
        ((NotApplicable, None), (NoEvidence, None), Some(CheckHow::EvidenceLost)),
        ((NoEvidence, None), (Pass, None), Some(CheckHow::EvidenceGained)),
        ((NoEvidence, None), (NotApplicable, None), Some(CheckHow::EvidenceGained)),
        ((NotApplicable, None), (Pass, None), Some(CheckHow::ApplicabilityChanged)),
        ((Pass, None), (Pass, None), None),
    ];
    for (was, is, expected) in table {
        assert_eq!(answers(was, is), expected, "{was:?} to {is:?}");
    }
}

#[test]
fn the_worst_stands_first_and_says_what_to_do() {
    let set = |report: &mut Report, id: &str, outcome: CheckOutcome, severity: Option<Severity>| {
        let row = report.checks.iter_mut().find(|row| row.id == id).unwrap();
        (row.outcome, row.severity) = (outcome, severity);
        row.says = format!("{id} says");
        row.remedy = severity.map(|_| format!("mend {id}"));
    };
    let document = check(
        |after| {
            set(after, "ooc-now", CheckOutcome::Pass, None);
            set(after, "proxy", CheckOutcome::Fail, Some(Severity::Medium));
            set(after, "dns-a-record", CheckOutcome::Fail, Some(Severity::Critical));
        },
        &[
            "\n  Now               Out of Compliance since 2026-04-02 11:00:05 +05:30 [stated]\n",
            "\n  New failure       dns-a-record, no evidence → fail (critical): dns-a-record says\n",
            "\n                    →  mend dns-a-record\n",
            "\n  Fixed             ooc-now, fail (critical) → pass: ooc-now says\n                       \
             bundle.zip!/uccx1/syslog/CiscoSyslog:14\n",
        ],
    );
    let ids: Vec<&str> = document.instances[0].checks.iter().map(|row| &*row.id).collect();
    assert_eq!(ids, ["dns-a-record", "proxy", "ooc-now"]);
    let screen = screen(&document);
    let place = |part: &str| screen.find(part).unwrap();
    assert!(place("dns-a-record says") < place("proxy says") && place("proxy says") < place("ooc-now says"));
}

#[test]
fn a_failure_that_the_user_accepts_is_told_as_that() {
    let accept = |report: &mut Report| {
        let row = report.checks.iter_mut().find(|row| row.id == "ooc-now").unwrap();
        row.suppressed = Some(Suppressed { reason: "ordered".into(), expires: time("2027-01-01T00:00:00Z") });
    };
    let document =
        check(accept, &["Suppression       ooc-now, fail (critical) → fail (critical, suppressed): "]);
    assert_eq!(document.instances[0].checks[0].how, CheckHow::SuppressionChanged);
    let mut before = known();
    accept(&mut before);
    let ran_out = diff(&before, &later());
    assert!(screen(&ran_out).contains("\n1 worse.\n"), "{}", screen(&ran_out));
}

#[test]
fn a_cause_that_is_new_names_what_it_explains() {
    let document = check(
        |after| {
            after.causes = vec![Cause {
                rank: 1,
                check: "dns-a-record".into(),
                product_instance: Some("uccx1".into()),
                severity: Severity::High,
                suppressed: false,
                explains: vec![Explained {
                    check: "cssm-contact".into(),
                    how: "no name, no contact".into(),
                    confidence: Confidence::Low,
                    evidence: Vec::new(),
                }],
            }];
        },
        &["New cause         dns-a-record explains cssm-contact\n"],
    );
    assert_eq!(document.instances[0].new_causes[0].explains, ["cssm-contact"]);
}

#[test]
fn nodes_are_the_same_by_their_short_names() {
    let document = check(
        |after| {
            only(after).nodes[0].name = "UCCX1.example.com".into();
            only(after).nodes[1].name = "uccx3".into();
            only(after).nodes[1].aliases.clear();
        },
        &[
            "Nodes             uccx2 only in the earlier report\n",
            "Nodes             uccx3 only in the later report\n",
        ],
    );
    let nodes = &document.instances[0].nodes;
    assert_eq!((&nodes.both, &nodes.appeared), (&vec!["UCCX1.example.com".into()], &vec!["uccx3".into()]));
    assert_eq!(nodes.vanished, ["uccx2"]);
}

/// A report of two systems, each with one node.
fn two(ids: [&str; 2], nodes: [&str; 2]) -> Report {
    let mut report = known();
    let checks = report.checks.clone();
    let events = report.events.clone();
    let one = only(&mut report).clone();
    report.product_instances.clear();
    report.checks.clear();
    report.events.clear();
    for (id, node) in ids.into_iter().zip(nodes) {
        let mut instance = one.clone();
        instance.id = id.into();
        instance.nodes.truncate(1);
        (instance.nodes[0].name, instance.nodes[0].aliases) = (node.into(), Vec::new());
        report.product_instances.push(instance);
        report.checks.extend(checks.iter().cloned().map(|mut row| {
            row.product_instance = Some(id.into());
            row
        }));
        report.events.extend(events.iter().cloned().map(|mut event| {
            event.product_instance = id.into();
            event
        }));
    }
    report
}

#[test]
fn systems_are_told_by_their_nodes_though_their_ids_differ() {
    let before = two(["a", "b"], ["uccxpub", "uccxsub1"]);
    let mut after = two(["b", "c"], ["uccxpub", "uccxsub1"]);
    let document = diff(&before, &after);
    assert!(!document.changed && document.warnings.is_empty(), "{}", screen(&document));
    let ids: Vec<_> =
        document.instances.iter().map(|it| (it.before_id.as_deref(), it.after_id.as_deref())).collect();
    assert_eq!(ids, [(Some("a"), Some("b")), (Some("b"), Some("c"))]);
    assert!(screen(&document).contains("\nb: uccxpub (before: a)\n"));
    after.product_instances.remove(0);
    let document = diff(&before, &after);
    let presences: Vec<Presence> = document.instances.iter().map(|it| it.presence).collect();
    assert_eq!(presences, [Presence::Both, Presence::Vanished]);
    assert!(document.changed && screen(&document).contains("the later report does not hold this system\n"));
    let vanished = &document.instances[1];
    assert!(vanished.checks.iter().all(|row| row.how == CheckHow::EvidenceLost && row.after.is_none()));
    assert_eq!((vanished.checks_unchanged, &vanished.nodes.vanished), (0, &vec!["uccxpub".to_owned()]));
}

#[test]
fn an_id_stands_in_where_nodes_are_not_shared() {
    let by = |before: &Report, after: &Report| {
        let document = diff(before, after);
        (document.instances.len(), document.instances[0].matched_by, document.warnings)
    };
    let doubt = "No node is in both reports: they may not be of the same system.".to_owned();
    let mut other = later();
    only(&mut other).nodes.clear();
    assert_eq!(by(&known(), &other), (1, Some(MatchedBy::Id), vec![doubt.clone()]));
    only(&mut other).id = "unnamed".into();
    assert_eq!(by(&known(), &other), (1, Some(MatchedBy::OnlyOne), vec![doubt.clone()]));
    only(&mut other).nodes = known().product_instances[0].nodes[..1].to_vec();
    (only(&mut other).nodes[0].name, only(&mut other).nodes[0].aliases) = ("other".into(), Vec::new());
    assert_eq!(by(&known(), &other), (2, None, vec![doubt]));
}

#[test]
fn a_purchase_shows_in_the_usage() {
    let (facts, tables) = scenario();
    let before = assemble(&facts, &tables, tool());
    let mut after = before.clone();
    let use_of = &mut only(&mut after).usage.as_mut().unwrap().entitlements[0];
    (use_of.purchased, use_of.deficit, use_of.peak) = (Some(130), Some(0), None);
    let document = diff(&before, &after);
    let usage = &document.instances[0].usage[0];
    assert_eq!(
        (usage.purchased.before, usage.purchased.after, usage.how),
        (Some(100), Some(130), How::Changed)
    );
    assert_eq!((usage.peak.before, usage.peak.after), (Some(130), None));
    let screen = screen(&document);
    assert!(
        screen.contains(
            "Usage             PREMIUM: purchased 100 → 130, peak 130 → not known, to buy 30 → 0\n"
        ),
        "{screen}"
    );
}

#[test]
fn services_alarms_and_the_way_to_cssm_are_compared() {
    let document = check(
        |after| {
            only(after).services[0].state = "out_of_service".into();
            only(after).deployment.url = Some("https://ssm.example.com/SmartTransport".into());
            let mut event = after.events[1].clone();
            event.at = after.as_of;
            after.events.push(event);
        },
        &[
            "Service           Cisco Unified CCX Cluster View Daemon on uccx1: in service → out of service\n",
            "Way to CSSM       Transport URL: not known → https://ssm.example.com/SmartTransport\n",
            "Alarms            SYSTEM_IN_OOC_STATE 2 → 3 (1 since)\n",
        ],
    );
    assert_eq!(document.instances[0].deployment[1].how, How::Learned);
    let alarms = &document.instances[0].events;
    assert_eq!((alarms[0].before, alarms[0].after, alarms[0].since), (2, 3, Some(1)));
}

#[test]
fn more_alarms_of_a_kind_are_no_change_by_themselves() {
    let document =
        check(|after| after.events.push(after.events[1].clone()), &["SYSTEM_IN_OOC_STATE 2 → 3\n"]);
    assert!(!document.changed);
}

#[test]
fn a_doubtful_comparison_says_so() {
    let turned = diff(&later(), &known());
    assert!(turned.warnings[0].contains("in the wrong order"), "{:?}", turned.warnings);
    let document = check(
        |after| {
            after.input.incomplete = vec!["the archive is damaged".into()];
            only(after).release.regime = crate::report::Regime::Immediate;
            only(after).release.version = Some("15.0".into());
            after.input.coverage.from = Some(time("2026-04-05T00:00:00Z"));
            after.input.coverage.to = after.as_of;
            after.tool.version = "9".into();
        },
        &["The input of the later report is incomplete (1 reason)", "neither report has a log"],
    );
    assert_eq!(document.warnings.len(), 4, "{:?}", document.warnings);
    let nothing = assemble(&history::facts::Facts::default(), &crate::Tables::default(), tool());
    let document = diff(&nothing, &known());
    assert_eq!(document.instances[0].presence, Presence::Appeared);
    assert!(document.warnings[0].contains("The earlier report holds no UCCX system."));
    let empty = diff(&nothing, &nothing);
    assert!(!empty.changed && empty.instances.is_empty() && screen(&empty).contains(words::UNCHANGED));
}

#[test]
fn many_systems_with_one_name_are_compared_in_time() {
    let mut before = known();
    let mut instance = only(&mut before).clone();
    instance.services.clear();
    before.product_instances = vec![instance; 4_000];
    before.checks = vec![before.checks[0].clone(); 20_000];
    before.events = vec![before.events[0].clone(); 20_000];
    let document = diff(&before, &before.clone());
    assert!(!document.changed && document.instances.len() == 4_000);
    assert!(document.instances.iter().all(|it| it.presence == Presence::Both));
}

#[test]
fn systems_that_share_every_node_keep_their_ids() {
    let before = two(["a", "b"], ["uccxpub", "uccxpub"]);
    let mut after = before.clone();
    after.product_instances.reverse();
    let document = diff(&before, &after);
    assert!(document.instances.iter().all(|it| it.before_id == it.after_id));
}
