//! The answers as data: what JSON holds and the screen shows.

use reports::report::{CheckOutcome, Confidence, Severity, Tool};
use reports::time::Time;
use serde::Serialize;
use serde_json::{Map, Value};

/// Version of the document; raised when a field is added or changed.
const SCHEMA_VERSION: &str = "1.0";

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    schema_version: &'static str,
    tool: Tool,
    /// When the run began, by this host's clock.
    pub(super) at: Time,
    /// `direct` or `onprem`.
    pub(super) target: &'static str,
    /// The first Transport URL.
    pub(super) url: String,
    /// All Transport URLs that were probed.
    pub(super) urls: Vec<String>,
    /// What the run was given to work with.
    pub(super) with: With,
    /// In the order of the checklist, URL by URL; the clock is last.
    pub(super) checks: Vec<Check>,
}

/// What the run was given to work with.
#[derive(Debug, Serialize)]
pub(super) struct With {
    /// The DNS server; `system` for those of this host.
    pub(super) dns: String,
    /// The file of certificates; `system` for those of this host.
    pub(super) ca: String,
    pub(super) proxy: Option<String>,
    pub(super) ntp: Option<String>,
    pub(super) timeout_s: f64,
}

/// One answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// The Transport URL it is about; `None`: about this host.
    pub(super) url: Option<String>,
    pub(super) outcome: CheckOutcome,
    /// Of a failed check.
    pub(super) severity: Option<Severity>,
    /// Of a passed or failed check.
    pub(super) confidence: Option<Confidence>,
    pub(super) says: String,
    /// What to do about a failed check, or what would tell where nothing does; `None` where another check is first.
    pub(super) remedy: Option<String>,
    pub(super) measured: Map<String, Value>,
    pub(super) source: &'static str,
    /// What was measured, for a person.
    #[serde(skip)]
    pub(super) lines: Vec<String>,
}

/// What a check is, whatever its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) source: &'static str,
}

impl Item {
    /// All is well.
    pub(super) fn pass(self, confidence: Confidence, says: impl Into<String>) -> Check {
        Check { confidence: Some(confidence), ..self.check(CheckOutcome::Pass, says) }
    }

    /// Something is wrong.
    pub(super) fn fail(
        self,
        severity: Severity,
        confidence: Confidence,
        says: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Check {
        Check {
            severity: Some(severity),
            confidence: Some(confidence),
            remedy: Some(remedy.into()),
            ..self.check(CheckOutcome::Fail, says)
        }
    }

    /// The answers cannot tell.
    pub(super) fn no_evidence(self, says: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { remedy: Some(remedy.into()), ..self.check(CheckOutcome::NoEvidence, says) }
    }

    /// Another check failed that this one rests on; `says` names it.
    pub(super) fn blocked(self, says: impl Into<String>) -> Check {
        self.check(CheckOutcome::NoEvidence, says)
    }

    /// The question does not arise.
    pub(super) fn not_applicable(self, says: impl Into<String>) -> Check {
        self.check(CheckOutcome::NotApplicable, says)
    }

    fn check(self, outcome: CheckOutcome, says: impl Into<String>) -> Check {
        let Self { id, title, source } = self;
        Check {
            id,
            title,
            url: None,
            outcome,
            severity: None,
            confidence: None,
            says: says.into(),
            remedy: None,
            measured: Map::new(),
            source,
            lines: Vec::new(),
        }
    }
}

impl Check {
    /// Adds a fact.
    pub(super) fn fact(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.measured.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a line for a person.
    pub(super) fn line(mut self, text: impl Into<String>) -> Self {
        self.lines.push(text.into());
        self
    }

    /// A failure of what is needed only in another case is less bad.
    pub(super) fn at_most(mut self, severity: Severity, why: &str) -> Self {
        if self.severity.is_some_and(|own| own > severity) {
            self.severity = Some(severity);
            self.says = format!("{} ({why})", self.says);
        }
        self
    }
}

impl Document {
    pub(super) fn new(
        at: Time,
        target: &'static str,
        urls: Vec<String>,
        with: With,
        checks: Vec<Check>,
    ) -> Self {
        let tool =
            Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let url = urls.first().cloned().unwrap_or_default();
        Self { schema_version: SCHEMA_VERSION, tool, at, target, url, urls, with, checks }
    }

    /// The worst severity among the failed checks.
    pub(super) fn worst(&self) -> Option<Severity> {
        self.checks
            .iter()
            .filter(|check| check.outcome == CheckOutcome::Fail)
            .filter_map(|check| check.severity)
            .max()
    }
}
