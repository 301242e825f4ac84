//! Hooks for the packets of the Engine.IO connections under an application's sockets.

use crate::api::engine::{EngineSocket, PacketHooks};
use crate::engine::Packet;

use super::{Builder, Io};

impl Io {
    /// What wants to know of packets.
    pub(crate) fn packet_hooks(&self) -> &PacketHooks {
        &self.engine_hooks().packets
    }
}

impl Builder {
    /// Is told of every Engine.IO packet that comes in, before it is dealt with (`packet` of
    /// `socket.conn` in the JavaScript API): messages, each attachment being one, pings and pongs.
    ///
    /// The packets of one connection come in their order. What a WebSocket says before it has taken
    /// over from polling, `2probe` and `5`, is not told, nor is what is no packet, nor a client's
    /// leaving by a POST. A client that speaks plain JSON has no such packets.
    ///
    /// It runs on the client's task, which meanwhile does nothing else, so it should be short.
    /// Whoever keeps a message beyond the call keeps [`Frame::detach`](crate::Frame::detach) of it,
    /// which holds no more than the message. A hook that panics is logged, and nothing else changes.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use trunkline::Io;
    /// use trunkline::engine::Packet;
    ///
    /// let bytes = Arc::new(AtomicUsize::new(0));
    /// let counter = bytes.clone();
    /// let io = Io::builder()
    ///     .on_engine_packet(move |_, packet| {
    ///         if let Packet::Message(message) = packet {
    ///             counter.fetch_add(message.len(), Ordering::Relaxed);
    ///         }
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn on_engine_packet(
        mut self,
        hook: impl Fn(&EngineSocket, &Packet) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.packets.on_packet = Some(Box::new(hook));
        self
    }

    /// Is told of every Engine.IO packet that is made for a client, before it leaves (`packetCreate`
    /// of `socket.conn` in the JavaScript API).
    ///
    /// That is when it is queued, in the client's task, whether or not the client takes it at once;
    /// with [`SlowClient`](crate::SlowClient) or a key it may be dropped later. The open packet, the
    /// [`initial_packet`](Builder::initial_packet), the answer to a probe and what releases a
    /// waiting GET are not told. It runs as [`on_engine_packet`](Builder::on_engine_packet) does; if
    /// it sends something itself, it is told of that as well.
    #[must_use]
    pub fn on_engine_packet_create(
        mut self,
        hook: impl Fn(&EngineSocket, &Packet) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.packets.on_packet_create = Some(Box::new(hook));
        self
    }

    /// Is told of every sign of life (`heartbeat` of `socket.conn` in the JavaScript API): a
    /// client's pong, or the ping of one that speaks version 3, which has been answered then. It
    /// runs as [`on_engine_packet`](Builder::on_engine_packet) does.
    #[must_use]
    pub fn on_engine_heartbeat(
        mut self,
        hook: impl Fn(&EngineSocket) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.packets.on_heartbeat = Some(Box::new(hook));
        self
    }

    /// Is told of every attempt to move from polling to a WebSocket (`upgrading` of `socket.conn` in
    /// the JavaScript API): its probe has come, and the connection is on polling still. If the
    /// attempt succeeds, [`on_engine_upgrade`](Builder::on_engine_upgrade) follows. It runs as
    /// [`on_engine_packet`](Builder::on_engine_packet) does.
    #[must_use]
    pub fn on_engine_upgrading(
        mut self,
        hook: impl Fn(&EngineSocket) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.packets.on_upgrading = Some(Box::new(hook));
        self
    }
}
