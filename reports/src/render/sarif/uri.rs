//! Paths as URI references. A name in an archive is hostile: it must become neither a host, nor a scheme, nor a way up.
//!
//! Source: RFC 3986, sections 2.3 (unreserved characters), 4.2 (relative references) and 5.2.4 (dot segments); RFC 8089
//! for `file`.

/// The reference for a path as given: `file:` where it is absolute, else relative to a folder that nothing names.
pub(super) fn file(path: &str) -> String {
    let mut chars = path.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && chars.next().is_some_and(|c| matches!(c, '/' | '\\'));
    if drive {
        let (letter, rest) = path.split_once(':').unwrap_or_default();
        return format!("file:///{letter}:{}", encoded(&rest.replace('\\', "/")));
    }
    match path {
        "-" => "stdin".to_owned(),
        _ if path.starts_with('/') => format!("file://{}", encoded(path)),
        _ => encoded(path),
    }
}

/// The reference for a file in a folder that was given.
pub(super) fn file_in(folder: &str, path: &str) -> String {
    format!("{}{}", file(folder).trim_end_matches('/'), nested(path))
}

/// The reference for a file in an archive, from the archive's root (SARIF 3.24.2): one slash, since two would begin a
/// host name.
pub(super) fn nested(path: &str) -> String {
    format!("/{}", encoded(path.trim_start_matches('/')))
}

/// The path with every byte encoded that could mean something else.
fn encoded(path: &str) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let mut out = String::with_capacity(path.len());
    for (i, segment) in path.split('/').enumerate() {
        if i > 0 {
            out.push('/');
        }
        if segment == ".." {
            out.push_str("%2E%2E");
            continue;
        }
        for byte in segment.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                out.extend(['%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_reference_and_nothing_else() {
        #[track_caller]
        fn check(path: &str, expected: &str) {
            assert_eq!(file(path), expected);
        }
        check("bundle.zip", "bundle.zip");
        check("/logs/a b.zip", "file:///logs/a%20b.zip");
        check("C:\\logs\\a.zip", "file:///C:/logs/a.zip");
        check("javascript:alert(1)", "javascript%3Aalert%281%29");
        check("a%2fb?c#d\u{e9}", "a%252fb%3Fc%23d%C3%A9");
        check("//example.com/x", "file:////example.com/x");
        check("../../x/..y", "%2E%2E/%2E%2E/x/..y");
        check("-", "stdin");
    }

    #[test]
    fn a_member_has_no_host_and_no_way_up() {
        assert_eq!(nested("//example.com/x"), "/example.com/x");
        assert_eq!(nested("uccxpub/../x"), "/uccxpub/%2E%2E/x");
        assert_eq!(file_in("/logs/", "uccxpub/a.log"), "file:///logs/uccxpub/a.log");
        assert_eq!(file_in("logs", "/a"), "logs/a");
    }
}
