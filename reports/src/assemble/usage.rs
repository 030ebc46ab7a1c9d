//! Usage, replayed rules and forecasts in the words of the report.

use std::sync::Arc;

use chrono::TimeDelta;
use history::facts::{self, Instance};
use history::policy;
use history::usage::{self as core, Grid, NOT_COUNTED, Outlook};

use super::Lines;
use super::instance::{basis, regime};
use crate::chance::Chance;
use crate::report::{self, Amount, Hundredths, OutlookKind, Reading, UsageClock};
use crate::time::Time;

/// Most reports of a view: a month of 15 minutes, two and a half years of 8 hours. The tables hold all.
const VIEW_ROWS_MAX: usize = 3_000;

impl Lines<'_> {
    /// `None` where nothing is known.
    pub(super) fn usage(&self, instance: &Instance, views: &[(TimeDelta, Grid)]) -> Option<report::Usage> {
        let usage = instance.usage.as_ref()?;
        let purchases = usage.purchases.iter().map(|purchase| report::Purchase {
            entitlement: Arc::clone(&purchase.entitlement).into(),
            count: purchase.count,
            since: purchase.since.map(Time),
            basis: basis(purchase.basis),
            evidence: self.evidence(purchase.evidence.as_ref()),
        });
        let mut of_report = report::Usage {
            purchased: None,
            peak: None,
            locked: None,
            deficit: None,
            samples: Some(usage.at.len() as u64),
            from: usage.at.first().copied().map(Time),
            to: usage.at.last().copied().map(Time),
            clock: clock(usage.clock),
            assumed: usage.assumed.iter().map(|says| (*says).to_owned()).collect(),
            purchases: purchases.collect(),
            entitlements: Vec::new(),
            replays: Vec::new(),
            forecasts: Vec::new(),
            views: views.iter().map(|(every, grid)| view(*every, grid)).collect(),
        };
        if let Some(found) = &instance.consumption {
            of_report.purchased = found.purchased;
            of_report.peak = found.peak;
            of_report.locked = found.locked;
            of_report.deficit = found.deficit;
            of_report.samples = Some(found.samples);
            of_report.from = found.from.map(Time);
            of_report.to = found.to.map(Time);
            of_report.entitlements = found.entitlements.iter().map(|it| self.entitlement(it)).collect();
            of_report.replays = found.replays.iter().map(|replay| self.replay(replay)).collect();
            of_report.forecasts = found.forecasts.iter().map(forecast).collect();
        }
        Some(of_report)
    }

    pub(crate) fn entitlement(&self, of: &core::EntitlementUse) -> report::EntitlementUse {
        report::EntitlementUse {
            entitlement: Arc::clone(&of.entitlement).into(),
            purchased: of.purchased,
            purchased_basis: Some(basis(of.purchased_basis))
                .filter(|_| of.purchased_basis != facts::Basis::Unknown),
            peak: of.peak,
            peak_at: of.peak_at.map(Time),
            peak_state: of.peak_state.map(Into::into),
            last: of.last,
            locked: of.locked,
            deficit: of.deficit,
            evidence: self.evidence(of.evidence.as_ref()),
        }
    }

    fn replay(&self, replay: &core::Replay) -> report::Replay {
        let path = replay.path.iter().map(|change| report::Predicted {
            state: change.state.into(),
            earliest: Time(change.earliest),
            expected: Time(change.expected),
            latest: Time(change.latest),
            determined: change.determined,
            evidence: self.evidence(change.evidence.as_ref()),
        });
        let compared = replay.compared.iter().map(|pair| report::Compared {
            predicted: pair.predicted.map(Time),
            logged: pair.logged.map(Time),
            difference_s: pair.predicted.zip(pair.logged).map(|(rule, line)| (line - rule).num_seconds()),
            agrees: pair.agrees,
            comparable: pair.comparable,
            evidence: self.lines(&pair.evidence),
        });
        report::Replay {
            regime: regime(replay.regime),
            reading: replay.reading.map(reading),
            count: replay.count,
            path: path.collect(),
            compared: compared.collect(),
            locked: amounts(&replay.locked),
            lacking: amounts(&replay.lacking),
        }
    }

    pub(super) fn readings(&self, instance: &Instance) -> Vec<report::ReadingFit> {
        let readings = instance.readings.iter().map(|fit| report::ReadingFit {
            first: Time(fit.first),
            entered: Time(fit.entered),
            elapsed_s: (fit.entered - fit.first).num_seconds(),
            fits: fit.fits.map(reading),
            evidence: self.evidence(Some(&fit.evidence)),
        });
        readings.collect()
    }

    pub(super) fn entitlements_stated(&self, instance: &Instance) -> Vec<report::EntitlementStated> {
        let stated = instance.entitlements.iter().map(|said| report::EntitlementStated {
            entitlement: Arc::clone(&said.entitlement).into(),
            name: Arc::clone(&said.name).into(),
            count: said.count,
            status: said.status.clone().map(Into::into),
            evidence: self.evidence(Some(&said.evidence)),
        });
        stated.collect()
    }

    pub(super) fn license_type(&self, instance: &Instance) -> Option<report::LicenseType> {
        let (name, evidence) = instance.license_type.as_ref()?;
        Some(report::LicenseType { name: Arc::clone(name).into(), evidence: self.evidence(Some(evidence)) })
    }

    pub(crate) fn reversible(&self, instance: &Instance) -> Option<report::Reversible> {
        let chance = Chance::of(instance)?;
        Some(report::Reversible {
            count: chance.count,
            of: chance.needed(),
            counted_by: chance.count.map(|_| chance.counted_by.into()),
            reading: chance.reading.map(reading),
            until: Time(chance.until()),
            until_latest: chance.until_latest().map(Time),
            remaining_s: self.0.as_of.map(|as_of| (chance.until() - as_of).num_seconds()),
        })
    }
}

/// The newest reports of a grid.
fn view(every: TimeDelta, grid: &Grid) -> report::UsageView {
    let before = grid.at.len().saturating_sub(VIEW_ROWS_MAX);
    let counted = |counts: &[u32]| {
        let shown = counts.iter().skip(before);
        shown.map(|count| Some(*count).filter(|count| *count != NOT_COUNTED)).collect()
    };
    report::UsageView {
        interval_s: every.num_seconds(),
        rows_before: before as u64,
        at: grid.at.iter().skip(before).copied().map(Time).collect(),
        columns: grid
            .columns
            .iter()
            .map(|column| report::UsageColumn {
                entitlement: Arc::clone(&column.entitlement).into(),
                in_use: counted(&column.in_use),
                purchased: counted(&column.purchased),
            })
            .collect(),
    }
}

fn clock(clock: core::UsageClock) -> UsageClock {
    match clock {
        core::UsageClock::Written => UsageClock::Written,
        core::UsageClock::Given => UsageClock::Given,
        core::UsageClock::NodeZone => UsageClock::NodeZone,
        core::UsageClock::AssumedUtc => UsageClock::AssumedUtc,
    }
}

pub(crate) fn reading(reading: policy::Reading) -> Reading {
    match reading {
        policy::Reading::At45 => Reading::At45,
        policy::Reading::At60 => Reading::At60,
    }
}

pub(crate) fn amounts(of: &[(Arc<str>, u32)]) -> Vec<Amount> {
    let amounts = of
        .iter()
        .map(|(entitlement, count)| Amount { entitlement: Arc::clone(entitlement).into(), count: *count });
    amounts.collect()
}

fn forecast(of: &core::Forecast) -> report::Forecast {
    let mut said = report::Forecast {
        entitlement: Arc::clone(&of.entitlement).into(),
        purchased: of.purchased,
        outlook: OutlookKind::NotEnough,
        needed_days: None,
        since: None,
        earliest: None,
        expected: None,
        latest: None,
        per_week: None,
        horizon: None,
        days: of.days,
        samples: of.samples,
        method: of.method.clone(),
        backtest: of.backtest.map(|past| report::Backtest {
            days: past.days,
            within: past.within,
            mean_error: Hundredths::of(past.mean_error),
        }),
    };
    match of.outlook {
        Outlook::NotEnough { needed_days } => said.needed_days = Some(needed_days),
        Outlook::Already { since } => {
            said.outlook = OutlookKind::Already;
            said.since = Some(Time(since));
        }
        Outlook::Crosses { earliest, expected, latest, per_week, horizon } => {
            said.outlook = OutlookKind::Crosses;
            said.earliest = earliest.map(Time);
            said.expected = expected.map(Time);
            said.latest = latest.map(Time);
            said.per_week = Hundredths::of(per_week);
            said.horizon = Some(Time(horizon));
        }
        Outlook::NotBefore { per_week, horizon } => {
            said.outlook = OutlookKind::NotBefore;
            said.per_week = Hundredths::of(per_week);
            said.horizon = Some(Time(horizon));
        }
    }
    said
}
