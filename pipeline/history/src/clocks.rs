//! Year and zone evidence of each node, gathered from its dated lines.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use parsers::event::{Says, Statement, SystemAction};
use parsers::stamp::{
    Acronym, Instant, NodeClock, Stamp, YearRule, ZoneBasis, ZoneMark, ZoneRule, acronym_offsets, resolve,
};

/// What the user said about clocks.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--tz ZONE`.
    pub zone: Option<Tz>,
    /// `--tz HOST=ZONE`, by short form.
    pub zones: BTreeMap<String, Tz>,
    /// `--year YYYY`.
    pub year: Option<i32>,
    /// `--year HOST=YYYY`, by short form.
    pub years: BTreeMap<String, i32>,
}

impl Given {
    /// The zone for a node.
    #[must_use]
    pub fn zone(&self, node: Option<&str>) -> Option<Tz> {
        node.and_then(|node| self.zones.get(node)).copied().or(self.zone)
    }

    /// The year for a node.
    #[must_use]
    pub fn year(&self, node: Option<&str>) -> Option<i32> {
        node.and_then(|node| self.years.get(node)).copied().or(self.year)
    }
}

/// Reads an IANA zone name.
///
/// # Errors
/// The name, if it is not in the zone database.
pub fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| format!("{name} is no IANA time zone, such as Asia/Kolkata"))
}

/// Dated lines closer together than this say the same about year and zone.
const THIN: TimeDelta = TimeDelta::hours(6);

/// A pair tells the meaning of an acronym this far away.
const LEARN_WITHIN: TimeDelta = TimeDelta::hours(12);

/// The dated lines of one node.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Instants that they state.
    anchors: Vec<Instant>,
    /// Outer minus inner stamp, in seconds, at those instants that have both.
    offsets: Vec<(Instant, i32)>,
    /// Offsets of acronyms.
    learnt: Vec<(Acronym, i32)>,
    /// Start-ups, as local time.
    boots: Vec<Instant>,
    /// The first installation, as local time.
    installed: Option<Instant>,
    /// When outputs were collected.
    collected: Option<Instant>,
    /// Zones that outputs name.
    zones: BTreeSet<&'static str>,
}

/// Start-ups that are kept of one node.
const BOOTS_KEPT: usize = 1_000;

/// A process writes its first record at most this long behind the start of its node.
const STARTS_WITHIN: TimeDelta = TimeDelta::minutes(60);

/// Collects the evidence of all nodes.
#[derive(Debug, Default)]
pub struct Clocks {
    nodes: BTreeMap<Option<String>, Seen>,
}

impl Clocks {
    /// Takes the two stamps of one record of `node`.
    pub fn see(&mut self, node: Option<&str>, inner: Option<Stamp>, outer: Option<Stamp>) {
        let Some(at) = inner.and_then(|stamp| stamp.absolute()) else {
            // A full date in an unknown zone is at most 14 hours off: good enough for the year.
            let dated = [inner, outer].into_iter().flatten().find_map(|stamp| stamp.civil(stamp.year?));
            if let Some(civil) = dated {
                self.see_instant(node, civil.and_utc());
            }
            return;
        };
        let entry = self.nodes.entry(node.map(str::to_owned)).or_default();
        entry.anchors.push(at);
        if let Some(offset) = outer.and_then(|outer| offset_between(&outer, at)) {
            entry.offsets.push((at, offset));
        }
    }

    /// Takes an instant that some dated text of `node` states.
    pub fn see_instant(&mut self, node: Option<&str>, at: Instant) {
        self.nodes.entry(node.map(str::to_owned)).or_default().anchors.push(at);
    }

    /// Takes what an output of `node` states about its zone, its time, its start-ups.
    pub fn see_statements(&mut self, node: Option<&str>, statements: &[Statement]) {
        // The time in the node's zone stands below that in UTC.
        let mut utc: Option<Instant> = None;
        for statement in statements {
            if matches!(
                statement.says,
                Says::Service { .. }
                    | Says::Version { .. }
                    | Says::TransportUrl { .. }
                    | Says::Ntp { .. }
                    | Says::License(_)
                    | Says::Platform(_)
                    | Says::Purchased { .. }
            ) {
                continue;
            }
            let seen = self.nodes.entry(node.map(str::to_owned)).or_default();
            match &statement.says {
                // London's winter time is marked like UTC, and is a zone of its own.
                Says::CurrentTime { zone, stamp } if zone.eq_ignore_ascii_case("UTC") => {
                    utc = stamp.absolute();
                    seen.collected = seen.collected.max(utc);
                }
                Says::CurrentTime { zone, stamp } => {
                    seen.name_zone(zone);
                    seen.pair(stamp, utc.take());
                }
                Says::TimeZone { id } => seen.name_zone(id),
                Says::SystemHistory { stamp, action } => seen.history(stamp, *action),
                Says::Service { .. }
                | Says::Version { .. }
                | Says::TransportUrl { .. }
                | Says::Ntp { .. }
                | Says::License(_)
                | Says::Platform(_)
                | Says::Purchased { .. } => {}
            }
        }
    }

    /// Takes the first record of a process of `node`: behind a start-up that names its year, it is dated by it.
    pub fn see_start(&mut self, node: Option<&str>, stamp: &Stamp) {
        let Some(seen) = self.nodes.get_mut(&node.map(str::to_owned)) else { return };
        let is_behind = |boot: &&Instant| {
            // Both are the node's local time.
            let years = [boot.year(), boot.year() + 1];
            let starts = years.into_iter().filter_map(|year| stamp.civil(year));
            starts
                .map(|civil| civil.and_utc() - **boot)
                .any(|after| after >= TimeDelta::zero() && after <= STARTS_WITHIN)
        };
        let mut behind = seen.boots.iter().filter(is_behind);
        if let (Some(boot), None) = (behind.next().copied(), behind.next()) {
            seen.anchors.push(boot);
        }
    }

    /// Sorts and thins what was seen; call once, before [`Clocks::clock`].
    pub fn settle(&mut self) {
        for Seen { anchors, offsets, .. } in self.nodes.values_mut() {
            anchors.sort_unstable();
            anchors.dedup_by(|later, earlier| *later - *earlier < THIN);
            offsets.sort_unstable();
            thin(offsets);
        }
    }

    /// Learns what an acronym means on `node` from stamps whose offset the pairs leave no doubt about. An acronym
    /// that seems to mean two offsets means neither.
    pub fn learn(&mut self, node: Option<&str>, stamps: &[Stamp]) {
        let clock = self.clock(node, &Given::default(), None);
        if clock.zone.offsets.is_empty() {
            return;
        }
        let mut votes: BTreeMap<Acronym, BTreeMap<i32, u32>> = BTreeMap::new();
        for stamp in stamps {
            let ZoneMark::Acronym(acronym) = stamp.zone else { continue };
            let bare = Stamp { zone: ZoneMark::None, ..*stamp };
            let found = resolve(&bare, &clock);
            let (Some(at), ZoneBasis::OuterInner) = (found.at, found.zone) else { continue };
            let Some(civil) = stamp.civil(stamp.year.unwrap_or(at.year())) else { continue };
            let seconds = (civil - at.naive_utc()).num_seconds();
            // Far from any pair the season may be another.
            let near = clock
                .zone
                .offsets
                .iter()
                .any(|(pair, offset)| i64::from(*offset) == seconds && (*pair - at).abs() < LEARN_WITHIN);
            if !near {
                continue;
            }
            let readings = acronym_offsets(acronym.as_str());
            let can_mean = |seconds: &i32| readings.is_empty() || readings.contains(seconds);
            // The clocks may have changed since the pair was taken: what an acronym cannot mean is not learnt.
            if let Some(seconds) = i32::try_from(seconds).ok().filter(can_mean) {
                *votes.entry(acronym).or_default().entry(seconds).or_default() += 1;
            }
        }
        let learnt = votes.into_iter().filter_map(|(acronym, offsets)| {
            let mut offsets = offsets.into_iter();
            let (seconds, _) = offsets.next()?;
            offsets.next().is_none().then_some((acronym, seconds))
        });
        let learnt: Vec<(Acronym, i32)> = learnt.collect();
        if let Some(seen) = self.nodes.get_mut(&node.map(str::to_owned)) {
            // What an output prints beside its acronym stands, unless the lines say otherwise.
            seen.learnt.retain(|(known, _)| !learnt.iter().any(|(acronym, _)| acronym == known));
            seen.learnt.extend(learnt);
        }
    }

    /// The clock of a node, for a member that is not younger than `not_after`.
    #[must_use]
    pub fn clock(&self, node: Option<&str>, given: &Given, not_after: Option<Instant>) -> NodeClock {
        let own = self.nodes.get(&node.map(str::to_owned));
        // A trace of unknown node beside the dated lines of one node is that node's.
        let seen = own.or_else(|| {
            if node.is_none() && self.nodes.len() == 1 { self.nodes.values().next() } else { None }
        });
        let stated = seen.and_then(Seen::zone);
        let Seen { anchors, offsets, learnt, installed, collected, .. } = seen.cloned().unwrap_or_default();
        NodeClock {
            year: YearRule { given: given.year(node), anchors, not_before: installed, not_after, collected },
            zone: ZoneRule { given: given.zone(node), stated, offsets, learnt },
        }
    }

    /// The zone that outputs of a node name.
    #[must_use]
    pub fn zone(&self, node: Option<&str>) -> Option<Tz> {
        self.nodes.get(&node.map(str::to_owned)).and_then(Seen::zone)
    }

    /// The offsets that a node's lines show, ascending, each once, in seconds.
    #[must_use]
    pub fn offsets(&self, node: Option<&str>) -> Vec<i32> {
        let mut seen: Vec<i32> = self
            .nodes
            .get(&node.map(str::to_owned))
            .map(|seen| seen.offsets.iter().map(|(_, s)| *s).collect())
            .unwrap_or_default();
        seen.sort_unstable();
        seen.dedup();
        seen
    }
}

impl Seen {
    /// Takes a zone id; one that the zone database does not know says nothing.
    fn name_zone(&mut self, id: &str) {
        self.zones.extend(id.parse::<Tz>().map(|zone| zone.name()));
    }

    /// Takes the node's local time beside the same time in UTC.
    fn pair(&mut self, stamp: &Stamp, utc: Option<Instant>) {
        let local = Stamp { zone: ZoneMark::None, ..*stamp };
        let Some((utc, seconds)) = utc.and_then(|utc| Some((utc, offset_between(&local, utc)?))) else {
            return;
        };
        self.offsets.push((utc, seconds));
        if let ZoneMark::Acronym(acronym) = stamp.zone
            && acronym_offsets(acronym.as_str()).is_empty()
            && !self.learnt.iter().any(|(known, _)| *known == acronym)
        {
            self.learnt.push((acronym, seconds));
        }
    }

    /// Takes an entry of `system-history.log`.
    fn history(&mut self, stamp: &Stamp, action: SystemAction) {
        let civil = stamp.year.and_then(|year| stamp.civil(year));
        let Some(at) = civil.map(|civil| civil.and_utc()) else { return };
        match action {
            SystemAction::Boot if self.boots.len() < BOOTS_KEPT => self.boots.push(at),
            SystemAction::Install => self.installed = Some(self.installed.map_or(at, |known| known.min(at))),
            SystemAction::Boot | SystemAction::Shutdown | SystemAction::Other => {}
        }
    }

    /// The one zone that outputs name, if the node's own lines agree with it: it may have been changed since.
    fn zone(&self) -> Option<Tz> {
        let zone: Tz = self.zones.first()?.parse().ok()?;
        let agrees = |(at, seconds): &(Instant, i32)| {
            zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() == *seconds
        };
        let n_wrong = self.offsets.iter().filter(|pair| !agrees(pair)).count();
        // In the minutes around a change of clocks a stamp may be one side's and its pair the other's.
        let fits = n_wrong * 10 <= self.offsets.len();
        (fits && self.zones.len() == 1).then_some(zone)
    }
}

/// Leaves out pairs that say the same as those around them. Where the offset changes, the last pair before and the
/// first behind stay: they bracket the night the clocks changed.
fn thin(pairs: &mut Vec<(Instant, i32)>) {
    let all = std::mem::take(pairs);
    for (at, (instant, seconds)) in all.iter().enumerate() {
        let differs = |other: Option<&(Instant, i32)>| other.is_none_or(|(_, other)| other != seconds);
        let edge = differs(at.checked_sub(1).and_then(|at| all.get(at))) || differs(all.get(at + 1));
        if edge || pairs.last().is_none_or(|(kept, _)| *instant - *kept >= THIN) {
            pairs.push((*instant, *seconds));
        }
    }
}

/// The offset from UTC that lies between a node's local stamp and the UTC instant of the same record, rounded to
/// a quarter of an hour, the unit of all zones. `None` if they are no pair: more than two minutes off such a unit.
fn offset_between(outer: &Stamp, inner: Instant) -> Option<i32> {
    if outer.zone != ZoneMark::None {
        return None;
    }
    let civil = [0, -1, 1]
        .iter()
        .filter_map(|step| outer.civil(outer.year.unwrap_or(inner.year() + step)))
        .min_by_key(|civil| (*civil - inner.naive_utc()).abs())?;
    let seconds = (civil - inner.naive_utc()).num_seconds();
    let quarter = 900;
    let rounded = (seconds + seconds.signum() * quarter / 2) / quarter * quarter;
    let fits = (seconds - rounded).abs() <= 120 && rounded.abs() <= 14 * 3_600;
    fits.then(|| i32::try_from(rounded).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveTime;
    use parsers::stamp::Accuracy;

    fn stamp(month: u32, day: u32, time: &str) -> Stamp {
        Stamp {
            year: None,
            month,
            day,
            time: NaiveTime::parse_from_str(time, "%H:%M:%S").unwrap(),
            zone: ZoneMark::None,
            accuracy: Accuracy::Unmarked,
        }
    }

    #[track_caller]
    fn check(outer: Stamp, inner: &str, expected: Option<i32>) {
        assert_eq!(offset_between(&outer, inner.parse().unwrap()), expected);
    }

    #[test]
    fn the_difference_of_two_stamps_is_the_offset() {
        check(stamp(3, 18, "16:40:52"), "2026-03-18T11:10:52Z", Some(19_800));
        check(stamp(5, 21, "08:10:24"), "2021-05-21T13:10:24Z", Some(-18_000));
    }

    #[test]
    fn a_pair_across_new_year_is_a_pair() {
        check(stamp(12, 31, "20:00:01"), "2026-01-01T01:00:00Z", Some(-18_000));
        check(stamp(1, 1, "05:30:00"), "2025-12-31T23:59:59Z", Some(19_800));
    }

    #[test]
    fn stamps_that_are_no_pair_give_no_offset() {
        check(stamp(3, 18, "16:47:00"), "2026-03-18T11:10:52Z", None);
        check(stamp(4, 18, "16:40:52"), "2026-03-18T11:10:52Z", None);
    }

    fn statement(says: Says) -> Statement {
        Statement { says, node: None, span: parsers::origin::Span::of(b"x", 1, 0) }
    }

    fn said(lines: &[(&str, &str)]) -> Clocks {
        let mut statements = Vec::new();
        for (zone, time) in lines {
            let (date, acronym) = time.rsplit_once(' ').unwrap();
            let civil = chrono::NaiveDateTime::parse_from_str(date, "%Y-%m-%d %H:%M:%S").unwrap();
            let mark = if matches!(acronym, "UTC" | "GMT") {
                ZoneMark::Utc
            } else {
                Acronym::new(acronym).map_or(ZoneMark::None, ZoneMark::Acronym)
            };
            let stamp = Stamp {
                year: Some(civil.year()),
                zone: mark,
                ..stamp(civil.month(), civil.day(), &civil.format("%H:%M:%S").to_string())
            };
            statements.push(statement(Says::CurrentTime { zone: (*zone).into(), stamp }));
        }
        let mut clocks = Clocks::default();
        clocks.see_statements(None, &statements);
        clocks.settle();
        clocks
    }

    #[test]
    fn an_output_names_the_zone_and_gives_a_pair() {
        let clocks = said(&[("UTC", "2026-04-02 05:55:10 UTC"), ("Asia/Kolkata", "2026-04-02 11:25:10 IST")]);
        assert_eq!(clocks.zone(None), Some(chrono_tz::Asia::Kolkata));
        assert_eq!(clocks.offsets(None), [19_800]);
    }

    #[test]
    fn times_of_two_outputs_are_no_pair() {
        let mut clocks = Clocks::default();
        for one in [("UTC", "2026-04-02 05:55:10 UTC"), ("Asia/Kolkata", "2026-04-02 11:40:10 IST")] {
            for (node, seen) in said(&[one]).nodes {
                let known = clocks.nodes.entry(node).or_default();
                known.offsets.extend(seen.offsets);
            }
        }
        assert!(clocks.offsets(None).is_empty());
    }

    #[test]
    fn winter_time_in_london_is_no_utc() {
        let clocks =
            said(&[("UTC", "2026-12-02 05:55:10 UTC"), ("Europe/London", "2026-12-02 05:55:10 GMT")]);
        assert_eq!(clocks.zone(None), Some(chrono_tz::Europe::London));
    }

    #[test]
    fn a_zone_that_the_times_contradict_is_none() {
        let clocks = said(&[("UTC", "2026-04-02 05:55:10 UTC"), ("Asia/Kolkata", "2026-04-02 14:55:10 JST")]);
        assert_eq!(clocks.zone(None), None);
        assert_eq!(clocks.offsets(None), [32_400]);
    }

    #[test]
    fn outputs_that_name_two_zones_name_none() {
        let mut clocks = Clocks::default();
        for id in ["Asia/Kolkata", "Europe/Dublin"] {
            clocks.see_statements(None, &[statement(Says::TimeZone { id: id.into() })]);
        }
        assert_eq!(clocks.zone(None), None);
    }

    #[test]
    fn a_first_record_behind_a_start_up_is_dated_by_it_and_another_is_not() {
        let boot = |month, day| Says::SystemHistory {
            stamp: Stamp { year: Some(2024), ..stamp(month, day, "23:50:00") },
            action: SystemAction::Boot,
        };
        let mut clocks = Clocks::default();
        clocks.see_statements(None, &[statement(boot(12, 31)), statement(boot(3, 1))]);
        clocks.see_start(None, &stamp(6, 1, "00:10:00"));
        assert!(clocks.clock(None, &Given::default(), None).year.anchors.is_empty());
        clocks.see_start(None, &stamp(1, 1, "00:10:00"));
        let anchors = clocks.clock(None, &Given::default(), None).year.anchors;
        assert_eq!(anchors, ["2024-12-31T23:50:00Z".parse::<Instant>().unwrap()]);
    }
}
