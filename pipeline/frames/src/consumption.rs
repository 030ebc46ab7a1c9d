//! What follows from usage and purchases, for one Product Instance.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use history::facts::{Basis, Dimension, Instance};
use history::flex;
use history::policy::{self, REPORT_EVERY_COUNTED, REPORT_EVERY_IMMEDIATE, Reading, Regime};
use history::rule;
use history::usage::{Consumption, EntitlementUse, Grid, NOT_COUNTED, Replay, Series, Usage};
use parsers::event::EventKind;
use parsers::stamp::Instant;

use crate::Error;
use crate::columns::ms;
use crate::forecast::forecasts;
use crate::usage::grid;

/// What follows from the usage and the purchases of an instance; `None` where neither is known.
///
/// The deficit and the locked use are those of the replay that holds: in the counted regime, and where the regime is
/// not known, that of the reading which a logged countdown fits, else of [`Reading::At60`]. Where the logs say Out of
/// Compliance and no replay ends there, the locked use is the highest since the logged over-use began. Purchases count
/// up to `as_of`, or to the last sample where that is later.
pub fn consumption(instance: &Instance, as_of: Option<Instant>) -> Result<Option<Consumption>, Error> {
    let Some(usage) = &instance.usage else { return Ok(None) };
    let end = as_of.max(usage.at.last().copied()).unwrap_or(Instant::MAX_UTC);
    let judged = Judged::of(usage, end);
    let regime = instance.release.regime;
    let reports = grid(usage, REPORT_EVERY_COUNTED, usual_phase(&usage.at))?;
    let peak = highest_sum(&reports, &judged);
    let mut newest = Newest::of(&reports, &judged);
    let since_logged = locked_since_logged(instance, &reports, &judged);
    let mut replays = Vec::new();
    if !judged.names.is_empty() && !usage.at.is_empty() {
        if regime != Regime::Immediate {
            let readings = Reading::ALL.map(Some);
            replays.extend(readings.map(|reading| rule::replay(&reports, usage, Regime::Counted, reading)));
        }
        drop(reports);
        if regime != Regime::Counted {
            let reports =
                grid(usage, REPORT_EVERY_IMMEDIATE, first_alarm(instance).map(|at| at + REPORT_TAKES))?;
            replays.push(rule::replay(&reports, usage, Regime::Immediate, None));
            if regime == Regime::Immediate {
                newest = Newest::of(&reports, &judged);
            }
        }
        for replay in &mut replays {
            rule::compare(replay, instance, usage);
        }
    }
    let (locks, lacks) = one_answer(regime, &replays);
    let locked = locked(instance, &replays, since_logged);
    let lacking = judged.lacking(&newest, locked.as_deref()).filter(|_| lacks);
    let locked = locked.filter(|_| locks);
    let counts = usage.series.first().map_or(0, |_| usage.at.len());
    Ok(Some(Consumption {
        purchased: (!judged.counts.is_empty()).then(|| total(judged.counts.iter())),
        peak,
        locked: locked.as_ref().map(|locked| total(locked.iter().map(|(_, count)| count))),
        deficit: lacking.as_ref().map(total),
        samples: counts as u64,
        from: usage.at.first().copied(),
        to: usage.at.last().copied(),
        entitlements: entitlements(instance, usage, end, &judged, &newest, locked.as_deref(), lacking)?,
        forecasts: if judged.names.is_empty() { Vec::new() } else { forecasts(usage, end)? },
        replays,
    }))
}

/// Entitlements whose use is counted and whose purchase is known at the end.
struct Judged {
    names: Vec<Arc<str>>,
    counts: Vec<u32>,
}

impl Judged {
    fn of(usage: &Usage, end: Instant) -> Self {
        let names: BTreeSet<&Arc<str>> =
            usage.purchases.iter().map(|purchase| &purchase.entitlement).collect();
        let known = names.into_iter().filter(|name| flex::judged(name));
        let known = known.filter_map(|name| Some((Arc::clone(name), usage.purchased(name, end)?)));
        let (names, counts) = known.unzip();
        Self { names, counts }
    }

    fn holds(&self, name: &str) -> bool {
        self.names.iter().any(|judged| **judged == *name)
    }

    /// Licenses to buy, by entitlement; `None` if nothing is judged or nothing was counted.
    fn lacking(&self, newest: &Newest, locked: Option<&[(Arc<str>, u32)]>) -> Option<Vec<u32>> {
        let in_use: Vec<u32> = match locked {
            Some(locked) => {
                let of = |name: &Arc<str>| locked.iter().find(|(locked, _)| locked == name);
                self.names.iter().map(|name| of(name).map_or(0, |(_, count)| *count)).collect()
            }
            None => newest.report.clone(),
        };
        let is_known = in_use.iter().any(|count| *count != NOT_COUNTED);
        is_known.then(|| flex::lacking(&self.names, &in_use, &self.counts))
    }
}

/// The newest reports.
struct Newest {
    /// Use of the judged entitlements in the newest report that counts any of them.
    report: Vec<u32>,
    /// The newest count of each entitlement of the grid.
    counts: Vec<(Arc<str>, u32)>,
}

impl Newest {
    fn of(reports: &Grid, judged: &Judged) -> Self {
        let columns: Vec<Option<&[u32]>> = judged
            .names
            .iter()
            .map(|name| reports.columns.iter().find(|column| column.entitlement == *name))
            .map(|column| column.map(|column| &*column.in_use))
            .collect();
        let newest = |column: &[u32]| column.iter().rposition(|count| *count != NOT_COUNTED);
        let row = columns.iter().flatten().filter_map(|column| newest(column)).max();
        let cell = |column: &Option<&[u32]>| row.and_then(|row| column.as_ref()?.get(row)).copied();
        Self {
            report: columns.iter().map(|column| cell(column).unwrap_or(NOT_COUNTED)).collect(),
            counts: reports
                .columns
                .iter()
                .filter_map(|column| {
                    let row = newest(&column.in_use)?;
                    Some((Arc::clone(&column.entitlement), *column.in_use.get(row)?))
                })
                .collect(),
        }
    }
}

/// Where slots of the counted regime begin: opposite to the samples, where these come once a slot at about the same
/// time, so that a sample that is seconds early or late stays in its slot; `None` where they come at any time.
pub(crate) fn usual_phase(at: &[Instant]) -> Option<Instant> {
    let every = REPORT_EVERY_COUNTED.num_milliseconds();
    let mut times: Vec<i64> = at.iter().map(|at| ms(*at).rem_euclid(every)).collect();
    times.sort_unstable();
    times.dedup();
    let around = times.first().map(|first| first + every);
    let next = times.iter().copied().skip(1).chain(around);
    let (gap, before) = times.iter().zip(next).map(|(time, next)| (next - time, *time)).max()?;
    (gap > every / 2).then(|| Instant::from_timestamp_millis(before + gap / 2)).flatten()
}

/// When a report to CSSM was answered: the instant of the first alarm about over-use.
fn first_alarm(instance: &Instance) -> Option<Instant> {
    let answers = instance.events.iter().filter(|event| {
        let kind = &event.kind;
        event.is_about_license()
            && matches!(
                kind,
                EventKind::OocApproaching { .. } | EventKind::OocImminent { .. } | EventKind::OocEntered
            )
    });
    answers.filter_map(|event| event.at).min()
}

/// Highest use at one time: within one slot, over what is judged, over all where nothing is.
fn highest_sum(reports: &Grid, judged: &Judged) -> Option<u64> {
    let is_asked = |name: &str| judged.names.is_empty() || judged.holds(name);
    let mut sums: Vec<Option<u64>> = vec![None; reports.at.len()];
    for column in reports.columns.iter().filter(|column| is_asked(&column.entitlement)) {
        for (sum, count) in sums.iter_mut().zip(&column.in_use) {
            if *count != NOT_COUNTED {
                *sum = Some(sum.unwrap_or(0) + u64::from(*count));
            }
        }
    }
    sums.into_iter().max().flatten()
}

/// What is used at the time of a report is a part of it: an eight-hourly slot ends this long behind the alarm that
/// shows when reports are made.
const REPORT_TAKES: TimeDelta = TimeDelta::minutes(2);

/// The replay that holds: in the immediate regime its only one, else that of the reading which the newest logged
/// countdown fits, or of [`Reading::At60`].
pub(crate) fn holding<'a>(instance: &Instance, replays: &'a [Replay]) -> Option<&'a Replay> {
    let fits = instance.readings.iter().rev().find_map(|reading| reading.fits).unwrap_or(Reading::At60);
    replays.iter().find(|replay| replay.reading.is_none_or(|reading| reading == fits))
}

/// Whether all rules that may hold lock the same, and lack the same: where the release is not known, what they tell
/// differently is not known either.
fn one_answer(regime: Regime, replays: &[Replay]) -> (bool, bool) {
    let Some(first) = replays.first().filter(|_| regime == Regime::Unknown) else { return (true, true) };
    let locks = replays.iter().all(|replay| replay.locked == first.locked);
    (locks, replays.iter().all(|replay| replay.lacking == first.lacking))
}

/// The use that is held at the end, by entitlement; `None` unless the rule or the logs say Out of Compliance.
fn locked(
    instance: &Instance,
    replays: &[Replay],
    since_logged: Option<Vec<(Arc<str>, u32)>>,
) -> Option<Vec<(Arc<str>, u32)>> {
    if let Some(holds) = holding(instance, replays).filter(|holds| !holds.locked.is_empty()) {
        return Some(holds.locked.clone());
    }
    let is_out = |replay: &Replay| replay.path.last().is_some_and(|last| last.state == "out_of_compliance");
    since_logged.filter(|_| !replays.iter().any(is_out))
}

/// Highest use of what is judged since the logged over-use began; `None` unless the logs say Out of Compliance under
/// rules that lock usage.
fn locked_since_logged(instance: &Instance, reports: &Grid, judged: &Judged) -> Option<Vec<(Arc<str>, u32)>> {
    if instance.release.regime == Regime::Immediate || instance.authorization.state != "out_of_compliance" {
        return None;
    }
    let changes = instance.transitions.iter().filter(|change| change.dimension == Dimension::Authorization);
    let (mut began, mut out_since) = (None, None);
    for change in changes.filter(|change| change.at.is_some()) {
        match change.state {
            "overage" => began = change.at,
            "out_of_compliance" => out_since = began.or(change.at),
            _ => began = None,
        }
    }
    // The alarm answers the report before it.
    let since = out_since? - policy::report_every(instance.release.regime);
    let first = reports.at.partition_point(|at| *at < since);
    let columns = reports.columns.iter().filter(|column| judged.holds(&column.entitlement));
    let highest = columns.filter_map(|column| {
        let counts = column.in_use.iter().skip(first).filter(|count| **count != NOT_COUNTED);
        Some((Arc::clone(&column.entitlement), *counts.max()?))
    });
    Some(highest.collect::<Vec<_>>()).filter(|highest| !highest.is_empty())
}

fn total<'a>(counts: impl IntoIterator<Item = &'a u32>) -> u64 {
    counts.into_iter().map(|count| u64::from(*count)).sum()
}

/// One entry for each entitlement that is used or purchased, by name.
fn entitlements(
    instance: &Instance,
    usage: &Usage,
    end: Instant,
    judged: &Judged,
    newest: &Newest,
    locked: Option<&[(Arc<str>, u32)]>,
    lacking: Option<Vec<u32>>,
) -> Result<Vec<EntitlementUse>, Error> {
    let names: BTreeSet<&Arc<str>> = usage
        .series
        .iter()
        .map(|series| &series.entitlement)
        .chain(usage.purchases.iter().map(|purchase| &purchase.entitlement))
        .collect();
    let lacking: Vec<(&Arc<str>, u32)> = judged.names.iter().zip(lacking.into_iter().flatten()).collect();
    let mut entries: Vec<EntitlementUse> = names
        .into_iter()
        .map(|name| {
            let series = usage.series.iter().find(|series| series.entitlement == *name);
            let peak = series.and_then(peak);
            let mut purchases = usage.purchases.iter().filter(|purchase| purchase.entitlement == *name);
            let purchase = purchases.rfind(|it| it.since.is_none_or(|since| since <= end));
            let of = |counts: &[(Arc<str>, u32)]| counts.iter().find(|(of, _)| of == name).map(|it| it.1);
            EntitlementUse {
                entitlement: Arc::clone(name),
                purchased: purchase.map(|purchase| purchase.count),
                purchased_basis: purchase.map_or(Basis::Unknown, |purchase| purchase.basis),
                peak: peak.map(|(_, count)| count),
                peak_at: peak.and_then(|(row, _)| usage.at.get(row)).copied(),
                peak_state: None,
                last: of(&newest.counts),
                locked: locked.and_then(of),
                deficit: peak.and_then(|_| lacking.iter().find(|(of, _)| *of == name)).map(|it| it.1),
                evidence: peak.and_then(|(row, _)| usage.evidence(row)),
            }
        })
        .collect();
    let peaks: Vec<Option<Instant>> = entries.iter().map(|entry| entry.peak_at).collect();
    for (entry, state) in entries.iter_mut().zip(states_at(instance, &peaks)) {
        entry.peak_state = state;
    }
    Ok(entries)
}

/// The highest count and the first row that holds it.
fn peak(series: &Series) -> Option<(usize, u32)> {
    let counted = series.counts.iter().enumerate().filter(|(_, count)| **count != NOT_COUNTED);
    counted.map(|(row, count)| (row, *count)).reduce(|peak, next| if next.1 > peak.1 { next } else { peak })
}

/// The Authorization State at each instant, as the logs have it: that of the newest change until then.
pub(crate) fn states_at(instance: &Instance, at: &[Option<Instant>]) -> Vec<Option<&'static str>> {
    let mut changes: Vec<(Instant, &'static str)> = instance
        .transitions
        .iter()
        .filter(|change| change.dimension == Dimension::Authorization)
        .filter_map(|change| Some((change.at?, change.state)))
        .collect();
    changes.sort_by_key(|(since, _)| *since);
    let state = |at: Instant| {
        let until = changes.partition_point(|(since, _)| *since <= at);
        changes.get(until.checked_sub(1)?).map(|(_, state)| *state)
    };
    at.iter().map(|at| at.and_then(state)).collect()
}
