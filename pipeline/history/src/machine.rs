//! The state machine: one event in, transitions out. The only code that decides a state.

use std::sync::Arc;

use chrono::TimeDelta;
use parsers::event::{EventKind, ServiceState};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::coverage::Coverage;
use crate::facts::{Basis, Contradiction, Dimension, Event, Evidence, Node, ReadingFit, Transition};
use crate::policy::{
    COUNTDOWN_SPREAD, COUNTDOWN_START_MIN, REPORT_EVERY_COUNTED, Reading, Regime, SAME_COUNTDOWN,
};

/// The Authorization State, as far as this machine tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// Nothing read so far says which.
    Unknown,
    /// Evaluation is running.
    Evaluation,
    /// Evaluation is over.
    EvaluationExpired,
    /// In Compliance.
    InCompliance,
    /// Over-use reported, still reversible.
    Overage {
        /// The first warning of this countdown.
        since: Option<Instant>,
        /// The newest warning.
        last: Option<Instant>,
        /// When Out of Compliance follows by the newest warning; `None` if it has no time or no minutes.
        due: Option<Instant>,
        /// The same by the first warning.
        first_due: Option<Instant>,
        /// The line of the first warning.
        first: Origin,
        /// The node that wrote the newest warning: only its log can tell that no further one came.
        node: Option<Arc<str>>,
        /// True if something was logged since that forbids a conclusion from silence.
        doubtful: bool,
        /// The newest warning's lines.
        evidence: Evidence,
    },
    /// Out of Compliance.
    OutOfCompliance {
        /// When a line first said so; `None` if that line has no instant.
        since: Option<Instant>,
        /// The start of the countdown before it, where there was one.
        overage_since: Option<Instant>,
        /// The newest line that said so.
        last: Option<Instant>,
        /// The line that first said so.
        evidence: Evidence,
    },
    /// No contact with CSSM for 90 days.
    AuthorizationExpired,
    /// Another state that an output states, by its name in the report.
    Stated(&'static str),
}

/// A state that an output states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When; `None` if the output prints no time for it, or one with several meanings.
    pub at: Option<Instant>,
    /// Which machine.
    pub dimension: Dimension,
    /// The state, by its name in the report.
    pub state: &'static str,
    /// The words printed for it.
    pub word: Arc<str>,
    /// The line.
    pub evidence: Evidence,
}

impl Authorization {
    /// The name in the report.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Evaluation => "evaluation",
            Self::EvaluationExpired => "evaluation_expired",
            Self::InCompliance => "in_compliance",
            Self::Overage { .. } => "overage",
            Self::OutOfCompliance { .. } => "out_of_compliance",
            Self::AuthorizationExpired => "authorization_expired",
            Self::Stated(state) => state,
        }
    }
}

/// Silence behind an expected line proves nothing before this has passed.
const GRACE: TimeDelta = TimeDelta::minutes(2);

/// Folds events into states. Feed it events in time order; undated ones only where no event is dated.
#[derive(Debug)]
pub struct Machine<'a> {
    regime: Regime,
    coverage: &'a Coverage,
    nodes: &'a [Node],
    /// False where something was read that forbids any conclusion from silence, such as an undated alarm.
    silence_speaks: bool,
    authorization: Authorization,
    registration: &'static str,
    enforcement: &'static str,
    transitions: Vec<Transition>,
    contradictions: Vec<Contradiction>,
    readings: Vec<ReadingFit>,
}

/// What a fold leaves behind.
#[derive(Debug)]
pub struct Folded {
    /// The Authorization State at the end.
    pub authorization: Authorization,
    /// All changes, in the order they were decided.
    pub transitions: Vec<Transition>,
    /// Lines that do not fit the release or each other.
    pub contradictions: Vec<Contradiction>,
    /// Countdowns that led into Out of Compliance, in order.
    pub readings: Vec<ReadingFit>,
}

/// Which of the two readings a countdown fits that ended in Out of Compliance.
fn fit(first: Instant, first_due: Instant, entered: Instant, evidence: Evidence) -> ReadingFit {
    let near = |after: TimeDelta| (entered - first_due - after).abs() <= SAME_COUNTDOWN;
    let fits = match () {
        () if near(TimeDelta::zero()) => Some(Reading::At45),
        () if near(COUNTDOWN_SPREAD) => Some(Reading::At60),
        () => None,
    };
    ReadingFit { first, entered, fits, evidence }
}

impl<'a> Machine<'a> {
    /// A machine that knows nothing yet.
    #[must_use]
    pub fn new(regime: Regime, coverage: &'a Coverage, nodes: &'a [Node], silence_speaks: bool) -> Self {
        Self {
            regime,
            coverage,
            nodes,
            silence_speaks,
            authorization: Authorization::Unknown,
            registration: "unknown",
            enforcement: "unknown",
            transitions: Vec::new(),
            contradictions: Vec::new(),
            readings: Vec::new(),
        }
    }

    /// Forbids any conclusion from silence: something was read that may be the line that is missing.
    pub fn distrust_silence(&mut self) {
        self.silence_speaks = false;
    }

    /// Ends the fold at `as_of`.
    #[must_use]
    pub fn finish(mut self, as_of: Option<Instant>) -> Folded {
        if let Some(as_of) = as_of {
            self.pass(as_of);
        }
        Folded {
            authorization: self.authorization,
            transitions: self.transitions,
            contradictions: self.contradictions,
            readings: self.readings,
        }
    }

    /// Lets time pass up to `until`: a countdown that ran out without Out of Compliance, while the log went on,
    /// is over. A gap never is.
    fn pass(&mut self, until: Instant) {
        let Authorization::Overage {
            last: Some(last), due: Some(due), node, doubtful: false, evidence, ..
        } = &self.authorization
        else {
            return;
        };
        let limit = *due + COUNTDOWN_SPREAD + GRACE;
        // Reports that come every eight hours say nothing by their absence within one.
        let speaks = self.silence_speaks && self.regime != Regime::Immediate;
        if until < limit || !speaks || !self.coverage.alive(node.as_deref(), *last, limit) {
            return;
        }
        let bounds = (*last, (*last + REPORT_EVERY_COUNTED + GRACE).min(limit));
        let evidence = evidence.clone();
        let cause = "the next warning and Out of Compliance were due and did not come while the log went on"
            .to_owned();
        self.authorize(
            Authorization::InCompliance,
            Some(*last + REPORT_EVERY_COUNTED),
            Some(bounds),
            Basis::Inferred,
            cause,
            evidence,
        );
    }

    /// Takes one event.
    pub fn apply(&mut self, event: &Event) {
        if let Some(at) = event.at {
            self.pass(at);
        }
        let Some(evidence) = event.evidence() else { return };
        match &event.kind {
            EventKind::ServiceState { service, state } if *state != ServiceState::InService => {
                if let Authorization::Overage { doubtful, .. } = &mut self.authorization
                    && service.ends_with("Cluster View Daemon")
                {
                    *doubtful = true;
                }
            }
            _ if !event.is_about_license() => {}
            EventKind::OocApproaching { minutes } | EventKind::OocImminent { minutes } => {
                self.warned(event, *minutes, evidence);
            }
            EventKind::OocEntered => {
                self.entered(event.at, format!("{} was logged", event.mnemonic), evidence);
            }
            EventKind::ComplianceRestored => {
                let cause = "a line states In Compliance".to_owned();
                self.authorize(Authorization::InCompliance, event.at, None, Basis::Stated, cause, evidence);
            }
            EventKind::Evaluation { expired } => {
                let next =
                    if *expired { Authorization::EvaluationExpired } else { Authorization::Evaluation };
                let cause = format!("{} was logged", event.mnemonic);
                self.authorize(next, event.at, None, Basis::Stated, cause, evidence);
            }
            EventKind::AuthorizationExpired => {
                let cause = format!("{} was logged", event.mnemonic);
                self.authorize(
                    Authorization::AuthorizationExpired,
                    event.at,
                    None,
                    Basis::Stated,
                    cause,
                    evidence,
                );
            }
            EventKind::Enforcement => {
                let cause = format!("{} was logged", event.mnemonic);
                self.change(Dimension::Enforcement, "enforced", event.at, cause, evidence);
            }
            EventKind::Registration => {
                let cause = format!("{} was logged", event.mnemonic);
                self.change(Dimension::Registration, "registered", event.at, cause, evidence);
            }
            EventKind::RegistrationExpired => {
                let cause = format!("{} was logged", event.mnemonic);
                self.change(Dimension::Registration, "registration_expired", event.at, cause, evidence);
            }
            EventKind::RegistrationFailed
            | EventKind::AuthorizationRenewed
            | EventKind::AuthorizationFailed
            | EventKind::TransportFailure { .. }
            | EventKind::ServiceState { .. }
            | EventKind::Certificate
            | EventKind::Clock
            | EventKind::RtmtAlert { .. }
            | EventKind::EntitlementRequest { .. }
            | EventKind::UnknownLicenseEvent => {}
        }
    }

    /// A countdown warning.
    fn warned(&mut self, event: &Event, minutes: Option<u32>, evidence: Evidence) {
        if self.regime == Regime::Immediate {
            self.contradict(
                format!(
                    "{} counts down, but this release enters Out of Compliance without a countdown",
                    event.mnemonic
                ),
                evidence.clone(),
            );
        }
        let due = event.at.zip(minutes).map(|(at, minutes)| at + TimeDelta::minutes(i64::from(minutes)));
        let cause = match minutes {
            Some(minutes) => format!("{}: {minutes} minutes left", event.mnemonic),
            None => format!("{}, without a number of minutes", event.mnemonic),
        };
        match self.authorization.clone() {
            // Out of Compliance is irreversible by usage: only a new countdown from its start shows that it ended.
            Authorization::OutOfCompliance { last, .. } => {
                let restarted = minutes.is_some_and(|minutes| minutes >= COUNTDOWN_START_MIN);
                // Usage must have been reported as covered in between.
                let room = |(at, last): &(Instant, Instant)| *at - *last >= REPORT_EVERY_COUNTED;
                let Some((at, last)) = event.at.zip(last).filter(|_| restarted).filter(room) else {
                    if event.at.is_some() {
                        self.contradict(
                            format!("{} was logged while Out of Compliance", event.mnemonic),
                            evidence,
                        );
                    }
                    return;
                };
                self.restored_between(last, at, evidence.clone());
                self.overage(event, due, cause, evidence);
            }
            Authorization::Overage { since, last, due: before, first_due, first, node, .. } => {
                let restarted = match (before, due) {
                    (Some(before), Some(due)) => due - before > SAME_COUNTDOWN,
                    _ => false,
                };
                // Two nodes, or two clocks, may print one countdown within a report of each other.
                match (restarted, last, event.at) {
                    (true, Some(last), Some(at)) if at - last >= REPORT_EVERY_COUNTED - GRACE => {
                        self.restored_between(last, at, evidence.clone());
                        self.overage(event, due, cause, evidence);
                    }
                    _ => {
                        self.authorization = Authorization::Overage {
                            since,
                            last: event.at.or(last),
                            // The earlier of two ends is the one to act on.
                            due: if restarted { before } else { due.or(before) },
                            first_due: first_due.or(due),
                            first,
                            node: self.node(event).or(node),
                            doubtful: false,
                            evidence,
                        };
                    }
                }
            }
            Authorization::Unknown
            | Authorization::Evaluation
            | Authorization::EvaluationExpired
            | Authorization::InCompliance
            | Authorization::AuthorizationExpired
            | Authorization::Stated(_) => self.overage(event, due, cause, evidence),
        }
    }

    /// `SYSTEM_IN_OOC_STATE` and its like.
    fn entered(&mut self, at: Option<Instant>, cause: String, evidence: Evidence) {
        let overage_since = match &mut self.authorization {
            // A repeated alarm keeps the first date: the 90 days run from it.
            Authorization::OutOfCompliance { last, .. } => {
                *last = at.or(*last);
                return;
            }
            Authorization::Overage { since, first_due, first: warned, .. } => {
                if let (Some(since), Some(first_due), Some(entered)) = (*since, *first_due, at) {
                    let mut evidence = evidence.clone();
                    evidence.also.push(warned.clone());
                    self.readings.push(fit(since, first_due, entered, evidence));
                }
                *since
            }
            Authorization::Unknown
            | Authorization::Evaluation
            | Authorization::EvaluationExpired
            | Authorization::InCompliance
            | Authorization::AuthorizationExpired
            | Authorization::Stated(_) => None,
        };
        let next =
            Authorization::OutOfCompliance { since: at, overage_since, last: at, evidence: evidence.clone() };
        self.authorize(next, at, None, Basis::Stated, cause, evidence);
    }

    /// Takes a state that an output states. One without a time decides only where nothing dated does.
    pub fn observe(&mut self, seen: &Observation) {
        if let Some(at) = seen.at {
            self.pass(at);
        }
        let known = match seen.dimension {
            Dimension::Registration => self.registration,
            Dimension::Authorization => self.authorization.name(),
            Dimension::Enforcement => self.enforcement,
        };
        let evidence = seen.evidence.clone();
        if seen.at.is_none() && known != "unknown" {
            if known != seen.state {
                let dimension = seen.dimension.name();
                let says = format!(
                    "an output without a time says \"{}\", the newest line with one says that the {dimension} is \
                     {known}; which is newer is not known",
                    seen.word
                );
                self.contradict(says, evidence);
            }
            return;
        }
        let cause = format!("an output states \"{}\"", seen.word);
        if seen.dimension != Dimension::Authorization {
            self.change(seen.dimension, seen.state, seen.at, cause, evidence);
            return;
        }
        let next = match seen.state {
            "out_of_compliance" => return self.entered(seen.at, cause, evidence),
            "in_compliance" => Authorization::InCompliance,
            "evaluation" => Authorization::Evaluation,
            "evaluation_expired" => Authorization::EvaluationExpired,
            "authorization_expired" => Authorization::AuthorizationExpired,
            other => Authorization::Stated(other),
        };
        self.authorize(next, seen.at, None, Basis::Stated, cause, evidence);
    }

    fn node(&self, event: &Event) -> Option<Arc<str>> {
        event.node.and_then(|node| self.nodes.get(node)).map(|node| Arc::clone(&node.name))
    }

    fn overage(&mut self, event: &Event, due: Option<Instant>, cause: String, evidence: Evidence) {
        let at = event.at;
        let node = self.node(event);
        let next = Authorization::Overage {
            since: at,
            last: at,
            due,
            first_due: due,
            first: evidence.first.clone(),
            node,
            doubtful: false,
            evidence: evidence.clone(),
        };
        self.authorize(next, at, None, Basis::Stated, cause, evidence);
    }

    /// A countdown that starts anew shows that the one before ended without Out of Compliance.
    fn restored_between(&mut self, after: Instant, before: Instant, evidence: Evidence) {
        let cause = "a new countdown starts, so the over-use before it had ended".to_owned();
        // The latest instant that the lines allow: the report before the new countdown's first.
        let at = (before - REPORT_EVERY_COUNTED).max(after);
        self.authorize(
            Authorization::InCompliance,
            Some(at),
            Some((after, before)),
            Basis::Inferred,
            cause,
            evidence,
        );
    }

    fn authorize(
        &mut self,
        next: Authorization,
        at: Option<Instant>,
        bounds: Option<(Instant, Instant)>,
        basis: Basis,
        cause: String,
        evidence: Evidence,
    ) {
        let state = next.name();
        let changes = self.authorization.name() != state;
        self.authorization = next;
        if changes {
            let dimension = Dimension::Authorization;
            self.transitions.push(Transition { dimension, state, at, bounds, basis, cause, evidence });
        }
    }

    fn change(
        &mut self,
        dimension: Dimension,
        state: &'static str,
        at: Option<Instant>,
        cause: String,
        evidence: Evidence,
    ) {
        let now = match dimension {
            Dimension::Registration => &mut self.registration,
            Dimension::Enforcement | Dimension::Authorization => &mut self.enforcement,
        };
        if *now != state {
            *now = state;
            self.transitions.push(Transition {
                dimension,
                state,
                at,
                bounds: None,
                basis: Basis::Stated,
                cause,
                evidence,
            });
        }
    }

    fn contradict(&mut self, says: String, evidence: Evidence) {
        if !self.contradictions.iter().any(|known| known.says == says) {
            self.contradictions.push(Contradiction { says, between_nodes: false, evidence });
        }
    }
}
