//! Where in a long output an original could stand: places at which four bytes of one stand, whichever four the output
//! holds least often. Only around those is the dictionary asked, which is slow for many names.
//!
//! Where every original is longer than four bytes, not every place is looked at: of an original with `n + 3` bytes, `n`
//! places of four bytes follow each other, and one of `n` is among every `n`th.

use std::collections::HashSet;
use std::ops::Range;

/// Bits of the filter in front of the exact look-up, as a power of two.
const BITS: u32 = 16;
const WORDS: usize = 1 << (BITS - 6);
/// One window in so many is counted to learn which are common.
const STEP: usize = 13;
/// Most places that are passed over from one look to the next.
const STRIDE_MAX: usize = 4;
/// Longer outputs are looked at by two threads.
const PARALLEL_FROM: usize = 1 << 20;

/// Four bytes without regard to case; other bytes fall together too, which costs a look and hides nothing.
fn folded(window: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*window) | 0x2020_2020
}

fn slot(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

/// The windows of four bytes that begin at every `step`th place.
fn windows(bytes: &[u8], step: usize) -> impl Iterator<Item = u32> {
    bytes.windows(4).step_by(step).map(|window| window.first_chunk().map_or(0, folded))
}

/// Originals, ready to be looked for in outputs.
#[derive(Debug)]
pub(super) struct Sieve {
    /// The windows of each original, in order.
    originals: Vec<Vec<u32>>,
    /// How far apart looks may be.
    stride_max: usize,
    /// Bytes around a place that belong to it.
    margin: usize,
}

/// What is looked for in one output.
struct Filter {
    /// How far apart looks are.
    stride: usize,
    bits: Vec<u64>,
    wanted: HashSet<u32>,
}

impl Filter {
    fn add(&mut self, window: u32) {
        if let Some(word) = self.bits.get_mut(slot(window) >> 6) {
            *word |= 1 << (slot(window) & 63);
        }
        self.wanted.insert(window);
    }

    fn may_hold(&self, window: u32) -> bool {
        let slot = slot(window);
        self.bits.get(slot >> 6).is_some_and(|word| word >> (slot & 63) & 1 == 1)
    }
}

impl Sieve {
    /// A sieve for originals; `None` if one is too short for it. `margin` is at least the length of the longest.
    pub(super) fn of(originals: impl IntoIterator<Item = impl AsRef<[u8]>>, margin: usize) -> Option<Self> {
        let originals: Vec<Vec<u32>> =
            originals.into_iter().map(|original| windows(original.as_ref(), 1).collect()).collect();
        let shortest = originals.iter().map(Vec::len).min().unwrap_or(STRIDE_MAX);
        (shortest > 0).then_some(Self { originals, stride_max: shortest.min(STRIDE_MAX), margin })
    }

    /// Stretches that hold every place of an original, each with the margin around it, in order and apart from each other.
    pub(super) fn stretches(&self, output: &[u8]) -> Vec<Range<usize>> {
        let filter = self.filter(output);
        let look = |from: usize, to: usize| {
            let part = output.get(from..(to + 3).min(output.len())).unwrap_or_default();
            let mut found: Vec<Range<usize>> = Vec::new();
            for (number, window) in windows(part, filter.stride).enumerate() {
                if filter.may_hold(window) && filter.wanted.contains(&window) {
                    join(&mut found, around(from + number * filter.stride, self.margin, output.len()));
                }
            }
            found
        };
        if output.len() < PARALLEL_FROM {
            return look(0, output.len());
        }
        let middle = output.len() / 2 / filter.stride * filter.stride;
        let (mut found, right) = std::thread::scope(|scope| {
            let right = scope.spawn(|| look(middle, output.len()));
            let left = look(0, middle);
            // A thread that panicked did so for a reason that must be seen.
            (left, right.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        right.into_iter().for_each(|stretch| join(&mut found, stretch));
        found
    }

    /// What stands for each original in this output: names of one site begin alike, and like words of the product, so
    /// any of its windows may, and those do that come least often. Looks are as far apart as pays: the farther, the more
    /// windows of each original are needed, common ones too.
    fn filter(&self, output: &[u8]) -> Filter {
        /// What the dictionary costs for a byte, in looks.
        const ASK: usize = 4;
        let mut counts = vec![0_usize; 1 << BITS];
        for window in windows(output, STEP) {
            if let Some(count) = counts.get_mut(slot(window)) {
                *count += 1;
            }
        }
        let met = |windows: &[u32]| -> usize {
            windows.iter().map(|window| counts.get(slot(*window)).copied().unwrap_or_default()).sum()
        };
        let plans = (1..=self.stride_max).map(|stride| {
            // As many windows side by side as places lie between two looks: one of them is looked at.
            let rarest = self
                .originals
                .iter()
                .map(|of| of.windows(stride).min_by_key(|of| met(of)).unwrap_or_default());
            let rarest: Vec<&[u32]> = rarest.collect();
            let asked: usize = rarest.iter().map(|of| met(of) * STEP * 4 * self.margin * ASK).sum();
            ((output.len() + asked) / stride, stride, rarest)
        });
        let (_, stride, rarest) = plans.min_by_key(|(cost, ..)| *cost).unwrap_or((0, 1, Vec::new()));
        let mut filter = Filter { stride, bits: vec![0; WORDS], wanted: HashSet::new() };
        rarest.into_iter().flatten().for_each(|window| filter.add(*window));
        filter
    }
}

/// What can belong to an original with a byte at `at`, and `margin` bytes around that.
fn around(at: usize, margin: usize, len: usize) -> Range<usize> {
    at.saturating_sub(2 * margin)..at.saturating_add(2 * margin + 4).min(len)
}

/// Adds a stretch that begins no earlier than those before it.
fn join(found: &mut Vec<Range<usize>>, stretch: Range<usize>) {
    match found.last_mut() {
        Some(last) if stretch.start <= last.end => last.end = last.end.max(stretch.end),
        _ => found.push(stretch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place of `originals` lies whole in a stretch, whatever the output and wherever they begin in it.
    #[track_caller]
    fn check(originals: &[&str], len: usize) {
        let sieve = Sieve::of(originals, 20).unwrap();
        let mut output = "uccx/log/MCVD com.cisco.uccx ".repeat(len / 29 + 1).into_bytes();
        output.truncate(len);
        // At both ends, over the middle at each distance from it, and side by side.
        let mut places = vec![(0, originals[0])];
        for (number, original) in originals.iter().cycle().take(3 * STRIDE_MAX * originals.len()).enumerate()
        {
            places.push((len / 4 + number * 131, *original));
            places.push((len / 2 + number * 97 - 40 * number % 13 - 3, *original));
        }
        places.push((len - originals[0].len(), originals[0]));
        for (at, text) in places {
            let before = output.clone();
            for (to, from) in output[at..at + text.len()].iter_mut().zip(text.to_uppercase().bytes()) {
                *to = from;
            }
            let whole = at.saturating_sub(20)..(at + text.len() + 20).min(len);
            let found = sieve.stretches(&output);
            assert!(
                found.iter().any(|one| one.start <= whole.start && whole.end <= one.end),
                "{text} at {at}: {found:?}"
            );
            assert!(found.windows(2).all(|pair| pair[0].end < pair[1].start), "{found:?}");
            assert!(found.iter().map(|one| one.end - one.start).sum::<usize>() < 500, "{found:?}");
            output = before;
        }
    }

    #[test]
    fn every_place_of_an_original_lies_in_a_stretch_with_its_margin() {
        check(&["uccxpub", "uccxsub1", "Jane%40acme.com"], 60_000);
        check(&["uccxpub", "uccxsub1", "Jane%40acme.com"], PARALLEL_FROM + 7);
        for originals in [&["jdoe"][..], &["uccx1", "uccxpub"], &["ucc1x2"], &["10.1.22.3"]] {
            check(originals, 60_000);
        }
    }

    #[test]
    fn an_original_of_three_bytes_is_left_to_the_dictionary() {
        assert!(Sieve::of(["pub"], 3).is_none());
        let sieve = Sieve::of(["pub1"], 4).unwrap();
        assert!(sieve.stretches(b"").is_empty());
        assert_eq!(sieve.stride_max, 1);
        assert!(Sieve::of([""; 0], 0).unwrap().stretches(b"the pub node").is_empty());
    }
}
