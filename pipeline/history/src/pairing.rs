//! The same alarm in another log of the node, with a full time: it decides between the instants that an undated
//! line may mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use parsers::event::EventKind;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::facts::Event;
use crate::reconcile::TOGETHER;

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
        event.witnesses.iter_mut().for_each(|said| said.at = said.at.or(Some(only)));
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

#[cfg(test)]
mod tests {
    use parsers::record::Severity;

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn event(instants: &[&str], year: YearBasis, zone: ZoneBasis) -> Event {
        let candidates: Vec<Instant> = instants.iter().map(|text| at(text)).collect();
        let only = if let [only] = candidates.as_slice() { Some(*only) } else { None };
        Event {
            at: only,
            at_candidates: if only.is_some() { Vec::new() } else { candidates },
            year,
            zone,
            node: Some(0),
            kind: EventKind::OocEntered,
            facility: "LIB_LICENSE".into(),
            severity: Severity(1),
            mnemonic: "SYSTEM_IN_OOC_STATE".into(),
            params: Vec::new(),
            text: "".into(),
            witnesses: Vec::new(),
        }
    }

    #[track_caller]
    fn check(full: &[&str], open: &[&str], expected: Option<&str>) {
        let mut events: Vec<Event> =
            full.iter().map(|text| event(&[text], YearBasis::Written, ZoneBasis::Written)).collect();
        events.push(event(open, YearBasis::Ambiguous, ZoneBasis::OuterInner));
        pair(&mut events);
        assert_eq!(events.last().unwrap().at, expected.map(at));
    }

    const TWO: [&str; 2] = ["2025-04-02T08:45:05Z", "2026-04-02T08:45:05Z"];

    #[test]
    fn the_same_alarm_seconds_apart_names_the_year() {
        check(&["2025-04-02T08:45:06Z"], &TWO, Some("2025-04-02T08:45:05Z"));
    }

    #[test]
    fn two_fitting_alarms_and_none_leave_it_open() {
        check(&["2025-04-02T08:45:06Z", "2026-04-02T08:45:04Z"], &TWO, None);
        check(&["2025-04-02T08:45:11Z"], &TWO, None);
    }
}
