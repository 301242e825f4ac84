//! The connection under a WebSocket, and the buffers that all of a thread's WebSockets share.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::server::listener::Guarded;

/// What HTTP has handed over: the socket itself where its type is known, so that nothing of HTTP
/// is kept with it.
pub(super) enum Stream {
    /// Of our own listener.
    Guarded(Guarded),
    /// Of an application that serves hyper itself.
    Tcp(TcpStream),
    /// Of any other server: axum's hides its socket, and TLS has types of its own.
    Any(TokioIo<Upgraded>),
}

impl Stream {
    /// The connection, and what was read of it behind the handshake.
    pub(super) fn of(upgraded: Upgraded) -> (Stream, Bytes) {
        let upgraded = match upgraded.downcast::<TokioIo<Guarded>>() {
            Ok(Parts { io, read_buf, .. }) => {
                return (Stream::Guarded(io.into_inner().leave_http()), read_buf);
            }
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(Parts { io, read_buf, .. }) => (Stream::Tcp(io.into_inner()), read_buf),
            Err(upgraded) => (Stream::Any(TokioIo::new(upgraded)), Bytes::new()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Guarded(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Any(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Guarded(stream) => Pin::new(stream).poll_write(cx, data),
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, data),
            Stream::Any(stream) => Pin::new(stream).poll_write(cx, data),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Guarded(stream) => Pin::new(stream).poll_write_vectored(cx, data),
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, data),
            Stream::Any(stream) => Pin::new(stream).poll_write_vectored(cx, data),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Guarded(stream) => stream.is_write_vectored(),
            Stream::Tcp(stream) => stream.is_write_vectored(),
            Stream::Any(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Guarded(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Any(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Guarded(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Any(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// One read buffer and one write buffer per thread. A task takes one when it has something to read
/// or write, and gives it back before it sleeps.
pub(super) mod scratch {
    use std::cell::Cell;

    use bytes::BytesMut;

    /// What one read takes at most.
    const READ_SIZE: usize = 64 * 1024;
    /// What a write buffer begins with.
    const WRITE_SIZE: usize = 4 * 1024;
    /// A write buffer that has grown beyond this is not kept.
    const WRITE_KEPT: usize = 64 * 1024;

    thread_local! {
        static READ: Cell<BytesMut> = Cell::default();
        static WRITE: Cell<BytesMut> = Cell::default();
    }

    /// An empty read buffer.
    pub(in crate::server) fn take_read() -> BytesMut {
        renew(READ.take())
    }

    /// The same buffer, empty; a new one if something that was read into it is still in use.
    pub(in crate::server) fn renew(mut buffer: BytesMut) -> BytesMut {
        buffer.clear();
        match buffer.try_reclaim(READ_SIZE) {
            true => buffer,
            false => BytesMut::with_capacity(READ_SIZE),
        }
    }

    pub(in crate::server) fn give_read(buffer: BytesMut) {
        READ.set(buffer);
    }

    pub(in crate::server) fn take_write() -> BytesMut {
        match WRITE.take() {
            buffer if buffer.capacity() > 0 => buffer,
            _ => BytesMut::with_capacity(WRITE_SIZE),
        }
    }

    pub(in crate::server) fn give_write(buffer: BytesMut) {
        let known = WRITE.take();
        // One that says goodbye has a small buffer of its own.
        let is_better = buffer.capacity() > known.capacity() && buffer.capacity() <= WRITE_KEPT;
        WRITE.set(if is_better { buffer } else { known });
    }
}
