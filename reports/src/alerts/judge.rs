//! From verdicts to what is told: once, again when it gets nearer, and when it is over.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use parsers::stamp::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::conditions::{Condition, Found, Verdict, conditions};
use super::rules::{Rules, Window};
use super::{Alert, AlertState, SourceFact};
use crate::report::{Basis, Report, Severity};
use crate::time::Time;

/// What was told so far: kept across restarts with what is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What is so, by matter.
    active: BTreeMap<String, Active>,
    /// When alerts were told within the last hour.
    told: Vec<Time>,
    /// Since when alerts are held back.
    flood: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Active {
    alert: Alert,
    step: i64,
    /// False while it is held back: nobody was told.
    told: bool,
}

impl Memory {
    /// Alerts that are raised and told, the worst first, then the oldest.
    #[must_use]
    pub fn raised(&self) -> Vec<Alert> {
        let mut raised: Vec<Alert> =
            self.active.values().filter(|active| active.told).map(|active| active.alert.clone()).collect();
        raised.sort_by(|a, b| (b.severity, a.noticed, &a.id).cmp(&(a.severity, b.noticed, &b.id)));
        raised
    }

    /// How many are held back.
    #[must_use]
    pub fn n_held(&self) -> usize {
        self.active.values().filter(|active| !active.told).count()
    }
}

/// What is to be told now. `memory` is what was told before; the same facts at the same time tell nothing again.
#[must_use]
pub fn judge(
    memory: &mut Memory,
    report: &Report,
    sources: &[SourceFact],
    now: Instant,
    rules: &Rules,
    replayed: bool,
) -> Vec<Alert> {
    let mut out = Vec::new();
    memory.told.retain(|at| now - at.0 < TimeDelta::hours(1));
    // A source that is no longer watched is nobody's matter.
    let watched = |key: &str| {
        let name = key.strip_prefix("source-silent//");
        name.is_none_or(|name| sources.iter().any(|source| source.name == name))
    };
    memory.active.retain(|key, _| watched(key));
    for condition in conditions(report, sources, now, rules) {
        if rules.off.iter().any(|off| off == condition.rule) {
            continue;
        }
        let window = window(rules, &condition, now);
        match condition.verdict {
            Verdict::So(found) => {
                let known = memory.active.get(&condition.key);
                let news = known.is_none_or(|known| !known.told || found.step < known.step);
                let id = known.map_or_else(|| id(&condition.key, now), |known| known.alert.id.clone());
                let noticed = known.map_or(Time(now), |known| known.alert.noticed);
                let step = known.map_or(found.step, |known| known.step.min(found.step));
                let mut alert = raised(*found, id, condition.rule, condition.instance, now, replayed);
                let room = memory.told.len() < rules.per_hour || alert.severity == Severity::Critical;
                if news && window.is_none() && room {
                    memory.told.push(Time(now));
                    out.push(alert.clone());
                }
                let told = known.is_some_and(|known| known.told) || news && window.is_none() && room;
                if news && window.is_none() && !room && memory.flood.is_none() {
                    memory.flood = Some(Time(now));
                    out.push(flood(now, rules, replayed));
                }
                alert.noticed = noticed;
                // A step that was not told is told later.
                let step = if news && !out.iter().any(|told| told.id == alert.id) {
                    known.map_or(i64::MAX, |known| known.step)
                } else {
                    step
                };
                memory.active.insert(condition.key, Active { alert, step, told });
            }
            Verdict::Not { says, basis, evidence } => {
                let Some(active) = memory.active.remove(&condition.key) else { continue };
                if active.told {
                    out.push(Alert {
                        state: AlertState::Resolved,
                        noticed: Time(now),
                        deadline: None,
                        says,
                        remedy: String::new(),
                        basis,
                        evidence,
                        replayed,
                        ..active.alert
                    });
                }
            }
            Verdict::Over => drop(memory.active.remove(&condition.key)),
            Verdict::Unknown => {}
        }
    }
    if memory.told.len() < rules.per_hour && memory.n_held() == 0 {
        memory.flood = None;
    }
    out
}

/// The next time at which something may be told though no line comes; `None` if nothing is due.
#[must_use]
pub fn next(report: &Report, sources: &[SourceFact], now: Instant, rules: &Rules) -> Option<Instant> {
    let deadlines = report.product_instances.iter().flat_map(|instance| &instance.deadlines);
    let steps = deadlines.flat_map(|deadline| {
        let due = deadline.expected.0;
        let minutes = rules.minutes.iter().map(move |minutes| due - TimeDelta::minutes(*minutes));
        let days = rules.days.iter().map(move |days| due - TimeDelta::days(*days));
        minutes.chain(days).chain([due])
    });
    let silent = sources.iter().map(|source| {
        source.last_bytes.unwrap_or(source.known_since).0 + TimeDelta::minutes(rules.silent_minutes)
    });
    let windows = rules.maintenance.iter().flat_map(|window| [window.from.0, window.until.0]);
    steps.chain(silent).chain(windows).filter(|at| *at > now).min()
}

/// The maintenance that a matter falls into.
fn window<'a>(rules: &'a Rules, condition: &Condition, now: Instant) -> Option<&'a Window> {
    let holds = |window: &&Window| {
        let named = |names: &[String], name: Option<&str>| {
            names.is_empty() || name.is_some_and(|name| names.iter().any(|of| of == name))
        };
        (window.from.0..window.until.0).contains(&now)
            && named(&window.rules, Some(condition.rule))
            && named(&window.product_instances, condition.instance.as_deref())
    };
    rules.maintenance.iter().find(holds)
}

fn id(key: &str, now: Instant) -> String {
    let hash = Sha256::digest(format!("{key}\n{}", Time(now).text()));
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn raised(
    found: Found,
    id: String,
    rule: &str,
    product_instance: Option<String>,
    now: Instant,
    replayed: bool,
) -> Alert {
    Alert {
        id,
        rule: rule.to_owned(),
        state: AlertState::Raised,
        severity: found.severity,
        product_instance,
        node: found.node,
        since: found.since,
        noticed: Time(now),
        deadline: found.deadline,
        title: found.title,
        says: found.says,
        remedy: found.remedy,
        basis: found.basis,
        evidence: found.evidence,
        may_repeat: false,
        replayed,
        test: false,
    }
}

fn flood(now: Instant, rules: &Rules, replayed: bool) -> Alert {
    Alert {
        id: id("flood", now),
        rule: "flood".to_owned(),
        state: AlertState::Raised,
        severity: Severity::High,
        product_instance: None,
        node: None,
        since: Some(Time(now)),
        noticed: Time(now),
        deadline: None,
        title: format!("more than {} alerts within an hour: further ones are held back", rules.per_hour),
        says: "Critical ones are told all the same. The others are told when there are fewer, if they are still so."
            .to_owned(),
        remedy: "Look at the live page or at the report for all of them.".to_owned(),
        basis: Basis::Stated,
        evidence: Vec::new(),
        may_repeat: false,
        replayed,
        test: false,
    }
}
