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
    engine: Engine,
}

impl Bench {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("uccxray-engine-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("logs")).unwrap();
        let (clock, now) = clock();
        let engine = Self::open(&dir, &clock);
        Self { dir: Dir(dir), now, clock, engine }
    }

    fn open(dir: &std::path::Path, clock: &Clock) -> Engine {
        let store = Store::open(&dir.join("state")).unwrap();
        Engine::open(setup(vec![dir.join("logs")]), store, clock.clone(), judge_without_tables()).unwrap()
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
        let Self { dir, now, clock, engine } = self;
        std::mem::drop(engine);
        let engine = Self::open(&dir.0, &clock);
        Self { dir, now, clock, engine }
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
    bench.engine.store.limit(30);
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
    bench.engine.store.limit(1_000_000);
    bench.engine.save(true);
    bench.settle();
    assert_eq!(bench.engine.snapshots().borrow().troubles, Vec::<String>::new());
    let mut bench = bench.kill();
    bench.settle();
    assert_eq!(bench.engine.report().unwrap().events.len(), events);
}
