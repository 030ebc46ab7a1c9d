//! Do connections to CSSM come about, and do they stay?
//!
//! Silence, a refusal, a cut and a missing route have different owners, so they are told apart.
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 2.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use reports::{Confidence, Severity};
use serde_json::json;

use super::document::{Check, Item};
use super::plan::{Plan, Site};
use super::wire::{Class, Timed, Trouble, remote, seconds};

const ITEM: Item = Item {
    id: "firewall-ports",
    title: "Connections to CSSM come about",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 2",
};

/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// One attempt to connect.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) to: SocketAddr,
    /// `None`: the connection came about.
    pub(super) trouble: Option<Trouble>,
    /// The connection, until something is asked over it.
    pub(super) stream: Option<Timed>,
    took: Duration,
}

/// Connects to every address and port at once; in the order of the ports, then of the addresses.
pub(super) fn connect(addresses: &[IpAddr], ports: &[u16], timeout: Duration) -> Vec<Attempt> {
    let peers = ports.iter().flat_map(|port| {
        addresses.iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(*address, *port))
    });
    std::thread::scope(|scope| {
        let running: Vec<_> = peers.map(|to| (to, scope.spawn(move || attempt(to, timeout)))).collect();
        let ended = running.into_iter().map(|(to, thread)| {
            thread.join().unwrap_or_else(|_| Attempt {
                to,
                trouble: Some(Trouble::new(Class::Other, "the attempt itself failed")),
                stream: None,
                took: Duration::ZERO,
            })
        });
        ended.collect()
    })
}

fn attempt(to: SocketAddr, timeout: Duration) -> Attempt {
    let started = Instant::now();
    let ended = Timed::connect(to, timeout);
    let took = started.elapsed();
    match ended {
        Ok(stream) => Attempt { to, trouble: None, stream: Some(stream), took },
        Err(trouble) => Attempt { to, trouble: Some(trouble), stream: None, took },
    }
}

/// The answer for one URL.
pub(super) fn check(
    plan: &Plan,
    site: &Site,
    attempts: &[Attempt],
    n_addresses: usize,
    unresolved: Option<String>,
) -> Check {
    if let Some(proxy) = &plan.proxy {
        return ITEM.not_applicable(format!("with a proxy the nodes connect to {proxy} only: see proxy"));
    }
    let name = remote(&site.name());
    if let Some(why) = unresolved {
        return ITEM.blocked(format!("no address to connect to, see dns-a-record: {why}"));
    }
    let open = |port: u16| {
        let of_port = attempts.iter().filter(move |attempt| attempt.to.port() == port);
        (of_port.clone().filter(|attempt| attempt.trouble.is_none()).count(), of_port.count())
    };
    let failed: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.trouble.is_some()).collect();
    let ports: Vec<String> = site.ports.iter().map(u16::to_string).collect();
    let mut check = if failed.is_empty() {
        let every = if attempts.len() > site.ports.len() { ", every address of it" } else { "" };
        ITEM.pass(Confidence::High, format!("{name} takes connections on TCP {}{every}", ports.join(" and ")))
    } else {
        // The URL's own port carries everything; the other one only what Cisco lists beside it.
        let severity = match open(site.port()) {
            (0, _) => Severity::High,
            (_, _) => Severity::Medium,
        };
        let (says, remedy) = tell(&name, &failed);
        // Silence may also be a slow server; the others are an answer.
        let silent = failed.iter().any(|attempt| class(attempt) == Some(Class::TimedOut));
        ITEM.fail(severity, if silent { Confidence::Medium } else { Confidence::High }, says, remedy)
    };
    let rows = attempts.iter().map(|attempt| {
        json!({
            "address": attempt.to.ip().to_string(),
            "port": attempt.to.port(),
            "state": class(attempt).map_or("open", Class::name),
            "took_s": seconds(attempt.took),
            "text": attempt.trouble.as_ref().map(|trouble| trouble.text.clone()),
        })
    });
    check = check
        .fact("host", name)
        .fact("connections", rows.collect::<Vec<_>>())
        .fact("addresses_left_out", n_addresses.saturating_sub(ADDRESSES_MAX));
    for attempt in attempts {
        let state = class(attempt).map_or("open", Class::name).replace('_', " ");
        check = check.line(format!("TCP {} {state} after {:.3} s", attempt.to, attempt.took.as_secs_f64()));
    }
    check
}

fn class(attempt: &Attempt) -> Option<Class> {
    attempt.trouble.as_ref().map(|trouble| trouble.class)
}

/// What failed, class by class, and what to do about each.
fn tell(name: &str, failed: &[&Attempt]) -> (String, String) {
    let mut says = Vec::new();
    let mut remedy = Vec::new();
    for kind in
        [Class::TimedOut, Class::Refused, Class::Reset, Class::Unreachable, Class::Protocol, Class::Other]
    {
        let of_kind: Vec<&&Attempt> = failed.iter().filter(|attempt| class(attempt) == Some(kind)).collect();
        let mut peers: Vec<String> = of_kind.iter().map(|attempt| attempt.to.to_string()).collect();
        let more = peers.len().saturating_sub(3);
        peers.truncate(3);
        let Some(first) = of_kind.first() else { continue };
        let peers = match more {
            0 => peers.join(", "),
            n => format!("{} and {n} more", peers.join(", ")),
        };
        says.push(format!("{name} {} ({peers})", kind.says()));
        remedy.push(match kind {
            Class::TimedOut => {
                format!(
                    "No answer means that packets are dropped on the way or that there is no route: have the firewall \
                     let the nodes reach {peers}."
                )
            }
            Class::Refused => {
                format!(
                    "A refusal comes back at once, so the route works: see that the service listens on {peers}, and \
                     that no firewall rejects it."
                )
            }
            Class::Reset => {
                "A connection that is cut points to a device between that inspects or limits it, or to a service that \
                 is not ready: exempt the nodes from inspection and look at the service."
                    .to_owned()
            }
            Class::Unreachable => format!(
                "There is no way from here to {peers}: look at the routes and the gateway of this host."
            ),
            Class::Protocol | Class::Other => format!(
                "The system says: {}.",
                first.trouble.as_ref().map_or("nothing", |trouble| trouble.text.as_str())
            ),
        });
    }
    (says.join("; "), remedy.join(" "))
}
