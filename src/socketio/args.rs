//! The arguments of an event or an answer: raw until somebody knows their type.
//!
//! [`decode`] parses them straight into a handler's types, [`encode`] writes an application's
//! values. In between an [`Args`] is the JSON text as received, or as it will be sent.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use thiserror::Error;

use super::attachments::Parts;
use super::json;
use super::placeholders::{self, PlaceholderError, Span, Spans};

pub use decode::{All, FromArgs};
pub use encode::{ArgsWriter, EncodeError, IntoArgs};

/// Arguments that have not been parsed.
///
/// A clone is cheap and shares the text. Arguments that were received are a slice of the
/// transport's read buffer; whoever keeps them for long calls [`Args::detach`]. Those that a handler
/// takes, and those of an answer, are detached already.
///
/// The arguments of an event without attachments have been read only up to the event's name.
/// [`Args::to`] notices text that is not JSON; who does not call it calls [`Args::check`].
#[derive(Clone, Debug)]
pub struct Args {
    /// The array, for an event with its name as the first element; before it may stand the rest of
    /// the message that it came in.
    text: ByteString,
    /// Where the array begins.
    array: usize,
    /// Where in the array the text after the opening bracket, or after the name, begins.
    start: usize,
    binary: Option<Arc<BinaryParts>>,
}

impl Default for Args {
    /// No arguments.
    fn default() -> Args {
        Args {
            text: ByteString::from_static("[]"),
            array: 0,
            start: 1,
            binary: None,
        }
    }
}

/// What a packet with attachments has besides its text.
#[derive(Debug)]
struct BinaryParts {
    attachments: Parts,
    spans: Spans,
}

/// Why arguments could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ArgsError {
    /// They are not JSON: the client has violated the protocol.
    #[error("the arguments are not valid JSON: {0}")]
    Syntax(String),
    /// They are JSON that does not fit the type asked for.
    #[error("the arguments do not fit: {0}")]
    Mismatch(String),
}

impl Args {
    /// Arguments as the application would send them; for tests and for events made locally.
    ///
    /// # Errors
    ///
    /// When a value cannot be serialised.
    pub fn from_values(values: &(impl IntoArgs + ?Sized)) -> Result<Args, EncodeError> {
        let mut writer = ArgsWriter::unnamed(String::new());
        values.write_args(&mut writer)?;
        let (json, attachments) = writer.finish();
        Args::new(json.into(), 1, attachments)
            .map_err(|error| EncodeError::Serialize(error.to_string()))
    }

    /// Arguments in the array `json`, the first of which stands after `start`. With attachments
    /// the text must be valid JSON.
    pub(crate) fn new(
        json: ByteString,
        start: usize,
        attachments: impl Into<Parts>,
    ) -> Result<Args, PlaceholderError> {
        let attachments = attachments.into();
        if attachments.is_empty() {
            return Ok(Args::plain(json, 0, start));
        }
        let spans = match placeholders::find_usual(&json, start, attachments.len()) {
            Some(spans) => spans,
            None => Spans::Listed(placeholders::find(&json, attachments.len())?),
        };
        Ok(Args {
            text: json,
            array: 0,
            start,
            binary: Some(Arc::new(BinaryParts { attachments, spans })),
        })
    }

    /// The same without attachments, for an array that stands after `array` in a message: what
    /// looks like a placeholder is an ordinary object then.
    pub(super) fn plain(text: ByteString, array: usize, start: usize) -> Args {
        Args {
            text,
            array,
            start,
            binary: None,
        }
    }

    /// Parses the arguments, once, into the types asked for.
    ///
    /// # Errors
    ///
    /// [`ArgsError::Syntax`] if the text is not JSON, anywhere; else [`ArgsError::Mismatch`] if
    /// the values do not fit. JSON nested deeper than 128 levels does not fit any typed value.
    pub fn to<T: FromArgs>(&self) -> Result<T, ArgsError> {
        T::from_args(self)
    }

    /// Looks through the text for mistakes and throws it away.
    ///
    /// # Errors
    ///
    /// [`ArgsError::Syntax`] if the text is not JSON.
    pub fn check(&self) -> Result<(), ArgsError> {
        json::check(self.json()).map_err(|error| ArgsError::Syntax(error.to_string()))
    }

    /// The binary parts, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        self.binary
            .as_ref()
            .map_or(&[], |binary| &binary.attachments)
    }

    /// How many bytes these arguments keep in memory.
    pub fn weight(&self) -> usize {
        let attachments: usize = self.attachments().iter().map(Bytes::len).sum();
        self.json().len() + attachments + size_of_val(self.spans())
    }

    /// A copy that shares nothing with the buffer these arguments were received in.
    #[must_use]
    pub fn detach(&self) -> Args {
        let binary = self.binary.as_ref().map(|binary| {
            let copy = |part: &Bytes| Bytes::copy_from_slice(part);
            let attachments = binary.attachments.iter().map(copy).collect::<Vec<_>>();
            Arc::new(BinaryParts {
                attachments: attachments.into(),
                spans: binary.spans.clone(),
            })
        });
        Args {
            text: ByteString::from(self.json()),
            array: 0,
            start: self.start,
            binary,
        }
    }

    /// The array, for an event with its name as the first element.
    pub(crate) fn json(&self) -> &str {
        &self.text[self.array..]
    }

    fn spans(&self) -> &[Span] {
        self.binary.as_ref().map_or(&[], |binary| &binary.spans)
    }

    /// Where the text between the brackets is, without the event's name and its comma.
    fn inner(&self) -> Range<usize> {
        let json = self.json();
        let text = json.trim_end_matches(json::WHITESPACE);
        let text = text.strip_suffix(']').unwrap_or(text);
        let end = text.trim_end_matches(json::WHITESPACE).len();
        let inner = json[self.start..end.max(self.start)].trim_start_matches(json::WHITESPACE);
        let inner = inner.strip_prefix(',').unwrap_or(inner);
        let inner = inner.trim_start_matches(json::WHITESPACE);
        end - inner.len()..end
    }
}
