//! Is the countdown to Out of Compliance running, and what can still be done before it ends?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), second scenario; Features Guide 12.5(1) SU1, alert list.

use history::facts::{Deadline, DeadlineKind, Event, Facts, Instance};
use history::policy::{OVER_USAGES, REPORT_EVERY_COUNTED, Regime};
use parsers::event::EventKind;
use parsers::stamp::Instant;

use crate::check::{Check, Finding, Outcome, node_names, origins, zone};
use crate::logs::{Log, is_of};
use crate::report::{Confidence, Severity};
use crate::time::{relative, spell};

pub(super) const CHECK: Check = Check {
    id: "ooc-near",
    title: "No countdown to Out of Compliance is running",
    source: "Cisco 217416, UCCX Smart Licensing, worked scenarios",
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let state = &instance.authorization;
    match state.state {
        "overage" => Outcome::Fail(countdown(facts, instance)),
        "out_of_compliance" => {
            Outcome::NotApplicable { why: "Out of Compliance already: see ooc-now".to_owned() }
        }
        "in_compliance" if instance.release.regime != Regime::Immediate => match &state.evidence {
            Some(evidence) => Outcome::Pass {
                says: "In Compliance, and no countdown has begun since".to_owned(),
                confidence: Confidence::Medium,
                evidence: origins(evidence),
            },
            None => no_evidence(instance),
        },
        "in_compliance" => Outcome::NotApplicable {
            why: "this release has no countdown: it is Out of Compliance as soon as CSSM says so".to_owned(),
        },
        "unknown" => no_evidence(instance),
        other => Outcome::NotApplicable { why: format!("no countdown runs in the state {other}") },
    }
}

fn no_evidence(instance: &Instance) -> Outcome {
    Outcome::NoEvidence {
        says: "no line of the input tells whether a countdown runs".to_owned(),
        collect: format!("on {}: file get activelog uccx/log/MCVD/* recurs compress", node_names(instance)),
    }
}

fn countdown(facts: &Facts, instance: &Instance) -> Finding {
    let warning = newest_warning(instance);
    let due = instance.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::EnterOoc);
    let (severity, confidence, says) = match (due, facts.as_of) {
        (Some(due), Some(as_of)) => dated(facts, instance, due, as_of),
        _ => undated(warning),
    };
    let evidence = due.map(|due| &due.evidence).or(instance.authorization.evidence.as_ref());
    Finding {
        severity,
        confidence,
        says,
        remedy: remedy(instance, due.zip(facts.as_of).is_some_and(|(due, as_of)| due.expected <= as_of)),
        evidence: evidence.map(origins).unwrap_or_default(),
    }
}

fn dated(
    facts: &Facts,
    instance: &Instance,
    due: &Deadline,
    as_of: Instant,
) -> (Severity, Confidence, String) {
    let show = |at| zone(instance).show(at);
    let latest = match due.latest {
        Some(latest) if latest > due.expected => format!(", at the latest {}", show(latest)),
        _ => String::new(),
    };
    if as_of < due.expected {
        // One report left is the last chance to show lower usage.
        let severity =
            if due.expected - as_of <= REPORT_EVERY_COUNTED { Severity::Critical } else { Severity::High };
        let says = format!(
            "the Product Instance enters Out of Compliance at {} ({}{latest}) unless usage falls",
            show(due.expected),
            relative(due.expected, as_of)
        );
        return (severity, Confidence::High, says);
    }
    let silent = match last_record(facts, instance) {
        Some(last) => format!("no line says it happened, and the logs end at {}", show(last)),
        None => "no line says it happened".to_owned(),
    };
    let says = format!("Out of Compliance was due {}{latest}; {silent}", show(due.expected));
    (Severity::Critical, Confidence::Medium, says)
}

fn undated(warning: Option<(&Event, Option<u32>)>) -> (Severity, Confidence, String) {
    let minutes = warning.and_then(|(_, minutes)| minutes);
    let left =
        minutes.map(|n| format!("{n} minutes were left when the line was written, but ")).unwrap_or_default();
    let says = format!("a countdown to Out of Compliance runs: {left}the time of the line is not known");
    (Severity::High, Confidence::Medium, says)
}

/// The newest line of the countdown, and the minutes it prints.
fn newest_warning(instance: &Instance) -> Option<(&Event, Option<u32>)> {
    instance.events.iter().rev().find_map(|event| match event.kind {
        EventKind::OocApproaching { minutes } | EventKind::OocImminent { minutes } => Some((event, minutes)),
        _ => None,
    })
}

/// The last dated record of the instance's nodes: after it the input knows nothing.
fn last_record(facts: &Facts, instance: &Instance) -> Option<Instant> {
    facts
        .members
        .iter()
        .filter(|member| is_of(facts, instance, member.node.as_deref()))
        .filter_map(|member| member.last)
        .max()
}

fn remedy(instance: &Instance, overdue: bool) -> String {
    let nodes = node_names(instance);
    if overdue {
        return format!(
            "Collect newer logs on {nodes}: {}, and see Cisco Unified CCX Administration > System > License \
             Management. Until they say otherwise, act as if Out of Compliance: buy the missing licenses in CSSM.",
            Log::Mcvd.command()
        );
    }
    format!(
        "Before then, log out agents (supervisors count as Premium seats) until usage is no higher than what was \
         purchased: the next report, one each {}, then starts the count of {OVER_USAGES} anew. Or buy the missing \
         licenses in CSSM. Afterwards lower usage does not undo it. Watch: Cisco Unified CCX Administration on \
         {nodes}, System > License Management.",
        spell(REPORT_EVERY_COUNTED)
    )
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use history::facts::Basis;

    use super::*;
    use crate::testing::*;

    fn running(minutes_left: i64) -> Facts {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.authorization = known("overage", Some(ago(30)), Basis::Stated);
        instance.deadlines = vec![deadline(DeadlineKind::EnterOoc, now() + TimeDelta::minutes(minutes_left))];
        facts
    }

    #[test]
    fn a_countdown_is_high_and_its_last_report_critical() {
        let finding = fails(&CHECK, &running(30));
        assert_eq!(finding.severity, Severity::High);
        assert!(
            finding.says.contains("2026-04-03 09:30:05 +05:30 (in 30 min, at the latest 2026-04-03 09:45:05")
        );
        assert!(finding.remedy.contains("log out agents") && finding.remedy.contains("on uccx1 and uccx2"));
        assert_eq!(fails(&CHECK, &running(15)).severity, Severity::Critical);
    }

    #[test]
    fn a_deadline_that_passed_in_silence_is_told_as_that() {
        let finding = fails(&CHECK, &running(-5));
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Medium));
        assert!(finding.says.starts_with("Out of Compliance was due 2026-04-03 08:55:05 +05:30"));
        assert!(finding.remedy.starts_with("Collect newer logs on uccx1 and uccx2: file get"));
        assert!(
            finding
                .says
                .ends_with("no line says it happened, and the logs end at 2026-04-03 09:00:05 +05:30")
        );
    }

    #[test]
    fn an_undated_countdown_invents_no_time() {
        let mut facts = running(30);
        let instance = one(&mut facts);
        instance.deadlines.clear();
        instance.events = vec![event(EventKind::OocImminent { minutes: Some(15) }, None, 3, &[])];
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("15 minutes were left when the line was written"), "{}", finding.says);
    }

    #[test]
    fn in_compliance_passes() {
        let mut facts = facts();
        one(&mut facts).authorization = known("in_compliance", Some(ago(30)), Basis::Stated);
        passes(&CHECK, &facts);
        one(&mut facts).release.regime = Regime::Immediate;
        assert!(skips(&CHECK, &facts).starts_with("this release has no countdown"));
    }

    #[test]
    fn silence_is_not_a_pass() {
        assert!(lacks(&CHECK, &facts()).starts_with("on uccx1 and uccx2: file get"));
    }
}
