//! Trunkline: a Socket.IO server.
#![forbid(unsafe_code)]

pub mod engine;
pub mod wire;
