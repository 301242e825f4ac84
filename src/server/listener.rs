//! A server of its own: bind, accept, serve HTTP/1.1 until told to stop.
//!
//! What is served is any hyper service, with or without ours in it.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

use super::forwarded::Peer;

/// Connections that the kernel holds until they are accepted; it may allow fewer. Generous, as all
/// clients come back at once after a restart.
const BACKLOG: u32 = 4096;
/// How long to wait after the system had no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

type BoxError = Box<dyn Error + Send + Sync>;

/// The limits of a [`Server`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a client may take to send the head of a request, and how long a connection may
    /// stay idle before the next one. Default: 10 s.
    pub head_timeout: Duration,
    /// How many bytes of a request's head are buffered, at least 8192. A head that is not
    /// complete by then is refused with 431; the buffer fills by whole reads, so a head that is
    /// a little longer may still pass. Default: 32 KiB.
    pub max_head: usize,
    /// How long a client may read nothing while there is something for it; then its connection is
    /// cut off, so that what waits for it does not wait for ever. Default: 60 s.
    pub send_timeout: Duration,
    /// Connections at a time, WebSockets included; more wait in the kernel's queue until one ends.
    /// Default: 65 536.
    pub max_connections: usize,
    /// How long requests under way may take once the server stops; then they are cut off.
    /// Default: 10 s.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_timeout: Duration::from_secs(10),
            max_head: 32 * 1024,
            send_timeout: Duration::from_secs(60),
            max_connections: 65_536,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// A bound TCP port.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: Limits,
}

impl Server {
    /// Binds the first of the addresses that can be bound; port 0 lets the system choose.
    ///
    /// # Errors
    /// The address cannot be resolved, or none can be bound.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "there is no such address");
        for address in lookup_host(address).await? {
            match listen(address) {
                Ok(listener) => {
                    return Ok(Server {
                        listener,
                        limits: Limits::default(),
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Server {
        self.limits = limits;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is over; then it stops listening, lets requests under way finish
    /// within the drain timeout, and returns.
    ///
    /// WebSockets are the service's by then and are not waited for.
    pub async fn run<S, R>(self, service: S, shutdown: impl Future<Output = ()>)
    where
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let Server { listener, limits } = self;
        let mut door = Door::new(listener, &limits);
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                // Only frees what the finished task held.
                Some(_) = connections.join_next() => continue,
                accepted = door.accept() => accepted,
            };
            let connection = serve(
                stream,
                peer,
                service.clone(),
                limits.clone(),
                stopping.clone(),
            );
            connections.spawn(connection);
        }
        drop(door);
        stop.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(limits.drain_timeout, drained).await.is_err() {
            tracing::warn!(left = connections.len(), "requests under way are cut off");
        }
        connections.shutdown().await;
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Otherwise a restart fails while connections of the last run still fade out. Elsewhere than
    // on Unix the option means that others may take the port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where connections come in, as many as there is room for.
struct Door {
    listener: TcpListener,
    send_timeout: Duration,
    room: Arc<Semaphore>,
    /// With this much room the trouble counts as over, so that the log does not flicker.
    ample: usize,
    /// Whether the log tells already that newcomers have to wait.
    told: bool,
}

impl Door {
    fn new(listener: TcpListener, limits: &Limits) -> Door {
        let permits = limits.max_connections.min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(permits));
        Door {
            listener,
            send_timeout: limits.send_timeout,
            room,
            ample: permits / 16,
            told: false,
        }
    }

    /// The next connection. Dropping this loses none.
    async fn accept(&mut self) -> (Guarded, SocketAddr) {
        let permit = match self.room.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.tell("as many connections as allowed; newcomers wait");
                let room = self.room.clone().acquire_owned().await;
                room.expect("the semaphore is never closed")
            }
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    self.told &= self.room.available_permits() < self.ample;
                    // Small replies must not wait for delayed acknowledgements. It fails only
                    // when the connection is already over, which its first read will tell.
                    let _ = stream.set_nodelay(true);
                    return (
                        Guarded {
                            stream,
                            send_timeout: self.send_timeout,
                            stuck: None,
                            _permit: permit,
                        },
                        peer,
                    );
                }
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    // Such as too many open files: it passes when other connections end.
                    self.tell(&format!("cannot accept connections for now: {error}"));
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Logs a trouble once until it is over.
    fn tell(&mut self, trouble: &str) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!("{trouble}");
        }
    }
}

/// Whether only the one connection failed, and the next may be accepted at once.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused
    )
}

async fn serve<S, R>(
    stream: Guarded,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) where
    S: Service<Request<Incoming>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + 'static,
    R::Error: Into<BoxError>,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.max_head.max(8192))
        // A client that leaves while its GET is parked must be noticed at once.
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients leave in the middle of things every day.
        tracing::debug!(%error, "connection failed");
    }
}

/// A connection that counts against the limit for as long as it lives, as a WebSocket too, and
/// that ends when its client stops reading.
struct Guarded {
    stream: TcpStream,
    send_timeout: Duration,
    /// Since the client last read while there was something for it.
    stuck: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl Guarded {
    /// Lets a write that has to wait for the client fail when that takes too long.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let limit = self.send_timeout;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(limit)));
        std::task::ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        self.watch(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.watch(written, cx)
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
