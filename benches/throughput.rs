//! Speed and memory of `uccxray analyze` beside the fastest tools that do less.
//!
//! ```text
//! cargo bench --bench throughput -- [--size 1GiB] [--runs 7] [--dir DIR] [--only dir-sparse,zip-dense,…]
//!                                   [--bin UCCXRAY] [--table FILE] [--seed N] [--keep]
//! cargo bench --bench throughput -- --grow [--only dir-dense]   10 MB … 10 GB: time and peak memory
//! cargo bench --bench throughput -- --merge                     1 to 30 nodes of a million records: time and peak memory
//! cargo bench --bench throughput -- --usage                     five years of usage: time and peak memory
//! cargo bench --bench throughput -- --catalog                   the catalog of failures against an empty one
//! cargo bench --bench throughput -- --redact                    what redaction costs
//! cargo bench --bench throughput -- --gate                      which literals, which searcher
//! ```
//!
//! Corpora are generated (see `corpus`), so the figures are of synthetic text. Each form is warmed up, then
//! ours and the peer run in turn (A B A B …); the ratio is the median of the pairs' ratios and the figure to
//! trust on a busy machine. Every run is checked: counts and bytes must be the generator's.
//! A target that is missed is printed as missed; the exit code stays 0.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table")]

mod catalog;
mod corpus;
mod forms;
mod gate;
mod measure;
mod merge;
mod redact;
mod usage;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use corpus::{Density, GIB, LITERALS, Truth};
use measure::{Job, Output, Run, Runner, median};

const USAGE: &str = "usage: throughput [--size 1GiB] [--runs 7] [--dir DIR] [--only LIST] [--bin UCCXRAY] \
                     [--table FILE] [--seed N] [--keep] | --grow | --merge | --usage | --catalog | --redact | --gate\n\
                     LIST: dir-sparse dir-dense zip-sparse zip-dense targz-sparse targz-dense startup";
const FORMS: [&str; 7] =
    ["dir-sparse", "dir-dense", "zip-sparse", "zip-dense", "targz-sparse", "targz-dense", "startup"];
const MIB: f64 = 1_048_576.0;
const STARTUP_RUNS: usize = 20;
const STARTUP_TARGET_MS: f64 = 50.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // `cargo test --all-targets` starts a bench without arguments: not the time for a gibibyte.
        [] | ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(())
        }
        // The inflate-only peers, as processes of their own.
        ["inflate-zip", path, threads] => threads
            .parse()
            .map_err(|e| format!("{threads}: {e}"))
            .and_then(|threads| forms::inflate_zip(Path::new(path), threads))
            .map(|bytes| println!("{bytes}")),
        ["inflate-gz", path] => forms::inflate_gz(Path::new(path)).map(|bytes| println!("{bytes}")),
        _ => Options::read(&arguments).and_then(|options| options.run()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("throughput: {message}");
            ExitCode::FAILURE
        }
    }
}

#[derive(PartialEq, Eq)]
enum Mode {
    Compare,
    Grow,
    Merge,
    Usage,
    Catalog,
    Redact,
    Gate,
}

struct Options {
    mode: Mode,
    size: u64,
    runs: usize,
    dir: PathBuf,
    only: Vec<String>,
    program: Option<PathBuf>,
    table: Option<PathBuf>,
    seed: u64,
    keep: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            mode: Mode::Compare,
            size: GIB,
            runs: 7,
            dir: std::env::temp_dir().join("uccxray-bench"),
            only: Vec::new(),
            program: option_env!("CARGO_BIN_EXE_uccxray").map(PathBuf::from),
            table: None,
            seed: 1,
            keep: false,
        };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{option} needs a value\n{USAGE}"));
            let number =
                |text: &str| text.parse::<u64>().map_err(|_| format!("{option}: {text:?} is no number"));
            match option.as_str() {
                // What `cargo bench` adds.
                "--bench" => {}
                "--grow" => options.mode = Mode::Grow,
                "--merge" => options.mode = Mode::Merge,
                "--usage" => options.mode = Mode::Usage,
                "--catalog" => options.mode = Mode::Catalog,
                "--redact" => options.mode = Mode::Redact,
                "--gate" => options.mode = Mode::Gate,
                "--keep" => options.keep = true,
                "--size" => options.size = size(value()?)?,
                "--runs" => options.runs = usize::try_from(number(value()?)?.max(1)).unwrap_or(usize::MAX),
                "--seed" => options.seed = number(value()?)?,
                "--dir" => options.dir = PathBuf::from(value()?),
                "--bin" => options.program = Some(PathBuf::from(value()?)),
                "--table" => options.table = Some(PathBuf::from(value()?)),
                "--only" => {
                    for form in value()?.split(',').map(str::trim) {
                        if !FORMS.contains(&form) {
                            return Err(format!("--only: unknown form {form:?}\n{USAGE}"));
                        }
                        options.only.push(form.to_owned());
                    }
                }
                _ => return Err(format!("unknown option {option:?}\n{USAGE}")),
            }
        }
        fs::create_dir_all(&options.dir).map_err(|e| format!("{}: {e}", options.dir.display()))?;
        Ok(options)
    }

    fn wants(&self, form: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == form)
    }

    fn run(&self) -> Result<(), String> {
        let text = match self.mode {
            Mode::Gate => {
                let mut text = self.heading("Gate", None)?;
                text.push_str(&gate::run(&self.dir, 64_000_000)?);
                text
            }
            Mode::Compare => self.compare()?,
            Mode::Grow => self.grow()?,
            Mode::Merge => {
                let runner = Runner::new(&self.dir);
                let mut text = self.heading("Many nodes", Some(&runner))?;
                text.push_str(&merge::run(&self.uccxray()?, &runner, &self.dir, self.runs)?);
                text
            }
            Mode::Catalog => {
                let mut text = self.heading("Catalog", None)?;
                let (bundle, truth) = self.corpus(Density::Dense, self.size, "dir-dense")?;
                text.push_str(&catalog::run(&bundle, truth.bytes, self.runs)?);
                self.forget("dir-dense")?;
                text
            }
            Mode::Redact => {
                let mut text = self.heading("Redact", None)?;
                let (bundle, truth) = self.corpus(Density::Dense, self.size, "dir-dense")?;
                text.push_str(&redact::run(&self.uccxray()?, &bundle, truth.bytes, self.runs, &self.dir)?);
                self.forget("dir-dense")?;
                text
            }
            Mode::Usage => {
                let runner = Runner::new(&self.dir);
                let mut text = self.heading("Usage", Some(&runner))?;
                let (bundle, _) = self.corpus(Density::Sparse, 4_000_000, "usage-logs")?;
                text.push_str(&usage::run(
                    &self.uccxray()?,
                    &runner,
                    &self.dir,
                    &bundle,
                    self.runs,
                    self.seed,
                )?);
                self.forget("usage-logs")?;
                text
            }
        };
        println!("\n{text}");
        if let Some(table) = &self.table {
            fs::write(table, text).map_err(|e| format!("{}: {e}", table.display()))?;
        }
        Ok(())
    }

    fn uccxray(&self) -> Result<PathBuf, String> {
        let program = self.program.clone().ok_or("which uccxray? Give --bin PATH")?;
        // Absolute: the same program wherever it is started.
        fs::canonicalize(&program).map_err(|e| format!("{}: {e}", program.display()))
    }

    fn heading(&self, title: &str, runner: Option<&Runner>) -> Result<String, String> {
        let mut text = format!("## {title}\n\n");
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let meminfo = read("/proc/meminfo");
        let memory_kib: f64 = meminfo
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap_or(0.0);
        let kernel = read("/proc/sys/kernel/osrelease");
        let load = read("/proc/loadavg");
        let _ = writeln!(
            text,
            "* machine: {model}, {cores} cores, {:.0} GiB, kernel {}, load before the runs {}",
            memory_kib / 1_048_576.0,
            kernel.trim(),
            load.split_whitespace().next().unwrap_or("unknown")
        );
        let rustc = measure::on_path("rustc").map_or_else(
            || "rustc not on PATH".to_owned(),
            |program| measure::version(&program, "--version"),
        );
        let _ = writeln!(text, "* {rustc}; page cache warm; GB = 1e9 bytes uncompressed; seed {}", self.seed);
        if let Some(runner) = runner {
            let ours = measure::version(&self.uccxray()?, "--version");
            let _ = writeln!(text, "* {ours}; peak memory: {}", runner.memory_source());
        }
        Ok(text)
    }

    /// Generates a corpus, or finds it from an earlier run with `--keep`.
    fn corpus(&self, density: Density, size: u64, name: &str) -> Result<(PathBuf, Truth), String> {
        let root = self.dir.join(name);
        let truth_file = self.dir.join(format!("{name}.truth.json"));
        if let Some(truth) = corpus::known(&truth_file, density, size, self.seed).filter(|_| root.is_dir()) {
            return Ok((root, truth));
        }
        for stale in
            [root.clone(), self.dir.join(format!("{name}.zip")), self.dir.join(format!("{name}.tar.gz"))]
        {
            remove(&stale)?;
        }
        let start = Instant::now();
        let truth = corpus::generate(&root, &truth_file, density, size, self.seed)?;
        let seconds = start.elapsed().as_secs_f64();
        eprintln!(
            "{name}: {} B, {} files, {} lines, {:.2} % relevant, in {seconds:.1} s ({:.0} MB/s)",
            truth.bytes,
            truth.files,
            truth.lines,
            percent(truth.relevant, truth.lines),
            truth.bytes as f64 / seconds / 1e6
        );
        Ok((root, truth))
    }

    fn compare(&self) -> Result<String, String> {
        let uccxray = self.uccxray()?;
        let runner = Runner::new(&self.dir);
        let mut text = self.heading("Throughput", Some(&runner))?;
        let peers = Peers::find()?;
        let _ = writeln!(text, "* peers: {}", peers.described());
        let _ =
            writeln!(text, "* {} pairs a row (ours, peer, ours, peer, …) after one warm-up each", self.runs);
        let mut rows = String::new();
        let mut commands = String::new();
        let mut sizes = String::new();
        for density in [Density::Sparse, Density::Dense] {
            let word = density.word();
            let wanted: Vec<&str> = ["dir", "zip", "targz"]
                .into_iter()
                .filter(|form| self.wants(&format!("{form}-{word}")))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let (root, truth) = self.corpus(density, self.size, word)?;
            let _ = writeln!(
                sizes,
                "* {word}: {} B in {} files, {} lines ({} B a line), {} relevant ({:.2} %)",
                truth.bytes,
                truth.files,
                truth.lines,
                truth.bytes / truth.lines.max(1),
                truth.relevant,
                percent(truth.relevant, truth.lines)
            );
            for form in wanted {
                let input = match form {
                    "zip" => self.dir.join(format!("{word}.zip")),
                    "targz" => self.dir.join(format!("{word}.tar.gz")),
                    _ => root.clone(),
                };
                if form != "dir" && !(self.keep && input.is_file()) {
                    let size = if form == "zip" {
                        forms::make_zip(&root, &input)?
                    } else {
                        forms::make_tar_gz(&root, &input)?
                    };
                    let ratio = truth.bytes as f64 / size as f64;
                    let _ = writeln!(sizes, "* {word} {form}: {size} B, ratio {ratio:.2}");
                }
                let ours = self.analyze(&uccxray, &input);
                let (target, peer) = peers.job(form, density, &input, &self.dir);
                eprintln!("{form}-{word}: {} pairs", self.runs);
                let row = pairs(&runner, self.runs, &ours, peer.as_ref(), |side| match side {
                    Side::Ours => {
                        check_report(&self.report(), &truth)?;
                        // A case has a new report: to replace one, some file systems write it to the disk first.
                        remove(&self.report())
                    }
                    Side::Peer => check_peer(form, peer.as_ref(), &truth),
                })?;
                row.print(&mut rows, &format!("{form} {word}"), &truth, density, target, peer.as_ref());
                let _ = writeln!(commands, "{}", ours.shown(&self.dir));
                let shown =
                    peer.map_or_else(|| "(peer not installed)".to_owned(), |job| job.shown(&self.dir));
                let _ = writeln!(commands, "    beside: {shown}");
                if !self.keep && form != "dir" {
                    remove(&input)?;
                }
            }
            if !self.keep {
                self.forget(word)?;
            }
        }
        text.push_str(&sizes);
        if !rows.is_empty() {
            text.push_str(
                "\n| form | ours s | ours GB/s | ours peak MiB | peer | peer s | peer GB/s | peer peak MiB | ratio | target | verdict |\n\
                 |---|---|---|---|---|---|---|---|---|---|---|\n",
            );
            text.push_str(&rows);
        }
        if self.wants("startup") {
            text.push_str(&self.startup(&uccxray, &runner)?);
        }
        if !commands.is_empty() {
            let _ = write!(text, "\nCommands:\n\n```text\n{commands}```\n");
        }
        for name in ["report.json", "ours.txt", "peer.txt", "peak.txt"] {
            remove(&self.dir.join(name))?;
        }
        Ok(text)
    }

    fn report(&self) -> PathBuf {
        self.dir.join("report.json")
    }

    fn analyze(&self, uccxray: &Path, input: &Path) -> Job {
        let mut arguments = words(&["analyze"]);
        arguments.push(input.to_string_lossy().into_owned());
        arguments.extend(words(&["-q", "--no-progress", "--jobs", "2", "-o"]));
        arguments.push(self.report().to_string_lossy().into_owned());
        Job { program: uccxray.to_owned(), arguments, output: Output::File(self.dir.join("ours.txt")) }
    }

    fn forget(&self, name: &str) -> Result<(), String> {
        remove(&self.dir.join(name))?;
        remove(&self.dir.join(format!("{name}.truth.json")))
    }

    /// A 1 MB bundle: from start to the end of the process, the screen being written to a file.
    fn startup(&self, uccxray: &Path, runner: &Runner) -> Result<String, String> {
        let (root, truth) = self.corpus(Density::Sparse, 1_000_000, "startup")?;
        let zip = self.dir.join("startup.zip");
        forms::make_zip(&root, &zip)?;
        let mut text = format!(
            "\nStart-up: a bundle of {} B, warm, first screen to a file, median of {STARTUP_RUNS}, target {STARTUP_TARGET_MS} ms\n\n\
             | form | median ms | slowest ms | verdict |\n|---|---|---|---|\n",
            truth.bytes
        );
        for (name, input) in [("directory", &root), ("zip", &zip)] {
            let arguments = vec![
                "analyze".to_owned(),
                input.to_string_lossy().into_owned(),
                "--no-progress".to_owned(),
                "--jobs".to_owned(),
                "2".to_owned(),
            ];
            let output = Output::File(self.dir.join("ours.txt"));
            let job = Job { program: uccxray.to_owned(), arguments, output };
            let mut millis = Vec::new();
            let mut failed = None;
            for round in 0..STARTUP_RUNS + 3 {
                let run = runner.run_bare(&job)?;
                if !finished(run.code) {
                    failed = Some(format!("exit code {}", run.code));
                }
                if round >= 3 {
                    millis.push(run.seconds * 1000.0);
                }
            }
            let slowest = millis.iter().copied().fold(0.0, f64::max);
            let middle = median(millis);
            let verdict = match failed {
                Some(reason) => format!("FAILED: {reason}"),
                None if middle <= STARTUP_TARGET_MS => "ok".to_owned(),
                None => "MISS".to_owned(),
            };
            let _ = writeln!(text, "| {name} | {middle:.1} | {slowest:.1} | {verdict} |");
        }
        let job = words(&["analyze", "$DIR/startup", "--no-progress", "--jobs", "2"]).join(" ");
        let _ = writeln!(text, "\n`uccxray {job} > $DIR/ours.txt`");
        if !self.keep {
            remove(&zip)?;
            self.forget("startup")?;
        }
        Ok(text)
    }

    /// Wall time and peak memory as the directory grows from 10 MB to 10 GB.
    fn grow(&self) -> Result<String, String> {
        let uccxray = self.uccxray()?;
        let runner = Runner::new(&self.dir);
        let density =
            if self.only.iter().any(|only| only == "dir-dense") { Density::Dense } else { Density::Sparse };
        let (_, limit) = limits(density);
        let mut text =
            self.heading(&format!("How it grows: directory, {}", density.word()), Some(&runner))?;
        let _ = write!(
            text,
            "* median of {} runs, of 3 at 10 GB, after one warm-up; peak memory: the highest; target {limit} MiB\n\n\
             | corpus | bytes | lines | wall s | GB/s | peak MiB | verdict |\n|---|---|---|---|---|---|---|\n",
            self.runs
        );
        let sizes = [
            ("10 MB", 10_000_000),
            ("100 MB", 100_000_000),
            ("1 GB", 1_000_000_000),
            ("10 GB", 10_000_000_000),
        ];
        for (name, bytes) in sizes {
            let (root, truth) = self.corpus(density, bytes, "grow")?;
            let job = self.analyze(&uccxray, &root);
            runner.run(&job)?;
            let runs = if bytes > 1_000_000_000 { self.runs.min(3) } else { self.runs };
            let mut failed = None;
            let mut seconds = Vec::new();
            let mut peak_kib = 0;
            for _ in 0..runs {
                let run = runner.run(&job)?;
                if let Err(reason) = check_code(run.code).and_then(|()| check_report(&self.report(), &truth))
                {
                    failed = Some(reason);
                }
                seconds.push(run.seconds);
                peak_kib = run.peak_kib.max(peak_kib);
            }
            let wall = median(seconds);
            let peak = mib(peak_kib);
            let verdict = match failed {
                Some(reason) => format!("FAILED: {reason}"),
                None if peak > limit => "MISS (memory)".to_owned(),
                None => "ok".to_owned(),
            };
            let speed = truth.bytes as f64 / wall / 1e9;
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {wall:.3} | {speed:.2} | {peak:.1} | {verdict} |",
                truth.bytes, truth.lines
            );
            self.forget("grow")?;
        }
        let shown = self.analyze(&uccxray, &self.dir.join("grow")).shown(&self.dir);
        let _ = writeln!(text, "\n`{shown}`");
        Ok(text)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn mib(kib: u64) -> f64 {
    kib as f64 * 1024.0 / MIB
}

/// Highest ratio to ripgrep on a directory, and highest peak memory in MiB.
fn limits(density: Density) -> (f64, f64) {
    match density {
        Density::Sparse => (1.0, 64.0),
        Density::Dense => (1.3, 256.0),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" | "B" => 1,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "MiB" => 1 << 20,
        "GiB" => GIB,
        _ => return Err(format!("--size: {text:?} is no size (1GiB, 100MB, …)")),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|bytes| *bytes >= 100_000)
        .ok_or_else(|| format!("--size: {text:?} is no size of at least 100000 B"))
}

fn remove(path: &Path) -> Result<(), String> {
    let done = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match done {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {e}", path.display())),
        _ => Ok(()),
    }
}

/// The tools we run beside.
struct Peers {
    ripgrep: Option<PathBuf>,
    igzip: Option<PathBuf>,
    own: PathBuf,
}

impl Peers {
    fn find() -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        Ok(Self { ripgrep: measure::on_path("rg"), igzip: measure::on_path("igzip"), own })
    }

    fn described(&self) -> String {
        let name = |program: &Option<PathBuf>, absent: &str| {
            program
                .as_ref()
                .map_or_else(|| absent.to_owned(), |program| measure::version(program, "--version"))
        };
        format!(
            "{}; {}; inflate only with libdeflate on 2 threads, no CRC (this bench itself)",
            name(&self.ripgrep, "rg ABSENT: directory rows have no peer"),
            name(&self.igzip, "igzip ABSENT: flate2 inflate only instead, an easier peer"),
        )
    }

    /// The peer of a form and the ratio we want to stay under.
    fn job(&self, form: &str, density: Density, input: &Path, dir: &Path) -> (f64, Option<Job>) {
        let input = input.to_string_lossy().into_owned();
        let output = Output::File(dir.join("peer.txt"));
        match form {
            "dir" => {
                // -uuu: no ignore files, hidden and binary files too, so that the same bytes are read.
                let mut arguments = words(&["-j2", "-uuu", "-c", "-F"]);
                for literal in LITERALS {
                    arguments.extend(words(&["-e", literal]));
                }
                arguments.push(input);
                let job = self.ripgrep.clone().map(|program| Job { program, arguments, output });
                (limits(density).0, job)
            }
            "zip" => {
                let arguments = vec!["inflate-zip".to_owned(), input, "2".to_owned()];
                (1.3, Some(Job { program: self.own.clone(), arguments, output }))
            }
            _ => {
                let job = match self.igzip.clone() {
                    Some(program) => {
                        Job { program, arguments: vec!["-dc".to_owned(), input], output: Output::Null }
                    }
                    None => {
                        let arguments = vec!["inflate-gz".to_owned(), input];
                        Job { program: self.own.clone(), arguments, output }
                    }
                };
                (1.3, Some(job))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Ours,
    Peer,
}

/// Exit codes that mean a finished analysis: all well, or a finding at or above `--fail-on`.
fn finished(code: i32) -> bool {
    code == 0 || (11..=15).contains(&code)
}

fn check_code(code: i32) -> Result<(), String> {
    if finished(code) { Ok(()) } else { Err(format!("exit code {code}")) }
}

/// Every line must have been read: the report's own count must be the generator's.
fn check_report(report: &Path, truth: &Truth) -> Result<(), String> {
    let text = fs::read(report).map_err(|e| format!("no report: {e}"))?;
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|e| format!("bad report: {e}"))?;
    let members = value.pointer("/input/members").and_then(serde_json::Value::as_array);
    let members = members.ok_or("the report has no input.members")?;
    let lines: u64 = members.iter().filter_map(|member| member.get("lines")?.as_u64()).sum();
    if lines == truth.lines { Ok(()) } else { Err(format!("{lines} lines read of {}", truth.lines)) }
}

/// The peer must have done its whole work too.
fn check_peer(form: &str, peer: Option<&Job>, truth: &Truth) -> Result<(), String> {
    let Some(Job { output: Output::File(path), .. }) = peer else { return Ok(()) };
    let text = fs::read_to_string(path).map_err(|e| format!("no output: {e}"))?;
    let number = |line: &str| line.rsplit(':').next().and_then(|count| count.trim().parse::<u64>().ok());
    let sum: u64 = text.lines().filter_map(number).sum();
    match form {
        "dir" if sum != truth.relevant => Err(format!("{sum} lines counted of {}", truth.relevant)),
        "zip" if sum != truth.bytes => Err(format!("{sum} bytes inflated of {}", truth.bytes)),
        _ => Ok(()),
    }
}

/// What a set of pairs gave.
struct Row {
    ours: Vec<Run>,
    peer: Vec<Run>,
    failures: Vec<String>,
}

fn pairs(
    runner: &Runner,
    count: usize,
    ours: &Job,
    peer: Option<&Job>,
    check: impl Fn(Side) -> Result<(), String>,
) -> Result<Row, String> {
    let mut row = Row { ours: Vec::new(), peer: Vec::new(), failures: Vec::new() };
    for round in 0..=count {
        let run = runner.run(ours)?;
        if let Err(reason) = check_code(run.code).and_then(|()| check(Side::Ours)) {
            row.failures.push(format!("ours: {reason}"));
        }
        let beside = peer.map(|job| runner.run(job)).transpose()?;
        if let Some(beside) = beside {
            let code = if beside.code == 0 { Ok(()) } else { Err(format!("exit code {}", beside.code)) };
            if let Err(reason) = code.and_then(|()| check(Side::Peer)) {
                row.failures.push(format!("peer: {reason}"));
            }
        }
        // The first round only warms the page cache.
        if round > 0 {
            row.ours.push(run);
            row.peer.extend(beside);
        }
    }
    Ok(row)
}

impl Row {
    fn print(
        &self,
        out: &mut String,
        name: &str,
        truth: &Truth,
        density: Density,
        target: f64,
        peer: Option<&Job>,
    ) {
        let speed = |seconds: f64| truth.bytes as f64 / seconds / 1e9;
        let seconds = |runs: &[Run]| median(runs.iter().map(|run| run.seconds));
        let peak = |runs: &[Run]| mib(runs.iter().map(|run| run.peak_kib).max().unwrap_or(0));
        let (ours, ours_peak) = (seconds(&self.ours), peak(&self.ours));
        let memory = limits(density).1;
        let ratio = median(self.ours.iter().zip(&self.peer).map(|(ours, peer)| ours.seconds / peer.seconds));
        let mut verdict = Vec::new();
        if peer.is_none() {
            verdict.push("no peer".to_owned());
        } else if ratio > target {
            verdict.push("MISS (time)".to_owned());
        }
        if ours_peak > memory {
            verdict.push(format!("MISS (memory, target {memory} MiB)"));
        }
        if let Some(first) = self.failures.first() {
            verdict.push(format!("FAILED {} times: {first}", self.failures.len()));
        }
        if verdict.is_empty() {
            verdict.push("ok".to_owned());
        }
        let _ = write!(out, "| {name} | {ours:.3} | {:.2} | {ours_peak:.1} |", speed(ours));
        match peer {
            None => out.push_str(" absent | – | – | – | – |"),
            Some(job) => {
                let theirs = seconds(&self.peer);
                let label = match job.arguments.first().map(String::as_str) {
                    Some("inflate-zip") => "inflate only (libdeflate)".to_owned(),
                    Some("inflate-gz") => "inflate only (flate2)".to_owned(),
                    _ => job.program.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                };
                let _ = write!(
                    out,
                    " {label} | {theirs:.3} | {:.2} | {:.1} | {ratio:.2} |",
                    speed(theirs),
                    peak(&self.peer)
                );
            }
        }
        let _ = writeln!(out, " ≤ {target:.1} | {} |", verdict.join("; "));
    }
}
