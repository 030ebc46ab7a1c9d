//! Which nodes make one Product Instance.
//!
//! Strongest first: what the user said (`--cluster`); different ClusterIDs in the nodes' alarms; the layout of the input, where one folder or one argument holds
//! several nodes and another one holds others; a node that is only quoted belongs where it is quoted. Without such a
//! hint everything in one run is one Product Instance: collectors give each node a folder or an archive of its own,
//! and two nodes of one cluster must not become two licences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::Input;
use crate::facts::{Event, Node};
use crate::nodes::{self, Registry};

/// A Product Instance as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name in the report.
    pub name: String,
    /// Its nodes, in any spelling.
    pub hosts: Vec<String>,
}

/// What belongs to one Product Instance, with nodes counted within it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) id: Option<Arc<str>>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) events: Vec<Event>,
    /// Indices of its members.
    pub(crate) members: BTreeSet<usize>,
}

/// Why nodes are together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// The user says so.
    Given(String),
    /// Their alarms carry one ClusterID.
    ClusterId(String),
    /// They stand in one folder of one source.
    Folder(usize, String),
}

impl Label {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Given(name) | Self::ClusterId(name) => Some(name),
            Self::Folder(_, folder) => Some(folder).filter(|folder| !folder.is_empty()).map(String::as_str),
        }
    }
}

/// Names the nodes of the given clusters, so that one without any file is missed. A cluster of which the input shows
/// no node is another input's.
pub(crate) fn name_given(clusters: &[Cluster], registry: &mut Registry) {
    for cluster in clusters {
        let seen: BTreeSet<String> = registry.iter().map(|(key, _)| key.clone()).collect();
        if cluster.hosts.iter().any(|host| seen.contains(&registry.key(host))) {
            for host in &cluster.hosts {
                let key = registry.key(host);
                registry.see(&key);
            }
        }
    }
}

/// Splits what was found into Product Instances.
pub(crate) fn split(
    inputs: &[Input],
    member_nodes: &[Option<String>],
    registry: &Registry,
    nodes: Vec<Node>,
    events: Vec<Event>,
    clusters: &[Cluster],
) -> Vec<Part> {
    let mut labels: BTreeMap<String, Label> = BTreeMap::new();
    for cluster in clusters {
        for host in &cluster.hosts {
            labels.entry(registry.key(host)).or_insert_with(|| Label::Given(cluster.name.clone()));
        }
    }
    for (node, label) in by_cluster_id(inputs, registry) {
        labels.entry(node).or_insert(label);
    }
    let folders = by_folder(inputs, registry);
    for (node, label) in &folders {
        labels.entry(node.clone()).or_insert_with(|| label.clone());
    }
    adopt(inputs, member_nodes, registry, &nodes, &mut labels);

    let label_of = |node: Option<&str>| node.and_then(|node| labels.get(node)).cloned();
    let known: BTreeSet<Option<Label>> = nodes.iter().map(|node| label_of(Some(&node.name))).collect();
    // What names no node belongs to the only Product Instance, if there is only one.
    let rest = if known.len() == 1 { known.first().cloned().flatten() } else { None };
    let mut parts: BTreeMap<Option<Label>, Part> = BTreeMap::new();
    for (at, (input, node)) in inputs.iter().zip(member_nodes).enumerate() {
        let beside = || input.path.as_deref().and_then(nodes::cluster_in_path);
        let label = match node {
            Some(_) => label_of(node.as_deref()),
            None => beside()
                .map(|folder| Label::Folder(input.source, folder.to_owned()))
                .filter(|label| folders.values().any(|known| known == label))
                .or_else(|| rest.clone()),
        };
        parts.entry(label).or_default().members.insert(at);
    }
    // Where each node went: its part and its place there.
    let mut places: Vec<(Option<Label>, usize)> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let label = label_of(Some(&node.name));
        let part = parts.entry(label.clone()).or_default();
        places.push((label, part.nodes.len()));
        part.nodes.push(node);
    }
    for mut event in events {
        let place = |node: Option<usize>| node.and_then(|node| places.get(node)).cloned();
        let label = match place(event.node) {
            Some((label, _)) => label,
            None => {
                let member = event.witnesses.first().map(|said| said.origin.member as usize);
                let holds = |part: &Part| member.is_some_and(|member| part.members.contains(&member));
                parts.iter().find(|(_, part)| holds(part)).and_then(|(label, _)| label.clone())
            }
        };
        event.node = place(event.node).map(|(_, at)| at);
        for said in &mut event.witnesses {
            said.node = place(said.node).filter(|(of, _)| *of == label).map(|(_, at)| at);
        }
        parts.entry(label).or_default().events.push(event);
    }
    let mut taken = BTreeSet::new();
    let named = parts.into_iter().map(|(label, mut part)| {
        let id = label.as_ref().and_then(Label::id).map(Arc::<str>::from);
        part.id = id.filter(|id| taken.insert(Arc::clone(id)));
        part
    });
    named.collect()
}

/// Puts members that the user gave to a Product Instance into its part; those of a name that is not there stay.
pub(crate) fn place_given(parts: &mut [Part], inputs: &[Input]) {
    for (member, input) in inputs.iter().enumerate() {
        let Some(name) = input.instance.as_deref() else { continue };
        let is_named = |part: &Part| {
            let first = || part.nodes.first().map(|node| &*node.name);
            part.id.as_deref().or_else(first) == Some(name)
        };
        let Some(place) = parts.iter().position(is_named) else { continue };
        for (at, part) in parts.iter_mut().enumerate() {
            if at == place {
                part.members.insert(member);
            } else {
                part.members.remove(&member);
            }
        }
    }
}

/// Nodes by the ClusterID of their alarms. Empty unless there are several, and no node has two. UCCX leaves it empty in
/// all that was seen; the name that every new cluster has tells nothing.
fn by_cluster_id(inputs: &[Input], registry: &Registry) -> BTreeMap<String, Label> {
    let mut ids: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for sighting in inputs.iter().flat_map(|input| &input.read.sightings) {
        let id = sighting.params.iter().find(|(key, _)| key.as_ref() == "ClusterID").map(|(_, id)| id.trim());
        let told = id.filter(|id| !id.is_empty() && !id.eq_ignore_ascii_case("StandAloneCluster"));
        if let (Some(id), Some(node)) = (told, &sighting.node) {
            ids.entry(registry.key(node)).or_default().insert(id);
        }
    }
    let all: BTreeSet<&str> = ids.values().flatten().copied().collect();
    if all.len() < 2 || ids.values().any(|ids| ids.len() > 1) {
        return BTreeMap::new();
    }
    let label = |ids: BTreeSet<&str>| ids.first().map(|id| Label::ClusterId((*id).to_owned()));
    ids.into_iter().filter_map(|(node, ids)| Some((node, label(ids)?))).collect()
}

/// Nodes by the folder, or the argument, that holds them. Empty unless the layout says that there are several
/// clusters: every node stands in one place, there are several places, and one of them holds several nodes.
fn by_folder(inputs: &[Input], registry: &Registry) -> BTreeMap<String, Label> {
    let mut places: BTreeMap<String, BTreeSet<Label>> = BTreeMap::new();
    for input in inputs {
        let Some(path) = input.path.as_deref() else { continue };
        let Some(node) = nodes::in_path(path) else { continue };
        let folder = nodes::cluster_in_path(path).unwrap_or_default().to_owned();
        places.entry(registry.key(node)).or_default().insert(Label::Folder(input.source, folder));
    }
    let mut sizes: BTreeMap<&Label, usize> = BTreeMap::new();
    for label in places.values().flatten() {
        *sizes.entry(label).or_default() += 1;
    }
    let says = sizes.len() > 1
        && sizes.values().any(|n_nodes| *n_nodes > 1)
        && places.values().all(|labels| labels.len() == 1);
    if !says {
        return BTreeMap::new();
    }
    places.into_iter().filter_map(|(node, labels)| Some((node, labels.into_iter().next()?))).collect()
}

/// A node that only the logs of another one name is of that one's cluster, unless those of two clusters name it.
fn adopt(
    inputs: &[Input],
    member_nodes: &[Option<String>],
    registry: &Registry,
    nodes: &[Node],
    labels: &mut BTreeMap<String, Label>,
) {
    if labels.is_empty() || nodes.iter().all(|node| labels.contains_key(node.name.as_ref())) {
        return;
    }
    let mut named: BTreeMap<String, BTreeSet<Label>> = BTreeMap::new();
    for (input, holder) in inputs.iter().zip(member_nodes) {
        let Some(label) = holder.as_deref().and_then(|holder| labels.get(holder)) else { continue };
        for node in input.read.sightings.iter().filter_map(|sighting| sighting.node.as_deref()) {
            let key = registry.key(node);
            if !labels.contains_key(&key) {
                named.entry(key).or_default().insert(label.clone());
            }
        }
    }
    for (node, found) in named {
        let n_found = found.len();
        if let (1, Some(label)) = (n_found, found.into_iter().next()) {
            labels.insert(node, label);
        }
    }
}
