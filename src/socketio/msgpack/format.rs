//! MessagePack's single values: what they begin with, and their shortest forms.
//!
//! (MessagePack specification, "Formats"; reference: notepack.io 2.2.)

use crate::socketio::parser::ParserError;

/// What stands at the front of a message: a whole value, or how many follow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Head<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    /// Negative, or written as a signed number.
    Signed(i64),
    Float(f64),
    Str(&'a [u8]),
    Bin(&'a [u8]),
    Array(u32),
    Map(u32),
    /// An extension of 1, 2, 4, 8 or 16 bytes in the form without a length.
    FixExt(i8, &'a [u8]),
    /// An extension in a form with a length.
    Ext(i8, &'a [u8]),
}

/// Reads a message front to back.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Reader<'a> {
        Reader { rest: message }
    }

    /// How many bytes have not been read.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next value, or the beginning of the next array or map.
    pub(super) fn head(&mut self) -> Result<Head<'a>, ParserError> {
        let [marker] = self.number()?;
        Ok(match marker {
            0x00..=0x7f => Head::Unsigned(marker.into()),
            0x80..=0x8f => Head::Map((marker & 0x0f).into()),
            0x90..=0x9f => Head::Array((marker & 0x0f).into()),
            0xa0..=0xbf => Head::Str(self.take((marker & 0x1f).into())?),
            0xc0 => Head::Nil,
            0xc1 => {
                return Err(ParserError::new(
                    "the marker c1, which MessagePack does not use",
                ));
            }
            0xc2 => Head::Bool(false),
            0xc3 => Head::Bool(true),
            0xc4..=0xc6 => Head::Bin(self.sized(marker - 0xc4)?),
            0xc7..=0xc9 => {
                let length = self.length(marker - 0xc7)?;
                Head::Ext(self.ext_type()?, self.take(length)?)
            }
            0xca => Head::Float(f32::from_be_bytes(self.number()?).into()),
            0xcb => Head::Float(f64::from_be_bytes(self.number()?)),
            0xcc => Head::Unsigned(u8::from_be_bytes(self.number()?).into()),
            0xcd => Head::Unsigned(u16::from_be_bytes(self.number()?).into()),
            0xce => Head::Unsigned(u32::from_be_bytes(self.number()?).into()),
            0xcf => Head::Unsigned(u64::from_be_bytes(self.number()?)),
            0xd0 => Head::Signed(i8::from_be_bytes(self.number()?).into()),
            0xd1 => Head::Signed(i16::from_be_bytes(self.number()?).into()),
            0xd2 => Head::Signed(i32::from_be_bytes(self.number()?).into()),
            0xd3 => Head::Signed(i64::from_be_bytes(self.number()?)),
            0xd4..=0xd8 => Head::FixExt(self.ext_type()?, self.take(1 << (marker - 0xd4))?),
            0xd9..=0xdb => Head::Str(self.sized(marker - 0xd9)?),
            0xdc => Head::Array(u16::from_be_bytes(self.number()?).into()),
            0xdd => Head::Array(u32::from_be_bytes(self.number()?)),
            0xde => Head::Map(u16::from_be_bytes(self.number()?).into()),
            0xdf => Head::Map(u32::from_be_bytes(self.number()?)),
            0xe0..=0xff => Head::Signed(marker.cast_signed().into()),
        })
    }

    /// Passes over one value and all that is in it.
    pub(super) fn skip(&mut self) -> Result<(), ParserError> {
        // Two lengths of 32 bits for each of the message's bytes fit well.
        let mut left = 1_u64;
        while left > 0 {
            left -= 1;
            match self.head()? {
                Head::Array(count) => left += u64::from(count),
                Head::Map(count) => left += 2 * u64::from(count),
                _ => {}
            }
        }
        Ok(())
    }

    /// Bytes behind their length, of which there are 1, 2 or 4 bytes.
    fn sized(&mut self, width: u8) -> Result<&'a [u8], ParserError> {
        let length = self.length(width)?;
        self.take(length)
    }

    fn length(&mut self, width: u8) -> Result<usize, ParserError> {
        Ok(match width {
            0 => u8::from_be_bytes(self.number()?).into(),
            1 => u16::from_be_bytes(self.number()?).into(),
            // What does not fit is more than there can be.
            _ => usize::try_from(u32::from_be_bytes(self.number()?)).unwrap_or(usize::MAX),
        })
    }

    fn ext_type(&mut self) -> Result<i8, ParserError> {
        self.number().map(i8::from_be_bytes)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], ParserError> {
        let (number, rest) = self.rest.split_first_chunk().ok_or_else(ended)?;
        self.rest = rest;
        Ok(*number)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ParserError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(ended)?;
        self.rest = rest;
        Ok(bytes)
    }
}

#[cold]
fn ended() -> ParserError {
    ParserError::new("the message ends within a value")
}

/// Appends a marker and the length or number behind it, in the narrowest of four widths; the first
/// marker is for one byte, those for more follow it.
fn push_wide(out: &mut Vec<u8>, marker: u8, number: u64) {
    if let Ok(byte) = u8::try_from(number) {
        out.extend([marker, byte]);
    } else if let Ok(number) = u16::try_from(number) {
        out.push(marker + 1);
        out.extend(number.to_be_bytes());
    } else if let Ok(number) = u32::try_from(number) {
        out.push(marker + 2);
        out.extend(number.to_be_bytes());
    } else {
        out.push(marker + 3);
        out.extend(number.to_be_bytes());
    }
}

/// Appends a number that is not negative.
pub(super) fn push_unsigned(out: &mut Vec<u8>, number: u64) {
    match u8::try_from(number) {
        Ok(byte @ ..0x80) => out.push(byte),
        _ => push_wide(out, 0xcc, number),
    }
}

/// Appends a negative number.
pub(super) fn push_negative(out: &mut Vec<u8>, number: i64) {
    if let Ok(byte) = i8::try_from(number) {
        if byte < -0x20 {
            out.push(0xd0);
        }
        out.push(byte.cast_unsigned());
    } else if let Ok(number) = i16::try_from(number) {
        out.push(0xd1);
        out.extend(number.to_be_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(0xd2);
        out.extend(number.to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend(number.to_be_bytes());
    }
}

/// Appends a float 64.
pub(super) fn push_float(out: &mut Vec<u8>, number: f64) {
    out.push(0xcb);
    out.extend(number.to_be_bytes());
}

/// Appends text, which is shorter than 4 GiB.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(length @ ..0x20) => out.push(0xa0 | length),
        _ => push_wide(out, 0xd9, text.len() as u64),
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends bytes, of which there are less than 4 GiB.
pub(super) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_wide(out, 0xc4, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What an array of up to 15 values, or an object of as many members, begins with.
pub(super) fn short_container(is_object: bool, count: u32) -> Option<u8> {
    let marker = if is_object { 0x80 } else { 0x90 };
    let count = u8::try_from(count).ok().filter(|count| *count < 16)?;
    Some(marker | count)
}

/// Appends what a longer one begins with.
pub(super) fn push_long_container(out: &mut Vec<u8>, is_object: bool, count: u32) {
    let marker = if is_object { 0xde } else { 0xdc };
    if let Ok(count) = u16::try_from(count) {
        out.push(marker);
        out.extend(count.to_be_bytes());
    } else {
        out.push(marker + 1);
        out.extend(count.to_be_bytes());
    }
}
