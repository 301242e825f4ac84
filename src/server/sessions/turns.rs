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
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;
    use std::thread;

    use bytes::Bytes;

    use super::*;
    use crate::engine::Transport;
    use crate::server::sessions::Arrival;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Wakes {
        fn count(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// A session whose task does `work`, has run once, and counts how often it was woken.
    fn session<W>(
        work: impl FnOnce(Arc<SessionHandle>) -> W,
    ) -> (Arc<SessionHandle>, Task, Arc<Wakes>)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let handle = SessionHandle::new(Transport::Polling);
        let mut task = Task::new(handle.clone(), work(handle.clone()));
        let wakes = Arc::new(Wakes::default());
        assert!(poll(&mut task, &wakes).is_pending());
        (handle, task, wakes)
    }

    fn poll(task: &mut Task, wakes: &Arc<Wakes>) -> Poll<()> {
        let waker = Waker::from(wakes.clone());
        Pin::new(task).poll(&mut Context::from_waker(&waker))
    }

    fn body() -> Arrival {
        Arrival::Body(Bytes::new())
    }

    #[test]
    fn what_arrives_is_dealt_with_on_the_spot() {
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = seen.clone();
        let (handle, mut task, wakes) = session(|handle| async move {
            while counter.fetch_add(1, Ordering::SeqCst) < 3 {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
            }
        });
        for count in 2..4 {
            assert!(handle.arrive(body()).is_ok());
            assert_eq!((seen.load(Ordering::SeqCst), wakes.count()), (count, 0));
        }
        // The end is the task's.
        assert!(handle.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 1);
        assert!(poll(&mut task, &wakes).is_ready());
    }

    #[test]
    fn a_task_that_finds_its_turn_taken_is_woken_after_it() {
        let kept: Arc<Mutex<Option<Task>>> = Arc::default();
        let (task_kept, wakes) = (kept.clone(), Arc::new(Wakes::default()));
        let (handle, task, first_wakes) = session(|handle| {
            let wakes = wakes.clone();
            async move {
                loop {
                    poll_fn(|cx| handle.poll_arrival(cx)).await;
                    let (kept, wakes) = (task_kept.clone(), wakes.clone());
                    let elsewhere = thread::spawn(move || {
                        let mut kept = kept.lock().unwrap();
                        poll(kept.as_mut().unwrap(), &wakes)
                    });
                    assert!(elsewhere.join().unwrap().is_pending());
                }
            }
        });
        *kept.lock().unwrap() = Some(task);
        assert!(handle.arrive(body()).is_ok());
        // It knows the task as it was when it last had its turn.
        assert_eq!((first_wakes.count(), wakes.count()), (1, 0));
        kept.lock().unwrap().take();
    }

    #[test]
    fn a_request_that_finds_the_turn_taken_wakes_the_task() {
        let (handle, _task, wakes) = session(|handle| async move {
            poll_fn(|cx| handle.poll_arrival(cx)).await;
            assert!(handle.arrive(Arrival::PostRefused).is_ok());
            poll_fn(|cx| handle.poll_arrival(cx)).await;
            std::future::pending::<()>().await;
        });
        assert!(handle.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 1);
    }

    #[test]
    fn a_task_begins_though_a_request_looks_at_its_place() {
        let handle = SessionHandle::new(Transport::Polling);
        let begun = Arc::new(AtomicBool::new(false));
        let seen = begun.clone();
        let mut task = Task::new(handle.clone(), async move {
            seen.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        });
        let look = handle.turns.lock();
        let polled = thread::spawn(move || poll(&mut task, &Arc::default()).is_pending());
        // It waits, or returns without having begun.
        for _ in 0..1000 {
            thread::yield_now();
        }
        drop(look);
        assert!(polled.join().unwrap());
        assert!(begun.load(Ordering::SeqCst), "and nobody wakes it");
    }

    #[test]
    fn turns_do_not_nest() {
        let (inner, _inner_task, wakes) = session(|handle| async move {
            loop {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
            }
        });
        let asked = inner.clone();
        let (outer, _outer_task, _) = session(|handle| async move {
            loop {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
                assert!(asked.arrive(body()).is_ok());
            }
        });
        assert!(outer.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 1);
        assert!(inner.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 1, "the turn is over");
    }

    #[test]
    fn a_request_on_another_runtime_wakes_the_task() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
        };
        let (home, other) = (runtime(), runtime());
        let entered = home.enter();
        let (handle, _task, wakes) = session(|handle| async move {
            loop {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
            }
        });
        assert!(handle.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 0);
        drop(entered);
        let _entered = other.enter();
        assert!(handle.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 1);
    }

    #[test]
    fn a_request_that_is_late_to_wake_the_task_does_not_use_up_the_next_wake() {
        let (handle, _task, wakes) = session(|handle| async move {
            loop {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
            }
        });
        // Its arrival was taken by whoever had the turn, before it came to this.
        handle.wake();
        assert_eq!(wakes.count(), 1);
        let _turn = handle.turns.lock();
        assert!(handle.arrive(body()).is_ok());
        assert_eq!(wakes.count(), 2);
    }

    #[tokio::test]
    async fn one_task_takes_few_turns_before_others_run() {
        let (handle, _task, wakes) = session(|handle| async move {
            loop {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
            }
        });
        let requests = tokio::spawn(async move {
            for _ in 0..20 {
                assert!(handle.arrive(body()).is_ok());
            }
        });
        requests.await.unwrap();
        assert_eq!(wakes.count(), 20 - 128 / CHARGE);
    }

    #[test]
    fn a_panic_ends_the_session_and_not_the_request() {
        let held = Arc::new(());
        let (handle, mut task, wakes) = session(|handle| {
            let held = held.clone();
            async move {
                poll_fn(|cx| handle.poll_arrival(cx)).await;
                let _held = held;
                panic!("in the work");
            }
        });
        assert!(handle.arrive(body()).is_ok());
        assert_eq!((Arc::strong_count(&held), wakes.count()), (1, 1));
        assert!(poll(&mut task, &wakes).is_ready());
    }

    #[test]
    fn the_work_goes_with_its_task() {
        let held = Arc::new(());
        let (handle, task, _) = session(|_| {
            let held = held.clone();
            async move {
                let _held = held;
                std::future::pending::<()>().await;
            }
        });
        drop(task);
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(handle.arrive(body()).is_ok(), "nobody has a turn any more");
    }
}
