//! The bodies of the fuzz targets. `tests/fuzz_corpus.rs` plays every kept input through them.
//!
//! Each takes any bytes and panics when a law does not hold.

mod ai;
mod deflate;
mod dialect;
mod engine;
mod msgpack;
mod operations;
mod provider;
mod socketio;
mod websocket;

pub use ai::ai_contract;
pub use deflate::websocket_deflate;
pub use dialect::dialect;
pub use engine::{engine_packet, engine_payload};
pub use msgpack::msgpack;
pub use operations::connection_ops;
pub use provider::{provider_events, sse};
pub use socketio::socketio_packet;
pub use websocket::websocket_differential;

/// A target: any bytes, and a panic when a law does not hold.
pub type Target = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Target); 11] = [
    ("engine_packet", engine_packet),
    ("engine_payload", engine_payload),
    ("socketio_packet", socketio_packet),
    ("connection_ops", connection_ops),
    ("dialect", dialect),
    ("ai_contract", ai_contract),
    ("sse", sse),
    ("provider_events", provider_events),
    ("websocket_differential", websocket_differential),
    ("websocket_deflate", websocket_deflate),
    ("msgpack", msgpack),
];
