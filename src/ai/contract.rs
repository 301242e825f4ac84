//! The events of the assistant: what a client may send, and what it is sent.
//!
//! Many clients speak to an `ai-message` event, in several shapes; the reply mirrors the shape of
//! the request. Reading is in [`request`], writing in [`response`].

pub mod request;
pub mod response;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Number, Value};

pub use request::{Cancel, Question, Rejection, Request};
pub use response::{Address, CancelAck, ChunkEvent, ErrorEvent, Response, TypingEvent};

/// The event that asks.
pub const MESSAGE: &str = "ai-message";
/// The event that takes questions back.
pub const CANCEL: &str = "ai-message-cancel";
/// The event of the final reply, unless [`Config::reply_event`] names another.
pub const RESPONSE: &str = "ai-message-response";
/// The event of a streamed piece of the answer.
pub const CHUNK: &str = "ai-message-chunk";
/// The event that accompanies a reply with a failure.
pub const ERROR: &str = "ai-message-error";
/// The event that says whether an answer is being written.
pub const TYPING: &str = "ai-typing";

/// The longest chat key or request id that is accepted, in bytes.
const MAX_KEY_BYTES: usize = 256;

/// The shape of requests and replies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The form of replies: it mirrors the request unless set otherwise.
    pub form: Form,
    /// The event that carries the final reply (`ai-message-response`). Some clients listen for
    /// `ai-response`.
    pub reply_event: Arc<str>,
    /// The longest question, in bytes (16 KiB). A longer one is an invalid request.
    pub max_input_bytes: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            form: Form::default(),
            reply_event: RESPONSE.into(),
            max_input_bytes: 16 * 1024,
        }
    }
}

/// The form of replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// Text to those who sent text, an object to all others.
    #[default]
    Mirror,
    /// Text to everyone.
    String,
    /// An object to everyone.
    Object,
}

/// A chat key or a request id: the client's own, given back as it came.
///
/// A number and its spelling as text are different keys.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(untagged)]
pub enum Key {
    /// A text of at most 256 bytes.
    Text(Arc<str>),
    /// A number.
    Number(Number),
}

impl Key {
    /// Reads a key: `None` if there is none (a `null` counts as none), `Err` if it is unusable.
    fn read(value: Option<&Value>) -> Result<Option<Key>, UnusableKey> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_KEY_BYTES => {
                Ok(Some(Key::from(text.as_str())))
            }
            Some(Value::Number(number)) => Ok(Some(Key::Number(number.clone()))),
            Some(_) => Err(UnusableKey),
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Key {
        Key::Text(text.into())
    }
}

/// The value is neither a number nor a text of bearable length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct UnusableKey;

#[cfg(test)]
mod tests;
