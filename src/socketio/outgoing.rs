//! One outgoing packet, written once, shared by all who get it.
//!
//! The values are written straight behind the mark and the header, so that the text is at once the
//! frame of every recipient. In another wire format it is written once as well, when the first
//! recipient needs it.

mod foreign;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use super::args::{Args, ArgsWriter, EncodeError, IntoArgs};
use super::attachments::Parts;
use super::name::is_reserved;
use super::packet::{self, Kind};
use super::{Namespace, PlaceholderError};
use crate::wire::Frame;
use foreign::Foreign;

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

/// How a packet wants to be treated on its way; the same for all its recipients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// Dropped where it cannot leave at once. Default false.
    pub volatile: bool,
    /// Never compressed by the transport, whatever its size. Default false.
    pub uncompressed: bool,
}

/// What becomes of a packet for which a client that reads too slowly has no room.
///
/// Room is made by packets that wait and of which nothing was handed to the transport: what stands
/// in a WebSocket's buffer (up to 16 KiB and a message) or in the answer to a GET (about 1 MiB) is
/// out of reach. Replies to CONNECT, DISCONNECTs, acknowledgements, pings and events that wait for an
/// acknowledgement are never dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum SlowClient {
    /// It must arrive: if there is no room for it, the client is closed with `transport error`
    /// (`slow consumer`).
    #[default]
    Close,
    /// As `Close`, but volatile packets make room: those that the client's task has not looked at
    /// are dropped first, and a volatile packet for which there is no room is dropped itself.
    DropVolatileFirst,
    /// It may be lost: the oldest of such packets are dropped, until an eighth of the client's
    /// budget is free. The client is closed if there are not enough of them.
    DropOldest,
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

    #[cold]
    fn alter_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().unwrap_or_default();
        change(&mut rare);
        self.rare = OnceLock::from(rare);
    }

    /// What few packets have, for the same packet with another text: without its other forms.
    fn rare_anew(&self) -> OnceLock<Box<Rare>> {
        let anew = |rare: &Box<Rare>| {
            Box::new(Rare {
                name: rare.name.clone(),
                key: rare.key.clone(),
                ..Rare::default()
            })
        };
        self.rare
            .get()
            .map_or_else(OnceLock::new, |rare| OnceLock::from(anew(rare)))
    }

    /// The same packet, to be treated in this way.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Outgoing {
        self.flags = flags;
        self
    }

    /// The same event with one more argument for Socket.IO clients, by which they can say later how
    /// far they got. It must be a short text that needs no escape in JSON. An answer stays as it is.
    ///
    /// Protocol: connection state recovery, where the last argument is the packet's offset.
    #[must_use]
    pub fn with_offset(self, offset: &str) -> Outgoing {
        let Content::Event { .. } = self.content else {
            return self;
        };
        let Ok(length) = u32::try_from(offset.len() + 3) else {
            return self;
        };
        let open = &self.text[..self.text.len() - 1 - self.offset_length()];
        let mut text = String::with_capacity(open.len() + offset.len() + 4);
        text.push_str(open);
        text.push_str(",\"");
        text.push_str(offset);
        text.push_str("\"]");
        Outgoing {
            text: text.into(),
            offset: length,
            rare: self.rare_anew(),
            ..self
        }
    }

    /// The same packet for clients in another namespace; its values are not written anew.
    #[must_use]
    pub fn in_namespace(&self, namespace: &Namespace) -> Outgoing {
        let id = match self.content {
            Content::Ack { id } => id,
            Content::Event { .. } => None,
        };
        let (kind, json) = (self.content.kind(), self.json());
        let text = message(kind, self.attachments.len(), namespace, id, json);
        Outgoing {
            namespace: namespace.clone(),
            content: self.content,
            array: text.len() - json.len(),
            text: text.into(),
            attachments: self.attachments.clone(),
            flags: self.flags,
            slow: self.slow,
            offset: self.offset,
            rare: self.rare_anew(),
        }
    }

    /// Whether the last argument is an offset, which the application did not write.
    pub fn has_offset(&self) -> bool {
        self.offset > 0
    }

    /// How the packet wants to be treated.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The same packet, with its own policy for slow clients instead of the server's.
    #[must_use]
    pub fn with_policy(mut self, slow: Option<SlowClient>) -> Outgoing {
        self.slow = slow;
        self
    }

    /// The policy for slow clients that the packet asks for.
    pub fn policy(&self) -> Option<SlowClient> {
        self.slow
    }

    /// The same packet, which replaces the one that has the same key and namespace where that still
    /// waits.
    #[must_use]
    pub fn with_key(mut self, key: Option<Arc<str>>) -> Outgoing {
        if key.is_some() || self.key().is_some() {
            self.alter_rare(|rare| rare.key = key);
        }
        self
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
