//! How every connection's task hears that the server stops.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Whether the server stops.
#[derive(Default)]
pub(super) struct Stop {
    has_begun: AtomicBool,
    listeners: Arc<Notify>,
}

impl Stop {
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Release);
        self.listeners.notify_waiters();
    }

    /// For one task.
    pub(super) fn listen(self: &Arc<Self>) -> Listening {
        Listening {
            stop: self.clone(),
            notified: Box::pin(self.listeners.clone().notified_owned()),
            is_awake: false,
            has_heard: false,
        }
    }
}

/// One task that wants to hear of the stop, once.
pub(super) struct Listening {
    stop: Arc<Stop>,
    notified: Pin<Box<OwnedNotified>>,
    /// Whether `notified` knows the task, which is always the same.
    is_awake: bool,
    has_heard: bool,
}

impl Listening {
    /// Ready when the stop has begun, the first time.
    pub(super) fn poll_begun(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_awake {
            self.is_awake = true;
            // If it is ready already, so is the flag.
            let _ = self.notified.as_mut().poll(cx);
        }
        if self.has_heard || !self.stop.has_begun.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.has_heard = true;
        Poll::Ready(())
    }
}
