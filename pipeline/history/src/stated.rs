//! What outputs state of a Product Instance, as checks see it: lines about licence and platform, and the way to CSSM.

use std::collections::BTreeMap;
use std::sync::Arc;

use parsers::event::{LicenseLine, Says};
use parsers::origin::Origin;
use parsers::platform::PlatformLine;
use parsers::stamp::Instant;

use crate::analysis::Input;
use crate::facts::{Evidence, Node};
use crate::outputs::{Stated, only};

/// What an output about the platform says of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformFact {
    /// The node, as an index into [`Instance::nodes`].
    pub node: Option<usize>,
    /// What it says.
    pub line: PlatformLine,
    /// When the output was taken; `None` where nothing in the same member tells it.
    pub at: Option<Instant>,
    /// The line.
    pub evidence: Evidence,
}

/// What an output about the licence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseFact {
    /// The node, as an index into [`Instance::nodes`].
    pub node: Option<usize>,
    /// What it says.
    pub line: LicenseLine,
    /// The instant that the line itself prints; `None` where it prints none, or one that is not certain.
    pub at: Option<Instant>,
    /// When the output was taken; `None` where nothing in the same member tells it.
    pub taken: Option<Instant>,
    /// The line.
    pub evidence: Evidence,
}

/// How the Product Instance reaches CSSM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// `Some(true)`: through CSSM On-Prem; `Some(false)`: direct; `None`: unknown.
    pub on_prem: Option<bool>,
    /// The Transport URL as written: that of the settings, else the newest in a record.
    pub url: Option<Arc<str>>,
    /// The line with the URL.
    pub url_evidence: Option<Evidence>,
    /// Every URL that was seen, as written, with its first line; more than one: it was changed, or nodes differ.
    pub urls: Vec<(Arc<str>, Evidence)>,
    /// When CSSM On-Prem was last synchronised with CSSM, as the user says; `None` if not given.
    pub on_prem_synced: Option<Instant>,
    /// The proxy as written.
    pub proxy: Option<Arc<str>>,
    /// The line that says which proxy, or that there is none.
    pub proxy_evidence: Option<Evidence>,
}

/// The node of a member, as an index.
fn place(member: usize, member_nodes: &[Option<String>], nodes: &[Node]) -> Option<usize> {
    let name = member_nodes.get(member)?.as_deref()?;
    nodes.iter().position(|node| *node.name == *name)
}

/// What outputs about the platform say, in input order.
pub(crate) fn platform(
    inputs: &BTreeMap<usize, &Input>,
    member_nodes: &[Option<String>],
    nodes: &[Node],
) -> Vec<PlatformFact> {
    let mut out = Vec::new();
    for (number, input) in inputs {
        let at = input.read.statements.iter().filter_map(|statement| match &statement.says {
            Says::CurrentTime { stamp, .. } => stamp.absolute(),
            _ => None,
        });
        let at = at.max();
        for statement in &input.read.statements {
            let Says::Platform(line) = &statement.says else { continue };
            let member = u32::try_from(*number).unwrap_or(u32::MAX);
            out.push(PlatformFact {
                node: place(*number, member_nodes, nodes),
                line: line.clone(),
                at,
                evidence: Evidence::one(Origin { member, span: statement.span.clone() }),
            });
        }
    }
    out
}

/// What outputs about the licence say, in input order.
pub(crate) fn licenses(
    stated: &[&Stated],
    member_nodes: &[Option<String>],
    nodes: &[Node],
) -> Vec<LicenseFact> {
    let fact = |said: &&Stated| LicenseFact {
        node: place(said.member, member_nodes, nodes),
        line: said.line.clone(),
        at: only(&said.at),
        taken: said.taken,
        evidence: Evidence::one(said.origin.clone()),
    };
    stated.iter().map(fact).collect()
}

/// The way to CSSM: what the settings state wins over what records print, and the last output over the others.
pub(crate) fn deployment(inputs: &BTreeMap<usize, &Input>, on_prem_synced: Option<Instant>) -> Deployment {
    let mut settings: Option<(Arc<str>, Evidence)> = None;
    let mut proxy: Option<(Option<Arc<str>>, Evidence)> = None;
    let mut urls: Vec<(Arc<str>, Evidence)> = Vec::new();
    for (number, input) in inputs {
        for statement in &input.read.statements {
            let member = u32::try_from(*number).unwrap_or(u32::MAX);
            let evidence = || Evidence::one(Origin { member, span: statement.span.clone() });
            let url = match &statement.says {
                Says::TransportUrl { url } => url,
                Says::License(LicenseLine::Url { url }) => {
                    settings = Some((Arc::clone(url), evidence()));
                    url
                }
                Says::License(LicenseLine::Proxy { host }) => {
                    proxy = Some((host.clone(), evidence()));
                    continue;
                }
                _ => continue,
            };
            if !urls.iter().any(|(known, _)| known == url) {
                urls.push((Arc::clone(url), evidence()));
            }
        }
    }
    let chosen = settings.or_else(|| urls.first().cloned());
    let (url, url_evidence) = chosen.unzip();
    let (proxy, proxy_evidence) = proxy.map_or((None, None), |(host, evidence)| (host, Some(evidence)));
    let on_prem = url.as_deref().map(|url| url.contains("/Transportgateway/"));
    Deployment { on_prem, url, url_evidence, urls, on_prem_synced, proxy, proxy_evidence }
}
