//! What would happen, on a screen: the present state, then a block for each change.

use std::fmt;

use crate::render::Options;
use crate::show::layout::{BAD, BOLD, DIM, GOOD, PLAIN, Screen, WARN};
use crate::show::usage::{counts, state_then, to_buy};
use crate::time::Time;

use super::words::{last_chance, purchase, reversible, rules, state, when, zone};
use super::{WhatIf, WhatIfInstance, WhatIfOutcome, WhatIfScenario};

/// Column of the text beside a label.
const TEXT: usize = 20;

/// Most entitlements, steps or sentences of one block.
const LISTED_MAX: usize = 12;

pub(super) fn render(document: &WhatIf, out: &mut dyn fmt::Write, options: &Options) -> fmt::Result {
    let screen = &mut Screen::new(out, options);
    let as_of = match (document.as_of, document.product_instances.first()) {
        (Some(Time(at)), Some(first)) => format!("as of {}", zone(first).show(at)),
        (Some(Time(at)), None) => format!("as of {}", crate::time::Zone::Utc.show(at)),
        (None, _) => "at a time that is not known".to_owned(),
    };
    screen.para(0, &format!("What would happen to the UCCX license, {as_of}"), BOLD)?;
    screen.rule()?;
    if document.product_instances.is_empty() {
        screen.blank()?;
        screen.para(0, "No license line of a UCCX system was found in the input.", WARN)?;
    }
    for instance in &document.product_instances {
        screen.blank()?;
        now(screen, document, instance)?;
        for scenario in &instance.scenarios {
            screen.blank()?;
            block(screen, document, instance, scenario)?;
        }
    }
    screen.blank()?;
    let note = "Calculated by the rules that Cisco documents; nothing was changed, and CSSM was not asked.";
    screen.para(0, note, DIM)
}

fn now(screen: &mut Screen<'_>, document: &WhatIf, instance: &WhatIfInstance) -> fmt::Result {
    let zone = zone(instance);
    let nodes = if instance.nodes.is_empty() { instance.id.clone() } else { instance.nodes.join(", ") };
    let title =
        if 1 < document.product_instances.len() { format!("{}: {nodes}", instance.id) } else { nodes };
    screen.para(0, &title, BOLD)?;
    screen.blank()?;
    let of = &instance.now.states.authorization;
    let since = of.since.map(|Time(at)| format!(" since {}", zone.show(at))).unwrap_or_default();
    let basis = of.basis.map(|basis| format!(" [{}]", basis.name())).unwrap_or_default();
    let text = format!("{}{since}{basis}", state_then(&of.state));
    screen.row(2, TEXT, ("Now", DIM), (&text, BOLD))?;
    if instance.now.states.enforcement.state == "enforced" {
        screen.row(2, TEXT, ("", DIM), ("Enforcement is on", BAD))?;
    }
    if let Some(says) = last_chance(document, &instance.now) {
        screen.row(2, TEXT, ("Last chance", WARN), (&says, BOLD))?;
    }
    let release = &instance.now.release;
    let version = release.version.as_deref().unwrap_or("not known");
    screen.row(2, TEXT, ("Release", DIM), (&format!("{version}, {} rules", release.regime.name()), PLAIN))?;
    let entitlements = &instance.now.entitlements;
    for of in entitlements.iter().take(LISTED_MAX) {
        screen.row(2, TEXT, (&of.entitlement, DIM), (&counts(of, zone), PLAIN))?;
        if let Some(sum) = to_buy(of) {
            screen.row(2, TEXT, ("", DIM), (&sum, BOLD))?;
        }
    }
    more(screen, entitlements.len())?;
    if entitlements.is_empty() {
        screen.row(
            2,
            TEXT,
            ("Usage", DIM),
            ("not known: --usage FILE and --purchased PREMIUM=N tell it", PLAIN),
        )?;
    }
    Ok(())
}

fn block(
    screen: &mut Screen<'_>,
    document: &WhatIf,
    instance: &WhatIfInstance,
    scenario: &WhatIfScenario,
) -> fmt::Result {
    screen.para(0, &scenario.change.says, BOLD)?;
    for outcome in &scenario.outcomes {
        if 1 < scenario.outcomes.len() {
            screen.para(2, &rules(outcome), BOLD)?;
        }
        self::outcome(screen, document, instance, scenario, outcome)?;
    }
    if scenario.outcomes.is_empty() {
        screen.row(2, TEXT, ("Then", DIM), ("not known: no rule can be applied", PLAIN))?;
    }
    Ok(())
}

fn outcome(
    screen: &mut Screen<'_>,
    document: &WhatIf,
    instance: &WhatIfInstance,
    scenario: &WhatIfScenario,
    outcome: &WhatIfOutcome,
) -> fmt::Result {
    let zone = zone(instance);
    for step in outcome.path.iter().take(LISTED_MAX) {
        let style = match &*step.state {
            "in_compliance" | "not_enforced" | "authorized_reserved" => GOOD,
            "overage" => WARN,
            _ => BAD,
        };
        screen.row(2, TEXT, (&state(step), style), (&when(step, document.as_of, zone), BOLD))?;
        screen.row(2, TEXT, ("", DIM), (&step.rule, DIM))?;
    }
    more(screen, outcome.path.len())?;
    if outcome.path.is_empty() {
        let stays = format!("the state stays {}", state_then(&instance.now.states.authorization.state));
        screen.row(2, TEXT, ("Then", DIM), (&stays, PLAIN))?;
    }
    screen.row(2, TEXT, ("To buy", DIM), (&purchase(&instance.now, scenario, outcome), BOLD))?;
    let style = if outcome.irreversible { BAD } else { PLAIN };
    screen.row(2, TEXT, ("Reversible", DIM), (reversible(outcome), style))?;
    for sentence in outcome.says.iter().take(LISTED_MAX) {
        screen.row(2, 4, ("·", DIM), (sentence, PLAIN))?;
    }
    more(screen, outcome.says.len())
}

fn more(screen: &mut Screen<'_>, n_all: usize) -> fmt::Result {
    match n_all.saturating_sub(LISTED_MAX) {
        0 => Ok(()),
        rest => screen.para(4, &format!("and {rest} more: -f json holds all"), PLAIN),
    }
}
