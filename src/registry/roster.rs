//! Who is connected to one namespace and in which rooms, and who is told when that changes.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use super::{Mail, Mailbox};
use crate::rooms::{Room, RoomEvent, Rooms, Selection};
use crate::socketio::Outgoing;
use crate::wire::SocketId;

/// Something on a roster that can be reached by mail.
pub(crate) trait Reach {
    /// Its mailbox, which takes nothing more once its client has gone.
    fn mailbox(&self) -> &Mailbox;
}

/// Who is connected to one namespace, and in which rooms.
pub(crate) struct Roster<H> {
    rooms: RwLock<Rooms<H>>,
    /// Made when somebody first wants to be told of changes.
    watch: OnceLock<Watch>,
}

type Hook = Arc<dyn Fn(&RoomEvent) + Send + Sync>;

/// Who is told of changes, and what they are to be told.
#[derive(Default)]
struct Watch {
    hooks: RwLock<Vec<Hook>>,
    /// Taken under the roster's own lock, so that the changes stand here as they happened.
    changes: Mutex<Changes>,
}

#[derive(Default)]
struct Changes {
    events: VecDeque<RoomEvent>,
    /// Somebody is telling; what is added meanwhile is told by the same, in order.
    being_told: bool,
}

impl<H: Reach + Clone> Roster<H> {
    pub(crate) fn new() -> Roster<H> {
        Roster {
            rooms: RwLock::default(),
            watch: OnceLock::new(),
        }
    }

    /// Adds a member. As with all changes, [`tell`](Roster::tell) is to be called afterwards.
    pub(crate) fn insert(&self, id: SocketId, handle: H, rooms: &[Room]) {
        let mut index = self.write();
        let own = id.as_arc();
        if let Some(watch) = self.watch.get() {
            let is_new = !index.has_room(own);
            watch.note_joined(own, &id, is_new);
        }
        index.insert(id.clone(), handle);
        for room in rooms {
            self.join_in(&mut index, &id, room);
        }
    }

    pub(crate) fn remove(&self, id: &SocketId) {
        let mut index = self.write();
        let rooms = match self.watch.get() {
            Some(_) => index.rooms_of(id),
            None => Vec::new(),
        };
        let removed = index.remove(id);
        if let Some(watch) = self.watch.get() {
            for room in rooms {
                watch.note_left(&room, id, !index.has_room(&room));
            }
        }
        drop(index);
        // Dropped after the lock: a handle's last owner may run somebody's code.
        drop(removed);
    }

    /// Joins a room unless the member is in `most` others; whether it may.
    pub(crate) fn join(&self, id: &SocketId, room: &str, most: usize) -> bool {
        let mut index = self.write();
        let may_join = index.may_join(id, room, most);
        if may_join {
            self.join_in(&mut index, id, room);
        }
        may_join
    }

    fn join_in(&self, index: &mut Rooms<H>, id: &SocketId, room: &str) {
        let Some(watch) = self.watch.get() else {
            index.join(id, room);
            return;
        };
        let (is_new, was_in) = (!index.has_room(room), index.is_in(id, room));
        if index.join(id, room) && !was_in {
            watch.note_joined(&room.into(), id, is_new);
        }
    }

    pub(crate) fn leave(&self, id: &SocketId, room: &str) {
        let mut index = self.write();
        let was_in = self.watch.get().is_some() && index.is_in(id, room);
        index.leave(id, room);
        if was_in && let Some(watch) = self.watch.get() {
            watch.note_left(&room.into(), id, !index.has_room(room));
        }
    }

    pub(crate) fn rooms_of(&self, id: &SocketId) -> Vec<Room> {
        self.read().rooms_of(id)
    }

    /// The rooms that members have joined, and how many are in each.
    pub(crate) fn counts(&self) -> Vec<(Room, usize)> {
        let index = self.read();
        let counts = index.counts().map(|(room, count)| (room.clone(), count));
        counts.collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    pub(crate) fn get(&self, id: &SocketId) -> Option<H> {
        self.read().get(id).cloned()
    }

    /// Calls `visit` with every selected member's handle, under the lock.
    pub(crate) fn for_each(&self, selection: &Selection, mut visit: impl FnMut(&H)) {
        self.read().for_each(selection, |_, handle| visit(handle));
    }

    /// The selected members' handles.
    pub(crate) fn select(&self, selection: &Selection) -> Vec<H> {
        let mut handles = Vec::new();
        self.read()
            .for_each(selection, |_, handle| handles.push(handle.clone()));
        handles
    }

    /// Queues one packet for every selected member and counts those who took it.
    ///
    /// A member whose backlog is full is dealt with by its own task; the others do not notice.
    pub(crate) fn broadcast(&self, selection: &Selection, outgoing: &Arc<Outgoing>) -> usize {
        let mut reached = 0;
        self.read().for_each(selection, |_, handle| {
            let mail = Mail::Emit {
                outgoing: outgoing.clone(),
                ack: None,
            };
            if handle.mailbox().post(mail).is_ok() {
                reached += 1;
            }
        });
        reached
    }

    /// Calls `hook` for every change from now on, in their order.
    pub(crate) fn watch(&self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        // Not between a change and what is noted of it.
        let index = self.write();
        let watch = self.watch.get_or_init(Watch::default);
        let mut hooks = watch.hooks.write().unwrap_or_else(PoisonError::into_inner);
        hooks.push(Arc::new(hook));
        drop(index);
    }

    /// Tells of the changes so far, outside all locks. One who finds another at it leaves them to
    /// that one, and so does a hook that made a change itself.
    pub(crate) fn tell(&self) {
        if let Some(watch) = self.watch.get() {
            watch.tell();
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Rooms<H>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rooms<H>> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    fn note_joined(&self, room: &Room, id: &SocketId, is_new: bool) {
        let (room, socket) = (room.clone(), id.clone());
        let events = &mut self.changes().events;
        if is_new {
            events.push_back(RoomEvent::Created { room: room.clone() });
        }
        events.push_back(RoomEvent::Joined { room, socket });
    }

    fn note_left(&self, room: &Room, id: &SocketId, is_gone: bool) {
        let (room, socket) = (room.clone(), id.clone());
        let events = &mut self.changes().events;
        events.push_back(RoomEvent::Left {
            room: room.clone(),
            socket,
        });
        if is_gone {
            events.push_back(RoomEvent::Deleted { room });
        }
    }

    fn tell(&self) {
        if std::mem::replace(&mut self.changes().being_told, true) {
            return;
        }
        while let Some(event) = self.next() {
            for hook in self.hooks() {
                if catch_unwind(AssertUnwindSafe(|| hook(&event))).is_err() {
                    tracing::error!(room = %event.room(), "a hook for room events panicked");
                }
            }
        }
    }

    /// A copy: a hook may add others, and change who is where.
    fn hooks(&self) -> Vec<Hook> {
        let hooks = self.hooks.read().unwrap_or_else(PoisonError::into_inner);
        hooks.clone()
    }

    /// The next change to tell of; with the last one the telling ends.
    fn next(&self) -> Option<RoomEvent> {
        let mut changes = self.changes();
        let event = changes.events.pop_front();
        changes.being_told = event.is_some();
        event
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        // Nothing panics while it is held.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[derive(Clone)]
    struct Member(Arc<Mailbox>);

    impl Reach for Member {
        fn mailbox(&self) -> &Mailbox {
            &self.0
        }
    }

    fn member() -> Member {
        Member(Arc::new(Mailbox::new(1 << 20)))
    }

    fn said(event: &RoomEvent) -> String {
        match event {
            RoomEvent::Created { room } => format!("+{room}"),
            RoomEvent::Deleted { room } => format!("-{room}"),
            RoomEvent::Joined { room, socket } => format!("{socket}>{room}"),
            RoomEvent::Left { room, socket } => format!("{socket}<{room}"),
        }
    }

    #[test]
    fn changes_are_told_once_and_in_order() {
        let roster = Arc::new(Roster::new());
        let told = Arc::new(Mutex::new(Vec::new()));
        let hearing = told.clone();
        roster.watch(move |event| hearing.lock().unwrap().push(said(event)));
        let heard = || {
            roster.tell();
            std::mem::take(&mut *told.lock().unwrap())
        };
        let (a, b) = (SocketId::new("a"), SocketId::new("b"));
        roster.insert(a.clone(), member(), &["x".into()]);
        assert_eq!(heard(), ["+a", "a>a", "+x", "a>x"]);
        roster.join(&a, "x", usize::MAX);
        roster.leave(&a, "y");
        roster.join(&b, "x", usize::MAX);
        assert!(heard().is_empty(), "nothing has changed");
        roster.insert(b.clone(), member(), &[]);
        roster.join(&b, "x", usize::MAX);
        roster.join(&b, "a", usize::MAX);
        assert_eq!(heard(), ["+b", "b>b", "b>x", "b>a"]);
        roster.leave(&a, "a");
        roster.leave(&b, "a");
        assert_eq!(heard(), ["a<a", "b<a", "-a"]);
        roster.remove(&a);
        assert_eq!(heard(), ["a<x"]);
        roster.remove(&b);
        assert_eq!(heard(), ["b<b", "-b", "b<x", "-x"]);
    }

    #[test]
    fn a_hook_may_change_what_it_is_told_of_and_may_panic() {
        let roster = Arc::new(Roster::new());
        let told = Arc::new(Mutex::new(Vec::new()));
        let (inner, hearing) = (Arc::downgrade(&roster), told.clone());
        roster.watch(move |event| {
            hearing.lock().unwrap().push(said(event));
            let roster = inner.upgrade().unwrap();
            if let RoomEvent::Joined { room, socket } = event
                && **room == *"x"
            {
                roster.join(socket, "log", usize::MAX);
                roster.tell();
                panic!("as planned");
            }
        });
        roster.insert(SocketId::new("a"), member(), &["x".into(), "y".into()]);
        roster.tell();
        let expected = ["+a", "a>a", "+x", "a>x", "+y", "a>y", "+log", "a>log"];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn a_hook_may_add_another() {
        let roster = Arc::new(Roster::new());
        let (told, listening) = mpsc::channel();
        let inner = Arc::downgrade(&roster);
        roster.watch(move |event| {
            if let RoomEvent::Created { .. } = event {
                let told = told.clone();
                let hook = move |event: &RoomEvent| told.send(said(event)).unwrap();
                inner.upgrade().unwrap().watch(hook);
            }
        });
        let changing = roster.clone();
        std::thread::spawn(move || {
            changing.insert(SocketId::new("a"), member(), &[]);
            changing.tell();
        });
        let heard = listening.recv_timeout(Duration::from_secs(10));
        assert_eq!(heard.as_deref(), Ok("a>a"));
    }

    #[test]
    fn rooms_are_counted_with_the_owner_of_their_name() {
        let roster = Roster::new();
        let (a, b) = (SocketId::new("a"), SocketId::new("b"));
        roster.insert(a.clone(), member(), &["x".into()]);
        roster.insert(b.clone(), member(), &["x".into(), "a".into()]);
        let mut counts = roster.counts();
        counts.sort();
        assert_eq!(counts, [("a".into(), 2), ("x".into(), 2)]);
        roster.leave(&a, "a");
        let mut counts = roster.counts();
        counts.sort();
        assert_eq!(counts, [("a".into(), 1), ("x".into(), 2)]);
    }
}
