//! What a handler gives back, and how that becomes an acknowledgement.

use std::fmt;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::socketio::{ArgsError, ConnectError, EncodeError, IntoArgs, Namespace, Outgoing};

use super::EmitError;

/// The code by which the error hook is told that a client broke the protocol.
pub(crate) const VIOLATION: &str = "violation";

/// A handler's failure: a code and a sentence for the client, with details if there are any.
///
/// A client that asked for an acknowledgement gets
/// `[{"error":{"code":…,"message":…,"data":…}}]`; the error hook of the server sees it in any
/// case. Code, message and data reach the client, so they should say nothing about the server's
/// inside; what the hook is to know beside them is the [cause](Error::with_cause).
/// A connect middleware may return it as well: see [`ConnectError`].
///
/// ```
/// let error = trunkline::Error::new("no_such_room", "there is no such room")
///     .with_data(serde_json::json!({ "room": "attic" }));
/// assert_eq!(error.code(), "no_such_room");
/// ```
#[derive(Debug)]
pub struct Error {
    code: String,
    message: String,
    data: Option<Box<RawValue>>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a code for programs and a sentence for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Error {
        Error {
            code: code.into(),
            message: message.into(),
            data: None,
            cause: None,
        }
    }

    /// Adds details. A value that cannot be written as JSON is left out, and why becomes the cause.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Error {
        match to_raw_value(&data) {
            Ok(data) => self.data = Some(data),
            Err(error) => self.cause = Some(error.into()),
        }
        self
    }

    /// Adds what is behind the failure: for the log and the hooks of the server, as
    /// [`source`](std::error::Error::source), never for the client.
    #[must_use]
    pub fn with_cause(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        self.cause = Some(cause.into());
        self
    }

    /// The code for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn invalid_arguments(message: String) -> Error {
        Error::new("invalid_arguments", message)
    }

    pub(crate) fn internal() -> Error {
        Error::new("internal", "the handler failed")
    }

    /// The client broke the protocol; nobody but the error hook is told.
    pub(crate) fn violation(message: String) -> Error {
        Error::new(VIOLATION, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}

impl From<EmitError> for Error {
    /// An emit that the program got wrong is nobody's business but the program's: the client is
    /// told `internal`, the error hook finds it as the cause.
    fn from(error: EmitError) -> Error {
        Error::internal().with_cause(error)
    }
}

impl From<serde_json::Error> for Error {
    /// What the program cannot write or read itself is nobody's business but the program's.
    fn from(error: serde_json::Error) -> Error {
        Error::internal().with_cause(error)
    }
}

impl From<ArgsError> for Error {
    /// What the client sent cannot be read as the program wants it.
    fn from(error: ArgsError) -> Error {
        Error::invalid_arguments(error.to_string())
    }
}

impl From<Error> for ConnectError {
    /// Refuses a client at the door of a namespace: an error that a middleware may return. The
    /// client finds code, message and data in the refusal's data; the cause goes along.
    fn from(error: Error) -> ConnectError {
        let data = ErrorBody {
            code: &error.code,
            message: &error.message,
            data: &error.data,
        };
        let refusal = ConnectError::new(&*error.message).with_data(data);
        match error.cause {
            Some(cause) => refusal.with_cause(cause),
            None => refusal,
        }
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: &'a Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct ErrorArgument<'a> {
    error: ErrorBody<'a>,
}

/// What a finished handler leaves: how to write the acknowledgement, or why there is only an error.
pub struct Answer(Outcome);

type Encode = Box<dyn FnOnce(&Namespace, u64) -> Result<Outgoing, EncodeError> + Send>;

enum Outcome {
    Ok(Encode),
    Empty,
    Err(Error),
}

impl Answer {
    pub(crate) fn error(error: Error) -> Answer {
        Answer(Outcome::Err(error))
    }

    /// The error, for the hook.
    pub(crate) fn as_error(&self) -> Option<&Error> {
        match &self.0 {
            Outcome::Err(error) => Some(error),
            Outcome::Ok(_) | Outcome::Empty => None,
        }
    }

    /// Writes the packet that acknowledges the event `id`.
    pub(crate) fn encode(self, namespace: &Namespace, id: u64) -> Result<Outgoing, EncodeError> {
        match self.0 {
            Outcome::Ok(encode) => encode(namespace, id),
            Outcome::Empty => Outgoing::ack_of(namespace, id, &()),
            Outcome::Err(Error {
                code,
                message,
                data,
                cause: _,
            }) => {
                let error = ErrorBody {
                    code: &code,
                    message: &message,
                    data: &data,
                };
                Outgoing::ack_of(namespace, id, &ErrorArgument { error })
            }
        }
    }
}

/// A handler's return value: `()`, or a `Result` whose `Ok` is the acknowledgement.
///
/// `Ok(value)` answers `[value]`; a tuple is several values, `()` none. `Err` answers an error,
/// see [`Error`].
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "a handler returns `()`, or `Result<T, E>` where `T` serialises and `E` becomes a `trunkline::Error`",
    note = "to answer with a value, return `Ok::<_, trunkline::Error>(value)`"
)]
pub trait IntoAnswer: Send + 'static {
    /// Turns the value into what the client will be answered.
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for () {
    fn into_answer(self) -> Answer {
        Answer(Outcome::Empty)
    }
}

impl<T, E> IntoAnswer for Result<T, E>
where
    T: IntoArgs + Send + 'static,
    E: Into<Error> + Send + 'static,
{
    fn into_answer(self) -> Answer {
        match self {
            Ok(value) => Answer(Outcome::Ok(Box::new(move |namespace, id| {
                Outgoing::ack_of(namespace, id, &value)
            }))),
            Err(error) => Answer(Outcome::Err(error.into())),
        }
    }
}

/// A middleware's return value: `()` lets the client in, as does `Ok(())`; `Err` refuses it.
#[diagnostic::on_unimplemented(
    message = "a middleware cannot return `{Self}`",
    label = "neither `()` nor a `Result<(), E>`",
    note = "`E` is a `trunkline::ConnectError` or becomes one, as `trunkline::Error` does"
)]
pub trait IntoAdmission: Send + 'static {
    /// Whether the client may join.
    fn into_admission(self) -> Result<(), ConnectError>;
}

impl IntoAdmission for () {
    fn into_admission(self) -> Result<(), ConnectError> {
        Ok(())
    }
}

impl<E: Into<ConnectError> + Send + 'static> IntoAdmission for Result<(), E> {
    fn into_admission(self) -> Result<(), ConnectError> {
        self.map_err(Into::into)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Outcome::Ok(_) => "Answer::Ok",
            Outcome::Empty => "Answer::Empty",
            Outcome::Err(_) => "Answer::Err",
        })
    }
}
