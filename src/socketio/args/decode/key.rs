//! The names of an object's members, as a deserialiser.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::text::parse;

/// A member's name, which may have to become a number: JSON has no other keys than texts.
pub(super) struct Key<'de> {
    /// With its quotes.
    token: &'de str,
}

impl<'de> Key<'de> {
    /// Takes the name's token as it stands in the text.
    pub(super) fn new(token: &'de str) -> Key<'de> {
        Key { token }
    }

    fn unquoted(&self) -> &'de str {
        self.token
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(self.token)
    }
}

/// Methods that read the text between the quotes.
macro_rules! unquote {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            parse(self.unquoted(), |json| json.$method(visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    unquote! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        parse(self.token, |json| json.deserialize_any(visitor))
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
        parse(self.token, |json| {
            json.deserialize_enum(name, variants, visitor)
        })
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}
