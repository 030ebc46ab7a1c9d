//! The checklist in both reports: which answers differ, and in which way.

use std::collections::{HashMap, HashSet};

use crate::report::{Cause, Check, CheckOutcome, ProductInstance, Report, Severity};

use super::document::{CauseDiff, CheckDiff, CheckHow};
use super::first_lines;
use super::pairs::Pair;

/// The rows of both reports by Product Instance.
pub(super) struct Rows<'a> {
    before: Side<'a>,
    after: Side<'a>,
}

/// The rows and the causes of one report.
struct Side<'a> {
    checks: HashMap<&'a str, Vec<&'a Check>>,
    causes: HashMap<&'a str, Vec<&'a Cause>>,
}

impl<'a> Side<'a> {
    fn of(report: &'a Report) -> Self {
        let mut checks: HashMap<&'a str, Vec<&'a Check>> = HashMap::new();
        for check in &report.checks {
            // A row without a Product Instance says that nothing was there to check.
            if let Some(id) = &check.product_instance {
                checks.entry(id).or_default().push(check);
            }
        }
        let mut causes: HashMap<&'a str, Vec<&'a Cause>> = HashMap::new();
        // One that explains nothing is a failed check like any other.
        for cause in report.causes.iter().filter(|cause| !cause.explains.is_empty()) {
            if let Some(id) = &cause.product_instance {
                causes.entry(id).or_default().push(cause);
            }
        }
        Self { checks, causes }
    }

    fn take_checks(&mut self, of: Option<&ProductInstance>) -> Vec<&'a Check> {
        of.and_then(|of| self.checks.remove(&*of.id)).unwrap_or_default()
    }

    fn take_causes(&mut self, of: Option<&ProductInstance>) -> Vec<&'a Cause> {
        of.and_then(|of| self.causes.remove(&*of.id)).unwrap_or_default()
    }
}

/// What differs in the checks of one Product Instance.
pub(super) struct Differing {
    /// Checks whose answers differ, the worst first.
    pub(super) checks: Vec<CheckDiff>,
    /// How many answer as before.
    pub(super) unchanged: u64,
    /// Causes of the later report that the earlier does not hold.
    pub(super) new_causes: Vec<CauseDiff>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(before: &'a Report, after: &'a Report) -> Self {
        Self { before: Side::of(before), after: Side::of(after) }
    }

    /// Takes the rows of a pair: each is compared once, however many Product Instances claim the same `id`.
    pub(super) fn take(&mut self, pair: &Pair<'_>) -> Differing {
        let (was, is) = (self.before.take_checks(pair.before), self.after.take_checks(pair.after));
        let one_sided = pair.before.is_none() || pair.after.is_none();
        let mut unchanged = 0;
        let mut checks = Vec::new();
        for (was, is) in paired(was, is) {
            // Where a whole Product Instance came or went, only what is wrong with it is told.
            let fails = is.or(was).is_some_and(|check| check.outcome == CheckOutcome::Fail);
            match how(was, is) {
                Some(how) if fails || !one_sided => checks.extend(row(how, was, is)),
                None if was.is_some() && is.is_some() => unchanged += 1,
                Some(_) | None => {}
            }
        }
        let worst = |row: &CheckDiff| row.after_severity.or(row.before_severity);
        checks.sort_by_key(|row| (row.after_suppressed, row.how, std::cmp::Reverse(worst(row))));
        let known: HashSet<&str> =
            self.before.take_causes(pair.before).into_iter().map(|cause| &*cause.check).collect();
        let causes = self.after.take_causes(pair.after).into_iter();
        let new_causes = causes.filter(|cause| !known.contains(&*cause.check)).map(|cause| CauseDiff {
            check: cause.check.clone(),
            severity: cause.severity,
            suppressed: cause.suppressed,
            explains: cause.explains.iter().map(|it| it.check.clone()).collect(),
        });
        Differing { checks, unchanged, new_causes: new_causes.collect() }
    }
}

/// Each check once, in the order of the later report: as it was and as it is. Of rows with one name the first counts.
fn paired<'a>(was: Vec<&'a Check>, is: Vec<&'a Check>) -> Vec<(Option<&'a Check>, Option<&'a Check>)> {
    let mut left: HashMap<&str, &Check> = HashMap::new();
    for check in &was {
        left.entry(&check.id).or_insert(check);
    }
    let mut seen: HashSet<&str> = HashSet::new();
    let is = is.into_iter().filter(|check| seen.insert(&check.id));
    let mut all: Vec<_> = is.map(|check| (left.remove(&*check.id), Some(check))).collect();
    let gone = was.into_iter().filter_map(|check| Some((Some(left.remove(&*check.id)?), None)));
    all.extend(gone);
    all
}

/// How two answers differ; `None` where they do not. A check that a report does not hold is like one without evidence.
fn how(was: Option<&Check>, is: Option<&Check>) -> Option<CheckHow> {
    use CheckOutcome::{Fail, NoEvidence, NotApplicable, Pass};
    let outcome = |check: Option<&Check>| check.map_or(NoEvidence, |check| check.outcome);
    match (outcome(was), outcome(is)) {
        (Fail, Fail) => {
            let severity = |check: Option<&Check>| -> Option<Severity> { check?.severity };
            let accepted = |check: Option<&Check>| check.is_some_and(|check| check.suppressed.is_some());
            match severity(was).cmp(&severity(is)) {
                std::cmp::Ordering::Less => Some(CheckHow::Worse),
                std::cmp::Ordering::Greater => Some(CheckHow::Better),
                std::cmp::Ordering::Equal => {
                    (accepted(was) != accepted(is)).then_some(CheckHow::SuppressionChanged)
                }
            }
        }
        (Pass | NoEvidence | NotApplicable, Fail) => Some(CheckHow::NewFailure),
        (Fail, Pass) => Some(CheckHow::Fixed),
        (Fail | Pass | NotApplicable, NoEvidence) => Some(CheckHow::EvidenceLost),
        (NoEvidence, Pass | NotApplicable) => Some(CheckHow::EvidenceGained),
        (Fail | Pass, NotApplicable) | (NotApplicable, Pass) => Some(CheckHow::ApplicabilityChanged),
        (Pass, Pass) | (NoEvidence, NoEvidence) | (NotApplicable, NotApplicable) => None,
    }
}

fn row(how: CheckHow, was: Option<&Check>, is: Option<&Check>) -> Option<CheckDiff> {
    let shown = is.or(was)?;
    let accepted = |check: Option<&Check>| check.is_some_and(|check| check.suppressed.is_some());
    Some(CheckDiff {
        id: shown.id.clone(),
        title: shown.title.clone(),
        how,
        before: was.map(|was| was.outcome),
        after: is.map(|is| is.outcome),
        before_severity: was.and_then(|was| was.severity),
        after_severity: is.and_then(|is| is.severity),
        before_suppressed: accepted(was),
        after_suppressed: accepted(is),
        says: shown.says.clone(),
        remedy: is.and_then(|is| is.remedy.clone()),
        collect: is.and_then(|is| is.collect.clone()),
        evidence: first_lines(&if how == CheckHow::EvidenceLost { was? } else { shown }.evidence),
    })
}
