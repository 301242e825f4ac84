//! From messages to what is to be written.
//!
//! Small payloads are copied behind their heads into one buffer, so that many of them are one write;
//! large ones are kept as they are and written between parts of that buffer.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use super::Compressed;
use super::header::{FIN, LENGTH_16, LENGTH_64, MAX_CONTROL, Opcode, RSV1};
use crate::wire::Frame;

/// The longest payload that is copied, in bytes. Measured: from about here on, copying costs more than
/// a reference and two more slices in a write.
const LONGEST_COPIED: usize = 2 * 1024;

/// A buffer of this size is worth no copying.
const SMALL: usize = 1024;

/// What is to be written to one client, in order.
///
/// Nothing here is bounded; [`len`](Outbox::len) is for the caller to watch. While it is empty it
/// holds nothing but the buffer it was lent, or had to make; [`reclaim`](Outbox::reclaim) takes
/// that away as well.
#[derive(Default, Debug)]
pub struct Outbox {
    /// Heads and small payloads.
    copied: BytesMut,
    /// How much of `copied` has been written.
    written: usize,
    /// Large payloads, in order.
    large: VecDeque<Large>,
    /// The bytes of `large`.
    large_len: usize,
}

/// A payload that is not copied.
#[derive(Debug)]
struct Large {
    /// How much of `copied` comes before it.
    after: usize,
    payload: Bytes,
}

impl Outbox {
    /// An empty outbox; it allocates nothing until something is put in.
    pub fn new() -> Outbox {
        Outbox::default()
    }

    /// Puts a message in. A payload of over 2 KiB is not copied.
    pub fn message(&mut self, message: Frame) {
        let (opcode, payload) = match message {
            Frame::Text(text) => (Opcode::Text, text.into_bytes()),
            Frame::Binary(bytes) => (Opcode::Binary, bytes),
        };
        if payload.len() <= LONGEST_COPIED {
            self.copy(FIN | opcode as u8, &payload);
        } else {
            self.keep(FIN | opcode as u8, payload);
        }
    }

    /// Puts a compressed message in (RFC 7692, 6). What it was made from must be what the peer's
    /// decompressor expects next.
    pub fn compressed(&mut self, message: Compressed) {
        let first = FIN | RSV1 | message.opcode() as u8;
        let payload = message.into_data();
        if payload.len() <= LONGEST_COPIED {
            self.copy(first, &payload);
        } else {
            self.keep(first, payload);
        }
    }

    /// Puts a ping in. Of the payload, the first 125 bytes (RFC 6455, 5.5).
    pub fn ping(&mut self, payload: &[u8]) {
        self.control(Opcode::Ping, payload);
    }

    /// Puts a pong in, with the payload of the ping that it answers; the first 125 bytes of it.
    pub fn pong(&mut self, payload: &[u8]) {
        self.control(Opcode::Pong, payload);
    }

    /// Puts a close in, with this code or with none. Nothing may be put in after it
    /// (RFC 6455, 5.5.1), and the code must be one that may be sent (7.4).
    pub fn close(&mut self, code: Option<u16>) {
        match code {
            Some(code) => self.control(Opcode::Close, &code.to_be_bytes()),
            None => self.control(Opcode::Close, &[]),
        }
    }

    /// Puts a close in that answers the client's, with its code and reason; nothing after it.
    pub fn close_alike(&mut self, payload: &[u8]) {
        self.control(Opcode::Close, payload);
    }

    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes still to be written.
    pub fn len(&self) -> usize {
        self.copied.len() - self.written + self.large_len
    }

    /// What to write, in order, for a vectored write; how many of the slices were filled. If there
    /// are too few, the rest comes after an [`advance`](Outbox::advance).
    pub fn chunks<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let mut fill = |chunk: &'a [u8]| match into.get_mut(filled) {
            Some(slot) if !chunk.is_empty() => {
                *slot = IoSlice::new(chunk);
                filled += 1;
                true
            }
            slot => slot.is_some(),
        };
        let mut at = self.written;
        for large in &self.large {
            if !(fill(&self.copied[at..large.after]) && fill(&large.payload)) {
                return filled;
            }
            at = large.after;
        }
        fill(&self.copied[at..]);
        filled
    }

    /// What to write first, for a plain write; empty only if nothing is to be written.
    pub fn first(&self) -> &[u8] {
        match self.large.front() {
            Some(large) if large.after == self.written => &large.payload,
            Some(large) => &self.copied[self.written..large.after],
            None => &self.copied[self.written..],
        }
    }

    /// So many bytes have been written: at most [`len`](Outbox::len).
    pub fn advance(&mut self, mut written: usize) {
        debug_assert!(written <= self.len(), "more was written than there was");
        while let Some(next) = self.large.front_mut() {
            let before = (next.after - self.written).min(written);
            self.written += before;
            written -= before;
            let size = next.payload.len().min(written);
            next.payload.advance(size);
            self.large_len -= size;
            written -= size;
            if !next.payload.is_empty() {
                return;
            }
            self.large.pop_front();
        }
        self.written = (self.written + written).min(self.copied.len());
        if self.written == self.copied.len() {
            self.copied.clear();
            self.written = 0;
            // A queue that was long is not kept for ever.
            if self.large.capacity() > 0 {
                self.large = VecDeque::new();
            }
        }
    }

    /// Lends a buffer for what is copied. It is taken only while nothing is to be written, and
    /// cleared; otherwise it is dropped.
    pub fn lend(&mut self, mut buffer: BytesMut) {
        if self.is_empty() {
            buffer.clear();
            self.copied = buffer;
        }
    }

    /// Gives the buffer back, cleared, once all is written: the one lent, or one that was made. None
    /// if something is still to be written, or if there is none.
    pub fn reclaim(&mut self) -> Option<BytesMut> {
        if self.is_empty() && self.copied.capacity() > 0 {
            Some(std::mem::take(&mut self.copied))
        } else {
            None
        }
    }

    /// Before a wait: gives a buffer back that has far more room than what is left in it needs; that
    /// is copied into one of its own size.
    pub fn settle(&mut self) -> Option<BytesMut> {
        let left = self.copied.len() - self.written;
        if self.copied.capacity() <= 4 * left + SMALL {
            return None;
        }
        let rest = BytesMut::from(&self.copied[self.written..]);
        for large in &mut self.large {
            large.after -= self.written;
        }
        self.written = 0;
        let mut buffer = std::mem::replace(&mut self.copied, rest);
        buffer.clear();
        Some(buffer)
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8]) {
        debug_assert!(payload.len() <= MAX_CONTROL, "a control frame is short");
        self.copy(
            FIN | opcode as u8,
            &payload[..payload.len().min(MAX_CONTROL)],
        );
    }

    /// Puts in a frame whose payload is not copied.
    fn keep(&mut self, first: u8, payload: Bytes) {
        self.copy_head(first, payload.len(), 0);
        self.large_len += payload.len();
        self.large.push_back(Large {
            after: self.copied.len(),
            payload,
        });
    }

    /// Copies a whole frame.
    #[inline]
    fn copy(&mut self, first: u8, payload: &[u8]) {
        self.copy_head(first, payload.len(), payload.len());
        self.copied.extend_from_slice(payload);
    }

    /// Copies a frame's head, which begins with the byte `first`; `following` bytes will be copied
    /// behind it. A server does not mask, and writes a length in the fewest bytes (RFC 6455, 5.1
    /// and 5.2).
    #[inline]
    fn copy_head(&mut self, first: u8, length: usize, following: usize) {
        let mut head = [first, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let size = if length <= MAX_CONTROL {
            head[1] = length as u8;
            2
        } else if let Ok(length) = u16::try_from(length) {
            head[1] = LENGTH_16;
            head[2..4].copy_from_slice(&length.to_be_bytes());
            4
        } else {
            head[1] = LENGTH_64;
            head[2..].copy_from_slice(&(length as u64).to_be_bytes());
            10
        };
        self.make_room(size + following);
        self.copied.extend_from_slice(&head[..size]);
    }

    /// Room for so many more copied bytes: what has been written makes it, as far as it pays.
    #[inline]
    fn make_room(&mut self, size: usize) {
        if self.copied.capacity() - self.copied.len() >= size {
            return;
        }
        // Moving at most as much as is thrown away keeps the work linear.
        if self.written * 2 >= self.copied.len() {
            self.copied.copy_within(self.written.., 0);
            self.copied.truncate(self.copied.len() - self.written);
            for large in &mut self.large {
                large.after -= self.written;
            }
            self.written = 0;
        }
        self.copied.reserve(size);
    }
}

#[cfg(test)]
mod tests;
