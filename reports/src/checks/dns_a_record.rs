//! Does the host name of CSSM or CSSM On-Prem resolve on the nodes?
//!
//! Only a failure can be read from logs: a name that resolves leaves no line, so this never passes on them.
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 1.

use history::facts::{Facts, Instance};
use parsers::event::FailureClass;

use crate::check::{Check, Finding, Outcome, listed, node_names, zone};
use crate::cssm::{self, Failures, SOME_HOST};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "dns-a-record",
    title: "The host of the Transport URL resolves on every node",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 1",
    run,
};

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let failures = Failures::of(instance, &[FailureClass::Dns]);
    let hosts = failures.hosts(instance);
    let nodes = node_names(instance);
    if failures.events.is_empty() {
        if let Some(address) = cssm::address(instance) {
            return Outcome::NotApplicable { why: format!("the Transport URL holds an address, {address}") };
        }
        let host = hosts.first().map_or(SOME_HOST, String::as_str);
        return Outcome::NoEvidence {
            says: "no line speaks of a name that did not resolve, which does not prove that it does"
                .to_owned(),
            collect: format!("on {nodes}: utils network host {host}"),
        };
    }
    let (name, command) = match hosts.as_slice() {
        [] => ("the host of CSSM".to_owned(), format!("utils network host {SOME_HOST}")),
        hosts => {
            let commands: Vec<String> =
                hosts.iter().map(|host| format!("utils network host {host}")).collect();
            (listed(hosts), listed(&commands))
        }
    };
    let mut severity = Severity::High;
    let mut says = format!("{name} did not resolve{}", failures.often(instance));
    if let Some(at) = failures.worked_again(instance) {
        severity = Severity::Low;
        says.push_str(&format!("; CSSM was reached again at {}", zone(instance).show(at)));
    }
    Outcome::Fail(Finding {
        severity,
        confidence: if hosts.is_empty() { Confidence::Medium } else { Confidence::High },
        says,
        remedy: format!(
            "On {nodes}: {command}. If no address comes back, add an A record for {name} to the DNS servers that show \
             network eth0 lists, or correct the host in the Transport URL."
        ),
        evidence: failures.evidence(),
    })
}

#[cfg(test)]
mod tests {
    use parsers::event::EventKind;

    use super::*;
    use crate::testing::*;

    #[test]
    fn an_unknown_host_fails_with_its_name() {
        let mut facts = facts();
        one(&mut facts).events = vec![failure(FailureClass::Dns, 7, Some("ssm.example.com"))];
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::High);
        assert_eq!(finding.says, "ssm.example.com did not resolve, last 2026-04-03 08:00:05 +05:30");
        assert!(finding.remedy.starts_with("On uccx1 and uccx2: utils network host ssm.example.com."));
        assert_eq!(finding.evidence.len(), 1);
    }

    #[test]
    fn a_renewal_afterwards_makes_it_history() {
        let mut facts = facts();
        one(&mut facts).events = vec![
            failure(FailureClass::Dns, 7, Some("ssm.example.com")),
            event(EventKind::AuthorizationRenewed, Some(ago(10)), 8, &[]),
        ];
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.says.ends_with("; CSSM was reached again at 2026-04-03 08:50:05 +05:30"));
    }

    #[test]
    fn silence_is_not_a_pass() {
        let mut facts = facts();
        assert_eq!(lacks(&CHECK, &facts), format!("on uccx1 and uccx2: utils network host {SOME_HOST}"));
        one(&mut facts).deployment.url = Some("https://ssm.example.com/Transportgateway".into());
        assert!(lacks(&CHECK, &facts).ends_with("utils network host ssm.example.com"));
    }

    #[test]
    fn an_address_needs_no_name() {
        let mut facts = facts();
        one(&mut facts).deployment.url = Some("https://192.0.2.7/Transportgateway".into());
        assert_eq!(skips(&CHECK, &facts), "the Transport URL holds an address, 192.0.2.7");
    }

    #[test]
    fn a_timeout_is_another_check() {
        let mut facts = facts();
        one(&mut facts).events = vec![failure(FailureClass::Timeout, 7, None)];
        lacks(&CHECK, &facts);
    }
}
