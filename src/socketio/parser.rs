//! The seam for a wire format of packets other than Socket.IO's own.
//!
//! A server speaks Socket.IO's JSON packets unless its configuration names a [`Parser`]
//! ([`Config::parser`](super::Config::parser)); then every client must speak that parser's format,
//! since nothing on the wire says which one it is. [`MsgpackParser`] is built in.
//!
//! Above the parser nothing changes: arguments are JSON text with attachments, whatever they looked
//! like on the wire, and a packet that came in is held to the same rules as a JSON packet: names of
//! events and namespaces, the shape of each payload, whose turn it is. So a parser only translates:
//!
//! - [`Parser::encode`] is given a packet as JSON text and attachments, and gives the messages that
//!   carry it. A packet for many recipients is encoded once.
//! - [`Decoder::decode`] takes one client's messages, in order, and gives packets.
//!
//! # A parser of one's own
//!
//! This one writes a packet as a text message, `kind attachments id namespace json` with spaces
//! between, and each attachment as a binary message behind it.
//!
//! ```
//! use bytes::Bytes;
//! use trunkline::socketio::parser::{Decoder, Limits, Packet, PacketKind, PacketRef, Parser, ParserError};
//! use trunkline::Frame;
//!
//! #[derive(Debug)]
//! struct Spaced;
//!
//! const KINDS: [(PacketKind, &str); 5] = [
//!     (PacketKind::Connect, "hello"),
//!     (PacketKind::Disconnect, "bye"),
//!     (PacketKind::Event, "event"),
//!     (PacketKind::Ack, "ack"),
//!     (PacketKind::ConnectError, "refused"),
//! ];
//!
//! impl Parser for Spaced {
//!     fn encode(&self, packet: PacketRef<'_>) -> Result<Vec<Frame>, ParserError> {
//!         let (_, kind) = KINDS.iter().find(|(kind, _)| *kind == packet.kind).expect("all five");
//!         let id = packet.id.map_or("-".to_owned(), |id| id.to_string());
//!         let count = packet.attachments.len();
//!         let text = format!("{kind} {count} {id} {} {}", packet.namespace, packet.json);
//!         let attachments = packet.attachments.iter().cloned().map(Frame::Binary);
//!         Ok(std::iter::once(Frame::from(text)).chain(attachments).collect())
//!     }
//!
//!     fn decoder(&self) -> Box<dyn Decoder> {
//!         Box::new(Half::default())
//!     }
//! }
//!
//! /// What has come of a packet, and how many of its attachments have not.
//! #[derive(Debug, Default)]
//! struct Half(Option<Packet>, usize);
//!
//! impl Decoder for Half {
//!     fn decode(&mut self, frame: Frame, limits: &Limits) -> Result<Option<Packet>, ParserError> {
//!         // It is kept until the last attachment has come, so it must not pin a shared buffer.
//!         match (frame.detach(), &mut self.0) {
//!             (Frame::Text(text), None) => {
//!                 let malformed = || ParserError::new("kind attachments id namespace json");
//!                 let mut words = text.splitn(5, ' ');
//!                 let mut word = || words.next().ok_or_else(malformed);
//!                 let kind = word()?;
//!                 let (kind, _) = KINDS.iter().find(|(_, name)| *name == kind).ok_or_else(malformed)?;
//!                 self.1 = word()?.parse().map_err(|_| malformed())?;
//!                 let id = match word()? {
//!                     "-" => None,
//!                     id => Some(id.parse().map_err(|_| malformed())?),
//!                 };
//!                 let (namespace, json) = (word()?.into(), word()?.into());
//!                 self.0 = Some(Packet { kind: *kind, namespace, id, json, attachments: Vec::new() });
//!             }
//!             (Frame::Binary(bytes), Some(packet)) if self.1 > 0 => {
//!                 self.1 -= 1;
//!                 packet.attachments.push(bytes);
//!             }
//!             _ => return Err(ParserError::new("a message out of turn")),
//!         }
//!         if self.0.as_ref().is_some_and(|packet| packet.weight() > limits.max_bytes) {
//!             return Err(ParserError::new("too large"));
//!         }
//!         Ok(if self.1 == 0 { self.0.take() } else { None })
//!     }
//! }
//!
//! # fn main() -> Result<(), ParserError> {
//! let (kind, namespace, json) = (PacketKind::Event, "/chat", r#"["hi",{"_placeholder":true,"num":0}]"#);
//! let attachments = [Bytes::from_static(&[1, 2])];
//! let frames = Spaced.encode(PacketRef { kind, namespace, id: Some(7), json, attachments: &attachments })?;
//! assert_eq!(frames[0], Frame::from(r#"event 1 7 /chat ["hi",{"_placeholder":true,"num":0}]"#));
//!
//! let mut decoder = Spaced.decoder();
//! let mut packet = None;
//! for frame in frames {
//!     packet = decoder.decode(frame, &Limits::default())?;
//! }
//! let packet = packet.expect("it is complete");
//! assert_eq!((packet.kind, packet.id, &*packet.json), (kind, Some(7), json));
//! assert_eq!(packet.attachments, attachments);
//!
//! # #[cfg(feature = "server")]
//! let io = trunkline::Io::builder().parser(Spaced).build();
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use thiserror::Error;

use crate::wire::Frame;

pub use super::msgpack::MsgpackParser;
pub use super::packet::Kind as PacketKind;

/// How packets are written to and read from the messages of a connection.
///
/// One value serves a whole server, from all threads. See the [module](self) for an example.
pub trait Parser: fmt::Debug + Send + Sync + 'static {
    /// Writes one packet as the messages that carry it, in order. Nothing else of the connection
    /// comes between them.
    ///
    /// A packet without an ack id is written once for all its recipients; one with an ack id for
    /// each. A text message must not contain U+001E, which separates messages in long-polling.
    ///
    /// # Errors
    ///
    /// When the packet has no form in this format. Nothing is sent then: the server logs it as a
    /// warning, and who waits for an acknowledgement is told
    /// [`AckError::Unencodable`](super::AckError::Unencodable).
    fn encode(&self, packet: PacketRef<'_>) -> Result<Vec<Frame>, ParserError>;

    /// The reading half for a client that has just connected.
    fn decoder(&self) -> Box<dyn Decoder>;
}

/// Puts the messages of one client together to packets.
///
/// What is kept between messages must be bounded, by [`Limits::max_bytes`] say, and
/// [detached](Frame::detach) from the buffer that it was read into. Numbers in a message are a
/// stranger's: nothing should be allocated for them.
pub trait Decoder: fmt::Debug + Send {
    /// Takes the next message; gives the packet that it completes, if it does.
    ///
    /// # Errors
    ///
    /// When the message does not belong to any packet. The connection is closed.
    fn decode(&mut self, frame: Frame, limits: &Limits) -> Result<Option<Packet>, ParserError>;
}

/// A packet on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PacketRef<'a> {
    /// What it is.
    pub kind: PacketKind,
    /// The namespace, `/` included.
    pub namespace: &'a str,
    /// The ack id, if it has one.
    pub id: Option<u64>,
    /// The payload as compact JSON: an array for an event (which begins with its name) and for an
    /// answer, an object for CONNECT and CONNECT_ERROR, empty for DISCONNECT. Where an attachment
    /// belongs stands `{"_placeholder":true,"num":N}`; without attachments such an object is
    /// nothing special.
    pub json: &'a str,
    /// The binary values, by the `num` of their placeholders.
    pub attachments: &'a [Bytes],
}

/// A packet that came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// What it is. A CONNECT_ERROR is a violation, since only servers send it.
    pub kind: PacketKind,
    /// The namespace, `/` included.
    pub namespace: ByteString,
    /// The ack id, if it has one; a CONNECT's is ignored.
    pub id: Option<u64>,
    /// The payload, in the form of [`PacketRef::json`]; for a CONNECT without credentials it is
    /// empty. Text that is not JSON is a violation like any other.
    pub json: ByteString,
    /// The binary values. A placeholder may be used twice or never, but its number must be that of
    /// an attachment.
    pub attachments: Vec<Bytes>,
}

impl Packet {
    /// How many bytes the packet is counted as: those of its JSON and of its attachments, and
    /// 128 more for each of these.
    pub fn weight(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.json.len() + attachments + ATTACHMENT_WEIGHT * self.attachments.len()
    }
}

/// What an attachment takes beside its bytes, about.
pub(super) const ATTACHMENT_WEIGHT: usize = 128;

/// What a packet that comes in may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The most that a packet with attachments may [weigh](Packet::weight), in bytes:
    /// [`max_attachment_bytes`](super::Config::max_attachment_bytes), 10,000,000 by default. A packet
    /// without attachments is bounded by the size of the message that it came in.
    pub max_bytes: usize,
    /// How deeply arrays and objects may be nested, the array of arguments included: 128, as in
    /// typed values.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 10_000_000,
            max_depth: super::placeholders::MAX_DEPTH,
        }
    }
}

/// Why a parser cannot write a packet, or does not take a message.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0}")]
pub struct ParserError(Cow<'static, str>);

impl ParserError {
    /// An error with a reason for the log. No client is told it.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> ParserError {
        ParserError(reason.into())
    }
}

/// A parser that a server's clients share. Equal to its clones, and to nothing else.
#[derive(Clone, Debug)]
pub struct SharedParser(Arc<dyn Parser>);

impl<P: Parser> From<P> for SharedParser {
    fn from(parser: P) -> SharedParser {
        SharedParser(Arc::new(parser))
    }
}

impl Deref for SharedParser {
    type Target = dyn Parser;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for SharedParser {
    fn eq(&self, other: &SharedParser) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedParser {}

impl SharedParser {
    /// The finished frames of a packet: a text message gets the transport's mark.
    pub(super) fn frames(&self, packet: PacketRef<'_>) -> Result<Vec<Frame>, ParserError> {
        let mut frames = self.encode(packet)?;
        for frame in &mut frames {
            if let Frame::Text(text) = frame {
                *frame = Frame::from(format!("{}{text}", super::MARK));
            }
        }
        Ok(frames)
    }
}
