//! The long-polling lane: at most one parked GET and one POST under way.
//!
//! ```text
//!   GET:   Absent ──arrives──► Parked ──there is something to say──► answered, Absent
//!                                 └──the session ends──► Released ──► answered, Absent
//!
//!   POST:  Idle ──begins──► Receiving ──its body is there──► Decoding ──used up──► Idle
//! ```

use std::mem;

use bytes::Bytes;

use super::{Link, Phase, Session};
use crate::engine::payload::{self, Packets};
use crate::engine::reason::{CloseReason, Fault};
use crate::wire::{Frame, Moment};

/// Tells a parked GET that the session is over.
pub(super) const CLOSE: &str = "1";
/// Releases a parked GET.
pub(super) const NOOP: &str = "6";
/// Tells a GET that came after a graceful close that the session is over.
const NOOP_AND_CLOSE: &str = "6\x1e1";

/// The request cannot be taken: answer it with 400.
///
/// Either one like it is already under way, which ends the session; or the session no longer
/// polls, and is unharmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the session cannot take this request now")]
pub struct Overlap;

/// The client's GET.
#[derive(Debug)]
pub(super) enum Poll {
    Absent,
    Parked,
    /// To be answered with this, whatever is queued.
    Released(&'static str),
}

impl Poll {
    pub(super) fn release(&mut self, answer: &'static str) {
        if let Poll::Parked = self {
            *self = Poll::Released(answer);
        }
    }
}

/// The client's POST.
#[derive(Debug)]
pub(super) enum Post {
    Idle,
    Receiving,
    Decoding(Packets),
}

impl Session {
    /// A GET arrived and is parked until [`Transmit::Poll`](super::Transmit::Poll) answers it.
    ///
    /// # Errors
    ///
    /// When the caller must answer this GET with 400. If one was parked already, the session has
    /// failed, and the first GET learns it by the next transmit.
    pub fn handle_poll(&mut self) -> Result<(), Overlap> {
        if !self.polls() {
            return Err(Overlap);
        }
        match self.poll {
            Poll::Absent => {
                self.poll = Poll::Parked;
                Ok(())
            }
            Poll::Parked | Poll::Released(_) => {
                self.fail(CloseReason::TransportError(Fault::PollOverlap));
                Err(Overlap)
            }
        }
    }

    /// The client dropped its parked GET, which ends the session.
    pub fn handle_poll_gone(&mut self) {
        if let Poll::Parked = mem::replace(&mut self.poll, Poll::Absent) {
            self.fail(CloseReason::TransportError(Fault::PollGone));
        }
    }

    /// A POST began; its body follows by [`handle_body`](Session::handle_body).
    ///
    /// # Errors
    ///
    /// When the caller must answer this POST with 400. If one was under way already, the session
    /// has failed, and the caller cuts the first POST too.
    pub fn handle_post(&mut self) -> Result<(), Overlap> {
        if !self.polls() {
            return Err(Overlap);
        }
        match self.post {
            Post::Idle => {
                self.post = Post::Receiving;
                Ok(())
            }
            Post::Receiving | Post::Decoding(_) => {
                self.fail(CloseReason::TransportError(Fault::PostOverlap));
                Err(Overlap)
            }
        }
    }

    /// The client dropped its POST before the end of the body, which ends the session.
    pub fn handle_post_gone(&mut self) {
        if let Post::Receiving = self.post {
            self.fail(CloseReason::TransportError(Fault::PostGone));
        }
    }

    /// The POST was refused, for its size for example: it is over, the session is unharmed.
    pub fn handle_post_refused(&mut self) {
        if let Post::Receiving = self.post {
            self.post = Post::Idle;
        }
    }

    /// A POST had a content type of an older protocol, which ends the session.
    pub fn handle_invalid_content(&mut self) {
        if self.polls() {
            self.fail(CloseReason::TransportError(Fault::InvalidContent));
        }
    }

    /// The body of the POST is there: [`poll_message`](Session::poll_message) reads it.
    ///
    /// Ignored when no POST is under way; the session may have ended or moved to a WebSocket
    /// since it began.
    pub fn handle_body(&mut self, body: Bytes) {
        if let Post::Receiving = self.post {
            self.post = Post::Decoding(payload::split(body));
        }
    }

    /// The next message of the POSTed body, decoded only now.
    ///
    /// The POST is over when this gives `None`. A malformed packet ends the session after the
    /// messages before it have been given; once the session has left the open state, the rest of
    /// the body is dropped.
    pub fn poll_message(&mut self, now: Moment) -> Option<Frame> {
        while let Post::Decoding(packets) = &mut self.post {
            let Some(packet) = packets.next() else {
                self.post = Post::Idle;
                return None;
            };
            if let Some(message) = self.receive(now, packet) {
                return Some(message);
            }
        }
        None
    }

    /// Whether a POST is under way: begun, or its body not used up.
    ///
    /// If this becomes false before the POST's body was handed over, then the POST has been
    /// given up: cut it. That is so when the session ends or moves to a WebSocket meanwhile.
    pub fn posting(&self) -> bool {
        !matches!(self.post, Post::Idle)
    }

    /// Whether a GET is parked.
    pub fn is_polling_parked(&self) -> bool {
        matches!(self.poll, Poll::Parked)
    }

    /// The body that answers the parked GET, if there is something to say.
    pub(super) fn poll_answer(&mut self) -> Option<Bytes> {
        let body = match (&self.poll, &self.phase, &self.link) {
            (Poll::Absent, ..) => return None,
            (Poll::Released(body), ..) => Bytes::from_static(body.as_bytes()),
            (Poll::Parked, ..) if !self.queue.is_empty() => self.take_queue(),
            (Poll::Parked, Phase::Closing { .. }, _) => {
                self.poll = Poll::Absent;
                self.end(CloseReason::ForcedClose, CLOSE);
                Bytes::from_static(NOOP_AND_CLOSE.as_bytes())
            }
            // Engine.IO protocol, "Upgrade": once the probe has been answered no GET waits. While
            // nobody would read the `5`, a client that gave up would only poll without a pause.
            (Poll::Parked, _, Link::Probing { probe, .. })
                if probe.received() && !self.is_paused =>
            {
                Bytes::from_static(NOOP.as_bytes())
            }
            (Poll::Parked, ..) => return None,
        };
        self.poll = Poll::Absent;
        Some(body)
    }

    fn take_queue(&mut self) -> Bytes {
        let body = payload::join(self.queue.iter());
        self.queue.clear();
        self.queued_bytes = 0;
        self.trim_queue();
        body
    }

    fn polls(&self) -> bool {
        match (&self.phase, &self.link) {
            (Phase::Closed(_), _) | (_, Link::WebSocket) => false,
            (Phase::Open | Phase::Closing { .. }, Link::Polling | Link::Probing { .. }) => true,
        }
    }
}
