//! A long-polling body: packets joined by the record separator, 0x1E.
//!
//! Binary messages travel as `b` and base64. A single packet is read and written by
//! [`packet`](super::packet).

use base64::Engine as _;
use bytes::Bytes;
use bytestring::ByteString;

use super::packet::{BASE64, Packet, PacketError};
use crate::wire::Frame;

const SEPARATOR: u8 = 0x1E;

/// The body of a POST, or of the answer to a GET.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// `text/plain`: packets as text; in version 4 always.
    Text(Bytes),
    /// `application/octet-stream`: packets as bytes, which only version 3 has.
    Binary(Bytes),
}

impl Body {
    /// What it holds.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Body::Text(bytes) | Body::Binary(bytes) => bytes,
        }
    }

    /// How many bytes that is.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// The same kind of body with other bytes.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Bytes) -> Bytes) -> Body {
        match self {
            Body::Text(bytes) => Body::Text(change(bytes)),
            Body::Binary(bytes) => Body::Binary(change(bytes)),
        }
    }
}

impl From<Bytes> for Body {
    /// Text, as all bodies of version 4 are.
    fn from(bytes: Bytes) -> Body {
        Body::Text(bytes)
    }
}

/// How many packets a body holds.
pub fn count(body: &[u8]) -> usize {
    1 + memchr::memchr_iter(SEPARATOR, body).count()
}

/// Splits a body into its packets, one at a time, as slices of the body.
pub fn split(body: Bytes) -> Packets {
    Packets { rest: Some(body) }
}

/// Joins frames in wire form into one body.
///
/// No cap applies: everything that is queued leaves in one response. The iterator is walked
/// twice, first for the body's size.
pub fn join<'a>(frames: impl Iterator<Item = &'a Frame> + Clone) -> Bytes {
    let mut alone = frames.clone();
    if let (Some(Frame::Text(text)), None) = (alone.next(), alone.next()) {
        return text.as_bytes().clone();
    }
    let size: usize = frames.clone().map(|frame| polled_len(frame) + 1).sum();
    let mut body = String::with_capacity(size);
    for (index, frame) in frames.enumerate() {
        if index > 0 {
            body.push(char::from(SEPARATOR));
        }
        match frame {
            Frame::Text(text) => body.push_str(text),
            Frame::Binary(bytes) => {
                body.push('b');
                BASE64.encode_string(bytes, &mut body);
            }
        }
    }
    body.into()
}

fn polled_len(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
    }
}

/// The packets of one body; ends after the first that is malformed.
///
/// An empty body and a trailing separator hold an empty packet, which is malformed.
#[derive(Debug)]
pub struct Packets {
    rest: Option<Bytes>,
}

impl Iterator for Packets {
    type Item = Result<Packet, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut packet = self.rest.take()?;
        if let Some(end) = packet.iter().position(|&byte| byte == SEPARATOR) {
            let mut rest = packet.split_off(end);
            self.rest = Some(rest.split_off(1));
        }
        let decoded = ByteString::try_from(packet)
            .map_err(|_| PacketError::NotUtf8)
            .and_then(|text| Packet::decode(Frame::Text(text)));
        if decoded.is_err() {
            self.rest = None;
        }
        Some(decoded)
    }
}

impl std::iter::FusedIterator for Packets {}

#[cfg(test)]
mod tests;
