//! Does the host name of CSSM or CSSM On-Prem resolve on the nodes?
//!
//! Only a failure can be read from logs: a name that resolves leaves no line. `utils network host` tells of both.
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 1.

use history::facts::{Facts, Instance, PlatformFact};
use parsers::event::FailureClass;
use parsers::origin::Origin;
use parsers::platform::{PlatformLine, TestOutcome};

use crate::check::{About, Check, Finding, Outcome, brief, disputes, listed, node_name, node_names, zone};
use crate::cssm::{self, Failures, SOME_HOST, taught};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "dns-a-record",
    title: "The host of the Transport URL resolves on every node",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 1",
    about: About {
        effect: "Without an address of CSSM neither usage nor renewals arrive: the authorization expires \
                 after 90 days.",
        remedy: "Add an A record for the host of the Transport URL to the DNS servers of the nodes.",
        example: "java.net.UnknownHostException: ssm.example.com",
        disputed: &[disputes::ON_PREM_HOST],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let failures = Failures::of(instance, &[FailureClass::Dns]);
    let hosts = failures.hosts(instance);
    let nodes = node_names(instance);
    let asked = Asked::of(instance, &hosts);
    if failures.events.is_empty() {
        return without_failures(instance, &hosts, &asked, &nodes);
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
    for (said, _) in &asked.bad {
        says.push_str(&format!("; {said}"));
    }
    if let Some((said, fact)) = asked.good.last() {
        let later = fact.at.is_some() && fact.at > failures.last();
        let when = if later { "later" } else { "at a time that is not known" };
        says.push_str(&format!("; {when} {said}"));
        if later && asked.bad.is_empty() {
            severity = Severity::Low;
        }
    }
    if let Some(entry) = taught(facts, &failures).filter(|entry| entry.own) {
        says.push_str(&format!("; {}: {}", entry.id, brief(&entry.means)));
    }
    Outcome::Fail(Finding {
        severity,
        confidence: if hosts.is_empty() { Confidence::Medium } else { Confidence::High },
        says,
        remedy: format!(
            "On {nodes}: {command}. If no address comes back, add an A record for {name} to the DNS servers that show \
             network eth0 lists, or correct the host in the Transport URL."
        ),
        evidence: failures.evidence().into_iter().chain(asked.lines()).collect(),
    })
}

/// What outputs answer: sentences with the fact of each.
#[derive(Default)]
struct Asked<'a> {
    good: Vec<(String, &'a PlatformFact)>,
    bad: Vec<(String, &'a PlatformFact)>,
    /// Reverse lookups that failed: no reason for a failure of its own.
    reverse: Vec<(String, &'a PlatformFact)>,
}

impl<'a> Asked<'a> {
    /// What outputs say about `hosts`, and about the DNS servers of the nodes.
    fn of(instance: &'a Instance, hosts: &[String]) -> Self {
        let mut out = Self::default();
        for fact in &instance.platform {
            let node = node_name(instance, fact.node).map_or("a node".to_owned(), brief);
            match &fact.line {
                PlatformLine::Resolution { name, local, external } => {
                    // Where the host is not known, any name that was asked for may be it: nothing is concluded.
                    if !hosts.iter().any(|host| host.eq_ignore_ascii_case(name)) {
                        continue;
                    }
                    let name = brief(name);
                    match external.first().or(local.first()) {
                        Some(address) => {
                            let said =
                                format!("utils network host on {node} finds {name} at {}", brief(address));
                            out.good.push((said, fact));
                        }
                        None => out.bad.push((
                            format!("utils network host on {node} finds no address for {name}"),
                            fact,
                        )),
                    }
                }
                PlatformLine::DnsUnreachable => {
                    out.bad.push((format!("the command line of {node} warns that DNS is unreachable"), fact));
                }
                PlatformLine::Network { dns_servers, .. } if dns_servers.is_empty() => {
                    out.bad.push((format!("{node} has no DNS server"), fact));
                }
                PlatformLine::Test { name, outcome: TestOutcome::Failed, text }
                    if &**name == "validate_network" =>
                {
                    let text = if text.is_empty() { String::new() } else { format!(": {}", brief(text)) };
                    out.reverse.push((format!("validate_network fails on {node}{text}"), fact));
                }
                _ => {}
            }
        }
        out
    }

    fn lines(&self) -> Vec<Origin> {
        let all = self.bad.iter().chain(&self.reverse).chain(&self.good);
        all.map(|(_, fact)| fact.evidence.first.clone()).take(LINES_MAX).collect()
    }
}

/// Most lines of outputs that one finding cites.
const LINES_MAX: usize = 6;

fn without_failures(instance: &Instance, hosts: &[String], asked: &Asked<'_>, nodes: &str) -> Outcome {
    let host = hosts.first().map_or(SOME_HOST, String::as_str);
    let address = cssm::address(instance);
    if address.is_none() && !asked.bad.is_empty() {
        let says: Vec<&str> = asked.bad.iter().map(|(said, _)| said.as_str()).collect();
        return Outcome::Fail(Finding {
            severity: Severity::High,
            confidence: Confidence::High,
            says: says.join("; "),
            remedy: format!(
                "On {nodes}: show network eth0 lists the DNS servers, utils network ping each of them. Then add an A record for \
                 {host} there, or correct the host in the Transport URL, and utils network host {host}."
            ),
            evidence: asked.lines(),
        });
    }
    if let Some(address) = address {
        return Outcome::NotApplicable { why: format!("the Transport URL holds an address, {address}") };
    }
    if let [(said, fact), ..] = asked.reverse.as_slice() {
        return Outcome::Fail(Finding {
            severity: Severity::Low,
            confidence: Confidence::Medium,
            says: format!("{said}; whether {host} resolves, that does not tell"),
            remedy: format!("Add the PTR record of each node; then on {nodes}: utils network host {host}."),
            evidence: vec![fact.evidence.first.clone()],
        });
    }
    if !asked.good.is_empty() {
        let says: Vec<&str> = asked.good.iter().map(|(said, _)| said.as_str()).collect();
        let every =
            (0..instance.nodes.len()).all(|at| asked.good.iter().any(|(_, fact)| fact.node == Some(at)));
        return Outcome::Pass {
            says: says.join("; "),
            confidence: if every { Confidence::High } else { Confidence::Medium },
            evidence: asked.lines(),
        };
    }
    Outcome::NoEvidence {
        says: "no line speaks of a name that did not resolve, which does not prove that it does".to_owned(),
        collect: format!("on {nodes}: utils network host {host}"),
    }
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

    fn resolution(name: &str, external: &[&str]) -> PlatformLine {
        let external = external.iter().map(|address| (*address).into()).collect();
        PlatformLine::Resolution { name: name.into(), local: Vec::new(), external }
    }

    fn with_host() -> Facts {
        let mut facts = facts();
        one(&mut facts).deployment.url = Some("https://ssm.example.com/Transportgateway".into());
        facts
    }

    #[test]
    fn an_answer_passes_and_an_empty_one_fails() {
        let mut facts = with_host();
        one(&mut facts).platform = vec![platform(resolution("SSM.example.com", &["192.0.2.7"]))];
        assert_eq!(passes(&CHECK, &facts), "utils network host on uccx1 finds SSM.example.com at 192.0.2.7");
        one(&mut facts).platform = vec![platform(resolution("other.example.com", &["192.0.2.7"]))];
        lacks(&CHECK, &facts);
        one(&mut facts).platform = vec![platform(resolution("ssm.example.com", &[]))];
        assert!(fails(&CHECK, &facts).says.ends_with("finds no address for ssm.example.com"));
        one(&mut facts).platform = vec![platform(PlatformLine::DnsUnreachable)];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::High);
    }

    #[test]
    fn a_failure_outweighs_an_answer_of_unknown_time_and_not_a_later_one() {
        let mut facts = with_host();
        one(&mut facts).events = vec![failure(FailureClass::Dns, 7, Some("ssm.example.com"))];
        let mut answer = platform(resolution("ssm.example.com", &["192.0.2.7"]));
        one(&mut facts).platform = vec![answer.clone()];
        let finding = fails(&CHECK, &facts);
        assert!(finding.severity == Severity::High && finding.says.contains("at a time that is not known"));
        answer.at = Some(ago(1));
        one(&mut facts).platform = vec![answer];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Low);
    }

    #[test]
    fn a_reverse_lookup_that_fails_is_a_small_matter() {
        let mut facts = with_host();
        let test = PlatformLine::Test {
            name: "validate_network".into(),
            outcome: TestOutcome::Failed,
            text: "Reverse DNS lookup failed".into(),
        };
        one(&mut facts).platform = vec![platform(test)];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Low);
    }
}
