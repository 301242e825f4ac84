//! Trunkline: a Socket.IO server.
#![forbid(unsafe_code)]

pub mod socketio;
pub mod wire;
