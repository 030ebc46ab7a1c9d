//! What changed, on a screen: one line for each difference, the worst first.

use std::fmt;

use anstyle::Style;

use crate::render::Options;
use crate::show::layout::{BAD, BOLD, DIM, GOOD, PLAIN, Screen, WARN};

use super::document::{Diff, DiffInstance, Presence};
use super::words::{
    Line, Mood, UNCHANGED, alarms, headline, lines, now, side, title, unchanged_checks, zone_of_all,
};

/// Column of the text beside a label.
const TEXT: usize = 20;

/// Most differences of one Product Instance, and most doubts; the JSON document holds all.
const LISTED_MAX: usize = 40;

/// Most alarms of one Product Instance.
const ALARMS_MAX: usize = 6;

pub(super) fn render(document: &Diff, out: &mut dyn fmt::Write, options: &Options) -> fmt::Result {
    let screen = &mut Screen::new(out, options);
    let zone = zone_of_all(document);
    screen.para(0, "What changed in the UCCX license", BOLD)?;
    screen.rule()?;
    screen.row(0, 8, ("Before", DIM), (&side(&document.before, zone), PLAIN))?;
    screen.row(0, 8, ("After", DIM), (&side(&document.after, zone), PLAIN))?;
    if !document.warnings.is_empty() {
        screen.blank()?;
        for warning in document.warnings.iter().take(LISTED_MAX) {
            screen.row(0, 2, ("!", WARN), (warning, WARN))?;
        }
        more(screen, 2, document.warnings.len())?;
    }
    screen.blank()?;
    screen.para(0, &headline(document), BOLD)?;
    for instance in &document.instances {
        screen.blank()?;
        self::instance(screen, document, instance)?;
    }
    Ok(())
}

fn instance(screen: &mut Screen<'_>, document: &Diff, of: &DiffInstance) -> fmt::Result {
    screen.para(0, &title(of), BOLD)?;
    if let Some(now) = now(of) {
        screen.row(2, TEXT, ("Now", DIM), (&now, BOLD))?;
    }
    let lines = lines(document, of);
    for line in lines.iter().take(LISTED_MAX) {
        screen.row(2, TEXT, (line.label, style(line)), (&line.says, PLAIN))?;
        if let Some(then) = &line.then {
            screen.row(TEXT, TEXT + 3, ("→", BOLD), (then, PLAIN))?;
        }
        if let Some(cited) = &line.cited {
            screen.para(TEXT + 3, cited, DIM)?;
        }
    }
    more(screen, 2, lines.len())?;
    if !of.changed && document.changed {
        screen.para(2, UNCHANGED, PLAIN)?;
    }
    if let Some(alarms) = alarms(of, ALARMS_MAX) {
        screen.row(2, TEXT, ("Alarms", DIM), (&alarms, DIM))?;
    }
    if of.presence == Presence::Both {
        screen.row(2, TEXT, ("Unchanged", DIM), (&unchanged_checks(of), DIM))?;
    }
    Ok(())
}

fn style(line: &Line) -> Style {
    match line.mood {
        Mood::Worse => BAD,
        Mood::Unsure => WARN,
        Mood::Neutral => DIM,
        Mood::Better => GOOD,
    }
}

fn more(screen: &mut Screen<'_>, indent: usize, n_all: usize) -> fmt::Result {
    match n_all.saturating_sub(LISTED_MAX) {
        0 => Ok(()),
        rest => screen.para(indent, &format!("{rest} more in the JSON document"), DIM),
    }
}
