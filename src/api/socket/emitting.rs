//! What is sent to one socket.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use crate::api::EmitError;
use crate::api::ack::EmitWithAck;
use crate::api::namespace::NamespaceInner;
use crate::registry::{Declined, DropReason, Mail, Reach};
use crate::socketio::{FromArgs, IntoArgs, Outgoing};

use super::{Emitted, LEAVING, LEFT, Socket};

impl Socket {
    /// Sends an event to this client. A tuple is several arguments, `()` none, anything else one.
    ///
    /// Returns at once: the event waits in the client's queue.
    ///
    /// # Errors
    /// When the event cannot be written: a reserved name, arguments that are no JSON, or more
    /// binary attachments than current clients accept.
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        let outgoing = Outgoing::event(self.namespace_name(), name, &args)?;
        Ok(self.deliver(outgoing))
    }

    /// Sends the event `message` (`send` and `write` of the JavaScript API).
    ///
    /// # Errors
    /// As [`emit`](Socket::emit).
    pub fn send(&self, args: impl IntoArgs) -> Result<Emitted, EmitError> {
        self.emit("message", args)
    }

    /// Sends an event and waits for the client's acknowledgement, read as `T`: a tuple of its
    /// values, also of a single one. Where they do not matter, say `emit_with_ack::<()>`.
    ///
    /// ```
    /// # async fn ask(socket: trunkline::Socket) -> Result<(), trunkline::AnswerError> {
    /// use std::time::Duration;
    ///
    /// let (name,): (String,) =
    ///     socket.emit_with_ack("who are you?", ()).timeout(Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack<T: FromArgs>(&self, name: &str, args: impl IntoArgs) -> EmitWithAck<T> {
        let outgoing = Outgoing::event(self.namespace_name(), name, &args);
        EmitWithAck::new(self.clone(), outgoing)
    }

    /// Waits until everything emitted so far was handed to the operating system, or the client has
    /// left. On polling that is when the client fetched it.
    ///
    /// A producer that awaits this now and then is slowed down to what its client can take.
    pub async fn flushed(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.mailbox().post(Mail::Flushed(sender)).is_ok() {
            // The sender is dropped when the client leaves.
            let _ = receiver.await;
        }
    }

    /// Hands something to the client's task if there is room for it.
    pub(in crate::api) fn offer(&self, mail: Mail) -> Result<(), Declined> {
        match self.0.phase.load(Ordering::Acquire) {
            LEAVING | LEFT => Err(Declined::Dropped(DropReason::Disconnected)),
            _ => self.mailbox().offer(mail),
        }
    }

    /// Sends an event that wants no answer. Where recovery is on it is kept for a client that is
    /// away, and reaches one that has come back.
    pub(crate) fn deliver(&self, outgoing: Outgoing) -> Emitted {
        let NamespaceInner { roster, keeper, .. } = &**self.namespace_inner();
        match keeper.as_ref().zip(self.recoverable()) {
            None => self.post(Mail::Emit {
                outgoing: Arc::new(outgoing),
                ack: None,
            }),
            Some((keeper, own)) => keeper.emit(self, own, roster, outgoing),
        }
    }

    pub(in crate::api) fn post(&self, mail: Mail) -> Emitted {
        let sent = match self.0.phase.load(Ordering::Acquire) {
            LEAVING | LEFT => Err(DropReason::Disconnected),
            _ => self.mailbox().post(mail),
        };
        sent.map_or_else(Emitted::Dropped, |()| Emitted::Queued)
    }
}
