//! Does the proxy let connections to CSSM through?
//!
//! Source: Cisco, UCCX Administration Guide, System menu, Smart License transport settings: host and port of an HTTP
//! proxy, no user name.

use reports::{Confidence, Severity};

use super::document::{Check, Item};
use super::plan::{Peer, Plan, Site};
use super::session::Session;
use super::wire::{Answer, Class, Trouble, remote};

const ITEM: Item = Item {
    id: "proxy",
    title: "The proxy lets connections to CSSM through",
    source: "Cisco, UCCX Administration Guide, Smart License transport settings; checklist item 7",
};

/// How far the way to the proxy went.
pub(super) enum Way {
    /// Its name has no address.
    Unresolved(String),
    /// No connection came about.
    Unconnected(Trouble),
    /// A connection came about.
    Connected,
}

/// The answer for one URL.
pub(super) fn check(plan: &Plan, site: &Site, way: &Way, session: &Session) -> Check {
    let Some(proxy) = &plan.proxy else {
        return ITEM.not_applicable("no proxy was given (--proxy HOST:PORT)");
    };
    let answer = session.tunnel.as_ref().or(session.answer.as_ref());
    let check = match (way, answer) {
        (Way::Unresolved(why), _) => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!("the proxy has no address: {why}"),
            "Correct the proxy's name, or add it to the DNS.",
        ),
        (Way::Unconnected(trouble), _) => unreachable(proxy, trouble),
        (Way::Connected, Some(Ok(answer))) => judge(proxy, site, answer, session.tunnel.is_some()),
        (Way::Connected, Some(Err(trouble))) if session.tunnel.is_some() || trouble.class != Class::Other => {
            silent(proxy, trouble)
        }
        (Way::Connected, _) => {
            ITEM.no_evidence(format!("proxy {proxy} was not asked for anything"), "Probe again.")
        }
    };
    let state = match (way, answer) {
        (Way::Unresolved(_), _) => "unresolved",
        (Way::Unconnected(trouble), _) | (Way::Connected, Some(Err(trouble))) => trouble.class.name(),
        (Way::Connected, _) => "open",
    };
    check
        .fact("proxy", proxy.to_string())
        .fact("address", session.to.map(|to| to.to_string()))
        .fact("state", state)
        .fact("method", if site.is_https() { "CONNECT" } else { "GET" })
        .fact("status", answer.and_then(|answer| answer.as_ref().ok()).map(|answer| answer.status))
        .fact("reason", answer.and_then(|answer| answer.as_ref().ok()).map(|answer| answer.reason.clone()))
}

fn unreachable(proxy: &Peer, trouble: &Trouble) -> Check {
    let remedy = match trouble.class {
        Class::Refused => {
            format!("See that the proxy listens on port {}, and that the port is right.", proxy.port)
        }
        _ => format!("Have the firewall let the nodes reach {proxy}, and see that the proxy runs."),
    };
    let says = format!("proxy {proxy} {}", trouble.class.says());
    ITEM.fail(Severity::High, Confidence::High, says, remedy)
}

fn silent(proxy: &Peer, trouble: &Trouble) -> Check {
    ITEM.fail(
        Severity::High,
        Confidence::Medium,
        format!("proxy {proxy} {} when asked for CSSM ({})", trouble.class.says(), trouble.text),
        "See that this is an HTTP proxy that knows CONNECT, and that its own way to CSSM is open.",
    )
}

fn judge(proxy: &Peer, site: &Site, answer: &Answer, tunnel: bool) -> Check {
    let name = remote(&site.name());
    let status = answer.status;
    let said = format!("{status} {}", answer.reason);
    let said = said.trim_end();
    match status {
        407 => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!("proxy {proxy} asks for a user name ({said})"),
            format!(
                "Let the nodes pass the proxy without a user name, at least to {name}: UCCX takes host and port of a \
                 proxy, and no user name."
            ),
        ),
        _ if !tunnel => ITEM.pass(Confidence::Medium, format!("proxy {proxy} answers ({said})")),
        200..=299 => ITEM.pass(Confidence::High, format!("proxy {proxy} connects to {name}")),
        403 => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!("proxy {proxy} forbids {name} ({said})"),
            format!("Allow CONNECT to {name} port {} on the proxy.", site.port()),
        ),
        502..=504 => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!("proxy {proxy} cannot reach {name} ({said})"),
            format!("Look at the proxy's own DNS and firewall: it has to reach {name} port {}.", site.port()),
        ),
        _ => ITEM.fail(
            Severity::High,
            Confidence::Medium,
            format!("proxy {proxy} does not connect to {name} ({said})"),
            "See that this is an HTTP proxy that knows CONNECT, and that it allows the port.",
        ),
    }
}
