//! Phrases about usage that every report for people shares: sums, rules beside the logs, readings, forecasts.

use chrono::TimeDelta;

use crate::chance;
use crate::check::{brief, listed};
use crate::report::{
    Amount, Compared, EntitlementUse, Forecast, OutlookKind, ProductInstance, Reading, ReadingFit, Regime,
    Replay, Report, Usage, UsageClock,
};
use crate::show::words::{n, state};
use crate::time::{Time, Zone, relative, spell};

/// The last chance before Out of Compliance as a sentence; `None` where no countdown runs.
pub(crate) fn last_chance(report: &Report, instance: &ProductInstance) -> Option<String> {
    let (of, Time(as_of)) = (instance.reversible.as_ref()?, report.as_of?);
    let says = chance::sentence(of.count, of.of, of.until.0, of.until_latest.map(|Time(at)| at), as_of);
    Some(match instance.release.regime {
        Regime::Unknown => format!("if the counted rules hold for this release: {says}"),
        Regime::Counted | Regime::Immediate => says,
    })
}

/// `5 samples from 2026-04-02 10:00:00 +05:30 to 2026-04-02 11:00:00 +05:30`.
pub(crate) fn extent(usage: &Usage, zone: Zone) -> String {
    let samples = n(usage.samples.unwrap_or(0), "sample");
    match (usage.from, usage.to) {
        (Some(Time(from)), Some(Time(to))) if from < to => {
            format!("{samples} from {} to {}", zone.show(from), zone.show(to))
        }
        (Some(Time(at)), _) => format!("{samples} at {}", zone.show(at)),
        (None, _) => samples,
    }
}

/// `100 purchased [given], peak 130 at 2026-04-02 10:30:00 +05:30 in overage, last report 115`.
pub(crate) fn counts(of: &EntitlementUse, zone: Zone) -> String {
    let purchased = match (of.purchased, of.purchased_basis) {
        (Some(count), Some(basis)) => format!("{count} purchased [{}]", basis.name()),
        (Some(count), None) => format!("{count} purchased"),
        (None, _) => "the number purchased is not known".to_owned(),
    };
    let last = of.last.map(|last| format!(", last report {last}")).unwrap_or_default();
    match peak(of, zone) {
        Some(peak) => format!("{purchased}, {peak}{last}"),
        None => format!("{purchased}, no sample"),
    }
}

/// `peak 130 at 2026-04-02 10:30:00 +05:30 in overage`; `None` without samples.
pub(crate) fn peak(of: &EntitlementUse, zone: Zone) -> Option<String> {
    let at = of.peak_at.map(|Time(at)| format!(" at {}", zone.show(at))).unwrap_or_default();
    let within = of.peak_state.as_deref().map(|name| format!(" in {}", state_then(name))).unwrap_or_default();
    Some(format!("peak {}{at}{within}", of.peak?))
}

/// A state of the rule, as Cisco writes it. That an overage can still be undone is about now, not about then.
pub(crate) fn state_then(name: &str) -> String {
    match name {
        "overage" => name.to_owned(),
        "out_of_compliance" => "Out of Compliance".to_owned(),
        "in_compliance" => "In Compliance".to_owned(),
        other => state(other),
    }
}

/// `130 locked − 100 purchased = 30 to buy`; `None` where nothing is known.
pub(crate) fn to_buy(of: &EntitlementUse) -> Option<String> {
    let deficit = of.deficit?;
    let (used, what) = match (of.locked, of.last) {
        (Some(locked), _) => (locked, "locked"),
        (None, Some(last)) => (last, "in the last report"),
        (None, None) => return Some(format!("{deficit} to buy")),
    };
    Some(match of.purchased {
        Some(_) if deficit == 0 => "none to buy".to_owned(),
        Some(purchased) if purchased.checked_add(deficit) == Some(used) => {
            format!("{used} {what} − {purchased} purchased = {deficit} to buy")
        }
        Some(_) | None => format!("{deficit} to buy"),
    })
}

/// Why times of usage may be off; `None` where each row writes its own.
pub(crate) fn clock(usage: &Usage) -> Option<String> {
    let zone = match usage.clock {
        UsageClock::Written => None,
        UsageClock::Given => Some("times taken in the zone that --usage-tz or --tz gives"),
        UsageClock::NodeZone => Some("times taken in the zone of the nodes"),
        UsageClock::AssumedUtc => Some("times taken as UTC: nothing says the zone (--usage-tz)"),
    };
    let all: Vec<&str> = zone.into_iter().chain(usage.assumed.iter().map(String::as_str)).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// `30 PREMIUM and 5 STANDARD`.
pub(crate) fn amounts(of: &[Amount]) -> String {
    let named: Vec<String> =
        of.iter().map(|amount| format!("{} {}", amount.count, brief(&amount.entitlement))).collect();
    listed(&named)
}

/// Over-usages in a row that lead into Out of Compliance by a reading.
fn over_usages(reading: Reading) -> u32 {
    match reading {
        Reading::At45 => history::policy::Reading::At45.over_usages(),
        Reading::At60 => history::policy::Reading::At60.over_usages(),
    }
}

/// A reading in words: `5 over-usages in a row`.
pub(crate) fn reading(reading: Reading) -> String {
    format!("{} over-usages in a row", over_usages(reading))
}

/// The rule of a replay in words.
pub(crate) fn rule(replay: &Replay) -> String {
    match (replay.regime, replay.reading) {
        (_, Some(which)) => reading(which),
        (Regime::Immediate, None) => "at once, when CSSM says so".to_owned(),
        (Regime::Counted | Regime::Unknown, None) => "over-usages in a row".to_owned(),
    }
}

/// Whether a rule fits the logs: `agrees with the logs (2 of 2)`.
pub(crate) fn verdict(replay: &Replay) -> String {
    let comparable = replay.compared.iter().filter(|pair| pair.comparable);
    let (agreeing, all) =
        comparable.fold((0, 0), |(agreeing, all), pair| (agreeing + usize::from(pair.agrees), all + 1));
    match (agreeing, all) {
        (_, 0) => "nothing in the logs to compare".to_owned(),
        (agreeing, all) if agreeing == all => format!("agrees with the logs, {agreeing} of {all}"),
        (agreeing, all) => format!("differs from the logs, {} of {all}", all - agreeing),
    }
}

/// One entry into Out of Compliance by the rule and by the logs.
pub(crate) fn compared(pair: &Compared, zone: Zone) -> String {
    let judged = match (pair.comparable, pair.agrees) {
        (true, true) => ": agree",
        (true, false) => ": differ",
        (false, _) => ": not covered by logs or usage",
    };
    match (pair.predicted, pair.logged, pair.difference_s) {
        (Some(Time(rule)), Some(_), Some(by_s)) => {
            let by = match by_s {
                0 => "at the same time".to_owned(),
                s if 0 < s => format!("{} later", spell(TimeDelta::seconds(s))),
                s => format!("{} earlier", spell(TimeDelta::seconds(s))),
            };
            format!("due {}, logged {by}{judged}", zone.show(rule))
        }
        (Some(Time(rule)), ..) => format!("due {}, in no log{judged}", zone.show(rule)),
        (None, Some(Time(line)), _) => {
            format!("logged {}, not due by usage{judged}", zone.show(line))
        }
        (None, None, _) => "an entry without a time".to_owned(),
    }
}

/// What holds at the end of a replay; with what it locks and lacks where `sums`.
pub(crate) fn at_the_end(replay: &Replay, zone: Zone, sums: bool) -> Option<String> {
    let last = replay.path.last()?;
    let Time(since) = last.expected;
    let mut text = format!("last: {} since {}", state_then(&last.state), zone.show(since));
    if 0 < replay.count {
        let of = over_usages(replay.reading.unwrap_or(Reading::At60));
        text.push_str(&format!(", over-usage {} of {of}", replay.count));
    }
    if sums && !replay.locked.is_empty() {
        text.push_str(&format!(", {} locked", amounts(&replay.locked)));
    }
    if sums && !replay.lacking.is_empty() {
        text.push_str(&format!(", {} to buy", amounts(&replay.lacking)));
    }
    if !last.determined {
        text.push_str(" (a report before it is missing, so the rule does not decide it)");
    }
    Some(text)
}

/// Which reading the countdowns fit: the newest in full, the others counted; `None` without any.
pub(crate) fn readings(fits: &[ReadingFit], zone: Zone) -> Option<String> {
    let newest = fits.last()?;
    let mut text = one_reading(newest, zone);
    let others = fits.len() - 1;
    if 0 < others {
        let same = fits.iter().filter(|fit| fit.fits == newest.fits).count() - 1;
        text.push_str(&format!(
            "; {same} of {} before it {} the same",
            others,
            if same == 1 { "says" } else { "say" }
        ));
    }
    Some(text)
}

/// One countdown and the reading it fits.
pub(crate) fn one_reading(fit: &ReadingFit, zone: Zone) -> String {
    let fits = match fit.fits {
        Some(which) => format!("fits {}", reading(which)),
        None => "fits neither published reading".to_owned(),
    };
    let after = spell(TimeDelta::seconds(fit.elapsed_s));
    format!("{fits}: Out of Compliance {after} after the first warning, {}", zone.show(fit.first.0))
}

/// A forecast as a sentence.
pub(crate) fn forecast(of: &Forecast, report: &Report, zone: Zone) -> String {
    let name = brief(&of.entitlement);
    let purchased = of.purchased;
    let day = |at: Option<Time>| at.map(|Time(at)| zone.day(at));
    let beyond = || format!("after {}", day(of.horizon).unwrap_or_else(|| "the horizon".to_owned()));
    let bound = |at: Option<Time>| day(at).unwrap_or_else(beyond);
    let says = match of.outlook {
        OutlookKind::NotEnough => {
            let needed = of.needed_days.map(|days| format!(", {days} needed")).unwrap_or_default();
            return format!("{name}: not enough data: {}{needed}", n(of.days.into(), "day"));
        }
        OutlookKind::Already => {
            let since = of.since.map(|Time(at)| format!(" {}", zone.show(at))).unwrap_or_default();
            format!("more than the {purchased} purchased were in use in the newest week, first{since}")
        }
        OutlookKind::Crosses => {
            let ahead = match (of.expected, report.as_of) {
                (Some(Time(at)), Some(Time(as_of))) => format!(" ({})", relative(at, as_of)),
                _ => String::new(),
            };
            let about = if of.expected.is_some() { "about " } else { "" };
            format!(
                "the daily peak exceeds the {purchased} purchased {about}{}{ahead}, 80 % interval {} to {}",
                bound(of.expected),
                bound(of.earliest),
                bound(of.latest)
            )
        }
        OutlookKind::NotBefore => format!(
            "not expected to exceed the {purchased} purchased before {}",
            day(of.horizon).unwrap_or_else(|| "the horizon".to_owned())
        ),
    };
    let growth = of.per_week.map(|by| match by.value() {
        by if by < 0.0 => format!("{by} a week, "),
        by => format!("+{by} a week, "),
    });
    format!(
        "{name}: {says} ({}{}, {})",
        growth.unwrap_or_default(),
        n(of.days.into(), "day"),
        n(of.samples, "sample")
    )
}

/// How a forecast was made and how it did on its own past; empty where it was not made.
pub(crate) fn method(of: &Forecast) -> String {
    let past = of.backtest.as_ref().map(|past| {
        let error = past.mean_error.map(|by| format!(", off by {by} on average")).unwrap_or_default();
        format!("; on its own past {} of {} days within the interval{error}", past.within, past.days)
    });
    match of.outlook {
        OutlookKind::NotEnough | OutlookKind::Already => String::new(),
        OutlookKind::Crosses | OutlookKind::NotBefore => {
            format!("{}{}", of.method.trim_end_matches('.'), past.unwrap_or_default())
        }
    }
}

/// The sentence with a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use history::usage::Outlook;

    use super::*;
    use crate::testing::*;

    fn instance() -> ProductInstance {
        report(&scenario().0).product_instances.remove(0)
    }

    #[test]
    fn the_sum_is_told_only_where_it_comes_out() {
        let usage = instance().usage.unwrap();
        let mut of = usage.entitlements[0].clone();
        assert_eq!(to_buy(&of).unwrap(), "130 locked − 100 purchased = 30 to buy");
        of.deficit = Some(7);
        assert_eq!(to_buy(&of).unwrap(), "7 to buy");
        (of.locked, of.deficit) = (None, Some(15));
        assert_eq!(to_buy(&of).unwrap(), "115 in the last report − 100 purchased = 15 to buy");
        of.deficit = Some(0);
        assert_eq!(to_buy(&of).unwrap(), "none to buy");
        of.deficit = None;
        assert_eq!(to_buy(&of), None);
    }

    #[test]
    fn a_rule_stands_beside_the_logs() {
        let usage = instance().usage.unwrap();
        let [at_45, at_60] = usage.replays.as_slice() else { panic!("two readings") };
        assert_eq!(rule(at_60), "5 over-usages in a row");
        assert_eq!(verdict(at_60), "agrees with the logs, 1 of 1");
        assert_eq!(verdict(at_45), "differs from the logs, 1 of 1");
        let zone = Zone::parse("+05:30");
        let says = compared(&at_45.compared[0], zone);
        assert_eq!(says, "due 2026-04-02 10:45:00 +05:30, logged 15 min later: differ");
        let end = at_the_end(at_60, zone, true).unwrap();
        assert_eq!(
            end,
            "last: Out of Compliance since 2026-04-02 11:00:00 +05:30, 130 PREMIUM locked, 30 PREMIUM to buy"
        );
    }

    #[test]
    fn a_forecast_tells_interval_growth_and_data() {
        let (mut facts, _) = scenario();
        let mut said = |outlook| {
            one(&mut facts).consumption.as_mut().unwrap().forecasts = vec![forecast_of(outlook)];
            let report = report(&facts);
            let of = &report.product_instances[0].usage.as_ref().unwrap().forecasts[0];
            (forecast(of, &report, Zone::Utc), method(of))
        };
        assert_eq!(
            said(Outlook::NotEnough { needed_days: 14 }).0,
            "PREMIUM: not enough data: 1 day, 14 needed"
        );
        let (says, how) = said(Outlook::Crosses {
            earliest: Some(at("2026-05-01T00:00:00Z")),
            expected: Some(at("2026-05-10T00:00:00Z")),
            latest: None,
            per_week: 1.0 / 3.0,
            horizon: at("2026-10-01T00:00:00Z"),
        });
        assert_eq!(
            says,
            "PREMIUM: the daily peak exceeds the 100 purchased about 2026-05-10 (in 36 d 20 h), 80 % interval 2026-05-01 \
             to after 2026-10-01 (+0.33 a week, 60 days, 5,760 samples)"
        );
        assert!(
            how.ends_with("on its own past 24 of 28 days within the interval, off by 2.13 on average"),
            "{how}"
        );
    }
}
