//! What outputs and records state without a time: release, way to CSSM, services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parsers::event::{EventKind, Says, ServiceState};
use parsers::origin::Origin;
use parsers::platform::PlatformLine;

use crate::analysis::{Input, Options};
use crate::facts::{Basis, Event, Evidence, Node, NtpFact, Release, ServiceFact};
use crate::policy::{self, Regime};

/// The release that was given, else the one that an output states; two different ones are no release.
pub(crate) fn release(inputs: &BTreeMap<usize, &Input>, options: &Options) -> Release {
    if let Some(given) = &options.release {
        let regime = policy::regime(given).unwrap_or(Regime::Unknown);
        return Release { version: Some(given.clone()), regime, basis: Basis::Given, evidence: None };
    }
    let mut stated: Vec<(Arc<str>, Origin)> = Vec::new();
    let mut platform: Vec<(Arc<str>, Origin)> = Vec::new();
    for (number, input) in inputs {
        for statement in &input.read.statements {
            let (list, active) = match &statement.says {
                Says::Version { active } => (&mut stated, active),
                Says::Platform(PlatformLine::MasterVersion { active }) => (&mut platform, active),
                _ => continue,
            };
            let member = u32::try_from(*number).unwrap_or(u32::MAX);
            list.push((Arc::clone(active), Origin { member, span: statement.span.clone() }));
        }
    }
    // `show version active` is about the platform, whose version is that of the product: not published, so inferred.
    let basis = if stated.is_empty() { Basis::Inferred } else { Basis::Stated };
    if stated.is_empty() {
        stated = platform;
    }
    let mut versions: Vec<Arc<str>> = stated.iter().map(|(version, _)| Arc::clone(version)).collect();
    versions.sort();
    versions.dedup();
    let Some((_, first)) = stated.first().cloned() else {
        return Release { version: None, regime: Regime::Unknown, basis: Basis::Unknown, evidence: None };
    };
    let regimes: BTreeSet<Option<Regime>> =
        stated.iter().map(|(version, _)| policy::regime(version)).collect();
    let regime = match regimes.len() {
        1 => regimes.first().copied().flatten().unwrap_or(Regime::Unknown),
        _ => Regime::Unknown,
    };
    let also = stated.into_iter().skip(1).map(|(_, origin)| origin).collect();
    Release {
        // Two versions on two nodes are both shown.
        version: Some(versions.join(" and ")),
        regime,
        basis,
        evidence: Some(Evidence { first, also }),
    }
}

/// What `utils ntp status` says about the clock of each node, in input order.
pub(crate) fn ntp(
    inputs: &BTreeMap<usize, &Input>,
    member_nodes: &[Option<String>],
    nodes: &[Node],
) -> Vec<NtpFact> {
    let mut out = Vec::new();
    for (number, input) in inputs {
        let node = member_nodes.get(*number).cloned().flatten();
        let utc = input.read.statements.iter().find_map(|statement| match &statement.says {
            Says::CurrentTime { stamp, .. } => stamp.absolute(),
            _ => None,
        });
        for statement in &input.read.statements {
            let Says::Ntp { synchronised, stratum, within_ms, offset_ms } = statement.says else { continue };
            let node =
                node.as_deref().and_then(|node| nodes.iter().position(|known| known.name.as_ref() == node));
            let member = u32::try_from(*number).unwrap_or(u32::MAX);
            let evidence = Evidence::one(Origin { member, span: statement.span.clone() });
            out.push(NtpFact { node, synchronised, stratum, within_ms, offset_ms, at: utc, evidence });
        }
    }
    out
}

/// The newest evidence on each UCCX service of each node: a CLI output is taken when the bundle is collected, so
/// it stands behind the alarms.
pub(crate) fn services(
    inputs: &BTreeMap<usize, &Input>,
    member_nodes: &[Option<String>],
    nodes: &[Node],
    events: &[Event],
) -> Vec<ServiceFact> {
    let mut out: BTreeMap<(Option<usize>, String), ServiceFact> = BTreeMap::new();
    for event in events {
        let EventKind::ServiceState { service, state } = &event.kind else { continue };
        let Some(evidence) = event.evidence() else { continue };
        let fact = ServiceFact {
            node: event.node,
            service: Arc::clone(service),
            state: *state,
            at: event.at,
            from_cli: false,
            evidence,
        };
        out.insert((event.node, service.to_ascii_lowercase()), fact);
    }
    for (number, input) in inputs {
        let node = member_nodes.get(*number).cloned().flatten();
        for statement in &input.read.statements {
            let Says::Service { name, state, .. } = &statement.says else { continue };
            if !name.starts_with("Cisco Unified CCX") {
                continue;
            }
            let node =
                node.as_deref().and_then(|node| nodes.iter().position(|known| known.name.as_ref() == node));
            let member = u32::try_from(*number).unwrap_or(u32::MAX);
            let evidence = Evidence::one(Origin { member, span: statement.span.clone() });
            let fact = ServiceFact {
                node,
                service: Arc::clone(name),
                state: *state,
                at: None,
                from_cli: true,
                evidence,
            };
            // An output carries no time: where an alarm says the opposite, which of them is newer is not known, and
            // the failure is the one to look at.
            let alarm = out.get(&(node, name.to_ascii_lowercase()));
            let alarmed =
                alarm.is_some_and(|alarm| !alarm.from_cli && alarm.state != ServiceState::InService);
            if !(alarmed && *state == ServiceState::InService) {
                out.insert((node, name.to_ascii_lowercase()), fact);
            }
        }
    }
    out.into_values().collect()
}
