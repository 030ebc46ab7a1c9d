//! Does CSSM accept what the Product Instance asks of it?
//!
//! A refusal is no fault of the network: CSSM was reached and said no.
//!
//! Source: Cisco 217535 (`LicenseResponse status code: FAILED`); how a refused token is worded on UCCX was not seen.

use history::facts::{Facts, Instance};
use parsers::event::FailureClass;

use crate::check::{About, Check, Finding, Outcome, brief, license_pages, node_names, zone};
use crate::cssm::{Failures, newest_exchange, taught};
use crate::escape::cut;
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "cssm-refusals",
    title: "CSSM accepts what the Product Instance asks for",
    source: "Cisco 217535; error messages of the smart agent",
    about: About {
        effect: "Registration or renewal does not happen: after 90 days without one the authorization expires.",
        remedy: "Read CSSM's own words; mostly a new token and a new registration help.",
        example: "LicenseResponse status code: FAILED, message: Product Instance is not consuming this tag",
        disputed: &[],
    },
    run,
};

/// Most characters of CSSM's words that are quoted.
const WORDS_MAX: usize = 240;

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let failures = Failures::of(instance, &[FailureClass::Rejected, FailureClass::Token]);
    let Some(newest) = failures.events.last() else {
        return match newest_exchange(instance) {
            Some((at, origin)) => Outcome::Pass {
                says: format!(
                    "the last exchange that a line states succeeded{}, and none was refused",
                    at.map(|at| format!(", {}", zone(instance).show(at))).unwrap_or_default()
                ),
                confidence: Confidence::Medium,
                evidence: vec![origin],
            },
            None => Outcome::NoEvidence {
                says: "no line tells of an answer of CSSM".to_owned(),
                collect: license_pages(instance),
            },
        };
    };
    let token = failures.events.iter().any(|event| {
        matches!(event.kind, parsers::event::EventKind::TransportFailure { class: FailureClass::Token })
    });
    let entry = taught(facts, &failures);
    let mut severity = entry.map_or(Severity::High, |entry| crate::assemble::level(entry.severity));
    let mut says =
        format!("CSSM refused a request{}: \"{}\"", failures.often(instance), cut(&newest.text, WORDS_MAX));
    if let Some(entry) = entry {
        says.push_str(&format!(" ({})", brief(entry.means.trim_end_matches('.'))));
    }
    if let Some(at) = failures.worked_again(instance) {
        severity = Severity::Low;
        says.push_str(&format!("; a later request succeeded at {}", zone(instance).show(at)));
    }
    let remedy = if token {
        format!(
            "In CSSM, Inventory > General of the virtual account: create a new token. On {nodes}: Cisco Unified CCX \
             Administration, System > License Management > Register, with that token."
        )
    } else {
        let own = entry.map_or_else(String::new, |entry| format!("{} ", entry.remedy));
        format!(
            "{own}The network is not the fault. On {nodes}: Cisco Unified CCX Administration, System > License Management > \
             Renew Authorization; if CSSM refuses again, register with a new token."
        )
    };
    Outcome::Fail(Finding {
        severity,
        confidence: Confidence::High,
        says,
        remedy,
        evidence: failures.evidence(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_refusal_fails_with_the_words_of_cssm() {
        let mut facts = facts();
        let mut refused = failure(FailureClass::Rejected, 7, None);
        refused.text = "LicenseResponse status code: FAILED, message: no such instance".into();
        one(&mut facts).events = vec![refused];
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("message: no such instance"), "{finding:?}");
        assert!(finding.remedy.contains("The network is not the fault"));
        one(&mut facts).events = vec![failure(FailureClass::Token, 7, None)];
        assert!(fails(&CHECK, &facts).remedy.contains("create a new token"));
    }

    #[test]
    fn a_later_success_makes_it_history() {
        let mut facts = facts();
        one(&mut facts).events = vec![failure(FailureClass::Rejected, 7, None)];
        one(&mut facts).licenses = vec![reached(ago(10))];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Low);
    }

    #[test]
    fn a_success_passes_and_silence_does_not() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).contains("License Management"));
        one(&mut facts).licenses = vec![reached(ago(10))];
        assert!(passes(&CHECK, &facts).contains("2026-04-03 08:50:05"));
    }
}
