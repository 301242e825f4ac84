//! The server program, and the assistant that it offers, over real sockets.
//!
//! Every test has a server of its own on a free port, waits for what it expects, and gives up at a
//! deadline; none sleeps.
#![cfg(feature = "cli")]
#![expect(
    clippy::unwrap_used,
    reason = "a failed test says where it could not go on"
)]

mod assistant;
mod client;
mod house;
mod limits;
mod process;
mod running;
mod settings;
