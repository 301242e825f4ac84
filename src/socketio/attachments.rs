//! Collects the binary parts of one packet, within limits.
//!
//! The parts follow their header at once and in order; nothing else of this connection comes
//! between (Socket.IO protocol, "Packet encoding").

#[cfg(test)]
mod tests;

use std::ops::Deref;

use bytes::Bytes;
use thiserror::Error;

use crate::wire::Frame;

/// The binary parts of one packet, in the order of their numbers; most packets with any have one,
/// which needs no list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Parts {
    /// Exactly one.
    One([Bytes; 1]),
    /// Any number, also none.
    Listed(Vec<Bytes>),
}

impl Default for Parts {
    fn default() -> Parts {
        Parts::Listed(Vec::new())
    }
}

impl Deref for Parts {
    type Target = [Bytes];

    #[inline]
    fn deref(&self) -> &[Bytes] {
        match self {
            Parts::One(part) => part,
            Parts::Listed(parts) => parts,
        }
    }
}

impl From<Vec<Bytes>> for Parts {
    fn from(parts: Vec<Bytes>) -> Parts {
        Parts::Listed(parts)
    }
}

impl Parts {
    /// Appends a part.
    pub(super) fn push(&mut self, part: Bytes) {
        match self {
            Parts::Listed(parts) if parts.is_empty() => *self = Parts::One([part]),
            Parts::Listed(parts) => parts.push(part),
            Parts::One([first]) => {
                *self = Parts::Listed(vec![std::mem::take(first), part]);
            }
        }
    }
}

/// Why the parts of a packet are refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AttachmentError {
    /// A binary message while no header waits for one.
    #[error("a binary message without a header before it")]
    Unannounced,
    /// A text message while attachments are missing.
    #[error("a text message while {missing} attachments are missing")]
    Interrupted {
        /// How many had not yet arrived.
        missing: usize,
    },
    /// Attachments that did not arrive in time.
    #[error("{missing} attachments have not arrived in time")]
    TooLate {
        /// How many had not arrived.
        missing: usize,
    },
    /// A half-received packet above the byte limit.
    #[error("a packet with attachments is larger than {limit} bytes")]
    TooLarge {
        /// The most that is accepted.
        limit: usize,
    },
}

/// The binary parts that have arrived, and how many are missing. Never complete: the part that
/// completes the packet ends the collection.
#[derive(Debug)]
pub(super) struct Attachments {
    parts: Parts,
    /// At least 1.
    missing: usize,
    /// How many more bytes are accepted.
    room: usize,
    limit: usize,
}

impl Attachments {
    /// Begins to collect `announced` parts (at least 1) for a header of `header` bytes.
    pub(super) fn new(
        announced: usize,
        header: usize,
        limit: usize,
    ) -> Result<Attachments, AttachmentError> {
        let room = limit
            .checked_sub(header)
            .ok_or(AttachmentError::TooLarge { limit })?;
        Ok(Attachments {
            parts: Parts::default(),
            missing: announced,
            room,
            limit,
        })
    }

    /// Takes the next part. `Some` are all parts of the packet: the last one has arrived.
    pub(super) fn handle_part(&mut self, part: Bytes) -> Result<Option<Parts>, AttachmentError> {
        let limit = self.limit;
        let left = self.room.checked_sub(part.len());
        self.room = left.ok_or(AttachmentError::TooLarge { limit })?;
        self.missing = self.missing.saturating_sub(1);
        if self.missing == 0 {
            self.parts.push(part);
            return Ok(Some(std::mem::take(&mut self.parts)));
        }
        // It stays for nobody knows how long, so it must not pin the transport's read buffer.
        if let Frame::Binary(part) = Frame::Binary(part).detach() {
            self.parts.push(part);
        }
        Ok(None)
    }

    /// How many parts have not arrived.
    pub(super) fn missing(&self) -> usize {
        self.missing
    }
}
