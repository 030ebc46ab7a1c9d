//! Usage for tests: Cisco's first scenario, and the rule replayed by hand.
//!
//! Source: Cisco 217416, UCCX Smart Licensing, first scenario: 100 purchased, 130 locked, 30 to buy. Its other numbers
//! are not printed; those here fit it.

use std::sync::Arc;

use chrono::TimeDelta;
use history::facts::{Basis, EntitlementFact, Evidence, Facts, ReadingFit};
use history::policy::{REPORT_EVERY_COUNTED, Reading, Regime};
use history::usage::{
    Backtest, Cite, Compared, Consumption, EntitlementUse, Forecast, Outlook, Predicted, Purchase, Replay,
    Series, Usage, UsageClock,
};
use parsers::entitlements::PREMIUM;
use parsers::origin::{Origin, Span};
use parsers::stamp::Instant;

use crate::assemble::Tables;
use crate::testing::{HOSTILE, at, known, member, now, one, origin, out_of_compliance};

/// Rows of the usage table stand in this member.
const USAGE_MEMBER: u32 = 4;

/// The row of a sample.
pub(crate) fn row(line: u64, use_of: u32) -> Origin {
    let text = format!("2026-04-02T10:00:00+05:30,{use_of}");
    Origin { member: USAGE_MEMBER, span: Span::of(text.as_bytes(), line, line * 30) }
}

/// Gives the instance of `facts` one hundred PREMIUM licenses, and samples of their use, the last one at `last`.
/// The replays follow from them; every over-usage but those at the end ends with the next sample.
pub(crate) fn use_of_hundred(facts: &mut Facts, counts: &[u32], last: Instant) {
    facts.members.resize_with(USAGE_MEMBER as usize, || member("uccx1/empty", "uccx1", "uccx-trace"));
    facts.members.push(member("usage.csv", "uccx1", "usage-csv"));
    let before = |n: usize| last - REPORT_EVERY_COUNTED * i32::try_from(n).unwrap();
    let times: Vec<Instant> = (0..counts.len()).rev().map(before).collect();
    let usage = Usage {
        at: times.clone(),
        rows: (2..).zip(counts).map(|(line, count)| Cite::Line(Box::new(row(line, *count)))).collect(),
        tables: Vec::new(),
        series: vec![Series { entitlement: PREMIUM.into(), counts: counts.to_vec() }],
        purchases: vec![Purchase {
            entitlement: PREMIUM.into(),
            count: 100,
            since: None,
            basis: Basis::Given,
            evidence: None,
        }],
        clock: UsageClock::Written,
        assumed: Vec::new(),
    };
    let replays: Vec<Replay> = Reading::ALL.map(|reading| replay(reading, &times, counts)).into();
    let (peak_row, peak) =
        (0..).zip(counts.iter().copied()).max_by_key(|(i, n)| (*n, usize::MAX - *i)).unwrap();
    let locked = replays.iter().find_map(|replay| Some(replay.locked.first()?.1));
    let use_now = locked.unwrap_or(*counts.last().unwrap());
    let deficit = use_now.saturating_sub(100);
    let instance = one(facts);
    instance.consumption = Some(Consumption {
        purchased: Some(100),
        peak: Some(peak.into()),
        locked: locked.map(u64::from),
        deficit: Some(deficit.into()),
        samples: counts.len() as u64,
        from: times.first().copied(),
        to: Some(last),
        entitlements: vec![EntitlementUse {
            entitlement: PREMIUM.into(),
            purchased: Some(100),
            purchased_basis: Basis::Given,
            peak: Some(peak),
            peak_at: Some(times[peak_row]),
            peak_state: None,
            last: counts.last().copied(),
            locked,
            deficit: Some(deficit),
            evidence: usage.evidence(peak_row),
        }],
        replays,
        forecasts: Vec::new(),
    });
    instance.usage = Some(usage);
}

/// The counted rule by one reading. As short as it can be: the real one is elsewhere, and tests of reports need an
/// example.
fn replay(reading: Reading, times: &[Instant], counts: &[u32]) -> Replay {
    let mut path: Vec<Predicted> = Vec::new();
    let (mut count, mut highest) = (0, 0);
    for (line, (at, used)) in (2..).zip(times.iter().zip(counts)) {
        if count == reading.over_usages() {
            highest = highest.max(*used);
            continue;
        }
        (count, highest) = if 100 < *used { (count + 1, highest.max(*used)) } else { (0, 0) };
        let state = match count {
            0 => "in_compliance",
            n if n == reading.over_usages() => "out_of_compliance",
            _ => "overage",
        };
        if path.last().is_none_or(|change| change.state != state) {
            path.push(Predicted {
                state,
                earliest: *at - REPORT_EVERY_COUNTED,
                expected: *at,
                latest: *at,
                determined: true,
                evidence: Some(Evidence::one(row(line, *used))),
            });
        }
    }
    let is_locked = count == reading.over_usages();
    let amount = |n: u32| vec![(Arc::from(PREMIUM), n)];
    Replay {
        regime: Regime::Counted,
        reading: Some(reading),
        path,
        compared: Vec::new(),
        count: if is_locked { 0 } else { count },
        locked: if is_locked { amount(highest) } else { Vec::new() },
        lacking: if 100 < highest { amount(highest - 100) } else { Vec::new() },
    }
}

/// A pair of instants that are compared.
pub(crate) fn pair(predicted: Option<Instant>, logged: Option<Instant>, comparable: bool) -> Compared {
    let near = |(rule, line): (Instant, Instant)| (line - rule).abs() <= REPORT_EVERY_COUNTED / 2;
    Compared {
        predicted,
        logged,
        agrees: predicted.zip(logged).is_some_and(near),
        comparable,
        evidence: vec![row(6, 115), origin(14, "said")],
    }
}

/// Cisco's first scenario: 100 purchased, five over-usages from 10:00 to 11:00, Out of Compliance logged five seconds
/// after the fifth.
pub(crate) fn scenario() -> (Facts, Tables) {
    let (mut facts, tables) = out_of_compliance();
    let last = at("2026-04-02T11:00:00+05:30");
    use_of_hundred(&mut facts, &[110, 120, 130, 125, 115], last);
    let instance = one(&mut facts);
    instance.contradictions.clear();
    let logged = last + TimeDelta::seconds(5);
    instance.authorization = known("out_of_compliance", Some(logged), Basis::Stated);
    let consumption = instance.consumption.as_mut().unwrap();
    consumption.entitlements[0].peak_state = Some("overage");
    for replay in &mut consumption.replays {
        let rule = replay.path.last().unwrap().expected;
        // Half a report decides between the two readings.
        let mut both = pair(Some(rule), Some(logged), true);
        both.agrees = replay.reading == Some(Reading::At60);
        replay.compared = vec![both];
    }
    consumption.forecasts = vec![forecast_of(Outlook::NotEnough { needed_days: 14 })];
    (facts, tables)
}

/// A forecast of PREMIUM from sixty days.
pub(crate) fn forecast_of(outlook: Outlook) -> Forecast {
    let short = matches!(outlook, Outlook::NotEnough { .. });
    Forecast {
        entitlement: PREMIUM.into(),
        purchased: 100,
        outlook,
        days: if short { 1 } else { 60 },
        samples: if short { 5 } else { 5_760 },
        method: "a line through the daily peaks by the median of slopes, with the weekday's usual difference"
            .into(),
        backtest: (!short).then_some(Backtest { days: 28, within: 24, mean_error: 2.125 }),
    }
}

/// [`HOSTILE`] text in every field of usage that the input can fill, twenty entitlements, and no number small.
pub(crate) fn hostile_usage(facts: &mut Facts) {
    let counts: Vec<u32> = (0..1_001).map(|i| if i % 2 == 0 { 90 } else { u32::MAX - 1 }).collect();
    use_of_hundred(facts, &counts, at("2026-04-02T11:00:00+05:30"));
    let line = || Evidence::one(origin(14, HOSTILE));
    let name = |i: usize| -> Arc<str> { format!("{HOSTILE}{i}").into() };
    let instance = one(facts);
    instance.readings =
        vec![ReadingFit { first: at("0001-01-01T00:00:00Z"), entered: now(), fits: None, evidence: line() }];
    instance.entitlements = (0..20)
        .map(|i| EntitlementFact {
            entitlement: name(i),
            name: name(i),
            count: Some(u32::MAX),
            status: Some(HOSTILE.into()),
            evidence: line(),
        })
        .collect();
    instance.license_type = Some((HOSTILE.into(), line()));
    let usage = instance.usage.as_mut().unwrap();
    usage.clock = UsageClock::AssumedUtc;
    usage.purchases[0].entitlement = name(0);
    let found = instance.consumption.as_mut().unwrap();
    let of = found.entitlements[0].clone();
    found.entitlements = (0..20)
        .map(|i| EntitlementUse { entitlement: name(i), locked: Some(u32::MAX), ..of.clone() })
        .collect();
    for replay in &mut found.replays {
        replay.locked = vec![(name(0), u32::MAX); 20];
        replay.compared = vec![pair(Some(now()), None, true), pair(None, Some(now()), false)];
    }
    let horizon = now();
    found.forecasts = [
        Outlook::Crosses { earliest: None, expected: None, latest: None, per_week: f64::NAN, horizon },
        Outlook::Crosses {
            earliest: Some(now()),
            expected: Some(now()),
            latest: None,
            per_week: f64::MAX,
            horizon,
        },
    ]
    .map(|outlook| Forecast { entitlement: name(0), method: HOSTILE.into(), ..forecast_of(outlook) })
    .into();
}
