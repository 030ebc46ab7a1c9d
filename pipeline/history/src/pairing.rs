//! The same alarm in another log of the node, with a full time: it decides between the instants that an undated
//! line may mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use parsers::event::EventKind;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::facts::Event;

/// Two places of one node write an alarm within this time of each other.
const TOGETHER: TimeDelta = TimeDelta::seconds(5);

type Key = (Option<usize>, Arc<str>, EventKind);

/// Dates each event that has several candidates, exactly one of which has the same alarm of the same node beside it.
pub fn pair(events: &mut [Event]) {
    if events.iter().all(|event| event.at_candidates.is_empty()) {
        return;
    }
    let mut full: BTreeMap<Key, Vec<Instant>> = BTreeMap::new();
    for event in events.iter() {
        if let (Some(at), YearBasis::Written, ZoneBasis::Written) = (event.at, event.year, event.zone) {
            full.entry(key(event)).or_default().push(at);
        }
    }
    for instants in full.values_mut() {
        instants.sort_unstable();
    }
    for event in events.iter_mut().filter(|event| event.at.is_none()) {
        let Some(instants) = full.get(&key(event)) else { continue };
        let beside = |at: &&Instant| {
            let from = instants.partition_point(|other| *other < **at - TOGETHER);
            instants.get(from).is_some_and(|other| *other <= **at + TOGETHER)
        };
        let mut fitting = event.at_candidates.iter().filter(beside);
        let (Some(only), None) = (fitting.next().copied(), fitting.next()) else { continue };
        event.at = Some(only);
        event.at_candidates.clear();
        if event.year == YearBasis::Ambiguous {
            event.year = YearBasis::DatedLines;
        }
        if event.zone == ZoneBasis::Ambiguous {
            event.zone = ZoneBasis::Paired;
        }
    }
}

fn key(event: &Event) -> Key {
    (event.node, Arc::clone(&event.facility), event.kind.clone())
}
