//! The license story: usage samples, Cisco's rule applied to them, and the facts that reach the logs.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::plan::{OocModel, Plan, Regime, Repeat, instant};
use super::rng::Rng;

/// Usage is sampled at this distance.
const SAMPLE_EVERY: TimeDelta = TimeDelta::minutes(15);
/// The immediate regime reports every 8 hours: one report per this many samples.
const SAMPLES_PER_REPORT: usize = 32;

/// Why a message to CSSM On-Prem failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The name is not known: `UnknownHostException`.
    Dns,
    /// No answer: `connect timed out`.
    Timeout,
    /// The port is closed: `Connection refused`.
    Refused,
}

/// Something that the logs may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FactKind {
    /// `SYSTEM_TO_ENTER_OOC_STATE` with the minutes left.
    Approaching(u32),
    /// `SYSTEM_TO_ENTER_OOC_STATE_SHORTLY` with the minutes left.
    Imminent(u32),
    /// `SYSTEM_IN_OOC_STATE`; true where the state had been entered before.
    InOoc {
        /// Whether this repeats an earlier alarm of the same stay.
        again: bool,
    },
    /// A message to CSSM On-Prem failed.
    TransportFailure(FailureClass),
    /// The Cluster View Daemon's process ended; its successor follows after this many milliseconds.
    Restart {
        /// Milliseconds without a process.
        down_ms: i64,
    },
}

/// One fact and its true instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// The true instant.
    pub(super) at: DateTime<Utc>,
    /// What happened.
    pub(super) kind: FactKind,
}

/// One usage sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The true instant.
    #[serde(serialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// Licenses in use.
    pub in_use: u32,
    /// Licenses bought at this instant.
    pub purchased: u32,
}

/// One stay of the authorization state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// As the report spells it: `in_compliance`, `overage`, `out_of_compliance`.
    pub state: &'static str,
    /// The true instant of the first sample or report in this state.
    #[serde(serialize_with = "instant")]
    pub from: DateTime<Utc>,
    /// The true instant of the next state; null where the bundle ends first.
    #[serde(serialize_with = "maybe_instant")]
    pub until: Option<DateTime<Utc>>,
}

pub(super) fn maybe_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, to),
        None => to.serialize_none(),
    }
}

/// What happened, whether or not any log shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// In time order.
    pub(super) samples: Vec<Sample>,
    /// In time order.
    pub(super) facts: Vec<Fact>,
    /// In time order, without holes from the first sample on.
    pub(super) authorization: Vec<Interval>,
    /// When Out of Compliance was entered for the first time.
    pub(super) enter_ooc: Option<DateTime<Utc>>,
}

impl Story {
    /// The story of a plan.
    #[must_use]
    pub(super) fn of(plan: &Plan) -> Story {
        let mut rng = Rng::stream(plan.seed, 3);
        let mut teller = Teller { plan, story: Story::default(), state: "", over_in_a_row: 0, in_ooc: 0 };
        teller.usage(&mut rng);
        let class =
            rng.pick(&[FailureClass::Dns, FailureClass::Timeout, FailureClass::Refused], FailureClass::Dns);
        match plan.regime {
            Regime::Counted => teller.counted(&mut rng),
            Regime::Immediate => teller.immediate(&mut rng),
        }
        if plan.failures {
            teller.failures(&mut rng, class);
        }
        if plan.restart {
            teller.restart(&mut rng);
        }
        teller.story.facts.sort_by_key(|it| it.at);
        teller.story
    }

    /// The state at `at`, `in_compliance` before the first sample.
    #[must_use]
    pub(super) fn state_at(&self, at: DateTime<Utc>) -> &'static str {
        self.authorization.iter().rev().find(|it| it.from <= at).map_or("in_compliance", |it| it.state)
    }
}

struct Teller<'a> {
    plan: &'a Plan,
    story: Story,
    state: &'static str,
    /// Samples over the purchased number, without a break.
    over_in_a_row: u32,
    /// Reports since Out of Compliance began.
    in_ooc: u32,
}

impl Teller<'_> {
    /// Runs of samples below and above the purchased number; the first two are always below.
    fn usage(&mut self, rng: &mut Rng) {
        let purchased = rng.within(10, 150);
        let n_samples = self.plan.hours.saturating_mul(4) as usize;
        let mut over = vec![false; n_samples];
        let mut next = rng.within(2, 5) as usize;
        while next < n_samples {
            let n_over = match rng.below(20) {
                0..6 => rng.within(1, 2),
                6..11 => rng.within(3, 4),
                _ => rng.within(5, 9),
            } as usize;
            over.iter_mut().skip(next).take(n_over).for_each(|it| *it = true);
            next += n_over + rng.within(1, 10) as usize;
        }
        let into_interval = TimeDelta::milliseconds(i64::from(rng.below(600_000)));
        let mut due = self.plan.start + into_interval;
        for over in over {
            let at = due + TimeDelta::milliseconds(i64::from(rng.below(1_500)));
            let in_use = if over {
                purchased + rng.within(1, purchased / 3 + 1)
            } else {
                purchased - rng.below(purchased / 2)
            };
            self.story.samples.push(Sample { at, in_use, purchased });
            due += SAMPLE_EVERY;
        }
    }

    fn enter(&mut self, state: &'static str, at: DateTime<Utc>) {
        if self.state == state {
            return;
        }
        if let Some(last) = self.story.authorization.last_mut() {
            last.until = Some(at);
        }
        self.story.authorization.push(Interval { state, from: at, until: None });
        self.state = state;
        if state == "out_of_compliance" && self.story.enter_ooc.is_none() {
            self.story.enter_ooc = Some(at);
        }
    }

    fn say(&mut self, at: DateTime<Utc>, kind: FactKind) {
        self.story.facts.push(Fact { at, kind });
    }

    /// Raises the purchased number above every later sample.
    fn buy(&mut self, from: usize) {
        let enough = self.story.samples.iter().map(|it| it.in_use).max().unwrap_or(0);
        self.story.samples.iter_mut().skip(from).for_each(|it| it.purchased = enough);
    }

    /// Warnings 45 and 15 minutes ahead, then irreversible until the deficit is bought.
    fn counted(&mut self, rng: &mut Rng) {
        let enters_at = match self.plan.ooc_model {
            OocModel::At45 => 4,
            OocModel::At60 => 5,
        };
        let bought_after = if self.plan.buys { rng.within(2, 10) } else { u32::MAX };
        for i in 0..self.story.samples.len() {
            let Some(&Sample { at, in_use, purchased }) = self.story.samples.get(i) else { continue };
            if self.state == "out_of_compliance" {
                self.in_ooc += 1;
                if self.in_ooc < bought_after {
                    if self.plan.repeat == Repeat::EveryReport {
                        self.say(at, FactKind::InOoc { again: true });
                    }
                    continue;
                }
                self.buy(i);
                self.over_in_a_row = 0;
                self.enter("in_compliance", at);
                continue;
            }
            if in_use <= purchased {
                self.over_in_a_row = 0;
                self.enter("in_compliance", at);
                continue;
            }
            self.over_in_a_row += 1;
            if self.over_in_a_row >= enters_at {
                self.enter("out_of_compliance", at);
                self.say(at, FactKind::InOoc { again: false });
                continue;
            }
            self.enter("overage", at);
            match self.over_in_a_row {
                1 => self.say(at, FactKind::Approaching(45)),
                2 if self.plan.print_30 => self.say(at, FactKind::Approaching(30)),
                3 => self.say(at, FactKind::Imminent(15)),
                _ => {}
            }
        }
    }

    /// Every 8 hours the peak since the last report decides.
    fn immediate(&mut self, rng: &mut Rng) {
        // The first report comes early enough for even the shortest bundle.
        let first = rng.within(4, 20) as usize;
        let bought_after = if self.plan.buys { rng.within(1, 3) } else { u32::MAX };
        let mut peak = 0;
        for i in 0..self.story.samples.len() {
            let Some(&Sample { at, in_use, purchased }) = self.story.samples.get(i) else { continue };
            if i == 0 {
                self.enter("in_compliance", at);
            }
            peak = peak.max(in_use);
            if i < first || !(i - first).is_multiple_of(SAMPLES_PER_REPORT) {
                continue;
            }
            let ooc = self.state == "out_of_compliance";
            if ooc {
                self.in_ooc += 1;
            }
            if ooc && self.in_ooc >= bought_after {
                self.buy(i);
                self.enter("in_compliance", at);
            } else if peak > purchased {
                self.enter("out_of_compliance", at);
                if !ooc || self.plan.repeat == Repeat::EveryReport {
                    self.say(at, FactKind::InOoc { again: ooc });
                }
            } else {
                self.enter("in_compliance", at);
            }
            peak = 0;
        }
    }

    /// Failures at samples in compliance only: what a lost report does to the count is not documented.
    fn failures(&mut self, rng: &mut Rng, class: FailureClass) {
        let calm: Vec<DateTime<Utc>> = (self.story.samples.iter())
            .filter(|it| self.story.state_at(it.at) == "in_compliance" && it.in_use <= it.purchased)
            .map(|it| it.at)
            .collect();
        for (i, at) in calm.into_iter().enumerate() {
            if i == 0 || rng.one_in(8) {
                // The connection attempt takes its time before it is given up.
                let after = TimeDelta::milliseconds(i64::from(rng.within(2_000, 40_000)));
                self.say(at + after, FactKind::TransportFailure(class));
            }
        }
    }

    /// One restart, never during the countdown: what it does to the count is not documented.
    fn restart(&mut self, rng: &mut Rng) {
        let settled: Vec<DateTime<Utc>> = (self.story.samples.iter())
            .map(|it| it.at)
            .filter(|at| self.story.state_at(*at) != "overage")
            .collect();
        let n = u32::try_from(settled.len()).unwrap_or(0);
        if let Some(at) = settled.get(rng.within(n / 3, (2 * n / 3).max(n / 3)) as usize) {
            let after = TimeDelta::milliseconds(rng.within_i64(180_000, 480_000));
            self.say(*at + after, FactKind::Restart { down_ms: rng.within_i64(20_000, 90_000) });
        }
    }
}
