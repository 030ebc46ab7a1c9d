//! The one screen: what state, since when, until when, what to do, what is missing. Details are in the other formats.
//!
//! Source: contract, "Results go to stdout"; colour never carries a meaning that words do not.

mod usage;
mod verdicts;

use std::fmt;

use anstyle::Style;
use history::skew::AGREE;

use self::verdicts::{failed, missing, surely, with_outcome};
use super::Options;
use crate::escape::cut;
use crate::report::{
    CheckOutcome, Deadline, Event, LogCoverage, MemberOutcome, ProductInstance, Report, StateNow,
};
use crate::show::layout::{BAD, BOLD, DIM, GOOD, PLAIN, Screen, WARN};
use crate::show::words::{
    basis, candidates, cite, cite_all, clocks, deadline_kind, deadline_time, event_of, headline, how_to_date,
    is_past, log_coverage, n, nodes, nodes_with, release, shared_zone, stale, standing, state, zone,
};
use crate::time::Time;

/// Column of the text beside a label.
const TEXT: usize = 16;

/// Most entries of a list that a screen has room for.
const LISTED_MAX: usize = 4;

/// Most characters of a log message that are quoted.
const QUOTED_MAX: usize = 200;

pub(super) fn render(report: &Report, out: &mut dyn fmt::Write, options: &Options) -> fmt::Result {
    let screen = &mut Screen::new(out, options);
    head(screen, report)?;
    incomplete(screen, report)?;
    if let Some(stale) = stale(report) {
        screen.para(0, &stale, WARN)?;
    }
    if report.product_instances.is_empty() {
        screen.blank()?;
        screen.para(0, "No license line of a UCCX system was found in the input.", WARN)?;
    }
    for instance in &report.product_instances {
        screen.blank()?;
        product_instance(screen, report, instance)?;
    }
    undated(screen, report)?;
    unknown(screen, report)?;
    failed(screen, report)?;
    missing(screen, report)?;
    foot(screen, report)
}

fn head(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let as_of = match report.as_of {
        Some(Time(at)) => format!("as of {}", shared_zone(report).show(at)),
        None => "at a time that is not known".to_owned(),
    };
    screen.para(0, &format!("UCCX license state {as_of}"), BOLD)?;
    screen.rule()
}

fn incomplete(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let sentences = &report.input.incomplete;
    if sentences.is_empty() {
        return Ok(());
    }
    screen.para(0, "INCOMPLETE INPUT: lines are missing, so what follows may be too", BAD)?;
    for sentence in sentences.iter().take(LISTED_MAX) {
        screen.row(2, 4, ("·", PLAIN), (sentence, PLAIN))?;
    }
    more(screen, sentences.len())
}

fn product_instance(screen: &mut Screen<'_>, report: &Report, instance: &ProductInstance) -> fmt::Result {
    let several = report.product_instances.len() > 1;
    let title = if several { format!("{}: {}", instance.id, nodes(instance)) } else { nodes(instance) };
    screen.para(0, &title, BOLD)?;
    screen.blank()?;
    let now = &instance.now;
    let enforced = now.enforcement.state == "enforced";
    let (head, standing_of) = headline(instance);
    let headline = format!("{head} {}", standing(report, instance, standing_of));
    screen.para(2, headline.trim_end(), mood(standing_of))?;
    screen.blank()?;
    why(screen, report, standing_of)?;
    usage::chance(screen, report, instance)?;
    deadlines(screen, report, instance)?;
    if enforced {
        label(screen, "Authorization", &present(report, instance, &now.authorization))?;
    } else {
        label(screen, "Enforcement", &present(report, instance, &now.enforcement))?;
    }
    label(screen, "Registration", &present(report, instance, &now.registration))?;
    label(screen, "Release", &release(instance))?;
    // Where clocks agree or cannot be compared, clock-sync says so.
    for pair in
        instance.clocks.iter().filter(|pair| pair.ahead_s.is_some_and(|s| s.abs() > AGREE.num_seconds()))
    {
        label(screen, "Clocks", &clocks(pair))?;
    }
    for found in instance.contradictions.iter().filter(|found| found.between_nodes).take(LISTED_MAX) {
        label(screen, "Contradiction", &found.says)?;
    }
    let deployment = &instance.deployment;
    if let Some(url) = &deployment.url {
        let proxy = deployment.proxy.as_deref().map(|proxy| format!(" by proxy {proxy}")).unwrap_or_default();
        label(screen, "CSSM", &format!("{}: {url}{proxy}", state(deployment.transport.name())))?;
    }
    usage::section(screen, report, instance)
}

/// What the state rests on: the reason, the message, the line.
fn why(screen: &mut Screen<'_>, report: &Report, now: &StateNow) -> fmt::Result {
    let mut title = "Why";
    if let Some(cause) = &now.cause {
        label(screen, title, cause)?;
        title = "";
    }
    let event = event_of(report, now);
    if let Some(event) = event.filter(|event| !event.text.is_empty()) {
        label(screen, title, &format!("\"{}\"", cut(&event.text, QUOTED_MAX)))?;
        title = "";
    }
    if !now.evidence.is_empty() {
        screen.row(2, TEXT + 2, (title, DIM), (&cite_all(report, &now.evidence), DIM))?;
    }
    if event.is_some_and(|event| event.basis.year == "file_time") {
        label(screen, "", "the line has no year: taken from the time of the file, --year overrides it")?;
    }
    Ok(())
}

/// The next deadline with its rule, the one after it, and those that passed.
fn deadlines(screen: &mut Screen<'_>, report: &Report, instance: &ProductInstance) -> fmt::Result {
    let zone = zone(instance);
    let (past, ahead): (Vec<&Deadline>, Vec<&Deadline>) =
        instance.deadlines.iter().partition(|deadline| is_past(deadline));
    let sentence = |verb: &str, deadline: &Deadline| {
        let kind = deadline_kind(&deadline.kind);
        format!("{kind}{verb} {} {}", deadline_time(report, zone, deadline), basis(deadline.basis))
    };
    for deadline in past.iter().rev().take(2).rev() {
        screen.row(2, TEXT + 2, ("Passed", BAD), (&sentence(" was due", deadline), BOLD))?;
    }
    for (deadline, title) in ahead.iter().zip(["Next", "Then"]) {
        screen.row(2, TEXT + 2, (title, DIM), (&sentence("", deadline), BOLD))?;
        if title == "Next" {
            label(screen, "", &deadline.rule)?;
        }
    }
    if instance.deadlines.is_empty() {
        label(screen, "Next", "no deadline follows from the lines")?;
    }
    Ok(())
}

fn present(report: &Report, instance: &ProductInstance, now: &StateNow) -> String {
    format!("{} {}", state(&now.state), standing(report, instance, now)).trim_end().to_owned()
}

fn undated(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let undated: Vec<&Event> = report.events.iter().filter(|event| event.at.is_none()).collect();
    if undated.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.para(0, &format!("{} without a known time", n(undated.len() as u64, "event")), BOLD)?;
    let zone = shared_zone(report);
    for event in undated.iter().take(LISTED_MAX) {
        let line = event.witnesses.first().map(|line| cite(report, line)).unwrap_or_default();
        let when = match candidates(event, zone).as_str() {
            "" => String::new(),
            several => format!(": {several}"),
        };
        screen.para(2, &format!("{} at {line}{when}", event.kind.replace('_', " ")), PLAIN)?;
    }
    more(screen, undated.len())?;
    screen.para(2, &how_to_date(&undated), PLAIN)
}

/// License alarms whose mnemonic has no meaning here: never dropped, for one of them may be the answer.
fn unknown(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let mut rows: Vec<(&Event, u64)> = Vec::new();
    for event in report.events.iter().filter(|event| event.kind == "unknown_license_event") {
        match rows.iter_mut().find(|(other, _)| other.mnemonic == event.mnemonic) {
            Some((_, count)) => *count += 1,
            None => rows.push((event, 1)),
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.para(0, "License alarms that uccxray does not know", BOLD)?;
    for (event, count) in rows.iter().take(LISTED_MAX) {
        let line = event.witnesses.first().map(|line| cite(report, line)).unwrap_or_default();
        let text = cut(&event.text, QUOTED_MAX);
        screen.para(
            2,
            &format!("{}, {}, first at {line}: {text}", event.mnemonic, n(*count, "time")),
            PLAIN,
        )?;
    }
    more(screen, rows.len())
}

fn foot(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    screen.blank()?;
    let names = |outcome| -> String {
        let names: Vec<String> = with_outcome(report, outcome).map(|check| surely(report, check)).collect();
        names.join(", ")
    };
    for (title, outcome) in [("Passed", CheckOutcome::Pass), ("Not applicable", CheckOutcome::NotApplicable)]
    {
        let names = names(outcome);
        if !names.is_empty() {
            screen.row(0, TEXT, (title, DIM), (&names, DIM))?;
        }
    }
    if report.redaction.is_some() {
        screen.row(0, TEXT, ("Redacted", DIM), ("names are pseudonyms, hashes are keyed", DIM))?;
    }
    let input = &report.input;
    let zone = shared_zone(report);
    let mut parts = vec![
        n(input.members.len() as u64, "file"),
        n(input.members.iter().map(|member| member.records).sum(), "record"),
    ];
    if let (Some(Time(from)), Some(Time(to))) = (input.coverage.from, input.coverage.to) {
        parts.push(format!("{} to {}", zone.show(from), zone.show(to)));
    }
    let n_skipped =
        input.members.iter().filter(|member| member.outcome == MemberOutcome::Skipped).count() as u64;
    let n_broken = input
        .members
        .iter()
        .filter(|member| matches!(member.outcome, MemberOutcome::Partial | MemberOutcome::Failed))
        .count() as u64;
    for (count, noun, what) in [
        (n_skipped, "file", "skipped"),
        (n_broken, "file", "not read whole"),
        (input.coverage.unread_lines, "line", "not understood"),
        (input.coverage.cut_lines, "line", "cut"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", n(count, noun)));
        }
    }
    screen.row(0, TEXT, ("Input", DIM), (&parts.join(", "), DIM))?;
    logs(screen, report)?;
    let marks = "stated in a line · derived by a rule · inferred, in no line";
    screen.row(0, TEXT, ("Marks", DIM), (marks, DIM))
}

/// Which logs of how many nodes; what of a node lacks records stands in a row of its own.
fn logs(screen: &mut Screen<'_>, report: &Report) -> fmt::Result {
    let logs = &report.input.coverage.logs;
    if logs.is_empty() {
        return Ok(());
    }
    let names = ["MCVD", "syslog"].map(|name| nodes_with(logs, name));
    let debug = &report.input.coverage.debug_lacking;
    let debug = match debug.as_slice() {
        [] => String::new(),
        codes => format!("; no {}: show uccx trace levels UCCXEngine", codes.join(", ")),
    };
    screen.row(0, TEXT, ("Logs", DIM), (&format!("{}{debug}", names.join(", ")), DIM))?;
    let lacking: Vec<&LogCoverage> =
        logs.iter().filter(|log| log.collect.is_some() || log.restarts > 0).collect();
    for log in lacking.iter().take(LISTED_MAX) {
        let node = log.node.as_deref().unwrap_or("the node");
        let how = log.collect.as_deref().map(|command| format!(": {command}")).unwrap_or_default();
        let text = format!("{node}: {}{how}", log_coverage(log, shared_zone(report)));
        screen.para(TEXT, &text, DIM)?;
    }
    more(screen, lacking.len())?;
    for step in report.input.coverage.clock_steps.iter().take(LISTED_MAX) {
        let node = step.node.as_deref().unwrap_or("a node not named");
        let place = step.member.as_deref().unwrap_or(&step.source);
        let text = format!(
            "the clock of {node} goes back by {} s in {place}, lines {} and {}",
            step.back_s, step.line_before, step.line_after
        );
        screen.para(TEXT, &text, DIM)?;
    }
    more(screen, report.input.coverage.clock_steps.len())
}

fn label(screen: &mut Screen<'_>, label: &str, text: &str) -> fmt::Result {
    screen.row(2, TEXT + 2, (label, DIM), (text, PLAIN))
}

fn more(screen: &mut Screen<'_>, n_all: usize) -> fmt::Result {
    match n_all.saturating_sub(LISTED_MAX) {
        0 => Ok(()),
        rest => screen.para(4, &format!("and {rest} more: -o report.md lists all"), PLAIN),
    }
}

/// The colour of a state: the words say the same.
fn mood(now: &StateNow) -> Style {
    match now.state.as_str() {
        "in_compliance" | "authorized_reserved" => GOOD,
        "overage" | "unknown" | "evaluation" => WARN,
        "no_licenses_in_use" => BOLD,
        _ => BAD,
    }
}

#[cfg(test)]
mod tests {
    use history::facts::{Basis, DeadlineKind, Facts};
    use parsers::event::EventKind;
    use parsers::stamp::{YearBasis, ZoneBasis};

    use super::*;
    use crate::assemble;
    use crate::testing::*;

    fn screen(facts: &Facts) -> String {
        shown(&report(facts), Options::default())
    }

    fn shown(report: &Report, options: Options) -> String {
        let mut out = String::new();
        render(report, &mut out, &options).unwrap();
        out
    }

    #[track_caller]
    fn holds(screen: &str, parts: &[&str]) {
        for part in parts {
            assert!(screen.contains(part), "{part:?} is not in\n{screen}");
        }
    }

    #[test]
    fn out_of_compliance_fits_one_screen_and_says_what_to_do() {
        let (facts, tables) = out_of_compliance();
        let screen = shown(&assemble(&facts, &tables, tool()), Options::default());
        holds(
            &screen,
            &[
                "\n  OUT OF COMPLIANCE since 2026-04-02 11:00:05 +05:30 (22 h) [stated]\n",
                "\n  Next            Enforcement 2026-07-01 11:00:05 +05:30 (in 89 d 2 h) [derived]\n",
                "uccx1/syslog/CiscoSyslog:14\n",
                "\n  critical  ooc-now: ",
                "show uccx trace levels UCCXEngine SS_RM",
                "Passed          agent-synchronisation (medium confidence), cluster-view-daemon",
            ],
        );
        // Twenty-eight checks, most of them without evidence, on one tall screen.
        assert!(screen.lines().count() <= 72, "{screen}");
    }

    #[test]
    fn a_running_countdown_shows_the_bounds() {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.authorization = state_of("overage", ago(30));
        instance.deadlines = vec![deadline(DeadlineKind::EnterOoc, ago(-15))];
        let text = screen(&facts);
        holds(&text, &["OVERAGE, STILL REVERSIBLE since 2026-04-03 08:30:05 +05:30 (30 min) [stated]"]);
        holds(&text, &["Out of Compliance 2026-04-03 09:15:05 +05:30 (in 15 min)"]);
    }

    #[test]
    fn a_deadline_that_passed_stays_visible() {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.authorization = state_of("overage", ago(60));
        instance.deadlines = vec![deadline(DeadlineKind::EnterOoc, ago(20))];
        holds(
            &screen(&facts),
            &[
                "OVERAGE PAST ITS DEADLINE since",
                "Passed          Out of Compliance was due 2026-04-03 08:40:05 +05:30 (20 min",
            ],
        );
    }

    fn state_of(name: &'static str, since: parsers::stamp::Instant) -> history::facts::Now {
        known(name, Some(since), Basis::Stated)
    }

    #[test]
    fn no_time_is_invented() {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.authorization = known("out_of_compliance", None, Basis::Stated);
        let mut said = event(EventKind::OocEntered, None, 14, &[]);
        (said.year, said.zone) = (YearBasis::Unknown, ZoneBasis::Unknown);
        instance.events = vec![said];
        let screen = screen(&facts);
        holds(
            &screen,
            &[
                "OUT OF COMPLIANCE since a time that is not known [stated]",
                "1 event without a known time",
                "ooc entered at uccx1/syslog/CiscoSyslog:14",
                "--year YYYY and the zone with --tz ZONE",
            ],
        );
    }

    #[test]
    fn both_possible_instants_are_shown() {
        let mut facts = facts();
        let instance = one(&mut facts);
        instance.authorization = known("out_of_compliance", None, Basis::Stated);
        let mut said = event(EventKind::OocEntered, None, 14, &[]);
        (said.year, said.zone) = (YearBasis::DatedLines, ZoneBasis::Ambiguous);
        said.at_candidates = vec![ago(120), ago(60)];
        instance.events = vec![said];
        let screen = screen(&facts);
        let both = "2026-04-03 07:00:05 +05:30 or\n";
        holds(
            &screen,
            &["OUT OF COMPLIANCE since 2026-04-03 07:00:05 +05:30 or", both, "Give the zone with --tz"],
        );
        assert!(!screen.contains("--year"), "{screen}");
    }

    #[test]
    fn an_unknown_state_is_not_a_good_one() {
        let screen = screen(&facts());
        holds(&screen, &["AUTHORIZATION NOT KNOWN: no line tells it", "no deadline follows from the lines"]);
        holds(&screen, &["on uccx1 and uccx2: file get activelog uccx/log/MCVD/*"]);
    }

    #[test]
    fn a_year_from_the_file_is_admitted() {
        let (mut facts, _) = out_of_compliance();
        one(&mut facts).events[1].year = YearBasis::FileTime;
        holds(&screen(&facts), &["the line has no year: taken from the time of the file"]);
    }

    #[test]
    fn an_alarm_that_is_not_known_is_shown() {
        let mut facts = facts();
        let mut alarm = event(EventKind::UnknownLicenseEvent, Some(ago(5)), 3, &[]);
        alarm.mnemonic = "SYSTEM_ODD".into();
        one(&mut facts).events = vec![alarm.clone(), alarm];
        holds(
            &screen(&facts),
            &["does not know\n  SYSTEM_ODD, 2 times, first at uccx1/syslog/CiscoSyslog:3: This"],
        );
    }

    #[test]
    fn incomplete_input_comes_first() {
        let mut facts = facts();
        facts.incomplete = (1..=6).map(|i| format!("member {i} ends early")).collect();
        let screen = screen(&facts);
        let banner = screen.find("INCOMPLETE INPUT").unwrap();
        assert!(banner < screen.find("AUTHORIZATION").unwrap());
        holds(&screen, &["  · member 1 ends early", "and 2 more: -o report.md lists all"]);
    }

    #[test]
    fn old_logs_are_called_old() {
        let mut facts = facts();
        facts.as_of = Some(ago(-3 * 24 * 60));
        holds(&screen(&facts), &["The logs end at 2026-04-03 09:00:05 +05:30, 3 d before"]);
    }

    #[test]
    fn an_input_without_uccx_lines_says_so() {
        let screen = screen(&Facts::default());
        holds(&screen, &["at a time that is not known", "No license line of a UCCX system was found"]);
        holds(&screen, &["On each node:"]);
    }

    #[test]
    fn several_instances_name_themselves_in_checks() {
        let (mut facts, _) = out_of_compliance();
        let mut second = facts.instances[0].clone();
        second.id = "other".into();
        facts.instances.push(second);
        holds(&screen(&facts), &["ooc-now (uccx1): ", "ooc-now (other): "]);
    }
}
