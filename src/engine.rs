//! Engine.IO, versions 4 and 3: one client's connection as a state machine, without any I/O.
//!
//! [`Session`] is the machine. Requests, frames and moments go in; bodies, frames and the next
//! deadline come out. [`Request`] reads what an HTTP request wants, or refuses it with the
//! protocol's number. Nothing here knows Socket.IO, sockets or clocks.
//!
//! ```text
//!                 a WebSocket arrives            2probe, 5
//!   link:  Polling ────────────────► Probing ────────────────► WebSocket
//!             ▲                         │
//!             └─────────────────────────┘
//!               anything else, it ends, or the upgrade timeout:
//!               that WebSocket is hung up, polling goes on
//!
//!                  close()              the queue has left
//!   phase: Open ────────────► Closing ──────────────────────► Closed(reason)
//!            │                   │ nobody fetched it in time      ▲
//!            │                   └────────────────────────────────┤
//!            └────────────────────────────────────────────────────┘
//!              the client leaves, a fault, no pong, shut_down(), fail()
//! ```
//!
//! Reading order: [`packet`], [`payload`], [`request`] with `refusal`, [`heartbeat`],
//! [`session`] with its two lanes, `polling` and `upgrade`. Version 3 is an [`Encoding`] of a
//! session: [`v3`] is what it changes about packets and bodies, and the session's `pulse` that its
//! clients ask for signs of life, not the server.

pub mod heartbeat;
pub mod packet;
pub mod payload;
pub mod request;
pub mod session;
pub mod v3;

mod config;
mod encoding;
mod reason;
mod refusal;
mod transport;

pub use config::Config;
pub use encoding::{BinaryForm, Callback, Encoding, Version};
pub use packet::{MESSAGE, Packet, PacketError};
pub use payload::Body;
pub use reason::{CloseReason, Fault};
pub use refusal::Refusal;
pub use request::{Parsed, Request, RequestHead, query_pairs};
pub(crate) use session::tell_created;
pub use session::{Gone, Observer, Overlap, Refused, Session, Transmit};
pub use transport::{Transport, Transports};
