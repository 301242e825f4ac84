//! The door of a server: where connections come in, and what keeps their number and their waiting
//! within limits.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use super::ListenerLimits;
use super::heads::Line;

/// How long to wait after the system had no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// Where connections come in, as many as there is room for.
pub(super) struct Door {
    listeners: Vec<TcpListener>,
    /// The listener that is asked first; it moves on, so that a busy one starves nobody.
    turn: usize,
    send_timeout: Duration,
    room: Arc<Semaphore>,
    /// With this much room the trouble counts as over, so that the log does not flicker.
    ample: usize,
    /// Whether the log tells already that newcomers have to wait.
    told: bool,
}

impl Door {
    pub(super) fn new(listeners: Vec<TcpListener>, limits: &ListenerLimits) -> Door {
        let permits = limits.max_connections.min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(permits));
        Door {
            listeners,
            turn: 0,
            send_timeout: limits.send_timeout,
            room,
            ample: permits / 16,
            told: false,
        }
    }

    /// The next connection. Dropping this loses none.
    pub(super) async fn accept(&mut self) -> (Guarded, SocketAddr) {
        let permit = match self.room.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.tell("as many connections as allowed; newcomers wait");
                let room = self.room.clone().acquire_owned().await;
                room.expect("the semaphore is never closed")
            }
        };
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
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
                            line: None,
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

    /// A connection of any of the listeners.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let count = self.listeners.len();
        for index in (0..count).map(|step| (self.turn + step) % count) {
            if let Poll::Ready(accepted) = self.listeners[index].poll_accept(cx) {
                self.turn = (index + 1) % count;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
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

/// A connection that counts against the limit for as long as it lives, as a WebSocket too, and
/// that ends when its client stops reading.
pub(in crate::server) struct Guarded {
    stream: TcpStream,
    send_timeout: Duration,
    /// Since the client last read while there was something for it.
    stuck: Option<Pin<Box<Sleep>>>,
    /// As long as it speaks HTTP, its requests.
    line: Option<Arc<Line>>,
    _permit: OwnedSemaphorePermit,
}

impl Guarded {
    pub(super) fn belong_to(&mut self, line: &Arc<Line>) {
        self.line = Some(line.clone());
    }

    /// It speaks HTTP no more.
    pub(in crate::server) fn leave_http(mut self) -> Guarded {
        self.line = None;
        self
    }

    /// Lets a write that has to wait for the client fail when that takes too long.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.stuck.take().is_some() {
                self.tell_stuck(false);
            }
            return written;
        }
        if self.stuck.is_none() {
            self.stuck = Some(Box::pin(sleep(self.send_timeout)));
            self.tell_stuck(true);
        }
        if let Some(stuck) = &mut self.stuck {
            std::task::ready!(stuck.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn tell_stuck(&self, is_stuck: bool) {
        if let Some(line) = &self.line {
            line.set_stuck(is_stuck);
        }
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
