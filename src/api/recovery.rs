//! Connection state recovery between the sockets of a namespace and its ledger.
//!
//! One lock per namespace makes the log's order everybody's order: a packet gets its number, is kept
//! and reaches all mailboxes under it, and sockets enter, leave and change rooms under it. It is taken
//! before the roster's and a mailbox's, and no application code runs under it. Where recovery is off
//! there is no [`Keeper`], and nothing of this happens.

mod keeper;
mod passing;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::recovery::{Budget, Config, Returning, Trace};
use crate::socketio::DisconnectReason;

pub(crate) use keeper::{Keeper, Return};

/// What an application keeps with a session: the socket's data.
pub(crate) type Data = Option<Map<String, Value>>;

/// What the namespaces of a server have in common.
pub(crate) struct Terms {
    config: Config,
    /// How long packets are kept.
    retention: Duration,
    /// How much a client that comes back may be sent at once.
    max_replay: usize,
    budget: Arc<Budget>,
    /// Whether somebody sweeps.
    is_swept: AtomicBool,
}

/// What one socket needs to come back.
pub(crate) struct Recoverable {
    /// Where it is in its session; only looked at under the ledger's lock.
    stage: Mutex<Stage>,
    is_recovered: bool,
}

enum Stage {
    /// It is being decided about, and is new.
    Joining {
        trace: Trace,
        pid: Arc<str>,
    },
    /// It is being decided about, and was here before.
    Returning(Box<Returning<Data>>),
    Here {
        trace: Trace,
        pid: Arc<str>,
    },
    Gone,
}

/// How a socket that is let in begins.
#[derive(Debug)]
pub(crate) enum Entry {
    /// With the private id for coming back, if its client can.
    In(Option<Arc<str>>),
    /// Not at all: its session cannot be recovered any more, and the client gets another socket.
    Lapsed,
}

/// How a socket's time ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parting {
    /// It was not let in.
    Refused,
    /// Its client is gone, maybe before it was decided about.
    Lost,
    /// It left, or was put out, for good.
    Left,
}

impl Parting {
    /// Which reasons leave a session behind.
    ///
    /// Reference: socket.io 4.8, `RECOVERABLE_DISCONNECT_REASONS`.
    pub(crate) fn of(reason: DisconnectReason) -> Parting {
        match reason {
            DisconnectReason::ClientNamespaceDisconnect
            | DisconnectReason::ServerNamespaceDisconnect
            | DisconnectReason::ParseError => Parting::Left,
            DisconnectReason::ServerShuttingDown
            | DisconnectReason::PingTimeout
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError
            | DisconnectReason::ForcedClose
            | DisconnectReason::ForcedServerClose => Parting::Lost,
        }
    }
}

impl Terms {
    /// `silence` is how long a client may be gone before that is noticed.
    pub(super) fn new(config: Config, silence: Duration, max_backlog: usize) -> Terms {
        Terms {
            budget: Arc::new(Budget::new(&config)),
            retention: config.max_disconnection.saturating_add(silence),
            // What is sent beside it must have room as well.
            max_replay: max_backlog / 2,
            config,
            is_swept: AtomicBool::new(false),
        }
    }

    pub(crate) fn skips_middlewares(&self) -> bool {
        self.config.skip_middlewares
    }

    /// Whether whoever asks is the one to sweep from now on.
    pub(crate) fn begin_sweeping(&self) -> bool {
        !self.is_swept.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn end_sweeping(&self) {
        self.is_swept.store(false, Ordering::Release);
    }
}

impl Recoverable {
    fn new(stage: Stage) -> Recoverable {
        Recoverable {
            is_recovered: matches!(stage, Stage::Returning(_)),
            stage: Mutex::new(stage),
        }
    }

    pub(super) fn is_recovered(&self) -> bool {
        self.is_recovered
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        lock(&self.stage)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is done under these locks does not panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
