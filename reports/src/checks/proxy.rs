//! Does the proxy let the nodes through?
//!
//! Source: Cisco 217416, checklist; Administration and Operations Guides, Transport Settings (host and port are all that
//! can be set); CSCvh72897 (authentication, on Unified CM).

use history::facts::{Facts, Instance};
use parsers::event::FailureClass;

use crate::check::{About, Check, Finding, Outcome, brief, license_pages, node_names, origins, zone};
use crate::cssm::{Failures, host, newest_exchange, taught};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "proxy",
    title: "The proxy lets the nodes through to CSSM",
    source: "Cisco 217416; Administration and Operations Guides, Transport Settings",
    about: About {
        effect: "Nothing gets past the proxy: usage is not reported, renewals fail, and the authorization expires after 90 \
                 days.",
        remedy: "Let the proxy pass connections from the nodes to CSSM without authentication and without inspecting TLS.",
        example: "Unable to tunnel through proxy. Proxy returns \"HTTP/1.1 407 Proxy Authentication Required\"",
        disputed: &[],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let failures = Failures::of(instance, &[FailureClass::Proxy]);
    let deployment = &instance.deployment;
    let settings = deployment.proxy_evidence.as_ref().map(origins).unwrap_or_default();
    let by = deployment.proxy.as_deref().map(brief);
    let named = by.clone().unwrap_or_else(|| "the proxy".to_owned());
    let target = host(instance).unwrap_or_else(|| "the host of the Transport URL".to_owned());
    if !failures.events.is_empty() {
        let entry = taught(facts, &failures);
        let mut says = format!("{named} did not let {nodes} through to {target}{}", failures.often(instance));
        if let Some(entry) = entry {
            says.push_str(&format!(": {}", brief(entry.means.trim_end_matches('.'))));
        }
        let mut severity = Severity::High;
        if let Some(at) = failures.worked_again(instance) {
            severity = Severity::Low;
            says.push_str(&format!("; CSSM was reached again at {}", zone(instance).show(at)));
        }
        let own = entry.map_or_else(String::new, |entry| format!("{} ", entry.remedy));
        let mut evidence = failures.evidence();
        evidence.extend(settings);
        return Outcome::Fail(Finding {
            severity,
            confidence: Confidence::High,
            says,
            remedy: format!(
                "{own}In the log of {named}, look for {target} at that time. Host and port of the proxy: Cisco Unified CCX \
                 Administration on {nodes}, System > License Management > Transport Settings."
            ),
            evidence,
        });
    }
    let exchange = newest_exchange(instance);
    match (by, deployment.proxy_evidence.is_some(), exchange) {
        (None, true, _) => Outcome::NotApplicable { why: "the transport settings name no proxy".to_owned() },
        (Some(by), _, Some((at, origin))) => {
            let at = at.map(|at| format!(" at {}", zone(instance).show(at))).unwrap_or_default();
            Outcome::Pass {
                says: format!("the settings name {by}, and an exchange with CSSM succeeded{at}"),
                confidence: Confidence::Medium,
                evidence: settings.into_iter().chain([origin]).collect(),
            }
        }
        _ => Outcome::NoEvidence {
            says: "no line tells whether a proxy is set, or whether it lets anything through".to_owned(),
            collect: license_pages(instance),
        },
    }
}

#[cfg(test)]
mod tests {
    use history::facts::Evidence;

    use super::*;
    use crate::testing::*;

    fn set(facts: &mut Facts, proxy: Option<&str>) {
        one(facts).deployment.proxy = proxy.map(Into::into);
        one(facts).deployment.proxy_evidence = Some(Evidence::one(origin(4, "Proxy")));
    }

    #[test]
    fn a_proxy_that_refuses_fails_with_its_name() {
        let mut facts = facts();
        set(&mut facts, Some("proxy.example.com:8080"));
        one(&mut facts).events = vec![failure(FailureClass::Proxy, 7, None)];
        let finding = fails(&CHECK, &facts);
        assert!(
            finding.says.starts_with("proxy.example.com:8080 did not let uccx1 and uccx2 through"),
            "{finding:?}"
        );
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn settings_without_proxy_make_the_question_vanish() {
        let mut facts = facts();
        set(&mut facts, None);
        skips(&CHECK, &facts);
        one(&mut facts).deployment.proxy_evidence = None;
        assert!(lacks(&CHECK, &facts).contains("Transport Settings"));
    }

    #[test]
    fn a_proxy_passes_only_with_an_exchange() {
        let mut facts = facts();
        set(&mut facts, Some("proxy.example.com:8080"));
        lacks(&CHECK, &facts);
        one(&mut facts).licenses = vec![reached(ago(5))];
        assert!(passes(&CHECK, &facts).starts_with("the settings name proxy.example.com:8080"));
    }
}
