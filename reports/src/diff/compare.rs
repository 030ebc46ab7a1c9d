//! One Product Instance in both reports, thing by thing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::report::{
    self, Basis, Deadline, EntitlementUse, Now, ProductInstance, Regime, Report, Service, StateNow, Transport,
};
use crate::show::words;
use crate::time::{Time, Zone};

use super::checks::Rows;
use super::document::{
    DeadlineDiff, DeadlineHow, DiffInstance, EventDiff, FieldDiff, How, Numbers, Presence, ReleaseDiff,
    ServiceDiff, StateDiff, UsageDiff,
};
use super::first_lines;
use super::pairs::{Pair, nodes, short};
use super::stated;

/// A state that a service should have.
const IN_SERVICE: &str = "in_service";

pub(super) fn instance(
    before: &Report,
    after: &Report,
    pair: &Pair<'_>,
    checks: &mut Rows<'_>,
    alarms: &mut Alarms<'_>,
) -> DiffInstance {
    let checks = checks.take(pair);
    let presence = match (pair.before, pair.after) {
        (Some(_), Some(_)) | (None, None) => Presence::Both,
        (None, Some(_)) => Presence::Appeared,
        (Some(_), None) => Presence::Vanished,
    };
    let of = |instance: Option<&ProductInstance>| instance.map(|instance| instance.id.clone());
    let mut it = DiffInstance {
        presence,
        before_id: of(pair.before),
        after_id: of(pair.after),
        matched_by: pair.by,
        time_zone: pair.after.and_then(time_zone).or_else(|| pair.before.and_then(time_zone)),
        changed: false,
        nodes: nodes(
            pair.before.map_or(&[], |instance| &instance.nodes),
            pair.after.map_or(&[], |instance| &instance.nodes),
        ),
        release: release(pair),
        deployment: deployment(pair),
        states: states(before, pair),
        deadlines: deadlines(before, after, pair),
        usage: usage(pair),
        license_type: stated::license_type(pair),
        entitlements_stated: stated::entitlements(pair),
        checks: checks.checks,
        checks_unchanged: checks.unchanged,
        services: services(pair),
        new_causes: checks.new_causes,
        events: alarms.take(pair),
    };
    it.changed = changed(&it);
    it
}

/// Whether anything but the number of alarms differs.
fn changed(of: &DiffInstance) -> bool {
    // Every field is named, so that a new one cannot be forgotten here.
    let DiffInstance {
        presence,
        before_id: _,
        after_id: _,
        matched_by: _,
        time_zone: _,
        changed: _,
        nodes,
        release,
        deployment,
        states,
        deadlines,
        usage,
        license_type,
        entitlements_stated,
        checks,
        checks_unchanged: _,
        services,
        new_causes,
        events: _,
    } = of;
    *presence != Presence::Both
        || !nodes.appeared.is_empty()
        || !nodes.vanished.is_empty()
        || release.how != How::Same
        || deployment.iter().any(|field| field.how != How::Same)
        || states.iter().any(|state| state.how != How::Same)
        || deadlines.iter().any(|deadline| deadline.how != DeadlineHow::Same || deadline.passed)
        || usage.iter().any(|usage| usage.how != How::Same)
        || license_type.how != How::Same
        || entitlements_stated.iter().any(|stated| stated.how != How::Same)
        || !checks.is_empty()
        || !services.is_empty()
        || !new_causes.is_empty()
}

/// How two things differ of which each may not be known.
pub(super) fn how<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> How {
    match (before, after) {
        (Some(before), Some(after)) if before != after => How::Changed,
        (Some(_), None) => How::Lost,
        (None, Some(_)) => How::Learned,
        (Some(_), Some(_)) | (None, None) => How::Same,
    }
}

/// How several things differ, taken together.
pub(super) fn together(all: impl IntoIterator<Item = How>) -> How {
    let rank = |how: &How| match how {
        How::Changed => 3,
        How::Lost => 2,
        How::Learned => 1,
        How::Same => 0,
    };
    all.into_iter().max_by_key(rank).unwrap_or(How::Same)
}

fn time_zone(instance: &ProductInstance) -> Option<String> {
    match words::zone(instance) {
        Zone::Utc => None,
        Zone::Offset(offset) => Some(offset.to_string()),
        Zone::Named(zone) => Some(zone.name().to_owned()),
    }
}

fn release(pair: &Pair<'_>) -> ReleaseDiff {
    let version = |of: Option<&ProductInstance>| of?.release.version.clone();
    let regime = |of: Option<&ProductInstance>| of.map_or(Regime::Unknown, |of| of.release.regime);
    let (before, after) = (version(pair.before), version(pair.after));
    let (before_regime, after_regime) = (regime(pair.before), regime(pair.after));
    let known = |regime: Regime| (regime != Regime::Unknown).then_some(regime);
    let rules = how(known(before_regime).as_ref(), known(after_regime).as_ref());
    let how = together([how(before.as_ref(), after.as_ref()), rules]);
    ReleaseDiff { before, after, before_regime, after_regime, how }
}

fn deployment(pair: &Pair<'_>) -> Vec<FieldDiff> {
    let field = |name: &str, value: &dyn Fn(&report::Deployment) -> Option<String>| {
        let of = |instance: Option<&ProductInstance>| value(&instance?.deployment);
        let (before, after) = (of(pair.before), of(pair.after));
        FieldDiff { name: name.to_owned(), how: how(before.as_ref(), after.as_ref()), before, after }
    };
    vec![
        field("transport", &|of| {
            (of.transport != Transport::Unknown).then(|| of.transport.name().to_owned())
        }),
        field("url", &|of| of.url.clone()),
        field("proxy", &|of| of.proxy.clone()),
    ]
}

fn states(before: &Report, pair: &Pair<'_>) -> Vec<StateDiff> {
    let machine = |dimension: &str, of: fn(&Now) -> &StateNow| {
        let now = |instance: Option<&'_ ProductInstance>| {
            instance.map(|instance| of(&instance.now).clone()).filter(|now| now.state != "unknown")
        };
        state(before.input.coverage.to, dimension, now(pair.before), now(pair.after))
    };
    vec![
        machine("registration", |now| &now.registration),
        machine("authorization", |now| &now.authorization),
        machine("enforcement", |now| &now.enforcement),
    ]
}

/// One machine in both reports; `None` where nothing says its state, `end` is the last dated record of the earlier.
fn state(end: Option<Time>, dimension: &str, was: Option<StateNow>, is: Option<StateNow>) -> StateDiff {
    let difference = how(was.as_ref().map(|was| &was.state), is.as_ref().map(|is| &is.state));
    // The same state, entered behind the end of the earlier logs: it was left in between.
    let entered_since =
        |is: &StateNow| !is.since_is_first_seen && end.zip(is.since).is_some_and(|(end, since)| end < since);
    let again = difference == How::Same && was.is_some() && is.as_ref().is_some_and(entered_since);
    StateDiff {
        dimension: dimension.to_owned(),
        how: if again { How::Changed } else { difference },
        again,
        before_since: was.as_ref().and_then(|was| was.since),
        after_since: is.as_ref().and_then(|is| is.since),
        before_basis: was.as_ref().and_then(|was| was.basis),
        after_basis: is.as_ref().and_then(|is| is.basis),
        cause: is.as_ref().and_then(|is| is.cause.clone()),
        evidence: is.as_ref().or(was.as_ref()).map(|now| first_lines(&now.evidence)).unwrap_or_default(),
        before: was.map(|was| was.state),
        after: is.map(|is| is.state),
    }
}

fn deadlines(before: &Report, after: &Report, pair: &Pair<'_>) -> Vec<DeadlineDiff> {
    let mut by_kind: BTreeMap<&str, [Vec<&Deadline>; 2]> = BTreeMap::new();
    for (side, instance) in [pair.before, pair.after].into_iter().enumerate() {
        for deadline in instance.into_iter().flat_map(|instance| &instance.deadlines) {
            if let Some(of) = by_kind.entry(&deadline.kind).or_default().get_mut(side) {
                of.push(deadline);
            }
        }
    }
    let mut all = Vec::new();
    for (kind, [was, is]) in by_kind {
        for i in 0..was.len().max(is.len()) {
            let (was, is) = (was.get(i).copied(), is.get(i).copied());
            all.push(deadline(kind, (before.as_of, was), (after.as_of, is)));
        }
    }
    // The nearest first: by the later report, where it has it.
    all.sort_by_key(|deadline| (deadline.after.or(deadline.before), deadline.kind.clone()));
    all
}

fn deadline(
    kind: &str,
    (then, was): (Option<Time>, Option<&Deadline>),
    (now, is): (Option<Time>, Option<&Deadline>),
) -> DeadlineDiff {
    let expected = |of: Option<&Deadline>| of.map(|of| of.expected);
    let (before, after) = (expected(was), expected(is));
    let moved_s = before.zip(after).map(|(Time(before), Time(after))| (after - before).num_seconds());
    let behind = |at: Option<Time>, as_of: Option<Time>| at.zip(as_of).map(|(at, as_of)| at <= as_of);
    let passed = behind(after.or(before), now) == Some(true) && behind(before, then) == Some(false);
    let basis = |of: Option<&Deadline>| -> Option<Basis> { of.map(|of| of.basis) };
    DeadlineDiff {
        kind: kind.to_owned(),
        before,
        after,
        how: match (before, after) {
            (None, Some(_)) => DeadlineHow::Appeared,
            (Some(_), None) => DeadlineHow::Gone,
            (Some(_), Some(_)) | (None, None) if moved_s.unwrap_or(0) == 0 => DeadlineHow::Same,
            (Some(_), Some(_)) | (None, None) => DeadlineHow::Moved,
        },
        moved_s,
        passed,
        before_basis: basis(was),
        after_basis: basis(is),
    }
}

fn usage(pair: &Pair<'_>) -> Vec<UsageDiff> {
    let mut by_name: BTreeMap<&str, [Option<&EntitlementUse>; 2]> = BTreeMap::new();
    for (side, instance) in [pair.before, pair.after].into_iter().enumerate() {
        let usage = instance.and_then(|instance| instance.usage.as_ref());
        for of in usage.into_iter().flat_map(|usage| &usage.entitlements) {
            if let Some(place) = by_name.entry(&of.entitlement).or_default().get_mut(side) {
                place.get_or_insert(of);
            }
        }
    }
    by_name
        .into_iter()
        .map(|(entitlement, [was, is])| {
            let numbers = |value: fn(&EntitlementUse) -> Option<u32>| Numbers {
                before: was.and_then(value),
                after: is.and_then(value),
            };
            let purchased = numbers(|of| of.purchased);
            let peak = numbers(|of| of.peak);
            let locked = numbers(|of| of.locked);
            let deficit = numbers(|of| of.deficit);
            let all = [purchased, peak, locked, deficit];
            UsageDiff {
                entitlement: entitlement.to_owned(),
                how: together(all.iter().map(|of| how(of.before.as_ref(), of.after.as_ref()))),
                purchased,
                peak,
                locked,
                deficit,
            }
        })
        .collect()
}

fn services(pair: &Pair<'_>) -> Vec<ServiceDiff> {
    let mut by_name: BTreeMap<(Option<String>, &str), [Option<&Service>; 2]> = BTreeMap::new();
    for (side, instance) in [pair.before, pair.after].into_iter().enumerate() {
        for service in instance.into_iter().flat_map(|instance| &instance.services) {
            let node = service.node.as_deref().map(short);
            if let Some(place) = by_name.entry((node, &service.service)).or_default().get_mut(side) {
                place.get_or_insert(service);
            }
        }
    }
    let both = by_name.into_values().filter_map(|[was, is]| {
        let of = is.or(was)?;
        let how = how(was.map(|was| &was.state), is.map(|is| &is.state));
        let told = match how {
            How::Same => false,
            How::Changed => true,
            // A list of services that only one input holds is not news, unless one of them is down.
            How::Learned | How::Lost => of.state != IN_SERVICE,
        };
        told.then(|| ServiceDiff {
            node: of.node.clone(),
            service: of.service.clone(),
            before: was.map(|was| was.state.clone()),
            after: is.map(|is| is.state.clone()),
            how,
            after_at: is.and_then(|is| is.at),
        })
    });
    both.collect()
}

/// Alarms of one Product Instance by facility and mnemonic: how many there are, and how many came behind an instant.
type Counts<'a> = BTreeMap<(&'a str, &'a str), (u64, u64)>;

/// The alarms of both reports.
pub(super) struct Alarms<'a> {
    before: HashMap<&'a str, Counts<'a>>,
    after: HashMap<&'a str, Counts<'a>>,
    end: Option<Time>,
}

impl<'a> Alarms<'a> {
    pub(super) fn of(before: &'a Report, after: &'a Report) -> Self {
        let end = before.input.coverage.to;
        let count = |report: &'a Report| {
            let mut all: HashMap<&'a str, Counts<'a>> = HashMap::new();
            for event in &report.events {
                let of = all.entry(&event.product_instance).or_default();
                let (n, n_since) = of.entry((&event.facility, &event.mnemonic)).or_default();
                *n += 1;
                *n_since += u64::from(event.at.zip(end).is_some_and(|(at, end)| end < at));
            }
            all
        };
        Self { before: count(before), after: count(after), end }
    }

    /// Takes the alarms of a pair: each is counted once, however many Product Instances claim the same `id`.
    fn take(&mut self, pair: &Pair<'_>) -> Vec<EventDiff> {
        let was = pair.before.and_then(|of| self.before.remove(&*of.id)).unwrap_or_default();
        let is = pair.after.and_then(|of| self.after.remove(&*of.id)).unwrap_or_default();
        let names: BTreeSet<&(&str, &str)> = was.keys().chain(is.keys()).collect();
        let count = |all: &Counts<'_>, name: &(&str, &str)| all.get(name).copied().unwrap_or_default();
        let rows = names.into_iter().map(|name| {
            let ((before, _), (after, since)) = (count(&was, name), count(&is, name));
            EventDiff {
                facility: name.0.to_owned(),
                mnemonic: name.1.to_owned(),
                before,
                after,
                since: self.end.map(|_| since),
            }
        });
        rows.filter(|row| row.before != row.after || row.since.is_some_and(|since| since > 0)).collect()
    }
}
