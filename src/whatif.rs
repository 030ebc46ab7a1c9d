//! `uccxray whatif`: read like `analyze`, then think changes through.

use std::io::{self, Write as _};
use std::sync::Arc;

use history::facts::Facts;
use history::whatif::{Change, Scenario, scenarios};

use crate::analyze::{self, UsageError, complain};
use crate::cli::WhatifArgs;
use crate::exit::Exit;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// Arguments that mean nothing.
pub fn run(args: &WhatifArgs) -> Result<Exit, UsageError> {
    analyze::refuse_redaction(
        &args.analyze,
        "whatif",
        "redact the logs first with `uccxray redact BUNDLE --map FILE -o clean.zip`, then think it through with \
         `uccxray whatif clean.zip`",
    )?;
    let changes = changes(args)?;
    let files: Vec<(&std::path::PathBuf, &str)> = args
        .analyze
        .output
        .iter()
        .map(|path| Ok((path, output::format_of(path, &FORMATS)?)))
        .collect::<Result<_, UsageError>>()?;
    if !FORMATS.iter().any(|(format, _)| *format == args.analyze.format) {
        return Err(UsageError::new(format!(
            "write the format {}: there are text, md, json",
            args.analyze.format
        )));
    }
    let facts = analyze::read(&args.analyze)?;
    let answers: Vec<(usize, Vec<Scenario>)> = match facts.as_of {
        Some(as_of) => {
            let answer = |(at, instance)| (at, scenarios(instance, as_of, &changes));
            facts.instances.iter().enumerate().map(answer).collect()
        }
        None => {
            complain(
                "nothing in the input is dated, so nothing can be said of what comes next; give --as-of",
            );
            Vec::new()
        }
    };
    let document = reports::whatif::whatif(&facts, &answers, analyze::tool());
    let mut exit = verdict(&facts);
    let options = analyze::render_options(&args.analyze);
    for (path, format) in files {
        let plain = reports::Options { color: false, ..options };
        let text = reports::whatif::render_whatif(format, &document, &plain).unwrap_or_default();
        if let Err(error) = output::replace_file(path, |out| out.write_all(text.as_bytes())) {
            complain(&format!("cannot write {}: {error}", path.display()));
            exit = Exit::Failure;
        }
    }
    if !args.analyze.quiet {
        let text =
            reports::whatif::render_whatif(&args.analyze.format, &document, &options).unwrap_or_default();
        match io::stdout().write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                complain(&format!("cannot write to standard output: {error}"));
                exit = Exit::Failure;
            }
            _ => {}
        }
    }
    facts.incomplete.iter().for_each(|says| complain(says));
    Ok(exit)
}

/// Formats and their endings.
const FORMATS: [(&str, &[&str]); 3] = [("text", &["txt"]), ("md", &["md", "markdown"]), ("json", &["json"])];

fn changes(args: &WhatifArgs) -> Result<Vec<Change>, UsageError> {
    let mut out = if args.only { Vec::new() } else { vec![Change::Nothing, Change::BuyWhatLacks] };
    let bought = numbers("--buy", &args.buy)?;
    if !bought.is_empty() {
        out.push(Change::Buy(bought));
    }
    let signed = |numbers: Vec<(Arc<str>, u32)>, sign: i64| -> Vec<(Arc<str>, i64)> {
        numbers.into_iter().map(|(name, count)| (name, sign * i64::from(count))).collect()
    };
    for moved in [
        signed(numbers("--add-agents", &args.add_agents)?, 1),
        signed(numbers("--remove-agents", &args.remove_agents)?, -1),
    ] {
        if !moved.is_empty() {
            out.push(Change::Agents(moved));
        }
    }
    if args.overage_off {
        out.push(Change::OverageOff);
    }
    if out.is_empty() {
        return Err(UsageError::new(
            "think nothing through: --only needs --buy, --add-agents, --remove-agents or --overage-off"
                .to_owned(),
        ));
    }
    Ok(out)
}

/// `ENTITLEMENT=N`, each entitlement once.
fn numbers(option: &str, given: &[String]) -> Result<Vec<(Arc<str>, u32)>, UsageError> {
    let mut out: Vec<(Arc<str>, u32)> = Vec::new();
    for text in given {
        let wrong = || {
            let why = "write an entitlement and a number, such as STANDARD=5, each entitlement once";
            UsageError::new(format!("use {option} {text}: {why}"))
        };
        let (name, count) = text.rsplit_once('=').ok_or_else(wrong)?;
        let name = parsers::entitlements::name(name);
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        if name.is_empty() || count == u32::MAX || out.iter().any(|(known, _)| *known == name) {
            return Err(wrong());
        }
        out.push((name, count));
    }
    Ok(out)
}

fn verdict(facts: &Facts) -> Exit {
    match () {
        () if facts.instances.is_empty() => Exit::Nothing,
        () if analyze::is_damaged(facts) => Exit::Incomplete,
        () => Exit::Ok,
    }
}
