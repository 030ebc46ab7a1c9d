//! What would happen: the document that `uccxray whatif` writes, and its three forms.
//!
//! The scenarios are the history crate's; here they get the names of the contract, the present state beside them, and
//! words.

mod markdown;
mod text;
mod words;

use std::sync::Arc;

use history::facts::{self, Facts, Instance};
use history::whatif::{Change, Scenario, Step, WhatFollows};
use parsers::stamp::Instant as Moment;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::assemble::{Lines, amounts, reading, regime};
use crate::licenses::lacking;
use crate::render::{Options, pretty};
use crate::report::{
    Amount, Deadline, EntitlementUse, Now, Reading, Regime, Release, Reversible, SCHEMA_VERSION, Text, Tool,
};
use crate::time::Time;

/// What would happen to each Product Instance under each change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIf {
    /// Version of this form.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: String,
    /// Who wrote it.
    pub tool: Tool,
    /// The instant that "now" and "remaining" mean; null if nothing in the input is dated and none was given.
    pub as_of: Option<Time>,
    /// One entry for each Product Instance with scenarios.
    pub product_instances: Vec<WhatIfInstance>,
}

/// One Product Instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfInstance {
    /// Stable name.
    pub id: String,
    /// The names of its nodes.
    pub nodes: Vec<String>,
    /// IANA name or offset of the clock that all nodes share; null where none is known or they differ.
    pub time_zone: Option<String>,
    /// What is so now.
    pub now: WhatIfNow,
    /// One entry for each change, in the order asked.
    pub scenarios: Vec<WhatIfScenario>,
}

/// What is so now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfNow {
    /// The present states.
    pub states: Now,
    /// Release and the rules that follow from it.
    pub release: Release,
    /// Licenses purchased, over the entitlements that are judged.
    pub purchased: Option<u64>,
    /// Highest usage at one time, over the same entitlements.
    pub peak: Option<u64>,
    /// Usage that CSSM holds the instance to while Out of Compliance.
    pub locked: Option<u64>,
    /// Licenses that are lacking.
    pub deficit: Option<u64>,
    /// One entry an entitlement, by name.
    pub entitlements: Vec<EntitlementUse>,
    /// Until when lower usage still restores compliance; null unless a countdown of the counted rule runs.
    pub reversible: Option<Reversible>,
    /// What happens when, nearest first.
    pub deadlines: Vec<Deadline>,
}

/// A change and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfScenario {
    /// The change.
    pub change: WhatIfChange,
    /// One entry for each rule that may hold: one where the regime is known.
    pub outcomes: Vec<WhatIfOutcome>,
}

/// A change to think through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfChange {
    /// What is changed.
    #[schemars(extend("enum" = ["nothing", "buy_what_lacks", "buy", "agents", "overage_off"]))]
    pub kind: Text,
    /// `buy` and `buy_what_lacks`: licenses bought; `agents`: agents who log in, negative for out; else empty, and where
    /// not known.
    pub amounts: Vec<SignedAmount>,
    /// The change in words.
    pub says: String,
}

/// More or fewer licenses of one entitlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedAmount {
    /// Which entitlement.
    pub entitlement: Text,
    /// How many more; negative for fewer.
    pub count: i64,
}

/// What follows under one set of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfOutcome {
    /// The rules.
    pub regime: Regime,
    /// The reading of the counted rule; null where the logs do not tell, or in the immediate regime.
    pub reading: Option<Reading>,
    /// Changes of state to come, in order; empty where the state stays.
    pub path: Vec<WhatIfStep>,
    /// The smallest purchase that restores compliance after this change; null where usage or purchases are not known,
    /// empty where nothing is lacking.
    pub lacking: Option<Vec<Amount>>,
    /// True if compliance can no longer be restored by lower usage.
    pub irreversible: bool,
    /// What a person must know, as sentences.
    pub says: Vec<String>,
}

/// A change of state to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfStep {
    /// Which machine.
    #[schemars(extend("enum" = ["registration", "authorization", "enforcement"]))]
    pub dimension: Text,
    /// The new state.
    pub state: Text,
    /// Not before; null if not known.
    pub earliest: Option<Time>,
    /// Most likely; null if not known.
    pub expected: Option<Time>,
    /// Not after; null if not known.
    pub latest: Option<Time>,
    /// Seconds from `as_of` to `expected`; null where one of them is.
    pub remaining_s: Option<i64>,
    /// The rule and its source, as a sentence.
    pub rule: String,
}

/// Makes the document of the scenarios, each with the index of its Product Instance in [`Facts::instances`]. An index
/// without a Product Instance is left out.
#[must_use]
pub fn whatif(facts: &Facts, scenarios: &[(usize, Vec<Scenario>)], tool: Tool) -> WhatIf {
    let lines = Lines::new(facts);
    let instances = scenarios.iter().filter_map(|(i, scenarios)| {
        Some(instance(&lines, facts.as_of, facts.instances.get(*i)?, scenarios))
    });
    WhatIf {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool,
        as_of: facts.as_of.map(Time),
        product_instances: instances.collect(),
    }
}

/// The document in one of the formats `text`, `md` (or `markdown`) and `json`; `None` for another name.
#[must_use]
pub fn render_whatif(format: &str, document: &WhatIf, options: &Options) -> Option<String> {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = match format {
        "text" => text::render(document, &mut out, options),
        "md" | "markdown" => markdown::render(document, &mut out),
        "json" => pretty(document, &mut out),
        _ => return None,
    };
    Some(out)
}

/// The JSON Schema (draft 2020-12) of the document.
#[must_use]
pub fn whatif_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<WhatIf>();
    schema.insert("$id".to_owned(), format!("urn:uccxray:whatif:{SCHEMA_VERSION}").into());
    schema.insert("title".to_owned(), "uccxray what-if".into());
    schema.insert("version".to_owned(), SCHEMA_VERSION.into());
    schema.to_value()
}

fn instance(
    lines: &Lines<'_>,
    as_of: Option<Moment>,
    of: &Instance,
    scenarios: &[Scenario],
) -> WhatIfInstance {
    let entitlements = of.consumption.iter().flat_map(|found| &found.entitlements);
    let known = of.consumption.as_ref();
    let zones: Vec<Option<&str>> = of.nodes.iter().map(|node| node.time_zone.as_deref()).collect();
    let mut zone = zones.iter().flatten().copied();
    let shared = zone.next().filter(|first| zone.all(|other| other == *first)).map(str::to_owned);
    WhatIfInstance {
        id: of.id.to_string(),
        nodes: of.nodes.iter().map(|node| node.name.to_string()).collect(),
        time_zone: shared,
        now: WhatIfNow {
            states: lines.states(of),
            release: lines.release(of),
            purchased: known.and_then(|known| known.purchased),
            peak: known.and_then(|known| known.peak),
            locked: known.and_then(|known| known.locked),
            deficit: known.and_then(|known| known.deficit),
            entitlements: entitlements.map(|of| lines.entitlement(of)).collect(),
            reversible: lines.reversible(of),
            deadlines: of.deadlines.iter().map(|deadline| lines.deadline(deadline)).collect(),
        },
        scenarios: scenarios.iter().map(|scenario| self::scenario(as_of, of, scenario)).collect(),
    }
}

fn scenario(as_of: Option<Moment>, instance: &Instance, of: &Scenario) -> WhatIfScenario {
    WhatIfScenario {
        change: change(instance, &of.change),
        outcomes: of.outcomes.iter().map(|outcome| self::outcome(as_of, outcome)).collect(),
    }
}

fn change(instance: &Instance, of: &Change) -> WhatIfChange {
    let signed = |entitlement: &Arc<str>, count: i64| SignedAmount {
        entitlement: Arc::clone(entitlement).into(),
        count,
    };
    let (kind, amounts) = match of {
        Change::Nothing => ("nothing", Vec::new()),
        Change::BuyWhatLacks => {
            let of = lacking(instance.consumption.iter().flat_map(|found| &found.entitlements));
            ("buy_what_lacks", of.iter().map(|(of, count)| signed(of, i64::from(*count))).collect())
        }
        Change::Buy(bought) => {
            ("buy", bought.iter().map(|(of, count)| signed(of, i64::from(*count))).collect())
        }
        Change::Agents(agents) => ("agents", agents.iter().map(|(of, count)| signed(of, *count)).collect()),
        Change::OverageOff => ("overage_off", Vec::new()),
    };
    WhatIfChange { kind: kind.into(), says: words::change(kind, &amounts), amounts }
}

fn outcome(as_of: Option<Moment>, of: &WhatFollows) -> WhatIfOutcome {
    WhatIfOutcome {
        regime: regime(of.regime),
        reading: of.reading.map(reading),
        path: of.path.iter().map(|step| self::step(as_of, step)).collect(),
        lacking: of.lacking.as_deref().map(amounts),
        irreversible: of.irreversible,
        says: of.says.clone(),
    }
}

fn step(as_of: Option<Moment>, of: &Step) -> WhatIfStep {
    WhatIfStep {
        dimension: facts::Dimension::name(of.dimension).into(),
        state: of.state.into(),
        earliest: of.earliest.map(Time),
        expected: of.expected.map(Time),
        latest: of.latest.map(Time),
        remaining_s: of.expected.zip(as_of).map(|(at, as_of)| (at - as_of).num_seconds()),
        rule: of.rule.clone(),
    }
}

#[cfg(test)]
mod tests;
