//! A session's task, and the turns that its requests take at it.
//!
//! A request that brings something could wake the session's task and wait for its answer. Mostly
//! the task has nothing else to do then, so the request polls it on the spot and has its answer at
//! once, which saves two changes of task. Whatever the task waits for still wakes the task itself.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, Id};
use tokio::task::coop;

use super::SessionHandle;

/// What a turn costs of a task's budget, which is 128 in tokio: a turn is more than one step.
const CHARGE: usize = 32;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    /// Whether a request is taking a turn on this thread. A handler that asks another session,
    /// whose handler asks the next one, would otherwise use up the stack.
    static IS_TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// What a session's task does, for whoever has the turn.
#[derive(Default)]
pub(super) struct Turns {
    place: Mutex<Place>,
    /// The task was polled while a request had its turn.
    missed: AtomicBool,
}

/// Empty before the task begins, after its end, and where no request may take a turn.
#[derive(Default)]
struct Place {
    work: Option<Work>,
    /// The task, once it has run.
    task: Option<Waker>,
    /// The runtime of the task.
    runtime: Option<Id>,
}

impl Turns {
    /// Lets the work go on as far as it can now. False if that is left to the task, which must
    /// then be woken.
    pub(super) fn take(&self) -> bool {
        if IS_TAKEN.get() || !coop::has_budget_remaining() {
            return false;
        }
        let Some(mut place) = self.try_lock() else {
            return false;
        };
        let Place {
            work: Some(work),
            task: Some(task),
            runtime,
        } = &mut *place
        else {
            return false;
        };
        // What handlers begin must not end with a runtime that the session has nothing to do with.
        if *runtime != current_runtime() {
            return false;
        }
        let task = task.clone();
        IS_TAKEN.set(true);
        let mut cx = Context::from_waker(&task);
        // A panic is the session's, not that of the request that happened to be there.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut cx)));
        IS_TAKEN.set(false);
        charge();
        let over = match polled {
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(())) | Err(_) => place.work.take(),
        };
        drop(place);
        // Either the task sees that nobody has the turn any more, or it is seen here.
        fence(Ordering::SeqCst);
        if over.is_some() || self.missed.swap(false, Ordering::SeqCst) {
            task.wake();
        }
        true
    }

    /// Has the turn, unless somebody else has it. A place whose work has panicked is as good as any.
    fn try_lock(&self) -> Option<MutexGuard<'_, Place>> {
        match self.place.try_lock() {
            Ok(place) => Some(place),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Counts a turn against what the request's task may do before it lets others run: a client may
/// have sent many requests at once.
fn charge() {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..CHARGE {
        match coop::poll_proceed(&mut cx) {
            Poll::Ready(spent) => spent.made_progress(),
            // The next thing that the task waits for says so to it.
            Poll::Pending => return,
        }
    }
}

fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

/// The task of a session at which its requests take turns.
pub(crate) struct Task {
    session: Arc<SessionHandle>,
    has_begun: bool,
}

impl Task {
    /// A task that does `work`, which holds nothing that is needed to end it.
    pub(crate) fn new(
        session: Arc<SessionHandle>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        session.turns.lock().work = Some(Box::pin(work));
        Task {
            session,
            has_begun: false,
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let begins = !std::mem::replace(&mut self.has_begun, true);
        let turns = &self.session.turns;
        turns.missed.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let mut place = match turns.try_lock() {
            Some(place) => place,
            // Nobody could wake this task yet. Nobody could do its work either, only look.
            None if begins => turns.lock(),
            None => return Poll::Pending,
        };
        turns.missed.store(false, Ordering::SeqCst);
        if begins {
            place.runtime = current_runtime();
        }
        let Place { work, task, .. } = &mut *place;
        let Some(work) = work else {
            return Poll::Ready(());
        };
        match task {
            Some(task) => task.clone_from(cx.waker()),
            None => *task = Some(cx.waker().clone()),
        }
        work.as_mut().poll(cx)
    }
}

impl Drop for Task {
    /// The work and its session hold each other; the task is what keeps both.
    fn drop(&mut self) {
        let work = self.session.turns.lock().work.take();
        drop(work);
    }
}

#[cfg(test)]
mod tests;
