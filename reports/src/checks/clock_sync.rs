//! Do the clocks of the nodes agree, and is nothing wrong with their NTP?
//!
//! Source: Cisco 215537 (nodes 15 minutes or more apart: database replication breaks); Smart Licensing Using Policy
//! guides ("Timestamp mismatch": more than an hour from CSSM); Cisco 221910 (the ntpdate line of the platform log).

use chrono::TimeDelta;
use history::facts::{ClockPair, ClockStep, Facts, Instance, NtpFact, PlatformFact};
use history::skew::AGREE;
use parsers::event::{EventKind, FailureClass};
use parsers::origin::Origin;
use parsers::platform::{PlatformLine, TestOutcome};

use crate::check::{About, Check, Finding, Outcome, brief, counted, listed, node_name, node_names, zone};
use crate::cssm::Failures;
use crate::logs::is_of;
use crate::report::{Confidence, Severity};
use crate::time::spell;

pub(super) const CHECK: Check = Check {
    id: "clock-sync",
    title: "The clocks of the nodes agree",
    source: "Cisco 215537 and 221910, NTP; Smart Licensing Using Policy, Timestamp mismatch",
    about: About {
        effect: "CSSM refuses messages of a clock that is far off, and a certificate seems expired or not \
                 yet valid: renewals fail.",
        remedy: "Let the publisher follow a reachable NTP server of a low stratum, and the other nodes \
                 follow it.",
        example: "synchronised to NTP server (192.0.2.1) at stratum 3",
        disputed: &[],
    },
    run,
};

/// Nodes whose clocks are this far apart do not replicate.
const BREAKS_REPLICATION: TimeDelta = TimeDelta::minutes(15);

/// A clock this far off makes CSSM refuse the licence agent.
const BREAKS_LICENSING: TimeDelta = TimeDelta::hours(1);

/// Clocks that follow one NTP server are never this far apart.
const NOTICEABLE: TimeDelta = TimeDelta::minutes(1);

/// Most findings that the sentence spells out.
const TOLD_MAX: usize = 4;

/// One thing that is wrong: how bad, the sentence, the lines.
type Wrong = (Severity, String, Vec<Origin>);

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let mut wrong: Vec<Wrong> = instance.clocks.iter().filter_map(|pair| apart(instance, pair)).collect();
    wrong.extend(alarms(instance));
    wrong.extend(instance.ntp.iter().filter_map(|ntp| unsynchronised(instance, ntp)));
    wrong.extend(refused(instance));
    wrong.extend(instance.platform.iter().filter_map(|fact| tested(instance, fact)));
    let steps = facts.clock_steps.iter().filter(|step| is_of(facts, instance, step.node.as_deref()));
    wrong.extend(steps.map(|step| stepped(facts, instance, step)));
    // Stable: what is equally bad keeps its order.
    wrong.sort_by_key(|(severity, _, _)| std::cmp::Reverse(*severity));
    if let Some((severity, _, _)) = wrong.first() {
        let told: Vec<&str> = wrong.iter().take(TOLD_MAX).map(|(_, says, _)| says.as_str()).collect();
        let more = match wrong.len().saturating_sub(TOLD_MAX) {
            0 => String::new(),
            n => format!("; and {n} more"),
        };
        return Outcome::Fail(Finding {
            severity: *severity,
            confidence: Confidence::Medium,
            says: format!("{}{more}", told.join("; ")),
            remedy: format!(
                "On {}: utils ntp status, then utils ntp config and utils network ping of each server: the publisher \
                 must be synchronised, and the others follow it. Set no clock by hand while licensing runs.",
                node_names(instance)
            ),
            evidence: wrong.iter().flat_map(|(_, _, lines)| lines).cloned().collect(),
        });
    }
    let known: Vec<&ClockPair> = instance.clocks.iter().filter(|pair| pair.ahead.is_some()).collect();
    if known.is_empty() && instance.ntp.is_empty() {
        return Outcome::NoEvidence { says: open(instance), collect: collect(instance) };
    }
    let mut says: Vec<String> = known.iter().map(|pair| tell(instance, pair)).collect();
    says.extend(instance.ntp.iter().map(|ntp| synchronised(instance, ntp)));
    let asked = |node: usize| instance.ntp.iter().any(|ntp| ntp.node == Some(node));
    let numbers = 0..instance.nodes.len();
    let every = numbers.clone().all(asked);
    let compared = |node: usize| instance.nodes.get(node).is_some_and(|node| node.clock_skew_s.is_some());
    let caveat = match instance.ntp.is_empty() {
        true => "; what their common reference is worth, only utils ntp status tells",
        false => "",
    };
    let confidence = match every {
        true => Confidence::High,
        false if numbers.clone().all(|node| asked(node) || compared(node)) => Confidence::Medium,
        false => Confidence::Low,
    };
    let ntp = instance.ntp.iter().map(|ntp| &ntp.evidence.first);
    Outcome::Pass {
        says: format!("{}{caveat}", listed(&says)),
        confidence,
        evidence: known.iter().flat_map(|pair| &pair.evidence).chain(ntp).cloned().collect(),
    }
}

/// CSSM's own words that the clocks differ.
fn refused(instance: &Instance) -> Option<Wrong> {
    let failures = Failures::of(instance, &[FailureClass::ClockMismatch]);
    let says = format!(
        "CSSM or the registration's certificate disagrees with the clock{}",
        failures.often(instance)
    );
    let worked = failures.worked_again(instance).is_some();
    let severity = if worked { Severity::Low } else { Severity::High };
    (!failures.events.is_empty()).then(|| (severity, says, failures.evidence()))
}

/// A test of NTP that did not pass.
fn tested(instance: &Instance, fact: &PlatformFact) -> Option<Wrong> {
    let PlatformLine::Test { name, outcome, text } = &fact.line else { return None };
    let severity = match outcome {
        TestOutcome::Failed => Severity::Medium,
        TestOutcome::Warning => Severity::Low,
        TestOutcome::Passed | TestOutcome::Skipped => return None,
    };
    let node = node_name(instance, fact.node).map_or("a node".to_owned(), brief);
    let text = if text.is_empty() { String::new() } else { format!(": {}", brief(text)) };
    let says = format!("the test {} does not pass on {node}{text}", brief(name));
    name.starts_with("ntp_").then(|| (severity, says, vec![fact.evidence.first.clone()]))
}

/// What `utils ntp status` says of a clock that follows its server.
fn synchronised(instance: &Instance, ntp: &NtpFact) -> String {
    let node = node_name(instance, ntp.node).map_or("a node".to_owned(), brief);
    let within = ntp.within_ms.map(|ms| format!(" to within {ms} ms")).unwrap_or_default();
    format!("utils ntp status on {node}: synchronised{within}")
}

/// A clock that follows no server, or is far from the one it follows.
fn unsynchronised(instance: &Instance, ntp: &NtpFact) -> Option<Wrong> {
    let node = node_name(instance, ntp.node).map_or("a node".to_owned(), brief);
    let off = ntp.offset_ms.map(TimeDelta::milliseconds).filter(|off| off.abs() > AGREE);
    let (severity, says) = match (ntp.synchronised, off) {
        (false, _) => (Severity::High, format!("utils ntp status on {node}: unsynchronised")),
        (true, Some(off)) => {
            let severity = match off.abs() {
                by if by >= BREAKS_LICENSING => Severity::Critical,
                by if by >= BREAKS_REPLICATION => Severity::High,
                by if by >= NOTICEABLE => Severity::Medium,
                _ => Severity::Low,
            };
            (severity, format!("utils ntp status on {node}: {} off its server", spell(off.abs())))
        }
        (true, None) => return None,
    };
    Some((severity, says, vec![ntp.evidence.first.clone()]))
}

/// Two clocks that differ by more than the alarms' own delay.
fn apart(instance: &Instance, pair: &ClockPair) -> Option<Wrong> {
    let by = pair.ahead?.abs();
    let (severity, meaning) = match by {
        by if by >= BREAKS_LICENSING => (Severity::Critical, ": CSSM refuses what is more than an hour off"),
        by if by >= BREAKS_REPLICATION => (Severity::High, ": database replication breaks at 15 minutes"),
        by if by >= NOTICEABLE => (Severity::Medium, ", less than the 15 minutes that break replication"),
        by if by > AGREE => (Severity::Low, ""),
        _ => return None,
    };
    Some((severity, format!("{}{meaning}", tell(instance, pair)), pair.evidence.clone()))
}

/// `the clock of uccx2 is 12 min ahead of that of uccx1 (3 alarms of both agree within 1 s)`.
fn tell(instance: &Instance, pair: &ClockPair) -> String {
    let name = |node| node_name(instance, Some(node)).map_or("a node".to_owned(), brief);
    let (node, against) = (name(pair.node), name(pair.against));
    let ahead = pair.ahead.unwrap_or_default();
    let how = match ahead.num_seconds() {
        0 => format!("the clock of {node} agrees with that of {against} to the second"),
        s => {
            let way = if s > 0 { "ahead of" } else { "behind" };
            format!("the clock of {node} is {} {way} that of {against}", spell(ahead))
        }
    };
    let spread = pair.spread.num_seconds() + 1;
    let by = if pair.by_collector { "by the stamps of a collector, " } else { "" };
    format!("{how} ({by}{} of both, agreeing within {spread} s)", counted(pair.pairs, "alarm"))
}

/// Alarms about the clock itself.
fn alarms(instance: &Instance) -> Option<Wrong> {
    let clock: Vec<_> = instance.events.iter().filter(|event| event.kind == EventKind::Clock).collect();
    let last = clock.last()?;
    let node = node_name(instance, last.node).map(|node| format!(" of {}", brief(node))).unwrap_or_default();
    let when = last.at.map(|at| format!(", the last at {}", zone(instance).show(at))).unwrap_or_default();
    let lines = clock.iter().rev().take(TOLD_MAX).filter_map(|event| event.evidence());
    let says = format!("{} about NTP{node}{when}", counted(clock.len(), "alarm"));
    Some((Severity::Medium, says, lines.map(|evidence| evidence.first).collect()))
}

/// A clock that was set back.
fn stepped(facts: &Facts, instance: &Instance, step: &ClockStep) -> Wrong {
    let by = step.before.1 - step.after.1;
    let severity = if by >= BREAKS_REPLICATION { Severity::Medium } else { Severity::Low };
    let node = step.node.as_deref().map(|node| format!(" of {}", brief(node))).unwrap_or_default();
    let path =
        facts.members.get(step.member).and_then(|member| member.path.as_deref()).unwrap_or("the input");
    let says = format!(
        "time in {}{node} goes back by {} at {} while its numbers rise: {} lines {} and {}",
        step.log,
        spell(by),
        zone(instance).show(step.before.1),
        brief(path),
        step.before.0,
        step.after.0
    );
    (severity, says, Vec::new())
}

/// Why the clocks cannot be compared.
fn open(instance: &Instance) -> String {
    let Some(pair) = instance.clocks.first() else {
        return "no two alarms that two nodes wrote, and no alarm about NTP: nothing compares the clocks"
            .to_owned();
    };
    let name = |node| node_name(instance, Some(node)).map_or("a node".to_owned(), brief);
    let fit: Vec<String> = pair
        .candidates
        .iter()
        .map(|by| if *by < TimeDelta::zero() { format!("-{}", spell(*by)) } else { spell(*by) })
        .collect();
    format!(
        "too few alarms of both {} and {} to tell how far their clocks are apart: {} would fit, and repeated alarms fit \
         more than one",
        name(pair.against),
        name(pair.node),
        fit.join(" or ")
    )
}

fn collect(instance: &Instance) -> String {
    format!("on {}: utils ntp status", node_names(instance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(ahead: Option<TimeDelta>) -> Facts {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.clocks = vec![ClockPair {
            node: 1,
            against: 0,
            ahead,
            pairs: if ahead.is_some() { 3 } else { 0 },
            spread: TimeDelta::milliseconds(800),
            by_collector: false,
            candidates: if ahead.is_some() {
                Vec::new()
            } else {
                vec![TimeDelta::minutes(-8), TimeDelta::minutes(7)]
            },
            evidence: vec![origin(14, "said")],
        }];
        for node in &mut instance.nodes {
            node.clock_skew_s = ahead.map(|ahead| ahead.num_seconds());
        }
        facts
    }

    #[track_caller]
    fn check(seconds: i64, expected: Severity) {
        assert_eq!(fails(&CHECK, &with(Some(TimeDelta::seconds(seconds)))).severity, expected);
    }

    #[test]
    fn the_further_apart_the_worse() {
        check(30, Severity::Low);
        check(-720, Severity::Medium);
        check(960, Severity::High);
        check(-3_700, Severity::Critical);
    }

    #[test]
    fn the_sentence_names_both_nodes_and_the_evidence() {
        let finding = fails(&CHECK, &with(Some(TimeDelta::minutes(-16))));
        let says = "the clock of uccx2 is 16 min behind that of uccx1 (3 alarms of both, agreeing within 1 s): database \
                    replication breaks at 15 minutes";
        assert_eq!(finding.says, says);
        assert!(finding.remedy.starts_with("On uccx1 and uccx2: utils ntp status"));
        assert_eq!(finding.evidence.len(), 1);
    }

    #[test]
    fn clocks_that_agree_pass() {
        let says = passes(&CHECK, &with(Some(TimeDelta::milliseconds(300))));
        assert!(
            says.starts_with("the clock of uccx2 agrees with that of uccx1 to the second (3 alarms"),
            "{says}"
        );
    }

    #[test]
    fn without_a_common_alarm_the_command_is_named() {
        assert_eq!(lacks(&CHECK, &facts()), "on uccx1 and uccx2: utils ntp status");
    }

    #[test]
    fn differences_that_fit_equally_are_all_told() {
        match (CHECK.run)(&with(None), &with(None).instances[0]) {
            Outcome::NoEvidence { says, .. } => {
                assert!(says.contains("apart: -8 min or 7 min would fit,"), "{says}")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_alarm_about_ntp_fails_whatever_the_nodes_say() {
        let mut facts = with(Some(TimeDelta::zero()));
        one(&mut facts).events = vec![event(EventKind::Clock, Some(ago(60)), 20, &[])];
        let finding = fails(&CHECK, &facts);
        assert!(
            finding.says.starts_with("1 alarm about NTP of uccx1, the last at 2026-04-03 08:00:05 +05:30")
        );
    }

    #[test]
    fn a_clock_that_was_set_back_fails_with_its_lines() {
        let mut facts = facts();
        facts.clock_steps = vec![ClockStep {
            node: Some("uccx1".into()),
            log: "MCVD".into(),
            member: 1,
            before: (40, ago(60)),
            after: (41, ago(67)),
        }];
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.says.starts_with("time in MCVD of uccx1 goes back by 7 min at"), "{}", finding.says);
        assert!(finding.says.ends_with("Cisco001MCVD001.log lines 40 and 41"), "{}", finding.says);
    }

    fn told(synchronised: bool, offset_ms: i64) -> Facts {
        let mut facts = facts();
        let evidence = history::facts::Evidence::one(origin(30, "synchronised to NTP server"));
        let (within_ms, offset_ms) = (Some(32), Some(offset_ms));
        let stratum = Some(4);
        one(&mut facts).ntp =
            vec![NtpFact { node: Some(0), synchronised, stratum, within_ms, offset_ms, at: None, evidence }];
        facts
    }

    #[test]
    fn a_clock_without_a_server_fails_and_one_that_follows_its_server_passes() {
        assert_eq!(fails(&CHECK, &told(false, 0)).severity, Severity::High);
        assert_eq!(fails(&CHECK, &told(true, -3_700_000)).severity, Severity::Critical);
        assert_eq!(passes(&CHECK, &told(true, 3)), "utils ntp status on uccx1: synchronised to within 32 ms");
    }

    #[test]
    fn a_test_of_ntp_and_the_words_of_cssm_count() {
        let mut facts = facts();
        let test = |outcome| PlatformLine::Test { name: "ntp_clock_drift".into(), outcome, text: "".into() };
        one(&mut facts).platform = vec![platform(test(TestOutcome::Warning))];
        assert!(fails(&CHECK, &facts).says.starts_with("the test ntp_clock_drift does not pass on uccx1"));
        one(&mut facts).platform = vec![platform(test(TestOutcome::Passed))];
        lacks(&CHECK, &facts);
        one(&mut facts).events = vec![failure(FailureClass::ClockMismatch, 7, None)];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::High);
    }
}
