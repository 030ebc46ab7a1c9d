//! The search for originals while an output is made: piece by piece, so that it is never held as a whole, and each piece is
//! searched while it is in the cache.
//!
//! A place is decided once everything that could speak for it is there: what lies before it and behind it as far as the
//! longest name reaches, and a few bytes that tell where a word ends.

use std::sync::Arc;

use super::scan::{Dictionary, Leak};

/// What a word's ends are told by, in bytes: the longest escape, and a character beyond ASCII.
const EDGE: usize = 16;

/// A search that goes on.
#[derive(Debug)]
pub struct Search {
    dictionary: Arc<Dictionary>,
    /// How far beside a place its neighbours matter.
    margin: usize,
    /// The last bytes that were given.
    tail: Vec<u8>,
    /// Bytes that were given.
    n_bytes: usize,
    /// Places from here on are not decided.
    decided: usize,
    leaks: Vec<Leak>,
}

impl Search {
    pub(super) fn of(dictionary: Arc<Dictionary>) -> Self {
        let margin = dictionary.longest() + EDGE;
        Self { dictionary, margin, tail: Vec::new(), n_bytes: 0, decided: 0, leaks: Vec::new() }
    }

    /// Takes the next bytes of the output.
    pub fn feed(&mut self, bytes: &[u8]) {
        let base = self.n_bytes;
        self.n_bytes += bytes.len();
        // The seam: what was left open, with what follows it.
        let (seam, behind) = bytes.split_at(bytes.len().min(2 * self.margin));
        self.tail.extend_from_slice(seam);
        let reached = base + seam.len();
        self.decide(reached - self.tail.len(), None, reached.saturating_sub(self.margin));
        if !behind.is_empty() {
            // The seam was longer than the margin, so that these begin far enough behind the first of the bytes.
            self.decide(base, Some(bytes), self.n_bytes - self.margin);
            self.tail.clear();
            self.tail.extend_from_slice(bytes);
        }
        let n_old = self.tail.len().saturating_sub(2 * self.margin);
        self.tail.drain(..n_old);
    }

    /// The originals that were found, by offset; empty if the output may be given away.
    #[must_use]
    pub fn finish(mut self) -> Vec<Leak> {
        self.decide(self.n_bytes - self.tail.len(), None, self.n_bytes);
        self.leaks
    }

    /// Decides the places before `until` by a stretch of the output that begins at `base`: that which is given, or the tail.
    fn decide(&mut self, base: usize, stretch: Option<&[u8]>, until: usize) {
        if until <= self.decided {
            return;
        }
        let found = self.dictionary.leaks(stretch.unwrap_or(&self.tail));
        let found = found.into_iter().map(|leak| Leak { offset: leak.offset + base, ..leak });
        self.leaks.extend(found.filter(|leak| (self.decided..until).contains(&leak.offset)));
        self.decided = until;
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::Map;
    use super::super::rules::Rule;
    use super::*;

    fn dictionary() -> Arc<Dictionary> {
        let mut map = Map::with_key([1; 32]);
        map.put(Rule::Host, "uccxpub", "host-0a0a0a".into());
        map.put(Rule::Domain, "uccxpub.acme.com", "host-0a0a0a.d-1.example".into());
        map.put(Rule::Email, "jane@acme.com", "user-1@d-1.example".into());
        map.put(Rule::Account, "müller & \"söhne\" | x", "account-uccxpub-1".into());
        Arc::new(Dictionary::of(&map))
    }

    const PIECES: [&str; 16] = [
        "uccxpub",
        "UCCXPUB.acme.com",
        "xuccxpub",
        "uccx",
        "host-0a0a0a",
        "account-uccxpub-1",
        "\\u0022uccxpub",
        "%3Duccxpub",
        "jane%40acme.com",
        "m%C3%BCller%20%26%20%22s%C3%B6hne%22%20%7C%20x",
        "müller",
        "é",
        " ",
        "\n",
        "com.cisco.uccx.log ",
        "a line of a log, longer than a name is; ",
    ];

    /// However an output is cut, the search of its pieces finds what the search of the whole finds.
    #[test]
    fn a_search_of_pieces_finds_what_a_search_of_the_whole_finds() {
        let dictionary = dictionary();
        let mut state = 3_u64;
        let mut draw = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let mut n_found = 0;
        for round in 0..300 {
            let mut output = String::new();
            let len = [40, 400, 4_000, 200_000][round % 4];
            while output.len() < len {
                let piece = PIECES[draw(PIECES.len())];
                output.push_str(piece);
            }
            let output = output.as_bytes();
            let mut search = Search::of(Arc::clone(&dictionary));
            let longest = [3, 70, 700, 90_000][draw(4)];
            let mut rest = output;
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(rest.len().min(draw(longest)));
                search.feed(piece);
                rest = behind;
            }
            let (found, expected) = (search.finish(), dictionary.leaks(output));
            n_found += found.len();
            assert!(found == expected, "round {round}, pieces up to {longest}");
        }
        assert!(n_found > 10_000, "{n_found}");
    }

    #[test]
    fn an_original_over_the_seam_and_at_both_ends_is_found() {
        for (pieces, expected) in [
            (&["ucc", "xpub"][..], &[0][..]),
            (&["uccxpub"], &[0]),
            (&["a ", "u", "c", "c", "x", "p", "u", "b", " b"], &[2]),
            (&["uccxpub", "2"], &[]),
            (&["x", "uccxpub"], &[]),
            (&["account-", "uccxpub", "-1"], &[]),
            (&["", ""], &[]),
        ] {
            let mut search = Search::of(dictionary());
            pieces.iter().for_each(|piece| search.feed(piece.as_bytes()));
            let found: Vec<usize> = search.finish().into_iter().map(|leak| leak.offset).collect();
            assert_eq!(found, expected, "{pieces:?}");
        }
    }
}
