//! Trunkline: a Socket.IO server.
#![forbid(unsafe_code)]

pub mod ai;
pub mod connection;
pub mod dialect;
pub mod engine;
pub mod rooms;
pub mod socketio;
pub mod wire;

#[cfg(feature = "server")]
mod api;
#[cfg(feature = "server")]
mod clock;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
pub use api::*;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub use server::{Layer, Peer, Server, Service};
pub use socketio::{Args, Binary, ConnectError, DisconnectReason};
pub use wire::Frame;
