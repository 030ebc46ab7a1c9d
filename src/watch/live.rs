//! A watch on what happens now.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use live::clock::Clock;
use live::deliver::worker::Pace;
use live::deliver::{
    DeadLetters, Delivery, Means, Outbox, Sink, SinkConfig, read_secret, test_alert as alert,
};
use live::engine::{Engine, Setup};
use live::listen::Listener;
use live::status::Snapshot;
use live::store::Store;
use live::view::plain::{self, Style};
use live::view::screen;
use live::view::serve::{ServeConfig, Server};
use notify::Watcher as _;
use parsers::reader::Shared;

use super::config::{self, Config};
use super::service::{Bell, notify as tell_manager};
use crate::analyze::{self, UsageError, complain};
use crate::cli::WatchArgs;
use crate::exit::Exit;

/// How long one attempt to tell may take.
const TELLING: Duration = Duration::from_secs(10);

/// What is being sent may end within this when the watch ends.
const PARTING: Duration = Duration::from_secs(5);

/// Messages come by the thousand: what comes within this is looked at together.
const TOGETHER: Duration = Duration::from_millis(10);

/// Watches until it is told to end.
pub(super) fn run(args: &WatchArgs, config: Config, clock: Clock) -> Result<Exit, UsageError> {
    let bell = Bell::default();
    if let Err(error) = bell.heed_signals() {
        complain(&format!("cannot listen to signals: {error}"));
        return Ok(Exit::Failure);
    }
    let fail = |why: &dyn std::fmt::Display| {
        complain(&format!("cannot {why}"));
        Ok(Exit::Failure)
    };
    let store = match Store::open(&config.state) {
        Ok(store) => store,
        Err(error) => return fail(&error),
    };
    let mut sending = Sending::start(&config.sinks, &store, &clock, &config.state);
    let setup = Setup {
        roots: config.roots.clone(),
        endpoints: config.endpoints.iter().map(ToString::to_string).collect(),
        limits: analyze::bounds(&args.analyze).reader,
        shared: Shared::with(super::catalog(args)),
        options: analyze::options(&args.analyze)?,
        rules: config.rules,
        // From the first look on: what it tells is told once.
        sinks: config.sinks,
        keep: config.keep,
        replay: None,
    };
    let mut engine = match Engine::open(setup, store.clone(), clock.clone(), super::judge(args)) {
        Ok(engine) => engine,
        Err(error) => return fail(&error),
    };
    let ringing = bell.clone();
    engine.ring(Arc::new(move || ringing.ring()));
    engine.deliver(Arc::clone(&sending.delivery));
    let listener = match config.endpoints.is_empty() {
        true => None,
        false => {
            let ringing = bell.clone();
            let wake = Arc::new(move || ringing.ring());
            match Listener::start(&config.endpoints, config.limits.clone(), clock.clone(), wake) {
                Ok(listener) => Some(Arc::new(listener)),
                Err(error) => return fail(&error),
            }
        }
    };
    if let Some(listener) = &listener {
        let places = listener.addresses().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        complain(&format!("listening at {places}"));
        engine.listen(Arc::clone(listener));
    }
    let server = match config.serve {
        None => None,
        Some(address) => {
            let serve = ServeConfig { token: config.token.clone(), ..ServeConfig::default() };
            match Server::start(address, serve, engine.snapshots()) {
                Ok(server) => {
                    complain(&format!("the page is at http://{}/", server.addr()));
                    Some(server)
                }
                Err(error) => return fail(&format!("serve: {error}")),
            }
        }
    };
    // Kept until the end: it only wakes, and what it cannot watch is polled.
    let _watcher = watcher(&config.roots, &bell);
    let screen = std::io::stdout().is_terminal() && !args.plain && !args.analyze.quiet;
    let (poll, snapshots) = (config.poll, engine.snapshots());
    tell_manager("READY=1\nSTATUS=watching");
    let args = args.clone();
    let (ring, time) = (bell.clone(), clock.clone());
    let style = super::style(&args);
    let ascii = args.analyze.ascii;
    let state = config.state;
    let work = move || {
        let mut before: Arc<Snapshot> = engine.snapshots().borrow().clone();
        let mut prints = !screen && !args.analyze.quiet;
        while !ring.stopped() {
            if ring.take_reload() {
                reload(&args, &mut engine, &mut sending, &store, &time, &state, listener.as_deref());
            }
            let turn = engine.turn();
            if turn.published && prints {
                let now = engine.snapshots().borrow().clone();
                let style = Style { no_alerts: engine.prints_alerts(), ..style };
                if !super::say(&plain::news(Some(&before), &now, style)) {
                    // Nobody reads any more; the watch goes on for those who are told otherwise.
                    prints = false;
                }
                before = now;
            }
            tell_manager("WATCHDOG=1");
            if !turn.more {
                // What is being written may be done at any moment, and then something can be told.
                std::thread::sleep(if turn.writing { TOGETHER / 5 } else { TOGETHER });
                ring.wait(turn.idle.min(poll));
            }
        }
        tell_manager("STOPPING=1");
        if let Some(listener) = &listener {
            listener.stop();
        }
        engine.catch_up();
        if prints {
            let style = Style { no_alerts: engine.prints_alerts(), ..style };
            super::say(&plain::news(Some(&before), &engine.snapshots().borrow().clone(), style));
        }
        let written = engine.report().map_or(Exit::Ok, |report| super::write(&args.analyze, &report));
        // It holds the deliveries too: only their last owner can end them.
        drop(engine);
        sending.stop();
        written
    };
    let worker = match std::thread::Builder::new().name("watch".to_owned()).spawn(work) {
        Ok(worker) => worker,
        Err(error) => return fail(&format!("start a thread: {error}")),
    };
    if screen {
        let view = screen::View { color: style.color, ascii, ..screen::View::default() };
        if let Err(error) = screen::run(snapshots, &clock, view) {
            complain(&format!("cannot draw on this terminal: {error}; use --plain"));
        }
        bell.stop();
    }
    let ended = worker.join();
    if let Some(server) = server {
        server.stop();
    }
    Ok(match ended {
        Ok(Exit::Ok) if bell.interrupted() => Exit::Interrupted,
        Ok(exit) => exit,
        Err(_) => Exit::Failure,
    })
}

/// The sinks and their threads.
struct Sending {
    delivery: Arc<Delivery>,
}

impl Sending {
    fn start(sinks: &[SinkConfig], store: &Store, clock: &Clock, state: &Path) -> Self {
        Self { delivery: Arc::new(Self::threads(sinks, store, clock, state, &[])) }
    }

    fn threads(
        sinks: &[SinkConfig],
        store: &Store,
        clock: &Clock,
        state: &Path,
        before: &[live::status::SinkStatus],
    ) -> Delivery {
        let outbox: Arc<dyn Outbox> = Arc::new(store.clone());
        let dead = DeadLetters::new(state.join("dead-letters.jsonl"));
        Delivery::start(usable(sinks), outbox, clock.clone(), dead, Pace::default(), before)
    }

    /// Ends the threads. What is not sent by then is sent after the next start.
    fn stop(self) {
        if let Some(delivery) = Arc::into_inner(self.delivery)
            && !delivery.stop(PARTING)
        {
            complain("an alert was still being sent: it is sent again at the next start, marked as such");
        }
    }
}

/// The sinks whose secrets can be read.
fn usable(sinks: &[SinkConfig]) -> Vec<Sink> {
    let means = Means {
        stdout: Arc::new(|line: &str| {
            if super::say(&[line.to_owned()]) { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
        }),
        timeout: TELLING,
    };
    let mut out = Vec::new();
    for config in sinks {
        match Sink::new(config, &read_secret, &means) {
            Ok((sink, _)) => out.push(sink),
            Err(problems) => problems.iter().for_each(|problem| complain(&problem.text)),
        }
    }
    out
}

/// Wakes the watch when files change. What cannot be watched is polled all the same.
fn watcher(roots: &[PathBuf], bell: &Bell) -> Option<notify::RecommendedWatcher> {
    if roots.is_empty() {
        return None;
    }
    let ringing = bell.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Our own reading is an event too.
        if !event.is_ok_and(|event| matches!(event.kind, notify::EventKind::Access(_))) {
            ringing.ring();
        }
    })
    .ok()?;
    for root in roots {
        let (path, mode) = match root.is_dir() {
            true => (root.as_path(), notify::RecursiveMode::Recursive),
            false => (root.parent().unwrap_or(root), notify::RecursiveMode::NonRecursive),
        };
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        // A folder that is not there yet, a network share, too many watches: the poll finds what changed.
        let _ = watcher.watch(path, mode);
    }
    Some(watcher)
}

/// Reads the configuration anew: rules, maintenance, sinks and certificates. What cannot be used changes nothing.
fn reload(
    args: &WatchArgs,
    engine: &mut Engine,
    sending: &mut Sending,
    store: &Store,
    clock: &Clock,
    state: &Path,
    listener: Option<&Listener>,
) {
    tell_manager("RELOADING=1");
    match config::read(args, clock) {
        Ok(config) => {
            config.warnings.iter().for_each(|says| complain(says));
            let before = sending.delivery.statuses();
            let next = Arc::new(Sending::threads(&[], store, clock, state, &[]));
            engine.deliver(Arc::clone(&next));
            let old = std::mem::replace(&mut sending.delivery, next);
            if let Some(old) = Arc::into_inner(old) {
                // One that is still sending may send once more, under the same number.
                let _ = old.stop(PARTING);
            }
            let fresh = Arc::new(Sending::threads(&config.sinks, store, clock, state, &before));
            engine.deliver(Arc::clone(&fresh));
            sending.delivery = fresh;
            engine.reload(config.rules, config.sinks);
            if let Some(Err(error)) = listener.map(Listener::reload_tls) {
                complain(&format!("cannot {error}; the certificates of before stay"));
            }
            complain("the configuration was read anew; paths, addresses and the state stay until a restart");
        }
        Err(problems) => {
            problems.iter().for_each(|says| complain(says));
            complain("the configuration of before stays");
        }
    }
    tell_manager("READY=1");
}

/// Sends a test alert to every sink, and says what became of it.
pub(super) fn test_alert(config: &Config, clock: &Clock) -> Exit {
    if config.sinks.is_empty() {
        complain("cannot send a test alert: there is no [[watch.sink]] in the configuration");
        return Exit::Config;
    }
    let alert = alert(clock);
    let mut exit = Exit::Ok;
    for sink in usable(&config.sinks) {
        match sink.send(&alert, "test", clock.now()) {
            Ok(()) => drop(super::say(&[format!("{} ({}): sent", sink.name, sink.kind)])),
            Err(failure) => {
                complain(&format!("{} ({}): {}", sink.name, sink.kind, failure.why));
                exit = Exit::Failure;
            }
        }
    }
    exit
}
