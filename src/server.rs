//! The shell: HTTP, WebSockets and the task that drives each client.
//!
//! A request travels like this. [`Service`] looks at its path and hands foreign requests to the
//! application. Ours goes to `http`, which applies [`Cors`] and [`Access`], lets
//! [`engine::Request`](crate::engine::Request) read it, and turns every [`Refusal`] into its
//! response. A GET, a POST and an upgraded WebSocket of a known session become an `Arrival` in the
//! mailbox of its driver, the one task that owns the client; a oneshot brings the answer back, and
//! dropping its receiver is how the driver learns that the peer has gone. New sessions are opened by
//! the driver itself.
//!
//! Read in this order: `service`, `http`, `sessions`, `websocket`, `driver`, `listener`; the rest
//! are the rules that `http` applies, one concept a file. No protocol is decided here.
//!
//! [`Refusal`]: crate::engine::Refusal

mod access;
mod body;
mod client_files;
mod compress;
mod config;
mod cookie;
mod cors;
mod crowd;
mod driver;
mod forwarded;
mod hooks;
mod http;
mod id;
mod listen;
mod listener;
mod newcomer;
mod origin;
mod places;
mod reply;
mod route;
mod service;
mod sessions;
mod shared;
mod sweeper;
mod upgrade;
mod websocket;

pub use access::{Access, Foreign, HostPolicy, OriginPolicy};
pub use body::Body;
pub use client_files::ClientFiles;
pub use compress::Compression;
pub use config::Config;
pub use cookie::{Cookie, SameSite};
pub use cors::{AllowOrigin, Cors};
pub use forwarded::{Peer, PeerLookup};
pub use hooks::Hooks;
pub use listener::{ListenerLimits, Server};
pub use origin::{Origin, OriginSyntaxError};
pub use service::{Layer, NotFound, ResponseFuture, Service};
pub use websocket::PerMessageDeflate;
