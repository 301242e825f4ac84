//! What nodes say to each other: plain values, to be written in whatever form a transport has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::rooms::{Room, Selection};
use crate::socketio::json;
use crate::socketio::{Args, Binary, EncodeError, Flags, MAX_ATTACHMENTS, Namespace, SlowClient};
use crate::wire::SocketId;

/// The most bytes of one message, in written form: 16 MiB, the most that may wait for a client by
/// default.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// Something one node says to others, about one namespace.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The namespace it is about.
    pub namespace: Namespace,
    /// What is said.
    pub content: Content,
    /// The binary values of the content's arguments, in the order of their numbers.
    #[serde(default)]
    pub attachments: Vec<Binary>,
}

/// Why a message has no written form, or what is written is no message.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// More bytes than [`MAX_MESSAGE_BYTES`].
    #[error("a message of {0} bytes, more than {MAX_MESSAGE_BYTES}")]
    TooLong(usize),
    /// More attachments than clients accept.
    #[error("a message with {0} attachments, more than {MAX_ATTACHMENTS}")]
    TooManyAttachments(usize),
    /// Written by a version that is not known here.
    #[error("a message of the unknown version {0}")]
    Version(u8),
    /// Ends too early.
    #[error("half a message")]
    Truncated,
    /// Head or arguments are not what they should be.
    #[error("not a message: {0}")]
    Syntax(String),
}

/// What nodes say.
///
/// Arguments (`args`) are the text of a JSON array. A binary value in it stands as the placeholder
/// that the Socket.IO protocol has for it, `{"_placeholder":true,"num":0}`, and is in the message's
/// attachments.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Content {
    /// Send an event to the selected sockets.
    Emit(Packet),
    /// The same, and say what they answer: first [`Asked`](Content::Asked), then one
    /// [`Acknowledged`](Content::Acknowledged) for each.
    EmitWithAck {
        /// What the answers refer to.
        request: RequestId,
        /// How long to wait for a client.
        timeout: Option<Duration>,
        /// The event.
        packet: Packet,
    },
    /// An answer: these sockets of this node were asked.
    Asked {
        /// What is answered.
        request: RequestId,
        /// Who was asked.
        sockets: Vec<SocketId>,
    },
    /// An answer: what one socket has answered.
    Acknowledged {
        /// What is answered.
        request: RequestId,
        /// Who has answered.
        socket: SocketId,
        /// The answer.
        outcome: Outcome,
    },
    /// Let the selected sockets join rooms.
    Join {
        /// Who.
        selection: Selection,
        /// Which rooms.
        rooms: Vec<Room>,
    },
    /// Let the selected sockets leave rooms.
    Leave {
        /// Who.
        selection: Selection,
        /// Which rooms.
        rooms: Vec<Room>,
    },
    /// Disconnect the selected sockets.
    Disconnect {
        /// Who.
        selection: Selection,
        /// Whether their connections are closed as well.
        close: bool,
    },
    /// Say which sockets are selected.
    Fetch {
        /// What the answer refers to.
        request: RequestId,
        /// Who.
        selection: Selection,
    },
    /// An answer: the selected sockets of this node, or some of them.
    Sockets {
        /// What is answered.
        request: RequestId,
        /// The sockets.
        sockets: Vec<SocketRecord>,
        /// Whether another message with more of them follows.
        more: bool,
    },
    /// An event for the servers themselves.
    ServerSideEmit {
        /// What an answer refers to, if one is wanted.
        request: Option<RequestId>,
        /// The event's name.
        event: String,
        /// Its arguments.
        args: String,
    },
    /// An answer to such an event.
    ServerSideAnswer {
        /// What is answered.
        request: RequestId,
        /// The values of the answer; none when nobody listens here.
        args: Option<String>,
    },
}

/// An event for clients, and which.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Packet {
    /// The event's name.
    pub event: String,
    /// Its arguments.
    pub args: String,
    /// For whom it is.
    pub selection: Selection,
    /// Whether it is dropped where it cannot leave at once.
    pub volatile: bool,
    /// Whether it is never compressed by the transport.
    pub uncompressed: bool,
    /// What becomes of it where a client reads too slowly, if not what the node's configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<SlowClient>,
    /// What a newer event of the same key replaces while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
}

/// What a client's acknowledgement came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The values of the answer.
    Values(String),
    /// The client has left.
    Disconnected,
    /// The client owes too many answers; it was not asked.
    TooMany,
    /// The event has no form in the wire format of the server; it was not asked.
    Unencodable,
    /// The volatile event could not leave at once; it was not asked.
    Dropped,
}

/// The name of a request, unique in the cluster.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Arc<str>);

/// A socket, as one node describes it to another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SocketRecord {
    /// Its id.
    pub id: SocketId,
    /// How its client arrived.
    pub handshake: HandshakeRecord,
    /// The rooms it is in.
    pub rooms: Vec<Room>,
    /// What the application keeps with it.
    #[serde(default)]
    pub data: Value,
}

/// What is known of a client's arrival, as `socket.handshake` of the JavaScript server writes it; made
/// by [`Socket::handshake_record`](crate::Socket::handshake_record), and how
/// [`RemoteSocket::handshake`](crate::RemoteSocket::handshake) tells of it.
///
/// It holds credentials: cookies, the query, `auth`. Read from JSON, keys that are missing have the
/// values of [`Default`].
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HandshakeRecord {
    /// The first request's headers by their names in small letters. One that came several times is
    /// joined with commas (cookies with semicolons), but for those of which the first one counts;
    /// `set-cookie` is a list.
    pub headers: BTreeMap<String, Value>,
    /// When the request came, as JavaScript writes a date in UTC:
    /// `Sat Nov 21 2026 19:51:04 GMT+0000 (Coordinated Universal Time)`.
    pub time: String,
    /// The client's address; the key is missing if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether the request had an `Origin` header.
    pub xdomain: bool,
    /// Whether the client came by TLS.
    pub secure: bool,
    /// When the request came, in milliseconds since 1970.
    pub issued: u64,
    /// The request's path and query.
    pub url: String,
    /// The query's parameters, decoded; of one that came twice the last value.
    pub query: BTreeMap<String, String>,
    /// What the client sent with the CONNECT packet of its namespace; an empty object if nothing.
    pub auth: Value,
}

impl fmt::Debug for HandshakeRecord {
    /// Leaves out what carries credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeRecord")
            .field("address", &self.address)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// The arguments in `text`, which is this message's.
    ///
    /// # Errors
    /// When they are no JSON array, or name attachments that are not there.
    pub fn args(&self, text: &str) -> Result<Args, MessageError> {
        json::check(text).map_err(|error| MessageError::Syntax(error.to_string()))?;
        if !text.starts_with('[') {
            return Err(MessageError::Syntax("not an array".to_owned()));
        }
        let attachments: Vec<_> = self.attachments.iter().map(|part| part.0.clone()).collect();
        Args::new(text.into(), 1, attachments)
            .map_err(|error| MessageError::Syntax(error.to_string()))
    }
}

/// The text of arguments, and their attachments.
pub(crate) fn written(args: &Args) -> Result<(String, Vec<Binary>), EncodeError> {
    // An event's name, if it stands before them, is left out.
    let args = Args::from_values(args)?;
    let attachments = args.attachments().iter().cloned().map(Binary);
    Ok((args.json().to_owned(), attachments.collect()))
}

impl Packet {
    /// How clients' transports are to treat it.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            volatile: self.volatile,
            uncompressed: self.uncompressed,
        }
    }
}

impl RequestId {
    /// Takes a name as it stands.
    pub fn new(name: impl Into<Arc<str>>) -> RequestId {
        RequestId(name.into())
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
