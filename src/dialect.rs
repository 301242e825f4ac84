//! Plain JSON frames: events and answers for clients that have a WebSocket and no Socket.IO.
//!
//! One JSON object per text message, in both directions:
//!
//! ```text
//! {"event":"chat"}                          an event without arguments
//! {"event":"chat","data":X}                 with one argument
//! {"event":"chat","args":[X,Y]}             with any number
//! {"event":"chat","data":X,"ack":7}         one that asks for an answer
//! {"ack":7,"data":X}                        the answer; also with "args", or with neither
//! {"event":"disconnect"}                    the client leaves
//! {"event":"connect","data":{"sid":"…"}}    from the server alone, as are connect_error and error
//! ```
//!
//! Bytes are `{"$binary":"<base64>"}`, an object with this one member, spelled without escapes.
//! Such an object whose value is no text is an ordinary one.
//!
//! [`decode`] reads a client's frame or says what is wrong with it and how it would be right
//! ([`Mistake`]); [`encode`] writes the server's. Arguments are not parsed on the way: what they
//! are is for the handler to say ([`Args`]). Not here: who may speak when, which is the
//! connection's matter.

pub mod encode;

mod binary;
mod mistake;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use bytestring::ByteString;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::socketio::{Args, is_reserved, json};

pub use mistake::Mistake;

/// The event by which a client leaves.
const DISCONNECT: &str = "disconnect";

/// What a client's frame says.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// An event.
    Event {
        /// Its name, which is not reserved.
        name: ByteString,
        /// Its arguments: valid JSON.
        args: Args,
        /// The id under which the client wants an answer.
        ack: Option<u64>,
    },
    /// The answer to an event of the server.
    Ack {
        /// Which one.
        id: u64,
        /// The answer's arguments: valid JSON.
        args: Args,
    },
    /// The client leaves.
    Disconnect,
}

/// Reads a text frame.
///
/// Arguments without bytes are a slice of the frame if they come as `args`, and one copy if they
/// come as `data`.
///
/// # Errors
///
/// The first mistake in it. More than `max_attachments` binary values are one.
pub fn decode(frame: &ByteString, max_attachments: usize) -> Result<Incoming, Mistake> {
    let fields = Fields::read(frame)?;
    let id = fields.ack.map(ack_id).transpose()?;
    let Some(event) = fields.event else {
        let id = id.ok_or(Mistake::NeitherEventNorAck)?;
        let args = fields.args(frame, max_attachments)?;
        return Ok(Incoming::Ack { id, args });
    };
    let name = event_name(event)?;
    if name == DISCONNECT {
        let is_bare = id.is_none() && fields.data.is_none() && fields.args.is_none();
        return match is_bare {
            true => Ok(Incoming::Disconnect),
            false => Err(Mistake::DisconnectWithMore),
        };
    }
    if is_reserved(&name) {
        let name = name.into_owned();
        return Err(Mistake::ReservedEvent { name });
    }
    Ok(Incoming::Event {
        args: fields.args(frame, max_attachments)?,
        name: match name {
            Cow::Borrowed(name) => frame.slice_ref(name),
            Cow::Owned(name) => name.into(),
        },
        ack: id,
    })
}

/// The members of a frame, each checked to be JSON and nothing more.
#[derive(Default)]
struct Fields<'a> {
    event: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    args: Option<&'a RawValue>,
    ack: Option<&'a RawValue>,
    /// The first member that must not be there, and why.
    stray: Option<Mistake>,
}

impl<'a> Fields<'a> {
    fn read(frame: &'a str) -> Result<Fields<'a>, Mistake> {
        let text = frame.trim_matches(json::WHITESPACE);
        if !text.starts_with('{') {
            return Err(mistake::no_object(text));
        }
        let mut fields: Fields<'a> = serde_json::from_str(frame).map_err(|error| {
            let problem = error.to_string();
            Mistake::NotJson { problem }
        })?;
        if let Some(mistake) = fields.stray.take() {
            return Err(mistake);
        }
        if fields.data.is_some() && fields.args.is_some() {
            return Err(Mistake::DataAndArgs);
        }
        Ok(fields)
    }

    /// The arguments, in an array that does not hold the event's name.
    fn args(&self, frame: &ByteString, max_attachments: usize) -> Result<Args, Mistake> {
        let array = match (self.args, self.data) {
            (Some(args), _) if args.get().starts_with('[') => frame.slice_ref(args.get()),
            (Some(_), _) => return Err(Mistake::ArgsNotArray),
            (None, Some(data)) => format!("[{data}]").into(),
            (None, None) => ByteString::from_static("[]"),
        };
        binary::args(array, max_attachments)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// Reads to the end in any case: text that is not JSON is the greater mistake.
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Key>()? {
            let value = map.next_value()?;
            let (field, name) = match key {
                Key::Event => (&mut fields.event, "event"),
                Key::Data => (&mut fields.data, "data"),
                Key::Args => (&mut fields.args, "args"),
                Key::Ack => (&mut fields.ack, "ack"),
                Key::Unknown(key) => {
                    fields.stray.get_or_insert(Mistake::UnknownKey { key });
                    continue;
                }
            };
            if field.replace(value).is_some() {
                let mistake = Mistake::DuplicateKey { key: name };
                fields.stray.get_or_insert(mistake);
            }
        }
        Ok(fields)
    }
}

/// A member's name.
enum Key {
    Event,
    Data,
    Args,
    Ack,
    /// Cut to what an error frame shows of it.
    Unknown(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            "event" => Key::Event,
            "data" => Key::Data,
            "args" => Key::Args,
            "ack" => Key::Ack,
            _ => Key::Unknown(mistake::shortened(key)),
        })
    }
}

fn ack_id(ack: &RawValue) -> Result<u64, Mistake> {
    // JSON has no plus sign and no leading zeros, so that only plain digits pass.
    ack.get().parse().map_err(|_| Mistake::AckNotWholeNumber)
}

fn event_name(event: &RawValue) -> Result<Cow<'_, str>, Mistake> {
    if !event.get().starts_with('"') {
        return Err(Mistake::EventNotText);
    }
    json::string_text(event.get()).map_err(|error| Mistake::NotJson {
        problem: error.to_string(),
    })
}
