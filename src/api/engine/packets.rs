//! Hooks for what happens on Engine.IO connections packet by packet.

use crate::engine::Packet;

use super::{EngineBuilder, EngineSocket};

/// What an application wants to know of the packets of its connections. All run on the client's
/// task, in order, and none waits: a client makes them run as often as it likes.
#[derive(Default)]
pub(crate) struct PacketHooks {
    pub(crate) on_packet: Option<Box<PacketHook>>,
    pub(crate) on_packet_create: Option<Box<PacketHook>>,
    pub(crate) on_heartbeat: Option<Box<SocketHook>>,
    pub(crate) on_upgrading: Option<Box<SocketHook>>,
}

type PacketHook = dyn Fn(&EngineSocket, &Packet) + Send + Sync;
type SocketHook = dyn Fn(&EngineSocket) + Send + Sync;

impl PacketHooks {
    /// Whether there is any.
    pub(crate) fn are_set(&self) -> bool {
        self.on_packet.is_some()
            || self.on_packet_create.is_some()
            || self.on_heartbeat.is_some()
            || self.on_upgrading.is_some()
    }
}

impl EngineBuilder {
    /// Is told of every packet that comes in, before it is dealt with; as
    /// [`Builder::on_engine_packet`](crate::Builder::on_engine_packet).
    ///
    /// Unlike the other handlers it is not async, for it is told of packets in their order and
    /// holds the next one up.
    #[must_use]
    pub fn on_packet(
        mut self,
        hook: impl Fn(&EngineSocket, &Packet) + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.0.packet_hooks.on_packet = Some(Box::new(hook));
        self
    }

    /// Is told of every packet that is made for a client, before it leaves; as
    /// [`Builder::on_engine_packet_create`](crate::Builder::on_engine_packet_create). Not async, as
    /// [`on_packet`](EngineBuilder::on_packet).
    #[must_use]
    pub fn on_packet_create(
        mut self,
        hook: impl Fn(&EngineSocket, &Packet) + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.0.packet_hooks.on_packet_create = Some(Box::new(hook));
        self
    }

    /// Is told of every sign of life; as
    /// [`Builder::on_engine_heartbeat`](crate::Builder::on_engine_heartbeat). Not async, as
    /// [`on_packet`](EngineBuilder::on_packet).
    #[must_use]
    pub fn on_heartbeat(
        mut self,
        hook: impl Fn(&EngineSocket) + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.0.packet_hooks.on_heartbeat = Some(Box::new(hook));
        self
    }

    /// Is told of every attempt to move to a WebSocket; as
    /// [`Builder::on_engine_upgrading`](crate::Builder::on_engine_upgrading). Not async, as
    /// [`on_packet`](EngineBuilder::on_packet).
    #[must_use]
    pub fn on_upgrading(
        mut self,
        hook: impl Fn(&EngineSocket) + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.0.packet_hooks.on_upgrading = Some(Box::new(hook));
        self
    }
}
