//! The same operations on everybody: on a namespace, and on the server for its namespace `/`.

use std::time::Duration;

use crate::api::EmitError;
use crate::api::io::Io;
use crate::api::namespace::Namespace;
use crate::api::remote::RemoteSocket;
use crate::socketio::{FromArgs, IntoArgs, SlowClient};

use super::{Broadcast, BroadcastWithAck, Incomplete, RoomNames};

macro_rules! shortcuts {
    ($handle:ident, $whose:literal) => {
        #[doc = concat!("Operations on every socket ", $whose, "; see [`Broadcast`].")]
        impl $handle {
            /// Everybody; only the newest event of a key waits for each, see
            /// [`Broadcast::coalesce`].
            pub fn coalesce(&self, key: &str) -> Broadcast {
                self.everybody().coalesce(key)
            }

            /// Everybody; what becomes of events for those that read too slowly, see
            /// [`Broadcast::when_slow`].
            pub fn when_slow(&self, policy: SlowClient) -> Broadcast {
                self.everybody().when_slow(policy)
            }

            /// Everybody, and what is emitted is dropped where it cannot be sent at once.
            pub fn volatile(&self) -> Broadcast {
                self.everybody().volatile()
            }

            /// Everybody; whether the transport may compress what is emitted.
            pub fn compress(&self, compress: bool) -> Broadcast {
                self.everybody().compress(compress)
            }

            /// Everybody on this server, whatever other nodes there are.
            pub fn local(&self) -> Broadcast {
                self.everybody().local()
            }

            /// Everybody; how long answers are waited for.
            pub fn timeout(&self, timeout: Duration) -> Broadcast {
                self.everybody().timeout(timeout)
            }

            /// As [`Broadcast::send`], to everybody.
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

            /// As [`Broadcast::fetch_sockets`], of everybody.
            ///
            /// # Errors
            /// As [`Broadcast::fetch_sockets`].
            pub async fn fetch_sockets(
                &self,
            ) -> Result<Vec<RemoteSocket>, Incomplete<RemoteSocket>> {
                self.everybody().fetch_sockets().await
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

shortcuts!(Namespace, "of the namespace");
shortcuts!(Io, "of `/`");

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
