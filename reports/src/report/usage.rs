//! License usage in the report: what was purchased and used, the rule replayed over it, and what is expected.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Basis, Evidence, OutlookKind, Reading, Regime, Text, UsageClock};
use crate::time::Time;

/// License usage against what was purchased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Licenses purchased, over the entitlements that are judged.
    pub purchased: Option<u64>,
    /// Highest usage at one time, over the same entitlements.
    pub peak: Option<u64>,
    /// Usage that CSSM holds the instance to while Out of Compliance.
    pub locked: Option<u64>,
    /// Licenses that are lacking.
    pub deficit: Option<u64>,
    /// Samples behind these numbers.
    pub samples: Option<u64>,
    /// The first sample.
    pub from: Option<Time>,
    /// The last sample.
    pub to: Option<Time>,
    /// How the times of the samples became instants; the weakest, where there are several tables.
    pub clock: UsageClock,
    /// What else the dates rest on; empty where they are certain.
    pub assumed: Vec<String>,
    /// Numbers purchased, by entitlement, then by time.
    pub purchases: Vec<Purchase>,
    /// One entry an entitlement, by name.
    pub entitlements: Vec<EntitlementUse>,
    /// The rule replayed over the usage: one entry for each rule that may hold, none without purchases.
    pub replays: Vec<Replay>,
    /// When usage is expected to exceed what is purchased.
    pub forecasts: Vec<Forecast>,
    /// Usage as it is reported to CSSM: every 15 minutes by the counted rules, every 8 hours by the immediate ones.
    #[serde(default)]
    pub views: Vec<UsageView>,
}

/// Usage on the times of the reports of one rule, column by column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageView {
    /// Seconds between two reports.
    pub interval_s: i64,
    /// Older reports that are left out here; the table `usage` (`-o usage.csv`) holds all.
    pub rows_before: u64,
    /// When each report was due, in order of time.
    pub at: Vec<Time>,
    /// One entry an entitlement.
    pub columns: Vec<UsageColumn>,
}

/// One entitlement of a [`UsageView`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageColumn {
    /// Which.
    pub entitlement: Text,
    /// Highest use within the interval before each report; null where nothing was sampled.
    pub in_use: Vec<Option<u32>>,
    /// Purchased then; null where nothing says it.
    pub purchased: Vec<Option<u32>>,
}

/// A number of licenses purchased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Purchase {
    /// Which entitlement.
    pub entitlement: Text,
    /// How many in all, from `since` on.
    pub count: u32,
    /// Since when; null: all the time, as far as is known.
    pub since: Option<Time>,
    /// `given` on the command line, or `stated` in an inventory or a usage table.
    pub basis: Basis,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// Usage of one entitlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementUse {
    /// Which, such as `PREMIUM`.
    pub entitlement: Text,
    /// Purchased at the end.
    pub purchased: Option<u32>,
    /// How the number purchased is known.
    pub purchased_basis: Option<Basis>,
    /// Highest usage.
    pub peak: Option<u32>,
    /// When that was first.
    pub peak_at: Option<Time>,
    /// The Authorization State that the logs show then.
    pub peak_state: Option<Text>,
    /// Usage in the last report.
    pub last: Option<u32>,
    /// Highest usage since the over-use began, held while Out of Compliance.
    pub locked: Option<u32>,
    /// Licenses to buy.
    pub deficit: Option<u32>,
    /// The row of the peak.
    pub evidence: Vec<Evidence>,
}

/// Licenses of one entitlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Amount {
    /// Which entitlement.
    pub entitlement: Text,
    /// How many.
    pub count: u32,
}

/// The rule replayed over the usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// Which rules.
    pub regime: Regime,
    /// Which of the two published readings of the counted rule; null in the immediate regime.
    pub reading: Option<Reading>,
    /// Over-usages in a row at the last report; 0 while Out of Compliance.
    pub count: u32,
    /// Changes of the Authorization State that the rule predicts, in order.
    pub path: Vec<Predicted>,
    /// Predicted entries into Out of Compliance beside the logged ones.
    pub compared: Vec<Compared>,
    /// Usage that is locked at the end, by entitlement.
    pub locked: Vec<Amount>,
    /// Licenses to buy at the end, by entitlement.
    pub lacking: Vec<Amount>,
}

/// A change of state that the rule predicts from usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Predicted {
    /// The new state.
    #[schemars(extend("enum" = ["in_compliance", "overage", "out_of_compliance"]))]
    pub state: Text,
    /// Not before.
    pub earliest: Time,
    /// The report that decides it.
    pub expected: Time,
    /// Not after.
    pub latest: Time,
    /// False where a report before it is missing, so that the rule does not decide it.
    pub determined: bool,
    /// The row behind it.
    pub evidence: Vec<Evidence>,
}

/// A predicted entry into Out of Compliance beside a logged one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// When the rule says; null if it predicts none for the logged one.
    pub predicted: Option<Time>,
    /// When a line says; null if no line says it.
    pub logged: Option<Time>,
    /// Seconds that the line is later than the rule, negative if earlier; null where one of them is.
    pub difference_s: Option<i64>,
    /// True if they lie within one reporting interval of each other.
    pub agrees: bool,
    /// True if logs and usage cover both: only then does a difference mean something.
    pub comparable: bool,
    /// The row of usage and the line of the log.
    pub evidence: Vec<Evidence>,
}

/// When usage is expected to exceed what is purchased. Fields that do not belong to the outlook are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// Which entitlement.
    pub entitlement: Text,
    /// Licenses purchased.
    pub purchased: u32,
    /// What is expected.
    pub outlook: OutlookKind,
    /// `not_enough`: days of history that are needed.
    pub needed_days: Option<u32>,
    /// `already`: the first report of the newest week in which usage exceeds what is purchased.
    pub since: Option<Time>,
    /// `crosses`: lower end of the 80 % interval; null where it lies beyond the horizon.
    pub earliest: Option<Time>,
    /// `crosses`: most likely; null where it lies beyond the horizon.
    pub expected: Option<Time>,
    /// `crosses`: upper end of the 80 % interval; null where it lies beyond the horizon.
    pub latest: Option<Time>,
    /// Licenses a week that the daily peak grows by, to two decimals.
    pub per_week: Option<Hundredths>,
    /// Nothing is said beyond it.
    pub horizon: Option<Time>,
    /// Days of history that were used.
    pub days: u32,
    /// Samples behind it.
    pub samples: u64,
    /// How it was made, as a sentence.
    pub method: String,
    /// How it did on its own past; null if there is not enough of it.
    pub backtest: Option<Backtest>,
}

/// How a forecast did on its own past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backtest {
    /// Days that were forecast from the days before them.
    pub days: u32,
    /// Days whose peak lay within the 80 % interval.
    pub within: u32,
    /// Mean absolute error of the daily peak in licenses, to two decimals.
    pub mean_error: Option<Hundredths>,
}

/// A countdown that led into Out of Compliance, and which published reading of the rule it fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingFit {
    /// The first warning.
    pub first: Time,
    /// The entry into Out of Compliance.
    pub entered: Time,
    /// Seconds between them.
    pub elapsed_s: i64,
    /// The reading that fits within half a report; null if neither does.
    pub fits: Option<Reading>,
    /// The lines of both.
    pub evidence: Vec<Evidence>,
}

/// An entitlement as an output states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementStated {
    /// Which, such as `PREMIUM`.
    pub entitlement: Text,
    /// As printed.
    pub name: Text,
    /// Licenses reported as used; while Out of Compliance in the counted regime, the locked usage.
    pub count: Option<u32>,
    /// As printed, such as `InCompliance` or `Waiting`.
    pub status: Option<Text>,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// The license type that an output states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseType {
    /// As printed.
    pub name: Text,
    /// The lines.
    pub evidence: Vec<Evidence>,
}

/// The time in which lower usage still restores compliance, while a countdown of the counted rule runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reversible {
    /// Over-usages in a row so far; null where neither a line nor usage tells.
    pub count: Option<u32>,
    /// Over-usages in a row that lead into Out of Compliance, by the reading that holds; the more of them where the
    /// logs do not decide.
    pub of: u32,
    /// Where `count` is from: the minutes that a line prints, or the usage; null where it is not known.
    #[schemars(extend("enum" = ["countdown", "usage", null]))]
    pub counted_by: Option<Text>,
    /// The published reading that the logs fit; null where they do not decide.
    pub reading: Option<Reading>,
    /// Until when lower usage helps: the earlier of both readings where the logs do not decide.
    pub until: Time,
    /// Until when it helps by the later reading; null where the logs decide.
    pub until_latest: Option<Time>,
    /// Seconds from `as_of` to `until`; negative once it has passed.
    pub remaining_s: Option<i64>,
}

/// A number to two decimals: the same bytes on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hundredths(i64);

impl Hundredths {
    /// The nearest number of hundredths; `None` for what is no number. Beyond ten billion it is cut.
    #[must_use]
    pub fn of(value: f64) -> Option<Self> {
        const MAX: f64 = 1e12;
        // In this range the conversion loses nothing.
        value.is_finite().then(|| Self((value * 100.0).round().clamp(-MAX, MAX) as i64))
    }

    /// The number as it stands in JSON.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl std::fmt::Display for Hundredths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.value())
    }
}

impl Serialize for Hundredths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

impl<'de> Deserialize<'de> for Hundredths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::of(value).ok_or_else(|| serde::de::Error::custom("not a number"))
    }
}

impl JsonSchema for Hundredths {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Hundredths".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        f64::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_two_decimals_and_is_read_back() {
        #[track_caller]
        fn check(value: f64, expected: &str) {
            let number = Hundredths::of(value).unwrap();
            let json = serde_json::to_string(&number).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_str::<Hundredths>(&json).unwrap(), number);
        }
        check(1.0 / 3.0, "0.33");
        check(2.0, "2.0");
        check(-0.001, "0.0");
        check(f64::MAX, "10000000000.0");
        assert_eq!(Hundredths::of(f64::NAN), None);
        assert_eq!(Hundredths::of(f64::INFINITY), None);
    }
}
