//! An HTTP request of the path: method and query become a [`Request`] or a numbered [`Refusal`].
//!
//! Nothing here knows which sessions exist. The shell looks the id up and refuses on its own
//! where the answer depends on that, in the order of [`Parsed`].

use std::borrow::Cow;

use super::config::Config;
use super::encoding::{Encoding, Version};
use super::refusal::Refusal;
use super::transport::{Transport, Transports};
use crate::wire::{Sid, query};

/// What of an HTTP request decides its fate.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method's text, such as `GET`.
    pub method: &'a str,
    /// The raw query, without its question mark.
    pub query: &'a str,
    /// Whether the request asks for an upgrade to a WebSocket.
    pub upgrade: bool,
    /// Whether the `Origin` header, if any, is free of control characters.
    pub origin_valid: bool,
}

/// What a request wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Opens a session.
    Open {
        /// The transport that it opens on.
        transport: Transport,
    },
    /// Waits for packets of a session.
    Poll {
        /// The session's id.
        sid: Sid,
    },
    /// Brings packets of a session.
    Post {
        /// The session's id.
        sid: Sid,
    },
    /// A WebSocket for a session that exists.
    WebSocket {
        /// The session's id.
        sid: Sid,
    },
    /// A method other than GET and POST on a session's polling transport.
    OtherMethod {
        /// The session's id.
        sid: Sid,
    },
    /// Names a session and `transport=websocket`, but is no WebSocket: to refuse as unknown id
    /// or else as a mismatch of the transport, whatever the session runs on.
    PlainWebSocket {
        /// The session's id.
        sid: Sid,
    },
}

/// A request and the version of the protocol that it speaks.
///
/// The shell goes on in this order: an unknown id, a transport that is not the session's (unless
/// the request is a WebSocket), then [`continues`](Parsed::continues). A handshake is first shown
/// to the application's admission hook, then [`opens`](Parsed::opens), before any 101.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// What the request wants.
    pub request: Request,
    /// What the query says, if that is not version 4; written out only for those.
    older: Option<Box<Older>>,
}

/// A request that does not say `EIO=4`: in the reference server all of these speak version 3.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Older {
    /// What the query said.
    protocol: Option<String>,
    encoding: Encoding,
}

impl Parsed {
    /// How packets are to be written for the sender of this request.
    pub fn encoding(&self) -> Encoding {
        let older = self.older.as_ref();
        older.map_or(Encoding::V4, |older| older.encoding)
    }

    /// How the packets of a session are to be written that this handshake opens.
    ///
    /// # Errors
    ///
    /// When its version is not spoken here.
    pub fn opens(&self, config: &Config) -> Result<Encoding, Refusal> {
        match &self.older {
            Some(older) if !config.allow_eio3 => Err(Refusal::UnsupportedVersion {
                protocol: older.protocol.clone(),
            }),
            _ => Ok(self.encoding()),
        }
    }

    /// Checks that the request speaks the version of the session that it names.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn continues(&self, session: Version) -> Result<(), Refusal> {
        if self.encoding().version() == session {
            return Ok(());
        }
        let protocol = match &self.older {
            Some(older) => older.protocol.clone(),
            None => Some("4".to_owned()),
        };
        Err(Refusal::ProtocolMismatch { protocol })
    }
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// The first refusal in the protocol's order: transport, origin, then, without a session id,
    /// method and handshake.
    pub fn parse(head: &RequestHead<'_>, transports: Transports) -> Result<Parsed, Refusal> {
        let Parameters {
            transport,
            sid,
            version,
        } = Parameters::read(head.query);
        let Some(transport) = transport.as_deref().and_then(|name| transports.named(name)) else {
            return Err(Refusal::UnknownTransport {
                transport: transport.map(Cow::into_owned),
            });
        };
        if !head.origin_valid {
            return Err(Refusal::InvalidOrigin);
        }
        let older = match version {
            Some(version) if version == "4" => None,
            other => Some(Box::new(Older {
                protocol: other.map(Cow::into_owned),
                encoding: Encoding::old(head.query),
            })),
        };
        let request = match sid.filter(|sid| !sid.is_empty()) {
            Some(sid) => Request::of_session(head, transport, Sid::new(&*sid))?,
            None => Request::handshake(head, transport)?,
        };
        Ok(Parsed { request, older })
    }

    fn handshake(head: &RequestHead<'_>, transport: Transport) -> Result<Request, Refusal> {
        if head.method != "GET" {
            return Err(Refusal::BadMethod {
                method: head.method.to_owned(),
            });
        }
        match (transport, head.upgrade) {
            (Transport::WebSocket, false) => Err(Refusal::PlainWebSocketHandshake),
            (Transport::Polling, true) => Err(Refusal::PollingOverWebSocket),
            (Transport::Polling, false) | (Transport::WebSocket, true) => {
                Ok(Request::Open { transport })
            }
        }
    }

    fn of_session(
        head: &RequestHead<'_>,
        transport: Transport,
        sid: Sid,
    ) -> Result<Request, Refusal> {
        match (transport, head.upgrade) {
            (Transport::WebSocket, true) if head.method == "GET" => Ok(Request::WebSocket { sid }),
            (Transport::WebSocket, true) => Err(Refusal::BadMethod {
                method: head.method.to_owned(),
            }),
            (Transport::WebSocket, false) => Ok(Request::PlainWebSocket { sid }),
            (Transport::Polling, true) => Err(Refusal::PollingOverWebSocket),
            (Transport::Polling, false) => Ok(match head.method {
                "GET" => Request::Poll { sid },
                "POST" => Request::Post { sid },
                _ => Request::OtherMethod { sid },
            }),
        }
    }
}

/// The parameters that the protocol knows; of one that comes twice the last counts.
#[derive(Default)]
struct Parameters<'a> {
    transport: Option<Cow<'a, str>>,
    sid: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    fn read(query: &'a str) -> Parameters<'a> {
        let mut parameters = Parameters::default();
        // Most queries have nothing to decode, and one look tells.
        if query::is_coded(query) {
            for (name, value) in query::pairs(query) {
                parameters.take(&name, value);
            }
        } else {
            for (name, value) in query::plain_pairs(query) {
                parameters.take(name, Cow::Borrowed(value));
            }
        }
        parameters
    }

    fn take(&mut self, name: &str, value: Cow<'a, str>) {
        match name {
            "transport" => self.transport = Some(value),
            "sid" => self.sid = Some(value),
            "EIO" => self.version = Some(value),
            _ => {}
        }
    }
}

/// The names and values of a query, decoded, in their order.
///
/// `+` is a space, a `%` that starts no two hexadecimal digits stands for itself, and what is
/// not UTF-8 becomes U+FFFD.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query::pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests;
