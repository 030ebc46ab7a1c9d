//! One fact, one event: the same alarm in trace, syslog, RTMT alert, mail and AlertLog has several witnesses.

use chrono::TimeDelta;
use parsers::event::{EventKind, Witness};
use parsers::stamp::Instant;

use crate::facts::{Event, Testimony};
use crate::skew;

/// Two places of one node write an alarm within this time of each other.
pub(crate) const TOGETHER: TimeDelta = TimeDelta::seconds(5);

/// Events that are looked back at: a hostile log may hold any number within five seconds, and more nodes than this write
/// no alarm together.
const LOOK_BACK: usize = 256;

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
            .take(LOOK_BACK)
            .take_while(|known| within(known, &event))
            .find(|known| is_twin(known, &event));
        match twin {
            Some(known) => absorb(known, event),
            None => out.push(event),
        }
    }
    for event in &mut out {
        for said in &mut event.witnesses {
            said.node = said.node.or(event.node);
        }
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
pub fn testimony(
    witness: Witness,
    origin: parsers::origin::Origin,
    node: Option<usize>,
    at: Option<Instant>,
) -> Vec<Testimony> {
    vec![Testimony { witness, origin, node, at }]
}

/// Makes one event of an alarm that several nodes of a Product Instance wrote, and puts the dated events on the clock
/// of `reference`.
///
/// `ahead` says how far each node's clock is ahead of the reference's. What is not known counts as no difference, so
/// only alarms that lie within five seconds meet. The event keeps the instant of the reference where that node wrote
/// it; its node is the one whose trace wrote first. Events of a node whose clock differs by less than that stay as
/// they are written.
#[must_use]
pub fn merge_nodes(events: Vec<Event>, ahead: &[Option<TimeDelta>], reference: usize) -> Vec<Event> {
    let by =
        |event: &Event| event.node.and_then(|node| ahead.get(node)).copied().flatten().unwrap_or_default();
    let mut aligned: Vec<(Instant, Event)> = Vec::with_capacity(events.len());
    let mut undated = Vec::new();
    for mut event in events {
        let Some(at) = event.at else {
            undated.push(event);
            continue;
        };
        let true_at = at - by(&event);
        if by(&event).abs() > TOGETHER {
            event.at = Some(true_at);
        }
        aligned.push((true_at, event));
    }
    aligned.sort_by(|(a, x), (b, y)| {
        (a, x.witnesses.first().map(|said| &said.origin))
            .cmp(&(b, y.witnesses.first().map(|said| &said.origin)))
    });
    let mut out: Vec<(Instant, Event)> = Vec::with_capacity(aligned.len());
    for (at, event) in aligned {
        let twin = out
            .iter_mut()
            .rev()
            .take(LOOK_BACK)
            .take_while(|(known, _)| at - *known <= TOGETHER)
            .find(|(_, known)| is_said_by_another(known, &event));
        match twin {
            Some((_, known)) => join(known, event, reference),
            None => out.push((at, event)),
        }
    }
    let mut out: Vec<Event> = out.into_iter().map(|(_, event)| event).collect();
    for event in &mut out {
        let own = event.node;
        event.witnesses.sort_by(|a, b| {
            (a.node != own, rank(a.witness), &a.origin).cmp(&(b.node != own, rank(b.witness), &b.origin))
        });
    }
    out.sort_by(|a, b| {
        let first = |event: &Event| event.witnesses.first().map(|said| said.origin.clone());
        (a.at, first(a)).cmp(&(b.at, first(b)))
    });
    out.extend(undated);
    out
}

/// The same alarm of the Product Instance, and no node of the one is a witness of the other.
fn is_said_by_another(known: &Event, event: &Event) -> bool {
    let nodes_differ = |known: &Event| {
        known.node.is_some()
            && event.node.is_some()
            && known.witnesses.iter().all(|old| event.witnesses.iter().all(|new| old.node != new.node))
    };
    skew::is_shared(event)
        && known.kind == event.kind
        && known.facility == event.facility
        && nodes_differ(known)
}

fn join(known: &mut Event, twin: Event, reference: usize) {
    let traced = |event: &Event| event.witnesses.iter().any(|said| said.witness == Witness::Trace);
    if twin.node == Some(reference) {
        (known.at, known.year, known.zone) = (twin.at, twin.year, twin.zone);
    }
    if traced(&twin) && !traced(known) {
        known.node = twin.node;
    }
    for (key, value) in twin.params {
        if !known.params.iter().any(|(have, _)| *have == key) {
            known.params.push((key, value));
        }
    }
    known.witnesses.extend(twin.witnesses);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, shared_event};

    fn ooc(minute: &str, seconds: i64, node: usize) -> Event {
        shared_event(EventKind::OocEntered, at(minute) + TimeDelta::seconds(seconds), node)
    }

    #[test]
    fn an_alarm_of_two_nodes_is_one_event_with_the_time_of_the_reference() {
        let ahead = [Some(TimeDelta::zero()), Some(TimeDelta::seconds(-720))];
        let merged = merge_nodes(vec![ooc("09:48", 0, 1), ooc("10:00", 1, 0)], &ahead, 0);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].at, Some(at("10:00") + TimeDelta::seconds(1)));
        // The second node wrote first, as its corrected clock tells.
        assert_eq!(merged[0].node, Some(1));
        let said: Vec<Option<Instant>> = merged[0].witnesses.iter().map(|said| said.at).collect();
        assert_eq!(said, [Some(at("09:48")), Some(at("10:00") + TimeDelta::seconds(1))]);
    }

    #[test]
    fn repetitions_stay_events_of_their_own() {
        let events = vec![ooc("10:00", 0, 0), ooc("10:00", 1, 1), ooc("10:15", 0, 0), ooc("10:15", 1, 1)];
        assert_eq!(merge_nodes(events, &[None, None], 0).len(), 2);
        assert_eq!(merge_nodes(vec![ooc("10:00", 0, 0), ooc("10:00", 2, 0)], &[None], 0).len(), 2);
    }

    #[test]
    fn an_alarm_of_one_node_moves_to_the_clock_of_the_reference() {
        let ahead = [Some(TimeDelta::zero()), Some(TimeDelta::minutes(12))];
        let moved = merge_nodes(vec![ooc("10:12", 0, 1)], &ahead, 0);
        assert_eq!((moved[0].at, moved[0].witnesses[0].at), (Some(at("10:00")), Some(at("10:12"))));
    }

    #[test]
    fn clocks_that_are_not_known_to_differ_join_nothing_far_apart() {
        assert_eq!(merge_nodes(vec![ooc("10:00", 0, 0), ooc("10:12", 0, 1)], &[None, None], 0).len(), 2);
    }
}
