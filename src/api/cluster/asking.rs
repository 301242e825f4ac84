//! Asking sockets of this server for an acknowledgement: one packet, one id, one answer of each.

use std::sync::Arc;
use std::time::Duration;

use crate::api::namespace::NamespaceInner;
use crate::api::socket::Socket;
use crate::registry::{Mail, Reach as _};
use crate::socketio::{AckError, AckOutcome, AckRequest, Outgoing, Waiter};
use crate::wire::SocketId;

/// Who is told what a socket has answered.
pub(crate) type Tell = Arc<dyn Fn(&SocketId, AckOutcome) + Send + Sync>;

/// Sends an event to sockets of one namespace and gives back the id under which they answer.
///
/// `tell` is called once for each, perhaps at once: with its answer, or why there is none.
pub(crate) fn ask(
    namespace: &NamespaceInner,
    sockets: &[Socket],
    outgoing: &Arc<Outgoing>,
    timeout: Option<Duration>,
    tell: &Tell,
) -> u64 {
    let id = namespace.next_ack_id();
    for socket in sockets {
        let asked = Asked {
            socket: socket.id().clone(),
            tell: Some(tell.clone()),
        };
        let waiter = Waiter::new(move |outcome| asked.tell(outcome));
        let ack = Some(Box::new(AckRequest {
            id,
            timeout,
            waiter,
        }));
        let outgoing = outgoing.clone();
        // Mail that is not taken is dropped with its waiter, and that tells.
        let _ = socket.mailbox().post(Mail::Emit { outgoing, ack });
    }
    id
}

/// One socket that was asked.
struct Asked {
    socket: SocketId,
    /// Until it was told.
    tell: Option<Tell>,
}

impl Asked {
    fn tell(mut self, outcome: AckOutcome) {
        if let Some(tell) = self.tell.take() {
            tell(&self.socket, outcome);
        }
    }
}

impl Drop for Asked {
    /// A waiter that is dropped unanswered belonged to a client that has gone.
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(&self.socket, Err(AckError::Disconnected));
        }
    }
}
