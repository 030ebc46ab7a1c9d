use super::*;

#[test]
fn standard_input_may_be_anything() {
    let content = text(300_000);
    let inner = zip_of(&[("i.log", b"inner")]);
    let members = [("a.log", &content[..]), ("b.zip", &inner)];
    let cases: [(Vec<u8>, &[&str]); 7] = [
        (content.clone(), &[""]),
        (Vec::new(), &[""]),
        (gz(&content), &[""]),
        (tar_of(&members), &["a.log", "b.zip!/i.log"]),
        (gz(&tar_of(&members)), &["a.log", "b.zip!/i.log"]),
        (zip_of(&members), &["a.log", "b.zip!/i.log"]),
        (zip_streamed(&members), &["a.log", "b.zip!/i.log"]),
    ];
    for (bytes, paths) in cases {
        let result = run_stream(&bytes, &Limits::default());
        result.assert_complete();
        assert_eq!(result.paths(), paths);
        if !bytes.is_empty() {
            assert_eq!(result.seen[0].bytes, content);
        }
        let source = &result.outcome.sources[0];
        assert_eq!((source.kind, source.bytes), (SourceKind::Stdin, bytes.len() as u64));
        let expected: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
        assert_eq!(source.sha256, Some(expected));
        assert_eq!(result.progress, bytes.len() as u64);
    }
}

#[test]
fn a_zip_too_large_for_memory_is_read_front_to_back() {
    let noise: Vec<u8> = text(90 << 20);
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("large.log", deflated().compression_method(::zip::CompressionMethod::Stored)).unwrap();
    writer.write_all(&noise).unwrap();
    writer.start_file("small.log", deflated()).unwrap();
    writer.write_all(b"small").unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let result = run_stream(&bytes, &Limits::default());
    result.assert_complete();
    assert_eq!(result.paths(), ["large.log", "small.log"]);
    assert!(result.get("large.log").bytes == noise);
    let cut = run_stream(&bytes[..80 << 20], &Limits::default());
    assert!(matches!(cut.get("large.log").end, End::Partial(_)));
    assert_eq!(cut.outcome.incomplete.len(), 1, "{:?}", cut.outcome.incomplete);
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_to_a_pipe_is_read_like_standard_input() {
    use std::os::fd::AsRawFd;
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&gz(b"from a pipe")).unwrap();
    drop(writer);
    let result = run(Path::new(&format!("/proc/self/fd/{}", reader.as_raw_fd())));
    result.assert_complete();
    assert_eq!(result.outcome.sources[0].kind, SourceKind::Stdin);
    assert_eq!((&result.seen[0].meta.path, &result.seen[0].bytes[..]), (&None, &b"from a pipe"[..]));
}

#[test]
fn random_bytes_never_panic() {
    let mut state: u32 = 9;
    for magic in [&b"PK\x03\x04"[..], b"\x1f\x8b\x08", b""] {
        for len in 0..200 {
            let mut bytes = magic.to_vec();
            for _ in 0..len {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes.push((state >> 24) as u8);
            }
            run_stream(&bytes, &Limits::default());
        }
    }
}
