//! Packets as MessagePack, as `socket.io-msgpack-parser` has them.
//!
//! Each packet is one binary message with one map: `type` (0 to 4), `nsp`, `data` and `id`. Binary
//! values stand where they belong; there are no attachments on the wire.
//!
//! `format` reads and writes single values, `decode` turns a message into JSON `text` with attachments,
//! `encode` the other way; neither builds a tree. MessagePack itself is written here and not taken
//! from a library: of one we could use no more than the table of its markers.

mod date;
mod decode;
mod encode;
mod format;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
mod text;

use super::parser::{Decoder, Limits, Packet, PacketRef, Parser, ParserError};
use crate::wire::Frame;

/// The format of npm's `socket.io-msgpack-parser` (3.0): smaller than JSON where there are many
/// numbers and binary values, and one message per packet. All clients of the server must use it.
///
/// ```
/// # #[cfg(feature = "server")]
/// let io = trunkline::Io::builder().parser(trunkline::MsgpackParser).build();
/// ```
///
/// # Values
///
/// What the application sees is what it would see if the same client spoke JSON:
///
/// | MessagePack | Argument |
/// |---|---|
/// | nil, booleans, text | the same; bytes that are no UTF-8 become U+FFFD |
/// | whole numbers of up to 64 bits | the same, all digits kept |
/// | float 32, float 64 | a number; NaN and infinities are `null` |
/// | `bin`, `ext` type 0 (a typed array, an `ArrayBuffer`) | bytes ([`Binary`](crate::Binary)); a list of numbers within the credentials of a CONNECT, which have no attachments |
/// | `fixext 1` type 0 (`undefined`) | `null` in an array; the member of an object is left out |
/// | `fixext 8` type 0 (a date) | text as of JavaScript's `toISOString`; `null` if it is out of range |
/// | any other `ext` | `[type, bytes]` |
/// | a map | an object; names that are numbers, booleans, nil or undefined become text, others are refused |
///
/// On the way out whole numbers and lengths take their shortest form, other numbers are float 64
/// (also `1.0`, and whole numbers beyond 64 bits), and bytes are `bin`.
///
/// # Limits
///
/// Arrays and maps may be nested [128 deep](Limits::max_depth). The number of binary values in a
/// message is not limited by
/// [`max_attachments`](crate::socketio::Config::max_attachments), but their weight by
/// [`Limits::max_bytes`]; what a server sends has at most
/// [`MAX_ATTACHMENTS`](crate::socketio::MAX_ATTACHMENTS) in any format.
///
/// Reserved event names, events without a name and negative ack ids are refused, as in JSON; the
/// JavaScript parser lets them pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MsgpackParser;

impl Parser for MsgpackParser {
    fn encode(&self, packet: PacketRef<'_>) -> Result<Vec<Frame>, ParserError> {
        Ok(vec![Frame::Binary(encode::packet(&packet)?.into())])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(MsgpackDecoder)
    }
}

/// Keeps nothing, as every message is a packet.
#[derive(Debug)]
struct MsgpackDecoder;

impl Decoder for MsgpackDecoder {
    fn decode(&mut self, frame: Frame, limits: &Limits) -> Result<Option<Packet>, ParserError> {
        match frame {
            Frame::Binary(message) => decode::packet(&message, limits).map(Some),
            Frame::Text(_) => Err(ParserError::new(
                "a text message, though packets are binary",
            )),
        }
    }
}
