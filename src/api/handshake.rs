//! Who is asking: the HTTP request with which a client arrived.

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use http::{Extensions, HeaderMap, Uri};

/// The first request of a connection, whichever transport it came by.
///
/// It is shared by all namespaces of the connection and does not change when the transport is
/// upgraded. What a client sends with its CONNECT packet is not in here; see
/// [`Socket::auth`](crate::Socket::auth).
pub struct Handshake {
    /// The request's headers, cookies included.
    pub headers: HeaderMap,
    /// The request target.
    pub uri: Uri,
    /// The query's parameters, decoded, in their order, without repetitions (the last one wins).
    pub query: Vec<(String, String)>,
    /// The client's address: the peer's, or what a trusted proxy says it is. Unknown when the host
    /// application did not tell.
    pub address: Option<IpAddr>,
    /// When the request came.
    pub time: SystemTime,
    /// Whether the client came by TLS, as far as the listener or a trusted proxy says.
    pub secure: bool,
    /// Whether the request had an `Origin` header.
    pub cross_domain: bool,
    /// What the application's own middleware attached to the request.
    pub extensions: Extensions,
}

impl Handshake {
    /// The value of a query parameter.
    ///
    /// ```
    /// # fn show(handshake: &trunkline::Handshake) {
    /// let room = handshake.query("room").unwrap_or("lobby");
    /// # }
    /// ```
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a header that is text, or none.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of the cookie `name`, as it was sent.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(http::header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

impl fmt::Debug for Handshake {
    /// Leaves out query, headers and extensions: they carry credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("path", &self.uri.path())
            .field("address", &self.address)
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}
