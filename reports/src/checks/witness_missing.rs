//! Does every alarm about the license state stand both in the trace of its node and in its system log, where both were being written?
//!
//! Source: UCCX Administration and Serviceability guides, Alarm > Configuration: alarms of the Cluster View Daemon go to
//! its trace and, where Local Syslogs is enabled, to the system log of the node; Cisco 217416 shows both.

use std::collections::BTreeSet;

use history::facts::{Event, Facts, Instance, Member, Node, Testimony};
use history::skew::is_shared;
use parsers::event::Witness;
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::check::{About, Check, Finding, Outcome, brief, counted, disputes, node_names, zone};
use crate::logs::{Log, of_node};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "witness-missing",
    title: "Every license alarm stands in the trace and in the system log",
    source: "UCCX Serviceability, Alarm > Configuration; Cisco 217416",
    about: About {
        effect: "The state does not change, but the absence of an alarm proves nothing where alarms get \
                 lost.",
        remedy: "Enable Local Syslogs for the Cluster View Daemon, and collect both logs again.",
        example: "%UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE in CiscoSyslog beside \
                  %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE in MCVD",
        disputed: &[disputes::RTMT_SEVERITY],
    },
    run,
};

/// Most alarms that the sentence spells out.
const TOLD_MAX: usize = 3;

/// What the two logs of a node say about its alarms.
#[derive(Default)]
struct Count {
    /// Alarms that both logs hold.
    both: Vec<Origin>,
    /// Sentences about alarms that one of them lacks, with their lines.
    missing: Vec<(String, Origin)>,
    /// Alarms of which the other log does not cover the minute.
    untold: usize,
}

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let collected = facts.members.iter().enumerate().any(|(at, member)| Log::of(facts, at, member).is_some());
    let mut count = Count::default();
    for event in instance.events.iter().filter(|event| is_shared(event)) {
        let nodes: BTreeSet<usize> = event.witnesses.iter().filter_map(|said| said.node).collect();
        for node in nodes {
            hear(facts, instance, event, node, &mut count);
        }
    }
    if !count.missing.is_empty() {
        return fail(instance, count);
    }
    if !count.both.is_empty() {
        return Outcome::Pass {
            says: format!("{} in trace and system log alike", counted(count.both.len(), "alarm")),
            confidence: if count.untold == 0 { Confidence::High } else { Confidence::Medium },
            evidence: count.both.into_iter().take(1).collect(),
        };
    }
    if count.untold == 0 && collected && !instance.nodes.is_empty() {
        return Outcome::NotApplicable {
            why: "no license alarm of a known node and time is in the input".to_owned(),
        };
    }
    Outcome::NoEvidence {
        says: "of no license alarm both logs of its node cover the minute".to_owned(),
        collect: format!(
            "on {}: {} and {}",
            node_names(instance),
            Log::Mcvd.command(),
            Log::Syslog.command()
        ),
    }
}

/// One alarm in the logs of one node.
fn hear(facts: &Facts, instance: &Instance, event: &Event, at: usize, count: &mut Count) {
    let Some(node) = instance.nodes.get(at) else { return };
    let own = |said: &&Testimony| said.node == Some(at);
    let trace = event.witnesses.iter().filter(own).find(|said| said.witness == Witness::Trace);
    let other = event.witnesses.iter().filter(own).find(|said| said.witness != Witness::Trace);
    let (said, lacks) = match (trace, other) {
        (Some(said), Some(_)) => return count.both.push(said.origin.clone()),
        (Some(said), None) => (said, Log::Syslog),
        (None, Some(said)) if said.witness == Witness::Syslog => (said, Log::Mcvd),
        // An alert quotes the system log, so it is no witness of its own against the trace.
        (None, _) => return,
    };
    match said.at {
        Some(when) if covers(facts, instance, node, lacks, when) => {
            let name = brief(&node.name);
            let when = zone(instance).show(when);
            let says = format!("{} of {when} is not in {} of {name}", brief(&event.mnemonic), lacks.name());
            count.missing.push((says, said.origin.clone()));
        }
        _ => count.untold += 1,
    }
}

/// Whether a file of that log has records before and after the instant, and no hole around it. A system log file that
/// never holds a license alarm is not the one they are written to.
fn covers(facts: &Facts, instance: &Instance, node: &Node, log: Log, at: Instant) -> bool {
    let takes_alarms = |member: &Member| {
        let path = member.path.as_deref().unwrap_or_default();
        log != Log::Syslog || path.contains("CiscoSyslog") || member.events > 0
    };
    let spans = |member: &Member| {
        member.first.is_some_and(|first| first <= at) && member.last.is_some_and(|last| at <= last)
    };
    let hole = facts.gaps.iter().any(|gap| {
        gap.node.as_deref() == Some(&*node.name)
            && *gap.log == *log.name()
            && gap.from.is_none_or(|from| from <= at)
            && gap.to.is_none_or(|to| at <= to)
    });
    !hole && of_node(facts, instance, Some(node), log).into_iter().any(|it| takes_alarms(it) && spans(it))
}

fn fail(instance: &Instance, count: Count) -> Outcome {
    let told: Vec<&str> = count.missing.iter().take(TOLD_MAX).map(|(says, _)| says.as_str()).collect();
    let more = match count.missing.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    Outcome::Fail(Finding {
        severity: Severity::Low,
        confidence: Confidence::Medium,
        says: format!(
            "{}{more}, though that log was being written: what it does not show proves nothing",
            told.join("; ")
        ),
        remedy: format!(
            "On {}: Cisco Unified CCX Serviceability > Alarm > Configuration, Cluster View Daemon: Local Syslogs enabled, \
             level Informational. If it is, lines were lost: collect the logs again, {} and {}",
            node_names(instance),
            Log::Mcvd.command(),
            Log::Syslog.command()
        ),
        evidence: count.missing.into_iter().map(|(_, origin)| origin).collect(),
    })
}

#[cfg(test)]
mod tests {
    use parsers::event::EventKind;

    use super::*;
    use crate::testing::*;

    /// One alarm of the first node, told by these.
    fn told_by(witnesses: &[Witness]) -> Facts {
        let mut facts = facts();
        let mut said = event(EventKind::OocEntered, Some(ago(60)), 14, &[]);
        let first = said.witnesses[0].clone();
        said.witnesses =
            witnesses.iter().map(|witness| Testimony { witness: *witness, ..first.clone() }).collect();
        one(&mut facts).events = vec![said];
        facts
    }

    #[test]
    fn an_alarm_in_both_logs_passes() {
        let says = passes(&CHECK, &told_by(&[Witness::Trace, Witness::Syslog]));
        assert_eq!(says, "1 alarm in trace and system log alike");
    }

    #[test]
    fn an_alarm_that_the_system_log_lacks_fails() {
        let finding = fails(&CHECK, &told_by(&[Witness::Trace]));
        assert_eq!(finding.severity, Severity::Low);
        let says = "SYSTEM_IN_OOC_STATE of 2026-04-03 08:00:05 +05:30 is not in syslog of uccx1, though that log was \
                    being written: what it does not show proves nothing";
        assert_eq!(finding.says, says);
    }

    #[test]
    fn an_alarm_that_the_trace_lacks_fails() {
        assert!(fails(&CHECK, &told_by(&[Witness::Syslog])).says.contains("is not in MCVD of uccx1"));
    }

    #[test]
    fn a_log_that_does_not_cover_the_minute_lacks_no_witness() {
        let mut facts = told_by(&[Witness::Trace]);
        facts.members[0].last = Some(ago(90));
        assert!(lacks(&CHECK, &facts).contains("file get activelog syslog/* recurs compress"));
        let mut facts = told_by(&[Witness::Syslog]);
        facts.gaps = vec![gap(ago(61), ago(59))];
        lacks(&CHECK, &facts);
    }

    #[test]
    fn without_an_alarm_nothing_is_missing() {
        skips(&CHECK, &facts());
    }
}
