//! From the stamps of one member to instants.

use std::sync::Arc;

use parsers::event::{Sighting, Witness};
use parsers::member::Mark;
use parsers::origin::Origin;
use parsers::stamp::{Instant, NodeClock, Stamp, YearBasis, ZoneBasis, resolve};

use crate::facts::Event;
use crate::reconcile;
use crate::runs::Runs;

/// What turns the stamps of one member into instants.
pub(crate) struct Dating<'a> {
    /// Its number.
    pub(crate) member: usize,
    /// Its node's clock.
    pub(crate) clock: &'a NodeClock,
    /// What the order of records says.
    pub(crate) runs: &'a Runs,
}

impl Dating<'_> {
    /// The instant of a header: its own time, else the syslog daemon's.
    pub(crate) fn mark(&self, mark: &Mark) -> Option<Instant> {
        let by_order = self.runs.get(self.member, mark.offset).map(|found| found.at);
        let own = by_order.unwrap_or_else(|| mark.stamp.and_then(|stamp| resolve(&stamp, self.clock).at));
        own.or_else(|| mark.outer.and_then(|outer| resolve(&outer, self.clock).at))
    }
}

/// An event of one sighting; `other` is the clock of the node that it names, where that is not the member's.
pub(crate) fn dated(
    sighting: &Sighting,
    dating: &Dating<'_>,
    other: Option<&NodeClock>,
    node: Option<usize>,
) -> Event {
    let written: Option<Stamp> = sighting.stamp.or(sighting.outer);
    let by_order = dating.runs.get(dating.member, sighting.span.offset);
    let by_order = by_order.filter(|_| sighting.witness == Witness::Trace && other.is_none());
    let resolved = match by_order {
        Some(found) => Some(found.clone()),
        None => written.map(|stamp| resolve(&stamp, other.unwrap_or(dating.clock))),
    };
    let (at, candidates, year, zone) = match resolved {
        Some(found) => (found.at, found.candidates, found.year, found.zone),
        None => (None, Vec::new(), YearBasis::Unknown, ZoneBasis::Unknown),
    };
    let member = dating.member;
    let member = u32::try_from(member).unwrap_or(u32::MAX);
    Event {
        at,
        at_candidates: if at.is_some() { Vec::new() } else { candidates },
        year,
        zone,
        node,
        kind: sighting.kind.clone(),
        facility: Arc::clone(&sighting.facility),
        severity: sighting.severity,
        mnemonic: Arc::clone(&sighting.mnemonic),
        params: sighting.params.clone(),
        text: Arc::clone(&sighting.text),
        witnesses: reconcile::testimony(
            sighting.witness,
            Origin { member, span: sighting.span.clone() },
            node,
            at,
        ),
    }
}
