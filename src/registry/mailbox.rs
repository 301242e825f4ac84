//! How the rest of the program reaches a client's task.

mod room;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;

use super::mail::{DropReason, Mail};
use crate::socketio::SlowClient;

pub(crate) use room::Declined;
pub use room::Lag;

/// A queue that once grew beyond this many mails gives its memory back when it is empty.
pub(crate) const MAILS_KEPT: usize = 8;

/// Where a client's task receives its mail, and what others may know of the client.
pub(crate) struct Mailbox {
    state: Mutex<State>,
    /// Bytes that wait: in here, in the session, and in the WebSocket's buffer or in answers to
    /// GETs that are not written yet.
    ///
    /// Below zero for moments in which what has left is counted off before it was counted.
    backlog: AtomicIsize,
    limit: usize,
    policy: SlowClient,
    overflowed: AtomicBool,
    /// Whether there is mail, as far as it can be said without the lock.
    has_mail: AtomicBool,
    transport: AtomicU8,
    /// Whether somebody waits for room.
    is_awaited: AtomicBool,
    /// How many frames wait with the task.
    frames: AtomicU32,
    /// How many packets did not reach the client though it was there.
    dropped: AtomicU32,
    /// How many of these were not volatile.
    lost: AtomicU32,
    /// Whether the connection is over.
    ended: AtomicBool,
}

#[derive(Default)]
struct State {
    mails: VecDeque<Mail>,
    /// The weight of the mails.
    weight: usize,
    /// The task; what wakes it takes this out, and otherwise it is kept for the next time.
    waker: Option<Waker>,
    asleep: bool,
    /// Room was made while the task was awake, and somebody waits for some.
    is_nudged: bool,
    closed: bool,
}

impl State {
    /// What wakes the task if it sleeps; it counts as awake from now on.
    fn take_waker(&mut self) -> Option<Waker> {
        match std::mem::take(&mut self.asleep) {
            true => self.waker.take(),
            false => None,
        }
    }
}

impl Mailbox {
    /// A mailbox whose owner may let up to `limit` bytes wait. Allocates nothing until used.
    pub(crate) fn new(limit: usize) -> Mailbox {
        Mailbox {
            state: Mutex::default(),
            backlog: AtomicIsize::new(0),
            limit,
            policy: SlowClient::default(),
            overflowed: AtomicBool::new(false),
            has_mail: AtomicBool::new(false),
            transport: AtomicU8::new(0),
            is_awaited: AtomicBool::new(false),
            frames: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Says what becomes of packets beyond the limit.
    pub(crate) fn with_policy(mut self, policy: SlowClient) -> Mailbox {
        self.policy = policy;
        self
    }

    /// Hands something to the client's task.
    ///
    /// A client that let too much wait, and has to be closed for it, gets nothing more: its task is
    /// told, and closes it.
    pub(crate) fn post(&self, mail: Mail) -> Result<(), DropReason> {
        self.post_in(self.lock(), mail)
    }

    fn post_in(&self, mut state: MutexGuard<'_, State>, mail: Mail) -> Result<(), DropReason> {
        if state.closed {
            return Err(DropReason::Disconnected);
        }
        let weight = mail.weight();
        let over =
            weight > 0 && (self.overflowed.load(Ordering::Relaxed) || !self.has_room(weight));
        let posted = if over {
            self.press(&mut state, &mail, weight)
        } else {
            Ok(())
        };
        match posted {
            Ok(()) => self.put(&mut state, mail, weight),
            // Nothing has changed for the task.
            Err(DropReason::NoRoom) => return posted,
            Err(_) => {}
        }
        let waker = state.take_waker();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        posted
    }

    fn put(&self, state: &mut State, mail: Mail, weight: usize) {
        self.account(0, weight);
        state.weight += weight;
        state.mails.push_back(mail);
        self.has_mail.store(true, Ordering::Release);
    }

    /// Whether there is mail. What others post at the same time may be missed, but nothing that was
    /// posted by whoever asks.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// Moves all mail into `mails`, which is empty. Until it [sleeps](Mailbox::sleep) again, mail
    /// does not wake the task.
    ///
    /// Its weight goes on counting until the task [accounts](Mailbox::account) for it.
    pub(crate) fn take(&self, mails: &mut VecDeque<Mail>) {
        let mut state = self.lock();
        state.asleep = false;
        if !state.mails.is_empty() {
            std::mem::swap(&mut state.mails, mails);
            state.weight = 0;
            self.has_mail.store(false, Ordering::Release);
        }
    }

    /// The task sleeps, and the next mail wakes it; false if there is mail already, or there was
    /// more than is allowed.
    pub(crate) fn sleep(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        // One who wrote too much meanwhile has not woken the task, which was awake.
        let is_nudged = std::mem::take(&mut state.is_nudged);
        if is_nudged || !state.mails.is_empty() || (!state.closed && self.is_overflowing()) {
            return false;
        }
        if state.mails.capacity() > MAILS_KEPT {
            // An idle client keeps no buffer for its busiest moment.
            state.mails = VecDeque::new();
        }
        if !state
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            state.waker = Some(waker.clone());
        }
        state.asleep = true;
        true
    }

    /// The connection is over, though mail may still be taken for a moment.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the connection is over.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Refuses all further mail and drops what waits.
    pub(crate) fn close(&self) {
        self.end();
        let mails = {
            let mut state = self.lock();
            state.closed = true;
            state.asleep = false;
            state.waker = None;
            state.weight = 0;
            std::mem::take(&mut state.mails)
        };
        // Dropped outside the lock: a waiter in it may run somebody's code.
        drop(mails);
    }

    /// The task says how many bytes it holds itself; `before` is what it said last, with the
    /// weight of what it took since then.
    pub(crate) fn account(&self, before: usize, held: usize) {
        // Memory is never so large that a size has no signed form.
        let change = held.cast_signed() - before.cast_signed();
        // In one order with `is_awaited`, so that room that is made is not missed.
        self.backlog.fetch_add(change, Ordering::SeqCst);
    }

    /// Makes bytes that the task accounts for count until they are written, elsewhere.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Held {
        let mailbox = self.clone();
        Held { mailbox, bytes }
    }

    /// Whether more bytes wait, or were about to, than the client is allowed.
    pub(crate) fn is_overflowing(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed) || self.backlog() > self.limit
    }

    fn backlog(&self) -> usize {
        self.backlog.load(Ordering::SeqCst).max(0).cast_unsigned()
    }

    /// A small number that says by which transport the client is connected at present.
    pub(crate) fn transport(&self) -> u8 {
        self.transport.load(Ordering::Relaxed)
    }

    /// Notes the transport's number.
    pub(crate) fn set_transport(&self, transport: u8) {
        self.transport.store(transport, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, so the state is whole even if poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that count against a client's limit for as long as this lives.
pub(crate) struct Held {
    mailbox: Arc<Mailbox>,
    bytes: usize,
}

impl Held {
    /// The same bytes; when the last clone of them is gone, they count no longer.
    pub(crate) fn attach(self, bytes: Bytes) -> Bytes {
        struct Attached {
            bytes: Bytes,
            _held: Held,
        }

        impl AsRef<[u8]> for Attached {
            fn as_ref(&self) -> &[u8] {
                &self.bytes
            }
        }

        Bytes::from_owner(Attached { bytes, _held: self })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.mailbox.account(self.bytes, 0);
        self.mailbox.tell_room();
    }
}
