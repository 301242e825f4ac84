//! The limits of one client.

use std::time::Duration;

use crate::socketio::parser::SharedParser;
use crate::socketio::{MAX_ATTACHMENTS, SlowClient};

/// What a client may do. Who passes a limit violates the protocol, unless said otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long a connection may stay without having joined any namespace: 45 s, as in the
    /// reference server.
    pub connect_timeout: Duration,
    /// The most attachments of one JSON packet: 10, as in the reference server.
    pub max_attachments: usize,
    /// The most bytes of one packet with attachments, its text included: 10 000 000, which ten
    /// messages of the default size fill.
    pub max_attachment_bytes: usize,
    /// How long the attachments of a packet may take to arrive, from its text on: 30 s.
    pub attachment_timeout: Duration,
    /// The longest name of an event, in bytes: 512.
    pub max_event_length: usize,
    /// How deep arrays and objects may be nested, the array of the arguments included: 128, which
    /// is as deep as typed values are read.
    pub max_depth: usize,
    /// The most packets that are held while namespaces are being decided on: 64.
    pub max_held_events: usize,
    /// The most bytes of such packets: 1 000 000.
    pub max_held_bytes: usize,
    /// The most namespaces, joined or asked for, of one connection: 64.
    pub max_namespaces: usize,
    /// The longest name of a namespace, in bytes: 512.
    pub max_namespace_length: usize,
    /// The most acknowledgements that a client may owe: 10 000. Beyond it the application's emit
    /// fails; the client is not to blame.
    pub max_pending_acks: usize,
    /// The wire format, if it is not that of JSON packets: none by default.
    pub parser: Option<SharedParser>,
    /// What becomes of packets for which a slow client has no room, unless they say so themselves:
    /// the client is closed. How much room there is, is the caller's business.
    pub slow_client: SlowClient,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            connect_timeout: Duration::from_secs(45),
            max_attachments: MAX_ATTACHMENTS,
            max_attachment_bytes: 10_000_000,
            attachment_timeout: Duration::from_secs(30),
            max_event_length: 512,
            max_depth: 128,
            max_held_events: 64,
            max_held_bytes: 1_000_000,
            max_namespaces: 64,
            max_namespace_length: 512,
            max_pending_acks: 10_000,
            parser: None,
            slow_client: SlowClient::default(),
        }
    }
}
