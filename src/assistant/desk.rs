//! What all questions of all sockets share: the places, and whether the server stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

use crate::ai::{Code, Failure};

/// How long stopped questions get to say so.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Desk {
    stage: watch::Sender<Stage>,
    open: watch::Sender<usize>,
    places: Semaphore,
}

/// Whether questions are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// All are.
    Open,
    /// New ones are refused.
    Draining,
    /// The open ones end as well.
    Stopped,
}

impl Desk {
    pub(super) fn new(places: usize) -> Desk {
        Desk {
            stage: watch::Sender::new(Stage::Open),
            open: watch::Sender::new(0),
            places: Semaphore::new(places.min(Semaphore::MAX_PERMITS)),
        }
    }

    /// Lets a question in, unless the server stops.
    pub(super) fn enter(self: &Arc<Desk>) -> Result<Visit, Failure> {
        // Counted before it looks: whoever drains changes the stage first and counts then.
        self.open.send_modify(|open| *open += 1);
        let visit = Visit(self.clone());
        if visit.is_last_call() {
            return Err(Code::Unavailable.into());
        }
        Ok(visit)
    }

    /// Waits for one of the places of those whose answers are fetched.
    pub(super) async fn place(&self) -> SemaphorePermit<'_> {
        let place = self.places.acquire().await;
        place.expect("the semaphore is never closed")
    }

    /// Waits until open questions are to end.
    pub(super) async fn stopped(&self) {
        let mut stage = self.stage.subscribe();
        // The sender is in `self`, so it outlives this.
        let _ = stage.wait_for(|stage| *stage == Stage::Stopped).await;
    }

    pub(super) async fn drain(&self, grace: Duration) {
        self.stage.send_replace(Stage::Draining);
        if timeout(grace, self.empty()).await.is_ok() {
            return;
        }
        tracing::warn!(open = self.open(), "questions are cut short");
        self.stage.send_replace(Stage::Stopped);
        if timeout(FAREWELL, self.empty()).await.is_err() {
            tracing::warn!(open = self.open(), "questions are left behind");
        }
    }

    pub(super) fn open(&self) -> usize {
        *self.open.borrow()
    }

    async fn empty(&self) {
        let mut open = self.open.subscribe();
        // The sender is in `self`, so it outlives this.
        let _ = open.wait_for(|open| *open == 0).await;
    }
}

/// One open question; it counts until dropped.
pub(super) struct Visit(Arc<Desk>);

impl Visit {
    /// Whether the server waits for the open questions to end.
    pub(super) fn is_last_call(&self) -> bool {
        *self.0.stage.borrow() != Stage::Open
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}
