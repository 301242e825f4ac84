//! Clients that read too slowly: waiting until they have room, and how far behind they are.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::registry::{Declined, Lag, Mail, Reach, weight_of};
use crate::socketio::{IntoArgs, Outgoing};

use super::EmitError;
use super::operator::Broadcast;
use super::socket::{Emitted, Socket, SocketOperator};

impl Socket {
    /// Waits until the client has room for an event, then sends it. So a producer goes at the pace
    /// of its client, and nothing is dropped and nobody closed for being slow.
    ///
    /// A client that was full has room again when half of its budget is free. An event that is larger
    /// than the whole budget is not waited for. In a handler of this client, do not wait for what
    /// only its next events can bring about. Where [recovery](crate::Recovery) is on, an event takes its
    /// number when it is sent, so several that are sent at the same time may together be too much; then
    /// the client's policy decides.
    ///
    /// # Errors
    /// As [`emit`](Socket::emit).
    pub async fn emit_ready(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        self.operator().emit_ready(name, args).await
    }

    /// How much waits for the client: for all its namespaces, as they share one connection.
    pub fn lag(&self) -> Lag {
        self.mailbox().lag()
    }
}

impl SocketOperator {
    /// Waits until the client has room for an event, then sends it, as [`Socket::emit_ready`] does.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub async fn emit_ready(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        let outgoing = self.write(name, &args)?;
        Ok(send_ready(self.socket(), outgoing).await)
    }
}

impl Broadcast {
    /// Waits until all the clients of this server that are selected now have room for an event, at
    /// most for `patience`, then sends it to all; those that have none by then are dealt with by
    /// their policy. Says how many took it.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub async fn emit_ready(
        &self,
        name: &str,
        args: impl IntoArgs,
        patience: Duration,
    ) -> Result<usize, EmitError> {
        let outgoing = self.write(name, &args)?;
        let weight = weight_of(&outgoing);
        let ready = async {
            for socket in self.sockets() {
                socket.mailbox().room(weight).await;
            }
        };
        // Those who are not ready by then are dealt with by their policy.
        let _ = timeout(patience, ready).await;
        self.publish(&outgoing)?;
        Ok(self.deliver(outgoing))
    }
}

/// Sends an event once there is room for it, for which others may be faster.
async fn send_ready(socket: &Socket, outgoing: Outgoing) -> Emitted {
    let weight = weight_of(&outgoing);
    if socket.recoverable().is_some() {
        // What is kept for a client that may come back is numbered when it is sent.
        socket.mailbox().room(weight).await;
        return socket.deliver(outgoing);
    }
    let mut mail = Mail::Emit {
        outgoing: Arc::new(outgoing),
        ack: None,
    };
    loop {
        match socket.offer(mail) {
            Ok(()) => return Emitted::Queued,
            Err(Declined::Dropped(reason)) => return Emitted::Dropped(reason),
            Err(Declined::NoRoom(back)) => mail = back,
        }
        socket.mailbox().room(weight).await;
    }
}
