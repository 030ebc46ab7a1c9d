//! Is the licence of the second node there?
//!
//! Source: Installation Guide 12.5(1) SU3 (a registration with the second node installed and no High Availability
//! licence leads to Out of Compliance); Features Guide 12.5(1) SU1, Flex (it never shows as consumed and must be there).

use history::facts::{Basis, Facts, Instance};
use history::usage::Purchase;
use parsers::entitlements::HIGH_AVAILABILITY;
use parsers::event::LicenseLine;
use parsers::origin::Origin;

use crate::check::{About, Check, Finding, Outcome, brief, disputes, node_names, origins};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "license-type-and-ha",
    title: "The second node is licensed and the license type was not changed under way",
    source: "Installation Guide 12.5(1) SU3, High Availability; Features Guide 12.5(1) SU1, Smart Licensing, Flex",
    about: About {
        effect: "A second node without its license is moved to Out of Compliance at registration; a wrong \
                 type consumes the wrong licenses.",
        remedy: "Buy the High Availability license, and select the type that was purchased: deregister \
                 first, restart the cluster after.",
        example: "License Type: Flex, and in the inventory of CSSM: CCX High Availability License,1",
        disputed: &[disputes::LICENSE_TYPES],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    if let Some(changed) = changed_type(instance) {
        return changed;
    }
    match instance.nodes.len() {
        0 => {
            return no_evidence(
                "no node is known, so it is not known whether there is a second one".to_owned(),
            );
        }
        1 => {
            return Outcome::NotApplicable {
                why: "one node was seen: no second one needs a license".to_owned(),
            };
        }
        _ => {}
    }
    // The box of the page is what the administrator told the system.
    let ticked = instance.licenses.iter().rev().find_map(|fact| match fact.line {
        LicenseLine::HighAvailability { purchased } => Some((purchased, fact)),
        _ => None,
    });
    if let Some((false, fact)) = ticked {
        return fail(
            instance,
            "the box for a purchased High Availability license is not selected",
            Confidence::Medium,
            origins(&fact.evidence),
        );
    }
    let purchases = instance.usage.as_ref().map(|usage| usage.purchases.as_slice()).unwrap_or_default();
    let newest = purchases.iter().rfind(|purchase| &*purchase.entitlement == HIGH_AVAILABILITY);
    if let Some(found) = newest {
        return judged(instance, found);
    }
    let inventory: Vec<Origin> = purchases
        .iter()
        .filter_map(|purchase| purchase.evidence.as_ref())
        .flat_map(|evidence| evidence.all())
        .filter(|origin| is_inventory(facts, origin))
        .cloned()
        .collect();
    if let (Some((true, fact)), true) = (ticked, inventory.is_empty()) {
        return Outcome::Pass {
            says: format!(
                "the box for a purchased High Availability license is selected, for {}",
                node_names(instance)
            ),
            confidence: Confidence::Medium,
            evidence: origins(&fact.evidence),
        };
    }
    if inventory.is_empty() {
        return no_evidence(format!(
            "{} are two nodes, and nothing tells whether that is licensed",
            node_names(instance)
        ));
    }
    fail(
        instance,
        "the inventory lists other licenses and no High Availability license",
        Confidence::Medium,
        inventory,
    )
}

/// Two outputs that state different license types, and no deregistration between them: what the change needs.
fn changed_type(instance: &Instance) -> Option<Outcome> {
    let mut types: Vec<(&str, &Origin)> = Vec::new();
    for fact in &instance.licenses {
        if let LicenseLine::LicenseType { name } = &fact.line
            && types.last().is_none_or(|(known, _)| !known.eq_ignore_ascii_case(name))
        {
            types.push((name, &fact.evidence.first));
        }
    }
    let ([.., (before, first), (now, second)], false) = (types.as_slice(), deregistered(instance)) else {
        return None;
    };
    Some(Outcome::Fail(Finding {
        severity: Severity::Medium,
        confidence: Confidence::Low,
        says: format!(
            "one output states the license type {}, another {}, and no line tells of a deregistration between them",
            brief(before),
            brief(now)
        ),
        remedy: format!(
            "If the type was changed: deregister in Cisco Unified CCX Administration on {}, System > License Management, change \
             the type, restart the cluster, then register again.",
            node_names(instance)
        ),
        evidence: vec![(*first).clone(), (*second).clone()],
    }))
}

/// Whether a line tells of a deregistration.
fn deregistered(instance: &Instance) -> bool {
    let commanded = instance
        .licenses
        .iter()
        .any(|fact| matches!(&fact.line, LicenseLine::Command { name, .. } if &**name == "deregister"));
    commanded || instance.transitions.iter().any(|change| change.state == "unregistered")
}

fn no_evidence(says: String) -> Outcome {
    Outcome::NoEvidence { says, collect: "CSSM > Inventory > Licenses, as CSV: --purchased FILE".to_owned() }
}

/// The answer where the number purchased is known.
fn judged(instance: &Instance, found: &Purchase) -> Outcome {
    let evidence = found.evidence.as_ref().map(origins).unwrap_or_default();
    let by = if found.basis == Basis::Given { "given by the user" } else { "by the inventory" };
    if found.count == 0 {
        return fail(
            instance,
            &format!("no High Availability license was purchased, {by}"),
            Confidence::High,
            evidence,
        );
    }
    Outcome::Pass {
        says: format!("{} purchased for {}, {by}", found.count, node_names(instance)),
        confidence: Confidence::High,
        evidence,
    }
}

fn fail(instance: &Instance, says: &str, confidence: Confidence, evidence: Vec<Origin>) -> Outcome {
    let nodes = node_names(instance);
    Outcome::Fail(Finding {
        severity: Severity::High,
        confidence,
        says: format!(
            "{says}, and {nodes} are two nodes: such a registration is moved to Out of Compliance, whatever agents use"
        ),
        remedy: format!(
            "Buy the High Availability license in CSSM, or transfer it to the virtual account; then Cisco Unified CCX \
             Administration on {nodes}, System > License Management: select that it was purchased, and renew the \
             authorization."
        ),
        evidence,
    })
}

fn is_inventory(facts: &Facts, origin: &Origin) -> bool {
    let member = facts.members.get(origin.member as usize);
    member.is_some_and(|member| member.format == Some("cssm-inventory"))
}

#[cfg(test)]
mod tests {
    use history::facts::Evidence;
    use history::usage::{Usage, UsageClock};

    use super::*;
    use crate::testing::*;

    /// Facts of two nodes, with an inventory of these licenses.
    fn inventory(licenses: &[(&str, u32)], basis: Basis) -> Facts {
        let mut facts = facts();
        let n_members = facts.members.len();
        facts.members.push(member("inventory.csv", "uccx1", "cssm-inventory"));
        let line = |row: usize| {
            let mut origin = origin(row as u64 + 2, "CCX Flex Premium Seat,10");
            origin.member = n_members as u32;
            origin
        };
        let purchases = licenses.iter().enumerate().map(|(row, (name, count))| Purchase {
            entitlement: (*name).into(),
            count: *count,
            since: None,
            basis,
            evidence: (basis == Basis::Stated).then(|| Evidence::one(line(row))),
        });
        one(&mut facts).usage = Some(Usage {
            at: Vec::new(),
            rows: Vec::new(),
            tables: Vec::new(),
            series: Vec::new(),
            purchases: purchases.collect(),
            clock: UsageClock::Written,
            assumed: Vec::new(),
        });
        facts
    }

    #[test]
    fn an_inventory_with_the_license_passes_and_one_without_it_fails() {
        passes(&CHECK, &inventory(&[("PREMIUM", 10), (HIGH_AVAILABILITY, 1)], Basis::Stated));
        let finding = fails(&CHECK, &inventory(&[("PREMIUM", 10), ("STANDARD", 40)], Basis::Stated));
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Medium));
        assert_eq!(finding.evidence.len(), 2);
        let finding = fails(&CHECK, &inventory(&[(HIGH_AVAILABILITY, 0)], Basis::Stated));
        assert_eq!(finding.confidence, Confidence::High);
    }

    #[test]
    fn numbers_of_the_command_line_are_no_inventory() {
        assert!(lacks(&CHECK, &inventory(&[("PREMIUM", 10)], Basis::Given)).contains("Inventory"));
        passes(&CHECK, &inventory(&[(HIGH_AVAILABILITY, 1)], Basis::Given));
        lacks(&CHECK, &facts());
    }

    #[test]
    fn one_node_needs_none() {
        let mut facts = facts();
        one(&mut facts).nodes.truncate(1);
        skips(&CHECK, &facts);
    }

    #[test]
    fn the_box_of_the_page_tells_where_no_inventory_does() {
        let mut facts = facts();
        let box_of = |purchased| licensed(LicenseLine::HighAvailability { purchased }, None);
        one(&mut facts).licenses = vec![box_of(true)];
        assert!(passes(&CHECK, &facts).contains("is selected"));
        one(&mut facts).licenses = vec![box_of(true), box_of(false)];
        assert!(fails(&CHECK, &facts).says.contains("not selected"));
    }

    #[test]
    fn a_type_that_changed_without_deregistration_fails() {
        let mut facts = facts();
        let of = |name: &str| licensed(LicenseLine::LicenseType { name: name.into() }, None);
        one(&mut facts).licenses = vec![of("Perpetual Premium"), of("Flex")];
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.contains("Perpetual Premium, another Flex"), "{finding:?}");
        let deregister = LicenseLine::Command { name: "deregister".into(), succeeded: Some(true) };
        one(&mut facts).licenses.push(licensed(deregister, None));
        lacks(&CHECK, &facts);
    }
}
