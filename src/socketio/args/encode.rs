//! From an application's values to the JSON of a packet and its attachments.

use std::fmt;
use std::io;
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;
use serde::ser::{self, Impossible, Serialize, SerializeTuple, Serializer};
use serde_json::ser::Formatter;
use thiserror::Error;

use super::Args;
use crate::socketio::placeholders::Content;

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
            Err(NotSeveral::One) => writer.value(self),
            Err(NotSeveral::Failed(error)) => Err(error),
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
                writer
                    .text
                    .extend_from_slice(&self.json.as_bytes()[start..span.start]);
                writer.attachment(self.attachments()[number].clone());
                start = span.end;
            }
        }
        writer
            .text
            .extend_from_slice(&self.json.as_bytes()[start..end]);
        Ok(())
    }
}

/// Why values cannot become a packet.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
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
    /// UTF-8, an array without its closing bracket.
    text: Vec<u8>,
    attachments: Vec<Bytes>,
}

impl ArgsWriter {
    /// Begins the arguments of an answer.
    pub(in crate::socketio) fn unnamed() -> ArgsWriter {
        ArgsWriter {
            text: vec![b'['],
            attachments: Vec::new(),
        }
    }

    /// Begins the arguments of an event.
    pub(in crate::socketio) fn named(name: &str) -> Result<ArgsWriter, EncodeError> {
        let mut writer = ArgsWriter::unnamed();
        writer.value(name)?;
        Ok(writer)
    }

    /// How many bytes of text there are.
    pub(in crate::socketio) fn len(&self) -> usize {
        self.text.len()
    }

    /// The finished array and its attachments.
    pub(in crate::socketio) fn finish(mut self) -> (ByteString, Vec<Bytes>) {
        self.text.push(b']');
        let text = String::from_utf8(self.text).expect("serde_json writes UTF-8");
        (text.into(), self.attachments)
    }

    fn attachment(&mut self, bytes: Bytes) {
        let number = self.attachments.len();
        let placeholder = format!(r#"{{"_placeholder":true,"num":{number}}}"#);
        self.text.extend_from_slice(placeholder.as_bytes());
        self.attachments.push(bytes);
    }

    fn separate(&mut self) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.separate();
        let collector = Collector {
            attachments: &mut self.attachments,
        };
        let mut json = serde_json::Serializer::with_formatter(&mut self.text, collector);
        value
            .serialize(&mut json)
            .map_err(|error| EncodeError::Serialize(error.to_string()))
    }
}

/// Compact JSON, except that bytes leave a placeholder and become an attachment.
struct Collector<'a> {
    attachments: &'a mut Vec<Bytes>,
}

impl Formatter for Collector<'_> {
    fn write_byte_array<W>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        write!(
            writer,
            r#"{{"_placeholder":true,"num":{}}}"#,
            self.attachments.len()
        )?;
        self.attachments.push(Bytes::copy_from_slice(bytes));
        Ok(())
    }
}

/// Takes tuples and `()` apart, and declines everything else.
struct Several<'a> {
    writer: &'a mut ArgsWriter,
}

/// Why [`Several`] did not write anything, or not everything.
#[derive(Debug)]
enum NotSeveral {
    /// The value is one argument.
    One,
    Failed(EncodeError),
}

impl fmt::Display for NotSeveral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSeveral::One => f.write_str("one argument"),
            NotSeveral::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotSeveral {}

impl ser::Error for NotSeveral {
    fn custom<T: fmt::Display>(message: T) -> NotSeveral {
        NotSeveral::Failed(EncodeError::Serialize(message.to_string()))
    }
}

impl SerializeTuple for Several<'_> {
    type Ok = ();
    type Error = NotSeveral;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotSeveral> {
        self.writer.value(value).map_err(NotSeveral::Failed)
    }

    fn end(self) -> Result<(), NotSeveral> {
        Ok(())
    }
}

/// Methods of [`Several`] for values that are one argument.
macro_rules! decline {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, NotSeveral> {
            Err(NotSeveral::One)
        })*
    };
}

impl<'a> Serializer for Several<'a> {
    type Ok = ();
    type Error = NotSeveral;
    type SerializeSeq = Impossible<(), NotSeveral>;
    type SerializeTuple = Several<'a>;
    type SerializeTupleStruct = Impossible<(), NotSeveral>;
    type SerializeTupleVariant = Impossible<(), NotSeveral>;
    type SerializeMap = Impossible<(), NotSeveral>;
    type SerializeStruct = Impossible<(), NotSeveral>;
    type SerializeStructVariant = Impossible<(), NotSeveral>;

    fn serialize_unit(self) -> Result<(), NotSeveral> {
        Ok(())
    }

    fn serialize_tuple(self, _: usize) -> Result<Several<'a>, NotSeveral> {
        Ok(self)
    }

    decline! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_i128(i128) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_u128(u128) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), NotSeveral> {
        Err(NotSeveral::One)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotSeveral> {
        Err(NotSeveral::One)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotSeveral> {
        Err(NotSeveral::One)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), NotSeveral> {
        Err(NotSeveral::One)
    }
}
