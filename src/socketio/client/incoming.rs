//! What a client sends, up to the event it becomes or the place where it waits.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;

use super::receiving::{Header, Receiving};
use super::seat::{Held, Incoming, Seat, State};
use super::{Client, DisconnectReason, Event, Violation};
use crate::socketio::attachments::AttachmentError;
use crate::socketio::packet::{Body, Limits, Packet};
use crate::socketio::revision::credentials;
use crate::socketio::{Args, Namespace, Revision, json};

impl Client {
    pub(super) fn handle_text(&mut self, text: ByteString) -> Result<Option<Event>, Violation> {
        if let Some(receiving) = &self.receiving {
            let missing = receiving.attachments.missing();
            return Err(AttachmentError::Interrupted { missing }.into());
        }
        let (revision, longest) = (self.revision, self.config.max_namespace_length);
        let limits = Limits {
            attachments: self.config.max_attachments,
            namespace_length: revision.longest_namespace(longest),
        };
        let Packet { namespace, body } = Packet::decode(&text, limits)?;
        let (namespace, query) = revision.address(namespace, longest)?;
        let packet = match body {
            Body::Connect { auth } => {
                self.measure("", auth.unwrap_or_default())?;
                let auth = match revision {
                    Revision::V4 => query.map(|query| credentials(query).into()),
                    Revision::V5 => auth.map(ByteString::from),
                };
                return self.handle_connect(namespace, auth).map(Some);
            }
            Body::ConnectError => return Err(Violation::ConnectErrorFromClient),
            Body::Disconnect => Incoming::Disconnect,
            Body::Event {
                name,
                id,
                attachments,
                json,
            } => {
                self.measure(&name.text, json)?;
                if attachments > 0 {
                    let header = Header::event(&name, id, json);
                    return self.receive(namespace, header, attachments).map(|()| None);
                }
                let index = self.seat(namespace).ok_or_else(|| not_joined(namespace))?;
                let (array, start) = (text.len() - json.len(), name.end);
                let name = event_name(name.text, &text);
                let args = Args::plain(text, array, start);
                return self.handle_event(index, name, id, args);
            }
            Body::Ack {
                id,
                attachments,
                json,
            } => {
                self.measure("", json)?;
                if attachments > 0 {
                    let json = json.into();
                    let header = Header::Ack { id, json };
                    return self.receive(namespace, header, attachments).map(|()| None);
                }
                let args = Args::plain(text.slice_ref(json), 0, 1);
                Incoming::Ack { id, args }
            }
        };
        self.handle_packet(namespace, packet)
    }

    /// Notices what is too long or too deep.
    #[inline(always)]
    fn measure(&self, name: &str, json: &str) -> Result<(), Violation> {
        let limit = self.config.max_event_length;
        if name.len() > limit {
            return Err(Violation::EventNameTooLong { limit });
        }
        let limit = self.config.max_depth;
        if json::is_deeper(json, limit) {
            return Err(Violation::TooDeep { limit });
        }
        Ok(())
    }

    /// Takes an event without attachments for the namespace of a seat.
    #[inline(always)]
    fn handle_event(
        &mut self,
        index: usize,
        name: ByteString,
        id: Option<u64>,
        args: Args,
    ) -> Result<Option<Event>, Violation> {
        let seat = &self.seats[index];
        if seat.socket().is_none() {
            let packet = Incoming::Event { name, id, args };
            return self.hold(index, packet).map(|()| None);
        }
        Ok(Some(Event::Message {
            namespace: seat.namespace.clone(),
            name,
            args,
            ack: id,
        }))
    }

    pub(super) fn handle_connect(
        &mut self,
        namespace: &str,
        auth: Option<ByteString>,
    ) -> Result<Event, Violation> {
        if self.seat(namespace).is_some() {
            return Err(Violation::AlreadyJoined {
                namespace: namespace.into(),
            });
        }
        let limit = self.config.max_namespaces;
        if self.seats.len() >= limit {
            return Err(Violation::TooManyNamespaces { limit });
        }
        Ok(self.ask_for(namespace, auth))
    }

    /// Takes a seat that the application is to decide about.
    pub(super) fn ask_for(&mut self, namespace: &str, auth: Option<ByteString>) -> Event {
        let namespace = Namespace::from(namespace);
        // Most clients never join another.
        self.seats.reserve_exact(1);
        self.seats.push(Seat::pending(namespace.clone()));
        Event::Connect { namespace, auth }
    }

    /// Takes a complete packet other than CONNECT.
    pub(super) fn handle_packet(
        &mut self,
        namespace: &str,
        packet: Incoming,
    ) -> Result<Option<Event>, Violation> {
        let index = self.seat(namespace).ok_or_else(|| not_joined(namespace))?;
        if self.seats[index].socket().is_some() {
            return Ok(self.deliver(namespace, packet));
        }
        self.hold(index, packet).map(|()| None)
    }

    /// Begins to collect a packet's attachments.
    fn receive(
        &mut self,
        namespace: &str,
        header: Header,
        announced: usize,
    ) -> Result<(), Violation> {
        let index = self.seat(namespace).ok_or_else(|| not_joined(namespace))?;
        if self.seats[index].held().is_some_and(Held::is_leaving) {
            return Err(not_joined(namespace));
        }
        let namespace = self.seats[index].namespace.clone();
        let max_bytes = self.config.max_attachment_bytes;
        let receiving = Receiving::new(namespace, header, announced, max_bytes)?;
        self.receiving = Some(Box::new(receiving));
        Ok(())
    }

    pub(super) fn handle_part(&mut self, part: Bytes) -> Result<Option<Event>, Violation> {
        let mut receiving = self.receiving.take().ok_or(AttachmentError::Unannounced)?;
        let Some(parts) = receiving.attachments.handle_part(part)? else {
            self.receiving = Some(receiving);
            return Ok(None);
        };
        let Receiving {
            namespace, header, ..
        } = *receiving;
        let packet = header.complete(parts)?;
        if self.seat(&namespace).is_none() {
            // The application put the client out, or turned it away, in between.
            return Ok(None);
        }
        self.handle_packet(&namespace, packet)
    }

    /// Keeps a packet until the application has decided about its namespace.
    fn hold(&mut self, index: usize, packet: Incoming) -> Result<(), Violation> {
        let sizes = self.seats.iter().filter_map(Seat::held);
        let (packets, bytes) = sizes.fold((0, 0), |sum, held| {
            (sum.0 + held.len(), sum.1 + held.bytes())
        });
        if packets >= self.config.max_held_events {
            return Err(Violation::TooManyHeldEvents {
                limit: self.config.max_held_events,
            });
        }
        if bytes + packet.weight() > self.config.max_held_bytes {
            return Err(Violation::TooManyHeldBytes {
                limit: self.config.max_held_bytes,
            });
        }
        let seat = &mut self.seats[index];
        match &mut seat.state {
            State::Pending(held) if !held.is_leaving() => held.push(packet),
            _ => return Err(not_joined(&seat.namespace)),
        }
        Ok(())
    }

    /// Turns a packet of a joined namespace into an event.
    pub(super) fn deliver(&mut self, namespace: &str, packet: Incoming) -> Option<Event> {
        let index = self.seat(namespace)?;
        match packet {
            Incoming::Event { name, id, args } => {
                let namespace = self.seats[index].namespace.clone();
                Some(Event::Message {
                    namespace,
                    name,
                    args,
                    ack: id,
                })
            }
            Incoming::Ack { id, args } => {
                let waiter = self.seats[index].acks.handle_answer(id?)?;
                // Who waits may keep it for as long as it likes.
                let outcome = Ok(args.detach());
                Some(Event::Ack { waiter, outcome })
            }
            Incoming::Disconnect => {
                self.remove(namespace, DisconnectReason::ClientNamespaceDisconnect);
                None
            }
        }
    }
}

fn not_joined(namespace: &str) -> Violation {
    Violation::NotJoined {
        namespace: namespace.into(),
    }
}

/// The name as a slice of the message if it stands there as it is.
#[inline]
pub(super) fn event_name(name: Cow<'_, str>, text: &ByteString) -> ByteString {
    match name {
        Cow::Borrowed(name) => text.slice_ref(name),
        Cow::Owned(name) => name.into(),
    }
}
