//! Who is in which room: an index of memberships, kept both ways round.
//!
//! One value holds the members of one namespace. A member carries a handle `M` through which it
//! can be reached; what that handle is, this file does not know. Every member is in the room named
//! by its own id without that room being stored, so a namespace of ten thousand sockets that never
//! join anything costs no sets. There is no locking here; that is `registry`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::RandomState;
use serde::{Deserialize, Serialize};

use crate::wire::SocketId;

/// A room's name.
pub type Room = Arc<str>;

/// Whom a broadcast is meant for.
///
/// No rooms means everybody; several rooms are a union. An excepted room wins over a target. Every
/// socket id is a room's name as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The rooms to reach; empty for the whole namespace.
    pub rooms: Vec<Room>,
    /// The rooms whose members are left out.
    pub except: Vec<Room>,
}

/// A change of who is in which room. A room exists while somebody is in it, so the room of a
/// socket's own id comes and goes with the socket, as in the reference server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A room exists from now on: somebody is about to be in it (`create-room`).
    Created {
        /// The room.
        room: Room,
    },
    /// A room exists no longer: the last one has left it (`delete-room`).
    Deleted {
        /// The room.
        room: Room,
    },
    /// Somebody is in a room who was not (`join-room`).
    Joined {
        /// The room.
        room: Room,
        /// Who joined it.
        socket: SocketId,
    },
    /// Somebody is in a room no longer (`leave-room`).
    Left {
        /// The room.
        room: Room,
        /// Who left it.
        socket: SocketId,
    },
}

impl RoomEvent {
    /// The room that has changed.
    pub fn room(&self) -> &Room {
        match self {
            RoomEvent::Created { room }
            | RoomEvent::Deleted { room }
            | RoomEvent::Joined { room, .. }
            | RoomEvent::Left { room, .. } => room,
        }
    }

    /// Who joined or left it.
    pub fn socket(&self) -> Option<&SocketId> {
        match self {
            RoomEvent::Created { .. } | RoomEvent::Deleted { .. } => None,
            RoomEvent::Joined { socket, .. } | RoomEvent::Left { socket, .. } => Some(socket),
        }
    }

    /// What has happened, in the words of the JavaScript server: `create-room`, `delete-room`,
    /// `join-room` or `leave-room`.
    ///
    /// ```
    /// use trunkline::rooms::RoomEvent;
    ///
    /// let event = RoomEvent::Deleted { room: "lobby".into() };
    /// assert_eq!((event.name(), event.socket()), ("delete-room", None));
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            RoomEvent::Created { .. } => "create-room",
            RoomEvent::Deleted { .. } => "delete-room",
            RoomEvent::Joined { .. } => "join-room",
            RoomEvent::Left { .. } => "leave-room",
        }
    }
}

/// The members of one namespace and the rooms they are in.
#[derive(Debug)]
pub struct Rooms<M> {
    /// The keys are the server's own, and random.
    members: HashMap<SocketId, Member<M>, RandomState>,
    rooms: HashMap<Room, HashSet<SocketId, RandomState>>,
}

#[derive(Debug)]
struct Member<M> {
    handle: M,
    /// Rooms joined, own room excluded.
    rooms: Vec<Room>,
    /// Whether it is in the room of its own id, as it is until it leaves that room.
    own_room: bool,
}

impl<M> Default for Rooms<M> {
    fn default() -> Rooms<M> {
        Rooms {
            members: HashMap::default(),
            rooms: HashMap::new(),
        }
    }
}

impl<M> Rooms<M> {
    /// Adds a member, which is then in the room of its own id. Replaces a member of the same id.
    pub fn insert(&mut self, id: SocketId, handle: M) {
        self.remove(&id);
        self.members.insert(
            id,
            Member {
                handle,
                rooms: Vec::new(),
                own_room: true,
            },
        );
    }

    /// Takes a member out of the index and of all its rooms; rooms left empty vanish.
    pub fn remove(&mut self, id: &SocketId) -> Option<M> {
        let member = self.members.remove(id)?;
        for room in &member.rooms {
            Self::drop_from(&mut self.rooms, room, id);
        }
        // What a crowd needed is not kept for the few who stay.
        if self.members.len() < self.members.capacity() / 8 {
            self.members.shrink_to(self.members.len() * 2);
            self.rooms.shrink_to(self.rooms.len() * 2);
        }
        Some(member.handle)
    }

    /// Puts a member into a room. Joining twice is harmless; a stranger joins nothing.
    pub fn join(&mut self, id: &SocketId, room: &str) -> bool {
        let Some((id, _)) = self.members.get_key_value(id) else {
            return false;
        };
        let id = id.clone();
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        if room == id.as_str() {
            member.own_room = true;
            return true;
        }
        // The shared name of an existing room is reused, so that a name is stored once.
        let name = match self.rooms.get_key_value(room) {
            Some((name, _)) => name.clone(),
            None => Room::from(room),
        };
        if self.rooms.entry(name.clone()).or_default().insert(id) {
            member.rooms.push(name);
        }
        true
    }

    /// Takes a member out of a room. Leaving a room that it is not in is harmless.
    pub fn leave(&mut self, id: &SocketId, room: &str) {
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        if room == id.as_str() {
            member.own_room = false;
        } else if let Some(at) = member.rooms.iter().position(|name| &**name == room) {
            member.rooms.swap_remove(at);
            Self::drop_from(&mut self.rooms, room, id);
        }
    }

    /// Whether a member may join a room without being in more than `most`, beside its own; a room
    /// that it is in it may join.
    pub fn may_join(&self, id: &SocketId, room: &str, most: usize) -> bool {
        self.members.get(id).is_none_or(|member| {
            let is_known = |name: &Room| **name == *room;
            member.rooms.len() < most || room == id.as_str() || member.rooms.iter().any(is_known)
        })
    }

    /// The handle of a member.
    pub fn get(&self, id: &SocketId) -> Option<&M> {
        self.members.get(id).map(|member| &member.handle)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many rooms exist beside the members' own.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// Whether anybody is in a room, sockets' own rooms included.
    pub fn has_room(&self, room: &str) -> bool {
        let owner = self.members.get(room);
        self.rooms.contains_key(room) || owner.is_some_and(|member| member.own_room)
    }

    /// Whether a member is in a room.
    pub fn is_in(&self, id: &SocketId, room: &str) -> bool {
        let Some(member) = self.members.get(id) else {
            return false;
        };
        let of_another = || self.rooms.get(room).is_some_and(|room| room.contains(id));
        match room == id.as_str() {
            true => member.own_room,
            false => of_another(),
        }
    }

    /// The rooms that members have joined and how many are in each, in no particular order. A
    /// room of a member's own id is among them once another has joined it.
    pub fn counts(&self) -> impl Iterator<Item = (&Room, usize)> {
        self.rooms.iter().map(|(room, members)| {
            let owner = self.members.get(&**room);
            let owners = usize::from(owner.is_some_and(|member| member.own_room));
            (room, members.len() + owners)
        })
    }

    /// The rooms of a member, its own first; empty for a stranger.
    pub fn rooms_of(&self, id: &SocketId) -> Vec<Room> {
        let Some(member) = self.members.get(id) else {
            return Vec::new();
        };
        let own = member.own_room.then(|| id.as_arc().clone());
        own.into_iter()
            .chain(member.rooms.iter().cloned())
            .collect()
    }

    /// Calls `visit` once for every selected member, in no particular order.
    pub fn for_each(&self, selection: &Selection, mut visit: impl FnMut(&SocketId, &M)) {
        match &selection.rooms[..] {
            [] => {
                for (id, member) in &self.members {
                    if !self.is_excepted(id, member, &selection.except) {
                        visit(id, &member.handle);
                    }
                }
            }
            [room] => self.for_each_in(room, &selection.except, &mut visit),
            rooms => {
                let mut seen = HashSet::new();
                for room in rooms {
                    self.for_each_in(room, &selection.except, &mut |id: &SocketId, handle: &M| {
                        if seen.insert(id.clone()) {
                            visit(id, handle);
                        }
                    });
                }
            }
        }
    }

    fn for_each_in(&self, room: &str, except: &[Room], visit: &mut impl FnMut(&SocketId, &M)) {
        let mut offer = |id: &SocketId, member: &Member<M>| {
            if !self.is_excepted(id, member, except) {
                visit(id, &member.handle);
            }
        };
        if let Some((id, member)) = self.members.get_key_value(room)
            && member.own_room
        {
            offer(id, member);
        }
        for id in self.rooms.get(room).into_iter().flatten() {
            if let Some(member) = self.members.get(id) {
                offer(id, member);
            }
        }
    }

    fn is_excepted(&self, id: &SocketId, member: &Member<M>, except: &[Room]) -> bool {
        except.iter().any(|room| {
            (member.own_room && **room == *id.as_str())
                || self
                    .rooms
                    .get(room)
                    .is_some_and(|members| members.contains(id))
        })
    }

    fn drop_from(
        rooms: &mut HashMap<Room, HashSet<SocketId, RandomState>>,
        room: &str,
        id: &SocketId,
    ) {
        if let Some(members) = rooms.get_mut(room) {
            members.remove(id);
            if members.is_empty() {
                rooms.remove(room);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(ids: &[&str]) -> Rooms<u8> {
        let mut rooms = Rooms::default();
        for (number, id) in (0..).zip(ids) {
            rooms.insert(SocketId::new(*id), number);
        }
        rooms
    }

    fn reached(rooms: &Rooms<u8>, to: &[&str], except: &[&str]) -> Vec<String> {
        let selection = Selection {
            rooms: to.iter().map(|room| Room::from(*room)).collect(),
            except: except.iter().map(|room| Room::from(*room)).collect(),
        };
        let mut ids = Vec::new();
        rooms.for_each(&selection, |id, _| ids.push(id.to_string()));
        ids.sort();
        ids
    }

    #[test]
    fn a_selection_is_a_union_without_doubles_minus_the_excepted() {
        let mut rooms = index(&["a", "b", "c", "d"]);
        for (id, room) in [("a", "x"), ("b", "x"), ("b", "y"), ("c", "y")] {
            rooms.join(&SocketId::new(id), room);
        }
        let table: [(&[&str], &[&str], &[&str]); 11] = [
            (&[], &[], &["a", "b", "c", "d"]),
            (&["x"], &[], &["a", "b"]),
            (&["x", "y"], &[], &["a", "b", "c"]),
            (&["x", "y"], &["b"], &["a", "c"]),
            (&["x"], &["y"], &["a"]),
            (&[], &["x", "y"], &["d"]),
            (&["d"], &[], &["d"]),
            (&["d", "x"], &["d"], &["a", "b"]),
            (&["nowhere"], &[], &[]),
            (&[], &["nowhere"], &["a", "b", "c", "d"]),
            (&["a", "a"], &[], &["a"]),
        ];
        for (to, except, expected) in table {
            assert_eq!(
                reached(&rooms, to, except),
                expected,
                "to {to:?} except {except:?}"
            );
        }
    }

    #[test]
    fn both_maps_mirror_each_other_and_empty_rooms_vanish() {
        let mut rooms = index(&["a", "b"]);
        let (a, b) = (SocketId::new("a"), SocketId::new("b"));
        rooms.join(&a, "x");
        rooms.join(&a, "x");
        rooms.join(&b, "x");
        assert_eq!(rooms.rooms_of(&a), ["a".into(), "x".into()]);
        rooms.leave(&a, "x");
        rooms.leave(&a, "x");
        assert_eq!(reached(&rooms, &["x"], &[]), ["b"]);
        rooms.remove(&b);
        assert_eq!((rooms.room_count(), rooms.len()), (0, 1));
        assert!(rooms.rooms_of(&b).is_empty());
        assert!(!rooms.join(&b, "x"), "a stranger joins nothing");
        assert_eq!(rooms.room_count(), 0);
    }

    #[test]
    fn a_member_can_leave_the_room_of_its_own_id_and_others_can_join_it() {
        let mut rooms = index(&["a", "b"]);
        let (a, b) = (SocketId::new("a"), SocketId::new("b"));
        rooms.join(&b, "a");
        assert_eq!(reached(&rooms, &["a"], &[]), ["a", "b"]);
        rooms.leave(&a, "a");
        assert_eq!(reached(&rooms, &["a"], &[]), ["b"]);
        rooms.join(&a, "a");
        assert_eq!(reached(&rooms, &["a"], &["b"]), ["a"]);
    }
}
