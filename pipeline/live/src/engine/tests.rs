//! A watch from lines to alerts.

use std::sync::Mutex;

use reports::alerts::AlertState;

use super::*;

/// A clock that a test sets.
fn clock() -> (Clock, Arc<Mutex<Instant>>) {
    let now =
        Arc::new(Mutex::new(chrono::DateTime::parse_from_rfc3339("2026-04-02T05:30:10Z").unwrap().to_utc()));
    let shared = Arc::clone(&now);
    (Clock::new(move || *shared.lock().unwrap()), now)
}

fn judge_without_tables() -> Judge {
    Box::new(|analysis, options| {
        let facts = analysis.facts(options);
        let tool = reports::Tool { name: "uccxray".to_owned(), version: "0".to_owned() };
        reports::assemble(&facts, &reports::Tables::default(), tool)
    })
}

fn setup(roots: Vec<PathBuf>) -> Setup {
    Setup {
        roots,
        endpoints: Vec::new(),
        limits: Limits::default(),
        shared: Shared::new(),
        options: Options { release: Some("12.5SU2".to_owned()), ..Options::default() },
        rules: Rules::default(),
        sinks: vec![toml::from_str("name = \"out\"\nkind = \"stdout\"").unwrap()],
        keep: TimeDelta::days(400),
        replay: None,
    }
}

fn line(at: &str, what: &str) -> String {
    format!(
        "<185>7: uccxpub: Apr 02 2026 {at}.123 UTC :  %UC_LIB_LICENSE-1-{what}[AppID=Cisco Unified CCX Cluster View \
         Daemon][ClusterID=][NodeID=uccxpub]: This Product Instance is such\n"
    )
}

const OVERAGE: &str = "SYSTEM_TO_ENTER_OOC_STATE: %[The time remaining to enter OOC state=45 minutes]";

/// A folder that goes with the test.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A watch on a folder that the test writes into.
struct Bench {
    dir: Dir,
    now: Arc<Mutex<Instant>>,
    clock: Clock,
    store: Store,
    engine: Engine,
}

impl Bench {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("uccxray-engine-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("logs")).unwrap();
        let (clock, now) = clock();
        let (store, engine) = Self::open(&dir, &clock);
        Self { dir: Dir(dir), now, clock, store, engine }
    }

    fn open(dir: &std::path::Path, clock: &Clock) -> (Store, Engine) {
        let store = Store::open(&dir.join("state")).unwrap();
        let setup = setup(vec![dir.join("logs")]);
        let engine = Engine::open(setup, store.clone(), clock.clone(), judge_without_tables()).unwrap();
        (store, engine)
    }

    fn write(&self, text: &str) {
        use std::io::Write as _;
        let path = self.dir.0.join("logs/CiscoSyslog");
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn pass(&self, minutes: i64) {
        *self.now.lock().unwrap() += TimeDelta::minutes(minutes);
    }

    /// Reads everything and asks at once.
    fn settle(&mut self) {
        self.engine.catch_up();
    }

    fn told(&self) -> Vec<String> {
        let told = self.engine.told().iter().rev();
        told.map(|alert| format!("{} {}", alert.rule, alert.state.name())).collect()
    }

    /// Ends without a word and begins again.
    fn kill(self) -> Self {
        let Self { dir, now, clock, store, engine } = self;
        std::mem::drop((engine, store));
        let (store, engine) = Self::open(&dir.0, &clock);
        Self { dir, now, clock, store, engine }
    }
}

#[test]
fn a_countdown_goes_from_its_line_to_out_of_compliance_without_another_line() {
    let mut bench = Bench::new("countdown");
    bench.write(&line("05:30:05", OVERAGE));
    bench.settle();
    assert_eq!(bench.told(), ["overage raised"]);
    bench.pass(31);
    bench.settle();
    let told = bench.told();
    assert!(told.iter().filter(|told| *told == "overage raised").count() == 2, "{told:?}");
    bench.write(&line("06:15:05", "SYSTEM_IN_OOC_STATE: %"));
    bench.pass(15);
    bench.settle();
    assert!(bench.told().contains(&"out-of-compliance raised".to_owned()), "{:?}", bench.told());
    let report = bench.engine.report().unwrap();
    assert_eq!(report.product_instances[0].now.authorization.state, "out_of_compliance");
    let alert = bench.engine.told().iter().find(|it| it.rule == "out-of-compliance").unwrap();
    assert_eq!((alert.state, alert.evidence[0].line), (AlertState::Raised, 2));
}

#[test]
fn nothing_is_told_again_after_an_end_at_any_moment() {
    let mut bench = Bench::new("again");
    bench.write(&line("05:30:05", OVERAGE));
    bench.settle();
    let before = bench.told();
    for _ in 0..3 {
        bench = bench.kill();
        bench.settle();
        assert_eq!(bench.told(), before);
        assert_eq!(bench.engine.report().unwrap().events.len(), 1);
    }
}

#[test]
fn a_folder_that_says_nothing_is_silent_after_half_an_hour() {
    let mut bench = Bench::new("silent");
    bench.settle();
    assert_eq!(bench.told(), [""; 0]);
    bench.pass(31);
    bench.settle();
    assert_eq!(bench.told(), ["source-silent raised"]);
    bench.write(&line("06:01:30", "SYSTEM_BACK_IN_COMPLIANCE_STATE: %"));
    bench.settle();
    assert_eq!(bench.told(), ["source-silent raised", "source-silent resolved"]);
}

#[test]
fn a_full_disk_is_told_as_trouble_and_nothing_is_lost() {
    let mut bench = Bench::new("full");
    bench.write(&line("05:30:05", OVERAGE));
    bench.settle();
    bench.store.limit(30);
    let many: String = (0..2_000)
        .map(|n| line(&format!("05:{:02}:{:02}", 31 + n / 60 % 20, n % 60), "ODD_ONE: %"))
        .collect();
    bench.write(&many);
    bench.settle();
    let snapshot = bench.engine.snapshots().borrow().clone();
    assert!(
        snapshot.troubles.iter().any(|says| says.contains("the disk is full")),
        "{:?}",
        snapshot.troubles
    );
    let events = bench.engine.report().unwrap().events.len();
    bench.store.limit(1_000_000);
    bench.engine.save();
    bench.settle();
    assert_eq!(bench.engine.snapshots().borrow().troubles, Vec::<String>::new());
    let mut bench = bench.kill();
    bench.settle();
    assert_eq!(bench.engine.report().unwrap().events.len(), events);
}

#[test]
fn a_disk_that_takes_its_time_holds_up_nothing_but_what_is_told() {
    let mut bench = Bench::new("slow");
    bench.settle();
    // Who holds the connection is a disk that does not answer.
    let store = bench.store.clone();
    let disk = store.lock();
    bench.write(&line("05:30:05", OVERAGE));
    let deadline = Stopwatch::now() + Duration::from_secs(20);
    let shown = |bench: &Bench| bench.engine.snapshots().borrow().clone();
    let read = |bench: &Bench| bench.engine.set.all.values().map(|segment| segment.read).sum::<u64>();
    let mut length = line("05:30:05", OVERAGE).len() as u64;
    while !bench.engine.turn().writing || read(&bench) < length {
        assert!(Stopwatch::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    // Reading goes on.
    bench.write(&line("05:30:07", "ODD_ONE: %"));
    length += line("05:30:07", "ODD_ONE: %").len() as u64;
    while read(&bench) < length {
        assert!(bench.engine.turn().writing && Stopwatch::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(ASK * 4);
    assert!(bench.engine.turn().writing);
    assert_eq!((bench.told(), shown(&bench).report.events.len()), (Vec::new(), 0));
    drop(disk);
    drop(store);
    while bench.told().is_empty() || shown(&bench).report.events.len() < 2 {
        bench.engine.turn();
        assert!(Stopwatch::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(bench.told(), ["overage raised"]);
    let mut bench = bench.kill();
    bench.settle();
    assert_eq!((bench.told(), shown(&bench).report.events.len()), (vec!["overage raised".to_owned()], 2));
}

#[test]
fn what_could_not_be_written_is_written_with_what_came_since() {
    let mut set = Segments::restore(&[], Shared::new(), Limits::default());
    let id = set.begin_sender("udp", "udp", "192.0.2.10");
    let feed = |set: &mut Segments, text: &str| {
        let segment = set.all.get_mut(&id).unwrap();
        segment.feed(text.as_bytes(), Instant::default());
        segment.settle();
    };
    // The last record is open: nobody knows yet whether another line belongs to it.
    feed(&mut set, &line("05:30:05", OVERAGE));
    feed(&mut set, &line("05:30:06", "ODD_ONE: %"));
    let failed = set.take_changes();
    assert_eq!((failed.segments[0].records.len(), failed.lasts, set.is_unsaved()), (1, true, false));
    feed(&mut set, &line("05:30:07", "ODD_ONE: %"));
    set.take_back(failed);
    assert!(set.matters());
    let all = set.take_changes();
    assert_eq!(all.segments[0].records.iter().map(|kept| kept.line).collect::<Vec<_>>(), [1, 2]);
    let store = Store::in_memory().unwrap();
    store.keep(&all).unwrap();
    let again = Segments::restore(&store.segments().unwrap(), Shared::new(), Limits::default());
    let said = |set: &Segments| set.all[&id].input(0).read.sightings;
    assert_eq!(said(&again), said(&set));
    assert_eq!(said(&again).len(), 3);
}
