//! How long it takes from a datagram to those who must know: a webhook and an open page.
//!
//! Each alarm is the first of a system of its own, so that each raises one alert. Ten systems to a watch, then a new
//! watch: nobody has hundreds. A last run has as many systems as alarms, to show how the time grows with them. The receiver answers one request at a time, as the watch sends them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::load::{Sender, since_1970, stamp};
use super::process::{self, Watch};
use super::rates::fresh;

/// Messages a second behind which alarms come the second time.
const BACKGROUND: u64 = 5_000;

/// Systems that one watch knows.
const SYSTEMS: usize = 10;

/// Shortest time between two alarms.
const PAUSE_MS: u64 = 200;

/// How long the last alerts are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What begins the name of a system; four digits follow.
const NAME: &[u8] = b"uccxn";

/// Only what an alarm raises: no alert because time passes.
const OTHERS: &str = "overage enforced deadline registration service-down transport-failure usage-high source-silent \
                      product-quiet";

/// When what was first seen, by number.
type Seen = Arc<Mutex<BTreeMap<usize, Instant>>>;

/// Idle and not; then with more systems than anybody has.
pub(super) fn run(program: &Path, dir: &Path, alarms: usize) -> Result<String, String> {
    let mut out = String::from(
        "| behind | systems | to | alarms | arrived | p50 ms | p99 ms | max ms | load |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (rate, systems) in [(0, SYSTEMS), (BACKGROUND, SYSTEMS), (0, alarms)] {
        let (mut told, mut shown) = (Vec::new(), Vec::new());
        let load = process::load();
        let mut left = alarms;
        while left > 0 {
            let (of_told, of_shown) = once(program, dir, systems.min(left), rate)?;
            told.extend(of_told);
            shown.extend(of_shown);
            left -= systems.min(left);
        }
        let behind = if rate == 0 { "nothing".to_owned() } else { format!("{rate}/s") };
        for (to, took) in [("webhook", &mut told), ("/events", &mut shown)] {
            row(&mut out, &format!("| {behind} | 1 to {systems} | {to} | {alarms}"), took, &load);
            eprintln!("{}", out.lines().last().unwrap_or_default());
        }
    }
    Ok(out)
}

/// Milliseconds to the webhook and to the page, of those alarms that arrived there.
type Took = (Vec<f64>, Vec<f64>);

/// A new watch, and one alarm of each system.
fn once(program: &Path, dir: &Path, systems: usize, rate: u64) -> Result<Took, String> {
    let dir = fresh(dir, &format!("latency-{rate}"))?;
    let io = |error: std::io::Error| format!("cannot prepare: {error}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(io)?;
    let hook = listener.local_addr().map_err(io)?;
    let off: Vec<String> = OTHERS.split_whitespace().map(|rule| format!("\"{rule}\"")).collect();
    fs::write(dir.join("key"), "0123456789abcdef0123456789abcdef").map_err(io)?;
    let config = dir.join("watch.toml");
    let text = format!(
        "[watch.rules]\nper-hour = 100000\noff = [{}]\n[[watch.sink]]\nname = \"hook\"\nkind = \"webhook\"\n\
         url = \"http://{hook}/\"\nkey_file = \"key\"\nproxy = false\n",
        off.join(", ")
    );
    fs::write(&config, text).map_err(io)?;
    let told = Seen::default();
    let keep = Arc::clone(&told);
    std::thread::spawn(move || receive(&listener, &keep));
    let config = config.to_string_lossy().into_owned();
    // Nodes that one source names are one system, unless it is said otherwise.
    let clusters: Vec<String> = (0..systems).map(|n| format!("--cluster=system{n:04}=uccxn{n:04}")).collect();
    let mut arguments = vec!["--release", "12.5SU3", "--config", &config];
    arguments.extend(clusters.iter().map(String::as_str));
    let watch = Watch::start(program, &dir, &arguments)?;
    let shown = Seen::default();
    let keep = Arc::clone(&shown);
    let stream = watch.ask("/events")?;
    std::thread::spawn(move || listen(stream, &keep));
    // As long as the alarms take, and the wait for the last.
    let seconds = systems as u64 * PAUSE_MS * 2 / 1_000 + 5;
    let mut sender = match rate {
        0 => None,
        rate => Some(Sender::start("udp", &watch.udp, rate, seconds)?),
    };
    std::thread::sleep(Duration::from_secs(2));
    let socket = UdpSocket::bind("127.0.0.1:0").and_then(|socket| {
        socket.connect(&watch.udp)?;
        Ok(socket)
    });
    let socket = socket.map_err(io)?;
    let mut sent = Vec::new();
    let mut random = 0x9e37_79b9_u64;
    for n in 0..systems {
        let now = since_1970();
        let line = format!(
            "<185>{n}: uccxn{n:04}.example.com: {}.{:03} UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified \
             CCX Cluster View Daemon][ClusterID=][NodeID=uccxn{n:04}]: This Product Instance is currently in Out of \
             Compliance state because of insufficient licenses.",
            stamp(now.as_secs()),
            now.subsec_millis()
        );
        sent.push(Instant::now());
        socket.send(line.as_bytes()).map_err(io)?;
        // Not in step with anything that the watch does at intervals.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(PAUSE_MS + (random >> 33) % PAUSE_MS));
    }
    let began = Instant::now();
    let n_seen = |seen: &Seen| seen.lock().unwrap_or_else(PoisonError::into_inner).len();
    while began.elapsed() < PATIENCE && (n_seen(&told) < systems || n_seen(&shown) < systems) {
        std::thread::sleep(Duration::from_millis(50));
    }
    if let Some(sender) = sender.take() {
        sender.stop();
    }
    watch.end();
    let took = |seen: &Seen| {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let took =
            |(n, at): (usize, &Instant)| Some(seen.get(&n)?.duration_since(*at).as_secs_f64() * 1_000.0);
        sent.iter().enumerate().filter_map(took).collect()
    };
    let took = (took(&told), took(&shown));
    let _ = fs::remove_dir_all(&dir);
    Ok(took)
}

fn row(out: &mut String, head: &str, took: &mut [f64], load: &str) {
    took.sort_by(f64::total_cmp);
    let share = |share: f64| {
        let at = (took.len() as f64 * share).ceil() as usize;
        took.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    };
    let (p50, p99, max) = (share(0.5), share(0.99), share(1.0));
    let _ = writeln!(out, "{head} | {} | {p50:.0} | {p99:.0} | {max:.0} | {load} |", took.len());
}

/// Notes the systems that a text names, if they are new.
fn note(text: &[u8], seen: &Seen, now: Instant) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for (at, _) in text.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME) {
        let digits = text.get(at + NAME.len()..at + NAME.len() + 4);
        let number = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let Some(number) = number {
            seen.entry(number).or_insert(now);
        }
    }
}

/// A webhook that notes when each body was complete, and answers 200.
fn receive(listener: &TcpListener, seen: &Seen) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut reader = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_ok() {
            note(&body, seen, Instant::now());
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = reader.get_mut().write_all(answer);
        }
    }
}

/// A reader of the page: what the last events name.
fn listen(stream: TcpStream, seen: &Seen) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        if line.starts_with(b"data:") {
            note(&line, seen, Instant::now());
        }
        line.clear();
    }
}
