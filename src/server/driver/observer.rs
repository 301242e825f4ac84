//! What the application hears of its clients' Engine.IO packets.

use std::sync::Arc;

use crate::api::{Application, EngineSocket, Handshake, PacketHooks};
use crate::engine::{Observer, Packet};
use crate::registry::Mailbox;

use super::crew::{Panicked, guarded};

/// Calls the application's hooks for one client.
struct Hooked {
    application: Application,
    socket: EngineSocket,
}

/// Who is to be told of a new client's packets; nobody if the application has no hook for them.
pub(super) fn observer(
    application: &Application,
    mailbox: &Arc<Mailbox>,
    handshake: &Arc<Handshake>,
) -> Option<Box<dyn Observer>> {
    if !application.packet_hooks().are_set() {
        return None;
    }
    Some(Box::new(Hooked {
        application: application.clone(),
        socket: EngineSocket::new(mailbox, handshake.clone()),
    }))
}

impl Hooked {
    fn hooks(&self) -> &PacketHooks {
        self.application.packet_hooks()
    }

    /// Calls a hook, if there is one, so that its panic ends only itself.
    fn tell<H: ?Sized>(&self, hook: Option<&H>, call: impl FnOnce(&H, &EngineSocket)) {
        if let Some(hook) = hook
            && let Err(Panicked(message)) = guarded(|| call(hook, &self.socket))
        {
            tracing::error!("a hook for connections panicked: {message}");
        }
    }
}

impl Observer for Hooked {
    fn received(&self, packet: &Packet) {
        let hook = self.hooks().on_packet.as_deref();
        self.tell(hook, |hook, socket| hook(socket, packet));
    }

    fn created(&self, packet: &Packet) {
        let hook = self.hooks().on_packet_create.as_deref();
        self.tell(hook, |hook, socket| hook(socket, packet));
    }

    fn heartbeat(&self) {
        let hook = self.hooks().on_heartbeat.as_deref();
        self.tell(hook, |hook, socket| hook(socket));
    }

    fn upgrading(&self) {
        let hook = self.hooks().on_upgrading.as_deref();
        self.tell(hook, |hook, socket| hook(socket));
    }
}
