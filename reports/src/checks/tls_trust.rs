//! Does TLS to CSSM work: trust, names, dates, versions?
//!
//! Source: Cisco 217416 and Features Guides, Smart Licensing (the URL's host must be in the certificate); Cisco field
//! notice on QuoVadis Root CA 2, 218141 and 221017 (the certificates of Cisco's cloud changed their root).

use chrono::{DateTime, TimeDelta};
use history::facts::{Event, Facts, Instance};
use parsers::event::{EventKind, FailureClass};
use parsers::stamp::Instant;

use crate::check::disputes::CLOUD_CERTIFICATE;
use crate::check::{About, Check, Finding, Outcome, license_pages, listed, node_names, zone};
use crate::cssm::{Failures, host, newest_exchange, taught};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "tls-trust",
    title: "The nodes trust the certificate of CSSM",
    source: "Cisco 217416; Features Guides, Smart Licensing; Cisco field notice on QuoVadis Root CA 2",
    about: About {
        effect: "Nothing gets through TLS: usage is not reported, renewals fail, and the authorization expires after 90 \
                 days.",
        remedy: "Let the nodes trust the authority that signed the certificate, or correct the certificate's names and dates.",
        example: "sun.security.validator.ValidatorException: No trusted certificate found",
        disputed: &[CLOUD_CERTIFICATE],
    },
    run,
};

const CLASSES: [FailureClass; 4] =
    [FailureClass::TlsName, FailureClass::TlsDate, FailureClass::TlsProtocol, FailureClass::TlsTrust];

/// When certificates of Cisco's cloud began to be signed by another root: the host, and that day (UTC).
///
/// Source: Cisco field notice on QuoVadis Root CA 2; for the second, 218141 and 221017 print 15 January.
const ROOT_CHANGES: [(&str, i64); 2] =
    [("tools.cisco.com", 1_644_019_200), ("smartreceiver.cisco.com", 1_673_740_800)];

/// A failure that begins so soon after a change of the root may come from it.
const SOON: TimeDelta = TimeDelta::days(30);

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let failures = Failures::of(instance, &CLASSES);
    let certificates: Vec<&Event> =
        instance.events.iter().filter(|event| event.kind == EventKind::Certificate).collect();
    if failures.events.is_empty() {
        return without_failures(instance, &certificates, &nodes);
    }
    let hosts = failures.hosts(instance);
    let target = if hosts.is_empty() { "CSSM".to_owned() } else { listed(&hosts) };
    let mut says = Vec::new();
    let mut remedy = Vec::new();
    for class in CLASSES {
        let of = Failures::of(instance, &[class]);
        if of.events.is_empty() {
            continue;
        }
        let (said, what) = words(class, &target, &nodes);
        says.push(format!("{said}{}", of.often(instance)));
        remedy.push(what);
    }
    says.extend(root_change(instance, &failures));
    let entry = taught(facts, &failures);
    if let Some(entry) = entry.filter(|entry| entry.own) {
        remedy.push(entry.remedy.to_string());
    }
    let mut severity = Severity::High;
    if let Some(at) = failures.worked_again(instance) {
        severity = Severity::Low;
        says.push(format!("CSSM was reached again at {}", zone(instance).show(at)));
    }
    let confidence = match entry.map(|entry| crate::assemble::sureness(entry.confidence)) {
        Some(confidence) => confidence,
        None => Confidence::Medium,
    };
    Outcome::Fail(Finding {
        severity,
        confidence,
        says: says.join("; "),
        remedy: remedy.join(" "),
        evidence: failures.evidence(),
    })
}

fn without_failures(instance: &Instance, certificates: &[&Event], nodes: &str) -> Outcome {
    if let Some(newest) = certificates.last() {
        let lines = certificates.iter().filter_map(|event| Some(event.witnesses.first()?.origin.clone()));
        return Outcome::Fail(Finding {
            severity: Severity::Low,
            confidence: Confidence::Medium,
            says: format!(
                "a certificate of {nodes} expires, has expired or was revoked ({}); no line says that TLS to CSSM fails",
                newest.mnemonic
            ),
            remedy: format!(
                "On {nodes}: Cisco Unified OS Administration, Security > Certificate Management: renew it, then restart the \
                 services that use it."
            ),
            evidence: lines.take(10).collect(),
        });
    }
    let https = instance.deployment.url.as_deref().is_none_or(|url| url.starts_with("https://"));
    if let Some((at, origin)) = newest_exchange(instance).filter(|_| https) {
        let at = at.map(|at| format!(" at {}", zone(instance).show(at))).unwrap_or_default();
        return Outcome::Pass {
            says: format!("an exchange with CSSM succeeded{at}, which takes a handshake that works"),
            confidence: Confidence::Medium,
            evidence: vec![origin],
        };
    }
    Outcome::NoEvidence {
        says: "no line speaks of a handshake with CSSM, good or bad; uccxray probe makes one".to_owned(),
        collect: license_pages(instance),
    }
}

/// What is wrong and what to do, for one class.
fn words(class: FailureClass, target: &str, nodes: &str) -> (String, String) {
    match class {
        FailureClass::TlsName => (
            format!("the certificate of {target} names other hosts than the Transport URL"),
            format!(
                "Write the host in the Transport URL as the Common Name or a Subject Alternative Name of the certificate of \
                 {target} has it, or issue a certificate for it."
            ),
        ),
        FailureClass::TlsDate => (
            format!(
                "a certificate of {target} is expired or not yet valid, or the clock of {nodes} is wrong"
            ),
            format!(
                "On {nodes}: utils ntp status. If the clocks are right, renew the certificate on {target}."
            ),
        ),
        FailureClass::TlsProtocol => (
            format!("{nodes} and {target} have no TLS version or cipher in common"),
            format!(
                "Compare the TLS versions that {target} accepts with those of the release; Call Home does not speak TLS 1.3, \
                 Smart Transport does."
            ),
        ),
        _ => (
            format!("the certificate of {target} is not trusted by {nodes}"),
            format!(
                "Upload the authority that signed the certificate of {target} to tomcat-trust of {nodes} (Cisco Unified OS \
                 Administration, Security > Certificate Management), or exempt {target} from TLS inspection; then restart \
                 the Cluster View Daemon."
            ),
        ),
    }
}

/// That Cisco's servers changed their root just before trust began to fail: only where CSSM is reached direct.
fn root_change(instance: &Instance, failures: &Failures<'_>) -> Option<String> {
    let host = host(instance)?;
    let is_trust =
        |event: &&&Event| matches!(event.kind, EventKind::TransportFailure { class: FailureClass::TlsTrust });
    let first = failures.events.iter().filter(is_trust).filter_map(|event| event.at).min()?;
    let (_, day) = ROOT_CHANGES.iter().find(|(name, _)| *name == host)?;
    let day: Instant = DateTime::from_timestamp(*day, 0)?;
    let soon = first >= day && first - day <= SOON;
    soon.then(|| {
        let dispute = if host == "smartreceiver.cisco.com" {
            format!(" ({})", CLOUD_CERTIFICATE.told())
        } else {
            String::new()
        };
        format!(
            "{host} got a certificate of another root on {}{dispute}; no line says that this is why",
            day.format("%Y-%m-%d")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn each_kind_of_failure_has_its_own_words() {
        for (class, expected) in [
            (FailureClass::TlsName, "the certificate of ssm.example.com names other hosts"),
            (FailureClass::TlsDate, "is expired or not yet valid"),
            (FailureClass::TlsProtocol, "have no TLS version or cipher in common"),
            (FailureClass::TlsTrust, "the certificate of ssm.example.com is not trusted by uccx1 and uccx2"),
        ] {
            let mut facts = facts();
            one(&mut facts).events = vec![failure(class, 7, Some("ssm.example.com"))];
            let finding = fails(&CHECK, &facts);
            assert!(finding.says.contains(expected), "{finding:?}");
            assert_eq!(finding.severity, Severity::High);
            one(&mut facts).licenses = vec![reached(ago(5))];
            assert_eq!(fails(&CHECK, &facts).severity, Severity::Low);
        }
    }

    #[test]
    fn a_change_of_the_root_is_named_and_not_claimed() {
        let mut facts = facts();
        let mut failed = failure(FailureClass::TlsTrust, 7, None);
        failed.at = Some(at("2022-02-07T10:00:00Z"));
        one(&mut facts).deployment.url =
            Some("https://tools.cisco.com/its/service/oddce/services/DDCEService".into());
        one(&mut facts).events = vec![failed.clone()];
        let says = fails(&CHECK, &facts).says;
        assert!(says.contains("of another root on 2022-02-05; no line says that this is why"), "{says}");
        failed.at = Some(at("2021-02-07T10:00:00Z"));
        one(&mut facts).events = vec![failed];
        assert!(!fails(&CHECK, &facts).says.contains("another root"));
    }

    #[test]
    fn a_success_passes_a_certificate_alarm_fails_mildly_and_silence_is_neither() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).contains("License Management"));
        one(&mut facts).licenses = vec![reached(ago(5))];
        assert!(passes(&CHECK, &facts).contains("handshake that works"));
        one(&mut facts).events = vec![event(EventKind::Certificate, Some(ago(9)), 5, &[])];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Low);
    }
}
