//! The limits and times of clients that speak plain JSON.

use std::time::Duration;

use crate::engine::heartbeat::Rhythm;
use crate::socketio::{MAX_ATTACHMENTS, SlowClient};

/// Limits and times of the plain JSON clients of one server. The size of a message is limited by
/// whoever reads it, as for the other clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlainConfig {
    /// The namespace of a client whose query has no `nsp`. Default: `/`.
    pub namespace: String,
    /// Where this server speaks Socket.IO, for the hint to those who meant that. Default:
    /// `/socket.io/`.
    pub socket_io_path: String,
    /// From the opening, or a sign of life that was waited for, to the next ping. Default: 25 s.
    pub ping_interval: Duration,
    /// How long a sign of life may take after a ping; then the client is gone with
    /// `ping timeout`. Default: 20 s.
    pub ping_timeout: Duration,
    /// How long the application may take to accept a client; then it is refused. Default: 45 s,
    /// as long as a Socket.IO client may take to join.
    pub admission_timeout: Duration,
    /// How many frames in a row may be mistakes: the last of these closes the connection with
    /// 1008. Default: 20.
    pub max_mistakes: u32,
    /// The most binary values in one frame; more are a mistake. Default: 10.
    pub max_attachments: usize,
    /// The most events that are held until the client is accepted; one more closes the
    /// connection with 1008. Default: 64.
    pub max_held_events: usize,
    /// The most bytes of such events; more close the connection with 1008. Default: 1 000 000.
    pub max_held_bytes: usize,
    /// The most answers that a client may owe. Beyond it the application's emit fails; the client
    /// is not to blame. Default: 10 000.
    pub max_pending_acks: usize,
    /// The longest name of a namespace, in bytes; a longer one does not exist. Default: 512.
    pub max_namespace_length: usize,
    /// The longest name of an event, in bytes; a longer one is a mistake. Default: 512.
    pub max_event_length: usize,
    /// How deep arrays and objects may be nested in the arguments; deeper ones are a mistake.
    /// Default: 128.
    pub max_depth: usize,
    /// What becomes of packets for which a slow client has no room, unless they say so themselves.
    /// Default: the client is closed.
    pub slow_client: SlowClient,
}

impl Default for PlainConfig {
    fn default() -> PlainConfig {
        PlainConfig {
            namespace: "/".to_owned(),
            socket_io_path: "/socket.io/".to_owned(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            admission_timeout: Duration::from_secs(45),
            max_mistakes: 20,
            max_attachments: MAX_ATTACHMENTS,
            max_held_events: 64,
            max_held_bytes: 1_000_000,
            max_pending_acks: 10_000,
            max_namespace_length: 512,
            max_event_length: 512,
            max_depth: 128,
            slow_client: SlowClient::default(),
        }
    }
}

impl PlainConfig {
    pub(super) fn rhythm(&self) -> Rhythm {
        Rhythm {
            interval: self.ping_interval,
            timeout: self.ping_timeout,
        }
    }
}
