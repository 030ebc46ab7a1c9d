//! Whole runs over bundles made here.

mod directories;
mod gzips;
mod limits;
mod streams;
mod tars;
mod zips;

use super::member::Worker;
use super::run::Run;
use super::*;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A directory that goes away with the test.
pub(super) struct Dir(PathBuf);

impl Dir {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("uccxray-bundle-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One member as the visitor saw it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) meta: Meta,
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
}

/// Keeps everything; can stop members early or cancel.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) seen: Mutex<Vec<Seen>>,
    pub(super) progress: AtomicU64,
    pub(super) stop_after: Option<usize>,
    pub(super) cancel_after: Option<usize>,
}

impl Visitor for Recorder {
    type Member = Vec<u8>;

    fn open(&self, _: &Meta) -> Vec<u8> {
        Vec::new()
    }

    fn chunk(&self, member: &mut Vec<u8>, bytes: &[u8]) -> ControlFlow<()> {
        assert!(!bytes.is_empty());
        member.extend(bytes);
        match self.stop_after {
            Some(stop) if member.len() >= stop => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn close(&self, bytes: Vec<u8>, meta: Meta, end: End) {
        self.seen.lock().unwrap().push(Seen { meta, bytes, end });
    }

    fn cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|n| self.seen.lock().unwrap().len() >= n)
    }

    fn progress(&self, bytes: u64) {
        self.progress.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The members in the order of their paths, and the outcome.
pub(super) struct Result {
    pub(super) seen: Vec<Seen>,
    pub(super) outcome: ReadOutcome,
    pub(super) progress: u64,
}

impl Result {
    pub(super) fn of(recorder: Recorder, outcome: ReadOutcome) -> Self {
        let mut seen = recorder.seen.into_inner().unwrap();
        seen.sort_by(|a, b| {
            (a.meta.source, &a.meta.path, &a.bytes).cmp(&(b.meta.source, &b.meta.path, &b.bytes))
        });
        Self { seen, outcome, progress: recorder.progress.into_inner() }
    }

    pub(super) fn paths(&self) -> Vec<&str> {
        self.seen.iter().map(|seen| seen.meta.path.as_deref().unwrap_or("")).collect()
    }

    pub(super) fn get(&self, path: &str) -> &Seen {
        let found = self.seen.iter().find(|seen| seen.meta.path.as_deref().unwrap_or("") == path);
        found.unwrap_or_else(|| panic!("no {path} in {:?}", self.paths()))
    }

    /// Every member complete and nothing to report.
    pub(super) fn assert_complete(&self) {
        assert_eq!(self.outcome.incomplete, Vec::<String>::new());
        for seen in &self.seen {
            assert_eq!(seen.end, End::Complete, "{:?}", seen.meta);
        }
    }
}

pub(super) fn run_with(paths: &[PathBuf], jobs: usize, limits: &Limits, recorder: Recorder) -> Result {
    let outcome = super::read(paths, jobs, limits, &recorder).unwrap();
    Result::of(recorder, outcome)
}

pub(super) fn run(path: &Path) -> Result {
    run_with(&[path.to_owned()], 2, &Limits::default(), Recorder::default())
}

/// Reads bytes as standard input is read.
pub(super) fn run_stream(bytes: &[u8], limits: &Limits) -> Result {
    let recorder = Recorder::default();
    let source = Source { path: "-".into(), kind: SourceKind::Stdin, bytes: 0, sha256: None, modified: None };
    let run = Run::new(vec![source], 1, limits, &recorder);
    let mut reader = Dribble(bytes);
    source::stream(&run, &mut Worker::new(), source::whole(0), &mut reader);
    let (sources, incomplete) = run.finish(0);
    Result::of(recorder, ReadOutcome { sources, incomplete })
}

/// A reader that gives few bytes at a time, as a pipe does.
pub(super) struct Dribble<'a>(pub(super) &'a [u8]);

impl std::io::Read for Dribble<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = buf.len().min(997);
        self.0.read(&mut buf[..n])
    }
}

/// Log-like text of about `bytes` bytes that is not the same everywhere.
pub(super) fn text(bytes: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut state: u32 = 7;
    while text.len() < bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writeln!(
            text,
            "{}: Jun 03 10:11:{:02}.{:03} %MIVR-SS_TEL-7-UNK: {state:08x}",
            state >> 20,
            state % 60,
            state % 999
        )
        .unwrap();
    }
    text
}

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    gz_at(bytes, 0)
}

pub(super) fn gz_at(bytes: &[u8], mtime: u32) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new().mtime(mtime).write(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(super) fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, deflated()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn deflated() -> ::zip::write::SimpleFileOptions {
    ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Deflated)
}

/// The same archive as a writer to a pipe makes it: sizes and checksums behind the data.
pub(super) fn zip_streamed(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new_stream(Vec::new());
    for (name, bytes) in members {
        writer.start_file(*name, deflated()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The reason of an end, which must have one.
pub(super) fn why(seen: &Seen) -> &str {
    match &seen.end {
        End::Complete => panic!("{:?} is complete", seen.meta),
        End::Partial(why) | End::Skipped(why) | End::Failed(why) => why,
    }
}
