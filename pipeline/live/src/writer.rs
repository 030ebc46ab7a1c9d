//! The thread that writes the store: a disk may take its time, and messages come meanwhile.
//!
//! One transaction is on its way at a time. What comes while it is being written goes into the next one, so the slower
//! the disk is, the more of it is written together.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use crate::store::{Entry, Error, Store};

/// Called from the thread that writes when an entry is done with.
pub type Bell = Arc<dyn Fn() + Send + Sync>;

/// Writes entries, one after the other.
pub(crate) struct Writer {
    /// `None` only while it ends.
    work: Option<Sender<(Entry, Vec<Bell>)>>,
    done: Receiver<(Entry, Result<(), Error>)>,
    is_busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// A system that gives no thread.
    pub(crate) fn start(store: Store) -> std::io::Result<Self> {
        let (work, entries) = mpsc::channel::<(Entry, Vec<Bell>)>();
        let (finished, done) = mpsc::channel();
        let write = move || {
            for (entry, bells) in entries {
                // A fault in a library must not leave the watch waiting for an answer.
                let kept = catch_unwind(AssertUnwindSafe(|| store.keep(&entry)))
                    .unwrap_or_else(|_| Err(Error::Damaged("writing it ended in a fault".to_owned())));
                if finished.send((entry, kept)).is_err() {
                    return;
                }
                bells.iter().for_each(|bell| bell());
            }
        };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(write)?;
        Ok(Self { work: Some(work), done, is_busy: false, thread: Some(thread) })
    }

    /// True while an entry is on its way: no other one is taken.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Begins to write an entry, and rings when it is done with. Hands it back if that cannot be.
    pub(crate) fn begin(&mut self, entry: Entry, bells: Vec<Bell>) -> Option<Entry> {
        let Some(work) = self.work.as_ref().filter(|_| !self.is_busy) else { return Some(entry) };
        let refused = work.send((entry, bells)).err().map(|refused| refused.0.0);
        self.is_busy = refused.is_none();
        refused
    }

    /// What became of the entry that was on its way, once that is known.
    pub(crate) fn poll(&mut self) -> Option<(Entry, Result<(), Error>)> {
        let done = self.done.try_recv().ok()?;
        self.is_busy = false;
        Some(done)
    }

    /// Waits until nothing is on its way. `None` if nothing was.
    pub(crate) fn wait(&mut self) -> Option<(Entry, Result<(), Error>)> {
        if !self.is_busy {
            return None;
        }
        self.is_busy = false;
        self.done.recv().ok()
    }
}

impl Drop for Writer {
    /// What is on its way is written: whoever opens the store next finds it free.
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer(busy: {})", self.is_busy)
    }
}
