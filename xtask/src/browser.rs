//! The page of a report and the live page in a real browser: installs what they need, makes a bundle of many events,
//! runs the checks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{install, run};

/// Events of the large page: as many as must stay fluid.
const MANY: u32 = 100_000;

/// Runs `tests/browser/page.mjs` and `live.mjs`; with `keep`, screenshots stay in that folder.
pub(crate) fn test(keep: Option<&str>) -> Result<(), String> {
    if !Path::new("/usr/bin/chromium").exists() {
        install(&["chromium"])?;
    }
    // Debian keeps the judge of metrics, promtool, beside the server.
    for (program, package) in [("node", "nodejs"), ("npm", "npm"), ("promtool", "prometheus")] {
        if Command::new(program).arg("--version").output().is_err() {
            install(&[package])?;
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no folder")?;
    let folder = root.join("tests/browser");
    // The lock file names every version and its hash.
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&folder))?;
    let program = std::env::current_exe().map_err(|error| format!("cannot find the build: {error}"))?;
    let program = program.with_file_name("uccxray");
    let many = std::env::temp_dir().join(format!("uccxray-many-{}", std::process::id()));
    let log = many.join("uccxpub/uccx/log/MCVD/Cisco001MCVD001.log");
    let outcome = write(&log).and_then(|()| {
        let samples = root.join("samples");
        let mut command = Command::new("node");
        command.arg(folder.join("page.mjs")).arg(&program);
        let bundles: [PathBuf; 3] =
            [samples.join("kitchen-sink/bundle"), samples.join("usage-from-sql/bundle"), many.clone()];
        run(command.args(bundles).args(keep))
    });
    // What cannot be removed lies in a folder for such things.
    let _ = std::fs::remove_dir_all(&many);
    outcome?;
    run(Command::new("node").arg(folder.join("live.mjs")).arg(program).args(keep))
}

/// One alarm a minute, the countdown and Out of Compliance in turn.
fn write(log: &Path) -> Result<(), String> {
    let mut text = String::new();
    for event in 0..MANY {
        let (day, minute) = (event / 1440, event % 1440);
        let (month, day) = ([("Jan", 31), ("Feb", 28), ("Mar", 31)].iter())
            .try_fold(
                day,
                |left, (name, days)| if left < *days { Err((*name, left + 1)) } else { Ok(left - days) },
            )
            .map_or_else(|found| found, |left| ("Apr", left + 1));
        let said = match event % 4 {
            0 => {
                "1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] Soon.: This Product Instance will enter Out of Compliance state in =45 minutes"
            }
            1 => {
                "0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: [REPORT_ENTITLE] Very soon.: This Product Instance will enter Out of Compliance state in =15 minutes"
            }
            _ => {
                "1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] This Product Instance is currently in Out of Compliance state because of insufficient licenses."
            }
        };
        let (hour, minute, ms) = (minute / 60, minute % 60, event % 1000);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}: {month} {day:02} {hour:02}:{minute:02}:05.{ms:03} UTC %MCVD-LIB_LICENSE-{said}",
            100_000 + event
        );
    }
    let folder = log.parent().ok_or("the log has no folder")?;
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(log, text))
        .map_err(|error| format!("cannot write {}: {error}", log.display()))
}
