//! One Engine.IO packet and its wire form.
//!
//! A packet is a type digit and its data in one text frame; a binary message is a bare binary
//! frame without a type. How several packets share one long-polling body is in
//! [`payload`](super::payload); what a packet does is in [`session`](super::session).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;

use crate::wire::Frame;

/// The digit before the text of a message, for a layer above that builds finished frames itself.
pub const MESSAGE: char = '4';

/// What the ping and the pong of an upgrade probe carry.
pub(super) const PROBE: &str = "probe";

/// Standard alphabet, padding written but not asked for.
pub(super) const BASE64: GeneralPurpose = {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&alphabet::STANDARD, config)
};

/// One Engine.IO packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Packet {
    /// `0`: the server's description of a new session, as JSON.
    Open(ByteString),
    /// `1`: the sender leaves; has a meaning on long polling.
    Close,
    /// `2`: asks for a pong; carries `probe` while an upgrade is tried.
    Ping(ByteString),
    /// `3`: answers a ping, with the ping's data.
    Pong(ByteString),
    /// `4`, or a binary frame: the application's data.
    Message(Frame),
    /// `5`: the client moves to this WebSocket.
    Upgrade,
    /// `6`: releases a waiting GET.
    Noop,
}

/// Why a frame is not a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PacketError {
    /// A text without even a type, also what stands behind a trailing separator.
    #[error("the packet is empty")]
    Empty,
    /// A first byte that is neither `0` to `6` nor `b`.
    #[error("unknown packet type {0:#04x}")]
    UnknownType(u8),
    /// A text packet in a long-polling body that is not UTF-8.
    #[error("the packet is not UTF-8")]
    NotUtf8,
    /// A body of version 3 in which no length stands where one belongs, or not so much follows.
    #[error("the packet has no length, or a wrong one")]
    Length,
}

impl Packet {
    /// Reads a packet from a frame; the data is a slice of the frame, not a copy.
    ///
    /// A text of `b` and base64 is a binary message. The base64 is read leniently, as clients
    /// expect: URL-safe letters count, padding may be missing, other characters are skipped.
    ///
    /// # Errors
    ///
    /// When the text is empty or starts with an unknown type.
    pub fn decode(frame: Frame) -> Result<Packet, PacketError> {
        let text = match frame {
            Frame::Text(text) => text,
            binary @ Frame::Binary(_) => return Ok(Packet::Message(binary)),
        };
        let Some(&kind) = text.as_bytes().first() else {
            return Err(PacketError::Empty);
        };
        // Every type is one ASCII byte, so the data starts on a character boundary.
        let data = || text.slice_ref(&text[1..]);
        match kind {
            b'4' => Ok(Packet::Message(Frame::Text(data()))),
            b'0' => Ok(Packet::Open(data())),
            b'1' => Ok(Packet::Close),
            b'2' => Ok(Packet::Ping(data())),
            b'3' => Ok(Packet::Pong(data())),
            b'5' => Ok(Packet::Upgrade),
            b'6' => Ok(Packet::Noop),
            b'b' => Ok(Packet::Message(Frame::Binary(decode_base64(&text[1..])))),
            unknown => Err(PacketError::UnknownType(unknown)),
        }
    }

    /// The packet's wire form: text with its type digit, or the bare bytes of a binary message.
    pub fn encode(self) -> Frame {
        match self {
            Packet::Open(json) => prefixed('0', &json),
            Packet::Close => Frame::from_static("1"),
            Packet::Ping(data) if data.is_empty() => Frame::from_static("2"),
            Packet::Ping(data) => prefixed('2', &data),
            Packet::Pong(data) if data.is_empty() => Frame::from_static("3"),
            Packet::Pong(data) => prefixed('3', &data),
            Packet::Message(Frame::Text(text)) => prefixed(MESSAGE, &text),
            Packet::Message(binary @ Frame::Binary(_)) => binary,
            Packet::Upgrade => Frame::from_static("5"),
            Packet::Noop => Frame::from_static("6"),
        }
    }
}

fn prefixed(kind: char, data: &str) -> Frame {
    let mut text = String::with_capacity(1 + data.len());
    text.push(kind);
    text.push_str(data);
    Frame::from(text)
}

/// Decodes what is well formed quickly, and everything else as the reference does.
pub(super) fn decode_base64(text: &str) -> Bytes {
    match BASE64.decode(text) {
        Ok(bytes) => bytes.into(),
        Err(_) => decode_leniently(text.as_bytes()).into(),
    }
}

/// Either alphabet; stops at the first `=`, skips what is no base64, drops a last lone letter.
pub(super) fn decode_leniently(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let mut bits = 0_u32;
    let mut count = 0;
    for &letter in text.iter().take_while(|&&letter| letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
