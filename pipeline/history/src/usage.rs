//! Usage: what was used and what was purchased, and what follows from comparing them.
//!
//! [`Usage`] is what the input says. [`Grid`] is the same on the times of the reports to CSSM, made by the table
//! stage. [`Consumption`] is what follows.

use std::sync::Arc;

use parsers::origin::Origin;
use parsers::stamp::Instant;
use parsers::usage::UsageTable;

use crate::facts::{Basis, Evidence};
use crate::policy::{Reading, Regime};

pub use parsers::usage::NOT_COUNTED;

/// How the times of a usage table became instants, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageClock {
    /// An offset or `UTC` stands in each row, or the rows are log lines with instants of their own.
    Written,
    /// `--tz` says the zone.
    Given,
    /// The zone of the only node, or of all nodes.
    NodeZone,
    /// Nothing says the zone; UTC was taken. The dates may be off by the zone's offset.
    AssumedUtc,
}

impl UsageClock {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Given => "given",
            Self::NodeZone => "node_zone",
            Self::AssumedUtc => "assumed_utc",
        }
    }
}

/// Where a row of [`Usage`] stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cite {
    /// A row of a table, as indices into [`Usage::tables`] and its rows.
    Row {
        /// The table.
        table: u32,
        /// The row.
        row: u32,
    },
    /// A line of a log.
    Line(Box<Origin>),
}

/// The counts of one entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Which, by [`parsers::entitlements::name`].
    pub entitlement: Arc<str>,
    /// Licenses in use, one for each of [`Usage::at`]; [`NOT_COUNTED`] where the row has none.
    pub counts: Vec<u32>,
}

/// A number of licences purchased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Which, by [`parsers::entitlements::name`].
    pub entitlement: Arc<str>,
    /// How many in all, from `since` on.
    pub count: u32,
    /// Since when; `None`: all the time, as far as is known.
    pub since: Option<Instant>,
    /// `given` on the command line, or `stated` in an inventory or a usage table.
    pub basis: Basis,
    /// The line; `None` if given.
    pub evidence: Option<Evidence>,
}

/// What the input says about usage. Not empty: at least one row or one purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Instants of the rows, ascending, each once.
    pub at: Vec<Instant>,
    /// Where each row stands.
    pub rows: Vec<Cite>,
    /// The tables, with the member they stand in.
    pub tables: Vec<(u32, Arc<UsageTable>)>,
    /// One entry an entitlement, by name.
    pub series: Vec<Series>,
    /// Purchases, by entitlement, then by time.
    pub purchases: Vec<Purchase>,
    /// How times became instants: the weakest of all tables; [`UsageClock::Written`] where there is none.
    pub clock: UsageClock,
    /// What else the dates rest on, as sentences; empty where they are certain.
    pub assumed: Vec<&'static str>,
}

impl Usage {
    /// The lines of a row; `None` if there is no such row.
    #[must_use]
    pub fn evidence(&self, row: usize) -> Option<Evidence> {
        let origin = match self.rows.get(row)? {
            Cite::Line(origin) => Origin::clone(origin),
            Cite::Row { table, row } => {
                let (member, table) = self.tables.get(*table as usize)?;
                Origin { member: *member, span: table.span(*row as usize)? }
            }
        };
        Some(Evidence::one(origin))
    }

    /// Licenses of `entitlement` purchased at `at`; `None` if nothing says it.
    #[must_use]
    pub fn purchased(&self, entitlement: &str, at: Instant) -> Option<u32> {
        let of = self.purchases.iter().filter(|purchase| *purchase.entitlement == *entitlement);
        of.take_while(|purchase| purchase.since.is_none_or(|since| since <= at)).last().map(|it| it.count)
    }
}

/// Usage on the times of the reports to CSSM: one row a report that was due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// Instants of the reports, ascending: that of the newest sample of each; the slot's end where there is none.
    pub at: Vec<Instant>,
    /// Row of [`Usage`] that stands behind each report, an index; `None` where no sample fell into its slot.
    pub rows: Vec<Option<u32>>,
    /// One entry an entitlement, in the order of [`Usage::series`].
    pub columns: Vec<GridColumn>,
}

/// One entitlement of a [`Grid`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridColumn {
    /// Which.
    pub entitlement: Arc<str>,
    /// Highest use within each slot; [`NOT_COUNTED`] where no sample fell into it.
    pub in_use: Vec<u32>,
    /// Licenses purchased at each report; [`NOT_COUNTED`] where nothing says it.
    pub purchased: Vec<u32>,
}

/// What follows from usage and purchases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumption {
    /// Licenses purchased at the end, over the entitlements that are judged; `None` if nothing says it.
    pub purchased: Option<u64>,
    /// Highest use at one time, over the same entitlements; over all if none is judged. `None` without samples.
    pub peak: Option<u64>,
    /// Use that CSSM holds the Product Instance to; `None` unless the rule says it is Out of Compliance.
    pub locked: Option<u64>,
    /// Licenses that are lacking at the end: against the locked use while Out of Compliance, else against the last
    /// report. `None` without purchases or samples.
    pub deficit: Option<u64>,
    /// Samples read.
    pub samples: u64,
    /// The first sample.
    pub from: Option<Instant>,
    /// The last sample.
    pub to: Option<Instant>,
    /// One entry an entitlement, by name.
    pub entitlements: Vec<EntitlementUse>,
    /// The rule replayed over the reports: one entry for each rule that may hold, none without purchases.
    pub replays: Vec<Replay>,
    /// When use is expected to exceed what is purchased: one entry for each judged entitlement with samples.
    pub forecasts: Vec<Forecast>,
}

/// One entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementUse {
    /// Which.
    pub entitlement: Arc<str>,
    /// Purchased at the end; `None` if nothing says it.
    pub purchased: Option<u32>,
    /// How the number purchased is known; [`Basis::Unknown`] if it is not.
    pub purchased_basis: Basis,
    /// Highest use; `None` without samples.
    pub peak: Option<u32>,
    /// When that was first.
    pub peak_at: Option<Instant>,
    /// The Authorization State that the logs show then; `None` if they show none.
    pub peak_state: Option<&'static str>,
    /// Use in the last report.
    pub last: Option<u32>,
    /// Highest use since the over-use began, held while Out of Compliance; `None` otherwise.
    pub locked: Option<u32>,
    /// Licenses of this entitlement to buy; `None` if purchases or samples are not known.
    pub deficit: Option<u32>,
    /// The row of the peak.
    pub evidence: Option<Evidence>,
}

/// The rule replayed over the reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Which rules.
    pub regime: Regime,
    /// Which of the two published readings; `None` in the immediate regime, which has one.
    pub reading: Option<Reading>,
    /// Changes of the Authorization State, in order.
    pub path: Vec<Predicted>,
    /// Predicted entries into Out of Compliance beside the logged ones.
    pub compared: Vec<Compared>,
    /// Over-usages in a row at the last report; 0 while Out of Compliance.
    pub count: u32,
    /// Highest use of each entitlement since the over-use began, while Out of Compliance at the end; else empty.
    pub locked: Vec<(Arc<str>, u32)>,
    /// Licenses to buy at the end, by entitlement: against the locked use while Out of Compliance.
    pub lacking: Vec<(Arc<str>, u32)>,
}

/// A change of state that the rule predicts from usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// `in_compliance`, `overage` or `out_of_compliance`.
    pub state: &'static str,
    /// Not before.
    pub earliest: Instant,
    /// The report that decides it.
    pub expected: Instant,
    /// Not after.
    pub latest: Instant,
    /// False where a report before it is missing, so that the rule does not decide it.
    pub determined: bool,
    /// The row of usage behind it.
    pub evidence: Option<Evidence>,
}

/// A predicted entry into Out of Compliance beside a logged one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// When the rule says; `None` if it predicts none for the logged one.
    pub predicted: Option<Instant>,
    /// When a line says; `None` if no line says it.
    pub logged: Option<Instant>,
    /// True if they lie within one reporting interval of each other.
    pub agrees: bool,
    /// True if the logs were alive at the predicted time and usage covers the logged one: only then does a
    /// difference mean something.
    pub comparable: bool,
    /// The row of usage and the line of the log.
    pub evidence: Vec<Origin>,
}

/// When use is expected to exceed what is purchased.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Which entitlement.
    pub entitlement: Arc<str>,
    /// Licenses purchased.
    pub purchased: u32,
    /// What is expected.
    pub outlook: Outlook,
    /// Days of history that were used.
    pub days: u32,
    /// Samples behind it.
    pub samples: u64,
    /// How it was made, as a sentence.
    pub method: String,
    /// How it did on its own past; `None` if there is not enough of it.
    pub backtest: Option<Backtest>,
}

impl Eq for Forecast {}

/// The answer of a [`Forecast`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outlook {
    /// Not enough history.
    NotEnough {
        /// Days that are needed.
        needed_days: u32,
    },
    /// Use exceeds what is purchased already, in the newest week.
    Already {
        /// The first such report of the newest week.
        since: Instant,
    },
    /// The daily peak is expected to cross.
    Crosses {
        /// Lower end of the 80 % interval; `None` where it lies beyond the horizon.
        earliest: Option<Instant>,
        /// Most likely; `None` where it lies beyond the horizon.
        expected: Option<Instant>,
        /// Upper end of the 80 % interval; `None` where it lies beyond the horizon.
        latest: Option<Instant>,
        /// Licenses a week that the peak grows by.
        per_week: f64,
        /// Nothing is said beyond it.
        horizon: Instant,
    },
    /// No crossing is expected up to the horizon, not even at the lower end of the interval.
    NotBefore {
        /// Licenses a week that the peak grows by.
        per_week: f64,
        /// Nothing is said beyond it.
        horizon: Instant,
    },
}

/// How a forecast did on its own past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backtest {
    /// Days that were forecast from the days before them.
    pub days: u32,
    /// Days whose peak lay within the 80 % interval.
    pub within: u32,
    /// Mean absolute error of the daily peak, in licenses.
    pub mean_error: f64,
}
