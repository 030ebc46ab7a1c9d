//! The watch as its user runs it: the same facts as a batch, none lost and none doubled.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Dir, case, run, run_with, uccxray};

/// Facts of a report: everything but how the input is counted.
fn facts(path: &Path) -> serde_json::Value {
    let mut report: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let report = report.as_object_mut().unwrap();
    report.remove("input");
    serde_json::Value::Object(report.clone())
}

#[test]
fn batch_and_live_give_the_same_facts_for_every_sample() {
    let mut wrong = Vec::new();
    let mut n_replayed = 0;
    for case in case::all() {
        let laid = case.lay_out();
        let run = |verb: &[&str], out: &str| {
            let mut command = uccxray(laid.dir.path());
            command.args(verb).args(&case.said.args).args(["--quiet", "--no-progress", "-o", out]);
            match &laid.stdin {
                Some(text) => run_with(&mut command, text.clone()),
                None => run(&mut command),
            }
        };
        let batch = run(&["analyze", &laid.path], "batch.json");
        let live = run(&["watch", "--replay", &laid.path, "--speed", "max"], "live.json");
        if batch.code == 3 {
            assert_eq!(live.code, 3, "{}: {}", case.name, live.stderr);
            continue;
        }
        let at = |name: &str| laid.dir.path().join(name);
        if !at("live.json").exists() {
            wrong.push(format!("{}: nothing was written: {}", case.name, live.stderr));
            continue;
        }
        n_replayed += 1;
        let (batch, live) = (facts(&at("batch.json")), facts(&at("live.json")));
        for (key, value) in batch.as_object().unwrap() {
            if live[key] != *value {
                let shown = |value: &serde_json::Value| {
                    let text = serde_json::to_string_pretty(value).unwrap();
                    text.lines().map(str::to_owned).collect::<Vec<_>>()
                };
                let (a, b) = (shown(value), shown(&live[key]));
                let at = a.iter().zip(&b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
                let part =
                    |lines: &[String]| lines[at.saturating_sub(3)..(at + 3).min(lines.len())].join("\n");
                wrong.push(format!("{} {key}\nbatch:\n{}\nlive:\n{}", case.name, part(&a), part(&b)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(n_replayed > 60, "{n_replayed}");
}

#[test]
fn a_replay_says_what_would_have_been_told_and_when() {
    let cases = case::all();
    let case = cases.iter().find(|case| case.name == "ooc-after-five-reports").unwrap();
    let laid = case.lay_out();
    let ran = run(uccxray(laid.dir.path()).args(["watch", "--replay", &laid.path]).args(&case.said.args));
    let lines: Vec<&str> = ran.text().lines().filter(|line| line.contains(" alert ")).collect();
    let has = |words: &[&str]| lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(has(&["raised high overage", "in 45 min", "(replay)"]), "{}", ran.text());
    assert!(has(&["raised critical overage"]), "{}", ran.text());
    assert!(has(&["raised critical out-of-compliance", "(replay)"]), "{}", ran.text());
    let first = lines.iter().position(|line| line.contains("overage")).unwrap();
    let last = lines.iter().position(|line| line.contains("out-of-compliance")).unwrap();
    assert!(first < last);
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_with_78() {
    let dir = Dir::new();
    let check = |text: &str, code: i32, says: &str| {
        let file = dir.file("uccxray.toml", text);
        let ran = run(uccxray(dir.path()).args(["watch", "--check", "--config"]).arg(file)).exits(code);
        assert!(ran.stderr.contains(says) || ran.text().contains(says), "{}{}", ran.stderr, ran.text());
    };
    check("[watch]\npaths = [\"logs\"]\n", 0, "1 path to follow");
    check("[watch]\n", 78, "there is nothing to watch");
    check("[watch]\npaths = [\"logs\"]\nkeep_days = 30\npoll-seconds = 2\n", 0, "1 path to follow");
    check("[watch]\npaths = [\"logs\"]\nkeep_days = 30\nkeep-days = 40\n", 78, "keep-days");
    check("[watch]\npaths = [\"logs\"]\nno-such = 1\n", 78, "no-such");
    check("[watch]\nlisten = [\"udb://x\"]\n", 78, "udp://");
    check("[watch]\nlisten = [\"udp://no..host\"]\n", 78, "no..host");
    check("[watch]\nlisten = [\"tls://127.0.0.1:0\"]\n", 78, "certificate");
    check("[watch]\npaths = [\"x\"]\nserve = \"0.0.0.0:8080\"\n", 78, "token");
    check("[watch]\npaths = [\"x\"]\n[watch.rules]\noff = [\"nothing\"]\n", 78, "nothing");
    check(
        "[watch]\npaths = [\"x\"]\n[[watch.sink]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https://example.com\"\nkey = \"hush\"\n",
        78,
        "key-file",
    );
    check(
        "[watch]\npaths = [\"x\"]\n[[watch.maintenance]]\nfrom = \"2026-04-02T00:00:00Z\"\nuntil = \"2026-04-01T00:00:00Z\"\nreason = \"x\"\n",
        78,
        "before it begins",
    );
}

/// A watch that runs, and what it said where.
struct Running {
    child: Child,
    /// Address of the page.
    page: String,
    /// Addresses of the sockets.
    sockets: Vec<String>,
}

impl Running {
    #[track_caller]
    fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut page, mut sockets) = (String::new(), Vec::new());
        let mut said = String::new();
        while page.is_empty() {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the watch ended: {said}");
            if let Some(at) = line.find("http://") {
                page = line[at + 7..].trim().trim_end_matches('/').to_owned();
            } else if let Some(at) = line.find("listening at ") {
                sockets = line[at + 13..].trim().split(", ").map(str::to_owned).collect();
            }
            said.push_str(&line);
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Self { child, page, sockets }
    }

    /// The body of an answer.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.page).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let host = &self.page;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }

    fn report(&self) -> Option<serde_json::Value> {
        let body = self.get("/report.json")?;
        serde_json::from_str(&body).ok()
    }

    /// Waits until the report is as it should be.
    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let began = Instant::now();
        loop {
            let report = self.report();
            match report {
                Some(report) if is_so(&report) => return report,
                report if began.elapsed() > Duration::from_secs(60) => {
                    panic!("{what} did not come: {}", report.unwrap_or_default()["events"])
                }
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn end(&mut self, signal: &str) -> i32 {
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Numbers of the alarms in a report, each with how often it stands there.
fn numbers(report: &serde_json::Value) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    for event in report["events"].as_array().unwrap() {
        let mnemonic = event["mnemonic"].as_str().unwrap();
        if let Some(number) = mnemonic.strip_prefix("SMART_LIC_NUMBER_") {
            *counts.entry(number.parse().unwrap()).or_default() += 1;
        }
    }
    counts
}

fn alarm(number: u32) -> String {
    let (day, hour) = (1 + number / 86_400, number / 3_600 % 24);
    format!(
        "{number}: Apr {day:02} {hour:02}:{:02}:{:02}.{:03} IST %MCVD-LIB_LICENSE-3-SMART_LIC_NUMBER_{number}: a numbered alarm, so that it is known whether it was lost or doubled\n",
        number / 60 % 60,
        number % 60,
        number % 1_000
    )
}

/// Rotated files that are kept, and files in the circle: what is gone before a watch lives long enough to read it is
/// lost to everybody.
const KEPT: u32 = 300;

/// A writer that rotates in every way.
struct Writer {
    dir: PathBuf,
    turn: u32,
    next: u32,
}

impl Writer {
    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn append(&mut self, name: &str, count: u32) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.at(name)).unwrap();
        for _ in 0..count {
            let line = alarm(self.next);
            // In two pieces, as a writer's buffer would.
            let (a, b) = line.split_at(line.len() / 3);
            file.write_all(a.as_bytes()).unwrap();
            file.write_all(b.as_bytes()).unwrap();
            self.next += 1;
        }
    }

    /// A few records, and one rotation.
    fn work(&mut self) {
        self.turn += 1;
        let turn = self.turn;
        self.append("renamed", 2);
        self.append("truncated", 2);
        self.append("compressed", 2);
        match turn % 4 {
            0 => {
                for n in (1..KEPT).rev() {
                    let _ =
                        fs::rename(self.at(&format!("renamed.{n}")), self.at(&format!("renamed.{}", n + 1)));
                }
                fs::rename(self.at("renamed"), self.at("renamed.1")).unwrap();
            }
            1 => {
                for n in (1..KEPT).rev() {
                    let _ = fs::rename(
                        self.at(&format!("truncated.{n}")),
                        self.at(&format!("truncated.{}", n + 1)),
                    );
                }
                fs::copy(self.at("truncated"), self.at("truncated.1")).unwrap();
                OpenOptions::new().write(true).truncate(true).open(self.at("truncated")).unwrap();
            }
            2 => {
                let bytes = fs::read(self.at("compressed")).unwrap();
                let name = format!("compressed-{turn}.gz");
                let mut gz = flate2::write::GzEncoder::new(
                    File::create(self.at(&name)).unwrap(),
                    flate2::Compression::default(),
                );
                gz.write_all(&bytes).unwrap();
                gz.finish().unwrap();
                fs::remove_file(self.at("compressed")).unwrap();
            }
            _ => {
                // In a circle: what is overwritten was written long ago.
                let name = format!("Cisco001MCVD{:03}.log", turn / 4 % KEPT + 1);
                let text: String = (0..3).map(|n| alarm(self.next + n)).collect();
                self.next += 3;
                fs::write(self.at(&name), text).unwrap();
            }
        }
    }
}

/// A receiver that keeps every body it gets and answers 200.
fn receiver() -> (String, Arc<Mutex<Vec<serde_json::Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let got = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_ok() {
                if let Ok(value) = serde_json::from_slice(&body) {
                    keep.lock().unwrap().push(value);
                }
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        }
    });
    (address, got)
}

/// A writer goes through every rotation while the watch is killed at random: 20 times, or `UCCXRAY_KILLS`.
#[test]
fn nothing_is_lost_or_doubled_while_the_watch_is_killed_at_random() {
    let n_kills: u32 = std::env::var("UCCXRAY_KILLS").map_or(20, |text| text.parse().unwrap());
    let dir = Dir::new();
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let (hook, got) = receiver();
    dir.file("key", "0123456789abcdef0123456789abcdef");
    let config = dir.file(
        "watch.toml",
        format!(
            "[watch]\npaths = [\"logs\"]\nstate = \"state\"\nserve = \"127.0.0.1:0\"\n[[watch.sink]]\nname = \"hook\"\n\
             kind = \"webhook\"\nurl = \"http://{hook}/\"\nkey_file = \"key\"\nproxy = false\n"
        ),
    );
    let command = || {
        let mut command = uccxray(dir.path());
        command.args(["watch", "--plain", "--config"]).arg(&config);
        command
    };
    let stop = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicU32::new(0));
    let (stopped, count) = (Arc::clone(&stop), Arc::clone(&written));
    let mut writer = Writer { dir: logs.clone(), turn: 0, next: 1 };
    let writing = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            writer.work();
            count.store(writer.next - 1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(40));
        }
        writer.append("renamed", 1);
        count.store(writer.next - 1, Ordering::Relaxed);
        writer.next - 1
    });
    // A countdown, so that there is something to tell.
    let minute = "Apr 02 2026 05:30:05.123 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: This Product Instance is currently in Out of Compliance state";
    dir.file("logs/CiscoSyslog", format!("1: uccxpub: {minute}\n"));
    let mut random = 0x9e37_79b9_u64;
    for _ in 0..n_kills {
        let mut watch = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(30 + (random >> 33) % 400));
        watch.kill().unwrap();
        watch.wait().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let total = writing.join().unwrap();
    let mut watch = Running::start(&mut command());
    let report = watch.until("the last alarm", |report| numbers(report).contains_key(&total));
    let counts = numbers(&report);
    let lost: Vec<u32> = (1..=total).filter(|n| !counts.contains_key(n)).collect();
    let doubled: Vec<u32> = counts.iter().filter(|(_, count)| **count > 1).map(|(n, _)| *n).collect();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(watch.end("-TERM"), 0);
    let alerts = got.lock().unwrap().clone();
    let mut told: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for alert in &alerts {
        let key = format!("{} {} {}", alert["id"], alert["state"], alert["noticed"]);
        let entry = told.entry(key).or_default();
        entry.0 += 1;
        entry.1 += u32::from(alert["may_repeat"] == true);
    }
    let twice: Vec<_> = told.iter().filter(|(_, (n, marked))| n - marked > 1).collect();
    println!(
        "{n_kills} kills, {total} alarms written: {} lost, {} doubled; {} alerts in {} messages, {} marked, {} twice unmarked",
        lost.len(),
        doubled.len(),
        told.len(),
        alerts.len(),
        told.values().map(|(_, marked)| marked).sum::<u32>(),
        twice.len()
    );
    assert_eq!((lost, doubled), (vec![], vec![]));
    assert!(twice.is_empty(), "{twice:?}");
    assert!(alerts.iter().any(|alert| alert["rule"] == "out-of-compliance"), "{alerts:?}");
}

#[test]
fn what_was_read_before_an_end_and_not_told_is_told_to_every_sink_after_it() {
    let dir = Dir::new();
    fs::create_dir(dir.path().join("logs")).unwrap();
    let line = "1: uccxpub: Apr 02 2026 05:30:05.123 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: This Product Instance is currently in Out of Compliance state";
    dir.file("logs/CiscoSyslog", format!("{line}\n"));
    let (hook, got) = receiver();
    let start = |rules: &str| {
        let config = dir.file(
            "watch.toml",
            format!(
                "[watch]\npaths = [\"logs\"]\nstate = \"state\"\nserve = \"127.0.0.1:0\"\n{rules}[[watch.sink]]\n\
                 name = \"hook\"\nkind = \"webhook\"\nurl = \"http://{hook}/\"\nproxy = false\n"
            ),
        );
        let mut command = uccxray(dir.path());
        command.args(["watch", "--plain", "--config"]).arg(&config);
        Running::start(&mut command)
    };
    let is_told =
        || got.lock().unwrap().iter().any(|alert: &serde_json::Value| alert["rule"] == "out-of-compliance");
    // Its lines are on the disk, and nobody is told: as if it had been killed between the two.
    let mut watch = start("[watch.rules]\noff = [\"out-of-compliance\"]\n");
    watch.until("the event", |report| report["events"][0]["kind"] == "ooc_entered");
    assert_eq!(watch.end("-TERM"), 0);
    assert!(!is_told());
    let mut watch = start("");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_told() {
        assert!(Instant::now() < deadline, "{:?}", got.lock().unwrap());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(watch.end("-TERM"), 0);
}

#[test]
fn a_datagram_becomes_an_event_and_an_alert() {
    let dir = Dir::new();
    let mut watch = Running::start(uccxray(dir.path()).args([
        "watch",
        "--plain",
        "--listen",
        "udp://127.0.0.1:0",
        "--state",
        "state",
        "--serve",
        "127.0.0.1:0",
        "--release",
        "12.5SU3",
    ]));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = "<185>7: uccxpub: Apr 02 2026 05:30:05.123 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.";
    socket.send_to(line.as_bytes(), &watch.sockets[0]).unwrap();
    let report =
        watch.until("the event", |report| report["events"].as_array().is_some_and(|all| !all.is_empty()));
    assert_eq!(report["events"][0]["kind"], "ooc_entered");
    // The address is where it came from; what it says of itself is its claim.
    assert_eq!(report["events"][0]["witnesses"][0]["source"], "udp 127.0.0.1");
    assert_eq!(report["events"][0]["node"], "uccxpub");
    // Another datagram is no part of it, whatever it looks like.
    socket.send_to(b"a separate datagram\nof two lines", &watch.sockets[0]).unwrap();
    let unread = |report: &serde_json::Value| report["input"]["members"][0]["unread_lines"] == 1;
    let after = watch.until("the datagram", unread);
    assert_eq!(after["events"], report["events"]);
    let metrics = watch.get("/metrics").unwrap();
    assert!(metrics.contains("uccxray_alerts{"), "{metrics}");
    assert_eq!(watch.get("/healthz").unwrap().trim(), "ok");
    assert_eq!(watch.end("-TERM"), 0);
    // What a socket said cannot be read again: it was kept.
    let watch = Running::start(uccxray(dir.path()).args([
        "watch",
        "--plain",
        "--listen",
        "udp://127.0.0.1:0",
        "--state",
        "state",
        "--serve",
        "127.0.0.1:0",
    ]));
    let again = watch.until("the event of before", |report| report["events"][0]["kind"] == "ooc_entered");
    assert_eq!(again["events"], report["events"]);
}
