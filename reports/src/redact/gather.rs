//! Every different string of a report, once, and at which addresses it stands: a report holds tens of thousands of rows
//! that share few texts.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use foldhash::quality::RandomState;

use super::find::{self, Hit};
use super::is_ours;
use super::memo::Memo;
use super::visit::{Kind, Strings};
use crate::report::Report;

/// How a string is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// Searched, with labels if it stands in a text of the input anywhere.
    Text,
    Name,
    Path,
    /// Read behind the name of its parameter.
    Param,
}

/// A different string; `name` is that of its parameter, else empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct One<'a> {
    pub(super) class: Class,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl<'a> One<'a> {
    /// `None` for a hash, which is no text.
    fn of(kind: Kind<'a>, text: &'a str) -> Option<Self> {
        let (class, name) = match kind {
            Kind::Digest => return None,
            Kind::Text | Kind::Said => (Class::Text, ""),
            Kind::Name => (Class::Name, ""),
            Kind::Path => (Class::Path, ""),
            Kind::Param(name) => (Class::Param, name),
        };
        Some(Self { class, name, text })
    }

    /// The text that is searched: a parameter as `name=value`, unless the name labels nothing.
    pub(super) fn searched(&self) -> std::borrow::Cow<'a, str> {
        if self.class == Class::Param && !is_ours(self.name) {
            format!("{}={}", self.name, self.text).into()
        } else {
            self.text.into()
        }
    }

    /// Where its own text begins in what is searched.
    pub(super) fn from(&self) -> usize {
        if self.class == Class::Param && !is_ours(self.name) { self.name.len() + 1 } else { 0 }
    }
}

/// Where a string stands in memory, as what it is read, and behind which name. While a report is replaced, each field
/// is looked up before it changes, and every string that was gathered is alive until then: no address means two strings.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Spot {
    text: usize,
    len: usize,
    name: usize,
    class: u8,
}

impl Spot {
    fn of(one: &One<'_>) -> Self {
        let name = if one.class == Class::Param { one.name.as_ptr() as usize } else { 0 };
        Self { text: one.text.as_ptr() as usize, len: one.text.len(), name, class: one.class as u8 }
    }
}

/// Mixes addresses: nobody outside chooses them.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u8(*byte));
    }

    fn write_u8(&mut self, n: u8) {
        self.write_usize(n.into());
    }

    fn write_usize(&mut self, n: usize) {
        self.0 = (self.0.rotate_left(23) ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Which of the different strings stands at an address.
#[derive(Default)]
pub(super) struct Spots(HashMap<Spot, usize, BuildHasherDefault<Mix>>);

impl Spots {
    /// The place of a string in [`Gathered::all`]; `None` if it was not there when the report was read.
    pub(super) fn find(&self, kind: Kind<'_>, text: &str) -> Option<usize> {
        self.0.get(&Spot::of(&One::of(kind, text)?)).copied()
    }
}

/// The different strings of a report, in the order in which it shows them.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    pub(super) all: Vec<One<'a>>,
    /// Whether values behind labels are looked for, by string.
    pub(super) labels: Vec<bool>,
    pub(super) spots: Spots,
}

impl<'a> Gathered<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut gathered = Self::default();
        // A table that grows hashes every text anew; an event has about eight of its own, on twice as many spots.
        let n_texts = 8 * report.events.len();
        let mut known: HashMap<One<'a>, usize, RandomState> =
            HashMap::with_capacity_and_hasher(n_texts, RandomState::default());
        gathered.spots.0.reserve(2 * n_texts);
        report.read(Kind::Text, "report", &mut |kind, _, text| {
            let Some(one) = One::of(kind, text) else { return };
            let id = *gathered.spots.0.entry(Spot::of(&one)).or_insert_with(|| {
                *known.entry(one).or_insert_with(|| {
                    gathered.all.push(one);
                    gathered
                        .labels
                        .push(one.class != Class::Text && !(one.class == Class::Param && is_ours(one.name)));
                    gathered.all.len() - 1
                })
            });
            gathered.labels[id] |= kind == Kind::Text;
        });
        // A word of ours that stands in a text of the input too is read as it is there.
        let ours = |one: &One<'_>| one.class == Class::Param && is_ours(one.name);
        for (id, one) in gathered.all.iter().enumerate().filter(|(_, one)| ours(one)) {
            let same = known.get(&One { class: Class::Text, name: "", text: one.text });
            if same.is_some_and(|same| gathered.labels[*same]) {
                gathered.labels[id] = true;
            }
        }
        gathered
    }

    /// What shapes and labels show in each string as it is searched.
    pub(super) fn hits(&self) -> Vec<Arc<[Hit]>> {
        let both: Vec<(&One<'_>, bool)> = self.all.iter().zip(self.labels.iter().copied()).collect();
        super::in_parallel(&both, |part| {
            let mut memo = Memo::default();
            let each = part.iter().map(|(one, labels)| {
                if *labels {
                    return memo.hits(&one.searched());
                }
                let mut hits = Vec::new();
                find::shapes(one.text, &mut hits);
                hits.into()
            });
            each.collect()
        })
    }
}
