//! Makes events and transitions for the tests.

use history::facts::{Basis, Dimension, Event, Evidence, Instance, Testimony, Transition};
use history::usage::{Cite, Purchase, Series, Usage, UsageClock};
use parsers::event::{EventKind, Witness};
use parsers::origin::{Origin, Span};
use parsers::record::Severity;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

/// SplitMix64: the same numbers on every machine.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Fisher and Yates.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// How many random streams a test looks at: `FRAMES_STREAMS` sets another number.
pub(crate) fn streams() -> u64 {
    std::env::var("FRAMES_STREAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

/// `2026-04-02T10:00:00Z` plus milliseconds.
pub(crate) fn at(ms: i64) -> Instant {
    Instant::from_timestamp_millis(1_775_124_000_000 + ms).unwrap()
}

/// The same in minutes.
pub(crate) fn at_min(minutes: i64) -> Instant {
    at(minutes * 60_000)
}

pub(crate) fn origin(member: u32, line: u64) -> Origin {
    let text = format!("member {member} line {line}");
    Origin { member, span: Span::of(text.as_bytes(), line, line * 100) }
}

pub(crate) fn event(at: Option<Instant>, kind: EventKind, origin: Origin) -> Event {
    Event {
        at,
        at_candidates: Vec::new(),
        year: YearBasis::Written,
        zone: ZoneBasis::Written,
        node: None,
        kind,
        facility: "LIB_LICENSE".into(),
        severity: Severity(1),
        mnemonic: "SYSTEM_IN_OOC_STATE".into(),
        params: Vec::new(),
        text: "".into(),
        witnesses: vec![Testimony { witness: Witness::Trace, origin, node: None, at }],
    }
}

pub(crate) fn transition(
    dimension: Dimension,
    state: &'static str,
    at: Option<Instant>,
    origin: Origin,
) -> Transition {
    Transition {
        dimension,
        state,
        at,
        bounds: None,
        basis: Basis::Stated,
        cause: format!("{state} by line {}", origin.span.line),
        evidence: Evidence::one(origin),
    }
}

/// All of one instance.
pub(crate) fn numbered<T>(items: &[T]) -> Vec<(usize, &T)> {
    items.iter().map(|item| (0, item)).collect()
}

/// Usage of rows that cite line after line of one log.
pub(crate) fn usage(at: Vec<Instant>, series: &[(&str, Vec<u32>)], purchases: Vec<Purchase>) -> Usage {
    let rows = (0..at.len() as u64).map(|row| Cite::Line(Box::new(origin(0, row + 1)))).collect();
    let series = series
        .iter()
        .map(|(entitlement, counts)| Series { entitlement: (*entitlement).into(), counts: counts.clone() })
        .collect();
    Usage { at, rows, tables: Vec::new(), series, purchases, clock: UsageClock::Written, assumed: Vec::new() }
}

pub(crate) fn purchase(entitlement: &str, count: u32, since: Option<Instant>) -> Purchase {
    Purchase { entitlement: entitlement.into(), count, since, basis: Basis::Given, evidence: None }
}

/// An instance of which nothing else is known.
pub(crate) fn instance(transitions: Vec<Transition>, events: Vec<Event>) -> Instance {
    Instance { transitions, events, ..Instance::unknown("uccxpub") }
}
