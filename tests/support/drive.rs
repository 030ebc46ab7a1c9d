//! The core driven by hand: any chunks, any order of members.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use history::analysis::{Analysis, Input, Options};
use history::facts::{Facts, MemberOutcome, Source};
use parsers::reader::{Limits, Reader, Shared};
use parsers::stamp::Instant;
use uccxray::bundle::{self, End, Meta, Visitor};
use uccxray::cli::{Cli, Command};
use uccxray::input::source;

/// A member with its bytes.
#[derive(Clone)]
pub(crate) struct Piece {
    pub(crate) source: usize,
    pub(crate) path: Option<String>,
    pub(crate) not_after: Option<Instant>,
    pub(crate) outcome: MemberOutcome,
    pub(crate) bytes: Vec<u8>,
}

/// An input, read whole.
#[derive(Clone, Default)]
pub(crate) struct Pieces {
    pub(crate) sources: Vec<Source>,
    pub(crate) members: Vec<Piece>,
    pub(crate) incomplete: Vec<String>,
    /// Sources from this one on are files of usage.
    pub(crate) usage_from: usize,
}

/// Keeps the bytes of every member.
#[derive(Default)]
struct Keep(Mutex<Vec<(Meta, End, Vec<u8>)>>);

impl Visitor for Keep {
    type Member = Vec<u8>;

    fn open(&self, _: &Meta) -> Vec<u8> {
        Vec::new()
    }

    fn chunk(&self, member: &mut Vec<u8>, bytes: &[u8]) -> ControlFlow<()> {
        member.extend_from_slice(bytes);
        ControlFlow::Continue(())
    }

    fn close(&self, member: Vec<u8>, meta: Meta, end: End) {
        self.0.lock().unwrap().push((meta, end, member));
    }
}

/// Reads paths with the bundle reader, then files of usage.
pub(crate) fn pieces(paths: &[PathBuf], usage: &[PathBuf]) -> Pieces {
    let keep = Keep::default();
    let usage_from = paths.len();
    let paths = [paths, usage].concat();
    let read = bundle::read(&paths, 2, &bundle::Limits::default(), &keep).unwrap();
    let own_time: Vec<Option<Instant>> =
        read.sources.iter().map(|source| source.modified.and_then(uccxray::clock::instant)).collect();
    let members = keep.0.into_inner().unwrap().into_iter().map(|(meta, end, bytes)| {
        let outcome = match end {
            End::Complete => MemberOutcome::Read,
            End::Partial(why) => MemberOutcome::Partial(why),
            End::Skipped(why) => MemberOutcome::Skipped(why),
            End::Failed(why) => MemberOutcome::Failed(why),
        };
        let not_after = meta.modified.and_then(|it| Instant::from_timestamp(it.unix_s, 0));
        let not_after = not_after.or(own_time[meta.source]);
        Piece { source: meta.source, path: meta.path, not_after, outcome, bytes }
    });
    let members = members.collect();
    let sources = read.sources.into_iter().map(source).collect();
    Pieces { sources, members, incomplete: read.incomplete, usage_from }
}

/// A text as standard input gives it.
pub(crate) fn stdin(bytes: Vec<u8>) -> Pieces {
    let source = Source { path: "-".to_owned(), kind: "stdin", bytes: bytes.len() as u64, sha256: None };
    let member = Piece { source: 0, path: None, not_after: None, outcome: MemberOutcome::Read, bytes };
    Pieces { sources: vec![source], members: vec![member], incomplete: Vec::new(), usage_from: 1 }
}

impl Pieces {
    /// The facts, where each call of `chunk` says how many bytes the reader is given next.
    pub(crate) fn facts(self, options: &Options, mut chunk: impl FnMut() -> usize) -> Facts {
        let shared: Arc<Shared> = Shared::new();
        let mut analysis = Analysis::new(self.sources);
        for piece in self.members {
            let expect_usage = piece.source >= self.usage_from;
            let mut reader = Reader::new(&shared, Limits::default(), true).expect_usage(expect_usage);
            let mut rest = piece.bytes.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(chunk().clamp(1, rest.len()));
                rest = later;
                if !reader.feed(now) {
                    break;
                }
            }
            let mut read = reader.finish();
            if matches!(piece.outcome, MemberOutcome::Skipped(_) | MemberOutcome::Failed(_)) {
                read.not_a_log = None;
            }
            let Piece { source, path, not_after, outcome, .. } = piece;
            analysis.add(Input { source, path, not_after, outcome, read, instance: None, expect_usage });
        }
        for says in self.incomplete {
            analysis.incomplete(says);
        }
        analysis.facts(options)
    }
}

/// What the core is told by arguments of `analyze`.
pub(crate) fn options(args: &[String]) -> Options {
    let all = ["uccxray", "analyze", "-"].into_iter().map(str::to_owned).chain(args.iter().cloned());
    let Cli { command: Some(Command::Analyze(args)), .. } = Cli::parse_from(all) else { unreachable!() };
    uccxray::analyze::options(&args).unwrap()
}

/// The report of `facts` as JSON.
pub(crate) fn json(facts: &Facts) -> String {
    let renderer = reports::Renderer::named("json").unwrap();
    let mut facts = facts.clone();
    uccxray::analyze::consume(&mut facts);
    renderer.to_string(&uccxray::analyze::report(&facts), &reports::Options::default())
}

/// Reads `paths` and files of usage as the program does.
pub(crate) fn facts_of(paths: &[&Path], usage: &[PathBuf], jobs: usize, options: &Options) -> Facts {
    let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).to_owned()).collect();
    let bounds = uccxray::input::Bounds { jobs, ..Default::default() };
    let sources =
        uccxray::input::Sources { paths, usage: usage.iter().map(|path| (path.clone(), None)).collect() };
    uccxray::input::read(&sources, &bounds, &parsers::catalog::Catalog::built_in(), false).facts(options)
}
