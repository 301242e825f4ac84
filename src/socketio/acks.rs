//! Who waits for which answer of a client, and until when.
//!
//! One [`Acks`] belongs to one client in one namespace, so that an answer can only reach a waiter
//! of its own namespace. An answer that nobody waits for (late, unknown, second) has no effect
//! (reference: socket.io 4.8).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::args::Args;
use crate::wire::Moment;

/// What an emit with acknowledgement comes to.
pub type AckOutcome = Result<Args, AckError>;

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum AckError {
    /// The client did not answer in time.
    #[error("operation has timed out")]
    TimedOut,
    /// The client is not in the namespace, or has left it before answering.
    #[error("the client has disconnected")]
    Disconnected,
    /// The client owes as many answers as it may
    /// ([`Config::max_pending_acks`](super::Config::max_pending_acks)); nothing was sent.
    #[error("the client owes too many acknowledgements")]
    TooMany,
    /// The server's parser has no form for the event; nothing was sent.
    #[error("the event has no form in the server's wire format")]
    Unencodable,
    /// The application used the same id again while it was waited for.
    #[error("the acknowledgement id was used again")]
    Replaced,
    /// The event was volatile and could not leave at once, or had no room; nothing was sent.
    #[error("the event was dropped")]
    Dropped,
}

/// Somebody who waits for one answer. A waiter that is dropped is never answered.
pub struct Waiter(Box<dyn FnOnce(AckOutcome) + Send>);

impl Waiter {
    /// Calls `answered` with the outcome.
    pub fn new(answered: impl FnOnce(AckOutcome) + Send + 'static) -> Waiter {
        Waiter(Box::new(answered))
    }

    /// Hands over the outcome.
    pub fn answer(self, outcome: AckOutcome) {
        (self.0)(outcome);
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter")
    }
}

/// The wish to have an event answered.
#[derive(Debug)]
pub struct AckRequest {
    /// The id on the wire; not in use for another event of this client in this namespace.
    pub id: u64,
    /// How long to wait; without limit if `None`.
    pub timeout: Option<Duration>,
    /// Who is told the outcome.
    pub waiter: Waiter,
}

/// The waiters for one client's answers in one namespace. Allocates nothing while nobody waits.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: BTreeMap<u64, Waiting>,
    /// The same ids by deadline; without those that have none.
    deadlines: BTreeSet<(Moment, u64)>,
}

#[derive(Debug)]
struct Waiting {
    waiter: Waiter,
    deadline: Option<Moment>,
}

impl Acks {
    /// The waiter for `id`, who now waits no longer.
    pub(crate) fn handle_answer(&mut self, id: u64) -> Option<Waiter> {
        let Waiting { waiter, deadline } = self.waiting.remove(&id)?;
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, id));
        }
        Some(waiter)
    }

    /// One waiter whose time is over; call until there is none.
    pub(crate) fn handle_timeout(&mut self, now: Moment) -> Option<Waiter> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.handle_answer(id)
    }

    /// Begins to wait. Gives back the waiter who waited for the same id.
    pub(crate) fn wait(&mut self, request: AckRequest, now: Moment) -> Option<Waiter> {
        let replaced = self.handle_answer(request.id);
        let deadline = request.timeout.map(|timeout| now + timeout);
        self.deadlines
            .extend(deadline.map(|deadline| (deadline, request.id)));
        self.waiting.insert(
            request.id,
            Waiting {
                waiter: request.waiter,
                deadline,
            },
        );
        replaced
    }

    /// All who wait, in the order of their ids; nobody waits afterwards.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Waiter> + use<> {
        self.deadlines.clear();
        std::mem::take(&mut self.waiting)
            .into_values()
            .map(|waiting| waiting.waiter)
    }

    /// When the next waiter's time is over.
    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}
