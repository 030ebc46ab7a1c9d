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

mod labels;

use labels::{Key, LABELS, Section, names};

use super::{Content, DocumentFormat, Passage, sections, service_list};
use crate::entitlements;
use crate::event::{LicenseLine, Says};
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
    /// Index of the passage of the proxy whose address or port may follow.
    proxy: Option<usize>,
}

impl Output {
    /// Reads a line, on which the whole output may stand.
    fn line(&mut self, start: usize, line: &str) {
        static NAMES: [&str; 72] = names();
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
            Key::Url(settings) => {
                let word = value.split_whitespace().next().unwrap_or_default();
                let url = signatures::transport_url(word).map(|(url, _)| url);
                let url = url.or(Some(word).filter(|word| word.starts_with("http") && word.len() <= 300));
                let content = match url.map(Into::into) {
                    Some(url) if settings || self.section == Some(Section::Transport) => {
                        Content::Says(Says::License(LicenseLine::Url { url }))
                    }
                    Some(url) => Content::Says(Says::TransportUrl { url }),
                    None => Content::Known,
                };
                (content, word.len())
            }
            Key::Transport | Key::Proxy | Key::ProxyAddress | Key::ProxyPort => {
                self.transport(key, from, at, value);
                return;
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

    /// Reads how CSSM is reached. Below the heading the labels are short ones that other sections have, too.
    fn transport(&mut self, key: Key, from: usize, at: usize, value: &str) {
        let below = self.section == Some(Section::Transport);
        let mut push = |line: LicenseLine, length: usize| {
            self.passages
                .push(Passage { range: from..at + length, content: Content::Says(Says::License(line)) });
        };
        let host = value.split_whitespace().next().unwrap_or_default();
        match key {
            Key::Transport if below && !value.is_empty() && value.len() <= 60 => {
                push(LicenseLine::Transport { name: value.into() }, value.len());
            }
            Key::Proxy | Key::ProxyAddress if below || key == Key::Proxy => {
                if let Some(length) = words::unset(value) {
                    push(LicenseLine::Proxy { host: None }, length);
                } else if host.len() <= 255 && sections::is_host(host) {
                    push(LicenseLine::Proxy { host: Some(host.into()) }, host.len());
                } else {
                    self.known(from, at);
                }
                // The address may stand below the heading, the port below the address.
                self.proxy = Some(self.passages.len() - 1);
            }
            Key::ProxyPort if below => {
                let port = host.parse::<u16>().ok().filter(|port| *port > 0);
                let proxy = self.proxy.take().and_then(|at| self.passages.get_mut(at));
                if let (Some(port), Some(passage)) = (port, proxy)
                    && let Content::Says(Says::License(LicenseLine::Proxy { host: Some(address) })) =
                        &mut passage.content
                {
                    *address = words::with_port(address, port);
                }
                self.known(from, at + host.len());
            }
            _ => self.known(from, at + value.len()),
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
        let blanks = text.len() - text.trim_start().len();
        if let Some(length) = words::unset(text.trim_start())
            && let Some(proxy) = self.proxy.take().and_then(|proxy| self.passages.get_mut(proxy))
            && proxy.content == Content::Known
        {
            proxy.range.end = start + blanks + length;
            proxy.content = Content::Says(Says::License(LicenseLine::Proxy { host: None }));
            at = blanks + length;
        }
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
    use super::super::sections::tests::check_covered;
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
                other => format!("{other:?}"),
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
    fn the_settings_of_the_transport_are_stated() {
        let head = "admin:show license tech support\nSmart Licensing is ENABLED\nTransport:\n";
        let url = "https://cssm.example.com/Transportgateway/services/DeviceRequestHandler";
        for (text, expected) in [
            (
                format!("  Type: Callhome\n  Registration URL: {url}\n"),
                ["Transport { name: \"Callhome\" }", "Url", ""],
            ),
            (
                format!("  Type: Smart Transport\n  Proxy:\n    Not Configured\n  URL: {url}\nadmin:\n"),
                ["Transport { name: \"Smart Transport\" }", "Proxy { host: None }", "Url"],
            ),
            (
                format!(
                    "  Type: Smart\n  URL: {url}\n  Proxy:\n    Address: proxy.example.com\n    Port: 8080\nadmin:\n"
                ),
                ["Transport { name: \"Smart\" }", "Url", "Proxy { host: Some(\"proxy.example.com:8080\") }"],
            ),
            (
                format!(
                    "  Transport Type: Smart\n  Transport URL: {url}\n  HTTP Proxy: 2001:db8::1\n  Port: 80\n"
                ),
                ["Transport { name: \"Smart\" }", "Url", "Proxy { host: Some(\"[2001:db8::1]:80\") }"],
            ),
        ] {
            let url = format!("Url {{ url: \"{url}\" }}");
            let expected: Vec<&str> = expected.into_iter().filter(|line| !line.is_empty()).collect();
            let expected: Vec<&str> =
                expected.into_iter().map(|line| if line == "Url" { &url } else { line }).collect();
            let text = format!("{head}{text}");
            check(&text, &expected);
            check(&text.split_whitespace().collect::<Vec<_>>().join(" "), &expected);
            check_covered(&FORMAT, &text);
        }
        check("Smart Licensing is ENABLED\nAddress: a\nPort: 80\nType: x\n", &[]);
        check(
            "Smart Licensing is ENABLED\nUtility:\nURL: https://a.example.com/x\n",
            &["url https://a.example.com/x"],
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
