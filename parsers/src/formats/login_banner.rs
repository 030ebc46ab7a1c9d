//! What the command line prints at login: the machine, and whether its DNS servers answer.
//!
//! Source: Cisco tech note 217581 (`WARNING: DNS unreachable` below the machine's memory).
//!
//! ```text
//! VMware Installation:
//!         2 vCPU: Intel(R) Xeon(R) CPU
//!         WARNING: DNS unreachable
//! ```

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "login-banner",
    read,
    samples: &[
        "Command Line Interface is starting up, please wait ...\n\n   Welcome to the Platform Command Line Interface\n\nVMware Installation:\n        2 vCPU: Intel(R) Xeon(R) CPU E5-2643 0 @ 3.30GHz\n        Disk 1: 80GB, Partitions aligned\n        4096 Mbytes RAM\n        WARNING: DNS unreachable\n\nadmin:\n",
        "WARNING: DNS unreachable\r\n",
        "Welcome to the Platform Command Line Interface\n\nVMware Installation:\n\t4 vCPU: Intel(R) Xeon(R) CPU\n\tDisk 1: 110GB, Partitions aligned\n\t8192 Mbytes RAM\n",
    ],
};

/// The warning.
const WARNING: &str = "WARNING: DNS unreachable";
/// What only this banner says.
const WELCOME: &str = "Welcome to the Platform Command Line Interface";

/// Reads the banner; without the warning it is known, and says nothing.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains(WARNING) || text.contains(WELCOME) {
        for section in sections(text) {
            banner(&section, &mut passages);
        }
    }
    passages.all()
}

/// The banner in front of the first prompt; nothing behind a command is one.
fn banner(section: &Section<'_>, passages: &mut Passages) {
    const HEADS: [&str; 3] =
        ["Command Line Interface is starting up", "Welcome to the Platform", "VMware Installation"];
    if section.from < section.start {
        return;
    }
    let welcome = section.text.contains(WELCOME);
    for (at, _) in section.text.match_indices(WARNING) {
        // In a sentence it is a quotation.
        let before = section.text.get(..at).unwrap_or_default();
        let begins =
            before.trim_end_matches([' ', '\t']).ends_with(['\n', '\r']) || before.trim_end().is_empty();
        let behind = section.text.get(at + WARNING.len()..).unwrap_or_default();
        let ends = sections::line(behind).0.trim().is_empty();
        if begins && ends || welcome {
            let from = section.start + at;
            passages.platform(from..from + WARNING.len(), PlatformLine::DnsUnreachable);
        }
    }
    if !welcome && !passages.is_statement() {
        return;
    }
    for line in section.text.lines().map(str::trim) {
        let machine = line.ends_with("Mbytes RAM") || line.contains("vCPU:") || line.contains("Partitions ");
        if line.len() <= 200 && machine || HEADS.iter().any(|head| line.starts_with(head)) {
            passages.known(section.range(line));
        }
    }
    passages.known(section.closing.clone().unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, warns: bool) {
        let expected = if warns { vec![Says::Platform(PlatformLine::DnsUnreachable)] } else { vec![] };
        assert_eq!(said(&FORMAT, text), expected, "{text}");
    }

    #[test]
    fn the_warning_is_stated() {
        check(FORMAT.samples[0], true);
        check(&flat(FORMAT.samples[0]), true);
        check(FORMAT.samples[1], true);
    }

    #[test]
    fn a_banner_without_it_is_known_and_says_nothing() {
        check(FORMAT.samples[2], false);
        check_covered(&FORMAT, &flat(FORMAT.samples[2]));
    }

    #[test]
    fn quotations_say_nothing() {
        check("look for WARNING: DNS unreachable at login\n", false);
        check("WARNING: DNS unreachable means that no server answers\n", false);
        check("7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nWARNING: DNS unreachable\n", false);
    }

    #[test]
    fn every_line_is_covered_and_no_cut_does_harm() {
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
