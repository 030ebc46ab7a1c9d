//! CiscoLog: VOS syslog as stored on the node, as forwarded, and as relayed by another daemon.
//!
//! Source: Managed Services Guide 12.5(1), "Cisco Unified Serviceability Alarms and CiscoLog Messages";
//! Cisco 217416 and 217518; observed: Observium's syslog captures (the two empty `: : `).
//!
//! ```text
//! Apr 02 10:30:05 uccxpub local7 0 : 17: uccxpub.example.com: Apr 02 2026 05:00:05.123 UTC :  %UC_LIB_LICENSE-0-…: %[…][NodeID=uccxpub]: …
//! ```

use std::borrow::Cow;

use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::opt;
use nom::{IResult, Parser};

use super::{LineFormat, quotes_nothing, rtmt_alert};
use crate::event::Witness;
use crate::grammar::{self, Code};
use crate::record::{Params, Record, Severity};
use crate::stamp::Stamp;

pub(super) const FORMAT: LineFormat = LineFormat {
    name: "ciscolog",
    witness: Witness::Syslog,
    read: |text| envelope(text).filter(|record| !is_rtmt(record)),
    quoted: quotes_nothing,
    samples: &[
        "Apr 02 10:30:05 uccxpub local7 0 : 17: uccxpub.example.com: Apr 02 2026 05:00:05.123 UTC :  %UC_LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: %[The time remaining to enter OOC state=15 minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses.",
        "%UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccx15]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.",
        "<165>11: host.example.com: Jun 13 2003 12:11:52.454 UTC: %BACC-5-CONFIG: Configured from console by vty0 [192.0.2.1]",
        "Jun 13 12:12:09 host.example.com 11: host.example.com: Jun 13 2003 12:11:52.454 UTC: %BACC-5-CONFIG: Configured",
        "11: host.example.com: --- 00 0000 00:00:00.000 ---: %BACC-3-BAD_REQUEST: Bad request received",
        "12: host.example.com: *Jun 13 2003 23:11:52.454 UTC: %BACC-4-BAD_REQUEST: %[pname.orig=rdu][comp=parser]: Bad request",
        "11: 1080:0:0:800:ba98:3210:11aa:12dd: Jun 13 2003 23:11:52.454 UTC: %BACC-3-BAD_REQUEST:  Bad request",
        "<134>25: host-w3k: Feb 13 2007 18:23:21.408 +0000: %ICM_Router_CallRouter-6-10500FF: [comp=Router-A][pname=rtr][sev=info]: Side A rtr process is OK.",
        "Mar 18 16:40:52 ciscart26 local7 6 : 92: Mar 18 11:10:52.630 UTC :  %CCM_SERVICEMANAGER-SERVICEMANAGER-6-ServiceActivated: Service Activated. Service Name:Cisco CallManager SNMP Service",
        "Nov 28 16:44:37 CUCMPUB local7 6 Cisco: Database Layer Monitor: DBNotify SDI Initialization successful",
        "Nov 16 13:50:26 cucmipsec daemon 3 ipsec_setup: Starting Openswan IPsec",
        "ipcbu-plat44 local7 0 : 1: ipcbu-plat44.blr.eng: Jul 16 2010 22:26:11.53 UTC :",
        "<14>1 2026-04-02T10:30:05.123+05:30 uccxpub - - - - 17: uccxpub.example.com: Apr 02 2026 05:00:05.123 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[NodeID=uccxpub]: x",
        "2026-04-02T10:30:05.123456+05:30 uccxpub : : 17: Apr 02 2026 05:00:05 PM.123 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[NodeID=uccxpub]: x",
        " : crond[9538]: (root) CMD (  /etc/rc.d/init.d/fiostats show)",
        "%ccm_CALLMANAGER-CALLMANAGER-3-CodeYellowEntry: CodeYellowEntry Expected Average Delay:7906",
    ],
};

/// True for the records that `rtmt_alert` reads.
pub(super) fn is_rtmt(record: &Record<'_>) -> bool {
    rtmt_alert::FACILITIES.iter().any(|name| record.facility.eq_ignore_ascii_case(name))
}

/// Reads a record in any envelope; `None` if it is not one.
pub(super) fn envelope(text: &str) -> Option<Record<'_>> {
    let head = outer(text);
    let body = head.rest;
    if let Some(inner) = find_inner(body) {
        return Some(assemble(&head, Some(&inner), inner.rest));
    }
    if let Ok((rest, code)) = grammar::code(body.trim_start_matches([':', ' ']))
        && is_syslog_code(&code)
    {
        let inner = Inner { seq: None, host: None, stamp: None, code: Some(code), rest };
        return Some(assemble(&head, Some(&inner), rest));
    }
    // A line without a code: only what its envelope proves to be syslog.
    (head.proven() && !grammar::floor_char_boundary(body, 64).contains('%'))
        .then(|| assemble(&head, None, body))
}

/// What syslog daemons put in front of the sender's bytes.
#[derive(Default)]
struct Outer<'a> {
    pri: bool,
    stamp: Option<Stamp>,
    host: Option<&'a str>,
    /// `local7 6`: facility and severity as VOS stores them.
    level: Option<(&'a str, u8)>,
    program: Option<&'a str>,
    rest: &'a str,
}

impl Outer<'_> {
    /// The stamp, if the node itself wrote it, or if it carries its offset: a relay's local time is the relay's.
    fn own_stamp(&self) -> Option<Stamp> {
        self.stamp.filter(|stamp| self.level.is_some() || stamp.absolute().is_some())
    }

    /// True when the envelope alone shows that this is syslog.
    fn proven(&self) -> bool {
        self.level.is_some()
            || self.pri && self.stamp.is_some()
            || self.program.is_some() && self.stamp.is_none()
    }
}

/// `outer = [octets SP] ["<" pri ">" ["1" SP]] [stamp SP host [level] [program ":"]]`
fn outer(text: &str) -> Outer<'_> {
    let mut out = Outer { rest: text, ..Outer::default() };
    if let Ok((rest, _)) = octet_count(out.rest) {
        out.rest = rest;
    }
    if let Ok((rest, _)) = pri(out.rest) {
        out.pri = true;
        out.rest = rest;
    }
    if let Ok((rest, (stamp, host))) = rfc5424(out.rest) {
        return Outer { stamp, host, rest, ..out };
    }
    let stamped = nom::branch::alt((grammar::rfc3339, grammar::outer_stamp)).parse(out.rest);
    if let Ok((rest, stamp)) = stamped {
        let Ok((rest, (_, host))) = (space1, word).parse(rest) else { return out };
        out.stamp = Some(stamp);
        out.rest = rest;
        // A stamp followed by its zone is the sender's own, not a daemon's: `Mar 24 … PST%`.
        if host.starts_with('%') || host.ends_with(':') && host.len() < 3 {
            return Outer { rest: text, ..Outer::default() };
        }
        out.host = Some(host.trim_end_matches(':'));
    } else if let Ok((rest, (host, _))) = (word, space1).parse(out.rest)
        && level(rest).is_ok()
    {
        // `Message from syslogd@…` prints the stored line without its stamp.
        out.host = Some(host);
        out.rest = rest;
    }
    if let Ok((rest, level)) = level(out.rest.trim_start_matches(' ')) {
        out.level = Some(level);
        out.rest = rest;
    }
    if let Some((rest, program)) = program(out.rest.trim_start_matches([' ', ':'])) {
        // A program only counts where an envelope surrounds it, or the relay left its empty fields in front.
        if out.level.is_some()
            || out.stamp.is_some()
            || out.pri
            || text.starts_with(" : ")
            || text.starts_with(": : ")
        {
            out.program = Some(program);
            out.rest = rest;
        }
    }
    out
}

/// `octets = 1*DIGIT SP`, followed by `<` (RFC 6587; that UCCX frames so is inferred).
fn octet_count(i: &str) -> IResult<&str, u64> {
    let (rest, n) = grammar::number(i)?;
    let (rest, _) = char(' ').parse(rest)?;
    if rest.starts_with('<') {
        Ok((rest, n))
    } else {
        Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Tag)))
    }
}

/// `pri = "<" 1*3DIGIT ">"`
fn pri(i: &str) -> IResult<&str, u64> {
    nom::sequence::delimited(char('<'), grammar::number, char('>')).parse(i)
}

/// `word = 1*(VCHAR)`
fn word(i: &str) -> IResult<&str, &str> {
    take_while1(|c: char| !c.is_whitespace()).parse(i)
}

/// RFC 5424 header: `version SP stamp SP host SP app SP proc SP msgid SP sd [SP msg]`.
fn rfc5424(i: &str) -> IResult<&str, (Option<Stamp>, Option<&str>)> {
    let (i, _) = tag("1 ").parse(i)?;
    let (i, stamp) = nom::branch::alt((grammar::rfc3339.map(Some), tag("-").map(|_| None))).parse(i)?;
    let (i, (_, host, _, _, _, _, _, _, _)) =
        (space1, word, space1, word, space1, word, space1, word, space1).parse(i)?;
    let (i, ()) = structured_data(i)?;
    let (i, _) = opt(char('\u{feff}')).parse(i.trim_start_matches(' '))?;
    Ok((i, (stamp, Some(host).filter(|host| *host != "-"))))
}

/// `sd = "-" / 1*("[" … "]")`, values in quotes with escapes.
fn structured_data(i: &str) -> IResult<&str, ()> {
    if let Some(rest) = i.strip_prefix('-') {
        return Ok((rest, ()));
    }
    let mut rest = i;
    while rest.starts_with('[') {
        let mut quoted = false;
        let mut escaped = false;
        let end = rest.char_indices().find_map(|(at, c)| {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                quoted = !quoted;
            } else if c == ']' && !quoted {
                return Some(at + 1);
            }
            None
        });
        match end.and_then(|end| rest.get(end..)) {
            Some(after) => rest = after,
            None => return Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Tag))),
        }
    }
    if rest.len() == i.len() {
        return Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Tag)));
    }
    Ok((rest, ()))
}

/// `level = facility SP severity SP`, as in `local7 0 `: how VOS stores both.
fn level(i: &str) -> IResult<&str, (&str, u8)> {
    let (rest, name) = take_while1(|c: char| c.is_ascii_alphanumeric()).parse(i)?;
    let known = matches!(
        name,
        "kern"
            | "user"
            | "mail"
            | "daemon"
            | "auth"
            | "syslog"
            | "lpr"
            | "news"
            | "uucp"
            | "cron"
            | "authpriv"
            | "ftp"
    ) || name
        .strip_prefix("local")
        .is_some_and(|n| matches!(n, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7"));
    let digit = rest.strip_prefix(' ').and_then(|rest| rest.bytes().next()).filter(u8::is_ascii_digit);
    let after =
        rest.get(2..).filter(|after| after.is_empty() || after.starts_with(' ') || after.starts_with(':'));
    match (known, digit, after) {
        (true, Some(digit @ b'0'..=b'7'), Some(after)) => Ok((after, (name, digit - b'0'))),
        _ => Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Tag))),
    }
}

/// `program = name ["[" pid "]"] ":"`, a name that is not all digits: `17:` is a sequence number.
fn program(i: &str) -> Option<(&str, &str)> {
    let end = i.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')))?;
    let (name, rest) = i.split_at(end);
    let rest = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(pid, _)| pid.bytes().all(|b| b.is_ascii_digit()))?.1,
        None => rest,
    };
    let rest = rest.strip_prefix(':')?;
    (!name.is_empty() && !name.bytes().all(|b| b.is_ascii_digit())).then_some((rest, name))
}

/// The sender's own header.
struct Inner<'a> {
    seq: Option<u64>,
    host: Option<&'a str>,
    stamp: Option<Stamp>,
    code: Option<Code<'a>>,
    rest: &'a str,
}

/// Looks for the header within the first bytes: relays leave empty fields and program names in front of it.
fn find_inner(body: &str) -> Option<Inner<'_>> {
    // A header never holds `%`: what stands behind one is quoted, another record's header.
    let window = grammar::floor_char_boundary(body, 300).split('%').next().unwrap_or_default();
    let mut from = 0;
    while let Some(at) = window.get(from..)?.find(|c: char| c.is_ascii_digit()) {
        let start = from + at;
        let boundary = start == 0 || matches!(window.as_bytes().get(start - 1), Some(b' ' | b':' | b'>'));
        if boundary
            && let Some(inner) = body.get(start..).and_then(|rest| inner(rest).ok().map(|(_, inner)| inner))
        {
            return Some(inner);
        }
        let skip = window.get(start..)?.find(|c: char| !c.is_ascii_digit()).unwrap_or(window.len() - start);
        from = start + skip;
    }
    None
}

/// `inner = seq ":" SP [host (":" / SP) SP] cisco-stamp *SP ":" *SP [code]`
fn inner(i: &str) -> IResult<&str, Inner<'_>> {
    let (i, (seq, _, _)) = (grammar::number, char(':'), space1).parse(i)?;
    let (i, host, stamp) = match stamp(i) {
        Ok((rest, stamp)) => (rest, None, stamp),
        Err(_) => {
            let (rest, host) = word(i)?;
            let (rest, _) = space1(rest)?;
            let (rest, stamp) = stamp(rest)?;
            (rest, Some(host.strip_suffix(':').unwrap_or(host)), stamp)
        }
    };
    let (i, _) = (space0, char(':'), space0).parse(i)?;
    let (rest, code) = match grammar::code(i) {
        Ok((rest, code)) => (rest, Some(code)),
        Err(_) => (i, None),
    };
    // A trace record has the same beginning, but no colon behind its zone; that was refused above.
    Ok((rest, Inner { seq: Some(seq), host, stamp, code, rest }))
}

/// `stamp = cisco-stamp / "--- 00 0000 00:00:00.000 ---"`: `None` is the time that the sender did not know.
fn stamp(i: &str) -> IResult<&str, Option<Stamp>> {
    nom::branch::alt((grammar::cisco_stamp.map(Some), tag("--- 00 0000 00:00:00.000 ---").map(|_| None)))
        .parse(i)
}

/// True for codes that are CiscoLog's even without a prefix.
fn is_syslog_code(code: &Code<'_>) -> bool {
    let begins = |prefix| grammar::begins_with(code.facility.as_bytes(), prefix);
    code.subfacility.is_none() || begins("CCM_") || begins("UC_")
}

/// Puts the record together: tags, then text.
fn assemble<'a>(head: &Outer<'a>, inner: Option<&Inner<'a>>, rest: &'a str) -> Record<'a> {
    let code = inner.and_then(|inner| inner.code);
    let (params, text) = if code.is_some() { tags(rest) } else { (Vec::new(), rest) };
    let text = grammar::decode_octal(text.trim());
    let (facility, subfacility, severity, mnemonic) = match (code, head.level) {
        (Some(code), _) => (code.facility, code.subfacility, code.severity, code.mnemonic),
        (None, Some((_, severity))) => (head.program.unwrap_or_default(), None, severity, ""),
        (None, None) => (head.program.unwrap_or_default(), None, 6, ""),
    };
    let own_host = inner.and_then(|inner| inner.host).filter(|host| *host != "0.0.0.0");
    Record {
        seq: inner.and_then(|inner| inner.seq),
        host: own_host.or(head.host).map(Cow::Borrowed),
        stamp: inner.and_then(|inner| inner.stamp),
        outer: head.own_stamp(),
        facility: Cow::Borrowed(facility),
        subfacility: subfacility.map(Cow::Borrowed),
        severity: Severity(severity),
        mnemonic: Cow::Borrowed(mnemonic),
        params,
        operation: None,
        text,
    }
}

/// `tags = ["%"] 1*("[" key "=" value "]") ":" text`
///
/// Keys may hold blanks (UCCX breaks Cisco's rule), values may hold unescaped brackets (RTMT's AlertDetail): a
/// value ends at the `]` that balances, and AlertDetail at the last `][AppID=`. A record cut at 800 octets ends
/// inside a value; what is there is kept.
pub(super) fn tags(rest: &str) -> (Params<'_>, &str) {
    let start = rest.trim_start();
    let mut here = start.strip_prefix('%').unwrap_or(start);
    let mut params = Vec::new();
    while let Some(inside) = here.strip_prefix('[') {
        let Some((key, behind)) = inside.split_once('=') else { break };
        if key.contains(['[', ']']) {
            break;
        }
        let end = if key == "AlertDetail" {
            memchr::memmem::rfind(behind.as_bytes(), b"][AppID=").or_else(|| balanced_end(behind))
        } else {
            balanced_end(behind)
        };
        let (value, after) = match end {
            Some(end) => (behind.get(..end).unwrap_or_default(), behind.get(end + 1..).unwrap_or_default()),
            None => (behind, ""),
        };
        params.push((Cow::Borrowed(key), unescape(value)));
        here = after;
    }
    if params.is_empty() {
        return (params, start);
    }
    (params, here.strip_prefix(':').unwrap_or(here))
}

/// The `]` that closes a value: brackets inside count, escaped ones do not; without balance, the first `]`.
fn balanced_end(value: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut escaped = false;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => depth += 1,
            b']' if depth == 0 => return Some(at),
            b']' => depth -= 1,
            _ => {}
        }
    }
    value.find(']')
}

/// Takes the `\` off escaped brackets and back-slashes, then decodes control characters.
fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return grammar::decode_octal(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next @ ('[' | ']' | '\\')) if c == '\\' => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(grammar::decode_octal(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Record<'_> {
        (FORMAT.read)(text).unwrap_or_else(|| panic!("unread: {text}"))
    }

    #[test]
    fn a_key_may_hold_blanks() {
        let record = read(FORMAT.samples[0]);
        assert_eq!(record.param("The time remaining to enter OOC state"), Some("15 minutes"));
        assert_eq!(record.param("ClusterID"), Some(""));
        assert_eq!(record.param("NodeID"), Some("uccxpub"));
        assert_eq!((record.seq, record.host.as_deref()), (Some(17), Some("uccxpub.example.com")));
        assert_eq!(record.stamp.unwrap().written(), "Apr 02 2026 05:00:05.123 UTC");
        assert_eq!(record.outer.unwrap().written(), "Apr 02 10:30:05.000");
    }

    #[test]
    fn an_unknown_time_is_no_time() {
        let record = read(FORMAT.samples[4]);
        assert_eq!((record.stamp, record.seq), (None, Some(11)));
    }

    #[test]
    fn an_accuracy_mark_is_kept() {
        assert_eq!(read(FORMAT.samples[5]).stamp.unwrap().accuracy, crate::stamp::Accuracy::NotAuthoritative);
    }

    #[test]
    fn tags_without_the_percent_sign_are_read() {
        let record = read(FORMAT.samples[7]);
        assert_eq!(record.param("comp"), Some("Router-A"));
        assert_eq!(record.text, "Side A rtr process is OK.");
        assert_eq!(record.stamp.unwrap().written(), "Feb 13 2007 18:23:21.408 +00:00");
    }

    #[test]
    fn a_plain_line_has_no_mnemonic() {
        let record = read(FORMAT.samples[9]);
        assert_eq!((record.mnemonic.as_ref(), record.facility.as_ref()), ("", "Cisco"));
    }

    #[test]
    fn the_relays_empty_fields_are_skipped() {
        let record = read(": : 7273: May 30 15:33:20.636 UTC :  %UC_X1-2-NAME: text");
        assert_eq!((record.seq, record.mnemonic.as_ref()), (Some(7273), "NAME"));
    }

    #[test]
    fn brackets_inside_a_value_are_balanced() {
        let (params, text) = tags("%[Reason=a [b] c][NodeID=n]: t [x]");
        assert_eq!(params, [("Reason".into(), "a [b] c".into()), ("NodeID".into(), "n".into())]);
        assert_eq!(text, " t [x]");
    }

    #[test]
    fn a_value_cut_by_the_length_limit_is_kept() {
        let (params, text) = tags("%[AppID=x][Reason=cut off he");
        assert_eq!(params[1].1, "cut off he");
        assert_eq!(text, "");
    }
}
