//! Is the authorization renewed in time?
//!
//! Source: Features Guides, Authorization State (renewed every 30 days, expired after 90 days without contact);
//! Administration and Operations Guide 12.5(1) SU3, System Menu (Enforcement on day 90).

use history::facts::{Deadline, DeadlineKind, Facts, Instance};
use parsers::event::EventKind;

use crate::check::disputes::AUTHORIZATION_EXPIRY;
use crate::check::{About, Check, Finding, Outcome, license_pages, node_names, origins, since, zone};
use crate::cssm::exchanges;
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "authorization-age",
    title: "The authorization is renewed in time",
    source: "Features Guides, Authorization State; Administration and Operations Guide 12.5(1) SU3, System Menu",
    about: About {
        effect: "After 90 days without contact to CSSM the authorization expires, and Enforcement follows.",
        remedy: "Mend the way to CSSM, then renew the authorization.",
        example: "Communication Deadline: Apr 26 15:06:59 2026 IST",
        disputed: &[AUTHORIZATION_EXPIRY],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let page = format!("Cisco Unified CCX Administration on {nodes}, System > License Management");
    let renew = format!("{page} > Renew Authorization. If it fails, see cssm-contact.");
    if matches!(instance.authorization.state, "authorized_reserved" | "not_authorized_reserved") {
        return Outcome::NotApplicable {
            why: "licenses are reserved: no authorization is renewed".to_owned(),
        };
    }
    let show = |deadline: &Deadline| zone(instance).show(deadline.expected);
    let due = |kind: DeadlineKind| instance.deadlines.iter().find(|deadline| deadline.kind == kind);
    let passed = |deadline: &&Deadline| facts.as_of.is_some_and(|as_of| deadline.expected < as_of);
    let (renewal, expiry) = (due(DeadlineKind::AuthorizationRenewal), due(DeadlineKind::AuthorizationExpiry));
    let expired = instance.authorization.state == "authorization_expired";
    if expired || expiry.is_some_and(|it| passed(&it)) {
        let evidence =
            if expired { instance.authorization.evidence.as_ref() } else { expiry.map(|it| &it.evidence) };
        let when = if expired {
            format!("the authorization is expired{}", since(instance, instance.authorization.since))
        } else {
            let at = expiry.map(show).unwrap_or_default();
            format!("the authorization ran out at {at} unless it was renewed since, which no line says")
        };
        return Outcome::Fail(Finding {
            severity: Severity::Critical,
            confidence: if expired { Confidence::High } else { Confidence::Medium },
            says: format!("{when}. {}", AUTHORIZATION_EXPIRY.told()),
            remedy: renew,
            evidence: evidence.map(origins).unwrap_or_default(),
        });
    }
    if let Some(deadline) = renewal.filter(passed) {
        let left = expiry.map(|it| format!("; it expires at {}", show(it))).unwrap_or_default();
        return Outcome::Fail(Finding {
            severity: Severity::High,
            confidence: Confidence::Medium,
            says: format!(
                "the renewal of the authorization was due at {}, and no line says that it was made{left}. {}",
                show(deadline),
                AUTHORIZATION_EXPIRY.told()
            ),
            remedy: renew,
            evidence: origins(&deadline.evidence),
        });
    }
    let failed = instance.events.iter().rfind(|event| event.kind == EventKind::AuthorizationFailed);
    if let Some(failed) = failed {
        let renewed = exchanges(instance).iter().any(|(at, _)| at.is_some() && *at > failed.at);
        if !renewed {
            let at = failed.at.map(|at| format!(" at {}", zone(instance).show(at))).unwrap_or_default();
            let left = expiry.map(|it| format!("; it expires at {}", show(it))).unwrap_or_default();
            return Outcome::Fail(Finding {
                severity: Severity::Medium,
                confidence: Confidence::High,
                says: format!(
                    "a renewal of the authorization failed{at}, and no line says that one succeeded since{left}"
                ),
                remedy: renew,
                evidence: failed.witnesses.iter().map(|said| said.origin.clone()).take(2).collect(),
            });
        }
    }
    match renewal.or(expiry) {
        Some(next) => Outcome::Pass {
            says: format!(
                "{} at {}",
                if next.kind == DeadlineKind::AuthorizationRenewal { "renewed next" } else { "it expires" },
                show(next)
            ),
            confidence: Confidence::High,
            evidence: origins(&next.evidence),
        },
        None => Outcome::NoEvidence {
            says: "no line tells when CSSM was last reached".to_owned(),
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
    fn time_left_passes_and_silence_does_not() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).contains("License Management"));
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::AuthorizationRenewal, ago(-900))];
        assert!(passes(&CHECK, &facts).starts_with("renewed next at"));
    }

    #[test]
    fn an_overdue_renewal_prints_both_readings_with_their_sources() {
        let mut facts = facts();
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::AuthorizationRenewal, ago(60))];
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::High);
        for part in ["day 90", "day 180", "System Menu", "Features Guides"] {
            assert!(finding.says.contains(part), "{part}: {}", finding.says);
        }
    }

    #[test]
    fn an_expiry_is_critical_whether_stated_or_counted() {
        let mut facts = facts();
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::AuthorizationExpiry, ago(60))];
        let counted = fails(&CHECK, &facts);
        assert_eq!((counted.severity, counted.confidence), (Severity::Critical, Confidence::Medium));
        one(&mut facts).authorization = known("authorization_expired", Some(ago(5)), Basis::Stated);
        assert_eq!(fails(&CHECK, &facts).confidence, Confidence::High);
    }

    #[test]
    fn a_failed_renewal_fails_until_an_exchange_succeeds() {
        let mut facts = facts();
        one(&mut facts).events = vec![event(EventKind::AuthorizationFailed, Some(ago(50)), 7, &[])];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Medium);
        one(&mut facts).licenses = vec![reached(ago(5))];
        lacks(&CHECK, &facts);
        one(&mut facts).authorization = known("authorized_reserved", None, Basis::Stated);
        skips(&CHECK, &facts);
    }
}
