//! Is the server's certificate one that a node accepts: trusted, in its dates, for this host?
//!
//! The certificates are shown also where they are bad: who issued them is what tells a proxy that inspects TLS from a
//! CSSM On-Prem with a certificate of its own.
//!
//! Source: Cisco, UCCX Features Guide, Smart Licensing, Transport URL: the host must match CN or SAN of the
//! certificate of CSSM On-Prem.

use parsers::stamp::Instant;
use reports::time::{Zone, spell};
use reports::{Confidence, Severity};
use serde_json::Value;

use crate::cli::Target;

use super::certificate::{Facts, Roots, Trust};
use super::document::{Check, Item};
use super::plan::{Plan, Site};
use super::session::{Handshake, Session};
use super::wire::{Class, Trouble, remote};

const ITEM: Item = Item {
    id: "tls-trust",
    title: "The certificate of CSSM is trusted, in its dates and for this host",
    source: "Cisco, UCCX Features Guide, Smart Licensing, Transport URL; checklist item 6",
};

/// Something wrong with a chain.
struct Problem {
    /// The word in JSON.
    name: &'static str,
    severity: Severity,
    confidence: Confidence,
    says: String,
    remedy: String,
}

/// What the check looks at beside the URL.
pub(super) struct Sight<'a> {
    pub(super) session: &'a Session,
    pub(super) roots: &'a Roots,
    pub(super) now: Instant,
    /// Why there is no connection, or that a cut one is told elsewhere.
    pub(super) blocked: Option<String>,
}

/// The answer for one URL.
pub(super) fn check(plan: &Plan, site: &Site, sight: &Sight<'_>) -> Check {
    let session = sight.session;
    if !site.is_https() {
        return ITEM.not_applicable("the Transport URL asks for no TLS");
    }
    if let Some(why) = &sight.blocked {
        return ITEM.blocked(format!("no certificate was presented: {why}"));
    }
    let facts: Vec<Facts> = session.chain.iter().filter_map(|der| Facts::read(der)).collect();
    let check = match &session.tls {
        None => ITEM.no_evidence("no handshake was begun", "Probe again."),
        Some(Err(trouble)) if facts.is_empty() => no_handshake(plan, site, trouble),
        Some(shaken) => judge(plan, site, sight, shaken, &facts),
    };
    describe(check, plan, session, sight.roots, &facts)
}

/// Adds what was measured.
fn describe(check: Check, plan: &Plan, session: &Session, roots: &Roots, facts: &[Facts]) -> Check {
    let agreed = session.tls.as_ref().and_then(|tls| tls.as_ref().ok());
    let trouble = session.tls.as_ref().and_then(|tls| tls.as_ref().err());
    let mut check = check
        .fact("address", session.to.map(|to| to.to_string()))
        .fact("protocol", agreed.map(|agreed| agreed.version))
        .fact("cipher", agreed.map(|agreed| agreed.cipher.clone()))
        .fact("handshake", trouble.map_or("complete", |trouble| trouble.class.name()))
        .fact("handshake_text", trouble.map(|trouble| trouble.text.clone()))
        .fact("holds_key", session.holds_key)
        .fact("trust_store", remote(&plan.trust_store()))
        .fact("trust_store_size", roots.len())
        .fact("chain", facts.iter().map(Facts::json).collect::<Vec<_>>())
        .fact("unread_certificates", session.chain.len() - facts.len());
    if let Some(agreed) = agreed {
        check = check.line(format!("{}, {}", agreed.version, agreed.cipher));
    }
    for (number, facts) in (1..).zip(facts) {
        check = check
            .line(format!("certificate {number}: {}", facts.subject))
            .line(format!("   issued by {}", facts.issuer))
            .line(format!("   valid from {} until {}", shown(facts.not_before), shown(facts.not_after)));
        if !facts.san.is_empty() {
            check = check.line(format!("   for {}", facts.names()));
        }
    }
    check
}

fn shown(at: Option<Instant>) -> String {
    at.map_or_else(|| "a time outside of the calendar".to_owned(), |at| Zone::Utc.show(at))
}

fn no_handshake(plan: &Plan, site: &Site, trouble: &Trouble) -> Check {
    let name = remote(&site.name());
    let port = site.port();
    let (says, remedy) = match trouble.class {
        Class::Protocol if trouble.text.contains("corrupt message") => (
            format!("{name} does not speak TLS on port {port} ({})", trouble.text),
            "Correct the port or the scheme of the Transport URL: it names a service without TLS.".to_owned(),
        ),
        Class::Protocol => (
            format!("{name} and this host agree on no TLS ({})", trouble.text),
            "Let the server offer TLS 1.2 or 1.3: older versions are not spoken here.".to_owned(),
        ),
        class => (
            format!("{name} {} during the TLS handshake ({})", class.says(), trouble.text),
            format!(
                "The connection came about, TLS did not: look for a device that inspects or limits TLS to {name}{}, \
                 and at the service itself.",
                plan.proxy.as_ref().map(|proxy| format!(" behind proxy {proxy}")).unwrap_or_default()
            ),
        ),
    };
    ITEM.fail(Severity::High, Confidence::Medium, says, remedy).fact("problems", vec!["handshake"])
}

fn judge(
    plan: &Plan,
    site: &Site,
    sight: &Sight<'_>,
    shaken: &Result<Handshake, Trouble>,
    facts: &[Facts],
) -> Check {
    let name = remote(&site.name());
    let Some(leaf) = facts.first() else {
        let says = format!("{name} presents what is no certificate");
        return ITEM
            .fail(Severity::High, Confidence::High, says, "Replace the certificate of the server.")
            .fact("problems", vec!["unreadable"]);
    };
    let matched = leaf.name_for(&site.host);
    let mut problems = dates(facts, sight.now);
    if matched.is_none() {
        problems.push(Problem {
            name: "wrong_name",
            severity: Severity::High,
            confidence: Confidence::High,
            says: format!("it is for {}, not for {name}", leaf.names()),
            remedy: format!(
                "Write the host in the Transport URL as the certificate has it, name or address, or give the server a \
                 certificate with {name} as CN or SAN."
            ),
        });
    }
    let trusted = match sight.roots.judge(&sight.session.chain, facts, sight.now) {
        Trust::Yes => Some(true),
        Trust::No(why) => {
            problems.push(untrusted(plan, leaf, facts, &why));
            Some(false)
        }
        Trust::Unknown => {
            // Dates are what is wrong then, and that is said; whatever else it is must not look like trust.
            if problems.iter().all(|problem| problem.name == "wrong_name") {
                problems.push(untrusted(plan, leaf, facts, "at no moment do its certificates hold together"));
            }
            None
        }
    };
    if sight.session.holds_key == Some(false) {
        problems.push(Problem {
            name: "no_proof_of_key",
            severity: Severity::High,
            confidence: Confidence::High,
            says: "the server does not prove that it holds the certificate's key".to_owned(),
            remedy: "Install the key that belongs to the certificate.".to_owned(),
        });
    }
    if let Err(trouble) = shaken {
        problems.push(Problem {
            name: "handshake",
            severity: Severity::High,
            confidence: Confidence::Medium,
            says: format!("the handshake did not end well: {}", trouble.text),
            remedy: "Look at the TLS settings of the server.".to_owned(),
        });
    }
    let names: Vec<Value> = problems.iter().map(|problem| problem.name.into()).collect();
    let worst = problems.iter().max_by_key(|problem| problem.severity);
    let check = match worst {
        None => {
            let (by, _) = matched.unwrap_or(("SAN", ""));
            let left = leaf.not_after.map(|until| until - sight.now).unwrap_or_default();
            let version = shaken.as_ref().map_or("TLS", |agreed| agreed.version);
            // Which certificates the nodes trust, only the nodes tell.
            let sure = if sight.roots.given { Confidence::High } else { Confidence::Medium };
            let says = format!(
                "{name} presents a trusted certificate that names it as {by} and holds for {} more, over {version}",
                spell(left)
            );
            ITEM.pass(sure, says)
        }
        Some(worst) => {
            let says: Vec<&str> = problems.iter().map(|problem| problem.says.as_str()).collect();
            let remedy: Vec<&str> = problems.iter().map(|problem| problem.remedy.as_str()).collect();
            let says = format!("the certificate of {name}: {}", says.join("; "));
            ITEM.fail(worst.severity, worst.confidence, says, remedy.join(" "))
        }
    };
    check
        .fact("problems", names)
        .fact("trusted", trusted)
        .fact("name_matches", matched.is_some())
        .fact("matched_by", matched.map(|(by, _)| by))
        .fact("dates_valid", facts.iter().all(|facts| is_valid(facts, sight.now)))
}

fn is_valid(facts: &Facts, now: Instant) -> bool {
    facts.not_before.is_none_or(|from| from <= now) && facts.not_after.is_none_or(|until| now <= until)
}

/// Certificates out of their dates, the server's own and those above it.
fn dates(facts: &[Facts], now: Instant) -> Vec<Problem> {
    let mut out = Vec::new();
    for (number, facts) in facts.iter().enumerate() {
        let which = if number == 0 { "it".to_owned() } else { format!("its issuer {}", facts.subject) };
        if let Some(until) = facts.not_after.filter(|until| *until < now) {
            out.push(Problem {
                name: "expired",
                severity: Severity::High,
                confidence: Confidence::High,
                says: format!("{which} expired at {} ({} ago)", Zone::Utc.show(until), spell(now - until)),
                remedy: "Renew the certificate, and see clock-sync: a clock that is ahead looks the same."
                    .to_owned(),
            });
        }
        if let Some(from) = facts.not_before.filter(|from| *from > now) {
            out.push(Problem {
                name: "not_yet_valid",
                severity: Severity::High,
                confidence: Confidence::High,
                says: format!(
                    "{which} is not valid before {} (in {})",
                    Zone::Utc.show(from),
                    spell(from - now)
                ),
                remedy: format!(
                    "See clock-sync first: this host believes that it is {}.",
                    Zone::Utc.show(now)
                ),
            });
        }
    }
    out
}

fn untrusted(plan: &Plan, leaf: &Facts, facts: &[Facts], why: &str) -> Problem {
    let alone = facts.len() == 1 && leaf.self_issued;
    let name = if alone { "self_signed" } else { "untrusted" };
    let says = match alone {
        true => "it is signed by itself and not trusted".to_owned(),
        false => format!("{why} (issuer {})", facts.last().map_or("", |facts| facts.issuer.as_str())),
    };
    let (severity, confidence) = match (&plan.ca, plan.target) {
        (Some(_), _) => (Severity::High, Confidence::High),
        // Cisco's own certificates are signed by public authorities: another issuer stands between.
        (None, Target::Direct) => (Severity::High, Confidence::Medium),
        // That of an On-Prem seldom is, and which ones the nodes trust is not known here.
        (None, Target::Onprem) => (Severity::Medium, Confidence::Low),
    };
    let remedy = match (&plan.ca, plan.target) {
        (Some(path), _) => format!(
            "{} does not hold what signs it: put the root certificate of CSSM's chain into the trust store of the \
             nodes, and probe again with --ca.",
            remote(&path.display().to_string())
        ),
        (None, Target::Direct) => "If the issuer is your own organisation's, a proxy inspects TLS: exempt the nodes. \
                                   Else bring the root certificates up to date."
            .to_owned(),
        (None, Target::Onprem) => "Only what this host trusts was asked. Probe again with --ca and the root \
                                   certificate that the nodes trust; if it is not among theirs, upload it there."
            .to_owned(),
    };
    Problem { name, severity, confidence, says, remedy }
}
