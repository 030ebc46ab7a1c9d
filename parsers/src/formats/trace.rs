//! UCCX trace records: MCVD, MIVR, MADM, MCLI and the same framework's JTAPI and CER.
//!
//! Source: Administration and Operations Guide 12.5(1) SU3, Serviceability, "Trace File Information";
//! Cisco 217416; developer.cisco.com, "Example trace log file excerpts"; CUCM Troubleshooting Guide 12.5(1),
//! chapter 011, for the acronym glued to the code and the message on the next physical line.
//!
//! ```text
//! 4711: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.… This Product Instance is …
//! ```

use std::borrow::Cow;

use nom::character::complete::space0;
use nom::{IResult, Parser};

use super::{LineFormat, quotes_nothing};
use crate::event::Witness;
use crate::grammar;
use crate::record::{Params, Record, Severity};

pub(super) const FORMAT: LineFormat = LineFormat {
    name: "uccx-trace",
    witness: Witness::Trace,
    read: |text| record(text).ok().map(|(_, record)| record),
    quoted: quotes_nothing,
    samples: &[
        "4711: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance will enter Out of Compliance state because of insufficient licenses.: This Product Instance will enter Out of Compliance state in =45 minutes",
        "10234: Dec 05 19:01:36.215 EST %MIVR-SS_RM-7-UNK:isCTIRoutePoint, addr: 5002:true",
        "101: Mar 24 11:37:42.153 PST%MIVR-SS_TEL-4-ModuleRunTimeFailure:Real-time",
        "1683: Mar 24 11:27:51.716 PST%MIVR-SS_TEL-3-UNABLE_REGISTER_CTIPORT:\nUnable to register CTI Port: CTI Port=4503,",
        "%MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance is currently in Out of Compliance state because of insufficient licenses.",
        "%MIVR-SS_TEL-7-\nEXCEPTION:com.cisco.jtapi.PlatformExceptionImpl:\nUnable to create provider -- bad login or password.",
        "9374: Nov 23 07:09:03.122 COT %JTAPI-PROTOCOL-7-UNK:(P53-) received Event: com.cisco.cti.protocol.ProviderClosedEvent {\neventSequence = 212\n}",
        "2616727: May 13 10:38:31.227 EDT %CER-CER_ONSITEALERT-7-DEBUG:Sending onsite email notification",
    ],
};

/// `record = [seq ":" *SP stamp *SP] code [SP] message`
fn record(i: &str) -> IResult<&str, Record<'_>> {
    let (i, prefix) = nom::combinator::opt((
        grammar::number,
        nom::character::complete::char(':'),
        space0,
        grammar::trace_stamp,
        space0,
    ))
    .parse(i)?;
    let (i, code) = grammar::code(i)?;
    let subfacility = code.subfacility.filter(|_| is_component(code.facility));
    let Some(subfacility) = subfacility else {
        return Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Verify)));
    };
    let (seq, stamp) = match prefix {
        Some((seq, _, _, stamp, _)) => (Some(seq), Some(stamp)),
        None => (None, None),
    };
    let message = i.trim_start_matches([' ', '\r', '\n']).trim_end();
    let (operation, params, text) = licence_message(subfacility, message);
    let record = Record {
        seq,
        host: None,
        stamp,
        outer: None,
        facility: Cow::Borrowed(code.facility),
        subfacility: Some(Cow::Borrowed(subfacility)),
        severity: Severity(code.severity),
        mnemonic: Cow::Borrowed(code.mnemonic),
        params,
        operation: operation.map(Cow::Borrowed),
        text: Cow::Borrowed(text),
    };
    Ok(("", record))
}

/// `component = 2*8UPPER`: MCVD, MIVR, JTAPI, CER. Facilities with an underscore (`UC_`, `CCM_`) are CiscoLog's.
fn is_component(facility: &str) -> bool {
    (2..=8).contains(&facility.len()) && facility.bytes().all(|byte| byte.is_ascii_uppercase())
}

type Message<'a> = (Option<&'a str>, Params<'a>, &'a str);

/// `message = ["[" operation "]" SP class SP] text [": " label "=" value *("," label "=" value)]`
///
/// Only licence records are taken apart: the shape was inferred from the three lines Cisco prints. The label
/// may end in a blank (`state in =45 minutes`).
fn licence_message<'a>(subfacility: &str, message: &'a str) -> Message<'a> {
    if subfacility != "LIB_LICENSE" {
        return (None, Vec::new(), message);
    }
    let (operation, rest) = match message.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((operation, rest)) if is_operation(operation) => (Some(operation), rest.trim_start()),
        _ => (None, message),
    };
    // The class name is a dotted word; the text starts behind it.
    let rest = match rest.split_once(' ') {
        Some((class, text)) if operation.is_some() && class.matches('.').count() >= 2 => text,
        _ => rest,
    };
    let Some((text, tail)) =
        rest.rsplit_once(": ").filter(|(_, tail)| tail.contains('=') && !tail.contains('\n'))
    else {
        return (operation, Vec::new(), rest);
    };
    let params: Params<'a> = tail
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(label, value)| (Cow::Borrowed(label.trim()), Cow::Borrowed(value.trim())))
        .collect();
    (operation, params, text)
}

/// `operation = UPPER *(UPPER / "_")`, as in `REPORT_ENTITLE`.
fn is_operation(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_are_a_parameter_with_a_bare_equals_sign() {
        let record = (FORMAT.read)(FORMAT.samples[0]).unwrap();
        assert_eq!(record.seq, Some(4711));
        assert_eq!(record.operation.as_deref(), Some("REPORT_ENTITLE"));
        assert_eq!(
            record.param("This Product Instance will enter Out of Compliance state in"),
            Some("45 minutes")
        );
        assert_eq!(
            record.text,
            "This Product Instance will enter Out of Compliance state because of insufficient licenses."
        );
    }

    #[test]
    fn a_message_may_start_on_the_next_physical_line() {
        let record = (FORMAT.read)(FORMAT.samples[3]).unwrap();
        assert_eq!(record.text, "Unable to register CTI Port: CTI Port=4503,");
    }

    #[test]
    fn a_name_may_stand_on_the_next_physical_line() {
        let record = (FORMAT.read)(FORMAT.samples[5]).unwrap();
        assert_eq!(record.mnemonic, "EXCEPTION");
    }

    #[test]
    fn a_stamp_alone_is_not_a_record() {
        assert!((FORMAT.read)("May 21 00:59:48.423 IST").is_none());
    }
}
