//! Compression of messages (RFC 7692): when, with what, and how its work is shared.
//!
//! A compressor takes some hundred KiB, so that what stands alone is made with one per thread. What
//! many clients are sent is compressed by each thread once.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::Bytes;

use crate::websocket::{
    Agreement, Compressed, Decoder, Deflater, Inflater, MOST_WINDOW_BITS, Outbox, Terms, Violation,
};
use crate::wire::Frame;

/// Messages of more bytes are not compressed: each would hold up what else its thread does, by tens
/// of milliseconds.
const LONGEST: usize = 1 << 20;
/// After so many bytes have come of a client's messages it is the turn of others.
const TURN: usize = 1 << 20;
/// How many messages a thread remembers that went to several clients.
const REMEMBERED: usize = 16;
/// How many bytes they may have, both forms together. The last one may be longer.
const REMEMBERED_BYTES: usize = 1 << 20;
/// A buffer that has grown beyond this is not kept.
const BUFFER_KEPT: usize = 64 * 1024;

/// How messages on WebSockets are compressed: permessage-deflate (RFC 7692).
///
/// It is agreed on with clients that offer it, and saves bytes for time: compressing takes some
/// 7 ms for each MiB at the default level, inflating about 1.5 ms. Messages of more than 1 MiB are
/// never compressed on the way out. The limit of
/// [`max_payload`](crate::engine::Config::max_payload) holds for what clients send as it arrives and
/// for what comes of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PerMessageDeflate {
    /// The smallest message in bytes that is compressed. Default: 1024.
    pub threshold: usize,
    /// How hard to try, from 1 to 9; beyond 6 hardly anything gets smaller. Default: 2.
    pub level: u8,
    /// The window in which to look for what was there before, as a power of two, from 9 to 15; a
    /// client may ask for less. Default: 15.
    pub window_bits: u8,
    /// Whether a message may refer to those before it, unless a client asks for the contrary.
    /// Similar messages get much smaller by that, but each client then keeps its own compressor
    /// (about 370 KiB with the largest window, 245 KiB with the smallest) from the first message on
    /// that is compressed for it, its own 47 KiB from the first one that it compresses, and a
    /// broadcast is compressed for each recipient. Default: false.
    pub context_takeover: bool,
}

impl Default for PerMessageDeflate {
    fn default() -> PerMessageDeflate {
        PerMessageDeflate {
            threshold: 1024,
            level: 2,
            window_bits: MOST_WINDOW_BITS,
            context_takeover: false,
        }
    }
}

impl PerMessageDeflate {
    /// What to agree to, given a client's `Sec-WebSocket-Extensions`.
    pub(in crate::server) fn agree<'a>(
        &self,
        offers: impl Iterator<Item = &'a str>,
    ) -> Option<Agreed> {
        let terms = Terms {
            context_takeover: self.context_takeover,
            window_bits: self.window_bits,
        };
        let agreement = terms.accept(offers)?;
        Some(Agreed {
            settings: *self,
            agreement,
        })
    }
}

/// What was agreed on with one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreed {
    settings: PerMessageDeflate,
    agreement: Agreement,
}

impl Agreed {
    /// The answer's `Sec-WebSocket-Extensions`.
    pub(in crate::server) fn answer(&self) -> String {
        self.agreement.to_string()
    }
}

/// One client's compression.
pub(super) struct Deflate {
    agreed: Agreed,
    /// The bytes that came of messages since the task slept.
    inflated: usize,
    /// What the next messages may refer to; nothing unless that was agreed on.
    deflater: Option<Box<Deflater>>,
    inflater: Option<Box<Inflater>>,
}

impl Deflate {
    pub(super) fn new(agreed: Agreed) -> Deflate {
        Deflate {
            agreed,
            inflated: 0,
            deflater: None,
            inflater: None,
        }
    }

    /// Feeds a frame, compressed if that pays.
    pub(super) fn feed(&mut self, frame: Frame, outbox: &mut Outbox) {
        let size = payload(&frame).len();
        if !(self.agreed.settings.threshold.max(1)..=LONGEST).contains(&size) {
            return outbox.message(frame);
        }
        let Agreed {
            settings,
            agreement,
        } = self.agreed;
        let kind = Kind {
            level: settings.level,
            window_bits: agreement.server_window_bits(),
        };
        SHARED.with_borrow_mut(|shared| {
            if agreement.server_no_context_takeover {
                return match shared.deflate(&frame, kind) {
                    Some(compressed) => outbox.compressed(compressed),
                    None => outbox.message(frame),
                };
            }
            // The peer's window must see what ours saw, however little that saved.
            let deflater = self
                .deflater
                .get_or_insert_with(|| Box::new(kind.deflater(true)));
            outbox.compressed(deflater.deflate(&frame, &mut shared.buffer));
            shared.tidy();
        });
    }

    /// Whether so much was inflated that the task should let others have their turn: little can be
    /// read that makes much work.
    pub(super) fn is_spent(&self) -> bool {
        self.inflated >= TURN
    }

    /// The task sleeps.
    pub(super) fn rest(&mut self) {
        self.inflated = 0;
    }

    /// What a compressed message says.
    pub(super) fn inflate(
        &mut self,
        message: Compressed,
        decoder: &mut Decoder,
    ) -> Result<Frame, Violation> {
        // Also reading many small blocks that say nothing takes its time.
        self.inflated += message.len();
        let inflated = self.inflate_message(message, decoder)?;
        self.inflated += payload(&inflated).len();
        Ok(inflated)
    }

    fn inflate_message(
        &mut self,
        message: Compressed,
        decoder: &mut Decoder,
    ) -> Result<Frame, Violation> {
        if !self.agreed.agreement.client_no_context_takeover {
            let inflater = self
                .inflater
                .get_or_insert_with(|| Box::new(Inflater::new(true)));
            return decoder.inflate(message, inflater);
        }
        SHARED.with_borrow_mut(|shared| {
            let inflater = shared.inflater.get_or_insert_with(|| Inflater::new(false));
            decoder.inflate(message, inflater)
        })
    }
}

thread_local! {
    static SHARED: RefCell<Shared> = RefCell::default();
}

/// What a thread has for all messages that stand alone.
#[derive(Default)]
struct Shared {
    deflater: Option<(Kind, Deflater)>,
    inflater: Option<Inflater>,
    buffer: Vec<u8>,
    /// The last messages that went to several clients, the newest last.
    remembered: VecDeque<Remembered>,
    /// The bytes of them.
    remembered_bytes: usize,
}

/// A way to compress.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    level: u8,
    window_bits: u8,
}

impl Kind {
    fn deflater(self, takes_over: bool) -> Deflater {
        Deflater::new(self.level, self.window_bits, takes_over)
    }
}

/// A message and what came of it.
struct Remembered {
    kind: Kind,
    frame: Frame,
    /// None if it got no smaller.
    compressed: Option<Compressed>,
}

impl Remembered {
    fn len(&self) -> usize {
        payload(&self.frame).len() + self.compressed.as_ref().map_or(0, Compressed::len)
    }
}

impl Shared {
    /// The message by itself, compressed; none if that is no smaller.
    fn deflate(&mut self, frame: &Frame, kind: Kind) -> Option<Compressed> {
        // A frame whose bytes belong to others too probably goes to them as well.
        let is_shared = !payload(frame).is_unique();
        if is_shared && let Some(known) = self.recall(frame, kind) {
            return known.compressed.clone();
        }
        if self.deflater.as_ref().is_none_or(|(last, _)| *last != kind) {
            self.deflater = Some((kind, kind.deflater(false)));
        }
        let (_, deflater) = self.deflater.as_mut()?;
        let compressed = deflater.deflate(frame, &mut self.buffer);
        self.tidy();
        let compressed = (compressed.len() < payload(frame).len()).then_some(compressed);
        if is_shared {
            self.remember(Remembered {
                kind,
                frame: frame.clone(),
                compressed: compressed.clone(),
            });
        }
        compressed
    }

    /// The same bytes, not only equal ones: that is cheap to see, and what is remembered cannot have
    /// given its place to others.
    fn recall(&self, frame: &Frame, kind: Kind) -> Option<&Remembered> {
        self.remembered.iter().rev().find(|known| {
            let is_same_kind =
                matches!(frame, Frame::Text(_)) == matches!(known.frame, Frame::Text(_));
            let (one, other) = (payload(frame), payload(&known.frame));
            let is_same = std::ptr::eq(one.as_ptr(), other.as_ptr()) && one.len() == other.len();
            is_same && is_same_kind && known.kind == kind
        })
    }

    fn remember(&mut self, message: Remembered) {
        self.remembered_bytes += message.len();
        self.remembered.push_back(message);
        while self.remembered.len() > 1
            && (self.remembered.len() > REMEMBERED || self.remembered_bytes > REMEMBERED_BYTES)
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.remembered_bytes -= oldest.len();
        }
    }

    fn tidy(&mut self) {
        if self.buffer.capacity() > BUFFER_KEPT {
            self.buffer = Vec::new();
        }
    }
}

fn payload(frame: &Frame) -> &Bytes {
    match frame {
        Frame::Text(text) => text.as_bytes(),
        Frame::Binary(bytes) => bytes,
    }
}

#[cfg(test)]
mod tests;
