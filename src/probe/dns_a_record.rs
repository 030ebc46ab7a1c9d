//! Does the host of the Transport URL have an A record?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use reports::{Confidence, Severity};
use url::Host;

use super::document::{Check, Item};
use super::plan::{Plan, Site, literal};
use super::wire::{Class, Trouble, remote, seconds};

const ITEM: Item = Item {
    id: "dns-a-record",
    title: "The host of the Transport URL has an A record",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 1",
};

/// Most addresses that are shown; a name has a handful.
const SHOWN_MAX: usize = 16;

/// Why a name has no address.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The name does not exist.
    NoSuchName,
    /// The name exists, without an address.
    NoAddress,
    /// The server could not find out.
    ServerFailed,
    /// The server said another error.
    Code(String),
    /// No server answered.
    Silent,
    /// No server could be asked.
    Trouble(Trouble),
}

impl Failure {
    fn name(&self) -> &'static str {
        match self {
            Self::NoSuchName => "nxdomain",
            Self::NoAddress => "no_data",
            Self::ServerFailed => "servfail",
            Self::Code(_) => "error_response",
            Self::Silent => "timed_out",
            Self::Trouble(trouble) => trouble.class.name(),
        }
    }

    /// What a person is told.
    pub(super) fn says(&self, name: &str, server: &str) -> String {
        match self {
            Self::NoSuchName => format!("{server} says that {name} does not exist (NXDOMAIN)"),
            Self::NoAddress => format!("{server} has no address for {name}"),
            Self::ServerFailed => format!("{server} could not look up {name} (SERVFAIL)"),
            Self::Code(code) => format!("{server} answered for {name}: {code}"),
            Self::Silent => format!("{server} did not answer for {name}"),
            Self::Trouble(trouble) => format!("{server} could not be asked for {name}: {}", trouble.text),
        }
    }
}

/// What a lookup brought.
#[derive(Clone, Debug)]
pub(super) struct Names {
    a: Result<Vec<Ipv4Addr>, Failure>,
    aaaa: Result<Vec<Ipv6Addr>, Failure>,
    took: Duration,
}

impl Names {
    /// Where to connect: IPv4, and IPv6 only where there is no other, since the checklist asks for the former.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        match (&self.a, &self.aaaa) {
            (Ok(a), _) if !a.is_empty() => a.iter().copied().map(IpAddr::from).collect(),
            (_, Ok(aaaa)) => aaaa.iter().copied().map(IpAddr::from).collect(),
            (_, Err(_)) => Vec::new(),
        }
    }

    /// Why there is nothing to connect to: the A record's own reason.
    pub(super) fn failure(&self) -> Failure {
        match &self.a {
            Err(failure) => failure.clone(),
            Ok(_) => Failure::NoAddress,
        }
    }
}

/// The DNS server in words.
pub(super) fn server(plan: &Plan) -> String {
    plan.dns.map_or_else(|| "the DNS of this host".to_owned(), |server| format!("DNS server {server}"))
}

/// Looks up a host; an address needs no lookup.
pub(super) fn look_up(plan: &Plan, host: &Host<String>) -> Names {
    let (a, aaaa) = match literal(host) {
        Some(IpAddr::V4(ip)) => (vec![ip], Vec::new()),
        Some(IpAddr::V6(ip)) => (Vec::new(), vec![ip]),
        None => return resolve(plan.dns, &host.to_string(), plan.timeout),
    };
    Names { a: Ok(a), aaaa: Ok(aaaa), took: Duration::ZERO }
}

fn resolve(server: Option<SocketAddr>, name: &str, timeout: Duration) -> Names {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (a, aaaa) = match runtime {
        Ok(runtime) => {
            let both = runtime.block_on(ask(server, name, timeout));
            // A lookup that nobody waits for must not hold the process.
            runtime.shutdown_background();
            both
        }
        Err(error) => {
            let failure = Failure::Trouble(error.into());
            (Err(failure.clone()), Err(failure))
        }
    };
    Names { a, aaaa, took: started.elapsed() }
}

type Both = (Result<Vec<Ipv4Addr>, Failure>, Result<Vec<Ipv6Addr>, Failure>);

async fn ask(server: Option<SocketAddr>, name: &str, timeout: Duration) -> Both {
    let resolver = match resolver(server, timeout) {
        Ok(resolver) => resolver,
        Err(error) => return (Err(failure(&error)), Err(failure(&error))),
    };
    // With the final dot no search domain is tried: a Transport URL holds the whole name.
    let full = format!("{}.", name.trim_end_matches('.'));
    let one = async |kind| {
        let lookup = resolver.lookup(full.as_str(), kind);
        match tokio::time::timeout(timeout, lookup).await {
            Ok(Ok(found)) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            // The name is there, without a record of this kind.
            Ok(Err(error)) if no_data(&error) => Ok(Vec::new()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::Silent),
        }
    };
    let (a, aaaa) = tokio::join!(one(RecordType::A), one(RecordType::AAAA));
    (
        a.map(|found: Vec<RData>| {
            let mut out: Vec<Ipv4Addr> = found
                .iter()
                .filter_map(|data| if let RData::A(a) = data { Some(a.0) } else { None })
                .collect();
            // Servers turn the order round; a report must not.
            out.sort_unstable();
            out
        }),
        aaaa.map(|found: Vec<RData>| {
            let mut out: Vec<Ipv6Addr> = found
                .iter()
                .filter_map(|data| if let RData::AAAA(aaaa) = data { Some(aaaa.0) } else { None })
                .collect();
            out.sort_unstable();
            out
        }),
    )
}

fn resolver(server: Option<SocketAddr>, timeout: Duration) -> Result<TokioResolver, NetError> {
    let options = |options: &mut ResolverOpts| {
        // A lost packet is asked for again, and both tries fit into the time.
        options.timeout = timeout.mul_f64(0.45);
        options.attempts = 1;
        options.cache_size = 0;
    };
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            let server = NameServerConfig::new(server.ip(), true, connections.into());
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            // Who names a server wants its answer, not that of a file.
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder
        }
    };
    options(builder.options_mut());
    builder.build()
}

fn no_data(error: &NetError) -> bool {
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError)
}

fn failure(error: &NetError) -> Failure {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Failure::NoSuchName,
            ResponseCode::ServFail => Failure::ServerFailed,
            code => Failure::Code(code.to_string()),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => Failure::ServerFailed,
        NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain)) => Failure::NoSuchName,
        NetError::Dns(DnsError::ResponseCode(code)) => Failure::Code(code.to_string()),
        NetError::Timeout => Failure::Silent,
        NetError::Io(error) => Failure::Trouble(std::io::Error::from(error.kind()).into()),
        other => Failure::Trouble(Trouble::new(Class::Other, other.to_string())),
    }
}

/// The answer for one URL.
pub(super) fn check(plan: &Plan, site: &Site, names: &Names) -> Check {
    let name = remote(&site.name());
    if literal(&site.host).is_some() {
        return ITEM.not_applicable(format!("the Transport URL holds an address, {name}"));
    }
    let server = server(plan);
    let check = match (&names.a, &names.aaaa) {
        (Ok(a), _) if !a.is_empty() => ITEM.pass(
            Confidence::High,
            format!("{name} has {} ({server})", listed("A", a.iter().map(ToString::to_string))),
        ),
        (Ok(_), Ok(aaaa)) if !aaaa.is_empty() => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!(
                "{name} has no A record, only {} ({server})",
                listed("AAAA", aaaa.iter().map(ToString::to_string))
            ),
            format!("Add an A record for {name}: the checklist asks for one, and the nodes use IPv4."),
        ),
        (Ok(_), _) => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!("{name} exists and has no A record ({server})"),
            format!(
                "Add an A record for {name} to the DNS servers that show network eth0 lists on the nodes."
            ),
        ),
        (Err(failure), _) => {
            let remedy = match failure {
                Failure::NoSuchName | Failure::NoAddress => format!(
                    "Add an A record for {name} to the DNS servers that show network eth0 lists on the nodes, or \
                     correct the host in the Transport URL."
                ),
                Failure::ServerFailed | Failure::Code(_) => format!(
                    "Look at the DNS server: it answers, and cannot resolve {name}. Forwarders and delegation are the \
                     usual causes."
                ),
                Failure::Silent | Failure::Trouble(_) => format!(
                    "See that {server} runs and that UDP and TCP 53 reach it; then ask again, on a node with utils \
                     network host {name}."
                ),
            };
            let sure = match failure {
                Failure::NoSuchName | Failure::NoAddress => Confidence::High,
                Failure::ServerFailed | Failure::Code(_) | Failure::Silent | Failure::Trouble(_) => {
                    Confidence::Medium
                }
            };
            ITEM.fail(Severity::High, sure, failure.says(&name, &server), remedy)
        }
    };
    let shown = |found: &[String]| found.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>();
    let texts = |found: &Result<Vec<String>, Failure>| match found {
        Ok(found) => shown(found).into(),
        Err(_) => serde_json::Value::Null,
    };
    let a = names.a.clone().map(|found| found.iter().map(ToString::to_string).collect());
    let aaaa = names.aaaa.clone().map(|found| found.iter().map(ToString::to_string).collect());
    let word = |found: &Result<Vec<String>, Failure>| match found {
        Ok(found) if found.is_empty() => "no_data",
        Ok(_) => "found",
        Err(failure) => failure.name(),
    };
    let check = check
        .fact("host", name)
        .fact("server", plan.dns.map_or_else(|| "system".to_owned(), |server| server.to_string()))
        .fact("a_lookup", word(&a))
        .fact("a", texts(&a))
        .fact("aaaa_lookup", word(&aaaa))
        .fact("aaaa", texts(&aaaa))
        .fact("took_s", seconds(names.took));
    match &plan.proxy {
        // The node sends the name to the proxy, and that looks it up.
        Some(_) => check.at_most(Severity::Low, "with a proxy, the proxy looks the name up"),
        None => check,
    }
}

/// `A 192.0.2.1`, `A 192.0.2.1 and 2 more`.
fn listed(kind: &str, mut found: impl ExactSizeIterator<Item = String>) -> String {
    let more = found.len().saturating_sub(1);
    let first = found.next().unwrap_or_default();
    match more {
        0 => format!("{kind} {first}"),
        n => format!("{kind} {first} and {n} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_comes_first_and_ipv6_only_alone() {
        let took = Duration::ZERO;
        let v4 = Ipv4Addr::LOCALHOST;
        let v6 = Ipv6Addr::LOCALHOST;
        let both = Names { a: Ok(vec![v4]), aaaa: Ok(vec![v6]), took };
        assert_eq!(both.addresses(), [IpAddr::from(v4)]);
        let six = Names { a: Ok(Vec::new()), aaaa: Ok(vec![v6]), took };
        assert_eq!(six.addresses(), [IpAddr::from(v6)]);
        let none = Names { a: Err(Failure::Silent), aaaa: Err(Failure::NoSuchName), took };
        assert!(none.addresses().is_empty() && matches!(none.failure(), Failure::Silent));
        let bare = Names { a: Ok(Vec::new()), aaaa: Err(Failure::Silent), took };
        assert!(bare.addresses().is_empty() && matches!(bare.failure(), Failure::NoAddress));
    }

    #[test]
    fn addresses_are_counted_in_words() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(listed("A", texts(&["192.0.2.1"]).into_iter()), "A 192.0.2.1");
        assert_eq!(listed("A", texts(&["192.0.2.1", "x", "y"]).into_iter()), "A 192.0.2.1 and 2 more");
    }
}
