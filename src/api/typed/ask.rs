//! Waiting for clients' answers to an event that declares one.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use crate::api::ack::{AnswerError, EmitWithAck};
use crate::api::operator::{BroadcastAnswer, BroadcastWithAck, Incomplete, RequestError};
use crate::api::remote::RemoteWithAck;
use crate::socketio::FromArgs;

use super::{AckValues, AnswerTo, Event, EventAck};

/// An event that waits for one client's answer; made by [`Socket::ask`](crate::Socket::ask), sent
/// when awaited.
#[must_use = "the event is sent when this is awaited"]
pub struct Ask<E: Event>(Way<AckValues<E>>);

/// Where the client is.
enum Way<T> {
    Here(Box<EmitWithAck<T>>),
    Somewhere(RemoteWithAck<T>),
}

impl<E: Event<Ack: EventAck<Values: FromArgs>>> Ask<E> {
    pub(super) fn here(emit: EmitWithAck<AckValues<E>>) -> Ask<E> {
        Ask(Way::Here(Box::new(emit)))
    }

    pub(super) fn somewhere(emit: RemoteWithAck<AckValues<E>>) -> Ask<E> {
        Ask(Way::Somewhere(emit))
    }

    /// Gives up after this time with [`AckError::TimedOut`](crate::AckError::TimedOut). Without it
    /// there is no limit but the client's leaving.
    pub fn timeout(self, timeout: Duration) -> Ask<E> {
        Ask(match self.0 {
            Way::Here(emit) => Way::Here(Box::new(emit.timeout(timeout))),
            Way::Somewhere(emit) => Way::Somewhere(emit.timeout(timeout)),
        })
    }
}

impl<E> IntoFuture for Ask<E>
where
    E: Event<Ack: EventAck<Values: FromArgs + Send + 'static>>,
{
    type Output = Result<AnswerTo<E>, AnswerError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let emit = match self.0 {
            Way::Here(emit) => emit.into_future(),
            Way::Somewhere(emit) => emit.into_future(),
        };
        Box::pin(async move { emit.await.map(E::Ack::answer) })
    }
}

impl<E: Event> fmt::Debug for Ask<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ask").field(&E::NAME).finish()
    }
}

/// An event that waits for the answers of many clients; made by
/// [`Broadcast::ask`](crate::Broadcast::ask), sent when awaited.
///
/// Awaited, it gives what [`Broadcast::emit_with_ack`](crate::Broadcast::emit_with_ack) gives.
#[must_use = "the event is sent when this is awaited"]
pub struct AskAll<E: Event>(BroadcastWithAck<AckValues<E>>);

impl<E: Event<Ack: EventAck<Values: FromArgs>>> AskAll<E> {
    pub(super) fn new(emit: BroadcastWithAck<AckValues<E>>) -> AskAll<E> {
        AskAll(emit)
    }

    /// As [`Broadcast::timeout`](crate::Broadcast::timeout).
    pub fn timeout(self, timeout: Duration) -> AskAll<E> {
        AskAll(self.0.timeout(timeout))
    }
}

/// What a typed question to many brings.
type Answers<E> =
    Result<Vec<BroadcastAnswer<AnswerTo<E>>>, RequestError<BroadcastAnswer<AnswerTo<E>>>>;

impl<E> IntoFuture for AskAll<E>
where
    E: Event<Ack: EventAck<Values: FromArgs + Send + 'static>>,
{
    type Output = Answers<E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Answers<E>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let emit = self.0.into_future();
        Box::pin(async move {
            match emit.await {
                Ok(answers) => Ok(read::<E>(answers)),
                Err(RequestError::Encode(error)) => Err(error.into()),
                Err(RequestError::Incomplete(Incomplete { answers, missing })) => {
                    let answers = read::<E>(answers);
                    Err(Incomplete { answers, missing }.into())
                }
            }
        })
    }
}

fn read<E: Event>(
    answers: Vec<BroadcastAnswer<AckValues<E>>>,
) -> Vec<BroadcastAnswer<AnswerTo<E>>> {
    let answers = answers.into_iter();
    answers
        .map(|(socket, answer)| (socket, answer.map(E::Ack::answer)))
        .collect()
}

impl<E: Event> fmt::Debug for AskAll<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AskAll").field(&E::NAME).finish()
    }
}
