//! One client: an Engine.IO session and what speaks over it, as one value.
//!
//! This is the only type that a client's task drives. Bytes, deadlines and commands go in; frames,
//! events and the next deadline come out. The session and the Socket.IO client know nothing of each
//! other; they meet here, and only here. After any `handle_*` or command: call
//! [`poll_event`](Connection::poll_event) and [`poll_transmit`](Connection::poll_transmit) until
//! both give nothing.
//!
//! ```text
//!   handle_* ─► Session ─ message ─► Client ─► poll_event
//!                  ▲                    │
//!                  └────── frames ──────┘ ◄── emit, accept, …
//!                  │
//!                  └─► poll_transmit
//! ```

mod commands;
mod pace;
mod plain;
mod protocol;

use std::sync::Arc;

use crate::engine::{
    Body, CloseReason, Encoding, Gone, MESSAGE, Observer, Overlap, Refused, Session, Transmit,
    Transport, Version,
};
use crate::socketio::{self, AckRequest, Client, Sends, Shed, Violation};
use crate::wire::{Frame, Moment};

pub use pace::{Meter, Pace, Rate};
pub use plain::PlainConfig;

use plain::Plain;
use protocol::Protocol;

/// A Socket.IO packet is written with the mark of the Engine.IO message that it will be.
const _: () = assert!(socketio::MARK == MESSAGE);

/// Which form of frames a client speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Socket.IO packets over Engine.IO.
    SocketIo,
    /// Plain JSON frames over a WebSocket; see [`dialect`](crate::dialect).
    Json,
}

/// Something that happened to a client and that the application may want to know.
#[derive(Debug)]
pub enum Event {
    /// Something at the level of Socket.IO.
    SocketIo(socketio::Event),
    /// A bare Engine.IO message.
    Message(Frame),
}

/// One client.
#[derive(Debug)]
pub struct Connection(Kind);

#[derive(Debug)]
enum Kind {
    SocketIo(Box<Protocol>),
    Bare(Box<Bare>),
    Plain(Box<Plain>),
}

/// Engine.IO alone.
#[derive(Debug)]
struct Bare {
    session: Session,
    /// What the last frame of the WebSocket brought.
    message: Option<Frame>,
}

impl Connection {
    /// A client that speaks Socket.IO.
    pub fn socketio(session: Session, client: Client) -> Connection {
        Connection(Kind::SocketIo(Box::new(Protocol::new(session, client))))
    }

    /// A client of Socket.IO whose session has just been opened: it speaks the revision that
    /// belongs to the session's version of Engine.IO.
    pub fn socketio_over(
        session: Session,
        config: Arc<socketio::Config>,
        now: Moment,
    ) -> Connection {
        let revision = protocol::revision_over(session.version());
        Connection::socketio(session, Client::of_revision(config, revision, now))
    }

    /// A client that speaks Engine.IO alone.
    pub fn bare(session: Session) -> Connection {
        Connection(Kind::Bare(Box::new(Bare {
            session,
            message: None,
        })))
    }

    /// A client that speaks plain JSON frames over a WebSocket that is there already. `query` is
    /// that of its request.
    pub fn plain(config: Arc<PlainConfig>, query: &[(String, String)], now: Moment) -> Connection {
        Connection(Kind::Plain(Box::new(Plain::new(config, query, now))))
    }

    /// Has this observer told of the client's Engine.IO packets from now on; a plain connection has
    /// none.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.with_session((), |session| session.observe(observer));
    }

    /// A GET was parked.
    ///
    /// # Errors
    /// When there is one already: the new one is to be refused, and the connection is closed.
    pub fn handle_poll(&mut self) -> Result<(), Overlap> {
        self.with_session(Ok(()), Session::handle_poll)
    }

    /// The client dropped the parked GET.
    pub fn handle_poll_gone(&mut self) {
        self.with_session((), Session::handle_poll_gone);
    }

    /// A POST begins.
    ///
    /// # Errors
    /// When there is one already: both are to be refused, and the connection is closed.
    pub fn handle_post(&mut self) -> Result<(), Overlap> {
        self.with_session(Ok(()), Session::handle_post)
    }

    /// The client dropped the POST before its end.
    pub fn handle_post_gone(&mut self) {
        self.with_session((), Session::handle_post_gone);
    }

    /// The POST was refused by whoever read it, for its size.
    pub fn handle_post_refused(&mut self) {
        self.with_session((), Session::handle_post_refused);
    }

    /// The POST has a content type that no client of this version sends.
    pub fn handle_invalid_content(&mut self) {
        self.with_session((), Session::handle_invalid_content);
    }

    /// The POST's body. Its packets are decoded one by one as events are asked for.
    pub fn handle_body(&mut self, body: impl Into<Body>) {
        self.with_session((), |session| session.handle_body(body));
    }

    /// About how many packets the POST's body holds; it is about to be
    /// [handed over](Connection::handle_body).
    pub fn packets_in(&self, body: &Body) -> usize {
        self.session().map_or(1, |session| session.packets_in(body))
    }

    /// A WebSocket wants to take over from polling.
    ///
    /// # Errors
    /// When it must not; it is to be closed, and nothing else changes.
    pub fn handle_websocket(&mut self, now: Moment) -> Result<(), Refused> {
        self.with_session(Err(Refused::Upgraded), |session| {
            session.handle_websocket(now)
        })
    }

    /// [`handle_websocket`](Connection::handle_websocket) for one whose request asked for this
    /// encoding.
    ///
    /// # Errors
    /// As there.
    pub fn handle_websocket_in(&mut self, now: Moment, encoding: Encoding) -> Result<(), Refused> {
        self.with_session(Err(Refused::Upgraded), |session| {
            session.handle_websocket_in(now, encoding)
        })
    }

    /// The WebSocket ended.
    pub fn handle_websocket_gone(&mut self, gone: Gone) {
        match &mut self.0 {
            Kind::Plain(plain) => plain.handle_websocket_gone(gone),
            _ => self.with_session((), |session| session.handle_websocket_gone(gone)),
        }
    }

    /// A frame came from the WebSocket.
    pub fn handle_frame(&mut self, now: Moment, frame: Frame) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.handle_frame(now, frame),
            Kind::Bare(bare) => bare.message = bare.session.handle_frame(now, frame),
            Kind::Plain(plain) => plain.handle_frame(now, frame),
        }
    }

    /// A pong of the WebSocket protocol came; Engine.IO has its own and ignores it.
    pub fn handle_pong(&mut self, now: Moment) {
        if let Kind::Plain(plain) = &mut self.0 {
            plain.handle_pong(now);
        }
    }

    /// The deadline of [`poll_timeout`](Connection::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.handle_timeout(now),
            Kind::Bare(bare) => bare.session.handle_timeout(now),
            Kind::Plain(plain) => plain.handle_timeout(now),
        }
    }

    /// The caller stops reading: the client cannot be heard and is not asked for pongs.
    pub fn pause(&mut self, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.pause(now),
            Kind::Plain(plain) => plain.pause(now),
            Kind::Bare(bare) => bare.session.pause(now),
        }
    }

    /// The caller reads again.
    pub fn resume(&mut self, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.resume(now),
            Kind::Plain(plain) => plain.resume(now),
            Kind::Bare(bare) => bare.session.resume(now),
        }
    }

    /// How the client broke the protocol of Socket.IO, for which it is being closed. It is not told.
    pub fn violation(&self) -> Option<&Violation> {
        match &self.0 {
            Kind::SocketIo(protocol) => protocol.violation.as_deref(),
            Kind::Plain(_) | Kind::Bare(_) => None,
        }
    }

    /// What happened since the last input.
    pub fn poll_event(&mut self, now: Moment) -> Option<Event> {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.poll_event(now).map(Event::SocketIo),
            Kind::Bare(bare) => {
                let message = bare.message.take();
                message
                    .or_else(|| bare.session.poll_message(now))
                    .map(Event::Message)
            }
            Kind::Plain(plain) => plain.poll_event().map(Event::SocketIo),
        }
    }

    /// Whether [`poll_event`](Connection::poll_event) surely gives nothing; it may say that it does
    /// not know.
    #[inline]
    pub fn is_quiet(&self) -> bool {
        match &self.0 {
            Kind::SocketIo(protocol) => protocol.is_quiet(),
            Kind::Bare(_) | Kind::Plain(_) => false,
        }
    }

    /// What is to be sent next.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.poll_transmit_as().map(|(transmit, _)| transmit)
    }

    /// What is to be sent next, and whether it may be compressed.
    #[inline]
    pub fn poll_transmit_as(&mut self) -> Option<(Transmit, bool)> {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.poll_transmit(),
            Kind::Bare(bare) => bare
                .session
                .poll_transmit()
                .map(|transmit| (transmit, true)),
            Kind::Plain(plain) => plain.poll_transmit(),
        }
    }

    /// Whether an event that is emitted now would leave now: the connection is open, nothing waits,
    /// and on polling a GET is parked.
    pub fn is_writable(&self) -> bool {
        match &self.0 {
            Kind::SocketIo(protocol) => protocol.is_writable(),
            Kind::Bare(bare) => bare.session.writable(),
            Kind::Plain(plain) => plain.is_writable(),
        }
    }

    /// Does not send an event, and tells the one who waits for its acknowledgement.
    pub fn give_up(&mut self, ack: AckRequest) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.client.give_up(ack),
            Kind::Plain(plain) => plain.give_up(ack),
            Kind::Bare(_) => {}
        }
    }

    /// Drops the oldest of the waiting packets that may be lost, until `bytes` are free; `envelope`
    /// is what each frame counts beside its bytes.
    pub fn shed(&mut self, bytes: usize, envelope: usize) -> Shed {
        match self.sends() {
            Some(sends) => sends.shed(bytes, envelope),
            None => Shed::default(),
        }
    }

    /// How many packets were replaced by others with their key since the last time.
    pub fn take_replaced(&mut self) -> usize {
        self.sends().map_or(0, Sends::take_replaced)
    }

    fn sends(&mut self) -> Option<&mut Sends> {
        match &mut self.0 {
            Kind::SocketIo(protocol) => Some(protocol.client.sends()),
            Kind::Plain(plain) => Some(plain.sends()),
            Kind::Bare(_) => None,
        }
    }

    /// When [`handle_timeout`](Connection::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Moment> {
        match &self.0 {
            Kind::SocketIo(protocol) => {
                let deadlines = [
                    protocol.session.poll_timeout(),
                    protocol.client.poll_timeout(),
                ];
                deadlines.into_iter().flatten().min()
            }
            Kind::Bare(bare) => bare.session.poll_timeout(),
            Kind::Plain(plain) => plain.poll_timeout(),
        }
    }

    /// Why the connection is over, once it is.
    pub fn closed(&self) -> Option<&CloseReason> {
        match &self.0 {
            Kind::SocketIo(protocol) => protocol.session.closed(),
            Kind::Bare(bare) => bare.session.closed(),
            Kind::Plain(plain) => plain.closed(),
        }
    }

    /// Whether a POST is in flight: begun, or its body not used up.
    pub fn is_posting(&self) -> bool {
        self.session().is_some_and(Session::posting)
    }

    /// Whether the client makes up its socket ids itself, from its session's id, as clients of
    /// Socket.IO 2 do.
    pub fn makes_up_ids(&self) -> bool {
        self.session()
            .is_some_and(|session| session.version() == Version::V3)
    }

    /// By which transport the client is connected.
    pub fn transport(&self) -> Transport {
        self.session()
            .map_or(Transport::WebSocket, Session::transport)
    }

    /// Which form of frames the client speaks.
    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Kind::SocketIo(_) | Kind::Bare(_) => Dialect::SocketIo,
            Kind::Plain(_) => Dialect::Json,
        }
    }

    /// The bytes that wait to be sent.
    pub fn queued_bytes(&self) -> usize {
        self.queued().1
    }

    /// How many frames wait to be sent.
    pub fn queued_frames(&self) -> usize {
        self.queued().0
    }

    fn queued(&self) -> (usize, usize) {
        match &self.0 {
            Kind::SocketIo(protocol) => protocol.queued(),
            Kind::Bare(bare) => (bare.session.queued_frames(), bare.session.queued_bytes()),
            Kind::Plain(plain) => plain.queued(),
        }
    }

    fn session(&self) -> Option<&Session> {
        match &self.0 {
            Kind::SocketIo(protocol) => Some(&protocol.session),
            Kind::Bare(bare) => Some(&bare.session),
            Kind::Plain(_) => None,
        }
    }

    /// Tells the session something, if there is one; a plain connection is never told by the
    /// routes that know only sessions.
    fn with_session<R>(&mut self, otherwise: R, tell: impl FnOnce(&mut Session) -> R) -> R {
        match &mut self.0 {
            Kind::SocketIo(protocol) => tell(&mut protocol.session),
            Kind::Bare(bare) => tell(&mut bare.session),
            Kind::Plain(_) => otherwise,
        }
    }
}
