//! How every connection's task hears that the server stops, and how the server hears that they
//! have ended.
//!
//! The tasks are told together and end alone: one that ends wakes nobody but the last.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, mpsc};
use tokio::task::unconstrained;
use tokio::time::timeout;

/// What the connections are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Notice {
    /// Finish what is under way, and begin nothing else.
    Finish = 1,
    /// End now.
    End = 2,
}

/// The server's side. Dropped, it ends all connections.
pub(super) struct Stop {
    notices: Arc<Notices>,
    alive: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

#[derive(Default)]
struct Notices {
    /// The last notice that was given.
    last: AtomicU8,
    tasks: Arc<Notify>,
}

impl Notices {
    fn give(&self, notice: Notice) {
        self.last.store(notice as u8, Ordering::Release);
        self.tasks.notify_waiters();
    }
}

impl Stop {
    pub(super) fn new() -> Stop {
        let (alive, ended) = mpsc::channel(1);
        Stop {
            notices: Arc::default(),
            alive,
            ended,
        }
    }

    /// For one connection's task, which counts as running while it has this.
    pub(super) fn listen(&self) -> Listening {
        Listening {
            notified: Box::pin(self.notices.tasks.clone().notified_owned()),
            notices: self.notices.clone(),
            is_known: false,
            heard: 0,
            _alive: self.alive.clone(),
        }
    }

    /// Lets the connections finish within `limit`, then ends those that are left.
    pub(super) async fn finish(mut self, limit: Duration) {
        let (unused, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.alive, unused));
        self.notices.give(Notice::Finish);
        if timeout(limit, self.ended.recv()).await.is_err() {
            let left = self.ended.sender_strong_count();
            tracing::warn!(left, "requests under way are cut off");
            self.notices.give(Notice::End);
            self.ended.recv().await;
        }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.notices.give(Notice::End);
    }
}

/// The side of one connection's task.
pub(super) struct Listening {
    notices: Arc<Notices>,
    notified: Pin<Box<OwnedNotified>>,
    /// Whether `notified` knows the task, which is always the same.
    is_known: bool,
    /// The last notice that was heard.
    heard: u8,
    _alive: mpsc::Sender<()>,
}

impl Listening {
    /// The next notice.
    pub(super) fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Notice> {
        if !self.is_known {
            self.is_known = true;
            // If it is ready already, there is a notice. A task that has used up its turn would be
            // refused, and then not be woken.
            let _ = pin!(unconstrained(self.notified.as_mut())).poll(cx);
        }
        let last = self.notices.last.load(Ordering::Acquire);
        if last == self.heard {
            return Poll::Pending;
        }
        self.heard = last;
        self.notified = Box::pin(self.notices.tasks.clone().notified_owned());
        self.is_known = false;
        Poll::Ready(match last {
            1 => Notice::Finish,
            _ => Notice::End,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_the_last_to_finish() {
        let stop = Stop::new();
        let tasks = [stop.listen(), stop.listen()]
            .map(|mut task| tokio::spawn(async move { poll_fn(|cx| task.poll_notice(cx)).await }));
        stop.finish(Duration::from_secs(60)).await;
        for task in tasks {
            assert!(task.is_finished());
            assert_eq!(task.await.unwrap(), Notice::Finish);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_do_not_finish_are_ended() {
        let stop = Stop::new();
        let mut task = stop.listen();
        let task = tokio::spawn(async move {
            let mut notices = Vec::new();
            while notices.last() != Some(&Notice::End) {
                notices.push(poll_fn(|cx| task.poll_notice(cx)).await);
            }
            notices
        });
        stop.finish(Duration::from_secs(60)).await;
        assert_eq!(task.await.unwrap(), [Notice::Finish, Notice::End]);
    }

    #[tokio::test]
    async fn a_server_that_is_dropped_ends_its_connections() {
        let stop = Stop::new();
        let mut task = stop.listen();
        drop(stop);
        assert_eq!(poll_fn(|cx| task.poll_notice(cx)).await, Notice::End);
    }
}
