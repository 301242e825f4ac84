//! Everyone who is connected, so that a stopping server can tell them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::registry::{Mail, Mailbox};

/// The mailboxes of all clients, whatever they speak.
#[derive(Default)]
pub(crate) struct Crowd {
    state: Mutex<State>,
    emptied: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    mailboxes: HashMap<u64, Arc<Mailbox>, foldhash::fast::RandomState>,
}

impl Crowd {
    /// Adds a client; the number takes it out again.
    pub(crate) fn enter(&self, mailbox: &Arc<Mailbox>) -> u64 {
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        state.mailboxes.insert(number, mailbox.clone());
        number
    }

    /// Takes a client out. Harmless when it is not there.
    pub(crate) fn leave(&self, number: u64) {
        let mut state = self.lock();
        let mailbox = state.mailboxes.remove(&number);
        // What a crowd needed is not kept for the few who stay.
        let left = state.mailboxes.len();
        if left < state.mailboxes.capacity() / 8 {
            state.mailboxes.shrink_to(left * 2);
        }
        if left == 0 {
            self.emptied.notify_waiters();
        }
        drop(state);
        // Dropped after the lock: mail in it may belong to somebody's code.
        drop(mailbox);
    }

    /// How many clients there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().mailboxes.len()
    }

    /// Tells every client's task that the server stops.
    pub(crate) fn shut_down(&self) {
        let mailboxes: Vec<_> = self.lock().mailboxes.values().cloned().collect();
        for mailbox in mailboxes {
            // A client that has just left needs no telling.
            let _ = mailbox.post(Mail::ShutDown);
        }
    }

    /// Waits until nobody is left.
    pub(crate) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            // Listens before it looks, so that the last one's leaving is not missed.
            emptied.as_mut().enable();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
