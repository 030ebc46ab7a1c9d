//! Which Product Instance of one report is which of the other: names in an `id` depend on what was collected, nodes keep
//! theirs.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::report::{Node, ProductInstance};

use super::document::{MatchedBy, NodesDiff};

/// Most Product Instances of one report that are looked at for one node name: more can only be made up, and each pair
/// would be compared.
const SHARING_MAX: usize = 8;

/// A Product Instance of either report, or of both.
pub(super) struct Pair<'a> {
    pub(super) before: Option<&'a ProductInstance>,
    pub(super) after: Option<&'a ProductInstance>,
    pub(super) by: Option<MatchedBy>,
}

/// The pairs: those of the later report in its order, then those that vanished.
pub(super) fn pairs<'a>(before: &'a [ProductInstance], after: &'a [ProductInstance]) -> Vec<Pair<'a>> {
    let mut of_after: Vec<Option<(usize, MatchedBy)>> = vec![None; after.len()];
    let mut taken = vec![false; before.len()];
    for (i, j) in by_nodes(before, after) {
        take(&mut of_after, &mut taken, i, j, MatchedBy::Nodes);
    }
    // From the end, so that the first of one id is taken first.
    let mut ids: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, instance) in before.iter().enumerate().rev().filter(|(i, _)| !is_taken(&taken, *i)) {
        ids.entry(instance.id.to_lowercase()).or_default().push(i);
    }
    for (j, instance) in after.iter().enumerate() {
        let open = of_after.get(j).is_some_and(Option::is_none);
        let free = ids.get_mut(&instance.id.to_lowercase()).filter(|_| open);
        if let Some(i) = free.and_then(Vec::pop) {
            take(&mut of_after, &mut taken, i, j, MatchedBy::Id);
        }
    }
    let left = |taken: &[bool]| (0..before.len()).filter(|i| !is_taken(taken, *i)).collect::<Vec<_>>();
    let open: Vec<usize> =
        of_after.iter().enumerate().filter(|(_, of)| of.is_none()).map(|(j, _)| j).collect();
    if let ([i], [j]) = (left(&taken).as_slice(), open.as_slice()) {
        let nameless = |of: Option<&ProductInstance>| of.is_some_and(|of| of.nodes.is_empty());
        if nameless(before.get(*i)) || nameless(after.get(*j)) {
            take(&mut of_after, &mut taken, *i, *j, MatchedBy::OnlyOne);
        }
    }
    let both = after.iter().zip(&of_after).map(|(after, of)| Pair {
        before: of.and_then(|(i, _)| before.get(i)),
        after: Some(after),
        by: of.map(|(_, by)| by),
    });
    let vanished = left(&taken).into_iter().map(|i| Pair { before: before.get(i), after: None, by: None });
    both.chain(vanished).collect()
}

fn is_taken(taken: &[bool], i: usize) -> bool {
    taken.get(i).copied().unwrap_or(true)
}

/// Makes a pair of two that are still free.
fn take(of_after: &mut [Option<(usize, MatchedBy)>], taken: &mut [bool], i: usize, j: usize, by: MatchedBy) {
    if let (Some(place @ None), Some(taken @ false)) = (of_after.get_mut(j), taken.get_mut(i)) {
        *place = Some((i, by));
        *taken = true;
    }
}

/// Pairs that share names of nodes, those with the most names first.
fn by_nodes(before: &[ProductInstance], after: &[ProductInstance]) -> Vec<(usize, usize)> {
    let mut having: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, instance) in before.iter().enumerate() {
        for name in names_of(&instance.nodes) {
            let of = having.entry(name).or_default();
            if of.len() < SHARING_MAX {
                of.push(i);
            }
        }
    }
    let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
    for (j, instance) in after.iter().enumerate() {
        for name in names_of(&instance.nodes) {
            for i in having.get(&name).into_iter().flatten() {
                *shared.entry((*i, j)).or_default() += 1;
            }
        }
    }
    let mut pairs: Vec<((usize, usize), usize)> = shared.into_iter().collect();
    let same_id = |i: usize, j: usize| before.get(i).zip(after.get(j)).is_some_and(|(a, b)| a.id == b.id);
    // By number, then by id, then by place: a map has no order that a report may show.
    pairs.sort_by_key(|((i, j), n)| (std::cmp::Reverse(*n), !same_id(*i, *j), *j, *i));
    pairs.into_iter().map(|(pair, _)| pair).collect()
}

/// Nodes in both, in one, in the other.
pub(super) fn nodes(before: &[Node], after: &[Node]) -> NodesDiff {
    let (known, found) = (names_of(before), names_of(after));
    let mut all = NodesDiff::default();
    for node in after {
        let place =
            if names(node).any(|name| known.contains(&name)) { &mut all.both } else { &mut all.appeared };
        place.push(node.name.clone());
    }
    let vanished = before.iter().filter(|node| !names(node).any(|name| found.contains(&name)));
    all.vanished = vanished.map(|node| node.name.clone()).collect();
    all
}

fn names_of(nodes: &[Node]) -> HashSet<String> {
    nodes.iter().flat_map(names).collect()
}

/// The names of a node, as they are compared.
fn names(node: &Node) -> impl Iterator<Item = String> {
    std::iter::once(&node.name).chain(&node.aliases).map(|name| short(name))
}

/// A host name without its domain, in lower case; an address as it is.
pub(super) fn short(name: &str) -> String {
    let host = if name.parse::<IpAddr>().is_ok() { name } else { name.split('.').next().unwrap_or_default() };
    // A name that begins with a dot has no short form.
    if host.is_empty() { name.to_lowercase() } else { host.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_cut_and_an_address_is_not() {
        assert_eq!(short("UCCXpub.example.com"), "uccxpub");
        assert_eq!(short("192.0.2.10"), "192.0.2.10");
        assert_eq!(short(".x"), ".x");
    }
}
