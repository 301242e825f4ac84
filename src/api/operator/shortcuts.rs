//! The same operations on everybody: on a namespace, on the server for its namespace `/`, and on all
//! namespaces of a rule.

use std::time::Duration;

use crate::api::EmitError;
use crate::api::io::Io;
use crate::api::namespace::Namespace;
use crate::api::parent::{ParentBroadcast, ParentNamespace};
use crate::api::remote::RemoteSocket;
use crate::socketio::{FromArgs, IntoArgs, SlowClient};
use crate::wire::SocketId;

use super::{Broadcast, BroadcastWithAck, Incomplete, RoomNames};

macro_rules! shortcuts {
    ($handle:ident, $operator:ident, $whose:literal) => {
        #[doc = concat!("Operations on every socket ", $whose, "; see [`", stringify!($operator), "`].")]
        impl $handle {
            /// Everybody, and what is emitted is dropped where it cannot be sent at once.
            pub fn volatile(&self) -> $operator {
                self.everybody().volatile()
            }

            /// Everybody; whether the transport may compress what is emitted.
            pub fn compress(&self, compress: bool) -> $operator {
                self.everybody().compress(compress)
            }

            /// Everybody on this server, whatever other nodes there are.
            pub fn local(&self) -> $operator {
                self.everybody().local()
            }

            /// Everybody; how long answers are waited for.
            pub fn timeout(&self, timeout: Duration) -> $operator {
                self.everybody().timeout(timeout)
            }

            /// Everybody; what is emitted replaces what waits under the same key, as
            /// [`Broadcast::coalesce`].
            pub fn coalesce(&self, key: &str) -> $operator {
                self.everybody().coalesce(key)
            }

            /// Everybody; what becomes of events for clients that read too slowly, as
            /// [`Broadcast::when_slow`].
            pub fn when_slow(&self, policy: SlowClient) -> $operator {
                self.everybody().when_slow(policy)
            }

            /// Sends the event `message` to everybody and says how many were there.
            ///
            /// # Errors
            /// As [`Socket::emit`](crate::Socket::emit).
            pub fn send(&self, args: impl IntoArgs) -> Result<usize, EmitError> {
                self.everybody().send(args)
            }

            /// As [`Broadcast::emit_with_ack`], to everybody.
            pub fn emit_with_ack<T: FromArgs>(
                &self,
                name: &str,
                args: impl IntoArgs,
            ) -> BroadcastWithAck<T> {
                self.everybody().emit_with_ack(name, args)
            }

            /// As [`Broadcast::sockets_join`], for everybody.
            pub fn sockets_join(&self, rooms: impl RoomNames) {
                self.everybody().sockets_join(rooms);
            }

            /// As [`Broadcast::sockets_leave`], for everybody.
            pub fn sockets_leave(&self, rooms: impl RoomNames) {
                self.everybody().sockets_leave(rooms);
            }

            /// As [`Broadcast::disconnect_sockets`], for everybody.
            pub fn disconnect_sockets(&self, close: bool) {
                self.everybody().disconnect_sockets(close);
            }
        }
    };
}

shortcuts!(Namespace, Broadcast, "of the namespace");
shortcuts!(Io, Broadcast, "of `/`");
shortcuts!(
    ParentNamespace,
    ParentBroadcast,
    "of all namespaces of the rule"
);

/// What is asked of all nodes at once: they do not have the same namespaces of a rule.
macro_rules! fetching {
    ($handle:ident) => {
        impl $handle {
            /// As [`Broadcast::fetch_sockets`], of everybody.
            ///
            /// # Errors
            /// As [`Broadcast::fetch_sockets`].
            pub async fn fetch_sockets(
                &self,
            ) -> Result<Vec<RemoteSocket>, Incomplete<RemoteSocket>> {
                self.everybody().fetch_sockets().await
            }

            /// As [`Broadcast::all_sockets`], of everybody.
            ///
            /// # Errors
            /// As [`Broadcast::fetch_sockets`].
            pub async fn all_sockets(&self) -> Result<Vec<SocketId>, Incomplete<SocketId>> {
                self.everybody().all_sockets().await
            }
        }
    };
}

fetching!(Namespace);
fetching!(Io);

impl Namespace {
    fn everybody(&self) -> Broadcast {
        Broadcast::new(self.inner().clone())
    }
}

impl Io {
    fn everybody(&self) -> Broadcast {
        self.of("/").everybody()
    }
}
