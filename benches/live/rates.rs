//! How many messages a second the watch takes, and what that costs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::load::{Sender, Sent};
use super::process::{self, Counted, Watch};

/// The rate that must be held.
pub(super) const RATE: u64 = 50_000;

/// Further rates, until messages are lost or the sender cannot send so fast.
const RATES: [u64; 8] = [75_000, 100_000, 150_000, 200_000, 250_000, 300_000, 400_000, 500_000];

/// Alarms a second; no node is known to raise more than a few a minute.
const STORMS: [u64; 5] = [100, 500, 1_000, 5_000, 20_000];

/// Seconds for each further rate.
const STEP_S: u64 = 10;

/// A sender that sends less than this share of what it was asked for is the limit itself.
const ENOUGH: f64 = 0.97;

const HEAD: &str = "| way | asked /s | sent /s | sent | lost | by the kernel | over limit | missing | drained s | CPU s | \
                    CPU % | peak MiB | stop s | load |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";

/// One run.
struct Ran {
    sent: Sent,
    counted: Counted,
    drained_s: f64,
    cpu_s: f64,
    peak_mib: f64,
    stop_s: f64,
    load: String,
}

impl Ran {
    /// Messages that are not among the records, whoever lost them.
    fn lost(&self) -> u64 {
        self.sent.messages.saturating_sub(self.counted.records + self.counted.open())
    }
}

/// Sends at one rate to a new watch.
fn once(program: &Path, dir: &Path, kind: &str, rate: u64, seconds: u64) -> Result<Ran, String> {
    let dir = fresh(dir, &format!("{kind}-{rate}"))?;
    let watch = Watch::start(program, &dir, &["--release", "12.5SU3"])?;
    let load = process::load();
    let to = if kind == "tcp" { &watch.tcp } else { &watch.udp };
    let sent = Sender::start(kind, to, rate, seconds)?.end()?;
    let ended = Instant::now();
    let counted = watch.settled(sent.messages)?;
    let drained_s = ended.elapsed().as_secs_f64();
    let cpu_s = process::cpu_s(watch.id()).ok_or("the watch ended")?;
    let peak_mib = process::memory_mib(watch.id(), "VmHWM").unwrap_or_default();
    let stop_s = watch.end();
    let _ = std::fs::remove_dir_all(&dir);
    Ok(Ran { sent, counted, drained_s, cpu_s, peak_mib, stop_s, load })
}

/// An empty folder.
pub(super) fn fresh(dir: &Path, name: &str) -> Result<PathBuf, String> {
    let dir = dir.join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
    Ok(dir)
}

fn row(out: &mut String, kind: &str, rate: u64, ran: &Ran) {
    let (sent, counted) = (&ran.sent, &ran.counted);
    let _ = writeln!(
        out,
        "| {kind} | {rate} | {:.0} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.0} | {:.1} | {:.2} | {} |",
        sent.rate(),
        sent.messages,
        ran.lost(),
        counted.kernel_drops,
        counted.over_limit,
        counted.missing,
        ran.drained_s,
        ran.cpu_s,
        ran.cpu_s / sent.seconds * 100.0,
        ran.peak_mib,
        ran.stop_s,
        ran.load
    );
}

/// Nothing but alarms, each an event of its own: what costs most. Rates rise until something is lost.
pub(super) fn storm(program: &Path, dir: &Path, seconds: u64) -> Result<String, String> {
    let mut out = String::from(HEAD);
    for rate in STORMS {
        let ran = once(program, dir, "storm", rate, seconds)?;
        row(&mut out, "udp, alarms only", rate, &ran);
        eprintln!(
            "{} late {:.0} ms, {} events",
            out.lines().last().unwrap_or_default(),
            ran.sent.late_ms,
            ran.counted.events
        );
        if ran.lost() > 0 {
            break;
        }
    }
    Ok(out)
}

/// The rate that must be held, over both ways; then faster until something is lost.
pub(super) fn run(
    program: &Path,
    dir: &Path,
    kinds: &[&str],
    seconds: u64,
    ramps: bool,
) -> Result<String, String> {
    let mut out = String::from(HEAD);
    let mut limits = String::new();
    for kind in kinds {
        let ran = once(program, dir, kind, RATE, seconds)?;
        row(&mut out, kind, RATE, &ran);
        eprint!("{}", out.lines().last().unwrap_or_default());
        eprintln!(" buffer {}, late {:.0} ms", ran.counted.buffer, ran.sent.late_ms);
        if !ramps {
            continue;
        }
        let mut held = (ran.lost() == 0).then_some(RATE);
        for rate in RATES {
            let ran = once(program, dir, kind, rate, STEP_S)?;
            row(&mut out, kind, rate, &ran);
            eprintln!("{} late {:.0} ms", out.lines().last().unwrap_or_default(), ran.sent.late_ms);
            let slow = ran.sent.rate() < rate as f64 * ENOUGH;
            if ran.lost() == 0 && !slow {
                held = Some(rate);
                continue;
            }
            let why = if ran.lost() > 0 { "something was lost" } else { "the sender was no faster" };
            let held = held.map_or_else(|| "none".to_owned(), |rate| format!("{rate}/s"));
            let _ = writeln!(limits, "* {kind}: {held} without loss; at {rate}/s {why}");
            break;
        }
    }
    out.push('\n');
    out.push_str(&limits);
    Ok(out)
}
