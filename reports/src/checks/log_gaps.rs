//! Is there a hole in the logs in which the license may have changed unseen?
//!
//! Source: Features Guides 12.5(1) SU1 to SU3, Smart Licensing: usage is reported at fixed intervals, so a log that is
//! silent for longer lacks records; "no alarm" in a hole proves nothing.

use history::facts::{Facts, Gap, GapKind, Instance};

use crate::check::{About, Check, Finding, Outcome, brief, counted, disputes, node_names, zone};
use crate::logs::{Log, is_of, of_node};
use crate::report::{Confidence, Severity};
use crate::time::spell;

pub(super) const CHECK: Check = Check {
    id: "log-gaps",
    title: "The logs have no hole in the time of the license history",
    source: "Features Guides 12.5(1) SU1 to SU3, Smart Licensing, reporting interval",
    about: About {
        effect: "The state may have changed in the hole without a line that says so.",
        remedy: "Collect the missing files, and the system log, which often reaches further back.",
        example: "two records that follow each other in MCVD, hours apart, while usage is reported at \
                  fixed intervals",
        disputed: &[disputes::INTERVAL],
    },
    run,
};

/// Most gaps that a sentence spells out.
const TOLD_MAX: usize = 3;

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let gaps: Vec<&Gap> =
        facts.gaps.iter().filter(|gap| tells(gap) && is_of(facts, instance, gap.node.as_deref())).collect();
    let touching: Vec<&Gap> = gaps.iter().copied().filter(|gap| touches(instance, gap)).collect();
    if touching.is_empty() {
        return unbroken(facts, instance, gaps.len());
    }
    let unseen = touching.iter().any(|gap| hides_now(instance, gap));
    let told: Vec<String> = touching.iter().take(TOLD_MAX).map(|gap| tell(instance, gap)).collect();
    let more = match touching.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    let meaning = if unseen {
        "the state may have changed unseen since the last license line"
    } else {
        "a change in it would not have been seen"
    };
    Outcome::Fail(Finding {
        severity: if unseen { Severity::Medium } else { Severity::Low },
        confidence: Confidence::Medium,
        says: format!("{}: {}{more}; {meaning}", counted(touching.len(), "hole"), told.join("; ")),
        remedy: format!(
            "On {}: {} - and see with utils service list whether the service was stopped. Rotated files may be gone \
             already: the system log often reaches further back.",
            node_names(instance),
            Log::Mcvd.command()
        ),
        evidence: Vec::new(),
    })
}

/// No hole that matters: a pass where dated records show that something was being written.
fn unbroken(facts: &Facts, instance: &Instance, n_elsewhere: usize) -> Outcome {
    let nodes = instance.nodes.iter().map(Some).chain(instance.nodes.is_empty().then_some(None));
    let members: Vec<_> = nodes.flat_map(|node| of_node(facts, instance, node, Log::Mcvd)).collect();
    let first = members.iter().filter_map(|member| member.first).min();
    let last = members.iter().filter_map(|member| member.last).max();
    let (Some(first), Some(last)) = (first, last) else {
        return Outcome::NoEvidence {
            says: "no dated MCVD record shows which time the logs cover".to_owned(),
            collect: format!("on {}: {}", node_names(instance), Log::Mcvd.command()),
        };
    };
    let elsewhere = match n_elsewhere {
        0 => String::new(),
        n => format!("; {} before the first license line", counted(n, "hole")),
    };
    let show = |at| zone(instance).show(at);
    Outcome::Pass {
        says: format!("MCVD has no hole from {} to {}{elsewhere}", show(first), show(last)),
        confidence: Confidence::Medium,
        evidence: Vec::new(),
    }
}

/// Whether the gap is one of a log that tells about the license: records that another trace lacks hide nothing of it.
fn tells(gap: &Gap) -> bool {
    let logs = [Log::Mcvd, Log::Madm, Log::Syslog];
    gap.kind == GapKind::Silence || logs.iter().any(|log| *gap.log == *log.name())
}

/// Whether the gap reaches into the time of the license history. Where that time, or the gap's own, is not known,
/// it may, and a hole is better told than passed over.
fn touches(instance: &Instance, gap: &Gap) -> bool {
    let begin = instance.events.iter().filter_map(|event| event.at).min();
    match (begin, gap.to) {
        (Some(begin), Some(to)) => begin < to,
        (None, _) | (_, None) => true,
    }
}

/// Whether the gap ends after the last license line: the present state then rests on what was not seen.
fn hides_now(instance: &Instance, gap: &Gap) -> bool {
    let end = instance.events.iter().filter_map(|event| event.at).max();
    match (end, gap.to) {
        (Some(end), Some(to)) => end < to,
        (None, _) | (_, None) => false,
    }
}

/// `MCVD of uccx1 is silent from … to … (3 h)`.
fn tell(instance: &Instance, gap: &Gap) -> String {
    let of = gap.node.as_deref().map(|node| format!(" of {}", brief(node))).unwrap_or_default();
    let what = match (gap.kind, gap.missing) {
        (GapKind::Silence, _) => "is silent".to_owned(),
        (GapKind::Sequence, Some(1)) => "lacks 1 numbered record".to_owned(),
        (GapKind::Sequence, Some(n)) => format!("lacks {n} numbered records"),
        (GapKind::Sequence, None) => "lacks numbered records".to_owned(),
    };
    let show = |at| zone(instance).show(at);
    let when = match (gap.from, gap.to) {
        (Some(from), Some(to)) => {
            format!(" from {} to {} ({})", show(from), show(to), spell(to - from))
        }
        (Some(from), None) => format!(" after {}", show(from)),
        (None, Some(to)) => format!(" before {}", show(to)),
        (None, None) => " at a time that is not known".to_owned(),
    };
    format!("{}{of} {what}{when}", gap.log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn numbers_that_another_trace_lacks_hide_nothing() {
        let (mut facts, _) = out_of_compliance();
        let hole = Gap { kind: GapKind::Sequence, missing: Some(159), ..gap(ago(1_350), ago(1_330)) };
        facts.gaps = vec![Gap { log: "CER".into(), ..hole.clone() }];
        passes(&CHECK, &facts);
        facts.gaps.push(hole);
        assert!(fails(&CHECK, &facts).says.starts_with("1 hole: MCVD of uccx1 lacks 159"));
    }

    #[test]
    fn a_hole_inside_the_history_is_low() {
        let (mut facts, _) = out_of_compliance();
        facts.gaps = vec![gap(ago(22 * 60 + 30), ago(22 * 60 + 10))];
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::Low);
        let says = "1 hole: MCVD of uccx1 is silent from 2026-04-02 10:30:05 +05:30 to 2026-04-02 10:50:05 +05:30 \
                    (20 min); a change in it would not have been seen";
        assert_eq!(finding.says, says);
    }

    #[test]
    fn a_hole_after_the_last_license_line_is_medium() {
        let (mut facts, _) = out_of_compliance();
        facts.gaps = vec![gap(ago(600), ago(60))];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Medium);
    }

    #[test]
    fn a_hole_before_the_history_does_not_matter() {
        let (mut facts, _) = out_of_compliance();
        facts.gaps = vec![gap(ago(2_900), ago(2_800))];
        assert!(passes(&CHECK, &facts).ends_with("1 hole before the first license line"));
    }

    #[test]
    fn many_holes_are_counted_not_listed() {
        let (mut facts, _) = out_of_compliance();
        facts.gaps = (1..=5).map(|n| gap(ago(n * 100 + 50), ago(n * 100))).collect();
        assert!(fails(&CHECK, &facts).says.contains("; and 2 more; "));
    }

    #[test]
    fn without_a_dated_record_nothing_shows_that_there_is_no_hole() {
        let mut facts = facts();
        for member in &mut facts.members {
            member.first = None;
            member.last = None;
        }
        assert!(lacks(&CHECK, &facts).contains("uccx/log/MCVD"));
    }

    #[test]
    fn another_instances_hole_is_not_ours() {
        let (mut facts, _) = out_of_compliance();
        let mut other = gap(ago(600), ago(60));
        other.node = Some("uccx9".into());
        facts.gaps = vec![other];
        passes(&CHECK, &facts);
    }
}
