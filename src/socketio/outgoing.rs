//! One outgoing packet, encoded at most once per encoding, shared by all who get it.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use bytestring::ByteString;

use super::args::{Args, ArgsWriter, EncodeError, IntoArgs};
use super::name::is_reserved;
use super::packet::{self, Kind};
use super::{Namespace, PlaceholderError};
use crate::wire::Frame;

/// The most attachments a packet may have: what today's clients accept.
///
/// Reference: socket.io-parser 4.2.6, `maxAttachments`.
pub const MAX_ATTACHMENTS: usize = 10;

/// The forms in which a packet can reach a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Socket.IO text with its attachments.
    Packet,
    /// Plain JSON frames.
    Plain,
}

/// An event or an answer on its way to any number of clients.
#[derive(Debug)]
pub struct Outgoing {
    namespace: Namespace,
    content: Content,
    json: ByteString,
    attachments: Vec<Bytes>,
    packet: OnceLock<Vec<Frame>>,
    plain: OnceLock<Vec<Frame>>,
}

#[derive(Debug)]
enum Content {
    Event {
        name: Name,
        /// Where in the JSON the name's token ends.
        name_end: usize,
    },
    Ack,
}

#[derive(Debug)]
enum Name {
    /// It stands in the JSON as it is.
    Plain(Range<usize>),
    Escaped(Box<str>),
}

impl Outgoing {
    /// An event for clients in `namespace`.
    ///
    /// # Errors
    ///
    /// When the name is reserved, a value cannot be serialised, or there are more than
    /// [`MAX_ATTACHMENTS`] binary values.
    pub fn event(
        namespace: &Namespace,
        name: &str,
        args: &(impl IntoArgs + ?Sized),
    ) -> Result<Outgoing, EncodeError> {
        if is_reserved(name) {
            return Err(EncodeError::ReservedName(name.to_owned()));
        }
        let writer = ArgsWriter::named(name)?;
        let name_end = writer.len();
        // Two quotes and a bracket, if nothing had to be escaped.
        let name = match name_end == name.len() + 3 {
            true => Name::Plain(2..name_end - 1),
            false => Name::Escaped(name.into()),
        };
        Outgoing::new(namespace, Content::Event { name, name_end }, writer, args)
    }

    /// An answer to an event that a client in `namespace` sent.
    ///
    /// # Errors
    ///
    /// When a value cannot be serialised, or there are more than [`MAX_ATTACHMENTS`] binary
    /// values.
    pub fn ack(
        namespace: &Namespace,
        args: &(impl IntoArgs + ?Sized),
    ) -> Result<Outgoing, EncodeError> {
        Outgoing::new(namespace, Content::Ack, ArgsWriter::unnamed(), args)
    }

    fn new(
        namespace: &Namespace,
        content: Content,
        mut writer: ArgsWriter,
        args: &(impl IntoArgs + ?Sized),
    ) -> Result<Outgoing, EncodeError> {
        args.write_args(&mut writer)?;
        let (json, attachments) = writer.finish();
        if attachments.len() > MAX_ATTACHMENTS {
            let (count, limit) = (attachments.len(), MAX_ATTACHMENTS);
            return Err(EncodeError::TooManyAttachments { count, limit });
        }
        let (packet, plain) = (OnceLock::new(), OnceLock::new());
        Ok(Outgoing {
            namespace: namespace.clone(),
            content,
            json,
            attachments,
            packet,
            plain,
        })
    }

    /// The finished frames of an encoding; `fill` makes them for the first who asks.
    ///
    /// Only for packets without ack id: all recipients get the same frames.
    pub fn encoded(
        &self,
        encoding: Encoding,
        fill: impl FnOnce(&Outgoing) -> Vec<Frame>,
    ) -> &[Frame] {
        let cell = match encoding {
            Encoding::Packet => &self.packet,
            Encoding::Plain => &self.plain,
        };
        cell.get_or_init(|| fill(self))
    }

    /// The text message: `prefix`, header and JSON.
    pub fn text(&self, id: Option<u64>, prefix: &str) -> String {
        // Longer than any type, attachment count and ack id.
        let header = prefix.len() + self.namespace.len() + 32;
        let mut text = String::with_capacity(header + self.json.len());
        text.push_str(prefix);
        let kind = match self.content {
            Content::Event { .. } => Kind::Event,
            Content::Ack => Kind::Ack,
        };
        packet::write_header(&mut text, kind, self.attachments.len(), &self.namespace, id);
        text.push_str(&self.json);
        text
    }

    /// The text message and the attachments behind it.
    pub fn frames(&self, id: Option<u64>, prefix: &str) -> impl Iterator<Item = Frame> {
        let text = Frame::Text(self.text(id, prefix).into());
        std::iter::once(text).chain(self.attachments.iter().cloned().map(Frame::Binary))
    }

    /// The array of arguments; an event's begins with its name.
    pub fn json(&self) -> &ByteString {
        &self.json
    }

    /// The arguments, as a recipient would read them.
    ///
    /// # Errors
    ///
    /// When the application's own values look like a placeholder for an attachment that is not
    /// there.
    pub fn args(&self) -> Result<Args, PlaceholderError> {
        let start = match self.content {
            Content::Event { name_end, .. } => name_end,
            Content::Ack => 1,
        };
        Args::new(self.json.clone(), start, self.attachments.clone())
    }

    /// The binary parts, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// How many bytes the packet keeps in memory, before any encoding.
    pub fn weight(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Where the packet is sent.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The event's name; an answer has none.
    pub fn name(&self) -> Option<&str> {
        match &self.content {
            Content::Event {
                name: Name::Plain(range),
                ..
            } => Some(&self.json[range.clone()]),
            Content::Event {
                name: Name::Escaped(name),
                ..
            } => Some(name),
            Content::Ack => None,
        }
    }
}
