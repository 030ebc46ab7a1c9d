//! Runs of one process: its records are numbered, so their order is known across rotated files, whatever those are
//! called. Order decides what a stamp alone leaves open: the year of a record, and which of two equal hours it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use parsers::event::Witness;
use parsers::member::MemberRead;
use parsers::stamp::{Instant, NodeClock, Resolved, Stamp, YearBasis, ZoneBasis, possible_years, resolve};

use crate::analysis::Input;
use crate::parallel;

/// Threads of a process write their records this far out of order.
const JITTER: TimeDelta = TimeDelta::seconds(2);

/// Zones and clock changes move stamps by less than this; it is nothing beside a year.
const DAY: TimeDelta = TimeDelta::hours(28);

/// Candidates this near to each other lie in the same year.
const SAME_YEAR: TimeDelta = TimeDelta::days(3);

/// A process that writes every few minutes is not silent for this long.
const LONG: TimeDelta = TimeDelta::days(300);

/// A year is known well this near to a dated line.
const NEAR: TimeDelta = TimeDelta::days(45);

/// What the order of records says about single records, by member and offset.
#[derive(Debug, Default)]
pub struct Runs(BTreeMap<(usize, u64), Resolved>);

/// A log of a node.
type Log<'a> = (Option<&'a str>, Arc<str>);

/// One record of a run. There may be a hundred thousand, and nearly all are in order: the rest is an [`Item`].
struct Numbered {
    place: (usize, u64),
    seq: u64,
    stamp: Stamp,
    /// What it means by itself, where that is one instant.
    at: Option<Instant>,
}

/// One record of a run that is in doubt.
struct Item {
    place: (usize, u64),
    /// What it means by itself.
    alone: Resolved,
    /// What it may mean, ascending.
    candidates: Vec<Instant>,
    /// The year is only presumed.
    soft: bool,
}

impl Runs {
    /// Follows the runs of all members; `clock` gives the clock of a member, `log` the name of its log.
    pub fn new(
        inputs: &[Input],
        member_nodes: &[Option<String>],
        clock: impl Fn(usize) -> NodeClock + Sync,
        log: impl Fn(&Input) -> Arc<str>,
    ) -> Self {
        let found = parallel::map(inputs.len(), |member| {
            let own = inputs.get(member).map(numbered).filter(|own| !own.is_empty())?;
            let own_clock = clock(member);
            let dated = |stretch: Vec<(u64, u64, Stamp)>| -> Vec<Numbered> {
                let records = stretch.into_iter();
                records
                    .map(|(offset, seq, stamp)| {
                        let at = resolve(&stamp, &own_clock).at;
                        Numbered { place: (member, offset), seq, stamp, at }
                    })
                    .collect()
            };
            Some(own.into_iter().map(dated).collect::<Vec<_>>())
        });
        let mut stretches: BTreeMap<Log<'_>, Vec<Vec<Numbered>>> = BTreeMap::new();
        for (own, (input, node)) in found.into_iter().zip(inputs.iter().zip(member_nodes)) {
            if let Some(own) = own {
                stretches.entry((node.as_deref(), log(input))).or_default().extend(own);
            }
        }
        let mut runs = Self::default();
        for stretches in stretches.into_values() {
            for run in joined(stretches) {
                if !settled(&run) {
                    runs.settle(&mut doubted(&run, &clock));
                }
            }
        }
        runs
    }

    /// What the order says about the record at `offset` of a member; `None` if it adds nothing.
    #[must_use]
    pub fn get(&self, member: usize, offset: u64) -> Option<&Resolved> {
        self.0.get(&(member, offset))
    }

    fn settle(&mut self, run: &mut [Item]) {
        choose_years(run);
        let chosen: Vec<Vec<Instant>> = run.iter().map(|item| item.candidates.clone()).collect();
        if !in_order(run) {
            // The clock ran backwards somewhere: order says nothing about the hour.
            for (item, candidates) in run.iter_mut().zip(chosen) {
                item.candidates = candidates;
            }
        }
        for item in run {
            if item.candidates.is_empty() || item.candidates == item.alone.candidates {
                continue;
            }
            let at = if let [only] = item.candidates.as_slice() { Some(*only) } else { None };
            let spread =
                item.candidates.first().zip(item.candidates.last()).map(|(first, last)| *last - *first);
            let several_years = spread.is_some_and(|spread| spread > SAME_YEAR);
            let moved = !item.candidates.iter().all(|it| near_any(it, &item.alone.candidates));
            let year = match item.alone.year {
                _ if several_years => YearBasis::Ambiguous,
                YearBasis::Ambiguous | YearBasis::Unknown => YearBasis::Sequence,
                _ if moved => YearBasis::Sequence,
                known => known,
            };
            let zone = match item.alone.zone {
                ZoneBasis::Ambiguous if at.is_some() => ZoneBasis::Sequence,
                known => known,
            };
            self.0.insert(item.place, Resolved { at, candidates: item.candidates.clone(), year, zone });
        }
    }
}

/// Stamps of the first records of processes that a trace shows.
pub fn starts(read: &MemberRead) -> Vec<Stamp> {
    let first = read.marks.first().filter(|mark| mark.seq.is_some_and(|seq| seq <= 1));
    let restarts =
        read.restarts.iter().map(|(_, after)| after).filter(|after| after.seq.is_some_and(|seq| seq <= 1));
    first
        .into_iter()
        .chain(restarts)
        .filter(|mark| mark.outer.is_none())
        .filter_map(|mark| mark.stamp)
        .collect()
}

fn near_any(at: &Instant, others: &[Instant]) -> bool {
    others.iter().any(|other| (*at - *other).abs() < SAME_YEAR)
}

/// The numbered records of a trace, parted where the numbers begin anew.
fn numbered(input: &Input) -> Vec<Vec<(u64, u64, Stamp)>> {
    let marks = input.read.marks.iter().map(|mark| (mark.offset, mark.seq, mark.stamp, mark.outer.is_none()));
    let sightings = input.read.sightings.iter().map(|sighting| {
        (sighting.span.offset, sighting.seq, sighting.stamp, sighting.witness == Witness::Trace)
    });
    // Where another application's numbers begin, they need not begin anew.
    let anew = input.read.restarts.iter().filter(|(before, after)| after.seq <= before.seq);
    let restarts = anew.flat_map(|(before, after)| [before, after]);
    let restarts = restarts.map(|mark| (mark.offset, mark.seq, mark.stamp, mark.outer.is_none()));
    let mut records: Vec<(u64, u64, Stamp)> = marks
        .chain(sightings)
        .chain(restarts)
        .filter(|(_, _, _, is_trace)| *is_trace)
        .filter_map(|(offset, seq, stamp, _)| {
            Some((offset, seq?, stamp.filter(|stamp| stamp.year.is_none())?))
        })
        .collect();
    records.sort_by_key(|(offset, seq, _)| (*offset, *seq));
    records.dedup_by_key(|(offset, _, _)| *offset);
    let mut stretches: Vec<Vec<(u64, u64, Stamp)>> = Vec::new();
    for record in records {
        match stretches.last_mut() {
            Some(stretch) if stretch.last().is_some_and(|(_, seq, _)| *seq < record.1) => {
                stretch.push(record)
            }
            _ => stretches.push(vec![record]),
        }
    }
    stretches
}

/// The same records with everything that they may mean.
fn doubted(run: &[Numbered], clock: impl Fn(usize) -> NodeClock) -> Vec<Item> {
    let mut known: Option<(usize, NodeClock)> = None;
    let item = |record: &Numbered| {
        let member = record.place.0;
        let clock = match &mut known {
            Some((of, clock)) if *of == member => &*clock,
            known => &known.insert((member, clock(member))).1,
        };
        item(record, clock)
    };
    run.iter().map(item).collect()
}

/// A record whose year is presumed or unknown has all years that it may lie in.
fn item(record: &Numbered, clock: &NodeClock) -> Item {
    let alone = resolve(&record.stamp, clock);
    let anchors = &clock.year.anchors;
    let is_near = |at: &Instant| {
        let after = anchors.partition_point(|anchor| anchor < at);
        let beside = [after.checked_sub(1).and_then(|i| anchors.get(i)), anchors.get(after)];
        beside.into_iter().flatten().any(|anchor| (*anchor - *at).abs() < NEAR)
    };
    let soft = match alone.year {
        YearBasis::FileTime => true,
        YearBasis::DatedLines => !alone.candidates.iter().any(is_near),
        _ => false,
    };
    let candidates = if soft || alone.year == YearBasis::Unknown {
        let years = possible_years(&record.stamp, &clock.year).into_iter();
        let dated = years.map(|year| resolve(&Stamp { year: Some(year), ..record.stamp }, clock));
        let mut candidates: Vec<Instant> = dated.flat_map(|resolved| resolved.candidates).collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    } else {
        alone.candidates.clone()
    };
    Item { place: record.place, alone, candidates, soft }
}

/// Stretches whose numbers follow on each other are one run.
fn joined(mut stretches: Vec<Vec<Numbered>>) -> Vec<Vec<Numbered>> {
    let first = |stretch: &Vec<Numbered>| stretch.first().map(|item| item.seq);
    stretches.sort_by_key(|stretch| (first(stretch), stretch.first().map(|item| item.place)));
    let mut runs: Vec<Vec<Numbered>> = Vec::new();
    // The number that a run waits for. A hostile log has as many runs as records.
    let mut waiting: BTreeMap<u64, usize> = BTreeMap::new();
    for stretch in stretches {
        let ends = stretch.last().and_then(|item| item.seq.checked_add(1));
        let place = first(&stretch).and_then(|begins| waiting.remove(&begins)).unwrap_or(runs.len());
        match runs.get_mut(place) {
            Some(run) => run.extend(stretch),
            None => runs.push(stretch),
        }
        if let Some(next) = ends {
            waiting.entry(next).or_insert(place);
        }
    }
    runs
}

/// True if every record has one instant, and they are in order without a leap over most of a year.
fn settled(run: &[Numbered]) -> bool {
    let in_order = run.windows(2).all(|two| match two {
        [before, after] => match (before.at, after.at) {
            (Some(before), Some(after)) => after >= before - DAY && after - before < LONG,
            _ => false,
        },
        _ => true,
    });
    in_order && run.iter().all(|record| record.at.is_some())
}

/// Leaves the candidates of those years that let the run rise and last no longer than it must; of several runs that
/// differ by whole years, the newest, where nothing but the files' time speaks.
fn choose_years(run: &mut [Item]) {
    let Some(start) = run.iter().position(|item| !item.candidates.is_empty()) else { return };
    let starts = run.get(start).map(|item| item.candidates.clone()).unwrap_or_default();
    let mut ways: Vec<(TimeDelta, Vec<Option<Instant>>)> = Vec::new();
    for from in starts {
        let mut at = from;
        let mut picks = Vec::with_capacity(run.len());
        let mut fits = true;
        for item in run.iter() {
            let next = item.candidates.iter().find(|candidate| **candidate >= at - DAY).copied();
            if next.is_none() && !item.candidates.is_empty() {
                fits = false;
                break;
            }
            picks.push(next);
            at = next.map_or(at, |next| next.max(at));
        }
        if fits {
            ways.push((at - from, picks));
        }
    }
    let Some(shortest) = ways.iter().map(|(lasts, _)| *lasts).min() else { return };
    ways.retain(|(lasts, _)| *lasts <= shortest + SAME_YEAR);
    let presumed = run.iter().all(|item| item.soft || item.candidates.is_empty());
    if presumed {
        let newest = ways.iter().map(|(_, picks)| picks.iter().flatten().max().copied()).max().flatten();
        ways.retain(|(_, picks)| {
            let last = picks.iter().flatten().max().copied();
            last.zip(newest).is_some_and(|(last, newest)| newest - last < SAME_YEAR)
        });
    }
    for (place, item) in run.iter_mut().enumerate() {
        let picks: Vec<Instant> =
            ways.iter().filter_map(|(_, picks)| picks.get(place).copied().flatten()).collect();
        item.candidates.retain(|candidate| near_any(candidate, &picks));
    }
}

/// Leaves the candidates that let the run rise; false if none do.
fn in_order(run: &mut [Item]) -> bool {
    let mut low: Option<Instant> = None;
    for item in run.iter_mut().filter(|item| !item.candidates.is_empty()) {
        item.candidates.retain(|candidate| low.is_none_or(|low| *candidate >= low - JITTER));
        let Some(first) = item.candidates.first() else { return false };
        low = low.max(Some(*first));
    }
    let mut high: Option<Instant> = None;
    for item in run.iter_mut().rev().filter(|item| !item.candidates.is_empty()) {
        item.candidates.retain(|candidate| high.is_none_or(|high| *candidate <= high + JITTER));
        let Some(last) = item.candidates.last() else { return false };
        high = Some(high.map_or(*last, |high| high.min(*last)));
    }
    true
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use parsers::member::Mark;
    use parsers::stamp::{Accuracy, Acronym, YearRule, ZoneMark, ZoneRule};

    use super::*;
    use crate::facts::MemberOutcome;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    /// A trace of numbered records, each `seq month-day hour:minute:second zone`.
    fn trace(records: &[&str]) -> Input {
        let mark = |(place, text): (usize, &&str)| {
            let (seq, rest) = text.split_once(' ').unwrap();
            let (time, zone) = rest.rsplit_once(' ').unwrap();
            // February 29 needs a leap year to be read.
            let time = NaiveDateTime::parse_from_str(&format!("2024-{time}"), "%Y-%m-%d %H:%M:%S").unwrap();
            let (month, day) = (time.format("%m").to_string(), time.format("%d").to_string());
            let stamp = Stamp {
                year: None,
                month: month.parse().unwrap(),
                day: day.parse().unwrap(),
                time: time.time(),
                zone: Acronym::new(zone).map_or(ZoneMark::None, ZoneMark::Acronym),
                accuracy: Accuracy::Unmarked,
            };
            let (line, offset) = (place as u64 + 1, place as u64 * 100);
            Mark { line, offset, seq: seq.parse().ok(), stamp: Some(stamp), outer: None, facility: None }
        };
        let marks = records.iter().enumerate().map(mark).collect();
        let read = MemberRead { marks, ..MemberRead::default() };
        Input {
            source: 0,
            path: None,
            not_after: None,
            outcome: MemberOutcome::Read,
            read,
            instance: None,
            expect_usage: false,
        }
    }

    /// The instants of all records of some files of one log; `-` for none, `|` between several.
    #[track_caller]
    fn check(files: &[&[&str]], clock: &NodeClock, expected: &[&str]) {
        let inputs: Vec<Input> = files.iter().map(|records| trace(records)).collect();
        let nodes = vec![None; inputs.len()];
        let runs = Runs::new(&inputs, &nodes, |_| clock.clone(), |_| "MCVD".into());
        let mut found = Vec::new();
        for (member, input) in inputs.iter().enumerate() {
            for mark in &input.read.marks {
                let alone = resolve(&mark.stamp.unwrap(), clock);
                let said = runs.get(member, mark.offset).unwrap_or(&alone);
                let shown: Vec<String> =
                    said.candidates.iter().map(|at| at.format("%Y-%m-%d %H:%MZ").to_string()).collect();
                assert_eq!(said.at.is_some(), shown.len() == 1);
                found.push(if shown.is_empty() { "-".to_owned() } else { shown.join("|") });
            }
        }
        assert_eq!(found, expected);
    }

    fn file_time(text: &str) -> NodeClock {
        NodeClock {
            year: YearRule { not_after: Some(at(text)), ..YearRule::default() },
            zone: ZoneRule::default(),
        }
    }

    #[test]
    fn a_run_longer_than_a_year_keeps_its_order() {
        check(
            &[&["1 11-05 10:00:00 CET", "900 03-05 10:00:00 CET", "1800 11-20 10:00:00 CET"]],
            &file_time("2025-12-01T00:00:00Z"),
            &["2024-11-05 09:00Z", "2025-03-05 09:00Z", "2025-11-20 09:00Z"],
        );
    }

    #[test]
    fn numbers_lead_from_file_to_file_whatever_their_order() {
        check(
            &[
                &["31 01-02 10:00:00 CET", "40 01-05 10:00:00 CET"],
                &["20 12-30 10:00:00 CET", "30 12-31 23:00:00 CET"],
            ],
            &file_time("2026-12-31T23:30:00Z"),
            &["2026-01-02 09:00Z", "2026-01-05 09:00Z", "2025-12-30 09:00Z", "2025-12-31 22:00Z"],
        );
    }

    #[test]
    fn what_follows_february_29_without_a_hole_is_in_its_year() {
        check(
            &[&["7 02-29 23:50:00 CET", "8 03-01 00:05:00 CET"]],
            &file_time("2026-04-01T00:00:00Z"),
            &["2024-02-29 22:50Z", "2024-02-29 23:05Z"],
        );
    }

    fn new_york_night() -> NodeClock {
        let mut clock = file_time("2025-11-03T00:00:00Z");
        clock.year.given = Some(2025);
        clock.zone.given = Some(chrono_tz::America::New_York);
        clock
    }

    #[test]
    fn order_tells_which_of_two_equal_hours_it_is() {
        check(
            &[&["1 11-02 00:50:00 ET", "2 11-02 01:40:00 ET", "3 11-02 01:10:00 ET", "4 11-02 02:10:00 ET"]],
            &new_york_night(),
            &["2025-11-02 04:50Z", "2025-11-02 05:40Z", "2025-11-02 06:10Z", "2025-11-02 07:10Z"],
        );
    }

    #[test]
    fn an_hour_that_order_does_not_tell_stays_open() {
        check(
            &[&["1 11-02 00:50:00 ET", "2 11-02 01:40:00 ET", "4 11-02 02:10:00 ET"]],
            &new_york_night(),
            &["2025-11-02 04:50Z", "2025-11-02 05:40Z|2025-11-02 06:40Z", "2025-11-02 07:10Z"],
        );
    }

    #[test]
    fn a_run_between_dated_lines_of_two_years_has_two_years_until_a_record_decides() {
        let anchors = vec![at("2025-04-01T00:00:00Z"), at("2026-04-03T00:00:00Z")];
        let clock =
            NodeClock { year: YearRule { anchors, ..YearRule::default() }, zone: ZoneRule::default() };
        check(
            &[&["1 04-02 10:00:00 CEST", "2 04-02 11:00:00 CEST"]],
            &clock,
            &["2025-04-02 08:00Z|2026-04-02 08:00Z", "2025-04-02 09:00Z|2026-04-02 09:00Z"],
        );
        let mut with_file = clock;
        with_file.year.not_before = Some(at("2025-10-01T00:00:00Z"));
        check(&[&["1 04-02 10:00:00 CEST"]], &with_file, &["2026-04-02 08:00Z"]);
    }

    #[test]
    fn a_log_of_nothing_but_beginnings_is_soon_read() {
        let records: Vec<String> =
            (0..60_000).rev().map(|seq| format!("{} 04-02 10:00:00 CET", seq * 2)).collect();
        let inputs = [trace(&records.iter().map(String::as_str).collect::<Vec<_>>())];
        let clock = file_time("2026-05-01T00:00:00Z");
        let runs = Runs::new(&inputs, &[None], |_| clock.clone(), |_| "MCVD".into());
        assert!(runs.get(0, 0).is_none());
    }
}
