//! TCP and TLS: many connections on two threads, each bounded in time and memory.
//!
//! A connection between messages holds no buffer of its own: bytes are read into space on the stack of whichever thread
//! polls it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv6Addr, TcpListener};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant as StopWatch, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::counters::{Counters, reason};
use super::framing::{Framer, Ready, TooLong};
use super::queues::{Queues, Sender};
use super::{Endpoint, Error, Kind, Limits, tls, udp};
use crate::clock::Clock;

/// Bytes that are read at once.
const READ_BYTES: usize = 16 << 10;

/// Reads of one connection, at most, when it stops.
const DRAIN_READS: usize = 256;

/// How long connections may take to end.
const DRAIN: Duration = Duration::from_secs(1);

/// How long the end of a connection may take to be sent.
const GOODBYE: Duration = Duration::from_millis(500);

/// A dead peer is noticed after some minutes.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The first byte of every TLS handshake: the type of its record.
///
/// Source: RFC 8446, section 5.1 (`handshake(22)`).
const HANDSHAKE: u8 = 22;

/// Opens the socket.
pub(super) fn bind(endpoint: &Endpoint) -> Result<TcpListener, Error> {
    udp::first(endpoint, |address| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Connections of the last run that are still closing do not keep the address.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(1024)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from(socket))
    })
}

/// A socket that accepts, and what for.
pub(super) struct Door {
    pub(super) socket: TcpListener,
    pub(super) counters: Arc<Counters>,
    /// `None`: plain TCP.
    pub(super) tls: Option<tls::Live>,
}

/// What all connections share.
struct Shared {
    limits: Limits,
    queues: Arc<Queues>,
    clock: Clock,
    open: Mutex<HashMap<IpAddr, usize>>,
    handshakes: Semaphore,
}

/// The threads that serve connections. They end when this is dropped.
pub(super) struct Streams {
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    /// Every task holds the other end.
    ended: mpsc::Receiver<()>,
}

impl Streams {
    pub(super) fn start(
        doors: Vec<Door>,
        limits: &Limits,
        queues: &Arc<Queues>,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("listen-tcp").enable_all().build();
        let runtime = runtime.map_err(Error::Thread)?;
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel();
        let shared = Arc::new(Shared {
            limits: limits.clone(),
            queues: Arc::clone(queues),
            clock: clock.clone(),
            open: Mutex::default(),
            handshakes: Semaphore::new(limits.handshakes),
        });
        for door in doors {
            let inside = runtime.enter();
            let socket = tokio::net::TcpListener::from_std(door.socket).map_err(Error::Thread)?;
            drop(inside);
            let (shared, stopped, alive) = (Arc::clone(&shared), stopped.clone(), alive.clone());
            runtime.spawn(accept(socket, door.counters, door.tls, shared, stopped, alive));
        }
        Ok(Self { runtime: Some(runtime), stop, ended })
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // Nobody sends: it ends when the last task has, or when time is up.
        _ = self.ended.recv_timeout(DRAIN);
        if let Some(runtime) = self.runtime.take() {
            // Does not wait: it may be dropped inside of another runtime.
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    socket: tokio::net::TcpListener,
    counters: Arc<Counters>,
    tls: Option<tls::Live>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            accepted = socket.accept() => accepted,
        };
        let Ok((stream, from)) = accepted else {
            counters.refuse(reason::ACCEPT);
            // Most likely there are no descriptors left: some time must pass.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let address = from.ip().to_canonical();
        let place = match Place::new(&shared, &counters, address) {
            Ok(place) => place,
            Err(reason) => {
                counters.refuse(reason);
                continue;
            }
        };
        // Without it a dead peer keeps its place for ever; a system that cannot do it is no reason to refuse.
        _ = SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
        let config = tls.as_ref().map(tls::Live::config);
        let (stop, alive) = (stop.clone(), alive.clone());
        tokio::spawn(async move {
            if let Err(reason) = connection(stream, address, config, &place, stop).await {
                place.counters.refuse(reason);
            }
            drop((place, alive));
        });
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the other end is gone, which is the same.
    _ = stop.wait_for(|stop| *stop).await;
}

/// A connection's place among those that are allowed.
struct Place {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    address: IpAddr,
}

impl Place {
    fn new(shared: &Arc<Shared>, counters: &Arc<Counters>, address: IpAddr) -> Result<Self, &'static str> {
        let address = host(address);
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= shared.limits.connections {
            return Err(reason::LIMIT);
        }
        let n_open = open.get(&address).copied().unwrap_or(0);
        if n_open >= shared.limits.connections_per_address {
            return Err(reason::ADDRESS_LIMIT);
        }
        open.insert(address, n_open + 1);
        counters.connections.fetch_add(1, Relaxed);
        Ok(Self { shared: Arc::clone(shared), counters: Arc::clone(counters), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n_open) = open.get_mut(&self.address) {
            *n_open -= 1;
            if *n_open == 0 {
                open.remove(&self.address);
            }
        }
        self.counters.connections.fetch_sub(1, Relaxed);
    }
}

/// Whose connections are counted together: a host with IPv6 has a whole /64 of addresses.
fn host(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

async fn connection(
    stream: TcpStream,
    address: IpAddr,
    config: Option<Arc<rustls::ServerConfig>>,
    place: &Place,
    mut stop: watch::Receiver<bool>,
) -> Result<(), &'static str> {
    let sender = |kind, certificate| Sender { kind, address: Some(address), certificate };
    let Some(config) = config else {
        return serve(stream, sender(Kind::Tcp, None), place, stop).await;
    };
    let shaken = tokio::select! {
        biased;
        () = stopped(&mut stop) => return Ok(()),
        shaken = timeout(place.shared.limits.handshake, handshake(stream, config, &place.shared)) => shaken,
    };
    let stream = shaken.map_err(|_| reason::SLOW)??;
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).and_then(tls::name_of);
    serve(stream, sender(Kind::Tls, certificate), place, stop).await
}

async fn handshake(
    stream: TcpStream,
    config: Arc<rustls::ServerConfig>,
    shared: &Shared,
) -> Result<Box<TlsStream<TcpStream>>, &'static str> {
    // Who says nothing waits here, and takes no turn from those who speak.
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(0) | Err(_) => return Err(reason::ENDED),
        Ok(_) if first != [HANDSHAKE] => return Err(reason::NO_TLS),
        Ok(_) => {}
    }
    let Ok(_turn) = shared.handshakes.acquire().await else { return Err(reason::FAILED) };
    let accepted = Box::pin(TlsAcceptor::from(config).accept(stream)).await;
    accepted.map(Box::new).map_err(|error| tls::reason_of(&error))
}

/// Reads a connection to its end.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    sender: Sender,
    place: &Place,
    mut stop: watch::Receiver<bool>,
) -> Result<(), &'static str> {
    let limits = &place.shared.limits;
    let (mut framer, mut ready) = (Framer::new(limits.message_bytes), Ready::default());
    let mut due = limits.first_byte.map(|first| StopWatch::now() + first);
    let mut unfinished = None;
    let mut result = Ok(());
    loop {
        let read = tokio::select! {
            biased;
            () = stopped(&mut stop) => {
                for _ in 0..DRAIN_READS {
                    // What has come is read; what has not is not waited for.
                    if !matches!(read(&mut stream, &mut framer, &mut ready).now_or_never(), Some(Ok(Ok(true)))) {
                        break;
                    }
                }
                break;
            }
            read = read(&mut stream, &mut framer, &mut ready) => read,
            () = sleep_until(due.unwrap_or_else(StopWatch::now)), if due.is_some() => {
                result = Err(reason::SLOW);
                break;
            }
        };
        let has_waited = hand_over(&mut ready, &sender, place, &mut stop).await;
        match read {
            Ok(Ok(true)) => {}
            // A connection that breaks ends like one that is closed: what came, came.
            Ok(Ok(false)) | Err(_) => break,
            Ok(Err(TooLong)) => {
                result = Err(reason::TOO_LONG);
                break;
            }
        }
        // The time that we let it wait is not the sender's.
        if has_waited || framer.unfinished() != unfinished {
            unfinished = framer.unfinished();
            due = unfinished.map(|_| StopWatch::now() + limits.message);
        } else if unfinished.is_none() {
            due = None;
        }
    }
    if result != Err(reason::TOO_LONG) {
        framer.finish(&mut ready);
    }
    hand_over(&mut ready, &sender, place, &mut stop).await;
    // TLS says goodbye (RFC 5425, section 4.4); who does not take it is not waited for.
    _ = timeout(GOODBYE, stream.shutdown()).await;
    result
}

/// Reads once; false at the end of the stream.
async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    framer: &mut Framer,
    ready: &mut Ready,
) -> io::Result<Result<bool, TooLong>> {
    poll_fn(|context| {
        let mut space = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        let bytes = buffer.filled();
        Poll::Ready(Ok(framer.push(bytes, ready).map(|()| !bytes.is_empty())))
    })
    .await
}

/// Puts what is ready into the queue of the sender, waiting for room; true if it had to wait.
async fn hand_over(
    ready: &mut Ready,
    sender: &Sender,
    place: &Place,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let ready = std::mem::take(ready);
    place.counters.count(&ready);
    if ready.n_messages == 0 {
        return false;
    }
    let queues = &place.shared.queues;
    let mut has_waited = false;
    loop {
        // Listening begins before asking: room that is made in between is not missed.
        let mut room = pin!(queues.room.notified());
        room.as_mut().enable();
        let now = place.shared.clock.now();
        if queues.offer(sender, &ready.lines, ready.n_messages, now) {
            return has_waited;
        }
        has_waited = true;
        tokio::select! {
            biased;
            () = stopped(stop) => {
                queues.thrown_away(sender, ready.n_messages, now);
                return true;
            }
            () = room => {}
            // Where a rate is set, time alone makes room.
            () = sleep(Duration::from_millis(100)) => {}
        }
    }
}
