//! Tests of `turns`.

use std::future::poll_fn;
use std::sync::atomic::AtomicUsize;
use std::task::Wake;
use std::thread;

use bytes::Bytes;

use super::*;
use crate::engine::{Body, Transport, Version};
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
fn session<W>(work: impl FnOnce(Arc<SessionHandle>) -> W) -> (Arc<SessionHandle>, Task, Arc<Wakes>)
where
    W: Future<Output = ()> + Send + 'static,
{
    let handle = SessionHandle::new(Transport::Polling, Version::V4);
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
    Arrival::Body(Body::Text(Bytes::new()))
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
    let handle = SessionHandle::new(Transport::Polling, Version::V4);
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
