//! Does Out of Compliance hold the Product Instance to its highest usage, and what purchase ends that?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), first scenario: locked usage is reported until the deficit is
//! bought. The Features Guides from 12.5(1) SU3 on have no such rule.

use history::facts::{Basis, DeadlineKind, Facts, Instance};
use history::policy::Regime;
use history::usage::Consumption;
use parsers::origin::Origin;

use crate::chance::counted;
use crate::check::{About, Check, Finding, Outcome, brief, disputes, listed, node_names, origins, since};
use crate::licenses::{amounts, collect, extent, lacking, locked};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "locked-usage",
    title: "No usage is locked by Out of Compliance",
    source: "Cisco 217416, UCCX Smart Licensing, first scenario",
    about: About {
        effect: "The highest usage stays reported, so the Product Instance stays Out of Compliance \
                 whatever agents do.",
        remedy: "Buy the difference between the locked usage and what was purchased; then renew the \
                 authorization.",
        example: "CCX Flex Premium Seat 12.5, Reported Usage 130, Status Out of Compliance, with 100 \
                  purchased",
        disputed: &[disputes::IMMEDIATE],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    if instance.release.regime == Regime::Immediate {
        return Outcome::NotApplicable { why: "this release has no rule that locks usage".to_owned() };
    }
    let state = &instance.authorization;
    match state.state {
        "in_compliance" | "authorized_reserved" => match &state.evidence {
            Some(evidence) => Outcome::Pass {
                says: format!("In Compliance{}: nothing is locked", since(instance, state.since)),
                confidence: if state.basis == Basis::Stated { Confidence::High } else { Confidence::Medium },
                evidence: origins(evidence),
            },
            None => no_evidence(instance),
        },
        "overage" => match facts.as_of.zip(overage_ends(instance)) {
            Some((as_of, end)) if end <= as_of => no_evidence(instance),
            _ => Outcome::NotApplicable {
                why: "nothing is locked while a countdown runs: see ooc-near".to_owned(),
            },
        },
        "out_of_compliance" | "unknown" => by_usage(instance),
        other => {
            Outcome::NotApplicable { why: format!("the state {} locks no usage", other.replace('_', " ")) }
        }
    }
}

/// When the countdown is over by every reading.
fn overage_ends(instance: &Instance) -> Option<parsers::stamp::Instant> {
    let due = instance.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::EnterOoc)?;
    Some(due.latest.unwrap_or(due.expected))
}

fn by_usage(instance: &Instance) -> Outcome {
    let stated_ooc = instance.authorization.state == "out_of_compliance";
    let found = instance.consumption.as_ref();
    if instance.release.regime == Regime::Unknown {
        return by_either_rule(instance, stated_ooc);
    }
    if let Some((found, locked)) = found.and_then(|found| Some((found, found.locked?))) {
        return if found.deficit == Some(0) {
            covered(instance, found, locked)
        } else {
            fail(instance, found, locked)
        };
    }
    if stated_ooc {
        // In this regime Out of Compliance locks; an output may print the locked use even where no usage is known.
        return by_output(instance).unwrap_or_else(|| no_evidence(instance));
    }
    match found {
        Some(found) if counted(instance).next().is_some() => no_lock(instance, found),
        _ => no_evidence(instance),
    }
}

fn fail(instance: &Instance, found: &Consumption, locked_use: u64) -> Outcome {
    let sums = locked(&found.entitlements).unwrap_or_else(|| format!("{locked_use} locked"));
    let said = instance.authorization.state == "out_of_compliance";
    Outcome::Fail(Finding {
        severity: Severity::High,
        confidence: if said { Confidence::High } else { Confidence::Medium },
        says: format!(
            "the highest use of the over-use is locked{}. {sums}",
            if said { "" } else { ", by usage and the rule; no line of a log says Out of Compliance" }
        ),
        remedy: buy(instance, &amounts(&lacking(&found.entitlements))),
        evidence: evidence(instance, found),
    })
}

fn covered(instance: &Instance, found: &Consumption, locked_use: u64) -> Outcome {
    Outcome::Pass {
        says: format!("the locked use of {locked_use} is covered by what was purchased since"),
        confidence: Confidence::Medium,
        evidence: evidence(instance, found),
    }
}

fn no_lock(instance: &Instance, found: &Consumption) -> Outcome {
    let peak = found.peak.map(|peak| format!(", at most {peak} in use")).unwrap_or_default();
    let purchased = found.purchased.map(|count| format!(" of {count} purchased")).unwrap_or_default();
    Outcome::Pass {
        says: format!("by usage and the rule nothing is locked{peak}{purchased}"),
        confidence: Confidence::Medium,
        evidence: instance.usage.as_ref().map(extent).unwrap_or_default(),
    }
}

/// The release is not known: both rules are told, and none is chosen.
fn by_either_rule(instance: &Instance, stated_ooc: bool) -> Outcome {
    let locks = counted(instance).find(|replay| !replay.locked.is_empty());
    match (locks, instance.consumption.as_ref()) {
        (Some(replay), _) => Outcome::NoEvidence {
            says: format!(
                "by the counted rules {} in use are locked and {} to buy; by the immediate rules nothing is locked",
                amounts(&replay.locked),
                amounts(&replay.lacking)
            ),
            collect: format!("on {}: show uccx version (or give --release 12.5SU3)", node_names(instance)),
        },
        (None, Some(found)) if !stated_ooc && counted(instance).next().is_some() => no_lock(instance, found),
        _ => no_evidence(instance),
    }
}

/// The locked use as an output prints it.
fn by_output(instance: &Instance) -> Option<Outcome> {
    let mut newest: Vec<(&str, u32, &history::facts::Evidence)> = Vec::new();
    for said in &instance.entitlements {
        let count = said.count.unwrap_or(0);
        newest.retain(|(name, ..)| *name != &*said.entitlement);
        newest.push((&said.entitlement, count, &said.evidence));
    }
    newest.retain(|(_, count, _)| 0 < *count);
    if newest.is_empty() {
        return None;
    }
    let sums: Vec<String> =
        newest.iter().map(|(name, count, _)| format!("{count} {}", brief(name))).take(4).collect();
    Some(Outcome::Fail(Finding {
        severity: Severity::High,
        confidence: Confidence::Medium,
        says: format!(
            "while Out of Compliance the reported use is the locked one: {}; how many were purchased is not known",
            listed(&sums)
        ),
        remedy: buy(instance, "as many as these exceed what CSSM shows as purchased"),
        evidence: newest.iter().map(|(_, _, evidence)| evidence.first.clone()).collect(),
    }))
}

fn buy(instance: &Instance, what: &str) -> String {
    let what = if what.is_empty() { "the missing licenses" } else { what };
    format!(
        "Buy {what} in CSSM (or transfer them to the virtual account): that alone restores compliance. Logging agents \
         out does not: the highest use stays reported. Then renew the authorization: Cisco Unified CCX Administration \
         on {}, System > License Management.",
        node_names(instance)
    )
}

fn evidence(instance: &Instance, found: &Consumption) -> Vec<Origin> {
    let peaks =
        found.entitlements.iter().filter(|of| of.locked.is_some()).filter_map(|of| of.evidence.as_ref());
    let peaks = peaks.map(|evidence| evidence.first.clone());
    let said = instance.authorization.evidence.as_ref().map(origins).unwrap_or_default();
    peaks.chain(said).collect()
}

fn no_evidence(instance: &Instance) -> Outcome {
    let sources = collect(instance);
    let collect = if sources.is_empty() {
        format!(
            "on {}: file get activelog uccx/log/MCVD/* recurs compress, and usage up to now",
            node_names(instance)
        )
    } else {
        sources
    };
    Outcome::NoEvidence { says: "usage and purchases do not tell whether use is locked".to_owned(), collect }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use history::facts::{EntitlementFact, Evidence};

    use super::*;
    use crate::testing::*;

    #[test]
    fn locked_use_fails_with_the_purchase_that_ends_it() {
        let (facts, _) = scenario();
        let finding = fails(&CHECK, &facts);
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::High));
        assert!(
            finding.says.ends_with("PREMIUM: 130 locked − 100 purchased = 30 to buy"),
            "{}",
            finding.says
        );
        assert!(finding.remedy.starts_with("Buy 30 PREMIUM in CSSM"), "{}", finding.remedy);
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn usage_alone_fails_with_less_confidence() {
        let (mut facts, _) = scenario();
        one(&mut facts).authorization = crate::check::nobody().authorization;
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.confidence, Confidence::Medium);
        assert!(finding.says.contains("no line of a log says Out of Compliance"));
    }

    #[test]
    fn a_purchase_that_covers_the_locked_use_passes() {
        let (mut facts, _) = scenario();
        one(&mut facts).consumption.as_mut().unwrap().deficit = Some(0);
        assert!(passes(&CHECK, &facts).starts_with("the locked use of 130 is covered"));
    }

    #[test]
    fn use_within_the_purchase_and_a_stated_compliance_pass() {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[80, 90], now());
        assert_eq!(
            passes(&CHECK, &facts),
            "by usage and the rule nothing is locked, at most 90 in use of 100 purchased"
        );
        one(&mut facts).authorization = known("in_compliance", None, Basis::Stated);
        assert_eq!(passes(&CHECK, &facts), "In Compliance: nothing is locked");
    }

    #[test]
    fn an_output_prints_the_locked_use() {
        let (mut facts, _) = out_of_compliance();
        one(&mut facts).entitlements = [120, 130]
            .map(|count| EntitlementFact {
                entitlement: "PREMIUM".into(),
                name: "CCX Flex Premium Seat".into(),
                count: Some(count),
                status: Some("OutOfCompliance".into()),
                evidence: Evidence::one(origin(u64::from(count), "Count:")),
            })
            .into();
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("the locked one: 130 PREMIUM; how many"), "{}", finding.says);
        assert_eq!(finding.evidence.len(), 1);
    }

    #[test]
    fn without_usage_or_purchases_there_is_no_evidence() {
        let collect = lacks(&CHECK, &out_of_compliance().0);
        assert!(
            collect.contains("License Consumption") && collect.contains("--purchased PREMIUM=N"),
            "{collect}"
        );
        lacks(&CHECK, &facts());
        let mut overdue = facts();
        one(&mut overdue).authorization = known("overage", Some(ago(90)), Basis::Stated);
        one(&mut overdue).deadlines = vec![deadline(DeadlineKind::EnterOoc, now() - TimeDelta::minutes(30))];
        lacks(&CHECK, &overdue);
    }

    #[test]
    fn an_unknown_release_tells_both_rules_and_chooses_none() {
        let (mut facts, _) = scenario();
        one(&mut facts).release.regime = Regime::Unknown;
        assert!(lacks(&CHECK, &facts).contains("show uccx version"));
    }

    #[test]
    fn the_immediate_rule_and_a_running_countdown_lock_nothing() {
        let (mut facts, _) = scenario();
        one(&mut facts).release.regime = Regime::Immediate;
        assert_eq!(skips(&CHECK, &facts), "this release has no rule that locks usage");
        one(&mut facts).release.regime = Regime::Counted;
        one(&mut facts).authorization = known("overage", Some(ago(10)), Basis::Stated);
        assert!(skips(&CHECK, &facts).contains("see ooc-near"));
    }
}
