//! One socket, and how what is emitted to it is to be treated.

use std::time::Duration;

use crate::api::EmitError;
use crate::api::ack::EmitWithAck;
use crate::api::operator::{Broadcast, RoomNames};
use crate::api::wishes::Wishes;
use crate::socketio::{FromArgs, IntoArgs, Outgoing, SlowClient};

use super::{Emitted, Socket};

/// A socket with wishes about what is emitted to it; made by [`Socket::volatile`],
/// [`Socket::compress`], [`Socket::timeout`], [`Socket::coalesce`] and [`Socket::when_slow`].
///
/// Each step gives a new one; the socket itself is as it was.
///
/// ```
/// # fn show(socket: trunkline::Socket) -> Result<(), trunkline::EmitError> {
/// socket.volatile().compress(false).emit("position", (3, 4))?;
/// socket.volatile().to("lobby").emit("position", (3, 4))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until something is emitted"]
pub struct SocketOperator {
    socket: Socket,
    wishes: Wishes,
}

impl Socket {
    /// This socket; what is emitted is dropped if it cannot be sent at once.
    pub fn volatile(&self) -> SocketOperator {
        self.operator().volatile()
    }

    /// This socket; whether the transport may compress what is emitted.
    pub fn compress(&self, compress: bool) -> SocketOperator {
        self.operator().compress(compress)
    }

    /// This socket; how long an acknowledgement is waited for.
    pub fn timeout(&self, timeout: Duration) -> SocketOperator {
        self.operator().timeout(timeout)
    }

    /// For values of which only the newest matters, such as a cursor's place: an event emitted by
    /// this replaces the one of the same key and namespace for as long as that waits for the client,
    /// at whatever place in the queue; it takes its place at the end.
    ///
    /// ```
    /// # fn moved(socket: trunkline::Socket) -> Result<(), trunkline::EmitError> {
    /// socket.coalesce("cursor:42").emit("cursor", (42, 0.25, 0.75))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn coalesce(&self, key: &str) -> SocketOperator {
        self.operator().coalesce(key)
    }

    /// Says what becomes of events for which the client has no room because it reads too slowly; by
    /// default what the server's configuration says
    /// ([`Builder::slow_client`](crate::Builder::slow_client)).
    pub fn when_slow(&self, policy: SlowClient) -> SocketOperator {
        self.operator().when_slow(policy)
    }

    /// Everyone else in the namespace on this server, whatever other nodes there are.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    pub(in crate::api) fn operator(&self) -> SocketOperator {
        SocketOperator {
            socket: self.clone(),
            wishes: Wishes::default(),
        }
    }
}

impl SocketOperator {
    /// What is emitted is dropped if it cannot be sent at once.
    pub fn volatile(mut self) -> SocketOperator {
        self.wishes.flags.volatile = true;
        self
    }

    /// Whether the transport may compress what is emitted; by default it may, where it was agreed
    /// on and is worth it.
    pub fn compress(mut self, compress: bool) -> SocketOperator {
        self.wishes.flags.uncompressed = !compress;
        self
    }

    /// How long an acknowledgement is waited for; without limit by default.
    pub fn timeout(mut self, timeout: Duration) -> SocketOperator {
        self.wishes.timeout = Some(timeout);
        self
    }

    /// As [`Socket::coalesce`].
    pub fn coalesce(mut self, key: &str) -> SocketOperator {
        self.wishes.key = Some(key.into());
        self
    }

    /// As [`Socket::when_slow`].
    pub fn when_slow(mut self, policy: SlowClient) -> SocketOperator {
        self.wishes.policy = Some(policy);
        self
    }

    /// As [`Socket::emit`].
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        Ok(self.socket.deliver(self.write(name, &args)?))
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(&self, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        self.emit("message", args)
    }

    /// As [`Socket::emit_with_ack`].
    pub fn emit_with_ack<T: FromArgs>(&self, name: &str, args: impl IntoArgs) -> EmitWithAck<T> {
        let asking = EmitWithAck::new(self.socket.clone(), self.write(name, &args));
        match self.wishes.timeout {
            Some(timeout) => asking.timeout(timeout),
            None => asking,
        }
    }

    /// Everyone in the namespace but this socket, with the same wishes.
    pub fn broadcast(&self) -> Broadcast {
        self.socket.broadcast().with(self.wishes.clone())
    }

    /// As [`Socket::to`], with the same wishes.
    pub fn to(&self, rooms: impl RoomNames) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](SocketOperator::to) (`in` of the JavaScript API).
    pub fn within(&self, rooms: impl RoomNames) -> Broadcast {
        self.to(rooms)
    }

    /// As [`Socket::except`], with the same wishes.
    pub fn except(&self, rooms: impl RoomNames) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// As [`Socket::local`], with the same wishes.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    pub(in crate::api) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(in crate::api) fn write(
        &self,
        name: &str,
        args: &impl IntoArgs,
    ) -> Result<Outgoing, EmitError> {
        let outgoing = Outgoing::event(self.socket.namespace_name(), name, args)?;
        Ok(self.wishes.dress(outgoing))
    }
}
