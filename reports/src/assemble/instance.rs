//! One Product Instance of the facts in the words of the report.

use chrono::TimeDelta;
use history::facts::{self, ClockPair, Dimension, Instance, Interval};
use history::policy;

use super::{InstanceTables, Lines, time_basis};
use crate::check::node_name;
use crate::report::{self, Basis};
use crate::time::Time;

impl Lines<'_> {
    pub(super) fn instance(&self, instance: &Instance, tables: &InstanceTables) -> report::ProductInstance {
        let nodes = instance.nodes.iter().map(|node| report::Node {
            name: node.name.to_string(),
            aliases: node.aliases.iter().map(|alias| alias.to_string()).collect(),
            role: node.role.as_deref().map(str::to_owned),
            time_zone: node.time_zone.clone(),
            clock_skew_s: node.clock_skew_s,
            basis: time_basis(node.year_basis, node.zone_basis),
        });
        let countdown = tables.countdown.iter().map(|point| report::CountdownPoint {
            at: Time(point.at),
            minutes: point.minutes,
            due: Time(point.due),
            moved_s: point.moved_s,
        });
        let services = instance.services.iter().map(|service| report::Service {
            node: node_name(instance, service.node).map(str::to_owned),
            service: service.service.to_string(),
            state: service.state.name().to_owned(),
            at: service.at.map(Time),
            said_by: if service.from_cli { "cli" } else { "alarm" }.to_owned(),
            evidence: self.evidence(Some(&service.evidence)),
        });
        let contradictions = instance.contradictions.iter().map(|found| report::Contradiction {
            says: found.says.clone(),
            between_nodes: found.between_nodes,
            evidence: self.evidence(Some(&found.evidence)),
        });
        report::ProductInstance {
            id: instance.id.to_string(),
            nodes: nodes.collect(),
            release: self.release(instance),
            deployment: report::Deployment {
                transport: match instance.deployment.on_prem {
                    Some(true) => report::Transport::OnPrem,
                    Some(false) => report::Transport::Direct,
                    None => report::Transport::Unknown,
                },
                url: instance.deployment.url.as_deref().map(str::to_owned),
                proxy: instance.deployment.proxy.as_deref().map(str::to_owned),
            },
            now: self.states(instance),
            history: tables.history.iter().map(|interval| self.interval(instance, interval)).collect(),
            deadlines: instance.deadlines.iter().map(|deadline| self.deadline(deadline)).collect(),
            usage: self.usage(instance, &tables.views),
            countdown: countdown.collect(),
            reversible: self.reversible(instance),
            readings: self.readings(instance),
            entitlements_stated: self.entitlements_stated(instance),
            license_type: self.license_type(instance),
            services: services.collect(),
            contradictions: contradictions.collect(),
            clocks: instance.clocks.iter().map(|pair| self.clocks(instance, pair)).collect(),
            time_reference: node_name(instance, instance.reference).map(str::to_owned),
        }
    }

    pub(crate) fn release(&self, instance: &Instance) -> report::Release {
        report::Release {
            version: instance.release.version.clone(),
            regime: regime(instance.release.regime),
            basis: basis(instance.release.basis),
            evidence: self.evidence(instance.release.evidence.as_ref()),
        }
    }

    pub(crate) fn states(&self, instance: &Instance) -> report::Now {
        report::Now {
            registration: self.now(instance, Dimension::Registration, &instance.registration),
            authorization: self.now(instance, Dimension::Authorization, &instance.authorization),
            enforcement: self.now(instance, Dimension::Enforcement, &instance.enforcement),
        }
    }

    fn clocks(&self, instance: &Instance, pair: &ClockPair) -> report::Clocks {
        let name = |node| node_name(instance, Some(node)).unwrap_or_default().to_owned();
        // To the nearest second, as the node's own skew is.
        let seconds = |by: TimeDelta| (by.num_milliseconds() + by.num_milliseconds().signum() * 500) / 1_000;
        report::Clocks {
            node: name(pair.node),
            against: name(pair.against),
            ahead_s: pair.ahead.map(seconds),
            pairs: pair.pairs as u64,
            spread_s: (pair.spread.num_milliseconds() + 999) / 1_000,
            by: if pair.by_collector { "collector" } else { "alarms" }.to_owned(),
            candidates_s: pair.candidates.iter().copied().map(seconds).collect(),
            evidence: self.lines(&pair.evidence),
        }
    }

    fn now(&self, instance: &Instance, dimension: Dimension, now: &facts::Now) -> report::StateNow {
        let mut causes = instance.transitions.iter().rev().filter(|change| change.dimension == dimension);
        let cause =
            causes.next().filter(|change| change.state == now.state).map(|change| change.cause.clone());
        report::StateNow {
            state: now.state.to_owned(),
            since: now.since.map(Time),
            since_is_first_seen: now.since_is_first_seen,
            basis: Some(basis(now.basis)).filter(|_| now.basis != facts::Basis::Unknown),
            cause,
            evidence: self.evidence(now.evidence.as_ref()),
        }
    }

    fn interval(&self, instance: &Instance, interval: &Interval) -> report::Interval {
        // The interval table does not carry the bounds; the transition that opened the interval does.
        let opened = instance.transitions.iter().find(|change| {
            change.dimension == interval.dimension
                && change.state == interval.state
                && change.at == interval.from
        });
        let bounds = opened.and_then(|change| change.bounds);
        report::Interval {
            dimension: interval.dimension.name().to_owned(),
            state: interval.state.to_owned(),
            from: interval.from.map(Time),
            until: interval.until.map(Time),
            basis: basis(interval.basis),
            cause: interval.cause.clone(),
            bounds: bounds
                .map(|(earliest, latest)| report::Bounds { earliest: Time(earliest), latest: Time(latest) }),
            evidence: self.evidence(Some(&interval.evidence)),
        }
    }

    pub(crate) fn deadline(&self, deadline: &facts::Deadline) -> report::Deadline {
        report::Deadline {
            kind: deadline.kind.name().to_owned(),
            earliest: deadline.earliest.map(Time),
            expected: Time(deadline.expected),
            latest: deadline.latest.map(Time),
            remaining_s: self.0.as_of.map(|as_of| (deadline.expected - as_of).num_seconds()),
            basis: basis(deadline.basis),
            rule: deadline.rule.clone(),
            evidence: self.evidence(Some(&deadline.evidence)),
        }
    }
}

pub(super) fn basis(basis: facts::Basis) -> Basis {
    match basis {
        facts::Basis::Stated => Basis::Stated,
        facts::Basis::Derived => Basis::Derived,
        facts::Basis::Inferred => Basis::Inferred,
        facts::Basis::Given => Basis::Given,
        facts::Basis::Unknown => Basis::Unknown,
    }
}

pub(crate) fn regime(regime: policy::Regime) -> report::Regime {
    match regime {
        policy::Regime::Counted => report::Regime::Counted,
        policy::Regime::Immediate => report::Regime::Immediate,
        policy::Regime::Unknown => report::Regime::Unknown,
    }
}
