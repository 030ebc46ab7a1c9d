//! Is the Product Instance Out of Compliance, enforced or without a valid authorization now?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), Authorization State and Enforcement.

use history::facts::{Basis, DeadlineKind, Dimension, Facts, Instance, Now};
use history::policy::Regime;

use crate::check::{About, Check, Finding, Outcome, disputes, node_names, origins, since, zone};
use crate::licenses::{amounts, lacking};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "ooc-now",
    title: "The Product Instance is In Compliance",
    source: "Cisco 217416, UCCX Smart Licensing, Authorization State",
    about: About {
        effect: "Out of Compliance, an expired authorization or an expired evaluation leads to \
                 Enforcement; nothing is blocked before it.",
        remedy: "Buy or transfer what the virtual account lacks, or restore the way to CSSM; then renew \
                 the authorization.",
        example: "%MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: … This Product Instance is currently in Out of \
                  Compliance state",
        disputed: &[disputes::IMMEDIATE],
    },
    run,
};

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let state = &instance.authorization;
    if instance.enforcement.state == "enforced" {
        let says = format!(
            "Enforcement is on{}: agents added, changed or deleted in Unified CM no longer reach UCCX",
            since(instance, instance.enforcement.since)
        );
        return fail(instance, &instance.enforcement, Severity::Critical, says);
    }
    let since = since(instance, state.since);
    match state.state {
        "out_of_compliance" => {
            let says =
                format!("the Product Instance is Out of Compliance{since}{}", enforcement_due(instance));
            fail(instance, state, Severity::Critical, says)
        }
        "not_authorized_reserved" => {
            let says = format!("more licenses are in use than the reservation holds{since}");
            fail(instance, state, Severity::Critical, says)
        }
        "authorization_expired" => {
            let says = format!("the authorization expired{since}: CSSM was not reached for too long");
            fail(instance, state, Severity::High, says)
        }
        "evaluation_expired" => {
            let says = format!("the evaluation period is over{since} and the system is not registered");
            fail(instance, state, Severity::High, says)
        }
        "not_authorized" => fail(
            instance,
            state,
            Severity::High,
            format!("CSSM does not authorize the Product Instance{since}"),
        ),
        "in_compliance" | "authorized_reserved" => pass(instance, state),
        "overage" => Outcome::NotApplicable {
            why: "not Out of Compliance yet, the countdown to it is running: see ooc-near".to_owned(),
        },
        "evaluation" => Outcome::NotApplicable { why: format!("the system runs in evaluation{since}") },
        "no_licenses_in_use" => Outcome::NotApplicable { why: format!("no licenses are in use{since}") },
        _ => no_evidence(instance),
    }
}

fn fail(instance: &Instance, state: &Now, severity: Severity, says: String) -> Outcome {
    let confidence = match state.basis {
        Basis::Stated | Basis::Given => Confidence::High,
        Basis::Derived => Confidence::Medium,
        Basis::Inferred | Basis::Unknown => Confidence::Low,
    };
    let evidence = state.evidence.as_ref().map(origins).unwrap_or_default();
    Outcome::Fail(Finding { severity, confidence, says, remedy: remedy(instance, state.state), evidence })
}

fn pass(instance: &Instance, state: &Now) -> Outcome {
    // Without a line behind it the state is a guess, and a guess does not pass.
    let Some(evidence) = &state.evidence else { return no_evidence(instance) };
    let since = since(instance, state.since);
    let (confidence, how) = match state.basis {
        Basis::Stated | Basis::Given => (Confidence::High, "a line states it".to_owned()),
        Basis::Derived | Basis::Inferred | Basis::Unknown => {
            let cause = instance
                .transitions
                .iter()
                .rev()
                .find(|change| change.dimension == Dimension::Authorization && change.state == state.state)
                .map(|change| change.cause.as_str());
            (
                Confidence::Medium,
                format!("inferred, no line states it: {}", cause.unwrap_or("from other lines")),
            )
        }
    };
    Outcome::Pass { says: format!("In Compliance{since} ({how})"), confidence, evidence: origins(evidence) }
}

fn no_evidence(instance: &Instance) -> Outcome {
    Outcome::NoEvidence {
        says: "no line of the input tells the Authorization State; silence does not mean In Compliance"
            .to_owned(),
        collect: format!(
            "on {}: file get activelog uccx/log/MCVD/* recurs compress, and what Cisco Unified CCX Administration > \
             System > License Management shows",
            node_names(instance)
        ),
    }
}

/// When Enforcement follows, where that is known.
fn enforcement_due(instance: &Instance) -> String {
    let due = instance.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Enforcement);
    due.map(|due| format!("; Enforcement is due {}", zone(instance).show(due.expected))).unwrap_or_default()
}

fn remedy(instance: &Instance, state: &str) -> String {
    let page =
        format!("Cisco Unified CCX Administration on {}, System > License Management", node_names(instance));
    match state {
        "evaluation_expired" => format!("Register with CSSM: {page}, with a token of the virtual account."),
        "authorization_expired" | "not_authorized" => {
            format!(
                "Restore the way to CSSM (checks dns-a-record and firewall-ports), then renew the authorization: {page}."
            )
        }
        _ => {
            let usage = match instance.release.regime {
                Regime::Counted => {
                    "Logging agents out does not help any more: the highest usage stays locked until it is bought."
                }
                Regime::Immediate => {
                    "The state ends once CSSM answers a usage report with In Compliance: lower usage can do that too."
                }
                Regime::Unknown => "Whether lower usage helps depends on the release: see release-regime.",
            };
            let entitlements = instance.consumption.iter().flat_map(|found| &found.entitlements);
            let what = match lacking(entitlements).as_slice() {
                [] => "find the deficit of the virtual account under Inventory > Licenses and buy or transfer that many"
                    .to_owned(),
                known => format!("buy or transfer {} to the virtual account", amounts(known)),
            };
            format!("In CSSM, {what}. {usage} Then renew the authorization: {page}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(now: Now) -> Facts {
        let mut facts = facts();
        one(&mut facts).authorization = now;
        facts
    }

    #[test]
    fn out_of_compliance_is_critical_and_names_the_enforcement() {
        let (facts, _) = out_of_compliance();
        let finding = fails(&CHECK, &facts);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::High));
        assert!(finding.says.contains("since 2026-04-02 11:00:05 +05:30; Enforcement is due 2026-07-01"));
        assert!(finding.remedy.contains("on uccx1 and uccx2") && finding.remedy.contains("locked"));
        assert_eq!(finding.evidence.len(), 1);
    }

    #[test]
    fn what_to_buy_is_named_where_it_is_known() {
        let remedy = fails(&CHECK, &scenario().0).remedy;
        assert!(
            remedy.starts_with("In CSSM, buy or transfer 30 PREMIUM to the virtual account."),
            "{remedy}"
        );
    }

    #[test]
    fn enforcement_is_critical_whatever_the_authorization_says() {
        let mut facts = with(known("in_compliance", None, Basis::Stated));
        one(&mut facts).enforcement = known("enforced", Some(ago(5)), Basis::Stated);
        assert!(fails(&CHECK, &facts).says.starts_with("Enforcement is on since"));
    }

    #[test]
    fn an_expired_authorization_fails() {
        let facts = with(known("authorization_expired", None, Basis::Stated));
        assert_eq!(fails(&CHECK, &facts).severity, Severity::High);
    }

    #[test]
    fn a_stated_compliance_passes() {
        let facts = with(known("in_compliance", None, Basis::Stated));
        assert_eq!(passes(&CHECK, &facts), "In Compliance (a line states it)");
    }

    #[test]
    fn an_inferred_compliance_passes_and_says_so() {
        let mut facts = with(known("in_compliance", Some(ago(60)), Basis::Inferred));
        one(&mut facts).transitions =
            vec![change("in_compliance", ago(60), Basis::Inferred, "the countdown began anew")];
        assert!(passes(&CHECK, &facts).ends_with("(inferred, no line states it: the countdown began anew)"));
    }

    #[test]
    fn silence_is_not_a_pass() {
        assert!(lacks(&CHECK, &facts()).contains("file get activelog uccx/log/MCVD/*"));
        let mut guess = known("in_compliance", None, Basis::Inferred);
        guess.evidence = None;
        lacks(&CHECK, &with(guess));
    }

    #[test]
    fn evaluation_is_another_question() {
        let facts = with(known("evaluation", None, Basis::Stated));
        assert_eq!(skips(&CHECK, &facts), "the system runs in evaluation");
    }
}
