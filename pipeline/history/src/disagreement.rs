//! Nodes whose newest lines say different states: shown, and decided by nobody.

use parsers::event::EventKind;
use parsers::stamp::Instant;

use crate::facts::{Contradiction, Event, Evidence, Node};
use crate::policy::{REPORT_EVERY_COUNTED, REPORT_EVERY_IMMEDIATE, Regime};

/// The authorization that a line states outright.
fn says(event: &Event) -> Option<&'static str> {
    let state = match event.kind {
        EventKind::OocEntered => "Out of Compliance",
        EventKind::ComplianceRestored => "In Compliance",
        EventKind::OocApproaching { .. } | EventKind::OocImminent { .. } => "over-use, still reversible",
        EventKind::AuthorizationExpired => "Authorization Expired",
        EventKind::Evaluation { .. }
        | EventKind::Registration
        | EventKind::RegistrationFailed
        | EventKind::RegistrationExpired
        | EventKind::AuthorizationRenewed
        | EventKind::AuthorizationFailed
        | EventKind::Enforcement
        | EventKind::TransportFailure { .. }
        | EventKind::ServiceState { .. }
        | EventKind::Certificate
        | EventKind::Clock
        | EventKind::RtmtAlert { .. }
        | EventKind::EntitlementRequest { .. }
        | EventKind::UnknownLicenseEvent => return None,
    };
    event.is_about_license().then_some(state)
}

/// What each two nodes say differently in lines that lie within one report of each other, each node's newest. Further
/// apart, the later one is news and no contradiction.
pub(crate) fn between(nodes: &[Node], events: &[Event], regime: Regime) -> Vec<Contradiction> {
    let within = match regime {
        Regime::Immediate => REPORT_EVERY_IMMEDIATE,
        Regime::Counted | Regime::Unknown => REPORT_EVERY_COUNTED,
    };
    let mut newest: Vec<Option<(Instant, &'static str, &Event)>> = vec![None; nodes.len()];
    for event in events {
        let (Some(at), Some(state)) = (event.at, says(event)) else { continue };
        for said in &event.witnesses {
            if let Some(place) = said.node.and_then(|node| newest.get_mut(node)) {
                *place = Some((at, state, event));
            }
        }
    }
    let mut out = Vec::new();
    for (first, a) in newest.iter().enumerate() {
        for (second, b) in newest.iter().enumerate().skip(first + 1) {
            let (Some((at, state, event)), Some((other_at, other_state, other))) = (a, b) else { continue };
            if state == other_state || (*at - *other_at).abs() >= within {
                continue;
            }
            let (Some(node), Some(other_node)) = (nodes.get(first), nodes.get(second)) else { continue };
            let (Some(line), Some(other_line)) = (event.evidence(), other.evidence()) else { continue };
            out.push(Contradiction {
                says: format!(
                    "the newest line of {} says {state}, that of {} says {other_state}, within one report of each \
                     other: the state shown is that of the later line, and no line decides between the nodes",
                    node.name, other_node.name
                ),
                between_nodes: true,
                evidence: Evidence { first: line.first, also: vec![other_line.first] },
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, node, shared_event};

    #[track_caller]
    fn check(a: (EventKind, &str), b: (EventKind, &str), regime: Regime, expected: usize) {
        let events = [shared_event(a.0, at(a.1), 0), shared_event(b.0, at(b.1), 1)];
        assert_eq!(between(&[node("uccx1"), node("uccx2")], &events, regime).len(), expected);
    }

    #[test]
    fn nodes_that_say_different_states_at_one_report_contradict_each_other() {
        let (ooc, fine) = (EventKind::OocEntered, EventKind::ComplianceRestored);
        check((ooc.clone(), "10:00"), (fine.clone(), "10:05"), Regime::Counted, 1);
        check((ooc.clone(), "10:00"), (fine.clone(), "11:05"), Regime::Counted, 0);
        check((ooc.clone(), "10:00"), (fine, "11:05"), Regime::Immediate, 1);
        check((ooc.clone(), "10:00"), (ooc, "10:05"), Regime::Counted, 0);
    }
}
