//! From a message to JSON text with attachments, in one pass and without a tree.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;

use super::date;
use super::format::{Head, Reader};
use super::text::Text;
use crate::socketio::parser::{ATTACHMENT_WEIGHT, Limits, Packet, PacketKind, ParserError};

/// Below this every whole number is exact as a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a whole message.
pub(super) fn packet(message: &[u8], limits: &Limits) -> Result<Packet, ParserError> {
    let mut input = Reader::new(message);
    let Head::Map(members) = input.head()? else {
        return Err(ParserError::new("a packet is a map"));
    };
    let mut fields = Fields::default();
    for _ in 0..members {
        fields.read(&mut input, limits)?;
    }
    if input.left() > 0 {
        let left = input.left();
        return Err(ParserError::new(format!("{left} bytes behind the packet")));
    }
    fields.packet(limits)
}

/// The members of a packet that mean something. Of equal names the last one counts.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<PacketKind>,
    namespace: Option<Cow<'a, str>>,
    id: Option<u64>,
    data: Option<Data<'a>>,
}

/// The payload, and where it was read.
struct Data<'a> {
    shape: Shape,
    input: Reader<'a>,
    values: Text,
}

/// What a value looks like to JavaScript, as far as the rules for payloads ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    Undefined,
    Text,
    Array,
    Object,
    Other,
}

impl<'a> Fields<'a> {
    /// Reads one member of the packet.
    fn read(&mut self, input: &mut Reader<'a>, limits: &Limits) -> Result<(), ParserError> {
        match &*name(input.head()?)? {
            "type" => self.kind = Some(kind(input.head()?)?),
            "nsp" => match input.head()? {
                Head::Str(text) => self.namespace = Some(String::from_utf8_lossy(text)),
                _ => return Err(ParserError::new("the namespace (nsp) is not a text")),
            },
            "id" => {
                self.id =
                    match input.head()? {
                        head if is_undefined(&head) => None,
                        head => Some(whole(&head).ok_or_else(|| {
                            ParserError::new("the id is not a whole number from 0")
                        })?),
                    };
            }
            "data" => self.data = Some(Data::read(input, Bins::Attached, limits)?),
            _ => input.skip()?,
        }
        Ok(())
    }

    /// The packet, if all that it needs is there and looks as it must.
    fn packet(self, limits: &Limits) -> Result<Packet, ParserError> {
        let missing = |what: &'static str| move || ParserError::new(what);
        let kind = self.kind.ok_or_else(missing("a packet without a type"))?;
        let namespace = self
            .namespace
            .ok_or_else(missing("a packet without a namespace (nsp)"))?;
        let shape = self
            .data
            .as_ref()
            .map_or(Shape::Undefined, |data| data.shape);
        let fits = match kind {
            PacketKind::Connect => matches!(shape, Shape::Undefined | Shape::Object),
            PacketKind::Disconnect => shape == Shape::Undefined,
            PacketKind::Event | PacketKind::Ack => shape == Shape::Array,
            PacketKind::ConnectError => matches!(shape, Shape::Text | Shape::Object),
        };
        if !fits {
            return Err(ParserError::new(
                "the payload (data) does not fit the packet's type",
            ));
        }
        let (json, attachments) = match self.data {
            Some(data) if shape != Shape::Undefined => data.finish(kind, limits)?,
            _ => (String::new(), Vec::new()),
        };
        Ok(Packet {
            kind,
            namespace: ByteString::from(&*namespace),
            id: self.id,
            json: json.into(),
            attachments,
        })
    }
}

impl<'a> Data<'a> {
    fn read(input: &mut Reader<'a>, bins: Bins, limits: &Limits) -> Result<Data<'a>, ParserError> {
        let start = input.clone();
        let mut transcoder = Transcoder {
            input,
            values: Text::default(),
            bins,
            bytes: 0,
            limits,
        };
        let shape = transcoder.value(0)?;
        Ok(Data {
            shape,
            values: transcoder.values,
            input: start,
        })
    }

    /// The JSON text and the attachments. A CONNECT has none of these: it is read again.
    fn finish(
        mut self,
        kind: PacketKind,
        limits: &Limits,
    ) -> Result<(String, Vec<Bytes>), ParserError> {
        if kind == PacketKind::Connect && !self.values.attachments.is_empty() {
            self = Data::read(&mut self.input.clone(), Bins::Listed, limits)?;
        }
        self.values.finish()
    }
}

/// What becomes of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bins {
    /// Attachments, with placeholders.
    Attached,
    /// Lists of numbers.
    Listed,
}

/// Writes values as JSON.
struct Transcoder<'r, 'a> {
    input: &'r mut Reader<'a>,
    values: Text,
    bins: Bins,
    /// How many bytes are in attachments.
    bytes: usize,
    limits: &'r Limits,
}

impl Transcoder<'_, '_> {
    /// Writes the next value, which stands in so many arrays and objects.
    fn value(&mut self, depth: usize) -> Result<Shape, ParserError> {
        match self.input.head()? {
            Head::Nil => self.values.push("null"),
            Head::Bool(value) => self.values.push(if value { "true" } else { "false" }),
            Head::Unsigned(number) => self.values.push_number(number),
            Head::Signed(number) => self.values.push_number(number),
            Head::Float(number) => self.values.push_float(number)?,
            Head::Str(text) => {
                self.values.push_token(&String::from_utf8_lossy(text))?;
                return Ok(Shape::Text);
            }
            Head::Bin(bytes) | Head::Ext(0, bytes) => self.bytes(bytes)?,
            Head::Array(count) => {
                self.array(count, depth)?;
                return Ok(Shape::Array);
            }
            Head::Map(count) => {
                self.object(count, depth)?;
                return Ok(Shape::Object);
            }
            Head::FixExt(0, [_]) => {
                self.values.push("null");
                return Ok(Shape::Undefined);
            }
            Head::FixExt(0, bytes) if bytes.len() == 8 => self.date(bytes)?,
            Head::FixExt(number, bytes) | Head::Ext(number, bytes) => {
                self.values.push("[");
                self.values.push_number(number);
                self.values.push(",");
                self.bytes(bytes)?;
                self.values.push("]");
                return Ok(Shape::Array);
            }
        }
        Ok(Shape::Other)
    }

    fn array(&mut self, count: u32, depth: usize) -> Result<(), ParserError> {
        self.descend(depth)?;
        self.values.push("[");
        for at in 0..count {
            if at > 0 {
                self.values.push(",");
            }
            self.value(depth + 1)?;
        }
        self.values.push("]");
        Ok(())
    }

    /// Members that are undefined are left out, as `JSON.stringify` does.
    fn object(&mut self, count: u32, depth: usize) -> Result<(), ParserError> {
        self.descend(depth)?;
        self.values.push("{");
        let start = self.values.len();
        for _ in 0..count {
            let before = self.values.len();
            if before > start {
                self.values.push(",");
            }
            let name = name(self.input.head()?)?;
            self.values.push_token(&name)?;
            self.values.push(":");
            if self.value(depth + 1)? == Shape::Undefined {
                self.values.truncate(before);
            }
        }
        self.values.push("}");
        Ok(())
    }

    fn descend(&self, depth: usize) -> Result<(), ParserError> {
        let limit = self.limits.max_depth;
        if depth < limit {
            return Ok(());
        }
        Err(ParserError::new(format!(
            "values nested more than {limit} deep"
        )))
    }

    fn date(&mut self, bytes: &[u8]) -> Result<(), ParserError> {
        let milliseconds = bytes
            .iter()
            .fold(0, |number, byte| number << 8 | i64::from(*byte));
        match date::iso(milliseconds) {
            Some(text) => self.values.push_token(&text)?,
            None => self.values.push("null"),
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), ParserError> {
        if self.bins == Bins::Listed {
            self.list(bytes);
            return Ok(());
        }
        self.bytes += bytes.len();
        // It goes to whoever may keep it, so it must not pin the buffer that it was read into.
        self.values.push_attachment(Bytes::copy_from_slice(bytes));
        let weight =
            self.values.len() + self.bytes + ATTACHMENT_WEIGHT * self.values.attachments.len();
        let limit = self.limits.max_bytes;
        if weight > limit {
            return Err(ParserError::new(format!(
                "a packet with binary values of more than {limit} bytes"
            )));
        }
        Ok(())
    }

    /// Writes bytes as a list of numbers.
    fn list(&mut self, bytes: &[u8]) {
        self.values.push("[");
        for (at, byte) in bytes.iter().enumerate() {
            if at > 0 {
                self.values.push(",");
            }
            self.values.push_number(*byte);
        }
        self.values.push("]");
    }
}

/// The name of a member. What JavaScript turns into a text that says something, we do.
fn name(head: Head<'_>) -> Result<Cow<'_, str>, ParserError> {
    Ok(match head {
        Head::Str(text) => String::from_utf8_lossy(text),
        Head::Unsigned(number) => number.to_string().into(),
        Head::Signed(number) => number.to_string().into(),
        // Adding zero turns -0 into 0.
        Head::Float(number) => (number + 0.0).to_string().into(),
        Head::Bool(true) => "true".into(),
        Head::Bool(false) => "false".into(),
        Head::Nil => "null".into(),
        head if is_undefined(&head) => "undefined".into(),
        _ => return Err(ParserError::new("a map with a name that is no text")),
    })
}

fn is_undefined(head: &Head<'_>) -> bool {
    matches!(head, Head::FixExt(0, [_]))
}

/// A number without a fraction from 0 on, however it is written.
fn whole(head: &Head<'_>) -> Option<u64> {
    match *head {
        Head::Unsigned(number) => Some(number),
        Head::Signed(number) => u64::try_from(number).ok(),
        Head::Float(number) if number.fract() == 0.0 && (0.0..EXACT).contains(&number) => {
            Some(number as u64)
        }
        _ => None,
    }
}

fn kind(head: Head<'_>) -> Result<PacketKind, ParserError> {
    Ok(match whole(&head) {
        Some(0) => PacketKind::Connect,
        Some(1) => PacketKind::Disconnect,
        Some(2) => PacketKind::Event,
        Some(3) => PacketKind::Ack,
        Some(4) => PacketKind::ConnectError,
        _ => {
            return Err(ParserError::new(
                "the type is not a whole number from 0 to 4",
            ));
        }
    })
}
