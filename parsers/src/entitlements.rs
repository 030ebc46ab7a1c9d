//! Entitlements have a name in CSSM, a tag in messages, a column in the database and a title in CUIC: one name each.

use std::sync::Arc;

/// Seats of agents with chat, e-mail or predictive outbound, and of supervisors (Flex).
pub const PREMIUM: &str = "PREMIUM";
/// Seats of agents with voice only (Flex).
pub const STANDARD: &str = "STANDARD";
/// Seats of agents (perpetual licences).
pub const AGENTS: &str = "AGENTS";
/// Inbound ports.
pub const INBOUND_PORTS: &str = "INBOUND_PORTS";
/// Outbound IVR ports.
pub const OUTBOUND_PORTS: &str = "OUTBOUND_PORTS";
/// Outbound seats (perpetual licences).
pub const OUTBOUND_SEATS: &str = "OUTBOUND_SEATS";
/// The licence of the second node.
pub const HIGH_AVAILABILITY: &str = "HIGH_AVAILABILITY";
/// The licence of the server.
pub const SERVER: &str = "SERVER";

/// One name for an entitlement however it is written: `CCX Flex Premium Seat 12.5`, `premseats`, `Maximum premium
/// Seats` and `regid.2019-06.com.cisco.CCX_FLEX_PREMIUM,12.5_…` are all `PREMIUM`. What is not known keeps its name,
/// in capitals, with `_` for what is neither letter nor digit.
///
/// Source: Administration and Operations Guides 12.5(1) SU3 and 15.0 (names and tags); Database Schema Guide 15.0
/// (columns); CUIC report guide (titles).
#[must_use]
pub fn name(written: &str) -> Arc<str> {
    let mut plain = String::with_capacity(written.len());
    for c in written.trim().chars().take(200) {
        if c.is_alphanumeric() {
            plain.extend(c.to_uppercase());
        } else if !plain.ends_with('_') && !plain.is_empty() {
            plain.push('_');
        }
    }
    let plain = plain.trim_end_matches('_');
    let has = |word: &str| plain.contains(word);
    let known = if has("HIGH_AVAILABILITY") || has("WARM_STANDBY") || plain == "HA" {
        HIGH_AVAILABILITY
    } else if has("PREM") {
        PREMIUM
    } else if has("STD") || has("STANDARD") {
        STANDARD
    } else if has("INBOUND") && has("PORT") {
        INBOUND_PORTS
    } else if has("OUTBOUND") && has("PORT") {
        OUTBOUND_PORTS
    } else if has("OUTBOUND") && has("SEAT") {
        OUTBOUND_SEATS
    } else if has("INBOUND") && has("SEAT") || has("AGENT") {
        AGENTS
    } else if has("SERVER") {
        SERVER
    } else {
        plain
    };
    known.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_entitlement_has_one_name() {
        for (written, expected) in [
            ("CCX Flex Premium Seat 12.5", PREMIUM),
            ("premseats", PREMIUM),
            ("Maximum premium Seats", PREMIUM),
            ("regid.2019-06.com.cisco.CCX_FLEX_PREMIUM,12.5_0ecc396f-9a80-4b7b-a4c1-35011a2bc68f", PREMIUM),
            ("CCX Flex Standard Seat", STANDARD),
            ("regid.2019-06.com.cisco.CCX_FLEX_STD,12.5_be49ea3c-8224-4a1c-b3cc-f98b7c63de3b", STANDARD),
            ("stdseats", STANDARD),
            ("inboundportsinuse", INBOUND_PORTS),
            ("CCX Outbound Port 12.5-Flex", OUTBOUND_PORTS),
            ("inboundseatsinuse", AGENTS),
            ("outboundseatsinuse", OUTBOUND_SEATS),
            ("Maximum Agent Seats", AGENTS),
            ("CCX High Availability", HIGH_AVAILABILITY),
        ] {
            assert_eq!(&*name(written), expected, "{written}");
        }
    }

    #[test]
    fn an_unknown_entitlement_keeps_its_name() {
        assert_eq!(&*name(" e-mail bots "), "E_MAIL_BOTS");
        assert_eq!(&*name(""), "");
        assert_eq!(name(&"x".repeat(10_000)).len(), 200);
    }
}
