//! Five years of usage: `analyze BUNDLE --usage FILE` beside a program that only takes the peaks of the same file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::measure::{Job, Output, Runner, median, on_path, version};
use crate::words;

/// Entitlements, each a column.
const ENTITLEMENTS: usize = 50;
/// Samples a day: one every 15 minutes.
const DAILY: usize = 96;
/// Five years, one of them a leap year.
const DAYS: usize = 5 * 365 + 1;
/// Licenses purchased of each.
const PURCHASED: u32 = 130;
/// The figures to meet.
const TARGET_S: f64 = 2.0;
const TARGET_MIB: f64 = 256.0;

/// Rows of the file, its header left out.
pub(crate) const ROWS: usize = DAYS * DAILY;

/// Writes the file: a working day's hump, weekends, growth to just above the purchase.
pub(crate) fn write(path: &Path, seed: u64) -> Result<u64, String> {
    let explain = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(explain)?);
    let names: Vec<String> = (0..ENTITLEMENTS).map(name).collect();
    writeln!(out, "timestamp,{}", names.join(",")).map_err(explain)?;
    let start = chrono::DateTime::from_timestamp(1_609_459_200, 0).unwrap_or_default();
    let mut random = seed;
    let mut line = String::new();
    for row in 0..ROWS {
        let (day, quarter) = (row / DAILY, row % DAILY);
        line.clear();
        let at = start + chrono::TimeDelta::minutes(15 * row as i64);
        let _ = write!(line, "{}", at.format("%Y-%m-%dT%H:%M:%SZ"));
        let hour = quarter as f64 / 4.0;
        let hump = (-((hour - 12.5) / 3.0).powi(2)).exp() * if day % 7 >= 5 { 0.2 } else { 1.0 };
        for column in 0..ENTITLEMENTS {
            // A multiplicative step is noise enough for counts.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (random >> 61) as f64;
            let level = 60.0 + column as f64 + day as f64 * 0.012;
            let _ = write!(line, ",{}", (hump * level + noise) as u32);
        }
        line.push('\n');
        out.write_all(line.as_bytes()).map_err(explain)?;
    }
    out.flush().map_err(explain)?;
    std::fs::metadata(path).map(|file| file.len()).map_err(explain)
}

fn name(column: usize) -> String {
    format!("ENTITLEMENT_{column:02}")
}

/// Runs both in turn and prints a table.
pub(crate) fn run(
    uccxray: &Path,
    runner: &Runner,
    dir: &Path,
    bundle: &Path,
    runs: usize,
    seed: u64,
) -> Result<String, String> {
    let file = dir.join("usage.csv");
    let bytes = write(&file, seed)?;
    let report = dir.join("report.json");
    let ours = ours(uccxray, bundle, &file, &report, dir);
    let (peer_name, peer) = peer(&file, dir)?;
    let mut text = format!(
        "* {ROWS} rows of {ENTITLEMENTS} entitlements, {bytes} B; {runs} pairs (ours, peer, …) after one warm-up each\n\
         * peer: {peer_name}\n"
    );
    let (mut seconds, mut peaks, mut peer_seconds, mut peer_peaks) = (vec![], vec![], vec![], vec![]);
    for n in 0..=runs {
        let run = runner.run(&ours)?;
        check(&report, run.code)?;
        let beside = runner.run(&peer)?;
        if beside.code != 0 {
            return Err(format!("the peer ended with code {}", beside.code));
        }
        if n > 0 {
            seconds.push(run.seconds);
            peaks.push(run.peak_kib as f64 / 1024.0);
            peer_seconds.push(beside.seconds);
            peer_peaks.push(beside.peak_kib as f64 / 1024.0);
        }
    }
    let ratio = median(seconds.iter().zip(&peer_seconds).map(|(ours, peer)| ours / peer));
    let (seconds, peak) = (median(seconds), median(peaks));
    let verdict = if seconds < TARGET_S && peak < TARGET_MIB { "met" } else { "missed" };
    text.push_str(
        "\n| ours s | ours MB/s | ours peak MiB | peer s | peer peak MiB | ratio | target | verdict |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let _ = writeln!(
        text,
        "| {seconds:.2} | {:.0} | {peak:.0} | {:.2} | {:.0} | {ratio:.2} | < {TARGET_S} s, < {TARGET_MIB} MiB | {verdict} |",
        bytes as f64 / seconds / 1e6,
        median(peer_seconds),
        median(peer_peaks),
    );
    let _ =
        write!(text, "\nCommands:\n\n```text\n{}\n    beside: {}\n```\n", ours.shown(dir), peer.shown(dir));
    for stale in [file, report] {
        std::fs::remove_file(&stale).map_err(|e| format!("{}: {e}", stale.display()))?;
    }
    Ok(text)
}

fn ours(uccxray: &Path, bundle: &Path, file: &Path, report: &Path, dir: &Path) -> Job {
    let purchased: Vec<String> = (0..ENTITLEMENTS).map(|it| format!("{}={PURCHASED}", name(it))).collect();
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let mut arguments = words(&["analyze"]);
    arguments.extend([shown(bundle), "--usage".into(), shown(file)]);
    arguments.extend(["--purchased".into(), purchased.join(",")]);
    arguments.extend(words(&["-q", "--no-progress", "--jobs", "2", "-o"]));
    arguments.push(shown(report));
    Job { program: uccxray.to_owned(), arguments, output: Output::File(dir.join("ours.txt")) }
}

/// Takes the peak of every column: DuckDB where it is installed, else awk, which every machine has.
fn peer(file: &Path, dir: &Path) -> Result<(String, Job), String> {
    let file = file.to_string_lossy();
    let output = Output::File(dir.join("peer.txt"));
    let query = format!(
        "select time_bucket(interval 8 hours, timestamp) as slot, max(columns(* exclude timestamp)) \
         from read_csv('{file}') group by slot order by slot"
    );
    if let Some(program) = on_path("duckdb") {
        let arguments = vec!["-csv".to_owned(), "-c".to_owned(), query];
        return Ok((
            format!("DuckDB {}: highest of each column in eight hours", version(&program, "--version")),
            Job { program, arguments, output },
        ));
    }
    let script = format!("import duckdb; print(len(duckdb.sql(\"\"\"{query}\"\"\").fetchall()))");
    if let Some(program) = on_path("python3").filter(has_duckdb) {
        let name = "DuckDB from Python: highest of each column in eight hours".to_owned();
        return Ok((name, Job { program, arguments: vec!["-c".to_owned(), script], output }));
    }
    let program = on_path("mawk").or_else(|| on_path("awk")).ok_or("no peer: neither duckdb nor awk")?;
    let script = "NR > 1 { for (i = 2; i <= NF; i++) if ($i + 0 > peak[i]) peak[i] = $i + 0 } \
                  END { for (i in peak) print i, peak[i] }";
    let arguments = vec!["-F,".to_owned(), script.to_owned(), file.into_owned()];
    Ok((format!("{}: highest of each column", program.display()), Job { program, arguments, output }))
}

fn has_duckdb(python: &PathBuf) -> bool {
    let probe = std::process::Command::new(python).args(["-c", "import duckdb"]).output();
    probe.is_ok_and(|output| output.status.success())
}

/// The report must have read every row.
fn check(report: &Path, code: i32) -> Result<(), String> {
    let text = std::fs::read_to_string(report)
        .map_err(|e| format!("{}: {e}, exit code {code}", report.display()))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let samples = find(&json, "samples").and_then(serde_json::Value::as_u64);
    if samples == Some(ROWS as u64) {
        Ok(())
    } else {
        Err(format!("{samples:?} samples where {ROWS} were written"))
    }
}

/// The first value of that name, anywhere.
fn find<'a>(json: &'a serde_json::Value, name: &str) -> Option<&'a serde_json::Value> {
    match json {
        serde_json::Value::Object(fields) => {
            fields.get(name).or_else(|| fields.values().find_map(|value| find(value, name)))
        }
        serde_json::Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}
