//! The body of a poll in version 3: packets with their lengths before them.
//!
//! ```text
//!   text   = { length ":" packet }              length in UTF-16 code units, in decimal digits
//!   binary = { kind length 0xFF packet }        kind 0 is text, 1 is binary
//!                                               length in bytes, each digit a byte from 0 to 9
//! ```
//! (Engine.IO protocol, version 3, "Payload".) An announced length is compared with what is there,
//! and nothing is allocated for it.

use bytes::Bytes;
use bytestring::ByteString;

use super::super::encoding::BinaryForm;
use super::super::packet::{Packet, PacketError};
use super::super::payload::Body;
use super::{BINARY_MESSAGE, base64_len, jsonp, push_base64};
use crate::wire::Frame;

/// Ends the length of a packet in a binary body.
const END: u8 = 0xFF;

/// The most digits of a length in a binary body, as in the reference: those of the largest number
/// that JavaScript knows.
const MAX_DIGITS: usize = 310;

/// The packets of one body; ends after the first that is malformed.
#[derive(Debug)]
pub struct Packets(Rest);

#[derive(Debug)]
enum Rest {
    /// The mistake behind it, if there is one, is that the body holds nothing or goes on with what
    /// is not UTF-8.
    Text {
        text: ByteString,
        mistake: Option<PacketError>,
    },
    Binary(Bytes),
    Over,
}

/// Splits a body into its packets, one at a time, as slices of the body. An empty one is malformed
/// if it is text.
pub fn split(body: Body) -> Packets {
    Packets(match body {
        Body::Text(body) => text_of(body),
        Body::Binary(body) => Rest::Binary(body),
    })
}

/// Splits a form of JSONP into its packets; none if it has not just one field `d`.
pub fn split_form(body: &[u8]) -> Packets {
    match jsonp::payload(body) {
        Some(text) => split(Body::Text(text.into())),
        None => Packets(Rest::Over),
    }
}

/// As far as it is UTF-8.
fn text_of(mut body: Bytes) -> Rest {
    let valid = match str::from_utf8(&body) {
        Ok(_) => body.len(),
        Err(error) => error.valid_up_to(),
    };
    let mistake = match valid < body.len() {
        true => Some(PacketError::NotUtf8),
        false => body.is_empty().then_some(PacketError::Empty),
    };
    body.truncate(valid);
    match ByteString::try_from(body) {
        Ok(text) => Rest::Text { text, mistake },
        Err(_) => Rest::Over,
    }
}

impl Packets {
    /// How many packets are left, malformed ones included; those without anything in them, which
    /// are skipped, count as well.
    pub fn count_all(mut self) -> usize {
        let mut count = 0;
        loop {
            let is_taken = match &mut self.0 {
                Rest::Text { text, .. } => !text.is_empty() && take_text(text).is_some(),
                Rest::Binary(rest) => !rest.is_empty() && take_binary(rest).is_some(),
                Rest::Over => false,
            };
            if !is_taken {
                return count;
            }
            count += 1;
        }
    }
}

impl Iterator for Packets {
    type Item = Result<Packet, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        let decoded = match &mut self.0 {
            Rest::Text { text, mistake } => next_text(text, *mistake),
            Rest::Binary(rest) => next_binary(rest),
            Rest::Over => None,
        };
        if !matches!(decoded, Some(Ok(_))) {
            self.0 = Rest::Over;
        }
        decoded
    }
}

impl std::iter::FusedIterator for Packets {}

fn next_text(
    rest: &mut ByteString,
    mistake: Option<PacketError>,
) -> Option<Result<Packet, PacketError>> {
    loop {
        if rest.is_empty() {
            return mistake.map(Err);
        }
        let Some(packet) = take_text(rest) else {
            return Some(Err(PacketError::Length));
        };
        // The reference skips empty packets.
        if !packet.is_empty() {
            return Some(super::decode(Frame::Text(packet)));
        }
    }
}

/// Takes `length ":" packet`.
fn take_text(rest: &mut ByteString) -> Option<ByteString> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let length = rest[..digits].parse().ok()?;
    let packet = rest[digits..].strip_prefix(':')?;
    let start = digits + 1;
    let size = units_to_bytes(packet, length)?;
    let (taken, left) = rest.split_at(start + size);
    *rest = left;
    Some(taken.slice_ref(&taken[start..]))
}

/// How many bytes so many UTF-16 code units at the front of `text` take; none if there are not as
/// many, or they would end within a character.
fn units_to_bytes(text: &str, units: usize) -> Option<usize> {
    // A unit takes at least one byte, and just one if it is ASCII.
    if text.as_bytes().get(..units)?.is_ascii() {
        return Some(units);
    }
    let (mut bytes, mut left) = (0, units);
    for character in text.chars() {
        if left == 0 {
            break;
        }
        left = left.checked_sub(character.len_utf16())?;
        bytes += character.len_utf8();
    }
    (left == 0).then_some(bytes)
}

fn next_binary(rest: &mut Bytes) -> Option<Result<Packet, PacketError>> {
    let kind = *rest.first()?;
    let Some(packet) = take_binary(rest) else {
        return Some(Err(PacketError::Length));
    };
    if kind != 0 {
        return Some(Ok(super::binary_packet(packet)));
    }
    let text = ByteString::try_from(packet).map_err(|_| PacketError::NotUtf8);
    Some(text.and_then(|text| super::decode(Frame::Text(text))))
}

/// Takes `kind length 0xFF packet`.
fn take_binary(rest: &mut Bytes) -> Option<Bytes> {
    let head = rest.get(1..)?;
    let digits = head
        .iter()
        .take(MAX_DIGITS + 1)
        .position(|&byte| byte == END)?;
    let mut length = 0_usize;
    for digit in head.get(..digits).filter(|digits| !digits.is_empty())? {
        let digit = Some(usize::from(*digit)).filter(|digit| *digit < 10)?;
        length = length.checked_mul(10)?.checked_add(digit)?;
    }
    let start = digits + 2;
    let end = start.checked_add(length).filter(|end| *end <= rest.len())?;
    let packet = rest.slice(start..end);
    *rest = rest.slice(end..);
    Some(packet)
}

/// Joins queued frames into one body: of bytes if one of them is binary and `binary` allows it.
/// The iterator is walked several times.
pub fn join<'a>(frames: impl Iterator<Item = &'a Frame> + Clone, binary: BinaryForm) -> Body {
    let mut all = frames.clone();
    if binary == BinaryForm::Bytes && all.any(|frame| matches!(frame, Frame::Binary(_))) {
        return Body::Binary(join_binary(frames).into());
    }
    let mut body = String::with_capacity(frames.clone().map(most).sum());
    for frame in frames {
        match frame {
            Frame::Text(text) => {
                body.push_str(&units(text).to_string());
                body.push(':');
                body.push_str(text);
            }
            Frame::Binary(bytes) => {
                body.push_str(&base64_len(bytes).to_string());
                body.push(':');
                push_base64(bytes, &mut body);
            }
        }
    }
    Body::Text(body.into())
}

fn join_binary<'a>(frames: impl Iterator<Item = &'a Frame> + Clone) -> Vec<u8> {
    let mut body = Vec::with_capacity(frames.clone().map(most).sum());
    for frame in frames {
        let (kind, length) = match frame {
            Frame::Text(text) => (0, text.len()),
            Frame::Binary(bytes) => (1, bytes.len() + 1),
        };
        body.push(kind);
        body.extend(length.to_string().bytes().map(|digit| digit - b'0'));
        body.push(END);
        match frame {
            Frame::Text(text) => body.extend_from_slice(text.as_bytes()),
            Frame::Binary(bytes) => {
                body.push(BINARY_MESSAGE);
                body.extend_from_slice(bytes);
            }
        }
    }
    body
}

/// Mostly enough for a frame with its length.
fn most(frame: &Frame) -> usize {
    const LENGTH: usize = 8;
    LENGTH
        + match frame {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => base64_len(bytes),
        }
}

/// The length of a text in UTF-16 code units.
fn units(text: &str) -> usize {
    let starts = text.bytes().filter(|byte| byte & 0xC0 != 0x80).count();
    // What takes four bytes takes two units.
    starts + text.bytes().filter(|byte| *byte >= 0xF0).count()
}
