//! What some bytes are, by their first ones.

/// What a file or member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Zip,
    Gzip,
    Tar,
    /// Compressed or packed in a way that is not read; its usual name.
    Foreign(&'static str),
    Plain,
}

/// As many bytes as [`detect`] looks at.
pub(super) const HEAD: usize = 512;

const FOREIGN: [(&[u8], &str); 5] = [
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Rar!\x1a\x07", "rar"),
    (b"BZh91AY&SY", "bzip2"),
];

/// Names the content that begins with `head`.
pub(super) fn detect(head: &[u8]) -> Content {
    if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08PK\x03\x04"]
        .iter()
        .any(|magic| head.starts_with(magic))
    {
        return Content::Zip;
    }
    if head.starts_with(b"\x1f\x8b\x08") {
        return Content::Gzip;
    }
    if head.len() >= HEAD && head.get(257..262) == Some(b"ustar") {
        return Content::Tar;
    }
    let foreign = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic));
    foreign.map_or(Content::Plain, |(_, name)| Content::Foreign(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_containers_by_their_first_bytes() {
        assert_eq!(detect(b"PK\x03\x04rest"), Content::Zip);
        assert_eq!(detect(b"PK\x05\x06"), Content::Zip);
        assert_eq!(detect(b"\x1f\x8b\x08\x00"), Content::Gzip);
        assert_eq!(detect(b"BZh91AY&SY.."), Content::Foreign("bzip2"));
        assert_eq!(detect(b"PKZIP is a program"), Content::Plain);
        assert_eq!(detect(b""), Content::Plain);
        let mut block = [0; HEAD];
        block[257..262].copy_from_slice(b"ustar");
        assert_eq!(detect(&block), Content::Tar);
    }
}
