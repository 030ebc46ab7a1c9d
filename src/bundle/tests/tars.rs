use super::*;

fn one(bytes: &[u8]) -> Result {
    let dir = Dir::new();
    run(&dir.file("a.tar", bytes))
}

#[test]
fn entries_are_read_with_their_names_and_times() {
    let large = text(700_000);
    let long = format!("{}/m.log", "directory/".repeat(30).trim_end_matches('/'));
    let packed = gz(b"packed");
    let members = [("./a.log", &large[..]), (r"x\b.log", b"b"), (&long, b"long name"), ("c.log.gz", &packed)];
    for bytes in [tar_of(&members), gz(&tar_of(&members))] {
        let result = one(&bytes);
        result.assert_complete();
        assert_eq!(result.paths(), ["a.log", "c.log.gz", &long, "x/b.log"]);
        assert_eq!(result.get("a.log").bytes, large);
        assert_eq!(result.get("c.log.gz").bytes, b"packed");
        let meta = &result.get("a.log").meta;
        assert_eq!(meta.bytes, Some(large.len() as u64));
        assert_eq!(meta.modified, Some(Modified { unix_s: 1_700_000_000, basis: ModifiedBasis::TarHeader }));
        assert_eq!(result.outcome.sources[0].kind, SourceKind::Tar);
        assert!(result.outcome.sources[0].sha256.is_some());
        assert_eq!(result.progress, bytes.len() as u64);
    }
}

#[test]
fn refused_entries_are_named() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(0);
    for (kind, name) in [
        (::tar::EntryType::Symlink, "link"),
        (::tar::EntryType::Link, "hard"),
        (::tar::EntryType::Fifo, "pipe"),
        (::tar::EntryType::Directory, "dir/"),
    ] {
        header.set_entry_type(kind);
        if matches!(kind, ::tar::EntryType::Symlink | ::tar::EntryType::Link) {
            builder.append_link(&mut header, name, "target").unwrap();
        } else {
            builder.append_data(&mut header, name, &b""[..]).unwrap();
        }
    }
    let mut header = ::tar::Header::new_old();
    header.set_size(4);
    header.as_old_mut().name[..9].copy_from_slice(b"../up.log");
    header.set_cksum();
    builder.append(&header, &b"evil"[..]).unwrap();
    let mut header = ::tar::Header::new_gnu();
    header.set_size(4);
    builder.append_data(&mut header, "good.log", &b"good"[..]).unwrap();
    let result = one(&builder.into_inner().unwrap());
    assert_eq!(result.paths(), ["../up.log", "good.log", "hard", "link", "pipe"]);
    for path in ["../up.log", "hard", "link", "pipe"] {
        assert!(matches!(result.get(path).end, End::Skipped(_)), "{path}");
    }
    assert_eq!(result.get("good.log").bytes, b"good");
    assert!(result.outcome.incomplete.is_empty(), "{:?}", result.outcome.incomplete);
}

#[test]
fn a_truncated_tar_gz_gives_what_is_there() {
    let (a, b) = (text(300_000), text(400_000));
    let bytes = gz(&tar_of(&[("a.log", &a), ("b.log", &b), ("c.log", b"never")]));
    let cut = &bytes[..bytes.len() / 2];
    for result in [one(cut), run_stream(cut, &Limits::default())] {
        assert_eq!(result.paths(), ["a.log", "b.log"]);
        assert_eq!((&result.get("a.log").end, &result.get("a.log").bytes), (&End::Complete, &a));
        let half = result.get("b.log");
        assert!(matches!(half.end, End::Partial(_)));
        assert!(half.bytes.len() > 1_000 && b.starts_with(&half.bytes));
        assert_eq!(result.outcome.incomplete.len(), 1, "{:?}", result.outcome.incomplete);
    }
}

#[test]
fn a_tar_cut_anywhere_is_never_silent() {
    let bytes = tar_of(&[("a.log", &text(700)), ("b.log", b"second")]);
    let data = bytes.len() - 1024;
    for len in 512..=data {
        let result = run_stream(&bytes[..len], &Limits::default());
        assert_eq!(result.outcome.incomplete.len(), 1, "{len}: {:?}", result.outcome.incomplete);
    }
    run_stream(&bytes[..data + 512], &Limits::default()).assert_complete();
}

#[test]
fn archives_in_a_row_are_all_read() {
    let mut bytes = tar_of(&[("a.log", b"first")]);
    bytes.extend(tar_of(&[("b.log", b"second")]));
    bytes.extend([0; 8192]);
    let result = one(&bytes);
    result.assert_complete();
    assert_eq!(result.paths(), ["a.log", "b.log"]);
}

#[test]
fn damage_in_a_nested_gzip_does_not_end_the_tar() {
    let mut packed = gz(&text(50_000));
    let middle = packed.len() / 2;
    for byte in &mut packed[middle..middle + 50] {
        *byte = !*byte;
    }
    let result = one(&tar_of(&[("a.gz", &packed), ("b.log", b"good")]));
    assert!(matches!(result.get("a.gz").end, End::Partial(_)));
    assert_eq!(result.get("b.log").end, End::Complete);
    assert_eq!(result.outcome.incomplete.len(), 1, "{:?}", result.outcome.incomplete);
}

#[test]
fn an_endless_name_is_refused() {
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_path("././@LongLink").unwrap();
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.resize(6 << 20, b'a');
    let result = one(&bytes);
    assert!(result.seen.is_empty());
    assert!(result.outcome.incomplete[0].contains("larger than 4 MiB"), "{:?}", result.outcome.incomplete);
}

#[test]
fn equal_names_are_all_kept() {
    let result = one(&tar_of(&[("a.log", b"one"), ("a.log", b"two")]));
    result.assert_complete();
    assert_eq!(result.paths(), ["a.log", "a.log"]);
}
