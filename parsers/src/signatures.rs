//! Failure texts: what Java, the smart agent and Call Home print when CSSM cannot be reached.
//!
//! A text alone proves little: the same words stand in telephony logs. It counts only in a record of a licence
//! facility, or one that names a class of the smart agent or a host of CSSM.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::event::FailureClass;
use crate::record::Record;

/// A failure text.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The literal.
    pub text: &'static str,
    /// What it tells.
    pub class: FailureClass,
}

const fn sig(text: &'static str, class: FailureClass) -> Signature {
    Signature { text, class }
}

/// The texts, most specific first: in a chain of causes the first row that occurs anywhere decides.
///
/// Source: Java runtime messages; Cisco field notice on QuoVadis Root CA 2 (`ERR 205`, `ERR 207`, Call Home);
/// 217535 (`LicenseResponse`); CUCM Troubleshooting Guide 12.5(1) (`Operation timed out`, `Connection refused`).
pub const SIGNATURES: &[Signature] = &[
    sig("UnknownHostException:", FailureClass::Dns),
    sig("java.net.UnknownHostException", FailureClass::Dns),
    sig("Unable to resolve server hostname", FailureClass::Dns),
    sig("Name or service not known", FailureClass::Dns),
    sig("No subject alternative", FailureClass::TlsName),
    sig("No name matching", FailureClass::TlsName),
    sig("CertificateExpiredException", FailureClass::TlsDate),
    sig("CertificateNotYetValidException", FailureClass::TlsDate),
    sig("PKIX path", FailureClass::TlsTrust),
    sig("unable to find valid certification path", FailureClass::TlsTrust),
    sig("No trusted certificate found", FailureClass::TlsTrust),
    sig("SSLHandshakeException", FailureClass::TlsTrust),
    sig("Proxy Authentication Required", FailureClass::Proxy),
    sig("Unable to tunnel through proxy", FailureClass::Proxy),
    sig("Connection refused", FailureClass::Refused),
    sig("Connection reset", FailureClass::Reset),
    sig("ERR 205", FailureClass::Reset),
    sig("timed out", FailureClass::Timeout),
    sig("SocketTimeoutException", FailureClass::Timeout),
    sig("ERR 207", FailureClass::Timeout),
    sig("No route to host", FailureClass::Timeout),
    sig("LicenseResponse status code: FAILED", FailureClass::Rejected),
    sig("Received empty response", FailureClass::EmptyResponse),
    sig("Fail to send out Call Home", FailureClass::Generic),
    sig("Communication message send error", FailureClass::Generic),
    sig("Communication send error", FailureClass::Generic),
];

/// Words that tie a record to the licence transport.
const CONTEXT: [&str; 6] = [
    "com.cisco.smartlicense",
    "com.cisco.nesla",
    "com.callhome",
    "Smart Software Manager",
    "SmartAgent",
    "Smart Licensing message",
];

/// Facilities whose records are about the licence transport by themselves.
const FACILITIES: [&str; 4] = ["LIB_LICENSE", "SLMALARMCATALOG", "SMART_LIC", "CALL_HOME"];

/// The failure that `raw` (the whole record, continuation lines included) tells of; `None` if it tells of none,
/// or of one that is not about the licence transport.
#[must_use]
pub fn failure(record: &Record<'_>, raw: &str) -> Option<FailureClass> {
    let facility = record.catalog();
    let about_licences = FACILITIES.iter().any(|known| known.eq_ignore_ascii_case(facility))
        || CONTEXT.iter().chain(&URL_WORDS).any(|word| raw.contains(word));
    if !about_licences {
        return None;
    }
    static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let texts = SIGNATURES.iter().map(|signature| signature.text);
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok()
    });
    let finder = FINDER.as_ref()?;
    finder
        .find_iter(raw)
        .map(|hit| hit.pattern().as_usize())
        .min()
        .and_then(|index| SIGNATURES.get(index))
        .map(|signature| signature.class)
}

/// The host that could not be resolved, as in `UnknownHostException: cssm.example.com`.
#[must_use]
pub fn unresolved_host(raw: &str) -> Option<&str> {
    let (_, rest) = raw.split_once("UnknownHostException: ")?;
    host_at_start(rest)
}

/// The longest host name or address at the start of a text.
fn host_at_start(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
        .unwrap_or(text.len());
    let host = text.get(..end)?.trim_end_matches(['.', '-']);
    (!host.is_empty() && host.len() <= 255).then_some(host)
}

/// What a record prints in which the smart agent asks for licences.
pub(crate) const REQUEST: &str = "#requestEntitlement";

/// The tag and the count of a record in which the smart agent asks for licences; `None` unless both stand in it.
///
/// Source: Cisco tech note 217535 (`SmartAgentImpl#requestEntitlement`, `entitlementTag: regid.…`, `count: 0`), of
/// Unity Connection. Whether UCCX prints both in one record was not seen.
#[must_use]
pub fn entitlement_request(raw: &str) -> Option<(&str, u32)> {
    let (_, behind) = raw.split_once(REQUEST)?;
    let (_, tag) = behind.split_once("entitlementTag:")?;
    let tag = tag.trim_start();
    // A comma is part of the tag, and ends it.
    let end = tag.find(|c: char| c.is_whitespace() || matches!(c, ']' | ')' | ';')).unwrap_or(tag.len());
    let tag = tag.get(..end)?;
    let tag = tag.split_once(",count:").map_or(tag, |(tag, _)| tag).trim_end_matches(',');
    let (before, count) = behind.split_once("count:")?;
    // `discount: 5` is none.
    if before.ends_with(|c: char| c.is_alphanumeric()) || !(1..=200).contains(&tag.len()) {
        return None;
    }
    let count = count.trim_start();
    let digits = count.bytes().take_while(u8::is_ascii_digit).count();
    Some((tag, count.get(..digits)?.parse().ok()?))
}

/// What only a Transport URL holds.
///
/// Source: Administration Guide 15.0, System Menu, and Features Guide, Smart Licensing: the four URLs.
pub(crate) const URL_WORDS: [&str; 3] =
    ["/Transportgateway/", "tools.cisco.com/its/", "smartreceiver.cisco.com/"];

/// The first Transport URL in a record, and the host in it.
#[must_use]
pub fn transport_url(raw: &str) -> Option<(&str, &str)> {
    for word in URL_WORDS {
        let Some(at) = raw.find(word) else { continue };
        let start = raw.get(..at)?.rfind("http")?;
        let url = raw.get(start..)?;
        let end = url
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'' | '>' | ')' | ']' | ';'))
            .unwrap_or(url.len());
        let url = url.get(..end)?.trim_end_matches('.');
        let (_, behind) = url.split_once("://")?;
        let host = host_at_start(behind)?;
        if url.len() <= 300 {
            return Some((url, host));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::read_record;

    #[track_caller]
    fn check(raw: &str, expected: Option<FailureClass>) {
        let (_, record) = read_record(raw, None).expect("a record");
        assert_eq!(failure(&record, raw), expected, "{raw}");
    }

    #[test]
    fn a_cause_in_a_continuation_line_is_found() {
        let raw = "9: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-7-EXCEPTION:com.cisco.nesla.X: Communication send error\n\tat com.cisco.nesla.agent.A.b(A.java:1)\nCaused by: java.net.UnknownHostException: cssm.example.com\n\tat java.net.C.d(C.java:2)";
        check(raw, Some(FailureClass::Dns));
        assert_eq!(unresolved_host(raw), Some("cssm.example.com"));
    }

    #[test]
    fn the_same_words_in_a_telephony_record_are_no_licence_failure() {
        check("%MIVR-SS_TEL-4-ModuleRunTimeFailure:Unable to create provider -- Connection refused", None);
    }

    #[test]
    fn a_request_for_licences_has_a_tag_and_a_count() {
        let agent = "com.cisco.nesla.agent.impl.SmartAgentImpl#requestEntitlement -";
        let tag = "regid.2019-06.com.cisco.CCX_FLEX_STD,12.5_be49ea3c-8224-4a1c-b3cc-f98b7c63de3b";
        for text in [
            "{agent} entitlementTag: {tag}, count: 40",
            "{agent} count: 40 entitlementTag: {tag}",
            "{agent} entitlementTag:{tag},count:40",
        ] {
            let text = text.replace("{agent}", agent).replace("{tag}", tag);
            assert_eq!(entitlement_request(&text), Some((tag, 40)), "{text}");
        }
        for text in [
            "{agent} entitlementTag: {tag}",
            "{agent} count: 4",
            "entitlementTag: {tag}, count: 4",
            "{agent} entitlementTag: {tag} count: many",
            "{agent} entitlementTag: {tag} discount: 4",
        ] {
            let text = text.replace("{agent}", agent).replace("{tag}", tag);
            assert_eq!(entitlement_request(&text), None, "{text}");
        }
    }

    #[test]
    fn a_url_gives_its_host() {
        assert_eq!(
            transport_url("url=https://cssm.example.com/Transportgateway/services/DeviceRequestHandler, x"),
            Some((
                "https://cssm.example.com/Transportgateway/services/DeviceRequestHandler",
                "cssm.example.com"
            ))
        );
        assert_eq!(transport_url("see /Transportgateway/ for more"), None);
    }
}
