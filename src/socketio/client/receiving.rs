//! A packet whose attachments have not all arrived.

use bytestring::ByteString;

use super::seat::Incoming;
use crate::socketio::attachments::{AttachmentError, Attachments, Parts};
use crate::socketio::name::EventName;
use crate::socketio::{Args, Namespace, PlaceholderError};
use crate::wire::Moment;

/// A header with what has arrived of its attachments.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) namespace: Namespace,
    pub(super) header: Header,
    pub(super) attachments: Attachments,
    /// When they must all be there; none while nobody listens.
    pub(super) by: Option<Moment>,
    /// Whether that has passed.
    pub(super) is_late: bool,
}

/// A binary packet's text, copied out of the read buffer.
#[derive(Debug)]
pub(super) enum Header {
    /// `start` is where the arguments begin, behind the name.
    Event {
        name: ByteString,
        id: Option<u64>,
        json: ByteString,
        start: usize,
    },
    Ack {
        id: Option<u64>,
        json: ByteString,
    },
}

impl Receiving {
    /// Begins to collect `announced` attachments, which is at least 1.
    pub(super) fn new(
        namespace: Namespace,
        header: Header,
        announced: usize,
        max_bytes: usize,
    ) -> Result<Receiving, AttachmentError> {
        let length = match &header {
            Header::Event { json, .. } | Header::Ack { json, .. } => json.len(),
        };
        let attachments = Attachments::new(announced, length, max_bytes)?;
        Ok(Receiving {
            namespace,
            header,
            attachments,
            by: None,
            is_late: false,
        })
    }
}

impl Header {
    /// An event's, copied.
    pub(super) fn event(name: &EventName<'_>, id: Option<u64>, json: &str) -> Header {
        Header::Event {
            name: ByteString::from(&*name.text),
            id,
            json: json.into(),
            start: name.end,
        }
    }

    /// The packet, now that its attachments are there.
    pub(super) fn complete(self, attachments: Parts) -> Result<Incoming, PlaceholderError> {
        match self {
            Header::Event {
                name,
                id,
                json,
                start,
            } => {
                let args = Args::new(json, start, attachments)?;
                Ok(Incoming::Event { name, id, args })
            }
            Header::Ack { id, json } => Ok(Incoming::Ack {
                id,
                args: Args::new(json, 1, attachments)?,
            }),
        }
    }
}
