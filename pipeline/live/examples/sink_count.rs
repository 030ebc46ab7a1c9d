//! Counts what arrives: `sink_count ENDPOINT SECONDS`, such as `sink_count udp://127.0.0.1:5514 12`.
//!
//! Prints one line of JSON: messages received and thrown away, datagrams the kernel dropped, processor time used.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::sync::Arc;
use std::time::{Duration, Instant as StopWatch};

use live::clock::Clock;
use live::listen::{Limits, Listener};
use parsers::stamp::Instant;
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, seconds] = arguments.as_slice() else {
        return Err("usage: sink_count ENDPOINT SECONDS".into());
    };
    let until = Duration::from_secs(seconds.parse()?);
    let begin = StopWatch::now();
    // Any time will do: nothing here asks when.
    let clock = Clock::new(Instant::default);
    let main = std::thread::current();
    let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || main.unpark());
    let listener = Listener::start(&[endpoint.parse()?], Limits::default(), clock, wake)?;
    let (mut n_messages, mut over_limit, mut bytes) = (0, 0, 0);
    while begin.elapsed() < until {
        let batches = listener.take(1 << 20);
        if batches.is_empty() {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        for batch in batches {
            n_messages += batch.n_messages;
            over_limit += batch.over_limit;
            bytes += batch.messages.len();
        }
    }
    let status = listener.status();
    let cpu = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which ends with the last parenthesis: fields 14 and 15, in hundredths of a second.
    let cpu = cpu.rsplit_once(')').map_or("", |(_, behind)| behind);
    let cpu: u64 =
        cpu.split_ascii_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    println!(
        "{}",
        json!({
            "messages": n_messages, "bytes": bytes, "over_limit": over_limit, "cpu_s": cpu as f64 / 100.0,
            "sockets": status.sockets,
        })
    );
    Ok(())
}
