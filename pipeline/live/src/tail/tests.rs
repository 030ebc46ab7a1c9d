//! Every way in which a file may go on, end and begin anew.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use parsers::reader::{Limits, Shared};
use parsers::stamp::Instant;

use super::Tail;
use crate::segment::Segments;
use crate::store::Store;

fn shared() -> Arc<Shared> {
    static SHARED: OnceLock<Arc<Shared>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(Shared::new))
}

/// A folder of logs, a writer of numbered alarms, and a watch that may end and begin again.
struct Bench {
    dir: PathBuf,
    tail: Tail,
    set: Segments,
    store: Store,
    written: u32,
}

impl Bench {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("uccxray-tail-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let set = Segments::restore(&[], shared(), Limits::default());
        Self {
            tail: Tail::new(std::slice::from_ref(&dir)),
            set,
            store: Store::in_memory().unwrap(),
            dir,
            written: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn line(&mut self) -> String {
        self.written += 1;
        let n = self.written;
        let (hour, minute, second) = (n / 3_600 % 24, n / 60 % 60, n % 60);
        format!(
            "{n}: Apr 02 {hour:02}:{minute:02}:{second:02}.000 IST %MCVD-LIB_LICENSE-3-SMART_LIC_NUMBER_{n}: number {n} of them\n"
        )
    }

    /// Appends numbered alarms.
    fn write(&mut self, name: &str, count: u32) {
        let text: String = (0..count).map(|_| self.line()).collect();
        self.append(name, text.as_bytes());
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn poll(&mut self) {
        while self.tail.poll(&mut self.set, Instant::default()) {}
        for segment in self.set.all.values_mut() {
            segment.settle();
        }
    }

    fn save(&mut self) {
        let entry = self.set.take_changes();
        self.store.keep(&entry).unwrap();
    }

    /// Ends without a word and begins again from what was written.
    fn kill(&mut self) {
        self.set = Segments::restore(&self.store.segments().unwrap(), shared(), Limits::default());
        self.tail = Tail::new(std::slice::from_ref(&self.dir));
    }

    /// How often each number was read.
    fn counts(&self) -> BTreeMap<u32, u32> {
        let mut counts = BTreeMap::new();
        for segment in self.set.all.values() {
            for sighting in segment.input(0).read.sightings {
                let number = sighting.mnemonic.trim_start_matches("SMART_LIC_NUMBER_").parse().unwrap();
                *counts.entry(number).or_default() += 1;
            }
        }
        counts
    }

    /// Every number once.
    #[track_caller]
    fn check(&mut self) {
        self.poll();
        let expected: BTreeMap<u32, u32> = (1..=self.written).map(|n| (n, 1)).collect();
        assert_eq!(self.counts(), expected);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Plays a rotation with the watch alive, and with the watch dead during it.
#[track_caller]
fn play(name: &str, rotate: impl Fn(&mut Bench, usize)) {
    for dead in [false, true] {
        let mut bench = Bench::new(&format!("{name}-{dead}"));
        bench.write("log", 5);
        bench.poll();
        bench.save();
        for turn in 0..4 {
            if dead {
                bench.kill();
            }
            // What is not read yet when the file is rotated.
            bench.write("log", 3);
            rotate(&mut bench, turn);
            bench.write("log", 4);
            bench.check();
            bench.save();
            bench.write("log", 2);
            bench.check();
        }
    }
}

#[test]
fn lines_that_are_appended_are_read_once() {
    play("append", |_, _| {});
}

#[test]
fn a_renamed_file_is_read_to_its_end_under_its_new_name() {
    play("rename", |bench, turn| {
        for n in (1..=turn).rev() {
            bench.rename(&format!("log.{n}"), &format!("log.{}", n + 1));
        }
        bench.rename("log", "log.1");
    });
}

#[test]
fn a_file_that_is_copied_and_cut_is_read_on_in_the_copy() {
    play("copytruncate", |bench, turn| {
        for n in (1..=turn).rev() {
            bench.rename(&format!("log.{n}"), &format!("log.{}", n + 1));
        }
        fs::copy(bench.path("log"), bench.path("log.1")).unwrap();
        OpenOptions::new().write(true).truncate(true).open(bench.path("log")).unwrap();
    });
}

#[test]
fn a_file_that_is_compressed_is_read_on_in_what_it_became() {
    play("gzip", |bench, turn| {
        let bytes = fs::read(bench.path("log")).unwrap();
        let to = fs::File::create(bench.path(&format!("log-{turn}.gz"))).unwrap();
        let mut gz = flate2::write::GzEncoder::new(to, flate2::Compression::default());
        gz.write_all(&bytes).unwrap();
        gz.finish().unwrap();
        fs::remove_file(bench.path("log")).unwrap();
    });
}

#[test]
fn names_used_in_a_circle_hold_new_files() {
    for dead in [false, true] {
        let mut bench = Bench::new(&format!("circle-{dead}"));
        for turn in 0..9 {
            let name = format!("Cisco001MCVD00{}.log", turn % 3 + 1);
            if dead {
                bench.kill();
            }
            let text: String = (0..5 + turn % 2).map(|_| bench.line()).collect();
            fs::write(bench.path(&name), text).unwrap();
            bench.check();
            bench.write(&name, 3);
            bench.check();
            bench.save();
        }
    }
}

#[test]
fn an_inode_that_is_used_again_is_another_file() {
    let mut bench = Bench::new("inode");
    bench.write("log", 5);
    bench.check();
    // The same inode with other bytes, and more of them.
    let text: String = (0..20).map(|_| bench.line()).collect();
    fs::write(bench.path("log"), text).unwrap();
    bench.check();
    fs::remove_file(bench.path("log")).unwrap();
    bench.write("other", 3);
    bench.check();
}

#[test]
fn files_that_begin_alike_are_two() {
    let mut bench = Bench::new("alike");
    let banner = "1: Apr 02 00:00:00.000 IST %MCVD-CVD-6-START: the Cluster View Daemon begins, and says a lot about it\n";
    for name in ["a.log", "b.log"] {
        bench.append(name, banner.as_bytes());
        bench.write(name, 3);
    }
    bench.check();
    bench.write("a.log", 2);
    bench.write("b.log", 2);
    bench.check();
}

#[test]
fn a_copy_that_lies_beside_its_file_counts_once_and_the_one_that_grows_is_followed() {
    let mut bench = Bench::new("copy");
    bench.write("log", 5);
    bench.check();
    fs::copy(bench.path("log"), bench.path("log.copy")).unwrap();
    bench.check();
    bench.write("log.copy", 2);
    bench.check();
    bench.write("log.copy", 2);
    bench.check();
}

#[test]
fn a_copy_in_the_making_is_waited_for() {
    let mut bench = Bench::new("making");
    bench.write("log", 50);
    bench.check();
    let whole = fs::read(bench.path("log")).unwrap();
    for part in [100, 1_000, whole.len()] {
        fs::write(bench.path("log.1"), &whole[..part]).unwrap();
        bench.check();
    }
    OpenOptions::new().write(true).truncate(true).open(bench.path("log")).unwrap();
    bench.write("log", 3);
    bench.check();
}

#[test]
fn a_line_in_two_pieces_is_one() {
    let mut bench = Bench::new("pieces");
    bench.write("log", 2);
    let line = bench.line();
    for piece in line.as_bytes().chunks(7) {
        bench.append("log", piece);
        bench.poll();
        bench.save();
        bench.kill();
    }
    bench.check();
}

#[test]
fn what_vanishes_stays_known_and_a_folder_may_come_later() {
    let mut bench = Bench::new("later");
    let root = bench.dir.join("not/yet");
    bench.tail = Tail::new(std::slice::from_ref(&root));
    bench.poll();
    assert!(bench.tail.troubles()[0].contains("it is waited for"), "{:?}", bench.tail.troubles());
    fs::create_dir_all(&root).unwrap();
    bench.write("not/yet/log", 5);
    bench.check();
    assert_eq!(bench.tail.troubles(), Vec::<String>::new());
    bench.save();
    fs::remove_dir_all(&root).unwrap();
    bench.check();
    bench.kill();
    bench.tail = Tail::new(std::slice::from_ref(&root));
    bench.check();
}

#[test]
fn a_file_that_is_named_brings_its_rotated_ones() {
    let mut bench = Bench::new("named");
    bench.tail = Tail::new(&[bench.path("CiscoSyslog")]);
    bench.append(
        "CiscoSyslogger",
        b"1: Apr 02 00:00:00.000 IST %MCVD-LIB_LICENSE-3-SMART_LIC_NUMBER_99: not named\n",
    );
    bench.write("CiscoSyslog.1", 3);
    bench.write("CiscoSyslog", 3);
    bench.check();
    bench.rename("CiscoSyslog", "CiscoSyslog.2");
    bench.write("CiscoSyslog", 3);
    bench.check();
    let names: Vec<&str> = bench.set.all.values().map(|segment| segment.name.as_str()).collect();
    assert_eq!(names, ["CiscoSyslog.2", "CiscoSyslog.1", ""]);
}

#[test]
fn a_large_file_is_read_in_turns_and_parted_anywhere() {
    let mut bench = Bench::new("large");
    bench.write("log", 100_000);
    let mut turns = 0;
    while bench.tail.poll(&mut bench.set, Instant::default()) {
        bench.set.all.values_mut().for_each(|segment| {
            segment.settle();
        });
        bench.save();
        bench.kill();
        turns += 1;
    }
    assert!(turns >= 1, "{turns}");
    bench.set.all.values_mut().for_each(|segment| {
        segment.settle();
    });
    // The oldest are forgotten beyond what is kept of one file.
    let counts = bench.counts();
    assert!(counts.values().all(|count| *count == 1));
    assert_eq!(counts.keys().next_back(), Some(&bench.written));
}

#[test]
fn what_is_no_log_is_left_alone() {
    let mut bench = Bench::new("binary");
    fs::write(bench.path("core"), [b"\x7fELF\x02\x01\x01".to_vec(), vec![0; 100_000]].concat()).unwrap();
    bench.write("log", 2);
    bench.check();
    assert!(bench.set.all.values().any(|segment| segment.not_a_log));
}

#[test]
fn compressed_rubbish_is_told_once_it_stays() {
    let mut bench = Bench::new("rubbish");
    fs::write(bench.path("log.gz"), b"\x1f\x8b\x08\0 not gzip").unwrap();
    bench.poll();
    std::thread::sleep(super::COMPRESSING);
    bench.poll();
    bench.poll();
    assert!(bench.tail.troubles().iter().any(|says| says.contains("log.gz")), "{:?}", bench.tail.troubles());
}
