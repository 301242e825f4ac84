//! One client's Engine.IO connection, from its handshake to its end.
//!
//! A [`Session`] owns the state of the transports, the heartbeat, the queue of outgoing frames
//! and the closing. It holds no socket: the caller reports what happens (`handle_*`), passes on
//! what the application wants ([`send`](Session::send), [`close`](Session::close)), and after
//! each of these drains first [`poll_message`](Session::poll_message), then
//! [`poll_transmit`](Session::poll_transmit) until they give `None`, and waits no longer than
//! [`poll_timeout`](Session::poll_timeout).
//!
//! Here are what both transports share and the way in and out. The long-polling lane is in
//! `polling`, the way from it to a WebSocket in `upgrade`, the open packet in `handshake`; an
//! `observer` is told of packets. Who may open a session is decided before, from the
//! [`request`](super::request).

mod closing;
mod handshake;
mod observer;
mod polling;
mod pulse;
mod state;
mod upgrade;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::config::Config;
use super::encoding::Encoding;
use super::heartbeat::Beat;
use super::packet::{Packet, PacketError};
use super::payload::Body;
use super::reason::{CloseReason, Fault};
use super::transport::Transport;
use super::v3;
use crate::wire::{Frame, Moment, Sid};

pub use observer::Observer;
pub use polling::Overlap;
pub use upgrade::Refused;

pub(crate) use observer::tell_created;

use polling::{Answer, Poll, Post};
use pulse::Pulse;
use upgrade::Probe;

/// A queue that once grew beyond this many frames gives its memory back when it is empty.
const QUEUE_KEPT: usize = 32;

/// The WebSocket close code of a message over the limit.
const TOO_LARGE: u16 = 1009;

/// The machine of one client's connection; see the [module](crate::engine) for its states.
pub struct Session {
    config: Arc<Config>,
    phase: Phase,
    link: Link,
    poll: Poll,
    post: Post,
    pulse: Pulse,
    encoding: Encoding,
    /// Frames that have not left yet, in the wire form of version 4.
    queue: VecDeque<Frame>,
    queued_bytes: usize,
    hangup: Option<Hangup>,
    /// Nobody reads, so a candidate cannot be heard.
    is_paused: bool,
    /// Nobody for nearly every session.
    observer: Option<Box<dyn Observer>>,
}

/// What the caller must do on the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transmit {
    /// Answer the parked GET with 200 and this body.
    Poll(Body),
    /// Send this frame on the session's WebSocket.
    Frame(Frame),
    /// Send a ping frame of the WebSocket protocol. A session never asks for it; the plain JSON
    /// dialect, which has the same outputs, does.
    Ping,
    /// Close the session's WebSocket, current or candidate, with this close code or none.
    Hangup(Option<u16>),
}

/// How a WebSocket ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// By a close frame of the client, or its TCP connection ended or broke.
    Closed,
    /// The client broke the WebSocket protocol.
    Failed,
    /// The client sent a message over the limit.
    TooLarge,
}

#[derive(Debug)]
enum Phase {
    Open,
    /// Closed by this side; what is queued may still be fetched.
    Closing {
        by: Moment,
    },
    Closed(CloseReason),
}

#[derive(Debug)]
enum Link {
    Polling,
    /// Polling goes on while a WebSocket tries to take over.
    Probing {
        by: Moment,
        probe: Probe,
        /// How the candidate carries binary messages.
        encoding: Encoding,
    },
    WebSocket,
}

/// The session's WebSocket is to be closed.
#[derive(Debug)]
struct Hangup {
    code: Option<u16>,
}

impl Session {
    /// Opens a session and queues its open packet, and the configured first message.
    ///
    /// On [`Transport::WebSocket`] the WebSocket is there already. On polling the caller reports
    /// the handshake's GET by [`handle_poll`](Session::handle_poll).
    pub fn open(sid: &Sid, transport: Transport, config: Arc<Config>, now: Moment) -> Session {
        Session::open_in(sid, transport, Encoding::V4, config, now)
    }

    /// [`open`](Session::open) for a client whose packets are written in this way.
    pub fn open_in(
        sid: &Sid,
        transport: Transport,
        encoding: Encoding,
        config: Arc<Config>,
        now: Moment,
    ) -> Session {
        let first = handshake::open_packet(sid, transport, &config);
        let initial = config.initial_packet.clone();
        let mut session = Session {
            phase: Phase::Open,
            link: match transport {
                Transport::Polling => Link::Polling,
                Transport::WebSocket => Link::WebSocket,
            },
            poll: Poll::Absent,
            post: Post::Idle,
            pulse: Pulse::start(encoding.version(), now, config.rhythm()),
            encoding,
            queue: VecDeque::new(),
            queued_bytes: 0,
            hangup: None,
            is_paused: false,
            observer: None,
            config,
        };
        session.send(first.encode());
        if let Some(message) = initial {
            session.send(Packet::Message(message).encode());
        }
        session
    }

    /// A frame came in on the session's WebSocket, current or candidate.
    ///
    /// Returns the message that it carries for the layer above, if any, as a slice of it.
    pub fn handle_frame(&mut self, now: Moment, frame: Frame) -> Option<Frame> {
        match self.link {
            Link::WebSocket => {
                if self.observer.is_some() {
                    self.tell_received_frame(&frame);
                }
                let packet = self.decode(frame);
                self.receive(now, packet)
            }
            Link::Probing { .. } => {
                self.handle_candidate_frame(frame);
                None
            }
            // A candidate that has just been hung up may have said more.
            Link::Polling => None,
        }
    }

    /// The session's WebSocket, current or candidate, has ended.
    pub fn handle_websocket_gone(&mut self, gone: Gone) {
        match (&self.phase, &self.link) {
            (Phase::Closed(_), _) | (_, Link::Polling) => {
                self.hangup = None;
                return;
            }
            // A candidate leaves the session unharmed.
            (_, Link::Probing { .. }) => self.link = Link::Polling,
            (_, Link::WebSocket) => self.end(
                match gone {
                    Gone::Closed => CloseReason::TransportClose,
                    Gone::Failed => CloseReason::TransportError(Fault::Io),
                    Gone::TooLarge => CloseReason::TransportError(Fault::TooLarge),
                },
                Answer::Close,
            ),
        }
        self.hangup = match gone {
            Gone::Closed | Gone::Failed => None,
            Gone::TooLarge => Some(Hangup {
                code: Some(TOO_LARGE),
            }),
        };
    }

    /// The time is `now`: performs what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        if let Link::Probing { by, .. } = self.link
            && by <= now
            && !self.is_paused
        {
            self.drop_candidate();
        }
        match self.phase {
            Phase::Open => match self.pulse.handle_timeout(now, self.config.rhythm()) {
                Some(Beat::Ping) => self.send(Frame::from_static("2")),
                Some(Beat::PongTooLate) => self.fail(CloseReason::PingTimeout),
                None => {}
            },
            Phase::Closing { by } if by <= now => {
                self.end(CloseReason::ForcedClose, Answer::Close);
            }
            Phase::Closing { .. } | Phase::Closed(_) => {}
        }
    }

    /// The caller stops reading from the client: the deadline of its pong stands still, and so
    /// does that of its candidate, whose `5` may be there unread.
    pub fn pause(&mut self, now: Moment) {
        self.is_paused = true;
        self.pulse.pause(now);
    }

    /// The caller reads from the client again. A candidate has its whole time anew.
    pub fn resume(&mut self, now: Moment) {
        if let Link::Probing { by, .. } = &mut self.link
            && self.is_paused
        {
            *by = now + self.config.upgrade_timeout;
        }
        self.is_paused = false;
        self.pulse.resume(now);
    }

    /// Queues a frame in the wire form of version 4; ignored unless the session is open.
    ///
    /// The queue has no bound of its own: the caller watches
    /// [`queued_bytes`](Session::queued_bytes) and fails a client that is too slow.
    pub fn send(&mut self, frame: Frame) {
        if let Some(observer) = self.creation_observer() {
            tell_created(observer, &frame);
        }
        self.enqueue(frame);
    }

    /// [`send`](Session::send) for a frame of which the observer has been told.
    pub(crate) fn enqueue(&mut self, frame: Frame) {
        if self.is_open() {
            self.queued_bytes += frame.len();
            self.queue.push_back(frame);
        }
    }

    /// The next thing to do on the network, in order.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Link::WebSocket = self.link {
            if let Some(frame) = self.queue.pop_front() {
                self.queued_bytes -= frame.len();
                return Some(Transmit::Frame(self.written(frame)));
            }
            self.trim_queue();
            if self.is_closing() {
                self.end(CloseReason::ForcedClose, Answer::Close);
            }
            if self.hangup.is_none() && matches!(self.poll, Poll::Absent) {
                return None;
            }
        }
        if let Some(reply) = self.poll_probe_reply() {
            return Some(Transmit::Frame(reply));
        }
        if let Some(body) = self.poll_answer() {
            return Some(Transmit::Poll(body));
        }
        self.hangup
            .take()
            .map(|hangup| Transmit::Hangup(hangup.code))
    }

    /// When [`handle_timeout`](Session::handle_timeout) is due; `None` when nothing is.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let candidate = match self.link {
            Link::Probing { by, .. } if !self.is_paused => Some(by),
            Link::Polling | Link::Probing { .. } | Link::WebSocket => None,
        };
        let phase = match self.phase {
            Phase::Open => self.pulse.poll_timeout(),
            Phase::Closing { by } => Some(by),
            Phase::Closed(_) => None,
        };
        [candidate, phase].into_iter().flatten().min()
    }

    /// A packet came in on the current transport.
    fn receive(&mut self, now: Moment, packet: Result<Packet, PacketError>) -> Option<Frame> {
        match (&self.phase, packet) {
            (Phase::Open, Ok(Packet::Message(message))) => {
                self.pulse.handle_other(now, self.config.rhythm());
                return Some(message);
            }
            (Phase::Open, Ok(Packet::Pong(_))) => {
                match self.pulse.handle_pong(now, self.config.rhythm()) {
                    true => self.tell_heartbeat(),
                    false => self.fail(CloseReason::TransportError(Fault::HeartbeatDirection)),
                }
            }
            (Phase::Open, Ok(Packet::Open(_) | Packet::Upgrade | Packet::Noop)) => {
                self.pulse.handle_other(now, self.config.rhythm());
            }
            (Phase::Open, Ok(Packet::Ping(_))) => {
                match self.pulse.handle_ping(now, self.config.rhythm()) {
                    true => {
                        self.answer_ping();
                        self.tell_heartbeat();
                    }
                    false => self.fail(CloseReason::TransportError(Fault::HeartbeatDirection)),
                }
            }
            (Phase::Open, Err(_)) => self.fail(CloseReason::ParseError),
            (Phase::Open | Phase::Closing { .. }, Ok(Packet::Close)) => {
                self.end(CloseReason::TransportClose, Answer::Noop);
            }
            // What comes in after the session has left the open state is dropped.
            (Phase::Closing { .. } | Phase::Closed(_), _) => {}
        }
        None
    }

    /// Queues a pong, without the ping's data as in the reference. One that has not left yet
    /// answers this ping as well, so that many pings make no long queue.
    fn answer_ping(&mut self) {
        let pong = Frame::from_static("3");
        if self.queue.back() != Some(&pong) {
            self.send(pong);
        }
    }

    /// A frame of the WebSocket as a packet of the session's version.
    fn decode(&self, frame: Frame) -> Result<Packet, PacketError> {
        match self.encoding {
            Encoding::V4 => Packet::decode(frame),
            Encoding::V3 { .. } => v3::decode(frame),
        }
    }

    /// A queued frame as it goes over the WebSocket.
    pub(crate) fn written(&self, frame: Frame) -> Frame {
        match self.encoding {
            Encoding::V4 => frame,
            Encoding::V3 { binary, .. } => v3::frame(frame, binary),
        }
    }

    fn trim_queue(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > QUEUE_KEPT {
            self.queue = VecDeque::new();
        }
    }
}

/// Without the queue: it may hold the session's id, and messages.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("phase", &self.phase)
            .field("link", &self.link)
            .field("queued_bytes", &self.queued_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
