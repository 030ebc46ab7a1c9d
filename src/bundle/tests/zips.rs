use super::*;
use ::zip::unstable::write::FileOptionsExt;

fn one(bytes: &[u8]) -> Result {
    let dir = Dir::new();
    run(&dir.file("a.zip", bytes))
}

#[test]
fn entries_are_read_with_their_names_and_times() {
    let large = text(700_000);
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let time = ::zip::DateTime::from_date_and_time(2025, 6, 3, 10, 11, 12).unwrap();
    writer.add_directory("node1/", deflated()).unwrap();
    writer.start_file("node1/a.log", deflated().last_modified_time(time)).unwrap();
    writer.write_all(&large).unwrap();
    let stored = deflated().compression_method(::zip::CompressionMethod::Stored);
    writer.start_file(r"uccx\log\b.log", stored).unwrap();
    writer.write_all(b"stored").unwrap();
    writer.start_file("empty.log", deflated()).unwrap();
    let result = one(&writer.finish().unwrap().into_inner());
    result.assert_complete();
    assert_eq!(result.paths(), ["empty.log", "node1/a.log", "uccx/log/b.log"]);
    let a = result.get("node1/a.log");
    assert_eq!(a.bytes, large);
    assert_eq!(a.meta.bytes, Some(large.len() as u64));
    assert_eq!(a.meta.modified, Some(Modified { unix_s: 1_748_945_472, basis: ModifiedBasis::ZipDos }));
    assert_eq!(result.get("uccx/log/b.log").bytes, b"stored");
    let source = &result.outcome.sources[0];
    assert_eq!(source.kind, SourceKind::Zip);
    assert!(source.sha256.is_some());
}

#[test]
fn an_empty_zip_has_no_members() {
    let result = one(&zip_of(&[]));
    result.assert_complete();
    assert!(result.seen.is_empty());
    assert_eq!(result.outcome.sources[0].kind, SourceKind::Zip);
}

#[test]
fn a_zip_in_a_zip_is_read() {
    let inner = zip_of(&[("m.log", b"inner"), ("n.log.gz", &gz(b"packed twice"))]);
    let result = one(&zip_of(&[("x/inner.zip", &inner), ("a.log", b"outer")]));
    result.assert_complete();
    assert_eq!(result.paths(), ["a.log", "x/inner.zip!/m.log", "x/inner.zip!/n.log.gz"]);
    assert_eq!(result.get("x/inner.zip!/n.log.gz").bytes, b"packed twice");
}

#[test]
fn the_extended_timestamp_is_utc() {
    let mut options = ::zip::write::FileOptions::<::zip::write::ExtendedFileOptions>::default();
    let mut field = vec![1];
    field.extend(1_700_000_001_i32.to_le_bytes());
    options.add_extra_field(0x5455, field, false).unwrap();
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("a.log", options).unwrap();
    writer.write_all(b"text").unwrap();
    let result = one(&writer.finish().unwrap().into_inner());
    let modified = result.get("a.log").meta.modified;
    assert_eq!(modified, Some(Modified { unix_s: 1_700_000_001, basis: ModifiedBasis::ZipExtended }));
}

#[test]
fn refused_entries_are_named() {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["../up.log", r"a\..\..\b.log", "/etc/passwd"] {
        writer.start_file(name, deflated()).unwrap();
        writer.write_all(b"x").unwrap();
    }
    writer.add_symlink("link", "target", deflated()).unwrap();
    writer.start_file("secret.log", deflated().with_deprecated_encryption(b"password").unwrap()).unwrap();
    writer.write_all(b"secret").unwrap();
    writer.start_file("good.log", deflated()).unwrap();
    writer.write_all(b"good").unwrap();
    let result = one(&writer.finish().unwrap().into_inner());
    assert_eq!(
        result.paths(),
        ["../up.log", "/etc/passwd", "a/../../b.log", "good.log", "link", "secret.log"]
    );
    for path in ["../up.log", "/etc/passwd", "a/../../b.log", "link", "secret.log"] {
        assert!(matches!(result.get(path).end, End::Skipped(_)), "{path}");
        assert!(result.get(path).bytes.is_empty());
    }
    assert!(why(result.get("secret.log")).contains("encrypted"));
    assert!(why(result.get("link")).contains("symbolic link"));
    assert_eq!(result.get("good.log").bytes, b"good");
    // Only the encrypted one may have held something wanted.
    assert_eq!(result.outcome.incomplete.len(), 1, "{:?}", result.outcome.incomplete);
}

/// Changes bytes behind each signature in an archive.
fn patch(bytes: &mut [u8], signature: &[u8; 4], offset: usize, new: &[u8]) {
    let found: Vec<usize> = memchr::memmem::find_iter(bytes, signature).collect();
    for at in found {
        bytes[at + offset..at + offset + new.len()].copy_from_slice(new);
    }
}

#[test]
fn other_compression_methods_are_named() {
    let mut bytes = zip_of(&[("a.log", b"text text text text")]);
    patch(&mut bytes, b"PK\x01\x02", 10, &[9, 0]);
    patch(&mut bytes, b"PK\x03\x04", 8, &[9, 0]);
    let result = one(&bytes);
    assert!(why(result.get("a.log")).contains("Deflate64"));
    assert_eq!(result.outcome.incomplete.len(), 1);
}

#[test]
fn a_wrong_checksum_makes_an_entry_partial() {
    let content = text(5_000);
    let mut bytes = zip_of(&[("a.log", &content)]);
    patch(&mut bytes, b"PK\x01\x02", 16, &[1, 2, 3, 4]);
    let result = one(&bytes);
    let a = result.get("a.log");
    assert!(matches!(a.end, End::Partial(_)));
    assert!(why(a).contains("checksum"), "{}", why(a));
    assert_eq!(a.bytes, content);
    assert_eq!(result.outcome.incomplete.len(), 1);
}

#[test]
fn a_wrong_size_is_not_believed() {
    let content = text(5_000);
    for claim in [1_u32, 60 << 20, u32::MAX - 1] {
        let mut bytes = zip_of(&[("a.log", &content)]);
        patch(&mut bytes, b"PK\x01\x02", 24, &claim.to_le_bytes());
        let result = one(&bytes);
        assert_eq!(result.get("a.log").bytes, content);
        assert_eq!(result.get("a.log").end, End::Complete);
    }
}

#[test]
fn damaged_data_makes_one_entry_partial() {
    let content = text(500_000);
    let mut bytes = zip_of(&[("a.log", &content), ("b.log", b"good")]);
    for byte in &mut bytes[50_000..50_100] {
        *byte = !*byte;
    }
    let result = one(&bytes);
    assert!(matches!(result.get("a.log").end, End::Partial(_)));
    assert!(content.starts_with(&result.get("a.log").bytes[..20_000]));
    assert_eq!(result.get("b.log").end, End::Complete);
    assert_eq!(result.outcome.incomplete.len(), 1, "{:?}", result.outcome.incomplete);
}

#[test]
fn a_truncated_zip_gives_what_is_there() {
    let (a, b, c) = (text(100_000), text(50_000), text(200_000));
    let members = [("a.log", &a[..]), (r"x\b.log", &b), ("c.log", &c)];
    for bytes in [zip_of(&members), zip_streamed(&members)] {
        let second = memchr::memmem::find_iter(&bytes, b"PK\x03\x04").nth(2).unwrap();
        let result = one(&bytes[..second + 10_000]);
        assert_eq!(result.paths(), ["a.log", "c.log", "x/b.log"]);
        assert_eq!((&result.get("a.log").end, &result.get("a.log").bytes), (&End::Complete, &a));
        assert_eq!((&result.get("x/b.log").end, &result.get("x/b.log").bytes), (&End::Complete, &b));
        let cut = result.get("c.log");
        assert!(matches!(cut.end, End::Partial(_)));
        assert!(cut.bytes.len() > 1_000 && c.starts_with(&cut.bytes));
        let incomplete = &result.outcome.incomplete;
        assert_eq!(incomplete.len(), 2, "{incomplete:?}");
        assert!(incomplete.iter().any(|line| line.contains("broken zip")), "{incomplete:?}");
        assert!(incomplete.iter().any(|line| line.contains("c.log")), "{incomplete:?}");
    }
}

#[test]
fn a_zip_cut_anywhere_never_panics_nor_is_silent() {
    let inner = zip_of(&[("i.log", b"inner")]);
    let bytes = zip_of(&[("a.log", &text(300)), ("inner.zip", &inner), ("c.log", b"third")]);
    for len in 4..bytes.len() {
        let result = run_stream(&bytes[..len], &Limits::default());
        assert!(!result.outcome.incomplete.is_empty(), "{len}");
    }
}

#[test]
fn a_stored_zip_at_the_cut_does_not_pass_for_the_whole() {
    let inner = zip_of(&[("i.log", b"inner")]);
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = deflated().compression_method(::zip::CompressionMethod::Stored);
    for (name, bytes) in [("a.log", &b"first"[..]), ("inner.zip", &inner)] {
        writer.start_file(name, stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let end = memchr::memmem::rfind(&bytes, b"i.log").unwrap() + 5 + 22;
    let result = one(&bytes[..end]);
    assert_eq!(result.paths(), ["a.log", "inner.zip!/i.log"]);
    assert_eq!(result.outcome.incomplete.len(), 1);
}

#[test]
fn equal_names_are_all_kept() {
    let mut bytes = zip_of(&[("a.log", b"first"), ("b.log", b"second")]);
    let found: Vec<usize> = memchr::memmem::find_iter(&bytes, b"b.log").collect();
    for at in found {
        bytes[at] = b'a';
    }
    let result = one(&bytes);
    result.assert_complete();
    assert_eq!(result.paths(), ["a.log", "a.log"]);
}

#[test]
fn names_that_are_not_utf8_are_read() {
    let mut bytes = zip_of(&[("a.log", b"first")]);
    let found: Vec<usize> = memchr::memmem::find_iter(&bytes, b"a.log").collect();
    for at in found {
        bytes[at] = 0xe4;
    }
    assert_eq!(one(&bytes).paths(), ["\u{fffd}.log"]);
}

#[test]
fn a_large_entry_is_streamed() {
    let large = text(66 << 20);
    let result = one(&zip_of(&[("large.log", &large)]));
    result.assert_complete();
    assert!(result.seen[0].bytes == large);
}

#[test]
fn random_damage_never_panics() {
    let good =
        zip_of(&[("a.log", &text(2_000)), ("b.gz", &gz(&text(500))), ("c.tar", &tar_of(&[("t", b"x")]))]);
    let mut state: u32 = 1;
    for _ in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 8) as usize % bytes.len();
            bytes[at] = state as u8;
        }
        run_stream(&bytes, &Limits::default());
    }
}
