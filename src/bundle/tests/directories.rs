use super::*;

#[test]
fn files_are_read_whatever_their_depth_and_size() {
    let dir = Dir::new();
    let large = text(900_000);
    dir.file("node1/uccx/log/MIVR/a.log", &large);
    dir.file("node1/b.log", b"one line without newline");
    dir.file("node2/empty.log", b"");
    let result = run(dir.path());
    result.assert_complete();
    assert_eq!(result.paths(), ["node1/b.log", "node1/uccx/log/MIVR/a.log", "node2/empty.log"]);
    assert_eq!(result.get("node1/uccx/log/MIVR/a.log").bytes, large);
    let meta = &result.get("node1/b.log").meta;
    assert_eq!(meta.bytes, Some(24));
    assert_eq!(meta.modified.unwrap().basis, ModifiedBasis::Filesystem);
    let [source] = &result.outcome.sources[..] else { panic!() };
    assert_eq!(
        (source.kind, source.bytes, source.sha256),
        (SourceKind::Directory, large.len() as u64 + 24, None)
    );
    assert!(source.modified.is_some());
    assert_eq!(result.progress, source.bytes);
}

#[test]
fn containers_in_a_directory_are_opened() {
    let dir = Dir::new();
    dir.file("a.zip", &zip_of(&[("x/m.log", b"in zip"), ("n.log.gz", &gz(b"in gzip in zip"))]));
    dir.file("b.tgz", &gz(&tar_of(&[("m.log", b"in tar"), ("z.zip", &zip_of(&[("q.log", b"deep")]))])));
    dir.file("c.log.gz", &gz_at(b"in gzip", 1_600_000_000));
    let result = run(dir.path());
    result.assert_complete();
    assert_eq!(
        result.paths(),
        ["a.zip!/n.log.gz", "a.zip!/x/m.log", "b.tgz!/m.log", "b.tgz!/z.zip!/q.log", "c.log.gz"]
    );
    assert_eq!(result.get("a.zip!/n.log.gz").bytes, b"in gzip in zip");
    assert_eq!(result.get("b.tgz!/z.zip!/q.log").bytes, b"deep");
    let modified = result.get("c.log.gz").meta.modified;
    assert_eq!(modified, Some(Modified { unix_s: 1_600_000_000, basis: ModifiedBasis::GzipHeader }));
    assert_eq!(result.outcome.sources[0].kind, SourceKind::Directory);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_named_and_not_followed() {
    let dir = Dir::new();
    let target = dir.file("real.log", b"text");
    std::os::unix::fs::symlink(&target, dir.path().join("link.log")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let result = run(dir.path());
    assert_eq!(result.paths(), ["link.log", "loop", "real.log", "socket"]);
    assert!(why(result.get("link.log")).contains("symbolic link"));
    assert!(why(result.get("loop")).contains("symbolic link"));
    assert!(why(result.get("socket")).contains("socket"));
    assert_eq!(result.get("real.log").end, End::Complete);
    assert!(result.outcome.incomplete.is_empty());
}

#[test]
fn a_file_that_is_gone_is_reported_and_the_others_are_read() {
    struct Remove<'a>(Recorder, &'a Path);
    impl Visitor for Remove<'_> {
        type Member = Vec<u8>;
        fn open(&self, meta: &Meta) -> Vec<u8> {
            let _ = fs::remove_file(self.1);
            self.0.open(meta)
        }
        fn chunk(&self, member: &mut Vec<u8>, bytes: &[u8]) -> ControlFlow<()> {
            self.0.chunk(member, bytes)
        }
        fn close(&self, member: Vec<u8>, meta: Meta, end: End) {
            self.0.close(member, meta, end);
        }
    }
    let dir = Dir::new();
    dir.file("large.log", &text(10_000));
    let small = dir.file("small.log", b"text");
    let visitor = Remove(Recorder::default(), &small);
    let outcome = super::super::read(&[dir.path().to_owned()], 1, &Limits::default(), &visitor).unwrap();
    let result = Result::of(visitor.0, outcome);
    assert_eq!(result.get("large.log").end, End::Complete);
    assert!(matches!(result.get("small.log").end, End::Failed(_)));
    assert_eq!(result.outcome.incomplete.len(), 1);
    assert!(result.outcome.incomplete[0].contains("small.log"), "{:?}", result.outcome.incomplete);
}

#[test]
fn single_files_have_no_path_and_a_checksum() {
    let dir = Dir::new();
    let file = dir.file("a.log", b"abc");
    let empty = dir.file("empty.log", b"");
    let result = run_with(&[file, empty], 2, &Limits::default(), Recorder::default());
    result.assert_complete();
    let [a, b] = &result.seen[..] else { panic!() };
    assert_eq!((a.meta.source, &a.meta.path, &a.bytes[..]), (0, &None, &b"abc"[..]));
    assert_eq!((b.meta.source, &b.meta.path, &b.bytes[..]), (1, &None, &b""[..]));
    let [source, _] = &result.outcome.sources[..] else { panic!() };
    assert_eq!((source.kind, source.bytes), (SourceKind::File, 3));
    assert_eq!(source.sha256.unwrap()[..4], [0xba, 0x78, 0x16, 0xbf]);
}

#[test]
fn a_path_that_does_not_exist_is_an_error() {
    let dir = Dir::new();
    let error = super::super::read(&[dir.path().join("none")], 1, &Limits::default(), &Recorder::default());
    let message = error.unwrap_err().to_string();
    assert!(message.starts_with("read ") && message.contains("none: No such file"), "{message}");
}

#[test]
fn a_visitor_may_stop_a_member_and_cancel_the_run() {
    let dir = Dir::new();
    let large = text(2_000_000);
    dir.file("a.log", &large);
    dir.file("b.tar", &tar_of(&[("one", &large), ("two", b"small")]));
    dir.file("c.zip", &zip_of(&[("one", &large)]));
    let stop = Recorder { stop_after: Some(1), ..Recorder::default() };
    let result = run_with(&[dir.path().to_owned()], 2, &Limits::default(), stop);
    result.assert_complete();
    assert_eq!(result.paths(), ["a.log", "b.tar!/one", "b.tar!/two", "c.zip!/one"]);
    assert!(result.seen.iter().all(|seen| seen.bytes.len() < 1_000_000));

    let cancel = Recorder { cancel_after: Some(1), ..Recorder::default() };
    let result = run_with(&[dir.path().to_owned()], 1, &Limits::default(), cancel);
    assert_eq!(result.seen.len(), 1);
    assert!(result.outcome.incomplete[0].contains("cancelled"), "{:?}", result.outcome.incomplete);
}

#[test]
fn other_packed_files_are_named() {
    let dir = Dir::new();
    dir.file("a.7z", b"7z\xbc\xaf\x27\x1crest");
    let result = run(dir.path());
    assert!(why(result.get("a.7z")).contains("7z data"));
    assert_eq!(result.outcome.incomplete.len(), 1);
}
