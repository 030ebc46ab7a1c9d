//! `cargo xtask test`: everything that must hold, in one command. `cargo xtask bench`: speed beside its peers.
//! `cargo xtask browser [DIR]`: the pages in a real browser alone; screenshots stay in DIR.

mod browser;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let outcome = match args.next().as_deref() {
        Some("test") => test(),
        Some("bench") => bench(args.collect()),
        Some("browser") => browser(args.next().as_deref()),
        _ => Err(
            "usage: cargo xtask test | cargo xtask browser [DIR] | cargo xtask bench [options of the bench]"
                .to_owned(),
        ),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Format, lints, tests, doc tests: one profile, so that polars is built once for each of check and build.
fn test() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    cargo(&["test", "--release", "--workspace", "--lib", "--bins", "--tests"])?;
    cargo(&["test", "--release", "--workspace", "--doc"])?;
    browser::test(None)
}

/// Builds the program as the tests do, and looks at its pages.
fn browser(keep: Option<&str>) -> Result<(), String> {
    cargo(&["build", "--release", "--workspace", "--bins"])?;
    browser::test(keep)
}

/// Installs Debian packages; a list of packages that is old is renewed first.
fn install(packages: &[&str]) -> Result<(), String> {
    let get =
        |args: &[&str]| run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args));
    // An old list may do.
    let _ = get(&["update", "-q"]);
    get(&[["install", "-y", "-q", "--no-install-recommends"].as_slice(), packages].concat())
}

/// Installs the peers where it may, and measures.
fn bench(options: Vec<String>) -> Result<(), String> {
    let packages = ["ripgrep", "isal", "libisal-dev", "time"];
    let installed = packages.iter().all(|package| {
        Command::new("dpkg").args(["-s", package]).output().is_ok_and(|output| output.status.success())
    });
    if !installed {
        // Without them the bench runs too, and says which peer is absent.
        let _ = install(&packages);
    }
    let mut command = cargo_command();
    command.args(["bench", "--bench", "throughput"]);
    if std::path::Path::new("/usr/include/isa-l/igzip_lib.h").exists() {
        command.args(["--features", "isal"]);
    }
    run(command.arg("--").args(options))
}

fn cargo(args: &[&str]) -> Result<(), String> {
    eprintln!("xtask: cargo {}", args.join(" "));
    run(cargo_command().args(args))
}

fn cargo_command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}
