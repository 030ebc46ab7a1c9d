//! Is the countdown to Out of Compliance running, and what can still be done before it ends?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), second scenario; Features Guide 12.5(1) SU1, alert list.

use history::facts::{Deadline, DeadlineKind, Event, Facts, Instance};
use history::policy::{OVER_USAGES, REPORT_EVERY_COUNTED, Reading, Regime};
use parsers::stamp::Instant;

use crate::chance::{Chance, counted, fitted, newest_warning};
use crate::check::{About, Check, Finding, Outcome, disputes, node_names, origins, zone};
use crate::licenses::{amounts, lacking, within};
use crate::logs::{Log, is_of};
use crate::report::{Confidence, Severity};
use crate::time::{relative, spell};

pub(super) const CHECK: Check = Check {
    id: "ooc-near",
    title: "No countdown to Out of Compliance is running",
    source: "Cisco 217416, UCCX Smart Licensing, worked scenarios",
    about: About {
        effect: "When the countdown ends the Product Instance is Out of Compliance, and in the counted \
                 regime only a purchase undoes that.",
        remedy: "Log agents out until usage is within the purchase at the next report, or buy what lacks \
                 before the countdown ends.",
        example: "%MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: … will enter Out of Compliance state in \
                  =45 minutes",
        disputed: &[disputes::TOLERANCE, disputes::IMMEDIATE],
    },
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
        "unknown" => by_usage(facts, instance),
        other => Outcome::NotApplicable { why: format!("no countdown runs in the state {other}") },
    }
}

fn no_evidence(instance: &Instance) -> Outcome {
    Outcome::NoEvidence {
        says: "no line of the input tells whether a countdown runs".to_owned(),
        collect: format!("on {}: file get activelog uccx/log/MCVD/* recurs compress", node_names(instance)),
    }
}

/// What usage and the rule tell where no line tells a state.
fn by_usage(facts: &Facts, instance: &Instance) -> Outcome {
    let (Some(chance), Some(as_of)) = (Chance::of(instance), facts.as_of) else {
        return no_evidence(instance);
    };
    let rule = match instance.release.regime {
        Regime::Unknown => "by usage and the counted rules, if they hold for this release",
        Regime::Counted | Regime::Immediate => "by usage and the rule, no line of a log says it",
    };
    let ended = chance.until() <= as_of;
    let rows = counted(instance).filter_map(|replay| replay.path.last()?.evidence.as_ref());
    let mut evidence: Vec<_> = rows.map(|row| row.first.clone()).collect();
    evidence.dedup();
    Outcome::Fail(Finding {
        severity: if chance.until() - as_of <= REPORT_EVERY_COUNTED {
            Severity::Critical
        } else {
            Severity::High
        },
        confidence: if instance.release.regime == Regime::Unknown {
            Confidence::Low
        } else {
            Confidence::Medium
        },
        says: format!("{rule}: {}", chance.says(as_of)),
        remedy: remedy(instance, ended),
        evidence,
    })
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
        remedy: remedy(
            instance,
            due.zip(facts.as_of).is_some_and(|(due, as_of)| end_of(instance, due) <= as_of),
        ),
        evidence: evidence.map(origins).unwrap_or_default(),
    }
}

/// The end of the countdown that counts: by the reading that the logs fit, else the earlier.
fn end_of(instance: &Instance, due: &Deadline) -> Instant {
    match fitted(instance) {
        Some(Reading::At60) => due.latest.unwrap_or(due.expected),
        Some(Reading::At45) | None => due.expected,
    }
}

fn dated(
    facts: &Facts,
    instance: &Instance,
    due: &Deadline,
    as_of: Instant,
) -> (Severity, Confidence, String) {
    let show = |at| zone(instance).show(at);
    let end = end_of(instance, due);
    let latest = due.latest.filter(|latest| fitted(instance).is_none() && end < *latest);
    let latest = latest.map(|latest| format!(", at the latest {}", show(latest))).unwrap_or_default();
    let fit = fitted(instance).and_then(|_| instance.readings.iter().rev().find(|fit| fit.fits.is_some()));
    let fit = fit.map(|fit| {
        format!(
            ", as the countdown of {} did, {} after its first warning",
            show(fit.first),
            spell(fit.entered - fit.first)
        )
    });
    let fit = fit.unwrap_or_default();
    let chance = Chance::of(instance).map(|chance| format!("; {}", chance.says(as_of))).unwrap_or_default();
    if as_of < end {
        // One report left is the last chance to show lower usage.
        let severity = if end - as_of <= REPORT_EVERY_COUNTED { Severity::Critical } else { Severity::High };
        let says = format!(
            "the Product Instance enters Out of Compliance at {} ({}{latest}{fit}) unless usage falls{chance}",
            show(end),
            relative(end, as_of)
        );
        return (severity, Confidence::High, says);
    }
    let silent = match last_record(facts, instance) {
        Some(last) => format!("no line says it happened, and the logs end at {}", show(last)),
        None => "no line says it happened".to_owned(),
    };
    let says = format!("Out of Compliance was due {}{latest}; {silent}{chance}", show(end));
    (Severity::Critical, Confidence::Medium, says)
}

fn undated(warning: Option<(&Event, Option<u32>)>) -> (Severity, Confidence, String) {
    let minutes = warning.and_then(|(_, minutes)| minutes);
    let left =
        minutes.map(|n| format!("{n} minutes were left when the line was written, but ")).unwrap_or_default();
    let says = format!("a countdown to Out of Compliance runs: {left}the time of the line is not known");
    (Severity::High, Confidence::Medium, says)
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
    let entitlements = || instance.consumption.iter().flat_map(|found| &found.entitlements);
    let enough =
        within(entitlements()).unwrap_or_else(|| "usage is no higher than what was purchased".to_owned());
    let what = match lacking(entitlements()).as_slice() {
        [] => "the missing licenses".to_owned(),
        known => amounts(known),
    };
    format!(
        "Before then, log out agents (supervisors count as Premium seats) until {enough}: the next report, one each {}, \
         then starts the count of {OVER_USAGES} anew. Or buy {what} in CSSM. Afterwards lower usage does not undo it. \
         Watch: Cisco Unified CCX Administration on {nodes}, System > License Management.",
        spell(REPORT_EVERY_COUNTED)
    )
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use history::facts::{Basis, Evidence, ReadingFit};
    use parsers::event::EventKind;

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
        assert!(finding.says.contains(
            "no line says it happened, and the logs end at 2026-04-03 09:00:05 +05:30; by the shorter of"
        ));
    }

    #[test]
    fn the_reading_that_the_logs_fit_says_which_end_counts() {
        let mut facts = running(5);
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Critical);
        one(&mut facts).readings = vec![ReadingFit {
            first: ago(9_000),
            entered: ago(8_940),
            fits: Some(Reading::At60),
            evidence: Evidence::one(origin(3, "said")),
        }];
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::High);
        assert!(
            finding.says.contains(
                "at 2026-04-03 09:20:05 +05:30 (in 20 min, as the countdown of 2026-03-28 03:00:05 +05:30 did, 1 h after \
                 its first warning) unless usage falls; 20 min left in which logging agents out still helps;"
            ),
            "{}",
            finding.says
        );
    }

    #[test]
    fn irreversibility_is_told_with_count_and_time_left() {
        let mut facts = running(18);
        one(&mut facts).events =
            vec![event(EventKind::OocImminent { minutes: Some(15) }, Some(ago(1)), 3, &[])];
        let says = fails(&CHECK, &facts).says;
        assert!(
            says.contains("over-usage 3 of 5; 18 min left in which logging agents out still helps (33 min"),
            "{says}"
        );
        assert!(says.ends_with("after that only a purchase does"), "{says}");
    }

    #[test]
    fn usage_alone_is_enough_for_a_warning() {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[90, 110, 120], ago(5));
        let finding = fails(&CHECK, &facts);
        assert!(
            finding
                .says
                .starts_with("by usage and the rule, no line of a log says it: over-usage 2 of 5; 25 min")
        );
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Medium));
        assert!(
            finding
                .remedy
                .contains("until at most 100 PREMIUM (120 in the last report) are in use: the next")
        );
        assert!(finding.remedy.contains("Or buy 20 PREMIUM in CSSM"), "{}", finding.remedy);
        one(&mut facts).release.regime = Regime::Unknown;
        assert_eq!(fails(&CHECK, &facts).confidence, Confidence::Low);
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
