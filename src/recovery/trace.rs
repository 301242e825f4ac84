//! What one socket was in, and what it was sent, by the positions of its namespace's log.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use foldhash::quality::RandomState;

use super::log::{Entry, Log, Target};
use crate::rooms::{Room, Selection};
use crate::wire::{Moment, SocketId};

/// The most changes that a socket's trace keeps; the oldest are then forgotten, and whoever missed
/// something before them begins a new session.
const MAX_CHANGES: usize = 1024;

/// How long nothing must come for a socket until its trace notes that.
pub(super) const GAP: Duration = Duration::from_secs(5);

/// The memory of one socket that can be recovered.
///
/// Everything in here is a position of the log: "at 7" means behind the packet 7 and before the
/// packet 8.
#[derive(Clone, Debug)]
pub struct Trace {
    id: SocketId,
    /// Where the session began; a client that got nothing since is here.
    start: u64,
    /// Where it entered the namespace; broadcasts reach it from here on.
    entered: Option<u64>,
    /// The rooms before `changes`.
    rooms: RoomSet,
    changes: VecDeque<Change>,
    /// Where the last change was that was forgotten before its time.
    floor: u64,
    /// The newest packet that was meant for it.
    last: u64,
    /// The newest such packet that the log had dropped when the next one came, or what its client is
    /// known to have got.
    fallen: u64,
    /// The first such packet behind `fallen`.
    next: Option<u64>,
    /// Pairs of such packets, one behind the other, between which there was nothing for this socket
    /// for a while. The log may end between them and still have all that was missed.
    gaps: VecDeque<(u64, u64)>,
    /// When the newest such packet was sent.
    last_at: Moment,
}

type RoomSet = HashSet<Room, RandomState>;

#[derive(Clone, Debug)]
struct Change {
    at: u64,
    room: Room,
    joined: bool,
}

impl Trace {
    pub(super) fn new(id: SocketId, start: u64) -> Trace {
        Trace {
            id,
            start,
            entered: None,
            rooms: RoomSet::default(),
            changes: VecDeque::new(),
            floor: start,
            last: start,
            fallen: start,
            next: None,
            gaps: VecDeque::new(),
            last_at: Moment::default(),
        }
    }

    /// Whose it is.
    pub fn id(&self) -> &SocketId {
        &self.id
    }

    /// Where the session began.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// It is in the namespace now, in these rooms.
    pub(super) fn enter(&mut self, rooms: Vec<Room>, log: &Log) {
        self.entered = Some(log.last());
        // No broadcast before this is judged by rooms.
        self.rooms = rooms.into_iter().collect();
    }

    /// The packet at this position was meant for this socket.
    pub(super) fn note(&mut self, position: u64, at: Moment, log: &Log) {
        if self.next.is_none() || self.last < log.base() {
            self.fallen = self.last;
            self.next = Some(position);
            self.gaps.clear();
        } else if at.since(self.last_at) >= GAP {
            while self
                .gaps
                .front()
                .is_some_and(|(_, next)| *next < log.base())
            {
                self.gaps.pop_front();
            }
            self.gaps.push_back((self.last, position));
        }
        (self.last, self.last_at) = (position, at);
    }

    /// It joined or left a room.
    pub(super) fn change(&mut self, room: Room, joined: bool, log: &Log) {
        let at = log.last();
        while let Some(oldest) = self.changes.front() {
            let is_past = oldest.at < log.base();
            if !is_past && self.changes.len() < MAX_CHANGES {
                break;
            }
            if !is_past {
                self.floor = oldest.at;
            }
            self.fold();
        }
        let latest = self.changes.iter().rposition(|change| change.room == room);
        match latest.map(|latest| (latest, &self.changes[latest])) {
            Some((_, change)) if change.joined == joined => {}
            // No packet came in between.
            Some((latest, change)) if change.at == at => drop(self.changes.remove(latest)),
            None if self.rooms.contains(&room) == joined => {}
            Some(_) | None => self.changes.push_back(Change { at, room, joined }),
        }
    }

    /// The rooms that it is in now.
    pub(super) fn rooms(&self) -> Vec<Room> {
        let mut rooms = self.rooms.clone();
        for change in &self.changes {
            change.apply(&mut rooms);
        }
        rooms.into_iter().collect()
    }

    /// How many bytes it keeps, about.
    pub(super) fn weight(&self) -> usize {
        let names = self
            .rooms
            .iter()
            .chain(self.changes.iter().map(|change| &change.room));
        size_of::<Trace>() + names.map(|room| room.len() + 32).sum::<usize>()
    }

    /// The position from which on to look for what was missed by a socket whose client got everything
    /// up to `got`, a packet that was sent, and that has been away since `left`. `None` if some of it
    /// is lost, or may be.
    pub(super) fn first_missed(&self, got: u64, left: u64, log: &Log) -> Option<u64> {
        if got < self.fallen {
            return None;
        }
        let first = match self.next {
            // Nothing until it left.
            _ if self.last <= got => got.max(left) + 1,
            Some(next) if got < next => next,
            _ => {
                let mut gaps = self.gaps.iter();
                let gap = gaps.find(|(last, next)| (*last..*next).contains(&got));
                gap.map_or(got + 1, |(_, next)| *next)
            }
        };
        (first >= log.base() && first > self.floor).then_some(first)
    }

    /// What was meant for this socket, from a position on that [`first_missed`](Trace::first_missed)
    /// gave.
    pub(super) fn missed<'l>(&self, first: u64, log: &'l Log) -> Vec<(u64, &'l Entry)> {
        let mut rooms: HashSet<&str, RandomState> = self.rooms.iter().map(|room| &**room).collect();
        let mut changes = self.changes.iter().peekable();
        let mut missed = Vec::new();
        for (position, entry) in log.from(first) {
            while let Some(change) = changes.next_if(|change| change.at < position) {
                match change.joined {
                    true => rooms.insert(&change.room),
                    false => rooms.remove(&*change.room),
                };
            }
            let is_meant = match &entry.target {
                Target::Socket(id) => *id == self.id,
                Target::Selection(selection) => {
                    self.entered.is_some_and(|entered| entered < position)
                        && selects(selection, &rooms)
                }
            };
            if is_meant {
                missed.push((position, entry));
            }
        }
        missed
    }

    /// The client showed that it got everything up to `got`, and `missed` is what it is sent now.
    pub(super) fn catch_up(&mut self, got: u64, missed: &[(u64, &Entry)], log: &Log) {
        (self.last, self.fallen, self.next) = (got, got, None);
        for (position, entry) in missed {
            self.note(*position, entry.at(), log);
        }
    }

    fn fold(&mut self) {
        if let Some(change) = self.changes.pop_front() {
            change.apply(&mut self.rooms);
        }
    }
}

impl Change {
    fn apply(&self, rooms: &mut RoomSet) {
        match self.joined {
            true => rooms.insert(self.room.clone()),
            false => rooms.remove(&self.room),
        };
    }
}

fn selects(selection: &Selection, rooms: &HashSet<&str, RandomState>) -> bool {
    let has = |room: &Room| rooms.contains(&**room);
    (selection.rooms.is_empty() || selection.rooms.iter().any(has))
        && !selection.except.iter().any(has)
}
