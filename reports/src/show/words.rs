//! Phrases that every report for people shares: states, deadlines, times and places in words.

use chrono::TimeDelta;
use history::skew::AGREE;

use crate::check::listed;
use crate::report::{
    Basis, CheckOutcome, Clocks, Deadline, Event, Evidence, LogCoverage, Param, ProductInstance, Report,
    StateNow, TimeBasis,
};
use crate::time::{Time, Zone, relative, spell};

/// Logs that end this long before `as_of` are called old: longer than any pause in a live system's logs.
const STALE_AFTER: TimeDelta = TimeDelta::hours(1);

/// The clock of one Product Instance.
pub fn zone(instance: &ProductInstance) -> Zone {
    Zone::shared(instance.nodes.iter().map(|node| node.time_zone.as_deref()))
}

/// The clock that all nodes of the report share.
pub fn shared_zone(report: &Report) -> Zone {
    let nodes = report.product_instances.iter().flat_map(|instance| &instance.nodes);
    Zone::shared(nodes.map(|node| node.time_zone.as_deref()))
}

/// A state in words: `out of compliance`.
pub fn state(name: &str) -> String {
    match name {
        "unknown" => "not known".to_owned(),
        "overage" => "overage, still reversible".to_owned(),
        "authorized_reserved" => "authorized by reservation".to_owned(),
        "not_authorized_reserved" => "more in use than reserved".to_owned(),
        "registered_reservation" => "registered by reservation".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The state that matters most, in capitals, and the machine it belongs to.
pub fn headline(instance: &ProductInstance) -> (String, &StateNow) {
    let now = &instance.now;
    // Enforcement is what the users feel, so it comes before the reason for it.
    if now.enforcement.state == "enforced" {
        return (
            "ENFORCEMENT IS ON: agent changes in Unified CM do not arrive,".to_owned(),
            &now.enforcement,
        );
    }
    let overdue = instance.deadlines.iter().any(|deadline| deadline.kind == "enter_ooc" && is_past(deadline));
    let words = match now.authorization.state.as_str() {
        "unknown" => "AUTHORIZATION NOT KNOWN: no line tells it".to_owned(),
        // No line says what came of it, so neither does the headline.
        "overage" if overdue => "OVERAGE PAST ITS DEADLINE".to_owned(),
        other => state(other).to_uppercase(),
    };
    (words, &now.authorization)
}

/// `[stated]`.
pub(crate) fn basis(basis: Basis) -> String {
    format!("[{}]", basis.name())
}

/// What follows a state: since when, how long, how firmly; empty for a state that is not known.
pub fn standing(report: &Report, instance: &ProductInstance, now: &StateNow) -> String {
    let Some(firmly) = now.basis else {
        return String::new();
    };
    format!("{} {}", since(report, instance, now), basis(firmly))
}

/// Since when: an instant with its age, the instants that are possible, or that it is not known.
fn since(report: &Report, instance: &ProductInstance, now: &StateNow) -> String {
    let zone = zone(instance);
    if let Some(Time(at)) = now.since {
        let age = report.as_of.map(|Time(as_of)| spell(as_of - at));
        let shown = zone.show(at);
        return match (age, now.since_is_first_seen) {
            (Some(age), false) => format!("since {shown} ({age})"),
            (None, false) => format!("since {shown}"),
            (Some(age), true) => format!("since {shown} ({age}) or earlier: the log begins with it"),
            (None, true) => format!("since {shown} or earlier: the log begins with it"),
        };
    }
    let possible = event_of(report, now).map(|event| candidates(event, zone)).unwrap_or_default();
    match possible.as_str() {
        "" => "since a time that is not known".to_owned(),
        several => format!("since {several}: the line fits each"),
    }
}

/// The instants that an event without one may have: `a or b`; empty where nothing is known.
pub(crate) fn candidates(event: &Event, zone: Zone) -> String {
    let shown: Vec<String> = event.at_candidates.iter().map(|Time(at)| zone.show(*at)).collect();
    shown.join(" or ")
}

/// The event that the present state rests on.
pub(crate) fn event_of<'a>(report: &'a Report, now: &StateNow) -> Option<&'a Event> {
    let first = now.evidence.first()?;
    let same = |said: &Evidence| {
        said.line == first.line && said.member == first.member && said.source == first.source
    };
    report.events.iter().find(|event| event.witnesses.iter().any(same))
}

/// What other clocks wrote about the time of an event, where they differ noticeably: `uccx2 wrote …`.
pub(crate) fn other_clocks(event: &Event, zone: Zone) -> String {
    let mut told: Vec<String> = Vec::new();
    for said in &event.said {
        let (Some(Time(at)), Some(Time(wrote)), Some(node)) = (event.at, said.at, &said.node) else {
            continue;
        };
        let words = format!("{node} wrote {}", zone.show(wrote));
        if (wrote - at).abs() > AGREE && !told.contains(&words) {
            told.push(words);
        }
    }
    told.join(", ")
}

/// The clocks of two nodes as a sentence: `uccx2 is 720 s ahead of uccx1 (3 alarms of both, within 1 s)`.
pub(crate) fn clocks(pair: &Clocks) -> String {
    let (node, against) = (&pair.node, &pair.against);
    let Some(ahead_s) = pair.ahead_s else {
        let fit: Vec<String> = pair.candidates_s.iter().map(|s| format!("{s} s")).collect();
        return format!("{node} against {against}: not decided, {} fits", fit.join(" or "));
    };
    let way = match ahead_s {
        0 => "agrees to the second with".to_owned(),
        s if s > 0 => format!("is {s} s ahead of"),
        s => format!("is {} s behind", -s),
    };
    let by = if pair.by == "collector" { "by a collector, " } else { "" };
    format!("{node} {way} {against} ({by}{} of both, within {} s)", n(pair.pairs, "alarm"), pair.spread_s)
}

/// What the input holds of one log: `MCVD 2 files from … to …, 1 hole`, or that it is absent.
pub(crate) fn log_coverage(log: &LogCoverage, zone: Zone) -> String {
    if log.files == 0 {
        return format!("no {}", log.log);
    }
    let mut text = format!("{} {}", log.log, n(log.files, "file"));
    match (log.from, log.to) {
        (Some(Time(from)), Some(Time(to))) => {
            text.push_str(&format!(" from {} to {}", zone.show(from), zone.show(to)));
        }
        _ => text.push_str(" without a time"),
    }
    if log.holes > 0 {
        text.push_str(&format!(", {} of {}", n(log.holes, "hole"), n(log.missing, "record")));
    }
    for (count, noun) in [(log.silences, "silence"), (log.restarts, "restart")] {
        if count > 0 {
            text.push_str(&format!(", {}", n(count, noun)));
        }
    }
    text
}

/// `MCVD of 2 of 2 nodes`: how many nodes the input holds a log of.
pub(crate) fn nodes_with(logs: &[LogCoverage], name: &str) -> String {
    let of_log = || logs.iter().filter(|log| log.log == name);
    let there = of_log().filter(|log| log.files > 0).count();
    format!("{name} of {there} of {}", n(of_log().count() as u64, "node"))
}

/// What a deadline is about, as the subject of a sentence.
pub fn deadline_kind(kind: &str) -> String {
    match kind {
        "enter_ooc" => "Out of Compliance".to_owned(),
        "enforcement" => "Enforcement".to_owned(),
        other => {
            let mut words = other.replace('_', " ");
            if let Some(first) = words.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            words
        }
    }
}

/// When a deadline is: absolute, as seen from `as_of`, and its bounds where they say more.
pub fn deadline_time(report: &Report, zone: Zone, deadline: &Deadline) -> String {
    let Time(expected) = deadline.expected;
    let mut text = zone.show(expected);
    if let Some(Time(as_of)) = report.as_of {
        text.push_str(&format!(" ({})", relative(expected, as_of)));
    }
    if let Some(Time(earliest)) = deadline.earliest.filter(|earliest| *earliest < deadline.expected) {
        text.push_str(&format!(", not before {}", zone.show(earliest)));
    }
    if let Some(Time(latest)) = deadline.latest.filter(|latest| *latest > deadline.expected) {
        text.push_str(&format!(", at the latest {}", zone.show(latest)));
    }
    if deadline.earliest.is_none() {
        text.push_str(", or earlier: its clock may have started before the log");
    }
    text
}

/// Whether a deadline lies behind `as_of`.
pub fn is_past(deadline: &Deadline) -> bool {
    deadline.remaining_s.is_some_and(|remaining_s| remaining_s <= 0)
}

/// `member:14`, the source before it where there are several.
pub fn cite(report: &Report, line: &Evidence) -> String {
    let place = match (&line.member, report.input.sources.len()) {
        (Some(member), 0 | 1) => member.to_string(),
        (Some(member), _) => format!("{}!/{member}", line.source),
        (None, _) if line.source == "-" => "stdin".to_owned(),
        (None, _) => line.source.to_string(),
    };
    format!("{place}:{}", line.line)
}

/// The first line cited and the number of others; empty without evidence.
pub(crate) fn cite_all(report: &Report, lines: &[Evidence]) -> String {
    match lines {
        [] => String::new(),
        [only] => cite(report, only),
        [first, rest @ ..] => {
            format!(
                "{} and {} more line{}",
                cite(report, first),
                rest.len(),
                if rest.len() == 1 { "" } else { "s" }
            )
        }
    }
}

/// `uccx1 (publisher), uccx2 (subscriber)`, or that no line names one.
pub fn nodes(instance: &ProductInstance) -> String {
    let names: Vec<String> = instance
        .nodes
        .iter()
        .map(|node| match &node.role {
            Some(role) => format!("{} ({role})", node.name),
            None => node.name.clone(),
        })
        .collect();
    if names.is_empty() { "A system that no line names".to_owned() } else { names.join(", ") }
}

/// `12.5(1)SU2 [stated], counted rules`.
pub fn release(instance: &ProductInstance) -> String {
    let release = &instance.release;
    match &release.version {
        Some(version) => {
            format!("{version} {}, {} rules", basis(release.basis), release.regime.name())
        }
        None => "not known".to_owned(),
    }
}

/// What the user can do about times that are not known, from how they were looked for.
pub(crate) fn how_to_date(undated: &[&Event]) -> String {
    let lacks = |word: &str| matches!(word, "unknown" | "ambiguous");
    let mut options = Vec::new();
    if undated.iter().any(|event| lacks(&event.basis.year)) {
        options.push("the year with --year YYYY");
    }
    if undated.iter().any(|event| lacks(&event.basis.zone)) {
        options.push("the zone with --tz ZONE or --tz HOST=ZONE");
    }
    if options.is_empty() {
        return "Their lines carry no time that fits a calendar.".to_owned();
    }
    format!("Give {}; a line that carries no time stays without one.", listed(&options))
}

/// The parameters of an event in one line.
pub(crate) fn params(event: &Event) -> String {
    let shown: Vec<String> = event
        .params
        .iter()
        .map(|(name, value)| match value {
            Some(Param::Number(number)) => format!("{name}={number}"),
            Some(Param::Text(text)) => format!("{name}={text}"),
            None => format!("{name} not printed"),
        })
        .collect();
    shown.join(", ")
}

/// How the stamps of a node became instants.
pub(crate) fn time_basis(basis: &TimeBasis) -> String {
    let year = match &*basis.year {
        "written" => "written in the lines",
        "given" => "given by the user",
        "dated_lines" => "from dated lines of the node",
        "sequence" => "from the order of numbered records",
        "file_time" => "from the time of the files",
        "ambiguous" => "several fit",
        _ => "not known",
    };
    let zone = match &*basis.zone {
        "written" => "written in the lines",
        "given" => "given by the user",
        "outer_inner" => "from the two times of system log lines",
        "zone_id" => "from the zone that the CLI names",
        "acronym" => "from its acronym",
        "paired" => "from the same alarm in a dated log",
        "sequence" => "from the order of numbered records",
        "ambiguous" => "several fit",
        _ => "not known",
    };
    format!("year {year}, offset {zone}")
}

/// A warning where the logs end long before `as_of`: the state shown is that of their end.
pub fn stale(report: &Report) -> Option<String> {
    let (Time(as_of), Time(end)) = (report.as_of?, report.input.coverage.to?);
    let zone = shared_zone(report);
    (as_of - end >= STALE_AFTER).then(|| {
        format!(
            "The logs end at {}, {} before: what happened since is not known.",
            zone.show(end),
            spell(as_of - end)
        )
    })
}

/// How many checks ended how.
pub(crate) fn counts(report: &Report) -> String {
    let of = |outcome| report.checks.iter().filter(|check| check.outcome == outcome).count();
    format!(
        "{}: {} failed, {} not known from this input, {} passed, {} not applicable",
        n(report.checks.len() as u64, "answer"),
        of(CheckOutcome::Fail),
        of(CheckOutcome::NoEvidence),
        of(CheckOutcome::Pass),
        of(CheckOutcome::NotApplicable)
    )
}

/// `1 file`, `12,345 files`.
pub(crate) fn n(count: u64, noun: &str) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {noun}{}", if count == 1 { "" } else { "s" })
}
