//! Are the traces at the levels that TAC asks for?
//!
//! Source: Cisco 217416, checklist items 3 and 4; Cisco 210888, UCCX Tracing Levels. They ask for different levels.

use history::facts::{Facts, Instance, PlatformFact};
use parsers::origin::Origin;
use parsers::platform::PlatformLine;

use crate::check::disputes::TRACE_LEVEL;
use crate::check::{About, Check, Finding, Outcome, listed, node_names};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "trace-levels",
    title: "The Engine traces licenses and resources at debugging",
    source: "Cisco 217416, checklist items 3 and 4; Cisco 210888, UCCX Tracing Levels",
    about: About {
        effect: "None on the license: without these levels the logs do not show how usage was computed.",
        remedy: "Switch LIB_LICENSE and SS_RM to debugging on the Engine for as long as it takes to see the fault.",
        example: "Trace settings for component 'UCCX_ENGINE' and module are: DEBUGGING = false",
        disputed: &[TRACE_LEVEL],
    },
    run,
};

/// The modules of the Engine that are to be traced.
const MODULES: [&str; 2] = ["LIB_LICENSE", "SS_RM"];

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let nodes = node_names(instance);
    let readings = TRACE_LEVEL.told();
    // Debug output that was seen was switched on, whatever an output says of another time.
    let printed = |module: &str| facts.debug_seen.contains_key(format!("MIVR-{module}").as_str());
    let stated: Vec<(&str, Option<(bool, &PlatformFact)>)> =
        MODULES.into_iter().map(|module| (module, level(instance, module))).collect();
    let off: Vec<(&str, Origin)> = stated
        .iter()
        .filter(|(module, _)| !printed(module))
        .filter_map(|(module, said)| match said {
            Some((false, fact)) => Some((*module, fact.evidence.first.clone())),
            _ => None,
        })
        .collect();
    if !off.is_empty() {
        let names: Vec<&str> = off.iter().map(|(module, _)| *module).collect();
        let commands: Vec<String> =
            names.iter().map(|name| format!("set uccx trace enable UCCXEngine {name} DEBUGGING")).collect();
        return Outcome::Fail(Finding {
            severity: Severity::Low,
            confidence: Confidence::High,
            says: format!("{} of the Engine is not at debugging on {nodes}. {readings}", listed(&names)),
            remedy: format!(
                "On {nodes}: {}; restart the services for it to take effect, and switch it off again when the fault was seen.",
                listed(&commands)
            ),
            evidence: off.into_iter().map(|(_, origin)| origin).collect(),
        });
    }
    let known = |(module, said): &(&str, Option<(bool, &PlatformFact)>)| said.is_some() || printed(module);
    if stated.iter().all(known) {
        let seen: Vec<&str> = MODULES.into_iter().filter(|module| printed(module)).collect();
        let how = if seen.is_empty() {
            "an output says so".to_owned()
        } else {
            format!("debug output of {} is in the input", listed(&seen))
        };
        return Outcome::Pass {
            says: format!("LIB_LICENSE and SS_RM of the Engine are at debugging: {how}. {readings}"),
            confidence: if seen.len() == MODULES.len() { Confidence::High } else { Confidence::Medium },
            evidence: stated
                .iter()
                .filter_map(|(_, it)| Some(it.as_ref()?.1.evidence.first.clone()))
                .collect(),
        };
    }
    Outcome::NoEvidence {
        says: format!(
            "neither debug output of the Engine nor its trace settings are in the input. {readings}"
        ),
        collect: format!(
            "on {nodes}: show uccx trace levels UCCXEngine LIB_LICENSE; show uccx trace levels UCCXEngine SS_RM"
        ),
    }
}

/// Whether the newest output has a module of the Engine at debugging; `None` if none speaks of it.
fn level<'a>(instance: &'a Instance, wanted: &str) -> Option<(bool, &'a PlatformFact)> {
    instance.platform.iter().rev().find_map(|fact| {
        let PlatformLine::TraceLevels { component, module, enabled, .. } = &fact.line else { return None };
        let engine = component.to_ascii_uppercase().contains("ENGINE");
        let of = module.as_deref().is_none_or(|module| module.eq_ignore_ascii_case(wanted));
        let debugging = enabled.iter().any(|level| level.to_ascii_uppercase().contains("DEBUGGING"));
        (engine && of).then_some((debugging, fact))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn levels(module: Option<&str>, enabled: &[&str]) -> PlatformLine {
        PlatformLine::TraceLevels {
            component: "UCCX_ENGINE".into(),
            module: module.map(Into::into),
            enabled: enabled.iter().map(|level| (*level).into()).collect(),
            disabled: Vec::new(),
        }
    }

    #[test]
    fn debug_output_proves_itself() {
        let mut facts = facts();
        assert!(lacks(&CHECK, &facts).contains("show uccx trace levels UCCXEngine SS_RM"));
        facts.debug_seen.insert("MIVR-LIB_LICENSE".into(), 1);
        lacks(&CHECK, &facts);
        facts.debug_seen.insert("MIVR-SS_RM".into(), 1);
        assert!(passes(&CHECK, &facts).contains("debug output of LIB_LICENSE and SS_RM is in the input"));
    }

    #[test]
    fn settings_decide_where_nothing_was_printed_and_both_readings_are_told() {
        let mut facts = facts();
        one(&mut facts).platform = vec![
            platform(levels(Some("LIB_LICENSE"), &["ALARM"])),
            platform(levels(Some("SS_RM"), &["DEBUGGING"])),
        ];
        let finding = fails(&CHECK, &facts);
        assert!(finding.says.starts_with("LIB_LICENSE of the Engine is not at debugging"), "{finding:?}");
        assert!(
            finding.says.contains("Cisco 217416") && finding.says.contains("Cisco 210888"),
            "{finding:?}"
        );
        assert!(finding.remedy.contains("set uccx trace enable UCCXEngine LIB_LICENSE DEBUGGING"));
        one(&mut facts).platform = vec![platform(levels(None, &["ALARM", "XDEBUGGING1"]))];
        passes(&CHECK, &facts);
    }
}
