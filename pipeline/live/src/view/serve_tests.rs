//! The server as clients meet it, over real sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream as Client;
use std::time::Instant;

use super::*;
use crate::view::testing::{hostile, kitchen_sink};

const TOKEN: &str = "a-token-of-good-length";

struct Watch {
    server: Server,
    sender: watch::Sender<Arc<Snapshot>>,
}

fn watch_of(config: ServeConfig, snapshot: Snapshot) -> Watch {
    let (sender, receiver) = watch::channel(Arc::new(snapshot));
    let server = Server::start("127.0.0.1:0".parse().unwrap(), config, receiver).unwrap();
    Watch { server, sender }
}

fn open() -> Watch {
    let mut snapshot = kitchen_sink(1);
    snapshot.troubles.clear();
    snapshot.sources[1].trouble = None;
    watch_of(ServeConfig::default(), snapshot)
}

impl Watch {
    fn client(&self) -> Client {
        let client = Client::connect(self.server.addr()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client
    }

    /// Sends one request and reads the answer to its end.
    fn ask(&self, head: &str) -> String {
        let mut client = self.client();
        client.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost"))
    }

    /// A reader of the stream that has got its first event.
    fn reader(&self) -> (Client, String) {
        let mut client = self.client();
        client.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let first =
            until(&mut client, |text| text.contains("HTTP/1.1 503") || is_event(text, "event: snapshot"));
        (client, first)
    }
}

fn is_event(text: &str, what: &str) -> bool {
    text.split_once(what).is_some_and(|(_, behind)| behind.contains("\n\n"))
}

fn until(client: &mut Client, is_enough: impl Fn(&str) -> bool) -> String {
    let (mut text, mut piece) = (String::new(), [0; 65_536]);
    while !is_enough(&text) {
        match client.read(&mut piece) {
            Ok(0) | Err(_) => panic!("ended after {} bytes", text.len()),
            Ok(n) => text.push_str(&String::from_utf8_lossy(&piece[..n])),
        }
    }
    text
}

#[track_caller]
fn check(answer: &str, status: &str, needles: &[&str]) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")),
        "{}",
        answer.lines().next().unwrap_or_default()
    );
    for needle in needles {
        assert!(answer.contains(needle), "{needle} is not in the answer");
    }
}

#[test]
fn every_view_is_served_with_its_type_and_policy() {
    let watch = open();
    check(
        &watch.get("/"),
        "200",
        &[
            "content-type: text/html; charset=utf-8",
            "content-security-policy: default-src 'none'; connect-src 'self'; style-src 'sha256-",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "UCCX license watch",
        ],
    );
    check(&watch.get("/report.html"), "200", &["frame-ancestors 'none'", "UCCX license report"]);
    check(&watch.get("/report.json"), "200", &["content-type: application/json", "\"schema_version\""]);
    check(
        &watch.get("/metrics"),
        "200",
        &[&format!("content-type: {}", super::super::metrics::OPENMETRICS_TYPE), "# EOF"],
    );
    let older = watch.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain");
    check(&older, "200", &["content-type: text/plain; version=0.0.4", "# TYPE uccxray_build_info gauge"]);
    check(&watch.get("/healthz"), "200", &["\r\n\r\nok\n"]);
    check(&watch.get("/favicon.ico"), "204", &[]);
    check(&watch.get("/other"), "404", &["default-src 'none'"]);
    let head = watch.ask("HEAD / HTTP/1.1\r\nHost: localhost");
    check(&head, "200", &["content-length: "]);
    assert!(head.ends_with("\r\n\r\n"), "the answer to HEAD has no body");
    watch.server.stop();
}

#[test]
fn nothing_can_be_changed() {
    let watch = open();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = watch.ask(&format!("{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0"));
        check(&answer, "405", &["allow: GET, HEAD"]);
    }
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    let (_sender, receiver) = watch::channel(Arc::new(kitchen_sink(1)));
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let addr = addr.parse().unwrap();
        let error = Server::start(addr, ServeConfig::default(), receiver.clone()).unwrap_err();
        assert!(matches!(error, Error::TokenRequired(_)), "{error}");
        assert!(error.to_string().contains("a token is required"), "{error}");
    }
    let token =
        |text: &str| ServeConfig { token: Some(Secret::new(text.to_owned())), ..ServeConfig::default() };
    let short = Server::start("127.0.0.1:0".parse().unwrap(), token("short"), receiver.clone());
    assert!(matches!(short, Err(Error::TokenShort)));
    let server = Server::start("0.0.0.0:0".parse().unwrap(), token(TOKEN), receiver).unwrap();
    assert!(!format!("{:?} {server:?}", token(TOKEN)).contains(TOKEN), "a token is never printed");
}

#[test]
fn a_token_opens_what_is_closed_without_it() {
    let config = ServeConfig { token: Some(Secret::new(TOKEN.to_owned())), ..ServeConfig::default() };
    let mut snapshot = kitchen_sink(1);
    snapshot.troubles = vec!["no space for uccxpub".to_owned()];
    let watch = watch_of(config, snapshot);
    for path in ["/", "/events", "/report.json", "/report.html", "/metrics", "/other", "/metrics?token=x"] {
        let answer = watch.get(path);
        check(&answer, "401", &["www-authenticate: Bearer"]);
        assert!(!answer.contains("uccxpub"), "{path}");
    }
    // Health needs none, and tells nothing about the system.
    let health = watch.get("/healthz");
    check(&health, "503", &["Sources in trouble: 1.", "Troubles of the watch itself: 1."]);
    assert!(!health.contains("uccx") && !health.contains("192.0.2"), "{health}");
    let bearer = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}");
    check(&watch.ask(&bearer), "200", &["# EOF"]);
    let kept = watch.get(&format!("/?token={TOKEN}"));
    check(&kept, "303", &["location: /\r\n", "HttpOnly; SameSite=Strict"]);
    let cookie = kept.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
    check(
        &watch.ask(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=b; {cookie}")),
        "200",
        &["uccxpub"],
    );
    for _ in 0..12 {
        watch.get("/?token=wrong");
    }
    check(&watch.get("/?token=wrong"), "429", &["retry-after: 60"]);
}

#[test]
fn a_name_that_another_site_controls_is_not_served() {
    let watch = open();
    for path in ["/", "/healthz", "/report.json"] {
        check(&watch.ask(&format!("GET {path} HTTP/1.1\r\nHost: rebind.example.com")), "403", &["localhost"]);
    }
    check(&watch.ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080"), "200", &[]);
}

#[test]
fn a_reader_hears_of_a_newer_snapshot_within_a_second() {
    let watch = open();
    let (mut client, first) = watch.reader();
    check(&first, "200", &["content-type: text/event-stream", "retry: 1000\n", "id: 1\n"]);
    let begin = Instant::now();
    for number in 2..=9 {
        watch.sender.send(Arc::new(kitchen_sink(number))).unwrap();
    }
    let next = until(&mut client, |text| text.contains("id: 9\n") && is_event(text, "id: 9"));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(!next.contains("id: 3\n"), "what is not the newest is passed over");
    watch.server.stop();
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest);
    assert!(begin.elapsed() < Duration::from_secs(4), "a stream ends with the server");
}

#[test]
fn one_reader_too_many_is_refused_and_let_in_when_another_goes() {
    let config = ServeConfig { readers_max: 2, ..ServeConfig::default() };
    let watch = watch_of(config, kitchen_sink(1));
    let (one, _) = watch.reader();
    let (_two, _) = watch.reader();
    check(&watch.reader().1, "503", &["retry-after"]);
    drop(one);
    let begin = Instant::now();
    let mut number = 2;
    while watch.reader().1.starts_with("HTTP/1.1 503") {
        assert!(begin.elapsed() < Duration::from_secs(10), "the place was not given back");
        // A closed connection is noticed when it is written to.
        watch.sender.send(Arc::new(kitchen_sink(number))).unwrap();
        number += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody() {
    let watch = open();
    let mut lazy = watch.client();
    lazy.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let begin = Instant::now();
    for number in 2..200 {
        watch.sender.send(Arc::new(kitchen_sink(number))).unwrap();
    }
    check(&watch.get("/report.json"), "200", &[]);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn connections_are_bounded_and_idle_ones_do_not_hold_up_the_stop() {
    let watch = open();
    let mut idle: Vec<Client> = (0..CONNECTIONS_MAX).map(|_| watch.client()).collect();
    for client in &mut idle {
        client.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    }
    // Taken in order, so that this one comes when all places are taken.
    let mut late = watch.client();
    let mut rest = Vec::new();
    let _ = late.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let _ = late.read_to_end(&mut rest);
    assert_eq!(rest, b"", "one too many is closed without an answer");
    let begin = Instant::now();
    watch.server.stop();
    assert!(begin.elapsed() < STOP_MAX + Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn a_client_that_sends_a_byte_now_and_then_is_cut() {
    let config = ServeConfig { head_max: Duration::from_millis(500), ..ServeConfig::default() };
    let watch = watch_of(config, kitchen_sink(1));
    let (mut slow, mut silent, mut idle) = (watch.client(), watch.client(), watch.client());
    idle.write_all(b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let begin = Instant::now();
    for byte in b"GET / HTTP/1.1\r\nHost: localhost" {
        // Refused once the connection is cut.
        let _ = slow.write_all(&[*byte]);
        std::thread::sleep(Duration::from_millis(40));
    }
    for client in [&mut slow, &mut silent, &mut idle] {
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn a_head_without_end_is_cut() {
    let watch = open();
    let mut client = watch.client();
    let line = format!("X: {}\r\n", "x".repeat(1_000));
    let _ = client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n");
    for _ in 0..64 {
        let _ = client.write_all(line.as_bytes());
    }
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    check(&watch.get("/healthz"), "200", &[]);
}

#[test]
fn health_tells_that_nothing_is_published_and_that_the_watch_ended() {
    let config = ServeConfig { fresh_for: Duration::from_millis(200), ..ServeConfig::default() };
    let mut snapshot = kitchen_sink(1);
    snapshot.troubles.clear();
    snapshot.sources.clear();
    let watch = watch_of(config, snapshot.clone());
    std::thread::sleep(Duration::from_millis(400));
    check(&watch.get("/healthz"), "503", &["Nothing was published for 0 s."]);
    snapshot.number = 2;
    watch.sender.send(Arc::new(snapshot)).unwrap();
    check(&watch.get("/healthz"), "200", &["ok"]);
    let Watch { server, sender } = watch;
    drop(sender);
    let (sender, _) = watch::channel(Arc::new(kitchen_sink(1)));
    let watch = Watch { server, sender };
    check(&watch.get("/healthz"), "503", &["The watch has ended"]);
}

#[test]
fn hostile_text_stays_text_in_every_view() {
    let watch = watch_of(ServeConfig::default(), hostile());
    for path in ["/", "/report.html"] {
        let answer = watch.get(path);
        check(&answer, "200", &["&lt;img src=x"]);
        assert!(!answer.contains("<img src=x"), "{path}");
    }
    assert!(!watch.get("/").contains(['\u{1b}', '\u{202e}']));
    for path in ["/metrics", "/report.json"] {
        assert!(!watch.get(path).contains('\u{1b}'), "{path}");
    }
    assert!(!watch.reader().1.contains("<img src=x"));
}
