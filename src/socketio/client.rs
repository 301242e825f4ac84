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
mod membership;
mod receiving;
mod seat;
mod sending;
#[cfg(test)]
mod tests;
mod violation;

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::acks::AckError;
use super::attachments::AttachmentError;
use super::packet::MAIN;
use super::parser::Decoder;
use super::revision::Revision;
use super::sends::Sends;
use crate::wire::{Frame, Moment};
use receiving::Receiving;
use seat::Seat;

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

    /// What the application must be told next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether the application need not be told of anything.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.events.is_empty()
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

    #[inline]
    fn seat(&self, namespace: &str) -> Option<usize> {
        self.seats
            .iter()
            .position(|seat| *seat.namespace == *namespace)
    }
}
