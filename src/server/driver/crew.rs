//! The handlers of one client that are running: started in order, then interleaved.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::api::BoxFuture;

/// Running handlers, each with a note `T` of what it is for and an outcome `O`.
///
/// A handler that finishes at its first poll is never stored, and no task is spawned for any. A
/// handler that panics ends only itself.
pub(super) struct Crew<T, O> {
    /// Made at the first handler that waits, given back with the last one: an idle client has none.
    running: Option<Box<FuturesUnordered<Job<T, O>>>>,
}

/// What a handler left: its outcome, or the fact that it panicked.
pub(super) type Finish<O> = Result<O, Panicked>;

/// A handler panicked; the message if it was text.
#[derive(Debug)]
pub(super) struct Panicked(pub(super) String);

impl<T: Unpin, O> Crew<T, O> {
    pub(super) fn new() -> Crew<T, O> {
        Crew { running: None }
    }

    /// How many are running.
    pub(super) fn len(&self) -> usize {
        self.running.as_ref().map_or(0, |running| running.len())
    }

    /// Runs a handler to its first `.await`. One that has more to do stays; its note comes back
    /// from [`poll_finished`](Crew::poll_finished).
    pub(super) fn start(&mut self, note: T, future: BoxFuture<O>) -> Option<(T, Finish<O>)> {
        let mut job = Job {
            note: Some(note),
            future,
        };
        // It is polled again as soon as it is stored, with a waker that wakes.
        match Pin::new(&mut job).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(finished) => Some(finished),
            Poll::Pending => {
                self.running.get_or_insert_default().push(job);
                None
            }
        }
    }

    /// The next handler that has finished.
    pub(super) fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<(T, Finish<O>)> {
        let Some(running) = &mut self.running else {
            return Poll::Pending;
        };
        match running.poll_next_unpin(cx) {
            Poll::Ready(Some(finished)) => Poll::Ready(finished),
            Poll::Ready(None) => {
                self.running = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

struct Job<T, O> {
    note: Option<T>,
    future: BoxFuture<O>,
}

impl<T: Unpin, O> Future for Job<T, O> {
    type Output = (T, Finish<O>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let finish = match guarded(|| self.future.as_mut().poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panicked) => Err(panicked),
        };
        let note = self
            .note
            .take()
            .expect("a finished job is not polled again");
        Poll::Ready((note, finish))
    }
}

/// Runs an application's code so that its panic ends only what it was called for.
pub(super) fn guarded<R>(code: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| Panicked(message(&*payload)))
}

fn message(payload: &(dyn Any + Send)) -> String {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "no message".to_owned(),
    }
}
