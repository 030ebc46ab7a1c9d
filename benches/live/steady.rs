//! A watch for an hour under a modest rate: does its memory grow?

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::load::Sender;
use super::process::{self, Watch, bytes_in};

/// Messages a second, unless another rate is asked for: an hour of this rate is three minutes of twenty times as much,
/// but for what only time brings.
pub(super) const RATE: u64 = 1_000;

/// Time between two looks at the memory.
const EVERY: Duration = Duration::from_secs(10);

/// Runs for so many minutes; each look is printed as it is made, so that a run that is cut short says something too.
pub(super) fn run(program: &Path, dir: &Path, minutes: u64, rate: u64) -> Result<String, String> {
    let watch = Watch::start(program, dir, &["--release", "12.5SU3"])?;
    let mut sender = Sender::start("udp", &watch.udp, rate, minutes * 60)?;
    let began = Instant::now();
    let mut samples: Vec<(f64, f64)> = Vec::new();
    println!("seconds,rss_mib,cpu_s,state_bytes,load");
    while sender.is_running() {
        std::thread::sleep(EVERY);
        let Some(rss) = process::memory_mib(watch.id(), "VmRSS") else {
            return Err("the watch ended".to_owned());
        };
        let at = began.elapsed().as_secs_f64();
        let cpu = process::cpu_s(watch.id()).unwrap_or_default();
        println!("{at:.0},{rss:.2},{cpu:.2},{},{}", bytes_in(&dir.join("state")), process::load());
        samples.push((at, rss));
    }
    let sent = sender.end()?;
    let counted = watch.settled(sent.messages)?;
    let cpu = process::cpu_s(watch.id()).unwrap_or_default();
    let peak = process::memory_mib(watch.id(), "VmHWM").unwrap_or_default();
    let state = bytes_in(&dir.join("state"));
    watch.end();
    let mut out = String::new();
    let mut sorted: Vec<f64> = samples.iter().map(|(_, rss)| *rss).collect();
    sorted.sort_by(f64::total_cmp);
    let at =
        |share: f64| sorted.get(((sorted.len() as f64 - 1.0) * share) as usize).copied().unwrap_or_default();
    let half: Vec<(f64, f64)> = samples.iter().skip(samples.len() / 2).copied().collect();
    let _ = writeln!(
        out,
        "{rate} messages/s over UDP for {minutes} min: {} sent, {} records, {} missing, {} dropped by the kernel, {} over \
         the limit, {} events\nRSS every {} s: min {:.1}, median {:.1}, max {:.1} MiB, peak {peak:.1} MiB; slope of the \
         second half {:+.2} MiB/h\nprocessor {cpu:.1} s ({:.2} %); state {:.2} MiB",
        sent.messages,
        counted.records,
        counted.missing,
        counted.kernel_drops,
        counted.over_limit,
        counted.events,
        EVERY.as_secs(),
        at(0.0),
        at(0.5),
        at(1.0),
        slope(&half) * 3_600.0,
        cpu / sent.seconds * 100.0,
        state as f64 / 1_048_576.0
    );
    Ok(out)
}

/// Least squares: by how much the second value grows with the first.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), point| {
        (over + (point.0 - x) * (point.1 - y), under + (point.0 - x) * (point.0 - x))
    });
    if under == 0.0 { 0.0 } else { over / under }
}
