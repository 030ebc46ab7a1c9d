//! When does Enforcement begin, and which clock leads to it?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), Enforcement; Features Guides 12.5(1) and 15.0, Authorization
//! State: 90 days of Out of Compliance, without contact to CSSM, or of evaluation; the guides differ on the second.

use chrono::TimeDelta;
use history::facts::{Deadline, DeadlineKind, Facts, Instance};
use history::policy::ENFORCEMENT_AFTER;
use parsers::stamp::Instant;

use crate::check::{About, Check, Finding, Outcome, disputes, node_names, origins, since, zone};
use crate::licenses::{amounts, lacking};
use crate::logs::Log;
use crate::report::{Confidence, Severity};
use crate::time::relative;

pub(super) const CHECK: Check = Check {
    id: "enforcement-near",
    title: "No clock runs toward Enforcement",
    source: "Cisco 217416, UCCX Smart Licensing, Enforcement; Features Guides, Authorization State",
    about: About {
        effect: "With Enforcement the synchronization of agents from Unified CM is blocked until the \
                 license state is in order.",
        remedy: "End the state that the clock runs in before its date: buy, renew the authorization, or \
                 register.",
        example: "License Authorization Status: Out of Compliance (Apr 02, 2026 10:45:00 IST)",
        disputed: &[disputes::AUTHORIZATION_EXPIRY],
    },
    run,
};

/// Enforcement within this time is critical.
const CRITICAL_WITHIN: TimeDelta = TimeDelta::days(7);

/// Enforcement within this time is high.
const HIGH_WITHIN: TimeDelta = TimeDelta::days(30);

/// What Enforcement does.
const EFFECT: &str = "the sync of agents from Unified CM is blocked: changes there do not reach UCCX";

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let enforced = &instance.enforcement;
    if enforced.state == "enforced" {
        return Outcome::Fail(Finding {
            severity: Severity::Critical,
            confidence: Confidence::High,
            says: format!("Enforcement is on{}: {EFFECT}", since(instance, enforced.since)),
            remedy: remedy(instance),
            evidence: enforced.evidence.as_ref().map(origins).unwrap_or_default(),
        });
    }
    // Deadlines are nearest first.
    let clock = instance
        .deadlines
        .iter()
        .find(|deadline| matches!(deadline.kind, DeadlineKind::Enforcement | DeadlineKind::EvaluationEnd));
    if let Some(clock) = clock {
        return running(facts, instance, clock);
    }
    let state = &instance.authorization;
    match (state.state, &state.evidence) {
        ("in_compliance" | "authorized_reserved", Some(evidence)) => Outcome::Pass {
            says: format!("In Compliance{}: no clock runs toward Enforcement", since(instance, state.since)),
            confidence: Confidence::Medium,
            evidence: origins(evidence),
        },
        ("out_of_compliance" | "authorization_expired" | "evaluation_expired", Some(evidence)) => {
            Outcome::Fail(Finding {
                severity: Severity::High,
                confidence: Confidence::Medium,
                says: format!(
                    "the state {} leads to Enforcement within {} days at most, and when it began is not known; then \
                     {EFFECT}",
                    state.state.replace('_', " "),
                    ENFORCEMENT_AFTER.num_days()
                ),
                remedy: remedy(instance),
                evidence: origins(evidence),
            })
        }
        ("overage", _) => Outcome::NotApplicable {
            why: "the clock toward Enforcement begins with Out of Compliance: see ooc-near".to_owned(),
        },
        ("unknown" | "in_compliance" | "authorized_reserved", _) => no_evidence(instance),
        ("out_of_compliance" | "authorization_expired" | "evaluation_expired", None) => no_evidence(instance),
        (other, _) => Outcome::NotApplicable {
            why: format!("no clock toward Enforcement runs in the state {}", other.replace('_', " ")),
        },
    }
}

fn running(facts: &Facts, instance: &Instance, clock: &Deadline) -> Outcome {
    let Some(as_of) = facts.as_of else { return no_evidence(instance) };
    // By the earliest of what is possible: a late warning helps nobody.
    let due = clock.earliest.unwrap_or(clock.expected).min(clock.expected);
    let left = due - as_of;
    let severity = match left {
        left if left <= CRITICAL_WITHIN => Severity::Critical,
        left if left <= HIGH_WITHIN => Severity::High,
        _ => Severity::Medium,
    };
    let overdue = if left <= TimeDelta::zero() { "; no line says that it began" } else { "" };
    let says = format!("{}{overdue}; then {EFFECT}", when(instance, clock, due, as_of));
    Outcome::Fail(Finding {
        severity,
        confidence: if clock.earliest.is_some() { Confidence::High } else { Confidence::Medium },
        says,
        remedy: remedy(instance),
        evidence: origins(&clock.evidence),
    })
}

/// When Enforcement is due, under both published readings where they differ by days.
fn when(instance: &Instance, clock: &Deadline, due: Instant, as_of: Instant) -> String {
    let show = |at: Instant| format!("{} ({})", zone(instance).show(at), relative(at, as_of));
    let latest = clock.latest.unwrap_or(clock.expected).max(clock.expected);
    let was = if due <= as_of { "was" } else { "is" };
    if ENFORCEMENT_AFTER <= latest - due {
        // Both count from the last contact, which lies one such period before the earlier date.
        let days = ENFORCEMENT_AFTER.num_days();
        return format!(
            "Enforcement {was} due on day {days} by one published reading, {}, and on day {} by the other, {}",
            show(due),
            days * 2,
            show(latest)
        );
    }
    let spread = if latest - due > TimeDelta::zero() {
        format!(", at the latest {}", zone(instance).show(latest))
    } else {
        String::new()
    };
    let older = if clock.earliest.is_none() { ", or earlier: the logs begin within the state" } else { "" };
    format!("Enforcement {was} due {}{spread}{older}", show(due))
}

fn no_evidence(instance: &Instance) -> Outcome {
    Outcome::NoEvidence {
        says: "no line of the input tells whether a clock toward Enforcement runs".to_owned(),
        collect: format!("on {}: {}", node_names(instance), Log::Mcvd.command()),
    }
}

fn remedy(instance: &Instance) -> String {
    let page = || {
        format!("Cisco Unified CCX Administration on {}, System > License Management", node_names(instance))
    };
    match instance.authorization.state {
        "authorization_expired" => format!(
            "Restore the way to CSSM (checks dns-a-record and firewall-ports), then renew the authorization: {}.",
            page()
        ),
        "evaluation" | "evaluation_expired" => {
            format!("Register with CSSM: {}, with a token of the virtual account.", page())
        }
        _ => {
            let entitlements = instance.consumption.iter().flat_map(|found| &found.entitlements);
            let lacking = lacking(entitlements);
            let what = if lacking.is_empty() { "the missing licenses".to_owned() } else { amounts(&lacking) };
            format!("Buy {what} in CSSM before then, or transfer them to the virtual account: see ooc-now.")
        }
    }
}

#[cfg(test)]
mod tests {
    use history::facts::Basis;

    use super::*;
    use crate::testing::*;

    fn due_in(days: i64) -> Facts {
        let mut facts = facts();
        one(&mut facts).authorization = known("out_of_compliance", Some(ago(600)), Basis::Stated);
        let mut due = deadline(DeadlineKind::Enforcement, now() + TimeDelta::days(days));
        due.latest = Some(due.expected);
        one(&mut facts).deadlines = vec![due];
        facts
    }

    #[test]
    fn the_nearer_the_worse() {
        for (days, severity) in [(-1, Severity::Critical), (7, Severity::Critical), (30, Severity::High)] {
            assert_eq!(fails(&CHECK, &due_in(days)).severity, severity, "{days} days");
        }
        let finding = fails(&CHECK, &due_in(31));
        assert_eq!(finding.severity, Severity::Medium);
        assert!(
            finding
                .says
                .starts_with("Enforcement is due 2026-05-04 09:00:05 +05:30 (in 31 d); then the sync")
        );
        assert!(fails(&CHECK, &due_in(-1)).says.contains("(1 d ago); no line says that it began"));
    }

    #[test]
    fn both_published_readings_are_told() {
        let mut facts = due_in(40);
        let instance = one(&mut facts);
        instance.authorization = known("authorization_expired", Some(ago(600)), Basis::Stated);
        instance.deadlines[0].latest = Some(instance.deadlines[0].expected + ENFORCEMENT_AFTER);
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("on day 90 by one published reading, 2026-05-13"), "{}", finding.says);
        assert!(finding.says.contains("on day 180 by the other, 2026-08-11"), "{}", finding.says);
        assert!(finding.remedy.starts_with("Restore the way to CSSM"));
    }

    #[test]
    fn enforcement_itself_is_critical_and_names_its_effect() {
        let mut facts = facts();
        one(&mut facts).enforcement = known("enforced", Some(ago(5)), Basis::Stated);
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("the sync of agents from Unified CM is blocked"));
        assert_eq!(finding.severity, Severity::Critical);
    }

    #[test]
    fn the_remedy_names_what_is_lacking() {
        let (facts, _) = scenario();
        assert!(fails(&CHECK, &facts).remedy.starts_with("Buy 30 PREMIUM in CSSM before then"));
    }

    #[test]
    fn compliance_with_a_line_passes() {
        let mut facts = facts();
        one(&mut facts).authorization = known("in_compliance", Some(ago(5)), Basis::Stated);
        assert!(passes(&CHECK, &facts).ends_with("no clock runs toward Enforcement"));
    }

    #[test]
    fn a_clock_without_a_beginning_is_no_pass() {
        let mut facts = due_in(31);
        one(&mut facts).deadlines.clear();
        assert!(fails(&CHECK, &facts).says.contains("when it began is not known"));
        let mut older = due_in(31);
        one(&mut older).deadlines[0].earliest = None;
        assert!(fails(&CHECK, &older).says.contains("or earlier: the logs begin within the state"));
    }

    #[test]
    fn silence_is_not_a_pass() {
        assert!(lacks(&CHECK, &facts()).starts_with("on uccx1 and uccx2: file get"));
    }

    #[test]
    fn a_countdown_is_another_question() {
        let mut facts = facts();
        one(&mut facts).authorization = known("overage", Some(ago(5)), Basis::Stated);
        assert!(skips(&CHECK, &facts).ends_with("see ooc-near"));
    }
}
