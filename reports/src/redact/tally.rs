//! What was replaced where: the section `redaction` of a report.

use std::collections::{BTreeMap, HashMap};

use foldhash::quality::RandomState;

use super::rules::{self, Rule};
use super::{Answer, Done};
use crate::report::{Redaction, RedactionRule, Replaced, Text};

/// Most fields that the section names for one pseudonym.
pub(super) const PLACES_MAX: usize = 5;

/// What was replaced where.
#[derive(Default)]
pub(super) struct Tally {
    ids: HashMap<(Rule, Text), usize, RandomState>,
    /// How often, and in which fields.
    rows: Vec<(u64, Vec<&'static str>)>,
}

impl Tally {
    /// What a text becomes, and the rows of what was put into it.
    pub(super) fn answer(&mut self, done: Option<Done>) -> Answer {
        let done = done?;
        let ids = done.replaced.into_iter().map(|one| {
            let next = self.rows.len();
            let id = *self.ids.entry(one).or_insert(next);
            if id == next {
                self.rows.push((0, Vec::new()));
            }
            id
        });
        Some((done.text, ids.collect()))
    }

    /// Counts what stands in a field now.
    pub(super) fn count(&mut self, ids: &[usize], place: &'static str) {
        for id in ids {
            if let Some((count, places)) = self.rows.get_mut(*id) {
                *count += 1;
                // A pseudonym stands in few fields, and most often in the one before.
                if !places.iter().rev().any(|known| *known == place) {
                    places.push(place);
                }
            }
        }
    }

    pub(super) fn section(self) -> Redaction {
        let mut rules: BTreeMap<Rule, (u64, u64)> =
            Rule::ALL.into_iter().map(|rule| (rule, (0, 0))).collect();
        let mut replaced = Vec::new();
        for ((rule, pseudonym), id) in self.ids {
            let Some((count, places)) = self.rows.get(id) else { continue };
            let sums = rules.entry(rule).or_default();
            *sums = (sums.0 + 1, sums.1 + count);
            let mut places = places.clone();
            places.sort_unstable();
            replaced.push(Replaced {
                pseudonym: pseudonym.to_string(),
                rule: rule.name().to_owned(),
                count: *count,
                places: places.iter().take(PLACES_MAX).map(|place| (*place).to_owned()).collect(),
                more_places: places.len().saturating_sub(PLACES_MAX) as u64,
            });
        }
        replaced.sort_by(|a, b| (&a.pseudonym, &a.rule).cmp(&(&b.pseudonym, &b.rule)));
        Redaction {
            hashes: "keyed".to_owned(),
            rules: rules
                .into_iter()
                .map(|(rule, (values, replacements))| RedactionRule {
                    rule: rule.name().to_owned(),
                    values,
                    replacements,
                })
                .collect(),
            replaced,
            kept: rules::KEPT.map(str::to_owned).into(),
            not_covered: rules::NOT_COVERED.map(str::to_owned).into(),
        }
    }
}
