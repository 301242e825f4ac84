//! A socket that may be on another node: what is known of it, and what can be done from here.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::adapter::{BoxFuture, HandshakeRecord, SocketRecord};
use crate::rooms::Room;
use crate::socketio::{FromArgs, IntoArgs};
use crate::wire::SocketId;

use super::EmitError;
use super::ack::AnswerError;
use super::namespace::NamespaceInner;
use super::operator::{Broadcast, BroadcastWithAck, RoomNames};

/// A socket as [`fetch_sockets`](Broadcast::fetch_sockets) found it, on this node or another.
///
/// What it says is as it was then. What it does goes by the socket's id through the cluster, and
/// has no effect once the socket has left.
#[derive(Clone)]
pub struct RemoteSocket {
    namespace: Arc<NamespaceInner>,
    record: Arc<SocketRecord>,
    timeout: Option<Duration>,
}

impl RemoteSocket {
    pub(crate) fn new(namespace: Arc<NamespaceInner>, record: SocketRecord) -> RemoteSocket {
        RemoteSocket {
            namespace,
            record: Arc::new(record),
            timeout: None,
        }
    }

    /// The socket's public id.
    pub fn id(&self) -> &SocketId {
        &self.record.id
    }

    /// How the client arrived.
    pub fn handshake(&self) -> &HandshakeRecord {
        &self.record.handshake
    }

    /// The rooms it was in, its own included.
    pub fn rooms(&self) -> &[Room] {
        &self.record.rooms
    }

    /// What the application keeps with it ([`Socket::data`](crate::Socket::data)), a JSON object.
    pub fn data(&self) -> &Value {
        &self.record.data
    }

    /// The same, read as a type.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn data_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.record.data)
    }

    /// The same socket; how long its acknowledgements are waited for.
    #[must_use]
    pub fn timeout(&self, timeout: Duration) -> RemoteSocket {
        RemoteSocket {
            timeout: Some(timeout),
            ..self.clone()
        }
    }

    /// Sends an event to this socket.
    ///
    /// # Errors
    /// As [`Socket::emit`](crate::Socket::emit).
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<(), EmitError> {
        self.itself().emit(name, args).map(|_| ())
    }

    /// Sends an event and waits for the socket's acknowledgement, read as `T`: a tuple of its
    /// values. Give a [`timeout`](RemoteSocket::timeout): the socket's node may go away.
    pub fn emit_with_ack<T: FromArgs>(&self, name: &str, args: impl IntoArgs) -> RemoteWithAck<T> {
        RemoteWithAck(self.itself().emit_with_ack(name, args))
    }

    /// Lets it join a room, or several.
    pub fn join(&self, rooms: impl RoomNames) {
        self.itself().sockets_join(rooms);
    }

    /// Lets it leave a room, or several.
    pub fn leave(&self, rooms: impl RoomNames) {
        self.itself().sockets_leave(rooms);
    }

    /// Disconnects it from the namespace; with `close` its client's whole connection is closed.
    pub fn disconnect(&self, close: bool) {
        self.itself().disconnect_sockets(close);
    }

    /// The selection of just this socket.
    fn itself(&self) -> Broadcast {
        let everybody = Broadcast::new(self.namespace.clone());
        let itself = everybody.to(self.id());
        match self.timeout {
            Some(timeout) => itself.timeout(timeout),
            None => itself,
        }
    }
}

impl fmt::Debug for RemoteSocket {
    /// Leaves out the handshake: it carries credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("namespace", &self.namespace.name)
            .field("id", self.id())
            .field("rooms", &self.rooms())
            .finish_non_exhaustive()
    }
}

/// An event that waits for the answer of one socket, wherever it is; made by
/// [`RemoteSocket::emit_with_ack`], sent when awaited.
#[must_use = "the event is sent when this is awaited"]
pub struct RemoteWithAck<T>(BroadcastWithAck<T>);

impl<T: FromArgs> RemoteWithAck<T> {
    /// As [`RemoteSocket::timeout`].
    pub fn timeout(self, timeout: Duration) -> RemoteWithAck<T> {
        RemoteWithAck(self.0.timeout(timeout))
    }
}

impl<T: FromArgs + Send + 'static> IntoFuture for RemoteWithAck<T> {
    type Output = Result<T, AnswerError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.send_to_one())
    }
}

impl<T> fmt::Debug for RemoteWithAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteWithAck").field(&self.0).finish()
    }
}
