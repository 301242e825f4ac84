//! The open packet, with which a server describes a new session.

use serde::Serialize;

use crate::engine::config::Config;
use crate::engine::packet::Packet;
use crate::engine::transport::Transport;
use crate::wire::Sid;

/// The packet that the client gets first; its keys are in the protocol's order.
pub(super) fn open_packet(sid: &Sid, transport: Transport, config: &Config) -> Packet {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Handshake<'a> {
        sid: &'a str,
        upgrades: &'static [&'static str],
        ping_interval: u128,
        ping_timeout: u128,
        max_payload: usize,
    }
    let handshake = Handshake {
        sid: sid.as_str(),
        upgrades: match transport {
            Transport::Polling if config.upgradable() => &["websocket"],
            Transport::Polling | Transport::WebSocket => &[],
        },
        ping_interval: config.ping_interval.as_millis(),
        ping_timeout: config.ping_timeout.as_millis(),
        max_payload: config.max_payload,
    };
    let json = serde_json::to_string(&handshake).expect("texts and numbers always serialise");
    Packet::Open(json.into())
}
