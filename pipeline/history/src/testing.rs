//! Small events for tests.

use parsers::event::{EventKind, Witness};
use parsers::origin::{Origin, Span};
use parsers::record::Severity;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::facts::{Event, Node};
use crate::reconcile::testimony;

/// An instant of one day: `10:30`.
pub(crate) fn at(text: &str) -> Instant {
    format!("2026-04-02T{text}:00Z").parse().unwrap()
}

/// A licence alarm that `node` wrote into its trace.
pub(crate) fn shared_event(kind: EventKind, at: Instant, node: usize) -> Event {
    let offset = u64::try_from(at.timestamp()).unwrap();
    let member = u32::try_from(node).unwrap();
    let origin = Origin { member, span: Span::of(b"line", offset, offset) };
    Event {
        at: Some(at),
        at_candidates: Vec::new(),
        year: YearBasis::Written,
        zone: ZoneBasis::Written,
        node: Some(node),
        kind,
        facility: "LIB_LICENSE".into(),
        severity: Severity(1),
        mnemonic: "X".into(),
        params: Vec::new(),
        text: "".into(),
        witnesses: testimony(Witness::Trace, origin, Some(node), Some(at)),
    }
}

/// A node of that name.
pub(crate) fn node(name: &str) -> Node {
    Node {
        name: name.into(),
        aliases: Vec::new(),
        role: None,
        time_zone: None,
        zone_basis: ZoneBasis::Written,
        year_basis: YearBasis::Written,
        clock_skew_s: None,
    }
}
