//! Event names: which are reserved, and how one is read from the front of an event's arguments.

use std::borrow::Cow;

use thiserror::Error;

use super::json;

/// The names that an event must not have, in either direction: the library itself uses them.
///
/// Socket.IO protocol, "Packet encoding"; reference: socket.io-parser 4.2.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether the protocol keeps `name` for itself, so that no event can carry it.
pub fn is_reserved(name: &str) -> bool {
    matches!(name.len(), 7..=14) && RESERVED.contains(&name)
}

/// Why an event has no acceptable name.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NameError {
    /// The arguments are not an array that begins with a string or a number.
    #[error("an event's payload is an array that begins with its name")]
    Missing,
    /// The name is neither a JSON string nor a JSON number.
    #[error("the event's name is not valid JSON: {0}")]
    Syntax(String),
    /// The name belongs to the protocol.
    #[error("the event name {0:?} is reserved")]
    Reserved(String),
}

/// An event's name, and where in the array's text the rest begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct EventName<'a> {
    /// The name; a number is given in JavaScript's spelling.
    pub(super) text: Cow<'a, str>,
    /// The end of the name's token: a comma or the closing bracket follows.
    pub(super) end: usize,
}

impl<'a> EventName<'a> {
    /// Reads the name off the front of `array`, the text of an event's arguments. What follows
    /// the name's comma is not looked at.
    #[inline(always)]
    pub(super) fn read(array: &'a str) -> Result<EventName<'a>, NameError> {
        let name = match plain_name(array) {
            Some(name) => name,
            None => EventName::read_any(array)?,
        };
        if is_reserved(&name.text) {
            return Err(NameError::Reserved(name.text.into_owned()));
        }
        Ok(name)
    }

    /// Reads a name that is not as most are.
    fn read_any(array: &'a str) -> Result<EventName<'a>, NameError> {
        let inner = array.strip_prefix('[').ok_or(NameError::Missing)?;
        let token = inner.trim_start_matches(json::WHITESPACE);
        let start = array.len() - token.len();
        let (length, is_text) = match token.as_bytes().first() {
            Some(b'"') => (json::string_length(token).ok_or(NameError::Missing)?, true),
            Some(b'-' | b'0'..=b'9') => (number_length(token), false),
            _ => return Err(NameError::Missing),
        };
        let (token, after) = token.split_at_checked(length).ok_or(NameError::Missing)?;
        if !after
            .trim_start_matches(json::WHITESPACE)
            .starts_with([',', ']'])
        {
            return Err(NameError::Missing);
        }
        let text = match is_text {
            true => json::string_text(token).map_err(|e| NameError::Syntax(e.to_string()))?,
            false => number_text(token)?,
        };
        Ok(EventName {
            text,
            end: start + length,
        })
    }
}

/// A name as nearly all are: a string without escapes, and no whitespace around it.
#[inline]
fn plain_name(array: &str) -> Option<EventName<'_>> {
    let name = array.strip_prefix("[\"")?;
    let is_special = |byte| matches!(byte, ..b' ' | b'"' | b'\\');
    let length = name.bytes().position(is_special)?;
    let (name, after) = name.split_at(length);
    matches!(after.as_bytes(), [b'"', b',' | b']', ..]).then_some(EventName {
        text: Cow::Borrowed(name),
        end: length + 3,
    })
}

fn number_length(token: &str) -> usize {
    let belongs = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    token.find(|c| !belongs(c)).unwrap_or(token.len())
}

/// A number as JavaScript would name a property with it: `1`, `1.0` and `1e0` are the same name.
/// Beyond 10^21, where JavaScript changes to exponents, the digits are written out.
fn number_text(token: &str) -> Result<Cow<'_, str>, NameError> {
    json::check(token).map_err(|e| NameError::Syntax(e.to_string()))?;
    if let Ok(whole) = token.parse::<i64>() {
        let text = whole.to_string();
        return Ok(if text == token {
            Cow::Borrowed(token)
        } else {
            Cow::Owned(text)
        });
    }
    match token.parse::<f64>() {
        // Adding zero turns -0 into 0.
        Ok(number) if number.is_finite() => Ok(Cow::Owned((number + 0.0).to_string())),
        _ => Err(NameError::Syntax(format!("number out of range: {token}"))),
    }
}
