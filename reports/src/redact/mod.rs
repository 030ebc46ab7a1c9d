//! Redaction: what tells who the customer is gives way to keyed pseudonyms, in a report before any renderer sees it and
//! in any other text; afterwards finished outputs are searched for every original.
//!
//! Read in this order: [`Rule`] says what is replaced, [`Map`] holds the key and the names, [`Redactor`] does it.
//! `find` knows shapes, `patterns` labels, `memo` remembers what it found, `pseudonyms` makes names, `scan` looks for originals
//! where `sieve` says that one could be, `search` while an output is made, `visit` knows the report, `gather` its different
//! strings, `tally` counts.
//!
//! A redactor first learns: names from the structure of reports, and values behind labels from texts. What it learned is
//! replaced everywhere as a whole word. So everything that is to be written is shown to `learn` or `learn_text` before
//! the first text is replaced; a value that only `text` met is named there too, and `leaks` finds it elsewhere.
//!
//! Not touched, on purpose: Cisco's public hosts, loopback addresses, netmasks, Java class names, versions, times,
//! entitlement tags. Not covered: names that neither structure nor label names. Both lists stand in every redacted
//! report. Which labels logs print is observed in the samples of `parsers`, and otherwise inferred.

mod find;
mod gather;
mod map;
mod memo;
mod patterns;
mod pseudonyms;
mod rules;
mod scan;
mod search;
mod sieve;
mod tally;
#[cfg(test)]
mod tests;
mod visit;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use foldhash::quality::RandomState;

pub use map::Map;
pub use rules::Rule;
pub use scan::Leak;
pub use search::Search;

use crate::report::{Report, Sha256, Text};
use find::Hit;
use gather::{Class, Gathered, One};
use map::mac;
use memo::Memo;
use pseudonyms::{Known, assign, normalized};
use scan::{Dictionary, mac_as};
use tally::Tally;
use visit::{Kind, Put, Strings};

/// Replaces names by pseudonyms. Threads may share it: `text` takes a lock only where it found something.
#[derive(Debug)]
pub struct Redactor {
    state: Mutex<Map>,
    /// What was learned and is named before the first text is replaced, in order, so that order of arrival is nothing.
    pending: BTreeSet<(Rule, String)>,
    ready: OnceLock<Ready>,
    /// The dictionary with what texts added, and how many names it has.
    late: Mutex<Option<(usize, Arc<Dictionary>)>>,
}

/// Names that texts show, before a redactor learns them: several threads gather at once.
#[derive(Default)]
pub struct Names {
    found: BTreeSet<(Rule, String)>,
    memo: Memo,
    written: Written,
}

impl Names {
    /// Takes what another thread gathered.
    pub fn add(&mut self, other: Self) {
        self.found.extend(other.found);
    }
}

impl std::fmt::Debug for Names {
    /// Says how many there are and none of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Names({})", self.found.len())
    }
}

/// What follows from all that was learned.
#[derive(Debug)]
struct Ready {
    dictionary: Arc<Dictionary>,
    known: Known,
    /// Last labels of the domains that are known.
    lasts: HashSet<String>,
    n_names: usize,
}

/// A text with its replacements made.
struct Done {
    text: Text,
    replaced: Vec<(Rule, Text)>,
}

/// What a text became, with the rows of its pseudonyms in the tally; `None` if it stays.
type Answer = Option<(Text, Vec<usize>)>;

/// Pseudonyms by rule and value as written: tens of thousands of texts hold the same few.
#[derive(Default)]
struct Written(BTreeMap<Rule, HashMap<Box<str>, Text, RandomState>>);

impl Written {
    fn get_or(&mut self, rule: Rule, value: &str, name: impl FnOnce() -> String) -> Text {
        let of_rule = self.0.entry(rule).or_default();
        if let Some(known) = of_rule.get(value) {
            return known.clone();
        }
        let name = Text::from(name());
        of_rule.insert(value.into(), name.clone());
        name
    }
}

impl Redactor {
    /// A redactor that goes on with the names of a map.
    #[must_use]
    pub fn new(map: Map) -> Self {
        Self {
            state: Mutex::new(map),
            pending: BTreeSet::new(),
            ready: OnceLock::new(),
            late: Mutex::new(None),
        }
    }

    /// Takes names from the structure of a report and from the labels in its texts. A redacted report teaches nothing.
    pub fn learn(&mut self, report: &Report) {
        if report.redaction.is_none() {
            let gathered = Gathered::of(report);
            let hits = gathered.hits();
            self.take(self.named_by(&gathered, &hits));
        }
    }

    /// What the strings of a report name.
    fn named_by(&self, gathered: &Gathered<'_>, hits: &[Arc<[Hit]>]) -> BTreeSet<(Rule, String)> {
        let mut found: BTreeSet<(Rule, String)> = BTreeSet::new();
        let mut seen: HashSet<(Rule, &str), RandomState> = HashSet::default();
        for ((one, labels), hits) in gathered.all.iter().zip(&gathered.labels).zip(hits) {
            // A sentence of ours names nothing that a name or a text does not.
            if *labels && !(one.class == Class::Param && is_ours(one.name)) {
                found.extend(whole(one.class, one.text).map(|rule| (rule, self.known_as(rule, one.text))));
                match one.searched() {
                    Cow::Borrowed(text) => {
                        let new = |hit: &&Hit| {
                            hit.if_domain
                                || text
                                    .get(hit.start..hit.end)
                                    .is_some_and(|value| seen.insert((hit.rule, value)))
                        };
                        self.name_hits(text, hits.iter().filter(new), &mut found);
                    }
                    Cow::Owned(text) => self.name_hits(&text, hits.iter(), &mut found),
                }
            }
        }
        found
    }

    /// Takes names from the labels and shapes of one line or text that is not part of a report.
    pub fn learn_text(&mut self, text: &str) {
        let mut names = Names::default();
        self.gather(text, &mut names);
        self.learn_names(names);
    }

    /// Finds the names that a line or text shows by labels and shapes, for [`Self::learn_names`].
    pub fn gather(&self, text: &str, names: &mut Names) {
        let hits = names.memo.hits(text);
        self.name_hits(text, hits.iter(), &mut names.found);
    }

    /// Takes names that were gathered.
    pub fn learn_names(&mut self, names: Names) {
        self.take(names.found);
    }

    /// Replaces every text of the report, keys its hashes and says what was done. One that is redacted stays as it is.
    pub fn report(&mut self, report: &mut Report) {
        if report.redaction.is_some() {
            return;
        }
        let mut tally = Tally::default();
        let (spots, answers) = {
            let gathered = Gathered::of(report);
            let hits = gathered.hits();
            self.take(self.named_by(&gathered, &hits));
            let done = self.replaced(&gathered, &hits);
            let answers: Vec<Answer> = done.into_iter().map(|done| tally.answer(done)).collect();
            (gathered.spots, answers)
        };
        let keyed = self.lock().keyed();
        let digest = |hash: Sha256| Sha256(mac(keyed.clone(), &[b"sha256", &hash.0]));
        let mut text = |kind: Kind<'_>, place, text: &str| {
            if kind == Kind::Digest {
                return Some(digest(Sha256::parse(text)?).text().into());
            }
            let (new, ids) = answers.get(spots.find(kind, text)?)?.as_ref()?;
            tally.count(ids, place);
            Some(new.clone())
        };
        report.write(Kind::Text, "report", &mut Put { text: &mut text, digest: &digest });
        report.redaction = Some(tally.section());
    }

    /// What every different string of a report becomes; `None`: it stays.
    fn replaced(&self, gathered: &Gathered<'_>, hits: &[Arc<[Hit]>]) -> Vec<Option<Done>> {
        let both: Vec<(&One<'_>, &Arc<[Hit]>)> = gathered.all.iter().zip(hits).collect();
        in_parallel(&both, |part| {
            let mut written = Written::default();
            let each = part.iter().map(|(one, hits)| match whole(one.class, one.text) {
                Some(_) if self.is_named(one.text) => None,
                Some(rule) => {
                    let name = written.get_or(rule, one.text, || self.name(rule, one.text));
                    Some(Done { text: name.clone(), replaced: vec![(rule, name)] })
                }
                None => {
                    let mut name = |rule, value: &str| written.get_or(rule, value, || self.name(rule, value));
                    self.replace_hits(&one.searched(), one.from(), hits, &mut name)
                }
            });
            each.collect()
        })
    }

    /// A text or line with its values replaced.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hits = Vec::new();
        find::hits(text, &mut hits);
        let done = self.replace_hits(text, 0, &hits, &mut |rule, value| self.name(rule, value).into());
        done.map_or(Cow::Borrowed(text), |done| Cow::Owned(done.text.to_string()))
    }

    /// As [`Self::text`], for many texts that are alike: what was found in one is remembered in `names`.
    pub fn next_text<'t>(&self, text: &'t str, names: &mut Names) -> Cow<'t, str> {
        let hits = names.memo.hits(text);
        let written = &mut names.written;
        let mut name = |rule, value: &str| written.get_or(rule, value, || self.name(rule, value));
        let done = self.replace_hits(text, 0, &hits, &mut name);
        done.map_or(Cow::Borrowed(text), |done| Cow::Owned(done.text.to_string()))
    }

    /// The hash that stands in a redacted report instead of this one: HMAC-SHA-256 of it under the key. Without the key,
    /// nobody can test a guess at what stood in the line.
    #[must_use]
    pub fn digest(&self, sha256: Sha256) -> Sha256 {
        Sha256(self.lock().mac(&[b"sha256", &sha256.0]))
    }

    /// Whether a redacted text says what this original says. What stood behind a pseudonym is not compared: a map that
    /// names more by now replaces more.
    #[must_use]
    pub fn could_be(&self, redacted: &str, original: &str) -> bool {
        *redacted == *self.text(original) || self.dictionary().could_be(redacted, original)
    }

    /// Originals that stand in a finished output, by offset; empty if it may be given away.
    #[must_use]
    pub fn leaks(&self, output: &[u8]) -> Vec<Leak> {
        self.dictionary().leaks(output)
    }

    /// A search of an output while it is made, for what is named when this is called.
    #[must_use]
    pub fn search(&self) -> Search {
        Search::of(self.dictionary())
    }

    /// Everything that is named by now, compiled.
    fn dictionary(&self) -> Arc<Dictionary> {
        let ready = self.ready();
        let map = self.lock();
        if map.len() == ready.n_names {
            return Arc::clone(&ready.dictionary);
        }
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        match &*late {
            Some((n_names, dictionary)) if *n_names == map.len() => Arc::clone(dictionary),
            _ => {
                let dictionary = Arc::new(Dictionary::of(&map));
                *late = Some((map.len(), Arc::clone(&dictionary)));
                dictionary
            }
        }
    }

    /// The map as it stands, to be written where only its owner reads it. A copy, since texts add to it.
    #[must_use]
    pub fn map(&self) -> Map {
        self.ready();
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_as(&self, rule: Rule, text: &str) -> String {
        normalized(&self.lock(), rule, text)
    }

    /// Whether a name of a field is a pseudonym already.
    fn is_named(&self, text: &str) -> bool {
        self.lock().taken.contains(&text.to_ascii_lowercase())
    }

    fn name_hits<'h>(
        &self,
        text: &str,
        hits: impl Iterator<Item = &'h Hit>,
        found: &mut BTreeSet<(Rule, String)>,
    ) {
        for hit in hits.filter(|hit| !hit.if_domain) {
            let Some(value) = text.get(hit.start..hit.end) else { continue };
            let backwards = if hit.rule == Rule::Domain { find::reversed(value) } else { None };
            found.insert(match backwards {
                Some(address) => (Rule::Ipv4, self.known_as(Rule::Ipv4, &address)),
                None => (hit.rule.family(), self.known_as(hit.rule, value)),
            });
        }
    }

    fn take(&mut self, found: BTreeSet<(Rule, String)>) {
        let map = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let n_before = self.pending.len();
        // What is a pseudonym already is not named again.
        self.pending
            .extend(found.into_iter().filter(|(_, name)| !map.taken.contains(&name.to_ascii_lowercase())));
        if self.pending.len() != n_before {
            self.ready = OnceLock::new();
        }
    }

    /// Names all that was learned, in order, and compiles the dictionary.
    fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| {
            let mut map = self.lock();
            let mut known = Known::default();
            known.0.extend(self.pending.iter().chain(map.names.keys()).map(|(_, name)| name.to_lowercase()));
            let names = self.pending.iter().chain(map.names.keys());
            for (_, name) in names.filter(|(rule, _)| matches!(rule, Rule::Domain | Rule::Email)) {
                let at = name.rsplit_once('@');
                let mut rest = at.map_or(name.as_str(), |(_, domain)| domain);
                if at.is_some() {
                    known.0.insert(format!(".{rest}"));
                }
                while let Some((_, parent)) = rest.split_once('.') {
                    // The mark of a domain: a dot in front.
                    known.0.insert(format!(".{parent}"));
                    rest = parent;
                }
            }
            for (rule, name) in &self.pending {
                assign(&mut map, &known, *rule, name);
            }
            let domains = known.0.iter().filter(|name| name.starts_with('.'));
            let lasts = domains.filter_map(|name| Some(name.rsplit('.').next()?.to_owned())).collect();
            Ready { dictionary: Arc::new(Dictionary::of(&map)), n_names: map.len(), lasts, known }
        })
    }

    /// The pseudonym of a value as written, in the shape as written.
    fn name(&self, rule: Rule, written: &str) -> String {
        let ready = self.ready();
        let mut map = self.lock();
        if rule == Rule::Domain
            && let Some(address) = find::reversed(written)
        {
            // The address stands backwards, and so does its pseudonym.
            let address = normalized(&map, Rule::Ipv4, &address);
            return scan::reverse(&assign(&mut map, &ready.known, Rule::Ipv4, &address));
        }
        let name = normalized(&map, rule, written);
        let name = assign(&mut map, &ready.known, rule.family(), &name);
        match rule {
            Rule::Mac if written.contains('-') => mac_as(&name, "-"),
            Rule::Mac if written.contains('.') => mac_as(&name, "."),
            _ => name,
        }
    }

    /// The text from byte `from` on with what was found in it, and what is known, replaced; `None` if there is nothing.
    fn replace_hits(
        &self,
        text: &str,
        from: usize,
        hits: &[Hit],
        name: &mut dyn FnMut(Rule, &str) -> Text,
    ) -> Option<Done> {
        let ready = self.ready();
        // Most names with dots are classes, whose last label no domain has.
        let is_domain = |name: &str| {
            let last = name.rsplit('.').next().unwrap_or(name);
            ready.lasts.contains(last) && ready.known.0.contains(&format!(".{name}"))
        };
        let counts = |hit: &&Hit| {
            let name = text.get(hit.start..hit.end).unwrap_or_default();
            let last = || name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
            !hit.if_domain
                || ready.lasts.contains(&last()) && find::lies_in(&name.to_ascii_lowercase(), &is_domain)
        };
        let mut found: Vec<(usize, usize, Rule, Option<&Text>)> =
            hits.iter().filter(counts).map(|hit| (hit.start, hit.end, hit.rule, None)).collect();
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for place in ready.dictionary.places(text.as_bytes()) {
            if place.keep {
                kept.push((place.start, place.end));
            } else {
                found.push((place.start, place.end, place.rule, Some(place.pseudonym)));
            }
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|found| (found.0, std::cmp::Reverse(found.1), found.2));
        kept.sort_unstable_by_key(|(start, _)| *start);
        let mut kept = kept.into_iter().peekable();
        let mut kept_until = 0;
        let (mut out, mut replaced, mut done_until) =
            (String::with_capacity(2 * text.len()), Vec::new(), from);
        for (start, end, rule, pseudonym) in found {
            while let Some((_, keep_end)) = kept.next_if(|(keep_start, _)| *keep_start <= start) {
                kept_until = keep_end.max(kept_until);
            }
            // Inside a pseudonym, or inside what was replaced.
            if end <= kept_until || end <= done_until || start < from {
                continue;
            }
            let Some(value) = text.get(start..end) else { continue };
            out.push_str(text.get(done_until..start).unwrap_or_default());
            let name = pseudonym.map_or_else(|| name(rule, value), Text::clone);
            out.push_str(&name);
            replaced.push((rule, name));
            done_until = end;
        }
        if replaced.is_empty() {
            return None;
        }
        out.push_str(text.get(done_until..).unwrap_or_default());
        Some(Done { text: out.into(), replaced })
    }
}

/// Fewer things than these are not worth a thread.
const PARALLEL_FROM: usize = 256;

/// What `f` makes of all things, in their order, by two threads where there are many.
fn in_parallel<T: Sync, U: Send>(all: &[T], f: impl Fn(&[T]) -> Vec<U> + Sync) -> Vec<U> {
    if all.len() < PARALLEL_FROM {
        return f(all);
    }
    let (left, right) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        let right = scope.spawn(|| f(right));
        let mut made = f(left);
        // A thread that panicked did so for a reason that must be seen.
        made.extend(right.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        made
    })
}

/// Whether a parameter of that name holds a word of our own catalog, so that the name labels nothing. One of a log that
/// is called the same is found by its line.
fn is_ours(parameter: &str) -> bool {
    matches!(parameter, "class" | "signature")
}

/// The rule of a field that is a name as a whole; `None` if its text is to be searched, or is kept.
fn whole(class: Class, text: &str) -> Option<Rule> {
    match class {
        // `-` is the standard input, `.` the folder the program runs in.
        Class::Path => (!matches!(text, "" | "-" | "." | "stdin")).then_some(Rule::Path),
        Class::Name => find::name_rule(text),
        Class::Text | Class::Param => None,
    }
}
