//! What records of the smart agent print beside failures: the Transport URL, and how many licenses it asks for.

/// The longest host name or address at the start of a text.
pub(crate) fn host_at_start(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
        .unwrap_or(text.len());
    let host = text.get(..end)?.trim_end_matches(['.', '-']);
    (!host.is_empty() && host.len() <= 255).then_some(host)
}

/// What a record prints in which the smart agent asks for licences.
const REQUEST: &str = "#requestEntitlement";

/// What it prints in front of which ones. The agent's debug output names the request far more often than the tag.
pub(crate) const REQUEST_TAG: &str = "entitlementTag:";

/// The tag and the count of a record in which the smart agent asks for licences; `None` unless both stand in it.
///
/// Source: Cisco tech note 217535 (`SmartAgentImpl#requestEntitlement`, `entitlementTag: regid.…`, `count: 0`), of
/// Unity Connection. Whether UCCX prints both in one record was not seen.
#[must_use]
pub fn entitlement_request(raw: &str) -> Option<(&str, u32)> {
    let (_, behind) = raw.split_once(REQUEST)?;
    let (_, tag) = behind.split_once(REQUEST_TAG)?;
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
