//! Does something answer at the Transport URL?
//!
//! A GET says nothing about licenses and changes nothing: any status shows that the way is open up to the server.
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, items 2 and 6.

use reports::{Confidence, Severity};

use super::document::{Check, Item};
use super::plan::{Plan, Site};
use super::session::Session;
use super::wire::{Class, remote};

const ITEM: Item = Item {
    id: "transport-answer",
    title: "A server answers at the Transport URL",
    source: "Cisco 217416, UCCX Smart Licensing, checklist items 2 and 6",
};

/// The answer for one URL.
pub(super) fn check(plan: &Plan, site: &Site, session: &Session, blocked: Option<String>) -> Check {
    let name = remote(&site.name());
    let check = match (blocked, &session.answer) {
        (Some(why), _) => ITEM.blocked(format!("nothing could be asked: {why}")),
        (None, None) => ITEM.blocked("nothing could be asked: there was no TLS connection, see tls-trust"),
        (None, Some(Ok(answer))) => {
            let said = format!("{} {}", answer.status, answer.reason);
            let said = said.trim_end();
            match answer.status {
                407 => ITEM.fail(
                    Severity::High,
                    Confidence::High,
                    format!("what answers for {name} is a proxy that asks for a user name ({said})"),
                    match &plan.proxy {
                        Some(_) => "See proxy.".to_owned(),
                        None => "A proxy stands in the way though none was given: exempt the nodes from it.".to_owned(),
                    },
                ),
                404 => ITEM.pass(
                    Confidence::Low,
                    format!("{name} answers ({said}): it is reached, but the path may be wrong, see transport-url"),
                ),
                500.. => ITEM.pass(
                    Confidence::Low,
                    format!("{name} answers ({said}): it is reached, and a GET is not what it expects, or it is not well"),
                ),
                _ => ITEM.pass(Confidence::High, format!("{name} answers ({said}): it is reached")),
            }
        }
        (None, Some(Err(trouble))) => {
            let (says, remedy) = match trouble.class {
                Class::Reset => (
                    format!("{name} closes the connection without an answer ({})", trouble.text),
                    "An empty answer comes from a wrong path or the wrong kind of transport: see transport-url, then \
                     the service on the server.",
                ),
                Class::TimedOut => (
                    format!("{name} takes the question and does not answer in time"),
                    "Look at the service on the server, and at devices between that hold answers back.",
                ),
                _ => (
                    format!("{name} answers with something that is not HTTP ({})", trouble.text),
                    "Correct host and port of the Transport URL: another service listens there.",
                ),
            };
            ITEM.fail(Severity::High, Confidence::Medium, says, remedy)
        }
    };
    let answer = session.answer.as_ref().and_then(|answer| answer.as_ref().ok());
    let trouble = session.answer.as_ref().and_then(|answer| answer.as_ref().err());
    check
        .fact("method", "GET")
        .fact("path", remote(site.url.path()))
        .fact("status", answer.map(|answer| answer.status))
        .fact("reason", answer.map(|answer| answer.reason.clone()))
        .fact("date", answer.and_then(|answer| answer.date.as_deref()).map(remote))
        .fact("failure", trouble.map(|trouble| trouble.class.name()))
}
