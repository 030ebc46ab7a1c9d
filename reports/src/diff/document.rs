//! The [`Diff`]: plain data, what `-f json` writes of a comparison.
//!
//! Names and order are a contract with scripts: add, never rename. What a report does not know is `null`, and a thing
//! that only one report knows is `learned` or `lost`, never changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::word;
use crate::report::{Basis, CheckOutcome, Evidence, Regime, Severity, Tool};
use crate::time::Time;

/// Version of this form: raised when a field is added.
pub const DIFF_VERSION: &str = "1.1";

word! {
    /// How two reports differ in one thing.
    How {
        /// Not at all, or neither knows it.
        Same = "same",
        /// Both know it, and it is another.
        Changed = "changed",
        /// Only the later report knows it: it may have been so before.
        Learned = "learned",
        /// Only the earlier report knows it: it may still be so.
        Lost = "lost",
    }
}

word! {
    /// In which of the reports a Product Instance is.
    Presence {
        /// In both.
        Both = "both",
        /// In the later one alone.
        Appeared = "appeared",
        /// In the earlier one alone.
        Vanished = "vanished",
    }
}

word! {
    /// Why two Product Instances are taken for the same.
    MatchedBy {
        /// They share a node's name.
        Nodes = "nodes",
        /// They have the same `id`.
        Id = "id",
        /// Each is the only one that is left of its report, and one of them has no named node.
        OnlyOne = "only_one",
    }
}

word! {
    /// How a deadline differs.
    DeadlineHow {
        /// At the same instant.
        Same = "same",
        /// At another instant.
        Moved = "moved",
        /// In the later report alone.
        Appeared = "appeared",
        /// In the earlier report alone.
        Gone = "gone",
    }
}

word! {
    /// How the answer of a check differs.
    CheckHow {
        /// It fails, and did not before: it passed, did not apply, or could not be answered.
        NewFailure = "new_failure",
        /// It fails with a higher severity.
        Worse = "worse",
        /// It was answered, and now the input cannot tell. A failure without evidence is not mended.
        EvidenceLost = "evidence_lost",
        /// It fails with a lower severity.
        Better = "better",
        /// It failed, and now evidence shows that all is well.
        Fixed = "fixed",
        /// It could not be answered, and now does not fail.
        EvidenceGained = "evidence_gained",
        /// The question arises where it did not, or no longer arises.
        ApplicabilityChanged = "applicability_changed",
        /// It fails as before, and the user accepts it now or no longer does.
        SuppressionChanged = "suppression_changed",
    }
}

/// What changed between two reports in license terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Version of this form.
    #[schemars(extend("const" = DIFF_VERSION))]
    pub schema_version: String,
    /// Who wrote it; as long as nobody says otherwise, who wrote the later report.
    pub tool: Tool,
    /// False if nothing changed in license terms: then no Product Instance changed.
    pub changed: bool,
    /// The earlier report.
    pub before: Side,
    /// The later report.
    pub after: Side,
    /// Sentences about what makes the comparison doubtful; empty if nothing does.
    pub warnings: Vec<String>,
    /// One entry for each Product Instance of either report: those of the later one in its order, then the vanished.
    pub instances: Vec<DiffInstance>,
}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The instant that "now" means in it; null if nothing in its input is dated.
    pub as_of: Option<Time>,
    /// The paths of its input, as given.
    pub sources: Vec<String>,
    /// The first dated record; null if none is dated.
    pub from: Option<Time>,
    /// The last dated record; null if none is dated.
    pub to: Option<Time>,
}

/// One Product Instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffInstance {
    /// In which of the reports it is.
    pub presence: Presence,
    /// Its `id` in the earlier report; null where it appeared.
    pub before_id: Option<String>,
    /// Its `id` in the later report; null where it vanished.
    pub after_id: Option<String>,
    /// Why the two are taken for the same; null unless it is in both.
    pub matched_by: Option<MatchedBy>,
    /// IANA name or offset of the clock that all nodes share; null where none is known or they differ.
    pub time_zone: Option<String>,
    /// False if nothing below changed. Events are counted for the reader and do not decide it.
    pub changed: bool,
    /// Its nodes.
    pub nodes: NodesDiff,
    /// The release.
    pub release: ReleaseDiff,
    /// The way to CSSM: `transport`, `url` and `proxy`.
    pub deployment: Vec<FieldDiff>,
    /// Registration, authorization and enforcement.
    pub states: Vec<StateDiff>,
    /// What happens when: deadlines of one kind are paired in their order.
    pub deadlines: Vec<DeadlineDiff>,
    /// License usage, one entry an entitlement of either report, by name.
    pub usage: Vec<UsageDiff>,
    /// The license type that outputs state.
    pub license_type: LicenseTypeDiff,
    /// Entitlements that outputs state, one entry an entitlement of either report, by name.
    pub entitlements_stated: Vec<StatedDiff>,
    /// Checks whose answers differ, the worst first.
    pub checks: Vec<CheckDiff>,
    /// Checks whose answers do not differ.
    pub checks_unchanged: u64,
    /// Services whose state differs. One that only one report knows is listed where it is not in service.
    pub services: Vec<ServiceDiff>,
    /// Failed checks that explain others and did not explain any before.
    pub new_causes: Vec<CauseDiff>,
    /// Alarms whose number differs, or that came since the earlier report, by facility and mnemonic.
    pub events: Vec<EventDiff>,
}

/// Nodes, by their names in the report that has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodesDiff {
    /// In both, as the later report calls them.
    pub both: Vec<String>,
    /// In the later report alone.
    pub appeared: Vec<String>,
    /// In the earlier report alone; its logs may only be lacking.
    pub vanished: Vec<String>,
}

/// The release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseDiff {
    /// As printed or given in the earlier report; null if not known.
    pub before: Option<String>,
    /// As printed or given in the later report; null if not known.
    pub after: Option<String>,
    /// The rules that the release followed.
    pub before_regime: Regime,
    /// The rules that the release follows.
    pub after_regime: Regime,
    /// How version or rules differ.
    pub how: How,
}

/// A fact that is a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldDiff {
    /// Which.
    #[schemars(extend("enum" = ["transport", "url", "proxy"]))]
    pub name: String,
    /// In the earlier report; null if not known.
    pub before: Option<String>,
    /// In the later report; null if not known.
    pub after: Option<String>,
    /// How they differ.
    pub how: How,
}

/// The present state of one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateDiff {
    /// Which machine.
    #[schemars(extend("enum" = ["registration", "authorization", "enforcement"]))]
    pub dimension: String,
    /// The state in the earlier report; null if nothing said it.
    pub before: Option<String>,
    /// The state in the later report; null if nothing says it.
    pub after: Option<String>,
    /// How they differ. A state that was left and entered again since the earlier report is `changed`.
    pub how: How,
    /// True where the state is the same and was left and entered again in between.
    pub again: bool,
    /// Since when, by the earlier report; null if not known.
    pub before_since: Option<Time>,
    /// Since when, by the later report; null if not known.
    pub after_since: Option<Time>,
    /// How firmly it stood; null where nothing said the state.
    pub before_basis: Option<Basis>,
    /// How firmly it stands; null where nothing says the state.
    pub after_basis: Option<Basis>,
    /// Why the later state holds, as a sentence; null where nothing says the state.
    pub cause: Option<String>,
    /// The first lines behind the later state, or behind the earlier where the later is not known; the reports hold
    /// all.
    pub evidence: Vec<Evidence>,
}

/// An instant at which something happens unless something is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlineDiff {
    /// What happens, as in the report: `enter_ooc`, `enforcement`, …
    pub kind: String,
    /// When by the earlier report; null where it appeared.
    pub before: Option<Time>,
    /// When by the later report; null where it is gone.
    pub after: Option<Time>,
    /// How they differ.
    pub how: DeadlineHow,
    /// Seconds that it moved to later, negative to earlier; null unless it is in both.
    pub moved_s: Option<i64>,
    /// True where its instant lay ahead of the earlier report and lies behind the later one. Where it is gone too, no
    /// line need say whether it came true.
    pub passed: bool,
    /// How firmly it stood; null where it appeared.
    pub before_basis: Option<Basis>,
    /// How firmly it stands; null where it is gone.
    pub after_basis: Option<Basis>,
}

/// A number in two reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Numbers {
    /// In the earlier report; null if not known.
    pub before: Option<u32>,
    /// In the later report; null if not known.
    pub after: Option<u32>,
}

/// License usage of one entitlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageDiff {
    /// Which, such as `PREMIUM`.
    pub entitlement: String,
    /// How any of the numbers differ: a change comes before what is lost, and that before what is learned.
    pub how: How,
    /// Licenses purchased.
    pub purchased: Numbers,
    /// Highest usage at one time in the input of the report.
    pub peak: Numbers,
    /// Highest usage since the over-use began, held while Out of Compliance.
    pub locked: Numbers,
    /// Licenses to buy.
    pub deficit: Numbers,
}

/// The license type, as outputs state it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseTypeDiff {
    /// As printed to the earlier report; null if no output states it.
    pub before: Option<String>,
    /// As printed to the later report; null if no output states it.
    pub after: Option<String>,
    /// How they differ; case, blanks and marks are no difference.
    pub how: How,
    /// The first lines behind the later type, or behind the earlier where the later is not known.
    pub evidence: Vec<Evidence>,
}

/// An entitlement, as outputs state it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatedDiff {
    /// Which, such as `PREMIUM`.
    pub entitlement: String,
    /// How count or status differ: a change comes before what is lost, and that before what is learned.
    pub how: How,
    /// Licenses stated as in use.
    pub count: Numbers,
    /// Status as printed to the earlier report; null if none is.
    pub before_status: Option<String>,
    /// Status as printed to the later report; null if none is.
    pub after_status: Option<String>,
    /// The first lines behind the later statement, or behind the earlier where the later is not known.
    pub evidence: Vec<Evidence>,
}

/// A check whose answer differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckDiff {
    /// Stable name, such as `ooc-now`.
    pub id: String,
    /// What it asserts.
    pub title: String,
    /// How the answers differ.
    pub how: CheckHow,
    /// How it ended before; null where the earlier report does not hold it.
    pub before: Option<CheckOutcome>,
    /// How it ended; null where the later report does not hold it.
    pub after: Option<CheckOutcome>,
    /// How bad it was; null unless it failed.
    pub before_severity: Option<Severity>,
    /// How bad it is; null unless it fails.
    pub after_severity: Option<Severity>,
    /// True where the user accepted the failure.
    pub before_suppressed: bool,
    /// True where the user accepts the failure.
    pub after_suppressed: bool,
    /// What was found, as a sentence: by the later report, or by the earlier where the later does not hold the check.
    pub says: String,
    /// What to do; null unless it fails.
    pub remedy: Option<String>,
    /// What to collect so that it can be answered; null unless evidence is lacking.
    pub collect: Option<String>,
    /// The first lines behind the later answer, or behind the earlier where its evidence is lost; the reports hold all.
    pub evidence: Vec<Evidence>,
}

/// A service on a node whose state differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceDiff {
    /// The node; null where the input names none.
    pub node: Option<String>,
    /// The service, as Cisco names it.
    pub service: String,
    /// Its state before, as in the report; null if not known.
    pub before: Option<String>,
    /// Its state; null if not known.
    pub after: Option<String>,
    /// How they differ.
    pub how: How,
    /// When the later state was said; null if not known.
    pub after_at: Option<Time>,
}

/// A failed check that explains others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseDiff {
    /// The check.
    pub check: String,
    /// The worst severity among the check and those it explains.
    pub severity: Severity,
    /// True where the user suppressed it.
    pub suppressed: bool,
    /// The failed checks that it explains.
    pub explains: Vec<String>,
}

/// How often an alarm was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventDiff {
    /// Its facility.
    pub facility: String,
    /// Its mnemonic, as written.
    pub mnemonic: String,
    /// How many are in the earlier report.
    pub before: u64,
    /// How many are in the later report.
    pub after: u64,
    /// How many of these are dated behind the last dated record of the earlier report; null where that has none.
    pub since: Option<u64>,
}
