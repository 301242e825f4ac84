//! One outgoing packet, written once, shared by all who get it.
//!
//! The values are written straight behind the mark and the header, so that the text is at once the
//! frame of every recipient. In another wire format it is written once as well, when the first
//! recipient needs it.

mod foreign;
#[cfg(test)]
mod tests;
mod treatment;
mod variants;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use bytestring::ByteString;

use super::args::{Args, ArgsWriter, EncodeError, IntoArgs};
use super::attachments::Parts;
use super::name::is_reserved;
use super::packet::{self, Kind};
use super::{Namespace, PlaceholderError};
use crate::wire::Frame;
use foreign::Foreign;

pub use treatment::{Flags, SlowClient};

/// The most attachments a packet may have: what today's clients accept.
///
/// Reference: socket.io-parser 4.2.6, `maxAttachments`.
pub const MAX_ATTACHMENTS: usize = 10;

/// What a text message begins with on the transport: Engine.IO's mark of a message.
///
/// It is written here because a packet is shared by all its recipients as the finished frame.
pub(crate) const MARK: char = '4';

/// How a packet says how many attachments it has, by their number.
const COUNTS: [&str; MAX_ATTACHMENTS + 1] = [
    "", "1-", "2-", "3-", "4-", "5-", "6-", "7-", "8-", "9-", "10-",
];

/// What the buffer of a packet's text begins with; most packets fit.
const CAPACITY: usize = 128;

/// An event or an answer on its way to any number of clients.
#[derive(Debug)]
pub struct Outgoing {
    namespace: Namespace,
    content: Content,
    /// The text message without ack id, mark and header included.
    text: ByteString,
    /// Where in the text message the array begins.
    array: usize,
    attachments: Parts,
    flags: Flags,
    /// What is to become of it at a slow client, if it says so itself.
    slow: Option<SlowClient>,
    /// How long the offset is at the end of the array, its comma and quotes included.
    offset: u32,
    /// What few packets have.
    rare: OnceLock<Box<Rare>>,
}

/// A packet is handed on by value a few times before it is shared; a larger one would be copied by a
/// call each time.
const _: () = assert!(size_of::<Outgoing>() <= 128);

#[derive(Debug, Default)]
struct Rare {
    /// The event's name, if it does not stand in the JSON as it is.
    name: Option<Box<str>>,
    key: Option<Arc<str>>,
    /// The packet in another form than its own.
    plain: OnceLock<Option<Frame>>,
    /// The packet in the wire format of the server's parser.
    foreign: OnceLock<Foreign>,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Event {
        /// Where in the JSON the name's token ends.
        name_end: usize,
    },
    /// With the id that the text carries already, if it does.
    Ack { id: Option<u64> },
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
        let head = head(Kind::Event, namespace, None);
        let array = head.len();
        let mut writer = ArgsWriter::named(head, name);
        let name_end = writer.len() - array;
        args.write_args(&mut writer)?;
        let mut event = Outgoing::new(namespace, Content::Event { name_end }, array, writer)?;
        // Two quotes and a bracket, if nothing had to be escaped.
        if name_end != name.len() + 3 {
            event.alter_rare(|rare| rare.name = Some(name.into()));
        }
        Ok(event)
    }

    /// An answer to an event that a client in `namespace` sent; for whichever event it is.
    ///
    /// # Errors
    ///
    /// When a value cannot be serialised, or there are more than [`MAX_ATTACHMENTS`] binary
    /// values.
    pub fn ack(
        namespace: &Namespace,
        args: &(impl IntoArgs + ?Sized),
    ) -> Result<Outgoing, EncodeError> {
        Outgoing::answer(namespace, None, args)
    }

    /// The answer to the event `id`, which is written for that one at once.
    ///
    /// # Errors
    ///
    /// As for [`ack`](Outgoing::ack).
    pub fn ack_of(
        namespace: &Namespace,
        id: u64,
        args: &(impl IntoArgs + ?Sized),
    ) -> Result<Outgoing, EncodeError> {
        Outgoing::answer(namespace, Some(id), args)
    }

    fn answer(
        namespace: &Namespace,
        id: Option<u64>,
        args: &(impl IntoArgs + ?Sized),
    ) -> Result<Outgoing, EncodeError> {
        let head = head(Kind::Ack, namespace, id);
        let array = head.len();
        let mut writer = ArgsWriter::unnamed(head);
        args.write_args(&mut writer)?;
        Outgoing::new(namespace, Content::Ack { id }, array, writer)
    }

    fn new(
        namespace: &Namespace,
        content: Content,
        mut array: usize,
        mut writer: ArgsWriter,
    ) -> Result<Outgoing, EncodeError> {
        let count = writer.attachments();
        if count > MAX_ATTACHMENTS {
            let limit = MAX_ATTACHMENTS;
            return Err(EncodeError::TooManyAttachments { count, limit });
        }
        if count > 0 {
            // Now that there are some, the header is another one.
            let (kind, announced) = (content.kind(), COUNTS[count]);
            writer.announce(MARK.len_utf8(), packet::type_of(kind, count), announced);
            array += announced.len();
        }
        let (text, attachments) = writer.finish();
        Ok(Outgoing {
            namespace: namespace.clone(),
            content,
            text: text.into(),
            array,
            attachments,
            flags: Flags::default(),
            slow: None,
            offset: 0,
            rare: OnceLock::new(),
        })
    }

    /// Whether the last argument is an offset, which the application did not write.
    pub fn has_offset(&self) -> bool {
        self.offset > 0
    }

    /// How the packet wants to be treated.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The policy for slow clients that the packet asks for.
    pub fn policy(&self) -> Option<SlowClient> {
        self.slow
    }

    /// Of which packets it is the newest.
    #[inline]
    pub fn key(&self) -> Option<&Arc<str>> {
        self.rare.get()?.key.as_ref()
    }

    /// The finished frames for all recipients alike: the text message and the attachments behind
    /// it. An event's has no ack id.
    pub fn frames(&self) -> impl Iterator<Item = Frame> {
        std::iter::once(Frame::Text(self.text(None))).chain(self.parts())
    }

    /// The finished frames with an ack id, which are one recipient's own.
    pub fn frames_with_id(&self, id: u64) -> impl Iterator<Item = Frame> {
        std::iter::once(Frame::Text(self.text(Some(id)))).chain(self.parts())
    }

    /// The first of the finished frames, with an ack id if there is one.
    #[inline]
    pub(super) fn text(&self, id: Option<u64>) -> ByteString {
        let is_written = match (id, &self.content) {
            (None, _) => true,
            (id, Content::Ack { id: own }) => id == *own,
            (Some(_), Content::Event { .. }) => false,
        };
        if is_written {
            return self.text.clone();
        }
        let (kind, count) = (self.content.kind(), self.attachments.len());
        message(kind, count, &self.namespace, id, self.json()).into()
    }

    /// The other frames: the attachments.
    #[inline]
    pub(super) fn parts(&self) -> impl Iterator<Item = Frame> {
        self.attachments.iter().cloned().map(Frame::Binary)
    }

    /// The packet in the form of plain JSON, if it has one; `fill` writes it for the first who
    /// asks.
    pub fn plain(&self, fill: impl FnOnce(&Outgoing) -> Option<Frame>) -> Option<&Frame> {
        let rare = self.rare.get_or_init(Box::default);
        rare.plain.get_or_init(|| fill(self)).as_ref()
    }

    /// The array of arguments; an event's begins with its name, and ends with its offset if it
    /// [has](Outgoing::has_offset) one.
    pub fn json(&self) -> &str {
        &self.text[self.array..]
    }

    /// The arguments, as a recipient would read them, without the offset.
    ///
    /// # Errors
    ///
    /// When the application's own values look like a placeholder for an attachment that is not
    /// there.
    pub fn args(&self) -> Result<Args, PlaceholderError> {
        let start = match self.content {
            Content::Event { name_end, .. } => name_end,
            Content::Ack { .. } => 1,
        };
        let json = match self.offset_length() {
            0 => self.text.slice_ref(self.json()),
            offset => {
                let json = self.json();
                format!("{}]", &json[..json.len() - 1 - offset]).into()
            }
        };
        Args::new(json, start, self.attachments.clone())
    }

    fn offset_length(&self) -> usize {
        // Sizes have at least 32 bits wherever this runs.
        self.offset as usize
    }

    /// The binary parts, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// How many bytes the packet keeps in memory, before any other form of it is made.
    #[inline]
    pub fn weight(&self) -> usize {
        let text = self.text.len() - self.array;
        match &self.attachments[..] {
            [] => text,
            parts => text + parts.iter().map(Bytes::len).sum::<usize>(),
        }
    }

    /// Where the packet is sent.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The event's name; an answer has none.
    pub fn name(&self) -> Option<&str> {
        let Content::Event { name_end } = self.content else {
            return None;
        };
        let escaped = self.rare.get().and_then(|rare| rare.name.as_deref());
        Some(escaped.unwrap_or_else(|| &self.json()[2..name_end - 1]))
    }
}

impl Content {
    fn kind(&self) -> Kind {
        match self {
            Content::Event { .. } => Kind::Event,
            Content::Ack { .. } => Kind::Ack,
        }
    }
}

/// What stands before the array of a packet without attachments.
fn head(kind: Kind, namespace: &str, id: Option<u64>) -> String {
    let mut text = String::with_capacity(CAPACITY);
    text.push(MARK);
    packet::write_header(&mut text, kind, 0, namespace, id);
    text
}

/// A whole text message, in a buffer of its size.
pub(super) fn message(
    kind: Kind,
    attachments: usize,
    namespace: &str,
    id: Option<u64>,
    json: &str,
) -> String {
    let header = packet::header_length(attachments, namespace, id);
    let mut text = String::with_capacity(MARK.len_utf8() + header + json.len());
    text.push(MARK);
    packet::write_header(&mut text, kind, attachments, namespace, id);
    text.push_str(json);
    text
}
