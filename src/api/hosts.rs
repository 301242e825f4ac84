//! Which servers bring clients to an application, so that it can count them and end.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::handler::BoxFuture;

/// How long an end waits for clients that are being told.
const GRACE: Duration = Duration::from_secs(10);

/// Something that brings clients: the server's side of a [`Service`](crate::Service).
pub(crate) trait Host: Send + Sync {
    /// How many clients are connected.
    fn client_count(&self) -> usize;

    /// Turns newcomers away from now on, and closes every client's connection; waits for that as
    /// long as `grace`.
    fn close(self: Arc<Self>, grace: Duration) -> BoxFuture<()>;

    /// Turns newcomers away from now on.
    fn drain(&self);
}

/// The hosts of one application, which keeps none of them alive.
#[derive(Default)]
pub(crate) struct Hosts {
    all: Mutex<Vec<Weak<dyn Host>>>,
    closed: AtomicBool,
    told: Notify,
}

impl Hosts {
    /// Adds a host; it turns everybody away if the end has come already.
    pub(crate) fn add(&self, host: &Arc<impl Host + 'static>) {
        let weak = Arc::downgrade(host) as Weak<dyn Host>;
        let mut all = self.lock();
        all.retain(|host| host.strong_count() > 0);
        all.push(weak);
        drop(all);
        // Looked at after it was added, so one of the two tells it.
        if self.is_closed() {
            host.drain();
        }
    }

    pub(crate) fn client_count(&self) -> usize {
        self.living().iter().map(|host| host.client_count()).sum()
    }

    /// Closes all hosts.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
        let closing = self.living().into_iter().map(|host| host.close(GRACE));
        futures_util::future::join_all(closing).await;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Waits until somebody closes it.
    pub(crate) async fn closed(&self) {
        let mut told = pin!(self.told.notified());
        // Listens before it looks.
        told.as_mut().enable();
        if !self.is_closed() {
            told.await;
        }
    }

    fn living(&self) -> Vec<Arc<dyn Host>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<dyn Host>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
