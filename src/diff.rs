//! `uccxray diff A B`: what changed in license terms between two bundles, two saved reports, or one of each.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use reports::Report;

use crate::analyze::{self, UsageError, complain};
use crate::cli::AnalyzeArgs;
use crate::exit::Exit;
use crate::{output, verify};

/// Formats and their endings.
const FORMATS: [(&str, &[&str]); 4] =
    [("text", &["txt"]), ("md", &["md", "markdown"]), ("json", &["json"]), ("html", &["html", "htm"])];

/// Runs the verb.
///
/// # Errors
/// A redaction, other than two things to compare, a format that is not there, a report that cannot be read.
pub fn run(args: &AnalyzeArgs) -> Result<Exit, UsageError> {
    analyze::refuse_redaction(
        args,
        "diff",
        "redact the reports first, each with `uccxray analyze BUNDLE --redact --map FILE -o a.json` and the same map, then \
         compare those",
    )?;
    let [before, after] = args.paths.as_slice() else {
        let why = "name two: the earlier bundle or report.json, then the later";
        return Err(UsageError::new(format!("compare {} things: {why}", args.paths.len())));
    };
    let files: Vec<(&PathBuf, &str)> = args
        .output
        .iter()
        .map(|path| Ok((path, output::format_of(path, &FORMATS)?)))
        .collect::<Result<_, UsageError>>()?;
    if !FORMATS.iter().any(|(format, _)| *format == args.format) {
        let known: Vec<&str> = FORMATS.iter().map(|(format, _)| *format).collect();
        return Err(UsageError::new(format!(
            "write the format {}: there are {}",
            args.format,
            known.join(", ")
        )));
    }
    let mut exit = Exit::Ok;
    let mut read = |path: &Path| -> Result<Report, UsageError> {
        let (report, how) = side(args, path)?;
        if exit == Exit::Ok {
            exit = how;
        }
        Ok(report)
    };
    let (before, after) = (read(before)?, read(after)?);
    let mut document = reports::diff(&before, &after);
    document.tool = analyze::tool();
    let screen = analyze::render_options(args);
    let text = |format: &str, options: &reports::Options| {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = reports::render_diff(&document, format, &mut out, options);
        out
    };
    for (path, format) in files {
        let plain = reports::Options { color: false, ..screen };
        if let Err(error) = output::replace_file(path, |out| out.write_all(text(format, &plain).as_bytes())) {
            complain(&format!("cannot write {}: {error}", path.display()));
            exit = Exit::Failure;
        }
    }
    if !args.quiet
        && let Err(error) = io::stdout().write_all(text(&args.format, &screen).as_bytes())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        complain(&format!("cannot write to standard output: {error}"));
        exit = Exit::Failure;
    }
    Ok(exit)
}

/// A saved report, or the report of a bundle.
fn side(args: &AnalyzeArgs, path: &Path) -> Result<(Report, Exit), UsageError> {
    let is_report =
        path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) && path.is_file();
    if is_report {
        return Ok((verify::load(path)?, Exit::Ok));
    }
    let own = AnalyzeArgs { paths: vec![path.to_owned()], ..args.clone() };
    let facts = analyze::read(&own)?;
    facts.incomplete.iter().for_each(|says| complain(says));
    let report = analyze::judged(args, &facts);
    let exit = match (facts.instances.is_empty(), analyze::is_damaged(&facts)) {
        (true, _) => Exit::Nothing,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Ok,
    };
    Ok((report, exit))
}
