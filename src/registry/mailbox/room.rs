//! What happens when as much waits for a client as may: whether a packet can be spared, what is taken
//! out of the mailbox for it, who waits for room, and how much there is.
//!
//! The client's task makes room among what it has taken; here is what it has not taken. With packets
//! that may be lost, a mailbox takes up to the client's whole budget once more until the task has had
//! its turn.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::{DropReason, Mail, Mailbox, State};
use crate::socketio::{Namespace, SlowClient};

/// How far behind a client is; see [`Socket::lag`](crate::Socket::lag).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lag {
    /// The bytes that wait, each packet and each attachment counted with 128 more: in the client's
    /// queues, in its WebSocket's buffer, and in answers to GETs that are not written yet.
    pub bytes: usize,
    /// How many packets wait in the queues; an attachment counts as one.
    pub packets: usize,
    /// How many packets did not reach the client though it was there: volatile ones that could not
    /// leave at once, those that a policy dropped, and those that were replaced by newer ones.
    pub dropped: usize,
    /// How many of these were not volatile: more than none mean that there is a gap in what the
    /// client got, in whichever of its namespaces.
    pub lost: usize,
}

/// Why an offer was not taken.
pub(crate) enum Declined {
    /// There is no room for it now.
    NoRoom(Mail),
    Dropped(DropReason),
}

impl Mailbox {
    /// Hands something to the client's task if there is room for it, or if there never can be.
    ///
    /// Whoever is taken had room, however many offer something at the same time.
    pub(crate) fn offer(&self, mail: Mail) -> Result<(), Declined> {
        let weight = mail.weight();
        let state = self.lock();
        if !state.closed && weight <= self.limit && !self.has_room(weight) {
            return Err(Declined::NoRoom(mail));
        }
        self.post_in(state, mail).map_err(Declined::Dropped)
    }

    /// Waits until there is room for so many bytes, or the client has left. Does not wait for what
    /// can never be.
    pub(crate) async fn room(&self, weight: usize) {
        if weight > self.limit || self.has_room(weight) {
            return;
        }
        let (sender, receiver) = oneshot::channel();
        if self.post(Mail::Room(weight, sender)).is_ok() {
            // The sender is dropped when the client leaves.
            let _ = receiver.await;
        }
    }

    /// The task says whether somebody waits for room with it.
    pub(crate) fn set_awaited(&self, is_awaited: bool) {
        self.is_awaited.store(is_awaited, Ordering::SeqCst);
    }

    /// Less waits now, elsewhere than with the task: it looks whether that is what somebody waits
    /// for.
    pub(super) fn tell_room(&self) {
        if !self.is_awaited.load(Ordering::SeqCst) {
            return;
        }
        let waker = {
            let mut state = self.lock();
            state.is_nudged |= !state.asleep;
            state.take_waker()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether so many bytes more are within the limit.
    pub(super) fn has_room(&self, weight: usize) -> bool {
        self.backlog().saturating_add(weight) <= self.limit
    }

    /// Whether those who wait to send so many bytes should go on: the client has caught up with half
    /// of what it may leave waiting.
    pub(crate) fn has_caught_up(&self, weight: usize) -> bool {
        let backlog = self.backlog();
        backlog == 0 || (backlog <= self.limit / 2 && self.has_room(weight))
    }

    /// Whether a mail for which there is no room is taken all the same, because others can be spared
    /// for it; after this they are, as far as they are in here.
    #[cold]
    pub(super) fn press(
        &self,
        state: &mut State,
        mail: &Mail,
        weight: usize,
    ) -> Result<(), DropReason> {
        if self.is_given_up() {
            return Err(DropReason::SlowConsumer);
        }
        let policy = mail.policy(self.policy);
        if mail.is_volatile() && policy != SlowClient::Close {
            self.count_dropped(1);
            return Err(DropReason::NoRoom);
        }
        let is_newest = mail.key().is_some();
        let is_taken = match policy {
            SlowClient::DropVolatileFirst => {
                self.remove(state, usize::MAX, |mail| {
                    mail.is_volatile() && mail.may_be_lost()
                });
                self.has_room(weight) || (is_newest && self.compact(state, mail, weight))
            }
            SlowClient::DropOldest => self.compact(state, mail, weight),
            SlowClient::Close => is_newest && self.compact(state, mail, weight),
        };
        if is_taken {
            Ok(())
        } else {
            self.overflowed.store(true, Ordering::Relaxed);
            Err(DropReason::SlowConsumer)
        }
    }

    /// Whether the mails in here, with this one more, are within the limit; if they are not, those
    /// that were replaced and those that may be lost go until an eighth of it is free.
    fn compact(&self, state: &mut State, mail: &Mail, weight: usize) -> bool {
        if state.weight.saturating_add(weight) <= self.limit {
            return true;
        }
        let mut newer: HashSet<(Namespace, Arc<str>)> = HashSet::from_iter(mail.key());
        let is_replaced: Vec<bool> = state
            .mails
            .iter()
            .rev()
            .map(|mail| mail.key().is_some_and(|key| !newer.insert(key)))
            .collect();
        let mut is_replaced = is_replaced.into_iter().rev();
        self.remove(state, usize::MAX, |_| is_replaced.next().unwrap_or(false));
        let excess = (state.weight + weight).saturating_sub(self.target());
        self.remove(state, excess, |mail| {
            mail.may_be_lost() && mail.policy(self.policy) == SlowClient::DropOldest
        });
        state.weight + weight <= self.target()
    }

    /// Removes mails from the front, until so many bytes are free.
    fn remove(&self, state: &mut State, bytes: usize, mut is_spared: impl FnMut(&Mail) -> bool) {
        let (mut freed, mut lost, mut volatile) = (0, 0, 0);
        state.mails.retain(|mail| {
            let stays = freed >= bytes || !is_spared(mail);
            if !stays {
                freed += mail.weight();
                match mail.is_volatile() {
                    true => volatile += 1,
                    false => lost += 1,
                }
            }
            stays
        });
        state.weight -= freed;
        self.account(freed, 0);
        self.count_dropped(volatile);
        self.count_lost(lost);
    }

    /// What should wait at most once room has been made.
    fn target(&self) -> usize {
        self.limit - self.limit / 8
    }

    /// How many bytes the task should free so that an eighth of the budget is free; 0 if it is.
    pub(crate) fn excess(&self) -> usize {
        self.backlog().saturating_sub(self.target())
    }

    /// Whether so many bytes are over the limit by themselves.
    pub(crate) fn is_over(&self, bytes: usize) -> bool {
        bytes > self.limit
    }

    /// Whether it was decided that the client is to be closed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Whether there is nothing that the task could take.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().mails.is_empty()
    }

    /// Notes volatile packets that did not leave.
    pub(crate) fn count_dropped(&self, packets: u32) {
        if packets > 0 {
            self.dropped.fetch_add(packets, Ordering::Relaxed);
        }
    }

    /// Notes packets that were dropped though they were not volatile, or were replaced.
    pub(crate) fn count_lost(&self, packets: usize) {
        if packets > 0 {
            let packets = u32::try_from(packets).unwrap_or(u32::MAX);
            self.dropped.fetch_add(packets, Ordering::Relaxed);
            self.lost.fetch_add(packets, Ordering::Relaxed);
        }
    }

    /// The task says how many frames wait with it.
    pub(crate) fn set_frames(&self, frames: usize) {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        self.frames.store(frames, Ordering::Relaxed);
    }

    /// How far behind the client is; for one that has left nothing waits.
    pub(crate) fn lag(&self) -> Lag {
        let state = self.lock();
        let (bytes, packets) = match state.closed {
            true => (0, 0),
            false => {
                let frames = self.frames.load(Ordering::Relaxed) as usize;
                (self.backlog(), state.mails.len() + frames)
            }
        };
        Lag {
            bytes,
            packets,
            dropped: self.dropped.load(Ordering::Relaxed) as usize,
            lost: self.lost.load(Ordering::Relaxed) as usize,
        }
    }
}

#[cfg(test)]
mod tests;
