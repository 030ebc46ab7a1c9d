//! Names of archive members.

/// A name that is safe to show and to compare.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// With `/` between its parts, invalid UTF-8 replaced.
    pub(super) text: String,
    /// Why it is refused, if it is.
    pub(super) refused: Option<&'static str>,
}

/// Cleans a name as stored in an archive.
pub(super) fn clean(raw: &[u8]) -> Name {
    let mut text = String::from_utf8_lossy(raw).replace('\\', "/");
    while let Some(rest) = text.strip_prefix("./") {
        text = rest.to_owned();
    }
    let drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let refused = if text.is_empty() {
        Some("its name is empty")
    } else if text.starts_with('/') || drive {
        Some("its name is an absolute path, which a log bundle has no use for")
    } else if text.split('/').any(|part| part == "..") {
        Some("its name leads out of the archive with `..`")
    } else {
        None
    };
    Name { text, refused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_and_refuses() {
        assert_eq!(clean(br"uccx\log\a.log"), Name { text: "uccx/log/a.log".into(), refused: None });
        assert_eq!(clean(b"././a").text, "a");
        assert_eq!(clean(b"a\xff").text, "a\u{fffd}");
        assert!(clean(b"a/..b/c").refused.is_none());
        for bad in [&b"/etc/passwd"[..], b"a/../../b", b"..", br"C:\a", br"\\host\a", b""] {
            assert!(clean(bad).refused.is_some(), "{bad:?}");
        }
    }
}
