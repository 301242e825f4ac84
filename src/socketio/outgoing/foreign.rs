//! One packet in the wire format of a server's parser.

use std::borrow::Cow;

use super::Outgoing;
use crate::socketio::parser::{PacketRef, ParserError, SharedParser};
use crate::wire::Frame;

/// What a parser made of a packet without an ack id, and which parser it was.
#[derive(Debug)]
pub(super) struct Foreign {
    parser: SharedParser,
    outcome: Result<Box<[Frame]>, ParserError>,
}

impl Outgoing {
    /// The finished frames of another wire format. Without an ack id they are written for the first
    /// who asks and shared by all who have the same parser.
    pub(in crate::socketio) fn foreign_frames(
        &self,
        parser: &SharedParser,
        id: Option<u64>,
    ) -> Result<Cow<'_, [Frame]>, ParserError> {
        if id.is_some() {
            return self.written_by(parser, id).map(Cow::Owned);
        }
        let rare = self.rare.get_or_init(Box::default);
        let made = rare.foreign.get_or_init(|| Foreign {
            parser: parser.clone(),
            outcome: self.written_by(parser, None).map(Vec::into_boxed_slice),
        });
        if made.parser != *parser {
            // Servers that are joined to one may differ.
            return self.written_by(parser, None).map(Cow::Owned);
        }
        match &made.outcome {
            Ok(frames) => Ok(Cow::Borrowed(frames)),
            Err(error) => Err(error.clone()),
        }
    }

    fn written_by(
        &self,
        parser: &SharedParser,
        id: Option<u64>,
    ) -> Result<Vec<Frame>, ParserError> {
        parser.frames(PacketRef {
            kind: self.content.kind(),
            namespace: &self.namespace,
            id,
            json: self.json(),
            attachments: self.attachments(),
        })
    }
}
