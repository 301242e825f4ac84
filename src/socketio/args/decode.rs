//! From a packet's JSON, with or without attachments, to the types of a handler.
//!
//! Text without placeholders is left to `serde_json`. Around placeholders, whose places are known
//! beforehand ([`placeholders`](crate::socketio::placeholders)), [`reader`] walks the containers
//! and hands out bytes.

mod binary;
mod key;
mod missing;
mod plain;
mod reader;
mod text;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, Error as IgnoredError};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, SeqAccess, Visitor,
};

use super::{Args, ArgsError};
use crate::socketio::json;
use binary::BinaryList;
use missing::Expected;
use plain::PlainList;
use reader::Reader;

/// Types that a packet's arguments can be read as: `()`, tuples of up to eight types, [`All`] and
/// [`Args`] itself.
///
/// As in JavaScript, more arguments than asked for are ignored, and a missing one counts as
/// `undefined`, which is `null` in JSON: an `Option` is `None` and a `serde_json::Value` is `Null`;
/// other types do not fit. To tell the two apart, take [`Args`] or [`All`].
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
    fn take<'de, L: List<'de>>(list: &mut L) -> Result<All<T>, L::Error> {
        let mut all = Vec::new();
        while let Some(argument) = list.next()? {
            all.push(argument);
        }
        Ok(All(all))
    }
}

/// Arguments one after the other.
trait List<'de> {
    type Error: Error;

    /// The next one; `None` behind the last.
    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Self::Error>;

    /// There is none where one is needed; `expected` is what it should be, as far as that is known.
    fn missing(&self, _expected: Expected) -> Self::Error {
        // Nobody sees it: what is wrong is found by reading again.
        Self::Error::custom("an argument is missing")
    }
}

/// Reads arguments off a list from which the event's name has been taken.
trait Arguments: Sized {
    fn take<'de, L: List<'de>>(list: &mut L) -> Result<Self, L::Error>;

    /// Reads the text of all arguments, if this is one argument and the text no more than that.
    fn take_alone(_text: &str) -> Option<Self> {
        None
    }
}

macro_rules! tuple {
    ($($argument:ident)*) => {
        tuple!($($argument)*; );
    };
    ($($argument:ident)*; $($alone:item)*) => {
        impl<$($argument: DeserializeOwned),*> FromArgs for ($($argument,)*) {
            fn from_args(args: &Args) -> Result<Self, ArgsError> {
                read(args)
            }
        }

        impl<$($argument: DeserializeOwned),*> Arguments for ($($argument,)*) {
            fn take<'de, Li: List<'de>>(_list: &mut Li) -> Result<Self, Li::Error> {
                Ok(($(next::<$argument, Li>(_list)?,)*))
            }

            $($alone)*
        }
    };
}

tuple!();
tuple!(A; #[inline] fn take_alone(text: &str) -> Option<(A,)> {
    let said = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    // Nearly always a text says itself.
    if let Some(said) = said
        && !json::needs_escapes(said)
        && let Ok(argument) = A::deserialize(BorrowedStrDeserializer::<IgnoredError>::new(said))
    {
        return Some((argument,));
    }
    serde_json::from_str(text).ok().map(|argument| (argument,))
});
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);

#[inline(always)]
fn next<'de, T: Deserialize<'de>, L: List<'de>>(list: &mut L) -> Result<T, L::Error> {
    match list.next()? {
        Some(argument) => Ok(argument),
        None => missing::read().map_err(|expected| list.missing(expected)),
    }
}

fn read<T: Arguments>(args: &Args) -> Result<T, ArgsError> {
    if args.binary.is_none() {
        let alone = args.json().get(args.start..);
        let alone = alone.and_then(|text| text.strip_prefix(',')?.strip_suffix(']'));
        if let Some(arguments) = alone.and_then(T::take_alone) {
            return Ok(arguments);
        }
        let mut list = PlainList::new(args.json(), args.start);
        if let Ok(arguments) = T::take(&mut list)
            && list.finish()
        {
            return Ok(arguments);
        }
    } else if let Some(mut list) = BinaryList::new(args)
        && let Ok(arguments) = T::take(&mut list)
    {
        return Ok(arguments);
    }
    // What is wrong, and where, is found by reading again.
    read_whole(args)
}

/// Reads around attachments, and says why arguments cannot be read.
#[inline(never)]
fn read_whole<T: Arguments>(args: &Args) -> Result<T, ArgsError> {
    let visitor = ArgumentsVisitor {
        skip_name: args.start > 1,
        read: PhantomData,
    };
    let mut reader = Reader::new(args);
    reader
        .deserialize_seq(visitor)
        .map_err(|error| match args.check() {
            Err(syntax) => syntax,
            Ok(()) => ArgsError::Mismatch(without_place(error)),
        })
}

/// An error's text. The place that `serde_json` adds counts from the event's name, so it would only
/// mislead.
fn without_place(error: impl fmt::Display) -> String {
    let mut text = error.to_string();
    let is_number = |text: &str| text.parse::<usize>().is_ok();
    if let Some((before, place)) = text.rsplit_once(" at line ")
        && let Some((line, column)) = place.split_once(" column ")
        && is_number(line)
        && is_number(column)
    {
        text.truncate(before.len());
    }
    text
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
        let mut list = Elements { list, taken: 0 };
        let arguments = T::take(&mut list)?;
        // To the end, so that the whole text has been checked.
        while list.next::<IgnoredAny>()?.is_some() {}
        Ok(arguments)
    }
}

/// The elements of an array that is being read; errors name them by their numbers, from 1.
struct Elements<A> {
    list: A,
    taken: usize,
}

impl<'de, A: SeqAccess<'de>> List<'de> for Elements<A> {
    type Error = A::Error;

    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, A::Error> {
        self.taken += 1;
        let number = self.taken;
        self.list.next_element().map_err(|error| {
            let error = without_place(error);
            A::Error::custom(format_args!("argument {number}: {error}"))
        })
    }

    fn missing(&self, expected: Expected) -> A::Error {
        A::Error::custom(format_args!("argument {} is missing{expected}", self.taken))
    }
}
