//! `show license all`, `status`, `summary` and `usage` of the VOS family: the state, its dates, the entitlements.
//!
//! Source: Cisco tech note 212915 (`show license all` of Unified CM); Expressway tech note 221017 (dates with the year
//! in front of the time); Smart Licensing command references (`summary`, `usage`, the words of other states). UCCX
//! documents no such command: the output is read where one is pasted.
//!
//! ```text
//! Registration:
//!   Status: REGISTERED
//!   Initial Registration: SUCCEEDED on Jan 26 15:11:23 2018 IST
//! License Authorization:
//!   Status: AUTHORIZED on Jan 26 15:12:59 2018 IST
//! ```

use super::{Content, DocumentFormat, Passage, service_list};
use crate::entitlements;
use crate::event::{LicenseLine, LicenseTime, Says};
use crate::license_words::{self as words, Labelled};
use crate::signatures;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "show-license",
    read,
    samples: &[
        "admin:show license all\n\nSmart Licensing Status\n=======================\nSmart Licensing is ENABLED\n\nRegistration:\n  Status: REGISTERED\n  Smart Account: Example\n  Virtual Account: Voice\n  Export-Controlled Functionality: Allowed\n  Initial Registration: SUCCEEDED on Jan 26 15:11:23 2018 IST\n  Last Renewal Attempt: None\n  Next Renewal Attempt: Jul 25 15:11:23 2018 IST\n  Registration Expires: Jan 26 15:06:21 2019 IST\n\nLicense Authorization:\n  Status: OUT OF COMPLIANCE on Jan 26 15:12:59 2018 IST\n  Last Communication Attempt: SUCCEEDED on Jan 26 15:12:59 2018 IST\n  Next Communication Attempt: Feb 25 15:12:59 2018 IST\n  Communication Deadline: Apr 26 15:06:59 2018 IST\n\nEvaluation Period:\n  Evaluation Mode: Not In Use\n  EVALUATION PERIOD EXPIRED on Nov 9 23:46:35 2017 IST\n\nLicense Usage\n=============\nLicense Authorization Status: OUT OF COMPLIANCE as of Jan 26 15:12:59 2018 IST\n\nCCX Flex Premium Seat 12.5 (regid.2019-06.com.cisco.CCX_FLEX_PREMIUM,12.5_0ecc396f-9a80-4b7b-a4c1-35011a2bc68f)\n  Description: CCX Flex Premium Seat\n  Count: 130\n  Version: 12.5\n  Status: OutOfCompliance\n\nProduct Information\n===================\nUDI: PID:UCCX,SN:53ecfccbfe23\n\nAgent Version\n=============\nSmart Agent for Licensing: 1.3.4\nadmin:\n",
        "Smart Licensing is ENABLED\r\n\r\nRegistration:\r\n  Status: UNREGISTERED\r\n  Export-Controlled Functionality: Not Allowed\r\n\r\nLicense Authorization:\r\n  Status: EVAL MODE\r\n  Evaluation Period Remaining: 68 days, 21 hr, 12 min, 45 sec\r\n",
        "admin:show license summary Smart Licensing is ENABLED Registration: Status: REGISTERED Smart Account: Example Virtual Account: Voice Last Renewal Attempt: FAILED on Feb 04 2020 14:20:18 UTC Next Renewal Attempt: Aug 02 2020 14:20:18 UTC License Authorization: Status: AUTHORIZED on Feb 04 14:20:18 2020 UTC Last Communication Attempt: SUCCEEDED Next Communication Attempt: Mar 05 14:20:18 2020 UTC License Usage: License Entitlement tag Count Status ----------------------------------------- CCX Flex Standard Seat (regid.2019-06.com.cisco.CCX_FLEX_STD,12.5_be49ea3c-8224-4a1c-b3cc-f98b7c63de3b) 40 InCompliance CCX Flex Premium Seat (regid.2019-06.com.cisco.CCX_FLEX_PREMIUM,12.5_0ecc396f-9a80-4b7b-a4c1-35011a2bc68f) 9 InCompliance",
    ],
};

/// The part of the output that a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Registration,
    Authorization,
    Other,
}

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// The command, or what only this output says: it begins here.
    Opening,
    /// The heading of a section; it opens the output where `Section` is not `Other`.
    Heading(Section),
    /// `Status`: of what, the section says.
    Status,
    /// `License Authorization Status`, of `show license usage`.
    AuthorizationStatus,
    Time(LicenseTime),
    EvaluationLeft,
    Url,
    Count,
    /// Of no interest here.
    Other,
    /// An empty prompt, or a command: the output ends.
    Prompt,
    /// The label of another page: its line is none of this output.
    Foreign,
}

/// The labels, what they mean, and whether a colon must follow.
const LABELS: [(&str, Key, bool); 57] = [
    ("show license all", Key::Opening, false),
    ("show license status", Key::Opening, false),
    ("show license summary", Key::Opening, false),
    ("show license usage", Key::Opening, false),
    ("Smart Licensing Status", Key::Opening, false),
    ("Smart Licensing is ENABLED", Key::Opening, false),
    ("Smart Licensing is DISABLED", Key::Opening, false),
    ("Registration", Key::Heading(Section::Registration), true),
    ("License Authorization", Key::Heading(Section::Authorization), true),
    ("Evaluation Period", Key::Heading(Section::Other), true),
    ("License Usage", Key::Heading(Section::Other), false),
    ("Product Information", Key::Heading(Section::Other), false),
    ("Agent Version", Key::Heading(Section::Other), false),
    ("Utility", Key::Heading(Section::Other), true),
    ("Transport", Key::Heading(Section::Other), true),
    ("Data Privacy", Key::Heading(Section::Other), true),
    ("License Conversion", Key::Heading(Section::Other), true),
    ("Smart License Conversion", Key::Heading(Section::Other), true),
    ("License Reservation", Key::Heading(Section::Other), true),
    ("Export Authorization Key", Key::Heading(Section::Other), true),
    ("License Authorization Status", Key::AuthorizationStatus, true),
    ("Registration Status", Key::Foreign, false),
    ("Status", Key::Status, true),
    ("Initial Registration", Key::Time(LicenseTime::InitialRegistration), true),
    ("Last Renewal Attempt", Key::Time(LicenseTime::LastRenewal), true),
    ("Next Renewal Attempt", Key::Time(LicenseTime::NextRenewal), true),
    ("Registration Expires", Key::Time(LicenseTime::RegistrationExpires), true),
    ("Last Communication Attempt", Key::Time(LicenseTime::LastCommunication), true),
    ("Next Communication Attempt", Key::Time(LicenseTime::NextCommunication), true),
    ("Communication Deadline", Key::Time(LicenseTime::CommunicationDeadline), true),
    ("EVALUATION PERIOD EXPIRED on", Key::Time(LicenseTime::EvaluationExpired), false),
    ("Evaluation Period Expired on", Key::Time(LicenseTime::EvaluationExpired), false),
    ("Evaluation Period Remaining", Key::EvaluationLeft, true),
    ("Transport URL", Key::Url, true),
    ("Registration URL", Key::Url, true),
    ("URL", Key::Url, true),
    ("Count", Key::Count, true),
    ("Description", Key::Other, true),
    ("Version", Key::Other, true),
    ("Evaluation Mode", Key::Other, true),
    ("Smart Account", Key::Other, true),
    ("Virtual Account", Key::Other, true),
    ("Product Instance Name", Key::Other, true),
    ("Export-Controlled Functionality", Key::Other, true),
    ("Failure reason", Key::Other, true),
    ("Failure Reason", Key::Other, true),
    ("Export status", Key::Other, true),
    ("License type", Key::Other, true),
    ("Enforcement type", Key::Other, true),
    ("Feature Name", Key::Other, true),
    ("Feature Description", Key::Other, true),
    ("Type", Key::Other, true),
    ("UDI", Key::Other, true),
    ("Smart Agent for Licensing", Key::Other, true),
    ("Features Authorized", Key::Other, true),
    ("Sending Hostname", Key::Other, true),
    ("admin", Key::Prompt, true),
];

/// Reads the output; empty if it states nothing.
fn read(text: &str) -> Vec<Passage> {
    const SIGNS: [&str; 4] = ["Smart Licensing", "License Authorization", "show license", "Registration:"];
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return Vec::new();
    }
    let mut output = Output::default();
    for (start, line) in service_list::free_lines(text) {
        output.line(start, line.trim_end());
    }
    let says = |passage: &Passage| matches!(passage.content, Content::Says(_));
    if output.passages.iter().any(says) { output.passages } else { Vec::new() }
}

/// What was read so far.
#[derive(Default)]
struct Output {
    passages: Vec<Passage>,
    /// True within an output.
    inside: bool,
    section: Option<Section>,
    /// Index of the passage of the entitlement whose details follow.
    entitlement: Option<usize>,
}

impl Output {
    /// Reads a line, on which the whole output may stand.
    fn line(&mut self, start: usize, line: &str) {
        static NAMES: [&str; 57] = names();
        let labels =
            words::labelled(line, &NAMES, |label| LABELS.get(label).is_none_or(|(_, _, colon)| *colon));
        let front = labels.first().map_or(line.len(), |first| first.start);
        if self.inside {
            let before = line.get(..front).unwrap_or_default();
            if !before.trim().is_empty() {
                self.plain(start, before);
            }
        }
        for Labelled { label, start: from, value } in labels {
            let Some((_, key, _)) = LABELS.get(label) else { continue };
            if *key == Key::Foreign {
                self.inside = false;
                return;
            }
            let text = line.get(value.clone()).unwrap_or_default();
            self.item(*key, start + from, start + value.start, text, from == front && front == indent(line));
        }
    }

    /// Reads a label at `from` with its value at `at`.
    fn item(&mut self, key: Key, from: usize, at: usize, value: &str, first: bool) {
        let opens = match key {
            Key::Opening => true,
            Key::Heading(section) => first && section != Section::Other,
            // The License Management page writes states in small letters.
            Key::AuthorizationStatus => is_capital(value),
            _ => false,
        };
        self.inside |= opens;
        if !self.inside {
            return;
        }
        if matches!(key, Key::Heading(_) | Key::AuthorizationStatus | Key::Opening) {
            self.entitlement = None;
        }
        // Offset behind what was understood of the value.
        let (content, length) = match key {
            Key::Prompt => {
                // `admin:show license …` goes on.
                if value.is_empty() {
                    self.known(from, at);
                }
                self.inside = false;
                self.entitlement = None;
                return;
            }
            Key::Opening => (Content::Known, rule(value)),
            Key::Heading(section) => {
                self.section = Some(section);
                (Content::Known, rule(value))
            }
            Key::Count if self.entitlement.is_some() => {
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                let count = value.get(..digits).and_then(|digits| digits.parse().ok());
                self.detail(at + digits, |line| {
                    if let LicenseLine::Entitlement { count: known, .. } = line {
                        *known = count;
                    }
                });
                return;
            }
            Key::Status if self.entitlement.is_some() => {
                let word = words::entitlement_status(value);
                self.detail(at + word.len(), |line| {
                    if let LicenseLine::Entitlement { status, .. } = line {
                        *status = Some(word.into()).filter(|_| !word.is_empty());
                    }
                });
                self.entitlement = None;
                self.plain(at + word.len(), value.get(word.len()..).unwrap_or_default());
                return;
            }
            Key::Status | Key::AuthorizationStatus => match self.status(key, value) {
                Some((content, length)) => (content, length),
                None => return,
            },
            Key::Time(what) => match words::dated(value) {
                Some((at, succeeded, length)) => {
                    (Content::Says(Says::License(LicenseLine::Time { what, at, succeeded })), length)
                }
                None => return,
            },
            Key::EvaluationLeft => match words::left(value) {
                Some((left, length)) => {
                    (Content::Says(Says::License(LicenseLine::EvaluationLeft { left })), length)
                }
                None => return,
            },
            Key::Url => {
                let word = value.split_whitespace().next().unwrap_or_default();
                let url = signatures::transport_url(word).map(|(url, _)| url);
                match url.or(Some(word).filter(|word| word.starts_with("http") && word.len() <= 300)) {
                    Some(url) => (Content::Says(Says::TransportUrl { url: url.into() }), word.len()),
                    None => (Content::Known, word.len()),
                }
            }
            Key::Count | Key::Other => {
                let length = value.find("(regid.").map_or(value.len(), |_| 0);
                if self.entitlement.is_some() && length > 0 {
                    self.detail(at + length, |_| ());
                    return;
                }
                (Content::Known, length)
            }
            Key::Foreign => return,
        };
        self.passages.push(Passage { range: from..at + length, content });
        let rest = value.get(length..).unwrap_or_default();
        if !rest.trim().is_empty() {
            self.plain(at + length, rest);
        }
    }

    /// The state that a `Status` prints, and how much of the value is understood.
    fn status(&self, key: Key, value: &str) -> Option<(Content, usize)> {
        if key == Key::Status && !matches!(self.section, Some(Section::Registration | Section::Authorization))
        {
            // Of the utility, of the reservation.
            return Some((Content::Known, value.len()));
        }
        if !is_capital(value) {
            return None;
        }
        let cut = [" on ", " as of ", " ("]
            .iter()
            .filter_map(|word| value.find(word).map(|at| (at, word.len())))
            .min();
        let (word, behind) = match cut {
            Some((at, length)) => (value.get(..at)?, at + length),
            None => (value, value.len()),
        };
        let rest = value.get(behind..)?;
        let (at, length) = match words::stamp(rest) {
            Ok((left, stamp)) => {
                let left = left.strip_prefix(')').unwrap_or(left);
                (Some(stamp), value.len() - left.len())
            }
            // The name of an entitlement follows on the same line.
            Err(_) => (None, word.len()),
        };
        let word = word.trim();
        let line = if key == Key::Status && self.section == Some(Section::Registration) {
            LicenseLine::Registration { state: words::registration(word)?, at, word: word.into() }
        } else {
            LicenseLine::Authorization { state: words::authorization(word)?, at, word: word.into() }
        };
        Some((Content::Says(Says::License(line)), length))
    }

    /// Text without a label: rules, the names of entitlements, rows of the table of usage.
    fn plain(&mut self, start: usize, text: &str) {
        let mut at = 0;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            at += rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            let ruled = rule(rest);
            let heading = table_heading(rest.get(ruled..).unwrap_or_default());
            if ruled + heading > 0 {
                let length = ruled + heading;
                self.known(start + at, start + at + length);
                at += length;
                continue;
            }
            let Some((line, length)) = entitlement(rest) else { break };
            let is_row = matches!(line, LicenseLine::Entitlement { count: Some(_), .. });
            self.entitlement = Some(self.passages.len()).filter(|_| !is_row);
            let range = start + at..start + at + length;
            self.passages.push(Passage { range, content: Content::Says(Says::License(line)) });
            at += length;
        }
    }

    /// Adds a detail of the open entitlement, whose passage then reaches to `end`.
    fn detail(&mut self, end: usize, set: impl FnOnce(&mut LicenseLine)) {
        if let Some(passage) = self.entitlement.and_then(|at| self.passages.get_mut(at)) {
            passage.range.end = passage.range.end.max(end);
            if let Content::Says(Says::License(line)) = &mut passage.content {
                set(line);
            }
        }
    }

    fn known(&mut self, from: usize, to: usize) {
        self.passages.push(Passage { range: from..to, content: Content::Known });
    }
}

/// The labels alone.
const fn names() -> [&'static str; 57] {
    let mut names = [""; 57];
    let mut at = 0;
    while at < 57 {
        #[expect(clippy::indexing_slicing, reason = "a constant is computed when it is compiled")]
        {
            names[at] = LABELS[at].0;
        }
        at += 1;
    }
    names
}

/// Bytes of blanks at the beginning of a line.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// True for a text that begins with a word in capitals, as the command line prints states.
fn is_capital(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '-')
}

/// Bytes of a line of `=` or `-` at the beginning of a text.
fn rule(text: &str) -> usize {
    let signs = text.bytes().take_while(|byte| matches!(byte, b'=' | b'-')).count();
    if signs >= 3 { signs } else { 0 }
}

/// Bytes of the heading of the table of usage at the beginning of a text.
fn table_heading(text: &str) -> usize {
    let mut rest = text;
    for word in ["License", "Entitlement", "tag", "Count", "Status"] {
        let next = rest.trim_start();
        match next.get(..word.len()) {
            Some(head) if head.eq_ignore_ascii_case(word) => {
                rest = next.get(word.len()..).unwrap_or_default()
            }
            _ if word == "tag" => {}
            _ => return 0,
        }
    }
    text.len() - rest.len()
}

/// `entitlement = name SP "(" tag ")" [SP count SP status]`, and its length.
fn entitlement(text: &str) -> Option<(LicenseLine, usize)> {
    let at = text.find("regid.")?;
    let name = text.get(..at)?.trim().trim_end_matches('(').trim();
    // A name stands on the line of its tag, and is no paragraph.
    if name.len() > 200 {
        return None;
    }
    let behind = text.get(at..)?;
    let end = behind.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(behind.len());
    let tag = behind.get(..end)?;
    let mut length = at + end;
    let behind = behind.get(end..)?;
    let row = behind.strip_prefix(')').unwrap_or(behind);
    length += behind.len() - row.len();
    let by_tag = entitlements::name(tag);
    let entitlement =
        if by_tag.starts_with("REGID") && !name.is_empty() { entitlements::name(name) } else { by_tag };
    let name = if name.is_empty() { tag } else { name };
    let count = row.split_whitespace().next().filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
    let mut status = None;
    if let Some(count) = count {
        let from = row.find(count)? + count.len();
        let rest = row.get(from..)?;
        let word = words::entitlement_status(rest.trim_start());
        length += from;
        if !word.is_empty() {
            status = Some(word.into());
            length += rest.len() - rest.trim_start().len() + word.len();
        }
    }
    let count = count.and_then(|count| count.parse().ok());
    Some((LicenseLine::Entitlement { entitlement, name: name.into(), count, status }, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Stamp;

    /// What an output says, a line each.
    fn said(text: &str) -> Vec<String> {
        let stamp = |at: &Option<Stamp>| at.map_or("-".to_owned(), |at| at.written().replace(".000", ""));
        let lines = read(text).into_iter().filter_map(|passage| match passage.content {
            Content::Says(Says::License(line)) => Some(match line {
                LicenseLine::Registration { state, at, .. } => format!("registration {state} {}", stamp(&at)),
                LicenseLine::Authorization { state, at, .. } => {
                    format!("authorization {state} {}", stamp(&at))
                }
                LicenseLine::Time { what, at, succeeded } => format!("{what:?} {} {succeeded:?}", stamp(&at)),
                LicenseLine::EvaluationLeft { left } => format!("left {}", left.num_seconds()),
                LicenseLine::Entitlement { entitlement, name, count, status } => {
                    format!("{entitlement} {name} {count:?} {}", status.as_deref().unwrap_or("-"))
                }
                LicenseLine::LicenseType { name } => format!("type {name}"),
            }),
            Content::Says(Says::TransportUrl { url }) => Some(format!("url {url}")),
            _ => None,
        });
        lines.collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(said(text), expected, "{text}");
    }

    const ALL: &[&str] = &[
        "registration registered -",
        "InitialRegistration Jan 26 2018 15:11:23 IST Some(true)",
        "LastRenewal - None",
        "NextRenewal Jul 25 2018 15:11:23 IST None",
        "RegistrationExpires Jan 26 2019 15:06:21 IST None",
        "authorization out_of_compliance Jan 26 2018 15:12:59 IST",
        "LastCommunication Jan 26 2018 15:12:59 IST Some(true)",
        "NextCommunication Feb 25 2018 15:12:59 IST None",
        "CommunicationDeadline Apr 26 2018 15:06:59 IST None",
        "EvaluationExpired Nov 09 2017 23:46:35 IST None",
        "authorization out_of_compliance Jan 26 2018 15:12:59 IST",
        "PREMIUM CCX Flex Premium Seat 12.5 Some(130) OutOfCompliance",
    ];

    #[test]
    fn all_of_it_is_read_and_nothing_is_left() {
        check(FORMAT.samples[0], ALL);
        let passages = read(FORMAT.samples[0]);
        for (start, line) in
            service_list::lines(FORMAT.samples[0]).filter(|(_, line)| !line.trim().is_empty())
        {
            let covered = |p: &Passage| p.range.start <= start + line.len() && start < p.range.end;
            assert!(passages.iter().any(covered), "{line}");
        }
    }

    #[test]
    fn an_output_flattened_to_one_line_says_the_same() {
        let flat = FORMAT.samples[0].split_whitespace().collect::<Vec<_>>().join(" ");
        check(&flat, ALL);
        check(&FORMAT.samples[0].replace('\n', "\r\n"), ALL);
    }

    #[test]
    fn evaluation_has_time_left() {
        check(
            FORMAT.samples[1],
            &["registration unregistered -", "authorization evaluation -", "left 5951565"],
        );
    }

    #[test]
    fn a_summary_has_a_table() {
        check(
            FORMAT.samples[2],
            &[
                "registration registered -",
                "LastRenewal Feb 04 2020 14:20:18 UTC Some(false)",
                "NextRenewal Aug 02 2020 14:20:18 UTC None",
                "authorization in_compliance Feb 04 2020 14:20:18 UTC",
                "LastCommunication - Some(true)",
                "NextCommunication Mar 05 2020 14:20:18 UTC None",
                "STANDARD CCX Flex Standard Seat Some(40) InCompliance",
                "PREMIUM CCX Flex Premium Seat Some(9) InCompliance",
            ],
        );
        check(
            "admin:show license usage\nLicense Authorization Status: AUTHORIZED as of Jan 26 15:12:59 2018 IST\nLicense                Entitlement Tag      Count   Status\n-----------\nUC Manager Basic (regid.2016-07.com.cisco.UCM_Basic,12.0_x)   5   Out Of Compliance\n",
            &[
                "authorization in_compliance Jan 26 2018 15:12:59 IST",
                "UC_MANAGER_BASIC UC Manager Basic Some(5) Out Of Compliance",
            ],
        );
    }

    #[test]
    fn a_transport_url_is_stated() {
        check(
            "Smart Licensing is ENABLED\nTransport:\n  Type: Callhome\n  Registration URL: https://cssm.example.com/Transportgateway/services/DeviceRequestHandler\n",
            &["url https://cssm.example.com/Transportgateway/services/DeviceRequestHandler"],
        );
    }

    #[test]
    fn a_state_that_is_not_known_is_unread() {
        let text = "Registration:\n  Status: REGISTERED\nLicense Authorization:\n  Status: PENDING\n";
        let passages = read(text);
        assert!(passages.iter().all(|passage| !text[passage.range.clone()].contains("PENDING")));
        check(text, &["registration registered -"]);
    }

    #[test]
    fn other_texts_with_the_same_words_say_nothing() {
        for text in [
            "Status: REGISTERED\n",
            "Registration:\n  Status: registered\n",
            "Registration Status: Registered\nLicense Authorization Status: Authorized\n",
            "SIP Registration: Status: REGISTERED\n",
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nRegistration:\nStatus: REGISTERED\n",
            "admin:show license all\nadmin:utils ntp status\nStatus: REGISTERED",
        ] {
            check(text, &[]);
        }
    }
}
