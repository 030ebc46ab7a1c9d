//! Small facts for tests: two nodes, three members, one Product Instance.

use chrono::{DateTime, TimeDelta};
use history::facts::{
    Basis, Contradiction, Deadline, DeadlineKind, Dimension, Event, Evidence, Facts, Gap, GapKind, Instance,
    Interval, LicenseFact, Member, MemberOutcome, Node, Now, PlatformFact, ServiceFact, Source, Testimony,
    Transition,
};
use history::policy::Regime;
use parsers::event::{EventKind, FailureClass, LicenseLine, LicenseTime, ServiceState, Witness};
use parsers::origin::{Origin, Span};
use parsers::platform::PlatformLine;
use parsers::record::Severity;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use crate::assemble::{InstanceTables, Tables, assemble};
use crate::check::{Check, Finding, Outcome, nobody};
use crate::report::{Report, Tool};

pub(crate) use crate::testing_usage::*;

/// An instant.
pub(crate) fn at(text: &str) -> Instant {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// The instant the tests call now.
pub(crate) fn now() -> Instant {
    at("2026-04-03T03:30:05Z")
}

/// `now` less so many minutes.
pub(crate) fn ago(minutes: i64) -> Instant {
    now() - TimeDelta::minutes(minutes)
}

/// A line of the first member.
pub(crate) fn origin(line: u64, text: &str) -> Origin {
    Origin { member: 0, span: Span::of(text.as_bytes(), line, line * 100) }
}

/// Facts of one instance with the nodes `uccx1` and `uccx2`, their MCVD and system logs read, and no state known.
pub(crate) fn facts() -> Facts {
    let mut instance = nobody();
    instance.id = "uccx1".into();
    instance.nodes = vec![node("uccx1", "publisher"), node("uccx2", "subscriber")];
    instance.release.version = Some("12.5(1)SU2".into());
    instance.release.regime = Regime::Counted;
    instance.release.basis = Basis::Stated;
    instance.release.evidence = Some(Evidence::one(origin(1, "Active UCCX Version: 12.5.1.12000-1")));
    Facts {
        as_of: Some(now()),
        sources: vec![Source {
            path: "bundle.zip".into(),
            kind: "zip",
            bytes: 1_000,
            sha256: Some([0xab; 32]),
        }],
        members: vec![
            member("uccx1/syslog/CiscoSyslog", "uccx1", "ciscolog"),
            member("uccx1/uccx/log/MCVD/Cisco001MCVD001.log", "uccx1", "uccx-trace"),
            member("uccx2/syslog/CiscoSyslog", "uccx2", "ciscolog"),
            member("uccx2/uccx/log/MCVD/Cisco001MCVD001.log", "uccx2", "uccx-trace"),
        ],
        instances: vec![instance],
        ..Facts::default()
    }
}

fn node(name: &str, role: &str) -> Node {
    Node {
        name: name.into(),
        aliases: vec![format!("{name}.example.com").into()],
        role: Some(role.into()),
        time_zone: Some("+05:30".into()),
        zone_basis: ZoneBasis::OuterInner,
        year_basis: YearBasis::DatedLines,
        clock_skew_s: None,
    }
}

/// A member that was read whole.
pub(crate) fn member(path: &str, node: &str, format: &'static str) -> Member {
    Member {
        source: 0,
        path: Some(path.into()),
        node: Some(node.into()),
        format: Some(format),
        bytes: 1_000,
        lines: 10,
        records: 10,
        events: 1,
        first: Some(ago(3_000)),
        last: Some(now()),
        outcome: MemberOutcome::Read,
        n_unread: 0,
        unread: Vec::new(),
        n_cut: 0,
        n_restarts: 0,
    }
}

/// The instance of `facts`.
pub(crate) fn one(facts: &mut Facts) -> &mut Instance {
    facts.instances.first_mut().unwrap()
}

/// A known state, said by line 14.
pub(crate) fn known(state: &'static str, since: Option<Instant>, basis: Basis) -> Now {
    let line = origin(14, &format!("%UC_LIB_LICENSE-1-{}: said", state.to_uppercase()));
    Now { state, since, since_is_first_seen: false, basis, evidence: Some(Evidence::one(line)) }
}

/// A transition said by line 14.
pub(crate) fn change(state: &'static str, at: Instant, basis: Basis, cause: &str) -> Transition {
    Transition {
        dimension: Dimension::Authorization,
        state,
        at: Some(at),
        bounds: None,
        basis,
        cause: cause.into(),
        evidence: Evidence::one(origin(14, "said")),
    }
}

/// A deadline derived from line 14.
pub(crate) fn deadline(kind: DeadlineKind, expected: Instant) -> Deadline {
    Deadline {
        kind,
        earliest: Some(expected),
        expected,
        latest: Some(expected + TimeDelta::minutes(15)),
        basis: Basis::Derived,
        rule: "the line's own minutes, one report later at most".into(),
        evidence: Evidence::one(origin(14, "said")),
    }
}

/// An event of the first node, said by `line`.
pub(crate) fn event(kind: EventKind, at: Option<Instant>, line: u64, params: &[(&str, &str)]) -> Event {
    Event {
        at,
        at_candidates: Vec::new(),
        year: YearBasis::DatedLines,
        zone: ZoneBasis::OuterInner,
        node: Some(0),
        kind,
        facility: "LIB_LICENSE".into(),
        severity: Severity(1),
        mnemonic: "SYSTEM_IN_OOC_STATE".into(),
        params: params.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        text: "This Product Instance is currently in Out of Compliance state.".into(),
        witnesses: vec![Testimony {
            witness: Witness::Syslog,
            origin: origin(line, "the line"),
            node: Some(0),
            at,
        }],
    }
}

/// A failure to reach CSSM.
pub(crate) fn failure(class: FailureClass, line: u64, host: Option<&str>) -> Event {
    let params: Vec<_> = host.map(|host| ("host", host)).into_iter().collect();
    event(EventKind::TransportFailure { class }, Some(ago(60)), line, &params)
}

/// What is known of a service on a node.
pub(crate) fn service(node: usize, service: &str, state: ServiceState, at: Option<Instant>) -> ServiceFact {
    ServiceFact {
        node: Some(node),
        service: service.into(),
        state,
        at,
        from_cli: at.is_none(),
        evidence: Evidence::one(origin(30, "said")),
    }
}

/// What an output about the licence says of the first node.
pub(crate) fn licensed(line: LicenseLine, at: Option<Instant>) -> LicenseFact {
    let evidence = Evidence::one(origin(40, "License Management"));
    LicenseFact { node: Some(0), line, at, taken: None, evidence }
}

/// What an output about the platform says of the first node.
pub(crate) fn platform(line: PlatformLine) -> PlatformFact {
    PlatformFact { node: Some(0), line, at: None, evidence: Evidence::one(origin(50, "admin:utils")) }
}

/// That the last exchange with CSSM succeeded at `at`.
pub(crate) fn reached(at: Instant) -> LicenseFact {
    let what = LicenseTime::LastCommunication;
    licensed(LicenseLine::Time { what, at: None, succeeded: Some(true) }, Some(at))
}

/// A gap in the first node's MCVD log.
pub(crate) fn gap(from: Instant, to: Instant) -> Gap {
    Gap {
        node: Some("uccx1".into()),
        log: "MCVD".into(),
        from: Some(from),
        to: Some(to),
        kind: GapKind::Silence,
        missing: None,
    }
}

/// Out of Compliance for 22 hours with everything around it.
pub(crate) fn out_of_compliance() -> (Facts, Tables) {
    let mut facts = facts();
    let since = ago(22 * 60);
    let instance = one(&mut facts);
    instance.authorization = known("out_of_compliance", Some(since), Basis::Stated);
    instance.transitions = vec![
        change("overage", since - TimeDelta::minutes(45), Basis::Stated, "CSSM reported over-use"),
        change("out_of_compliance", since, Basis::Stated, "the alarm SYSTEM_IN_OOC_STATE was written"),
    ];
    instance.enforcement = Now {
        state: "not_enforced",
        since: Some(since),
        since_is_first_seen: false,
        basis: Basis::Inferred,
        evidence: Some(Evidence::one(origin(14, "said"))),
    };
    let mut due = deadline(DeadlineKind::Enforcement, since + TimeDelta::days(90));
    due.latest = Some(due.expected);
    due.rule = "90 days after the first Out of Compliance alarm (Cisco 217416)".into();
    instance.deadlines = vec![due];
    instance.events = vec![
        event(EventKind::OocApproaching { minutes: Some(45) }, Some(since - TimeDelta::minutes(45)), 10, &[]),
        event(EventKind::OocEntered, Some(since), 14, &[("NodeID", "uccx1")]),
    ];
    for event in &mut instance.events {
        let mut traced = event.witnesses[0].clone();
        traced.witness = Witness::Trace;
        traced.origin.member = 1;
        event.witnesses.push(traced);
    }
    instance.contradictions = vec![Contradiction {
        says: "the countdown of line 10 does not belong to the release".into(),
        between_nodes: false,
        evidence: Evidence::one(origin(10, "the line")),
    }];
    instance.services.push(service(
        0,
        "Cisco Unified CCX Cluster View Daemon",
        ServiceState::InService,
        None,
    ));
    let history = instance
        .transitions
        .iter()
        .map(|change| Interval {
            dimension: change.dimension,
            state: change.state,
            from: change.at,
            until: None,
            basis: change.basis,
            cause: change.cause.clone(),
            evidence: change.evidence.clone(),
        })
        .collect();
    (facts, Tables { instances: vec![InstanceTables { history, ..InstanceTables::default() }] })
}

/// The tool as the tests call it.
pub(crate) fn tool() -> Tool {
    Tool { name: "uccxray".into(), version: "0.1.0".into() }
}

/// The report of `facts` without tables.
pub(crate) fn report(facts: &Facts) -> Report {
    assemble(facts, &Tables::default(), tool())
}

/// Runs `check` on the instance of `facts`.
fn outcome(check: &Check, facts: &Facts) -> Outcome {
    (check.run)(facts, facts.instances.first().unwrap())
}

/// The finding of a check that must fail.
#[track_caller]
pub(crate) fn fails(check: &Check, facts: &Facts) -> Finding {
    match outcome(check, facts) {
        Outcome::Fail(finding) => finding,
        other => panic!("{}: {other:?}", check.id),
    }
}

/// The sentence of a check that must pass.
#[track_caller]
pub(crate) fn passes(check: &Check, facts: &Facts) -> String {
    match outcome(check, facts) {
        Outcome::Pass { says, .. } => says,
        other => panic!("{}: {other:?}", check.id),
    }
}

/// What to collect, for a check that must lack its evidence.
#[track_caller]
pub(crate) fn lacks(check: &Check, facts: &Facts) -> String {
    match outcome(check, facts) {
        Outcome::NoEvidence { collect, .. } => collect,
        other => panic!("{}: {other:?}", check.id),
    }
}

/// Why the question of a check does not arise, for a check that must say so.
#[track_caller]
pub(crate) fn skips(check: &Check, facts: &Facts) -> String {
    match outcome(check, facts) {
        Outcome::NotApplicable { why } => why,
        other => panic!("{}: {other:?}", check.id),
    }
}

/// Text that tries every sink: cursor and colour, direction, markup, tables, mentions, fences, sheer length.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{7}\r\n| x | `` ``` </script><img src=x onerror=a()> \
    [x](javascript:alert(1)) ![i](http://evil.example/p) @everyone user@evil.example www.evil.example \
    https://evil.example/ \u{202e}gnp\u{2066}\u{200b}\u{feff}\u{e0041} **b** _e_ ~~s~~ #1 &lt; $x$ \\| 日本語日本語日本語";

/// A report with [`HOSTILE`] text in every field that the input can fill.
pub(crate) fn hostile() -> Report {
    let (mut facts, tables) = out_of_compliance();
    let long = format!("{HOSTILE}{}", "é".repeat(1 << 20));
    facts.sources = vec![Source { path: HOSTILE.into(), kind: "zip", bytes: 1, sha256: None }];
    facts.incomplete = vec![long.clone()];
    facts.gaps = vec![gap(ago(600), ago(60))];
    for place in &mut facts.gaps {
        place.node = None;
        place.log = HOSTILE.into();
    }
    facts.debug_seen.insert(HOSTILE.into(), 1);
    for member in &mut facts.members {
        member.path = Some(HOSTILE.into());
        member.node = Some(HOSTILE.into());
        member.outcome = MemberOutcome::Partial(HOSTILE.into());
        member.unread = vec![(7, "no format reads it", long.as_str().into())];
    }
    let instance = one(&mut facts);
    instance.id = HOSTILE.into();
    for node in &mut instance.nodes {
        node.name = HOSTILE.into();
        node.role = Some(HOSTILE.into());
        node.time_zone = Some(HOSTILE.into());
    }
    instance.release.version = Some(HOSTILE.into());
    instance.deployment.url = Some(format!("https://{HOSTILE}").into());
    instance.deployment.proxy = Some(HOSTILE.into());
    for event in &mut instance.events {
        event.text = long.as_str().into();
        event.mnemonic = HOSTILE.into();
        event.params = vec![(HOSTILE.into(), long.as_str().into())];
        for said in &mut event.witnesses {
            said.origin.span.text = HOSTILE.into();
        }
    }
    instance.events.push(failure(FailureClass::Dns, 90, Some(HOSTILE)));
    instance.events.push(failure(FailureClass::Timeout, 91, Some(HOSTILE)));
    let mut alert = event(EventKind::RtmtAlert { name: HOSTILE.into() }, None, 92, &[]);
    alert.at_candidates = vec![ago(9), ago(8)];
    instance.events.push(alert);
    instance.services.push(service(
        1,
        &format!("Cluster View Daemon {HOSTILE}"),
        ServiceState::OutOfService,
        None,
    ));
    for found in &mut instance.contradictions {
        found.says = HOSTILE.into();
    }
    hostile_usage(&mut facts);
    assemble(&facts, &tables, tool())
}

/// The line without its code spans, found as CommonMark finds them.
pub(crate) fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let run = from.chars().take_while(|c| *c == '`').count();
        let body = &from[run..];
        let mut at = 0;
        let end = loop {
            let Some(next) = body[at..].find('`') else { panic!("open code span in {line}") };
            let close = body[at + next..].chars().take_while(|c| *c == '`').count();
            if close == run {
                break at + next + close;
            }
            at += next + close;
        };
        rest = &body[end..];
    }
    out + rest
}
