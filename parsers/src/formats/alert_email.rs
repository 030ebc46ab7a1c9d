//! The text of an RTMT alert: a mail, or the same words pasted from a console.
//!
//! Source: Cisco 217518, whose syslog line holds the same words in `AlertDetail`; observed: the same sentence
//! for `CoreDumpFileFound`. That a mail's body is that text is inferred; no mail was seen in public.
//!
//! ```text
//! At Fri May 21 08:11:00 CDT 2021 on node uccxpub.example.com, the following SyslogSeverityMatchFound events generated:
//! SeverityMatch : Alert
//! MatchedEvent : May 21 08:10:24 uccxpub local7 1 : 62: uccxpub.example.com: May 21 2021 13:10:24.476 UTC :  %UC_LIB_LICENSE-1-…
//! AppID : Cisco Syslog Agent
//! ClusterID :
//! NodeID : uccxpub
//!  TimeStamp : Fri May 21 08:10:24 CDT 2021
//! ```

use std::ops::Range;

use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, multispace0, multispace1};
use nom::combinator::opt;
use nom::{IResult, Parser};

use super::{Content, DocumentFormat, Passage, alert_log, service_list};
use crate::grammar;
use crate::stamp::Stamp;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "alert-email",
    read,
    samples: &[
        "From: rtmt@example.com\nSubject: [RTMT-ALERT-StandAloneCluster] SyslogSeverityMatchFound\n\nAt Fri May 21 08:11:00 CDT 2021 on node uccxpub.example.com, the following SyslogSeverityMatchFound events generated: \nSeverityMatch : Alert\nMatchedEvent : May 21 08:10:24 uccxpub local7 1 : 62: uccxpub.example.com: May 21 2021 13:10:24.476 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.\nAppID : Cisco Syslog Agent\nClusterID : \nNodeID : uccxpub\n TimeStamp : Fri May 21 08:10:24 CDT 2021\n",
        "At Fri May 21 08:11:00 CDT 2021 on node uccxsub1, the following SyslogSeverityMatchFound events generated: #012SeverityMatch : Alert#012MatchedEvent : May 21 08:10:24 uccxsub1 local7 1 : 62: uccxsub1.example.com: May 21 2021 13:10:24.476 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[NodeID=uccxsub1]: text#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : uccxsub1#012 TimeStamp : Fri May 21 08:10:24 CDT 2021",
        "At Mon Aug 21 22:22:27 EST 2017 on node 192.0.2.21, the following CoreDumpFileFound events generated:\r\nTotalCoresFound : 1\r\nCoreDetails : The following lists up to 6 cores dumped by corresponding applications.\r\n",
    ],
};

/// The labels that stand behind a matched event.
const BEHIND_EVENT: [&str; 6] =
    ["AppID", "ClusterID", "NodeID", "TimeStamp", "SeverityMatch", "MatchedEvent"];

/// Longest stretch of a physical line that is searched for the record that an opening stands in, in bytes.
const LOOK_BACK: usize = 2_048;

/// The alarm line that the text of an alert quotes: from `MatchedEvent :` to the line of `AppID :`.
///
/// Copies flattened to one line end it at a blank and `AppID :`; a text cut off ends it where it ends.
pub(crate) fn matched_event(text: &str) -> Option<&str> {
    let event = find_label(text, &["MatchedEvent"], false)?;
    let behind = text.get(event.end..)?;
    let end = find_label(behind, &BEHIND_EVENT, true).or_else(|| find_label(behind, &["AppID"], false));
    let line = behind.get(..end.map_or(behind.len(), |label| label.start))?.trim();
    (!line.is_empty()).then_some(line)
}

/// The first `label *SP ":"` of `labels`; `own_line` takes only those that begin a line.
///
/// A line ends at a line break or at one still written as `#012`. The range runs from the label to the colon.
pub(super) fn find_label(text: &str, labels: &[&str], own_line: bool) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    for label in labels {
        // Only what lies in front of a label found already is looked at.
        let window = text.get(..found.as_ref().map_or(text.len(), |found| found.start)).unwrap_or_default();
        let places = memchr::memmem::find_iter(window.as_bytes(), label.as_bytes());
        let earlier = places.into_iter().find_map(|at| {
            let behind = text.get(at + label.len()..)?;
            let value = behind.trim_start_matches([' ', '\t']).strip_prefix(':')?;
            let before = text.get(..at)?;
            let front = before.trim_end_matches([' ', '\t']);
            let begins = front.is_empty() || front.ends_with('\n') || front.ends_with("#012");
            (begins || !own_line && front.len() < before.len()).then_some(at..text.len() - value.len())
        });
        found = earlier.or(found);
    }
    found
}

/// What the first sentence of an alert says.
struct Opening<'a> {
    stamp: Stamp,
    node: &'a str,
    alert: &'a str,
}

/// `opening = "At" SP java-date SP "on node" SP node "," SP "the following" SP alert SP "events generated" [":"]`
///
/// Between words a mail may break the line.
fn opening(i: &str) -> IResult<&str, Opening<'_>> {
    let (i, _) = (tag("At"), multispace1).parse(i)?;
    let (i, stamp) = grammar::java_date(i)?;
    let (i, _) = (multispace1, tag("on"), multispace1, tag("node"), multispace1).parse(i)?;
    let (i, node) = take_while1(|c: char| !c.is_whitespace() && c != ',').parse(i)?;
    let (i, _) = (multispace0, char(','), multispace1, tag("the"), multispace1).parse(i)?;
    let (i, _) = (tag("following"), multispace1).parse(i)?;
    let (i, alert) = alert_name(i)?;
    Ok((i, Opening { stamp, node, alert }))
}

/// `alert = 1*VCHAR`, blanks inside allowed: it ends at `event[s] generated`.
fn alert_name(i: &str) -> IResult<&str, &str> {
    let window = grammar::floor_char_boundary(i, 250);
    let mut ends = window.match_indices("event").filter_map(|(at, _)| {
        let (name, behind) = i.split_at_checked(at)?;
        let (behind, _) = closing(behind).ok()?;
        let name = name.trim();
        (!name.is_empty()).then_some((behind, name))
    });
    ends.next().ok_or_else(|| nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::TakeUntil)))
}

/// `closing = "event" ["s"] SP "generated" *SP [":"]`
fn closing(i: &str) -> IResult<&str, ()> {
    let (i, _) = (tag("event"), opt(char('s')), multispace1, tag("generated")).parse(i)?;
    let (i, _) = opt((multispace0, char(':'))).parse(i)?;
    Ok((i, ()))
}

/// Reads all alerts of a text.
fn read(text: &str) -> Vec<Passage> {
    let openings: Vec<(usize, usize, Opening<'_>)> = text
        .match_indices("At")
        .filter_map(|(at, _)| {
            let (rest, opening) = opening(text.get(at..)?).ok()?;
            (!stands_in_record(text.get(..at)?)).then_some((at, text.len() - rest.len(), opening))
        })
        .collect();
    // A row of an alert log holds the same text.
    if openings.is_empty() || alert_log::header(text.as_bytes()).is_some() {
        return Vec::new();
    }
    let mut passages = Vec::new();
    let mut ends = openings.iter().skip(1).map(|(start, ..)| *start);
    for (start, body, opening) in &openings {
        alert(text, *start, *body..ends.next().unwrap_or(text.len()), opening, &mut passages);
    }
    mail_headers(text, &mut passages);
    passages.sort_by_key(|passage| passage.range.start);
    passages
}

/// True if what stands in front of an opening is the beginning of a log record on the same line.
fn stands_in_record(before: &str) -> bool {
    if before.trim_end().ends_with("AlertDetail=") {
        return true;
    }
    let mut from = before.len().saturating_sub(LOOK_BACK);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let line = before.get(from..).unwrap_or_default();
    let line = line.rsplit('\n').next().unwrap_or_default();
    line.contains("[AlertDetail=") || line.contains("RTMT Alert Name:") || service_list::has_code(line)
}

/// The passages of one alert: one a matched event, or one for the alert where it quotes none.
fn alert(text: &str, start: usize, body: Range<usize>, opening: &Opening<'_>, passages: &mut Vec<Passage>) {
    let mut from = start;
    let mut at = body.start;
    loop {
        let here = text.get(at..body.end).unwrap_or_default();
        let Some(event) = find_label(here, &["MatchedEvent"], false) else { break };
        let behind = at + event.end;
        // The next event begins with its own severity; what stands in front of that is this event's.
        let next = text.get(behind..body.end).unwrap_or_default();
        let next = find_label(next, &["MatchedEvent", "SeverityMatch"], true);
        let limit = next.map_or(body.end, |label| behind + label.start);
        let end = behind + text.get(behind..limit).map_or(0, text_end);
        passages.push(passage(text, from..end, opening));
        (from, at) = (limit, limit);
    }
    // Events were read: a severity that none follows is not an alert of its own.
    if from == start {
        let end = at + text.get(at..body.end).map_or(0, text_end);
        passages.push(passage(text, from..end, opening));
    }
}

/// The length of an alert's text: to its time stamp, else to the blank line behind it.
fn text_end(text: &str) -> usize {
    let stamp = find_label(text, &["TimeStamp"], true).or_else(|| find_label(text, &["TimeStamp"], false));
    if let Some(label) = stamp {
        let value = text.get(label.end..).unwrap_or_default().trim_start_matches([' ', '\t']);
        let rest = match grammar::java_date(value) {
            Ok((rest, _)) => rest,
            Err(_) => value.find(['\r', '\n']).and_then(|at| value.get(at..)).unwrap_or_default(),
        };
        return text.len() - rest.len();
    }
    let mut end = 0;
    for (at, line) in service_list::lines(text) {
        if line.trim().is_empty() && end > 0 {
            break;
        }
        end = if line.trim().is_empty() { end } else { at + line.trim_end().len() };
    }
    end
}

/// What one alert, or one event of it, says.
fn passage(text: &str, range: Range<usize>, opening: &Opening<'_>) -> Passage {
    let decoded = grammar::decode_octal(text.get(range.clone()).unwrap_or_default());
    let content = match matched_event(&decoded) {
        Some(line) => {
            let node =
                find_label(&decoded, &["NodeID"], true).or_else(|| find_label(&decoded, &["NodeID"], false));
            let node = node.and_then(|label| decoded.get(label.end..)).and_then(first_word);
            Content::Quoted {
                // A mail breaks long lines.
                line: line.lines().map(str::trim).collect::<Vec<_>>().join(" ").into(),
                alert: opening.alert.into(),
                node: Some(node.unwrap_or(opening.node).into()),
            }
        }
        None => Content::Alert {
            name: opening.alert.into(),
            node: Some(opening.node.into()),
            stamp: Some(opening.stamp),
            text: decoded.trim().into(),
        },
    };
    Passage { range, content }
}

/// The first word of the line; `None` if the line is empty.
fn first_word(value: &str) -> Option<&str> {
    let line = value.split(['\r', '\n']).next()?.trim();
    line.split_whitespace().next().filter(|word| *word != "TimeStamp")
}

/// The header lines of mails, outside of what was read.
fn mail_headers(text: &str, passages: &mut Vec<Passage>) {
    let read: Vec<Range<usize>> = passages.iter().map(|passage| passage.range.clone()).collect();
    let mut behind_header = false;
    let mut next = read.iter().peekable();
    for (start, line) in service_list::lines(text) {
        while next.next_if(|range| range.end <= start).is_some() {}
        let outside = next.peek().is_none_or(|range| range.start >= start + line.len());
        let folded = behind_header && line.starts_with([' ', '\t']) && !line.trim().is_empty();
        behind_header = outside && (folded || is_mail_header(line));
        if behind_header {
            passages.push(Passage { range: start..start + line.trim_end().len(), content: Content::Known });
        }
    }
}

/// `header = name ":" …` with a name that mails have.
fn is_mail_header(line: &str) -> bool {
    const NAMES: [&str; 14] = [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "sent",
        "received",
        "return-path",
        "reply-to",
        "message-id",
        "mime-version",
        "importance",
        "priority",
        "sender",
    ];
    line.split_once(':').is_some_and(|(name, _)| {
        let name = name.to_ascii_lowercase();
        NAMES.contains(&name.as_str())
            || (name.starts_with("x-") || name.starts_with("content-")) && !name.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quoted lines, each with its node.
    fn quoted(text: &str) -> Vec<(String, String)> {
        read(text)
            .into_iter()
            .filter_map(|passage| match passage.content {
                Content::Quoted { line, node, .. } => Some((line.to_string(), node?.to_string())),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_mail_quotes_the_alarm_line() {
        let found = quoted(FORMAT.samples[0]);
        assert_eq!(found.len(), 1);
        assert!(found[0].0.starts_with("May 21 08:10:24 uccxpub local7 1 : 62: "), "{found:?}");
        assert!(found[0].0.ends_with("insufficient licenses."), "{found:?}");
        assert_eq!(found[0].1, "uccxpub");
    }

    #[test]
    fn the_range_runs_from_the_first_word_to_the_time_stamp() {
        let text = FORMAT.samples[0];
        let passages = read(text);
        let alert = passages.iter().find(|p| p.content != Content::Known).unwrap();
        assert!(text[alert.range.clone()].starts_with("At Fri May 21 08:11:00"));
        assert!(text[alert.range.clone()].ends_with("TimeStamp : Fri May 21 08:10:24 CDT 2021"));
    }

    #[test]
    fn the_mails_own_headers_are_known() {
        let known = read(FORMAT.samples[0]).iter().filter(|p| p.content == Content::Known).count();
        assert_eq!(known, 2);
    }

    #[test]
    fn escaped_line_breaks_join_the_fields_as_well() {
        let found = quoted(FORMAT.samples[1]);
        assert!(found[0].0.ends_with("%[NodeID=uccxsub1]: text"), "{found:?}");
    }

    #[test]
    fn an_alert_without_an_event_keeps_its_name_node_and_time() {
        let passages = read(FORMAT.samples[2]);
        let Content::Alert { name, node, stamp, text } = &passages[0].content else { panic!("{passages:?}") };
        assert_eq!((name.as_ref(), node.as_deref()), ("CoreDumpFileFound", Some("192.0.2.21")));
        assert_eq!(stamp.unwrap().written(), "Aug 21 2017 22:22:27.000 EST");
        assert!(text.ends_with("corresponding applications."));
    }

    #[test]
    fn several_alerts_in_one_text_are_several_passages() {
        let text = format!("{}\n\n{}\n\n{}", FORMAT.samples[0], FORMAT.samples[1], FORMAT.samples[2]);
        assert_eq!(quoted(&text).len(), 2);
        let alerts: Vec<_> = read(&text).into_iter().filter(|p| p.content != Content::Known).collect();
        assert_eq!(alerts.len(), 3);
        assert!(alerts.windows(2).all(|two| two[0].range.end <= two[1].range.start));
    }

    #[test]
    fn several_events_in_one_alert_are_several_passages() {
        let text = "At Fri May 21 08:11:00 CDT 2021 on node n.example.com, the following SyslogSeverityMatchFound events generated:\nSeverityMatch : Alert\nMatchedEvent : %UC_A1-1-X1: a\nAppID : Cisco Syslog Agent\nNodeID : one\n TimeStamp : Fri May 21 08:10:24 CDT 2021\nSeverityMatch : Emergency\nMatchedEvent : %UC_A1-0-X2: b\nAppID : Cisco Syslog Agent\nNodeID : two\nsignature";
        assert_eq!(
            quoted(text),
            [("%UC_A1-1-X1: a".into(), "one".into()), ("%UC_A1-0-X2: b".into(), "two".into())]
        );
    }

    #[test]
    fn a_severity_without_an_event_is_no_event() {
        let text = "At Fri May 21 08:11:00 CDT 2021 on node n, the following X events generated:\nSeverityMatch : Alert\n";
        let passages = read(text);
        assert_eq!(passages.len(), 1);
        assert!(matches!(&passages[0].content, Content::Alert { name, .. } if name.as_ref() == "X"));
        let text = format!("{text}MatchedEvent : %UC_A1-1-X1: a\nSeverityMatch : Alert\n");
        assert_eq!(quoted(&text), [("%UC_A1-1-X1: a".into(), "n".into())]);
        assert_eq!(read(&text).len(), 1);
    }

    #[test]
    fn a_line_that_the_mail_broke_is_one_line_again() {
        let text = "At Fri May 21 08:11:00 CDT 2021 on\r\nnode n, the following X events\r\ngenerated:\r\nMatchedEvent : %UC_A1-1-X1: %[time to\r\nenter=15 minutes]: text\r\nAppID : Cisco Syslog Agent\r\n";
        assert_eq!(quoted(text), [("%UC_A1-1-X1: %[time to enter=15 minutes]: text".into(), "n".into())]);
    }

    #[test]
    fn a_text_flattened_to_one_line_ends_the_event_at_its_sender() {
        let text = "At Fri May 21 08:11:00 CDT 2021 on node n, the following X events generated: SeverityMatch : Alert MatchedEvent : %UC_A1-1-X1: %[AppID=x]: text AppID : Cisco Syslog Agent ClusterID : NodeID : m TimeStamp : Fri May 21 08:10:24 CDT 2021 Kind regards";
        assert_eq!(quoted(text), [("%UC_A1-1-X1: %[AppID=x]: text".into(), "m".into())]);
        let passages = read(text);
        assert!(text[passages[0].range.clone()].ends_with("CDT 2021"));
    }

    #[test]
    fn an_alert_inside_a_log_record_is_not_a_mail() {
        let alert = FORMAT.samples[1];
        assert!(read(&format!("(%[AlertName=X][AlertDetail= {alert}")).is_empty());
        assert!(read(&format!("%[AlertName=X][AlertDetail=\n{alert}")).is_empty());
        assert!(
            read(&format!("%CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: RTMT Alert Name:X Detail: {alert}")).is_empty()
        );
        assert!(read(&format!("7: Apr 02 10:30:05.123 IST %MADM-ADM-7-UNK:{alert}")).is_empty());
    }

    #[test]
    fn an_alert_log_is_not_a_mail() {
        let rows = format!("Time Stamp,Alert Name,Node,Alert Message\nx,y,z,\"{}\"\n", FORMAT.samples[1]);
        assert!(read(&rows).is_empty());
    }

    #[test]
    fn an_empty_event_leaves_the_alert() {
        let text = "At Fri May 21 08:11:00 CDT 2021 on node é, the following X events generated:\nMatchedEvent : \nAppID :\nNodeID :\n";
        let passages = read(text);
        assert!(
            matches!(&passages[0].content, Content::Alert { node: Some(node), .. } if node.as_ref() == "é")
        );
    }

    #[test]
    fn an_event_cut_off_is_quoted_as_far_as_it_goes() {
        assert_eq!(
            matched_event("SeverityMatch : Alert\nMatchedEvent : %UC_A1-1-X1: cut of"),
            Some("%UC_A1-1-X1: cut of")
        );
        assert_eq!(matched_event("MatchedEvent :"), None);
        assert_eq!(matched_event("no event"), None);
    }
}
