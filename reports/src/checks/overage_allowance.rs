//! May more licenses be used than were purchased?
//!
//! Source: Features Guides and Administration and Operations Guides, License Control: overage allowance is on by default,
//! and not for NPS, NFR and reservations.

use history::facts::{Facts, Instance};
use parsers::event::LicenseLine;

use crate::check::{About, Check, Finding, Outcome, license_pages, node_names, origins};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "overage-allowance",
    title: "Agents may log in beyond what was purchased",
    source: "Features Guides and Administration and Operations Guides 12.5(1) to 15.0, License Control",
    about: About {
        effect: "Switched off, agents beyond the limit cannot log in, and Out of Compliance is not reached by use.",
        remedy: "Switch it on in License Control if agents have to get in at once, and buy what is missing.",
        example: "Overage Allowance    Disabled",
        disputed: &[],
    },
    run,
};

fn run(_: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    if let Some(why) = without_allowance(instance) {
        return Outcome::NotApplicable { why };
    }
    let stated = instance.licenses.iter().rev().find_map(|fact| match fact.line {
        LicenseLine::OverageAllowance { enabled } => Some((enabled, fact)),
        _ => None,
    });
    match stated {
        Some((true, fact)) => Outcome::Pass {
            says: "overage allowance is enabled".to_owned(),
            confidence: Confidence::High,
            evidence: origins(&fact.evidence),
        },
        Some((false, fact)) => Outcome::Fail(Finding {
            severity: Severity::Medium,
            confidence: Confidence::High,
            says: "overage allowance is disabled: at the limits of License Control agents and calls are refused, though the \
                   license would allow them for a while"
                .to_owned(),
            remedy: format!(
                "If that is not on purpose, Cisco Unified CCX Administration on {nodes}, System > License Control: enable \
                 Overage Allowance (it can be changed only while registered), and raise the limits after buying."
            ),
            evidence: origins(&fact.evidence),
        }),
        None => Outcome::NoEvidence {
            says: "no line states License Control; it is enabled unless somebody changed it".to_owned(),
            collect: license_pages(instance),
        },
    }
}

/// Why there is no overage allowance to speak of.
fn without_allowance(instance: &Instance) -> Option<String> {
    if matches!(instance.authorization.state, "authorized_reserved" | "not_authorized_reserved")
        || instance.registration.state == "registered_reservation"
    {
        return Some("licenses are reserved: more than that cannot be used".to_owned());
    }
    let (name, _) = instance.license_type.as_ref()?;
    let short = ["NPS", "NFR"].into_iter().find(|short| name.to_ascii_uppercase().contains(short))?;
    Some(format!("the license type is {short}, which has no overage allowance"))
}

#[cfg(test)]
mod tests {
    use history::facts::{Basis, Evidence};

    use super::*;
    use crate::testing::*;

    #[test]
    fn the_newest_page_decides() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).contains("License Control"));
        let said = |enabled| licensed(LicenseLine::OverageAllowance { enabled }, None);
        one(&mut facts).licenses = vec![said(false), said(true)];
        assert_eq!(passes(&CHECK, &facts), "overage allowance is enabled");
        one(&mut facts).licenses = vec![said(true), said(false)];
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Medium);
    }

    #[test]
    fn reservations_and_nps_have_none() {
        let mut facts = facts();
        one(&mut facts).license_type = Some(("Lab NPS".into(), Evidence::one(origin(3, "License Type"))));
        assert!(skips(&CHECK, &facts).contains("NPS"));
        one(&mut facts).license_type = None;
        one(&mut facts).authorization = known("authorized_reserved", None, Basis::Stated);
        assert!(skips(&CHECK, &facts).starts_with("licenses are reserved"));
    }
}
