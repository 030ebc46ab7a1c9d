//! `show version active`: the version of the platform.
//!
//! Source: Cisco tech notes that print it (`Active Master Version: 9.1.2.10000-28`, `Active Version Installed Software
//! Options:`). That it is UCCX's own version on a UCCX node is inferred.
//!
//! ```text
//! Active Master Version: 12.5.1.11002-24
//! ```

use super::sections::{self, Passages, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "show-version-active",
    read,
    samples: &[
        "admin:show version active\nActive Master Version: 12.5.1.11002-24\nActive Version Installed Software Options:\nNo Installed Software Options Found.\nadmin:\n",
        "Active Master Version: 15.0.1.10000-24\r\nActive Version Installed Software Options:\r\nciscouccx.1250.ES01.cop.sgn\r\n",
        "admin:show version active Active Master Version: 12.5.1.11002-24 Active Version Installed Software Options:",
    ],
};

/// The label of the version.
const LABEL: &str = "Active Master Version:";

/// Reads the version; empty if it is not stated.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if !text.contains(LABEL) {
        return Vec::new();
    }
    for section in sections(text) {
        let Some(at) = section.text.find(LABEL) else { continue };
        // Another text may quote it.
        let before = section.text.get(..at).unwrap_or_default().trim();
        let opens = before.is_empty() || sections::behind(before, "show version").is_some();
        let rest = section.text.get(at..).unwrap_or_default();
        let (version, behind) = sections::word(rest.get(LABEL.len()..).unwrap_or_default());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_version = version.len() <= 40
            && version.starts_with(|c: char| c.is_ascii_digit())
            && version.contains('.')
            && version.chars().all(fits);
        if !opens || !is_version {
            continue;
        }
        let length = rest.len() - behind.len();
        let stated = rest.get(..length).unwrap_or(rest);
        passages.platform(section.range(stated), PlatformLine::MasterVersion { active: version.into() });
        passages.known(section.from..section.start);
        // The options follow; a blank line ends them.
        let end = behind.find("\n\n").or(behind.find("\r\n\r\n")).unwrap_or(behind.len());
        passages
            .lines(&section, section.text.get(..section.text.len() - behind.len() + end).unwrap_or_default());
    }
    passages.finish()
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = said(&FORMAT, text).into_iter().find_map(|says| match says {
            Says::Platform(PlatformLine::MasterVersion { active }) => Some(active.to_string()),
            _ => None,
        });
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn the_version_is_stated_and_other_words_are_not() {
        check(FORMAT.samples[0], Some("12.5.1.11002-24"));
        check(FORMAT.samples[1], Some("15.0.1.10000-24"));
        check(FORMAT.samples[2], Some("12.5.1.11002-24"));
        check("Active Master Version: soon", None);
        check("he said Active Master Version: 12.5.1", None);
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
