//! What `show license …` and the License Management page state, with instants: states for the machine, dates for the
//! deadlines.

use std::sync::Arc;

use parsers::event::{LicenseLine, LicenseTime, Says};
use parsers::origin::Origin;
use parsers::stamp::{Instant, NodeClock, Stamp, resolve};

use crate::analysis::Input;
use crate::facts::{Dimension, EntitlementFact, Evidence};
use crate::machine::Observation;

/// A line of such an output.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    /// The member, as an index.
    pub(crate) member: usize,
    /// What it says.
    pub(crate) line: LicenseLine,
    /// The instants that its time may mean, ascending; empty where it prints none.
    pub(crate) at: Vec<Instant>,
    /// Where it stands.
    pub(crate) origin: Origin,
    /// When the output was taken, where another one in the same member tells it.
    pub(crate) taken: Option<Instant>,
}

/// All lines, in input order. `clock` gives the clock of a member.
pub(crate) fn stated(inputs: &[Input], clock: impl Fn(usize) -> NodeClock) -> Vec<Stated> {
    let mut out = Vec::new();
    for (member, input) in inputs.iter().enumerate() {
        let is_license = |says: &Says| matches!(says, Says::License(_));
        if !input.read.statements.iter().any(|statement| is_license(&statement.says)) {
            continue;
        }
        let clock = clock(member);
        let taken = input.read.statements.iter().filter_map(|statement| match &statement.says {
            Says::CurrentTime { stamp, .. } => stamp.absolute(),
            _ => None,
        });
        let taken = taken.max();
        for statement in &input.read.statements {
            let Says::License(line) = &statement.says else { continue };
            let at = stamp(line).map(|stamp| resolve(&stamp, &clock).candidates).unwrap_or_default();
            let origin =
                Origin { member: u32::try_from(member).unwrap_or(u32::MAX), span: statement.span.clone() };
            out.push(Stated { member, line: line.clone(), at, origin, taken });
        }
    }
    out
}

/// The time that a line prints.
fn stamp(line: &LicenseLine) -> Option<Stamp> {
    match line {
        LicenseLine::Registration { at, .. }
        | LicenseLine::Authorization { at, .. }
        | LicenseLine::Time { at, .. } => *at,
        LicenseLine::EvaluationLeft { .. }
        | LicenseLine::Entitlement { .. }
        | LicenseLine::LicenseType { .. }
        | LicenseLine::Transport { .. }
        | LicenseLine::Url { .. }
        | LicenseLine::Proxy { .. }
        | LicenseLine::OverageAllowance { .. }
        | LicenseLine::HighAvailability { .. }
        | LicenseLine::Command { .. } => None,
    }
}

/// The states, those with an instant in order of time, then the others in input order.
pub(crate) fn observations(stated: &[&Stated]) -> Vec<Observation> {
    let mut out: Vec<Observation> = Vec::new();
    for said in stated {
        let (dimension, state, word) = match &said.line {
            LicenseLine::Registration { state, word, .. } => (Dimension::Registration, *state, word),
            LicenseLine::Authorization { state, word, .. } => (Dimension::Authorization, *state, word),
            _ => continue,
        };
        let mut at = only(&said.at);
        if dimension == Dimension::Registration && state == "registered" && at.is_none() {
            // `Status: REGISTERED` prints no time; the line of the registration itself does.
            at = registered_at(stated, said.member);
        }
        out.push(Observation {
            at,
            dimension,
            state,
            word: Arc::clone(word),
            evidence: Evidence::one(said.origin.clone()),
        });
    }
    out.sort_by_key(|seen| (seen.at.is_none(), seen.at));
    out
}

/// When the registration that a member states began.
fn registered_at(stated: &[&Stated], member: usize) -> Option<Instant> {
    let first = stated.iter().find(|said| {
        let began =
            matches!(said.line, LicenseLine::Time { what: LicenseTime::InitialRegistration, succeeded, .. }
                if succeeded != Some(false));
        said.member == member && began
    });
    first.and_then(|said| only(&said.at))
}

/// The newest instant at which an output can have been taken: what it prints as now, or as done.
pub(crate) fn newest(inputs: &[Input], stated: &[Stated]) -> Option<Instant> {
    let now = inputs.iter().flat_map(|input| &input.read.statements).filter_map(|statement| match &statement
        .says
    {
        Says::CurrentTime { stamp, .. } => stamp.absolute(),
        _ => None,
    });
    let done = stated.iter().filter(|said| match &said.line {
        LicenseLine::Registration { .. } | LicenseLine::Authorization { .. } => true,
        LicenseLine::Time { what, .. } => matches!(
            what,
            LicenseTime::InitialRegistration
                | LicenseTime::LastRenewal
                | LicenseTime::LastCommunication
                | LicenseTime::EvaluationExpired
        ),
        _ => false,
    });
    now.chain(done.filter_map(|said| only(&said.at))).max()
}

/// The only instant; `None` for none and for several.
pub(crate) fn only(at: &[Instant]) -> Option<Instant> {
    match at {
        [only] => Some(*only),
        _ => None,
    }
}

/// What the outputs say of entitlements: of each, what stands last in the newest output that could be dated, else in
/// the last one.
pub(crate) fn entitlements(stated: &[&Stated]) -> Vec<EntitlementFact> {
    let newest = |member: usize| {
        stated.iter().filter(|said| said.member == member).flat_map(|said| &said.at).max().copied()
    };
    let mut found: Vec<(Option<Instant>, EntitlementFact)> = Vec::new();
    for said in stated {
        let LicenseLine::Entitlement { entitlement, name, count, status } = &said.line else { continue };
        let fact = EntitlementFact {
            entitlement: Arc::clone(entitlement),
            name: Arc::clone(name),
            count: *count,
            status: status.clone(),
            evidence: Evidence::one(said.origin.clone()),
        };
        let of = newest(said.member);
        match found.iter_mut().find(|(_, known)| known.entitlement == fact.entitlement) {
            Some((at, _)) if *at > of => {}
            Some(known) => *known = (of, fact),
            None => found.push((of, fact)),
        }
    }
    let mut out: Vec<EntitlementFact> = found.into_iter().map(|(_, fact)| fact).collect();
    out.sort_by(|a, b| a.entitlement.cmp(&b.entitlement));
    out
}

/// The licence type that the last output states.
pub(crate) fn license_type(stated: &[&Stated]) -> Option<(Arc<str>, Evidence)> {
    stated.iter().rev().find_map(|said| match &said.line {
        LicenseLine::LicenseType { name } => Some((Arc::clone(name), Evidence::one(said.origin.clone()))),
        _ => None,
    })
}
