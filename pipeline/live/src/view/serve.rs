//! The server of the views: one address, a bounded number of connections, no write action.
//!
//! hyper is driven here and not through `axum::serve`, which offers no time limit on the head of a request: without one
//! a client that sends a byte a minute holds its connection for ever.
//!
//! Source: RFC 9110 (HTTP semantics), RFC 9112 (HTTP/1.1).

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

use super::answer::{Views, answer};
use crate::status::Snapshot;

/// Connections at one time; one more is closed at once.
const CONNECTIONS_MAX: usize = 256;
/// How long a client may take to accept more of an answer.
const STALL_MAX: Duration = Duration::from_secs(30);
/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long answers under way may take once the server is told to stop.
const STOP_MAX: Duration = Duration::from_secs(2);
/// Shortest token: a shorter one could be guessed within the limit on wrong ones.
const TOKEN_CHARS_MIN: usize = 16;

/// A text that is not written anywhere: not in a log, not in an error, not by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What the server may do and for whom.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// What a reader must show; `None`: nothing, which only a loopback address allows. At least 16 characters.
    pub token: Option<Secret>,
    /// After this time without a snapshot `/healthz` says that the watch is not well.
    pub fresh_for: Duration,
    /// Pages that update themselves at one time; one more is answered with 503.
    pub readers_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle between two.
    pub head_max: Duration,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            token: None,
            fresh_for: Duration::from_secs(120),
            readers_max: 64,
            head_max: Duration::from_secs(10),
        }
    }
}

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum Error {
    /// Anyone on the network could read the state of the system.
    #[error(
        "{0} can be reached from other machines, so a token is required: give one in a file or the environment, or \
         serve on 127.0.0.1"
    )]
    TokenRequired(SocketAddr),
    /// The token could be guessed.
    #[error("the token for the page is shorter than 16 characters")]
    TokenShort,
    /// The address is taken or not of this machine.
    #[error("cannot serve on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    /// The operating system gave no thread or no timer.
    #[error("cannot start the server: {0}")]
    Runtime(io::Error),
}

/// A server that runs, on a thread of its own.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves what `receiver` holds on `addr` until [`Server::stop`]. Port 0 takes a free one.
    pub fn start(
        addr: SocketAddr,
        config: ServeConfig,
        receiver: watch::Receiver<Arc<Snapshot>>,
    ) -> Result<Self, Error> {
        match &config.token {
            None if !addr.ip().to_canonical().is_loopback() => return Err(Error::TokenRequired(addr)),
            Some(token) if token.reveal().chars().count() < TOKEN_CHARS_MIN => return Err(Error::TokenShort),
            _ => {}
        }
        let bind = |error| Error::Bind(addr, error);
        let listener = TcpListener::bind(addr).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new().name("views".to_owned());
        let thread = thread
            .spawn(move || {
                runtime.block_on(run(listener, Views::new(addr, config, receiver, stopped)));
                // A page that is being drawn is not waited for.
                runtime.shutdown_background();
            })
            .map_err(Error::Runtime)?;
        Ok(Self { addr, stop, thread: Some(thread) })
    }

    /// Where it serves: with the port that was taken.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it: answers under way may finish for two seconds.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // The thread may have ended already.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

async fn run(listener: TcpListener, views: Arc<Views>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let mut stopped = views.stopped.clone();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    open.spawn(Arc::clone(&views).note_snapshots());
    loop {
        let (stream, peer) = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // No descriptor is free: it does not help to ask again at once.
                Err(_) => { sleep(Duration::from_millis(50)).await; continue }
            },
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            continue;
        };
        let views = Arc::clone(&views);
        open.spawn(async move {
            connection(stream, peer, views).await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = timeout(STOP_MAX, async { while open.join_next().await.is_some() {} }).await;
}

/// One connection to its end.
async fn connection(stream: TcpStream, peer: SocketAddr, views: Arc<Views>) {
    let (mut stopped, head_max) = (views.stopped.clone(), views.head_max);
    let service = service_fn(move |request| {
        let views = Arc::clone(&views);
        async move { Ok::<_, Infallible>(answer(&views, peer.ip(), request).await) }
    });
    let io = TokioIo::new(Patient { stream, since: None });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_max)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(io, service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A stream whose reader may not stand still for longer than [`STALL_MAX`].
struct Patient {
    stream: TcpStream,
    /// Runs while a write waits.
    since: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn watched(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.since = None;
            return written;
        }
        let since = self.since.get_or_insert_with(|| Box::pin(sleep(STALL_MAX)));
        match since.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watched(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
