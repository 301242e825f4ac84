//! Acknowledgements, both ways: answering a client's event by hand, and waiting for a client's
//! answer to ours.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::registry::{DropReason, Mail};
use crate::socketio::{
    AckError, AckOutcome, AckRequest, Args, ArgsError, EncodeError, FromArgs, IntoArgs, Outgoing,
    Waiter,
};

use super::socket::{Emitted, Socket};

/// One event's wish for an acknowledgement; the first of its listeners to answer wins.
#[derive(Clone, Default)]
pub(crate) enum Wish {
    #[default]
    None,
    /// Nobody but the one handler that runs can answer.
    Sole(u64),
    /// Several can.
    Shared(Arc<Slot>),
}

pub(crate) struct Slot {
    id: u64,
    answered: AtomicBool,
}

impl Wish {
    pub(crate) fn new(id: Option<u64>) -> Wish {
        id.map_or(Wish::None, Wish::Sole)
    }

    /// Lets its clones know of each other's answers; to be called before the first is made.
    pub(crate) fn share(&mut self) {
        if let Wish::Sole(id) = *self {
            let answered = AtomicBool::new(false);
            *self = Wish::Shared(Arc::new(Slot { id, answered }));
        }
    }

    /// Whether an acknowledgement was asked for.
    pub(crate) fn is_wanted(&self) -> bool {
        !matches!(self, Wish::None)
    }

    /// The id to answer, whether or not it has been.
    fn id(&self) -> Option<u64> {
        match self {
            Wish::None => None,
            Wish::Sole(id) => Some(*id),
            Wish::Shared(slot) => Some(slot.id),
        }
    }

    /// The id to answer, for the first who asks.
    pub(crate) fn take(&self) -> Option<u64> {
        match self {
            Wish::None => None,
            Wish::Sole(id) => Some(*id),
            Wish::Shared(slot) => (!slot.answered.swap(true, Ordering::Relaxed)).then_some(slot.id),
        }
    }
}

/// A handler's argument: the acknowledgement of the event, to be answered by hand, later or never.
///
/// A handler that takes it is not answered for automatically. Only the first answer counts.
pub struct Ack {
    socket: Socket,
    wish: Wish,
}

impl Ack {
    pub(crate) fn new(socket: &Socket, wish: Wish) -> Ack {
        Ack {
            socket: socket.clone(),
            wish,
        }
    }

    /// Whether the client asked for an acknowledgement.
    pub fn is_wanted(&self) -> bool {
        self.wish.is_wanted()
    }

    /// Answers: a tuple is several values, `()` none, anything else one.
    ///
    /// Nothing happens when the client did not ask, was already answered, or has left.
    ///
    /// # Errors
    /// When the values cannot be written.
    pub fn send(self, values: impl IntoArgs) -> Result<(), EncodeError> {
        let namespace = self.socket.namespace_name();
        let outgoing = match self.wish.id() {
            Some(id) => Outgoing::ack_of(namespace, id, &values)?,
            None => Outgoing::ack(namespace, &values)?,
        };
        if let Some(id) = self.wish.take() {
            let outgoing = Box::new(outgoing);
            // A client that has left needs no answer.
            let _ = self.socket.post(Mail::Acknowledge { id, outgoing });
        }
        Ok(())
    }
}

/// Why an acknowledgement did not come, or could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The event could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No answer.
    #[error(transparent)]
    Ack(#[from] AckError),
    /// The answer does not fit the type that was asked for.
    #[error("the answer does not fit: {0}")]
    Mismatch(String),
    /// Nobody listens to a server-side event on the node that was asked.
    #[error("nobody listens there")]
    NobodyListens,
}

impl From<AnswerError> for super::Error {
    /// Tells the client no more than that its own answer was wrong or missing.
    fn from(error: AnswerError) -> super::Error {
        match error {
            AnswerError::Encode(error) => error.into(),
            AnswerError::Ack(_) | AnswerError::Mismatch(_) | AnswerError::NobodyListens => {
                super::Error::new("no_answer", error.to_string())
            }
        }
    }
}

/// An event that waits for the client's answer; made by
/// [`Socket::emit_with_ack`](crate::Socket::emit_with_ack), sent when awaited.
#[must_use = "the event is sent when this is awaited"]
pub struct EmitWithAck<T> {
    socket: Socket,
    outgoing: Result<Outgoing, EncodeError>,
    timeout: Option<Duration>,
    answer: std::marker::PhantomData<fn() -> T>,
}

impl<T: FromArgs> EmitWithAck<T> {
    pub(crate) fn new(socket: Socket, outgoing: Result<Outgoing, EncodeError>) -> EmitWithAck<T> {
        EmitWithAck {
            socket,
            outgoing,
            timeout: None,
            answer: std::marker::PhantomData,
        }
    }

    /// Gives up after this time with [`AckError::TimedOut`]. Without it there is no limit but the
    /// client's leaving.
    pub fn timeout(mut self, timeout: Duration) -> EmitWithAck<T> {
        self.timeout = Some(timeout);
        self
    }

    async fn send(self) -> Result<T, AnswerError> {
        let (sender, receiver) = oneshot::channel::<AckOutcome>();
        let waiter = Waiter::new(move |outcome| {
            // Whoever asked may have stopped waiting.
            let _ = sender.send(outcome);
        });
        let id = self.socket.next_ack_id();
        let ack = Some(Box::new(AckRequest {
            id,
            timeout: self.timeout,
            waiter,
        }));
        let mail = Mail::Emit {
            outgoing: Arc::new(self.outgoing?),
            ack,
        };
        match self.socket.post(mail) {
            Emitted::Queued => {}
            Emitted::Dropped(DropReason::NoRoom) => return Err(AckError::Dropped.into()),
            Emitted::Dropped(DropReason::Disconnected | DropReason::SlowConsumer) => {
                return Err(AckError::Disconnected.into());
            }
        }
        // A waiter that is dropped unanswered belonged to a client that has gone.
        let args: Args = receiver.await.map_err(|_| AckError::Disconnected)??;
        args.to().map_err(|error| match error {
            ArgsError::Syntax(message) | ArgsError::Mismatch(message) => {
                AnswerError::Mismatch(message)
            }
        })
    }
}

impl<T: FromArgs + Send + 'static> IntoFuture for EmitWithAck<T> {
    type Output = Result<T, AnswerError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack")
            .field("socket", &self.socket)
            .field("is_wanted", &self.is_wanted())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for EmitWithAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitWithAck")
            .field("socket", &self.socket)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
