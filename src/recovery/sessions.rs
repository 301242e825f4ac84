//! Who may come back: sessions by their private id, in use or waiting.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;

use super::{Budget, Trace};
use crate::wire::{Moment, SocketId};

/// What a waiting session takes beside its trace and its data, about.
const ENVELOPE: usize = 256;

/// A session whose client is away.
#[derive(Debug)]
pub(super) struct Session<D> {
    pub(super) trace: Trace,
    /// The newest packet when it left.
    pub(super) left: u64,
    pub(super) deadline: Moment,
    pub(super) data: D,
    weight: usize,
}

impl<D> Session<D> {
    /// `size` is that of the data, in bytes.
    pub(super) fn new(trace: Trace, left: u64, deadline: Moment, data: D, size: usize) -> Self {
        let weight = ENVELOPE + trace.weight() + size;
        Session {
            trace,
            left,
            deadline,
            data,
            weight,
        }
    }
}

#[derive(Debug)]
enum State<D> {
    /// A socket is connected under it.
    Connected {
        since: Moment,
        /// Whether somebody waits for it to be over.
        is_claimed: bool,
    },
    /// Its client is back and is being decided about.
    Returning,
    Waiting {
        session: Box<Session<D>>,
        /// Its place in the order of deadlines.
        number: u64,
    },
}

#[derive(Debug)]
struct Owner<D> {
    socket: SocketId,
    state: State<D>,
}

/// The sessions of one namespace.
#[derive(Debug)]
pub(super) struct Sessions<D> {
    owners: HashMap<Arc<str>, Owner<D>, RandomState>,
    /// Sockets that are away, by their public ids.
    away: HashMap<SocketId, Arc<str>, RandomState>,
    deadlines: BTreeMap<(Moment, u64), Arc<str>>,
    numbers: u64,
    budget: Arc<Budget>,
}

/// Whom a private id belongs to.
#[derive(Debug)]
pub(super) enum Found<D> {
    Nobody,
    /// To a socket that was connected before whoever asks arrived.
    Connected(SocketId),
    /// To a client that was away; it is taken out.
    Taken(Box<Session<D>>),
}

impl<D> Sessions<D> {
    pub(super) fn new(budget: Arc<Budget>) -> Sessions<D> {
        Sessions {
            owners: HashMap::default(),
            away: HashMap::default(),
            deadlines: BTreeMap::new(),
            numbers: 0,
            budget,
        }
    }

    /// How many clients are away.
    pub(super) fn away(&self) -> usize {
        self.away.len()
    }

    pub(super) fn is_away(&self, socket: &SocketId) -> bool {
        self.away.contains_key(socket)
    }

    /// A socket is connected under this id from now on.
    pub(super) fn connect(&mut self, pid: Arc<str>, socket: SocketId, now: Moment) {
        self.away.remove(&socket);
        let state = State::Connected {
            since: now,
            is_claimed: false,
        };
        self.owners.insert(pid, Owner { socket, state });
    }

    /// Takes a session for a client that arrived at `arrived`.
    ///
    /// One that is connected is given up for a client that arrived later, but only once: of two who
    /// come at the same time one gets it.
    pub(super) fn find(&mut self, pid: &str, arrived: Moment, now: Moment) -> Found<D> {
        let Some(owner) = self.owners.get_mut(pid) else {
            return Found::Nobody;
        };
        match &mut owner.state {
            State::Connected { since, is_claimed } if *since < arrived && !*is_claimed => {
                *is_claimed = true;
                Found::Connected(owner.socket.clone())
            }
            State::Connected { .. } | State::Returning => Found::Nobody,
            State::Waiting { session, .. } if session.deadline <= now => Found::Nobody,
            State::Waiting { .. } => self.take(pid),
        }
    }

    fn take(&mut self, pid: &str) -> Found<D> {
        let Some(owner) = self.owners.get_mut(pid) else {
            return Found::Nobody;
        };
        match std::mem::replace(&mut owner.state, State::Returning) {
            State::Waiting { session, number } => {
                self.deadlines.remove(&(session.deadline, number));
                self.budget.remove_session(session.weight);
                Found::Taken(session)
            }
            other => {
                owner.state = other;
                Found::Nobody
            }
        }
    }

    /// Whoever waited for a connected socket to be over does not any more.
    pub(super) fn unclaim(&mut self, pid: &str) {
        if let Some(owner) = self.owners.get_mut(pid)
            && let State::Connected { is_claimed, .. } = &mut owner.state
        {
            *is_claimed = false;
        }
    }

    /// Keeps a session until its deadline; how many others, or this one, were dropped for it.
    pub(super) fn wait(&mut self, pid: Arc<str>, session: Session<D>) -> u64 {
        let mut dropped = 0;
        while !self.budget.fits_session(session.weight) && self.drop_oldest() {
            dropped += 1;
        }
        if !self.budget.fits_session(session.weight) {
            self.forget(&pid);
            return dropped + 1;
        }
        self.budget.add_session(session.weight);
        self.numbers += 1;
        let number = self.numbers;
        let socket = session.trace.id().clone();
        self.deadlines
            .insert((session.deadline, number), pid.clone());
        self.away.insert(socket.clone(), pid.clone());
        let session = Box::new(session);
        let state = State::Waiting { session, number };
        self.owners.insert(pid, Owner { socket, state });
        dropped
    }

    /// Nobody comes back under this id.
    pub(super) fn forget(&mut self, pid: &str) {
        let Some((pid, owner)) = self.owners.remove_entry(pid) else {
            return;
        };
        if self.away.get(&owner.socket) == Some(&pid) {
            self.away.remove(&owner.socket);
        }
        if let State::Waiting { session, number } = owner.state {
            self.deadlines.remove(&(session.deadline, number));
            self.budget.remove_session(session.weight);
        }
        // What a crowd needed is not kept for the few who stay.
        if self.owners.len() < self.owners.capacity() / 8 {
            self.owners.shrink_to(self.owners.len() * 2);
            self.away.shrink_to(self.away.len() * 2);
        }
    }

    /// Forgets those who come too late.
    pub(super) fn expire(&mut self, now: Moment) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.drop_oldest();
        }
    }

    /// When the next session is over.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let ((deadline, _), _) = self.deadlines.first_key_value()?;
        Some(*deadline)
    }

    /// Forgets all who are away.
    pub(super) fn clear(&mut self) {
        while self.drop_oldest() {}
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, pid)) = self.deadlines.first_key_value() else {
            return false;
        };
        let pid = pid.clone();
        self.forget(&pid);
        true
    }
}

impl<D> Drop for Sessions<D> {
    fn drop(&mut self) {
        self.clear();
    }
}
