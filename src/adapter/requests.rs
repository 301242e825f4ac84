//! Requests under way: what has come so far, and where answers belong.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::NodeId;
use super::message::{RequestId, SocketRecord};
use super::tally::{Missing, Tally};
use crate::socketio::{AckOutcome, Args};
use crate::wire::SocketId;

/// One piece of what a request brings.
#[derive(Debug)]
pub(crate) enum Part {
    /// A socket's acknowledgement.
    Socket(SocketId, AckOutcome),
    /// A node's answer to a server-side event; none when nobody listens there.
    Node(NodeId, Option<Args>),
    /// A socket of another node.
    Record(Box<SocketRecord>),
}

/// What has come of one request, and who still owes something.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    state: Mutex<State>,
    changed: Notify,
    /// Whether the first part is enough.
    single: bool,
}

#[derive(Debug, Default)]
struct State {
    tally: Tally,
    parts: Vec<Part>,
}

impl Gathering {
    pub(crate) fn new() -> Gathering {
        Gathering::default()
    }

    /// One that is complete with its first part.
    pub(crate) fn of_one() -> Gathering {
        Gathering {
            single: true,
            ..Gathering::default()
        }
    }

    /// Notes something on the tally.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Tally)) {
        self.update(|state| note(&mut state.tally));
    }

    /// A socket has answered; only its first answer counts.
    pub(crate) fn answer(&self, socket: &SocketId, outcome: AckOutcome) {
        self.update(|state| {
            if state.tally.answer(socket) {
                state.parts.push(Part::Socket(socket.clone(), outcome));
            }
        });
    }

    /// A node has reported, and this with it; only its first report counts.
    pub(crate) fn report(&self, node: &NodeId, part: Option<Part>) {
        self.update(|state| {
            if state.tally.report(node) {
                state.parts.extend(part);
            }
        });
    }

    /// Adds parts of a report that is not whole yet.
    pub(crate) fn add(&self, parts: impl Iterator<Item = Part>) {
        self.update(|state| state.parts.extend(parts));
    }

    /// Waits until every node has reported that can.
    pub(crate) async fn reports(&self) {
        self.until(|state| state.tally.has_reports()).await;
    }

    /// Waits until nothing more will come, or is needed.
    pub(crate) async fn complete(&self) {
        self.until(|state| self.is_complete(state)).await;
    }

    /// The parts, and who is missing. A single answer is not waited for by anybody else.
    pub(crate) fn take(&self) -> (Vec<Part>, Missing) {
        let mut state = self.lock();
        let missing = match self.single && !state.parts.is_empty() {
            true => Missing::default(),
            false => state.tally.missing(),
        };
        (std::mem::take(&mut state.parts), missing)
    }

    /// The sockets of this node that owe an answer.
    pub(crate) fn owed_here(&self) -> Vec<SocketId> {
        self.lock().tally.owed_here().cloned().collect()
    }

    /// Only one task may wait.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        while !is_so(&self.lock()) {
            self.changed.notified().await;
        }
    }

    fn is_complete(&self, state: &State) -> bool {
        (self.single && !state.parts.is_empty()) || state.tally.is_complete()
    }

    fn update(&self, update: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        update(&mut state);
        let may_matter = self.is_complete(&state) || state.tally.has_reports();
        drop(state);
        if may_matter {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requests of one node that are open.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    count: AtomicU64,
    open: Mutex<HashMap<RequestId, Arc<Gathering>>>,
}

impl Requests {
    /// Opens a request of `node`: answers to it find the gathering until it is closed.
    pub(crate) fn open(&self, node: &NodeId, gathering: &Arc<Gathering>) -> RequestId {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = RequestId::new(format!("{node}.{number}"));
        self.lock().insert(id.clone(), gathering.clone());
        id
    }

    pub(crate) fn close(&self, id: &RequestId) {
        let closed = self.lock().remove(id);
        // Dropped outside the lock: what it has gathered may be large.
        drop(closed);
    }

    pub(crate) fn find(&self, id: &RequestId) -> Option<Arc<Gathering>> {
        self.lock().get(id).cloned()
    }

    /// A node has left.
    pub(crate) fn left(&self, node: &NodeId) {
        let open: Vec<_> = self.lock().values().cloned().collect();
        for gathering in open {
            gathering.note(|tally| tally.leave(node));
        }
    }

    /// Whether none is open.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Arc<Gathering>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
