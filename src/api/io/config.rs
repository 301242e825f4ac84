//! The configurations of all layers beside each other, and that of one client's handlers and queues.

use std::time::Duration;

use crate::api::limits::CrowdConfig;
use crate::api::namespaces::NamespacesConfig;
use crate::connection::{Pace, PlainConfig};
use crate::engine;
use crate::recovery::Config as Recovery;
use crate::socketio;

/// What an application's server is configured with; each layer's part beside the others.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The Engine.IO sessions: heartbeat, sizes, transports.
    pub engine: engine::Config,
    /// The Socket.IO clients: connect timeout and limits.
    pub socketio: socketio::Config,
    /// The JSON dialect, where it is served.
    pub plain: PlainConfig,
    /// The handlers and queues of one client.
    pub dispatch: DispatchConfig,
    /// Namespaces that rules let clients bring about.
    pub namespaces: NamespacesConfig,
    /// Connection state recovery. Default none: off.
    pub recovery: Option<Recovery>,
    /// How many clients there may be.
    pub crowd: CrowdConfig,
}

/// Limits of one client's handlers, queues and rooms, and of how fast it may talk.
#[derive(Clone, Debug)]
pub struct DispatchConfig {
    /// How many handlers of one client may be in flight; at the bound events wait. Default 64.
    pub max_in_flight: usize,
    /// How many events of one client may wait; beyond it nothing more is read. Default 256.
    pub max_waiting: usize,
    /// How many bytes of events may wait; beyond it nothing more is read. Default 4 MiB.
    pub max_waiting_bytes: usize,
    /// How long a client may stay unread before it is closed. Default 60 s.
    pub stall_limit: Duration,
    /// How many bytes may wait for a client; beyond it [`SlowClient`](crate::SlowClient) decides, and
    /// by default the client is closed with `transport error` (`slow consumer`). Each packet and each
    /// attachment counts 128 bytes more than it has. Default 16 MiB.
    pub max_backlog: usize,
    /// How many rooms one socket may be in, beside its own; it joins no more, which is logged as a
    /// warning. Default 65,536.
    pub max_rooms: usize,
    /// How fast a client may talk. One that talks faster is read more slowly, and closed with
    /// `transport error` (`too fast`) if it would stay unread for `stall_limit`. Default: as fast as
    /// it likes.
    pub pace: Pace,
}

impl Default for DispatchConfig {
    fn default() -> DispatchConfig {
        DispatchConfig {
            max_in_flight: 64,
            max_waiting: 256,
            max_waiting_bytes: 4 << 20,
            stall_limit: Duration::from_secs(60),
            max_backlog: 16 << 20,
            max_rooms: 65_536,
            pace: Pace::default(),
        }
    }
}
