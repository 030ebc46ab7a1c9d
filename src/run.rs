//! From the arguments to the verb and its exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use reports::Accepted;

use crate::analyze::{self, complain};
use crate::cli::{AnalyzeArgs, Cli, Command, Document, ExplainArgs, GenerateArgs, PageFormat};
use crate::exit::Exit;
use crate::{catalog, config, diff, explain, generate, pack, probe, redact, verify, watch, whatif};

/// Runs the program with its arguments, the program's own name first.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let cli = match parse(args) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match cli.command {
        None => analyze_or_help(&cli.analyze),
        Some(Command::Analyze(args)) => analyze_or_help(&args),
        Some(Command::Whatif(args)) => {
            if nothing_to_read(&args.analyze) {
                return fail(
                    "cannot think anything through: name a bundle, or usage with --usage",
                    Exit::Usage,
                );
            }
            match whatif::run(&args) {
                Ok(exit) => exit.into(),
                Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
            }
        }
        Some(Command::Watch(args)) => match watch::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
        },
        Some(Command::Diff(args)) => match diff::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
        },
        Some(Command::Pack(args)) if nothing_to_read(&args.analyze) => {
            fail("cannot pack anything: name a bundle", Exit::Usage)
        }
        Some(Command::Redact(args)) if nothing_to_read(&args) => {
            fail("cannot redact anything: name a bundle", Exit::Usage)
        }
        Some(Command::Pack(args)) => match pack::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
        },
        Some(Command::Redact(args)) => match redact::bundle::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
        },
        Some(Command::Verify(args)) => match verify::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
        },
        Some(Command::Probe(args)) => match probe::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
        },
        Some(Command::Explain(args)) => explained(&args),
        Some(Command::Catalog(args)) => match catalog::run(&args) {
            Ok(text) => print(text.as_bytes()),
            Err(error) => fail(&format!("cannot {error}"), Exit::Config),
        },
        Some(Command::Generate(args)) => write_bundle(&args),
        Some(Command::Schema { document }) => {
            let schema = match document {
                Document::Report => reports::schema(),
                Document::Diff => reports::diff_schema(),
                Document::Whatif => reports::whatif_schema(),
            };
            let schema = serde_json::to_string_pretty(&schema).unwrap_or_default();
            print(format!("{schema}\n").as_bytes())
        }
        Some(Command::Completions { shell }) => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "uccxray", &mut out);
            print(&out)
        }
        Some(Command::Man) => {
            let mut out = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut out) {
                Ok(()) => print(&out),
                Err(error) => fail(&format!("cannot write the manual page: {error}"), Exit::Failure),
            }
        }
    }
}

/// Parses twice where there is a configuration: its options go in front of those that were said.
fn parse(args: Vec<OsString>) -> Result<Cli, ExitCode> {
    let refuse = |error: clap::Error| {
        let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        // Help and version go to standard output; a closed pipe is silent.
        let _ = error.print();
        ExitCode::from(code)
    };
    let mut command = Cli::command();
    command.build();
    let matches = command.clone().try_get_matches_from(&args).map_err(refuse)?;
    let cli = Cli::from_arg_matches(&matches).map_err(refuse)?;
    let (analyze, own, position) = match (&cli.command, matches.subcommand()) {
        (None, _) => (&cli.analyze, &matches, 1),
        (Some(Command::Analyze(args) | Command::Diff(args) | Command::Redact(args)), Some((_, own))) => {
            (args.as_ref(), own, 2)
        }
        (Some(Command::Whatif(args)), Some((_, own))) => (&args.analyze, own, 2),
        (Some(Command::Pack(args)), Some((_, own))) => (&args.analyze, own, 2),
        (Some(Command::Watch(args)), Some((_, own))) => (&args.analyze, own, 2),
        _ => return Ok(cli),
    };
    let known = command.find_subcommand("analyze").cloned().unwrap_or_else(|| command.clone());
    let configuration = config::read(analyze.config.as_deref(), &known, own)
        .map_err(|error| fail(&format!("cannot {error}"), Exit::Config))?;
    let (extra, accepted) = (configuration.arguments, configuration.accepted);
    if extra.is_empty() {
        return complete(cli, accepted);
    }
    let mut all = args;
    let at = position.min(all.len());
    all.splice(at..at, extra);
    let again = command.try_get_matches_from(all).and_then(|matches| Cli::from_arg_matches(&matches));
    let again = again.map_err(|error| {
        complain(&error.to_string());
        fail("the configuration holds an option that cannot be used", Exit::Config)
    })?;
    // What was refused only with the configuration is the configuration's fault.
    let merged = match &again.command {
        Some(Command::Analyze(args) | Command::Diff(args) | Command::Redact(args)) => args,
        Some(Command::Whatif(args)) => &args.analyze,
        Some(Command::Pack(args)) => &args.analyze,
        Some(Command::Watch(args)) => &args.analyze,
        _ => &again.analyze,
    };
    match (analyze::check(analyze), analyze::check(merged)) {
        (Ok(()), Err(error)) => Err(fail(&format!("the configuration: cannot {error}"), Exit::Config)),
        _ => complete(again, accepted),
    }
}

/// Adds to the arguments what is no argument: suppressions, and the entries of the user's catalog.
fn complete(mut cli: Cli, accepted: Vec<Accepted>) -> Result<Cli, ExitCode> {
    let args = match &mut cli.command {
        Some(Command::Analyze(args) | Command::Diff(args) | Command::Redact(args)) => args.as_mut(),
        Some(Command::Whatif(args)) => &mut args.analyze,
        Some(Command::Pack(args)) => &mut args.analyze,
        Some(Command::Watch(args)) => &mut args.analyze,
        _ => &mut cli.analyze,
    };
    args.accepted = accepted;
    if args.catalog.is_some() {
        let read = catalog::load(args.catalog.as_deref());
        args.signatures = Some(read.map_err(|error| fail(&format!("cannot {error}"), Exit::Config))?);
    }
    Ok(cli)
}

fn analyze_or_help(args: &AnalyzeArgs) -> ExitCode {
    if nothing_to_read(args) {
        // Without anything to read, the help is the answer, and it is not success.
        let _ = Cli::command().print_help();
        return Exit::Usage.into();
    }
    match analyze::run(args) {
        Ok(exit) => exit.into(),
        Err(error) => fail(&format!("cannot {error}"), Exit::Usage),
    }
}

fn explained(args: &ExplainArgs) -> ExitCode {
    let catalog = match catalog::load(args.catalog.as_deref()) {
        Ok(catalog) => catalog,
        Err(error) => return fail(&format!("cannot {error}"), Exit::Config),
    };
    let found = match &args.name {
        Some(name) => explain::find(&catalog, name),
        None if args.format != PageFormat::Text => explain::all(&catalog),
        None => {
            let names: Vec<String> = explain::all(&catalog)
                .into_iter()
                .map(|it| format!("{:<18} {}", it.kind.name(), it.name))
                .collect();
            return print(format!("{}\n", names.join("\n")).as_bytes());
        }
    };
    if found.is_empty() {
        let name = args.name.as_deref().unwrap_or_default();
        let near = explain::near(&catalog, name);
        let hint = match near.as_slice() {
            [] => "`uccxray explain` lists the names".to_owned(),
            near => format!("near to it: {}", near.join(", ")),
        };
        return fail(&format!("cannot explain {name}: nothing has that name; {hint}"), Exit::Usage);
    }
    let mut out = String::new();
    let options = analyze::screen(args.color, args.ascii, args.width);
    let written = match args.format {
        PageFormat::Text => reports::explain::text(&found, &mut out, &options),
        PageFormat::Json => reports::explain::to_json(&found, &mut out),
        PageFormat::Md => found.iter().try_for_each(|it| reports::explain::markdown(it, &mut out)),
    };
    match written {
        Ok(()) => print(out.as_bytes()),
        Err(error) => fail(&format!("cannot write the page: {error}"), Exit::Failure),
    }
}

fn nothing_to_read(args: &AnalyzeArgs) -> bool {
    args.paths.is_empty() && args.usage.is_empty()
}

fn write_bundle(args: &GenerateArgs) -> ExitCode {
    let mut plan = generate::Plan::from_seed(args.seed);
    if let Some(hours) = args.hours {
        plan.hours = hours;
    }
    match generate::write(&generate::generate(&plan), &args.output) {
        Ok(written) => {
            let paths = [written.bundle, written.truth, written.usage].map(|path| path.display().to_string());
            print(format!("{}\n", paths.join("\n")).as_bytes())
        }
        Err(error) => fail(&format!("cannot write into {}: {error}", args.output.display()), Exit::Failure),
    }
}

fn print(bytes: &[u8]) -> ExitCode {
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            fail(&format!("cannot write to standard output: {error}"), Exit::Failure)
        }
        _ => Exit::Ok.into(),
    }
}

fn fail(says: &str, exit: Exit) -> ExitCode {
    complain(says);
    exit.into()
}
