//! Is the Transport URL written as Cisco documents it, for this way to CSSM and this release?
//!
//! Source: Features Guides 12.5(1) to 15.0 and Administration and Operations Guide 15.0, Smart Licensing, Transport URL;
//! Cisco 217416; Smart Licensing Using Policy, troubleshooting (an empty answer comes of a wrong path).

use std::net::IpAddr;

use history::facts::{Facts, Instance};
use parsers::event::FailureClass;
use parsers::origin::Origin;

use crate::check::disputes::ON_PREM_HOST;
use crate::check::{About, Check, Finding, Outcome, license_pages, node_names, origins};
use crate::cssm::{Failures, SOME_HOST};
use crate::escape::cut;
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "transport-url",
    title: "The Transport URL has the form that Cisco documents",
    source: "Features Guides 12.5(1) to 15.0 and Administration and Operations Guide 15.0, Transport URL; Cisco 217416",
    about: About {
        effect: "CSSM does not answer at another path: usage is not reported, renewals fail, and the authorization expires \
                 after 90 days.",
        remedy: "Write the URL exactly as documented; for Smart Transport to CSSM On-Prem it ends with /SmartTransport.",
        example: "url=https://cssm.example.com/Transportgateway/services/DeviceRequestHandler",
        disputed: &[ON_PREM_HOST],
    },
    run,
};

/// Smart Transport to Cisco.
const DIRECT_SMART: &str = "https://smartreceiver.cisco.com/licservice/license";

/// Call Home to Cisco, which is going end of life.
const DIRECT_HOME: &str = "https://tools.cisco.com/its/service/oddce/services/DDCEService";

/// Path of CSSM On-Prem for Call Home.
const ON_PREM_HOME: &str = "/Transportgateway/services/DeviceRequestHandler";

/// Path of CSSM On-Prem for Smart Transport.
const ON_PREM_SMART: &str = "/Transportgateway/services/DeviceRequestHandler/SmartTransport";

/// The port of the pages of CSSM On-Prem, which is not that of registrations.
///
/// Source: Cisco 212883, ports of CSSM On-Prem.
const PAGES_PORT: &str = "8443";

/// What a URL is.
enum Verdict {
    Good(String),
    Wrong(Severity, Confidence, String, String),
}

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let deployment = &instance.deployment;
    let empty = Failures::of(instance, &[FailureClass::EmptyResponse]);
    let cited = || deployment.url_evidence.as_ref().map(origins).unwrap_or_default();
    let write = |url: &str| {
        // No full stop behind it: the URL is there to be copied.
        format!(
            "Cisco Unified CCX Administration on {nodes}, System > License Management > Transport Settings, write this URL: {url}"
        )
    };
    let Some(url) = deployment.url.as_deref() else {
        if empty.events.is_empty() {
            return Outcome::NoEvidence {
                says: "no Transport URL stands in the input".to_owned(),
                collect: license_pages(instance),
            };
        }
        return Outcome::Fail(Finding {
            severity: Severity::Medium,
            confidence: Confidence::Medium,
            says: format!(
                "CSSM answered with nothing{}: mostly a wrong path in the URL",
                empty.often(instance)
            ),
            remedy: write(&format!(
                "{DIRECT_SMART} (direct) or https://{SOME_HOST}{ON_PREM_SMART} (CSSM On-Prem)"
            )),
            evidence: empty.evidence(),
        });
    };
    let (severity, confidence, mut says, remedy) = match judge(instance, url) {
        Verdict::Good(says) if empty.events.is_empty() => {
            let others = deployment.urls.iter().filter(|(other, _)| &**other != url);
            let others: Vec<Origin> = others.flat_map(|(_, evidence)| origins(evidence)).collect();
            let more = match others.len() {
                0 => String::new(),
                n => format!("; {n} other URLs were seen: it was changed, or nodes differ"),
            };
            let sure = if others.is_empty() { Confidence::High } else { Confidence::Medium };
            return Outcome::Pass {
                says: format!("{says}: {}{more}", whole(url)),
                confidence: sure,
                evidence: cited().into_iter().chain(others).collect(),
            };
        }
        Verdict::Good(_) => {
            let should =
                if url.ends_with(ON_PREM_HOME) { format!("{url}/SmartTransport") } else { url.to_owned() };
            (
                Severity::Medium,
                Confidence::Medium,
                format!("CSSM answered with nothing{} at {}", empty.often(instance), whole(url)),
                write(&whole(&should)),
            )
        }
        Verdict::Wrong(severity, confidence, says, should) => {
            let says = if empty.events.is_empty() {
                says
            } else {
                format!("{says}; CSSM answered with nothing{}", empty.often(instance))
            };
            (severity, confidence, says, write(&whole(&should)))
        }
    };
    let name = Failures::of(instance, &[FailureClass::TlsName]);
    if !name.events.is_empty() {
        says.push_str(&format!("; {}", ON_PREM_HOST.told()));
    }
    let evidence = cited().into_iter().chain(empty.evidence()).chain(name.evidence()).collect();
    Outcome::Fail(Finding { severity, confidence, says, remedy, evidence })
}

/// A URL that is there to be copied: cut only where it is longer than any real one.
fn whole(url: &str) -> String {
    cut(url, 300).into_owned()
}

fn judge(instance: &Instance, url: &str) -> Verdict {
    let release_15 = instance.release.version.as_deref().is_some_and(|it| it.starts_with("15"));
    let Some((scheme, rest)) = url.split_once("://") else {
        return Verdict::Wrong(
            Severity::High,
            Confidence::High,
            format!("{} is no URL", whole(url)),
            DIRECT_SMART.to_owned(),
        );
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.split(':').next().unwrap_or_default();
    let documented = if path.to_ascii_lowercase().starts_with("/transportgateway") {
        let smart = path.to_ascii_lowercase().contains("smart");
        format!("https://{host}{}", if smart || release_15 { ON_PREM_SMART } else { ON_PREM_HOME })
    } else if host == "tools.cisco.com" && !release_15 {
        DIRECT_HOME.to_owned()
    } else {
        DIRECT_SMART.to_owned()
    };
    let wrong = |severity, says: String| Verdict::Wrong(severity, Confidence::High, says, documented.clone());
    if scheme != "https" {
        return wrong(Severity::Medium, format!("{} does not begin with https://", whole(url)));
    }
    if authority.ends_with(&format!(":{PAGES_PORT}")) {
        return wrong(
            Severity::High,
            format!("port {PAGES_PORT} is that of the pages of CSSM On-Prem: registrations go to 443"),
        );
    }
    let certificate = Failures::of(instance, &[FailureClass::TlsName]);
    if host.parse::<IpAddr>().is_ok() && !certificate.events.is_empty() {
        return Verdict::Wrong(
            Severity::High,
            Confidence::High,
            format!("the URL names the address {host}, and the certificate of CSSM On-Prem does not"),
            documented.replace(host, "<name in the certificate>"),
        );
    }
    match (url, path) {
        (DIRECT_SMART, _) => Verdict::Good("Smart Transport to Cisco, as recommended".to_owned()),
        (DIRECT_HOME, _) if release_15 => Verdict::Wrong(
            Severity::Medium,
            Confidence::High,
            "Call Home to Cisco is going end of life".to_owned(),
            DIRECT_SMART.to_owned(),
        ),
        (DIRECT_HOME, _) => Verdict::Good("Call Home to Cisco, which is going end of life".to_owned()),
        (_, ON_PREM_SMART) if release_15 || instance.release.version.is_none() => {
            Verdict::Good("Smart Transport to CSSM On-Prem".to_owned())
        }
        (_, ON_PREM_SMART) => Verdict::Good(
            "Smart Transport to CSSM On-Prem, which the guide of this release does not name".to_owned(),
        ),
        (_, ON_PREM_HOME) => Verdict::Good("Call Home to CSSM On-Prem".to_owned()),
        _ if path.trim_end() != path || path.ends_with('/') => {
            wrong(Severity::High, format!("{} has something behind the documented path", whole(url)))
        }
        _ => wrong(Severity::High, format!("{} is none of the URLs that Cisco documents", whole(url))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(url: &str, release: &str) -> Facts {
        let mut facts = facts();
        one(&mut facts).deployment.url = Some(url.into());
        one(&mut facts).release.version = Some(release.into());
        facts
    }

    #[test]
    fn the_four_documented_urls_pass() {
        for (url, release) in [
            (DIRECT_SMART, "15.0.1"),
            (DIRECT_HOME, "12.5.1"),
            (
                "https://ssm.example.com/Transportgateway/services/DeviceRequestHandler/SmartTransport",
                "15.0.1",
            ),
            ("https://ssm.example.com/Transportgateway/services/DeviceRequestHandler", "12.5.1"),
        ] {
            passes(&CHECK, &with(url, release));
        }
    }

    #[test]
    fn each_slip_fails_and_the_url_to_write_is_named() {
        for (url, release, says, write) in [
            (DIRECT_HOME, "15.0.1", "end of life", DIRECT_SMART),
            (
                "http://ssm.example.com/Transportgateway/services/DeviceRequestHandler",
                "12.5.1",
                "https",
                "https://ssm",
            ),
            (
                "https://ssm.example.com:8443/Transportgateway/services/DeviceRequestHandler",
                "12.5.1",
                "8443",
                "https://ssm.example.com/T",
            ),
            (
                "https://ssm.example.com/Transportgateway/services/DeviceRequestHandler/",
                "15.0.1",
                "behind",
                "/SmartTransport",
            ),
            ("https://ssm.example.com/other", "12.5.1", "none of the URLs", DIRECT_SMART),
        ] {
            let finding = fails(&CHECK, &with(url, release));
            assert!(finding.says.contains(says) && finding.remedy.contains(write), "{finding:?}");
        }
    }

    #[test]
    fn an_empty_answer_points_to_the_missing_end() {
        let mut facts =
            with("https://ssm.example.com/Transportgateway/services/DeviceRequestHandler", "15.0.1");
        one(&mut facts).events = vec![failure(FailureClass::EmptyResponse, 7, None)];
        assert!(fails(&CHECK, &facts).remedy.ends_with("/DeviceRequestHandler/SmartTransport"));
    }

    #[test]
    fn an_address_against_a_certificate_fails_with_both_readings() {
        let mut facts = with("https://192.0.2.7/Transportgateway/services/DeviceRequestHandler", "12.5.1");
        passes(&CHECK, &facts);
        one(&mut facts).events = vec![failure(FailureClass::TlsName, 7, None)];
        let says = fails(&CHECK, &facts).says;
        assert!(says.contains("names the address 192.0.2.7") && says.contains("Cisco 217416"), "{says}");
    }

    #[test]
    fn without_a_url_nothing_is_known() {
        assert!(lacks(&CHECK, &facts()).contains("Transport Settings"));
    }
}
