//! Which node a file or a record belongs to, whichever way its name is written.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The short form under which spellings of one node meet: lower case, without domain; an address stays whole.
#[must_use]
pub fn canonical(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    if is_address(&name) {
        return name;
    }
    name.split('.').next().unwrap_or_default().to_owned()
}

/// True for an IPv4 or IPv6 address.
#[must_use]
pub fn is_address(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

/// Folders that say what a file is, not whose: below activelog, or made by collectors.
const PLACES: [&str; 46] = [
    "active",
    "activelog",
    "inactive",
    "uccx",
    "log",
    "logs",
    "mcvd",
    "mivr",
    "madm",
    "mcli",
    "syslog",
    "cm",
    "amc",
    "alertlog",
    "ris",
    "csv",
    "cli",
    "platform",
    "var",
    "common",
    "opt",
    "cisco",
    "taos-log-a",
    "taos-log-b",
    "bundle",
    "tac",
    "case",
    "logs1",
    "core",
    "cuic",
    "desktop",
    "tomcat",
    "audit",
    "install",
    "healthcheck",
    "informix",
    "trace",
    "traces",
    "home",
    "tmp",
    "root",
    "data",
    "files",
    "collected",
    "outputs",
    "evidence",
];

/// The node in a member's path: the folder in front of the first folder of activelog, a collector's time stamp
/// in between left out (`<node>/uccx/log/…`, `<ip>/<timestamp>/active/…`). `None` if no folder names one.
#[must_use]
pub fn in_path(path: &str) -> Option<&str> {
    named_folders(path).next()
}

/// The folder that holds the node's in a member's path, such as one for each cluster: `clusterA/uccxpub/uccx/log/…`.
/// `None` if there is none that can be a name.
#[must_use]
pub fn cluster_in_path(path: &str) -> Option<&str> {
    named_folders(path).nth(1)
}

/// Folders in front of the first folder of activelog that can be names, the innermost first.
fn named_folders(path: &str) -> impl Iterator<Item = &str> {
    // A workbook is a file: what it holds lies in no folder of a node.
    let path = if path.starts_with("xl/") { "" } else { path.split("!/xl/").next().unwrap_or(path) };
    let folders: Vec<&str> = path.split("!/").flat_map(|part| part.split('/')).collect();
    // The last component is the file itself; an archive inside the archive may be named after its node.
    let n_folders = folders.len().saturating_sub(1);
    let place = folders.iter().take(n_folders).position(|folder| is_root_place(folder)).unwrap_or(n_folders);
    let plain = |folder: &'_ str| -> usize {
        let name = folder
            .trim_end_matches(".zip")
            .trim_end_matches(".tgz")
            .trim_end_matches(".tar.gz")
            .trim_end_matches(".tar");
        name.len()
    };
    let names =
        folders.into_iter().take(place).map(move |folder| folder.get(..plain(folder)).unwrap_or(folder));
    names.filter(|folder| is_node_name(folder)).collect::<Vec<_>>().into_iter().rev()
}

/// A folder directly below activelog.
fn is_root_place(folder: &str) -> bool {
    ["active", "activelog", "uccx", "syslog", "cm", "platform", "cli", "install", "healthcheck"]
        .iter()
        .any(|place| folder.eq_ignore_ascii_case(place))
}

fn is_node_name(folder: &str) -> bool {
    let plain = folder.to_ascii_lowercase();
    let is_time = folder.bytes().filter(u8::is_ascii_digit).count() >= 8
        && folder.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'T' | b'.' | b':' | b' '));
    let shape = !folder.is_empty()
        && folder.len() <= 255
        && folder.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
    shape && (!is_time || is_address(folder)) && !PLACES.contains(&plain.as_str())
}

/// The nodes of a run: every spelling that was seen, under its short form.
#[derive(Debug, Default)]
pub struct Registry {
    spellings: BTreeMap<String, Vec<Arc<str>>>,
    addresses: BTreeMap<String, String>,
}

impl Registry {
    /// Takes note of a spelling; returns its short form. `None` for an empty name.
    pub fn see(&mut self, name: &str) -> Option<String> {
        let key = canonical(name);
        if key.is_empty() {
            return None;
        }
        let known = self.spellings.entry(key.clone()).or_default();
        if !known.iter().any(|spelling| spelling.eq_ignore_ascii_case(name.trim())) {
            known.push(name.trim().into());
        }
        Some(key)
    }

    /// Makes an address a spelling of the node that is known by name.
    pub fn is_address_of(&mut self, address: &str, name: &str) {
        let (address, name) = (canonical(address), canonical(name));
        if address == name || !is_address(&address) || is_address(&name) {
            return;
        }
        if let Some(seen) = self.spellings.remove(&address) {
            self.spellings.entry(name.clone()).or_default().extend(seen);
        }
        self.addresses.insert(address, name);
    }

    /// The short form of any spelling; an address whose name is known gives the name.
    #[must_use]
    pub fn key(&self, spelling: &str) -> String {
        let key = canonical(spelling);
        self.addresses.get(&key).cloned().unwrap_or(key)
    }

    /// Short forms and their spellings, by short form.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Vec<Arc<str>>)> {
        self.spellings.iter()
    }

    /// The only node, where there is just one.
    #[must_use]
    pub fn only(&self) -> Option<&String> {
        let mut keys = self.spellings.keys();
        keys.next().filter(|_| keys.next().is_none())
    }
}

/// Short forms of names that mostly are the one before.
pub(crate) struct Keys<'a> {
    registry: &'a Registry,
    last: Option<(&'a str, String)>,
}

impl<'a> Keys<'a> {
    /// Of the names in `registry`.
    pub(crate) fn new(registry: &'a Registry) -> Self {
        Self { registry, last: None }
    }

    /// As [`Registry::key`].
    pub(crate) fn of(&mut self, name: &'a str) -> &str {
        let known = self.last.take().filter(|(last, _)| *last == name);
        &self.last.insert(known.unwrap_or_else(|| (name, self.registry.key(name)))).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        assert_eq!(in_path(path), expected, "{path}");
    }

    #[test]
    fn the_folder_before_activelog_names_the_node() {
        check("uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", Some("uccxpub"));
        check("192.0.2.10/20260402_103000/active/uccx/log/MCVD/x.log", Some("192.0.2.10"));
        check("uccxpub.example.com/2026-04-02_10-30-00/syslog/CiscoSyslog", Some("uccxpub.example.com"));
        check("case-600/uccxsub1.zip!/uccx/log/MCVD/a.log", Some("uccxsub1"));
    }

    #[test]
    fn a_tree_without_a_node_folder_names_none() {
        check("uccx/log/MCVD/Cisco001MCVD001.log", None);
        check("bundle/syslog/CiscoSyslog", None);
        check("active/uccx/log/MCVD/a.log", None);
        check("CiscoSyslog", None);
    }

    #[test]
    fn a_folder_around_the_nodes_names_the_cluster() {
        assert_eq!(cluster_in_path("clusterA/uccxpub/uccx/log/MCVD/a.log"), Some("clusterA"));
        assert_eq!(cluster_in_path("case/uccxpub/20260402_103000/active/syslog/messages"), None);
        assert_eq!(cluster_in_path("uccxpub/uccx/log/MCVD/a.log"), None);
    }

    #[test]
    fn host_name_and_fqdn_are_one_node() {
        let mut nodes = Registry::default();
        assert_eq!(nodes.see("UCCXPUB.example.com"), nodes.see("uccxpub"));
        assert_eq!(nodes.only().map(String::as_str), Some("uccxpub"));
        assert_eq!(canonical("192.0.2.10"), "192.0.2.10");
    }
}
