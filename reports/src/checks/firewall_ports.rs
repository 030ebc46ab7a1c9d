//! Do connections to CSSM or CSSM On-Prem get through?
//!
//! Only a failure can be read from logs; `utils network connectivity` tells of both. Silence, a refusal and a cut have different owners, so they are told apart.
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 2.

use history::facts::{Facts, Instance, PlatformFact};
use parsers::event::FailureClass;
use parsers::origin::Origin;
use parsers::platform::PlatformLine;

use crate::check::{About, Check, Finding, Outcome, brief, listed, node_name, node_names, zone};
use crate::cssm::{Failures, connectivity, host, ports, taught};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "firewall-ports",
    title: "Connections to CSSM get through",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 2",
    about: About {
        effect: "Without a connection to CSSM neither usage nor renewals arrive: the authorization \
                 expires after 90 days.",
        remedy: "Open TCP 443 and 80 from every node to CSSM, or TCP 443 to CSSM On-Prem.",
        example: "java.net.SocketTimeoutException: connect timed out",
        disputed: &[],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let tried = Tried::of(instance);
    let kinds = [FailureClass::Timeout, FailureClass::Refused, FailureClass::Reset];
    let all = Failures::of(instance, &kinds);
    if all.events.is_empty() && tried.failed.is_empty() {
        return without_failures(instance, &tried, &nodes);
    }
    let ports: Vec<String> = ports(instance).iter().map(u16::to_string).collect();
    let mut says = Vec::new();
    let mut remedy = Vec::new();
    for kind in kinds {
        let failures = Failures::of(instance, &[kind]);
        let outputs: Vec<String> = tried.of_kind(kind);
        if failures.events.is_empty() && outputs.is_empty() {
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
        if !failures.events.is_empty() {
            says.push(said);
        }
        says.extend(outputs);
        remedy.push(what);
    }
    remedy.push(format!("Look again on {nodes}: {}.", connectivity(instance, &all.hosts(instance))));
    let mut severity = Severity::High;
    if let Some(entry) = taught(facts, &all).filter(|entry| entry.own) {
        severity = severity.max(crate::assemble::level(entry.severity));
        says.push(format!("{}: {}", entry.id, brief(entry.means.trim_end_matches('.'))));
        remedy.push(entry.remedy.to_string());
    }
    says.extend(tried.pings.iter().cloned());
    if let Some(at) = all.worked_again(instance).filter(|_| tried.failed.is_empty()) {
        severity = Severity::Low;
        says.push(format!("CSSM was reached again at {}", zone(instance).show(at)));
    }
    Outcome::Fail(Finding {
        severity,
        // A timeout may also be a slow server; the two others are an answer.
        confidence: if says.len() == 1 { Confidence::High } else { Confidence::Medium },
        says: says.join("; "),
        remedy: remedy.join(" "),
        evidence: all.evidence().into_iter().chain(tried.lines()).collect(),
    })
}

/// What `utils network connectivity` and `utils network ping` say about the host of the Transport URL.
#[derive(Default)]
struct Tried<'a> {
    open: Vec<(u16, &'a PlatformFact)>,
    failed: Vec<(FailureClass, String, &'a PlatformFact)>,
    /// Hints: a host may be reached and not answer a ping.
    pings: Vec<String>,
}

impl<'a> Tried<'a> {
    fn of(instance: &'a Instance) -> Self {
        let mut out = Self::default();
        let Some(target) = host(instance) else { return out };
        for fact in &instance.platform {
            let node = node_name(instance, fact.node).map_or("a node".to_owned(), brief);
            match &fact.line {
                PlatformLine::Connection { host, port, failure, word }
                    if target.eq_ignore_ascii_case(host) =>
                {
                    // Without a port it is not the connection that licensing needs.
                    let Some(port) = *port else { continue };
                    match failure {
                        None => out.open.push((port, fact)),
                        Some(class) => {
                            let said = format!(
                                "utils network connectivity from {node} to {target} port {port} fails (\"{}\")",
                                brief(word)
                            );
                            out.failed.push((*class, said, fact));
                        }
                    }
                }
                PlatformLine::Ping { host, answered, .. } if target.eq_ignore_ascii_case(host) => {
                    let how = if *answered { "is answered" } else { "is not answered, which proves nothing" };
                    out.pings.push(format!("a ping from {node} to {target} {how}"));
                }
                _ => {}
            }
        }
        out
    }

    /// What failed in one way; what failed in no way that is told apart counts as no answer.
    fn of_kind(&self, kind: FailureClass) -> Vec<String> {
        let known = [FailureClass::Refused, FailureClass::Reset];
        let fits =
            |class: FailureClass| class == kind || kind == FailureClass::Timeout && !known.contains(&class);
        self.failed.iter().filter(|(class, _, _)| fits(*class)).map(|(_, said, _)| said.clone()).collect()
    }

    fn lines(&self) -> Vec<Origin> {
        self.failed.iter().map(|(_, _, fact)| fact.evidence.first.clone()).take(6).collect()
    }
}

fn without_failures(instance: &Instance, tried: &Tried<'_>, nodes: &str) -> Outcome {
    let needed = ports(instance);
    let every = |port: &u16| {
        (0..instance.nodes.len().max(1)).all(|at| {
            tried.open.iter().any(|(open, fact)| open == port && fact.node.is_none_or(|node| node == at))
        })
    };
    let target = host(instance);
    if let (Some(target), true) = (&target, tried.open.iter().any(|(port, _)| needed.first() == Some(port))) {
        let mut open: Vec<String> = tried.open.iter().map(|(port, _)| port.to_string()).collect();
        open.dedup();
        return Outcome::Pass {
            says: format!("utils network connectivity reaches {target} on TCP {}", listed(&open)),
            confidence: if needed.iter().all(every) { Confidence::High } else { Confidence::Medium },
            evidence: tried.open.iter().map(|(_, fact)| fact.evidence.first.clone()).take(6).collect(),
        };
    }
    let hosts: Vec<String> = target.into_iter().collect();
    let hint = tried.pings.first().map(|ping| format!("; {ping}")).unwrap_or_default();
    Outcome::NoEvidence {
        says: format!("no line speaks of a failed connection, which does not prove an open way{hint}"),
        collect: format!("on {nodes}: {}", connectivity(instance, &hosts)),
    }
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

    fn tried(port: u16, failure: Option<FailureClass>) -> PlatformFact {
        let (host, word) = ("ssm.example.com".into(), "words".into());
        platform(PlatformLine::Connection { host, port: Some(port), failure, word })
    }

    #[test]
    fn an_output_opens_or_closes_the_port() {
        let mut facts = facts();
        one(&mut facts).deployment.url = Some("https://ssm.example.com/Transportgateway/x".into());
        one(&mut facts).deployment.on_prem = Some(true);
        one(&mut facts).platform = vec![tried(443, None)];
        assert_eq!(passes(&CHECK, &facts), "utils network connectivity reaches ssm.example.com on TCP 443");
        one(&mut facts).platform = vec![tried(8443, None)];
        lacks(&CHECK, &facts);
        let (host, word) = ("ssm.example.com".into(), "words".into());
        let without_port = PlatformLine::Connection { host, port: None, failure: None, word };
        one(&mut facts).platform = vec![platform(without_port)];
        lacks(&CHECK, &facts);
        one(&mut facts).platform = vec![tried(443, Some(FailureClass::Refused))];
        let finding = fails(&CHECK, &facts);
        assert!(
            finding.says.contains("port 443 fails") && finding.remedy.contains("A refusal comes back"),
            "{finding:?}"
        );
        one(&mut facts).platform = vec![tried(443, Some(FailureClass::Generic))];
        assert!(fails(&CHECK, &facts).remedy.contains("packets are dropped"));
    }
}
