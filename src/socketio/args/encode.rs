//! From an application's values to the JSON of a packet and its attachments.

mod several;
mod text;
mod values;

use std::ops::Range;

use serde::ser::Serialize;
use thiserror::Error;

use super::Args;
use crate::socketio::attachments::Parts;
use crate::socketio::placeholders::Content;
use several::{Declined, Several};
use values::Values;

/// Values that can be sent as the arguments of an event or an answer.
///
/// Everything that serialises is one argument, with two exceptions: a tuple is several arguments,
/// and `()` is none. (To serde a Rust array `[T; N]` is a tuple as well; a `Vec` or a slice is one
/// argument.) [`Args`] are passed on as they are, without being parsed.
///
/// Values that serialise as bytes, such as [`Binary`](crate::socketio::Binary), become
/// attachments. NaN and infinities become `null`.
pub trait IntoArgs {
    /// Appends the arguments.
    ///
    /// # Errors
    ///
    /// When a value cannot be serialised, for instance a map whose keys are no text.
    fn write_args(&self, writer: &mut ArgsWriter) -> Result<(), EncodeError>;
}

impl<T: Serialize + ?Sized> IntoArgs for T {
    fn write_args(&self, writer: &mut ArgsWriter) -> Result<(), EncodeError> {
        match self.serialize(Several { writer }) {
            Ok(()) => Ok(()),
            Err(Declined::Unwritten) => writer.value(self),
            Err(Declined::Failed(error)) => Err(error),
        }
    }
}

impl IntoArgs for Args {
    fn write_args(&self, writer: &mut ArgsWriter) -> Result<(), EncodeError> {
        let Range { mut start, end } = self.inner();
        if start == end {
            return Ok(());
        }
        writer.separate();
        // A sender may number its attachments in any order, use one twice or leave one out; what
        // is passed on is as if it had been written here.
        for span in self.spans() {
            if let Content::Attachment(number) = span.content {
                writer.values.push(&self.json()[start..span.start]);
                let part = self.attachments()[number].clone();
                writer.values.push_attachment(part);
                start = span.end;
            }
        }
        writer.values.push(&self.json()[start..end]);
        Ok(())
    }
}

/// Why values cannot become a packet.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The protocol keeps this event name for itself.
    #[error("the event name {0:?} is reserved")]
    ReservedName(String),
    /// More binary values than clients accept.
    #[error("{count} attachments in one packet, more than {limit}")]
    TooManyAttachments {
        /// How many there are.
        count: usize,
        /// The most that clients accept.
        limit: usize,
    },
    /// A value that has no JSON form.
    #[error("a value could not be serialised: {0}")]
    Serialize(String),
}

/// Collects the arguments of one packet. Applications have no use for it: see [`IntoArgs`].
#[derive(Debug)]
pub struct ArgsWriter {
    /// What stands before the array, then the array without its closing bracket.
    values: Values,
    /// Where the first argument, or the event's name, begins.
    start: usize,
}

impl ArgsWriter {
    /// Begins an array without a name, behind the text that stands before it.
    #[inline]
    pub(in crate::socketio) fn unnamed(head: String) -> ArgsWriter {
        let mut values = Values::after(head);
        values.push("[");
        ArgsWriter {
            start: values.len(),
            values,
        }
    }

    /// Begins an array with an event's name, behind the text that stands before it.
    #[inline]
    pub(in crate::socketio) fn named(head: String, name: &str) -> ArgsWriter {
        let mut writer = ArgsWriter::unnamed(head);
        writer.values.push_token(name);
        writer
    }

    /// How many bytes of text there are.
    pub(in crate::socketio) fn len(&self) -> usize {
        self.values.len()
    }

    /// How many attachments there are.
    pub(in crate::socketio) fn attachments(&self) -> usize {
        self.values.attachments()
    }

    /// Puts `kind` in the place of as much text at `at`, before the array, and `count` behind it.
    pub(in crate::socketio) fn announce(&mut self, at: usize, kind: &str, count: &str) {
        self.values.announce(at, kind, count);
        self.start += count.len();
    }

    /// The text with the finished array, and its attachments.
    #[inline]
    pub(in crate::socketio) fn finish(mut self) -> (String, Parts) {
        self.values.push("]");
        self.values.finish()
    }

    #[inline]
    fn separate(&mut self) {
        if self.values.len() > self.start {
            self.values.push(",");
        }
    }

    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.separate();
        value
            .serialize(&mut self.values)
            .map_err(|error| EncodeError::Serialize(error.to_string()))
    }
}
