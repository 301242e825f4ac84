//! An argument that is not there.

use std::fmt;

use serde::de::value::UnitDeserializer;
use serde::de::{self, Deserialize};

/// What a missing argument should have been, written to stand behind "is missing"; nothing if the
/// type does not say.
#[derive(Debug)]
pub(super) struct Expected(Option<String>);

/// Reads a missing argument: as `null`, which fits some types.
#[inline(never)]
pub(super) fn read<'de, T: Deserialize<'de>>() -> Result<T, Expected> {
    T::deserialize(UnitDeserializer::new())
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(expected) => write!(f, ": expected {expected}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Expected {}

impl de::Error for Expected {
    fn custom<T: fmt::Display>(_: T) -> Expected {
        Expected(None)
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Expected {
        Expected(Some(expected.to_string()))
    }
}
