//! What one socket counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::framing::Ready;
use super::kernel;
use crate::status::SocketStatus;

/// Why a connection was refused or cut: a small fixed set, so that a counter of each can be kept for ever.
pub(super) mod reason {
    pub(in super::super) const ACCEPT: &str = "cannot be accepted";
    pub(in super::super) const LIMIT: &str = "over the limit";
    pub(in super::super) const ADDRESS_LIMIT: &str = "over the limit of its address";
    pub(in super::super) const NO_TLS: &str = "no TLS";
    pub(in super::super) const SLOW: &str = "too slow";
    pub(in super::super) const TOO_LONG: &str = "message too long";
    pub(in super::super) const NO_CERTIFICATE: &str = "handshake: no client certificate";
    pub(in super::super) const EXPIRED: &str = "handshake: client certificate not valid at this time";
    pub(in super::super) const ISSUER: &str = "handshake: client certificate of an unknown issuer";
    pub(in super::super) const CERTIFICATE: &str = "handshake: client certificate not accepted";
    pub(in super::super) const SENDER: &str = "handshake: refused by the sender";
    pub(in super::super) const VERSION: &str = "handshake: no version or cipher in common";
    pub(in super::super) const ENDED: &str = "handshake: ended by the sender";
    pub(in super::super) const FAILED: &str = "handshake: failed";
}

/// The counters of one socket.
#[derive(Default)]
pub(super) struct Counters {
    messages: AtomicU64,
    bytes: AtomicU64,
    empty: AtomicU64,
    shortened: AtomicU64,
    incomplete: AtomicU64,
    pub(super) connections: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    /// Where the kernel counts for this socket; for UDP only.
    pub(super) kernel: KernelCell,
}

/// The kernel's side of a socket, set once.
#[derive(Default)]
pub(super) struct KernelCell(OnceLock<kernel::Socket>);

impl KernelCell {
    pub(super) fn set(&self, socket: kernel::Socket) {
        // Set once, before the socket is read.
        _ = self.0.set(socket);
    }
}

impl Counters {
    /// Counts what came, and how much of it is wrong.
    pub(super) fn count(&self, ready: &Ready) {
        self.messages.fetch_add(ready.n_messages, Relaxed);
        self.bytes.fetch_add(ready.lines.len() as u64, Relaxed);
        self.empty.fetch_add(ready.n_empty, Relaxed);
        self.shortened.fetch_add(ready.n_shortened, Relaxed);
        self.incomplete.fetch_add(ready.n_incomplete, Relaxed);
    }

    /// Counts a connection that was refused or cut.
    pub(super) fn refuse(&self, reason: &'static str) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    pub(super) fn status(&self) -> SocketStatus {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = refused.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect();
        let kernel = self.kernel.0.get();
        SocketStatus {
            messages: self.messages.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            empty: self.empty.load(Relaxed),
            shortened: self.shortened.load(Relaxed),
            incomplete: self.incomplete.load(Relaxed),
            kernel_drops: kernel.and_then(kernel::Socket::drops),
            receive_buffer: kernel.and_then(|kernel| kernel.receive_buffer),
            connections: self.connections.load(Relaxed),
            refused,
        }
    }
}
