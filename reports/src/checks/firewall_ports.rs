//! Do connections to CSSM or CSSM On-Prem get through?
//!
//! Only a failure can be read from logs. Silence, a refusal and a cut have different owners, so they are told apart.
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 2.

use history::facts::{Facts, Instance};
use parsers::event::FailureClass;

use crate::check::{Check, Finding, Outcome, listed, node_names, zone};
use crate::cssm::{Failures, connectivity, host, ports};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "firewall-ports",
    title: "Connections to CSSM get through",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 2",
    run,
};

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let kinds = [FailureClass::Timeout, FailureClass::Refused, FailureClass::Reset];
    let all = Failures::of(instance, &kinds);
    if all.events.is_empty() {
        let hosts: Vec<String> = host(instance).into_iter().collect();
        return Outcome::NoEvidence {
            says: "no line speaks of a failed connection, which does not prove an open way".to_owned(),
            collect: format!("on {nodes}: {}", connectivity(instance, &hosts)),
        };
    }
    let ports: Vec<String> = ports(instance).iter().map(u16::to_string).collect();
    let mut says = Vec::new();
    let mut remedy = Vec::new();
    for kind in kinds {
        let failures = Failures::of(instance, &[kind]);
        if failures.events.is_empty() {
            continue;
        }
        let hosts = failures.hosts(instance);
        let target = if hosts.is_empty() { "CSSM".to_owned() } else { listed(&hosts) };
        let often = failures.often(instance);
        let (said, what) = match kind {
            FailureClass::Timeout => (
                format!("{target} did not answer{often}"),
                format!(
                    "No answer means that packets are dropped on the way or that there is no route: have the firewall \
                     let {nodes} reach {target} on TCP {}.",
                    listed(&ports)
                ),
            ),
            FailureClass::Refused => (
                format!("{target} refused the connection{often}"),
                format!(
                    "A refusal comes back at once, so the route works: see that the service on {target} listens on \
                     TCP {}, and that no firewall rejects it.",
                    listed(&ports)
                ),
            ),
            _ => (
                format!("the connection to {target} was cut{often}"),
                format!(
                    "A cut connection points to a device between that inspects or limits it: exempt {nodes} to \
                     {target} from inspection."
                ),
            ),
        };
        says.push(said);
        remedy.push(what);
    }
    remedy.push(format!("Look again on {nodes}: {}.", connectivity(instance, &all.hosts(instance))));
    let mut severity = Severity::High;
    if let Some(at) = all.worked_again(instance) {
        severity = Severity::Low;
        says.push(format!("CSSM was reached again at {}", zone(instance).show(at)));
    }
    Outcome::Fail(Finding {
        severity,
        // A timeout may also be a slow server; the two others are an answer.
        confidence: if says.len() == 1 { Confidence::High } else { Confidence::Medium },
        says: says.join("; "),
        remedy: remedy.join(" "),
        evidence: all.evidence(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(classes: &[FailureClass]) -> Facts {
        let mut facts = facts();
        let lines = classes.iter().zip(1..);
        one(&mut facts).events =
            lines.map(|(class, line)| failure(*class, line, Some("ssm.example.com"))).collect();
        facts
    }

    #[test]
    fn silence_on_the_wire_is_a_block() {
        let finding = fails(&CHECK, &with(&[FailureClass::Timeout, FailureClass::Timeout]));
        assert_eq!(finding.says, "ssm.example.com did not answer, 2 times, last 2026-04-03 08:00:05 +05:30");
        assert!(finding.remedy.contains("let uccx1 and uccx2 reach ssm.example.com on TCP 443 and 80"));
        assert!(finding.remedy.contains("utils network connectivity ssm.example.com 443"));
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn a_refusal_is_told_apart_from_a_block() {
        let finding = fails(&CHECK, &with(&[FailureClass::Refused]));
        assert!(finding.says.contains("refused") && !finding.remedy.contains("dropped"));
        let both = fails(&CHECK, &with(&[FailureClass::Refused, FailureClass::Timeout]));
        assert!(both.says.contains("refused") && both.says.contains("did not answer"));
    }

    #[test]
    fn a_cut_connection_fails() {
        assert!(fails(&CHECK, &with(&[FailureClass::Reset])).says.contains("was cut"));
    }

    #[test]
    fn silence_is_not_a_pass() {
        let mut facts = with(&[FailureClass::Dns]);
        assert!(
            lacks(&CHECK, &facts)
                .starts_with("on uccx1 and uccx2: utils network connectivity <cssm-host> 443 (and 80)")
        );
        one(&mut facts).deployment.url = Some("https://ssm.example.com/x".into());
        one(&mut facts).deployment.on_prem = Some(true);
        assert!(lacks(&CHECK, &facts).ends_with("connectivity ssm.example.com 443"));
    }
}
