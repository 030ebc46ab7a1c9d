//! Is the release known, and do the lines fit the rules it follows?
//!
//! Source: Features Guides 12.5(1) SU1 to SU3 and 15.0, Smart Licensing; Release Notes 12.5(1) SU3: the rules changed.

use history::facts::{Basis, Facts, Instance};
use history::policy::{REPORT_EVERY_IMMEDIATE, Regime};

use crate::check::{About, Check, Finding, Outcome, disputes, node_names, origins};
use crate::report::{Confidence, Severity};
use crate::time::spell;

pub(super) const CHECK: Check = Check {
    id: "release-regime",
    title: "The release is known and the lines fit its rules",
    source: "Release Notes 12.5(1) SU3 and Features Guides 12.5(1), 15.0, Smart Licensing",
    about: About {
        effect: "The rules differ: with the wrong ones a countdown is expected that does not exist, or \
                 the reverse.",
        remedy: "Find the release with show uccx version, or give it with --release.",
        example: "Active UCCX Version: 12.5.1.11003-511",
        disputed: &[disputes::IMMEDIATE, disputes::INTERVAL],
    },
    run,
};

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let release = &instance.release;
    let nodes = node_names(instance);
    // What nodes say against each other is not about the release.
    let of_release: Vec<_> = instance.contradictions.iter().filter(|found| !found.between_nodes).collect();
    if !of_release.is_empty() {
        // Whether lower usage helps depends on the rules, so while it matters the doubt weighs more.
        let matters = matches!(instance.authorization.state, "overage" | "out_of_compliance");
        let says: Vec<&str> = of_release.iter().map(|found| found.says.as_str()).collect();
        return Outcome::Fail(Finding {
            severity: if matters { Severity::High } else { Severity::Medium },
            confidence: Confidence::Medium,
            says: says.join("; "),
            remedy: format!(
                "On {nodes}: show uccx version. If it differs from {}, run again with --release; if not, see whether \
                 the files come from one system and one installation.",
                release.version.as_deref().unwrap_or("what the lines suggest")
            ),
            evidence: of_release.iter().flat_map(|found| origins(&found.evidence)).collect(),
        });
    }
    let rules = match release.regime {
        Regime::Counted => "over-usages are counted and a countdown runs before Out of Compliance".to_owned(),
        Regime::Immediate => {
            format!(
                "Out of Compliance as soon as CSSM says so, one usage report each {}",
                spell(REPORT_EVERY_IMMEDIATE)
            )
        }
        Regime::Unknown => return no_evidence(&nodes),
    };
    let version = release.version.as_deref().unwrap_or("release not printed");
    let (confidence, how) = match (release.basis, &release.evidence) {
        (Basis::Given, _) => (Confidence::Medium, "given by the user"),
        (Basis::Stated, Some(_)) => (Confidence::High, "a line states it"),
        (Basis::Derived | Basis::Inferred, Some(_)) => (Confidence::Medium, "inferred from the lines"),
        (Basis::Unknown, _) | (_, None) => return no_evidence(&nodes),
    };
    Outcome::Pass {
        says: format!("{version} ({how}): {rules}"),
        confidence,
        evidence: release.evidence.as_ref().map(origins).unwrap_or_default(),
    }
}

fn no_evidence(nodes: &str) -> Outcome {
    Outcome::NoEvidence {
        says: "the release is not known, so both sets of rules are possible".to_owned(),
        collect: format!("on {nodes}: show uccx version (or give --release 12.5SU3)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_stated_release_passes() {
        assert!(passes(&CHECK, &facts()).starts_with("12.5(1)SU2 (a line states it): over-usages"));
    }

    #[test]
    fn a_given_release_passes_without_a_line() {
        let mut facts = facts();
        one(&mut facts).release.basis = Basis::Given;
        one(&mut facts).release.evidence = None;
        assert!(passes(&CHECK, &facts).contains("given by the user"));
    }

    #[test]
    fn a_contradiction_fails_with_its_lines() {
        let (facts, _) = out_of_compliance();
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("does not belong to the release"));
        assert!(finding.remedy.contains("show uccx version") && finding.evidence.len() == 1);
        assert_eq!(finding.severity, Severity::High);
        let mut facts = facts;
        one(&mut facts).authorization = known("in_compliance", None, Basis::Stated);
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Medium);
        one(&mut facts).contradictions[0].between_nodes = true;
        passes(&CHECK, &facts);
    }

    #[test]
    fn an_unknown_release_lacks_evidence() {
        let mut facts = facts();
        one(&mut facts).release.regime = Regime::Unknown;
        assert!(lacks(&CHECK, &facts).starts_with("on uccx1 and uccx2: show uccx version"));
    }
}
