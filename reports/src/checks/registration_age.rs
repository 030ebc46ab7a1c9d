//! Is the Product Instance registered, and is the registration renewed in time?
//!
//! Source: Features Guides and Administration and Operations Guides, Registration State: valid for one year, renewed every
//! six months.

use history::facts::{Deadline, DeadlineKind, Facts, Instance};
use parsers::event::{EventKind, FailureClass};

use crate::check::{About, Check, Finding, Outcome, license_pages, node_names, origins, since, zone};
use crate::cssm::Failures;
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "registration-age",
    title: "The Product Instance is registered and the registration is renewed in time",
    source: "Features Guides and Administration and Operations Guides 12.5(1) to 15.0, Registration State",
    about: About {
        effect: "A registration that is not renewed for a year expires: the Product Instance counts as unregistered, and what \
                 is left of the evaluation runs.",
        remedy: "Renew the registration, or register again with a new token of the virtual account.",
        example: "Registration Expires: Jan 26 15:06:21 2027 IST",
        disputed: &[],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let page = format!("Cisco Unified CCX Administration on {nodes}, System > License Management");
    let registration = &instance.registration;
    let line = registration.evidence.as_ref().map(origins).unwrap_or_default();
    let token = Failures::of(instance, &[FailureClass::Token]);
    let again = format!(
        "{page} > Register, with a token that is created in CSSM, Inventory > General of the virtual account, just before."
    );
    match registration.state {
        "unregistered" | "registration_expired" => {
            let expired = registration.state == "registration_expired";
            let mut says = format!(
                "the Product Instance is {}{}",
                if expired { "registered no more: the registration expired" } else { "not registered" },
                since(instance, registration.since)
            );
            if !token.events.is_empty() {
                says.push_str(&format!("; CSSM refused a token{}", token.often(instance)));
            }
            return Outcome::Fail(Finding {
                severity: if expired { Severity::Critical } else { Severity::High },
                confidence: Confidence::High,
                says,
                remedy: again,
                evidence: line.into_iter().chain(token.evidence()).collect(),
            });
        }
        "registered_reservation" | "reservation_in_progress" => {
            return Outcome::NotApplicable {
                why: "licenses are reserved: such a registration is not renewed".to_owned(),
            };
        }
        _ => {}
    }
    let due = |kind: DeadlineKind| instance.deadlines.iter().find(|deadline| deadline.kind == kind);
    let passed = |deadline: &&Deadline| facts.as_of.is_some_and(|as_of| deadline.expected < as_of);
    let (renewal, expiry) = (due(DeadlineKind::RegistrationRenewal), due(DeadlineKind::RegistrationExpiry));
    let failed: Vec<_> =
        instance.events.iter().filter(|event| event.kind == EventKind::RegistrationFailed).collect();
    let show = |deadline: &Deadline| zone(instance).show(deadline.expected);
    if let Some(deadline) = expiry.filter(passed) {
        return Outcome::Fail(Finding {
            severity: Severity::High,
            confidence: Confidence::Medium,
            says: format!(
                "the registration ran out at {} unless it was renewed since, which no line says",
                show(deadline)
            ),
            remedy: again,
            evidence: origins(&deadline.evidence),
        });
    }
    if let Some(deadline) = renewal.filter(passed) {
        let left = expiry.map(|it| format!("; it expires at {}", show(it))).unwrap_or_default();
        return Outcome::Fail(Finding {
            severity: Severity::Medium,
            confidence: Confidence::Medium,
            says: format!(
                "the renewal of the registration was due at {}, and no line says that it was made{left}",
                show(deadline)
            ),
            remedy: format!("{page} > Renew Registration. If it fails, see cssm-contact."),
            evidence: origins(&deadline.evidence),
        });
    }
    if let Some(newest) = failed.last() {
        let after = instance
            .events
            .iter()
            .any(|event| event.kind == EventKind::Registration && event.at.is_some() && event.at > newest.at);
        if !after {
            return Outcome::Fail(Finding {
                severity: Severity::Medium,
                confidence: Confidence::High,
                says: format!(
                    "a registration or its renewal failed{}",
                    newest.at.map(|at| format!(" at {}", zone(instance).show(at))).unwrap_or_default()
                ),
                remedy: format!(
                    "{page} > Renew Registration. If it fails again, see cssm-contact and cssm-refusals."
                ),
                evidence: newest.witnesses.iter().map(|said| said.origin.clone()).take(2).collect(),
            });
        }
    }
    match (registration.state, renewal.or(expiry)) {
        ("registered", next) if registration.evidence.is_some() => Outcome::Pass {
            says: match next {
                Some(next) => format!(
                    "registered; {} at {}",
                    if next.kind == DeadlineKind::RegistrationRenewal {
                        "renewed next"
                    } else {
                        "it expires"
                    },
                    show(next)
                ),
                None => "registered; when it is renewed is not known".to_owned(),
            },
            confidence: if next.is_some() { Confidence::High } else { Confidence::Medium },
            evidence: line.into_iter().chain(next.into_iter().flat_map(|it| origins(&it.evidence))).collect(),
        },
        _ => Outcome::NoEvidence {
            says: "no line tells when the Product Instance was registered".to_owned(),
            collect: license_pages(instance),
        },
    }
}

#[cfg(test)]
mod tests {
    use history::facts::Basis;

    use super::*;
    use crate::testing::*;

    #[test]
    fn a_registration_with_time_left_passes() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).contains("License Management"));
        one(&mut facts).registration = known("registered", Some(ago(900)), Basis::Stated);
        assert!(passes(&CHECK, &facts).contains("not known"));
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::RegistrationRenewal, ago(-900))];
        assert!(passes(&CHECK, &facts).starts_with("registered; renewed next at"));
    }

    #[test]
    fn an_overdue_renewal_fails_and_an_expiry_fails_worse() {
        let mut facts = facts();
        one(&mut facts).registration = known("registered", Some(ago(900)), Basis::Stated);
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::RegistrationRenewal, ago(60))];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Medium);
        one(&mut facts).deadlines.push(deadline(DeadlineKind::RegistrationExpiry, ago(30)));
        assert_eq!(fails(&CHECK, &facts).severity, Severity::High);
    }

    #[test]
    fn unregistered_expired_and_failed_fail() {
        let mut facts = facts();
        one(&mut facts).registration = known("unregistered", None, Basis::Stated);
        one(&mut facts).events = vec![failure(FailureClass::Token, 7, None)];
        assert!(fails(&CHECK, &facts).says.contains("CSSM refused a token"));
        one(&mut facts).registration = known("registration_expired", None, Basis::Stated);
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Critical);
        one(&mut facts).registration = known("registered", None, Basis::Stated);
        one(&mut facts).events = vec![event(EventKind::RegistrationFailed, Some(ago(5)), 7, &[])];
        assert!(fails(&CHECK, &facts).says.contains("failed at 2026-04-03 08:55:05"));
        one(&mut facts).registration = known("registered_reservation", None, Basis::Stated);
        skips(&CHECK, &facts);
    }
}
