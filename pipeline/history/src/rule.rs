//! Cisco's rule applied to usage: report by report, which alarm would be raised. States are the [`Machine`]'s: it is fed
//! these alarms as if they had been logged.

use std::collections::BTreeMap;
use std::sync::Arc;

use parsers::event::{EventKind, Witness};
use parsers::origin::{Origin, Span};
use parsers::record::Severity;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::coverage::Coverage;
use crate::facts::{Dimension, Event, Instance, Testimony};
use crate::flex::Flex;
use crate::machine::Machine;
use crate::policy::{self, COUNTDOWN_START_MIN, REPORT_EVERY_COUNTED, Reading, Regime};
use crate::usage::{Compared, Grid, NOT_COUNTED, Predicted, Replay, Usage};

/// What one report says to the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing lacks.
    Covered,
    /// More is used than was purchased.
    Over,
    /// There is no report, or nothing to judge it by.
    Missing,
}

/// The rule at work: which alarm a report raises.
#[derive(Clone, Debug)]
pub struct Rule {
    regime: Regime,
    reading: Reading,
    /// Over-usages in a row.
    count: u32,
    out_of_compliance: bool,
    /// False before the first report that was covered or answered, and behind a missing one: the count may be higher.
    certain: bool,
    /// True once a state was raised.
    begun: bool,
}

impl Rule {
    /// A rule that has seen no report. `reading` decides in the counted regime only.
    #[must_use]
    pub fn new(regime: Regime, reading: Option<Reading>) -> Self {
        Self {
            regime,
            reading: reading.unwrap_or(Reading::At60),
            count: 0,
            out_of_compliance: false,
            certain: false,
            begun: false,
        }
    }

    /// A rule in the middle of a countdown, or Out of Compliance.
    #[must_use]
    pub fn resumed(regime: Regime, reading: Option<Reading>, count: u32, out_of_compliance: bool) -> Self {
        Self { count, out_of_compliance, certain: true, begun: true, ..Self::new(regime, reading) }
    }

    /// Over-usages in a row; 0 while Out of Compliance.
    #[must_use]
    pub fn count(&self) -> u32 {
        if self.out_of_compliance { 0 } else { self.count }
    }

    /// True while Out of Compliance.
    #[must_use]
    pub fn is_out_of_compliance(&self) -> bool {
        self.out_of_compliance
    }

    /// True if every report since the last covered one is known.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.certain
    }

    /// True while usage is held: an over-use runs, or its highest use is locked.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.count > 0 || self.out_of_compliance
    }

    /// Takes the next report; returns the alarm it raises. While Out of Compliance in the counted regime, the report
    /// is [`Verdict::Covered`] only if what was purchased covers the locked use.
    pub fn report(&mut self, verdict: Verdict) -> Option<EventKind> {
        match verdict {
            Verdict::Missing => {
                self.certain = false;
                None
            }
            Verdict::Covered => {
                let changes = self.holds() || !self.begun;
                self.count = 0;
                self.out_of_compliance = false;
                self.certain = true;
                self.begun = true;
                changes.then_some(EventKind::ComplianceRestored)
            }
            Verdict::Over => {
                self.begun = true;
                if self.out_of_compliance {
                    return None;
                }
                self.count += 1;
                let enters = match self.regime {
                    Regime::Immediate => true,
                    Regime::Counted | Regime::Unknown => self.count >= self.reading.over_usages(),
                };
                if enters {
                    self.out_of_compliance = true;
                    return Some(EventKind::OocEntered);
                }
                // Behind a missing report the minutes left are not known either.
                if self.count == 1 || self.certain { self.warning() } else { None }
            }
        }
    }

    /// The warning of an over-usage. That one is written at the second is not known, and changes no state.
    fn warning(&self) -> Option<EventKind> {
        let spent = (self.count - 1) * u32::try_from(REPORT_EVERY_COUNTED.num_minutes()).unwrap_or_default();
        let minutes = COUNTDOWN_START_MIN.checked_sub(spent).filter(|minutes| *minutes > 0)?;
        Some(if minutes <= policy::SHORTLY_MIN {
            EventKind::OocImminent { minutes: Some(minutes) }
        } else {
            EventKind::OocApproaching { minutes: Some(minutes) }
        })
    }
}

/// An alarm that no line says: made by the rule for the machine.
pub(crate) fn invented(at: Instant, kind: EventKind, evidence: Option<Origin>) -> Event {
    let nowhere = || Origin { member: u32::MAX, span: Span::of(b"", 0, 0) };
    Event {
        at: Some(at),
        at_candidates: Vec::new(),
        year: YearBasis::Written,
        zone: ZoneBasis::Written,
        node: None,
        kind,
        facility: "LIB_LICENSE".into(),
        severity: Severity::DEBUG,
        mnemonic: "the rule".into(),
        params: Vec::new(),
        text: "".into(),
        witnesses: vec![Testimony {
            witness: Witness::Trace,
            origin: evidence.unwrap_or_else(nowhere),
            node: None,
            at: Some(at),
        }],
    }
}

/// Replays the rule over the reports of `grid`, whose rows are those of `usage`. [`Replay::compared`] is left empty.
#[must_use]
pub fn replay(grid: &Grid, usage: &Usage, regime: Regime, reading: Option<Reading>) -> Replay {
    let known =
        |column: &&crate::usage::GridColumn| column.purchased.iter().any(|count| *count != NOT_COUNTED);
    let columns: Vec<_> = grid.columns.iter().filter(known).collect();
    let names: Vec<Arc<str>> = columns.iter().map(|column| Arc::clone(&column.entitlement)).collect();
    let flex = Flex::new(&names);
    let mut rule = Rule::new(regime, reading);
    let coverage = Coverage::default();
    let mut machine = Machine::new(regime, &coverage, &[], false);
    let (mut in_use, mut purchased, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
    let mut held: Vec<u32> = vec![NOT_COUNTED; columns.len()];
    let mut determined: BTreeMap<Instant, bool> = BTreeMap::new();
    for (report, at) in grid.at.iter().enumerate() {
        gather(&columns, report, &mut in_use, &mut purchased);
        let nothing = in_use.iter().zip(&purchased).all(|(a, b)| *a == NOT_COUNTED || *b == NOT_COUNTED);
        let counted = regime != Regime::Immediate;
        if rule.holds() && counted {
            hold(&mut held, &in_use);
        }
        let judged = if rule.is_out_of_compliance() && counted { &held } else { &in_use };
        let verdict = match () {
            () if nothing => Verdict::Missing,
            () if flex.over(judged, &purchased, &mut lacking) => Verdict::Over,
            () => Verdict::Covered,
        };
        if !rule.holds() && verdict == Verdict::Over {
            held.clone_from(&in_use);
        }
        let certain = rule.is_certain();
        if let Some(kind) = rule.report(verdict) {
            let row = grid.rows.get(report).copied().flatten();
            let evidence = row.and_then(|row| usage.evidence(row as usize)).map(|evidence| evidence.first);
            determined.insert(*at, certain || kind == EventKind::ComplianceRestored);
            machine.apply(&invented(*at, kind, evidence));
        }
    }
    let folded = machine.finish(None);
    let before = |at: Instant| {
        let place = grid.at.partition_point(|report| *report < at);
        place.checked_sub(1).and_then(|place| grid.at.get(place)).copied()
    };
    let path = folded.transitions.into_iter().filter_map(|change| {
        let at = change.at.filter(|_| change.dimension == Dimension::Authorization)?;
        // An eight-hourly report may come anywhere within the eight hours behind the use.
        let (earliest, latest) = match regime {
            Regime::Immediate => (before(at).unwrap_or(at), at + policy::REPORT_EVERY_IMMEDIATE),
            Regime::Counted | Regime::Unknown => (at, at),
        };
        let evidence = Some(change.evidence).filter(|evidence| evidence.first.member != u32::MAX);
        let determined = determined.get(&at).copied().unwrap_or(false);
        Some(Predicted { state: change.state, earliest, expected: at, latest, determined, evidence })
    });
    let path = path.collect();
    let locked = rule.is_out_of_compliance() && regime != Regime::Immediate;
    if !locked {
        // What is lacking now is judged by the newest report that says anything.
        let newest = (0..grid.at.len()).rev().find(|report| {
            gather(&columns, *report, &mut in_use, &mut purchased);
            in_use.iter().any(|count| *count != NOT_COUNTED)
        });
        if newest.is_some() {
            held.clone_from(&in_use);
        }
    } else if let Some(last) = grid.at.len().checked_sub(1) {
        gather(&columns, last, &mut in_use, &mut purchased);
    }
    flex.lacking(&held, &purchased, &mut lacking);
    let named = |counts: &[u32]| -> Vec<(Arc<str>, u32)> {
        let pairs = names.iter().cloned().zip(counts.iter().copied());
        pairs.filter(|(_, count)| *count != NOT_COUNTED && *count > 0).collect()
    };
    Replay {
        regime,
        reading: reading.filter(|_| regime != Regime::Immediate),
        path,
        compared: Vec::new(),
        count: rule.count(),
        locked: if locked { named(&held) } else { Vec::new() },
        lacking: named(&lacking),
    }
}

/// The counts of one report.
fn gather(
    columns: &[&crate::usage::GridColumn],
    report: usize,
    in_use: &mut Vec<u32>,
    purchased: &mut Vec<u32>,
) {
    in_use.clear();
    purchased.clear();
    for column in columns {
        in_use.push(column.in_use.get(report).copied().unwrap_or(NOT_COUNTED));
        purchased.push(column.purchased.get(report).copied().unwrap_or(NOT_COUNTED));
    }
}

/// Raises what is held to what is used.
fn hold(held: &mut [u32], in_use: &[u32]) {
    for (held, in_use) in held.iter_mut().zip(in_use) {
        if *in_use != NOT_COUNTED && (*held == NOT_COUNTED || *in_use > *held) {
            *held = *in_use;
        }
    }
}

/// Puts the predicted entries into Out of Compliance beside the logged ones of `instance`.
pub fn compare(replay: &mut Replay, instance: &Instance, usage: &Usage) {
    let every = policy::report_every(replay.regime);
    let (Some(first), Some(last)) = (usage.at.first(), usage.at.last()) else { return };
    let entered = |change: &&crate::facts::Transition| {
        change.dimension == Dimension::Authorization && change.state == "out_of_compliance"
    };
    let mut logged: Vec<_> =
        instance.transitions.iter().filter(entered).filter_map(|change| Some((change.at?, change))).collect();
    let mut compared = Vec::new();
    let mut out_since: Option<Instant> = None;
    for predicted in &replay.path {
        if predicted.state != "out_of_compliance" {
            out_since = None;
            continue;
        }
        out_since = out_since.or(Some(predicted.expected));
        let away = |at: &Instant| (*at - predicted.expected).abs();
        let near =
            |at: &Instant| away(at) <= every || (predicted.earliest - every..=predicted.latest).contains(at);
        let nearest = (0..logged.len()).min_by_key(|place| logged.get(*place).map(|(at, _)| away(at)));
        let found = nearest.filter(|place| logged.get(*place).is_some_and(|(at, _)| near(at)));
        let found = found.map(|place| logged.remove(place));
        let alive = instance.alive.iter().any(|(from, to)| {
            *from <= predicted.earliest && predicted.latest.max(predicted.expected + every) <= *to
        });
        let mut evidence: Vec<Origin> = predicted.evidence.iter().flat_map(|it| it.all()).cloned().collect();
        evidence.extend(found.iter().map(|(_, change)| change.evidence.first.clone()));
        compared.push(Compared {
            predicted: Some(predicted.expected),
            logged: found.map(|(at, _)| at),
            agrees: found.is_some(),
            comparable: predicted.determined && (found.is_some() || alive),
            evidence,
        });
    }
    for (at, change) in logged {
        let covered = *first <= at && at <= *last + every;
        // Where the rule has it Out of Compliance already, another entry in the logs is no other prediction.
        let state = replay.path.iter().rev().find(|change| change.expected <= at);
        let certain = state.is_none_or(|state| state.state != "out_of_compliance");
        compared.push(Compared {
            predicted: None,
            logged: Some(at),
            agrees: false,
            comparable: covered && certain && state.is_some(),
            evidence: change.evidence.all().cloned().collect(),
        });
    }
    compared.sort_by_key(|pair| (pair.predicted.or(pair.logged), pair.logged));
    replay.compared = compared;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Basis;
    use crate::usage::{Cite, GridColumn, Purchase, Series, UsageClock};

    /// Minutes behind ten o'clock.
    fn at(minutes: usize) -> Instant {
        let start: Instant = "2026-04-02T10:00:00Z".parse().unwrap();
        start + chrono::TimeDelta::minutes(minutes as i64)
    }

    /// A grid of one entitlement, 15 minutes a report, of 100 purchased up to report `buys.0`, then `buys.1`.
    fn grid(in_use: &[u32], buys: (usize, u32)) -> (Grid, Usage) {
        let instants: Vec<Instant> = (0..in_use.len()).map(|report| at(report * 15)).collect();
        let purchased = (0..in_use.len()).map(|report| if report < buys.0 { 100 } else { buys.1 }).collect();
        let name: Arc<str> = "LICENSES".into();
        let column = GridColumn { entitlement: Arc::clone(&name), in_use: in_use.to_vec(), purchased };
        let line = |row: u64| Origin { member: 0, span: Span { line: row + 1, ..Span::of(b"", 0, row) } };
        let usage = Usage {
            at: instants.clone(),
            rows: (0..in_use.len() as u64).map(|row| Cite::Line(Box::new(line(row)))).collect(),
            tables: Vec::new(),
            series: vec![Series { entitlement: Arc::clone(&name), counts: in_use.to_vec() }],
            purchases: vec![Purchase {
                entitlement: name,
                count: 100,
                since: None,
                basis: Basis::Given,
                evidence: None,
            }],
            clock: UsageClock::Written,
            assumed: Vec::new(),
        };
        let rows = (0..in_use.len() as u32).map(Some).collect();
        (Grid { at: instants, rows, columns: vec![column] }, usage)
    }

    /// Changes of state as minutes and names.
    #[track_caller]
    fn check(in_use: &[u32], buys: (usize, u32), reading: Reading, expected: &[(i64, &str)]) -> Replay {
        let (grid, usage) = grid(in_use, buys);
        let replay = replay(&grid, &usage, Regime::Counted, Some(reading));
        let path: Vec<_> =
            replay.path.iter().map(|it| ((it.expected - at(0)).num_minutes(), it.state)).collect();
        assert_eq!(path, expected);
        replay
    }

    const NEVER: (usize, u32) = (usize::MAX, 0);

    #[test]
    fn ciscos_first_scenario_locks_130_and_lacks_30() {
        let in_use = [90, 110, 120, 130, 125, 115, 80];
        let path = [(0, "in_compliance"), (15, "overage"), (75, "out_of_compliance")];
        let replay = check(&in_use, NEVER, Reading::At60, &path);
        assert_eq!(replay.locked, [("LICENSES".into(), 130)]);
        assert_eq!(replay.lacking, [("LICENSES".into(), 30)]);
        assert_eq!(replay.count, 0);
        let path = [(0, "in_compliance"), (15, "overage"), (60, "out_of_compliance")];
        let replay = check(&in_use, NEVER, Reading::At45, &path);
        assert_eq!(replay.locked, [("LICENSES".into(), 130)]);
    }

    #[test]
    fn ciscos_second_scenario_counts_anew_from_one() {
        let path = [(0, "in_compliance"), (15, "overage"), (45, "in_compliance"), (60, "overage")];
        let replay = check(&[90, 110, 120, 95, 105], NEVER, Reading::At60, &path);
        assert_eq!((replay.count, replay.locked.len()), (1, 0));
        assert_eq!(replay.lacking, [("LICENSES".into(), 5)]);
        assert_eq!(replay.path[3].evidence.as_ref().unwrap().first.span.line, 5);
    }

    #[test]
    fn lower_use_does_not_undo_out_of_compliance_and_a_purchase_of_the_locked_use_does() {
        let in_use = [90, 110, 110, 110, 110, 110, 50, 140, 50, 50, 50];
        let entered = [(0, "in_compliance"), (15, "overage"), (75, "out_of_compliance")];
        let replay = check(&in_use, (8, 139), Reading::At60, &entered);
        assert_eq!((replay.locked[0].1, replay.lacking[0].1), (140, 1));
        let restored = [&entered[..], &[(120, "in_compliance")]].concat();
        check(&in_use, (8, 140), Reading::At60, &restored);
    }

    #[test]
    fn a_missing_report_leaves_the_count_open() {
        let gap = NOT_COUNTED;
        let replay = check(
            &[90, 110, gap, 110, 110, 110, 110],
            NEVER,
            Reading::At60,
            &[(0, "in_compliance"), (15, "overage"), (90, "out_of_compliance")],
        );
        let determined: Vec<bool> = replay.path.iter().map(|it| it.determined).collect();
        assert_eq!(determined, [true, true, false]);
        // The series may begin within an over-use.
        let replay = check(&[110, 110], NEVER, Reading::At60, &[(0, "overage")]);
        assert!(!replay.path[0].determined);
    }

    #[test]
    fn the_immediate_rule_enters_with_the_first_report_and_leaves_with_the_next_covered_one() {
        let (grid, usage) = grid(&[90, 110, 110, 90], NEVER);
        let replay = replay(&grid, &usage, Regime::Immediate, None);
        let path: Vec<_> = replay.path.iter().map(|it| (it.expected, it.state)).collect();
        let (entered, left) = ((at(15), "out_of_compliance"), (at(45), "in_compliance"));
        assert_eq!(path, [(at(0), "in_compliance"), entered, left]);
        assert!(replay.locked.is_empty() && replay.lacking.is_empty());
        let first = &replay.path[1];
        assert_eq!((first.earliest, first.latest), (at(0), at(15) + policy::REPORT_EVERY_IMMEDIATE));
    }

    #[test]
    fn without_purchases_nothing_is_replayed() {
        let (mut grid, usage) = grid(&[110, 110], NEVER);
        grid.columns[0].purchased = vec![NOT_COUNTED; 2];
        let replay = replay(&grid, &usage, Regime::Counted, Some(Reading::At60));
        assert!(replay.path.is_empty() && replay.lacking.is_empty() && replay.count == 0);
    }

    #[test]
    fn warnings_are_those_that_cisco_prints() {
        let mut rule = Rule::resumed(Regime::Counted, Some(Reading::At60), 0, false);
        let raised: Vec<_> = (0..6).map(|_| rule.report(Verdict::Over)).collect();
        let approaching = |minutes| Some(EventKind::OocApproaching { minutes: Some(minutes) });
        let imminent = Some(EventKind::OocImminent { minutes: Some(15) });
        let entered = Some(EventKind::OocEntered);
        assert_eq!(raised, [approaching(45), approaching(30), imminent, None, entered, None]);
    }
}
