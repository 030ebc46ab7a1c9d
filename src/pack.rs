//! `uccxray pack`: one zip for the case, that a reader can act on without a follow-up question.
//!
//! The report in every form, the cited lines with their neighbours, the outputs of commands as they were collected,
//! what to collect next, and a manifest of it all. The same input gives the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use reports::Report;
use reports::redact::{Names, Redactor};
use reports::report::CheckOutcome;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::analyze::{self, UsageError, complain};
use crate::cli::PackArgs;
use crate::excerpt::{self, Excerpts};
use crate::exit::Exit;
use crate::output::{self, Content, Kind};

/// Bytes that the table of contents and the ends of a zip take for each file, at most.
const ENTRY_COST: u64 = 512;

/// A file of the pack.
#[derive(Debug, Serialize)]
struct Entry {
    path: String,
    bytes: u64,
    sha256: String,
}

/// A file that is not in the pack.
#[derive(Debug, Serialize)]
struct LeftOut {
    path: String,
    bytes: u64,
    why: String,
}

/// What `manifest.json` says.
#[derive(Debug, Serialize)]
struct Manifest {
    schema_version: &'static str,
    tool: reports::Tool,
    as_of: Option<String>,
    redacted: bool,
    context_lines: u64,
    sources: Vec<reports::report::Source>,
    files: Vec<Entry>,
    left_out: Vec<LeftOut>,
}

/// Runs the verb.
///
/// # Errors
/// No place to write to, or arguments that mean nothing.
pub fn run(args: &PackArgs) -> Result<Exit, UsageError> {
    let [target] = args.analyze.output.as_slice() else {
        return Err(UsageError::new(
            "pack: name one folder or file to write with -o DIR or -o FILE.zip".to_owned(),
        ));
    };
    let mut redaction = analyze::redaction(&args.analyze)?;
    let facts = analyze::read(&args.analyze)?;
    let mut report = analyze::judged(&args.analyze, &facts);
    let mut exit = analyze::verdict(&args.analyze, &facts, &report);
    let mut excerpts = excerpt::read(&args.analyze, &facts, Some(&report), args.context);
    if let Some(redaction) = &mut redaction {
        // Every text is learned from before the first is replaced.
        redaction.redactor.learn(&report);
        redaction.redactor.learn_names(named(&redaction.redactor, &excerpts));
        redaction.report(&mut report);
        excerpts = excerpts.map(&|text| redaction.redactor.text(text).into_owned());
    }
    let redactor = redaction.as_ref().map(|redaction| &redaction.redactor);
    let content = Content {
        report: &report,
        shown: &report,
        facts: &facts,
        options: reports::Options::default(),
        redactor,
    };
    let files = files(&content, excerpts);
    if let Some(redaction) = &redaction {
        let clean = files.iter().all(|file| {
            redaction.is_clean(&file.path, file.plain.as_deref().unwrap_or(&file.bytes))
                && redaction.is_clean("a name in the pack", file.path.as_bytes())
        });
        if !clean {
            return Ok(Exit::Failure);
        }
        if let Err(why) = redaction.keep(std::slice::from_ref(target)) {
            complain(&format!("{why}; nothing is written"));
            return Ok(Exit::Failure);
        }
    }
    let (bytes, left_out) = match zip(args, &report, files) {
        Ok(packed) => packed,
        Err(error) => {
            complain(&format!("cannot pack: {error}"));
            return Ok(Exit::Failure);
        }
    };
    for it in &left_out {
        complain(&format!("left out of the pack: {} ({})", it.path, it.why));
        exit = if exit == Exit::Ok { Exit::Incomplete } else { exit };
    }
    let path = place(target, &report);
    let written = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| output::replace_file(&path, |out| out.write_all(&bytes)));
    if let Err(error) = written {
        complain(&format!("cannot write {}: {error}", path.display()));
        return Ok(Exit::Failure);
    }
    if !args.analyze.quiet {
        // A closed pipe is silent.
        let _ = writeln!(io::stdout(), "{}", reports::escape::terminal(&path.display().to_string()));
    }
    facts.incomplete.iter().for_each(|says| complain(says));
    Ok(exit)
}

/// The names that labels show in what is quoted.
pub(crate) fn named(redactor: &Redactor, excerpts: &Excerpts) -> Names {
    let mut names = Names::default();
    excerpts.texts(&mut |text| redactor.gather(text, &mut names));
    names
}

/// The file to write: the one named, or one in the folder named whose name tells the case apart.
fn place(target: &Path, report: &Report) -> PathBuf {
    let is_zip = target.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    if is_zip && !target.is_dir() {
        return target.to_owned();
    }
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect()
    };
    let name = report.product_instances.first().map_or("nothing".to_owned(), |instance| safe(&instance.id));
    let when = report.as_of.map(|at| safe(at.text().get(..16).unwrap_or_default())).unwrap_or_default();
    target.join(format!("uccxray-{name}-{when}.zip"))
}

/// A file to pack.
struct File {
    path: String,
    bytes: Vec<u8>,
    /// What it says, where its bytes cannot be searched.
    plain: Option<Vec<u8>>,
}

/// The files in order of importance: what comes last is left out first where room is short.
fn files(content: &Content<'_>, excerpts: Excerpts) -> Vec<File> {
    let mut all: Vec<File> = Vec::new();
    for name in ["summary.md", "report.json", "report.html", "report.pdf"] {
        let path = Path::new(name);
        let Ok(kind) = Kind::of(path) else { continue };
        let mut bytes = Vec::new();
        let made = kind.write(path, content, &mut bytes).and_then(|()| kind.plain(path, content));
        match made {
            Ok(plain) => all.push(File { path: name.to_owned(), bytes, plain }),
            Err(why) => complain(&format!("cannot make {name} for the pack: {why}")),
        }
    }
    let file = |path: String, bytes: Vec<u8>| File { path, bytes, plain: None };
    all.insert(1.min(all.len()), file("collect.md".to_owned(), collect(content.report).into_bytes()));
    if let Some(redaction) = &content.report.redaction {
        all.insert(1, file("redaction.json".to_owned(), reports::render::to_json(redaction).into_bytes()));
    }
    all.extend(
        excerpts.lines.into_iter().map(|(path, text)| file(format!("lines/{path}.txt"), text.into_bytes())),
    );
    all.extend(excerpts.outputs.into_iter().map(|(path, bytes)| file(format!("outputs/{path}"), bytes)));
    all
}

/// What to collect, place by place, as commands that can be pasted.
fn collect(report: &Report) -> String {
    let mut page = String::from("# What to collect next\n\n");
    let lacking = report.checks.iter().filter(|check| check.outcome == CheckOutcome::NoEvidence);
    let mut some = false;
    for check in lacking {
        let what = check.collect.as_deref().unwrap_or(&check.says);
        let _ = writeln!(page, "- {}: {}", reports::escape::markdown(&check.id), reports::escape::code(what));
        some = true;
    }
    let mut commands: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for log in &report.input.coverage.logs {
        if let Some(command) = &log.collect {
            commands.entry(command).or_default().push(log.node.as_deref().unwrap_or("the node"));
        }
    }
    for (command, mut nodes) in commands {
        nodes.sort_unstable();
        nodes.dedup();
        let nodes = reports::escape::markdown(&nodes.join(", "));
        let _ = writeln!(page, "- logs of {nodes}: {}", reports::escape::code(command));
        some = true;
    }
    if !some {
        page.push_str("Nothing: every check could be answered, and no log has a hole.\n");
    }
    page
}

/// Packs what fits; the manifest is always in it and names what does not.
fn zip(
    args: &PackArgs,
    report: &Report,
    files: Vec<File>,
) -> Result<(Vec<u8>, Vec<LeftOut>), zip::result::ZipError> {
    let mut manifest = Manifest {
        schema_version: "1.0",
        tool: report.tool.clone(),
        as_of: report.as_of.map(reports::time::Time::text),
        redacted: report.redaction.is_some(),
        context_lines: args.context,
        sources: report.input.sources.clone(),
        files: Vec::new(),
        left_out: Vec::new(),
    };
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut used = 0;
    for File { path, bytes, .. } in files {
        let size = packed_size(&bytes)? + ENTRY_COST + 2 * path.len() as u64;
        if used + size > args.max_size {
            let why = format!("it would make the pack larger than {} bytes (--max-size)", args.max_size);
            manifest.left_out.push(LeftOut { path, bytes: bytes.len() as u64, why });
            continue;
        }
        used += size;
        add(&mut writer, &path, &bytes)?;
        let sha256 = reports::report::Sha256(Sha256::digest(&bytes).into()).text();
        manifest.files.push(Entry { path, bytes: bytes.len() as u64, sha256 });
    }
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    add(&mut writer, "manifest.json", reports::render::to_json(&manifest).as_bytes())?;
    Ok((writer.finish()?.into_inner(), manifest.left_out))
}

/// One time for all entries: the pack of the same input is the same whenever it is made.
pub(crate) fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
}

fn add(
    writer: &mut ZipWriter<Cursor<Vec<u8>>>,
    path: &str,
    bytes: &[u8],
) -> Result<(), zip::result::ZipError> {
    writer.start_file(path, options())?;
    Ok(writer.write_all(bytes)?)
}

/// Bytes that a file takes once packed.
fn packed_size(bytes: &[u8]) -> Result<u64, zip::result::ZipError> {
    let mut encoder = flate2::write::DeflateEncoder::new(Counter(0), flate2::Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.0)
}

/// Counts what is written to it.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
