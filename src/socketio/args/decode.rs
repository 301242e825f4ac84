//! From a packet's JSON, with or without attachments, to the types of a handler.
//!
//! Text without placeholders is left to `serde_json`. Around placeholders, whose places are known
//! beforehand ([`placeholders`](crate::socketio::placeholders)), [`reader`] walks the containers
//! and hands out bytes.

mod key;
mod reader;
mod text;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::UnitDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, SeqAccess, Visitor,
};

use super::{Args, ArgsError};
use reader::Reader;

/// Types that a packet's arguments can be read as: `()`, tuples of up to eight types, [`All`] and
/// [`Args`] itself.
///
/// As in JavaScript, more arguments than asked for are ignored, and a missing one counts as
/// `undefined`: an `Option` is `None`, other types do not fit.
///
/// An attachment fits types that ask for bytes or for anything
/// ([`Binary`](crate::socketio::Binary), `serde_bytes::ByteBuf`) and lists of numbers
/// (`Vec<u8>`), also deep inside structs, maps, lists and enums. It does not fit texts or
/// `serde_json::Value`.
pub trait FromArgs: Sized {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// As [`Args::to`].
    fn from_args(args: &Args) -> Result<Self, ArgsError>;
}

impl FromArgs for Args {
    /// Costs nothing, and so does not notice text that is not JSON: see [`Args::check`].
    fn from_args(args: &Args) -> Result<Args, ArgsError> {
        Ok(args.clone())
    }
}

/// All arguments, however many there are, as one type.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct All<T>(pub Vec<T>);

impl<T: DeserializeOwned> FromArgs for All<T> {
    fn from_args(args: &Args) -> Result<All<T>, ArgsError> {
        read(args)
    }
}

impl<T: DeserializeOwned> Arguments for All<T> {
    fn take<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<All<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(argument) = list.next_element()? {
            all.push(argument);
        }
        Ok(All(all))
    }
}

/// Reads arguments off a list from which the event's name has been taken.
trait Arguments: Sized {
    fn take<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<Self, A::Error>;
}

macro_rules! tuple {
    ($($argument:ident)*) => {
        impl<$($argument: DeserializeOwned),*> FromArgs for ($($argument,)*) {
            fn from_args(args: &Args) -> Result<Self, ArgsError> {
                read(args)
            }
        }

        impl<$($argument: DeserializeOwned),*> Arguments for ($($argument,)*) {
            fn take<'de, Li: SeqAccess<'de>>(_list: &mut Li) -> Result<Self, Li::Error> {
                Ok(($(next::<$argument, Li>(_list)?,)*))
            }
        }
    };
}

tuple!();
tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(list: &mut A) -> Result<T, A::Error> {
    match list.next_element()? {
        Some(argument) => Ok(argument),
        None => T::deserialize(UnitDeserializer::<A::Error>::new())
            .map_err(|error| A::Error::custom(format_args!("an argument is missing ({error})"))),
    }
}

fn read<T: Arguments>(args: &Args) -> Result<T, ArgsError> {
    let visitor = ArgumentsVisitor {
        skip_name: args.start > 1,
        read: PhantomData,
    };
    let mut reader = Reader::new(args);
    reader
        .deserialize_seq(visitor)
        .map_err(|error| match args.check() {
            Err(syntax) => syntax,
            Ok(()) => ArgsError::Mismatch(error.to_string()),
        })
}

struct ArgumentsVisitor<T> {
    skip_name: bool,
    read: PhantomData<T>,
}

impl<'de, T: Arguments> Visitor<'de> for ArgumentsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        if self.skip_name {
            list.next_element::<IgnoredAny>()?;
        }
        let arguments = T::take(&mut list)?;
        // To the end, so that the whole text has been checked.
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(arguments)
    }
}
