//! What follows from usage, on hand-made instances.

use history::facts::{Evidence, ReadingFit, Transition};
use history::usage::{Outlook, Purchase};

use super::*;
use crate::testing::{at, at_min, event, instance, origin, purchase, transition, usage};

/// Counts every 15 minutes from minute 0 on, `PREMIUM` purchased 100 all the time unless told.
fn used(regime: Regime, counts: &[u32], purchases: Vec<Purchase>) -> Instance {
    let rows = (0..counts.len() as i64).map(|row| at_min(row * 15)).collect();
    let mut instance = instance(Vec::new(), Vec::new());
    instance.release.regime = regime;
    instance.usage = Some(usage(rows, &[("PREMIUM", counts.to_vec())], purchases));
    instance
}

fn of(instance: &Instance) -> Consumption {
    consumption(instance, None).unwrap().unwrap()
}

fn hundred() -> Vec<Purchase> {
    vec![purchase("PREMIUM", 100, None)]
}

#[track_caller]
fn check(instance: &Instance, expected: (Option<u64>, Option<u64>, Option<u64>)) -> Consumption {
    let found = of(instance);
    assert_eq!((found.peak, found.locked, found.deficit), expected);
    found
}

#[test]
fn nothing_known_of_usage_is_no_consumption() {
    assert_eq!(consumption(&instance(Vec::new(), Vec::new()), None).unwrap(), None);
}

#[test]
fn five_over_usages_lock_the_highest_until_it_is_bought() {
    let five = used(Regime::Counted, &[90, 110, 120, 130, 125, 115, 60], hundred());
    let found = check(&five, (Some(130), Some(130), Some(30)));
    let readings: Vec<Option<Reading>> = found.replays.iter().map(|replay| replay.reading).collect();
    assert_eq!(readings, Reading::ALL.map(Some));
    let [premium] = found.entitlements.as_slice() else { panic!("{:?}", found.entitlements) };
    assert_eq!((premium.peak, premium.peak_at), (Some(130), Some(at_min(45))));
    assert_eq!((premium.last, premium.locked, premium.deficit), (Some(60), Some(130), Some(30)));
    assert_eq!(premium.evidence.as_ref().unwrap().first.span.line, 4);
    let mut purchases = hundred();
    purchases.push(purchase("PREMIUM", 130, Some(at_min(85))));
    let bought = used(Regime::Counted, &[90, 110, 120, 130, 125, 115, 60], purchases);
    check(&bought, (Some(130), None, Some(0)));
}

#[test]
fn four_over_usages_lock_only_by_the_reading_that_the_logs_fit() {
    let mut four = used(Regime::Counted, &[90, 110, 120, 130, 125, 60], hundred());
    check(&four, (Some(130), None, Some(0)));
    let fit = |fits| ReadingFit {
        first: at_min(-900),
        entered: at_min(-855),
        fits,
        evidence: Evidence::one(origin(0, 1)),
    };
    four.readings = vec![fit(Some(Reading::At45)), fit(None)];
    check(&four, (Some(130), Some(130), Some(30)));
}

#[test]
fn the_immediate_regime_locks_nothing_and_lacks_what_its_last_report_lacks() {
    let mut counts = vec![90; 40];
    counts[35] = 107;
    let found = check(&used(Regime::Immediate, &counts, hundred()), (Some(107), None, Some(7)));
    assert_eq!(found.replays.len(), 1);
    // Another phase puts the peak and the end into different reports.
    let mut phased = used(Regime::Immediate, &counts, hundred());
    phased.events = vec![event(Some(at_min(36 * 15 - 480)), EventKind::OocEntered, origin(0, 9))];
    let found = check(&phased, (Some(107), None, Some(0)));
    assert_eq!(found.entitlements[0].last, Some(90));
}

#[test]
fn an_unknown_regime_shows_all_three_replays() {
    let found = of(&used(Regime::Unknown, &[90, 110], hundred()));
    let rules: Vec<(Regime, Option<Reading>)> =
        found.replays.iter().map(|replay| (replay.regime, replay.reading)).collect();
    assert_eq!(
        rules,
        [
            (Regime::Counted, Some(Reading::At45)),
            (Regime::Counted, Some(Reading::At60)),
            (Regime::Immediate, None)
        ]
    );
}

#[test]
fn logs_that_say_out_of_compliance_lock_the_highest_use_since_their_over_use_began() {
    let changes: Vec<Transition> = vec![
        transition(Dimension::Authorization, "overage", Some(at_min(16)), origin(0, 1)),
        transition(Dimension::Authorization, "out_of_compliance", Some(at_min(61)), origin(0, 2)),
    ];
    let mut logged = used(Regime::Counted, &[250, 101, 95, 95, 95, 104, 60], hundred());
    check(&logged, (Some(250), None, Some(0)));
    logged.transitions = changes;
    logged.authorization.state = "out_of_compliance";
    let found = check(&logged, (Some(250), Some(104), Some(4)));
    assert_eq!(found.entitlements[0].peak_state, None);
    logged.release.regime = Regime::Immediate;
    check(&logged, (Some(250), None, Some(150)));
}

#[test]
fn the_peak_shows_the_state_that_the_logs_had_then() {
    let mut logged = used(Regime::Counted, &[10, 20, 30, 20], hundred());
    logged.transitions = vec![
        transition(Dimension::Authorization, "in_compliance", Some(at_min(30)), origin(0, 1)),
        transition(Dimension::Registration, "registered", Some(at_min(30)), origin(0, 1)),
        transition(Dimension::Authorization, "overage", Some(at(30 * 60_000 + 1)), origin(0, 2)),
        transition(Dimension::Authorization, "evaluation", None, origin(0, 3)),
    ];
    assert_eq!(of(&logged).entitlements[0].peak_state, Some("in_compliance"));
}

#[test]
fn without_purchases_only_use_is_known() {
    let found = check(&used(Regime::Counted, &[5, 7, 6], Vec::new()), (Some(7), None, None));
    assert_eq!((found.purchased, found.replays.len(), found.forecasts.len()), (None, 0, 0));
    assert_eq!((found.samples, found.from, found.to), (3, Some(at_min(0)), Some(at_min(30))));
    assert_eq!(found.entitlements[0].purchased_basis, Basis::Unknown);
}

#[test]
fn without_samples_only_purchases_are_known() {
    let found = check(&used(Regime::Unknown, &[], hundred()), (None, None, None));
    assert_eq!((found.purchased, found.samples, found.replays.len()), (Some(100), 0, 0));
    assert_eq!(found.entitlements[0].deficit, None);
}

#[test]
fn the_licence_of_the_server_is_not_judged() {
    let mut instance = used(Regime::Counted, &[], Vec::new());
    let series = [("HIGH_AVAILABILITY", vec![2, 2]), ("PREMIUM", vec![3, 4]), ("STANDARD", vec![9, 7])];
    let purchases = vec![
        purchase("HIGH_AVAILABILITY", 1, None),
        purchase("PREMIUM", 6, None),
        purchase("STANDARD", 4, None),
    ];
    instance.usage = Some(usage(vec![at_min(0), at_min(15)], &series, purchases));
    // Seven Standard users: four on their own seats, two on free Premium ones.
    let found = check(&instance, (Some(12), None, Some(1)));
    assert_eq!(found.purchased, Some(10));
    let deficits: Vec<Option<u32>> = found.entitlements.iter().map(|entry| entry.deficit).collect();
    assert_eq!(deficits, [None, Some(0), Some(1)]);
}

#[test]
fn samples_that_are_seconds_off_stay_one_a_slot() {
    let jitter = [0, 9_000, -8_000, 3_000, -1_000, 0, 7_000, -9_000];
    let rows: Vec<Instant> =
        jitter.iter().enumerate().map(|(row, off)| at(row as i64 * 900_000 + off)).collect();
    let phase = usual_phase(&rows).unwrap();
    let counts = usage(rows, &[("PREMIUM", vec![1; 8])], Vec::new());
    let grid = grid(&counts, REPORT_EVERY_COUNTED, Some(phase)).unwrap();
    assert_eq!(grid.rows, (0..8).map(Some).collect::<Vec<_>>());
    let every_minute: Vec<Instant> = (0..100).map(at_min).collect();
    assert_eq!(usual_phase(&every_minute), None);
    assert_eq!(usual_phase(&[]), None);
}

#[test]
fn a_judged_entitlement_has_a_forecast() {
    let found = of(&used(Regime::Counted, &[5, 7, 6], hundred()));
    assert_eq!(found.forecasts.len(), 1);
    assert!(matches!(found.forecasts[0].outlook, Outlook::NotEnough { needed_days: 28 }));
}

#[test]
fn five_years_of_fifty_entitlements_are_judged_under_every_rule() {
    let rows = 5 * 365 * 96 + 96;
    let names: Vec<String> = (0..50).map(|n| format!("ENTITLEMENT_{n:02}")).collect();
    let hour = |row: usize| (row % 96) as f64 / 4.0;
    let series: Vec<(&str, Vec<u32>)> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let counts = (0..rows).map(|row| {
                let hump = (-((hour(row) - 12.0) / 3.0).powi(2)).exp();
                (hump * (100.0 + row as f64 / 5_000.0) + ((row * 7 + n * 13) % 5) as f64) as u32
            });
            (name.as_str(), counts.collect())
        })
        .collect();
    let purchases = names.iter().map(|name| purchase(name, 130, None)).collect();
    let at = (0..rows).map(|row| at_min(row as i64 * 15)).collect();
    let mut instance = instance(Vec::new(), Vec::new());
    instance.usage = Some(usage(at, &series, purchases));
    for regime in [Regime::Counted, Regime::Immediate, Regime::Unknown] {
        instance.release.regime = regime;
        let found = of(&instance);
        assert_eq!((found.samples, found.entitlements.len(), found.forecasts.len()), (rows as u64, 50, 50));
        let rules = match regime {
            Regime::Counted => 2,
            Regime::Immediate => 1,
            Regime::Unknown => 3,
        };
        assert_eq!(found.replays.len(), rules);
    }
}

#[test]
fn without_a_release_what_the_rules_tell_differently_is_not_known() {
    let counts = [90, 110, 120, 130, 125, 115, 80];
    let known = of(&used(Regime::Counted, &counts, hundred()));
    assert_eq!((known.locked, known.deficit), (Some(130), Some(30)));
    let unknown = of(&used(Regime::Unknown, &counts, hundred()));
    assert_eq!(unknown.locked, None);
    let locks = |reading| unknown.replays.iter().any(|it| it.reading == reading && !it.locked.is_empty());
    assert!(locks(Some(Reading::At60)) && !locks(None));
}
