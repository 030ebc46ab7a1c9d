//! The command line: clap types only.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use parsers::catalog::Catalog;
use reports::Accepted;

const EXIT_CODES: &str = "Exit codes: 0 read everything · 1 own failure · 2 wrong usage · 3 nothing usable · \
                          4 input incomplete · 11-15 worst failed check is info … critical (--fail-on) · \
                          78 bad configuration";

/// What state a Cisco Unified CCX smart licence is in, why, what it does next and when - from the logs.
#[derive(Debug, Parser)]
#[command(name = "uccxray", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do; without one, the paths are analysed.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// `uccxray PATH…` is `uccxray analyze PATH…`.
    #[command(flatten)]
    pub analyze: AnalyzeArgs,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read bundles, print one screen, write reports.
    #[command(after_help = EXIT_CODES)]
    Analyze(Box<AnalyzeArgs>),
    /// Think a change through: buy, log agents in or out, turn overage allowance off, do nothing.
    #[command(after_help = EXIT_CODES)]
    Whatif(Box<WhatifArgs>),
    /// Compare two bundles or saved reports: what changed in license terms.
    #[command(after_help = EXIT_CODES)]
    Diff(Box<AnalyzeArgs>),
    /// Make one zip for the case: the report in every form, the cited lines, outputs, a manifest.
    #[command(after_help = EXIT_CODES)]
    Pack(Box<PackArgs>),
    /// Write a bundle's texts again without names, as one zip: -o FILE.zip, --redact is implied.
    #[command(after_help = EXIT_CODES)]
    Redact(Box<AnalyzeArgs>),
    /// Look up every line that a saved report cites: is it there, byte for byte?
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyArgs),
    /// Follow logs and receive syslog; say what changes, tell whom it concerns.
    #[command(after_help = EXIT_CODES)]
    Watch(Box<WatchArgs>),
    /// Ask the network from this host: DNS, ports, TLS, proxy, Transport URL, clock.
    #[command(after_help = EXIT_CODES)]
    Probe(Box<ProbeArgs>),
    /// Say what a check, a failure signature or an alarm means, and what to do.
    Explain(ExplainArgs),
    /// The failure signatures that are looked for: built in, and your own.
    Catalog(CatalogArgs),
    /// Write a synthetic bundle and, beside it, the truth about it.
    Generate(GenerateArgs),
    /// Print the JSON Schema of a document.
    Schema {
        /// Which: what `analyze`, `whatif` or `diff` writes.
        #[arg(default_value = "report")]
        document: Document,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Options of `analyze`.
#[derive(Clone, Debug, Default, Args)]
pub struct AnalyzeArgs {
    /// Directories, .zip, .tar, .tar.gz, .gz, single files; `-` is standard input.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Write a report (.html .pdf .md .txt .json; for pipelines .sarif, and .xml: JUnit) or a table (events, history,
    /// countdown, usage; any other name is all of them: .parquet .csv). Repeatable.
    #[arg(short, long, value_name = "FILE", env = "UCCXRAY_OUTPUT", value_delimiter = ',')]
    pub output: Vec<PathBuf>,
    /// What to print on standard output: text, json, md, html, sarif, junit.
    #[arg(short, long, value_name = "FORMAT", default_value = "text", env = "UCCXRAY_FORMAT")]
    pub format: String,
    /// The instant that "now" means: RFC 3339, or `now`. Default: the newest instant in the input.
    #[arg(long, value_name = "RFC3339", env = "UCCXRAY_AS_OF")]
    pub as_of: Option<String>,
    /// Leave out events before this instant (RFC 3339).
    #[arg(long, value_name = "RFC3339", env = "UCCXRAY_SINCE")]
    pub since: Option<String>,
    /// Leave out events after this instant (RFC 3339).
    #[arg(long, value_name = "RFC3339", env = "UCCXRAY_UNTIL")]
    pub until: Option<String>,
    /// Time zone of all nodes or of one (HOST=ZONE), an IANA name such as Asia/Kolkata. Repeatable.
    #[arg(long, value_name = "[HOST=]ZONE", env = "UCCXRAY_TZ", value_delimiter = ',')]
    pub tz: Vec<String>,
    /// Year of the traces of all nodes or of one (HOST=YYYY). Repeatable.
    #[arg(long, value_name = "[HOST=]YYYY", env = "UCCXRAY_YEAR", value_delimiter = ',')]
    pub year: Vec<String>,
    /// The nodes of one Product Instance, by host name or address. Repeatable; several in the environment are parted by `;`.
    #[arg(long, value_name = "NAME=HOST,…", env = "UCCXRAY_CLUSTER", value_delimiter = ';')]
    pub cluster: Vec<String>,
    /// Release, such as 12.5SU2, 12.5SU3, 15.0: decides which rules hold.
    #[arg(long, value_name = "RELEASE", env = "UCCXRAY_RELEASE")]
    pub release: Option<String>,
    /// License usage: CUIC's License Consumption report (.csv, .xlsx), `run uccx sql` output, or a CSV with a time and
    /// counts. With several Product Instances, NAME=FILE. Repeatable.
    #[arg(long, value_name = "[NAME=]FILE", env = "UCCXRAY_USAGE", value_delimiter = ',')]
    pub usage: Vec<String>,
    /// Time zone of usage files that print none, an IANA name. Default: the nodes' own.
    #[arg(long, value_name = "ZONE", env = "UCCXRAY_USAGE_TZ")]
    pub usage_tz: Option<String>,
    /// Licenses purchased, such as PREMIUM=10, or a CSSM inventory (.csv). With several Product Instances,
    /// NAME:PREMIUM=10. Repeatable.
    #[arg(long, value_name = "[NAME:]ENTITLEMENT=N|FILE", env = "UCCXRAY_PURCHASED", value_delimiter = ',')]
    pub purchased: Vec<String>,
    /// When CSSM On-Prem was last synchronised with CSSM (RFC 3339), as its own page shows: no log of UCCX tells.
    #[arg(long, value_name = "RFC3339", env = "UCCXRAY_ON_PREM_SYNCED")]
    pub on_prem_synced: Option<String>,
    /// Exit with 11 to 15 if a check of this severity or worse failed.
    #[arg(long, value_name = "SEVERITY", env = "UCCXRAY_FAIL_ON")]
    pub fail_on: Option<Level>,
    /// Leave failed checks below this severity out of screen and Markdown.
    #[arg(long, value_name = "SEVERITY", env = "UCCXRAY_MIN_SEVERITY")]
    pub min_severity: Option<Level>,
    /// Replace names, addresses and accounts by keyed pseudonyms in everything that is written; nothing is written if an
    /// original is left.
    #[arg(long, env = "UCCXRAY_REDACT", value_parser = BoolishValueParser::new())]
    pub redact: bool,
    /// The private map of the pseudonyms, made if it is not there: the same map gives the same names again.
    #[arg(long, value_name = "FILE", env = "UCCXRAY_MAP")]
    pub map: Option<PathBuf>,
    /// Threads. Default: the processors of this machine.
    #[arg(long, value_name = "N", env = "UCCXRAY_JOBS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
    /// Count unread lines and undated events as incomplete input (exit code 4).
    #[arg(long, env = "UCCXRAY_STRICT", value_parser = BoolishValueParser::new())]
    pub strict: bool,

    /// Most bytes read, uncompressed, such as 64GiB.
    #[arg(long, value_name = "SIZE", env = "UCCXRAY_MAX_BYTES", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Most bytes of one member, uncompressed.
    #[arg(long, value_name = "SIZE", env = "UCCXRAY_MAX_MEMBER_BYTES", value_parser = size)]
    pub max_member_bytes: Option<u64>,
    /// Most bytes out of a compressed byte.
    #[arg(long, value_name = "N", env = "UCCXRAY_MAX_RATIO")]
    pub max_ratio: Option<u64>,
    /// Most entries.
    #[arg(long, value_name = "N", env = "UCCXRAY_MAX_ENTRIES")]
    pub max_entries: Option<u64>,
    /// Most archives inside archives.
    #[arg(long, value_name = "N", env = "UCCXRAY_MAX_DEPTH")]
    pub max_depth: Option<u32>,
    /// Longest line; a longer one is cut and counted.
    #[arg(long, value_name = "SIZE", env = "UCCXRAY_MAX_LINE", value_parser = line_size)]
    pub max_line: Option<u64>,

    /// Print nothing on standard output; files given with -o are written.
    #[arg(short, long, env = "UCCXRAY_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,
    /// Say on standard error what is read.
    #[arg(short, long, env = "UCCXRAY_VERBOSE", value_parser = BoolishValueParser::new())]
    pub verbose: bool,
    /// Colour.
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "UCCXRAY_COLOR")]
    pub color: Color,
    /// No progress on standard error.
    #[arg(long, env = "UCCXRAY_NO_PROGRESS", value_parser = BoolishValueParser::new())]
    pub no_progress: bool,
    /// ASCII only on the screen.
    #[arg(long, env = "UCCXRAY_ASCII", value_parser = BoolishValueParser::new())]
    pub ascii: bool,
    /// Columns of the screen. Default: the terminal's, else 80.
    #[arg(long, value_name = "N", env = "UCCXRAY_WIDTH")]
    pub width: Option<usize>,
    /// A folder with failure signatures of your own (.toml), beside those that are built in.
    #[arg(long, value_name = "DIR", env = "UCCXRAY_CATALOG")]
    pub catalog: Option<PathBuf>,
    /// Defaults for these options, and what is suppressed. Default: `uccxray.toml` in the working directory, if there is one.
    #[arg(long, value_name = "FILE", env = "UCCXRAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// What the configuration suppresses.
    #[arg(skip)]
    pub accepted: Vec<Accepted>,
    /// The entries of `catalog`, read; `None`: those that are built in.
    #[arg(skip)]
    pub signatures: Option<Arc<Catalog>>,
}

/// Options of `pack`: how much to pack, and everything that `analyze` takes; `-o` names the zip or a folder for it.
#[derive(Clone, Debug, Default, Args)]
pub struct PackArgs {
    /// Lines before and behind each cited one.
    #[arg(long, value_name = "N", default_value = "5", env = "UCCXRAY_CONTEXT")]
    pub context: u64,
    /// Most bytes of the zip; what does not fit is left out and named, the report last.
    #[arg(long, value_name = "SIZE", default_value = "25MiB", env = "UCCXRAY_MAX_SIZE", value_parser = size)]
    pub max_size: u64,
    /// What to read, and how.
    #[command(flatten)]
    pub analyze: AnalyzeArgs,
}

/// Options of `watch`. Paths are directories and files to follow.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// Receive syslog: udp://, tcp:// or tls://HOST:PORT. Repeatable.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "UCCXRAY_LISTEN",
        value_delimiter = ',',
        help_heading = "Watch"
    )]
    pub listen: Vec<String>,
    /// Folder that keeps what is known across restarts; one watch at a time.
    #[arg(long, value_name = "DIR", env = "UCCXRAY_STATE", help_heading = "Watch")]
    pub state: Option<PathBuf>,
    /// Serve the live page, /metrics, /healthz and /report.json.
    #[arg(long, value_name = "ADDR:PORT", env = "UCCXRAY_SERVE", help_heading = "Watch")]
    pub serve: Option<String>,
    /// File with the token that readers of the page must show; required beyond loopback.
    #[arg(long, value_name = "FILE", env = "UCCXRAY_SERVE_TOKEN_FILE", help_heading = "Watch")]
    pub serve_token_file: Option<PathBuf>,
    /// Send a bundle through the watch, with a clock of its own.
    #[arg(long, value_name = "PATH", env = "UCCXRAY_REPLAY", help_heading = "Watch", conflicts_with_all = ["listen", "paths"])]
    pub replay: Option<PathBuf>,
    /// How fast the clock of a replay runs: 3600x, or max.
    #[arg(long, value_name = "Nx", default_value = "max", env = "UCCXRAY_SPEED", help_heading = "Watch")]
    pub speed: crate::watch::replay::Speed,
    /// Say whether the configuration can be used, and end.
    #[arg(long, help_heading = "Watch")]
    pub check: bool,
    /// Send a test alert to every sink, and end.
    #[arg(long, help_heading = "Watch")]
    pub test_alert: bool,
    /// Lines instead of the terminal view.
    #[arg(long, env = "UCCXRAY_PLAIN", value_parser = BoolishValueParser::new(), help_heading = "Watch")]
    pub plain: bool,
    /// Look at the files at least so often.
    #[arg(long, value_name = "SECONDS", env = "UCCXRAY_POLL", help_heading = "Watch")]
    pub poll: Option<u64>,
    /// Certificate chain for tls:// (PEM).
    #[arg(long, value_name = "FILE", env = "UCCXRAY_TLS_CERT", requires = "tls_key", help_heading = "Watch")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE", env = "UCCXRAY_TLS_KEY", requires = "tls_cert", help_heading = "Watch")]
    pub tls_key: Option<PathBuf>,
    /// Accept only clients with a certificate of these issuers (PEM).
    #[arg(
        long,
        value_name = "FILE",
        env = "UCCXRAY_TLS_CLIENT_CA",
        requires = "tls_cert",
        help_heading = "Watch"
    )]
    pub tls_client_ca: Option<PathBuf>,
    /// How logs are read.
    #[command(flatten)]
    pub analyze: AnalyzeArgs,
}

/// Options of `verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The report, as `-o report.json` wrote it.
    #[arg(value_name = "REPORT.json")]
    pub report: PathBuf,
    /// The bundle, also packed again or unpacked.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The map of a redacted report: its hashes are keyed.
    #[arg(long, value_name = "FILE", env = "UCCXRAY_MAP")]
    pub map: Option<PathBuf>,
    /// How to print.
    #[arg(short, long, default_value = "text", env = "UCCXRAY_FORMAT")]
    pub format: ListFormat,
    /// Threads. Default: the processors of this machine.
    #[arg(long, value_name = "N", env = "UCCXRAY_JOBS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
}

/// Options of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// A check (dns-a-record), a failure signature (java-unknown-host) or an alarm (SYSTEM_IN_OOC_STATE). Without one,
    /// the names that there are.
    pub name: Option<String>,
    /// A folder with failure signatures of your own (.toml).
    #[arg(long, value_name = "DIR", env = "UCCXRAY_CATALOG")]
    pub catalog: Option<PathBuf>,
    /// How to print.
    #[arg(short, long, default_value = "text", env = "UCCXRAY_FORMAT")]
    pub format: PageFormat,
    /// Colour.
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "UCCXRAY_COLOR")]
    pub color: Color,
    /// ASCII only on the screen.
    #[arg(long, env = "UCCXRAY_ASCII", value_parser = BoolishValueParser::new())]
    pub ascii: bool,
    /// Columns of the screen. Default: the terminal's, else 80.
    #[arg(long, value_name = "N", env = "UCCXRAY_WIDTH")]
    pub width: Option<usize>,
}

/// How `explain` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// A screen.
    Text,
    /// One JSON document.
    Json,
    /// A page of Markdown.
    Md,
}

/// Options of `catalog`.
#[derive(Clone, Debug, Args)]
pub struct CatalogArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: CatalogVerb,
    /// A folder with failure signatures of your own (.toml), beside those that are built in.
    #[arg(long, value_name = "DIR", env = "UCCXRAY_CATALOG", global = true)]
    pub catalog: Option<PathBuf>,
}

/// What to do with a catalog.
#[derive(Clone, Debug, Subcommand)]
pub enum CatalogVerb {
    /// List the entries, and the mnemonics of alarms.
    List {
        /// How to print.
        #[arg(short, long, default_value = "text")]
        format: ListFormat,
    },
    /// Say what is wrong with the entries; exit code 78 if anything is.
    Lint,
    /// Try each entry on its own lines, or all entries on the lines of logs.
    Test {
        /// Logs, as plain text.
        #[arg(value_name = "LOG")]
        logs: Vec<PathBuf>,
    },
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// One line an entry.
    Text,
    /// One JSON document.
    Json,
}

/// Options of `whatif`: what to think through, and everything that `analyze` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct WhatifArgs {
    /// Buy licences, such as PREMIUM=5. Repeatable: one purchase of all.
    #[arg(long, value_name = "ENTITLEMENT=N", value_delimiter = ',')]
    pub buy: Vec<String>,
    /// Log in N more agents, such as STANDARD=5. Repeatable.
    #[arg(long, value_name = "ENTITLEMENT=N", value_delimiter = ',')]
    pub add_agents: Vec<String>,
    /// Log out N agents, such as STANDARD=5. Repeatable.
    #[arg(long, value_name = "ENTITLEMENT=N", value_delimiter = ',')]
    pub remove_agents: Vec<String>,
    /// Turn overage allowance off in License Control.
    #[arg(long)]
    pub overage_off: bool,
    /// Only what is asked for: leave out doing nothing, and the smallest purchase.
    #[arg(long)]
    pub only: bool,
    /// What to read, and how.
    #[command(flatten)]
    pub analyze: AnalyzeArgs,
}

/// Options of `probe`.
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").args(["target", "url", "host"]).multiple(true).required(true))]
pub struct ProbeArgs {
    /// How the nodes reach CSSM: straight to Cisco, or by a CSSM On-Prem. Default: what the URL shows.
    #[arg(long, env = "UCCXRAY_TARGET")]
    pub target: Option<Target>,
    /// The Transport URL. Default for `direct`: the two that Cisco documents.
    #[arg(long, env = "UCCXRAY_URL", conflicts_with = "host")]
    pub url: Option<String>,
    /// A CSSM On-Prem whose Transport URL is the documented one.
    #[arg(long, env = "UCCXRAY_HOST")]
    pub host: Option<String>,
    /// Ask this DNS server, by its address, rather than those of this host.
    #[arg(long, value_name = "SERVER[:PORT]", env = "UCCXRAY_DNS")]
    pub dns: Option<String>,
    /// Trust the certificates of this file (PEM) rather than those of this host.
    #[arg(long, value_name = "FILE", env = "UCCXRAY_CA")]
    pub ca: Option<PathBuf>,
    /// Reach CSSM by this HTTP proxy.
    #[arg(long, value_name = "HOST:PORT", env = "UCCXRAY_PROXY")]
    pub proxy: Option<String>,
    /// Compare this host's clock with this NTP server.
    #[arg(long, value_name = "SERVER[:PORT]", env = "UCCXRAY_NTP")]
    pub ntp: Option<String>,
    /// Longest wait for one answer, at most 60 seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", env = "UCCXRAY_TIMEOUT", value_parser = seconds)]
    pub timeout: Duration,

    /// Write the answers; the format follows the ending: .json .txt. Repeatable.
    #[arg(short, long, value_name = "FILE", env = "UCCXRAY_OUTPUT", value_delimiter = ',')]
    pub output: Vec<PathBuf>,
    /// What to print on standard output.
    #[arg(short, long, default_value = "text", env = "UCCXRAY_FORMAT")]
    pub format: ProbeFormat,
    /// Exit with 11 to 15 if a check of this severity or worse failed.
    #[arg(long, value_name = "SEVERITY", env = "UCCXRAY_FAIL_ON")]
    pub fail_on: Option<Level>,
    /// Print nothing on standard output; files given with -o are written.
    #[arg(short, long, env = "UCCXRAY_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,
    /// Colour.
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "UCCXRAY_COLOR")]
    pub color: Color,
    /// ASCII only on the screen.
    #[arg(long, env = "UCCXRAY_ASCII", value_parser = BoolishValueParser::new())]
    pub ascii: bool,
    /// Columns of the screen. Default: the terminal's, else 80.
    #[arg(long, value_name = "N", env = "UCCXRAY_WIDTH")]
    pub width: Option<usize>,
}

/// How the nodes reach CSSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Straight to Cisco.
    Direct,
    /// By a CSSM On-Prem.
    Onprem,
}

/// How `probe` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProbeFormat {
    /// A screen.
    Text,
    /// One JSON document.
    Json,
}

/// Options of `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// Everything is drawn from this number; the same number writes the same bytes.
    #[arg(long)]
    pub seed: u64,
    /// Folder to write into: the bundle and `truth.json`.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Hours of log, at most a year.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=8_784))]
    pub hours: Option<u32>,
}

/// A severity on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// The severity.
    #[must_use]
    pub fn severity(self) -> reports::Severity {
        match self {
            Self::Info => reports::Severity::Info,
            Self::Low => reports::Severity::Low,
            Self::Medium => reports::Severity::Medium,
            Self::High => reports::Severity::High,
            Self::Critical => reports::Severity::Critical,
        }
    }
}

/// A document with a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// The report of `analyze`.
    #[default]
    Report,
    /// The answer of `whatif`.
    Whatif,
    /// The comparison of `diff`.
    Diff,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A size that a line may have.
fn line_size(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    if (LINE_MIN..=LINE_MAX).contains(&bytes) { Ok(bytes) } else { Err("from 1KiB to 1GiB".to_owned()) }
}

/// Shortest line that may be asked for: records are told by what stands in their first bytes.
const LINE_MIN: u64 = 1 << 10;

/// Longest line that may be asked for: a line that is open is in memory.
const LINE_MAX: u64 = 1 << 30;

/// `64GiB`, `500 MB`, `1048576`.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "a number of bytes, such as 64GiB".to_owned())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        other => return Err(format!("no unit of bytes: {other} (KiB, MiB, GiB, TiB, KB, MB, GB, TB)")),
    };
    number.checked_mul(factor).ok_or_else(|| "more bytes than 64 bits hold".to_owned())
}

/// `5`, `0.5`: more than nothing, at most a minute.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.trim().parse().map_err(|_| "a number of seconds, such as 5".to_owned())?;
    if !(0.01..=60.0).contains(&seconds) {
        return Err("between 0.01 and 60 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn paths_without_a_verb_are_analysed() {
        let cli = Cli::parse_from(["uccxray", "a", "b", "--release", "15.0"]);
        assert!(cli.command.is_none() && cli.analyze.paths.len() == 2);
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("64GiB"), Ok(64 << 30));
        assert_eq!(size("1 MB"), Ok(1_000_000));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("0").is_err() && seconds("61").is_err() && seconds("NaN").is_err());
        assert!(size("lots").is_err() && size("1 furlong").is_err() && size("99999999999TiB").is_err());
    }
}
