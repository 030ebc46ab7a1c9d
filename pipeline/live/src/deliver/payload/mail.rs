//! The alert as e-mail: subject, plain text and HTML, and the headers that put one matter into one thread.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};
use parsers::stamp::Instant;
use reports::alerts::Alert;

use super::words::{Told, told};

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5): no vacation notice comes back.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The message. Each delivery has its own `Message-ID`, the same over all attempts; `References` names the alert,
/// so that raising and resolving stand in one thread.
///
/// # Errors
/// A sentence, if no message can be made of the addresses.
pub fn message(
    alert: &Alert,
    delivery: &str,
    from: &Mailbox,
    to: &[Mailbox],
    now: Instant,
) -> Result<Message, String> {
    let told = told(alert);
    let domain = from.email.domain();
    let thread = format!("<uccxray.{}@{domain}>", id(&alert.id));
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(told.headline.clone())
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<uccxray.{}.{}@{domain}>", id(&alert.id), id(delivery))))
        .in_reply_to(thread.clone())
        .references(thread)
        .header(AutoSubmitted);
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let part =
        |content_type: ContentType, text: String| SinglePart::builder().header(content_type).body(text);
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        // `=_` cannot stand in quoted-printable or base64 (RFC 2045, section 6.7).
        .boundary(format!("=_uccxray_{}", id(delivery)))
        .singlepart(part(ContentType::TEXT_PLAIN, text(&told)))
        .singlepart(part(ContentType::TEXT_HTML, html(&told)));
    builder.multipart(body).map_err(|error| format!("no message can be made: {error}"))
}

/// Letters and digits of an id, at most forty: it stands in headers.
fn id(text: &str) -> String {
    let id: String = text.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    if id.is_empty() { "none".to_owned() } else { id }
}

fn text(told: &Told) -> String {
    let mut out = format!("{}\r\n\r\n", told.headline);
    for (label, text) in &told.rows {
        out.push_str(&format!("{label}: {text}\r\n"));
    }
    for (place, text) in &told.evidence {
        out.push_str(&format!("\r\n{place}:\r\n  {text}\r\n"));
    }
    out
}

fn html(told: &Told) -> String {
    let mut out =
        format!("<!DOCTYPE html>\r\n<html><body>\r\n<h2>{}</h2>\r\n<table>\r\n", escaped(&told.headline));
    for (label, text) in &told.rows {
        out.push_str(&format!("<tr><th align=\"left\">{label}</th><td>{}</td></tr>\r\n", escaped(text)));
    }
    out.push_str("</table>\r\n");
    for (place, text) in &told.evidence {
        out.push_str(&format!("<p>{}</p>\r\n<pre>{}</pre>\r\n", escaped(place), escaped(text)));
    }
    out.push_str("</body></html>\r\n");
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::{ATTACK, alert, at, hostile};

    fn written(alert: &Alert, delivery: &str) -> String {
        let from: Mailbox = "uccxray <watch@example.com>".parse().unwrap();
        let to: Vec<Mailbox> = vec!["admin@example.com".parse().unwrap()];
        String::from_utf8(message(alert, delivery, &from, &to, at(0)).unwrap().formatted()).unwrap()
    }

    #[test]
    fn raising_and_resolving_stand_in_one_thread() {
        let raised = written(&alert(), "d1");
        let mut over = alert();
        over.state = reports::alerts::AlertState::Resolved;
        let over = written(&over, "d2");
        let thread = "References: <uccxray.0123456789abcdef@example.com>\r\n";
        assert!(raised.contains(thread) && over.contains(thread), "{raised}");
        assert!(raised.contains("Message-ID: <uccxray.0123456789abcdef.d1@example.com>\r\n"), "{raised}");
        assert!(over.contains("Message-ID: <uccxray.0123456789abcdef.d2@example.com>\r\n"), "{over}");
        assert!(raised.contains("Auto-Submitted: auto-generated\r\n"), "{raised}");
        assert!(raised.contains("Date: Thu, 02 Apr 2026 05:30:00 +0000\r\n"), "{raised}");
        assert_eq!(raised, written(&alert(), "d1"));
    }

    #[test]
    fn no_header_and_no_tag_comes_from_the_log() {
        let mail = written(&hostile(ATTACK), ATTACK);
        let head = mail.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        let html = mail.split("text/html").nth(1).unwrap();
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        assert!(!mail.contains(['\0', '\u{1b}']), "{mail}");
        assert!(!escaped(ATTACK).contains(['<', '>', '"']));
        assert!(written(&hostile(&"x".repeat(1 << 20)), "d").len() < 40_000);
    }
}
