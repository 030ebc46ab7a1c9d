//! The alert as one syslog message (RFC 5424), its frame on a stream octet-counted (RFC 6587, section 3.4.1).

use reports::alerts::Alert;
use reports::report::Severity;
use reports::time::Time;

use super::words::{is_over, line, plain};

/// Longest message in bytes: what a receiver should take (RFC 5424, section 6.1).
pub const BYTES_MAX: usize = 2_048;

/// The message. `facility` is the number of RFC 5424, section 6.2.1; `hostname` is the sender's, `None` for `-`.
#[must_use]
pub fn message(alert: &Alert, now: Time, facility: u8, hostname: Option<&str>) -> Vec<u8> {
    let severity = match alert.severity {
        _ if is_over(alert) => 5,
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    };
    let priority = u16::from(facility.min(23)) * 8 + severity;
    let host = hostname.map_or_else(|| "-".to_owned(), |name| word(name, 255));
    let rule = word(&alert.rule, 32);
    let mut params = String::new();
    let mut param = |name: &str, value: &str| {
        params.push_str(&format!(" {name}=\"{}\"", value_escaped(&plain(value, 100))));
    };
    param("id", &alert.id);
    param("state", alert.state.name());
    param("severity", alert.severity.name());
    param("basis", alert.basis.name());
    if let Some(name) = &alert.product_instance {
        param("system", name);
    }
    if let Some(since) = alert.since {
        param("since", &since.text());
    }
    if let Some(deadline) = &alert.deadline {
        param("deadline", &deadline.expected.text());
    }
    for (mark, is_set) in [("test", alert.test), ("replay", alert.replayed), ("mayRepeat", alert.may_repeat)]
    {
        if is_set {
            param(mark, "true");
        }
    }
    // 32473 is the enterprise number set aside for examples (RFC 5612): there is none of our own.
    let head = format!("<{priority}>1 {} {host} uccxray - {rule} [alert@32473{params}] ", now.text());
    let mut out = head.into_bytes();
    out.extend_from_slice(b"\xef\xbb\xbf");
    let text = line(alert);
    let mark = "... (cut)";
    let room = BYTES_MAX.saturating_sub(out.len());
    if text.len() <= room {
        out.extend_from_slice(text.as_bytes());
    } else {
        let mut end = room.saturating_sub(mark.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        out.extend_from_slice(text.get(..end).unwrap_or_default().as_bytes());
        out.extend_from_slice(mark.as_bytes());
    }
    out
}

/// The message as it stands on a stream: its length in bytes, a blank, and itself.
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = format!("{} ", message.len()).into_bytes();
    out.extend_from_slice(message);
    out
}

/// A field of the header: printable ASCII without blanks.
fn word(text: &str, max: usize) -> String {
    let word: String = text.chars().take(max).map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// A parameter's value (RFC 5424, section 6.3.3).
fn value_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::{ATTACK, alert, at, hostile};

    #[test]
    fn a_message_has_header_data_and_text() {
        let bytes = message(&alert(), Time(at(60)), 16, Some("uccxpub"));
        let text = String::from_utf8(bytes).unwrap();
        let head = "<131>1 2026-04-02T05:31:00.000Z uccxpub uccxray - out-of-compliance [alert@32473 \
                    id=\"0123456789abcdef\" state=\"raised\"";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains("] \u{feff}[RAISED high] uccxpub: Out of"), "{text}");
        assert_eq!(framed(b"abc"), b"3 abc");
    }

    #[test]
    fn hostile_text_leaves_no_field_and_is_bounded() {
        for text in [ATTACK.to_owned(), "é]\"".repeat(1 << 18)] {
            let bytes = message(&hostile(&text), Time(at(0)), 255, Some(&text));
            assert!(bytes.len() <= BYTES_MAX, "{}", bytes.len());
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains(['\n', '\r', '\0', '\u{1b}', '\u{202e}']), "{text}");
            assert_eq!(text.split(' ').nth(3), Some("uccxray"), "{text}");
            assert!(text.split(' ').nth(6).unwrap().starts_with("[alert@32473"), "{text}");
            assert!(text.contains("cut)"), "{text}");
        }
        assert_eq!(value_escaped("a\"]\\"), "a\\\"\\]\\\\");
    }
}
