//! One namespace: what was sent in it, and who may come back to it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::log::{Entry, Evicted, Log, Loss, Target};
use super::sessions::{Found, Session, Sessions};
use super::trace::GAP;
use super::{Budget, Config, Tag, Trace};
use crate::rooms::Room;
use crate::socketio::Outgoing;
use crate::wire::{Moment, SocketId};

/// The log and the sessions of one namespace; `D` is what an application keeps with a session.
///
/// Where it differs from the reference server:
///
/// - A client that has not got any event yet comes back without an offset, and is sent everything
///   since its session began.
/// - A packet is judged by the rooms that the socket was in when it was sent.
/// - A client that got everything can come back even if the log has dropped what it got.
/// - A session is restored at most once. It begins anew, under the same private id, when the client
///   is lost again.
#[derive(Debug)]
pub struct Ledger<D> {
    tag: Tag,
    log: Log,
    sessions: Sessions<D>,
    max_disconnection: Duration,
    /// How many traces there are whose sockets are here or on their way in.
    present: usize,
    /// Whether the namespace is no more.
    is_over: bool,
}

/// What a client shows that wants to come back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The private id.
    pub pid: String,
    /// The last offset that it got, if it got one.
    pub offset: Option<String>,
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claimed<D> {
    /// There is nothing to come back to.
    Nothing,
    /// The session's last connection is not over yet: it is to be closed, and then the claim to be
    /// made [again](Ledger::claim), or to be [given up](Ledger::give_up).
    Connected(SocketId),
    /// The session, which is nobody else's from now on.
    Returning(Box<Returning<D>>),
}

/// A session on its way back: to be [resumed](Ledger::resume), or to be
/// [put back](Ledger::put_back), or to be [ended](Ledger::end).
#[derive(Debug)]
pub struct Returning<D> {
    pid: Arc<str>,
    session: Session<D>,
    /// The client got everything up to here.
    got: u64,
}

impl<D> Returning<D> {
    /// The socket's public id, which it keeps.
    pub fn id(&self) -> &SocketId {
        self.session.trace.id()
    }

    /// The private id, which it keeps as well.
    pub fn pid(&self) -> &Arc<str> {
        &self.pid
    }

    /// What the application kept with the session.
    pub fn data(&self) -> &D {
        &self.session.data
    }
}

/// A session that goes on.
#[derive(Debug)]
pub struct Resumed {
    /// Of the socket, from now on.
    pub trace: Trace,
    /// The rooms that it is in.
    pub rooms: Vec<Room>,
    /// What it missed, in order.
    pub missed: Vec<Arc<Outgoing>>,
}

impl Claim {
    /// Reads a claim from what a client sent with its CONNECT packet, a JSON object. `None` if it
    /// makes none, or an id or offset is no text.
    pub fn read(auth: &str) -> Option<Claim> {
        #[derive(Deserialize)]
        struct Fields {
            pid: String,
            offset: Option<String>,
        }
        let Fields { pid, offset } = serde_json::from_str(auth).ok()?;
        Some(Claim { pid, offset })
    }
}

impl<D> Ledger<D> {
    /// An empty ledger, whose packets are kept for `retention` and 5 s more.
    ///
    /// That is the longest disconnection and the time after which a silent client is given up: what
    /// a client missed before its loss was noticed must be there still.
    pub fn new(tag: Tag, config: &Config, retention: Duration, budget: Arc<Budget>) -> Ledger<D> {
        // Where nothing was noted of a pause, what came before it is there still.
        let retention = retention.saturating_add(GAP);
        Ledger {
            tag,
            log: Log::new(config.max_bytes, retention, budget.clone()),
            sessions: Sessions::new(budget),
            max_disconnection: config.max_disconnection,
            present: 0,
            is_over: false,
        }
    }

    /// A socket is made that can be recovered. It ends with [`lose`](Ledger::lose) or
    /// [`end`](Ledger::end).
    pub fn begin(&mut self, id: &SocketId) -> Trace {
        self.present += 1;
        Trace::new(id.clone(), self.log.last())
    }

    /// The socket is let in, into these rooms; the private id is what its client comes back with.
    pub fn enter(&mut self, trace: &mut Trace, pid: &Arc<str>, rooms: Vec<Room>, now: Moment) {
        trace.enter(rooms, &self.log);
        self.sessions.connect(pid.clone(), trace.id().clone(), now);
    }

    /// The socket joined a room.
    pub fn join(&mut self, trace: &mut Trace, room: &str) {
        trace.change(room.into(), true, &self.log);
    }

    /// The socket left a room.
    pub fn leave(&mut self, trace: &mut Trace, room: &str) {
        trace.change(room.into(), false, &self.log);
    }

    /// Whether nobody is here who could miss something, or could come back for it: then a packet
    /// needs no number.
    pub fn is_deserted(&self) -> bool {
        self.present == 0 && self.sessions.away() == 0
    }

    /// Whether the socket of this id is away and may come back.
    pub fn is_away(&self, id: &SocketId) -> bool {
        self.sessions.is_away(id)
    }

    /// Gives a packet its number and keeps it. Whoever calls this puts the packet into the mailboxes
    /// before anything else happens to the ledger, and [notes](Ledger::note) whom it was meant for.
    pub fn append(
        &mut self,
        packet: Outgoing,
        target: Target,
        now: Moment,
    ) -> (Arc<Outgoing>, Evicted) {
        let packet = Arc::new(packet.with_offset(&self.tag.write(self.log.last() + 1)));
        let mut evicted = self.log.append(packet.clone(), target, now);
        if self.is_over {
            self.log.clear(&mut evicted);
        }
        (packet, evicted)
    }

    /// Marks a packet that is not kept with the number of the last one that was, so that nothing in
    /// it can be taken for an offset.
    pub fn mark(&self, packet: Outgoing) -> Arc<Outgoing> {
        Arc::new(packet.with_offset(&self.tag.write(self.log.last())))
    }

    /// The packet that was appended last, at `now`, was meant for this socket.
    pub fn note(&self, trace: &mut Trace, now: Moment) {
        trace.note(self.log.last(), now, &self.log);
    }

    /// A socket is gone, and its client may come back.
    ///
    /// `size` is that of the data, in bytes.
    pub fn lose(&mut self, trace: Trace, pid: Arc<str>, data: D, size: usize, now: Moment) {
        if self.is_over {
            return self.end(Some(&pid));
        }
        self.present -= 1;
        let (left, deadline) = (self.log.last(), now + self.max_disconnection);
        let session = Session::new(trace, left, deadline, data, size);
        self.log.loss.sessions += self.sessions.wait(pid, session);
    }

    /// A socket is gone, and its client cannot come back to this session.
    pub fn end(&mut self, pid: Option<&str>) {
        self.present -= 1;
        if let Some(pid) = pid {
            self.sessions.forget(pid);
        }
    }

    /// A client that arrived at `arrived` wants to come back.
    ///
    /// An offset that was never given out changes nothing. One that is too old ends the session: it
    /// cannot be recovered any more.
    pub fn claim(&mut self, claim: &Claim, arrived: Moment, now: Moment) -> Claimed<D> {
        let got = match &claim.offset {
            None => 0,
            Some(offset) => match self.tag.read(offset) {
                Some(got) if got <= self.log.last() => got,
                _ => return Claimed::Nothing,
            },
        };
        let session = match self.sessions.find(&claim.pid, arrived, now) {
            Found::Nobody => return Claimed::Nothing,
            Found::Connected(id) => return Claimed::Connected(id),
            Found::Taken(session) => *session,
        };
        // Clients keep an offset of an earlier session until they get one of this.
        let got = got.max(session.trace.start());
        if session
            .trace
            .first_missed(got, session.left, &self.log)
            .is_none()
        {
            self.sessions.forget(&claim.pid);
            return Claimed::Nothing;
        }
        self.present += 1;
        let pid = claim.pid.as_str().into();
        Claimed::Returning(Box::new(Returning { pid, session, got }))
    }

    /// Whoever was told to wait for the session's last connection does not wait any more.
    pub fn give_up(&mut self, claim: &Claim) {
        self.sessions.unclaim(&claim.pid);
    }

    /// The session goes on: the client is here, and is sent what it missed before anything else.
    /// What it missed may take up to `limit` bytes.
    ///
    /// # Errors
    /// With the data, when that is more, or not all of it is there any more. The session is over.
    pub fn resume(
        &mut self,
        returning: Returning<D>,
        limit: usize,
        now: Moment,
    ) -> Result<(Resumed, D), D> {
        let Returning { pid, session, got } = returning;
        let Session {
            mut trace,
            left,
            data,
            ..
        } = session;
        let first = trace.first_missed(got, left, &self.log);
        let missed = first.map(|first| trace.missed(first, &self.log));
        let weight = |missed: &Vec<(u64, &Entry)>| -> usize {
            missed.iter().map(|(_, entry)| entry.replay_weight()).sum()
        };
        let Some(missed) = missed.filter(|missed| weight(missed) <= limit) else {
            self.present -= 1;
            self.sessions.forget(&pid);
            return Err(data);
        };
        trace.catch_up(got, &missed, &self.log);
        let missed = missed
            .iter()
            .map(|(_, entry)| entry.packet.clone())
            .collect();
        self.sessions.connect(pid, trace.id().clone(), now);
        let rooms = trace.rooms();
        Ok((
            Resumed {
                trace,
                rooms,
                missed,
            },
            data,
        ))
    }

    /// The client left before it was decided about: it may come back as before.
    pub fn put_back(&mut self, returning: Returning<D>) {
        if self.is_over {
            return self.end(Some(&returning.pid));
        }
        self.present -= 1;
        let Returning { pid, session, .. } = returning;
        self.log.loss.sessions += self.sessions.wait(pid, session);
    }

    /// The namespace is no more: nobody comes back to it, and nothing is kept from now on, however
    /// long somebody has it still.
    pub fn dissolve(&mut self) -> Evicted {
        self.is_over = true;
        self.sessions.clear();
        let mut evicted = Evicted::default();
        self.log.clear(&mut evicted);
        evicted
    }

    /// Drops what is too old, and everything where nobody is left. Says when it is to be done again,
    /// if anything is kept.
    pub fn sweep(&mut self, now: Moment) -> (Evicted, Option<Moment>) {
        let mut evicted = Evicted::default();
        self.sessions.expire(now);
        match self.is_deserted() {
            true => self.log.clear(&mut evicted),
            false => self.log.expire(now, &mut evicted),
        }
        let deadlines = [self.log.deadline(), self.sessions.deadline()];
        (evicted, deadlines.into_iter().flatten().min())
    }

    /// What was dropped for want of room since this was asked last.
    pub fn take_loss(&mut self) -> Loss {
        std::mem::take(&mut self.log.loss)
    }
}
