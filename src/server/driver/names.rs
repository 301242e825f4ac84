//! What the sockets of one client are called.

use crate::connection::Connection;
use crate::server::id;
use crate::server::sessions::Booking;
use crate::socketio::Namespace;
use crate::wire::{Sid, SocketId};

/// Gives a socket its public id.
pub(super) enum Names {
    /// A new one that says nothing.
    Random,
    /// The one that a client of Socket.IO 2 makes up for itself, from its session's id: it gets
    /// none from the server. Who knows it can speak for the client.
    OfSession(Sid),
}

impl Names {
    pub(super) fn of(connection: &Connection, session: Option<&Booking>) -> Names {
        match session {
            Some(booking) if connection.makes_up_ids() => Names::OfSession(booking.sid().clone()),
            _ => Names::Random,
        }
    }

    /// Whether a client that comes back may have the id of before.
    pub(super) fn can_last(&self) -> bool {
        matches!(self, Names::Random)
    }

    /// The id of a new socket in a namespace.
    pub(super) fn name(&self, namespace: &Namespace) -> SocketId {
        match self {
            Names::Random => SocketId::new(id::random()),
            Names::OfSession(sid) if **namespace == *"/" => SocketId::new(sid.as_str()),
            Names::OfSession(sid) => SocketId::new(format!("{namespace}#{}", sid.as_str())),
        }
    }
}
