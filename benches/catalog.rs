//! What the catalog of failure signatures costs: the same logs read with the built-in catalog and with an empty one, in
//! turn, in this process.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use parsers::catalog::Catalog;
use uccxray::input::{self, Bounds, Sources};

use crate::measure::median;

/// Most that the built-in catalog may cost beyond an empty one.
const TARGET: f64 = 1.15;

/// Reads `bundle` with each catalog `runs` times and prints a table.
pub(crate) fn run(bundle: &Path, bytes: u64, runs: usize) -> Result<String, String> {
    let sources = Sources { paths: vec![bundle.to_owned()], usage: Vec::new() };
    let bounds =
        Bounds { jobs: std::thread::available_parallelism().map_or(1, usize::from), ..Bounds::default() };
    let read = |catalog: &Arc<Catalog>| {
        let start = Instant::now();
        let analysis = input::read(&sources, &bounds, catalog, false);
        let seconds = start.elapsed().as_secs_f64();
        let facts = analysis.facts(&history::analysis::Options::default());
        let failures = facts
            .instances
            .iter()
            .flat_map(|it| &it.events)
            .filter(|event| matches!(event.kind, parsers::event::EventKind::TransportFailure { .. }));
        (seconds, failures.count())
    };
    let (full, empty) = (Catalog::built_in(), Catalog::empty());
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let mut found = 0;
    for n in 0..=runs {
        let ((a, failures), (b, none)) = (read(&full), read(&empty));
        if none > failures {
            return Err(format!("the empty catalog found {none} failures, the full one {failures}"));
        }
        found = failures;
        // The first pair warms the page cache.
        if n > 0 {
            with.push(a);
            without.push(b);
        }
    }
    let ratio = median(with.iter().zip(&without).map(|(with, without)| with / without));
    let verdict = if ratio < TARGET { "met" } else { "missed" };
    let mut text = format!(
        "* {bytes} B of dense logs; {runs} pairs (built-in, empty, …) after one warm-up, reading alone\n\
         * {} entries; {found} failures found\n\n",
        full.entries().len()
    );
    let _ = write!(
        text,
        "| built-in s | empty s | ratio | target | verdict |\n|---|---|---|---|---|\n| {:.3} | {:.3} | {ratio:.3} | < {TARGET} | {verdict} |\n",
        median(with),
        median(without),
    );
    Ok(text)
}
