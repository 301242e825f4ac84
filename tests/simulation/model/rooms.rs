//! Rooms and broadcasts, with a plain map beside the rooms to hold them against.

use std::collections::BTreeSet;
use std::sync::Arc;

use trunkline::rooms::{Room, Selection};
use trunkline::wire::SocketId;

use super::host::Mail;
use super::law::Law;
use super::world::{World, ms};

/// The rooms that sockets join and leave.
const ROOMS: [&str; 4] = ["r0", "r1", "r2", "r3"];

impl World {
    /// Emits to rooms, or to all, from anywhere: it reaches the clients by their mailboxes.
    pub(super) fn broadcast(&mut self) {
        let namespace = self.dice.below(3) as usize;
        let number = self.number();
        let mut rooms = |most| -> Vec<Room> {
            let count = self.dice.below(most);
            (0..count)
                .map(|_| Room::from(*self.dice.pick(&ROOMS)))
                .collect()
        };
        let selection = Selection {
            rooms: rooms(3),
            except: rooms(2),
        };
        let mut reached = Vec::new();
        self.application.rooms[namespace].for_each(&selection, |_, host| reached.push(*host));
        reached.sort_unstable();
        let packet = Arc::new(self.packet(namespace, &(number,)));
        self.tally.count("broadcast");
        for at in reached {
            let due = self.now + ms(self.dice.below(5));
            let packet = packet.clone();
            let mail = Mail::Emit {
                packet,
                namespace,
                number,
            };
            self.hosts[at].mail.push(due, mail);
        }
    }

    /// Mail has come.
    pub(super) fn open_mail(&mut self, at: usize, mail: &Mail) {
        let Mail::Emit {
            packet,
            namespace,
            number,
        } = mail;
        self.emit(at, packet, *namespace, *number);
        self.settle(at);
    }

    pub(super) fn move_rooms(&mut self, at: usize) {
        let Some(namespace) = self.any_seat(at) else {
            return;
        };
        let Some(socket) = self.joined(at, namespace).cloned() else {
            return;
        };
        let room = *self.dice.pick(&ROOMS);
        let rooms = &mut self.application.rooms[namespace];
        let mirror = self.application.mirror[namespace]
            .entry(socket.clone())
            .or_default();
        if self.dice.chance(30) {
            rooms.leave(&socket, room);
            mirror.remove(room);
        } else {
            rooms.join(&socket, room);
            mirror.insert(room.to_owned());
        }
        self.application.is_touched = true;
    }

    /// Both maps of the rooms, held against what was done.
    pub(super) fn check_rooms(&mut self) {
        if !std::mem::take(&mut self.application.is_touched) {
            return;
        }
        for (rooms, mirror) in self.application.rooms.iter().zip(&self.application.mirror) {
            let mut used = BTreeSet::new();
            for (socket, joined) in mirror {
                used.extend(joined);
                let own = socket.to_string();
                let expected: BTreeSet<_> =
                    joined.iter().chain([&own]).map(String::as_str).collect();
                let found = rooms.rooms_of(socket);
                let found: BTreeSet<_> = found.iter().map(|room| &**room).collect();
                self.laws.hold(Law::RoomsMirror, found == expected, || {
                    format!("{socket} is in {found:?}, not in {expected:?}")
                });
            }
            let counts = (rooms.len(), rooms.room_count());
            self.laws.hold(
                Law::RoomsMirror,
                counts == (mirror.len(), used.len()),
                || {
                    format!(
                        "{counts:?} members and rooms, not {} and {used:?}",
                        mirror.len()
                    )
                },
            );
            for room in ROOMS {
                let mut reached: Vec<SocketId> = Vec::new();
                let selection = Selection {
                    rooms: vec![room.into()],
                    except: Vec::new(),
                };
                rooms.for_each(&selection, |socket, _| reached.push(socket.clone()));
                reached.sort();
                let expected = mirror.iter().filter(|(_, joined)| joined.contains(room));
                let is_same = expected.map(|(socket, _)| socket).eq(&reached);
                self.laws
                    .hold(Law::RoomsMirror, is_same, || format!("{room}: {reached:?}"));
            }
        }
    }
}
