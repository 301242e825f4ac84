//! What may be asked of a session at any time.

use super::polling::{Poll, Post};
use super::{Link, Phase, QUEUE_KEPT, Session};
use crate::engine::encoding::Version;
use crate::engine::reason::CloseReason;
use crate::engine::transport::Transport;

impl Session {
    /// Why the session is over, once it is: not while a graceful close still waits.
    ///
    /// What [`poll_transmit`](Session::poll_transmit) still gives is the session's last word.
    pub fn closed(&self) -> Option<&CloseReason> {
        match &self.phase {
            Phase::Closed(reason) => Some(reason),
            Phase::Open | Phase::Closing { .. } => None,
        }
    }

    /// Whether the session takes and gives messages.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether a graceful close waits for the queue to leave.
    pub fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. })
    }

    /// The current transport; polling until an upgrade is complete.
    pub fn transport(&self) -> Transport {
        match self.link {
            Link::Polling | Link::Probing { .. } => Transport::Polling,
            Link::WebSocket => Transport::WebSocket,
        }
    }

    /// The version of the protocol that it speaks.
    pub fn version(&self) -> Version {
        self.encoding.version()
    }

    /// The size of the queued frames, in the wire form of version 4.
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// How many frames are queued.
    pub fn queued_frames(&self) -> usize {
        self.queue.len()
    }

    /// Whether a frame that is sent now would leave now.
    pub fn writable(&self) -> bool {
        let way_out = matches!(self.link, Link::WebSocket) || self.is_polling_parked();
        self.is_open() && self.queue.is_empty() && way_out
    }

    /// Whether frames may leave on the session's WebSocket past the queue, which is empty.
    #[inline]
    pub(crate) fn takes_frames(&self) -> bool {
        matches!(self.link, Link::WebSocket) && self.queue.is_empty() && self.is_open()
    }

    /// Whether [`poll_transmit`](Session::poll_transmit) has nothing to give and nothing to tidy up,
    /// as nearly always between two messages on a WebSocket.
    #[inline]
    pub(crate) fn is_at_rest(&self) -> bool {
        self.takes_frames()
            && self.queue.capacity() <= QUEUE_KEPT
            && self.hangup.is_none()
            && matches!(self.poll, Poll::Absent)
    }

    /// Whether there is nothing to be told of: no more messages of a POST, and no end.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.is_open() && !matches!(self.post, Post::Decoding(_))
    }
}
