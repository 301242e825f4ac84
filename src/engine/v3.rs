//! Version 3 of the protocol, where it differs from version 4 in how packets are written.
//!
//! Binary data carries its packet's type: one byte before the bytes, or `b` and a digit before
//! base64. Everything else about a single packet is as in [`packet`](super::packet), and so is the
//! form in which a session queues frames; they become frames and bodies of version 3 on their way
//! out. `payload` is the body of a poll, `jsonp` wraps it for scripts.

mod jsonp;
mod payload;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use bytes::Bytes;

use super::encoding::BinaryForm;
use super::packet::{BASE64, MESSAGE, Packet, PacketError, decode_base64};
use crate::wire::Frame;

pub(super) use jsonp::script;
pub use payload::{Packets, join, split, split_form};

/// The type byte of a binary message.
const BINARY_MESSAGE: u8 = 4;

/// Reads a packet from a frame. A binary one of a type that does not exist is ignored, which is
/// to say that it is a noop (reference: engine.io 6.6, `parser-v3`).
///
/// # Errors
///
/// When a text is empty or starts with an unknown type.
pub fn decode(frame: Frame) -> Result<Packet, PacketError> {
    let text = match frame {
        Frame::Binary(bytes) => return Ok(binary_packet(bytes)),
        Frame::Text(text) => text,
    };
    match &text.as_bytes()[..] {
        [b'b', b'4', ..] => Ok(Packet::Message(Frame::Binary(decode_base64(&text[2..])))),
        [b'b', kind, ..] => Ok(other(kind.wrapping_sub(b'0'))),
        [b'b'] => Ok(Packet::Noop),
        _ => Packet::decode(Frame::Text(text)),
    }
}

/// The packet behind a type byte.
fn binary_packet(bytes: Bytes) -> Packet {
    match bytes.first() {
        Some(&BINARY_MESSAGE) => Packet::Message(Frame::Binary(bytes.slice(1..))),
        Some(&kind) => other(kind),
        None => Packet::Noop,
    }
}

/// A packet that is no message but came as binary; its data, which means nothing, is dropped.
fn other(kind: u8) -> Packet {
    match kind {
        0 => Packet::Open("".into()),
        1 => Packet::Close,
        2 => Packet::Ping("".into()),
        3 => Packet::Pong("".into()),
        5 => Packet::Upgrade,
        _ => Packet::Noop,
    }
}

/// A queued frame as it goes over a WebSocket.
pub(super) fn frame(frame: Frame, binary: BinaryForm) -> Frame {
    match (frame, binary) {
        (Frame::Text(text), _) => Frame::Text(text),
        (Frame::Binary(bytes), BinaryForm::Bytes) => {
            let mut typed = Vec::with_capacity(1 + bytes.len());
            typed.push(BINARY_MESSAGE);
            typed.extend_from_slice(&bytes);
            Frame::Binary(typed.into())
        }
        (Frame::Binary(bytes), BinaryForm::Base64) => {
            let mut text = String::with_capacity(base64_len(&bytes));
            push_base64(&bytes, &mut text);
            Frame::from(text)
        }
    }
}

fn push_base64(bytes: &Bytes, text: &mut String) {
    text.push('b');
    text.push(MESSAGE);
    BASE64.encode_string(bytes, text);
}

/// How much [`push_base64`] pushes.
fn base64_len(bytes: &Bytes) -> usize {
    2 + bytes.len().div_ceil(3) * 4
}
