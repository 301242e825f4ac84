//! Where a client's mail meets its connection.
//!
//! What handlers emit goes through the mailbox, what they return does not; so the mailbox is
//! emptied before anything is done directly, and everything leaves in the order in which the
//! application did it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::registry::{MAILS_KEPT, Mail, Mailbox};
use crate::socketio::{ConnectError, Outgoing, Violation};
use crate::wire::{Moment, SocketId};

use super::lanes::Lanes;
use super::watches::Watches;

/// The client's mailbox, from its task's side.
pub(super) struct Inbox {
    mailbox: Arc<Mailbox>,
    /// Mail that was taken out and not looked at yet.
    taken: VecDeque<Mail>,
    /// What the mailbox was told last about the bytes held by the task, and the weight of the mail
    /// taken since.
    held: usize,
    /// Who waits until enough is handed on.
    waiters: Vec<(Until, oneshot::Sender<()>)>,
    /// Who sees what is sent.
    watches: Watches,
}

/// What is waited for.
enum Until {
    /// Everything is handed on.
    Flushed,
    /// There is room for so many bytes.
    Room(usize),
}

impl Inbox {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Inbox {
        Inbox {
            mailbox,
            taken: VecDeque::new(),
            held: 0,
            waiters: Vec::new(),
            watches: Watches::default(),
        }
    }

    pub(super) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// What counts as held by the task, mail that it took since the last account included.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The task holds this many bytes now, and has handed over so many since the last time.
    pub(super) fn account(&mut self, held: usize, handed_over: usize) {
        if held + handed_over != self.held {
            self.mailbox.account(self.held, held + handed_over);
        }
        self.held = held;
    }

    /// Tells those who wait for what is so now; `held` is what the task holds.
    pub(super) fn tell_waiters(&mut self, held: usize) {
        if self.waiters.is_empty() {
            return;
        }
        // For a client that never catches up there may be ever more who have given up.
        self.waiters.retain(|(_, waiter)| !waiter.is_closed());
        // Said first, so that room that is made meanwhile is not missed.
        self.mailbox.set_awaited(true);
        let is_met = |until: &Until| match *until {
            Until::Flushed => held == 0,
            Until::Room(weight) => self.mailbox.has_caught_up(weight),
        };
        for (_, waiter) in self.waiters.extract_if(.., |(until, _)| is_met(until)) {
            // Whoever asked may have stopped waiting.
            let _ = waiter.send(());
        }
        if self.waiters.is_empty() {
            self.waiters = Vec::new();
            self.mailbox.set_awaited(false);
        }
    }

    /// Whether the task has to close the client, having made what room it could: too much waits
    /// that has to arrive.
    pub(super) fn is_hopeless(&self) -> bool {
        // Among mail that was not looked at yet there may be more that can be spared.
        let is_last = self.taken.is_empty() && self.mailbox.is_empty();
        self.mailbox.is_given_up()
            || self.mailbox.is_over(self.held)
            || (is_last && self.mailbox.excess() > 0)
    }

    /// The task sleeps until there is mail; false if there is some already.
    pub(super) fn sleep(&mut self, waker: &Waker) -> bool {
        if self.taken.capacity() > MAILS_KEPT && self.taken.is_empty() {
            self.taken = VecDeque::new();
        }
        self.taken.is_empty() && self.mailbox.sleep(waker)
    }

    pub(super) fn close(&mut self) {
        self.mailbox.close();
        self.taken.clear();
        self.waiters.clear();
        self.watches.clear();
    }
}

/// What is at hand while one input is dealt with.
pub(super) struct Desk<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) inbox: &'a mut Inbox,
    pub(super) lanes: &'a Lanes,
    pub(super) now: Moment,
}

impl Desk<'_> {
    /// Hands up to `most` mails to the connection, and says how many there were.
    pub(super) fn take_mail(&mut self, most: usize) -> usize {
        let mut done = 0;
        while done < most {
            if self.inbox.taken.is_empty() {
                self.inbox.mailbox.take(&mut self.inbox.taken);
            }
            let Some(mail) = self.inbox.taken.pop_front() else {
                break;
            };
            self.obey(mail);
            done += 1;
        }
        done
    }

    /// Hands over everything that was emitted so far; not what comes meanwhile, which may not end.
    pub(super) fn catch_up(&mut self) {
        while let Some(mail) = self.inbox.taken.pop_front() {
            self.obey(mail);
        }
        if !self.inbox.mailbox.has_mail() {
            return;
        }
        self.inbox.mailbox.take(&mut self.inbox.taken);
        while let Some(mail) = self.inbox.taken.pop_front() {
            self.obey(mail);
        }
    }

    pub(super) fn accept(&mut self, namespace: &str, socket: &SocketId) {
        self.catch_up();
        self.connection.accept(namespace, socket);
    }

    pub(super) fn accept_recoverable(&mut self, namespace: &str, socket: &SocketId, pid: &str) {
        self.catch_up();
        self.connection.accept_recoverable(namespace, socket, pid);
    }

    pub(super) fn refuse(&mut self, namespace: &str, error: &ConnectError) {
        self.catch_up();
        self.connection.refuse(namespace, error);
    }

    pub(super) fn acknowledge(&mut self, id: u64, answer: &Outgoing) {
        self.catch_up();
        self.connection.acknowledge(id, answer);
    }

    pub(super) fn violate(&mut self, violation: Violation) {
        self.catch_up();
        self.connection.violate(violation, self.now);
    }

    /// Whether an event would leave at once: nothing is queued or being written, and on polling a
    /// GET is parked.
    #[cold]
    fn can_leave_now(&self) -> bool {
        self.connection.is_writable() && self.lanes.unflushed() == 0
    }

    fn obey(&mut self, mail: Mail) {
        self.inbox.held += mail.weight();
        match mail {
            Mail::Emit { outgoing, ack } => {
                self.inbox.watches.tell(&outgoing);
                let ack = ack.map(|ack| *ack);
                if outgoing.flags().volatile && !self.can_leave_now() {
                    self.inbox.mailbox.count_dropped(1);
                    if let Some(ack) = ack {
                        self.connection.give_up(ack);
                    }
                    return;
                }
                self.connection.emit(&outgoing, ack, self.now);
                if outgoing.key().is_some() {
                    let replaced = self.connection.take_replaced();
                    self.inbox.mailbox.count_lost(replaced);
                }
            }
            Mail::Acknowledge { id, outgoing } => self.connection.acknowledge(id, &outgoing),
            Mail::Forget { namespace, id } => self.connection.forget(&namespace, id),
            Mail::Leave { namespace } => self.connection.leave(&namespace),
            Mail::LeaveAll => self.connection.leave_all(self.now),
            Mail::Send(frame) => self.connection.send(frame),
            Mail::Watch(watch) => self.inbox.watches.add(watch),
            Mail::Flushed(waiter) => self.inbox.waiters.push((Until::Flushed, waiter)),
            Mail::Room(weight, waiter) => {
                self.inbox.waiters.push((Until::Room(weight), waiter));
            }
            Mail::Close => self.connection.close(self.now),
            Mail::Discard => self.connection.discard(),
            Mail::Displaced => self.connection.displace(),
            Mail::ShutDown => self.connection.shut_down(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_no_longer_is_forgotten_before_there_is_room() {
        let mut inbox = Inbox::new(Arc::new(Mailbox::new(1_000)));
        inbox.account(900, 0);
        let (stays, mut staying) = oneshot::channel();
        let (goes, going) = oneshot::channel();
        inbox.waiters.push((Until::Room(500), stays));
        inbox.waiters.push((Until::Flushed, goes));
        drop(going);
        inbox.tell_waiters(900);
        assert_eq!(inbox.waiters.len(), 1);
        assert!(staying.try_recv().is_err());
        inbox.account(0, 0);
        inbox.tell_waiters(0);
        assert!(inbox.waiters.is_empty());
        assert!(staying.try_recv().is_ok());
    }
}
