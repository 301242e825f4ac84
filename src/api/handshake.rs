//! Who is asking: the HTTP request with which a client arrived.
//!
//! Every client keeps one for as long as it lives, so it is kept as text and read when it is asked for.

mod record;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::SystemTime;

use http::header::{COOKIE, HeaderName, HeaderValue, ORIGIN};
use http::{Extensions, HeaderMap, Uri};

use crate::engine::query_pairs;

pub(crate) use record::record;

/// The first request of a connection, whichever transport it came by.
///
/// It is shared by all namespaces of the connection and does not change when the transport is
/// upgraded. What a client sends with its CONNECT packet is not in here; see
/// [`Socket::auth`](crate::Socket::auth).
///
/// It holds about the bytes that the client sent. [`headers`](Handshake::headers),
/// [`uri`](Handshake::uri) and [`query`](Handshake::query) unfold them at their first use, which
/// then takes about twice as much again for as long as the client is connected;
/// [`header`](Handshake::header) and [`cookie`](Handshake::cookie) do not.
pub struct Handshake {
    /// The request target, then each header as `name:value`, every one of them after a line feed;
    /// neither targets nor headers contain one.
    head: Box<[u8]>,
    unfolded: OnceLock<Box<Unfolded>>,
    /// The client's address: the peer's, or what a trusted proxy says it is. Unknown when the host
    /// application did not tell.
    pub address: Option<IpAddr>,
    /// The other end of the TCP connection, which may be a proxy's.
    pub peer: Option<SocketAddr>,
    /// When the request came.
    pub time: SystemTime,
    /// Whether the client came by TLS, as far as the listener or a trusted proxy says.
    pub secure: bool,
    /// Whether the request had an `Origin` header.
    pub cross_domain: bool,
    /// What the application's own middleware attached to the request.
    pub extensions: Extensions,
}

/// The head in the forms in which programs like it.
struct Unfolded {
    headers: HeaderMap,
    uri: Uri,
    query: Vec<(String, String)>,
}

/// What the server found out about a request beside its head.
pub(crate) struct Circumstances {
    pub(crate) address: Option<IpAddr>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) time: SystemTime,
    pub(crate) secure: bool,
    pub(crate) extensions: Extensions,
}

impl Handshake {
    pub(crate) fn new(uri: &Uri, headers: &HeaderMap, circumstances: Circumstances) -> Handshake {
        let Circumstances {
            address,
            peer,
            time,
            secure,
            extensions,
        } = circumstances;
        Handshake {
            head: fold(uri, headers),
            unfolded: OnceLock::new(),
            address,
            peer,
            time,
            secure,
            cross_domain: headers.contains_key(ORIGIN),
            extensions,
        }
    }

    /// The request's headers, cookies included.
    pub fn headers(&self) -> &HeaderMap {
        &self.unfolded().headers
    }

    /// The request target.
    pub fn uri(&self) -> &Uri {
        &self.unfolded().uri
    }

    /// The query's parameters, decoded, in their order, without repetitions (the last one wins).
    pub fn query_pairs(&self) -> &[(String, String)] {
        &self.unfolded().query
    }

    /// The value of a query parameter.
    ///
    /// ```
    /// # fn show(handshake: &trunkline::Handshake) {
    /// let room = handshake.query("room").unwrap_or("lobby");
    /// # }
    /// ```
    pub fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query_pairs().iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a header that is text, or none; the first one if it came several times.
    pub fn header(&self, name: &str) -> Option<&str> {
        text(self.values(name).next()?)
    }

    /// The value of the cookie `name`, as it was sent.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.values(COOKIE.as_str())
            .filter_map(text)
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The values of a header, in their order.
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.lines()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The target.
    pub(crate) fn target(&self) -> &[u8] {
        let end = self.head.iter().position(|&byte| byte == b'\n');
        &self.head[..end.unwrap_or(self.head.len())]
    }

    /// Names and values of the headers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let lines = self.head.split(|&byte| byte == b'\n').skip(1);
        lines.filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            Some((&line[..colon], &line[colon + 1..]))
        })
    }

    fn unfolded(&self) -> &Unfolded {
        self.unfolded.get_or_init(|| Box::new(self.unfold()))
    }

    fn unfold(&self) -> Unfolded {
        // It was made of such parts, so nothing is refused here.
        let uri = Uri::try_from(self.target()).unwrap_or_default();
        let headers = self.lines().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name).ok()?;
            Some((name, HeaderValue::from_bytes(value).ok()?))
        });
        Unfolded {
            query: decode(uri.query().unwrap_or_default()),
            headers: headers.collect(),
            uri,
        }
    }
}

/// One allocation of just the size it needs.
fn fold(uri: &Uri, headers: &HeaderMap) -> Box<[u8]> {
    let target = uri.to_string();
    let of_headers = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 2);
    let mut head = Vec::with_capacity(target.len() + of_headers.sum::<usize>());
    head.extend_from_slice(target.as_bytes());
    for (name, value) in headers {
        head.push(b'\n');
        head.extend_from_slice(name.as_str().as_bytes());
        head.push(b':');
        head.extend_from_slice(value.as_bytes());
    }
    head.into_boxed_slice()
}

/// Visible ASCII, as in [`HeaderValue::to_str`].
fn text(value: &[u8]) -> Option<&str> {
    let is_visible = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    if !value.iter().all(is_visible) {
        return None;
    }
    str::from_utf8(value).ok()
}

/// The decoded parameters; of one that comes twice the last counts.
fn decode(raw: &str) -> Vec<(String, String)> {
    let mut query: Vec<(String, String)> = Vec::new();
    for (name, value) in query_pairs(raw) {
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, last)) => *last = value,
            None => query.push((name, value)),
        }
    }
    query
}

impl fmt::Debug for Handshake {
    /// Leaves out query, headers and extensions: they carry credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An absolute target may name a user and a password.
        let target = Uri::try_from(self.target()).unwrap_or_default();
        f.debug_struct("Handshake")
            .field("path", &target.path())
            .field("address", &self.address)
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}
