//! Was CSSM reached when it was last tried?
//!
//! A text that only says that a message could not be sent proves no cause: alone it is no evidence.
//!
//! Source: Features Guides, Smart Licensing, Authorization (contact every 30 days); Cisco field notice on QuoVadis Root
//! CA 2 (the generic texts).

use history::facts::{Facts, Instance};
use parsers::event::{EventKind, FailureClass};

use crate::check::{About, Check, Finding, Outcome, counted, node_names, zone};
use crate::cssm::{Failures, connectivity, host, newest_exchange};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "cssm-contact",
    title: "CSSM was reached when it was last tried",
    source: "Features Guides, Smart Licensing; Cisco field notice on QuoVadis Root CA 2",
    about: About {
        effect: "Without contact usage is not reported and renewals fail; after 90 days the authorization expires.",
        remedy: "Mend what the failing check beside it names: name, port, TLS, proxy or URL; then renew the authorization.",
        example: "Fail to send out Call Home HTTP message(ERR 207 : Connection time out)",
        disputed: &[],
    },
    run,
};

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let all = Failures::of(instance, &FailureClass::ALL);
    let exchange = newest_exchange(instance);
    let again = all.worked_again(instance);
    // Without instants nothing is known to be behind the failures.
    if let (Some((at, origin)), true) = (&exchange, all.events.is_empty() || again.is_some()) {
        let at = at.map(|at| format!(" at {}", zone(instance).show(at))).unwrap_or_default();
        let before = match all.events.len() {
            0 => String::new(),
            n => format!("; {} came before", counted(n, "failure")),
        };
        return Outcome::Pass {
            says: format!("the last exchange that a line states succeeded{at}{before}"),
            confidence: Confidence::High,
            evidence: vec![origin.clone()],
        };
    }
    let specific: Vec<_> = all.events.iter().filter(|event| !is_generic(event)).collect();
    let Some(newest) = specific.last() else {
        let says = match all.events.len() {
            0 => "no line tells of an exchange with CSSM, good or bad".to_owned(),
            n => format!(
                "{} that a message could not be sent{}, and none why: such a text is evidence only together with one that \
                 names the cause",
                if n == 1 { "1 line says".to_owned() } else { format!("{n} lines say") },
                all.last().map(|at| format!(", last {}", zone(instance).show(at))).unwrap_or_default()
            ),
        };
        let hosts: Vec<String> = host(instance).into_iter().collect();
        return Outcome::NoEvidence {
            says,
            collect: format!("on {nodes}: {}", connectivity(instance, &hosts)),
        };
    };
    let class = match newest.kind {
        EventKind::TransportFailure { class } => class,
        _ => FailureClass::Generic,
    };
    let see = check_of(class);
    Outcome::Fail(Finding {
        severity: Severity::High,
        confidence: if exchange.is_some() { Confidence::High } else { Confidence::Medium },
        says: format!(
            "the last exchange that lines tell of failed{}; no later one is stated to have succeeded",
            all.often(instance)
        ),
        remedy: format!(
            "See {see}. When it is mended, on {nodes}: Cisco Unified CCX Administration, System > License Management > \
             Renew Authorization."
        ),
        evidence: all.evidence(),
    })
}

fn is_generic(event: &history::facts::Event) -> bool {
    matches!(event.kind, EventKind::TransportFailure { class: FailureClass::Generic })
}

/// The check that judges failures of a class.
fn check_of(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Dns => "dns-a-record",
        FailureClass::Timeout | FailureClass::Refused | FailureClass::Reset => "firewall-ports",
        FailureClass::TlsTrust
        | FailureClass::TlsName
        | FailureClass::TlsDate
        | FailureClass::TlsProtocol => "tls-trust",
        FailureClass::Proxy => "proxy",
        FailureClass::Rejected | FailureClass::Token => "cssm-refusals",
        FailureClass::ClockMismatch => "clock-sync",
        FailureClass::EmptyResponse => "transport-url",
        FailureClass::OnPremVersion => "on-prem-sync",
        FailureClass::Generic => "the lines around it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_generic_failure_alone_is_no_evidence_and_says_so() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).starts_with("on uccx1 and uccx2: utils network connectivity"));
        one(&mut facts).events = vec![failure(FailureClass::Generic, 7, None)];
        lacks(&CHECK, &facts);
        let Outcome::NoEvidence { says, .. } = (CHECK.run)(&facts, &facts.instances[0]) else { panic!() };
        assert!(says.contains("evidence only together with one that names the cause"), "{says}");
    }

    #[test]
    fn a_specific_failure_fails_until_an_exchange_succeeds() {
        let mut facts = facts();
        one(&mut facts).events =
            vec![failure(FailureClass::Generic, 7, None), failure(FailureClass::Dns, 8, None)];
        let finding = fails(&CHECK, &facts);
        assert!(finding.remedy.starts_with("See dns-a-record."), "{finding:?}");
        one(&mut facts).licenses = vec![reached(ago(90))];
        fails(&CHECK, &facts);
        one(&mut facts).licenses = vec![reached(ago(10))];
        assert!(passes(&CHECK, &facts).ends_with("2 failures came before"));
    }
}
