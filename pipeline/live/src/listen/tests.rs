//! Sockets for real, on loopback.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as StopWatch};

use parsers::stamp::Instant;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;

mod idle;

/// In the middle of the validity of all certificates but those that have expired.
fn clock() -> Clock {
    Clock::new(|| Instant::from_timestamp(1_780_000_000, 0).unwrap())
}

fn start(endpoints: &[Endpoint], limits: Limits) -> Listener {
    Listener::start(endpoints, limits, clock(), Arc::new(|| {})).unwrap()
}

fn listen(endpoint: &str, limits: Limits) -> (Listener, SocketAddr) {
    let listener = start(&[endpoint.parse().unwrap()], limits);
    let address = listener.addresses()[0];
    (listener, address)
}

/// Waits until `done`; tests say what they wait for, not for how long.
#[track_caller]
fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begin = StopWatch::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Everything that comes until there are `n` messages: who sent it, and what.
#[track_caller]
fn taken(listener: &Listener, n: u64) -> Vec<(String, String)> {
    let (mut all, mut n_messages) = (Vec::<(String, String)>::new(), 0);
    wait("a message", || {
        for batch in listener.take(1 << 20) {
            n_messages += batch.n_messages;
            let text = String::from_utf8(batch.messages).unwrap();
            let sender = batch.sender.to_string();
            match all.iter_mut().find(|(other, _)| *other == sender) {
                Some((_, before)) => before.push_str(&text),
                None => all.push((sender, text)),
            }
        }
        n_messages >= n
    });
    all
}

#[track_caller]
fn check(listener: &Listener, expected: &[(&str, &str)]) {
    let n = expected.iter().map(|(_, text)| text.lines().count() as u64).sum();
    let expected: Vec<_> =
        expected.iter().map(|(from, text)| ((*from).to_owned(), (*text).to_owned())).collect();
    assert_eq!(taken(listener, n), expected);
}

fn refused(listener: &Listener, reason: &str) -> u64 {
    listener.status().sockets.values().filter_map(|socket| socket.refused.get(reason)).sum()
}

#[track_caller]
fn wait_refused(listener: &Listener, reason: &str) {
    wait(reason, || refused(listener, reason) == 1);
    wait("the end of the connection", || {
        listener.status().sockets.values().all(|socket| socket.connections == 0)
    });
}

#[test]
fn a_datagram_is_a_message() {
    let (listener, address) = listen("udp://127.0.0.1:0", Limits::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for message in ["<189>a\nb\n", "\r\n", "<189>c"] {
        socket.send_to(message.as_bytes(), address).unwrap();
    }
    check(&listener, &[("udp 127.0.0.1", "<189>a#012b\n<189>c\n")]);
    let status = listener.status().sockets.remove("udp://127.0.0.1:0").unwrap();
    assert_eq!((status.messages, status.empty, status.bytes), (2, 1, 19));
    assert!(status.receive_buffer.unwrap() >= 64 << 10);
    assert_eq!(status.kernel_drops, Some(0));
}

#[test]
fn ipv6_and_ipv4_have_the_same_port_and_are_two_senders() {
    let (first, address) = listen("udp://[::1]:0", Limits::default());
    let second = start(&[format!("udp://127.0.0.1:{}", address.port()).parse().unwrap()], Limits::default());
    UdpSocket::bind("[::1]:0").unwrap().send_to(b"six", address).unwrap();
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"four", second.addresses()[0]).unwrap();
    check(&first, &[("udp ::1", "six\n")]);
    check(&second, &[("udp 127.0.0.1", "four\n")]);
}

#[test]
fn what_the_kernel_holds_is_read_when_it_stops() {
    let (listener, address) = listen("udp://127.0.0.1:0", Limits::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for n in 0..1000 {
        socket.send_to(format!("{n}").as_bytes(), address).unwrap();
    }
    listener.stop();
    let drops = listener.status().sockets.values().filter_map(|socket| socket.kernel_drops).sum::<u64>();
    assert_eq!(taken(&listener, 1000 - drops)[0].1.lines().count() as u64, 1000 - drops);
    listener.stop();
}

#[test]
fn datagrams_that_the_kernel_drops_are_counted() {
    let socket = udp::bind(&"udp://127.0.0.1:0".parse().unwrap(), 64 << 10).unwrap();
    let kernel = kernel::Socket::of(&socket);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..2000 {
        sender.send_to(&[b'x'; 1000], socket.local_addr().unwrap()).unwrap();
    }
    assert!(kernel.drops().unwrap() > 0);
}

#[test]
fn datagrams_over_the_share_of_their_sender_are_counted() {
    let (listener, address) = listen("udp://127.0.0.1:0", Limits { sender_bytes: 100, ..Limits::default() });
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..50 {
        socket.send_to(b"123456789", address).unwrap();
    }
    wait("the last", || listener.status().sockets.values().all(|socket| socket.messages == 50));
    let over = || {
        listener.take(1 << 20).iter().map(|batch| (batch.n_messages, batch.over_limit)).collect::<Vec<_>>()
    };
    wait("the batch", || over() == [(10, 40)]);
}

#[test]
fn a_stream_mixes_both_framings_and_its_last_message_needs_no_end() {
    let (listener, address) = listen("tcp://127.0.0.1:0", Limits::default());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"<14>a\n7 <14>b\nc<14>d\0").unwrap();
    check(&listener, &[("tcp 127.0.0.1", "<14>a\n<14>b#012c\n<14>d\n")]);
    stream.write_all(b"<14>e").unwrap();
    drop(stream);
    check(&listener, &[("tcp 127.0.0.1", "<14>e\n")]);
}

#[test]
fn a_counted_message_that_is_cut_is_counted() {
    let (listener, address) = listen("tcp://127.0.0.1:0", Limits::default());
    TcpStream::connect(address).unwrap().write_all(b"5 <14>a9 <14>b").unwrap();
    check(&listener, &[("tcp 127.0.0.1", "<14>a\n")]);
    wait("the count", || listener.status().sockets.values().all(|socket| socket.incomplete == 1));
}

#[test]
fn a_count_above_the_bound_ends_the_connection() {
    let (listener, address) = listen("tcp://127.0.0.1:0", Limits::default());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"<14>a\n65537 <14>b").unwrap();
    check(&listener, &[("tcp 127.0.0.1", "<14>a\n")]);
    wait_refused(&listener, "message too long");
}

#[test]
fn a_message_that_does_not_end_ends_its_connection_and_silence_does_not() {
    let limits = Limits { message: Duration::from_millis(300), ..Limits::default() };
    let (listener, address) = listen("tcp://127.0.0.1:0", limits);
    let idle = TcpStream::connect(address).unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    let begin = StopWatch::now();
    // One byte at a time, each in time for itself.
    while refused(&listener, "too slow") == 0 {
        assert!(begin.elapsed() < Duration::from_secs(20));
        _ = slow.write_all(b"x");
        std::thread::sleep(Duration::from_millis(20));
    }
    wait("only the idle one", || listener.status().sockets.values().all(|socket| socket.connections == 1));
    (&idle).write_all(b"still here\n").unwrap();
    wait("the idle one", || {
        listener.take(1000).iter().any(|batch| batch.messages.ends_with(b"still here\n"))
    });
}

#[test]
fn connections_over_the_limit_of_an_address_are_refused() {
    let (listener, address) =
        listen("tcp://127.0.0.1:0", Limits { connections_per_address: 2, ..Limits::default() });
    let two: Vec<_> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    wait("two connections", || listener.status().sockets.values().all(|socket| socket.connections == 2));
    let mut third = TcpStream::connect(address).unwrap();
    assert_eq!(third.read(&mut [0]).unwrap_or(0), 0);
    assert_eq!(refused(&listener, "over the limit of its address"), 1);
    drop(two);
    wait("room", || listener.status().sockets.values().all(|socket| socket.connections == 0));
    TcpStream::connect(address).unwrap().write_all(b"in\n").unwrap();
    check(&listener, &[("tcp 127.0.0.1", "in\n")]);
}

#[test]
fn a_thousand_idle_connections_leave_room_for_one_that_speaks() {
    let limits = Limits { connections_per_address: 2_000, ..Limits::default() };
    let (listener, address) = listen("tcp://127.0.0.1:0", limits);
    // As many as the descriptors of this process allow, two for each.
    let idle: Vec<_> = (0..1000).map_while(|_| TcpStream::connect(address).ok()).collect();
    assert!(idle.len() >= 100, "{}", idle.len());
    TcpStream::connect(address).unwrap().write_all(b"speaks\n").unwrap();
    check(&listener, &[("tcp 127.0.0.1", "speaks\n")]);
}

#[test]
fn a_stream_over_its_share_waits_and_loses_nothing() {
    let (listener, address) =
        listen("tcp://127.0.0.1:0", Limits { sender_bytes: 20_000, ..Limits::default() });
    let writer = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        for n in 0..20_000 {
            stream.write_all(format!("message {n}\n").as_bytes()).unwrap();
        }
    });
    let (mut all, mut over) = (Vec::new(), 0);
    wait("the end", || {
        for batch in listener.take(1 << 20) {
            all.extend(batch.messages);
            over += batch.over_limit;
        }
        all.ends_with(b"message 19999\n")
    });
    writer.join().unwrap();
    let expected: String = (0..20_000).map(|n| format!("message {n}\n")).collect();
    assert!(all == expected.as_bytes() && over == 0);
}

#[test]
fn what_cannot_be_opened_is_said() {
    let (_listener, address) = listen("tcp://127.0.0.1:0", Limits::default());
    let error = |endpoints: &[String]| {
        let endpoints: Vec<Endpoint> = endpoints.iter().map(|text| text.parse().unwrap()).collect();
        Listener::start(&endpoints, Limits::default(), clock(), Arc::new(|| {})).unwrap_err().to_string()
    };
    let taken = format!("tcp://{address}");
    assert!(error(std::slice::from_ref(&taken)).starts_with(&format!("listen at {taken}: ")));
    assert!(error(&["udp://127.0.0.1:0".into(), "udp://127.0.0.1:0".into()]).ends_with("named twice"));
    assert!(error(&["tls://127.0.0.1:0".into()]).ends_with("certificate and key are missing"));
}

/// An authority that signs what it is asked to.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key as PEM, valid until the end of `year`.
fn signed(by: &CertifiedIssuer<'static, KeyPair>, name: &str, year: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    (params.signed_by(&key, by).unwrap().pem(), key.serialize_pem())
}

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("uccxray-listen-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.0.join(name), text).unwrap();
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A listener that requires certificates of `clients`, and has one of `ours`.
fn secure(
    folder: &Folder,
    ours: &CertifiedIssuer<'static, KeyPair>,
    clients: &CertifiedIssuer<'static, KeyPair>,
    client_required: bool,
) -> (Listener, SocketAddr, TlsFiles) {
    let (chain, key) = signed(ours, "localhost", 2040);
    let files = TlsFiles {
        chain: folder.write("chain.pem", &chain),
        key: folder.write("key.pem", &key),
        client_ca: Some(folder.write("clients.pem", &clients.pem())),
        client_required,
    };
    let endpoint = "tls://127.0.0.1:0".parse::<Endpoint>().unwrap().with_tls(files.clone());
    let limits = Limits { handshake: Duration::from_millis(1500), ..Limits::default() };
    let listener = start(&[endpoint], limits);
    let address = listener.addresses()[0];
    (listener, address, files)
}

/// What a client trusts, and how it shows who it is.
fn client(trusts: &CertifiedIssuer<'static, KeyPair>, own: Option<&(String, String)>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusts.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    Arc::new(match own {
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            config
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
                .unwrap()
        }
        None => config.with_no_client_auth(),
    })
}

/// Connects, says `text` and closes.
fn say(
    address: SocketAddr,
    trusts: &CertifiedIssuer<'static, KeyPair>,
    own: Option<&(String, String)>,
    text: &str,
) -> std::io::Result<()> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(client(trusts, own), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.write_all(text.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    // With TLS 1.3 a refusal comes after what was said.
    stream.sock.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.read(&mut [0]).map(|_| ())
}

#[test]
fn tls_brings_the_name_in_the_client_certificate() {
    let (folder, ca) = (Folder::new("good"), authority("ca"));
    let (listener, address, files) = secure(&folder, &ca, &ca, false);
    let own = signed(&ca, "uccxpub", 2040);
    say(address, &ca, Some(&own), "5 <14>a<14>b\n").unwrap();
    check(&listener, &[("tls 127.0.0.1 (uccxpub)", "<14>a\n<14>b\n")]);
    say(address, &ca, None, "c").unwrap();
    check(&listener, &[("tls 127.0.0.1", "c\n")]);
    let facts = files.check(&clock()).unwrap();
    assert_eq!((facts.name.as_str(), facts.n_client_issuers), ("localhost", 1));
}

#[test]
fn tls_refuses_who_is_not_known_and_says_why() {
    let (folder, ca, other) = (Folder::new("refused"), authority("ca"), authority("other"));
    let (listener, address, _) = secure(&folder, &ca, &ca, true);
    say(address, &ca, None, "a").unwrap_err();
    wait_refused(&listener, "handshake: no client certificate");
    say(address, &ca, Some(&signed(&other, "uccxpub", 2040)), "a").unwrap_err();
    wait_refused(&listener, "handshake: client certificate of an unknown issuer");
    say(address, &ca, Some(&signed(&ca, "uccxpub", 2021)), "a").unwrap_err();
    wait_refused(&listener, "handshake: client certificate not valid at this time");
    say(address, &other, Some(&signed(&ca, "uccxpub", 2040)), "a").unwrap_err();
    wait_refused(&listener, "handshake: refused by the sender");
    TcpStream::connect(address).unwrap().write_all(b"<14>plain\n").unwrap();
    wait_refused(&listener, "no TLS");
    let _silent = TcpStream::connect(address).unwrap();
    wait_refused(&listener, "too slow");
    assert_eq!(listener.take(1000), []);
}

#[test]
fn tls_files_are_read_anew_on_demand_and_stay_if_the_new_ones_are_wrong() {
    let (folder, ca, next) = (Folder::new("reload"), authority("ca"), authority("next"));
    let (listener, address, files) = secure(&folder, &ca, &ca, false);
    let (chain, key) = signed(&next, "localhost", 2040);
    folder.write("chain.pem", &chain);
    let error = listener.reload_tls().unwrap_err().to_string();
    assert!(error.contains("key.pem") && error.ends_with("not the key of the certificate"), "{error}");
    say(address, &ca, None, "a").unwrap();
    folder.write("key.pem", &key);
    listener.reload_tls().unwrap();
    say(address, &next, None, "b").unwrap();
    check(&listener, &[("tls 127.0.0.1", "a\nb\n")]);
    let wrong = |name: &str, text: &str| {
        folder.write(name, text);
        files.check(&clock()).unwrap_err().to_string()
    };
    assert!(wrong("key.pem", "none").contains("no private key"));
    assert!(wrong("chain.pem", "none").contains("no certificate"));
    let missing = TlsFiles { chain: Path::new("/none").into(), ..files.clone() };
    assert!(missing.check(&clock()).unwrap_err().to_string().starts_with("use /none: "));
}
