//! What a service manager and a terminal say to a watch, and what it says to them.

use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Rung when something came; also carries what signals ask for.
#[derive(Clone, Default)]
pub(super) struct Bell(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rung: Mutex<bool>,
    heard: Condvar,
    stop: AtomicBool,
    reload: AtomicBool,
    signal: AtomicI32,
}

impl Bell {
    /// Something came.
    pub(super) fn ring(&self) {
        *self.0.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.heard.notify_all();
    }

    /// Waits until something came, at most so long.
    pub(super) fn wait(&self, most: Duration) {
        let rung = self.0.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.heard.wait_timeout_while(rung, most, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }

    /// Asks for the end.
    pub(super) fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
        self.ring();
    }

    /// True once the end was asked for.
    pub(super) fn stopped(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// True if somebody pressed the keys for it, rather than a service manager.
    pub(super) fn interrupted(&self) -> bool {
        self.0.signal.load(Ordering::Relaxed) == SIGINT
    }

    /// True once for each time that the configuration is to be read anew.
    pub(super) fn take_reload(&self) -> bool {
        self.0.reload.swap(false, Ordering::Relaxed)
    }

    /// Listens to signals: TERM and INT end the watch, HUP reads its configuration anew.
    pub(super) fn heed_signals(&self) -> std::io::Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let bell = self.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                if signal == SIGHUP {
                    bell.0.reload.store(true, Ordering::Relaxed);
                    bell.ring();
                } else if bell.stopped() {
                    // The second one does not wait for what is being sent.
                    std::process::exit(130);
                } else {
                    bell.0.signal.store(signal, Ordering::Relaxed);
                    bell.stop();
                }
            }
        })?;
        Ok(())
    }
}

/// Tells the service manager how things are; nothing happens without one.
///
/// Source: sd_notify(3): datagrams of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names.
pub(super) fn notify(says: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let Ok(socket) = UnixDatagram::unbound() else { return };
    let text = path.to_string_lossy();
    // Nobody is left to tell if it cannot be told.
    let _ = match text.strip_prefix('@') {
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            std::os::unix::net::SocketAddr::from_abstract_name(name)
                .and_then(|address| socket.send_to_addr(says.as_bytes(), &address))
        }
        None => socket.send_to(says.as_bytes(), &path),
    };
}
