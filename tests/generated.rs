//! Synthetic bundles against their truth: nothing lost, nothing doubled, nothing invented, every instant right or
//! openly unknown.
//!
//! `UCCXRAY_SEEDS=10000` runs more of them; `--nocapture` prints the counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use chrono::{Datelike as _, TimeDelta, Utc};
use history::analysis::Options;
use history::facts::{Event, Facts, MemberOutcome, Source};
use parsers::event::EventKind;
use parsers::stamp::Instant;
use uccxray::generate::{self, Bundle, Container, FailureClass, Occasion, Plan, Rng, Truth};

use crate::support::drive::{Piece, Pieces, pieces};
use crate::support::{Dir, each_seed};

/// The kinds of event that the truth lists and the program reads.
const KINDS: [&str; 4] = ["ooc_approaching", "ooc_imminent", "ooc_entered", "transport_failure"];

/// What was seen in all bundles.
#[derive(Default)]
struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    fn add(&mut self, what: &'static str, n: usize) {
        *self.0.entry(what).or_default() += n as u64;
    }
}

#[test]
fn generated_bundles_give_their_truth() {
    let counts = Mutex::new(Counts::default());
    let wrong = Mutex::new(Vec::new());
    each_seed(300, |seed| {
        let (found, problems) = one(seed);
        let mut counts = counts.lock().unwrap();
        for (what, n) in found.0 {
            *counts.0.entry(what).or_default() += n;
        }
        counts.add("bundles", 1);
        counts.add("bundles with a difference", usize::from(!problems.is_empty()));
        wrong.lock().unwrap().extend(problems);
    });
    for (what, n) in counts.into_inner().unwrap().0 {
        println!("{n:>8} {what}");
    }
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    let n_wrong = wrong.len();
    wrong.truncate(if std::env::var_os("ALL").is_some() { usize::MAX } else { 40 });
    assert!(wrong.is_empty(), "{n_wrong} differences, such as\n{}", wrong.join("\n"));
}

/// One bundle, read three times: without help, with its zone, with zone and year.
fn one(seed: u64) -> (Counts, Vec<String>) {
    let bundle = generate::generate(&Plan::from_seed(seed));
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    let mut rng = Rng::stream(seed, 99);
    let read = {
        let mut read = contained(&bundle, untimed(&bundle.truth.plan));
        rng.shuffle(&mut read.members);
        read
    };
    counts.add("members", read.members.len());
    let plan = &bundle.truth.plan;
    let kinds = [
        ("bundles over New Year", plan.occasion == Occasion::NewYear),
        ("bundles over a leap day", plan.occasion == Occasion::LeapDay),
        ("bundles over a repeated hour", plan.occasion == Occasion::Fold),
        ("bundles over a skipped hour", plan.occasion == Occasion::Gap),
        ("bundles of two nodes", plan.nodes == 2),
        ("bundles of skewed clocks", plan.skew_s != [0, 0]),
        ("bundles of circular traces", plan.circular),
        ("bundles of shuffled members", plan.shuffle),
        ("bundles as a zip", plan.container == Container::Zip),
        ("bundles as a tar.gz", plan.container == Container::TarGz),
        ("bundles without syslog", !plan.with_syslog),
        ("bundles of files with the time of a copy", plan.copied_after_days > 0),
        ("bundles of files without a time", untimed(plan)),
    ];
    for (name, is) in kinds {
        counts.add(name, usize::from(is));
    }

    let mut compare = |how: &'static str, options: &Options, exact: bool| {
        let facts = read.clone().facts(options, || 1 + rng.below(20_000) as usize);
        let mut comparison = Comparison { bundle: &bundle, facts: &facts, exact, how, wrong: Vec::new() };
        comparison.members();
        comparison.events(&mut counts);
        if exact {
            comparison.entered(&mut counts);
        }
        wrong.append(&mut comparison.wrong);
    };
    compare("without help", &Options::default(), plan.names_zone() && (plan.names_year() || !untimed(plan)));
    let mut options = Options::default();
    options.given.zone = Some(plan.zone);
    compare("with its zone", &options, plan.names_year() || !untimed(plan));
    // One year for all lines: only where there is one.
    let years: BTreeSet<i32> = (bundle.truth.events.iter().flat_map(|event| &event.sightings))
        .map(|it| it.node_at.with_timezone(&bundle.truth.plan.zone).year())
        .collect();
    if let (1, Some(year)) = (years.len(), years.first()) {
        options.given.year = Some(*year);
        compare("with zone and year", &options, true);
    }
    (counts, wrong)
}

/// Whether the members have no time, as from standard input.
fn untimed(plan: &Plan) -> bool {
    plan.container == Container::Dir && plan.seed.is_multiple_of(5)
}

/// The bundle's members as its container gives them back.
fn contained(bundle: &Bundle, untimed: bool) -> Pieces {
    let dir = Dir::new();
    let path = match bundle.truth.plan.container {
        Container::Dir => {
            // The files themselves are read elsewhere; here the seed counts, not the disk.
            let members = bundle.files.iter().map(|file| Piece {
                source: 0,
                path: Some(file.path.clone()),
                not_after: (!untimed).then_some(file.modified),
                outcome: MemberOutcome::Read,
                bytes: file.bytes.clone(),
            });
            let source = Source { path: "bundle".to_owned(), kind: "directory", bytes: 0, sha256: None };
            return Pieces {
                sources: vec![source],
                members: members.collect(),
                incomplete: Vec::new(),
                usage_from: 1,
            };
        }
        Container::Zip => dir.file("bundle.zip", generate::to_zip(bundle).unwrap()),
        Container::TarGz => dir.file("bundle.tar.gz", generate::to_tar_gz(bundle).unwrap()),
    };
    pieces(&[path], &[])
}

struct Comparison<'a> {
    bundle: &'a Bundle,
    facts: &'a Facts,
    /// Whether every instant must be known.
    exact: bool,
    how: &'static str,
    wrong: Vec<String>,
}

impl Comparison<'_> {
    fn truth(&self) -> &Truth {
        &self.bundle.truth
    }

    fn say(&mut self, what: &str) {
        let text = format!("seed {:>5} {}: {what}", self.truth().seed, self.how);
        self.wrong.push(text);
    }

    /// Every member is there, whole; copies count once.
    fn members(&mut self) {
        if !self.facts.incomplete.is_empty() {
            self.say(&format!("incomplete: {:?}", self.facts.incomplete));
        }
        let read: BTreeMap<&str, &history::facts::Member> =
            self.facts.members.iter().map(|member| (member.path.as_deref().unwrap_or(""), member)).collect();
        let copies: BTreeSet<&str> =
            (self.truth().duplicates.iter()).flat_map(|it| [it.path.as_str(), it.of.as_str()]).collect();
        let mut problems = Vec::new();
        let mut n_copies = 0;
        for file in &self.bundle.files {
            let Some(member) = read.get(file.path.as_str()) else {
                problems.push(format!("no member {}", file.path));
                continue;
            };
            let lines = memchr::memchr_iter(b'\n', &file.bytes).count() as u64;
            let lines = lines + u64::from(!file.bytes.is_empty() && !file.bytes.ends_with(b"\n"));
            if member.lines != lines || member.bytes != file.bytes.len() as u64 {
                problems.push(format!(
                    "{}: {} lines and {} bytes instead of {lines} and {}",
                    file.path,
                    member.lines,
                    member.bytes,
                    file.bytes.len()
                ));
            }
            match &member.outcome {
                MemberOutcome::Read => {}
                MemberOutcome::Skipped(why)
                    if copies.contains(file.path.as_str()) && why.contains("same bytes") =>
                {
                    n_copies += 1;
                }
                other => problems.push(format!("{}: {other:?}", file.path)),
            }
        }
        if n_copies != self.truth().duplicates.len() {
            problems.push(format!("{n_copies} copies skipped instead of {}", self.truth().duplicates.len()));
        }
        if read.len() != self.bundle.files.len() {
            problems.push(format!("{} members instead of {}", read.len(), self.bundle.files.len()));
        }
        for problem in problems {
            self.say(&problem);
        }
    }

    /// Every sighting is cited by one event of its kind, node and instant, and every event has its sightings.
    fn events(&mut self, counts: &mut Counts) {
        let Some(instance) = self.facts.instances.first() else {
            if !self.bundle.files.is_empty() {
                self.say("no Product Instance");
            }
            return;
        };
        if self.facts.instances.len() > 1 {
            self.say("more than one Product Instance");
        }
        let paths: Vec<&str> =
            self.facts.members.iter().map(|member| member.path.as_deref().unwrap_or("")).collect();
        let mut cited: BTreeMap<(&str, u64), Vec<usize>> = BTreeMap::new();
        for (number, event) in instance.events.iter().enumerate() {
            for it in &event.witnesses {
                let place = (paths[it.origin.member as usize], it.origin.span.line);
                cited.entry(place).or_default().push(number);
            }
        }
        // A copy may be the one that was kept.
        let other: BTreeMap<&str, &str> = (self.truth().duplicates.iter())
            .flat_map(|it| [(it.path.as_str(), it.of.as_str()), (it.of.as_str(), it.path.as_str())])
            .collect();

        let mut problems = Vec::new();
        let mut explained: BTreeSet<usize> = BTreeSet::new();
        let mut of_truth: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut n = [0_usize; 8];
        for (number, truth) in self.truth().events.iter().enumerate() {
            if !KINDS.contains(&truth.kind) {
                continue;
            }
            let mut by_node: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
            for it in &truth.sightings {
                n[0] += 1;
                let place = (it.path.as_str(), it.line);
                let copy = other.get(it.path.as_str()).map(|path| (*path, it.line));
                // A failure whose stack trace is many records may be cited at the one that names its cause.
                let cause = |(path, line): (&'_ str, u64)| {
                    let behind = cited.range((path, line + 1)..(path, line + 12));
                    let mut causes = behind.filter(|(_, events)| means(&instance.events[events[0]], truth));
                    causes.next().map(|(_, events)| events.clone()).unwrap_or_default()
                };
                let places: Vec<(&str, u64)> = std::iter::once(place).chain(copy).collect();
                let mut at: Vec<usize> =
                    places.iter().flat_map(|at| cited.get(at)).flatten().copied().collect();
                if at.is_empty() && truth.kind == "transport_failure" {
                    at = places.into_iter().flat_map(cause).collect();
                }
                let name = format!("{} {:?} {}:{}", truth.kind, it.record, it.path, it.line);
                let [only] = at.as_slice() else {
                    n[if at.is_empty() { 5 } else { 6 }] += 1;
                    problems.push(format!("{name}: cited by {} events", at.len()));
                    continue;
                };
                explained.insert(*only);
                of_truth.entry(*only).or_default().insert(number);
                by_node.entry(it.node.as_str()).or_default().insert(*only);
                let event = &instance.events[*only];
                if !means(event, truth) {
                    problems.push(format!("{name}: read as {:?}", event.kind));
                }
                // An alarm of both nodes is one event: what a node said, and when by its clock, is its testimony.
                let said = (event.witnesses.iter())
                    .find(|said| {
                        let cited = (paths[said.origin.member as usize], said.origin.span.line);
                        cited == place || copy == Some(cited)
                    })
                    .unwrap_or(&event.witnesses[0]);
                let node = said.node.map(|node| instance.nodes[node].name.as_ref());
                // A folder that is named after an address is all that is known where no record names the host.
                let address = (self.truth().nodes.iter())
                    .find(|node| node.name == it.node && !self.truth().plan.with_syslog)
                    .map(|node| node.address);
                // What both nodes say may be one event, of either.
                let named = truth.sightings.iter().any(|other| node == Some(other.node.as_str()));
                if !named && (node.is_none() || node != address) {
                    problems.push(format!("{name}: node {node:?} instead of {}", it.node));
                }
                match instant(said.at, event, it.node_at) {
                    Found::Right => n[1] += 1,
                    Found::Open => n[2] += 1,
                    Found::Unknown => n[7] += 1,
                    Found::Wrong => n[4] += 1,
                }
                let bad = match instant(said.at, event, it.node_at) {
                    Found::Right => false,
                    Found::Open | Found::Unknown => self.exact,
                    Found::Wrong => true,
                };
                if bad {
                    problems.push(format!(
                        "{name}: {} or {:?} ({:?}, {:?}) instead of {} in {}",
                        event.at.map_or_else(|| "undated".to_owned(), |at| at.to_string()),
                        event.at_candidates,
                        event.year,
                        event.zone,
                        it.node_at,
                        self.truth().zone
                    ));
                }
            }
            for (node, events) in by_node {
                let dated = events.iter().all(|event| instance.events[*event].at.is_some());
                if dated && events.len() > 1 {
                    n[6] += 1;
                    problems.push(format!(
                        "{} at {} on {node}: {} events",
                        truth.kind,
                        truth.at,
                        events.len()
                    ));
                }
            }
            n[3] += 1;
        }
        for (number, truths) in of_truth {
            if truths.len() > 1 {
                let event = &instance.events[number];
                problems.push(format!("{:?} at {:?} is {} facts in one", event.kind, event.at, truths.len()));
            }
        }
        for (number, event) in instance.events.iter().enumerate() {
            let license = KINDS.contains(&event.kind.name()) || event.kind == EventKind::UnknownLicenseEvent;
            if license && !explained.contains(&number) {
                let at = &event.witnesses[0].origin;
                problems.push(format!(
                    "invented: {:?} of {}:{} {:.120}",
                    event.kind, paths[at.member as usize], at.span.line, at.span.text
                ));
            }
        }
        let names = match self.how {
            "without help" => [
                "sightings read without help",
                "  exact without help",
                "  ambiguous without help, the truth among the candidates",
                "  unknown without help, no candidates",
                "  wrong without help",
                "  lost without help",
                "  doubled without help",
            ],
            _ => [
                "sightings read with zone or year",
                "  exact with zone or year",
                "  ambiguous with zone or year, the truth among the candidates",
                "  unknown with zone or year, no candidates",
                "  wrong with zone or year",
                "  lost with zone or year",
                "  doubled with zone or year",
            ],
        };
        for (name, count) in names.into_iter().zip([n[0], n[1], n[2], n[7], n[4], n[5], n[6]]) {
            counts.add(name, count);
        }
        if self.how == "without help" {
            counts.add("facts", n[3]);
        }
        for problem in problems {
            self.say(&problem);
        }
    }

    /// The first Out of Compliance that the bytes show begins the state. Clocks of two nodes that differ put events
    /// into an order that is not theirs: that is left out here.
    fn entered(&mut self, counts: &mut Counts) {
        let Some(instance) = self.facts.instances.first() else { return };
        let skews: BTreeSet<i32> = self.truth().nodes.iter().map(|node| node.skew_s).collect();
        let Some(first) = self.truth().events.iter().find(|event| event.kind == "ooc_entered") else {
            return;
        };
        if skews.len() > 1 {
            return;
        }
        let expected = first.sightings.iter().map(|it| it.node_at).min().unwrap_or(first.node_at);
        let begins =
            instance.transitions.iter().find(|it| it.state == "out_of_compliance").and_then(|it| it.at);
        if begins.is_none_or(|at| (at - expected).abs() > TimeDelta::seconds(2)) {
            self.say(&format!("out_of_compliance from {begins:?} instead of {expected}"));
        }
        counts.add("beginnings of Out of Compliance compared", 1);
    }
}

enum Found {
    Right,
    /// Several instants, the truth among them.
    Open,
    /// No instant is named: nothing in the bundle tells the year or the zone.
    Unknown,
    Wrong,
}

/// Whether the instant is `node_at`, to the second; open where it is unknown or one of several.
fn instant(at: Option<Instant>, event: &Event, node_at: chrono::DateTime<Utc>) -> Found {
    let near = |at: &Instant| (*at - node_at).abs() <= TimeDelta::seconds(1);
    match (&at, event.at_candidates.as_slice()) {
        (Some(at), _) if near(at) => Found::Right,
        (Some(_), _) => Found::Wrong,
        (None, []) => Found::Unknown,
        (None, several) if several.iter().any(near) => Found::Open,
        (None, _) => Found::Wrong,
    }
}

fn means(event: &Event, truth: &generate::Event) -> bool {
    use parsers::event::FailureClass as Read;
    let class = match truth.class {
        Some(FailureClass::Dns) => Some(Read::Dns),
        Some(FailureClass::Timeout) => Some(Read::Timeout),
        Some(FailureClass::Refused) => Some(Read::Refused),
        None => None,
    };
    match &event.kind {
        EventKind::OocApproaching { minutes } => truth.kind == "ooc_approaching" && *minutes == truth.minutes,
        EventKind::OocImminent { minutes } => truth.kind == "ooc_imminent" && *minutes == truth.minutes,
        EventKind::OocEntered => truth.kind == "ooc_entered",
        EventKind::TransportFailure { class: read } => Some(*read) == class,
        _ => false,
    }
}

#[test]
fn the_same_seed_reads_the_same_from_every_container() {
    for seed in 0..30 {
        let mut plan = Plan::from_seed(seed);
        // The local time of a zip's entry has two seconds and no zone: the extended one is like the others.
        (plan.zip_utc, plan.backslash) = (true, false);
        let mut seen: Option<Vec<Event>> = None;
        for container in [Container::Dir, Container::Zip, Container::TarGz] {
            plan.container = container;
            let facts =
                contained(&generate::generate(&plan), false).facts(&Options::default(), || usize::MAX);
            let events: Vec<Event> = facts.instances.into_iter().flat_map(|it| it.events).collect();
            match &seen {
                None => seen = Some(events),
                Some(first) => assert!(*first == events, "seed {seed} in {container:?}"),
            }
        }
    }
}
