//! Runs programs in pairs and takes their wall time and peak memory.
//!
//! Peak memory is the child's own: GNU time starts the command (a large parent's pages would leak into the
//! child's peak), and where it is absent the last `VmHWM` of `/proc/PID/status` before the end is taken.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where a program's standard output goes. A file is safer: some greps stop at the first match when they see
/// the null device.
#[derive(Clone)]
pub(crate) enum Output {
    File(PathBuf),
    Null,
}

/// A command line to be measured.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) output: Output,
}

impl Job {
    /// The command as a reader would type it, with the work folder and the program's folder left out.
    pub(crate) fn shown(&self, dir: &Path) -> String {
        let dir = dir.to_string_lossy();
        let name = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut words = vec![name];
        words.extend(self.arguments.iter().map(|word| word.replace(dir.as_ref(), "$DIR")));
        words.push(match &self.output {
            Output::File(path) => format!("> {}", path.to_string_lossy().replace(dir.as_ref(), "$DIR")),
            Output::Null => "> /dev/null".to_owned(),
        });
        words.join(" ")
    }
}

/// One run.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) peak_kib: u64,
    /// Exit code; -1 when a signal ended it.
    pub(crate) code: i32,
}

/// Runs jobs, through GNU time where there is one.
pub(crate) struct Runner {
    time: Option<PathBuf>,
    scratch: PathBuf,
}

impl Runner {
    /// `dir` takes the files of GNU time.
    pub(crate) fn new(dir: &Path) -> Self {
        let scratch = dir.join("peak.txt");
        let mut runner = Self { time: on_path("time"), scratch };
        let probe = Job { program: "true".into(), arguments: Vec::new(), output: Output::Null };
        if runner.run(&probe).map_or(true, |run| run.code != 0 || run.peak_kib == 0) {
            runner.time = None;
        }
        runner
    }

    /// How peak memory is taken, in words.
    pub(crate) fn memory_source(&self) -> &'static str {
        if self.time.is_some() { "GNU time, maximum resident set" } else { "VmHWM polled every 2 ms" }
    }

    /// Runs a job once, taking its peak memory too.
    pub(crate) fn run(&self, job: &Job) -> Result<Run, String> {
        let Some(time) = &self.time else { return run_polled(job) };
        let mut command = Command::new(time);
        command.args(["-f", "%M", "-o"]).arg(&self.scratch).arg("--").arg(&job.program).args(&job.arguments);
        let (seconds, code) = run_plain(command, job)?;
        let text = fs::read_to_string(&self.scratch).unwrap_or_default();
        // On failure GNU time writes a sentence before the figure.
        let peak_kib = text.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
        Ok(Run { seconds, peak_kib, code })
    }

    /// Runs a job once with nothing between it and the clock.
    pub(crate) fn run_bare(&self, job: &Job) -> Result<Run, String> {
        let mut command = Command::new(&job.program);
        command.args(&job.arguments);
        let (seconds, code) = run_plain(command, job)?;
        Ok(Run { seconds, peak_kib: 0, code })
    }
}

fn wire(command: &mut Command, job: &Job) -> Result<(), String> {
    let stdout = match &job.output {
        Output::Null => Stdio::null(),
        Output::File(path) => File::create(path).map_err(|e| format!("{}: {e}", path.display()))?.into(),
    };
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
    Ok(())
}

fn run_plain(mut command: Command, job: &Job) -> Result<(f64, i32), String> {
    wire(&mut command, job)?;
    let start = Instant::now();
    let status = command.status().map_err(|e| format!("{}: {e}", job.program.display()))?;
    Ok((start.elapsed().as_secs_f64(), status.code().unwrap_or(-1)))
}

fn run_polled(job: &Job) -> Result<Run, String> {
    let explain = |e: std::io::Error| format!("{}: {e}", job.program.display());
    let mut command = Command::new(&job.program);
    command.args(&job.arguments);
    wire(&mut command, job)?;
    let start = Instant::now();
    let mut child = command.spawn().map_err(explain)?;
    let status_file = format!("/proc/{}/status", child.id());
    let poll = std::thread::scope(|scope| {
        let (ended, end) = std::sync::mpsc::channel::<()>();
        let watcher = scope.spawn(move || {
            let mut peak = 0;
            while end.recv_timeout(Duration::from_millis(2))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                peak = high_water(&status_file).unwrap_or(peak);
            }
            peak
        });
        let status = child.wait();
        let seconds = start.elapsed().as_secs_f64();
        drop(ended);
        (status, seconds, watcher.join().unwrap_or(0))
    });
    let (status, seconds, peak_kib) = poll;
    Ok(Run { seconds, peak_kib, code: status.map_err(explain)?.code().unwrap_or(-1) })
}

fn high_water(status_file: &str) -> Option<u64> {
    let text = fs::read_to_string(status_file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A program's place, from `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// First line of what a program prints about its version.
pub(crate) fn version(program: &Path, flag: &str) -> String {
    let output = Command::new(program).arg(flag).stdin(Stdio::null()).output();
    output
        .ok()
        .and_then(|output| {
            let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
            String::from_utf8_lossy(&text).lines().next().map(|line| line.trim().to_owned())
        })
        .unwrap_or_else(|| "version unknown".to_owned())
}

/// Middle value; of an even number, the mean of the two in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match (sorted.get(half), half.checked_sub(1).and_then(|before| sorted.get(before))) {
        (Some(upper), Some(lower)) if sorted.len().is_multiple_of(2) => (upper + lower) / 2.0,
        (Some(middle), _) => *middle,
        (None, _) => f64::NAN,
    }
}
