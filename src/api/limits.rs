//! What an application's clients may send, keep and leave waiting, in one place, whatever the transport
//! and the layer.

use std::time::Duration;

use crate::connection::{Pace, Rate};
use crate::socketio::SlowClient;

use super::io::Config;

/// How many clients a server takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrowdConfig {
    /// How many clients there may be; further ones are refused with 503. Default 65,536.
    pub max_clients: usize,
    /// How many clients there may be with one address; further ones are refused with 429. Behind
    /// [trusted proxies](crate::server::Config::trusted_proxies) it is the address that they
    /// forward. The addresses of one IPv6 network (/64) count as one; loopback addresses, behind
    /// which a proxy may stand that nobody has named, do not count. Default: any number.
    pub max_clients_per_address: Option<usize>,
}

impl Default for CrowdConfig {
    fn default() -> CrowdConfig {
        CrowdConfig {
            max_clients: 65_536,
            max_clients_per_address: None,
        }
    }
}

/// What the clients of a server may make it do and keep: the limits of all layers in one structure,
/// but for the times of the protocols and what [`Recovery`](crate::Recovery) and
/// [`NamespacesConfig`](crate::NamespacesConfig) limit.
///
/// By default, memory is limited and speed is not. [`Limits::internet`] is for a server that anybody
/// can reach. [`Builder::limits`](crate::Builder::limits) sets the configuration of every layer from
/// it; what concerns connections before they are clients is in
/// [`ListenerLimits`](crate::server::ListenerLimits).
///
/// To *violate* means here: the connection is closed, with `forced close` or `forced server close`;
/// in the plain JSON dialect it is a mistake, which is answered, and too many of them close the
/// connection.
///
/// ```
/// use trunkline::{Io, Limits};
///
/// let limits = Limits {
///     max_payload: 100_000,
///     ..Limits::internet()
/// };
/// let io = Io::builder().limits(limits).build();
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The bytes of one WebSocket message, or of the body of one POST: beyond it 1009, or 413.
    /// Default 1,000,000.
    pub max_payload: usize,
    /// The attachments of one packet: more violate. Default 10.
    pub max_attachments: usize,
    /// The bytes of one packet with its attachments: more violate. Default 10,000,000.
    pub max_attachment_bytes: usize,
    /// How long the attachments of a packet may take to arrive: later ones violate. Default 30 s.
    pub attachment_timeout: Duration,
    /// How fast a client may talk: one that talks faster is read more slowly, and is closed with
    /// `transport error` if it would have to stay unread for `stall_limit`. Default: as fast as it
    /// likes.
    pub pace: Pace,
    /// How many clients there may be: further ones are refused with 503. Default 65,536.
    pub max_clients: usize,
    /// How many of them with one address: further ones are refused with 429; see
    /// [`CrowdConfig`]. Default: any number.
    pub max_clients_per_address: Option<usize>,
    /// The namespaces of one connection: more violate. Default 64.
    pub max_namespaces: usize,
    /// The rooms of one socket: it joins no more. Default 65,536.
    pub max_rooms: usize,
    /// The bytes of a namespace's name: more violate. Default 512.
    pub max_namespace_length: usize,
    /// The bytes of an event's name: more violate. Default 512.
    pub max_event_length: usize,
    /// How deep arrays and objects may be nested in what a client sends: deeper ones violate.
    /// Default 128.
    pub max_depth: usize,
    /// The acknowledgements that a client may owe: further emits with acknowledgement fail.
    /// Default 10,000.
    pub max_pending_acks: usize,
    /// The packets, and their bytes, that are held while it is decided whether a client may join:
    /// more violate. Default 64 and 1,000,000.
    pub max_held: (usize, usize),
    /// The handlers of one client that run at a time: further events wait. Default 64.
    pub max_in_flight: usize,
    /// The events, and their bytes, that may wait for handlers: beyond it the client is not read.
    /// Default 256 and 4 MiB.
    pub max_waiting: (usize, usize),
    /// How long a client may stay unread before it is closed with `transport error`. Default 60 s.
    pub stall_limit: Duration,
    /// The bytes that may wait for a client, each packet and each attachment counted with 128 more:
    /// beyond it `slow_client` decides. Default 16 MiB.
    pub max_backlog: usize,
    /// What becomes of packets for which a client has no room: see [`SlowClient`]. Default: the
    /// client is closed.
    pub slow_client: SlowClient,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::of(&Config::default())
    }
}

impl Limits {
    /// For a server that anybody can reach: 200 packets and 2 MB a second (2,000 and 20 MB at once),
    /// 500 clients with one address, 1,000 rooms of one socket, JSON nested 32 levels deep, 1,000
    /// acknowledgements owed, 4 MiB waiting for a client. The rest is as by default.
    pub fn internet() -> Limits {
        Limits {
            pace: Pace {
                packets: Some(Rate {
                    per_second: 200,
                    burst: 2_000,
                }),
                bytes: Some(Rate {
                    per_second: 2_000_000,
                    burst: 20_000_000,
                }),
            },
            max_clients_per_address: Some(500),
            max_rooms: 1_000,
            max_depth: 32,
            max_pending_acks: 1_000,
            max_backlog: 4 << 20,
            ..Limits::default()
        }
    }

    /// The limits in a configuration.
    pub fn of(config: &Config) -> Limits {
        let Config {
            engine,
            socketio,
            dispatch,
            crowd,
            ..
        } = config;
        Limits {
            max_payload: engine.max_payload,
            max_attachments: socketio.max_attachments,
            max_attachment_bytes: socketio.max_attachment_bytes,
            attachment_timeout: socketio.attachment_timeout,
            pace: dispatch.pace,
            max_clients: crowd.max_clients,
            max_clients_per_address: crowd.max_clients_per_address,
            max_namespaces: socketio.max_namespaces,
            max_rooms: dispatch.max_rooms,
            max_namespace_length: socketio.max_namespace_length,
            max_event_length: socketio.max_event_length,
            max_depth: socketio.max_depth,
            max_pending_acks: socketio.max_pending_acks,
            max_held: (socketio.max_held_events, socketio.max_held_bytes),
            max_in_flight: dispatch.max_in_flight,
            max_waiting: (dispatch.max_waiting, dispatch.max_waiting_bytes),
            stall_limit: dispatch.stall_limit,
            max_backlog: dispatch.max_backlog,
            slow_client: socketio.slow_client,
        }
    }

    /// Sets the limits of every layer.
    pub(super) fn apply(self, config: &mut Config) {
        let (held_events, held_bytes) = self.max_held;
        config.engine.max_payload = self.max_payload;

        let socketio = &mut config.socketio;
        socketio.max_attachments = self.max_attachments;
        socketio.max_attachment_bytes = self.max_attachment_bytes;
        socketio.attachment_timeout = self.attachment_timeout;
        socketio.max_namespaces = self.max_namespaces;
        socketio.max_namespace_length = self.max_namespace_length;
        socketio.max_event_length = self.max_event_length;
        socketio.max_depth = self.max_depth;
        socketio.max_pending_acks = self.max_pending_acks;
        socketio.max_held_events = held_events;
        socketio.max_held_bytes = held_bytes;
        socketio.slow_client = self.slow_client;

        let plain = &mut config.plain;
        plain.max_attachments = self.max_attachments;
        plain.max_namespace_length = self.max_namespace_length;
        plain.max_event_length = self.max_event_length;
        plain.max_depth = self.max_depth;
        plain.max_pending_acks = self.max_pending_acks;
        plain.max_held_events = held_events;
        plain.max_held_bytes = held_bytes;
        plain.slow_client = self.slow_client;

        let dispatch = &mut config.dispatch;
        dispatch.max_in_flight = self.max_in_flight;
        (dispatch.max_waiting, dispatch.max_waiting_bytes) = self.max_waiting;
        dispatch.stall_limit = self.stall_limit;
        dispatch.max_backlog = self.max_backlog;
        dispatch.max_rooms = self.max_rooms;
        dispatch.pace = self.pace;

        config.crowd.max_clients = self.max_clients;
        config.crowd.max_clients_per_address = self.max_clients_per_address;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_what_the_layers_have() {
        let mut limits = Limits::internet();
        limits.slow_client = SlowClient::DropOldest;
        limits.attachment_timeout = Duration::from_secs(7);
        (limits.max_payload, limits.max_attachments) = (1, 2);
        (limits.max_attachment_bytes, limits.max_clients) = (3, 4);
        (limits.max_namespaces, limits.max_namespace_length) = (5, 6);
        (limits.max_event_length, limits.max_in_flight) = (7, 8);
        (limits.max_held, limits.max_waiting) = ((9, 10), (11, 12));
        limits.stall_limit = Duration::from_secs(8);
        let mut config = Config::default();
        limits.clone().apply(&mut config);
        assert_eq!(Limits::of(&config), limits);

        let plain = &config.plain;
        assert_eq!(plain.max_depth, limits.max_depth);
        assert_eq!(plain.slow_client, limits.slow_client);
        assert_eq!((plain.max_held_events, plain.max_held_bytes), (9, 10));
        assert_eq!((plain.max_attachments, plain.max_event_length), (2, 7));
        assert_eq!(
            (plain.max_namespace_length, plain.max_pending_acks),
            (6, 1_000)
        );
    }
}
