//! `uccxray watch`: follow logs and receive syslog, say what changed, tell whom it concerns.

mod config;
mod live;
pub mod replay;
mod service;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use ::live::clock::Clock;
use ::live::engine::Judge;
use ::live::view::plain::Style;
use parsers::catalog::Catalog;
use reports::{Renderer, Report};

use crate::analyze::{self, UsageError, complain, counted};
use crate::cli::{AnalyzeArgs, Color, WatchArgs};
use crate::exit::Exit;
use crate::{clock, output};

/// Runs the verb.
///
/// # Errors
/// Arguments that mean nothing.
pub fn run(args: &WatchArgs) -> Result<Exit, UsageError> {
    analyze::options(&args.analyze)?;
    refuse(args)?;
    for path in &args.analyze.output {
        format(path)?;
    }
    let clock = Clock::new(clock::now);
    let config = match config::read(args, &clock) {
        Ok(config) => config,
        Err(problems) => {
            problems.iter().for_each(|says| complain(says));
            return Ok(Exit::Config);
        }
    };
    config.warnings.iter().for_each(|says| complain(says));
    if args.check {
        for endpoint in &config.endpoints {
            if let Err(error) = endpoint.resolve() {
                complain(&format!("cannot {error}"));
                return Ok(Exit::Config);
            }
        }
        say(&[format!(
            "the configuration can be used: {} to follow, {} to listen at, {} to tell",
            counted(config.roots.len(), "path"),
            counted(config.endpoints.len(), "address"),
            counted(config.sinks.len(), "sink")
        )]);
        return Ok(Exit::Ok);
    }
    if args.test_alert {
        return Ok(live::test_alert(&config, &clock));
    }
    match &args.replay {
        Some(path) => replay::run(args, path, config),
        None => live::run(args, config, clock),
    }
}

/// Options of `analyze` that mean nothing here are refused, not ignored.
fn refuse(args: &WatchArgs) -> Result<(), UsageError> {
    let live = args.replay.is_none();
    let given = [
        (
            args.analyze.redact,
            "--redact",
            "redact the report that -o writes, with `uccxray redact` or `pack --redact`",
        ),
        (live && args.analyze.fail_on.is_some(), "--fail-on", "a watch has no end at which to fail"),
        (args.analyze.format != "text", "--format", "a watch prints lines; -o writes the report at its end"),
        (live && args.analyze.as_of.is_some(), "--as-of", "a watch is about now"),
        (
            live && !args.analyze.usage.is_empty(),
            "--usage",
            "name the file or its folder as a path to follow",
        ),
    ];
    match given.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, option, why)) => Err(UsageError::new(format!("use {option} with watch: {why}"))),
        None => Ok(()),
    }
}

/// The core with everything that the shell adds: tables, checks, what the user accepts.
fn judge(args: &WatchArgs) -> Judge {
    let catalog = catalog(args);
    let accepted = args.analyze.accepted.clone();
    Box::new(move |analysis, options| {
        let mut facts = analysis.facts(options);
        facts.note_signatures(&catalog);
        analyze::consume(&mut facts);
        let mut report = analyze::report(&facts);
        reports::suppress(&mut report, &accepted);
        report
    })
}

fn catalog(args: &WatchArgs) -> Arc<Catalog> {
    args.analyze.signatures.clone().unwrap_or_else(Catalog::built_in)
}

/// How plain lines look.
fn style(args: &WatchArgs) -> Style {
    let color = match args.analyze.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
        }
    };
    Style { color, ascii: args.analyze.ascii, no_alerts: false }
}

/// Prints lines at once. False once nobody reads them.
fn say(lines: &[String]) -> bool {
    if lines.is_empty() {
        return true;
    }
    let mut text = lines.join("\n");
    text.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// The format that a file's ending asks for: those that show a report alone.
fn format(path: &Path) -> Result<&'static Renderer, UsageError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    reports::RENDERERS.iter().find(|it| it.extensions.contains(&ending.as_str())).ok_or_else(|| {
        let known: Vec<String> = reports::RENDERERS
            .iter()
            .flat_map(|it| it.extensions)
            .map(|ending| format!(".{ending}"))
            .collect();
        UsageError::new(format!("write {} from a watch: there are {}", path.display(), known.join(" ")))
    })
}

/// Writes the last report to the files that were asked for.
fn write(args: &AnalyzeArgs, report: &Report) -> Exit {
    let mut exit = Exit::Ok;
    for path in &args.output {
        let Ok(renderer) = format(path) else { continue };
        let mut text = String::new();
        let options = reports::Options { color: false, ..analyze::render_options(args) };
        let written = (renderer.render)(report, &mut text, &options).map_err(io::Error::other);
        let written = written.and_then(|()| output::replace_file(path, |out| out.write_all(text.as_bytes())));
        if let Err(error) = written {
            complain(&format!("cannot write {}: {error}", path.display()));
            exit = Exit::Failure;
        }
    }
    exit
}
