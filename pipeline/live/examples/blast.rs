//! Sends numbered CiscoLog lines at a steady rate: `blast udp|tcp|octets HOST:PORT MESSAGES_PER_S SECONDS`.
//!
//! Prints one line of JSON: what was sent, at which rate, and how many sends failed.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::json;

/// Sends one line.
type Way = dyn FnMut(&str) -> std::io::Result<()>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, to, rate, seconds] = arguments.as_slice() else {
        return Err("usage: blast udp|tcp|octets HOST:PORT MESSAGES_PER_S SECONDS".into());
    };
    let (rate, seconds): (u64, u64) = (rate.parse()?, seconds.parse()?);
    let mut way: Box<Way> = match kind.as_str() {
        "udp" => {
            let socket = UdpSocket::bind(if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" })?;
            socket.connect(to)?;
            Box::new(move |line| socket.send(line.as_bytes()).map(|_| ()))
        }
        "tcp" | "octets" => {
            let mut stream = std::io::BufWriter::with_capacity(16 << 10, TcpStream::connect(to)?);
            let counted = kind == "octets";
            Box::new(move |line| {
                if counted { write!(stream, "{} {line}", line.len()) } else { writeln!(stream, "{line}") }
            })
        }
        other => return Err(format!("{other} is none of udp, tcp, octets").into()),
    };
    let (begin, n_all) = (Instant::now(), rate * seconds);
    let (mut n_sent, mut n_failed) = (0_u64, 0_u64);
    let mut line = String::new();
    while n_sent + n_failed < n_all {
        // What is due by now; then a short sleep.
        let due = u64::try_from(begin.elapsed().as_micros())?.saturating_mul(rate) / 1_000_000;
        while n_sent + n_failed < due.min(n_all) {
            line.clear();
            let n = n_sent + n_failed + 1;
            write!(
                line,
                "<189>{n}: uccxpub.example.com: Apr 02 2026 05:30:05.123 UTC :  \
                 %UC_LIB_LICENSE-5-NOTICE: %[NodeID=uccxpub]: message {n}"
            )?;
            match way(&line) {
                Ok(()) => n_sent += 1,
                Err(_) => n_failed += 1,
            }
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    drop(way);
    let took_s = begin.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let per_s = n_sent as f64 / took_s;
    println!("{}", json!({ "sent": n_sent, "failed": n_failed, "took_s": took_s, "messages_per_s": per_s }));
    Ok(())
}
