//! Events in the words of the report.

use std::sync::Arc;

use history::facts::{self, Instance};
use parsers::event::{EventKind, Witness};
use parsers::stamp::Instant;

use super::{Lines, time_basis};
use crate::report::{self, Param, Params, Text};
use crate::time::Time;

/// Most parameters of one event that are shown. No alarm that was seen has more than twenty; a hostile one may have as
/// many as its datagram holds.
const PARAMS_MAX: usize = 200;

impl Lines<'_> {
    /// The events of all instances: dated ones by time, then the others in input order. Ties keep the order of
    /// the instances.
    pub(super) fn events(&self) -> Vec<report::Event> {
        type Key = (bool, Option<Instant>, Option<(u32, u64)>);
        let key = |event: &facts::Event| -> Key {
            let place = event.witnesses.first().map(|said| (said.origin.member, said.origin.span.offset));
            (event.at.is_none(), event.at, place.filter(|_| event.at.is_none()))
        };
        let rows = |instance: &Instance, events: &[facts::Event]| -> Vec<(Key, report::Event)> {
            events.iter().map(|event| (key(event), self.event(instance, event))).collect()
        };
        let mut all: Vec<(Key, report::Event)> = Vec::new();
        for instance in &self.0.instances {
            // Two threads share the work of a long list; a short one is done before a thread has begun.
            let half = if instance.events.len() < 1_000 { 0 } else { instance.events.len() / 2 };
            let (one, other) = instance.events.split_at(half);
            let (one, other) = std::thread::scope(|scope| {
                let one = (!one.is_empty()).then(|| scope.spawn(|| rows(instance, one)));
                let other = rows(instance, other);
                (one.map_or(Vec::new(), |one| one.join().unwrap_or_default()), other)
            });
            all.extend(one);
            all.extend(other);
        }
        let mut rows = all;
        rows.sort_by_key(|(key, _)| *key);
        rows.into_iter().map(|(_, event)| event).collect()
    }

    fn event(&self, instance: &Instance, event: &facts::Event) -> report::Event {
        report::Event {
            at: event.at.map(Time),
            at_candidates: event.at_candidates.iter().copied().map(Time).collect(),
            basis: time_basis(event.year, event.zone),
            product_instance: Arc::clone(&instance.id).into(),
            node: name(instance, event.node),
            kind: event.kind.name().into(),
            facility: Arc::clone(&event.facility).into(),
            severity: event.severity.0,
            mnemonic: Arc::clone(&event.mnemonic).into(),
            params: params(&event.kind, &event.params),
            text: Arc::clone(&event.text).into(),
            witnesses: event.witnesses.iter().filter_map(|said| self.line(&said.origin)).collect(),
            said: event.witnesses.iter().map(|testimony| said(instance, testimony)).collect(),
        }
    }
}

/// The name of a node, shared with the facts.
fn name(instance: &Instance, node: Option<usize>) -> Option<Text> {
    instance.nodes.get(node?).map(|node| Arc::clone(&node.name).into())
}

fn said(instance: &Instance, testimony: &facts::Testimony) -> report::Said {
    let by = match testimony.witness {
        Witness::Trace => "trace",
        Witness::Syslog => "syslog",
        Witness::Rtmt => "rtmt",
        Witness::Email => "email",
        Witness::AlertLog => "alert_log",
    };
    report::Said { node: name(instance, testimony.node), at: testimony.at.map(Time), by: by.into() }
}

/// The parameters of an event: what was read first, then those as written. A name that occurs twice keeps both
/// values, the later ones numbered.
fn params(kind: &EventKind, written: &[(Arc<str>, Arc<str>)]) -> Params {
    let mut all = Params::default();
    let text = |text: &str| Some(Param::Text(text.into()));
    match kind {
        EventKind::OocApproaching { minutes } | EventKind::OocImminent { minutes } => {
            all.add("minutes".into(), minutes.map(|n| Param::Number(u64::from(n))));
        }
        EventKind::TransportFailure { class } => {
            all.add("class".into(), text(class.name()));
        }
        EventKind::ServiceState { service, state } => {
            all.add("service".into(), text(service));
            all.add("state".into(), text(state.name()));
        }
        EventKind::Evaluation { expired } => {
            all.add("state".into(), text(if *expired { "expired" } else { "running" }));
        }
        EventKind::EntitlementRequest { entitlement, count } => {
            all.add("entitlement".into(), text(entitlement));
            all.add("count".into(), Some(Param::Number(u64::from(*count))));
        }
        EventKind::RtmtAlert { name } => {
            all.add("alert".into(), text(name));
        }
        EventKind::OocEntered
        | EventKind::ComplianceRestored
        | EventKind::Registration
        | EventKind::RegistrationFailed
        | EventKind::RegistrationExpired
        | EventKind::AuthorizationRenewed
        | EventKind::AuthorizationFailed
        | EventKind::AuthorizationExpired
        | EventKind::Enforcement
        | EventKind::Certificate
        | EventKind::Clock
        | EventKind::UnknownLicenseEvent => {}
    }
    let kept = written.len().min(PARAMS_MAX);
    if kept < written.len() {
        all.add("parameters left out".into(), Some(Param::Number((written.len() - kept) as u64)));
    }
    for (key, value) in written.iter().take(kept) {
        let value = Some(Param::Text(Arc::clone(value).into()));
        let mut n = 1;
        let mut name = Arc::clone(key).into();
        while !all.add(name, value.clone()) {
            n += 1;
            name = format!("{key} ({n})").into();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_thousands_of_parameters_some_are_shown_and_the_rest_is_counted() {
        let written: Vec<_> = (0..50_000).map(|_| ("key".into(), "a".into())).collect();
        let params = params(&EventKind::Clock, &written);
        assert_eq!(params.iter().count(), PARAMS_MAX + 1);
        assert_eq!(params.get("parameters left out"), Some(&Some(Param::Number(50_000 - PARAMS_MAX as u64))));
        assert!(params.get(&format!("key ({PARAMS_MAX})")).is_some());
    }

    #[test]
    fn a_parameter_that_occurs_twice_keeps_both_values() {
        let written = [("key".into(), "a".into()), ("key".into(), "b".into())];
        let params = params(&EventKind::Clock, &written);
        assert_eq!(params.get("key"), Some(&Some(Param::Text("a".into()))));
        assert_eq!(params.get("key (2)"), Some(&Some(Param::Text("b".into()))));
    }
}
