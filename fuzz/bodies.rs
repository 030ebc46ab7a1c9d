// What must hold for any bytes: the bodies of the fuzz targets, which `tests/` runs too.

use std::sync::{Arc, OnceLock};

use history::analysis::{Analysis, Input, Options};
use history::facts::{Facts, MemberOutcome, Source};
use parsers::formats::{DOCUMENT_FORMATS, LINE_FORMATS, read_record};
use parsers::member::MemberRead;
use parsers::origin::Span;
use parsers::reader::{Limits, Reader, Shared};
use parsers::stamp::Instant;
use parsers::usage::UsageTable;
use reports::{RENDERERS, Report};

/// The gate, compiled once.
fn shared() -> &'static Arc<Shared> {
    static SHARED: OnceLock<Arc<Shared>> = OnceLock::new();
    SHARED.get_or_init(Shared::new)
}

/// Reads `bytes` in pieces whose lengths `cuts` names in turn; 0 is all that is left.
pub fn read(bytes: &[u8], limits: Limits, cuts: &[usize]) -> MemberRead {
    read_as(bytes, limits, cuts, false)
}

/// The same; `usage` says that the member is a table of usage.
fn read_as(bytes: &[u8], limits: Limits, cuts: &[usize], usage: bool) -> MemberRead {
    let mut reader = Reader::new(shared(), limits, true).expect_usage(usage);
    let mut cuts = cuts.iter().copied().cycle();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = match cuts.next() {
            None | Some(0) => rest.len(),
            Some(length) => length.min(rest.len()),
        };
        let (now, later) = rest.split_at(length);
        rest = later;
        if !reader.feed(now) {
            break;
        }
    }
    reader.finish()
}

/// Lines: the size of chunks changes nothing, lines are counted right, and evidence covers the bytes it hashes.
///
/// The first byte chooses limits, chunks and whether a table of usage is expected, the others are the member.
pub fn lines(data: &[u8]) {
    let (choice, bytes) = data.split_first().map_or((0, data), |(choice, bytes)| (*choice, bytes));
    let limits = match choice % 4 {
        0 => Limits { line: 64, record: 96 },
        1 => Limits { line: 200, record: 1_000 },
        _ => Limits::default(),
    };
    let cuts: &[usize] = match choice / 4 % 8 {
        0 => &[1],
        1 => &[7],
        2 => &[64, 1, 1],
        3 => &[3, 5, 200, 1],
        4 => &[4_096],
        5 => &[13, 0],
        6 => &[2, 100],
        _ => &[1, 1, 1, 61, 1, 997],
    };
    if choice & 32 != 0 {
        same_as(bytes, limits, cuts, true);
    } else {
        same(bytes, limits, cuts);
    }
}

/// A member read whole and in pieces: one answer, and a right one.
pub fn same(bytes: &[u8], limits: Limits, cuts: &[usize]) {
    same_as(bytes, limits, cuts, false);
}

fn same_as(bytes: &[u8], limits: Limits, cuts: &[usize], usage: bool) {
    let whole = read_as(bytes, limits, &[], usage);
    let cut = read_as(bytes, limits, cuts, usage);
    assert_same(&whole, &cut);
    check_member(bytes, &whole);
}

/// That two readings of the same bytes are one.
fn assert_same(a: &MemberRead, b: &MemberRead) {
    assert_eq!(a.not_a_log, b.not_a_log, "not a log");
    assert_eq!(a.format, b.format, "format");
    assert_eq!(a.lines, b.lines, "lines");
    assert_eq!(a.records, b.records, "records");
    assert_eq!(a.sightings, b.sightings, "sightings");
    assert_eq!(a.statements, b.statements, "statements");
    assert_eq!(a.usage, b.usage, "tables of usage");
    assert_eq!(a.usage_assumed, b.usage_assumed, "what tables of usage rest on");
    assert_eq!(a.sheet, b.sheet, "cells");
    assert_eq!(a.strings, b.strings, "shared strings");
    assert_eq!(a.marks, b.marks, "marks");
    assert_eq!(a.silences, b.silences, "silences");
    assert_eq!(a.holes, b.holes, "holes");
    assert_eq!(a.n_unread, b.n_unread, "number of unread lines");
    assert_eq!(a.unread, b.unread, "unread lines");
    assert_eq!(a.n_cut, b.n_cut, "cut lines");
    assert_eq!(a.debug_seen, b.debug_seen, "debug codes");
    assert_eq!(a.host, b.host, "host");
    if a.not_a_log.is_none() {
        // What is no log is not read to its end, and a chunk may reach beyond the place where that is decided.
        assert_eq!(a.bytes, b.bytes, "bytes");
        assert_eq!(a.fingerprint, b.fingerprint, "fingerprint");
    }
}

/// Lines, bytes and evidence of one member.
fn check_member(bytes: &[u8], read: &MemberRead) {
    if read.not_a_log.is_none() {
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let open = !bytes.is_empty() && !bytes.ends_with(b"\n");
        assert_eq!(read.lines, ends + u64::from(open), "line breaks, and one for a line that has none");
        assert_eq!(read.bytes, bytes.len() as u64);
    }
    let spans = read.sightings.iter().map(|it| &it.span).chain(read.statements.iter().map(|it| &it.span));
    for span in spans {
        let from = usize::try_from(span.offset).expect("an offset in memory");
        let length = usize::try_from(span.length).expect("a length in memory");
        let cited = bytes.get(from..from + length).expect("evidence lies in the member");
        assert_eq!(*span, Span::of(cited, span.line, span.offset), "evidence hashes its own bytes");
        let before = &bytes[..from];
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        assert_eq!(span.line, line, "the line of offset {from}");
    }
    check_tables(bytes, &read.usage);
    if let Some(sheet) = &read.sheet {
        check_tables(bytes, &parsers::usage::from_sheet(sheet, None, true));
    }
    for mark in read.marks.iter().chain(read.holes.iter().flat_map(|hole| [&hole.before, &hole.after])) {
        let from = usize::try_from(mark.offset).expect("an offset in memory");
        let before = bytes.get(..from).expect("a mark lies in the member");
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        assert_eq!(mark.line, line, "the line of the mark at {from}");
    }
}

/// Rows lie in the member, on the lines they name, and each has one count a column.
fn check_tables(bytes: &[u8], tables: &[UsageTable]) {
    for table in tables {
        assert!(!table.rows.is_empty() && !table.columns.is_empty(), "an empty table");
        for column in &table.columns {
            assert_eq!(column.counts.len(), table.rows.len(), "one count a row");
            assert!(!column.entitlement.is_empty(), "a column without a name");
        }
        for (at, row) in table.rows.iter().enumerate().take(50) {
            let span = table.span(at).expect("a row lies in its text");
            let from = usize::try_from(span.offset).expect("an offset in memory");
            let cited = bytes.get(from..from + row.length as usize).expect("a row lies in the member");
            assert_eq!(span, Span::of(cited, span.line, span.offset), "evidence hashes its own bytes");
            let before = &bytes[..from];
            let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            assert_eq!(span.line, line, "the line of offset {from}");
            assert!(row.stamp.year.is_some_and(|year| row.stamp.civil(year).is_some()), "a date that exists");
        }
    }
}

/// Records: no grammar panics, whatever it is given, and each gives the same answer twice.
pub fn record(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for format in LINE_FORMATS {
        if let Some(record) = (format.read)(&text) {
            let _ = (format.quoted)(&record);
            let _ = record.catalog();
            assert_eq!((format.read)(&text), Some(record), "{}", format.name);
        }
    }
    for format in DOCUMENT_FORMATS {
        let passages = (format.read)(&text);
        let mut end = 0;
        for passage in &passages {
            assert!(passage.range.start <= passage.range.end, "{}: {:?}", format.name, passage.range);
            assert!(text.get(passage.range.clone()).is_some(), "{}: {:?}", format.name, passage.range);
            end = end.max(passage.range.end);
        }
        assert!(end <= text.len(), "{}", format.name);
    }
    let first = LINE_FORMATS.get(data.len() % LINE_FORMATS.len()).map(|format| format.name);
    let _ = read_record(&text, first);
}

/// Where members of the analysis may stand.
const PATHS: [Option<&str>; 8] = [
    None,
    Some("uccxpub/uccx/log/MCVD/Cisco001MCVD001.log"),
    Some("uccxpub/syslog/CiscoSyslog"),
    Some("uccxsub1/uccx/log/MCVD/Cisco002MCVD001.log"),
    Some("uccxsub1/syslog/messages"),
    Some("192.0.2.11/20260402_103000/active/uccx/log/MCVD/a.log"),
    Some("outer.zip!/uccxpub/cli/utils_service_list.txt"),
    Some("cm/log/amc/AlertLog/AlertLog_04_02_2026_10_00.csv"),
];

/// The line between two members of the input of [`analysis`].
pub const NEXT_MEMBER: &[u8] = b"\n=== next member ===\n";

/// The whole way from bytes to reports: no panic, and neither the order of members nor that of chunks shows.
///
/// The first byte chooses options, each member's first byte its path; `report` makes a report of facts.
pub fn analysis(data: &[u8], report: &dyn Fn(&Facts) -> Report) {
    let (choice, bytes) = data.split_first().map_or((0, data), |(choice, bytes)| (*choice, bytes));
    let mut members: Vec<Input> = Vec::new();
    let mut rest = bytes;
    while members.len() < 6 {
        let at = rest.windows(NEXT_MEMBER.len()).position(|window| window == NEXT_MEMBER);
        let (member, more) = match at {
            Some(at) => (&rest[..at], Some(&rest[at + NEXT_MEMBER.len()..])),
            None => (rest, None),
        };
        let (place, member) = member.split_first().map_or((0, member), |(place, member)| (*place, member));
        let path = PATHS.get(usize::from(place) % PATHS.len()).copied().flatten().filter(|_| place != 0);
        let path = if path.is_none() && !members.is_empty() { Some("session.txt") } else { path };
        let not_after = (place & 0x40 == 0).then(|| instant("2026-06-01T00:00:00Z"));
        let outcome = match place >> 5 & 3 {
            3 => MemberOutcome::Partial("the data ends early".to_owned()),
            _ => MemberOutcome::Read,
        };
        let read = read(member, Limits::default(), &[]);
        check_member(member, &read);
        // No two of one name: `same_facts.rs` looks at those.
        let path = path.map(|path| format!("{path}.{}", members.len()));
        members.push(Input {
            source: 0,
            path,
            not_after,
            outcome,
            read,
            instance: None,
            expect_usage: false,
        });
        match more {
            Some(more) => rest = more,
            None => break,
        }
    }
    let options = options(choice);
    let facts = |members: Vec<Input>| {
        let source = Source { path: "bundle".to_owned(), kind: "directory", bytes: 0, sha256: None };
        let mut analysis = Analysis::new(vec![source]);
        for member in members {
            analysis.add(member);
        }
        analysis.facts(&options)
    };
    let first = facts(members.clone());
    members.reverse();
    let turned = facts(members);
    assert_eq!(first, turned, "the order of members");
    for event in first.instances.iter().flat_map(|instance| &instance.events) {
        assert!(!event.witnesses.is_empty(), "an event without a witness");
        assert!(event.at.is_none() || event.at_candidates.is_empty(), "an instant beside candidates");
    }
    let (report, again) = (report(&first), report(&turned));
    assert_eq!(report, again);
    for renderer in RENDERERS {
        // Only the screen has a width.
        let shapes = [(80, false, false), (60, true, false), (133, false, true)];
        for (width, color, ascii) in shapes.into_iter().take(if renderer.name == "text" { 3 } else { 1 }) {
            let text = renderer.to_string(&report, &reports::Options { width, color, ascii });
            assert!(text.ends_with('\n'), "{} ends in the middle of a line", renderer.name);
            if ascii && renderer.name == "text" {
                assert!(text.is_ascii(), "{text}");
            }
        }
    }
}

fn options(choice: u8) -> Options {
    let release = match choice & 3 {
        0 => Some("12.5SU2".to_owned()),
        1 => Some("15.0".to_owned()),
        _ => None,
    };
    let mut options = Options { release, ..Options::default() };
    if choice & 4 != 0 {
        options.given.zone = history::clocks::zone("America/New_York").ok();
    }
    if choice & 8 != 0 {
        options.given.year = Some(2026);
    }
    if choice & 16 != 0 {
        options.as_of = Some(instant("2026-04-02T05:10:00Z"));
    }
    if choice & 32 != 0 {
        options.since = Some(instant("2026-04-02T04:40:00Z"));
    }
    options
}

fn instant(text: &str) -> Instant {
    text.parse().expect("an instant")
}
