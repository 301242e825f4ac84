//! How a client can break the protocol. Every way ends the whole connection.

use thiserror::Error;

use crate::socketio::attachments::AttachmentError;
use crate::socketio::packet::PacketError;
use crate::socketio::parser::ParserError;
use crate::socketio::placeholders::PlaceholderError;

/// What a client did that the protocol does not allow.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Violation {
    /// A text message that is no packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A message that the server's [parser](crate::socketio::parser) does not take.
    #[error(transparent)]
    Parser(#[from] ParserError),
    /// A message at the wrong place among a packet's attachments, or too many bytes.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A placeholder without its attachment.
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
    /// An event whose arguments turned out, when they were read, not to be JSON
    /// ([`ArgsError::Syntax`](crate::socketio::ArgsError::Syntax)).
    #[error("the arguments are not valid JSON: {0}")]
    Syntax(String),
    /// An event's name above the limit.
    #[error("an event's name is longer than {limit} bytes")]
    EventNameTooLong {
        /// The most bytes.
        limit: usize,
    },
    /// Arguments, or credentials, in which arrays and objects are nested above the limit.
    #[error("JSON is nested deeper than {limit} levels")]
    TooDeep {
        /// The most levels.
        limit: usize,
    },
    /// A packet for a namespace that the client is not in.
    #[error("a packet for the namespace {namespace:?}, which was not joined")]
    NotJoined {
        /// The namespace.
        namespace: Box<str>,
    },
    /// A second CONNECT.
    #[error("a CONNECT for the namespace {namespace:?}, which was already asked for")]
    AlreadyJoined {
        /// The namespace.
        namespace: Box<str>,
    },
    /// A packet that only servers send.
    #[error("a CONNECT_ERROR from a client")]
    ConnectErrorFromClient,
    /// More namespaces than one connection may have.
    #[error("more than {limit} namespaces")]
    TooManyNamespaces {
        /// The most that are allowed.
        limit: usize,
    },
    /// More packets for namespaces still being decided on than are held.
    #[error("more than {limit} packets before the reply to CONNECT")]
    TooManyHeldEvents {
        /// The most that are held.
        limit: usize,
    },
    /// More bytes for namespaces still being decided on than are held.
    #[error("more than {limit} bytes before the reply to CONNECT")]
    TooManyHeldBytes {
        /// The most that are held.
        limit: usize,
    },
}

impl Violation {
    /// Whether a valid packet came at the wrong time. The reference server then tells the
    /// application's sockets no error before it closes the connection.
    pub fn is_state(&self) -> bool {
        matches!(
            self,
            Violation::NotJoined { .. }
                | Violation::AlreadyJoined { .. }
                | Violation::ConnectErrorFromClient
        )
    }
}
