//! Datagrams: one thread a socket, one message a datagram.
//!
//! Source: RFC 5426, section 3.1.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as StopWatch};

use socket2::{Domain, Protocol, Socket, Type};

use super::counters::Counters;
use super::framing::{Ready, Written, write_line};
use super::queues::{Queues, Sender};
use super::{Endpoint, Error, Kind, Limits};
use crate::clock::Clock;

/// How soon a thread notices that it should stop.
const NOTICE: Duration = Duration::from_millis(100);

/// How long, at most, what the kernel holds is read when it stops.
const DRAIN: Duration = Duration::from_secs(1);

/// No datagram is longer.
const DATAGRAM_BYTES: usize = 65_536;

/// Opens the socket, with the largest buffer up to `receive_buffer` that the kernel gives.
pub(super) fn bind(endpoint: &Endpoint, receive_buffer: usize) -> Result<UdpSocket, Error> {
    let open = |address: std::net::SocketAddr| {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            // `[::]` beside `0.0.0.0` is then possible, and each says what it means.
            socket.set_only_v6(true)?;
        }
        // Linux gives what it may and says nothing; others refuse a size that is too large.
        let mut size = receive_buffer;
        while size > 64 << 10 && socket.set_recv_buffer_size(size).is_err() {
            size /= 2;
        }
        socket.set_read_timeout(Some(NOTICE))?;
        socket.bind(&address.into())?;
        Ok(UdpSocket::from(socket))
    };
    first(endpoint, open)
}

/// The first address of the endpoint that can be opened.
pub(super) fn first<T>(
    endpoint: &Endpoint,
    open: impl Fn(std::net::SocketAddr) -> io::Result<T>,
) -> Result<T, Error> {
    let mut result =
        Err(Error::Bind { endpoint: endpoint.to_string(), why: "the name has no address".into() });
    for address in endpoint.resolve()? {
        result = open(address).map_err(|source| Error::bind(endpoint, &source));
        if result.is_ok() {
            break;
        }
    }
    result
}

/// A thread that receives. It ends when this is dropped.
pub(super) struct Udp {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Udp {
    pub(super) fn start(
        socket: UdpSocket,
        counters: Arc<Counters>,
        limits: &Limits,
        queues: &Arc<Queues>,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut receiver = Receiver {
            socket,
            counters,
            longest: limits.message_bytes,
            queues: Arc::clone(queues),
            clock: clock.clone(),
            ready: Ready::default(),
        };
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("listen-udp".into());
        let thread = thread.spawn(move || receiver.run(&told)).map_err(Error::Thread)?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Tells the thread to stop; dropping waits for it.
    pub(super) fn tell(&self) {
        self.stop.store(true, Relaxed);
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        self.tell();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to give.
            _ = thread.join();
        }
    }
}

struct Receiver {
    socket: UdpSocket,
    counters: Arc<Counters>,
    longest: usize,
    queues: Arc<Queues>,
    clock: Clock,
    /// Used again for each message: receiving allocates nothing.
    ready: Ready,
}

impl Receiver {
    fn run(&mut self, stop: &AtomicBool) {
        let mut buffer = vec![0; DATAGRAM_BYTES];
        while !stop.load(Relaxed) {
            self.receive(&mut buffer);
        }
        let begin = StopWatch::now();
        if self.socket.set_nonblocking(true).is_ok() {
            while begin.elapsed() < DRAIN && self.receive(&mut buffer) {}
        }
    }

    /// Receives one datagram; false if none came.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        let (n, from) = match self.socket.recv_from(buffer) {
            Ok(received) => received,
            Err(error) => {
                let waited = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                if !waited && error.kind() != io::ErrorKind::Interrupted {
                    // An error that stays must not keep a processor busy.
                    std::thread::sleep(Duration::from_millis(1));
                }
                return false;
            }
        };
        let sender = Sender { kind: Kind::Udp, address: Some(from.ip().to_canonical()), certificate: None };
        self.ready.lines.clear();
        let written = write_line(buffer.get(..n).unwrap_or_default(), self.longest, &mut self.ready.lines);
        self.ready.n_empty = u64::from(written == Written::Empty);
        self.ready.n_messages = u64::from(written != Written::Empty);
        self.ready.n_shortened = u64::from(written == Written::Shortened);
        self.counters.count(&self.ready);
        if written != Written::Empty {
            let now = self.clock.now();
            if !self.queues.offer(&sender, &self.ready.lines, 1, now) {
                self.queues.thrown_away(&sender, 1, now);
            }
        }
        true
    }
}
