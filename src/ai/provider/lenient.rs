//! JSON of providers, read without demands: a field that has another form than expected counts as
//! absent, and a list is gathered item by item instead of being kept.
//!
//! So nothing that a provider adds or leaves out makes an answer unreadable, and reading takes no
//! more memory than the text that is kept.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A `T`, or something else.
#[derive(Debug)]
pub(super) struct Perhaps<T>(pub(super) Option<T>);

impl<T> Default for Perhaps<T> {
    fn default() -> Perhaps<T> {
        Perhaps(None)
    }
}

impl<T: Default> Perhaps<T> {
    pub(super) fn or_default(self) -> T {
        self.0.unwrap_or_default()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Perhaps<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Perhaps<T>, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Perhaps(serde_json::from_str(raw.get()).ok()))
    }
}

/// Words of an answer.
///
/// JSON can spell half a surrogate pair (`"\ud83e"`), which is no text. Some servers send such
/// halves, and words are not dropped for that: they become U+FFFD.
#[derive(Default)]
pub(super) struct Words(pub(super) String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        // As bytes, since serde_json refuses the halves in a string.
        deserializer.deserialize_bytes(AnyText)
    }
}

struct AnyText;

impl Visitor<'_> for AnyText {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Words, E> {
        Ok(Words(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// A value that has one of two forms.
pub(super) enum OneOf<A, B> {
    /// The one.
    This(A),
    /// The other.
    That(B),
}

impl<'de, A: Deserialize<'de>, B: Deserialize<'de>> Deserialize<'de> for OneOf<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOf<A, B>, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        match serde_json::from_str(json) {
            Ok(this) => Ok(OneOf::This(this)),
            Err(_) => serde_json::from_str(json)
                .map(OneOf::That)
                .map_err(serde::de::Error::custom),
        }
    }
}

/// What becomes of a list's items, one by one.
pub(super) trait Gather: Default {
    /// An item of the list.
    type Item;

    /// Takes the next one.
    fn add(&mut self, item: Self::Item);
}

/// A list that was gathered into a `G`.
#[derive(Default)]
pub(super) struct Gathered<G>(pub(super) G);

impl<'de, G: Gather<Item: Deserialize<'de>>> Deserialize<'de> for Gathered<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Gathered<G>, D::Error> {
        let mut gathered = G::default();
        each(deserializer, |item| gathered.add(item))?;
        Ok(Gathered(gathered))
    }
}

/// Hands the items of a list to `take`, one by one.
pub(super) fn each<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    take: impl FnMut(T),
) -> Result<(), D::Error> {
    let item = PhantomData;
    deserializer.deserialize_seq(Each { take, item })
}

struct Each<T, F> {
    take: F,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.take)(item);
        }
        Ok(())
    }
}

/// The first item of a list.
pub(super) struct First<T>(pub(super) Option<T>);

impl<T> Default for First<T> {
    fn default() -> First<T> {
        First(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<First<T>, D::Error> {
        let Gathered(Foremost(first)) = Gathered::deserialize(deserializer)?;
        Ok(First(first.and_then(|Perhaps(item)| item)))
    }
}

/// The first item, even if it has another form than expected.
struct Foremost<T>(Option<Perhaps<T>>);

impl<T> Default for Foremost<T> {
    fn default() -> Foremost<T> {
        Foremost(None)
    }
}

impl<T> Gather for Foremost<T> {
    type Item = Perhaps<T>;

    fn add(&mut self, item: Perhaps<T>) {
        self.0.get_or_insert(item);
    }
}
