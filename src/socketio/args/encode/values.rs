//! Values as compact JSON, as `serde_json` would write them, except that bytes leave a placeholder
//! and become an attachment.
//!
//! A text that needs no escapes, as nearly all do, is looked through a block at a time and copied
//! whole. Fractions, and names that are no texts, are left to `serde_json`.

mod members;

use std::fmt::{self, Write as _};
use std::io;

use bytes::Bytes;
use serde::ser::{Serialize, Serializer};
use serde_json::Error;

use super::text::Text;
use crate::socketio::attachments::Parts;
use crate::socketio::binary::claim;
use crate::socketio::{json, placeholders};

use members::{Fields, Members};

/// How `serde_json` names the structs in which its own raw values and numbers come.
const RAW: &str = "$serde_json::private::";

/// What stands behind the backslash for each byte; 0 for those that stand for themselves.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut control = 0;
    while control < b' ' {
        escapes[control as usize] = b'u';
        control += 1;
    }
    escapes[0x08] = b'b';
    escapes[0x09] = b't';
    escapes[0x0a] = b'n';
    escapes[0x0c] = b'f';
    escapes[0x0d] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

/// The text written so far, and the bytes that stand beside it.
#[derive(Debug)]
pub(super) struct Values {
    text: String,
    attachments: Parts,
}

impl Values {
    /// Begins behind the text that stands before the values.
    pub(super) fn after(head: String) -> Values {
        Values {
            text: head,
            attachments: Parts::default(),
        }
    }

    /// How many bytes of text there are.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Appends text as it is.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a string token.
    pub(super) fn push_token(&mut self, text: &str) {
        self.push_constant_token(text);
    }

    /// The same, there and then: of a constant text, such as the name of a struct's member, the
    /// compiler knows the length and that nothing is to be escaped.
    #[inline(always)]
    fn push_constant_token(&mut self, text: &str) {
        if json::needs_escapes(text) {
            return self.push_escaped(text);
        }
        self.text.reserve(text.len() + 2);
        self.text.push('"');
        self.text.push_str(text);
        self.text.push('"');
    }

    /// Escapes what JSON does not take as it is (RFC 8259, 7), as `serde_json` does.
    #[cold]
    fn push_escaped(&mut self, text: &str) {
        self.text.reserve(text.len() + 8);
        self.text.push('"');
        // From where on nothing is written yet.
        let mut start = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escape = ESCAPES[usize::from(byte)];
            if escape == 0 {
                continue;
            }
            self.text.push_str(&text[start..at]);
            self.text.push('\\');
            self.text.push(char::from(escape));
            if escape == b'u' {
                let digit = |value| char::from_digit(u32::from(value), 16).unwrap_or('0');
                self.text
                    .extend(['0', '0', digit(byte >> 4), digit(byte & 15)]);
            }
            start = at + 1;
        }
        self.text.push_str(&text[start..]);
        self.text.push('"');
    }

    /// Appends a placeholder for an attachment.
    pub(super) fn push_attachment(&mut self, bytes: Bytes) {
        match self.attachments.len() {
            number @ ..10 => {
                let placeholder = placeholders::usual(number as u8);
                self.push(str::from_utf8(&placeholder).expect("it is ASCII"));
            }
            number => write!(self.text, r#"{{"_placeholder":true,"num":{number}}}"#)
                .expect("writing to a String does not fail"),
        }
        self.attachments.push(bytes);
    }

    /// How many attachments there are.
    pub(super) fn attachments(&self) -> usize {
        self.attachments.len()
    }

    /// Puts `kind` in the place of as much text at `at`, and `count` behind it.
    pub(super) fn announce(&mut self, at: usize, kind: &str, count: &str) {
        let end = at + kind.len();
        self.text.replace_range(at..end, kind);
        self.text.insert_str(end, count);
    }

    /// The whole text and the attachments.
    pub(super) fn finish(self) -> (String, Parts) {
        (self.text, self.attachments)
    }

    /// What `serde_json` itself writes at this place.
    fn json(&mut self) -> serde_json::Serializer<Through<'_>> {
        serde_json::Serializer::new(Through(&mut self.text))
    }

    fn open(&mut self, open: char, close: &'static str) -> Members<'_> {
        self.text.push(open);
        Members {
            values: self,
            is_first: true,
            close,
        }
    }

    /// `{"variant":`, whose brace `close` has to close.
    fn open_variant(&mut self, variant: &str) {
        self.text.push('{');
        self.push_token(variant);
        self.text.push(':');
    }

    fn push_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let text = Text {
            values: self,
            is_raw: false,
        };
        if key.serialize(text).is_ok() {
            return Ok(());
        }
        // A number or the like: serde_json puts it into quotes, if it can be a name at all.
        let object = serde_json::to_string(&Alone(key))?;
        let name = object.strip_prefix('{');
        let name = name.and_then(|name| name.strip_suffix(":null}"));
        self.push(name.unwrap_or_default());
        Ok(())
    }
}

/// Lets `serde_json` write to a text; each piece that it writes is UTF-8.
struct Through<'a>(&'a mut String);

impl io::Write for Through<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let text = str::from_utf8(piece);
        self.0
            .push_str(text.map_err(|_| io::ErrorKind::InvalidData)?);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An object with one member.
struct Alone<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Alone<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, ())])
    }
}

/// Whole numbers.
macro_rules! count {
    ($($method:ident($value:ty);)*) => {
        $(fn $method(self, value: $value) -> Result<(), Error> {
            self.push(itoa::Buffer::new().format(value));
            Ok(())
        })*
    };
}

/// Methods that are left to `serde_json`.
macro_rules! leave {
    ($($method:ident($value:ty);)*) => {
        $(fn $method(self, value: $value) -> Result<(), Error> {
            self.json().$method(value)
        })*
    };
}

impl<'a> Serializer for &'a mut Values {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'a>;
    type SerializeTuple = Members<'a>;
    type SerializeTupleStruct = Members<'a>;
    type SerializeTupleVariant = Members<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Members<'a>;

    count! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
    }

    leave! {
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.push(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.push_token(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.push_attachment(claim(bytes));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.push("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.open_variant(variant);
        value.serialize(&mut *self)?;
        self.push("}");
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>, Error> {
        Ok(self.open('[', "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'a>, Error> {
        Ok(self.open('[', "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Error> {
        Ok(self.open('[', "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Error> {
        self.open_variant(variant);
        Ok(self.open('[', "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Error> {
        Ok(self.open('{', "}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Error> {
        match name.starts_with(RAW) {
            true => Ok(Fields::Raw(self)),
            false => Ok(Fields::Members(self.open('{', "}"))),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Error> {
        self.open_variant(variant);
        Ok(self.open('{', "}}"))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, text: &T) -> Result<(), Error> {
        self.json().collect_str(text)
    }
}
