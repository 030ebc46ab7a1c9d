//! A difference in words: one line for each, the worst first.

use crate::check::{brief, listed};
use crate::report::{CheckOutcome, Evidence, Regime, Severity};
use crate::show::usage::{capital, state_then};
use crate::show::words::{basis, deadline_kind, n};
use crate::time::{Time, Zone, relative, spell};

use super::document::{
    CheckDiff, CheckHow, DeadlineDiff, DeadlineHow, Diff, DiffInstance, How, MatchedBy, Numbers, Presence,
    ReleaseDiff, ServiceDiff, Side, StateDiff, UsageDiff,
};
use super::stated;

/// What nothing changed is called.
pub(super) const UNCHANGED: &str = "Nothing changed in license terms.";

/// Whether a difference is good; the order is that of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mood {
    /// Worse than before.
    Worse,
    /// Not known any more.
    Unsure,
    /// Neither better nor worse.
    Neutral,
    /// Better than before.
    Better,
}

impl Mood {
    /// The word for a page's style.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Unsure => "unsure",
            Self::Neutral => "neutral",
            Self::Better => "better",
        }
    }
}

/// One difference.
pub(super) struct Line {
    pub(super) mood: Mood,
    /// What it is about.
    pub(super) label: &'static str,
    /// The difference.
    pub(super) says: String,
    /// What to do about it.
    pub(super) then: Option<String>,
    /// Where that is written.
    pub(super) cited: Option<String>,
}

impl Line {
    pub(super) fn new(mood: Mood, label: &'static str, says: String) -> Self {
        Self { mood, label, says, then: None, cited: None }
    }
}

/// The clock on which times of an instance are shown.
pub(super) fn zone(of: &DiffInstance) -> Zone {
    Zone::shared([of.time_zone.as_deref()])
}

/// The clock of the page's head: that of the first Product Instance.
pub(super) fn zone_of_all(document: &Diff) -> Zone {
    document.instances.first().map_or(Zone::Utc, zone)
}

/// `bundle.zip, as of 2026-04-02 11:00:05 +05:30, logs from … to …`.
pub(super) fn side(of: &Side, zone: Zone) -> String {
    const TOLD_MAX: usize = 4;
    let mut paths: Vec<String> = of.sources.iter().take(TOLD_MAX).map(|path| brief(path)).collect();
    if let Some(more @ 1..) = of.sources.len().checked_sub(TOLD_MAX) {
        paths.push(format!("{more} more"));
    }
    let mut parts = if paths.is_empty() { Vec::new() } else { vec![listed(&paths)] };
    parts.push(as_of(of, zone));
    parts.push(extent(of, zone));
    parts.join(", ")
}

pub(super) fn as_of(of: &Side, zone: Zone) -> String {
    of.as_of.map_or_else(
        || "as of a time that is not known".to_owned(),
        |Time(at)| format!("as of {}", zone.show(at)),
    )
}

pub(super) fn extent(of: &Side, zone: Zone) -> String {
    match (of.from, of.to) {
        (Some(Time(from)), Some(Time(to))) => format!("logs from {} to {}", zone.show(from), zone.show(to)),
        _ => "no dated log".to_owned(),
    }
}

/// The name of an instance as a heading, with its other name where it had one.
pub(super) fn title(of: &DiffInstance) -> String {
    let names: Vec<String> =
        of.nodes.both.iter().chain(&of.nodes.appeared).take(8).map(|name| brief(name)).collect();
    let id = brief(of.after_id.as_deref().or(of.before_id.as_deref()).unwrap_or("unnamed"));
    let mut title =
        if names.is_empty() || names == [id.as_str()] { id } else { format!("{id}: {}", names.join(", ")) };
    match (of.presence, &of.before_id, &of.after_id) {
        (Presence::Appeared, ..) => title.push_str(" (only in the later report)"),
        (Presence::Vanished, ..) => title.push_str(" (only in the earlier report)"),
        (Presence::Both, Some(before), Some(after)) if before != after => {
            title.push_str(&format!(" (before: {})", brief(before)));
        }
        (Presence::Both, ..) => {}
    }
    title
}

/// The first of some lines: `bundle.zip!/uccxpub/syslog/CiscoSyslog:14`; `None` without any. Its input always stands with
/// it, since two are compared.
pub(super) fn cited(lines: &[Evidence]) -> Option<String> {
    let first = lines.first()?;
    Some(match &first.member {
        Some(member) => format!("{}!/{member}:{}", first.source, first.line),
        None => format!("{}:{}", first.source, first.line),
    })
}

/// The present authorization in short, and whether Enforcement is on; `None` where the later report lacks the system.
pub(super) fn now(of: &DiffInstance) -> Option<String> {
    if of.presence == Presence::Vanished {
        return None;
    }
    let named = |dimension: &str| of.states.iter().find(|state| state.dimension == dimension);
    let it = named("authorization")?;
    let since = it.after_since.map(|Time(at)| format!(" since {}", zone(of).show(at))).unwrap_or_default();
    let firmly = it.after_basis.map(|of| format!(" {}", basis(of))).unwrap_or_default();
    let enforced = named("enforcement").is_some_and(|state| state.after.as_deref() == Some("enforced"));
    let enforced = if enforced { "; Enforcement is on" } else { "" };
    Some(format!("{}{since}{firmly}{enforced}", state(&it.after)))
}

/// All differences of an instance, the worst first.
pub(super) fn lines(document: &Diff, of: &DiffInstance) -> Vec<Line> {
    let zone = zone(of);
    let mut all: Vec<Line> = presence(of).into_iter().collect();
    // Enforcement is what the users feel, so it comes before the reason for it.
    all.extend(of.states.iter().rev().filter_map(|state| state_line(state, zone)));
    all.extend(of.deadlines.iter().filter_map(|it| deadline_line(it, document.after.as_of, zone)));
    all.extend(of.checks.iter().map(check_line));
    all.extend(of.usage.iter().filter_map(usage_line));
    all.extend(of.entitlements_stated.iter().filter_map(stated::entitlement_line));
    all.extend(stated::license_type_line(&of.license_type));
    all.extend(of.services.iter().map(service_line));
    all.extend(of.new_causes.iter().map(|cause| {
        let mood = if cause.suppressed { Mood::Neutral } else { Mood::Worse };
        let explains: Vec<String> = cause.explains.iter().map(|check| brief(check)).collect();
        Line::new(mood, "New cause", format!("{} explains {}", brief(&cause.check), listed(&explains)))
    }));
    all.extend(release_line(&of.release));
    for field in of.deployment.iter().filter(|field| field.how != How::Same) {
        let name = match &*field.name {
            "url" => "Transport URL",
            "proxy" => "proxy",
            _ => "transport",
        };
        let says = format!("{name}: {}", change(&field.before, &field.after, |text| text.replace('_', " ")));
        all.push(Line::new(unsure(field.how), "Way to CSSM", says));
    }
    if of.presence == Presence::Both {
        for (names, mood, what) in [
            (&of.nodes.vanished, Mood::Unsure, "only in the earlier report"),
            (&of.nodes.appeared, Mood::Neutral, "only in the later report"),
        ] {
            if !names.is_empty() {
                let names: Vec<String> = names.iter().map(|name| brief(name)).collect();
                all.push(Line::new(mood, "Nodes", format!("{} {what}", listed(&names))));
            }
        }
    }
    // Stable: of one mood, states come before what follows from them.
    all.sort_by_key(|line| line.mood);
    all
}

/// What is lost is a doubt, whatever it is.
pub(super) fn unsure(how: How) -> Mood {
    match how {
        How::Lost => Mood::Unsure,
        How::Same | How::Changed | How::Learned => Mood::Neutral,
    }
}

fn presence(of: &DiffInstance) -> Option<Line> {
    let (mood, says) = match (of.presence, of.matched_by) {
        (Presence::Appeared, _) => (Mood::Neutral, "the earlier report does not hold this system"),
        (Presence::Vanished, _) => (Mood::Unsure, "the later report does not hold this system"),
        (Presence::Both, Some(MatchedBy::OnlyOne)) => (
            Mood::Neutral,
            "taken for the same, since each report holds one system and one of them has no name",
        ),
        (Presence::Both, _) => return None,
    };
    Some(Line::new(mood, "System", says.to_owned()))
}

/// How bad a state is, 0 where all is well.
fn badness(state: &str) -> u8 {
    match state {
        "enforced" => 5,
        "out_of_compliance"
        | "authorization_expired"
        | "not_authorized"
        | "not_authorized_reserved"
        | "evaluation_expired"
        | "registration_expired" => 4,
        "overage" => 3,
        "unregistered" => 2,
        "evaluation" | "reservation_in_progress" => 1,
        _ => 0,
    }
}

pub(super) fn state_mood(of: &StateDiff) -> Mood {
    let bad = |state: &Option<String>| state.as_deref().map(badness);
    match (of.how, bad(&of.before), bad(&of.after)) {
        (How::Lost, ..) => Mood::Unsure,
        (How::Learned, _, Some(2..)) => Mood::Worse,
        (How::Changed, Some(before), Some(after)) if before < after => Mood::Worse,
        (How::Changed, Some(before), Some(after)) if after < before => Mood::Better,
        (How::Changed, _, Some(2..)) => Mood::Worse,
        (How::Same | How::Learned | How::Changed, ..) => Mood::Neutral,
    }
}

/// A state, or that it is not known.
pub(super) fn state(of: &Option<String>) -> String {
    of.as_deref().map_or_else(|| "not known".to_owned(), state_then)
}

fn state_line(of: &StateDiff, zone: Zone) -> Option<Line> {
    if of.how == How::Same {
        return None;
    }
    let mut says = if of.again {
        format!("{}, left and entered again", state(&of.after))
    } else {
        format!("{} → {}", state(&of.before), state(&of.after))
    };
    if let Some(Time(since)) = of.after_since {
        says.push_str(&format!(" since {}", zone.show(since)));
    }
    if let Some(firmly) = of.after_basis {
        says.push_str(&format!(" {}", basis(firmly)));
    }
    if of.how == How::Lost {
        says.push_str(": no line of the later input tells it");
    }
    let label = match &*of.dimension {
        "registration" => "Registration",
        "authorization" => "Authorization",
        _ => "Enforcement",
    };
    Some(Line { mood: state_mood(of), label, says, then: of.cause.clone(), cited: cited(&of.evidence) })
}

/// The instant of a deadline as a table shows it.
pub(super) fn instant(of: Option<Time>, zone: Zone) -> String {
    of.map_or_else(|| "–".to_owned(), |Time(at)| zone.show(at))
}

/// How a deadline differs, in words.
pub(super) fn deadline_change(of: &DeadlineDiff) -> String {
    let says = match (of.how, of.moved_s) {
        (DeadlineHow::Appeared, _) => "new".to_owned(),
        (DeadlineHow::Gone, _) => "no longer follows from the lines".to_owned(),
        (DeadlineHow::Moved, Some(moved_s @ 1..)) => format!("{} later", length(moved_s)),
        (DeadlineHow::Moved, Some(moved_s)) => format!("{} earlier", length(moved_s)),
        (DeadlineHow::Same | DeadlineHow::Moved, _) => "the same".to_owned(),
    };
    match (of.passed, of.how) {
        (true, DeadlineHow::Gone) => format!("{says}; its time has come since"),
        (true, _) => format!("{says}; it has passed since"),
        (false, _) => says,
    }
}

fn length(seconds: i64) -> String {
    chrono::TimeDelta::try_seconds(seconds).map_or_else(|| format!("{seconds} s"), spell)
}

pub(super) fn deadline_mood(of: &DeadlineDiff) -> Mood {
    let feared = matches!(&*of.kind, "enter_ooc" | "enforcement");
    match (of.how, of.moved_s) {
        (DeadlineHow::Appeared, _) if feared => Mood::Worse,
        (DeadlineHow::Gone, _) => Mood::Neutral,
        _ if of.passed => Mood::Worse,
        (DeadlineHow::Moved, Some(1..)) => Mood::Better,
        (DeadlineHow::Moved, _) => Mood::Worse,
        (DeadlineHow::Same | DeadlineHow::Appeared, _) => Mood::Neutral,
    }
}

fn deadline_line(of: &DeadlineDiff, as_of: Option<Time>, zone: Zone) -> Option<Line> {
    if of.how == DeadlineHow::Same && !of.passed {
        return None;
    }
    let Time(at) = of.after.or(of.before)?;
    let seen = as_of.map(|Time(as_of)| format!(" ({})", relative(at, as_of))).unwrap_or_default();
    let says =
        format!("{} {}{seen}: {}", brief(&deadline_kind(&of.kind)), zone.show(at), deadline_change(of));
    Some(Line::new(deadline_mood(of), "Deadline", says))
}

/// How the answer of a check differs, as a label.
pub(super) fn check_label(how: CheckHow) -> &'static str {
    match how {
        CheckHow::NewFailure => "New failure",
        CheckHow::Worse => "Worse",
        CheckHow::EvidenceLost => "Evidence lost",
        CheckHow::Better => "Better",
        CheckHow::Fixed => "Fixed",
        CheckHow::EvidenceGained => "Evidence gained",
        CheckHow::ApplicabilityChanged => "Applicability",
        CheckHow::SuppressionChanged => "Suppression",
    }
}

pub(super) fn check_mood(of: &CheckDiff) -> Mood {
    match of.how {
        CheckHow::NewFailure | CheckHow::Worse if of.after_suppressed => Mood::Neutral,
        CheckHow::NewFailure | CheckHow::Worse => Mood::Worse,
        // The user no longer accepts it, so it counts again.
        CheckHow::SuppressionChanged if !of.after_suppressed => Mood::Worse,
        CheckHow::EvidenceLost => Mood::Unsure,
        CheckHow::Better | CheckHow::Fixed => Mood::Better,
        CheckHow::EvidenceGained | CheckHow::ApplicabilityChanged | CheckHow::SuppressionChanged => {
            Mood::Neutral
        }
    }
}

/// The answer of a check: `fail (critical, suppressed)`.
pub(super) fn answer(outcome: Option<CheckOutcome>, severity: Option<Severity>, suppressed: bool) -> String {
    let Some(outcome) = outcome else { return "not in the report".to_owned() };
    let word = outcome.name().replace('_', " ");
    match (severity, suppressed) {
        (Some(severity), true) => format!("{word} ({}, suppressed)", severity.name()),
        (Some(severity), false) => format!("{word} ({})", severity.name()),
        (None, true) => format!("{word} (suppressed)"),
        (None, false) => word,
    }
}

pub(super) fn before(of: &CheckDiff) -> String {
    answer(of.before, of.before_severity, of.before_suppressed)
}

pub(super) fn after(of: &CheckDiff) -> String {
    answer(of.after, of.after_severity, of.after_suppressed)
}

fn check_line(of: &CheckDiff) -> Line {
    let says = format!("{}, {} → {}: {}", brief(&of.id), before(of), after(of), of.says);
    let then = of.remedy.clone().or_else(|| of.collect.as_ref().map(|collect| format!("collect {collect}")));
    Line { mood: check_mood(of), label: check_label(of.how), says, then, cited: cited(&of.evidence) }
}

/// A number before and after: `100 → 130`, `100`, `not known → 5`.
pub(super) fn numbers(of: Numbers) -> String {
    let word =
        |number: Option<u32>| number.map_or_else(|| "not known".to_owned(), |number| number.to_string());
    if of.before == of.after {
        of.after.map_or_else(|| "–".to_owned(), |n| n.to_string())
    } else {
        format!("{} → {}", word(of.before), word(of.after))
    }
}

pub(super) fn usage_mood(of: &UsageDiff) -> Mood {
    match (of.deficit.before.zip(of.deficit.after), of.how) {
        (Some((before, after)), _) if before < after => Mood::Worse,
        (Some((before, after)), _) if after < before => Mood::Better,
        (_, how) => unsure(how),
    }
}

fn usage_line(of: &UsageDiff) -> Option<Line> {
    if of.how == How::Same {
        return None;
    }
    let parts =
        [("purchased", of.purchased), ("peak", of.peak), ("locked", of.locked), ("to buy", of.deficit)];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(_, numbers)| numbers.before != numbers.after)
        .map(|(name, of)| format!("{name} {}", numbers(of)))
        .collect();
    let says = format!("{}: {}", brief(&of.entitlement), told.join(", "));
    Some(Line::new(usage_mood(of), "Usage", says))
}

/// The state of a service, or that it is not known.
pub(super) fn service_state(of: &Option<String>) -> String {
    of.as_deref().map_or_else(|| "not known".to_owned(), |state| brief(&state.replace('_', " ")))
}

pub(super) fn service_mood(of: &ServiceDiff) -> Mood {
    let runs = |state: &Option<String>| state.as_deref().map(|state| state == "in_service");
    match (of.how, runs(&of.before), runs(&of.after)) {
        (How::Lost, ..) => Mood::Unsure,
        (_, _, Some(true)) => Mood::Better,
        (How::Changed, Some(true), Some(false)) | (How::Learned, _, Some(false)) => Mood::Worse,
        (How::Same | How::Changed | How::Learned, ..) => Mood::Neutral,
    }
}

fn service_line(of: &ServiceDiff) -> Line {
    let node = of.node.as_deref().map(|node| format!(" on {}", brief(node))).unwrap_or_default();
    let says =
        format!("{}{node}: {} → {}", brief(&of.service), service_state(&of.before), service_state(&of.after));
    Line::new(service_mood(of), "Service", says)
}

/// A version with its rules: `12.5(1)SU2, counted rules`.
pub(super) fn version(version: &Option<String>, regime: Regime) -> String {
    format!("{}, {} rules", version.as_deref().map_or_else(|| "not known".to_owned(), brief), regime.name())
}

fn release_line(of: &ReleaseDiff) -> Option<Line> {
    let says = format!("{} → {}", version(&of.before, of.before_regime), version(&of.after, of.after_regime));
    (of.how != How::Same).then(|| Line::new(unsure(of.how), "Release", says))
}

/// `a → b`, with `not known` for what is not.
pub(super) fn change(
    before: &Option<String>,
    after: &Option<String>,
    word: impl Fn(&str) -> String,
) -> String {
    let shown = |of: &Option<String>| of.as_deref().map_or_else(|| "not known".to_owned(), &word);
    format!("{} → {}", shown(before), shown(after))
}

/// The sentence on alarms: `SYSTEM_IN_OOC_STATE 1 → 5 (4 since)`; `None` where their number does not differ.
pub(super) fn alarms(of: &DiffInstance, told_max: usize) -> Option<String> {
    let mut rows: Vec<_> = of.events.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.since.unwrap_or(0)));
    let mut told: Vec<String> = rows
        .iter()
        .take(told_max)
        .map(|row| {
            let since = row.since.filter(|n| *n > 0).map(|n| format!(" ({n} since)")).unwrap_or_default();
            format!("{} {} → {}{since}", brief(&row.mnemonic), row.before, row.after)
        })
        .collect();
    if let Some(more @ 1..) = rows.len().checked_sub(told_max) {
        told.push(n(more as u64, "more alarm"));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

/// How many checks answer as before.
pub(super) fn unchanged_checks(of: &DiffInstance) -> String {
    format!("{} as before", n(of.checks_unchanged, "check"))
}

/// The heading of a page: what is better, what is worse.
pub(super) fn headline(document: &Diff) -> String {
    if !document.changed {
        return UNCHANGED.to_owned();
    }
    let moods: Vec<Mood> =
        document.instances.iter().flat_map(|of| lines(document, of)).map(|line| line.mood).collect();
    let count = |mood: Mood| moods.iter().filter(|other| **other == mood).count() as u64;
    let parts: Vec<String> = [
        (count(Mood::Worse), "worse"),
        (count(Mood::Unsure), "no longer known"),
        (count(Mood::Neutral), "different"),
        (count(Mood::Better), "better"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    capital(&format!("{}.", listed(&parts)))
}
