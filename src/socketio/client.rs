//! One client: which namespaces it is in, what it has sent halfway, what it owes.
//!
//! ```text
//!            CONNECT              accept                DISCONNECT, leave
//!   (absent) ───────▶ Seat::Pending ───────▶ Seat::Joined ───────▶ (absent)
//!                        │ refuse, or the connection ends              ▲
//!                        └─────────────────────────────────────────────┘
//! ```
//! Packets for a pending namespace are held, in order, and come out of
//! [`poll_event`](Client::poll_event) once it is accepted. Everything not in the picture is a
//! [`Violation`], which ends the whole connection (Socket.IO protocol, "Connection to a
//! namespace"; reference: socket.io 4.8).

mod config;
mod event;
mod foreign;
mod incoming;
mod receiving;
mod seat;
#[cfg(test)]
mod tests;
mod violation;

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::Namespace;
use super::acks::{AckError, AckRequest, Waiter};
use super::attachments::AttachmentError;
use super::outgoing::{self, Outgoing, SlowClient};
use super::packet::{Kind, MAIN};
use super::parser::Decoder;
use super::revision::Revision;
use super::sends::Sends;
use crate::wire::{Frame, Moment, SocketId};
use receiving::Receiving;
use seat::{Seat, State};

pub use config::Config;
pub use event::{ConnectError, DisconnectReason, Event};
pub use violation::Violation;

/// The Socket.IO half of one connection.
///
/// After every `handle_*` and every command, [`poll_event`](Client::poll_event) and
/// [`poll_send`](Client::poll_send) are called until they give `None`.
#[derive(Debug)]
pub struct Client {
    config: Arc<Config>,
    revision: Revision,
    /// Few, nearly always one: looked through from the front.
    seats: Vec<Seat>,
    /// Boxed because most clients never send an attachment.
    receiving: Option<Box<Receiving>>,
    /// What reads the messages if the wire format is not ours.
    decoder: Option<Box<dyn Decoder>>,
    link: Link,
    events: VecDeque<Event>,
    sends: Sends,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    /// No namespace has been joined; there is a deadline for the first.
    Fresh { join_by: Moment },
    /// The deadline has passed.
    JoinedTooLate,
    /// A namespace has been joined, once; it may have been left.
    Used,
    /// The connection is over.
    Closed,
}

/// Why nothing was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum EmitError {
    /// The client is not in the namespace.
    #[error("the client is not in the namespace")]
    NotJoined,
    /// The client owes as many acknowledgements as it may.
    #[error("the client owes too many acknowledgements")]
    TooManyAcks,
    /// The server's parser has no form for the packet; [`Event::Unsent`] says why.
    #[error("the packet has no form in the server's wire format")]
    Unencodable,
}

impl Client {
    /// A client whose connection opened at `now`. Every text frame that it sends begins with the
    /// transport's mark of a message, `4`.
    pub fn new(config: Arc<Config>, now: Moment) -> Client {
        Client::of_revision(config, Revision::V5, now)
    }

    /// [`new`](Client::new) for a client that speaks this revision of the protocol. One of
    /// [`Revision::V4`] asks for `/` at once.
    pub fn of_revision(config: Arc<Config>, revision: Revision, now: Moment) -> Client {
        let link = Link::Fresh {
            join_by: now + config.connect_timeout,
        };
        let (seats, receiving) = (Vec::new(), None);
        let (events, sends) = (VecDeque::new(), Sends::default());
        let decoder = config.parser.as_ref().map(|parser| parser.decoder());
        let mut client = Client {
            config,
            revision,
            seats,
            receiving,
            decoder,
            link,
            events,
            sends,
        };
        if revision == Revision::V4 {
            let asked = client.ask_for(MAIN, None);
            client.events.push_back(asked);
        }
        client
    }

    /// Takes a message, without the transport's prefix.
    ///
    /// # Errors
    ///
    /// A violation ends the connection: close it, then call
    /// [`handle_close`](Client::handle_close).
    pub fn handle_frame(&mut self, frame: Frame) -> Result<Option<Event>, Violation> {
        if self.link == Link::Closed {
            return Ok(None);
        }
        if self.decoder.is_some() {
            return self.handle_foreign(frame);
        }
        let outcome = match frame {
            Frame::Text(text) => self.handle_text(text),
            Frame::Binary(part) => self.handle_part(part),
        };
        if self.events.is_empty() {
            return outcome;
        }
        self.events.extend(outcome?);
        Ok(self.events.pop_front())
    }

    /// Lets time pass: see [`connect_timed_out`](Client::connect_timed_out), and
    /// [`poll_event`](Client::poll_event) for waiters whose time is over.
    pub fn handle_timeout(&mut self, now: Moment) {
        if matches!(self.link, Link::Fresh { join_by } if join_by <= now) {
            self.link = Link::JoinedTooLate;
        }
        if let Some(receiving) = &mut self.receiving
            && receiving.by.is_some_and(|by| by <= now)
        {
            receiving.by = None;
            receiving.is_late = true;
        }
        for seat in &mut self.seats {
            while let Some(waiter) = seat.acks.handle_timeout(now) {
                self.events.push_back(Event::Ack {
                    waiter,
                    outcome: Err(AckError::TimedOut),
                });
            }
        }
    }

    /// The connection is over: every namespace is left for `reason`, every waiter fails, and
    /// nothing more is sent.
    pub fn handle_close(&mut self, reason: DisconnectReason) {
        self.link = Link::Closed;
        self.receiving = None;
        self.sends.clear();
        for seat in std::mem::take(&mut self.seats) {
            self.vacate(seat, reason);
        }
    }

    /// Lets the client into a namespace it has asked for. The reply is sent, then the packets
    /// that were held come out of [`poll_event`](Client::poll_event). No effect if it does not
    /// (or no longer) ask.
    pub fn accept(&mut self, namespace: &str, socket: &SocketId) {
        self.admit(namespace, socket, None);
    }

    /// The same as [`accept`](Client::accept), and tells the client the private id with which it can
    /// come back; only it may know it.
    pub fn accept_recoverable(&mut self, namespace: &str, socket: &SocketId, pid: &str) {
        self.admit(namespace, socket, Some(pid));
    }

    fn admit(&mut self, namespace: &str, socket: &SocketId, pid: Option<&str>) {
        let Some(index) = self.pending(namespace) else {
            return;
        };
        self.link = Link::Used;
        self.send(
            Kind::Connect,
            namespace,
            &self.revision.welcome(socket, pid),
        );
        for packet in self.seats[index].join(socket.clone()) {
            let event = self.deliver(namespace, packet);
            self.events.extend(event);
        }
    }

    /// Turns the client away from a namespace it has asked for; the packets that were held are
    /// dropped. The connection stays, and the client may ask again. No effect if it does not
    /// ask.
    pub fn refuse(&mut self, namespace: &str, error: &ConnectError) {
        let Some(index) = self.pending(namespace) else {
            return;
        };
        let mut seat = self.seats.remove(index);
        self.fail_waiters(&mut seat);
        self.send(Kind::ConnectError, namespace, &self.revision.refusal(error));
    }

    /// Sends an event, also into a namespace that the client is still asking for: then it leaves
    /// before the reply.
    ///
    /// # Errors
    ///
    /// When nothing was sent; a waiter fails as well, through
    /// [`poll_event`](Client::poll_event).
    pub fn emit(
        &mut self,
        packet: &Outgoing,
        ack: Option<AckRequest>,
        now: Moment,
    ) -> Result<(), EmitError> {
        let Some(index) = self.seat(packet.namespace()) else {
            self.fail(ack, AckError::Disconnected);
            return Err(EmitError::NotJoined);
        };
        if ack.is_some() && self.pending_acks() >= self.config.max_pending_acks {
            self.fail(ack, AckError::TooMany);
            return Err(EmitError::TooManyAcks);
        }
        let policy = packet.policy().unwrap_or(self.config.slow_client);
        let may_be_lost = ack.is_none() && policy == SlowClient::DropOldest;
        let id = ack.as_ref().map(|ack| ack.id);
        if let Err(error) = self.queue(packet, id, may_be_lost) {
            self.fail(ack, AckError::Unencodable);
            return Err(error);
        }
        if let Some(request) = ack
            && let Some(waiter) = self.seats[index].acks.wait(request, now)
        {
            self.events.push_back(Event::Ack {
                waiter,
                outcome: Err(AckError::Replaced),
            });
        }
        Ok(())
    }

    /// Waits no longer for the client's answer to the event `id`; its waiter is dropped, and an
    /// answer that comes has no effect. No effect if nobody waits.
    pub fn forget(&mut self, namespace: &str, id: u64) {
        if let Some(index) = self.seat(namespace) {
            drop(self.seats[index].acks.handle_answer(id));
        }
    }

    /// Answers the event to which the client gave `id`. That it happens once is the caller's
    /// duty.
    ///
    /// # Errors
    ///
    /// When the client has left the namespace, or the parser has no form for the answer.
    pub fn acknowledge(&mut self, id: u64, answer: &Outgoing) -> Result<(), EmitError> {
        if self.socket(answer.namespace()).is_none() {
            return Err(EmitError::NotJoined);
        }
        self.queue(answer, Some(id), false)
    }

    /// Puts the client out of a namespace it has joined. No effect if it has not.
    pub fn leave(&mut self, namespace: &str) {
        if self.socket(namespace).is_none() {
            return;
        }
        self.send(Kind::Disconnect, namespace, "");
        self.remove(namespace, DisconnectReason::ServerNamespaceDisconnect);
    }

    /// What the application must be told next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next frame to send.
    pub fn poll_send(&mut self) -> Option<Frame> {
        self.sends.pop().map(|(frame, _)| frame)
    }

    /// The next frame to send, and whether it may be compressed.
    #[inline]
    pub(crate) fn poll_send_as(&mut self) -> Option<(Frame, bool)> {
        self.sends.pop()
    }

    /// An event with this request was not sent: its waiter is told so.
    pub(crate) fn give_up(&mut self, ack: AckRequest) {
        self.fail(Some(ack), AckError::Dropped);
    }

    /// Whether the application need not be told of anything.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.events.is_empty()
    }

    /// What waits to be sent.
    pub(crate) fn sends(&mut self) -> &mut Sends {
        &mut self.sends
    }

    /// How many frames wait to be sent, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.sends.len(), self.sends.bytes())
    }

    /// When [`handle_timeout`](Client::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let join_by = match self.link {
            Link::Fresh { join_by } => Some(join_by),
            Link::JoinedTooLate | Link::Used | Link::Closed => None,
        };
        self.seats
            .iter()
            .filter_map(|seat| seat.acks.poll_timeout())
            .chain(join_by)
            .chain(self.receiving.as_ref().and_then(|receiving| receiving.by))
            .min()
    }

    /// Whether the client failed to join a namespace in time: the caller closes the connection.
    pub fn connect_timed_out(&self) -> bool {
        self.link == Link::JoinedTooLate
    }

    /// After a message, and when the caller listens again after a pause: attachments that are
    /// missing have their time from now on, unless it runs already.
    #[inline]
    pub fn attend(&mut self, now: Moment) {
        if let Some(receiving) = &mut self.receiving
            && receiving.by.is_none()
        {
            receiving.by = Some(now + self.config.attachment_timeout);
        }
    }

    /// The caller does not listen for a while, until it calls [`attend`](Client::attend).
    pub fn pause(&mut self) {
        if let Some(receiving) = &mut self.receiving {
            receiving.by = None;
        }
    }

    /// How the client has broken the protocol by the passing of time: attachments have not arrived
    /// by their time. The caller closes the connection.
    pub fn overdue(&self) -> Option<Violation> {
        let receiving = self.receiving.as_ref().filter(|late| late.is_late)?;
        let missing = receiving.attachments.missing();
        Some(AttachmentError::TooLate { missing }.into())
    }

    /// The client's name in a namespace it has joined.
    pub fn socket(&self, namespace: &str) -> Option<&SocketId> {
        self.seats
            .iter()
            .find(|seat| *seat.namespace == *namespace)?
            .socket()
    }

    /// The namespaces that the client has joined, in the order in which it asked for them.
    pub fn joined(&self) -> impl Iterator<Item = (&Namespace, &SocketId)> {
        self.seats
            .iter()
            .filter_map(|seat| Some((&seat.namespace, seat.socket()?)))
    }

    fn remove(&mut self, namespace: &str, reason: DisconnectReason) {
        if let Some(index) = self.seat(namespace) {
            let seat = self.seats.remove(index);
            self.vacate(seat, reason);
        }
    }

    fn vacate(&mut self, mut seat: Seat, reason: DisconnectReason) {
        self.fail_waiters(&mut seat);
        let namespace = seat.namespace;
        self.events.push_back(match seat.state {
            State::Joined { socket } => Event::Disconnect {
                namespace,
                socket,
                reason,
            },
            State::Pending(_) => Event::Abandoned { namespace },
        });
    }

    fn fail_waiters(&mut self, seat: &mut Seat) {
        let fail = |waiter: Waiter| Event::Ack {
            waiter,
            outcome: Err(AckError::Disconnected),
        };
        self.events.extend(seat.acks.drain().map(fail));
    }

    fn fail(&mut self, ack: Option<AckRequest>, error: AckError) {
        let fail = |ack: AckRequest| Event::Ack {
            waiter: ack.waiter,
            outcome: Err(error),
        };
        self.events.extend(ack.map(fail));
    }

    /// Puts a packet into the queue, in the place of a waiting one that has its key.
    #[inline(always)]
    fn queue(
        &mut self,
        packet: &Outgoing,
        id: Option<u64>,
        may_be_lost: bool,
    ) -> Result<(), EmitError> {
        if self.decoder.is_some() {
            return self.queue_foreign(packet, id, may_be_lost);
        }
        if packet.key().is_some() && id.is_none() {
            self.sends.replace(packet);
        }
        let text = Frame::Text(packet.text(id));
        self.sends.packet(packet, text, packet.parts(), may_be_lost);
        Ok(())
    }

    fn send(&mut self, kind: Kind, namespace: &str, json: &str) {
        if self.decoder.is_some() {
            return self.send_foreign_reply(kind, namespace, json);
        }
        let text = outgoing::message(kind, 0, namespace, None, json);
        self.sends.push_back(text.into());
    }

    #[inline]
    fn seat(&self, namespace: &str) -> Option<usize> {
        self.seats
            .iter()
            .position(|seat| *seat.namespace == *namespace)
    }

    fn pending(&self, namespace: &str) -> Option<usize> {
        self.seat(namespace)
            .filter(|&index| self.seats[index].socket().is_none())
    }

    fn pending_acks(&self) -> usize {
        self.seats.iter().map(|seat| seat.acks.len()).sum()
    }
}
