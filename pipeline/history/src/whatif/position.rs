//! Where a Product Instance stands, and where rule and machine lead from there.

use std::sync::Arc;

use chrono::TimeDelta;
use parsers::event::EventKind;
use parsers::stamp::Instant;

use super::{Change, Step, WhatFollows};
use crate::coverage::Coverage;
use crate::facts::{DeadlineKind, Dimension, Instance};
use crate::flex::Flex;
use crate::machine::Machine;
use crate::policy::{self, COUNTDOWN_START_MIN, OVER_USAGES, REPORT_EVERY_COUNTED, Reading, Regime};
use crate::rule::{Rule, Verdict, invented};
use crate::usage::NOT_COUNTED;

/// Where a Product Instance stands under one set of rules.
#[derive(Clone, Debug)]
pub(super) struct Position<'a> {
    instance: &'a Instance,
    as_of: Instant,
    regime: Regime,
    reading: Option<Reading>,
    /// The Authorization State that the logs show, else the one that usage leads to.
    state: &'static str,
    /// True where the state follows from usage alone.
    from_usage: bool,
    /// The first report of the over-use that runs, or the entry into Out of Compliance.
    since: Option<Instant>,
    names: Vec<Arc<str>>,
    in_use: Vec<u32>,
    /// Highest use since the over-use began.
    held: Vec<u32>,
    purchased: Vec<u32>,
}

impl<'a> Position<'a> {
    pub(super) fn of(instance: &'a Instance, as_of: Instant, regime: Regime) -> Self {
        let reading = instance.readings.iter().rev().find_map(|fit| fit.fits);
        let consumption = instance.consumption.as_ref();
        let replay = consumption.and_then(|consumption| {
            let fits = |replay: &&crate::usage::Replay| {
                replay.regime == regime && (reading.is_none() || replay.reading == reading)
            };
            consumption.replays.iter().rev().find(fits)
        });
        let last = replay.and_then(|replay| replay.path.last());
        let logged = instance.authorization.state;
        let from_usage = logged == "unknown" && last.is_some();
        let state = if from_usage { last.map_or(logged, |last| last.state) } else { logged };
        let since = match state {
            "overage" if from_usage => last.map(|last| last.expected),
            // The minutes of the newest warning say when the countdown began.
            "overage" => {
                let due = instance.deadlines.iter().find(|it| it.kind == DeadlineKind::EnterOoc);
                due.and_then(|due| due.earliest)
                    .map(|due| due - TimeDelta::minutes(i64::from(COUNTDOWN_START_MIN)))
            }
            _ if from_usage => last.map(|last| last.expected),
            _ => instance.authorization.since,
        };
        let mut position = Self {
            instance,
            as_of,
            regime,
            reading: reading.filter(|_| regime == Regime::Counted),
            state,
            from_usage,
            since,
            names: Vec::new(),
            in_use: Vec::new(),
            held: Vec::new(),
            purchased: Vec::new(),
        };
        let locked = replay.map(|replay| replay.locked.as_slice()).unwrap_or_default();
        position.count(consumption.map(|it| it.entitlements.as_slice()).unwrap_or_default(), locked);
        position
    }

    /// Takes over what is used, held by the rule at hand, and purchased.
    fn count(&mut self, entitlements: &[crate::usage::EntitlementUse], locked: &[(Arc<str>, u32)]) {
        for entitlement in entitlements.iter().filter(|it| crate::flex::judged(&it.entitlement)) {
            let stated =
                self.instance.entitlements.iter().find(|it| it.entitlement == entitlement.entitlement);
            // While Out of Compliance, the License Management page shows the locked use.
            let reported = stated.and_then(|stated| stated.count).filter(|_| self.is_locked());
            self.names.push(Arc::clone(&entitlement.entitlement));
            self.in_use.push(entitlement.last.unwrap_or(NOT_COUNTED));
            let by_rule =
                locked.iter().find(|(name, _)| *name == entitlement.entitlement).map(|(_, count)| *count);
            let held = entitlement.locked.max(by_rule).max(reported).or(entitlement.last);
            self.held.push(held.unwrap_or(NOT_COUNTED));
            self.purchased.push(entitlement.purchased.unwrap_or(NOT_COUNTED));
        }
    }

    fn is_locked(&self) -> bool {
        self.regime != Regime::Immediate && self.state == "out_of_compliance"
    }

    /// True if use and purchases of at least one entitlement are known.
    fn is_counted(&self) -> bool {
        self.in_use.iter().zip(&self.purchased).any(|(a, b)| *a != NOT_COUNTED && *b != NOT_COUNTED)
    }

    /// Licenses to buy; `None` if it is not known.
    fn lacking(&self) -> Option<Vec<(Arc<str>, u32)>> {
        if !self.is_counted() {
            return None;
        }
        let mut out = Vec::new();
        let judged = if self.is_locked() { &self.held } else { &self.in_use };
        Flex::new(&self.names).lacking(judged, &self.purchased, &mut out);
        let pairs = self.names.iter().cloned().zip(out);
        Some(pairs.filter(|(_, count)| *count > 0).collect())
    }

    fn place(&mut self, entitlement: &Arc<str>) -> usize {
        if let Some(place) = self.names.iter().position(|name| name == entitlement) {
            return place;
        }
        self.names.push(Arc::clone(entitlement));
        self.in_use.push(NOT_COUNTED);
        self.held.push(NOT_COUNTED);
        self.purchased.push(NOT_COUNTED);
        self.names.len() - 1
    }

    fn buy(&mut self, bought: &[(Arc<str>, u32)]) {
        for (entitlement, count) in bought {
            let place = self.place(entitlement);
            if let Some(cell) = self.purchased.get_mut(place).filter(|cell| **cell != NOT_COUNTED) {
                *cell = cell.saturating_add(*count).min(NOT_COUNTED - 1);
            }
        }
    }

    /// What follows from a change.
    pub(super) fn after(mut self, change: &Change) -> WhatFollows {
        let mut says = Vec::new();
        if self.from_usage {
            says.push(
                "No line of the logs states the Authorization State; it was derived from usage by the rule."
                    .to_owned(),
            );
        }
        says.extend(self.how_long());
        let before = self.clone();
        match change {
            Change::Nothing => {}
            Change::BuyWhatLacks => {
                let lacking = self.lacking();
                self.buy(lacking.as_deref().unwrap_or_default());
            }
            Change::Buy(bought) => self.buy(bought),
            Change::Agents(moved) => {
                for (entitlement, by) in moved {
                    let place = self.place(entitlement);
                    if let Some(cell) = self.in_use.get_mut(place).filter(|cell| **cell != NOT_COUNTED) {
                        *cell = u32::try_from((i64::from(*cell) + by).max(0)).unwrap_or(NOT_COUNTED - 1);
                    }
                }
                if self.is_locked() {
                    says.push(
                        "Out of Compliance is irreversible by usage under these rules: the highest use stays locked, \
                         whoever logs out."
                            .to_owned(),
                    );
                }
                for (held, in_use) in self.held.iter_mut().zip(&self.in_use) {
                    if *in_use != NOT_COUNTED && *held != NOT_COUNTED {
                        *held = (*held).max(*in_use);
                    }
                }
            }
            Change::OverageOff => {
                // Without allowance nobody can log in beyond what was purchased.
                let mut over = Vec::new();
                Flex::new(&self.names).lacking(&self.in_use, &self.purchased, &mut over);
                for (cell, over) in self.in_use.iter_mut().zip(&over) {
                    if *cell != NOT_COUNTED {
                        *cell -= over;
                    }
                }
                says.push(
                    "License Control limits agent seats and ports to what was purchased from then on; agents beyond \
                     it cannot log in. It can be changed only while registered (Features Guide, License Control)."
                        .to_owned(),
                );
            }
        }
        let known = self.is_counted();
        if !known && *change != Change::Nothing {
            says.push(
                "Use or purchases are not known, so whether this suffices is not known: give --usage and --purchased."
                    .to_owned(),
            );
        }
        let covered = match change {
            Change::OverageOff if !self.is_locked() => Some(true),
            _ if known => self.lacking().map(|lacking| lacking.is_empty()),
            Change::Nothing => match self.state {
                "in_compliance" => Some(true),
                "overage" | "out_of_compliance" => Some(false),
                _ => None,
            },
            _ => None,
        };
        let counts = matches!(self.state, "in_compliance" | "overage" | "out_of_compliance" | "unknown");
        let path = match covered.filter(|_| counts) {
            Some(covered) => self.path(covered),
            // Evaluation has no limits; a reservation cannot be exceeded; an expiry is not about use.
            None => self.deadline().filter(|_| !counts).into_iter().collect(),
        };
        let ends_out = path.iter().any(|step| step.state == "out_of_compliance");
        if self.regime != Regime::Immediate && ends_out && !before.is_locked() {
            says.push(
                "From Out of Compliance on, the highest use since the over-use began is locked, and only a purchase of \
                 what it lacks restores compliance."
                    .to_owned(),
            );
        }
        WhatFollows {
            regime: self.regime,
            reading: self.reading,
            path,
            lacking: self.lacking(),
            irreversible: self.is_locked(),
            says,
        }
    }

    /// How long lower use still helps.
    fn how_long(&self) -> Option<String> {
        if self.state != "overage" || self.regime == Regime::Immediate {
            return None;
        }
        let since = self.since?;
        let due = since + TimeDelta::minutes(i64::from(COUNTDOWN_START_MIN));
        let spent = (self.as_of - since).num_minutes().max(0) / REPORT_EVERY_COUNTED.num_minutes();
        let count = u32::try_from(spent + 1).unwrap_or(u32::MAX).min(OVER_USAGES);
        if self.as_of >= due {
            return Some(format!(
                "The countdown ran out {} minutes ago and no line says what followed: act as if Out of Compliance.",
                (self.as_of - due).num_minutes()
            ));
        }
        Some(format!(
            "Over-usage {count} of {OVER_USAGES}; {} minutes left in which logging agents out still helps; after that \
             only a purchase does.",
            (due - self.as_of).num_minutes()
        ))
    }

    /// The changes of state to come, if reports show `covered` from now on.
    fn path(&self, covered: bool) -> Vec<Step> {
        let readings: Vec<Option<Reading>> = match (self.regime, self.reading) {
            (Regime::Immediate, _) => vec![None],
            (_, Some(reading)) => vec![Some(reading)],
            (_, None) => Reading::ALL.map(Some).to_vec(),
        };
        let paths: Vec<Vec<(&'static str, Instant)>> =
            readings.iter().map(|reading| self.simulate(*reading, covered)).collect();
        let Some((first, mut last)) = paths.first().zip(paths.last()) else { return Vec::new() };
        // Both readings go through the same states and differ in when, unless the countdown has just run out under
        // one of them: then that is the one to act on.
        if !first.iter().map(|it| it.0).eq(last.iter().map(|it| it.0)) {
            last = first;
        }
        let every = policy::report_every(self.regime);
        let rule = |state: &str| {
            match (state, self.regime) {
            ("in_compliance", _) => format!(
                "The next report to CSSM is covered; at the latest {} behind the change, or at once with Renew \
                 Authorization Now.",
                if every == REPORT_EVERY_COUNTED { "15 minutes" } else { "8 hours" }
            ),
            ("out_of_compliance", Regime::Immediate) => {
                "Out of Compliance as soon as CSSM says so, with the next eight-hourly report (Release Notes 12.5(1) \
                 SU3)."
                    .to_owned()
            }
            ("out_of_compliance", _) => {
                "45 minutes of tolerance (Features Guide 12.5(1) SU1), or five over-usages within an hour (217416)."
                    .to_owned()
            }
            _ => "The first report above what was purchased.".to_owned(),
        }
        };
        let mut steps: Vec<Step> = first
            .iter()
            .zip(last)
            .map(|((state, early), (_, late))| {
                // Where reports fall is known only where the over-use that runs shows it.
                let phase_known = self.state == "overage" && self.since.is_some();
                Step {
                    dimension: Dimension::Authorization,
                    state,
                    earliest: Some(if phase_known { *early } else { self.as_of.max(*early - every) }),
                    expected: Some(*early),
                    latest: Some(*late),
                    rule: rule(state),
                }
            })
            .collect();
        let ends = steps.last().map_or(self.state, |step| step.state);
        if ends == "out_of_compliance" {
            steps.push(self.enforcement(steps.last().cloned()));
        } else if steps.is_empty()
            && matches!(ends, "authorization_expired" | "evaluation" | "evaluation_expired")
        {
            steps.extend(self.deadline());
        }
        steps
    }

    /// Enforcement behind Out of Compliance.
    fn enforcement(&self, entered: Option<Step>) -> Step {
        let dated = self.deadline().filter(|_| self.state == "out_of_compliance" && !self.from_usage);
        let after = |at: Option<Instant>| at.map(|at| at + policy::ENFORCEMENT_AFTER);
        let since = |at: Option<Instant>| after(at.or(self.since));
        dated.unwrap_or_else(|| Step {
            dimension: Dimension::Enforcement,
            state: "enforced",
            earliest: since(entered.as_ref().and_then(|step| step.earliest)),
            expected: since(entered.as_ref().and_then(|step| step.expected)),
            latest: since(entered.as_ref().and_then(|step| step.latest)),
            rule: "90 days of Out of Compliance, then Enforcement (217416; Features Guide): agents are no longer \
                   synchronised from Unified CM."
                .to_owned(),
        })
    }

    /// Enforcement as the logs lead to it.
    fn deadline(&self) -> Option<Step> {
        let deadline = self.instance.deadlines.iter().find(|it| it.kind == DeadlineKind::Enforcement)?;
        Some(Step {
            dimension: Dimension::Enforcement,
            state: "enforced",
            earliest: deadline.earliest,
            expected: Some(deadline.expected),
            latest: deadline.latest,
            rule: deadline.rule.clone(),
        })
    }

    /// Runs rule and machine on; returns the states behind the present one.
    fn simulate(&self, reading: Option<Reading>, covered: bool) -> Vec<(&'static str, Instant)> {
        let coverage = Coverage::default();
        let mut machine = Machine::new(self.regime, &coverage, &[], false);
        let every = policy::report_every(self.regime);
        let out = self.state == "out_of_compliance";
        let mut rule = Rule::resumed(self.regime, reading, 0, out);
        let mut at = match (self.state, self.since) {
            // The reports of the over-use that runs were all above what was purchased.
            ("overage", Some(since)) => since,
            _ => self.as_of + every,
        };
        let begun = match self.state {
            "out_of_compliance" => Some(EventKind::OocEntered),
            "in_compliance" => Some(EventKind::ComplianceRestored),
            _ => None,
        };
        if let Some(kind) = begun {
            machine.apply(&invented(self.since.unwrap_or(self.as_of).min(self.as_of), kind, None));
        }
        let mut reports = 0;
        // A countdown of five reports ends within as many; one that ran out long ago has more behind it.
        while reports <= OVER_USAGES {
            let past = at <= self.as_of;
            // What was locked meanwhile was not judged.
            let locked = rule.is_out_of_compliance() && !out && self.regime != Regime::Immediate;
            let verdict = if covered && !past && !locked { Verdict::Covered } else { Verdict::Over };
            if let Some(kind) = rule.report(verdict) {
                machine.apply(&invented(at, kind, None));
            }
            let settled = rule.is_out_of_compliance() || !rule.holds();
            if !past && settled {
                break;
            }
            reports += u32::from(!past || settled);
            at += every;
        }
        let folded = machine.finish(None);
        let changes = folded.transitions.into_iter().filter(|it| it.dimension == Dimension::Authorization);
        let mut states = changes.filter_map(|change| Some((change.state, change.at?)));
        match self.state {
            "unknown" => states.collect(),
            // What led to the present state is no news.
            present => {
                states.find(|(state, _)| *state == present);
                states.collect()
            }
        }
    }
}
