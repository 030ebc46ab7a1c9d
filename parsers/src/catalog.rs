//! The catalog of failure signatures: what Java, the smart agent, Call Home and CSSM print when something is wrong.
//!
//! An entry is a pattern with a meaning, written in TOML (see [`file`]). Those of `parsers/catalog/` are built in; a
//! user may add more. A text alone proves little, since the same words stand in telephony logs: it counts only in a
//! record of a license facility, or one that names a class of the smart agent or a host of CSSM. All patterns of a
//! record are matched in one pass, and before that one packed pass over the log's bytes finds the few records in which
//! a fixed part of any pattern stands at all.

pub mod file;
mod find;
pub mod lint;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use regex::{Regex, RegexSet};

use crate::event::FailureClass;
use crate::record::Record;
use crate::signatures;

use self::file::Problem;
use self::find::{Finder, Words};

/// The built-in files: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dns.toml", include_str!("../catalog/dns.toml")),
    ("connection.toml", include_str!("../catalog/connection.toml")),
    ("tls.toml", include_str!("../catalog/tls.toml")),
    ("proxy.toml", include_str!("../catalog/proxy.toml")),
    ("cssm.toml", include_str!("../catalog/cssm.toml")),
    ("generic.toml", include_str!("../catalog/generic.toml")),
];

/// Most entries of one catalog. A pattern costs memory whether or not it matches.
pub const ENTRIES_MAX: usize = 1_000;

/// How bad a failure is, as the entry's author judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// All of them, ascending.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in a catalog and in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How surely the text means what the entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    /// All of them, ascending.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word in a catalog and in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whether the text was seen in public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The source shows it in a log, of UCCX or of a product with the same agent.
    Seen,
    /// It follows from how Java or the agent prints such failures.
    Inferred,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Seen, Self::Inferred];

    /// The word in a catalog and in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Inferred => "inferred",
        }
    }
}

/// An entry of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Stable name, kebab-case.
    pub id: Arc<str>,
    /// A regular expression; a group named `host` is the host that failed.
    pub pattern: Arc<str>,
    /// What kind of failure it is: which check it fails.
    pub class: FailureClass,
    /// How bad.
    pub severity: Level,
    /// How sure.
    pub confidence: Confidence,
    /// Whether it was seen in public.
    pub status: Status,
    /// What it means, as a sentence.
    pub means: Arc<str>,
    /// What to do, as a sentence.
    pub remedy: Arc<str>,
    /// Where that is written.
    pub source: Arc<str>,
    /// The entry that this one makes more precise; where both match, this one counts.
    pub refines: Option<Arc<str>>,
    /// Lines that it must match. Never empty.
    pub matches: Vec<Arc<str>>,
    /// Lines that it must not match. Never empty.
    pub rejects: Vec<Arc<str>>,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// False for a built-in entry.
    pub own: bool,
}

/// What a record tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The entry that decides.
    pub entry: &'a Entry,
    /// The host that the pattern's group names.
    pub host: Option<&'a str>,
}

/// All entries, compiled.
#[derive(Debug)]
pub struct Catalog {
    entries: Vec<Entry>,
    /// Of each entry those that it makes more precise, directly or not.
    bases: Vec<Vec<usize>>,
    /// Made when the first record is matched: most logs tell of no failure, and making them takes milliseconds.
    expressions: OnceLock<Expressions>,
    /// Made when the first debug record is met, which is while other members are read.
    finder: OnceLock<Finder>,
}

/// The patterns of all entries.
#[derive(Debug)]
struct Expressions {
    set: RegexSet,
    /// Those with a group named `host`, by entry.
    hosts: BTreeMap<usize, Regex>,
}

/// Words that tie a record to the license transport.
const CONTEXT: [&str; 6] = [
    "com.cisco.smartlicense",
    "com.cisco.nesla",
    "com.callhome",
    "Smart Software Manager",
    "SmartAgent",
    "Smart Licensing message",
];

/// Facilities whose records are about the license transport by themselves.
const FACILITIES: [&str; 4] = ["LIB_LICENSE", "SLMALARMCATALOG", "SMART_LIC", "CALL_HOME"];

impl Catalog {
    /// The built-in entries. They are checked by a test; an entry that could not be compiled would be missing.
    #[must_use]
    pub fn built_in() -> Arc<Self> {
        static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
            let (entries, _) = file::read_all(BUILT_IN.iter().copied(), false);
            Arc::new(Catalog::compile(entries))
        });
        Arc::clone(&CATALOG)
    }

    /// The built-in entries and those of the user's `files` (name and text). They may make a built-in entry more
    /// precise, and cannot switch it off.
    ///
    /// # Errors
    /// Everything that [`lint`] finds wrong with the user's entries.
    pub fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Arc<Self>, Vec<Problem>> {
        let (mut entries, mut problems) = file::read_all(BUILT_IN.iter().copied(), false);
        let (own, more) = file::read_all(files, true);
        problems.extend(more);
        entries.extend(own);
        problems.extend(lint::check(&entries));
        if problems.is_empty() { Ok(Arc::new(Self::compile(entries))) } else { Err(problems) }
    }

    /// No entries at all: what the others cost is measured against it.
    #[must_use]
    pub fn empty() -> Arc<Self> {
        Arc::new(Self::compile(Vec::new()))
    }

    /// Compiles entries whose expressions the lint has seen.
    fn compile(entries: Vec<Entry>) -> Self {
        let bases = bases(&entries);
        Self { entries, bases, expressions: OnceLock::new(), finder: OnceLock::new() }
    }

    fn finder(&self) -> &Finder {
        self.finder.get_or_init(|| {
            Finder::new(self.entries.iter().filter_map(|entry| find::literals(&entry.pattern)).flatten())
        })
    }

    fn expressions(&self) -> &Expressions {
        self.expressions.get_or_init(|| {
            let set = lint::set(self.entries.iter().map(|entry| &*entry.pattern));
            let named = self.entries.iter().enumerate().filter(|(_, entry)| entry.pattern.contains("<host>"));
            let hosts = named.filter_map(|(at, entry)| Some((at, lint::expression(&entry.pattern).ok()?)));
            Expressions { set, hosts: hosts.collect() }
        })
    }

    /// The entries, built-in ones first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that name.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.id == id)
    }

    /// Offset of the first fixed part of a pattern at or behind `from`; `None`: no record behind it tells of a failure.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.finder().find(bytes, from)
    }

    /// What stands in a record: without a word that tells of it there is nothing in it to be found.
    pub(crate) fn words(&self, record: &[u8]) -> Words {
        self.finder().words(record)
    }

    /// The failure that `raw` (the whole record, continuation lines included) tells of; `None` if it tells of none,
    /// or of one that is not about the license transport.
    #[must_use]
    pub fn failure<'a>(&'a self, record: &Record<'_>, raw: &'a str) -> Option<Hit<'a>> {
        let facility = record.catalog();
        let about_licenses = FACILITIES.iter().any(|known| known.eq_ignore_ascii_case(facility))
            || CONTEXT.iter().chain(&signatures::URL_WORDS).any(|word| raw.contains(word));
        if about_licenses { self.matching(raw) } else { None }
    }

    /// The entry that decides about a text, whatever it is about.
    #[must_use]
    pub fn matching<'a>(&'a self, raw: &'a str) -> Option<Hit<'a>> {
        let Expressions { set, hosts } = self.expressions();
        let matched = set.matches(raw);
        let made_precise = |at: usize| {
            let mut others = matched.iter().filter_map(|other| self.bases.get(other));
            others.any(|bases| bases.contains(&at))
        };
        let rank = |at: &usize| self.entries.get(*at).map(|entry| (specific(entry.class), *at));
        let at = matched.iter().filter(|at| !made_precise(*at)).min_by_key(rank)?;
        let entry = self.entries.get(at)?;
        // The decisive entry may name no host where the one it makes more precise does.
        let mut named = std::iter::once(at).chain(matched.iter());
        let host = named.find_map(|at| hosts.get(&at)?.captures(raw)?.name("host"));
        Some(Hit { entry, host: host.map(|host| host.as_str()).and_then(signatures::host_at_start) })
    }
}

/// Of several failures in a record, the most specific one decides: in a chain of causes a name that did not resolve
/// says more than the message that could not be sent.
const fn specific(class: FailureClass) -> u32 {
    match class {
        FailureClass::Dns => 0,
        FailureClass::TlsName => 1,
        FailureClass::TlsDate => 2,
        FailureClass::TlsProtocol => 3,
        FailureClass::Proxy => 4,
        FailureClass::TlsTrust => 5,
        FailureClass::Refused => 6,
        FailureClass::Reset => 7,
        FailureClass::Timeout => 8,
        FailureClass::Token => 9,
        FailureClass::ClockMismatch => 10,
        FailureClass::OnPremVersion => 11,
        FailureClass::Rejected => 12,
        FailureClass::EmptyResponse => 13,
        FailureClass::Generic => 14,
    }
}

/// Of each entry those that it makes more precise, nearest first.
fn bases(entries: &[Entry]) -> Vec<Vec<usize>> {
    let by_id: BTreeMap<&str, usize> =
        entries.iter().enumerate().map(|(at, entry)| (&*entry.id, at)).collect();
    let of = |entry: &Entry| {
        let mut out: Vec<usize> = Vec::new();
        let mut at = entry;
        while let Some(next) = at.refines.as_deref().and_then(|id| by_id.get(id)) {
            // A circle is refused before; here it only must end.
            let Some(base) = entries.get(*next).filter(|_| !out.contains(next)) else { break };
            out.push(*next);
            at = base;
        }
        out
    };
    entries.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::read_record;

    #[track_caller]
    fn check(raw: &str, expected: Option<&str>) {
        let (_, record) = read_record(raw, None).expect("a record");
        let catalog = Catalog::built_in();
        assert_eq!(catalog.failure(&record, raw).map(|hit| &*hit.entry.id), expected, "{raw}");
    }

    #[test]
    fn a_cause_in_a_continuation_line_is_found() {
        let raw = "9: Apr 02 10:30:05.123 IST %MCVD-LIB_LICENSE-7-EXCEPTION:com.cisco.nesla.X: Communication send error\n\tat com.cisco.nesla.agent.A.b(A.java:1)\nCaused by: java.net.UnknownHostException: cssm.example.com\n\tat java.net.C.d(C.java:2)";
        check(raw, Some("java-unknown-host"));
        let catalog = Catalog::built_in();
        assert_eq!(catalog.matching(raw).unwrap().host, Some("cssm.example.com"));
    }

    #[test]
    fn the_same_words_in_a_telephony_record_are_no_license_failure() {
        check("%MIVR-SS_TEL-4-ModuleRunTimeFailure:Unable to create provider -- Connection refused", None);
    }

    #[test]
    fn every_built_in_entry_is_compiled_and_sound() {
        let (entries, problems) = file::read_all(BUILT_IN.iter().copied(), false);
        assert!(problems.is_empty(), "{problems:#?}");
        let problems = lint::check(&entries);
        assert!(problems.is_empty(), "{problems:#?}");
        assert_eq!(Catalog::built_in().entries().len(), entries.len());
    }

    #[test]
    fn a_more_precise_entry_of_the_user_counts_and_keeps_the_class() {
        let own = r#"
[[signature]]
id = "corp-firewall"
pattern = 'Connection timed out after policy drop'
refines = "connect-timed-out"
class = "timeout"
severity = "high"
confidence = "high"
status = "seen"
means = "The firewall of the data centre dropped it."
remedy = "Ask the network team to open the path."
source = "our runbook"
matches = ["java.net.ConnectException: Connection timed out after policy drop"]
rejects = ["java.net.ConnectException: Connection timed out"]
"#;
        let catalog = Catalog::with([("own.toml", own)]).unwrap();
        let id = |text: &str| catalog.matching(text).map(|hit| hit.entry.id.to_string());
        assert_eq!(id("x: Connection timed out after policy drop"), Some("corp-firewall".to_owned()));
        assert_eq!(id("x: Connection timed out"), Some("connect-timed-out".to_owned()));
        let otherwise = own.replace("class = \"timeout\"", "class = \"proxy\"");
        let problems = Catalog::with([("own.toml", otherwise.as_str())]).unwrap_err();
        assert!(problems[0].says.contains("must keep its class"), "{problems:?}");
    }

    #[test]
    fn the_first_pass_finds_every_line_that_an_entry_matches() {
        let catalog = Catalog::built_in();
        for entry in catalog.entries() {
            for line in &entry.matches {
                let found = catalog.find(line.as_bytes(), 0);
                assert!(found.is_some(), "{}: {line}", entry.id);
                assert!(catalog.words(line.as_bytes()).failure, "{}: {line}", entry.id);
            }
        }
        let alarm =
            "This Product Instance is currently in Out of Compliance state because of insufficient licenses.";
        let found = |text: &str| catalog.words(text.as_bytes());
        assert_eq!(found(alarm), Words::default());
        let url = "url=https://tools.cisco.com/its/service/oddce/services/DDCEService";
        assert_eq!(found(url), Words { url: true, ..Words::default() });
        assert_eq!(found("x#requestEntitlement - enter requestEntitlement(), count: 4"), Words::default());
        let request = "x#requestEntitlement - entitlementTag: regid.x, count: 4";
        assert_eq!(found(request), Words { request: true, ..Words::default() });
        assert_eq!(Catalog::empty().find(b"java.net.UnknownHostException", 0), None);
    }
}
