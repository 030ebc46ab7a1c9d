//! What the system says of a process, and the watch as a process.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks in a second of `/proc/PID/stat`: `USER_HZ`, which is 100 on every Linux that has it.
const TICKS: f64 = 100.0;

/// Processor time of a process so far, in seconds; `None` if it is gone.
pub(super) fn cpu_s(id: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold spaces and stands in parentheses; user and system time are the 14th and 15th field.
    let rest = text.rsplit_once(')')?.1;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// Memory of a process in MiB: `VmRSS` now or `VmHWM` at most; `None` if it is gone.
pub(super) fn memory_mib(id: u32, field: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1_024.0)
}

/// The load of the machine over the last minute, as the system says it.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}

/// A watch that runs.
pub(super) struct Watch {
    child: Child,
    /// Where the page is.
    page: String,
    /// Where it listens: UDP, TCP.
    pub(super) udp: String,
    pub(super) tcp: String,
}

/// What the watch counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Messages that the sockets took, those over the limit too.
    pub(super) taken: u64,
    /// Bytes read.
    pub(super) bytes: u64,
    /// Records read.
    pub(super) records: u64,
    /// Events found.
    pub(super) events: u64,
    /// Lines that no format read.
    pub(super) unread: u64,
    /// Numbers that are missing.
    pub(super) missing: u64,
    /// Messages thrown away because the sender exceeded its share.
    pub(super) over_limit: u64,
    /// Datagrams that the kernel dropped.
    pub(super) kernel_drops: u64,
    /// Bytes of the kernel's buffer, UDP.
    pub(super) buffer: u64,
}

/// Bytes after which the watch begins anew with a sender.
const SEGMENT_BYTES: u64 = 256 << 20;

impl Counted {
    /// Records that are still open: the last of each sequence of bytes, which is not counted before another follows.
    pub(super) fn open(&self) -> u64 {
        self.bytes / SEGMENT_BYTES + 1
    }
}

impl Watch {
    /// Starts a watch with its state in `dir`, and waits until it listens.
    pub(super) fn start(program: &Path, dir: &Path, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args([
                "watch",
                "--plain",
                "-q",
                "--listen",
                "udp://127.0.0.1:0",
                "--listen",
                "tcp://127.0.0.1:0",
            ])
            .args(["--serve", "127.0.0.1:0", "--state"])
            .arg(dir.join("state"))
            .args(arguments)
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let mut stderr = BufReader::new(child.stderr.take().ok_or("no standard error")?);
        let (mut page, mut sockets, mut said) = (String::new(), Vec::new(), String::new());
        while page.is_empty() {
            let mut line = String::new();
            if stderr.read_line(&mut line).map_or(true, |n| n == 0) {
                let _ = child.wait();
                return Err(format!("the watch ended: {said}"));
            }
            if let Some((_, address)) = line.split_once("http://") {
                page = address.trim().trim_end_matches('/').to_owned();
            } else if let Some((_, all)) = line.split_once("listening at ") {
                sockets = all.trim().split(", ").map(str::to_owned).collect();
            }
            said.push_str(&line);
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
        let mut sockets = sockets.into_iter();
        match (sockets.next(), sockets.next()) {
            (Some(udp), Some(tcp)) => Ok(Self { child, page, udp, tcp }),
            _ => Err(format!("the watch does not say where it listens: {said}")),
        }
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A connection to the page on which a path was asked for.
    pub(super) fn ask(&self, path: &str) -> Result<TcpStream, String> {
        let failed = |error: std::io::Error| format!("cannot ask the watch for {path}: {error}");
        let mut stream = TcpStream::connect(&self.page).map_err(failed)?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(failed)?;
        let host = &self.page;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
        )
        .map_err(failed)?;
        Ok(stream)
    }

    /// What it counted so far, summed over its sources.
    pub(super) fn counted(&self) -> Result<Counted, String> {
        let mut text = String::new();
        self.ask("/metrics")?
            .read_to_string(&mut text)
            .map_err(|error| format!("cannot read the metrics: {error}"))?;
        let mut counted = Counted::default();
        for line in text.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let value = value.parse::<f64>().unwrap_or_default() as u64;
            let name = series.split('{').next().unwrap_or_default();
            match name {
                "uccxray_socket_messages_total" => counted.taken += value,
                "uccxray_source_bytes_total" => counted.bytes += value,
                "uccxray_source_records_total" => counted.records += value,
                "uccxray_source_events_total" => counted.events += value,
                "uccxray_source_unread_lines_total" => counted.unread += value,
                "uccxray_source_missing_total" => counted.missing += value,
                "uccxray_source_over_limit_total" => counted.over_limit += value,
                "uccxray_socket_kernel_drops_total" => counted.kernel_drops += value,
                "uccxray_socket_receive_buffer_bytes" => counted.buffer = counted.buffer.max(value),
                _ => {}
            }
        }
        Ok(counted)
    }

    /// Waits until it has counted `expected` messages, lost ones included, or nothing more comes.
    pub(super) fn settled(&self, expected: u64) -> Result<Counted, String> {
        let began = Instant::now();
        let mut before = self.counted()?;
        let mut quiet = 0;
        // Counts are published once a second, and not while the core is asked: of a storm that takes seconds.
        while quiet < 10 && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(700));
            let now = self.counted()?;
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            if now.records + now.open() + now.over_limit + now.kernel_drops >= expected {
                break;
            }
        }
        Ok(before)
    }

    /// Ends it by a signal, as a service manager does. Seconds that took.
    pub(super) fn end(mut self) -> f64 {
        let began = Instant::now();
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        began.elapsed().as_secs_f64()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes of all files in a folder and below it.
pub(super) fn bytes_in(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes_in(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}
