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
use crate::engine::encoding::{BinaryForm, Encoding};
use crate::engine::packet::{Packet, PacketError};
use crate::engine::payload::{self, Body};
use crate::engine::reason::{CloseReason, Fault};
use crate::engine::v3;
use crate::wire::{Frame, Moment};

/// What a GET is answered with when it is not the queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// Tells a parked GET that the session is over.
    Close,
    /// Releases a parked GET.
    Noop,
    /// Tells a GET that came after a graceful close that the session is over.
    NoopAndClose,
}

impl Answer {
    const fn text(self) -> &'static str {
        match self {
            Answer::Close => "1",
            Answer::Noop => "6",
            Answer::NoopAndClose => "6\x1e1",
        }
    }

    fn frames(self) -> Vec<Frame> {
        let packets = self.text().split('\x1e');
        packets.map(Frame::from_static).collect()
    }
}

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
    Released(Answer),
}

impl Poll {
    pub(super) fn release(&mut self, answer: Answer) {
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

/// The packets of a body, in whichever encoding.
#[derive(Debug)]
pub(super) enum Packets {
    V4(payload::Packets),
    V3(v3::Packets),
    /// A binary body, which no client of version 4 sends: one mistake.
    Foreign(Option<PacketError>),
}

impl Packets {
    fn next(&mut self) -> Option<Result<Packet, PacketError>> {
        match self {
            Packets::V4(packets) => packets.next(),
            Packets::V3(packets) => packets.next(),
            Packets::Foreign(mistake) => mistake.take().map(Err),
        }
    }
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
    ///
    /// A client of JSONP sends a form, and bytes are text unless they are said to be a
    /// [`Body::Binary`], which is malformed in version 4.
    pub fn handle_body(&mut self, body: impl Into<Body>) {
        if let Post::Receiving = self.post {
            self.post = Post::Decoding(match (self.encoding, body.into()) {
                (Encoding::V4, Body::Text(body)) => Packets::V4(payload::split(body)),
                (Encoding::V4, Body::Binary(_)) => Packets::Foreign(Some(PacketError::NotUtf8)),
                (Encoding::V3 { jsonp: Some(_), .. }, body) => {
                    Packets::V3(v3::split_form(body.bytes()))
                }
                (Encoding::V3 { jsonp: None, .. }, body) => Packets::V3(v3::split(body)),
            });
        }
    }

    /// About how many packets a body holds, malformed and empty ones included: at least one.
    pub fn packets_in(&self, body: &Body) -> usize {
        match self.encoding {
            Encoding::V4 => payload::count(body.bytes()),
            Encoding::V3 { jsonp, .. } => {
                let packets = match jsonp {
                    Some(_) => v3::split_form(body.bytes()),
                    None => v3::split(body.clone()),
                };
                packets.count_all().max(1)
            }
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
            if self.observer.is_some() && !matches!(packet, Ok(Packet::Close)) {
                self.tell_received(&packet);
            }
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
    pub(super) fn poll_answer(&mut self) -> Option<Body> {
        let body = match (&self.poll, &self.phase, &self.link) {
            (Poll::Absent, ..) => return None,
            (Poll::Released(answer), ..) => self.body_of(*answer),
            (Poll::Parked, ..) if !self.queue.is_empty() => self.take_queue(),
            (Poll::Parked, Phase::Closing { .. }, _) => {
                self.poll = Poll::Absent;
                self.end(CloseReason::ForcedClose, Answer::Close);
                self.body_of(Answer::NoopAndClose)
            }
            // Engine.IO protocol, "Upgrade": once the probe has been answered no GET waits. While
            // nobody would read the `5`, a client that gave up would only poll without a pause.
            (Poll::Parked, _, Link::Probing { probe, .. })
                if probe.received() && !self.is_paused =>
            {
                self.body_of(Answer::Noop)
            }
            (Poll::Parked, ..) => return None,
        };
        self.poll = Poll::Absent;
        Some(body)
    }

    fn take_queue(&mut self) -> Body {
        let body = match self.encoding {
            Encoding::V4 => Body::Text(payload::join(self.queue.iter())),
            Encoding::V3 { .. } => self.join_old(self.queue.iter()),
        };
        self.queue.clear();
        self.queued_bytes = 0;
        self.trim_queue();
        body
    }

    fn body_of(&self, answer: Answer) -> Body {
        match self.encoding {
            Encoding::V4 => Body::Text(Bytes::from_static(answer.text().as_bytes())),
            Encoding::V3 { .. } => self.join_old(answer.frames().iter()),
        }
    }

    /// A body of version 3.
    fn join_old<'a>(&self, frames: impl Iterator<Item = &'a Frame> + Clone) -> Body {
        match self.encoding {
            // Text is all that a script can hold.
            Encoding::V3 {
                jsonp: Some(callback),
                ..
            } => v3::join(frames, BinaryForm::Base64).map(|body| v3::script(&body, callback)),
            encoding => v3::join(frames, encoding.binary()),
        }
    }

    fn polls(&self) -> bool {
        match (&self.phase, &self.link) {
            (Phase::Closed(_), _) | (_, Link::WebSocket) => false,
            (Phase::Open | Phase::Closing { .. }, Link::Polling | Link::Probing { .. }) => true,
        }
    }
}
