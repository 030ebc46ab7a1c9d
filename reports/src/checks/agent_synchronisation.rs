//! Do changes of agents in Unified CM reach UCCX, as far as the license decides it?
//!
//! Source: Features Guides, Smart Licensing, Enforcement, and Cisco 217416 (synchronization from Unified CM is blocked).
//! That a new agent who does not appear is its symptom is inferred.

use history::facts::{Deadline, DeadlineKind, Facts, Instance};

use crate::check::{About, Check, Finding, Outcome, license_pages, node_names, origins, since, zone};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "agent-synchronisation",
    title: "The license lets agents of Unified CM reach UCCX",
    source: "Features Guides, Smart Licensing, Enforcement; Cisco 217416",
    about: About {
        effect: "In Enforcement agents that are added, changed or deleted in Unified CM stay as they were in UCCX; \
                 nobody is logged out.",
        remedy: "End what led to Enforcement: buy what is missing, renew the authorization, or register.",
        example: "%UC_SLMALARMCATALOG-2-SmartLicenseNoProvision_OutOfCompliance",
        disputed: &[],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let enforcement = &instance.enforcement;
    let line = |now: &history::facts::Now| now.evidence.as_ref().map(origins).unwrap_or_default();
    if enforcement.state == "enforced" {
        return Outcome::Fail(Finding {
            severity: Severity::Critical,
            confidence: Confidence::High,
            says: format!(
                "Enforcement is on{}: agents that are added, changed or deleted in Unified CM do not reach {nodes}",
                since(instance, enforcement.since)
            ),
            remedy: format!(
                "End what led to it: see ooc-now and authorization-age. Then, on {nodes}: Cisco Unified CCX Administration, \
                 System > License Management > Renew Authorization, and look whether the newest agent of Unified CM \
                 appears under Resources."
            ),
            evidence: line(enforcement),
        });
    }
    if let Some(due) = overdue(facts, instance) {
        let show = |at| zone(instance).show(at);
        let certain = due.latest.is_some_and(|latest| facts.as_of.is_some_and(|as_of| latest < as_of));
        let until = due.latest.filter(|latest| *latest != due.expected).map(show);
        let bound = until.map(|until| format!(", by another reading {until}")).unwrap_or_default();
        return Outcome::Fail(Finding {
            severity: if certain { Severity::Critical } else { Severity::High },
            confidence: if certain { Confidence::Medium } else { Confidence::Low },
            says: format!(
                "Enforcement was due {}{bound}: since then agents that are added, changed or deleted in Unified CM may not reach \
                 {nodes}; no line says that they do not",
                show(due.expected)
            ),
            remedy: format!(
                "Look whether the newest agent of Unified CM appears under Resources of {nodes}. Then end what leads to it: see \
                 ooc-now and authorization-age."
            ),
            evidence: origins(&due.evidence),
        });
    }
    let authorization = &instance.authorization;
    let good = matches!(authorization.state, "in_compliance" | "authorized_reserved");
    let lets_through = good || matches!(authorization.state, "overage" | "out_of_compliance" | "evaluation");
    let known = good || enforcement.state == "not_enforced";
    if known && lets_through && authorization.evidence.is_some() {
        return Outcome::Pass {
            says: format!(
                "not in Enforcement: the license, which is {}, does not block them",
                authorization.state.replace('_', " ")
            ),
            confidence: if good { Confidence::High } else { Confidence::Medium },
            evidence: line(authorization),
        };
    }
    Outcome::NoEvidence {
        says: "no line tells whether Enforcement is on, and it is silent but for agents who do not appear"
            .to_owned(),
        collect: license_pages(instance),
    }
}

/// The Enforcement that was due by the reading that is expected.
fn overdue<'a>(facts: &Facts, instance: &'a Instance) -> Option<&'a Deadline> {
    let as_of = facts.as_of?;
    let mut due = instance.deadlines.iter().filter(|it| it.kind == DeadlineKind::Enforcement);
    due.find(|deadline| deadline.expected < as_of)
}

#[cfg(test)]
mod tests {
    use history::facts::Basis;

    use super::*;
    use crate::testing::*;

    #[test]
    fn enforcement_blocks_them() {
        let mut facts = facts();
        one(&mut facts).enforcement = known("enforced", Some(ago(60)), Basis::Stated);
        let finding = fails(&CHECK, &facts);
        assert!(
            finding.says.starts_with("Enforcement is on since 2026-04-03 08:00:05 +05:30"),
            "{finding:?}"
        );
        assert_eq!(finding.severity, Severity::Critical);
    }

    #[test]
    fn a_stated_compliance_without_enforcement_passes() {
        let mut facts = facts();
        one(&mut facts).authorization = known("in_compliance", Some(ago(60)), Basis::Stated);
        assert!(passes(&CHECK, &facts).contains("in compliance"));
        one(&mut facts).authorization = known("overage", Some(ago(60)), Basis::Stated);
        lacks(&CHECK, &facts);
        one(&mut facts).enforcement = known("not_enforced", Some(ago(60)), Basis::Derived);
        passes(&CHECK, &facts);
    }

    #[test]
    fn an_expired_authorization_tells_nothing() {
        let mut facts = facts();
        one(&mut facts).authorization = known("authorization_expired", Some(ago(60)), Basis::Stated);
        one(&mut facts).enforcement = known("not_enforced", None, Basis::Inferred);
        assert!(lacks(&CHECK, &facts).contains("License Management"));
    }

    #[test]
    fn an_enforcement_that_was_due_fails_the_surer_the_more_readings_agree() {
        let mut facts = facts();
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::Enforcement, ago(60))];
        let finding = fails(&CHECK, &facts);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Medium));
        one(&mut facts).deadlines[0].latest = Some(ago(-60));
        let finding = fails(&CHECK, &facts);
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Low));
        assert!(finding.says.contains("by another reading"), "{finding:?}");
    }
}
