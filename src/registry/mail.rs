//! What can be wanted of a client's task, and what that weighs while it waits.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::socketio::{AckRequest, Namespace, Outgoing, SlowClient};
use crate::wire::Frame;

/// What a frame that waits takes beside its own bytes, about; many small ones are not for nothing.
pub(crate) const ENVELOPE: usize = 128;

/// As how many bytes a packet counts while it waits.
#[inline]
pub(crate) fn weight_of(outgoing: &Outgoing) -> usize {
    ENVELOPE * (1 + outgoing.attachments().len()) + outgoing.weight()
}

/// What the program wants of a client's task.
pub(crate) enum Mail {
    /// Send an event to the client's socket in the packet's namespace.
    Emit {
        outgoing: Arc<Outgoing>,
        ack: Option<Box<AckRequest>>,
    },
    /// Answer the client's event `id`.
    Acknowledge { id: u64, outgoing: Box<Outgoing> },
    /// Wait no longer for the client's answer to our event `id` in this namespace.
    Forget { namespace: Namespace, id: u64 },
    /// Disconnect the client's socket in this namespace.
    Leave { namespace: Namespace },
    /// Disconnect every socket of the client, then close the connection.
    LeaveAll,
    /// Send a bare Engine.IO message.
    Send(Frame),
    /// Show this socket everything that is sent to it from now on.
    Watch(Box<dyn Watch>),
    /// Say so when everything before this was handed to the operating system.
    Flushed(oneshot::Sender<()>),
    /// Say so when there is room for so many bytes.
    Room(usize, oneshot::Sender<()>),
    /// Close the connection; what is queued is delivered first.
    Close,
    /// Close the connection at once; what is queued is dropped.
    Discard,
    /// The client is back on another connection: this one is over.
    Displaced,
    /// The server stops: close now.
    ShutDown,
}

impl Mail {
    /// How many of its bytes count against the client's limit, as they will when its frames wait.
    #[inline]
    pub(crate) fn weight(&self) -> usize {
        match self {
            Mail::Emit { outgoing, .. } => weight_of(outgoing),
            Mail::Acknowledge { outgoing, .. } => weight_of(outgoing),
            Mail::Send(frame) => ENVELOPE + frame.len(),
            Mail::Forget { .. }
            | Mail::Leave { .. }
            | Mail::LeaveAll
            | Mail::Watch(_)
            | Mail::Flushed(_)
            | Mail::Room(..)
            | Mail::Close
            | Mail::Discard
            | Mail::Displaced
            | Mail::ShutDown => 0,
        }
    }

    /// What becomes of it if there is no room.
    pub(super) fn policy(&self, server: SlowClient) -> SlowClient {
        match self {
            Mail::Emit { outgoing, .. } => outgoing.policy().unwrap_or(server),
            Mail::Acknowledge { .. } => server,
            // Nothing of Engine.IO alone can be spared.
            _ => SlowClient::Close,
        }
    }

    pub(super) fn is_volatile(&self) -> bool {
        matches!(self, Mail::Emit { outgoing, .. } if outgoing.flags().volatile)
    }

    /// Whether it is an event for whose answer nobody waits.
    pub(super) fn may_be_lost(&self) -> bool {
        matches!(self, Mail::Emit { ack: None, .. })
    }

    /// Of which mails it is the newest.
    pub(super) fn key(&self) -> Option<(Namespace, Arc<str>)> {
        match self {
            Mail::Emit {
                outgoing,
                ack: None,
            } => Some((outgoing.namespace().clone(), outgoing.key()?.clone())),
            _ => None,
        }
    }
}

/// Why a packet was not queued for a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DropReason {
    /// The client has left, or its connection is over.
    Disconnected,
    /// More bytes wait for the client than it is allowed to leave waiting; it is being closed.
    SlowConsumer,
    /// As many bytes wait for the client as it is allowed to leave waiting, and this packet could
    /// be spared; the client stays.
    NoRoom,
}

/// Sees what is sent to a client, in the client's own task.
pub(crate) trait Watch: Send + Sync {
    /// What is sent there is meant.
    fn namespace(&self) -> &Namespace;

    /// An event is about to be handed to the connection. False says that no more need be shown.
    fn sent(&self, outgoing: &Outgoing) -> bool;
}
