//! The parts of a namespace's name, read into a type.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::value::{BorrowedStrDeserializer, Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::{Call, CallError, FromCall};

/// A handler's argument: the parts that a [pattern](crate::Io::of_pattern) or the named groups of a
/// [regular expression](crate::Io::of_regex) have found in the namespace's name.
///
/// A tuple takes them in their order, a struct by their names, and anything else the only one.
/// Numbers and `bool` are read from the text. A part that is not there can be an `Option` of a
/// struct. Where they do not fit, the handler is not called: in a middleware the client is refused,
/// in an event's handler it gets the answer `invalid_arguments`.
///
/// ```
/// use trunkline::{Io, Parts, Socket};
///
/// #[derive(serde::Deserialize)]
/// struct Place { org: String, room: u32 }
///
/// let io = Io::builder().build();
/// io.of_pattern("/org/{org}/room/{room}")
///     .on_connect(async |Parts(place): Parts<Place>| println!("{} {}", place.org, place.room))
///     .on_disconnect(async |Parts((org, room)): Parts<(String, u32)>| println!("{org} {room}"));
/// io.of_pattern("/chat/{id}").on_connect(async |Parts(id): Parts<u64>| println!("{id}"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Parts<T>(pub T);

impl<T: DeserializeOwned> FromCall for Parts<T> {
    fn from_call(call: &mut Call) -> Result<Parts<T>, CallError> {
        let parts = call.socket.namespace_inner().parts();
        let parts = T::deserialize(Named(parts));
        let wrong = |error: Error| CallError::Mismatch(format!("the namespace's name: {error}"));
        parts.map(Parts).map_err(wrong)
    }
}

/// Names and texts.
struct Named<'de>(Vec<(&'de str, &'de str)>);

impl<'de> Named<'de> {
    /// The only one.
    fn single(&self) -> Result<Text<'de>, Error> {
        match self.0[..] {
            [(_, text)] => Ok(Text(text)),
            _ => {
                let count = self.0.len();
                Err(Error::custom(format_args!("it has {count} parts, not one")))
            }
        }
    }
}

macro_rules! as_single {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.single()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Named<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = self.0.into_iter().map(|(name, text)| (name, Text(text)));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let texts = self.0.into_iter().map(|(_, text)| Text(text));
        let mut texts = SeqDeserializer::new(texts);
        let value = visitor.visit_seq(&mut texts)?;
        texts.end()?;
        Ok(value)
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

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.single()?.deserialize_enum(name, variants, visitor)
    }

    as_single! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
    }

    forward_to_deserialize_any! {
        unit_struct map struct identifier ignored_any
    }
}

/// One part.
struct Text<'de>(&'de str);

impl<'de> IntoDeserializer<'de> for Text<'de> {
    type Deserializer = Text<'de>;

    fn into_deserializer(self) -> Text<'de> {
        self
    }
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|error| Error::custom(format_args!("{text:?}: {error}")))
}

macro_rules! parsed {
    ($($method:ident => $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(parse(self.0)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        BorrowedStrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    parsed! {
        deserialize_bool => visit_bool
        deserialize_i8 => visit_i8
        deserialize_i16 => visit_i16
        deserialize_i32 => visit_i32
        deserialize_i64 => visit_i64
        deserialize_i128 => visit_i128
        deserialize_u8 => visit_u8
        deserialize_u16 => visit_u16
        deserialize_u32 => visit_u32
        deserialize_u64 => visit_u64
        deserialize_u128 => visit_u128
        deserialize_f32 => visit_f32
        deserialize_f64 => visit_f64
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Place {
        org: String,
        room: Option<u32>,
        floor: Option<i8>,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Id(u64);

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Open,
        Closed,
    }

    fn read<T: DeserializeOwned>(parts: &[(&str, &str)]) -> Option<T> {
        T::deserialize(Named(parts.to_vec())).ok()
    }

    #[test]
    fn parts_are_read_by_name_by_place_or_alone() {
        let two = [("org", "acme"), ("room", "7")];
        let place = Place {
            org: "acme".to_owned(),
            room: Some(7),
            floor: None,
        };
        assert_eq!(read(&two), Some(place));
        assert_eq!(read(&two), Some(("acme".to_owned(), 7_u8)));
        assert_eq!(read(&two), Some(vec!["acme".to_owned(), "7".to_owned()]));
        let map: HashMap<String, String> = read(&two).unwrap();
        assert_eq!(map["org"], "acme");
        assert_eq!(read(&two[1..]), Some(7_i64));
        assert_eq!(read(&two[1..]), Some(Id(7)));
        assert_eq!(read(&two[1..]), Some(Some(7.0_f64)));
        assert_eq!(read(&[("kind", "open")]), Some(Kind::Open));
        assert_eq!(read(&[("kind", "closed")]), Some((Kind::Closed,)));
        assert_eq!(read(&[]), Some(()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let two = [("org", "acme"), ("room", "many")];
        assert_eq!(read::<Place>(&two), None, "no number");
        assert_eq!(read::<String>(&two), None, "which of them?");
        assert_eq!(read::<(String,)>(&two), None, "one too many");
        assert_eq!(read::<(String, String, String)>(&two), None, "one too few");
        assert_eq!(read::<Kind>(&[("kind", "ajar")]), None);
        assert_eq!(read::<u8>(&[("n", "256")]), None);
        assert_eq!(read::<u8>(&[]), None);
    }
}
