//! Certificates and keys of `tls://`, and what a client certificate says.
//!
//! Source: RFC 5425, sections 4.2 and 5 (who authenticates whom).

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use parsers::stamp::Instant;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::Error;
use super::counters::reason;
use crate::clock::Clock;

/// No file of certificates is larger.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Longest name that is kept of a certificate, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Where certificates and keys are: PEM files, read at the start and on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, and those between it and its root.
    pub chain: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
    /// Issuers whose client certificates are accepted; `None`: clients are not asked for one.
    pub client_ca: Option<PathBuf>,
    /// With `client_ca`: whether a client without a certificate is refused.
    pub client_required: bool,
}

/// What a check of the files found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// The name in our certificate: the first alternative name, else the common name, else the subject.
    pub name: String,
    /// Since when it is valid; `None`: outside of the calendar.
    pub not_before: Option<Instant>,
    /// Until when it is valid; `None`: outside of the calendar. One that has expired can be used: whether to accept it
    /// is the clients' choice.
    pub not_after: Option<Instant>,
    /// How many issuers of client certificates are accepted.
    pub n_client_issuers: usize,
}

impl TlsFiles {
    /// Reads the files as [`super::Listener::start`] would.
    ///
    /// # Errors
    /// A file that cannot be read or holds nothing that can be used; a key that is not that of the certificate.
    pub fn check(&self, clock: &Clock) -> Result<TlsFacts, Error> {
        Ok(self.read(clock)?.1)
    }

    fn read(&self, clock: &Clock) -> Result<(Arc<ServerConfig>, TlsFacts), Error> {
        let chain = certificates(&self.chain)?;
        let key = PrivateKeyDer::from_pem_slice(&file(&self.key)?)
            .map_err(|_| wrong(&self.key, "it holds no private key (PEM, not encrypted)"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(Time(clock.clone())));
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| wrong(&self.chain, &error.to_string()))?;
        let mut n_client_issuers = 0;
        let builder = match &self.client_ca {
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| wrong(path, &error.to_string()))?;
                }
                n_client_issuers = roots.len();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if self.client_required { verifier } else { verifier.allow_unauthenticated() };
                let verifier = verifier.build().map_err(|error| wrong(path, &error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let own = chain.first().map(CertificateDer::as_ref).unwrap_or_default();
        let (_, own) = X509Certificate::from_der(own)
            .map_err(|_| wrong(&self.chain, "its first certificate is none"))?;
        let at = |time: &x509_parser::time::ASN1Time| Instant::from_timestamp(time.timestamp(), 0);
        let facts = TlsFacts {
            name: name(&own),
            not_before: at(&own.validity().not_before),
            not_after: at(&own.validity().not_after),
            n_client_issuers,
        };
        let config = builder.with_single_cert(chain.clone(), key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => wrong(&self.key, "it is not the key of the certificate"),
            other => wrong(&self.key, &other.to_string()),
        })?;
        Ok((Arc::new(config), facts))
    }
}

fn wrong(path: &Path, why: &str) -> Error {
    Error::Tls { path: path.to_owned(), why: why.to_owned() }
}

fn file(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path);
    let read = opened.and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| wrong(path, &error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(wrong(path, "it is larger than 4 MiB"));
    }
    Ok(bytes)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file(path)?).collect();
    let found = found.map_err(|error| wrong(path, &error.to_string()))?;
    if found.is_empty() {
        return Err(wrong(path, "it holds no certificate (PEM)"));
    }
    Ok(found)
}

/// Time for the validity of client certificates: that of the watch.
#[derive(Debug)]
struct Time(Clock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let s = u64::try_from(self.0.now().timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(s)))
    }
}

/// What is in use now, and where it came from.
#[derive(Clone)]
pub(super) struct Live {
    files: TlsFiles,
    config: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Live {
    pub(super) fn load(files: &TlsFiles, clock: &Clock) -> Result<Self, Error> {
        Ok(Self { files: files.clone(), config: Arc::new(RwLock::new(files.read(clock)?.0)) })
    }

    pub(super) fn read(&self, clock: &Clock) -> Result<Arc<ServerConfig>, Error> {
        Ok(self.files.read(clock)?.0)
    }

    pub(super) fn set(&self, config: Arc<ServerConfig>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The name in a verified client certificate; `None` if it cannot be read.
pub(super) fn name_of(certificate: &CertificateDer<'_>) -> Option<String> {
    Some(name(&X509Certificate::from_der(certificate).ok()?.1))
}

fn name(certificate: &X509Certificate<'_>) -> String {
    let san = certificate.subject_alternative_name().ok().flatten();
    let san = san.and_then(|san| {
        san.value.general_names.iter().find_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => {
                let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
                let v6 = <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
                v4.or(v6).ok().map(|address| address.to_string())
            }
            _ => None,
        })
    });
    let subject = certificate.subject();
    let common = || subject.iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
    let name = san.or_else(common).unwrap_or_else(|| subject.to_string());
    // Whoever has a certificate chose its words: no control characters, and not too many.
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(NAME_CHARS_MAX).collect()
}

/// Why a handshake failed.
pub(super) fn reason_of(error: &io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => reason::NO_TLS,
        Some(rustls::Error::NoCertificatesPresented) => reason::NO_CERTIFICATE,
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => reason::EXPIRED,
            // A signature that does not fit is that of another issuer with the same name.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => reason::ISSUER,
            _ => reason::CERTIFICATE,
        },
        Some(rustls::Error::AlertReceived(_)) => reason::SENDER,
        Some(rustls::Error::PeerIncompatible(_)) => reason::VERSION,
        Some(_) => reason::FAILED,
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => reason::ENDED,
            _ => reason::FAILED,
        },
    }
}
