//! What a client tells the application, and what the application tells it about refusals.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use serde::Serialize;

use crate::socketio::acks::{AckOutcome, Waiter};
use crate::socketio::parser::ParserError;
use crate::socketio::{Args, EncodeError, Namespace};
use crate::wire::SocketId;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The client asks for a namespace: [`accept`](super::Client::accept) or
    /// [`refuse`](super::Client::refuse) it.
    Connect {
        /// The namespace, which may not exist.
        namespace: Namespace,
        /// The client's credentials, a JSON object.
        auth: Option<ByteString>,
    },
    /// An event for the client's socket.
    Message {
        /// Where.
        namespace: Namespace,
        /// The event's name.
        name: ByteString,
        /// Its arguments, not yet parsed.
        args: Args,
        /// The id to [`acknowledge`](super::Client::acknowledge), if the client wants an answer.
        ack: Option<u64>,
    },
    /// An emit with acknowledgement is over: hand the outcome to the waiter.
    Ack {
        /// Who waited.
        waiter: Waiter,
        /// The answer's arguments, which are valid JSON, or why there is none.
        outcome: AckOutcome,
    },
    /// A packet was not sent, as the server's [parser](crate::socketio::parser) has no form for it.
    Unsent {
        /// Where it should have gone.
        namespace: Namespace,
        /// Why.
        error: ParserError,
    },
    /// The client has left a namespace it had joined.
    Disconnect {
        /// Which one.
        namespace: Namespace,
        /// The client's name there.
        socket: SocketId,
        /// Why.
        reason: DisconnectReason,
    },
    /// The connection ended while it was being decided whether the client may join. There was no
    /// socket, so there is no disconnect either.
    Abandoned {
        /// The namespace that was asked for.
        namespace: Namespace,
    },
}

/// Why a client left a namespace. The texts are the reference server's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DisconnectReason {
    /// The client left this namespace.
    ClientNamespaceDisconnect,
    /// The application put the client out.
    ServerNamespaceDisconnect,
    /// The server stops.
    ServerShuttingDown,
    /// The client did not answer a ping.
    PingTimeout,
    /// The client's transport ended.
    TransportClose,
    /// The client's transport failed or was misused.
    TransportError,
    /// The client sent an invalid Engine.IO packet.
    ParseError,
    /// The server closed the connection, also after an invalid Socket.IO packet.
    ForcedClose,
    /// The server closed the connection after a violation of state, before the transport was
    /// closed.
    ForcedServerClose,
}

impl DisconnectReason {
    /// The reason as the reference server spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            DisconnectReason::ClientNamespaceDisconnect => "client namespace disconnect",
            DisconnectReason::ServerNamespaceDisconnect => "server namespace disconnect",
            DisconnectReason::ServerShuttingDown => "server shutting down",
            DisconnectReason::PingTimeout => "ping timeout",
            DisconnectReason::TransportClose => "transport close",
            DisconnectReason::TransportError => "transport error",
            DisconnectReason::ParseError => "parse error",
            DisconnectReason::ForcedClose => "forced close",
            DisconnectReason::ForcedServerClose => "forced server close",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a client may not join a namespace: message and data, as the client is told, and a cause, of
/// which it is not.
///
/// Two are equal if the client is told the same.
#[derive(Clone, Debug)]
pub struct ConnectError {
    /// A text for people.
    pub message: String,
    /// Anything for programs: valid JSON.
    pub data: Option<ByteString>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl ConnectError {
    /// A refusal without data.
    pub fn new(message: impl Into<String>) -> ConnectError {
        ConnectError {
            message: message.into(),
            data: None,
            cause: None,
        }
    }

    /// Adds data for programs. A value that cannot be written as JSON is left out, and why becomes
    /// the cause.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> ConnectError {
        match serde_json::to_string(&data) {
            Ok(data) => self.data = Some(data.into()),
            Err(error) => self.cause = Some(Arc::new(error)),
        }
        self
    }

    /// Adds what is behind the refusal: for the log and the server's hook, as
    /// [`source`](Error::source), never for the client.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> ConnectError {
        self.cause = Some(cause.into().into());
        self
    }

    /// The answer to a CONNECT for a namespace that does not exist.
    pub fn invalid_namespace() -> ConnectError {
        ConnectError::new("Invalid namespace")
    }

    /// The answer when something failed that the client is not told about.
    pub fn internal() -> ConnectError {
        ConnectError::new("internal error")
    }

    /// The payload of CONNECT_ERROR; the key `data` only with data.
    pub fn to_json(&self) -> String {
        let message = serde_json::Value::from(self.message.as_str());
        match &self.data {
            Some(data) => format!(r#"{{"message":{message},"data":{data}}}"#),
            None => format!(r#"{{"message":{message}}}"#),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}

impl PartialEq for ConnectError {
    fn eq(&self, other: &ConnectError) -> bool {
        self.message == other.message && self.data == other.data
    }
}

impl Eq for ConnectError {}

impl From<EncodeError> for ConnectError {
    /// An emit that the program got wrong is nobody's business but the program's: the client is
    /// told `internal error`, and why is the cause.
    fn from(error: EncodeError) -> ConnectError {
        ConnectError::internal().with_cause(error)
    }
}

impl From<serde_json::Error> for ConnectError {
    /// As for [`EncodeError`]: a middleware may return what writes a socket's data.
    fn from(error: serde_json::Error) -> ConnectError {
        ConnectError::internal().with_cause(error)
    }
}
