//! The time limit for a connection on which no request is under way: the client owes us a head.
//!
//! hyper has such a limit too. It makes a timer for every head, drops it when the head is there,
//! and goes through the connection's states twice to do so, which together costs a tenth of a short
//! request. Here a connection has one timer, and it is moved only when it fires: mostly there
//! have been other requests by then.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Extensions;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;
use crate::server::forwarded::Peer;

/// No head is waited for.
const NONE: u64 = u64::MAX;

/// The limit, for the connection's task.
pub(super) struct Heads {
    line: Arc<Line>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What a connection's task, its requests and its stream know of each other.
#[derive(Debug)]
pub(super) struct Line {
    start: Instant,
    limit: Duration,
    /// When the head that is waited for must be there, in milliseconds after the start.
    deadline: AtomicU64,
    /// Whether the client does not take what is written to it.
    is_stuck: AtomicBool,
    /// Those of the last request, if it gave them back.
    extensions: Mutex<Extensions>,
}

impl Line {
    pub(super) fn new(limit: Duration) -> Arc<Line> {
        let line = Line {
            start: clock::runtime_now(),
            limit,
            deadline: AtomicU64::new(NONE),
            is_stuck: AtomicBool::new(false),
            extensions: Mutex::default(),
        };
        line.wait();
        Arc::new(line)
    }

    /// A head is waited for from now on.
    fn wait(&self) {
        let waited = clock::runtime_now() - self.start;
        let deadline = waited.saturating_add(self.limit);
        let deadline = u64::try_from(deadline.as_millis()).unwrap_or(NONE);
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    /// A head is there, and its request under way until what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Underway {
        self.deadline.store(NONE, Ordering::Relaxed);
        Underway(self.clone())
    }

    pub(super) fn set_stuck(&self, is_stuck: bool) {
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
    }
}

impl Heads {
    pub(super) fn new(line: Arc<Line>) -> Heads {
        Heads { line, timer: None }
    }

    /// Ready when the client has let us wait for too long.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(timer) = &self.timer
            && !timer.is_elapsed()
        {
            // It was polled once and will wake this task, which is always the same.
            return Poll::Pending;
        }
        loop {
            let deadline = self.line.deadline.load(Ordering::Relaxed);
            if deadline == NONE {
                self.timer = None;
                return Poll::Pending;
            }
            let after = Duration::from_millis(deadline);
            let Some(mut at) = self.line.start.checked_add(after) else {
                return Poll::Pending;
            };
            let now = clock::runtime_now();
            if at <= now {
                if !self.line.is_stuck.load(Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                // It has not got its last answer yet, and there is another limit for that.
                at = now + self.line.limit.max(Duration::from_millis(1));
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            // A task that has used up its turn would be refused, and then not be woken.
            std::task::ready!(pin!(unconstrained(timer.as_mut())).poll(cx));
        }
    }
}

/// A request whose head is there and whose answer has not left.
#[derive(Debug)]
pub(super) struct Underway(Arc<Line>);

impl Underway {
    /// Extensions for the request: those that were given back, or empty ones.
    pub(super) fn extensions(&self) -> Extensions {
        std::mem::take(&mut *self.lock())
    }

    /// Takes what an answer gave back for the next request, if it is that; hyper is told of
    /// everything else.
    pub(super) fn keep(&self, extensions: &mut Extensions) {
        if extensions.len() == 1 && extensions.get::<Peer>().is_some() {
            *self.lock() = std::mem::take(extensions);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Extensions> {
        let extensions = self.0.extensions.lock();
        extensions.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.wait();
    }
}

pin_project! {
    /// The body of an answer, which ends its request.
    #[derive(Debug)]
    pub(super) struct Answering<B> {
        #[pin]
        body: B,
        request: Underway,
    }
}

impl<B> Answering<B> {
    pub(super) fn new(body: B, request: Underway) -> Answering<B> {
        Answering { body, request }
    }
}

impl<B: http_body::Body> http_body::Body for Answering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{advance, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn line() -> (Arc<Line>, Heads) {
        let line = Line::new(LIMIT);
        (line.clone(), Heads::new(line))
    }

    /// After how many seconds it is over; none within a minute.
    async fn over(heads: &mut Heads) -> Option<u64> {
        let start = clock::runtime_now();
        let over = timeout(Duration::from_secs(60), poll_fn(|cx| heads.poll_over(cx)));
        over.await
            .ok()
            .map(|()| (clock::runtime_now() - start).as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_head_is_waited_for_as_long_as_the_limit() {
        assert_eq!(over(&mut line().1).await, Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_may_take_longer() {
        let (line, mut heads) = line();
        let request = line.begin();
        assert_eq!(over(&mut heads).await, None);
        drop(request);
        assert_eq!(over(&mut heads).await, Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn every_request_begins_the_wait_anew() {
        let (line, mut heads) = line();
        for _ in 0..9 {
            let soon = timeout(Duration::from_secs(7), poll_fn(|cx| heads.poll_over(cx)));
            assert!(soon.await.is_err());
            drop(line.begin());
        }
        assert_eq!(over(&mut heads).await, Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_owes_nothing_yet() {
        let (line, mut heads) = line();
        line.set_stuck(true);
        assert_eq!(over(&mut heads).await, None);
        line.set_stuck(false);
        assert!(over(&mut heads).await.is_some_and(|after| after <= 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_can_be_as_long_as_one_likes() {
        let line = Line::new(Duration::MAX);
        advance(LIMIT).await;
        assert_eq!(over(&mut Heads::new(line)).await, None);
    }

    #[test]
    fn extensions_are_kept_if_they_are_the_peer_alone() {
        let line = Line::new(LIMIT);
        let peer = Peer("1.2.3.4:5".parse().unwrap());
        let mut given = Extensions::new();
        given.insert(peer);
        line.begin().keep(&mut given);
        assert!(given.is_empty());
        assert_eq!(line.begin().extensions().get(), Some(&peer));
        assert!(line.begin().extensions().is_empty());
        given.insert(peer);
        given.insert("of one request");
        line.begin().keep(&mut given);
        assert!(line.begin().extensions().is_empty());
        assert_eq!(given.len(), 2);
    }
}
