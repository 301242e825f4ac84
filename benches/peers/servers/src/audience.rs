//! Whom a floor's broadcast reaches: one queue per connection, and a list of all of them.
//!
//! A queue is a list and a waker: cheaper than a channel of the runtime, whose first block alone
//! holds 32 messages.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What waits for one connection.
#[derive(Debug)]
pub struct Outbox<M>(Mutex<Waiting<M>>);

#[derive(Debug)]
struct Waiting<M> {
    messages: Vec<M>,
    reader: Option<Waker>,
}

impl<M> Outbox<M> {
    /// Puts a message into the queue and wakes the reader.
    pub fn push(&self, message: M) {
        let mut waiting = lock(&self.0);
        waiting.messages.push(message);
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Moves all that waits to the end of `into`; pending when nothing does.
    pub fn poll_take(&self, cx: &mut Context<'_>, into: &mut Vec<M>) -> Poll<()> {
        let mut waiting = lock(&self.0);
        if waiting.messages.is_empty() {
            match &mut waiting.reader {
                Some(reader) => reader.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        into.append(&mut waiting.messages);
        Poll::Ready(())
    }
}

/// All connections, by number.
#[derive(Debug)]
pub struct Audience<M> {
    members: Mutex<HashMap<u64, Arc<Outbox<M>>>>,
    next: AtomicU64,
}

impl<M> Default for Audience<M> {
    fn default() -> Audience<M> {
        Audience {
            members: Mutex::default(),
            next: AtomicU64::new(0),
        }
    }
}

impl<M: Clone> Audience<M> {
    /// Adds a connection.
    pub fn join(&self) -> (u64, Arc<Outbox<M>>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let outbox = Arc::new(Outbox(Mutex::new(Waiting {
            messages: Vec::new(),
            reader: None,
        })));
        lock(&self.members).insert(number, outbox.clone());
        (number, outbox)
    }

    /// The connection with this number.
    pub fn member(&self, number: u64) -> Option<Arc<Outbox<M>>> {
        lock(&self.members).get(&number).cloned()
    }

    /// Removes a connection.
    pub fn leave(&self, number: u64) {
        lock(&self.members).remove(&number);
    }

    /// Puts a message into every queue.
    pub fn broadcast(&self, message: &M) {
        for outbox in lock(&self.members).values() {
            outbox.push(message.clone());
        }
    }
}

/// A session id of the usual length.
pub fn sid(number: u64) -> String {
    format!("{number:020}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
