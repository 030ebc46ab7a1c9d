//! The first pass: where in a log a fixed part of any pattern stands.
//!
//! The packed search looks at the first four bytes of each literal and runs at full speed with few of them. So what is
//! looked for are short stems that many literals share.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aho_corasick::packed::{Config, MatchKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use crate::signatures;

/// Shortest fixed part of a pattern, in bytes. A shorter one stands everywhere.
pub(super) const LITERAL_MIN: usize = 4;

/// Most fixed parts that one pattern may begin with.
const LITERALS_MAX: usize = 32;

/// Most literals that the packed search takes.
const PACKED_MAX: usize = 64;

/// What makes a debug record worth reading beside failures, and what each word tells of.
const OTHERS: [(&str, Word); 4] = [
    (signatures::URL_WORDS[0], Word::Url),
    (signatures::URL_WORDS[1], Word::Url),
    (signatures::URL_WORDS[2], Word::Url),
    (signatures::REQUEST_TAG, Word::Request),
];

/// What a literal tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Failure,
    Url,
    Request,
}

/// What stands in a record, as far as fixed words tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// A fixed part of a pattern: a failure, if the pattern matches.
    pub(crate) failure: bool,
    /// A part of a Transport URL.
    pub(crate) url: bool,
    /// The tag of licenses that are asked for.
    pub(crate) request: bool,
}

impl Words {
    /// Where nothing is known, everything may stand there.
    const ALL: Self = Self { failure: true, url: true, request: true };

    /// True if any stands there.
    pub(crate) fn any(self) -> bool {
        self != Self::default()
    }

    fn note(&mut self, word: Word) {
        match word {
            Word::Failure => self.failure = true,
            Word::Url => self.url = true,
            Word::Request => self.request = true,
        }
    }
}

/// The fixed parts of which one stands wherever the expression matches; `None` if it has none that is long enough at
/// its beginning or its end.
pub(super) fn literals(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    [ExtractKind::Prefix, ExtractKind::Suffix].into_iter().find_map(|kind| {
        let mut extractor = Extractor::new();
        extractor.kind(kind).limit_total(LITERALS_MAX).limit_literal_len(100);
        let found: Vec<Vec<u8>> =
            extractor.extract(&hir).literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        (!found.is_empty() && found.iter().all(|literal| literal.len() >= LITERAL_MIN)).then_some(found)
    })
}

/// How often a byte stands in logs, in ten thousandths, roughly.
fn common(byte: u8) -> u64 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 500,
        b'c' | b'.' | b'd' | b'l' | b'u' | b'm' | b'p' => 300,
        b'0'..=b'9' => 250,
        b'a'..=b'z' => 120,
        b':' | b'-' | b'_' | b'=' | b'/' | b',' => 100,
        b'A'..=b'Z' => 60,
        _ => 20,
    }
}

/// Bytes of a stem: shorter ones stand everywhere, longer ones are shared by fewer literals.
const STEM: usize = 5;

/// What a stem costs beside its false hits: with each the packed search doubts more bytes. In the unit of [`cost`].
const ONE_MORE: u64 = 30_000_000_000_000;

/// What looking for a stem costs: how often it stands in logs, if its bytes came by chance.
fn cost(stem: &[u8]) -> u64 {
    // Five bytes at the most: 500^5 is far below the limit.
    stem.iter().map(|byte| common(*byte)).product::<u64>()
        * 10_000_u64.pow((STEM - stem.len().min(STEM)) as u32)
        + ONE_MORE
}

/// A few short stems of which one stands in each literal: the search is the faster the fewer and the rarer they are.
/// Greedy: the stem that costs the least for each literal that it stands for comes first.
fn stems(literals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut holders: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (at, literal) in literals.iter().enumerate() {
        for stem in literal.windows(STEM.min(literal.len())) {
            let of = holders.entry(stem).or_default();
            if of.last() != Some(&at) {
                of.push(at);
            }
        }
    }
    let mut stems: Vec<(&[u8], u64, Vec<usize>)> =
        holders.into_iter().map(|(stem, holders)| (stem, cost(stem), holders)).collect();
    let mut out: Vec<Vec<u8>> = Vec::new();
    while !stems.is_empty() {
        let each = |(_, cost, holders): &(&[u8], u64, Vec<usize>)| cost / holders.len() as u64;
        let Some((stem, _, found)) = stems.iter().min_by_key(|stem| (each(stem), stem.0)).cloned() else {
            break;
        };
        out.push(stem.to_vec());
        for (_, _, holders) in &mut stems {
            holders.retain(|holder| !found.contains(holder));
        }
        stems.retain(|(_, _, holders)| !holders.is_empty());
    }
    out
}

/// Finds fixed parts of patterns in raw bytes.
#[derive(Debug)]
pub(crate) struct Finder {
    stems: Stems,
    literals: Vec<Vec<u8>>,
    /// The literals themselves: a stem stands in many a record that tells of nothing. Made when the first record has a
    /// stem. `None` is an automaton that could not be built: every record is read.
    whole: OnceLock<Option<AhoCorasick>>,
}

/// The search for stems.
#[derive(Debug)]
enum Stems {
    /// At the speed of memory.
    Packed(Searcher),
    /// More stems than the packed search takes, or a processor without it.
    Automaton(AhoCorasick),
    /// An automaton that could not be built: every record is looked at.
    Everything,
}

impl Finder {
    /// A search for `literals`, and for the others that make a debug record worth reading.
    pub(super) fn new(literals: impl Iterator<Item = Vec<u8>>) -> Self {
        let others = OTHERS.iter().map(|(text, _)| text.as_bytes().to_vec());
        let literals: Vec<Vec<u8>> = others.chain(literals).collect();
        Self { stems: Stems::new(&stems(&literals)), literals, whole: OnceLock::new() }
    }

    /// Offset of the first hit at or behind `from`, which may be a false one; `None` if there is none.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.stems.find(bytes, from)
    }

    /// What stands in a record.
    pub(super) fn words(&self, record: &[u8]) -> Words {
        let mut words = Words::default();
        if self.stems.find(record, 0).is_none() {
            return words;
        }
        let Some(automaton) = self.whole.get_or_init(|| AhoCorasick::new(&self.literals).ok()) else {
            return Words::ALL;
        };
        for found in automaton.find_overlapping_iter(record) {
            let other = OTHERS.get(found.pattern().as_usize());
            words.note(other.map_or(Word::Failure, |(_, word)| *word));
        }
        words
    }
}

impl Stems {
    fn new(stems: &[Vec<u8>]) -> Self {
        let packed = || Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(stems).build();
        if let Some(searcher) = (stems.len() <= PACKED_MAX).then(packed).flatten() {
            return Self::Packed(searcher);
        }
        let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(stems);
        built.map_or(Self::Everything, Self::Automaton)
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::Packed(searcher) => {
                searcher.find_in(bytes, (from..bytes.len()).into()).map(|hit| hit.start())
            }
            Self::Automaton(automaton) => automaton.find(bytes.get(from..)?).map(|hit| from + hit.start()),
            Self::Everything => (from < bytes.len()).then_some(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: Option<&[&str]>) {
        let found = literals(pattern);
        let found: Option<Vec<&str>> =
            found.as_ref().map(|all| all.iter().map(|it| std::str::from_utf8(it).unwrap()).collect());
        assert_eq!(found.as_deref(), expected, "{pattern}");
    }

    #[test]
    fn a_pattern_begins_or_ends_with_fixed_parts() {
        check("Connection refused", Some(&["Connection refused"]));
        check("(?:Read|Connect) timed out", Some(&["Read timed out", "Connect timed out"]));
        check(".* timed out", Some(&[" timed out"]));
        check("[0-9]+", None);
        check("ab.*cd", None);
    }

    #[test]
    fn literals_share_stems_and_each_is_still_found() {
        let shared = [
            b"java.net.UnknownHostException".to_vec(),
            b"SSLHandshakeException".to_vec(),
            b"ERR 205".to_vec(),
        ];
        let found = stems(&shared);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(shared.iter().all(|it| found.iter().any(|stem| memchr::memmem::find(it, stem).is_some())));
        let many = (0..200).map(|n| format!("Q{n:03} failed for good").into_bytes());
        for finder in [Finder::new(many), Finder::new(std::iter::once(b"Q007 failed for good".to_vec()))] {
            assert_eq!(finder.find(b"x Q007 failed for good", 0).map(|at| at >= 2), Some(true));
            assert_eq!(finder.find(b"x Q007 failed for good", 18), None);
        }
    }
}
