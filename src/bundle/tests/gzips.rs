use super::*;

fn one(bytes: &[u8]) -> Result {
    let dir = Dir::new();
    run(&dir.file("a.log.gz", bytes))
}

#[test]
fn a_single_gzip_file_is_its_content() {
    let content = text(600_000);
    let result = one(&gz_at(&content, 1_600_000_000));
    result.assert_complete();
    let [seen] = &result.seen[..] else { panic!() };
    assert_eq!((&seen.meta.path, &seen.bytes), (&None, &content));
    assert_eq!(
        seen.meta.modified,
        Some(Modified { unix_s: 1_600_000_000, basis: ModifiedBasis::GzipHeader })
    );
    assert_eq!(result.outcome.sources[0].kind, SourceKind::Gzip);
    assert!(result.outcome.sources[0].sha256.is_some());
}

#[test]
fn streams_in_a_row_are_all_read() {
    let content = text(50_000);
    let mut bytes = gz(&content);
    // Equal members: neither the size nor the checksum at the end tells that there are two.
    bytes.extend(gz(&content));
    bytes.extend(gz(b""));
    let result = one(&bytes);
    result.assert_complete();
    assert_eq!(result.seen[0].bytes, [content.clone(), content].concat());
}

#[test]
fn padding_is_nothing_and_garbage_is_reported() {
    let content = text(5_000);
    let mut bytes = gz(&content);
    bytes.extend([0; 600]);
    let padded = one(&bytes);
    padded.assert_complete();
    assert_eq!(padded.seen[0].bytes, content);
    for garbage in [&b"trailing text"[..], b"\x1f is no member"] {
        bytes.extend(garbage);
        let result = one(&bytes);
        assert_eq!((&result.seen[0].end, &result.seen[0].bytes), (&End::Complete, &content));
        assert_eq!(result.outcome.incomplete.len(), 1);
        assert!(result.outcome.incomplete[0].contains("no gzip data"), "{:?}", result.outcome.incomplete);
    }
}

#[test]
fn a_truncated_gzip_gives_what_is_there() {
    let content = text(300_000);
    let bytes = gz(&content);
    for len in [bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
        let result = one(&bytes[..len]);
        let [seen] = &result.seen[..] else { panic!() };
        assert!(matches!(seen.end, End::Partial(_)), "{len}");
        assert!(why(seen).contains("ends early"), "{}", why(seen));
        assert!(seen.bytes.len() > 100_000 && content.starts_with(&seen.bytes));
        assert_eq!(result.outcome.incomplete.len(), 1, "{:?}", result.outcome.incomplete);
    }
}

#[test]
fn damage_is_partial() {
    let content = text(300_000);
    let mut bytes = gz(&content);
    let crc = bytes.len() - 8;
    bytes[crc] = !bytes[crc];
    let result = one(&bytes);
    assert_eq!(result.seen[0].bytes, content);
    assert!(why(&result.seen[0]).contains("damaged"), "{}", why(&result.seen[0]));
}

#[test]
fn a_gzip_of_nothing_and_a_bare_header() {
    let empty = one(&gz(b""));
    empty.assert_complete();
    assert!(empty.seen[0].bytes.is_empty());
    let header = one(&gz(b"")[..10]);
    assert!(matches!(header.seen[0].end, End::Partial(_)));
}

/// Both inflaters on the same file, through the same door.
#[cfg(feature = "isal")]
mod both {
    use super::super::super::{at, budget, gzip};
    use super::*;
    use std::io::Read;
    use std::sync::atomic::AtomicBool;

    fn drain(mut reader: impl Read) -> (Vec<u8>, Option<std::io::ErrorKind>) {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 70_000];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return (bytes, None),
                Ok(n) => bytes.extend(&buffer[..n]),
                Err(e) => return (bytes, Some(e.kind())),
            }
        }
    }

    fn compare(compressed: &[u8]) {
        let dir = Dir::new();
        let file = fs::File::open(dir.file("a.gz", compressed)).unwrap();
        let file = at::FileAt::new(file, compressed.len() as u64);
        let recorder = Recorder::default();
        let read = |fast: bool| {
            let (garbage, budget) = (AtomicBool::new(false), budget::Budget::new(0, 300));
            let source = gzip::FileStream::new(&file, &garbage, &budget, &recorder);
            let read = if fast { drain(source.open()) } else { drain(source.portable()) };
            (read, garbage.into_inner())
        };
        assert!(read(true) == read(false), "{} bytes", compressed.len());
    }

    #[test]
    fn agree() {
        let content = text(900_000);
        let one = gz(&content);
        compare(&one);
        compare(&gz(b""));
        compare(b"");
        compare(&[&one[..], &one].concat());
        compare(&[&one[..], &gz(b""), &gz(b"x")].concat());
        compare(&[&one[..], b"garbage"].concat());
        compare(&[&one[..], &[0; 1000]].concat());
        compare(&[&one[..], &[0; 1000], &one, b"\x1f\x8b"].concat());
        for len in (0..one.len()).step_by(4_099) {
            compare(&one[..len]);
        }
        let mut damaged = one.clone();
        damaged[one.len() / 2] ^= 0x55;
        compare(&damaged);
        let mut checksum = one.clone();
        checksum[one.len() - 5] ^= 1;
        compare(&checksum);
    }

    #[test]
    fn agree_at_every_cut() {
        let bytes = [gz(&text(900)), gz(&text(300))].concat();
        for len in 0..=bytes.len() {
            compare(&bytes[..len]);
        }
    }
}
