//! Handlers: async functions whose arguments say what they need.
//!
//! A handler is any `FnOnce + Clone` that returns a future; it is cloned for each call, so shared
//! state belongs in an `Arc` or in [`State`]. Each argument is taken from the [`Call`] by
//! [`FromCall`]; with that the type of the arguments decides how the event's JSON is read, and it is
//! read once. Behind [`ErasedHandler`] all handlers are alike.

mod extractors;
mod parts;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use serde::de::DeserializeOwned;

use crate::socketio::{Args, ArgsError, ConnectError, DisconnectReason, FromArgs};

use super::ack::{Ack, Wish};
use super::answer::{Answer, IntoAdmission, IntoAnswer};
use super::incoming::{IntoVerdict, Verdict};
use super::io::Io;
use super::socket::Socket;
use super::state::{State, States};

pub use extractors::DisconnectDetail;
pub use parts::Parts;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One call of a handler, from which the handler's arguments are taken.
#[derive(Clone)]
pub struct Call {
    pub(crate) socket: Socket,
    pub(crate) name: ByteString,
    pub(crate) args: Option<Args>,
    pub(crate) wish: Wish,
    /// Only for what happens when a socket leaves.
    pub(crate) leaving: Option<Arc<Leaving>>,
    /// Whether the handler took the acknowledgement upon itself.
    pub(crate) answers_itself: bool,
    /// Whether the arguments' JSON was found valid.
    pub(crate) is_checked: bool,
}

/// Handed on by value a few times for each event; a larger one would be copied by a call each time.
const _: () = assert!(size_of::<Call>() <= 128);

/// Why a socket leaves.
pub(crate) struct Leaving {
    pub(crate) reason: DisconnectReason,
    /// What is known beside the reason.
    pub(crate) detail: Option<String>,
}

impl Call {
    /// A call without arguments that nobody asked to be answered.
    pub(crate) fn new(socket: &Socket, name: ByteString) -> Call {
        Call {
            socket: socket.clone(),
            name,
            args: None,
            wish: Wish::default(),
            leaving: None,
            answers_itself: false,
            is_checked: false,
        }
    }

    /// Whose event it is.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's arguments, not read yet; none where there is no event.
    pub fn args(&self) -> Option<&Args> {
        self.args.as_ref()
    }

    /// Why the socket leaves, in disconnect handlers.
    pub fn reason(&self) -> Option<DisconnectReason> {
        self.leaving.as_ref().map(|leaving| leaving.reason)
    }

    /// What is known beside the reason, in disconnect handlers; see [`DisconnectDetail`].
    pub fn detail(&self) -> Option<&str> {
        self.leaving.as_ref()?.detail.as_deref()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("socket", &self.socket)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why a handler's argument could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// What the client sent is not JSON: a violation of the protocol.
    #[error("{0}")]
    Syntax(String),
    /// What the client sent does not fit the handler's types.
    #[error("{0}")]
    Mismatch(String),
}

impl From<ArgsError> for CallError {
    fn from(error: ArgsError) -> CallError {
        match error {
            ArgsError::Syntax(message) => CallError::Syntax(message),
            ArgsError::Mismatch(message) => CallError::Mismatch(message),
        }
    }
}

/// A type that a handler may take as an argument.
///
/// | argument | gives |
/// |---|---|
/// | [`Socket`] | the client's socket |
/// | a tuple such as `(String, u32)` | the event's arguments, read by serde |
/// | [`Args`] | the event's arguments as they came |
/// | [`Ack`] | the acknowledgement, to be answered by hand |
/// | [`State<T>`] | the application's state |
/// | [`Auth<T>`] | what the client sent with its CONNECT packet |
/// | [`EventName`] | the event's name |
/// | [`DisconnectReason`] | why the socket left, in disconnect handlers |
/// | [`DisconnectDetail`] | what is known beside the reason, in disconnect handlers |
/// | [`Incoming`](crate::Incoming) | the event itself, in event middlewares |
/// | [`Arc<Handshake>`](crate::Handshake) | the HTTP request with which the client arrived |
/// | [`Transport`](crate::Transport) | by which transport the client is connected at present |
/// | [`SocketId`](crate::SocketId) | the socket's id |
/// | [`Namespace`](crate::Namespace) | the socket's namespace |
/// | [`Io`] | the server |
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}` as an argument",
    label = "not an argument of handlers",
    note = "an event's arguments come as one tuple, also a single one: `(text,): (String,)`",
    note = "its types implement `serde::Deserialize`; what else a handler may take is in the table of `FromCall`"
)]
pub trait FromCall: Sized {
    /// Takes the value from the call.
    ///
    /// # Errors
    /// When the client sent what cannot be made into this type.
    fn from_call(call: &mut Call) -> Result<Self, CallError>;

    /// Checks at registration that the server can provide this argument at all.
    ///
    /// # Errors
    /// The name of what is missing.
    fn check(states: &States) -> Result<(), &'static str> {
        // By default nothing but the call is needed.
        let _ = states;
        Ok(())
    }
}

impl FromCall for Socket {
    fn from_call(call: &mut Call) -> Result<Socket, CallError> {
        Ok(call.socket.clone())
    }
}

impl FromCall for Io {
    fn from_call(call: &mut Call) -> Result<Io, CallError> {
        Ok(call.socket.io())
    }
}

impl FromCall for Args {
    /// A handler may keep them for long, so they are copied out of the read buffer.
    fn from_call(call: &mut Call) -> Result<Args, CallError> {
        let Some(args) = &call.args else {
            return Ok(Args::default());
        };
        args.check()?;
        call.is_checked = true;
        Ok(args.detach())
    }
}

impl FromCall for Ack {
    fn from_call(call: &mut Call) -> Result<Ack, CallError> {
        call.answers_itself = true;
        call.wish.share();
        Ok(Ack::new(&call.socket, call.wish.clone()))
    }
}

impl<T: Send + Sync + 'static> FromCall for State<T> {
    fn from_call(call: &mut Call) -> Result<State<T>, CallError> {
        // Checked when the handler was registered; states are fixed before that.
        let state = call.socket.io().inner().states.get::<T>();
        state
            .map(State)
            .ok_or_else(|| CallError::Mismatch("state is missing".to_owned()))
    }

    fn check(states: &States) -> Result<(), &'static str> {
        states
            .get::<T>()
            .map(|_| ())
            .ok_or(std::any::type_name::<T>())
    }
}

/// The name of the event that is being handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(pub ByteString);

impl FromCall for EventName {
    fn from_call(call: &mut Call) -> Result<EventName, CallError> {
        // As with `Args`.
        Ok(EventName(ByteString::from(&*call.name)))
    }
}

impl FromCall for DisconnectReason {
    fn from_call(call: &mut Call) -> Result<DisconnectReason, CallError> {
        call.reason()
            .ok_or_else(|| CallError::Mismatch("the socket is connected".to_owned()))
    }
}

/// What the client sent with its CONNECT packet (`auth` of the JavaScript client), read by serde.
///
/// A client that sent nothing sent an empty object.
#[derive(Clone, Debug)]
pub struct Auth<T>(pub T);

impl<T: DeserializeOwned> FromCall for Auth<T> {
    fn from_call(call: &mut Call) -> Result<Auth<T>, CallError> {
        let auth = serde_json::from_str(call.socket.auth());
        auth.map(Auth)
            .map_err(|error| CallError::Mismatch(format!("auth: {error}")))
    }
}

macro_rules! arguments {
    ($($name:ident)+) => {
        impl<$($name: DeserializeOwned),+> FromCall for ($($name,)+) {
            fn from_call(call: &mut Call) -> Result<Self, CallError> {
                let values = match &call.args {
                    Some(args) => <Self as FromArgs>::from_args(args)?,
                    None => <Self as FromArgs>::from_args(&Args::default())?,
                };
                call.is_checked = true;
                Ok(values)
            }
        }
    };
}

arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);
arguments!(A B C D E F G);
arguments!(A B C D E F G H);

/// An async function or closure that can handle an event, a connection, a disconnection, or
/// decide about one.
///
/// Implemented for functions of up to eight arguments that are [`FromCall`]. `M` only tells the
/// implementations apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "this cannot be a handler",
    label = "not a handler",
    note = "a handler is an async closure or function that is `Clone + Send + Sync + 'static`, as is its future",
    note = "each argument is a `FromCall`: `Socket`, `trunkline::State<T>` (not axum's), `Ack`, … or the event's arguments as one tuple, also a single one: `(text,): (String,)`",
    note = "the types in that tuple implement `serde::Deserialize`"
)]
pub trait Handler<M>: Clone + Send + Sync + 'static {
    /// What the future gives.
    type Output: Send + 'static;
    /// The future itself.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Takes the arguments from the call and starts the function.
    ///
    /// # Errors
    /// When an argument could not be made; the function was not called.
    fn start(self, call: &mut Call) -> Result<Self::Future, CallError>;

    /// Checks that the server can provide every argument.
    ///
    /// # Errors
    /// The name of what is missing.
    fn check(states: &States) -> Result<(), &'static str>;
}

macro_rules! handler {
    ($($name:ident)*) => {
        impl<Function, Fut, $($name,)*> Handler<($($name,)*)> for Function
        where
            Function: FnOnce($($name),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: Send + 'static,
            $($name: FromCall,)*
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[allow(
                clippy::allow_attributes,
                non_snake_case,
                unused_variables,
                reason = "the type parameters' names serve as variables, and there may be none"
            )]
            fn start(self, call: &mut Call) -> Result<Fut, CallError> {
                $(let $name = $name::from_call(call)?;)*
                Ok(self($($name),*))
            }

            #[allow(clippy::allow_attributes, unused_variables, reason = "no arguments, no use")]
            fn check(states: &States) -> Result<(), &'static str> {
                $($name::check(states)?;)*
                Ok(())
            }
        }
    };
}

handler!();
handler!(A);
handler!(A B);
handler!(A B C);
handler!(A B C D);
handler!(A B C D E);
handler!(A B C D E F);
handler!(A B C D E F G);
handler!(A B C D E F G H);

/// A handler of which only the outcome is known.
pub(crate) trait ErasedHandler<O>: Send + Sync {
    fn start(&self, call: &mut Call) -> Result<BoxFuture<O>, CallError>;
}

struct Erased<H, F> {
    handler: H,
    convert: F,
}

/// Hides the handler's type behind what its outcome becomes.
fn erase<M, H, O>(
    handler: H,
    convert: impl Fn(H::Output) -> O + Copy + Send + Sync + 'static,
) -> Arc<dyn ErasedHandler<O>>
where
    H: Handler<M>,
    M: 'static,
    O: Send + 'static,
{
    struct Marked<M, H, F>(Erased<H, F>, std::marker::PhantomData<fn(M)>);

    impl<M, H, F, O> ErasedHandler<O> for Marked<M, H, F>
    where
        H: Handler<M>,
        F: Fn(H::Output) -> O + Copy + Send + Sync + 'static,
        O: Send + 'static,
    {
        fn start(&self, call: &mut Call) -> Result<BoxFuture<O>, CallError> {
            let future = self.0.handler.clone().start(call)?;
            let convert = self.0.convert;
            Ok(Box::pin(async move { convert(future.await) }))
        }
    }

    Arc::new(Marked(
        Erased { handler, convert },
        std::marker::PhantomData,
    ))
}

pub(crate) fn erase_handler<M, H>(handler: H) -> Arc<dyn ErasedHandler<Answer>>
where
    H: Handler<M>,
    H::Output: IntoAnswer,
    M: 'static,
{
    erase(handler, IntoAnswer::into_answer)
}

pub(crate) fn erase_middleware<M, H>(handler: H) -> Arc<dyn ErasedHandler<Result<(), ConnectError>>>
where
    H: Handler<M>,
    H::Output: IntoAdmission,
    M: 'static,
{
    erase(handler, IntoAdmission::into_admission)
}

pub(crate) fn erase_event_middleware<M, H>(handler: H) -> Arc<dyn ErasedHandler<Verdict>>
where
    H: Handler<M>,
    H::Output: IntoVerdict,
    M: 'static,
{
    erase(handler, IntoVerdict::into_verdict)
}
