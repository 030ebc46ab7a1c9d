//! What makes a comparison doubtful, as sentences: a wrong pair of reports must not look like a change.

use crate::check::brief;
use crate::report::Report;
use crate::show::words::{n, shared_zone};
use crate::time::Time;

use super::document::{DiffInstance, How, MatchedBy};

/// Most Product Instances whose doubts are told one by one.
const TOLD_MAX: usize = 8;

pub(super) fn warnings(before: &Report, after: &Report, instances: &[DiffInstance]) -> Vec<String> {
    let mut all = Vec::new();
    systems(before, after, instances, &mut all);
    times(before, after, &mut all);
    for (report, which) in [(before, "earlier"), (after, "later")] {
        let incomplete = report.input.incomplete.len();
        if 0 < incomplete {
            all.push(format!(
                "The input of the {which} report is incomplete ({}): what differs may only be unread.",
                n(incomplete as u64, "reason")
            ));
        }
    }
    let releases = instances.iter().filter(|instance| {
        let release = &instance.release;
        release.how == How::Changed && release.before_regime != release.after_regime
    });
    for instance in releases.take(TOLD_MAX) {
        let name = |of: &Option<String>| brief(of.as_deref().unwrap_or("not known"));
        all.push(format!(
            "The releases follow different rules ({}, {}; then {}, {}): states and deadlines are not counted alike.",
            name(&instance.release.before),
            instance.release.before_regime.name(),
            name(&instance.release.after),
            instance.release.after_regime.name()
        ));
    }
    if before.tool != after.tool || before.schema_version != after.schema_version {
        all.push(format!(
            "Different programs wrote the reports ({} {}, then {} {}): an answer may differ because of that.",
            brief(&before.tool.name),
            brief(&before.tool.version),
            brief(&after.tool.name),
            brief(&after.tool.version)
        ));
    }
    all
}

/// Whether both reports are of the same system.
fn systems(before: &Report, after: &Report, instances: &[DiffInstance], all: &mut Vec<String>) {
    for (report, which) in [(before, "earlier"), (after, "later")] {
        if report.product_instances.is_empty() {
            all.push(format!("The {which} report holds no UCCX system."));
        }
    }
    let both_have_some = !before.product_instances.is_empty() && !after.product_instances.is_empty();
    if both_have_some && !instances.iter().any(|it| it.matched_by == Some(MatchedBy::Nodes)) {
        all.push("No node is in both reports: they may not be of the same system.".to_owned());
    }
}

/// Whether the later report is later, and what lies between them.
fn times(before: &Report, after: &Report, all: &mut Vec<String>) {
    let zone = shared_zone(after);
    let show = |Time(at): Time| zone.show(at);
    match (before.as_of, after.as_of) {
        (Some(then), Some(now)) if now < then => all.push(format!(
            "The later report is as of {}, before the earlier one ({}): they may be in the wrong order.",
            show(now),
            show(then)
        )),
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => {
            all.push("A report has no instant that \"now\" means: what has passed is not known.".to_owned());
        }
    }
    let (was, is) = (&before.input.coverage, &after.input.coverage);
    if let (Some(end), Some(end_after)) = (was.to, is.to)
        && end_after < end
    {
        all.push(format!(
            "The logs of the later report end at {}, before those of the earlier one ({}).",
            show(end_after),
            show(end)
        ));
    } else if let (Some(end), Some(begin)) = (was.to, is.from)
        && end < begin
    {
        all.push(format!(
            "Between {} and {} neither report has a log: what happened then is not known.",
            show(end),
            show(begin)
        ));
    }
}
