//! The way to CSSM in words: which host, which failures, and whether it worked again.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use history::facts::{Event, Facts, Instance};
use parsers::catalog::Entry;
use parsers::event::{EventKind, FailureClass, LicenseLine, LicenseTime};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::check::{brief, listed, zone};

/// What stands in a command where the host is not known.
pub(crate) const SOME_HOST: &str = "<cssm-host>";

/// Most lines that one finding cites; the sentence gives the full count.
const CITED_MAX: usize = 10;

/// Most hosts that one sentence names.
const NAMED_MAX: usize = 3;

/// Failures of one kind to reach CSSM.
pub(crate) struct Failures<'a> {
    /// In the order of the instance's events.
    pub(crate) events: Vec<&'a Event>,
}

impl<'a> Failures<'a> {
    /// The failures of `instance` whose text names one of `classes`.
    pub(crate) fn of(instance: &'a Instance, classes: &[FailureClass]) -> Self {
        let fits = |event: &&Event| match event.kind {
            EventKind::TransportFailure { class } => classes.contains(&class),
            _ => false,
        };
        Self { events: instance.events.iter().filter(fits).collect() }
    }

    /// The hosts that the lines name; the one of the Transport URL where they name none.
    pub(crate) fn hosts(&self, instance: &Instance) -> Vec<String> {
        let named: BTreeSet<String> = self
            .events
            .iter()
            .filter_map(|event| param(event, "host"))
            .map(|host| host.to_string())
            .collect();
        if named.is_empty() {
            return host(instance).into_iter().collect();
        }
        named.iter().take(NAMED_MAX).map(|host| brief(host)).collect()
    }

    /// When the newest was written.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.events.iter().filter_map(|event| event.at).max()
    }

    /// The lines: the newest, as many as a reader follows.
    pub(crate) fn evidence(&self) -> Vec<Origin> {
        let newest = self.events.iter().rev().filter_map(|event| event.witnesses.first());
        newest.map(|said| said.origin.clone()).take(CITED_MAX).collect()
    }

    /// `, 3 times, last 2026-04-03 08:00:05 +05:30`.
    pub(crate) fn often(&self, instance: &Instance) -> String {
        let times = match self.events.len() {
            1 => String::new(),
            n => format!(", {n} times"),
        };
        match self.last() {
            Some(last) => format!("{times}, last {}", zone(instance).show(last)),
            None => times,
        }
    }

    /// The first exchange with CSSM that a line states after the last of these failures.
    pub(crate) fn worked_again(&self, instance: &Instance) -> Option<Instant> {
        let last = self.last()?;
        exchanges(instance).into_iter().filter_map(|(at, _)| at).filter(|at| *at > last).min()
    }
}

/// The exchanges with CSSM that lines state as succeeded, with their instants; in input order.
pub(crate) fn exchanges(instance: &Instance) -> Vec<(Option<Instant>, Origin)> {
    let renewed = instance
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::AuthorizationRenewed | EventKind::Registration));
    let renewed = renewed.filter_map(|event| Some((event.at, event.witnesses.first()?.origin.clone())));
    let stated = instance.licenses.iter().filter(|fact| match &fact.line {
        LicenseLine::Time { what, succeeded, .. } => {
            *succeeded == Some(true)
                && matches!(
                    what,
                    LicenseTime::InitialRegistration
                        | LicenseTime::LastRenewal
                        | LicenseTime::LastCommunication
                )
        }
        // CSSM itself said so, at the time that the line prints.
        LicenseLine::Authorization { state, .. } => {
            matches!(*state, "in_compliance" | "out_of_compliance") && fact.at.is_some()
        }
        _ => false,
    });
    renewed.chain(stated.map(|fact| (fact.at, fact.evidence.first.clone()))).collect()
}

/// The newest exchange that succeeded; one without an instant only where none has one.
pub(crate) fn newest_exchange(instance: &Instance) -> Option<(Option<Instant>, Origin)> {
    exchanges(instance).into_iter().max_by_key(|(at, _)| *at)
}

/// The words of the newest entry of the user's or the built-in catalog that decided one of these failures: what it
/// means and what to do.
pub(crate) fn taught<'a>(facts: &'a Facts, failures: &Failures<'_>) -> Option<&'a Entry> {
    let ids = || failures.events.iter().rev().filter_map(|event| param(event, "signature"));
    let mut entries = ids().filter_map(|id| facts.signatures.iter().find(|entry| entry.id == *id));
    let newest = entries.clone().next();
    entries.find(|entry| entry.own).or(newest)
}

/// The parameter of that name.
fn param<'a>(event: &'a Event, key: &str) -> Option<&'a Arc<str>> {
    event.params.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
}

/// The host of the Transport URL.
pub(crate) fn host(instance: &Instance) -> Option<String> {
    let (host, _) = authority(instance)?;
    Some(brief(&host))
}

/// The host of the Transport URL, if it is an address: nothing has to be resolved then.
pub(crate) fn address(instance: &Instance) -> Option<IpAddr> {
    host(instance)?.parse().ok()
}

/// The ports that must be open from the nodes to CSSM.
///
/// Source: Cisco 217416: 80 and 443 direct; Features Guide: HTTPS to CSSM On-Prem. A port in the URL wins.
pub(crate) fn ports(instance: &Instance) -> Vec<u16> {
    match (authority(instance).and_then(|(_, port)| port), instance.deployment.on_prem) {
        (Some(port), _) => vec![port],
        (None, Some(true)) => vec![443],
        (None, Some(false) | None) => vec![443, 80],
    }
}

/// `utils network connectivity <host> 443 (and 80)` for each host.
pub(crate) fn connectivity(instance: &Instance, hosts: &[String]) -> String {
    let hosts = if hosts.is_empty() { &[SOME_HOST.to_owned()] } else { hosts };
    let ports = ports(instance);
    let (port, others) = match ports.as_slice() {
        [] => (443, String::new()),
        [only] => (*only, String::new()),
        [first, rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(u16::to_string).collect();
            (*first, format!(" (and {})", listed(&rest)))
        }
    };
    let commands: Vec<String> =
        hosts.iter().map(|host| format!("utils network connectivity {host} {port}{others}")).collect();
    listed(&commands)
}

/// Host and port of the Transport URL.
fn authority(instance: &Instance) -> Option<(String, Option<u16>)> {
    let url = instance.deployment.url.as_deref()?;
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, port) = bracketed.split_once(']')?;
        return Some((host.to_owned(), port.strip_prefix(':').and_then(|port| port.parse().ok())));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::nobody;

    #[test]
    fn a_transport_url_names_host_and_ports() {
        #[track_caller]
        fn check(url: &str, expected: Option<&str>, expected_ports: &[u16]) {
            let mut instance = nobody();
            instance.deployment.url = Some(url.into());
            assert_eq!(host(&instance).as_deref(), expected);
            assert_eq!(ports(&instance), expected_ports);
        }
        check(
            "https://smartreceiver.cisco.com/licservice/license",
            Some("smartreceiver.cisco.com"),
            &[443, 80],
        );
        check("https://192.0.2.7:8443/SmartTransport", Some("192.0.2.7"), &[8443]);
        check("https://[2001:db8::1]:443/x", Some("2001:db8::1"), &[443]);
        check("tools.cisco.com", None, &[443, 80]);
    }
}
