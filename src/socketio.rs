//! Socket.IO: namespaces, events and acknowledgements over one connection's messages.
//!
//! [`Client`] is the machine. It is fed messages (the transport's prefix already removed) and the
//! application's commands, and gives back [`Event`]s, frames to send and the next deadline. It
//! knows no transport, no clock and no handler.
//!
//! Arguments travel raw: [`Args`] is the JSON text as it was received, parsed once, straight into
//! the type that a handler asks for. On the way out [`Outgoing`] is one packet for any number of
//! recipients: the finished frame, written once.
//!
//! A server may have another wire format than JSON packets: [`parser`] is the seam for it, and
//! `msgpack` stands behind it.
//!
//! To read it in order: `packet` (one text message), `placeholders` and `attachments` (binary
//! parts), `args` (values in and out), `outgoing`, `acks`, `client`.
//!
//! Not here: rooms, handlers and middlewares, and what connection state recovery keeps.

mod acks;
mod args;
mod attachments;
mod binary;
mod client;
pub(crate) mod json;
mod msgpack;
mod name;
mod outgoing;
mod packet;
pub mod parser;
pub(crate) mod placeholders;
mod revision;
mod sends;

use std::sync::Arc;

pub(crate) use acks::Acks;
pub use acks::{AckError, AckOutcome, AckRequest, Waiter};
pub use args::{All, Args, ArgsError, ArgsWriter, EncodeError, FromArgs, IntoArgs};
pub use attachments::AttachmentError;
pub use binary::Binary;
pub use client::{Client, Config, ConnectError, DisconnectReason, EmitError, Event, Violation};
pub use name::{NameError, is_reserved};
pub(crate) use outgoing::MARK;
pub use outgoing::{Flags, MAX_ATTACHMENTS, Outgoing, SlowClient};
pub use packet::PacketError;
pub use placeholders::PlaceholderError;
pub use revision::Revision;
pub(crate) use sends::Sends;
pub use sends::Shed;

/// The name of a namespace, with its leading slash; `/` is the main one.
pub type Namespace = Arc<str>;
