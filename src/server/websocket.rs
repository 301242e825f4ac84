//! WebSockets: the only file that names the library. Everything above sees [`Frame`]s.
//!
//! Compression of messages is not negotiated, as in the reference's default.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::engine::Gone;
use crate::wire::Frame;

/// Allocated per connection and zeroed before each read, so it is small.
const READ_BUFFER: usize = 4 * 1024;
/// What is fed beyond this is written without waiting for a flush.
const WRITE_BUFFER: usize = 16 * 1024;
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
/// Its buffers hold at most a read buffer, one message being received (up to the payload limit)
/// and one frame being written beyond the write buffer, as long as the caller asks
/// [`poll_ready`](WebSocket::poll_ready) before each [`start_send`](WebSocket::start_send).
pub(crate) struct WebSocket {
    /// Boxed, as it moves through mailboxes and enums.
    stream: Box<WebSocketStream<TokioIo<Upgraded>>>,
    max_payload: usize,
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

/// The `Sec-WebSocket-Accept` for a client's key.
pub(super) fn accept_key(key: &[u8]) -> String {
    derive_accept_key(key)
}

/// Waits until the 101 has been written and takes the connection over; none if it came to nothing.
pub(crate) async fn upgrade(on_upgrade: OnUpgrade, max_payload: usize) -> Option<WebSocket> {
    match on_upgrade.await {
        Ok(upgraded) => Some(WebSocket::new(upgraded, max_payload).await),
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
    async fn new(upgraded: Upgraded, max_payload: usize) -> WebSocket {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            // A single frame over this could never be sent, and outgoing messages have no limit;
            // the bound is that nothing is fed before `poll_ready`.
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(max_payload))
            .max_frame_size(Some(max_payload));
        let io = TokioIo::new(upgraded);
        let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        WebSocket {
            stream: Box::new(stream),
            max_payload,
        }
    }

    /// The next thing that comes in. Pings are answered on the way.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            let next = match self.stream.poll_next_unpin(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => return Poll::Pending,
            };
            return Poll::Ready(match next {
                Some(Ok(Message::Text(text))) => Incoming::Frame(text_frame(text)),
                Some(Ok(Message::Binary(bytes))) => Incoming::Frame(Frame::Binary(bytes)),
                Some(Ok(Message::Pong(_))) => Incoming::Pong,
                // The answer is queued and leaves with the next read; raw frames are never read.
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => Incoming::Gone(Gone::Closed, None),
                Some(Err(error)) => Incoming::Gone(gone(&error), close_code(&error)),
            });
        }
    }

    /// Whether the next frame can be fed.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        self.stream
            .poll_ready_unpin(cx)
            .map_err(|error| gone(&error))
    }

    /// Feeds a frame; it leaves with the next flush at the latest.
    pub(crate) fn start_send(&mut self, frame: Frame) -> Result<(), Gone> {
        self.feed(message(frame))
    }

    /// Feeds a ping.
    pub(crate) fn ping(&mut self) -> Result<(), Gone> {
        self.feed(Message::Ping(Bytes::new()))
    }

    /// Writes out all that was fed.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        self.stream
            .poll_flush_unpin(cx)
            .map_err(|error| gone(&error))
    }

    /// Closes with this code, or with none, and waits a moment for the peer to agree.
    ///
    /// With 1009 it goes on taking in what the peer still sends, up to 16 times the payload limit
    /// or for 5 s, so that the peer gets to see the code instead of a reset connection.
    pub(crate) async fn hang_up(mut self, code: Option<u16>) {
        let frame = code.map(|code| CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::default(),
        });
        let said = timeout(GOODBYE, async {
            // It fails where the peer has closed first; then its close is to be answered.
            match self.stream.send(Message::Close(frame)).await {
                Ok(()) => Ok(()),
                Err(_) => self.stream.flush().await,
            }
        });
        if !matches!(said.await, Ok(Ok(()))) {
            return;
        }
        // A peer that does not come to its end in time is cut off, in either case.
        if code == Some(TOO_BIG) {
            let _ = timeout(DISCARD_TIME, self.discard()).await;
        } else {
            let _ = timeout(GOODBYE, async {
                while let Some(Ok(_)) = self.stream.next().await {}
            })
            .await;
        }
    }

    /// Reads past the frame that the library has refused to read.
    async fn discard(&mut self) {
        let budget = self.max_payload.saturating_mul(DISCARD_FACTOR);
        let stream = self.stream.get_mut();
        // The peer may wait for us to end the connection before it does.
        if stream.shutdown().await.is_err() {
            return;
        }
        let (mut buffer, mut taken) = ([0; READ_BUFFER], 0);
        while taken < budget {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(size) => taken += size,
            }
        }
    }

    fn feed(&mut self, message: Message) -> Result<(), Gone> {
        self.stream
            .start_send_unpin(message)
            .map_err(|error| gone(&error))
    }
}

fn text_frame(text: Utf8Bytes) -> Frame {
    let text = ByteString::try_from(Bytes::from(text));
    Frame::Text(text.expect("the library has checked that it is UTF-8"))
}

fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => {
            let text = Utf8Bytes::try_from(text.into_bytes());
            Message::Text(text.expect("a ByteString is UTF-8"))
        }
        Frame::Binary(bytes) => Message::Binary(bytes),
    }
}

/// The close code for a peer that broke the protocol (RFC 6455, 7.4.1).
fn close_code(error: &Error) -> Option<u16> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(1002),
        Error::Utf8(_) => Some(1007),
        _ => None,
    }
}

/// What an error says about the WebSocket's end.
fn gone(error: &Error) -> Gone {
    match error {
        Error::Capacity(_) => Gone::TooLarge,
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Gone::Closed,
        _ => Gone::Failed,
    }
}
