//! An event on its way to its listeners, as middlewares see it and may change it.

use bytestring::ByteString;

use crate::socketio::{Args, IntoArgs, is_reserved};

use super::EmitError;
use super::answer::Error;
use super::handler::{Call, CallError, FromCall};

/// An argument of event middlewares: the event that came, and what they may give back in its place.
///
/// ```
/// use trunkline::{Error, Incoming, Io};
///
/// let io = Io::builder().build();
/// io.of("/").event_middleware(async |event: Incoming| -> Result<Incoming, Error> {
///     match event.name() {
///         "shout" => {
///             let (text,): (String,) = event.args().to()?;
///             Ok(event.with_name("chat")?.with_args((text.to_uppercase(),))?)
///         }
///         "secret" => Err(Error::new("forbidden", "nobody may do this")),
///         _ => Ok(event),
///     }
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Incoming {
    name: ByteString,
    args: Args,
    wants_ack: bool,
}

impl Incoming {
    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's arguments, not read yet.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Whether the client asked for an acknowledgement.
    pub fn wants_ack(&self) -> bool {
        self.wants_ack
    }

    /// The same event by another name: the listeners of that name get it.
    ///
    /// # Errors
    /// When no event can have this name, because the protocol keeps it for itself.
    pub fn with_name(mut self, name: &str) -> Result<Incoming, EmitError> {
        if is_reserved(name) {
            return Err(EmitError::ReservedName(name.to_owned()));
        }
        self.name = name.into();
        Ok(self)
    }

    /// The same event with other arguments. A tuple is several arguments, `()` none, anything else
    /// one.
    ///
    /// # Errors
    /// When a value cannot be written.
    pub fn with_args(mut self, args: impl IntoArgs) -> Result<Incoming, EmitError> {
        self.args = Args::from_values(&args)?;
        Ok(self)
    }

    /// Name and arguments.
    pub(crate) fn into_parts(self) -> (ByteString, Args) {
        (self.name, self.args)
    }
}

impl FromCall for Incoming {
    /// A middleware may keep it for long, so it is copied out of the read buffer.
    fn from_call(call: &mut Call) -> Result<Incoming, CallError> {
        Ok(Incoming {
            name: ByteString::from(&*call.name),
            args: Args::from_call(call)?,
            wants_ack: call.wish.is_wanted(),
        })
    }
}

/// What the middlewares say about an event: let it pass, perhaps changed, or refuse it.
pub(crate) type Verdict = Result<Option<Incoming>, Error>;

/// An event middleware's return value: `()` lets the event pass as it is, as does `Ok(())`; an
/// [`Incoming`], or `Ok` of it, takes its place; `Err` refuses it.
#[diagnostic::on_unimplemented(
    message = "an event middleware cannot return `{Self}`",
    label = "neither `()`, `Incoming`, nor a `Result` of one of these",
    note = "the error of the `Result` is a `trunkline::Error` or becomes one"
)]
pub trait IntoVerdict: Send + 'static {
    /// What takes the event's place, if anything; or why it is refused.
    ///
    /// # Errors
    /// When the event is refused.
    fn into_verdict(self) -> Result<Option<Incoming>, Error>;
}

impl IntoVerdict for () {
    fn into_verdict(self) -> Verdict {
        Ok(None)
    }
}

impl IntoVerdict for Incoming {
    fn into_verdict(self) -> Verdict {
        Ok(Some(self))
    }
}

impl<E: Into<Error> + Send + 'static> IntoVerdict for Result<(), E> {
    fn into_verdict(self) -> Verdict {
        self.map(|()| None).map_err(Into::into)
    }
}

impl<E: Into<Error> + Send + 'static> IntoVerdict for Result<Incoming, E> {
    fn into_verdict(self) -> Verdict {
        self.map(Some).map_err(Into::into)
    }
}
