//! Is the Cluster View Daemon, which counts usage and reports it to CSSM, in service on every node?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 5.

use std::collections::BTreeMap;

use history::facts::{Facts, Instance, ServiceFact};
use parsers::event::ServiceState;

use crate::check::{
    About, Check, Finding, Outcome, brief, disputes, listed, node_name, node_names, origins, since,
};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "cluster-view-daemon",
    title: "Cluster View Daemon is in service",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 5",
    about: About {
        effect: "While the daemon is down no usage is computed or reported, and no license alarm is \
                 written.",
        remedy: "Start the Cluster View Daemon on every node.",
        example: "Cisco Unified CCX Cluster View Daemon[STARTED]",
        disputed: &[disputes::SERVICE_WORD],
    },
    run,
};

/// The service, as Control Center and the CLI name it.
const SERVICE: &str = "Cisco Unified CCX Cluster View Daemon";

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let newest = newest(instance);
    if newest.is_empty() {
        return Outcome::NoEvidence {
            says: "no service list and no service alarm speaks of the Cluster View Daemon".to_owned(),
            collect: format!("on {}: utils service list", node_names(instance)),
        };
    }
    let silent: Vec<String> = instance
        .nodes
        .iter()
        .enumerate()
        .filter(|(i, _)| !newest.contains_key(&Some(*i)))
        .map(|(_, node)| brief(&node.name))
        .collect();
    let unsaid = match silent.as_slice() {
        [] => String::new(),
        names => format!("; nothing says it for {}", listed(names)),
    };
    let bad: Vec<&ServiceFact> =
        newest.values().copied().filter(|fact| fact.state != ServiceState::InService).collect();
    let Some(worst) = bad.iter().max_by_key(|fact| fact.state) else {
        let names: Vec<String> = newest.keys().map(|node| name(instance, *node)).collect();
        return Outcome::Pass {
            says: format!("in service on {}{unsaid}", listed(&names)),
            confidence: if silent.is_empty() { Confidence::High } else { Confidence::Medium },
            evidence: newest.values().flat_map(|fact| origins(&fact.evidence)).collect(),
        };
    };
    let states: Vec<String> = bad
        .iter()
        .map(|fact| {
            format!("{} on {}{}", word(fact.state), name(instance, fact.node), since(instance, fact.at))
        })
        .collect();
    let nodes: Vec<String> = bad.iter().map(|fact| name(instance, fact.node)).collect();
    let (severity, confidence) = match worst.state {
        // Nothing is counted or reported while it is down.
        ServiceState::OutOfService | ServiceState::NotActivated => (Severity::High, Confidence::High),
        ServiceState::Partial => (Severity::Medium, Confidence::High),
        // A service that is starting may be up by now.
        ServiceState::Changing | ServiceState::InService => (Severity::Medium, Confidence::Low),
    };
    Outcome::Fail(Finding {
        severity,
        confidence,
        says: format!("the Cluster View Daemon is {}{unsaid}", listed(&states)),
        remedy: format!(
            "On {}: Cisco Unified CCX Serviceability > Tools > Control Center - Network Services, start {SERVICE}, or \
             in the CLI: utils service start {SERVICE}. Then look again with: utils service list",
            listed(&nodes)
        ),
        evidence: bad.iter().flat_map(|fact| origins(&fact.evidence)).collect(),
    })
}

/// The newest evidence for each node. A service list without a time cannot be put in order against an alarm: then
/// the worse of the two stands.
fn newest(instance: &Instance) -> BTreeMap<Option<usize>, &ServiceFact> {
    let mut newest: BTreeMap<Option<usize>, &ServiceFact> = BTreeMap::new();
    for fact in instance.services.iter().filter(|fact| is_cluster_view_daemon(&fact.service)) {
        let place = newest.entry(fact.node).or_insert(fact);
        let replaces = match (fact.at, place.at) {
            (Some(this), Some(that)) => this >= that,
            _ => fact.state > place.state,
        };
        if replaces {
            *place = fact;
        }
    }
    newest
}

fn is_cluster_view_daemon(service: &str) -> bool {
    let service = service.to_ascii_lowercase();
    service.contains("cluster view daemon") || service == "cvd" || service == "uccxcvd"
}

fn name(instance: &Instance, node: Option<usize>) -> String {
    node_name(instance, node).map_or("a node that the input does not name".to_owned(), brief)
}

fn word(state: ServiceState) -> &'static str {
    match state {
        ServiceState::InService => "in service",
        ServiceState::Partial => "in partial service",
        ServiceState::Changing => "starting or stopping",
        ServiceState::OutOfService => "out of service",
        ServiceState::NotActivated => "not activated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(services: Vec<ServiceFact>) -> Facts {
        let mut facts = facts();
        one(&mut facts).services = services;
        facts
    }

    #[test]
    fn in_service_everywhere_passes() {
        let facts = with(vec![
            service(0, SERVICE, ServiceState::InService, None),
            service(1, SERVICE, ServiceState::InService, None),
        ]);
        assert_eq!(passes(&CHECK, &facts), "in service on uccx1 and uccx2");
    }

    #[test]
    fn a_node_without_evidence_is_named() {
        let facts = with(vec![service(0, SERVICE, ServiceState::InService, None)]);
        assert_eq!(passes(&CHECK, &facts), "in service on uccx1; nothing says it for uccx2");
    }

    #[test]
    fn one_stopped_node_fails() {
        let facts = with(vec![
            service(0, SERVICE, ServiceState::InService, None),
            service(1, SERVICE, ServiceState::OutOfService, Some(ago(10))),
        ]);
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::High);
        let says = "the Cluster View Daemon is out of service on uccx2 since 2026-04-03 08:50:05 +05:30";
        assert_eq!(finding.says, says);
        assert!(finding.remedy.starts_with("On uccx2: ") && !finding.evidence.is_empty());
    }

    #[test]
    fn the_newest_alarm_decides() {
        let facts = with(vec![
            service(0, SERVICE, ServiceState::OutOfService, Some(ago(10))),
            service(0, SERVICE, ServiceState::InService, Some(ago(5))),
        ]);
        passes(&CHECK, &facts);
    }

    #[test]
    fn an_undated_list_against_an_alarm_takes_the_worse() {
        let facts = with(vec![
            service(0, SERVICE, ServiceState::InService, None),
            service(0, SERVICE, ServiceState::Partial, Some(ago(5))),
        ]);
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Medium);
    }

    #[test]
    fn another_service_is_no_evidence() {
        let facts =
            with(vec![service(0, "Cisco Unified CCX CVD Dependent Webapp", ServiceState::InService, None)]);
        assert_eq!(lacks(&CHECK, &facts), "on uccx1 and uccx2: utils service list");
    }
}
