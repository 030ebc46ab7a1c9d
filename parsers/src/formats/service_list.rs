//! `utils service list`, and the same facts in the words of Control Center.
//!
//! Source: Administration and Operations Guide 15.0, "Command Line Interface" (padded); observed: test fixtures
//! of third parties (not padded), and copies of pages that flatten the output to one line. The words of Control
//! Center: same guide, "Cisco Unified CCX Serviceability".
//!
//! ```text
//! Requesting service status, please wait...
//!   Cisco Tomcat                                 [STARTED]
//!   Cisco Unified CCX Cluster View Daemon        [STOPPED]  Service Not Activated
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while_m_n, take_while1};
use nom::character::complete::{alphanumeric1, char, space0};
use nom::combinator::{map_opt, opt, verify};
use nom::sequence::delimited;
use nom::{IResult, Parser};

use super::{Content, DocumentFormat, Passage, ciscolog};
use crate::event::{Says, ServiceState};
use crate::grammar;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-service-list",
    read,
    samples: &[
        "admin:utils service list\nRequesting service status, please wait...\n  System SSH                                   [STARTED]\n  Cluster Manager                              [STARTED]\n  Cisco Tomcat                                 [STARTED]\n  Cisco Unified CCX Cluster View Daemon        [STOPPED]  Commanded Out of Service\n  Cisco Unified CCX Engine                     [STARTING]\n  SNMP Master Agent                            [STOPPED]  Service Not Activated\nPrimary Node =true\nadmin:\n",
        "Requesting service status, please wait...\r\nCisco Tomcat[STARTED]\r\nCisco Unified CCX Cluster View Daemon[NOTRUNNING]\r\n",
        "admin:utils service list Requesting service status, please wait... Cluster Manager [STARTED] Cisco DRF Local [STOPPED] Service Not Activated Cisco Unified CCX Cluster View Daemon [STARTED] Primary Node =true",
        "Cisco Unified CCX Cluster View Daemon  PARTIAL SERVICE\nCisco Unified CCX Engine\tSHUT DOWN\n",
    ],
};

/// Longest name of a service, in bytes.
const NAME_MAX: usize = 80;

/// Reads the services of a text.
fn read(text: &str) -> Vec<Passage> {
    if !text.contains('[') && !text.contains("Cisco Unified CCX") {
        return Vec::new();
    }
    let mut passages = Vec::new();
    let mut n_services = 0_usize;
    // Anybody's log may print a word in brackets: Cisco's own names, or the command, must stand in the text.
    let mut is_list = false;
    let mut behind_list = false;
    for (start, line) in free_lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let items = items(line);
        let is_prompt = line.trim() == "admin:";
        if items.is_empty() || is_prompt && !behind_list {
            behind_list = false;
            continue;
        }
        behind_list = true;
        let line_end = line.trim_end().len();
        let last = items.len() - 1;
        for (index, (range, item)) in items.into_iter().enumerate() {
            let end = if index == last { line_end } else { range.end };
            let content = match item {
                Item::Service(service) => {
                    n_services += 1;
                    is_list |= is_cisco(service.name);
                    let (name, word) = (service.name.into(), service.word.into());
                    Content::Says(Says::Service { name, state: service.state, word })
                }
                Item::Command => {
                    is_list = true;
                    Content::Known
                }
                Item::Furniture => Content::Known,
            };
            passages.push(Passage { range: start + range.start..start + end, content });
        }
    }
    if is_list && n_services > 0 { passages } else { Vec::new() }
}

/// The physical lines of a text with their offsets, line breaks included.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line)
    })
}

/// The lines that no log record owns: a record runs to a blank line or to a prompt.
pub(super) fn free_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_record = false;
    lines(text).filter(move |(_, line)| {
        let line = line.trim();
        let code = has_code(line);
        if line.is_empty() || furniture(line).is_ok() || line.starts_with("admin:") && !code {
            in_record = false;
        } else if code || ciscolog::envelope(line).is_some() {
            in_record = true;
        }
        !in_record
    })
}

/// The items of an output that has one in each line; empty if none of them states anything. A prompt counts only
/// behind another item.
pub(super) fn line_items(text: &str, item: impl Fn(&str) -> IResult<&str, Content>) -> Vec<Passage> {
    let mut passages = Vec::new();
    let (mut inside, mut says) = (false, false);
    for (start, line) in free_lines(text) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let Ok((_, content)) = item(trimmed) else {
            inside = false;
            continue;
        };
        says |= matches!(content, Content::Says(_));
        if trimmed == "admin:" && !inside {
            continue;
        }
        inside = true;
        let from = start + line.len() - line.trim_start().len();
        passages.push(Passage { range: from..from + trimmed.len(), content });
    }
    if says { passages } else { Vec::new() }
}

/// True if the code of a log record stands anywhere in the text.
pub(super) fn has_code(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| text.get(at..).is_some_and(|from| grammar::code(from).is_ok()))
}

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
enum Item<'a> {
    Service(Service<'a>),
    /// The command or its first answer.
    Command,
    /// A separator, an empty prompt, the last line.
    Furniture,
}

/// A service and its state.
#[derive(Debug, PartialEq, Eq)]
struct Service<'a> {
    name: &'a str,
    state: ServiceState,
    word: &'a str,
}

/// The items of a line with their offsets; none if it holds something else in brackets.
fn items(line: &str) -> Vec<(std::ops::Range<usize>, Item<'_>)> {
    let mut items = Vec::new();
    let mut rest = line.trim();
    let front = line.len() - line.trim_start().len();
    let length = rest.len();
    while !rest.is_empty() {
        let start = front + length - rest.len();
        let Ok((behind, item)) = alt((furniture, service.map(Item::Service))).parse(rest) else { break };
        items.push((start..front + length - behind.len(), item));
        rest = behind.trim_start();
    }
    if rest.contains('[') {
        return Vec::new();
    }
    if items.is_empty()
        && let Some(service) = control_center(rest)
    {
        items.push((front..front + length, Item::Service(service)));
    }
    items
}

/// `furniture = command / banner / primary / pager / separator / prompt`
fn furniture(i: &str) -> IResult<&str, Item<'_>> {
    let prompt = || opt((tag("admin:"), space0));
    let command = (prompt(), tag("utils service list"), opt((space0, tag("page")))).map(|_| Item::Command);
    let banner =
        (tag_no_case("Requesting service status, please wait"), opt(tag("..."))).map(|_| Item::Command);
    let primary = (tag("Primary Node"), space0, char('='), space0, alphanumeric1).map(|_| Item::Furniture);
    let pager =
        (tag("Press <enter> for 1 line, <space> for one page, or <q> to quit")).map(|_| Item::Furniture);
    let separator = take_while_m_n(3, 500, |c| matches!(c, '-' | '=' | '_' | '*')).map(|_| Item::Furniture);
    let empty = verify(tag("admin:"), |_: &str| i.trim() == "admin:").map(|_| Item::Furniture);
    alt((command, banner, primary, pager, separator, empty)).parse(i)
}

/// `service = name *SP "[" state "]" [*SP reason]`
fn service(i: &str) -> IResult<&str, Service<'_>> {
    let (i, name) = verify(take_while1(is_name_char), |name: &str| is_name(name.trim())).parse(i)?;
    let (i, (word, state)) = delimited(char('['), state, char(']')).parse(i)?;
    let (i, reason) = opt((space0, reason)).parse(i)?;
    let state = match reason {
        Some((_, ServiceState::NotActivated)) if state == ServiceState::OutOfService => {
            ServiceState::NotActivated
        }
        _ => state,
    };
    Ok((i, Service { name: name.trim(), state, word }))
}

/// `state = 1*UPPER`, one of the words of the command line.
fn state(i: &str) -> IResult<&str, (&str, ServiceState)> {
    let word = take_while_m_n(2, 20, |c: char| c.is_ascii_uppercase() || matches!(c, ' ' | '_'));
    map_opt(word, |word: &str| {
        let state = match word.replace(['_', ' '], "").as_str() {
            "STARTED" | "RUNNING" | "INSERVICE" => ServiceState::InService,
            "STARTING" | "STOPPING" | "RESTARTING" => ServiceState::Changing,
            "STOPPED" | "NOTRUNNING" | "DOWN" | "FAILED" | "OUTOFSERVICE" => ServiceState::OutOfService,
            "NOTACTIVATED" | "DEACTIVATED" => ServiceState::NotActivated,
            _ => return None,
        };
        Some((word, state))
    })
    .parse(i)
}

/// `reason`: why a service does not run.
fn reason(i: &str) -> IResult<&str, ServiceState> {
    let by_hand = alt((tag_no_case("Service Not Activated"), tag_no_case("Commanded Out of Service")));
    let itself = alt((tag_no_case("Component is not running"), tag_no_case("Service Not Running")));
    alt((by_hand.map(|_| ServiceState::NotActivated), itself.map(|_| ServiceState::OutOfService))).parse(i)
}

/// The characters of names: letters, digits, blanks and a few signs; never a colon, as log records have.
fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '\t' | '-' | '_' | '.' | '/' | '(' | ')' | '&' | '+')
}

/// True for what may be the name of a service.
fn is_name(name: &str) -> bool {
    (3..=NAME_MAX).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && !name.contains('\t')
        && name.bytes().filter(u8::is_ascii_alphabetic).count() >= 3
}

/// True for names that only a Cisco appliance has.
fn is_cisco(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "A Cisco DB",
        "Cluster Manager",
        "Entropy Monitoring Daemon",
        "Host Resources Agent",
        "MIB2 Agent",
        "Name Service Cache",
        "SNMP Master Agent",
        "System Application Agent",
        "System SSH",
    ];
    name.starts_with("Cisco ") || NAMES.contains(&name)
}

/// `row = name 1*SP word`: a service of Unified CCX and Control Center's word for it, copied from the page.
fn control_center(line: &str) -> Option<Service<'_>> {
    const WORDS: [(&str, ServiceState); 10] = [
        ("IN SERVICE", ServiceState::InService),
        ("INSERVICE", ServiceState::InService),
        ("IN_SERVICE", ServiceState::InService),
        ("PARTIAL SERVICE", ServiceState::Partial),
        ("PARTIAL_SERVICE", ServiceState::Partial),
        ("SHUT DOWN", ServiceState::OutOfService),
        ("SHUTDOWN", ServiceState::OutOfService),
        ("OUT OF SERVICE", ServiceState::OutOfService),
        ("OUT_OF_SERVICE", ServiceState::OutOfService),
        ("NOT ACTIVATED", ServiceState::NotActivated),
    ];
    if !line.starts_with("Cisco Unified CCX") {
        return None;
    }
    // Copied tables have tabs, and columns behind the state.
    let mut columns = line.split('\t').map(str::trim).filter(|column| !column.is_empty());
    let (first, second) = (columns.next()?, columns.next());
    let (name, word, state) = WORDS.iter().find_map(|(word, state)| match second {
        Some(second) => second.eq_ignore_ascii_case(word).then_some((first, second, *state)),
        None => {
            let at = first.len().checked_sub(word.len())?;
            let (name, written) = first.split_at_checked(at)?;
            let name = name.strip_suffix([' ', ':', '|'])?.trim_end_matches([' ', ':', '|', '-']);
            // In a sentence only capitals are a state.
            (written == *word).then_some((name, written, *state))
        }
    })?;
    let capitals = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
    (is_name(name) && name.chars().all(is_name_char) && name.split_whitespace().all(capitals))
        .then_some(Service { name, state, word })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ServiceState::{Changing, InService, NotActivated, OutOfService, Partial};

    fn services(text: &str) -> Vec<(String, ServiceState)> {
        read(text)
            .into_iter()
            .filter_map(|passage| match passage.content {
                Content::Says(Says::Service { name, state, .. }) => Some((name.to_string(), state)),
                _ => None,
            })
            .collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, ServiceState)]) {
        let expected: Vec<_> = expected.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect();
        assert_eq!(services(text), expected);
    }

    const CVD: &str = "Cisco Unified CCX Cluster View Daemon";

    #[test]
    fn a_padded_list_is_read() {
        check(
            FORMAT.samples[0],
            &[
                ("System SSH", InService),
                ("Cluster Manager", InService),
                ("Cisco Tomcat", InService),
                (CVD, NotActivated),
                ("Cisco Unified CCX Engine", Changing),
                ("SNMP Master Agent", NotActivated),
            ],
        );
    }

    #[test]
    fn every_line_that_is_not_blank_is_covered() {
        for text in FORMAT.samples {
            let passages = read(text);
            for (start, line) in lines(text).filter(|(_, line)| !line.trim().is_empty()) {
                let bytes = start..start + line.trim_end().len();
                let mut covered =
                    passages.iter().filter(|p| p.range.start >= start && p.range.end <= bytes.end);
                assert_eq!(covered.next_back().map(|p| p.range.end), Some(bytes.end), "{line}");
            }
        }
    }

    #[test]
    fn a_list_without_padding_and_with_carriage_returns_is_read() {
        check(FORMAT.samples[1], &[("Cisco Tomcat", InService), (CVD, OutOfService)]);
    }

    #[test]
    fn a_list_flattened_to_one_line_is_read() {
        check(
            FORMAT.samples[2],
            &[("Cluster Manager", InService), ("Cisco DRF Local", NotActivated), (CVD, InService)],
        );
    }

    #[test]
    fn a_passage_covers_its_service_only() {
        let text = FORMAT.samples[2];
        let texts: Vec<_> = read(text).into_iter().map(|p| &text[p.range]).collect();
        assert!(texts.contains(&"Cisco DRF Local [STOPPED] Service Not Activated"), "{texts:?}");
    }

    #[test]
    fn the_words_of_control_center_are_read() {
        check(FORMAT.samples[3], &[(CVD, Partial), ("Cisco Unified CCX Engine", OutOfService)]);
        for (word, state) in [
            ("IN SERVICE", InService),
            ("INSERVICE", InService),
            ("IN_SERVICE", InService),
            ("OUT OF SERVICE", OutOfService),
            ("SHUTDOWN", OutOfService),
        ] {
            check(&format!("{CVD}   {word}\r\n"), &[(CVD, state)]);
            check(&format!("{CVD}\t{word}\tApr 02 10:30:05\n"), &[(CVD, state)]);
            check(&format!("  {CVD}: {word}"), &[(CVD, state)]);
        }
    }

    #[test]
    fn a_sentence_is_not_a_state() {
        check("Cisco Unified CCX Engine is IN SERVICE", &[]);
        check("Cisco Unified CCX Engine was out of service", &[]);
        check("Cisco Unified CCXIN SERVICE", &[]);
        check("The Cisco Unified CCX Engine  IN SERVICE", &[]);
    }

    #[test]
    fn a_log_record_is_never_a_service() {
        check("4711: Apr 02 10:30:05.123 IST %MCVD-NODE_MGR-7-UNK:Cisco Tomcat [STARTED]", &[]);
        check("Cisco Tomcat %MCVD-NODE_MGR-7-UNK: [STARTED]", &[]);
        check("Apr 02 10:30:05 uccxpub local7 6 Cisco: Cisco Tomcat [STARTED]", &[]);
        check("2026-04-02 10:30:05 INFO Cisco Tomcat [STARTED]", &[]);
    }

    #[test]
    fn the_continuation_of_a_log_record_is_never_a_service() {
        let record = "4711: Apr 02 10:30:05.123 IST %MCVD-NODE_MGR-7-UNK:services:\nCisco Tomcat[STARTED]\n";
        check(record, &[]);
        check(&format!("{record}\n{CVD}[STARTED]\n"), &[(CVD, InService)]);
        check(&format!("{record}admin:utils service list\n{CVD}[STARTED]\n"), &[(CVD, InService)]);
    }

    #[test]
    fn somebody_elses_list_needs_the_command() {
        check("Job Runner [STARTED]\nCache [STOPPED]\n", &[]);
        check("admin:utils service list\nJob Runner [STARTED]\n", &[("Job Runner", InService)]);
        assert!(read("admin:utils service list\n").is_empty());
    }

    #[test]
    fn other_brackets_are_not_states() {
        check("Cisco Tomcat [see below]\nCisco Tomcat []\nCisco Tomcat [STARTED", &[]);
        check("Cisco Tomcat [x] Cisco Foo [STARTED]", &[]);
        check("Cisco Tomcat [UNHEARD]", &[]);
        check("Cisco Tômcat [STARTED]", &[]);
        check(&format!("Cisco {} [STARTED]", "x".repeat(NAME_MAX)), &[]);
        check("[STARTED]\n:[STARTED]\n   [STARTED]", &[]);
    }

    #[test]
    fn a_tab_in_front_of_the_state_and_words_behind_it_do_no_harm() {
        check("Cisco Tomcat\t[STARTED]\tsince yesterday\n", &[("Cisco Tomcat", InService)]);
        check("Cisco Tomcat [STOPPED]  Component is not running\n", &[("Cisco Tomcat", OutOfService)]);
    }

    #[test]
    fn the_word_is_kept_as_printed() {
        let passages = read("Cisco Tomcat[NOTRUNNING]");
        assert!(
            matches!(&passages[0].content, Content::Says(Says::Service { word, .. }) if word.as_ref() == "NOTRUNNING")
        );
    }
}
