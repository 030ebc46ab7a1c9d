//! Messages for Slack (Block Kit), Teams (an Adaptive Card in the envelope of a workflow's webhook) and Webex (Markdown).

use reports::alerts::Alert;
use reports::escape::{code, cut, markdown};
use serde_json::{Value, json};

use super::words::{Told, is_over, told};

/// Longest text of a Slack section (Slack, Block Kit, "Section block").
const SLACK_MAX: usize = 2_900;
/// Longest Webex message is 7439 bytes (Webex, "Create a Message"); some room is left.
const WEBEX_MAX: usize = 7_000;

/// The body for a Slack incoming webhook.
#[must_use]
pub fn slack(alert: &Alert) -> String {
    let Told { headline, rows, evidence } = told(alert);
    let section = |text: String| {
        // `verbatim`: no address, channel or name in the text becomes a link or a mention.
        json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})
    };
    let mut blocks = vec![section(format!("*{}*", slack_escaped(&headline, SLACK_MAX)))];
    for (label, text) in &rows {
        blocks.push(section(format!("*{label}:* {}", slack_escaped(text, SLACK_MAX))));
    }
    for (place, text) in &evidence {
        let (place, text) = (slack_escaped(place, 1_000), slack_escaped(text, 1_500));
        blocks.push(section(format!("{place}\n```{text}```")));
    }
    let fallback = slack_escaped(&headline, SLACK_MAX);
    json!({"text": fallback, "blocks": blocks, "unfurl_links": false, "unfurl_media": false}).to_string()
}

/// `text` with Slack's three control characters as entities and backticks spelled out, within `max` characters.
fn slack_escaped(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '`' => "\\u{60}",
            _ => "",
        };
        if out.len() + piece.len().max(4) > max {
            out.push_str("... (cut)");
            break;
        }
        if piece.is_empty() { out.push(c) } else { out.push_str(piece) }
    }
    out
}

/// The body for a workflow's webhook of Teams. Texts stand in `TextRun`s, which know no Markdown.
#[must_use]
pub fn teams(alert: &Alert) -> String {
    let Told { headline, rows, evidence } = told(alert);
    let run = |text: &str| json!({"type": "TextRun", "text": text});
    let strong = |text: &str| json!({"type": "TextRun", "text": text, "weight": "Bolder"});
    let color = if is_over(alert) { "Good" } else { "Attention" };
    let head =
        json!({"type": "TextRun", "text": headline, "weight": "Bolder", "size": "Medium", "color": color});
    let mut body: Vec<Value> = vec![json!({"type": "RichTextBlock", "inlines": [head]})];
    for (label, text) in &rows {
        body.push(json!({"type": "RichTextBlock", "inlines": [strong(&format!("{label}: ")), run(text)]}));
    }
    for (place, text) in &evidence {
        let excerpt = json!({"type": "TextRun", "text": text, "fontType": "Monospace"});
        body.push(json!({"type": "RichTextBlock", "inlines": [run(&format!("{place}: ")), excerpt]}));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.4", "body": body, "msteams": {"width": "Full"},
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
    });
    json!({"type": "message", "attachments": [attachment]}).to_string()
}

/// The body of a message to the Webex room `room`.
#[must_use]
pub fn webex(alert: &Alert, room: &str) -> String {
    let Told { headline, rows, evidence } = told(alert);
    // A mention is `<@...>`, and nothing says that code is safe from it.
    let quiet = |text: String| text.replace("<@", "<\\u{40}");
    let mut text = format!("**Alert** {}", quiet(markdown(&headline)));
    let mut left_out = 0_u32;
    let mut add = |paragraph: String| {
        if text.len() + paragraph.len() + 2 <= WEBEX_MAX {
            text.push_str("\n\n");
            text.push_str(&paragraph);
        } else {
            left_out += 1;
        }
    };
    for (label, row) in &rows {
        add(format!("**{label}:** {}", quiet(markdown(row))));
    }
    for (place, excerpt) in &evidence {
        add(format!("Evidence {}: {}", quiet(code(place)), quiet(code(excerpt))));
    }
    if left_out > 0 {
        text.push_str(&format!("\n\n{left_out} more paragraphs do not fit into a message"));
    }
    let room = cut(room, 300);
    json!({"roomId": room, "markdown": text}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::{ATTACK, alert, hostile};

    #[track_caller]
    fn check(make: impl Fn(&Alert) -> String, bytes_max: usize) -> String {
        let long = make(&hostile(&"<\u{e0041}日&`".repeat(1 << 16)));
        assert!(long.len() < bytes_max, "{}", long.len());
        let text = make(&alert());
        for part in
            ["RAISED", "Out of Compliance", "inference", "Buy licenses", "2026-04-03 05:31:00Z", "line 7"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let text = make(&hostile(ATTACK));
        serde_json::from_str::<Value>(&text).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("\\u001b"), "{text}");
        text
    }

    #[test]
    fn slack_sees_no_control_sequence() {
        let text = check(slack, 60_000);
        assert!(!text.contains("<!channel>") && !text.contains('<'), "{text}");
        assert!(text.contains("&lt;!channel&gt;"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        for block in value["blocks"].as_array().unwrap() {
            assert_eq!(block["text"]["verbatim"], true);
        }
        assert!(value["blocks"].as_array().unwrap().len() <= 50);
    }

    #[test]
    fn teams_sees_no_markdown_and_stays_under_its_limit() {
        let text = check(teams, 28 * 1_024);
        let value: Value = serde_json::from_str(&text).unwrap();
        let card = &value["attachments"][0]["content"];
        assert!(card["body"].as_array().unwrap().iter().all(|block| block["type"] == "RichTextBlock"));
        assert!(card["msteams"].get("entities").is_none());
    }

    #[test]
    fn webex_sees_no_link_and_no_mention() {
        let text = check(|alert| webex(alert, "room"), 2 * WEBEX_MAX);
        let value: Value = serde_json::from_str(&text).unwrap();
        let shown = value["markdown"].as_str().unwrap();
        assert!(!shown.contains("<@"), "{shown}");
        assert!(shown.contains("`</p><script>alert(1)</script>[x](javascript:alert(1`"), "{shown}");
        assert!(shown.len() <= 7_439);
    }
}
