//! What is so, what is not, and what cannot be told: one verdict for each matter.

use chrono::TimeDelta;
use history::policy;
use parsers::stamp::Instant;

use super::rules::Rules;
use super::{AlertDeadline, SourceFact};
use crate::report::{
    Basis, Check, CheckOutcome, Deadline, Evidence, ProductInstance, Regime, Report, Severity, StateNow,
};
use crate::time::Time;

/// One matter and the verdict on it.
pub(super) struct Condition {
    /// The same as long as the matter is: rule, Product Instance, what.
    pub(super) key: String,
    pub(super) rule: &'static str,
    pub(super) instance: Option<String>,
    pub(super) verdict: Verdict,
}

pub(super) enum Verdict {
    /// It is so.
    So(Box<Found>),
    /// Something says that it is not: only this resolves an alert.
    Not {
        /// What says it.
        says: String,
        basis: Basis,
        evidence: Vec<Evidence>,
    },
    /// Another matter has taken its place: nothing is told.
    Over,
    /// Nothing tells. What was raised stays raised.
    Unknown,
}

pub(super) struct Found {
    pub(super) severity: Severity,
    /// How near it is; told again whenever it becomes smaller.
    pub(super) step: i64,
    pub(super) node: Option<String>,
    pub(super) since: Option<Time>,
    pub(super) deadline: Option<AlertDeadline>,
    pub(super) title: String,
    pub(super) says: String,
    pub(super) remedy: String,
    pub(super) basis: Basis,
    pub(super) evidence: Vec<Evidence>,
}

/// Evidence that goes with an alert: the report holds the rest.
const EVIDENCE_MAX: usize = 3;

/// The steps of what has no steps.
const NO_STEP: i64 = 0;

fn few(evidence: &[Evidence]) -> Vec<Evidence> {
    evidence.iter().take(EVIDENCE_MAX).cloned().collect()
}

/// All matters.
pub(super) fn conditions(
    report: &Report,
    sources: &[SourceFact],
    now: Instant,
    rules: &Rules,
) -> Vec<Condition> {
    let mut out = Vec::new();
    for instance in &report.product_instances {
        let of = |check: &&Check| check.product_instance.as_deref() == Some(&*instance.id);
        let checks: Vec<&Check> = report.checks.iter().filter(of).collect();
        let mut push = |rule: &'static str, what: &str, verdict: Verdict| {
            let key = format!("{rule}/{}/{what}", instance.id);
            out.push(Condition { key, rule, instance: Some(instance.id.clone()), verdict });
        };
        push("out-of-compliance", "", out_of_compliance(instance, &checks, now));
        push("overage", "", overage(instance, &checks, now, rules));
        push("enforced", "", enforced(instance, &checks));
        push("registration", "", registration(instance, &checks));
        for kind in ["enforcement", "authorization_expiry", "registration_expiry", "evaluation_end"] {
            push("deadline", kind, deadline(instance, kind, &checks, now, rules));
        }
        for (rule, id) in CHECKED {
            let check = checks.iter().find(|check| check.id == *id);
            push(rule, id, check.map_or(Verdict::Unknown, |check| checked(check)));
        }
        for entitlement in instance.usage.iter().flat_map(|usage| &usage.entitlements) {
            let name = entitlement.entitlement.to_string();
            push("usage-high", &name, usage(instance, &name, rules));
        }
        push("product-quiet", "", quiet(report, instance, sources, now, rules));
    }
    for source in sources {
        let key = format!("source-silent//{}", source.name);
        let verdict = silent(source, now, rules);
        out.push(Condition { key, rule: "source-silent", instance: None, verdict });
    }
    out
}

/// Checks whose failing is told, and the rule that each belongs to.
const CHECKED: &[(&str, &str)] = &[
    ("service-down", "cluster-view-daemon"),
    ("transport-failure", "dns-a-record"),
    ("transport-failure", "firewall-ports"),
    ("transport-failure", "tls-trust"),
    ("transport-failure", "proxy"),
    ("transport-failure", "transport-url"),
];

fn remedy(checks: &[&Check], ids: &[&str], otherwise: &str) -> String {
    let failed = ids.iter().find_map(|id| {
        let check = checks.iter().find(|check| check.id == *id && check.outcome == CheckOutcome::Fail)?;
        check.remedy.clone()
    });
    failed.unwrap_or_else(|| otherwise.to_owned())
}

/// A time as a person reads it.
fn shown(at: Time) -> String {
    at.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn since_words(state: &StateNow) -> String {
    match state.since {
        Some(since) if state.since_is_first_seen => format!("since {} or earlier", shown(since)),
        Some(since) => format!("since {}", shown(since)),
        None => "since when is not known".to_owned(),
    }
}

fn cause(state: &StateNow) -> String {
    let cause = state.cause.clone().unwrap_or_default();
    if state.basis == Some(Basis::Inferred) && !cause.is_empty() {
        return format!("No line says it; it is concluded: {cause}");
    }
    cause
}

fn not(state: &StateNow, dimension: &str) -> Verdict {
    Verdict::Not {
        says: format!("{dimension} is {} {}. {}", state.state, since_words(state), cause(state)),
        basis: state.basis.unwrap_or(Basis::Unknown),
        evidence: few(&state.evidence),
    }
}

/// States in which over-use is over, as far as anything says so.
const IN_ORDER: [&str; 3] = ["in_compliance", "authorized_reserved", "no_licenses_in_use"];

fn find<'a>(instance: &'a ProductInstance, kind: &str) -> Option<&'a Deadline> {
    instance.deadlines.iter().find(|deadline| deadline.kind == kind)
}

fn told(deadline: &Deadline, now: Instant) -> AlertDeadline {
    AlertDeadline {
        kind: deadline.kind.clone(),
        expected: deadline.expected,
        remaining_s: (deadline.expected.0 - now).num_seconds(),
    }
}

fn out_of_compliance(instance: &ProductInstance, checks: &[&Check], now: Instant) -> Verdict {
    let state = &instance.now.authorization;
    if state.state != "out_of_compliance" {
        return match IN_ORDER.contains(&state.state.as_str()) {
            true => not(state, "Authorization"),
            false => Verdict::Unknown,
        };
    }
    Verdict::So(Box::new(Found {
        severity: Severity::Critical,
        step: NO_STEP,
        node: None,
        since: state.since,
        deadline: find(instance, "enforcement").map(|deadline| told(deadline, now)),
        title: format!("Out of Compliance {}", since_words(state)),
        says: cause(state),
        remedy: remedy(
            checks,
            &["ooc-now", "locked-usage"],
            "Buy the licenses that lack and synchronise, or see in CSSM what is used.",
        ),
        basis: state.basis.unwrap_or(Basis::Unknown),
        evidence: few(&state.evidence),
    }))
}

fn overage(instance: &ProductInstance, checks: &[&Check], now: Instant, rules: &Rules) -> Verdict {
    let state = &instance.now.authorization;
    match state.state.as_str() {
        "overage" => {}
        "out_of_compliance" => return Verdict::Over,
        other if IN_ORDER.contains(&other) => return not(state, "Authorization"),
        _ => return Verdict::Unknown,
    }
    let due = find(instance, "enter_ooc").map(|deadline| told(deadline, now));
    let remaining = due.as_ref().map(|due| due.remaining_s);
    let passed = |minutes: &&i64| remaining.is_some_and(|remaining| remaining <= **minutes * 60);
    let step = rules.minutes.iter().filter(passed).min().copied().unwrap_or(i64::MAX);
    let (tightest, within) =
        (rules.minutes.iter().min().copied(), remaining.map(|s| (s + 59).div_euclid(60)));
    let when = match within {
        Some(minutes) if minutes > 0 => format!("Out of Compliance in {minutes} min"),
        Some(_) => "Out of Compliance is due".to_owned(),
        None => "Out of Compliance may follow".to_owned(),
    };
    Verdict::So(Box::new(Found {
        severity: if tightest == Some(step) { Severity::Critical } else { Severity::High },
        step,
        node: None,
        since: state.since,
        title: format!("over-use is reported, {when}"),
        says: cause(state),
        remedy: remedy(
            checks,
            &["ooc-near", "ooc-now"],
            "Let agents log out until usage is within what was purchased.",
        ),
        basis: state.basis.unwrap_or(Basis::Unknown),
        evidence: few(&state.evidence),
        deadline: due,
    }))
}

fn enforced(instance: &ProductInstance, checks: &[&Check]) -> Verdict {
    let state = &instance.now.enforcement;
    match state.state.as_str() {
        "enforced" => Verdict::So(Box::new(Found {
            severity: Severity::Critical,
            step: NO_STEP,
            node: None,
            since: state.since,
            deadline: None,
            title: format!("Enforcement {}", since_words(state)),
            says: cause(state),
            remedy: remedy(
                checks,
                &["enforcement-near", "ooc-now"],
                "Buy the licenses that lack, then synchronise.",
            ),
            basis: state.basis.unwrap_or(Basis::Unknown),
            evidence: few(&state.evidence),
        })),
        "not_enforced" => not(state, "Enforcement"),
        _ => Verdict::Unknown,
    }
}

fn registration(instance: &ProductInstance, checks: &[&Check]) -> Verdict {
    let state = &instance.now.registration;
    match state.state.as_str() {
        "unregistered" | "registration_expired" => Verdict::So(Box::new(Found {
            severity: Severity::High,
            step: NO_STEP,
            node: None,
            since: state.since,
            deadline: None,
            title: format!("{} {}", state.state.replace('_', " "), since_words(state)),
            says: cause(state),
            remedy: remedy(checks, &["registration-age"], "Register again with a new token from CSSM."),
            basis: state.basis.unwrap_or(Basis::Unknown),
            evidence: few(&state.evidence),
        })),
        "registered" | "registered_reservation" => not(state, "Registration"),
        _ => Verdict::Unknown,
    }
}

/// Days at which a deadline is told. What is renewed every 30 days and holds for 90 is never further than 60 days
/// away when a renewal was missed, so the first steps say nothing.
fn ladder<'a>(kind: &str, rules: &'a Rules) -> impl Iterator<Item = i64> + 'a {
    let most = match kind {
        "authorization_expiry" => {
            (policy::AUTHORIZATION_EXPIRES_AFTER - policy::AUTHORIZATION_RENEWED_AFTER).num_days() - 1
        }
        "registration_expiry" => {
            (policy::REGISTRATION_VALID - policy::REGISTRATION_RENEWED_AFTER).num_days() - 1
        }
        _ => i64::MAX,
    };
    rules.days.iter().copied().filter(move |days| *days <= most)
}

fn deadline(
    instance: &ProductInstance,
    kind: &str,
    checks: &[&Check],
    now: Instant,
    rules: &Rules,
) -> Verdict {
    let Some(deadline) = find(instance, kind) else {
        let authorization = &instance.now.authorization;
        let registration = &instance.now.registration;
        return match kind {
            "enforcement" if IN_ORDER.contains(&authorization.state.as_str()) => {
                not(authorization, "Authorization")
            }
            "evaluation_end" if registration.state == "registered" => not(registration, "Registration"),
            _ => Verdict::Unknown,
        };
    };
    let what = match kind {
        "enforcement" => "Enforcement",
        "authorization_expiry" => "the authorization expires",
        "registration_expiry" => "the registration expires",
        _ => "the evaluation ends",
    };
    let due = told(deadline, now);
    let left = TimeDelta::seconds(due.remaining_s);
    let passed = |days: &i64| left <= TimeDelta::days(*days);
    let step = match left <= TimeDelta::zero() {
        true => Some(0),
        false => ladder(kind, rules).filter(passed).min(),
    };
    let Some(step) = step else {
        return Verdict::Not {
            says: format!("{what}: {} is far enough away. {}", shown(deadline.expected), deadline.rule),
            basis: deadline.basis,
            evidence: few(&deadline.evidence),
        };
    };
    let severity = match (kind, step) {
        (_, ..=1) | ("enforcement", ..=7) => Severity::Critical,
        (_, ..=7) | ("enforcement", ..=30) => Severity::High,
        (_, ..=30) | ("enforcement", _) => Severity::Medium,
        _ => Severity::Low,
    };
    let when = match left.num_days() {
        _ if step == 0 => format!("was due {}", shown(deadline.expected)),
        0 => format!("within {} h, {}", left.num_hours() + 1, shown(deadline.expected)),
        days => format!("in {days} d, {}", shown(deadline.expected)),
    };
    let range = match (deadline.earliest, deadline.latest) {
        (Some(earliest), Some(latest)) if earliest != latest => {
            format!(" Not before {}, not after {}.", shown(earliest), shown(latest))
        }
        _ => String::new(),
    };
    let ids: &[&str] = match kind {
        "enforcement" => &["enforcement-near", "ooc-now"],
        "authorization_expiry" => &["authorization-age", "dns-a-record", "firewall-ports"],
        _ => &["registration-age"],
    };
    Verdict::So(Box::new(Found {
        severity,
        step,
        node: None,
        since: None,
        deadline: Some(due),
        title: format!("{what} {when}"),
        says: format!("{}{range}", deadline.rule),
        remedy: remedy(checks, ids, "Renew now: License Management, Actions, Renew."),
        basis: deadline.basis,
        evidence: few(&deadline.evidence),
    }))
}

fn checked(check: &Check) -> Verdict {
    match check.outcome {
        CheckOutcome::Fail if check.suppressed.is_none() => Verdict::So(Box::new(Found {
            severity: check.severity.unwrap_or(Severity::Medium),
            step: NO_STEP,
            node: None,
            since: None,
            deadline: None,
            title: check.says.clone(),
            says: format!("The check {} failed: {}", check.id, check.title),
            remedy: check.remedy.clone().unwrap_or_default(),
            basis: Basis::Stated,
            evidence: few(&check.evidence),
        })),
        CheckOutcome::Pass => {
            Verdict::Not { says: check.says.clone(), basis: Basis::Stated, evidence: few(&check.evidence) }
        }
        CheckOutcome::Fail | CheckOutcome::NoEvidence | CheckOutcome::NotApplicable => Verdict::Unknown,
    }
}

fn usage(instance: &ProductInstance, entitlement: &str, rules: &Rules) -> Verdict {
    let Some(usage) = &instance.usage else { return Verdict::Unknown };
    let Some(view) = usage.views.iter().min_by_key(|view| view.interval_s) else { return Verdict::Unknown };
    let Some(column) = view.columns.iter().find(|column| *column.entitlement == *entitlement) else {
        return Verdict::Unknown;
    };
    let rows = view.at.iter().zip(column.in_use.iter().zip(&column.purchased));
    let known: Vec<(Time, u64, u64)> = rows
        .filter_map(|(at, (used, purchased))| Some((*at, u64::from((*used)?), u64::from((*purchased)?))))
        .collect();
    let above = |(_, used, purchased): &&(Time, u64, u64)| used * 100 > purchased * rules.usage_percent;
    let Some(last) = known.last() else { return Verdict::Unknown };
    if !above(&last) {
        return Verdict::Not {
            says: format!("{} of {} {entitlement} licenses are in use at {}", last.1, last.2, shown(last.0)),
            basis: Basis::Stated,
            evidence: Vec::new(),
        };
    }
    let first = known.iter().rev().take_while(above).last().unwrap_or(last);
    // A row is the highest use of an interval: alone it says nothing about how long.
    if last.0.0 - first.0.0 < TimeDelta::minutes(rules.usage_minutes) {
        return Verdict::Unknown;
    }
    let evidence = usage.entitlements.iter().find(|of| *of.entitlement == *entitlement);
    Verdict::So(Box::new(Found {
        severity: if last.1 > last.2 { Severity::High } else { Severity::Medium },
        step: NO_STEP,
        node: None,
        since: Some(first.0),
        deadline: None,
        title: format!("{} of {} {entitlement} licenses are in use", last.1, last.2),
        says: format!("Above {} % of what was purchased since {}.", rules.usage_percent, shown(first.0)),
        remedy: "Let agents log out, or buy licenses before the next reports count over-use.".to_owned(),
        basis: Basis::Stated,
        evidence: evidence.map(|of| few(&of.evidence)).unwrap_or_default(),
    }))
}

/// Reports of usage that come at an interval were seen, and stopped, while other lines still come.
fn quiet(
    report: &Report,
    instance: &ProductInstance,
    sources: &[SourceFact],
    now: Instant,
    rules: &Rules,
) -> Verdict {
    let every = match instance.release.regime {
        Regime::Immediate => policy::REPORT_EVERY_IMMEDIATE,
        Regime::Counted | Regime::Unknown => policy::REPORT_EVERY_COUNTED,
    };
    let reports: Vec<_> = report
        .events
        .iter()
        .filter(|event| event.kind == "entitlement_request" && *event.product_instance == *instance.id)
        .filter_map(|event| Some((event.at?, event)))
        .collect();
    // One report may be a renewal by hand: three tell that they come by themselves.
    let (Some((last, event)), true) = (reports.last(), reports.len() >= 3) else { return Verdict::Unknown };
    let late = every * (rules.reports_late + 1);
    let alive = sources
        .iter()
        .filter(|source| instance.nodes.iter().any(|node| source.nodes.contains(&node.name)))
        .filter_map(|source| source.last_bytes)
        .max();
    if now - last.0 <= late {
        return Verdict::Not {
            says: format!("The last license report came at {}.", shown(*last)),
            basis: Basis::Stated,
            evidence: few(&event.witnesses),
        };
    }
    // A source that is silent tells nothing about the product.
    if alive.is_none_or(|alive| alive.0 - last.0 <= late) {
        return Verdict::Unknown;
    }
    Verdict::So(Box::new(Found {
        severity: Severity::Medium,
        step: NO_STEP,
        node: None,
        since: Some(*last),
        deadline: None,
        title: format!("no license report since {}", shown(*last)),
        says: format!(
            "Lines still come, the newest at {}, but not the report that came every {} min: the product is quiet, \
             or debugging was turned off.",
            alive.map(shown).unwrap_or_default(),
            every.num_minutes()
        ),
        remedy: "See whether the Cluster View Daemon is in service (utils service list) and whether its trace level \
                 was lowered."
            .to_owned(),
        basis: Basis::Inferred,
        evidence: few(&event.witnesses),
    }))
}

fn silent(source: &SourceFact, now: Instant, rules: &Rules) -> Verdict {
    let last = source.last_bytes.unwrap_or(source.known_since);
    if now - last.0 < TimeDelta::minutes(rules.silent_minutes) {
        return match source.last_bytes {
            Some(at) => Verdict::Not {
                says: format!("{} sends again, last at {}", source.name, shown(at)),
                basis: Basis::Stated,
                evidence: Vec::new(),
            },
            None => Verdict::Unknown,
        };
    }
    let what = match source.last_bytes {
        Some(at) => format!("nothing came from {} since {}", source.name, shown(at)),
        None => format!("nothing ever came from {}", source.name),
    };
    Verdict::So(Box::new(Found {
        severity: Severity::High,
        step: NO_STEP,
        node: None,
        since: source.last_bytes,
        deadline: None,
        title: format!("{what}: the source is silent"),
        says: "What the license does meanwhile is not known here; that nothing was reported does not mean that all is well."
            .to_owned(),
        remedy: "See whether the node is up, whether it still sends its logs here, and whether the way is open.".to_owned(),
        basis: Basis::Inferred,
        evidence: Vec::new(),
    }))
}
