//! What the application hears of the Engine.IO connection under a client's sockets.

use crate::api::EngineSocket;
use crate::engine::CloseReason;
use crate::server::driver::crew::{Panicked, guarded};
use crate::socketio::DisconnectReason;

use super::Dispatch;

impl Dispatch {
    /// The handshake was answered.
    pub(in crate::server::driver) fn opened(&self) {
        if let Some(hook) = &self.calls.io().engine_hooks().on_connect {
            self.tell(|connection| hook(connection));
        }
    }

    /// The client has moved to a WebSocket.
    pub(in crate::server::driver) fn upgraded(&self) {
        if let Some(hook) = &self.calls.io().engine_hooks().on_upgrade {
            self.tell(|connection| hook(connection));
        }
    }

    /// A socket leaves: mostly because the connection is over, of which nobody else has been told
    /// yet.
    pub(super) fn note_end(&self, reason: DisconnectReason) {
        use DisconnectReason as Reason;
        let of_a_namespace = matches!(
            reason,
            Reason::ClientNamespaceDisconnect | Reason::ServerNamespaceDisconnect
        );
        if !of_a_namespace {
            self.mailbox.end();
        }
    }

    /// The connection is over.
    pub(in crate::server::driver) fn closed(&self, reason: CloseReason) {
        self.mailbox.end();
        if let Some(hook) = &self.calls.io().engine_hooks().on_close {
            self.tell(|connection| hook(connection, reason));
        }
    }

    fn tell(&self, hook: impl FnOnce(&EngineSocket)) {
        let connection = EngineSocket::new(&self.mailbox, self.handshake.clone());
        if let Err(Panicked(message)) = guarded(|| hook(&connection)) {
            tracing::error!("a hook for connections panicked: {message}");
        }
    }
}
