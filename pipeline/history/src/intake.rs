//! Usage tables and purchases become [`Usage`]: times become instants, tables become one.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use parsers::event::{EventKind, Says};
use parsers::origin::Origin;
use parsers::stamp::{Instant, NodeClock, Stamp, ZoneMark, resolve};
use parsers::usage::{UsageColumn, UsageKind, UsageTable};

use crate::analysis::Input;
use crate::facts::{Basis, Contradiction, Event, Evidence};
use crate::usage::{Cite, NOT_COUNTED, Purchase, Series, Usage, UsageClock};

/// A number of licences that the user gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchased {
    /// The Product Instance, by name; `None`: the only one.
    pub instance: Option<String>,
    /// Which entitlement, by [`parsers::entitlements::name`].
    pub entitlement: Arc<str>,
    /// How many.
    pub count: u32,
}

/// A table with instants.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    /// The member, as an index.
    pub(crate) member: usize,
    table: Arc<UsageTable>,
    columns: Vec<UsageColumn>,
    at: Vec<Option<Instant>>,
    clock: UsageClock,
}

impl Dated {
    /// The first and the last instant of its rows; `None` if none has one.
    pub(crate) fn span(&self) -> Option<(Instant, Instant)> {
        let times = || self.at.iter().flatten();
        Some((*times().min()?, *times().max()?))
    }
}

/// Where the times of tables stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zones {
    /// `--usage-tz`.
    pub(crate) given: Option<Tz>,
    /// The clock that all nodes share; `None` if they differ or none is known.
    pub(crate) shared: Option<NodeClock>,
}

/// Takes the tables out of the members and dates them. `clock` gives the clock of a member's own node, where its zone
/// is known.
pub(crate) fn take(
    inputs: &mut [Input],
    zones: &Zones,
    clock: impl Fn(usize) -> Option<NodeClock>,
) -> Vec<Dated> {
    let mut out = Vec::new();
    for (member, input) in inputs.iter_mut().enumerate() {
        for mut table in std::mem::take(&mut input.read.usage) {
            let columns = std::mem::take(&mut table.columns);
            let (at, of) = dated(&table, zones, clock(member));
            out.push(Dated { member, table: Arc::new(table), columns, at, clock: of });
        }
    }
    out
}

/// The instants of a table's rows.
fn dated(table: &UsageTable, zones: &Zones, own: Option<NodeClock>) -> (Vec<Option<Instant>>, UsageClock) {
    let written = |stamp: &Stamp| matches!(stamp.zone, ZoneMark::Utc | ZoneMark::Offset(_));
    if table.rows.iter().all(|row| written(&row.stamp)) {
        return (table.rows.iter().map(|row| row.stamp.absolute()).collect(), UsageClock::Written);
    }
    let mut clock = NodeClock::default();
    let basis = match (zones.given, own.or_else(|| zones.shared.clone())) {
        (Some(zone), _) => {
            clock.zone.given = Some(zone);
            UsageClock::Given
        }
        // What the database stores is not in the node's zone by anything that is published.
        (None, Some(of)) if table.kind != UsageKind::SqlOutput => {
            let basis = if of.zone.given.is_some() { UsageClock::Given } else { UsageClock::NodeZone };
            clock.zone = of.zone;
            basis
        }
        (None, _) => UsageClock::AssumedUtc,
    };
    thin(&mut clock.zone.offsets);
    let mut before: Option<Instant> = None;
    let at = table.rows.iter().map(|row| {
        let stamp = row.stamp;
        let candidates = match basis {
            UsageClock::AssumedUtc if !written(&stamp) => {
                resolve(&Stamp { zone: ZoneMark::Utc, ..stamp }, &clock).candidates
            }
            _ => resolve(&stamp, &clock).candidates,
        };
        // The hour that occurs twice: rows follow each other.
        let next = candidates.iter().find(|at| before.is_none_or(|before| **at > before));
        let at = next.or(candidates.last()).copied();
        before = at.or(before);
        at
    });
    (at.collect(), basis)
}

/// Keeps of each run of equal offsets the first and the last: a table has many rows, and a syslog many pairs.
fn thin(offsets: &mut Vec<(Instant, i32)>) {
    let same = |a: usize, b: usize| offsets.get(a).map(|of| of.1) == offsets.get(b).map(|of| of.1);
    let inner = |at: usize| at > 0 && at + 1 < offsets.len() && same(at, at - 1) && same(at, at + 1);
    *offsets =
        (0..offsets.len()).filter(|at| !inner(*at)).filter_map(|at| offsets.get(at).copied()).collect();
}

/// The usage of one Product Instance, and what of it contradicts itself; `None` where nothing is known.
pub(crate) fn usage(
    tables: Vec<Dated>,
    inputs: &BTreeMap<usize, &Input>,
    events: &[Event],
    given: &[Purchased],
) -> (Option<Usage>, Vec<Contradiction>) {
    let mut contradictions = Vec::new();
    let mut usage = Usage {
        at: Vec::new(),
        rows: Vec::new(),
        tables: Vec::new(),
        series: Vec::new(),
        purchases: Vec::new(),
        clock: tables.iter().map(|table| table.clock).max().unwrap_or(UsageClock::Written),
        assumed: inputs.values().filter_map(|input| input.read.usage_assumed).collect(),
    };
    usage.assumed.sort_unstable();
    usage.assumed.dedup();
    let mut bought: BTreeMap<Arc<str>, Vec<Purchase>> = BTreeMap::new();
    for purchase in stated(inputs) {
        bought.insert(Arc::clone(&purchase.entitlement), vec![purchase]);
    }
    if tables.is_empty() {
        requests(events, &mut usage);
    } else {
        let mut columns: BTreeMap<Arc<str>, Vec<Purchase>> = BTreeMap::new();
        for table in &tables {
            purchased(table, &mut columns);
        }
        // Purchases beside the use they stand with are dated: an inventory is one look at them.
        for (entitlement, mut purchases) in columns {
            purchases.sort_by_key(|purchase| purchase.since);
            if let Some(first) = purchases.first_mut() {
                first.since = None;
            }
            bought.insert(entitlement, purchases);
        }
        merge(tables, &mut usage, &mut contradictions);
    }
    for purchase in given {
        let entitlement = Arc::clone(&purchase.entitlement);
        let one = Purchase {
            entitlement: Arc::clone(&entitlement),
            count: purchase.count,
            since: None,
            basis: Basis::Given,
            evidence: None,
        };
        bought.insert(entitlement, vec![one]);
    }
    usage.purchases = bought.into_values().flatten().collect();
    let known = !usage.at.is_empty() || !usage.purchases.is_empty();
    (known.then_some(usage), contradictions)
}

/// What inventories state: of each entitlement the sum of the last inventory's rows.
fn stated(inputs: &BTreeMap<usize, &Input>) -> Vec<Purchase> {
    let mut last: BTreeMap<Arc<str>, (usize, Purchase)> = BTreeMap::new();
    for (member, input) in inputs {
        for statement in &input.read.statements {
            let Says::Purchased { entitlement, purchased, .. } = &statement.says else { continue };
            let origin =
                Origin { member: u32::try_from(*member).unwrap_or(u32::MAX), span: statement.span.clone() };
            match last.get_mut(entitlement) {
                // Licences of two versions of one entitlement cover the same use.
                Some((of, known)) if of == member => {
                    known.count = known.count.saturating_add(*purchased);
                    if let Some(evidence) = &mut known.evidence {
                        evidence.also.push(origin);
                    }
                }
                _ => {
                    let purchase = Purchase {
                        entitlement: Arc::clone(entitlement),
                        count: *purchased,
                        since: None,
                        basis: Basis::Stated,
                        evidence: Some(Evidence::one(origin)),
                    };
                    last.insert(Arc::clone(entitlement), (*member, purchase));
                }
            }
        }
    }
    last.into_values().map(|(_, purchase)| purchase).collect()
}

/// What a table says of purchases: one entry each time that the number changes.
fn purchased(table: &Dated, out: &mut BTreeMap<Arc<str>, Vec<Purchase>>) {
    for column in table.columns.iter().filter(|column| column.purchased) {
        let mut rows: Vec<(Instant, usize, u32)> = table
            .at
            .iter()
            .zip(&column.counts)
            .enumerate()
            .filter_map(|(row, (at, count))| Some((((*at)?), row, *count)))
            .filter(|(_, _, count)| *count != NOT_COUNTED)
            .collect();
        rows.sort_unstable();
        rows.dedup_by_key(|(_, _, count)| *count);
        for (at, row, count) in rows {
            let origin = table
                .table
                .span(row)
                .map(|span| Origin { member: u32::try_from(table.member).unwrap_or(u32::MAX), span });
            out.entry(Arc::clone(&column.entitlement)).or_default().push(Purchase {
                entitlement: Arc::clone(&column.entitlement),
                count,
                since: Some(at),
                basis: Basis::Stated,
                evidence: origin.map(Evidence::one),
            });
        }
    }
}

/// Usage out of what the smart agent asked for, where no table tells the real use.
fn requests(events: &[Event], usage: &mut Usage) {
    let asked = events.iter().filter_map(|event| match &event.kind {
        EventKind::EntitlementRequest { entitlement, count } => {
            Some((event.at?, entitlement, *count, event.evidence()?.first))
        }
        _ => None,
    });
    let mut rows: Vec<(Instant, &Arc<str>, u32, Origin)> = asked.collect();
    rows.sort_by(|a, b| (a.0, a.1, &a.3).cmp(&(b.0, b.1, &b.3)));
    let mut names: Vec<&Arc<str>> = rows.iter().map(|row| row.1).collect();
    names.sort();
    names.dedup();
    usage.series = names
        .into_iter()
        .map(|name| Series { entitlement: Arc::clone(name), counts: Vec::with_capacity(rows.len()) })
        .collect();
    for (at, entitlement, count, origin) in &rows {
        let fresh = usage.at.last() != Some(at);
        if fresh {
            usage.at.push(*at);
            usage.rows.push(Cite::Line(Box::new(origin.clone())));
        }
        for series in &mut usage.series {
            let own = if series.entitlement == **entitlement { *count } else { NOT_COUNTED };
            match series.counts.last_mut() {
                Some(last) if !fresh => raise(last, own),
                _ => series.counts.push(own),
            }
        }
    }
}

/// One table of all: rows of one instant become one, with the higher count.
fn merge(tables: Vec<Dated>, usage: &mut Usage, contradictions: &mut Vec<Contradiction>) {
    if let [only] = tables.as_slice()
        && only.at.iter().all(Option::is_some)
        && only.at.is_sorted_by(|a, b| a < b)
        && unique(&only.columns)
    {
        // The usual case moves the counts, which may be millions, instead of copying them.
        for table in tables {
            usage.at = table.at.into_iter().flatten().collect();
            let n_rows = u32::try_from(usage.at.len()).unwrap_or(u32::MAX);
            usage.rows = (0..n_rows).map(|row| Cite::Row { table: 0, row }).collect();
            usage.tables.push((u32::try_from(table.member).unwrap_or(u32::MAX), table.table));
            let used = table.columns.into_iter().filter(|column| !column.purchased);
            let series = used.map(|column| Series { entitlement: column.entitlement, counts: column.counts });
            usage.series = series.collect();
        }
        usage.series.sort_by(|a, b| a.entitlement.cmp(&b.entitlement));
        return;
    }
    let mut order: Vec<(Instant, u32, u32)> = Vec::new();
    let mut names: Vec<Arc<str>> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let rows = table.at.iter().enumerate();
        order.extend(rows.filter_map(|(row, at)| Some(((*at)?, number, u32::try_from(row).ok()?))));
        let used = table.columns.iter().filter(|column| !column.purchased);
        names.extend(used.map(|column| Arc::clone(&column.entitlement)));
    }
    order.sort_unstable();
    names.sort();
    names.dedup();
    let mut series: Vec<Series> = names
        .into_iter()
        .map(|entitlement| Series { entitlement, counts: Vec::with_capacity(order.len()) })
        .collect();
    // Which series each column of each table feeds.
    let places: Vec<Vec<Option<usize>>> = tables
        .iter()
        .map(|table| {
            let place = |column: &UsageColumn| {
                series
                    .binary_search_by(|series| series.entitlement.cmp(&column.entitlement))
                    .ok()
                    .filter(|_| !column.purchased)
            };
            table.columns.iter().map(place).collect()
        })
        .collect();
    for (at, number, row) in order {
        if usage.at.last() != Some(&at) {
            usage.at.push(at);
            usage.rows.push(Cite::Row { table: number, row });
            series.iter_mut().for_each(|series| series.counts.push(NOT_COUNTED));
        }
        let Some((table, places)) = tables.get(number as usize).zip(places.get(number as usize)) else {
            continue;
        };
        for (column, place) in table.columns.iter().zip(places) {
            let count = column.counts.get(row as usize).copied().unwrap_or(NOT_COUNTED);
            let cell = place.and_then(|place| series.get_mut(place)).and_then(|it| it.counts.last_mut());
            let Some(cell) = cell.filter(|_| count != NOT_COUNTED) else { continue };
            if *cell != NOT_COUNTED && *cell != count && contradictions.is_empty() {
                let origin = table
                    .table
                    .span(row as usize)
                    .map(|span| Origin { member: u32::try_from(table.member).unwrap_or(u32::MAX), span });
                let says = format!(
                    "two rows of usage give {} of {} at one time: {cell} and {count}; the higher was taken, here and \
                     wherever else they differ",
                    column.entitlement, at
                );
                let evidence = origin.map(Evidence::one);
                contradictions.extend(evidence.map(|evidence| Contradiction {
                    says,
                    between_nodes: true,
                    evidence,
                }));
            }
            raise(cell, count);
        }
    }
    usage.series = series;
    usage.tables =
        tables.into_iter().map(|it| (u32::try_from(it.member).unwrap_or(u32::MAX), it.table)).collect();
}

fn unique(columns: &[UsageColumn]) -> bool {
    let mut names: Vec<&Arc<str>> =
        columns.iter().filter(|column| !column.purchased).map(|column| &column.entitlement).collect();
    names.sort();
    names.windows(2).all(|pair| pair.first() != pair.last())
}

/// Raises a count; what was not counted gives way.
fn raise(cell: &mut u32, count: u32) {
    if count != NOT_COUNTED && (*cell == NOT_COUNTED || count > *cell) {
        *cell = count;
    }
}
