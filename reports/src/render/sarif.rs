//! SARIF, for pipelines and code-scanning dashboards: one run, one rule for each check, one result for each row of the
//! checklist.
//!
//! Source: OASIS, Static Analysis Results Interchange Format (SARIF) 2.1.0,
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/>. The numbers of its sections stand at the types.
//!
//! A check without evidence is a result of the kind `open`: the rule was evaluated, and there was not enough to decide
//! (3.27.9). It is never a pass.

mod log;
mod uri;

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::log::{
    Artifact, ArtifactContent, ArtifactLocation, Driver, Invocation, Location, Log, Message, Notification,
    PhysicalLocation, Region, Rule, Run, RunResult, SCHEMA, Suppression, Tool, VERSION,
};
use super::Options;
use super::json::pretty;
use crate::CHECKS;
use crate::check::Check;
use crate::escape::{SHOWN_MAX, cut, terminal};
use crate::report::{self, CheckOutcome, Evidence, Report, Severity, Source, SuppressionStatus};

/// Most levels of archives inside archives that become artifacts of their own; what lies deeper keeps its path.
const NESTED_MAX: usize = 8;

pub(super) fn render(report: &Report, out: &mut dyn fmt::Write, _: &Options) -> fmt::Result {
    pretty(&log(report), out)
}

fn log(report: &Report) -> Log {
    let mut artifacts = Artifacts::of(&report.input.sources);
    let results = report.checks.iter().map(|check| result(check, &mut artifacts)).collect();
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: plain(&report.tool.name),
                version: plain(&report.tool.version),
                rules: CHECKS.iter().map(rule).collect(),
            },
        },
        invocations: vec![Invocation {
            // The report exists; what it lacks stands in the notifications.
            execution_successful: true,
            tool_execution_notifications: report
                .input
                .incomplete
                .iter()
                .map(|says| incomplete(says))
                .collect(),
            tool_configuration_notifications: report.suppressions.iter().filter_map(idle).collect(),
        }],
        artifacts: artifacts.all,
        results,
        column_kind: "unicodeCodePoints",
        properties: json!({ "as_of": report.as_of, "schema_version": report.schema_version }),
    };
    Log { schema: SCHEMA, version: VERSION, runs: vec![run] }
}

fn rule(check: &Check) -> Rule {
    let about = check.about;
    let disputed: Vec<Value> = about
        .disputed
        .iter()
        .map(|dispute| {
            let says: Vec<Value> =
                dispute.says.iter().map(|of| json!({ "says": of.says, "source": of.source })).collect();
            json!({ "about": dispute.about, "says": says })
        })
        .collect();
    Rule {
        id: check.id,
        short_description: Message::of(&format!("{}.", check.title)),
        full_description: Message::of(&format!(
            "It passes if this holds: {}. What a failure does: {}",
            check.title, about.effect
        )),
        help: Message::of(about.remedy),
        help_uri: address(check.source),
        properties: json!({ "source": check.source, "disputed": disputed }),
    }
}

/// The address of a page that a source names; most sources are titles of documents.
fn address(source: &str) -> Option<String> {
    let word = source.split([' ', ',', ';', '(', ')']).find(|word| word.starts_with("https://"))?;
    Some(word.trim_end_matches('.').to_owned())
}

/// What could not be read whole.
fn incomplete(says: &str) -> Notification {
    Notification { level: "warning", message: Message::of(says) }
}

/// A suppression of the user's configuration that did nothing; `None` for one that did.
fn idle(of: &report::Suppression) -> Option<Notification> {
    let why = match of.status {
        SuppressionStatus::Applied => return None,
        SuppressionStatus::Unused => "no such check failed",
        SuppressionStatus::Expired => "it has run out, and the check counts again",
        SuppressionStatus::Undated => "nothing in the input is dated, so that the check counts",
    };
    let says = format!("The suppression of {} has no effect: {why}.", of.check);
    Some(Notification { level: "note", message: Message::of(&says) })
}

fn result(check: &report::Check, artifacts: &mut Artifacts<'_>) -> RunResult {
    let (kind, level) = verdict(check);
    // Each part is cut by itself, so that a flood in the one does not wash away the other.
    let mut says = cut(&check.says, SHOWN_MAX).into_owned();
    for (title, more) in [("What to do", &check.remedy), ("What to collect", &check.collect)] {
        if let Some(more) = more {
            says.push_str(&format!("\n\n{title}: {more}"));
        }
    }
    // A result is at one place; the other lines only bear on it (3.27.12, 3.27.22).
    let mut places = check.evidence.iter().map(|line| artifacts.place(line));
    let locations: Vec<Location> = places.next().into_iter().collect();
    let related_locations: Vec<Location> = (1..)
        .zip(places)
        .map(|(id, mut place)| {
            place.id = Some(id);
            place
        })
        .collect();
    RunResult {
        rule_id: plain(&check.id),
        rule_index: CHECKS.iter().position(|known| known.id == check.id),
        kind,
        level,
        message: Message::of(&says),
        locations,
        related_locations,
        partial_fingerprints: fingerprints(check),
        suppressions: check.suppressed.iter().map(suppression).collect(),
        properties: json!({
            "product_instance": check.product_instance,
            "severity": check.severity,
            "confidence": check.confidence,
            "follows_from": check.follows_from,
        }),
    }
}

/// The kind of a result and its level (3.27.9 and 3.27.10): only a failure has one.
fn verdict(check: &report::Check) -> (&'static str, &'static str) {
    match (check.outcome, check.severity) {
        (CheckOutcome::Pass, _) => ("pass", "none"),
        (CheckOutcome::NoEvidence, _) => ("open", "none"),
        (CheckOutcome::NotApplicable, _) => ("notApplicable", "none"),
        (CheckOutcome::Fail, Some(Severity::Critical | Severity::High)) => ("fail", "error"),
        (CheckOutcome::Fail, Some(Severity::Medium) | None) => ("fail", "warning"),
        (CheckOutcome::Fail, Some(Severity::Low | Severity::Info)) => ("fail", "note"),
    }
}

/// What tells the same result again in the next run: the check with its Product Instance, and the line that decided it.
fn fingerprints(check: &report::Check) -> Value {
    let mut hash = Sha256::new();
    hash.update(check.id.as_bytes());
    hash.update([0]);
    hash.update(check.product_instance.as_deref().unwrap_or_default().as_bytes());
    let mut prints = json!({ "checkOfInstance/v1": report::Sha256(hash.finalize().into()).text() });
    if let (Some(first), Value::Object(prints)) = (check.evidence.first(), &mut prints) {
        prints.insert("firstLine/v1".to_owned(), first.sha256.text().into());
    }
    prints
}

fn suppression(of: &report::Suppressed) -> Suppression {
    Suppression {
        kind: "external",
        status: "accepted",
        justification: shown(&of.reason),
        properties: json!({ "expires": of.expires }),
    }
}

/// The files that results point into, each once, as the format asks (3.14.15): arguments first, then members in the
/// order they are cited.
struct Artifacts<'a> {
    all: Vec<Artifact>,
    places: HashMap<(Option<usize>, String), usize>,
    folders: HashSet<&'a str>,
}

impl<'a> Artifacts<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let mut artifacts = Self { all: Vec::new(), places: HashMap::new(), folders: HashSet::new() };
        for source in sources {
            let index = artifacts.index(None, uri::file(&source.path));
            let Some(artifact) = artifacts.all.get_mut(index) else { continue };
            artifact.roles = vec!["analysisTarget"];
            if source.kind == "directory" {
                artifact.roles.push("directory");
                artifacts.folders.insert(&source.path);
            } else {
                artifact.length = Some(source.bytes);
            }
            artifact.hashes = source.sha256.as_ref().map(|sum| json!({ "sha-256": sum }));
        }
        artifacts
    }

    /// The artifact at a reference, made where it is new.
    fn index(&mut self, within: Option<usize>, uri: String) -> usize {
        *self.places.entry((within, uri)).or_insert_with_key(|(within, uri)| {
            self.all.push(Artifact::at(uri.clone(), *within));
            self.all.len() - 1
        })
    }

    /// The artifact that holds a line.
    fn holding(&mut self, line: &Evidence) -> usize {
        let Some(member) = &line.member else { return self.index(None, uri::file(&line.source)) };
        // A folder's files are artifacts of their own, an archive's are nested in it (3.24.2).
        let (mut within, inside) = if self.folders.contains(&*line.source) {
            let (path, inside) =
                member.split_once("!/").map_or((&**member, None), |(path, it)| (path, Some(it)));
            (self.index(None, uri::file_in(&line.source, path)), inside)
        } else {
            (self.index(None, uri::file(&line.source)), Some(&**member))
        };
        for part in inside.into_iter().flat_map(|inside| inside.splitn(NESTED_MAX, "!/")) {
            within = self.index(Some(within), uri::nested(part));
        }
        within
    }

    fn place(&mut self, line: &Evidence) -> Location {
        let index = self.holding(line);
        let uri = self.all.get(index).map(|artifact| artifact.location.uri.clone()).unwrap_or_default();
        Location {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri, index: Some(index) },
                region: Region {
                    start_line: line.line.max(1),
                    byte_offset: line.offset,
                    byte_length: line.length,
                    snippet: ArtifactContent { text: snippet(&line.text) },
                },
            },
        }
    }
}

/// A name or a word of the report, spelled out.
fn plain(text: &str) -> String {
    terminal(text).into_owned()
}

/// A sentence, cut and spelled out: a viewer decodes what JSON escapes.
fn shown(text: &str) -> String {
    terminal(&cut(text, SHOWN_MAX)).into_owned()
}

/// A record, line by line, spelled out: the bytes themselves are found by offset and checksum.
fn snippet(text: &str) -> String {
    let text = cut(text, SHOWN_MAX);
    let lines: Vec<_> = text.split('\n').map(|line| terminal(line.trim_end_matches('\r'))).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
