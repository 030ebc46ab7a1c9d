//! What to ask: the arguments, understood before anything is sent.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::{Host, Url};

use super::{UsageError, policy};
use crate::cli::{ProbeArgs, Target};

/// What one run asks.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) target: Target,
    /// Never empty.
    pub(super) urls: Vec<Site>,
    /// The DNS server to ask; `None`: those of this host.
    pub(super) dns: Option<SocketAddr>,
    /// The file of `--ca`; `None`: what this host trusts.
    pub(super) ca: Option<PathBuf>,
    pub(super) proxy: Option<Peer>,
    pub(super) ntp: Option<Peer>,
    /// Longest wait for one answer.
    pub(super) timeout: Duration,
}

/// A Transport URL, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) url: Url,
    pub(super) host: Host<String>,
    /// Ports that must be open, that of the URL first.
    pub(super) ports: Vec<u16>,
    /// Whether the user wrote the URL; else it is one that Cisco documents.
    pub(super) given: bool,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) host: Host<String>,
    pub(super) port: u16,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Site {
    /// The host as it stands in a sentence and in a certificate: an IPv6 address without brackets.
    pub(super) fn name(&self) -> String {
        plain(&self.host)
    }

    /// The port of the URL.
    pub(super) fn port(&self) -> u16 {
        self.ports.first().copied().unwrap_or(policy::HTTPS)
    }

    /// Whether the URL asks for TLS.
    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl Plan {
    /// Reads the arguments.
    pub(super) fn new(args: &ProbeArgs) -> Result<Self, UsageError> {
        let given = match (&args.url, &args.host) {
            (Some(text), _) => Some(text.clone()),
            (None, Some(host)) => Some(on_prem_url(host)?),
            (None, None) => None,
        };
        let url = given.as_deref().map(|text| site_url("--url", text)).transpose()?;
        let target = match (args.target, &url) {
            (Some(Target::Direct), _) if args.host.is_some() => {
                return Err(UsageError(
                    "use --host with --target direct: only a CSSM On-Prem has a host of its own".to_owned(),
                ));
            }
            (Some(target), _) => target,
            (None, Some(url)) if policy::is_cisco(url.host_str().unwrap_or_default()) => Target::Direct,
            (None, _) => Target::Onprem,
        };
        let urls = match (url, target) {
            (Some(url), _) => vec![site(url, target, true)?],
            (None, Target::Direct) => policy::DIRECT_URLS
                .iter()
                .map(|text| site(site_url("--url", text)?, target, false))
                .collect::<Result<_, _>>()?,
            (None, Target::Onprem) => {
                return Err(UsageError(
                    "probe a CSSM On-Prem that is not named: give --url URL or --host HOST".to_owned(),
                ));
            }
        };
        Ok(Self {
            target,
            urls,
            dns: args.dns.as_deref().map(dns_server).transpose()?,
            ca: args.ca.clone(),
            proxy: args.proxy.as_deref().map(proxy).transpose()?,
            ntp: args.ntp.as_deref().map(|text| peer("--ntp", text, Some(policy::NTP))).transpose()?,
            timeout: args.timeout,
        })
    }

    /// The name of the trust store in words.
    pub(super) fn trust_store(&self) -> String {
        self.ca.as_deref().map_or_else(|| "system".to_owned(), |path: &Path| path.display().to_string())
    }
}

/// The host without the brackets of an IPv6 address.
pub(super) fn plain(host: &Host<String>) -> String {
    match host {
        Host::Domain(name) => name.clone(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    }
}

/// The host if it is an address: nothing has to be resolved then.
pub(super) fn literal(host: &Host<String>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(ip) => Some((*ip).into()),
        Host::Ipv6(ip) => Some((*ip).into()),
    }
}

fn site(url: Url, target: Target, given: bool) -> Result<Site, UsageError> {
    let host = url.host().map(|host| host.to_owned());
    let host = host.ok_or_else(|| UsageError(format!("use {url}: it names no host")))?;
    let ports = match (url.port(), url.port_or_known_default().unwrap_or(policy::HTTPS), target) {
        // A port in the URL wins.
        (Some(port), _, _) => vec![port],
        (None, port, Target::Onprem) => vec![port],
        (None, port, Target::Direct) => std::iter::once(port)
            .chain(policy::DIRECT_PORTS.into_iter().filter(|other| *other != port))
            .collect(),
    };
    Ok(Site { url, host, ports, given })
}

fn site_url(option: &str, text: &str) -> Result<Url, UsageError> {
    let wrong = |why: &str| UsageError(format!("use {option} {text}: {why}"));
    let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(wrong("a Transport URL begins with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // It is not repeated: what stands there may be a password.
        return Err(UsageError(format!("use {option}: a Transport URL holds no user name")));
    }
    Ok(url)
}

/// The documented Transport URL of a CSSM On-Prem.
fn on_prem_url(host: &str) -> Result<String, UsageError> {
    let wrong = |why: &str| UsageError(format!("use --host {host}: {why}"));
    let host = host.trim();
    let bare = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.to_owned(),
    };
    if bare.contains(['/', '@', '?', '#', '\\']) {
        return Err(wrong("give a host, or its whole Transport URL with --url"));
    }
    Ok(format!("https://{bare}{}", policy::ON_PREM_SMART))
}

/// The server of `--dns`: an address, since a name would need a DNS server first.
fn dns_server(text: &str) -> Result<SocketAddr, UsageError> {
    let peer = peer("--dns", text, Some(policy::DNS))?;
    match literal(&peer.host) {
        Some(ip) => Ok(SocketAddr::new(ip, peer.port)),
        None => Err(UsageError(format!("use --dns {text}: give the server's address"))),
    }
}

fn proxy(text: &str) -> Result<Peer, UsageError> {
    let bare = text.strip_prefix("http://").unwrap_or(text);
    if bare.contains('@') {
        return Err(UsageError(
            "use --proxy with a user name: UCCX takes a host and a port, and so does this".to_owned(),
        ));
    }
    peer("--proxy", bare.trim_end_matches('/'), None)
}

/// `HOST`, `HOST:PORT`, `[::1]:PORT`, `::1`.
fn peer(option: &str, text: &str, port: Option<u16>) -> Result<Peer, UsageError> {
    let wrong = |why: &str| UsageError(format!("use {option} {text}: {why}"));
    let text_of = text.trim();
    if let Ok(IpAddr::V6(ip)) = text_of.parse::<IpAddr>() {
        let port = port.ok_or_else(|| wrong("write [ADDRESS]:PORT"))?;
        return Ok(Peer { host: Host::Ipv6(ip), port });
    }
    let (host, port) = match text_of.rsplit_once(':') {
        Some((host, number)) if !number.ends_with(']') => {
            let number = number.parse().ok().filter(|number| *number != 0);
            (host, number.ok_or_else(|| wrong("the port is no number from 1 to 65535"))?)
        }
        _ => (text_of, port.ok_or_else(|| wrong("write HOST:PORT"))?),
    };
    let host = Host::parse(host).map_err(|error| wrong(&error.to_string()))?;
    Ok(Peer { host, port })
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    /// The plan of these arguments of `probe`.
    pub(in crate::probe) fn plan(args: &[&str]) -> Result<Plan, UsageError> {
        let all = ["uccxray", "probe"].into_iter().chain(args.iter().copied());
        match Cli::parse_from(all).command {
            Some(Command::Probe(args)) => Plan::new(&args),
            _ => unreachable!("it says probe"),
        }
    }

    #[test]
    fn direct_without_a_url_asks_the_two_that_cisco_documents() {
        let plan = plan(&["--target", "direct"]).unwrap();
        let urls: Vec<&str> = plan.urls.iter().map(|site| site.url.as_str()).collect();
        assert_eq!(urls, policy::DIRECT_URLS);
        assert!(plan.urls.iter().all(|site| site.ports == [443, 80] && !site.given));
    }

    #[test]
    fn a_port_in_the_url_wins() {
        let plan = plan(&["--url", "https://ssm.example.com:8443/x"]).unwrap();
        assert_eq!(plan.target, Target::Onprem);
        assert_eq!(plan.urls[0].ports, [8443]);
    }

    #[test]
    fn a_host_becomes_the_documented_url() {
        #[track_caller]
        fn check(host: &str, url: &str) {
            assert_eq!(plan(&["--host", host]).unwrap().urls[0].url.as_str(), url);
        }
        let path = "/Transportgateway/services/DeviceRequestHandler/SmartTransport";
        check("ssm.example.com", &format!("https://ssm.example.com{path}"));
        check("2001:db8::7", &format!("https://[2001:db8::7]{path}"));
    }

    #[test]
    fn a_url_shows_its_target() {
        let plan = plan(&["--url", policy::DIRECT_URLS[0]]).unwrap();
        assert_eq!((plan.target, plan.urls[0].given), (Target::Direct, true));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        #[track_caller]
        fn check(args: &[&str], why: &str) {
            let error = plan(args).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        check(&["--target", "onprem"], "--url URL or --host HOST");
        check(&["--target", "direct", "--host", "ssm.example.com"], "only a CSSM On-Prem");
        check(&["--url", "ssm.example.com"], "--url ssm.example.com");
        check(&["--url", "ftp://ssm.example.com"], "https://");
        check(&["--host", "a/b"], "--url");
        check(&["--target", "direct", "--dns", "ns.example.com"], "address");
        check(&["--target", "direct", "--proxy", "proxy.example.com"], "HOST:PORT");
        check(&["--target", "direct", "--proxy", "u:p@proxy.example.com:80"], "user name");
        check(&["--target", "direct", "--ntp", "ntp.example.com:0"], "1 to 65535");
        let secret = plan(&["--url", "https://u:hunter2@ssm.example.com/"]).unwrap_err().to_string();
        assert!(!secret.contains("hunter2"));
    }

    #[test]
    fn peers_are_names_or_addresses() {
        let v6 = Peer { host: Host::Ipv6("::1".parse().unwrap()), port: 53 };
        assert_eq!(peer("--dns", "::1", Some(53)).unwrap(), v6);
        assert_eq!(peer("--dns", "[::1]", Some(53)).unwrap(), v6);
        assert_eq!(peer("--dns", "[::1]:53", None).unwrap(), v6);
        assert_eq!(peer("--ntp", "ntp.example.com", Some(123)).unwrap().to_string(), "ntp.example.com:123");
    }
}
