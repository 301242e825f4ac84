//! Who comes, goes and comes back: one namespace's ledger behind its lock.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::{Data, Entry, Parting, Recoverable, Stage, Terms, lock};
use crate::api::socket::Socket;
use crate::clock;
use crate::recovery::{Claim, Claimed, Evicted, Ledger, Loss, Resumed, Returning, Tag, Trace};
use crate::registry::{Mail, Reach, Roster};
use crate::rooms::Room;
use crate::wire::{Moment, SocketId};

/// How often it is said that something was dropped.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// The recovery of one namespace.
pub(crate) struct Keeper {
    ledger: Mutex<Ledger<Data>>,
    terms: Arc<Terms>,
    dropped: Mutex<Dropped>,
}

/// What was dropped and not said yet.
#[derive(Default)]
struct Dropped {
    loss: Loss,
    said: Option<Moment>,
}

/// What becomes of a client that wants to come back.
pub(crate) enum Return {
    /// It begins anew.
    None,
    /// Its last connection is not over yet; it has been told to be.
    Later(Socket),
    Now(Box<Returning<Data>>),
}

impl Keeper {
    pub(crate) fn new(terms: &Arc<Terms>) -> Keeper {
        // The keys of the standard library's maps are random.
        let tag = Tag::new(RandomState::new().hash_one(0));
        let ledger = Ledger::new(tag, &terms.config, terms.retention, terms.budget.clone());
        Keeper {
            ledger: Mutex::new(ledger),
            terms: terms.clone(),
            dropped: Mutex::default(),
        }
    }

    pub(crate) fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// A client that arrived at `arrived` makes a claim.
    pub(crate) fn claim(&self, roster: &Roster<Socket>, claim: &Claim, arrived: Moment) -> Return {
        // Held to the end: who is connected is on the roster for as long as that.
        let mut ledger = self.lock();
        match ledger.claim(claim, arrived, clock::now()) {
            Claimed::Nothing => Return::None,
            Claimed::Returning(returning) => Return::Now(returning),
            Claimed::Connected(id) => match roster.get(&id) {
                Some(socket) => {
                    // One that is over already needs no telling.
                    let _ = socket.mailbox().post(Mail::Displaced);
                    Return::Later(socket)
                }
                None => Return::None,
            },
        }
    }

    /// A client does not wait for its last connection any more.
    pub(crate) fn give_up(&self, claim: &Claim) {
        self.lock().give_up(claim);
    }

    /// What a new socket needs to be recovered later, under the private id.
    pub(crate) fn newcomer(&self, id: &SocketId, pid: Arc<str>) -> Recoverable {
        let trace = self.lock().begin(id);
        Recoverable::new(Stage::Joining { trace, pid })
    }

    /// The same for one that comes back.
    pub(crate) fn returner(returning: Box<Returning<Data>>) -> Recoverable {
        Recoverable::new(Stage::Returning(returning))
    }

    /// A socket is let in: it is on the roster from now on, and what it missed is in its mailbox.
    /// `joined` are rooms that it joined beforehand.
    pub(crate) fn connect(
        &self,
        socket: &Socket,
        own: &Recoverable,
        roster: &Roster<Socket>,
        joined: Vec<Room>,
    ) -> Entry {
        let (id, now) = (socket.id(), clock::now());
        let mut ledger = self.lock();
        let mut stage = own.stage();
        let (mut trace, pid) = match std::mem::replace(&mut *stage, Stage::Gone) {
            Stage::Joining { trace, pid } => (trace, pid),
            Stage::Returning(returning) => {
                let pid = returning.pid().clone();
                let Ok((resumed, _)) = ledger.resume(*returning, self.terms.max_replay, now) else {
                    return Entry::Lapsed;
                };
                *stage = Stage::Here {
                    trace: resume(socket, roster, resumed),
                    pid: pid.clone(),
                };
                drop((stage, ledger));
                for room in &joined {
                    // How many there may be was looked at when it asked.
                    self.join(socket, own, roster, room, usize::MAX);
                }
                return Entry::In(Some(pid));
            }
            // A socket is let in once.
            Stage::Here { .. } | Stage::Gone => return Entry::Lapsed,
        };
        roster.insert(id.clone(), socket.clone(), &joined);
        ledger.enter(&mut trace, &pid, roster.rooms_of(id), now);
        *stage = Stage::Here {
            trace,
            pid: pid.clone(),
        };
        Entry::In(Some(pid))
    }

    /// A socket is on no roster from now on.
    pub(crate) fn part(
        &self,
        socket: &Socket,
        own: &Recoverable,
        roster: &Roster<Socket>,
        parting: Parting,
    ) {
        let now = clock::now();
        let data = socket.data_snapshot().filter(|_| parting == Parting::Lost);
        let text = data.as_ref().map(serde_json::to_string);
        // Values that were JSON before are JSON again.
        let size = text.and_then(Result::ok).map_or(0, |text| text.len());
        let mut ledger = self.lock();
        let stage = std::mem::replace(&mut *own.stage(), Stage::Gone);
        match (stage, parting) {
            (Stage::Here { trace, pid }, parting) => {
                roster.remove(socket.id());
                match parting {
                    Parting::Lost => ledger.lose(trace, pid, data, size, now),
                    Parting::Refused | Parting::Left => ledger.end(Some(&pid)),
                }
            }
            (Stage::Joining { .. }, _) => ledger.end(None),
            (Stage::Returning(returning), Parting::Lost) => ledger.put_back(*returning),
            (Stage::Returning(returning), _) => ledger.end(Some(returning.pid())),
            (Stage::Gone, _) => {}
        }
        let loss = ledger.take_loss();
        drop(ledger);
        self.settle(Evicted::default(), loss, socket.namespace(), now);
    }

    /// A socket that is in the namespace joins a room, unless it is in `most` others; whether it may.
    pub(crate) fn join(
        &self,
        socket: &Socket,
        own: &Recoverable,
        roster: &Roster<Socket>,
        room: &str,
        most: usize,
    ) -> bool {
        let mut ledger = self.lock();
        if let Stage::Here { trace, .. } = &mut *own.stage() {
            if !roster.join(socket.id(), room, most) {
                return false;
            }
            ledger.join(trace, room);
        }
        true
    }

    /// A socket that is in the namespace leaves a room.
    pub(crate) fn leave(
        &self,
        socket: &Socket,
        own: &Recoverable,
        roster: &Roster<Socket>,
        room: &str,
    ) {
        let mut ledger = self.lock();
        if let Stage::Here { trace, .. } = &mut *own.stage() {
            roster.leave(socket.id(), room);
            ledger.leave(trace, room);
        }
    }

    /// The namespace was removed: nobody comes back to it.
    pub(crate) fn dissolve(&self) {
        let evicted = self.lock().dissolve();
        drop(evicted);
    }

    /// Whether there is nobody for whom anything is kept.
    pub(crate) fn is_deserted(&self) -> bool {
        self.lock().is_deserted()
    }

    /// Drops what is too old; says when that is to be done again, and whether there is nobody for
    /// whom anything is kept.
    pub(crate) fn sweep(&self, now: Moment) -> (Option<Moment>, bool) {
        let mut ledger = self.lock();
        let (evicted, next) = ledger.sweep(now);
        let is_deserted = ledger.is_deserted();
        drop(ledger);
        drop(evicted);
        (next, is_deserted)
    }

    /// Drops what was kept no longer and, now and then, says what was lost by it.
    pub(super) fn settle(&self, evicted: Evicted, loss: Loss, namespace: &str, now: Moment) {
        drop(evicted);
        if loss.is_none() {
            return;
        }
        let mut dropped = lock(&self.dropped);
        dropped.loss.packets += loss.packets;
        dropped.loss.bytes += loss.bytes;
        dropped.loss.sessions += loss.sessions;
        if dropped.said.is_some_and(|said| now.since(said) < SAY_EVERY) {
            return;
        }
        let Loss {
            packets,
            bytes,
            sessions,
        } = std::mem::take(&mut dropped.loss);
        dropped.said = Some(now);
        drop(dropped);
        tracing::warn!(
            namespace,
            packets,
            bytes,
            sessions,
            "dropped before their time for want of room: clients who missed them begin anew"
        );
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Ledger<Data>> {
        lock(&self.ledger)
    }
}

/// What a socket missed goes into its mailbox first, then it is on the roster.
fn resume(socket: &Socket, roster: &Roster<Socket>, resumed: Resumed) -> Trace {
    let id = socket.id();
    for outgoing in resumed.missed {
        // A client that is gone already comes back once more.
        let _ = socket.mailbox().post(Mail::Emit {
            outgoing,
            ack: None,
        });
    }
    roster.insert(id.clone(), socket.clone(), &resumed.rooms);
    if !resumed.rooms.contains(id.as_arc()) {
        roster.leave(id, id.as_str());
    }
    resumed.trace
}
