//! The live verb under load: what is lost, what it costs, and how long an alert takes.
//!
//! ```text
//! cargo bench --bench live -- --rates [--seconds 60] [--only udp,tcp]   50,000 messages/s, then faster until loss
//! cargo bench --bench live -- --storm [--seconds 60]                    nothing but alarms, faster until loss
//! cargo bench --bench live -- --peer [--seconds 60]                     the same senders to rsyslogd
//! cargo bench --bench live -- --latency [--alarms 200]                  from a datagram to a webhook and to the page
//! cargo bench --bench live -- --steady MINUTES [--rate 1000]            so many messages/s: does memory grow?
//!     [--binary UCCXRAY] [--dir DIR] [--peer-dir DIR] [--table FILE] [--no-ramp]
//! ```
//!
//! The watch, the sender and the peer are processes of their own, and meet over the loopback interface: the sender's
//! processor time is not the watch's, but they share the machine. What was received is what the watch's own
//! `/metrics` say; what was lost is the difference from what the sender sent. The state lies on the disk below
//! `--dir`. A target that is missed is printed as missed; the exit code stays 0.
//!
//! This file needs nothing but the standard library: `rustc -O --edition 2024 benches/live.rs` makes it too.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table")]

#[path = "live/latency.rs"]
mod latency;
#[path = "live/load.rs"]
mod load;
#[path = "live/peer.rs"]
mod peer;
#[path = "live/process.rs"]
mod process;
#[path = "live/rates.rs"]
mod rates;
#[path = "live/steady.rs"]
mod steady;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: live --rates | --storm | --peer | --latency | --steady MINUTES [--rate 1000]\n            \
                     [--seconds 60] [--only udp,tcp] [--no-ramp] [--alarms 200]\n            \
                     [--binary UCCXRAY] [--dir DIR] [--peer-dir DIR] [--table FILE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // `cargo test --all-targets` starts a bench without arguments: not the time to fill the machine.
        [] | ["--bench"] | ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(())
        }
        // The sender, as a process of its own.
        ["--send", kind, to, rate, seconds] => send(kind, to, rate, seconds),
        _ => Options::read(&arguments).and_then(|options| options.run()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("live: {message}");
            ExitCode::FAILURE
        }
    }
}

fn send(kind: &str, to: &str, rate: &str, seconds: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no number"));
    println!("{}", load::print(&load::send(kind, to, number(rate)?, number(seconds)?)?));
    Ok(())
}

struct Options {
    rates: bool,
    storm: bool,
    peer: bool,
    latency: bool,
    /// Minutes of the steady run; `None`: there is none. And its messages a second.
    steady: Option<u64>,
    rate: u64,
    seconds: u64,
    kinds: Vec<&'static str>,
    ramps: bool,
    alarms: usize,
    program: Option<PathBuf>,
    dir: PathBuf,
    peer_dir: Option<PathBuf>,
    table: Option<PathBuf>,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            rates: false,
            storm: false,
            peer: false,
            latency: false,
            steady: None,
            rate: steady::RATE,
            seconds: 60,
            kinds: vec!["udp", "tcp"],
            ramps: true,
            alarms: 200,
            program: option_env!("CARGO_BIN_EXE_uccxray").map(PathBuf::from),
            dir: std::env::temp_dir().join("uccxray-bench-live"),
            peer_dir: None,
            table: None,
        };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{option} needs a value\n{USAGE}"));
            let number =
                |text: &str| text.parse::<u64>().map_err(|_| format!("{option}: {text:?} is no number"));
            match option.as_str() {
                // What `cargo bench` adds.
                "--bench" => {}
                "--rates" => options.rates = true,
                "--storm" => options.storm = true,
                "--peer" => options.peer = true,
                "--latency" => options.latency = true,
                "--no-ramp" => options.ramps = false,
                "--steady" => options.steady = Some(number(value()?)?.max(1)),
                "--rate" => options.rate = number(value()?)?.max(1),
                "--seconds" => options.seconds = number(value()?)?.max(1),
                "--alarms" => {
                    options.alarms = usize::try_from(number(value()?)?.clamp(1, 9_999)).unwrap_or(1)
                }
                "--binary" => options.program = Some(PathBuf::from(value()?)),
                "--dir" => options.dir = PathBuf::from(value()?),
                "--peer-dir" => options.peer_dir = Some(PathBuf::from(value()?)),
                "--table" => options.table = Some(PathBuf::from(value()?)),
                "--only" => {
                    let wanted = value()?;
                    options.kinds.retain(|kind| wanted.split(',').any(|word| word.trim() == *kind));
                    if options.kinds.is_empty() {
                        return Err(format!("--only: udp, tcp or both\n{USAGE}"));
                    }
                }
                _ => return Err(format!("unknown option {option:?}\n{USAGE}")),
            }
        }
        std::fs::create_dir_all(&options.dir).map_err(|e| format!("{}: {e}", options.dir.display()))?;
        Ok(options)
    }

    fn run(&self) -> Result<(), String> {
        let program = || self.program.clone().ok_or_else(|| format!("--binary is needed\n{USAGE}"));
        let mut text = format!(
            "* load before the runs {}; rmem_max {}\n\n",
            process::load(),
            std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap_or_default().trim()
        );
        if self.rates {
            text.push_str(&rates::run(&program()?, &self.dir, &self.kinds, self.seconds, self.ramps)?);
            text.push('\n');
        }
        if self.storm {
            text.push_str(&rates::storm(&program()?, &self.dir, self.seconds)?);
            text.push('\n');
        }
        if self.peer {
            let dir = self.peer_dir.as_ref().unwrap_or(&self.dir);
            text.push_str(&peer::run(dir, &self.kinds, self.seconds)?);
            text.push('\n');
        }
        if self.latency {
            text.push_str(&latency::run(&program()?, &self.dir, self.alarms)?);
            text.push('\n');
        }
        if let Some(minutes) = self.steady {
            let dir = rates::fresh(&self.dir, "steady")?;
            text.push_str(&steady::run(&program()?, &dir, minutes, self.rate)?);
        }
        println!("\n{text}");
        if let Some(table) = &self.table {
            std::fs::write(table, text).map_err(|e| format!("{}: {e}", table.display()))?;
        }
        Ok(())
    }
}
