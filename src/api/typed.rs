//! Events as types: a name, what comes with it, and what it is acknowledged with.
//!
//! An [`Event`] is a way of saying `on`, `emit` and `emit_with_ack` with types; what is sent is the
//! same. [`handler`] is the listening side, [`emitting`] and [`ask`] are the other. With the feature
//! `typescript` a contract lists events and tells clients their types. What is not here is how a
//! type becomes an event: that is the derive macro's, in a package of its own.

mod ask;
#[cfg(feature = "typescript")]
mod contract;
mod emitting;
mod handler;
#[cfg(feature = "typescript")]
mod typescript;

pub use ask::{Ask, AskAll};
#[cfg(feature = "typescript")]
pub use contract::{Contract, ContractError, Listens, Unhandled};
pub use handler::{Acknowledges, TypedHandler};
#[cfg(feature = "typescript")]
pub use typescript::Signature;

/// An event as a type. Derived, with the feature `macros`:
///
/// ```
/// # #[cfg(feature = "macros")]
/// # mod events {
/// use serde::{Deserialize, Serialize};
/// use trunkline::{Error, Event, Io, Socket};
///
/// #[derive(Event, Deserialize)]
/// #[event(name = "ask", ack = Reply)]
/// struct Question { text: String }
///
/// #[derive(Serialize)]
/// struct Reply { text: String }
///
/// #[derive(Event, Serialize)]
/// #[event(name = "typing")]
/// struct Typing { on: bool }
///
/// fn listen(io: &Io) {
///     io.of("/").on_event(async |question: Question, socket: Socket| -> Result<Reply, Error> {
///         socket.broadcast().emit_event(&Typing { on: true })?;
///         Ok(Reply { text: format!("{}? Yes.", question.text) })
///     });
/// }
/// # }
/// ```
///
/// A struct with named fields and an enum are one argument, a struct with unnamed fields has one for
/// each, a struct without fields none. Rooms, namespaces and everything else that is not about one
/// event's form are as for events without types; the two can be mixed, and where there is no method
/// for an event as a type, `emit(Typing::NAME, typing.values())` is the same.
///
/// # Compile-time checks
///
/// The answer has the declared type:
///
/// ```compile_fail
/// # #[derive(trunkline::Event, serde::Deserialize)]
/// # #[event(name = "ask", ack = u32)]
/// # struct Question { text: String }
/// # let io = trunkline::Io::builder().build();
/// io.of("/").on_event(async |question: Question| -> Result<String, trunkline::Error> {
///     Ok(question.text)
/// });
/// ```
///
/// An event that is to be acknowledged is sent with `ask`, any other one with `emit_event`:
///
/// ```compile_fail
/// # #[derive(trunkline::Event, serde::Serialize)]
/// # #[event(name = "ask", ack = u32)]
/// # struct Question { text: String }
/// # fn send(socket: trunkline::Socket, question: Question) {
/// socket.emit_event(&question);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "a type is made an event with `#[derive(trunkline::Event)]` and `#[event(name = \"…\")]`"
)]
pub trait Event: Sized {
    /// The name on the wire.
    const NAME: &'static str;
    /// What it is acknowledged with: [`NoAck`], or a tuple of values, also of a single one.
    type Ack: EventAck;
    /// The arguments, as a tuple.
    type Args;
    /// The same, borrowed.
    type Values<'a>
    where
        Self: 'a;

    /// Makes the event of its arguments.
    fn from_args(args: Self::Args) -> Self;

    /// The arguments, to be sent.
    fn values(&self) -> Self::Values<'_>;
}

/// The acknowledgement of an event for which nobody waits.
#[derive(Clone, Copy, Debug)]
pub enum NoAck {}

/// What an event may be acknowledged with: [`NoAck`], or a tuple of up to eight values.
pub trait EventAck {
    /// What handlers return and askers get: a tuple, `()`, or the only value.
    type Answer;
    /// The values on the wire, as a tuple.
    type Values;

    /// Takes the answer apart.
    fn values(answer: Self::Answer) -> Self::Values;

    /// Makes the answer of its values.
    fn answer(values: Self::Values) -> Self::Answer;
}

/// An acknowledgement that somebody waits for.
#[diagnostic::on_unimplemented(
    message = "this event is not acknowledged",
    label = "declared without an acknowledgement",
    note = "send it with `emit_event`, or declare what the client answers: `#[event(name = \"…\", ack = Type)]`; `ack = ()` is an answer without values"
)]
pub trait WithAck: EventAck {}

/// No acknowledgement.
#[diagnostic::on_unimplemented(
    message = "this event is to be acknowledged with `{Self}`",
    label = "its acknowledgement would be lost",
    note = "send it with `Socket::ask` and await the answer; clients that were declared a callback would call one that is not there"
)]
pub trait WithoutAck: EventAck {}

/// What a handler of the event returns, and whoever asks gets.
pub type AnswerTo<E> = <<E as Event>::Ack as EventAck>::Answer;

type AckValues<E> = <<E as Event>::Ack as EventAck>::Values;

impl EventAck for NoAck {
    type Answer = ();
    type Values = ();

    fn values((): ()) {}

    fn answer((): ()) {}
}

impl WithoutAck for NoAck {}

impl<A> EventAck for (A,) {
    type Answer = A;
    type Values = (A,);

    fn values(answer: A) -> (A,) {
        (answer,)
    }

    fn answer((answer,): (A,)) -> A {
        answer
    }
}

impl<A> WithAck for (A,) {}

macro_rules! several {
    ($($name:ident)*) => {
        impl<$($name),*> EventAck for ($($name,)*) {
            type Answer = Self;
            type Values = Self;

            fn values(answer: Self) -> Self {
                answer
            }

            fn answer(values: Self) -> Self {
                values
            }
        }

        impl<$($name),*> WithAck for ($($name,)*) {}
    };
}

several!();
several!(A B);
several!(A B C);
several!(A B C D);
several!(A B C D E);
several!(A B C D E F);
several!(A B C D E F G);
several!(A B C D E F G H);
