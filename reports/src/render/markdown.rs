//! The whole report in Markdown, to be pasted into a TAC case: a reader who has nothing else can see which state, since
//! when, why, until when, what was checked, what is missing, and the lines that prove it.
//!
//! Source: GitHub Flavored Markdown 0.29, tables and code spans.

mod redaction;
mod usage;

use std::fmt;

use super::Options;
use crate::escape::{block, code, markdown};
use crate::report::{
    Check, CheckOutcome, Event, Evidence, MemberOutcome, ProductInstance, Report, StateNow, SuppressionStatus,
};
use crate::show::citations::Citations;
use crate::show::words::{
    candidates, clocks, counts, deadline_kind, deadline_time, event_of, headline, how_to_date, log_coverage,
    n, nodes, nodes_with, other_clocks, params, release, shared_zone, stale, standing, state, time_basis,
    zone,
};
use crate::time::{Time, Zone, spell};

/// Most rows of a table that grows with the input; the JSON report holds all.
const ROWS_MAX: usize = 200;

pub(super) fn render(report: &Report, out: &mut dyn fmt::Write, _: &Options) -> fmt::Result {
    let mut page = Page { out, report, cited: Citations::default() };
    page.head()?;
    for instance in &report.product_instances {
        page.instance(instance)?;
    }
    page.checks()?;
    page.events()?;
    page.coverage()?;
    page.redaction()?;
    page.evidence()
}

struct Page<'a, 'o> {
    out: &'o mut dyn fmt::Write,
    report: &'a Report,
    cited: Citations<'a>,
}

impl<'a> Page<'a, '_> {
    fn head(&mut self) -> fmt::Result {
        let report = self.report;
        let as_of = match report.as_of {
            Some(Time(at)) => shared_zone(report).show(at),
            None => "a time that is not known".to_owned(),
        };
        writeln!(self.out, "# UCCX license report\n")?;
        writeln!(
            self.out,
            "As of **{as_of}**, by {} {}. Unless a time was given, that is the newest in the input; \"in\" and \"ago\" count \
             from it.\n",
            code(&report.tool.name),
            code(&report.tool.version)
        )?;
        if !report.input.incomplete.is_empty() {
            writeln!(self.out, "**INCOMPLETE INPUT.** Lines are missing, so what follows may be too:\n")?;
            for sentence in &report.input.incomplete {
                writeln!(self.out, "- {}", prose(sentence))?;
            }
            self.out.write_char('\n')?;
        }
        writeln!(
            self.out,
            "Marks: *stated*, a line says it; *derived*, calculated from a line by a rule that Cisco documents; \
             *inferred*, concluded, no line says it. E1, E2 … are the lines at the end.\n"
        )?;
        if let Some(stale) = stale(report) {
            writeln!(self.out, "**Old logs.** {}\n", prose(&stale))?;
        }
        if report.product_instances.is_empty() {
            writeln!(self.out, "No license line of a UCCX system was found in the input.\n")?;
        }
        Ok(())
    }

    fn instance(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        let report = self.report;
        writeln!(self.out, "## Product Instance {}\n", code(&instance.id))?;
        let now = &instance.now;
        let (headline, standing_of) = headline(instance);
        writeln!(self.out, "**{}** {}\n", headline, prose(&standing(report, instance, standing_of)))?;
        self.chance(instance)?;
        let rows = [
            ("Authorization", &now.authorization),
            ("Enforcement", &now.enforcement),
            ("Registration", &now.registration),
        ];
        self.table(&["", "state now", "since", "why", "lines"])?;
        for (title, now) in rows {
            let since = standing(report, instance, now);
            let cells = [title.to_owned(), prose(&state(&now.state)), prose(&since), prose(&self.why(now))];
            let lines = self.cited.cite(&now.evidence);
            self.row(&[cells.as_slice(), &[lines]].concat())?;
        }
        writeln!(self.out, "\n- Nodes: {}", prose(&nodes(instance)))?;
        for node in &instance.nodes {
            let zone = node.time_zone.as_deref().map_or("not known".to_owned(), prose);
            let how = prose(&time_basis(&node.basis));
            writeln!(self.out, "- Time on {}: zone {zone}; {how}", code(&node.name))?;
        }
        for pair in &instance.clocks {
            let lines = self.cited.cite(&pair.evidence);
            writeln!(self.out, "- Clock of {}, lines {lines}", prose(&clocks(pair)))?;
        }
        if let Some(reference) = &instance.time_reference {
            writeln!(self.out, "- Times of events are those of the clock of {}", code(reference))?;
        }
        let lines = self.cited.cite(&instance.release.evidence);
        writeln!(self.out, "- Release: {}, lines {lines}", prose(&release(instance)))?;
        let way = &instance.deployment;
        let url = way.url.as_deref().map_or("not known".to_owned(), code);
        let proxy = way.proxy.as_deref().map_or("not known".to_owned(), code);
        let transport = state(way.transport.name());
        writeln!(self.out, "- CSSM: {transport}; Transport URL {url}; proxy {proxy}\n")?;
        self.deadlines(instance)?;
        self.history(instance)?;
        self.countdown(instance)?;
        self.usage(instance)?;
        for service in &instance.services {
            let lines = self.cited.cite(&service.evidence);
            let node = service.node.as_deref().map_or("a node not named".to_owned(), code);
            let at = service.at.map_or("time not known".to_owned(), |Time(at)| zone(instance).show(at));
            let said = prose(&state(&service.state));
            let name = code(&service.service);
            writeln!(
                self.out,
                "- Service {name} on {node}: {said} ({at}, by {}), lines {lines}",
                service.said_by
            )?;
        }
        for found in &instance.contradictions {
            let lines = self.cited.cite(&found.evidence);
            writeln!(self.out, "- Contradiction: {}, lines {lines}", prose(&found.says))?;
        }
        if !instance.services.is_empty() || !instance.contradictions.is_empty() {
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    fn why(&self, now: &StateNow) -> String {
        let quoted = event_of(self.report, now).map(|event| format!("\"{}\"", event.text));
        match (&now.cause, quoted) {
            (Some(cause), Some(quoted)) => format!("{cause}: {quoted}"),
            (Some(text), None) => text.clone(),
            (None, Some(text)) => text,
            (None, None) => String::new(),
        }
    }

    fn deadlines(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        if instance.deadlines.is_empty() {
            return writeln!(self.out, "No deadline follows from the lines.\n");
        }
        writeln!(self.out, "### Deadlines\n")?;
        self.table(&["what", "when", "basis", "rule", "lines"])?;
        for deadline in &instance.deadlines {
            let lines = self.cited.cite(&deadline.evidence);
            let when = deadline_time(self.report, zone(instance), deadline);
            self.row(&[
                prose(&deadline_kind(&deadline.kind)),
                prose(&when),
                deadline.basis.name().to_owned(),
                prose(&deadline.rule),
                lines,
            ])?;
        }
        self.out.write_char('\n')
    }

    fn history(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        if instance.history.is_empty() {
            return Ok(());
        }
        let zone = zone(instance);
        writeln!(self.out, "### History\n")?;
        self.table(&["from", "until", "lasted", "which", "state", "basis", "why", "lines"])?;
        for row in instance.history.iter().take(ROWS_MAX) {
            let lines = self.cited.cite(&row.evidence);
            let mut from = shown(zone, row.from, "not known");
            if let Some(bounds) = &row.bounds {
                from = format!(
                    "{from} (between {} and {})",
                    zone.show(bounds.earliest.0),
                    zone.show(bounds.latest.0)
                );
            }
            let lasted = match (row.from, row.until) {
                (Some(Time(from)), Some(Time(until))) => spell(until - from),
                _ => "–".to_owned(),
            };
            self.row(&[
                from,
                shown(zone, row.until, "–"),
                lasted,
                prose(&row.dimension),
                prose(&state(&row.state)),
                row.basis.name().to_owned(),
                prose(&row.cause),
                lines,
            ])?;
        }
        self.more(instance.history.len())
    }

    fn countdown(&mut self, instance: &'a ProductInstance) -> fmt::Result {
        if instance.countdown.is_empty() {
            return Ok(());
        }
        let zone = zone(instance);
        writeln!(self.out, "### Countdown to Out of Compliance\n")?;
        self.table(&["line written", "minutes left", "due", "moved"])?;
        for point in instance.countdown.iter().take(ROWS_MAX) {
            let moved = point.moved_s.map_or("–".to_owned(), |s| format!("{s} s"));
            self.row(&[zone.show(point.at.0), point.minutes.to_string(), zone.show(point.due.0), moved])?;
        }
        self.more(instance.countdown.len())
    }

    fn checks(&mut self) -> fmt::Result {
        writeln!(self.out, "## Checks\n\n{}.\n", counts(self.report))?;
        self.causes()?;
        for (outcome, title) in [
            (CheckOutcome::Fail, "Failed"),
            (CheckOutcome::NoEvidence, "Not known from this input"),
            (CheckOutcome::Pass, "Passed"),
            (CheckOutcome::NotApplicable, "Not applicable"),
        ] {
            let mut checks: Vec<&'a Check> =
                self.report.checks.iter().filter(|check| check.outcome == outcome).collect();
            checks.sort_by_key(|check| std::cmp::Reverse(check.severity));
            if checks.is_empty() {
                continue;
            }
            writeln!(self.out, "### {title}\n")?;
            for check in checks {
                self.check(check)?;
            }
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    /// What to look at first, what it explains, and what the user accepted.
    fn causes(&mut self) -> fmt::Result {
        let report = self.report;
        if !report.causes.is_empty() {
            writeln!(self.out, "### What to look at first\n")?;
            for cause in &report.causes {
                let explained: Vec<String> = cause
                    .explains
                    .iter()
                    .map(|it| format!("{} ({} confidence)", prose(&it.check), it.confidence.name()))
                    .collect();
                let of = if explained.is_empty() {
                    String::new()
                } else {
                    format!(", which explains {}", explained.join(", "))
                };
                let aside = if cause.suppressed { " (suppressed)" } else { "" };
                let (rank, check) = (cause.rank, prose(&cause.check));
                let worst = if cause.explains.is_empty() { "" } else { " at worst" };
                writeln!(self.out, "{rank}. **{check}**{aside}, {}{worst}{of}", cause.severity.name())?;
            }
            self.out.write_char('\n')?;
        }
        if !report.suppressions.is_empty() {
            writeln!(self.out, "### Suppressed by the configuration\n")?;
            for it in &report.suppressions {
                let status = match it.status {
                    SuppressionStatus::Applied => "applied",
                    SuppressionStatus::Unused => "did not fail",
                    SuppressionStatus::Expired => "ran out, and counts again",
                    SuppressionStatus::Undated => "counts: no time is known to judge its end by",
                };
                let Time(expires) = it.expires;
                let until = shared_zone(report).show(expires);
                writeln!(self.out, "- {}, until {until}, {status}: {}", prose(&it.check), prose(&it.reason))?;
            }
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    fn check(&mut self, check: &'a Check) -> fmt::Result {
        let whose =
            check.product_instance.as_deref().map(|id| format!(" for {}", code(id))).unwrap_or_default();
        writeln!(self.out, "- **{}**{whose}, passes if: {}", prose(&check.id), prose(&check.title))?;
        if let (Some(severity), Some(confidence)) = (check.severity, check.confidence) {
            writeln!(self.out, "  - Severity {}, confidence {}", severity.name(), confidence.name())?;
        }
        writeln!(self.out, "  - Found: {}", prose(&check.says))?;
        if let Some(remedy) = &check.remedy {
            writeln!(self.out, "  - Do: {}", prose(remedy))?;
        }
        for it in &check.follows_from {
            let sure = it.confidence.name();
            writeln!(
                self.out,
                "  - Follows from {} ({sure} confidence): {}",
                prose(&it.check),
                prose(&it.how)
            )?;
        }
        if let Some(it) = &check.suppressed {
            let Time(expires) = it.expires;
            let until = shared_zone(self.report).show(expires);
            writeln!(self.out, "  - Suppressed until {until}, does not count: {}", prose(&it.reason))?;
        }
        if let Some(collect) = &check.collect {
            writeln!(self.out, "  - Collect: {}", prose(collect))?;
        }
        for dispute in check.disputed.iter().filter(|_| check.outcome != CheckOutcome::NotApplicable) {
            let says: Vec<String> = dispute
                .says
                .iter()
                .map(|it| format!("{} ({})", prose(&it.says), prose(&it.source)))
                .collect();
            writeln!(
                self.out,
                "  - Cisco says two things about {}: {}",
                prose(&dispute.about),
                says.join("; or ")
            )?;
        }
        if !check.evidence.is_empty() {
            let lines = self.cited.cite(&check.evidence);
            writeln!(self.out, "  - Lines: {lines}")?;
        }
        writeln!(self.out, "  - Source: {}", prose(&check.source))
    }

    fn events(&mut self) -> fmt::Result {
        let report = self.report;
        writeln!(self.out, "## Events\n")?;
        if report.events.is_empty() {
            return writeln!(self.out, "None.\n");
        }
        let undated: Vec<&Event> = report.events.iter().filter(|event| event.at.is_none()).collect();
        if !undated.is_empty() {
            let count = n(undated.len() as u64, "event");
            writeln!(self.out, "{count} without a known time. {}\n", prose(&how_to_date(&undated)))?;
        }
        self.table(&["when", "node", "what", "message", "parameters", "lines"])?;
        let zone = shared_zone(report);
        for event in report.events.iter().take(ROWS_MAX) {
            let lines = self.cited.cite(&event.witnesses);
            let when = match (event.at, candidates(event, zone)) {
                (Some(Time(at)), _) => match other_clocks(event, zone).as_str() {
                    "" => zone.show(at),
                    others => format!("{}; {}", zone.show(at), prose(others)),
                },
                (None, several) if several.is_empty() => "not known".to_owned(),
                (None, several) => format!("one of: {several}"),
            };
            self.row(&[
                when,
                event.node.as_deref().map_or("–".to_owned(), code),
                format!("{} ({})", prose(&event.kind.replace('_', " ")), code(&event.mnemonic)),
                prose(&event.text),
                prose(&params(event)),
                lines,
            ])?;
        }
        self.more(report.events.len())
    }

    fn coverage(&mut self) -> fmt::Result {
        let input = &self.report.input;
        let coverage = &input.coverage;
        let zone = shared_zone(self.report);
        writeln!(self.out, "## What was read\n")?;
        for source in &input.sources {
            let hash =
                source.sha256.as_deref().map(|hash| format!(", SHA-256 {}", code(hash))).unwrap_or_default();
            writeln!(
                self.out,
                "- {}: {}, {}{hash}",
                code(&source.path),
                source.kind,
                n(source.bytes, "byte")
            )?;
        }
        writeln!(
            self.out,
            "- Records from {} to {}; {} not understood, {} cut at the length limit",
            shown(zone, coverage.from, "a time not known"),
            shown(zone, coverage.to, "a time not known"),
            n(coverage.unread_lines, "line"),
            n(coverage.cut_lines, "line")
        )?;
        for step in &coverage.clock_steps {
            let node = step.node.as_deref().map_or("a node not named".to_owned(), code);
            let place = code(step.member.as_deref().unwrap_or(&step.source));
            writeln!(
                self.out,
                "- Clock step in {} of {node}: back by {} s from {} to {}, {place} lines {} and {}",
                code(&step.log),
                step.back_s,
                zone.show(step.before.0),
                zone.show(step.after.0),
                step.line_before,
                step.line_after
            )?;
        }
        for gap in &coverage.gaps {
            let node = gap.node.as_deref().map_or("a node not named".to_owned(), code);
            let missing = gap.missing.map(|n| format!(", {n} records absent")).unwrap_or_default();
            let from = shown(zone, gap.from, "a time not known");
            let to = shown(zone, gap.to, "a time not known");
            writeln!(
                self.out,
                "- Hole ({}) in {} of {node}: {from} to {to}{missing}",
                gap.kind,
                code(&gap.log)
            )?;
        }
        for (debug, members) in &coverage.debug_seen {
            writeln!(self.out, "- Debug records {} in {}", code(debug), n(*members, "file"))?;
        }
        if !coverage.debug_lacking.is_empty() {
            let lacking: Vec<String> = coverage.debug_lacking.iter().map(|debug| code(debug)).collect();
            writeln!(
                self.out,
                "- No debug record of {}: how the license is computed does not show. Levels: {}, logs: {}",
                lacking.join(", "),
                code("show uccx trace levels UCCXEngine"),
                code("file get activelog uccx/log/MIVR/* recurs compress")
            )?;
        }
        self.out.write_char('\n')?;
        self.logs(zone)?;
        if input.members.is_empty() {
            return Ok(());
        }
        self.table(&["file", "node", "format", "records", "events", "first", "last", "outcome"])?;
        for member in input.members.iter().take(ROWS_MAX) {
            let outcome = match &member.reason {
                Some(reason) => format!("{}: {}", member.outcome.name(), prose(reason)),
                None => member.outcome.name().to_owned(),
            };
            self.row(&[
                code(member.path.as_deref().unwrap_or(&member.source)),
                member.node.as_deref().map_or("–".to_owned(), code),
                member.format.as_deref().map_or("–".to_owned(), code),
                member.records.to_string(),
                member.events.to_string(),
                shown(zone, member.first, "–"),
                shown(zone, member.last, "–"),
                outcome,
            ])?;
        }
        self.more(input.members.len())?;
        self.unread()
    }

    /// Which logs of how many nodes, and how to get what is absent.
    fn logs(&mut self, zone: Zone) -> fmt::Result {
        let logs = &self.report.input.coverage.logs;
        if logs.is_empty() {
            return Ok(());
        }
        let names = ["MCVD", "syslog"].map(|name| nodes_with(logs, name));
        writeln!(self.out, "### Logs of the nodes\n\n{}.\n", prose(&names.join(", ")))?;
        self.table(&["Product Instance", "node", "what there is", "collect"])?;
        for log in logs.iter().take(ROWS_MAX) {
            self.row(&[
                code(&log.product_instance),
                log.node.as_deref().map_or("–".to_owned(), code),
                prose(&log_coverage(log, zone)),
                log.collect.as_deref().map_or("–".to_owned(), code),
            ])?;
        }
        self.more(logs.len())
    }

    fn unread(&mut self) -> fmt::Result {
        let members = &self.report.input.members;
        let relevant = members.iter().filter(|member| member.outcome != MemberOutcome::Skipped);
        let lines: Vec<String> = relevant
            .flat_map(|member| {
                let place = member.path.as_deref().unwrap_or(&member.source);
                member
                    .unread
                    .iter()
                    .map(move |line| format!("{place}:{} {}: {}", line.line, line.reason, line.text))
            })
            .take(ROWS_MAX)
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "### Lines that were not understood, the first of each file\n")?;
        // A record of several lines stays one line here: each entry is one.
        let lines: Vec<String> = lines.iter().map(|line| line.replace(['\n', '\r'], " ")).collect();
        writeln!(self.out, "{}", block(lines.iter().map(String::as_str)))
    }

    fn evidence(&mut self) -> fmt::Result {
        let lines: Vec<(usize, &Evidence)> = self.cited.lines().collect();
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "## Evidence\n")?;
        for (number, line) in lines {
            let place = match &line.member {
                Some(member) => format!("{}!/{member}", line.source),
                None => line.source.to_string(),
            };
            writeln!(
                self.out,
                "**E{number}** {}, line {}, bytes {} to {}, SHA-256 {}\n",
                code(&place),
                line.line,
                line.offset,
                line.offset.saturating_add(line.length),
                code(&line.sha256.text())
            )?;
            writeln!(self.out, "{}", block([&*line.text]))?;
        }
        Ok(())
    }

    fn table(&mut self, heads: &[&str]) -> fmt::Result {
        writeln!(self.out, "| {} |", heads.join(" | "))?;
        writeln!(self.out, "|{}", " --- |".repeat(heads.len()))
    }

    fn row(&mut self, cells: &[String]) -> fmt::Result {
        writeln!(self.out, "| {} |", cells.join(" | "))
    }

    /// Ends a table, and says what it left out.
    fn more(&mut self, n_all: usize) -> fmt::Result {
        match n_all.saturating_sub(ROWS_MAX) {
            0 => self.out.write_char('\n'),
            rest => writeln!(self.out, "\n{rest} more in the JSON report.\n"),
        }
    }
}

fn prose(text: &str) -> String {
    markdown(text)
}

fn shown(zone: Zone, at: Option<Time>, otherwise: &str) -> String {
    at.map_or(otherwise.to_owned(), |Time(at)| zone.show(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::testing::*;

    fn shown(report: &Report) -> String {
        let mut out = String::new();
        render(report, &mut out, &Options::default()).unwrap();
        out
    }

    #[test]
    fn a_reader_who_has_only_this_can_answer() {
        let (facts, tables) = out_of_compliance();
        let page = shown(&assemble(&facts, &tables, tool()));
        for part in [
            "**OUT OF COMPLIANCE** since 2026-04-02 11:00:05 +05:30 (22 h) `[stated]`",
            "| Enforcement | 2026-07-01 11:00:05 +05:30 (in 89 d 2 h) | derived | 90 days after",
            "| authorization | out of compliance | stated | the alarm `SYSTEM_IN_OOC_STATE` was written | E2 |",
            "  - Collect: on uccx1 and uccx2: utils network host `<cssm-host>`",
            "**E1** `bundle.zip!/uccx1/syslog/CiscoSyslog`, line 14, bytes 1400 to 1441, SHA-256 `",
            "- `bundle.zip`: zip, 1,000 bytes, SHA-256 `abab",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
    }

    #[test]
    fn long_tables_say_what_they_leave_out() {
        let (mut facts, tables) = out_of_compliance();
        let instance = one(&mut facts);
        let repeated = instance.events[1].clone();
        instance.events.extend(std::iter::repeat_n(repeated, 1_000));
        assert!(shown(&assemble(&facts, &tables, tool())).contains("\n802 more in the JSON report.\n"));
    }
}
