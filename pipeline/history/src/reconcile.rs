//! One fact, one event: the same alarm in trace, syslog, RTMT alert, mail and AlertLog has several witnesses.

use chrono::TimeDelta;
use parsers::event::{EventKind, Witness};

use crate::facts::{Event, Testimony};

/// Two places of one node write an alarm within this time of each other.
const TOGETHER: TimeDelta = TimeDelta::seconds(5);

/// Merges events that are one fact. `events` are dated and in order of time; undated ones are never merged.
///
/// Two sightings are one fact if they mean the same, lie within five seconds, and name the same node or leave it
/// open. Two lines of one file are two facts, unless the file is a system log that repeats another node's alarm.
#[must_use]
pub fn merge(events: Vec<Event>) -> Vec<Event> {
    let mut out: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let twin = out
            .iter_mut()
            .rev()
            .take_while(|known| within(known, &event))
            .find(|known| is_twin(known, &event));
        match twin {
            Some(known) => absorb(known, event),
            None => out.push(event),
        }
    }
    for event in &mut out {
        event.witnesses.sort_by(|a, b| (rank(a.witness), &a.origin).cmp(&(rank(b.witness), &b.origin)));
    }
    out
}

fn within(known: &Event, event: &Event) -> bool {
    match (known.at, event.at) {
        (Some(a), Some(b)) => b - a <= TOGETHER,
        _ => false,
    }
}

fn is_twin(known: &Event, event: &Event) -> bool {
    let same_node = known.node.is_none() || event.node.is_none() || known.node == event.node;
    let same_kind = match (&known.kind, &event.kind) {
        // The unknown is only one if it has one name.
        (EventKind::UnknownLicenseEvent, EventKind::UnknownLicenseEvent) => known.mnemonic == event.mnemonic,
        (a, b) => a == b,
    };
    same_node && same_kind && known.facility == event.facility && !shares_log(known, event)
}

/// True if a line of the same place in the same member is already a witness: then it is a repetition.
fn shares_log(known: &Event, event: &Event) -> bool {
    known.witnesses.iter().any(|old| {
        event.witnesses.iter().any(|new| old.witness == new.witness && old.origin.member == new.origin.member)
    })
}

/// Takes over what the twin knows better: the more firmly found instant, the node, parameters.
fn absorb(known: &mut Event, twin: Event) {
    if (twin.zone, twin.year) < (known.zone, known.year) {
        known.at = twin.at;
        known.zone = twin.zone;
        known.year = twin.year;
    }
    known.node = known.node.or(twin.node);
    for (key, value) in twin.params {
        if !known.params.iter().any(|(have, _)| *have == key) {
            known.params.push((key, value));
        }
    }
    known.witnesses.extend(twin.witnesses);
}

/// The log that wrote an alarm comes before those that repeat it.
fn rank(witness: Witness) -> u8 {
    match witness {
        Witness::Trace => 0,
        Witness::Syslog => 1,
        Witness::Rtmt => 2,
        Witness::AlertLog => 3,
        Witness::Email => 4,
    }
}

/// The testimony of one sighting.
#[must_use]
pub fn testimony(witness: Witness, origin: parsers::origin::Origin) -> Vec<Testimony> {
    vec![Testimony { witness, origin }]
}
