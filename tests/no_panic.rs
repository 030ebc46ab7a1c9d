//! Arbitrary bytes, and lines that are nearly right, at each entry point: no panic, and what must hold holds.
//!
//! `PROPTEST_CASES=1000000` runs more than the default 256 cases each.

use std::sync::OnceLock;

use parsers::formats::{DOCUMENT_FORMATS, LINE_FORMATS};
use parsers::reader::Limits;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::bodies;
use crate::support::case;

/// Lines and texts to start from: those of the formats and those of the samples.
fn pool() -> &'static Vec<Vec<u8>> {
    static POOL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    POOL.get_or_init(|| {
        let lines = LINE_FORMATS.iter().flat_map(|format| format.samples);
        let documents = DOCUMENT_FORMATS.iter().flat_map(|format| format.samples);
        let mut pool: Vec<Vec<u8>> = lines.chain(documents).map(|text| text.as_bytes().to_vec()).collect();
        pool.extend(TABLES.iter().flat_map(|text| {
            let lines = text.split_inclusive('\n').map(|line| line.as_bytes().to_vec());
            lines.chain([text.as_bytes().to_vec()])
        }));
        for case in case::all() {
            texts(&case.dir, &mut pool);
        }
        pool.sort();
        pool.dedup();
        pool
    })
}

/// Tables of usage in each of the ways they are written.
const TABLES: [&str; 7] = [
    "License Consumption\nDate,Time,Maximum Standard Seats,Max Inbound Ports\n4/2/26,11:45 PM,40,\"1,234\"\n4/3/26,12:00 AM,,2\nTotal,,40,1236\n",
    "Date;Time;Max Agent Seats\n28/04/2026;00:15;1.234\n;00:30;5\n",
    "timestamp,PREMIUM,purchased_premium,note\n2026-04-02T10:15:00Z,9,10,a\n1775125800,,10,\n",
    "time,entitlement,count\n2026-04-02 10:15,stdseats,4\n2026-04-02 10:30,premseats,5\n",
    "admin:run uccx sql db_cra select * from FlexLicenseUsage\nTIMESTAMP STDSEATS PREMSEATS\n=====\n2026-04-02 10:15:00.0 40 9\n2026-04-02 10:30:00.0 NULL 9\nadmin:\n",
    "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>time</v></c><c t=\"inlineStr\"><is><t>in_use &amp;</t></is></c></row>\n<row><c r=\"A2\"><v>46114.4270833</v></c><c r=\"B2\"><v>7</v></c></row></sheetData></worksheet>",
    "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>Date</t></si><si><r><t>Time</t></r></si></sst>",
];

/// The lines of all small files below a folder.
fn texts(dir: &std::path::Path, pool: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || name == "expected" || name == "case.toml" || name == "make.py" {
            continue;
        }
        if path.is_dir() {
            texts(&path, pool);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| line.len() < 4_000);
        pool.extend(lines.map(<[u8]>::to_vec));
    }
}

/// Bytes that a failing test prints as they would stand in a test.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// What is done to a line of the pool.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    /// The line ends here.
    Cut(Index),
    /// The rest comes from another line: grammars meet in the middle.
    Splice(Index, Index, Index),
    /// A part again, many times.
    Repeat(Index, u8, u8),
}

fn change() -> impl Strategy<Value = Change> {
    // Bytes that grammars look for are drawn as often as all others together.
    let byte = || {
        prop_oneof![any::<u8>(), prop::sample::select(b"%-:[]()=,\" \t\r\n\0#<>{}0179.+Zu\xff\xc3".to_vec())]
    };
    prop_oneof![
        3 => Just(Change::Nothing),
        2 => (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (any::<Index>(), prop::collection::vec(byte(), 1..6)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (any::<Index>(), 1..40_u8).prop_map(|(at, n)| Change::Remove(at, n)),
        1 => any::<Index>().prop_map(Change::Cut),
        2 => any::<(Index, Index, Index)>().prop_map(|(at, line, from)| Change::Splice(at, line, from)),
        1 => (any::<Index>(), 1..30_u8, 1..20_u8).prop_map(|(at, n, times)| Change::Repeat(at, n, times)),
    ]
}

fn apply(mut line: Vec<u8>, change: &Change) -> Vec<u8> {
    let place = |at: &Index, line: &[u8]| at.index(line.len() + 1);
    match change {
        Change::Nothing => {}
        Change::Set(at, byte) => {
            let at = place(at, &line);
            if let Some(old) = line.get_mut(at) {
                *old = *byte;
            }
        }
        Change::Insert(at, bytes) => {
            let at = place(at, &line);
            line.splice(at..at, bytes.iter().copied());
        }
        Change::Remove(at, n) => {
            let at = place(at, &line);
            line.drain(at..(at + usize::from(*n)).min(line.len()));
        }
        Change::Cut(at) => line.truncate(place(at, &line)),
        Change::Splice(at, other, from) => {
            line.truncate(place(at, &line));
            let other = &pool()[other.index(pool().len())];
            line.extend_from_slice(&other[place(from, other)..]);
        }
        Change::Repeat(at, n, times) => {
            let at = place(at, &line);
            let part = line[at..(at + usize::from(*n)).min(line.len())].repeat(usize::from(*times));
            line.splice(at..at, part);
        }
    }
    line
}

/// A line of the pool, up to three times changed.
fn line() -> impl Strategy<Value = Bytes> {
    (any::<Index>(), prop::collection::vec(change(), 0..4)).prop_map(|(line, changes)| {
        let line = pool()[line.index(pool().len())].clone();
        Bytes(changes.iter().fold(line, apply))
    })
}

/// Bytes from nowhere, lines that are nearly right, with line ends of all kinds and none.
fn member(n_lines: std::ops::Range<usize>) -> impl Strategy<Value = Bytes> {
    let end = prop::sample::select(vec![&b"\n"[..], b"\n", b"\n", b"\r\n", b"\n\n", b"", b"\r"]);
    let piece = prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Bytes),
        8 => line(),
    ];
    let lines = prop::collection::vec((piece, end), n_lines);
    lines.prop_map(|lines| {
        let mut bytes = Vec::new();
        for (line, end) in lines {
            bytes.extend(line.0);
            bytes.extend_from_slice(end);
        }
        Bytes(bytes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_of_any_bytes(choice: u8, bytes in member(0..12)) {
        bodies::lines(&[&[choice], bytes.0.as_slice()].concat());
    }

    #[test]
    fn records_of_any_text(bytes in prop_oneof![4 => line(), 1 => member(0..6)]) {
        bodies::record(&bytes.0);
    }

    #[test]
    fn analyses_of_any_members(choice: u8, members in prop::collection::vec((any::<u8>(), member(0..8)), 1..4)) {
        let members: Vec<Vec<u8>> =
            members.into_iter().map(|(place, member)| [&[place], member.0.as_slice()].concat()).collect();
        let bytes = [vec![choice], members.join(bodies::NEXT_MEMBER)].concat();
        bodies::analysis(&bytes, &uccxray::analyze::report);
    }
}

/// Found by `analyses_of_any_members`: two records run together on a line that no format reads.
#[test]
fn a_line_is_unread_once_however_many_records_stand_on_it() {
    let text = b": uccxpub.example.com: Apr 02 2026 02:45:02.412 UTC :  %UC_SERVICEMANAGER-5-ServiceActivated: %[NodeID=uccxpub]: Service Activated.\n\
        120733: Apr \x0002 01:30:00.211 EDT %MCVD-CLUSTER_MGR-7-UNK:this node is master51214: Apr 02 10:30:05.207 IST \
        %MCVD-LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: [REPORT_ENTITLE] Out of Compliance state in =15 minutes\n";
    let read = bodies::read(text, Limits::default(), &[]);
    assert!(
        read.n_unread <= read.lines,
        "{} unread of {} lines: {:#?}",
        read.n_unread,
        read.lines,
        read.unread
    );
}

/// Windows, sampled marks and long stretches are met only by members of a megabyte.
#[test]
fn large_members_are_the_same_in_any_chunks() {
    let mut rng = uccxray::generate::Rng::stream(7, 7);
    let n_pool = u32::try_from(pool().len()).unwrap();
    for round in 0..12_u32 {
        let mut bytes = Vec::new();
        let size = 300_000 + rng.below(1_600_000) as usize;
        let mut seq = rng.below(1_000_000);
        while bytes.len() < size {
            if rng.one_in(200) {
                let line = &pool()[rng.below(n_pool) as usize];
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            } else if rng.one_in(if round % 3 == 0 { 4_000 } else { u32::MAX }) {
                bytes.extend(std::iter::repeat_n(b'x', 70_000));
            } else {
                seq += u32::from(!rng.one_in(3_000));
                let minute = seq / 400 % 60;
                let text =
                    format!("{seq}: Apr 02 10:{minute:02}:00.{:03} IST %MCVD-LIB_EVENT-7-UNK:", seq % 1_000);
                bytes.extend_from_slice(text.as_bytes());
                bytes.extend(std::iter::repeat_n(b'.', rng.below(200) as usize));
                bytes.push(b'\n');
            }
        }
        for limits in [Limits::default(), Limits { line: 1_000, record: 3_000 }] {
            for cuts in [&[0_usize][..], &[65_536], &[99_991, 7], &[262_144], &[1_000]] {
                bodies::same(&bytes, limits, cuts);
            }
        }
    }
}

/// A line that counts as read must have been read: a licence record behind a broken code was neither event nor unread.
#[test]
fn a_licence_record_behind_rubbish_is_an_event() {
    let text = b"%M%MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.cisco.x.Y b.\n\
        Cisco001MCVD001.log:100: Apr 02 10:00:00.000 UTC %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [R] com.x.Y.Z b.\n";
    let read = bodies::read(text, Limits::default(), &[]);
    assert_eq!((read.sightings.len(), read.n_unread), (2, 0), "{:#?}", read.unread);
    assert_eq!((read.sightings[0].span.offset, read.sightings[1].span.line), (2, 2));
}
