//! When will use exceed what is purchased: daily peaks, their usual week, their trend, and what both leave open.
//!
//! The week and the trend are medians, so that a holiday or one wild day moves neither. What they leave open is not
//! a constant: futures are drawn from the history's own deviations, about a trend that is itself redrawn as it might
//! have been seen, and the interval is that of the days on which they first exceed the purchase.

mod model;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use chrono::TimeDelta;
use history::flex;
use history::policy::REPORT_EVERY_COUNTED;
use history::usage::{Backtest, Cite, Forecast, NOT_COUNTED, Outlook, Usage};
use parsers::entitlements::{PREMIUM, STANDARD};
use parsers::stamp::Instant;

use crate::Error;
use crate::columns::{instant, ms};
use crate::forecast::model::{Model, WEEK};
use crate::schema::AT;
use crate::usage::Slots;

/// Days of history below which nothing is said: four weeks tell a usual week from its trend.
pub const NEEDED_DAYS: u32 = 28;

/// Weeks of history that are used: growth of years ago says little about the growth of next month.
const WEEKS_USED: usize = 26;

/// Nothing is said about more days than this, nor about more than four times the days of history.
const HORIZON_DAYS: usize = 365;

/// Futures that are drawn.
const FUTURES: usize = 500;

/// Futures that are drawn for each origin of the back-test, and origins, a week apart.
const BACKTEST: (usize, usize) = (200, 8);

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// One entry for each entitlement with a purchase and samples: when its daily peak is expected to exceed the
/// purchase, which is the one that holds at `end`.
pub fn forecasts(usage: &Usage, end: Instant) -> Result<Vec<Forecast>, Error> {
    let offset = offset(usage);
    let first_midnight = instant(AT, -offset.num_milliseconds())?;
    // Two days more than are used: the first may be a part of one.
    let reach = TimeDelta::days((WEEKS_USED * WEEK) as i64 + 2);
    let begin = usage.at.last().map_or(0, |last| usage.at.partition_point(|at| *last - *at > reach));
    let recent_at = usage.at.get(begin..).unwrap_or_default();
    let days = Slots::of(recent_at, TimeDelta::days(1), Some(first_midnight))?;
    let mut forecasts = Vec::new();
    for series in judged(usage, end) {
        let purchased = series.purchased;
        let samples = series.counts.iter().filter(|count| **count != NOT_COUNTED).count();
        let first = series.counts.iter().position(|count| *count != NOT_COUNTED);
        let Some(first) = first.and_then(|row| usage.at.get(row)) else { continue };
        let recent = Recent { at: recent_at, counts: series.counts.get(begin..).unwrap_or_default(), offset };
        let daily = Daily::of(&days, &recent, recent.day(*first))?;
        forecasts.push(Forecast {
            entitlement: series.entitlement,
            purchased,
            outlook: outlook(&recent, &daily, purchased)?,
            days: u32::try_from(daily.used()).unwrap_or(u32::MAX),
            samples: samples as u64,
            method: method(&daily),
            backtest: backtest(&daily),
        });
    }
    Ok(forecasts)
}

/// What is compared with a purchase.
struct Judged<'a> {
    entitlement: Arc<str>,
    purchased: u32,
    counts: Cow<'a, [u32]>,
}

/// The entitlements with a purchase and samples. Standard users may take Premium seats, so where both were bought the
/// seats of both are compared with the users of both, beside Premium alone.
fn judged(usage: &Usage, end: Instant) -> Vec<Judged<'_>> {
    let of = |name: &str| {
        let series = usage.series.iter().find(|series| *series.entitlement == *name)?;
        Some((series, usage.purchased(name, end)?))
    };
    let both = of(PREMIUM).zip(of(STANDARD));
    let mut out = Vec::new();
    for series in &usage.series {
        let Some(purchased) = usage.purchased(&series.entitlement, end) else { continue };
        if !flex::judged(&series.entitlement) {
            continue;
        }
        out.push(match both {
            Some(((premium, seats), (standard, own))) if *series.entitlement == *STANDARD => Judged {
                entitlement: format!("{PREMIUM}+{STANDARD}").into(),
                purchased: seats.saturating_add(own),
                counts: together(&usage.at, &premium.counts, &standard.counts).into(),
            },
            _ => Judged {
                entitlement: Arc::clone(&series.entitlement),
                purchased,
                counts: series.counts.as_slice().into(),
            },
        });
    }
    out
}

/// The sum of two counts, each of which holds for a report where the other is counted beside it.
fn together(at: &[Instant], one: &[u32], other: &[u32]) -> Vec<u32> {
    let mut last = [(None, 0), (None, 0)];
    let mut sums = Vec::with_capacity(at.len());
    for (at, counts) in at.iter().zip(one.iter().zip(other).map(|(one, other)| [*one, *other])) {
        for (last, count) in last.iter_mut().zip(counts) {
            if count != NOT_COUNTED {
                *last = (Some(*at), count);
            }
        }
        let [one, other] = last;
        let fresh = |of: (Option<Instant>, u32)| of.0.is_some_and(|of| *at - of < REPORT_EVERY_COUNTED);
        let counted = counts.iter().any(|count| *count != NOT_COUNTED) && fresh(one) && fresh(other);
        sums.push(if counted { one.1.saturating_add(other.1).min(NOT_COUNTED - 1) } else { NOT_COUNTED });
    }
    sums
}

/// The samples of one entitlement that a forecast looks at.
struct Recent<'a> {
    at: &'a [Instant],
    counts: &'a [u32],
    /// How far the data's own days are ahead of UTC.
    offset: TimeDelta,
}

impl Recent<'_> {
    /// The number of the day of an instant.
    fn day(&self, at: Instant) -> i64 {
        (ms(at) + self.offset.num_milliseconds()).div_euclid(DAY)
    }

    /// When a day begins.
    fn midnight(&self, day: i64) -> Result<Instant, Error> {
        instant(AT, day * DAY - self.offset.num_milliseconds())
    }

    /// Samples from a row on, `n` of them.
    fn rows(&self, first: usize, n: usize) -> impl Iterator<Item = (Instant, u32)> {
        let rows = self.at.iter().zip(self.counts).skip(first).take(n);
        rows.filter(|(_, count)| **count != NOT_COUNTED).map(|(at, count)| (*at, *count))
    }
}

/// Daily peaks of one entitlement: whole weeks that end with the last day.
struct Daily {
    /// Number of the last day.
    last: i64,
    /// Days from the first with a sample to the last.
    days: usize,
    /// One entry a day, oldest first; `None` without a sample.
    peaks: Vec<Option<f64>>,
    /// First sample and number of samples of the newest days, for the time of day.
    newest: Vec<([u32; 2], u32)>,
}

impl Daily {
    /// `first_day` is the day of the first sample of all.
    fn of(days: &Slots, recent: &Recent<'_>, first_day: i64) -> Result<Self, Error> {
        let peaks = days.peaks(recent.counts);
        let mut counted: Vec<(i64, [u32; 2], u32)> = days
            .numbers
            .iter()
            .zip(&days.spans)
            .zip(&peaks)
            .filter(|(_, peak)| **peak != NOT_COUNTED)
            .map(|((day, span), peak)| (*day, *span, *peak))
            .collect();
        // A table begins and ends within a day: the peak of half a day is not the day's.
        let mut samples: Vec<f64> = counted.iter().map(|(_, [_, samples], _)| f64::from(*samples)).collect();
        let half = model::median(&mut samples).unwrap_or(0.0) / 2.0;
        let is_part = |day: Option<&(i64, [u32; 2], u32)>| day.is_some_and(|day| f64::from(day.1[1]) < half);
        if is_part(counted.last()) {
            counted.pop();
        }
        if is_part(counted.first()) {
            counted.remove(0);
        }
        let (Some((first, ..)), Some((last, ..))) = (counted.first(), counted.last()) else {
            return Ok(Self { last: 0, days: 0, peaks: Vec::new(), newest: Vec::new() });
        };
        let (first, last) = (*first, *last);
        let until_last = |first: i64| usize::try_from(last - first + 1).unwrap_or(0);
        let (days, used) = (until_last(first_day), until_last(first));
        let used = (used / WEEK).min(WEEKS_USED) * WEEK;
        let mut peaks = vec![None; used];
        for (day, _, peak) in counted.iter().rev() {
            let place = usize::try_from(last - day).ok().and_then(|ago| used.checked_sub(ago + 1));
            match place.and_then(|place| peaks.get_mut(place)) {
                Some(slot) => *slot = Some(f64::from(*peak)),
                None => break,
            }
        }
        let newest = counted.iter().rev().take(4 * WEEK).map(|(_, span, peak)| (*span, *peak)).collect();
        Ok(Self { last, days, peaks, newest })
    }

    /// Days with a peak among those that are used.
    fn used(&self) -> usize {
        self.peaks.iter().flatten().count()
    }

    /// Four weeks, three quarters of them with samples.
    fn is_enough(&self) -> bool {
        self.peaks.len() >= NEEDED_DAYS as usize && self.used() * 4 >= self.peaks.len() * 3
    }

    fn horizon_days(&self) -> usize {
        HORIZON_DAYS.min(self.days.saturating_mul(4))
    }
}

fn outlook(recent: &Recent<'_>, daily: &Daily, purchased: u32) -> Result<Outlook, Error> {
    if let Some(since) = exceeded_in_newest_week(recent, purchased) {
        return Ok(Outlook::Already { since });
    }
    let not_enough = Outlook::NotEnough { needed_days: NEEDED_DAYS };
    let Some(model) = Some(&daily.peaks).filter(|_| daily.is_enough()).and_then(|peaks| Model::fit(peaks))
    else {
        return Ok(not_enough);
    };
    let horizon_days = daily.horizon_days();
    // Days ahead count from 0: the day after the last.
    let ahead = |days: usize| daily.last + 1 + i64::try_from(days).unwrap_or(i64::MAX / DAY / 2);
    let horizon = recent.midnight(ahead(horizon_days))?;
    let per_week = model.peak_per_week();
    let mut crossings = Vec::with_capacity(FUTURES);
    model.futures(FUTURES, horizon_days, |mut path| {
        let exceeds = |peak| peak > f64::from(purchased);
        crossings.push(Iterator::position(&mut path, exceeds).unwrap_or(usize::MAX));
    });
    crossings.sort_unstable();
    let at = |share: usize| {
        let rank = (crossings.len() * share / 100).min(crossings.len().saturating_sub(1));
        crossings.get(rank).copied().filter(|days| *days != usize::MAX)
    };
    let Some(earliest) = at(10) else { return Ok(Outlook::NotBefore { per_week, horizon }) };
    let peak_time = peak_time(recent, daily);
    let on = |days: usize, time: i64| instant(AT, ms(recent.midnight(ahead(days))?) + time);
    // The interval covers its first and its last day whole.
    let clamp = |at: Instant| at.min(horizon);
    Ok(Outlook::Crosses {
        earliest: Some(clamp(on(earliest, 0)?)),
        expected: at(50).map(|days| on(days, peak_time)).transpose()?.map(clamp),
        latest: at(90).map(|days| on(days, DAY - 1)).transpose()?.map(clamp),
        per_week,
        horizon,
    })
}

/// The first sample of the newest seven days that exceeds the purchase.
fn exceeded_in_newest_week(recent: &Recent<'_>, purchased: u32) -> Option<Instant> {
    let newest = *recent.at.last()?;
    let begin = recent.at.partition_point(|at| newest - *at > TimeDelta::days(7));
    recent.rows(begin, usize::MAX).find(|(_, count)| *count > purchased).map(|(at, _)| at)
}

/// The usual time of day of the peak, in milliseconds since midnight: the median of the newest four weeks.
fn peak_time(recent: &Recent<'_>, daily: &Daily) -> i64 {
    let mut times: Vec<f64> = daily
        .newest
        .iter()
        .filter(|(_, peak)| *peak > 0)
        .filter_map(|([first, n], peak)| {
            recent.rows(*first as usize, *n as usize).find(|(_, count)| count == peak).map(|(at, _)| at)
        })
        .map(|at| (ms(at) + recent.offset.num_milliseconds()).rem_euclid(DAY) as f64)
        .collect();
    model::median(&mut times).unwrap_or(DAY as f64 / 2.0) as i64
}

/// How far the data's own days are ahead of UTC: by the first row of a table, which holds both. Summer time moves a
/// midnight by an hour, and no peak lies there.
fn offset(usage: &Usage) -> TimeDelta {
    let ahead = usage.rows.iter().zip(&usage.at).find_map(|(cite, at)| {
        let Cite::Row { table, row } = cite else { return None };
        let stamp = usage.tables.get(*table as usize)?.1.rows.get(*row as usize)?.stamp;
        let year = stamp.year.unwrap_or(chrono::Datelike::year(at));
        Some(stamp.civil(year)? - at.naive_utc())
    });
    ahead.filter(|ahead| ahead.abs() <= TimeDelta::hours(15)).unwrap_or(TimeDelta::zero())
}

/// Forecasts a week from the weeks before it, for the newest weeks.
fn backtest(daily: &Daily) -> Option<Backtest> {
    let (futures, origins) = BACKTEST;
    let needed = NEEDED_DAYS as usize;
    let (mut days, mut within, mut error) = (0, 0, 0.0);
    for weeks_ago in 1..=origins {
        let known = daily.peaks.len().checked_sub(weeks_ago * WEEK).filter(|known| *known >= needed);
        let Some((before, after)) = known.and_then(|known| daily.peaks.split_at_checked(known)) else {
            break;
        };
        let Some(model) = Model::fit(before) else { continue };
        let mut drawn = vec![Vec::new(); WEEK];
        model.futures(futures, WEEK, |path| {
            for (day, peak) in drawn.iter_mut().zip(path) {
                day.push(peak);
            }
        });
        for (drawn, seen) in drawn.iter_mut().zip(after) {
            let Some(seen) = *seen else { continue };
            drawn.sort_unstable_by(f64::total_cmp);
            let at = |share: usize| drawn.get(drawn.len() * share / 100).copied().unwrap_or(f64::NAN);
            days += 1;
            within += u32::from((at(10)..=at(90)).contains(&seen));
            error += (at(50) - seen).abs();
        }
    }
    (days > 0).then(|| Backtest { days, within, mean_error: error / f64::from(days) })
}

fn method(daily: &Daily) -> String {
    let weeks = daily.peaks.len() / WEEK;
    format!(
        "Daily peaks of the newest {weeks} weeks: the median of each day of the week, times a trend by the median \
         of all slopes between weeks (Theil and Sen); {FUTURES} futures drawn from the deviations of weeks and days, \
         each about a trend redrawn with them; the interval holds 80 % of their first days above the purchase."
    )
}
