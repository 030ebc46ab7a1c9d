//! `utils network ping HOST`: whether a host answers a ping. That it does not proves little: firewalls drop pings.
//!
//! Source: Cisco 217581 (`From 192.0.2.10 icmp_seq=2 Destination Host Unreachable`); the other lines are those of ping(8).
//!
//! ```text
//! 64 bytes from 192.0.2.40: icmp_seq=1 ttl=64 time=0.040 ms
//! ```

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-network-ping",
    read,
    samples: &[
        "admin:utils network ping cssm.example.com\nPING cssm.example.com (192.0.2.40) 56(84) bytes of data.\n64 bytes from 192.0.2.40: icmp_seq=1 ttl=64 time=0.040 ms\n\n--- cssm.example.com ping statistics ---\n4 packets transmitted, 4 received, 0% packet loss, time 3000ms\nadmin:\n",
        "admin:utils network ping 192.0.2.40\r\nPING 192.0.2.40 (192.0.2.40) 56(84) bytes of data.\r\nFrom 192.0.2.10 icmp_seq=2 Destination Host Unreachable\r\n",
        "admin:utils network ping cssm.example.com ping: unknown host cssm.example.com",
    ],
};

/// The command.
const COMMAND: &str = "utils network ping";

/// Words that say it was answered, and words that say it was not, the sure ones first.
const ANSWERED: [&str; 2] = ["bytes from", ", 0% packet loss"];
const NOT_ANSWERED: [&str; 5] = [
    "destination host unreachable",
    "100% packet loss",
    "unknown host",
    "name or service not known",
    "network is unreachable",
];

/// Reads the results; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains(COMMAND) {
        for section in sections(text) {
            ping(&section, &mut passages);
        }
    }
    passages.finish()
}

fn ping(section: &Section<'_>, passages: &mut Passages) {
    let Some(behind) = section.behind(COMMAND).filter(|_| section.from < section.start) else { return };
    let (host, rest) = sections::word(behind);
    if !sections::is_host(host) {
        return;
    }
    let lower = rest.to_ascii_lowercase();
    let find = |words: &[&'static str]| words.iter().copied().find(|word| lower.contains(word));
    let (answered, word) = match (find(&ANSWERED), find(&NOT_ANSWERED)) {
        (Some(word), _) => (true, word),
        (None, Some(word)) => (false, word),
        (None, None) => return,
    };
    let line = PlatformLine::Ping { host: host.into(), answered, word: word.trim_start_matches(", ").into() };
    passages.platform(section.head(rest), line);
    passages.lines(section, rest);
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, bool)>) {
        let found = said(&FORMAT, text).into_iter().find_map(|says| match says {
            Says::Platform(PlatformLine::Ping { host, answered, .. }) => Some((host.to_string(), answered)),
            _ => None,
        });
        assert_eq!(found, expected.map(|(host, answered)| (host.to_owned(), answered)), "{text}");
    }

    #[test]
    fn an_answer_is_told_from_none() {
        check(FORMAT.samples[0], Some(("cssm.example.com", true)));
        check(FORMAT.samples[1], Some(("192.0.2.40", false)));
        check(FORMAT.samples[2], Some(("cssm.example.com", false)));
        check("admin:utils network ping cssm.example.com\nadmin:", None);
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
