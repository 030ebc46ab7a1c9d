//! What a certificate says, and whether a chain of them is to be trusted.

use std::net::IpAddr;
use std::path::Path;

use parsers::stamp::Instant;
use reports::time::Time;
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use serde_json::{Value, json};
use url::Host;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};

use super::UsageError;
use super::session::provider;
use super::wire::remote;

/// Most alternative names that are kept of one certificate.
const NAMES_MAX: usize = 50;

/// What a certificate says. Texts are ready for a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// `None`: a time outside of the calendar.
    pub(super) not_before: Option<Instant>,
    pub(super) not_after: Option<Instant>,
    /// The common name of the subject.
    pub(super) cn: Option<String>,
    /// Alternative names: DNS names and addresses.
    pub(super) san: Vec<String>,
    /// Whether it is issued by its own subject.
    pub(super) self_issued: bool,
}

impl Facts {
    /// Reads a certificate; `None` if it is none.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        let at = |time: &x509_parser::time::ASN1Time| Instant::from_timestamp(time.timestamp(), 0);
        let san = certificate.subject_alternative_name().ok().flatten();
        let san = san.map(|san| san.value.general_names.iter().filter_map(name).take(NAMES_MAX).collect());
        let cn = certificate.subject().iter_common_name().next();
        Some(Self {
            subject: distinguished(certificate.subject()),
            issuer: distinguished(certificate.issuer()),
            not_before: at(&validity.not_before),
            not_after: at(&validity.not_after),
            cn: cn.and_then(|cn| cn.as_str().ok()).map(remote),
            san: san.unwrap_or_default(),
            self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        })
    }

    /// As it stands in JSON.
    pub(super) fn json(&self) -> Value {
        json!({
            "subject": self.subject,
            "issuer": self.issuer,
            "not_before": self.not_before.map(|at| Time(at).text()),
            "not_after": self.not_after.map(|at| Time(at).text()),
            "san": self.san,
            "self_issued": self.self_issued,
        })
    }

    /// Which name of the certificate is that of the host; `None` if none is.
    ///
    /// Source: Cisco, UCCX Features Guide: the host "must match" CN or SAN.
    pub(super) fn name_for(&self, host: &Host<String>) -> Option<(&'static str, &str)> {
        let fits = |name: &str| match host {
            Host::Domain(host) => fits(name, host),
            Host::Ipv4(ip) => name.parse::<IpAddr>().is_ok_and(|name| name == IpAddr::from(*ip)),
            Host::Ipv6(ip) => name.parse::<IpAddr>().is_ok_and(|name| name == IpAddr::from(*ip)),
        };
        let san = self.san.iter().find(|name| fits(name)).map(|name| ("SAN", name.as_str()));
        // RFC 6125: the common name counts only where there is no alternative name.
        let cn = self.cn.as_deref().filter(|name| self.san.is_empty() && fits(name));
        san.or(cn.map(|name| ("CN", name)))
    }

    /// Everything the certificate calls itself, for a sentence.
    pub(super) fn names(&self) -> String {
        let mut names: Vec<&str> = self.san.iter().map(String::as_str).take(5).collect();
        if names.is_empty() {
            names.extend(self.cn.as_deref());
        }
        let more = self.san.len().saturating_sub(names.len());
        let all = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
        if more > 0 { format!("{all} and {more} more") } else { all }
    }
}

/// A DNS name of a certificate against a host; `*` stands for one whole label, the first.
fn fits(name: &str, host: &str) -> bool {
    let (name, host) = (name.trim_end_matches('.'), host.trim_end_matches('.'));
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && parent.contains('.') && rest.eq_ignore_ascii_case(parent)
        }),
        None => name.eq_ignore_ascii_case(host),
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(remote(name)),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or(v6).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn distinguished(name: &X509Name<'_>) -> String {
    let text = remote(&name.to_string());
    if text.is_empty() { "(empty)".to_owned() } else { text }
}

/// What is trusted.
#[derive(Debug)]
pub(super) struct Roots {
    store: RootCertStore,
    /// As they stand in the file; empty for those of this host.
    exact: Vec<CertificateDer<'static>>,
    /// Whether the user named them.
    pub(super) given: bool,
    /// What could not be read of this host's, for standard error.
    pub(super) errors: Vec<String>,
}

impl Roots {
    /// The certificates of a file, or those of this host.
    pub(super) fn load(file: Option<&Path>) -> Result<Self, UsageError> {
        let mut store = RootCertStore::empty();
        let Some(path) = file else {
            let native = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(native.certs);
            let errors = native.errors.iter().map(ToString::to_string).collect();
            return Ok(Self { store, exact: Vec::new(), given: false, errors });
        };
        let wrong = |why: &dyn std::fmt::Display| UsageError(format!("use --ca {}: {why}", path.display()));
        let text = std::fs::read(path).map_err(|error| wrong(&error))?;
        let exact: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
        let (added, _) = store.add_parsable_certificates(exact.iter().cloned());
        if added == 0 {
            return Err(wrong(&"it holds no certificate in PEM form"));
        }
        Ok(Self { store, exact, given: true, errors: Vec::new() })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether a trusted certificate stands behind the chain. Dates do not take part: they are another question.
    pub(super) fn judge(&self, chain: &[CertificateDer<'static>], facts: &[Facts], now: Instant) -> Trust {
        let Some((leaf, others)) = chain.split_first() else { return Trust::Unknown };
        // Java, too, trusts a server certificate that stands in its store itself.
        if self.exact.contains(leaf) {
            return Trust::Yes;
        }
        let parsed = match ParsedCertificate::try_from(leaf) {
            Ok(parsed) => parsed,
            Err(error) => return Trust::No(remote(&error.to_string())),
        };
        let algorithms = provider().signature_verification_algorithms;
        let verify = |at: Instant| {
            let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
            let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.store, others, at, algorithms.all)
        };
        moments(facts, now).into_iter().fold(Trust::Unknown, |found, at| match (found, verify(at)) {
            (Trust::Unknown, Ok(())) => Trust::Yes,
            (Trust::Unknown, Err(rustls::Error::InvalidCertificate(error))) if is_date(&error) => {
                Trust::Unknown
            }
            (Trust::Unknown, Err(rustls::Error::InvalidCertificate(error))) => Trust::No(why(&error)),
            (Trust::Unknown, Err(error)) => Trust::No(remote(&error.to_string())),
            (found, _) => found,
        })
    }
}

/// Whether a chain leads to something trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It does.
    Yes,
    /// It does not, and why.
    No(String),
    /// There is no moment at which its certificates hold, so nobody can tell.
    Unknown,
}

/// Moments at which to judge a chain: one at which all of it holds, if there is one, then those of the server's own
/// certificate alone, since what is sent above it need not be what it rests on.
fn moments(facts: &[Facts], now: Instant) -> Vec<Instant> {
    let within = |facts: &[Facts]| {
        let from = facts.iter().filter_map(|facts| facts.not_before).max().unwrap_or(now);
        let until = facts.iter().filter_map(|facts| facts.not_after).min().unwrap_or(now);
        (from <= until).then(|| now.clamp(from, until))
    };
    let own = facts.get(..1).unwrap_or_default();
    let mut out: Vec<Instant> = [within(facts), within(own)].into_iter().flatten().collect();
    if out.is_empty() {
        out.push(now);
    }
    out
}

fn is_date(error: &rustls::CertificateError) -> bool {
    use rustls::CertificateError as Error;
    matches!(
        error,
        Error::Expired | Error::ExpiredContext { .. } | Error::NotValidYet | Error::NotValidYetContext { .. }
    )
}

fn why(error: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Error;
    match error {
        Error::UnknownIssuer => "no trusted certificate signs it".to_owned(),
        Error::BadSignature => "a signature in the chain is wrong".to_owned(),
        Error::InvalidPurpose | Error::InvalidPurposeContext { .. } => {
            "it is not meant for a server".to_owned()
        }
        other => remote(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(cn: &str, san: &[&str]) -> Facts {
        Facts {
            subject: format!("CN={cn}"),
            issuer: "CN=ca".to_owned(),
            not_before: None,
            not_after: None,
            cn: Some(cn.to_owned()),
            san: san.iter().map(ToString::to_string).collect(),
            self_issued: false,
        }
    }

    #[track_caller]
    fn check(cn: &str, san: &[&str], host: &str, by: Option<&str>) {
        let facts = certificate(cn, san);
        let host = Host::parse(host).unwrap();
        assert_eq!(facts.name_for(&host).map(|(by, _)| by), by);
    }

    #[test]
    fn an_alternative_name_is_the_hosts() {
        check("x", &["ssm.example.com"], "SSM.example.com", Some("SAN"));
        check("x", &["*.example.com"], "ssm.example.com", Some("SAN"));
        check("x", &["192.0.2.7"], "192.0.2.7", Some("SAN"));
        check("x", &["2001:db8::7"], "[2001:DB8:0::7]", Some("SAN"));
    }

    #[test]
    fn the_common_name_counts_where_there_is_no_other() {
        check("ssm.example.com", &[], "ssm.example.com", Some("CN"));
        check("ssm.example.com", &["other.example.com"], "ssm.example.com", None);
        check("192.0.2.7", &[], "192.0.2.7", Some("CN"));
    }

    #[test]
    fn a_wildcard_is_one_whole_label() {
        check("x", &["*.example.com"], "a.b.example.com", None);
        check("x", &["*.example.com"], "example.com", None);
        check("x", &["*.com"], "example.com", None);
        check("x", &["s*.example.com"], "ssm.example.com", None);
    }

    #[test]
    fn what_is_no_certificate_has_no_facts() {
        assert_eq!(Facts::read(b""), None);
        assert_eq!(Facts::read(&[0x30; 4_096]), None);
    }

    #[test]
    fn a_broken_certificate_is_read_or_refused_and_nothing_else() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["ssm.example.com".to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let whole = Facts::read(&der).unwrap();
        assert_eq!(whole.san, ["ssm.example.com"]);
        let roots =
            Roots { store: RootCertStore::empty(), exact: Vec::new(), given: true, errors: Vec::new() };
        let now = Instant::default();
        for at in 0..der.len() {
            assert_eq!(Facts::read(&der[..at]), None);
            let mut broken = der.clone();
            broken[at] ^= 0x81;
            let facts: Vec<Facts> = Facts::read(&broken).into_iter().collect();
            // Nothing is trusted here, broken or not.
            assert_ne!(roots.judge(&[CertificateDer::from(broken)], &facts, now), Trust::Yes);
        }
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (0..9).map(|n| format!("n{n}.example.com")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(certificate("x", &names).names().ends_with("n4.example.com and 4 more"));
        assert_eq!(certificate("x", &[]).names(), "x");
    }
}
