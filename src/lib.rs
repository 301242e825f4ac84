//! Trunkline: a Socket.IO server.
#![forbid(unsafe_code)]

pub mod ai;
pub mod wire;
pub mod engine;
pub mod socketio;
pub mod connection;
pub mod rooms;

#[cfg(feature = "server")]
mod clock;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
mod api;
#[cfg(feature = "server")]
pub use api::*;
pub use wire::Frame;
pub use socketio::{Binary, Args, ConnectError, DisconnectReason};
