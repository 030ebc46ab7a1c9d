//! Is Workforce Optimization in use beside smart licensing?
//!
//! Source: Cisco 217416 and Features Guides, Smart Licensing (WFO is not supported with it, and the migration cannot be
//! undone). Names of its services and entitlements were not seen: the words looked for are inferred.

use history::facts::{Facts, Instance};
use parsers::origin::Origin;

use crate::check::{About, Check, Finding, Outcome, brief, counted, listed, node_names};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "wfo-with-smart-licensing",
    title: "Workforce Optimization is not in use",
    source: "Cisco 217416 and Features Guides, Smart Licensing",
    about: About {
        effect: "Workforce Optimization is not licensed by smart licensing: it stops with the migration, which cannot be \
                 undone.",
        remedy: "Plan a replacement with the partner; do not migrate a system that still needs it.",
        example: "Cisco Unified CCX Workforce Optimization Service[STARTED]",
        disputed: &[],
    },
    run,
};

/// Words that speak of it.
const WORDS: [&str; 5] =
    ["WORKFORCE OPTIMI", "WORKFORCE MANAGEMENT", "QUALITY MANAGEMENT", "COMPLIANCE RECORDING", "WFO"];

/// Services that show a list to be a whole one.
const WHOLE_LIST: usize = 2;

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let speaks = |name: &str| {
        let name = name.to_ascii_uppercase();
        WORDS.iter().any(|word| name.contains(word))
    };
    let nodes = node_names(instance);
    let listed_services: Vec<_> = instance.services.iter().filter(|service| service.from_cli).collect();
    let services = listed_services.iter().map(|service| (&*service.service, &service.evidence.first));
    let licenses = instance.entitlements.iter().map(|it| (&*it.name, &it.evidence.first));
    let kind = instance.license_type.iter().map(|(name, evidence)| (&**name, &evidence.first));
    let found: Vec<(&str, &Origin)> =
        services.clone().chain(licenses).chain(kind).filter(|(name, _)| speaks(name)).collect();
    if !found.is_empty() {
        let names: Vec<String> = found.iter().take(3).map(|(name, _)| brief(name)).collect();
        return Outcome::Fail(Finding {
            severity: Severity::Medium,
            confidence: Confidence::Low,
            says: format!(
                "{} on {nodes}: Workforce Optimization is not supported with smart licensing",
                listed(&names)
            ),
            remedy: format!(
                "See whether Workforce Optimization is in use on {nodes}. If so, plan its replacement with the partner: a \
                 migration to smart licensing cannot be undone."
            ),
            evidence: found.iter().map(|(_, origin)| (*origin).clone()).collect(),
        });
    }
    if listed_services.len() >= WHOLE_LIST {
        return Outcome::Pass {
            says: format!(
                "{}, none of Workforce Optimization",
                counted(listed_services.len(), "UCCX service")
            ),
            confidence: Confidence::Low,
            evidence: services.take(2).map(|(_, origin)| origin.clone()).collect(),
        };
    }
    Outcome::NoEvidence {
        says: "no list of services is in the input".to_owned(),
        collect: format!("on {nodes}: utils service list"),
    }
}

#[cfg(test)]
mod tests {
    use parsers::event::ServiceState;

    use super::*;
    use crate::testing::*;

    fn cli(name: &str) -> history::facts::ServiceFact {
        service(0, name, ServiceState::InService, None)
    }

    #[test]
    fn a_service_of_it_fails_and_a_list_without_one_passes() {
        let mut facts = facts();
        one(&mut facts).services = vec![cli("Cisco Unified CCX Engine")];
        assert_eq!(lacks(&CHECK, &facts), "on uccx1 and uccx2: utils service list");
        one(&mut facts).services.push(cli("Cisco Unified CCX Database"));
        assert_eq!(passes(&CHECK, &facts), "2 UCCX services, none of Workforce Optimization");
        one(&mut facts).services.push(cli("Cisco Unified CCX WFO Service"));
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.starts_with("Cisco Unified CCX WFO Service on uccx1"), "{finding:?}");
        assert_eq!(finding.confidence, Confidence::Low);
    }

    #[test]
    fn alarms_of_services_are_no_list() {
        let mut facts = facts();
        let alarm = |name: &str| service(0, name, ServiceState::InService, Some(ago(5)));
        one(&mut facts).services =
            vec![alarm("Cisco Unified CCX Engine"), alarm("Cisco Unified CCX Database")];
        lacks(&CHECK, &facts);
    }
}
