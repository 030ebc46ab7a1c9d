//! The alert as JSON, for a webhook, for a program and for the dead-letter file, and its signature.
//!
//! To verify: compute HMAC-SHA256 with the shared key over the bytes of `X-Uccxray-Timestamp`, a dot and the body, in
//! lower-case hexadecimal; compare it in constant time with what stands behind `sha256=` in `X-Uccxray-Signature`;
//! refuse a time stamp (Unix seconds) more than five minutes away from now, and an `X-Uccxray-Delivery` seen before:
//! one delivery keeps its id over all attempts.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reports::alerts::Alert;
use reports::escape::{cut, is_hidden};
use serde::Serialize;
use sha2::Sha256;

use super::words::EVIDENCE_MAX;

/// Name and version of the document.
pub const SCHEMA: &str = "uccxray.alert/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    delivery: &'a str,
    /// Lines of evidence that are left out.
    evidence_left_out: usize,
    #[serde(flatten)]
    alert: &'a Alert,
}

/// `alert` with every text cut and at most three lines of evidence: a bound on everything made of it.
#[must_use]
pub fn bounded(alert: &Alert) -> Alert {
    let text = |text: &str, max: usize| cut(text, max).into_owned();
    let mut out = alert.clone();
    out.id = text(&alert.id, 150);
    out.rule = text(&alert.rule, 150);
    out.title = text(&alert.title, 300);
    out.says = text(&alert.says, 2_000);
    out.remedy = text(&alert.remedy, 2_000);
    out.product_instance = alert.product_instance.as_deref().map(|name| text(name, 300));
    out.node = alert.node.as_deref().map(|name| text(name, 300));
    if let Some(deadline) = &mut out.deadline {
        deadline.kind = text(&deadline.kind, 150);
    }
    out.evidence.truncate(EVIDENCE_MAX);
    for line in &mut out.evidence {
        line.source = text(&line.source, 500).into();
        line.member = line.member.as_deref().map(|member| text(member, 500).into());
        line.text = text(&line.text, 1_000).into();
    }
    out
}

/// The document, on one line. Hidden characters are written as `\u....`: the same JSON, harmless to a terminal.
#[must_use]
pub fn document(alert: &Alert, delivery: &str) -> String {
    let short = bounded(alert);
    let evidence_left_out = alert.evidence.len() - short.evidence.len();
    let delivery = cut(delivery, 150);
    let document = Document { schema: SCHEMA, delivery: &delivery, evidence_left_out, alert: &short };
    // Plain data with texts as keys: there is nothing that could fail.
    ascii_hidden(&serde_json::to_string(&document).unwrap_or_default())
}

/// `json` with what a terminal would act on written as escapes; such characters stand only within texts.
#[must_use]
pub fn ascii_hidden(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The value of `X-Uccxray-Signature` for a body sent at `timestamp`, in Unix seconds.
#[must_use]
pub fn signature(key: &[u8], timestamp: i64, body: &str) -> String {
    let mut text = "sha256=".to_owned();
    // A key of any length is taken: longer ones are hashed first (RFC 2104, section 3).
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(body.as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::{ATTACK, alert, hostile};

    #[test]
    fn a_document_is_the_alert_with_its_schema() {
        let text = document(&alert(), "d1");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["schema"], SCHEMA);
        assert_eq!(value["delivery"], "d1");
        assert_eq!(value["deadline"]["remaining_s"], 86_400);
        let again: Alert = serde_json::from_str(&text).unwrap();
        assert_eq!(again, alert());
    }

    #[test]
    fn hostile_text_stays_text_and_is_bounded() {
        let text = document(&hostile(ATTACK), "d1");
        assert!(!text.chars().any(is_hidden), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["title"], ATTACK);
        assert_eq!(value["evidence_left_out"], 2);
        assert!(document(&hostile(&"\u{e0041}".repeat(1 << 18)), &"d".repeat(1 << 20)).len() < 200_000);
    }

    /// The first value was calculated by another implementation.
    #[test]
    fn a_signature_covers_time_and_body() {
        let known = "sha256=14cf744eb90f2e95e20695a54d57734ade3d50464d0b793e500c2f8a40006f74";
        assert_eq!(signature(b"Jefe", 1_775_107_800, "{\"a\":1}"), known);
        let one = signature(b"Jefe", 1, "body");
        assert_ne!(one, signature(b"Jefe", 2, "body"));
        assert_ne!(one, signature(b"Jefe", 1, "body."));
        assert_ne!(one, signature(b"Jeff", 1, "body"));
    }
}
