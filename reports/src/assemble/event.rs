//! Events in the words of the report.

use std::collections::BTreeMap;
use std::sync::Arc;

use history::facts::{self, Instance};
use parsers::event::{EventKind, Witness};
use parsers::stamp::Instant;

use super::{Lines, time_basis};
use crate::check::node_name;
use crate::report::{self, Param};
use crate::time::Time;

impl Lines<'_> {
    /// The events of all instances: dated ones by time, then the others in input order. Ties keep the order of
    /// the instances.
    pub(super) fn events(&self) -> Vec<report::Event> {
        type Key = (bool, Option<Instant>, Option<(u32, u64)>);
        let mut rows: Vec<(Key, report::Event)> = Vec::new();
        for instance in &self.0.instances {
            for event in &instance.events {
                let place = event.witnesses.first().map(|said| (said.origin.member, said.origin.span.offset));
                let key = (event.at.is_none(), event.at, place.filter(|_| event.at.is_none()));
                rows.push((key, self.event(instance, event)));
            }
        }
        rows.sort_by_key(|(key, _)| *key);
        rows.into_iter().map(|(_, event)| event).collect()
    }

    fn event(&self, instance: &Instance, event: &facts::Event) -> report::Event {
        report::Event {
            at: event.at.map(Time),
            at_candidates: event.at_candidates.iter().copied().map(Time).collect(),
            basis: time_basis(event.year, event.zone),
            product_instance: instance.id.to_string(),
            node: node_name(instance, event.node).map(str::to_owned),
            kind: event.kind.name().to_owned(),
            facility: event.facility.to_string(),
            severity: event.severity.0,
            mnemonic: event.mnemonic.to_string(),
            params: params(&event.kind, &event.params),
            text: event.text.to_string(),
            witnesses: event.witnesses.iter().filter_map(|said| self.line(&said.origin)).collect(),
            said: event.witnesses.iter().map(|testimony| said(instance, testimony)).collect(),
        }
    }
}

fn said(instance: &Instance, testimony: &facts::Testimony) -> report::Said {
    let by = match testimony.witness {
        Witness::Trace => "trace",
        Witness::Syslog => "syslog",
        Witness::Rtmt => "rtmt",
        Witness::Email => "email",
        Witness::AlertLog => "alert_log",
    };
    report::Said {
        node: node_name(instance, testimony.node).map(str::to_owned),
        at: testimony.at.map(Time),
        by: by.to_owned(),
    }
}

/// The parameters of an event: what was read first, then those as written. A name that occurs twice keeps both
/// values, the later ones numbered.
fn params(kind: &EventKind, written: &[(Arc<str>, Arc<str>)]) -> BTreeMap<String, Option<Param>> {
    let mut all: BTreeMap<String, Option<Param>> = BTreeMap::new();
    let text = |text: &str| Some(Param::Text(text.to_owned()));
    match kind {
        EventKind::OocApproaching { minutes } | EventKind::OocImminent { minutes } => {
            all.insert("minutes".to_owned(), minutes.map(|n| Param::Number(u64::from(n))));
        }
        EventKind::TransportFailure { class } => {
            all.insert("class".to_owned(), text(class.name()));
        }
        EventKind::ServiceState { service, state } => {
            all.insert("service".to_owned(), text(service));
            all.insert("state".to_owned(), text(state.name()));
        }
        EventKind::Evaluation { expired } => {
            all.insert("state".to_owned(), text(if *expired { "expired" } else { "running" }));
        }
        EventKind::RtmtAlert { name } => {
            all.insert("alert".to_owned(), text(name));
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
    for (key, value) in written {
        let mut name = key.to_string();
        let mut n = 1;
        while all.contains_key(&name) {
            n += 1;
            name = format!("{key} ({n})");
        }
        all.insert(name, Some(Param::Text(value.to_string())));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_occurs_twice_keeps_both_values() {
        let written = [("key".into(), "a".into()), ("key".into(), "b".into())];
        let params = params(&EventKind::Clock, &written);
        assert_eq!(params["key"], Some(Param::Text("a".into())));
        assert_eq!(params["key (2)"], Some(Param::Text("b".into())));
    }
}
