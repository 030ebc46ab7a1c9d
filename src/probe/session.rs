//! One connection, all the way: CONNECT, TLS, GET. What is found on the way is kept, wherever it ends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::plan::{Plan, Site};
use super::wire::{Answer, Class, Timed, Trouble, ask};

/// What came of a connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// What the connection went to.
    pub(super) to: Option<SocketAddr>,
    /// The proxy's answer to CONNECT; `None` without a proxy.
    pub(super) tunnel: Option<Result<Answer, Trouble>>,
    /// The handshake; `None` if it was not reached or the URL asks for none.
    pub(super) tls: Option<Result<Handshake, Trouble>>,
    /// Certificates that were presented, that of the server first, also where the handshake failed.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether the server proved that it holds the key of its certificate; `None`: it did not come to that.
    pub(super) holds_key: Option<bool>,
    /// The answer to GET; `None` if it was not asked.
    pub(super) answer: Option<Result<Answer, Trouble>>,
}

/// What was agreed.
#[derive(Clone, Debug)]
pub(super) struct Handshake {
    /// `TLS 1.3`.
    pub(super) version: &'static str,
    /// As the library names it.
    pub(super) cipher: String,
}

/// Speaks over a connection.
pub(super) fn speak(plan: &Plan, site: &Site, to: SocketAddr, mut stream: Timed) -> Session {
    let mut session = Session { to: Some(to), ..Session::default() };
    let authority = format!("{}:{}", site.host, site.port());
    if plan.proxy.is_some() && site.is_https() {
        stream.renew(plan.timeout);
        let answer = ask(&mut stream, &request("CONNECT", &authority, &authority));
        let open = answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status));
        session.tunnel = Some(answer);
        if !open {
            return session;
        }
    }
    // A URL without TLS goes to the proxy as a whole.
    let path = match plan.proxy.is_some() && !site.is_https() {
        true => site.url.as_str().to_owned(),
        false => match site.url.query() {
            Some(query) => format!("{}?{query}", site.url.path()),
            None => site.url.path().to_owned(),
        },
    };
    let host = match site.url.port() {
        Some(_) => authority,
        None => site.host.to_string(),
    };
    let get = request("GET", &path, &host);
    stream.renew(plan.timeout);
    if !site.is_https() {
        session.answer = Some(ask(&mut stream, &get));
        return session;
    }
    let recorder = Arc::new(Recorder::new());
    let begun = begin(site, recorder.clone());
    let mut tls = match begun {
        Ok(connection) => StreamOwned::new(connection, stream),
        Err(trouble) => {
            session.tls = Some(Err(trouble));
            return session;
        }
    };
    let shaken = shake(&mut tls);
    if let Ok(seen) = recorder.seen.lock() {
        session.chain = seen.chain.clone();
        session.holds_key = seen.holds_key;
    }
    let failed = shaken.is_err();
    session.tls = Some(shaken);
    if !failed {
        tls.sock.renew(plan.timeout);
        session.answer = Some(ask(&mut tls, &get));
    }
    session
}

/// A request without a body; nothing in it says who asks but the program's name.
fn request(method: &str, target: &str, host: &str) -> String {
    let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let accept = if method == "GET" { "Accept: */*\r\nConnection: close\r\n" } else { "" };
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n{accept}\r\n")
}

fn begin(site: &Site, recorder: Arc<Recorder>) -> Result<ClientConnection, Trouble> {
    let wrong = |error: &dyn std::error::Error| Trouble::new(Class::Other, error.to_string());
    let name = ServerName::try_from(site.name()).map_err(|error| wrong(&error))?;
    let config = ClientConfig::builder_with_provider(recorder.provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), name).map_err(|error| wrong(&error))
}

fn shake(tls: &mut StreamOwned<ClientConnection, Timed>) -> Result<Handshake, Trouble> {
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    let version = match tls.conn.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "unknown",
    };
    let suite = tls.conn.negotiated_cipher_suite();
    let cipher = suite.map_or_else(|| "unknown".to_owned(), |suite| format!("{:?}", suite.suite()));
    Ok(Handshake { version, cipher })
}

/// Accepts every certificate and remembers it: judged afterwards, so that its facts can be shown when it is bad.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    chain: Vec<CertificateDer<'static>>,
    holds_key: Option<bool>,
}

/// Most certificates of a chain that are kept; real ones have up to five.
const CHAIN_MAX: usize = 10;

impl Recorder {
    fn new() -> Self {
        Self { provider: Arc::new(provider()), seen: Mutex::default() }
    }

    fn signed(&self, proof: &Result<HandshakeSignatureValid, rustls::Error>) -> HandshakeSignatureValid {
        if let Ok(mut seen) = self.seen.lock() {
            seen.holds_key = Some(proof.is_ok());
        }
        HandshakeSignatureValid::assertion()
    }
}

/// The cryptography of this program.
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut seen) = self.seen.lock() {
            let all = std::iter::once(end_entity).chain(intermediates);
            seen.chain = all.take(CHAIN_MAX).map(|certificate| certificate.clone().into_owned()).collect();
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.signed(&rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.signed(&rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
