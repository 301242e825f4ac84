//! A message that has not arrived in one piece: what there is of it.
//!
//! Its buffer grows with what arrives and never by what is announced. Text is checked once, as it
//! arrives; what is compressed is kept so, and checked when it is inflated.

use bytes::Bytes;

use super::{Compressed, Received, Violation};
use crate::wire::Frame;

/// A message of which more is to come.
#[derive(Debug)]
pub(super) enum Partial {
    /// A text message.
    Text(Text),
    /// A binary message.
    Binary(Vec<u8>),
    /// A compressed message, behind its opcode.
    Compressed(Vec<u8>),
}

impl Partial {
    /// The bytes that have arrived.
    pub(super) fn len(&self) -> usize {
        match self {
            Partial::Text(text) => text.checked.len() + text.begun().len(),
            Partial::Binary(bytes) => bytes.len(),
            Partial::Compressed(bytes) => bytes.len() - 1,
        }
    }

    /// The bytes allocated.
    pub(super) fn capacity(&self) -> usize {
        match self {
            Partial::Text(text) => text.checked.capacity(),
            Partial::Binary(bytes) | Partial::Compressed(bytes) => bytes.capacity(),
        }
    }

    /// More of it, unmasked; fails as soon as a text can no longer become UTF-8.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        match self {
            Partial::Text(text) => text.push(bytes),
            Partial::Binary(binary) | Partial::Compressed(binary) => {
                binary.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The message, now that all of it is there.
    pub(super) fn finish(self) -> Result<Received, Violation> {
        let message = match self {
            Partial::Text(text) if text.begun().is_empty() => Frame::Text(text.checked.into()),
            Partial::Text(_) => return Err(Violation::NotUtf8),
            Partial::Binary(bytes) => Frame::Binary(Bytes::from(bytes)),
            Partial::Compressed(bytes) => {
                return Ok(Received::Compressed(Compressed::new(bytes.into())));
            }
        };
        Ok(Received::Message(message))
    }
}

/// A text that is checked while it arrives.
#[derive(Default, Debug)]
pub(super) struct Text {
    checked: String,
    /// A character of which more is to come.
    begun: [u8; 4],
    begun_len: usize,
}

impl Text {
    fn begun(&self) -> &[u8] {
        &self.begun[..self.begun_len]
    }

    fn push(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while self.begun_len > 0 {
            let Some((&next, rest)) = bytes.split_first() else {
                return Ok(());
            };
            self.begun[self.begun_len] = next;
            self.begun_len += 1;
            bytes = rest;
            // Four bytes are a character or a mistake, so this stays within the array.
            match std::str::from_utf8(&self.begun[..self.begun_len]) {
                Ok(character) => {
                    self.checked.push_str(character);
                    self.begun_len = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Violation::NotUtf8),
            }
        }
        let (whole, begun) = bytes.split_at(last_boundary(bytes));
        let whole = std::str::from_utf8(whole).map_err(|_| Violation::NotUtf8)?;
        self.checked.push_str(whole);
        if std::str::from_utf8(begun).is_err_and(|error| error.error_len().is_some()) {
            return Err(Violation::NotUtf8);
        }
        self.begun[..begun.len()].copy_from_slice(begun);
        self.begun_len = begun.len();
        Ok(())
    }
}

/// Where the last character begins if it is not whole; otherwise the end.
///
/// Whether these bytes are UTF-8 otherwise is not looked at.
fn last_boundary(bytes: &[u8]) -> usize {
    let end = bytes.len();
    for at in (end.saturating_sub(3)..end).rev() {
        let width = match bytes[at] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        return if at + width > end { at } else { end };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes the pieces; how many were taken, and the whole.
    fn put_together(pieces: &[&[u8]]) -> (usize, Result<Received, Violation>) {
        let mut text = Partial::Text(Text::default());
        for (at, piece) in pieces.iter().enumerate() {
            if let Err(violation) = text.push(piece) {
                return (at, Err(violation));
            }
        }
        let taken: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert_eq!(text.len(), taken);
        (pieces.len(), text.finish())
    }

    #[test]
    fn text_is_what_its_pieces_are_wherever_they_are_cut() {
        let text = "aé\u{7FF}\u{800}€\u{D7FF}\u{E000}\u{FFFF}😀\u{10FFFF}z";
        let bytes = text.as_bytes();
        for one in 0..=bytes.len() {
            for other in one..=bytes.len() {
                let pieces = [&bytes[..one], &bytes[one..other], &bytes[other..]];
                let whole = Received::Message(text.into());
                assert_eq!(put_together(&pieces), (3, Ok(whole)));
            }
        }
    }

    #[test]
    fn text_fails_with_the_byte_that_cannot_be_mended() {
        // RFC 3629, 4: the last byte of each row is the first that no UTF-8 has there.
        let rows: [&[u8]; 14] = [
            b"a\x80",
            b"a\xC0",
            b"\xC1",
            b"\xC3a",
            b"\xC3\xC3",
            b"\xE0\x9F",
            b"\xED\xA0",
            b"\xE2\x82a",
            b"\xF0\x8F",
            b"\xF4\x90",
            b"\xF1\x80\x80a",
            b"\xF5",
            b"\xFF",
            b"\xF0\x9F\x98\x80\x80",
        ];
        for row in rows {
            let (good, bad) = row.split_at(row.len() - 1);
            let at_once = put_together(&[row, b"more"]);
            assert_eq!(at_once, (0, Err(Violation::NotUtf8)), "{row:x?}");
            let late = put_together(&[good, bad]);
            assert_eq!(late, (1, Err(Violation::NotUtf8)), "{row:x?}");
            let each: Vec<_> = row.chunks(1).collect();
            let last = (row.len() - 1, Err(Violation::NotUtf8));
            assert_eq!(put_together(&each), last, "{row:x?}");
        }
    }

    #[test]
    fn a_text_must_not_end_within_a_character() {
        for row in ["é", "€", "😀"].map(str::as_bytes) {
            for end in 1..row.len() {
                let ended = put_together(&[b"a", &row[..end]]);
                assert_eq!(ended, (2, Err(Violation::NotUtf8)), "{row:x?} {end}");
            }
        }
    }
}
