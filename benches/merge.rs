//! Many nodes, a million records each: memory must follow what was found, not how much was read.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::corpus::civil;
use crate::measure::{Job, Output, Runner, median};
use crate::{check_code, mib, words};

/// Nodes of each row.
const NODES: [u64; 4] = [1, 3, 10, 30];

/// Records of each node's MCVD trace.
const RECORDS: u64 = 1_000_000;

/// 2026-05-01T00:00:00Z, so that three weeks stay within one month: the peer sorts by text.
const START_MS: i64 = 1_777_593_600_000;

const LENGTH_MS: i64 = 21 * 86_400_000;

/// One alarm a quarter of an hour, for the first day.
const ALARMS: u64 = 96;

/// What the peer merges by: `May DD hh:mm:ss.mmm`.
const KEY: &str = "-k2,4";

/// Writes the trace of one node: every node has its own alarms, some seconds beside the others'.
fn trace(path: &Path, node: u64) -> std::io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut bytes = 0;
    let mut line = String::new();
    let mut alarm = 0;
    for record in 0..RECORDS {
        let at = START_MS + LENGTH_MS * record as i64 / RECORDS as i64 + node as i64 * 7;
        let [_, _, day, hour, minute, second] = civil(at);
        line.clear();
        let _ = write!(
            line,
            "{}: May {day:02} {hour:02}:{minute:02}:{second:02}.{:03} UTC %MCVD-",
            record + 1,
            at.rem_euclid(1_000)
        );
        if alarm < ALARMS && at >= START_MS + alarm as i64 * 900_000 + node as i64 * 20_000 {
            alarm += 1;
            line.push_str(
                "LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil \
                 This Product Instance is currently in Out of Compliance state because of insufficient licenses.\n",
            );
        } else {
            let _ = writeln!(
                line,
                "CLUSTER_MGR-7-UNK:[Heartbeat-{}] sequence {record} of node {node} acknowledged",
                record % 17
            );
        }
        out.write_all(line.as_bytes())?;
        bytes += line.len() as u64;
    }
    out.flush()?;
    Ok(bytes)
}

/// The report must hold every alarm once, in order of time.
fn check(report: &Path, nodes: u64) -> Result<(), String> {
    let text = fs::read(report).map_err(|e| format!("no report: {e}"))?;
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|e| format!("bad report: {e}"))?;
    let events = value.pointer("/events").and_then(serde_json::Value::as_array).ok_or("no events")?;
    let times: Vec<&str> = events.iter().filter_map(|event| event.get("at")?.as_str()).collect();
    let witnesses: usize =
        events.iter().filter_map(|event| Some(event.get("witnesses")?.as_array()?.len())).sum();
    if times.len() != events.len() || !times.is_sorted() {
        return Err(format!(
            "{} of {} events dated, sorted: {}",
            times.len(),
            events.len(),
            times.is_sorted()
        ));
    }
    let expected = nodes * ALARMS;
    if witnesses as u64 == expected { Ok(()) } else { Err(format!("{witnesses} lines cited of {expected}")) }
}

/// Wall time and peak memory from one node to thirty, beside GNU sort merging the same files.
pub(crate) fn run(uccxray: &Path, runner: &Runner, dir: &Path, runs: usize) -> Result<String, String> {
    let root = dir.join("merge");
    let report = dir.join("merge.json");
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let mut text = format!(
        "* {RECORDS} records a node over 21 days, {ALARMS} alarms each; median of {runs} runs after one warm-up; \
         every alarm is looked for, and the order\n\n\
         | nodes | records | bytes | ours s | GB/s | ours peak MiB | sort -m s | sort peak MiB | ratio | verdict |\n\
         |---|---|---|---|---|---|---|---|---|---|\n"
    );
    let mut files: Vec<PathBuf> = Vec::new();
    let mut bytes = 0;
    for nodes in NODES {
        while (files.len() as u64) < nodes {
            let node = files.len() as u64 + 1;
            let folder = root.join(format!("uccx{node:02}/uccx/log/MCVD"));
            fs::create_dir_all(&folder).map_err(|e| failed(&folder, e))?;
            let file = folder.join("Cisco001MCVD001.log");
            bytes += trace(&file, node).map_err(|e| failed(&file, e))?;
            files.push(file);
        }
        let mut arguments = words(&["analyze"]);
        arguments.push(root.to_string_lossy().into_owned());
        arguments.extend(words(&["-q", "--no-progress", "--jobs", "2", "--year", "2026", "-o"]));
        arguments.push(report.to_string_lossy().into_owned());
        let ours = Job { program: uccxray.to_owned(), arguments, output: Output::File(dir.join("ours.txt")) };
        let mut arguments = words(&["LC_ALL=C", "sort", "-m", "-s", KEY]);
        arguments.extend(files.iter().map(|file| file.to_string_lossy().into_owned()));
        let peer = Job { program: "env".into(), arguments, output: Output::Null };
        let (mut seconds, mut others) = (Vec::new(), Vec::new());
        let (mut peak, mut other_peak) = (0, 0);
        let mut verdict = "ok".to_owned();
        for round in 0..=runs {
            let run = runner.run(&ours)?;
            if let Err(reason) = check_code(run.code).and_then(|()| check(&report, nodes)) {
                verdict = format!("FAILED: {reason}");
            }
            let other = runner.run(&peer)?;
            if round > 0 {
                seconds.push(run.seconds);
                others.push(other.seconds);
                peak = run.peak_kib.max(peak);
                other_peak = other.peak_kib.max(other_peak);
            }
        }
        let (wall, other) = (median(seconds), median(others));
        let _ = writeln!(
            text,
            "| {nodes} | {} | {bytes} | {wall:.3} | {:.2} | {:.1} | {other:.3} | {:.1} | {:.2} | {verdict} |",
            nodes * RECORDS,
            bytes as f64 / wall / 1e9,
            mib(peak),
            mib(other_peak),
            wall / other
        );
    }
    fs::remove_dir_all(&root).map_err(|e| failed(&root, e))?;
    Ok(text)
}
