//! `uccxray analyze`: read, ask, render, write.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use history::analysis::Options;
use history::clocks::{self, Given};
use history::facts::{Facts, MemberOutcome, Node};
use history::grouping::Cluster;
use history::intake::Purchased;
use history::nodes;
use parsers::catalog::Catalog;
use parsers::stamp::Instant;
use reports::{InstanceTables, Renderer, Report, Tables, Tool};

use crate::cli::{AnalyzeArgs, Color};
use crate::exit::Exit;
use crate::input::{self, Bounds};
use crate::output::{self, Content, Kind, Unplaced};
use crate::redact::Redaction;
use crate::{bundle, clock, excerpt, pack};

/// Why a run cannot start; the messages complete a sentence that begins with "cannot".
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

impl UsageError {
    /// What cannot be done, as the end of a sentence that begins with "cannot".
    pub(crate) fn new(says: String) -> Self {
        Self(says)
    }
}

/// Runs the verb.
///
/// # Errors
/// Arguments that mean nothing.
pub fn run(args: &AnalyzeArgs) -> Result<Exit, UsageError> {
    options(args)?;
    let stdout = renderer(&args.format)?;
    let files = args.output.iter().map(|path| Ok((path, Kind::of(path)?))).collect::<Result<Vec<_>, _>>()?;
    let mut redaction = redaction(args)?;
    let facts = read(args)?;
    let mut report = judged(args, &facts);
    let mut exit = verdict(args, &facts, &report);
    if let Some(redaction) = &mut redaction {
        // Outputs of commands label names that lines of logs hold without a label.
        let outputs = excerpt::read(args, &facts, None, 0);
        redaction.redactor.learn_names(pack::named(&redaction.redactor, &outputs));
        drop(outputs);
        redaction.report(&mut report);
    }
    let screen = render_options(args);
    let shown = shown(args, &report);
    let options = reports::Options { color: false, ..screen };
    let redactor = redaction.as_ref().map(|redaction| &redaction.redactor);
    let content = Content { report: &report, shown: &shown, facts: &facts, options, redactor };
    if let Some(redaction) = &redaction {
        exit = exit.worse(searched(args, redaction, &files, stdout, &content, &screen));
    } else {
        for (path, kind) in files {
            let written =
                output::replace_file(path, |out| kind.write(path, &content, out).map_err(io::Error::other));
            if let Err(error) = written {
                complain(&format!("cannot write {}: {error}", path.display()));
                exit = Exit::Failure;
            }
        }
        if !args.quiet {
            exit = exit.worse(print(|out| output::write_to(out, stdout, &content, &screen)));
        }
    }
    if args.verbose {
        tell_members(&facts);
    }
    if args.verbose || args.format != "text" || args.quiet {
        for says in &facts.incomplete {
            complain(says);
        }
    }
    // The process ends here: giving back a hundred thousand strings one by one helps nobody.
    drop(shown);
    std::mem::forget((facts, report));
    Ok(exit)
}

/// Reads what the arguments name, and draws what follows from usage.
pub(crate) fn read(args: &AnalyzeArgs) -> Result<Facts, UsageError> {
    let options = options(args)?;
    let catalog = args.signatures.clone().unwrap_or_else(Catalog::built_in);
    let show_progress = !args.no_progress && !args.quiet;
    let analysis = input::read(&sources(args), &bounds(args), &catalog, show_progress);
    let mut facts = analysis.facts(&options);
    facts.note_signatures(&catalog);
    place(args, &mut facts);
    consume(&mut facts);
    Ok(facts)
}

/// Says what was given to a Product Instance that is not there.
fn place(args: &AnalyzeArgs, facts: &mut Facts) {
    let ids: Vec<&str> = facts.instances.iter().map(|instance| &*instance.id).collect();
    let usage =
        sources(args).usage.into_iter().filter_map(|(path, name)| Some((path.display().to_string(), name?)));
    let bought = purchased(&args.purchased).unwrap_or_default();
    let bought = bought.into_iter().filter_map(|of| Some((of.entitlement.to_string(), of.instance?)));
    let mut lost: Vec<String> = usage
        .chain(bought)
        .filter(|(_, name)| !ids.contains(&name.as_str()))
        .map(|(what, name)| {
            format!(
                "{what} was given to {name}, and there is no such Product Instance; there are {}",
                ids.join(", ")
            )
        })
        .collect();
    if ids.len() > 1 && purchased(&args.purchased).is_ok_and(|all| all.iter().any(|of| of.instance.is_none()))
    {
        lost.push(format!(
            "--purchased names no Product Instance, and there are several ({}): write NAME:ENTITLEMENT=N",
            ids.join(", ")
        ));
    }
    let known: BTreeSet<&str> =
        facts.instances.iter().flat_map(|instance| &instance.nodes).flat_map(names).collect();
    let of_host = |option: &'static str, given: &[String]| {
        let hosts = given.iter().filter_map(|text| Some((per_host(text).0?, text.clone())));
        hosts.map(|(host, text)| (host, format!("{option} {text}"))).collect::<Vec<_>>()
    };
    for (host, option) in of_host("--tz", &args.tz).into_iter().chain(of_host("--year", &args.year)) {
        if !known.contains(host.as_str()) {
            lost.push(format!("{option} is for a host that no log names; check its spelling"));
        }
    }
    facts.incomplete.extend(lost);
}

/// Every name of a node, in its short form.
fn names(node: &Node) -> impl Iterator<Item = &str> {
    std::iter::once(&*node.name).chain(node.aliases.iter().map(|name| &**name))
}

/// Says what every member was, and what came of it.
fn tell_members(facts: &Facts) {
    for member in &facts.members {
        let what = match &member.outcome {
            MemberOutcome::Read => String::new(),
            MemberOutcome::Partial(why) => format!(", in part: {why}"),
            MemberOutcome::Skipped(why) => format!(", skipped: {why}"),
            MemberOutcome::Failed(why) => format!(", failed: {why}"),
        };
        let source = facts.sources.get(member.source).map(|source| source.path.as_str()).unwrap_or_default();
        let path = member.path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
        let format = member.format.unwrap_or("no known format");
        complain(&format!(
            "read {source}{path}: {format}, {}, {}, {}, {}{what}",
            counted(member.bytes, "byte"),
            counted(member.lines, "line"),
            counted(member.records, "record"),
            counted(member.events, "event")
        ));
    }
}

/// Draws from usage what follows from it: the table stage, whose answers the checks read.
pub fn consume(facts: &mut Facts) {
    let as_of = facts.as_of;
    for instance in &mut facts.instances {
        match frames::consumption(instance, as_of) {
            Ok(consumption) => instance.consumption = consumption,
            Err(error) => complain(&format!("cannot compare usage with what was purchased: {error}")),
        }
    }
}

/// The report of the facts: tables first, then checks.
#[must_use]
pub fn report(facts: &Facts) -> Report {
    let instances = facts
        .instances
        .iter()
        .map(|instance| match frames::instance_tables(instance, facts.as_of) {
            Ok(tables) => {
                InstanceTables { history: tables.history, countdown: tables.countdown, views: tables.views }
            }
            Err(error) => {
                complain(&format!("cannot make the history table: {error}"));
                InstanceTables::default()
            }
        })
        .collect();
    reports::assemble(facts, &Tables { instances }, tool())
}

/// The report of the facts, less what the user accepts.
pub(crate) fn judged(args: &AnalyzeArgs, facts: &Facts) -> Report {
    let mut report = report(facts);
    reports::suppress(&mut report, &args.accepted);
    report
}

/// This program, as its documents name it.
pub(crate) fn tool() -> Tool {
    Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// Whether the arguments mean something.
///
/// # Errors
/// What [`run`] refuses.
pub fn check(args: &AnalyzeArgs) -> Result<(), UsageError> {
    options(args)?;
    renderer(&args.format)?;
    args.output.iter().try_for_each(|path| Kind::of(path).map(drop))
}

/// What the core is told of the command line.
///
/// # Errors
/// A time, zone, year or release that cannot be read.
pub fn options(args: &AnalyzeArgs) -> Result<Options, UsageError> {
    let as_of = match args.as_of.as_deref() {
        Some("now") => Some(clock::now()),
        Some(text) => Some(instant("--as-of", text)?),
        None => None,
    };
    let since = args.since.as_deref().map(|text| instant("--since", text)).transpose()?;
    let until = args.until.as_deref().map(|text| instant("--until", text)).transpose()?;
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        return Err(UsageError("use --until: it is before --since, so nothing would be left".to_owned()));
    }
    let mut given = Given::default();
    for text in &args.tz {
        let (host, zone) = per_host(text);
        let zone = clocks::zone(zone).map_err(|why| UsageError(format!("use --tz: {why}")))?;
        match host {
            Some(host) => drop(given.zones.insert(host, zone)),
            None => given.zone = Some(zone),
        }
    }
    for text in &args.year {
        let (host, year) = per_host(text);
        let year: i32 = year
            .parse()
            .ok()
            .filter(|year| (1970..=9999).contains(year))
            .ok_or_else(|| UsageError(format!("use --year: {text} is no year of four digits")))?;
        match host {
            Some(host) => drop(given.years.insert(host, year)),
            None => given.year = Some(year),
        }
    }
    if let Some(release) = &args.release
        && history::policy::regime(release).is_none()
    {
        let why = "it decides no rules; give one such as 12.5SU2, 12.5SU3 or 15.0";
        return Err(UsageError(format!("use --release {release}: {why}")));
    }
    Ok(Options {
        as_of,
        release: args.release.clone(),
        given,
        since,
        until,
        clusters: clusters(&args.cluster)?,
        purchased: purchased(&args.purchased)?,
        on_prem_synced: args
            .on_prem_synced
            .as_deref()
            .map(|text| instant("--on-prem-synced", text))
            .transpose()?,
        usage_zone: args
            .usage_tz
            .as_deref()
            .map(|name| clocks::zone(name).map_err(|why| UsageError(format!("use --usage-tz: {why}"))))
            .transpose()?,
    })
}

/// What the arguments say to read: an inventory is read like a file of usage.
pub(crate) fn sources(args: &AnalyzeArgs) -> input::Sources {
    let named = |text: &String| match text.split_once('=') {
        // A file may have `=` in its name.
        Some((name, file)) if !Path::new(text).exists() => (PathBuf::from(file), Some(name.to_owned())),
        _ => (PathBuf::from(text), None),
    };
    let inventories = args.purchased.iter().filter(|text| !text.contains('=')).map(named);
    input::Sources {
        paths: args.paths.clone(),
        usage: args.usage.iter().map(named).chain(inventories).collect(),
    }
}

/// The numbers of `--purchased`: `ENTITLEMENT=N` or `NAME:ENTITLEMENT=N`; what has no `=` is a file.
fn purchased(given: &[String]) -> Result<Vec<Purchased>, UsageError> {
    let numbers = given.iter().filter_map(|text| Some((text, text.rsplit_once('=')?)));
    let read = numbers.map(|(text, (name, count))| {
        let (instance, name) = match name.split_once(':') {
            Some((instance, name)) => (Some(instance.trim().to_owned()), name),
            None => (None, name),
        };
        let entitlement = parsers::entitlements::name(name);
        let count = count.trim().parse().ok().filter(|count| *count < u32::MAX && !entitlement.is_empty());
        let count = count.ok_or_else(|| {
            let why = "write an entitlement and a number, such as PREMIUM=10, or a file of CSSM's inventory";
            UsageError(format!("use --purchased {text}: {why}"))
        })?;
        Ok(Purchased { instance, entitlement, count })
    });
    read.collect()
}

/// The values of `--cluster`: `NAME=HOST,HOST`, each name and each host once.
fn clusters(given: &[String]) -> Result<Vec<Cluster>, UsageError> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for text in given {
        let wrong = |why: &str| UsageError(format!("use --cluster {text}: {why}"));
        let (name, hosts) = text.split_once('=').ok_or_else(|| wrong("write NAME=HOST,HOST"))?;
        let name = name.trim();
        let hosts: Vec<String> = hosts.split(',').map(|host| host.trim().to_owned()).collect();
        if name.is_empty() || hosts.iter().any(String::is_empty) {
            return Err(wrong("a name or a host is empty"));
        }
        if !names.insert(name.to_owned()) {
            return Err(wrong("the name is given twice; write all its hosts behind one"));
        }
        if let Some(twice) = hosts.iter().find(|host| !seen.insert(nodes::canonical(host))) {
            return Err(wrong(&format!("{twice} is in a cluster already")));
        }
        out.push(Cluster { name: name.to_owned(), hosts });
    }
    Ok(out)
}

fn instant(option: &str, text: &str) -> Result<Instant, UsageError> {
    text.parse().map_err(|_| {
        UsageError(format!("use {option}: {text} is no RFC 3339 time such as 2026-04-02T10:30:00Z"))
    })
}

/// `HOST=VALUE`, the host in its short form.
fn per_host(text: &str) -> (Option<String>, &str) {
    match text.split_once('=') {
        Some((host, value)) => (Some(nodes::canonical(host)), value),
        None => (None, text),
    }
}

pub(crate) fn bounds(args: &AnalyzeArgs) -> Bounds {
    let mut bounds = Bounds::default();
    let bundle: &mut bundle::Limits = &mut bounds.bundle;
    bundle.total_bytes = args.max_bytes.unwrap_or(bundle.total_bytes);
    bundle.member_bytes = args.max_member_bytes.unwrap_or(bundle.member_bytes);
    bundle.ratio = args.max_ratio.unwrap_or(bundle.ratio);
    bundle.entries = args.max_entries.unwrap_or(bundle.entries);
    bundle.depth = args.max_depth.unwrap_or(bundle.depth);
    if let Some(line) = args.max_line {
        bounds.reader.line = usize::try_from(line).unwrap_or(usize::MAX);
    }
    bounds.jobs = args.jobs.map_or_else(processors, usize::from);
    bounds
}

/// The processors of this machine.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn renderer(name: &str) -> Result<&'static Renderer, UsageError> {
    Renderer::named(name).ok_or_else(|| {
        let known: Vec<&str> = reports::RENDERERS.iter().map(|renderer| renderer.name).collect();
        UsageError(format!("write the format {name}: there are {}", known.join(", ")))
    })
}

pub(crate) fn render_options(args: &AnalyzeArgs) -> reports::Options {
    screen(args.color, args.ascii, args.width)
}

/// How standard output is written.
pub(crate) fn screen(color: Color, ascii: bool, width: Option<usize>) -> reports::Options {
    let terminal = std::io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !no_color,
    };
    let columns = || {
        let width = if terminal {
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
        } else {
            None
        };
        width.unwrap_or(80)
    };
    let width = width.unwrap_or_else(columns).clamp(60, 200);
    reports::Options { width, color, ascii }
}

/// The report less what `--min-severity` leaves out; JSON and tables always hold everything.
fn shown<'a>(args: &AnalyzeArgs, report: &'a Report) -> Cow<'a, Report> {
    let Some(level) = args.min_severity else {
        return Cow::Borrowed(report);
    };
    let mut shown = report.clone();
    shown.checks.retain(|check| check.severity.is_none_or(|severity| severity >= level.severity()));
    Cow::Owned(shown)
}

/// Makes every output and searches each for original values; only if none holds one, they stand in their places.
fn searched(
    args: &AnalyzeArgs,
    redaction: &Redaction,
    files: &[(&PathBuf, Kind)],
    stdout: &Renderer,
    content: &Content<'_>,
    screen: &reports::Options,
) -> Exit {
    let mut made: Vec<(&PathBuf, Vec<u8>)> = Vec::new();
    let mut written: Vec<(&PathBuf, Unplaced)> = Vec::new();
    for (path, kind) in files {
        let mut bytes = Vec::new();
        let name = path.display().to_string();
        if kind.is_streamed() {
            match redaction.write(path, |out| kind.write(path, content, out)) {
                Ok(Some(file)) => written.push((path, file)),
                Ok(None) => return Exit::Failure,
                Err(why) => {
                    complain(&format!("cannot write {name}: {why}; nothing is written"));
                    return Exit::Failure;
                }
            }
            continue;
        }
        let plain = kind.write(path, content, &mut bytes).and_then(|()| kind.plain(path, content));
        match plain {
            Ok(plain) if redaction.is_clean(&name, plain.as_deref().unwrap_or(&bytes)) => {
                made.push((path, bytes))
            }
            Ok(_) => return Exit::Failure,
            Err(why) => {
                complain(&format!("cannot make {name}: {why}; nothing is written"));
                return Exit::Failure;
            }
        }
    }
    let mut text = Vec::new();
    if !args.quiet {
        // Writing to memory cannot fail.
        let _ = output::write_to(&mut text, stdout, content, screen);
        if !redaction.is_clean("standard output", &text) {
            return Exit::Failure;
        }
    }
    let outputs: Vec<PathBuf> = files.iter().map(|(path, _)| (*path).clone()).collect();
    // The map first: what cannot be traced back may not be what the user wants to send.
    if let Err(why) = redaction.keep(&outputs) {
        complain(&format!("{why}; nothing is written"));
        return Exit::Failure;
    }
    let written = written.into_iter().map(|(path, file)| (path, file.place_for_all()));
    let made =
        made.into_iter().map(|(path, bytes)| (path, output::replace_file(path, |out| out.write_all(&bytes))));
    let mut exit = Exit::Ok;
    for (path, result) in written.chain(made) {
        if let Err(error) = result {
            complain(&format!("cannot write {}: {error}", path.display()));
            exit = Exit::Failure;
        }
    }
    if args.quiet { exit } else { exit.worse(print(|out| out.write_all(&text))) }
}

/// Refuses a redaction where `verb` makes none: real names would stand where none is expected.
///
/// # Errors
/// That it was asked for, and what to do instead.
pub(crate) fn refuse_redaction(args: &AnalyzeArgs, verb: &str, instead: &str) -> Result<(), UsageError> {
    let given = [(args.redact, "--redact"), (args.map.is_some(), "--map")];
    match given.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) => Err(UsageError(format!("use {option} with {verb}: {instead}"))),
        None => Ok(()),
    }
}

/// The redaction that the arguments ask for.
///
/// # Errors
/// A map that cannot be read.
pub(crate) fn redaction(args: &AnalyzeArgs) -> Result<Option<Redaction>, UsageError> {
    if args.map.is_some() && !args.redact {
        return Err(UsageError("use --map: it is the map of a redaction; add --redact".to_owned()));
    }
    args.redact.then(|| Redaction::open(args.map.as_deref())).transpose()
}

/// Writes to standard output. A reader that has seen enough is not an error.
fn print(write_it: impl FnOnce(&mut io::BufWriter<io::StdoutLock<'_>>) -> io::Result<()>) -> Exit {
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write_it(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"));
            Exit::Failure
        }
        _ => Exit::Ok,
    }
}

/// The exit code: what failed outranks what was incomplete, and nothing usable outranks both.
pub(crate) fn verdict(args: &AnalyzeArgs, facts: &Facts, report: &Report) -> Exit {
    if facts.instances.is_empty() {
        return Exit::Nothing;
    }
    if let (Some(level), Some(worst)) = (args.fail_on, reports::worst_failed(report))
        && worst >= level.severity()
    {
        return Exit::Failed(worst);
    }
    let undated =
        || facts.instances.iter().flat_map(|instance| &instance.events).any(|event| event.at.is_none());
    let unread = || facts.members.iter().any(|member| member.n_unread + member.n_cut > 0);
    if is_damaged(facts) || args.strict && (unread() || undated()) {
        return Exit::Incomplete;
    }
    Exit::Ok
}

/// True if something was not read whole.
pub(crate) fn is_damaged(facts: &Facts) -> bool {
    let damaged =
        |outcome: &MemberOutcome| matches!(outcome, MemberOutcome::Partial(_) | MemberOutcome::Failed(_));
    !facts.incomplete.is_empty() || facts.members.iter().any(|member| damaged(&member.outcome))
}

/// `1 line`, `2 lines`, `2 addresses`.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(n: N, what: &str) -> String {
    match what {
        _ if n == N::from(1) => format!("{n} {what}"),
        _ if what.ends_with('s') => format!("{n} {what}es"),
        _ => format!("{n} {what}s"),
    }
}

/// Says something on standard error. What it quotes may come from a log or a file: it is shown, never obeyed.
pub(crate) fn complain(says: &str) {
    let mut text = String::new();
    for (at, line) in says.lines().enumerate() {
        let name = if at == 0 { "uccxray: " } else { "" };
        let _ = writeln!(text, "{name}{}", reports::escape::terminal(line));
    }
    // Nobody is left to tell if standard error is closed.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// For tests and tools: the facts of paths under the defaults.
#[must_use]
pub fn facts(paths: &[PathBuf], options: &Options) -> Facts {
    let sources = input::Sources { paths: paths.to_vec(), usage: Vec::new() };
    input::read(&sources, &Bounds { jobs: 2, ..Bounds::default() }, &Catalog::built_in(), false)
        .facts(options)
}

/// Members by path, for tests and tools.
#[must_use]
pub fn members(facts: &Facts) -> BTreeMap<String, &history::facts::Member> {
    facts
        .members
        .iter()
        .map(|member| (member.path.as_deref().unwrap_or_default().to_owned(), member))
        .collect()
}
