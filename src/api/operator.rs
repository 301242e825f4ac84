//! Broadcasts: a selection of sockets, and what can be done with it.

use std::fmt;
use std::sync::Arc;

use crate::rooms::{Room, Selection};
use crate::socketio::{IntoArgs, Outgoing};
use crate::wire::SocketId;

use super::EmitError;
use super::namespace::NamespaceInner;
use super::socket::Socket;

/// A selection of a namespace's sockets.
///
/// Rooms given by [`to`](Broadcast::to) form a union, and a socket in several of them is reached
/// once; [`except`](Broadcast::except) wins over them. Each step gives a new selection; a clone
/// can serve as the start of several.
#[derive(Clone)]
pub struct Broadcast {
    namespace: Arc<NamespaceInner>,
    selection: Selection,
}

impl Broadcast {
    pub(crate) fn new(namespace: Arc<NamespaceInner>) -> Broadcast {
        Broadcast {
            namespace,
            selection: Selection::default(),
        }
    }

    /// Adds the members of a room, or of several.
    #[must_use]
    pub fn to(mut self, rooms: impl RoomNames) -> Broadcast {
        rooms.add_to(&mut self.selection.rooms);
        self
    }

    /// The same as [`to`](Broadcast::to) (`in` of the JavaScript API).
    #[must_use]
    pub fn within(self, rooms: impl RoomNames) -> Broadcast {
        self.to(rooms)
    }

    /// Leaves out the members of a room, or of several.
    #[must_use]
    pub fn except(mut self, rooms: impl RoomNames) -> Broadcast {
        rooms.add_to(&mut self.selection.except);
        self
    }

    /// Sends an event to every selected socket and says how many took it.
    ///
    /// It is written once, however many sockets there are.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        self.emit_ref(name, &args)
    }

    /// [`emit`](Broadcast::emit), for arguments that are needed again.
    pub(super) fn emit_ref(&self, name: &str, args: &impl IntoArgs) -> Result<usize, EmitError> {
        let outgoing = Arc::new(Outgoing::event(&self.namespace.name, name, args)?);
        Ok(self.namespace.roster.broadcast(&self.selection, &outgoing))
    }

    pub(super) fn namespace_name(&self) -> &crate::socketio::Namespace {
        &self.namespace.name
    }

    /// Queues a packet for every selected socket and says how many took it.
    pub(super) fn send(&self, outgoing: &Arc<Outgoing>) -> usize {
        self.namespace.roster.broadcast(&self.selection, outgoing)
    }

    /// The selected sockets, in no particular order.
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace.roster.select(&self.selection)
    }

    /// Lets every selected socket join a room, or several.
    pub fn join(&self, rooms: impl RoomNames) {
        let names = names(rooms);
        for socket in self.sockets() {
            socket.join(&names[..]);
        }
    }

    /// Lets every selected socket leave a room, or several.
    pub fn leave(&self, rooms: impl RoomNames) {
        let names = names(rooms);
        for socket in self.sockets() {
            socket.leave(&names[..]);
        }
    }

    /// Disconnects every selected socket from the namespace.
    pub fn disconnect(&self) {
        for socket in self.sockets() {
            socket.disconnect();
        }
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace.name)
            .field("selection", &self.selection)
            .finish()
    }
}

/// One room's name, or several: `"a"`, `["a", "b"]`, a socket's id, a `Vec` of any of these.
pub trait RoomNames {
    /// Adds the names to a list.
    fn add_to(self, rooms: &mut Vec<Room>);
}

fn names(rooms: impl RoomNames) -> Vec<Room> {
    let mut names = Vec::new();
    rooms.add_to(&mut names);
    names
}

impl RoomNames for &str {
    fn add_to(self, rooms: &mut Vec<Room>) {
        rooms.push(self.into());
    }
}

impl RoomNames for String {
    fn add_to(self, rooms: &mut Vec<Room>) {
        rooms.push(self.into());
    }
}

impl RoomNames for &String {
    fn add_to(self, rooms: &mut Vec<Room>) {
        rooms.push(self.as_str().into());
    }
}

impl RoomNames for Room {
    fn add_to(self, rooms: &mut Vec<Room>) {
        rooms.push(self);
    }
}

impl RoomNames for &Room {
    fn add_to(self, rooms: &mut Vec<Room>) {
        rooms.push(self.clone());
    }
}

impl RoomNames for &SocketId {
    fn add_to(self, rooms: &mut Vec<Room>) {
        rooms.push(self.as_arc().clone());
    }
}

impl RoomNames for &Socket {
    fn add_to(self, rooms: &mut Vec<Room>) {
        self.id().add_to(rooms);
    }
}

impl<T: RoomNames, const N: usize> RoomNames for [T; N] {
    fn add_to(self, rooms: &mut Vec<Room>) {
        for name in self {
            name.add_to(rooms);
        }
    }
}

impl<T: RoomNames> RoomNames for Vec<T> {
    fn add_to(self, rooms: &mut Vec<Room>) {
        for name in self {
            name.add_to(rooms);
        }
    }
}

impl<'a, T> RoomNames for &'a [T]
where
    &'a T: RoomNames,
{
    fn add_to(self, rooms: &mut Vec<Room>) {
        for name in self {
            name.add_to(rooms);
        }
    }
}
