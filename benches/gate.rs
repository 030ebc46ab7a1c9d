//! `--gate`: how fast can one thread find the lines worth parsing?
//!
//! Measures engines and sets of literals over a sample of each corpus, held in memory and read in chunks of
//! 256 KiB cut at line ends. After a hit the search goes on at the next line, as the product's gate does.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use aho_corasick::packed::{Config, MatchKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Span};
use memchr::memmem::Finder;

use crate::corpus::{self, Density, LITERALS};

const CHUNK: usize = 256 << 10;
const REPEATS: usize = 7;

/// A plausible gate: what licence, service, name, firewall and certificate checks would look for.
const GATE: [&str; 30] = [
    "LIB_LICENSE-",
    "SS_RM-",
    "UC_RTMT-",
    "RTMT-ERROR-ALERT",
    "SERVICEMANAGER-",
    "UC_CERT-",
    "SMART_LIC",
    "SLMALARMCATALOG-",
    "UnknownHostException",
    "NoRouteToHostException",
    "Connection refused",
    "connect timed out",
    "Connection timed out",
    "SSLHandshakeException",
    "ValidatorException",
    "PKIX path building",
    "certificate_unknown",
    "CertificateExpiredException",
    "callhome",
    "com.cisco.nesla",
    "com.cisco.smartlicense",
    "smartreceiver.cisco.com",
    "tools.cisco.com",
    "Transportgateway",
    "ntpdate",
    "no server suitable",
    "Proxy Authentication",
    "Out of Compliance",
    "SAEventNotification",
    "entitlementTag",
];

/// Runs all measurements and returns them as text.
pub(crate) fn run(dir: &Path, sample_bytes: u64) -> Result<String, String> {
    let mut report = String::new();
    for density in [Density::Sparse, Density::Dense] {
        let root = dir.join(format!("gate-{}", density.word()));
        let truth_file = dir.join(format!("gate-{}.truth.json", density.word()));
        let truth = corpus::generate(&root, &truth_file, density, sample_bytes, 1)?;
        let chunks = load(&root)?;
        let bytes: usize = chunks.iter().map(Vec::len).sum();
        let _ = writeln!(
            report,
            "\n{}: {bytes} B, {} lines, {} with one of the three literals; GB/s (1e9 B), median of {REPEATS}, 1 thread",
            density.word(),
            truth.lines,
            truth.relevant
        );
        engines(&mut report, &chunks)?;
        sets(&mut report, &chunks)?;
        fs::remove_dir_all(&root).map_err(|e| format!("{}: {e}", root.display()))?;
        fs::remove_file(&truth_file).map_err(|e| format!("{}: {e}", truth_file.display()))?;
    }
    Ok(report)
}

fn load(root: &Path) -> Result<Vec<Vec<u8>>, String> {
    let mut chunks = Vec::new();
    for (path, _) in crate::forms::files(root)? {
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let end = if rest.len() <= CHUNK {
                rest.len()
            } else {
                rest.get(..CHUNK).and_then(|head| memchr::memrchr(b'\n', head)).map_or(CHUNK, |at| at + 1)
            };
            let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            chunks.push(head.to_vec());
            rest = tail;
        }
    }
    Ok(chunks)
}

/// Median throughput of `work` over all chunks, and the sum of what it returned.
fn measure(chunks: &[Vec<u8>], mut work: impl FnMut(&[u8]) -> u64) -> (f64, u64) {
    let bytes: usize = chunks.iter().map(Vec::len).sum();
    let mut total = 0;
    let mut seconds: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            total = chunks.iter().map(|chunk| black_box(work(black_box(chunk)))).sum();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(REPEATS / 2).copied().unwrap_or(f64::NAN);
    (bytes as f64 / median / 1e9, total)
}

fn row(report: &mut String, name: &str, (speed, hits): (f64, u64)) {
    let _ = writeln!(report, "{speed:7.2}  {hits:9}  {name}");
}

/// Lines hit, where `find` gives the end of the first hit at or after a place.
fn hit_lines(chunk: &[u8], find: impl Fn(&[u8], usize) -> Option<usize>) -> u64 {
    let mut lines = 0;
    let mut at = 0;
    while at < chunk.len() {
        let Some(end) = find(chunk, at) else { break };
        lines += 1;
        let rest = chunk.get(end..).unwrap_or_default();
        at = memchr::memchr(b'\n', rest).map_or(chunk.len(), |line_end| end + line_end + 1);
    }
    lines
}

/// `fat` is the variant with 16 buckets instead of 8, which the crate takes by itself from 33 literals on.
fn packed<S: AsRef<str>>(literals: &[S], fat: Option<bool>) -> Option<Searcher> {
    let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).only_teddy_fat(fat).builder();
    builder.extend(literals.iter().map(|literal| literal.as_ref().as_bytes()));
    builder.build()
}

fn packed_hits(searcher: &Searcher, chunk: &[u8]) -> u64 {
    hit_lines(chunk, |all, at| {
        searcher.find_in(all, Span { start: at, end: all.len() }).map(|found| found.end())
    })
}

fn packed_row<S: AsRef<str>>(report: &mut String, chunks: &[Vec<u8>], name: &str, literals: &[S]) -> f64 {
    let mut best = 0.0;
    for fat in [false, true] {
        let name = format!("packed{} {name} ({} literals)", if fat { " fat" } else { "" }, literals.len());
        if let Some(searcher) = packed(literals, Some(fat)) {
            let found = measure(chunks, |chunk| packed_hits(&searcher, chunk));
            best = found.0.max(best);
            row(report, &name, found);
        } else {
            let _ = writeln!(report, "   none             {name}: the crate builds no searcher for this set");
        }
    }
    best
}

fn engines(report: &mut String, chunks: &[Vec<u8>]) -> Result<(), String> {
    let _ = writeln!(report, "   GB/s  hit lines  engine");
    row(report, "bytecount newlines", measure(chunks, |chunk| bytecount::count(chunk, b'\n') as u64));
    row(
        report,
        "memchr_iter(newline).count()",
        measure(chunks, |chunk| memchr::memchr_iter(b'\n', chunk).count() as u64),
    );
    row(
        report,
        "memchr_iter(newline), each line's length taken",
        measure(chunks, |chunk| {
            let mut from = 0;
            let mut lines = 0;
            for at in memchr::memchr_iter(b'\n', chunk) {
                lines += u64::from(black_box(at - from) > 0);
                from = at + 1;
            }
            lines
        }),
    );
    let finders = LITERALS.map(Finder::new);
    row(
        report,
        "memmem, one pass a literal, 3 literals (lines counted once a literal)",
        measure(chunks, |chunk| {
            finders
                .iter()
                .map(|finder| {
                    hit_lines(chunk, |all, at| {
                        all.get(at..).and_then(|rest| finder.find(rest)).map(|found| at + found)
                    })
                })
                .sum()
        }),
    );
    for (name, literals) in [("3", LITERALS.as_slice()), ("30", GATE.as_slice())] {
        packed_row(report, chunks, "LeftmostFirst", literals);
        for (kind_name, kind) in [
            ("default", None),
            ("DFA", Some(AhoCorasickKind::DFA)),
            ("contiguous NFA", Some(AhoCorasickKind::ContiguousNFA)),
        ] {
            let automaton = AhoCorasick::builder()
                .match_kind(aho_corasick::MatchKind::LeftmostFirst)
                .kind(kind)
                .build(literals)
                .map_err(|e| e.to_string())?;
            let found = measure(chunks, |chunk| {
                hit_lines(chunk, |all, at| {
                    automaton.find(aho_corasick::Input::new(all).span(at..all.len())).map(|found| found.end())
                })
            });
            row(report, &format!("AhoCorasick {kind_name} ({name} literals)"), found);
        }
        let alternatives: Vec<String> = literals.iter().map(|literal| regex::escape(literal)).collect();
        let regex = regex::bytes::Regex::new(&alternatives.join("|")).map_err(|e| e.to_string())?;
        let found = measure(chunks, |chunk| {
            hit_lines(chunk, |all, at| regex.find_at(all, at).map(|found| found.end()))
        });
        row(report, &format!("regex::bytes alternation ({name} literals)"), found);
    }
    Ok(())
}

/// Which literals, and how many, the packed searcher takes at full speed.
fn sets(report: &mut String, chunks: &[Vec<u8>]) -> Result<(), String> {
    let _ = writeln!(report, "\n   packed, the first N literals of the list");
    for count in [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30] {
        packed_row(report, chunks, "first", GATE.get(..count).unwrap_or(&GATE));
    }
    let _ = writeln!(report, "\n   packed, three literals and one more (only where it costs > 5 %)");
    let mut scratch = String::new();
    let base = packed_row(&mut scratch, chunks, "base", &LITERALS);
    for extra in GATE.get(3..).unwrap_or_default() {
        let set: Vec<&str> = LITERALS.into_iter().chain([*extra]).collect();
        let speed = packed_row(&mut scratch, chunks, "", &set);
        if speed < base * 0.95 {
            let _ = writeln!(report, "{speed:7.2} of {base:.2}  + {extra}");
        }
    }
    let _ = writeln!(report, "\n   packed, all but one (only where it gains > 3 %)");
    let all = packed_row(&mut scratch, chunks, "all", &GATE);
    for (left_out, literal) in GATE.iter().enumerate() {
        let set: Vec<&str> =
            GATE.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, text)| *text).collect();
        let speed = packed_row(&mut scratch, chunks, "", &set);
        if speed > all * 1.03 {
            let _ = writeln!(report, "{speed:7.2} of {all:.2}  without {literal}");
        }
    }
    let _ = writeln!(
        report,
        "\n   packed, each literal cut to where its next 4 bytes are rarest in the sample (hits of a line gate only grow)"
    );
    let rare = rarest_tails(chunks);
    let _ = writeln!(report, "          {rare:?}");
    for count in [3, 8, 12, 16, 18, 20, 22, 24, 27, 30] {
        packed_row(report, chunks, "rarest tail, first", rare.get(..count).unwrap_or(&rare));
    }
    for fat in [false, true] {
        let mut set = rare.clone();
        tune(chunks, &mut set, fat);
        let _ = writeln!(
            report,
            "\n   packed, cuts and order tuned by trial{}: {set:?}",
            if fat { " for fat" } else { "" }
        );
        packed_row(report, chunks, "tuned", &set);
    }
    Ok(())
}

/// Tries other cuts of each literal, then other orders, and keeps what is faster on a part of the sample.
fn tune(chunks: &[Vec<u8>], set: &mut [&'static str], fat: bool) {
    let part: Vec<Vec<u8>> = chunks.iter().step_by(9).cloned().collect();
    let speed = |set: &[&str]| {
        packed(set, Some(fat)).map_or(0.0, |searcher| measure(&part, |chunk| packed_hits(&searcher, chunk)).0)
    };
    let mut best = speed(set);
    for _ in 0..2 {
        for (place, whole) in GATE.iter().enumerate() {
            for cut in 0..whole.len().saturating_sub(5) {
                let mut other = set.to_vec();
                let Some((slot, text)) = other.get_mut(place).zip(whole.get(cut..)) else { continue };
                *slot = text;
                let now = speed(&other);
                if now > best * 1.01 {
                    best = now;
                    set.copy_from_slice(&other);
                }
            }
        }
    }
    for step in 1..200_usize {
        let (a, b) = (step * 7 % set.len(), step * 11 % set.len());
        let mut other = set.to_vec();
        other.swap(a, b);
        let now = speed(&other);
        if now > best * 1.01 {
            best = now;
            set.copy_from_slice(&other);
        }
    }
}

/// Each gate literal from the place on whose 4 bytes occur least in the sample.
fn rarest_tails(chunks: &[Vec<u8>]) -> Vec<&'static str> {
    let mut seen: HashMap<[u8; 4], u64> = HashMap::new();
    for window in GATE.iter().flat_map(|literal| literal.as_bytes().windows(4)) {
        if let Ok(window) = window.try_into() {
            seen.insert(window, 0);
        }
    }
    for chunk in chunks.iter().step_by(7) {
        for window in chunk.windows(4) {
            if let Some(count) = <[u8; 4]>::try_from(window).ok().and_then(|key| seen.get_mut(&key)) {
                *count += 1;
            }
        }
    }
    GATE.iter()
        .map(|literal| {
            let place = literal
                .as_bytes()
                .windows(4)
                .enumerate()
                .min_by_key(|(_, window)| {
                    <[u8; 4]>::try_from(*window).ok().and_then(|key| seen.get(&key)).copied().unwrap_or(0)
                })
                .map_or(0, |(at, _)| at);
            literal.get(place..).unwrap_or(literal)
        })
        .collect()
}
