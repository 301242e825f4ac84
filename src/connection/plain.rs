//! A client that speaks plain JSON over a WebSocket: one socket in one namespace.
//!
//! ```text
//!             accept            the client leaves, leave(), close(), too many mistakes
//!   Deciding ────────► Joined ────────────────────┐
//!      │                 │                        ▼    the queue has left
//!      ├─── refuse, … ───│──────────────────► Closing ────────────────────► Closed
//!      │                 │                        │                           ▲
//!      └─────────────────┴────────────────────────┴───────────────────────────┘
//!                     the WebSocket ends, no sign of life, shut_down(), fail()
//! ```
//!
//! It is to such a client what [`Session`](crate::engine::Session) and
//! [`Client`](crate::socketio::Client) together are to others, and is driven alike. The upgrade is
//! its CONNECT: [`Event::Connect`] is the first thing it gives. Until that is decided, nothing is
//! sent, so that the reply is the first frame, and the client's events are held.
//!
//! The application hears of the end as soon as this side decides it; the frames that were queued
//! before leave first, for as long as the heartbeat allows.

mod config;
mod ending;
mod held;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use bytestring::ByteString;

use crate::dialect::{self, Incoming, Mistake, encode};
use crate::engine::heartbeat::{Beat, Heartbeat};
use crate::engine::{CloseReason, Transmit};
use crate::socketio::{
    AckError, AckRequest, Acks, ConnectError, DisconnectReason, Event, Namespace, Outgoing, Sends,
    SlowClient, Waiter, json,
};
use crate::wire::{Frame, Moment, SocketId};

pub use config::PlainConfig;

use held::{Held, HeldEvent};

/// One plain JSON client.
#[derive(Debug)]
pub(super) struct Plain {
    config: Arc<PlainConfig>,
    namespace: Namespace,
    phase: Phase,
    heartbeat: Heartbeat,
    acks: Acks,
    /// How many frames in a row were mistakes.
    mistakes: u32,
    events: VecDeque<Event>,
    queue: Sends,
    is_ping_due: bool,
    hangup: Option<Hangup>,
}

#[derive(Debug)]
enum Phase {
    /// The application has not decided whether the client may join.
    Deciding {
        by: Moment,
        held: Held,
    },
    Joined {
        socket: SocketId,
    },
    /// Over for the application; what is queued still leaves.
    Closing {
        reason: CloseReason,
        code: u16,
    },
    Closed(CloseReason),
}

/// The WebSocket is to be closed.
#[derive(Debug)]
struct Hangup {
    code: Option<u16>,
}

impl Plain {
    /// A client whose WebSocket opened at `now`; `query` is that of its request, decoded.
    ///
    /// `nsp` in the query chooses the namespace, `token` becomes `{"token":…}`, the client's
    /// credentials.
    pub(super) fn new(config: Arc<PlainConfig>, query: &[(String, String)], now: Moment) -> Plain {
        let last = |key| query.iter().rev().find(|(name, _)| name == key);
        let name = last("nsp").map_or(&config.namespace, |(_, name)| name);
        let is_too_long = name.len() > config.max_namespace_length;
        let namespace = match name.starts_with('/') {
            true => Namespace::from(name.as_str()),
            false => Namespace::from(format!("/{name}")),
        };
        let mut plain = Plain {
            phase: Phase::Deciding {
                by: now + config.admission_timeout,
                held: Held::default(),
            },
            heartbeat: Heartbeat::start(now, config.rhythm()),
            config,
            namespace: namespace.clone(),
            acks: Acks::default(),
            mistakes: 0,
            events: VecDeque::new(),
            queue: Sends::default(),
            is_ping_due: false,
            hangup: None,
        };
        if is_too_long {
            plain.refuse(&ConnectError::invalid_namespace());
            return plain;
        }
        let auth = last("token").map(|(_, token)| {
            let token = serde_json::Value::from(token.as_str());
            format!(r#"{{"token":{token}}}"#).into()
        });
        plain.events.push_back(Event::Connect { namespace, auth });
        plain
    }

    /// A frame came in on the WebSocket.
    pub(super) fn handle_frame(&mut self, now: Moment, frame: Frame) {
        if !self.is_open() {
            return;
        }
        self.handle_sign_of_life(now);
        let incoming = match frame {
            Frame::Text(text) => self.read(&text),
            Frame::Binary(_) => Err(Mistake::Binary),
        };
        match incoming {
            Ok(incoming) => {
                self.mistakes = 0;
                self.handle_incoming(incoming);
            }
            Err(mistake) => self.handle_mistake(&mistake),
        }
    }

    /// A pong of the WebSocket protocol came in.
    pub(super) fn handle_pong(&mut self, now: Moment) {
        if self.is_open() {
            self.handle_sign_of_life(now);
        }
    }

    /// The time is `now`: performs what is due.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        if let Phase::Closed(_) = self.phase {
            return;
        }
        match self.heartbeat.handle_timeout(now, self.config.rhythm()) {
            Some(Beat::Ping) => self.is_ping_due = true,
            Some(Beat::PongTooLate) => {
                let reason = CloseReason::PingTimeout;
                return self.end(None, reason, DisconnectReason::PingTimeout);
            }
            None => {}
        }
        if matches!(self.phase, Phase::Deciding { by, .. } if by <= now) {
            self.close_undecided();
        }
        while let Some(waiter) = self.acks.handle_timeout(now) {
            self.fail_waiter(waiter, AckError::TimedOut);
        }
    }

    /// The caller stops reading from the client: the deadline of its pong stands still.
    pub(super) fn pause(&mut self, now: Moment) {
        self.heartbeat.pause(now);
    }

    /// The caller reads from the client again.
    pub(super) fn resume(&mut self, now: Moment) {
        self.heartbeat.resume(now);
    }

    /// Lets the client in: it is told so before anything else, then what was held comes out of
    /// [`poll_event`](Plain::poll_event). No effect if that was decided before.
    pub(super) fn accept(&mut self, socket: &SocketId) {
        let Phase::Deciding { held, .. } = &mut self.phase else {
            return;
        };
        let held = std::mem::take(held);
        let socket = socket.clone();
        self.queue.push_front(encode::connect(&socket));
        self.phase = Phase::Joined { socket };
        for event in held.events {
            self.deliver(event);
        }
        if held.is_leaving {
            self.handle_leaving();
        }
    }

    /// Turns the client away; what was held, and what was emitted to it before, is dropped. No
    /// effect if that was decided before.
    pub(super) fn refuse(&mut self, error: &ConnectError) {
        if let Phase::Deciding { .. } = self.phase {
            self.fail_waiters();
            self.close_refused(error);
        }
    }

    /// Sends an event; before the client is accepted, it leaves right after the reply. One that
    /// cannot be sent is dropped, and its waiter fails through
    /// [`poll_event`](Plain::poll_event).
    pub(super) fn emit(&mut self, packet: &Outgoing, ack: Option<AckRequest>, now: Moment) {
        let is_ours = self.is_open() && *packet.namespace() == self.namespace;
        match ack {
            None if is_ours => {
                let frame = packet.plain(|packet| encode::event(packet, None));
                if packet.key().is_some() && frame.is_some() {
                    self.queue.replace(packet);
                }
                let policy = packet.policy().unwrap_or(self.config.slow_client);
                self.send(packet, frame.cloned(), policy == SlowClient::DropOldest);
            }
            None => {}
            Some(request) if !is_ours => self.fail_waiter(request.waiter, AckError::Disconnected),
            Some(request) if self.acks.len() >= self.config.max_pending_acks => {
                self.fail_waiter(request.waiter, AckError::TooMany);
            }
            Some(request) => {
                let frame = encode::event(packet, Some(request.id));
                if frame.is_none() {
                    self.fail_waiter(request.waiter, AckError::Unencodable);
                    return;
                }
                self.send(packet, frame, false);
                if let Some(waiter) = self.acks.wait(request, now) {
                    self.fail_waiter(waiter, AckError::Replaced);
                }
            }
        }
    }

    /// Waits no longer for the answer to the event `id`.
    pub(super) fn forget(&mut self, namespace: &str, id: u64) {
        if *self.namespace == *namespace {
            drop(self.acks.handle_answer(id));
        }
    }

    /// Answers the event to which the client gave `id`; no effect once the client has left. That
    /// it happens once is the caller's duty.
    pub(super) fn acknowledge(&mut self, id: u64, answer: &Outgoing) {
        if self.socket().is_some() && *answer.namespace() == self.namespace {
            self.send(answer, encode::answer(id, answer), false);
        }
    }

    /// What the application must be told next.
    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next thing to do on the WebSocket, in order, and whether it may be compressed.
    pub(super) fn poll_transmit(&mut self) -> Option<(Transmit, bool)> {
        if std::mem::take(&mut self.is_ping_due) {
            return Some((Transmit::Ping, true));
        }
        // The reply to the upgrade is the first frame, and it is not known yet.
        let is_decided = !matches!(self.phase, Phase::Deciding { .. });
        if let Some((frame, compressible)) = is_decided.then(|| self.queue.pop()).flatten() {
            return Some((Transmit::Frame(frame), compressible));
        }
        if let Phase::Closing { reason, code } = self.phase {
            self.phase = Phase::Closed(reason);
            self.hangup = Some(Hangup { code: Some(code) });
        }
        let hangup = self.hangup.take()?;
        Some((Transmit::Hangup(hangup.code), true))
    }

    /// When [`handle_timeout`](Plain::handle_timeout) is due; `None` when nothing is.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        let decision = match self.phase {
            Phase::Deciding { by, .. } => Some(by),
            Phase::Joined { .. } | Phase::Closing { .. } => None,
            Phase::Closed(_) => return None,
        };
        let deadlines = [
            decision,
            self.heartbeat.poll_timeout(),
            self.acks.poll_timeout(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Why the connection is over, once it is: not while queued frames still leave.
    ///
    /// What [`poll_transmit`](Plain::poll_transmit) still gives is its last word.
    pub(super) fn closed(&self) -> Option<&CloseReason> {
        match &self.phase {
            Phase::Closed(reason) => Some(reason),
            Phase::Deciding { .. } | Phase::Joined { .. } | Phase::Closing { .. } => None,
        }
    }

    /// Whether the connection takes and gives events.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Deciding { .. } | Phase::Joined { .. })
    }

    /// How many frames are queued, and their size.
    ///
    /// The queue has no bound of its own: the caller fails a client that is too slow.
    pub(super) fn queued(&self) -> (usize, usize) {
        (self.queue.len(), self.queue.bytes())
    }

    /// What waits to be sent.
    pub(super) fn sends(&mut self) -> &mut Sends {
        &mut self.queue
    }

    /// Whether an event that is emitted now would leave now.
    pub(super) fn is_writable(&self) -> bool {
        self.socket().is_some() && self.queue.is_empty()
    }

    /// An event with this request was not sent: its waiter is told so.
    pub(super) fn give_up(&mut self, ack: AckRequest) {
        self.fail_waiter(ack.waiter, AckError::Dropped);
    }

    /// The client's name, once it is accepted and while it is in.
    pub(super) fn socket(&self) -> Option<&SocketId> {
        match &self.phase {
            Phase::Joined { socket } => Some(socket),
            Phase::Deciding { .. } | Phase::Closing { .. } | Phase::Closed(_) => None,
        }
    }

    /// Anything from the client answers a ping; unasked it does not delay the next one.
    fn handle_sign_of_life(&mut self, now: Moment) {
        match self.heartbeat {
            Heartbeat::Resting { .. } => {}
            Heartbeat::Waiting { .. } | Heartbeat::Suspended { .. } => {
                self.heartbeat.handle_pong(now, self.config.rhythm());
            }
        }
    }

    fn read(&self, text: &ByteString) -> Result<Incoming, Mistake> {
        let limit = self.config.max_depth;
        // The frame itself is one level more.
        if json::is_deeper(text, limit.saturating_add(1)) {
            return Err(Mistake::TooDeep { limit });
        }
        let incoming = dialect::decode(text, self.config.max_attachments)?;
        let limit = self.config.max_event_length;
        match incoming {
            Incoming::Event { name, .. } if name.len() > limit => {
                Err(Mistake::EventNameTooLong { limit })
            }
            incoming => Ok(incoming),
        }
    }

    fn handle_incoming(&mut self, incoming: Incoming) {
        match (incoming, &mut self.phase) {
            // After its leave-taking the client has no more to say.
            (_, Phase::Deciding { held, .. }) if held.is_leaving => {}
            (Incoming::Event { name, args, ack }, Phase::Deciding { held, .. }) => {
                let event = HeldEvent { name, args, ack };
                if let Err(too_early) = held.push(&event, &self.config) {
                    self.close_mistaken(&too_early);
                }
            }
            (Incoming::Disconnect, Phase::Deciding { held, .. }) => held.is_leaving = true,
            (Incoming::Event { name, args, ack }, _) => {
                self.deliver(HeldEvent { name, args, ack });
            }
            (Incoming::Disconnect, _) => self.handle_leaving(),
            // An answer that nobody waits for has no effect.
            (Incoming::Ack { id, args }, _) => {
                if let Some(waiter) = self.acks.handle_answer(id) {
                    // Who waits may keep it for as long as it likes.
                    let outcome = Ok(args.detach());
                    self.events.push_back(Event::Ack { waiter, outcome });
                }
            }
        }
    }

    fn handle_mistake(&mut self, mistake: &Mistake) {
        self.mistakes += 1;
        if self.mistakes >= self.config.max_mistakes {
            return self.close_mistaken(mistake);
        }
        let error = encode::error(mistake, &self.config.socket_io_path);
        self.queue.push_back(error);
    }

    fn deliver(&mut self, event: HeldEvent) {
        let HeldEvent { name, args, ack } = event;
        let namespace = self.namespace.clone();
        self.events.push_back(Event::Message {
            namespace,
            name,
            args,
            ack,
        });
    }

    fn fail_waiter(&mut self, waiter: Waiter, error: AckError) {
        self.events.push_back(Event::Ack {
            waiter,
            outcome: Err(error),
        });
    }

    fn send(&mut self, packet: &Outgoing, frame: Option<Frame>, may_be_lost: bool) {
        if let Some(frame) = frame {
            self.queue
                .packet(packet, frame, std::iter::empty(), may_be_lost);
        }
    }
}
