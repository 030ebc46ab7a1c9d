//! [`Facts`] and tables to [`Report`]: every name and order of the contract is decided here.

mod coverage;
mod event;
mod instance;
mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use history::facts::{self, CountdownPoint, Facts, GapKind, Interval};
use history::usage::Grid;
use parsers::catalog::{self, Entry, Level};
use parsers::origin::Origin;
use parsers::stamp::{YearBasis, ZoneBasis};

use crate::causes;
use crate::check::{self, Outcome};
use crate::checks::CHECKS;
use crate::report::{self, CheckOutcome, Evidence, Report, SCHEMA_VERSION, Sha256, Text, Tool};
use crate::time::Time;

pub(crate) use self::instance::regime;
pub(crate) use self::usage::{amounts, reading};

/// What the table stage adds to the facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// One entry for each of [`Facts::instances`], in the same order.
    pub instances: Vec<InstanceTables>,
}

/// The tables of one Product Instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceTables {
    /// States and how long they lasted.
    pub history: Vec<Interval>,
    /// The countdown to Out of Compliance.
    pub countdown: Vec<CountdownPoint>,
    /// Usage on the times of the reports of each rule, and how far these are apart.
    pub views: Vec<(TimeDelta, Grid)>,
}

/// Makes the report of `facts`: copies what was found, runs every check, counts what was not read.
#[must_use]
pub fn assemble(facts: &Facts, tables: &Tables, tool: Tool) -> Report {
    let lines = Lines::new(facts);
    let none = InstanceTables::default();
    let instances = facts.instances.iter().enumerate().map(|(i, instance)| {
        let tables = tables.instances.get(i).unwrap_or(&none);
        lines.instance(instance, tables)
    });
    let mut checks = lines.checks();
    let causes = causes::rank(facts, &mut checks, |origins| lines.lines(origins));
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool,
        as_of: facts.as_of.map(Time),
        input: lines.input(),
        product_instances: instances.collect(),
        events: lines.events(),
        checks,
        causes,
        suppressions: Vec::new(),
        signatures: signatures(facts),
        redaction: None,
    }
}

/// The facts, with the member list that an [`Origin`] points into.
///
/// Beside them the paths of the sources, in the same order.
pub(crate) struct Lines<'a>(&'a Facts, Vec<Text>);

impl<'a> Lines<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        Self(facts, facts.sources.iter().map(|source| source.path.as_str().into()).collect())
    }

    fn input(&self) -> report::Input {
        let facts = self.0;
        let sources = facts.sources.iter().map(|source| report::Source {
            path: source.path.clone(),
            kind: source.kind.to_owned(),
            bytes: source.bytes,
            sha256: source.sha256.map(|sum| Sha256(sum).text()),
        });
        let gaps = facts.gaps.iter().map(|gap| report::Gap {
            node: gap.node.as_deref().map(str::to_owned),
            log: gap.log.to_string(),
            from: gap.from.map(Time),
            to: gap.to.map(Time),
            kind: match gap.kind {
                GapKind::Silence => "silence",
                GapKind::Sequence => "sequence",
            }
            .to_owned(),
            missing: gap.missing,
        });
        report::Input {
            sources: sources.collect(),
            members: facts.members.iter().map(|member| self.member(member)).collect(),
            coverage: report::Coverage {
                from: facts.members.iter().filter_map(|member| member.first).min().map(Time),
                to: facts.members.iter().filter_map(|member| member.last).max().map(Time),
                unread_lines: facts.members.iter().map(|member| member.n_unread).sum(),
                cut_lines: facts.members.iter().map(|member| member.n_cut).sum(),
                gaps: gaps.collect(),
                debug_seen: facts.debug_seen.iter().map(|(code, n)| (code.to_string(), *n)).collect(),
                debug_lacking: self.debug_lacking(),
                logs: self.logs(),
                clock_steps: facts.clock_steps.iter().map(|step| self.clock_step(step)).collect(),
            },
            incomplete: facts.incomplete.clone(),
        }
    }

    fn member(&self, member: &facts::Member) -> report::Member {
        let (outcome, reason) = match &member.outcome {
            facts::MemberOutcome::Read => (report::MemberOutcome::Read, None),
            facts::MemberOutcome::Partial(why) => (report::MemberOutcome::Partial, Some(why.clone())),
            facts::MemberOutcome::Skipped(why) => (report::MemberOutcome::Skipped, Some(why.clone())),
            facts::MemberOutcome::Failed(why) => (report::MemberOutcome::Failed, Some(why.clone())),
        };
        let unread = member.unread.iter().map(|(line, reason, text)| report::Unread {
            line: *line,
            reason: (*reason).to_owned(),
            text: text.to_string(),
        });
        report::Member {
            source: self.source(member),
            path: member.path.as_deref().map(str::to_owned),
            node: member.node.as_deref().map(str::to_owned),
            format: member.format.map(str::to_owned),
            bytes: member.bytes,
            lines: member.lines,
            records: member.records,
            events: member.events,
            first: member.first.map(Time),
            last: member.last.map(Time),
            outcome,
            reason,
            unread_lines: member.n_unread,
            unread: unread.collect(),
            cut_lines: member.n_cut,
        }
    }

    /// One row for each check and Product Instance. Where no instance was found, the checks still answer: there is
    /// no evidence, and each says what to collect.
    fn checks(&self) -> Vec<report::Check> {
        let facts = self.0;
        let nobody = check::nobody();
        let mut rows = Vec::new();
        for check in CHECKS {
            if facts.instances.is_empty() {
                rows.push(self.check(check, None, (check.run)(facts, &nobody)));
            }
            for instance in &facts.instances {
                rows.push(self.check(check, Some(&instance.id), (check.run)(facts, instance)));
            }
        }
        rows
    }

    fn check(&self, check: &check::Check, id: Option<&Arc<str>>, outcome: Outcome) -> report::Check {
        let mut row = report::Check {
            id: check.id.to_owned(),
            title: check.title.to_owned(),
            product_instance: id.map(|id| id.to_string()),
            outcome: CheckOutcome::NotApplicable,
            severity: None,
            confidence: None,
            says: String::new(),
            remedy: None,
            collect: None,
            source: check.source.to_owned(),
            evidence: Vec::new(),
            follows_from: Vec::new(),
            suppressed: None,
            disputed: check.about.disputed.iter().map(dispute).collect(),
        };
        match outcome {
            Outcome::Pass { says, confidence, evidence } => {
                row.outcome = CheckOutcome::Pass;
                row.confidence = Some(confidence);
                row.says = says;
                row.evidence = self.lines(&evidence);
            }
            Outcome::Fail(finding) => {
                row.outcome = CheckOutcome::Fail;
                row.severity = Some(finding.severity);
                row.confidence = Some(finding.confidence);
                row.says = finding.says;
                row.remedy = Some(finding.remedy);
                row.evidence = self.lines(&finding.evidence);
            }
            Outcome::NoEvidence { says, collect } => {
                row.outcome = CheckOutcome::NoEvidence;
                row.says = says;
                row.collect = Some(collect);
            }
            Outcome::NotApplicable { why } => row.says = why,
        }
        row
    }

    fn evidence(&self, evidence: Option<&facts::Evidence>) -> Vec<Evidence> {
        evidence.into_iter().flat_map(facts::Evidence::all).filter_map(|origin| self.line(origin)).collect()
    }

    fn lines(&self, origins: &[Origin]) -> Vec<Evidence> {
        origins.iter().filter_map(|origin| self.line(origin)).collect()
    }

    /// The line in the words of the report; `None` only if `origin` points outside the member list, which is a
    /// mistake of ours.
    fn line(&self, origin: &Origin) -> Option<Evidence> {
        let member = self.0.members.get(origin.member as usize);
        debug_assert!(member.is_some(), "evidence in member {} of {}", origin.member, self.0.members.len());
        let member = member?;
        Some(Evidence {
            source: self.1.get(member.source).cloned().unwrap_or_else(|| "".into()),
            member: member.path.clone().map(Into::into),
            line: origin.span.line,
            offset: origin.span.offset,
            length: origin.span.length,
            sha256: Sha256(origin.span.sha256),
            text: Arc::clone(&origin.span.text).into(),
        })
    }

    fn source(&self, member: &facts::Member) -> String {
        self.0.sources.get(member.source).map(|source| source.path.clone()).unwrap_or_default()
    }
}

/// What Cisco's documents say against each other, as data.
pub(crate) fn dispute(dispute: &check::Dispute) -> report::Dispute {
    let says = dispute.says.iter().map(|published| report::Published {
        says: published.says.to_owned(),
        source: published.source.to_owned(),
    });
    report::Dispute { about: dispute.about.to_owned(), says: says.collect() }
}

/// The entries of the catalog that decided events, with how many.
fn signatures(facts: &Facts) -> Vec<report::Signature> {
    let events = facts.instances.iter().flat_map(|instance| &instance.events);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, id) in events.flat_map(|event| &event.params).filter(|(key, _)| &**key == "signature") {
        *counts.entry(id).or_default() += 1;
    }
    let row = |entry: &Entry| report::Signature {
        id: entry.id.to_string(),
        class: entry.class.name().to_owned(),
        means: entry.means.to_string(),
        remedy: entry.remedy.to_string(),
        severity: level(entry.severity),
        confidence: sureness(entry.confidence),
        status: entry.status.name().to_owned(),
        source: entry.source.to_string(),
        refines: entry.refines.as_deref().map(str::to_owned),
        own: entry.own,
        events: counts.get(&*entry.id).copied().unwrap_or_default(),
    };
    facts.signatures.iter().map(row).collect()
}

/// The report's word for a level of the catalog.
pub(crate) fn level(level: Level) -> report::Severity {
    match level {
        Level::Info => report::Severity::Info,
        Level::Low => report::Severity::Low,
        Level::Medium => report::Severity::Medium,
        Level::High => report::Severity::High,
        Level::Critical => report::Severity::Critical,
    }
}

/// The report's word for how sure an entry of the catalog is.
pub(crate) fn sureness(confidence: catalog::Confidence) -> report::Confidence {
    match confidence {
        catalog::Confidence::Low => report::Confidence::Low,
        catalog::Confidence::Medium => report::Confidence::Medium,
        catalog::Confidence::High => report::Confidence::High,
    }
}

fn time_basis(year: YearBasis, zone: ZoneBasis) -> report::TimeBasis {
    let year = match year {
        YearBasis::Written => "written",
        YearBasis::Given => "given",
        YearBasis::DatedLines => "dated_lines",
        YearBasis::Sequence => "sequence",
        YearBasis::FileTime => "file_time",
        YearBasis::Ambiguous => "ambiguous",
        YearBasis::Unknown => "unknown",
    };
    let zone = match zone {
        ZoneBasis::Written => "written",
        ZoneBasis::Given => "given",
        ZoneBasis::ZoneId => "zone_id",
        ZoneBasis::OuterInner => "outer_inner",
        ZoneBasis::Acronym => "acronym",
        ZoneBasis::Paired => "paired",
        ZoneBasis::Sequence => "sequence",
        ZoneBasis::Ambiguous => "ambiguous",
        ZoneBasis::Unknown => "unknown",
    };
    report::TimeBasis { year: year.into(), zone: zone.into() }
}

#[cfg(test)]
mod tests {
    use history::facts::{Evidence as Cited, MemberOutcome};
    use parsers::event::EventKind;
    use serde_json::Value;

    use super::*;
    use crate::testing::*;

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_names_and_their_order_are_those_of_the_contract() {
        let (facts, tables) = out_of_compliance();
        let json = serde_json::to_value(assemble(&facts, &tables, tool())).unwrap();
        let top = [
            "schema_version",
            "tool",
            "as_of",
            "input",
            "product_instances",
            "events",
            "checks",
            "causes",
            "suppressions",
            "signatures",
            "redaction",
        ];
        assert_eq!(keys(&json), top);
        let instance = &json["product_instances"][0];
        let names = ["id", "nodes", "release", "deployment", "now", "history", "deadlines", "usage"];
        assert_eq!(keys(instance)[..8], names);
        assert_eq!(keys(&instance["now"]), ["registration", "authorization", "enforcement"]);
        let deadline = &instance["deadlines"][0];
        let names = ["kind", "earliest", "expected", "latest", "remaining_s", "basis", "rule", "evidence"];
        assert_eq!(keys(deadline), names);
        assert_eq!(deadline["remaining_s"], 89 * 86_400 + 2 * 3_600);
        let line = &deadline["evidence"][0];
        assert_eq!(keys(line), ["source", "member", "line", "offset", "length", "sha256", "text"]);
        assert_eq!(line["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(instance["usage"], Value::Null);
        assert_eq!(json["as_of"], "2026-04-03T03:30:05.000Z");
        assert_eq!(json["events"][0]["params"]["minutes"], 45);
    }

    #[test]
    fn usage_has_the_names_of_the_contract_and_says_nothing_unknown() {
        let (facts, tables) = scenario();
        let json = serde_json::to_value(assemble(&facts, &tables, tool())).unwrap();
        let usage = &json["product_instances"][0]["usage"];
        let names = ["purchased", "peak", "locked", "deficit", "samples", "from", "to"];
        assert_eq!(keys(usage)[..7], names);
        let numbers = ["purchased", "peak", "locked", "deficit", "samples"].map(|name| usage[name].as_u64());
        assert_eq!(numbers, [Some(100), Some(130), Some(130), Some(30), Some(5)]);
        assert_eq!(usage["clock"], "written");
        assert_eq!(usage["replays"][1]["reading"], "at_60_min");
        assert_eq!(usage["replays"][1]["compared"][0]["difference_s"], 5);
        assert_eq!(usage["replays"][1]["path"][1]["evidence"][0]["member"], "usage.csv");
        let forecast = &usage["forecasts"][0];
        assert_eq!((&forecast["outlook"], &forecast["needed_days"]), (&"not_enough".into(), &14.into()));
        assert_eq!((&forecast["expected"], &forecast["backtest"]), (&Value::Null, &Value::Null));
        assert_eq!(json["product_instances"][0]["reversible"], Value::Null);
    }

    #[test]
    fn usage_before_the_table_stage_tells_its_extent_alone() {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[90, 110], now());
        one(&mut facts).consumption = None;
        let report = report(&facts);
        let usage = report.product_instances[0].usage.as_ref().unwrap();
        assert_eq!((usage.samples, usage.peak, usage.purchases[0].count), (Some(2), None, 100));
    }

    #[test]
    fn the_same_facts_give_the_same_bytes() {
        let (facts, tables) = out_of_compliance();
        let json = || serde_json::to_string(&assemble(&facts, &tables, tool())).unwrap();
        assert_eq!(json(), json());
    }

    #[test]
    fn undated_events_follow_in_input_order() {
        let (mut facts, _) = out_of_compliance();
        let mut second = facts.instances[0].clone();
        second.events =
            vec![event(EventKind::Clock, None, 5, &[]), event(EventKind::Clock, Some(ago(9)), 6, &[])];
        one(&mut facts).events.push(event(EventKind::Certificate, None, 9, &[]));
        facts.instances.push(second);
        let lines: Vec<u64> = report(&facts).events.iter().map(|event| event.witnesses[0].line).collect();
        assert_eq!(lines, [10, 14, 6, 5, 9]);
    }

    #[test]
    fn an_inferred_start_carries_the_bounds_of_its_transition() {
        let (mut facts, tables) = out_of_compliance();
        one(&mut facts).transitions[1].bounds = Some((ago(1_400), ago(1_300)));
        let report = assemble(&facts, &tables, tool());
        let history = &report.product_instances[0].history;
        assert_eq!(history[0].bounds, None);
        assert_eq!(history[1].bounds.as_ref().unwrap().latest, Time(ago(1_300)));
    }

    #[test]
    fn every_check_answers_even_for_an_empty_input() {
        let report = report(&Facts::default());
        assert_eq!(report.checks.len(), CHECKS.len());
        assert!(
            report.checks.iter().all(|check| check.product_instance.is_none() && check.collect.is_some())
        );
        assert_eq!(report.as_of, None);
    }

    #[test]
    fn the_worst_failed_check_is_found() {
        let (mut facts, _) = out_of_compliance();
        assert_eq!(crate::worst_failed(&report(&facts)), Some(report::Severity::Critical));
        facts.instances.clear();
        assert_eq!(crate::worst_failed(&report(&facts)), None);
    }

    #[test]
    fn a_plain_file_has_no_member_path_and_a_reason_is_kept() {
        let mut facts = facts();
        facts.members[0].path = None;
        facts.members[0].outcome = MemberOutcome::Partial("the archive ends early".into());
        one(&mut facts).release.evidence = Some(Cited::one(origin(3, "x")));
        let report = report(&facts);
        assert_eq!(report.product_instances[0].release.evidence[0].member, None);
        assert_eq!(report.input.members[0].reason.as_deref(), Some("the archive ends early"));
    }
}
