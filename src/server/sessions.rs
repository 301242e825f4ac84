//! The sessions by their ids, and the mailbox through which requests reach a session's driver.

mod turns;

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use super::websocket::WebSocket;
use crate::engine::{Body, Encoding, Transport, Version};
use crate::registry::Held;
use crate::wire::Sid;

use turns::Turns;

pub(crate) use turns::Task;

/// How many arrivals may wait for a driver. A client that keeps to the protocol has at most four
/// under way: a GET, a POST, its body and a WebSocket.
const MAX_ARRIVALS: usize = 64;

/// All sessions of a server that can be addressed by a request.
///
/// A session's id is booked before its handshake is answered, and free again when the session is
/// closed or came to nothing. The lock is held for a look-up only.
#[derive(Default)]
pub(crate) struct Sessions {
    /// The keys are the server's or the application's; a client can only ask for one.
    by_sid: RwLock<HashMap<Sid, Arc<SessionHandle>, foldhash::quality::RandomState>>,
}

impl Sessions {
    /// Takes an id for a session, which is reachable from now on; none if the id is taken.
    pub(crate) fn book(
        self: &Arc<Self>,
        sid: Sid,
        transport: Transport,
        version: Version,
    ) -> Option<Booking> {
        let mut by_sid = self.by_sid.write().unwrap_or_else(PoisonError::into_inner);
        let Entry::Vacant(vacant) = by_sid.entry(sid.clone()) else {
            return None;
        };
        let handle = SessionHandle::new(transport, version);
        vacant.insert(handle.clone());
        drop(by_sid);
        let sessions = self.clone();
        Some(Booking {
            sessions,
            sid,
            handle,
        })
    }

    /// Makes a session unreachable and refuses what still waits in its mailbox.
    fn remove(&self, sid: &Sid) {
        let mut by_sid = self.by_sid.write().unwrap_or_else(PoisonError::into_inner);
        let removed = by_sid.remove(sid);
        // What a crowd needed is not kept for the few who stay.
        if by_sid.len() < by_sid.capacity() / 8 {
            let left = by_sid.len();
            by_sid.shrink_to(left * 2);
        }
        drop(by_sid);
        if let Some(handle) = removed {
            handle.close();
        }
    }

    pub(crate) fn find(&self, sid: &Sid) -> Option<Arc<SessionHandle>> {
        self.by_sid
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(sid)
            .cloned()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_sid
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

/// A session's id, which is nobody else's as long as this lives.
pub(crate) struct Booking {
    sessions: Arc<Sessions>,
    sid: Sid,
    handle: Arc<SessionHandle>,
}

impl Booking {
    pub(crate) fn sid(&self) -> &Sid {
        &self.sid
    }

    pub(crate) fn handle(&self) -> &Arc<SessionHandle> {
        &self.handle
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        self.sessions.remove(&self.sid);
    }
}

/// What HTTP can reach of a session: a mailbox, and which transport it runs on.
pub(crate) struct SessionHandle {
    mailbox: Mutex<Mailbox>,
    /// Whether something has come, or the driver has not looked yet.
    news: AtomicBool,
    /// The driver's task. It stays: a request that is late to wake it must not use up what the next
    /// one needs.
    waker: OnceLock<Waker>,
    turns: Turns,
    transport: AtomicU8,
    version: Version,
}

enum Mailbox {
    Open(VecDeque<Arrival>),
    Closed,
}

/// What a request brings to a session.
///
/// A dropped sender is an answer too: the session has ended. A dropped receiver means that the
/// client has gone.
pub(crate) enum Arrival {
    /// A GET waits for packets.
    Poll(oneshot::Sender<PollAnswer>),
    /// A POST begins; its body follows, unless it is here already.
    Post(oneshot::Sender<PostAnswer>, Option<Body>),
    /// The POST's body is complete.
    Body(Body),
    /// The POST was over the limit and is answered already; the session is unharmed.
    PostRefused,
    /// The POST has a content type of an older protocol and is answered already.
    InvalidContent,
    /// A WebSocket for this session, and the encoding that its request asked for.
    WebSocket(Box<WebSocket>, Encoding),
}

/// The answer to a GET.
pub(crate) enum PollAnswer {
    /// Its packets, what counts them until they are written, and whether they may be compressed.
    Payload(Body, Held, bool),
    /// Another GET is waiting.
    Overlap,
    /// The session is gone.
    Ended,
}

/// The answer to a POST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PostAnswer {
    /// Its packets were taken.
    Accepted,
    /// It held what is not a packet.
    Malformed,
    /// Another POST is under way.
    Overlap,
    /// The session ended while the body was being read; the rest of it is not wanted.
    Cut,
}

impl SessionHandle {
    pub(crate) fn new(transport: Transport, version: Version) -> Arc<SessionHandle> {
        Arc::new(SessionHandle {
            mailbox: Mutex::new(Mailbox::Open(VecDeque::new())),
            news: AtomicBool::new(true),
            waker: OnceLock::new(),
            turns: Turns::default(),
            transport: AtomicU8::new(transport as u8),
            version,
        })
    }

    /// Hands an arrival to the driver, which deals with it at once if it can, or back if the
    /// session is over or swamped.
    pub(crate) fn arrive(&self, arrival: Arrival) -> Result<(), Arrival> {
        match &mut *self.lock() {
            Mailbox::Open(arrivals) if arrivals.len() < MAX_ARRIVALS => {
                arrivals.push_back(arrival);
            }
            Mailbox::Open(_) | Mailbox::Closed => return Err(arrival),
        }
        self.news.store(true, Ordering::SeqCst);
        if !self.turns.take() {
            self.wake();
        }
        Ok(())
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// The next arrival; for the driver alone, whose waker is always of the same task.
    pub(crate) fn poll_arrival(&self, cx: &mut Context<'_>) -> Poll<Arrival> {
        // Mostly nothing has come since the last look, and the waker is known.
        while self.news.load(Ordering::SeqCst) {
            if let Some(arrival) = self.next_arrival() {
                return Poll::Ready(arrival);
            }
            self.waker.get_or_init(|| cx.waker().clone());
            self.news.store(false, Ordering::SeqCst);
            // One may have come since the look.
            if let Some(arrival) = self.next_arrival() {
                self.news.store(true, Ordering::SeqCst);
                return Poll::Ready(arrival);
            }
        }
        Poll::Pending
    }

    pub(crate) fn transport(&self) -> Transport {
        let value = self.transport.load(Ordering::Relaxed);
        if value == Transport::WebSocket as u8 {
            Transport::WebSocket
        } else {
            Transport::Polling
        }
    }

    /// The version of the protocol that the session speaks.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn set_transport(&self, transport: Transport) {
        self.transport.store(transport as u8, Ordering::Relaxed);
    }

    /// Takes no more arrivals and drops the waiting ones, which answers them.
    fn close(&self) {
        let left = std::mem::replace(&mut *self.lock(), Mailbox::Closed);
        drop(left);
    }

    fn next_arrival(&self) -> Option<Arrival> {
        match &mut *self.lock() {
            Mailbox::Open(arrivals) => arrivals.pop_front(),
            Mailbox::Closed => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use bytes::Bytes;

    use super::*;

    #[tokio::test]
    async fn arrivals_come_in_order_and_wake_the_driver() {
        let handle = SessionHandle::new(Transport::Polling, Version::V4);
        let driver = tokio::spawn({
            let handle = handle.clone();
            async move {
                let first = poll_fn(|cx| handle.poll_arrival(cx)).await;
                let second = poll_fn(|cx| handle.poll_arrival(cx)).await;
                matches!(first, Arrival::Body(_)) && matches!(second, Arrival::PostRefused)
            }
        });
        tokio::task::yield_now().await;
        assert!(
            handle
                .arrive(Arrival::Body(Body::Text(Bytes::new())))
                .is_ok()
        );
        assert!(handle.arrive(Arrival::PostRefused).is_ok());
        assert!(driver.await.unwrap());
    }

    #[tokio::test]
    async fn a_removed_session_answers_whoever_waits() {
        let sessions = Arc::new(Sessions::default());
        let sid = Sid::new("a");
        let booking = sessions
            .book(sid.clone(), Transport::Polling, Version::V4)
            .unwrap();
        assert!(
            sessions
                .book(sid.clone(), Transport::Polling, Version::V4)
                .is_none()
        );
        let handle = sessions.find(&sid).unwrap();
        let (sender, receiver) = oneshot::channel();
        assert!(handle.arrive(Arrival::Poll(sender)).is_ok());
        assert_eq!(sessions.len(), 1);
        drop(booking);
        assert_eq!(sessions.len(), 0);
        assert!(sessions.find(&sid).is_none());
        assert!(receiver.await.is_err());
        assert!(handle.arrive(Arrival::PostRefused).is_err());
    }

    #[test]
    fn a_mailbox_is_bounded() {
        let handle = SessionHandle::new(Transport::Polling, Version::V4);
        for _ in 0..MAX_ARRIVALS {
            assert!(handle.arrive(Arrival::PostRefused).is_ok());
        }
        assert!(handle.arrive(Arrival::PostRefused).is_err());
    }

    #[test]
    fn the_transport_is_remembered() {
        let handle = SessionHandle::new(Transport::Polling, Version::V4);
        assert_eq!(handle.transport(), Transport::Polling);
        handle.set_transport(Transport::WebSocket);
        assert_eq!(handle.transport(), Transport::WebSocket);
    }
}
