//! Which licences are lacking: the arithmetic of entitlements.
//!
//! A Standard user may take a free Premium seat, a Premium user no Standard one: ten Premium and forty Standard seats
//! allow at most ten Premium users, and fifty in all. Every other entitlement stands alone. Supervisors are counted as
//! Premium where usage is counted, not here.
//!
//! Source: Features Guide 12.5(1) SU1 and SU3, Smart Licensing, Flex.

use std::sync::Arc;

use parsers::entitlements::{HIGH_AVAILABILITY, PREMIUM, SERVER, STANDARD};
use parsers::usage::NOT_COUNTED;

/// True for an entitlement whose use is counted against what was purchased. The licences of the server and of the
/// second node must exist and never show as consumed.
///
/// Source: Features Guide 12.5(1) SU1, Smart Licensing, Flex (note on the Server License).
#[must_use]
pub fn judged(entitlement: &str) -> bool {
    !matches!(entitlement, HIGH_AVAILABILITY | SERVER)
}

/// The arithmetic for a list of entitlements.
#[derive(Clone, Debug)]
pub struct Flex {
    premium: Option<usize>,
    standard: Option<usize>,
    judged: Vec<bool>,
}

impl Flex {
    /// For entitlements in this order.
    #[must_use]
    pub fn new(entitlements: &[Arc<str>]) -> Self {
        let place = |name: &str| entitlements.iter().position(|entitlement| **entitlement == *name);
        Self {
            premium: place(PREMIUM),
            standard: place(STANDARD),
            judged: entitlements.iter().map(|entitlement| judged(entitlement)).collect(),
        }
    }

    /// Licenses of each entitlement to buy, written into `out`; 0 where use or purchases are [`NOT_COUNTED`].
    pub fn lacking(&self, in_use: &[u32], purchased: &[u32], out: &mut Vec<u32>) {
        out.clear();
        for ((in_use, purchased), judged) in in_use.iter().zip(purchased).zip(&self.judged) {
            out.push(if *judged { less(*in_use, *purchased) } else { 0 });
        }
        let at = |values: &[u32], place: Option<usize>| {
            place.and_then(|place| values.get(place)).copied().filter(|count| *count != NOT_COUNTED)
        };
        let (Some(bought), Some(used)) = (at(purchased, self.premium), at(in_use, self.standard)) else {
            return;
        };
        let free = bought.saturating_sub(at(in_use, self.premium).unwrap_or(0));
        let Some(cell) = self.standard.and_then(|place| out.get_mut(place)) else { return };
        // Where no Standard seats are known to be bought, all Standard users sit on Premium seats, or lack one.
        let standard = at(purchased, self.standard).unwrap_or(0);
        *cell = used.saturating_sub(standard).saturating_sub(free);
    }

    /// True if any licence is lacking.
    pub fn over(&self, in_use: &[u32], purchased: &[u32], scratch: &mut Vec<u32>) -> bool {
        self.lacking(in_use, purchased, scratch);
        scratch.iter().any(|lacking| *lacking > 0)
    }
}

/// Licenses of each of `entitlements` to buy; see [`Flex::lacking`].
#[must_use]
pub fn lacking(entitlements: &[Arc<str>], in_use: &[u32], purchased: &[u32]) -> Vec<u32> {
    let mut out = Vec::with_capacity(entitlements.len());
    Flex::new(entitlements).lacking(in_use, purchased, &mut out);
    out
}

fn less(in_use: u32, purchased: u32) -> u32 {
    if in_use == NOT_COUNTED || purchased == NOT_COUNTED { 0 } else { in_use.saturating_sub(purchased) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Premium and Standard: in use, purchased, lacking.
    #[track_caller]
    fn check(in_use: [u32; 2], purchased: [u32; 2], expected: [u32; 2]) {
        let names = [Arc::from(PREMIUM), Arc::from(STANDARD)];
        assert_eq!(lacking(&names, &in_use, &purchased), expected);
        let turned = |of: [u32; 2]| [of[1], of[0]];
        let names = [Arc::from(STANDARD), Arc::from(PREMIUM)];
        assert_eq!(lacking(&names, &turned(in_use), &turned(purchased)), turned(expected));
    }

    #[test]
    fn a_standard_user_may_take_a_premium_seat_and_not_the_reverse() {
        check([0, 50], [10, 40], [0, 0]);
        check([10, 40], [10, 40], [0, 0]);
        check([11, 0], [10, 40], [1, 0]);
        check([11, 39], [10, 40], [1, 0]);
        check([5, 46], [10, 40], [0, 1]);
        check([12, 45], [10, 40], [2, 5]);
    }

    #[test]
    fn what_is_not_known_lacks_nothing() {
        check([NOT_COUNTED, 50], [10, 40], [0, 0]);
        check([12, NOT_COUNTED], [10, 40], [2, 0]);
        check([12, 50], [NOT_COUNTED, 40], [0, 10]);
        check([12, 50], [NOT_COUNTED, NOT_COUNTED], [0, 0]);
        check([4, 10], [10, NOT_COUNTED], [0, 4]);
    }

    #[test]
    fn other_entitlements_stand_alone_and_the_server_is_never_consumed() {
        let names: Vec<Arc<str>> = ["INBOUND_PORTS", SERVER, HIGH_AVAILABILITY].map(Arc::from).to_vec();
        assert_eq!(lacking(&names, &[12, 1, 1], &[10, 0, 0]), [2, 0, 0]);
    }
}
