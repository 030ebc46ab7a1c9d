//! A change and what follows from it in words.

use crate::chance;
use crate::check::{brief, listed};
use crate::report::Regime;
use crate::show::usage::{amounts, capital, reading, state_then};
use crate::time::{Time, Zone, relative};

use super::{SignedAmount, WhatIf, WhatIfInstance, WhatIfNow, WhatIfOutcome, WhatIfScenario, WhatIfStep};

/// A change as a heading: `Buy 30 PREMIUM`.
pub(super) fn change(kind: &str, of: &[SignedAmount]) -> String {
    let named = |amounts: Vec<&SignedAmount>| {
        let named: Vec<String> = amounts
            .iter()
            .map(|of| format!("{} {}", of.count.unsigned_abs(), brief(&of.entitlement)))
            .collect();
        listed(&named)
    };
    match kind {
        "nothing" => "Do nothing".to_owned(),
        "buy_what_lacks" if of.is_empty() => "Buy what is lacking".to_owned(),
        "buy_what_lacks" => format!("Buy what is lacking, {}", named(of.iter().collect())),
        "buy" => format!("Buy {}", named(of.iter().collect())),
        "overage_off" => "Turn overage allowance off in License Control".to_owned(),
        _ => {
            let (more, fewer): (Vec<&SignedAmount>, Vec<&SignedAmount>) =
                of.iter().partition(|of| 0 <= of.count);
            let parts: Vec<String> = [(more, "log in"), (fewer, "log out")]
                .into_iter()
                .filter(|(of, _)| !of.is_empty())
                .map(|(of, what)| format!("{what} {}", named(of)))
                .collect();
            if parts.is_empty() { "No agent logs in or out".to_owned() } else { capital(&listed(&parts)) }
        }
    }
}

/// The clock on which times of an instance are shown.
pub(super) fn zone(of: &WhatIfInstance) -> Zone {
    Zone::shared([of.time_zone.as_deref()])
}

/// The rule of an outcome, where there are several: `counted rules, 5 over-usages in a row`.
pub(super) fn rules(of: &WhatIfOutcome) -> String {
    match (of.regime, of.reading) {
        (regime, Some(which)) => format!("By the {} rules, {}", regime.name(), reading(which)),
        (Regime::Unknown, None) => "By rules that are not known".to_owned(),
        (regime, None) => format!("By the {} rules", regime.name()),
    }
}

/// The state to come, as a label.
pub(super) fn state(of: &WhatIfStep) -> String {
    match &*of.state {
        "enforced" => "Enforcement".to_owned(),
        "not_enforced" => "No Enforcement".to_owned(),
        "overage" => "Overage".to_owned(),
        other => capital(&state_then(other)),
    }
}

/// When a state is reached: the expected instant as seen from now, and its bounds where they say more.
pub(super) fn when(of: &WhatIfStep, as_of: Option<Time>, zone: Zone) -> String {
    let show = |Time(at): Time| zone.show(at);
    let seen = |at: Time| match as_of {
        Some(Time(as_of)) => format!("{} ({})", show(at), relative(at.0, as_of)),
        None => show(at),
    };
    let Some(expected) = of.expected else {
        return match (of.earliest, of.latest) {
            (Some(earliest), Some(latest)) => format!("between {} and {}", seen(earliest), show(latest)),
            (Some(earliest), None) => format!("not before {}", seen(earliest)),
            (None, Some(latest)) => format!("at the latest {}", seen(latest)),
            (None, None) => "at a time that is not known".to_owned(),
        };
    };
    let mut text = seen(expected);
    if let Some(earliest) = of.earliest.filter(|earliest| *earliest < expected) {
        text.push_str(&format!(", not before {}", show(earliest)));
    }
    if let Some(latest) = of.latest.filter(|latest| expected < *latest) {
        text.push_str(&format!(", at the latest {}", show(latest)));
    }
    text
}

/// The smallest purchase: `buy 30 PREMIUM: 130 locked − 100 purchased`; the sum where it comes out.
pub(super) fn purchase(now: &WhatIfNow, scenario: &WhatIfScenario, outcome: &WhatIfOutcome) -> String {
    let Some(lacking) = &outcome.lacking else {
        return "not known: usage or purchases are not known".to_owned();
    };
    if lacking.is_empty() {
        return "nothing".to_owned();
    }
    let sums: Vec<String> = lacking
        .iter()
        .filter_map(|of| {
            let use_now = now.entitlements.iter().find(|known| known.entitlement == of.entitlement)?;
            let change = scenario.change.amounts.iter().filter(|change| change.entitlement == of.entitlement);
            let change = change.fold(0, |all: i64, change| all.saturating_add(change.count));
            let (bought, agents) = match &*scenario.change.kind {
                "buy" | "buy_what_lacks" => (change, 0),
                "agents" => (0, change),
                _ => (0, 0),
            };
            let purchased = i64::from(use_now.purchased?).saturating_add(bought);
            let in_use = |used: Option<u32>| Some(i64::from(used?).saturating_add(agents));
            let counted = [(use_now.locked.map(i64::from), "locked"), (in_use(use_now.last), "in use")];
            let (used, what) = counted.into_iter().find_map(|(used, what)| {
                let used = used?;
                (used.saturating_sub(purchased) == i64::from(of.count)).then_some((used, what))
            })?;
            let name = if 1 < lacking.len() { format!("{} ", brief(&of.entitlement)) } else { String::new() };
            Some(format!("{name}{used} {what} − {purchased} purchased"))
        })
        .collect();
    if sums.len() == lacking.len() {
        format!("{}: {}", amounts(lacking), sums.join(", "))
    } else {
        amounts(lacking)
    }
}

/// Whether lower usage can restore compliance.
pub(super) fn reversible(outcome: &WhatIfOutcome) -> &'static str {
    match (outcome.irreversible, &outcome.lacking) {
        (true, _) => "no: only a purchase restores compliance",
        (false, Some(lacking)) if lacking.is_empty() => "yes: nothing is lacking",
        (false, _) => "yes: lower usage restores compliance too",
    }
}

/// The last chance before Out of Compliance; `None` where no countdown runs.
pub(super) fn last_chance(document: &WhatIf, now: &WhatIfNow) -> Option<String> {
    let (of, Time(as_of)) = (now.reversible.as_ref()?, document.as_of?);
    Some(chance::sentence(of.count, of.of, of.until.0, of.until_latest.map(|Time(at)| at), as_of))
}
