//! What-if, on hand-made instances.

use chrono::TimeDelta;
use parsers::origin::{Origin, Span};
use parsers::stamp::Instant;

use super::*;
use crate::facts::{Basis, Deadline, DeadlineKind, Evidence, Now, ReadingFit, Release};
use crate::policy;
use crate::usage::{Consumption, EntitlementUse};

fn at(text: &str) -> Instant {
    crate::testing::at(text)
}

fn line() -> Evidence {
    Evidence::one(Origin { member: 0, span: Span::of(b"x", 1, 0) })
}

/// An instance in `state` since then, with use, locked use and purchases of one entitlement.
fn instance(state: &'static str, since: &str, used: Option<(u32, Option<u32>, u32)>) -> Instance {
    let since = at(since);
    let deadline = |kind, expected| Deadline {
        kind,
        earliest: Some(expected),
        expected,
        latest: Some(expected),
        basis: Basis::Derived,
        rule: "x".to_owned(),
        evidence: line(),
    };
    let deadlines = match state {
        "overage" => vec![deadline(DeadlineKind::EnterOoc, since + TimeDelta::minutes(45))],
        "out_of_compliance" => {
            vec![deadline(DeadlineKind::Enforcement, since + policy::ENFORCEMENT_AFTER)]
        }
        _ => Vec::new(),
    };
    let consumption = used.map(|(last, locked, purchased)| Consumption {
        purchased: None,
        peak: None,
        locked: None,
        deficit: None,
        samples: 1,
        from: None,
        to: None,
        entitlements: vec![EntitlementUse {
            entitlement: "LICENSES".into(),
            purchased: Some(purchased),
            purchased_basis: Basis::Given,
            peak: None,
            peak_at: None,
            peak_state: None,
            last: Some(last),
            locked,
            deficit: None,
            evidence: None,
        }],
        replays: Vec::new(),
        forecasts: Vec::new(),
    });
    Instance {
        release: Release { version: None, regime: Regime::Counted, basis: Basis::Given, evidence: None },
        authorization: Now { state, since: Some(since), basis: Basis::Stated, ..Now::UNKNOWN },
        deadlines,
        consumption,
        ..Instance::unknown("x")
    }
}

fn one(instance: &Instance, as_of: &str, change: Change) -> WhatFollows {
    let mut scenarios = scenarios(instance, at(as_of), &[change]);
    scenarios.remove(0).outcomes.remove(0)
}

/// Steps as state, earliest and latest.
#[track_caller]
fn check(found: &WhatFollows, expected: &[(&str, &str, &str)]) {
    let authorization = found.path.iter().filter(|step| step.dimension == Dimension::Authorization);
    let path: Vec<_> = authorization.map(|step| (step.state, step.earliest, step.latest)).collect();
    let expected: Vec<_> = expected.iter().map(|(state, a, b)| (*state, Some(at(a)), Some(at(b)))).collect();
    assert_eq!(path, expected);
}

fn buy(count: u32) -> Change {
    Change::Buy(vec![("LICENSES".into(), count)])
}

fn agents(by: i64) -> Change {
    Change::Agents(vec![("LICENSES".into(), by)])
}

#[test]
fn thirty_licences_restore_ciscos_first_scenario_and_fewer_do_not() {
    let locked = instance("out_of_compliance", "11:00", Some((80, Some(130), 100)));
    let found = one(&locked, "12:00", Change::Nothing);
    assert_eq!(found.lacking, Some(vec![("LICENSES".into(), 30)]));
    assert!(found.irreversible);
    check(&found, &[]);
    assert_eq!(found.path[0].expected, Some(at("11:00") + policy::ENFORCEMENT_AFTER));
    check(&one(&locked, "12:00", Change::BuyWhatLacks), &[("in_compliance", "12:00", "12:15")]);
    check(&one(&locked, "12:00", buy(30)), &[("in_compliance", "12:00", "12:15")]);
    let found = one(&locked, "12:00", buy(29));
    assert_eq!(found.lacking, Some(vec![("LICENSES".into(), 1)]));
    check(&found, &[]);
    // Nobody can log out of it.
    check(&one(&locked, "12:00", agents(-80)), &[]);
    check(&one(&locked, "12:00", Change::OverageOff), &[]);
}

#[test]
fn within_the_countdown_lower_use_helps_and_its_time_is_told() {
    let running = instance("overage", "10:00", Some((130, None, 100)));
    let found = one(&running, "10:37", Change::Nothing);
    check(&found, &[("out_of_compliance", "10:45", "11:00")]);
    assert!(found.says[0].starts_with("Over-usage 3 of 5; 8 minutes left"), "{:?}", found.says);
    assert!(!found.irreversible);
    let enforced = found.path.last().unwrap();
    assert_eq!(enforced.earliest, Some(at("10:45") + policy::ENFORCEMENT_AFTER));
    assert_eq!(enforced.latest, Some(at("11:00") + policy::ENFORCEMENT_AFTER));
    for change in [agents(-30), buy(30), Change::OverageOff, Change::BuyWhatLacks] {
        check(&one(&running, "10:37", change), &[("in_compliance", "10:45", "10:45")]);
    }
    check(&one(&running, "10:37", agents(-29)), &[("out_of_compliance", "10:45", "11:00")]);
}

#[test]
fn the_reading_that_fits_leaves_one_date() {
    let mut running = instance("overage", "10:00", None);
    let fit = |fits| ReadingFit { first: at("09:00"), entered: at("09:45"), fits, evidence: line() };
    running.readings = vec![fit(Some(Reading::At60))];
    check(&one(&running, "10:20", Change::Nothing), &[("out_of_compliance", "11:00", "11:00")]);
    running.readings = vec![fit(Some(Reading::At45))];
    check(&one(&running, "10:20", Change::Nothing), &[("out_of_compliance", "10:45", "10:45")]);
}

#[test]
fn a_countdown_that_ran_out_is_not_undone() {
    let over = instance("overage", "10:00", Some((130, None, 100)));
    let found = one(&over, "10:50", agents(-100));
    check(&found, &[("out_of_compliance", "10:45", "10:45")]);
    assert!(found.says[0].contains("ran out 5 minutes ago"), "{:?}", found.says);
}

#[test]
fn more_agents_lead_from_compliance_into_the_countdown() {
    let calm = instance("in_compliance", "09:00", Some((95, None, 100)));
    check(&one(&calm, "10:00", agents(5)), &[]);
    let path = [("overage", "10:00", "10:15"), ("out_of_compliance", "10:45", "11:15")];
    check(&one(&calm, "10:00", agents(6)), &path);
    let mut calm = calm;
    calm.release.regime = Regime::Immediate;
    let path = [("out_of_compliance", "10:00", "18:00")];
    check(&one(&calm, "10:00", agents(6)), &path);
}

#[test]
fn an_unknown_release_answers_under_both_rules() {
    let mut out = instance("out_of_compliance", "11:00", Some((80, Some(130), 100)));
    out.release.regime = Regime::Unknown;
    let scenarios = scenarios(&out, at("12:00"), &[agents(-1)]);
    let outcomes = &scenarios[0].outcomes;
    assert_eq!(outcomes.iter().map(|it| it.regime).collect::<Vec<_>>(), [Regime::Counted, Regime::Immediate]);
    check(&outcomes[0], &[]);
    check(&outcomes[1], &[("in_compliance", "12:00", "20:00")]);
}

#[test]
fn without_use_nothing_is_promised() {
    let out = instance("out_of_compliance", "11:00", None);
    let found = one(&out, "12:00", buy(30));
    assert_eq!((found.lacking.clone(), found.path.len()), (None, 0));
    assert!(found.says.iter().any(|says| says.contains("not known")), "{:?}", found.says);
    let found = one(&out, "12:00", Change::Nothing);
    assert_eq!(found.path.last().unwrap().dimension, Dimension::Enforcement);
}
