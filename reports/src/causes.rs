//! Which failed check explains which, and what to look at first.
//!
//! One check explains another only where a mechanism that is documented leads from the one to the other. Lines that say
//! both tie them; without such lines the report says that it is only possible. That one thing happened shortly before
//! another never counts.

use std::collections::BTreeSet;

use history::facts::{DeadlineKind, Event, Facts, Instance};
use parsers::event::{EventKind, FailureClass};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::cssm::{Failures, exchanges};
use crate::report::{Cause, Check, CheckOutcome, Confidence, Explained, Follows, Severity};

/// Checks about the evidence, not about the system: they neither cause nor follow.
const ABOUT_EVIDENCE: [&str; 6] =
    ["logs-collected", "log-gaps", "witness-missing", "trace-levels", "usage-agrees", "release-regime"];

/// How two failed checks hang together.
struct Tie {
    how: String,
    confidence: Confidence,
    lines: Vec<Origin>,
}

/// A documented mechanism.
struct Link {
    cause: &'static str,
    effect: &'static str,
    tie: fn(&Instance) -> Option<Tie>,
}

const fn link(cause: &'static str, effect: &'static str, tie: fn(&Instance) -> Option<Tie>) -> Link {
    Link { cause, effect, tie }
}

/// All mechanisms. The first that holds between two checks counts.
const LINKS: &[Link] = &[
    link("dns-a-record", "authorization-age", |it| renewal(it, &DNS, &EventKind::AuthorizationFailed)),
    link("firewall-ports", "authorization-age", |it| renewal(it, &PORTS, &EventKind::AuthorizationFailed)),
    link("proxy", "authorization-age", |it| renewal(it, &PROXY, &EventKind::AuthorizationFailed)),
    link("tls-trust", "authorization-age", |it| renewal(it, &TLS, &EventKind::AuthorizationFailed)),
    link("transport-url", "authorization-age", |it| renewal(it, &URL, &EventKind::AuthorizationFailed)),
    link("cssm-refusals", "authorization-age", |it| renewal(it, &REFUSED, &EventKind::AuthorizationFailed)),
    link("dns-a-record", "registration-age", |it| renewal(it, &DNS, &EventKind::RegistrationFailed)),
    link("firewall-ports", "registration-age", |it| renewal(it, &PORTS, &EventKind::RegistrationFailed)),
    link("proxy", "registration-age", |it| renewal(it, &PROXY, &EventKind::RegistrationFailed)),
    link("tls-trust", "registration-age", |it| renewal(it, &TLS, &EventKind::RegistrationFailed)),
    link("transport-url", "registration-age", |it| renewal(it, &URL, &EventKind::RegistrationFailed)),
    link("cssm-refusals", "registration-age", |it| renewal(it, &REFUSED, &EventKind::RegistrationFailed)),
    link("dns-a-record", "cssm-contact", |it| contact(it, &DNS)),
    link("firewall-ports", "cssm-contact", |it| contact(it, &PORTS)),
    link("proxy", "cssm-contact", |it| contact(it, &PROXY)),
    link("tls-trust", "cssm-contact", |it| contact(it, &TLS)),
    link("transport-url", "cssm-contact", |it| contact(it, &URL)),
    link("cssm-refusals", "cssm-contact", |it| contact(it, &REFUSED)),
    link("clock-sync", "tls-trust", |it| wrong_clock(it, FailureClass::TlsDate)),
    link("clock-sync", "cssm-refusals", |it| wrong_clock(it, FailureClass::ClockMismatch)),
    link("locked-usage", "ooc-now", usage_leads),
    link("license-type-and-ha", "ooc-now", |it| while_out_of_compliance(it, HIGH_AVAILABILITY)),
    link("on-prem-sync", "ooc-now", |it| while_out_of_compliance(it, ON_PREM)),
    link("ooc-now", "enforcement-near", |it| same_clock(it, None)),
    link("authorization-age", "enforcement-near", |it| {
        same_clock(it, Some(DeadlineKind::AuthorizationExpiry))
    }),
    link("enforcement-near", "agent-synchronisation", enforced),
    link("ooc-now", "agent-synchronisation", enforced),
    link("authorization-age", "agent-synchronisation", enforced),
];

const DNS: [FailureClass; 1] = [FailureClass::Dns];
const PORTS: [FailureClass; 3] = [FailureClass::Timeout, FailureClass::Refused, FailureClass::Reset];
const PROXY: [FailureClass; 1] = [FailureClass::Proxy];
const TLS: [FailureClass; 4] =
    [FailureClass::TlsTrust, FailureClass::TlsName, FailureClass::TlsDate, FailureClass::TlsProtocol];
const URL: [FailureClass; 1] = [FailureClass::EmptyResponse];
const REFUSED: [FailureClass; 3] = [FailureClass::Rejected, FailureClass::Token, FailureClass::ClockMismatch];

const HIGH_AVAILABILITY: &str = "a registration with a second node and without its license is moved to Out of Compliance \
                                 (Installation Guide 12.5(1) SU3); no line says that this is why";
const ON_PREM: &str = "what CSSM On-Prem has not synchronized, the node cannot know (Features Guide, Smart Licensing); no \
                       line says that this is why";

fn failures<'a>(instance: &'a Instance, classes: &[FailureClass]) -> impl Iterator<Item = &'a Event> {
    Failures::of(instance, classes).events.into_iter()
}

fn lines(event: &Event) -> impl Iterator<Item = &Origin> {
    event.witnesses.iter().map(|said| &said.origin)
}

/// A renewal that failed: a record that tells of both ties them; else the way to CSSM that both need, while nothing
/// says that it has worked since.
fn renewal(instance: &Instance, classes: &[FailureClass], failed: &EventKind) -> Option<Tie> {
    let failed: Vec<&Origin> =
        instance.events.iter().filter(|event| event.kind == *failed).flat_map(lines).collect();
    let both = failures(instance, classes).flat_map(lines).find(|line| failed.contains(line));
    if let Some(line) = both {
        return Some(Tie {
            how: "the record of the failed renewal names it".to_owned(),
            confidence: Confidence::High,
            lines: vec![line.clone()],
        });
    }
    let last = failures(instance, classes).filter_map(|event| event.at).max();
    if failures(instance, classes).next().is_none() || worked_since(instance, last) {
        return None;
    }
    Some(Tie {
        how: "a renewal takes the same way to CSSM, and no line says that it has worked since; none says either that \
              this is why"
            .to_owned(),
        confidence: Confidence::Low,
        lines: Vec::new(),
    })
}

/// True if a line states an exchange with CSSM behind `last`; without an instant nothing is known to be behind it.
fn worked_since(instance: &Instance, last: Option<Instant>) -> bool {
    last.is_some() && exchanges(instance).iter().any(|(at, _)| *at > last)
}

/// That CSSM is not reached, in the words of the lines themselves.
fn contact(instance: &Instance, classes: &[FailureClass]) -> Option<Tie> {
    let newest =
        failures(instance, &FailureClass::ALL).filter(|event| event.at.is_some()).max_by_key(|e| e.at);
    let newest = newest.or_else(|| failures(instance, &FailureClass::ALL).last())?;
    let EventKind::TransportFailure { class } = newest.kind else { return None };
    let of = if class == FailureClass::Generic { failures(instance, classes).last()? } else { newest };
    let EventKind::TransportFailure { class } = of.kind else { return None };
    classes.contains(&class).then(|| Tie {
        how: "the lines of the failed exchange name it".to_owned(),
        confidence: Confidence::High,
        lines: lines(of).take(1).cloned().collect(),
    })
}

fn wrong_clock(instance: &Instance, class: FailureClass) -> Option<Tie> {
    let line = failures(instance, &[class]).flat_map(lines).next()?.clone();
    let (how, confidence) = match class {
        FailureClass::ClockMismatch => ("CSSM itself says that the clocks differ", Confidence::High),
        _ => (
            "a wrong clock makes certificates look expired or not yet valid; no line says that this is why",
            Confidence::Medium,
        ),
    };
    Some(Tie { how: how.to_owned(), confidence, lines: vec![line] })
}

/// Usage above what was purchased, by the rule that counts over-usages.
fn usage_leads(instance: &Instance) -> Option<Tie> {
    instance.consumption.as_ref()?;
    while_out_of_compliance(
        instance,
        "usage above what was purchased leads to it by the rule that the usage was replayed by; no line names the usage",
    )
    .map(|tie| Tie { confidence: Confidence::Medium, ..tie })
}

fn while_out_of_compliance(instance: &Instance, how: &str) -> Option<Tie> {
    let is = matches!(instance.authorization.state, "out_of_compliance" | "overage");
    is.then(|| Tie { how: how.to_owned(), confidence: Confidence::Low, lines: Vec::new() })
}

/// Enforcement that is counted from the line of the state, or of the other deadline.
fn same_clock(instance: &Instance, other: Option<DeadlineKind>) -> Option<Tie> {
    let line = |kind: DeadlineKind| {
        instance.deadlines.iter().find(|deadline| deadline.kind == kind).map(|it| &it.evidence.first)
    };
    let from = match other {
        Some(kind) => line(kind),
        None => instance.authorization.evidence.as_ref().map(|evidence| &evidence.first),
    }?;
    (line(DeadlineKind::Enforcement)? == from).then(|| Tie {
        how: "the time to Enforcement is counted from its line".to_owned(),
        confidence: Confidence::High,
        lines: vec![from.clone()],
    })
}

fn enforced(instance: &Instance) -> Option<Tie> {
    let evidence =
        instance.enforcement.evidence.as_ref().filter(|_| instance.enforcement.state == "enforced")?;
    Some(Tie {
        how: "Enforcement blocks the synchronization of agents from Unified CM (Features Guide, Enforcement)"
            .to_owned(),
        confidence: Confidence::Medium,
        lines: vec![evidence.first.clone()],
    })
}

/// Ties the failed checks among `rows` and ranks those that nothing explains. `cite` gives the report's form of lines.
pub(crate) fn rank(
    facts: &Facts,
    rows: &mut [Check],
    cite: impl Fn(&[Origin]) -> Vec<crate::report::Evidence>,
) -> Vec<Cause> {
    let mut causes = Vec::new();
    for instance in &facts.instances {
        let id = &*instance.id;
        let failed: BTreeSet<String> = rows
            .iter()
            .filter(|row| row.outcome == CheckOutcome::Fail && row.product_instance.as_deref() == Some(id))
            .map(|row| row.id.clone())
            .collect();
        let mut ties: Vec<(&Link, Tie)> = Vec::new();
        for link in LINKS.iter().filter(|link| failed.contains(link.cause) && failed.contains(link.effect)) {
            if let Some(tie) = (link.tie)(instance) {
                ties.push((link, tie));
            }
        }
        for row in rows.iter_mut().filter(|row| row.product_instance.as_deref() == Some(id)) {
            let own = ties.iter().filter(|(link, _)| link.effect == row.id);
            row.follows_from = own
                .map(|(link, tie)| Follows {
                    check: link.cause.to_owned(),
                    how: tie.how.clone(),
                    confidence: tie.confidence,
                })
                .collect();
        }
        // What is only possible explains nothing away: such a check stays one to look at.
        let sure = |tie: &Tie| tie.confidence > Confidence::Low;
        let effects: BTreeSet<&str> =
            ties.iter().filter(|(_, tie)| sure(tie)).map(|(link, _)| link.effect).collect();
        let severity = |check: &str| {
            let row = rows.iter().find(|row| row.id == check && row.product_instance.as_deref() == Some(id));
            row.and_then(|row| row.severity).unwrap_or(Severity::Info)
        };
        for root in failed.iter().filter(|check| !effects.contains(check.as_str())) {
            if ABOUT_EVIDENCE.contains(&root.as_str()) {
                continue;
            }
            let explains = explained(root, &ties, &cite);
            let surely = explains.iter().filter(|it| it.confidence > Confidence::Low);
            let worst = surely.map(|it| severity(&it.check)).max();
            causes.push(Cause {
                rank: 0,
                check: root.clone(),
                product_instance: Some(id.to_owned()),
                severity: worst.max(Some(severity(root))).unwrap_or(Severity::Info),
                suppressed: false,
                explains,
            });
        }
    }
    let place = |check: &str| crate::CHECKS.iter().position(|it| it.id == check);
    causes.sort_by_key(|cause| {
        let sure = cause.explains.iter().filter(|it| it.confidence > Confidence::Low).count();
        let (severity, explained) = (std::cmp::Reverse(cause.severity), std::cmp::Reverse(sure));
        (severity, explained, place(&cause.check), cause.product_instance.clone())
    });
    for (rank, cause) in (1_u32..).zip(&mut causes) {
        cause.rank = rank;
    }
    causes
}

/// All that a root explains, through others too; each once, by its nearest tie.
fn explained(
    root: &str,
    ties: &[(&Link, Tie)],
    cite: &impl Fn(&[Origin]) -> Vec<crate::report::Evidence>,
) -> Vec<Explained> {
    let mut out: Vec<Explained> = Vec::new();
    let mut open = vec![root];
    while let Some(cause) = open.pop() {
        for (link, tie) in ties.iter().filter(|(link, _)| link.cause == cause) {
            if link.effect == root || out.iter().any(|known| known.check == link.effect) {
                continue;
            }
            let how = if cause == root { tie.how.clone() } else { format!("through {cause}: {}", tie.how) };
            out.push(Explained {
                check: link.effect.to_owned(),
                how,
                confidence: tie.confidence,
                evidence: cite(&tie.lines),
            });
            open.push(link.effect);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use history::facts::Basis;

    use super::*;
    use crate::report::Report;
    use crate::testing::*;

    fn cause<'a>(report: &'a Report, check: &str) -> &'a Cause {
        report.causes.iter().find(|cause| cause.check == check).unwrap()
    }

    #[test]
    fn a_record_that_says_both_ties_them_and_is_cited() {
        let mut facts = facts();
        let mut renewal = event(EventKind::AuthorizationFailed, Some(ago(50)), 7, &[]);
        let mut failed = failure(FailureClass::Dns, 7, Some("ssm.example.com"));
        (renewal.witnesses[0].origin, failed.witnesses[0].origin) = (origin(7, "both"), origin(7, "both"));
        one(&mut facts).events = vec![failed, renewal];
        let report = report(&facts);
        let dns = cause(&report, "dns-a-record");
        let explained: Vec<(&str, Confidence)> =
            dns.explains.iter().map(|it| (it.check.as_str(), it.confidence)).collect();
        assert!(explained.contains(&("authorization-age", Confidence::High)), "{explained:?}");
        assert!(explained.contains(&("cssm-contact", Confidence::High)), "{explained:?}");
        assert_eq!((dns.rank, dns.explains[0].evidence[0].line), (1, 7));
        let renewal = report.checks.iter().find(|check| check.id == "authorization-age").unwrap();
        assert_eq!(renewal.follows_from[0].check, "dns-a-record");
        assert!(!report.causes.iter().any(|cause| cause.check == "authorization-age"));
    }

    #[test]
    fn nearness_in_time_makes_nothing_a_consequence() {
        let mut facts = facts();
        let renewal = event(EventKind::AuthorizationFailed, Some(ago(59)), 8, &[]);
        one(&mut facts).events = vec![failure(FailureClass::Dns, 7, Some("ssm.example.com")), renewal];
        let report = report(&facts);
        let possible =
            cause(&report, "dns-a-record").explains.iter().find(|it| it.check == "authorization-age");
        let possible = possible.unwrap();
        assert_eq!((possible.confidence, possible.evidence.len()), (Confidence::Low, 0));
        assert!(possible.how.contains("none says either that this is why"), "{}", possible.how);
        // It stays a finding of its own.
        assert!(cause(&report, "authorization-age").rank > 0);
    }

    #[test]
    fn an_exchange_since_ends_what_a_failure_may_explain() {
        let mut facts = facts();
        one(&mut facts).events = vec![failure(FailureClass::Dns, 7, None)];
        one(&mut facts).licenses = vec![reached(ago(5))];
        one(&mut facts).deadlines = vec![deadline(DeadlineKind::AuthorizationRenewal, ago(1))];
        let report = report(&facts);
        assert!(cause(&report, "dns-a-record").explains.is_empty());
        assert!(cause(&report, "authorization-age").explains.is_empty());
    }

    #[test]
    fn the_same_line_ties_out_of_compliance_and_enforcement() {
        let (mut facts, _) = out_of_compliance();
        let evidence = one(&mut facts).authorization.evidence.clone().unwrap();
        one(&mut facts).deadlines[0].evidence = evidence;
        let found = report(&facts);
        let ooc = cause(&found, "ooc-now");
        assert_eq!((ooc.rank, ooc.explains[0].check.as_str()), (1, "enforcement-near"));
        one(&mut facts).authorization = known("unknown", None, Basis::Unknown);
        assert!(report(&facts).causes.iter().all(|cause| cause.check != "ooc-now"));
    }

    #[test]
    fn checks_about_the_evidence_are_no_causes() {
        let (facts, _) = out_of_compliance();
        let report = report(&facts);
        assert!(report.checks.iter().any(|check| check.id == "release-regime" && check.severity.is_some()));
        assert!(!report.causes.iter().any(|cause| ABOUT_EVIDENCE.contains(&cause.check.as_str())));
    }
}
