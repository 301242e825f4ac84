//! The ways in and out of one client: its WebSocket, its parked GET, its POST in flight.
//!
//! What the session wants sent is performed here, and what comes in is brought back; no decision is
//! taken here.

use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::api::BoxFuture;
use crate::connection::Connection;
use crate::engine::{Body, CloseReason, Fault, Gone, Transmit};
use crate::registry::Mailbox;
use crate::server::sessions::{PollAnswer, PostAnswer};
use crate::server::websocket::{Incoming, WebSocket};
use crate::wire::Frame;

/// What came in by one of the lanes.
pub(super) enum Input {
    Frame(Frame),
    Pong,
    WebSocketGone(Gone),
    PollGone,
    PostGone,
}

pub(super) struct Lanes {
    mailbox: Arc<Mailbox>,
    websocket: Option<Box<WebSocket>>,
    poll: Option<oneshot::Sender<PollAnswer>>,
    post: Option<Post>,
    /// WebSockets that are being closed.
    leaving: Vec<BoxFuture<()>>,
    /// Bytes of answers to GETs that nobody has accounted for yet.
    handed_over: usize,
    /// The WebSocket had no room for what the session still has to send.
    blocked: bool,
}

struct Post {
    answer: oneshot::Sender<PostAnswer>,
    has_body: bool,
}

impl Lanes {
    /// The bytes of an answer to a GET count in `mailbox` until they are written.
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Lanes {
        Lanes {
            mailbox,
            websocket: None,
            poll: None,
            post: None,
            leaving: Vec::new(),
            handed_over: 0,
            blocked: false,
        }
    }

    pub(super) fn park_poll(&mut self, answer: oneshot::Sender<PollAnswer>) {
        self.poll = Some(answer);
    }

    pub(super) fn begin_post(&mut self, answer: oneshot::Sender<PostAnswer>) {
        self.post = Some(Post {
            answer,
            has_body: false,
        });
    }

    /// Cuts the POST in flight: another one came, or the session left polling.
    pub(super) fn cut_post(&mut self) {
        if let Some(post) = self.post.take() {
            // Its client may have gone; then there is nobody to tell.
            let _ = post.answer.send(PostAnswer::Cut);
        }
    }

    /// The POST's body is there, or was refused by whoever read it.
    pub(super) fn post_has_body(&mut self) -> bool {
        match &mut self.post {
            Some(post) => {
                post.has_body = true;
                true
            }
            None => false,
        }
    }

    pub(super) fn forget_post(&mut self) {
        self.post = None;
    }

    pub(super) fn attach(&mut self, websocket: Box<WebSocket>) {
        self.websocket = Some(websocket);
    }

    /// Closes a WebSocket that the session did not take.
    pub(super) fn turn_away(&mut self, websocket: Box<WebSocket>) {
        self.leaving.push(Box::pin(websocket.hang_up(None)));
    }

    /// Bytes on their way through the WebSocket.
    pub(super) fn unflushed(&self) -> usize {
        self.websocket
            .as_ref()
            .map_or(0, |websocket| websocket.unsent())
    }

    /// The bytes that answers to GETs have taken along since the last time.
    pub(super) fn take_handed_over(&mut self) -> usize {
        std::mem::take(&mut self.handed_over)
    }

    /// Whether the WebSocket had no room when it was last offered something.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether nothing is left that has to be waited for.
    pub(super) fn is_deserted(&self) -> bool {
        self.leaving.is_empty()
    }

    /// Answers the POST whose body was used up.
    pub(super) fn answer_post(&mut self, connection: &Connection) {
        let Some(post) = self.post.take_if(|_| !connection.is_posting()) else {
            return;
        };
        let answer = match connection.closed() {
            Some(CloseReason::ParseError) => PostAnswer::Malformed,
            // What was left of the body has been dropped.
            Some(CloseReason::TransportError(
                Fault::Stalled | Fault::SlowConsumer | Fault::TooFast,
            )) => PostAnswer::Cut,
            Some(_) | None if post.has_body => PostAnswer::Accepted,
            Some(_) | None => PostAnswer::Cut,
        };
        // Its client may have gone; the packets were taken all the same.
        let _ = post.answer.send(answer);
    }

    /// Performs what the connection wants sent, as far as the WebSocket takes it.
    pub(super) fn perform(&mut self, connection: &mut Connection, cx: &mut Context<'_>) {
        while self.has_room(connection, cx) {
            let queued = match &self.poll {
                Some(_) => connection.queued_bytes(),
                None => 0,
            };
            let Some((transmit, compressible)) = connection.poll_transmit_as() else {
                return;
            };
            match transmit {
                Transmit::Poll(body) => {
                    let taken = queued.saturating_sub(connection.queued_bytes());
                    self.answer_poll(body, compressible, taken);
                }
                Transmit::Frame(frame) => {
                    if let Some(websocket) = &mut self.websocket {
                        websocket.feed(frame, compressible);
                    }
                }
                Transmit::Ping => {
                    if let Some(websocket) = &mut self.websocket {
                        websocket.ping();
                    }
                }
                Transmit::Hangup(code) => self.hang_up(code),
            }
        }
    }

    /// Whether the next thing can be sent. A full WebSocket takes nothing more before all that it
    /// has is handed on.
    fn has_room(&mut self, connection: &mut Connection, cx: &mut Context<'_>) -> bool {
        let Some(websocket) = &mut self.websocket else {
            return true;
        };
        if !self.blocked && !websocket.is_full() {
            return true;
        }
        match websocket.poll_flush(cx) {
            Poll::Ready(Ok(())) => self.blocked = false,
            Poll::Ready(Err(gone)) => {
                self.drop_websocket();
                connection.handle_websocket_gone(gone);
            }
            // A reader that takes nothing more cannot be told of the end either.
            Poll::Pending if connection.closed().is_some() => self.drop_websocket(),
            Poll::Pending => self.blocked = true,
        }
        !self.blocked
    }

    /// Answers the GET with what was queued in `taken` bytes. In base64 it has more, and nobody is to
    /// be closed for what he fetches.
    fn answer_poll(&mut self, body: Body, compressible: bool, taken: usize) {
        if let Some(poll) = self.poll.take() {
            let bytes = body.len().min(taken);
            self.handed_over += bytes;
            let held = self.mailbox.hold(bytes);
            // A client that has just gone is noticed by its next silence.
            let _ = poll.send(PollAnswer::Payload(body, held, compressible));
        }
    }

    fn hang_up(&mut self, code: Option<u16>) {
        if let Some(websocket) = self.websocket.take() {
            self.leaving.push(Box::pin(websocket.hang_up(code)));
        }
        self.drop_websocket();
    }

    /// The next thing that came in. A client that may not speak is not listened to, but its
    /// leaving the polling lane is noticed.
    pub(super) fn poll_input(&mut self, reading: bool, cx: &mut Context<'_>) -> Poll<Input> {
        if let Some(poll) = &mut self.poll
            && poll.poll_closed(cx).is_ready()
        {
            self.poll = None;
            return Poll::Ready(Input::PollGone);
        }
        if let Some(post) = &mut self.post
            && !post.has_body
            && post.answer.poll_closed(cx).is_ready()
        {
            self.post = None;
            return Poll::Ready(Input::PostGone);
        }
        if let Some(websocket) = &mut self.websocket
            && reading
        {
            return match websocket.poll_next(cx) {
                Poll::Ready(Incoming::Frame(frame)) => Poll::Ready(Input::Frame(frame)),
                Poll::Ready(Incoming::Pong) => Poll::Ready(Input::Pong),
                Poll::Ready(Incoming::Gone(gone, code)) => {
                    // One that sent too much is hung up on by the session.
                    if !matches!(gone, Gone::TooLarge) {
                        self.hang_up(code);
                    }
                    Poll::Ready(Input::WebSocketGone(gone))
                }
                Poll::Pending => Poll::Pending,
            };
        }
        Poll::Pending
    }

    /// Flushes what was sent since the last time, and sees closing WebSockets off.
    ///
    /// An error says that the WebSocket failed.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        self.leaving
            .retain_mut(|leaving| leaving.as_mut().poll(cx).is_pending());
        let Some(websocket) = &mut self.websocket else {
            return Poll::Ready(Ok(()));
        };
        let flushed = websocket.poll_flush(cx);
        websocket.rest();
        if let Poll::Ready(Err(_)) = flushed {
            self.drop_websocket();
        }
        flushed
    }

    /// The session is over: whoever still waits is told.
    pub(super) fn end(&mut self) {
        if let Some(poll) = self.poll.take() {
            // Nobody may be left to be told.
            let _ = poll.send(PollAnswer::Ended);
        }
        self.cut_post();
        self.drop_websocket();
    }

    fn drop_websocket(&mut self) {
        self.websocket = None;
        self.blocked = false;
    }
}
