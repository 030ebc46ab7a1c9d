//! The objects of a SARIF log that uccxray fills, named as the format names them. What is absent has the format's
//! default.

use serde::Serialize;
use serde_json::Value;

use crate::escape::{SHOWN_MAX, cut, terminal};

/// The format's version.
pub(super) const VERSION: &str = "2.1.0";

/// Where the format's JSON Schema is published.
pub(super) const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// 3.13, `sarifLog`.
#[derive(Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) runs: Vec<Run>,
}

/// 3.14, `run`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    pub(super) invocations: Vec<Invocation>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) results: Vec<RunResult>,
    pub(super) column_kind: &'static str,
    pub(super) properties: Value,
}

/// 3.18, `tool`.
#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) driver: Driver,
}

/// 3.19, `toolComponent`.
#[derive(Serialize)]
pub(super) struct Driver {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) rules: Vec<Rule>,
}

/// 3.49, `reportingDescriptor`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    pub(super) help: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help_uri: Option<String>,
    pub(super) properties: Value,
}

/// 3.20, `invocation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
    pub(super) tool_execution_notifications: Vec<Notification>,
    pub(super) tool_configuration_notifications: Vec<Notification>,
}

/// 3.58, `notification`.
#[derive(Serialize)]
pub(super) struct Notification {
    pub(super) level: &'static str,
    pub(super) message: Message,
}

/// 3.11, `message`, and 3.12, `multiformatMessageString`.
#[derive(Serialize)]
pub(super) struct Message {
    text: String,
}

impl Message {
    /// Paragraphs of plain text that no viewer takes for anything else.
    ///
    /// Braces are doubled, since one begins a placeholder (3.11.5); `](` makes an embedded link (3.11.6), so a blank
    /// parts it.
    pub(super) fn of(text: &str) -> Self {
        let text = cut(text, 2 * SHOWN_MAX);
        let paragraphs: Vec<_> = text.split("\n\n").map(|paragraph| terminal(paragraph)).collect();
        let text = paragraphs.join("\n\n").replace('{', "{{").replace('}', "}}").replace("](", "] (");
        Self { text }
    }
}

/// 3.24, `artifact`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    pub(super) location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) length: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hashes: Option<Value>,
}

impl Artifact {
    pub(super) fn at(uri: String, parent_index: Option<usize>) -> Self {
        let location = ArtifactLocation { uri, index: None };
        Self { location, parent_index, length: None, roles: Vec::new(), hashes: None }
    }
}

/// 3.4, `artifactLocation`.
#[derive(Serialize)]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
}

/// 3.27, `result`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunResult {
    pub(super) rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule_index: Option<usize>,
    pub(super) kind: &'static str,
    pub(super) level: &'static str,
    pub(super) message: Message,
    pub(super) locations: Vec<Location>,
    pub(super) related_locations: Vec<Location>,
    pub(super) partial_fingerprints: Value,
    /// Present on every result or on none (3.27.23); empty: not suppressed.
    pub(super) suppressions: Vec<Suppression>,
    pub(super) properties: Value,
}

/// 3.28, `location`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<usize>,
    pub(super) physical_location: PhysicalLocation,
}

/// 3.29, `physicalLocation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) region: Region,
}

/// 3.30, `region`: the line where the record begins, and its bytes in the uncompressed file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: u64,
    pub(super) byte_offset: u64,
    pub(super) byte_length: u64,
    pub(super) snippet: ArtifactContent,
}

/// 3.3, `artifactContent`.
#[derive(Serialize)]
pub(super) struct ArtifactContent {
    pub(super) text: String,
}

/// 3.35, `suppression`.
#[derive(Serialize)]
pub(super) struct Suppression {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) justification: String,
    pub(super) properties: Value,
}
