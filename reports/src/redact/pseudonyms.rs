//! From an original to its pseudonym: keyed, stable, and shaped so that relations stay.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::map::Map;
use super::rules::Rule;

/// Longest original that a map holds as it is, in bytes; of longer ones it holds the head and a hash.
const ORIGINAL_MAX: usize = 256;
/// Bytes of the head.
const HEAD: usize = 64;
/// Stands between head and hash.
pub(super) const CUT: &str = "… hmac ";

/// The form under which an original is known: names in lower case, numbers in one spelling, long values cut.
pub(super) fn normalized(map: &Map, rule: Rule, original: &str) -> String {
    match rule {
        Rule::Token | Rule::Certificate | Rule::Signature | Rule::Path if original.len() <= ORIGINAL_MAX => {
            original.to_owned()
        }
        Rule::Mac => {
            let digits: Vec<char> =
                original.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
            digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(":")
        }
        Rule::Ipv4 if !original.contains('/') => {
            let parts: Vec<&str> = original.split('.').map(plain_number).collect();
            parts.join(".")
        }
        Rule::Ipv6 => original.parse::<Ipv6Addr>().map_or_else(|_| original.to_owned(), |ip| ip.to_string()),
        _ if original.len() <= ORIGINAL_MAX => original.trim_end_matches('.').to_lowercase(),
        _ => {
            let mut end = HEAD;
            while !original.is_char_boundary(end) {
                end -= 1;
            }
            let sum = map.mac(&[b"long", original.as_bytes()]);
            format!("{}{CUT}{}", original.get(..end).unwrap_or_default(), hex(&sum, 32))
        }
    }
}

/// A number without the zeros in front that some outputs pad it with.
fn plain_number(part: &str) -> &str {
    let short = part.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }
}

/// The pseudonym of a normalized original, assigned if it has none. `originals` are names that no pseudonym may hold.
pub(super) fn assign(map: &mut Map, originals: &Known, rule: Rule, original: &str) -> String {
    if let Some(known) = map.get(rule, original) {
        return known.to_owned();
    }
    // The last candidates differ in every bit, so this ends long before the counter does.
    for counter in 0_u32..10_000 {
        let candidate = candidate(map, originals, rule, original, counter);
        let lower = candidate.to_ascii_lowercase();
        // Parts of a name with dots were passed over when they were made; only as a whole it may not be taken.
        if map.taken.contains(&lower) || originals.meets(&lower) {
            continue;
        }
        map.put(rule, original, candidate.clone());
        return candidate;
    }
    let last =
        format!("{}-{}", rule.name(), hex(&map.mac(&[rule.name().as_bytes(), original.as_bytes()]), 64));
    map.put(rule, original, last.clone());
    last
}

/// Originals by lower-case name.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(pub(super) BTreeSet<String>);

impl Known {
    /// Whether a candidate is an original, or holds one as a word.
    fn meets(&self, candidate: &str) -> bool {
        self.0.contains(candidate)
            || candidate.split(|c: char| !c.is_alphanumeric()).any(|word| self.0.contains(word))
    }
}

fn candidate(map: &mut Map, originals: &Known, rule: Rule, original: &str, counter: u32) -> String {
    let sum = map.mac(&[rule.name().as_bytes(), original.as_bytes(), &counter.to_be_bytes()]);
    match rule {
        Rule::Host => format!("host-{}", hex(&sum, 6)),
        Rule::Domain => domain(map, originals, original, counter),
        Rule::Email => {
            let (user, at) = original.rsplit_once('@').unwrap_or((original, ""));
            let user = assign(map, originals, Rule::User, user);
            let name = assign(map, originals, Rule::Domain, at);
            if counter == 0 { format!("{user}@{name}") } else { format!("{user}-{counter}@{name}") }
        }
        Rule::Ipv4 if original.ends_with("/16") => {
            let pair = u16::from_be_bytes([first(&sum, 0), first(&sum, 1)]);
            // 240 to 254: 255 would look like a netmask.
            format!("{}.{}.0.0/16", 240 + pair % 15, first(&sum, 2))
        }
        Rule::Ipv4 => ipv4(map, originals, original, counter),
        Rule::Ipv6 => ipv6(map, original, &sum),
        Rule::Mac => {
            let rest: Vec<String> = sum.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
            format!("02:{}", rest.join(":"))
        }
        Rule::Piid => {
            let digits = hex(&sum, 32);
            let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
            format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
        }
        Rule::Path => {
            let ending = ending(original);
            format!("path-{}{ending}", hex(&sum, 8))
        }
        Rule::Token
        | Rule::Certificate
        | Rule::Signature
        | Rule::Serial
        | Rule::Udi
        | Rule::Account
        | Rule::Phone
        | Rule::User => format!("{}-{}", rule.name(), hex(&sum, 8)),
    }
}

/// `host.corp.acme.com`: the first label as the bare name is known, each further one keyed over its suffix.
fn domain(map: &mut Map, originals: &Known, original: &str, counter: u32) -> String {
    let Some((label, rest)) = original.split_once('.') else {
        return format!("d-{}", hex(&map.mac(&[b"domain", original.as_bytes(), &counter.to_be_bytes()]), 6));
    };
    let is_host = rest.contains('.') && !originals.0.contains(&format!(".{original}"));
    let own = if is_host && counter == 0 {
        assign(map, originals, Rule::Host, label)
    } else {
        format!("d-{}", hex(&map.mac(&[b"domain", original.as_bytes(), &counter.to_be_bytes()]), 6))
    };
    let mut out = own;
    // Each parent is a name of its own, so that it is the same wherever it stands. Names have at most 253 characters.
    let mut at = rest;
    while let Some((_, parent)) = at.split_once('.') {
        let _ = write!(out, ".d-{}", hex(&map.mac(&[b"domain", at.as_bytes(), &0_u32.to_be_bytes()]), 6));
        at = parent;
    }
    out.push_str(".example");
    out
}

fn ipv4(map: &mut Map, originals: &Known, original: &str, counter: u32) -> String {
    let Ok(address) = original.parse::<Ipv4Addr>() else { return format!("ipv4-{counter}") };
    let [a, b, c, d] = address.octets();
    let network = assign(map, originals, Rule::Ipv4, &format!("{a}.{b}.0.0/16"));
    let mut parts = network.split('.');
    let mut next = || parts.next().and_then(|part| part.parse::<u8>().ok()).unwrap_or(240);
    let (x, y) = (next(), next());
    // A permutation of 256 values for each network: no two subnets or hosts of one network can meet.
    let third = permuted(map, &[a, b], counter, c);
    let fourth = permuted(map, &[a, b, c], counter, d);
    format!("{x}.{y}.{third}.{fourth}")
}

/// Where `value` goes in the permutation of a network: its rank among keyed draws.
fn permuted(map: &Map, network: &[u8], counter: u32, value: u8) -> u8 {
    let seed = map.mac(&[b"octet", network, &counter.to_be_bytes()]);
    let mut order: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut state = u64::from_be_bytes(std::array::from_fn(|at| first(&seed, at)));
    // Fisher and Yates with a generator that the key seeds; splitmix64.
    for at in (1..256_usize).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        order.swap(at, ((z ^ (z >> 31)) % (at as u64 + 1)) as usize);
    }
    order[usize::from(value)]
}

fn ipv6(map: &Map, original: &str, sum: &[u8; 32]) -> String {
    let Ok(address) = original.parse::<Ipv6Addr>() else { return "2001:db8::".to_owned() };
    let octets = address.octets();
    let network = map.mac(&[b"ipv6/64", octets.get(..8).unwrap_or_default()]);
    let octet = |at: usize| match at {
        0 => 0x20,
        1 => 0x01,
        2 => 0x0d,
        3 => 0xb8,
        4..8 => first(&network, at),
        _ => first(sum, at),
    };
    Ipv6Addr::from(std::array::from_fn::<u8, 16, _>(octet)).to_string()
}

/// The file's ending with its dot, if it is a short plain one.
fn ending(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let known =
        [".tar.gz", ".tgz", ".zip", ".tar", ".gz", ".log", ".txt", ".csv", ".json", ".xml", ".xlsx", ".sql"];
    let lower = name.to_ascii_lowercase();
    known
        .iter()
        .find(|ending| lower.ends_with(*ending))
        .map(|ending| (*ending).to_owned())
        .unwrap_or_default()
}

fn first(sum: &[u8; 32], at: usize) -> u8 {
    sum.get(at).copied().unwrap_or_default()
}

fn hex(sum: &[u8; 32], digits: usize) -> String {
    let mut text = crate::report::Sha256(*sum).text();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(map: &mut Map, rule: Rule, original: &str) -> String {
        assign(map, &Known::default(), rule, original)
    }

    #[test]
    fn a_subnet_stays_a_subnet() {
        let mut map = Map::with_key([1; 32]);
        let names: BTreeSet<String> =
            (0..=255).map(|d| name(&mut map, Rule::Ipv4, &format!("10.1.2.{d}"))).collect();
        assert_eq!(names.len(), 256);
        let nets: BTreeSet<&str> =
            names.iter().filter_map(|name| name.rsplit_once('.').map(|pair| pair.0)).collect();
        assert_eq!(nets.len(), 1);
        let other = name(&mut map, Rule::Ipv4, "10.1.3.1");
        let upper = |name: &str| name.split('.').take(2).collect::<Vec<_>>().join(".");
        assert!(nets.iter().all(|net| upper(net) == upper(&other)));
        assert!((240..255).contains(&other.split('.').next().unwrap().parse::<u32>().unwrap()));
    }

    #[test]
    fn parent_and_child_and_the_bare_host_keep_their_relation() {
        let mut map = Map::with_key([2; 32]);
        let child = name(&mut map, Rule::Domain, "uccx1.corp.acme.com");
        let host = name(&mut map, Rule::Host, "uccx1");
        let parent = name(&mut map, Rule::Domain, "acme.com");
        assert!(
            child.starts_with(&format!("{host}.d-")) && child.ends_with(&format!(".{parent}")),
            "{child} {parent}"
        );
    }

    #[test]
    fn a_candidate_that_is_an_original_is_passed_over() {
        let mut map = Map::with_key([3; 32]);
        let first = name(&mut map, Rule::Host, "uccx1");
        let mut again = Map::with_key([3; 32]);
        let known = Known(BTreeSet::from([first.clone()]));
        assert_ne!(assign(&mut again, &known, Rule::Host, "uccx1"), first);
    }

    #[test]
    fn an_ipv6_network_stays_together() {
        let mut map = Map::with_key([4; 32]);
        let (a, b) = (name(&mut map, Rule::Ipv6, "fd00:1::1"), name(&mut map, Rule::Ipv6, "fd00:1::2"));
        let net = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets()[..8].to_vec();
        assert_eq!(net(&a), net(&b));
        assert_ne!(a, b);
    }
}
