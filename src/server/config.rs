//! What an application can set about the HTTP side. Heartbeats and the payload limit belong to
//! [`engine::Config`](crate::engine::Config), connection counts to [`ListenerLimits`](super::ListenerLimits).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use ipnet::IpNet;

use super::access::Access;
use super::client_files::ClientFiles;
use super::compress::Compression;
use super::cookie::Cookie;
use super::cors::Cors;
use super::forwarded::PeerLookup;
use super::hooks::Hooks;
use super::websocket::PerMessageDeflate;

/// The HTTP side of a server. The defaults are those of the reference server.
#[derive(Clone)]
pub struct Config {
    /// The path under which all requests are ours; `/socket.io` and `/socket.io/` mean the same.
    pub path: String,
    /// Whether a slash must follow the path (default). Without it the bare path matches too, so
    /// `/socket.io?…` is served, but `/socket.iofoo` still is the application's.
    pub trailing_slash: bool,
    /// The exact path on which a WebSocket speaks plain JSON frames, for clients without a
    /// Socket.IO library. Plain requests to it are the application's. Default: none.
    pub plain_json: Option<String>,
    /// Cross-origin headers. Default: none are sent.
    pub cors: Option<Cors>,
    /// The session cookie. Default: none is sent.
    pub cookie: Option<Cookie>,
    /// Compression of long-polling answers. Default: from 1024 bytes on.
    pub compression: Option<Compression>,
    /// Compression of messages on WebSockets, for clients that offer it. Default: none.
    pub per_message_deflate: Option<PerMessageDeflate>,
    /// The bundles of the JavaScript client, served below the path (`/socket.io/socket.io.js`).
    /// Default: none; then such a request is one of Engine.IO, and refused as it would be.
    pub client_files: Option<ClientFiles>,
    /// Whose pages and which host names are welcome. Default: all.
    pub access: Access,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default: none, as
    /// anybody can send these headers.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a client may take to send the body of one POST, so that a trickle does not hold a
    /// connection for ever. The answer is 408, and the session ends. Default: 60 s.
    pub body_timeout: Duration,
    /// What `Retry-After` says to a client that arrives while the server drains. Default: 5 s.
    pub retry_after: Duration,
    /// What the application has to say about requests.
    pub hooks: Hooks,
    /// Where another HTTP server put the peer's address; see [`with_peer`](Config::with_peer).
    /// [`Server`](super::Server) sets [`Peer`](super::Peer), which is read in any case.
    pub peer: Option<PeerLookup>,
}

impl Config {
    /// Says where another HTTP server put the peer's address.
    ///
    /// [`Server`](super::Server) needs no such hint: it sets [`Peer`](super::Peer).
    ///
    /// ```
    /// # use std::net::SocketAddr;
    /// #[derive(Clone)]
    /// struct Remote(SocketAddr); // what the surrounding server adds to each request
    ///
    /// let config = trunkline::server::Config::default()
    ///     .with_peer(|extensions| extensions.get::<Remote>().map(|remote| remote.0));
    /// ```
    #[must_use]
    pub fn with_peer<F>(mut self, lookup: F) -> Config
    where
        F: Fn(&Extensions) -> Option<std::net::SocketAddr> + Send + Sync + 'static,
    {
        self.peer = Some(Arc::new(lookup));
        self
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            path: "/socket.io".to_owned(),
            trailing_slash: true,
            plain_json: None,
            cors: None,
            cookie: None,
            compression: Some(Compression::default()),
            per_message_deflate: None,
            client_files: None,
            access: Access::default(),
            trusted_proxies: Vec::new(),
            body_timeout: Duration::from_secs(60),
            retry_after: Duration::from_secs(5),
            hooks: Hooks::default(),
            peer: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("path", &self.path)
            .field("trailing_slash", &self.trailing_slash)
            .field("plain_json", &self.plain_json)
            .field("cors", &self.cors)
            .field("cookie", &self.cookie)
            .field("compression", &self.compression)
            .field("per_message_deflate", &self.per_message_deflate)
            .field("client_files", &self.client_files)
            .field("access", &self.access)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("body_timeout", &self.body_timeout)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}
