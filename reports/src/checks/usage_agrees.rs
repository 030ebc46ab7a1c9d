//! Does Out of Compliance in the logs come when the rule, applied to the usage, says it should?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), worked scenarios; Release Notes 12.5(1) SU3 for the immediate
//! rule. A system whose logs and usage disagree has another rule, another number purchased or another clock.

use history::facts::{Facts, Instance};
use history::policy::{REPORT_EVERY_COUNTED, Regime};
use history::usage::{Compared, Replay, Usage, UsageClock};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::check::{About, Check, Finding, Outcome, brief, disputes, node_names, zone};
use crate::licenses::{collect, extent};
use crate::report::{Confidence, Severity};
use crate::time::spell;

pub(super) const CHECK: Check = Check {
    id: "usage-agrees",
    title: "Out of Compliance in the logs follows from usage and the rule",
    source: "Cisco 217416, UCCX Smart Licensing, worked scenarios; Release Notes 12.5(1) SU3",
    about: About {
        effect: "The state itself does not change; what is predicted from usage may be wrong for this \
                 system.",
        remedy: "See that release, numbers purchased and the zone of the usage table are those of this \
                 system.",
        example: "2026-04-02T10:30:00+05:30,130 in the usage table, and SYSTEM_IN_OOC_STATE at 10:45 in \
                  MCVD",
        disputed: &[disputes::TOLERANCE, disputes::IMMEDIATE, disputes::USAGE_BASIS],
    },
    run,
};

/// Most lines that one finding cites.
const CITED_MAX: usize = 10;

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let replays = instance.consumption.iter().flat_map(|found| &found.replays).collect::<Vec<_>>();
    let Some(usage) = instance.usage.as_ref().filter(|_| !replays.is_empty()) else {
        return no_evidence("usage or purchases are not known", collect(instance), instance);
    };
    let agreeing: Vec<&Replay> =
        replays.iter().copied().filter(|replay| comparable(replay).next().is_some()).filter(agrees).collect();
    if !agreeing.is_empty() {
        return pass(instance, &agreeing);
    }
    if replays.iter().all(|replay| comparable(replay).any(|pair| !pair.agrees)) {
        return fail(instance, usage, &replays);
    }
    if replays.iter().all(|replay| replay.compared.is_empty()) && alive_throughout(instance, usage) {
        return Outcome::Pass {
            says: "neither the rule nor the logs tell of Out of Compliance while usage is known".to_owned(),
            confidence: Confidence::Medium,
            evidence: extent(usage),
        };
    }
    let sources = format!(
        "on {}: file get activelog uccx/log/MCVD/* recurs compress, of the time for which usage is given",
        node_names(instance)
    );
    no_evidence("logs and usage do not cover the same time", sources, instance)
}

fn comparable(replay: &Replay) -> impl Iterator<Item = &Compared> {
    replay.compared.iter().filter(|pair| pair.comparable)
}

fn agrees(replay: &&Replay) -> bool {
    comparable(replay).all(|pair| pair.agrees)
}

fn alive_throughout(instance: &Instance, usage: &Usage) -> bool {
    let (Some(from), Some(to)) = (usage.at.first(), usage.at.last()) else { return false };
    // An alarm comes with a report or behind it: what the first and the last one miss of a quarter of an hour is none.
    let (from, to) = (*from + REPORT_EVERY_COUNTED, *to - REPORT_EVERY_COUNTED);
    instance.alive.iter().any(|(began, ended)| *began <= from && to <= *ended)
}

/// The rule in words.
fn rule(replay: &Replay) -> String {
    match (replay.regime, replay.reading) {
        (Regime::Immediate, _) => "the immediate rule".to_owned(),
        (_, Some(reading)) => format!("the counted rule, over-usage {} in a row", reading.over_usages()),
        (Regime::Counted | Regime::Unknown, None) => "the counted rule".to_owned(),
    }
}

fn pass(instance: &Instance, agreeing: &[&Replay]) -> Outcome {
    let rules: Vec<String> = agreeing.iter().map(|replay| rule(replay)).collect();
    let n_pairs = agreeing.iter().map(|replay| comparable(replay).count()).max().unwrap_or(0);
    let other = if instance.release.regime == Regime::Unknown { "; the release is not known" } else { "" };
    let lines = agreeing.iter().flat_map(|replay| comparable(replay)).flat_map(|pair| &pair.evidence);
    Outcome::Pass {
        says: format!(
            "{} Out of Compliance agree{} with {}{other}",
            match n_pairs {
                1 => "the one entry into".to_owned(),
                n => format!("all {n} entries into"),
            },
            if n_pairs == 1 { "s" } else { "" },
            rules.join(", or ")
        ),
        confidence: if agreeing.len() == 1 { Confidence::High } else { Confidence::Medium },
        evidence: distinct(lines),
    }
}

fn fail(instance: &Instance, usage: &Usage, replays: &[&Replay]) -> Outcome {
    // The rule that is nearest to the logs says best what is wrong.
    let n_off = |replay: &Replay| comparable(replay).filter(|pair| !pair.agrees).count();
    let Some(nearest) = replays.iter().min_by_key(|replay| n_off(replay)) else {
        return no_evidence("no rule may hold", collect(instance), instance);
    };
    let Some(first) = comparable(nearest).find(|pair| !pair.agrees) else {
        return no_evidence("no rule may hold", collect(instance), instance);
    };
    let more = match n_off(nearest) {
        1 => String::new(),
        2 => "; 1 more differs".to_owned(),
        n => format!("; {} more differ", n - 1),
    };
    let lines = comparable(nearest).filter(|pair| !pair.agrees).flat_map(|pair| &pair.evidence);
    Outcome::Fail(Finding {
        severity: Severity::Medium,
        confidence: if usage.clock == UsageClock::AssumedUtc { Confidence::Low } else { Confidence::Medium },
        says: format!("{}{more}", difference(instance, nearest, first)),
        remedy: remedy(instance, usage),
        evidence: distinct(lines),
    })
}

fn difference(instance: &Instance, replay: &Replay, pair: &Compared) -> String {
    let show = |at: Instant| zone(instance).show(at);
    let rule = rule(replay);
    match (pair.predicted, pair.logged) {
        (Some(predicted), Some(logged)) => format!(
            "by {rule}, usage leads into Out of Compliance at {}, a line says it at {}, {} {}",
            show(predicted),
            show(logged),
            spell(logged - predicted),
            if predicted <= logged { "later" } else { "earlier" }
        ),
        (Some(predicted), None) => format!(
            "by {rule}, usage leads into Out of Compliance at {}, and no line says it though the logs go on",
            show(predicted)
        ),
        (None, Some(logged)) => format!(
            "a line says Out of Compliance at {}, and by {rule}, usage does not lead into it",
            show(logged)
        ),
        (None, None) => format!("usage and {rule}, do not fit the logs"),
    }
}

fn remedy(instance: &Instance, usage: &Usage) -> String {
    let zone = match usage.clock {
        UsageClock::AssumedUtc => {
            "The usage was taken as UTC, which nothing says: run again with --tz ZONE. "
        }
        UsageClock::Written | UsageClock::Given | UsageClock::NodeZone => "",
    };
    let numbers: Vec<String> = usage
        .purchases
        .iter()
        .take(4)
        .map(|purchase| format!("{}={}", brief(&purchase.entitlement), purchase.count))
        .collect();
    let numbers = if numbers.is_empty() { String::new() } else { format!(" ({})", numbers.join(", ")) };
    format!(
        "{zone}Compare the purchased numbers{numbers} with CSSM, Inventory > Licenses, also those of the past; other \
         Product Instances of the same virtual account share them. Then the release: show uccx version on {}.",
        node_names(instance)
    )
}

fn distinct<'a>(lines: impl Iterator<Item = &'a Origin>) -> Vec<Origin> {
    let mut out: Vec<Origin> = Vec::new();
    for line in lines {
        if !out.contains(line) {
            out.push(line.clone());
        }
        if out.len() == CITED_MAX {
            break;
        }
    }
    out
}

fn no_evidence(says: &str, sources: String, instance: &Instance) -> Outcome {
    let sources = if sources.is_empty() {
        format!("usage and the logs of the same time on {}", node_names(instance))
    } else {
        sources
    };
    Outcome::NoEvidence { says: format!("{says}: nothing compares rule and logs"), collect: sources }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing::*;

    fn replays(facts: &mut Facts) -> &mut Vec<Replay> {
        &mut one(facts).consumption.as_mut().unwrap().replays
    }

    #[test]
    fn the_reading_that_fits_is_named() {
        let (facts, _) = scenario();
        assert_eq!(
            passes(&CHECK, &facts),
            "the one entry into Out of Compliance agrees with the counted rule, over-usage 5 in a row"
        );
    }

    #[test]
    fn a_difference_under_every_rule_names_both_instants_and_lines() {
        let (mut facts, _) = scenario();
        for replay in replays(&mut facts) {
            let rule = replay.path.last().unwrap().expected;
            replay.compared = vec![pair(Some(rule), Some(rule + TimeDelta::hours(2)), true)];
        }
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::Medium);
        assert!(
            finding.says.contains(
                "at 2026-04-02 10:45:00 +05:30, a line says it at 2026-04-02 12:45:00 +05:30, 2 h later"
            ),
            "{}",
            finding.says
        );
        assert_eq!(finding.evidence.len(), 2);
        assert!(finding.remedy.contains("(PREMIUM=100)"));
        one(&mut facts).usage.as_mut().unwrap().clock = UsageClock::AssumedUtc;
        assert!(fails(&CHECK, &facts).remedy.starts_with("The usage was taken as UTC"));
    }

    #[test]
    fn what_only_one_side_tells_is_a_difference() {
        let (mut facts, _) = scenario();
        for replay in replays(&mut facts) {
            replay.compared = vec![pair(Some(ago(90)), None, true), pair(None, Some(ago(60)), true)];
        }
        let says = fails(&CHECK, &facts).says;
        assert!(says.contains("no line says it though the logs go on; 1 more differs"), "{says}");
        for replay in replays(&mut facts) {
            replay.compared.remove(0);
        }
        assert!(fails(&CHECK, &facts).says.contains("usage does not lead into it"));
    }

    #[test]
    fn what_cannot_be_compared_decides_nothing() {
        let (mut facts, _) = scenario();
        for replay in replays(&mut facts) {
            replay.compared = vec![pair(Some(ago(90)), None, false)];
        }
        assert!(lacks(&CHECK, &facts).contains("of the time for which usage is given"));
    }

    #[test]
    fn quiet_logs_of_the_same_time_agree_with_quiet_usage() {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[80, 90], now());
        lacks(&CHECK, &facts);
        one(&mut facts).alive = vec![(ago(60), now())];
        assert!(passes(&CHECK, &facts).starts_with("neither the rule nor the logs"));
    }

    #[test]
    fn without_usage_there_is_nothing_to_compare() {
        assert!(lacks(&CHECK, &facts()).contains("License Consumption report"));
    }
}
