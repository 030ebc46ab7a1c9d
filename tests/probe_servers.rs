//! Servers for the tests of `probe`, all on the loopback: each does one thing right, or one thing wrong.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket, Type};

/// What every name of the tests ends in; no server on the network knows it.
pub(crate) const HOST: &str = "cssm.example.com";

/// What a DNS server answers for one name and type.
#[derive(Clone, Debug)]
pub(crate) enum Dns {
    Addresses(Vec<IpAddr>),
    Code(u8),
    Silence,
}

const A: u16 = 1;
const AAAA: u16 = 28;

/// A DNS server that knows `HOST` and everything else by one rule.
pub(crate) fn dns(answer: impl Fn(&str) -> Dns + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if let Some(reply) = dns_reply(&buffer[..length], &answer) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    address.to_string()
}

/// A DNS server for which every name is the loopback.
pub(crate) fn dns_loopback() -> String {
    dns(|_| Dns::Addresses(vec!["127.0.0.1".parse().unwrap()]))
}

/// The question is copied, the records point to its name; RFC 1035, section 4.
fn dns_reply(question: &[u8], answer: &impl Fn(&str) -> Dns) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut at = 12;
    while question[at] != 0 {
        let length = usize::from(question[at]);
        name.push(String::from_utf8_lossy(&question[at + 1..=at + length]).into_owned());
        at += length + 1;
    }
    let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
    let (code, records) = match answer(&name.join(".")) {
        Dns::Silence => return None,
        Dns::Code(code) => (code, Vec::new()),
        Dns::Addresses(all) => {
            let fits = |ip: &IpAddr| kind == if ip.is_ipv4() { A } else { AAAA };
            (0, all.into_iter().filter(fits).collect())
        }
    };
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
    reply.extend(&question[12..at + 5]);
    for ip in records {
        let data = match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        reply.extend([0xc0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
        reply.extend(data);
    }
    Some(reply)
}

/// A certificate authority of the test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its chain and key.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Test Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// The root, as `--ca` takes it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `names`, changed by `change`.
    pub(crate) fn issue(&self, names: &[&str], change: impl Fn(&mut CertificateParams)) -> Identity {
        let (params, key) = params(names, change);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { pem: certificate.pem(), chain: vec![certificate.der().clone(), self.0.der().clone()], key }
    }
}

/// A certificate that signs itself.
pub(crate) fn self_signed(names: &[&str], change: impl Fn(&mut CertificateParams)) -> Identity {
    let (params, key) = params(names, change);
    let certificate = params.self_signed(&key).unwrap();
    Identity { pem: certificate.pem(), chain: vec![certificate.der().clone()], key }
}

fn params(names: &[&str], change: impl Fn(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "CSSM of a test");
    change(&mut params);
    (params, KeyPair::generate().unwrap())
}

/// Serves every connection in a thread of its own.
fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let each = Arc::new(each);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = each.clone();
            std::thread::spawn(move || each(stream));
        }
    });
    address
}

/// Reads up to the blank line behind a request; the request.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A TLS server that answers every request with `answer`, or without one if that is empty.
pub(crate) fn tls(identity: Identity, answer: &'static [u8]) -> SocketAddr {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, key)
        .unwrap();
    let config = Arc::new(config);
    serve(move |stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        if !head(&mut stream).is_empty() {
            let _ = stream.write_all(answer);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    })
}

/// A server that says `greeting` once it was asked for something, whatever that is.
pub(crate) fn plain(greeting: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| {
        let mut some = [0; 1_024];
        let _ = stream.read(&mut some);
        let _ = stream.write_all(greeting);
    })
}

/// A server that cuts every connection with a reset.
pub(crate) fn cutting() -> SocketAddr {
    serve(|stream| {
        // A linger of nothing turns the close into a reset.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    })
}

/// A server that takes connections and never says a word.
pub(crate) fn mute() -> SocketAddr {
    serve(|mut stream| {
        let mut some = [0; 1_024];
        while matches!(stream.read(&mut some), Ok(n) if n > 0) {}
    })
}

/// A port at which nothing listens: bound for a moment, then left.
pub(crate) fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A port that drops what comes: what stands in it holds the place until the test ends.
pub(crate) struct Dropping {
    pub(crate) address: SocketAddr,
    _held: (Socket, Vec<TcpStream>),
}

/// Nothing on the loopback drops packets without root, except the queue of a listener that never accepts: once it is
/// full, the kernel ignores every further request to connect, as a firewall would.
pub(crate) fn dropping() -> Dropping {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut held = Vec::new();
    while held.len() < 64 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(700)) {
            Ok(stream) => held.push(stream),
            Err(_) => return Dropping { address, _held: (socket, held) },
        }
    }
    panic!("64 connections do not fill a queue of none");
}

/// An HTTP proxy that answers every request with `answer`.
pub(crate) fn proxy_saying(answer: &'static str) -> SocketAddr {
    serve(move |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(answer.as_bytes());
    })
}

/// An HTTP proxy that connects to `to`, whatever it is asked for, if it is asked with CONNECT.
pub(crate) fn proxy_to(to: SocketAddr) -> SocketAddr {
    serve(move |mut stream| {
        if !head(&mut stream).starts_with(&format!("CONNECT {HOST}:{} HTTP/1.1\r\n", to.port())) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            return;
        }
        let mut server = TcpStream::connect(to).unwrap();
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").unwrap();
        let (mut from, mut back) = (stream.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut back));
        let _ = std::io::copy(&mut server, &mut stream);
    })
}

/// An NTP server whose clock is `ahead` seconds, and whose packet `change` changes; `None` from it: silence.
pub(crate) fn ntp(ahead: i64, change: impl Fn(&mut [u8; 48]) -> Option<()> + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut question = [0; 48];
        while let Ok((48, from)) = socket.recv_from(&mut question) {
            let now = uccxray::clock::now();
            let seconds = now.timestamp() + 2_208_988_800 + ahead;
            let fraction = (u64::from(now.timestamp_subsec_nanos()) << 32) / 1_000_000_000;
            let stamp = (u64::try_from(seconds).unwrap() << 32 | fraction).to_be_bytes();
            let mut answer = [0; 48];
            // Version 4, mode 4 (server), stratum 2.
            answer[..2].copy_from_slice(&[0b00_100_100, 2]);
            answer[24..32].copy_from_slice(&question[40..]);
            answer[32..40].copy_from_slice(&stamp);
            answer[40..].copy_from_slice(&stamp);
            if change(&mut answer).is_some() {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    address.to_string()
}
