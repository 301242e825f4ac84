//! WebSockets over a connection that HTTP has handed over. Everything above sees [`Frame`]s.
//!
//! The protocol itself is in [`websocket`](crate::websocket); here are the sockets, the buffers and
//! the way a connection ends.

mod deflate;
mod stream;

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use hyper::upgrade::{OnUpgrade, Upgraded};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::engine::Gone;
use crate::websocket::{Compressed, Decoder, Outbox, Received, Violation};
use crate::wire::Frame;

use deflate::Deflate;
use stream::{Stream, scratch};

pub(super) use deflate::Agreed;
pub use deflate::PerMessageDeflate;

pub(super) use crate::websocket::accept_key;

/// What is fed beyond this is written without waiting for a flush.
const FULL: usize = 16 * 1024;
/// How many pieces are written at once.
const PIECES: usize = 16;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How much of a message over the limit is taken in, as a multiple of the limit, so that the
/// refusal is not lost; see `body` for the same on polling.
const DISCARD_FACTOR: usize = 16;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(5);
/// RFC 6455, 7.4.1: the message is too big.
const TOO_BIG: u16 = 1009;

/// One WebSocket, after its opening handshake.
///
/// Asleep it holds no buffer, but what is half-received (up to the payload limit) and what the peer
/// has not taken: at most one frame beyond 16 KiB, as long as the caller feeds nothing while it
/// [is full](WebSocket::is_full); with context takeover also what messages may refer to.
pub(crate) struct WebSocket {
    stream: Stream,
    /// What was read and not looked at yet.
    input: BytesMut,
    /// Whether that is in the thread's read buffer.
    is_borrowed: bool,
    decoder: Decoder,
    outbox: Outbox,
    /// Compression, if it was agreed on.
    deflate: Option<Box<Deflate>>,
    /// The payload of the last ping, while there is no room for its pong.
    late_pong: Option<Box<[u8]>>,
    ending: Ending,
    /// Whether what was written has been flushed.
    is_flushed: bool,
    max_payload: usize,
}

/// How far the WebSocket has come to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Ending {
    Open,
    /// The peer said goodbye, with this code and reason, and waits for the same.
    PeerClosed(Box<[u8]>),
    /// We said goodbye: nothing may be said any more.
    Closed,
    /// Nothing can be said or heard any more.
    Broken,
}

/// What comes in on a WebSocket.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message.
    Frame(Frame),
    /// The answer to a ping.
    Pong,
    /// Nothing more comes; the peer is to be told with this close code, or none.
    Gone(Gone, Option<u16>),
}

/// A connection that is to become a WebSocket, once its 101 has been written.
pub(crate) struct Upgrade {
    pub(crate) on_upgrade: OnUpgrade,
    /// What the 101 agrees to.
    pub(crate) agreed: Option<Agreed>,
}

/// Waits until the 101 has been written and takes the connection over; none if it came to nothing.
pub(crate) async fn upgrade(upgrade: Upgrade, max_payload: usize) -> Option<Box<WebSocket>> {
    match upgrade.on_upgrade.await {
        Ok(upgraded) => Some(Box::new(WebSocket::new(
            upgraded,
            upgrade.agreed,
            max_payload,
        ))),
        Err(error) if error.is_user() => {
            tracing::error!(
                %error,
                "the HTTP server does not hand over upgraded connections, so WebSockets cannot \
                 work; with hyper, call `.with_upgrades()` on the connection"
            );
            None
        }
        Err(error) => {
            tracing::debug!(%error, "client left during the WebSocket handshake");
            None
        }
    }
}

impl WebSocket {
    fn new(upgraded: Upgraded, agreed: Option<Agreed>, max_payload: usize) -> WebSocket {
        let (stream, read) = Stream::of(upgraded);
        let decoder = Decoder::new(max_payload);
        WebSocket {
            stream,
            input: BytesMut::from(&*read),
            is_borrowed: false,
            decoder: match agreed {
                Some(_) => decoder.with_compression(),
                None => decoder,
            },
            outbox: Outbox::new(),
            deflate: agreed.map(|agreed| Box::new(Deflate::new(agreed))),
            late_pong: None,
            ending: Ending::Open,
            is_flushed: true,
            max_payload,
        }
    }

    /// The next thing that comes in. Pings are answered on the way, with the next flush.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if let Some(deflate) = &self.deflate
            && deflate.is_spent()
        {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match self.decoder.decode(&mut self.input) {
                Ok(Some(Received::Message(frame))) => {
                    return Poll::Ready(Incoming::Frame(owned(frame)));
                }
                Ok(Some(Received::Compressed(message))) => match self.inflate(message) {
                    Ok(frame) => return Poll::Ready(Incoming::Frame(frame)),
                    Err(violation) => return Poll::Ready(refused(violation)),
                },
                Ok(Some(Received::Pong(_))) => return Poll::Ready(Incoming::Pong),
                Ok(Some(Received::Ping(payload))) => self.answer_ping(&payload),
                Ok(Some(Received::Close { payload, .. })) => {
                    self.ending = Ending::PeerClosed(payload.as_ref().into());
                    return Poll::Ready(Incoming::Gone(Gone::Closed, None));
                }
                Ok(None) => match ready!(self.poll_read(cx)) {
                    Ok(()) => {}
                    Err(_) => {
                        self.ending = Ending::Broken;
                        return Poll::Ready(Incoming::Gone(Gone::Closed, None));
                    }
                },
                Err(violation) => return Poll::Ready(refused(violation)),
            }
        }
    }

    /// What a compressed message says.
    #[cold]
    fn inflate(&mut self, message: Compressed) -> Result<Frame, Violation> {
        match &mut self.deflate {
            Some(deflate) => deflate.inflate(message, &mut self.decoder),
            None => Err(Violation::Protocol("a compressed message")),
        }
    }

    /// Before the task sleeps: gives the thread's buffers back, if not all in them is done with.
    pub(crate) fn rest(&mut self) {
        if let Some(deflate) = &mut self.deflate {
            deflate.rest();
        }
        if self.is_borrowed {
            let rest = BytesMut::from(&*self.input);
            self.give_back();
            self.input = rest;
        }
        // A client that reads slowly does not keep the thread's write buffer.
        if let Some(buffer) = self.outbox.settle() {
            scratch::give_write(buffer);
        }
    }

    /// Whether nothing should be fed before a flush.
    pub(crate) fn is_full(&self) -> bool {
        self.outbox.len() >= FULL
    }

    /// The bytes that were fed and are not written.
    pub(crate) fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// Feeds a frame; it leaves with the next flush. It is compressed only if it may be.
    pub(crate) fn feed(&mut self, frame: Frame, compressible: bool) {
        self.borrow_buffer();
        match &mut self.deflate {
            Some(deflate) if compressible => deflate.feed(frame, &mut self.outbox),
            _ => self.outbox.message(frame),
        }
    }

    /// Feeds a ping.
    pub(crate) fn ping(&mut self) {
        self.borrow_buffer();
        self.outbox.ping(&[]);
    }

    /// Writes out all that was fed.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        loop {
            while !self.outbox.is_empty() {
                match ready!(self.poll_write(cx)) {
                    Ok(0) | Err(_) => {
                        self.ending = Ending::Broken;
                        return Poll::Ready(Err(Gone::Closed));
                    }
                    Ok(written) => {
                        self.outbox.advance(written);
                        self.is_flushed = false;
                    }
                }
            }
            if !self.is_flushed {
                // TLS, and what else an application serves, may keep what is written until then.
                if ready!(Pin::new(&mut self.stream).poll_flush(cx)).is_err() {
                    self.ending = Ending::Broken;
                    return Poll::Ready(Err(Gone::Closed));
                }
                self.is_flushed = true;
            }
            if let Some(buffer) = self.outbox.reclaim() {
                scratch::give_write(buffer);
            }
            match self.late_pong.take() {
                Some(payload) => self.outbox.pong(&payload),
                None => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Closes with this code, or with none, and waits a moment for the peer to agree.
    ///
    /// With 1009 it goes on taking in what the peer still sends, up to 16 times the payload limit
    /// or for 5 s, so that the peer gets to see the code instead of a reset connection.
    pub(crate) async fn hang_up(mut self, code: Option<u16>) {
        self.rest();
        // Nothing follows a close frame (RFC 6455, 5.5.1).
        self.late_pong = None;
        match std::mem::replace(&mut self.ending, Ending::Closed) {
            Ending::Broken | Ending::Closed => return,
            // The same code again (RFC 6455, 5.5.1).
            Ending::PeerClosed(payload) => {
                self.outbox.close_alike(&payload);
                self.say_goodbye().await;
                return;
            }
            Ending::Open => self.outbox.close(code),
        }
        if !self.say_goodbye().await {
            return;
        }
        // A peer that does not come to its end in time is cut off, in either case.
        if code == Some(TOO_BIG) {
            let _ = timeout(DISCARD_TIME, self.discard()).await;
        } else {
            let _ = timeout(GOODBYE, self.drain()).await;
        }
    }

    /// Whether all that is to be said was written in time.
    async fn say_goodbye(&mut self) -> bool {
        // Nearly always it leaves at once, and needs no timer.
        let mut flush = pin!(poll_fn(|cx| self.poll_flush(cx)));
        match poll_fn(|cx| Poll::Ready(flush.as_mut().poll(cx))).await {
            Poll::Ready(said) => said.is_ok(),
            Poll::Pending => matches!(timeout(GOODBYE, flush).await, Ok(Ok(()))),
        }
    }

    /// Reads until the peer has come to its end.
    async fn drain(&mut self) {
        let mut next = |cx: &mut Context<'_>| {
            let next = self.poll_next(cx);
            self.rest();
            next
        };
        while !matches!(poll_fn(&mut next).await, Incoming::Gone(_, _)) {}
    }

    /// Reads past the frame that was refused.
    async fn discard(&mut self) {
        let budget = self.max_payload.saturating_mul(DISCARD_FACTOR);
        // The peer may wait for us to end the connection before it does.
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut taken = 0;
        while taken < budget {
            match poll_fn(|cx| self.poll_read(cx)).await {
                Ok(()) => taken += self.input.len(),
                Err(_) => return,
            }
        }
    }

    /// Reads once, at least a byte, in place of what was read before; the end of the stream is an
    /// error. While there is nothing to read, no buffer is held.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let spent = std::mem::take(&mut self.input);
        self.input = match std::mem::replace(&mut self.is_borrowed, true) {
            true => scratch::renew(spent),
            false => scratch::take_read(),
        };
        let read = {
            let reading = pin!(self.stream.read_buf(&mut self.input));
            reading.poll(cx)
        };
        if self.input.is_empty() {
            self.give_back();
        }
        read.map(|read| match read? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        })
    }

    fn give_back(&mut self) {
        scratch::give_read(std::mem::take(&mut self.input));
        self.is_borrowed = false;
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let first = self.outbox.first();
        if first.len() == self.outbox.len() || !self.stream.is_write_vectored() {
            return Pin::new(&mut self.stream).poll_write(cx, first);
        }
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let count = self.outbox.chunks(&mut pieces);
        Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces[..count])
    }

    /// A peer that pings without reading gets only the last of its pongs (RFC 6455, 5.5.3).
    fn answer_ping(&mut self, payload: &[u8]) {
        if self.ending != Ending::Open {
            return;
        }
        if self.is_full() {
            self.late_pong = Some(payload.into());
        } else {
            self.borrow_buffer();
            self.outbox.pong(payload);
        }
    }

    fn borrow_buffer(&mut self) {
        if self.outbox.is_empty() {
            self.outbox.lend(scratch::take_write());
        }
    }
}

/// The end, for what the peer did wrong.
#[cold]
fn refused(violation: Violation) -> Incoming {
    match violation {
        Violation::TooBig => Incoming::Gone(Gone::TooLarge, None),
        violation => Incoming::Gone(Gone::Failed, Some(violation.close_code())),
    }
}

/// Attachments are the application's, who may keep them. Text is read at once, or copied by whoever
/// keeps it.
fn owned(frame: Frame) -> Frame {
    match frame {
        Frame::Binary(_) => frame.detach(),
        Frame::Text(_) => frame,
    }
}
