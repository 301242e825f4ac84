//! Compressing and inflating one message (RFC 7692, 7.2).
//!
//! What is worth compressing, and which message shares a window with which, is for others to say.

use bytes::{Buf, Bytes};
use bytestring::ByteString;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Violation;
use super::extension::{LEAST_WINDOW_BITS, MOST_WINDOW_BITS};
use super::header::Opcode;
use crate::wire::Frame;

/// The end of an empty block without compression. It ends each message, and is not sent
/// (RFC 7692, 7.2.1).
const TAIL: &[u8] = &[0x00, 0x00, 0xFF, 0xFF];
/// The last block of a stream, without content (RFC 1951, 3.2.4).
const LAST_BLOCK: &[u8] = &[0x01, 0x00, 0x00, 0xFF, 0xFF];
/// The least room that is made for what comes out.
const LEAST_ROOM: usize = 64;

/// A message as it stands in compressed frames, without the tail that is never sent.
///
/// Its opcode and its data, in one: so it is no larger than other things that are received, which
/// would cost those.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compressed(Bytes);

impl Compressed {
    /// The message whose opcode is the first of these bytes; its data is the rest.
    pub(super) fn new(bytes: Bytes) -> Compressed {
        debug_assert!(!bytes.is_empty(), "there is an opcode");
        Compressed(bytes)
    }

    pub(super) fn opcode(&self) -> Opcode {
        match self.0[0] == Opcode::Text as u8 {
            true => Opcode::Text,
            false => Opcode::Binary,
        }
    }

    fn data(&self) -> &[u8] {
        &self.0[1..]
    }

    pub(super) fn into_data(mut self) -> Bytes {
        self.0.advance(1);
        self.0
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.data().len()
    }

    /// Whether there are no bytes. Such a message stands for an empty one.
    pub fn is_empty(&self) -> bool {
        self.data().is_empty()
    }
}

/// Compresses messages.
///
/// It owns about 370 KiB with the largest window, about 245 KiB with the smallest.
#[derive(Debug)]
pub struct Deflater {
    stream: Compress,
    takes_over: bool,
}

impl Deflater {
    /// One that has compressed nothing yet.
    ///
    /// `level` is how much work to do, from 1 to 9. A window of 2 to the power of `window_bits`
    /// bytes is what the peer must keep, from [`LEAST_WINDOW_BITS`] to [`MOST_WINDOW_BITS`]; what
    /// is beyond counts as the nearest. With `takes_over`, a message may refer to those before it,
    /// and all must reach the same peer, in order.
    pub fn new(level: u8, window_bits: u8, takes_over: bool) -> Deflater {
        let level = Compression::new(level.clamp(1, 9).into());
        let bits = window_bits.clamp(LEAST_WINDOW_BITS, MOST_WINDOW_BITS);
        Deflater {
            stream: Compress::new_with_window_bits(level, false, bits),
            takes_over,
        }
    }

    /// Compresses a message.
    ///
    /// `buffer` is where that is done; what is in it is lost. Bytes that cannot be compressed grow
    /// by up to an eighth. The work is linear.
    pub fn deflate(&mut self, message: &Frame, buffer: &mut Vec<u8>) -> Compressed {
        let (opcode, mut rest) = match message {
            Frame::Text(text) => (Opcode::Text, text.as_bytes().as_ref()),
            Frame::Binary(bytes) => (Opcode::Binary, bytes.as_ref()),
        };
        buffer.clear();
        buffer.push(opcode as u8);
        // Twice the same flush with nothing between writes nothing, so this must not be tried.
        if rest.is_empty() {
            return Compressed::new(Bytes::copy_from_slice(buffer));
        }
        if !self.takes_over {
            self.stream.reset();
        }
        buffer.reserve(LEAST_ROOM + rest.len() / 2);
        loop {
            let before = self.stream.total_in();
            self.stream
                .compress_vec(rest, buffer, FlushCompress::Sync)
                .expect("a stream that is never finished takes whatever comes");
            rest = &rest[(self.stream.total_in() - before) as usize..];
            if rest.is_empty() && buffer.len() < buffer.capacity() {
                break;
            }
            buffer.reserve(buffer.len().max(LEAST_ROOM));
        }
        debug_assert!(buffer.ends_with(TAIL), "a flush ends with an empty block");
        let length = buffer.len() - TAIL.len();
        Compressed::new(Bytes::copy_from_slice(&buffer[..length]))
    }
}

/// Inflates messages, whatever window their sender uses.
///
/// It owns about 47 KiB.
#[derive(Debug)]
pub struct Inflater {
    stream: Decompress,
    takes_over: bool,
}

impl Inflater {
    /// One that has inflated nothing yet. With `takes_over`, a message may refer to those before it.
    pub fn new(takes_over: bool) -> Inflater {
        Inflater {
            // A smaller window would take the same memory.
            stream: Decompress::new_with_window_bits(false, MOST_WINDOW_BITS),
            takes_over,
        }
    }

    /// What a message of up to `limit` bytes says.
    pub(super) fn inflate(
        &mut self,
        message: Compressed,
        limit: usize,
    ) -> Result<Frame, Violation> {
        let bytes = Bytes::from(self.inflate_data(message.data(), limit)?);
        if message.opcode() == Opcode::Binary {
            return Ok(Frame::Binary(bytes));
        }
        let text = ByteString::try_from(bytes).map_err(|_| Violation::NotUtf8)?;
        Ok(Frame::Text(text))
    }

    fn inflate_data(&mut self, data: &[u8], limit: usize) -> Result<Vec<u8>, Violation> {
        if !self.takes_over {
            self.stream.reset(false);
        }
        // Strictly there is always a byte; other servers are not strict either.
        if data.is_empty() {
            return Ok(Vec::new());
        }
        let most = limit.saturating_add(1);
        let mut out = Vec::with_capacity(most.min(LEAST_ROOM + 2 * data.len()));
        // Whoever ends the stream itself need not end it twice (RFC 7692, 7.2.3.4).
        if self.advance(data, &mut out, limit)? == Status::StreamEnd {
            return Ok(out);
        }
        // If the data ended within a block, the tail is taken for more of it: then it says something,
        // or no block can follow it. The latter is not to be tried on a stream that goes on.
        let said = out.len();
        self.advance(TAIL, &mut out, limit)?;
        let is_whole = out.len() == said
            && (self.takes_over || self.advance(LAST_BLOCK, &mut out, limit)? == Status::StreamEnd);
        is_whole.then_some(out).ok_or(Violation::NotDeflate)
    }

    /// Inflates all of `data`; whether a stream ended with its last byte. Another may begin behind
    /// the end of one.
    fn advance(
        &mut self,
        mut data: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<Status, Violation> {
        loop {
            // One byte more than allowed is enough to know.
            if out.len() == out.capacity() {
                let most = limit.saturating_add(1);
                let room = out.len().max(LEAST_ROOM).min(most - out.len());
                out.reserve_exact(room);
            }
            let (taken, made) = (self.stream.total_in(), out.len());
            let status = self
                .stream
                .decompress_vec(data, out, FlushDecompress::None)
                .map_err(|_| Violation::NotDeflate)?;
            if out.len() > limit {
                return Err(Violation::TooBig);
            }
            let taken = (self.stream.total_in() - taken) as usize;
            data = &data[taken..];
            if status == Status::StreamEnd {
                self.stream.reset(false);
            }
            let is_full = out.len() == out.capacity();
            if data.is_empty() && (!is_full || status == Status::StreamEnd) {
                return Ok(status);
            }
            if taken == 0 && out.len() == made && !is_full && status != Status::StreamEnd {
                return Err(Violation::NotDeflate);
            }
        }
    }
}

#[cfg(test)]
mod tests;
