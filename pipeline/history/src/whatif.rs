//! What would happen: the present state, a change, and the rules applied to both.

mod position;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parsers::stamp::Instant;

use self::position::Position;
use crate::facts::{Dimension, Instance};
use crate::policy::{Reading, Regime};

/// A change to think through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing is done.
    Nothing,
    /// As many licences are bought as restore compliance.
    BuyWhatLacks,
    /// Licenses are bought, by entitlement.
    Buy(Vec<(Arc<str>, u32)>),
    /// Agents log in (positive) or out (negative), by entitlement.
    Agents(Vec<(Arc<str>, i64)>),
    /// Overage allowance is turned off in License Control.
    OverageOff,
}

/// What follows from a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The change.
    pub change: Change,
    /// One entry for each rule that may hold: one where the regime is known.
    pub outcomes: Vec<WhatFollows>,
}

/// What follows under one set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatFollows {
    /// The rules.
    pub regime: Regime,
    /// The reading of the counted rule; `None` where the logs do not tell, or in the immediate regime.
    pub reading: Option<Reading>,
    /// Changes of state to come, in order; empty where the state stays.
    pub path: Vec<Step>,
    /// Licenses to buy for compliance after this change, by entitlement; `None` where use or purchases are not
    /// known, empty where nothing is lacking.
    pub lacking: Option<Vec<(Arc<str>, u32)>>,
    /// True if compliance can no longer be restored by lower use.
    pub irreversible: bool,
    /// What a person must know, as sentences.
    pub says: Vec<String>,
}

/// A change of state to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which machine.
    pub dimension: Dimension,
    /// The new state, by its name in the report.
    pub state: &'static str,
    /// Not before; `None` if not known.
    pub earliest: Option<Instant>,
    /// Most likely; `None` if not known.
    pub expected: Option<Instant>,
    /// Not after; `None` if not known.
    pub latest: Option<Instant>,
    /// The rule and its source, as a sentence.
    pub rule: String,
}

/// What follows from each change, for the present state of `instance` at `as_of`.
#[must_use]
pub fn scenarios(instance: &Instance, as_of: Instant, changes: &[Change]) -> Vec<Scenario> {
    let regimes: &[Regime] = match instance.release.regime {
        Regime::Counted => &[Regime::Counted],
        Regime::Immediate => &[Regime::Immediate],
        Regime::Unknown => &[Regime::Counted, Regime::Immediate],
    };
    let outcome = |regime: &Regime, change: &Change| Position::of(instance, as_of, *regime).after(change);
    let scenario = |change: &Change| Scenario {
        change: change.clone(),
        outcomes: regimes.iter().map(|regime| outcome(regime, change)).collect(),
    };
    changes.iter().map(scenario).collect()
}
