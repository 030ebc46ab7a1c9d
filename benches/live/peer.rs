//! rsyslogd, which only writes down what comes: the same senders, the same rate.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::load::Sender;
use super::process;
use super::rates::{RATE, fresh};

const HEAD: &str = "| way | asked /s | sent /s | sent | lines written | lost | by the kernel | CPU s | CPU % | peak MiB \
                    | load |\n|---|---|---|---|---|---|---|---|---|---|---|\n";

/// A process that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the peer over both ways. A machine without it has a sentence instead of a table.
pub(super) fn run(dir: &Path, kinds: &[&str], seconds: u64) -> Result<String, String> {
    let Some(version) = version() else { return Ok("rsyslogd is not installed: no peer.\n".to_owned()) };
    let mut out = format!("{version}\n\n{HEAD}");
    for kind in kinds {
        once(dir, kind, seconds, &mut out)?;
        eprintln!("rsyslogd {}", out.lines().last().unwrap_or_default());
    }
    Ok(out)
}

fn version() -> Option<String> {
    let output = Command::new("rsyslogd").arg("-v").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().next()?.trim().to_owned())
}

fn once(dir: &Path, kind: &str, seconds: u64, out: &mut String) -> Result<(), String> {
    let dir = fresh(dir, &format!("rsyslogd-{kind}"))?;
    let io = |error: std::io::Error| format!("cannot prepare rsyslogd: {error}");
    // A port that was free a moment ago.
    let port = match *kind.as_bytes() {
        [b'u', ..] => UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()),
        _ => TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()),
    }
    .map_err(io)?
    .port();
    let lines = dir.join("lines");
    let input = match kind {
        "udp" => format!("input(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\" rcvbufSize=\"8m\")"),
        _ => format!("input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")"),
    };
    let configuration = format!(
        "global(workDirectory=\"{}\")\nmodule(load=\"im{kind}\")\n{input}\n\
         template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n\
         action(type=\"omfile\" file=\"{}\" template=\"raw\")\n",
        dir.display(),
        lines.display()
    );
    let (conf, pid) = (dir.join("rsyslog.conf"), dir.join("pid"));
    fs::write(&conf, configuration).map_err(io)?;
    let child = Command::new("rsyslogd")
        .arg("-n")
        .arg("-f")
        .arg(&conf)
        .arg("-i")
        .arg(&pid)
        .stdout(Stdio::null())
        .spawn()
        .map_err(io)?;
    let running = Running(child);
    std::thread::sleep(Duration::from_secs(2));
    let to = format!("127.0.0.1:{port}");
    if kind == "tcp" {
        TcpStream::connect(&to).map_err(|error| format!("rsyslogd does not listen: {error}"))?;
    }
    let load = process::load();
    let sent = Sender::start(kind, &to, RATE, seconds)?.end()?;
    let (began, mut before, mut quiet) = (Instant::now(), 0, 0);
    while quiet < 4 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(500));
        let now = fs::metadata(&lines).map_or(0, |data| data.len());
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    let id = running.0.id();
    let cpu_s = process::cpu_s(id).ok_or("rsyslogd ended")?;
    let peak_mib = process::memory_mib(id, "VmHWM").unwrap_or_default();
    let drops = if kind == "udp" { drops(port) } else { 0 };
    // It writes what it holds when it is asked to end.
    let _ = Command::new("kill").args(["-TERM", &id.to_string()]).status();
    let mut running = running;
    let _ = running.0.wait();
    let written = count(&lines).map_err(io)?;
    let _ = fs::remove_dir_all(&dir);
    let _ = writeln!(
        out,
        "| {kind} | {RATE} | {:.0} | {} | {written} | {} | {drops} | {cpu_s:.1} | {:.0} | {peak_mib:.1} | {load} |",
        sent.rate(),
        sent.messages,
        sent.messages.saturating_sub(written),
        cpu_s / sent.seconds * 100.0
    );
    Ok(())
}

/// Datagrams that the kernel dropped at a port.
fn drops(port: u16) -> u64 {
    let text = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let wanted = format!(":{port:04X}");
    let of = |line: &str| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        local.ends_with(&wanted).then(|| line.split_whitespace().last()?.parse::<u64>().ok()).flatten()
    };
    text.lines().filter_map(of).sum()
}

fn count(path: &Path) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    let mut lines = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(lines);
        }
        lines += buffer[..n].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
}
