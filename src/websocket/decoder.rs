//! From what is read to messages.
//!
//! A frame that is whole in the input is unmasked in place and given as a slice of it; what arrives
//! in pieces is put together beside it.

use std::mem;

use bytes::{Buf, Bytes, BytesMut};
use bytestring::ByteString;

use super::header::{Header, LONGEST, Opcode};
use super::mask::{shift, unmask};
use super::message::{Partial, Text};
use super::{Compressed, Inflater, Received, Violation};
use crate::wire::Frame;

/// Reads what a client sends: bytes in any split go in, messages and control frames come out.
///
/// How the bytes are split makes no difference to what comes out. After every read, call
/// [`decode`](Decoder::decode) until it says `None`. After a [`Violation`] or a
/// [`Received::Close`] nothing more is given, whatever comes.
///
/// It takes linear time. What it holds for a message is at most about twice what has arrived of it,
/// so at most about twice the limit; fragments cost nothing by their number.
#[derive(Debug)]
pub struct Decoder {
    max_message: usize,
    /// The beginning of a frame's head.
    head: [u8; LONGEST],
    head_len: u8,
    stage: Stage,
    pending: Option<Box<Pending>>,
}

/// What may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Plain,
    /// Compressed messages as well.
    Compressing,
    Over,
}

/// What is half-received beyond a frame's head.
#[derive(Default, Debug)]
struct Pending {
    frame: Option<Arriving>,
    /// What has arrived of a control frame.
    control: Vec<u8>,
    /// What has arrived of a message.
    message: Option<Partial>,
}

/// A frame of which payload is to come.
#[derive(Clone, Copy, Debug)]
struct Arriving {
    opcode: Opcode,
    is_final: bool,
    /// The mask for the next byte.
    mask: [u8; 4],
    left: usize,
}

impl Decoder {
    /// A decoder at the beginning of a connection, for messages of up to `max_message` bytes, the
    /// fragments of one together.
    pub fn new(max_message: usize) -> Decoder {
        Decoder {
            max_message,
            head: [0; LONGEST],
            head_len: 0,
            stage: Stage::Plain,
            pending: None,
        }
    }

    /// The same for a connection on which permessage-deflate was agreed on: it gives compressed
    /// messages as they are, for [`inflate`](Decoder::inflate). The limit holds for what arrives
    /// and for what comes of it.
    #[must_use]
    pub fn with_compression(mut self) -> Decoder {
        self.stage = Stage::Compressing;
        self
    }

    /// The next thing in `input`; none once all of `input` has been taken, so that its buffer is free
    /// between reads.
    ///
    /// A payload that is whole in `input` is given as a slice of its buffer, and keeps that from
    /// being reused as long as it lives; of an incomplete one, what has arrived is copied.
    ///
    /// # Errors
    ///
    /// What the client did wrong, as soon as it is certain: an announced length over the limit
    /// before its payload has arrived, text with its first byte that is out of place. The rest of
    /// `input` is dropped, then and after a close.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Received>, Violation> {
        let received = match self.stage {
            _ if input.is_empty() => return Ok(None),
            Stage::Plain => self.advance::<false>(input),
            Stage::Compressing => self.advance::<true>(input),
            Stage::Over => {
                input.clear();
                return Ok(None);
            }
        };
        if let Ok(Some(Received::Close { .. })) | Err(_) = received {
            input.clear();
            self.end();
        }
        received
    }

    /// What a compressed message says; to be asked for each as it comes, with the same `inflater`
    /// for all of a connection unless [`Agreement`](super::Agreement) says that each message stands
    /// alone.
    ///
    /// # Errors
    ///
    /// What comes of it is over the limit, is not UTF-8 though it should be text, or it is no
    /// DEFLATE data. Then this is the end, as after a [`Violation`] of `decode`.
    pub fn inflate(
        &mut self,
        message: Compressed,
        inflater: &mut Inflater,
    ) -> Result<Frame, Violation> {
        let inflated = inflater.inflate(message, self.max_message);
        if inflated.is_err() {
            self.end();
        }
        inflated
    }

    #[cold]
    fn end(&mut self) {
        *self = Decoder {
            stage: Stage::Over,
            ..Decoder::new(self.max_message)
        };
    }

    /// Whether nothing is half-received.
    pub fn is_idle(&self) -> bool {
        self.head_len == 0 && self.pending.is_none()
    }

    /// The bytes held for what is half-received, as they are allocated.
    pub fn held(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| {
            let message = pending.message.as_ref().map_or(0, Partial::capacity);
            size_of::<Pending>() + pending.control.capacity() + message
        })
    }

    /// [`decode`](Decoder::decode), while nothing has ended it. What is not compressed should not
    /// pay for what might be, so there are two of it.
    #[inline]
    fn advance<const COMPRESSING: bool>(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<Received>, Violation> {
        loop {
            if let Some(pending) = &mut self.pending
                && let Some(frame) = pending.frame
            {
                let received = pending.absorb(frame, input)?;
                if pending.frame.is_some() {
                    return Ok(None);
                }
                if pending.message.is_none() {
                    self.pending = None;
                }
                if received.is_some() {
                    return Ok(received);
                }
            }
            let Some((header, payload)) = self.read_head::<COMPRESSING>(input)? else {
                return Ok(None);
            };
            let length = self.check_length(&header)?;
            let stands_alone =
                header.opcode.is_control() || (header.is_final && !self.in_message());
            if stands_alone && length <= input.len() - payload {
                if header.is_compressed {
                    return Ok(Some(take_compressed(input, payload, length, &header)));
                }
                return received(header.opcode, take(input, payload, length, header.mask));
            }
            input.advance(payload);
            self.begin(&header, length);
        }
    }

    /// Whether a fragmented message has begun.
    fn in_message(&self) -> bool {
        let pending = self.pending.as_ref();
        pending.is_some_and(|pending| pending.message.is_some())
    }

    /// The next frame's head, and where in `input` its payload begins; none, and all of `input`
    /// taken, if more of it must come.
    #[inline]
    fn read_head<const COMPRESSING: bool>(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<(Header, usize)>, Violation> {
        if self.head_len == 0
            && let Some(header) = Header::read::<COMPRESSING>(input, self.in_message())?
        {
            return Ok(Some((header, header.size)));
        }
        self.complete_head::<COMPRESSING>(input)
    }

    /// [`read_head`](Decoder::read_head) of a head that has not arrived in one piece.
    #[cold]
    fn complete_head<const COMPRESSING: bool>(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<(Header, usize)>, Violation> {
        let held = usize::from(self.head_len);
        let taken = input.len().min(LONGEST - held);
        self.head[held..held + taken].copy_from_slice(&input[..taken]);
        let head = &self.head[..held + taken];
        match Header::read::<COMPRESSING>(head, self.in_message())? {
            Some(header) => {
                self.head_len = 0;
                Ok(Some((header, header.size - held)))
            }
            // A head is never longer than its place, so all of `input` is in it.
            None => {
                self.head_len += taken as u8;
                input.clear();
                Ok(None)
            }
        }
    }

    /// The payload's size, if the message may become that long.
    fn check_length(&self, header: &Header) -> Result<usize, Violation> {
        let length = usize::try_from(header.length).map_err(|_| Violation::TooBig)?;
        if header.opcode.is_control() {
            return Ok(length);
        }
        let message = self.pending.as_ref().and_then(|all| all.message.as_ref());
        let room = self.max_message - message.map_or(0, Partial::len);
        if length > room {
            return Err(Violation::TooBig);
        }
        Ok(length)
    }

    /// A frame begins that is to be put together from pieces, or is one itself.
    fn begin(&mut self, header: &Header, left: usize) {
        let pending = self.pending.get_or_insert_default();
        pending.frame = Some(Arriving {
            opcode: header.opcode,
            is_final: header.is_final,
            mask: header.mask,
            left,
        });
        match header.opcode {
            _ if header.is_compressed => {
                pending.message = Some(Partial::Compressed(vec![header.opcode as u8]));
            }
            Opcode::Text => pending.message = Some(Partial::Text(Text::default())),
            Opcode::Binary => pending.message = Some(Partial::Binary(Vec::new())),
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => {}
        }
    }
}

impl Pending {
    /// Takes what `input` has of the frame; once that is all, what comes of it.
    fn absorb(
        &mut self,
        mut frame: Arriving,
        input: &mut BytesMut,
    ) -> Result<Option<Received>, Violation> {
        let taken = frame.left.min(input.len());
        let payload = &mut input[..taken];
        unmask(payload, frame.mask);
        if frame.opcode.is_control() {
            self.control.extend_from_slice(payload);
        } else if let Some(message) = &mut self.message {
            message.push(payload)?;
        }
        input.advance(taken);
        frame.left -= taken;
        frame.mask = shift(frame.mask, taken);
        if frame.left > 0 {
            self.frame = Some(frame);
            return Ok(None);
        }
        self.frame = None;
        if frame.opcode.is_control() {
            let payload = mem::take(&mut self.control);
            return received(frame.opcode, payload.into());
        }
        match self.message.take_if(|_| frame.is_final) {
            Some(message) => message.finish().map(Some),
            None => Ok(None),
        }
    }
}

/// Takes a frame off the input whose payload begins at `at`; the payload, unmasked. An empty one
/// does not keep the buffer.
#[inline(always)]
fn take(input: &mut BytesMut, at: usize, length: usize, mask: [u8; 4]) -> Bytes {
    if length == 0 {
        input.advance(at);
        return Bytes::new();
    }
    let mut frame = input.split_to(at + length);
    unmask(&mut frame[at..], mask);
    let mut payload = frame.freeze();
    payload.advance(at);
    payload
}

/// [`take`] of a compressed message.
#[cold]
fn take_compressed(input: &mut BytesMut, at: usize, length: usize, header: &Header) -> Received {
    let mut frame = input.split_to(at + length);
    unmask(&mut frame[at..], header.mask);
    // The last byte of the head is not needed any more, and has always come with the payload.
    frame[at - 1] = header.opcode as u8;
    frame.advance(at - 1);
    Received::Compressed(Compressed::new(frame.freeze()))
}

/// What a frame that stands for itself says.
#[inline]
fn received(opcode: Opcode, payload: Bytes) -> Result<Option<Received>, Violation> {
    let received = match opcode {
        Opcode::Text => {
            let text = ByteString::try_from(payload).map_err(|_| Violation::NotUtf8)?;
            Received::Message(Frame::Text(text))
        }
        // A continuation is never given whole; it belongs to its message.
        Opcode::Binary | Opcode::Continuation => Received::Message(Frame::Binary(payload)),
        Opcode::Ping => Received::Ping(payload),
        Opcode::Pong => Received::Pong(payload),
        Opcode::Close => Received::Close {
            code: close_code(&payload)?,
            payload,
        },
    };
    Ok(Some(received))
}

/// The code in the payload of a close frame (RFC 6455, 5.5.1).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        // One byte has been refused with the head.
        return Ok(None);
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::Protocol("a close code that must not be sent"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Violation::NotUtf8);
    }
    Ok(Some(code))
}

/// Whether an endpoint may send this close code: those of RFC 6455, 7.4.1, without the ones that
/// only stand for something, those registered since, and the ranges of 7.4.2 for libraries and
/// applications.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests;
