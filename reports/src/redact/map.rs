//! The map: the key, and which pseudonym stands for which original. Whoever holds it can undo a redaction.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::rules::Rule;

const VERSION: u32 = 1;

/// The key of a redaction and what it has named so far.
#[derive(Clone, PartialEq, Eq)]
pub struct Map {
    pub(super) key: [u8; 32],
    /// Pseudonyms by rule and normalized original.
    pub(super) names: BTreeMap<(Rule, String), String>,
    /// The pseudonyms, lower case.
    pub(super) taken: BTreeSet<String>,
}

impl fmt::Debug for Map {
    /// Says how much it holds and nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({} names)", self.names.len())
    }
}

impl Map {
    /// A map that has named nothing yet. The key must come from a source of random bytes.
    #[must_use]
    pub fn with_key(key: [u8; 32]) -> Self {
        Self { key, names: BTreeMap::new(), taken: BTreeSet::new() }
    }

    /// Originals that it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// HMAC-SHA-256 under the key.
    pub(super) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(self.keyed(), parts)
    }

    /// HMAC-SHA-256 with its key taken in, for many hashes.
    pub(super) fn keyed(&self) -> Option<Keyed> {
        Hmac::new_from_slice(&self.key).ok()
    }

    pub(super) fn get(&self, rule: Rule, original: &str) -> Option<&str> {
        self.names.get(&(rule, original.to_owned())).map(String::as_str)
    }

    pub(super) fn put(&mut self, rule: Rule, original: &str, pseudonym: String) {
        self.taken.insert(pseudonym.to_ascii_lowercase());
        self.names.insert((rule, original.to_owned()), pseudonym);
    }
}

/// HMAC-SHA-256 under a key.
pub(super) type Keyed = Hmac<sha2::Sha256>;

/// What the parts hash to.
pub(super) fn mac(keyed: Option<Keyed>, parts: &[&[u8]]) -> [u8; 32] {
    // A key of 32 bytes is always accepted; the fallback is never taken and keeps the function total.
    let Some(mut mac) = keyed else { return [0; 32] };
    for part in parts {
        // Lengths in front, so that no two lists of parts are the same bytes.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    key: String,
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    rule: String,
    original: String,
    pseudonym: String,
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.names.iter().map(|((rule, original), pseudonym)| Entry {
            rule: rule.name().to_owned(),
            original: original.clone(),
            pseudonym: pseudonym.clone(),
        });
        let key = crate::report::Sha256(self.key).text();
        Written { version: VERSION, key, entries: entries.collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own errors can quote a value; ours say where and never what.
        let written = Written::deserialize(deserializer).map_err(|_| {
            de::Error::custom(
                "the map of the redaction has not the fields `version`, `key` and `entries` with `rule`, `original` \
                 and `pseudonym`; give the file that an earlier --redact wrote, or name a new file",
            )
        })?;
        if written.version != VERSION {
            return Err(de::Error::custom(format!(
                "the map of the redaction has version {}, and this program reads version {VERSION}; use the program \
                 that wrote it, or name a new file",
                written.version
            )));
        }
        let key = crate::report::Sha256::parse(&written.key).ok_or_else(|| {
            de::Error::custom(
                "the field `key` of the map is not 64 lower-case hexadecimal digits, so names cannot be kept; restore \
                 the file from a copy, or name a new file",
            )
        })?;
        let mut map = Self::with_key(key.0);
        for (at, entry) in written.entries.into_iter().enumerate() {
            let problem = |what: &str| {
                de::Error::custom(format!(
                    "entry {at} (from 0) of the map {what}; restore the file from a copy, or name a new file"
                ))
            };
            let rule = Rule::named(&entry.rule).ok_or_else(|| problem("names a rule that does not exist"))?;
            if entry.original.is_empty() || entry.pseudonym.is_empty() {
                return Err(problem("has an empty original or pseudonym"));
            }
            if map.get(rule, &entry.original).is_some() {
                return Err(problem("names an original for the second time"));
            }
            map.put(rule, &entry.original, entry.pseudonym);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_back_and_its_errors_quote_nothing() {
        let mut map = Map::with_key([7; 32]);
        map.put(Rule::Host, "uccxpub", "host-000001".into());
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(serde_json::from_str::<Map>(&json).unwrap(), map);
        for (from, to, says) in [
            ("\"version\":1", "\"version\":2", "version 2"),
            ("0707", "zz07", "64 lower-case"),
            ("\"host\"", "\"hosts\"", "entry 0"),
            ("\"key\"", "\"kay\"", "fields"),
        ] {
            let error = serde_json::from_str::<Map>(&json.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("uccxpub"), "{error}");
        }
        assert_eq!(format!("{map:?}"), "Map(1 names)");
    }
}
