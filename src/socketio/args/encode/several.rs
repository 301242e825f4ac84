//! Which values are several arguments, and which are one.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeTuple, Serializer};

use super::{ArgsWriter, EncodeError};

/// Takes tuples and `()` apart, and declines everything else.
pub(super) struct Several<'a> {
    pub(super) writer: &'a mut ArgsWriter,
}

/// Why a serialiser that takes only some kinds of values did not write one, or not all of it.
#[derive(Debug)]
pub(super) enum Declined {
    /// The value is of another kind, and nothing was written.
    Unwritten,
    Failed(EncodeError),
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Declined::Unwritten => f.write_str("a value of another kind"),
            Declined::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Declined {}

impl ser::Error for Declined {
    fn custom<T: fmt::Display>(message: T) -> Declined {
        Declined::Failed(EncodeError::Serialize(message.to_string()))
    }
}

impl SerializeTuple for Several<'_> {
    type Ok = ();
    type Error = Declined;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Declined> {
        self.writer.value(value).map_err(Declined::Failed)
    }

    fn end(self) -> Result<(), Declined> {
        Ok(())
    }
}

/// Methods of a serialiser for values that it does not take.
macro_rules! decline {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, Declined> {
            Err(Declined::Unwritten)
        })*
    };
}
pub(super) use decline;

impl<'a> Serializer for Several<'a> {
    type Ok = ();
    type Error = Declined;
    type SerializeSeq = Impossible<(), Declined>;
    type SerializeTuple = Several<'a>;
    type SerializeTupleStruct = Impossible<(), Declined>;
    type SerializeTupleVariant = Impossible<(), Declined>;
    type SerializeMap = Impossible<(), Declined>;
    type SerializeStruct = Impossible<(), Declined>;
    type SerializeStructVariant = Impossible<(), Declined>;

    fn serialize_unit(self) -> Result<(), Declined> {
        Ok(())
    }

    fn serialize_tuple(self, _: usize) -> Result<Several<'a>, Declined> {
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

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Declined> {
        Err(Declined::Unwritten)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), Declined> {
        Err(Declined::Unwritten)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Declined> {
        Err(Declined::Unwritten)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Declined> {
        Err(Declined::Unwritten)
    }
}
