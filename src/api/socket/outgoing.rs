//! Who sees what is sent to a socket.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use crate::api::listeners::{OutgoingListener, handlers};
use crate::registry::{Mail, Watch};
use crate::socketio::{Namespace, Outgoing};

use super::{CONNECTED, LEAVING, Socket};

impl Socket {
    /// Has the client's task show this socket everything that is sent to it from now on.
    pub(crate) fn watch_outgoing(&self) {
        // To one that has left nothing is sent.
        let _ = self.post(Mail::Watch(Box::new(self.clone())));
    }

    /// The same if its namespace wants it; says whether it does.
    pub(super) fn watch_for_namespace(&self) -> bool {
        let is_watched = self.0.arrival.namespace.is_watched();
        if is_watched {
            self.watch_outgoing();
        }
        is_watched
    }

    fn own_outgoing(&self) -> Vec<OutgoingListener> {
        let Some(live) = self.0.live.upgrade() else {
            return Vec::new();
        };
        let Some(listeners) = live.listeners() else {
            return Vec::new();
        };
        let listeners = listeners.read().unwrap_or_else(PoisonError::into_inner);
        handlers(listeners.any_outgoing())
    }
}

impl Watch for Socket {
    fn namespace(&self) -> &Namespace {
        self.namespace_name()
    }

    fn sent(&self, outgoing: &Outgoing) -> bool {
        let phase = self.0.phase.load(Ordering::Acquire);
        if phase != CONNECTED {
            return phase < LEAVING;
        }
        let (shared, own) = (self.0.arrival.namespace.listeners(), self.own_outgoing());
        if shared.any_outgoing().is_empty() && own.is_empty() {
            return false;
        }
        let (Some(name), Ok(args)) = (outgoing.name(), outgoing.args()) else {
            // The application's own values look like an attachment that is not there; no recipient
            // can read them either.
            return true;
        };
        let shared = shared.any_outgoing().iter().map(|each| &each.handler);
        for listener in shared.chain(&own) {
            let called = catch_unwind(AssertUnwindSafe(|| listener(self, name, &args)));
            if called.is_err() {
                tracing::error!(socket = %self.id(), event = name, "a listener of outgoing events panicked");
            }
        }
        true
    }
}
