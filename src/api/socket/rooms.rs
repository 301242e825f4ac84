//! A socket among others: the rooms it is in, and broadcasts that leave it out.

use std::sync::atomic::Ordering;

use crate::api::namespace::NamespaceInner;
use crate::api::operator::{Broadcast, RoomNames};
use crate::rooms::Room;

use super::{JOINING, Socket};

impl Socket {
    /// Everyone in the namespace but this socket; to be narrowed by rooms.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(self.0.arrival.namespace.clone()).except(self.id())
    }

    /// The members of a room, or of several, without this socket.
    pub fn to(&self, rooms: impl RoomNames) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Socket::to) (`in` of the JavaScript API).
    pub fn within(&self, rooms: impl RoomNames) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone but this socket and the members of these rooms.
    pub fn except(&self, rooms: impl RoomNames) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Joins a room, or several. Harmless when already in it; without effect once the client left.
    ///
    /// In a middleware it takes effect when the client is let in. A socket that is in as many rooms as
    /// it may be ([`Limits::max_rooms`](crate::Limits::max_rooms)) joins no more; that is logged.
    pub fn join(&self, rooms: impl RoomNames) {
        let mut names = Vec::new();
        rooms.add_to(&mut names);
        let most = self.0.arrival.io.config().dispatch.max_rooms;
        if !self.is_connected()
            && let Some(live) = self.0.live.upgrade()
        {
            let mut early = live.early_rooms();
            // Asked again under the lock that `connect` takes before it reads the rooms.
            if self.0.phase.load(Ordering::Acquire) == JOINING {
                for room in names {
                    if early.contains(&room) {
                        continue;
                    }
                    if early.len() < most {
                        early.push(room);
                    } else {
                        self.warn_of_rooms(&room);
                    }
                }
                return;
            }
        }
        let NamespaceInner { roster, keeper, .. } = &**self.namespace_inner();
        for room in names {
            let joined = match keeper.as_ref().zip(self.recoverable()) {
                None => roster.join(self.id(), &room, most),
                Some((keeper, own)) => keeper.join(self, own, roster, &room, most),
            };
            if !joined {
                self.warn_of_rooms(&room);
            }
        }
        self.0.arrival.namespace.roster.tell();
    }

    #[cold]
    fn warn_of_rooms(&self, room: &str) {
        let socket = self.id();
        tracing::warn!(%socket, room, "not joined: the socket is in as many rooms as it may be");
    }

    /// Leaves a room, or several. Harmless when not in it.
    pub fn leave(&self, rooms: impl RoomNames) {
        let mut names = Vec::new();
        rooms.add_to(&mut names);
        if let Some(live) = self.0.live.upgrade() {
            live.early_rooms().retain(|room| !names.contains(room));
        }
        let NamespaceInner { roster, keeper, .. } = &**self.namespace_inner();
        for room in names {
            match keeper.as_ref().zip(self.recoverable()) {
                None => roster.leave(self.id(), &room),
                Some((keeper, own)) => keeper.leave(self, own, roster, &room),
            }
        }
        self.0.arrival.namespace.roster.tell();
    }

    /// The rooms this socket is in, its own first; none once it has left.
    pub fn rooms(&self) -> Vec<Room> {
        self.0.arrival.namespace.roster.rooms_of(self.id())
    }

    /// Whether this socket is in a room; false once it has left.
    pub fn is_in(&self, room: &str) -> bool {
        self.rooms().iter().any(|name| **name == *room)
    }
}
