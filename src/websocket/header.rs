//! The head of a client's frame (RFC 6455, 5.2), checked byte by byte as far as it has arrived.
//!
//! Lengths that are not written in the fewest bytes are accepted in data frames: 5.2 forbids a client
//! to send them, but does not ask a server to refuse them, and other servers do not.

use super::Violation;

/// The longest head: two bytes, a length of eight, the mask.
pub(super) const LONGEST: usize = 14;

/// The longest payload of a control frame (RFC 6455, 5.5).
pub(super) const MAX_CONTROL: usize = 125;

/// The last frame of a message.
pub(super) const FIN: u8 = 0x80;
/// The bits that only extensions give a meaning to.
const RESERVED: u8 = 0x70;
/// The one of them that says that the message which begins is compressed (RFC 7692, 6).
pub(super) const RSV1: u8 = 0x40;
/// The bit of the second byte that says that a mask follows.
const MASKED: u8 = 0x80;
/// In place of a length: it follows in two bytes.
pub(super) const LENGTH_16: u8 = 126;
/// In place of a length: it follows in eight bytes.
pub(super) const LENGTH_64: u8 = 127;

/// What kind of frame it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opcode {
    /// More of the message that has begun.
    Continuation = 0x0,
    /// A text message, or its beginning.
    Text = 0x1,
    /// A binary message, or its beginning.
    Binary = 0x2,
    /// The end.
    Close = 0x8,
    /// To be answered.
    Ping = 0x9,
    /// The answer.
    Pong = 0xA,
}

impl Opcode {
    fn read(first: u8) -> Result<Opcode, Violation> {
        Ok(match first & 0x0F {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return Err(Violation::Protocol("an unknown opcode")),
        })
    }

    /// Whether the frame is about the connection, not a part of a message.
    pub(super) const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// The head of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    /// Whether the message ends with this frame.
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    /// Whether it begins a compressed message.
    pub(super) is_compressed: bool,
    /// The announced size of the payload in bytes.
    pub(super) length: u64,
    pub(super) mask: [u8; 4],
    /// The size of the head itself.
    pub(super) size: usize,
}

impl Header {
    /// Reads the head at the beginning of `bytes`; none if more of it must come.
    ///
    /// `in_message` says whether a fragmented message has begun, `COMPRESSING` whether compression
    /// was agreed on. Each byte is judged once it is there, so that waiting for more changes no
    /// verdict.
    #[inline]
    pub(super) fn read<const COMPRESSING: bool>(
        bytes: &[u8],
        in_message: bool,
    ) -> Result<Option<Header>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let opcode = check_first::<COMPRESSING>(first, in_message)?;
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let (length, rest) = match check_second(second, opcode)? {
            LENGTH_16 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            LENGTH_64 => {
                if rest.first().is_some_and(|byte| byte & 0x80 != 0) {
                    return Err(Violation::Protocol("a length of more than 63 bits"));
                }
                match rest.split_first_chunk() {
                    Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                    None => return Ok(None),
                }
            }
            length => (u64::from(length), rest),
        };
        let Some((&mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Header {
            is_final: first & FIN != 0,
            opcode,
            is_compressed: COMPRESSING && first & RSV1 != 0,
            length,
            mask,
            size: bytes.len() - rest.len(),
        }))
    }
}

/// What the first byte says: final or not, reserved bits, opcode.
#[inline]
fn check_first<const COMPRESSING: bool>(first: u8, in_message: bool) -> Result<Opcode, Violation> {
    if first & RESERVED != 0 {
        check_reserved::<COMPRESSING>(first)?;
    }
    let opcode = Opcode::read(first)?;
    match opcode {
        Opcode::Continuation if !in_message => {
            Err(Violation::Protocol("a continuation of no message"))
        }
        Opcode::Text | Opcode::Binary if in_message => {
            Err(Violation::Protocol("a message within a message"))
        }
        Opcode::Close | Opcode::Ping | Opcode::Pong if first & FIN == 0 => {
            Err(Violation::Protocol("a fragmented control frame"))
        }
        _ => Ok(opcode),
    }
}

/// Reserved bits must be zero unless an extension gives them a meaning (RFC 6455, 5.2).
///
/// With permessage-deflate, the first of them may stand where a message begins, and nowhere else
/// (RFC 7692, 6).
#[cold]
fn check_reserved<const COMPRESSING: bool>(first: u8) -> Result<(), Violation> {
    if !COMPRESSING || first & RESERVED != RSV1 {
        return Err(Violation::Protocol("a reserved bit is set"));
    }
    match Opcode::read(first)? {
        Opcode::Text | Opcode::Binary => Ok(()),
        Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => Err(
            Violation::Protocol("a compressed frame that begins no message"),
        ),
    }
}

/// What the second byte says: masked or not, and the length or how many bytes it has.
#[inline]
fn check_second(second: u8, opcode: Opcode) -> Result<u8, Violation> {
    if second & MASKED == 0 {
        return Err(Violation::Protocol("a frame without a mask"));
    }
    let length = second & !MASKED;
    if opcode.is_control() && usize::from(length) > MAX_CONTROL {
        return Err(Violation::Protocol("a control frame of over 125 bytes"));
    }
    if opcode == Opcode::Close && length == 1 {
        return Err(Violation::Protocol("a close code of one byte"));
    }
    Ok(length)
}
