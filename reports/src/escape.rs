//! Log text is hostile: an attacker writes a host name, an administrator reads it in a terminal or in a ticket.
//!
//! Every string that came from the input passes here on its way out. What is taken away is shown as `\u{1b}`
//! rather than removed, so that a reader sees that something was there.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest text from the input that a person is shown in one piece, in characters.
pub const SHOWN_MAX: usize = 2_000;

/// Whether `c` moves the cursor, turns the direction of reading or is drawn as nothing.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// `text` for one line of a terminal: control, direction and invisible characters are spelled out.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    spell_out(text, is_hidden)
}

/// Like [`terminal`], in ASCII alone.
#[must_use]
pub fn ascii(text: &str) -> Cow<'_, str> {
    spell_out(text, |c| is_hidden(c) || !c.is_ascii())
}

/// The first `chars_max` characters of `text`, with a note where something was cut.
#[must_use]
pub fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let head = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{head} ... (cut, {} bytes in all)", text.len()))
        }
    }
}

/// A sentence for Markdown. Words that Markdown, HTML or a ticket system could act on stand as code, the rest
/// stays prose: no link, tag, mention, table cell or emphasis can come from the input.
///
/// Never put it at the start of a line: a leading `-` or `1.` would begin a list.
#[must_use]
pub fn markdown(text: &str) -> String {
    let text = cut(text, SHOWN_MAX);
    let text = terminal(&text);
    let mut out = String::with_capacity(text.len());
    for (i, word) in text.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let body = word.trim_end_matches(['.', ',', ';', ':', ')', '?', '"', '\'']);
        let lead = body.len() - body.trim_start_matches(['(', '"', '\'']).len();
        let (opening, core) = body.split_at_checked(lead).unwrap_or(("", body));
        if is_plain(core) {
            out.push_str(word);
        } else {
            out.push_str(opening);
            out.push_str(&code(core));
            out.push_str(word.get(body.len()..).unwrap_or_default());
        }
    }
    out
}

/// A word that means nothing to Markdown and that no linker takes for an address.
fn is_plain(word: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || "-+%='\",;:/.()?–—−…·→≤≥".contains(c);
    let address = |word: &str| {
        word.contains("//")
            || word.split('.').skip(1).any(|label| label.chars().next().is_some_and(char::is_alphabetic))
    };
    // A lone `>` only means something at the start of a line; our own menu paths use it.
    word == ">" || (word.chars().all(harmless) && !address(word))
}

/// `text` as one Markdown code span, its fence longer than any run of backticks inside. Safe in a table cell:
/// a bar, which would end the cell even inside code, is spelled out.
#[must_use]
pub fn code(text: &str) -> String {
    let text = cut(text, SHOWN_MAX);
    let text = spell_out(&text, |c| is_hidden(c) || c == '|');
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // A blank beside the fence is taken off by Markdown; without it a backtick would join the fence.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// `lines` as one fenced block of Markdown that nothing inside can end.
#[must_use]
pub fn block<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut body = String::new();
    for text in lines {
        let text = cut(text, SHOWN_MAX);
        for line in text.lines() {
            body.push_str(&terminal(line));
            body.push('\n');
        }
    }
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    format!("{fence}text\n{body}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn spell_out(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_no_control_sequence() {
        assert_eq!(terminal("\u{1b}[31mred\u{7}\u{9b}2J"), "\\u{1b}[31mred\\u{7}\\u{9b}2J");
        assert_eq!(terminal("a\nb\tc\rd"), "a\\nb\\tc\\rd");
        assert_eq!(terminal("Grüße 日本"), "Grüße 日本");
    }

    #[test]
    fn nothing_turns_or_hides_text() {
        assert_eq!(terminal("abc\u{202e}txt.exe"), "abc\\u{202e}txt.exe");
        assert_eq!(terminal("a\u{200b}b\u{feff}\u{e0041}"), "a\\u{200b}b\\u{feff}\\u{e0041}");
        assert_eq!(ascii("é\u{2066}"), "\\u{e9}\\u{2066}");
    }

    #[test]
    fn a_sentence_brings_no_markup_through() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(markdown(text), expected);
        }
        check("not in service on uccx1, since 10:00.", "not in service on uccx1, since 10:00.");
        check("see [x](javascript:alert(1)) now", "see `[x](javascript:alert(1`)) now");
        check("</script><img src=x>", "`</script><img` `src=x>`");
        check("ask @everyone, or #1", "ask `@everyone`, or `#1`");
        check(
            "https://tools.cisco.com/its (www.example.com)",
            "`https://tools.cisco.com/its` (`www.example.com`)",
        );
        check("a|b `c` *d* _e_", "`a\\u{7c}b` `` `c` `` `*d*` `_e_`");
        check("12.5(1)SU2 or 15.0", "12.5(1)SU2 or 15.0");
        check("System > License, a>b", "System > License, `a>b`");
        check("one\ntwo\u{a0}three", "`one\\ntwo\u{a0}three`");
    }

    #[test]
    fn code_survives_backticks_and_bars() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a\\|b"), "`a\\\\u{7c}b`");
        assert_eq!(code(""), "(empty)");
    }

    #[test]
    fn a_block_cannot_be_left() {
        let text = block(["```\n# not a heading\n````"]);
        assert_eq!(text, "`````text\n```\n# not a heading\n````\n`````\n");
    }

    #[test]
    fn a_megabyte_is_cut_and_says_so() {
        let long = "é".repeat(1 << 20);
        let shown = markdown(&long);
        assert!(shown.len() < 5_000 && shown.contains("bytes in all"), "{}", shown.len());
        assert!(block([long.as_str()]).len() < 5_000);
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc ... (cut, 4 bytes in all)");
    }
}
