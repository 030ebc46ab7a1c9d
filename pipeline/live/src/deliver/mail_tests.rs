//! Mail against a server on loopback.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::testing::{Folder, alert, at};
use super::{Failure, Means, Secret, Sink, SinkConfig};

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// What a server does.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    StartTls,
    Plain,
    Rejects,
}

/// A server for one connection: its port, the certificate to trust, and what it was told, at its end.
fn server(kind: Kind) -> (u16, String, mpsc::Receiver<String>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut log = String::new();
        let mut reader: BufReader<Box<dyn Stream>> = BufReader::new(Box::new(stream.try_clone().unwrap()));
        let mut raw = Some(stream);
        let mut is_encrypted = false;
        let say = |reader: &mut BufReader<Box<dyn Stream>>, text: &str| {
            let _ = reader.get_mut().write_all(format!("{text}\r\n").as_bytes());
            let _ = reader.get_mut().flush();
        };
        say(&mut reader, "220 example.com");
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                break;
            }
            log.push_str(&line);
            let word = line.split([' ', '\r', ':']).next().unwrap().to_uppercase();
            match word.as_str() {
                "EHLO" if kind == Kind::StartTls && !is_encrypted => {
                    say(&mut reader, "250-example.com\r\n250 STARTTLS")
                }
                "EHLO" => say(&mut reader, "250-example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN"),
                "STARTTLS" => {
                    say(&mut reader, "220 go");
                    let connection = ServerConnection::new(Arc::new(config.clone())).unwrap();
                    reader = BufReader::new(Box::new(StreamOwned::new(connection, raw.take().unwrap())));
                    is_encrypted = true;
                    log.push_str("(encrypted)\n");
                }
                "AUTH" => say(&mut reader, "235 ok"),
                "MAIL" if kind == Kind::Rejects => say(&mut reader, "550 not you"),
                "DATA" => {
                    say(&mut reader, "354 go");
                    let mut data = String::new();
                    while data != ".\r\n" {
                        data.clear();
                        reader.read_line(&mut data).unwrap();
                        log.push_str(&data);
                    }
                    say(&mut reader, "250 taken");
                }
                "QUIT" => say(&mut reader, "221 bye"),
                _ => say(&mut reader, "250 ok"),
            }
        }
        sender.send(log).unwrap();
    });
    (port, made.cert.pem(), receiver)
}

fn send(port: u16, pem: Option<&str>, more: &str) -> Result<(), Failure> {
    let folder = Folder::new("mail");
    let ca = pem
        .map(|pem| format!("ca-file = \"{}\"\n", folder.write("ca.pem", pem).display()))
        .unwrap_or_default();
    let text = format!(
        "name = \"m\"\nkind = \"email\"\nserver = \"localhost\"\nport = {port}\nfrom = \"watch@example.com\"\n\
         to = [\"a@example.com\", \"b@example.com\"]\n{ca}{more}"
    );
    let config: SinkConfig = toml::from_str(&text).unwrap();
    let means = Means { stdout: Arc::new(|_| Ok(())), timeout: Duration::from_secs(5) };
    let sink = Sink::new(&config, &|_| Ok(Secret::new("hunter2")), &means).unwrap().0;
    sink.send(&alert(), "d1", at(0))
}

#[test]
fn mail_goes_encrypted_and_authenticated() {
    let (port, pem, log) = server(Kind::StartTls);
    send(port, Some(&pem), "username = \"watch\"\npassword-env = \"P\"").unwrap();
    let log = log.recv_timeout(Duration::from_secs(10)).unwrap();
    let (open, closed) = log.split_once("(encrypted)").unwrap();
    assert!(!open.contains("AUTH") && !open.contains("MAIL"), "{open}");
    for part in [
        "AUTH PLAIN",
        "RCPT TO:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "Message-ID: <uccxray.0123456789abcdef.d1@example.com>",
        "Auto-Submitted: auto-generated",
        "text/html",
        "Buy licenses",
    ] {
        assert!(closed.contains(part), "{part} is not in {closed}");
    }
}

#[test]
fn nothing_is_sent_to_a_server_without_encryption() {
    let (port, pem, log) = server(Kind::Plain);
    let failure = send(port, Some(&pem), "username = \"watch\"\npassword-env = \"P\"").unwrap_err();
    assert!(!failure.why.contains("hunter2"), "{failure:?}");
    let log = log.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(!log.contains("AUTH") && !log.contains("MAIL") && !log.contains("Subject"), "{log}");
}

#[test]
fn nothing_is_sent_to_a_server_that_nobody_vouches_for() {
    let (port, _, log) = server(Kind::StartTls);
    let (_, other, _unused) = server(Kind::Plain);
    let failure = send(port, Some(&other), "").unwrap_err();
    assert!(failure.retry, "{failure:?}");
    let log = log.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(!log.contains("MAIL"), "{log}");
}

#[test]
fn plain_mail_goes_where_it_is_allowed() {
    let (port, _, log) = server(Kind::Plain);
    send(port, None, "starttls = \"none\"").unwrap();
    let log = log.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(log.contains("Subject: [RAISED high] uccxpub: Out of Compliance"), "{log}");
}

#[test]
fn a_final_refusal_is_not_tried_again() {
    let (port, _, _log) = server(Kind::Rejects);
    let failure = send(port, None, "starttls = \"none\"").unwrap_err();
    assert!(!failure.retry && failure.why.contains("550"), "{failure:?}");
}

#[test]
fn a_server_that_answers_byte_by_byte_holds_one_attempt_and_not_the_sink() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        while stream.write_all(b"2").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let text = format!(
        "name = \"m\"\nkind = \"email\"\nserver = \"127.0.0.1\"\nport = {port}\nstarttls = \"none\"\n\
         from = \"watch@example.com\"\nto = [\"a@example.com\"]"
    );
    let config: SinkConfig = toml::from_str(&text).unwrap();
    let means = Means { stdout: Arc::new(|_| Ok(())), timeout: Duration::from_millis(200) };
    let sink = Sink::new(&config, &|_| Err(String::new()), &means).unwrap().0;
    let first = sink.send(&alert(), "d1", at(0)).unwrap_err();
    assert!(first.retry && first.why.contains("in time"), "{first:?}");
    let second = sink.send(&alert(), "d1", at(0)).unwrap_err();
    assert!(second.retry && second.why.contains("earlier attempt"), "{second:?}");
}
