//! An HTTP request of the path: method and query become a [`Request`] or a numbered [`Refusal`].
//!
//! Nothing here knows which sessions exist. The shell looks the id up and refuses on its own
//! where the answer depends on that, in the order of [`Parsed`].

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::refusal::Refusal;
use super::transport::{Transport, Transports};
use crate::wire::Sid;

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

/// A request and whether it speaks this version of the protocol.
///
/// The shell goes on in this order: an unknown id, a transport that is not the session's (unless
/// the request is a WebSocket), then `version`. A handshake is first shown to the application's
/// admission hook, then checked for `version`, before any 101.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// What the request wants.
    pub request: Request,
    /// The refusal to give when the protocol version is not 4.
    pub version: Result<(), Refusal>,
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
        // Written out only for those who are refused.
        let protocol = match version {
            Some(version) if version == "4" => None,
            other => Some(other.map(Cow::into_owned)),
        };
        let (request, wrong): (_, fn(Option<String>) -> Refusal) =
            match sid.filter(|sid| !sid.is_empty()) {
                Some(sid) => {
                    let request = Request::of_session(head, transport, Sid::new(&*sid))?;
                    (request, |protocol| Refusal::ProtocolMismatch { protocol })
                }
                None => {
                    let request = Request::handshake(head, transport)?;
                    (request, |protocol| Refusal::UnsupportedVersion { protocol })
                }
            };
        let version = protocol.map_or(Ok(()), |protocol| Err(wrong(protocol)));
        Ok(Parsed { request, version })
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
        if is_coded(query) {
            for (name, value) in pairs(query) {
                parameters.take(&name, value);
            }
        } else {
            for (name, value) in plain_pairs(query) {
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
    pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    plain_pairs(query).map(|(name, value)| (percent_decode(name), percent_decode(value)))
}

/// [`query_pairs`], as they stand.
fn plain_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(query);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (pair, after) = cut(text, b'&');
        rest = after;
        Some(pair)
    })
    .filter(|pair| !pair.is_empty())
    .map(|pair| {
        // Names are short.
        match pair.bytes().position(|byte| byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, ""),
        }
    })
}

fn is_coded(text: &str) -> bool {
    memchr2(b'%', b'+', text.as_bytes()).is_some()
}

/// What stands before the first `mark`, an ASCII byte, and what stands behind it.
fn cut(text: &str, mark: u8) -> (&str, Option<&str>) {
    match memchr(mark, text.as_bytes()) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn percent_decode(text: &str) -> Cow<'_, str> {
    if !is_coded(text) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(match (byte, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, behind @ ..]) => match (hex_value(*high), hex_value(*low)) {
                (Some(high), Some(low)) => {
                    rest = behind;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => byte,
        });
    }
    Cow::Owned(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
