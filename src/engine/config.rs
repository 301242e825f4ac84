//! The limits and times of a session.

use std::time::Duration;

use super::heartbeat::Rhythm;
use super::transport::Transports;
use crate::wire::Frame;

/// Limits and times of the sessions of one server; the defaults are the reference server's.
#[derive(Clone, Debug)]
pub struct Config {
    /// From the opening, or a pong, to the next ping. Default: 25 s.
    pub ping_interval: Duration,
    /// How long a pong may take; then the session ends with `ping timeout`. Default: 20 s.
    pub ping_timeout: Duration,
    /// How long a WebSocket may take to become the session's transport; then it is hung up and
    /// polling goes on. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// The largest request body and the largest WebSocket message in bytes. It is announced to
    /// the client here and enforced by whoever reads. Default: 1 000 000.
    pub max_payload: usize,
    /// The transports on offer. Default: both.
    pub transports: Transports,
    /// Whether a polling session may move to a WebSocket. Default: yes.
    pub allow_upgrades: bool,
    /// How long a graceful close waits for what is queued to be fetched. Default: 30 s.
    pub close_wait: Duration,
    /// A message, without its type digit, that follows each open packet. Default: none.
    pub initial_packet: Option<Frame>,
    /// Whether clients of version 3 of the protocol, those of Socket.IO 2, are served as well:
    /// every request that does not say `EIO=4` is taken for theirs. Default: no.
    ///
    /// Such a client makes up its socket ids from its session id, so for it, and for it alone, the
    /// server has to do the same: its [`SocketId`](crate::wire::SocketId) in `/` *is* the session
    /// id, and elsewhere it ends with it. **Whoever learns the socket id of such a client can read
    /// and write its session**: do not show it to other clients, and do not log it. Clients of
    /// version 4 are not concerned.
    pub allow_eio3: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            transports: Transports::default(),
            allow_upgrades: true,
            close_wait: Duration::from_secs(30),
            initial_packet: None,
            allow_eio3: false,
        }
    }
}

impl Config {
    pub(super) fn rhythm(&self) -> Rhythm {
        Rhythm {
            interval: self.ping_interval,
            timeout: self.ping_timeout,
        }
    }

    /// Whether a polling session may move to a WebSocket.
    pub(super) fn upgradable(&self) -> bool {
        self.allow_upgrades && self.transports.websocket
    }
}
