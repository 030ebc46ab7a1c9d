//! Where in a text a rule's values stand: shapes such as addresses, and values behind the labels of `patterns`.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::patterns::{GATE, PATTERNS};
use super::rules::Rule;

/// A value in a text, as bytes from `start` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rule: Rule,
    /// Whether it counts only if it lies in a domain that was learned: its own shape does not show a name.
    pub(super) if_domain: bool,
}

impl Hit {
    fn new(start: usize, end: usize, rule: Rule) -> Self {
        Self { start, end, rule, if_domain: false }
    }
}

static IPV4: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}").expect("a pattern of this file compiles"));
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,12}\.[A-Za-z][A-Za-z0-9-]{1,62}")
        .expect("a pattern of this file compiles")
});
static COLONS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\.[0-9]{1,3}){3})?")
        .expect("a pattern of this file compiles")
});
static MAC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}")
        .expect("a pattern of this file compiles")
});
static BASE64: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/]{60,}={0,2}").expect("a pattern of this file compiles"));
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:version|release|ver|build|licensing|firmware|sdk)["']?[ \t:=-]{0,8}["']?$"#)
        .expect("a pattern of this file compiles")
});

/// Every value in `text` that a shape or a label shows.
pub(super) fn hits(text: &str, out: &mut Vec<Hit>) {
    shapes(text, out);
    labels(text, out);
}

/// Every value that its own shape shows: addresses, names with dots, long base64.
pub(super) fn shapes(text: &str, out: &mut Vec<Hit>) {
    let mut seen = [false; 256];
    text.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    let (dots, colons) = (seen[usize::from(b'.')], seen[usize::from(b':')]);
    if dots {
        addresses(text, out);
        out.extend(NAME.find_iter(text).filter_map(|m| is_name(text, m.start(), m.end())));
    }
    if colons {
        out.extend(COLONS.find_iter(text).filter_map(|m| is_ipv6(text, m.start(), m.end())));
    }
    if dots || colons || seen[usize::from(b'-')] {
        let macs = MAC.find_iter(text).filter(|m| stands_alone(text, m.start(), m.end(), ":-."));
        out.extend(macs.map(|m| Hit::new(m.start(), m.end(), Rule::Mac)));
    }
    if text.len() >= 60 {
        let long = BASE64.find_iter(text).filter(|m| is_base64(m.as_str()));
        out.extend(long.map(|m| Hit::new(m.start(), m.end(), Rule::Certificate)));
    }
}

/// Every IPv4 address. Where four numbers are none, the last three of them may begin one: `uccx2.192.0.2.1.log`.
fn addresses(text: &str, out: &mut Vec<Hit>) {
    let mut from = 0;
    while let Some(found) = IPV4.find_at(text, from) {
        let hit = is_ipv4(text, found.start(), found.end());
        from = match hit {
            Some(hit) => hit.end,
            None => found.start() + found.as_str().find('.').unwrap_or(found.len()),
        };
        out.extend(hit);
    }
}

/// Every value that the label before it shows.
pub(super) fn labels(text: &str, out: &mut Vec<Hit>) {
    let (gate, opens) = &*GATE;
    // Words lie inside each other ("user" and "users"), so every one is asked for.
    let open = match gate.try_find_overlapping_iter(text) {
        Ok(words) => {
            words.fold(0, |bits, word| bits | opens.get(word.pattern().as_usize()).copied().unwrap_or(0))
        }
        Err(_) => u64::MAX,
    };
    for pattern in
        PATTERNS.iter().enumerate().filter(|(at, _)| open >> at & 1 == 1).map(|(_, pattern)| pattern)
    {
        let mut from = 0;
        while let Some(found) = Some(from)
            .filter(|from| *from < text.len())
            .and_then(|from| pattern.regex().captures_at(text, from))
        {
            let all = found.get(0).map_or(text.len(), |all| all.end());
            let Some(value) = found.get(1).or_else(|| found.get(2)).or_else(|| found.get(0)) else { break };
            // The end of one value may be the label of the next: it goes on behind the value, not behind the match.
            let behind = text.get(value.end()..).unwrap_or_default();
            from = if is_label(value.as_str(), behind) {
                // The mark before the next label is part of finding it; what joins a label and a value is ASCII.
                (value.start() - 1).max(found.get(0).map_or(0, |all| all.start()) + 1)
            } else if from < value.end() {
                value.end()
            } else {
                all.max(from + 1)
            };
            let trimmed = value.as_str().trim_end_matches(['.', ':', '\\', ' ']);
            let (start, end) = (value.start(), value.start() + trimmed.len());
            out.extend(accepted(text, start, end, pattern.rule));
        }
    }
}

/// The rule that a value behind a label falls under; `None` if it is kept.
fn accepted(text: &str, start: usize, end: usize, rule: Rule) -> Option<Hit> {
    let value = text.get(start..end)?;
    if value.is_empty()
        || !value.contains(|c: char| c.is_alphanumeric())
        || is_empty_word(value)
        || is_kept_name(value)
        || is_label(value, text.get(end..).unwrap_or_default())
    {
        return None;
    }
    match rule {
        Rule::Host => host(value).map(|rule| Hit::new(start, end, rule)).or_else(|| named(text, start, end)),
        Rule::Piid if value.len() == 36 && !stands_alone(text, start, end, "-_") => None,
        Rule::Email if is_kept_name(value.rsplit('@').next()?) => None,
        Rule::Account if value.starts_with("Cisco") || value.starts_with("\"Cisco") => None,
        // A user field that holds an address is found by the address.
        Rule::User if ipv4(value).is_some() || value.parse::<Ipv6Addr>().is_ok() => None,
        _ => Some(Hit::new(start, end, rule)),
    }
}

/// A value with dots behind a host label: an address or a name, whatever its last label.
fn named(text: &str, start: usize, end: usize) -> Option<Hit> {
    let value = text.get(start..end)?;
    if ipv4(value).is_some() {
        return is_ipv4(text, start, end);
    }
    is_name(text, start, end).map(|hit| Hit { if_domain: false, ..hit })
}

/// Whether a whole value is a short host name; `None` if it has dots or is no name.
pub(super) fn host(value: &str) -> Option<Rule> {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (plain && value.len() <= 63 && value.contains(|c: char| c.is_ascii_alphabetic())).then_some(Rule::Host)
}

/// What a whole field is that names a node or a server.
pub(super) fn name_rule(value: &str) -> Option<Rule> {
    if is_empty_word(value) || is_kept_name(value) || value.is_empty() {
        None
    } else if ipv4(value).is_some() {
        ipv4(value).filter(|octets| !is_kept_ipv4(*octets)).map(|_| Rule::Ipv4)
    } else if let Ok(address) = value.parse::<Ipv6Addr>() {
        (!is_kept_ipv6(address)).then_some(Rule::Ipv6)
    } else if value.contains('.') && NAME.find(value).is_some_and(|m| m.len() == value.len()) {
        Some(Rule::Domain)
    } else {
        Some(Rule::Host)
    }
}

/// Whether what looks like a value is the next label: the value before it is empty.
fn is_label(value: &str, behind: &str) -> bool {
    const LABELS: [&str; 12] = [
        "nodeid",
        "clusterid",
        "appid",
        "alertname",
        "alertdetail",
        "timestamp",
        "node",
        "host",
        "userid",
        "user",
        "agentid",
        "facility",
    ];
    behind.trim_start_matches([' ', '\t']).starts_with([':', '='])
        && LABELS.iter().any(|label| value.eq_ignore_ascii_case(label))
}

/// Words that stand where a name would and are none.
fn is_empty_word(value: &str) -> bool {
    const EMPTY: [&str; 20] = [
        "true",
        "false",
        "null",
        "none",
        "unknown",
        "yes",
        "no",
        "n/a",
        "na",
        "is",
        "was",
        "not",
        "and",
        "or",
        "the",
        "in",
        "on",
        "off",
        "to",
        "localhost",
    ];
    EMPTY.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Cisco's public hosts and this machine's own name.
fn is_kept_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "cisco.com" || lower.ends_with(".cisco.com") || lower.starts_with("localhost.")
}

/// Whether nothing that could be part of the same value stands beside it.
fn stands_alone(text: &str, start: usize, end: usize, marks: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || marks.contains(c);
    let before = text.get(..start).and_then(|head| head.chars().next_back());
    let mut rest = text.get(end..).unwrap_or_default().chars();
    let after = rest.next();
    // A mark that ends a sentence is not part of the value.
    let after_part = after.is_some_and(char::is_alphanumeric)
        || (after.is_some_and(|c| marks.contains(c)) && rest.next().is_some_and(char::is_alphanumeric));
    !before.is_some_and(part) && !after_part
}

/// The four numbers of an address as written, zeros in front allowed.
fn ipv4(text: &str) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// The address in a name for reverse lookup, `10.2.0.192.in-addr.arpa`; `None` for any other name.
pub(super) fn reversed(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let turned = lower.strip_suffix(".in-addr.arpa")?.rsplit('.').collect::<Vec<_>>().join(".");
    ipv4(&turned).map(|_| turned)
}

/// This machine, nobody, and class E: netmasks and pseudonyms.
fn is_kept_ipv4([a, b, c, d]: [u8; 4]) -> bool {
    a == 127 || a >= 240 || [a, b, c, d] == [0; 4]
}

fn is_kept_ipv6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unspecified() || address.octets().starts_with(&[0x20, 1, 0x0d, 0xb8])
}

fn is_ipv4(text: &str, start: usize, end: usize) -> Option<Hit> {
    let octets = ipv4(text.get(start..end)?)?;
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    let mut from = start.saturating_sub(32);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let kept = is_kept_ipv4(octets)
        || is_build(after)
        || is_part_of_number(before, after)
        || is_packed(before, after)
        || VERSION.is_match(text.get(from..start)?)
        || after.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(".in-addr"));
    (!kept).then_some(Hit::new(start, end, Rule::Ipv4))
}

/// Whether four numbers go on as a version does: `12.5.1.11-24`. `192.0.2.1-192.0.2.9` is a range, and a date may stand
/// behind an address.
fn is_build(after: &str) -> bool {
    let Some(rest) = after.strip_prefix('-') else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (1..6).contains(&digits) && !matches!(rest.as_bytes().get(digits), Some(b'.' | b'-'))
}

/// Whether four numbers are part of a longer row of numbers or of a word. An ending such as `.log`, or a word and a dot in
/// front, is neither: names of files hold addresses.
fn is_part_of_number(before: &str, after: &str) -> bool {
    let is_label = |c: char| c.is_alphanumeric();
    if before.ends_with(is_label) || after.starts_with(is_label) {
        return true;
    }
    let is_number = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let in_front = before.strip_suffix('.').is_some_and(|head| {
        let rest = head.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_date = head.len() >= 6 && head.get(head.len() - 6..).is_some_and(is_month);
        rest.len() < head.len() && !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !is_date
    });
    let behind = after.strip_prefix('.').is_some_and(|rest| {
        let label = rest.split(|c: char| !is_label(c)).next().unwrap_or(rest);
        // `20210402` and `2021-04-02` are dates.
        let is_date = label.len() == 8 || label.len() == 4 && is_month(rest.get(4..).unwrap_or_default());
        is_number(label) && !is_date
    });
    in_front || behind
}

/// Whether a text begins with the month and the day of a date.
fn is_month(text: &str) -> bool {
    let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let dash = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    dash(0) && digit(1) && digit(2) && dash(3) && digit(4) && digit(5)
}

/// Whether four numbers are the version of a program's file: `axis-1.4.0.1.jar`, `UCSInstall_12.5.1.11-24.sgn.iso`.
fn is_packed(before: &str, after: &str) -> bool {
    const ENDINGS: [&str; 9] = ["jar", "war", "ear", "rpm", "iso", "cop", "sgn", "so", "dll"];
    let behind =
        after.strip_prefix('-').map_or(after, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let ending = behind.strip_prefix('.').unwrap_or_default();
    let ending = ending.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    before.ends_with(['-', '_', '.']) && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

fn is_ipv6(text: &str, start: usize, end: usize) -> Option<Hit> {
    let written = text.get(start..end)?;
    let trimmed = if written.ends_with(':') && !written.ends_with("::") {
        written.get(..written.len() - 1)?
    } else {
        written
    };
    let address: Ipv6Addr = trimmed.parse().ok()?;
    let end = start + trimmed.len();
    // `a::b` in a program's names has letters beside it.
    let kept = is_kept_ipv6(address) || !stands_alone(text, start, end, "_");
    (!kept).then_some(Hit::new(start, end, Rule::Ipv6))
}

/// Words with dots that are a host or a domain, or are one if their domain was learned.
fn is_name(text: &str, start: usize, end: usize) -> Option<Hit> {
    /// First labels of package names: a reverse domain is not a host.
    const PACKAGES: [&str; 10] = ["com", "org", "java", "javax", "sun", "jdk", "edu", "gov", "net", "io"];
    /// Country codes that are also endings of files.
    const ENDINGS: [&str; 6] = ["sh", "so", "py", "md", "rs", "am"];
    /// Last labels of names in public and in private use; every two letters beside them are a country.
    const LAST: [&str; 44] = [
        "academy",
        "ai",
        "app",
        "arpa",
        "biz",
        "cloud",
        "com",
        "company",
        "corp",
        "dev",
        "domain",
        "edu",
        "example",
        "global",
        "gov",
        "group",
        "health",
        "home",
        "info",
        "int",
        "internal",
        "intern",
        "intra",
        "intranet",
        "invalid",
        "lab",
        "lan",
        "local",
        "localdomain",
        "localnet",
        "mil",
        "net",
        "network",
        "online",
        "org",
        "priv",
        "private",
        "services",
        "solutions",
        "systems",
        "tech",
        "test",
        "voice",
        "zone",
    ];
    let name = text.get(start..end)?.to_ascii_lowercase();
    if is_kept_name(&name) {
        return None;
    }
    if let Some(octets) = reversed(&name).as_deref().and_then(ipv4) {
        return (!is_kept_ipv4(octets)).then_some(Hit::new(start, end, Rule::Domain));
    }
    let (before, last) = name.rsplit_once('.')?;
    let first = name.split('.').next()?;
    let country =
        last.len() == 2 && last.bytes().all(|byte| byte.is_ascii_lowercase()) && last != "gz" && last != "js";
    let file = ENDINGS.contains(&last) && !before.contains('.');
    let package = PACKAGES.contains(&first) && before.contains('.');
    let numbers = before.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && last != "arpa";
    let public = (country || LAST.contains(&last)) && !file && !package && !numbers;
    Some(Hit { if_domain: !public, ..Hit::new(start, end, Rule::Domain) })
}

/// Whether a name with dots lies in a domain that `is_domain` knows, or is one.
pub(super) fn lies_in(name: &str, is_domain: &dyn Fn(&str) -> bool) -> bool {
    let parents = name.match_indices('.').filter_map(|(at, _)| name.get(at + 1..));
    is_domain(name) || parents.filter(|parent| parent.contains('.')).any(is_domain)
}

/// Long runs of letters in both cases and digits: no path and no checksum in hexadecimal looks like that.
fn is_base64(run: &str) -> bool {
    let any = |of: fn(&u8) -> bool| run.as_bytes().iter().any(of);
    let slashes = run.bytes().filter(|byte| *byte == b'/').count();
    any(u8::is_ascii_uppercase)
        && any(u8::is_ascii_lowercase)
        && any(u8::is_ascii_digit)
        && slashes * 12 <= run.len()
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
