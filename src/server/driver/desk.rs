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

use super::watches::Watches;

/// The client's mailbox, from its task's side.
pub(super) struct Inbox {
    mailbox: Arc<Mailbox>,
    /// Mail that was taken out and not looked at yet.
    taken: VecDeque<Mail>,
    /// What the mailbox was told last about the bytes held by the task, and the weight of the mail
    /// taken since.
    held: usize,
    /// Who waits until everything is handed on.
    flushed: Vec<oneshot::Sender<()>>,
    /// Who sees what is sent.
    watches: Watches,
}

impl Inbox {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Inbox {
        Inbox {
            mailbox,
            taken: VecDeque::new(),
            held: 0,
            flushed: Vec::new(),
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

    /// Everything was handed on.
    pub(super) fn tell_flushed(&mut self) {
        for waiter in self.flushed.drain(..) {
            // Whoever asked may have stopped waiting.
            let _ = waiter.send(());
        }
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
        self.flushed.clear();
        self.watches.clear();
    }
}

/// What is at hand while one input is dealt with.
pub(super) struct Desk<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) inbox: &'a mut Inbox,
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
        self.inbox.mailbox.take(&mut self.inbox.taken);
        while let Some(mail) = self.inbox.taken.pop_front() {
            self.obey(mail);
        }
    }

    pub(super) fn accept(&mut self, namespace: &str, socket: &SocketId) {
        self.catch_up();
        self.connection.accept(namespace, socket);
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

    fn obey(&mut self, mail: Mail) {
        self.inbox.held += mail.weight();
        match mail {
            Mail::Emit { outgoing, ack } => {
                self.inbox.watches.tell(&outgoing);
                let ack = ack.map(|ack| *ack);
                self.connection.emit(&outgoing, ack, self.now);
            }
            Mail::Acknowledge { id, outgoing } => self.connection.acknowledge(id, &outgoing),
            Mail::Leave { namespace } => self.connection.leave(&namespace),
            Mail::LeaveAll => self.connection.leave_all(self.now),
            Mail::Send(frame) => self.connection.send(frame),
            Mail::Watch(watch) => self.inbox.watches.add(watch),
            Mail::Flushed(waiter) => self.inbox.flushed.push(waiter),
            Mail::Close => self.connection.close(self.now),
            Mail::ShutDown => self.connection.shut_down(),
        }
    }
}
