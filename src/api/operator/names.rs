//! How rooms are named: one, or several.

use crate::rooms::Room;
use crate::wire::SocketId;

use crate::api::socket::Socket;

/// One room's name, or several: `"a"`, `["a", "b"]`, a socket's id, a `Vec` of any of these.
pub trait RoomNames {
    /// Adds the names to a list.
    fn add_to(self, rooms: &mut Vec<Room>);
}

pub(crate) fn names(rooms: impl RoomNames) -> Vec<Room> {
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
