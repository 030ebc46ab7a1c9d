//! How far the clocks of a Product Instance's nodes lie apart, from alarms that several nodes wrote.
//!
//! A licence alarm belongs to the Product Instance: where two nodes write it, they write it within seconds, and what
//! lies between their stamps is the difference of their clocks. Alarms that repeat every 15 minutes fit several
//! differences, so they support an estimate and never make one. Where such alarms decide nothing, the stamps of a
//! collector that both nodes send to may.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;
use parsers::event::EventKind;
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::analysis::Input;
use crate::facts::{ClockPair, Event};
use crate::nodes::in_path;

/// Differences beyond this are not looked for: an alarm that far away is another one.
pub const SKEW_MAX: TimeDelta = TimeDelta::minutes(30);

/// Differences of one pair of clocks agree within this; nodes write one alarm within it.
pub const AGREE: TimeDelta = TimeDelta::seconds(5);

/// Alarms of the other node that one alarm is compared with: reports a quarter of an hour apart make five within reach.
const WITHIN_REACH: usize = 64;

/// Most differences that are listed where several fit.
const CANDIDATES_MAX: usize = 5;

/// True for an alarm about the Product Instance, which each of its nodes may write. What a node says about its own
/// connection, services or clock is its own.
#[must_use]
pub fn is_shared(event: &Event) -> bool {
    let shared = match event.kind {
        EventKind::OocApproaching { .. }
        | EventKind::OocImminent { .. }
        | EventKind::OocEntered
        | EventKind::ComplianceRestored
        | EventKind::Registration
        | EventKind::RegistrationExpired
        | EventKind::AuthorizationRenewed
        | EventKind::AuthorizationExpired
        | EventKind::Evaluation { .. }
        | EventKind::Enforcement => true,
        EventKind::RegistrationFailed
        | EventKind::AuthorizationFailed
        | EventKind::TransportFailure { .. }
        | EventKind::ServiceState { .. }
        | EventKind::Certificate
        | EventKind::Clock
        | EventKind::RtmtAlert { .. }
        | EventKind::EntitlementRequest { .. }
        | EventKind::UnknownLicenseEvent => false,
    };
    shared && event.is_about_license()
}

/// The shared alarms of one node, by meaning, each list in order of time.
type Alarms<'a> = BTreeMap<&'a EventKind, Vec<(Instant, &'a Event)>>;

/// Two writings of one alarm, and by how much the second node's clock is ahead in them.
type Pair<'a> = (TimeDelta, &'a Event, &'a Event);

/// What the events of each two nodes say about their clocks; pairs of nodes without a common alarm are left out.
/// `events` are dated events in which every event is of one node.
#[must_use]
pub fn pairs(events: &[Event], n_nodes: usize) -> Vec<ClockPair> {
    let mut alarms: Vec<Alarms<'_>> = vec![Alarms::new(); n_nodes];
    for event in events.iter().filter(|event| is_shared(event)) {
        if let (Some(at), Some(of)) = (event.at, event.node.and_then(|node| alarms.get_mut(node))) {
            of.entry(&event.kind).or_default().push((at, event));
        }
    }
    for list in alarms.iter_mut().flat_map(BTreeMap::values_mut) {
        list.sort_by_key(|(at, _)| *at);
    }
    let mut out = Vec::new();
    for (against, a) in alarms.iter().enumerate() {
        for (node, b) in alarms.iter().enumerate().skip(against + 1) {
            out.extend(compare(against, a, node, b));
        }
    }
    out
}

fn compare(against: usize, a: &Alarms<'_>, node: usize, b: &Alarms<'_>) -> Option<ClockPair> {
    let mut single: Vec<Pair<'_>> = Vec::new();
    let mut any: Vec<Pair<'_>> = Vec::new();
    for (kind, left) in a {
        let Some(right) = b.get(kind) else { continue };
        for (i, (at, x)) in left.iter().enumerate() {
            let start = right.partition_point(|(other, _)| *other < *at - SKEW_MAX);
            for (j, (other, y)) in right.iter().enumerate().skip(start).take(WITHIN_REACH) {
                if *other > *at + SKEW_MAX {
                    break;
                }
                any.push((*other - *at, x, y));
                if stands_alone(left, i) && stands_alone(right, j) {
                    single.push((*other - *at, x, y));
                }
            }
        }
    }
    if any.is_empty() {
        return None;
    }
    let open = |candidates: Vec<TimeDelta>| ClockPair {
        node,
        against,
        ahead: None,
        pairs: 0,
        spread: TimeDelta::zero(),
        by_collector: false,
        candidates,
        evidence: Vec::new(),
    };
    let best = clusters(&mut single).into_iter().next().unwrap_or_default();
    let agreed = matched(a, b, median(&best));
    let kinds: std::collections::BTreeSet<&EventKind> = agreed.iter().map(|(_, x, _)| &x.kind).collect();
    // One pair may be two alarms of which each node lost one; repetitions of another alarm that fit confirm it.
    let firm = best.len() >= 2 || best.len() == 1 && agreed.len() >= 2 && kinds.len() >= 2;
    if !firm || best.len() * 3 < single.len() * 2 {
        let mut fit: Vec<TimeDelta> =
            clusters(&mut any).iter().take(CANDIDATES_MAX).map(|pairs| median(pairs)).collect();
        fit.sort();
        return Some(open(fit));
    }
    let differences = || agreed.iter().map(|(difference, _, _)| *difference);
    let spread = differences().max().zip(differences().min()).map(|(max, min)| max - min);
    let ends = agreed.first().into_iter().chain(agreed.last().filter(|_| agreed.len() > 1));
    Some(ClockPair {
        node,
        against,
        ahead: Some(median(&agreed)),
        pairs: agreed.len(),
        spread: spread.unwrap_or_default(),
        by_collector: false,
        candidates: Vec::new(),
        evidence: ends.flat_map(|(_, x, y)| [x, y]).filter_map(|event| first_line(event)).collect(),
    })
}

/// No alarm of the same meaning lies so near that the two could be taken for each other.
fn stands_alone(list: &[(Instant, &Event)], at: usize) -> bool {
    let when = |at: usize| list.get(at).map(|(when, _)| *when);
    let Some(own) = when(at) else { return false };
    let far = |other: Option<Instant>| other.is_none_or(|other| (other - own).abs() > SKEW_MAX * 2);
    far(at.checked_sub(1).and_then(when)) && far(when(at + 1))
}

/// Pairs whose differences agree, the largest group first, then the smaller difference.
fn clusters<'a>(pairs: &mut [Pair<'a>]) -> Vec<Vec<Pair<'a>>> {
    pairs.sort_by_key(|(difference, _, _)| *difference);
    let mut out: Vec<Vec<Pair<'a>>> = Vec::new();
    for pair in pairs.iter() {
        match out.last_mut() {
            Some(group) if group.first().is_some_and(|first| pair.0 - first.0 <= AGREE) => group.push(*pair),
            _ => out.push(vec![*pair]),
        }
    }
    out.sort_by_key(|group| (std::cmp::Reverse(group.len()), median(group).abs()));
    out
}

fn median(pairs: &[Pair<'_>]) -> TimeDelta {
    let mut differences: Vec<TimeDelta> = pairs.iter().map(|(difference, _, _)| *difference).collect();
    differences.sort();
    differences.get(differences.len() / 2).copied().unwrap_or_default()
}

/// The alarms that both nodes wrote if the second clock is `ahead`, in order of time.
fn matched<'a>(a: &Alarms<'a>, b: &Alarms<'a>, ahead: TimeDelta) -> Vec<Pair<'a>> {
    let mut out: Vec<(Instant, Pair<'a>)> = Vec::new();
    for (kind, left) in a {
        let Some(right) = b.get(kind) else { continue };
        let mut from = 0;
        for (at, x) in left {
            let wanted = *at + ahead;
            let near = from.max(right.partition_point(|(other, _)| *other < wanted - AGREE));
            if let Some((other, y)) = right.get(near).filter(|(other, _)| *other <= wanted + AGREE) {
                out.push((*at, (*other - *at, x, y)));
                from = near + 1;
            }
        }
    }
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, pair)| pair).collect()
}

fn first_line(event: &Event) -> Option<Origin> {
    event.witnesses.first().map(|said| said.origin.clone())
}

/// A stamp of a collector that lies this near to that of the node may be the node's own, handed on.
const HANDED_ON: TimeDelta = TimeDelta::seconds(1);

/// A line in a collector's file, and how far the node's stamp in it is ahead of the collector's.
type Line = (TimeDelta, Origin);

/// What the files of collectors say about the clocks of the nodes that send to them: each line carries the instant of
/// the node and, in front, that of the collector. Both must carry their offset, two lines of a node must agree, and
/// the file must not stand in the folder of a node.
pub(crate) fn by_collectors<'a>(
    inputs: impl Iterator<Item = (usize, &'a Input)>,
    node_of: impl Fn(&str) -> Option<usize>,
) -> Vec<ClockPair> {
    let mut out: Vec<ClockPair> = Vec::new();
    for (member, input) in inputs.filter(|(_, input)| input.path.as_deref().and_then(in_path).is_none()) {
        let mut ahead: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
        for sighting in &input.read.sightings {
            let own = sighting.stamp.and_then(|stamp| stamp.absolute());
            let theirs = sighting.outer.and_then(|stamp| stamp.absolute());
            let node = sighting.node.as_deref().and_then(&node_of);
            if let (Some(own), Some(theirs), Some(node)) = (own, theirs, node) {
                let member = u32::try_from(member).unwrap_or(u32::MAX);
                let origin = Origin { member, span: sighting.span.clone() };
                ahead.entry(node).or_default().push((own - theirs, origin));
            }
        }
        // Median and spread of each node against the collector.
        let mut clocks: Vec<(usize, TimeDelta, TimeDelta, Vec<Line>)> = Vec::new();
        for (node, mut lines) in ahead {
            lines.sort();
            let (Some(low), Some(high)) = (lines.first(), lines.last()) else { continue };
            let (spread, middle) = (high.0 - low.0, lines.get(lines.len() / 2).map(|line| line.0));
            if let (true, Some(middle)) = (lines.len() >= 2 && spread <= AGREE, middle) {
                clocks.push((node, middle, spread, lines));
            }
        }
        for (at, (against, base, base_spread, base_lines)) in clocks.iter().enumerate() {
            for (node, middle, spread, lines) in clocks.iter().skip(at + 1) {
                let known = out.iter().any(|pair| (pair.against, pair.node) == (*against, *node));
                if known || base.abs() < HANDED_ON && middle.abs() < HANDED_ON {
                    continue;
                }
                let cited = [base_lines.first(), lines.first()].into_iter().flatten();
                out.push(ClockPair {
                    node: *node,
                    against: *against,
                    ahead: Some(*middle - *base),
                    pairs: lines.len().min(base_lines.len()),
                    spread: *spread + *base_spread,
                    by_collector: true,
                    candidates: Vec::new(),
                    evidence: cited.map(|(_, origin)| origin.clone()).collect(),
                });
            }
        }
    }
    out
}

/// How far each node's clock is ahead of the reference's; `None` where no chain of estimates leads to it.
#[must_use]
pub fn ahead_of(reference: usize, pairs: &[ClockPair], n_nodes: usize) -> Vec<Option<TimeDelta>> {
    let mut out = vec![None; n_nodes];
    if !pairs.iter().any(|pair| pair.ahead.is_some() && (pair.node == reference || pair.against == reference))
    {
        return out;
    }
    let mut open = VecDeque::from([(reference, TimeDelta::zero())]);
    while let Some((node, ahead)) = open.pop_front() {
        match out.get_mut(node) {
            Some(known @ None) => *known = Some(ahead),
            _ => continue,
        }
        for pair in pairs {
            let Some(between) = pair.ahead else { continue };
            if pair.against == node {
                open.push_back((pair.node, ahead + between));
            } else if pair.node == node {
                open.push_back((pair.against, ahead - between));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, shared_event};

    /// Alarms of two nodes at minutes of one day: the second one's clock is `ahead_s` ahead.
    fn both(alarms: &[(EventKind, i64)], ahead_s: i64) -> Vec<Event> {
        let mut events = Vec::new();
        for (kind, minute) in alarms {
            let when = at("10:00") + TimeDelta::minutes(*minute);
            events.push(shared_event(kind.clone(), when, 0));
            events.push(shared_event(kind.clone(), when + TimeDelta::seconds(ahead_s), 1));
        }
        events
    }

    fn warning(minutes: u32) -> EventKind {
        EventKind::OocApproaching { minutes: Some(minutes) }
    }

    #[track_caller]
    fn check(events: &[Event], ahead_s: Option<i64>, n_candidates: usize) {
        let pairs = pairs(events, 2);
        let pair = pairs.first().unwrap();
        assert_eq!(pair.ahead.map(|ahead| ahead.num_seconds()), ahead_s);
        assert_eq!(pair.candidates.len(), n_candidates, "{:?}", pair.candidates);
    }

    #[test]
    fn two_alarms_that_agree_give_the_difference() {
        check(&both(&[(warning(45), 0), (warning(15), 30)], 720), Some(720), 0);
        check(&both(&[(warning(45), 0), (warning(15), 30)], -1_190), Some(-1_190), 0);
    }

    #[test]
    fn repetitions_fit_several_differences_and_give_none() {
        let repeated: Vec<(EventKind, i64)> = (0..6).map(|n| (EventKind::OocEntered, n * 15)).collect();
        check(&both(&repeated, 420), None, 4);
    }

    #[test]
    fn one_alarm_alone_gives_none() {
        check(&both(&[(EventKind::OocEntered, 0)], 420), None, 1);
    }

    #[test]
    fn a_warning_decides_which_repetition_is_which() {
        let mut alarms = vec![(warning(45), 0)];
        alarms.extend((3..8).map(|n| (EventKind::OocEntered, n * 15)));
        check(&both(&alarms, 900), Some(900), 0);
    }

    #[test]
    fn differences_that_do_not_agree_give_none() {
        let mut events = both(&[(warning(45), 0)], 60);
        events.extend(both(&[(warning(15), 30)], 400));
        check(&events, None, 2);
    }

    #[test]
    fn three_clocks_are_compared_along_a_chain() {
        let pair = |against, node, seconds| ClockPair {
            node,
            against,
            ahead: Some(TimeDelta::seconds(seconds)),
            pairs: 2,
            spread: TimeDelta::zero(),
            by_collector: false,
            candidates: Vec::new(),
            evidence: Vec::new(),
        };
        let all = [pair(0, 1, 10), pair(1, 2, 5)];
        let ahead: Vec<i64> = ahead_of(2, &all, 3).iter().map(|it| it.unwrap().num_seconds()).collect();
        assert_eq!(ahead, [-15, -5, 0]);
        assert_eq!(ahead_of(0, &[], 2), [None, None]);
    }
}
