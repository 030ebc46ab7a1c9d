//! What redaction costs: the program writes the JSON report of the same logs as it is and redacted, in turn.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::measure::median;

/// Most that redaction may cost beyond analysis, its search for originals included.
const TARGET: f64 = 1.25;

/// Reads `bundle` with and without `--redact` `runs` times and prints a table.
pub(crate) fn run(
    program: &Path,
    bundle: &Path,
    bytes: u64,
    runs: usize,
    dir: &Path,
) -> Result<String, String> {
    let report = dir.join("redact-report.json");
    let map = dir.join("redact-map.json");
    let write = |redact: bool| -> Result<f64, String> {
        // A new key each time: nothing is kept from the run before.
        let _ = std::fs::remove_file(&map);
        let mut command = Command::new(program);
        command.arg(bundle).args(["-q", "--no-progress", "-o"]).arg(&report).stderr(Stdio::null());
        if redact {
            command.arg("--redact").arg("--map").arg(&map);
        }
        let start = Instant::now();
        let status =
            command.status().map_err(|error| format!("cannot run {}: {error}", program.display()))?;
        let seconds = start.elapsed().as_secs_f64();
        if status.success() { Ok(seconds) } else { Err(format!("{} ended with {status}", program.display())) }
    };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for n in 0..=runs {
        let (redacted, plain) = (write(true)?, write(false)?);
        // The first pair warms the page cache.
        if n > 0 {
            with.push(redacted);
            without.push(plain);
        }
    }
    let written = std::fs::metadata(&report).map_or(0, |file| file.len());
    for file in [&report, &map] {
        let _ = std::fs::remove_file(file);
    }
    let ratio = median(with.iter().zip(&without).map(|(with, without)| with / without));
    let verdict = if ratio < TARGET { "met" } else { "missed" };
    let mut text = format!(
        "* {bytes} B of dense logs, a report of {written} B; {runs} pairs (redacted, as it is, …) after one warm-up\n\n"
    );
    let _ = write!(
        text,
        "| redacted s | as it is s | ratio | target | verdict |\n|---|---|---|---|---|\n| {:.3} | {:.3} | {ratio:.3} | < {TARGET} | {verdict} |\n",
        median(with),
        median(without),
    );
    Ok(text)
}
