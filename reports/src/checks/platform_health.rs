//! Do the platform's own tests find anything that keeps the licence agent from working?
//!
//! Source: Administration and Operations Guide 15.0, Command Line Interface (`utils uccx healthcheck`); Cisco 215537 and
//! 217581 (`utils diagnose test`); Cisco tech notes on replication (`utils dbreplication runtimestate`: 2 is good).

use history::facts::{Facts, Instance, PlatformFact};
use parsers::platform::{PlatformLine, TestOutcome};

use crate::check::{About, Check, Finding, Outcome, brief, counted, node_name, node_names};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "platform-health",
    title: "The platform's own tests find nothing wrong",
    source: "Administration and Operations Guide 15.0, Command Line Interface; Cisco 215537 and 217581",
    about: About {
        effect: "None by itself: but a node without disk, replication or name service does not report usage.",
        remedy: "Mend what the failed test names, then run utils diagnose test again.",
        example: "test - validate_network    : Reverse DNS lookup failed",
        disputed: &[],
    },
    run,
};

/// Replication that works.
///
/// Source: Cisco tech notes on `utils dbreplication runtimestate` ("(2) Setup Completed").
const REPLICATES: u32 = 2;

/// Most findings that the sentence spells out.
const TOLD_MAX: usize = 4;

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let judged: Vec<(&PlatformFact, Option<(Severity, String)>)> =
        instance.platform.iter().filter_map(|fact| Some((fact, judge(fact)?))).collect();
    if judged.is_empty() {
        return Outcome::NoEvidence {
            says: "no output of a self test is in the input".to_owned(),
            collect: format!("on {nodes}: utils diagnose test; utils dbreplication runtimestate"),
        };
    }
    let mut wrong: Vec<(&PlatformFact, Severity, String)> = Vec::new();
    for (fact, verdict) in &judged {
        if let Some((severity, says)) = verdict {
            let node = node_name(instance, fact.node).map(|node| format!("{}: ", brief(node)));
            wrong.push((fact, *severity, format!("{}{says}", node.unwrap_or_default())));
        }
    }
    wrong.sort_by_key(|(_, severity, _)| std::cmp::Reverse(*severity));
    let Some((_, severity, _)) = wrong.first() else {
        let evidence = judged.iter().take(TOLD_MAX).map(|(fact, _)| fact.evidence.first.clone());
        return Outcome::Pass {
            says: format!("{} of {nodes}, none failed", counted(judged.len(), "self test")),
            confidence: Confidence::High,
            evidence: evidence.collect(),
        };
    };
    let told: Vec<&str> = wrong.iter().take(TOLD_MAX).map(|(_, _, says)| says.as_str()).collect();
    let more = match wrong.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    Outcome::Fail(Finding {
        severity: *severity,
        confidence: Confidence::Medium,
        says: format!("{}{more}", told.join("; ")),
        remedy: format!(
            "Mend what the tests name, then look again on {nodes}: utils diagnose test. Replication that does not come \
             to state 2: utils dbreplication status, then repair."
        ),
        evidence: wrong.iter().map(|(fact, _, _)| fact.evidence.first.clone()).collect(),
    })
}

/// `None` if the line is no test; `Some(None)` if it passed.
fn judge(fact: &PlatformFact) -> Option<Option<(Severity, String)>> {
    let with = |text: &str| {
        let text = text.trim_start_matches('(').trim_end_matches(')');
        if text.is_empty() { String::new() } else { format!(" ({})", brief(text)) }
    };
    match &fact.line {
        // A name server and the clock have checks of their own.
        PlatformLine::Test { name, .. } if name.starts_with("ntp_") || &**name == "validate_network" => None,
        PlatformLine::Test { name, outcome, text } => match outcome {
            TestOutcome::Passed => Some(None),
            TestOutcome::Skipped => None,
            TestOutcome::Warning => {
                Some(Some((Severity::Low, format!("the test {} warns{}", brief(name), with(text)))))
            }
            TestOutcome::Failed => {
                Some(Some((Severity::Medium, format!("the test {} failed{}", brief(name), with(text)))))
            }
        },
        PlatformLine::Replication { state: REPLICATES, .. } => Some(None),
        PlatformLine::Replication { server, state, text } => Some(Some((
            Severity::Medium,
            format!("the database of {} is in replication state {state}{}", brief(server), with(text)),
        ))),
        PlatformLine::Health { ok: true, .. } => Some(None),
        PlatformLine::Health { item, reason, .. } => Some(Some((
            Severity::Medium,
            format!(
                "the health check finds {} not OK{}",
                brief(item),
                with(reason.as_deref().unwrap_or_default())
            ),
        ))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn test(name: &str, outcome: TestOutcome) -> PlatformLine {
        PlatformLine::Test { name: name.into(), outcome, text: "".into() }
    }

    #[test]
    fn tests_that_pass_are_evidence_and_silence_is_not() {
        let mut facts = facts();
        assert_eq!(
            lacks(&CHECK, &facts),
            "on uccx1 and uccx2: utils diagnose test; utils dbreplication runtimestate"
        );
        one(&mut facts).platform = vec![platform(test("disk_space", TestOutcome::Passed))];
        assert_eq!(passes(&CHECK, &facts), "1 self test of uccx1 and uccx2, none failed");
        one(&mut facts).platform = vec![platform(test("disk_files", TestOutcome::Skipped))];
        lacks(&CHECK, &facts);
    }

    #[test]
    fn the_worst_comes_first() {
        let mut facts = facts();
        one(&mut facts).platform = vec![
            platform(test("raid", TestOutcome::Warning)),
            platform(PlatformLine::Replication {
                server: "uccx2".into(),
                state: 4,
                text: "Setup Failed".into(),
            }),
            platform(PlatformLine::Health { item: "CPU Usage".into(), ok: false, reason: None }),
        ];
        let finding = fails(&CHECK, &facts);
        assert_eq!(
            finding.says,
            "uccx1: the database of uccx2 is in replication state 4 (Setup Failed); uccx1: the health check finds CPU \
             Usage not OK; uccx1: the test raid warns"
        );
        assert_eq!((finding.severity, finding.evidence.len()), (Severity::Medium, 3));
    }

    #[test]
    fn clock_and_name_tests_belong_to_other_checks() {
        let mut facts = facts();
        one(&mut facts).platform = vec![platform(test("ntp_reachability", TestOutcome::Failed))];
        lacks(&CHECK, &facts);
    }
}
