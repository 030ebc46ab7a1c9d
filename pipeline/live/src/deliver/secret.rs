//! Keys, tokens and passwords: where they come from, and a value that cannot be printed.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// Longest secret in bytes; a longer file is not one.
const BYTES_MAX: u64 = 64 * 1024;

/// A value that is used and never shown: `Debug` and `Display` print a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without this secret, in case an answer or an error repeats it.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "(secret)") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// The content of a file, less the end of its last line.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// Reads a secret: the only place that looks at the environment or at a file of secrets.
///
/// # Errors
/// A sentence without the secret: not there, not readable, empty, not UTF-8 or longer than 64 KiB.
pub fn read_secret(from: &SecretRef) -> Result<Secret, String> {
    let text = match from {
        SecretRef::Env(name) => std::env::var(name).map_err(|_| format!("{from} is not set or not UTF-8"))?,
        SecretRef::File(path) => {
            let file =
                std::fs::File::open(path).map_err(|error| format!("{from} cannot be read: {error}"))?;
            let mut text = String::new();
            file.take(BYTES_MAX + 1)
                .read_to_string(&mut text)
                .map_err(|error| format!("{from} cannot be read: {}", error.kind()))?;
            text
        }
    };
    if text.len() as u64 > BYTES_MAX {
        return Err(format!("{from} is longer than 64 KiB"));
    }
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(format!("{from} is empty")) } else { Ok(Secret::new(text)) }
}

/// What is wrong with the permissions of a file of secrets; `None` if nothing is, or if it is not a file that exists.
#[must_use]
pub fn wide_open(from: &SecretRef) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let SecretRef::File(path) = from else { return None };
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        format!("{from} has mode {mode:04o}, so that other users can reach it; run `chmod 600` on it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::Folder;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "(secret) (secret)");
        assert_eq!(secret.scrub("bad key hunter2!"), "bad key (secret)!");
    }

    #[test]
    fn a_file_gives_its_line_and_tells_if_others_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("secret");
        let path = folder.write("key", "abc\r\n");
        let from = SecretRef::File(path.clone());
        assert_eq!(read_secret(&from).unwrap().reveal(), "abc");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(wide_open(&from).unwrap().contains("0640"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(wide_open(&from), None);
        let empty = SecretRef::File(folder.write("empty", "\n"));
        assert!(read_secret(&empty).unwrap_err().contains("is empty"));
        assert!(read_secret(&SecretRef::Env("UCCXRAY_NOT_SET".to_owned())).unwrap_err().contains("not set"));
    }
}
