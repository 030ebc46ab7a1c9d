//! The paths of a run: opens them, starts the threads, collects the outcome.

use super::at::{AtReader, FileAt, ReadAt};
use super::buffer::{BUFFER, Buffered};
use super::content::{self, Input, admit};
use super::detect::{Content, HEAD, detect};
use super::leaf::reason;
use super::member::{Member, Worker};
use super::queue::{Taken, Work};
use super::run::{Halt, Metered, Run};
use super::{Error, Limits, ReadOutcome, Source, SourceKind, Visitor, gzip, pipe, tar, walk, zip};
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub(super) fn read<V: Visitor>(
    paths: &[PathBuf],
    jobs: usize,
    limits: &Limits,
    visitor: &V,
) -> Result<ReadOutcome, Error> {
    let sources = paths.iter().map(|path| describe(path)).collect::<Result<Vec<_>, _>>()?;
    let run =
        Run::new(sources.iter().map(|(source, _)| source.clone()).collect(), jobs.max(1), limits, visitor);
    for (index, (path, (source, metadata))) in paths.iter().zip(&sources).enumerate() {
        enqueue(&run, index, path, source, metadata.as_ref());
    }
    let unread = AtomicU64::new(0);
    thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..run.jobs {
            scope.spawn(|| work(&run, &unread));
        }
        work(&run, &unread);
    });
    let (sources, incomplete) = run.finish(unread.into_inner());
    Ok(ReadOutcome { sources, incomplete })
}

/// Looks at a path; its metadata is `None` for standard input.
fn describe(path: &Path) -> Result<(Source, Option<Metadata>), Error> {
    let name = path.to_string_lossy().into_owned();
    let mut source = Source { path: name, kind: SourceKind::Stdin, bytes: 0, sha256: None, modified: None };
    if path.as_os_str() == "-" {
        return Ok((source, None));
    }
    let failed = |reason| Error::Path { path: source.path.clone(), reason };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        fs::read_dir(path).map_err(failed)?;
        source.kind = SourceKind::Directory;
    } else if metadata.is_file() {
        File::open(path).map_err(failed)?;
        source.kind = SourceKind::File;
        source.bytes = metadata.len();
    }
    source.modified = metadata.modified().ok();
    Ok((source, Some(metadata)))
}

fn enqueue<V: Visitor>(
    run: &Run<'_, V>,
    index: usize,
    path: &Path,
    source: &Source,
    metadata: Option<&Metadata>,
) {
    match (source.kind, metadata) {
        (SourceKind::Directory, _) => {
            let bytes = walk::directory(run, index, path);
            run.update(index, |source| source.bytes = bytes);
        }
        (SourceKind::File, Some(metadata)) => {
            let len = metadata.len();
            let member = Member { bytes: Some(len), modified: walk::modified(metadata), ..whole(index) };
            let file = Work::File { member, path: path.to_owned(), len };
            let hash = Work::Hash { source: index, path: path.to_owned(), len };
            if run.enter() {
                // A checksum costs about a quarter of what reading does.
                run.queue.push([(len, file), (len / 4, hash)]);
            }
        }
        (_, None) => run.queue.push([(u64::MAX / 2, Work::Stdin { source: index })]),
        (_, Some(metadata)) => {
            let member = Member { modified: walk::modified(metadata), ..whole(index) };
            run.queue.push([(u64::MAX / 2, Work::File { member, path: path.to_owned(), len: 0 })]);
        }
    }
}

/// The content of a source itself.
pub(super) fn whole(source: usize) -> Member {
    Member { source, path: None, bytes: None, modified: None, depth: 0, is_source: true, in_gzip: false }
}

/// What each thread does until nothing is left.
fn work<V: Visitor>(run: &Run<'_, V>, unread: &AtomicU64) {
    let mut worker = Worker::new();
    while let Some(mut taken) = run.queue.take(run.jobs) {
        match (taken.work.take(), run.halt()) {
            (None, _) => {}
            (Some(work), Some(halt @ (Halt::TotalBytes | Halt::Cancelled))) => {
                if leave(run, &work, halt) {
                    unread.fetch_add(1, Ordering::Relaxed);
                }
            }
            // What is queued has been counted in.
            (Some(work), Some(Halt::Entries) | None) => perform(run, &mut worker, work, &taken),
        }
    }
}

/// Leaves a piece of work undone; `true` if it was a member.
fn leave<V: Visitor>(run: &Run<'_, V>, work: &Work, halt: Halt) -> bool {
    let member = match work {
        Work::Hash { .. } => return false,
        Work::File { member, .. } => member.clone(),
        Work::Entry { archive, index } => match archive.member(*index) {
            Some(member) => member,
            None => return false,
        },
        Work::Stdin { source } => whole(*source),
    };
    // After a cancellation nothing more is named: the user is waiting.
    if halt == Halt::TotalBytes {
        run.skip(&member, &run.total_reason());
    }
    true
}

fn perform<V: Visitor>(run: &Run<'_, V>, worker: &mut Worker, work: Work, taken: &Taken<'_>) {
    match work {
        Work::File { member, path, len } => {
            if let Err(error) = open(run, worker, &member, &path, len, taken.dominant) {
                run.fail(&member, &reason(&error));
            }
        }
        Work::Entry { archive, index } => archive.read(run, worker, index),
        Work::Hash { source, path, len } => {
            // What cannot be read is reported by whoever reads the members.
            let sha256 = hash(&path, len, worker).ok();
            run.update(source, |source| source.sha256 = sha256);
        }
        Work::Stdin { source } => stream(run, worker, whole(source), &mut io::stdin()),
    }
}

/// Opens a file and reads it as what it is.
fn open<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: &Member,
    path: &Path,
    len: u64,
    dominant: bool,
) -> io::Result<()> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        if member.is_source {
            stream(run, worker, member.clone(), &mut &file);
            return Ok(());
        }
        return Err(io::Error::other("it is no longer a file"));
    }
    let file = FileAt::new(file, len);
    let mut head = [0; HEAD];
    let filled = file.read_at(&mut head, 0)?;
    let content = detect(head.get(..filled).unwrap_or_default());
    match content {
        Content::Zip | Content::Gzip | Content::Tar if !admit(run, member, content) => {}
        Content::Zip => zip::file(run, worker, member, file),
        Content::Gzip => gzip::file(run, worker, member.clone(), &file, dominant),
        _ => {
            // A source ends where its checksum ends, even if it grows meanwhile.
            let end = if member.is_source && len > 0 { len } else { u64::MAX };
            let mut metered = Metered { inner: AtReader::new(&file, 0, end), visitor: run.visitor };
            match content {
                Content::Tar => {
                    let mut buffered = Buffered::new(metered, BUFFER);
                    tar::read(run, worker, member, &mut buffered);
                }
                _ => content::read(run, worker, member.clone(), Input::Read(&mut metered)),
            }
        }
    }
    Ok(())
}

fn hash(path: &Path, len: u64, worker: &mut Worker) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?.take(len);
    let mut digest = Sha256::new();
    let mut buffer = worker.take();
    loop {
        let n = file.read(buffer.all_mut())?;
        if n == 0 {
            break;
        }
        digest.update(buffer.first(n));
    }
    worker.give(buffer);
    Ok(digest.finalize().into())
}

/// Reads a source that can be read only once, from front to back.
pub(super) fn stream<V: Visitor>(
    run: &Run<'_, V>,
    worker: &mut Worker,
    member: Member,
    reader: &mut (dyn Read + Send),
) {
    if !run.enter() {
        return;
    }
    let source = member.source;
    let inner = Metered { inner: reader, visitor: run.visitor };
    let mut hashed = Hashed { inner, digest: Sha256::new(), bytes: 0, ended: false };
    pipe::through(
        || &mut hashed,
        |piped| {
            content::read(run, worker, member, Input::Read(piped));
            // What no member needed still belongs to the checksum.
            let mut buffer = worker.take();
            while run.halt().is_none() && matches!(piped.read(buffer.all_mut()), Ok(1..)) {}
            worker.give(buffer);
        },
    );
    let sha256 = hashed.ended.then(|| hashed.digest.finalize().into());
    run.update(source, |source| {
        source.bytes = hashed.bytes;
        source.sha256 = sha256;
    });
}

/// Computes the checksum of what passes.
struct Hashed<R> {
    inner: R,
    digest: Sha256,
    bytes: u64,
    ended: bool,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.digest.update(buf.get(..n).unwrap_or_default());
        self.bytes += n as u64;
        self.ended = n == 0;
        Ok(n)
    }
}
