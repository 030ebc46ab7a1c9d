//! What the store promises.

use std::path::PathBuf;

use parsers::reader::live::Kept;
use parsers::reader::{Limits, Reader, Shared};
use parsers::stamp::Instant;

use super::{Changes, Entry, Error, Store, Stored, Told};
use crate::deliver::Outbox as _;

/// A directory of its own for a test, removed at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("uccxray-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What stands of a log with alarms, a hole, a silence and an unread line.
fn changes(id: i64) -> Changes {
    let mut reader = Reader::of_sender(&Shared::new(), Limits::default());
    for (seq, minute) in [(1, 0), (2, 1), (9, 30)] {
        let line = format!(
            "{seq}: Apr 02 05:{minute:02}:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE:This Product Instance is in OOC\n"
        );
        reader.feed(line.as_bytes());
    }
    reader.feed(b"<189>IB_LICENSE-1-odd\n<189>half a li");
    reader.settle();
    let segment = Stored {
        id,
        kind: "udp".to_owned(),
        name: "192.0.2.10".to_owned(),
        root: "udp://0.0.0.0:514".to_owned(),
        read: reader.tally().bytes,
        head: b"head".to_vec(),
        anchor: vec![0xff, 0],
        last_bytes_ms: Some(1_775_000_000_000),
        standing: reader.standing(),
        open: Some(reader.open_bytes()),
        counts: reader.counts(),
        ..Stored::default()
    };
    assert!(segment.counts.holes.len() == 1 && segment.counts.silences.len() == 1);
    Changes { segment, records: reader.take_kept(), forget_before: None }
}

/// What must last.
fn entry(segments: &[Changes], gone: &[i64]) -> Entry {
    Entry { segments: segments.to_vec(), gone: gone.to_vec(), told: None, lasts: true }
}

/// What the rules tell, and remember.
fn told(alerts: &[&str], ms: i64) -> Entry {
    let alerts = alerts.iter().map(|id| (alert(id), vec!["hook".to_owned()])).collect();
    let told = Told { name: "rules", memory: "{}".to_owned(), alerts, at: at(ms) };
    Entry { told: Some(told), lasts: true, ..Entry::default() }
}

#[test]
fn what_was_written_is_there_after_the_end() {
    let dir = Dir::new("again");
    let written = changes(7);
    Store::open(&dir.0).unwrap().keep(&entry(std::slice::from_ref(&written), &[])).unwrap();
    let found = Store::open(&dir.0).unwrap().segments().unwrap();
    assert_eq!(found, [(written.segment, written.records)]);
}

#[test]
fn counts_are_there_after_the_end_and_what_follows_is_synced_as_before() {
    let dir = Dir::new("counts");
    let store = Store::open(&dir.0).unwrap();
    let written = Changes { records: Vec::new(), ..changes(7) };
    let counts = Entry { lasts: false, ..entry(std::slice::from_ref(&written), &[]) };
    store.keep(&counts).unwrap();
    // 2 is FULL.
    let synced: i64 = store.lock().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synced, 2);
    drop(store);
    let found = Store::open(&dir.0).unwrap().segments().unwrap();
    assert_eq!(found, [(written.segment, Vec::new())]);
}

#[test]
fn a_forgotten_record_and_a_gone_segment_leave_nothing() {
    let store = Store::in_memory().unwrap();
    let mut written = changes(1);
    store.keep(&entry(&[written.clone(), changes(2)], &[])).unwrap();
    let (first, rest) = (written.records[0].clone(), written.records[1..].to_vec());
    written.forget_before = Some(first.offset + 1);
    written.records = Vec::new();
    store.keep(&entry(&[written], &[2])).unwrap();
    let found = store.segments().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, rest);
}

#[test]
fn two_watches_do_not_share_a_state() {
    let dir = Dir::new("two");
    let _first = Store::open(&dir.0).unwrap();
    let second = Store::open(&dir.0).err().unwrap();
    assert!(matches!(second, Error::InUse(_)), "{second}");
    assert!(second.to_string().contains("another watch uses it"), "{second}");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let dir = Dir::new("newer");
    let store = Store::open(&dir.0).unwrap();
    store.lock().pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = Store::open(&dir.0).err().unwrap();
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
}

#[test]
fn a_full_disk_leaves_what_was_there_and_recovers() {
    let dir = Dir::new("full");
    let store = Store::open(&dir.0).unwrap();
    store.keep(&entry(&[changes(1)], &[])).unwrap();
    store.limit(20);
    let mut large = changes(2);
    large.records =
        (0..200).map(|at| Kept { offset: at * 5_000, line: at, bytes: vec![b'x'; 5_000] }).collect();
    // Neither the records nor what is told because of them.
    let error = store.keep(&Entry { segments: vec![large.clone()], ..told(&["a"], 5) }).unwrap_err();
    assert!(matches!(error, Error::Full), "{error}");
    assert_eq!(store.segments().unwrap().len(), 1);
    assert!(store.told(10).unwrap().is_empty() && store.memory("rules").unwrap().is_none());
    store.limit(1_000_000);
    store.keep(&Entry { segments: vec![large], ..told(&["a"], 5) }).unwrap();
    assert_eq!(store.told(10).unwrap().len(), 1);
    assert_eq!(store.segments().unwrap().len(), 2);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = Dir::new("private");
    let _store = Store::open(&dir.0).unwrap();
    assert_eq!(std::fs::metadata(&dir.0).unwrap().permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(&dir.0).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

fn at(ms: i64) -> Instant {
    Instant::from_timestamp_millis(ms).unwrap()
}

fn alert(id: &str) -> reports::alerts::Alert {
    use reports::alerts::{Alert, AlertState};
    Alert {
        id: id.to_owned(),
        rule: "out-of-compliance".to_owned(),
        state: AlertState::Raised,
        severity: reports::Severity::Critical,
        product_instance: None,
        node: None,
        since: None,
        noticed: reports::time::Time(at(0)),
        deadline: None,
        title: "t".to_owned(),
        says: "s".to_owned(),
        remedy: "r".to_owned(),
        basis: reports::report::Basis::Stated,
        evidence: Vec::new(),
        may_repeat: false,
        replayed: false,
        test: false,
    }
}

#[test]
fn a_delivery_that_was_begun_is_known_as_begun_after_the_end() {
    let dir = Dir::new("begun");
    let store = Store::open(&dir.0).unwrap();
    store.keep(&told(&["a"], 5)).unwrap();
    let due = store.due(at(5), "hook").unwrap().unwrap();
    assert!(!due.was_sending);
    store.sending(&due.delivery_id).unwrap();
    drop(store);
    let store = Store::open(&dir.0).unwrap();
    let again = store.due(at(5), "hook").unwrap().unwrap();
    assert!(again.was_sending && again.delivery_id == due.delivery_id);
    store.sent(&again.delivery_id, at(6)).unwrap();
    assert_eq!(store.due(at(7), "hook").unwrap(), None);
    assert_eq!(store.memory("rules").unwrap().as_deref(), Some("{}"));
    assert_eq!(store.told(10).unwrap().len(), 1);
}

#[test]
fn a_later_word_on_one_matter_waits_for_the_earlier_one() {
    let store = Store::in_memory().unwrap();
    store.keep(&told(&["a", "a", "b"], 0)).unwrap();
    let first = store.due(at(0), "hook").unwrap().unwrap();
    store.sending(&first.delivery_id).unwrap();
    store.failed(&first.delivery_id, 1, at(1_000), "refused").unwrap();
    // The matter waits, another one does not.
    let other = store.due(at(0), "hook").unwrap().unwrap();
    assert_eq!(other.alert.id, "b");
    store.sent(&other.delivery_id, at(0)).unwrap();
    assert_eq!(store.due(at(999), "hook").unwrap(), None);
    assert_eq!(store.due(at(1_000), "hook").unwrap().unwrap().delivery_id, first.delivery_id);
    assert_eq!(store.tally("hook").unwrap(), super::SinkTally { sent: 1, dead: 0, waiting: 2, failed: 1 });
}
