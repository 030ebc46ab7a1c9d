//! RTMT alerts in the system log: a second witness of the alarm that they quote, never a second alarm.
//!
//! Source: Cisco 217518 (`#012` and the brackets that are not escaped); System Error Messages 12.5(1),
//! `RTMT_ALERT`; observed: Observium's syslog captures (the form before release 8).
//!
//! ```text
//! May 21 08:11:01 uccxpub local7 2 : 99: uccxpub.example.com: May 21 2021 13:11:01.100 UTC :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=…][AlertDetail= At … #012MatchedEvent : …][AppID=Cisco AMC Service][ClusterID=][NodeID=uccxpub]: RTMT Alert
//! ```

use std::borrow::Cow;

use chrono::TimeDelta;

use super::{LineFormat, alert_email, ciscolog, service_list};
use crate::event::Witness;
use crate::grammar::{self, Code};
use crate::record::{Record, Severity};
use crate::stamp::Stamp;

pub(super) const FORMAT: LineFormat = LineFormat {
    name: "rtmt-alert",
    witness: Witness::Rtmt,
    read,
    quoted,
    samples: &[
        "May 21 08:11:01 uccxpub local7 2 : 99: uccxpub.example.com: May 21 2021 13:11:01.100 UTC :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=SyslogSeverityMatchFound][AlertDetail= At Fri May 21 08:11:00 CDT 2021 on node uccxsub1.example.com, the following SyslogSeverityMatchFound events generated: #012SeverityMatch : Alert#012MatchedEvent : May 21 08:10:24 uccxsub1 local7 1 : 62: uccxsub1.example.com: May 21 2021 13:10:24.476 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxsub1]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : uccxsub1#012 TimeStamp : Fri May 21 08:10:24 CDT 2021][AppID=Cisco AMC Service][ClusterID=][NodeID=uccxpub]: RTMT Alert",
        "%UC_RTMT-2-RTMT_ALERT: %[AlertName=CpuPegging][AlertDetail=  Processor load over configured threshold: cef (97%) uses most of the CPU.][AppID=Cisco AMC Service][ClusterID=][NodeID=uccxpub]: RTMT Alert",
        ": : 7273: May 30 15:33:20.636 UTC :  %CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: RTMT Alert Name:CriticalServiceDown Detail: Service operational status is DOWN. Cisco Tomcat. The alert is generated on Thu May 30 15:33:20 GMT+00:00 2013 on node uccxpub. App ID:Cisco AMC Service Cluster ID: Node ID:uccxpub",
        "%ccm_rtmt-rtmt-2-RTMT-ERROR-ALERT: RTMT Alert Name:LowAvailableMemory Detail: 5 percent left on node uccxpub. App ID:Cisco AMC Service Cluster ID: Node ID:uccxpub",
        "%[AlertName=LowSwapPartitionAvailableDiskSpace][AlertDetail= 4 percent left][AppID=Cisco AMC Service][ClusterID=][NodeID=uccxpub]: RTMT Alert",
    ],
};

/// RTMT's facilities, since release 8 and before.
pub(super) const FACILITIES: [&str; 2] = ["UC_RTMT", "CCM_RTMT"];

/// What opens the parameters since release 8.
const TAGS: &str = "[AlertName=";

/// What opens the message before release 8.
const SENTENCE: &str = "RTMT Alert Name:";

type Param<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Reads an alert in any envelope, or quoted by a console without its code.
///
/// The envelope is only looked for in front of the alert: behind it stands the envelope of the quoted alarm.
fn read(text: &str) -> Option<Record<'_>> {
    if let Some((front, alert)) = split_at_word(text, TAGS) {
        let (front, marked) = match front.strip_suffix('%') {
            Some(front) => (front, true),
            None => (front, false),
        };
        let mut record = match coded(front) {
            Some(record) => record,
            None if marked && !service_list::has_code(front) => uncoded(front),
            None => return None,
        };
        let (params, message) = tagged(alert);
        record.params.extend(params);
        record.text = grammar::decode_octal(message.trim());
        return Some(record);
    }
    if let Some((front, alert)) = split_at_word(text, SENTENCE) {
        let mut record = coded(front)?;
        record.params.extend(sentence(alert));
        record.stamp = record.stamp.map(|stamp| with_year(stamp, alert));
        record.text = Cow::Borrowed("RTMT Alert");
        return Some(record);
    }
    // Cut off in front of its parameters, or another alarm of the same facility.
    if !names_facility(text) {
        return None;
    }
    ciscolog::envelope(text).filter(ciscolog::is_rtmt)
}

/// True if a code of RTMT stands anywhere in a record: of most it need not be read to see that there is none.
fn names_facility(text: &str) -> bool {
    let is_rtmt = |code: &[u8]| {
        let code = code.strip_prefix(b" ").unwrap_or(code);
        FACILITIES.iter().any(|name| grammar::begins_with(code, name))
    };
    memchr::memchr_iter(b'%', text.as_bytes()).any(|at| text.as_bytes().get(at + 1..).is_some_and(is_rtmt))
}

/// The alarm line in the alert's detail.
fn quoted<'a>(record: &'a Record<'a>) -> Option<&'a str> {
    record.param("AlertDetail").or_else(|| record.param("Detail")).and_then(alert_email::matched_event)
}

/// The text in front of `word`, and the text from it on.
fn split_at_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    text.split_at_checked(memchr::memmem::find(text.as_bytes(), word.as_bytes())?)
}

/// What stands in front of an alert, where it ends with RTMT's code.
fn coded(front: &str) -> Option<Record<'_>> {
    if let Some(record) = ciscolog::envelope(front).filter(ciscolog::is_rtmt) {
        return Some(record);
    }
    // In running text: the code must be the only one.
    let (before, from) = front.split_at_checked(front.rfind('%')?)?;
    let (rest, Code { facility, subfacility, severity, mnemonic }) = grammar::code(from).ok()?;
    let record = Record {
        facility: Cow::Borrowed(facility),
        subfacility: subfacility.map(Cow::Borrowed),
        severity: Severity(severity),
        mnemonic: Cow::Borrowed(mnemonic),
        ..Record::default()
    };
    (rest.trim().is_empty() && !service_list::has_code(before) && ciscolog::is_rtmt(&record))
        .then_some(record)
}

/// The record of an alert that a console quotes without its code: the code is known from the parameters.
fn uncoded(front: &str) -> Record<'_> {
    let outer = ciscolog::envelope(front).unwrap_or_default();
    Record {
        facility: Cow::Borrowed("UC_RTMT"),
        subfacility: None,
        // The digit of every occurrence seen; the catalogue says 3.
        severity: Severity(2),
        mnemonic: Cow::Borrowed("RTMT_ALERT"),
        ..outer
    }
}

/// `alert = "[AlertName=" name "]" ["[AlertDetail=" detail "]"] tags ":" text`, and the text.
fn tagged(alert: &str) -> (Vec<Param<'_>>, &str) {
    let inside = alert.strip_prefix(TAGS).unwrap_or(alert);
    let (name, rest) = inside.split_once(']').unwrap_or((inside, ""));
    let mut params = vec![(Cow::Borrowed("AlertName"), grammar::decode_octal(name))];
    let Some(behind) = rest.strip_prefix("[AlertDetail=") else {
        let (more, message) = ciscolog::tags(rest);
        params.extend(more);
        return (params, message);
    };
    let (detail, rest) = match detail_end(behind).and_then(|end| behind.split_at_checked(end)) {
        Some((detail, rest)) => (detail, rest.strip_prefix(']').unwrap_or(rest)),
        None => (behind, ""),
    };
    params.push((Cow::Borrowed("AlertDetail"), unescape(detail)));
    let (more, message) = ciscolog::tags(rest);
    params.extend(more);
    (params, message)
}

/// The `]` that closes the detail; `None` if the record was cut off inside it.
///
/// The brackets of a quoted alarm are not escaped, so it is the last `][AppID=`, unless that is the quoted
/// alarm's own: then the fields behind the quotation are missing.
fn detail_end(behind: &str) -> Option<usize> {
    let quotes = alert_email::find_label(behind, &["MatchedEvent"], false);
    let Some(last) = memchr::memmem::rfind(behind.as_bytes(), b"][AppID=") else {
        return if quotes.is_some() { None } else { balanced_end(behind) };
    };
    let complete =
        behind.get(last + 1..).is_some_and(|tags| ciscolog::tags(tags).1.trim().starts_with("RTMT Alert"));
    let closed = match quotes.and_then(|label| behind.get(label.end..last)) {
        Some(event) => alert_email::find_label(event, &["AppID", "TimeStamp"], false).is_some(),
        None => true,
    };
    (complete || closed).then_some(last)
}

/// The `]` that no `[` in front of it opened.
fn balanced_end(value: &str) -> Option<usize> {
    let mut depth = 0_u32;
    value.bytes().position(|byte| {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 0 => return true,
            b']' => depth -= 1,
            _ => {}
        }
        false
    })
}

/// Decodes control characters, and takes the `\` off brackets where the whole detail has them.
///
/// Alerts were only seen without: there a `\` belongs to the quoted alarm.
fn unescape(detail: &str) -> Cow<'_, str> {
    if memchr::memmem::find(detail.as_bytes(), br"%\[").is_none() {
        return grammar::decode_octal(detail);
    }
    let mut out = String::with_capacity(detail.len());
    let mut chars = detail.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = (c == '\\').then(|| chars.next_if(|next| matches!(next, '[' | ']' | '\\'))).flatten();
        out.push(escaped.unwrap_or(c));
    }
    Cow::Owned(grammar::decode_octal(&out).into_owned())
}

/// `sentence = "RTMT Alert Name:" name SP "Detail:" detail SP "App ID:" app SP "Cluster ID:" … SP "Node ID:" node`
fn sentence(alert: &str) -> Vec<Param<'_>> {
    let inside = alert.strip_prefix(SENTENCE).unwrap_or(alert);
    let (name, rest) = match inside.split_once("Detail:") {
        Some((name, rest)) => (name.trim(), rest),
        None => (inside.split_whitespace().next().unwrap_or_default(), ""),
    };
    let (detail, tail) =
        rest.rsplit_once("App ID:").filter(|(detail, _)| is_whole(detail)).unwrap_or((rest, ""));
    let mut params = vec![
        (Cow::Borrowed("AlertName"), grammar::decode_octal(name)),
        (Cow::Borrowed("Detail"), grammar::decode_octal(detail.trim())),
    ];
    let (app, tail) = tail.split_once("Cluster ID:").unwrap_or((tail, ""));
    let (cluster, node) = tail.split_once("Node ID:").unwrap_or((tail, ""));
    // A record cut off still names its node in the detail.
    let node =
        node_name(node).or_else(|| detail.rsplit_once("on node ").and_then(|(_, node)| node_name(node)));
    for (key, value) in
        [("AppID", app.trim()), ("ClusterID", cluster.trim()), ("NodeID", node.unwrap_or_default())]
    {
        if !value.is_empty() {
            params.push((Cow::Borrowed(key), Cow::Borrowed(value)));
        }
    }
    params
}

/// The stamp with the year of the time that the alert's text says, where the header has none: they are the same time,
/// maybe in another zone.
fn with_year(stamp: Stamp, alert: &str) -> Stamp {
    let said =
        alert.split_once("generated on ").and_then(|(_, said)| grammar::java_date(said.trim_start()).ok());
    let Some((_, said)) = said.filter(|_| stamp.year.is_none()) else { return stamp };
    let is_near = |year: &i32| {
        let (own, other) = (stamp.civil(*year), said.year.and_then(|year| said.civil(year)));
        own.zip(other).is_some_and(|(own, other)| (own - other).abs() <= TimeDelta::days(1))
    };
    let years = said.year.into_iter().flat_map(|year| [year, year - 1, year + 1]);
    Stamp { year: years.into_iter().find(is_near), ..stamp }
}

/// True if a detail is not cut off inside an alarm that it quotes.
fn is_whole(detail: &str) -> bool {
    alert_email::find_label(detail, &["MatchedEvent"], false)
        .and_then(|label| detail.get(label.end..))
        .is_none_or(|event| alert_email::find_label(event, &["AppID", "TimeStamp"], false).is_some())
}

/// The first word, less the point of a sentence and the `||` of a collector's dump.
fn node_name(text: &str) -> Option<&str> {
    let word = text.trim_start().split(|c: char| c.is_whitespace() || matches!(c, '|' | ',')).next()?;
    Some(word.trim_end_matches('.')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(text: &str) -> Record<'_> {
        read(text).unwrap_or_else(|| panic!("unread: {text}"))
    }

    #[track_caller]
    fn check_quoted(text: &str, expected: Option<&str>) {
        let record = alert(text);
        assert_eq!(quoted(&record), expected);
    }

    const INNER: &str = "May 21 08:10:24 uccxsub1 local7 1 : 62: uccxsub1.example.com: May 21 2021 13:10:24.476 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxsub1]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.";

    #[test]
    fn the_alert_and_its_alarm_have_their_own_node_and_time() {
        let record = alert(FORMAT.samples[0]);
        assert_eq!(
            (record.param("AlertName"), record.param("NodeID")),
            (Some("SyslogSeverityMatchFound"), Some("uccxpub"))
        );
        assert_eq!((record.seq, record.text.as_ref()), (Some(99), "RTMT Alert"));
        assert_eq!(record.stamp.unwrap().written(), "May 21 2021 13:11:01.100 UTC");
        assert_eq!(quoted(&record), Some(INNER));
        let inner = ciscolog::envelope(quoted(&record).unwrap()).unwrap();
        assert_eq!((inner.seq, inner.param("NodeID")), (Some(62), Some("uccxsub1")));
    }

    #[test]
    fn an_alert_without_an_envelope_is_not_mistaken_for_its_alarm() {
        let text = format!(
            "%UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail=MatchedEvent : {INNER}#012AppID : a][AppID=b][ClusterID=][NodeID=uccxpub]: RTMT Alert"
        );
        let record = alert(&text);
        assert_eq!(
            (record.mnemonic.as_ref(), record.seq, record.param("NodeID")),
            ("RTMT_ALERT", None, Some("uccxpub"))
        );
        check_quoted(&text, Some(INNER));
    }

    #[test]
    fn a_header_without_a_year_takes_that_of_the_text() {
        let stamp = |text: &str| alert(text).stamp.unwrap().written();
        let text = FORMAT.samples[2];
        assert_eq!(stamp(text), "May 30 2013 15:33:20.636 UTC");
        assert_eq!(stamp(&text.replace("generated on", "raised on")), "May 30 15:33:20.636 UTC");
        // Another time than that of the header, and the turn of the year between two zones.
        assert_eq!(stamp(&text.replace("Thu May 30", "Thu May 21")), "May 30 15:33:20.636 UTC");
        let turn = text
            .replace(": May 30 15:", ": Jan 01 05:")
            .replace("Thu May 30 15:33:20 GMT+00:00", "Tue Dec 31 21:33:20 CST");
        assert_eq!(stamp(&turn), "Jan 01 2014 05:33:20.636 UTC");
    }

    #[test]
    fn a_console_quotes_an_alert_without_its_code() {
        let text = format!(
            "Custom Message: Event Message: (%[AlertName=S][AlertDetail= MatchedEvent : {INNER}#012AppID : a#012 TimeStamp : x][AppID=b][ClusterID=][NodeID=uccxpub]: RTMT Alert"
        );
        let record = alert(&text);
        assert_eq!((record.facility.as_ref(), record.param("AppID")), ("UC_RTMT", Some("b")));
        check_quoted(&text, Some(INNER));
    }

    #[test]
    fn line_breaks_may_be_real_ones() {
        let text = format!(
            "%UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail= x:\r\nMatchedEvent : {INNER}\r\nAppID : a\r\n\tTimeStamp : y][AppID=b][NodeID=n]: RTMT Alert"
        );
        check_quoted(&text, Some(INNER));
    }

    #[test]
    fn a_detail_cut_inside_the_quoted_alarm_keeps_what_is_there() {
        for cut in [170, 215, 240, 260, INNER.len()] {
            let inner = &INNER[..cut];
            let text = format!(
                "9: h.example.com: May 21 2021 13:11:01.100 UTC :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail= x:#012MatchedEvent : {inner}"
            );
            let record = alert(&text);
            assert_eq!(quoted(&record), Some(inner.trim()), "{cut}");
            assert_eq!((record.param("NodeID"), record.seq), (None, Some(9)), "{cut}");
        }
    }

    #[test]
    fn brackets_in_a_detail_without_an_alarm_do_not_end_it() {
        let record = alert(
            "%UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail= a [b] c]d][AppID=e][NodeID=n]: RTMT Alert",
        );
        assert_eq!(record.param("AlertDetail"), Some(" a [b] c]d"));
        let record =
            alert("%UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail=a [b] c][NodeID=n]: RTMT Alert");
        assert_eq!((record.param("AlertDetail"), record.param("NodeID")), (Some("a [b] c"), Some("n")));
    }

    #[test]
    fn a_detail_with_escaped_brackets_quotes_the_plain_line() {
        let text = r"%UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail=MatchedEvent : %UC_A1-1-X1: %\[NodeID=m\]: é#012AppID : a][AppID=b][NodeID=n]: RTMT Alert";
        check_quoted(text, Some("%UC_A1-1-X1: %[NodeID=m]: é"));
    }

    #[test]
    fn a_quoted_alarm_keeps_its_own_escapes() {
        let text = r"%UC_RTMT-2-RTMT_ALERT: %[AlertName=S][AlertDetail=MatchedEvent : %UC_A1-1-X1: %[R=a\]b][NodeID=m]: t#012AppID : a][AppID=b][NodeID=n]: RTMT Alert";
        check_quoted(text, Some(r"%UC_A1-1-X1: %[R=a\]b][NodeID=m]: t"));
    }

    #[test]
    fn the_old_form_has_the_same_parameters() {
        let record = alert(FORMAT.samples[2]);
        assert_eq!(
            (record.param("AlertName"), record.param("NodeID")),
            (Some("CriticalServiceDown"), Some("uccxpub"))
        );
        assert!(record.param("Detail").unwrap().starts_with("Service operational status is DOWN."));
        assert_eq!((record.seq, record.severity, record.catalog()), (Some(7273), Severity(2), "RTMT"));
        let record = alert(
            "9||6||349:||2013-05-30 16:40:29|| : : 7273: May 30 15:33:20.636 UTC :  %CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: RTMT Alert Name:X Detail: d. App ID:a Cluster ID: Node ID:uccxpub||349",
        );
        assert_eq!((record.param("NodeID"), record.seq), (Some("uccxpub"), Some(7273)));
    }

    #[test]
    fn the_old_form_cut_off_names_its_node_in_the_text() {
        let record = alert(
            "%CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: RTMT Alert Name:X Detail: The alert is generated on Thu May 30 15:33:20 GMT+00:00 2013 on node uccxpub. Ap",
        );
        assert_eq!((record.param("AlertName"), record.param("NodeID")), (Some("X"), Some("uccxpub")));
    }

    #[test]
    fn the_old_form_quotes_an_old_alarm() {
        let text = "%CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: RTMT Alert Name:S Detail: x MatchedEvent : 92: Mar 18 11:10:52.630 UTC :  %CCM_A-A-1-X1: t App ID:a Cluster ID: Node ID:m#012AppID : Cisco Syslog Agent App ID:Cisco AMC Service Cluster ID: Node ID:n";
        check_quoted(
            text,
            Some("92: Mar 18 11:10:52.630 UTC :  %CCM_A-A-1-X1: t App ID:a Cluster ID: Node ID:m"),
        );
        assert_eq!((alert(text).seq, alert(text).param("NodeID")), (None, Some("n")));
    }

    #[test]
    fn empty_fields_stay_empty() {
        let record =
            alert("%UC_RTMT-2-RTMT_ALERT: %[AlertName=][AlertDetail=][AppID=][ClusterID=][NodeID=]: ");
        assert_eq!(
            (record.param("AlertName"), record.param("AlertDetail"), record.param("NodeID")),
            (Some(""), Some(""), Some(""))
        );
        assert_eq!(quoted(&record), None);
        assert_eq!(alert("%[AlertName=").param("AlertName"), Some(""));
        assert_eq!(alert("%[AlertName=é").param("AlertName"), Some("é"));
    }

    #[test]
    fn another_record_that_mentions_an_alert_is_not_one() {
        assert!(
            read("7: Apr 02 10:30:05.123 IST %MADM-ADM-7-UNK:got %[AlertName=X][AlertDetail=y]").is_none()
        );
        assert!(read("7: Apr 02 10:30:05.123 IST %MADM-ADM-7-UNK:RTMT Alert Name:X Detail: y").is_none());
        assert!(read("a page about [AlertName=String] tags").is_none());
        assert!(read("RTMT Alert Name:X Detail: y").is_none());
    }
}
