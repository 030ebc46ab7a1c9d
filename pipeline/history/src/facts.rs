//! [`Facts`]: all that a check, a table or a renderer may see. Plain data, in a fixed order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use parsers::catalog::{Catalog, Entry};
use parsers::event::{EventKind, ServiceState, Witness};
use parsers::origin::Origin;
use parsers::record::Severity;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::policy::{Reading, Regime};
pub use crate::stated::{Deployment, LicenseFact, PlatformFact};
use crate::usage::{Consumption, Usage};

/// How firmly a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// A line says it.
    Stated,
    /// Arithmetic on a stated instant, by a rule that Cisco documents.
    Derived,
    /// Concluded from silence, from a restarted countdown, or from a contradiction.
    Inferred,
    /// The user said it on the command line.
    Given,
    /// Nothing says it.
    Unknown,
}

/// The lines behind a claim: one that decided it, and any that repeat it. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The line that decided.
    pub first: Origin,
    /// Lines that say the same.
    pub also: Vec<Origin>,
}

impl Evidence {
    /// Evidence of one line.
    #[must_use]
    pub fn one(first: Origin) -> Self {
        Self { first, also: Vec::new() }
    }

    /// All lines, the deciding one first.
    pub fn all(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.first).chain(&self.also)
    }
}

/// A place that said a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Testimony {
    /// Which kind of place.
    pub witness: Witness,
    /// The bytes.
    pub origin: Origin,
    /// The node whose clock stamped it, as an index into [`Instance::nodes`].
    pub node: Option<usize>,
    /// When, by that clock, before any comparison of clocks.
    pub at: Option<Instant>,
}

/// One fact in time, with everything that said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When; `None` if it cannot be known or several instants are possible. Where clocks of nodes are known to differ,
    /// it is on the clock of [`Instance::reference`]; what each line said stands in [`Event::witnesses`].
    pub at: Option<Instant>,
    /// The possible instants, where `at` is `None` for that reason; else empty.
    pub at_candidates: Vec<Instant>,
    /// How the year was found.
    pub year: YearBasis,
    /// How the offset from UTC was found.
    pub zone: ZoneBasis,
    /// The node, as an index into [`Instance::nodes`]; `None` if nothing names it.
    pub node: Option<usize>,
    /// What happened.
    pub kind: EventKind,
    /// `LIB_LICENSE`.
    pub facility: Arc<str>,
    /// As written.
    pub severity: Severity,
    /// As written.
    pub mnemonic: Arc<str>,
    /// As written; `minutes`, `class`, `service`, `state` are in `kind`.
    pub params: Vec<(Arc<str>, Arc<str>)>,
    /// The message.
    pub text: Arc<str>,
    /// Who said it, the earliest-listed member first. Never empty.
    pub witnesses: Vec<Testimony>,
}

impl Event {
    /// True for an alarm of UCCX's own licence library. Another product's alarms are shown, and say nothing about
    /// this one's licence.
    #[must_use]
    pub fn is_about_license(&self) -> bool {
        self.facility.eq_ignore_ascii_case("LIB_LICENSE")
    }

    /// The lines that said it; `None` cannot happen for an event of [`Facts`].
    #[must_use]
    pub fn evidence(&self) -> Option<Evidence> {
        let mut origins = self.witnesses.iter().map(|testimony| testimony.origin.clone());
        Some(Evidence { first: origins.next()?, also: origins.collect() })
    }
}

/// Which of the three state machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Registration with CSSM.
    Registration,
    /// Authorization: compliance.
    Authorization,
    /// Enforcement.
    Enforcement,
}

impl Dimension {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Authorization => "authorization",
            Self::Enforcement => "enforcement",
        }
    }
}

/// A change of one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Which machine.
    pub dimension: Dimension,
    /// The new state, by its name in the report.
    pub state: &'static str,
    /// When; `None` if the event that caused it has no instant.
    pub at: Option<Instant>,
    /// Bounds of an inferred instant: not before, not after.
    pub bounds: Option<(Instant, Instant)>,
    /// How firmly it stands.
    pub basis: Basis,
    /// Why, as a sentence.
    pub cause: String,
    /// The lines; an inferred transition cites the lines around the silence.
    pub evidence: Evidence,
}

/// A state and how long it lasted: a row of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Which machine.
    pub dimension: Dimension,
    /// The state, by its name in the report.
    pub state: &'static str,
    /// Since when; `None` if unknown.
    pub from: Option<Instant>,
    /// Until when; `None` while it lasts or if unknown.
    pub until: Option<Instant>,
    /// How firmly it stands.
    pub basis: Basis,
    /// Why.
    pub cause: String,
    /// The lines.
    pub evidence: Evidence,
}

/// The present state of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// The state, by its name in the report; `unknown` if nothing says it.
    pub state: &'static str,
    /// Since when; `None` if unknown.
    pub since: Option<Instant>,
    /// True when the state may be older than `since`: the log begins with it.
    pub since_is_first_seen: bool,
    /// How firmly it stands.
    pub basis: Basis,
    /// The lines; `None` where the state is `unknown`.
    pub evidence: Option<Evidence>,
}

impl Now {
    /// Nothing says the state.
    pub const UNKNOWN: Self = Self {
        state: "unknown",
        since: None,
        since_is_first_seen: false,
        basis: Basis::Unknown,
        evidence: None,
    };
}

/// What a deadline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadlineKind {
    /// The over-use becomes Out of Compliance.
    EnterOoc,
    /// Provisioning is blocked.
    Enforcement,
    /// The authorization is due for renewal.
    AuthorizationRenewal,
    /// The authorization runs out.
    AuthorizationExpiry,
    /// The registration is due for renewal.
    RegistrationRenewal,
    /// The registration runs out.
    RegistrationExpiry,
    /// Evaluation ends.
    EvaluationEnd,
}

impl DeadlineKind {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EnterOoc => "enter_ooc",
            Self::Enforcement => "enforcement",
            Self::AuthorizationRenewal => "authorization_renewal",
            Self::AuthorizationExpiry => "authorization_expiry",
            Self::RegistrationRenewal => "registration_renewal",
            Self::RegistrationExpiry => "registration_expiry",
            Self::EvaluationEnd => "evaluation_end",
        }
    }
}

/// An instant at which something happens unless something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// What happens.
    pub kind: DeadlineKind,
    /// Not before; `None` if the clock may have started before the log.
    pub earliest: Option<Instant>,
    /// Most likely.
    pub expected: Instant,
    /// Not after, under every published reading.
    pub latest: Option<Instant>,
    /// How firmly it stands.
    pub basis: Basis,
    /// The rule and its source, as a sentence.
    pub rule: String,
    /// The lines that the arithmetic starts from.
    pub evidence: Evidence,
}

/// A point of the countdown to Out of Compliance: a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountdownPoint {
    /// When the line was written.
    pub at: Instant,
    /// Minutes left, as the line printed.
    pub minutes: u32,
    /// When Out of Compliance is due by that.
    pub due: Instant,
    /// How far `due` moved against the line before; `None` for the first of a countdown.
    pub moved_s: Option<i64>,
}

/// A node of a Product Instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Short host name or address.
    pub name: Arc<str>,
    /// Other spellings that were seen: FQDN, address.
    pub aliases: Vec<Arc<str>>,
    /// `publisher`, `subscriber`; `None` if nothing says.
    pub role: Option<Arc<str>>,
    /// IANA name where given, else the offsets seen, as `+05:30`; `None` if unknown.
    pub time_zone: Option<String>,
    /// How the zone was found.
    pub zone_basis: ZoneBasis,
    /// How the year was found, for stamps without one.
    pub year_basis: YearBasis,
    /// Seconds this node's clock is ahead of the reference node's; `None` if not estimated.
    pub clock_skew_s: Option<i64>,
}

/// What the alarms that two nodes wrote say about their clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockPair {
    /// The node, as an index into [`Instance::nodes`].
    pub node: usize,
    /// The node it is compared with.
    pub against: usize,
    /// How far the clock of `node` is ahead; `None` if the alarms do not decide it.
    pub ahead: Option<TimeDelta>,
    /// Alarms of both nodes that agree on it.
    pub pairs: usize,
    /// Largest less smallest difference of these alarms.
    pub spread: TimeDelta,
    /// True where a collector's own stamps beside those of both nodes tell it, false where alarms that both wrote do.
    pub by_collector: bool,
    /// Differences that fit, ascending, where `ahead` is `None`; not complete where many fit.
    pub candidates: Vec<TimeDelta>,
    /// The first and the last of the agreeing alarms, in the words of both nodes.
    pub evidence: Vec<Origin>,
}

/// Time that runs backwards in a log while its sequence numbers rise: the clock was set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockStep {
    /// The node, by name.
    pub node: Option<Arc<str>>,
    /// The log: `MCVD`, `syslog`.
    pub log: Arc<str>,
    /// The member, as an index into [`Facts::members`].
    pub member: usize,
    /// Line of the record before the step, and its instant by the node's clock.
    pub before: (u64, Instant),
    /// Line of the record behind it, and its instant by the node's clock.
    pub after: (u64, Instant),
}

/// What the newest evidence says about one service on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFact {
    /// The node, as an index into [`Instance::nodes`].
    pub node: Option<usize>,
    /// The service, as Cisco names it.
    pub service: Arc<str>,
    /// Its state.
    pub state: ServiceState,
    /// When; `None` for a CLI output without a time.
    pub at: Option<Instant>,
    /// True when a CLI output says it, false when an alarm does.
    pub from_cli: bool,
    /// The line.
    pub evidence: Evidence,
}

/// What `utils ntp status` says about the clock of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NtpFact {
    /// The node, as an index into [`Instance::nodes`].
    pub node: Option<usize>,
    /// True if the clock follows a server.
    pub synchronised: bool,
    /// Stratum of the node; `None` where it is not printed.
    pub stratum: Option<u32>,
    /// Milliseconds to which the time is correct, as printed.
    pub within_ms: Option<u64>,
    /// Milliseconds that the server followed is ahead of the node; `None` where none is followed.
    pub offset_ms: Option<i64>,
    /// When the output was taken, by the node's own clock; `None` if it does not print its time.
    pub at: Option<Instant>,
    /// The line.
    pub evidence: Evidence,
}

/// The release and the rules that follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As printed or given; `None` if unknown.
    pub version: Option<String>,
    /// Which rules.
    pub regime: Regime,
    /// How the release was found.
    pub basis: Basis,
    /// The line; `None` if given or unknown.
    pub evidence: Option<Evidence>,
}

/// One Product Instance: a state belongs to it, evidence belongs to its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Stable name: the one given, the folder that holds its nodes, its first node's, or `unnamed`.
    pub id: Arc<str>,
    /// Its nodes, by name.
    pub nodes: Vec<Node>,
    /// What its nodes' alarms say about their clocks.
    pub clocks: Vec<ClockPair>,
    /// The node whose clock dates the events, where clocks could be compared: the one with the lowest node number in
    /// the names of its trace files (`Cisco001…`), else the first by name.
    pub reference: Option<usize>,
    /// Release and regime.
    pub release: Release,
    /// The way to CSSM.
    pub deployment: Deployment,
    /// Registration now.
    pub registration: Now,
    /// Authorization now.
    pub authorization: Now,
    /// Enforcement now.
    pub enforcement: Now,
    /// Changes, in order of time; undated ones first.
    pub transitions: Vec<Transition>,
    /// Deadlines, nearest first.
    pub deadlines: Vec<Deadline>,
    /// Services, newest evidence for each node.
    pub services: Vec<ServiceFact>,
    /// What outputs say about the clocks of the nodes, in input order.
    pub ntp: Vec<NtpFact>,
    /// Dated events in order of time, then the undated ones in input order.
    pub events: Vec<Event>,
    /// Sentences about lines that contradict each other or the release.
    pub contradictions: Vec<Contradiction>,
    /// Countdowns that led into Out of Compliance, and which published reading fits.
    pub readings: Vec<ReadingFit>,
    /// Times in which the logs that licence alarms are written to were alive and whole on all nodes, ascending: only
    /// then does silence mean that nothing was written.
    pub alive: Vec<(Instant, Instant)>,
    /// Entitlements that an output states, newest last.
    pub entitlements: Vec<EntitlementFact>,
    /// All that outputs about the licence say, in input order.
    pub licenses: Vec<LicenseFact>,
    /// All that outputs about the platform say, in input order.
    pub platform: Vec<PlatformFact>,
    /// The licence type that an output states.
    pub license_type: Option<(Arc<str>, Evidence)>,
    /// Usage and purchases; `None` where nothing is known.
    pub usage: Option<Usage>,
    /// What follows from them; `None` until the table stage has run, and where `usage` is `None`.
    pub consumption: Option<Consumption>,
}

/// A countdown that led into Out of Compliance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingFit {
    /// The first warning of the countdown.
    pub first: Instant,
    /// The entry into Out of Compliance.
    pub entered: Instant,
    /// The reading that fits within half a report; `None` if neither does.
    pub fits: Option<Reading>,
    /// The lines of both.
    pub evidence: Evidence,
}

/// An entitlement as an output states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementFact {
    /// Which, by [`parsers::entitlements::name`].
    pub entitlement: Arc<str>,
    /// As printed.
    pub name: Arc<str>,
    /// Licenses reported as used; while Out of Compliance in the counted regime, the locked use.
    pub count: Option<u32>,
    /// `InCompliance`, `Waiting`, …: as printed.
    pub status: Option<Arc<str>>,
    /// The line.
    pub evidence: Evidence,
}

/// Lines that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// What does not fit, as a sentence.
    pub says: String,
    /// True where two nodes say different things, false where a line does not fit the release.
    pub between_nodes: bool,
    /// The lines.
    pub evidence: Evidence,
}

/// How reading a member ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberOutcome {
    /// Read to its end.
    Read,
    /// Read up to a damage or a limit.
    Partial(String),
    /// Not a log, a duplicate, refused.
    Skipped(String),
    /// Nothing could be read.
    Failed(String),
}

/// One member of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Index into [`Facts::sources`].
    pub source: usize,
    /// Path inside the source; `None` for a plain file.
    pub path: Option<Arc<str>>,
    /// The node it belongs to, by name.
    pub node: Option<Arc<str>>,
    /// Its format; `None` if none was recognised.
    pub format: Option<&'static str>,
    /// Bytes, uncompressed.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Records that begin in it: headers counted.
    pub records: u64,
    /// Events that cite it.
    pub events: u64,
    /// Instant of its first dated record.
    pub first: Option<Instant>,
    /// Instant of its last dated record.
    pub last: Option<Instant>,
    /// How reading ended.
    pub outcome: MemberOutcome,
    /// Lines that no format read.
    pub n_unread: u64,
    /// The first few of them: line, reason, text.
    pub unread: Vec<(u64, &'static str, Arc<str>)>,
    /// Lines cut at the length limit.
    pub n_cut: u64,
    /// Places where the sequence began anew while time went on: a new process.
    pub n_restarts: u64,
}

/// What kind of hole a [`Gap`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapKind {
    /// Nothing was written for longer than the reporting interval.
    Silence,
    /// Sequence numbers are absent.
    Sequence,
}

/// A stretch without evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The node, by name.
    pub node: Option<Arc<str>>,
    /// The log: `MCVD`, `syslog`.
    pub log: Arc<str>,
    /// The last record before it; `None` if undated.
    pub from: Option<Instant>,
    /// The first record after it; `None` if undated.
    pub to: Option<Instant>,
    /// Silence or sequence.
    pub kind: GapKind,
    /// Absent records, for [`GapKind::Sequence`].
    pub missing: Option<u64>,
}

/// One argument of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As given.
    pub path: String,
    /// `directory`, `zip`, `tar`, `gzip`, `file`, `stdin`.
    pub kind: &'static str,
    /// Bytes on disk.
    pub bytes: u64,
    /// SHA-256; `None` for a directory.
    pub sha256: Option<[u8; 32]>,
}

/// Everything known, at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The instant that "now" and "remaining" mean; `None` if nothing in the input is dated and none was given.
    pub as_of: Option<Instant>,
    /// The arguments, sorted by path.
    pub sources: Vec<Source>,
    /// The members, sorted by source and path.
    pub members: Vec<Member>,
    /// Sentences about what could not be read whole.
    pub incomplete: Vec<String>,
    /// Stretches without evidence.
    pub gaps: Vec<Gap>,
    /// Places where a log's time runs backwards.
    pub clock_steps: Vec<ClockStep>,
    /// Codes of debug records seen, as `MIVR-SS_RM`, with the number of members.
    pub debug_seen: BTreeMap<Arc<str>, u64>,
    /// Product Instances, by name.
    pub instances: Vec<Instance>,
    /// The entries of the catalog that decided events, by name.
    pub signatures: Vec<Entry>,
}

impl Facts {
    /// Notes the entries of `catalog` that decided events.
    pub fn note_signatures(&mut self, catalog: &Catalog) {
        let events = self.instances.iter().flat_map(|instance| &instance.events);
        let params = events.flat_map(|event| &event.params);
        let seen: BTreeSet<&Arc<str>> =
            params.filter(|(key, _)| &**key == "signature").map(|(_, id)| id).collect();
        self.signatures = seen.into_iter().filter_map(|id| catalog.entry(id)).cloned().collect();
    }
}
