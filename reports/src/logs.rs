//! Which log a member is, and which members belong to a node.

use history::facts::{Facts, Instance, Member, MemberOutcome, Node};
use parsers::event::Witness;

/// The logs that tell about the license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Log {
    /// Traces of the Cluster View Daemon.
    Mcvd,
    /// Traces of the administration pages.
    Madm,
    /// The system log.
    Syslog,
}

impl Log {
    /// As the report calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mcvd => "MCVD",
            Self::Madm => "MADM",
            Self::Syslog => "syslog",
        }
    }

    /// The command that collects it.
    ///
    /// Source: Cisco 212078 and 210888: paths below the active log; 217416: which logs.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Mcvd => "file get activelog uccx/log/MCVD/* recurs compress",
            Self::Madm => "file get activelog uccx/log/MADM/* recurs compress",
            Self::Syslog => "file get activelog syslog/* recurs compress",
        }
    }

    /// Its name in RTMT, Trace & Log Central > Collect Files.
    pub(crate) fn rtmt(self) -> &'static str {
        match self {
            Self::Mcvd => "Cisco Unified CCX Cluster View Daemon",
            Self::Madm => "Cisco Unified CCX Administration",
            Self::Syslog => "Event Viewer-System Log",
        }
    }

    /// Which log `member` is: by its path, which also tells for rotated and renamed files. A member without a
    /// telling path, such as a pasted text, is known by the lines that events cite from it.
    pub(crate) fn of(facts: &Facts, index: usize, member: &Member) -> Option<Self> {
        let read = matches!(member.outcome, MemberOutcome::Read | MemberOutcome::Partial(_));
        if !read || member.records == 0 {
            return None;
        }
        let source = facts.sources.get(member.source).map(|source| source.path.as_str());
        let path = member.path.as_deref().or(source).unwrap_or_default().to_ascii_uppercase();
        let file = path.rsplit('/').next().unwrap_or_default();
        if path.contains("/MCVD/") || file.contains("MCVD") {
            return Some(Self::Mcvd);
        }
        if path.contains("/MADM/") || file.contains("MADM") {
            return Some(Self::Madm);
        }
        if member.format == Some("ciscolog") {
            return Some(Self::Syslog);
        }
        // There may be a hundred thousand lines to look through.
        if member.events == 0 { None } else { cited_as(facts, index) }
    }
}

/// The log that the cited lines of member `index` show it to be.
fn cited_as(facts: &Facts, index: usize) -> Option<Log> {
    let said =
        facts.instances.iter().flat_map(|instance| &instance.events).flat_map(|event| &event.witnesses);
    said.filter(|said| said.origin.member as usize == index).find_map(|said| match said.witness {
        Witness::Trace if said.origin.span.text.contains("%MCVD-") => Some(Log::Mcvd),
        Witness::Trace if said.origin.span.text.contains("%MADM-") => Some(Log::Madm),
        Witness::Syslog => Some(Log::Syslog),
        Witness::Trace | Witness::Rtmt | Witness::Email | Witness::AlertLog => None,
    })
}

/// The members of `log` that belong to `node`. One that names no node belongs to the only node there is.
pub(crate) fn of_node<'a>(
    facts: &'a Facts,
    instance: &Instance,
    node: Option<&Node>,
    log: Log,
) -> Vec<&'a Member> {
    let alone = facts.instances.len() <= 1 && instance.nodes.len() <= 1;
    let belongs = |member: &Member| match (&member.node, node) {
        (Some(name), Some(node)) => *name == node.name || node.aliases.contains(name),
        (None, _) | (_, None) => alone,
    };
    let members = facts.members.iter().enumerate().filter(|(_, member)| belongs(member));
    members.filter(|(i, member)| Log::of(facts, *i, member) == Some(log)).map(|(_, member)| member).collect()
}

/// Whether the node of that name is one of the instance's; a name that is not known belongs to the only instance.
pub(crate) fn is_of(facts: &Facts, instance: &Instance, node: Option<&str>) -> bool {
    match node {
        Some(name) => instance
            .nodes
            .iter()
            .any(|node| *node.name == *name || node.aliases.iter().any(|alias| **alias == *name)),
        None => facts.instances.len() <= 1,
    }
}
