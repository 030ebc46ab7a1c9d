//! Year and zone evidence of each node, gathered from its dated lines.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeDelta};
use chrono_tz::Tz;
use parsers::stamp::{Acronym, Instant, NodeClock, Stamp, YearRule, ZoneBasis, ZoneMark, ZoneRule, resolve};

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
}

/// Collects the evidence of all nodes.
#[derive(Debug, Default)]
pub struct Clocks {
    nodes: BTreeMap<Option<String>, Seen>,
}

impl Clocks {
    /// Takes the two stamps of one record of `node`.
    pub fn see(&mut self, node: Option<&str>, inner: Option<Stamp>, outer: Option<Stamp>) {
        let Some(at) = inner.and_then(|stamp| stamp.absolute()) else { return };
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
            if let Ok(seconds) = i32::try_from(seconds) {
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
            seen.learnt = learnt;
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
        let Seen { anchors, offsets, learnt } = seen.cloned().unwrap_or_default();
        NodeClock {
            year: YearRule { given: given.year(node), anchors, not_after },
            zone: ZoneRule { given: given.zone(node), offsets, learnt },
        }
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
}
