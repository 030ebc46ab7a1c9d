//! What outputs of commands state of the license itself in both reports: its type, and each entitlement.

use std::collections::BTreeMap;

use crate::check::brief;
use crate::report::{EntitlementStated, LicenseType, ProductInstance};

use super::compare::{how, together};
use super::document::{How, LicenseTypeDiff, Numbers, StatedDiff};
use super::first_lines;
use super::pairs::Pair;
use super::words::{Line, Mood, change, cited, numbers, unsure};

/// A word as two outputs that spell it in their own ways compare it: letters and digits, lower case.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn license_type(pair: &Pair<'_>) -> LicenseTypeDiff {
    let of = |instance: Option<&'_ ProductInstance>| instance.and_then(|of| of.license_type.clone());
    let (was, is) = (of(pair.before), of(pair.after));
    let word = |of: &Option<LicenseType>| of.as_ref().map(|of| plain(&of.name));
    LicenseTypeDiff {
        how: how(word(&was).as_ref(), word(&is).as_ref()),
        evidence: is.as_ref().or(was.as_ref()).map(|of| first_lines(&of.evidence)).unwrap_or_default(),
        before: was.map(|of| of.name.to_string()),
        after: is.map(|of| of.name.to_string()),
    }
}

pub(super) fn entitlements(pair: &Pair<'_>) -> Vec<StatedDiff> {
    let mut by_name: BTreeMap<&str, [Option<&EntitlementStated>; 2]> = BTreeMap::new();
    for (side, instance) in [pair.before, pair.after].into_iter().enumerate() {
        for said in instance.into_iter().flat_map(|instance| &instance.entitlements_stated) {
            if let Some(place) = by_name.entry(&said.entitlement).or_default().get_mut(side) {
                // The newest is the last.
                *place = Some(said);
            }
        }
    }
    let rows = by_name.into_iter().map(|(entitlement, [was, is])| {
        let count = Numbers { before: was.and_then(|of| of.count), after: is.and_then(|of| of.count) };
        let (before, after) =
            (was.and_then(|of| of.status.as_deref()), is.and_then(|of| of.status.as_deref()));
        let told = |of: Option<&EntitlementStated>| of.map(|_| ());
        StatedDiff {
            entitlement: entitlement.to_owned(),
            how: together([
                // That it is stated at all counts too: it may come with neither a count nor a status.
                how(told(was).as_ref(), told(is).as_ref()),
                how(count.before.as_ref(), count.after.as_ref()),
                how(before.map(plain).as_ref(), after.map(plain).as_ref()),
            ]),
            count,
            before_status: before.map(str::to_owned),
            after_status: after.map(str::to_owned),
            evidence: is.or(was).map(|of| first_lines(&of.evidence)).unwrap_or_default(),
        }
    });
    rows.collect()
}

pub(super) fn license_type_line(of: &LicenseTypeDiff) -> Option<Line> {
    (of.how != How::Same).then(|| {
        let says = change(&of.before, &of.after, brief);
        Line { cited: cited(&of.evidence), ..Line::new(unsure(of.how), "License type", says) }
    })
}

/// Whether a status says that licenses lack or that nobody allows their use.
fn is_bad(status: &str) -> bool {
    let word = plain(status);
    ["outofcompliance", "notauthorized", "expired"].iter().any(|bad| word.contains(bad))
}

pub(super) fn entitlement_mood(of: &StatedDiff) -> Mood {
    let bad = |status: &Option<String>| status.as_deref().map(is_bad);
    match (of.how, bad(&of.before_status), bad(&of.after_status)) {
        (How::Same, ..) => Mood::Neutral,
        (_, Some(false) | None, Some(true)) => Mood::Worse,
        (How::Changed, Some(true), Some(false)) => Mood::Better,
        (how, ..) => unsure(how),
    }
}

pub(super) fn status(of: &Option<String>) -> String {
    of.as_deref().map_or_else(|| "–".to_owned(), brief)
}

pub(super) fn entitlement_line(of: &StatedDiff) -> Option<Line> {
    if of.how == How::Same {
        return None;
    }
    let mut told = Vec::new();
    if of.count.before != of.count.after {
        told.push(format!("in use {}", numbers(of.count)));
    }
    if of.before_status.as_deref().map(plain) != of.after_status.as_deref().map(plain) {
        told.push(format!("status {}", change(&of.before_status, &of.after_status, brief)));
    }
    if told.is_empty() {
        told.push(
            match of.how {
                How::Lost => "no longer stated",
                How::Same | How::Changed | How::Learned => "stated only now",
            }
            .to_owned(),
        );
    }
    let says = format!("{}: {}", brief(&of.entitlement), told.join(", "));
    Some(Line { cited: cited(&of.evidence), ..Line::new(entitlement_mood(of), "Stated", says) })
}
