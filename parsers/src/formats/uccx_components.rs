//! `show uccx components`: the components whose traces can be set.
//!
//! Source: Administration and Operations Guide 15.0, Command Line Interface.
//!
//! ```text
//! admin:show uccx components
//! UCCXEngine
//! UCCXCVD
//! ```

use super::sections::{self, Passages, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "show-uccx-components",
    read,
    samples: &[
        "admin:show uccx components\n\nUCCXEngine\nUCCXCVD\nUCCXEditor\nJTAPI_CLIENT\nUCCXAppAdmin\nadmin:\n",
        "admin:show uccx components UCCXEngine UCCXCVD",
    ],
};

/// The command.
const COMMAND: &str = "show uccx components";

/// Most components of one output.
const COMPONENTS_MAX: usize = 100;

/// Reads the components; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if !text.contains(COMMAND) {
        return Vec::new();
    }
    for section in sections(text) {
        let Some(behind) = section.behind(COMMAND).filter(|_| section.from < section.start) else { continue };
        passages.known(section.head(behind));
        let mut rest = behind;
        for _ in 0..COMPONENTS_MAX {
            let (name, after) = sections::word(rest);
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
                break;
            }
            passages.platform(section.range(name), PlatformLine::Component { name: name.into() });
            rest = after;
        }
        passages.known(section.closing.clone().unwrap_or_default());
    }
    passages.finish()
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, said};
    use super::*;

    #[test]
    fn each_component_is_named() {
        assert_eq!(said(&FORMAT, FORMAT.samples[0]).len(), 5);
        assert_eq!(said(&FORMAT, FORMAT.samples[1]).len(), 2);
        assert!(said(&FORMAT, "UCCXEngine\nUCCXCVD\n").is_empty());
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
