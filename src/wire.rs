//! What crosses between the layers: frames, ids and moments.
//!
//! This is the leaf of the crate: it imports nothing of ours, and everything else may import it.
//! There is no protocol here; what a frame means is decided in [`engine`](crate::engine) and
//! [`socketio`](crate::socketio).

pub(crate) mod query;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};

/// One message of the transport: text or binary, cheap to clone.
///
/// Text is UTF-8 by construction. A clone shares the bytes. A frame that was received is a slice
/// of the transport's read buffer; whoever keeps a part of it for long copies that part out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
}

impl Frame {
    /// The payload's size in bytes.
    pub fn len(&self) -> usize {
        match self {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether the frame carries nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same content, apart from the buffer that it was read into with others; for whoever
    /// keeps it.
    ///
    /// A long frame that nobody shares a buffer with is left where it is: what else is in that
    /// buffer is little beside it.
    #[must_use]
    pub fn detach(self) -> Frame {
        match self {
            Frame::Text(text) if must_copy(text.as_bytes()) => Frame::Text((&*text).into()),
            Frame::Binary(bytes) if must_copy(&bytes) => {
                Frame::Binary(Bytes::copy_from_slice(&bytes))
            }
            frame => frame,
        }
    }

    /// A text frame of static text, without an allocation.
    pub const fn from_static(text: &'static str) -> Frame {
        Frame::Text(ByteString::from_static(text))
    }
}

/// Whether a part of what was read is copied when it is kept.
fn must_copy(part: &Bytes) -> bool {
    /// From here on the rest of the largest message is not many times as long.
    const LONG: usize = 64 * 1024;
    part.len() < LONG || !part.is_unique()
}

impl From<&str> for Frame {
    fn from(text: &str) -> Frame {
        Frame::Text(text.into())
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Frame {
        Frame::Text(text.into())
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Frame {
        Frame::Binary(bytes)
    }
}

/// The id of an Engine.IO session: a transport credential.
///
/// Whoever knows it can read and write the session, so it never reaches an application, a log or
/// another client: its `Debug` form is redacted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sid(Arc<str>);

impl Sid {
    /// Takes an id as it stands; making it unguessable and unique is the maker's duty.
    pub fn new(id: impl Into<Arc<str>>) -> Sid {
        Sid(id.into())
    }

    /// The id's text, for the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sid(…)")
    }
}

/// The public name of a socket: one client in one namespace.
///
/// It is also the name of the room that holds just this socket. In JSON it is a string, so it can
/// be sent and received as an event's argument.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketId(Arc<str>);

impl SocketId {
    /// Takes an id as it stands.
    pub fn new(id: impl Into<Arc<str>>) -> SocketId {
        SocketId(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text, for a room of the same name.
    pub fn as_arc(&self) -> &Arc<str> {
        &self.0
    }
}

impl Borrow<str> for SocketId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A point in time: how long after the program's start.
///
/// The core is handed moments and never asks a clock, so that a test can play an hour in a
/// microsecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The moment `since_start` after the program's start.
    pub const fn new(since_start: Duration) -> Moment {
        Moment(since_start)
    }

    /// The time since the program's start.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(wait))
    }
}
