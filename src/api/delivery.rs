//! Clients that read too slowly: what becomes of packets for which they have no room, newest values
//! instead of old ones, waiting for room, and how far behind they are.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::registry::{Declined, Lag, Mail, Reach};
use crate::socketio::{Flags, FromArgs, IntoArgs, Outgoing, SlowClient};

use super::EmitError;
use super::ack::EmitWithAck;
use super::operator::Broadcast;
use super::socket::{Emitted, Socket};

/// How events are delivered to a socket, or to a selection of sockets, that may read too slowly.
///
/// Made by `coalesce` and `when_slow` of [`Socket`] and [`Broadcast`].
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `emit`"]
pub struct Delivery<T> {
    to: T,
    policy: Option<SlowClient>,
    key: Option<Arc<str>>,
    flags: Flags,
}

impl<T> Delivery<T> {
    fn new(to: T) -> Delivery<T> {
        Delivery {
            to,
            policy: None,
            key: None,
            flags: Flags::default(),
        }
    }

    /// An event emitted by this replaces the one of the same key and namespace for as long as that
    /// waits, at whatever place in the queue; it takes its place at the end.
    pub fn coalesce(mut self, key: &str) -> Delivery<T> {
        self.key = Some(key.into());
        self
    }

    /// What becomes of events emitted by this for which a client has no room; by default what the
    /// server's configuration says ([`Builder::slow_client`](crate::Builder::slow_client)).
    pub fn when_slow(mut self, policy: SlowClient) -> Delivery<T> {
        self.policy = Some(policy);
        self
    }

    /// Events emitted by this leave at once or not at all: each client's task drops one unless the
    /// connection is open, nothing is queued or being written, and on polling a GET waits.
    pub fn volatile(mut self) -> Delivery<T> {
        self.flags.volatile = true;
        self
    }

    /// Whether events emitted by this may be compressed, where that was agreed on. Default true. An
    /// answer to a GET that holds one that may not is not compressed.
    pub fn compress(mut self, compress: bool) -> Delivery<T> {
        self.flags.uncompressed = !compress;
        self
    }

    fn dress(&self, outgoing: Outgoing) -> Outgoing {
        let outgoing = outgoing.with_policy(self.policy).with_key(self.key.clone());
        outgoing.with_flags(self.flags)
    }

    fn prepare(&self, outgoing: Outgoing) -> Arc<Outgoing> {
        Arc::new(self.dress(outgoing))
    }
}

impl Delivery<Socket> {
    /// Sends an event, as [`Socket::emit`] does.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        let outgoing = Outgoing::event(self.to.namespace_name(), name, &args)?;
        Ok(self.to.post(event(&self.prepare(outgoing))))
    }

    /// Sends an event and waits for the client's acknowledgement, as [`Socket::emit_with_ack`] does.
    /// Such an event is neither replaced nor dropped for a slow client; a volatile one that cannot
    /// leave at once fails with [`AckError::Dropped`](crate::AckError::Dropped).
    pub fn emit_with_ack<A: FromArgs>(&self, name: &str, args: impl IntoArgs) -> EmitWithAck<A> {
        let outgoing = Outgoing::event(self.to.namespace_name(), name, &args);
        EmitWithAck::new(
            self.to.clone(),
            outgoing.map(|outgoing| self.dress(outgoing)),
        )
    }

    /// Waits until the client has room for an event, then sends it, as [`Socket::emit_ready`] does.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub async fn emit_ready(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        let outgoing = Outgoing::event(self.to.namespace_name(), name, &args)?;
        Ok(send_ready(&self.to, self.prepare(outgoing)).await)
    }
}

impl Delivery<Broadcast> {
    /// Sends an event, as [`Broadcast::emit`] does.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        let outgoing = Outgoing::event(self.to.namespace_name(), name, &args)?;
        Ok(self.to.send(&self.prepare(outgoing)))
    }

    /// Waits until all selected clients have room for an event, then sends it, as
    /// [`Broadcast::emit_ready`] does.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub async fn emit_ready(
        &self,
        name: &str,
        args: impl IntoArgs,
        patience: Duration,
    ) -> Result<usize, EmitError> {
        let outgoing = Outgoing::event(self.to.namespace_name(), name, &args)?;
        let outgoing = self.prepare(outgoing);
        let weight = event(&outgoing).weight();
        let ready = async {
            for socket in self.to.sockets() {
                socket.mailbox().room(weight).await;
            }
        };
        // Those who are not ready by then are dealt with by their policy.
        let _ = timeout(patience, ready).await;
        Ok(self.to.send(&outgoing))
    }
}

impl Socket {
    /// For values of which only the newest matters, such as a cursor's place: an event emitted by
    /// this replaces the one of the same key for as long as that waits for the client.
    ///
    /// ```
    /// # fn moved(socket: trunkline::Socket) -> Result<(), trunkline::EmitError> {
    /// socket.coalesce("cursor:42").emit("cursor", (42, 0.25, 0.75))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn coalesce(&self, key: &str) -> Delivery<Socket> {
        Delivery::new(self.clone()).coalesce(key)
    }

    /// Says what becomes of events for which the client has no room because it reads too slowly.
    pub fn when_slow(&self, policy: SlowClient) -> Delivery<Socket> {
        Delivery::new(self.clone()).when_slow(policy)
    }

    /// Waits until the client has room for an event, then sends it. So a producer goes at the pace
    /// of its client, and nothing is dropped and nobody closed for being slow.
    ///
    /// A client that was full has room again when half of its budget is free. An event that is larger
    /// than the whole budget is not waited for. In a handler of this client, do not wait for what
    /// only its next events can bring about.
    ///
    /// # Errors
    /// As [`emit`](Socket::emit).
    pub async fn emit_ready(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        Delivery::new(self.clone()).emit_ready(name, args).await
    }

    /// How much waits for the client: for all its namespaces, as they share one connection.
    pub fn lag(&self) -> Lag {
        self.mailbox().lag()
    }
}

impl Broadcast {
    /// As [`Socket::coalesce`], for every selected socket.
    pub fn coalesce(&self, key: &str) -> Delivery<Broadcast> {
        Delivery::new(self.clone()).coalesce(key)
    }

    /// As [`Socket::when_slow`], for every selected socket.
    pub fn when_slow(&self, policy: SlowClient) -> Delivery<Broadcast> {
        Delivery::new(self.clone()).when_slow(policy)
    }

    /// Waits until all the clients selected now have room for an event, at most for `patience`, then
    /// sends it to all; those that have none by then are dealt with by their policy. Says how many
    /// took it.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub async fn emit_ready(
        &self,
        name: &str,
        args: impl IntoArgs,
        patience: Duration,
    ) -> Result<usize, EmitError> {
        let delivery = Delivery::new(self.clone());
        delivery.emit_ready(name, args, patience).await
    }
}

fn event(outgoing: &Arc<Outgoing>) -> Mail {
    Mail::Emit {
        outgoing: outgoing.clone(),
        ack: None,
    }
}

/// Sends an event once there is room for it; others may take the room meanwhile.
async fn send_ready(socket: &Socket, outgoing: Arc<Outgoing>) -> Emitted {
    let mut mail = event(&outgoing);
    let weight = mail.weight();
    loop {
        match socket.offer(mail) {
            Ok(()) => return Emitted::Queued,
            Err(Declined::Dropped(reason)) => return Emitted::Dropped(reason),
            Err(Declined::NoRoom(back)) => mail = back,
        }
        socket.mailbox().room(weight).await;
    }
}
