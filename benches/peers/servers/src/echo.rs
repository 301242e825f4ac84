//! The WebSocket side of the floors that use tungstenite: everything that a wake-up brings is
//! answered into the buffer, then written by one flush.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::audience::{Audience, Outbox, sid};
use crate::canned::{self, Answer};
use crate::launch::MAX_PAYLOAD;

/// Zeroed before each read, so it is small.
const READ_BUFFER: usize = 4096;

/// The configuration of all floors' WebSockets.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(MAX_PAYLOAD as usize))
        .max_frame_size(Some(MAX_PAYLOAD as usize))
}

/// One connection, until it ends. Resolves when the client is gone.
pub struct Echo<'a, S> {
    socket: WebSocketStream<S>,
    audience: &'a Audience<Message>,
    number: u64,
    outbox: &'a Outbox<Message>,
    /// Whether what waits may be sent here; not before an upgrade is complete.
    is_open: bool,
    /// Whether the client has said goodbye.
    is_over: bool,
    /// Kept, so that a broadcast allocates nothing.
    taken: Vec<Message>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Echo<'a, S> {
    /// A client that came by WebSocket; it has yet to be sent the open packet.
    pub fn newcomer(
        socket: WebSocketStream<S>,
        audience: &'a Audience<Message>,
        (number, outbox): (u64, &'a Outbox<Message>),
    ) -> Echo<'a, S> {
        outbox.push(Message::from(canned::open_packet(&sid(number), "")));
        Echo {
            is_open: true,
            ..Echo::upgrading(socket, audience, (number, outbox))
        }
    }

    /// A client that upgrades.
    pub fn upgrading(
        socket: WebSocketStream<S>,
        audience: &'a Audience<Message>,
        (number, outbox): (u64, &'a Outbox<Message>),
    ) -> Echo<'a, S> {
        Echo {
            socket,
            audience,
            number,
            outbox,
            is_open: false,
            is_over: false,
            taken: Vec::new(),
        }
    }

    fn feed(&mut self, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.socket).start_send(message)
    }

    fn answer(&mut self, frame: Utf8Bytes) -> Result<(), Error> {
        match canned::answer(&frame) {
            Answer::Echo => self.feed(Message::Text(frame)),
            Answer::Ack(id, rest) => self.feed(Message::from(canned::ack(id, rest))),
            Answer::Broadcast => {
                self.audience.broadcast(&Message::Text(frame));
                Ok(())
            }
            Answer::Welcome => self.feed(Message::from(canned::welcome(&sid(self.number)))),
            Answer::Probe => {
                // Answers the GET that the upgrade waits for.
                self.outbox.push(Message::from("6"));
                self.feed(Message::from("3probe"))
            }
            Answer::Upgraded => {
                self.is_open = true;
                Ok(())
            }
            Answer::Goodbye => Err(Error::ConnectionClosed),
            Answer::Nothing => Ok(()),
        }
    }

    /// Reads and answers all that has come.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        while let Poll::Ready(next) = Pin::new(&mut self.socket).poll_next(cx) {
            match next.transpose()? {
                Some(Message::Text(frame)) => self.answer(frame)?,
                Some(attachment @ Message::Binary(_)) => self.feed(attachment)?,
                // The library has put its answer among what is to be written.
                Some(Message::Close(_)) => self.is_over = true,
                None => return Err(Error::ConnectionClosed),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Feeds what waits. Also arms the waker for what comes later.
    fn poll_outbox(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        let mut taken = std::mem::take(&mut self.taken);
        while self.is_open && self.outbox.poll_take(cx, &mut taken).is_ready() {
            for message in taken.drain(..) {
                self.feed(message)?;
            }
        }
        self.taken = taken;
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Echo<'_, S> {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = &mut *self;
        // Nobody who reads too slowly is read from.
        ready!(Pin::new(&mut this.socket).poll_ready(cx))?;
        if !this.is_over {
            this.poll_read(cx)?;
        }
        this.poll_outbox(cx)?;
        ready!(Pin::new(&mut this.socket).poll_flush(cx))?;
        if this.is_over {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}
