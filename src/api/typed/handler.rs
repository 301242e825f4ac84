//! Handlers that take an event as a type.
//!
//! [`TypedHandler`] is [`Handler`] with an event as the first argument; [`OnEvent`] makes one of the
//! other, so that behind it both are alike.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::api::answer::Error;
use crate::api::handler::{Call, CallError, FromCall, Handler};
use crate::api::state::States;
use crate::socketio::{Args, FromArgs, IntoArgs};

use super::{AckValues, AnswerTo, Event, EventAck};

/// An async function or closure that can handle an [`Event`]: its first argument is the event.
///
/// Up to seven more arguments follow, each a [`FromCall`]. `M` only tells the implementations apart
/// and is always inferred.
#[diagnostic::on_unimplemented(
    message = "this cannot handle an event",
    label = "not a handler of an event",
    note = "it is an async closure or function that is `Clone + Send + Sync + 'static`, as is its future",
    note = "its first argument is the event, which implements `trunkline::Event`; each further one is a `FromCall`: `Socket`, `State<T>`, …"
)]
pub trait TypedHandler<M>: Clone + Send + Sync + 'static {
    /// The event.
    type Event: Event;
    /// What the future gives.
    type Output: Send + 'static;
    /// The future itself.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Takes the other arguments from the call and starts the function.
    ///
    /// # Errors
    /// When an argument could not be made; the function was not called.
    fn start(self, event: Self::Event, call: &mut Call) -> Result<Self::Future, CallError>;

    /// Checks that the server can provide every argument.
    ///
    /// # Errors
    /// The name of what is missing.
    fn check(states: &States) -> Result<(), &'static str>;
}

macro_rules! event_handler {
    ($($name:ident)*) => {
        impl<Function, Fut, Ev, $($name,)*> TypedHandler<(Ev, $($name,)*)> for Function
        where
            Function: FnOnce(Ev, $($name),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: Send + 'static,
            Ev: Event,
            $($name: FromCall,)*
        {
            type Event = Ev;
            type Output = Fut::Output;
            type Future = Fut;

            #[allow(
                clippy::allow_attributes,
                non_snake_case,
                unused_variables,
                reason = "the type parameters' names serve as variables, and there may be none"
            )]
            fn start(self, event: Ev, call: &mut Call) -> Result<Fut, CallError> {
                $(let $name = $name::from_call(call)?;)*
                Ok(self(event, $($name),*))
            }

            #[allow(clippy::allow_attributes, unused_variables, reason = "no arguments, no use")]
            fn check(states: &States) -> Result<(), &'static str> {
                $($name::check(states)?;)*
                Ok(())
            }
        }
    };
}

event_handler!();
event_handler!(A);
event_handler!(A B);
event_handler!(A B C);
event_handler!(A B C D);
event_handler!(A B C D E);
event_handler!(A B C D E F);
event_handler!(A B C D E F G);

/// Reads the event from the call's arguments.
fn read<E: Event<Args: FromArgs>>(call: &mut Call) -> Result<E, CallError> {
    let args = match &call.args {
        Some(args) => args.to()?,
        None => Args::default().to()?,
    };
    call.is_checked = true;
    Ok(E::from_args(args))
}

/// What a handler of an event returns: `Result<T, E>`, where `T` is what the event declares as its
/// acknowledgement; where that is nothing, also `()`.
#[diagnostic::on_unimplemented(
    message = "the event is acknowledged with `{T}`, but its handler returns `{Self}`",
    label = "does not give the event's acknowledgement",
    note = "the handler returns `Result<{T}, E>`, where `E` is a `trunkline::Error` or becomes one"
)]
pub trait Acknowledges<T>: Send + 'static {
    /// The acknowledgement, or the failure.
    ///
    /// # Errors
    /// What the handler returned as its error.
    fn acknowledge(self) -> Result<T, Error>;
}

impl Acknowledges<()> for () {
    fn acknowledge(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<T, E> Acknowledges<T> for Result<T, E>
where
    T: Send + 'static,
    E: Into<Error> + Send + 'static,
{
    fn acknowledge(self) -> Result<T, Error> {
        self.map_err(Into::into)
    }
}

/// The handler of an event as a handler like any other.
#[derive(Clone)]
pub(super) struct OnEvent<H>(pub(super) H);

/// Tells such handlers from all others.
pub(super) struct ByEvent<M>(PhantomData<fn(M)>);

impl<M, H> Handler<ByEvent<M>> for OnEvent<H>
where
    H: TypedHandler<M>,
    H::Event: Event<Args: FromArgs> + 'static,
    H::Output: Acknowledges<AnswerTo<H::Event>>,
    AckValues<H::Event>: IntoArgs + Send + 'static,
{
    type Output = Result<AckValues<H::Event>, Error>;
    type Future = Acknowledging<H::Event, H::Future>;

    fn start(self, call: &mut Call) -> Result<Self::Future, CallError> {
        let event = read(call)?;
        let future = self.0.start(event, call)?;
        let event = PhantomData;
        Ok(Acknowledging { future, event })
    }

    fn check(states: &States) -> Result<(), &'static str> {
        H::check(states)
    }
}

pin_project! {
    /// A handler that runs, and what its answer becomes.
    pub(super) struct Acknowledging<E, F> {
        #[pin]
        future: F,
        event: PhantomData<fn() -> E>,
    }
}

impl<E, F> Future for Acknowledging<E, F>
where
    E: Event,
    F: Future<Output: Acknowledges<AnswerTo<E>>>,
{
    type Output = Result<AckValues<E>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().future.poll(context)).acknowledge();
        Poll::Ready(answer.map(E::Ack::values))
    }
}
