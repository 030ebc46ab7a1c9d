//! Usage on the screen: what was purchased and used, the rules beside the logs, the forecast.

use std::fmt;

use super::{LISTED_MAX, TEXT, label, more};
use crate::report::{EntitlementStated, EntitlementUse, ProductInstance, Regime, Replay, Report, Usage};
use crate::show::layout::{BOLD, DIM, PLAIN, Screen, WARN};
use crate::show::usage::{
    at_the_end, clock, compared, counts, extent, forecast, last_chance, method, peak, readings, rule,
    state_then, to_buy, verdict,
};
use crate::show::words::{cite, n, zone};
use crate::time::Time;

/// Most entitlements that a screen lists: more than any license type has.
const ENTITLEMENTS_MAX: usize = 10;

/// Most changes and comparisons of one rule that a screen has room for.
const PATH_MAX: usize = 2;

/// Whether lower usage still helps; stands with the state, for it is what a reader can do.
pub(super) fn chance(screen: &mut Screen<'_>, report: &Report, instance: &ProductInstance) -> fmt::Result {
    match last_chance(report, instance) {
        Some(says) => screen.row(2, TEXT + 2, ("Last chance", WARN), (&says, BOLD)),
        None => Ok(()),
    }
}

/// The section; nothing where nothing is known.
pub(super) fn section(screen: &mut Screen<'_>, report: &Report, instance: &ProductInstance) -> fmt::Result {
    let stated = newest(&instance.entitlements_stated);
    if instance.usage.is_none()
        && instance.readings.is_empty()
        && stated.is_empty()
        && instance.license_type.is_none()
    {
        return Ok(());
    }
    let zone = zone(instance);
    screen.blank()?;
    match &instance.usage {
        Some(usage) => {
            screen.para(2, &format!("Usage: {}", extent(usage, zone)), BOLD)?;
            entitlements(screen, instance, usage)?;
            if let Some(clock) = clock(usage) {
                label(screen, "Clock", &clock)?;
            }
            replays(screen, instance, usage)?;
        }
        None => screen.para(2, "Usage: not known", BOLD)?,
    }
    if let Some(fits) = readings(&instance.readings, zone) {
        label(screen, "Countdown", &fits)?;
    }
    let mut title = "Stated";
    for said in stated.iter().take(LISTED_MAX) {
        let count = said.count.map(|count| format!(" {count}")).unwrap_or_default();
        let status = said.status.as_deref().map(|status| format!(", {status}")).unwrap_or_default();
        let line = said.evidence.first().map(|line| format!(" ({})", cite(report, line))).unwrap_or_default();
        label(screen, title, &format!("{}{count}{status}{line}", said.name))?;
        title = "";
    }
    more(screen, stated.len())?;
    if let Some(found) = &instance.license_type {
        label(screen, "License type", &found.name)?;
    }
    let forecasts = instance.usage.iter().flat_map(|usage| &usage.forecasts);
    let mut title = "Forecast";
    for of in forecasts.clone().take(LISTED_MAX) {
        label(screen, title, &forecast(of, report, zone))?;
        let how = method(of);
        if !how.is_empty() {
            screen.row(2, TEXT + 2, ("", DIM), (&how, DIM))?;
        }
        title = "";
    }
    more(screen, forecasts.count())
}

/// The newest word of the outputs on each entitlement.
fn newest(stated: &[EntitlementStated]) -> Vec<&EntitlementStated> {
    let mut newest: Vec<&EntitlementStated> = Vec::new();
    for said in stated {
        newest.retain(|other| other.entitlement != said.entitlement);
        newest.push(said);
    }
    newest
}

fn entitlements(screen: &mut Screen<'_>, instance: &ProductInstance, usage: &Usage) -> fmt::Result {
    let zone = zone(instance);
    let of_all = &usage.entitlements;
    if let [only] = of_all.as_slice() {
        label(screen, &only.entitlement, &counts(only, zone))?;
        if let Some(sum) = to_buy(only) {
            screen.row(2, TEXT + 2, ("", PLAIN), (&sum, BOLD))?;
        }
        return Ok(());
    }
    let cell = |count: Option<u32>| count.map_or("–".to_owned(), |count| count.to_string());
    let row = |of: &EntitlementUse| {
        let cells = [of.purchased, of.peak, of.last, of.locked, of.deficit].map(cell);
        [vec![of.entitlement.to_string()], cells.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = of_all.iter().take(ENTITLEMENTS_MAX).map(row).collect();
    if !rows.is_empty() {
        screen.table(4, &["", "purchased", "peak", "last", "locked", "to buy"], &rows)?;
    }
    if let Some(rest) = of_all.len().checked_sub(ENTITLEMENTS_MAX).filter(|rest| 0 < *rest) {
        screen.para(4, &format!("and {rest} more: -o report.md lists all"), PLAIN)?;
    }
    let lacking: Vec<&EntitlementUse> =
        of_all.iter().filter(|of| of.deficit.is_some_and(|deficit| 0 < deficit)).collect();
    let mut title = "To buy";
    for of in lacking.iter().take(LISTED_MAX) {
        let sum = to_buy(of).unwrap_or_default();
        screen.row(2, TEXT + 2, (title, DIM), (&format!("{}: {sum}", of.entitlement), BOLD))?;
        title = "";
    }
    let mut title = "Peaks";
    for of in of_all.iter().filter(|of| 0 < of.peak.unwrap_or(0)).take(LISTED_MAX) {
        if let Some(peak) = peak(of, zone) {
            label(screen, title, &format!("{}: {}", of.entitlement, peak.trim_start_matches("peak ")))?;
            title = "";
        }
    }
    Ok(())
}

/// What the rules say beside what the logs say.
fn replays(screen: &mut Screen<'_>, instance: &ProductInstance, usage: &Usage) -> fmt::Result {
    let mut title = "By the rule";
    if instance.release.regime == Regime::Unknown && !usage.replays.is_empty() {
        label(screen, title, "the release is not known: every rule, no choice")?;
        title = "";
    }
    // What fits the logs comes first; of what does not, the verdict is enough where something else fits.
    let fits = |replay: &&Replay| {
        let mut comparable = replay.compared.iter().filter(|pair| pair.comparable).peekable();
        comparable.peek().is_some() && comparable.all(|pair| pair.agrees)
    };
    let (fitting, others): (Vec<&Replay>, Vec<&Replay>) = usage.replays.iter().partition(fits);
    for replay in fitting.iter().chain(&others) {
        label(screen, title, &format!("{}: {}", rule(replay), verdict(replay)))?;
        title = "";
        details(screen, instance, replay, fitting.is_empty() || fits(replay))?;
    }
    Ok(())
}

/// The entries into Out of Compliance beside those of the logs, or the path; `whole` with the end of it.
fn details(screen: &mut Screen<'_>, instance: &ProductInstance, replay: &Replay, whole: bool) -> fmt::Result {
    let zone = zone(instance);
    let mut point = |text: &str| screen.row(TEXT + 2, TEXT + 4, ("·", DIM), (text, PLAIN));
    let left_out = |all: usize| all.saturating_sub(PATH_MAX) as u64;
    if replay.compared.is_empty() {
        // The end stands in a point of its own.
        let before = replay.path.split_last().map(|(_, before)| before).unwrap_or_default();
        if 0 < left_out(before.len()) {
            point(&format!("{} before: -o report.json holds all", n(left_out(before.len()), "change")))?;
        }
        for change in before.iter().rev().take(PATH_MAX).rev() {
            let Time(at) = change.expected;
            point(&format!("{} from {}", state_then(&change.state), zone.show(at)))?;
        }
    }
    // A difference says more than an agreement, the newest most.
    let mut pairs: Vec<_> = replay.compared.iter().rev().collect();
    pairs.sort_by_key(|pair| pair.agrees || !pair.comparable);
    for pair in pairs.iter().take(PATH_MAX) {
        point(&compared(pair, zone))?;
    }
    if 0 < left_out(pairs.len()) {
        point(&format!("{} more: -o report.json holds all", left_out(pairs.len())))?;
    }
    // With one rule, what it locks and lacks stands above.
    match at_the_end(replay, zone, instance.release.regime == Regime::Unknown).filter(|_| whole) {
        Some(end) => point(&end),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use history::facts::{Evidence, Facts, ReadingFit};
    use history::policy::Reading;
    use history::usage::{Outlook, UsageClock};

    use crate::render::Options;
    use crate::testing::*;

    fn shown(facts: &Facts, width: usize) -> String {
        let mut out = String::new();
        super::super::render(&report(facts), &mut out, &Options { width, ..Options::default() }).unwrap();
        out
    }

    #[track_caller]
    fn holds(screen: &str, parts: &[&str]) {
        for part in parts {
            assert!(screen.contains(part), "{part:?} is not in\n{screen}");
        }
    }

    /// Cisco's scenario with everything around it.
    fn full() -> Facts {
        let (mut facts, _) = scenario();
        let instance = one(&mut facts);
        instance.readings = vec![ReadingFit {
            first: ago(22 * 60 + 60),
            entered: ago(22 * 60),
            fits: Some(Reading::At60),
            evidence: Evidence::one(origin(14, "said")),
        }];
        instance.usage.as_mut().unwrap().clock = UsageClock::AssumedUtc;
        facts
    }

    #[test]
    fn ciscos_scenario_is_told_with_its_sum() {
        let screen = shown(&full(), 80);
        holds(
            &screen,
            &[
                "\n  Usage: 5 samples from 2026-04-02 10:00:00 +05:30 to 2026-04-02 11:00:00 +05:30\n",
                "\n  PREMIUM         100 purchased [given], peak 130 at 2026-04-02 10:30:00 +05:30\n",
                "\n                  130 locked − 100 purchased = 30 to buy\n",
                "\n  By the rule     5 over-usages in a row: agrees with the logs, 1 of 1\n",
                "\n  Clock           times taken as UTC: nothing says the zone (--usage-tz)\n",
                "PREMIUM: not enough data: 1 day, 14 needed",
                "\n  Countdown       fits 5 over-usages in a row: ",
            ],
        );
    }

    #[test]
    fn several_entitlements_stand_in_a_table() {
        let mut facts = full();
        let found = one(&mut facts).consumption.as_mut().unwrap();
        let mut standard = found.entitlements[0].clone();
        standard.entitlement = "STANDARD".into();
        (standard.purchased, standard.locked, standard.deficit) = (None, None, None);
        found.entitlements.push(standard);
        found.forecasts = vec![forecast_of(Outlook::Crosses {
            earliest: Some(at("2026-05-01T00:00:00Z")),
            expected: Some(at("2026-05-10T00:00:00Z")),
            latest: None,
            per_week: 1.25,
            horizon: at("2026-10-01T00:00:00Z"),
        })];
        for width in [60, 80, 160] {
            let screen = shown(&facts, width);
            holds(
                &screen,
                &[
                    "\n              purchased  peak  last  locked  to buy\n",
                    "\n    PREMIUM         100   130   115     130      30\n",
                    "\n    STANDARD          –   130   115       –       –\n",
                    "PREMIUM: 130 locked − 100 purchased = 30",
                ],
            );
        }
    }

    #[test]
    fn a_long_path_is_bounded_and_says_so() {
        let mut facts = facts();
        let counts: Vec<u32> = (0..4_001).map(|i| if i % 2 == 0 { 90 } else { 110 }).collect();
        use_of_hundred(&mut facts, &counts, ago(5));
        let screen = shown(&facts, 80);
        holds(&screen, &["· 3,998 changes before: -o report.json holds all\n"]);
        assert!(screen.lines().count() < 80, "{screen}");
    }

    #[test]
    fn an_unknown_release_shows_both_rules_and_chooses_none() {
        let mut facts = full();
        one(&mut facts).release.regime = history::policy::Regime::Unknown;
        holds(&shown(&facts, 80), &["By the rule     the release is not known: every rule, no choice\n"]);
    }

    #[test]
    fn the_last_chance_stands_with_the_state() {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[90, 110, 120], ago(5));
        let screen = shown(&facts, 80);
        holds(&screen, &["\n  Last chance     over-usage 2 of 5; 25 min left in which logging agents out\n"]);
    }
}
