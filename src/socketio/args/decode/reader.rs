//! A deserialiser over valid JSON in which the places of attachments are known.
//!
//! A value without an attachment inside is one slice of text for `serde_json`. Only the way to an
//! attachment is walked here, and its depth is bounded where the places are found
//! ([`MAX_DEPTH`](crate::socketio::placeholders::MAX_DEPTH)).

use bytes::Bytes;
use serde::de::value::SeqDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde_json::Error;

use super::key::Key;
use super::text::parse;
use crate::socketio::args::Args;
use crate::socketio::binary::pass;
use crate::socketio::json::{Cursor, Token};
use crate::socketio::placeholders::{Content, Span};

/// Stands before a value; deserialising takes it.
pub(super) struct Reader<'de> {
    cursor: Cursor<'de>,
    /// Those that begin at the cursor or after it.
    spans: &'de [Span],
    attachments: &'de [Bytes],
    /// The text of all, while nothing has been taken.
    whole: Option<&'de str>,
}

/// A value that has been taken, or whose beginning has.
#[derive(Clone, Copy)]
enum Value<'de> {
    Text(&'de str),
    Attachment(&'de Bytes),
    Array { end: usize },
    Object { end: usize },
}

impl<'de> Reader<'de> {
    /// Stands before the array of all arguments.
    pub(super) fn new(args: &'de Args) -> Reader<'de> {
        let (spans, attachments) = (args.spans(), args.attachments());
        Reader {
            cursor: Cursor::new(args.json()),
            spans,
            attachments,
            whole: Some(args.json()),
        }
    }

    /// Stands in the array of all arguments, which contains an attachment, at `start`.
    pub(super) fn behind(args: &'de Args, start: usize) -> Reader<'de> {
        let mut reader = Reader::new(args);
        reader.spans = reader.spans.get(1..).unwrap_or_default();
        reader.whole = None;
        reader.cursor.jump(start);
        reader
    }

    /// Whether only the closing bracket is left of a container that ends at `end`.
    pub(super) fn is_done(&mut self, end: usize) -> bool {
        self.cursor.position() + 1 >= end
    }

    /// What stands here if it is or contains an attachment; nothing is taken.
    fn span(&mut self) -> Option<Span> {
        let start = self.cursor.position();
        self.spans
            .first()
            .filter(|span| span.start == start)
            .copied()
    }

    fn take(&mut self) -> Result<Value<'de>, Error> {
        let whole = self.whole.take();
        let Some(span) = self.span() else {
            // The text of a packet without attachments has not been checked: all of it must be
            // read, not just the first value.
            return Ok(Value::Text(whole.unwrap_or_else(|| self.cursor.value())));
        };
        self.spans = &self.spans[1..];
        if let Content::Attachment(num) = span.content {
            self.cursor.jump(span.end);
            let part = self.attachments.get(num);
            return part
                .map(Value::Attachment)
                .ok_or_else(|| Error::custom("no such attachment"));
        }
        self.cursor.jump(span.start + 1);
        let end = span.end;
        Ok(if span.content == Content::Array {
            Value::Array { end }
        } else {
            Value::Object { end }
        })
    }

    /// Shows `value` as what it is.
    fn show<V: Visitor<'de>>(&mut self, value: Value<'de>, visitor: V) -> Result<V::Value, Error> {
        match value {
            Value::Text(text) => parse(text, |json| json.deserialize_any(visitor)),
            // Others may share it with more than itself, such as all that was read at once.
            Value::Attachment(bytes) if bytes.is_unique() => {
                pass(bytes, |bytes| visitor.visit_bytes(bytes))
            }
            Value::Attachment(bytes) => visitor.visit_bytes(bytes),
            Value::Array { end } => {
                let shown = visitor.visit_seq(Members { reader: self, end })?;
                self.leave(end)?;
                Ok(shown)
            }
            Value::Object { end } => {
                let shown = visitor.visit_map(Members { reader: self, end })?;
                self.leave(end)?;
                Ok(shown)
            }
        }
    }

    /// Leaves a container, which must have been read to its end.
    fn leave(&mut self, end: usize) -> Result<(), Error> {
        if !self.is_done(end) {
            return Err(Error::custom("more elements than expected"));
        }
        self.cursor.jump(end);
        Ok(())
    }
}

/// Methods that leave text to serde_json's method of that name and show everything else as it is.
macro_rules! show {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.take()? {
                Value::Text(text) => parse(text, |json| json.$method(visitor)),
                value => self.show(value, visitor),
            }
        })*
    };
}

/// The same, except that an attachment is not taken for a text.
macro_rules! show_text {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.take()? {
                Value::Text(text) => parse(text, |json| json.$method(visitor)),
                Value::Attachment(bytes) => {
                    Err(Error::invalid_type(Unexpected::Bytes(bytes), &visitor))
                }
                value => self.show(value, visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    show! {
        deserialize_any deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf
        deserialize_unit deserialize_map deserialize_identifier deserialize_ignored_any
    }

    show_text! { deserialize_char deserialize_str deserialize_string }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.span().is_none() && self.cursor.is_next("null") {
            self.take()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.take()? {
            Value::Text(text) => parse(text, |json| json.deserialize_seq(visitor)),
            Value::Attachment(bytes) => {
                visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
            }
            value => self.show(value, visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.span().is_some() {
            return visitor.visit_newtype_struct(self);
        }
        match self.take()? {
            // By name, because serde_json knows its own `RawValue` by it.
            Value::Text(text) => parse(text, |json| json.deserialize_newtype_struct(name, visitor)),
            value => self.show(value, visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.take()? {
            Value::Text(text) => parse(text, |json| json.deserialize_struct(name, fields, visitor)),
            value => self.show(value, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.take()? {
            Value::Text(text) => parse(text, |json| json.deserialize_enum(name, variants, visitor)),
            Value::Object { end } => {
                let shown = visitor.visit_enum(Members { reader: self, end })?;
                self.leave(end)?;
                Ok(shown)
            }
            Value::Array { .. } => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            Value::Attachment(bytes) => {
                Err(Error::invalid_type(Unexpected::Bytes(bytes), &visitor))
            }
        }
    }
}

/// The inside of an array or object that contains an attachment.
struct Members<'a, 'de> {
    reader: &'a mut Reader<'de>,
    end: usize,
}

impl<'de> Members<'_, 'de> {
    fn key(&mut self) -> Result<Key<'de>, Error> {
        match self.reader.cursor.token() {
            Some(Token::Key(token)) => Ok(Key::new(token)),
            _ => Err(Error::custom("expected a member")),
        }
    }
}

impl<'de> SeqAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.reader.is_done(self.end) {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if self.reader.is_done(self.end) {
            return Ok(None);
        }
        let key = self.key()?;
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> EnumAccess<'de> for Members<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(mut self, seed: V) -> Result<(V::Value, Self), Error> {
        let key = self.key()?;
        Ok((seed.deserialize(key)?, self))
    }
}

impl<'de> VariantAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::invalid_type(
            Unexpected::NewtypeVariant,
            &"a variant without a value",
        ))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.reader.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.reader.deserialize_struct("", fields, visitor)
    }
}
