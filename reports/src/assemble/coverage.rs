//! Which logs of which nodes the input holds, and the commands for what it lacks.

use history::facts::{ClockStep, GapKind, Instance, Node};

use super::Lines;
use crate::logs::{Log, of_node};
use crate::report::{self, LogCoverage};
use crate::time::Time;

/// Debug codes of the Engine that show how the license is computed.
///
/// Source: Cisco 217416, checklist item 4: LIB_LICENSE and SS_RM debugging on the Engine.
const DEBUG_CODES: [&str; 2] = ["MIVR-LIB_LICENSE", "MIVR-SS_RM"];

impl Lines<'_> {
    /// One row for each node and log; one for the whole instance where the input names no node.
    pub(super) fn logs(&self) -> Vec<LogCoverage> {
        let mut rows = Vec::new();
        for instance in &self.0.instances {
            let nodes = instance.nodes.iter().map(Some).chain(instance.nodes.is_empty().then_some(None));
            for node in nodes {
                rows.extend([Log::Mcvd, Log::Syslog].map(|log| self.log(instance, node, log)));
            }
        }
        rows
    }

    fn log(&self, instance: &Instance, node: Option<&Node>, log: Log) -> LogCoverage {
        let members = of_node(self.0, instance, node, log);
        let gaps = self.0.gaps.iter().filter(|gap| {
            *gap.log == *log.name() && gap.node.as_deref() == node.map(|node| node.name.as_ref())
        });
        let (holes, silences): (Vec<_>, Vec<_>) = gaps.partition(|gap| gap.kind == GapKind::Sequence);
        let whole = !members.is_empty() && holes.is_empty() && silences.is_empty();
        LogCoverage {
            product_instance: instance.id.to_string(),
            node: node.map(|node| node.name.to_string()),
            log: log.name().to_owned(),
            files: members.len() as u64,
            records: members.iter().map(|member| member.records).sum(),
            from: members.iter().filter_map(|member| member.first).min().map(Time),
            to: members.iter().filter_map(|member| member.last).max().map(Time),
            holes: holes.len() as u64,
            missing: holes.iter().filter_map(|gap| gap.missing).sum(),
            silences: silences.len() as u64,
            restarts: members.iter().map(|member| member.n_restarts).sum(),
            collect: (!whole).then(|| log.command().to_owned()),
        }
    }

    pub(super) fn debug_lacking(&self) -> Vec<String> {
        let seen = |code: &str| self.0.debug_seen.keys().any(|known| **known == *code);
        DEBUG_CODES.iter().filter(|code| !seen(code)).map(|code| (*code).to_owned()).collect()
    }

    pub(super) fn clock_step(&self, step: &ClockStep) -> report::ClockStep {
        let member = self.0.members.get(step.member);
        report::ClockStep {
            node: step.node.as_deref().map(str::to_owned),
            log: step.log.to_string(),
            source: member.map(|member| self.source(member)).unwrap_or_default(),
            member: member.and_then(|member| member.path.as_deref()).map(str::to_owned),
            line_before: step.before.0,
            before: Time(step.before.1),
            line_after: step.after.0,
            after: Time(step.after.1),
            back_s: (step.before.1 - step.after.1).num_seconds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn each_log_of_each_node_is_told_and_what_lacks_has_its_command() {
        let mut facts = facts();
        facts.members.retain(|member| member.path.as_deref() != Some("uccx2/syslog/CiscoSyslog"));
        facts.members[1].n_restarts = 2;
        facts.gaps = vec![gap(ago(60), ago(30))];
        let logs = report(&facts).input.coverage.logs;
        let told: Vec<(&str, &str, u64, u64, u64, bool)> = logs
            .iter()
            .map(|log| {
                let node = log.node.as_deref().unwrap();
                (node, log.log.as_str(), log.files, log.silences, log.restarts, log.collect.is_some())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("uccx1", "MCVD", 1, 1, 2, true),
                ("uccx1", "syslog", 1, 0, 0, false),
                ("uccx2", "MCVD", 1, 0, 0, false),
                ("uccx2", "syslog", 0, 0, 0, true),
            ]
        );
        assert_eq!(logs[3].collect.as_deref(), Some("file get activelog syslog/* recurs compress"));
    }
}
