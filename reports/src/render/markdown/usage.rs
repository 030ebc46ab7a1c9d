//! Usage in Markdown: the same as on the screen, with the path of each rule and the lines behind every number.

use std::fmt;

use super::{Page, ROWS_MAX, prose, shown};
use crate::escape::code;
use crate::report::{ProductInstance, Regime, Replay, Usage};
use crate::show::usage::{
    amounts, at_the_end, capital, clock, compared, extent, forecast, last_chance, method, one_reading, peak,
    rule, state_then, to_buy, verdict,
};
use crate::show::words::zone;

/// Most changes of one rule's path: each cites a line, and a path has as many as there are days with over-use.
const PATH_MAX: usize = 50;

impl<'a> Page<'a, '_> {
    /// Whether lower usage still helps.
    pub(super) fn chance(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        match last_chance(self.report, instance) {
            Some(says) => writeln!(self.out, "**Last chance:** {}\n", prose(&says)),
            None => Ok(()),
        }
    }

    /// The section; nothing where nothing is known.
    pub(super) fn usage(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        let nothing = instance.usage.is_none()
            && instance.readings.is_empty()
            && instance.entitlements_stated.is_empty()
            && instance.license_type.is_none();
        if nothing {
            return Ok(());
        }
        writeln!(self.out, "### Usage\n")?;
        if let Some(usage) = &instance.usage {
            self.entitlements(instance, usage)?;
            self.replays(instance, usage)?;
            self.forecasts(instance, usage)?;
        }
        self.stated(instance)
    }

    fn entitlements(&mut self, instance: &'a ProductInstance, usage: &'a Usage) -> fmt::Result {
        let zone = zone(instance);
        writeln!(self.out, "{}.", prose(&extent(usage, zone)))?;
        if let Some(clock) = clock(usage) {
            writeln!(self.out, "Clock: {}.", prose(&clock))?;
        }
        self.out.write_char('\n')?;
        if !usage.entitlements.is_empty() {
            self.table(&["entitlement", "purchased", "peak", "last report", "locked", "to buy", "lines"])?;
            let cell = |count: Option<u32>| count.map_or("–".to_owned(), |count| count.to_string());
            for of in usage.entitlements.iter().take(ROWS_MAX) {
                let lines = self.cited.cite(&of.evidence);
                let basis = of.purchased_basis.map(|basis| format!(" {}", basis.name())).unwrap_or_default();
                let peak = peak(of, zone).unwrap_or_default();
                self.row(&[
                    code(&of.entitlement),
                    format!("{}{basis}", cell(of.purchased)),
                    prose(peak.trim_start_matches("peak ")),
                    cell(of.last),
                    cell(of.locked),
                    prose(&to_buy(of).unwrap_or_else(|| "–".to_owned())),
                    lines,
                ])?;
            }
            self.more(usage.entitlements.len())?;
        }
        if usage.purchases.is_empty() {
            return Ok(());
        }
        self.table(&["purchased", "entitlement", "since", "basis", "lines"])?;
        for purchase in usage.purchases.iter().take(ROWS_MAX) {
            let lines = self.cited.cite(&purchase.evidence);
            self.row(&[
                purchase.count.to_string(),
                code(&purchase.entitlement),
                shown(zone, purchase.since, "–"),
                purchase.basis.name().to_owned(),
                lines,
            ])?;
        }
        self.more(usage.purchases.len())
    }

    fn replays(&mut self, instance: &'a ProductInstance, usage: &'a Usage) -> fmt::Result {
        if usage.replays.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "### By the rule\n")?;
        if instance.release.regime == Regime::Unknown {
            writeln!(self.out, "The release is not known: every rule that may hold, and no choice.\n")?;
        }
        for replay in &usage.replays {
            self.replay(instance, replay)?;
        }
        Ok(())
    }

    fn replay(&mut self, instance: &'a ProductInstance, replay: &'a Replay) -> fmt::Result {
        let zone = zone(instance);
        let title = format!("{}: {}", rule(replay), verdict(replay));
        writeln!(self.out, "**{} rules, {}**\n", replay.regime.name(), prose(&title))?;
        for pair in replay.compared.iter().take(PATH_MAX) {
            let lines = self.cited.cite(&pair.evidence);
            writeln!(self.out, "- Out of Compliance {}, lines {lines}", prose(&compared(pair, zone)))?;
        }
        if let Some(end) = at_the_end(replay, zone, true) {
            writeln!(self.out, "- {}", prose(&capital(&end)))?;
        }
        if !replay.lacking.is_empty() && replay.path.is_empty() {
            writeln!(self.out, "- To buy: {}", prose(&amounts(&replay.lacking)))?;
        }
        self.out.write_char('\n')?;
        self.left_out(replay.compared.len(), PATH_MAX)?;
        if replay.path.is_empty() {
            return Ok(());
        }
        self.table(&["state by the rule", "from", "not before", "not after", "decided", "lines"])?;
        // The newest say most about now.
        let n_before = replay.path.len().saturating_sub(PATH_MAX);
        for change in replay.path.iter().skip(n_before) {
            let lines = self.cited.cite(&change.evidence);
            self.row(&[
                prose(&state_then(&change.state)),
                zone.show(change.expected.0),
                zone.show(change.earliest.0),
                zone.show(change.latest.0),
                if change.determined { "yes" } else { "no, a report is missing" }.to_owned(),
                lines,
            ])?;
        }
        match n_before {
            0 => self.out.write_char('\n'),
            n => writeln!(self.out, "\n{n} before these in the JSON report.\n"),
        }
    }

    fn forecasts(&mut self, instance: &'a ProductInstance, usage: &'a Usage) -> fmt::Result {
        if usage.forecasts.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "### Forecast\n")?;
        for of in usage.forecasts.iter().take(ROWS_MAX) {
            writeln!(self.out, "- {}", prose(&forecast(of, self.report, zone(instance))))?;
            let how = method(of);
            if !how.is_empty() {
                writeln!(self.out, "  - Method: {}", prose(&how))?;
            }
        }
        self.out.write_char('\n')?;
        self.left_out(usage.forecasts.len(), ROWS_MAX)
    }

    /// What outputs state, and which reading the countdowns fit.
    fn stated(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        let zone = zone(instance);
        let mut some = false;
        for fit in instance.readings.iter().take(ROWS_MAX) {
            let lines = self.cited.cite(&fit.evidence);
            writeln!(self.out, "- Countdown {}, lines {lines}", prose(&one_reading(fit, zone)))?;
            some = true;
        }
        for said in instance.entitlements_stated.iter().take(ROWS_MAX) {
            let lines = self.cited.cite(&said.evidence);
            let count = said.count.map_or("no count".to_owned(), |count| format!("{count} reported"));
            let status =
                said.status.as_deref().map(|status| format!(", {}", code(status))).unwrap_or_default();
            writeln!(self.out, "- {}: {count}{status}, lines {lines}", code(&said.name))?;
            some = true;
        }
        if let Some(found) = &instance.license_type {
            let lines = self.cited.cite(&found.evidence);
            writeln!(self.out, "- License type {}, lines {lines}", code(&found.name))?;
            some = true;
        }
        if some {
            self.out.write_char('\n')?;
        }
        self.left_out(instance.readings.len(), ROWS_MAX)?;
        self.left_out(instance.entitlements_stated.len(), ROWS_MAX)
    }

    /// What a list left out.
    fn left_out(&mut self, n_all: usize, n_max: usize) -> fmt::Result {
        match n_all.saturating_sub(n_max) {
            0 => Ok(()),
            rest => writeln!(self.out, "{rest} more in the JSON report.\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use history::facts::Facts;
    use history::usage::UsageClock;

    use crate::render::Renderer;
    use crate::testing::*;

    fn page(facts: &Facts) -> String {
        Renderer::named("md").unwrap().to_string(&report(facts), &crate::Options::default())
    }

    #[test]
    fn the_sum_the_rule_and_the_lines_stand_on_the_page() {
        let (mut facts, _) = scenario();
        one(&mut facts).usage.as_mut().unwrap().clock = UsageClock::AssumedUtc;
        let page = page(&facts);
        for part in [
            "### Usage\n\n5 samples from 2026-04-02 10:00:00 +05:30 to 2026-04-02 11:00:00 +05:30.\n",
            "Clock: times taken as UTC: nothing says the zone (--usage-tz).\n",
            "| `PREMIUM` | 100 given | 130 at 2026-04-02 10:30:00 +05:30 in overage | 115 | 130 | 130 locked − 100 \
             purchased = 30 to buy | E",
            "**counted rules, 5 over-usages in a row: agrees with the logs, 1 of 1**\n",
            "- Out of Compliance due 2026-04-02 11:00:00 +05:30, logged 5 s later: agree, lines E",
            "| overage | 2026-04-02 10:00:00 +05:30 | 2026-04-02 09:45:00 +05:30 |",
            "- PREMIUM: not enough data: 1 day, 14 needed\n",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
    }

    #[test]
    fn a_path_of_thousands_is_bounded() {
        let mut facts = facts();
        let counts: Vec<u32> = (0..4_001).map(|i| if i % 2 == 0 { 90 } else { 110 }).collect();
        use_of_hundred(&mut facts, &counts, ago(5));
        let page = page(&facts);
        assert!(
            page.contains("\n3951 before these in the JSON report.\n") && page.len() < 200_000,
            "{}",
            page.len()
        );
    }
}
