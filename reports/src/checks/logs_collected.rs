//! Does the input hold, for every node, the logs that tell about the license?
//!
//! Source: Cisco 217416 (UCCX Smart Licensing, rev 4.0), troubleshooting checklist, item 3; Cisco 212078 for the paths.

use history::facts::{Facts, Instance, Member, Node};

use crate::check::{About, Check, Finding, Outcome, brief, disputes, listed, zone};
use crate::logs::{Log, of_node};
use crate::report::{Confidence, Severity};

pub(super) const CHECK: Check = Check {
    id: "logs-collected",
    title: "The logs of every node are in the input",
    source: "Cisco 217416, UCCX Smart Licensing, checklist item 3",
    about: About {
        effect: "The state does not change, but what the missing logs would say stays unknown.",
        remedy: "Collect MCVD and the system log of every node.",
        example: "uccx/log/MCVD/Cisco001MCVD001.log and syslog/CiscoSyslog",
        disputed: &[disputes::MCVD_NEEDED],
    },
    run,
};

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    if facts.members.is_empty() {
        return Outcome::NoEvidence {
            says: "the input holds no file".to_owned(),
            collect: collect(&[Log::Mcvd, Log::Syslog], "each node"),
        };
    }
    if is_excerpt(facts) {
        return Outcome::NoEvidence {
            says: "the input is a pasted text or single files: which logs the system has, they cannot tell"
                .to_owned(),
            collect: collect(&[Log::Mcvd, Log::Syslog], "each node"),
        };
    }
    // A bundle that names no node is judged as a whole.
    let nodes: Vec<Option<&Node>> =
        if instance.nodes.is_empty() { vec![None] } else { instance.nodes.iter().map(Some).collect() };
    let mut missing: Vec<(Log, Vec<String>)> = Vec::new();
    let mut found = Vec::new();
    for log in [Log::Mcvd, Log::Syslog] {
        let mut lacking = Vec::new();
        for node in &nodes {
            let members = of_node(facts, instance, *node, log);
            let name = node.map_or("the node".to_owned(), |node| brief(&node.name));
            if members.is_empty() {
                lacking.push(name);
            } else {
                found.push(format!("{} of {name}{}", log.name(), period(instance, &members)));
            }
        }
        if !lacking.is_empty() {
            missing.push((log, lacking));
        }
    }
    if missing.is_empty() {
        return Outcome::Pass { says: listed(&found), confidence: Confidence::High, evidence: Vec::new() };
    }
    // Without the daemon's own trace nothing says why; the system log only repeats its alarms.
    let severity =
        if missing.iter().any(|(log, _)| *log == Log::Mcvd) { Severity::Medium } else { Severity::Low };
    let says: Vec<String> =
        missing.iter().map(|(log, nodes)| format!("no {} of {}", log.name(), listed(nodes))).collect();
    let remedy: Vec<String> = missing.iter().map(|(log, nodes)| collect(&[*log], &listed(nodes))).collect();
    let found = if found.is_empty() { String::new() } else { format!(" (found: {})", listed(&found)) };
    Outcome::Fail(Finding {
        severity,
        confidence: Confidence::High,
        says: format!("{}{found}", says.join(", ")),
        remedy: remedy.join(". "),
        evidence: Vec::new(),
    })
}

/// True if nothing in the input is a collection: only a text on standard input, or single files without a path.
fn is_excerpt(facts: &Facts) -> bool {
    let kinds = || facts.sources.iter().map(|source| source.kind);
    kinds().next().is_some() && kinds().all(|kind| matches!(kind, "stdin" | "file"))
}

/// How to collect `logs` on `nodes`: in the CLI and in RTMT.
fn collect(logs: &[Log], nodes: &str) -> String {
    let commands: Vec<&str> = logs.iter().map(|log| log.command()).collect();
    let names: Vec<&str> = logs.iter().map(|log| log.rtmt()).collect();
    format!(
        "On {nodes}: {} - or RTMT, Trace & Log Central > Collect Files: {}",
        listed(&commands),
        listed(&names)
    )
}

/// ` from … to …`, or nothing where no record is dated.
fn period(instance: &Instance, members: &[&Member]) -> String {
    let first = members.iter().filter_map(|member| member.first).min();
    let last = members.iter().filter_map(|member| member.last).max();
    match (first, last) {
        (Some(first), Some(last)) => {
            format!(" from {} to {}", zone(instance).show(first), zone(instance).show(last))
        }
        _ => " (without a time)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use history::facts::MemberOutcome;

    use super::*;
    use crate::testing::*;

    #[test]
    fn all_logs_of_all_nodes_pass_with_their_period() {
        let says = passes(&CHECK, &facts());
        assert!(
            says.starts_with("MCVD of uccx1 from 2026-04-01 07:00:05 +05:30 to 2026-04-03 09:00:05"),
            "{says}"
        );
        assert!(says.contains("syslog of uccx2 from"));
    }

    #[test]
    fn a_node_without_mcvd_fails_with_the_command() {
        let mut facts = facts();
        facts.members.retain(|member| !member.path.as_deref().unwrap_or_default().contains("uccx2/uccx"));
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.severity, Severity::Medium);
        assert!(finding.says.starts_with("no MCVD of uccx2 (found: "));
        assert!(finding.remedy.starts_with("On uccx2: file get activelog uccx/log/MCVD/* recurs compress"));
        assert!(finding.remedy.contains("Cisco Unified CCX Cluster View Daemon"));
    }

    #[test]
    fn a_file_that_could_not_be_read_was_not_collected() {
        let mut facts = facts();
        for member in &mut facts.members {
            member.outcome = MemberOutcome::Failed("encrypted".into());
        }
        let finding = fails(&CHECK, &facts);
        assert_eq!(finding.says, "no MCVD of uccx1 and uccx2, no syslog of uccx1 and uccx2");
    }

    #[test]
    fn only_the_system_log_missing_is_low() {
        let mut facts = facts();
        facts.members.retain(|member| member.format == Some("uccx-trace"));
        assert_eq!(fails(&CHECK, &facts).severity, Severity::Low);
    }

    #[test]
    fn an_empty_input_lacks_evidence() {
        let mut facts = facts();
        facts.members.clear();
        assert!(lacks(&CHECK, &facts).starts_with("On each node: file get activelog"));
    }

    #[test]
    fn a_pasted_text_is_known_by_its_lines() {
        use parsers::event::{EventKind, Witness};
        let mut facts = facts();
        facts.members.truncate(1);
        let mut pasted = member("pasted", "uccx1", "uccx-trace");
        pasted.path = None;
        facts.members.push(pasted);
        one(&mut facts).nodes.truncate(1);
        let mut said = event(EventKind::OocEntered, None, 1, &[]);
        for witness in &mut said.witnesses {
            witness.witness = Witness::Trace;
            witness.origin.member = 1;
            witness.origin.span.text = "%MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: x".into();
        }
        one(&mut facts).events = vec![said];
        passes(&CHECK, &facts);
    }

    #[test]
    fn an_excerpt_cannot_tell_what_there_is() {
        let mut facts = facts();
        for kind in ["stdin", "file"] {
            facts.sources[0].kind = kind;
            assert!(lacks(&CHECK, &facts).starts_with("On each node: file get activelog"));
        }
        facts.sources[0].kind = "directory";
        passes(&CHECK, &facts);
    }
}
