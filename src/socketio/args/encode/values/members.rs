//! The insides of arrays, objects and structs: one value after the other, with what stands between
//! them.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Error;

use super::Values;
use crate::socketio::args::encode::text::Text;

/// The inside of an array or object.
pub(in crate::socketio::args::encode) struct Members<'a> {
    pub(super) values: &'a mut Values,
    pub(super) is_first: bool,
    /// What ends it.
    pub(super) close: &'static str,
}

impl Members<'_> {
    #[inline]
    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.values.text.push(',');
        }
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.separate();
        value.serialize(&mut *self.values)
    }

    #[inline(always)]
    fn member<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.separate();
        self.values.push_constant_token(name);
        self.values.text.push(':');
        value.serialize(&mut *self.values)
    }

    fn close(self) -> Result<(), Error> {
        self.values.text.push_str(self.close);
        Ok(())
    }
}

/// The inside of a struct.
pub(in crate::socketio::args::encode) enum Fields<'a> {
    Members(Members<'a>),
    /// One of `serde_json`'s own, whose field is JSON as it stands.
    Raw(&'a mut Values),
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match self {
            Fields::Members(members) => members.member(name, value),
            Fields::Raw(values) => {
                let text = Text {
                    values,
                    is_raw: true,
                };
                value.serialize(text).map_err(Error::custom)
            }
        }
    }

    fn end(self) -> Result<(), Error> {
        match self {
            Fields::Members(members) => members.close(),
            Fields::Raw(_) => Ok(()),
        }
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.separate();
        self.values.push_key(key)?;
        self.values.text.push(':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.values)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

/// Kinds of values that are written element by element.
macro_rules! elements {
    ($($kind:ident $method:ident)*) => {
        $(impl $kind for Members<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

impl SerializeStructVariant for Members<'_> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
