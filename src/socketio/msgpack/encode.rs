//! From JSON text with attachments to a message, in one pass and without a tree.
//!
//! How long an array is stands before it, and is known only behind it: each begins with one byte,
//! which is written in the end, and the few that need more are made wider when all is written.

use std::borrow::Cow;
use std::iter::Peekable;

use bytes::Bytes;
use memchr::memchr;

use super::format;
use crate::socketio::json::{self, Cursor, Token};
use crate::socketio::parser::{PacketKind, PacketRef, ParserError};
use crate::socketio::placeholders::{self, Content, Span};

/// What a packet takes besides its namespace and its values, and a little more.
const FRAME: usize = 48;

/// Writes a whole message.
///
/// The members stand in the order in which the reference's packets have them; nobody asks for it.
pub(super) fn packet(packet: &PacketRef<'_>) -> Result<Vec<u8>, ParserError> {
    let bytes: usize = packet.attachments.iter().map(Bytes::len).sum();
    let size = FRAME + packet.namespace.len() + packet.json.len() + bytes;
    if u32::try_from(size).is_err() {
        return Err(ParserError::new("a packet of 4 GiB"));
    }
    let members = 2 + u32::from(!packet.json.is_empty()) + u32::from(packet.id.is_some());
    let mut out = Vec::with_capacity(size);
    out.extend(format::short_container(true, members));
    format::push_text(&mut out, "type");
    format::push_unsigned(&mut out, number(packet.kind));
    let push_id = |out: &mut Vec<u8>| {
        if let Some(id) = packet.id {
            format::push_text(out, "id");
            format::push_unsigned(out, id);
        }
    };
    if packet.kind == PacketKind::Ack {
        push_id(&mut out);
    }
    if !packet.json.is_empty() {
        format::push_text(&mut out, "data");
        out = value(out, packet.json, packet.attachments)?;
    }
    if packet.kind != PacketKind::Ack {
        push_id(&mut out);
    }
    format::push_text(&mut out, "nsp");
    format::push_text(&mut out, packet.namespace);
    Ok(out)
}

fn number(kind: PacketKind) -> u64 {
    match kind {
        PacketKind::Connect => 0,
        PacketKind::Disconnect => 1,
        PacketKind::Event => 2,
        PacketKind::Ack => 3,
        PacketKind::ConnectError => 4,
    }
}

/// Appends one JSON value, whose placeholders stand for the attachments.
fn value(out: Vec<u8>, json: &str, attachments: &[Bytes]) -> Result<Vec<u8>, ParserError> {
    let spans = match attachments {
        [] => Vec::new(),
        _ => placeholders::find(json, attachments.len())
            .map_err(|error| ParserError::new(error.to_string()))?,
    };
    let numbered = |span: Span| match span.content {
        Content::Attachment(number) => Some((span, number)),
        Content::Array | Content::Object => None,
    };
    let mut places = spans.into_iter().filter_map(numbered).peekable();
    let mut cursor = Cursor::new(json);
    let mut transcoder = Transcoder::new(out);
    loop {
        if let Some((span, number)) = next_place(&mut places, &mut cursor) {
            transcoder.count(false)?;
            format::push_bytes(&mut transcoder.out, &attachments[number]);
            cursor.jump(span.end);
        } else if let Some(token) = cursor.token() {
            transcoder.token(token)?;
        } else {
            return transcoder.finish();
        }
    }
}

/// The placeholder that comes next, if one does.
fn next_place(
    places: &mut Peekable<impl Iterator<Item = (Span, usize)>>,
    cursor: &mut Cursor<'_>,
) -> Option<(Span, usize)> {
    places.peek()?;
    let position = cursor.position();
    places.next_if(|(span, _)| span.start == position)
}

/// Takes JSON token by token. Of text that is not JSON it makes an error or nonsense, but always a
/// whole message.
struct Transcoder {
    out: Vec<u8>,
    /// The arrays and objects that have not ended.
    open: Vec<Container>,
    /// Those that have ended and need more than one byte.
    wide: Vec<Container>,
    /// How many values stand outside of all arrays and objects.
    values: u32,
}

#[derive(Clone, Copy)]
struct Container {
    /// Where its one byte is.
    at: usize,
    is_object: bool,
    /// How many names it has; an array has none.
    names: u32,
    values: u32,
}

impl Transcoder {
    fn new(out: Vec<u8>) -> Transcoder {
        Transcoder {
            out,
            open: Vec::new(),
            wide: Vec::new(),
            values: 0,
        }
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), ParserError> {
        match token {
            Token::OpenArray | Token::OpenObject => {
                self.count(false)?;
                self.open.push(Container {
                    at: self.out.len(),
                    is_object: token == Token::OpenObject,
                    names: 0,
                    values: 0,
                });
                self.out.push(0);
            }
            Token::Close => self.close()?,
            Token::Key(name) => {
                self.count(true)?;
                format::push_text(&mut self.out, &text(name)?);
            }
            Token::Scalar(scalar) => {
                self.count(false)?;
                self.scalar(scalar)?;
            }
        }
        Ok(())
    }

    /// Counts a name or a value.
    fn count(&mut self, is_name: bool) -> Result<(), ParserError> {
        match self.open.last_mut() {
            Some(container) if is_name => container.names += 1,
            Some(container) => container.values += 1,
            None if is_name => return Err(malformed()),
            None => self.values += 1,
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParserError> {
        let closed = self.open.pop().ok_or_else(malformed)?;
        let names = if closed.is_object { closed.values } else { 0 };
        if closed.names != names {
            return Err(malformed());
        }
        match format::short_container(closed.is_object, closed.values) {
            Some(byte) => self.out[closed.at] = byte,
            None => self.wide.push(closed),
        }
        Ok(())
    }

    fn scalar(&mut self, scalar: &str) -> Result<(), ParserError> {
        match scalar {
            "null" => self.out.push(0xc0),
            "false" => self.out.push(0xc2),
            "true" => self.out.push(0xc3),
            _ if scalar.starts_with('"') => format::push_text(&mut self.out, &text(scalar)?),
            _ => self.number(scalar)?,
        }
        Ok(())
    }

    /// Writes a number: a whole one as such, if 64 bits hold it, and any other as a float.
    fn number(&mut self, token: &str) -> Result<(), ParserError> {
        if let Ok(number) = token.parse() {
            format::push_unsigned(&mut self.out, number);
        } else if let Some(number) = token.parse().ok().filter(|number| *number < 0) {
            format::push_negative(&mut self.out, number);
        } else {
            let number = token.parse().map_err(|_| malformed())?;
            format::push_float(&mut self.out, number);
        }
        Ok(())
    }

    /// The whole message, now that all lengths are known.
    fn finish(mut self) -> Result<Vec<u8>, ParserError> {
        if self.values != 1 || !self.open.is_empty() {
            return Err(malformed());
        }
        if self.wide.is_empty() {
            return Ok(self.out);
        }
        self.wide.sort_unstable_by_key(|container| container.at);
        let mut wider = Vec::with_capacity(self.out.capacity() + 4 * self.wide.len());
        let mut start = 0;
        for container in &self.wide {
            wider.extend_from_slice(&self.out[start..container.at]);
            format::push_long_container(&mut wider, container.is_object, container.values);
            start = container.at + 1;
        }
        wider.extend_from_slice(&self.out[start..]);
        Ok(wider)
    }
}

/// What a string token says.
fn text(token: &str) -> Result<Cow<'_, str>, ParserError> {
    let inner = token
        .strip_prefix('"')
        .and_then(|token| token.strip_suffix('"'));
    match inner {
        Some(inner) if memchr(b'\\', inner.as_bytes()).is_none() => Ok(Cow::Borrowed(inner)),
        _ => json::string_text(token).map_err(|error| ParserError::new(error.to_string())),
    }
}

#[cold]
fn malformed() -> ParserError {
    ParserError::new("the payload is not JSON")
}
