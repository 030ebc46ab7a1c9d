//! Deadlines: arithmetic on a state. They are instants; what remains is computed when something is printed.

use parsers::stamp::Instant;

use crate::facts::{Basis, Deadline, DeadlineKind, Dimension, Transition};
use crate::machine::Authorization;
use crate::policy::{COUNTDOWN_SPREAD, ENFORCEMENT_AFTER};

/// The deadlines that follow from the state at the end of the log.
///
/// `complete` is true when the log reaches back before the state: then its beginning is no earlier than seen.
#[must_use]
pub fn of(authorization: &Authorization, complete: bool) -> Vec<Deadline> {
    match authorization {
        Authorization::Overage { due: Some(due), evidence, .. } => vec![Deadline {
            kind: DeadlineKind::EnterOoc,
            earliest: Some(*due),
            expected: *due,
            latest: Some(*due + COUNTDOWN_SPREAD),
            basis: Basis::Derived,
            rule: "The line's own minutes, added to its time. Cisco publishes two readings of the countdown, one \
                   report (15 minutes) apart: 45 minutes of tolerance (Features Guide 12.5(1) SU1), or five \
                   over-usages within an hour (217416)."
                .to_owned(),
            evidence: evidence.clone(),
        }],
        Authorization::OutOfCompliance { since: Some(since), overage_since, evidence, .. } => vec![Deadline {
            kind: DeadlineKind::Enforcement,
            earliest: complete.then(|| overage_since.unwrap_or(*since) + ENFORCEMENT_AFTER),
            expected: *since + ENFORCEMENT_AFTER,
            latest: Some(*since + ENFORCEMENT_AFTER),
            basis: Basis::Derived,
            rule: rule_of_ninety_days(complete, overage_since.as_ref()),
            evidence: evidence.clone(),
        }],
        Authorization::Overage { due: None, .. }
        | Authorization::OutOfCompliance { since: None, .. }
        | Authorization::Unknown
        | Authorization::Evaluation
        | Authorization::EvaluationExpired
        | Authorization::InCompliance
        | Authorization::AuthorizationExpired => Vec::new(),
    }
}

fn rule_of_ninety_days(complete: bool, overage_since: Option<&Instant>) -> String {
    let mut rule =
        "90 days of Out of Compliance, then Enforcement (217416; Features Guide, Authorization State). \
                    What starts the 90 days is not published; counted from the first SYSTEM_IN_OOC_STATE."
            .to_owned();
    if overage_since.is_some() {
        rule.push_str(" The earliest date counts from the first warning before it.");
    }
    if !complete {
        rule.push_str(" The log begins in this state, so it may be older and Enforcement earlier.");
    }
    rule
}

/// True if a known state came before the present one, so that its beginning was seen.
#[must_use]
pub fn reaches_back(authorization: &Authorization, transitions: &[Transition]) -> bool {
    let changes =
        transitions.iter().filter(|transition| transition.dimension == Dimension::Authorization).count();
    match authorization {
        // A countdown's first warning is its beginning by its own words.
        Authorization::Overage { .. } => true,
        _ => changes > 1,
    }
}
