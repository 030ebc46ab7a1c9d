//! `uccxray verify`: is every line that a report cites still where it was, byte for byte?
//!
//! The bundle may have been unpacked, packed again or moved: a member is first looked for under its own name; only a line
//! whose member is not there is looked for anywhere. A line is found if the SHA-256 over its bytes is the same at the
//! same offset, and if the text that the report quotes is what these bytes say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use parsers::origin::{self, EXCERPT_MAX};
use reports::Report;
use reports::redact::Redactor;
use reports::report::{Evidence, Sha256 as Sha256Of, Text};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::analyze::{self, UsageError, complain};
use crate::bundle::{self, End, Meta, Visitor};
use crate::cli::{ListFormat, VerifyArgs};
use crate::exit::Exit;
use crate::redact::Redaction;

/// Most lines that are named one by one on the screen; the JSON document names all.
const NAMED_MAX: usize = 50;

/// The version of the document.
const SCHEMA_VERSION: &str = "1.0";

/// One line to look for: where the report says it is, and what its bytes give.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Claim {
    offset: u64,
    length: u64,
    sha256: [u8; 32],
    line: u64,
    /// Last part of the member's path; of the source's for a plain file; empty for standard input.
    name: String,
    member: String,
    /// What the report quotes.
    text: Text,
}

impl Claim {
    fn of(line: &Evidence) -> Self {
        let path = line.member.as_deref().unwrap_or(&line.source);
        Self {
            offset: line.offset,
            length: line.length,
            sha256: line.sha256.0,
            line: line.line,
            name: last(path),
            member: path.to_owned(),
            text: line.text.clone(),
        }
    }
}

/// The last part of a path, without the ending of a compressed file: it may have been unpacked since.
fn last(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if name == "-" { String::new() } else { name.strip_suffix(".gz").unwrap_or(name).to_ascii_lowercase() }
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing yet.
    Unseen,
    /// A member of its name was read, and its bytes are others, or it ends before.
    Differs { member: String, ends: bool },
    /// Found; in which member.
    Found(String),
    /// Found, and the report quotes something else.
    Misquoted,
}

/// A line that was not found.
#[derive(Debug, Serialize)]
struct Lost {
    member: String,
    line: u64,
    offset: u64,
    length: u64,
    sha256: String,
    why: String,
}

/// The document.
#[derive(Debug, Serialize)]
struct Verification {
    schema_version: &'static str,
    report: String,
    as_of: Option<String>,
    /// Different lines that the report cites.
    lines: usize,
    found: usize,
    /// Found, but in a member of another path.
    moved: usize,
    not_found: Vec<Lost>,
    incomplete: Vec<String>,
}

impl Verification {
    /// Nothing was looked for, and why.
    fn of_nothing(args: &VerifyArgs, why: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            report: args.report.display().to_string(),
            as_of: None,
            lines: 0,
            found: 0,
            moved: 0,
            not_found: Vec::new(),
            incomplete: vec![why],
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// A report that cannot be read.
pub fn run(args: &VerifyArgs) -> Result<Exit, UsageError> {
    let document = match verified(args) {
        Ok(document) => document,
        Err(error) => {
            // Whoever reads JSON gets JSON, whatever went wrong.
            if args.format == ListFormat::Json {
                print(args, &Verification::of_nothing(args, format!("cannot {error}")));
            }
            return Err(error);
        }
    };
    if !print(args, &document) {
        return Ok(Exit::Failure);
    }
    Ok(if document.lines == 0 {
        Exit::Nothing
    } else if document.not_found.is_empty() {
        Exit::Ok
    } else {
        Exit::Incomplete
    })
}

/// Writes the document to standard output; false if that failed.
fn print(args: &VerifyArgs, document: &Verification) -> bool {
    let text = match args.format {
        ListFormat::Json => reports::render::to_json(document),
        ListFormat::Text => screen(document),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"));
            false
        }
        _ => true,
    }
}

/// Looks for every line.
fn verified(args: &VerifyArgs) -> Result<Verification, UsageError> {
    let report = load(&args.report)?;
    let redaction = match (&report.redaction, &args.map) {
        (None, _) => None,
        (Some(_), Some(map)) => Some(Redaction::known(map)?),
        (Some(_), None) => {
            let why =
                "it is redacted, so its hashes are keyed; give the map of the redaction with --map FILE";
            return Err(UsageError::new(format!("verify {}: {why}", args.report.display())));
        }
    };
    let redactor = redaction.as_ref().map(|redaction| &redaction.redactor);
    let mut claims: Vec<Claim> = report.evidence().into_iter().map(Claim::of).collect();
    claims.sort();
    claims.dedup();
    let mut fates = vec![Fate::Unseen; claims.len()];
    let limits = bundle::Limits::default();
    let jobs = args.jobs.map_or_else(analyze::processors, usize::from);
    let mut incomplete = Vec::new();
    for named in [true, false] {
        let is_open = |(claim, fate): (&Claim, &Fate)| match fate {
            Fate::Found(_) | Fate::Misquoted => false,
            Fate::Differs { member, .. } => !is_same(member, &claim.member),
            Fate::Unseen => true,
        };
        let open = claims.iter().zip(&fates).enumerate().filter(|(_, both)| is_open(*both));
        let wanted: Vec<usize> = open.map(|(at, _)| at).collect();
        if wanted.is_empty() {
            break;
        }
        let look = Look::new(&claims, wanted, named, &args.paths, redactor);
        match bundle::read(&args.paths, jobs, &limits, &look) {
            Ok(read) => incomplete = read.incomplete,
            Err(error) => return Err(UsageError::new(error.to_string())),
        }
        for (at, fate) in look.found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Some(known) = fates.get_mut(at) {
                *known = fate;
            }
        }
    }
    Ok(document(args, &report, &claims, &fates, incomplete))
}

/// A report that `-o report.json` wrote.
///
/// # Errors
/// What is wrong with the file, and what to do.
pub(crate) fn load(path: &Path) -> Result<Report, UsageError> {
    let shown = path.display();
    let bytes =
        std::fs::read(path).map_err(|error| UsageError::new(format!("read the report {shown}: {error}")))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        UsageError::new(format!("read {shown} as a report that -o report.json wrote: {error}"))
    })
}

fn document(
    args: &VerifyArgs,
    report: &Report,
    claims: &[Claim],
    fates: &[Fate],
    incomplete: Vec<String>,
) -> Verification {
    let mut found = 0;
    let mut moved = 0;
    let mut not_found = Vec::new();
    // Which cited member each read one is, by other lines that were found in it, whatever its path lacks.
    let mut known: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (claim, fate) in claims.iter().zip(fates) {
        if let Fate::Found(member) = fate
            && is_same(member, &claim.member)
        {
            known.entry(member).or_default().insert(&claim.member);
        }
    }
    for (claim, fate) in claims.iter().zip(fates) {
        let why = match fate {
            Fate::Found(member) => {
                found += 1;
                moved += usize::from(!is_same(member, &claim.member));
                continue;
            }
            Fate::Unseen => {
                "no member of that name was read, and no other holds these bytes there".to_owned()
            }
            Fate::Misquoted => "the quoted text is not what the line says".to_owned(),
            Fate::Differs { member, ends } => {
                let of = known.get(member.as_str());
                differs(claim, member, *ends, of.map(|of| of.contains(claim.member.as_str())))
            }
        };
        not_found.push(Lost {
            member: claim.member.clone(),
            line: claim.line,
            offset: claim.offset,
            length: claim.length,
            sha256: Sha256Of(claim.sha256).text(),
            why,
        });
    }
    Verification {
        schema_version: SCHEMA_VERSION,
        report: args.report.display().to_string(),
        as_of: report.as_of.map(reports::time::Time::text),
        lines: claims.len(),
        found,
        moved,
        not_found,
        incomplete,
    }
}

/// Why a line was not found though a member of its name was read: that one was changed, or it is another. `own`: whether
/// the other lines that were found in it are cited from this line's member; `None` if none was.
fn differs(claim: &Claim, member: &str, ends: bool, own: Option<bool>) -> String {
    let end = claim.offset.saturating_add(claim.length);
    let how = if ends { format!("ends before byte {end}") } else { "holds other bytes there".to_owned() };
    if is_below(member, &claim.member) || own == Some(true) {
        return if ends { format!("{member} {how}") } else { format!("the bytes in {member} are others") };
    }
    if own.is_none() && is_same(member, &claim.member) {
        return format!(
            "{member} {how}; its path is only the end of the cited one, so it may be another file: give the folder or \
             archive above it"
        );
    }
    format!("no member of that path was read; {member}, of the same name, {how}")
}

/// True if a member that was read has the cited path, whatever stands above it.
fn is_below(read: &str, cited: &str) -> bool {
    let (read, cited) = (read.trim_end_matches(".gz"), cited.trim_end_matches(".gz"));
    read == cited || read.ends_with(&format!("/{cited}"))
}

/// True if one path is the end of the other: a folder was added or taken away above it.
fn is_same(read: &str, cited: &str) -> bool {
    is_below(read, cited) || is_below(cited, read)
}

fn screen(of: &Verification) -> String {
    let mut out = String::new();
    let mut say = |text: &str| {
        out.push_str(&reports::escape::terminal(text));
        out.push('\n');
    };
    match (of.lines, of.not_found.len()) {
        (0, _) => say("The report cites no line: there is nothing to verify."),
        (1, 0) => say("The one line that the report cites was found, byte for byte."),
        (all, 0) => say(&format!("All {all} lines that the report cites were found, byte for byte.")),
        (all, lost) => {
            say(&format!("{lost} of {all} lines that the report cites were NOT found as it cites them:"))
        }
    }
    for lost in of.not_found.iter().take(NAMED_MAX) {
        say(&format!(
            "  {}:{} (bytes {} to {}): {}",
            lost.member,
            lost.line,
            lost.offset,
            lost.offset.saturating_add(lost.length),
            lost.why
        ));
    }
    if of.not_found.len() > NAMED_MAX {
        say(&format!("  {} more (-f json names them)", of.not_found.len() - NAMED_MAX));
    }
    if of.moved > 0 {
        say(&format!("{} of them stand in members of another path now.", of.moved));
    }
    for sentence in &of.incomplete {
        say(&format!("INCOMPLETE INPUT: {sentence}"));
    }
    out
}

/// Looks for lines in every member.
struct Look<'a> {
    claims: &'a [Claim],
    /// Numbers of the claims that are looked for, ascending, by the name of their member; all under the empty name
    /// where any member will do.
    wanted: HashMap<String, Arc<[usize]>>,
    named: bool,
    sources: Vec<String>,
    /// What the names and hashes of the report were replaced by.
    redactor: Option<&'a Redactor>,
    found: Mutex<BTreeMap<usize, Fate>>,
}

impl<'a> Look<'a> {
    fn new(
        claims: &'a [Claim],
        numbers: Vec<usize>,
        named: bool,
        paths: &[PathBuf],
        redactor: Option<&'a Redactor>,
    ) -> Self {
        let mut wanted: HashMap<String, Vec<usize>> = HashMap::new();
        for at in numbers {
            let name = claims.get(at).filter(|_| named).map(|claim| claim.name.clone()).unwrap_or_default();
            wanted.entry(name).or_default().push(at);
        }
        let wanted = wanted.into_iter().map(|(name, numbers)| (name, numbers.into())).collect();
        let sources = paths.iter().map(|path| path.display().to_string()).collect();
        Self { claims, wanted, named, sources, redactor, found: Mutex::new(BTreeMap::new()) }
    }

    /// The path of a member, that of its source for a plain file.
    fn path(&self, meta: &Meta) -> String {
        let source = || self.sources.get(meta.source).cloned().unwrap_or_default();
        let path = meta.path.clone().unwrap_or_else(source);
        match self.redactor {
            Some(redactor) => redactor.text(&path).into_owned(),
            None => path,
        }
    }

    /// Whether the report quotes what a line's first bytes say.
    fn is_quoted(&self, claim: &Claim, head: &[u8]) -> bool {
        let says = origin::excerpt(head);
        match self.redactor {
            None => *claim.text == *says,
            Some(redactor) => redactor.could_be(&claim.text, &says),
        }
    }

    /// The better of two answers, whichever came first. What the member of the cited path says comes before what any
    /// other says: the same bytes elsewhere do not make a changed line whole.
    fn better(&self, at: usize, fate: &Fate) -> (bool, u8, String) {
        let elsewhere =
            |member: &String| self.claims.get(at).is_none_or(|claim| !is_same(member, &claim.member));
        match fate {
            Fate::Found(member) => (elsewhere(member), 0, member.clone()),
            Fate::Differs { member, ends } => (elsewhere(member), 1 + u8::from(*ends), member.clone()),
            // The bytes are those of the hash wherever they stand, so no other place makes the quotation right.
            Fate::Misquoted => (false, 0, String::new()),
            Fate::Unseen => (true, u8::MAX, String::new()),
        }
    }

    fn note(&self, at: usize, fate: Fate) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let is_better = found.get(&at).is_none_or(|known| self.better(at, &fate) < self.better(at, known));
        if is_better {
            found.insert(at, fate);
        }
    }
}

/// A member that is read: how far, the next claim that begins, those that have begun, those that are decided.
struct Reading {
    wanted: Arc<[usize]>,
    next: usize,
    at: u64,
    open: Vec<Begun>,
    hits: Vec<(usize, Hit)>,
}

/// A line that has begun.
struct Begun {
    claim: usize,
    hash: Sha256,
    /// Its first bytes, one more than are quoted.
    head: Vec<u8>,
}

/// What the bytes of a line say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    Other,
    Same,
    Misquoted,
}

impl Visitor for Look<'_> {
    type Member = Reading;

    fn open(&self, meta: &Meta) -> Reading {
        let name = if self.named { last(&self.path(meta)) } else { String::new() };
        let wanted = self.wanted.get(&name).cloned().unwrap_or_default();
        Reading { wanted, next: 0, at: 0, open: Vec::new(), hits: Vec::new() }
    }

    fn chunk(&self, member: &mut Reading, bytes: &[u8]) -> ControlFlow<()> {
        let begin = member.at;
        let end = begin + bytes.len() as u64;
        let claim = |at: usize| self.claims.get(at);
        while let Some(at) = member.wanted.get(member.next).copied()
            && claim(at).is_some_and(|claim| claim.offset < end)
        {
            member.open.push(Begun { claim: at, hash: Sha256::new(), head: Vec::new() });
            member.next += 1;
        }
        let hits = &mut member.hits;
        member.open.retain_mut(|Begun { claim: at, hash, head }| {
            let Some(claim) = claim(*at) else { return false };
            let until = claim.offset.saturating_add(claim.length);
            let (from, to) = (claim.offset.max(begin) - begin, until.min(end).saturating_sub(begin));
            let place = usize::try_from(from).ok().zip(usize::try_from(to).ok());
            let part = place.and_then(|(from, to)| bytes.get(from..to)).unwrap_or_default();
            hash.update(part);
            let room = (EXCERPT_MAX + 1).saturating_sub(head.len());
            head.extend_from_slice(part.get(..room).unwrap_or(part));
            if until > end {
                return true;
            }
            let sha256 = Sha256Of(hash.clone().finalize().into());
            let sha256 = self.redactor.map_or(sha256, |redactor| redactor.digest(sha256));
            let hit = match sha256.0 == claim.sha256 {
                true if self.is_quoted(claim, head) => Hit::Same,
                true => Hit::Misquoted,
                false => Hit::Other,
            };
            hits.push((*at, hit));
            false
        });
        member.at = end;
        let done = member.open.is_empty() && member.next == member.wanted.len();
        if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn close(&self, member: Reading, meta: Meta, end: End) {
        if matches!(end, End::Skipped(_) | End::Failed(_)) {
            return;
        }
        let path = self.path(&meta);
        for (at, hit) in member.hits {
            match hit {
                Hit::Same => self.note(at, Fate::Found(path.clone())),
                Hit::Misquoted => self.note(at, Fate::Misquoted),
                Hit::Other if self.named => {
                    self.note(at, Fate::Differs { member: path.clone(), ends: false });
                }
                Hit::Other => {}
            }
        }
        if !self.named {
            return;
        }
        let open = member.open.iter().map(|begun| begun.claim);
        let behind = member.wanted.iter().skip(member.next).copied();
        for at in open.chain(behind) {
            self.note(at, Fate::Differs { member: path.clone(), ends: true });
        }
    }
}
