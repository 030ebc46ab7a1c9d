//! The last chance before Out of Compliance: how often over-use was counted, and until when lower usage still helps.
//!
//! Source: Cisco 217416, second scenario ("the count is 1 of 5"); Features Guide 12.5(1) SU1, alert list.

use history::facts::{DeadlineKind, Event, Instance};
use history::policy::{COUNTDOWN_START_MIN, OVER_USAGES, REPORT_EVERY_COUNTED, Reading, Regime};
use history::usage::Replay;
use parsers::event::EventKind;
use parsers::stamp::Instant;

use crate::time::spell;

/// The time in which lower usage restores compliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chance {
    /// Over-usages in a row so far; `None` if nothing tells.
    pub(crate) count: Option<u32>,
    /// Where the count is from: `countdown` or `usage`.
    pub(crate) counted_by: &'static str,
    /// The reading that the logs fit; `None` if they do not decide.
    pub(crate) reading: Option<Reading>,
    /// Its end by the shorter reading.
    short: Instant,
    /// Its end by the longer reading.
    long: Instant,
}

impl Chance {
    /// The last chance of `instance`; `None` where no countdown of the counted rule runs, or none with a known end.
    pub(crate) fn of(instance: &Instance) -> Option<Self> {
        if instance.release.regime == Regime::Immediate {
            return None;
        }
        match instance.authorization.state {
            "overage" => Self::by_lines(instance),
            // Lines that say the state outweigh what usage suggests.
            "unknown" => Self::by_usage(instance),
            _ => None,
        }
    }

    fn by_lines(instance: &Instance) -> Option<Self> {
        let due = instance.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::EnterOoc)?;
        let printed = newest_warning(instance).and_then(|(_, minutes)| over_usage_of(minutes?));
        let replayed = counted(instance).map(|replay| replay.count).filter(|count| 0 < *count).max();
        Some(Self {
            count: printed.or(replayed),
            counted_by: if printed.is_some() { "countdown" } else { "usage" },
            reading: fitted(instance),
            short: due.earliest.unwrap_or(due.expected),
            long: due.latest.unwrap_or(due.expected),
        })
    }

    fn by_usage(instance: &Instance) -> Option<Self> {
        let over = counted(instance).filter(|replay| 0 < replay.count).max_by_key(|replay| replay.count)?;
        let began = over.path.last().filter(|change| change.state == "overage")?.expected;
        let end = |reading: Reading| {
            let more = i32::try_from(reading.over_usages()).unwrap_or(0) - 1;
            began + REPORT_EVERY_COUNTED * more
        };
        Some(Self {
            count: Some(over.count),
            counted_by: "usage",
            reading: fitted(instance),
            short: end(Reading::At45),
            long: end(Reading::At60),
        })
    }

    /// Over-usages in a row that lead into Out of Compliance.
    pub(crate) fn needed(&self) -> u32 {
        self.reading.map_or(OVER_USAGES, Reading::over_usages)
    }

    /// Until when lower usage helps: the earlier instant where the logs do not decide.
    pub(crate) fn until(&self) -> Instant {
        match self.reading {
            Some(Reading::At60) => self.long,
            Some(Reading::At45) | None => self.short,
        }
    }

    /// Until when it helps by the longer reading; `None` where the logs decide.
    pub(crate) fn until_latest(&self) -> Option<Instant> {
        Some(self.long).filter(|long| self.reading.is_none() && self.short < *long)
    }

    /// The chance as a sentence, seen from `as_of`.
    pub(crate) fn says(&self, as_of: Instant) -> String {
        sentence(self.count, self.needed(), self.until(), self.until_latest(), as_of)
    }
}

/// `over-usage 3 of 5; 18 min left in which logging agents out still helps; after that only a purchase does`.
pub(crate) fn sentence(
    count: Option<u32>,
    needed: u32,
    until: Instant,
    until_latest: Option<Instant>,
    as_of: Instant,
) -> String {
    let counted = count.map(|count| format!("over-usage {count} of {needed}; ")).unwrap_or_default();
    if as_of < until {
        let longer = until_latest
            .map(|latest| format!(" ({} by the longer of two published readings)", spell(latest - as_of)))
            .unwrap_or_default();
        return format!(
            "{counted}{} left in which logging agents out still helps{longer}; after that only a purchase does",
            spell(until - as_of)
        );
    }
    match until_latest.filter(|latest| as_of < *latest) {
        Some(latest) => format!(
            "{counted}by the shorter of two published readings only a purchase helps now; by the longer, {} are left in \
             which logging agents out does",
            spell(latest - as_of)
        ),
        None => format!("{counted}the time in which logging agents out helps is over: only a purchase does"),
    }
}

/// The published reading that every countdown of the logs fits; `None` where there is none or they differ.
pub(crate) fn fitted(instance: &Instance) -> Option<Reading> {
    let mut fits = instance.readings.iter().filter_map(|reading| reading.fits);
    let first = fits.next()?;
    fits.all(|other| other == first).then_some(first)
}

/// The replays of the counted rule.
pub(crate) fn counted(instance: &Instance) -> impl Iterator<Item = &Replay> {
    let replays = instance.consumption.iter().flat_map(|consumption| &consumption.replays);
    replays.filter(|replay| replay.regime == Regime::Counted)
}

/// The newest line of the countdown, and the minutes it prints.
pub(crate) fn newest_warning(instance: &Instance) -> Option<(&Event, Option<u32>)> {
    instance.events.iter().rev().find_map(|event| match event.kind {
        EventKind::OocApproaching { minutes } | EventKind::OocImminent { minutes } => Some((event, minutes)),
        _ => None,
    })
}

/// Which over-usage in a row a warning with so many minutes left tells of: the first prints the longest countdown.
fn over_usage_of(minutes: u32) -> Option<u32> {
    let gone = i64::from(COUNTDOWN_START_MIN.checked_sub(minutes)?);
    u32::try_from(gone / REPORT_EVERY_COUNTED.num_minutes()).ok()?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use history::facts::{Basis, Evidence, Facts, ReadingFit};

    use super::*;
    use crate::testing::*;

    /// A countdown whose newest line prints `minutes`, and which ends `left` minutes from now.
    fn running(minutes: Option<u32>, left: i64) -> Facts {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.authorization = known("overage", Some(ago(30)), Basis::Stated);
        instance.deadlines = vec![deadline(DeadlineKind::EnterOoc, now() + TimeDelta::minutes(left))];
        instance.events = vec![event(EventKind::OocImminent { minutes }, Some(ago(12)), 3, &[])];
        facts
    }

    fn fit(fits: Option<Reading>) -> ReadingFit {
        let evidence = Evidence::one(origin(3, "said"));
        ReadingFit { first: ago(9_000), entered: ago(8_940), fits, evidence }
    }

    #[track_caller]
    fn check(facts: &Facts, expected: &str) {
        assert_eq!(Chance::of(&facts.instances[0]).unwrap().says(now()), expected);
    }

    #[test]
    fn both_readings_are_told_where_the_logs_do_not_decide() {
        check(
            &running(Some(15), 18),
            "over-usage 3 of 5; 18 min left in which logging agents out still helps (33 min by the longer of two \
             published readings); after that only a purchase does",
        );
        check(
            &running(Some(0), -3),
            "over-usage 4 of 5; by the shorter of two published readings only a purchase helps now; by the longer, 12 \
             min are left in which logging agents out does",
        );
        check(
            &running(Some(0), -20),
            "over-usage 4 of 5; the time in which logging agents out helps is over: only a purchase does",
        );
    }

    #[test]
    fn the_reading_that_fits_says_which_end_counts() {
        let mut facts = running(Some(15), 18);
        one(&mut facts).readings = vec![fit(None), fit(Some(Reading::At60))];
        check(
            &facts,
            "over-usage 3 of 5; 33 min left in which logging agents out still helps; after that only a purchase does",
        );
        one(&mut facts).readings = vec![fit(Some(Reading::At45))];
        check(
            &facts,
            "over-usage 3 of 4; 18 min left in which logging agents out still helps; after that only a purchase does",
        );
        one(&mut facts).readings = vec![fit(Some(Reading::At45)), fit(Some(Reading::At60))];
        assert_eq!(fitted(&facts.instances[0]), None);
    }

    #[test]
    fn usage_counts_where_no_line_prints_the_minutes() {
        let mut facts = running(None, 18);
        assert_eq!(Chance::of(&facts.instances[0]).unwrap().count, None);
        use_of_hundred(&mut facts, &[110, 120], now());
        let chance = Chance::of(&facts.instances[0]).unwrap();
        assert_eq!((chance.count, chance.counted_by), (Some(2), "usage"));
    }

    #[test]
    fn usage_alone_tells_a_chance() {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[90, 110, 120, 130], ago(5));
        let chance = Chance::of(&facts.instances[0]).unwrap();
        assert_eq!((chance.count, chance.until()), (Some(3), now() + TimeDelta::minutes(10)));
        assert_eq!(chance.until_latest(), Some(now() + TimeDelta::minutes(25)));
    }

    #[test]
    fn the_immediate_rule_has_no_countdown() {
        let mut facts = running(Some(15), 18);
        one(&mut facts).release.regime = Regime::Immediate;
        assert_eq!(Chance::of(&facts.instances[0]), None);
    }

    #[test]
    fn minutes_beyond_the_longest_countdown_count_nothing() {
        assert_eq!(over_usage_of(45), Some(1));
        assert_eq!(over_usage_of(30), Some(2));
        assert_eq!(over_usage_of(0), Some(4));
        assert_eq!(over_usage_of(46), None);
    }
}
