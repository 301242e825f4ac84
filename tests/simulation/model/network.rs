//! What is under way between a client and the server.
//!
//! GETs, POSTs and WebSocket frames travel in lanes of their own; within a lane nothing overtakes,
//! between lanes anything may.

use std::collections::VecDeque;

use bytes::Bytes;
use trunkline::engine::Gone;
use trunkline::wire::{Frame, Moment};

/// Things on their way, each with the moment of its arrival.
pub(crate) struct Lane<T>(VecDeque<(Moment, T)>);

impl<T> Default for Lane<T> {
    fn default() -> Lane<T> {
        Lane(VecDeque::new())
    }
}

impl<T> Lane<T> {
    /// Sends something that arrives at `due`, or behind what was sent before.
    pub(crate) fn push(&mut self, due: Moment, item: T) {
        let due = self.0.back().map_or(due, |(last, _)| due.max(*last));
        self.0.push_back((due, item));
    }

    pub(crate) fn due(&self) -> Option<Moment> {
        self.0.front().map(|(due, _)| *due)
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.0.pop_front().map(|(_, item)| item)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The number of a request or of a WebSocket, unique within its client.
pub(crate) type Number = u32;

/// To the server, about GETs.
pub(crate) enum GetUp {
    Asks(Number),
    Drops(Number),
}

/// To the server, about POSTs.
pub(crate) enum PostUp {
    Begins(Number),
    Body(Number, Bytes),
    Drops(Number),
    /// The body is larger than the server takes.
    TooLarge(Number),
    /// A content type of an older protocol.
    InvalidContent(Number),
}

/// To the server, on WebSockets.
pub(crate) enum SocketUp {
    Opens(Number),
    Frame(Number, Frame),
    Ends(Number, Gone),
}

/// To the client.
pub(crate) enum GetDown {
    Payload(Number, Bytes),
    Refused(Number),
}

/// To the client.
pub(crate) enum PostDown {
    Accepted(Number),
    Refused(Number),
}

/// To the client.
pub(crate) enum SocketDown {
    Frame(Number, Frame),
    Ends(Number),
}

/// All that is under way between one client and its connection.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) get_up: Lane<GetUp>,
    pub(crate) post_up: Lane<PostUp>,
    pub(crate) socket_up: Lane<SocketUp>,
    pub(crate) get_down: Lane<GetDown>,
    pub(crate) post_down: Lane<PostDown>,
    pub(crate) socket_down: Lane<SocketDown>,
}

impl Network {
    /// Whether something that the client sent has not arrived.
    pub(crate) fn is_busy_upwards(&self) -> bool {
        !(self.post_up.is_empty() && self.socket_up.is_empty())
    }
}
