//! One text message: type, attachment count, namespace and ack id before raw JSON.
//!
//! ```text
//! packet = type [ attachments "-" ] [ namespace "," ] [ ack-id ] [ json ]
//! ```
//! (Socket.IO protocol, "Packet encoding".) No JSON tree is built here. The JSON of a text event
//! is read up to the event's name and no further: the handler's own parse will see to the rest.
//! All other JSON is checked for validity. Attachments are collected in
//! [`attachments`](super::attachments).

#[cfg(test)]
mod tests;

use thiserror::Error;

use super::json;
use super::name::{EventName, NameError};
use super::placeholders;

/// The name of the main namespace, which the wire leaves out.
pub(super) const MAIN: &str = "/";

/// What a packet may announce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most attachments.
    pub(super) attachments: usize,
    /// The longest namespace, in bytes.
    pub(super) namespace_length: usize,
}

/// A message that is not a Socket.IO packet.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PacketError {
    /// The message does not begin with a packet type.
    #[error("a packet begins with its type, a digit from 0 to 6")]
    UnknownType,
    /// A binary packet without a whole number of attachments and a dash.
    #[error("a binary packet announces its attachments as a number from 1 and a dash")]
    AttachmentCount,
    /// A binary packet with more attachments than the limit.
    #[error("the packet announces more than {limit} attachments")]
    TooManyAttachments {
        /// The most that is accepted.
        limit: usize,
    },
    /// A namespace whose name is longer than the limit.
    #[error("the namespace's name has {length} bytes, more than {limit}")]
    NamespaceTooLong {
        /// The name's length.
        length: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// An ack id that no 64-bit number holds.
    #[error("the ack id is too large")]
    AckId,
    /// An event without an acceptable name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A payload of another shape than the packet's type has.
    #[error("the payload must be {0}")]
    Payload(&'static str),
    /// A payload that is not JSON.
    #[error("the payload is not valid JSON: {0}")]
    Syntax(String),
}

/// A decoded packet; borrows from the message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Packet<'a> {
    pub(super) namespace: &'a str,
    pub(super) body: Body<'a>,
}

/// What a packet says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Body<'a> {
    /// Asks for a namespace; `auth` is a checked JSON object.
    Connect { auth: Option<&'a str> },
    /// Leaves a namespace.
    Disconnect,
    /// An event. `json` is the array with the name; it is checked if `attachments` is not 0.
    Event {
        name: EventName<'a>,
        id: Option<u64>,
        attachments: usize,
        json: &'a str,
    },
    /// An answer. `json` is a checked array.
    Ack {
        id: Option<u64>,
        attachments: usize,
        json: &'a str,
    },
    /// A refusal, which only a server may send; its payload is not looked at.
    ConnectError,
}

impl<'a> Packet<'a> {
    /// Reads one message. Every error is a violation that ends the connection.
    #[inline]
    pub(super) fn decode(text: &'a str, limits: Limits) -> Result<Packet<'a>, PacketError> {
        let mut rest = text.get(1..).ok_or(PacketError::UnknownType)?;
        let kind = text.as_bytes()[0];
        let attachments = match kind {
            b'0'..=b'4' => 0,
            b'5' | b'6' => take_attachments(&mut rest, limits.attachments)?,
            _ => return Err(PacketError::UnknownType),
        };
        let namespace = take_namespace(&mut rest);
        if namespace.len() > limits.namespace_length {
            let (length, limit) = (namespace.len(), limits.namespace_length);
            return Err(PacketError::NamespaceTooLong { length, limit });
        }
        let id = take_ack_id(&mut rest)?;
        let body = match kind {
            b'0' => Body::Connect { auth: auth(rest)? },
            b'1' if rest.is_empty() => Body::Disconnect,
            b'1' => return Err(PacketError::Payload("absent")),
            b'2' | b'5' => {
                let name = EventName::read(rest)?;
                if attachments > 0 {
                    check_binary(rest, name.end, attachments)?;
                }
                Body::Event {
                    name,
                    id,
                    attachments,
                    json: rest,
                }
            }
            b'4' => Body::ConnectError,
            _ => Body::Ack {
                id,
                attachments,
                json: answer(rest, attachments)?,
            },
        };
        Ok(Packet { namespace, body })
    }
}

/// What a packet is, whatever it looks like on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Asks for a namespace, or says that the client is in.
    Connect,
    /// Leaves a namespace, or puts the client out.
    Disconnect,
    /// An event.
    Event,
    /// The answer to an event.
    Ack,
    /// Refuses a namespace.
    ConnectError,
}

/// The first character of a packet, which depends on whether it has attachments.
#[inline]
pub(super) fn type_of(kind: Kind, attachments: usize) -> &'static str {
    match (kind, attachments) {
        (Kind::Connect, _) => "0",
        (Kind::Disconnect, _) => "1",
        (Kind::Event, 0) => "2",
        (Kind::Ack, 0) => "3",
        (Kind::ConnectError, _) => "4",
        (Kind::Event, _) => "5",
        (Kind::Ack, _) => "6",
    }
}

/// Appends the part of a packet that stands before its JSON.
#[inline]
pub(super) fn write_header(
    text: &mut String,
    kind: Kind,
    attachments: usize,
    namespace: &str,
    id: Option<u64>,
) {
    text.push_str(type_of(kind, attachments));
    if attachments > 0 {
        push_number(text, attachments as u64);
        text.push('-');
    }
    if namespace != MAIN {
        text.push_str(namespace);
        text.push(',');
    }
    if let Some(id) = id {
        push_number(text, id);
    }
}

/// Appends a number's digits.
fn push_number(text: &mut String, mut number: u64) {
    // As many as the largest has.
    let mut digits = [b'0'; 20];
    let mut first = digits.len() - 1;
    digits[first] += (number % 10) as u8;
    while number > 9 {
        number /= 10;
        first -= 1;
        digits[first] += (number % 10) as u8;
    }
    text.extend(digits[first..].iter().copied().map(char::from));
}

/// How many bytes [`write_header`] appends.
pub(super) fn header_length(attachments: usize, namespace: &str, id: Option<u64>) -> usize {
    let digits = |number: u64| number.checked_ilog10().unwrap_or(0) as usize + 1;
    let mut length = 1;
    if attachments > 0 {
        length += digits(attachments as u64) + 1;
    }
    if namespace != MAIN {
        length += namespace.len() + 1;
    }
    length + id.map_or(0, digits)
}

/// Takes `digits "-"`. The number is only compared with the limit: nothing is allocated for it.
fn take_attachments(rest: &mut &str, limit: usize) -> Result<usize, PacketError> {
    let digits = take_digits(rest);
    *rest = rest.strip_prefix('-').ok_or(PacketError::AttachmentCount)?;
    if digits.is_empty() {
        return Err(PacketError::AttachmentCount);
    }
    match digits.parse::<usize>() {
        Ok(0) => Err(PacketError::AttachmentCount),
        Ok(count) if count <= limit => Ok(count),
        // Digits that are no `usize` are too many for one.
        _ => Err(PacketError::TooManyAttachments { limit }),
    }
}

/// Takes `namespace ","`; without a comma all the rest is the name (reference: socket.io-parser).
#[inline]
fn take_namespace<'a>(rest: &mut &'a str) -> &'a str {
    if !rest.starts_with('/') {
        return MAIN;
    }
    let (namespace, after) = rest.split_once(',').unwrap_or((rest, ""));
    *rest = after;
    namespace
}

#[inline]
fn take_ack_id(rest: &mut &str) -> Result<Option<u64>, PacketError> {
    if !rest.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(None);
    }
    let id = take_digits(rest).parse();
    id.map(Some).map_err(|_| PacketError::AckId)
}

fn take_digits<'a>(rest: &mut &'a str) -> &'a str {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    digits
}

pub(super) fn auth(json: &str) -> Result<Option<&str>, PacketError> {
    if json.is_empty() {
        return Ok(None);
    }
    if !json.starts_with('{') {
        return Err(PacketError::Payload("a JSON object or absent"));
    }
    check(json)?;
    Ok(Some(json.trim_end_matches(json::WHITESPACE)))
}

pub(super) fn answer(json: &str, attachments: usize) -> Result<&str, PacketError> {
    if !json.starts_with('[') {
        return Err(PacketError::Payload("a JSON array"));
    }
    match attachments {
        0 => check(json)?,
        _ => check_binary(json, 1, attachments)?,
    }
    Ok(json)
}

/// Checks the array of a packet with attachments, in which the arguments stand after `start`.
pub(super) fn check_binary(
    json: &str,
    start: usize,
    attachments: usize,
) -> Result<(), PacketError> {
    match placeholders::find_usual(json, start, attachments) {
        Some(_) => Ok(()),
        None => check(json),
    }
}

fn check(json: &str) -> Result<(), PacketError> {
    json::check(json).map_err(|error| PacketError::Syntax(error.to_string()))
}
