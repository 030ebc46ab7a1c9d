//! `utils dbreplication runtimestate`: the state of replication of each server.
//!
//! Source: Cisco tech notes on database replication; observed: test fixtures of third parties. The number in brackets
//! behind the group is the state: 2 is good.
//!
//! ```text
//! uccxpub   192.0.2.10  0.021  Y/Y/Y  0  (g_2)  (2) Setup Completed
//! ```

use std::sync::LazyLock;

use regex::Regex;

use super::sections::{self, Passages, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-dbreplication-runtimestate",
    read,
    samples: &[
        "admin:utils dbreplication runtimestate\n\nServer Time: Thu Apr  2 11:00:00 +0530 2026\n\nCluster Replication State: Only available on the PUB\n\nDB Version: ccm15_0_1_10000_24\nRepltimeout set to: 300s\n\nCluster Detailed View from uccxpub (2 Servers):\n\n                             PING     DB/RPC/   REPL.   Replication    REPLICATION SETUP\nSERVER-NAME   IP ADDRESS     (msec)   DbMon?    QUEUE   Group ID       (RTMT) & Details\n-----------   ------------   ------   -------   -----   -----------    ------------------\nuccxpub       192.0.2.10     0.021    Y/Y/Y     0       (g_2)          (2) Setup Completed\nuccxsub1      192.0.2.11     0.345    Y/Y/Y     0       (g_3)          (4) Setup Failed\nadmin:\n",
        "Cluster Detailed View from uccxpub (1 Servers):\r\nuccxpub 192.0.2.10 0.021 Y/Y/Y 0 (2) PUB Setup Completed\r\n",
        "admin:utils dbreplication runtimestate Cluster Detailed View from uccxpub (2 Servers): uccxpub 192.0.2.10 0.021 Y/Y/Y 0 (g_2) (2) Setup Completed uccxsub1 192.0.2.11 0.345 Y/Y/Y 0 (g_3) (3) DB Active-Failed",
    ],
};

/// What opens the table.
const HEADING: &str = "Cluster Detailed View";

/// A row: server, address, ping, flags, queue, group, state, words.
static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let row = r"(?P<name>[A-Za-z0-9._-]{1,64})\s+(?:[0-9]{1,3}\.){3}[0-9]{1,3}\s+[0-9.]+\s+\S+\s+\S+\s+(?:\(g_[0-9]+\)\s+)?\((?P<state>[0-9]{1,2})\)\s+(?P<text>(?:PUB )?(?:Setup Completed|[A-Z][A-Za-z-]*(?: [A-Z][A-Za-z-]*)?))";
    Regex::new(row).ok()
});

/// Reads the rows; empty if there is none.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    let Some(row) = ROW.as_ref().filter(|_| text.contains(HEADING)) else { return Vec::new() };
    for section in sections(text).iter().filter(|section| section.text.contains(HEADING)) {
        let mut any = false;
        for found in row.captures_iter(section.text) {
            let part = |name: &str| found.name(name).map(|it| it.as_str()).unwrap_or_default();
            let (Ok(state), Some(whole)) = (part("state").parse::<u32>(), found.get(0)) else { continue };
            let line = PlatformLine::Replication {
                server: part("name").into(),
                state,
                text: sections::kept(part("text")),
            };
            passages.platform(section.range(whole.as_str()), line);
            any = true;
        }
        if any {
            passages.known(section.from..section.start);
            passages.lines(section, section.text);
        }
    }
    passages.finish()
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, u32, &str)]) {
        let found: Vec<(String, u32, String)> = said(&FORMAT, text)
            .into_iter()
            .filter_map(|says| match says {
                Says::Platform(PlatformLine::Replication { server, state, text }) => {
                    Some((server.to_string(), state, text.to_string()))
                }
                _ => None,
            })
            .collect();
        let expected: Vec<(String, u32, String)> = expected
            .iter()
            .map(|(name, state, text)| ((*name).to_owned(), *state, (*text).to_owned()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn each_server_has_its_state() {
        check(FORMAT.samples[0], &[("uccxpub", 2, "Setup Completed"), ("uccxsub1", 4, "Setup Failed")]);
        check(FORMAT.samples[1], &[("uccxpub", 2, "PUB Setup Completed")]);
        check(FORMAT.samples[2], &[("uccxpub", 2, "Setup Completed"), ("uccxsub1", 3, "DB Active-Failed")]);
        check("uccxpub 192.0.2.10 0.021 Y/Y/Y 0 (2) Setup Completed", &[]);
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
        }
        check_broken(&FORMAT, FORMAT.samples[1]);
    }
}
