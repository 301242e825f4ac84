//! Why a request is turned away: the protocol's numbered errors and their causes.

use serde::Serialize;

use super::transport::Transport;
use crate::wire::Sid;

/// Why a request is refused; one variant per cause.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.message())]
pub enum Refusal {
    /// The transport is missing, unknown or not offered.
    UnknownTransport {
        /// What the query said.
        transport: Option<String>,
    },
    /// No session has this id.
    UnknownSid {
        /// The id that was asked for.
        sid: Sid,
    },
    /// A handshake, or a WebSocket, with a method other than GET.
    BadMethod {
        /// The request's method.
        method: String,
    },
    /// The `Origin` header holds control characters.
    InvalidOrigin,
    /// The request names a transport on which the session does not run.
    TransportMismatch {
        /// The transport in the query.
        transport: Transport,
        /// The session's transport.
        current: Transport,
    },
    /// A handshake for a WebSocket that is not a WebSocket request.
    PlainWebSocketHandshake,
    /// A WebSocket request that names the transport polling.
    PollingOverWebSocket,
    /// The session exists, but the request speaks another version of the protocol.
    ProtocolMismatch {
        /// What the query said.
        protocol: Option<String>,
    },
    /// The application's id generator failed.
    IdGeneration,
    /// One of the application's HTTP middlewares failed.
    Middleware,
    /// The application's admission hook said no.
    Forbidden {
        /// The hook's own text, if it gave one.
        message: Option<String>,
    },
    /// A handshake in a version of the protocol that is not spoken here.
    UnsupportedVersion {
        /// What the query said.
        protocol: Option<String>,
    },
}

impl Refusal {
    /// The error's number in the protocol.
    pub const fn code(&self) -> u8 {
        match self {
            Refusal::UnknownTransport { .. } => 0,
            Refusal::UnknownSid { .. } => 1,
            Refusal::BadMethod { .. } => 2,
            Refusal::InvalidOrigin
            | Refusal::TransportMismatch { .. }
            | Refusal::PlainWebSocketHandshake
            | Refusal::PollingOverWebSocket
            | Refusal::ProtocolMismatch { .. }
            | Refusal::IdGeneration
            | Refusal::Middleware => 3,
            Refusal::Forbidden { .. } => 4,
            Refusal::UnsupportedVersion { .. } => 5,
        }
    }

    /// The error's text in the protocol.
    pub fn message(&self) -> &str {
        match (self.code(), self) {
            (
                _,
                Refusal::Forbidden {
                    message: Some(message),
                },
            ) => message,
            (0, _) => "Transport unknown",
            (1, _) => "Session ID unknown",
            (2, _) => "Bad handshake method",
            (4, _) => "Forbidden",
            (5, _) => "Unsupported protocol version",
            _ => "Bad request",
        }
    }

    /// The HTTP status of a plain answer. A WebSocket request is always refused with 400.
    pub const fn status(&self) -> u16 {
        match self.code() {
            4 => 403,
            _ => 400,
        }
    }

    /// What the application's hook for refused requests is told besides code and message.
    ///
    /// An unknown session id is named; it opens nothing.
    pub fn context(&self) -> Vec<(&'static str, String)> {
        match self {
            Refusal::UnknownTransport { transport } => named("transport", transport.as_deref()),
            Refusal::UnknownSid { sid } => named("sid", Some(sid.as_str())),
            Refusal::BadMethod { method } => named("method", Some(method)),
            Refusal::InvalidOrigin => named("name", Some("INVALID_ORIGIN")),
            Refusal::TransportMismatch { transport, current } => vec![
                ("name", "TRANSPORT_MISMATCH".to_owned()),
                ("transport", transport.as_str().to_owned()),
                ("previousTransport", current.as_str().to_owned()),
            ],
            Refusal::PlainWebSocketHandshake | Refusal::PollingOverWebSocket => {
                named("name", Some("TRANSPORT_HANDSHAKE_ERROR"))
            }
            Refusal::ProtocolMismatch { protocol } => {
                let mut context = named("name", Some("PROTOCOL_MISMATCH"));
                context.extend(named("protocol", protocol.as_deref()));
                context
            }
            Refusal::IdGeneration => named("name", Some("ID_GENERATION_ERROR")),
            Refusal::Middleware => named("name", Some("MIDDLEWARE_FAILURE")),
            Refusal::Forbidden { .. } => named("message", Some(self.message())),
            Refusal::UnsupportedVersion { protocol } => named("protocol", protocol.as_deref()),
        }
    }

    /// The body of a plain answer, content type `application/json`.
    pub fn body_json(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            code: u8,
            message: &'a str,
        }
        serde_json::to_string(&Body {
            code: self.code(),
            message: self.message(),
        })
        .expect("a number and a text always serialise")
    }
}

/// One entry, or none where the request said nothing.
fn named(name: &'static str, value: Option<&str>) -> Vec<(&'static str, String)> {
    value
        .map(|value| (name, value.to_owned()))
        .into_iter()
        .collect()
}
