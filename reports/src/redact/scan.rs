//! The dictionary: every original that was named, in every spelling that an output may give it, looked for in one pass.

use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};

use super::map::Map;
use super::pseudonyms::CUT;
use super::rules::{Rule, is_searchable};
use super::sieve::Sieve;
use crate::escape;
use crate::report::Text;

/// Shorter outputs are searched whole.
const FROM: usize = 1 << 15;

/// An original that stands in a finished output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// Where it begins, in bytes.
    pub offset: usize,
    /// The rule that it falls under.
    pub rule: Rule,
    /// What should stand there.
    pub pseudonym: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a value of the rule `{}` stands at byte {} instead of {}",
            self.rule.name(),
            self.offset,
            self.pseudonym
        )
    }
}

/// What a pattern of the dictionary is.
#[derive(Clone, Debug)]
struct Pattern {
    rule: Rule,
    pseudonym: Text,
    /// Whether it is the pseudonym itself, which stays.
    keep: bool,
}

/// A place that the dictionary found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rule: Rule,
    pub(super) pseudonym: &'a Text,
    pub(super) keep: bool,
}

/// Originals and pseudonyms, compiled.
#[derive(Debug)]
pub(super) struct Dictionary {
    automaton: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
    /// Where originals could be; `None` if one is too short to tell.
    sieve: Option<Sieve>,
    /// The longest pattern, in bytes.
    longest: usize,
}

impl Dictionary {
    /// All that a map names and that can be told from other words.
    pub(super) fn of(map: &Map) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut patterns = Vec::new();
        let mut originals: Vec<Box<[u8]>> = Vec::new();
        for ((rule, original), pseudonym) in &map.names {
            // A network is no value of its own.
            if *rule == Rule::Ipv4 && original.ends_with("/16") {
                continue;
            }
            let (original, cut) =
                original.split_once(CUT).map_or((original.as_str(), false), |(head, _)| (head, true));
            for (spelling, pseudonym) in spellings(*rule, pseudonym, pseudonym) {
                texts.push(spelling);
                patterns.push(Pattern { rule: *rule, pseudonym: pseudonym.into(), keep: true });
            }
            if !cut && !is_searchable(*rule, original) {
                continue;
            }
            for (spelling, pseudonym) in spellings(*rule, original, pseudonym) {
                originals.push(spelling.as_bytes().into());
                texts.push(spelling);
                patterns.push(Pattern { rule: *rule, pseudonym: pseudonym.into(), keep: false });
            }
        }
        let small = texts.iter().map(String::len).sum::<usize>() < 1 << 14;
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(small.then_some(AhoCorasickKind::DFA))
            .build(&texts)
            // Only more than 2^31 patterns fail.
            .ok();
        let longest = texts.iter().map(String::len).max().unwrap_or_default();
        Self { automaton, patterns, sieve: Sieve::of(originals, longest), longest }
    }

    /// The longest name or pseudonym, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Whether nothing is looked for.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Every place at which a pattern stands as a word.
    pub(super) fn places<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Place<'a>> {
        self.places_in(text, 0..text.len())
    }

    /// Every such place that lies whole in a stretch of a text.
    fn places_in<'a>(&'a self, text: &'a [u8], stretch: Range<usize>) -> impl Iterator<Item = Place<'a>> {
        let input = Input::new(text).range(stretch);
        let found =
            self.automaton.as_ref().and_then(|automaton| automaton.try_find_overlapping_iter(input).ok());
        found.into_iter().flatten().filter_map(move |found| {
            let pattern = self.patterns.get(found.pattern().as_usize())?;
            is_word(text, found.start(), found.end()).then_some(Place {
                start: found.start(),
                end: found.end(),
                rule: pattern.rule,
                pseudonym: &pattern.pseudonym,
                keep: pattern.keep,
            })
        })
    }

    /// Whether a redacted text can have been made of this original: all that stands around its pseudonyms stands there, in
    /// the same order, from the beginning to the end.
    pub(super) fn could_be(&self, redacted: &str, original: &str) -> bool {
        // A pseudonym may stand in a word, where a value stood in one.
        let found =
            self.automaton.as_ref().and_then(|automaton| automaton.try_find_overlapping_iter(redacted).ok());
        let is_pseudonym = |at: usize| self.patterns.get(at).is_some_and(|pattern| pattern.keep);
        let mut pseudonyms: Vec<(usize, usize)> = found
            .into_iter()
            .flatten()
            .filter(|found| is_pseudonym(found.pattern().as_usize()))
            .map(|found| (found.start(), found.end()))
            .collect();
        pseudonyms.sort_unstable();
        let mut around: Vec<&str> = Vec::new();
        let mut from = 0;
        for (start, end) in pseudonyms {
            if start >= from {
                around.extend(redacted.get(from..start));
            }
            from = end.max(from);
        }
        let last = redacted.get(from..).unwrap_or_default();
        let Some((first, between)) = around.split_first() else { return redacted == original };
        let Some(rest) = original.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
            return false;
        };
        let mut rest = Some(rest);
        for piece in between {
            rest = rest.and_then(|rest| Some(rest.split_once(piece)?.1));
        }
        rest.is_some()
    }

    /// Originals in an output, by offset; those inside a pseudonym are none.
    pub(super) fn leaks(&self, output: &[u8]) -> Vec<Leak> {
        let stretches =
            self.sieve.as_ref().filter(|_| output.len() >= FROM).map(|sieve| sieve.stretches(output));
        self.leaks_in(output, stretches.unwrap_or_else(|| std::iter::once(0..output.len()).collect()))
    }

    /// Originals in stretches of an output, which hold with each all that could be a pseudonym around it.
    fn leaks_in(&self, output: &[u8], stretches: Vec<Range<usize>>) -> Vec<Leak> {
        let mut places: Vec<Place<'_>> =
            stretches.into_iter().flat_map(|stretch| self.places_in(output, stretch)).collect();
        places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end), !place.keep));
        let mut kept_until = 0;
        let mut leaks = Vec::new();
        for place in places {
            if place.keep {
                kept_until = place.end.max(kept_until);
            } else if place.end > kept_until {
                leaks.push(Leak {
                    offset: place.start,
                    rule: place.rule,
                    pseudonym: place.pseudonym.to_string(),
                });
            }
        }
        leaks.dedup();
        leaks
    }
}

/// The spellings of a value that logs and sinks use, each with the pseudonym in the same shape.
fn spellings(rule: Rule, value: &str, pseudonym: &str) -> Vec<(String, String)> {
    if rule == Rule::Mac {
        let shapes = [":", "-", "."].map(|mark| (mac_as(value, mark), mac_as(pseudonym, mark)));
        return shapes.into();
    }
    if rule == Rule::Ipv4 {
        return vec![(value.to_owned(), pseudonym.to_owned()), (reverse(value), reverse(pseudonym))];
    }
    let mut all = vec![value.to_owned()];
    if !value.is_ascii() {
        all.push(value.to_uppercase());
    }
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
    };
    for text in all.clone() {
        all.push(json(&text));
        all.push(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"));
        all.push(
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;"),
        );
        all.push(percent(&text, ""));
        all.push(percent(&text, "/"));
        all.push(escape::terminal(&text).into_owned());
        all.push(escape::ascii(&text).into_owned());
        // JSON of other programs writes characters beyond ASCII as units of UTF-16.
        all.push(utf16(&json(&text)));
        all.push(text.replace('|', "\\u{7c}"));
    }
    all.retain(|text| !text.is_empty());
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|text| (text, pseudonym.to_owned())).collect()
}

/// A MAC address, known with colons, with another mark.
pub(super) fn mac_as(address: &str, mark: &str) -> String {
    if mark == "." {
        let digits: Vec<char> = address.chars().filter(|c| *c != ':').collect();
        return digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(".");
    }
    address.replace(':', mark)
}

/// The name for reverse lookup of an address.
pub(super) fn reverse(address: &str) -> String {
    let turned: Vec<&str> = address.rsplit('.').collect();
    format!("{}.in-addr.arpa", turned.join("."))
}

fn percent(text: &str, plain: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || plain.contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn utf16(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Whether letters and digits end at both sides. An escape such as `\n`, `%3D` or `\u0022` is no letter.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let begins = text.get(start).is_some_and(|byte| is_part(*byte));
    let ends = text.get(end.saturating_sub(1)).is_some_and(|byte| is_part(*byte));
    (!begins || !letter_before(text.get(..start).unwrap_or_default()))
        && (!ends || !letter_after(text.get(end..).unwrap_or_default()))
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn letter_before(head: &[u8]) -> bool {
    let Some(last) = head.last() else { return false };
    if !last.is_ascii() {
        let from = head.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or_default();
        let c = head.get(from..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        return c.and_then(|text| text.chars().next()).is_some_and(char::is_alphanumeric);
    }
    if !last.is_ascii_alphanumeric() {
        return false;
    }
    let back = |n: usize| head.len().checked_sub(n).and_then(|at| head.get(at..)).unwrap_or_default();
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    let escape = matches!(back(2), [b'\\', b'n' | b'r' | b't' | b'b' | b'f'])
        || matches!(back(3), [b'%', rest @ ..] if digits(rest))
        || matches!(back(6), [b'\\', b'u', rest @ ..] if digits(rest));
    !escape
}

fn letter_after(rest: &[u8]) -> bool {
    match rest.first() {
        None => false,
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => {
            let head = rest.get(..4.min(rest.len())).unwrap_or_default();
            let valid = match std::str::from_utf8(head) {
                Ok(text) => text,
                Err(error) => {
                    head.get(..error.valid_up_to()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
                }
            };
            valid.chars().next().is_some_and(char::is_alphanumeric)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary() -> Dictionary {
        let mut map = Map::with_key([1; 32]);
        map.put(Rule::Host, "uccxpub", "host-0a0a0a".into());
        map.put(Rule::Host, "pub", "host-0b0b0b".into());
        map.put(Rule::Email, "jane@acme.com", "user-1@d-1.example".into());
        map.put(Rule::Account, "müller & \"söhne\" | x", "account-1".into());
        map.put(Rule::Mac, "00:50:56:ab:cd:ef", "02:00:00:00:00:01".into());
        Dictionary::of(&map)
    }

    #[track_caller]
    fn check(output: &str, expected: &[&str]) {
        let found: Vec<String> =
            dictionary().leaks(output.as_bytes()).into_iter().map(|leak| leak.pseudonym).collect();
        assert_eq!(found, expected, "{output}");
    }

    #[test]
    fn an_original_is_found_in_every_spelling_of_a_sink() {
        for text in [
            "x uccxpub.",
            "UCCXPUB",
            r"a\nuccxpub",
            "h%3Duccxpub",
            r"\u0022uccxpub",
            "(uccxpub-1)",
            "“uccxpub”",
        ] {
            check(text, &["host-0a0a0a"]);
        }
        check("mailto:jane%40acme.com", &["user-1@d-1.example"]);
        for text in [
            r#"Müller & "Söhne" | x"#,
            r#"müller & \"söhne\" | x"#,
            "müller &amp; &quot;söhne&quot; | x",
            r#"m\u{fc}ller & "s\u{f6}hne" | x"#,
            r#"m\u00fcller & \"s\u00f6hne\" | x"#,
            r#"müller & "söhne" \u{7c} x"#,
            "m%C3%BCller%20%26%20%22s%C3%B6hne%22%20%7C%20x",
        ] {
            check(text, &["account-1"]);
        }
        check("0050.56AB.cdef", &["02:0000:0000:01".replace("02:0000:0000:01", "0200.0000.0001").as_str()]);
    }

    #[test]
    fn parts_of_words_common_words_and_pseudonyms_are_no_leak() {
        for text in ["uccxpub2", "xuccxpub", "the pub node", "host-0a0a0a", "éuccxpub", ""] {
            check(text, &[]);
        }
        assert!(!dictionary().is_empty());
    }

    #[test]
    fn a_long_output_gives_what_a_search_of_all_of_it_gives() {
        const WORDS: [&str; 14] = [
            "uccxpub",
            "UCCXPUB-1",
            "xuccxpub",
            "uccx",
            "pub",
            "host-0a0a0a",
            "host-0a0a0a.uccxpub",
            "jane%40acme.com",
            "m%C3%BCller%20%26%20%22s%C3%B6hne%22%20%7C%20x",
            "m\u{fc}ller",
            "0050.56AB.cdef",
            "é",
            "acme.com",
            "com.cisco.uccx.log",
        ];
        let dictionary = dictionary();
        let mut seed = 5_u64;
        for spread in [1_u64, 40, 4_000] {
            let mut output = String::new();
            while output.len() < 4 * FROM {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let draw = (seed >> 33) % (14 * spread);
                output.push_str(WORDS.get(draw as usize).unwrap_or(&"a line of a log"));
                output.push([' ', '.', 'x', '"'][(seed >> 50) as usize % 4]);
            }
            let whole = dictionary.leaks_in(output.as_bytes(), std::iter::once(0..output.len()).collect());
            assert_eq!(dictionary.leaks(output.as_bytes()), whole, "{spread}");
            assert!(!whole.is_empty());
        }
    }

    #[test]
    fn a_redacted_text_fits_what_it_was_made_of_and_nothing_else() {
        let fits = |redacted: &str, original: &str| dictionary().could_be(redacted, original);
        assert!(fits("no name", "no name"));
        assert!(!fits("no name", "no names"));
        assert!(fits("from host-0a0a0a to account-1.", "from uccxpub to Müller & Co."));
        assert!(fits("host-0a0a0auser-1@d-1.example", "uccxpubjane@acme.com"));
        for other in ["to uccxpub to M.", "from uccxpub at M.", "from uccxpub to M!", "from  to", ""] {
            assert!(!fits("from host-0a0a0a to account-1.", other), "{other}");
        }
    }

    #[test]
    fn a_leak_is_shown_without_its_original() {
        let leak = dictionary().leaks(b"uccxpub").remove(0);
        assert!(!leak.to_string().contains("uccxpub"), "{leak}");
    }
}
