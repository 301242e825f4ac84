//! Trunkline: a Socket.IO server.
#![forbid(unsafe_code)]

pub mod ai;
pub mod wire;
