//! A client whose server has a parser of another wire format.
//!
//! The parser only translates: what it reads is held to the same rules as a JSON packet.

use bytestring::ByteString;

use super::incoming::event_name;
use super::seat::Incoming;
use super::{Client, EmitError, Event, Violation};
use crate::socketio::attachments::AttachmentError;
use crate::socketio::name::EventName;
use crate::socketio::outgoing::Outgoing;
use crate::socketio::packet::{self, Kind, PacketError};
use crate::socketio::parser::{Limits, Packet, PacketRef, ParserError};
use crate::socketio::{Args, Namespace, json};
use crate::wire::Frame;

impl Client {
    /// Takes a message in the parser's format.
    #[cold]
    #[inline(never)]
    pub(super) fn handle_foreign(&mut self, frame: Frame) -> Result<Option<Event>, Violation> {
        let outcome = self.translate(frame);
        if self.events.is_empty() {
            return outcome;
        }
        self.events.extend(outcome?);
        Ok(self.events.pop_front())
    }

    fn translate(&mut self, frame: Frame) -> Result<Option<Event>, Violation> {
        let limits = Limits {
            max_bytes: self.config.max_attachment_bytes,
            ..Limits::default()
        };
        let Some(decoder) = &mut self.decoder else {
            return Ok(None);
        };
        match decoder.decode(frame, &limits)? {
            Some(packet) => self.handle_translated(packet),
            None => Ok(None),
        }
    }

    fn handle_translated(&mut self, packet: Packet) -> Result<Option<Event>, Violation> {
        self.check_limits(&packet)?;
        let Packet {
            kind,
            namespace,
            id,
            json,
            attachments,
        } = packet;
        let incoming = match kind {
            Kind::Connect => {
                let auth = packet::auth(&json)?;
                let auth = auth.map(ByteString::from);
                return self.handle_connect(&namespace, auth).map(Some);
            }
            Kind::ConnectError => return Err(Violation::ConnectErrorFromClient),
            Kind::Disconnect if json.is_empty() => Incoming::Disconnect,
            Kind::Disconnect => return Err(PacketError::Payload("absent").into()),
            Kind::Event => {
                let EventName { text, end } = EventName::read(&json).map_err(PacketError::Name)?;
                let limit = self.config.max_event_length;
                if text.len() > limit {
                    return Err(Violation::EventNameTooLong { limit });
                }
                if !attachments.is_empty() {
                    packet::check_binary(&json, end, attachments.len())?;
                }
                let name = event_name(text, &json);
                let args = Args::new(json, end, attachments)?;
                Incoming::Event { name, id, args }
            }
            Kind::Ack => {
                packet::answer(&json, attachments.len())?;
                let args = Args::new(json, 1, attachments)?;
                Incoming::Ack { id, args }
            }
        };
        self.handle_packet(&namespace, incoming)
    }

    fn check_limits(&self, packet: &Packet) -> Result<(), Violation> {
        let (length, limit) = (packet.namespace.len(), self.config.max_namespace_length);
        if length > limit {
            return Err(PacketError::NamespaceTooLong { length, limit }.into());
        }
        let limit = self.config.max_depth;
        if json::is_deeper(&packet.json, limit) {
            return Err(Violation::TooDeep { limit });
        }
        let limit = self.config.max_attachment_bytes;
        if !packet.attachments.is_empty() && packet.weight() > limit {
            return Err(AttachmentError::TooLarge { limit }.into());
        }
        Ok(())
    }

    /// Puts a packet in the parser's format into the queue, as [`queue`](Client::queue).
    #[cold]
    #[inline(never)]
    pub(super) fn queue_foreign(
        &mut self,
        packet: &Outgoing,
        id: Option<u64>,
        may_be_lost: bool,
    ) -> Result<(), EmitError> {
        let Some(parser) = &self.config.parser else {
            return Ok(());
        };
        match packet.foreign_frames(parser, id) {
            // A parser may have nothing to say of a packet; then there is nothing that could be
            // replaced or lost.
            Ok(frames) if frames.is_empty() => Ok(()),
            Ok(frames) => {
                if packet.key().is_some() && id.is_none() {
                    self.sends.replace(packet);
                }
                let mut frames = frames.iter().cloned();
                if let Some(first) = frames.next() {
                    self.sends.packet(packet, first, frames, may_be_lost);
                }
                Ok(())
            }
            Err(error) => {
                self.note_unsent(packet.namespace().clone(), error);
                Err(EmitError::Unencodable)
            }
        }
    }

    /// Sends a packet that is this client's own.
    #[cold]
    #[inline(never)]
    pub(super) fn send_foreign_reply(&mut self, kind: Kind, namespace: &str, json: &str) {
        let Some(parser) = &self.config.parser else {
            return;
        };
        let packet = PacketRef {
            kind,
            namespace,
            id: None,
            json,
            attachments: &[],
        };
        match parser.frames(packet) {
            Ok(frames) => frames
                .into_iter()
                .for_each(|frame| self.sends.push_back(frame)),
            Err(error) => self.note_unsent(Namespace::from(namespace), error),
        }
    }

    fn note_unsent(&mut self, namespace: Namespace, error: ParserError) {
        self.events.push_back(Event::Unsent { namespace, error });
    }
}
