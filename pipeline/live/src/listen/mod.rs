//! Receives syslog: datagrams, streams and TLS, bounded in every direction.
//!
//! What comes is cut into messages ([RFC 6587] and its kin), each message becomes one line, and lines wait by sender
//! until [`Listener::take`] hands them out. Nothing here reads what a message says: that is a reader's work.
//!
//! A sender is an address and a way (`udp 192.0.2.10`), with a client certificate also its name. The address of a
//! datagram is what its sender wrote there: it tells sources apart, it identifies nobody.
//!
//! What cannot be kept is counted: datagrams that the kernel dropped, messages over a sender's share
//! ([`Batch::over_limit`]), messages that were shortened, empty or incomplete, connections that were refused or cut and
//! why ([`crate::status::SocketStatus`]). A stream over its share is not read on until there is room: TCP loses nothing.
//!
//! [RFC 6587]: https://www.rfc-editor.org/rfc/rfc6587

mod counters;
mod endpoint;
mod framing;
mod kernel;
mod queues;
mod stream;
mod tls;
mod udp;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::status::Listening;

use self::counters::Counters;
pub use self::endpoint::{Endpoint, Kind};
use self::queues::Queues;
pub use self::queues::{Batch, Sender};
use self::stream::Streams;
pub use self::tls::{TlsFacts, TlsFiles};
use self::udp::Udp;

/// How much of everything. The defaults fit a host that does other work too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message; longer ones are shortened, counted ones end their connection. 64 KiB.
    pub message_bytes: usize,
    /// Bytes of one sender that wait. 4 MiB.
    pub sender_bytes: usize,
    /// Bytes of all senders that wait; 4 KiB for each sender are free of it. 64 MiB.
    pub total_bytes: usize,
    /// Senders that are told apart; further ones share a queue, until one has been silent for an hour. 10,000.
    pub senders: usize,
    /// Messages per second of one sender, a second's worth at once; `None`: any number.
    pub messages_per_s: Option<u32>,
    /// Connections in all. 2,000.
    pub connections: usize,
    /// Connections of one address. 64.
    pub connections_per_address: usize,
    /// TLS handshakes at a time. 128: more than one address may have.
    pub handshakes: usize,
    /// Until a TLS handshake must be done. 10 s.
    pub handshake: Duration,
    /// Until the first byte of a TCP connection must have come; `None`: it may wait. A sender that connects when it
    /// starts, and speaks when something happens, is no attack; the number of connections is bounded anyway.
    pub first_byte: Option<Duration>,
    /// Until a message that has begun must have ended. 30 s.
    pub message: Duration,
    /// Bytes of kernel buffer that are asked for, of each UDP socket. 32 MiB; the kernel gives less
    /// (`net.core.rmem_max`), see [`crate::status::SocketStatus::receive_buffer`].
    pub receive_buffer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 << 10,
            sender_bytes: 4 << 20,
            total_bytes: 64 << 20,
            senders: 10_000,
            messages_per_s: None,
            connections: 2_000,
            connections_per_address: 64,
            handshakes: 128,
            handshake: Duration::from_secs(10),
            first_byte: None,
            message: Duration::from_secs(30),
            receive_buffer: 32 << 20,
        }
    }
}

/// Why it cannot listen; the messages complete a sentence that begins with "cannot".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text names no endpoint.
    #[error("listen at {text:?}: {why}")]
    Endpoint {
        /// As written.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The socket cannot be had: taken, not permitted, no such address.
    #[error("listen at {endpoint}: {why}")]
    Bind {
        /// Where.
        endpoint: String,
        /// The words of the system.
        why: String,
    },
    /// A file of certificates or keys cannot be used.
    #[error("use {}: {why}", path.display())]
    Tls {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system gives no thread.
    #[error("start a thread to listen: {0}")]
    Thread(std::io::Error),
}

impl Error {
    fn bind(endpoint: &Endpoint, source: &std::io::Error) -> Self {
        Self::Bind { endpoint: endpoint.to_string(), why: source.to_string() }
    }
}

/// Open sockets and what they received. Dropping it stops it.
pub struct Listener {
    queues: Arc<Queues>,
    clock: Clock,
    /// In the order of the endpoints.
    sockets: Vec<(String, SocketAddr, Arc<Counters>)>,
    tls: Vec<tls::Live>,
    running: Mutex<Option<(Vec<Udp>, Option<Streams>)>>,
}

impl Listener {
    /// Opens all sockets, or none. `wake` is called from other threads when something came after a [`Listener::take`].
    ///
    /// # Errors
    /// An address that cannot be bound, an endpoint that is named twice, `tls://` without files or with files that
    /// cannot be used.
    pub fn start(
        endpoints: &[Endpoint],
        limits: Limits,
        clock: Clock,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, Error> {
        let queues = Arc::new(Queues::new(limits.clone(), wake));
        let (mut sockets, mut lives, mut udp, mut tcp) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for endpoint in endpoints {
            let name = endpoint.to_string();
            if sockets.iter().any(|(other, _, _)| *other == name) {
                return Err(Error::Bind { endpoint: name, why: "it is named twice".into() });
            }
            let counters = Arc::new(Counters::default());
            let address = match endpoint.kind {
                Kind::Udp => {
                    let socket = udp::bind(endpoint, limits.receive_buffer)?;
                    let address = socket.local_addr().map_err(|source| Error::bind(endpoint, &source))?;
                    counters.kernel.set(kernel::Socket::of(&socket));
                    udp.push((socket, Arc::clone(&counters)));
                    address
                }
                Kind::Tcp | Kind::Tls => {
                    let tls = match (endpoint.kind, &endpoint.tls) {
                        (Kind::Tls, Some(files)) => Some(tls::Live::load(files, &clock)?),
                        (Kind::Tls, None) => {
                            let why = "certificate and key are missing".into();
                            return Err(Error::Bind { endpoint: name, why });
                        }
                        (Kind::Udp | Kind::Tcp, _) => None,
                    };
                    let socket = stream::bind(endpoint)?;
                    let address = socket.local_addr().map_err(|source| Error::bind(endpoint, &source))?;
                    lives.extend(tls.clone());
                    tcp.push(stream::Door { socket, counters: Arc::clone(&counters), tls });
                    address
                }
            };
            sockets.push((name, address, counters));
        }
        let streams =
            if tcp.is_empty() { None } else { Some(Streams::start(tcp, &limits, &queues, &clock)?) };
        let udp = udp.into_iter();
        let udp = udp.map(|(socket, counters)| Udp::start(socket, counters, &limits, &queues, &clock));
        // A thread that did start ends when its handle is dropped.
        let udp = udp.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { queues, clock, sockets, tls: lives, running: Mutex::new(Some((udp, streams))) })
    }

    /// Where it really listens, in the order of the endpoints: port 0 has become a port.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|(_, address, _)| *address).collect()
    }

    /// What came: about `max_bytes` in all, senders in turn, each about 64 KiB at a time. Call it until it returns
    /// nothing; after that the next message wakes.
    #[must_use]
    pub fn take(&self, max_bytes: usize) -> Vec<Batch> {
        self.queues.take(max_bytes)
    }

    /// Counters of all sockets.
    #[must_use]
    pub fn status(&self) -> Listening {
        let sockets = self.sockets.iter().map(|(name, _, counters)| (name.clone(), counters.status()));
        Listening { sockets: sockets.collect() }
    }

    /// Reads certificates and keys anew, for handshakes from now on. All of them, or none.
    ///
    /// # Errors
    /// Files that cannot be used; those read before stay in use.
    pub fn reload_tls(&self) -> Result<(), Error> {
        let fresh = self.tls.iter().map(|live| live.read(&self.clock)).collect::<Result<Vec<_>, _>>()?;
        for (live, fresh) in self.tls.iter().zip(fresh) {
            live.set(fresh);
        }
        Ok(())
    }

    /// Accepts nothing more, reads what the kernel already holds (for about a second at most), and closes. What was
    /// received can still be taken, and the counters read.
    pub fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((udp, streams)) = running {
            udp.iter().for_each(Udp::tell);
            drop(streams);
            drop(udp);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sockets.iter().map(|(name, _, _)| name)).finish()
    }
}
