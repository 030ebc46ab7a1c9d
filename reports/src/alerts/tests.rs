//! What is told, when, and how often.

use chrono::TimeDelta;
use parsers::stamp::Instant;

use super::*;
use crate::report::{Basis, CheckOutcome, Deadline, Report, Severity};
use crate::testing;

/// A watch on one report, whose clock the test moves.
struct Watch {
    memory: Memory,
    report: Report,
    sources: Vec<SourceFact>,
    rules: Rules,
    now: Instant,
}

impl Watch {
    fn new() -> Self {
        let mut report = testing::report(&testing::facts());
        report.checks.iter_mut().for_each(|check| check.outcome = CheckOutcome::NoEvidence);
        Self {
            memory: Memory::default(),
            report,
            sources: Vec::new(),
            rules: Rules::default(),
            now: testing::now(),
        }
    }

    fn authorization(&mut self, state: &str) -> &mut Self {
        let now = &mut self.report.product_instances[0].now.authorization;
        now.state = state.to_owned();
        now.since = Some(Time(self.now));
        now.basis = Some(Basis::Stated);
        now.cause = Some(format!("a line says {state}"));
        self
    }

    fn due(&mut self, kind: &str, after: TimeDelta) -> &mut Self {
        let deadline = Deadline {
            kind: kind.to_owned(),
            earliest: None,
            expected: Time(self.now + after),
            latest: None,
            remaining_s: None,
            basis: Basis::Derived,
            rule: "a rule".to_owned(),
            evidence: Vec::new(),
        };
        self.report.product_instances[0].deadlines.push(deadline);
        self
    }

    fn undue(&mut self) -> &mut Self {
        self.report.product_instances[0].deadlines.clear();
        self
    }

    fn after(&mut self, time: TimeDelta) -> &mut Self {
        self.now += time;
        self
    }

    /// What is told now: rule, state and severity.
    fn told(&mut self) -> Vec<String> {
        let alerts = judge(&mut self.memory, &self.report, &self.sources, self.now, &self.rules, false);
        assert_eq!(
            judge(&mut self.memory, &self.report, &self.sources, self.now, &self.rules, false),
            [],
            "the same facts at the same time tell nothing again"
        );
        alerts
            .iter()
            .map(|alert| format!("{} {} {}", alert.rule, alert.state.name(), alert.severity.name()))
            .collect()
    }
}

#[test]
fn a_countdown_is_told_when_it_begins_at_45_and_at_15_minutes() {
    let mut watch = Watch::new();
    watch.authorization("overage").due("enter_ooc", TimeDelta::minutes(60));
    assert_eq!(watch.told(), ["overage raised high"]);
    assert_eq!(watch.after(TimeDelta::minutes(14)).told(), [""; 0]);
    assert_eq!(watch.after(TimeDelta::minutes(1)).told(), ["overage raised high"]);
    assert_eq!(watch.after(TimeDelta::minutes(30)).told(), ["overage raised critical"]);
    watch.undue().authorization("out_of_compliance").due("enforcement", TimeDelta::days(90));
    assert_eq!(watch.told(), ["out-of-compliance raised critical", "deadline raised medium"]);
    let raised: Vec<String> = watch.memory.raised().iter().map(|alert| alert.rule.clone()).collect();
    assert_eq!(raised, ["out-of-compliance", "deadline"]);
}

#[test]
fn days_are_told_at_each_step_and_only_the_nearest_at_the_beginning() {
    let mut watch = Watch::new();
    watch.authorization("out_of_compliance").due("enforcement", TimeDelta::days(20));
    assert_eq!(watch.told(), ["out-of-compliance raised critical", "deadline raised high"]);
    let mut told = Vec::new();
    for _ in 0..21 * 24 {
        told.extend(watch.after(TimeDelta::hours(1)).told());
    }
    // At 14 and 7 days, at 3, at 1, and when it has come.
    let high = "deadline raised high".to_owned();
    let critical = "deadline raised critical".to_owned();
    assert_eq!(told, [high, critical.clone(), critical.clone(), critical.clone(), critical]);
}

#[test]
fn only_what_a_line_says_resolves() {
    let mut watch = Watch::new();
    watch.authorization("out_of_compliance");
    assert_eq!(watch.told(), ["out-of-compliance raised critical"]);
    let raised = watch.memory.raised()[0].id.clone();
    // The lines are gone: nothing is known, and nothing is resolved.
    assert_eq!(watch.authorization("unknown").told(), [""; 0]);
    assert_eq!(watch.memory.raised().len(), 1);
    watch.authorization("in_compliance");
    let alerts = judge(&mut watch.memory, &watch.report, &[], watch.now, &watch.rules, false);
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].state, alerts[0].id.clone()), (AlertState::Resolved, raised));
    assert!(alerts[0].says.contains("in_compliance"), "{}", alerts[0].says);
    assert_eq!(watch.memory.raised(), []);
    // A new time is a new matter.
    watch.after(TimeDelta::hours(1)).authorization("out_of_compliance").told();
    assert_ne!(watch.memory.raised()[0].id, alerts[0].id);
}

#[test]
fn a_renewal_that_is_due_is_no_alert_and_a_missed_one_is() {
    let mut watch = Watch::new();
    watch.due("authorization_expiry", TimeDelta::days(60));
    assert_eq!(watch.told(), [""; 0]);
    assert_eq!(watch.after(TimeDelta::days(31)).told(), ["deadline raised medium"]);
    watch.undue().due("authorization_expiry", TimeDelta::days(89));
    assert_eq!(watch.told(), ["deadline resolved medium"]);
}

#[test]
fn a_check_that_fails_is_told_and_one_that_lost_its_evidence_stays() {
    let mut watch = Watch::new();
    let check = |watch: &mut Watch, outcome| {
        let check = watch.report.checks.iter_mut().find(|check| check.id == "cluster-view-daemon").unwrap();
        check.outcome = outcome;
        check.severity = (outcome == CheckOutcome::Fail).then_some(Severity::High);
    };
    check(&mut watch, CheckOutcome::Fail);
    assert_eq!(watch.told(), ["service-down raised high"]);
    check(&mut watch, CheckOutcome::NoEvidence);
    assert_eq!(watch.told(), [""; 0]);
    check(&mut watch, CheckOutcome::Pass);
    assert_eq!(watch.told(), ["service-down resolved high"]);
}

#[test]
fn a_silent_source_is_told_apart_from_a_quiet_product() {
    let mut watch = Watch::new();
    let node = watch.report.product_instances[0].nodes[0].name.clone();
    let mut source = SourceFact {
        name: "udp 192.0.2.10".to_owned(),
        nodes: vec![node],
        last_bytes: Some(Time(watch.now)),
        known_since: Time(watch.now),
    };
    watch.sources = vec![source.clone()];
    let event = watch.report.events.first().cloned();
    let mut event =
        event.unwrap_or_else(|| testing::report(&testing::out_of_compliance().0).events[0].clone());
    event.kind = "entitlement_request".into();
    event.product_instance = watch.report.product_instances[0].id.as_str().into();
    watch.report.events = (0..4)
        .map(|at| {
            let at = Some(Time(watch.now - TimeDelta::minutes(15) * (3 - at)));
            crate::report::Event { at, ..event.clone() }
        })
        .collect();
    assert_eq!(watch.told(), [""; 0]);
    // Lines still come, the report does not.
    watch.after(TimeDelta::minutes(46));
    source.last_bytes = Some(Time(watch.now));
    watch.sources = vec![source];
    assert_eq!(watch.told(), ["product-quiet raised medium"]);
    // Nothing comes any more: the product is not quieter than before.
    assert_eq!(watch.after(TimeDelta::minutes(30)).told(), ["source-silent raised high"]);
    watch.sources[0].last_bytes = Some(Time(watch.now));
    watch.report.events[3].at = Some(Time(watch.now));
    assert_eq!(watch.told(), ["product-quiet resolved medium", "source-silent resolved high"]);
}

#[test]
fn maintenance_holds_back_what_begins_in_it_and_tells_it_at_its_end() {
    let mut watch = Watch::new();
    watch.rules.maintenance = vec![Window {
        from: Time(watch.now),
        until: Time(watch.now + TimeDelta::hours(2)),
        reason: "upgrade".to_owned(),
        rules: Vec::new(),
        product_instances: Vec::new(),
    }];
    assert_eq!(watch.authorization("out_of_compliance").told(), [""; 0]);
    assert_eq!((watch.memory.raised().len(), watch.memory.n_held()), (0, 1));
    assert_eq!(watch.after(TimeDelta::hours(1)).told(), [""; 0]);
    assert_eq!(watch.after(TimeDelta::hours(1)).told(), ["out-of-compliance raised critical"]);
    // What came and went within it is nobody's news.
    watch.rules.maintenance[0].until = Time(watch.now + TimeDelta::hours(1));
    watch.rules.maintenance[0].rules = vec!["registration".to_owned()];
    watch.report.product_instances[0].now.registration.state = "unregistered".to_owned();
    assert_eq!(watch.told(), [""; 0]);
    watch.report.product_instances[0].now.registration.state = "registered".to_owned();
    assert_eq!(watch.told(), [""; 0]);
}

#[test]
fn a_flood_is_told_once_and_critical_alerts_pass() {
    let mut watch = Watch::new();
    watch.rules.per_hour = 1;
    let known_since = Time(watch.now - TimeDelta::hours(2));
    watch.sources = (0..5)
        .map(|n| SourceFact { name: format!("udp {n}"), nodes: Vec::new(), last_bytes: None, known_since })
        .collect();
    assert_eq!(watch.told(), ["source-silent raised high", "flood raised high"]);
    assert_eq!(watch.memory.n_held(), 4);
    assert_eq!(watch.authorization("out_of_compliance").told(), ["out-of-compliance raised critical"]);
    // When there is room again, what is still so is told, one by one.
    watch.after(TimeDelta::minutes(61));
    assert_eq!(watch.told(), ["source-silent raised high"]);
}

#[test]
fn what_is_off_is_not_told_and_an_unknown_name_is_a_problem() {
    let mut watch = Watch::new();
    watch.rules.off = vec!["out-of-compliance".to_owned()];
    assert_eq!(watch.authorization("out_of_compliance").told(), [""; 0]);
    assert_eq!(watch.rules.problems(), [""; 0]);
    watch.rules.off.push("no-such".to_owned());
    watch.rules.silent_minutes = 0;
    let problems = watch.rules.problems();
    assert!(problems.len() == 2 && problems[0].contains("no-such"), "{problems:?}");
}

#[test]
fn memory_survives_as_text() {
    let mut watch = Watch::new();
    watch.authorization("out_of_compliance").told();
    let text = serde_json::to_string(&watch.memory).unwrap();
    watch.memory = serde_json::from_str(&text).unwrap();
    assert_eq!(watch.told(), [""; 0]);
}

#[test]
fn the_next_time_to_look_is_the_nearest_step() {
    let mut watch = Watch::new();
    let at = |watch: &Watch| next(&watch.report, &watch.sources, watch.now, &watch.rules);
    assert_eq!(at(&watch), None);
    watch.due("enter_ooc", TimeDelta::minutes(40));
    assert_eq!(at(&watch), Some(watch.now + TimeDelta::minutes(25)));
    watch.after(TimeDelta::minutes(25));
    assert_eq!(at(&watch), Some(watch.now + TimeDelta::minutes(15)));
}
