//! When to tell: the defaults, and what the user may change.

use serde::Deserialize;

use crate::time::Time;

/// The rules of a watch. Every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// Rules that are off, by name.
    pub off: Vec<String>,
    /// Minutes before Out of Compliance at which it is told; Cisco's own alarms come at 45 and 15.
    pub minutes: Vec<i64>,
    /// Days before any other deadline at which it is told.
    pub days: Vec<i64>,
    /// Minutes without a byte after which a source is silent. 30.
    pub silent_minutes: i64,
    /// Reports that may be late before a product counts as quiet. 2.
    pub reports_late: i32,
    /// Percent of the purchased licenses above which usage is told. 95.
    pub usage_percent: u64,
    /// Minutes for which it must be above. 5.
    pub usage_minutes: i64,
    /// Alerts within an hour, beyond which they are held back and told in one. 60.
    pub per_hour: usize,
    /// Times in which nothing new is told.
    #[serde(skip)]
    pub maintenance: Vec<Window>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            off: Vec::new(),
            minutes: vec![45, 15],
            days: vec![90, 60, 30, 14, 7, 3, 1],
            silent_minutes: 30,
            reports_late: 2,
            usage_percent: 95,
            usage_minutes: 5,
            per_hour: 60,
            maintenance: Vec::new(),
        }
    }
}

/// A time in which nothing new is told: what is still so at its end is told then.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Window {
    /// Its beginning.
    pub from: Time,
    /// Its end: there is none without one.
    pub until: Time,
    /// Why, for whoever wonders about the silence.
    pub reason: String,
    /// Only these rules; empty: all.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Only these Product Instances; empty: all.
    #[serde(default)]
    pub product_instances: Vec<String>,
}

/// The names of all rules, with what each tells.
pub const RULES: &[(&str, &str)] = &[
    (
        "overage",
        "over-use is reported and still reversible: at 45 and at 15 minutes before Out of Compliance",
    ),
    ("out-of-compliance", "the Product Instance is Out of Compliance"),
    ("enforced", "Enforcement has begun"),
    ("deadline", "Enforcement, the end of the authorization, the registration or the evaluation is near"),
    ("registration", "the Product Instance is not registered, or no longer"),
    ("service-down", "the Cluster View Daemon is not in service"),
    ("transport-failure", "CSSM cannot be reached: name, port, certificate, proxy or URL"),
    ("usage-high", "usage is above a share of the purchased licenses"),
    ("source-silent", "nothing at all comes from a source"),
    ("product-quiet", "lines come, but not the expected license report"),
    ("flood", "more alerts than can be read: they are held back"),
];

impl Rules {
    /// What is wrong with them, as sentences that begin with the field.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let known = |name: &String| RULES.iter().any(|(rule, _)| rule == name);
        let names: Vec<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
        let mut out: Vec<String> = self
            .off
            .iter()
            .chain(self.maintenance.iter().flat_map(|window| &window.rules))
            .filter(|name| !known(name))
            .map(|name| format!("rule {name:?}: there is none; there are {}", names.join(", ")))
            .collect();
        let mut positive = |name: &str, value: i64, most: i64| {
            if !(1..=most).contains(&value) {
                out.push(format!("{name} = {value}: give a number from 1 to {most}"));
            }
        };
        positive("silent-minutes", self.silent_minutes, 100_000);
        positive("reports-late", i64::from(self.reports_late), 1_000);
        positive("usage-percent", i64::try_from(self.usage_percent).unwrap_or(i64::MAX), 100);
        positive("usage-minutes", self.usage_minutes, 100_000);
        positive("per-hour", i64::try_from(self.per_hour).unwrap_or(i64::MAX), 100_000);
        self.minutes.iter().for_each(|value| positive("minutes", *value, 60));
        self.days.iter().for_each(|value| positive("days", *value, 365));
        for window in &self.maintenance {
            if window.until <= window.from {
                let (from, until) = (window.from.text(), window.until.text());
                out.push(format!("maintenance from {from} until {until}: it ends before it begins"));
            }
            if window.reason.trim().is_empty() {
                out.push(format!("maintenance from {}: give a reason", window.from.text()));
            }
        }
        out
    }
}
