//! The handlers of one client that are running: started in order, then interleaved.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::stream::{FuturesUnordered, StreamExt};

/// Running handlers, each with a note `T` of what it is for; `F` is their future.
///
/// A handler that finishes at its first poll is never stored, and no task is spawned for any. A
/// handler that panics ends only itself.
pub(super) struct Crew<T, F> {
    /// Made at the first handler that waits, given back with the last one: an idle client has none.
    running: Option<Box<FuturesUnordered<Job<T, F>>>>,
    /// Whether a handler waits that nobody has polled with a waker yet.
    is_fresh: bool,
}

/// How a handler's beginning went.
pub(super) enum Begun<F: Future> {
    Finished(Finish<F::Output>),
    Waiting(F),
}

/// What a handler left: its outcome, or the fact that it panicked.
pub(super) type Finish<O> = Result<O, Panicked>;

/// A handler panicked; the message if it was text.
#[derive(Debug)]
pub(super) struct Panicked(pub(super) String);

impl<T: Unpin, F: Future + Unpin> Crew<T, F> {
    pub(super) fn new() -> Crew<T, F> {
        Crew {
            running: None,
            is_fresh: false,
        }
    }

    /// How many are running.
    pub(super) fn len(&self) -> usize {
        self.running.as_ref().map_or(0, |running| running.len())
    }

    /// Whether [`poll_finished`](Crew::poll_finished) must be asked before the task may sleep.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Runs a handler to its first `.await`.
    #[expect(clippy::unused_self, reason = "only whoever has a crew begins")]
    #[inline(always)]
    pub(super) fn begin(&self, mut future: F) -> Begun<F> {
        // What has more to do is polled again as soon as it is kept, with a waker that wakes.
        let mut context = Context::from_waker(Waker::noop());
        match guarded(|| Pin::new(&mut future).poll(&mut context)) {
            Ok(Poll::Ready(outcome)) => Begun::Finished(Ok(outcome)),
            Ok(Poll::Pending) => Begun::Waiting(future),
            Err(panicked) => Begun::Finished(Err(panicked)),
        }
    }

    /// Keeps a handler that waits; its note comes back from
    /// [`poll_finished`](Crew::poll_finished).
    pub(super) fn keep(&mut self, note: T, future: F) {
        let note = Some(note);
        self.running
            .get_or_insert_default()
            .push(Job { note, future });
        self.is_fresh = true;
    }

    /// The next handler that has finished.
    pub(super) fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<(T, Finish<F::Output>)> {
        self.is_fresh = false;
        let Some(running) = &mut self.running else {
            return Poll::Pending;
        };
        match running.poll_next_unpin(cx) {
            Poll::Ready(Some(finished)) => {
                self.is_fresh = true;
                Poll::Ready(finished)
            }
            Poll::Ready(None) => {
                self.running = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

struct Job<T, F> {
    note: Option<T>,
    future: F,
}

impl<T: Unpin, F: Future + Unpin> Future for Job<T, F> {
    type Output = (T, Finish<F::Output>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let finish = match guarded(|| Pin::new(&mut self.future).poll(cx)) {
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
#[inline(always)]
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
