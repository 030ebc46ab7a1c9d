//! Where in a long output an original could stand: places at which four bytes of one stand, whichever four the output
//! holds least often. Only around those is the dictionary asked, which is slow for many names.

use std::collections::HashSet;
use std::ops::Range;

/// Shorter outputs are searched whole.
pub(super) const FROM: usize = 1 << 16;
/// Bits of the filter in front of the exact look-up, as a power of two.
const BITS: u32 = 18;
const WORDS: usize = 1 << (BITS - 6);
/// One window in so many is counted to learn which are common.
const STEP: usize = 13;

/// Four bytes without regard to case; other bytes fall together too, which costs a look and hides nothing.
fn folded(window: &[u8]) -> u32 {
    match *window {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]) | 0x2020_2020,
        _ => 0,
    }
}

fn slot(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

/// Stretches that hold every place of an original, each with `margin` bytes around it, in order and apart from each
/// other; `None` if an original is too short for this. `margin` is at least the length of the longest original.
pub(super) fn stretches(output: &[u8], originals: &[Box<[u8]>], margin: usize) -> Option<Vec<Range<usize>>> {
    if originals.iter().any(|original| original.len() < 4) {
        return None;
    }
    let mut counts = vec![0_u32; 1 << BITS];
    for window in output.windows(4).step_by(STEP) {
        counts[slot(folded(window))] += 1;
    }
    let mut filter = vec![0_u64; WORDS];
    let mut wanted: HashSet<u32> = HashSet::new();
    for original in originals {
        let windows = original.windows(4).map(folded);
        // Names of one site begin alike, and like words of the product: any four bytes of a name may stand for it.
        let Some(rarest) = windows.min_by_key(|window| counts[slot(*window)]) else { continue };
        filter[slot(rarest) >> 6] |= 1 << (slot(rarest) & 63);
        wanted.insert(rarest);
    }
    let middle = output.len() / 2;
    let look = |from: usize, to: usize| {
        let part = output.get(from..(to + 3).min(output.len())).unwrap_or_default();
        let windows = part.windows(4).map(folded).enumerate();
        let met = windows.filter(|(_, window)| {
            let slot = slot(*window);
            filter[slot >> 6] >> (slot & 63) & 1 == 1 && wanted.contains(window)
        });
        let mut found: Vec<Range<usize>> = Vec::new();
        met.for_each(|(at, _)| join(&mut found, around(from + at, margin, output.len())));
        found
    };
    let (mut found, right) = std::thread::scope(|scope| {
        let right = scope.spawn(|| look(middle, output.len()));
        let left = look(0, middle);
        // A thread that panicked did so for a reason that must be seen.
        (left, right.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    right.into_iter().for_each(|stretch| join(&mut found, stretch));
    Some(found)
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

    #[test]
    fn every_place_of_an_original_lies_in_a_stretch_with_its_margin() {
        let originals: Vec<Box<[u8]>> =
            ["uccxpub", "uccxsub1", "Jane%40acme.com"].map(|text| text.as_bytes().into()).into();
        let mut output = "uccx/log/MCVD com.cisco.uccx ".repeat(2_000).into_bytes();
        let len = output.len();
        // At both ends, over the middle and side by side.
        let placed = [
            (0, "UCCXPUB"),
            (len / 2 - 3, "uccxsub1"),
            (len / 2 + 90, "uccxpub"),
            (len - 15, "jane%40ACME.com"),
        ];
        for (at, text) in placed {
            output[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        let found = stretches(&output, &originals, 20).unwrap();
        for (at, text) in placed {
            let whole = at.saturating_sub(20)..(at + text.len() + 20).min(len);
            assert!(
                found.iter().any(|one| one.start <= whole.start && whole.end <= one.end),
                "{at}: {found:?}"
            );
        }
        assert!(found.windows(2).all(|pair| pair[0].end < pair[1].start), "{found:?}");
        assert!(found.iter().map(|one| one.end - one.start).sum::<usize>() < 500, "{found:?}");
    }

    #[test]
    fn an_original_of_three_bytes_is_left_to_the_dictionary() {
        assert_eq!(stretches(b"the pub node", &[Box::from(*b"pub")], 3), None);
        assert_eq!(stretches(b"", &[Box::from(*b"pub1")], 4), Some(Vec::new()));
    }
}
