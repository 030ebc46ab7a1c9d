//! Tells members apart without hashing every byte.

use xxhash_rust::xxh3::Xxh3;

/// Bytes at the start of a member that are hashed whole: every small file.
const WHOLE: u64 = 256 << 10;

/// Behind them, the first bytes of each block are hashed.
const BLOCK: u64 = 64 << 10;

/// How many of them.
const SAMPLE: u64 = 4 << 10;

/// XXH3-128 of the samples of a member, whatever the size of the chunks it came in.
#[derive(Clone)]
pub(super) struct Fingerprint {
    hash: Box<Xxh3>,
    at: u64,
}

impl Fingerprint {
    pub(super) fn new() -> Self {
        Self { hash: Box::new(Xxh3::new()), at: 0 }
    }

    pub(super) fn update(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let behind = self.at % BLOCK;
            let (hashed, left) = match self.at.checked_sub(WHOLE) {
                None => (true, WHOLE - self.at),
                Some(_) if behind < SAMPLE => (true, SAMPLE - behind),
                Some(_) => (false, BLOCK - behind),
            };
            let (now, rest) = chunk.split_at(chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
            if hashed {
                self.hash.update(now);
            }
            self.at += now.len() as u64;
            chunk = rest;
        }
    }

    pub(super) fn value(&self) -> u128 {
        self.hash.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8], chunk: usize) -> u128 {
        let mut fingerprint = Fingerprint::new();
        bytes.chunks(chunk).for_each(|chunk| fingerprint.update(chunk));
        fingerprint.value()
    }

    #[test]
    fn the_size_of_the_chunks_does_not_change_it() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
        let whole = of(&bytes, bytes.len());
        for chunk in [1_000, 65_536, 262_144, 300_001] {
            assert_eq!(of(&bytes, chunk), whole, "{chunk}");
        }
    }

    #[test]
    fn a_byte_in_the_first_window_or_in_a_sample_changes_it() {
        let plain = vec![b'x'; 700_000];
        for at in [0, 262_143, 327_680, 331_775] {
            let mut other = plain.clone();
            other[at] = b'y';
            assert_ne!(of(&other, 4_096), of(&plain, 4_096), "{at}");
        }
    }
}
