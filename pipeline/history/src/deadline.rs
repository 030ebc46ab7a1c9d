//! Deadlines: arithmetic on a state or a date. They are instants; what remains is computed when something is printed.

use chrono::TimeDelta;
use parsers::event::{EventKind, LicenseLine, LicenseTime};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::facts::{Basis, Deadline, DeadlineKind, Dimension, Event, Evidence, ReadingFit, Transition};
use crate::machine::Authorization;
use crate::outputs::Stated;
use crate::policy::{
    AUTHORIZATION_EXPIRES_AFTER, AUTHORIZATION_OVERAGE, AUTHORIZATION_RENEWED_AFTER, COUNTDOWN_SPREAD,
    ENFORCEMENT_AFTER, EVALUATION, REGISTRATION_RENEWED_AFTER, REGISTRATION_VALID, Reading,
};

/// What deadlines follow from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The Authorization State at the end of the log.
    pub(crate) authorization: &'a Authorization,
    /// All changes of state.
    pub(crate) transitions: &'a [Transition],
    /// Countdowns that led into Out of Compliance.
    pub(crate) readings: &'a [ReadingFit],
    /// What outputs state.
    pub(crate) stated: &'a [&'a Stated],
    /// Events, dated ones in order of time.
    pub(crate) events: &'a [Event],
    /// The instant of "now"; `None` if nothing is dated.
    pub(crate) as_of: Option<Instant>,
}

/// A start of a clock: the earliest and the latest instant that its line may mean, and the line.
#[derive(Clone, Debug)]
struct Start {
    from: Instant,
    to: Instant,
    origin: Origin,
}

impl Start {
    fn after(&self, length: TimeDelta, kind: DeadlineKind, basis: Basis, rule: &str) -> Deadline {
        let mut rule = rule.to_owned();
        if self.from != self.to {
            rule.push_str(" The zone of the time is not known, so it may mean several instants.");
        }
        Deadline {
            kind,
            earliest: Some(self.from + length),
            expected: self.from + length,
            latest: Some(self.to + length),
            basis,
            rule,
            evidence: Evidence::one(self.origin.clone()),
        }
    }
}

/// All deadlines, nearest first.
pub(crate) fn all(known: &Known<'_>) -> Vec<Deadline> {
    let mut out = of_compliance(known);
    let registered = known.state(Dimension::Registration);
    if registered.is_none_or(|state| state == "registered") {
        out.extend(known.registration());
    }
    let (contact, expired) = known.contact();
    out.extend(contact);
    out.extend(expired);
    out.extend(known.evaluation());
    out.sort_by_key(|deadline| (deadline.expected, deadline.kind));
    out
}

/// The deadlines of the countdown and of Out of Compliance.
fn of_compliance(known: &Known<'_>) -> Vec<Deadline> {
    let complete = reaches_back(known.authorization, known.transitions);
    match known.authorization {
        Authorization::Overage { due: Some(due), evidence, .. } => {
            // The reading that this system showed last is the one to expect.
            let fits = known.readings.iter().rev().find_map(|fit| fit.fits);
            let expected = if fits == Some(Reading::At60) { *due + COUNTDOWN_SPREAD } else { *due };
            vec![Deadline {
                kind: DeadlineKind::EnterOoc,
                earliest: Some(*due),
                expected,
                latest: Some(*due + COUNTDOWN_SPREAD),
                basis: Basis::Derived,
                rule: rule_of_the_countdown(fits),
                evidence: evidence.clone(),
            }]
        }
        Authorization::OutOfCompliance { since: Some(since), overage_since, evidence, .. } => {
            vec![Deadline {
                kind: DeadlineKind::Enforcement,
                earliest: complete.then(|| overage_since.unwrap_or(*since) + ENFORCEMENT_AFTER),
                expected: *since + ENFORCEMENT_AFTER,
                latest: Some(*since + ENFORCEMENT_AFTER),
                basis: Basis::Derived,
                rule: rule_of_ninety_days(complete, overage_since.as_ref()),
                evidence: evidence.clone(),
            }]
        }
        Authorization::Overage { due: None, .. }
        | Authorization::OutOfCompliance { since: None, .. }
        | Authorization::Unknown
        | Authorization::Evaluation
        | Authorization::EvaluationExpired
        | Authorization::InCompliance
        | Authorization::AuthorizationExpired
        | Authorization::Stated(_) => Vec::new(),
    }
}

fn rule_of_the_countdown(fits: Option<Reading>) -> String {
    let mut rule =
        "The line's own minutes, added to its time. Cisco publishes two readings of the countdown, one \
                    report (15 minutes) apart: 45 minutes of tolerance (Features Guide 12.5(1) SU1), or five \
                    over-usages within an hour (217416)."
            .to_owned();
    match fits {
        Some(Reading::At45) => rule.push_str(" The last countdown of these logs ended after 45 minutes."),
        Some(Reading::At60) => {
            rule.push_str(
                " The last countdown of these logs ended after 60 minutes, so the later one is expected.",
            );
        }
        None => {}
    }
    rule
}

fn rule_of_ninety_days(complete: bool, overage_since: Option<&Instant>) -> String {
    let mut rule =
        "90 days of Out of Compliance, then Enforcement (217416; Features Guide, Authorization State). \
                    What starts the 90 days is not published; counted from the first SYSTEM_IN_OOC_STATE."
            .to_owned();
    if overage_since.is_some() {
        rule.push_str(" The earliest date counts from the first warning before it.");
    }
    if !complete {
        rule.push_str(" The log begins in this state, so it may be older and Enforcement earlier.");
    }
    rule
}

/// True if a known state came before the present one, so that its beginning was seen.
#[must_use]
pub fn reaches_back(authorization: &Authorization, transitions: &[Transition]) -> bool {
    let changes =
        transitions.iter().filter(|transition| transition.dimension == Dimension::Authorization).count();
    match authorization {
        // A countdown's first warning is its beginning by its own words.
        Authorization::Overage { .. } => true,
        _ => changes > 1,
    }
}

impl Known<'_> {
    /// The present state of a machine; `None` if nothing says it.
    fn state(&self, dimension: Dimension) -> Option<&'static str> {
        let mut changes = self.transitions.iter().rev().filter(|change| change.dimension == dimension);
        changes.next().map(|change| change.state)
    }

    /// The newest date of a kind that an output states as `succeeded`, or not at all.
    fn date(&self, wanted: LicenseTime) -> Option<Start> {
        let dates = self.stated.iter().filter(|said| {
            matches!(said.line, LicenseLine::Time { what, succeeded, .. } if what == wanted && succeeded != Some(false))
        });
        newest(dates.filter_map(|said| start(&said.at, &said.origin)))
    }

    /// The newest event of a kind.
    fn event(&self, wanted: &EventKind) -> Option<Start> {
        let mut events = self.events.iter().rev();
        let event =
            events.find(|event| event.at.is_some() && event.is_about_license() && event.kind == *wanted)?;
        let at = event.at?;
        Some(Start { from: at, to: at, origin: event.evidence()?.first })
    }

    /// Renewal and expiry of the registration.
    fn registration(&self) -> Vec<Deadline> {
        let starts = [
            self.date(LicenseTime::InitialRegistration),
            self.date(LicenseTime::LastRenewal),
            self.event(&EventKind::Registration),
        ];
        let start = newest(starts.into_iter().flatten());
        let renewal = later(
            self.date(LicenseTime::NextRenewal).map(|it| {
                let rule = "The output's own date (Next Renewal Attempt).";
                it.after(TimeDelta::zero(), DeadlineKind::RegistrationRenewal, Basis::Stated, rule)
            }),
            start.as_ref().map(|it| {
                let rule = "A registration is renewed every six months (Features Guide, Registration State), 180 days \
                            in published outputs; counted from the last registration or renewal.";
                let length = REGISTRATION_RENEWED_AFTER;
                it.after(length, DeadlineKind::RegistrationRenewal, Basis::Derived, rule)
            }),
        );
        let expiry = later(
            self.date(LicenseTime::RegistrationExpires).map(|it| {
                let rule = "The output's own date (Registration Expires).";
                it.after(TimeDelta::zero(), DeadlineKind::RegistrationExpiry, Basis::Stated, rule)
            }),
            start.as_ref().map(|it| {
                let rule = "A registration is valid for one year (Features Guide, Registration State); counted from the \
                            last registration or renewal.";
                it.after(REGISTRATION_VALID, DeadlineKind::RegistrationExpiry, Basis::Derived, rule)
            }),
        );
        renewal.into_iter().chain(expiry).collect()
    }

    /// Renewal and expiry of the authorization, and the Enforcement that follows where the renewal is overdue.
    fn contact(&self) -> (Vec<Deadline>, Option<Deadline>) {
        let answered = self.stated.iter().filter(|said| {
            matches!(
                said.line,
                LicenseLine::Authorization { state: "in_compliance" | "out_of_compliance", .. }
            )
        });
        let starts = [
            self.date(LicenseTime::LastCommunication),
            newest(answered.filter_map(|said| start(&said.at, &said.origin))),
            self.event(&EventKind::AuthorizationRenewed),
        ];
        let start = newest(starts.into_iter().flatten());
        let renewal = later(
            self.date(LicenseTime::NextCommunication).map(|it| {
                let rule = "The output's own date (Next Communication Attempt).";
                it.after(TimeDelta::zero(), DeadlineKind::AuthorizationRenewal, Basis::Stated, rule)
            }),
            start.as_ref().map(|it| {
                let rule = "The authorization is renewed every 30 days (Features Guide, Authorization State); counted \
                            from the last contact with CSSM that succeeded.";
                let length = AUTHORIZATION_RENEWED_AFTER;
                it.after(length, DeadlineKind::AuthorizationRenewal, Basis::Derived, rule)
            }),
        );
        let expiry = later(
            self.date(LicenseTime::CommunicationDeadline).map(|it| {
                let rule = "The output's own date (Communication Deadline).";
                it.after(TimeDelta::zero(), DeadlineKind::AuthorizationExpiry, Basis::Stated, rule)
            }),
            start.as_ref().map(|it| {
                let rule = "The authorization expires after 90 days without contact to CSSM (Features Guide, \
                            Authorization State); counted from the last contact that succeeded.";
                let length = AUTHORIZATION_EXPIRES_AFTER;
                it.after(length, DeadlineKind::AuthorizationExpiry, Basis::Derived, rule)
            }),
        );
        // While renewals come, nobody needs to know what would follow without them. A next attempt that an output prints
        // may be a repetition of failed ones: the last contact counts.
        let passed = |at: Instant| self.as_of.is_some_and(|as_of| at < as_of);
        let overdue = start.as_ref().is_some_and(|start| passed(start.to + AUTHORIZATION_RENEWED_AFTER))
            || [&renewal, &expiry].into_iter().flatten().any(|deadline| passed(deadline.expected));
        let expired = self.expired().or_else(|| {
            expiry.as_ref().filter(|_| overdue).map(|expiry| Start {
                from: expiry.earliest.unwrap_or(expiry.expected),
                to: expiry.latest.unwrap_or(expiry.expected),
                origin: expiry.evidence.first.clone(),
            })
        });
        let enforced = expired.map(|expired| {
            let rule = "Cisco publishes two readings: Enforcement when the authorization expires, 90 days after the last \
                        contact (Administration and Operations Guide 12.5(1) SU3, System Menu), or after 90 more days \
                        (Features Guide, Authorization Expired).";
            let deadline = expired.after(TimeDelta::zero(), DeadlineKind::Enforcement, Basis::Derived, rule);
            Deadline { latest: Some(expired.to + AUTHORIZATION_OVERAGE), ..deadline }
        });
        (renewal.into_iter().chain(expiry).collect(), enforced)
    }

    /// When the authorization expired, where that is the present state.
    fn expired(&self) -> Option<Start> {
        self.began(&Authorization::AuthorizationExpired)
    }

    /// When the present state began, if it is `state`.
    fn began(&self, state: &Authorization) -> Option<Start> {
        let mut changes =
            self.transitions.iter().rev().filter(|change| change.dimension == Dimension::Authorization);
        let change = changes.next().filter(|change| change.state == state.name())?;
        let at = change.at?;
        Some(Start { from: at, to: at, origin: change.evidence.first.clone() })
    }

    /// The end of the evaluation period, and Enforcement with it.
    fn evaluation(&self) -> Vec<Deadline> {
        let over = self.began(&Authorization::EvaluationExpired);
        let dated = over.or_else(|| {
            let state = self.state(Dimension::Authorization);
            let running = state.is_none_or(|state| matches!(state, "evaluation" | "evaluation_expired"));
            self.date(LicenseTime::EvaluationExpired).filter(|_| running)
        });
        let ends = dated.map(|it| {
            let rule = "A line says when the evaluation period ended.";
            it.after(TimeDelta::zero(), DeadlineKind::EvaluationEnd, Basis::Stated, rule)
        });
        let ends = ends.or_else(|| self.evaluation_left()).or_else(|| {
            let began = self.began(&Authorization::Evaluation)?;
            let rule = "Evaluation lasts 90 days (Features Guide); counted from the first line that says it runs, so it \
                        may end earlier.";
            let deadline = began.after(EVALUATION, DeadlineKind::EvaluationEnd, Basis::Derived, rule);
            Some(Deadline { earliest: None, ..deadline })
        });
        let Some(ends) = ends else { return Vec::new() };
        let enforced = Deadline {
            kind: DeadlineKind::Enforcement,
            basis: Basis::Derived,
            rule: "Enforcement follows the end of the evaluation period (Features Guide, Enforcement)."
                .to_owned(),
            ..ends.clone()
        };
        vec![ends, enforced]
    }

    /// The output's own time left, behind the time at which it was taken.
    fn evaluation_left(&self) -> Option<Deadline> {
        self.stated.iter().rev().find_map(|said| {
            let LicenseLine::EvaluationLeft { left } = said.line else { return None };
            let (taken, rule) = match (said.taken, self.as_of) {
                (Some(taken), _) => {
                    (taken, "The output's own time left, behind the time at which it was taken.")
                }
                (None, Some(as_of)) => {
                    (as_of, "The output's own time left; when it was taken is not known, at the latest now.")
                }
                (None, None) => return None,
            };
            let start = Start { from: taken, to: taken, origin: said.origin.clone() };
            let deadline = start.after(left, DeadlineKind::EvaluationEnd, Basis::Derived, rule);
            Some(Deadline { earliest: deadline.earliest.filter(|_| said.taken.is_some()), ..deadline })
        })
    }
}

/// The instants of a line as a start; `None` if it has none.
fn start(at: &[Instant], origin: &Origin) -> Option<Start> {
    Some(Start { from: *at.first()?, to: *at.last()?, origin: origin.clone() })
}

/// The newest of several starts; of equal ones the first.
fn newest(starts: impl Iterator<Item = Start>) -> Option<Start> {
    starts.reduce(|a, b| if b.to > a.to { b } else { a })
}

/// The stated date, unless something elsewhere began the clock anew since: then the output is out of date.
fn later(stated: Option<Deadline>, derived: Option<Deadline>) -> Option<Deadline> {
    let elsewhere = |stated: &Deadline, derived: &Deadline| {
        stated.evidence.first.member != derived.evidence.first.member
            && derived.expected - stated.expected > TimeDelta::days(1)
    };
    match (stated, derived) {
        (Some(stated), Some(derived)) if elsewhere(&stated, &derived) => Some(derived),
        (Some(stated), _) => Some(stated),
        (None, derived) => derived,
    }
}
