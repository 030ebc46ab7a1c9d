//! A random generator whose numbers never change: SplitMix64.
//!
//! Source: Guy L. Steele Jr., Doug Lea, Christine H. Flood, "Fast splittable pseudorandom number generators",
//! OOPSLA 2014. Only wrapping 64-bit integer arithmetic: the same on every platform and in every release.

/// One stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The stream `label` of `seed`: what one part of the generator draws never moves another part's numbers.
    #[must_use]
    pub fn stream(seed: u64, label: u64) -> Rng {
        let mut rng = Rng { state: seed ^ label.wrapping_mul(0xd6e8_feb8_6659_fd93) };
        rng.state = rng.next_u64();
        rng
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; 0 where `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        // The high half of a 32 × 32 bit product: at most 32 bits wide.
        let wide = (self.next_u64() >> 32) * u64::from(n);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number in `low..=high`; `low` where the range is empty.
    pub fn within(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// A number in `low..=high`; `low` where the range is empty.
    pub fn within_i64(&mut self, low: i64, high: i64) -> i64 {
        let span = u32::try_from(high.saturating_sub(low)).unwrap_or(u32::MAX);
        low + i64::from(self.below(span.saturating_add(1)))
    }

    /// True in one of `n` draws; never where `n` is 0.
    pub fn one_in(&mut self, n: u32) -> bool {
        n != 0 && self.below(n) == 0
    }

    /// One of the items; `fallback` where there are none.
    pub fn pick<T: Copy>(&mut self, items: &[T], fallback: T) -> T {
        let n = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items.get(self.below(n) as usize).copied().unwrap_or(fallback)
    }

    /// Puts the items into a random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let n = u32::try_from(last + 1).unwrap_or(u32::MAX);
            items.swap(last, self.below(n) as usize);
        }
    }
}
