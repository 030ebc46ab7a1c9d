//! The tables of a page: the same rows for Markdown and HTML.

use crate::show::words::{basis, deadline_kind};
use crate::time::Zone;

use super::document::{DeadlineHow, Diff, DiffInstance, How, Presence};
use super::stated::{entitlement_mood, status};
use super::words::{
    Mood, after, before, change, check_label, check_mood, deadline_change, deadline_mood, instant, lines,
    numbers, service_mood, service_state, state, state_mood, usage_mood, version, zone,
};

/// Most rows of one table; the JSON document holds all.
pub(super) const ROWS_MAX: usize = 200;

/// A table: the first cell of each row is its head.
pub(super) struct Table {
    pub(super) caption: &'static str,
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<(Mood, Vec<String>)>,
    /// Rows that did not find room.
    pub(super) n_more: usize,
}

impl Table {
    fn new(caption: &'static str, heads: &[&'static str], rows: Vec<(Mood, Vec<String>)>) -> Self {
        let n_more = rows.len().saturating_sub(ROWS_MAX);
        let rows = rows.into_iter().take(ROWS_MAX).collect();
        Self { caption, heads: heads.to_vec(), rows, n_more }
    }
}

/// Both reports beside each other.
pub(super) fn sides(document: &Diff, zone: Zone) -> Table {
    let row = |title: &str, of: &super::Side| {
        let cells =
            [title.to_owned(), of.sources.join(", "), instant(of.as_of, zone), instant(of.from, zone)];
        (Mood::Neutral, cells.into_iter().chain([instant(of.to, zone)]).collect())
    };
    let rows = vec![row("before", &document.before), row("after", &document.after)];
    Table::new("The reports", &["report", "input", "as of", "logs from", "to"], rows)
}

/// The tables of one Product Instance that hold anything; the first sums the differences up.
pub(super) fn tables(document: &Diff, of: &DiffInstance) -> Vec<Table> {
    let zone = zone(of);
    let all = [
        differences(document, of),
        states(of, zone),
        deadlines(of, zone),
        usage(of),
        stated(of),
        checks(of),
        services(of, zone),
        system(of),
        alarms(of),
    ];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn differences(document: &Diff, of: &DiffInstance) -> Table {
    let rows = lines(document, of).into_iter().map(|line| {
        let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
        let cells = vec![line.label.to_owned(), line.says, or_dash(line.then), or_dash(line.cited)];
        (line.mood, cells)
    });
    Table::new("What changed", &["about", "change", "why, or what to do", "line"], rows.collect())
}

fn states(of: &DiffInstance, zone: Zone) -> Table {
    let rows = of.states.iter().map(|it| {
        let firmly =
            |of: Option<crate::report::Basis>| of.map(|of| format!(" {}", basis(of))).unwrap_or_default();
        let cells = vec![
            it.dimension.clone(),
            format!("{}{}", state(&it.before), firmly(it.before_basis)),
            instant(it.before_since, zone),
            format!("{}{}", state(&it.after), firmly(it.after_basis)),
            instant(it.after_since, zone),
            if it.again { "left and entered again" } else { how(it.how) }.to_owned(),
        ];
        (state_mood(it), cells)
    });
    Table::new("States", &["machine", "before", "since", "after", "since", "difference"], rows.collect())
}

fn how(of: How) -> &'static str {
    match of {
        How::Same => "the same",
        How::Changed => "changed",
        How::Learned => "known only now",
        How::Lost => "no longer known",
    }
}

fn deadlines(of: &DiffInstance, zone: Zone) -> Table {
    let rows = of.deadlines.iter().map(|it| {
        let cells = vec![
            deadline_kind(&it.kind),
            instant(it.before, zone),
            instant(it.after, zone),
            deadline_change(it),
        ];
        let quiet = it.how == DeadlineHow::Same && !it.passed;
        (if quiet { Mood::Neutral } else { deadline_mood(it) }, cells)
    });
    Table::new("Deadlines", &["deadline", "before", "after", "difference"], rows.collect())
}

fn usage(of: &DiffInstance) -> Table {
    let rows = of.usage.iter().map(|it| {
        let counts = [it.purchased, it.peak, it.locked, it.deficit].map(numbers);
        (usage_mood(it), std::iter::once(it.entitlement.clone()).chain(counts).collect())
    });
    Table::new("License usage", &["entitlement", "purchased", "peak", "locked", "to buy"], rows.collect())
}

/// Entitlements as outputs state them.
fn stated(of: &DiffInstance) -> Table {
    let rows = of.entitlements_stated.iter().map(|it| {
        let cells = vec![
            it.entitlement.clone(),
            numbers(it.count),
            status(&it.before_status),
            status(&it.after_status),
            how(it.how).to_owned(),
        ];
        (entitlement_mood(it), cells)
    });
    Table::new(
        "Entitlements that outputs state",
        &["entitlement", "in use", "status before", "after", "difference"],
        rows.collect(),
    )
}

fn checks(of: &DiffInstance) -> Table {
    let rows = of.checks.iter().map(|it| {
        let cells =
            vec![it.id.clone(), before(it), after(it), check_label(it.how).to_owned(), it.says.clone()];
        (check_mood(it), cells)
    });
    Table::new(
        "Checks with another answer",
        &["check", "before", "after", "difference", "what was found"],
        rows.collect(),
    )
}

fn services(of: &DiffInstance, zone: Zone) -> Table {
    let rows = of.services.iter().map(|it| {
        let cells = vec![
            it.service.clone(),
            it.node.clone().unwrap_or_else(|| "–".to_owned()),
            service_state(&it.before),
            service_state(&it.after),
            instant(it.after_at, zone),
        ];
        (service_mood(it), cells)
    });
    Table::new("Services", &["service", "node", "before", "after", "said at"], rows.collect())
}

/// Release, license type, the way to CSSM and nodes, where they differ.
fn system(of: &DiffInstance) -> Table {
    let mut rows = Vec::new();
    let release = &of.release;
    if release.how != How::Same {
        let was = version(&release.before, release.before_regime);
        let is = version(&release.after, release.after_regime);
        rows.push((Mood::Neutral, vec!["release".to_owned(), format!("{was} → {is}")]));
    }
    let kind = &of.license_type;
    if kind.how != How::Same {
        let cells = vec!["license type".to_owned(), change(&kind.before, &kind.after, str::to_owned)];
        rows.push((Mood::Neutral, cells));
    }
    for field in of.deployment.iter().filter(|field| field.how != How::Same) {
        let cells = vec![field.name.clone(), change(&field.before, &field.after, str::to_owned)];
        rows.push((Mood::Neutral, cells));
    }
    if of.presence == Presence::Both {
        for (what, names) in [("nodes appeared", &of.nodes.appeared), ("nodes vanished", &of.nodes.vanished)]
        {
            if !names.is_empty() {
                rows.push((Mood::Neutral, vec![what.to_owned(), names.join(", ")]));
            }
        }
    }
    Table::new("The system", &["about", "change"], rows)
}

fn alarms(of: &DiffInstance) -> Table {
    let rows = of.events.iter().map(|it| {
        let since = it.since.map_or_else(|| "–".to_owned(), |since| since.to_string());
        let cells = vec![
            it.mnemonic.clone(),
            it.facility.clone(),
            it.before.to_string(),
            it.after.to_string(),
            since,
        ];
        (Mood::Neutral, cells)
    });
    Table::new(
        "Alarms",
        &["mnemonic", "facility", "before", "after", "since the earlier report"],
        rows.collect(),
    )
}
