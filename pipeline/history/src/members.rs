//! A member in the facts: which log it is, how reading it ended, what it tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use parsers::event::{Sighting, Witness};
use parsers::member::{Mark, MemberRead};
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::analysis::Input;
use crate::coverage::{Coverage, Log};
use crate::dating::Dating;
use crate::facts::{ClockStep, Event, Gap, GapKind, Member, MemberOutcome};
use crate::steps::{restarts, steps};

/// `MCVD`, `MIVR`, `syslog`: which log a member is a part of.
pub(crate) fn log_name(input: &Input) -> Arc<str> {
    match (component(input), input.read.format) {
        (Some(name), Some("uccx-trace")) => name.into(),
        // A pasted trace says in its own records what it is; an alarm trace is MCVD's unless it says otherwise.
        (None, Some("uccx-trace")) => {
            let said = input.read.marks.iter().find_map(|mark| mark.facility);
            said.map_or("MCVD".into(), |facility| facility.as_str().into())
        }
        (_, Some("ciscolog" | "rtmt-alert")) => "syslog".into(),
        (_, Some(format)) => format.into(),
        (Some(name), None) => name.into(),
        (None, None) => "syslog".into(),
    }
}

/// Which log a record of the member is a part of. `log` is that of the member.
pub(crate) fn log_of(input: &Input, log: &Arc<str>, mark: &Mark) -> Arc<str> {
    let told = || component(input).is_none() && input.read.format == Some("uccx-trace");
    match mark.facility.filter(|facility| facility.as_str() != &**log && told()) {
        Some(facility) => facility.as_str().into(),
        None => Arc::clone(log),
    }
}

/// The application that the member's path names.
fn component(input: &Input) -> Option<&'static str> {
    let path = input.path.as_deref().unwrap_or_default().to_ascii_uppercase();
    ["MCVD", "MIVR", "MADM", "MCLI", "JTAPI"].into_iter().find(|name| path.contains(name))
}

/// What one member tells, before it is put beside the others.
pub(crate) struct Told {
    /// The member itself.
    pub(crate) member: Member,
    /// Where its logs were alive.
    pub(crate) coverage: Coverage,
    /// Where records are missing.
    pub(crate) gaps: Vec<Gap>,
    /// Where its clock was set.
    pub(crate) clock_steps: Vec<ClockStep>,
    /// Its events, in the order of its lines.
    pub(crate) events: Vec<Event>,
    /// Its newest instant; `None` if nothing in it can be dated.
    pub(crate) newest: Option<Instant>,
    /// By node, how year and zone of stamps without a year were found, at worst.
    pub(crate) bases: BTreeMap<Option<String>, (YearBasis, ZoneBasis)>,
}

impl Told {
    /// What the headers of the member of `node` tell.
    pub(crate) fn new(input: &Input, node: Option<&Arc<str>>, dating: &Dating<'_>) -> Self {
        let mut coverage = Coverage::default();
        let mut gaps = Vec::new();
        let instant = |mark: &Mark| dating.mark(mark);
        let span = cover(input, node.cloned(), dating, &mut coverage, &mut gaps);
        let clock_steps = steps(input, dating.member, node, &log_name(input), instant);
        let n_restarts = restarts(input, instant);
        Self {
            member: Member { n_restarts, ..member(input, node.cloned(), span) },
            coverage,
            gaps,
            clock_steps,
            events: Vec::with_capacity(input.read.sightings.len()),
            newest: span.1,
            bases: BTreeMap::new(),
        }
    }

    /// Adds the event of a sighting, of node `own`.
    pub(crate) fn add(&mut self, event: Event, sighting: &Sighting, own: Option<&str>) {
        if sighting.stamp.is_some_and(|stamp| stamp.year.is_none()) {
            let own = own.map(str::to_owned);
            let worst = self.bases.entry(own).or_insert((event.year, event.zone));
            *worst = (worst.0.max(event.year), worst.1.max(event.zone));
        }
        self.newest = self.newest.max(event.at);
        // Marks are samples: an event may lie outside of them. What is quoted has another log's time.
        if let (Some(at), Witness::Trace | Witness::Syslog) = (event.at, sighting.witness) {
            let Member { first, last, .. } = &mut self.member;
            (*first, *last) = (first.map_or(Some(at), |from| Some(from.min(at))), (*last).max(Some(at)));
        }
        self.events.push(event);
    }
}

/// Where a member was alive, and its first and last instant.
fn cover(
    input: &Input,
    shown: Option<Arc<str>>,
    dating: &Dating<'_>,
    coverage: &mut Coverage,
    gaps: &mut Vec<Gap>,
) -> (Option<Instant>, Option<Instant>) {
    let instant = |mark: &Mark| dating.mark(mark);
    let log = log_name(input);
    let of = |mark: &Mark| log_of(input, &log, mark);
    let named = |name: Arc<str>| Log { node: shown.clone(), name };
    for hole in &input.read.holes {
        gaps.push(Gap {
            node: shown.clone(),
            log: of(&hole.after),
            from: instant(&hole.before),
            to: instant(&hole.after),
            kind: GapKind::Sequence,
            missing: Some(hole.missing),
        });
    }
    // Of each log in it, in file order: from where on it is known to go on, and its last record.
    let mut logs: BTreeMap<Arc<str>, (Instant, Instant)> = BTreeMap::new();
    let mut span: Option<(Instant, Instant)> = None;
    for mark in &input.read.marks {
        let Some(at) = instant(mark) else { continue };
        logs.entry(of(mark)).and_modify(|(_, last)| *last = at).or_insert((at, at));
        // A circular file begins with its youngest records: first and last are by time.
        span = Some(span.map_or((at, at), |(from, to)| (from.min(at), to.max(at))));
    }
    let Some((from, to)) = span else { return (None, None) };
    let holes = input.read.holes.iter().map(|hole| (&hole.before, &hole.after));
    let restarts = input.read.restarts.iter().map(|(before, after)| (before, after));
    for (before, after) in holes.chain(restarts) {
        if let (Some(from), Some(to)) = (instant(before), instant(after)) {
            let (one, other) = (of(before), of(after));
            if one != other {
                coverage.add_break(named(one), from, to);
            }
            coverage.add_break(named(other), from, to);
        }
    }
    for (before, after) in &input.read.silences {
        let name = of(before);
        if name == of(after)
            && let (Some(before), Some(after)) = (instant(before), instant(after))
            && let Some((start, _)) = logs.get_mut(&name)
        {
            coverage.add(named(name), *start, before);
            *start = after;
        }
    }
    for (name, (start, last)) in logs {
        coverage.add(named(name), start, last);
    }
    (Some(from), Some(to))
}

fn member(input: &Input, node: Option<Arc<str>>, span: (Option<Instant>, Option<Instant>)) -> Member {
    let read = &input.read;
    let outcome = match (&input.outcome, &read.not_a_log) {
        (MemberOutcome::Read, Some(reason)) => MemberOutcome::Skipped(reason.clone()),
        (MemberOutcome::Read, None)
            if read.records == 0 && read.statements.is_empty() && read.sightings.is_empty() =>
        {
            MemberOutcome::Skipped("no record of a known format in it".to_owned())
        }
        (outcome, _) => outcome.clone(),
    };
    let skipped = matches!(outcome, MemberOutcome::Skipped(_));
    Member {
        source: input.source,
        path: input.path.as_deref().map(Into::into),
        node,
        format: read.format.or_else(|| guessed_format(read)),
        bytes: read.bytes,
        lines: read.lines,
        records: read.records,
        events: 0,
        first: span.0,
        last: span.1,
        outcome,
        // What is not a log has no unread lines: it is named as a whole.
        n_unread: if skipped { 0 } else { read.n_unread },
        unread: if skipped {
            Vec::new()
        } else {
            read.unread.iter().map(|unread| (unread.line, unread.reason, Arc::clone(&unread.text))).collect()
        },
        n_cut: read.n_cut,
        n_restarts: 0,
    }
}

/// A log without a licence record shows its format in its headers.
fn guessed_format(read: &MemberRead) -> Option<&'static str> {
    read.marks.iter().find_map(|mark| match (mark.stamp, mark.outer, mark.seq) {
        (Some(stamp), None, Some(_)) if stamp.year.is_none() => Some("uccx-trace"),
        (_, Some(_), _) | (Some(_), _, Some(_)) => Some("ciscolog"),
        (Some(_), None, None) => Some("alert-log"),
        _ => None,
    })
}
