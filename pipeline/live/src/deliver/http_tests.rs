//! Sinks and the worker against receivers on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant as StopWatch};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::payload::json::signature;
use super::queue::Outbox as _;
use super::queue::memory::Memory;
use super::testing::{Folder, alert, at};
use super::worker::{Delivery, Pace, test_alert};
use super::{DeadLetters, Means, Secret, Sink, SinkConfig};
use crate::clock::Clock;

/// A request as it came: its head in lower case, and its body.
type Request = (String, String);

/// Answers one connection after another with `answers`, then ends; an empty answer is none at all.
fn receiver(answers: Vec<String>) -> (u16, mpsc::Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let mut stream = listener.accept().unwrap().0;
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let head = head.to_lowercase();
            let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            sender.send((head, String::from_utf8(body).unwrap())).unwrap();
            if answer.is_empty() {
                // Held open until the other side gives up.
                let _ = reader.read(&mut [0]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, receiver)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 2\r\nConnection: close\r\n\r\nno")
}

fn sink(text: &str) -> Sink {
    let config: SinkConfig = toml::from_str(text).unwrap();
    let means = Means { stdout: Arc::new(|_| Ok(())), timeout: Duration::from_millis(1_500) };
    Sink::new(&config, &|_| Ok(Secret::new("s3cret")), &means).unwrap().0
}

fn webhook(port: u16) -> Sink {
    let text = format!(
        "name = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/in\"\nkey-env = \"K\"\nproxy = false"
    );
    sink(&text)
}

#[test]
fn a_webhook_is_signed() {
    let (port, requests) = receiver(vec![answer("200 OK", "")]);
    webhook(port).send(&alert(), "d1", at(5)).unwrap();
    let (head, body) = requests.recv().unwrap();
    let time: i64 = header(&head, "x-uccxray-timestamp").unwrap().parse().unwrap();
    assert_eq!(time, at(5).timestamp());
    assert_eq!(header(&head, "x-uccxray-signature").unwrap(), signature(b"s3cret", time, &body));
    assert_eq!(header(&head, "x-uccxray-delivery"), Some("d1"));
    assert!(body.contains("\"schema\":\"uccxray.alert/1\""), "{body}");
}

#[test]
fn answers_say_whether_to_try_again() {
    #[track_caller]
    fn check(status: &str, headers: &str, retry: bool, after: Option<u64>) {
        let (port, _requests) = receiver(vec![answer(status, headers)]);
        let failure = webhook(port).send(&alert(), "d1", at(0)).unwrap_err();
        assert_eq!((failure.retry, failure.after), (retry, after.map(Duration::from_secs)), "{failure:?}");
        assert!(failure.why.contains(status.split(' ').next().unwrap()), "{failure:?}");
    }
    check("503 Service Unavailable", "", true, None);
    check("429 Too Many Requests", "Retry-After: 7\r\n", true, Some(7));
    check("408 Request Timeout", "", true, None);
    check("404 Not Found", "Retry-After: 7\r\n", false, None);
    check("302 Found", "Location: http://127.0.0.1:1/\r\n", false, None);
}

#[test]
fn a_receiver_that_never_answers_costs_the_timeout_and_no_more() {
    let (port, _requests) = receiver(vec![String::new()]);
    let began = StopWatch::now();
    let failure = webhook(port).send(&alert(), "d1", at(0)).unwrap_err();
    assert!(failure.retry && failure.why.contains("in time"), "{failure:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_answer_that_repeats_the_secret_is_told_without_it() {
    let body = "bad token s3cret \u{1b}[31m";
    let text = format!("HTTP/1.1 401 No\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let (port, requests) = receiver(vec![text]);
    let config = format!(
        "name = \"w\"\nkind = \"webex\"\nurl = \"http://127.0.0.1:{port}/v1\"\ntoken-env = \"T\"\nroom = \"r\"\n\
         proxy = false"
    );
    let failure = sink(&config).send(&alert(), "d1", at(0)).unwrap_err();
    assert_eq!(failure.why, "answered 401: bad token (secret) \\u{1b}[31m");
    let (head, body) = requests.recv().unwrap();
    assert_eq!(header(&head, "authorization"), Some("bearer s3cret"));
    assert!(head.starts_with("post /v1/messages ") && body.contains("\"roomId\":\"r\""), "{head}{body}");
}

/// A clock that runs a thousand times as fast, so that pauses pass.
fn fast_clock() -> Clock {
    let began = StopWatch::now();
    Clock::new(move || at(i64::try_from(began.elapsed().as_millis()).unwrap()))
}

/// Delivers what is in `outbox` until nothing waits.
fn deliver(sinks: Vec<Sink>, outbox: &Arc<Memory>, folder: &Folder) -> Vec<crate::status::SinkStatus> {
    let pace = Pace { look: Duration::from_millis(5), ..Pace::default() };
    let dead = DeadLetters::new(folder.0.join("dead.jsonl"));
    let delivery = Delivery::start(sinks, Arc::<Memory>::clone(outbox), fast_clock(), dead, pace, &[]);
    delivery.wake();
    let began = StopWatch::now();
    while outbox.states().iter().any(|state| !matches!(*state, "sent" | "dead")) {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", delivery.statuses());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The last status is written just after the last row.
    std::thread::sleep(Duration::from_millis(50));
    let statuses = delivery.statuses();
    assert!(delivery.stop(Duration::from_secs(5)));
    statuses
}

#[test]
fn a_flaky_receiver_gets_each_alert_once_and_in_order() {
    let (port, requests) = receiver(vec![
        answer("503 Service Unavailable", ""),
        answer("429 Too Many Requests", "Retry-After: 2\r\n"),
        answer("200 OK", ""),
        answer("200 OK", ""),
    ]);
    let outbox = Arc::new(Memory::default());
    outbox.put("hook", "d1", alert(), at(0));
    let mut over = alert();
    over.state = reports::alerts::AlertState::Resolved;
    outbox.put("hook", "d2", over, at(0));
    let folder = Folder::new("worker");
    let statuses = deliver(vec![webhook(port)], &outbox, &folder);
    let order: Vec<String> =
        requests.iter().map(|(head, _)| header(&head, "x-uccxray-delivery").unwrap().to_owned()).collect();
    assert_eq!(order, ["d1", "d1", "d1", "d2"]);
    let status = &statuses[0];
    assert_eq!((status.delivered, status.failed, status.dead, status.waiting), (2, 2, 0, 0));
    assert_eq!(status.trouble, None);
    assert_eq!(outbox.waiting("hook"), Ok(0));
}

#[test]
fn what_nobody_takes_ends_in_the_dead_letter_file() {
    let (port, _requests) = receiver(vec![answer("400 Bad Request", "")]);
    let outbox = Arc::new(Memory::default());
    outbox.put("hook", "d1", alert(), at(0));
    // Nobody listens there, and what was put in two days ago is given up.
    outbox.put("gone", "d2", alert(), at(-2 * 86_400));
    let gone = "name = \"gone\"\nkind = \"syslog\"\naddress = \"tcp://127.0.0.1:1\"";
    let folder = Folder::new("worker");
    let statuses = deliver(vec![webhook(port), sink(gone)], &outbox, &folder);
    assert_eq!(outbox.states(), ["dead", "dead"]);
    assert!(statuses.iter().all(|status| status.dead == 1 && status.trouble.is_some()), "{statuses:?}");
    let letters = std::fs::read_to_string(folder.0.join("dead.jsonl")).unwrap();
    assert_eq!(letters.lines().count(), 2);
    assert!(letters.contains("answered 400") && letters.contains("\"sink\":\"gone\""), "{letters}");
}

#[test]
fn an_alert_found_half_sent_is_told_again_and_says_so() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&told);
    let stdout = move |line: &str| {
        lines.lock().unwrap().push(line.to_owned());
        Ok(())
    };
    let config: SinkConfig = toml::from_str("name = \"out\"\nkind = \"stdout\"").unwrap();
    let means = Means { stdout: Arc::new(stdout), timeout: Duration::from_secs(1) };
    let sink = Sink::new(&config, &|_| Err(String::new()), &means).unwrap().0;
    let outbox = Arc::new(Memory::default());
    outbox.put("out", "d1", test_alert(&fast_clock()), at(0));
    outbox.sending("d1").unwrap();
    deliver(vec![sink], &outbox, &Folder::new("worker"));
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("[RAISED info, test, may repeat] "), "{told:?}");
}

#[test]
fn what_was_delivered_is_not_delivered_again_while_the_disk_is_full() {
    let (port, requests) = receiver(vec![answer("200 OK", ""), answer("200 OK", "")]);
    let outbox = Arc::new(Memory::default());
    outbox.1.store(5, Ordering::Relaxed);
    outbox.put("hook", "d1", alert(), at(0));
    let statuses = deliver(vec![webhook(port)], &outbox, &Folder::new("worker"));
    assert_eq!(statuses[0].delivered, 1);
    assert_eq!(requests.try_iter().count(), 1);
}

/// A TLS receiver for one request: its port and its certificate; tells the body, if one comes.
fn tls_receiver() -> (u16, String, mpsc::Receiver<String>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|length| length > 0) {}
        let Some(length) = header(&head.to_lowercase(), "content-length").map(|text| text.parse().unwrap())
        else {
            return;
        };
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(answer("200 OK", "").as_bytes()).unwrap();
        sender.send(String::from_utf8(body).unwrap()).unwrap();
    });
    (port, made.cert.pem(), receiver)
}

#[test]
fn a_chat_room_is_reached_by_tls_and_by_nobody_who_pretends_to_be_it() {
    for is_right in [true, false] {
        let (port, pem, bodies) = tls_receiver();
        let pem = if is_right { pem } else { tls_receiver().1 };
        let folder = Folder::new("tls");
        let ca = folder.write("ca.pem", &pem);
        let text = format!(
            "name = \"s\"\nkind = \"slack\"\nurl-env = \"U\"\nproxy = false\nca-file = \"{}\"",
            ca.display()
        );
        let config: SinkConfig = toml::from_str(&text).unwrap();
        let means = Means { stdout: Arc::new(|_| Ok(())), timeout: Duration::from_secs(5) };
        let url = format!("https://localhost:{port}/hidden");
        let sink = Sink::new(&config, &|_| Ok(Secret::new(url.clone())), &means).unwrap().0;
        let result = sink.send(&alert(), "d1", at(0));
        if is_right {
            assert_eq!(result, Ok(()));
            assert!(bodies.recv().unwrap().contains("blocks"));
        } else {
            let failure = result.unwrap_err();
            assert!(failure.retry && !failure.why.contains("hidden"), "{failure:?}");
            assert!(bodies.recv().is_err());
        }
    }
}

/// The clock of the test stands still: what must pass is real time.
#[test]
fn a_stop_is_bounded_while_a_receiver_holds_on() {
    let (port, requests) = receiver(vec![String::new()]);
    let outbox = Arc::new(Memory::default());
    outbox.put("hook", "d1", alert(), at(0));
    let (folder, time) = (Folder::new("worker"), AtomicI64::new(0));
    let clock = Clock::new(move || at(time.load(Ordering::Relaxed)));
    let dead = DeadLetters::new(folder.0.join("dead.jsonl"));
    let delivery = Delivery::start(
        vec![webhook(port)],
        Arc::<Memory>::clone(&outbox),
        clock,
        dead,
        Pace::default(),
        &[],
    );
    requests.recv().unwrap();
    assert!(!delivery.stop(Duration::from_millis(50)));
    assert_eq!(outbox.states(), ["sending"]);
}
