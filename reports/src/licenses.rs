//! Licenses in words for the checks: what is lacking, what to buy, and how to get usage that is not known.

use std::sync::Arc;

use history::facts::Instance;
use history::usage::{EntitlementUse, Usage};
use parsers::origin::Origin;

use crate::check::{brief, listed, node_names};

/// Most entitlements that one sentence names.
const NAMED_MAX: usize = 4;

/// `30 PREMIUM and 5 STANDARD`.
pub(crate) fn amounts(of: &[(Arc<str>, u32)]) -> String {
    let mut named: Vec<String> =
        of.iter().take(NAMED_MAX).map(|(name, count)| format!("{count} {}", brief(name))).collect();
    if NAMED_MAX < of.len() {
        named.push(format!("{} other entitlements", of.len() - NAMED_MAX));
    }
    listed(&named)
}

/// `PREMIUM: 130 locked − 100 purchased = 30 to buy`, for each entitlement with a locked use; `None` without any.
pub(crate) fn locked(of: &[EntitlementUse]) -> Option<String> {
    let sums: Vec<String> = of
        .iter()
        .filter_map(|of| {
            let name = brief(&of.entitlement);
            match (of.locked?, of.purchased) {
                (locked, Some(purchased)) if purchased < locked => Some(format!(
                    "{name}: {locked} locked − {purchased} purchased = {} to buy",
                    locked - purchased
                )),
                (locked, Some(purchased)) => Some(format!("{name}: {locked} locked, {purchased} purchased")),
                (locked, None) => Some(format!("{name}: {locked} locked, the number purchased is not known")),
            }
        })
        .take(NAMED_MAX)
        .collect();
    (!sums.is_empty()).then(|| sums.join("; "))
}

/// What is to be bought: of the entitlements that lack any.
pub(crate) fn lacking<'a>(of: impl IntoIterator<Item = &'a EntitlementUse>) -> Vec<(Arc<str>, u32)> {
    let lacking = of.into_iter().filter_map(|of| Some((Arc::clone(&of.entitlement), of.deficit?)));
    lacking.filter(|(_, count)| 0 < *count).collect()
}

/// `at most 100 PREMIUM are in use (120 in the last report)` of the entitlements that lack any; `None` without one.
pub(crate) fn within<'a>(of: impl IntoIterator<Item = &'a EntitlementUse>) -> Option<String> {
    let over = of.into_iter().filter_map(|of| {
        let (purchased, last) = (of.purchased?, of.last?);
        (purchased < last)
            .then(|| format!("{purchased} {} ({last} in the last report)", brief(&of.entitlement)))
    });
    let over: Vec<String> = over.take(NAMED_MAX).collect();
    (!over.is_empty()).then(|| format!("at most {} are in use", listed(&over)))
}

/// The rows of the first and the last sample: the usage as a whole.
pub(crate) fn extent(usage: &Usage) -> Vec<Origin> {
    let ends = [Some(0), usage.rows.len().checked_sub(1).filter(|last| 0 < *last)];
    ends.into_iter().flatten().filter_map(|row| Some(usage.evidence(row)?.first)).collect()
}

/// How to get what is not known of usage and purchases.
///
/// Source: CUIC report guide, License Consumption Report; Database Schema Guide 15.0, `FlexLicenseUsage`; 217416,
/// CSSM inventory.
pub(crate) fn collect(instance: &Instance) -> String {
    let usage = instance.usage.as_ref();
    let mut parts = Vec::new();
    if usage.is_none_or(|usage| usage.rows.is_empty()) {
        parts.push(format!(
            "CUIC's License Consumption report (CSV), or on {}: run uccx sql db_cra select * from FlexLicenseUsage",
            node_names(instance)
        ));
    }
    if usage.is_none_or(|usage| usage.purchases.is_empty()) {
        parts.push(
            "what was purchased: the CSV of CSSM, Inventory > Licenses, or --purchased PREMIUM=N".to_owned(),
        );
    }
    parts.join("; and ")
}
