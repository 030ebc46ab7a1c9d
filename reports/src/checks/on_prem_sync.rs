//! Is CSSM On-Prem synchronized with CSSM?
//!
//! No log of UCCX tells. What can be judged: what the user says, what CSSM's inventory says against the node, and that
//! CSSM On-Prem is too old.
//!
//! Source: Features Guides, Smart Licensing (disconnected mode is synchronized by hand; CSSM On-Prem needs a connection
//! for renewals); Cisco 212915 (at least every 30 days).

use history::facts::{Facts, Instance};
use history::policy::ON_PREM_SYNCED_WITHIN;
use parsers::event::FailureClass;
use parsers::origin::Origin;

use crate::check::{About, Check, Finding, Outcome, node_names, origins, zone};
use crate::cssm::{Failures, SOME_HOST, host};
use crate::report::{Confidence, Severity};
use crate::time::spell;

pub(super) const CHECK: Check = Check {
    id: "on-prem-sync",
    title: "CSSM On-Prem is synchronized with CSSM",
    source: "Features Guides, Smart Licensing, CSSM On-Prem; Cisco 212915",
    about: About {
        effect: "What was bought does not reach the node: it stays Out of Compliance, and renewals fail where CSSM On-Prem \
                 has no connection.",
        remedy: "Synchronize CSSM On-Prem (by network, or by hand in disconnected mode), then renew the authorization.",
        example: "the page of CSSM On-Prem: Synchronization > Last Synchronization",
        disputed: &[],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let deployment = &instance.deployment;
    if deployment.on_prem == Some(false) {
        return Outcome::NotApplicable { why: "CSSM is reached without CSSM On-Prem".to_owned() };
    }
    let host = host(instance).unwrap_or_else(|| SOME_HOST.to_owned());
    let remedy = format!(
        "On {host}: Synchronization > Actions > Synchronize now (in disconnected mode export, upload to CSSM, import). Then on \
         {nodes}: Cisco Unified CCX Administration, System > License Management > Renew Authorization."
    );
    let old = Failures::of(instance, &[FailureClass::OnPremVersion]);
    if !old.events.is_empty() {
        return Outcome::Fail(Finding {
            severity: Severity::High,
            confidence: Confidence::High,
            says: format!("{host} is too old for what was asked of it{}", old.often(instance)),
            remedy: format!(
                "Upgrade CSSM On-Prem on {host}: Smart Transport needs version 7-201907 or later. {remedy}"
            ),
            evidence: old.evidence(),
        });
    }
    if let Some(synced) = deployment.on_prem_synced {
        let age = facts.as_of.map(|as_of| as_of - synced);
        let when = zone(instance).show(synced);
        return match age {
            Some(age) if age > ON_PREM_SYNCED_WITHIN => Outcome::Fail(Finding {
                severity: Severity::Medium,
                confidence: Confidence::High,
                says: format!(
                    "{host} was synchronized last at {when}, as given: longer ago than the {} that Cisco recommends",
                    spell(ON_PREM_SYNCED_WITHIN)
                ),
                remedy,
                evidence: Vec::new(),
            }),
            _ => Outcome::Pass {
                says: format!("{host} was synchronized last at {when}, as given"),
                confidence: Confidence::Medium,
                evidence: Vec::new(),
            },
        };
    }
    if let Some((enough, evidence)) = inventory(facts, instance) {
        let short = matches!(instance.authorization.state, "out_of_compliance" | "overage");
        if enough && short {
            return Outcome::Fail(Finding {
                severity: Severity::High,
                confidence: Confidence::Low,
                says: format!(
                    "licenses are lacking on {nodes}, and not in the inventory of CSSM: what CSSM holds has not reached {host}, or the \
                     inventory is of another time"
                ),
                remedy,
                evidence,
            });
        }
        if enough && instance.authorization.state == "in_compliance" && deployment.on_prem == Some(true) {
            return Outcome::Pass {
                says: format!("the inventory of CSSM and {nodes} agree: nothing is lacking"),
                confidence: Confidence::Low,
                evidence,
            };
        }
    }
    Outcome::NoEvidence {
        says: match deployment.on_prem {
            Some(_) => "no log of UCCX tells when CSSM On-Prem was synchronized".to_owned(),
            None => "it is not known whether CSSM is reached by CSSM On-Prem".to_owned(),
        },
        collect: format!(
            "on {host}: the page Synchronization, then --on-prem-synced with its Last Synchronization; and CSSM > Inventory > \
             Licenses, as CSV: --purchased FILE"
        ),
    }
}

/// Whether the inventory of CSSM covers all that the node states as used, with the lines of both; `None` where they name
/// no entitlement in common.
fn inventory(facts: &Facts, instance: &Instance) -> Option<(bool, Vec<Origin>)> {
    let usage = instance.usage.as_ref()?;
    let is_inventory = |origin: &Origin| {
        facts
            .members
            .get(origin.member as usize)
            .is_some_and(|member| member.format == Some("cssm-inventory"))
    };
    let mut lines: Vec<Origin> = Vec::new();
    let mut enough = true;
    for purchase in &usage.purchases {
        let Some(evidence) = purchase.evidence.as_ref().filter(|it| is_inventory(&it.first)) else {
            continue;
        };
        let stated = instance.entitlements.iter().find(|it| it.entitlement == purchase.entitlement);
        let Some((stated, used)) = stated.and_then(|it| Some((it, it.count?))) else { continue };
        enough &= used <= purchase.count;
        lines.extend(origins(evidence));
        lines.push(stated.evidence.first.clone());
    }
    (!lines.is_empty()).then_some((enough, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn on_prem() -> Facts {
        let mut facts = facts();
        one(&mut facts).deployment.on_prem = Some(true);
        one(&mut facts).deployment.url = Some("https://ssm.example.com/Transportgateway/services/x".into());
        facts
    }

    #[test]
    fn what_the_user_says_decides() {
        let mut facts = on_prem();
        assert!(lacks(&CHECK, &facts).starts_with("on ssm.example.com: the page Synchronization"));
        one(&mut facts).deployment.on_prem_synced = Some(ago(60));
        assert!(passes(&CHECK, &facts).contains("as given"));
        one(&mut facts).deployment.on_prem_synced = Some(ago(31 * 24 * 60));
        assert!(fails(&CHECK, &facts).says.contains("30 d"));
    }

    #[test]
    fn a_version_that_is_too_old_fails() {
        let mut facts = on_prem();
        one(&mut facts).events = vec![failure(FailureClass::OnPremVersion, 7, None)];
        assert!(fails(&CHECK, &facts).remedy.contains("7-201907"));
    }

    #[test]
    fn without_on_prem_the_question_does_not_arise() {
        let mut facts = facts();
        lacks(&CHECK, &facts);
        one(&mut facts).deployment.on_prem = Some(false);
        skips(&CHECK, &facts);
    }
}
