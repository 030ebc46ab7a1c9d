//! A program that is told: no shell, a bare environment, a bound on its time.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reports::alerts::Alert;

use super::payload::{json, words};
use super::send::Failure;

/// `EX_TEMPFAIL` of `sysexits.h`: try again.
const TEMPFAIL: i32 = 75;

/// Runs the program with the alert as JSON on standard input and in `UCCXRAY_ALERT_*`. What it prints is thrown away.
///
/// Its environment holds nothing else but `PATH` and `LANG`: the secrets of other sinks may stand in ours.
pub(super) fn run(
    program: &Path,
    args: &[String],
    alert: &Alert,
    delivery: &str,
    timeout: Duration,
) -> Result<(), Failure> {
    let began = Instant::now();
    let told = json::bounded(alert);
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let flag = |is_set: bool| if is_set { "1" } else { "0" }.to_owned();
    let variables = [
        ("ID", told.id.clone()),
        ("DELIVERY", delivery.to_owned()),
        ("RULE", told.rule.clone()),
        ("STATE", told.state.name().to_owned()),
        ("SEVERITY", told.severity.name().to_owned()),
        ("BASIS", told.basis.name().to_owned()),
        ("SYSTEM", told.product_instance.clone().unwrap_or_default()),
        ("NODE", told.node.clone().unwrap_or_default()),
        ("SINCE", told.since.map(reports::time::Time::text).unwrap_or_default()),
        ("DEADLINE", told.deadline.as_ref().map(|deadline| deadline.expected.text()).unwrap_or_default()),
        ("TITLE", told.title.clone()),
        ("TEXT", words::line(alert)),
        ("MAY_REPEAT", flag(told.may_repeat)),
        ("REPLAY", flag(told.replayed)),
        ("TEST", flag(told.test)),
    ];
    for (name, value) in variables {
        // A variable cannot hold NUL; all that is hidden is spelled out.
        command.env(format!("UCCXRAY_ALERT_{name}"), words::plain(&value, 8_000));
    }
    let mut child =
        command.spawn().map_err(|error| Failure::soft(format!("the program cannot be run: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        let document = json::document(alert, delivery);
        // A program that reads nothing must not hold us up. That it closed its input is its own affair.
        std::thread::spawn(move || {
            let _ = input.write_all(document.as_bytes()).and_then(|()| input.write_all(b"\n"));
        });
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                return match status.code() {
                    Some(0) => Ok(()),
                    Some(TEMPFAIL) => Err(Failure::soft("the program asks to be run again (exit 75)")),
                    Some(code) => Err(Failure::hard(format!("the program ended with exit {code}"))),
                    None => Err(Failure::soft("the program was ended by a signal")),
                };
            }
            Ok(None) if began.elapsed() < timeout => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                kill(&mut child);
                return Err(Failure::soft(format!(
                    "the program was killed after {} s",
                    timeout.as_secs_f32()
                )));
            }
            Err(error) => {
                kill(&mut child);
                return Err(Failure::soft(format!("the program cannot be waited for: {error}")));
            }
        }
    }
}

/// Ends the program and what it started, as far as that stayed in its group.
fn kill(child: &mut Child) {
    // The standard library kills one process, not a group; the number is ours, nothing else enters the command.
    let script = format!("kill -9 -{}", child.id());
    let _ = Command::new("/bin/sh")
        .args(["-c", &script])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::{ATTACK, Folder, alert, hostile};

    fn sh(script: &str, folder: &Folder, alert: &Alert, timeout: Duration) -> Result<(), Failure> {
        let file = folder.write("script", script);
        let args = [file.display().to_string(), folder.0.display().to_string()];
        run(Path::new("/bin/sh"), &args, alert, "d1", timeout)
    }

    #[test]
    fn a_program_reads_the_alert_and_runs_nothing_of_it() {
        let folder = Folder::new("exec");
        let script = "cat > \"$1/in\"; printf '%s' \"$UCCXRAY_ALERT_RULE/$UCCXRAY_ALERT_STATE\" > \"$1/env\"";
        sh(script, &folder, &alert(), Duration::from_secs(10)).unwrap();
        let input = std::fs::read_to_string(folder.0.join("in")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&input).unwrap();
        assert_eq!(value["schema"], json::SCHEMA);
        assert_eq!(std::fs::read_to_string(folder.0.join("env")).unwrap(), "out-of-compliance/raised");
        sh(script, &folder, &hostile(ATTACK), Duration::from_secs(10)).unwrap();
        sh("exit 0", &folder, &hostile(&"x".repeat(1 << 20)), Duration::from_secs(10)).unwrap();
    }

    #[test]
    fn exit_codes_say_whether_to_try_again() {
        let folder = Folder::new("exec");
        let result = sh("exit 75", &folder, &alert(), Duration::from_secs(10)).unwrap_err();
        assert!(result.retry, "{result:?}");
        let result = sh("exit 1", &folder, &alert(), Duration::from_secs(10)).unwrap_err();
        assert!(!result.retry && result.why.contains("exit 1"), "{result:?}");
        let gone = run(Path::new("/nonexistent"), &[], &alert(), "d", Duration::from_secs(1)).unwrap_err();
        assert!(gone.retry && gone.why.contains("cannot be run"), "{gone:?}");
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let folder = Folder::new("exec");
        let began = Instant::now();
        let script = "(sleep 1; touch \"$1/late\") & sleep 60";
        let result = sh(script, &folder, &alert(), Duration::from_millis(300)).unwrap_err();
        assert!(result.retry && result.why.contains("killed"), "{result:?}");
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(1_300));
        assert!(!folder.0.join("late").exists());
    }
}
