//! Waiting for a client's answer to an event that declares one.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use crate::api::ack::{AnswerError, EmitWithAck};
use crate::socketio::FromArgs;

use super::{AckValues, AnswerTo, Event, EventAck};

/// An event that waits for the client's answer; made by [`Socket::ask`](crate::Socket::ask), sent
/// when awaited.
#[must_use = "the event is sent when this is awaited"]
pub struct Ask<E: Event>(EmitWithAck<AckValues<E>>);

impl<E: Event<Ack: EventAck<Values: FromArgs>>> Ask<E> {
    pub(super) fn new(emit: EmitWithAck<AckValues<E>>) -> Ask<E> {
        Ask(emit)
    }

    /// Gives up after this time with [`AckError::TimedOut`](crate::AckError::TimedOut). Without it
    /// there is no limit but the client's leaving.
    pub fn timeout(self, timeout: Duration) -> Ask<E> {
        Ask(self.0.timeout(timeout))
    }
}

impl<E> IntoFuture for Ask<E>
where
    E: Event<Ack: EventAck<Values: FromArgs + Send + 'static>>,
{
    type Output = Result<AnswerTo<E>, AnswerError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let emit = self.0.into_future();
        Box::pin(async move { emit.await.map(E::Ack::answer) })
    }
}
