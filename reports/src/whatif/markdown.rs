//! What would happen, in Markdown: for a change request.
//!
//! Source: GitHub Flavored Markdown 0.29, tables and code spans.

use std::fmt;

use crate::escape::{code, markdown as prose};
use crate::show::usage::{counts, state_then, to_buy};
use crate::time::{Time, Zone};

use super::words::{last_chance, purchase, reversible, rules, state, when, zone};
use super::{WhatIf, WhatIfInstance, WhatIfOutcome, WhatIfScenario};

/// Most entries of a list; the JSON document holds all.
const LISTED_MAX: usize = 50;

pub(super) fn render(document: &WhatIf, out: &mut dyn fmt::Write) -> fmt::Result {
    let zone_of_all = document.product_instances.first().map_or(Zone::Utc, zone);
    let as_of = document.as_of.map_or("a time that is not known".to_owned(), |Time(at)| zone_of_all.show(at));
    writeln!(out, "# What would happen to the UCCX license\n")?;
    let tool = &document.tool;
    writeln!(out, "As of **{as_of}**, by {} {}.\n", code(&tool.name), code(&tool.version))?;
    writeln!(
        out,
        "Calculated by the rules that Cisco documents; nothing was changed, and CSSM was not asked.\n"
    )?;
    if document.product_instances.is_empty() {
        writeln!(out, "No license line of a UCCX system was found in the input.\n")?;
    }
    for instance in &document.product_instances {
        now(out, document, instance)?;
        for scenario in &instance.scenarios {
            writeln!(out, "### {}\n", prose(&scenario.change.says))?;
            for outcome in &scenario.outcomes {
                self::outcome(out, document, instance, scenario, outcome)?;
            }
            if scenario.outcomes.is_empty() {
                writeln!(out, "Not known: no rule can be applied.\n")?;
            }
        }
    }
    Ok(())
}

fn now(out: &mut dyn fmt::Write, document: &WhatIf, instance: &WhatIfInstance) -> fmt::Result {
    let zone = zone(instance);
    writeln!(out, "## Product Instance {}\n", code(&instance.id))?;
    let states = [
        ("Authorization", &instance.now.states.authorization),
        ("Enforcement", &instance.now.states.enforcement),
    ];
    for (title, now) in states {
        let since = now.since.map(|Time(at)| format!(" since {}", zone.show(at))).unwrap_or_default();
        let basis = now.basis.map(|basis| format!(", {}", basis.name())).unwrap_or_default();
        writeln!(out, "- {title}: {}{since}{basis}", prose(&state_then(&now.state)))?;
    }
    if let Some(says) = last_chance(document, &instance.now) {
        writeln!(out, "- Last chance: {}", prose(&says))?;
    }
    let release = &instance.now.release;
    let version = release.version.as_deref().map_or("not known".to_owned(), prose);
    writeln!(out, "- Release: {version}, {} rules", release.regime.name())?;
    for of in instance.now.entitlements.iter().take(LISTED_MAX) {
        let sum = to_buy(of).map(|sum| format!("; {sum}")).unwrap_or_default();
        writeln!(out, "- {}: {}", code(&of.entitlement), prose(&format!("{}{sum}", counts(of, zone))))?;
    }
    more(out, instance.now.entitlements.len())?;
    if instance.now.entitlements.is_empty() {
        writeln!(out, "- Usage: not known")?;
    }
    out.write_char('\n')
}

fn outcome(
    out: &mut dyn fmt::Write,
    document: &WhatIf,
    instance: &WhatIfInstance,
    scenario: &WhatIfScenario,
    outcome: &WhatIfOutcome,
) -> fmt::Result {
    if 1 < scenario.outcomes.len() {
        writeln!(out, "**{}**\n", prose(&rules(outcome)))?;
    }
    if outcome.path.is_empty() {
        let stays = state_then(&instance.now.states.authorization.state);
        writeln!(out, "The state stays {}.\n", prose(&stays))?;
    } else {
        writeln!(out, "| state | when | rule |\n| --- | --- | --- |")?;
        for step in outcome.path.iter().take(LISTED_MAX) {
            let when = when(step, document.as_of, zone(instance));
            writeln!(out, "| {} | {} | {} |", prose(&state(step)), prose(&when), prose(&step.rule))?;
        }
        out.write_char('\n')?;
        if LISTED_MAX < outcome.path.len() {
            writeln!(out, "{} more in the JSON document.\n", outcome.path.len() - LISTED_MAX)?;
        }
    }
    writeln!(out, "- To buy: {}", prose(&purchase(&instance.now, scenario, outcome)))?;
    writeln!(out, "- Reversible: {}", reversible(outcome))?;
    for sentence in outcome.says.iter().take(LISTED_MAX) {
        writeln!(out, "- Note: {}", prose(sentence))?;
    }
    more(out, outcome.says.len())?;
    out.write_char('\n')
}

fn more(out: &mut dyn fmt::Write, n_all: usize) -> fmt::Result {
    match n_all.saturating_sub(LISTED_MAX) {
        0 => Ok(()),
        rest => writeln!(out, "- {rest} more in the JSON document"),
    }
}
