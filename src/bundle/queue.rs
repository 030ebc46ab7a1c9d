//! The work that the reading threads share, largest piece first.

use super::member::Member;
use super::run::lock;
use super::zip::Archive;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A piece of work that one thread does.
pub(super) enum Work {
    /// Read a file of `len` bytes.
    File { member: Member, path: PathBuf, len: u64 },
    /// Read an entry of a zip file.
    Entry { archive: Arc<Archive>, index: usize },
    /// Compute the checksum of a source.
    Hash { source: usize, path: PathBuf, len: u64 },
    /// Read standard input.
    Stdin { source: usize },
}

struct Item {
    weight: u64,
    order: Reverse<u64>,
    work: Work,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.weight, self.order).cmp(&(other.weight, other.order))
    }
}

#[derive(Default)]
struct Waiting {
    heap: BinaryHeap<Item>,
    weight: u64,
    active: usize,
    pushed: u64,
}

/// The queue: work may add more work.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// A piece of work that has been taken; dropping it says that it is done.
pub(super) struct Taken<'q> {
    queue: &'q Queue,
    /// `None` only after it has been moved out.
    pub(super) work: Option<Work>,
    /// More than a fair share of all work, so that it is worth a second thread.
    pub(super) dominant: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::new(Waiting::default()), changed: Condvar::new() }
    }

    /// Adds work, each piece with its size.
    pub(super) fn push(&self, work: impl IntoIterator<Item = (u64, Work)>) {
        let mut waiting = lock(&self.waiting);
        for (weight, work) in work {
            waiting.pushed += 1;
            waiting.weight = waiting.weight.saturating_add(weight);
            let order = Reverse(waiting.pushed);
            waiting.heap.push(Item { weight, order, work });
        }
        drop(waiting);
        self.changed.notify_all();
    }

    /// Takes the largest piece; waits while others may still add some; `None` once all is done.
    pub(super) fn take(&self, jobs: usize) -> Option<Taken<'_>> {
        let mut waiting = lock(&self.waiting);
        loop {
            if let Some(Item { weight, work, .. }) = waiting.heap.pop() {
                let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
                let dominant = jobs > 1 && weight.saturating_mul(jobs) >= waiting.weight;
                waiting.weight = waiting.weight.saturating_sub(weight);
                waiting.active += 1;
                return Some(Taken { queue: self, work: Some(work), dominant });
            }
            if waiting.active == 0 {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.queue.waiting);
        waiting.active = waiting.active.saturating_sub(1);
        let finished = waiting.active == 0 && waiting.heap.is_empty();
        drop(waiting);
        if finished {
            self.queue.changed.notify_all();
        }
    }
}
